//! The host of a node: hands it inputs, carries out its effects, keeps its disk, clock and state machine.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::breach::Breach;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, WriteId};
use crate::node::{Context, DiskFile, Effect, Input, Node, NodeRng, Role, Snapshot, Status};
use crate::plan::fault::Unsynced;
use crate::plan::{NodeOptions, OnCorruption, Plan, StateMachine, Survives};
use crate::record::{Kind, Loss};
use crate::rng::{Rng, Stream};
use crate::sim::copies::Copied;
use crate::sim::guest::{Fault, guarded};
use crate::sim::incoming::Incoming;
use crate::sim::journal::{Journal, Tear};
use crate::sim::machine::Machine;
use crate::sim::timers::Timers;
use crate::sim::{Event, Sim};
use crate::time::{Span, Time};
use crate::world::clock::Clock;
use crate::world::disk::{Disk, Sync};

pub struct Host<N: Node> {
    /// The process; none while it is down.
    pub(super) node: Option<N>,
    /// Which life it is in, from 1; 0 before the first boot.
    pub life: u32,
    pub rng: NodeRng,
    pub clock: Clock,
    pub disk: Disk,
    pub(super) journal: Journal,
    /// Copies of its disk, each with the fault that may put it back.
    pub(super) copies: Vec<(usize, Copied)>,
    /// Whether its disk was emptied since its last life.
    pub(super) wiped: bool,
    /// The sync under way, and the last write that it covers.
    syncing: Option<(WriteId, Sync)>,
    /// If the node stops for a sync that failed: what survives, where the plan says so.
    survives: Option<Survives>,
    /// This write and every earlier one are durable, and the node knows.
    pub(super) durable: WriteId,
    /// Messages that wait for a write.
    pub(super) outbox: VecDeque<(WriteId, NodeId, N::Message)>,
    pub(super) machine: Machine,
    pub(super) applied: Index,
    /// What the state machine was given and has not done.
    pub(super) to_apply: VecDeque<Effect<N::Message>>,
    /// The snapshot that is being written, beside the durable one, which lies with the journal.
    pub(super) writing: Option<Rc<Snapshot>>,
    /// Whether it would be whole by now, if the disk did not hang.
    pub(super) writing_hangs: bool,
    pub(super) snapshot_rng: Rng,
    pub(super) timers: Timers,
    /// How many pauses are in force.
    pub pauses: u32,
    /// How many of them stop the clock, too.
    pub suspends: u32,
    /// The event of the last crash, which ended those of before.
    pub crashed: u64,
    /// How long each input takes.
    pub per_input: Span,
    pub(super) busy_until: Time,
    /// What waits for a node that is paused or busy.
    pub(super) backlog: VecDeque<Incoming<N::Message>>,
    pub(super) proceeds_at: Option<Time>,
    /// What the node said of itself last.
    pub(super) status: Status,
    /// The commit index that was recorded last.
    pub(super) commit: Index,
    /// The configuration by which it was last known to count majorities; none while that with which the cluster began.
    pub(super) counts: Option<Configuration>,
}

impl<N: Node> Host<N> {
    pub fn new(plan: &Plan, id: NodeId) -> Host<N> {
        let options = plan.node(id).cloned().unwrap_or_else(|| NodeOptions::new(id));
        let rng = Rng::new(plan.seed, Stream::Node(id));
        let disk = options.disk.unwrap_or_else(|| plan.disk.clone());
        let syncs = plan.syncs.iter().filter(|pin| pin.node == id).cloned().collect();
        Host {
            node: None,
            life: 0,
            rng: NodeRng::new(
                rng,
                options.election_timeouts,
                options.heartbeat_intervals,
                options.words,
            ),
            clock: Clock::new(options.clock_offset, options.clock_drift_ppm),
            disk: Disk::new(disk, Rng::new(plan.seed, Stream::Disk(id)), syncs),
            journal: Journal::default(),
            copies: Vec::new(),
            wiped: false,
            syncing: None,
            survives: None,
            durable: WriteId::NONE,
            outbox: VecDeque::new(),
            machine: Machine::fresh::<N>(plan, id),
            applied: Index::ZERO,
            to_apply: VecDeque::new(),
            writing: None,
            writing_hangs: false,
            snapshot_rng: Rng::new(plan.seed, Stream::Snapshot(id)),
            timers: Timers::default(),
            pauses: 0,
            suspends: 0,
            crashed: 0,
            per_input: Span::ZERO,
            busy_until: Time::ZERO,
            backlog: VecDeque::new(),
            proceeds_at: None,
            status: Status::default(),
            commit: Index::ZERO,
            counts: None,
        }
    }

    pub fn is_up(&self) -> bool {
        self.node.is_some()
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
        if self.plan.cluster.state_machine == StateMachine::Volatile {
            host.begin_machine_anew(Machine::fresh::<N>(self.plan, id));
        }
        let restored = host.recover_machine();
        if !self.rules.answers_outlive_crash() {
            host.machine.forget_answers();
        }
        let recovered = host.journal.recover(host.applied);
        host.life += 1;
        host.durable = WriteId::NONE;
        // Until the node says otherwise, which it may do as it starts.
        host.commit = recovered.applied;
        host.counts = None;
        host.status = Status { term: recovered.term, ..Status::default() };
        let kind = Kind::Boot {
            life: host.life,
            term: recovered.term,
            vote: recovered.vote,
            last_index: recovered.log.last_index(),
            applied: host.applied,
            state: match restored.is_none() && host.applied > Index::ZERO {
                true => host.machine.fingerprint(),
                false => None,
            },
        };
        self.count_event();
        self.recorder.record(Some(id), kind);
        if let Some(snapshot) = restored {
            self.record_restore(id, &snapshot);
        }
        match guarded(|| (self.make)(&self.plan.setup(id))) {
            Ok(node) => self.hosts[id.slot()].node = Some(node),
            Err(panic) => {
                self.recorder.broken(id, &panic.into());
                self.crash(id, Unsynced::Lost, None);
            }
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
        if stops && journal.vote_rots {
            return Some((DiskFile::Vote, Index::ZERO));
        }
        let corrupt = journal.corrupt.map(|index| (DiskFile::Log, index));
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
        debug_assert!(host.life > 0, "a node that never started cannot crash");
        if let Some(snapshot) = host.crash_snapshot(unsynced) {
            self.save_snapshot(id, &snapshot);
        }
        let host = &mut self.hosts[id.slot()];
        let count = host.journal.pending.len() as u64;
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
        let gap = host.journal.has_gap();
        let (remains, survives) = host.journal.crash(whole, tear, votes);
        if remains.promised > 0 || gap {
            // The state machine lay on the same disk.
            host.begin_machine_anew(Machine::fresh::<N>(self.plan, id));
        }
        host.syncing = None;
        host.timers.clear();
        (host.pauses, host.suspends, host.crashed) = (0, 0, self.recorder.event);
        host.clock.go_on(self.recorder.now);
        host.proceeds_at = None;
        host.busy_until = Time::ZERO;
        host.status = Status::default();
        self.recorder.record(Some(id), Kind::Crash(remains));
        for (_, to, _) in &host.outbox {
            self.recorder.record(Some(*to), Kind::Drop { from: id, id: 0, why: Loss::Unsent });
        }
        self.end_process(id);
        survives
    }

    /// Ends a process, and drops what it has not sent, taken or done: its own code once more, which may panic each time.
    pub(super) fn end_process(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        let (node, outbox) = (host.node.take(), std::mem::take(&mut host.outbox));
        let (backlog, to_apply) =
            (std::mem::take(&mut host.backlog), std::mem::take(&mut host.to_apply));
        self.discard(id, node);
        self.discard(id, outbox);
        self.discard(id, backlog);
        self.discard(id, to_apply);
    }

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
        host.begin_machine_anew(Machine::fresh::<N>(self.plan, id));
        host.wiped = true;
        let stays_out = self.plan.cluster.keeps_wiped_out();
        self.recorder.record(Some(id), Kind::Wipe { stays_out });
    }

    /// Hands an input to a node and does what it says, then does the same with the outputs that it asked for.
    pub(super) fn step(&mut self, id: NodeId, input: Input<N::Message>) {
        self.step_once(id, input);
        self.step_answers(id);
    }

    pub(super) fn step_answers(&mut self, id: NodeId) {
        while let Some(answer) = self.answers.pop_front() {
            self.step_once(id, answer);
        }
        let host = &mut self.hosts[id.slot()];
        if host.per_input > Span::ZERO && host.is_up() {
            host.busy_until = self.recorder.now.plus(host.per_input);
        }
    }

    fn step_once(&mut self, id: NodeId, input: Input<N::Message>) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        let Some(node) = &mut host.node else { return };
        let mut effects = std::mem::take(&mut self.effects);
        debug_assert!(effects.is_empty(), "what one step wants is done before the next");
        let before = host.status;
        // Kept outside of what is caught, which would copy it.
        let mut input = Some(input);
        let stepped = guarded(|| {
            let (now, jumped) = (host.clock.local(now), host.clock.jumped);
            let mut ctx = Context { now, jumped, rng: &mut host.rng, effects: &mut effects };
            if let Some(input) = input.take() {
                node.step(input, &mut ctx);
            }
            node.status()
        });
        let stands = match stepped {
            Ok(status) => {
                host.status = status;
                self.record_status(id, before, status).map_err(Fault::from)
            }
            Err(panic) => Err(panic.into()),
        };
        match stands {
            Ok(()) => self.carry_out_all(id, &mut effects),
            Err(fault) => {
                self.broken(id, fault);
                self.discard(id, effects.drain(..));
            }
        }
        self.effects = effects;
    }

    /// Records what changed of a node's status: before its effects, for these are done in the new one.
    fn record_status(&mut self, id: NodeId, before: Status, status: Status) -> Result<(), Breach> {
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
            self.check_named(status.leader)?;
            self.recorder.record(Some(id), Kind::Leader { leader: status.leader });
        }
        if status.transfer != before.transfer {
            self.check_named(status.transfer)?;
            self.recorder.record(Some(id), Kind::Transfer { to: status.transfer });
        }
        if status.target_priority != before.target_priority {
            let kind = Kind::TargetPriority { target: status.target_priority };
            self.recorder.record(Some(id), kind);
        }
        Ok(())
    }

    /// A node ended its own process. Its supervisor starts it again.
    pub(super) fn stop(&mut self, id: NodeId) {
        self.recorder.record(Some(id), Kind::Stop);
        let fixed = self.hosts[id.slot()].survives.take();
        let survives = self.crash(id, Unsynced::Torn, fixed);
        self.note_stop(id, survives);
        let life = self.hosts[id.slot()].life;
        let at = self.after(self.plan.cluster.restart_after);
        self.queue.push(at, Event::Boot { node: id, life });
    }

    /// A node panicked or broke its contract. If that is not judged, it is a crash.
    pub(super) fn broken(&mut self, id: NodeId, fault: Fault) {
        self.recorder.broken(id, &fault);
        if self.hosts[id.slot()].is_up() {
            self.crash(id, Unsynced::Lost, None);
        }
    }

    /// Starts a sync, if the disk is idle and there is something to sync. It covers all that was written by now.
    pub(super) fn sync_next(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        if host.syncing.is_some() {
            return;
        }
        let Some(upto) = host.journal.unsynced() else { return };
        let sync = host.disk.sync(now);
        if host.disk.full > 0 {
            host.journal.find_no_room();
        }
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

    /// A node has its disk take what failed once more: by writing it again, or by a mere sync, which does nothing.
    pub(super) fn write_again(&mut self, id: NodeId, writes: bool) {
        let journal = &mut self.hosts[id.slot()].journal;
        if journal.failed {
            journal.take_up_again(writes);
            self.recorder.record(Some(id), Kind::WriteAgain { writes });
            self.sync_next(id);
        }
    }

    /// A fault that slowed a disk down is over, and a sync that it slowed down ends as soon as it would have without it.
    pub(super) fn end_slow_sync(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &self.hosts[id.slot()];
        if let Some((upto, sync)) = host.syncing.filter(|(_, sync)| sync.usual < sync.takes) {
            let at = sync.begun.plus(sync.usual).max(now);
            self.queue.push(at, Event::Synced { node: id, life: host.life, upto });
        }
    }

    /// A disk hangs no more: what it would have done meanwhile is done now.
    pub(super) fn stop_hanging(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        host.disk.hanging -= 1;
        if host.disk.hanging > 0 {
            return;
        }
        let due = |sync: Sync| sync.begun.plus(sync.takes) <= now;
        if let Some((upto, _)) = host.syncing.filter(|(_, sync)| due(*sync)) {
            self.queue.push(now, Event::Synced { node: id, life: host.life, upto });
        }
        if std::mem::take(&mut host.writing_hangs) {
            self.hasten_snapshot(id, Span::ZERO);
        }
    }

    /// A sync is over. The disk has it at once; the node hears of it when it is ready.
    pub(super) fn synced(&mut self, id: NodeId, life: u32, upto: WriteId) {
        let host = &mut self.hosts[id.slot()];
        let is_other = host.syncing.is_none_or(|(syncing, _)| syncing != upto);
        if host.life != life || is_other || host.disk.hanging > 0 {
            return;
        }
        let Some((upto, sync)) = host.syncing.take() else { return };
        let what = if sync.fails {
            host.survives = sync.survives;
            let write = host.journal.first_unsynced().unwrap_or(upto);
            host.journal.failed = true;
            self.recorder.record(Some(id), Kind::WriteFailed { write });
            Incoming::WriteFailed(write)
        } else {
            let lie = host.disk.lying > 0;
            let gap = host.journal.has_gap();
            match lie || gap {
                true => host.journal.lie(upto),
                false => host.journal.sync(upto),
            }
            // The disk has lost what it reported as failed, and nothing of this is there: whoever believes it goes wrong.
            if !gap {
                self.recorder.record(Some(id), Kind::Durable { write: upto, lie });
            }
            Incoming::Durable(upto)
        };
        self.sync_next(id);
        self.receive(id, what);
    }

    /// A disk stops lying, and writes what it said that it had.
    pub(super) fn stop_lying(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        host.disk.lying -= 1;
        if host.disk.lying == 0
            && let Some(write) = host.journal.keep_promise()
        {
            self.recorder.record(Some(id), Kind::Durable { write, lie: false });
        }
    }
}
