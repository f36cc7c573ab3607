//! Shrinking: a failing plan becomes the smallest story that still fails in the same way. Passes propose simpler plans, in order, and the
//! first that still fails becomes the best; candidates run in parallel, and the lowest place wins, so the result is the same for any number
//! of workers. Passes are repeated until none finds anything, so a shrunk plan does not shrink further.

mod gather;
mod list;
mod recovery;
pub mod schedule;
mod simpler;
mod synthetic;
mod triggers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::campaign::clock::now;
use crate::campaign::finding::{Finding, Signature};
use crate::campaign::workers::{run_briefly, run_caught};
use crate::plan::Plan;
use crate::plan::validate::validate;
use crate::sim::{Outcome, Runner};

/// How often all passes are repeated at most.
const ROUNDS_MAX: usize = 12;
/// How many events one candidate is worth, over all seeds that it is run under.
const EVENTS_PER_CANDIDATE: u64 = 50_000;
/// Under how many seeds a candidate is run at most.
const SEEDS_MAX: u64 = 300;

/// The same where a fault is to wait for a situation: there are many to try.
const TRIGGER_SEEDS: u64 = 12;

/// The same where pins are taken away.
const PIN_SEEDS: u64 = 64;

/// The same where requests with times are taken away: it is done better without luck.
const REQUEST_SEEDS: u64 = 8;

/// How many steps are enough, and as many times the seeds are tried for a plan that has more, one after the other. The second takes most of
/// a minute.
const EFFORTS: [(usize, u64); 2] = [(8, 8), (16, 64)];

/// Of a plan with more steps, small ones with the same faults are tried.
const LARGE: usize = 8;

/// After how many candidates without luck small plans are tried first: what takes longer comes to a quarter of what campaigns spend on a
/// failure, and may not end within it.
const PATIENCE: u64 = 12_500;

/// How many candidates a worker runs before the others are looked at.
const BATCH: usize = 4;

/// How much a plan and its run hold.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Faults.
    pub faults: u64,
    /// Operations of clients; for clients that draw them, how many they began.
    pub operations: u64,
    /// Pinned messages and syncs.
    pub pins: u64,
    /// Nodes.
    pub nodes: u64,
    /// Events of the run.
    pub events: u64,
    /// Records of the run.
    pub records: u64,
}

impl Size {
    /// The size of a plan and of its run.
    pub fn of(runner: &dyn Runner, plan: &Plan, outcome: &Outcome) -> Size {
        let operations = match plan.clients_count() {
            0 => plan.requests.len(),
            _ => schedule::choices(runner, plan).requests.len(),
        };
        Size {
            faults: plan.faults.len() as u64,
            operations: operations as u64,
            pins: (plan.pins.len() + plan.syncs.len()) as u64,
            nodes: plan.cluster.nodes.into(),
            events: outcome.counters.events,
            records: outcome.counters.records,
        }
    }

    /// What a reader has to follow: faults, operations and pins.
    pub fn steps(&self) -> u64 {
        self.faults.saturating_add(self.operations).saturating_add(self.pins)
    }
}

/// Who is told of shrinking while it goes on, and may end it.
pub struct Control<'a> {
    /// How many candidates run at once, from 1.
    pub jobs: usize,
    /// After how many candidates it ends with what there is. Of a plan, a runner and this number always the same comes, however busy the
    /// machine is and however many candidates run at once.
    pub candidates_max: Option<u64>,
    /// When it ends with what there is.
    pub deadline: Option<Instant>,
    /// Whether somebody wants it to end.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Told of every better plan, and how many candidates were run.
    pub better: &'a mut dyn FnMut(&Plan, u64),
}

/// The best plan so far, and what tells whether another is as good.
pub struct Shrinker<'a> {
    runner: &'a dyn Runner,
    /// The signature that a shrunk plan must fail with; without it, any will do.
    goal: Option<Signature>,
    best: Plan,
    outcome: Outcome,
    control: Control<'a>,
    tried: u64,
    /// Under how many seeds a candidate is run.
    seeds: u64,
    /// How many times as many seeds as at first.
    effort: u64,
    /// Whether a candidate must leave nothing to chance.
    fixed: bool,
    /// After how many candidates it pauses, to try something else first.
    pause_at: Option<u64>,
    /// The plan with the fewest steps so far, and its outcome. To take chance out, much is pinned, and there may be no time to make less of
    /// it.
    fewest: (Plan, Outcome),
}

/// What came of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The plan, with the expectation that it fails.
    pub plan: Plan,
    /// Its outcome.
    pub outcome: Outcome,
    /// The size before.
    pub before: Size,
    /// The size now.
    pub after: Size,
    /// How many candidates were run.
    pub tried: u64,
    /// Whether the same run comes of any seed.
    pub seedless: bool,
    /// Whether it ended before nothing more was to be found.
    pub cut_short: bool,
}

/// What shrinking a failure came to, as files have it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Shrinking {
    /// The seed of the run.
    pub seed: u64,
    /// The size before.
    pub before: Size,
    /// The size now.
    pub after: Size,
    /// How many candidates were run.
    pub runs: u64,
    /// Whether nothing is left to chance.
    pub seedless: bool,
    /// Whether it ended before nothing more was to be found.
    pub cut_short: bool,
    /// How long it took.
    pub milliseconds: u64,
}

impl Shrunk {
    /// What it came to, for the run of this seed.
    pub fn shrinking(&self, seed: u64, took: std::time::Duration) -> Shrinking {
        Shrinking {
            seed,
            before: self.before,
            after: self.after,
            runs: self.tried,
            seedless: self.seedless,
            cut_short: self.cut_short,
            milliseconds: took.as_millis() as u64,
        }
    }

    /// The plan with a title that says what it shows, and where it comes from.
    pub fn titled(&self, original: &Plan) -> Plan {
        let mut plan = self.plan.clone();
        let sentence = self.outcome.violation.as_ref().map(|violation| violation.sentence.clone());
        plan.title = sentence.unwrap_or_else(|| "A run that does not end".into());
        let (before, after) = (self.before, self.after);
        plan.about = match original.about.is_empty() {
            true => format!(
                "Shrunk from \"{}\": {} events and {} records became {} and {}.",
                original.title, before.events, before.records, after.events, after.records
            ),
            false => original.about.clone(),
        };
        plan
    }
}

/// How a run fails for good: how long it takes on the wall is not in its plan.
fn lasting(outcome: &Outcome) -> Option<Signature> {
    Signature::of(outcome).filter(|signature| signature.finding != Finding::TimeLimit)
}

/// Shrinks a plan. Nothing if it does not fail.
pub fn shrink<'a>(
    runner: &'a dyn Runner,
    plan: &Plan,
    any: bool,
    control: Control<'a>,
) -> Option<Shrunk> {
    let mut plan = plan.clone();
    plan.expect = crate::plan::Expect::default();
    plan.keep_going = false;
    let outcome = run_briefly(runner, &plan).ok()?;
    let signature = lasting(&outcome)?;
    let before = Size::of(runner, &plan, &outcome);
    let goal = Some(signature).filter(|_| !any);
    let fewest = (plan.clone(), outcome.clone());
    let mut shrinker = Shrinker {
        runner,
        goal,
        best: plan,
        outcome,
        control,
        tried: 0,
        seeds: 1,
        effort: 1,
        fixed: false,
        pause_at: None,
        fewest,
    };
    shrinker.run();
    let cut_short = shrinker.is_over();
    let Shrinker { mut best, tried, fewest, .. } = shrinker;
    let mut outcome = run_caught(runner, &best).ok().filter(|it| lasting(it).is_some())?;
    let mut seedless = schedule::is_seedless(runner, &best, &outcome);
    let mut after = Size::of(runner, &best, &outcome);
    if after.steps() > before.steps() || cut_short && steps(&best) > steps(&fewest.0) {
        after = Size::of(runner, &fewest.0, &fewest.1);
        (best, outcome) = fewest;
        seedless = schedule::is_seedless(runner, &best, &outcome);
    }
    if let Some(violation) = &outcome.violation {
        best.expect.violation = Some(violation.property);
    }
    Some(Shrunk { plan: best, outcome, before, after, tried, seedless, cut_short })
}

/// What a reader of the plan has to follow; clients that draw what they ask are worth many requests.
fn steps(plan: &Plan) -> usize {
    let clients = if plan.clients_count() > 0 { 1_000 } else { 0 };
    plan.faults.len() + plan.requests.len() + plan.pins.len() + plan.syncs.len() + clients
}

/// What makes one plan worth more than another: that nothing is left to chance, and then few steps.
fn size(runner: &dyn Runner, plan: &Plan, outcome: &Outcome) -> (bool, usize) {
    (!schedule::is_seedless(runner, plan, outcome), steps(plan))
}

impl Shrinker<'_> {
    /// Simpler first, with luck; then without any luck. What is large still is tried again with more luck.
    fn run(&mut self) {
        let original = (self.best.clone(), self.outcome.clone());
        self.simplify_all();
        let mut lucky = (self.best.clone(), self.outcome.clone());
        self.pause_at = Some(self.tried + PATIENCE);
        self.finish();
        let paused = self.is_over();
        self.pause_at = None;
        let mut least = size(self.runner, &self.best, &self.outcome);
        if least > (false, LARGE) && !self.is_over() {
            let smallest = (self.best.clone(), self.outcome.clone());
            (self.best, self.outcome) = original;
            if synthetic::small(self) {
                self.simplify_all();
                let found = (self.best.clone(), self.outcome.clone());
                self.finish();
                let size = size(self.runner, &self.best, &self.outcome);
                if size < least {
                    (least, lucky) = (size, found);
                } else {
                    (self.best, self.outcome) = smallest;
                }
            } else {
                (self.best, self.outcome) = smallest;
            }
            if paused && least > (false, LARGE) {
                self.finish();
                least = size(self.runner, &self.best, &self.outcome);
            }
        }
        for (steps_enough, times) in EFFORTS {
            let smallest = (self.best.clone(), self.outcome.clone());
            if least <= (false, steps_enough) || self.is_over() {
                return;
            }
            self.effort = times;
            (self.best, self.outcome) = lucky;
            self.simplify_all();
            lucky = (self.best.clone(), self.outcome.clone());
            self.finish();
            let size = size(self.runner, &self.best, &self.outcome);
            if size > least { (self.best, self.outcome) = smallest } else { least = size }
        }
    }

    /// Without luck, until no pass finds anything: then to shrink the result again changes nothing.
    fn finish(&mut self) {
        self.repeat(Shrinker::settle);
        self.repeat(|shrinker| {
            shrinker.simplify();
            shrinker.settle();
        });
    }

    /// With luck, as long as it gets smaller by much: there is always a little to gain, and it comes sooner without luck.
    fn simplify_all(&mut self) {
        let weight =
            |shrinker: &Self| shrinker.outcome.counters.events + 20 * steps(&shrinker.best) as u64;
        for _ in 0..ROUNDS_MAX {
            let before = weight(self);
            self.simplify();
            if self.is_over() || weight(self) > before - before / 8 {
                return;
            }
        }
    }

    /// Repeats a round until it finds nothing.
    fn repeat(&mut self, round: impl Fn(&mut Self)) {
        for _ in 0..ROUNDS_MAX {
            let before = self.best.clone();
            round(self);
            if self.best == before || self.is_over() {
                return;
            }
        }
    }

    /// While there is chance left, a candidate may fail under another seed: less happens, so it happens at other times.
    fn simplify(&mut self) {
        self.fixed = schedule::is_seedless(self.runner, &self.best, &self.outcome);
        self.seeds = match self.fixed {
            true => 1,
            false => {
                let seeds = EVENTS_PER_CANDIDATE / self.outcome.counters.events.max(1);
                seeds.clamp(1, SEEDS_MAX) * self.effort
            }
        };
        recovery::shorten(self);
        simpler::shorten(self);
        // Most of what happens is what clients ask: without it, every other candidate is soon tried.
        simpler::clients(self);
        simpler::halve(self);
        schedule::name_errors(self);
        list::faults(self);
        self.with_seeds(TRIGGER_SEEDS, triggers::triggers);
        simpler::all(self);
        schedule::name_requests(self);
        self.with_seeds(REQUEST_SEEDS, list::requests);
        schedule::pin_messages(self);
        self.with_seeds(PIN_SEEDS, list::pins);
        self.seeds = 1;
    }

    /// A pass with fewer seeds.
    fn with_seeds(&mut self, most: u64, pass: impl Fn(&mut Self)) {
        let seeds = self.seeds;
        self.seeds = seeds.min(most);
        pass(self);
        self.seeds = seeds;
    }

    /// Takes the chance out, and then what is not needed without it.
    fn settle(&mut self) {
        schedule::take_randomness_out(self);
        self.fixed = schedule::is_seedless(self.runner, &self.best, &self.outcome);
        simpler::all(self);
        list::requests(self);
        list::faults(self);
        list::pins(self);
        list::syncs(self);
        gather::gather(self);
        triggers::triggers(self);
        simpler::numbers(self);
    }

    /// How many candidates may still be run.
    fn left(&self) -> u64 {
        let limits = self.control.candidates_max.into_iter().chain(self.pause_at);
        limits.min().map_or(u64::MAX, |max| max.saturating_sub(self.tried))
    }

    /// Whether the time is over, enough was tried, or somebody wants an end.
    fn is_over(&self) -> bool {
        (self.control.interrupted)()
            || self.left() == 0
            || self.control.deadline.is_some_and(|deadline| now() >= deadline)
    }

    /// Runs candidates, and makes the first that fails as wanted the best. Says which.
    fn take_first(&mut self, candidates: Vec<Plan>) -> Option<usize> {
        self.take_nth(candidates.len(), |plan, place| plan.clone_from(&candidates[place]))
    }

    /// The same with so many candidates, each made of the best plan by a change. Each is run under its own seed first, and then under
    /// others, while there is chance left.
    fn take_nth(&mut self, count: usize, change: impl Fn(&mut Plan, usize)) -> Option<usize> {
        let seeds = self.seeds;
        let candidate = |best: &Plan, place: usize, seed: u64| {
            let mut plan = best.clone();
            change(&mut plan, place);
            plan.seed = if seed == 0 { plan.seed } else { seed };
            plan.leave_out_idle();
            plan
        };
        let all = (0..count).flat_map(|place| (0..seeds).map(move |seed| (place, seed)));
        let mut all = all.peekable();
        while all.peek().is_some() && !self.is_over() {
            let room = usize::try_from(self.left()).unwrap_or(usize::MAX);
            let room = room.min(self.control.jobs * BATCH);
            let batch: Vec<(usize, u64)> = all.by_ref().take(room).collect();
            let plans: Vec<Plan> =
                batch.iter().map(|(place, seed)| candidate(&self.best, *place, *seed)).collect();
            let outcomes = self.judge_all(&plans);
            // Those behind the first that fails were run in vain, and only where more than one runs at once: they do not count.
            let first = outcomes.iter().position(Option::is_some);
            self.tried += first.map_or(batch.len(), |first| first + 1) as u64;
            let all = outcomes.into_iter().zip(plans).zip(&batch);
            let found = all.into_iter().find_map(|((it, plan), at)| Some((it?, plan, at)));
            if let Some((outcome, plan, (place, _))) = found {
                (self.best, self.outcome) = (plan, outcome);
                if steps(&self.best) <= steps(&self.fewest.0) {
                    self.fewest = (self.best.clone(), self.outcome.clone());
                }
                (self.control.better)(&self.best, self.tried);
                return Some(*place);
            }
        }
        None
    }

    /// The same with a candidate for each of these values.
    fn take_one<T>(&mut self, values: &[T], change: impl Fn(&mut Plan, &T)) -> Option<usize> {
        self.take_nth(values.len(), |plan, place| change(plan, &values[place]))
    }

    /// Makes the best plan with a change the best, if that is another one and fails as wanted. Says whether it does.
    fn change(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let plan = self.with(change);
        plan != self.best && self.take_first(vec![plan]).is_some()
    }

    /// The best plan with a change.
    fn with(&self, change: impl FnOnce(&mut Plan)) -> Plan {
        let mut plan = self.best.clone();
        change(&mut plan);
        plan.leave_out_idle();
        plan
    }

    fn judge_all(&self, plans: &[Plan]) -> Vec<Option<Outcome>> {
        let events_max = 2 * self.outcome.counters.events + 10_000;
        let (runner, goal, fixed) = (self.runner, self.goal.as_ref(), self.fixed);
        if let [plan] = plans {
            return vec![judge(runner, plan, goal, events_max, fixed)];
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let places = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let mine = places.take_while(|place| *place < plans.len());
            mine.map(|place| (place, judge(runner, &plans[place], goal, events_max, fixed)))
                .collect::<Vec<_>>()
        };
        let mut outcomes = vec![None; plans.len()];
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.control.jobs).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                for (place, outcome) in worker.join().unwrap_or_default() {
                    outcomes[place] = outcome;
                }
            }
        });
        outcomes
    }
}

/// The outcome of a plan that fails as wanted. A candidate may take so many events, and no more; if it is to be `fixed`, every seed gives
/// the same run.
fn judge(
    runner: &dyn Runner,
    plan: &Plan,
    goal: Option<&Signature>,
    events_max: u64,
    fixed: bool,
) -> Option<Outcome> {
    let mut plan = plan.clone();
    if goal.is_none_or(|goal| goal.finding != Finding::EventLimit) {
        plan.events_max = plan.events_max.min(events_max);
    }
    validate(&plan).ok()?;
    let outcome = run_briefly(runner, &plan).ok()?;
    let found = lasting(&outcome)?;
    let fails = goal.is_none_or(|goal| *goal == found);
    (fails && (!fixed || schedule::is_seedless(runner, &plan, &outcome))).then_some(outcome)
}
