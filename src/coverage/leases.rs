//! Situations of leases (thesis 6.4.1): what they spare a leader, when they end, and what the promises behind them forbid.
//!
//! That a cluster has leases is seen by a leader that begins a round of reads when its timer fires: for a read it would do so when that
//! comes. Who promised what is seen where nothing else explains a refusal: a node that knows no leader is loyal to none.

use crate::coverage::Situations;
use crate::ids::{NODES_MAX, NodeId, NodeSet, Term};
use crate::log::RequestId;
use crate::node::Role;
use crate::oracle::Oracles;
use crate::oracle::quorum::Tally;
use crate::situation::Situation;

/// What is remembered of leases.
#[derive(Debug)]
pub struct Memory {
    /// Whether any leader was seen to have them.
    used: bool,
    nodes: Vec<NodeMemory>,
}

/// What is remembered of one node.
#[derive(Clone, Debug, Default)]
struct NodeMemory {
    /// The event in which its timer fired last.
    timer: u64,
    /// Whether it knows a leader, and whether it has in this life.
    knows_leader: bool,
    has_known: bool,
    /// How many requests for its vote each node waits for the answer to.
    unanswered: [u8; NODES_MAX as usize],
    /// The event in which it began its latest round, and who answered that.
    round: u64,
    answered: NodeSet,
    /// As leader: the latest term in which it renewed its lease, in which it held one, and in which it told an transferee to stand.
    renewed: Term,
    held: Term,
    told: Term,
}

impl Memory {
    /// Nothing happened yet.
    pub fn new(nodes: u8) -> Memory {
        Memory { used: false, nodes: vec![NodeMemory::default(); usize::from(nodes)] }
    }

    /// A node's timer fires.
    pub fn timer_fired(&mut self, event: u64, id: NodeId) {
        self.nodes[id.slot()].timer = event;
    }

    /// A node starts.
    pub fn boot(&mut self, id: NodeId) {
        let memory = &mut self.nodes[id.slot()];
        (memory.knows_leader, memory.has_known) = (false, false);
        memory.unanswered = [0; NODES_MAX as usize];
    }

    /// Another leader is known to a node, or none.
    pub fn leader_known(&mut self, id: NodeId, leader: Option<NodeId>) {
        let memory = &mut self.nodes[id.slot()];
        memory.knows_leader = leader.is_some();
        memory.has_known |= memory.knows_leader;
    }

    /// A leader tells an transferee to stand.
    pub fn transferee_told(&mut self, id: NodeId, term: Term) {
        self.nodes[id.slot()].told = term;
    }

    /// A node is asked for its vote, and all else speaks for it. Says why it will refuse it if it does, as far as that is certain: it is
    /// not if answers to the same candidate are outstanding.
    pub fn promise(&self, id: NodeId, from: NodeId, life: u32) -> Option<Situation> {
        let memory = &self.nodes[id.slot()];
        if !self.used || memory.knows_leader || memory.unanswered[from.slot()] > 1 {
            return None;
        }
        match memory.has_known {
            true => Some(Situation::VoteRefusedPromise),
            false => (life > 1).then_some(Situation::PromiseOutlivedRestart),
        }
    }

    /// A node is asked for its vote.
    pub fn vote_asked(&mut self, id: NodeId, from: NodeId) {
        let unanswered = &mut self.nodes[id.slot()].unanswered[from.slot()];
        *unanswered = unanswered.saturating_add(1);
    }

    /// A node answers.
    pub fn vote_answered(&mut self, id: NodeId, to: NodeId) {
        let unanswered = &mut self.nodes[id.slot()].unanswered[to.slot()];
        *unanswered = unanswered.saturating_sub(1);
    }
}

impl Situations {
    /// A leader begins a round of reads: to renew its lease, or because a read came that it could not answer.
    pub(super) fn lease_round_begun(&mut self, event: u64, id: NodeId, term: Term) {
        let memory = &mut self.leases.nodes[id.slot()];
        (memory.round, memory.answered) = (event, NodeSet::only(id));
        if memory.timer == event {
            memory.renewed = term;
            self.leases.used = true;
        } else if memory.renewed == term && memory.held == term {
            let ended = match memory.told == term {
                true => Situation::LeaseGivenUp,
                false => Situation::LeaseLapsed,
            };
            self.reach(ended, Some(id));
        }
    }

    /// A follower confirms a round of its leader: its term, and its number.
    pub(super) fn lease_round_answered(
        &mut self,
        id: NodeId,
        from: NodeId,
        round: (Term, u64),
        oracles: &Oracles,
    ) {
        if !self.leases.used || !self.is_latest_round(id, round) {
            return;
        }
        let memory = &mut self.leases.nodes[id.slot()];
        memory.answered.insert(from);
        if memory.held < round.0 {
            let configuration = oracles.shadow().configuration_of(id);
            if Tally::of(configuration, memory.answered).is_majority() {
                memory.held = round.0;
            }
        }
    }

    /// A node answers a request, be it by way of a follower, or tells a follower how far to apply.
    pub(super) fn lease_served(
        &mut self,
        event: u64,
        id: NodeId,
        request: RequestId,
        oracles: &Oracles,
    ) {
        let memory = &self.leases.nodes[id.slot()];
        if !self.leases.used || memory.round == event || !self.was_asked(event, request) {
            return;
        }
        let node = oracles.shadow().node(id);
        let leads = node.role == Role::Leader && memory.renewed == node.term;
        self.reach_if(leads, Situation::LeaseRead, id);
    }
}
