//! `squall why`: simple questions about a run, answered in words.

use std::io::Write;

use clap::Args;

use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::source::SourceArgs;
use crate::ids::{Index, NodeId, Term};
use crate::report::why::{Question, answer};

/// What `squall why` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall why scenarios/safety/leader-crash-after-commit.toml --commit 1
  squall why --seed 42 --term 2
  squall why reports/seed-42.plan.json --term 3 --node 2")]
pub struct WhyArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Why the entry at this index was committed
    #[arg(long, value_name = "INDEX", required_unless_present = "term", conflicts_with = "term", value_parser = clap::value_parser!(u64).range(1..))]
    commit: Option<u64>,
    /// Who won this term, and why others did not
    #[arg(long, value_name = "TERM", value_parser = clap::value_parser!(u64).range(1..))]
    term: Option<u64>,
    /// With --term: why this node did not win
    #[arg(long, value_name = "N", requires = "term", value_parser = clap::value_parser!(u8).range(1..=25))]
    node: Option<u8>,
}

/// Answers a question. A run that has nothing to do with it is a wrong use.
pub fn why(args: &WhyArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let subject = args.source.subject(guests)?;
    let name = &subject.name;
    let nodes = subject.plan.cluster.nodes;
    if let Some(node) = args.node.filter(|node| *node > nodes) {
        return Err(Failure::usage(format!("--node {node}: {name} has nodes 1 to {nodes}")));
    }
    let question = match (args.commit, args.term) {
        (Some(index), _) => Question::Commit(Index(index)),
        (None, Some(term)) => Question::Term(Term(term), args.node.map(NodeId::new)),
        (None, None) => return Err(Failure::usage("ask for a --commit or a --term")),
    };
    let text = answer(&subject.recorded(), question)
        .map_err(|message| Failure::usage(format!("{name}: {message}")))?;
    write!(anstream::AutoStream::auto(std::io::stdout()), "{text}")?;
    Ok(Code::Clean)
}
