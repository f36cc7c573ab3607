//! How raft-rs reads the mirror of the disk: what it asks for differs from version to version. `guests/old/raft-rs` has that of others.

use raft::eraftpb::{Entry, Snapshot};
use raft::{GetEntriesContext, RaftState, Result, Storage};

use crate::guests::raft_rs::store::Store;

impl Storage for Store {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(self.initial().clone())
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        limit: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        self.range(low, high, limit.into())
    }

    fn term(&self, index: u64) -> Result<u64> {
        self.term_at(index)
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.log().base().0 + 1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.log().last_index().0)
    }

    fn snapshot(&self, index: u64, to: u64) -> Result<Snapshot> {
        self.snapshot_for(index, Some(to))
    }
}
