//! Situations of reads that leave no entry in the log.

use crate::coverage::{At, Situations};
use crate::ids::{NODES_MAX, NodeId, Term};
use crate::log::RequestId;
use crate::message::Summary;
use crate::record::Kind;
use crate::situation::Situation::*;

/// How many reads are remembered for which a node asked its leader; older ones are forgotten.
const ASKED_MAX: usize = 64;

/// What is remembered of reads.
#[derive(Debug, Default)]
pub struct Memory {
    /// The request that reached a node last, and in which event.
    pub(super) asked: (u64, RequestId),
    /// Reads for which a node asked its leader.
    by_followers: Vec<(NodeId, RequestId)>,
}

impl Situations {
    /// A node sends a message about reads.
    pub(super) fn read_sent(&mut self, at: &At, to: NodeId, sent: &Summary) {
        let At { id, .. } = *at;
        match *sent {
            Summary::ReadRound { term, round } => self.round_sent(id, to, (term, round)),
            Summary::ReadRoundReply { confirmed, .. } => {
                self.reach_if(!confirmed, ReadRoundRefused, id);
            }
            Summary::ReadIndex { request } => {
                if self.reads.by_followers.len() == ASKED_MAX {
                    self.reads.by_followers.remove(0);
                }
                self.reads.by_followers.push((id, request));
            }
            Summary::ReadIndexReply { request, index: Some(_) } => {
                self.lease_served(at, request);
            }
            Summary::ReadIndexReply { index: None, .. } => {
                self.reach(ReadIndexRefused, Some(id));
            }
            _ => {}
        }
    }

    fn round_sent(&mut self, id: NodeId, to: NodeId, round: (Term, u64)) {
        let (latest, sent) = &mut self.nodes[id.slot()].round;
        let begun = *latest != round;
        if begun {
            (*latest, *sent) = (round, [0; NODES_MAX as usize]);
        }
        let again = std::mem::replace(&mut sent[to.slot()], round.1) == round.1;
        let early = begun && !self.nodes[id.slot()].own_term_committed;
        self.reach_if(begun, ReadRoundBegun, id);
        self.reach_if(again, ReadRoundRepeated, id);
        self.reach_if(early, ReadBeforeOwnEntry, id);
        if begun {
            self.lease_round_begun(id, round.0);
        }
    }

    /// A request, which may be a read, reaches a node, or a node answers it.
    pub(super) fn read_asked_or_answered(&mut self, at: &At) {
        let At { record, id, .. } = *at;
        let request = match record.kind {
            Kind::Reply { request, applied: true } => request,
            Kind::Request { request } => return self.reads.asked = (record.event, request),
            _ => return,
        };
        self.reach_if(self.reads.asked == (record.event, request), ReadAnsweredAtOnce, id);
        self.lease_served(at, request);
        let read = (id, request);
        if let Some(place) = self.reads.by_followers.iter().position(|asked| *asked == read) {
            self.reads.by_followers.remove(place);
            self.reach_if(!at.leads(), ReadByFollower, id);
        }
    }
}
