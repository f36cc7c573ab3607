//! `squall compare`: plans, or the same plans by several Rafts, under several profiles or with other options, and what came of them side by
//! side.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::failure::{self, Code, End, Failure};
use crate::cli::progress::{interrupted, is_end_wanted};
use crate::cli::source::Guests;
use crate::guest::Features;
use crate::plan::swarm::{Config, draw_with};
use crate::plan::validate::{SEED_MAX, validate};
use crate::plan::{Expect, Plan, Profile, files, scenario};
use crate::report::side_by_side::{Column, html, text};
use crate::shown::shown;
use crate::sim::runner::adopt;
use crate::sim::{Options, Runner};

#[derive(Args)]
#[command(after_help = "Examples:
  squall compare scenarios/faults/leader-crash-with-*.toml
  squall compare scenarios/faults/ring.toml --profiles etcd,consul --runs 100 -o compare.html
  squall compare scenarios/faults/ring.toml --with raft.pre_vote=true --with network.loss=2%
  squall compare --guests raft,target/guests/etcd.wasm --seed 1 --runs 20
  squall compare --guests raft,raft-rs scenarios/elections")]
pub struct CompareArgs {
    /// Scenarios, or folders of them; each is a column, unless one of the options below says what differs
    #[arg(value_name = "FILE", required_unless_present = "seed")]
    files: Vec<PathBuf>,
    /// Runs all plans by each of these guests, each as `--guest` takes one
    #[arg(long, value_name = "GUEST,...", value_delimiter = ',', num_args = 1.., conflicts_with_all = ["profiles", "with"])]
    guests: Vec<String>,
    /// Runs all plans under each of these profiles
    #[arg(long, value_name = "PROFILE,...", value_delimiter = ',', num_args = 1.., conflicts_with = "with")]
    profiles: Vec<Profile>,
    /// Runs all plans as they are, and with this key of a scenario set to this value; may be given again, for one more column
    #[arg(long, value_name = "KEY=VALUE")]
    with: Vec<String>,
    /// The first seed: of files instead of their own, or of random plans
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    seed: Option<u64>,
    /// Under how many seeds in a row each file is run, or how many random plans
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,
    /// The number of nodes of random plans
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=25), requires = "seed", conflicts_with = "files")]
    nodes: Option<u8>,
    /// Writes a page with a table and plots, or `-`
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// One column before it is run: what it is called, who runs its plans, if not whom each names, and these with their names.
struct Side<'r> {
    name: String,
    runner: Option<&'r dyn Runner>,
    plans: Vec<(String, Plan)>,
}

pub fn compare(args: &CompareArgs, guests: &Guests<'_>) -> End {
    let sides = sides(args, guests)?;
    let count = sides.first().map_or(0, |side| side.plans.len() as u64);
    let mut columns = Vec::new();
    for side in sides {
        let mut column = Column::named(side.name);
        for (name, mut plan) in side.plans {
            let own = Some(plan.guest.name.as_str()).filter(|name| !name.is_empty());
            let runner = side.runner.map_or_else(|| guests.named(own), Ok)?;
            adopt(runner, &mut plan)
                .map_err(|problem| Failure::usage(format!("{name}: {}", problem.message)))?;
            for seed in seeds(args, &plan) {
                if is_end_wanted() {
                    break;
                }
                plan.seed = seed;
                column.add(&plan, &runner.run(&plan, Options::default()));
            }
        }
        columns.push(column);
    }
    let runs = if args.files.is_empty() { count } else { count * args.runs };
    let what = format!("{runs} run{} each", if runs == 1 { "" } else { "s" });
    if let Some(path) = &args.out {
        failure::write(path, &html(&what, &columns))?;
    }
    let mut out = failure::beside(args.out.as_deref());
    if args.json {
        let columns: Vec<_> = columns.iter().map(Column::json).collect();
        writeln!(out, "{:#}", json!({ "plans": count, "columns": columns }))?;
    } else {
        write!(out, "{}", text(&what, &columns))?;
        if let Some(path) = &args.out {
            writeln!(out, "the page is in {}", shown(path))?;
        }
    }
    out.flush()?;
    Ok(interrupted(Code::Clean))
}

/// The seeds of a plan: of a file, so many from its own on, or from the one that is given; a random plan has its own.
fn seeds(args: &CompareArgs, plan: &Plan) -> std::ops::Range<u64> {
    match (args.files.is_empty(), args.seed) {
        (true, _) => plan.seed..plan.seed + 1,
        (false, seed) => {
            let first = seed.unwrap_or(plan.seed);
            first..first.saturating_add(args.runs).min(SEED_MAX + 1)
        }
    }
}

fn sides<'r>(args: &CompareArgs, guests: &Guests<'r>) -> Result<Vec<Side<'r>>, Failure> {
    if !args.guests.is_empty() {
        let runners = args.guests.iter().map(|name| guests.named(Some(name)));
        let runners: Vec<&dyn Runner> = runners.collect::<Result<_, _>>()?;
        let plans = for_all(plans(args)?, &runners);
        let side = |runner: &&'r dyn Runner| Side {
            name: runner.guest().name.clone(),
            runner: Some(*runner),
            plans: plans.clone(),
        };
        return Ok(runners.iter().map(side).collect());
    }
    let plans = plans(args)?;
    let varied = |name: String, vary: &dyn Fn(&mut Plan) -> Result<(), Failure>| {
        let mut plans = plans.clone();
        plans.iter_mut().try_for_each(|(_, plan)| vary(plan))?;
        Ok(Side { name, runner: None, plans })
    };
    if !args.profiles.is_empty() {
        let side = |profile: &Profile| {
            varied(profile.to_string(), &|plan| {
                plan.cluster.profile = *profile;
                validate(plan).map_err(|it| Failure::usage(format!("{profile}: {}", it.message)))
            })
        };
        return args.profiles.iter().map(side).collect();
    }
    if !args.with.is_empty() {
        let as_it_is = std::iter::once(varied("as it is".into(), &|_| Ok(())));
        let changed = |change: &String| varied(change.clone(), &|plan| set(plan, change));
        return as_it_is.chain(args.with.iter().map(changed)).collect();
    }
    if args.files.is_empty() {
        return Err(Failure::usage(
            "nothing differs between random plans of one seed; add --guests, --profiles or --with",
        ));
    }
    let side = |(name, plan): (String, Plan)| Side {
        name: name.clone(),
        runner: None,
        plans: vec![(name, plan)],
    };
    Ok(plans.into_iter().map(side).collect())
}

/// The plans, without what scenarios promise: it is no promise of another Raft, profile or option.
fn plans(args: &CompareArgs) -> Result<Vec<(String, Plan)>, Failure> {
    let mut plans = Vec::new();
    for path in files::find(&args.files)? {
        let plan = Plan { expect: Expect::default(), ..files::read(&path)? };
        plans.push((shown(&path), plan));
    }
    if let (true, Some(seed)) = (args.files.is_empty(), args.seed) {
        let config = args.nodes.into_iter().fold(Config::default(), Config::with_nodes);
        let seeds = seed..seed.saturating_add(args.runs);
        plans.extend(seeds.map(|seed| (format!("seed {seed}"), draw_with(seed, &config))));
    }
    Ok(plans)
}

/// The plans, each without what any of the guests lacks: only then are they the same for all.
fn for_all(mut plans: Vec<(String, Plan)>, runners: &[&dyn Runner]) -> Vec<(String, Plan)> {
    let lacks: Features = runners.iter().flat_map(|runner| runner.guest().lacks.iter()).collect();
    for (_, plan) in &mut plans {
        plan.raft.bugs.clear();
        let mut common = plan.guest.clone();
        common.name = "any".into();
        common.lacks = lacks;
        plan.restrict(&common);
        plan.guest.name.clear();
    }
    plans
}

/// Sets a key of a plan, as a scenario has it: `raft.pre_vote=false`.
fn set(plan: &mut Plan, change: &str) -> Result<(), Failure> {
    let refused = |why: &str| Failure::usage(format!("--with {}: {why}", shown(change)));
    let Some((key, value)) = change.split_once('=') else {
        return Err(refused("write KEY=VALUE, as in raft.pre_vote=false"));
    };
    let parse = |value: &str| format!("{} = {value}", key.trim()).parse::<toml::Table>();
    // A word needs no quotes.
    let quoted = format!("\"{}\"", value.trim());
    let own = parse(value.trim()).or_else(|_| parse(&quoted));
    let own = own.map_err(|error| refused(error.message()))?;
    let mut table: toml::Table = scenario::to_toml(plan).parse().expect("a plan is a table");
    merge(&mut table, own);
    let text = toml::to_string(&table).map_err(|error| refused(&error.to_string()))?;
    *plan = scenario::from_toml(&text).map_err(|error| {
        let help = error.help.map_or_else(String::new, |help| format!("; {help}"));
        refused(&format!("{}{help}", error.message))
    })?;
    Ok(())
}

fn merge(table: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(there)), toml::Value::Table(own)) => merge(there, own),
            (_, value) => _ = table.insert(key, value),
        }
    }
}
