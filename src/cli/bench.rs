//! `squall bench`: how fast the simulator is, by standard plans.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::clock::process_cpu_time;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::plan::Plan;
use crate::plan::standard::{self, Load};
use crate::property::Property;
use crate::sim::{BuiltIn, Options, Outcome, Runner};
use crate::time::Time;

/// What `squall bench` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall bench
  squall bench --long
  squall bench --without linearizability")]
pub struct BenchArgs {
    /// Runs the same load for 10, 100, 1,000 and 10,000 seconds of virtual time instead
    #[arg(long)]
    long: bool,
    /// How often each plan runs; the fastest counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
    /// Properties that are not judged, as `squall properties` lists them
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    without: Vec<Property>,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

/// One measured plan.
#[derive(Serialize)]
struct Row {
    plan: String,
    events: u64,
    /// With every oracle on, but those that are left out.
    events_per_cpu_second: u64,
    nanoseconds_per_event: u64,
    virtual_seconds_per_cpu_second: u64,
    /// With oracles and situations off.
    unjudged_events_per_cpu_second: u64,
    digest: String,
}

/// The plans that are measured.
fn plans(args: &BenchArgs) -> Vec<Plan> {
    let mut plans: Vec<Plan> = if args.long {
        [10, 100, 1_000, 10_000].map(standard::long).into()
    } else {
        Load::ALL
            .into_iter()
            .flat_map(|load| [3, 5, 7].map(|nodes| standard::plan(load, nodes)))
            .collect()
    };
    for plan in &mut plans {
        plan.judge.retain(|property| !args.without.contains(property));
    }
    plans
}

/// Measures, and prints a table.
pub fn bench(args: &BenchArgs) -> Result<Code, Failure> {
    let mut out = std::io::stdout().lock();
    if !args.json {
        writeln!(
            out,
            "{:<18}{:>12}{:>14}{:>10}{:>16}{:>18}",
            "plan", "events", "events/cpu-s", "ns/event", "times real", "without oracles"
        )?;
    }
    let mut rows = Vec::new();
    for plan in &plans(args) {
        let row = measure(plan, args.repeat);
        if !args.json {
            writeln!(
                out,
                "{:<18}{:>12}{:>14}{:>10}{:>16}{:>18}",
                row.plan,
                row.events,
                row.events_per_cpu_second,
                row.nanoseconds_per_event,
                row.virtual_seconds_per_cpu_second,
                row.unjudged_events_per_cpu_second
            )?;
        }
        rows.push(row);
    }
    if args.json {
        writeln!(out, "{:#}", serde_json::json!({ "plans": rows }))?;
    }
    Ok(Code::Clean)
}

fn measure(plan: &Plan, repeat: u32) -> Row {
    let (outcome, judged) = fastest(plan, repeat, true);
    let (_, unjudged) = fastest(plan, repeat, false);
    let events = outcome.counters.events;
    let per_second =
        |took: Duration| (u128::from(events) * 1_000_000_000 / took.as_nanos().max(1)) as u64;
    let virtual_nanos = u128::from(outcome.time.since(Time::ZERO).0);
    Row {
        plan: plan.title.clone(),
        events,
        events_per_cpu_second: per_second(judged),
        nanoseconds_per_event: (judged.as_nanos() / u128::from(events.max(1))) as u64,
        virtual_seconds_per_cpu_second: (virtual_nanos / judged.as_nanos().max(1)) as u64,
        unjudged_events_per_cpu_second: per_second(unjudged),
        digest: outcome.digest.to_string(),
    }
}

fn fastest(plan: &Plan, repeat: u32, oracles: bool) -> (Outcome, Duration) {
    let raft = BuiltIn::new();
    let mut best: Option<(Outcome, Duration)> = None;
    for _ in 0..repeat {
        let start = process_cpu_time();
        let outcome = raft.run(plan, Options { unjudged: !oracles, ..Options::default() });
        let took = process_cpu_time().saturating_sub(start);
        if best.as_ref().is_none_or(|(_, least)| took < *least) {
            best = Some((outcome, took));
        }
    }
    best.expect("a plan runs at least once")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::run;

    #[test]
    fn what_is_left_out_is_not_judged_and_changes_nothing_else() {
        let args =
            |without: Vec<Property>| BenchArgs { long: true, repeat: 1, without, json: false };
        let all = &plans(&args(Vec::new()))[0];
        let some = &plans(&args(vec![Property::Linearizability]))[0];
        assert_eq!((all.judge.len(), some.judge.len()), (16, 15));
        assert!(!some.judge.contains(&Property::Linearizability));
        assert_eq!(run(all).digest, run(some).digest);
    }
}
