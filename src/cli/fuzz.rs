//! `squall fuzz`: a campaign of random storms.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use crate::bugs::Bug;
use crate::campaign::clock::now;
use crate::campaign::file::{CampaignFile, difference_of_settings};
use crate::campaign::settings::FIRST_SEED;
use crate::campaign::workers::{self, Control};
use crate::campaign::{Partition, Settings, Summary};
use crate::cli::failure::{Code, End, Failure, say};
use crate::cli::progress::{Progress, is_end_wanted, jobs, listen};
use crate::cli::result::{self, Manner, Store};
use crate::cli::shrink;
use crate::cli::source::{GuestArgs, Guests, check_bugs};
use crate::guest::GuestOption;
use crate::plan::swarm::Config;
use crate::plan::validate::SEED_MAX;
use crate::plan::{Profile, files, scenario};
use crate::shown::shown;
use crate::sim::Runner;
use crate::time::Span;

/// How long a campaign takes by default.
const TIME: Span = Span::secs(10);
/// How often what there is so far is written.
const CHECKPOINT: Duration = Duration::from_secs(2);

#[derive(Args)]
#[command(after_help = "Examples:
  squall fuzz                                     ten seconds on all cores
  squall fuzz --runs 100000 --profile etcd        as many storms, with etcd's timings
  squall fuzz --seed random --time 8h             a night, from a first seed that is printed
  squall fuzz --bug vote-twice --stop-after 1     how a bug is found
  squall fuzz --bug commit-regress --stop-after 1 --shrink    and made small
  squall fuzz --runs 1000000 --partition 3/8      the third of eight parts; see squall merge
  squall fuzz --runs 1000000 --out big            a result of its own
  squall fuzz --resume --out big                  goes on where it was interrupted
  squall fuzz --print-plan 42 > storm.toml        the storm of a seed, as a scenario")]
pub struct FuzzArgs {
    /// The seeds: from A up to, but without, B; or A..=B with B
    #[arg(long, value_name = "A..B", conflicts_with_all = ["seed", "runs"], value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// The first seed, or `random` [default: 1]
    #[arg(long, value_name = "N|random", value_parser = first_seed)]
    seed: Option<FirstSeed>,
    /// How many storms
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=SEED_MAX))]
    runs: Option<u64>,
    /// How long in all, as in 60s or 8h [default: 10s, if neither --runs nor --seeds is given]
    #[arg(long, value_name = "TIME")]
    time: Option<Span>,
    /// How many workers [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Only clusters of so many nodes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=25))]
    nodes: Option<u8>,
    /// Only these timings, as `squall profiles` lists them
    #[arg(long, value_name = "NAME")]
    profile: Option<Profile>,
    #[command(flatten)]
    guest: GuestArgs,
    /// Plants a bug, as `squall bugs` lists them; may be given again
    #[arg(long, value_name = "NAME")]
    bug: Vec<Bug>,
    /// A file of ranges that the swarm draws from; docs/scale.md describes it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ends after so many distinct failures
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    stop_after: Option<u64>,
    /// After how many events a storm counts as endless [default: 5000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=SEED_MAX))]
    events_max: Option<u64>,
    /// After how long on the wall a storm counts as endless
    #[arg(long, value_name = "TIME", default_value = "60s")]
    run_time_max: Span,
    /// Takes a part of the seeds: the K-th of N, or `auto` to ask the environment of Slurm, Kubernetes, GitLab and others
    #[arg(long, value_name = "K/N|auto")]
    partition: Option<Partition>,
    /// Where the result is written [default: reports/fuzz]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Goes on with the campaign in the result directory, and its settings if none are given; begins it if there is none
    #[arg(long)]
    resume: bool,
    /// Throws away the result that is in the result directory
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Fails if a situation was never reached
    #[arg(long)]
    require_situations: bool,
    /// Shrinks each distinct failure to the smallest scenario that fails in the same way, with 50,000 candidates each at most
    #[arg(long)]
    shrink: bool,
    /// Prints the storm of this seed as a scenario, and runs nothing
    #[arg(long, value_name = "SEED", value_parser = clap::value_parser!(u64).range(..=SEED_MAX),
          conflicts_with_all = ["json", "resume", "partition", "out", "shrink"])]
    print_plan: Option<u64>,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Seeds in a row, as `A..B` or `A..=B`.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (first, end) = text.split_once("..").ok_or("seeds are A..B or A..=B, as in 1..1000")?;
    let number = |text: &str| {
        let number: Result<u64, _> = text.replace('_', "").parse();
        number.map_err(|_| format!("`{text}` is no seed; seeds are 0 to {SEED_MAX}"))
    };
    let first = number(first)?;
    let end = match end.strip_prefix('=') {
        Some(last) => number(last)?.saturating_add(1),
        None => number(end)?,
    };
    if end <= first || end > SEED_MAX + 1 {
        return Err(format!("there is no seed in {text}; seeds are 0 to {SEED_MAX}"));
    }
    Ok(first..end)
}

/// A first seed: a number, or `random` for one that nobody chose.
#[derive(Clone, Copy, Debug)]
struct FirstSeed {
    seed: u64,
    random: bool,
}

fn first_seed(text: &str) -> Result<FirstSeed, String> {
    if text == "random" {
        return Ok(FirstSeed { seed: unforeseen(), random: true });
    }
    let seed = text.parse().ok().filter(|seed| *seed <= SEED_MAX);
    let seed = seed.ok_or(format!("a seed is 0 to {SEED_MAX}, or `random`"))?;
    Ok(FirstSeed { seed, random: false })
}

/// A first seed that nobody chose, short enough to type again.
fn unforeseen() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one seed that shall differ each time; it is printed"
    )]
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let words = (time.unwrap_or_default().as_nanos(), std::process::id());
    let bytes = [&words.0.to_le_bytes()[..], &words.1.to_le_bytes()].concat();
    xxhash_rust::xxh3::xxh3_64(&bytes) % 1_000_000_000_000
}

pub fn fuzz(args: &FuzzArgs, guests: &Guests<'_>) -> End {
    let mut settings = settings(args, guests)?;
    if let Some(seed) = args.print_plan {
        write!(io::stdout(), "{}", scenario::to_toml(&settings.plan(seed)))?;
        return Ok(Code::Clean);
    }
    let folder = args.out.clone().unwrap_or_else(|| "reports/fuzz".into());
    let _lock = result::lock(&folder)?;
    let before = earlier_result(args, &folder, &mut settings)?;
    let partition = match (args.partition, &before) {
        (Some(partition), _) => partition,
        (None, Some(file)) => partition_of(file)?,
        (None, None) => Partition::default(),
    };
    if args.seed.is_some_and(|first| first.random) {
        say(format!("first seed {}", settings.first_seed));
    }
    listen()?;
    let runner = guests.named(Some(&settings.guest.name))?;
    let file = campaign(runner, args, &settings, partition, &folder, before)?;
    let shrunk = match args.shrink {
        true => shrink::failures(runner, &file, &folder, jobs(args.jobs))?,
        false => BTreeMap::new(),
    };
    // What the result depends on stands in the result; the time does not.
    let mut way_on = String::from("squall fuzz --resume");
    way_on.extend(args.out.iter().map(|folder| format!(" --out {}", shown(folder))));
    way_on.extend(args.time.map(|time| format!(" --time {time}")));
    way_on += if args.shrink { " --shrink" } else { "" };
    let (json, require_situations) = (args.json, args.require_situations);
    let manner = Manner { json, require_situations, way_on: &way_on, shrunk };
    result::tell(runner, &file, &folder, &manner)
}

/// Which part of its campaign a result is.
fn partition_of(file: &CampaignFile) -> Result<Partition, Failure> {
    let name = file.timing.partition.as_deref();
    name.map_or(Ok(Partition::default()), Partition::parse).map_err(Failure::usage)
}

/// What the result depends on, as the arguments have it.
fn settings(args: &FuzzArgs, guests: &Guests<'_>) -> Result<Settings, Failure> {
    let swarm = swarm_config(args.config.as_deref())?;
    let swarm = args.nodes.into_iter().fold(swarm, Config::with_nodes);
    let swarm = args.profile.into_iter().fold(swarm, Config::with_profile);
    let (runner, guest) = args.guest.chosen(guests)?;
    check_bugs(runner, &args.bug)?;
    let first_seed = args.seed.map_or(FIRST_SEED, |first| first.seed);
    let (first_seed, runs) = match &args.seeds {
        Some(seeds) => (seeds.start, Some(seeds.end - seeds.start)),
        None => (first_seed, args.runs),
    };
    let bugs: BTreeSet<Bug> = args.bug.iter().copied().collect();
    let mut settings = Settings { swarm, first_seed, runs, guest, ..Settings::default() };
    settings.drawn_options = drawn_options(runner);
    settings.bugs = bugs.into_iter().collect();
    settings.stop_after = args.stop_after;
    settings.events_max = args.events_max.unwrap_or(settings.events_max);
    settings.check().map_err(|problem| Failure::usage(problem.message))?;
    Ok(settings)
}

/// The options of a guest's own that random plans draw.
pub fn drawn_options(runner: &dyn Runner) -> Vec<GuestOption> {
    runner.guest_options().iter().filter(|option| option.drawn).cloned().collect()
}

/// The ranges that a file gives; the default ones without a file.
pub fn swarm_config(path: Option<&Path>) -> Result<Config, Failure> {
    let Some(path) = path else { return Ok(Config::default()) };
    let text = files::read_text(path, files::BYTES_MAX)?;
    Config::from_toml(&text).map_err(|error| Failure::mistake(path, &text, &error))
}

impl FuzzArgs {
    /// Whether nothing is given that a result depends on: then a resumed campaign keeps its own settings.
    fn leaves_settings_open(&self) -> bool {
        self.seeds.is_none()
            && self.seed.is_none()
            && self.runs.is_none()
            && self.nodes.is_none()
            && self.profile.is_none()
            && self.guest.guest.is_none()
            && self.guest.options.is_empty()
            && self.bug.is_empty()
            && self.config.is_none()
            && self.stop_after.is_none()
            && self.events_max.is_none()
    }
}

/// The result that the campaign goes on from, if it is to go on from one.
fn earlier_result(
    args: &FuzzArgs,
    folder: &Path,
    settings: &mut Settings,
) -> Result<Option<CampaignFile>, Failure> {
    if !args.resume {
        let way_out = "go on with it by --resume, or throw it away by --force";
        result::keep(folder, args.out.is_some(), args.force, way_out)?;
        return Ok(None);
    }
    let Some(file) = result::read(folder)? else { return Ok(None) };
    if args.leaves_settings_open() {
        settings.clone_from(&file.settings);
    }
    let campaign = format!("the campaign in {}", folder.display());
    let theirs = partition_of(&file)?;
    let other = args.partition.filter(|partition| *partition != theirs);
    Err(Failure::usage(match (difference_of_settings(&file.settings, settings), other) {
        (Some(difference), _) => format!("{campaign} is another one: {difference}"),
        (None, Some(other)) => format!("{campaign} is part {theirs}, not {other}"),
        (None, None) if file.squall != env!("CARGO_PKG_VERSION") => {
            format!("squall {} began {campaign}; its runs may be others", file.squall)
        }
        (None, None) => return Ok(Some(file)),
    }))
}

/// Runs a campaign, from where an earlier result leaves it, and writes what comes of it.
fn campaign(
    runner: &dyn Runner,
    args: &FuzzArgs,
    settings: &Settings,
    partition: Partition,
    folder: &Path,
    before: Option<CampaignFile>,
) -> Result<CampaignFile, Failure> {
    let unwritable = |error: io::Error| Failure::file(folder, "write", &error);
    let jobs = jobs(args.jobs);
    let mut store = Store::new(runner, folder, settings, partition, jobs as u64);
    let cleared = if before.is_none() { store.clear() } else { store.sweep() };
    cleared.map_err(|error| Failure::file(folder, "clear", &error))?;
    let summary = before.as_ref().map(CampaignFile::summary).unwrap_or_default();
    // How long it took before it was interrupted.
    let before = Duration::from_millis(before.map_or(0, |file| file.timing.milliseconds));
    // What cannot be written is noticed now, not after a night.
    store.write(&summary, before, None).map_err(unwritable)?;
    let begun = now();
    let elapsed = || before + now().duration_since(begun);
    let found = summary.failures.len() as u64;
    if settings.stop_after.is_some_and(|count| found >= count) {
        let end = Some(workers::End::Failures);
        return store.write(&summary, elapsed(), end).map_err(unwritable);
    }
    let endless = settings.runs.is_none();
    let time = args.time.or(endless.then_some(TIME)).map(|span| Duration::from_nanos(span.0));
    let left = time.map(|time| time.saturating_sub(before));
    // A campaign whose result can no longer be written ends: nobody would have what it finds.
    let cannot_write = AtomicBool::new(false);
    let control = Control {
        jobs,
        deadline: left.and_then(|left| begun.checked_add(left)),
        run_time_max: Duration::from_nanos(args.run_time_max.0),
        interrupted: &|| is_end_wanted() || cannot_write.load(Ordering::Relaxed),
    };
    let seeds = partition.seeds(settings);
    let seeds = summary.end_of(seeds.start)..seeds.end;
    let runs = (!endless).then_some(summary.totals.runs + (seeds.end - seeds.start));
    let progress = Progress::new(runs, left, &summary);
    let (mut written, mut failed) = (begun, None);
    let mut tell = |summary: &Summary| {
        progress.tell(summary);
        if failed.is_none() && now().duration_since(written) >= CHECKPOINT {
            written = now();
            failed = store.write(summary, elapsed(), None).err();
            cannot_write.store(failed.is_some(), Ordering::Relaxed);
        }
    };
    let (summary, end) = workers::run(runner, settings, seeds, summary, &control, &mut tell);
    progress.bar.finish_and_clear();
    match failed {
        Some(error) => Err(unwritable(error)),
        None => store.write(&summary, elapsed(), Some(end)).map_err(unwritable),
    }
}
