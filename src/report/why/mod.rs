//! Answers simple questions about a run in words, from its records alone: why an entry was committed or was not, who won a term and why
//! others did not, why nobody leads, and what became of a request.

mod commit;
mod leaderless;
mod request;
mod term;

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::log::RequestId;
use crate::oracle::quorum::Tally;
use crate::report::elections::Elections;
use crate::report::requests::Requests;
use crate::sim::Run;
use crate::time::Time;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Why the entry at this index was committed, or was not.
    Commit(Index),
    /// Who won this term, and why this node did not; without a node, for every node that stood.
    Term(Term, Option<NodeId>),
    /// Why nobody leads at this time.
    Leaderless(Time),
    /// What became of a request.
    Request(RequestId),
}

/// Answers a question about a run.
///
/// # Errors
///
/// A sentence, if the run has nothing that the question is about.
pub fn answer(run: &Run<'_>, question: Question) -> Result<String, String> {
    let plan = run.plan();
    match question {
        Question::Commit(index) => {
            let mut commit = commit::Commit::new(plan, index);
            run.follow(&mut |record| commit.see(record));
            commit.tell()
        }
        Question::Term(term, node) => {
            let mut elections = Elections::new(plan);
            run.follow(&mut |record| elections.see(record));
            term::tell(&elections, term, node)
        }
        Question::Leaderless(time) => {
            let mut leaderless = leaderless::Leaderless::new(plan, time);
            run.follow(&mut |record| leaderless.see(record));
            leaderless.tell(run.outcome().time)
        }
        Question::Request(wanted) => {
            let mut requests = Requests::new(plan);
            run.follow(&mut |record| requests.see(record));
            request::tell(&requests, wanted)
        }
    }
}

/// How many voters are among some nodes, in words and of both halves in joint consensus, and whether that is a majority of each.
pub(crate) fn shares(configuration: Configuration, nodes: NodeSet, what: &str) -> (String, bool) {
    let tally = |half: NodeSet| format!("{} of {}", nodes.intersection(half).len(), half.len());
    let share = match configuration.is_joint() {
        false => format!("{} {what}", tally(configuration.voters)),
        true => format!(
            "{} {what} of the new voters and {} of the old ones",
            tally(configuration.voters),
            tally(configuration.outgoing)
        ),
    };
    (share, Tally::of(configuration, nodes).is_majority())
}
