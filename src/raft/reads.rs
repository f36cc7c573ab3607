//! Reads that leave no entry in the log: by read index, and by lease (thesis 6.4).
//!
//! A leader notes how far it must have applied, has a majority answer a round of messages that it sent after the read came, and answers
//! from its own state machine. One round serves all reads that came before it was sent. [`lease`](crate::raft::lease) says when no round is
//! needed; `follower_reads` has followers answer, who ask the leader how far they must have applied.

use std::collections::VecDeque;

use crate::config::Reads;
use crate::ids::{Index, NodeId, NodeSet};
use crate::log::RequestId;
use crate::node::{Effect, Request};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::raft::leader::Leader;
use crate::raft::lease::Lease;

/// Who waits for a read.
#[derive(Clone, Copy, Debug)]
pub enum Reader {
    /// A client, by way of a follower if there is one.
    Client(Request, Option<NodeId>),
    /// A follower, which answers its client itself and asks how far it must have applied.
    Follower(NodeId, RequestId),
}

/// A read that waits.
#[derive(Clone, Debug)]
struct Waiting {
    reader: Reader,
    /// The how-manieth read of this leader it is, from 1.
    number: u64,
    /// What was committed when it came, as far as the leader knew.
    commit_index: Index,
}

/// What a leader knows of the reads that wait.
///
/// Invariant: `confirmed <= covered <= asked`.
#[derive(Clone, Debug, Default)]
pub struct ReadQueue {
    /// The leader's no-op: the first entry of its term.
    noop: Index,
    /// In the order in which they came; so numbers and indexes ascend.
    waiting: VecDeque<Waiting>,
    /// How many reads have come.
    asked: u64,
    /// How many came before the leader was last known to lead: by a round, or by its lease.
    confirmed: u64,
    /// The latest round, whether it is under way, and how many reads came before it.
    round: u64,
    under_way: bool,
    covered: u64,
    /// Who has answered the latest round, the leader included.
    answered: NodeSet,
    /// What the rounds before were promised.
    pub lease: Lease,
}

impl ReadQueue {
    /// No read waits. `noop` is the first entry of the leader's term.
    pub fn new(core: &Core, noop: Index) -> ReadQueue {
        ReadQueue { noop, answered: NodeSet::only(core.id), ..ReadQueue::default() }
    }
}

impl Leader {
    /// Takes a read, which is answered at once under a lease, and else waits for a round that begins now or when the one under way is over.
    pub fn read(&mut self, core: &Core, reader: Reader, ctx: &mut Ctx) {
        let reads = &mut self.reads;
        reads.asked += 1;
        let (number, commit_index) = (reads.asked, core.commit_index);
        reads.waiting.push_back(Waiting { reader, number, commit_index });
        if reads.lease.holds(core, ctx) {
            reads.confirmed = reads.asked;
        }
        self.confirm_reads(core, ctx);
    }

    /// A follower answered a round: it knew of no later term then, and with leases promises to elect nobody else for a while.
    pub fn receive_confirmed(&mut self, core: &Core, from: NodeId, round: u64, ctx: &mut Ctx) {
        self.heard[from.slot()] = ctx.now;
        if core.rules().round_counts(round, self.reads.round) && self.reads.under_way {
            self.reads.answered.insert(from);
            self.confirm_reads(core, ctx);
        }
    }

    /// Ends the round under way if enough have answered it, and begins the next if a read waits for it.
    fn confirm_reads(&mut self, core: &Core, ctx: &mut Ctx) {
        self.end_round(core, ctx);
        if !self.reads.under_way && self.reads.confirmed < self.reads.asked {
            self.begin_round(core, ctx);
        }
        self.serve_reads(core, ctx);
    }

    fn end_round(&mut self, core: &Core, ctx: &Ctx) {
        let reads = &mut self.reads;
        if !reads.under_way {
            return;
        }
        let one_short = || core.is_short_of_quorum(reads.answered, 1);
        let rules = core.rules();
        let majority = core.is_quorum(reads.answered);
        let majority = rules.confirms_reads(core.configuration(), reads.answered, majority);
        if rules.may_answer_reads(majority, one_short) {
            reads.under_way = false;
            let covered = rules.reads_confirmed(reads.covered, reads.asked);
            reads.confirmed = reads.confirmed.max(covered);
            reads.lease.held = Some((reads.lease.asked, ctx.moment()));
        }
    }

    fn begin_round(&mut self, core: &Core, ctx: &mut Ctx) {
        let reads = &mut self.reads;
        reads.round += 1;
        reads.under_way = true;
        reads.covered = reads.asked;
        reads.answered = NodeSet::only(core.id);
        reads.lease.asked = ctx.moment();
        self.ask_round(core, ctx);
        // Alone, or nearly so with a planted bug, it has its majority already.
        self.end_round(core, ctx);
    }

    /// With each heartbeat the round under way is sent again to all that have not answered it, for it may be lost. With leases there is
    /// always one, so that the lease is renewed.
    pub fn beat_round(&mut self, core: &Core, ctx: &mut Ctx) {
        if self.reads.under_way {
            self.ask_round(core, ctx);
        } else if core.config.reads == Reads::Lease {
            self.begin_round(core, ctx);
        }
    }

    fn ask_round(&self, core: &Core, ctx: &mut Ctx) {
        let (term, round) = (core.current_term, self.reads.round);
        for to in core.others().filter(|to| !self.reads.answered.contains(*to)) {
            core.send(to, Message::ReadRound { term, round }, ctx);
        }
    }

    /// Answers the reads that are confirmed and for which enough is applied.
    pub fn serve_reads(&mut self, core: &Core, ctx: &mut Ctx) {
        let (confirmed, noop) = (self.reads.confirmed, self.reads.noop);
        let read_index = |read: &Waiting| core.rules().read_index(read.commit_index, noop);
        let is_ready =
            |read: &mut Waiting| read.number <= confirmed && read_index(read) <= core.last_applied;
        while let Some(read) = self.reads.waiting.pop_front_if(is_ready) {
            match read.reader {
                Reader::Client(request, relay) => ctx.emit(Effect::Read { request, relay }),
                Reader::Follower(to, request) => {
                    let index = Some(read_index(&read));
                    core.send(to, Message::ReadIndexReply { request, index }, ctx);
                }
            }
        }
    }
}
