//! The host of a node: hands it inputs, carries out its effects, keeps its disk, clock and state machine.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ids::{Index, NodeId, Term, WriteId};
use crate::kv::Map;
use crate::log::{Command, Entry};
use crate::node::{
    Answer, Context, DiskFile, Effect, Input, Node, NodeRng, Output, Request, Role, Status,
};
use crate::plan::fault::Unsynced;
use crate::plan::{NodeOptions, OnCorruption, Plan, Survives};
use crate::record::{Kind, Loss};
use crate::rng::{Rng, Stream};
use crate::sim::apply::is_for_state_machine;
use crate::sim::journal::{Journal, Tear, Write};
use crate::sim::run::enter_node;
use crate::sim::snapshots::Snapshots;
use crate::sim::{Event, Sim};
use crate::time::{LocalTime, Span, Time};
use crate::world::clock::Clock;
use crate::world::disk::{Disk, Sync};
use crate::world::network::Fate;

/// One node's process and machine.
pub struct Host<N: Node> {
    /// The process; none while it is down.
    node: Option<N>,
    /// Which life it is in, from 1; 0 before the first boot.
    pub life: u32,
    /// What its node draws.
    pub rng: NodeRng,
    /// What its timers go by.
    pub clock: Clock,
    /// How long its disk takes.
    pub disk: Disk,
    pub(super) journal: Journal,
    /// Whether its disk was emptied since its last life.
    wiped: bool,
    /// The sync under way, and the last write that it covers.
    syncing: Option<(WriteId, Sync)>,
    /// If the node stops for a sync that failed: what survives, where the plan says so.
    survives: Option<Survives>,
    /// This write and every earlier one are durable, and the node knows.
    durable: WriteId,
    /// Messages that wait for a write.
    outbox: VecDeque<(WriteId, NodeId, N::Message)>,
    /// The last index of the log in memory.
    pub(super) last_index: Index,
    pub(super) machine: Map,
    pub(super) applied: Index,
    /// What the state machine was given and has not done.
    pub(super) to_apply: VecDeque<Effect<N::Message>>,
    /// Its snapshots.
    pub(super) snapshots: Snapshots,
    /// When the node wants its timer to fire.
    timer: Option<LocalTime>,
    /// The wake-up that is scheduled for it, and the token that makes others out of date.
    wake_at: Option<Time>,
    wake_token: u32,
    /// How many pauses are in force.
    pub pauses: u32,
    /// How long each input takes.
    pub per_input: Span,
    busy_until: Time,
    /// Inputs that wait for a node that is paused or busy.
    backlog: VecDeque<Event<N::Message>>,
    proceeds_at: Option<Time>,
    status: Status,
}

impl<N: Node> Host<N> {
    /// A host before the first boot of its node.
    pub fn new(plan: &Plan, id: NodeId) -> Host<N> {
        let options = plan.node(id).cloned().unwrap_or_else(|| NodeOptions::new(id));
        let rng = Rng::new(plan.seed, Stream::Node(id));
        let disk = options.disk.unwrap_or_else(|| plan.disk.clone());
        let syncs = plan.syncs.iter().filter(|pin| pin.node == id).cloned().collect();
        Host {
            node: None,
            life: 0,
            rng: NodeRng::new(rng, options.election_timeouts, options.heartbeat_intervals),
            clock: Clock::new(options.clock_offset, options.clock_drift_ppm),
            disk: Disk::new(disk, Rng::new(plan.seed, Stream::Disk(id)), syncs),
            journal: Journal::default(),
            wiped: false,
            syncing: None,
            survives: None,
            durable: WriteId::NONE,
            outbox: VecDeque::new(),
            last_index: Index::ZERO,
            machine: Map::new(plan.clients.sessions),
            applied: Index::ZERO,
            to_apply: VecDeque::new(),
            snapshots: Snapshots::new(plan, id),
            timer: None,
            wake_at: None,
            wake_token: 0,
            pauses: 0,
            per_input: Span::ZERO,
            busy_until: Time::ZERO,
            backlog: VecDeque::new(),
            proceeds_at: None,
            status: Status::default(),
        }
    }

    /// Whether the process runs.
    pub fn is_up(&self) -> bool {
        self.node.is_some()
    }

    /// Whether the process runs, in a term later than this one.
    pub fn is_up_in_later(&self, term: Term) -> bool {
        self.is_up() && self.status.term > term
    }

    /// What the node said of itself last.
    pub fn status(&self) -> Status {
        self.status
    }
}

impl<N: Node> Sim<'_, '_, N> {
    /// Starts a node, if it is still down from the life that was meant.
    pub(super) fn boot(&mut self, id: NodeId, life: u32) {
        let host = &mut self.hosts[id.slot()];
        if host.is_up() || host.life != life || self.recovery.barred.contains(id) {
            return;
        }
        if let Some((what, index)) = self.refuses_for(id) {
            self.count_event();
            return self.recorder.record(Some(id), Kind::Refuse { what, index });
        }
        let host = &mut self.hosts[id.slot()];
        host.wiped = false;
        host.journal.drop_corrupt_vote();
        let restored = host.recover_machine(Map::new(self.plan.clients.sessions));
        if !self.rules.answers_outlive_crash() {
            host.machine.forget_answers();
        }
        let recovered = host.journal.recover(host.applied);
        host.snapshots.base = recovered.log.base();
        host.life += 1;
        host.node = Some((self.make)(id));
        host.durable = WriteId::NONE;
        host.last_index = recovered.log.last_index();
        host.status = Status {
            term: recovered.term,
            commit: recovered.applied,
            applied: recovered.applied,
            ..Status::default()
        };
        let kind = Kind::Boot {
            life: host.life,
            term: recovered.term,
            vote: recovered.vote,
            last_index: host.last_index,
            applied: host.applied,
        };
        self.count_event();
        self.recorder.record(Some(id), kind);
        if let Some(snapshot) = restored {
            self.record_restore(id, &snapshot);
        }
        self.step(id, Input::Boot(Box::new(recovered)));
    }

    /// The record for which a node refuses to start: one that it cannot read. Index zero: its disk was emptied, member or
    /// not. A real one knows that from whoever starts it, or from the others, as etcd's does.
    fn refuses_for(&self, id: NodeId) -> Option<(DiskFile, Index)> {
        let Host { disk, journal, wiped, .. } = &self.hosts[id.slot()];
        if *wiped && self.plan.cluster.keeps_wiped_out() && self.rules.needs_its_disk() {
            return Some((DiskFile::Log, Index::ZERO));
        }
        // What a snapshot covers may be nowhere else.
        if let Some(index) = journal.corrupt_snapshot() {
            return Some((DiskFile::Snapshot, index));
        }
        let stops = disk.options.on_corruption == OnCorruption::Stop;
        if stops && journal.vote_is_corrupt() {
            return Some((DiskFile::Vote, Index::ZERO));
        }
        let corrupt = journal.corrupt().map(|index| (DiskFile::Log, index));
        corrupt.filter(|_| stops && self.rules.tells_corrupt_from_torn())
    }

    /// Ends a node's process. What is not durable fares as `unsynced` says; a tear is drawn unless it is `fixed`.
    pub(super) fn crash(
        &mut self,
        id: NodeId,
        unsynced: Unsynced,
        fixed: Option<Survives>,
    ) -> Survives {
        let host = &mut self.hosts[id.slot()];
        debug_assert!(host.is_up());
        if let Some(snapshot) = host.snapshots.crash(unsynced) {
            self.save_snapshot(id, &snapshot);
        }
        let host = &mut self.hosts[id.slot()];
        let count = host.journal.unsynced_count();
        let (drawn, word) = host.disk.tear(count);
        let votes = crate::rng::scale(crate::rng::mix(word), host.journal.unsynced_votes() + 1);
        let (whole, tear, votes) = match (unsynced, fixed) {
            (Unsynced::Lost, _) => (0, Tear::Nothing, None),
            (Unsynced::Kept, _) => (count, Tear::Nothing, None),
            (Unsynced::Torn, None) => (drawn, Tear::Drawn(word), None),
            (Unsynced::Reordered, None) => (drawn, Tear::Drawn(word), Some(votes)),
            (_, Some(Survives { writes, entries, votes })) => {
                (writes.min(count), entries.map_or(Tear::Nothing, Tear::After), votes)
            }
        };
        let (remains, survives) = host.journal.crash(whole, tear, votes);
        if remains.promised > 0 {
            // The state machine lay on the same disk.
            host.begin_machine_anew(Map::new(self.plan.clients.sessions));
        }
        host.node = None;
        host.syncing = None;
        host.timer = None;
        host.wake_at = None;
        host.wake_token += 1;
        host.pauses = 0;
        host.backlog.clear();
        host.to_apply.clear();
        host.proceeds_at = None;
        host.busy_until = Time::ZERO;
        host.status = Status::default();
        let unsent = std::mem::take(&mut host.outbox);
        self.recorder.record(Some(id), Kind::Crash(remains));
        for (_, to, _) in unsent {
            self.recorder.record(Some(to), Kind::Drop { from: id, id: 0, why: Loss::Unsent });
        }
        survives
    }

    /// A durable record rots.
    pub(super) fn rot(&mut self, id: NodeId, what: DiskFile, index: Index) {
        let host = &mut self.hosts[id.slot()];
        host.journal.rot(what, index);
        let drops = host.disk.options.on_corruption == OnCorruption::Truncate;
        let drops = drops && what != DiskFile::Snapshot;
        self.recorder.record(Some(id), Kind::Corrupt { what, index, drops });
    }

    /// Empties the disk of a node that is down, its state machine too.
    pub(super) fn wipe(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        host.journal.wipe();
        host.begin_machine_anew(Map::new(self.plan.clients.sessions));
        host.wiped = true;
        let stays_out = self.plan.cluster.keeps_wiped_out();
        self.recorder.record(Some(id), Kind::Wipe { stays_out });
    }

    /// Hands an input to a node and does what it says, then does the same with the outputs that it asked for.
    pub(super) fn step(&mut self, id: NodeId, input: Input<N::Message>) {
        let mut answers = self.step_once(id, input);
        while let Some(answer) = answers.pop_front() {
            if !self.hosts[id.slot()].is_up() {
                return;
            }
            answers.extend(self.step_once(id, answer));
        }
        let host = &mut self.hosts[id.slot()];
        if host.per_input > Span::ZERO && host.is_up() {
            host.busy_until = self.recorder.now.plus(host.per_input);
        }
    }

    fn step_once(&mut self, id: NodeId, input: Input<N::Message>) -> VecDeque<Input<N::Message>> {
        let now = self.recorder.now;
        let mut effects = std::mem::take(&mut self.effects);
        let host = &mut self.hosts[id.slot()];
        let mut answers = VecDeque::new();
        let Some(node) = &mut host.node else { return answers };
        let before = host.status;
        // Kept outside of what is caught, which would copy it.
        let mut input = Some(input);
        enter_node(true);
        let stepped = catch_unwind(AssertUnwindSafe(|| {
            let (now, jumped) = (host.clock.local(now), host.clock.jumped());
            let mut ctx = Context { now, jumped, rng: &mut host.rng, effects: &mut effects };
            if let Some(input) = input.take() {
                node.step(input, &mut ctx);
            }
            node.status()
        }));
        enter_node(false);
        match stepped {
            Ok(status) => {
                host.status = status;
                self.record_standing(id, before, status);
                self.carry_out(id, &mut effects, &mut answers, before.commit);
            }
            Err(_) => self.broken(id, true),
        }
        effects.clear();
        self.effects = effects;
        answers
    }

    /// Records what changed of a node's standing: before its effects, for these are done in the new standing.
    fn record_standing(&mut self, id: NodeId, before: Status, status: Status) {
        if status.term != before.term {
            self.recorder.record(Some(id), Kind::Term { term: status.term });
        }
        // An election in which a candidate stands again is a change, too.
        let again = status.term != before.term && status.role != Role::Follower;
        if status.role != before.role || again {
            let kind = Kind::Role { role: status.role, term: status.term };
            self.recorder.record(Some(id), kind);
        }
        if status.leader != before.leader {
            self.recorder.record(Some(id), Kind::Leader { leader: status.leader });
        }
        if status.transfer != before.transfer {
            self.recorder.record(Some(id), Kind::Transfer { to: status.transfer });
        }
        if status.target_priority != before.target_priority {
            let kind = Kind::TargetPriority { target: status.target_priority };
            self.recorder.record(Some(id), kind);
        }
    }

    /// A node ended its own process. Its supervisor starts it again.
    fn stop(&mut self, id: NodeId) {
        self.recorder.record(Some(id), Kind::Stop);
        let fixed = self.hosts[id.slot()].survives.take();
        let survives = self.crash(id, Unsynced::Torn, fixed);
        self.note_stop(id, survives);
        let life = self.hosts[id.slot()].life;
        let at = self.after(self.plan.cluster.restart_after);
        self.queue.push(at, Event::Boot { node: id, life });
    }

    fn record_commit(&mut self, id: NodeId, before: Index) {
        let Status { commit, term, .. } = self.hosts[id.slot()].status;
        if commit != before {
            self.recorder.record(Some(id), Kind::Commit { index: commit, term });
        }
    }

    /// Carries out effects in order. The new commit index is recorded before what it makes the node apply.
    fn carry_out(
        &mut self,
        id: NodeId,
        effects: &mut Vec<Effect<N::Message>>,
        answers: &mut VecDeque<Input<N::Message>>,
        commit_before: Index,
    ) {
        let mut commit_before = Some(commit_before);
        let applies_later = self.applies_later();
        for effect in effects.drain(..) {
            if applies_later && is_for_state_machine(&effect) {
                self.apply_later(id, effect);
                continue;
            }
            match effect {
                Effect::Send { to, message, after } => self.send_after(id, to, message, after),
                Effect::SaveVote { write, term, vote } => {
                    self.recorder.record(Some(id), Kind::Vote { write, term, vote });
                    self.write(id, write, Write::Vote(term, vote));
                }
                Effect::Append { write, first, entries } => {
                    if !self.append(id, write, first, entries.entries()) {
                        return;
                    }
                    self.write(id, write, Write::Append(entries));
                }
                Effect::Truncate { write, from } => {
                    let host = &mut self.hosts[id.slot()];
                    if from <= host.snapshots.base || from > host.last_index {
                        return self.broken(id, false);
                    }
                    host.last_index = from.previous();
                    self.recorder.record(Some(id), Kind::Truncate { write, from });
                    self.write(id, write, Write::Truncate(from));
                }
                Effect::TakeSnapshot { .. }
                | Effect::SaveSnapshot(_)
                | Effect::Compact { .. }
                | Effect::Discard { .. }
                | Effect::Restore(_) => {
                    if matches!(effect, Effect::Restore(_))
                        && let Some(before) = commit_before.take()
                    {
                        self.record_commit(id, before);
                    }
                    if !self.carry_out_snapshot(id, effect) {
                        return self.broken(id, false);
                    }
                }
                Effect::SetTimer(local) => self.set_timer(id, local),
                Effect::Apply { index, entry, answer } => {
                    if let Some(before) = commit_before.take() {
                        self.record_commit(id, before);
                    }
                    let output = self.apply(id, index, &entry);
                    if answer {
                        answers.push_back(Input::Applied { index, output });
                    }
                }
                Effect::Read { request, relay } => {
                    let answer = self.read(id, request, relay);
                    answers.push_back(answer);
                }
                Effect::Reply { request, answer } => {
                    let applied = matches!(answer, Answer::Applied(_));
                    self.recorder.record(Some(id), Kind::Reply { request, applied });
                    self.send_answer(id, request, answer);
                }
                Effect::Stop => {
                    return self.stop(id);
                }
            }
        }
        if let Some(before) = commit_before {
            self.record_commit(id, before);
        }
    }

    /// Records entries that a node adds to its log; says whether they fit.
    fn append(&mut self, id: NodeId, write: WriteId, first: Index, entries: &[Entry]) -> bool {
        let host = &mut self.hosts[id.slot()];
        if first != host.last_index.next() {
            self.broken(id, false);
            return false;
        }
        host.last_index = host.last_index.plus(entries.len() as u64);
        for (place, entry) in entries.iter().enumerate() {
            let kind = Kind::Append {
                write,
                index: first.plus(place as u64),
                term: entry.term,
                content: entry.fingerprint(),
            };
            self.recorder.record(Some(id), kind);
            if let Command::Configure(configuration) = entry.command {
                let (index, term) = (first.plus(place as u64), entry.term);
                self.recorder.record(Some(id), Kind::Configure { index, term, configuration });
            }
        }
        true
    }

    pub(super) fn apply(&mut self, id: NodeId, index: Index, entry: &Entry) -> Output {
        let host = &mut self.hosts[id.slot()];
        host.applied = index;
        let (output, effect) = host.machine.apply(index, entry);
        let kind = Kind::Apply {
            index,
            term: entry.term,
            content: entry.fingerprint(),
            request: entry.request,
            effect,
        };
        self.recorder.record(Some(id), kind);
        output
    }

    /// Asks the state machine; gives the answer that the node waits for.
    pub(super) fn read(
        &mut self,
        id: NodeId,
        request: Request,
        relay: Option<NodeId>,
    ) -> Input<N::Message> {
        debug_assert!(!request.command.writes());
        let output = self.hosts[id.slot()].machine.carry_out(request.command);
        Input::Read { request: request.id, relay, output }
    }

    /// A node panicked or broke its contract. If that is not judged, it is a crash.
    pub(super) fn broken(&mut self, id: NodeId, panicked: bool) {
        self.recorder.record(Some(id), Kind::Broken { panicked });
        self.crash(id, Unsynced::Lost, None);
    }

    /// Sends a message once a write is durable.
    fn send_after(&mut self, from: NodeId, to: NodeId, message: N::Message, after: WriteId) {
        let host = &mut self.hosts[from.slot()];
        if after <= host.durable {
            self.send(from, to, message);
        } else {
            host.outbox.push_back((after, to, message));
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: N::Message) {
        self.messages += 1;
        let id = self.messages;
        let summary = N::summary(&message);
        self.recorder.record(Some(from), Kind::Send { to, id, message: summary });
        let fate = self.network.send(from, to, self.recorder.now, summary.bytes());
        self.note_message([from, to], fate);
        let why = match fate {
            Fate::Cut => Loss::Cut,
            Fate::Lost => Loss::Network,
            Fate::Arrives(time, second) => {
                if let Some(second) = second {
                    self.recorder.record(Some(to), Kind::Duplicate { from, id });
                    let message = message.clone();
                    self.queue.push(second, Event::Deliver { from, to, id, message });
                }
                return self.queue.push(time, Event::Deliver { from, to, id, message });
            }
        };
        self.recorder.record(Some(to), Kind::Drop { from, id, why });
    }

    /// Sends what waited for a write.
    pub(super) fn release(&mut self, id: NodeId, write: WriteId) {
        let host = &mut self.hosts[id.slot()];
        host.durable = host.durable.max(write);
        while let Some((_, to, message)) =
            self.hosts[id.slot()].outbox.pop_front_if(|(after, ..)| *after <= write)
        {
            self.send(id, to, message);
        }
    }

    pub(super) fn write(&mut self, id: NodeId, write: WriteId, what: Write) {
        self.hosts[id.slot()].journal.push(write, what);
        self.sync_next(id);
    }

    /// Starts a sync, if the disk is idle and there is something to sync. It covers all that was written by now.
    fn sync_next(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        if host.syncing.is_some() {
            return;
        }
        let Some(upto) = host.journal.unsynced() else { return };
        let sync = host.disk.sync(now);
        host.syncing = Some((upto, sync));
        self.queue.push(now.plus(sync.takes), Event::Synced { node: id, life: host.life, upto });
        self.note_sync(id, sync);
    }

    /// Lets the sync under way succeed, and end within this span.
    pub(super) fn hasten_sync(&mut self, id: NodeId, longest: Span) {
        let at = self.after(longest);
        let host = &mut self.hosts[id.slot()];
        if let Some((upto, sync)) = &mut host.syncing {
            sync.fails = false;
            self.queue.push(at, Event::Synced { node: id, life: host.life, upto: *upto });
        }
    }

    /// A sync is over. The disk has it at once; the node hears of it when it is ready.
    pub(super) fn synced(&mut self, id: NodeId, life: u32, upto: WriteId) {
        let host = &mut self.hosts[id.slot()];
        if host.life != life || host.syncing.is_none_or(|(syncing, _)| syncing != upto) {
            return;
        }
        let Some((upto, sync)) = host.syncing.take() else { return };
        let event = if sync.fails {
            host.survives = sync.survives;
            let write = host.journal.first_unsynced().unwrap_or(upto);
            host.journal.fail();
            self.recorder.record(Some(id), Kind::WriteFailed { write });
            Event::WriteFailed { node: id, write }
        } else {
            let lie = !host.disk.is_honest();
            match lie {
                true => host.journal.lie(upto),
                false => host.journal.sync(upto),
            }
            self.recorder.record(Some(id), Kind::Durable { write: upto, lie });
            Event::Durable { node: id, write: upto }
        };
        self.sync_next(id);
        self.handle(event);
    }

    /// A disk stops lying, and writes what it said that it had.
    pub(super) fn stop_lying(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        if host.disk.stop_lying()
            && let Some(write) = host.journal.keep_promise()
        {
            self.recorder.record(Some(id), Kind::Durable { write, lie: false });
        }
    }

    /// Whether a node takes an input now.
    pub(super) fn is_ready(&self, id: NodeId) -> bool {
        let host = &self.hosts[id.slot()];
        let busy = host.busy_until > self.recorder.now && host.per_input > Span::ZERO;
        // What came first is taken first: whoever waits in the backlog is served by `proceed`.
        host.pauses == 0 && !busy && host.backlog.is_empty()
    }

    /// Keeps an input for a node that is paused or busy.
    pub(super) fn put_off(&mut self, id: NodeId, event: Event<N::Message>) {
        if !self.hosts[id.slot()].is_up() {
            return;
        }
        self.hosts[id.slot()].backlog.push_back(event);
        self.schedule_proceed(id);
    }

    /// Sees to it that the backlog is served.
    pub(super) fn schedule_proceed(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        if host.pauses > 0 || host.backlog.is_empty() || host.proceeds_at.is_some() {
            return;
        }
        let at = host.busy_until.max(self.recorder.now);
        host.proceeds_at = Some(at);
        self.queue.push(at, Event::Proceed { node: id });
    }

    /// Serves the first input of the backlog.
    pub(super) fn proceed(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        if host.proceeds_at != Some(now) {
            return;
        }
        host.proceeds_at = None;
        if host.pauses > 0 {
            return;
        }
        // The rest of the backlog steps aside, so that the node counts as ready.
        let Some(event) = host.backlog.pop_front() else { return };
        let rest = std::mem::take(&mut host.backlog);
        host.busy_until = Time::ZERO;
        self.handle(event);
        let host = &mut self.hosts[id.slot()];
        if host.is_up() {
            let mut rest = rest;
            rest.append(&mut host.backlog);
            host.backlog = rest;
            self.schedule_proceed(id);
        }
    }

    fn set_timer(&mut self, id: NodeId, local: LocalTime) {
        self.hosts[id.slot()].timer = Some(local);
        self.schedule_wake(id);
    }

    /// Sees to it that a wake-up comes no later than the timer. An earlier one is left: it will look again.
    pub(super) fn schedule_wake(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        let Some(local) = host.timer else { return };
        let when = host.clock.when(local).max(now);
        if host.wake_at.is_some_and(|wake_at| wake_at <= when) {
            return;
        }
        host.wake_at = Some(when);
        host.wake_token += 1;
        let token = host.wake_token;
        self.queue.push(when, Event::Timer { node: id, token });
    }

    /// A wake-up: fires the timer if it is due, or else waits on.
    pub(super) fn timer(&mut self, id: NodeId, token: u32) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        if host.wake_token != token || !host.is_up() {
            return;
        }
        host.wake_at = None;
        let Some(local) = host.timer else { return };
        if host.clock.local(now) < local {
            return self.schedule_wake(id);
        }
        host.timer = None;
        let late = now.since(host.clock.when(local)).0;
        self.count_event();
        self.recorder.record(Some(id), Kind::Timer { late });
        self.step(id, Input::TimerFired);
    }
}
