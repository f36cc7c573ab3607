//! `squall diff`: the first difference of two runs.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::bugs::Bug;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::{GuestArgs, GuestOption, Guests, add_options, check_bugs};
use crate::cli::source::{self, SeedArgs, take_bugs_out};
use crate::plan::Plan;
use crate::report::diff::{self, Difference, Side, SideError};
use crate::shown::shown;
use crate::sim::Runner;
use crate::trace::reader::ReadError;

/// What `squall diff` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall diff old/run.plan.json new/run.plan.json
  squall diff scenarios/bugs/vote-twice.toml --without-bugs
  squall diff --seed 1 --nodes 5 --with-bug commit-without-quorum
  squall diff run.jsonl scenarios/elections/split-vote.toml")]
pub struct DiffArgs {
    /// A scenario, a saved run, the folder of a campaign's failure, or a trace (.jsonl)
    #[arg(value_name = "A", required_unless_present = "seed", conflicts_with = "seed")]
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
    /// How many records are shown before the difference, and of each run after it
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(..=1_000))]
    context: u16,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Compares two runs. That they differ is no error, but has an exit code.
pub fn diff(args: &DiffArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let [(first_name, first), (second_name, second)] = sides(args, guests)?;
    let difference = diff::diff(&first, &second, usize::from(args.context)).map_err(unreadable)?;
    let code = if difference.same { Code::Clean } else { Code::Diverged };
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    if args.json {
        let mut value = serde_json::to_value(&difference).map_err(std::io::Error::from)?;
        value["exit"] = (code as u8).into();
        value["names"] = serde_json::json!([first_name, second_name]);
        writeln!(out, "{value:#}")?;
        return Ok(code);
    }
    let Difference { same, records, time, .. } = &difference;
    if *same {
        writeln!(out, "the same run: {records} records, {time}s")?;
        return Ok(code);
    }
    writeln!(out, "DIFFERENT runs: they agree for {records} records, {time}s")?;
    writeln!(out, "  A is {first_name}")?;
    writeln!(out, "  B is {second_name}")?;
    write!(out, "{}", difference.lines())?;
    Ok(code)
}

/// The two runs, each with its name.
fn sides<'r>(args: &DiffArgs, guests: &Guests<'r>) -> Result<[(String, Side<'r>); 2], Failure> {
    let (name, first) = match (&args.first, args.seed.seed) {
        (Some(path), _) => side(path, &args.guest, guests)?,
        (None, Some(seed)) => {
            let runner = guests.named(args.guest.guest.as_deref())?;
            let plan = args.seed.draw(&args.guest.guest(runner)?, seed);
            (format!("seed-{seed}"), Side::Plan(runner, Box::new(plan)))
        }
        (None, None) => return Err(Failure::usage("name two runs, or a --seed")),
    };
    let (second_name, second) = match (&args.second, &first) {
        (Some(path), _) => side(path, &args.guest, guests)?,
        (None, Side::Plan(runner, plan)) => (name.clone(), Side::Plan(*runner, plan.clone())),
        (None, Side::Trace(path)) => (name.clone(), Side::Trace(path.clone())),
    };
    if !args.changes_second() {
        return Ok([(name, first), (second_name, second)]);
    }
    let Side::Plan(runner, mut plan) = second else {
        return Err(Failure::usage(format!(
            "{second_name} is a trace: what happened in it stays as it is; give the plan that it was made of, and \
             --with-bug, --without-bugs or the same for options of the guest changes that"
        )));
    };
    let second_name = format!("{second_name}, {}", change(args, runner, &mut plan)?);
    Ok([(name, first), (second_name, Side::Plan(runner, plan))])
}

impl DiffArgs {
    /// Whether the second run is another than the file says.
    fn changes_second(&self) -> bool {
        self.without_bugs
            || !self.with_bug.is_empty()
            || self.without_guest_options
            || !self.with_guest_option.is_empty()
    }
}

/// Changes the second run; says how.
fn change(args: &DiffArgs, runner: &dyn Runner, plan: &mut Plan) -> Result<String, Failure> {
    let mut words = Vec::new();
    if args.without_bugs {
        take_bugs_out(plan);
        words.push("without bugs".to_owned());
    }
    check_bugs(runner, &args.with_bug)?;
    plan.raft.bugs.extend(&args.with_bug);
    words.extend(args.with_bug.iter().map(|bug| format!("with {bug}")));
    if args.without_guest_options {
        plan.guest.options.clear();
        words.push("without options of the guest".into());
    }
    add_options(&mut plan.guest, &args.with_guest_option);
    runner.check_options(&plan.guest.options).map_err(Failure::usage)?;
    words.extend(args.with_guest_option.iter().map(|option| format!("with {option}")));
    Ok(words.join(", "))
}

fn side<'r>(
    path: &Path,
    guest: &GuestArgs,
    guests: &Guests<'r>,
) -> Result<(String, Side<'r>), Failure> {
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        return Ok((shown(path), Side::Trace(path.to_owned())));
    }
    let (name, mut plan) = source::read(path)?;
    let runner = guests.adopt(&mut plan, guest, &name)?;
    Ok((name, Side::Plan(runner, Box::new(plan))))
}

fn unreadable(SideError { path, error }: SideError) -> Failure {
    match error {
        ReadError::Io(error) => Failure::file(&path, "read", &error),
        ReadError::Line { line, message } => {
            let path = shown(path);
            let mut failure = Failure::usage(format!("{path}:{line}: {message}"));
            failure.text +=
                &format!("\nhelp: `squall run FILE --trace {path}` writes the trace anew");
            failure
        }
    }
}
