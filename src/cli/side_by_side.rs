//! `squall compare`: the same plans by several Rafts, and what came of them side by side.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::failure::{Code, End, Failure};
use crate::cli::progress::is_end_wanted;
use crate::cli::source::Guests;
use crate::guest::Features;
use crate::meter::Waits;
use crate::plan::swarm::{Config, draw_with};
use crate::plan::validate::SEED_MAX;
use crate::plan::{Expect, Plan, files};
use crate::report::campaign::{grouped, rounded};
use crate::report::expectations::judge;
use crate::shown::shown;
use crate::sim::runner::adopt;
use crate::sim::{Options, Runner};
use crate::time::Span;

#[derive(Args)]
#[command(after_help = "Examples:
  squall compare --guests raft,target/guests/etcd.wasm --seed 1 --runs 20
  squall compare --guests raft,raft-rs scenarios/elections")]
pub struct CompareArgs {
    /// Scenarios, or folders of them
    #[arg(value_name = "FILE", required_unless_present = "seed")]
    files: Vec<PathBuf>,
    /// The guests, each as `--guest` takes one
    #[arg(long, value_name = "GUEST,...", value_delimiter = ',', required = true, num_args = 1..)]
    guests: Vec<String>,
    /// The first seed of random plans
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX), conflicts_with = "files")]
    seed: Option<u64>,
    /// How many random plans
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000), requires = "seed")]
    runs: u64,
    /// The number of nodes of random plans
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=25), requires = "seed")]
    nodes: Option<u8>,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// What came of all plans with one guest.
#[derive(Default)]
struct Column {
    name: String,
    /// By the word of the verdict, or the property that was violated: how many runs.
    verdicts: BTreeMap<String, u64>,
    events: u64,
    leaders: u64,
    commits: u64,
    answers: u64,
    waits: Waits,
}

pub fn compare(args: &CompareArgs, guests: &Guests<'_>) -> End {
    let runners = args.guests.iter().map(|name| guests.named(Some(name)));
    let runners: Vec<&dyn Runner> = runners.collect::<Result<_, _>>()?;
    let plans = plans(args, &runners)?;
    let mut columns = Vec::new();
    for runner in &runners {
        let mut column = Column { name: runner.guest().name.clone(), ..Column::default() };
        for (name, plan) in &plans {
            if is_end_wanted() {
                break;
            }
            let mut plan = plan.clone();
            adopt(*runner, &mut plan)
                .map_err(|problem| Failure::usage(format!("{name}: {}", problem.message)))?;
            column.add(*runner, &plan);
        }
        columns.push(column);
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let guests: Vec<_> = columns.iter().map(Column::json).collect();
        writeln!(out, "{:#}", json!({ "plans": plans.len(), "guests": guests }))?;
        return Ok(Code::Clean);
    }
    let rows: Vec<Vec<(String, String)>> = columns.iter().map(Column::rows).collect();
    let labels = rows.iter().flatten().map(|(label, _)| label.clone());
    let mut order: Vec<String> = Vec::new();
    labels.for_each(|label| {
        if !order.contains(&label) {
            order.push(label);
        }
    });
    let of = |row: &[(String, String)], label: &str| {
        row.iter().find(|(own, _)| own == label).map_or("-".into(), |(_, value)| value.clone())
    };
    let width = order.iter().map(String::len).max().unwrap_or_default().max(24);
    write!(out, "{:<width$}", format!("{} plans", plans.len()))?;
    columns.iter().try_for_each(|column| write!(out, "  {:>14}", column.name))?;
    writeln!(out)?;
    for label in &order {
        write!(out, "{label:<width$}")?;
        rows.iter().try_for_each(|row| write!(out, "  {:>14}", of(row, label)))?;
        writeln!(out)?;
    }
    Ok(Code::Clean)
}

/// The plans, each without what any of the guests lacks: only then are they the same for all. What a scenario promises of one Raft is no
/// promise of another.
fn plans(args: &CompareArgs, runners: &[&dyn Runner]) -> Result<Vec<(String, Plan)>, Failure> {
    let lacks: Features = runners.iter().flat_map(|runner| runner.guest().lacks.iter()).collect();
    let mut plans = Vec::new();
    for path in files::find(&args.files)? {
        let mut plan = files::read(&path)?;
        plan.guest.name.clear();
        plan.raft.bugs.clear();
        plan.expect = Expect::default();
        plans.push((shown(&path), plan));
    }
    let seeds = args.seed.map_or(0..0, |seed| seed..seed.saturating_add(args.runs));
    let config = args.nodes.into_iter().fold(Config::default(), Config::with_nodes);
    plans.extend(seeds.map(|seed| (format!("seed {seed}"), draw_with(seed, &config))));
    for (_, plan) in &mut plans {
        let mut common = plan.guest.clone();
        common.name = "any".into();
        common.lacks = lacks;
        plan.restrict(&common);
        plan.guest.name.clear();
    }
    Ok(plans)
}

impl Column {
    fn add(&mut self, runner: &dyn Runner, plan: &Plan) {
        let outcome = runner.run(plan, Options::default());
        self.waits.merge(&outcome.metrics.waits);
        let verdict = judge(plan, &outcome, false);
        let word = match &outcome.violation {
            Some(violation) => violation.property.name().to_owned(),
            None => verdict.word().to_owned(),
        };
        *self.verdicts.entry(word).or_default() += 1;
        self.events += outcome.counters.events;
        self.leaders += outcome.counters.leaders;
        self.commits += outcome.counters.commits;
        self.answers += outcome.counters.answers;
    }

    /// Each figure with what it is.
    fn rows(&self) -> Vec<(String, String)> {
        let verdicts = self.verdicts.iter().map(|(word, runs)| (word.clone(), grouped(*runs)));
        let counts = [
            ("events", self.events),
            ("leaders elected", self.leaders),
            ("entries committed", self.commits),
            ("answers", self.answers),
        ];
        let counts = counts.map(|(label, count)| (label.to_owned(), grouped(count)));
        let waits = self.times().map(|(label, span)| {
            (label.to_owned(), span.map_or("-".into(), |span| rounded(span).to_string()))
        });
        verdicts.chain(counts).chain(waits).collect()
    }

    fn times(&self) -> [(&'static str, Option<Span>); 4] {
        let Waits { answers, elections, .. } = &self.waits;
        [
            ("half of the answers within", answers.within(50)),
            ("99 % of the answers within", answers.within(99)),
            ("half of the elections within", elections.within(50)),
            ("99 % of the elections within", elections.within(99)),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "guest": self.name,
            "verdicts": self.verdicts,
            "events": self.events,
            "leaders": self.leaders,
            "commits": self.commits,
            "answers": self.answers,
            "answer_wait_half": self.waits.answers.within(50),
            "answer_wait_99_percent": self.waits.answers.within(99),
            "election_wait_half": self.waits.elections.within(50),
            "election_wait_99_percent": self.waits.elections.within(99),
        })
    }
}
