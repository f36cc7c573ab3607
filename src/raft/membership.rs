//! The configuration that a node goes by, and changes of it: by one server at a time (thesis 4.1), or by joint consensus (section 6).
//!
//! A configuration is an entry of the log, and a node goes by the latest in its log, committed or not (thesis 4.1). What is removed from
//! the log is undone here; what is compacted becomes the base, as snapshots carry it.

use crate::configuration::{Change, Configuration};
use crate::ids::{Index, NodeId, Term};
use crate::log::{Command, Entry};
use crate::raft::core::Core;

/// The configurations of a node's log.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The latest: what counts.
    pub latest: Configuration,
    /// With whom the cluster began.
    initial: Configuration,
    /// What counted where the log begins.
    base: Configuration,
    /// Those in the log, by ascending index.
    changes: Vec<(Index, Configuration)>,
}

impl Membership {
    /// A cluster whose log has no configuration yet.
    pub fn new(initial: Configuration) -> Membership {
        Membership { latest: initial, initial, base: initial, changes: Vec::new() }
    }

    /// Where the latest configuration sits in the log; zero if it is older than the log.
    pub fn index(&self) -> Index {
        self.changes.last().map_or(Index::ZERO, |(index, _)| *index)
    }

    /// The configuration as of an index that is not compacted.
    pub fn at(&self, index: Index) -> Configuration {
        let known = self.changes.iter().rev().find(|(at, _)| *at <= index);
        known.map_or(self.base, |(_, configuration)| *configuration)
    }

    /// An entry was added to the log.
    #[inline]
    pub fn append(&mut self, index: Index, entry: &Entry) {
        if let Command::Configure(configuration) = entry.command {
            self.changes.push((index, configuration));
            self.latest = configuration;
        }
    }

    /// The entry at an index and all behind it were removed.
    pub fn truncate(&mut self, from: Index) {
        self.changes.retain(|(index, _)| *index < from);
        self.latest = self.at(from);
    }

    /// The entries up to an index were compacted.
    pub fn compact(&mut self, upto: Index) {
        self.base = self.at(upto);
        self.changes.retain(|(index, _)| *index > upto);
    }

    /// The log is empty: of a snapshot that took its place, the configuration counts, and without one that with which the cluster began.
    pub fn replace(&mut self, snapshot: Option<Configuration>) {
        self.base = snapshot.unwrap_or(self.initial);
        self.latest = self.base;
        self.changes.clear();
    }

    /// Whether a node may stand for election: a voter by a configuration that may be in force, the last that is known to be committed or
    /// any later one. Thesis 4.2.2: until the new configuration is committed, the server that it removes may be the only one that can win;
    /// after a restart less is known to be committed than is.
    pub fn may_stand(&self, node: NodeId, commit_index: Index) -> bool {
        let later = self.changes.iter().filter(|(index, _)| *index > commit_index);
        let mut in_force = later.map(|(_, it)| *it).chain([self.at(commit_index)]);
        in_force.any(|configuration| configuration.voting().contains(node))
    }
}

impl Core {
    /// The configuration that counts.
    pub fn configuration(&self) -> Configuration {
        self.membership.latest
    }

    /// Whether this node may stand for election.
    pub fn may_stand(&self) -> bool {
        self.membership.may_stand(self.id, self.commit_index) && !self.disk_failed
    }

    /// Whether this node votes at all. Its own log may be the one that is late, so it does (thesis 4.1).
    pub fn may_vote(&self) -> bool {
        self.configuration().voting().contains(self.id) || !self.rules().votes_by_its_own_log()
    }

    /// Whether the configuration that counts is known to be committed.
    fn is_settled(&self) -> bool {
        self.membership.index() <= self.commit_index
    }

    /// Thesis 4.2.2: a leader that is not in the configuration leads until that is committed.
    pub fn must_leave(&self) -> bool {
        let removed = !self.configuration().voting().contains(self.id) && self.is_settled();
        self.rules().leaves_once_removed(removed)
    }

    /// The configuration that a change gives, if the leader may make it now.
    pub fn change(&self, change: Change) -> Option<Configuration> {
        let committed_term = self.log.term_at(self.commit_index).unwrap_or(Term::ZERO);
        let known = change.nodes().iter().all(|node| node.slot() < self.progress.len());
        let may = known
            && self.rules().changes_after_own_commit(committed_term, self.current_term)
            && self.rules().changes_one_at_a_time(self.is_settled());
        let next = self.configuration().after(change).filter(|_| may)?;
        Some(self.rules().enters(next))
    }

    /// Thesis 4.2.1: whether each learner that would be a voter in a configuration holds all that this leader knows to be committed.
    pub fn are_caught_up(&self, configuration: Configuration) -> bool {
        let promoted = configuration.voters.intersection(self.configuration().learners);
        promoted.iter().all(|it| self.progress[it.slot()].match_index >= self.commit_index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeSet;
    use crate::log::RequestId;

    fn entry(voters: u8) -> Entry {
        let command = Command::Configure(Configuration::of(NodeSet::first(voters)));
        Entry { term: Term(1), request: RequestId::NONE, command }
    }

    fn voters(membership: &Membership) -> usize {
        membership.latest.voters.len()
    }

    #[test]
    fn the_latest_counts_and_what_is_removed_is_undone() {
        let mut membership = Membership::new(Configuration::of(NodeSet::first(3)));
        membership.append(Index(2), &Entry::noop(Term(1)));
        membership.append(Index(4), &entry(4));
        membership.append(Index(7), &entry(5));
        assert_eq!((voters(&membership), membership.index()), (5, Index(7)));
        membership.truncate(Index(8));
        assert_eq!(voters(&membership), 5);
        membership.truncate(Index(7));
        assert_eq!((voters(&membership), membership.index()), (4, Index(4)));
        membership.truncate(Index(1));
        assert_eq!((voters(&membership), membership.index()), (3, Index::ZERO));
    }

    #[test]
    fn what_is_compacted_still_counts() {
        let mut membership = Membership::new(Configuration::of(NodeSet::first(3)));
        membership.append(Index(4), &entry(4));
        membership.append(Index(7), &entry(5));
        membership.compact(Index(5));
        assert_eq!((voters(&membership), membership.at(Index(5)).voters.len()), (5, 4));
        membership.truncate(Index(6));
        assert_eq!(voters(&membership), 4);
        membership.replace(Some(Configuration::of(NodeSet::first(7))));
        assert_eq!((voters(&membership), membership.index()), (7, Index::ZERO));
        membership.replace(None);
        assert_eq!(voters(&membership), 3);
    }

    #[test]
    fn who_is_removed_may_stand_until_that_is_committed() {
        let mut membership = Membership::new(Configuration::of(NodeSet::first(3)));
        membership.append(Index(4), &entry(2));
        let third = NodeId::new(3);
        assert!(membership.may_stand(third, Index(3)));
        assert!(!membership.may_stand(third, Index(4)));
        assert!(!membership.may_stand(NodeId::new(4), Index::ZERO));
        // It became a voter, and is removed; after a restart neither is known to be committed.
        let mut membership = Membership::new(Configuration::of(NodeSet::first(2)));
        membership.append(Index(4), &entry(3));
        membership.append(Index(7), &entry(2));
        assert!(membership.may_stand(third, Index(3)));
        assert!(!membership.may_stand(third, Index(7)));
    }
}
