//! Rafts of other people that squall has runners for.

use crate::guest::{Configures, Setup};
use crate::guests::raft_rs::{LACKS, NAME, RaftRs, own_options};
use crate::sim::Nodes;

/// tikv's Raft, the crate `raft`: `docs/guests/raft-rs.md`.
pub fn raft_rs() -> Nodes<RaftRs, fn(&Setup<'_>) -> RaftRs> {
    let make: fn(&Setup<'_>) -> RaftRs = RaftRs::new;
    let nodes = Nodes::new(NAME, make).with_options(own_options()).configuring(Configures::OnApply);
    LACKS.iter().fold(nodes, |nodes, feature| nodes.lacking(*feature))
}
