//! Who belongs to the cluster, and how that changes: plain data, for logs, records and snapshots.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, NodeSet};

/// The members of a cluster (section 6; thesis 4.1). The latest one in a node's log counts, committed or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// Who elects leaders and commits entries.
    pub voters: NodeSet,
    /// Who receives entries, but is asked for no vote and counts for no commit (thesis 4.2.1). No voter is one.
    pub learners: NodeSet,
}

/// One server added, promoted or removed: quorums of what is before and after have a node in common (thesis 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A new voter.
    Add(NodeId),
    /// A new learner.
    AddLearner(NodeId),
    /// A learner becomes a voter.
    Promote(NodeId),
    /// A voter or learner leaves.
    Remove(NodeId),
}

impl Configuration {
    /// Voters, and nobody else.
    pub const fn of(voters: NodeSet) -> Configuration {
        Configuration { voters, learners: NodeSet::EMPTY }
    }

    /// Whom a leader sends entries.
    pub const fn members(self) -> NodeSet {
        self.voters.union(self.learners)
    }

    /// The configuration after a change; none if there is nothing to change, or no voter would be left.
    pub fn after(self, change: Change) -> Option<Configuration> {
        let mut next = self;
        match change {
            Change::Add(node) | Change::Promote(node) => {
                next.learners.remove(node);
                next.voters.insert(node);
            }
            Change::AddLearner(node) if !self.voters.contains(node) => {
                next.learners.insert(node);
            }
            Change::AddLearner(_) => {}
            Change::Remove(node) => {
                next.learners.remove(node);
                next.voters.remove(node);
            }
        }
        let promotes_none =
            matches!(change, Change::Promote(node) if !self.learners.contains(node));
        (next != self && !next.voters.is_empty() && !promotes_none).then_some(next)
    }
}

impl Change {
    /// Whether somebody leaves.
    pub const fn removes(self) -> bool {
        matches!(self, Change::Remove(_))
    }

    /// Whom it is about.
    pub const fn node(self) -> NodeId {
        match self {
            Change::Add(node)
            | Change::AddLearner(node)
            | Change::Promote(node)
            | Change::Remove(node) => node,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_changes_nothing_is_none() {
        let three = Configuration::of(NodeSet::first(3));
        let node = NodeId::new;
        assert_eq!(three.after(Change::Add(node(3))), None);
        assert_eq!(three.after(Change::AddLearner(node(3))), None, "a voter stays one");
        assert_eq!(three.after(Change::Promote(node(4))), None, "it is no learner");
        assert_eq!(three.after(Change::Remove(node(4))), None);
        assert_eq!(Configuration::of(NodeSet::first(1)).after(Change::Remove(node(1))), None);
        let learning = three.after(Change::AddLearner(node(4))).expect("a new learner");
        assert_eq!((learning.voters, learning.members()), (NodeSet::first(3), NodeSet::first(4)));
        let four = learning.after(Change::Promote(node(4))).expect("promoted");
        assert_eq!(four, Configuration::of(NodeSet::first(4)));
    }
}
