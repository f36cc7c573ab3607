//! What nodes say to each other: openraft's requests and responses as plain data, and what squall sees of them.
//!
//! openraft leaves the network to its embedder: a request is a function that is called, and its response what the function gives. Here each
//! request has a number, and its response has the same.

use std::rc::Rc;

use super::library::{self, Vote};
use super::versions::voted_for;
use crate::ids::{Index, NodeId, Term};
use crate::log::Batch;
use crate::message::{Label, Summary};
use crate::node::Snapshot;

/// A message between two nodes.
#[derive(Clone, Debug)]
pub struct Message {
    /// The number of the request that it is, or that it answers: by whoever asked.
    pub number: u64,
    pub body: Body,
    /// The snapshot that it installs.
    pub snapshot: Option<Rc<Snapshot>>,
}

/// The place of an entry, if there is one.
pub type Place = Option<(Term, Index)>;

/// openraft's vote: for whom in which term, and whether a majority gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    pub term: Term,
    pub node: Option<NodeId>,
    pub committed: bool,
}

impl Ballot {
    /// A vote of openraft's.
    pub fn of(vote: &Vote) -> Ballot {
        let leader = vote.leader_id();
        let node = library::node(voted_for(leader));
        Ballot { term: Term(leader.term), node, committed: vote.is_committed() }
    }

    /// The same as a vote of openraft's.
    pub fn vote(&self) -> Vote {
        let node = self.node.map_or(0, |node| node.number().into());
        let make = if self.committed { Vote::new_committed } else { Vote::new };
        make(self.term.0, node)
    }
}

/// What a node answers to entries.
#[derive(Clone, Copy, Debug)]
pub enum Appended {
    All,
    Upto(Place),
    Conflict,
    HigherVote(Ballot),
}

/// What a node answers that was asked to stand.
#[derive(Clone, Copy, Debug)]
pub enum Handed {
    Done,
    VoteChanged(Ballot),
    NotFlushed(Place),
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Body {
    Append {
        vote: Ballot,
        previous: Place,
        entries: Batch,
        commit: Place,
    },
    /// With the term of the request, the index before its entries, and how many it had.
    Appended {
        answer: Appended,
        term: Term,
        previous: Index,
        count: u32,
    },
    Vote {
        vote: Ballot,
        last: Place,
        by_leader: bool,
        is_pre: bool,
    },
    /// With the term of the request.
    Voted {
        vote: Ballot,
        last: Place,
        granted: bool,
        term: Term,
        is_pre: bool,
    },
    Install {
        vote: Ballot,
        last: Place,
        members_at: Place,
    },
    /// With the vote of the request, the last index of its snapshot, and its size.
    Installed {
        vote: Ballot,
        asked: Ballot,
        last: Index,
        bytes: u64,
    },
    /// openraft tells all nodes to whom the lead is handed over, so that they give up their leases.
    Transfer {
        vote: Ballot,
        to: NodeId,
        receiver: NodeId,
        last: Place,
    },
    Transferred {
        handed: Handed,
        term: Term,
    },
}

impl Body {
    /// Whether it answers another.
    pub fn is_answer(&self) -> bool {
        matches!(
            self,
            Body::Appended { .. }
                | Body::Voted { .. }
                | Body::Installed { .. }
                | Body::Transferred { .. }
        )
    }
}

fn split(place: Place) -> (Term, Index) {
    place.unwrap_or_default()
}

/// What oracles and traces see.
pub fn summary(message: &Message) -> Summary {
    let other =
        |name, term, reply| Summary::Other { name: Label::new(name), term, bytes: 0, reply };
    match &message.body {
        Body::Append { vote, previous, entries, commit } => {
            let (prev_term, prev_index) = split(*previous);
            // The entry at index 0 is the membership with which all begin; squall's logs begin behind it.
            let hidden = u32::from(previous.is_none() && !entries.is_empty());
            let entries = entries.len() as u32 - hidden;
            let commit = split(*commit).1;
            Summary::AppendEntries { term: vote.term, prev_index, prev_term, entries, commit }
        }
        Body::Appended { answer, term, previous, count } => {
            appended(*answer, *term, *previous, *count)
        }
        Body::Vote { vote, last, by_leader, is_pre } => {
            let (term, (last_term, last_index), by_leader) = (vote.term, split(*last), *by_leader);
            match is_pre {
                true => Summary::PreVote { term, last_index, last_term },
                false => Summary::RequestVote { term, last_index, last_term, by_leader },
            }
        }
        Body::Voted { vote, granted, term, is_pre, .. } => {
            let (granted, own) = (*granted, vote.term);
            match is_pre {
                true if granted => Summary::PreVoteReply { term: *term, granted },
                true => Summary::PreVoteReply { term: own, granted },
                false => Summary::Vote { term: own, granted },
            }
        }
        Body::Install { vote, last, .. } => {
            let bytes = message.snapshot.as_ref().map_or(0, |snapshot| snapshot.image.bytes);
            let (last_term, last_index) = split(*last);
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            let (term, offset) = (vote.term, 0);
            Summary::InstallSnapshot { term, last_index, last_term, offset, bytes, done: true }
        }
        Body::Installed { vote, asked, last, bytes } => Summary::SnapshotReply {
            term: vote.term,
            last_index: *last,
            received: *bytes,
            installed: vote == asked,
        },
        Body::Transfer { vote, to, receiver, .. } => match to == receiver {
            true => Summary::TimeoutNow { term: vote.term },
            false => other("transfer", vote.term, false),
        },
        Body::Transferred { term, .. } => other("transferred", *term, true),
    }
}

fn appended(answer: Appended, term: Term, previous: Index, count: u32) -> Summary {
    let conflict = |term| Summary::Conflict {
        term,
        rejected: previous,
        conflict_term: Term::ZERO,
        conflict_index: Index::ZERO,
    };
    match answer {
        Appended::All => Summary::Appended { term, match_index: previous.plus(count.into()) },
        Appended::Upto(place) => Summary::Appended { term, match_index: split(place).1 },
        Appended::Conflict => conflict(term),
        Appended::HigherVote(vote) => conflict(vote.term),
    }
}
