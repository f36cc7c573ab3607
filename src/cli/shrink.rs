//! `squall shrink`: the smallest story that still fails in the same way.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::campaign::clock::now;
use crate::campaign::file::{
    CampaignFile, FAILURES, SHRUNK, SHRUNK_RESULT, SHRUNK_STORY, STORY_LINES_MAX,
};
use crate::campaign::finding::{Finding, Signature};
use crate::campaign::shrink::{Control, Shrinking, Shrunk, Size, shrink as shrink_plan};
use crate::cli::failure::{self, Code, End, Failure, beside};
use crate::cli::progress::{bar, check_whole, is_end_wanted, jobs};
use crate::cli::source::{Guests, SourceArgs, Subject};
use crate::files::is_stdout;
use crate::guest::BUILT_IN;
use crate::plan::files::{WRITTEN_BYTES_MAX, read_text};
use crate::plan::{Plan, scenario};
use crate::report::explain::explain;
use crate::shown::shown;
use crate::sim::{Run, Runner};
use crate::time::Span;

#[derive(Args)]
#[command(after_help = "Examples:
  squall shrink --seed 1 --nodes 5 --bug commit-without-quorum -o small.toml
  squall shrink small.toml --any --time 30s
  squall shrink --seed 1 --nodes 5 --bug commit-without-quorum --candidates 5000
  squall fuzz --bug vote-twice --stop-after 1    finds a failure
  squall shrink reports/fuzz/failures/*")]
pub struct ShrinkArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Takes a plan that fails in another way, too
    #[arg(long)]
    any: bool,
    /// Ends after so many candidates with the best so far: the same on every machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    candidates: Option<u64>,
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

pub fn shrink(args: &ShrinkArgs, guests: &Guests<'_>) -> End {
    let Subject { name, plan, runner } = args.source.subject(guests)?;
    let out = args.out.clone().unwrap_or_else(|| "reports/shrunk.toml".into());
    let begun = now();
    let bar = bar(None);
    let mut written = Ok(());
    let mut better = |plan: &Plan, tried: u64| {
        bar.set_message(progress(plan, tried));
        bar.tick();
        if !is_stdout(&out) {
            written = failure::write(&out, &scenario::to_toml(plan));
        }
    };
    let control = Control {
        jobs: jobs(args.jobs),
        candidates_max: args.candidates,
        deadline: args.time.and_then(|time| begun.checked_add(Duration::from_nanos(time.0))),
        interrupted: &is_end_wanted,
        better: &mut better,
    };
    let shrunk = shrink_plan(runner, &plan, args.any, control);
    bar.finish_and_clear();
    written?;
    let Some(shrunk) = shrunk else {
        check_whole(&name)?;
        return Err(Failure::usage(format!("{name} does not fail, so there is nothing to shrink")));
    };
    failure::write(&out, &scenario::to_toml(&shrunk.titled(&plan)))?;
    let told = told(args, &shrunk, &shown(&out), now().duration_since(begun));
    writeln!(beside(Some(&out)), "{told}")?;
    Ok(Code::Clean)
}

fn told(args: &ShrinkArgs, shrunk: &Shrunk, out: &str, took: Duration) -> String {
    let signature = Signature::of(&shrunk.outcome).map(|it| it.id()).unwrap_or_default();
    let Shrunk { before, after, tried, seedless, cut_short, .. } = shrunk;
    if args.json {
        let value = json!({
            "failure": signature,
            "before": before,
            "after": after,
            "runs": tried,
            "seedless": seedless,
            "cut_short": cut_short,
            "milliseconds": took.as_millis() as u64,
            "scenario": out,
        });
        return format!("{value:#}");
    }
    let line = |what: &str, figure: fn(&Size) -> u64| {
        format!("  {what:<12}{:>8}  ->{:>8}\n", figure(before), figure(after))
    };
    let sizes = [
        line("nodes", |size| size.nodes),
        line("faults", |size| size.faults),
        line("operations", |size| size.operations),
        line("pins", |size| size.pins),
        line("events", |size| size.events),
        line("records", |size| size.records),
    ];
    let random = if *seedless { "nothing is left to chance" } else { "its seed matters" };
    let early = if *cut_short { "  it ended early; shrink the result to go on\n" } else { "" };
    let (sizes, tenths) = (sizes.concat(), took.as_millis() / 100);
    format!(
        "shrunk    {signature}\n{sizes}  {tried} runs in {}.{} s; {random}\n{early}  \
         the scenario is written; see it with\n    squall run {out} --show",
        tenths / 10,
        tenths % 10
    )
}

/// Shrinks each distinct failure of a campaign, in its folder: the scenario, what it came to, and its story. What was shrunk before is
/// left as it is.
pub fn failures(
    runner: &dyn Runner,
    file: &CampaignFile,
    folder: &Path,
    jobs: usize,
) -> Result<BTreeMap<String, Shrinking>, Failure> {
    let mut all = BTreeMap::new();
    for row in &file.failures {
        let folder = folder.join(FAILURES).join(&row.id);
        let plain = matches!(row.signature.finding, Finding::Violation(_) | Finding::EventLimit);
        if is_end_wanted() || !plain {
            continue;
        }
        let earlier = read_text(&folder.join(SHRUNK_RESULT), WRITTEN_BYTES_MAX).ok();
        let earlier = earlier.and_then(|text| serde_json::from_str::<Shrinking>(&text).ok());
        if let Some(earlier) = earlier.filter(|it| it.seed == row.first_seed && !it.cut_short) {
            all.insert(row.id.clone(), earlier);
            continue;
        }
        let plan = file.settings.plan(row.first_seed);
        let shrunk = within_budget(runner, &plan, row.first_seed, &row.id, jobs);
        let Some((small, shrinking)) = shrunk else { continue };
        let path = folder.join(SHRUNK);
        failure::write(&path, &scenario::to_toml(&small))?;
        if let Ok(Some(story)) = explain(&Run::recorded(runner, small), STORY_LINES_MAX) {
            failure::write(&folder.join(SHRUNK_STORY), &story.text(&shown(&path)))?;
        }
        failure::write(&folder.join(SHRUNK_RESULT), &failure::pretty(&shrinking)?)?;
        all.insert(row.id.clone(), shrinking);
    }
    Ok(all)
}

/// How many candidates are tried for one of many failures. That takes a moment for most, and some minutes at most on two cores.
const CANDIDATES: u64 = 50_000;

/// Shrinks the plan of a seed, one of many, and tells how far it is. A guest may take any time for a candidate, so that for others than the
/// built-in Raft it ends after a minute, too.
pub fn within_budget(
    runner: &dyn Runner,
    plan: &Plan,
    seed: u64,
    name: &str,
    jobs: usize,
) -> Option<(Plan, Shrinking)> {
    let (begun, bar) = (now(), bar(None));
    let control = Control {
        jobs,
        candidates_max: Some(CANDIDATES),
        deadline: match runner.guest().name == BUILT_IN {
            true => None,
            false => begun.checked_add(Duration::from_secs(60)),
        },
        interrupted: &is_end_wanted,
        better: &mut |plan: &Plan, tried| {
            bar.set_message(format!("{name}: {}", progress(plan, tried)));
            bar.tick();
        },
    };
    let shrunk = shrink_plan(runner, plan, false, control);
    bar.finish_and_clear();
    let shrunk = shrunk?;
    Some((shrunk.titled(plan), shrunk.shrinking(seed, now().duration_since(begun))))
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
