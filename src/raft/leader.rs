//! A leader takes requests, replicates them, commits what a majority holds, and answers (5.3, 5.4.2).

use std::collections::VecDeque;

use crate::config::Reads;
use crate::configuration::{Change, Configuration};
use crate::ids::{Index, NODES_MAX, NodeId, NodeSet, Term};
use crate::log::{Batch, Command, Entry, RequestId};
use crate::machine::Output;
use crate::node::{Answer, Effect, Request};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::raft::flow::{Asked, Gathered};
use crate::raft::progress::Progress;
use crate::raft::reads::{ReadQueue, Reader};
use crate::raft::transfer::Transfer;
use crate::time::{LocalTime, Span};

/// A request that waits for its entry to be applied.
#[derive(Clone, Debug)]
struct Pending {
    index: Index,
    request: RequestId,
    /// The follower that forwarded it; none if the client asked here.
    relay: Option<NodeId>,
}

/// What only a leader knows.
#[derive(Clone, Debug)]
pub struct Leader {
    /// Requests that wait, by ascending index.
    pending: VecDeque<Pending>,
    /// When it sends the next heartbeat.
    pub deadline: LocalTime,
    /// When it heard from each node last in its term.
    pub heard: Vec<LocalTime>,
    /// To whom it is handing over.
    pub transfer: Option<Transfer>,
    /// A change that waits for a learner that it makes a voter: the latest that was asked for (thesis 4.2.1).
    promotion: Option<Change>,
    /// Requests that are not entries yet.
    pub gathered: Gathered,
    /// Reads that wait for a round, not for an entry.
    pub reads: Box<ReadQueue>,
    /// The batch sent last, which the next follower most likely wants too.
    shared_batch: (Index, usize, Batch),
}

impl Leader {
    /// Takes the lead: appends a no-op and sends it to everyone (section 8).
    pub fn new(core: &mut Core, ctx: &mut Ctx) -> Leader {
        core.follow(core.id, ctx);
        let next_index = core.log.last_index().next();
        core.append(Batch::from(Entry::noop(core.current_term)), ctx);
        let match_index = core.rules().initial_match(core.log.last_index());
        let rules = core.rules();
        let term = core.current_term;
        let fresh = Progress::new(term, next_index.max(match_index.next()), match_index);
        for progress in &mut core.progress {
            let match_index = progress.match_index.min(core.log.last_index());
            *progress = match rules.ack_counts(progress.term, term) {
                true => Progress::new(term, next_index.max(match_index.next()), match_index),
                false => fresh.clone(),
            };
        }
        let mut leader = Leader {
            pending: VecDeque::new(),
            deadline: ctx.now,
            // A majority has voted for it, so all count as heard.
            heard: vec![ctx.now; core.progress.len()],
            transfer: None,
            promotion: None,
            gathered: Gathered::default(),
            reads: Box::new(ReadQueue::new(core, next_index)),
            shared_batch: (Index::ZERO, 0, Batch::EMPTY),
        };
        for to in core.others() {
            leader.send_entries(core, to, ctx);
        }
        leader.wait(core, ctx);
        leader.commit(core, ctx);
        leader
    }

    /// Does what is due; says whether it leads on.
    pub fn timer_fired(&mut self, core: &mut Core, ctx: &mut Ctx) -> bool {
        if core.config.elections.check_quorum
            && !core.rules().may_lead_on(self.hears_majority(core, ctx.now))
        {
            core.leader_id = None;
            return false;
        }
        self.leave_joint(core, ctx);
        self.end_transfer(core, ctx);
        if self.gathered.due.is_some_and(|due| due <= ctx.now) {
            self.append_gathered(core, ctx);
        }
        match ctx.now >= self.deadline {
            true => self.heartbeat(core, ctx),
            false => self.set_timer(ctx),
        }
        true
    }

    /// Sends a message without entries to everyone (5.2). Its answer tells whether what was sent before has arrived, so that
    /// what was lost is sent again.
    fn heartbeat(&mut self, core: &mut Core, ctx: &mut Ctx) {
        for to in core.others() {
            // What was not answered by now may be lost.
            if core.rules().unanswered_may_be_lost() {
                core.progress[to.slot()].in_flight = 0;
            }
            core.progress[to.slot()].back_offs = 0;
            self.send_batch(core, to, 0, ctx);
        }
        self.beat_round(core, ctx);
        self.wait(core, ctx);
    }

    /// Sets the time of the next heartbeat.
    fn wait(&mut self, core: &Core, ctx: &mut Ctx) {
        self.deadline = ctx.now.plus(ctx.rng.heartbeat_interval(core.config.heartbeat_interval));
        self.set_timer(ctx);
    }

    /// Takes a request, from a client or by way of a follower. While it hands over it takes none (thesis 3.10) but those reads that
    /// leave no entry, for which the transferee need not wait.
    pub fn request(
        &mut self,
        core: &mut Core,
        request: Request,
        relay: Option<NodeId>,
        ctx: &mut Ctx,
    ) {
        let reads = matches!(request.command, Command::Get { .. });
        if reads && core.config.reads != Reads::Log && core.rules().reads_ask_a_majority() {
            return self.read(core, Reader::Client(request, relay), ctx);
        }
        if self.transfer.is_some() {
            return core.refuse(request.id, relay, ctx);
        }
        if reads && !core.rules().reads_ask_a_majority() {
            return ctx.emit(Effect::Read { request, relay });
        }
        let is_same = |pending: &Pending| pending.request == request.id;
        if !core.rules().retry_waits_for_commit() && self.pending.iter().any(is_same) {
            return core.reply(request.id, relay, Answer::Applied(Output::Done), ctx);
        }
        if core.config.batch_delay == Span::ZERO {
            return self.append(core, &[(request, relay)], ctx);
        }
        let waited = self.gathered.due.is_some();
        let taken = self.gathered.add((request, relay), &core.config, ctx.now);
        match taken.is_empty() {
            false => self.append(core, &taken, ctx),
            true if !waited => self.set_timer(ctx),
            true => {}
        }
    }

    /// Makes entries of requests, and sends them.
    fn append(&mut self, core: &mut Core, asked: &[Asked], ctx: &mut Ctx) {
        let term = core.current_term;
        let entry =
            |(Request { id, command }, _): &Asked| Entry { term, request: *id, command: *command };
        let batch: Batch = match asked {
            [one] => Batch::from(entry(one)),
            several => several.iter().map(entry).collect(),
        };
        let first = core.log.last_index().next();
        core.append(batch.clone(), ctx);
        self.shared_batch = (first, asked.len(), batch);
        for (place, (request, relay)) in asked.iter().enumerate() {
            let Request { id, command } = *request;
            // What a compare-and-set gives is not known before it is applied.
            let gives_nothing =
                command.writes() && !matches!(command, Command::CompareAndSet { .. });
            if gives_nothing && !core.rules().answer_waits_for_commit() {
                core.reply(id, *relay, Answer::Applied(Output::Done), ctx);
            }
            let index = first.plus(place as u64);
            debug_assert!(
                self.pending.back().is_none_or(|pending| pending.index < index)
                    || !core.rules().are_kept()
            );
            self.pending.push_back(Pending { index, request: id, relay: *relay });
        }
        for to in core.others() {
            self.replicate(core, to, ctx);
        }
    }

    /// Appends what was gathered, be its time come or not.
    pub fn append_gathered(&mut self, core: &mut Core, ctx: &mut Ctx) {
        let gathered = self.gathered.take();
        if !gathered.is_empty() {
            self.append(core, &gathered, ctx);
        }
    }

    /// Takes note that the own disk has more.
    pub fn durable(&mut self, core: &mut Core, ctx: &mut Ctx) {
        self.leave_joint(core, ctx);
        self.commit(core, ctx);
        if !core.config.parallel_append {
            for to in core.others() {
                self.replicate(core, to, ctx);
            }
        }
    }

    /// A follower holds the leader's entries up to an index.
    pub fn receive_appended(
        &mut self,
        core: &mut Core,
        from: NodeId,
        term: Term,
        match_index: Index,
        ctx: &mut Ctx,
    ) {
        if !core.rules().ack_counts(term, core.current_term) {
            return;
        }
        if term == core.current_term {
            self.heard[from.slot()] = ctx.now;
        }
        self.leave_joint(core, ctx);
        let match_index = match_index.min(core.log.last_index());
        let rules = core.rules();
        let news = core.progress[from.slot()].acknowledge(match_index, rules);
        if core.rules().snapshot_transfer_ends() {
            core.progress[from.slot()].end_transfer();
        }
        core.look_after_part(from, news, ctx);
        if news && match_index > core.commit_index {
            self.commit(core, ctx);
        }
        if let Some(change) = self.promotion.filter(|change| change.nodes().contains(from)) {
            self.change(core, change, ctx);
        }
        if core.configuration().members().contains(from) {
            self.replicate(core, from, ctx);
            self.tell_transferee(core, from, ctx);
        }
    }

    /// Changes the members, if it may now, and goes by that at once (thesis 4.1). A change that makes a voter of a learner that lags is
    /// tried again when that learner has acknowledged more, unless another comes before (4.2.1).
    pub fn change(&mut self, core: &mut Core, change: Change, ctx: &mut Ctx) {
        let next = core.change(change).filter(|_| self.transfer.is_none());
        let Some(configuration) = next else { return };
        let asks = core.config.strict_change && change != Change::Leave;
        if asks && self.lacks_active(core, configuration, ctx.now) {
            return ctx.emit(Effect::RefuseChange);
        }
        self.promotion = Some(change).filter(|_| !core.are_caught_up(configuration));
        if self.promotion.is_some() {
            return;
        }
        let command = Command::Configure(configuration);
        let entry = Entry { term: core.current_term, request: RequestId::NONE, command };
        let before = core.configuration().members();
        self.append_gathered(core, ctx);
        core.append(Batch::from(entry), ctx);
        // Of the members that come next, a majority need not have promised anything.
        self.reads.lease.held = None;
        for new in core.configuration().members().without(before).iter() {
            let last = core.log.last_index();
            core.progress[new.slot()] = Progress::new(core.current_term, last, Index::ZERO);
            self.heard[new.slot()] = ctx.now;
        }
        for to in core.others() {
            self.replicate(core, to, ctx);
        }
        self.commit(core, ctx);
    }

    /// A follower refused entries: go back, and try again at once.
    pub fn receive_conflict(
        &mut self,
        core: &mut Core,
        from: NodeId,
        rejected: Index,
        conflict: (Term, Index),
        ctx: &mut Ctx,
    ) {
        if core.rules().refusals_are_answers() {
            self.heard[from.slot()] = ctx.now;
        }
        if !core.rules().leader_keeps_its_log() && rejected > core.commit_index {
            core.truncate(rejected, ctx);
        }
        let progress = &mut core.progress[from.slot()];
        let before = progress.next_index;
        if progress.back_off(&core.log, rejected, conflict.0, conflict.1) {
            let hint = progress.next_index;
            core.progress[from.slot()].next_index = core.rules().next_after_refusal(before, hint);
            if let Some(known) = core.rules().known_by_refusal(rejected) {
                let rules = core.rules();
                core.progress[from.slot()].acknowledge(known, rules);
                self.commit(core, ctx);
            }
            self.send_entries(core, from, ctx);
        }
    }

    /// A follower says how much of a snapshot it has.
    pub fn receive_snapshot_reply(
        &mut self,
        core: &mut Core,
        from: NodeId,
        (last_included_index, offset): (Index, u64),
        installed: bool,
        ctx: &mut Ctx,
    ) {
        if core.rules().refusals_are_answers() {
            self.heard[from.slot()] = ctx.now;
        }
        if installed {
            return self.receive_appended(core, from, core.current_term, last_included_index, ctx);
        }
        let progress = &mut core.progress[from.slot()];
        if progress.received(last_included_index, offset) && !progress.is_sent() {
            core.send_part(from, ctx);
        }
    }

    /// The node leads no more. What waits for its entry may be done or not, so that nobody is told anything.
    pub fn fall(&self, core: &Core, ctx: &mut Ctx) {
        if core.rules().fall_says_nothing() {
            return;
        }
        for Pending { index, request, relay } in &self.pending {
            let command = core.log.iter_from(*index).next().map(|entry| entry.command);
            let gives_nothing = command.is_some_and(|command| {
                command.writes() && !matches!(command, Command::CompareAndSet { .. })
            });
            if gives_nothing {
                core.reply(*request, *relay, Answer::Applied(Output::Done), ctx);
            }
        }
    }

    /// Answers the request whose entry was applied.
    pub fn applied(&mut self, core: &Core, index: Index, output: Output, ctx: &mut Ctx) {
        while self.pending.front().is_some_and(|pending| pending.index < index) {
            self.pending.pop_front();
        }
        let Some(Pending { request, relay, .. }) =
            self.pending.pop_front_if(|pending| pending.index == index)
        else {
            return;
        };
        let output = core.rules().own_answer(output);
        core.reply(request, relay, Answer::Applied(output), ctx);
    }

    /// Commits what a majority holds (5.3, 5.4.2), and applies it.
    fn commit(&mut self, core: &mut Core, ctx: &mut Ctx) {
        let index = core.rules().known_so_far(core.commit_index, self.replicated(core));
        let term = core.log.term_at(index);
        if term.is_some_and(|term| core.rules().may_commit(term, core.current_term)) {
            core.commit_index = index;
        }
        core.apply(self.pending.iter().map(|pending| pending.index), ctx);
        self.serve_reads(core, ctx);
    }

    /// Section 6: once joint consensus is committed, the leader goes on to the new configuration. It does so at the next news from a disk,
    /// its own or a follower's, or with the next heartbeat.
    fn leave_joint(&mut self, core: &mut Core, ctx: &mut Ctx) {
        if core.configuration().auto_leave {
            self.change(core, Change::Leave, ctx);
        }
    }

    /// The highest index that enough disks hold: in joint consensus, enough of the old voters, too (section 6).
    fn replicated(&self, core: &Core) -> Index {
        let Configuration { voters, outgoing, .. } = core.configuration();
        let outgoing = core.rules().old_half(outgoing);
        if !core.rules().halves_decide() {
            return held(core, voters.union(outgoing));
        }
        let members = core.configuration().members();
        let index = held(core, core.rules().counted_copies(voters, members));
        if outgoing.is_empty() { index } else { index.min(held(core, outgoing)) }
    }

    /// Sends entries if there are some that the follower was not sent, and it can take more.
    pub fn replicate(&mut self, core: &mut Core, to: NodeId, ctx: &mut Ctx) {
        let progress = &core.progress[to.slot()];
        if progress.next_index <= core.sendable_index() && core.config.has_room(progress) {
            self.send_entries(core, to, ctx);
        }
    }

    /// Sends what comes next for a follower, be it nothing.
    fn send_entries(&mut self, core: &mut Core, to: NodeId, ctx: &mut Ctx) {
        self.send_batch(core, to, core.config.entries_max(), ctx);
    }

    /// Sends at most so many entries that come next for a follower.
    fn send_batch(&mut self, core: &mut Core, to: NodeId, entries_max: u32, ctx: &mut Ctx) {
        let next_index = core.progress[to.slot()].next_index.min(core.log.last_index().next());
        let prev_log_index = next_index.previous();
        let transfers = core.progress[to.slot()].transfer.is_some();
        let Some(prev_log_term) = core.log.term_at(prev_log_index).filter(|_| !transfers) else {
            return match core.progress[to.slot()].is_part_sent() {
                true => self.beat(core, to, ctx),
                false => core.send_part(to, ctx),
            };
        };
        let entries = self.batch(core, next_index, entries_max);
        core.progress[to.slot()].sent(entries.len() as u64);
        let message = Message::AppendEntries {
            term: core.current_term,
            prev_log_index,
            prev_log_term,
            entries,
            leader_commit: core.commit_index,
        };
        core.send(to, message, ctx);
    }

    /// Sends a heartbeat to a follower of whose log nothing is known: it matches every log.
    fn beat(&self, core: &Core, to: NodeId, ctx: &mut Ctx) {
        let message = Message::AppendEntries {
            term: core.current_term,
            prev_log_index: Index::ZERO,
            prev_log_term: Term::ZERO,
            entries: Batch::EMPTY,
            leader_commit: core.commit_index,
        };
        core.send(to, message, ctx);
    }

    /// The entries from an index on, at most so many.
    fn batch(&mut self, core: &Core, from: Index, entries_max: u32) -> Batch {
        let available = core.sendable_index().next().0.saturating_sub(from.0) as usize;
        let count = available.min(entries_max as usize);
        if count == 0 {
            return Batch::EMPTY;
        }
        if (self.shared_batch.0, self.shared_batch.1) != (from, count) {
            self.shared_batch = (from, count, core.log.batch(from, count));
        }
        self.shared_batch.2.clone()
    }
}

/// The highest index that the disks of enough of these voters hold.
fn held(core: &Core, voters: NodeSet) -> Index {
    let mut copies = [Index::ZERO; NODES_MAX as usize];
    let mut count = 0;
    for node in voters.iter() {
        copies[count] = match node == core.id {
            true => core.rules().own_copy(core.durable_index, core.log.last_index()),
            false => core.progress[node.slot()].match_index,
        };
        count += 1;
    }
    let copies = &mut copies[..count];
    copies.sort_unstable();
    copies[count - core.rules().copies_to_commit(count)]
}
