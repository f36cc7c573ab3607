//! What nodes say to each other.

use std::rc::Rc;

use crate::ids::{Index, Term};
use crate::log::{Batch, RequestId};
use crate::message::Summary;
use crate::node::{Answer, Request, Snapshot};

/// A message between two nodes. Terms, indexes and names are those of Figure 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A candidate asks every other node for its vote (5.2).
    RequestVote {
        /// The candidate's term.
        term: Term,
        /// The index of its last entry; zero for an empty log.
        last_log_index: Index,
        /// The term of its last entry; zero for an empty log.
        last_log_term: Term,
        /// Whether the leader asked for this election, so that no one need be loyal to it (thesis 4.2.3).
        by_leader: bool,
    },
    /// The answer to a candidate.
    Vote {
        /// The voter's current term, for the candidate to update itself.
        term: Term,
        /// Whether the candidate received the vote.
        granted: bool,
    },
    /// A node asks every other node whether it would get its vote, before it stands (thesis 9.6).
    PreVote {
        /// The term in which it would stand: one past its own.
        term: Term,
        /// The index of its last entry; zero for an empty log.
        last_log_index: Index,
        /// The term of its last entry; zero for an empty log.
        last_log_term: Term,
    },
    /// The answer to it. A grant promises nothing.
    PreVoteReply {
        /// For a grant, the term that was asked for; for a refusal, the current term of the node that answers.
        term: Term,
        /// Whether the node would vote.
        granted: bool,
    },
    /// A leader hands its leadership over: the receiver stands at once (thesis 3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
    /// A leader replicates entries; without any, it is a heartbeat (5.2, 5.3).
    AppendEntries {
        /// The leader's term.
        term: Term,
        /// The index just before the new entries.
        prev_log_index: Index,
        /// The term of the entry there.
        prev_log_term: Term,
        /// The entries.
        entries: Batch,
        /// The leader's commit index.
        leader_commit: Index,
    },
    /// A follower holds the leader's entries up to `match_index`, on its disk.
    Appended {
        /// The follower's current term.
        term: Term,
        /// Up to where its log is known to equal the leader's.
        match_index: Index,
    },
    /// A follower refuses entries: it does not hold the entry before them, or the leader's term is over (5.3).
    Conflict {
        /// The follower's current term.
        term: Term,
        /// The `prev_log_index` that it refused; zero where the leader's term is over.
        rejected: Index,
        /// The term of its own entry there; zero if it has none.
        conflict_term: Term,
        /// The first index that it has of that term; if it has no entry there, one past its log.
        conflict_index: Index,
    },
    /// A leader sends a part of its snapshot to a follower that lacks entries which the leader has compacted (section 7, Figure 13).
    InstallSnapshot {
        /// The leader's term.
        term: Term,
        /// The snapshot. It passes as a whole, but a receiver may use it only when it has received all of its bytes.
        snapshot: Rc<Snapshot>,
        /// How many bytes of it come before this part.
        offset: u64,
        /// How many bytes this part has.
        bytes: u32,
        /// Whether it is the last part.
        done: bool,
    },
    /// The answer to a part of a snapshot.
    SnapshotReply {
        /// The follower's current term.
        term: Term,
        /// The last entry that the snapshot covers; zero where the leader's term is over.
        last_included_index: Index,
        /// How many bytes were received, without a gap. The paper's answer has no such field: its leader is told of a lost part
        /// by the lack of an answer alone.
        offset: u64,
        /// Whether the follower's disk and state machine hold everything up to that entry.
        installed: bool,
    },
    /// A leader asks whether it still leads, for reads that wait (thesis 6.4).
    ReadRound {
        /// The leader's term.
        term: Term,
        /// The round, from 1 in each term.
        round: u64,
    },
    /// The answer to it.
    ReadRoundReply {
        /// The follower's current term.
        term: Term,
        /// The round; zero where the leader's term is over.
        round: u64,
    },
    /// A follower asks the leader that it knows how far it must have applied to answer a read itself (thesis 6.4).
    ReadIndex {
        /// The read.
        request: RequestId,
    },
    /// The answer to it.
    ReadIndexReply {
        /// The read.
        request: RequestId,
        /// What must be applied; none if the node does not lead.
        index: Option<Index>,
    },
    /// A follower hands a client's request to the leader that it knows.
    Forward {
        /// The request.
        request: Request,
    },
    /// The answer to a forwarded request, for the follower to relay.
    ForwardReply {
        /// The request.
        request: RequestId,
        /// The answer.
        answer: Answer,
    },
}

impl Message {
    /// The sender's term, for messages that carry one. The term of a pre-vote, and of its grant, is nobody's yet.
    pub fn term(&self) -> Option<Term> {
        match self.summary() {
            Summary::PreVote { .. } | Summary::PreVoteReply { granted: true, .. } => None,
            summary => Some(summary.term()).filter(|term| *term > Term::ZERO),
        }
    }

    /// What oracles and traces see. In line, so that it is made where it stays.
    #[inline(always)]
    pub fn summary(&self) -> Summary {
        match *self {
            Message::RequestVote { term, last_log_index, last_log_term, by_leader } => {
                let (last_index, last_term) = (last_log_index, last_log_term);
                Summary::RequestVote { term, last_index, last_term, by_leader }
            }
            Message::PreVote { term, last_log_index, last_log_term } => {
                Summary::PreVote { term, last_index: last_log_index, last_term: last_log_term }
            }
            Message::PreVoteReply { term, granted } => Summary::PreVoteReply { term, granted },
            Message::TimeoutNow { term } => Summary::TimeoutNow { term },
            Message::Vote { term, granted } => Summary::Vote { term, granted },
            Message::AppendEntries {
                term,
                prev_log_index,
                prev_log_term,
                ref entries,
                leader_commit,
            } => Summary::AppendEntries {
                term,
                prev_index: prev_log_index,
                prev_term: prev_log_term,
                entries: entries.len() as u32,
                commit: leader_commit,
            },
            Message::Appended { term, match_index } => Summary::Appended { term, match_index },
            Message::Conflict { term, rejected, conflict_term, conflict_index } => {
                Summary::Conflict { term, rejected, conflict_term, conflict_index }
            }
            Message::InstallSnapshot { term, ref snapshot, offset, bytes, done } => {
                Summary::InstallSnapshot {
                    term,
                    last_index: snapshot.last_included_index,
                    last_term: snapshot.last_included_term,
                    offset,
                    bytes,
                    done,
                }
            }
            Message::SnapshotReply { term, last_included_index, offset, installed } => {
                let (last_index, received) = (last_included_index, offset);
                Summary::SnapshotReply { term, last_index, received, installed }
            }
            Message::ReadRound { term, round } => Summary::ReadRound { term, round },
            Message::ReadRoundReply { term, round } => {
                Summary::ReadRoundReply { term, round, confirmed: round > 0 }
            }
            Message::ReadIndex { request } => Summary::ReadIndex { request },
            Message::ReadIndexReply { request, index } => {
                Summary::ReadIndexReply { request, index }
            }
            Message::Forward { request } => Summary::Forward { request: request.id },
            Message::ForwardReply { request, ref answer } => {
                let applied = matches!(answer, Answer::Applied(_));
                Summary::ForwardReply { request, applied }
            }
        }
    }
}
