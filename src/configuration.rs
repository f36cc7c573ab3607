//! Who belongs to the cluster, and how that changes: plain data, for logs, records and snapshots.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, NodeSet};
use crate::wire::{Wire, wire};

/// The members of a cluster (section 6; thesis 4.1). The latest one in a node's log counts, committed or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// Who elects leaders and commits entries.
    pub voters: NodeSet,
    /// Who receives entries, but is asked for no vote and counts for no commit (thesis 4.2.1). No voter is one. Who is in `outgoing`, too,
    /// votes for the old configuration until that is left.
    pub learners: NodeSet,
    /// In joint consensus (section 6) the voters of the old configuration: elections and commits take a majority of each.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub outgoing: NodeSet,
    /// Whether the leader leaves joint consensus as soon as this is committed, unasked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_leave: bool,
}

wire! { Configuration { voters, outgoing, learners, auto_leave } }

fn is_empty(set: &NodeSet) -> bool {
    set.is_empty()
}

/// Several servers added, made learners and removed at once, by way of joint consensus (section 6). None of the sets meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Several {
    /// New voters, be they learners or no members before.
    pub add: NodeSet,
    /// New learners, be they voters or no members before.
    pub add_learners: NodeSet,
    /// Who leaves.
    pub remove: NodeSet,
    /// Whether the new configuration follows by itself.
    pub auto_leave: bool,
}

/// A change: of one server, where quorums before and after have a node in common (thesis 4.1), or by way of joint consensus (section 6).
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
    /// Several at once: the cluster enters joint consensus.
    Enter(Several),
    /// The cluster leaves joint consensus.
    Leave,
    /// A node makes these the only members, and itself their leader, whatever the others say: where a majority is lost for good.
    Force(NodeSet),
}

impl Configuration {
    /// Voters, and nobody else.
    pub const fn of(voters: NodeSet) -> Configuration {
        let empty = NodeSet::EMPTY;
        Configuration { voters, learners: empty, outgoing: empty, auto_leave: false }
    }

    /// Whom a leader sends entries.
    pub const fn members(self) -> NodeSet {
        self.voting().union(self.learners)
    }

    /// Who is asked for votes: the voters, and in joint consensus the old ones, too.
    pub const fn voting(self) -> NodeSet {
        self.voters.union(self.outgoing)
    }

    /// Whether this is joint consensus.
    pub const fn is_joint(self) -> bool {
        !self.outgoing.is_empty()
    }

    /// The sets of voters of each of which a majority is needed: the new one, and in joint consensus the old one.
    pub fn halves(self) -> impl Iterator<Item = NodeSet> {
        [self.voters, self.outgoing].into_iter().filter(|half| !half.is_empty())
    }

    /// All of it in three words: voters; outgoing ones, with whether they are left by itself in the highest bit; learners.
    pub fn words(self) -> [u32; 3] {
        let auto = u32::from(self.auto_leave) << 31;
        [self.voters.bits(), self.outgoing.bits() | auto, self.learners.bits()]
    }

    /// The configuration after a change; none if there is nothing to change, or no voter would be left.
    pub fn after(self, change: Change) -> Option<Configuration> {
        if let Change::Force(voters) = change {
            return (!voters.is_empty()).then_some(Configuration::of(voters));
        }
        if self.is_joint() {
            let leave = || Configuration { outgoing: NodeSet::EMPTY, auto_leave: false, ..self };
            return (change == Change::Leave).then(leave);
        }
        let mut next = self;
        match change {
            Change::Leave | Change::Force(_) => {}
            Change::Enter(Several { add, add_learners, remove, auto_leave }) => {
                let gone = add_learners.union(remove);
                next.voters = self.voters.union(add).without(gone);
                next.learners = self.learners.union(add_learners).without(add).without(remove);
                let same = (next.voters, next.learners) == (self.voters, self.learners);
                if !same {
                    (next.outgoing, next.auto_leave) = (self.voters, auto_leave);
                }
            }
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
        match self {
            Change::Remove(_) => true,
            Change::Enter(several) => !several.remove.is_empty(),
            Change::Force(_) => true,
            _ => false,
        }
    }

    /// Whom it is about.
    pub const fn nodes(self) -> NodeSet {
        match self {
            Change::Add(node)
            | Change::AddLearner(node)
            | Change::Promote(node)
            | Change::Remove(node) => NodeSet::only(node),
            Change::Enter(several) => several.add.union(several.add_learners).union(several.remove),
            Change::Force(voters) => voters,
            Change::Leave => NodeSet::EMPTY,
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

    #[test]
    fn a_joint_configuration_needs_both_halves_until_it_is_left() {
        let node = |number| NodeSet::only(NodeId::new(number));
        let three = Configuration::of(NodeSet::first(3));
        let several = Several {
            add: node(4).union(node(5)),
            add_learners: node(2),
            remove: node(1),
            auto_leave: true,
        };
        let joint = three.after(Change::Enter(several)).expect("it enters");
        assert_eq!(joint.outgoing, NodeSet::first(3));
        assert_eq!(joint.voters, node(3).union(node(4)).union(node(5)));
        assert_eq!(joint.members(), NodeSet::first(5));
        assert_eq!(joint.after(Change::Remove(NodeId::new(3))), None, "it has to leave first");
        assert_eq!(joint.after(Change::Enter(several)), None);
        let left = joint.after(Change::Leave).expect("it leaves");
        assert_eq!((left.learners, left.members().len()), (node(2), 4));
        assert_eq!(left.after(Change::Leave), None);
        let nobody = Several { remove: NodeSet::first(3), ..Several::default() };
        assert_eq!(three.after(Change::Enter(nobody)), None);
    }
}
