//! Leader completeness, state-machine safety, durability, safe commits, and commit indexes that never go back (5.4, Figure 3).

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::node::Role;
use crate::oracle::chain::PrefixId;
use crate::oracle::destroyed::Destroyed;
use crate::oracle::quorum::Tally;
use crate::oracle::seen::Seen;
use crate::oracle::shadow::Change;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;

/// A leader, as its log was when it was elected.
#[derive(Debug)]
struct Elected {
    term: Term,
    node: NodeId,
    last_index: Index,
    last: PrefixId,
    record: u64,
}

/// How many entries may lie between what is known to be applied and what is applied next.
const GAP_MAX: usize = 1 << 20;

/// What is committed and applied, by whom first.
#[derive(Debug)]
pub struct Commits {
    /// The committed entry at each index, from 1.
    committed: Vec<PrefixId>,
    /// The records that committed: each with the last index that was new, and the term in which it was committed.
    committed_by: Vec<(Index, u64, Term)>,
    /// Leaders of a later term than some node is in: only they can miss an entry that is committed later.
    elected: Vec<Elected>,
    /// The entry that was applied first at each index, from 1, with its record; zero for that where it is not known.
    applied: Vec<(Term, u64, u64)>,
    /// Where each node's commit index and state machine are.
    nodes: Vec<(Index, Index)>,
    /// The event in which each node last started: what it says of its commit index then is the first that it says in its life, and may be
    /// anything that is committed (Figure 2: it is volatile). Zero once it was said.
    started: Vec<u64>,
    /// Whose disks count for the last commit: the configuration of the node that committed it.
    quorum_of: Configuration,
    /// The highest commit index that a node reported.
    highest: Index,
    /// Where disks were destroyed: the highest commit index that was reported until the last node started since. A node may still go by one
    /// up to it, though the entry is gone.
    reported: Index,
    /// The first commit that is judged again. What lies before it may be another history at nodes that have not
    /// come to it.
    base: Index,
    /// Whose committed entries are other ones than the committed entries: each later commit of theirs is so for the same reason.
    forked: NodeSet,
}

impl Commits {
    /// Nothing is committed yet.
    pub fn new(nodes: u8) -> Commits {
        Commits {
            committed: Vec::new(),
            committed_by: Vec::new(),
            elected: Vec::new(),
            applied: Vec::new(),
            nodes: vec![(Index::ZERO, Index::ZERO); usize::from(nodes)],
            started: vec![0; usize::from(nodes)],
            quorum_of: Configuration::of(NodeSet::first(nodes)),
            highest: Index::ZERO,
            reported: Index::ZERO,
            base: Index::ZERO,
            forked: NodeSet::EMPTY,
        }
    }

    /// The last committed index.
    pub fn last_committed(&self) -> Index {
        Index(self.committed.len() as u64)
    }

    /// The highest commit index that a node reported, whatever was lost since.
    pub fn highest(&self) -> Index {
        self.highest
    }

    /// The last index that was committed in an earlier term than this.
    fn last_committed_before(&self, term: Term) -> Index {
        let earlier = self.committed_by.iter().rev().find(|(_, _, committed)| *committed < term);
        earlier.map_or(Index::ZERO, |(last, ..)| *last)
    }

    /// The commit index of a node, as it knows it.
    pub fn commit_index(&self, node: NodeId) -> Index {
        self.nodes[node.slot()].0
    }

    /// The committed entry at an index.
    pub fn committed_at(&self, index: Index) -> Option<PrefixId> {
        self.committed.get(index.0.checked_sub(1)? as usize).copied()
    }

    /// The record that committed an index.
    pub fn record_of(&self, index: Index) -> u64 {
        let slot = self.committed_by.partition_point(|(last, ..)| *last < index);
        self.committed_by.get(slot).map_or(0, |(_, record, _)| *record)
    }

    /// Judges a record.
    pub fn observe(
        &mut self,
        at: Seen,
        change: Change,
        destroyed: Option<&mut Destroyed>,
    ) -> Option<Box<Violation>> {
        let Seen { record, id, .. } = at;
        let is_known = destroyed.as_ref().is_none_or(|it| it.again.is_some());
        let (commit, applied) = &mut self.nodes[id.slot()];
        match record.kind {
            Kind::Boot { applied: index, .. } => {
                (*commit, *applied) = (index, index);
                self.started[id.slot()] = record.event;
                if !is_known {
                    self.reported = self.highest;
                }
                is_known.then(|| self.shrink(at, change))?
            }
            Kind::Role { role: Role::Leader, term } => {
                let upto = destroyed.map_or(Term::ZERO, |it| it.unknown_commits());
                let violation = (term > upto).then(|| self.elect(at, term))?;
                violation.filter(|_| is_known)
            }
            Kind::Commit { index, term } => {
                let before = std::mem::replace(commit, index);
                let is_first = std::mem::take(&mut self.started[id.slot()]) == record.event;
                let before = if is_first { before.min(index) } else { before };
                let past = not_past_the_log(at, (before, index));
                if past.is_some() {
                    return past;
                }
                self.highest = self.highest.max(index);
                if !self.is_told_of(at, index, term, destroyed) {
                    return None;
                }
                self.commit(at, index, term)
            }
            Kind::Apply { index, term, content, .. } => {
                let before = std::mem::replace(applied, index);
                let upto = destroyed.map_or(Term::ZERO, |it| it.unknown_commits());
                let joined = is_known && at.node().term > upto;
                if self.base > Index::ZERO || !is_known {
                    let base = at.node().at(self.base);
                    if !joined || index <= self.base || base != self.committed_at(self.base) {
                        return None;
                    }
                }
                self.apply(at, before, index, (term, content))
            }
            Kind::Restore { index, .. } => {
                *applied = index;
                None
            }
            Kind::Durable { .. } | Kind::Crash(_) if is_known => self.shrink(at, change),
            _ => None,
        }
    }

    /// 5.4: the leader of any term holds all entries that are committed.
    fn elect(&mut self, at: Seen, term: Term) -> Option<Box<Violation>> {
        let node = at.node();
        let oldest = at.shadow.nodes().map(|(_, node)| node.term).min().unwrap_or(Term::ZERO);
        self.elected.retain(|elected| elected.term > oldest);
        let last_index = node.last_index();
        let last = node.at(last_index).unwrap_or(PrefixId::ROOT);
        self.elected.push(Elected {
            term,
            node: at.id,
            last_index,
            last,
            record: at.record.number,
        });
        // What is committed in a later term need not be in the log of a leader that was long in coming. Such a
        // commit is rare, so this looks at the last one, hardly ever further.
        let index = self.last_committed_before(term);
        if index == Index::ZERO || node.at(index) == self.committed_at(index) {
            return None;
        }
        Some(self.incomplete(at, at.id, term, |index| node.at(index), []))
    }

    /// The violation by a leader whose log is `log`: it names the first committed entry that is missing.
    fn incomplete<const N: usize>(
        &self,
        at: Seen,
        id: NodeId,
        term: Term,
        log: impl Fn(Index) -> Option<PrefixId>,
        earlier: [u64; N],
    ) -> Box<Violation> {
        // Places stand for prefixes, so the first that differs is found by bisection.
        let indexes: Vec<u64> = (1..=self.committed.len() as u64).collect();
        let first =
            indexes.partition_point(|index| log(Index(*index)) == self.committed_at(Index(*index)));
        let missing = Index(indexes.get(first).copied().unwrap_or(self.committed.len() as u64));
        let sentence = format!(
            "{id} leads term {term} without the entry at index {missing}, which is committed."
        );
        let evidence = earlier.into_iter().chain([self.record_of(missing)]);
        at.violates(Property::LeaderCompleteness, sentence, evidence)
    }

    /// Whether a commit says something of what is committed. Where disks were destroyed, it does not up to the floor; the first behind
    /// all that was reported, of an entry of a later term, says it anew.
    fn is_told_of(
        &mut self,
        at: Seen,
        index: Index,
        term: Term,
        destroyed: Option<&mut Destroyed>,
    ) -> bool {
        let Some(destroyed) = destroyed else { return true };
        let node = at.node();
        let upto = destroyed.unknown_commits();
        let own = at.shadow.chain.link(node.at(index).unwrap_or_default()).term;
        let is_new = own > upto && index > self.reported;
        if term <= upto || (destroyed.again.is_none() && !is_new) {
            return false;
        }
        if destroyed.again.is_none() {
            destroyed.again = Some(at.record.time);
            self.base = index;
            self.committed = node.log[..index.0 as usize - 1].to_vec();
            self.committed_by.clear();
            self.applied.resize(index.0 as usize, (Term::ZERO, 0, 0));
            return true;
        }
        node.at(self.base) == self.committed_at(self.base)
    }

    fn commit(&mut self, at: Seen, index: Index, term: Term) -> Option<Box<Violation>> {
        let node = at.node();
        let prefix = node.at(index)?;
        let known = index.min(self.last_committed());
        let is_forked = known > Index::ZERO && node.at(known) != self.committed_at(known);
        let was_forked = self.forked.contains(at.id);
        self.forked.remove(at.id);
        if is_forked {
            self.forked.insert(at.id);
            if was_forked {
                return None;
            }
            let sentence = format!(
                "{} committed another entry at index {known} than the one that is committed.",
                at.id
            );
            let earlier = [self.record_of(known)];
            return Some(at.violates(Property::StateMachineSafety, sentence, earlier));
        }
        if index <= self.last_committed() {
            return None;
        }
        self.committed.extend_from_slice(&node.log[self.committed.len()..index.0 as usize]);
        self.committed_by.push((index, at.record.number, term));
        self.quorum_of = at.shadow.committing(at.id, index, prefix);
        self.missed_by_later_leader(at, term, index, prefix)
            .or_else(|| scarce(at, self.quorum_of, index, prefix))
            .or_else(|| self.unsafe_commit(at, index, prefix))
    }

    /// A leader of a later term may have been elected before an entry is committed. It must hold the entry, too.
    fn missed_by_later_leader(
        &self,
        at: Seen,
        term: Term,
        index: Index,
        prefix: PrefixId,
    ) -> Option<Box<Violation>> {
        let missing = self.elected.iter().find(|elected| {
            elected.term > term
                && (elected.last_index < index
                    || at.shadow.chain.ancestor(elected.last, elected.last_index.0 - index.0)
                        != prefix)
        })?;
        let log = |index: Index| {
            let steps = missing.last_index.0.checked_sub(index.0)?;
            Some(at.shadow.chain.ancestor(missing.last, steps))
        };
        Some(self.incomplete(at, missing.node, missing.term, log, [missing.record]))
    }

    fn apply(
        &mut self,
        at: Seen,
        before: Index,
        index: Index,
        (term, content): (Term, u64),
    ) -> Option<Box<Violation>> {
        if index != before.next() {
            let sentence = format!("{} applied index {index} after index {before}.", at.id);
            return Some(at.violates(Property::StateMachineSafety, sentence, []));
        }
        let place = before.0 as usize;
        match self.applied.get(place) {
            None | Some((.., 0)) => {
                // A state machine may have come from a snapshot of what nobody applied, or had applied something before disks were
                // destroyed that is not known again: what lies before it stays unknown.
                if place < self.applied.len() + GAP_MAX {
                    self.applied.resize(self.applied.len().max(place + 1), (Term::ZERO, 0, 0));
                    self.applied[place] = (term, content, at.record.number);
                }
                None
            }
            Some((first_term, first_content, _))
                if (*first_term, *first_content) == (term, content) =>
            {
                None
            }
            Some((_, _, first)) => {
                let sentence =
                    format!("{} applied another entry at index {index} than others.", at.id);
                Some(at.violates(Property::StateMachineSafety, sentence, [*first]))
            }
        }
    }

    /// 5.4.2, 5.4.3: if nobody spoke any more but a node that lacks the entry, and those whose logs are no more up to date than its own,
    /// it would be elected if these are a majority, and the committed entry would be lost. A run could go on like this at any moment, so
    /// it must not be possible at this one.
    fn unsafe_commit(&self, at: Seen, index: Index, prefix: PrefixId) -> Option<Box<Violation>> {
        let last = |node: NodeId| (at.shadow.last_term(node), at.shadow.node(node).last_index());
        let lacking = at.shadow.nodes().filter(|(_, node)| node.at(index) != Some(prefix));
        lacking.map(|(lacking, _)| lacking).find_map(|candidate| {
            let own = last(candidate);
            let configuration = at.shadow.standing(candidate, self.commit_index(candidate));
            let voters = configuration.voting().iter().filter(|voter| last(*voter) <= own).collect();
            let votes = Tally::of(configuration, voters);
            votes.is_majority().then(|| {
                let sentence = format!(
                    "{} committed index {index}, but {candidate} lacks it, and could be elected by {} of {} nodes.",
                    at.id, votes.has, votes.of
                );
                let theirs = at.shadow.node(candidate).at(own.1).unwrap_or(PrefixId::ROOT);
                let evidence = [at.shadow.chain.link(prefix).record, at.shadow.chain.link(theirs).record];
                at.violates(Property::SafeCommit, sentence, evidence)
            })
        })
    }

    /// A disk lost entries. What is committed must still be on a majority of disks.
    fn shrink(&self, at: Seen, change: Change) -> Option<Box<Violation>> {
        let Change::DiskShrank(from) = change else { return None };
        let last = self.last_committed();
        if from > last {
            return None;
        }
        let copies = at.shadow.copies(last, self.committed_at(last)?, self.quorum_of);
        (!copies.is_majority()).then(|| {
            let what = match at.record.kind {
                Kind::Boot { .. } => "came back without its disk".into(),
                _ => format!("removed its log from index {from} on"),
            };
            let sentence = format!(
                "{} {what}, and index {last}, which is committed, is on {} of {} disks.",
                at.id, copies.has, copies.of
            );
            at.violates(Property::Durability, sentence, [self.record_of(last)])
        })
    }
}

/// A commit index never goes back, and never past the log.
fn not_past_the_log(at: Seen, (before, index): (Index, Index)) -> Option<Box<Violation>> {
    let (id, last) = (at.id, at.node().last_index());
    let sentence = if index < before {
        format!("{id} took its commit index back from {before} to {index}.")
    } else if index > last {
        format!("{id} committed index {index}, but its log ends at index {last}.")
    } else {
        return None;
    };
    Some(at.violates(Property::MonotonicCommit, sentence, []))
}

/// What is committed must be on a majority of disks.
fn scarce(
    at: Seen,
    configuration: Configuration,
    index: Index,
    prefix: PrefixId,
) -> Option<Box<Violation>> {
    let copies = at.shadow.copies(index, prefix, configuration);
    (!copies.is_majority()).then(|| {
        let sentence = format!(
            "{} committed index {index}, which is on {} of {} disks: no majority.",
            at.id, copies.has, copies.of
        );
        let appended = at.shadow.chain.link(prefix).record;
        at.violates(Property::Durability, sentence, [appended])
    })
}
