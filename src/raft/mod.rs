//! The built-in Raft: the paper's sections 5.1 to 5.4, log compaction (7), the no-op of section 8, and what production systems add to
//! elections.
//!
//! Read it in this order. [`message`] is what nodes say to each other. [`rules`] holds every safety rule of Figure 2 as one
//! small predicate. [`core`] is the state of Figure 2 and how it reaches the disk. `follower`, `candidate` and `leader` are the
//! three roles; each answers an input with the next role, and [`node`] makes all transitions. [`progress`] is what a leader
//! knows of one follower, `flow` how much it sends there, and [`snapshot`] what it sends to one that is too far behind. The switches of
//! [`Elections`] have a file each: `prevote`, `quorum` and [`priority`]; `transfer` hands leadership over, `membership` changes who belongs
//! to the cluster. [`reads`], [`lease`] and `follower_reads` answer reads without an entry. [`bug`] is the catalogue of mistakes that can
//! be planted into the rules.
//!
//! Choices that the paper leaves open:
//! - Every answer waits for every earlier write of its node, which is the simplest reading of "updated on stable storage before
//!   responding to RPCs".
//! - A leader sends entries before its own disk has them, unless it is told to wait, and counts its own copy when it is durable
//!   (thesis 10.2.1).
//! - An entry is applied when it is committed and on the node's own disk, so that a durable state machine is never ahead of the log.
//! - Followers forward requests to the leader they know and relay the answer; a node that knows no leader refuses.
//! - All nodes boot in term 1.

pub mod core;
pub mod lease;
pub mod message;
pub mod node;
pub mod priority;
pub mod progress;
pub mod reads;
pub mod rules;
pub mod snapshot;

mod candidate;
mod flow;
mod follower;
mod follower_reads;
mod leader;
mod membership;
mod prevote;
mod quorum;
mod transfer;

pub use message::Message;
pub use node::Raft;
pub use priority::Priority;
pub use reads::Reads;
pub use rules::Rules;

use crate::time::{Span, SpanRange};

/// The knobs of the built-in Raft.
#[derive(Clone, Copy, Debug)]
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
    /// The rules, with or without a planted bug.
    pub rules: Rules,
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
