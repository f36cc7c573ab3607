//! Small plans with the same faults. Some failures hang on a coincidence of counts: which faults were needed matters little, but taking
//! one away moves all that comes behind it. Of many small plans made of a few of the same faults at other times, with few requests, one
//! may have the coincidence, too. Where a failure hangs on what a long storm piled up, as a long log of a leader that was followed by
//! nobody, short crashes and cuts of single nodes bring it about in less time, so that these are drawn beside them.

use crate::campaign::shrink::Shrinker;
use crate::plan::fault::{Crash, Isolate};
use crate::plan::{Action, Fault, Plan, Target, When};
use crate::rng::{Rng, Stream};
use crate::time::Span;

/// How many small plans are tried.
const PLANS: usize = 4_000;
/// How many faults one has at most.
const FAULTS: u64 = 6;
/// The lengths of the time in which its faults strike.
const WINDOWS: [Span; 4] =
    [Span::millis(300), Span::millis(700), Span::millis(1_500), Span::millis(3_000)];

/// Tries small plans that are made of the best one, each with a seed of its own. Says whether one fails as wanted.
pub fn small(shrinker: &mut Shrinker) -> bool {
    let seeds = std::mem::replace(&mut shrinker.seeds, 1);
    let fixed = std::mem::replace(&mut shrinker.fixed, false);
    let found = shrinker.take_nth(PLANS, |plan, place| compose(plan, place as u64)).is_some();
    (shrinker.seeds, shrinker.fixed) = (seeds, fixed);
    found
}

/// Makes a plan a small one, by the numbers that this place draws.
fn compose(plan: &mut Plan, place: u64) {
    let mut rng = Rng::new(u64::from(u32::MAX) + place, Stream::Shrinking);
    plan.seed = rng.below(1 << 32);
    plan.pins.clear();
    plan.syncs.clear();
    plan.requests.clear();
    let begin = plan.config().election_timeout.to.times(2);
    let window = rng.pick(&WINDOWS);
    let all = std::mem::take(&mut plan.faults);
    let count = 1 + rng.below(FAULTS);
    let mut fault = || match rng.below(2) {
        1 if !all.is_empty() => moved(rng.pick(&all), begin, window, &mut rng),
        _ => plain(begin, window, &mut rng),
    };
    plan.faults = (0..count).map(|_| fault()).collect();
    let end = begin.plus(window);
    if let Some(liveness) = &mut plan.liveness {
        let rest = Span(plan.horizon.0.saturating_sub(liveness.from.0));
        liveness.from = end;
        plan.horizon = end.plus(rest);
    } else {
        plan.horizon = end.plus(begin.times(2));
    }
    plan.clients.count = (1 + rng.below(3) as u32).min(plan.clients.count.max(1));
    plan.clients.start = Span::ZERO;
    plan.clients.stop = None;
}

/// A short crash, or a cut of the links of one node, at some time of the window.
fn plain(begin: Span, window: Span, rng: &mut Rng) -> Fault {
    let when = When::At(begin.plus(Span(rng.below(window.0))));
    let target = [Target::Leader, Target::Anyone, Target::Follower];
    let action = [Action::Crash(Crash::default()), Action::Isolate(Isolate::default())];
    let lasts = Span(1 + rng.below(window.0 / 2));
    Fault::new(when, rng.pick(&action)).striking(rng.pick(&target)).lasting(lasts)
}

/// A fault that strikes at some time of the window, or at one of the first occurrences of what it waits for.
fn moved(mut fault: Fault, begin: Span, window: Span, rng: &mut Rng) -> Fault {
    let at = begin.plus(Span(rng.below(window.0)));
    let nth = 1 + rng.below(4);
    match &mut fault.when {
        When::On(trigger) if nth > 1 => trigger.nth = trigger.nth.min(nth - 1),
        when => *when = When::At(at),
    }
    fault
}
