//! Does what the plan wants to go wrong.

use serde::{Deserialize, Serialize};

use crate::ids::{Index, NodeId, NodeSet};
use crate::node::Node;
use crate::plan::fault::{Corrupt, Crash};
use crate::plan::{Action, Fault, LinkException, Plan, Trigger, When};
use crate::record::{Ignored, Kind};
use crate::rng::{Rng, Stream};
use crate::sim::clients::ClientEvent;
use crate::sim::host::Host;
use crate::sim::incoming::Incoming;
use crate::sim::targets::Aim;
use crate::sim::{Event, Sim};
use crate::situation::Situation;
use crate::time::{Shift, Span, Time};
use crate::world::access::{Line, Way};

#[derive(Debug)]
pub(super) struct InForce {
    fault: usize,
    targets: NodeSet,
    cuts: Vec<(NodeId, NodeId)>,
    /// The same between clients and nodes.
    lines: Vec<Line>,
    /// Between which nodes some of the messages are cut.
    partial: Option<(NodeSet, NodeSet)>,
    /// Whether the cuts are made now: a flapping partition comes and goes.
    cut: bool,
    over: bool,
    /// The event in which it began.
    since: u64,
}

/// What waits for a situation.
#[derive(Clone, Copy, Debug)]
enum Waits {
    Fault(usize),
    Request(usize),
}

#[derive(Debug)]
pub struct Faults {
    rngs: Vec<Rng>,
    pub(super) in_force: Vec<InForce>,
    /// What waits for situations, by situation, and how often each was seen.
    waiting: Vec<(Trigger, u64, Waits)>,
    /// What came of each fault of the plan.
    pub(super) done: Vec<Done>,
    /// Changes of the members that a node may make later: of which fault, who was asked, and whom they make voters.
    pub(super) held: Vec<(usize, NodeId, NodeSet)>,
}

/// What came of one fault of the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// How often it struck somebody.
    pub struck: u64,
    /// How often it found nobody.
    pub missed: u64,
    /// Who last ignored the change of the members, or the transfer, that it asked for, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<(NodeId, Ignored)>,
}

impl Done {
    /// Whether all that the plan asked for happened.
    pub fn is_all(&self) -> bool {
        self.struck > 0 && self.missed == 0 && self.ignored.is_none()
    }
}

impl Faults {
    pub fn new(plan: &Plan) -> Faults {
        let rng = |place| Rng::new(plan.seed, Stream::Fault(place as u32));
        Faults {
            rngs: (0..plan.faults.len()).map(rng).collect(),
            in_force: Vec::new(),
            waiting: Vec::new(),
            done: vec![Done::default(); plan.faults.len()],
            held: Vec::new(),
        }
    }
}

impl Faults {
    /// Every fault draws from the stream of another seed from now on.
    pub fn reseed(&mut self, seed: u64) {
        for (place, rng) in self.rngs.iter_mut().enumerate() {
            *rng = Rng::new(seed, Stream::Fault(place as u32));
        }
    }
}

impl<N: Node> Sim<'_, '_, N> {
    /// Schedules faults with a time, and notes what waits for a situation.
    pub(super) fn schedule_faults(&mut self) {
        for (fault, planned) in self.plan.faults.iter().enumerate() {
            if let Action::Crash(Crash { put_back: Some(at), .. }) = planned.action {
                self.queue.push(Time::ZERO.plus(at), Event::Copy { fault });
            }
            match planned.when {
                When::At(at) => {
                    self.queue.push(Time::ZERO.plus(at), Event::Strike { fault, trigger: None });
                }
                When::On(trigger) => {
                    self.faults.waiting.push((trigger, 0, Waits::Fault(fault)));
                }
            }
        }
        for (place, single) in self.plan.requests.iter().enumerate() {
            if let Some(trigger) = single.on {
                self.faults.waiting.push((trigger, 0, Waits::Request(place)));
            }
        }
        self.faults.waiting.sort_by_key(|(trigger, ..)| trigger.situation);
    }

    /// Schedules what waited for the situations that the last event reached.
    pub(super) fn pull_triggers(&mut self) {
        if self.faults.waiting.is_empty() {
            return;
        }
        while let Some((situation, node)) =
            self.recorder.judges().and_then(|judges| judges.situations.take_fresh())
        {
            self.pull(situation, node);
        }
    }

    fn pull(&mut self, situation: Situation, node: Option<NodeId>) {
        let waiting = &mut self.faults.waiting;
        let first = waiting.partition_point(|(trigger, ..)| trigger.situation < situation);
        let those = waiting[first..].iter_mut().take_while(|it| it.0.situation == situation);
        for (trigger, seen, what) in those {
            let Trigger { nth, after, times, .. } = *trigger;
            let here = trigger.node.is_none() || trigger.node == node;
            let over = self.recovery.begun && matches!(what, Waits::Fault(_));
            if !here || over {
                continue;
            }
            *seen += 1;
            if *seen < nth || *seen - nth >= times {
                continue;
            }
            let event = match *what {
                Waits::Fault(fault) => Event::Strike { fault, trigger: node },
                Waits::Request(place) => {
                    let what = ClientEvent::Asked { place, trigger: node };
                    Event::Client { client: self.singles[place].client, what }
                }
            };
            self.queue.push(self.recorder.now.plus(after), event);
        }
    }

    pub(super) fn strike(&mut self, place: usize, trigger: Option<NodeId>) {
        if self.recovery.begun {
            return;
        }
        self.count_event();
        let rng = &mut self.faults.rngs[place];
        let aim = Aim { trigger, struck: rng.word(), other: rng.word() };
        let (fault, number) = (&self.plan.faults[place], place as u32 + 1);
        if let Some(every) = fault.every {
            let at = self.after(every);
            self.queue.push(at, Event::Strike { fault: place, trigger });
        }
        let targets = self.can_suffer(fault, self.struck(fault, aim));
        let to_nobody = match &fault.action {
            Action::Transfer(transfer) => self.transferee(transfer, aim).is_none(),
            _ => false,
        };
        let nobody = targets.is_empty() && self.struck_clients(fault).is_empty();
        if nobody || to_nobody {
            self.faults.done[place].missed += 1;
            return self.recorder.record(None, Kind::Missed { fault: number });
        }
        self.faults.done[place].struck += 1;
        self.recorder.record(None, Kind::Fault { fault: number });
        self.note_strike(place, targets, aim);
        let partition = self.partition(fault, targets, aim);
        self.begin(fault, number, targets, aim);
        if fault.kind().is_momentary() {
            return;
        }
        let cuts = partition.map_or_else(Vec::new, |it| it.cuts(self.plan.cluster.nodes));
        let lines = self.lines(fault, targets, aim);
        let force = self.faults.in_force.len();
        let partial = match &fault.action {
            Action::Cut(cut) if !cut.selection().is_all() => {
                Some((targets, self.resolve(&cut.to, aim.trigger, aim.other)))
            }
            _ => None,
        };
        let partitioned = !cuts.is_empty() || !lines.is_empty() || partial.is_some();
        let (cut, over) = (false, false);
        let since = self.recorder.event;
        let entry = InForce { fault: place, targets, cuts, lines, partial, cut, over, since };
        self.faults.in_force.push(entry);
        if partitioned {
            self.flap(force);
        }
        if let Some(lasts) = fault.lasts {
            let at = self.after(lasts);
            self.queue.push(at, Event::End { force });
        }
    }

    /// Those of the nodes to which such a fault can happen now.
    fn can_suffer(&self, fault: &Fault, targets: NodeSet) -> NodeSet {
        let is_up = |node: NodeId| self.hosts[node.slot()].is_up();
        let can = |node: &NodeId| match &fault.action {
            Action::Crash(_)
            | Action::Pause
            | Action::Suspend
            | Action::Slow(_)
            | Action::Transfer(_)
            | Action::Change(_) => is_up(*node),
            Action::Restart => !is_up(*node),
            Action::Corrupt(corrupt) => self.corruptible(*node, corrupt).is_some(),
            _ => true,
        };
        targets.iter().filter(can).collect()
    }

    /// Does what is done once, when a fault strikes.
    fn begin(&mut self, fault: &Fault, number: u32, targets: NodeSet, aim: Aim) {
        match &fault.action {
            Action::Link(link) => {
                let to = self.resolve(&link.to, aim.trigger, aim.other);
                let (askers, asked) = (self.clients_of(&link.from), self.clients_of(&link.to));
                if !askers.is_empty() {
                    self.access.add_change(number, (askers, to, Way::There), link.clone());
                } else if !asked.is_empty() {
                    self.access.add_change(number, (asked, targets, Way::Back), link.clone());
                } else {
                    self.network.add_link_change(number, targets, to, link.clone());
                }
            }
            Action::Transfer(transfer) => {
                if let Some(to) = self.transferee(transfer, aim) {
                    for node in targets.iter() {
                        let what = Incoming::Transfer { fault: number as usize - 1, to };
                        self.queue.push(self.recorder.now, Event::Incoming { node, what });
                    }
                }
            }
            Action::Change(change) => {
                for (node, change) in targets.iter().zip(change.changes().cycle()) {
                    let what = Incoming::Change { fault: number as usize - 1, change };
                    self.queue.push(self.recorder.now, Event::Incoming { node, what });
                }
            }
            _ => targets.iter().for_each(|node| self.begin_at(node, fault, number)),
        }
    }

    /// The same for what happens to each node by itself.
    fn begin_at(&mut self, node: NodeId, fault: &Fault, number: u32) {
        let host = &mut self.hosts[node.slot()];
        match &fault.action {
            Action::Crash(crash) => self.crash_one(node, number as usize - 1, crash, fault.lasts),
            Action::Restart => {
                let life = host.life;
                self.boot(node, life);
            }
            Action::Pause => {
                host.pauses += 1;
                // A machine that is suspended stays so, and its clock with it.
                let kind = if host.suspends == 0 { Kind::Pause } else { Kind::Suspend };
                self.recorder.record(Some(node), kind);
            }
            Action::Suspend => {
                (host.pauses, host.suspends) = (host.pauses + 1, host.suspends + 1);
                host.clock.stop(self.recorder.now);
                self.recorder.record(Some(node), Kind::Suspend);
            }
            Action::Slow(slow) => host.per_input = slow.per_input,
            Action::Disk(change) => host.disk.change(change),
            Action::DiskError => host.disk.fails_next = true,
            Action::DiskFull => host.disk.full += 1,
            Action::DiskLies => host.disk.lying += 1,
            Action::DiskHangs => host.disk.hanging += 1,
            Action::Corrupt(corrupt) => {
                if let Some(index) = self.corruptible(node, corrupt) {
                    self.rot(node, corrupt.what, index);
                }
            }
            Action::Clock(change) => self.set_clock(node, change.jump, change.drift_ppm),
            // What is between nodes is begun at once for all.
            _ => {}
        }
    }

    /// The record of this node that would become corrupt, if it has one.
    fn corruptible(&self, node: NodeId, corrupt: &Corrupt) -> Option<Index> {
        self.hosts[node.slot()].journal.rotting(corrupt.what, corrupt.entries)
    }

    fn crash_one(&mut self, node: NodeId, fault: usize, crash: &Crash, lasts: Option<Span>) {
        let survives = self.crash(node, crash.unsynced, crash.survives);
        self.note_crash(node, crash.unsynced, survives);
        if crash.wipe {
            self.wipe(node);
        }
        if crash.put_back.is_some() {
            self.put_back(node, fault);
        }
        if let Some(lasts) = lasts {
            let life = self.hosts[node.slot()].life;
            let at = self.after(lasts);
            self.queue.push(at, Event::Boot { node, life });
        }
    }

    pub(super) fn set_clock(&mut self, node: NodeId, jump: Option<Shift>, drift_ppm: Option<i32>) {
        let now = self.recorder.now;
        let Host { clock, timers, .. } = &mut self.hosts[node.slot()];
        let before = clock.local(now);
        if let Some(jump) = jump {
            let jumped = clock.jumped;
            clock.jump(now, jump);
            timers.shift_steady(Shift(clock.jumped.0 - jumped.0));
        }
        if let Some(drift_ppm) = drift_ppm {
            clock.set_drift(now, drift_ppm);
        }
        let after = clock.local(now);
        self.recorder.record(Some(node), Kind::Clock { before, after, drift_ppm });
        self.schedule_wake(node);
    }

    /// Makes the cuts of a partition, or takes them back; one that flaps will be back.
    pub(super) fn flap(&mut self, force: usize) {
        let entry = &mut self.faults.in_force[force];
        if entry.over {
            return;
        }
        entry.cut = !entry.cut;
        for (from, to) in &entry.cuts {
            if entry.cut { self.network.cut(*from, *to) } else { self.network.heal(*from, *to) }
        }
        if let (Some((from, to)), Action::Cut(cut)) =
            (entry.partial, &self.plan.faults[entry.fault].action)
        {
            let (kind, larger_than) = (cut.kind.clone(), cut.larger_than);
            let which = LinkException { kind, larger_than, ..LinkException::default() };
            match entry.cut {
                true => self.network.cut_some(force as u32, from, to, which),
                false => self.network.heal_some(force as u32),
            }
        }
        for line in &entry.lines {
            if entry.cut { self.access.cut(*line) } else { self.access.heal(*line) }
        }
        if let Some(period) = self.plan.faults[entry.fault].flapping {
            let at = self.recorder.now.plus(Span(period.0 / 2));
            self.queue.push(at, Event::Flap { force });
        }
    }

    pub(super) fn end(&mut self, force: usize) {
        let entry = &mut self.faults.in_force[force];
        if entry.over {
            return;
        }
        self.count_event();
        let entry = &mut self.faults.in_force[force];
        entry.over = true;
        if std::mem::take(&mut entry.cut) {
            for (from, to) in std::mem::take(&mut entry.cuts) {
                self.network.heal(from, to);
            }
            if entry.partial.is_some() {
                self.network.heal_some(force as u32);
            }
            for line in std::mem::take(&mut entry.lines) {
                self.access.heal(line);
            }
        }
        let (fault, targets, since) = (entry.fault, entry.targets, entry.since);
        let number = fault as u32 + 1;
        self.recorder.record(None, Kind::Heal { fault: number });
        match &self.plan.faults[fault].action {
            Action::Link(_) => {
                self.network.remove_link_change(number);
                self.access.remove_change(number);
            }
            action => targets.iter().for_each(|node| self.end_at(node, action, since)),
        }
    }

    /// Ends what was in force at one node since an event.
    fn end_at(&mut self, node: NodeId, action: &Action, since: u64) {
        let host = &mut self.hosts[node.slot()];
        match action {
            // A crash ends every pause that is in force then; another may be in force by now.
            Action::Pause | Action::Suspend if since < host.crashed => {}
            Action::Pause => self.resume(node),
            Action::Suspend => {
                host.suspends = host.suspends.saturating_sub(1);
                if host.suspends == 0 {
                    host.clock.go_on(self.recorder.now);
                    if host.pauses > 1 {
                        self.recorder.record(Some(node), Kind::Pause);
                    }
                }
                self.resume(node);
            }
            Action::Slow(_) => host.per_input = Span::ZERO,
            Action::DiskFull => host.disk.full -= 1,
            Action::DiskLies => self.stop_lying(node),
            Action::DiskHangs => self.stop_hanging(node),
            Action::Disk(_) => {
                host.disk.change_back();
                self.end_slow_sync(node);
            }
            _ => {}
        }
    }

    fn resume(&mut self, node: NodeId) {
        let host = &mut self.hosts[node.slot()];
        if !host.is_up() || host.pauses == 0 {
            return;
        }
        host.pauses -= 1;
        if host.pauses == 0 {
            self.recorder.record(Some(node), Kind::Resume);
            self.schedule_proceed(node);
        }
    }
}
