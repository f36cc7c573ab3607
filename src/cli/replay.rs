//! `squall replay`: a saved run, once more.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::source;
use crate::report::expectations;
use crate::report::text;

/// How many records of a divergence are shown.
const SHOWN_MAX: usize = 20;

/// What `squall replay` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall replay reports/seed-42.plan.json")]
pub struct ReplayArgs {
    /// A plan that a failing run saved
    file: PathBuf,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs a saved plan again. A run that is the same ends with the code of the saved one's verdict.
pub fn replay(args: &ReplayArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let saved = source::read_saved(&args.file)?;
    let runner = guests.named(Some(&saved.guest))?;
    let (run, divergence) = saved.replay(runner).map_err(Failure::usage)?;
    let outcome = run.outcome();
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    let verdict = expectations::judge(&saved.plan, outcome, false);
    let code = if divergence.is_some() { Code::Diverged } else { Code::from(&verdict) };
    if args.json {
        let window = divergence.as_ref().map(|divergence| divergence.window);
        let result = serde_json::json!({
            "exit": code as u8,
            "same": divergence.is_none(),
            "saved_digest": saved.outcome.digest,
            "diverged_between_records": window,
            "outcome": outcome,
        });
        writeln!(out, "{result:#}")?;
        return Ok(code);
    }
    let Some(divergence) = divergence else {
        writeln!(out, "the same run: digest {}", outcome.digest)?;
        if let Some(proof) = text::violation(&run) {
            write!(out, "{proof}")?;
        }
        writeln!(out, "  {}", text::counters(outcome))?;
        writeln!(out, "  {}", text::judged(&saved.plan, outcome))?;
        let undecided = outcome.undecided().map(ToString::to_string);
        for line in undecided.chain(text::not_judged(&saved.plan, outcome)) {
            writeln!(out, "  {line}")?;
        }
        return Ok(code);
    };
    writeln!(out, "ANOTHER run: digest {}, saved {}", outcome.digest, saved.outcome.digest)?;
    let (from, to) = divergence.window;
    writeln!(out, "  it diverged between records {from} and {to}; this run has there:")?;
    for (number, line) in divergence.lines.iter().take(SHOWN_MAX) {
        writeln!(out, "    #{number:<7}{line}")?;
    }
    writeln!(out, "  the plan or squall itself changed since it was saved")?;
    Ok(code)
}
