//! `squall export`: a run for other programs to draw.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::source::SourceArgs;
use crate::files::Output;
use crate::plan::Plan;
use crate::record::Group;
use crate::report::export::{self, Export, ExportError, Filter};
use crate::report::mermaid::Mermaid;
use crate::report::perfetto::Perfetto;
use crate::report::shiviz::Shiviz;
use crate::sim::Run;
use crate::time::Span;

/// What `squall export` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall export reports/seed-42.plan.json --format perfetto -o run.json
  squall export scenarios/elections/split-vote.toml --format mermaid --to 400ms
  squall export --seed 1 --format shiviz --kind message --kind role --to 1s")]
pub struct ExportArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    /// Writes to a file instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only these nodes; a message counts as its sender's and its receiver's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=25))]
    node: Vec<u8>,
    /// Only these kinds
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(Group::NAMES))]
    kind: Vec<String>,
    /// Nothing before this time; a message counts when it is sent
    #[arg(long, value_name = "TIME")]
    from: Option<Span>,
    /// Nothing after this time
    #[arg(long, value_name = "TIME")]
    to: Option<Span>,
}

/// What a run can be exported to.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Trace events as JSON, for ui.perfetto.dev and chrome://tracing
    Perfetto,
    /// A sequence diagram, for Markdown; up to 300 arrows and notes
    Mermaid,
    /// A log with vector clocks, for ShiViz; up to 2,000 events
    Shiviz,
}

/// Exports a run. A violation in it is no error of the export.
pub fn export(args: &ExportArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let subject = args.source.subject(guests)?;
    check(args, &subject.name, &subject.plan)?;
    let run = subject.recorded();
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    let failed = |error: io::Error| Failure::output(path, error);
    let mut output = Output::create(path).map_err(failed)?;
    write(args, &run, &mut output).map_err(|error| match error {
        ExportError::Io(error) => failed(error),
        error => Failure::usage(error),
    })?;
    output.finish().map_err(failed)?;
    Ok(Code::Clean)
}

fn check(args: &ExportArgs, name: &str, plan: &Plan) -> Result<(), Failure> {
    let nodes = plan.cluster.nodes;
    if let Some(node) = args.node.iter().find(|node| **node > nodes) {
        return Err(Failure::usage(format!("--node {node}: {name} has nodes 1 to {nodes}")));
    }
    match (args.from, args.to) {
        (Some(from), Some(to)) if from > to => {
            Err(Failure::usage(format!("--from {from} is after --to {to}; swap them")))
        }
        _ => Ok(()),
    }
}

fn write(args: &ExportArgs, run: &Run<'_>, out: impl Write) -> Result<(), ExportError> {
    let plan = run.plan();
    let filter =
        Filter { nodes: args.node.clone(), kinds: args.kind.clone(), from: args.from, to: args.to };
    let mut format: Box<dyn Export + '_> = match args.format {
        Format::Perfetto => Box::new(Perfetto::new(out, plan, filter)?),
        Format::Mermaid => Box::new(Mermaid::new(out, plan, filter)),
        Format::Shiviz => Box::new(Shiviz::new(out, plan, filter)),
    };
    export::export(run, format.as_mut())
}
