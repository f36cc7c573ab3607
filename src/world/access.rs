//! The links between clients and nodes, one each way for each group of clients and each node. What a message takes, and whether it is lost,
//! the client draws; here is what faults make of that.

use crate::ids::{NodeId, NodeSet};
use crate::plan::{Latency, LinkException};
use crate::time::Share;

/// The most groups of clients, those of `[clients]` among them.
pub const GROUPS_MAX: usize = 32;

/// Some groups of clients, by their places in the plan: `[clients]` is at place 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups(u32);

impl Groups {
    pub const NONE: Groups = Groups(0);
    pub const ALL: Groups = Groups(u32::MAX);

    /// Just the group at this place.
    pub fn only(place: usize) -> Groups {
        debug_assert!(place < GROUPS_MAX);
        Groups(1 << place)
    }

    pub fn contains(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A request, on its way to a node.
    There,
    /// An answer, on its way back.
    Back,
}

/// One way between one group of clients and one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub group: usize,
    pub node: NodeId,
    pub way: Way,
}

#[derive(Debug)]
pub struct Access {
    /// How many faults cut each line at this time.
    cuts: Vec<u32>,
    nodes: usize,
    /// Changes that are in force, in the order in which they came.
    changes: Vec<Change>,
}

/// What a fault changes on some lines.
#[derive(Debug)]
struct Change {
    fault: u32,
    groups: Groups,
    nodes: NodeSet,
    way: Way,
    link: LinkException,
}

impl Access {
    /// The links of so many groups and nodes.
    pub fn new(groups: usize, nodes: u8) -> Access {
        let nodes = usize::from(nodes);
        Access { cuts: vec![0; groups * nodes * 2], nodes, changes: Vec::new() }
    }

    fn place(&self, Line { group, node, way }: Line) -> usize {
        (group * self.nodes + node.slot()) * 2 + way as usize
    }

    pub fn is_cut(&self, line: Line) -> bool {
        self.cuts[self.place(line)] > 0
    }

    pub fn cut(&mut self, line: Line) {
        let place = self.place(line);
        self.cuts[place] += 1;
    }

    pub fn heal(&mut self, line: Line) {
        let place = self.place(line);
        debug_assert!(self.cuts[place] > 0, "what is mended was cut");
        self.cuts[place] -= 1;
    }

    /// Lays a change over the lines between some groups and some nodes. One that lies there already comes to lie on top.
    pub fn add_change(
        &mut self,
        fault: u32,
        (groups, nodes, way): (Groups, NodeSet, Way),
        link: LinkException,
    ) {
        self.changes.retain(|it| (it.fault, it.groups, it.nodes) != (fault, groups, nodes));
        self.changes.push(Change { fault, groups, nodes, way, link });
    }

    /// Takes the changes of a fault back.
    pub fn remove_change(&mut self, fault: u32) {
        self.changes.retain(|change| change.fault != fault);
    }

    /// What a message takes on this line, and how many are lost, where it would be this without faults.
    pub fn weather(&self, line: Line, usual: (Latency, Share)) -> (Latency, Share) {
        let Line { group, node, way } = line;
        let here = self.changes.iter().filter(|change| {
            change.way == way && change.groups.contains(group) && change.nodes.contains(node)
        });
        here.fold(usual, |(latency, loss), change| {
            (change.link.latency.unwrap_or(latency), change.link.loss.unwrap_or(loss))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_line_is_cut_one_way_and_changes_pass() {
        let mut access = Access::new(2, 3);
        let node = NodeId::new(2);
        let line = |group, way| Line { group, node, way };
        access.cut(line(1, Way::There));
        assert!(access.is_cut(line(1, Way::There)));
        assert!(!access.is_cut(line(1, Way::Back)) && !access.is_cut(line(0, Way::There)));
        access.heal(line(1, Way::There));
        assert!(!access.is_cut(line(1, Way::There)));

        let usual = (Latency::Constant(Span::millis(1)), Share::NEVER);
        let link = LinkException { loss: Some(Share::ALWAYS), ..LinkException::default() };
        access.add_change(7, (Groups::only(1), NodeSet::only(node), Way::Back), link);
        assert_eq!(access.weather(line(1, Way::Back), usual), (usual.0, Share::ALWAYS));
        assert_eq!(access.weather(line(1, Way::There), usual), usual);
        assert_eq!(access.weather(line(0, Way::Back), usual), usual);
        access.remove_change(7);
        assert_eq!(access.weather(line(1, Way::Back), usual), usual);
    }
}
