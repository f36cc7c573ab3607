//! Which nodes a target means at the moment when a fault strikes or a request is made, and which links a partition cuts.

use crate::ids::{NodeId, NodeSet};
use crate::node::{Node, Role};
use crate::plan::fault::{Direction, Transfer};
use crate::plan::{Action, Fault, Target};
use crate::rng::scale;
use crate::sim::Sim;
use crate::world::access::{Groups, Line, Way};

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

/// A partition of the network, as it is while its fault is in force.
pub(super) enum Partition {
    /// Nodes of one group hear each other, and no others.
    Groups(Vec<NodeSet>),
    /// These nodes do not hear others, or are not heard, or both.
    Isolated(NodeSet, Direction),
    /// The former are not heard by the latter.
    Cut { from: NodeSet, to: NodeSet },
    /// The bridge hears all, and is heard by all; of the others only these hear each other, and so do the rest.
    Bridge { bridge: NodeSet, half: NodeSet },
    /// Each node hears the one before it and the one behind it; node 1 is behind the last.
    Ring { nodes: u8 },
}

impl Partition {
    /// Whether messages get from one node to another.
    fn lets_through(&self, from: NodeId, to: NodeId) -> bool {
        match self {
            Partition::Groups(groups) => {
                groups.iter().any(|group| group.contains(from) && group.contains(to))
            }
            Partition::Isolated(nodes, direction) => {
                let is_deaf = nodes.contains(to) && *direction != Direction::Outbound;
                let is_mute = nodes.contains(from) && *direction != Direction::Inbound;
                !is_deaf && !is_mute
            }
            Partition::Cut { from: senders, to: receivers } => {
                !(senders.contains(from) && receivers.contains(to))
            }
            Partition::Bridge { bridge, half } => {
                let by_bridge = bridge.contains(from) || bridge.contains(to);
                by_bridge || half.contains(from) == half.contains(to)
            }
            Partition::Ring { nodes } => {
                let distance = (from.number() + nodes - to.number()) % nodes;
                distance == 1 || distance == nodes - 1
            }
        }
    }

    /// The links of a cluster of so many nodes that it cuts, each from a sender to a receiver.
    pub(super) fn cuts(&self, nodes: u8) -> Vec<(NodeId, NodeId)> {
        let all = NodeSet::first(nodes);
        let links = all
            .iter()
            .flat_map(|from| all.without(NodeSet::only(from)).iter().map(move |to| (from, to)));
        links.filter(|(from, to)| !self.lets_through(*from, *to)).collect()
    }
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

    /// What a fault that strikes these nodes makes of the network, if it is a partition.
    pub(super) fn partition(&self, fault: &Fault, targets: NodeSet, aim: Aim) -> Option<Partition> {
        let nodes = self.plan.cluster.nodes;
        let all = NodeSet::first(nodes);
        match &fault.action {
            Action::Split(split) => {
                let mut left = all;
                let mut groups: Vec<NodeSet> = Vec::new();
                for target in &split.groups {
                    let named = self.resolve(target, aim.trigger, aim.struck);
                    groups.push(named.intersection(left));
                    left = left.without(named);
                }
                groups.push(left);
                Some(Partition::Groups(groups))
            }
            Action::Isolate(isolate) => Some(Partition::Isolated(targets, isolate.direction)),
            Action::Cut(cut) if cut.selection().is_all() => {
                let to = self.resolve(&cut.to, aim.trigger, aim.other);
                Some(Partition::Cut { from: targets, to })
            }
            Action::Bridge => {
                let rest = all.without(targets);
                let half = rest.iter().take(rest.len() / 2).collect();
                Some(Partition::Bridge { bridge: targets, half })
            }
            Action::Ring => Some(Partition::Ring { nodes }),
            _ => None,
        }
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
            Target::Clients(_) => NodeSet::EMPTY,
        }
    }

    /// The groups of clients that a target means; none if it means nodes.
    pub(super) fn clients_of(&self, target: &Target) -> Groups {
        let Target::Clients(name) = target else { return Groups::NONE };
        if name.is_empty() {
            return Groups::ALL;
        }
        let place = self.plan.client_groups.iter().position(|group| group.name == *name);
        place.map_or(Groups::NONE, |place| Groups::only(place + 1))
    }

    /// The clients that a fault strikes.
    pub(super) fn struck_clients(&self, fault: &Fault) -> Groups {
        fault.targets().first().map_or(Groups::NONE, |(_, target)| self.clients_of(target))
    }

    /// The lines between clients and nodes that a fault cuts which strikes these nodes, or clients.
    pub(super) fn lines(&self, fault: &Fault, targets: NodeSet, aim: Aim) -> Vec<Line> {
        let clients = self.struck_clients(fault);
        let (groups, nodes, ways) = match &fault.action {
            Action::Cut(cut) if !clients.is_empty() => {
                let to = self.resolve(&cut.to, aim.trigger, aim.other);
                (clients, to, &[Way::There][..])
            }
            Action::Cut(cut) => (self.clients_of(&cut.to), targets, &[Way::Back][..]),
            Action::Isolate(isolate) => {
                let (heard, hears) = (&[Way::There][..], &[Way::Back][..]);
                // What clients send is what nodes hear.
                let (outbound, inbound) =
                    if clients.is_empty() { (hears, heard) } else { (heard, hears) };
                let ways = match isolate.direction {
                    Direction::Both => &[Way::There, Way::Back][..],
                    Direction::Inbound => inbound,
                    Direction::Outbound => outbound,
                };
                match () {
                    () if !clients.is_empty() => {
                        (clients, NodeSet::first(self.plan.cluster.nodes), ways)
                    }
                    () if isolate.clients => (Groups::ALL, targets, ways),
                    () => return Vec::new(),
                }
            }
            _ => return Vec::new(),
        };
        let mut lines = Vec::new();
        for group in (0..self.client_options.len()).filter(|place| groups.contains(*place)) {
            for node in nodes.iter() {
                lines.extend(ways.iter().map(|way| Line { group, node, way: *way }));
            }
        }
        lines
    }

    fn live(&self) -> NodeSet {
        let all = NodeSet::first(self.plan.cluster.nodes);
        all.iter().filter(|node| self.hosts[node.slot()].is_up()).collect()
    }

    /// The live nodes in this role.
    fn with_role(&self, role: Role) -> NodeSet {
        self.live().iter().filter(|node| self.hosts[node.slot()].status.role == role).collect()
    }

    /// The live leader of the latest term, if there is one.
    fn latest_leader(&self) -> NodeSet {
        let leaders = self.with_role(Role::Leader);
        let latest = leaders.iter().max_by_key(|it| (self.hosts[it.slot()].status.term, *it));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().copied().map(NodeId::new).collect()
    }

    /// The links that are cut among nodes, as pairs of numbers.
    fn cuts(partition: &Partition, nodes: u8) -> Vec<(u8, u8)> {
        partition.cuts(nodes).iter().map(|(from, to)| (from.number(), to.number())).collect()
    }

    #[test]
    fn each_partition_cuts_its_links() {
        let groups = Partition::Groups(vec![set(&[1]), set(&[2, 3])]);
        assert_eq!(cuts(&groups, 3), [(1, 2), (1, 3), (2, 1), (3, 1)]);
        let one = set(&[2]);
        let isolated = |direction| cuts(&Partition::Isolated(one, direction), 3);
        assert_eq!(isolated(Direction::Both), [(1, 2), (2, 1), (2, 3), (3, 2)]);
        assert_eq!(isolated(Direction::Inbound), [(1, 2), (3, 2)]);
        assert_eq!(isolated(Direction::Outbound), [(2, 1), (2, 3)]);
        assert_eq!(cuts(&Partition::Cut { from: one, to: set(&[1, 2]) }, 3), [(2, 1)]);
        let bridge = Partition::Bridge { bridge: one, half: set(&[1]) };
        assert_eq!(cuts(&bridge, 3), [(1, 3), (3, 1)]);
        assert_eq!(cuts(&Partition::Ring { nodes: 4 }, 4), [(1, 3), (2, 4), (3, 1), (4, 2)]);
    }
}
