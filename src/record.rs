//! A record is one thing that happened. Oracles, situations, digests and traces see records and nothing else.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::breach::Broken;
use crate::configuration::Configuration;
use crate::fold::{Fold, one_word, parts};
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::{Command, RequestId};
use crate::machine::Output;
use crate::message::Summary;
use crate::node::{DiskFile, Role, TimerId};
use crate::rng::mix;
use crate::time::{LocalTime, Time};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The place of this record in the run, from 1.
    pub number: u64,
    /// The event during which it happened, from 1. One event gives several records.
    pub event: u64,
    /// The true time.
    pub time: Time,
    /// The node that it happened to, where it happened to a node.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node: Option<NodeId>,
    /// What happened.
    #[serde(flatten)]
    pub kind: Kind,
}

/// Makes all that is known of each kind of record from one table. A kind's place in it, from 1, is its tag in digests, and from 0 its
/// number on pages: a new kind goes to the end. Its name is the one that serde gives it; `tests/trace_docs.rs` holds it to that.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal $group:ident
        $({ $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? })?
        $(($inner:ident: $inner_type:ty))?,)+
    ) => {
        /// What happened. A change of the node's status is recorded when the step that made it has ended; an effect when it is carried out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the line of a kind says what its fields are")]
        pub enum Kind {
            $(
                $(#[$doc])*
                $variant $({ $($(#[$attribute])* $field: $type,)* })? $(($inner_type))?,
            )+
        }

        /// The places of kinds in the table.
        #[repr(u8)]
        enum Place {
            $($variant,)+
        }

        impl Kind {
            /// Name and group of every kind, in the order of their numbers.
            pub const TABLE: &'static [(&'static str, Group)] = &[$(($name, Group::$group),)+];

            /// The place of the kind in [`Kind::TABLE`].
            #[inline]
            pub const fn number(&self) -> u8 {
                match self {
                    $(Kind::$variant { .. } => Place::$variant as u8,)+
                }
            }
        }

        /// The fields of the kind in their order, without the kind itself.
        impl Fold for Kind {
            #[inline(always)]
            fn fold(&self, push: &mut impl FnMut(u64)) {
                match self {
                    $(Kind::$variant $({ $($field,)* })? $(($inner))? => {
                        $($($field.fold(push);)*)?
                        $($inner.fold(push);)?
                    })+
                }
            }
        }
    };
}

kinds! {
    /// The node starts: its life, 1 for the first; the durable term, vote and last index of the log; what its state machine had applied,
    /// and a fingerprint of it, where it lies on disk and something was. One that begins with a snapshot is restored next.
    Boot "boot" Fault {
        life: u32, term: Term, vote: Option<NodeId>, last_index: Index, applied: Index,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<u64>,
    },
    /// The node's process ends, by a fault or by its own [`Kind::Stop`].
    Crash "crash" Fault (remains: Remains),
    /// The node's disk was emptied while the node was down. The plan may want it to stay out from then on, so that it counts as one that is
    /// down.
    Wipe "wipe" Fault {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stays_out: bool,
    },
    /// A durable record of the node rotted, that is, its checksum does not hold any more: the entry at this index, the snapshot up to it,
    /// or the vote, at zero. The plan may have the node drop it, and all behind it, at its next start.
    Corrupt "corrupt" Fault {
        #[serde(default, skip_serializing_if = "DiskFile::is_log")]
        what: DiskFile,
        index: Index,
        drops: bool,
    },
    /// The node does not start: it found such a record, or, with index zero of the log, that its disk was emptied.
    Refuse "refuse" Fault {
        #[serde(default, skip_serializing_if = "DiskFile::is_log")]
        what: DiskFile,
        index: Index,
    },
    /// The node ends its own process because it cannot trust its disk.
    Stop "stop" Fault,
    /// The node stands still.
    Pause "pause" Fault,
    /// The node goes on.
    Resume "resume" Fault,
    /// The node's clock was set, or runs fast from now on by so many parts per million, or slow if negative.
    Clock "clock" Fault {
        before: LocalTime, after: LocalTime,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drift_ppm: Option<i32>,
    },
    /// The node's current term changed.
    Term "term" Role { term: Term },
    /// The node's role changed, or the term in which it plays it.
    Role "role" Role { role: Role, term: Term },
    /// The leader that the node knows of changed.
    Leader "leader" Role { leader: Option<NodeId> },
    /// The node, a leader, began to hand over to another, or does so no more.
    Transfer "transfer" Role { to: Option<NodeId> },
    /// The least priority with which the node would stand changed; it is zero before the first boot.
    TargetPriority "target-priority" Role { target: u32 },
    /// The node's commit index changed, in this term of the node.
    Commit "commit" Commit { index: Index, term: Term },
    /// The node wrote an entry, with this fingerprint, at the end of its log: not yet durable.
    Append "append" Log { write: WriteId, index: Index, term: Term, content: u64 },
    /// The entry that the node has just appended is a configuration, by which it goes from now on. Without a node, and at index 0: with
    /// whom the cluster begins, where that is not every node.
    Configure "configure" Log { index: Index, term: Term, configuration: Configuration },
    /// The node removed the end of its log from this index on: not yet durable.
    Truncate "truncate" Log { write: WriteId, from: Index },
    /// The node wrote its term and vote: not yet durable.
    Vote "vote" Log { write: WriteId, term: Term, vote: Option<NodeId> },
    /// This write and every earlier one of the node are durable. Without a lie before it, the node hears of it. In a lie the disk only says
    /// so: a crash can still take them.
    Durable "durable" Disk {
        write: WriteId,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lie: bool,
    },
    /// This write and every later one failed.
    WriteFailed "write-failed" Disk { write: WriteId },
    /// The node's state machine applied an entry with this fingerprint. It has no effect if its request was carried out before, or its
    /// session has expired.
    Apply "apply" Commit {
        index: Index, term: Term, content: u64, request: RequestId,
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        effect: bool,
    },
    /// A message left the node. Its number in the run is from 1.
    Send "send" Message { to: NodeId, id: u64, message: Summary },
    /// A message reached the node.
    Deliver "deliver" Message { from: NodeId, id: u64, message: Summary },
    /// A message to the node was lost.
    Drop "drop" Message { from: NodeId, id: u64, why: Loss },
    /// A message to the node will arrive twice.
    Duplicate "duplicate" Message { from: NodeId, id: u64 },
    /// A timer of the node fired, so many nanoseconds of true time late.
    Timer "timer" Timer {
        #[serde(default, skip_serializing_if = "TimerId::is_first")]
        timer: TimerId,
        late: u64,
    },
    /// A client began an operation, with attempt 1, or tried again, by asking the node.
    Invoke "invoke" Client { request: RequestId, command: Command, attempt: u32 },
    /// A client's request reached the node.
    Request "request" Client { request: RequestId },
    /// The node answered a client: its request was applied or refused.
    Reply "reply" Client { request: RequestId, applied: bool },
    /// A client heard the answer of the node, with what its operation gave where it went through the log.
    Answered "answered" Client {
        request: RequestId, applied: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Heard>,
    },
    /// A client's try ran out of time.
    TimedOut "timed-out" Client { request: RequestId },
    /// A client gave an operation up. Whether it was done is not known.
    GaveUp "gave-up" Client { request: RequestId },
    /// A fault struck; its place in the plan is from 1.
    Fault "fault" Fault { fault: u32 },
    /// A fault found nobody to strike: no such role, or a node already down.
    Missed "missed" Fault { fault: u32 },
    /// A fault ended.
    Heal "heal" Fault { fault: u32 },
    /// Faults are over, with check 0: the node belongs to the core, which must come back to life. Without a node, a look at whether it has,
    /// from 1.
    Recovery "recovery" Fault { check: u32 },
    /// The node's code panicked, or broke the contract with its host.
    Broken "broken" Fault { why: Broken },
    /// The node began to write a snapshot up to an entry, with a fingerprint of the state machine in it: not yet durable. It is of its own
    /// state machine, unless it was received from another node.
    Snapshot "snapshot" Disk { index: Index, term: Term, state: u64, received: bool },
    /// A snapshot of the node is durable, in place of the one before.
    SnapshotSaved "snapshot-saved" Disk { index: Index, term: Term },
    /// The node removed the beginning of its log, up to this index: not yet durable.
    Compact "compact" Log { write: WriteId, upto: Index },
    /// The node removed its whole log in favour of its durable snapshot up to this entry: not yet durable.
    Discard "discard" Log { write: WriteId, index: Index, term: Term },
    /// The node's state machine, with this fingerprint now, became that of a snapshot up to an entry.
    Restore "restore" Commit { index: Index, term: Term, state: u64 },
    /// The node was asked to change the members, and did not, or not yet.
    ChangeIgnored "change-ignored" Fault { why: Ignored },
    /// A client's request came to the node while the node was down: its machine refuses the connection, so this try has failed.
    ConnectionRefused "connection-refused" Client { request: RequestId },
    /// The node stands still, and its clock, too: its machine is suspended.
    Suspend "suspend" Fault,
    /// A message reached the node that is addressed to another.
    Stray "stray" Message { from: NodeId, to: NodeId, id: u64, message: Summary },
    /// The configuration by which the node counts majorities, when it starts and when it is another than before, where members may change.
    Counts "counts" Log { configuration: Configuration },
    /// The snapshot up to this index, which the node begins to write next, holds a configuration, if it is another than that with which the
    /// cluster began.
    Carries "carries" Disk { index: Index, configuration: Configuration },
    /// The node makes these the only members, and itself their leader, because an operator said so. From then on little is judged.
    Forced "forced" Fault { voters: NodeSet },
    /// The node has its disk take again what failed: by writing it again, or by a mere sync, which does nothing, though it succeeds.
    WriteAgain "write-again" Disk { writes: bool },
    /// What is durable on the node's disk is copied, for a fault of the plan that may put it back.
    Copied "copied" Fault { fault: u32 },
    /// The node's disk is what it was when it was copied for this fault. What it acknowledged since then is gone.
    PutBack "put-back" Fault { fault: u32 },
}

/// Why a change of the members, or a transfer of leadership, was ignored, as far as its host can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ignored {
    /// The node does not lead.
    NotLeader,
    /// The change before is not committed.
    Pending,
    /// The members are so already, or no voter would be left.
    NoChange,
    /// For another reason.
    Other,
    /// Too few voters of the new configuration are active, as the leader sees it.
    TooFewActive,
    /// A learner has not caught up: it may become a voter later.
    CatchingUp,
    /// It is to hand leadership to itself.
    ItLeads,
    /// It is to hand leadership to a node that is no voter of its configuration.
    NoVoter,
}

impl Ignored {
    /// In words, behind "ignored, for".
    pub const fn words(self) -> &'static str {
        match self {
            Ignored::NotLeader => "the node does not lead",
            Ignored::Pending => "the change before is not committed",
            Ignored::NoChange => "it would change nothing",
            Ignored::TooFewActive => "too few voters of the new configuration are active",
            Ignored::Other => "the leader is not ready for it, or never will be",
            Ignored::CatchingUp => "the learner has not caught up, as far as the leader knows",
            Ignored::ItLeads => "it leads itself",
            Ignored::NoVoter => "who is to lead is no voter of its configuration",
        }
    }
}

/// What a crash left of writes that were not durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remains {
    /// This write and every earlier one are on the disk.
    pub survived: WriteId,
    /// How many entries of the next write are there too.
    pub torn: u32,
    /// How many writes are lost, a torn one counted.
    pub lost: u32,
    /// Where the disk did not keep the order: the last write of a term and vote that is on it, which may come before or after those
    /// that survived; zero for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<WriteId>,
    /// How many of the lost writes the disk had said were durable.
    #[serde(default, skip_serializing_if = "is_none")]
    pub promised: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_yes(flag: &bool) -> bool {
    *flag
}

/// What a client hears that its request gave: an [`Output`], small enough for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// It was done.
    Done,
    /// A read: the values, as [`values_word`] has them.
    Values(u64),
    /// A compare-and-set found something else.
    Mismatch,
    /// An append to a list that is full.
    Full,
    /// A session was opened.
    Opened(Index),
    /// The session is not open any more.
    Expired,
}

impl From<&Output> for Heard {
    fn from(output: &Output) -> Heard {
        match output {
            Output::Done => Heard::Done,
            Output::Values(values) => Heard::Values(values_word(values)),
            Output::Mismatch => Heard::Mismatch,
            Output::Full => Heard::Full,
            Output::Opened(session) => Heard::Opened(*session),
            Output::Expired => Heard::Expired,
        }
    }
}

/// A list of values in one word: zero for none, 2^32 and the value for one, and for more a fingerprint with the highest bit set.
pub fn values_word(values: &[u32]) -> u64 {
    match values {
        [] => 0,
        [value] => 1 << 32 | u64::from(*value),
        values => {
            let fold = |state: u64, value: &u32| mix(state ^ u64::from(*value));
            values.iter().fold(values.len() as u64, fold) | 1 << 63
        }
    }
}

/// Why a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The network lost it.
    Network,
    /// The link was cut when it was sent.
    Cut,
    /// The link was cut when it would have arrived.
    CutInFlight,
    /// The receiver was down.
    Down,
    /// The node was down before it could leave: its write was not durable yet.
    Unsent,
    /// The network carries it to another node.
    Astray,
}

/// Groups of kinds of records, by which text traces, exports and pages are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Group {
    /// Roles, terms and leaders.
    Role,
    /// The log in memory, and the term and vote.
    Log,
    /// What is committed and applied.
    Commit,
    /// Messages between nodes.
    Message,
    /// What becomes durable, and snapshots.
    Disk,
    /// Clients, their requests, and what they hear.
    Client,
    /// Faults, and what befalls nodes.
    Fault,
    /// Timers.
    Timer,
}

impl Group {
    /// The names of all groups, in their order.
    pub const NAMES: [&str; 8] =
        ["role", "log", "commit", "message", "disk", "client", "fault", "timer"];

    /// Its name.
    pub const fn name(self) -> &'static str {
        Group::NAMES[self as usize]
    }
}

// A value of a closed set is its place in it.
one_word! {
    Role: value => value as u64;
    DiskFile: value => value as u64;
    Loss: value => value as u64;
    Ignored: value => value as u64;
    TimerId: value => value.0.into();
}

parts! {
    Configuration: voters learners outgoing auto_leave;
    Remains: survived torn lost votes promised;
}

/// 1 and a fingerprint of a panic's words, or 0 and what tells of a breach.
impl Fold for Broken {
    fn fold(&self, push: &mut impl FnMut(u64)) {
        let words = match self {
            Broken::Panicked(words) => [1, xxh3_64(words.as_str().as_bytes()), 0, 0, 0],
            Broken::Breached(breach) => {
                let [breach, first, second, third] = breach.words();
                [0, breach, first, second, third]
            }
        };
        words.into_iter().for_each(push);
    }
}

impl Fold for Heard {
    fn fold(&self, push: &mut impl FnMut(u64)) {
        let (place, value) = match *self {
            Heard::Done => (0, 0),
            Heard::Values(word) => (1, word),
            Heard::Mismatch => (2, 0),
            Heard::Full => (3, 0),
            Heard::Opened(session) => (4, session.0),
            Heard::Expired => (5, 0),
        };
        push(place);
        push(value);
    }
}

impl Kind {
    /// The name that traces have for the kind.
    pub const fn name(&self) -> &'static str {
        Kind::TABLE[self.number() as usize].0
    }

    /// The group that the kind belongs to.
    pub const fn group(&self) -> Group {
        Kind::TABLE[self.number() as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Millions of records are made each second, and each is handed to every oracle.
    #[test]
    fn a_record_stays_as_small_as_a_message_makes_it() {
        let text = size_of::<crate::breach::Text>();
        assert!(size_of::<Record>() <= 104, "{} bytes, {text} in a text", size_of::<Record>());
        assert!(size_of::<Broken>() <= 48);
    }
}
