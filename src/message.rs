//! What can be said of a message between nodes, whatever Raft sends it: oracles, traces and the network see this and nothing else.

use serde::{Deserialize, Serialize};

use crate::ids::{Index, Term};
use crate::log::RequestId;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    /// A candidate asks for a vote.
    RequestVote,
    /// The answer to it.
    Vote,
    /// A leader sends entries, or a heartbeat.
    AppendEntries,
    /// The answer to it.
    AppendReply,
    /// A follower hands a client's request to the leader.
    Forward,
    /// The leader's answer to it.
    ForwardReply,
    /// A node asks whether it would get a vote, before it stands.
    PreVote,
    /// The answer to it.
    PreVoteReply,
    /// A leader hands over: the receiver is to stand at once.
    TimeoutNow,
    /// A leader sends a part of a snapshot.
    InstallSnapshot,
    /// The answer to it.
    SnapshotReply,
    /// A leader asks whether it still leads, for reads that wait.
    ReadRound,
    /// The answer to it.
    ReadRoundReply,
    /// A follower asks its leader how far it must have applied to answer a read.
    ReadIndex,
    /// The answer to it.
    ReadIndexReply,
}

impl MessageKind {
    /// Whether a message of this kind can give the sender's vote to somebody: a request for votes is a vote for oneself.
    pub const fn may_give_a_vote(self) -> bool {
        matches!(self, MessageKind::RequestVote | MessageKind::Vote)
    }
}

/// What oracles and traces see of a message: small, and the same for every Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What the message is for.
    pub message: MessageKind,
    /// The sender's term; for a forwarded request and its answer, zero; for a pre-vote and its grant, the term in which the asking node
    /// would stand.
    pub term: Term,
    /// A candidate's last index; the index before the entries; the index that a follower has matched, or refused; the last that a
    /// snapshot covers; the number of a round of reads; how far to apply before a
    /// read.
    pub index: Index,
    /// The term at that index; for a refusal, the term that the follower has there.
    pub index_term: Term,
    /// How many entries it carries; of a snapshot, how many bytes.
    pub entries: u32,
    /// The leader's commit index; for a refusal, where the follower wants to go on; of a snapshot, how many bytes come before the
    /// part, or were received.
    pub commit: Index,
    /// Whether a vote or pre-vote was granted, entries were accepted, or a request was applied; for a vote request, whether the leader
    /// itself asked for the election; whether it is the last part of a snapshot, or the snapshot is installed.
    pub success: bool,
    /// The client's request that is forwarded.
    pub request: RequestId,
}

impl Summary {
    /// A summary that says nothing but what the message is for, and the sender's term.
    pub const fn new(message: MessageKind, term: Term) -> Summary {
        Summary {
            message,
            term,
            index: Index::ZERO,
            index_term: Term::ZERO,
            entries: 0,
            commit: Index::ZERO,
            success: false,
            request: RequestId::NONE,
        }
    }

    /// What the message takes on the wire, in bytes: a header, and its entries or its part of a snapshot.
    pub const fn bytes(&self) -> u64 {
        let each = match self.message {
            MessageKind::InstallSnapshot => 1,
            _ => crate::log::Entry::BYTES,
        };
        64 + self.entries as u64 * each
    }
}
