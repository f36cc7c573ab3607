//! `squall power`: how soon the campaign finds each planted bug.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::bugs::Bug;
use crate::campaign::Settings;
use crate::campaign::clock::now;
use crate::campaign::power::{Measure, measure};
use crate::cli::bench::cpu_time;
use crate::cli::failure::{self, Code, End};
use crate::cli::progress::{bar, is_end_wanted, jobs, listen};
use crate::cli::source::{GuestArgs, Guests, check_bugs};
use crate::cli::{fuzz, shrink};
use crate::guest::BUILT_IN;
use crate::guests::saboteur;
use crate::report::campaign::seconds;
use crate::report::power;
use crate::shown::shown;

/// The first seed by default: far from those that people try first, and from those that the swarm was tuned with.
const FIRST_SEED: u64 = 500_000_000;
/// The largest first seed: trials lie behind it.
const FIRST_SEED_MAX: u64 = 1 << 60;

#[derive(Args)]
#[command(after_help = "Examples:
  squall power
  squall power --bugs old-term-commit,vote-twice --trials 100
  squall power --trials 1 --shrink
  squall power --guest target/guests/etcd.wasm --trials 5
  squall power --json")]
pub struct PowerArgs {
    /// The bugs, as `squall bugs` lists them [default: all; of another guest those that lie between a node and its disk or network]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    bugs: Vec<Bug>,
    /// How many trials for each bug
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    trials: u64,
    /// After how many runs a trial gives up
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs_max: u64,
    /// The first seed of the first trial; each further trial begins a million later
    #[arg(long, value_name = "N", default_value_t = FIRST_SEED, value_parser = clap::value_parser!(u64).range(..=FIRST_SEED_MAX))]
    seed: u64,
    #[command(flatten)]
    guest: GuestArgs,
    /// How many trials at once [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// A file of ranges that the swarm draws from
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where power.json and power.svg are written
    #[arg(long, value_name = "DIR", default_value = "reports/power")]
    out: PathBuf,
    /// Shrinks the first failure of each bug, too, with 50,000 candidates each at most, and prints what became of them
    #[arg(long)]
    shrink: bool,
    /// Prints the table as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Prints the table as Markdown
    #[arg(long)]
    markdown: bool,
}

pub fn power(args: &PowerArgs, guests: &Guests<'_>) -> End {
    // The built-in Raft has most bugs, so it is the one without a word.
    let name = args.guest.guest.clone().unwrap_or_else(|| BUILT_IN.into());
    let wanted = GuestArgs { guest: Some(name), ..args.guest.clone() };
    let (runner, guest) = wanted.chosen(guests)?;
    check_bugs(runner, &args.bugs)?;
    let swarm = fuzz::swarm_config(args.config.as_deref())?;
    let first_seed = args.seed;
    let all = if guest.name == BUILT_IN { &Bug::ALL[..] } else { &saboteur::BUGS };
    let bugs = if args.bugs.is_empty() { all } else { &args.bugs };
    let measured = Measure {
        trials: args.trials,
        runs_max: args.runs_max,
        settings: Settings {
            first_seed,
            guest,
            drawn_options: fuzz::drawn_options(runner),
            swarm,
            ..Settings::default()
        },
        jobs: jobs(args.jobs),
        cpu_time: || cpu_time(true),
        bugs: BTreeSet::from_iter(bugs.iter().copied()).into_iter().collect(),
    };
    listen()?;
    let begun = now();
    let bar = bar(Some(measured.bugs.len() as u64 * measured.trials));
    let mut result = measure(runner, &measured, &|done| bar.set_position(done), &is_end_wanted);
    bar.finish_and_clear();
    for row in result.rows.iter_mut().filter(|_| args.shrink) {
        let example = row.example(&result.settings).filter(|_| !is_end_wanted());
        let shrunk = example.and_then(|(seed, plan)| {
            shrink::within_budget(runner, &plan, seed, row.bug.name(), measured.jobs)
        });
        row.shrunk = shrunk.map(|(_, shrinking)| shrinking);
    }
    let json = failure::pretty(&result)?;
    failure::write(&args.out.join("power.json"), &json)?;
    failure::write(&args.out.join("power.svg"), &power::svg(&result))?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{json}")?;
    } else if args.markdown {
        write!(out, "{}", power::table(&result).markdown())?;
        if !result.interrupted.is_empty() {
            writeln!(out, "\n{}", power::verdict(&result))?;
        }
        if args.shrink {
            write!(out, "\n{}", power::shrunk_table(&result).markdown())?;
        }
    } else {
        write!(out, "{}", power::table(&result).text())?;
        writeln!(out, "\n{}", power::verdict(&result))?;
        write!(out, "{}", power::surprises(&result))?;
        if let Some(verdict) = power::shrunk_verdict(&result) {
            writeln!(out, "\n{}\n{verdict}", power::shrunk_table(&result).text())?;
        }
        let cpu: u128 = result.rows.iter().map(|row| row.cpu_time().as_millis()).sum();
        let took = now().duration_since(begun).as_millis() as u64;
        let (cpu, took) = (seconds(cpu as u64), seconds(took));
        writeln!(out, "{took} s, {cpu} s of CPU time; the result is in {}", shown(&args.out))?;
    }
    let all =
        result.rows.iter().all(|row| row.found == measured.trials) && result.interrupted.is_empty();
    Ok(match (all, is_end_wanted()) {
        (true, _) => Code::Clean,
        (false, true) => Code::Interrupted,
        (false, false) => Code::Unmet,
    })
}
