//! Names of the things that Raft counts: nodes, terms, log indexes, writes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest cluster that squall hosts. Raft clusters have 3 to 9 members; a
/// [`NodeSet`] has room for more, so that odd set-ups can be tried too.
pub const NODES_MAX: u8 = 25;

/// A node of the cluster, numbered from 1 as people do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NodeId(u8);

impl NodeId {
    /// The node with this number, 1 to [`NODES_MAX`].
    pub const fn new(number: u8) -> NodeId {
        NodeId(number)
    }

    /// The node that sits at this place of a vector.
    pub const fn at(slot: usize) -> NodeId {
        NodeId(slot as u8 + 1)
    }

    /// The number that people see, from 1.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The node's place in a vector, from 0.
    pub const fn slot(self) -> usize {
        self.0 as usize - 1
    }
}

/// How numbers are written for people, and where one looks into them.
macro_rules! shown {
    ($type:ident $display:literal $debug:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $display, self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $debug, self.0)
            }
        }
    };
}

/// What is counted: what it is, how it is shown, what its zero means, and what the next one is.
macro_rules! counted {
    ($($(#[$doc:meta])* $type:ident $display:literal $debug:literal, $(#[$zero_doc:meta])* $zero:ident;)+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $type(pub u64);

        impl $type {
            $(#[$zero_doc])*
            pub const $zero: $type = $type(0);

            /// The one after this.
            #[must_use]
            pub const fn next(self) -> $type {
                $type(self.0.saturating_add(1))
            }
        }

        shown! { $type $display $debug }
    )+};
}

shown! { NodeId "n{}" "n{}" }

counted! {
    /// A term, Raft's logical clock (5.1). Every node boots in term 1; 0 means "no term", the term
    /// before the first entry of a log.
    Term "{}" "t{}",
    /// The term before the first entry of a log.
    ZERO;
    /// The position of an entry in a log, from 1; 0 is the position before the first entry.
    Index "{}" "i{}",
    /// The position before the first entry.
    ZERO;
    /// One write to a node's disk, numbered from 1 within one life of the node, in the order issued.
    /// A disk is a journal: when a write is durable, so is every earlier one.
    WriteId "w{}" "w{}",
    /// "No write": what waits for this one does not wait.
    NONE;
}

impl Term {
    /// The term in which every node boots.
    pub const FIRST: Term = Term(1);
}

impl Index {
    /// The position before this one; that of zero is zero.
    #[must_use]
    pub const fn previous(self) -> Index {
        Index(self.0.saturating_sub(1))
    }

    /// The position `count` further on.
    #[must_use]
    pub const fn plus(self, count: u64) -> Index {
        Index(self.0.saturating_add(count))
    }
}

/// A set of nodes, as a bit mask.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<NodeId>", into = "Vec<NodeId>")]
pub struct NodeSet(u32);

impl NodeSet {
    /// The set without a member.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// The nodes 1 to `count`.
    pub const fn first(count: u8) -> NodeSet {
        NodeSet((1u32 << count) - 1)
    }

    /// The set of just this node.
    pub const fn only(node: NodeId) -> NodeSet {
        NodeSet(1 << node.slot())
    }

    /// The set of a bit mask, node 1 in the lowest bit; none if a bit stands for no node.
    pub const fn from_bits(bits: u32) -> Option<NodeSet> {
        if bits >> NODES_MAX == 0 { Some(NodeSet(bits)) } else { None }
    }

    /// The set as a bit mask, node 1 in the lowest bit.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Adds a node; says whether it is new.
    pub fn insert(&mut self, node: NodeId) -> bool {
        let before = self.0;
        self.0 |= 1 << node.slot();
        self.0 != before
    }

    /// Takes a node out.
    pub fn remove(&mut self, node: NodeId) {
        self.0 &= !(1 << node.slot());
    }

    /// Whether the node is a member.
    pub const fn contains(self, node: NodeId) -> bool {
        self.0 & (1 << node.slot()) != 0
    }

    /// How many members there are.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// How many members are a majority.
    pub const fn majority(self) -> usize {
        self.len() / 2 + 1
    }

    /// Whether there is no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & !other.0)
    }

    /// The members of either.
    #[must_use]
    pub const fn union(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 | other.0)
    }

    /// The members of both.
    #[must_use]
    pub const fn intersection(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & other.0)
    }

    /// The members, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let slot = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                NodeId::at(slot)
            })
        })
    }
}

impl TryFrom<Vec<NodeId>> for NodeSet {
    type Error = String;

    fn try_from(nodes: Vec<NodeId>) -> Result<NodeSet, String> {
        match nodes.iter().find(|node| !(1..=NODES_MAX).contains(&node.number())) {
            Some(node) => Err(format!("there is no node {}: nodes are 1 to {NODES_MAX}", node.0)),
            None => Ok(nodes.into_iter().collect()),
        }
    }
}

impl From<NodeSet> for Vec<NodeId> {
    fn from(set: NodeSet) -> Vec<NodeId> {
        set.iter().collect()
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> NodeSet {
        nodes.into_iter().fold(NodeSet::EMPTY, |set, node| set.union(NodeSet::only(node)))
    }
}

/// The members, with commas.
impl fmt::Display for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|node| node.to_string()).collect();
        f.write_str(&names.join(", "))
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_set_lists_its_members_in_order() {
        let set: NodeSet = [NodeId::new(5), NodeId::new(1), NodeId::new(25)].into_iter().collect();
        assert_eq!(set.iter().map(NodeId::number).collect::<Vec<_>>(), [1, 5, 25]);
        assert_eq!(set.len(), 3);
        assert_eq!(set.without(NodeSet::only(NodeId::new(5))).len(), 2);
        assert_eq!(NodeSet::first(NODES_MAX).len(), NODES_MAX as usize);
    }
}
