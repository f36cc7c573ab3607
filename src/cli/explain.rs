//! `squall explain`: the story of a violation, in words and in order.

use std::io::Write;

use clap::Args;

use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::source::SourceArgs;
use crate::report::explain::explain as explained;

/// What `squall explain` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall explain scenarios/bugs/vote-twice.toml
  squall explain reports/fuzz/failures/durability-3f21aa --lines 20
  squall explain reports/seed-42.plan.json --markdown > bug.md")]
pub struct ExplainArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Prints a report of the bug, with the scenario that makes it happen again
    #[arg(long)]
    markdown: bool,
    /// How many lines it has at most; what proves the violation is always in it
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..))]
    lines: u16,
}

/// Tells what the arguments name.
pub fn explain(args: &ExplainArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let subject = args.source.subject(guests)?;
    let name = &subject.name;
    let run = subject.recorded();
    let explanation = explained(&run, usize::from(args.lines))
        .map_err(|message| Failure::usage(format!("{name}: {message}")))?
        .ok_or_else(|| Failure::usage(format!("{name}: nothing to explain: no violation")))?;
    let text = match args.markdown {
        true => explanation.markdown(&run),
        false => explanation.text(&args.source.words(name)),
    };
    write!(anstream::AutoStream::auto(std::io::stdout()), "{text}")?;
    Ok(Code::Clean)
}
