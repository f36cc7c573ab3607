//! All that differs between versions of openraft: alpha.24. A node that is asked to stand does not say what comes of it.

use openraft::impls::leader_id_std::LeaderId;
use openraft::raft::TransferLeaderRequest;
use openraft::{Config, StepDownPolicy};

use super::library::{LogId, SnapshotMeta, StoredMembership};
use super::life::Ask;
use super::message::Handed;
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
pub type TransferResponse = ();

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
    () => {};
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

/// What came of a request to stand: this version does not say.
pub fn handed(_: &TransferResponse) -> Handed {
    Handed::Done
}

/// The same, as whoever asked hears it.
pub fn response(_: &TransferLeaderRequest<Types>, _: Handed) -> TransferResponse {}
