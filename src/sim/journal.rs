//! What a node's disk holds: a journal, in which writes become durable in the order in which they were issued.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Batch, Command, Entry, Log};
use crate::node::{Damage, Recovered, Snapshot};

/// One write.
#[derive(Clone, Debug)]
pub enum Write {
    /// The term and the vote in it.
    Vote(Term, Option<NodeId>),
    /// Entries at the end of the log.
    Append(Batch),
    /// The removal of the end of the log.
    Truncate(Index),
    /// The removal of its beginning, which a snapshot covers.
    Compact(Index),
    /// The removal of the whole log, in favour of a snapshot that ends so.
    Discard(Index, Term),
}

/// A journal: what is durable, and the writes that are not yet. Beside it lies the latest snapshot.
#[derive(Debug)]
pub struct Journal {
    term: Term,
    vote: Option<NodeId>,
    log: Log,
    snapshot: Option<Rc<Snapshot>>,
    damage: Damage,
    /// The first entry whose record rotted.
    corrupt: Option<Index>,
    pending: VecDeque<(WriteId, Write)>,
    /// A sync failed: nothing becomes durable any more until the journal is read again.
    failed: bool,
}

/// What a crash left of the writes that were not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survival {
    /// This write and every earlier one are durable.
    pub upto: WriteId,
    /// So many entries of the next are, too, if it was cut in two.
    pub torn: Option<u32>,
    /// How many writes are lost, a torn one counted.
    pub lost: u32,
}

/// What a crash leaves of the first write that is not whole on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Nothing.
    Nothing,
    /// As many entries as a random word says.
    Drawn(u64),
    /// So many entries.
    After(u32),
}

impl Default for Journal {
    fn default() -> Journal {
        Journal {
            term: Term::FIRST,
            vote: None,
            log: Log::default(),
            snapshot: None,
            damage: Damage::default(),
            corrupt: None,
            pending: VecDeque::new(),
            failed: false,
        }
    }
}

impl Journal {
    /// Adds a write.
    pub fn push(&mut self, id: WriteId, write: Write) {
        self.pending.push_back((id, write));
    }

    /// The latest write, if there is one to sync.
    pub fn unsynced(&self) -> Option<WriteId> {
        if self.failed { None } else { self.pending.back().map(|(id, _)| *id) }
    }

    /// The earliest write that is not durable.
    pub fn first_unsynced(&self) -> Option<WriteId> {
        self.pending.front().map(|(id, _)| *id)
    }

    /// How many writes are not durable.
    pub fn unsynced_count(&self) -> u64 {
        self.pending.len() as u64
    }

    /// A sync failed.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Makes writes durable, up to and with this one.
    pub fn sync(&mut self, upto: WriteId) {
        while self.pending.front().is_some_and(|(id, _)| *id <= upto) {
            let (_, write) = self.pending.pop_front().expect("just seen");
            self.carry_out(write);
        }
    }

    fn carry_out(&mut self, write: Write) {
        match write {
            Write::Vote(term, vote) => (self.term, self.vote) = (term, vote),
            Write::Append(batch) => {
                batch.entries().iter().for_each(|entry| self.log.push(*entry));
            }
            Write::Truncate(from) => {
                let removed: Rc<[Entry]> = self.log.iter_from(from).copied().collect();
                self.damage.truncated = Some((from, removed));
                self.log.truncate(from);
                self.corrupt = self.corrupt.filter(|index| *index < from);
            }
            Write::Compact(upto) => {
                self.log.compact(upto);
                self.corrupt = self.corrupt.filter(|index| *index > upto);
            }
            Write::Discard(index, term) => {
                self.log.replace(index, term);
                self.damage.truncated = None;
                self.corrupt = None;
            }
        }
    }

    /// The configurations in the log, as the node has it in memory, with their indexes; first, that of the snapshot.
    pub fn configurations(&self) -> Vec<(Index, Configuration)> {
        let mut found = Vec::new();
        let mut last = self.log.base();
        let add = |found: &mut Vec<_>, last: &mut Index, entry: &Entry| {
            *last = last.next();
            if let Command::Configure(configuration) = entry.command {
                found.push((*last, configuration));
            }
        };
        for entry in self.log.iter_from(last.next()) {
            add(&mut found, &mut last, entry);
        }
        for (_, write) in &self.pending {
            match write {
                Write::Append(batch) => {
                    batch.entries().iter().for_each(|entry| add(&mut found, &mut last, entry));
                }
                Write::Truncate(from) => {
                    last = from.previous();
                    found.retain(|(index, _)| index < from);
                }
                Write::Discard(index, _) => {
                    last = *index;
                    found.clear();
                }
                Write::Vote(..) | Write::Compact(_) => {}
            }
        }
        let snapshot = self.snapshot.iter().map(|it| (it.last_included_index, it.members));
        snapshot.chain(found).collect()
    }

    /// The durable entry at this place from the end, 1 for the last; none if the log is shorter.
    pub fn from_end(&self, place: u64) -> Option<Index> {
        let index = Index((self.log.last_index().0 + 1).checked_sub(place)?);
        (index > self.log.base()).then_some(index)
    }

    /// The record of a durable entry rots.
    pub fn rot(&mut self, index: Index) {
        self.corrupt = Some(self.corrupt.map_or(index, |first| first.min(index)));
    }

    /// The first entry whose checksum does not hold.
    pub fn corrupt(&self) -> Option<Index> {
        self.corrupt
    }

    /// The latest durable snapshot.
    pub fn snapshot(&self) -> Option<&Rc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// A snapshot is whole on the disk, and takes the place of the one before.
    pub fn save(&mut self, snapshot: Rc<Snapshot>) {
        self.snapshot = Some(snapshot);
    }

    /// The node crashes: `whole` of the writes that are not durable survive, and `tear` says how much of the next.
    pub fn crash(&mut self, whole: u64, tear: Tear) -> Survival {
        let whole = (whole as usize).min(self.pending.len());
        let upto = match whole {
            0 => WriteId::NONE,
            whole => self.pending[whole - 1].0,
        };
        self.sync(upto);
        let lost = self.pending.len() as u32;
        let mut torn = None;
        self.damage.torn = None;
        if let Some((_, Write::Append(batch))) = self.pending.front()
            && tear != Tear::Nothing
        {
            let entries = batch.entries();
            let count = match tear {
                Tear::Drawn(word) => crate::rng::scale(word, entries.len() as u64) as u32,
                Tear::After(count) => count.min(entries.len() as u32 - 1),
                Tear::Nothing => 0,
            };
            torn = Some(count);
            entries[..count as usize].iter().for_each(|entry| self.log.push(*entry));
            self.damage.torn = Some(garbled(entries[count as usize]));
        }
        self.pending.clear();
        self.failed = false;
        Survival { upto, torn, lost }
    }

    /// The disk is emptied.
    pub fn wipe(&mut self) {
        *self = Journal::default();
    }

    /// What a node finds at its start. `applied` is where its state machine is.
    pub fn recover(&mut self, applied: Index) -> Recovered {
        Recovered {
            term: self.term,
            vote: self.vote,
            log: self.log.clone(),
            snapshot: self.snapshot.clone(),
            applied,
            damage: Damage {
                torn: self.damage.torn.take(),
                truncated: self.damage.truncated.take(),
                corrupt: self.corrupt,
            },
        }
    }
}

/// An entry whose record was cut short: its term was written, its content is garbage.
fn garbled(entry: Entry) -> Entry {
    Entry { command: Command::Put { key: u32::MAX, value: u32::MAX }, ..entry }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Write {
        Write::Append((0..count).map(|_| Entry::noop(Term(1))).collect())
    }

    #[test]
    fn a_crash_keeps_a_prefix_and_may_tear_the_next_write() {
        let mut journal = Journal::default();
        journal.push(WriteId(1), entries(2));
        journal.push(WriteId(2), entries(4));
        journal.push(WriteId(3), Write::Vote(Term(9), None));
        let survival = journal.crash(1, Tear::Drawn(u64::MAX / 2));
        assert_eq!(survival, Survival { upto: WriteId(1), torn: Some(1), lost: 2 });
        let recovered = journal.recover(Index::ZERO);
        assert_eq!(recovered.log.last_index(), Index(3));
        assert_eq!(recovered.term, Term::FIRST);
        assert!(recovered.damage.torn.is_some());
    }

    #[test]
    fn a_crash_without_survivors_loses_all_that_was_not_durable() {
        let mut journal = Journal::default();
        journal.push(WriteId(1), entries(2));
        journal.sync(WriteId(1));
        journal.push(WriteId(2), Write::Truncate(Index(1)));
        let nothing = Survival { upto: WriteId::NONE, torn: None, lost: 1 };
        assert_eq!(journal.crash(0, Tear::Nothing), nothing);
        assert_eq!(journal.recover(Index::ZERO).log.last_index(), Index(2));
    }

    #[test]
    fn a_rotten_record_is_there_until_its_entry_is_removed() {
        let mut journal = Journal::default();
        journal.push(WriteId(1), entries(5));
        assert_eq!(journal.from_end(1), None, "nothing is durable");
        journal.sync(WriteId(1));
        assert_eq!(
            [1, 5, 6].map(|place| journal.from_end(place)),
            [Some(Index(5)), Some(Index(1)), None]
        );
        journal.rot(Index(4));
        journal.rot(Index(2));
        journal.push(WriteId(2), Write::Truncate(Index(3)));
        journal.sync(WriteId(2));
        assert_eq!(journal.recover(Index::ZERO).damage.corrupt, Some(Index(2)));
        journal.push(WriteId(3), Write::Truncate(Index(2)));
        journal.sync(WriteId(3));
        assert_eq!(journal.corrupt(), None);
        journal.rot(Index(1));
        journal.push(WriteId(4), Write::Compact(Index(1)));
        journal.sync(WriteId(4));
        assert_eq!((journal.corrupt(), journal.from_end(1)), (None, None));
    }

    #[test]
    fn a_log_gives_way_to_a_snapshot_when_that_is_written_down() {
        let snapshot = |index| {
            let image = crate::node::Image::new((), 1, index);
            Rc::new(Snapshot {
                last_included_index: Index(index),
                last_included_term: Term(1),
                members: Configuration::of(crate::ids::NodeSet::first(3)),
                image,
            })
        };
        let mut journal = Journal::default();
        journal.push(WriteId(1), entries(4));
        journal.push(WriteId(2), Write::Compact(Index(3)));
        journal.save(snapshot(3));
        journal.crash(1, Tear::Nothing);
        let recovered = journal.recover(Index(3));
        assert_eq!((recovered.log.base(), recovered.log.last_index()), (Index(0), Index(4)));
        assert_eq!(recovered.snapshot.map(|it| it.last_included_index), Some(Index(3)));
        journal.save(snapshot(9));
        journal.push(WriteId(1), Write::Discard(Index(9), Term(1)));
        journal.push(WriteId(2), entries(1));
        journal.sync(WriteId(2));
        let recovered = journal.recover(Index(9));
        assert_eq!((recovered.log.base(), recovered.log.last_index()), (Index(9), Index(10)));
        journal.wipe();
        assert!(journal.snapshot().is_none());
    }
}
