//! The shadow of the cluster, its reference model: every node's log, in memory and on disk, rebuilt from records alone.
//!
//! It is the reference model of a run: oracles compare what nodes do with it. Logs are lists of prefixes in a [`Chain`] of entries.

use std::collections::VecDeque;

use crate::configuration::Configuration;
use crate::guest::Configures;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::node::Role;
use crate::oracle::chain::{Chain, PrefixId};
use crate::oracle::configurations::Configurations;
use crate::oracle::quorum::Tally;
use crate::plan::Plan;
use crate::record::{Kind, Record, Remains};

/// A write to a journal that is not durable yet.
#[derive(Clone, Copy, Debug)]
enum Pending {
    Append(PrefixId),
    Truncate(Index),
    Compact(Index),
    Discard(Index, PrefixId),
    Vote(Term, Option<NodeId>),
}

/// A disk that lied, as it is. What the node was told goes on in its shadow, for until a crash nobody can tell the difference.
#[derive(Debug)]
struct ActualDisk {
    log: Vec<PrefixId>,
    base: Index,
    vote: (Term, Option<NodeId>),
    /// The writes that it said were durable.
    promised: VecDeque<(WriteId, Pending)>,
}

/// What is known of one node.
#[derive(Debug, Default)]
pub struct NodeShadow {
    /// The log as the node has it in memory: the prefix of each entry, from index 1. What a snapshot covers is in it, too.
    pub log: Vec<PrefixId>,
    /// The log as it is on its disk, as the disk says.
    pub durable: Vec<PrefixId>,
    /// The last index that the log in memory, and that on disk, left to the snapshot.
    pub base: (Index, Index),
    /// The durable snapshot: its last index, and the prefix of the entry there.
    pub snapshot: (Index, PrefixId),
    /// Writes on their way from the one to the other.
    pending: VecDeque<(WriteId, Pending)>,
    /// Where the disk lied: what is on it in truth.
    actual_disk: Option<Box<ActualDisk>>,
    /// The current term.
    pub term: Term,
    /// The role in it.
    pub role: Role,
    /// Whether its process runs.
    pub up: bool,
    /// Which life it is in, from 1.
    pub life: u32,
    /// The last index that its state machine has applied.
    pub applied: Index,
    /// Whether its disk was emptied, and it is to stay out for that.
    is_out: bool,
    /// The term and vote on its disk.
    pub durable_vote: (Term, Option<NodeId>),
    /// Copies of its disk, each with the fault that may put it back.
    copies: Vec<(u32, Copied)>,
}

/// What was on a disk in truth: the log, up to where it was left to the snapshot, that, and the term and vote.
type Copied = (Vec<PrefixId>, Index, (Index, PrefixId), (Term, Option<NodeId>));

impl NodeShadow {
    /// The prefix of the entry at an index; the root at zero, none beyond the end.
    pub fn at(&self, index: Index) -> Option<PrefixId> {
        prefix_at(&self.log, index)
    }

    /// The same on the node's disk.
    pub fn durable_at(&self, index: Index) -> Option<PrefixId> {
        prefix_at(&self.durable, index)
    }

    /// The last index of the log in memory.
    pub fn last_index(&self) -> Index {
        Index(self.log.len() as u64)
    }

    /// Whether a vote for somebody is written but not durable.
    pub fn vote_is_pending(&self) -> bool {
        self.pending.iter().any(|(_, write)| matches!(write, Pending::Vote(_, Some(_))))
    }

    /// The log that is on the disk in truth, whatever the disk says.
    pub fn on_disk(&self) -> &Vec<PrefixId> {
        self.actual_disk.as_ref().map_or(&self.durable, |actual_disk| &actual_disk.log)
    }

    /// Whether the disk says that it has another entry at an index than it has.
    pub fn is_lied_about(&self, index: Index) -> bool {
        self.durable_at(index) != prefix_at(self.on_disk(), index)
    }

    /// Whether the disk said that writes are durable which are not.
    pub fn has_been_lied_to(&self) -> bool {
        self.actual_disk.is_some()
    }

    /// Whether a truncation is written but not durable.
    pub fn truncation_is_pending(&self) -> bool {
        self.pending.iter().any(|(_, write)| matches!(write, Pending::Truncate(_)))
    }

    /// How many different writes are not durable, up to this one.
    pub fn pending_writes(&self, upto: WriteId) -> usize {
        let mut last = WriteId::NONE;
        let pending = self.pending.iter().take_while(|(write, _)| *write <= upto);
        pending.filter(|(write, _)| std::mem::replace(&mut last, *write) != *write).count()
    }
}

fn prefix_at(log: &[PrefixId], index: Index) -> Option<PrefixId> {
    match index.0.checked_sub(1) {
        None => Some(PrefixId::ROOT),
        Some(slot) => log.get(slot as usize).copied(),
    }
}

/// What a record changed that an oracle has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing of the kind.
    None,
    /// An entry was appended that contradicts a known one.
    Diverged(PrefixId),
    /// An entry was appended behind a gap, or on top of others.
    OutOfPlace,
    /// The log on a disk lost entries from this index on.
    DiskShrank(Index),
}

/// The whole cluster, as records tell of it.
#[derive(Debug)]
pub struct Shadow {
    /// All entries.
    pub chain: Chain,
    nodes: Vec<NodeShadow>,
    /// The configurations in logs.
    pub configurations: Configurations,
    /// From when on nodes go by them.
    pub configures: Configures,
}

impl Shadow {
    /// A cluster before its first event.
    pub fn new(nodes: u8) -> Shadow {
        Shadow {
            chain: Chain::default(),
            nodes: (0..nodes).map(|_| NodeShadow::default()).collect(),
            configurations: Configurations::new(NodeSet::first(nodes)),
            configures: Configures::OnAppend,
        }
    }

    /// The cluster of a plan before its first event.
    pub fn of(plan: &Plan) -> Shadow {
        Shadow { configures: plan.guest.configures, ..Shadow::new(plan.cluster.nodes) }
    }

    /// One node.
    pub fn node(&self, node: NodeId) -> &NodeShadow {
        &self.nodes[node.slot()]
    }

    /// All nodes, in order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &NodeShadow)> {
        self.nodes.iter().enumerate().map(|(slot, node)| (NodeId::at(slot), node))
    }

    /// By which configuration a node goes: the latest in its log, or the latest that it has applied.
    pub fn configuration_of(&self, node: NodeId) -> Configuration {
        let node = self.node(node);
        let upto = match self.configures {
            Configures::OnAppend => node.last_index(),
            Configures::OnApply => node.applied,
        };
        self.configuration_upto(node, upto).1
    }

    /// By which configuration a node would stand for election that knows so much to be committed. Where configurations take effect when
    /// they are applied, it first applies those that it knows to be committed: `hup` of etcd's and tikv's Raft does not stand before.
    pub fn standing(&self, node: NodeId, commit: Index) -> Configuration {
        match self.configures {
            Configures::OnAppend => self.configuration_of(node),
            Configures::OnApply => {
                let node = self.node(node);
                self.configuration_upto(node, node.applied.max(commit)).1
            }
        }
    }

    /// By which configuration a node commits an entry. Where configurations take effect when they are applied, a node may apply some of
    /// what it commits in the same step, and go by them at once: then it is the first by which a majority has the entry.
    pub fn committing(&self, id: NodeId, index: Index, prefix: PrefixId) -> Configuration {
        let own = self.configuration_of(id);
        let node = self.node(id);
        if self.configures == Configures::OnAppend || self.configurations.is_fixed() {
            return own;
        }
        let later = (node.applied.0 + 1..=index.0).map(Index);
        let later = later.map(|upto| self.configuration_upto(node, upto).1);
        let is_held = |it: &Configuration| self.copies(index, prefix, *it).is_majority();
        [own].into_iter().chain(later).find(is_held).unwrap_or(own)
    }

    /// The latest configuration in the log of a node up to an index, with where it sits.
    pub fn configuration_upto(&self, node: &NodeShadow, upto: Index) -> (Index, Configuration) {
        self.configurations.of(|index| node.at(index), upto)
    }

    /// How many nodes make a majority of all.
    pub fn majority(&self) -> usize {
        NodeSet::first(self.nodes.len() as u8).majority()
    }

    /// The term of a node's last entry.
    pub fn last_term(&self, node: NodeId) -> Term {
        let last = self.node(node).log.last().copied().unwrap_or(PrefixId::ROOT);
        self.chain.link(last).term
    }

    /// On how many disks of voters the entry of a prefix sits, at this index.
    pub fn copies(&self, index: Index, prefix: PrefixId, configuration: Configuration) -> Tally {
        Tally::of(configuration, self.holders(index, prefix, configuration))
    }

    /// On whose disks the entry of a prefix sits, at this index, of the voters of a configuration.
    pub fn holders(&self, index: Index, prefix: PrefixId, configuration: Configuration) -> NodeSet {
        let has = |id: &NodeId| {
            let node = self.node(*id);
            node.durable_at(index) == Some(prefix) || self.snapshot_covers(node, index, prefix)
        };
        configuration.voting().iter().filter(has).collect()
    }

    /// Whether the entry of a prefix is in a node's durable snapshot. Between the snapshot and the log that gives way to it, that is all
    /// that the disk has of it.
    fn snapshot_covers(&self, node: &NodeShadow, index: Index, prefix: PrefixId) -> bool {
        let (last, end) = node.snapshot;
        index <= last && self.chain.ancestor(end, last.0 - index.0) == prefix
    }

    /// Takes note of a record of no node: with whom the cluster begins.
    fn begin(&mut self, record: &Record) -> Change {
        if let Kind::Configure { index, configuration, .. } = record.kind {
            self.configurations.add(index, PrefixId::ROOT, configuration);
        }
        Change::None
    }

    /// Takes note of a record.
    pub fn observe(&mut self, record: &Record) -> Change {
        let Some(id) = record.node else { return self.begin(record) };
        let node = &mut self.nodes[id.slot()];
        match record.kind {
            Kind::Apply { index, .. } | Kind::Restore { index, .. } => node.applied = index,
            Kind::Boot { life, term, vote, applied, .. } => {
                let change = node.come_back();
                node.up = true;
                node.life = life;
                node.applied = applied;
                node.term = term;
                node.role = Role::Follower;
                node.durable_vote = (term, vote);
                return change;
            }
            Kind::Crash(remains) => return node.crash(&self.chain, remains),
            Kind::Wipe { .. } | Kind::Copied { .. } | Kind::PutBack { .. } => node.handle(record),
            Kind::Term { term } => node.term = term,
            Kind::Role { role, term } => (node.role, node.term) = (role, term),
            Kind::Append { write, index, term, content } => {
                if index.0 != node.log.len() as u64 + 1 {
                    return Change::OutOfPlace;
                }
                let parent = node.log.last().copied().unwrap_or(PrefixId::ROOT);
                let (prefix, contradicted) =
                    self.chain.intern(index, term, content, parent, record.number);
                node.log.push(prefix);
                node.pending.push_back((write, Pending::Append(prefix)));
                if let Some(known) = contradicted {
                    return Change::Diverged(known);
                }
            }
            Kind::Configure { index, configuration, .. } => {
                if let Some(prefix) = node.at(index) {
                    self.configurations.add(index, prefix, configuration);
                }
            }
            Kind::Truncate { write, from } => {
                node.log.truncate(from.0 as usize - 1);
                node.pending.push_back((write, Pending::Truncate(from)));
            }
            Kind::Vote { write, term, vote } => {
                node.pending.push_back((write, Pending::Vote(term, vote)));
            }
            Kind::Durable { write, lie } => {
                match lie {
                    true => node.believe(write),
                    false => node.actual_disk = None,
                }
                return node.sync(&self.chain, write, 0);
            }
            Kind::SnapshotSaved { index, term } => {
                if let Some(prefix) = self.chain.find(index, term) {
                    node.snapshot = (index, prefix);
                }
            }
            Kind::Compact { write, upto } => {
                node.base.0 = upto;
                node.pending.push_back((write, Pending::Compact(upto)));
            }
            Kind::Discard { write, index, term } => {
                // A snapshot of something that nobody had is judged elsewhere.
                let prefix = self.chain.find(index, term).unwrap_or(PrefixId::ROOT);
                self.chain.replace(&mut node.log, index, prefix);
                node.base.0 = index;
                node.pending.push_back((write, Pending::Discard(index, prefix)));
            }
            _ => {}
        }
        Change::None
    }
}

impl NodeShadow {
    /// Its disk is empty.
    fn wipe(&mut self) {
        self.log.clear();
        self.durable.clear();
        self.base = (Index::ZERO, Index::ZERO);
        self.snapshot = (Index::ZERO, PrefixId::ROOT);
        self.durable_vote = (Term::ZERO, None);
        self.actual_disk = None;
    }

    /// Somebody empties, copies or replaces its disk.
    fn handle(&mut self, record: &Record) {
        match record.kind {
            // Who stays out is as one that is down with its disk: nobody can tell, unless it comes back.
            Kind::Wipe { stays_out: true } => self.is_out = true,
            Kind::Wipe { stays_out: false } => self.wipe(),
            Kind::Copied { fault } => self.copy(fault),
            Kind::PutBack { fault } => self.put_back(fault),
            _ => {}
        }
    }

    /// Its disk is copied.
    fn copy(&mut self, fault: u32) {
        let (log, base, vote) = match &self.actual_disk {
            Some(actual) => (&actual.log, actual.base, actual.vote),
            None => (&self.durable, self.base.1, self.durable_vote),
        };
        self.copies.push((fault, (log.clone(), base, self.snapshot, vote)));
    }

    /// Its disk is what it was when it was copied.
    fn put_back(&mut self, fault: u32) {
        self.wipe();
        let copied = self.copies.iter().find(|(of, _)| *of == fault);
        if let Some((log, base, snapshot, vote)) = copied.map(|(_, copied)| copied.clone()) {
            (self.log, self.durable, self.base) = (log.clone(), log, (base, base));
            (self.snapshot, self.durable_vote) = (snapshot, vote);
        }
    }

    /// The disk says that writes up to and with `upto` are durable, which is not true. The first lie costs a copy of the log.
    fn believe(&mut self, upto: WriteId) {
        let (log, base, vote) = (&self.durable, self.base.1, self.durable_vote);
        let actual_disk = self.actual_disk.get_or_insert_with(|| {
            Box::new(ActualDisk { log: log.clone(), base, vote, promised: VecDeque::new() })
        });
        let told = self.pending.iter().take_while(|(write, _)| *write <= upto);
        actual_disk.promised.extend(told);
    }

    /// It starts; if it was to stay out, without what it had.
    fn come_back(&mut self) -> Change {
        if !std::mem::take(&mut self.is_out) {
            return Change::None;
        }
        self.wipe();
        Change::DiskShrank(Index(1))
    }

    /// Writes up to and with `upto` reach the disk, and the first `torn` entries of the next.
    fn sync(&mut self, chain: &Chain, upto: WriteId, torn: u32) -> Change {
        let mut shrank: Option<Index> = None;
        let mut part = (WriteId::NONE, 0);
        while let Some((write, pending)) = self.pending.front().copied() {
            if write > upto {
                part = (if part.1 == 0 { write } else { part.0 }, part.1 + 1);
                if part.1 > torn || write != part.0 {
                    break;
                }
            }
            self.pending.pop_front();
            match pending {
                Pending::Append(prefix) => self.durable.push(prefix),
                Pending::Truncate(from) => {
                    self.durable.truncate(from.0 as usize - 1);
                    shrank = Some(shrank.map_or(from, |index| index.min(from)));
                }
                Pending::Compact(upto) => self.base.1 = upto,
                Pending::Discard(index, prefix) => {
                    self.base.1 = index;
                    let lost = chain.replace(&mut self.durable, index, prefix);
                    shrank = shrank.into_iter().chain(lost).min();
                }
                Pending::Vote(term, vote) => self.durable_vote = (term, vote),
            }
        }
        shrank.map_or(Change::None, Change::DiskShrank)
    }

    /// The process ends: what is in memory is gone, and the log is what the disk holds. The cost is that of what was
    /// not durable; after a lie, that of the log.
    fn crash(&mut self, chain: &Chain, remains: Remains) -> Change {
        if let Some(actual_disk) = self.actual_disk.take() {
            let ActualDisk { log, base, vote, mut promised } = *actual_disk;
            promised.append(&mut self.pending);
            self.pending = promised;
            self.log.clone_from(&log);
            (self.durable, self.base.1, self.durable_vote) = (log, base, vote);
        }
        let vote = remains.votes.map(|upto| self.vote_upto(upto));
        let change = self.lose(chain, remains.survived, remains.torn);
        self.durable_vote = vote.unwrap_or(self.durable_vote);
        change
    }

    /// The term and vote on the disk, once this write and every earlier one are.
    fn vote_upto(&self, upto: WriteId) -> (Term, Option<NodeId>) {
        let pending = self.pending.iter().take_while(|(write, _)| *write <= upto);
        let votes = pending.filter_map(|(_, write)| match write {
            Pending::Vote(term, vote) => Some((*term, *vote)),
            _ => None,
        });
        votes.last().unwrap_or(self.durable_vote)
    }

    fn lose(&mut self, chain: &Chain, survived: WriteId, torn: u32) -> Change {
        let changed = self.pending.iter().map(|(_, pending)| match pending {
            Pending::Truncate(from) => from.0 as usize - 1,
            Pending::Discard(..) => 0,
            _ => self.durable.len(),
        });
        let unchanged = changed.min().unwrap_or(self.log.len()).min(self.durable.len());
        let change = self.sync(chain, survived, torn);
        self.base.0 = self.base.1;
        self.pending.clear();
        self.log.truncate(unchanged);
        self.log.extend_from_slice(&self.durable[unchanged.min(self.durable.len())..]);
        self.up = false;
        self.role = Role::Follower;
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    fn append(shadow: &mut Shadow, node: u8, index: u64, content: u64) -> Change {
        let kind =
            Kind::Append { write: WriteId(index), index: Index(index), term: Term::FIRST, content };
        let node = Some(NodeId::new(node));
        shadow.observe(&Record { number: index, event: 1, time: Time::ZERO, node, kind })
    }

    /// Where log matching is not judged, a node whose entries contradict others' goes on with them.
    #[test]
    fn a_log_that_contradicts_another_goes_on() {
        let mut shadow = Shadow::new(2);
        assert_eq!(append(&mut shadow, 1, 1, 10), Change::None);
        assert_eq!(append(&mut shadow, 1, 2, 20), Change::None);
        let contradicts = |change| matches!(change, Change::Diverged(_));
        assert!(contradicts(append(&mut shadow, 2, 1, 11)));
        assert!(contradicts(append(&mut shadow, 2, 2, 21)));
        assert_eq!(append(&mut shadow, 2, 4, 41), Change::OutOfPlace);
        assert_eq!(shadow.node(NodeId::new(2)).last_index(), Index(2));
        assert_ne!(shadow.node(NodeId::new(1)).log, shadow.node(NodeId::new(2)).log);
    }
}
