//! Rafts of other people that squall has runners for, and one that is no Raft.

use crate::guest::Setup;
use crate::sim::Nodes;

/// tikv's Raft, the crate `raft`: `docs/guests/raft-rs.md`.
#[cfg(feature = "raft-rs")]
pub fn raft_rs()
-> Nodes<crate::guests::raft_rs::RaftRs, fn(&Setup<'_>) -> crate::guests::raft_rs::RaftRs> {
    use crate::guests::raft_rs::{LACKS, NAME, RaftRs, own_options};
    let make: fn(&Setup<'_>) -> RaftRs = RaftRs::new;
    let nodes = Nodes::new(NAME, make)
        .with_options(own_options())
        .configuring(crate::guest::Configures::OnApply);
    LACKS.iter().fold(nodes, |nodes, feature| nodes.lacking(*feature))
}

/// OmniPaxos, the crate `omnipaxos`: `docs/guests/omnipaxos.md`.
#[cfg(feature = "omnipaxos")]
pub fn omnipaxos() -> Nodes<
    crate::guests::omnipaxos::OmniPaxosNode,
    fn(&Setup<'_>) -> crate::guests::omnipaxos::OmniPaxosNode,
> {
    use crate::guest::Feature;
    use crate::guests::omnipaxos::{HAS, NAME, OmniPaxosNode};
    let make: fn(&Setup<'_>) -> OmniPaxosNode = OmniPaxosNode::new;
    Nodes::new(NAME, make).having_only(HAS).lacking(Feature::ElectsByLog)
}

/// openraft: `docs/guests/openraft.md`.
#[cfg(feature = "openraft")]
pub fn openraft()
-> Nodes<crate::guests::openraft::OpenRaft, fn(&Setup<'_>) -> crate::guests::openraft::OpenRaft> {
    use crate::guests::openraft::{LACKS, NAME, OpenRaft, own_options};

    let make: fn(&Setup<'_>) -> OpenRaft = OpenRaft::new;
    let nodes = Nodes::new(NAME, make).with_options(own_options());
    LACKS.iter().fold(nodes, |nodes, feature| nodes.lacking(*feature))
}
