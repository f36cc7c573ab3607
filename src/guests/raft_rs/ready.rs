//! Carries a `Ready` out: what raft-rs wants written becomes writes of squall's disk, and what must wait for them names the last.
//!
//! Numbers of `Ready` and of writes both rise, so a `Ready` is persisted when the last write is durable that was made by then; messages
//! that raft-rs gives as persisted wait for that write, all others leave at once. `must_sync` is asked only where an option wants it:
//! squall's disk syncs all.

use raft::StateRole;
use raft::eraftpb::{Entry as RaftEntry, Message as RaftMessage, MessageType};

use crate::configuration::Configuration;
use crate::guests::raft_rs::Message;
use crate::guests::raft_rs::life::{Ctx, Life};
use crate::guests::raft_rs::members;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Batch, Command};
use crate::node::Effect;

impl Life {
    /// Takes what raft-rs has ready, until it has no more, or has to wait for the disk.
    pub fn take_all(&mut self, ctx: &mut Ctx) {
        while self.may_take() && self.raw.has_ready() {
            let raft = &self.raw.raft;
            if raft.state == StateRole::Leader && !self.has_durable_vote() {
                // A voter that is alone leads at once. What it does in its term waits for the vote that gave it the term.
                let vote = (Term(raft.term), raft.vote);
                return self.save_vote(vote, ctx);
            }
            self.take(ctx);
        }
    }

    /// A snapshot that takes the place of the log is waited for. So is every write, if they are to come in order.
    fn may_take(&self) -> bool {
        self.install.is_none() && (self.options.asynchronous || self.in_flight.is_empty())
    }

    fn take(&mut self, ctx: &mut Ctx) {
        let mut ready = self.raw.ready();
        let number = ready.number();
        let is_awaited = self.options.syncs_all || ready.must_sync();
        for message in ready.take_messages() {
            self.send(message, WriteId::NONE, ctx);
        }
        if let Some(hard_state) = ready.hs() {
            self.save_vote((Term(hard_state.term), hard_state.vote), ctx);
        }
        let (entries, messages) = (ready.take_entries(), ready.take_persisted_messages());
        let committed = ready.take_committed_entries();
        self.note_readable(ready.take_read_states());
        let snapshot = ready.snapshot().get_metadata();
        if snapshot.index > 0 {
            let end = (Index(snapshot.index), Term(snapshot.term));
            self.begin_install(number, end, entries, messages);
            self.raw.advance_append_async(ready);
            return self.write_received(ctx);
        }
        self.append(entries, ctx);
        if is_awaited {
            self.awaited_write = self.last_write;
        }
        for message in messages {
            self.send(message, self.awaited_write, ctx);
        }
        self.raw.advance_append_async(ready);
        if let Some(last) = committed.last() {
            self.apply(Index(last.index), ctx);
        }
        self.note_in_flight(number);
    }

    /// Waits for the writes of a `Ready`, if any are not durable.
    pub fn note_in_flight(&mut self, number: u64) {
        if self.awaited_write > self.durable {
            self.in_flight.push_back((number, self.awaited_write));
        } else {
            self.raw.on_persist_ready(number);
        }
    }

    /// Writes are durable. What raft-rs makes of it comes with what it has ready next.
    pub fn written(&mut self, write: WriteId, ctx: &mut Ctx) {
        self.durable = write;
        let mut persisted = None;
        while self.in_flight.front().is_some_and(|(_, last)| *last <= write) {
            persisted = self.in_flight.pop_front();
        }
        if let Some((number, _)) = persisted {
            self.raw.on_persist_ready(number);
            self.finish_install(number);
        }
        self.work(ctx);
    }

    /// Writes term and vote, if they are others than before. squall's disk keeps no commit index.
    fn save_vote(&mut self, (term, vote): (Term, u64), ctx: &mut Ctx) {
        if self.saved == (term, vote) {
            return;
        }
        let write = self.next_write();
        (self.saved, self.vote_write) = ((term, vote), write);
        let vote = (vote != 0).then(|| NodeId::new(vote as u8));
        ctx.emit(Effect::SaveVote { write, term, vote });
    }

    /// Whether the vote in the current term is on the disk.
    pub fn has_durable_vote(&self) -> bool {
        self.saved.0 == Term(self.raw.raft.term) && self.vote_write <= self.durable
    }

    /// Writes entries. They take the place of what the log holds from the first on.
    pub fn append(&mut self, entries: Vec<RaftEntry>, ctx: &mut Ctx) {
        let Some(first) = entries.first().map(|entry| Index(entry.index)) else { return };
        if first <= self.raw.store().log().last_index() {
            self.raw.mut_store().truncate(first);
            let write = self.next_write();
            ctx.emit(Effect::Truncate { write, from: first });
        }
        let entries = self.mirror(entries);
        let write = self.next_write();
        ctx.emit(Effect::Append { write, first, entries });
    }

    /// Adds entries at the end of the mirror, and gives them as squall's.
    pub fn mirror(&mut self, mut entries: Vec<RaftEntry>) -> Batch {
        let store = self.raw.mut_store();
        match entries.len() {
            1 => entries.pop().map_or(Batch::EMPTY, |entry| Batch::from(store.push(entry))),
            _ => entries.into_iter().map(|entry| store.push(entry)).collect(),
        }
    }

    /// Gives all up to an index to the state machine.
    fn apply(&mut self, last: Index, ctx: &mut Ctx) {
        while self.applied < last {
            let index = self.applied.next();
            let entry = self.entry(index);
            self.applied = index;
            let answer = self.clients.waiting.remove(&entry.request);
            if answer {
                self.awaited.push_back((index, entry.request));
            }
            ctx.emit(Effect::Apply { index, entry, answer });
            if let Command::Configure(configuration) = entry.command {
                self.change_members(configuration);
            }
            self.take_snapshot(ctx);
        }
        self.raw.advance_apply_to(last.0);
    }

    /// A configuration is in force. A leader that belongs to it no more steps down: raft-rs leaves that to its embedder, and panics when
    /// such a leader commits.
    fn change_members(&mut self, configuration: Configuration) {
        let change = members::change(self.members, configuration);
        self.raw.apply_conf_change(&change).expect("the change was found to be sound");
        self.members = configuration;
        let raft = &mut self.raw.raft;
        if raft.state == StateRole::Leader && !configuration.voting().contains(self.id) {
            raft.become_follower(raft.term, raft::INVALID_ID);
        }
    }

    /// Sends what raft-rs has for another node.
    pub fn send(&self, raft: RaftMessage, after: WriteId, ctx: &mut Ctx) {
        let to = NodeId::new(raft.to as u8);
        let snapshot = match raft.get_msg_type() {
            MessageType::MsgSnapshot => {
                let index = raft.get_snapshot().get_metadata().index;
                // One that is forgotten is not sent: raft-rs hears of that as of one that was lost.
                let Some(snapshot) = self.raw.store().snapshot_at(index) else { return };
                Some(snapshot)
            }
            _ => None,
        };
        let message = Message { raft: Box::new(raft), snapshot };
        ctx.emit(Effect::Send { to, message, after });
    }

    /// Takes a snapshot of the state machine, if so many entries were applied since the last one, or the last one does not name those who
    /// are members now: a server that was added refuses a snapshot from before that.
    pub fn take_snapshot(&mut self, ctx: &mut Ctx) {
        let (index, every, store) = (self.applied, self.config.snapshot_every, self.raw.store());
        let is_due = index.0 >= store.snapshot_index().0 + every;
        let is_old = store
            .snapshot()
            .is_some_and(|it| it.members != self.members && index > it.last_included_index);
        if every == 0 || self.saving || self.install.is_some() || !(is_due || is_old) {
            return;
        }
        let term = self.entry(index).term;
        self.saving = true;
        ctx.emit(Effect::TakeSnapshot { index, term, members: self.members });
    }
}
