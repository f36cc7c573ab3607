//! What nodes promised with their answers to rounds of reads, where leases are used: to elect nobody else for a while.

use crate::config::Reads;
use crate::ids::{NodeId, Term};
use crate::message::Summary;
use crate::plan::Plan;
use crate::time::{Span, Time};

/// The latest promise of each node: to whom, in which term, and when.
#[derive(Debug)]
pub struct Promises {
    latest: Vec<Option<(NodeId, Term, Time)>>,
    /// How long a promise lasts; nothing where there are none.
    lasts: Span,
}

impl Promises {
    /// Nobody has promised anything.
    pub fn new(plan: &Plan) -> Promises {
        let config = plan.config();
        let leases = config.reads == Reads::Lease;
        let lasts = if leases { config.election_timeout.from } else { Span::ZERO };
        Promises { latest: vec![None; usize::from(plan.cluster.nodes)], lasts }
    }

    /// A node sends a message.
    pub fn observe(&mut self, node: NodeId, to: NodeId, message: &Summary, now: Time) {
        if let Summary::ReadRoundReply { term, confirmed: true, .. } = *message {
            self.latest[node.slot()] = Some((to, term, now));
        }
    }

    /// What speaks against a vote that a node gives: a promise to another that is not over yet.
    pub fn broken_by(&self, node: NodeId, vote: NodeId, term: Term, now: Time) -> String {
        match self.latest[node.slot()] {
            Some((to, of, at)) if to != vote && of < term && now.since(at) < self.lasts => {
                format!(", although it answered a round of reads of {to} at {at} s")
            }
            _ => String::new(),
        }
    }
}
