//! Takes things away: delta debugging over the faults, the requests and the pins of a plan, and then pairs of them.

use crate::campaign::shrink::Shrinker;
use crate::campaign::shrink::triggers::timed;
use crate::plan::{Fault, Pin, Plan, SingleRequest, SyncPin};
use crate::rng::{Rng, Stream};

/// How many random choices of a few are tried.
const SAMPLES: usize = 300;

/// Lists of more than this are not tried in pairs.
const PAIRS_MAX: usize = 14;

/// Takes faults away.
pub fn faults(shrinker: &mut Shrinker) {
    reduce(shrinker, |plan: &mut Plan| -> &mut Vec<Fault> { &mut plan.faults });
}

/// Takes single requests away; what waits for an occurrence that they make strikes at its time then.
pub fn requests(shrinker: &mut Shrinker) {
    fn list(plan: &mut Plan) -> &mut Vec<SingleRequest> {
        &mut plan.requests
    }
    reduce(shrinker, list);
    while let Some(timed) = timed(shrinker.runner, &shrinker.best) {
        let without = |plan: &mut Plan, place: usize| {
            plan.clone_from(&timed);
            plan.requests.remove(place);
        };
        if shrinker.take_nth(timed.requests.len(), without).is_none() {
            return;
        }
        reduce(shrinker, list);
    }
}

/// Takes pins away: a message is then as any other.
pub fn pins(shrinker: &mut Shrinker) {
    reduce(shrinker, |plan: &mut Plan| -> &mut Vec<Pin> { &mut plan.pins });
}

/// Takes pins of syncs away.
pub fn syncs(shrinker: &mut Shrinker) {
    reduce(shrinker, |plan: &mut Plan| -> &mut Vec<SyncPin> { &mut plan.syncs });
}

/// Keeps a few of many, chosen at random: where one thing leans on the next, neither goes alone.
fn keep_few<T: Clone>(shrinker: &mut Shrinker, list: &impl Fn(&mut Plan) -> &mut Vec<T>) -> bool {
    let count = list(&mut shrinker.best).len();
    let few = |plan: &mut Plan, place: usize| {
        let mut rng = Rng::new(place as u64, Stream::Shrinking);
        // All but a few, half, a quarter, and so on.
        let percent = [90, 75, 50, 25, 12, 6][place % 6];
        list(plan).retain(|_| rng.chance(percent));
    };
    count > 0 && shrinker.take_nth(SAMPLES, few).is_some() && list(&mut shrinker.best).len() < count
}

/// Takes away as much as it can: first large pieces, then smaller ones, then one at a time, then two.
fn reduce<T: Clone>(shrinker: &mut Shrinker, list: impl Fn(&mut Plan) -> &mut Vec<T>) {
    let length = |shrinker: &mut Shrinker| list(&mut shrinker.best).len();
    let mut size = length(shrinker);
    while size > 0 {
        let mut from = 0;
        while from < length(shrinker) {
            let count = length(shrinker);
            let starts: Vec<usize> = (from..count).step_by(size).collect();
            let without = |plan: &mut Plan, place: usize| {
                let start = starts[place];
                list(plan).drain(start..count.min(start + size));
            };
            match shrinker.take_nth(starts.len(), without) {
                Some(place) => from = starts[place],
                None => break,
            }
        }
        size /= 2;
    }
    while length(shrinker) > PAIRS_MAX && keep_few(shrinker, &list) {}
    while length(shrinker) <= PAIRS_MAX {
        let count = length(shrinker);
        let pairs: Vec<(usize, usize)> =
            (0..count).flat_map(|one| (one + 1..count).map(move |two| (one, two))).collect();
        let without = |plan: &mut Plan, place: usize| {
            let (one, two) = pairs[place];
            list(plan).remove(two);
            list(plan).remove(one);
        };
        if shrinker.take_nth(pairs.len(), without).is_none() {
            break;
        }
    }
}
