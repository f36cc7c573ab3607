//! All that differs between versions of openraft: alpha.26 to alpha.28. The content of snapshots is a type of the whole configuration.

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
        SnapshotData = Image,
        NodeId = u64,
        Node = (),
        Term = u64,
        LeaderId = LeaderId<u64, u64>,
        AsyncRuntime = super::runtime::Runtime,
);

/// A snapshot.
pub type Snapshot = openraft::alias::SnapshotOf<Types>;

/// What a node answers that was asked to stand.
pub type TransferResponse = TransferLeaderResponse<Types>;

/// Traits that have a type for the content of snapshots.
macro_rules! snapshot_data {
    () => {};
}
pub(super) use snapshot_data;

/// What a state machine has to have beside its methods of today.
macro_rules! machine_extras {
    () => {
        /// Snapshots come in one part here.
        async fn begin_receiving_snapshot(&mut self) -> Result<super::shared::Image, io::Error> {
            Err(closed())
        }
    };
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
    leader.voted_for.unwrap_or_default()
}

/// What a snapshot is about.
pub fn meta(last: Option<LogId>, last_membership: StoredMembership) -> SnapshotMeta {
    let snapshot_id = last.as_ref().map_or_else(String::new, |last| format!("{last}"));
    SnapshotMeta { last_log_id: last, last_membership, snapshot_id }
}

/// Options, of which this version has not all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newer {
    #[expect(dead_code, reason = "a later version has it")]
    pub heartbeat_min_interval: u64,
    #[expect(dead_code, reason = "a later version has it")]
    pub quorum_loss_probe: bool,
    #[expect(dead_code, reason = "a later version has it")]
    pub broadcast_submitted: bool,
}

/// A configuration with these.
pub fn with_newer_options(config: Config, _: &Newer) -> Config {
    Config {
        // The adapter tells a leader that is removed to go at once, as in the paper.
        removed_leader_step_down: StepDownPolicy::Never,
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
