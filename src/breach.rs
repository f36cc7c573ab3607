//! What a node can do that no host can go on with: it panics, or it breaks the contract of [`crate::node`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{Index, WriteId};

/// Why a node cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// Its code panicked: the beginning of the panic's words.
    Panicked(Text),
    /// It broke the contract with its host.
    Breached(Breach),
}

/// What happened, as it follows the name of the node.
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Panicked(words) if words.is_empty() => write!(f, "panicked"),
            Broken::Panicked(words) => write!(f, "panicked: {words}"),
            Broken::Breached(breach) => write!(f, "broke the contract with its host: it {breach}"),
        }
    }
}

/// A breach of the contract between a node and its host, with the numbers that show it. The docs of [`crate::node`] say what is asked.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Breach {
    /// A write has a number that is not above all earlier ones of this life.
    WriteOutOfOrder {
        /// The write.
        write: WriteId,
        /// The last one before it.
        last: WriteId,
    },
    /// A write of no entries.
    AppendOfNothing {
        /// The write.
        write: WriteId,
    },
    /// Entries that do not begin where the log ends.
    AppendOutOfPlace {
        /// Where the first entry was to sit.
        first: Index,
        /// Where the log ends.
        last: Index,
    },
    /// The removal of what is not in the log.
    TruncateOutOfPlace {
        /// The first index that was to go.
        from: Index,
        /// The last index that was compacted.
        base: Index,
        /// Where the log ends.
        last: Index,
    },
    /// A compaction of what is not in the log.
    CompactOutOfPlace {
        /// The last index that was to go.
        upto: Index,
        /// The last index that was compacted before.
        base: Index,
        /// Where the log ends.
        last: Index,
    },
    /// A compaction of what the durable snapshot does not cover.
    CompactUncovered {
        /// The last index that was to go.
        upto: Index,
        /// Up to where the durable snapshot goes; zero if there is none.
        snapshot: Index,
    },
    /// A log was to give way to another snapshot than the durable one.
    DiscardOutOfPlace {
        /// The last index of the snapshot.
        index: Index,
        /// Up to where the durable snapshot goes; zero if there is none.
        snapshot: Index,
        /// The last index that was compacted before.
        base: Index,
    },
    /// An entry was applied before others that come first. One that is applied again is for oracles to judge.
    ApplyOutOfOrder {
        /// The entry.
        index: Index,
        /// The last that was applied.
        applied: Index,
    },
    /// A snapshot was taken of another index than the state machine is at.
    SnapshotOutOfPlace {
        /// The index.
        index: Index,
        /// The last that was applied.
        applied: Index,
    },
    /// A snapshot was to be written while another one is.
    SnapshotWhileWriting {
        /// Up to where it goes.
        index: Index,
        /// Up to where the one goes that is being written.
        writing: Index,
    },
    /// A snapshot does not hold a state machine of this cluster.
    RestoreOfNoImage {
        /// Up to where it goes.
        index: Index,
    },
    /// A message to no node of the cluster.
    MessageToNobody {
        /// The number of the receiver.
        to: u8,
        /// How many nodes there are.
        nodes: u8,
    },
    /// A message to the sender.
    MessageToItself {
        /// The number of the node.
        to: u8,
    },
    /// A message waits for a write that was never made in this life.
    MessageAfterNoWrite {
        /// The write for which it waits.
        after: WriteId,
        /// The last write.
        last: WriteId,
    },
    /// A node was named that is none of the cluster: as leader, transferee, candidate, or to a client.
    NamedNobody {
        /// Its number.
        node: u8,
        /// How many nodes there are.
        nodes: u8,
    },
    /// A configuration names a node that is none of the cluster.
    ConfigurationOfNobody {
        /// The members, as bits: node 1 in the lowest.
        members: u32,
        /// How many nodes there are.
        nodes: u8,
    },
    /// A read that would change the state machine.
    ReadThatWrites {
        /// The client that asked.
        client: u32,
        /// Its count of requests.
        serial: u32,
    },
    /// A timer more than there may be at once.
    TooManyTimers {
        /// The timer.
        timer: u32,
        /// How many there may be.
        most: u32,
    },
}

impl Breach {
    /// Its number in digests, which must never change, and its numbers in order; zero where it has fewer.
    pub fn words(&self) -> [u64; 4] {
        match *self {
            Breach::WriteOutOfOrder { write, last } => [1, write.0, last.0, 0],
            Breach::AppendOfNothing { write } => [2, write.0, 0, 0],
            Breach::AppendOutOfPlace { first, last } => [3, first.0, last.0, 0],
            Breach::TruncateOutOfPlace { from, base, last } => [4, from.0, base.0, last.0],
            Breach::CompactOutOfPlace { upto, base, last } => [5, upto.0, base.0, last.0],
            Breach::CompactUncovered { upto, snapshot } => [6, upto.0, snapshot.0, 0],
            Breach::DiscardOutOfPlace { index, snapshot, base } => [7, index.0, snapshot.0, base.0],
            Breach::ApplyOutOfOrder { index, applied } => [8, index.0, applied.0, 0],
            Breach::SnapshotOutOfPlace { index, applied } => [9, index.0, applied.0, 0],
            Breach::SnapshotWhileWriting { index, writing } => [10, index.0, writing.0, 0],
            Breach::RestoreOfNoImage { index } => [11, index.0, 0, 0],
            Breach::MessageToNobody { to, nodes } => [12, to.into(), nodes.into(), 0],
            Breach::MessageToItself { to } => [13, to.into(), 0, 0],
            Breach::MessageAfterNoWrite { after, last } => [14, after.0, last.0, 0],
            Breach::NamedNobody { node, nodes } => [15, node.into(), nodes.into(), 0],
            Breach::ConfigurationOfNobody { members, nodes } => {
                [16, members.into(), nodes.into(), 0]
            }
            Breach::ReadThatWrites { client, serial } => [17, client.into(), serial.into(), 0],
            Breach::TooManyTimers { timer, most } => [18, timer.into(), most.into(), 0],
        }
    }
}

/// What the node did, without a subject.
impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breach::WriteOutOfOrder { write, last } => {
                write!(f, "made a write with number {} after number {}", write.0, last.0)
            }
            Breach::AppendOfNothing { write } => {
                write!(f, "appended no entries with write {}", write.0)
            }
            Breach::AppendOutOfPlace { first, last } => {
                write!(f, "appended at index {first} to a log that ends at {last}")
            }
            Breach::TruncateOutOfPlace { from, base, last } => {
                write!(
                    f,
                    "truncated from index {from} a log that goes from {} to {last}",
                    base.next()
                )
            }
            Breach::CompactOutOfPlace { upto, base, last } => {
                write!(
                    f,
                    "compacted up to index {upto} a log that goes from {} to {last}",
                    base.next()
                )
            }
            Breach::CompactUncovered { upto, snapshot } => {
                write!(
                    f,
                    "compacted up to index {upto}, and its durable snapshot goes to {snapshot}"
                )
            }
            Breach::DiscardOutOfPlace { index, snapshot, base } => write!(
                f,
                "discarded its log, compacted up to {base}, for a snapshot up to index {index}, and its durable one goes to {snapshot}"
            ),
            Breach::ApplyOutOfOrder { index, applied } => {
                write!(f, "applied index {index} after index {applied}")
            }
            Breach::SnapshotOutOfPlace { index, applied } => {
                write!(f, "took a snapshot of index {index} when it had applied {applied}")
            }
            Breach::SnapshotWhileWriting { index, writing } => {
                write!(f, "began to write a snapshot of index {index} beside that of {writing}")
            }
            Breach::RestoreOfNoImage { index } => {
                write!(
                    f,
                    "restored a snapshot of index {index} that holds no state machine of its cluster"
                )
            }
            Breach::MessageToNobody { to, nodes } => {
                write!(f, "sent a message to node {to}, and there are nodes 1 to {nodes}")
            }
            Breach::MessageToItself { to } => write!(f, "sent a message to itself, node {to}"),
            Breach::MessageAfterNoWrite { after, last } => {
                write!(f, "sent a message after write {after}, its last being {last}")
            }
            Breach::NamedNobody { node, nodes } => {
                write!(f, "named node {node}, and there are nodes 1 to {nodes}")
            }
            Breach::ConfigurationOfNobody { members, nodes } => write!(
                f,
                "made a configuration of the nodes {members:#b}, and there are nodes 1 to {nodes}"
            ),
            Breach::ReadThatWrites { client, serial } => {
                write!(f, "read by the request {serial} of client {client}, which writes")
            }
            Breach::TooManyTimers { timer, most } => {
                write!(f, "set timer {timer}, which is more than {most} timers at once")
            }
        }
    }
}

/// A short text that is copied like a number. What does not fit is cut off between two characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; Text::BYTES_MAX],
    len: u8,
}

impl Text {
    /// How many bytes it has room for.
    pub const BYTES_MAX: usize = 39;

    /// The beginning of a text.
    pub fn new(text: &str) -> Text {
        let len = text.floor_char_boundary(Text::BYTES_MAX);
        let mut bytes = [0; Text::BYTES_MAX];
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Text { bytes, len: len as u8 }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // It was made from text, and cut between two characters.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }

    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        Ok(Text::new(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_two_characters() {
        assert_eq!(Text::new("short").as_str(), "short");
        let long = "ä".repeat(30);
        assert_eq!(Text::new(&long).as_str(), "ä".repeat(Text::BYTES_MAX / 2));
        assert!(Text::new("").is_empty());
    }

    #[test]
    fn a_breach_is_told_with_its_numbers() {
        let breach = Breach::AppendOutOfPlace { first: Index(7), last: Index(4) };
        let broken = Broken::Breached(breach);
        assert_eq!(
            broken.to_string(),
            "broke the contract with its host: it appended at index 7 to a log that ends at 4"
        );
        let json = serde_json::to_string(&broken).expect("it is JSON");
        assert_eq!(json, r#"{"breached":{"append-out-of-place":{"first":7,"last":4}}}"#);
        assert_eq!(serde_json::from_str::<Broken>(&json).expect("it is read back"), broken);
        let panicked = Broken::Panicked(Text::new("no such index"));
        let json = serde_json::to_string(&panicked).expect("it is JSON");
        assert_eq!(serde_json::from_str::<Broken>(&json).expect("it is read back"), panicked);
    }
}
