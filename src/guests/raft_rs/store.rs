//! What raft-rs reads of the disk: the same as squall's disk holds or will hold, in memory. Nothing is ever written here alone.

use std::collections::VecDeque;
use std::rc::Rc;

use protobuf::Message as _;
use raft::NO_LIMIT;
use raft::eraftpb::{Entry as RaftEntry, EntryType, HardState, Snapshot as RaftSnapshot};
use raft::{RaftState, StorageError};

use crate::configuration::Configuration;
use crate::guests::raft_rs::members::conf_state;
use crate::ids::{Index, NodeId, Term};
use crate::log::{Command, Entry, Log, RequestId};
use crate::node::Snapshot;

/// How many durable snapshots are remembered: a message that names one may leave after the next is durable.
const SNAPSHOTS_KEPT: usize = 4;

/// The mirror of a node's disk.
pub struct Store {
    /// What raft-rs starts with.
    initial: RaftState,
    log: Log,
    /// The entries of the log in raft-rs's form: their copies share their bytes.
    entries: VecDeque<RaftEntry>,
    /// The configurations of the log, with their indexes, behind one that came before.
    configurations: Vec<(Index, Configuration)>,
    /// The latest durable snapshots, the newest last.
    snapshots: VecDeque<Rc<Snapshot>>,
}

impl Store {
    /// The mirror of a disk with this log, whose first configuration is that of the durable snapshot, or the one with which the cluster
    /// began.
    pub fn new(log: Log, snapshot: Option<Rc<Snapshot>>, initial: Configuration) -> Store {
        let (index, members) = match &snapshot {
            Some(snapshot) => (snapshot.last_included_index, snapshot.members),
            None => (Index::ZERO, initial),
        };
        let mut store = Store {
            initial: RaftState::default(),
            log: Log::default(),
            entries: VecDeque::new(),
            configurations: vec![(index, members)],
            snapshots: snapshot.into_iter().collect(),
        };
        for place in log.base().0 + 1..=log.last_index().0 {
            let entry = log.get(Index(place)).expect("a log has what lies between its ends");
            store.note(Index(place), entry);
            store.entries.push_back(write(Index(place), entry));
        }
        store.log = log;
        store
    }

    /// Says with what raft-rs starts.
    pub fn begin(&mut self, hard_state: HardState, members: Configuration) {
        self.initial = RaftState::new(hard_state, conf_state(members));
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

    /// Adds an entry at the end, and gives it as squall's.
    pub fn push(&mut self, raft: RaftEntry) -> Entry {
        let entry = self.read(&raft);
        // What leaves joint consensus by itself is told as what it comes to.
        let is_whole = raft.get_entry_type() == EntryType::EntryNormal || !raft.context.is_empty();
        self.log.push(entry);
        let index = self.log.last_index();
        self.note(index, &entry);
        self.entries.push_back(if is_whole { raft } else { write(index, &entry) });
        entry
    }

    /// What raft-rs starts with.
    pub fn initial(&self) -> &RaftState {
        &self.initial
    }

    /// The entries from `low` to before `high`: one at least; of the rest, as many as the limit allows, in bytes.
    ///
    /// # Errors
    ///
    /// If the first is compacted.
    pub fn range(&self, low: u64, high: u64, limit: Option<u64>) -> raft::Result<Vec<RaftEntry>> {
        let base = self.log.base().0;
        if low <= base {
            return Err(StorageError::Compacted.into());
        }
        let (from, to) = ((low - base - 1) as usize, (high - base - 1) as usize);
        let limit = limit.filter(|limit| *limit != NO_LIMIT);
        let mut size = 0;
        let fits = |entry: &&RaftEntry| {
            let is_first = size == 0;
            size += limit.map_or(1, |_| u64::from(entry.compute_size()));
            is_first || limit.is_none_or(|limit| size <= limit)
        };
        Ok(self.entries.range(from..to).take_while(fits).cloned().collect())
    }

    /// The term of the entry at an index, or of the last that was compacted.
    ///
    /// # Errors
    ///
    /// If it is not there, or no more.
    pub fn term_at(&self, index: u64) -> raft::Result<u64> {
        if index < self.log.base().0 {
            return Err(StorageError::Compacted.into());
        }
        let term = self.log.term_at(Index(index)).ok_or(StorageError::Unavailable)?;
        Ok(term.0)
    }

    /// The latest durable snapshot, if it goes up to an index at least. A server that a snapshot does not name refuses it, so there is none
    /// for such a server.
    ///
    /// # Errors
    ///
    /// If there is none now.
    pub fn snapshot_for(&self, index: u64, to: Option<u64>) -> raft::Result<RaftSnapshot> {
        let to = to.map(|to| NodeId::new(to as u8));
        let names = |it: &&Rc<Snapshot>| to.is_none_or(|to| it.members.members().contains(to));
        let latest = self.snapshot().filter(names);
        let latest = latest.filter(|it| it.last_included_index.0 >= index);
        let latest = latest.ok_or(StorageError::SnapshotTemporarilyUnavailable)?;
        let mut snapshot = RaftSnapshot::default();
        let metadata = snapshot.mut_metadata();
        metadata.index = latest.last_included_index.0;
        metadata.term = latest.last_included_term.0;
        metadata.set_conf_state(conf_state(latest.members));
        Ok(snapshot)
    }

    /// Removes the entry at `from` and all that follow.
    pub fn truncate(&mut self, from: Index) {
        self.log.truncate(from);
        self.entries.truncate(from.0.saturating_sub(self.log.base().0 + 1) as usize);
        while self.configurations.len() > 1
            && self.configurations.last().is_some_and(|(index, _)| *index >= from)
        {
            self.configurations.pop();
        }
    }

    /// Forgets the entries up to an index.
    pub fn compact(&mut self, upto: Index) {
        let count = upto.0.saturating_sub(self.log.base().0) as usize;
        self.entries.drain(..count.min(self.entries.len()));
        self.log.compact(upto);
        let covered = self.configurations.iter().take_while(|(index, _)| *index <= upto).count();
        self.configurations.drain(..covered.saturating_sub(1));
    }

    /// A snapshot takes the place of the log.
    pub fn replace(&mut self, snapshot: &Snapshot) {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        self.log.replace(index, term);
        self.entries.clear();
        self.configurations = vec![(index, snapshot.members)];
    }

    /// An entry of raft-rs's as one of squall's. What leaves joint consensus by itself is empty in raft-rs; it leaves the latest
    /// configuration of the log, at whose end it stands.
    ///
    /// # Panics
    ///
    /// If the content is none of squall's.
    fn read(&self, entry: &RaftEntry) -> Entry {
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

#[cfg(test)]
mod tests {
    use raft::{GetEntriesContext, Storage};

    use super::*;
    use crate::configuration::{Change, Several};
    use crate::ids::{NodeId, NodeSet};
    use crate::machine::Image;

    const THREE: Configuration = Configuration::of(NodeSet::first(3));

    fn store(entries: u64) -> Store {
        let mut store = Store::new(Log::default(), None, THREE);
        for index in 1..=entries {
            let request = RequestId::new(1, index as u32);
            let command = Command::Put { key: 1, value: index as u32 };
            store.push(write(Index(index), &Entry { term: Term(1), request, command }));
        }
        store
    }

    fn configure(store: &mut Store, term: u64, configuration: Configuration) {
        let command = Command::Configure(configuration);
        let entry = Entry { term: Term(term), request: RequestId::NONE, command };
        store.push(write(store.log().last_index().next(), &entry));
    }

    fn indexes(store: &Store, low: u64, high: u64, limit: Option<u64>) -> Vec<u64> {
        let entries = store.entries(low, high, limit, GetEntriesContext::empty(false));
        entries.expect("they are there").iter().map(|entry| entry.index).collect()
    }

    /// The entries of both forms are the same, at the same places.
    fn check(store: &Store) {
        let (first, last) = (store.first_index().unwrap(), store.last_index().unwrap());
        let entries = store.entries(first, last + 1, None, GetEntriesContext::empty(false));
        let entries = entries.expect("they are there");
        assert_eq!(entries.len() as u64, last + 1 - first);
        for entry in &entries {
            assert_eq!(Some(&store.read(entry)), store.log().get(Index(entry.index)));
        }
    }

    #[test]
    fn both_forms_of_the_log_stay_the_same() {
        let mut store = store(10);
        check(&store);
        store.truncate(Index(8));
        assert_eq!(store.last_index().unwrap(), 7);
        check(&store);
        store.compact(Index(3));
        assert_eq!(store.first_index().unwrap(), 4);
        check(&store);
        store.truncate(Index(6));
        check(&store);
        let image = Image::new((), 1, 1);
        let (last_included_index, last_included_term) = (Index(20), Term(3));
        store.replace(&Snapshot { last_included_index, last_included_term, members: THREE, image });
        assert_eq!((store.first_index().unwrap(), store.last_index().unwrap()), (21, 20));
        assert_eq!(store.term(20).unwrap(), 3);
        assert!(store.term(19).is_err() && store.term(21).is_err());
    }

    #[test]
    fn one_entry_is_given_whatever_the_limit_is() {
        let store = store(10);
        let size = u64::from(store.entries[0].compute_size());
        assert_eq!(indexes(&store, 3, 9, Some(0)), [3]);
        assert_eq!(indexes(&store, 3, 9, Some(2 * size)), [3, 4]);
        assert_eq!(indexes(&store, 3, 6, Some(u64::MAX)), [3, 4, 5]);
        assert_eq!(indexes(&store, 3, 6, None), [3, 4, 5]);
        let compacted = store.entries(0, 3, None, GetEntriesContext::empty(false));
        assert_eq!(compacted, Err(StorageError::Compacted.into()));
    }

    #[test]
    fn what_leaves_joint_consensus_by_itself_is_told_as_what_it_comes_to() {
        let several = Several { remove: NodeSet::only(NodeId::new(3)), ..Several::default() };
        let several = Several { auto_leave: true, ..several };
        let joint = THREE.after(Change::Enter(several)).expect("it enters");
        let mut store = store(2);
        configure(&mut store, 1, joint);
        let mut empty = RaftEntry { index: 4, term: 1, ..RaftEntry::default() };
        empty.set_entry_type(EntryType::EntryConfChangeV2);
        let left = Configuration::of(NodeSet::first(2));
        assert_eq!(store.push(empty).command, Command::Configure(left));
        check(&store);
        assert_eq!(store.members_at(Index(2)), THREE);
        assert_eq!(store.members_at(Index(3)), joint);
        assert_eq!(store.members_at(Index(9)), left);
        // Who wrote the entry that leaves had applied the one that entered.
        assert_eq!(store.committed_by_the_next(), Some(Index(3)));
        store.truncate(Index(4));
        assert_eq!(store.members_at(Index(9)), joint);
        assert_eq!(store.committed_by_the_next(), Some(Index::ZERO));
    }
}
