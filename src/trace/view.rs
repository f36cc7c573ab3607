//! The nodes of a cluster as their records show them: which run, in which role and term, and how far they are.

use crate::ids::{Index, NodeId, Term};
use crate::node::Role;
use crate::record::{Kind, Record};

/// Follows records, and knows what every node is after the last of them.
#[derive(Clone, Debug)]
pub struct ClusterView {
    nodes: Vec<NodeView>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    /// Which life it is in, from 1; 0 before it first starts.
    pub life: u32,
    /// Whether its process runs.
    pub up: bool,
    /// Whether it stands still.
    pub paused: bool,
    /// Its role; of a node that is down, the last one.
    pub role: Role,
    /// Its term; of a node that is down, the last one.
    pub term: Term,
    /// The leader that it knows of.
    pub leader: Option<NodeId>,
    /// Its commit index.
    pub commit: Index,
    /// The last entry that its state machine applied.
    pub applied: Index,
}

impl ClusterView {
    /// A cluster of so many nodes, none of which has started.
    pub fn new(nodes: u8) -> ClusterView {
        ClusterView { nodes: vec![NodeView::default(); usize::from(nodes)] }
    }

    /// What a node is.
    pub fn node(&self, id: NodeId) -> &NodeView {
        &self.nodes[id.slot()]
    }

    /// Takes note of a record.
    pub fn follow(&mut self, record: &Record) {
        let Some(id) = record.node else { return };
        let node = &mut self.nodes[id.slot()];
        match record.kind {
            Kind::Boot { life, term, applied, .. } => {
                *node = NodeView {
                    life,
                    up: true,
                    term,
                    commit: applied,
                    applied,
                    ..NodeView::default()
                };
            }
            Kind::Crash(_) => (node.up, node.paused) = (false, false),
            Kind::Pause | Kind::Suspend => node.paused = true,
            Kind::Resume => node.paused = false,
            Kind::Term { term } => node.term = term,
            Kind::Role { role, term } => (node.role, node.term) = (role, term),
            Kind::Leader { leader } => node.leader = leader,
            Kind::Commit { index, .. } => node.commit = index,
            Kind::Apply { index, .. } | Kind::Restore { index, .. } => node.applied = index,
            _ => {}
        }
    }
}
