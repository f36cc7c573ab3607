//! Draws how reads are answered: through the log, by read index or by lease, by the leader or by followers.
//!
//! A stale read takes an election that nobody disturbs, a write under the new leader, and a read from the one of old, all within about a
//! lease. So some plans leave other faults out and have nothing but that: episodes in which the leader of old does not hear of its
//! successor.

use crate::config::Reads;
use crate::plan::fault::{ClockChange, Direction, Isolate, Transfer};
use crate::plan::swarm::Config;
use crate::plan::{
    Action, Ask, DRIFT_PPM_MAX, DiskOptions, Fault, Latency, LinkException, LinkOptions, Plan,
    Target, Trigger, When,
};
use crate::rng::Rng;
use crate::situation::Situation;
use crate::time::{Shift, Span, SpanRange};

/// Draws for a plan that has all its clocks, and whose lowest election timeout is `unit`. Gives when its successions of leaders begin.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) -> Vec<Span> {
    let mut windows = Vec::new();
    if !rng.chance(config.own_reads) {
        return windows;
    }
    let reads = rng.pick(&[Reads::Log, Reads::ReadIndex, Reads::Lease, Reads::Lease, Reads::Lease]);
    plan.raft.reads = Some(reads);
    plan.clients.mix.get *= rng.pick(&[1, 1, 4, 10]);
    if reads != Reads::Log {
        plan.raft.follower_reads = Some(rng.chance(50));
        if plan.cluster.nodes >= 3 && rng.chance(config.successions) {
            quiet(rng, plan, unit);
            let drift_ppm = config.drift_ppm_max.saturating_mul(2).min(DRIFT_PPM_MAX);
            windows = successions(rng, plan, unit, drift_ppm);
        }
    }
    if reads == Reads::Lease {
        // As tight as clocks allow, so that each nanosecond counts; or tighter than that.
        let drift = plan.drift_ppm();
        let broken = rng.chance(config.broken_leases);
        plan.raft.drift_bound_ppm = Some(if broken { drift / 2 } else { drift });
    }
    windows
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
    // No candidate asks first, and no follower refuses its vote for longer than a lease lasts.
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

/// The leader of old does not hear that somebody stands, and something makes somebody stand: mostly the same again and again. Gives when.
fn successions(rng: &mut Rng, plan: &mut Plan, unit: Span, drift_ppm: i32) -> Vec<Span> {
    let after = Span(rng.below(unit.0 / 200 + 1));
    let (situation, node) = (Situation::ElectionStarted, None);
    let trigger = Trigger { situation, nth: 1, node, after, times: 100 };
    let isolate = isolate_leader(When::On(trigger), Direction::Both);
    plan.faults = vec![isolate.lasting(unit.times(2))];
    let favourite = rng.pick(&KINDS);
    let mut windows = Vec::new();
    let mut now = unit.times(4);
    while now < plan.horizon {
        windows.push(now);
        let kind = if rng.chance(70) { favourite } else { rng.pick(&KINDS) };
        plan.faults.extend(succession(rng, kind, now, unit, drift_ppm));
        now = now.plus(unit.times(rng.between(5, 8)));
    }
    let horizon = plan.horizon;
    plan.faults.retain(|fault| !matches!(fault.when, When::At(at) if at >= horizon));
    windows
}

fn isolate_leader(when: When, direction: Direction) -> Fault {
    Fault::new(when, Action::Isolate(Isolate { direction, clients: false }))
        .striking(Target::Leader)
}

/// The kinds of succession; the windows of slow answers and of drift are small.
const KINDS: [u64; 8] = [0, 1, 2, 3, 3, 4, 4, 5];

/// What makes somebody stand, from this time on.
fn succession(rng: &mut Rng, kind: u64, now: Span, unit: Span, drift_ppm: i32) -> Vec<Fault> {
    let lasts = unit.times(rng.between(2, 3));
    let percent_later = |percent: u64| When::At(Span(now.0 + unit.0 / 100 * percent));
    let jump = |target: Target, by: i64| {
        let jump = ClockChange { jump: Some(Shift(by)), drift_ppm: None };
        Fault::new(When::At(now), Action::Clock(jump)).striking(target)
    };
    let drift = |when: When, target: Target, drift_ppm: i32| {
        let drift = ClockChange { jump: None, drift_ppm: Some(drift_ppm) };
        Fault::new(when, Action::Clock(drift)).striking(target)
    };
    let isolate =
        |percent, direction| isolate_leader(percent_later(percent), direction).lasting(lasts);
    let far = rng.between(unit.0 / 4, unit.0 * 3 / 2) as i64;
    let (back, percent) = (rng.chance(50), rng.between(30, 90));
    match kind {
        0 => vec![isolate(0, Direction::Both)],
        1 => {
            // The lease of a leader whose clock is set back, and the votes of others whose clocks are set forward.
            let (target, by) =
                if back { (Target::Leader, -far) } else { (Target::AllButLeader, far) };
            vec![jump(target, by), isolate(1, Direction::Both)]
        }
        2 => {
            let transfer = Action::Transfer(Transfer { to: Target::Follower });
            vec![Fault::new(When::At(now), transfer)]
        }
        3 => {
            // The leader is cut off while answers are on their way to it.
            let (percent, cut) = (rng.between(50, 95), rng.between(5, 30));
            let latency = Some(Latency::Constant(Span(unit.0 / 100 * percent)));
            let slow = LinkException { to: Target::Leader, latency, ..LinkException::default() };
            let slow = Fault::new(When::At(now), Action::Link(slow)).lasting(lasts);
            vec![slow, isolate(cut, Direction::Outbound)]
        }
        4 => vec![
            drift(When::At(now), Target::Leader, -drift_ppm),
            drift(When::At(now), Target::AllButLeader, drift_ppm),
            isolate(percent, Direction::Both),
            drift(percent_later(300), Target::Everyone, 0),
        ],
        _ => {
            // One that hears its leader, and so has all that it wrote, stands all the same: it can win.
            let far = rng.between(unit.0, unit.0 * 3 / 2) as i64;
            vec![jump(Target::Follower, far)]
        }
    }
}
