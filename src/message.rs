//! What can be said of a message between nodes, whatever Raft sends it: oracles, traces and the network see this and nothing else.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fold::Fold;
use crate::ids::{Index, Term};
use crate::log::{Entry, RequestId};

/// Makes all that is known of each message from one table. The order of the table is the number of a kind in digests.
macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident $name:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })+) => {
        /// What a message says: small, and the same for every Raft. A guest says each of its messages in this form; one that is none of
        /// these is [`Summary::Other`], with a name of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "message", rename_all = "kebab-case")]
        pub enum Summary {
            $($(#[$doc])* $variant { $($(#[$field_doc])* $field: $type,)* },)+
        }

        /// What a message is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum MessageKind {
            $($(#[$doc])* $variant,)+
        }

        impl MessageKind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &'static [MessageKind] = &[$(MessageKind::$variant,)+];

            /// The name that traces have for it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(MessageKind::$variant => $name,)+
                }
            }
        }

        impl Summary {
            /// What the message is for.
            #[inline]
            pub const fn kind(&self) -> MessageKind {
                match self {
                    $(Summary::$variant { .. } => MessageKind::$variant,)+
                }
            }
        }

        /// The number of the kind, and the fields in their order.
        impl Fold for Summary {
            #[inline]
            fn fold(&self, push: &mut impl FnMut(u64)) {
                push(self.kind() as u64);
                match self {
                    $(Summary::$variant { $($field,)* } => { $($field.fold(push);)* })+
                }
            }
        }
    };
}

messages! {
    /// A candidate asks for a vote.
    RequestVote "request-vote" {
        /// The candidate's term.
        term: Term,
        /// The last index of its log.
        last_index: Index,
        /// The term of its last entry.
        last_term: Term,
        /// Whether the leader itself asked for the election.
        by_leader: bool,
    }
    /// The answer to a candidate.
    Vote "vote" {
        /// The voter's term.
        term: Term,
        /// Whether it gives its vote.
        granted: bool,
    }
    /// A leader sends entries, or a heartbeat.
    AppendEntries "append-entries" {
        /// The leader's term.
        term: Term,
        /// The index before the entries.
        prev_index: Index,
        /// The term of the entry there.
        prev_term: Term,
        /// How many entries the message carries; a heartbeat has none.
        entries: u32,
        /// The leader's commit index.
        commit: Index,
    }
    /// A follower accepted entries or a heartbeat.
    Appended "appended" {
        /// The follower's term.
        term: Term,
        /// Up to where its log is known to match the leader's.
        match_index: Index,
    }
    /// A follower refused entries or a heartbeat: its log does not match, or the leader's term is over.
    Conflict "conflict" {
        /// The follower's term.
        term: Term,
        /// The index before the entries that it refused.
        rejected: Index,
        /// The term that the follower has there; zero for none.
        conflict_term: Term,
        /// From where the follower wants to go on; zero if it does not say.
        conflict_index: Index,
    }
    /// A follower hands a client's request to the leader.
    Forward "forward" {
        /// The request.
        request: RequestId,
    }
    /// The leader's answer to a forwarded request.
    ForwardReply "forward-reply" {
        /// The request.
        request: RequestId,
        /// Whether it was applied rather than refused.
        applied: bool,
    }
    /// A node asks whether it would get a vote, before it stands.
    PreVote "pre-vote" {
        /// The term in which the node would stand.
        term: Term,
        /// The last index of its log.
        last_index: Index,
        /// The term of its last entry.
        last_term: Term,
    }
    /// The answer to a node that would stand.
    PreVoteReply "pre-vote-reply" {
        /// For a grant, the term in which the asking node would stand; else the term of the answering node.
        term: Term,
        /// Whether the answering node would give its vote.
        granted: bool,
    }
    /// A leader hands over: the receiver is to stand at once.
    TimeoutNow "timeout-now" {
        /// The leader's term.
        term: Term,
    }
    /// A leader sends a part of a snapshot.
    InstallSnapshot "install-snapshot" {
        /// The leader's term.
        term: Term,
        /// The last index that the snapshot covers.
        last_index: Index,
        /// The term of the entry there.
        last_term: Term,
        /// How many bytes of the snapshot come before this part.
        offset: u64,
        /// How many bytes this part has.
        bytes: u32,
        /// Whether this is the last part.
        done: bool,
    }
    /// The answer to a part of a snapshot.
    SnapshotReply "snapshot-reply" {
        /// The follower's term.
        term: Term,
        /// The last index that the snapshot covers.
        last_index: Index,
        /// How many bytes of it were received.
        received: u64,
        /// Whether the snapshot is installed, or not needed, so that the follower has all up to `last_index`.
        installed: bool,
    }
    /// A leader asks whether it still leads, for reads that wait.
    ReadRound "read-round" {
        /// The leader's term.
        term: Term,
        /// The number of the round.
        round: u64,
    }
    /// The answer to a leader's round.
    ReadRoundReply "read-round-reply" {
        /// The follower's term.
        term: Term,
        /// The number of the round; zero if it is not confirmed.
        round: u64,
        /// Whether the asking node still leads, as far as the follower knows.
        confirmed: bool,
    }
    /// A follower asks its leader how far it must have applied to answer a read.
    ReadIndex "read-index" {
        /// The read.
        request: RequestId,
    }
    /// The answer to a follower that has a read.
    ReadIndexReply "read-index-reply" {
        /// The read.
        request: RequestId,
        /// How far to apply before it is answered; none if the asked node does not lead.
        index: Option<Index>,
    }
    /// A message of a guest that is none of the others.
    Other "other" {
        /// What the guest calls it.
        name: Label,
        /// The sender's term; zero for a message without one.
        term: Term,
        /// What it takes on the wire beside its header, in bytes.
        bytes: u32,
        /// Whether it answers another message.
        reply: bool,
    }
}

/// Every record of a message has one, and runs have millions of those.
const _: () = assert!(size_of::<Summary>() <= 40);

impl Summary {
    /// What every message takes on the wire, in bytes, beside its entries or its part of a snapshot.
    const HEADER_BYTES: u64 = 64;

    /// The sender's term, or for a pre-vote and its grant the term in which the asking node would stand; zero for messages that have
    /// none, as a forwarded request.
    #[inline]
    pub const fn term(&self) -> Term {
        match *self {
            Summary::RequestVote { term, .. }
            | Summary::Vote { term, .. }
            | Summary::AppendEntries { term, .. }
            | Summary::Appended { term, .. }
            | Summary::Conflict { term, .. }
            | Summary::PreVote { term, .. }
            | Summary::PreVoteReply { term, .. }
            | Summary::TimeoutNow { term }
            | Summary::InstallSnapshot { term, .. }
            | Summary::SnapshotReply { term, .. }
            | Summary::ReadRound { term, .. }
            | Summary::ReadRoundReply { term, .. }
            | Summary::Other { term, .. } => term,
            Summary::Forward { .. }
            | Summary::ForwardReply { .. }
            | Summary::ReadIndex { .. }
            | Summary::ReadIndexReply { .. } => Term::ZERO,
        }
    }

    /// What the message takes on the wire, in bytes: a header, and its entries or its part of a snapshot.
    #[inline]
    pub const fn bytes(&self) -> u64 {
        Summary::HEADER_BYTES
            + match *self {
                Summary::AppendEntries { entries, .. } => entries as u64 * Entry::BYTES,
                Summary::InstallSnapshot { bytes, .. } | Summary::Other { bytes, .. } => {
                    bytes as u64
                }
                _ => 0,
            }
    }

    /// Whether the message answers another.
    pub const fn is_reply(&self) -> bool {
        match *self {
            Summary::Vote { .. }
            | Summary::Appended { .. }
            | Summary::Conflict { .. }
            | Summary::ForwardReply { .. }
            | Summary::PreVoteReply { .. }
            | Summary::SnapshotReply { .. }
            | Summary::ReadRoundReply { .. }
            | Summary::ReadIndexReply { .. } => true,
            Summary::Other { reply, .. } => reply,
            Summary::RequestVote { .. }
            | Summary::AppendEntries { .. }
            | Summary::Forward { .. }
            | Summary::PreVote { .. }
            | Summary::TimeoutNow { .. }
            | Summary::InstallSnapshot { .. }
            | Summary::ReadRound { .. }
            | Summary::ReadIndex { .. } => false,
        }
    }

    /// Whether the message carries no entries, although it is of the kind that may.
    pub const fn is_heartbeat(&self) -> bool {
        matches!(self, Summary::AppendEntries { entries: 0, .. })
    }

    /// Whether the message can give the sender's vote to somebody: a request for votes is a vote for oneself.
    #[inline]
    pub const fn may_give_a_vote(&self) -> bool {
        matches!(self, Summary::RequestVote { .. } | Summary::Vote { .. })
    }

    /// Up to where the sender says that its log matches the receiver's: it accepted entries, or has installed a snapshot.
    pub const fn acknowledged(&self) -> Option<Index> {
        match *self {
            Summary::Appended { match_index, .. } => Some(match_index),
            Summary::SnapshotReply { last_index, installed: true, .. } => Some(last_index),
            _ => None,
        }
    }
}

/// A short name, kept in place so that what has one can be copied.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label([u8; Label::BYTES_MAX]);

impl Label {
    /// How long a name may be, in bytes of UTF-8.
    pub const BYTES_MAX: usize = 24;

    /// A name; of a longer one, the beginning. Control characters are left out.
    pub fn new(name: &str) -> Label {
        let mut bytes = [0; Label::BYTES_MAX];
        let mut len = 0;
        for letter in name.chars().filter(|letter| !letter.is_control()) {
            let end = len + letter.len_utf8();
            let Some(place) = bytes.get_mut(len..end) else { break };
            letter.encode_utf8(place);
            len = end;
        }
        Label(bytes)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(Label::BYTES_MAX);
        std::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }
}

/// Three words, little-endian, with zeros behind the name.
impl Fold for Label {
    fn fold(&self, push: &mut impl FnMut(u64)) {
        let (words, _) = self.0.as_chunks::<8>();
        words.iter().for_each(|word| push(u64::from_le_bytes(*word)));
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Label::new(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_beginning_of_a_name() {
        assert_eq!(Label::new("gossip").as_str(), "gossip");
        assert_eq!(Label::new("").as_str(), "");
        let long = "a".repeat(Label::BYTES_MAX - 1) + "\u{e9}\u{e9}";
        assert_eq!(Label::new(&long).as_str(), &long[..Label::BYTES_MAX - 1]);
        assert_eq!(Label::new("a\n\0b").as_str(), "ab");
    }

    #[test]
    fn names_are_those_of_json() {
        let name = Label::new("gossip");
        let other = Summary::Other { name, term: Term(3), bytes: 10, reply: true };
        let json = serde_json::to_string(&other).expect("it is JSON");
        let text = r#"{"message":"other","name":"gossip","term":3,"bytes":10,"reply":true}"#;
        assert_eq!(json, text);
        assert_eq!(serde_json::from_str::<Summary>(&json).expect("it is one"), other);
        assert_eq!((other.kind().name(), other.bytes(), other.is_reply()), ("other", 74, true));
    }
}
