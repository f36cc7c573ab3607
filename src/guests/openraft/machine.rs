//! squall's state machine as openraft's. It works in its own time: openraft takes an entry for applied when it was handed over, and its
//! client hears when the output is there.

use std::io;
use std::rc::Rc;

use futures_util::{Stream, TryStreamExt};
use openraft::storage::{EntryResponder, RaftSnapshotBuilder, RaftStateMachine};

use super::library::{LogId, SnapshotMeta, StoredMembership, Types, at, log_id, stored};
use super::log_store::from_openraft;
use super::members;
use super::runtime::Receiver;
use super::shared::{Image, Shared};
use super::versions::{Snapshot as RaftSnapshot, machine_extras, meta, snapshot_data};
use crate::ids::Index;
use crate::log::Command;
use crate::node::{Effect, Snapshot};

/// The state machine of a node.
pub struct Machine(pub Rc<Shared>);

/// A snapshot that is being written.
pub struct Builder {
    meta: SnapshotMeta,
    saved: Option<Receiver<Rc<Snapshot>>>,
}

/// What openraft is told of a snapshot. The disk does not say where its members stand in the log: at its end at the latest.
pub fn meta_of(snapshot: &Snapshot) -> SnapshotMeta {
    let end = (snapshot.last_included_term, snapshot.last_included_index);
    meta(Some(log_id(end)), stored(end, snapshot.members))
}

fn closed() -> io::Error {
    io::Error::other("the node has crashed")
}

impl RaftSnapshotBuilder<Types> for Builder {
    snapshot_data!();

    async fn build_snapshot(&mut self) -> Result<RaftSnapshot, io::Error> {
        let saved = self.saved.take().ok_or_else(closed)?;
        let snapshot = saved.await.map_err(|_| closed())?;
        Ok(RaftSnapshot { meta: self.meta.clone(), snapshot: Image(snapshot) })
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Builder;

    snapshot_data!();
    machine_extras!();

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        let (place, members) = self.0.members.get();
        Ok((Some(log_id(self.0.applied.get())), stored(place, members)))
    }

    /// openraft may apply what others have on their disks before the own one has it. A state machine that outlives a crash must not be
    /// ahead of the log then, so it waits.
    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<Types>, io::Error>> + Unpin,
    {
        while let Some((entry, responder)) = entries.try_next().await? {
            let (index, entry) = from_openraft(&entry);
            self.0.entries_durable(index).await;
            self.0.applied.set((entry.term, index));
            if let Command::Configure(members) = entry.command {
                self.0.members.set(((entry.term, index), members));
            }
            let answer = responder.is_some();
            if let Some(responder) = responder {
                self.0.awaited.borrow_mut().push_back((index, responder));
            }
            self.0.emit(Effect::Apply { index, entry, answer });
        }
        Ok(())
    }

    /// One snapshot is written at a time. openraft asks again.
    async fn try_create_snapshot_builder(&mut self, _force: bool) -> Option<Builder> {
        let shared = &self.0;
        let (term, index) = shared.applied.get();
        if shared.is_saving() || index == Index::ZERO {
            return None;
        }
        let (place, members) = shared.members.get();
        shared.emit(Effect::TakeSnapshot { index, term, members });
        let meta = meta(Some(log_id((term, index))), stored(place, members));
        Some(Builder { meta, saved: Some(shared.begin_saving()) })
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        self.0.may_save().await;
        self.try_create_snapshot_builder(true).await.expect("something was applied")
    }

    /// A snapshot of another node is written first, and then the state machine becomes what it holds. That of the own disk is there
    /// already.
    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        Image(snapshot): Image,
    ) -> Result<(), io::Error> {
        let shared = &self.0;
        let is_own =
            shared.snapshot.borrow().as_ref().is_some_and(|own| Rc::ptr_eq(own, &snapshot));
        if !is_own {
            shared.may_save().await;
            let saved = shared.begin_saving();
            shared.emit(Effect::SaveSnapshot(snapshot.clone()));
            saved.await.map_err(|_| closed())?;
        }
        let end = (snapshot.last_included_term, snapshot.last_included_index);
        shared.give_way(end);
        shared.emit(Effect::Restore(snapshot.clone()));
        let place = meta.last_membership.log_id().as_ref().map_or(end, at);
        shared.applied.set(end);
        shared.members.set((place, members::configuration(meta.last_membership.membership())));
        // What would have been applied by itself is in the snapshot: its clients ask again.
        shared.awaited.borrow_mut().retain(|(awaited, _)| *awaited > end.1);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<RaftSnapshot>, io::Error> {
        let snapshot = self.0.snapshot.borrow().clone();
        let whole = |own: Rc<Snapshot>| RaftSnapshot { meta: meta_of(&own), snapshot: Image(own) };
        Ok(snapshot.map(whole))
    }
}
