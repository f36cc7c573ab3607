//! A leader's snapshot takes the place of a node's log.
//!
//! raft-rs gives it with a `Ready`, and takes it for written as soon as the mirror has it. On the disk it first has to be durable; then the
//! log gives way to it, and the state machine becomes what it holds. Until all of that is durable no other `Ready` is taken, and raft-rs
//! hears no ticks and no call to stand: it would look for entries that it has not applied and that the log holds no more, and panic.

use std::rc::Rc;

use raft::Ready;
use raft::eraftpb::{Entry as RaftEntry, Message as RaftMessage};

use crate::guests::raft_rs::life::{Ctx, Life};
use crate::ids::{Index, Term, WriteId};
use crate::log::Batch;
use crate::node::{Effect, Snapshot};

/// A snapshot on its way from a `Ready` to the disk.
pub struct Install {
    /// That `Ready`, until its writes are on their way.
    ready: Option<Ready>,
    pub snapshot: Rc<Snapshot>,
    /// Whether the disk writes it: one is written at a time.
    is_written: bool,
    /// Entries that come behind it, from its end on.
    entries: Batch,
    /// What waits until all of it is durable.
    messages: Vec<RaftMessage>,
}

impl Life {
    /// raft-rs has taken a snapshot for its log, with all else that came with it.
    pub fn begin_install(
        &mut self,
        ready: Ready,
        (index, term): (Index, Term),
        entries: Vec<RaftEntry>,
        messages: Vec<RaftMessage>,
    ) {
        let is_this = |snapshot: &Rc<Snapshot>| {
            (snapshot.last_included_index, snapshot.last_included_term) == (index, term)
        };
        let snapshot = self.received.take().filter(is_this).expect("it came with a message");
        self.raw.mut_store().replace(&snapshot);
        let entries = self.mirror(entries);
        let ready = Some(ready);
        self.install = Some(Install { ready, snapshot, is_written: false, entries, messages });
    }

    /// Writes the snapshot that was received, unless another is being written.
    pub fn write_received(&mut self, ctx: &mut Ctx) {
        if let Some(install) = &mut self.install
            && !install.is_written
            && !self.saving
        {
            (install.is_written, self.saving) = (true, true);
            ctx.emit(Effect::SaveSnapshot(install.snapshot.clone()));
        }
    }

    /// The snapshot that was received is durable: log and state machine give way to it. Says whether it was this one.
    pub fn install(&mut self, snapshot: &Rc<Snapshot>, ctx: &mut Ctx) -> bool {
        let Some(install) = self.install.as_mut().filter(|it| it.is_written) else { return false };
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        let (entries, messages) =
            (std::mem::take(&mut install.entries), std::mem::take(&mut install.messages));
        let ready = install.ready.take().expect("it is installed once");
        let write = self.next_write();
        ctx.emit(Effect::Discard { write, index, term });
        ctx.emit(Effect::Restore(snapshot.clone()));
        (self.applied, self.members) = (index, snapshot.members);
        self.commit = self.commit.max(index);
        // What would have been applied by itself is in the snapshot: its clients ask again.
        self.awaited.retain(|(awaited, _)| *awaited > index);
        if !entries.is_empty() {
            let write = self.next_write();
            ctx.emit(Effect::Append { write, first: index.next(), entries });
        }
        self.awaited_write = self.last_write;
        for message in messages {
            self.send(message, self.last_write, ctx);
        }
        debug_assert!(self.last_write > WriteId::NONE);
        self.in_flight.push_back((ready, self.last_write));
        true
    }
}
