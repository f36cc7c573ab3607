//! A failure of a test, and how it is told.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::campaign::clock::now;
use crate::campaign::finding::{Finding, Signature};
use crate::campaign::shrink::{Control, shrink};
use crate::campaign::workers::run_caught;
use crate::harness::files::keep;
use crate::plan::{Plan, scenario};
use crate::report::diff::Difference;
use crate::report::explain::explain;
use crate::report::text::violation;
use crate::report::twice::{text as twice_text, twice};
use crate::sim::runner::adopt;
use crate::sim::{Run, Runner};

/// How many lines a story has.
const STORY_LINES_MAX: usize = 40;

/// The first failure of a test.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Which plan fails.
    pub source: Source,
    /// How it fails.
    pub what: What,
}

/// Where a plan comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is the plan of a seed.
    Seed(u64),
    /// It was kept in this file when it failed before.
    Regression(PathBuf),
}

/// How a plan fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum What {
    /// Its run violates a property, or does not end.
    Failed(Box<Told>),
    /// Run twice, it gives different runs.
    NotDeterministic(Box<Difference>),
    /// It cannot be run: what is wrong with it.
    WrongPlan(String),
}

/// A failing run, with all that is told of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Told {
    /// What failed, as failures are told apart.
    pub signature: Signature,
    /// The smallest plan that fails so, as far as it was looked for.
    pub plan: Plan,
    /// The property, the sentence that says what happened, and the records that prove it.
    pub proof: String,
    /// How it came about, in words.
    pub story: Option<String>,
    /// How many events the run had that was found, and how many the smallest has; none if it was not shrunk.
    pub events: Option<(u64, u64)>,
    /// Where the plan is kept, or why it could not be.
    pub kept: Option<Result<PathBuf, String>>,
    /// The first difference of two runs of the plan, if the guest is not deterministic.
    pub differs: Option<Difference>,
}

/// Runs what was kept, and says how it fails, if it does.
pub(super) fn of_regression(runner: &dyn Runner, plan: Result<Plan, String>) -> Option<What> {
    let adopted = plan.and_then(|mut plan| match adopt(runner, &mut plan) {
        Ok(()) => Ok(plan),
        Err(problem) => Err(format!("{} (at {})", problem.message, problem.path.join("."))),
    });
    let plan = match adopted {
        Ok(plan) => plan,
        Err(message) => return Some(What::WrongPlan(message)),
    };
    let signature = match run_caught(runner, &plan) {
        Ok(outcome) => Signature::of(&outcome)?,
        Err(signature) => signature,
    };
    Some(of_plan(runner, &plan, signature, None, None))
}

/// Tells how a plan fails: shrunk within this time by so many workers, and kept, where that is wanted.
pub(super) fn of_plan(
    runner: &dyn Runner,
    plan: &Plan,
    signature: Signature,
    time: Option<(Duration, usize)>,
    regressions: Option<&Path>,
) -> What {
    // A run that squall does not survive, or that takes for ever, cannot be run again to tell of it.
    let can_be_run = matches!(signature.finding, Finding::Violation(_) | Finding::EventLimit);
    let differs = if can_be_run { twice(runner, plan) } else { None };
    // What is true of one run need not be true of the next: then there is nothing to shrink.
    let time = time.filter(|_| can_be_run && differs.is_none());
    let shrunk = time.and_then(|(time, jobs)| {
        let deadline = now().checked_add(time);
        let (interrupted, better) = (&|| false, &mut |_: &Plan, _| ());
        shrink(
            runner,
            plan,
            false,
            Control { jobs, candidates_max: None, deadline, interrupted, better },
        )
    });
    let events = shrunk.as_ref().map(|it| (it.before.events, it.after.events));
    let plan = shrunk.map_or_else(|| plan.clone(), |shrunk| shrunk.titled(plan));
    let kept = regressions
        .map(|folder| keep(folder, &signature.id(), &plan).map_err(|error| error.to_string()));
    let mut proof = format!("  {}\n  {}\n", signature.finding.sentence(), signature.shape);
    let mut story = None;
    if matches!(signature.finding, Finding::Violation(_)) {
        let run = Run::recorded(runner, plan.clone());
        proof = violation(&run).unwrap_or(proof);
        story = explain(&run, STORY_LINES_MAX).ok().flatten().map(|told| told.story());
    }
    What::Failed(Box::new(Told { signature, plan, proof, story, events, kept, differs }))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Seed(seed) => write!(f, "seed {seed}"),
            Source::Regression(path) => write!(f, "the regression {}", path.display()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        match &self.what {
            What::WrongPlan(message) => return writeln!(f, "{source} cannot be run: {message}"),
            What::NotDeterministic(difference) => {
                writeln!(f, "{source}: the guest is not deterministic")?;
                write!(f, "{}", indented(&twice_text(difference)))?;
            }
            What::Failed(told) => {
                writeln!(f, "{source} fails: {}", told.signature.finding.name())?;
                told.fmt(f)?;
            }
        }
        let Source::Seed(seed) = source else { return Ok(()) };
        let thread = std::thread::current();
        // The test's own name, where its thread has it.
        let filter = thread.name().filter(|name| *name != "main");
        let filter = filter.map_or_else(String::new, |name| format!(" {name}"));
        writeln!(f, "\nto see the run of this seed as a page, a trace and a story:")?;
        writeln!(f, "  SQUALL_SEED={seed} cargo test{filter}")
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((before, after)) = self.events {
            writeln!(f, "  shrunk from {before} events to {after}")?;
        }
        write!(f, "{}", self.proof)?;
        if let Some(difference) = &self.differs {
            writeln!(f, "\nthe guest is not deterministic, so what fails now may not fail again:")?;
            write!(f, "{}", indented(&twice_text(difference)))?;
        }
        if let Some(story) = &self.story {
            write!(f, "\nhow it came about:\n{}", indented(story))?;
        }
        match &self.kept {
            None => writeln!(f, "\nthe scenario:")?,
            Some(Ok(path)) => writeln!(
                f,
                "\nthe scenario, which is run first from now on (commit {}):",
                path.display()
            )?,
            Some(Err(error)) => writeln!(f, "\nthe scenario, which could not be kept ({error}):")?,
        }
        write!(f, "{}", indented(&scenario::to_toml(&self.plan)))
    }
}

fn indented(text: &str) -> String {
    let space = |line: &str| if line.is_empty() { "" } else { "  " };
    text.lines().map(|line| format!("{}{line}\n", space(line))).collect()
}
