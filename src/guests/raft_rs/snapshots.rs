//! Snapshots of a node's own, and what comes of those that it sends.
//!
//! A leader that has sent a snapshot sends its follower nothing else until it hears that it arrived, or from its embedder that it did not.
//! squall's network loses silently, so the embedder says so after a while without an answer.

use std::rc::Rc;

use raft::{ProgressState, SnapshotStatus, StateRole};

use crate::guests::raft_rs::life::{Ctx, Life};
use crate::ids::{Index, NodeId};
use crate::node::{Effect, Snapshot};

/// For how many of the lowest election timeouts an answer is waited for.
const PATIENCE: usize = 2;

/// What a leader has not heard of a node.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence {
    /// For how many ticks it has said nothing at all.
    pub silent: usize,
    /// For how many ticks a snapshot has been on its way to it.
    pub sending: usize,
}

impl Life {
    /// A snapshot is durable.
    pub fn snapshot_saved(&mut self, snapshot: Rc<Snapshot>, ctx: &mut Ctx) {
        self.saving = false;
        self.raw.mut_store().save_snapshot(snapshot.clone());
        if !self.install(&snapshot, ctx) {
            self.compact(&snapshot, ctx);
            self.take_snapshot(ctx);
        }
        self.write_received(ctx);
        self.work(ctx);
    }

    /// Removes what the durable snapshot covers, but for the last few entries. A log that is about to be given up is left alone.
    fn compact(&mut self, snapshot: &Snapshot, ctx: &mut Ctx) {
        let trailing = self.config.snapshot_trailing;
        let upto = Index(snapshot.last_included_index.0.saturating_sub(trailing));
        if self.install.is_some() || upto <= self.raw.store().log().base() {
            return;
        }
        self.raw.mut_store().compact(upto);
        let write = self.next_write();
        ctx.emit(Effect::Compact { write, upto });
    }

    /// A leader counts how long it has heard nothing, and says to raft-rs what it takes for lost.
    pub fn report_losses(&mut self) {
        if self.raw.raft.state != StateRole::Leader {
            return self.ticks.peers.fill(Silence::default());
        }
        let patience = PATIENCE * self.options.raft.election_tick;
        for slot in 0..self.ticks.peers.len() {
            let peer = u64::from(NodeId::at(slot).number());
            let Some(progress) = self.raw.raft.prs().get(peer) else { continue };
            let is_sending = progress.state == ProgressState::Snapshot;
            let silence = &mut self.ticks.peers[slot];
            silence.silent += 1;
            silence.sending = if is_sending { silence.sending + 1 } else { 0 };
            if silence.sending >= patience {
                silence.sending = 0;
                self.raw.report_snapshot(peer, SnapshotStatus::Failure);
            } else if silence.silent >= patience && peer != u64::from(self.id.number()) {
                silence.silent = 0;
                self.raw.report_unreachable(peer);
            }
        }
    }
}
