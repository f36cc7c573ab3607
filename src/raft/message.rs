//! What nodes say to each other.

use std::rc::Rc;

use crate::ids::{Index, Term};
use crate::log::{Batch, RequestId};
use crate::message::Summary;
use crate::node::{Answer, Request, Snapshot};

/// A message between two nodes. Terms, indexes and names are those of Figure 2: the term is the sender's, and zero stands for no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line of a message says what its fields are")]
pub enum Message {
    /// A candidate asks every other node for its vote (5.2). No one need be loyal to a leader that asked for the election (thesis 4.2.3).
    RequestVote { term: Term, last_log_index: Index, last_log_term: Term, by_leader: bool },
    /// The answer to a candidate.
    Vote { term: Term, granted: bool },
    /// A node asks every other node whether it would get its vote, before it stands in this term, one past its own (thesis 9.6).
    PreVote { term: Term, last_log_index: Index, last_log_term: Term },
    /// The answer to it. A grant promises nothing, and has the term that was asked for.
    PreVoteReply { term: Term, granted: bool },
    /// A leader hands its leadership over: the receiver stands at once (thesis 3.10).
    TimeoutNow { term: Term },
    /// A leader replicates entries behind the one before them; without any, it is a heartbeat (5.2, 5.3).
    AppendEntries {
        term: Term,
        prev_log_index: Index,
        prev_log_term: Term,
        entries: Batch,
        leader_commit: Index,
    },
    /// A follower holds the leader's entries up to `match_index`, on its disk.
    Appended { term: Term, match_index: Index },
    /// A follower refuses entries behind the index `rejected`: there it has an entry of another term, the first of which is at
    /// `conflict_index`, or none, and its log ends before that; or the leader's term is over, and `rejected` is zero (5.3).
    Conflict { term: Term, rejected: Index, conflict_term: Term, conflict_index: Index },
    /// A leader sends a part of its snapshot, which begins at a byte, to a follower that lacks entries which the leader has compacted
    /// (section 7, Figure 13). It passes as a whole, but a receiver may use it only when it has received all of its bytes.
    InstallSnapshot { term: Term, snapshot: Rc<Snapshot>, offset: u64, bytes: u32, done: bool },
    /// The answer to a part of a snapshot that ends with this entry, of which so many bytes were received without a gap; zero where the
    /// leader's term is over. The paper's answer has no such field: its leader is told of a lost part by the lack of an answer alone.
    SnapshotReply { term: Term, last_included_index: Index, offset: u64, installed: bool },
    /// A leader asks whether it still leads, for reads that wait (thesis 6.4). Rounds count from 1 in each term.
    ReadRound { term: Term, round: u64 },
    /// The answer to it; round zero where the leader's term is over.
    ReadRoundReply { term: Term, round: u64 },
    /// A follower asks the leader that it knows how far it must have applied to answer a read itself (thesis 6.4).
    ReadIndex { request: RequestId },
    /// The answer to it; none if the node does not lead.
    ReadIndexReply { request: RequestId, index: Option<Index> },
    /// A follower hands a client's request to the leader that it knows.
    Forward { request: Request },
    /// The answer to a forwarded request, for the follower to relay.
    ForwardReply { request: RequestId, answer: Answer },
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
