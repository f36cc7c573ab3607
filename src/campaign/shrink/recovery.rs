//! Makes the end of faults simpler: none, where something else fails; else an earlier one, and a core that is named.

use crate::campaign::shrink::Shrinker;
use crate::ids::NodeId;
use crate::plan::liveness::Outside;
use crate::plan::{Plan, Target};
use crate::time::Span;

/// Faults that end this early might as well not have been.
const SOON: Span = Span::millis(1);

/// How often clients try at least where there is no recovery phase.
const ATTEMPTS: u32 = 10;

/// Does without the recovery phase if it can.
pub fn shorten(shrinker: &mut Shrinker) {
    let Some(liveness) = shrinker.best.liveness.clone() else { return };
    let without = shrinker.with(|plan| plan.liveness = None);
    let ends = |from: Span| {
        shrinker.with(|plan| {
            plan.liveness = None;
            // In the recovery phase clients ask until they are answered.
            plan.clients.attempts = plan.clients.attempts.max(ATTEMPTS);
            plan.faults.retain(|fault| !fault.when.is_from(from));
        })
    };
    if shrinker.take_first(vec![without, ends(Span(u64::MAX)), ends(liveness.from)]).is_some() {
        return;
    }
    let outsides = [Outside::CutOff, Outside::Down, Outside::Mute, Outside::Together];
    let simpler = outsides.into_iter().take_while(|outside| *outside != liveness.outside);
    shrinker.take_one(&Vec::from_iter(simpler), |plan, outside| {
        plan.liveness.iter_mut().for_each(|it| it.outside = *outside);
    });
    if liveness.core != Target::Everyone {
        shrinker.take_one(&cores(&shrinker.best), |plan, core| {
            plan.liveness.iter_mut().for_each(|liveness| liveness.core = core.clone());
        });
    }
    while let Some(from) = shrinker.best.liveness.as_ref().map(|liveness| liveness.from)
        && from >= SOON
    {
        let earlier = |plan: &mut Plan, eighths: &u64| end_faults(plan, Span(from.0 / 8 * eighths));
        if shrinker.take_one(&[1, 2, 4, 6, 7], earlier).is_none() {
            return;
        }
    }
}

/// All nodes, or all that can be named and leave a bare majority, up to some thirty.
fn cores(plan: &Plan) -> Vec<Target> {
    let nodes = u32::from(plan.cluster.nodes);
    let majority = nodes / 2 + 1;
    let sets = (0_u32..1 << nodes.min(5)).filter(|set| set.count_ones() == majority);
    let named = sets.map(|set| {
        let core = plan.node_ids().filter(|id| set & 1 << id.slot() != 0);
        Target::Nodes(core.collect::<Vec<NodeId>>())
    });
    std::iter::once(Target::Everyone).chain(named).collect()
}

/// Gives a plan an earlier end of faults: those that would come later are gone.
fn end_faults(plan: &mut Plan, from: Span) {
    let Some(liveness) = &mut plan.liveness else { return };
    plan.horizon = Span(plan.horizon.0.saturating_sub(liveness.from.0 - from.0));
    liveness.from = from;
    plan.faults.retain(|fault| !fault.when.is_from(from));
    plan.requests.retain(|request| request.at.is_none_or(|at| at <= plan.horizon));
}
