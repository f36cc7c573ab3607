//! What the twin judges of all that was ever so: elections, votes, logs, leaders, and the copies of what is committed.

use squall::configuration::Configuration;
use squall::ids::{NodeId, Term};
use squall::property::Property;

use super::{Entry, Twin, is_quorum};

impl Twin {
    pub(super) fn judge_elections(&mut self) {
        let two = |(place, (term, ..)): (usize, &(Term, NodeId, Vec<Entry>))| {
            self.elections[..place].iter().any(|other| other.0 == *term)
        };
        if self.elections.iter().enumerate().any(two) {
            self.broken.push(Property::ElectionSafety);
        }
        let twice = |(place, (node, term, vote)): (usize, &(NodeId, Term, NodeId))| {
            let mut earlier = self.votes[..place].iter();
            earlier.any(|other| other.0 == *node && other.1 == *term && other.2 != *vote)
        };
        if self.votes.iter().enumerate().any(twice) {
            self.broken.push(Property::OneVote);
        }
    }

    /// How many elections, votes and commits there are.
    pub(super) fn known(&self) -> [usize; 3] {
        [self.elections.len(), self.votes.len(), self.commits.len()]
    }

    /// Log matching, of the log that may have changed with all that are or were.
    pub(super) fn judge_logs(&mut self, id: NodeId) {
        let log = &self.nodes[id.slot()].log;
        let others = self.nodes.iter().map(|node| &node.log).chain(&self.lost_logs);
        let differs = |other: &Vec<Entry>| {
            let shared = log.len().min(other.len());
            let last = (0..shared).rev().find(|index| log[*index].0 == other[*index].0);
            last.is_some_and(|last| log[..=last] != other[..=last])
        };
        if others.into_iter().any(differs) {
            self.broken.push(Property::LogMatching);
        }
        for (place, (index, entry)) in self.applied.iter().enumerate().rev().take(1) {
            let mut earlier = self.applied[..place].iter();
            if earlier.any(|(other, applied)| other == index && applied != entry) {
                self.broken.push(Property::StateMachineSafety);
            }
        }
    }

    pub(super) fn judge_leaders(&mut self) {
        let unknown = self.unknown_upto();
        let incomplete = |(term, _, log): &(Term, NodeId, Vec<Entry>)| {
            if *term <= unknown {
                return false;
            }
            let mut commits = self.commits.iter();
            commits.any(|(committed, _, prefix)| committed < term && !log.starts_with(prefix))
        };
        if self.elections.iter().any(incomplete) {
            self.broken.push(Property::LeaderCompleteness);
        }
    }

    pub(super) fn judge_copies(&mut self) {
        let scarce = |(_, members, prefix): &(Term, Configuration, Vec<Entry>)| {
            !is_quorum(*members, |id| {
                let node = &self.nodes[id.slot()];
                node.disk.starts_with(prefix) || node.snapshot.starts_with(prefix)
            })
        };
        if self.commits.last().is_some_and(scarce) {
            self.broken.push(Property::Durability);
        }
    }
}
