//! What a node's disk holds: a journal, in which writes become durable in the order in which they were issued.
//!
//! Only a crash may break that order. The term and vote lie apart from the log, so a disk that writes what it likes first can have one and
//! not the other. Within the log there is no such thing: its reader stops at the first record that is not whole, whatever lies behind it.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::breach::Breach;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Batch, Command, Entry, Log};
use crate::node::{Damage, DiskFile, Recovered, Snapshot};
use crate::plan::Survives;
use crate::record::Remains;

#[derive(Clone, Debug)]
pub enum Write {
    /// The term and the vote in it.
    Vote(Term, Option<NodeId>),
    Append(Batch),
    /// The removal of the end of the log.
    Truncate(Index),
    /// The removal of its beginning, which a snapshot covers.
    Compact(Index),
    /// The removal of the whole log, in favour of a snapshot that ends so.
    Discard(Index, Term),
}

/// A journal: what is durable, and the writes that are not yet. Beside it lies the latest snapshot.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The term and the vote in it; none on a fresh disk.
    voted: Option<(Term, Option<NodeId>)>,
    log: Log,
    /// The latest durable snapshot.
    pub(super) snapshot: Option<Rc<Snapshot>>,
    damage: Damage,
    /// The first entry whose checksum does not hold.
    pub(super) corrupt: Option<Index>,
    /// Whether those of the term and vote, and of the snapshot, do not hold.
    pub(super) vote_rots: bool,
    snapshot_rots: bool,
    pub(super) pending: VecDeque<(WriteId, Write)>,
    head: Head,
    /// The disk said that this write and every earlier one are durable, whether they are or not.
    promised: WriteId,
    /// A sync failed: nothing becomes durable any more until the journal is read again.
    pub(super) failed: bool,
    /// The first write for which the disk had no room.
    no_room: Option<WriteId>,
    /// The first write that failed and was not written again: neither it nor what comes behind it is ever there.
    gap: Option<WriteId>,
}

/// Where the log of a running node begins and ends, and its last write: what is durable, and all that is written behind it.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    /// The last index that was compacted.
    base: Index,
    last: Index,
    write: WriteId,
}

/// What a crash leaves of the first write that is not whole on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    Nothing,
    /// As many entries as a random word says.
    Drawn(u64),
    After(u32),
}

impl Journal {
    /// Adds a write, if it may come next.
    pub fn push(&mut self, id: WriteId, write: Write) -> Result<(), Breach> {
        let Head { base, last, write: before } = self.head;
        if id <= before {
            return Err(Breach::WriteOutOfOrder { write: id, last: before });
        }
        debug_assert!(base <= last && self.log.base() <= base);
        match &write {
            Write::Vote(..) => {}
            Write::Append(batch) if batch.is_empty() => {
                return Err(Breach::AppendOfNothing { write: id });
            }
            Write::Append(batch) => self.head.last = last.plus(batch.len() as u64),
            Write::Truncate(from) if *from <= base || *from > last => {
                return Err(Breach::TruncateOutOfPlace { from: *from, base, last });
            }
            Write::Truncate(from) => self.head.last = from.previous(),
            Write::Compact(upto) => {
                let (upto, snapshot) = (*upto, self.snapshot_index());
                if upto <= base || upto > last {
                    return Err(Breach::CompactOutOfPlace { upto, base, last });
                }
                if upto > snapshot {
                    return Err(Breach::CompactUncovered { upto, snapshot });
                }
                self.head.base = upto;
            }
            Write::Discard(index, _) => {
                let (index, snapshot) = (*index, self.snapshot_index());
                if index <= base || index != snapshot {
                    return Err(Breach::DiscardOutOfPlace { index, snapshot, base });
                }
                (self.head.base, self.head.last) = (index, index);
            }
        }
        self.head.write = id;
        self.pending.push_back((id, write));
        Ok(())
    }

    /// Adds entries, the first of which sits at `first`.
    pub fn append(&mut self, id: WriteId, first: Index, batch: Batch) -> Result<(), Breach> {
        let last = self.head.last;
        if first != last.next() {
            return Err(Breach::AppendOutOfPlace { first, last });
        }
        self.push(id, Write::Append(batch))
    }

    /// Up to where the durable snapshot goes; zero if there is none.
    fn snapshot_index(&self) -> Index {
        self.snapshot.as_ref().map_or(Index::ZERO, |snapshot| snapshot.last_included_index)
    }

    /// The last write of this life.
    pub fn last_write(&self) -> WriteId {
        self.head.write
    }

    /// The node has nothing in memory but what is durable.
    fn rewind(&mut self) {
        debug_assert!(self.pending.is_empty());
        let (base, last) = (self.log.base(), self.log.last_index());
        self.head = Head { base, last, write: WriteId::NONE };
    }

    /// The latest write, if there is one to sync.
    pub fn unsynced(&self) -> Option<WriteId> {
        let latest = self.pending.back().map(|(id, _)| *id);
        latest.filter(|id| !self.failed && *id > self.promised)
    }

    /// The earliest write of which the disk has not said that it is durable.
    pub fn first_unsynced(&self) -> Option<WriteId> {
        let mut ids = self.pending.iter().map(|(id, _)| *id);
        ids.find(|id| *id > self.promised)
    }

    /// What failed is written again, or is left out.
    pub fn take_up_again(&mut self, writes: bool) {
        (self.failed, self.no_room) = (false, None);
        if !writes {
            self.gap = self.gap.or(self.first_unsynced());
        }
    }

    /// Whether something is missing for ever of what a sync reported as durable.
    pub fn has_gap(&self) -> bool {
        self.gap.is_some()
    }

    /// The disk has no room for what is not durable yet, nor for what comes behind it.
    pub fn find_no_room(&mut self) {
        self.no_room = self.no_room.or(self.first_unsynced());
    }

    /// The disk says that writes up to and with this one are durable. They are not.
    pub fn lie(&mut self, upto: WriteId) {
        debug_assert!(self.promised <= upto && upto <= self.head.write);
        self.promised = upto;
    }

    /// What the disk said becomes true. Gives the last write that was not durable before, if there is one.
    pub fn keep_promise(&mut self) -> Option<WriteId> {
        let kept = |promised: WriteId| match self.gap {
            Some(gap) => promised.min(WriteId(gap.0 - 1)),
            None => promised,
        };
        let promised = kept(self.promised);
        let broken = self.pending.front().is_some_and(|(id, _)| *id <= promised);
        self.sync(promised);
        broken.then_some(promised)
    }

    /// Makes writes durable, up to and with this one.
    pub fn sync(&mut self, upto: WriteId) {
        while self.pending.front().is_some_and(|(id, _)| *id <= upto) {
            let (_, write) = self.pending.pop_front().expect("just seen");
            self.carry_out(write);
        }
        debug_assert!(!self.pending.is_empty() || self.log.last_index() == self.head.last);
        debug_assert!(!self.pending.is_empty() || self.log.base() == self.head.base);
    }

    fn carry_out(&mut self, write: Write) {
        match write {
            Write::Vote(term, vote) => {
                (self.voted, self.vote_rots) = (Some((term, vote)), false);
            }
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
        let mut log = self.log.clone();
        for (_, write) in &self.pending {
            match write {
                Write::Append(batch) => batch.entries().iter().for_each(|entry| log.push(*entry)),
                Write::Truncate(from) => log.truncate(*from),
                Write::Discard(index, term) => log.replace(*index, *term),
                Write::Vote(..) | Write::Compact(_) => {}
            }
        }
        let indexes = (log.base().0 + 1..).map(Index);
        let entries = indexes.zip(log.iter_from(Index::ZERO));
        let found = entries.filter_map(|(index, entry)| match entry.command {
            Command::Configure(configuration) => Some((index, configuration)),
            _ => None,
        });
        let snapshot = self.snapshot.iter().map(|it| (it.last_included_index, it.members));
        snapshot.chain(found).collect()
    }

    /// The durable entry at this place from the end, 1 for the last; none if the log is shorter.
    pub fn entry_from_end(&self, place: u64) -> Option<Index> {
        let index = Index((self.log.last_index().0 + 1).checked_sub(place)?);
        (index > self.log.base()).then_some(index)
    }

    /// Where a record would rot: that of the durable entry at this place from the end, of the term and vote if something was ever
    /// written down of them, of the durable snapshot.
    pub fn rotting(&self, what: DiskFile, place: u64) -> Option<Index> {
        match what {
            DiskFile::Log => self.entry_from_end(place),
            DiskFile::Vote => self.voted.filter(|it| it.0 > Term::FIRST).map(|_| Index::ZERO),
            DiskFile::Snapshot => self.snapshot.as_ref().map(|it| it.last_included_index),
        }
    }

    pub fn rot(&mut self, what: DiskFile, index: Index) {
        match what {
            DiskFile::Log => {
                self.corrupt = Some(self.corrupt.map_or(index, |first| first.min(index)));
            }
            DiskFile::Vote => self.vote_rots = true,
            DiskFile::Snapshot => self.snapshot_rots = true,
        }
    }

    /// The last index of the snapshot, if its checksum does not hold.
    pub fn corrupt_snapshot(&self) -> Option<Index> {
        self.rotting(DiskFile::Snapshot, 1).filter(|_| self.snapshot_rots)
    }

    /// A term and vote that cannot be read are dropped.
    pub fn drop_corrupt_vote(&mut self) {
        if std::mem::take(&mut self.vote_rots) {
            self.voted = None;
        }
    }

    /// A snapshot is whole on the disk, and takes the place of the one before.
    pub fn save(&mut self, snapshot: Rc<Snapshot>) {
        (self.snapshot, self.snapshot_rots) = (Some(snapshot), false);
    }

    pub fn unsynced_votes(&self) -> u64 {
        self.pending_votes().count() as u64
    }

    fn pending_votes(&self) -> impl Iterator<Item = (WriteId, (Term, Option<NodeId>))> {
        self.pending.iter().filter_map(|(id, write)| match write {
            Write::Vote(term, vote) => Some((*id, (*term, *vote))),
            _ => None,
        })
    }

    /// The node crashes: `whole` of the writes that are not durable survive, and `tear` says how much of the next. If `votes` is given, so
    /// many of the writes of a term and vote survive instead of those among `whole`.
    pub fn crash(&mut self, whole: u64, tear: Tear, votes: Option<u64>) -> (Remains, Survives) {
        let had_room = |id: &WriteId| {
            self.no_room.is_none_or(|first| *id < first) && self.gap.is_none_or(|first| *id < first)
        };
        let room = self.pending.iter().filter(|(id, _)| had_room(id)).count();
        let votes_room = self.pending_votes().filter(|(id, _)| had_room(id)).count() as u64;
        let whole = (whole as usize).min(room);
        let votes = votes.map(|count| count.min(votes_room));
        let tear = match tear {
            // The record that was to fill the rest of the disk.
            Tear::Drawn(_) | Tear::After(_) if room < self.pending.len() && whole == room => {
                Tear::After(0)
            }
            tear => tear,
        };
        let survived =
            self.pending.iter().take(whole).next_back().map_or(WriteId::NONE, |(id, _)| *id);
        let last_vote = |count| self.pending_votes().take(count).last();
        let in_order = self.pending_votes().take_while(|(id, _)| *id <= survived).last();
        let stays = votes.map_or(in_order, |count| last_vote(count as usize));
        let rots = self.vote_rots && stays.is_none();
        let (last, vote) = stays.map_or((WriteId::NONE, self.voted), |(id, vote)| (id, Some(vote)));
        let is_lost = |(id, write): &&(WriteId, Write)| match write {
            Write::Vote(..) => *id > last,
            _ => *id > survived,
        };
        let lost = self.pending.iter().filter(is_lost).count() as u32;
        // What the disk reported as failed it has not promised, whatever a later sync said.
        let is_promised =
            |id: &WriteId| *id <= self.promised && self.gap.is_none_or(|gap| *id < gap);
        let promised =
            self.pending.iter().filter(is_lost).filter(|(id, _)| is_promised(id)).count();
        let moved = last != in_order.map_or(WriteId::NONE, |(id, _)| id);
        self.sync(survived);
        (self.voted, self.vote_rots) = (vote, rots);
        let torn = self.tear(tear);
        self.pending.clear();
        (self.failed, self.promised) = (false, WriteId::NONE);
        (self.no_room, self.gap) = (None, None);
        self.rewind();
        let remains = Remains {
            survived,
            torn: torn.unwrap_or(0),
            lost,
            votes: moved.then_some(last),
            promised: promised as u32,
        };
        (remains, Survives { writes: whole as u64, entries: torn, votes })
    }

    /// Tears the first write that does not survive; says how many of its entries do, if it was cut in two.
    fn tear(&mut self, tear: Tear) -> Option<u32> {
        self.damage.torn = None;
        let Some((_, Write::Append(batch))) = self.pending.front() else { return None };
        let entries = batch.entries();
        let count = match tear {
            Tear::Nothing => return None,
            Tear::Drawn(word) => crate::rng::scale(word, entries.len() as u64) as u32,
            Tear::After(count) => count.min(entries.len() as u32 - 1),
        };
        entries[..count as usize].iter().for_each(|entry| self.log.push(*entry));
        // Its term was written, its content is garbage.
        let command = Command::Put { key: u32::MAX, value: u32::MAX };
        self.damage.torn = Some(Entry { command, ..entries[count as usize] });
        Some(count)
    }

    /// A copy of what is on the disk.
    pub fn copy(&self) -> Journal {
        let mut copy = self.clone();
        copy.pending.clear();
        (copy.failed, copy.promised, copy.no_room, copy.gap) = (false, WriteId::NONE, None, None);
        copy.rewind();
        copy
    }

    /// Whether an entry at this index is there, or in the snapshot.
    pub fn reaches(&self, index: Index) -> bool {
        index <= self.log.last_index().max(self.snapshot_index())
    }

    pub fn wipe(&mut self) {
        *self = Journal::default();
    }

    /// What a node finds at its start. `applied` is where its state machine is.
    pub fn recover(&mut self, applied: Index) -> Recovered {
        let (term, vote) = self.voted.unwrap_or((Term::FIRST, None));
        let Damage { torn, truncated, .. } = std::mem::take(&mut self.damage);
        Recovered {
            term,
            vote,
            log: self.log.clone(),
            snapshot: self.snapshot.clone(),
            applied,
            damage: Damage { torn, truncated, corrupt: self.corrupt },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(journal: &mut Journal, id: WriteId, what: Write) {
        assert_eq!(journal.push(id, what), Ok(()));
    }

    fn snapshot(index: u64) -> Rc<Snapshot> {
        Rc::new(Snapshot {
            last_included_index: Index(index),
            last_included_term: Term(1),
            members: Configuration::of(crate::ids::NodeSet::first(3)),
            image: crate::machine::Image::new((), 1, index),
        })
    }

    fn entries(count: usize) -> Write {
        Write::Append((0..count).map(|_| Entry::noop(Term(1))).collect())
    }

    #[test]
    fn a_crash_keeps_a_prefix_and_may_tear_the_next_write() {
        let mut journal = Journal::default();
        write(&mut journal, WriteId(1), entries(2));
        write(&mut journal, WriteId(2), entries(4));
        write(&mut journal, WriteId(3), Write::Vote(Term(9), None));
        let (remains, survives) = journal.crash(1, Tear::Drawn(u64::MAX / 2), None);
        let expected = Remains { survived: WriteId(1), torn: 1, lost: 2, ..Remains::default() };
        assert_eq!(remains, expected);
        assert_eq!(survives, Survives { writes: 1, entries: Some(1), votes: None });
        let recovered = journal.recover(Index::ZERO);
        assert_eq!(recovered.log.last_index(), Index(3));
        assert_eq!(recovered.term, Term::FIRST);
        assert!(recovered.damage.torn.is_some());
    }

    #[test]
    fn a_crash_without_survivors_loses_all_that_was_not_durable() {
        let mut journal = Journal::default();
        write(&mut journal, WriteId(1), entries(2));
        journal.sync(WriteId(1));
        write(&mut journal, WriteId(2), Write::Truncate(Index(1)));
        let nothing = Remains { lost: 1, ..Remains::default() };
        assert_eq!(journal.crash(0, Tear::Nothing, None).0, nothing);
        assert_eq!(journal.recover(Index::ZERO).log.last_index(), Index(2));
    }

    /// Votes lie apart from the log: either may be there without the other.
    #[test]
    fn a_disk_that_does_not_keep_the_order_may_have_the_log_or_the_vote_alone() {
        let written = || {
            let mut journal = Journal::default();
            write(&mut journal, WriteId(1), Write::Vote(Term(2), None));
            write(&mut journal, WriteId(2), entries(3));
            write(&mut journal, WriteId(3), Write::Vote(Term(3), None));
            journal
        };
        let left = |whole, votes| {
            let mut journal = written();
            assert_eq!(journal.unsynced_votes(), 2);
            let (remains, _) = journal.crash(whole, Tear::Nothing, Some(votes));
            let found = journal.recover(Index::ZERO);
            (found.term.0, found.log.last_index().0, remains.votes.map(|it| it.0), remains.lost)
        };
        assert_eq!(left(0, 0), (1, 0, None, 3));
        assert_eq!(left(0, 1), (2, 0, Some(1), 2));
        assert_eq!(left(2, 0), (1, 3, Some(0), 2));
        assert_eq!(left(2, 1), (2, 3, None, 1), "as if the order had been kept");
        assert_eq!(left(0, 2), (3, 0, Some(3), 1));
        assert_eq!(left(9, 9), (3, 3, None, 0));
    }

    #[test]
    fn what_found_no_room_is_not_there_after_a_crash_whatever_survives() {
        let left = |tear, whole, votes| {
            let mut journal = Journal::default();
            write(&mut journal, WriteId(1), entries(2));
            journal.lie(WriteId(1));
            write(&mut journal, WriteId(2), entries(3));
            write(&mut journal, WriteId(3), Write::Vote(Term(2), None));
            journal.find_no_room();
            write(&mut journal, WriteId(4), entries(1));
            let (_, survives) = journal.crash(whole, tear, votes);
            let found = journal.recover(Index::ZERO);
            (found.log.last_index().0, found.term.0, found.damage.torn.is_some(), survives.writes)
        };
        assert_eq!(left(Tear::Nothing, 4, None), (2, 1, false, 1), "the first had room");
        assert_eq!(left(Tear::Drawn(u64::MAX), 3, Some(1)), (2, 1, true, 1), "an entry is torn");
        assert_eq!(left(Tear::After(2), 0, None), (1, 1, true, 0), "that of a write with room");
    }

    #[test]
    fn a_promise_of_the_disk_is_kept_in_time_or_broken_by_a_crash() {
        let mut journal = Journal::default();
        write(&mut journal, WriteId(1), entries(2));
        write(&mut journal, WriteId(2), entries(1));
        journal.lie(WriteId(2));
        assert_eq!(journal.unsynced(), None, "all has been synced, as the disk says");
        write(&mut journal, WriteId(3), entries(1));
        assert_eq!(
            (journal.unsynced(), journal.first_unsynced()),
            (Some(WriteId(3)), Some(WriteId(3)))
        );
        assert_eq!(journal.entry_from_end(1), None, "nothing is durable");
        assert_eq!(journal.keep_promise(), Some(WriteId(2)));
        assert_eq!(journal.keep_promise(), None);
        assert_eq!(journal.entry_from_end(1), Some(Index(3)));
        journal.lie(WriteId(3));
        let (remains, _) = journal.crash(0, Tear::Nothing, None);
        assert_eq!((remains.lost, remains.promised), (1, 1));
        assert_eq!(journal.recover(Index::ZERO).log.last_index(), Index(3));
        write(&mut journal, WriteId(1), entries(1));
        assert_eq!(journal.unsynced(), Some(WriteId(1)), "a new life, a new count");
    }

    #[test]
    fn a_rotten_record_is_there_until_its_entry_is_removed() {
        let mut journal = Journal::default();
        write(&mut journal, WriteId(1), entries(5));
        assert_eq!(journal.entry_from_end(1), None, "nothing is durable");
        journal.sync(WriteId(1));
        assert_eq!(
            [1, 5, 6].map(|place| journal.entry_from_end(place)),
            [Some(Index(5)), Some(Index(1)), None]
        );
        journal.rot(DiskFile::Log, Index(4));
        journal.rot(DiskFile::Log, Index(2));
        write(&mut journal, WriteId(2), Write::Truncate(Index(3)));
        journal.sync(WriteId(2));
        assert_eq!(journal.recover(Index::ZERO).damage.corrupt, Some(Index(2)));
        write(&mut journal, WriteId(3), Write::Truncate(Index(2)));
        journal.sync(WriteId(3));
        assert_eq!(journal.corrupt, None);
        journal.rot(DiskFile::Log, Index(1));
        journal.save(snapshot(1));
        write(&mut journal, WriteId(4), Write::Compact(Index(1)));
        journal.sync(WriteId(4));
        assert_eq!((journal.corrupt, journal.entry_from_end(1)), (None, None));
    }

    #[test]
    fn a_rotten_vote_is_there_until_another_is_written() {
        let mut journal = Journal::default();
        assert_eq!(journal.rotting(DiskFile::Vote, 1), None, "none was written");
        write(&mut journal, WriteId(1), Write::Vote(Term(4), None));
        journal.sync(WriteId(1));
        assert_eq!(journal.rotting(DiskFile::Vote, 1), Some(Index::ZERO));
        journal.rot(DiskFile::Vote, Index::ZERO);
        write(&mut journal, WriteId(2), Write::Vote(Term(5), None));
        write(&mut journal, WriteId(3), entries(1));
        journal.crash(2, Tear::Nothing, Some(0));
        assert!(journal.vote_rots, "the log came first, and the crash before the vote");
        write(&mut journal, WriteId(1), Write::Vote(Term(6), None));
        journal.sync(WriteId(1));
        assert!(!journal.vote_rots);
        journal.rot(DiskFile::Vote, Index::ZERO);
        journal.drop_corrupt_vote();
        assert_eq!(journal.recover(Index::ZERO).term, Term::FIRST);
    }

    #[test]
    fn a_log_gives_way_to_a_snapshot_when_that_is_written_down() {
        let mut journal = Journal::default();
        write(&mut journal, WriteId(1), entries(4));
        journal.save(snapshot(2));
        journal.rot(DiskFile::Snapshot, Index(2));
        assert_eq!(journal.corrupt_snapshot(), Some(Index(2)));
        journal.save(snapshot(3));
        assert_eq!(journal.corrupt_snapshot(), None, "a new one is whole");
        let uncovered = Breach::CompactUncovered { upto: Index(4), snapshot: Index(3) };
        assert_eq!(journal.push(WriteId(2), Write::Compact(Index(4))), Err(uncovered));
        write(&mut journal, WriteId(2), Write::Compact(Index(3)));
        journal.crash(1, Tear::Nothing, None);
        let recovered = journal.recover(Index(3));
        assert_eq!((recovered.log.base(), recovered.log.last_index()), (Index(0), Index(4)));
        assert_eq!(recovered.snapshot.map(|it| it.last_included_index), Some(Index(3)));
        journal.save(snapshot(9));
        write(&mut journal, WriteId(1), Write::Discard(Index(9), Term(1)));
        write(&mut journal, WriteId(2), entries(1));
        journal.sync(WriteId(2));
        let recovered = journal.recover(Index(9));
        assert_eq!((recovered.log.base(), recovered.log.last_index()), (Index(9), Index(10)));
        journal.wipe();
        assert!(journal.snapshot.is_none());
    }
}
