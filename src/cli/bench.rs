//! `squall bench`: how fast the simulator is, by standard plans.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::cli::failure::{Code, End};
use crate::cli::source::{GuestArgs, Guests};
use crate::guest::Guest;
use crate::plan::Plan;
use crate::plan::standard::{self, Load};
use crate::property::Property;
use crate::sim::{Options, Outcome, Runner};
use crate::time::{Span, Time};

#[derive(Args)]
#[command(after_help = "Examples:
  squall bench
  squall bench --long
  squall bench --without linearizability
  squall bench --guest target/guests/etcd.wasm --for 20s --repeat 1")]
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
    /// How long each plan is, in virtual time, where it is not as long as it is for the built-in Raft
    #[arg(long = "for", value_name = "TIME")]
    horizon: Option<Span>,
    #[command(flatten)]
    guest: GuestArgs,
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

fn plans(args: &BenchArgs, guest: &Guest) -> Vec<Plan> {
    let mut plans: Vec<Plan> = if args.long {
        [10, 100, 1_000, 10_000].map(standard::long).into()
    } else {
        let sizes = |load| [3, 5, 7].map(|nodes| standard::plan(load, nodes));
        Load::ALL.into_iter().flat_map(sizes).collect()
    };
    for plan in &mut plans {
        plan.restrict(guest);
        if let Some(horizon) = args.horizon {
            plan.horizon = plan.horizon.min(horizon);
            plan.faults.retain(|fault| !fault.when.is_from(horizon));
        }
        plan.judge.retain(|property| !args.without.contains(property));
    }
    plans
}

/// Measures, and prints a table: with every oracle on but those that are left out, and with oracles and situations off.
pub fn bench(args: &BenchArgs, guests: &Guests<'_>) -> End {
    let (runner, guest) = args.guest.chosen(guests)?;
    let mut out = std::io::stdout().lock();
    let heads = ["events", "events/cpu-s", "ns/event", "times real", "without oracles"];
    let mut line = |plan: &str, [events, rate, nanos, times, unjudged]: [&str; 5]| match args.json {
        true => Ok(()),
        false => {
            writeln!(out, "{plan:<18}{events:>12}{rate:>14}{nanos:>10}{times:>16}{unjudged:>18}")
        }
    };
    line("plan", heads)?;
    let mut rows = Vec::new();
    for plan in &plans(args, &guest) {
        let (outcome, judged) = fastest(runner, plan, args.repeat, true);
        let (_, unjudged) = fastest(runner, plan, args.repeat, false);
        let events = outcome.counters.events;
        let per_second =
            |took: Duration| (u128::from(events) * 1_000_000_000 / took.as_nanos().max(1)) as u64;
        let virtual_nanos = u128::from(outcome.time.since(Time::ZERO).0);
        let figures = [
            events,
            per_second(judged),
            (judged.as_nanos() / u128::from(events.max(1))) as u64,
            (virtual_nanos / judged.as_nanos().max(1)) as u64,
            per_second(unjudged),
        ];
        line(&plan.title, figures.map(|figure| figure.to_string()).each_ref().map(String::as_str))?;
        rows.push(json!({
            "plan": plan.title,
            "events": figures[0],
            "events_per_cpu_second": figures[1],
            "nanoseconds_per_event": figures[2],
            "virtual_seconds_per_cpu_second": figures[3],
            "unjudged_events_per_cpu_second": figures[4],
            "digest": outcome.digest.to_string(),
        }));
    }
    if args.json {
        writeln!(out, "{:#}", json!({ "plans": rows }))?;
    }
    Ok(Code::Clean)
}

fn fastest(runner: &dyn Runner, plan: &Plan, repeat: u32, oracles: bool) -> (Outcome, Duration) {
    let runs = (0..repeat).map(|_| {
        let start = cpu_time(false);
        let outcome = runner.run(plan, Options { unjudged: !oracles, ..Options::default() });
        (outcome, cpu_time(false).saturating_sub(start))
    });
    runs.min_by_key(|(_, took)| *took).expect("a plan runs at least once")
}

/// The CPU time of this thread, or of the whole process.
#[cfg(unix)]
pub fn cpu_time(of_thread: bool) -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let clock = if of_thread { ClockId::ThreadCPUTime } else { ClockId::ProcessCPUTime };
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Where there is no clock for CPU time, the time on the wall.
#[cfg(not(unix))]
pub fn cpu_time(_of_thread: bool) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a measurement of real time; no run sees it")]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::BUILT_IN;
    use crate::sim::run;

    #[test]
    fn what_is_left_out_is_not_judged_and_changes_nothing_else() {
        let args = |without: Vec<Property>| BenchArgs {
            long: true,
            repeat: 1,
            without,
            horizon: None,
            guest: GuestArgs::default(),
            json: false,
        };
        let raft = Guest::named(BUILT_IN);
        let all = &plans(&args(Vec::new()), &raft)[0];
        let some = &plans(&args(vec![Property::Linearizability]), &raft)[0];
        assert_eq!((all.judge.len(), some.judge.len()), (19, 18));
        assert!(!some.judge.contains(&Property::Linearizability));
        assert_eq!(run(all).digest, run(some).digest);
    }
}
