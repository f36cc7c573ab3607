//! Draws how reads are answered: through the log, by read index or by lease, by the leader or by followers. A lease is over soon, so
//! plans with one get clients that ask often, clocks that drift, and a leader that is cut off when somebody else might be elected.
//!
//! All of it comes from a stream of its own, so a plan that draws none of it is the plan that it was.

use crate::plan::fault::{ClockChange, Direction, Isolate, Transfer};
use crate::plan::swarm::Config;
use crate::plan::{Action, Ask, Fault, Latency, Plan, Trigger, When, Whom};
use crate::raft::Reads;
use crate::rng::{Rng, Stream};
use crate::situation::Situation;
use crate::time::{Shift, Span};

/// When another leader may be near.
const MOMENTS: [Situation; 5] = [
    Situation::LeaderElected,
    Situation::VoteGranted,
    Situation::ClockJumped,
    Situation::CommitAdvanced,
    Situation::ReadRoundBegun,
];

/// Draws for a plan that has all its clocks, and whose lowest election timeout is `unit`.
pub fn draw(seed: u64, plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(seed, Stream::Reads);
    let own = rng.chance(config.own_reads);
    let reads = rng.pick(&[Reads::Log, Reads::ReadIndex, Reads::Lease, Reads::Lease]);
    let by_followers = rng.chance(50);
    let broken = rng.chance(config.broken_leases);
    let more = rng.pick(&[1, 1, 4, 10]);
    let trouble = rng.chance(70);
    if !own {
        return;
    }
    plan.raft.reads = Some(reads);
    plan.clients.mix.get *= more;
    if reads != Reads::Log {
        plan.raft.follower_reads = Some(by_followers);
        if trouble {
            busy(&mut rng, plan, unit);
            cut_off(&mut rng, plan, unit);
        }
    }
    if reads == Reads::Lease {
        if trouble {
            clocks(&mut rng, plan, unit, config);
        }
        // As tight as clocks allow, so that each nanosecond counts; or tighter than that.
        let drift = plan.drift_ppm();
        plan.raft.drift_bound_ppm = Some(if broken { drift / 2 } else { drift });
    }
}

/// Many clients that meet on few keys, soon give up whom they asked, and ask again.
fn busy(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let clients = &mut plan.clients;
    clients.count = clients.count.max(rng.pick(&[8, 12, 16]));
    clients.keys = rng.pick(&[1, 1, 2]);
    clients.ask = rng.pick(&[Ask::AnyNode, Ask::AnyNode, Ask::SameNode]);
    clients.mix.get = clients.mix.get.max(2);
    clients.think = Latency::Uniform(Span(unit.0 / 200), Span(unit.0 / rng.pick(&[20, 50])));
    clients.timeout = Span(unit.0 / rng.pick(&[5, 10, 20]));
    clients.retry_after = Span(unit.0 / 50);
}

/// The leader is cut off for about as long as a lease lasts, again and again; sometimes it has just handed over.
fn cut_off(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let on = |rng: &mut Rng, situation: Situation, parts: &[u64]| {
        let bound = unit.0 / rng.pick(parts);
        let after = Span(rng.below(bound + 1));
        let times = rng.pick(&[10, 30, 100]);
        When::On(Trigger { situation, nth: rng.between(1, 4), node: None, after, times })
    };
    for situation in [Situation::ElectionStarted, rng.pick(&MOMENTS)] {
        let when = on(rng, situation, &[1_000, 400, 100, 20]);
        let lasts = Some(Span(unit.0 * rng.between(30, 200) / 100));
        let direction = rng.pick(&[Direction::Both, Direction::Both, Direction::Outbound]);
        let isolate = Isolate { whom: Whom::Leader, direction, flapping: None, lasts };
        plan.faults.push(Fault { when, action: Action::Isolate(isolate) });
    }
    let hands_over = rng.chance(40);
    let when = on(rng, Situation::CommitAdvanced, &[4, 1]);
    if hands_over {
        let transfer = Transfer { whom: Whom::Leader, to: Whom::Follower };
        plan.faults.push(Fault { when, action: Action::Transfer(transfer) });
    }
}

/// Clocks at both ends of what they may drift, and some that are set.
fn clocks(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    let most = config.drift_ppm_max;
    let drift = rng.chance(50);
    for id in plan.node_ids() {
        let drawn = rng.pick(&[-most, 0, most]);
        if drift {
            plan.node_mut(id).clock_drift_ppm = drawn;
        }
    }
    for _ in 0..rng.pick(&[0, 3, 6]) {
        let at = Span(rng.below(plan.horizon.0 / 4 * 3 + 1));
        let (whom, jump) = (rng.pick(&[true, false]), rng.between(unit.0 / 10, unit.0) as i64);
        // The lease of a leader whose clock is set back, and the promise of others whose clocks are set forward.
        let (whom, jump) = if whom { (Whom::Leader, -jump) } else { (Whom::AllButLeader, jump) };
        let change = ClockChange { whom, jump: Some(Shift(jump)), drift_ppm: None };
        let is_before = plan.liveness.as_ref().is_none_or(|liveness| at < liveness.from);
        if is_before {
            plan.faults.push(Fault { when: When::At(at), action: Action::Clock(change) });
        }
    }
}
