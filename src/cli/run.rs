//! `squall run`: scenario files, or random plans from seeds.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::bugs::Bug;
use crate::cli::failure::{Code, End, Failure, beside, say};
use crate::cli::progress::{LimitArgs, interrupted, is_end_wanted, take_given_up};
use crate::cli::source::{GuestArgs, Guests, SeedArgs, Subject, plant};
use crate::files::Output;
use crate::ids::NodeId;
use crate::oracle::gap::GapCounts;
use crate::plan::validate::SEED_MAX;
use crate::plan::{Plan, files};
use crate::property::Property;
use crate::record::{Group, Record};
use crate::report::expectations::{self, Verdict};
use crate::report::metrics;
use crate::report::not_happened::not_happened;
use crate::report::saved::SavedRun;
use crate::report::text;
use crate::report::twice::{text as twice_text, twice};
use crate::shown::shown;
use crate::sim::{Ended, Options, Run, Runner};
use crate::situation::{Counts, Situation, out_of_reach};
use crate::time::{Span, Time};
use crate::trace::text::Formatter;
use crate::trace::writer::Writer;

#[derive(Args)]
#[command(after_help = "Examples:
  squall run scenarios
  squall run scenarios/elections/third-outcome-split-vote.toml --show --kind role --node 2
  squall run scenarios/bugs/vote-twice.toml --runs 100    the same under a hundred seeds
  squall run scenarios/faults/gc-pause-of-the-leader.toml --metrics
  squall run --seed 42 --nodes 5 --profile etcd
  squall run --seed 1 --runs 10000")]
pub struct RunArgs {
    /// Scenario files, or folders of them
    #[arg(required_unless_present = "seed")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    seed: SeedArgs,
    /// Runs so many seeds in a row, from --seed or the file's own on, and sums them up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
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
    #[command(flatten)]
    pub limit: LimitArgs,
    /// Writes every record to a file, one JSON object a line; `-` is the standard output
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    trace: Option<PathBuf>,
    /// Prints every record as a line of text
    #[arg(long, conflicts_with_all = ["json", "runs"])]
    show: bool,
    /// With --show: only these nodes, and what is no node's, as that a fault strikes
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
    /// Goes on after a violation, and counts those that follow: what was lost in all is told by --metrics
    #[arg(long)]
    keep_going: bool,
    /// Tells how the run went for clients and operators: latency, availability, elections, lag, traffic, all also over time
    #[arg(long, conflicts_with = "show")]
    metrics: bool,
    /// Prints the results as JSON
    #[arg(long)]
    json: bool,
    /// Where the plans of failing runs are saved
    #[arg(long, value_name = "DIR", default_value = "reports")]
    reports: PathBuf,
}

impl RunArgs {
    /// What runs a file with one seed of many.
    fn again(&self, name: &str, seed: u64) -> String {
        let mut own = self.seed;
        own.seed = Some(seed);
        let mut words = format!("squall run {name}{}{}", own.words(), self.guest.words());
        words.extend(self.bug.iter().map(|bug| format!(" --bug {bug}")));
        words.extend(self.keep_going.then(|| " --keep-going".to_owned()));
        words.extend(self.until.iter().map(|until| format!(" --until {until}")));
        words + if self.without_bugs { " --without-bugs" } else { "" }
    }
}

pub fn run(args: &RunArgs, guests: &Guests<'_>) -> End {
    let mut session = Session::new(args);
    let mut subjects = Vec::new();
    if let (Some(seed), true) = (args.seed.seed, args.files.is_empty()) {
        if let Some(count) = args.runs {
            return run_many(session, guests, seed..seed.saturating_add(count));
        }
        subjects.push(args.seed.draw(seed, &args.guest, guests)?);
    } else {
        let found = files::find(&args.files)?;
        if args.trace.is_some() && found.len() > 1 {
            return Err(Failure::usage("a trace is of one run; name one scenario file"));
        }
        for path in &found {
            let (name, mut plan) = (shown(path), files::read(path)?);
            if args.guest.guest.is_none()
                && !args.files.contains(path)
                && !guests.has(&plan.guest.name)
            {
                let guest = &plan.guest.name;
                say(format!(
                    "left out: {name} is for guest {guest}, which this command line lacks"
                ));
                continue;
            }
            args.seed.change(&mut plan, &name)?;
            let runner = guests.adopt(&mut plan, &args.guest, &name)?;
            subjects.push(Subject { name, plan, runner });
        }
    }
    // All is checked before the first is run: a mistake in the last file must not cost the wait for the others.
    for Subject { plan, runner, .. } in &mut subjects {
        plan.keep_going |= args.keep_going;
        plant(*runner, plan, &args.bug, args.without_bugs)?;
    }
    session.planned = subjects.len() as u64 * args.runs.unwrap_or(1);
    for subject in subjects {
        if is_end_wanted() {
            break;
        }
        match args.runs {
            Some(count) => session.sweep(subject, count)?,
            None => session.run_one(subject)?,
        }
    }
    session.finish()
}

/// Several runs, one after the other.
struct Session<'a> {
    args: &'a RunArgs,
    out: Box<dyn Write>,
    /// What could not be written, of the run that is not told yet.
    unwritten: Vec<Failure>,
    json: Vec<Value>,
    code: Code,
    planned: u64,
    runs: u64,
    kept: u64,
    single: bool,
}

impl<'a> Session<'a> {
    fn new(args: &'a RunArgs) -> Session<'a> {
        let single = args.files.len() <= 1 && args.files.iter().all(|file| !file.is_dir());
        let (out, unwritten) = (beside(args.trace.as_deref()), Vec::new());
        let (json, code) = (Vec::new(), Code::Clean);
        Session { args, out, unwritten, json, code, planned: 0, runs: 0, kept: 0, single }
    }

    fn run_one(&mut self, subject: Subject<'_>) -> Result<(), Failure> {
        let Subject { name, mut plan, runner } = subject;
        if let Some(until) = self.args.until {
            plan.horizon = plan.horizon.min(until);
        }
        let run = self.watched(runner, plan)?;
        let (plan, outcome) = (run.plan(), run.outcome());
        let verdict = expectations::judge(plan, outcome, self.args.until.is_some());
        let differs = if self.args.twice && !take_given_up() { twice(runner, plan) } else { None };
        let differs = differs.filter(|_| !take_given_up());
        let code = if differs.is_some() { Code::Diverged } else { Code::from(&verdict) };
        self.code = self.code.worse(code).found();
        self.runs += 1;
        self.kept += u64::from(code == Code::Clean);
        let saved = match code {
            Code::Clean => None,
            // It would be another run each time.
            _ if outcome.ended == Ended::Interrupted => None,
            _ => self.save(&name, &run).map_err(|failure| self.unwritten.push(failure)).ok(),
        };
        // What was found is told all the same, and before that.
        let unwritten = std::mem::take(&mut self.unwritten);
        let worst = unwritten.iter().fold(self.code, |code, failure| code.worse(failure.code));
        self.code = worst.found();
        if self.args.json {
            let mut value = json!(outcome);
            value["name"] = name.into();
            value["title"] = json!(plan.title);
            value["verdict"] = verdict.word().into();
            value["unmet"] = match verdict {
                Verdict::Broken(unmet) => unmet.into(),
                _ => json!([]),
            };
            if self.args.metrics {
                value["metrics"] = metrics::value(&run);
            }
            value["judged"] = plan.asked().map(Property::name).collect();
            let lists = [
                ("undecided", outcome.undecided().map(ToString::to_string).collect()),
                ("not_judged", text::not_judged(plan, outcome)),
                ("not_happened", not_happened(plan, outcome)),
                ("unwritten", unwritten.iter().map(|it| it.sentence().to_owned()).collect()),
            ];
            for (key, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
                value[key] = lines.into();
            }
            if let Some(path) = &saved {
                value["saved"] = json!(path);
            }
            if !plan.guest.lacks.is_empty() {
                value["not_exercised"] = json!(plan.guest.lacks);
            }
            if let Some(difference) = &differs {
                value["differs"] = json!(difference);
            }
            self.json.push(value);
        } else {
            self.tell(&name, &run, &verdict, saved.as_deref())?;
            if let Some(difference) = &differs {
                write!(self.out, "  DIFFERENT: {}", twice_text(difference))?;
            }
        }
        unwritten.iter().for_each(Failure::tell);
        Ok(())
    }

    /// Runs a scenario under seeds in a row, and sums up how it kept its promises.
    fn sweep(&mut self, subject: Subject<'_>, count: u64) -> Result<(), Failure> {
        let (args, Subject { name, mut plan, runner }) = (self.args, subject);
        let first = plan.seed;
        if first + (count - 1) > SEED_MAX {
            return Err(Failure::usage(format!(
                "{name}: the last seed would be beyond {SEED_MAX}"
            )));
        }
        plan.horizon = args.until.map_or(plan.horizon, |until| plan.horizon.min(until));
        // By the word of the verdict: how many seeds, the first of them, and why.
        let mut sums: BTreeMap<&str, (u64, u64, Vec<String>)> = BTreeMap::new();
        let mut ran = 0;
        for seed in (first..first + count).take_while(|_| !is_end_wanted()) {
            plan.seed = seed;
            let outcome = runner.run(&plan, Options::default());
            ran += 1;
            let verdict = expectations::judge(&plan, &outcome, args.until.is_some());
            self.code = self.code.worse(Code::from(&verdict)).found();
            let why = || match (&verdict, &outcome.violation) {
                (Verdict::Violated(_), Some(violation)) => vec![violation.sentence.clone()],
                _ => verdict.lines().to_vec(),
            };
            sums.entry(verdict.word()).or_insert_with(|| (0, seed, why())).0 += 1;
        }
        self.runs += ran;
        self.kept += sums.get("ok").map_or(0, |(runs, ..)| *runs);
        if args.json {
            let sum = |(word, (runs, seed, why)): (&&str, &(u64, u64, Vec<String>))| {
                (word.to_string(), json!({ "runs": runs, "first_seed": seed, "why": why }))
            };
            let sums: serde_json::Map<String, Value> = sums.iter().map(sum).collect();
            let value = json!({ "name": name, "title": plan.title, "first_seed": first, "runs": ran, "verdicts": sums });
            self.json.push(value);
            return Ok(());
        }
        let out = &mut self.out;
        let word = sums.keys().copied().max_by_key(|word| (*word != "ok", *word)).unwrap_or("ok");
        writeln!(out, "{word:<9} {name}: seeds {first} to {}", first + ran.max(1) - 1)?;
        for (word, (runs, seed, why)) in &sums {
            writeln!(out, "  {word:<9} {runs} of {ran}, first with seed {seed}")?;
            for line in why {
                writeln!(out, "    {line}")?;
            }
            if *word != "ok" {
                writeln!(out, "    {}", args.again(&name, *seed))?;
            }
        }
        Ok(())
    }

    /// Runs a plan with the trace and the lines that were asked for.
    fn watched<'r>(&mut self, runner: &'r dyn Runner, plan: Plan) -> Result<Run<'r>, Failure> {
        let (args, out) = (self.args, &mut self.out);
        let mut trace = args.trace.as_ref().map(|path| open_trace(path, &plan)).transpose()?;
        let mut formatter = Formatter::new(plan.cluster.nodes);
        let (mut written, mut traced) = (Ok(()), Ok(()));
        let mut sink = |record: &Record| {
            if let (Some(trace), true) = (&mut trace, traced.is_ok()) {
                traced = trace.write(record);
            }
            if !args.show {
                return;
            }
            formatter.follow(record);
            if written.is_ok() && is_shown(args, record) {
                written = writeln!(out, "{}", formatter.line(record));
            }
        };
        let wanted = args.show || args.trace.is_some();
        let options = Options { sink: wanted.then_some(&mut sink), ..Options::default() };
        let run = Run::watched(runner, plan, options);
        written?;
        if let (Some(trace), Some(path)) = (trace, &args.trace)
            && let Err(error) = traced.and_then(|()| trace.finish()?.finish())
        {
            self.unwritten.push(Failure::output(path, error));
        }
        Ok(run)
    }

    fn save(&self, name: &str, run: &Run<'_>) -> Result<PathBuf, Failure> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let stem = name.trim_end_matches(".toml").replace(|letter| !is_plain(letter), "_");
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
        let kept = *verdict == Verdict::Kept;
        let color = if kept { anstyle::AnsiColor::Green } else { anstyle::AnsiColor::Red };
        let (style, word) = (color.on_default().bold(), verdict.word());
        let found = outcome.violation.as_ref().map(|violation| violation.property);
        let expected = if kept { ", as expected" } else { "" };
        let note = found.map(|property| format!("  ({property} violated{expected})"));
        let out = &mut self.out;
        writeln!(out, "{style}{word:<9}{style:#} {name}{}", note.unwrap_or_default())?;
        let not_judged = text::not_judged(plan, outcome);
        let not_happened = not_happened(plan, outcome);
        if !self.single && kept && !self.args.metrics {
            for line in not_judged.iter().chain(&not_happened) {
                writeln!(out, "          {line}")?;
            }
            return Ok(());
        }
        if !plan.title.is_empty() {
            writeln!(out, "  {}", shown(&plan.title))?;
        }
        write!(out, "{}", text::violation(run).unwrap_or_default())?;
        let unmet = if matches!(verdict, Verdict::Broken(_)) { "unmet: " } else { "" };
        for line in verdict.lines() {
            writeln!(out, "  {unmet}{}", shown(line))?;
        }
        writeln!(out, "  {}\n  {}", text::ended(outcome), text::counters(outcome))?;
        if let Some(line) = text::violations(outcome) {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  {}", text::judged(plan, outcome))?;
        for line in text::core(outcome).iter().chain(&not_judged).chain(&not_happened) {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  digest {}", outcome.digest)?;
        if self.args.metrics {
            for line in metrics::text(run).lines() {
                writeln!(out, "  {line}")?;
            }
        } else if self.single {
            for line in text::situations(&outcome.situations, plan.guest.lacks).lines() {
                writeln!(out, "  {line}")?;
            }
        }
        if let Some(path) = saved {
            writeln!(out, "  the plan is saved; run it again with")?;
            writeln!(out, "    squall replay {}", shown(path))?;
            if !unmet.is_empty() {
                writeln!(out, "  what came nearest to its promise is told by")?;
                writeln!(out, "    squall explain {}", shown(path))?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> End {
        self.code = interrupted(self.code);
        if self.args.json {
            let text = json!({ "exit": self.code as u8, "runs": self.json });
            writeln!(self.out, "{text:#}")?;
        } else if !self.single {
            let (kept, runs, left) = (self.kept, self.runs, self.planned - self.runs);
            write!(self.out, "{kept} of {runs} runs were as promised")?;
            let rest = format!("; {left} were not run: it was interrupted");
            writeln!(self.out, "{}", if left > 0 { rest } else { String::new() })?;
        }
        self.out.flush()?;
        Ok(self.code)
    }
}

fn is_shown(args: &RunArgs, record: &Record) -> bool {
    let node = record.node.map(NodeId::number);
    let time = |bound: Option<Span>| bound.map(|span| Time::ZERO.plus(span));
    (args.node.is_empty() || node.is_none_or(|node| args.node.contains(&node)))
        && (args.kind.is_empty() || args.kind.iter().any(|kind| kind == record.kind.group().name()))
        && time(args.from).is_none_or(|from| record.time >= from)
        && time(args.to).is_none_or(|to| record.time <= to)
}

fn open_trace(path: &Path, plan: &Plan) -> Result<Writer<Output>, Failure> {
    let failed = |error: io::Error| Failure::output(path, error);
    let file = Output::create(path).map_err(failed)?;
    Writer::new(file, &plan.title, plan.cluster.nodes, plan.seed).map_err(failed)
}

/// Runs seeds in a row, until the first violation, and sums up.
fn run_many(mut session: Session<'_>, guests: &Guests<'_>, seeds: Range<u64>) -> End {
    let args = session.args;
    let (first, mut count) = (seeds.start, 0);
    let mut counts = Counts::default();
    let (mut events, mut virtual_time, mut gaps) = (0, Span::ZERO, GapCounts::default());
    for seed in seeds {
        let mut subject = args.seed.draw(seed, &args.guest, guests)?;
        plant(subject.runner, &mut subject.plan, &args.bug, args.without_bugs)?;
        subject.plan.keep_going |= args.keep_going;
        let options = Options { until: args.until, ..Options::default() };
        let outcome = subject.runner.run(&subject.plan, options);
        if is_end_wanted() && outcome.ended == Ended::Interrupted {
            break;
        }
        count += 1;
        events += outcome.counters.events;
        virtual_time = virtual_time.plus(outcome.time.since(Time::ZERO));
        gaps.add(&GapCounts::of(&outcome.gaps));
        counts.merge(&outcome.situations);
        if outcome.violation.is_some() {
            session.run_one(subject)?;
            return session.finish();
        }
        if is_end_wanted() {
            break;
        }
    }
    let lacks = args.guest.chosen(guests)?.1.lacks;
    let missed = counts.missed().filter(|it| it.is_within_reach(lacks));
    let missed: Vec<&str> = missed.map(Situation::name).collect();
    let code = interrupted(if gaps.undecided == 0 { Code::Clean } else { Code::Undecided }).found();
    let out = &mut session.out;
    if args.json {
        let summary = json!({
            "exit": code as u8,
            "first_seed": first,
            "runs": count,
            "events": events,
            "virtual_time": virtual_time,
            "gaps": gaps,
            "situations": counts,
            "never_reached": missed,
            "out_of_reach": out_of_reach(lacks).collect::<Vec<_>>(),
            "not_exercised": lacks,
        });
        writeln!(out, "{summary:#}")?;
        return Ok(code);
    }
    let word = if code == Code::Clean { "ok" } else { "UNDECIDED" };
    writeln!(out, "{word:<9} {count} random plans from seed {first}, no violation")?;
    if code == Code::Interrupted {
        writeln!(out, "  it was interrupted; go on with --seed {}", first + count)?;
    }
    writeln!(out, "  {events} events, {virtual_time} of virtual time")?;
    for line in gaps.lines() {
        writeln!(out, "  {line}")?;
    }
    for line in text::situations(&counts, lacks).lines() {
        writeln!(out, "  {line}")?;
    }
    if !missed.is_empty() {
        writeln!(out, "  never reached: {}", missed.join(", "))?;
    }
    Ok(code)
}
