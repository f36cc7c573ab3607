//! `squall power`: how soon the campaign finds each planted bug.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::bugs::Bug;
use crate::campaign::Settings;
use crate::campaign::clock::now;
use crate::campaign::power::{Measure, Power, measure};
use crate::cli::clock::thread_cpu_time;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::jobs::jobs;
use crate::cli::{fuzz, interrupt, shrink};
use crate::files::write_whole;
use crate::guest::BUILT_IN;
use crate::report::campaign::seconds;
use crate::report::{power, shrunk};
use crate::shown::shown;
use crate::sim::Runner;

/// The first seed by default: far from those that people try first, and from those that the swarm was tuned with.
const FIRST_SEED: u64 = 500_000_000;
/// The largest first seed: trials lie behind it.
const FIRST_SEED_MAX: u64 = 1 << 60;

/// What `squall power` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall power
  squall power --bugs old-term-commit,vote-twice --trials 100
  squall power --trials 1 --shrink
  squall power --config mine.toml --json")]
pub struct PowerArgs {
    /// The bugs, as `squall bugs` lists them [default: all]
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
    /// How many trials at once [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// A file of ranges that the swarm draws from
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where power.json and power.svg are written
    #[arg(long, value_name = "DIR", default_value = "reports/power")]
    out: PathBuf,
    /// Shrinks the first failure of each bug, too, within a minute each, and prints what became of them
    #[arg(long)]
    shrink: bool,
    /// Prints the table as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Prints the table as Markdown
    #[arg(long)]
    markdown: bool,
}

/// Measures, and prints the table.
pub fn power(args: &PowerArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    // The bugs are those of the built-in Raft.
    let runner = guests.named(Some(BUILT_IN))?;
    let swarm = fuzz::swarm_config(args.config.as_deref())?;
    let mut bugs = if args.bugs.is_empty() { Bug::ALL.to_vec() } else { args.bugs.clone() };
    bugs.sort_unstable();
    bugs.dedup();
    let measured = Measure {
        trials: args.trials,
        runs_max: args.runs_max,
        settings: Settings {
            first_seed: args.seed,
            guest: runner.guest().clone(),
            swarm,
            ..Settings::default()
        },
        jobs: jobs(args.jobs),
        cpu_time: thread_cpu_time,
        bugs,
    };
    interrupt::listen()?;
    let begun = now();
    let length = measured.bugs.len() as u64 * measured.trials;
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let mut result =
        measure(runner, &measured, &|done| bar.set_position(done), &interrupt::is_wanted);
    bar.finish_and_clear();
    if args.shrink {
        shrink_all(runner, &mut result, measured.jobs);
    }
    let path = args.out.join("power.json");
    let failed = |error: std::io::Error| Failure::file(&path, "write", &error);
    let json = serde_json::to_vec_pretty(&result).map_err(std::io::Error::from)?;
    write_whole(&path, &json).map_err(failed)?;
    let svg = power::svg(&result);
    write_whole(&args.out.join("power.svg"), svg.as_bytes()).map_err(failed)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", String::from_utf8_lossy(&json))?;
    } else if args.markdown {
        write!(out, "{}", power::markdown(&result))?;
        if args.shrink {
            write!(out, "\n{}", shrunk::markdown(&result))?;
        }
    } else {
        write!(out, "{}", power::text(&result))?;
        writeln!(out, "\n{}", power::verdict(&result))?;
        write!(out, "{}", power::surprises(&result))?;
        if let Some(verdict) = shrunk::verdict(&result) {
            write!(out, "\n{}", shrunk::text(&result))?;
            writeln!(out, "\n{verdict}")?;
        }
        let cpu: u128 = result.rows.iter().map(|row| row.cpu_time().as_millis()).sum();
        let took = now().duration_since(begun).as_millis() as u64;
        let (cpu, took) = (seconds(cpu as u64), seconds(took));
        writeln!(out, "{took} s, {cpu} s of CPU time; the result is in {}", shown(&args.out))?;
    }
    let all = result.rows.iter().all(|row| row.found == measured.trials);
    Ok(match (all, interrupt::is_wanted()) {
        (true, _) => Code::Clean,
        (false, true) => Code::Interrupted,
        (false, false) => Code::Unmet,
    })
}

/// Shrinks a failure of each bug that was found.
fn shrink_all(runner: &dyn Runner, result: &mut Power, jobs: usize) {
    for row in &mut result.rows {
        if interrupt::is_wanted() {
            return;
        }
        let example = row.example(&result.settings);
        row.shrunk = example.and_then(|(seed, plan)| {
            let begun = now();
            let shrunk = shrink::within_a_minute(runner, &plan, row.bug.name(), jobs)?;
            Some(shrunk.shrinking(seed, now().duration_since(begun)))
        });
    }
}
