//! Rafts of other people that squall has runners for.

use crate::guests::raft_rs::{LACKS, NAME, RaftRs, own_options};
use crate::sim::{Nodes, Runner};

/// tikv's Raft, the crate `raft`: `docs/guests/raft-rs.md`.
pub fn raft_rs() -> impl Runner {
    let nodes = Nodes::new(NAME, RaftRs::new).with_options(own_options());
    LACKS.iter().fold(nodes, |nodes, feature| nodes.lacking(*feature))
}
