//! Configurations and their changes in raft-rs's words.
//!
//! raft-rs decides by a configuration when it is applied, not when it is appended. Its entries say what changes; squall's say what comes
//! of it. So an entry carries squall's content beside the change, and who applies it works the change out from the two configurations.

use raft::eraftpb::{
    ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2, ConfState,
};

use crate::configuration::Configuration;
use crate::ids::NodeSet;

fn numbers(set: NodeSet) -> Vec<u64> {
    set.iter().map(|node| node.number().into()).collect()
}

/// A configuration. A learner that still votes for the old configuration is one of the next learners.
pub fn conf_state(members: Configuration) -> ConfState {
    let mut state = ConfState::default();
    state.set_voters(numbers(members.voters));
    state.set_voters_outgoing(numbers(members.outgoing));
    state.set_learners(numbers(members.learners.without(members.outgoing)));
    state.set_learners_next(numbers(members.learners.intersection(members.outgoing)));
    state.auto_leave = members.auto_leave;
    state
}

/// The change that makes one configuration of another.
pub fn change(before: Configuration, after: Configuration) -> ConfChangeV2 {
    let mut change = ConfChangeV2::default();
    if before.is_joint() {
        // To leave is to change nothing else.
        return change;
    }
    if after.is_joint() {
        change.set_transition(match after.auto_leave {
            true => ConfChangeTransition::Implicit,
            false => ConfChangeTransition::Explicit,
        });
    }
    let gone = before.members().without(after.voters).without(after.learners);
    let parts = [
        (after.voters.without(before.voters), ConfChangeType::AddNode),
        (after.learners.without(before.learners), ConfChangeType::AddLearnerNode),
        (gone, ConfChangeType::RemoveNode),
    ];
    let single = |(nodes, kind): (NodeSet, ConfChangeType)| {
        numbers(nodes).into_iter().map(move |node_id| {
            let mut single = ConfChangeSingle { node_id, ..ConfChangeSingle::default() };
            single.set_change_type(kind);
            single
        })
    };
    let singles: Vec<ConfChangeSingle> = parts.into_iter().flat_map(single).collect();
    change.set_changes(singles.into());
    change
}

#[cfg(test)]
mod tests {
    use raft::prelude::*;
    use raft::storage::MemStorage;

    use super::*;
    use crate::configuration::{Change, Several};
    use crate::ids::NodeId;

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().fold(NodeSet::EMPTY, |set, node| set.union(NodeSet::only(NodeId::new(*node))))
    }

    /// What raft-rs makes of a change is what squall makes of it.
    fn check(before: Configuration, wanted: Change) -> Configuration {
        let after = before.after(wanted).expect("it changes something");
        let storage = MemStorage::new_with_conf_state(conf_state(before));
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let mut node =
            RawNode::new(&Config::new(1), storage, &logger).expect("the configuration is sound");
        let state = node.apply_conf_change(&change(before, after)).expect("it may be applied");
        let mut sorted = state.clone();
        [&mut sorted.voters, &mut sorted.voters_outgoing].into_iter().for_each(|it| it.sort());
        [&mut sorted.learners, &mut sorted.learners_next].into_iter().for_each(|it| it.sort());
        assert_eq!(sorted, conf_state(after), "{before:?} by {wanted:?}");
        after
    }

    #[test]
    fn raft_rs_makes_the_same_of_every_change() {
        let three = Configuration::of(set(&[1, 2, 3]));
        let four = check(three, Change::Add(NodeId::new(4)));
        check(four, Change::Remove(NodeId::new(2)));
        let learning = check(three, Change::AddLearner(NodeId::new(4)));
        check(learning, Change::Promote(NodeId::new(4)));
        check(learning, Change::Remove(NodeId::new(4)));
        for auto_leave in [false, true] {
            let several = Several {
                add: set(&[4, 5]),
                add_learners: set(&[2]),
                remove: set(&[1]),
                auto_leave,
            };
            let joint = check(three, Change::Enter(several));
            check(joint, Change::Leave);
            let one = Several { add: set(&[4]), auto_leave, ..Several::default() };
            let joint = check(learning, Change::Enter(one));
            check(joint, Change::Leave);
        }
    }
}
