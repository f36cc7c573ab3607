//! What messages are called where it is told that they come late.

use crate::message::Summary;

/// What a message is called where it is told that it comes late; none of those that nothing depends on.
pub fn name(message: &Summary) -> Option<String> {
    let name = match *message {
        Summary::RequestVote { .. } => "vote request",
        Summary::Vote { granted: true, .. } => "vote",
        Summary::Vote { .. } => "refusal of a vote",
        Summary::AppendEntries { entries: 0, .. } => "heartbeat",
        Summary::AppendEntries { .. } => "entries",
        Summary::Appended { match_index, .. } => {
            return Some(format!("word that its log matches up to {match_index}"));
        }
        Summary::Conflict { .. } => "refusal of entries",
        Summary::TimeoutNow { .. } => "word to stand",
        Summary::PreVoteReply { granted: true, .. } => "grant of a pre-vote",
        Summary::InstallSnapshot { .. } => "part of a snapshot",
        Summary::SnapshotReply { installed: true, .. } => "word that its snapshot is installed",
        Summary::SnapshotReply { .. } => "word of how much of a snapshot came",
        Summary::ReadRound { .. } => "question whether it still leads",
        Summary::ReadRoundReply { confirmed: true, .. } => "word that it still leads",
        Summary::ReadRoundReply { .. } => "word that its term is over",
        Summary::ReadIndex { .. } => "question how far to apply before a read",
        Summary::ReadIndexReply { .. } => "word how far to apply before a read",
        Summary::Other { name, .. } => return Some(name.to_string()),
        Summary::Forward { .. }
        | Summary::ForwardReply { .. }
        | Summary::PreVote { .. }
        | Summary::PreVoteReply { .. } => return None,
    };
    Some(name.to_owned())
}
