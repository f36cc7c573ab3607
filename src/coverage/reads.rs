//! Situations of reads that leave no entry in the log.

use crate::coverage::Situations;
use crate::ids::{Index, NODES_MAX, NodeId, Term};
use crate::log::RequestId;
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::Oracles;
use crate::record::{Kind, Record};
use crate::situation::Situation;

/// How many reads are remembered for which a node asked its leader; older ones are forgotten.
const ASKED_MAX: usize = 64;

/// What is remembered of reads.
#[derive(Debug)]
pub struct Memory {
    /// The request that reached a node last, and in which event.
    asked: (u64, RequestId),
    /// The latest round of each leader, and whom it asked for it last.
    rounds: Vec<((Term, u64), [u64; NODES_MAX as usize])>,
    /// Reads for which a node asked its leader.
    by_followers: Vec<(NodeId, RequestId)>,
}

impl Memory {
    /// Nothing happened yet.
    pub fn new(nodes: u8) -> Memory {
        let nobody = ((Term::ZERO, 0), [0; NODES_MAX as usize]);
        let rounds = vec![nobody; usize::from(nodes)];
        Memory { asked: (0, RequestId::NONE), rounds, by_followers: Vec::new() }
    }
}

impl Situations {
    /// A node sends a message about reads.
    pub(super) fn read_sent(
        &mut self,
        event: u64,
        id: NodeId,
        to: NodeId,
        summary: &Summary,
        oracles: &Oracles,
    ) {
        match *summary {
            Summary::ReadRound { term, round } => self.round_sent(event, id, to, (term, round)),
            Summary::ReadRoundReply { confirmed, .. } => {
                self.reach_if(!confirmed, Situation::ReadRoundRefused, id);
            }
            Summary::ReadIndex { request } => {
                if self.reads.by_followers.len() == ASKED_MAX {
                    self.reads.by_followers.remove(0);
                }
                self.reads.by_followers.push((id, request));
            }
            Summary::ReadIndexReply { request, index: Some(_) } => {
                self.lease_served(event, id, request, oracles);
            }
            Summary::ReadIndexReply { index: None, .. } => {
                self.reach(Situation::ReadIndexRefused, Some(id));
            }
            _ => {}
        }
    }

    fn round_sent(&mut self, event: u64, id: NodeId, to: NodeId, round: (Term, u64)) {
        let (latest, sent) = &mut self.reads.rounds[id.slot()];
        let begun = *latest != round;
        if begun {
            (*latest, *sent) = (round, [0; NODES_MAX as usize]);
        }
        let again = std::mem::replace(&mut sent[to.slot()], round.1) == round.1;
        let early = begun && !self.nodes[id.slot()].own_term_committed;
        self.reach_if(begun, Situation::ReadRoundBegun, id);
        self.reach_if(again, Situation::ReadRoundRepeated, id);
        self.reach_if(early, Situation::ReadBeforeOwnEntry, id);
        if begun {
            self.lease_round_begun(event, id, round.0);
        }
    }

    /// Whether an answer is to the latest round of a leader.
    pub(super) fn is_latest_round(&self, id: NodeId, round: (Term, u64)) -> bool {
        self.reads.rounds[id.slot()].0 == round
    }

    /// A request, or the question how far to apply for it, reaches a node.
    pub(super) fn read_asked(&mut self, event: u64, request: RequestId) {
        self.reads.asked = (event, request);
    }

    /// Whether a request reached a node in this event.
    pub(super) fn was_asked(&self, event: u64, request: RequestId) -> bool {
        self.reads.asked == (event, request)
    }

    /// A node hears how far it must have applied.
    pub(super) fn read_index_told(&mut self, id: NodeId, upto: Option<Index>) {
        let behind = upto.is_some_and(|index| self.nodes[id.slot()].applied < index);
        self.reach_if(behind, Situation::FollowerReadWaited, id);
    }

    /// A request, which may be a read, reaches a node, or a node answers it.
    pub(super) fn read_asked_or_answered(
        &mut self,
        record: &Record,
        id: NodeId,
        oracles: &Oracles,
    ) {
        let request = match record.kind {
            Kind::Reply { request, applied: true } => request,
            Kind::Request { request } => return self.read_asked(record.event, request),
            _ => return,
        };
        let at_once = self.was_asked(record.event, request);
        self.reach_if(at_once, Situation::ReadAnsweredAtOnce, id);
        self.lease_served(record.event, id, request, oracles);
        let read = (id, request);
        if let Some(place) = self.reads.by_followers.iter().position(|asked| *asked == read) {
            self.reads.by_followers.remove(place);
            let leads = oracles.shadow().node(id).role == Role::Leader;
            self.reach_if(!leads, Situation::ReadByFollower, id);
        }
    }
}
