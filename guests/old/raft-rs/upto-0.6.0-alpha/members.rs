//! Configurations and their changes in the words of raft-rs 0.6.0-alpha: one server at a time.

use raft::eraftpb::{ConfChange, ConfChangeType, ConfState};

use crate::configuration::Configuration;
use crate::ids::NodeSet;

fn numbers(set: NodeSet) -> Vec<u64> {
    set.iter().map(|node| node.number().into()).collect()
}

/// A configuration.
pub fn conf_state(members: Configuration) -> ConfState {
    let mut state = ConfState::default();
    state.set_nodes(numbers(members.voters));
    state.set_learners(numbers(members.learners));
    state
}

/// The change that makes one configuration of another.
pub fn change(before: Configuration, after: Configuration) -> ConfChange {
    let parts = [
        (after.voters.without(before.voters), ConfChangeType::AddNode),
        (after.learners.without(before.learners), ConfChangeType::AddLearnerNode),
        (before.members().without(after.members()), ConfChangeType::RemoveNode),
    ];
    let mut change = ConfChange::default();
    for (nodes, kind) in parts {
        if let Some(node) = nodes.iter().next() {
            change.node_id = node.number().into();
            change.set_change_type(kind);
        }
    }
    change
}
