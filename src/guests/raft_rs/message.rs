//! What nodes say to each other: raft-rs's messages as they are, a snapshot beside the one that installs it, and what squall sees of them.

use std::rc::Rc;

use protobuf::Message as _;
use raft::eraftpb::{Message as RaftMessage, MessageType};

use crate::guests::export::Carried;
use crate::guests::raft_rs::clients::ReadContext;
use crate::ids::{Index, Term};
use crate::log::RequestId;
use crate::message::{Label, Summary};
use crate::node::Snapshot;
use crate::payload::Payload;

/// The mark of an election for which the leader itself asked.
const BY_LEADER: &[u8] = b"CampaignTransfer";

/// A message of raft-rs's.
#[derive(Clone, Debug)]
pub struct Message {
    /// What raft-rs made.
    pub raft: Box<RaftMessage>,
    /// The snapshot that it installs.
    pub snapshot: Option<Rc<Snapshot>>,
}

/// Between modules it travels as raft-rs would send it.
impl Carried for Message {
    fn snapshot(&self) -> Option<&Rc<Snapshot>> {
        self.snapshot.as_ref()
    }

    fn put(&self, to: &mut Vec<u8>) {
        self.raft.write_to_vec(to).expect("a vector takes it");
    }

    fn get(from: &[u8], snapshot: Option<Rc<Snapshot>>) -> Option<Message> {
        let raft = Box::new(RaftMessage::parse_from_bytes(from).ok()?);
        Some(Message { raft, snapshot })
    }
}

/// Whose request a message carries.
fn request(message: &RaftMessage) -> RequestId {
    let data = message.entries.first().map(|entry| &entry.data[..]).unwrap_or_default();
    Payload::try_from(data).map_or(RequestId::NONE, |payload| payload.content().0)
}

/// What a message that asks or answers for a read carries beside its entry.
fn read(message: &RaftMessage) -> RequestId {
    let data = message.entries.first().map(|entry| &entry.data[..]).unwrap_or_default();
    ReadContext::from_bytes(data).map_or(RequestId::NONE, |context| context.request)
}

/// The number of the read that heartbeats ask for.
fn round(message: &RaftMessage) -> u64 {
    ReadContext::from_bytes(&message.context).map_or(0, |context| context.number)
}

/// What oracles and traces see.
pub fn summary(Message { raft: message, snapshot }: &Message) -> Summary {
    let (term, index, log_term) =
        (Term(message.term), Index(message.index), Term(message.log_term));
    let granted = !message.reject;
    let other = |name, reply| Summary::Other { name: Label::new(name), term, bytes: 0, reply };
    match message.get_msg_type() {
        MessageType::MsgRequestVote => Summary::RequestVote {
            term,
            last_index: index,
            last_term: log_term,
            by_leader: message.context == BY_LEADER,
        },
        MessageType::MsgRequestVoteResponse => Summary::Vote { term, granted },
        MessageType::MsgRequestPreVote => {
            Summary::PreVote { term, last_index: index, last_term: log_term }
        }
        MessageType::MsgRequestPreVoteResponse => Summary::PreVoteReply { term, granted },
        MessageType::MsgAppend => Summary::AppendEntries {
            term,
            prev_index: index,
            prev_term: log_term,
            entries: message.entries.len() as u32,
            commit: Index(message.commit),
        },
        MessageType::MsgAppendResponse if message.reject => Summary::Conflict {
            term,
            rejected: index,
            conflict_term: log_term,
            conflict_index: Index(message.reject_hint).next(),
        },
        MessageType::MsgAppendResponse => Summary::Appended { term, match_index: index },
        // These say up to where the receiver may commit, and carry no previous index.
        MessageType::MsgHeartbeat if message.context.is_empty() => other("heartbeat", false),
        MessageType::MsgHeartbeat => Summary::ReadRound { term, round: round(message) },
        MessageType::MsgHeartbeatResponse if message.context.is_empty() => {
            other("heartbeat-response", true)
        }
        MessageType::MsgHeartbeatResponse => {
            Summary::ReadRoundReply { term, round: round(message), confirmed: true }
        }
        MessageType::MsgSnapshot => {
            let metadata = message.get_snapshot().get_metadata();
            let bytes = snapshot.as_ref().map_or(0, |snapshot| snapshot.image.bytes);
            Summary::InstallSnapshot {
                term,
                last_index: Index(metadata.index),
                last_term: Term(metadata.term),
                offset: 0,
                bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
                done: true,
            }
        }
        MessageType::MsgTimeoutNow => Summary::TimeoutNow { term },
        MessageType::MsgPropose => Summary::Forward { request: request(message) },
        MessageType::MsgReadIndex => Summary::ReadIndex { request: read(message) },
        MessageType::MsgReadIndexResp => {
            Summary::ReadIndexReply { request: read(message), index: Some(index) }
        }
        MessageType::MsgTransferLeader => other("transfer-leader", false),
        // These never leave their node.
        MessageType::MsgHup
        | MessageType::MsgBeat
        | MessageType::MsgUnreachable
        | MessageType::MsgSnapStatus
        | MessageType::MsgCheckQuorum => other("local", false),
    }
}
