//! `squall run`: scenario files, or random plans from seeds.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::bugs::Bug;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::{GuestArgs, Guests, check_bugs};
use crate::cli::source::{SeedArgs, take_bugs_out};
use crate::files::{Output, is_stdout};
use crate::guest::{Features, Guest};
use crate::plan::{Plan, files};
use crate::record::{Group, Record};
use crate::report::diff::Difference;
use crate::report::expectations::{self, Verdict};
use crate::report::saved::SavedRun;
use crate::report::text;
use crate::report::twice::{text as twice_text, twice};
use crate::shown::shown;
use crate::sim::{Options, Outcome, Run, Runner};
use crate::situation::{Counts, Situation, out_of_reach};
use crate::time::{Span, Time};
use crate::trace::text::Formatter;
use crate::trace::writer::Writer;

/// What `squall run` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall run scenarios
  squall run scenarios/elections/split-vote.toml --show --kind role --node 2
  squall run --seed 42 --nodes 5 --profile etcd
  squall run --seed 1 --runs 10000")]
pub struct RunArgs {
    /// Scenario files, or folders of them
    #[arg(required_unless_present = "seed", conflicts_with = "seed")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    seed: SeedArgs,
    /// Runs so many seeds in a row, and sums them up
    #[arg(long, value_name = "N", requires = "seed", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    runs: Option<u64>,
    /// Plants a bug, as `squall bugs` lists them; may be given again
    #[arg(long, value_name = "NAME")]
    bug: Vec<Bug>,
    /// Takes planted bugs out: the run must be clean
    #[arg(long, conflicts_with = "bug")]
    without_bugs: bool,
    #[command(flatten)]
    guest: GuestArgs,
    /// Runs each plan twice, and shows where the runs differ if the guest is not deterministic
    #[arg(long, conflicts_with = "runs")]
    twice: bool,
    /// Ends the run early, as in 1.5s
    #[arg(long, value_name = "TIME")]
    until: Option<Span>,
    /// Writes every record to a file, one JSON object a line; `-` is the standard output
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    trace: Option<PathBuf>,
    /// Prints every record as a line of text
    #[arg(long, conflicts_with_all = ["json", "runs"])]
    show: bool,
    /// With --show: only these nodes
    #[arg(long, value_name = "N", requires = "show")]
    node: Vec<u8>,
    /// With --show: only these kinds
    #[arg(long, value_name = "KIND", requires = "show", value_parser = clap::builder::PossibleValuesParser::new(Group::NAMES))]
    kind: Vec<String>,
    /// With --show: nothing before this time
    #[arg(long, value_name = "TIME", requires = "show")]
    from: Option<Span>,
    /// With --show: nothing after this time
    #[arg(long, value_name = "TIME", requires = "show")]
    to: Option<Span>,
    /// Prints the results as JSON
    #[arg(long)]
    json: bool,
    /// Where the plans of failing runs are saved
    #[arg(long, value_name = "DIR", default_value = "reports")]
    reports: PathBuf,
}

/// One run, as JSON has it.
#[derive(Serialize)]
struct JsonRun<'a> {
    name: &'a str,
    title: &'a str,
    verdict: &'static str,
    unmet: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<&'a Path>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unwritten: Vec<&'a str>,
    #[serde(skip_serializing_if = "Features::is_empty")]
    not_exercised: Features,
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<&'a Difference>,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// Runs what the arguments name.
pub fn run(args: &RunArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let mut session = Session::new(args);
    if let Some(seed) = args.seed.seed {
        let runner = guests.named(args.guest.guest.as_deref())?;
        check_bugs(runner, &args.bug)?;
        let guest = args.guest.guest(runner)?;
        if let Some(count) = args.runs {
            return run_many(session, runner, &guest, seed..seed.saturating_add(count));
        }
        session.run_one(&format!("seed-{seed}"), runner, args.seed.draw(&guest, seed))?;
        return session.finish();
    }
    let found = files::find(&args.files)?;
    if args.trace.is_some() && found.len() > 1 {
        return Err(Failure::usage("a trace is of one run; name one scenario file"));
    }
    // Every file is read before the first is run: a mistake in the last one must not cost the wait for the others.
    let mut plans = Vec::new();
    for path in &found {
        let mut plan = files::read(path)?;
        let name = shown(path);
        let runner = guests.adopt(&mut plan, &args.guest, &name)?;
        check_bugs(runner, &args.bug)?;
        plans.push((name, runner, plan));
    }
    for (name, runner, plan) in plans {
        session.run_one(&name, runner, plan)?;
    }
    session.finish()
}

/// Several runs, one after the other.
struct Session<'a> {
    args: &'a RunArgs,
    out: Box<dyn Write>,
    /// What could not be written, of the run that is not told yet.
    unwritten: Vec<Failure>,
    json: Vec<serde_json::Value>,
    code: Code,
    runs: usize,
    kept: usize,
    single: bool,
}

impl<'a> Session<'a> {
    fn new(args: &'a RunArgs) -> Session<'a> {
        let single = args.seed.seed.is_some()
            || (args.files.len() == 1 && args.files.iter().all(|file| !file.is_dir()));
        // A trace may have the standard output for itself.
        let out: Box<dyn Write> = match &args.trace {
            Some(path) if is_stdout(path) => Box::new(anstream::stderr()),
            _ => Box::new(anstream::stdout()),
        };
        let (json, unwritten) = (Vec::new(), Vec::new());
        Session { args, out, unwritten, json, code: Code::Clean, runs: 0, kept: 0, single }
    }

    fn run_one(&mut self, name: &str, runner: &dyn Runner, mut plan: Plan) -> Result<(), Failure> {
        if self.args.without_bugs {
            take_bugs_out(&mut plan);
        }
        plan.raft.bugs.extend(&self.args.bug);
        if let Some(until) = self.args.until {
            plan.horizon = plan.horizon.min(until);
        }
        let run = self.watched(runner, plan)?;
        let (plan, outcome) = (run.plan(), run.outcome());
        let verdict = expectations::judge(plan, outcome, self.args.until.is_some());
        let differs = if self.args.twice { twice(runner, plan) } else { None };
        let code = match differs {
            Some(_) => Code::Diverged,
            None => Code::from(&verdict),
        };
        let unmet = match &verdict {
            Verdict::Broken(unmet) => &unmet[..],
            _ => &[],
        };
        self.code = self.code.worse(code);
        self.runs += 1;
        self.kept += usize::from(code == Code::Clean);
        let saved = match code {
            Code::Clean => None,
            _ => self.save(name, &run).map_err(|failure| self.unwritten.push(failure)).ok(),
        };
        // What was found is told all the same, and before that.
        let unwritten = std::mem::take(&mut self.unwritten);
        self.code = unwritten.iter().fold(self.code, |code, failure| code.worse(failure.code));
        if self.args.json {
            let run = JsonRun {
                name,
                title: &plan.title,
                verdict: verdict_word(&verdict),
                unmet,
                saved: saved.as_deref(),
                unwritten: unwritten.iter().map(Failure::sentence).collect(),
                not_exercised: plan.guest.lacks,
                differs: differs.as_ref(),
                outcome,
            };
            self.json.push(serde_json::to_value(run).map_err(std::io::Error::from)?);
        } else {
            self.tell(name, &run, &verdict, saved.as_deref())?;
            if let Some(difference) = &differs {
                write!(self.out, "  DIFFERENT: {}", twice_text(difference))?;
            }
        }
        unwritten.iter().for_each(Failure::tell);
        Ok(())
    }

    /// Runs a plan with the trace and the lines that were asked for.
    fn watched<'r>(&mut self, runner: &'r dyn Runner, plan: Plan) -> Result<Run<'r>, Failure> {
        let mut trace = match &self.args.trace {
            None => None,
            Some(path) => Some(open_trace(path, &plan)?),
        };
        let mut formatter = Formatter::new(plan.cluster.nodes);
        let (mut failed, mut untraced) = (None, None);
        let (show, args, out) = (self.args.show, self.args, &mut self.out);
        let mut sink = |record: &Record| {
            if let Some(writer) = &mut trace
                && let Err(error) = writer.write(record)
            {
                (trace, untraced) = (None, Some(error));
            }
            if show && failed.is_none() {
                formatter.follow(record);
                if is_shown(args, record) {
                    failed = writeln!(out, "{}", formatter.line(record)).err();
                }
            }
        };
        let wanted = show || self.args.trace.is_some();
        let options = Options { sink: wanted.then_some(&mut sink), ..Options::default() };
        let run = Run::watched(runner, plan, options);
        if let Some(error) = failed {
            return Err(error.into());
        }
        let untraced = untraced.or_else(|| trace?.finish().and_then(Output::finish).err());
        if let (Some(error), Some(path)) = (untraced, &self.args.trace) {
            self.unwritten.push(Failure::output(path, error));
        }
        Ok(run)
    }

    fn save(&self, name: &str, run: &Run<'_>) -> Result<PathBuf, Failure> {
        let stem: String = name
            .trim_end_matches(".toml")
            .chars()
            .map(
                |letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' },
            )
            .collect();
        let saved = SavedRun::new(run);
        let path = saved.free_path(&self.args.reports, stem.trim_matches('_'));
        saved.write(&path).map_err(|error| Failure::file(&path, "write", &error))?;
        Ok(path)
    }

    fn tell(
        &mut self,
        name: &str,
        run: &Run<'_>,
        verdict: &Verdict,
        saved: Option<&Path>,
    ) -> Result<(), Failure> {
        let (plan, outcome) = (run.plan(), run.outcome());
        let good = anstyle::AnsiColor::Green.on_default().bold();
        let bad = anstyle::AnsiColor::Red.on_default().bold();
        let out = &mut self.out;
        let word = verdict_word(verdict);
        let style = if *verdict == Verdict::Kept { good } else { bad };
        let found = outcome.violation.as_ref().map(|violation| violation.property);
        let note = match (verdict, found) {
            (Verdict::Kept, Some(property)) => format!("  ({property} violated, as expected)"),
            (_, Some(property)) => format!("  ({property} violated)"),
            _ => String::new(),
        };
        writeln!(out, "{style}{word:<9}{style:#} {name}{note}")?;
        if !self.single && *verdict == Verdict::Kept {
            return Ok(());
        }
        if !plan.title.is_empty() {
            writeln!(out, "  {}", shown(&plan.title))?;
        }
        if let Some(proof) = text::violation(run) {
            write!(out, "{proof}")?;
        }
        if let Verdict::Broken(unmet) = verdict {
            for line in unmet {
                writeln!(out, "  unmet: {}", shown(line))?;
            }
        }
        writeln!(out, "  {}", text::ended(outcome))?;
        writeln!(out, "  {}", text::counters(outcome))?;
        if let Some(line) = text::reads_left_out(plan, outcome) {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  digest {}", outcome.digest)?;
        if self.single {
            for line in text::situations(&outcome.situations, plan.guest.lacks).lines() {
                writeln!(out, "  {line}")?;
            }
        }
        if let Some(path) = saved {
            writeln!(out, "  the plan is saved; run it again with")?;
            writeln!(out, "    squall replay {}", shown(path))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Code, Failure> {
        if self.args.json {
            let text = serde_json::json!({ "exit": self.code as u8, "runs": self.json });
            writeln!(self.out, "{text:#}")?;
        } else if !self.single {
            writeln!(self.out, "{} of {} runs were as promised", self.kept, self.runs)?;
        }
        self.out.flush()?;
        Ok(self.code)
    }
}

fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Kept => "ok",
        Verdict::Violated(_) => "VIOLATED",
        Verdict::Broken(_) => "UNMET",
    }
}

fn is_shown(args: &RunArgs, record: &Record) -> bool {
    let node = record.node.map(crate::ids::NodeId::number);
    let time = |bound: Option<Span>| bound.map(|span| Time::ZERO.plus(span));
    (args.node.is_empty() || node.is_some_and(|node| args.node.contains(&node)))
        && (args.kind.is_empty() || args.kind.iter().any(|kind| kind == record.kind.group().name()))
        && time(args.from).is_none_or(|from| record.time >= from)
        && time(args.to).is_none_or(|to| record.time <= to)
}

fn open_trace(path: &Path, plan: &Plan) -> Result<Writer<Output>, Failure> {
    let failed = |error: std::io::Error| Failure::output(path, error);
    let file = Output::create(path).map_err(failed)?;
    Writer::new(file, &plan.title, plan.cluster.nodes, plan.seed).map_err(failed)
}

/// Runs seeds in a row, until the first violation, and sums up.
fn run_many(
    mut session: Session<'_>,
    runner: &dyn Runner,
    guest: &Guest,
    seeds: Range<u64>,
) -> Result<Code, Failure> {
    let args = session.args;
    let (first, count) = (seeds.start, seeds.end - seeds.start);
    let mut counts = Counts::default();
    let (mut events, mut virtual_time, mut reads_left_out) = (0, Span::ZERO, 0_u64);
    for seed in seeds {
        let drawn = args.seed.draw(guest, seed);
        let mut plan = drawn.clone();
        plan.raft.bugs.extend(&args.bug);
        let outcome = runner.run(&plan, Options { until: args.until, ..Options::default() });
        events += outcome.counters.events;
        virtual_time = virtual_time.plus(outcome.time.since(Time::ZERO));
        reads_left_out += u64::from(outcome.reads_left_out);
        counts.merge(&outcome.situations);
        if outcome.violation.is_some() {
            session.run_one(&format!("seed-{seed}"), runner, drawn)?;
            return session.finish();
        }
    }
    let missed: Vec<Situation> =
        counts.missed().filter(|it| it.is_within_reach(guest.lacks)).collect();
    if args.json {
        let summary = serde_json::json!({
            "exit": 0,
            "first_seed": first,
            "runs": count,
            "events": events,
            "virtual_time": virtual_time,
            "reads_left_out": reads_left_out,
            "situations": counts,
            "never_reached": missed,
            "out_of_reach": out_of_reach(guest.lacks).collect::<Vec<_>>(),
            "not_exercised": guest.lacks,
        });
        writeln!(session.out, "{summary:#}")?;
        return Ok(Code::Clean);
    }
    let out = &mut session.out;
    writeln!(out, "ok        {count} random plans from seed {first}, no violation")?;
    writeln!(out, "  {events} events, {virtual_time} of virtual time")?;
    if reads_left_out > 0 {
        let why = text::READS_LEFT_OUT;
        writeln!(out, "  reads of {reads_left_out} plans not judged: {why}")?;
    }
    for line in text::situations(&counts, guest.lacks).lines() {
        writeln!(out, "  {line}")?;
    }
    if !missed.is_empty() {
        let missed: Vec<&str> = missed.into_iter().map(Situation::name).collect();
        writeln!(out, "  never reached: {}", missed.join(", "))?;
    }
    Ok(Code::Clean)
}
