//! The workers of a campaign: they take blocks of seeds in order, and what they find is added up in order, so that the result is the
//! same for any number of them.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::campaign::clock::now;
use crate::campaign::{Settings, Signature, Summary};
use crate::named::words;
use crate::plan::Plan;
use crate::sim::{Options, Outcome, Runner};

/// How many seeds a worker takes at once.
const BLOCK: u64 = 64;
/// How far workers may be ahead of the first block that is not finished, in blocks: it bounds what waits to be added up.
const AHEAD: u64 = 1_024;
/// How often the campaign looks at the clock, and tells how it goes.
const TICK: Duration = Duration::from_millis(100);

/// What a campaign is told from outside while it runs.
pub struct Control<'a> {
    /// How many workers, from 1.
    pub jobs: usize,
    /// When no more blocks are taken.
    pub deadline: Option<Instant>,
    /// How long one run may take on the wall.
    pub run_time_max: Duration,
    /// Whether somebody wants it to end.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

words! {
    /// Why a campaign ended, the least that is left to do first.
    #[non_exhaustive]
    pub enum End {
        /// All seeds were run.
        Done,
        /// There were as many distinct failures as asked for.
        Failures,
        /// Its time was over.
        Time,
        /// Somebody wanted it to end.
        Interrupted,
    }
}

/// Which plans a campaign runs.
pub trait Plans: Sync {
    /// The plan of a seed: always the same one.
    fn plan(&self, seed: u64) -> Plan;

    /// After how many distinct failures the campaign ends; without it, it runs all seeds.
    fn stop_after(&self) -> Option<u64> {
        None
    }
}

impl Plans for Settings {
    fn plan(&self, seed: u64) -> Plan {
        Settings::plan(self, seed)
    }

    fn stop_after(&self) -> Option<u64> {
        self.stop_after
    }
}

/// What is run: by whom, and which plans.
type Campaign<'a> = (&'a dyn Runner, &'a dyn Plans);

/// What workers share.
struct Shared {
    summary: Summary,
    /// The first seed that no worker has taken.
    next: u64,
    /// Blocks that were finished before an earlier one, by first seed.
    waiting: BTreeMap<u64, Block>,
    /// One past the last seed that was added up.
    added: u64,
    end: Option<End>,
    working: usize,
}

/// The runs of a few seeds in a row.
struct Block {
    seeds: Range<u64>,
    summary: Summary,
    /// The seeds that failed, in order.
    failed: Vec<(u64, Signature)>,
}

/// The run that a worker is at, so that somebody else can see how long it takes.
#[derive(Default)]
struct Slot {
    /// The number of the run, one more for each.
    run: AtomicU64,
    /// The run that is to be given up.
    given_up: AtomicU64,
}

/// Runs these seeds, and adds them to what was run before. `tell` is called every now and then with what there is so far.
pub fn run(
    runner: &dyn Runner,
    plans: &dyn Plans,
    seeds: Range<u64>,
    before: Summary,
    control: &Control,
    tell: &mut dyn FnMut(&Summary),
) -> (Summary, End) {
    let shared = Mutex::new(Shared {
        summary: before,
        next: seeds.start,
        waiting: BTreeMap::new(),
        added: seeds.start,
        end: None,
        working: control.jobs,
    });
    let (progress, slots) =
        (Condvar::new(), Vec::from_iter((0..control.jobs).map(|_| Slot::default())));
    std::thread::scope(|scope| {
        for slot in &slots {
            let (shared, progress) = (&shared, &progress);
            let end = seeds.end;
            scope.spawn(move || work((runner, plans), end, shared, progress, slot));
        }
        oversee(control, &shared, &progress, &slots, tell);
    });
    let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    (shared.summary, shared.end.unwrap_or(End::Done))
}

/// Waits for the workers, with an eye on the clock.
fn oversee(
    control: &Control,
    shared: &Mutex<Shared>,
    progress: &Condvar,
    slots: &[Slot],
    tell: &mut dyn FnMut(&Summary),
) {
    let mut seen: Vec<(u64, Instant)> = slots.iter().map(|_| (0, now())).collect();
    let mut told = now();
    let mut guard = lock(shared);
    while guard.working > 0 {
        let waited = progress.wait_timeout(guard, TICK);
        guard = waited.map_or_else(|error| error.into_inner().0, |(guard, _)| guard);
        let time = now();
        if guard.end.is_none() && (control.interrupted)() {
            guard.end = Some(End::Interrupted);
            progress.notify_all();
        }
        if guard.end.is_none() && control.deadline.is_some_and(|deadline| time >= deadline) {
            guard.end = Some(End::Time);
            progress.notify_all();
        }
        for (slot, (run, since)) in slots.iter().zip(&mut seen) {
            let current = slot.run.load(Ordering::Relaxed);
            if current != *run {
                (*run, *since) = (current, time);
            } else if time.duration_since(*since) > control.run_time_max {
                slot.given_up.store(current, Ordering::Relaxed);
            }
        }
        if time.duration_since(told) >= TICK {
            told = time;
            let summary = guard.summary.clone();
            drop(guard);
            tell(&summary);
            guard = lock(shared);
        }
    }
}

/// The life of a worker: it takes blocks until there are none, or the campaign ends.
fn work(campaign: Campaign<'_>, end: u64, shared: &Mutex<Shared>, progress: &Condvar, slot: &Slot) {
    let mut guard = lock(shared);
    while guard.end.is_none() && guard.next < end {
        if guard.next - guard.added > AHEAD * BLOCK {
            guard = progress.wait(guard).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let seeds = guard.next..end.min(guard.next + BLOCK);
        guard.next = seeds.end;
        drop(guard);
        let block = run_block(campaign, seeds, slot);
        guard = lock(shared);
        guard.waiting.insert(block.seeds.start, block);
        add_up(campaign, &mut guard, slot);
        if guard.end.is_some() {
            progress.notify_all();
        }
    }
    guard.working -= 1;
    progress.notify_all();
}

/// Adds what was finished in order, and ends the campaign at the failure that it was to stop after. Blocks behind that one are
/// thrown away, however far other workers are.
fn add_up(campaign: Campaign<'_>, shared: &mut Shared, slot: &Slot) {
    while let Some(mut block) = shared.waiting.remove(&shared.added) {
        let mut stopped = false;
        if let Some(count) = campaign.1.stop_after() {
            let mut known: BTreeSet<&Signature> = shared.summary.failures.keys().collect();
            let last = block.failed.iter().find(|(_, signature)| {
                known.insert(signature);
                known.len() as u64 >= count
            });
            if let Some((seed, _)) = last {
                let seeds = block.seeds.start..seed + 1;
                block = run_block(campaign, seeds, slot);
                stopped = true;
            }
        }
        let result = shared.summary.merge(&block.summary);
        debug_assert_eq!(result, Ok(()), "no seed is run twice");
        shared.added = block.seeds.end;
        if stopped {
            shared.end = Some(End::Failures);
            shared.waiting.clear();
            shared.added = u64::MAX;
        }
    }
}

fn run_block((runner, plans): Campaign<'_>, seeds: Range<u64>, slot: &Slot) -> Block {
    let mut block = Block { seeds: seeds.clone(), summary: Summary::default(), failed: Vec::new() };
    for seed in seeds {
        let run = slot.run.fetch_add(1, Ordering::Relaxed) + 1;
        let is_given_up = move || slot.given_up.load(Ordering::Relaxed) == run;
        let interrupt = Some(Box::new(is_given_up) as Box<dyn Fn() -> bool>);
        let options = Options { interrupt, without_history: true, ..Options::default() };
        let failed = match run_caught_with(runner, &plans.plan(seed), options) {
            Ok(outcome) => {
                block.summary.add(seed, &outcome);
                Signature::of(&outcome)
            }
            Err(signature) => {
                block.summary.add_panic(seed, signature.clone());
                Some(signature)
            }
        };
        block.failed.extend(failed.map(|signature| (seed, signature)));
    }
    block
}

/// Runs a plan; a panic of squall's own becomes a signature.
///
/// # Errors
/// The signature of the panic, if squall itself panicked in the run.
pub fn run_caught(runner: &dyn Runner, plan: &Plan) -> Result<Outcome, Signature> {
    run_caught_with(runner, plan, Options::default())
}

/// The same, briefly: it is known what fails, and not all that people want to read of it.
///
/// # Errors
/// As [`run_caught`].
pub fn run_briefly(runner: &dyn Runner, plan: &Plan) -> Result<Outcome, Signature> {
    run_caught_with(runner, plan, Options { without_history: true, ..Options::default() })
}

/// The same, watched.
fn run_caught_with(
    runner: &dyn Runner,
    plan: &Plan,
    options: Options<'_>,
) -> Result<Outcome, Signature> {
    catch_unwind(AssertUnwindSafe(|| runner.run(plan, options)))
        .map_err(|payload| Signature::panic(words_of(&*payload)))
}

/// What a panic said.
fn words_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // Nothing that can panic runs under the lock, but for `add_up`, which adds whole blocks.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::sim::BuiltIn;

    fn campaign(settings: &Settings, jobs: usize) -> (Summary, End) {
        let run_time_max = Duration::from_secs(600);
        let control = Control { jobs, deadline: None, run_time_max, interrupted: &|| false };
        let seeds = settings.first_seed..settings.end();
        run(&BuiltIn::new(), settings, seeds, Summary::default(), &control, &mut |_| ())
    }

    #[test]
    fn any_number_of_workers_gives_the_same_sum() {
        let settings = Settings { runs: Some(400), ..Settings::default() };
        let alone = campaign(&settings, 1);
        assert_eq!(alone.1, End::Done);
        assert_eq!(alone.0.totals.runs, 400);
        assert_eq!(campaign(&settings, 3), alone);
    }

    #[test]
    fn a_campaign_stops_at_the_same_seed_with_any_number_of_workers() {
        let bugs = vec![Bug::AckBeforeFsync, Bug::TruncateUnconditional];
        let settings =
            Settings { bugs, runs: Some(10_000), stop_after: Some(3), ..Settings::default() };
        let (alone, end) = campaign(&settings, 1);
        assert_eq!((end, alone.failures.len()), (End::Failures, 3));
        let last = alone.failures.values().map(|seen| seen.first_seed).max();
        assert_eq!(alone.seeds, vec![1..last.unwrap() + 1]);
        assert_eq!(campaign(&settings, 4), (alone, end));
    }

    #[test]
    fn a_run_that_is_too_long_is_a_finding_and_the_campaign_goes_on() {
        let mut settings = Settings { runs: Some(3), events_max: 1_000, ..Settings::default() };
        settings.swarm.horizon = (100_000, 100_000);
        let (summary, end) = campaign(&settings, 2);
        assert_eq!((end, summary.totals.runs), (End::Done, 3));
        assert!(summary.failures.keys().any(|it| it.id().starts_with("event-limit")));

        settings.events_max = u64::MAX >> 2;
        let control = Control {
            jobs: 2,
            deadline: None,
            run_time_max: Duration::ZERO,
            interrupted: &|| false,
        };
        let (summary, end) =
            run(&BuiltIn::new(), &settings, 1..4, Summary::default(), &control, &mut |_| ());
        assert_eq!((end, summary.totals.runs), (End::Done, 3));
        assert!(summary.failures.keys().any(|it| it.id().starts_with("time-limit")));
    }

    #[test]
    fn an_interrupted_campaign_has_what_it_did_and_goes_on_from_there() {
        let settings = Settings { runs: Some(2_000), ..Settings::default() };
        let told = AtomicU64::new(0);
        let control = Control {
            jobs: 2,
            deadline: None,
            run_time_max: Duration::from_secs(600),
            interrupted: &|| told.load(Ordering::Relaxed) > 0,
        };
        let mut tell = |summary: &Summary| told.store(summary.totals.runs, Ordering::Relaxed);
        let (part, end) =
            run(&BuiltIn::new(), &settings, 1..2_001, Summary::default(), &control, &mut tell);
        assert_eq!(end, End::Interrupted);
        let next = part.end_of(1);
        assert!((2..2_001).contains(&next), "{next}");
        let control = Control { interrupted: &|| false, ..control };
        let (whole, end) =
            run(&BuiltIn::new(), &settings, next..2_001, part, &control, &mut |_| ());
        assert_eq!((whole, end), campaign(&settings, 2));
    }
}
