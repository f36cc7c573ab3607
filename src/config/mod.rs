//! The options of a Raft, as a plan resolves them for a node: its own choices over those of a profile.
//!
//! They belong to the contract: any Raft is handed them, and goes by those that it knows. [`priority`] says how long a node with a low
//! priority leaves elections to others.

pub mod priority;

use crate::bugs::Bugs;
use crate::named::words;
use crate::time::{Span, SpanRange};

pub use priority::Priority;

/// The options of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// A follower that hears nothing for this long starts an election (5.2). Drawn anew for each.
    pub election_timeout: SpanRange,
    /// How long a leader waits between heartbeats.
    pub heartbeat_interval: SpanRange,
    /// How many entries one message carries at most, from 1.
    pub entries_per_append: u32,
    /// How many messages with entries may be unanswered per follower, from 1.
    pub appends_in_flight: u32,
    /// What elections have beyond the paper's.
    pub elections: Elections,
    /// How many bytes of entries one message carries at most, one entry at least; 0 for no limit.
    pub bytes_per_append: u64,
    /// How many bytes of entries may be unanswered per follower before no more are sent; 0 for no limit.
    pub bytes_in_flight: u64,
    /// How long a leader gathers requests before it appends them.
    pub batch_delay: Span,
    /// Whether a leader sends entries before its own disk has them.
    pub parallel_append: bool,
    /// How many entries are applied between two snapshots; 0 for none.
    pub snapshot_every: u64,
    /// How many entries before a snapshot's end stay in the log, for followers that are a little behind.
    pub snapshot_trailing: u64,
    /// How many bytes of a snapshot one message carries at most, from 1.
    pub snapshot_chunk: u32,
    /// How reads are answered.
    pub reads: Reads,
    /// Whether followers answer reads themselves; not with [`Reads::Log`].
    pub follower_reads: bool,
    /// How much faster one clock runs than another at most, in parts per million, where leases are used.
    pub drift_bound_ppm: u32,
    /// Whether a node neither ticks nor sends while its disk writes.
    pub waits_for_disk: bool,
    /// What a node does when a write failed.
    pub on_write_error: OnWriteError,
    /// Whether a leader refuses a change of the members after which too few voters would be active.
    pub strict_change: bool,
    /// The bugs that are planted in it.
    pub bugs: Bugs,
}

/// What elections have beyond the paper's. Each is a switch of its own, and off in the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elections {
    /// A node asks whether it could win before it raises its term (thesis 9.6).
    pub pre_vote: bool,
    /// A leader that hears from no majority for the lowest election timeout steps down (thesis 6.2).
    pub check_quorum: bool,
    /// A node that heard its leader within the lowest election timeout refuses its vote (thesis 4.2.3).
    pub vote_lease: bool,
    /// The node's priority among the others; none where it has none, and stands whenever its time is up.
    pub priority: Option<Priority>,
}

impl Elections {
    /// Whether a server that was removed, and does not know, is kept from disrupting the others for ever (thesis 4.2.3).
    pub fn bear_removed_servers(self) -> bool {
        self.pre_vote || self.vote_lease
    }
}

words! {
    /// What a node does when a write failed. In no case does it count as durable what failed.
    #[derive(Default)]
    pub enum OnWriteError {
        /// It stops, and its supervisor starts it again: what is on its disk is known when it is read.
        #[default]
        Stop,
        /// If it leads, it leads no more. It writes all that failed again, a heartbeat interval later, and does not stand before that is
        /// durable.
        StepDown,
        /// It goes on as it is, and nothing that it writes is durable any more until it starts again. A leader leads on by the disks of the
        /// others.
        LeadOn,
        /// It goes on as it is, and writes all that failed again, a heartbeat interval later.
        Retry,
    }
}

words! {
    /// How reads are answered.
    #[derive(Default)]
    pub enum Reads {
        /// By an entry in the log, as writes are.
        #[default]
        Log,
        /// By a state machine, after a majority has answered the leader (thesis 6.4).
        ReadIndex,
        /// By a state machine, at once while a majority has promised the leader to elect nobody else; by read index without such a promise
        /// (thesis 6.4.1).
        Lease,
    }
}
