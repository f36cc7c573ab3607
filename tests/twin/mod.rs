//! Naive twins of the oracles: they keep whole logs, and judge each property from its sentence by looking at everything.
//!
//! They share nothing with `squall::oracle` but the records that both are fed. Where a twin and an oracle disagree, one of
//! them misread the sentence.

pub mod answers;
pub mod authority;
pub mod counted;
mod history;
pub mod liveness;
pub mod metrics;

use squall::configuration::Configuration;
use squall::ids::{Index, NodeId, NodeSet, Term, WriteId};
use squall::log::RequestId;
use squall::message::Summary;
use squall::node::{DiskFile, Role};
use squall::property::Property;
use squall::record::{Kind, Record, Remains};

/// An entry, as records tell of it.
type Entry = (Term, u64);

/// What is judged no longer once a plan has destroyed what a disk held.
const FOR_GOOD: [Property; 4] =
    [Property::LogMatching, Property::ExactlyOnce, Property::Snapshot, Property::Configuration];

/// What is judged again when a later leader has committed an entry.
const RELIES_ON_ENTRIES: [Property; 4] = [
    Property::LeaderCompleteness,
    Property::StateMachineSafety,
    Property::Durability,
    Property::SafeCommit,
];

/// What followed when a plan destroyed what a disk held.
#[derive(Clone, Debug, Default)]
struct Aftermath {
    /// Who has not started since.
    hit: Vec<NodeId>,
    /// The highest term when the last of them started, and the longest commit that anybody had reported.
    term: Term,
    reported: usize,
    /// Whether votes may be gone.
    votes: bool,
    /// Whether a term of those up to the highest had two leaders, or entries came to stand behind others.
    tangled: bool,
    /// The first commit that counts again.
    base: Option<Vec<Entry>>,
}

/// A write that is not durable.
#[derive(Clone, Debug)]
enum Write {
    Append(Entry),
    Truncate(Index),
    Discard(Vec<Entry>),
    Vote(Term, Option<NodeId>),
}

type Writes = Vec<(WriteId, Write)>;

#[derive(Clone, Debug, Default)]
struct Node {
    log: Vec<Entry>,
    disk: Vec<Entry>,
    /// What the durable snapshot covers.
    snapshot: Vec<Entry>,
    pending: Writes,
    /// If the disk lied: what is on it, and what it did not write.
    truth: Option<(Vec<Entry>, Writes)>,
    term: Term,
    leads: bool,
    /// Its disk was emptied, and it is not to start any more.
    out: bool,
    /// Its votes up to this term rotted, and it has not started since.
    tells_upto: Option<Term>,
    commit: usize,
    applied: usize,
    /// The event in which it started, until it says how far it knows what is committed.
    started: u64,
    /// How far it ever came in this life or its state machine in an earlier one.
    reached: usize,
}

/// Everything that ever happened, as far as the properties speak of it.
#[derive(Debug)]
pub struct Twin {
    nodes: Vec<Node>,
    /// With whom the cluster begins.
    first: Configuration,
    /// Each configuration, by its index and term.
    configurations: Vec<(usize, Term, Configuration)>,
    /// Who knows that it is outside, and since which event.
    outside: Vec<(NodeId, u64)>,
    /// Every leader, with its log when it was elected.
    elections: Vec<(Term, NodeId, Vec<Entry>)>,
    /// Every prefix that was committed when it was longer than any before, with the term in which it was and whose
    /// disks count.
    commits: Vec<(Term, Configuration, Vec<Entry>)>,
    /// Every log that a node had and then lost a part of.
    lost_logs: Vec<Vec<Entry>>,
    /// Every entry that was applied, with its index.
    applied: Vec<(usize, Entry)>,
    /// Every entry that was applied for the first time: whose it was, and whether it took effect.
    effects: Vec<(RequestId, bool)>,
    /// Every state that a snapshot held, with the index up to which it goes.
    states: Vec<(Index, u64)>,
    /// Every vote that was on a disk, or left in a message.
    votes: Vec<(NodeId, Term, NodeId)>,
    /// Every term that was on a disk, in order.
    disk_terms: Vec<(NodeId, Term)>,
    /// The plan destroyed what is on a disk.
    destroyed: Option<Aftermath>,
    /// The longest commit that anybody reported.
    reported: usize,
    broken: Vec<Property>,
}

impl Twin {
    pub fn new(nodes: u8) -> Twin {
        Twin {
            nodes: vec![Node::default(); usize::from(nodes)],
            first: Configuration::of(NodeSet::first(nodes)),
            configurations: Vec::new(),
            outside: Vec::new(),
            elections: Vec::new(),
            commits: Vec::new(),
            lost_logs: Vec::new(),
            applied: Vec::new(),
            effects: Vec::new(),
            states: Vec::new(),
            votes: Vec::new(),
            disk_terms: Vec::new(),
            destroyed: None,
            reported: 0,
            broken: Vec::new(),
        }
    }

    /// Takes a record; gives every property that does not hold after it.
    pub fn observe(&mut self, record: &Record) -> Vec<Property> {
        self.broken.clear();
        let Some(id) = record.node else {
            self.follow(record);
            return Vec::new();
        };
        if self.is_idle(record) {
            return Vec::new();
        }
        let before = self.nodes[id.slot()].clone();
        let known = self.known();
        self.follow(record);
        self.judge_node(record, id, &before);
        self.judge_membership(record, id);
        self.judge_logs(id);
        // These hold all that was ever so against each other, and are judged when there is more of it.
        if self.known() != known {
            self.judge_elections();
            self.judge_leaders();
        }
        self.judge_copies();
        let matches = !self.broken.contains(&Property::LogMatching);
        if let Some(after) = &mut self.destroyed {
            after.tangled |= !matches;
            let changed = !self.configurations.is_empty();
            let entries = after.base.is_some() && !after.tangled && !changed;
            self.broken.retain(|property| match property {
                Property::ElectionSafety => !after.votes || !changed,
                it if RELIES_ON_ENTRIES.contains(it) => entries,
                it => !FOR_GOOD.contains(it),
            });
        }
        std::mem::take(&mut self.broken)
    }

    /// The plan destroyed what the disk of a node holds.
    fn destroy(&mut self, id: NodeId, votes: bool) {
        let after = self.destroyed.get_or_insert_default();
        after.hit.push(id);
        after.votes |= votes;
        after.base = None;
    }

    /// Up to which term nothing follows from what a leader commits.
    fn unknown_upto(&self) -> Term {
        let term =
            |after: &Aftermath| if after.hit.is_empty() { after.term } else { Term(u64::MAX) };
        self.destroyed.as_ref().map_or(Term::ZERO, term)
    }

    /// Whether a commit, or what is applied, says something of what is committed. The first that does after disks were destroyed begins
    /// it anew.
    fn tells(&mut self, id: NodeId, index: usize) -> bool {
        let unknown = self.unknown_upto();
        let node = &self.nodes[id.slot()];
        let Some(after) = &mut self.destroyed else { return true };
        if let Some(base) = &after.base {
            return node.term > unknown && node.log.starts_with(base);
        }
        let own = node.log.get(index.wrapping_sub(1)).map_or(Term::ZERO, |(term, _)| *term);
        let tells = own > unknown && node.term > unknown && index > after.reported;
        if tells {
            after.base = Some(node.log[..index].to_vec());
            self.commits.clear();
            self.applied.clear();
        }
        tells
    }

    /// Whether a record changes nothing that this twin looks at.
    fn is_idle(&self, record: &Record) -> bool {
        match record.kind {
            Kind::Deliver { .. } | Kind::Timer { .. } => true,
            Kind::Send { message, .. } => match message {
                Summary::RequestVote { .. } | Summary::Vote { .. } => false,
                Summary::AppendEntries { .. } => self.outside.is_empty(),
                _ => true,
            },
            _ => false,
        }
    }

    /// Takes a record.
    pub fn follow(&mut self, record: &Record) {
        let Some(id) = record.node else {
            if let Kind::Configure { configuration, .. } = record.kind {
                self.first = configuration;
            }
            return;
        };
        match record.kind {
            Kind::Broken { .. } => self.broken.push(Property::Contract),
            Kind::Corrupt { what, drops, .. } => {
                if drops {
                    self.destroy(id, what == DiskFile::Vote);
                }
                if drops && what == DiskFile::Vote {
                    // What rotted lies on no disk any more, but the node tells of it until it starts again.
                    let terms = self.disk_terms.iter().filter(|(node, _)| *node == id);
                    self.nodes[id.slot()].tells_upto = terms.map(|(_, term)| *term).max();
                    self.votes.retain(|(node, ..)| *node != id);
                    self.disk_terms.retain(|(node, _)| *node != id);
                }
            }
            Kind::Wipe { stays_out: false } | Kind::Forced { .. } => self.destroy(id, true),
            Kind::Snapshot { .. }
            | Kind::SnapshotSaved { .. }
            | Kind::Compact { .. }
            | Kind::Discard { .. }
            | Kind::Restore { .. } => self.snapshot(record, id),
            Kind::Boot { term, applied, state, .. } => {
                self.boot(id, term, applied, record.event);
                state.iter().for_each(|state| self.has_one_state(applied, *state));
            }
            Kind::Configure { index, term, configuration } => {
                self.configure(id, index.0 as usize, term, configuration);
            }
            _ => self.change(record, id),
        }
    }

    fn change(&mut self, record: &Record, id: NodeId) {
        let node = &mut self.nodes[id.slot()];
        match record.kind {
            Kind::Wipe { stays_out: true } => node.out = true,
            Kind::Crash(remains) => {
                self.lost_logs.push(node.log.clone());
                self.crash(id, remains);
                let node = &mut self.nodes[id.slot()];
                (node.log, node.leads) = (node.disk.clone(), false);
            }
            Kind::Term { term } => node.term = term,
            Kind::Role { role, term } => {
                node.leads = role == Role::Leader;
                if node.leads {
                    self.elect(id, term);
                }
            }
            Kind::Append { write, term, content, index } => {
                if index.0 as usize != node.log.len() + 1 {
                    self.broken.push(Property::Contract);
                }
                node.log.push((term, content));
                node.pending.push((write, Write::Append((term, content))));
            }
            Kind::Truncate { write, from } => {
                self.lost_logs.push(node.log.clone());
                node.log.truncate(from.0 as usize - 1);
                node.pending.push((write, Write::Truncate(from)));
            }
            Kind::Vote { write, term, vote } => node.pending.push((write, Write::Vote(term, vote))),
            Kind::Durable { write, lie } => self.durable(id, write, lie),
            Kind::Send { message, .. } if Some(message.term()) <= node.tells_upto => {}
            Kind::Send { to, message, .. } => match message {
                Summary::RequestVote { term, .. } => self.votes.push((id, term, id)),
                Summary::Vote { term, granted: true } => self.votes.push((id, term, to)),
                _ => {}
            },
            Kind::Commit { index, term } => {
                node.commit = index.0 as usize;
                node.started = 0;
                let (commit, fits) = (node.commit, node.commit <= node.log.len());
                if fits {
                    self.reported = self.reported.max(commit);
                }
                if fits && self.tells(id, commit) {
                    let node = &self.nodes[id.slot()];
                    let prefix = node.log[..node.commit].to_vec();
                    let (_, members) = self.latest(&self.nodes[id.slot()].log);
                    self.commit(term, members, prefix);
                }
            }
            Kind::Apply { index, term, content, request, effect } => {
                self.take_effect(id, index.0 as usize, request, effect);
                let node = &mut self.nodes[id.slot()];
                if index.0 as usize != node.applied + 1 {
                    self.broken.push(Property::StateMachineSafety);
                }
                node.applied = index.0 as usize;
                let index = node.applied;
                let counts = match self.destroyed.as_ref().map(|after| after.base.clone()) {
                    None => true,
                    Some(None) => false,
                    Some(Some(base)) => index > base.len() && self.tells(id, index),
                };
                if counts {
                    self.applied.push((index, (term, content)));
                }
            }
            _ => {}
        }
    }

    fn boot(&mut self, id: NodeId, term: Term, applied: Index, event: u64) {
        let highest = self.nodes.iter().map(|node| node.term).max().unwrap_or(Term::ZERO);
        if let Some(after) = &mut self.destroyed {
            if after.hit.contains(&id) {
                after.hit.retain(|hit| *hit != id);
                (after.term, after.base) = (after.term.max(highest), None);
            }
            if after.base.is_none() {
                after.reported = self.reported;
            }
        }
        let node = &mut self.nodes[id.slot()];
        node.tells_upto = None;
        if std::mem::take(&mut node.out) {
            self.lost_logs.push(std::mem::take(&mut node.disk));
            node.snapshot.clear();
        }
        node.log = node.disk.clone();
        node.pending.clear();
        (node.term, node.leads) = (term, false);
        (node.commit, node.applied) = (applied.0 as usize, applied.0 as usize);
        node.reached = node.applied;
        node.started = event;
    }

    fn elect(&mut self, id: NodeId, term: Term) {
        let unknown = match &self.destroyed {
            Some(after) if after.votes => self.unknown_upto(),
            _ => Term::ZERO,
        };
        let again = self.elections.iter().any(|(other, ..)| *other == term);
        if let Some(after) = &mut self.destroyed {
            after.tangled |= again && term <= unknown;
        }
        if term <= unknown {
            self.elections.retain(|(other, ..)| *other != term);
        }
        let node = &self.nodes[id.slot()];
        self.elections.push((term, id, node.log.clone()));
    }

    /// A request takes effect once, at one index, and after the earlier ones of its client; a node applies an entry once.
    fn take_effect(&mut self, id: NodeId, index: usize, request: RequestId, effect: bool) {
        let node = &mut self.nodes[id.slot()];
        let reached = node.reached;
        node.reached = reached.max(index);
        let known = self.effects.get(index - 1).copied();
        if known.is_none() {
            self.effects.resize(index, (RequestId::NONE, false));
            self.effects[index - 1] = (request, effect);
        }
        let applied_before = index <= reached;
        if !effect && !applied_before && known.is_some_and(|(_, effect)| effect) {
            self.broken.push(Property::ExactlyOnce);
        }
        if !effect || request.is_none() {
            return;
        }
        let without_effect_elsewhere = known.is_some_and(|(_, effect)| !effect);
        let in_session = |other: &RequestId| other.session > Index::ZERO;
        let mut earlier = self.effects[..index - 1].iter().filter(|(_, effect)| *effect);
        let out_of_order = in_session(&request)
            && earlier.any(|(other, _)| {
                in_session(other)
                    && other.client == request.client
                    && other.serial >= request.serial
            });
        if applied_before || without_effect_elsewhere || (known.is_none() && out_of_order) {
            self.broken.push(Property::ExactlyOnce);
        }
    }

    fn has_one_state(&mut self, index: Index, state: u64) {
        if self.states.iter().any(|(at, other)| *at == index && *other != state) {
            self.broken.push(Property::Snapshot);
        }
        self.states.push((index, state));
    }

    /// What concerns snapshots.
    fn snapshot(&mut self, record: &Record, id: NodeId) {
        let prefix = |twin: &Twin, index: Index, term| {
            let logs = twin.nodes.iter().map(|node| &node.log);
            let commits = twin.commits.iter().map(|(_, _, prefix)| prefix);
            let mut logs = commits.chain(logs).chain(&twin.lost_logs);
            let last = index.0 as usize - 1;
            let found = logs.find(|log| log.get(last).is_some_and(|(own, _)| *own == term));
            found.map_or_else(Vec::new, |log| log[..=last].to_vec())
        };
        match record.kind {
            Kind::Snapshot { index, term, state, .. } | Kind::Restore { index, term, state } => {
                let covers = prefix(self, index, term);
                let committed = |(_, _, committed): &(Term, Configuration, Vec<Entry>)| {
                    committed.starts_with(&covers)
                };
                if covers.is_empty() || !self.commits.iter().any(committed) {
                    self.broken.push(Property::Snapshot);
                }
                self.has_one_state(index, state);
                let index = index.0 as usize;
                if matches!(record.kind, Kind::Restore { .. }) {
                    let node = &mut self.nodes[id.slot()];
                    node.applied = index;
                    node.reached = node.reached.max(index);
                }
            }
            Kind::SnapshotSaved { index, term } => {
                self.nodes[id.slot()].snapshot = prefix(self, index, term);
            }
            Kind::Compact { upto, .. }
                if upto.0 as usize > self.nodes[id.slot()].snapshot.len() =>
            {
                self.broken.push(Property::Snapshot);
            }
            Kind::Discard { write, index, term } => {
                let covers = prefix(self, index, term);
                let node = &mut self.nodes[id.slot()];
                if index.0 as usize > node.snapshot.len() {
                    self.broken.push(Property::Snapshot);
                }
                node.pending.push((write, Write::Discard(covers.clone())));
                let log = std::mem::replace(&mut node.log, covers);
                self.lost_logs.push(log);
            }
            _ => {}
        }
    }

    /// The disk says that it has all up to a write, which may be a lie.
    fn durable(&mut self, id: NodeId, upto: WriteId, lie: bool) {
        let node = &mut self.nodes[id.slot()];
        if lie {
            let told = node.pending.iter().filter(|(of, _)| *of <= upto).cloned();
            let truth = node.truth.get_or_insert((node.disk.clone(), Vec::new()));
            truth.1.extend(told);
        } else {
            node.truth = None;
        }
        self.sync(id, upto);
    }

    /// Writes become durable, up to one.
    fn sync(&mut self, id: NodeId, upto: WriteId) {
        let node = &mut self.nodes[id.slot()];
        let whole = node.pending.iter().filter(|(write, _)| *write <= upto).count();
        for (_, write) in node.pending.drain(..whole).collect::<Vec<_>>() {
            self.reach_disk(id, write);
        }
    }

    fn reach_disk(&mut self, id: NodeId, write: Write) {
        let node = &mut self.nodes[id.slot()];
        match write {
            Write::Append(entry) => node.disk.push(entry),
            Write::Truncate(from) => node.disk.truncate(from.0 as usize - 1),
            Write::Discard(covers) => node.disk = covers,
            Write::Vote(term, vote) => {
                self.disk_terms.push((id, term));
                if let Some(vote) = vote {
                    self.votes.push((id, term, vote));
                }
            }
        }
    }

    /// What a crash left reaches the disk. Of what the disk had said that it has, a part may be gone, and with it what the node promised.
    fn crash(&mut self, id: NodeId, remains: Remains) {
        let node = &mut self.nodes[id.slot()];
        let mut pending = std::mem::take(&mut node.pending);
        if let Some((disk, mut unwritten)) = node.truth.take() {
            // The votes among them were given when the node was told.
            unwritten.retain(|(_, write)| !matches!(write, Write::Vote(..)));
            unwritten.append(&mut pending);
            (node.disk, pending) = (disk, unwritten);
        }
        if remains.promised > 0 {
            self.destroy(id, true);
            self.votes.retain(|(node, ..)| *node != id);
            self.disk_terms.retain(|(node, _)| *node != id);
            pending.retain(|(_, write)| !matches!(write, Write::Vote(..)));
        }
        let last_vote = remains.votes.unwrap_or(remains.survived);
        let mut torn = remains.torn;
        for (of, write) in pending {
            let survives = match write {
                Write::Vote(..) => of <= last_vote,
                _ if of <= remains.survived => true,
                _ => {
                    let more = torn > 0;
                    torn -= u32::from(more);
                    more
                }
            };
            if survives {
                self.reach_disk(id, write);
            }
        }
    }

    fn commit(&mut self, term: Term, members: Configuration, prefix: Vec<Entry>) {
        let agrees = self.commits.iter().all(|(_, _, other)| {
            let shared = other.len().min(prefix.len());
            other[..shared] == prefix[..shared]
        });
        if !agrees {
            self.broken.push(Property::StateMachineSafety);
        }
        if self.commits.iter().all(|(_, _, other)| other.len() < prefix.len()) {
            if self.nodes.iter().any(|node| self.could_win_without(node, &prefix)) {
                self.broken.push(Property::SafeCommit);
            }
            self.commits.push((term, members, prefix));
        }
    }

    /// The last configuration in a log, and where it sits.
    fn latest(&self, log: &[Entry]) -> (usize, Configuration) {
        let in_log = |index: usize, term: &Term| log.get(index - 1).is_some_and(|e| e.0 == *term);
        let known = self.configurations.iter().filter(|(index, term, _)| in_log(*index, term));
        known
            .max_by_key(|(index, ..)| *index)
            .map_or((0, self.first), |(index, _, members)| (*index, *members))
    }

    /// A node goes by a configuration. A leader begins it: what changed before must be committed, and majorities must meet.
    fn configure(&mut self, id: NodeId, index: usize, term: Term, next: Configuration) {
        let node = &self.nodes[id.slot()];
        let earlier = &node.log[..index - 1];
        let (at, before) = self.latest(earlier);
        let unknown = at > node.commit;
        let halves = |it: Configuration| [it.voters, it.outgoing];
        let must_meet = |old: NodeSet, new: NodeSet| {
            let least = old.len() / 2 + 1 + new.len() / 2 + 1;
            !old.is_empty() && !new.is_empty() && least > old.union(new).len()
        };
        let meets = |old: &NodeSet| halves(next).iter().any(|new| must_meet(*old, *new));
        let apart = !halves(before).iter().any(meets);
        if node.leads && (unknown || apart) {
            self.broken.push(Property::Configuration);
        }
        self.configurations.push((index, term, next));
    }

    /// Who leads and knows that it is outside does nothing in a later event.
    fn judge_membership(&mut self, record: &Record, id: NodeId) {
        let node = &self.nodes[id.slot()];
        if !node.leads {
            return self.outside.retain(|(other, _)| *other != id);
        }
        let acts = match record.kind {
            Kind::Append { .. } | Kind::Configure { .. } | Kind::Commit { .. } => true,
            Kind::Send { message, .. } => matches!(message, Summary::AppendEntries { .. }),
            _ => false,
        };
        let since = self.outside.iter().find(|(other, _)| *other == id);
        if acts && since.is_some_and(|(_, event)| *event < record.event) {
            self.broken.push(Property::Configuration);
        }
        let (at, members) = self.latest(&node.log);
        let left = at <= node.commit && !members.voting().contains(id);
        if matches!(record.kind, Kind::Commit { .. }) && left && since.is_none() {
            self.outside.push((id, record.event));
        }
    }

    /// Whether a node lacks what is committed, and a majority would vote for it by 5.4.1.
    fn could_win_without(&self, candidate: &Node, prefix: &[Entry]) -> bool {
        let last_term = |node: &Node| node.log.last().map_or(Term::ZERO, |(term, _)| *term);
        let grants = |voter: &&Node| {
            last_term(candidate) > last_term(voter)
                || (last_term(candidate) == last_term(voter)
                    && candidate.log.len() >= voter.log.len())
        };
        let (_, members) = self.latest(&candidate.log);
        let wins = is_quorum(members, |id| grants(&&self.nodes[id.slot()]));
        !candidate.log.starts_with(prefix) && wins
    }

    /// What a node must not do on its own.
    fn judge_node(&mut self, record: &Record, id: NodeId, before: &Node) {
        let node = &self.nodes[id.slot()];
        if before.leads && node.leads && !node.log.starts_with(&before.log) {
            self.broken.push(Property::LeaderAppendOnly);
        }
        let same_life = !matches!(record.kind, Kind::Boot { .. });
        if same_life && node.term < before.term {
            self.broken.push(Property::MonotonicTerm);
        }
        let reports = matches!(record.kind, Kind::Commit { .. });
        // The first that a node says in its life may be less than what it has applied.
        let first = before.started == record.event;
        let went_back = node.commit < before.commit && !first;
        if reports && (went_back || node.commit > node.log.len()) {
            self.broken.push(Property::MonotonicCommit);
        }
        let terms = self.disk_terms.iter().filter(|(node, _)| *node == id).map(|(_, term)| term);
        if !terms.is_sorted() {
            self.broken.push(Property::MonotonicTerm);
        }
    }
}

/// Whether those who agree are a majority of the voters; and of those of before, while both count.
fn is_quorum(members: Configuration, agrees: impl Fn(NodeId) -> bool) -> bool {
    let majority =
        |voters: NodeSet| voters.iter().filter(|id| agrees(*id)).count() > voters.len() / 2;
    majority(members.voters) && (members.outgoing.is_empty() || majority(members.outgoing))
}
