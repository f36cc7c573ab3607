//! Draws how reads are answered: through the log, by read index or by lease, by the leader or by followers.
//!
//! A stale read takes an election that nobody disturbs, a write under the new leader, and a read from the one of old, all within about a
//! lease. So some plans leave the storm out and have nothing but that: episodes in which the leader of old does not hear of its successor.
//!
//! All of it comes from a stream of its own, so a plan that draws none of it is the plan that it was.

use crate::plan::fault::{ClockChange, Cut, Direction, Isolate, Transfer};
use crate::plan::swarm::Config;
use crate::plan::{
    Action, Ask, DiskOptions, Fault, Latency, LinkException, LinkOptions, Plan, Trigger, When, Whom,
};
use crate::raft::Reads;
use crate::rng::{Rng, Stream};
use crate::situation::Situation;
use crate::time::{Shift, Span, SpanRange};

/// Draws for a plan that has all its clocks, and whose lowest election timeout is `unit`.
pub fn draw(seed: u64, plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(seed, Stream::Reads);
    let own = rng.chance(config.own_reads);
    let reads = rng.pick(&[Reads::Log, Reads::ReadIndex, Reads::Lease, Reads::Lease]);
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
            calm(&mut rng, plan, unit, config);
            successions(&mut rng, plan, unit);
        }
    }
    if reads == Reads::Lease {
        // As tight as clocks allow, so that each nanosecond counts; or tighter than that.
        let drift = plan.drift_ppm();
        plan.raft.drift_bound_ppm = Some(if broken { drift / 2 } else { drift });
    }
}

/// A world in which elections succeed soon, and clients that soon give up whom they asked, and meet on few keys.
fn calm(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    let quick = Span(unit.0 / rng.pick(&[50, 100, 200]));
    plan.faults.clear();
    plan.links.clear();
    plan.network = LinkOptions { latency: Latency::Constant(quick), ..LinkOptions::default() };
    plan.disk =
        DiskOptions { fsync: Latency::Constant(Span(quick.0 / 4)), ..DiskOptions::default() };
    plan.raft.election_timeout =
        Some(SpanRange { from: unit, to: Span(unit.0 / 100 * rng.between(102, 150)) });
    let (most, drift) = (config.drift_ppm_max, rng.chance(50));
    for id in plan.node_ids() {
        let drawn = rng.pick(&[-most, most]);
        let node = plan.node_mut(id);
        (node.disk, node.clock_drift_ppm) = (None, if drift { drawn } else { 0 });
    }
    let clients = &mut plan.clients;
    (clients.count, clients.keys) = (rng.pick(&[4, 8]), rng.pick(&[1, 1, 2]));
    clients.ask = rng.pick(&[Ask::AnyNode, Ask::AnyNode, Ask::SameNode]);
    clients.mix.get = clients.mix.get.max(2);
    clients.think = Latency::Uniform(Span(unit.0 / 100), Span(unit.0 / 20));
    clients.timeout = Span(unit.0 / 10);
    clients.retry_after = Span(unit.0 / 50);
    clients.latency = Latency::Constant(Span(unit.0 / 400));
}

/// The leader of old does not hear that somebody stands, and something makes somebody stand.
fn successions(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let lasts = Some(unit.times(rng.between(1, 3)));
    let after = Span(rng.below(unit.0 / 200 + 1));
    let (situation, node) = (Situation::ElectionStarted, None);
    let trigger = Trigger { situation, nth: 1, node, after, times: 100 };
    let cut_off = |direction| {
        let (whom, flapping) = (Whom::Leader, None);
        Action::Isolate(Isolate { whom, direction, flapping, lasts })
    };
    let mut faults = vec![Fault { when: When::On(trigger), action: cut_off(Direction::Both) }];
    let mut now = unit.times(4);
    while now < plan.horizon {
        let mut at = |after: u64, action: Action| {
            let when = When::At(Span(now.0 + unit.0 * after / 100));
            faults.push(Fault { when, action });
        };
        let far = Shift(rng.between(unit.0 / 4, unit.0 * 3 / 2) as i64);
        let whom = rng.pick(&[1, 2]);
        match rng.below(5) {
            0 => at(0, cut_off(Direction::Both)),
            1 => {
                let set_back = (Whom::Leader, Shift(-far.0));
                let set_forward = (Whom::AllButLeader, far);
                let (whom, jump) = if whom == 1 { set_back } else { set_forward };
                let change = ClockChange { whom, jump: Some(jump), drift_ppm: None };
                at(0, Action::Clock(change));
                at(1, cut_off(Direction::Both));
            }
            2 => at(0, Action::Transfer(Transfer { whom: Whom::Leader, to: Whom::Follower })),
            3 => {
                let latency = Some(Latency::Constant(Span(unit.0 / 100 * rng.between(10, 60))));
                let (from, to) = (Whom::Everyone, Whom::Leader);
                let slow = LinkException { from, to, latency, lasts, ..LinkException::default() };
                at(0, Action::Weather(slow));
                at(rng.between(50, 100), cut_off(Direction::Outbound));
            }
            _ => {
                let (one, other) = (Whom::Leader, Whom::Follower);
                let flapping = None;
                at(0, Action::Cut(Cut { from: one, to: other, flapping, lasts }));
            }
        }
        now = now.plus(unit.times(rng.between(5, 9)));
    }
    plan.faults = faults;
}
