//! `squall shrink`: the smallest story that still fails in the same way.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::campaign::clock::now;
use crate::campaign::finding::Signature;
use crate::campaign::shrink::{Control, Shrunk, Size, shrink as shrink_plan};
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::source::SourceArgs;
use crate::cli::{fuzz, interrupt};
use crate::plan::{Plan, scenario};
use crate::report::saved::write_whole;
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
    /// The scenario that is written, at every improvement [default: reports/shrunk.toml]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Shrinks what the arguments name.
pub fn shrink(args: &ShrinkArgs) -> Result<Code, Failure> {
    let (name, plan) = args.source.plan()?;
    let out = args.out.clone().unwrap_or_else(|| "reports/shrunk.toml".into());
    interrupt::listen()?;
    let begun = now();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let mut failed = None;
    let mut better = |plan: &Plan, tried: u64| {
        let (faults, requests, pins) = (plan.faults.len(), plan.requests.len(), plan.pins.len());
        bar.set_message(format!(
            "{tried} runs: {faults} faults, {requests} requests, {pins} pins, {} nodes",
            plan.cluster.nodes
        ));
        bar.tick();
        failed = write_whole(&out, scenario::to_toml(plan).trim_end().as_bytes()).err();
    };
    let control = Control {
        jobs: fuzz::jobs(args.jobs),
        deadline: args.time.and_then(|time| begun.checked_add(Duration::from_nanos(time.0))),
        interrupted: &interrupt::is_wanted,
        better: &mut better,
    };
    let shrunk = shrink_plan(&plan, args.any, control);
    bar.finish_and_clear();
    let written = |error: std::io::Error| Failure::file(&out, "write", &error);
    failed.map_or(Ok(()), |error| Err(written(error)))?;
    let Some(shrunk) = shrunk else {
        return Err(Failure::usage(format!("{name} does not fail, so there is nothing to shrink")));
    };
    let plan = titled(&shrunk, &plan);
    write_whole(&out, scenario::to_toml(&plan).trim_end().as_bytes()).map_err(written)?;
    let took = now().duration_since(begun);
    tell(args, &shrunk, &out.display().to_string(), took)
}

/// The plan with a title that says what it shows.
pub fn titled(shrunk: &Shrunk, original: &Plan) -> Plan {
    let mut plan = shrunk.plan.clone();
    let sentence = shrunk.outcome.violation.as_ref().map(|violation| violation.sentence.clone());
    plan.title = sentence.unwrap_or_else(|| "A run that does not end".into());
    let (before, after) = (shrunk.before, shrunk.after);
    plan.about = match original.about.is_empty() {
        true => format!(
            "Shrunk from \"{}\": {} events and {} records became {} and {}.",
            original.title, before.events, before.records, after.events, after.records
        ),
        false => original.about.clone(),
    };
    plan
}

fn tell(args: &ShrinkArgs, shrunk: &Shrunk, out: &str, took: Duration) -> Result<Code, Failure> {
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
        anstream::println!("{value:#}");
        return Ok(Code::Clean);
    }
    let line = |what: &str, figure: fn(&Size) -> u64| {
        anstream::println!("  {what:<12}{:>8}  ->{:>8}", figure(before), figure(after));
    };
    anstream::println!("shrunk    {signature}");
    line("nodes", |size| size.nodes);
    line("faults", |size| size.faults);
    line("operations", |size| size.operations);
    line("pins", |size| size.pins);
    line("events", |size| size.events);
    line("records", |size| size.records);
    let random = if shrunk.seedless { "nothing is left to chance" } else { "its seed matters" };
    let tenths = took.as_millis() / 100;
    anstream::println!("  {} runs in {}.{} s; {random}", shrunk.tried, tenths / 10, tenths % 10);
    if shrunk.cut_short {
        anstream::println!("  it ended early; shrink the result to go on");
    }
    anstream::println!("  the scenario is written; see it with\n    squall run {out} --show");
    Ok(Code::Clean)
}
