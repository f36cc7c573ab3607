//! Power: how soon a campaign finds each planted bug.
//!
//! A trial runs seeds in a row, from a first seed of its own, until a property is violated that the bug is declared to violate. The runs
//! that this takes, and their CPU time, are what a user pays for the bug.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bugs::Bug;
use crate::campaign::Settings;
use crate::campaign::finding::{Finding, Signature};
use crate::campaign::shrink::Shrinking;
use crate::campaign::workers::run_briefly;
use crate::plan::Plan;
use crate::property::Property;
use crate::sim::Runner;

/// The name of the format.
pub const FORMAT: &str = "squall-power";
/// The version of the format.
pub const VERSION: u32 = 1;
/// How far apart the first seeds of trials are.
const STRIDE: u64 = 1_000_000;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The bugs.
    pub bugs: Vec<Bug>,
    /// How many trials for each, from 1.
    pub trials: u64,
    /// After how many runs a trial gives up.
    pub runs_max: u64,
    /// What the campaign is like; its own bugs are not planted.
    pub settings: Settings,
    /// How many trials at once.
    pub jobs: usize,
    /// The clock of the calling thread's CPU time.
    pub cpu_time: fn() -> Duration,
}

/// What came of one trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Its first seed.
    pub first_seed: u64,
    /// How many runs it took, the one that found the bug counted.
    pub runs: u64,
    /// The CPU time that these took.
    pub microseconds: u64,
    /// The property that was violated; nothing if the trial gave up.
    pub caught_by: Option<Property>,
    /// Runs that failed otherwise on the way.
    pub otherwise: Vec<Otherwise>,
}

/// A run that failed in a way that its bug does not declare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Otherwise {
    /// The seed.
    pub seed: u64,
    /// What failed.
    pub finding: Finding,
}

/// How soon one bug is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The bug.
    pub bug: Bug,
    /// How many trials found it.
    pub found: u64,
    /// In how many runs half of the trials found it; nothing if fewer did.
    pub runs_median: Option<u64>,
    /// In how many runs nine of ten trials found it; nothing if fewer did.
    pub runs_90: Option<u64>,
    /// In how much CPU time half of the trials found it, in microseconds.
    pub microseconds_median: Option<u64>,
    /// In how much CPU time nine of ten trials found it, in microseconds.
    pub microseconds_90: Option<u64>,
    /// How many of 1,000 runs find it.
    pub per_thousand: f64,
    /// The 95 % confidence interval of that (Wilson's).
    pub per_thousand_from: f64,
    /// The upper end of it.
    pub per_thousand_to: f64,
    /// How many trials each property ended.
    pub caught_by: BTreeMap<Property, u64>,
    /// How many trials ended with a property that names the bug itself, and not what came of it later.
    #[serde(default)]
    pub named: u64,
    /// The trials.
    pub trials: Vec<Trial>,
    /// What the failure of the first trial that found it was shrunk to, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shrinking>,
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The version of squall that measured.
    pub squall: String,
    /// What the campaign was like.
    pub settings: Settings,
    /// How many trials there were for each bug.
    pub trials: u64,
    /// After how many runs a trial gave up.
    pub runs_max: u64,
    /// A row for each bug whose trials all ended.
    pub rows: Vec<Row>,
    /// Where somebody ended it early, the other bugs: the trials that end first are the quick ones, and a row of them would be biased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interrupted: Vec<Bug>,
}

/// Measures. `tell` is called after each trial with how many there were; `interrupted` ends it with the bugs whose trials were finished.
pub fn measure(
    runner: &dyn Runner,
    measure: &Measure,
    tell: &(dyn Fn(u64) + Sync),
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Power {
    let count = measure.bugs.len() * measure.trials as usize;
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Trial)>> = Mutex::new(Vec::new());
    // All bugs' first trials come first, so that an interrupted measurement has some of each.
    let work = || {
        while let Some(place) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < count)
        {
            let bug = measure.bugs[place % measure.bugs.len()];
            let number = (place / measure.bugs.len()) as u64;
            let Some(trial) = run_trial(runner, measure, bug, number, interrupted) else { return };
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, trial));
            tell(done.len() as u64);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..measure.jobs {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    let trials_of = |at: usize| {
        let own = done.iter().filter(move |(place, _)| place % measure.bugs.len() == at);
        own.map(|(_, trial)| trial.clone()).collect()
    };
    let rows = measure.bugs.iter().enumerate().map(|(at, bug)| Row::new(*bug, trials_of(at)));
    let is_whole = |row: &Row| row.trials.len() as u64 == measure.trials;
    let (rows, cut_off): (Vec<Row>, Vec<Row>) = rows.partition(is_whole);
    Power {
        format: FORMAT.into(),
        version: VERSION,
        squall: env!("CARGO_PKG_VERSION").into(),
        settings: measure.settings.clone(),
        trials: measure.trials,
        runs_max: measure.runs_max,
        rows,
        interrupted: cut_off.iter().map(|row| row.bug).collect(),
    }
}

/// One trial; nothing if it was interrupted.
fn run_trial(
    runner: &dyn Runner,
    measure: &Measure,
    bug: Bug,
    number: u64,
    interrupted: &dyn Fn() -> bool,
) -> Option<Trial> {
    let first_seed = measure.settings.first_seed + number * STRIDE;
    let mut trial =
        Trial { first_seed, runs: 0, microseconds: 0, caught_by: None, otherwise: Vec::new() };
    let begun = (measure.cpu_time)();
    for seed in first_seed..first_seed + measure.runs_max {
        if interrupted() {
            return None;
        }
        let mut plan = measure.settings.plan(seed);
        plan.raft.bugs = vec![bug];
        trial.runs += 1;
        let signature = match run_briefly(runner, &plan) {
            Ok(outcome) => Signature::of(&outcome),
            Err(signature) => Some(signature),
        };
        match signature.map(|signature| signature.finding) {
            None => {}
            Some(Finding::Violation(property)) if bug.about().violates.contains(&property) => {
                trial.caught_by = Some(property);
                break;
            }
            Some(finding) => trial.otherwise.push(Otherwise { seed, finding }),
        }
    }
    trial.microseconds = (measure.cpu_time)().saturating_sub(begun).as_micros() as u64;
    Some(trial)
}

impl Row {
    /// Sums up the trials of a bug.
    pub fn new(bug: Bug, trials: Vec<Trial>) -> Row {
        let found = trials.iter().filter(|trial| trial.caught_by.is_some()).count() as u64;
        let runs: u64 = trials.iter().map(|trial| trial.runs).sum();
        let mut caught_by = BTreeMap::new();
        for property in trials.iter().filter_map(|trial| trial.caught_by) {
            *caught_by.entry(property).or_default() += 1;
        }
        let named = caught_by.iter().filter(|(property, _)| bug.named_by().contains(property));
        let named = named.map(|(_, count)| count).sum();
        let by_runs = sorted(&trials, |trial| trial.runs);
        let by_time = sorted(&trials, |trial| trial.microseconds);
        let (from, to) = wilson(found, runs);
        Row {
            bug,
            found,
            runs_median: quantile(&by_runs, 50),
            runs_90: quantile(&by_runs, 90),
            microseconds_median: quantile(&by_time, 50),
            microseconds_90: quantile(&by_time, 90),
            per_thousand: 1_000.0 * found as f64 / runs.max(1) as f64,
            per_thousand_from: 1_000.0 * from,
            per_thousand_to: 1_000.0 * to,
            caught_by,
            named,
            trials,
            shrunk: None,
        }
    }

    /// The storm that the first trial to find the bug found it with, by its seed.
    pub fn example(&self, settings: &Settings) -> Option<(u64, Plan)> {
        let trial = self.trials.iter().find(|trial| trial.caught_by.is_some())?;
        let seed = trial.first_seed.saturating_add(trial.runs.saturating_sub(1));
        let mut plan = settings.plan(seed);
        plan.raft.bugs = vec![self.bug];
        Some((seed, plan))
    }

    /// The CPU time of all trials.
    pub fn cpu_time(&self) -> Duration {
        self.trials.iter().map(|trial| Duration::from_micros(trial.microseconds)).sum()
    }
}

/// A figure of each trial in ascending order; nothing, which is more than any figure, for those that gave up.
fn sorted(trials: &[Trial], figure: impl Fn(&Trial) -> u64) -> Vec<Option<u64>> {
    let mut figures: Vec<Option<u64>> =
        trials.iter().map(|trial| trial.caught_by.map(|_| figure(trial))).collect();
    figures.sort_by_key(|figure| figure.unwrap_or(u64::MAX));
    figures
}

/// The figure that so many percent of the trials do not exceed.
fn quantile(sorted: &[Option<u64>], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    *sorted.get(rank - 1)?
}

/// Wilson's 95 % interval for a share of `hits` in `count`.
fn wilson(hits: u64, count: u64) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    let (z, n) = (1.96_f64, count as f64);
    let share = hits as f64 / n;
    let center = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((center - spread) / scale).max(0.0), ((center + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::BuiltIn;

    fn trial(runs: u64, caught_by: Option<Property>) -> Trial {
        Trial { first_seed: 1, runs, microseconds: runs * 10, caught_by, otherwise: Vec::new() }
    }

    #[test]
    fn trials_that_gave_up_are_slower_than_any_other() {
        let found = Some(Property::Durability);
        let row = Row::new(
            Bug::VoteTwice,
            vec![trial(30, found), trial(100, None), trial(10, found), trial(20, found)],
        );
        assert_eq!((row.found, row.runs_median, row.runs_90), (3, Some(20), None));
        assert_eq!(row.microseconds_median, Some(200));
        assert_eq!(row.caught_by, BTreeMap::from([(Property::Durability, 3)]));
        assert_eq!(row.named, 0, "that is what comes of two votes");
        let row = Row::new(Bug::VoteTwice, vec![trial(1, Some(Property::OneVote)), trial(9, None)]);
        assert_eq!((row.found, row.named), (1, 1));
        let empty = Row::new(Bug::VoteTwice, Vec::new());
        assert_eq!((empty.runs_median, empty.per_thousand_to), (None, 1_000.0));
    }

    #[test]
    fn the_interval_is_wilsons() {
        let (from, to) = wilson(10, 100);
        assert!((from - 0.0552).abs() < 0.0001 && (to - 0.1744).abs() < 0.0001, "{from} {to}");
        assert_eq!(wilson(0, 50).0, 0.0);
    }

    #[test]
    fn any_number_of_workers_measures_the_same_runs() {
        let one = Measure {
            bugs: vec![Bug::VoteTwice, Bug::TruncateUnconditional],
            trials: 3,
            runs_max: 200,
            settings: Settings::default(),
            jobs: 1,
            cpu_time: Duration::default,
        };
        let two = Measure { jobs: 2, ..one.clone() };
        let runs = |power: Power| -> Vec<(Option<u64>, u64)> {
            power.rows.iter().map(|row| (row.runs_90, row.found)).collect()
        };
        let alone = runs(measure(&BuiltIn::new(), &one, &|_| (), &|| false));
        assert!(alone.iter().all(|(_, found)| *found == 3), "{alone:?}");
        assert_eq!(runs(measure(&BuiltIn::new(), &two, &|_| (), &|| false)), alone);
        let none = measure(&BuiltIn::new(), &one, &|_| (), &|| true);
        assert_eq!((none.rows, none.interrupted), (Vec::new(), one.bugs));
    }
}
