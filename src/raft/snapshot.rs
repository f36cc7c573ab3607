//! Log compaction and the transfer of snapshots (section 7; thesis 5.1).
//!
//! Each node takes snapshots of its own state machine, on its own. When one is durable, the node removes the entries that it covers but for
//! the last few, which slow followers may still need. A leader that has removed what comes next for a follower sends its snapshot
//! instead, one part at a time. A part is sent again only if the follower answers a heartbeat an election timeout later and still lacks it:
//! it may be long on its way, and copies would keep those behind it waiting. The follower writes the snapshot when it has all parts, and
//! only when that is durable gives its log and state machine up for it.

use std::rc::Rc;

use crate::ids::{Index, NodeId, Term};
use crate::node::{Effect, Snapshot};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::raft::progress::Transfer;

/// What was received of a leader's snapshot.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// The leader's term: another leader starts anew.
    term: Term,
    snapshot: Rc<Snapshot>,
    /// How many bytes were received, without a gap.
    received: u64,
}

/// A part of a snapshot, from the leader of the current term.
pub struct Part {
    /// The snapshot.
    pub snapshot: Rc<Snapshot>,
    /// How many bytes of it come before.
    pub offset: u64,
    /// How many bytes the part has.
    pub bytes: u32,
}

impl Core {
    /// Up to where the durable snapshot goes.
    pub(super) fn snapshot_index(&self) -> Index {
        self.snapshot.as_ref().map_or(Index::ZERO, |snapshot| snapshot.last_included_index)
    }

    /// Takes a snapshot if so many entries were applied since the last one. `term` is that of the last applied.
    #[inline]
    pub fn take_snapshot(&mut self, term: Term, ctx: &mut Ctx) {
        let (index, every) = (self.last_applied, self.config.snapshot_every);
        if every == 0 || self.saving || index.0 < self.snapshot_index().0 + every {
            return;
        }
        debug_assert!(index <= self.commit_index || !self.rules().are_kept());
        self.saving = true;
        let (at_end, latest) = (self.membership.at(index), self.configuration());
        let members = self.rules().config_of_snapshot(at_end, latest);
        ctx.emit(Effect::TakeSnapshot { index, term, members });
    }

    /// A snapshot is durable: the log need not hold what it covers. If it was received, this is "InstallSnapshot RPC, receiver
    /// implementation" of Figure 13, steps 5 to 8.
    pub fn snapshot_saved(&mut self, snapshot: Rc<Snapshot>, ctx: &mut Ctx) {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        debug_assert!(self.saving, "nobody asked for it");
        let installs = index > self.last_applied;
        self.saving = false;
        self.snapshot = Some(snapshot.clone());
        let covered = index < self.log.base();
        if !covered && !self.rules().keeps_log_behind(self.log.term_at(index), term) {
            self.discard(index, term, ctx);
        } else if installs {
            self.compact(index, ctx);
        } else {
            self.compact(Index(index.0.saturating_sub(self.config.snapshot_trailing)), ctx);
        }
        if installs {
            self.durable_index = self.durable_index.max(index);
            self.commit_index = self.commit_index.max(index);
            self.last_applied = index;
            ctx.emit(Effect::Restore(snapshot));
            self.term_from_snapshot(term, ctx);
            self.installed(index, ctx);
        }
        debug_assert!(self.log.base() <= self.last_applied);
        self.save_received(ctx);
    }

    /// The snapshot that a restart finds. A crash may have come between the snapshot and the log that gives way to it.
    pub fn recover_snapshot(&mut self, snapshot: Option<Rc<Snapshot>>, ctx: &mut Ctx) {
        self.snapshot = snapshot;
        let Some(snapshot) = &self.snapshot else { return };
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        let covered = index <= self.log.base();
        if !covered && !self.rules().keeps_log_behind(self.log.term_at(index), term) {
            self.discard(index, term, ctx);
        }
    }

    /// The current term does not depend on a snapshot.
    fn term_from_snapshot(&mut self, last_included_term: Term, ctx: &mut Ctx) {
        let term = self.rules().term_after_install(self.current_term, last_included_term);
        if term != self.current_term {
            self.current_term = term;
            self.vote(None, ctx);
        }
    }

    /// Tells the leader that everything up to an index is here.
    fn installed(&mut self, last_included_index: Index, ctx: &mut Ctx) {
        if let Some(leader) = self.leader_id.filter(|leader| *leader != self.id) {
            let (term, offset, installed) = (self.current_term, 0, true);
            let reply = Message::SnapshotReply { term, last_included_index, offset, installed };
            self.answer(leader, reply, ctx);
        }
    }

    /// Takes a part of a snapshot: Figure 13, steps 2 to 4.
    pub fn receive_part(&mut self, leader: NodeId, part: Part, ctx: &mut Ctx) {
        let term = self.current_term;
        let last_included_index = part.snapshot.last_included_index;
        if last_included_index <= self.commit_index {
            // It asks for less than is here already: what a leader's snapshot covers is committed.
            return self.installed(last_included_index, ctx);
        }
        let current = self.assembly.take().filter(|assembly| assembly.term == term);
        if current
            .as_ref()
            .is_some_and(|current| current.snapshot.last_included_index > last_included_index)
        {
            // A part of the snapshot before, overtaken by one of this.
            self.assembly = current;
            return;
        }
        let same = current.filter(|current| current.snapshot == part.snapshot);
        let fresh = Assembly { term, snapshot: part.snapshot, received: 0 };
        let assembly = self.assembly.insert(same.unwrap_or(fresh));
        if assembly.received == part.offset {
            assembly.received += u64::from(part.bytes);
        }
        let (offset, installed) = (assembly.received, false);
        let reply = Message::SnapshotReply { term, last_included_index, offset, installed };
        self.answer(leader, reply, ctx);
        self.save_received(ctx);
    }

    /// Writes the received snapshot if it is complete, and no other is being written.
    fn save_received(&mut self, ctx: &mut Ctx) {
        let Some(Assembly { snapshot, received, .. }) = &self.assembly else { return };
        if snapshot.last_included_index <= self.commit_index {
            self.assembly = None;
        } else if *received >= snapshot.image.bytes && !self.saving {
            self.saving = true;
            ctx.emit(Effect::SaveSnapshot(snapshot.clone()));
        }
    }

    /// A follower answered. If a part of a snapshot is on its way to it, and it is time that it were there, the part is sent again. An
    /// answer with news is to entries that were sent before, so that the part is still behind others like them.
    pub fn look_after_part(&mut self, to: NodeId, news: bool, ctx: &mut Ctx) {
        let (now, enough) = (ctx.moment().steady, self.config.election_timeout.from);
        let progress = &mut self.progress[to.slot()];
        if news && progress.is_part_sent() {
            progress.transfer.iter_mut().for_each(|transfer| transfer.sent = Some(now));
        } else if progress.lost_part(now, enough) {
            self.send_part(to, ctx);
        }
    }

    /// A leader sends a follower the next part of a snapshot: its latest, if it is the first part.
    pub fn send_part(&mut self, to: NodeId, ctx: &mut Ctx) {
        let latest = &self.snapshot;
        let begin = || Transfer {
            snapshot: latest.clone().expect("what was compacted is in a snapshot"),
            offset: 0,
            sent: None,
        };
        let transfer = self.progress[to.slot()].transfer.get_or_insert_with(begin);
        transfer.sent = Some(ctx.moment().steady);
        let Transfer { snapshot, offset, .. } = transfer.clone();
        debug_assert!(offset <= snapshot.image.bytes);
        let left = snapshot.image.bytes - offset;
        let bytes = left.min(self.config.snapshot_chunk.into());
        let done = bytes == left;
        let (term, bytes) = (self.current_term, bytes as u32);
        let message = Message::InstallSnapshot { term, snapshot, offset, bytes, done };
        self.send(to, message, ctx);
    }
}
