//! Reads that leave no entry in the log: by read index (thesis 6.4).
//!
//! A leader notes how far it must have applied, has a majority answer a round of messages that it sent after the read came, and answers from
//! its own state machine. One round serves all reads that came before it was sent.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{Index, NodeId, NodeSet};
use crate::node::{Effect, Request};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::raft::leader::Leader;

/// How reads are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// By an entry in the log, as writes are (thesis 6.4, "read-only queries" that take the long way).
    #[default]
    Log,
    /// By the leader's state machine, after a majority has answered it (thesis 6.4).
    ReadIndex,
}

/// A read that waits.
#[derive(Clone, Debug)]
struct Waiting {
    request: Request,
    /// The follower that forwarded it; none if the client asked here.
    relay: Option<NodeId>,
    /// The round that confirms that the leader still led when the read came.
    round: u64,
    /// What must be applied first.
    read_index: Index,
}

/// What a leader knows of the reads that wait.
#[derive(Clone, Debug)]
pub struct ReadQueue {
    /// The leader's no-op: the first entry of its term.
    noop: Index,
    /// In the order in which they came; so rounds and read indexes ascend.
    waiting: VecDeque<Waiting>,
    /// The latest round that was sent, and the latest that a majority has answered. At most one is under way.
    sent: u64,
    confirmed: u64,
    /// Who has answered the latest round, the leader included.
    answered: NodeSet,
}

impl ReadQueue {
    /// No read waits. `noop` is the first entry of the leader's term.
    pub fn new(core: &Core, noop: Index) -> ReadQueue {
        let answered = NodeSet::only(core.id);
        ReadQueue { noop, waiting: VecDeque::new(), sent: 0, confirmed: 0, answered }
    }
}

impl Leader {
    /// Takes a read, which waits for a round that begins now or when the one under way is over.
    pub fn read(
        &mut self,
        core: &mut Core,
        request: Request,
        relay: Option<NodeId>,
        ctx: &mut Ctx,
    ) {
        let reads = &mut self.reads;
        let read_index = core.rules().read_index(core.commit_index, reads.noop);
        let round = reads.sent + 1;
        reads.waiting.push_back(Waiting { request, relay, round, read_index });
        self.confirm_reads(core, ctx);
    }

    /// A follower answered a round: it knew of no later term then.
    pub fn receive_confirmed(&mut self, core: &Core, from: NodeId, round: u64, ctx: &mut Ctx) {
        self.hear(from, ctx.now);
        if round == self.reads.sent {
            self.reads.answered.insert(from);
            self.confirm_reads(core, ctx);
        }
    }

    /// Ends the round under way if enough have answered it, and begins the next if a read waits for it.
    fn confirm_reads(&mut self, core: &Core, ctx: &mut Ctx) {
        loop {
            let reads = &mut self.reads;
            if reads.answered.len() >= core.rules().answers_to_read(core.majority()) {
                reads.confirmed = reads.sent;
            }
            let wanted = reads.waiting.back().map_or(0, |read| read.round);
            if reads.confirmed < reads.sent || wanted <= reads.sent {
                return self.serve_reads(core, ctx);
            }
            reads.sent += 1;
            reads.answered = NodeSet::only(core.id);
            self.ask_round(core, ctx);
        }
    }

    /// Sends the round under way, if one is, to all that have not answered it; with each heartbeat again, for it may be lost.
    pub fn ask_round(&self, core: &Core, ctx: &mut Ctx) {
        let ReadQueue { sent: round, confirmed, answered, .. } = self.reads;
        if round == confirmed {
            return;
        }
        let term = core.current_term;
        for to in core.others().filter(|to| !answered.contains(*to)) {
            core.send(to, Message::ReadRound { term, round }, ctx);
        }
    }

    /// Answers the reads that are confirmed and for which enough is applied.
    pub fn serve_reads(&mut self, core: &Core, ctx: &mut Ctx) {
        let confirmed = self.reads.confirmed;
        let is_ready =
            |read: &mut Waiting| read.round <= confirmed && read.read_index <= core.last_applied;
        while let Some(read) = self.reads.waiting.pop_front_if(is_ready) {
            ctx.emit(Effect::Read { request: read.request, relay: read.relay });
        }
    }
}
