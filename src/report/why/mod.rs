//! Answers simple questions about a run in words, from its records alone: why an entry was committed, and who won a term.

mod commit;
mod term;

use std::fmt;

use crate::ids::{Index, NodeId, Term};
use crate::record::Record;
use crate::sim::Run;
use crate::time::Time;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Why the entry at this index was committed.
    Commit(Index),
    /// Who won this term, and why this node did not; without a node, for every node that stood.
    Term(Term, Option<NodeId>),
}

/// Answers a question about a run.
///
/// # Errors
///
/// A sentence, if the run has nothing that the question is about.
pub fn answer(run: &Run<'_>, question: Question) -> Result<String, String> {
    let nodes = run.plan().cluster.nodes;
    match question {
        Question::Commit(index) => {
            let mut story = commit::Story::new(nodes, index);
            run.follow(&mut |record| story.see(record));
            story.tell()
        }
        Question::Term(term, node) => {
            let mut story = term::Story::new(nodes, term);
            run.follow(&mut |record| story.see(record));
            story.tell(node)
        }
    }
}

/// Where in the run something is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cite {
    number: u64,
    time: Time,
}

impl Cite {
    fn of(record: &Record) -> Cite {
        Cite { number: record.number, time: record.time }
    }
}

impl fmt::Display for Cite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}s, #{}", self.time, self.number)
    }
}
