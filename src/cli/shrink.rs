//! `squall shrink`: the smallest story that still fails in the same way.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::campaign::clock::now;
use crate::campaign::file::{
    CampaignFile, FAILURES, FailureRow, SHRUNK, SHRUNK_RESULT, SHRUNK_STORY, STORY_LINES_MAX,
};
use crate::campaign::finding::{Finding, Signature};
use crate::campaign::shrink::{Control, Shrinking, Shrunk, Size, shrink as shrink_plan};
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::interrupt;
use crate::cli::jobs::jobs;
use crate::cli::source::{SourceArgs, Subject};
use crate::files::{is_stdout, write_whole};
use crate::plan::files::{WRITTEN_BYTES_MAX, read_text};
use crate::plan::{Plan, scenario};
use crate::report::explain::explain;
use crate::shown::shown;
use crate::sim::{Run, Runner};
use crate::time::Span;

/// What `squall shrink` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall shrink reports/fuzz/failures/durability-3f21aa
  squall shrink --seed 42 --bug old-term-commit -o figure-8.toml
  squall shrink storm.toml --any --time 30s")]
pub struct ShrinkArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Takes a plan that fails in another way, too
    #[arg(long)]
    any: bool,
    /// Ends after so long with the best so far
    #[arg(long, value_name = "TIME")]
    time: Option<Span>,
    /// How many candidates run at once [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// The scenario that is written, at every improvement, or `-` [default: reports/shrunk.toml]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Shrinks what the arguments name.
pub fn shrink(args: &ShrinkArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let Subject { name, plan, runner } = args.source.subject(guests)?;
    let out = args.out.clone().unwrap_or_else(|| "reports/shrunk.toml".into());
    interrupt::listen()?;
    let begun = now();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let mut failed = None;
    let mut better = |plan: &Plan, tried: u64| {
        bar.set_message(progress(plan, tried));
        bar.tick();
        if !is_stdout(&out) {
            failed = write_whole(&out, scenario::to_toml(plan).trim_end().as_bytes()).err();
        }
    };
    let control = Control {
        jobs: jobs(args.jobs),
        deadline: args.time.and_then(|time| begun.checked_add(Duration::from_nanos(time.0))),
        interrupted: &interrupt::is_wanted,
        better: &mut better,
    };
    let shrunk = shrink_plan(runner, &plan, args.any, control);
    bar.finish_and_clear();
    let written = |error: std::io::Error| Failure::output(&out, error);
    failed.map_or(Ok(()), |error| Err(written(error)))?;
    let Some(shrunk) = shrunk else {
        return Err(Failure::usage(format!("{name} does not fail, so there is nothing to shrink")));
    };
    let plan = shrunk.titled(&plan);
    write_whole(&out, scenario::to_toml(&plan).trim_end().as_bytes()).map_err(written)?;
    let took = now().duration_since(begun);
    // The scenario may have the standard output for itself.
    let mut told: Box<dyn Write> = match is_stdout(&out) {
        true => Box::new(anstream::stderr()),
        false => Box::new(anstream::stdout()),
    };
    tell(&mut told, args, &shrunk, &shown(&out), took)?;
    Ok(Code::Clean)
}

fn tell(
    told: &mut dyn Write,
    args: &ShrinkArgs,
    shrunk: &Shrunk,
    out: &str,
    took: Duration,
) -> io::Result<()> {
    let signature = Signature::of(&shrunk.outcome).map(|it| it.id()).unwrap_or_default();
    let Shrunk { before, after, .. } = shrunk;
    if args.json {
        let value = serde_json::json!({
            "failure": signature,
            "before": before,
            "after": after,
            "runs": shrunk.tried,
            "seedless": shrunk.seedless,
            "cut_short": shrunk.cut_short,
            "milliseconds": took.as_millis() as u64,
            "scenario": out,
        });
        return writeln!(told, "{value:#}");
    }
    writeln!(told, "shrunk    {signature}")?;
    let mut line = |what: &str, figure: fn(&Size) -> u64| {
        writeln!(told, "  {what:<12}{:>8}  ->{:>8}", figure(before), figure(after))
    };
    line("nodes", |size| size.nodes)?;
    line("faults", |size| size.faults)?;
    line("operations", |size| size.operations)?;
    line("pins", |size| size.pins)?;
    line("events", |size| size.events)?;
    line("records", |size| size.records)?;
    let random = if shrunk.seedless { "nothing is left to chance" } else { "its seed matters" };
    let tenths = took.as_millis() / 100;
    writeln!(told, "  {} runs in {}.{} s; {random}", shrunk.tried, tenths / 10, tenths % 10)?;
    if shrunk.cut_short {
        writeln!(told, "  it ended early; shrink the result to go on")?;
    }
    writeln!(told, "  the scenario is written; see it with\n    squall run {out} --show")
}

/// How long the shrinking of one failure of a campaign takes at most.
const FAILURE_TIME: Duration = Duration::from_secs(60);

/// Shrinks each distinct failure of a campaign, in its folder: the scenario, what it came to, and its story. What was shrunk before is
/// left as it is.
pub fn failures(
    runner: &dyn Runner,
    file: &CampaignFile,
    folder: &Path,
    jobs: usize,
) -> Result<BTreeMap<String, Shrinking>, Failure> {
    let mut all = BTreeMap::new();
    for failure in &file.failures {
        let folder = folder.join(FAILURES).join(&failure.id);
        let plain =
            matches!(failure.signature.finding, Finding::Violation(_) | Finding::EventLimit);
        if interrupt::is_wanted() || !plain {
            continue;
        }
        let earlier = read_text(&folder.join(SHRUNK_RESULT), WRITTEN_BYTES_MAX).ok();
        let earlier = earlier.and_then(|text| serde_json::from_str::<Shrinking>(&text).ok());
        let shrinking = match earlier.filter(|it| it.seed == failure.first_seed && !it.cut_short) {
            Some(shrinking) => Some(shrinking),
            None => one_failure(
                runner,
                &file.settings.plan(failure.first_seed),
                failure,
                &folder,
                jobs,
            )?,
        };
        all.extend(shrinking.map(|shrinking| (failure.id.clone(), shrinking)));
    }
    Ok(all)
}

fn one_failure(
    runner: &dyn Runner,
    plan: &Plan,
    failure: &FailureRow,
    folder: &Path,
    jobs: usize,
) -> Result<Option<Shrinking>, Failure> {
    let begun = now();
    let Some(shrunk) = within_a_minute(runner, plan, &failure.id, jobs) else { return Ok(None) };
    let path = folder.join(SHRUNK);
    let failed = |error: std::io::Error| Failure::file(&path, "write", &error);
    let small = shrunk.titled(plan);
    write_whole(&path, scenario::to_toml(&small).trim_end().as_bytes()).map_err(failed)?;
    if let Ok(Some(story)) = explain(&Run::recorded(runner, small), STORY_LINES_MAX) {
        let text = story.text(&shown(&path));
        write_whole(&folder.join(SHRUNK_STORY), text.trim_end().as_bytes()).map_err(failed)?;
    }
    let shrinking = shrunk.shrinking(failure.first_seed, now().duration_since(begun));
    let json = serde_json::to_vec_pretty(&shrinking).map_err(std::io::Error::from)?;
    write_whole(&folder.join(SHRUNK_RESULT), &json).map_err(failed)?;
    Ok(Some(shrinking))
}

/// Shrinks one of many, and tells how far it is.
pub fn within_a_minute(
    runner: &dyn Runner,
    plan: &Plan,
    name: &str,
    jobs: usize,
) -> Option<Shrunk> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let control = Control {
        jobs,
        deadline: now().checked_add(FAILURE_TIME),
        interrupted: &interrupt::is_wanted,
        better: &mut |plan: &Plan, tried| {
            bar.set_message(format!("{name}: {}", progress(plan, tried)));
            bar.tick();
        },
    };
    let shrunk = shrink_plan(runner, plan, false, control);
    bar.finish_and_clear();
    shrunk
}

/// How far it is, in a line.
fn progress(plan: &Plan, tried: u64) -> String {
    format!(
        "{tried} runs: {} faults, {} requests, {} pins, {} nodes",
        plan.faults.len(),
        plan.requests.len(),
        plan.pins.len() + plan.syncs.len(),
        plan.cluster.nodes
    )
}
