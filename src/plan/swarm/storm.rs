//! Bursts of faults between quiet stretches, which strike some nodes and situations more often than others.

use crate::ids::NodeId;
use crate::plan::fault::{
    ClockChange, Crash, Cut, Direction, DiskChange, Isolate, Slow, Split, Unsynced,
};
use crate::plan::swarm::{Config, draw_drift, draw_latency};
use crate::plan::{
    Action, DRIFT_PPM_MAX, Fault, FaultKind, LinkException, Plan, Target, Trigger, When,
};
use crate::rng::Rng;
use crate::situation::Situation;
use crate::time::{Share, Shift, Span};

/// The kinds of fault that bursts are drawn from. The other kinds are drawn where there is occasion for them.
pub const KINDS: [FaultKind; 12] = [
    FaultKind::Crash,
    FaultKind::Pause,
    FaultKind::Slow,
    FaultKind::Split,
    FaultKind::Isolate,
    FaultKind::Cut,
    FaultKind::Bridge,
    FaultKind::Ring,
    FaultKind::Link,
    FaultKind::Disk,
    FaultKind::DiskError,
    FaultKind::Clock,
];

/// Situations in whose wake trouble is worth most: a window is open.
const WINDOWS: [Situation; 26] = [
    Situation::ElectionStarted,
    Situation::ElectionRepeated,
    Situation::LeaderElected,
    Situation::LeaderElectedAgain,
    Situation::SplitVote,
    Situation::VoteGranted,
    Situation::VoteRefusedAlreadyGiven,
    Situation::VoteRefusedOlderLastTerm,
    Situation::TwoLeadersAtOnce,
    Situation::LeaderDeposedUncommitted,
    Situation::LeaderAppended,
    Situation::EntriesAccepted,
    Situation::AppendRefusedGap,
    Situation::AppendRefusedConflict,
    Situation::ConflictingSuffixTruncated,
    Situation::TruncatedAcrossTerms,
    Situation::AppendOvertaken,
    Situation::CommitAdvanced,
    Situation::CommitBareMajority,
    Situation::OldEntryOnMajority,
    Situation::EntryOfEarlierLeaderCommitted,
    Situation::RequestForwarded,
    Situation::NodeRestarted,
    Situation::LeaderCrashed,
    Situation::RestartInVoteWindow,
    Situation::GroupCommit,
];

/// The kinds that most plans have.
const USUAL: [FaultKind; 5] =
    [FaultKind::Crash, FaultKind::Crash, FaultKind::Isolate, FaultKind::Split, FaultKind::Link];

/// How long faults last, in percent of an election timeout: about as long as a message's way, as an election, as several.
const DURATIONS: [u64; 8] = [2, 5, 20, 60, 100, 150, 300, 600];

/// Which way nodes are cut off.
const DIRECTIONS: [Direction; 4] =
    [Direction::Both, Direction::Both, Direction::Inbound, Direction::Outbound];

/// What the faults of a plan have in common.
pub struct Storm {
    nodes: u8,
    unit: Span,
    kinds: Vec<FaultKind>,
    /// The node that is struck again and again.
    victim: NodeId,
    /// How many faults a burst has at most.
    burst_max: u64,
    /// How many faults there are at most.
    faults_max: usize,
    /// How often a fault waits for a situation, in percent.
    triggered: u64,
    /// How far a clock drifts at most, in parts per million.
    drift_ppm_max: i32,
    /// The situation that triggers repeated faults in this plan, and their kind, if there is one.
    recurring_trigger: Option<(Situation, FaultKind)>,
    /// How long many of its faults last, in percent of an election timeout.
    usual_duration: u64,
    /// What most of its crashes make of writes that are not durable.
    unsynced: Unsynced,
}

impl Storm {
    /// Draws this for a plan, whose lowest election timeout is the unit of its time.
    pub fn new(rng: &mut Rng, plan: &Plan, unit: Span, config: &Config) -> Storm {
        let nodes = plan.cluster.nodes;
        let possible =
            |kind: FaultKind| nodes >= 3 || !matches!(kind, FaultKind::Bridge | FaultKind::Ring);
        let allowed: Vec<FaultKind> =
            config.faults.iter().copied().filter(|kind| possible(*kind)).collect();
        let keep = rng.pick(&config.kept);
        let mut kinds: Vec<FaultKind> =
            allowed.iter().copied().filter(|_| rng.chance(keep)).collect();
        if !allowed.is_empty() {
            kinds.push(rng.pick(&allowed));
        }
        let usual = rng.pick(&USUAL);
        if allowed.contains(&usual) {
            kinds.push(usual);
        }
        let situation = rng.pick(&WINDOWS);
        let kind = if kinds.is_empty() { FaultKind::Crash } else { rng.pick(&kinds) };
        let recurs = rng.chance(config.recurring_triggers) && !kinds.is_empty();
        Storm {
            nodes,
            unit,
            kinds,
            victim: NodeId::new(1 + rng.below(nodes.into()) as u8),
            burst_max: rng.between(1, 6),
            faults_max: config.faults_max as usize,
            triggered: rng.pick(&config.triggered),
            drift_ppm_max: config.drift_ppm_max,
            recurring_trigger: recurs.then_some((situation, kind)),
            usual_duration: rng.pick(&DURATIONS),
            unsynced: rng.pick(&[Unsynced::Lost, Unsynced::Lost, Unsynced::Kept, Unsynced::Torn]),
        }
    }

    /// The faults of its recurring trigger, and then bursts of faults between quiet stretches, up to the last quarter of the run.
    pub fn draw(&mut self, rng: &mut Rng, horizon: Span) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some((situation, kind)) = self.recurring_trigger {
            for _ in 0..rng.between(1, 3) {
                faults.push(self.again_and_again(rng, situation, kind));
            }
        }
        let mut now = Span(self.unit.0 * rng.between(50, 300) / 100);
        while now.0 < horizon.0 / 4 * 3 && faults.len() < self.faults_max && !self.kinds.is_empty()
        {
            let kind = rng.pick(&self.kinds);
            let focus = rng.chance(50);
            for _ in 0..rng.between(1, self.burst_max) {
                let other = rng.pick(&self.kinds);
                let kind = if focus { kind } else { other };
                faults.push(self.fault(rng, kind, now));
                now = now.plus(Span(self.unit.0 * rng.below(60) / 100));
            }
            now = now.plus(Span(self.unit.0 * rng.between(30, 500) / 100));
        }
        faults.truncate(self.faults_max);
        faults.retain(|fault| !matches!(fault.when, When::At(at) if at > horizon));
        faults
    }

    /// One of its faults at a time; nothing if it has none.
    pub fn any(&self, rng: &mut Rng, when: When) -> Option<Fault> {
        if self.kinds.is_empty() {
            return None;
        }
        let kind = rng.pick(&self.kinds);
        Some(self.draw_fault(rng, kind, when))
    }

    /// A fault that strikes at many occurrences of one situation.
    fn again_and_again(&self, rng: &mut Rng, situation: Situation, kind: FaultKind) -> Fault {
        let trigger = Trigger {
            situation,
            nth: rng.between(1, 4),
            node: None,
            after: self.short(rng),
            times: rng.pick(&[3, 10, 30]),
        };
        self.draw_fault(rng, kind, When::On(trigger))
    }

    fn fault(&self, rng: &mut Rng, kind: FaultKind, now: Span) -> Fault {
        let nth_max = rng.pick(&[2, 10, 40]);
        let nth = rng.between(1, nth_max);
        let trigger = Trigger {
            situation: rng.pick(&WINDOWS),
            nth,
            node: None,
            after: self.short(rng),
            times: rng.pick(&[1, 1, 1, 2, 5]),
        };
        let when = if rng.chance(self.triggered) { When::On(trigger) } else { When::At(now) };
        self.draw_fault(rng, kind, when)
    }

    /// A small delay: none at all, about a message's way, or about a heartbeat.
    fn short(&self, rng: &mut Rng) -> Span {
        let bound = Span(self.unit.0 / rng.pick(&[100, 20, 4]));
        let span = Span(rng.below(bound.0 + 1));
        if rng.chance(30) { Span::ZERO } else { span }
    }

    /// About as long as an election, sometimes much shorter or longer.
    fn lasting(&self, rng: &mut Rng) -> Span {
        let drawn = rng.pick(&DURATIONS);
        let percent = if rng.chance(40) { self.usual_duration } else { drawn };
        Span(self.unit.0 * (percent / 2 + rng.below(percent) + 1) / 100)
    }

    /// Roles move, so faults that name them never contradict each other; victims by number are struck through `Anyone`'s kind of
    /// fault only where overlaps are harmless.
    fn target(&self, rng: &mut Rng, triggered: bool) -> Target {
        let words = [
            Target::Leader,
            Target::Leader,
            Target::Follower,
            Target::Anyone,
            Target::Anyone,
            Target::Candidate,
            Target::Minority,
        ];
        let word = rng.below(words.len() as u64) as usize;
        let by_trigger = rng.chance(60);
        if triggered && by_trigger { Target::Trigger } else { words[word].clone() }
    }

    /// A victim by number or by role: for faults that may overlap.
    fn victim(&self, rng: &mut Rng, triggered: bool) -> Target {
        let target = self.target(rng, triggered);
        if rng.chance(25) { Target::Nodes(vec![self.victim]) } else { target }
    }

    fn draw_fault(&self, rng: &mut Rng, kind: FaultKind, when: When) -> Fault {
        let lasts = self.lasting(rng);
        let period = Span(self.unit.0 * rng.pick(&[5, 40, 300]) / 100);
        let flaps = rng.chance(10);
        let triggered = matches!(when, When::On(_));
        let (target, action) = self.action(rng, kind, triggered);
        Fault {
            when,
            target,
            lasts: Some(lasts).filter(|_| kind.ends()),
            flapping: Some(period).filter(|_| kind.flaps() && flaps),
            every: None,
            action,
        }
    }

    /// Which nodes a fault strikes, and what it does.
    fn action(&self, rng: &mut Rng, kind: FaultKind, triggered: bool) -> (Target, Action) {
        let unit = self.unit;
        match kind {
            FaultKind::Crash => self.crash(rng, triggered),
            FaultKind::Pause => (self.target(rng, triggered), Action::Pause),
            FaultKind::Slow => {
                let target = self.target(rng, triggered);
                let per_input = Span(unit.0 / rng.pick(&[400, 100, 25]));
                (target, Action::Slow(Slow { per_input }))
            }
            FaultKind::Split => (Target::Everyone, self.split(rng)),
            FaultKind::Isolate => {
                let target = self.victim(rng, triggered);
                (
                    target,
                    Action::Isolate(Isolate { direction: rng.pick(&DIRECTIONS), clients: false }),
                )
            }
            FaultKind::Cut => {
                let (from, to) = (self.victim(rng, triggered), self.target(rng, triggered));
                (Target::Everyone, Cut::between(from, to))
            }
            FaultKind::Bridge => (self.victim(rng, triggered), Action::Bridge),
            FaultKind::Ring => (Target::Everyone, Action::Ring),
            FaultKind::Link => (Target::Everyone, self.link(rng, triggered)),
            FaultKind::Disk => {
                let target = self.target(rng, triggered);
                let fsync = Some(draw_latency(rng, unit, 100));
                (target, Action::Disk(DiskChange { write: None, fsync }))
            }
            FaultKind::DiskError => (self.victim(rng, triggered), Action::DiskError),
            FaultKind::Clock => self.clock(rng, triggered),
            FaultKind::Restart
            | FaultKind::Suspend
            | FaultKind::DiskFull
            | FaultKind::DiskHangs
            | FaultKind::DiskLies
            | FaultKind::Corrupt
            | FaultKind::Transfer
            | FaultKind::Change => {
                unreachable!("`Config::check` refuses kinds that bursts do not have")
            }
        }
    }

    fn crash(&self, rng: &mut Rng, triggered: bool) -> (Target, Action) {
        let target = self.target(rng, triggered);
        let all = rng.chance(8);
        let other = rng.pick(&[Unsynced::Lost, Unsynced::Kept, Unsynced::Torn]);
        let unsynced = if rng.chance(70) { self.unsynced } else { other };
        (if all { Target::Everyone } else { target }, Crash::with(unsynced))
    }

    fn clock(&self, rng: &mut Rng, triggered: bool) -> (Target, Action) {
        let jump = rng.below(self.unit.times(4).0) as i64 - self.unit.times(2).0 as i64;
        let drift = draw_drift(rng, self.drift_ppm_max.saturating_mul(2).min(DRIFT_PPM_MAX));
        let target = self.victim(rng, triggered);
        let jump = Some(Shift(jump)).filter(|_| rng.chance(70));
        (target, Action::Clock(ClockChange { jump, drift_ppm: Some(drift) }))
    }

    fn split(&self, rng: &mut Rng) -> Action {
        let group = self.group(rng);
        let group = match rng.below(5) {
            0 => Target::Minority,
            1..=3 => Target::LeaderSide,
            _ => group,
        };
        Action::Split(Split { groups: vec![group] })
    }

    fn link(&self, rng: &mut Rng, triggered: bool) -> Action {
        let latency = draw_latency(rng, self.unit, 200);
        let rate = Share::percent(rng.between(10, 90) as u32);
        let (from, to) = (self.victim(rng, triggered), self.target(rng, triggered));
        let everywhere = rng.chance(40);
        let (slow, lossy, double) = (rng.chance(70), rng.chance(25), rng.chance(25));
        Action::Link(LinkException {
            from: if everywhere { Target::Everyone } else { from },
            to: if everywhere || rng.chance(60) { Target::Everyone } else { to },
            latency: Some(latency).filter(|_| slow || !(lossy || double)),
            loss: Some(rate).filter(|_| lossy),
            duplicate: Some(rate).filter(|_| double),
            ..LinkException::default()
        })
    }

    /// Some of the nodes, at least one and not all where there are two.
    fn group(&self, rng: &mut Rng) -> Target {
        let nodes = u64::from(self.nodes);
        let size = rng.between(1, (nodes - 1).max(1));
        let first = rng.below(nodes);
        let group = (0..size).map(|step| NodeId::at(((first + step) % nodes) as usize));
        Target::Nodes(group.collect())
    }
}
