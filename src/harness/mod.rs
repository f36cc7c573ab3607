//! A Raft under test: `squall::test(..)` in a `#[test]` runs random plans with nodes of one's own, and fails with all that it takes to see
//! why.
//!
//! ```no_run
//! use squall::guest::Feature;
//! # use squall::raft::Raft as MyRaft;
//! # trait Make { fn new(setup: &squall::guest::Setup<'_>) -> MyRaft { MyRaft::of(setup) } }
//! # impl Make for MyRaft {}
//!
//! #[test]
//! fn my_raft_is_right() {
//!     squall::test(|setup| MyRaft::new(setup)).lacks(Feature::Snapshots).seeds(0..1_000).check();
//! }
//! ```
//!
//! What is run, in this order: the scenarios in the folder of regressions, then the plan of each seed on all cores, then some of the plans
//! once more, to see whether the same plan gives the same run. The first failure, by seed and not by time, is shrunk, kept among the
//! regressions and told: the verdict is the same for any number of cores.
//!
//! Two variables of the environment change what runs: `SQUALL_RUNS=20000` how many seeds, and `SQUALL_SEED=17` runs the plan of one seed
//! and writes its page, its trace and its story to a folder.

mod failure;
mod files;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::campaign::summary::Summary;
use crate::campaign::workers::{self, Control, Plans};
use crate::campaign::{Settings, Signature};
use crate::guest::{Feature, Features, Guest, GuestOption, Setup};
use crate::node::Node;
use crate::plan::swarm::{Config, draw_with};
use crate::plan::validate::validate;
use crate::plan::{Plan, Profile};
use crate::report::campaign::{counted, grouped};
use crate::report::twice::twice;
use crate::sim::{Nodes, Options, Outcome, Runner};

pub use failure::{Failure, Source, What};

/// How many seeds are run by default.
const RUNS: u64 = 1_000;
/// One plan in so many is run twice.
const TWICE_EVERY: u64 = 50;
/// How long the smallest scenario of a failure is looked for by default.
const SHRINK: Duration = Duration::from_secs(10);
/// How long a run may take before it counts as endless.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);

/// A test of nodes that this function makes, one for each start of a node. The guest has the name of the nodes' type.
pub fn test<N: Node, F: Fn(&Setup<'_>) -> N + Sync>(make: F) -> Test<Nodes<N, F>> {
    Test::of(Nodes::new(&name_of_type(std::any::type_name::<N>()), make))
}

/// The name of a type, as guests are called: `own_raft::OwnRaft` is `own-raft`.
fn name_of_type(path: &str) -> String {
    let path = path.split('<').next().unwrap_or_default();
    let mut name = String::new();
    for letter in path.rsplit("::").next().unwrap_or_default().chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Own plans, by seed.
type OwnPlans = Box<dyn Fn(u64) -> Plan + Sync>;

/// Makes methods of a test that set the field of their name.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($argument:ident: $type:ty) => $value:expr;)+) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $argument: $type) -> Self {
                self.$name = $value;
                self
            }
        )+
    };
}

/// What is run, and what becomes of failures.
pub struct Test<R> {
    runner: R,
    name: String,
    guest: Guest,
    seeds: Range<u64>,
    swarm: Config,
    nodes: Option<u8>,
    profile: Option<Profile>,
    plans: Option<OwnPlans>,
    events_max: u64,
    jobs: usize,
    shrink: Option<Duration>,
    regressions: Option<PathBuf>,
    folder: Option<PathBuf>,
}

impl<N: Node, F: Fn(&Setup<'_>) -> N + Sync> Test<Nodes<N, F>> {
    /// The guest does not have this feature: no plan asks for it, and nothing is judged by it.
    #[must_use]
    pub fn lacks(self, feature: Feature) -> Self {
        self.with_runner(|nodes| nodes.lacking(feature))
    }

    /// The guest has these features and no others.
    #[must_use]
    pub fn has_only(self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.with_runner(|nodes| nodes.having_only(features))
    }

    /// The guest takes an option of its own: see [`Nodes::taking`].
    #[must_use]
    pub fn takes(self, option: &str, values: &[&str]) -> Self {
        self.with_runner(|nodes| nodes.taking(option, values))
    }

    fn with_runner(mut self, change: impl FnOnce(Nodes<N, F>) -> Nodes<N, F>) -> Self {
        self.runner = change(self.runner);
        let options = std::mem::take(&mut self.guest.options);
        self.guest = Guest { options, ..self.runner.guest().clone() };
        self
    }
}

impl<R: Runner> Test<R> {
    /// A test of the guest of this runner: a thousand random plans.
    pub fn of(runner: R) -> Test<R> {
        let guest = runner.guest().clone();
        Test {
            runner,
            name: guest.name.clone(),
            guest,
            seeds: 1..RUNS + 1,
            swarm: Config::default(),
            nodes: None,
            profile: None,
            plans: None,
            events_max: Settings::default().events_max,
            jobs: 0,
            shrink: Some(SHRINK),
            regressions: Some(files::regressions()),
            folder: None,
        }
    }

    /// Gives the guest one of its own options.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.guest.options.insert(name.into(), value.into());
        self
    }

    setters! {
        /// The name of the test, which names its folders; the guest's by default. Tests of one guest share their regressions unless they
        /// have names of their own.
        name(name: &str) => name.into();
        /// The seeds, 1 to 1,000 by default.
        seeds(seeds: Range<u64>) => seeds;
        /// Only clusters of so many nodes, 1 to 25.
        nodes(nodes: u8) => Some(nodes);
        /// Only the timings of this production system.
        profile(profile: Profile) => Some(profile);
        /// What random plans are drawn from.
        swarm(swarm: Config) => swarm;
        /// Plans of one's own instead of random ones: always the same for the same seed. What the guest lacks is taken out of them.
        plans(plans: impl Fn(u64) -> Plan + Sync + 'static) => Some(Box::new(plans));
        /// After how many events a run counts as one that does not end, which is a failure; 5,000,000 by default.
        events_max(events: u64) => events;
        /// How many threads, from 1; one for each core by default.
        jobs(jobs: usize) => jobs;
        /// Where failures are kept as scenarios, to be run first next time: by default `squall-regressions` beside the package's
        /// `Cargo.toml`. It has a folder for each test; commit it.
        regressions(folder: impl Into<PathBuf>) => Some(folder.into());
        /// Where the run of `SQUALL_SEED` is written: by default `target/squall` beside the package's `Cargo.toml`, with a folder for each
        /// test and seed.
        folder(folder: impl Into<PathBuf>) => Some(folder.into());
    }

    /// How long the smallest scenario of a failure is looked for, ten seconds by default.
    #[must_use]
    pub fn shrink_for(mut self, time: Duration) -> Self {
        self.shrink = Some(time);
        self
    }

    /// A failure is told as it was found, at whatever length.
    #[must_use]
    pub fn without_shrinking(mut self) -> Self {
        self.shrink = None;
        self
    }

    /// No failure is kept, and none is run first.
    #[must_use]
    pub fn without_regressions(mut self) -> Self {
        self.regressions = None;
        self
    }

    /// Runs all of it, and panics with the whole story if there is a failure. Says what was run, and not exercised.
    ///
    /// # Panics
    ///
    /// If there is a failure, if the guest does not take an option that it is given, or if `SQUALL_SEED` or `SQUALL_RUNS` is no number.
    #[track_caller]
    pub fn check(&self) {
        let report = self.run();
        assert!(report.failure.is_none(), "{report}");
        println!("{report}");
    }

    /// Runs all of it, and says what came of it.
    ///
    /// # Panics
    ///
    /// If the guest does not take an option that it is given, or if `SQUALL_SEED` or `SQUALL_RUNS` is no number.
    #[track_caller]
    #[must_use]
    pub fn run(&self) -> Report {
        if let Err(message) = self.runner.check_options(&self.guest.options) {
            panic!("{message}");
        }
        let value = |name: &str| std::env::var_os(name).map(|it| it.to_string_lossy().into_owned());
        let (seed, runs) = files::environment(value).unwrap_or_else(|message| panic!("{message}"));
        let mut report = Report {
            name: self.name.clone(),
            lacks: self.guest.lacks,
            regressions: 0,
            twice: 0,
            summary: Summary::default(),
            failure: None,
            written: None,
        };
        report.failure = match seed {
            Some(seed) => self.run_seed(seed, &mut report),
            None => self.run_all(runs, &mut report),
        };
        report
    }

    /// Runs all of it; gives the first failure.
    fn run_all(&self, runs: Option<u64>, report: &mut Report) -> Option<Failure> {
        let runner = &self.runner_of_plans();
        let regressions = self.regressions.as_ref().map(|folder| folder.join(&self.name));
        for (path, plan) in regressions.iter().flat_map(|folder| files::kept(folder)) {
            report.regressions += 1;
            if let Some(what) = failure::of_regression(runner, plan) {
                return Some(Failure { source: Source::Regression(path), what });
            }
        }
        let end = runs.map_or(self.seeds.end, |runs| self.seeds.start.saturating_add(runs));
        let seeds = self.seeds.start..end;
        let control = Control {
            jobs: self.workers(),
            deadline: None,
            run_time_max: RUN_TIME_MAX,
            interrupted: &|| false,
        };
        let (summary, _) =
            workers::run(runner, self, seeds.clone(), Summary::default(), &control, &mut |_| ());
        report.summary = summary;
        let failed = report.summary.failures.iter().min_by_key(|(_, seen)| seen.first_seed);
        if let Some((signature, seen)) = failed {
            let (seed, signature) = (seen.first_seed, signature.clone());
            let what = self.failure(runner, seed, signature, regressions.as_deref());
            return Some(Failure { source: Source::Seed(seed), what });
        }
        let mut again = seeds.step_by(TWICE_EVERY as usize).inspect(|_| report.twice += 1);
        again.find_map(|seed| not_deterministic(runner, &self.plan(seed), seed))
    }

    fn failure(
        &self,
        runner: &dyn Runner,
        seed: u64,
        signature: Signature,
        regressions: Option<&Path>,
    ) -> What {
        let plan = self.plan(seed);
        if let Err(problem) = validate(&plan) {
            let (message, at) = (problem.message, problem.path.join("."));
            return What::WrongPlan(format!("{message} (at {at})"));
        }
        let shrink = self.shrink.map(|time| (time, self.workers()));
        failure::of_plan(runner, &plan, signature, shrink, regressions)
    }

    /// Runs the plan of one seed, and writes all that can be seen of it; gives its failure.
    fn run_seed(&self, seed: u64, report: &mut Report) -> Option<Failure> {
        let runner = &self.runner_of_plans();
        let plan = self.plan(seed);
        let source = Source::Seed(seed);
        let outcome = match workers::run_caught(runner, &plan) {
            Ok(outcome) => outcome,
            Err(signature) => {
                report.summary.add_panic(seed, signature.clone());
                let what = self.failure(runner, seed, signature, None);
                return Some(Failure { source, what });
            }
        };
        report.summary.add(seed, &outcome);
        let folder = self.folder.clone().unwrap_or_else(files::target);
        let folder = folder.join(&self.name).join(format!("seed-{seed}"));
        report.written = Some(files::write_all(runner, plan.clone(), &folder).map(|()| folder));
        match Signature::of(&outcome) {
            Some(signature) => {
                let what = failure::of_plan(runner, &plan, signature, None, None);
                Some(Failure { source, what })
            }
            None => not_deterministic(runner, &plan, seed),
        }
    }

    fn workers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.jobs == 0 { cores() } else { self.jobs }
    }

    fn runner_of_plans(&self) -> Checking<'_> {
        Checking { runner: &self.runner, plans_are_own: self.plans.is_some() }
    }
}

impl<R: Runner> Plans for Test<R> {
    fn plan(&self, seed: u64) -> Plan {
        let mut plan = match &self.plans {
            Some(plans) => plans(seed),
            None => {
                let swarm = self.nodes.into_iter().fold(self.swarm.clone(), Config::with_nodes);
                let swarm = self.profile.into_iter().fold(swarm, Config::with_profile);
                draw_with(seed, &swarm)
            }
        };
        plan.restrict(&self.guest);
        if self.plans.is_none() {
            plan.draw_guest_options(self.runner.guest_options());
        }
        plan.events_max = plan.events_max.min(self.events_max);
        plan
    }

    fn stop_after(&self) -> Option<u64> {
        Some(1)
    }
}

/// Runs a plan twice; a failure if it gives different runs.
fn not_deterministic(runner: &dyn Runner, plan: &Plan, seed: u64) -> Option<Failure> {
    let what = What::NotDeterministic(Box::new(twice(runner, plan)?));
    Some(Failure { source: Source::Seed(seed), what })
}

/// A runner that looks at plans before it runs them: those that somebody made may be wrong.
struct Checking<'a> {
    runner: &'a dyn Runner,
    plans_are_own: bool,
}

impl Runner for Checking<'_> {
    fn guest(&self) -> &Guest {
        self.runner.guest()
    }

    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome {
        if self.plans_are_own
            && let Err(problem) = validate(plan)
        {
            panic!("a plan is wrong: {}", problem.message);
        }
        self.runner.run(plan, options)
    }

    fn code(&self) -> Option<&str> {
        self.runner.code()
    }

    fn guest_options(&self) -> &[GuestOption] {
        self.runner.guest_options()
    }
}

/// What came of a test.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the test.
    pub name: String,
    /// What the guest lacks, which was not exercised.
    pub lacks: Features,
    /// How many regressions were run.
    pub regressions: u64,
    /// How many plans were run twice.
    pub twice: u64,
    /// What came of all runs of seeds.
    pub summary: Summary,
    /// The first failure, if there was one.
    pub failure: Option<Failure>,
    /// Where the run of `SQUALL_SEED` was written, or why it could not be.
    pub written: Option<std::io::Result<PathBuf>>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(failure) = &self.failure {
            writeln!(f, "{}: {failure}", self.name)?;
        }
        let totals = &self.summary.totals;
        write!(f, "{}: {}", self.name, counted(self.regressions, "regression"))?;
        write!(f, ", {}, {} events", counted(totals.runs, "run"), grouped(totals.events))?;
        write!(f, ", {} run twice", counted(self.twice, "plan"))?;
        if !self.lacks.is_empty() {
            write!(f, "; not exercised: {}", self.lacks)?;
        }
        match &self.written {
            None => Ok(()),
            Some(Ok(folder)) => write!(f, "\nthe run is in {}", folder.display()),
            Some(Err(error)) => write!(f, "\nthe run could not be written: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_called_as_its_type() {
        assert_eq!(name_of_type("own_raft::OwnRaft"), "own-raft");
        assert_eq!(name_of_type("a::b::Kv<c::D<e::F>>"), "kv");
        assert_eq!(name_of_type("raft"), "raft");
    }
}
