//! Situations of leases (thesis 6.4.1): what they spare a leader, when they end, and what the promises behind them forbid.
//!
//! That a cluster has leases is seen by a leader that begins a round of reads when its timer fires: for a read it would do so when that
//! comes. Who promised what is seen where nothing else explains a refusal: a node that knows no leader is loyal to none.

use crate::coverage::{At, Situations};
use crate::ids::{NODES_MAX, NodeId, NodeSet, Term};
use crate::log::RequestId;
use crate::oracle::quorum::Tally;
use crate::situation::Situation::{self, *};

/// What is remembered of one node.
#[derive(Clone, Debug, Default)]
pub struct NodeMemory {
    /// The event in which its timer fired last.
    pub(super) timer: u64,
    /// Whether it knows a leader, and whether it has in this life.
    pub(super) knows_leader: bool,
    pub(super) has_known: bool,
    /// How many requests for its vote each node waits for the answer to.
    pub(super) unanswered: [u8; NODES_MAX as usize],
    /// The event in which it began its latest round, and who answered that.
    round: u64,
    answered: NodeSet,
    /// As leader: the latest term in which it renewed its lease, in which it held one, and in which it told a transferee to stand.
    renewed: Term,
    held: Term,
    pub(super) told: Term,
}

impl Situations {
    /// A node is asked for its vote, and all else speaks for it. Says why it will refuse it if it does, as far as that is certain: it is
    /// not if answers to the same candidate are outstanding.
    pub(super) fn promise(&self, id: NodeId, from: NodeId, life: u32) -> Option<Situation> {
        let memory = &self.nodes[id.slot()].lease;
        if !self.leases_used || memory.knows_leader || memory.unanswered[from.slot()] > 1 {
            return None;
        }
        match memory.has_known {
            true => Some(VoteRefusedPromise),
            false => (life > 1).then_some(PromiseOutlivedRestart),
        }
    }

    /// A leader begins a round of reads: to renew its lease, or because a read came that it could not answer.
    pub(super) fn lease_round_begun(&mut self, id: NodeId, term: Term) {
        let event = self.event;
        let memory = &mut self.nodes[id.slot()].lease;
        (memory.round, memory.answered) = (event, NodeSet::only(id));
        if memory.timer == event {
            memory.renewed = term;
            self.leases_used = true;
        } else if memory.renewed == term && memory.held == term {
            let ended = if memory.told == term { LeaseGivenUp } else { LeaseLapsed };
            self.reach(ended, Some(id));
        }
    }

    /// A follower confirms a round of its leader: its term, and its number.
    pub(super) fn lease_round_answered(&mut self, at: &At, from: NodeId, round: (Term, u64)) {
        let At { id, shadow, .. } = *at;
        if !self.leases_used || self.nodes[id.slot()].round.0 != round {
            return;
        }
        let memory = &mut self.nodes[id.slot()].lease;
        memory.answered.insert(from);
        if memory.held < round.0 {
            let configuration = shadow.configuration_of(id);
            if Tally::of(configuration, memory.answered).is_majority() {
                memory.held = round.0;
            }
        }
    }

    /// A node answers a request, be it by way of a follower, or tells a follower how far to apply.
    pub(super) fn lease_served(&mut self, at: &At, request: RequestId) {
        let At { id, node, .. } = *at;
        let event = self.event;
        let memory = &self.nodes[id.slot()].lease;
        if !self.leases_used || memory.round == event || self.reads.asked != (event, request) {
            return;
        }
        let leads = at.leads() && memory.renewed == node.term;
        self.reach_if(leads, LeaseRead, id);
    }
}
