//! Linearizability of what clients hear (section 8), judged at each answer, key by key.
//!
//! Most answers need no search: the order in which entries are applied for the first time is an order of the operations, and it is
//! *witness* to an answer if the [`model`](super::model), taken along it, gives what the client heard, at a moment between the
//! operation's beginning and its answer. A history whose every answer has that witness is linearizable, whatever the Raft. Where
//! the witness fails, [`linearizable`](super::linearizable) searches for another order, and only its word is a verdict.
//!
//! Before any search, `stale` looks for a read of what was overwritten before it began: that takes three operations to
//! see, whatever else is open or was forgotten.
//!
//! Histories are judged in closed segments. When no operation on a key is open, the states in which its history can end are kept,
//! and the history is dropped. An operation of unknown outcome stays open for ever; outside of sessions, so do the other tries of an
//! operation, for each may yet take effect. A try that a node refuses as it comes has failed for good (duty 11 of a node), and so has one
//! that finds its node down.
//!
//! Limits, so that neither time nor memory runs away: `SEARCH_MAX` items are weighed in one search, [`KEY_MAX`] for verdicts on one key
//! and [`RUN_MAX`] in all. A segment that cannot be closed goes on from the state of the witness after 4,096 operations, and beyond
//! [`OPEN_MAX`] open ones only the witness judges the key. What is not decided within these limits is counted as undecided, and
//! is no violation.

use std::collections::BTreeMap;

use crate::ids::Index;
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::oracle::Why;
use crate::oracle::followed::{Followed, SEARCH_MAX};
use crate::oracle::linearizable::{Operation, Search, Verdict};
use crate::oracle::model::{State, step};
use crate::oracle::shortest;
use crate::oracle::stale::{Stale, Writes};
use crate::oracle::violation::Violation;
use crate::record::{Heard, Kind, Record, values_word};

/// How many items are weighed for the verdicts on one key in a run.
pub const KEY_MAX: usize = 20_000_000;
/// How many items are weighed for all verdicts in a run.
pub const RUN_MAX: usize = 200_000_000;
/// How many operations of one key may stay open before no search looks at the key any more.
pub const OPEN_MAX: usize = 4_096;
/// A segment is closed after so many operations, as soon as none is open; sooner where there are more keys than [`ROOM`] has room for.
const SEGMENT_MIN: usize = 128;
/// So many operations of closed segments, and answered writes, are kept of all keys together, or [`SHARE_MIN`] of each if that is more.
const ROOM: usize = 1 << 20;
const SHARE_MIN: usize = 16;
/// After so many operations a segment is closed whatever is open.
const SEGMENT_MAX: usize = 4_096;

/// The history of one key since its last segment was closed.
#[derive(Debug)]
pub struct KeyHistory {
    /// The states in which the segments before may have ended.
    pub base: Vec<State>,
    /// Whether these are all, and not just the witness's.
    exact: bool,
    /// The operations, by beginning.
    pub operations: Vec<Followed>,
    /// How many of them may yet take effect.
    open: usize,
    /// The state along the witness, and since which record it held which.
    state: State,
    held: Vec<(u64, u64)>,
    /// Whether the witness has not failed.
    witnessed: bool,
    /// What was written, for as far back as it takes to see that it is stale.
    writes: Writes,
    /// How many items may still be weighed.
    budget: usize,
    undecided: bool,
    /// Whether searches look at it: not so once too much is open.
    searched: bool,
    /// How long the segment is when it is next tried to close it.
    close_at: usize,
}

/// The histories of all keys.
#[derive(Debug)]
pub struct Histories {
    /// Why what clients read is not judged, if it is not.
    pub leave_out_reads: Option<Why>,
    /// Whether the smallest history of a violation is looked for, rather than only the operation shown that was answered last.
    pub minimises: bool,
    keys: BTreeMap<u32, KeyHistory>,
    /// Operations that may yet take effect.
    open: BTreeMap<(u32, u32), Open>,
    applied_upto: Index,
    /// The request that was forwarded last, and its message.
    forwarded: (u64, RequestId),
    /// The record by which a request reached a node last, and which one.
    came: (u64, RequestId),
    /// How many items may still be weighed in this run.
    budget: usize,
    undecided: u64,
}

/// An operation that may yet take effect.
#[derive(Clone, Copy, Debug)]
struct Open {
    key: u32,
    /// Where it stands among the operations of its key; none where no search looks at it any more.
    place: Option<u32>,
    command: Command,
}

impl Default for Histories {
    fn default() -> Histories {
        Histories {
            leave_out_reads: None,
            minimises: true,
            keys: BTreeMap::new(),
            open: BTreeMap::new(),
            applied_upto: Index::ZERO,
            forwarded: (0, RequestId::NONE),
            came: (0, RequestId::NONE),
            budget: RUN_MAX,
            undecided: 0,
        }
    }
}

impl Default for KeyHistory {
    fn default() -> KeyHistory {
        let empty = State::from([]);
        KeyHistory {
            base: vec![empty.clone()],
            exact: true,
            operations: Vec::new(),
            open: 0,
            held: vec![(0, values_word(&empty))],
            state: empty,
            witnessed: true,
            writes: Writes::default(),
            budget: KEY_MAX,
            undecided: false,
            searched: true,
            close_at: SEGMENT_MIN,
        }
    }
}

impl Histories {
    /// For how many keys the limits came before a verdict.
    pub fn undecided(&self) -> u64 {
        self.undecided
    }

    /// Judges a record.
    pub fn observe(&mut self, record: &Record) -> Option<Box<Violation>> {
        match record.kind {
            Kind::Send { id, message: Summary::Forward { request }, .. } => {
                self.forwarded = (id, request);
            }
            Kind::Duplicate { id, .. } if id == self.forwarded.0 => {
                self.count_try(self.forwarded.1, true);
            }
            Kind::Request { request }
            | Kind::Deliver { message: Summary::Forward { request }, .. } => {
                self.came = (record.number, request);
            }
            // Nobody took it, so nobody can carry it out.
            Kind::ConnectionRefused { request } => self.count_try(request, false),
            Kind::Reply { request, applied: false }
                if self.came == (record.number - 1, request) =>
            {
                self.count_try(request, false);
            }
            Kind::Invoke { command, .. } if self.leave_out_reads.is_some() && !command.writes() => {
            }
            Kind::Invoke { request, command, attempt } => match command.key() {
                Some(key) if attempt == 1 => self.begin(record, key, request, command),
                Some(_) => self.count_try(request, true),
                None => {}
            },
            Kind::Apply { index, request, effect, .. } if index > self.applied_upto => {
                self.applied_upto = index;
                if effect && !request.is_none() {
                    self.apply(record.number, index, request);
                }
            }
            Kind::Answered { request, output: Some(heard), .. } if heard != Heard::Expired => {
                return self.answer(record, request, heard);
            }
            Kind::GaveUp { request } => self.give_up(request),
            _ => {}
        }
        None
    }

    fn begin(&mut self, record: &Record, key: u32, request: RequestId, command: Command) {
        let history = self.keys.entry(key).or_default();
        let place = Some(history.operations.len() as u32);
        self.open.insert((request.client, request.serial), Open { key, place, command });
        let from = record.number;
        let operation = Operation { command, from, to: None, copies: 0, hint: u64::MAX };
        history.operations.push(Followed::new(operation, request, record.time));
        history.open += 1;
    }

    /// The room of each key.
    fn share(&self) -> usize {
        (ROOM / self.keys.len().max(1)).max(SHARE_MIN)
    }

    /// The open operation of this name, where a search may look at it.
    fn followed(&mut self, request: RequestId) -> Option<&mut Followed> {
        let Open { key, place, .. } = *self.open.get(&(request.client, request.serial))?;
        self.keys.get_mut(&key)?.operations.get_mut(place? as usize)
    }

    /// One try more that may take effect, or one less.
    fn count_try(&mut self, request: RequestId, more: bool) {
        if let Some(followed) = self.followed(request) {
            followed.count_tries(if more {
                followed.tries + 1
            } else {
                followed.tries.saturating_sub(1)
            });
            self.forget_closed(request);
        }
    }

    /// A read that nobody hears of is over. A write may yet take effect.
    fn give_up(&mut self, request: RequestId) {
        if let Some(followed) = self.followed(request) {
            followed.over = true;
            self.forget_closed(request);
        }
    }

    /// Follows the operation no longer, if it cannot take effect any more.
    fn forget_closed(&mut self, request: RequestId) {
        if self.followed(request).is_some_and(|followed| followed.is_closed())
            && let Some(open) = self.open.remove(&(request.client, request.serial))
            && let Some(history) = self.keys.get_mut(&open.key)
        {
            history.open -= 1;
        }
    }

    fn apply(&mut self, now: u64, index: Index, request: RequestId) {
        let Some(open) = self.open.get(&(request.client, request.serial)) else { return };
        let Some(history) = self.keys.get_mut(&open.key) else { return };
        let (gave, state) = step(&history.state, open.command);
        if let Some(place) = open.place {
            let followed = &mut history.operations[place as usize];
            followed.gave.push(gave);
            followed.operation.hint = followed.operation.hint.min(index.0);
        }
        if let Some(state) = state {
            history.held.push((now, values_word(&state)));
            history.state = state;
        }
    }

    fn answer(
        &mut self,
        record: &Record,
        request: RequestId,
        heard: Heard,
    ) -> Option<Box<Violation>> {
        let Open { key, place, .. } = *self.open.get(&(request.client, request.serial))?;
        let (place, share) = (place? as usize, self.share());
        let history = self.keys.get_mut(&key)?;
        let followed = &mut history.operations[place];
        if followed.operation.to.is_some() {
            return None;
        }
        followed.operation.to = Some((record.number, heard));
        followed.ended = Some(record.time);
        followed.over = true;
        history.writes.note(followed, share);
        history.witnessed &= history.is_witness(place, heard);
        if !history.witnessed
            && let Some(stale) = history.stale(place)
        {
            return Some(shortest::stale(record, key, &stale, self.minimises));
        }
        self.forget_closed(request);
        let history = self.keys.get_mut(&key)?;
        if !history.witnessed && !history.undecided {
            match history.search(&mut self.budget) {
                Verdict::Violated if history.exact => {
                    return Some(shortest::violation(
                        record,
                        key,
                        (&history.base, &history.operations),
                        place,
                        self.minimises,
                    ));
                }
                Verdict::Linearizable => {}
                _ => {
                    history.undecided = true;
                    self.undecided += 1;
                }
            }
        }
        let is_short = history.close_at <= SEGMENT_MIN;
        let close_at = if is_short { history.close_at.min(share) } else { history.close_at };
        if history.operations.len() >= close_at {
            self.close(key, record.number);
        }
        None
    }

    /// Closes the segment of a key, if that can be done.
    fn close(&mut self, key: u32, now: u64) {
        let Some(history) = self.keys.get_mut(&key) else { return };
        let finals = if history.open == 0 { history.finals() } else { None };
        if let Some(states) = finals {
            history.witnessed = states.contains(&history.state);
            history.base = states;
            history.operations.clear();
        } else if history.operations.len() < SEGMENT_MAX {
            // Looked at again soon if something is open, and later if the search is too long.
            history.close_at += if history.open == 0 { history.operations.len() } else { 1 };
            return;
        } else {
            self.go_on(key, now);
        }
        let Some(history) = self.keys.get_mut(&key) else { return };
        // What stays open is handed on rarely enough, so that an operation costs the same however much stays.
        history.close_at = history.operations.len() + SEGMENT_MIN.max(history.operations.len());
        // A read that is open may yet give what the key held when it began.
        let needed = if history.open == 0 { 1 } else { SEGMENT_MAX };
        let held = history.held.len();
        history.held.drain(..held.saturating_sub(needed));
    }

    /// Goes on with a key from the state of the witness, and with what is open.
    fn go_on(&mut self, key: u32, now: u64) {
        let Some(history) = self.keys.get_mut(&key) else { return };
        history.exact = false;
        history.base = vec![history.state.clone()];
        let gives_up = history.open > OPEN_MAX;
        let open = &mut self.open;
        history.operations.retain(|followed| {
            let RequestId { client, serial, .. } = followed.request;
            let Some(open) = open.get_mut(&(client, serial)) else { return false };
            if gives_up && followed.over {
                open.place = None;
            }
            open.place.is_some()
        });
        if gives_up {
            history.open = history.operations.len();
            history.searched = false;
        }
        for (place, followed) in history.operations.iter_mut().enumerate() {
            let RequestId { client, serial, .. } = followed.request;
            if let Some(open) = open.get_mut(&(client, serial)) {
                open.place = Some(place as u32);
            }
            followed.settle(now);
        }
    }
}

impl KeyHistory {
    /// Whether the order of the log explains what a client heard just now.
    fn is_witness(&self, place: usize, heard: Heard) -> bool {
        let Followed { operation, gave, .. } = &self.operations[place];
        let Heard::Values(word) = heard else { return gave.contains(&heard) };
        // A read is right if the key held these values at some moment since it began.
        for (since, held) in self.held.iter().rev() {
            if *held == word {
                return true;
            }
            if *since < operation.from {
                return false;
            }
        }
        false
    }

    /// The operations as the search sees them.
    pub fn seen(&self) -> Vec<Operation> {
        let may_count = self.operations.iter().filter(|followed| followed.may_count());
        may_count.map(|followed| followed.operation).collect()
    }

    /// Whether what was read at this place is stale for all to see. Beyond so many open writes nobody knows what may be read.
    fn stale(&self, place: usize) -> Option<Stale> {
        let open =
            self.operations.iter().filter(|followed| !followed.is_closed() && followed.may_count());
        self.searched.then(|| self.writes.stale(&self.operations[place], open))?
    }

    fn search(&mut self, left: &mut usize) -> Verdict {
        if !self.searched {
            return Verdict::Undecided;
        }
        let limit = SEARCH_MAX.min(self.budget).min(*left);
        let mut search = Search::new(&self.base, &self.seen(), limit);
        let verdict = search.verdict();
        self.budget = self.budget.saturating_sub(search.weighed());
        *left = left.saturating_sub(search.weighed());
        verdict
    }

    /// All states in which the history can end, where nothing is open; none if the limit was reached first. It is cut wherever no
    /// operation is under way, so that hardly anything is left to search, and nothing before the last cut whose state is plain.
    fn finals(&self) -> Option<Vec<State>> {
        let mut operations = self.seen();
        operations.retain(|operation| operation.to.is_some());
        operations.sort_by_key(|operation| operation.from);
        let end = |operation: &Operation| operation.to.map_or(0, |(to, _)| to);
        let (mut blocks, mut rest) = (Vec::new(), &operations[..]);
        while let Some(first) = rest.first() {
            let (mut until, mut count) = (end(first), 1);
            while let Some(next) = rest.get(count).filter(|next| next.from < until) {
                (until, count) = (until.max(end(next)), count + 1);
            }
            let (together, later) = rest.split_at(count);
            blocks.push(together);
            rest = later;
        }
        let plain = blocks.iter().enumerate().rev();
        let mut plain = plain.filter_map(|(place, block)| Some((vec![left_by(block)?], place + 1)));
        let (mut states, begin) = plain.next().unwrap_or_else(|| (self.base.clone(), 0));
        let mut left = SEARCH_MAX / 10;
        for together in &blocks[begin..] {
            let mut search = Search::new(&states, together, left);
            states = search.finals()?;
            left = left.checked_sub(search.weighed())?;
        }
        Some(states).filter(|states| !states.is_empty())
    }
}

/// What operations leave, if one of them alone writes and says by itself what: whatever came before, a history that has an order goes on
/// from this state.
fn left_by(together: &[Operation]) -> Option<State> {
    let mut writes = together.iter().filter(|it| it.command.writes());
    let (write, None) = (writes.next()?, writes.next()) else { return None };
    match (write.command, write.to?.1) {
        (Command::Put { value, .. } | Command::CompareAndSet { value, .. }, Heard::Done) => {
            Some(State::from([value]))
        }
        (Command::Delete { .. }, Heard::Done) => Some(State::from([])),
        _ => None,
    }
}
