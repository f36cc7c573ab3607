//! What a node can do that no host can go on with: it panics, or it breaks the contract of [`crate::node`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fold::Fold;
use crate::ids::{Index, WriteId};
use crate::message::Short;

/// Why a node cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// Its code panicked: the beginning of the panic's words.
    Panicked(Text),
    /// It broke the contract with its host.
    Breached(Breach),
}

/// The beginning of a panic's words.
pub type Text = Short<39>;

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

/// Makes all that is known of breaches from one table. The number of each is its own in digests, and must never change.
macro_rules! breaches {
    ($($(#[$doc:meta])* $variant:ident $number:literal { $($field:ident: $type:ty),* }
        $text:literal $(, $value:expr)*;)+
    ) => {
        /// A breach of the contract between a node and its host, with the numbers that show it. The docs of [`crate::node`] say what is
        /// asked.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "the line of a breach says what its numbers are")]
        pub enum Breach {
            $($(#[$doc])* $variant { $($field: $type),* },)+
        }

        impl Breach {
            /// Its number in digests, and its numbers in order; zero where it has fewer.
            pub fn words(&self) -> [u64; 4] {
                let (mut words, mut place) = ([0; 4], 0);
                let mut push = |word| {
                    words[place] = word;
                    place += 1;
                };
                match self {
                    $(Breach::$variant { $($field),* } => {
                        push($number);
                        $($field.fold(&mut push);)*
                    })+
                }
                words
            }
        }

        /// What the node did, without a subject.
        impl fmt::Display for Breach {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Breach::$variant { $($field),* } => write!(f, $text $(, $value)*),)+
                }
            }
        }
    };
}

breaches! {
    /// A write has a number that is not above all earlier ones of this life.
    WriteOutOfOrder 1 { write: WriteId, last: WriteId }
        "made a write with number {} after number {}", write.0, last.0;
    /// A write of no entries.
    AppendOfNothing 2 { write: WriteId } "appended no entries with write {}", write.0;
    /// Entries that do not begin where the log ends.
    AppendOutOfPlace 3 { first: Index, last: Index }
        "appended at index {first} to a log that ends at {last}";
    /// The removal of what is not in the log, which ends at `last` and is compacted up to `base`.
    TruncateOutOfPlace 4 { from: Index, base: Index, last: Index }
        "truncated from index {from} a log that goes from {} to {last}", base.next();
    /// A compaction of what is not in the log.
    CompactOutOfPlace 5 { upto: Index, base: Index, last: Index }
        "compacted up to index {upto} a log that goes from {} to {last}", base.next();
    /// A compaction of what the durable snapshot does not cover; zero if there is none.
    CompactUncovered 6 { upto: Index, snapshot: Index }
        "compacted up to index {upto}, and its durable snapshot goes to {snapshot}";
    /// A log was to give way to another snapshot than the durable one; zero if there is none.
    DiscardOutOfPlace 7 { index: Index, snapshot: Index, base: Index }
        "discarded its log, compacted up to {base}, for a snapshot up to index {index}, and its durable one goes to {snapshot}";
    /// An entry was applied before others that come first. One that is applied again is for oracles to judge.
    ApplyOutOfOrder 8 { index: Index, applied: Index } "applied index {index} after index {applied}";
    /// A snapshot was taken of another index than the state machine is at.
    SnapshotOutOfPlace 9 { index: Index, applied: Index }
        "took a snapshot of index {index} when it had applied {applied}";
    /// A snapshot was to be written while another one is.
    SnapshotWhileWriting 10 { index: Index, writing: Index }
        "began to write a snapshot of index {index} beside that of {writing}";
    /// A snapshot does not hold a state machine of this cluster.
    RestoreOfNoImage 11 { index: Index }
        "restored a snapshot of index {index} that holds no state machine of its cluster";
    /// A message to no node of the cluster, which has so many.
    MessageToNobody 12 { to: u8, nodes: u8 }
        "sent a message to node {to}, and there are nodes 1 to {nodes}";
    /// A message to the sender.
    MessageToItself 13 { to: u8 } "sent a message to itself, node {to}";
    /// A message waits for a write that was never made in this life.
    MessageAfterNoWrite 14 { after: WriteId, last: WriteId }
        "sent a message after write {after}, its last being {last}";
    /// A node was named that is none of the cluster: as leader, transferee, candidate, or to a client.
    NamedNobody 15 { node: u8, nodes: u8 } "named node {node}, and there are nodes 1 to {nodes}";
    /// A configuration names a node that is none of the cluster. The members are bits: node 1 in the lowest.
    ConfigurationOfNobody 16 { members: u32, nodes: u8 }
        "made a configuration of the nodes {members:#b}, and there are nodes 1 to {nodes}";
    /// A read that would change the state machine, by a request of a client.
    ReadThatWrites 17 { client: u32, serial: u32 }
        "read by the request {serial} of client {client}, which writes";
    /// A timer more than there may be at once.
    TooManyTimers 18 { timer: u32, most: u32 }
        "set timer {timer}, which is more than {most} timers at once";
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
