//! The built-in Raft: the paper's sections 5.1 to 5.4, log compaction (7), the no-op of section 8, and what production systems add to
//! elections. Read `message`, `rules`, `core` and the three roles first; each role answers an input with the next role, and `node` makes
//! all transitions.
//!
//! Choices that the paper leaves open:
//! - Every answer waits for every earlier write of its node, which is the simplest reading of "updated on stable storage before
//!   responding to RPCs".
//! - When a write fails, the node stops, unless it is told to write again or to go on without (`OnWriteError`).
//! - A leader sends entries before its own disk has them, unless it is told to wait, and counts its own copy when it is durable
//!   (thesis 10.2.1).
//! - An entry is applied when it is committed and on the node's own disk, so that a durable state machine is never ahead of the log.
//! - Followers forward requests to the leader they know and relay the answer; a node that knows no leader refuses.
//! - All nodes boot in term 1.

mod candidate;
mod core;
mod disk_loop;
mod flow;
mod follower;
mod follower_reads;
mod leader;
mod lease;
mod membership;
mod message;
mod node;
mod prevote;
mod progress;
mod quorum;
mod reads;
mod rules;
mod snapshot;
mod transfer;

pub use message::Message;
pub use node::Raft;
pub use rules::Rules;
