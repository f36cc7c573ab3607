//! Situations of what a leader has under way to each follower, and of the answers: acknowledgements (5.3, 5.4.2) and flow control (thesis
//! 10.2).

use crate::coverage::{At, Situations};
use crate::ids::{Index, NODES_MAX, NodeId, NodeSet};
use crate::message::Summary;
use crate::node::Role;
use crate::situation::Situation::*;

/// What a leader has under way, since it was elected.
#[derive(Clone, Debug, Default)]
pub struct UnderWay {
    /// The end of what each follower was sent last; zero where it refused that, or is sent a snapshot.
    sent: [Index; NODES_MAX as usize],
    /// The event in which that was.
    sent_at: [u64; NODES_MAX as usize],
    /// The last entry that anybody was sent.
    pub(super) furthest: Index,
    /// The event in which the leader appended something last, and the last entry that anybody had been sent by its end.
    pub(super) appended: (u64, Index),
    /// Who has accepted something, and refused nothing since: the leader waits for no answer of theirs to find where logs agree.
    pub(super) streaming: NodeSet,
    /// The event in which an answer arrived from a follower for which something had been held back, and the follower.
    held: Option<(u64, NodeId)>,
}

impl Situations {
    /// A leader sends a follower the entries behind one index and up to another.
    pub(super) fn entries_sent(&mut self, id: NodeId, to: NodeId, (prev, end): (Index, Index)) {
        let event = self.event;
        let acked = self.nodes[id.slot()].acked[to.slot()];
        let under_way = &mut self.nodes[id.slot()].under_way;
        let before = std::mem::replace(&mut under_way.sent[to.slot()], end);
        let pipelined = before > acked && prev >= before;
        let held = under_way.held == Some((event, to)) && prev == before;
        // Others were sent what comes next, so it is not the leader's disk that keeps it from leaving.
        let cut = end < under_way.furthest;
        under_way.furthest = under_way.furthest.max(end);
        under_way.sent_at[to.slot()] = event;
        if under_way.appended.0 == event {
            under_way.appended.1 = under_way.furthest;
        }
        self.reach_if(pipelined, AppendsPipelined, id);
        self.reach_if(held, WindowFull, id);
        self.reach_if(cut, AppendCutShort, id);
    }

    /// A follower accepts or refuses entries: an answer that reaches the leader of its term changes what that sends next.
    pub(super) fn append_answered(&mut self, at: &At, from: NodeId, reply: &Summary) {
        let At { id, node, .. } = *at;
        if node.role != Role::Leader {
            return;
        }
        let memory = &mut self.nodes[id.slot()];
        let accepted = matches!(reply, Summary::Appended { .. });
        if reply.term() < node.term {
            let earlier = reply.term() == memory.led.1 && accepted;
            self.reach_if(accepted, AckStale, id);
            return self.reach_if(earlier, AckFromEarlierLeadership, id);
        }
        match *reply {
            Summary::Appended { match_index, .. } => {
                let acked = &mut memory.acked[from.slot()];
                let before = *acked;
                *acked = match_index.max(before);
                self.entries_accepted(id, from, before);
                self.reach_if(match_index < before, AckOvertaken, id);
                self.old_entry_on_majority(at);
            }
            Summary::Conflict { rejected, .. } => {
                memory.refused[from.slot()] = rejected;
                self.flow_stops(id, from);
            }
            _ => {}
        }
    }

    /// Figure 8: what a leader knows to be on a majority is of an older term.
    fn old_entry_on_majority(&mut self, at: &At) {
        let At { id, node, .. } = *at;
        let count = self.nodes.len();
        let memory = &mut self.nodes[id.slot()];
        if memory.own_term_committed || memory.held_back {
            return;
        }
        let mut copies = memory.acked;
        copies[id.slot()] = Index(node.durable.len() as u64);
        let copies = &mut copies[..count];
        copies.sort_unstable();
        let index = copies[count - (count / 2 + 1)];
        if index > memory.commit && at.term_at(index) < node.term {
            memory.held_back = true;
            self.reach(OldEntryOnMajority, Some(id));
        }
    }

    /// A follower accepts what its leader sent. If the leader has appended something since then, and had sent others more by that time, the
    /// follower was owed that, and only a full window can have kept it back.
    fn entries_accepted(&mut self, id: NodeId, from: NodeId, acked: Index) {
        let under_way = &mut self.nodes[id.slot()].under_way;
        let (sent, sent_at) = (under_way.sent[from.slot()], under_way.sent_at[from.slot()]);
        let (appended, furthest) = under_way.appended;
        let streamed = !under_way.streaming.insert(from);
        if streamed && acked < sent && sent_at < appended && sent < furthest {
            under_way.held = Some((self.event, from));
        }
    }

    /// Nothing is under way to a follower any more: it refused what it was sent, or is sent a snapshot.
    pub(super) fn flow_stops(&mut self, id: NodeId, to: NodeId) {
        let under_way = &mut self.nodes[id.slot()].under_way;
        under_way.sent[to.slot()] = Index::ZERO;
        under_way.streaming.remove(to);
    }
}
