//! Does what the plan wants to go wrong.

use crate::ids::{Index, NodeId, NodeSet};
use crate::node::{Node, Role};
use crate::plan::fault::{Corrupt, Crash, Direction, Transfer};
use crate::plan::{Action, Plan, Target, Trigger, When};
use crate::record::Kind;
use crate::rng::{Rng, Stream, scale};
use crate::sim::clients::ClientEvent;
use crate::sim::incoming::Incoming;
use crate::sim::{Event, Sim};
use crate::situation::Situation;
use crate::time::{Shift, Span, Time};
use crate::world::disk::Disk;

/// What can happen to a fault.
#[derive(Clone, Copy, Debug)]
pub enum FaultEvent {
    /// It strikes.
    Strike {
        /// Its place in the plan, from 0.
        fault: usize,
        /// The node at which the situation occurred that it waited for.
        trigger: Option<NodeId>,
    },
    /// A flapping partition comes or goes.
    Flap {
        /// Its place among the faults in force.
        force: usize,
    },
    /// It ends.
    End {
        /// Its place among the faults in force.
        force: usize,
    },
}

/// A fault in force, which has an end.
#[derive(Debug)]
struct InForce {
    fault: usize,
    targets: NodeSet,
    cuts: Vec<(NodeId, NodeId)>,
    /// Whether the cuts are made now: a flapping partition comes and goes.
    cut: bool,
    over: bool,
}

/// Something that waits for a situation.
#[derive(Debug)]
struct Waiting {
    trigger: Trigger,
    seen: u64,
    what: Waits,
}

#[derive(Clone, Copy, Debug)]
enum Waits {
    Fault(usize),
    Request(usize),
}

/// The faults of a run.
#[derive(Debug)]
pub struct Faults {
    rngs: Vec<Rng>,
    in_force: Vec<InForce>,
    waiting: Vec<Waiting>,
}

impl Faults {
    /// The faults of a plan, before the first strikes.
    pub fn new(plan: &Plan) -> Faults {
        let rng = |place| Rng::new(plan.seed, Stream::Fault(place as u32));
        Faults {
            rngs: (0..plan.faults.len()).map(rng).collect(),
            in_force: Vec::new(),
            waiting: Vec::new(),
        }
    }
}

impl<N: Node> Sim<'_, '_, N> {
    /// Schedules faults with a time, and notes what waits for a situation.
    pub(super) fn schedule_faults(&mut self) {
        for (fault, planned) in self.plan.faults.iter().enumerate() {
            match planned.when {
                When::At(at) => {
                    let strike = FaultEvent::Strike { fault, trigger: None };
                    self.queue.push(Time::ZERO.plus(at), Event::Fault(strike));
                }
                When::On(trigger) => {
                    let what = Waits::Fault(fault);
                    self.faults.waiting.push(Waiting { trigger, seen: 0, what });
                }
            }
        }
        for (place, single) in self.plan.requests.iter().enumerate() {
            if let Some(trigger) = single.on {
                let what = Waits::Request(place);
                self.faults.waiting.push(Waiting { trigger, seen: 0, what });
            }
        }
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
        for waiting in &mut self.faults.waiting {
            let Trigger { nth, after, times, .. } = waiting.trigger;
            let here = waiting.trigger.node.is_none() || waiting.trigger.node == node;
            let over = self.recovery.begun && matches!(waiting.what, Waits::Fault(_));
            if waiting.trigger.situation != situation || !here || over {
                continue;
            }
            waiting.seen += 1;
            if waiting.seen < nth || waiting.seen - nth >= times {
                continue;
            }
            let event = match waiting.what {
                Waits::Fault(fault) => Event::Fault(FaultEvent::Strike { fault, trigger: node }),
                Waits::Request(place) => {
                    let what = ClientEvent::Asked { place, trigger: node };
                    Event::Client { client: self.singles[place].0, what }
                }
            };
            self.queue.push(self.recorder.now.plus(after), event);
        }
    }

    /// A fault strikes, changes or ends.
    pub(super) fn fault_event(&mut self, event: FaultEvent) {
        match event {
            FaultEvent::Strike { .. } if self.recovery.begun => {}
            FaultEvent::Strike { fault, trigger } => self.strike(fault, trigger),
            FaultEvent::Flap { force } => self.flap(force),
            FaultEvent::End { force } => self.end(force),
        }
    }

    fn strike(&mut self, fault: usize, trigger: Option<NodeId>) {
        self.count_event();
        let plan = self.plan;
        let action = &plan.faults[fault].action;
        let words = [self.faults.rngs[fault].word(), self.faults.rngs[fault].word()];
        let number = fault as u32 + 1;
        let targets = match action.names().first() {
            Some((_, target)) => self.resolve(target, trigger, words[0]),
            None => NodeSet::first(plan.cluster.nodes),
        };
        let targets = match action {
            Action::Crash(_)
            | Action::Pause(_)
            | Action::Slow(_)
            | Action::Transfer(_)
            | Action::Change(_) => {
                targets.iter().filter(|node| self.hosts[node.slot()].is_up()).collect()
            }
            Action::Restart(_) => {
                targets.iter().filter(|node| !self.hosts[node.slot()].is_up()).collect()
            }
            Action::Corrupt(corrupt) => {
                targets.iter().filter(|node| self.rotting(*node, corrupt).is_some()).collect()
            }
            _ => targets,
        };
        let nobody = match action {
            Action::Transfer(transfer) => self.transferee(transfer, trigger, words[1]).is_none(),
            _ => false,
        };
        if targets.is_empty() || nobody {
            return self.recorder.record(None, Kind::Missed { fault: number });
        }
        self.recorder.record(None, Kind::Fault { fault: number });
        self.note_strike(fault, targets, trigger, words);
        let cuts = self.cuts(action, targets, trigger, words);
        let force = self.faults.in_force.len();
        self.begin(action, targets, number, trigger, words[1]);
        let partition = !cuts.is_empty();
        if action.is_momentary() {
            return;
        }
        let entry = InForce { fault, targets, cuts, cut: false, over: false };
        self.faults.in_force.push(entry);
        if partition {
            self.flap(force);
        }
        if let Some(lasts) = action.lasts() {
            let at = self.after(lasts);
            self.queue.push(at, Event::Fault(FaultEvent::End { force }));
        }
    }

    /// Does what is done once, when a fault strikes.
    fn begin(
        &mut self,
        action: &Action,
        targets: NodeSet,
        number: u32,
        trigger: Option<NodeId>,
        word: u64,
    ) {
        match action {
            Action::Crash(crash) => {
                for node in targets.iter() {
                    self.crash_one(node, crash);
                }
            }
            Action::Restart(_) => {
                for node in targets.iter() {
                    let life = self.hosts[node.slot()].life;
                    self.boot(node, life);
                }
            }
            Action::Pause(_) => {
                for node in targets.iter() {
                    self.hosts[node.slot()].pauses += 1;
                    self.recorder.record(Some(node), Kind::Pause);
                }
            }
            Action::Slow(slow) => {
                for node in targets.iter() {
                    self.hosts[node.slot()].per_input = slow.per_input;
                }
            }
            Action::Link(link) => {
                let to = self.resolve(&link.to, trigger, word);
                self.network.add_link_change(number, targets, to, link.clone());
            }
            Action::Disk(change) => {
                for node in targets.iter() {
                    let options = &mut self.hosts[node.slot()].disk.options;
                    options.write = change.write.unwrap_or(options.write);
                    options.fsync = change.fsync.unwrap_or(options.fsync);
                }
            }
            Action::DiskError(_) => self.each_disk(targets, Disk::fail_next),
            Action::DiskFull(_) => self.each_disk(targets, Disk::fill),
            Action::DiskLies(_) => self.each_disk(targets, Disk::start_lying),
            Action::Corrupt(corrupt) => {
                for node in targets.iter() {
                    if let Some(index) = self.rotting(node, corrupt) {
                        self.rot(node, corrupt.what, index);
                    }
                }
            }
            Action::Clock(change) => {
                for node in targets.iter() {
                    self.set_clock(node, change.jump, change.drift_ppm);
                }
            }
            Action::Transfer(transfer) => {
                if let Some(to) = self.transferee(transfer, trigger, word) {
                    for node in targets.iter() {
                        let what = Incoming::Transfer(to);
                        self.queue.push(self.recorder.now, Event::Incoming { node, what });
                    }
                }
            }
            Action::Change(change) => {
                for (node, change) in targets.iter().zip(change.changes().cycle()) {
                    let what = Incoming::Change(change);
                    self.queue.push(self.recorder.now, Event::Incoming { node, what });
                }
            }
            Action::Split(_)
            | Action::Isolate(_)
            | Action::Cut(_)
            | Action::Bridge(_)
            | Action::Ring(_) => {}
        }
    }

    fn rotting(&self, node: NodeId, corrupt: &Corrupt) -> Option<Index> {
        self.hosts[node.slot()].journal.rotting(corrupt.what, corrupt.entries)
    }

    fn each_disk(&mut self, targets: NodeSet, change: fn(&mut Disk)) {
        targets.iter().for_each(|node| change(&mut self.hosts[node.slot()].disk));
    }

    /// To whom a leader is to hand over.
    pub(super) fn transferee(
        &self,
        transfer: &Transfer,
        trigger: Option<NodeId>,
        word: u64,
    ) -> Option<NodeId> {
        some_of(self.resolve(&transfer.to, trigger, word), 1, word).iter().next()
    }

    fn crash_one(&mut self, node: NodeId, crash: &Crash) {
        let survives = self.crash(node, crash.unsynced, crash.survives);
        self.note_crash(node, crash.unsynced, survives);
        if crash.wipe {
            self.wipe(node);
        }
        if let Some(lasts) = crash.lasts {
            let life = self.hosts[node.slot()].life;
            let at = self.after(lasts);
            self.queue.push(at, Event::Boot { node, life });
        }
    }

    pub(super) fn set_clock(&mut self, node: NodeId, jump: Option<Shift>, drift_ppm: Option<i32>) {
        let now = self.recorder.now;
        let clock = &mut self.hosts[node.slot()].clock;
        let before = clock.local(now);
        if let Some(jump) = jump {
            clock.jump(now, jump);
        }
        if let Some(drift_ppm) = drift_ppm {
            clock.set_drift(now, drift_ppm);
        }
        let after = clock.local(now);
        self.recorder.record(Some(node), Kind::Clock { before, after });
        self.schedule_wake(node);
    }

    /// Makes the cuts of a partition, or takes them back; one that flaps will be back.
    fn flap(&mut self, force: usize) {
        let entry = &mut self.faults.in_force[force];
        if entry.over {
            return;
        }
        entry.cut = !entry.cut;
        for (from, to) in &entry.cuts {
            match entry.cut {
                true => self.network.cut(*from, *to),
                false => self.network.heal(*from, *to),
            }
        }
        if let Some(period) = self.plan.faults[entry.fault].action.flapping() {
            let at = self.recorder.now.plus(Span(period.0 / 2));
            self.queue.push(at, Event::Fault(FaultEvent::Flap { force }));
        }
    }

    /// Ends every fault that is in force.
    pub(super) fn end_all_faults(&mut self) {
        (0..self.faults.in_force.len()).for_each(|force| self.end(force));
    }

    fn end(&mut self, force: usize) {
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
        }
        let (fault, targets) = (entry.fault, entry.targets);
        let number = fault as u32 + 1;
        self.recorder.record(None, Kind::Heal { fault: number });
        match &self.plan.faults[fault].action {
            Action::Pause(_) => targets.iter().for_each(|node| self.resume(node)),
            Action::Slow(_) => {
                targets.iter().for_each(|node| self.hosts[node.slot()].per_input = Span::ZERO);
            }
            Action::DiskFull(_) => self.each_disk(targets, Disk::empty),
            Action::DiskLies(_) => targets.iter().for_each(|node| self.stop_lying(node)),
            Action::Link(_) => self.network.remove_weather(number),
            Action::Disk(_) => {
                for node in targets.iter() {
                    let options = self.plan.node(node).and_then(|options| options.disk.clone());
                    self.hosts[node.slot()].disk.options =
                        options.unwrap_or_else(|| self.plan.disk.clone());
                }
            }
            _ => {}
        }
    }

    fn resume(&mut self, node: NodeId) {
        let host = &mut self.hosts[node.slot()];
        // A crash ends every pause.
        if !host.is_up() || host.pauses == 0 {
            return;
        }
        host.pauses -= 1;
        if host.pauses == 0 {
            self.recorder.record(Some(node), Kind::Resume);
            self.schedule_proceed(node);
        }
    }

    /// The links that a partition cuts.
    fn cuts(
        &self,
        action: &Action,
        targets: NodeSet,
        trigger: Option<NodeId>,
        words: [u64; 2],
    ) -> Vec<(NodeId, NodeId)> {
        let nodes = self.plan.cluster.nodes;
        let all = NodeSet::first(nodes);
        let hears: Box<dyn Fn(NodeId, NodeId) -> bool> = match action {
            Action::Split(split) => {
                let mut left = all;
                let mut groups: Vec<NodeSet> = Vec::new();
                for target in &split.groups {
                    let group = self.resolve(target, trigger, words[0]).intersection(left);
                    left = left.without(group);
                    groups.push(group);
                }
                groups.push(left);
                Box::new(move |from, to| {
                    groups.iter().any(|group| group.contains(from) && group.contains(to))
                })
            }
            Action::Isolate(isolate) => {
                let direction = isolate.direction;
                Box::new(move |from, to| {
                    let deaf = targets.contains(to) && direction != Direction::Outbound;
                    let mute = targets.contains(from) && direction != Direction::Inbound;
                    !deaf && !mute
                })
            }
            Action::Cut(cut) => {
                let to = self.resolve(&cut.to, trigger, words[1]);
                Box::new(move |sender, receiver| {
                    !(targets.contains(sender) && to.contains(receiver))
                })
            }
            Action::Bridge(_) => {
                let rest: Vec<NodeId> = all.without(targets).iter().collect();
                let left: NodeSet = rest[..rest.len() / 2].iter().copied().collect();
                let bridge = targets;
                Box::new(move |from, to| {
                    bridge.contains(from)
                        || bridge.contains(to)
                        || left.contains(from) == left.contains(to)
                })
            }
            Action::Ring(_) => Box::new(move |from, to| {
                let distance = (from.number() + nodes - to.number()) % nodes;
                distance == 1 || distance == nodes - 1
            }),
            _ => return Vec::new(),
        };
        let pairs = all.iter().flat_map(|from| all.iter().map(move |to| (from, to)));
        pairs.filter(|(from, to)| from != to && !hears(*from, *to)).collect()
    }

    /// Live nodes that hear a majority, and that a majority hears.
    fn connected(&self) -> NodeSet {
        let all = NodeSet::first(self.plan.cluster.nodes);
        let linked = |one: NodeId, two: NodeId| {
            let up = self.hosts[one.slot()].is_up() && self.hosts[two.slot()].is_up();
            up && !self.network.is_cut(one, two) && !self.network.is_cut(two, one)
        };
        let reached = |node: NodeId| all.iter().filter(|other| linked(node, *other)).count();
        all.iter().filter(|node| reached(*node) > all.len() / 2).collect()
    }

    /// Whom a fault strikes now. A random choice is made by `word`.
    pub(super) fn resolve(&self, target: &Target, trigger: Option<NodeId>, word: u64) -> NodeSet {
        let all = NodeSet::first(self.plan.cluster.nodes);
        let with_role = |role: Role| {
            all.iter().filter(move |node| {
                let host = &self.hosts[node.slot()];
                host.is_up() && host.status().role == role
            })
        };
        let leader = || {
            with_role(Role::Leader)
                .max_by_key(|node| (self.hosts[node.slot()].status().term, *node))
                .map_or(NodeSet::EMPTY, NodeSet::only)
        };
        let live = || all.iter().filter(|node| self.hosts[node.slot()].is_up()).collect();
        match target {
            Target::Nodes(nodes) => nodes.iter().copied().collect(),
            Target::Leader => leader(),
            Target::Follower => some_of(NodeSet::without(live(), leader()), 1, word),
            Target::Candidate => {
                let standing = with_role(Role::Candidate).chain(with_role(Role::PreCandidate));
                some_of(standing.collect(), 1, word)
            }
            Target::AllButLeader => all.without(leader()),
            Target::AllButLeaders => all.without(with_role(Role::Leader).collect()),
            Target::Connected => self.connected(),
            Target::Trigger => trigger.map_or(NodeSet::EMPTY, NodeSet::only),
            Target::Anyone => some_of(all, 1, word),
            Target::Everyone => all,
            Target::Minority => some_of(all, (all.len() - 1) / 2, word),
            Target::LeaderSide => {
                let leader = leader();
                let others = ((all.len() - 1) / 2).saturating_sub(1);
                match leader == NodeSet::EMPTY {
                    true => leader,
                    false => leader.union(some_of(all.without(leader), others, word)),
                }
            }
            Target::Majority => some_of(all, all.len() / 2 + 1, word),
        }
    }
}

/// So many members of a set, chosen by a word.
pub(super) fn some_of(set: NodeSet, count: usize, word: u64) -> NodeSet {
    let mut members: Vec<NodeId> = set.iter().collect();
    let mut state = word;
    let mut chosen = NodeSet::EMPTY;
    while chosen.len() < count && !members.is_empty() {
        let place = scale(state, members.len() as u64) as usize;
        chosen.insert(members.swap_remove(place));
        state = state.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (state >> 29);
    }
    chosen
}
