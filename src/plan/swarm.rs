//! The swarm: a seed becomes a random storm.
//!
//! Each plan leaves some kinds of fault out (swarm testing), so that those which stay get room. Storms are correlated as reality's are:
//! faults come in bursts between calm stretches, strike the same victims again, last about as long as an election, and wait for
//! situations whose windows no random time hits. No bug is named here: the swarm does not know what it looks for.

use crate::ids::{NODES_MAX, NodeId};
use crate::plan::fault::{
    Bridge, ClockChange, Crash, Cut, Direction, DiskChange, Isolate, Lasting, Only, Ring, Slow,
    Split, Unsynced,
};
use crate::plan::{
    Action, Ask, Clients, DiskOptions, Fault, Latency, LinkException, LinkOptions, Mix,
    NodeOptions, Plan, Profile, StateMachine, Trigger, When, Whom,
};
use crate::rng::{Rng, Stream};
use crate::situation::Situation;
use crate::time::{Share, Shift, Span, SpanRange};

/// What a user fixes of a random plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// The number of nodes, 1 to 25.
    pub nodes: Option<u8>,
    /// Whose timings.
    pub profile: Option<Profile>,
}

/// A random plan. The same seed gives the same plan.
pub fn draw(seed: u64) -> Plan {
    draw_with(seed, Choice::default())
}

/// A random plan in which some things are fixed.
pub fn draw_with(seed: u64, choice: Choice) -> Plan {
    let mut rng = Rng::new(seed, Stream::Plan);
    let mut plan = Plan { seed, title: format!("A storm from seed {seed}"), ..Plan::default() };
    let sizes = [1, 2, 3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 6, 7, 7, 9];
    let drawn = rng.pick(&sizes);
    plan.cluster.nodes = choice.nodes.unwrap_or(drawn).clamp(1, NODES_MAX);
    if rng.chance(30) {
        plan.cluster.state_machine = StateMachine::Volatile;
    }
    draw_timing(&mut rng, &mut plan, choice.profile);
    let config = plan.config();
    let unit = config.election_timeout.from;
    plan.horizon = unit.times(rng.between(12, 40));
    plan.network = draw_network(&mut rng, unit);
    plan.disk = draw_disk(&mut rng, unit);
    plan.clients = draw_clients(&mut rng, unit);
    draw_nodes(&mut rng, &mut plan, unit);
    let mut storm = Storm::new(&mut rng, &plan, unit);
    plan.faults = storm.draw(&mut rng, plan.horizon);
    plan
}

fn draw_timing(rng: &mut Rng, plan: &mut Plan, profile: Option<Profile>) {
    let drawn = rng.pick(&Profile::ALL);
    let usual = rng.chance(60);
    plan.cluster.profile = profile.unwrap_or(if usual { Profile::Paper } else { drawn });
    let own_timing = rng.chance(30);
    let base = rng.between(50, 200);
    let width = rng.between(1, 100);
    let share = rng.between(2, 10);
    if own_timing && profile.is_none() {
        let range = SpanRange::millis(base, base + base * width / 100 + 1);
        plan.raft.election_timeout = Some(range);
        let beat = Span(range.from.0 / share);
        plan.raft.heartbeat_interval = Some(SpanRange::exactly(beat));
    }
    let (batch, flight) = (rng.pick(&[1, 2, 8, 64, 1024]), rng.pick(&[1, 2, 4, 64]));
    if rng.chance(40) && profile.is_none() {
        plan.raft.entries_per_append = Some(batch);
        plan.raft.appends_in_flight = Some(flight);
    }
}

/// A latency whose scale is a part of the election timeout.
fn draw_latency(rng: &mut Rng, unit: Span, percent_max: u64) -> Latency {
    let scale = Span(unit.0 / 100 * rng.between(1, percent_max.max(2)) / 4 + 1_000);
    let slow = scale.times(rng.between(2, 20));
    let share = Share::percent(rng.between(1, 20) as u32);
    match rng.below(6) {
        0 => Latency::Constant(scale),
        1 | 2 => Latency::Uniform(Span(scale.0 / 4), scale.times(2)),
        3 => Latency::LogNormal(scale),
        4 => Latency::HeavyTailed(Span(scale.0 / 3 + 1)),
        _ => Latency::Bimodal(scale, slow, share),
    }
}

fn draw_network(rng: &mut Rng, unit: Span) -> LinkOptions {
    let rates = [0, 0, 0, 1, 1, 5, 10, 20];
    LinkOptions {
        latency: draw_latency(rng, unit, 25),
        loss: Share::percent(rng.pick(&rates)),
        duplicate: Share::percent(rng.pick(&rates)),
        fifo: rng.chance(20),
        bandwidth: Some(rng.pick(&[50_000, 1_000_000])).filter(|_| rng.chance(5)),
    }
}

fn draw_disk(rng: &mut Rng, unit: Span) -> DiskOptions {
    DiskOptions {
        write: Latency::Constant(Span::micros(rng.pick(&[0, 10, 100]))),
        fsync: draw_latency(rng, unit, 12),
        errors: if rng.chance(10) { Share(rng.pick(&[1_000, 10_000])) } else { Share::NEVER },
    }
}

fn draw_clients(rng: &mut Rng, unit: Span) -> Clients {
    let weights = [0, 1, 1, 2, 4];
    let mix = Mix {
        get: rng.pick(&weights),
        put: rng.pick(&weights) + 1,
        delete: rng.pick(&weights),
        compare_and_set: rng.pick(&weights),
        append: rng.pick(&weights),
    };
    Clients {
        count: rng.pick(&[1, 2, 3, 4, 8]),
        think: Latency::Uniform(Span(unit.0 / 100), Span(unit.0 / rng.pick(&[4, 10, 20]))),
        mix,
        keys: rng.pick(&[1, 4, 16, 256]),
        ask: rng.pick(&[Ask::AnyNode, Ask::SameNode]),
        timeout: Span(unit.0 / 2).times(rng.between(1, 6)),
        retry_after: Span(unit.0 / rng.pick(&[2, 10])),
        attempts: rng.pick(&[1, 3, 10]),
        latency: draw_latency(rng, unit, 4),
        ..Clients::default()
    }
}

fn draw_nodes(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let clocks = rng.chance(30);
    for id in plan.node_ids() {
        let mut node = NodeOptions::new(id);
        let drift = rng.between(0, 200_000) as i32 - 100_000;
        let offset = rng.below(unit.times(20).0) as i64 - unit.times(10).0 as i64;
        let slow_disk = rng.chance(5);
        let fsync = draw_latency(rng, unit, 80);
        if clocks {
            node.clock_drift_ppm = drift;
            node.clock_offset = Shift(offset);
        }
        if slow_disk {
            node.disk = Some(DiskOptions { fsync, ..plan.disk.clone() });
        }
        if node != NodeOptions::new(id) {
            plan.nodes.push(node);
        }
    }
}

/// The kinds of fault, each of which a plan has or leaves out.
const KINDS: [Kind; 12] = [
    Kind::Crash,
    Kind::Pause,
    Kind::Slow,
    Kind::Split,
    Kind::Isolate,
    Kind::Cut,
    Kind::Bridge,
    Kind::Ring,
    Kind::Weather,
    Kind::Disk,
    Kind::DiskError,
    Kind::Clock,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Crash,
    Pause,
    Slow,
    Split,
    Isolate,
    Cut,
    Bridge,
    Ring,
    Weather,
    Disk,
    DiskError,
    Clock,
}

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

/// What a storm is made of.
struct Storm {
    nodes: u8,
    unit: Span,
    kinds: Vec<Kind>,
    /// Who is struck again and again.
    victim: NodeId,
    /// How many faults a burst has at most.
    burst_max: u64,
    /// How often a fault waits for a situation, in percent.
    triggered: u64,
    unsynced: Unsynced,
}

impl Storm {
    fn new(rng: &mut Rng, plan: &Plan, unit: Span) -> Storm {
        let keep = rng.pick(&[20, 40, 60]);
        let mut kinds: Vec<Kind> = KINDS.into_iter().filter(|_| rng.chance(keep)).collect();
        let usual =
            rng.pick(&[Kind::Crash, Kind::Crash, Kind::Isolate, Kind::Split, Kind::Weather]);
        if !kinds.contains(&usual) {
            kinds.push(usual);
        }
        if plan.cluster.nodes < 3 {
            kinds.retain(|kind| !matches!(kind, Kind::Bridge | Kind::Ring));
        }
        if kinds.is_empty() {
            kinds.push(Kind::Crash);
        }
        Storm {
            nodes: plan.cluster.nodes,
            unit,
            kinds,
            victim: NodeId::new(1 + rng.below(plan.cluster.nodes.into()) as u8),
            burst_max: rng.between(1, 6),
            triggered: rng.pick(&[0, 30, 60]),
            unsynced: rng.pick(&[Unsynced::Lost, Unsynced::Lost, Unsynced::Kept, Unsynced::Torn]),
        }
    }

    /// Bursts of faults between calm stretches, up to the last quarter of the run.
    fn draw(&mut self, rng: &mut Rng, horizon: Span) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut now = Span(self.unit.0 * rng.between(50, 300) / 100);
        while now.0 < horizon.0 / 4 * 3 && faults.len() < 60 {
            let kind = rng.pick(&self.kinds);
            let focus = rng.chance(50);
            for _ in 0..rng.between(1, self.burst_max) {
                let other = rng.pick(&self.kinds);
                let kind = if focus { kind } else { other };
                faults.push(self.fault(rng, kind, now));
                now = now.plus(Span(self.unit.0 * rng.below(60) / 100));
            }
            now = now.plus(Span(self.unit.0 * rng.between(30, 500) / 100));
            faults.truncate(60);
        }
        faults.retain(|fault| !matches!(fault.when, When::At(at) if at > horizon));
        faults
    }

    fn fault(&self, rng: &mut Rng, kind: Kind, now: Span) -> Fault {
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
        Fault { when, action: self.action(rng, kind, matches!(when, When::On(_))) }
    }

    /// A small delay: none at all, about a message's way, or about a heartbeat.
    fn short(&self, rng: &mut Rng) -> Span {
        let bound = Span(self.unit.0 / rng.pick(&[100, 20, 4]));
        let span = Span(rng.below(bound.0 + 1));
        if rng.chance(30) { Span::ZERO } else { span }
    }

    /// About as long as an election, sometimes much shorter or longer.
    fn lasting(&self, rng: &mut Rng) -> Option<Span> {
        let percent = rng.pick(&[5, 20, 60, 100, 150, 300, 600]);
        Some(Span(self.unit.0 * (percent / 2 + rng.below(percent) + 1) / 100))
    }

    /// Roles move, so faults that name them never contradict each other; victims by number are struck through `Anyone`'s kind of
    /// fault only where overlaps are harmless.
    fn whom(&self, rng: &mut Rng, triggered: bool) -> Whom {
        let words = [
            Whom::Leader,
            Whom::Leader,
            Whom::Follower,
            Whom::Anyone,
            Whom::Anyone,
            Whom::Candidate,
            Whom::Minority,
        ];
        let word = rng.below(words.len() as u64) as usize;
        let by_trigger = rng.chance(60);
        if triggered && by_trigger { Whom::Trigger } else { words[word].clone() }
    }

    /// A victim by number or by role: for faults that may overlap.
    fn victim(&self, rng: &mut Rng, triggered: bool) -> Whom {
        let whom = self.whom(rng, triggered);
        if rng.chance(25) { Whom::Nodes(vec![self.victim]) } else { whom }
    }

    fn action(&self, rng: &mut Rng, kind: Kind, triggered: bool) -> Action {
        let lasts = self.lasting(rng);
        let flapping = Some(Span(self.unit.0 / rng.pick(&[2, 5, 20]))).filter(|_| rng.chance(10));
        let unit = self.unit;
        match kind {
            Kind::Crash => self.crash(rng, triggered, lasts),
            Kind::Pause => Action::Pause(Lasting { whom: self.whom(rng, triggered), lasts }),
            Kind::Slow => Action::Slow(Slow {
                whom: self.whom(rng, triggered),
                per_input: Span(unit.0 / rng.pick(&[400, 100, 25])),
                lasts,
            }),
            Kind::Split => {
                let groups = vec![self.group(rng)];
                Action::Split(Split { groups, flapping, lasts })
            }
            Kind::Isolate => Action::Isolate(Isolate {
                whom: self.victim(rng, triggered),
                direction: rng.pick(&[
                    Direction::Both,
                    Direction::Both,
                    Direction::Inbound,
                    Direction::Outbound,
                ]),
                flapping,
                lasts,
            }),
            Kind::Cut => Action::Cut(Cut {
                from: self.victim(rng, triggered),
                to: self.whom(rng, triggered),
                flapping,
                lasts,
            }),
            Kind::Bridge => {
                Action::Bridge(Bridge { whom: self.victim(rng, triggered), flapping, lasts })
            }
            Kind::Ring => Action::Ring(Ring { flapping, lasts }),
            Kind::Weather => self.weather(rng, triggered, lasts),
            Kind::Disk => Action::Disk(DiskChange {
                whom: self.whom(rng, triggered),
                write: None,
                fsync: Some(draw_latency(rng, unit, 100)),
                lasts,
            }),
            Kind::DiskError => Action::DiskError(Only { whom: self.victim(rng, triggered) }),
            Kind::Clock => {
                let jump = rng.below(unit.times(4).0) as i64 - unit.times(2).0 as i64;
                let drift = rng.between(0, 400_000) as i32 - 200_000;
                Action::Clock(ClockChange {
                    whom: self.victim(rng, triggered),
                    jump: Some(Shift(jump)).filter(|_| rng.chance(70)),
                    drift_ppm: Some(drift),
                })
            }
        }
    }

    fn crash(&self, rng: &mut Rng, triggered: bool, lasts: Option<Span>) -> Action {
        let whom = self.whom(rng, triggered);
        let all = rng.chance(8);
        let other = rng.pick(&[Unsynced::Lost, Unsynced::Kept, Unsynced::Torn]);
        Action::Crash(Crash {
            whom: if all { Whom::Everyone } else { whom },
            unsynced: if rng.chance(70) { self.unsynced } else { other },
            wipe: false,
            lasts,
        })
    }

    fn weather(&self, rng: &mut Rng, triggered: bool, lasts: Option<Span>) -> Action {
        let latency = draw_latency(rng, self.unit, 200);
        let rate = Share::percent(rng.between(10, 90) as u32);
        let (from, to) = (self.victim(rng, triggered), self.whom(rng, triggered));
        let everywhere = rng.chance(40);
        let (slow, lossy, double) = (rng.chance(70), rng.chance(25), rng.chance(25));
        Action::Weather(LinkException {
            from: if everywhere { Whom::Everyone } else { from },
            to: if everywhere || rng.chance(60) { Whom::Everyone } else { to },
            latency: Some(latency).filter(|_| slow || !(lossy || double)),
            loss: Some(rate).filter(|_| lossy),
            duplicate: Some(rate).filter(|_| double),
            fifo: None,
            bandwidth: None,
            lasts,
        })
    }

    /// Some of the nodes, at least one and not all where there are two.
    fn group(&self, rng: &mut Rng) -> Whom {
        let nodes = u64::from(self.nodes);
        let size = rng.between(1, (nodes - 1).max(1));
        let first = rng.below(nodes);
        let group = (0..size).map(|step| NodeId::at(((first + step) % nodes) as usize));
        Whom::Nodes(group.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::validate::validate;

    #[test]
    fn every_seed_gives_a_valid_plan_and_always_the_same() {
        for seed in 0..2_000 {
            let plan = draw(seed);
            assert_eq!(validate(&plan), Ok(()), "seed {seed}");
            assert_eq!(plan, draw(seed));
        }
    }

    #[test]
    fn what_is_chosen_is_kept() {
        let choice = Choice { nodes: Some(7), profile: Some(Profile::Etcd) };
        for seed in 0..50 {
            let plan = draw_with(seed, choice);
            assert_eq!((plan.cluster.nodes, plan.cluster.profile), (7, Profile::Etcd));
            assert_eq!(validate(&plan), Ok(()));
        }
    }
}
