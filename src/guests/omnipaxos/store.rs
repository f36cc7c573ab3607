//! What OmniPaxos reads of the disk: the same as squall's disk holds or will hold, in memory. What it writes is gathered here.

use std::cell::RefCell;
use std::rc::Rc;

use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::storage::{
    Entry as OmniEntry, NoSnapshot, StopSign, Storage, StorageOp, StorageResult,
};

use crate::guests::omnipaxos::ballots::leaders;
use crate::ids::{Index, Term};
use crate::log::{Batch, Command, Entry, Log, RequestId};

/// What is proposed, and what the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The term of the leader that took it: none until one did.
    pub term: Option<Term>,
    pub request: RequestId,
    pub command: Command,
}

impl OmniEntry for Proposal {
    type Snapshot = NoSnapshot;
}

/// A change of the log that is to be written.
#[derive(Clone, Debug)]
pub enum Write {
    Truncate(Index),
    Append(Index, Batch),
}

/// The mirror of a node's disk.
#[derive(Debug, Default)]
pub struct Mirror {
    pub log: Log,
    /// The ballot that is promised.
    pub promised: Ballot,
    /// The round in which the log was accepted last.
    pub accepted: Ballot,
    pub decided: usize,
    /// What is to be written, in order.
    pub writes: Vec<Write>,
}

impl Mirror {
    fn append(&mut self, proposals: Vec<Proposal>) {
        let first = self.log.last_index().next();
        let round = leaders(self.accepted);
        let entry = |Proposal { term, request, command }: Proposal| Entry {
            term: term.unwrap_or(round),
            request,
            command,
        };
        let batch: Batch = proposals.into_iter().map(entry).collect();
        if !batch.is_empty() {
            batch.entries().iter().for_each(|entry| self.log.push(*entry));
            self.writes.push(Write::Append(first, batch));
        }
    }

    /// Makes the log what follows behind so many entries. What is there already is left alone: a crash in the midst of it loses
    /// nothing that was accepted.
    fn append_on_prefix(&mut self, prefix: usize, mut proposals: Vec<Proposal>) {
        let place = |at: usize| Index((prefix + at) as u64 + 1);
        let is_there = |(at, proposal): (usize, &Proposal)| {
            self.log.get(place(at)).is_some_and(|entry| read(entry) == *proposal)
        };
        let same = proposals.iter().enumerate().take_while(|it| is_there(*it)).count();
        if self.log.last_index() >= place(same) {
            self.log.truncate(place(same));
            self.writes.push(Write::Truncate(place(same)));
        }
        proposals.drain(..same);
        self.append(proposals);
    }

    fn range(&self, from: usize, to: usize) -> Vec<Proposal> {
        let count = to.saturating_sub(from);
        self.log.iter_from(Index(from as u64 + 1)).take(count).map(read).collect()
    }
}

/// An entry as OmniPaxos has it.
fn read(entry: &Entry) -> Proposal {
    Proposal { term: Some(entry.term), request: entry.request, command: entry.command }
}

/// A way to the mirror, for the library.
pub struct Store(pub Rc<RefCell<Mirror>>);

fn some(ballot: Ballot) -> Option<Ballot> {
    (ballot != Ballot::default()).then_some(ballot)
}

impl Storage<Proposal> for Store {
    fn write_atomically(&mut self, ops: Vec<StorageOp<Proposal>>) -> StorageResult<()> {
        ops.into_iter().try_for_each(|op| match op {
            StorageOp::AppendEntry(entry) => self.append_entry(entry),
            StorageOp::AppendEntries(entries) => self.append_entries(entries),
            StorageOp::AppendOnPrefix(from, entries) => self.append_on_prefix(from, entries),
            StorageOp::SetPromise(ballot) => self.set_promise(ballot),
            StorageOp::SetDecidedIndex(index) => self.set_decided_idx(index),
            StorageOp::SetAcceptedRound(ballot) => self.set_accepted_round(ballot),
            StorageOp::SetCompactedIdx(index) => self.set_compacted_idx(index),
            StorageOp::Trim(index) => self.trim(index),
            StorageOp::SetStopsign(sign) => self.set_stopsign(sign),
            StorageOp::SetSnapshot(snapshot) => self.set_snapshot(snapshot),
        })
    }

    fn append_entry(&mut self, entry: Proposal) -> StorageResult<()> {
        self.append_entries(vec![entry])
    }

    fn append_entries(&mut self, entries: Vec<Proposal>) -> StorageResult<()> {
        self.0.borrow_mut().append(entries);
        Ok(())
    }

    fn append_on_prefix(&mut self, from: usize, entries: Vec<Proposal>) -> StorageResult<()> {
        self.0.borrow_mut().append_on_prefix(from, entries);
        Ok(())
    }

    fn set_promise(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.0.borrow_mut().promised = ballot;
        Ok(())
    }

    fn set_decided_idx(&mut self, index: usize) -> StorageResult<()> {
        self.0.borrow_mut().decided = index;
        Ok(())
    }

    fn get_decided_idx(&self) -> StorageResult<usize> {
        Ok(self.0.borrow().decided)
    }

    fn set_accepted_round(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.0.borrow_mut().accepted = ballot;
        Ok(())
    }

    fn get_accepted_round(&self) -> StorageResult<Option<Ballot>> {
        Ok(some(self.0.borrow().accepted))
    }

    fn get_entries(&self, from: usize, to: usize) -> StorageResult<Vec<Proposal>> {
        Ok(self.0.borrow().range(from, to))
    }

    fn get_log_len(&self) -> StorageResult<usize> {
        Ok(self.0.borrow().log.last_index().0 as usize)
    }

    fn get_suffix(&self, from: usize) -> StorageResult<Vec<Proposal>> {
        Ok(self.0.borrow().range(from, usize::MAX))
    }

    fn get_promise(&self) -> StorageResult<Option<Ballot>> {
        Ok(some(self.0.borrow().promised))
    }

    // Members do not change, and nothing is ever compacted.
    fn set_stopsign(&mut self, _: Option<StopSign>) -> StorageResult<()> {
        Ok(())
    }

    fn get_stopsign(&self) -> StorageResult<Option<StopSign>> {
        Ok(None)
    }

    fn trim(&mut self, _: usize) -> StorageResult<()> {
        Ok(())
    }

    fn set_compacted_idx(&mut self, _: usize) -> StorageResult<()> {
        Ok(())
    }

    fn get_compacted_idx(&self) -> StorageResult<usize> {
        Ok(0)
    }

    fn set_snapshot(&mut self, _: Option<NoSnapshot>) -> StorageResult<()> {
        Ok(())
    }

    fn get_snapshot(&self) -> StorageResult<Option<NoSnapshot>> {
        Ok(None)
    }
}
