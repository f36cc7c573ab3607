//! openraft's types as this adapter uses them.

use openraft::impls::leader_id_std::LeaderId;
use openraft::metrics::RaftMetrics;
use openraft::vote::RaftLeaderId;

use super::machine::Machine;
pub use super::versions::Types;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};

/// A node of openraft.
pub type Raft = openraft::Raft<Types, Machine>;
pub type LogId = openraft::alias::LogIdOf<Types>;
pub type Vote = openraft::alias::VoteOf<Types>;
pub type LogEntry = openraft::alias::EntryOf<Types>;
pub type Membership = openraft::Membership<u64, ()>;
pub type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
pub type SnapshotMeta = openraft::alias::SnapshotMetaOf<Types>;
pub type Metrics = RaftMetrics<Types>;

/// The place of an entry.
pub fn log_id((term, index): (Term, Index)) -> LogId {
    LogId::new(LeaderId::<u64, u64>::new(term.0, 0).to_committed(), index.0)
}

/// The same in squall's words.
pub fn at(log_id: &LogId) -> (Term, Index) {
    (Term(log_id.committed_leader_id().term), Index(log_id.index()))
}

/// Up to where a node knows entries to be committed.
pub fn committed(metrics: &Metrics) -> Option<(Term, Index)> {
    metrics.local_committed.as_ref().map(at)
}

/// Whether it is committed that a node is no voter.
pub fn is_out(metrics: &Metrics, id: NodeId) -> bool {
    let (members, committed) = (&metrics.membership_config, &metrics.committed_membership_config);
    members == committed && !members.voter_ids().any(|voter| voter == u64::from(id.number()))
}

/// A leader that is no voter goes.
pub async fn step_down(raft: &Raft) {
    // It fails where openraft has stopped.
    _ = raft.trigger().refresh_server_state(None, None).await;
}

/// What is needed to know of a configuration that has its place in the log.
pub fn stored(place: (Term, Index), members: Configuration) -> StoredMembership {
    StoredMembership::new(Some(log_id(place)), super::members::membership(members))
}

/// A node by openraft's number for it.
pub fn node(number: u64) -> Option<NodeId> {
    (number != 0).then(|| NodeId::new(number as u8))
}
