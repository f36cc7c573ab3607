//! Which nodes a target means at the moment when a fault strikes or a request is made.

use crate::ids::{NodeId, NodeSet};
use crate::node::{Node, Role};
use crate::plan::fault::Transfer;
use crate::plan::{Fault, Target};
use crate::rng::scale;
use crate::sim::Sim;

/// What decides, besides the state of the cluster, which nodes the targets of one strike of a fault are.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    /// The node at which the situation occurred that the fault waited for.
    pub trigger: Option<NodeId>,
    /// Chooses among the nodes that it strikes, and those of the groups of a split.
    pub struck: u64,
    /// Chooses among the nodes at the other end: those that a cut or a link leads to, and those to which a leader may hand over.
    pub other: u64,
}

impl<N: Node> Sim<'_, '_, N> {
    /// The nodes that a fault strikes: those that it names first, or all.
    pub(super) fn struck(&self, fault: &Fault, aim: Aim) -> NodeSet {
        match fault.targets().first() {
            Some((_, target)) => self.resolve(target, aim.trigger, aim.struck),
            None => NodeSet::first(self.plan.cluster.nodes),
        }
    }

    /// To whom a leader is to hand over.
    pub(super) fn transferee(&self, transfer: &Transfer, aim: Aim) -> Option<NodeId> {
        let candidates = self.resolve(&transfer.to, aim.trigger, aim.other);
        some_of(candidates, 1, aim.other).iter().next()
    }

    /// The nodes that a target means now. A random choice is made by `word`.
    pub(super) fn resolve(&self, target: &Target, trigger: Option<NodeId>, word: u64) -> NodeSet {
        let all = NodeSet::first(self.plan.cluster.nodes);
        let minority = (all.len() - 1) / 2;
        match target {
            Target::Nodes(nodes) => nodes.iter().copied().collect(),
            Target::Leader => self.latest_leader(),
            Target::Follower => some_of(self.live().without(self.latest_leader()), 1, word),
            Target::Candidate => {
                let candidates = self.with_role(Role::Candidate);
                some_of(candidates.union(self.with_role(Role::PreCandidate)), 1, word)
            }
            Target::AllButLeader => all.without(self.latest_leader()),
            Target::AllButLeaders => all.without(self.with_role(Role::Leader)),
            Target::Connected => self.connected(),
            Target::Trigger => trigger.map_or(NodeSet::EMPTY, NodeSet::only),
            Target::Anyone => some_of(all, 1, word),
            Target::Everyone => all,
            Target::Minority => some_of(all, minority, word),
            Target::LeaderSide => {
                let leader = self.latest_leader();
                if leader.is_empty() {
                    return leader;
                }
                // With the leader they are a minority.
                let others = minority.saturating_sub(1);
                leader.union(some_of(all.without(leader), others, word))
            }
            Target::Majority => some_of(all, all.len() / 2 + 1, word),
        }
    }

    fn live(&self) -> NodeSet {
        let all = NodeSet::first(self.plan.cluster.nodes);
        all.iter().filter(|node| self.hosts[node.slot()].is_up()).collect()
    }

    /// The live nodes in this role.
    fn with_role(&self, role: Role) -> NodeSet {
        self.live().iter().filter(|node| self.hosts[node.slot()].status().role == role).collect()
    }

    /// The live leader of the latest term, if there is one.
    fn latest_leader(&self) -> NodeSet {
        let leaders = self.with_role(Role::Leader);
        let latest = leaders.iter().max_by_key(|it| (self.hosts[it.slot()].status().term, *it));
        latest.map_or(NodeSet::EMPTY, NodeSet::only)
    }

    /// Live nodes that hear a majority, and that a majority hears.
    fn connected(&self) -> NodeSet {
        let live = self.live();
        let linked = |one, two| !self.network.is_cut(one, two) && !self.network.is_cut(two, one);
        let reached = |node| live.iter().filter(|other| linked(node, *other)).count();
        let majority = usize::from(self.plan.cluster.nodes) / 2 + 1;
        live.iter().filter(|node| reached(*node) >= majority).collect()
    }
}

/// So many members of a set, chosen by a word.
pub(super) fn some_of(set: NodeSet, count: usize, word: u64) -> NodeSet {
    let mut members: Vec<NodeId> = set.iter().collect();
    let mut state = word;
    let mut chosen = NodeSet::EMPTY;
    while chosen.len() < count && !members.is_empty() {
        let place = scale(state, members.len() as u64) as usize;
        chosen.insert(members.swap_remove(place));
        state = state.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (state >> 29);
    }
    chosen
}
