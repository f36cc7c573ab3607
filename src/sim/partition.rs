//! Which links a partition cuts.

use crate::ids::{NodeId, NodeSet};
use crate::node::Node;
use crate::plan::fault::Direction;
use crate::plan::{Action, Fault};
use crate::sim::Sim;
use crate::sim::targets::Aim;

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
            Action::Cut(cut) => {
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
