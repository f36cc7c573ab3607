//! tikv's Raft as a module: the very adapter that squall has for the crate. It does here, bit for bit, what it does in squall's process: an
//! oracle for the host itself.

use squall::export::Description;
use squall::guests::raft_rs::{self, RaftRs};

/// What this guest says of itself.
pub fn describe() -> Description {
    raft_rs::describe("raft-rs-module", "raft 0.7.0")
}

squall::export_node!(RaftRs, RaftRs::new, describe);
