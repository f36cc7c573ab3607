//! What raft-rs reads of the disk: the same as squall's disk holds or will hold, in memory. Nothing is ever written here alone.

use std::collections::VecDeque;
use std::rc::Rc;

use raft::eraftpb::{Entry as RaftEntry, EntryType, HardState, Snapshot as RaftSnapshot};
use raft::{GetEntriesContext, RaftState, Storage, StorageError};

use crate::configuration::Configuration;
use crate::guests::raft_rs::members::conf_state;
use crate::ids::{Index, Term};
use crate::log::{Command, Entry, Log, RequestId};
use crate::node::Snapshot;

/// How many durable snapshots are remembered: a message that names one may leave after the next is durable.
const SNAPSHOTS_KEPT: usize = 4;

/// The mirror of a node's disk.
pub struct Store {
    /// What raft-rs starts with.
    initial: RaftState,
    log: Log,
    /// The configurations of the log, with their indexes, behind one that came before.
    configurations: Vec<(Index, Configuration)>,
    /// The latest durable snapshots, the newest last.
    snapshots: VecDeque<Rc<Snapshot>>,
}

impl Store {
    /// The mirror of a disk with this log, whose first configuration is that of the durable snapshot, or the one with which the cluster began.
    pub fn new(log: Log, snapshot: Option<Rc<Snapshot>>, initial: Configuration) -> Store {
        let (index, members) = match &snapshot {
            Some(snapshot) => (snapshot.last_included_index, snapshot.members),
            None => (Index::ZERO, initial),
        };
        let mut store = Store {
            initial: RaftState::default(),
            log: Log::default(),
            configurations: vec![(index, members)],
            snapshots: snapshot.into_iter().collect(),
        };
        for place in log.base().0 + 1..=log.last_index().0 {
            let entry = log.get(Index(place)).expect("a log has what lies between its ends");
            store.note(Index(place), entry);
        }
        store.log = log;
        store
    }

    /// Says with what raft-rs starts.
    pub fn begin(&mut self, hard_state: HardState, members: Configuration) {
        self.initial = RaftState { hard_state, conf_state: conf_state(members) };
    }

    /// Notes the configuration that an entry has, unless a snapshot says more.
    fn note(&mut self, index: Index, entry: &Entry) {
        if let Command::Configure(configuration) = entry.command
            && index > self.configurations.last().map_or(Index::ZERO, |it| it.0)
        {
            self.configurations.push((index, configuration));
        }
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The configuration as of an index.
    pub fn members_at(&self, index: Index) -> Configuration {
        let latest = self.configurations.iter().rev().find(|(at, _)| *at <= index);
        latest.unwrap_or(&self.configurations[0]).1
    }

    /// The index of the last configuration but one, if there is one: it is committed, for a leader adds one only when it has applied the
    /// one before.
    pub fn committed_by_the_next(&self) -> Option<Index> {
        let before = self.configurations.len().checked_sub(2)?;
        self.configurations.get(before).map(|(index, _)| *index)
    }

    /// The latest durable snapshot.
    pub fn snapshot(&self) -> Option<&Rc<Snapshot>> {
        self.snapshots.back()
    }

    /// The durable snapshot with this last entry, if it is remembered.
    pub fn snapshot_at(&self, index: u64) -> Option<Rc<Snapshot>> {
        self.snapshots.iter().find(|it| it.last_included_index.0 == index).cloned()
    }

    /// Up to where the latest durable snapshot goes.
    pub fn snapshot_index(&self) -> Index {
        self.snapshot().map_or(Index::ZERO, |snapshot| snapshot.last_included_index)
    }

    /// A snapshot is durable.
    pub fn save_snapshot(&mut self, snapshot: Rc<Snapshot>) {
        if self.snapshots.len() == SNAPSHOTS_KEPT {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back(snapshot);
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        self.log.push(entry);
        self.note(self.log.last_index(), &entry);
    }

    /// Removes the entry at `from` and all that follow.
    pub fn truncate(&mut self, from: Index) {
        self.log.truncate(from);
        while self.configurations.len() > 1
            && self.configurations.last().is_some_and(|(index, _)| *index >= from)
        {
            self.configurations.pop();
        }
    }

    /// Forgets the entries up to an index.
    pub fn compact(&mut self, upto: Index) {
        self.log.compact(upto);
        let covered = self.configurations.iter().take_while(|(index, _)| *index <= upto).count();
        self.configurations.drain(..covered.saturating_sub(1));
    }

    /// A snapshot takes the place of the log.
    pub fn replace(&mut self, snapshot: &Snapshot) {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        self.log.replace(index, term);
        self.configurations = vec![(index, snapshot.members)];
    }

    /// An entry of raft-rs's as one of squall's. What leaves joint consensus by itself is empty in raft-rs; it leaves the latest
    /// configuration of the log, at whose end it stands.
    ///
    /// # Panics
    ///
    /// If the content is none of squall's.
    pub fn read(&self, entry: &RaftEntry) -> Entry {
        let term = Term(entry.term);
        let content = match entry.get_entry_type() {
            EntryType::EntryNormal => &entry.data,
            _ => &entry.context,
        };
        if !content.is_empty() {
            return Entry::from_payload(term, content).expect("a content that squall made");
        }
        if entry.get_entry_type() == EntryType::EntryNormal {
            return Entry::noop(term);
        }
        let joint = self.members_at(Index(entry.index).previous());
        let left = joint.after(crate::configuration::Change::Leave).unwrap_or(joint);
        Entry { term, request: RequestId::NONE, command: Command::Configure(left) }
    }
}

/// An entry of squall's as one of raft-rs's.
fn write(index: Index, entry: &Entry) -> RaftEntry {
    let mut written = RaftEntry { index: index.0, term: entry.term.0, ..RaftEntry::default() };
    match entry.command {
        Command::Noop => {}
        Command::Configure(_) => {
            written.set_entry_type(EntryType::EntryConfChangeV2);
            written.context = entry.payload().to_vec().into();
        }
        _ => written.data = entry.payload().to_vec().into(),
    }
    written
}

impl Storage for Store {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(self.initial.clone())
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> raft::Result<Vec<RaftEntry>> {
        if low <= self.log.base().0 {
            return Err(StorageError::Compacted.into());
        }
        assert!(high <= self.log.last_index().0 + 1, "raft-rs asks for what was never written");
        let entry = |index| self.log.get(Index(index)).map(|entry| write(Index(index), entry));
        let mut entries: Vec<RaftEntry> = (low..high).filter_map(entry).collect();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index < self.log.base().0 {
            return Err(StorageError::Compacted.into());
        }
        let term = self.log.term_at(Index(index)).ok_or(StorageError::Unavailable)?;
        Ok(term.0)
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.log.base().0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.log.last_index().0)
    }

    fn snapshot(&self, request_index: u64, _: u64) -> raft::Result<RaftSnapshot> {
        let latest = self.snapshot().filter(|it| it.last_included_index.0 >= request_index);
        let latest = latest.ok_or(StorageError::SnapshotTemporarilyUnavailable)?;
        let mut snapshot = RaftSnapshot::default();
        let metadata = snapshot.mut_metadata();
        metadata.index = latest.last_included_index.0;
        metadata.term = latest.last_included_term.0;
        metadata.set_conf_state(conf_state(latest.members));
        Ok(snapshot)
    }
}
