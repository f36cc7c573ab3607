//! Configurations and their changes in openraft's words.
//!
//! openraft goes by a membership as soon as it is in the log, and its entries say what comes of a change, as squall's do. A change of
//! voters always goes by joint consensus: the leader that was asked appends the joint membership, and when that is committed the uniform
//! one.

use std::collections::{BTreeMap, BTreeSet};

use openraft::ChangeMembers;

use super::library::Membership;
use crate::configuration::{Change, Configuration, Several};
use crate::ids::{NodeId, NodeSet};

fn ids(set: NodeSet) -> BTreeSet<u64> {
    set.iter().map(|node| node.number().into()).collect()
}

fn nodes(set: NodeSet) -> BTreeMap<u64, ()> {
    set.iter().map(|node| (node.number().into(), ())).collect()
}

fn set(ids: impl IntoIterator<Item = u64>) -> NodeSet {
    ids.into_iter().map(|id| NodeId::new(id as u8)).collect()
}

/// A configuration as a membership.
///
/// # Panics
///
/// If it is not sound: squall made it.
pub fn membership(members: Configuration) -> Membership {
    let mut configs = vec![ids(members.voters)];
    if members.is_joint() {
        configs.insert(0, ids(members.outgoing));
    }
    Membership::new(configs, nodes(members.members())).expect("the configuration is sound")
}

/// A membership as a configuration. Who is no voter of either half learns.
pub fn configuration(membership: &Membership) -> Configuration {
    let halves = membership.get_joint_config();
    let half = |place: usize| halves.get(place).map(|half| set(half.iter().copied()));
    let voters = half(halves.len().saturating_sub(1)).unwrap_or_default();
    let outgoing = if halves.len() > 1 { half(0).unwrap_or_default() } else { NodeSet::EMPTY };
    let all = set(membership.nodes().map(|(id, ())| *id));
    let learners = all.without(voters).without(outgoing);
    Configuration { voters, outgoing, learners, auto_leave: false }
}

/// What is asked of openraft for a change: what to change, and whether voters that leave stay as learners; and then what else.
pub fn changes(members: Configuration, change: Change) -> Vec<(ChangeMembers<u64, ()>, bool)> {
    let only = NodeSet::only;
    match change {
        Change::Add(node) => vec![(ChangeMembers::AddVoters(nodes(only(node))), true)],
        Change::AddLearner(node) => vec![(ChangeMembers::AddNodes(nodes(only(node))), true)],
        Change::Promote(node) => vec![(ChangeMembers::AddVoterIds(ids(only(node))), true)],
        Change::Remove(node) if members.voters.contains(node) => {
            vec![(ChangeMembers::RemoveVoters(ids(only(node))), false)]
        }
        Change::Remove(node) => vec![(ChangeMembers::RemoveNodes(ids(only(node))), true)],
        Change::Leave => vec![(ChangeMembers::AddVoterIds(BTreeSet::new()), true)],
        Change::Enter(several) => enter(members, several),
        // No plan for openraft has it.
        Change::Force(_) => Vec::new(),
    }
}

/// Several at once. Voters that become learners stay, and so do for a while those that leave with them.
fn enter(members: Configuration, several: Several) -> Vec<(ChangeMembers<u64, ()>, bool)> {
    let Several { add, add_learners, remove, .. } = several;
    let voters = members.voters.union(add).without(add_learners).without(remove);
    let stays = !members.voters.intersection(add_learners).is_empty();
    let first = ChangeMembers::Batch(vec![
        ChangeMembers::AddNodes(nodes(add.union(add_learners))),
        ChangeMembers::ReplaceAllVoters(ids(voters)),
    ]);
    let mut all = vec![(first, stays)];
    let leaving = if stays { remove } else { remove.without(members.voters) };
    if !leaving.is_empty() {
        all.push((ChangeMembers::RemoveNodes(ids(leaving)), true));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_read_back() {
        let node = |number| NodeSet::only(NodeId::new(number));
        let three = Configuration::of(NodeSet::first(3));
        let learning = three.after(Change::AddLearner(NodeId::new(4))).expect("it changes");
        let several = Several { add: node(4), remove: node(1), ..Several::default() };
        let joint = learning.after(Change::Enter(several)).expect("it enters");
        for members in [three, learning, joint] {
            assert_eq!(configuration(&membership(members)), members);
        }
    }
}
