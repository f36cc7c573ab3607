//! `squall guest`: what a guest is, whether it keeps what squall needs of one, with advice where it does not, and the beginning of another.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::failure::{Code, End, Failure};
#[cfg(feature = "guests")]
use crate::cli::profile;
use crate::cli::source::Guests;
use crate::cli::template::{self, Language};
use crate::guest::{BUILT_IN, Feature};
use crate::plan::Plan;
use crate::plan::standard::{self, Load};
use crate::sim::{Options, Outcome, Run, Runner};
use crate::situation::Situation;
use crate::time::Span;

#[derive(Args)]
#[command(after_help = "Examples:
  squall guest list
  squall guest check raft
  squall guest check target/guests/etcd.wasm
  squall guest check 'cmd: python3 guests/python/raft.py'
  squall guest new go my-raft")]
pub struct GuestCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the guests that this command line finds by their names
    List {
        /// Prints the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Checks that a guest is quiet, repeatable, and survives restarts, before a campaign looks for its bugs
    Check {
        /// A name, a module (PATH.wasm), or a process as in 'cmd: python3 raft.py'
        #[arg(value_name = "GUEST")]
        guest: String,
        /// Prints the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Says which functions of a module use its fuel, in the steps of a standard plan
    #[cfg(feature = "guests")]
    Profile(profile::ProfileArgs),
    /// Writes a small guest that works, Figure 2 of the paper, into a new folder, to begin with
    #[command(after_help = "Examples:
  squall guest new go my-raft
  squall guest new rust ../rafts/my-raft
  squall guest new python my-raft && cd my-raft && squall guest check 'cmd: python3 raft.py'")]
    New {
        /// The language
        #[arg(value_enum)]
        language: Language,
        /// The new folder; its last part is the guest's name: small letters, digits and `-`, a letter first
        #[arg(value_name = "NAME")]
        folder: PathBuf,
    },
}

/// Runs one of the commands.
pub fn guest(args: &GuestCommand, guests: &Guests<'_>) -> End {
    match &args.command {
        Command::List { json } => list(guests, *json),
        Command::Check { guest, json } => check(guests.named(Some(guest))?, *json),
        #[cfg(feature = "guests")]
        Command::Profile(args) => profile::profile(args, guests),
        Command::New { language, folder } => begin(*language, folder),
    }
}

/// Writes a new guest, and says what to do with it.
fn begin(language: Language, folder: &Path) -> End {
    let shown = folder.display();
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !template::is_plain(name) || name == BUILT_IN {
        return Err(Failure::usage(format!(
            "a guest cannot have the name {name:?}: it is made of small letters, digits and `-`, begins with a letter, and is not {BUILT_IN}"
        )));
    }
    let files = template::write(language, name, folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{shown} is there already, and nothing is written over it"))
        }
        _ => Failure::file(folder, "write", &error),
    })?;
    let (build, guest) = language.next(name);
    let mut out = std::io::stdout().lock();
    writeln!(out, "wrote {shown}: {}", files.join(", "))?;
    writeln!(out, "next:\n  cd {shown}")?;
    if let Some(build) = build {
        writeln!(out, "  {build}")?;
    }
    writeln!(out, "  squall guest check {guest}\n  squall fuzz --guest {guest} --runs 1000")?;
    Ok(Code::Clean)
}

fn list(guests: &Guests<'_>, json: bool) -> End {
    let mut out = std::io::stdout().lock();
    let mut rows = Vec::new();
    for runner in guests.by_name() {
        let guest = runner.guest();
        let lacks: Vec<&str> = guest.lacks.iter().map(Feature::name).collect();
        let options: Vec<_> = runner.guest_options().iter().collect();
        if !json {
            let code = runner.code().unwrap_or("of this program");
            writeln!(out, "{:<12}{code}", guest.name)?;
            let lacking = if lacks.is_empty() { "nothing".into() } else { lacks.join(", ") };
            writeln!(out, "  lacks {lacking}")?;
            for option in &options {
                let values = option.values.join(", ");
                writeln!(out, "  option {}: {values}", option.name)?;
            }
        }
        let code = runner.code();
        rows.push(json!({ "name": guest.name, "code": code, "lacks": lacks, "options": options }));
    }
    if json {
        writeln!(out, "{:#}", json!({ "guests": rows }))?;
    }
    Ok(Code::Clean)
}

/// What was looked at, and what was found; advice if that is not as it should be.
struct Check {
    name: &'static str,
    found: Result<String, (String, &'static str)>,
}

fn check(runner: &dyn Runner, json: bool) -> End {
    let mut checks = vec![quiet(runner), serves(runner), repeatable(runner), restarts(runner)];
    if runner.guest().name != BUILT_IN {
        let code = runner.code().unwrap_or("of this program").to_owned();
        checks.insert(0, Check { name: "says what it is", found: Ok(code) });
    }
    let is_good = checks.iter().all(|check| check.found.is_ok());
    let mut out = std::io::stdout().lock();
    if json {
        let rows = checks.iter().map(|Check { name, found }| match found {
            Ok(said) => json!({ "check": name, "ok": true, "found": said }),
            Err((said, advice)) => {
                json!({ "check": name, "ok": false, "found": said, "advice": advice })
            }
        });
        let guest = &runner.guest().name;
        let rows: Vec<_> = rows.collect();
        writeln!(out, "{:#}", json!({ "guest": guest, "ok": is_good, "checks": rows }))?;
    } else {
        for Check { name, found } in &checks {
            match found {
                Ok(said) => writeln!(out, "ok      {name}: {said}")?,
                Err((said, advice)) => {
                    writeln!(out, "FAILED  {name}: {said}\n        {advice}")?;
                }
            }
        }
        if is_good {
            writeln!(out, "next: squall fuzz --guest {}", runner.guest().name)?;
        }
    }
    Ok(if is_good { Code::Clean } else { Code::Safety })
}

/// A standard plan as this guest can run it.
pub fn plan(runner: &dyn Runner, load: Load, horizon: Span) -> Plan {
    let mut plan = standard::plan(load, 3);
    plan.horizon = horizon;
    plan.faults.retain(|fault| !fault.when.is_from(horizon));
    plan.events_max = 5_000_000;
    plan.restrict(runner.guest());
    plan
}

/// Advice on a violation, which is a fault of the guest or of its adapter in plans as plain as these.
const ADVICE: &str = "the contract in src/node.rs says what squall asks; a trap or a panic tells where in the guest it was";

fn sentence(outcome: &Outcome) -> Option<String> {
    let violation = outcome.violation.as_ref()?;
    Some(format!("{}: {}", violation.property.name(), violation.sentence))
}

fn quiet(runner: &dyn Runner) -> Check {
    /// Three nodes that beat ten times a second handle a few hundred events.
    const EVENTS_A_SECOND_MAX: u64 = 3_000;
    let horizon = Span::secs(30);
    let outcome = runner.run(&plan(runner, Load::Idle, horizon), Options::default());
    let rate = outcome.counters.events / 30;
    let found = match sentence(&outcome) {
        Some(said) => Err((said, ADVICE)),
        None if outcome.counters.leaders == 0 => Err((
            "three nodes elect nobody in 30 s".into(),
            "a node sets a timer when it boots, and says in its status what role it has",
        )),
        None if rate > EVENTS_A_SECOND_MAX => Err((
            format!("{rate} events a second without any load"),
            "set a timer only for what is due, and nothing else makes steps",
        )),
        None => Ok(format!("{rate} events a second without load")),
    };
    Check { name: "is quiet", found }
}

fn serves(runner: &dyn Runner) -> Check {
    let outcome = runner.run(&plan(runner, Load::Loaded, Span::secs(10)), Options::default());
    let answers = outcome.counters.answers;
    let found = match sentence(&outcome) {
        Some(said) => Err((said, ADVICE)),
        None if answers == 0 => Err((
            "no client hears an answer in 10 s".into(),
            "an entry is applied with `answer`, and what comes back goes into a reply to the request",
        )),
        None => Ok(format!("{answers} answers in 10 s")),
    };
    Check { name: "serves clients", found }
}

fn repeatable(runner: &dyn Runner) -> Check {
    let plan = plan(runner, Load::Stormy, Span::secs(5));
    let first = Run::recorded(runner, plan.clone());
    let second = Run::recorded(runner, plan);
    let found = if first.outcome().digest == second.outcome().digest {
        Ok(format!("digest {} twice", first.outcome().digest))
    } else {
        let pairs =
            first.records().unwrap_or_default().iter().zip(second.records().unwrap_or_default());
        let same = pairs.take_while(|(one, other)| one == other).count();
        Err((
            format!("two runs of one plan differ from record {} on", same + 1),
            "a node decides by its inputs, clock and randomness alone; look for clocks, threads, random seeds, addresses, and the order of maps",
        ))
    };
    Check { name: "is repeatable", found }
}

fn restarts(runner: &dyn Runner) -> Check {
    let outcome = runner.run(&plan(runner, Load::Stormy, Span::secs(20)), Options::default());
    let restarts = outcome.situations.of(Situation::NodeRestarted);
    let found = match sentence(&outcome) {
        Some(said) => Err((said, ADVICE)),
        None if outcome.counters.answers == 0 => Err((
            "no client hears an answer while nodes crash".into(),
            "a node that boots goes on from what its disk holds: term, vote, log and what was applied",
        )),
        None => {
            Ok(format!("{restarts} restarts from the disk, {} answers", outcome.counters.answers))
        }
    };
    Check { name: "survives restarts", found }
}
