//! What can be said of a message between nodes, whatever Raft sends it: oracles, traces and the network see this and nothing else.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fold::Fold;
use crate::ids::{Index, Term};
use crate::log::{Entry, RequestId};
use crate::wire::Wire;

/// Makes all that is known of each message from one table. The order of the table is the number of a kind in digests.
macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident $name:literal {
        $($field:ident: $type:ty),* $(,)?
    })+) => {
        /// What a message says: small, and the same for every Raft. A guest says each of its messages in this form; one that is none of
        /// these is [`Summary::Other`], with a name of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "message", rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "the line of a message says what its fields are")]
        pub enum Summary {
            $($(#[$doc])* $variant { $($field: $type,)* },)+
        }

        /// What a message is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
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
        impl Wire for Summary {
            fn put(&self, to: &mut Vec<u8>) {
                (self.kind() as u8).put(to);
                match self {
                    $(Summary::$variant { $($field,)* } => { $($field.put(to);)* })+
                }
            }

            fn get(from: &mut &[u8]) -> Option<Summary> {
                let kind = MessageKind::ALL.get(usize::from(u8::get(from)?))?;
                Some(match kind {
                    $(MessageKind::$variant => Summary::$variant { $($field: Wire::get(from)?,)* },)+
                })
            }
        }

        /// The number of the kind, and the fields in their order.
        impl Fold for Summary {
            #[inline(always)]
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
    /// A candidate asks for a vote; of its log, the last index and term. The leader itself may have asked for the election.
    RequestVote "request-vote" { term: Term, last_index: Index, last_term: Term, by_leader: bool }
    /// The answer to a candidate.
    Vote "vote" { term: Term, granted: bool }
    /// A leader sends entries behind the previous index and its term, or, without any, a heartbeat.
    AppendEntries "append-entries" {
        term: Term, prev_index: Index, prev_term: Term, entries: u32, commit: Index,
    }
    /// A follower accepted entries or a heartbeat: up to here its log is known to match the leader's.
    Appended "appended" { term: Term, match_index: Index }
    /// A follower refused entries or a heartbeat: its log does not match, or the leader's term is over. It says what term it has at the
    /// index before the entries, zero for none, and from where it wants to go on, zero if it does not say.
    Conflict "conflict" { term: Term, rejected: Index, conflict_term: Term, conflict_index: Index }
    /// A follower hands a client's request to the leader.
    Forward "forward" { request: RequestId }
    /// The leader's answer to a forwarded request: applied or refused.
    ForwardReply "forward-reply" { request: RequestId, applied: bool }
    /// A node asks whether it would get a vote, before it stands in this term; of its log, the last index and term.
    PreVote "pre-vote" { term: Term, last_index: Index, last_term: Term }
    /// The answer to a node that would stand. A grant has the term in which it would, a refusal that of the answering node.
    PreVoteReply "pre-vote-reply" { term: Term, granted: bool }
    /// A leader hands over: the receiver is to stand at once.
    TimeoutNow "timeout-now" { term: Term }
    /// A leader sends a part, so many bytes from an offset on, of a snapshot up to an entry; the last part is done.
    InstallSnapshot "install-snapshot" {
        term: Term, last_index: Index, last_term: Term, offset: u64, bytes: u32, done: bool,
    }
    /// The answer to a part of a snapshot: how many bytes were received, and whether the snapshot is installed, or not needed, so that the
    /// follower has all up to its last index.
    SnapshotReply "snapshot-reply" { term: Term, last_index: Index, received: u64, installed: bool }
    /// A leader asks whether it still leads, for reads that wait.
    ReadRound "read-round" { term: Term, round: u64 }
    /// The answer to a leader's round, which is zero if the follower does not confirm that it leads.
    ReadRoundReply "read-round-reply" { term: Term, round: u64, confirmed: bool }
    /// A follower asks its leader how far it must have applied to answer a read.
    ReadIndex "read-index" { request: RequestId }
    /// The answer to a follower that has a read; none if the asked node does not lead.
    ReadIndexReply "read-index-reply" { request: RequestId, index: Option<Index> }
    /// A message of a guest that is none of the others, by its own name: the sender's term, zero without one; what it takes on the wire
    /// beside its header, in bytes; whether it answers another message.
    Other "other" { name: Label, term: Term, bytes: u32, reply: bool }
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
            Summary::Other { reply, .. } => reply,
            Summary::RequestVote { .. }
            | Summary::AppendEntries { .. }
            | Summary::Forward { .. }
            | Summary::PreVote { .. }
            | Summary::TimeoutNow { .. }
            | Summary::InstallSnapshot { .. }
            | Summary::ReadRound { .. }
            | Summary::ReadIndex { .. } => false,
            _ => true,
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

/// The name of a message.
pub type Label = Short<24>;

/// A short text in one line, kept in place so that what has one can be copied.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Short<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Short<BYTES> {
    /// How long it may be, in bytes of UTF-8.
    pub const BYTES_MAX: usize = BYTES;

    /// A text; of a longer one, the beginning. Control characters are left out.
    pub fn new(text: &str) -> Short<BYTES> {
        let mut bytes = [0; BYTES];
        let mut len = 0;
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let end = len + letter.len_utf8();
            let Some(place) = bytes.get_mut(len..end) else { break };
            letter.encode_utf8(place);
            len = end;
        }
        Short(bytes)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(BYTES);
        std::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

/// Three words, little-endian, with zeros behind the name.
impl Fold for Label {
    fn fold(&self, push: &mut impl FnMut(u64)) {
        let (words, _) = self.0.as_chunks::<8>();
        words.iter().for_each(|word| push(u64::from_le_bytes(*word)));
    }
}

/// The text, with zeros behind it.
impl Wire for Label {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0);
    }

    fn get(from: &mut &[u8]) -> Option<Label> {
        let (bytes, rest) = from.split_first_chunk::<{ Label::BYTES_MAX }>()?;
        *from = rest;
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Label::new(text.trim_end_matches('\0')))
    }
}

impl<const BYTES: usize> fmt::Display for Short<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const BYTES: usize> fmt::Debug for Short<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const BYTES: usize> Serialize for Short<BYTES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, const BYTES: usize> Deserialize<'de> for Short<BYTES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Short::new(&String::deserialize(deserializer)?))
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
