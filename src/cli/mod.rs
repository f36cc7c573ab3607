//! The command line.

mod bench;
mod catalogue;
mod compare;
mod failure;
mod fuzz;
mod guest;
mod look;
mod power;
#[cfg(feature = "guests")]
mod profile;
mod progress;
mod result;
mod run;
mod shrink;
mod side_by_side;
mod source;
mod template;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::sim::{BuiltIn, Runner};

use failure::{Code, End};
use progress::{LimitArgs, Limited};
use source::Guests;

const EXAMPLES: &str = "Examples:
  squall run scenarios                 every scenario below a folder
  squall fuzz                          random storms on all cores, for some seconds
  squall fuzz --runs 100000 --profile etcd
  squall run --seed 42 --nodes 5       one random storm
  squall run scenarios/bugs/vote-twice.toml --show --kind role
                                       what happened, as lines of text
  squall bugs show old-term-commit     the story of a bug\n\n";

const EXIT_CODES: &str = "Exit codes: 0 clean, 1 usage, 2 safety, 3 liveness, 4 diverged, 5 unmet, 6 undecided, 70 internal, 130 interrupted";

const LONG_HELP: &str = "Exit codes:
  0   everything was as it should be
  1   the command line or a file was wrong
  2   a safety property was violated
  3   a liveness property was violated
  4   a replay was another run than the saved one, or two compared runs differ
  5   something that a scenario promised did not happen
  6   nothing was violated, but not all was decided: a limit or the horizon came first
  70  squall itself has a bug
  130 it was interrupted, and had found nothing until then

Environment:
  NO_COLOR  if set, nothing is coloured";

/// Breaks a Raft before production does: a deterministic simulator for clusters of Raft nodes.
///
/// A scenario file, or a seed, gives a run: a cluster lives through delays, losses, partitions and crashes on a virtual clock, and
/// Raft's invariants are checked after every event. The same plan gives the same run, bit for bit.
#[derive(Parser)]
#[command(name = "squall", version, after_help = [EXAMPLES, EXIT_CODES].concat(), after_long_help = [EXAMPLES, LONG_HELP].concat())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs scenario files, or a random plan from a seed
    Run(run::RunArgs),
    /// Runs random storms on all cores, and says what was found and what was exercised
    Fuzz(fuzz::FuzzArgs),
    /// Merges the results of a campaign's parts
    Merge(result::MergeArgs),
    /// Measures how soon the campaign finds each planted bug
    Power(power::PowerArgs),
    /// Shrinks a failing plan to the smallest that fails in the same way
    Shrink(shrink::ShrinkArgs),
    /// Runs a saved plan again, and checks that it is the same run
    Replay(compare::ReplayArgs),
    /// Finds the first difference of two runs
    Diff(compare::DiffArgs),
    /// Runs the same plans with several Rafts, and puts verdicts, elections, commits and waits side by side
    Compare(side_by_side::CompareArgs),
    /// Exports a run to Perfetto, Mermaid or ShiViz
    Export(look::ExportArgs),
    /// Answers why an entry was committed, or who won a term
    Why(look::WhyArgs),
    /// Tells how a violation came about, in order and in words, or what came nearest to a promise that was not kept
    Explain(look::ExplainArgs),
    /// Writes a page to look at a run with, or at a campaign
    Report(look::ReportArgs),
    /// Lists the scenarios below a folder
    Scenarios(catalogue::ScenarioArgs),
    /// Lists the bugs that can be planted, or tells the story of one
    Bugs(catalogue::BugArgs),
    /// Lists the situations that a run can get into
    Situations(catalogue::ListArgs),
    /// Lists the properties that are checked after every event
    Properties(catalogue::ListArgs),
    /// Lists the profiles of production systems: which options each has on, and what the built-in Raft does not have of it
    Profiles(catalogue::ListArgs),
    /// Prints the JSON Schema of scenarios, results, or what the swarm draws from
    Schema(catalogue::SchemaArgs),
    /// Lists guests, checks that one keeps what squall needs of it, and begins a new one
    Guest(guest::GuestCommand),
    /// Measures events per CPU second for standard plans
    Bench(bench::BenchArgs),
    /// Prints a completion script for a shell
    ///
    /// For example: squall completions bash > /etc/bash_completion.d/squall
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page
    ///
    /// For example: squall man > squall.1
    Man,
}

impl Command {
    /// What limits each run, where Ctrl-C and a time do.
    fn limit(&self) -> Option<LimitArgs> {
        match self {
            Command::Run(args) => Some(args.limit),
            Command::Replay(args) => Some(args.limit),
            Command::Diff(args) => Some(args.limit),
            Command::Shrink(args) => Some(args.source.limit),
            Command::Export(args) => Some(args.source.limit),
            Command::Why(args) => Some(args.source.limit),
            Command::Explain(args) => Some(args.source.limit),
            Command::Report(args) => Some(args.source.limit),
            _ => None,
        }
    }
}

impl Cli {
    fn dispatch(self, guests: &Guests<'_>) -> End {
        match self.command {
            Command::Run(args) => run::run(&args, guests),
            Command::Fuzz(args) => fuzz::fuzz(&args, guests),
            Command::Merge(args) => result::merge(&args, guests),
            Command::Power(args) => power::power(&args, guests),
            Command::Shrink(args) => shrink::shrink(&args, guests),
            Command::Replay(args) => compare::replay(&args, guests),
            Command::Diff(args) => compare::diff(&args, guests),
            Command::Compare(args) => side_by_side::compare(&args, guests),
            Command::Export(args) => look::export(&args, guests),
            Command::Why(args) => look::why(&args, guests),
            Command::Explain(args) => look::explain(&args, guests),
            Command::Report(args) => look::report(&args, guests),
            Command::Scenarios(args) => catalogue::scenarios(&args),
            Command::Bugs(args) => catalogue::bugs(&args),
            Command::Situations(args) => catalogue::situations(&args),
            Command::Properties(args) => catalogue::properties(&args),
            Command::Profiles(args) => catalogue::profiles(&args),
            Command::Schema(args) => catalogue::schema(&args),
            Command::Guest(args) => guest::guest(&args, guests),
            Command::Bench(args) => bench::bench(&args, guests),
            Command::Completions { shell } => catalogue::completions(shell),
            Command::Man => catalogue::man(),
        }
    }
}

/// The command line of squall, with Rafts of one's own beside the built-in one: the first of them is the one that is run if no `--guest` is
/// named. A `main` of three lines gives every command to a guest.
///
/// # Panics
///
/// If two guests have the same name.
pub fn command_line(runners: &[&dyn Runner]) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nobody is left to tell if this cannot be printed.
            let _ = error.print();
            return ExitCode::from(if help { Code::Clean } else { Code::Usage } as u8);
        }
    };
    let limit = cli.command.limit();
    let (built_in, limited) = (BuiltIn::new(), |runner| Limited { runner, limit });
    let (built_in, own) =
        (limited(&built_in), Vec::from_iter(runners.iter().copied().map(limited)));
    let own: Vec<&dyn Runner> = own.iter().map(|runner| runner as &dyn Runner).collect();
    let guests = Guests::new(&own, &built_in, limit);
    let dispatch = std::panic::AssertUnwindSafe(|| cli.dispatch(&guests));
    let code = match std::panic::catch_unwind(dispatch) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            failure.tell();
            failure.code
        }
        Err(_) => {
            failure::say(
                "error: this is a bug in squall; please report it with the command that you typed",
            );
            Code::Internal
        }
    };
    ExitCode::from(code as u8)
}
