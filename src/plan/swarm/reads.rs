//! Draws how reads are answered: through the log, by read index or by lease, by the leader or by followers.
//!
//! A stale read takes an election that nobody disturbs, a write under the new leader, and a read from the one of old, all within about a
//! lease. So some plans leave the storm out and have nothing but that: episodes in which the leader of old does not hear of its successor.
//!
//! All of it comes from a stream of its own, so a plan that draws none of it is the plan that it was.

use crate::config::Reads;
use crate::plan::fault::{ClockChange, Direction, Isolate, Transfer};
use crate::plan::swarm::Config;
use crate::plan::{
    Action, Ask, DRIFT_PPM_MAX, DiskOptions, Fault, Latency, LinkException, LinkOptions, Plan,
    Target, Trigger, When,
};
use crate::rng::{Rng, Stream};
use crate::situation::Situation;
use crate::time::{Shift, Span, SpanRange};

/// Draws for a plan that has all its clocks, and whose lowest election timeout is `unit`.
pub fn draw(seed: u64, plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(seed, Stream::Reads);
    let own = rng.chance(config.own_reads);
    let reads = rng.pick(&[Reads::Log, Reads::ReadIndex, Reads::Lease, Reads::Lease, Reads::Lease]);
    let by_followers = rng.chance(50);
    let broken = rng.chance(config.broken_leases);
    let more = rng.pick(&[1, 1, 4, 10]);
    let alone = rng.chance(config.successions);
    if !own {
        return;
    }
    plan.raft.reads = Some(reads);
    plan.clients.mix.get *= more;
    if reads != Reads::Log {
        plan.raft.follower_reads = Some(by_followers);
        if alone && plan.cluster.nodes >= 3 {
            quiet(&mut rng, plan, unit);
            let drift_ppm = config.drift_ppm_max.saturating_mul(2).min(DRIFT_PPM_MAX);
            successions(&mut rng, plan, unit, drift_ppm);
        }
    }
    if reads == Reads::Lease {
        // As tight as clocks allow, so that each nanosecond counts; or tighter than that.
        let drift = plan.drift_ppm();
        plan.raft.drift_bound_ppm = Some(if broken { drift / 2 } else { drift });
    }
}

/// A world in which elections succeed soon, and clients that soon give up whom they asked, and meet on few keys.
fn quiet(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let quick = Span(unit.0 / rng.pick(&[50, 100, 200]));
    plan.horizon = plan.horizon.max(unit.times(50));
    plan.faults.clear();
    plan.links.clear();
    plan.network = LinkOptions { latency: Latency::Constant(quick), ..LinkOptions::default() };
    plan.disk =
        DiskOptions { fsync: Latency::Constant(Span(quick.0 / 4)), ..DiskOptions::default() };
    plan.raft.election_timeout =
        Some(SpanRange { from: unit, to: Span(unit.0 / 100 * rng.pick(&[105, 105, 120, 150])) });
    // Nobody asks first, and nobody is loyal beyond what a lease is a promise of.
    if rng.chance(50) {
        (plan.raft.pre_vote, plan.raft.vote_lease) = (Some(false), Some(false));
        plan.raft.check_quorum = Some(false);
    }
    for node in &mut plan.nodes {
        (node.disk, node.clock_drift_ppm) = (None, 0);
    }
    let clients = &mut plan.clients;
    (clients.count, clients.keys) = (rng.pick(&[4, 8]), rng.pick(&[1, 1, 2]));
    clients.ask = rng.pick(&[Ask::AnyNode, Ask::AnyNode, Ask::SameNode]);
    clients.mix.get = clients.mix.get.max(2);
    clients.think = Latency::Uniform(Span(unit.0 / 100), Span(unit.0 / 20));
    clients.timeout = Span(unit.0 / 100 * rng.pick(&[10, 10, 40]));
    // A write that was tried twice outside of a session may take effect twice, which explains what a late read gave.
    if rng.chance(60) {
        clients.sessions = Some(100);
    }
    clients.retry_after = Span(unit.0 / 50);
    clients.latency = Latency::Constant(Span(unit.0 / 400));
}

/// The leader of old does not hear that somebody stands, and something makes somebody stand: mostly the same again and again.
fn successions(rng: &mut Rng, plan: &mut Plan, unit: Span, drift_ppm: i32) {
    let after = Span(rng.below(unit.0 / 200 + 1));
    let (situation, node) = (Situation::ElectionStarted, None);
    let trigger = Trigger { situation, nth: 1, node, after, times: 100 };
    let isolate = cut_off(Direction::Both, Some(unit.times(2)));
    plan.faults = vec![Fault { when: When::On(trigger), action: isolate }];
    let favourite = rng.pick(&KINDS);
    let mut now = unit.times(4);
    while now < plan.horizon {
        let drawn = rng.pick(&KINDS);
        let kind = if rng.chance(70) { favourite } else { drawn };
        for (after, action) in succession(rng, kind, unit, drift_ppm) {
            let when = When::At(Span(now.0 + unit.0 / 100 * after));
            plan.faults.push(Fault { when, action });
        }
        now = now.plus(unit.times(rng.between(5, 8)));
    }
    let horizon = plan.horizon;
    plan.faults.retain(|fault| !matches!(fault.when, When::At(at) if at >= horizon));
}

fn cut_off(direction: Direction, lasts: Option<Span>) -> Action {
    Action::Isolate(Isolate { target: Target::Leader, direction, flapping: None, lasts })
}

/// The kinds of succession; the windows of slow answers and of drift are small.
const KINDS: [u64; 8] = [0, 1, 2, 3, 3, 4, 4, 5];

/// What makes somebody stand, each with its time in percent of an election timeout.
fn succession(rng: &mut Rng, kind: u64, unit: Span, drift_ppm: i32) -> Vec<(u64, Action)> {
    let lasts = Some(unit.times(rng.between(2, 3)));
    let clock = |target: Target, jump: Option<i64>, drift_ppm: Option<i32>| {
        Action::Clock(ClockChange { target, jump: jump.map(Shift), drift_ppm })
    };
    let far = rng.between(unit.0 / 4, unit.0 * 3 / 2) as i64;
    let (back, percent) = (rng.chance(50), rng.between(30, 90));
    match kind {
        0 => vec![(0, cut_off(Direction::Both, lasts))],
        1 => {
            // The lease of a leader whose clock is set back, and the promise of others whose clocks are set forward.
            let target = if back { Target::Leader } else { Target::AllButLeader };
            let jump = if back { -far } else { far };
            vec![(0, clock(target, Some(jump), None)), (1, cut_off(Direction::Both, lasts))]
        }
        2 => {
            let transfer = Transfer { target: Target::Leader, to: Target::Follower };
            vec![(0, Action::Transfer(transfer))]
        }
        3 => {
            // The leader is cut off while answers are on their way to it.
            let (percent, cut) = (rng.between(50, 95), rng.between(5, 30));
            let latency = Some(Latency::Constant(Span(unit.0 / 100 * percent)));
            let (from, to) = (Target::Everyone, Target::Leader);
            let slow = LinkException { from, to, latency, lasts, ..LinkException::default() };
            vec![(0, Action::Link(slow)), (cut, cut_off(Direction::Outbound, lasts))]
        }
        4 => vec![
            (0, clock(Target::Leader, None, Some(-drift_ppm))),
            (0, clock(Target::AllButLeader, None, Some(drift_ppm))),
            (percent, cut_off(Direction::Both, lasts)),
            (300, clock(Target::Everyone, None, Some(0))),
        ],
        _ => {
            // One that hears its leader, and so has all that it wrote, stands all the same: it can win.
            let far = rng.between(unit.0, unit.0 * 3 / 2) as i64;
            vec![(0, clock(Target::Follower, Some(far), None))]
        }
    }
}
