//! openraft's types as this adapter uses them, and whatever differs between versions of the library.

use openraft::impls::leader_id_std::LeaderId;
use openraft::metrics::RaftMetrics;
use openraft::raft::{TransferLeaderError, TransferLeaderRequest, TransferLeaderResponse};
use openraft::vote::RaftLeaderId;
use openraft::{Config, StepDownPolicy};

use super::life::Ask;
use super::machine::Machine;
use super::message::{Ballot, Handed};
use super::shared::Image;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};
use crate::machine::Output;

openraft::declare_raft_types!(
    /// One leader in a term, as in the paper; requests of squall's clients, and what its state machine gives.
    pub Types:
        D = Ask,
        R = Output,
        NodeId = u64,
        Node = (),
        Term = u64,
        LeaderId = LeaderId<u64, u64>,
        AsyncRuntime = super::runtime::Runtime,
);

/// A node of openraft.
pub type Raft = openraft::Raft<Types, Machine>;
pub type LogId = openraft::alias::LogIdOf<Types>;
pub type Vote = openraft::alias::VoteOf<Types>;
pub type LogEntry = openraft::alias::EntryOf<Types>;
pub type Membership = openraft::Membership<u64, ()>;
pub type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
pub type SnapshotMeta = openraft::alias::SnapshotMetaOf<Types>;
pub type Snapshot = openraft::alias::SnapshotOf<Types, Image>;
pub type Metrics = RaftMetrics<Types>;

/// The place of an entry.
pub fn log_id((term, index): (Term, Index)) -> LogId {
    LogId::new(LeaderId::<u64, u64>::new(term.0, 0).to_committed(), index.0)
}

/// The same in squall's words.
pub fn at(log_id: &LogId) -> (Term, Index) {
    (Term(log_id.committed_leader_id().term), Index(log_id.index()))
}

/// What a snapshot is about.
pub fn meta(last: Option<LogId>, last_membership: StoredMembership) -> SnapshotMeta {
    SnapshotMeta { last_log_id: last, last_membership }
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

/// Options that older versions do not have.
pub fn with_newer_options(config: Config, own: &Newer) -> Config {
    let probe = 2 * config.election_timeout_max;
    Config {
        // The adapter tells a leader that is removed to go at once, as in the paper.
        removed_leader_step_down: StepDownPolicy::Never,
        quorum_loss_probe_interval: own.quorum_loss_probe.then_some(probe),
        broadcast_submitted_on_append: Some(own.broadcast_submitted),
        api_batch_linger_ms: own.linger_millis,
        ..config
    }
}

/// What these options are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newer {
    pub quorum_loss_probe: bool,
    pub broadcast_submitted: bool,
    pub linger_millis: u64,
}

/// What came of a request to stand.
pub fn handed(response: &TransferLeaderResponse<Types>) -> Handed {
    match response {
        Ok(()) => Handed::Done,
        Err(TransferLeaderError::VoteChanged { actual, .. }) => {
            Handed::VoteChanged(Ballot::of(actual))
        }
        Err(TransferLeaderError::LogNotFlushed { actual, .. }) => {
            Handed::NotFlushed(actual.as_ref().map(at))
        }
    }
}

/// The same, as whoever asked hears it.
pub fn response(
    request: &TransferLeaderRequest<Types>,
    handed: Handed,
) -> TransferLeaderResponse<Types> {
    match handed {
        Handed::Done => Ok(()),
        Handed::VoteChanged(actual) => {
            let expected = *request.from_leader();
            Err(TransferLeaderError::VoteChanged { expected, actual: actual.vote() })
        }
        Handed::NotFlushed(actual) => {
            let expected = request.last_log_id().cloned();
            Err(TransferLeaderError::LogNotFlushed { expected, actual: actual.map(log_id) })
        }
    }
}

/// What is needed to know of a configuration that has its place in the log.
pub fn stored(place: (Term, Index), members: Configuration) -> StoredMembership {
    StoredMembership::new(Some(log_id(place)), super::members::membership(members))
}

/// A node by openraft's number for it.
pub fn node(number: u64) -> Option<NodeId> {
    (number != 0).then(|| NodeId::new(number as u8))
}
