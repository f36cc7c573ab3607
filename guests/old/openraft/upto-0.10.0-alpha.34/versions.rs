//! All that differs between versions of openraft: alpha.30 to alpha.34, which have no options for leaders without a quorum and early sends.

use openraft::impls::leader_id_std::LeaderId;
use openraft::raft::{TransferLeaderError, TransferLeaderRequest, TransferLeaderResponse};
use openraft::{Config, StepDownPolicy};

use super::library::{LogId, SnapshotMeta, StoredMembership, at, log_id};
use super::life::Ask;
use super::message::{Ballot, Handed};
use super::shared::Image;
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

/// A snapshot.
pub type Snapshot = openraft::alias::SnapshotOf<Types, Image>;

/// What a node answers that was asked to stand.
pub type TransferResponse = TransferLeaderResponse<Types>;

/// Traits that have a type for the content of snapshots.
macro_rules! snapshot_data {
    () => {
        type SnapshotData = super::shared::Image;
    };
}
pub(super) use snapshot_data;

/// What a state machine has to have beside its methods of today.
macro_rules! machine_extras {
    () => {};
}
pub(super) use machine_extras;

/// What the receiver of a watched value has to have beside its other methods.
macro_rules! watch_extras {
    () => {
        fn borrow_and_update(&mut self) -> Ref<'_, T> {
            self.seen = self.state.version.get();
            self.state.value.borrow()
        }
    };
}
pub(super) use watch_extras;

/// For whom a vote is, zero for nobody.
pub fn voted_for(leader: &LeaderId<u64, u64>) -> u64 {
    leader.voted_for
}

/// What a snapshot is about.
pub fn meta(last: Option<LogId>, last_membership: StoredMembership) -> SnapshotMeta {
    SnapshotMeta { last_log_id: last, last_membership }
}

/// Options, of which this version has not all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newer {
    pub heartbeat_min_interval: u64,
    #[expect(dead_code, reason = "a later version has it")]
    pub quorum_loss_probe: bool,
    #[expect(dead_code, reason = "a later version has it")]
    pub broadcast_submitted: bool,
}

/// A configuration with these.
pub fn with_newer_options(config: Config, own: &Newer) -> Config {
    Config {
        // The adapter tells a leader that is removed to go at once, as in the paper.
        removed_leader_step_down: StepDownPolicy::Never,
        heartbeat_min_interval: Some(own.heartbeat_min_interval),
        ..config
    }
}

/// What came of a request to stand.
pub fn handed(response: &TransferResponse) -> Handed {
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
pub fn response(request: &TransferLeaderRequest<Types>, handed: Handed) -> TransferResponse {
    match handed {
        Handed::Done => Ok(()),
        Handed::VoteChanged(actual) => {
            let expected = *request.from_leader();
            Err(TransferLeaderError::VoteChanged { expected, actual: actual.vote() })
        }
        Handed::NotFlushed(actual) => {
            let expected = request.last_log_id().copied();
            Err(TransferLeaderError::LogNotFlushed { expected, actual: actual.map(log_id) })
        }
    }
}
