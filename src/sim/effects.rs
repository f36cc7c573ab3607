//! Carries out what nodes want: the one place where an effect becomes something that happens. A state machine may apply later: then it is
//! given entries, and works them off in batches, in order.

use crate::breach::Breach;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, WriteId};
use crate::log::{Batch, Command, Entry, RequestId};
use crate::machine::Output;
use crate::node::{Answer, Effect, Input, Node};
use crate::record::{Kind, Loss};
use crate::sim::guest::{Fault, guarded, guarded_drop};
use crate::sim::incoming::Incoming;
use crate::sim::journal::Write;
use crate::sim::{Event, Sim};
use crate::time::Span;
use crate::world::network::Fate;

/// Whether an effect is the state machine's to carry out.
fn is_for_state_machine<M>(effect: &Effect<M>) -> bool {
    matches!(
        effect,
        Effect::Apply { .. }
            | Effect::Read { .. }
            | Effect::TakeSnapshot { .. }
            | Effect::Restore(_)
    )
}

impl<N: Node> Sim<'_, '_, N> {
    pub(super) fn carry_out_all(&mut self, id: NodeId, effects: &mut Vec<Effect<N::Message>>) {
        let applies_later = self.plan.cluster.apply_delay > Span::ZERO;
        let mut rest = effects.drain(..);
        while let Some(effect) = rest.next() {
            // It is committed before it is handed over.
            match effect {
                Effect::Apply { index, .. } => {
                    let committed = self.committed_by_now(id, index, rest.as_slice());
                    self.record_commit(id, committed);
                }
                Effect::Restore(_) => self.record_commit(id, self.hosts[id.slot()].status.commit),
                _ => {}
            }
            if applies_later && is_for_state_machine(&effect) {
                self.apply_later(id, effect);
                continue;
            }
            let stops = matches!(effect, Effect::Stop);
            let done = self.carry_out(id, effect);
            if stops || done.is_err() {
                if let Err(fault) = done {
                    self.broken(id, fault);
                }
                return self.discard(id, rest);
            }
        }
        self.record_commit(id, self.hosts[id.slot()].status.commit);
        self.record_counts(id);
    }

    /// What a node has committed when it hands over an entry: all that it says is committed at the end of the step, unless it appends more
    /// in between. That may be a configuration, by which it commits from there on.
    fn committed_by_now(&self, id: NodeId, handed: Index, rest: &[Effect<N::Message>]) -> Index {
        let host = &self.hosts[id.slot()];
        let Some(append) = rest.iter().position(|it| matches!(it, Effect::Append { .. })) else {
            return host.status.commit;
        };
        let upto = rest[..append].iter().fold(handed, |upto, effect| match effect {
            Effect::Apply { index, .. } => upto.max(*index),
            _ => upto,
        });
        upto.min(host.status.commit).max(host.commit)
    }

    /// Carries out an effect. What it asks the state machine for comes to the node next. In line, so that no effect is moved once more.
    #[inline(always)]
    pub(super) fn carry_out(
        &mut self,
        id: NodeId,
        effect: Effect<N::Message>,
    ) -> Result<(), Fault> {
        match effect {
            Effect::Send { to, message, after } => return self.send_after(id, to, message, after),
            Effect::SetTimer { timer, at } => {
                self.hosts[id.slot()].timers.set(timer, at)?;
                self.schedule_wake(id);
            }
            Effect::CancelTimer { timer } => self.hosts[id.slot()].timers.cancel(timer),
            Effect::SaveVote { write, term, vote } => {
                self.check_named(vote)?;
                self.write(id, write, Write::Vote(term, vote), Kind::Vote { write, term, vote })?;
            }
            Effect::Append { write, first, entries } => self.append(id, write, first, entries)?,
            Effect::Truncate { write, from } => {
                self.write(id, write, Write::Truncate(from), Kind::Truncate { write, from })?;
            }
            Effect::Compact { write, upto } => {
                self.write(id, write, Write::Compact(upto), Kind::Compact { write, upto })?;
            }
            Effect::Discard { write, index, term } => {
                let kind = Kind::Discard { write, index, term };
                self.write(id, write, Write::Discard(index, term), kind)?;
            }
            Effect::TakeSnapshot { index, term, members } => {
                self.take_snapshot(id, (index, term), members)?;
            }
            Effect::SaveSnapshot(snapshot) => {
                self.check_members(snapshot.members)?;
                self.write_snapshot(id, snapshot, true)?;
            }
            Effect::Restore(snapshot) => self.restore(id, &snapshot)?,
            Effect::Apply { index, entry, answer } => {
                let output = self.apply(id, index, &entry)?;
                if answer {
                    self.answers.push_back(Input::Applied { index, output });
                }
            }
            Effect::Read { request, relay } => {
                let RequestId { client, serial, .. } = request.id;
                if request.command.writes() {
                    return Err(Breach::ReadThatWrites { client, serial }.into());
                }
                let output = self.hosts[id.slot()].machine.read(request.command)?;
                self.answers.push_back(Input::Read { request: request.id, relay, output });
            }
            Effect::Reply { request, answer } => {
                if let Answer::Refused(hint) = answer {
                    self.check_named(hint)?;
                }
                let applied = matches!(answer, Answer::Applied(_));
                self.recorder.record(Some(id), Kind::Reply { request, applied });
                self.send_answer(id, request, answer);
            }
            Effect::Stop => self.stop(id),
            Effect::WriteAgain => self.write_again(id, true),
            Effect::SyncAgain => self.write_again(id, false),
            Effect::RefuseChange => self.refuses_change = true,
        }
        Ok(())
    }

    /// Writes to the journal, if that may be, and records it.
    fn write(&mut self, id: NodeId, write: WriteId, what: Write, kind: Kind) -> Result<(), Breach> {
        self.hosts[id.slot()].journal.push(write, what)?;
        self.sync_next(id);
        self.recorder.record(Some(id), kind);
        Ok(())
    }

    fn append(
        &mut self,
        id: NodeId,
        write: WriteId,
        first: Index,
        entries: Batch,
    ) -> Result<(), Breach> {
        for entry in entries.entries() {
            if let Command::Configure(configuration) = entry.command {
                self.check_members(configuration)?;
            }
        }
        self.hosts[id.slot()].journal.append(write, first, entries.clone())?;
        self.sync_next(id);
        for (place, entry) in entries.entries().iter().enumerate() {
            let (index, term) = (first.plus(place as u64), entry.term);
            let content = entry.fingerprint();
            self.recorder.record(Some(id), Kind::Append { write, index, term, content });
            if let Command::Configure(configuration) = entry.command {
                self.recorder.record(Some(id), Kind::Configure { index, term, configuration });
                self.no_longer_held(id, configuration);
            }
        }
        Ok(())
    }

    /// Records the commit index of a node, if it is another than before. That comes before what it makes the node apply, and behind what
    /// it appends.
    fn record_commit(&mut self, id: NodeId, index: Index) {
        let host = &mut self.hosts[id.slot()];
        let term = host.status.term;
        if host.commit != index {
            host.commit = index;
            self.recorder.record(Some(id), Kind::Commit { index, term });
        }
    }

    /// Records by which configuration a node counts when it starts, and when that is another than before. That comes behind what it
    /// appends and removes.
    #[inline]
    fn record_counts(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        if host.status.configuration == host.counts {
            return;
        }
        let Some(configuration) = host.status.configuration else { return };
        host.counts = Some(configuration);
        // Where members never change, there is nothing to say.
        if self.plan.changes_members() {
            self.recorder.record(Some(id), Kind::Counts { configuration });
        }
    }

    /// Gives an entry to the state machine. One that comes after a gap is recorded, for oracles have the first word, and not carried out.
    /// What was applied before is applied again: whether that does harm is for oracles to say.
    fn apply(&mut self, id: NodeId, index: Index, entry: &Entry) -> Result<Output, Fault> {
        let host = &mut self.hosts[id.slot()];
        let applied = host.applied;
        let in_order = index <= applied.next();
        let (output, effect) =
            if in_order { host.machine.apply(index, entry)? } else { (Output::Done, false) };
        let (term, content, request) = (entry.term, entry.fingerprint(), entry.request);
        let kind = Kind::Apply { index, term, content, request, effect };
        self.recorder.record(Some(id), kind);
        if !in_order {
            return Err(Breach::ApplyOutOfOrder { index, applied }.into());
        }
        host.applied = index;
        Ok(output)
    }

    /// Whether a node that a node names is one of the cluster.
    pub(super) fn check_named(&self, node: Option<NodeId>) -> Result<(), Breach> {
        let (node, nodes) = (node.map_or(1, NodeId::number), self.plan.cluster.nodes);
        if (1..=nodes).contains(&node) { Ok(()) } else { Err(Breach::NamedNobody { node, nodes }) }
    }

    /// Whether those whom a configuration names are of the cluster.
    pub(super) fn check_members(&self, configuration: Configuration) -> Result<(), Breach> {
        let (members, nodes) = (configuration.members(), self.plan.cluster.nodes);
        match members.without(NodeSet::first(nodes)).is_empty() {
            true => Ok(()),
            false => Err(Breach::ConfigurationOfNobody { members: members.bits(), nodes }),
        }
    }

    /// Sends a message once a write is durable. In line, as what calls it.
    #[inline(always)]
    fn send_after(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: N::Message,
        after: WriteId,
    ) -> Result<(), Fault> {
        let (number, nodes) = (to.number(), self.plan.cluster.nodes);
        let host = &mut self.hosts[from.slot()];
        let last = host.journal.last_write();
        let breach = match () {
            () if number == 0 || number > nodes => Breach::MessageToNobody { to: number, nodes },
            () if to == from => Breach::MessageToItself { to: number },
            () if after > last => Breach::MessageAfterNoWrite { after, last },
            () if after <= host.durable => return self.send(from, to, message),
            () => {
                host.outbox.push_back((after, to, message));
                return Ok(());
            }
        };
        guarded_drop(message)?;
        Err(breach.into())
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: N::Message) -> Result<(), Fault> {
        let summary = match guarded(|| N::summary(&message)) {
            Ok(summary) => summary,
            Err(panic) => {
                guarded_drop(message)?;
                return Err(panic.into());
            }
        };
        self.messages += 1;
        let id = self.messages;
        self.recorder.record(Some(from), Kind::Send { to, id, message: summary });
        let fate = self.network.send(from, to, self.recorder.now, &summary);
        self.note_message([from, to], fate);
        let why = match fate {
            Fate::Cut => Loss::Cut,
            Fate::Lost => Loss::Network,
            Fate::Astray(time, node) => {
                self.recorder.record(Some(to), Kind::Drop { from, id, why: Loss::Astray });
                let what = Incoming::Stray { from, to, id, summary, message };
                self.queue.push(time, Event::Incoming { node, what });
                return Ok(());
            }
            Fate::Arrives(time, second) => {
                if let Some(second) = second {
                    self.recorder.record(Some(to), Kind::Duplicate { from, id });
                    let message = guarded(|| message.clone())?;
                    let what = Incoming::Deliver { from, id, summary, message };
                    self.queue.push(second, Event::Incoming { node: to, what });
                }
                let what = Incoming::Deliver { from, id, summary, message };
                self.queue.push(time, Event::Incoming { node: to, what });
                return Ok(());
            }
        };
        self.recorder.record(Some(to), Kind::Drop { from, id, why });
        Ok(guarded_drop(message)?)
    }

    pub(super) fn release(&mut self, id: NodeId, write: WriteId) {
        let host = &mut self.hosts[id.slot()];
        debug_assert!(write <= host.journal.last_write() || !host.is_up());
        host.durable = host.durable.max(write);
        while let Some((_, to, message)) =
            self.hosts[id.slot()].outbox.pop_front_if(|(after, ..)| *after <= write)
        {
            if let Err(fault) = self.send(id, to, message) {
                return self.broken(id, fault);
            }
        }
    }

    pub(super) fn apply_later(&mut self, id: NodeId, effect: Effect<N::Message>) {
        debug_assert!(is_for_state_machine(&effect));
        let at = self.after(self.plan.cluster.apply_delay);
        let host = &mut self.hosts[id.slot()];
        if host.to_apply.is_empty() {
            let what = Incoming::Apply { life: host.life };
            self.queue.push(at, Event::Incoming { node: id, what });
        }
        host.to_apply.push_back(effect);
    }

    /// A state machine does all that it was given.
    pub(super) fn apply_all(&mut self, id: NodeId, life: u32) {
        let host = &mut self.hosts[id.slot()];
        if host.life != life || !host.is_up() {
            return;
        }
        self.count_event();
        for effect in std::mem::take(&mut self.hosts[id.slot()].to_apply) {
            if let Err(fault) = self.carry_out(id, effect) {
                self.broken(id, fault);
                break;
            }
        }
        if !self.answers.is_empty() {
            self.step_answers(id);
        }
    }
}
