//! Snapshots at a host: copies of the state machine, written beside the journal while appends go on, and state machines that are
//! restored from them.

use std::rc::Rc;

use crate::breach::Breach;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};
use crate::node::{Node, Snapshot};
use crate::plan::fault::Unsynced;
use crate::record::Kind;
use crate::sim::guest::Fault;
use crate::sim::host::Host;
use crate::sim::incoming::Incoming;
use crate::sim::machine::Machine;
use crate::sim::{Event, Sim};
use crate::time::Span;
use crate::world::latency::sample;

impl<N: Node> Host<N> {
    /// The state machine is one to which nothing was applied.
    pub(super) fn begin_machine_anew(&mut self, fresh: Machine) {
        self.machine = fresh;
        self.applied = Index::ZERO;
    }

    /// The durable snapshot, if it is later than what a crash left of the state machine, which it replaces at a start.
    pub(super) fn recover_machine(&mut self) -> Option<Rc<Snapshot>> {
        let snapshot = self.journal.snapshot.clone()?;
        if snapshot.last_included_index <= self.applied {
            return None;
        }
        // What cannot be restored shows at its first use: the state is none that the log goes with.
        if !matches!(self.machine.restore(&snapshot.image, true), Ok(true)) {
            self.machine = Machine::Failed(None);
        }
        self.applied = snapshot.last_included_index;
        Some(snapshot)
    }

    /// The node crashes. Gives the snapshot that was being written, where it is whole on the disk: under its final name, or lost.
    pub(super) fn crash_snapshot(&mut self, unsynced: Unsynced) -> Option<Rc<Snapshot>> {
        self.writing_hangs = false;
        let writing = self.writing.take()?;
        let lucky = self.snapshot_rng.chance(50);
        let kept = match unsynced {
            Unsynced::Lost => false,
            Unsynced::Kept => true,
            Unsynced::Torn | Unsynced::Reordered => lucky,
        };
        kept.then_some(writing)
    }

    /// How long a snapshot takes that is written in so many pieces: a write for each, and a sync.
    fn snapshot_takes(&mut self, pieces: u64) -> Span {
        let (write, fsync) = self.snapshot_rng.halves();
        let options = &self.disk.options;
        sample(&options.write, write).times(pieces).plus(sample(&options.fsync, fsync))
    }
}

impl<N: Node> Sim<'_, '_, N> {
    /// Copies the state machine of a node, which must have just applied this index, and begins to write the copy.
    pub(super) fn take_snapshot(
        &mut self,
        id: NodeId,
        (index, term): (Index, Term),
        members: Configuration,
    ) -> Result<(), Fault> {
        self.check_members(members)?;
        let host = &mut self.hosts[id.slot()];
        let applied = host.applied;
        if index != applied || index == Index::ZERO {
            return Err(Breach::SnapshotOutOfPlace { index, applied }.into());
        }
        let with_answers = self.rules.snapshots_hold_sessions();
        let image = host.machine.image(with_answers)?;
        let (last_included_index, last_included_term) = (index, term);
        let snapshot = Snapshot { last_included_index, last_included_term, members, image };
        Ok(self.write_snapshot(id, Rc::new(snapshot), false)?)
    }

    /// Begins to write a snapshot, if no other is being written.
    pub(super) fn write_snapshot(
        &mut self,
        id: NodeId,
        snapshot: Rc<Snapshot>,
        received: bool,
    ) -> Result<(), Breach> {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        if let Some(writing) = &host.writing {
            let writing = writing.last_included_index;
            return Err(Breach::SnapshotWhileWriting { index, writing });
        }
        let piece = u64::from(self.plan.config().snapshot_chunk);
        let takes = host.snapshot_takes(snapshot.image.bytes.div_ceil(piece));
        let life = host.life;
        let (state, configuration) = (snapshot.image.fingerprint, snapshot.members);
        host.writing = Some(snapshot);
        if configuration != Configuration::of(self.plan.voters()) {
            self.recorder.record(Some(id), Kind::Carries { index, configuration });
        }
        self.recorder.record(Some(id), Kind::Snapshot { index, term, state, received });
        self.queue.push(now.plus(takes), Event::SnapshotWritten { node: id, life, index });
        Ok(())
    }

    /// Lets the snapshot that is being written be whole within this span.
    pub(super) fn hasten_snapshot(&mut self, id: NodeId, longest: Span) {
        let host = &self.hosts[id.slot()];
        if let Some(writing) = &host.writing {
            let (life, index) = (host.life, writing.last_included_index);
            let written = Event::SnapshotWritten { node: id, life, index };
            self.queue.push(self.after(longest), written);
        }
    }

    /// A snapshot is whole on the disk. The disk has it at once; the node hears of it when it is ready.
    pub(super) fn snapshot_written(&mut self, id: NodeId, life: u32, index: Index) {
        let host = &mut self.hosts[id.slot()];
        let is_this = |writing: &mut Rc<Snapshot>| writing.last_included_index == index;
        if host.life != life {
            return;
        }
        if host.disk.hanging > 0 {
            host.writing_hangs = true;
            return;
        }
        let Some(snapshot) = host.writing.take_if(is_this) else { return };
        self.save_snapshot(id, &snapshot);
        self.receive(id, Incoming::SnapshotSaved(snapshot));
    }

    /// A snapshot takes the place of the one before.
    pub(super) fn save_snapshot(&mut self, id: NodeId, snapshot: &Rc<Snapshot>) {
        self.hosts[id.slot()].journal.save(snapshot.clone());
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        self.recorder.record(Some(id), Kind::SnapshotSaved { index, term });
    }

    /// Makes a node's state machine what it is in a snapshot.
    pub(super) fn restore(&mut self, id: NodeId, snapshot: &Snapshot) -> Result<(), Fault> {
        let host = &mut self.hosts[id.slot()];
        let index = snapshot.last_included_index;
        let with_sessions = self.rules.restores_sessions();
        if !host.machine.restore(&snapshot.image, with_sessions)? {
            return Err(Breach::RestoreOfNoImage { index }.into());
        }
        host.applied = index;
        self.record_restore(id, snapshot);
        Ok(())
    }

    pub(super) fn record_restore(&mut self, id: NodeId, snapshot: &Snapshot) {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        // What became of the state machine is told, and not what was to.
        let state = self.hosts[id.slot()].machine.fingerprint();
        let state = state.unwrap_or(snapshot.image.fingerprint);
        self.recorder.record(Some(id), Kind::Restore { index, term, state });
    }
}
