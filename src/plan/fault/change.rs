//! Changes of the members of the cluster, as an operator asks for them.

use crate::configuration::{Change, Several};
use crate::ids::NodeId;
use crate::plan::table::table;

table! {
    /// A change of the members of the cluster: one of the seven is there.
    pub struct MemberChange {
        /// This node becomes a voter, be it a learner or no member.
        add: Option<NodeId>,
        /// This node becomes a learner: it receives entries, but is asked for no vote and counts for no commit.
        add_learner: Option<NodeId>,
        /// This learner becomes a voter.
        promote: Option<NodeId>,
        /// This voter or learner leaves.
        remove: Option<NodeId>,
        /// Several change at once, by way of joint consensus (section 6).
        joint: Option<Joint>,
        /// Joint consensus is left, which is not left by itself.
        leave: bool,
        /// These become the only members, and the node that is told their leader, without asking anybody: what etcd does with
        /// `--force-new-cluster` where a majority is lost for good. `target` is one of them, by number. What the lost majority knew is gone
        /// and both may live on, so that from then on little is judged. squall's own Raft only.
        force: Vec<NodeId>,
    }

    /// Several servers change at once: from when the leader has appended it, elections and commits take a majority of the old voters and
    /// one of the new ones. Each node is named once.
    pub struct Joint {
        /// These become voters.
        add: Vec<NodeId>,
        /// These become learners; voters among them vote for the old configuration until it is left.
        add_learners: Vec<NodeId>,
        /// These leave.
        remove: Vec<NodeId>,
        /// Whether joint consensus is left only when somebody asks for that with `leave`; by default the leader leaves it by itself once it
        /// is committed.
        stay: bool,
    }
}

impl Joint {
    fn several(&self) -> Several {
        let set = |nodes: &[NodeId]| nodes.iter().copied().collect();
        Several {
            add: set(&self.add),
            add_learners: set(&self.add_learners),
            remove: set(&self.remove),
            auto_leave: !self.stay,
        }
    }

    /// All that are named, in order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.add.iter().chain(&self.add_learners).chain(&self.remove).copied()
    }
}

impl MemberChange {
    /// All changes that are named; in a valid plan there is one.
    pub fn changes(&self) -> impl Iterator<Item = Change> + Clone + use<> {
        let changes = [
            self.add.map(Change::Add),
            self.add_learner.map(Change::AddLearner),
            self.promote.map(Change::Promote),
            self.remove.map(Change::Remove),
            self.joint.as_ref().map(|joint| Change::Enter(joint.several())),
            self.leave.then_some(Change::Leave),
            (!self.force.is_empty()).then(|| Change::Force(self.force.iter().copied().collect())),
        ];
        changes.into_iter().flatten()
    }

    /// The nodes that are named, to be changed.
    pub fn nodes_mut(&mut self) -> impl Iterator<Item = &mut NodeId> {
        let MemberChange { add, add_learner, promote, remove, joint, leave: _, force } = self;
        let several =
            joint.iter_mut().flat_map(|it| [&mut it.add, &mut it.add_learners, &mut it.remove]);
        let one = [add, add_learner, promote, remove].into_iter().flatten();
        one.chain(several.flatten()).chain(force)
    }
}
