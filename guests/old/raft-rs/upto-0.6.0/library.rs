//! How raft-rs reads the mirror of the disk, up to 0.6.0: nobody says for whom entries or a snapshot are.

use raft::eraftpb::{Entry, Snapshot};
use raft::{RaftState, Result, Storage};

use crate::guests::raft_rs::store::Store;

impl Storage for Store {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(self.initial().clone())
    }

    fn entries(&self, low: u64, high: u64, limit: impl Into<Option<u64>>) -> Result<Vec<Entry>> {
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

    fn snapshot(&self, index: u64) -> Result<Snapshot> {
        self.snapshot_for(index, None)
    }
}
