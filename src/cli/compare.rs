//! Commands that compare runs: `squall replay`, a saved run with itself, and `squall diff`, two runs.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::bugs::Bug;
use crate::cli::failure::{Code, End, Failure};
use crate::cli::progress::{LimitArgs, check_whole};
use crate::cli::source::{
    self, GuestArgs, GuestOption, Guests, SeedArgs, Subject, add_options, plant,
};
use crate::plan::Plan;
use crate::report::diff::{self, Side, SideError};
use crate::report::{expectations, text};
use crate::shown::shown;
use crate::sim::Runner;
use crate::trace::reader::ReadError;

#[derive(Args)]
#[command(after_help = "Examples:
  squall run --seed 1 --nodes 5 --bug commit-without-quorum    saves the plan, for it fails
  squall replay reports/seed-1.plan.json")]
pub struct ReplayArgs {
    /// A plan that a failing run saved
    file: PathBuf,
    /// Where the guest is that ran it, if not where guests are found by their names: a module, or a command as in 'cmd: python3 raft.py'
    #[arg(long, value_name = "GUEST")]
    guest: Option<String>,
    #[command(flatten)]
    pub limit: LimitArgs,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs a saved plan again. A run that is the same ends with the code of the saved one's verdict.
pub fn replay(args: &ReplayArgs, guests: &Guests<'_>) -> End {
    let saved = source::read_saved(&args.file)?;
    let runner = guests.named(args.guest.as_deref().or(Some(&saved.guest)))?;
    let (run, divergence) = saved.replay(runner).map_err(Failure::usage)?;
    check_whole(&args.file.display().to_string())?;
    let outcome = run.outcome();
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    let verdict = expectations::judge(&saved.plan, outcome, false);
    let code = if divergence.is_some() { Code::Diverged } else { Code::from(&verdict) }.found();
    if args.json {
        let result = json!({
            "exit": code as u8,
            "same": divergence.is_none(),
            "saved_digest": saved.outcome.digest,
            "diverged_between_records": divergence.map(|divergence| divergence.window),
            "outcome": outcome,
        });
        writeln!(out, "{result:#}")?;
        return Ok(code);
    }
    if let Some(divergence) = divergence {
        writeln!(out, "ANOTHER run: digest {}, saved {}", outcome.digest, saved.outcome.digest)?;
        let (from, to) = divergence.window;
        writeln!(out, "  it diverged between records {from} and {to}; this run has there:")?;
        for (number, line) in &divergence.lines {
            writeln!(out, "    #{number:<7}{line}")?;
        }
        let changed = match (&saved.code, runner.code()) {
            (Some(then), Some(now)) if then != now => {
                format!("the guest is another: it was {then}, and is {now}")
            }
            _ => "the plan or squall itself changed since it was saved".into(),
        };
        writeln!(out, "  {}", shown(changed))?;
        return Ok(code);
    }
    writeln!(out, "the same run: digest {}", outcome.digest)?;
    write!(out, "{}", text::violation(&run).unwrap_or_default())?;
    writeln!(out, "  {}", text::counters(outcome))?;
    let undecided = outcome.undecided().map(ToString::to_string);
    let told = [text::judged(&saved.plan, outcome)].into_iter().chain(undecided);
    for line in told.chain(text::not_judged(&saved.plan, outcome)) {
        writeln!(out, "  {line}")?;
    }
    Ok(code)
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall diff scenarios/bugs/vote-twice.toml --without-bugs
  squall diff --seed 1 --nodes 5 --with-bug commit-without-quorum
  squall run scenarios/bugs/vote-twice.toml --trace old.jsonl
  squall diff old.jsonl scenarios/bugs/vote-twice.toml         the same run")]
pub struct DiffArgs {
    /// A scenario, a saved run, the folder of a campaign's failure, or a trace (.jsonl)
    #[arg(value_name = "A", required_unless_present = "seed")]
    first: Option<PathBuf>,
    /// What it is compared with; left out, the same plan with other bugs
    #[arg(value_name = "B", required_unless_present_any = ["with_bug", "without_bugs", "with_guest_option", "without_guest_options"])]
    second: Option<PathBuf>,
    #[command(flatten)]
    seed: SeedArgs,
    /// Plants a bug in the second run, as `squall bugs` lists them; may be given again
    #[arg(long, value_name = "NAME")]
    with_bug: Vec<Bug>,
    /// Takes planted bugs out of the second run
    #[arg(long, conflicts_with = "with_bug")]
    without_bugs: bool,
    #[command(flatten)]
    guest: GuestArgs,
    /// Gives the guest an option in the second run; may be given again
    #[arg(long, value_name = "OPTION=VALUE")]
    with_guest_option: Vec<GuestOption>,
    /// Takes the options of the guest out of the second run
    #[arg(long)]
    without_guest_options: bool,
    #[command(flatten)]
    pub limit: LimitArgs,
    /// How many records are shown before the difference, and of each run after it
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(..=1_000))]
    context: u16,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Compares two runs. That they differ is no error, but has an exit code.
pub fn diff(args: &DiffArgs, guests: &Guests<'_>) -> End {
    let [(first_name, first), (second_name, second)] = sides(args, guests)?;
    let difference = diff::diff(&first, &second, usize::from(args.context)).map_err(unreadable)?;
    check_whole("the difference")?;
    let code = if difference.same { Code::Clean } else { Code::Diverged };
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    let (records, time) = (difference.records, difference.time);
    if args.json {
        let mut value = json!(difference);
        value["exit"] = (code as u8).into();
        value["names"] = json!([first_name, second_name]);
        writeln!(out, "{value:#}")?;
    } else if difference.same {
        writeln!(out, "the same run: {records} records, {time}s")?;
    } else {
        writeln!(out, "DIFFERENT runs: they agree for {records} records, {time}s")?;
        writeln!(out, "  A is {first_name}\n  B is {second_name}")?;
        write!(out, "{}", difference.lines())?;
    }
    Ok(code)
}

/// The two runs, each with its name.
fn sides<'r>(args: &DiffArgs, guests: &Guests<'r>) -> Result<[(String, Side<'r>); 2], Failure> {
    let first = match (&args.first, args.seed.seed) {
        (Some(path), _) => side(path, args, guests)?,
        (None, Some(seed)) => made(args.seed.draw(seed, &args.guest, guests)?),
        (None, None) => return Err(Failure::usage("name two runs, or a --seed")),
    };
    let (name, second) = match &args.second {
        Some(path) => side(path, args, guests)?,
        None => first.clone(),
    };
    let mut words = Vec::new();
    if args.without_bugs {
        words.push("without bugs".to_owned());
    }
    words.extend(args.with_bug.iter().map(|bug| format!("with {bug}")));
    if args.without_guest_options {
        words.push("without options of the guest".into());
    }
    words.extend(args.with_guest_option.iter().map(|option| format!("with {option}")));
    match second {
        second if words.is_empty() => Ok([first, (name, second)]),
        Side::Plan(runner, mut plan) => {
            change(args, runner, &mut plan)?;
            let name = format!("{name}, {}", words.join(", "));
            Ok([first, (name, Side::Plan(runner, plan))])
        }
        Side::Trace(_) => Err(Failure::usage(format!(
            "{name} is a trace: what happened in it stays as it is; give the plan that it was made of, and \
             --with-bug, --without-bugs or the same for options of the guest changes that"
        ))),
    }
}

/// Changes the second run.
fn change(args: &DiffArgs, runner: &dyn Runner, plan: &mut Plan) -> Result<(), Failure> {
    plant(runner, plan, &args.with_bug, args.without_bugs)?;
    if args.without_guest_options {
        plan.guest.options.clear();
    }
    add_options(&mut plan.guest, &args.with_guest_option);
    runner.check_options(&plan.guest.options).map_err(Failure::usage)
}

fn side<'r>(
    path: &Path,
    args: &DiffArgs,
    guests: &Guests<'r>,
) -> Result<(String, Side<'r>), Failure> {
    let name = shown(path);
    match path.extension().is_some_and(|extension| extension == "jsonl") {
        true if !args.seed.words().is_empty() => Err(Failure::usage(format!(
            "{name} is a trace: what happened in it stays as it is, and{} would change nothing",
            args.seed.words()
        ))),
        true => Ok((name, Side::Trace(path.to_owned()))),
        false => Ok(made(Subject::read(path, &args.seed, &args.guest, guests)?)),
    }
}

fn made(Subject { name, plan, runner }: Subject<'_>) -> (String, Side<'_>) {
    (name, Side::Plan(runner, Box::new(plan)))
}

fn unreadable(SideError { path, error }: SideError) -> Failure {
    match error {
        ReadError::Io(error) => Failure::file(&path, "read", &error),
        ReadError::Line { line, message } => {
            let name = shown(path);
            let mut failure = Failure::usage(format!("{name}:{line}: {message}"));
            failure.text +=
                &format!("\nhelp: `squall run FILE --trace {name}` writes the trace anew");
            failure
        }
    }
}
