//! tikv's Raft, the crate `raft` (raft-rs), unmodified, as a node of squall.
//!
//! raft-rs is a state machine without I/O, too: messages and ticks go in, and a `Ready` says what is to be written, sent and applied. What
//! is left to its embedder is here: `ready` carries a `Ready` out, and the names of the other files say what else there is.
//! `docs/guests/raft-rs.md` says what the adapter does in the library's place, and what the library lacks.

mod clients;
mod install;
mod library;
mod life;
mod members;
mod message;
mod node;
mod options;
mod ready;
mod snapshots;
mod store;
mod ticks;

pub use message::Message;
pub use node::RaftRs;
pub use options::{LACKS, NAME, describe, own_options};
