//! The command line: one file per command.

mod bench;
mod catalogue;
mod clock;
mod diff;
mod exit;
mod explain;
mod export;
mod failure;
mod fuzz;
mod guests;
mod interrupt;
mod jobs;
mod junit;
mod merge;
mod power;
mod profiles;
mod progress;
mod replay;
mod report;
mod result;
mod run;
mod shrink;
mod source;
mod why;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::sim::{BuiltIn, Runner};

use exit::Code;
use failure::Failure;
use guests::Guests;

/// Breaks a Raft before production does: a deterministic simulator for clusters of Raft nodes.
///
/// A scenario file, or a seed, gives a run: a cluster lives through delays, losses, partitions and crashes on a virtual clock, and
/// Raft's invariants are checked after every event. The same plan gives the same run, bit for bit.
#[derive(Parser)]
#[command(name = "squall", version, after_help = exit::HELP, after_long_help = exit::LONG_HELP)]
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
    Merge(merge::MergeArgs),
    /// Measures how soon the campaign finds each planted bug
    Power(power::PowerArgs),
    /// Shrinks a failing plan to the smallest that fails in the same way
    Shrink(shrink::ShrinkArgs),
    /// Runs a saved plan again, and checks that it is the same run
    Replay(replay::ReplayArgs),
    /// Finds the first difference of two runs
    Diff(diff::DiffArgs),
    /// Exports a run to Perfetto, Mermaid or ShiViz
    Export(export::ExportArgs),
    /// Answers why an entry was committed, or who won a term
    Why(why::WhyArgs),
    /// Tells how a violation came about, in order and in words
    Explain(explain::ExplainArgs),
    /// Writes a page to look at a run with, or at a campaign
    Report(report::ReportArgs),
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

impl Cli {
    /// Does what the command line says; gives the exit code.
    fn dispatch(self, guests: &Guests<'_>) -> Result<exit::Code, Failure> {
        match self.command {
            Command::Run(args) => run::run(&args, guests),
            Command::Fuzz(args) => fuzz::fuzz(&args, guests),
            Command::Merge(args) => merge::merge(&args, guests),
            Command::Power(args) => power::power(&args, guests),
            Command::Shrink(args) => shrink::shrink(&args, guests),
            Command::Replay(args) => replay::replay(&args, guests),
            Command::Diff(args) => diff::diff(&args, guests),
            Command::Export(args) => export::export(&args, guests),
            Command::Why(args) => why::why(&args, guests),
            Command::Explain(args) => explain::explain(&args, guests),
            Command::Report(args) => report::report(&args, guests),
            Command::Scenarios(args) => catalogue::scenarios(&args),
            Command::Bugs(args) => catalogue::bugs(&args),
            Command::Situations(args) => catalogue::situations(&args),
            Command::Properties(args) => catalogue::properties(&args),
            Command::Profiles(args) => profiles::profiles(&args),
            Command::Schema(args) => catalogue::schema(&args),
            Command::Bench(args) => bench::bench(&args),
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
    let built_in = BuiltIn::new();
    let guests = Guests::new(runners, &built_in);
    let dispatch = std::panic::AssertUnwindSafe(|| cli.dispatch(&guests));
    let result = std::panic::catch_unwind(dispatch);
    let code = match result {
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
