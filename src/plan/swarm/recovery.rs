//! Draws how faults end: which nodes must come back to life, what becomes of the others, and the trouble just before.

use crate::config::priority::NEVER;
use crate::ids::NodeId;
use crate::plan::fault::{Crash, Cut, Direction, Isolate, Split, Transfer, Unsynced};
use crate::plan::liveness::{Liveness, Outside};
use crate::plan::swarm::Config;
use crate::plan::validate::HORIZON_MAX;
use crate::plan::{Action, Fault, Plan, Target, When};
use crate::rng::Rng;
use crate::time::Span;

/// Who must come back to life.
const CORES: [Target; 12] = [
    Target::Everyone,
    Target::Everyone,
    Target::Everyone,
    Target::Majority,
    Target::Majority,
    Target::Majority,
    Target::AllButLeader,
    Target::AllButLeader,
    Target::AllButLeaders,
    Target::AllButLeaders,
    Target::Connected,
    Target::Connected,
];

/// What becomes of the others: to be heard and not to hear is the worst that can befall a node.
const OUTSIDES: [Outside; 6] = [
    Outside::CutOff,
    Outside::Down,
    Outside::Deaf,
    Outside::Deaf,
    Outside::Mute,
    Outside::Together,
];

/// How often the bound within which a cluster must be back passes before the end of a run.
const WAIT_MAX: u64 = 20;

/// Draws for a plan whose lowest election timeout is `unit`.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    // A node that never stands may be the only one that could win.
    let never = plan.nodes.iter().any(|node| node.election_priority == Some(NEVER));
    if !rng.chance(config.liveness) || never || plan.may_be_disrupted() {
        return;
    }
    let from = plan.horizon;
    let core = rng.pick(&CORES);
    let outside = match core {
        Target::Everyone => Outside::default(),
        _ => rng.pick(&OUTSIDES),
    };
    let without = plan.clone();
    plan.liveness = Some(Liveness { from, core, outside, within: None });
    before_recovery(rng, plan, from, unit);
    plan.faults.retain(|fault| !fault.when.is_from(from));
    let Some(bounds) = plan.liveness_bounds() else { return };
    // A node that catches up may take much longer than the bound. A run that is decided ends, so to wait costs nothing.
    let least = from.plus(bounds.within.times(2));
    plan.horizon = from.plus(bounds.within.times(WAIT_MAX)).min(HORIZON_MAX);
    if least > HORIZON_MAX {
        *plan = without;
    }
}

/// Trouble that lasts up to the end of faults: leaders are lost one after the other, or nobody hears anybody.
fn before_recovery(rng: &mut Rng, plan: &mut Plan, from: Span, unit: Span) {
    if !rng.chance(60) {
        return;
    }
    let mut before = Span(unit.0 * rng.between(300, 1_200) / 100);
    for _ in 0..rng.between(1, 3) {
        let at = Span(from.0.saturating_sub(before.0));
        before = Span(before.0 * rng.between(2, 70) / 100 + 1);
        if at < from {
            plan.faults.push(trouble(rng, plan.cluster.nodes, at));
        }
    }
}

fn trouble(rng: &mut Rng, nodes: u8, at: Span) -> Fault {
    let victims =
        [Target::Leader, Target::Leader, Target::Candidate, Target::Minority, Target::Minority];
    let (target, to) = (rng.pick(&victims), rng.pick(&[Target::Follower, Target::Anyone]));
    let direction = rng.pick(&[Direction::Both, Direction::Both, Direction::Inbound]);
    let fault = |action| Fault::new(When::At(at), action);
    let crash = || fault(Crash::with(Unsynced::Lost)).striking(target.clone());
    match rng.below(10) {
        0..3 => fault(Action::Isolate(Isolate { direction, clients: false })).striking(target),
        3 | 4 => crash(),
        5 | 6 => fault(Action::Transfer(Transfer { to })),
        7 if nodes >= 3 => fault(Action::Ring),
        8 if nodes == 1 => crash(),
        8 => {
            // Each for itself: nobody hears anybody.
            let groups = (1..nodes).map(|node| Target::Nodes(vec![NodeId::new(node)]));
            fault(Action::Split(Split { groups: groups.collect() }))
        }
        _ => fault(Cut::between(Target::Leader, Target::Minority)),
    }
}
