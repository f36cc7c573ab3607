//! openraft's log store on squall's disk. Votes are waited for, entries are reported when they are durable.
//!
//! The membership with which the cluster begins is openraft's entry at index 0. squall's logs begin at index 1, so that entry is never
//! written: it is there as long as nothing is compacted.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::rc::Rc;

use openraft::EntryPayload;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};

use super::library::{LogEntry, LogId, Types, Vote, at, log_id};
use super::life::Ask;
use super::members;
use super::message::Ballot;
use super::shared::{BEGINNING, Shared, Waiting};
use crate::ids::{Index, Term};
use crate::log::{Batch, Command, Entry, RequestId};
use crate::node::Effect;

/// The log store of a node, and a reader of it.
#[derive(Clone)]
pub struct Store(pub Rc<Shared>);

/// An entry of squall's as one of openraft's.
pub fn to_openraft(index: Index, entry: &Entry) -> LogEntry {
    let payload = match entry.command {
        Command::Noop => EntryPayload::Blank,
        Command::Configure(members) => EntryPayload::Membership(members::membership(members)),
        command => EntryPayload::Normal(Ask { request: entry.request, command }),
    };
    LogEntry { log_id: log_id((entry.term, index)), payload }
}

/// An entry of openraft's as one of squall's, with its index.
pub fn from_openraft(entry: &LogEntry) -> (Index, Entry) {
    let (term, index) = at(&entry.log_id);
    let (request, command) = match &entry.payload {
        EntryPayload::Blank => (RequestId::NONE, Command::Noop),
        EntryPayload::Normal(ask) => (ask.request, ask.command),
        EntryPayload::Membership(membership) => {
            (RequestId::NONE, Command::Configure(members::configuration(membership)))
        }
    };
    (index, Entry { term, request, command })
}

impl Store {
    /// The entries from one index to before another, at most so many.
    fn entries(&self, from: u64, to: u64, count: usize) -> Vec<LogEntry> {
        let shared = &self.0;
        let log = shared.log.borrow();
        let first = Entry {
            term: Term::ZERO,
            request: RequestId::NONE,
            command: Command::Configure(shared.initial),
        };
        let entry = |index: u64| match index {
            0 if log.base() == Index::ZERO => Some(to_openraft(Index::ZERO, &first)),
            _ => log.get(Index(index)).map(|entry| to_openraft(Index(index), entry)),
        };
        (from..to).map_while(entry).take(count).collect()
    }
}

impl RaftLogReader<Types> for Store {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug>(
        &mut self,
        range: RB,
    ) -> Result<Vec<LogEntry>, io::Error> {
        let from = match range.start_bound() {
            Bound::Included(index) => *index,
            Bound::Excluded(index) => index + 1,
            Bound::Unbounded => 0,
        };
        let end = self.0.log.borrow().last_index().0 + 1;
        let to = match range.end_bound() {
            Bound::Included(index) => index + 1,
            Bound::Excluded(index) => *index,
            Bound::Unbounded => end,
        };
        Ok(self.entries(from, to.min(end), usize::MAX))
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<LogEntry>, io::Error> {
        Ok(self.entries(start, end, self.0.options.entries_per_append))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(Some(self.0.vote.get().vote()))
    }
}

impl RaftLogStorage<Types> for Store {
    type LogReader = Store;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, io::Error> {
        let log = self.0.log.borrow();
        let base = log.base();
        let purged = log.term_at(base).filter(|_| base > Index::ZERO);
        Ok(LogState {
            last_purged_log_id: purged.map(|term| log_id((term, base))),
            last_log_id: Some(log_id((log.last_term(), log.last_index()))),
        })
    }

    async fn get_log_reader(&mut self) -> Store {
        self.clone()
    }

    /// squall's disk has a term and a vote in it, and does not know whether a majority gave that. Whoever hears of a leader without having
    /// voted for it writes the term alone: in the rest of that term it votes for nobody.
    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let shared = &self.0;
        let ballot = Ballot::of(vote);
        shared.vote.set(ballot);
        let (term, _) = shared.disk_vote.get();
        if ballot.term > term || !ballot.committed {
            let own = ballot.node.filter(|_| !ballot.committed);
            if shared.disk_vote.get() != (ballot.term, own) {
                shared.disk_vote.set((ballot.term, own));
                let write = shared.next_write();
                shared.emit(Effect::SaveVote { write, term: ballot.term, vote: own });
            }
        }
        shared.all_durable().await;
        Ok(())
    }

    async fn append<I>(&mut self, entries: I, flushed: IOFlushed<Types>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = LogEntry>,
    {
        let shared = &self.0;
        let entries: Vec<(Index, Entry)> =
            entries.into_iter().map(|it| from_openraft(&it)).collect();
        let Some((first, _)) = entries.first().copied() else {
            flushed.io_completed(Ok(()));
            return Ok(());
        };
        let mut log = shared.log.borrow_mut();
        assert_eq!(first, log.last_index().next(), "openraft appends where the log ends");
        let entries: Batch = entries.into_iter().map(|(_, entry)| entry).collect();
        entries.entries().iter().for_each(|entry| log.push(*entry));
        let write = shared.append(first);
        shared.emit(Effect::Append { write, first, entries });
        shared.wait(write, Waiting::Flushed(flushed));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let shared = &self.0;
        let from = last.map_or(BEGINNING, |last| at(&last)).1.next();
        let mut log = shared.log.borrow_mut();
        if from <= log.last_index() {
            log.truncate(from);
            let write = shared.next_write();
            shared.emit(Effect::Truncate { write, from });
        }
        Ok(())
    }

    /// Removes what the durable snapshot covers: a part of the log, or all of it where the snapshot came from a leader.
    async fn purge(&mut self, upto: LogId) -> Result<(), io::Error> {
        let shared = &self.0;
        let (term, index) = at(&upto);
        shared.give_way((term, index));
        let mut log = shared.log.borrow_mut();
        if index > log.base() {
            log.compact(index);
            shared.emit(Effect::Compact { write: shared.next_write(), upto: index });
        }
        Ok(())
    }
}
