//! A replicated log as plain data: entries, batches of entries, and a log that is cheap to copy.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::configuration::Configuration;
use crate::fold::Fold;
use crate::ids::{Index, Term};
use crate::rng::mix;
use crate::wire::{Wire, wire};

/// Which request of which client; the answer goes back by it.
#[derive(
    Clone, Copy, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RequestId {
    /// The client, from 1; 0 where no client asked (a leader's no-op).
    pub client: u32,
    /// The client's own count of its requests, from 1.
    pub serial: u32,
    /// The session under which it is asked: the index of the entry that opened it (thesis 6.3); zero without one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub session: Index,
}

wire! { RequestId { client, serial, session } }

fn is_none(session: &Index) -> bool {
    *session == Index::ZERO
}

/// Client and count in one word. A session is known by the entry that opened it.
impl Fold for RequestId {
    #[inline]
    fn fold(&self, push: &mut impl FnMut(u64)) {
        push(u64::from(self.client) << 32 | u64::from(self.serial));
    }
}

impl RequestId {
    /// Nobody's request: what a no-op carries.
    pub const NONE: RequestId = RequestId::new(0, 0);

    /// A client's request, outside of any session.
    pub const fn new(client: u32, serial: u32) -> RequestId {
        RequestId { client, serial, session: Index::ZERO }
    }

    /// Whether no client asked.
    pub const fn is_none(self) -> bool {
        self.client == 0
    }
}

/// What a log entry does to the replicated map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the line of a command says what its fields are")]
pub enum Command {
    /// Nothing: a new leader's first entry (section 8).
    Noop,
    /// Reads a key, by way of the log.
    Get { key: u32 },
    /// Sets a key to just this value.
    Put { key: u32, value: u32 },
    /// Removes a key.
    Delete { key: u32 },
    /// Sets a key to `value` if it holds just `expected`.
    CompareAndSet { key: u32, expected: u32, value: u32 },
    /// Appends to the list of values that a key holds.
    Append { key: u32, value: u32 },
    /// Opens a session for its client (thesis 6.3): what a client with sessions asks first.
    Register,
    /// Changes the members of the cluster: what only leaders write.
    #[serde(skip)]
    Configure(Configuration),
}

impl Command {
    fn key_mut(&mut self) -> Option<&mut u32> {
        match self {
            Command::Get { key }
            | Command::Put { key, .. }
            | Command::Delete { key }
            | Command::CompareAndSet { key, .. }
            | Command::Append { key, .. } => Some(key),
            Command::Noop | Command::Register | Command::Configure(_) => None,
        }
    }

    /// The key that it is about, if it is about one.
    pub fn key(mut self) -> Option<u32> {
        self.key_mut().copied()
    }

    /// Whether it may change what a key holds.
    pub const fn writes(self) -> bool {
        !matches!(
            self,
            Command::Get { .. } | Command::Noop | Command::Register | Command::Configure(_)
        )
    }

    /// Its number in digests and payloads, and its numbers in order; zero where it has fewer.
    pub(crate) fn words(self) -> (u8, [u32; 3]) {
        match self {
            Command::Noop => (0, [0; 3]),
            Command::Get { key } => (1, [key, 0, 0]),
            Command::Put { key, value } => (2, [key, value, 0]),
            Command::Delete { key } => (3, [key, 0, 0]),
            Command::CompareAndSet { key, expected, value } => (4, [key, expected, value]),
            Command::Append { key, value } => (5, [key, value, 0]),
            Command::Register => (6, [0; 3]),
            Command::Configure(configuration) => (7, configuration.words()),
        }
    }

    /// The same numbers as digests have them: the value comes last, also where nothing is expected.
    fn aligned(self) -> (u8, [u32; 3]) {
        match self.words() {
            (tag @ (2 | 5), [key, value, _]) => (tag, [key, 0, value]),
            words => words,
        }
    }

    /// The same about another key.
    #[must_use]
    pub fn with_key(mut self, key: u32) -> Command {
        if let Some(own) = self.key_mut() {
            *own = key;
        }
        self
    }
}

/// Number and key, then the values; the four parts of a configuration come behind.
impl Fold for Command {
    fn fold(&self, push: &mut impl FnMut(u64)) {
        let configuration = match *self {
            Command::Configure(configuration) => Some(configuration),
            _ => None,
        };
        let (tag, words) = self.aligned();
        let [key, more, value] = if configuration.is_some() { [0; 3] } else { words };
        push(u64::from(tag) << 32 | u64::from(key));
        push(u64::from(more) << 32 | u64::from(value));
        if let Some(configuration) = configuration {
            configuration.fold(push);
        }
    }
}

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The term in which a leader took it.
    pub term: Term,
    /// Whose request it is.
    pub request: RequestId,
    /// What it does.
    pub command: Command,
}

impl Entry {
    /// What an entry takes on the wire and on disk, in bytes.
    pub const BYTES: u64 = 32;

    /// A leader's no-op.
    pub const fn noop(term: Term) -> Entry {
        Entry { term, request: RequestId::NONE, command: Command::Noop }
    }

    /// A 64-bit fingerprint of everything in the entry but its term: what oracles compare.
    pub fn fingerprint(&self) -> u64 {
        let (tag, [key, more, value]) = self.command.aligned();
        let request = u64::from(self.request.client) << 32 | u64::from(self.request.serial);
        let state = mix(request ^ (u64::from(tag) << 61));
        let state = match self.request.session {
            Index::ZERO => state,
            session => mix(state ^ session.0),
        };
        let state = mix(state ^ (u64::from(key) << 32 | u64::from(more)));
        mix(state ^ u64::from(value))
    }
}

/// Some entries in a row, shared between the messages and writes that carry them. The empty batch of a heartbeat takes no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch(Option<Rc<[Entry]>>);

impl Batch {
    /// The batch without an entry.
    pub const EMPTY: Batch = Batch(None);

    /// The entries, in order.
    pub fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or(&[])
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The entries from this place on.
    #[must_use]
    pub fn skip(&self, count: usize) -> Batch {
        if count == 0 { self.clone() } else { Batch::from(&self.entries()[count..]) }
    }
}

impl From<&[Entry]> for Batch {
    fn from(entries: &[Entry]) -> Batch {
        Batch((!entries.is_empty()).then(|| Rc::from(entries)))
    }
}

impl From<Entry> for Batch {
    fn from(entry: Entry) -> Batch {
        Batch(Some(Rc::new([entry])))
    }
}

impl FromIterator<Entry> for Batch {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Batch {
        let entries: Rc<[Entry]> = entries.into_iter().collect();
        Batch((!entries.is_empty()).then_some(entries))
    }
}

/// Entries in a chunk: large enough that copying a log copies few pointers, small enough that the first
/// write to a shared chunk copies little.
const CHUNK: usize = 256;

/// A log in memory. Its first entries may have been compacted: what they did is in a snapshot, and the log begins behind its *base*,
/// the last of them (section 7). Copies share their chunks until one of them writes, so that a restart hands a disk's log to its
/// node at a cost of a pointer for every 256 entries.
///
/// Invariants:
/// - every chunk but the last is full, and no chunk is empty;
/// - `origin <= base <= len`; entries from `origin` to `base` are there and not seen.
#[derive(Clone, Debug, Default)]
pub struct Log {
    chunks: Vec<Rc<Vec<Entry>>>,
    /// The last index.
    len: usize,
    /// The index before the first entry of the first chunk.
    origin: usize,
    /// The last index that was compacted, and its term.
    base: (usize, Term),
}

impl Log {
    /// The index of the last entry, compacted or not; zero if there never was one.
    pub fn last_index(&self) -> Index {
        Index(self.len as u64)
    }

    /// The term of the last entry, compacted or not; zero if there never was one.
    pub fn last_term(&self) -> Term {
        let last = self.chunks.last().and_then(|chunk| chunk.last());
        last.filter(|_| self.len > self.base.0).map_or(self.base.1, |entry| entry.term)
    }

    /// The last index that was compacted; zero if none was.
    pub fn base(&self) -> Index {
        Index(self.base.0 as u64)
    }

    /// The entry at an index, if the log holds it. There is none at zero, and none that was compacted.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        let index = index.0 as usize;
        if index <= self.base.0 {
            return None;
        }
        let place = index - self.origin - 1;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// The term of the entry at an index, if the log holds it. At the base the term is known, too; at zero it is zero.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index.0 as usize == self.base.0 {
            return Some(self.base.1);
        }
        self.get(index).map(|entry| entry.term)
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        if (self.len - self.origin).is_multiple_of(CHUNK) {
            self.chunks.push(Rc::new(Vec::with_capacity(16)));
        }
        #[expect(clippy::missing_panics_doc, reason = "it does not panic")]
        let last = self.chunks.last_mut().expect("a chunk with room was just made sure of");
        Rc::make_mut(last).push(entry);
        self.len += 1;
        self.assert_sound();
    }

    /// Removes the entry at `from`, which must lie behind the base, and all that follow.
    ///
    /// # Panics
    ///
    /// If it does not lie behind the base.
    pub fn truncate(&mut self, from: Index) {
        assert!(from > self.base(), "a log is truncated behind its base");
        let last = (from.0 as usize - 1).min(self.len);
        let keep = last - self.origin;
        self.chunks.truncate(keep.div_ceil(CHUNK));
        if !keep.is_multiple_of(CHUNK)
            && let Some(chunk) = self.chunks.last_mut()
            && chunk.len() > keep % CHUNK
        {
            Rc::make_mut(chunk).truncate(keep % CHUNK);
        }
        self.len = last;
        self.assert_sound();
    }

    /// Forgets the entries up to `upto`, which the log must hold: a snapshot covers them.
    ///
    /// # Panics
    ///
    /// If the log does not hold the entry at `upto`.
    pub fn compact(&mut self, upto: Index) {
        let term = self.term_at(upto).expect("a log is compacted up to an entry that it holds");
        self.base = (upto.0 as usize, term);
        let whole = (self.base.0 - self.origin) / CHUNK;
        self.chunks.drain(..whole);
        self.origin += whole * CHUNK;
        self.assert_sound();
    }

    /// Forgets all entries: a snapshot takes their place, and ends with an entry of this index and term.
    pub fn replace(&mut self, index: Index, term: Term) {
        let last = index.0 as usize;
        *self = Log { chunks: Vec::new(), len: last, origin: last, base: (last, term) };
    }

    /// The invariants, in constant time.
    fn assert_sound(&self) {
        debug_assert!(self.origin <= self.base.0 && self.base.0 <= self.len);
        debug_assert_eq!(self.chunks.len(), (self.len - self.origin).div_ceil(CHUNK));
        debug_assert!(self.chunks.last().is_none_or(|chunk| !chunk.is_empty()));
    }

    /// At most `count` entries from `from`, which must lie behind the base, as a batch.
    pub fn batch(&self, from: Index, count: usize) -> Batch {
        let available = (self.len + 1).saturating_sub(from.0 as usize);
        match count.min(available) {
            0 => Batch::EMPTY,
            1 => Batch::from(self.chunk_slice(from, 1)[0]),
            count if self.chunk_slice(from, count).len() == count => {
                Batch::from(self.chunk_slice(from, count))
            }
            count => self.iter_from(from).take(count).copied().collect(),
        }
    }

    /// The entries from `from` on that sit in one chunk, at most `count`.
    fn chunk_slice(&self, from: Index, count: usize) -> &[Entry] {
        let place = from.0 as usize - 1 - self.origin;
        let rest = &self.chunks[place / CHUNK][place % CHUNK..];
        &rest[..count.min(rest.len())]
    }

    /// The entries from `from`, or from the base on, to the end.
    pub fn iter_from(&self, from: Index) -> impl Iterator<Item = &Entry> {
        let first = from.0.max(self.base.0 as u64 + 1);
        (first..=self.len as u64).filter_map(|index| self.get(Index(index)))
    }

    /// The last index from the base on whose entry has a term of at most `term`, not beyond `upto`; zero if there is none.
    /// Terms never fall along a log, so this is a binary search.
    pub fn last_index_with_term_at_most(&self, term: Term, upto: Index) -> Index {
        let (mut low, mut high) = (self.base.0 as u64, upto.0.min(self.len as u64));
        if self.base.1 > term || high < low {
            return Index::ZERO;
        }
        while low < high {
            let middle = high - (high - low) / 2;
            if self.term_at(Index(middle)).is_some_and(|at| at <= term) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Index(low)
    }

    /// The first index behind the base whose entry has a term of at least `term`; one past the end if there is none.
    pub fn first_index_with_term_at_least(&self, term: Term) -> Index {
        let first = self.base().next();
        let Some(before) = term.0.checked_sub(1) else { return first };
        self.last_index_with_term_at_most(Term(before), self.last_index()).next().max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(term: u64) -> Entry {
        Entry::noop(Term(term))
    }

    #[test]
    fn a_copy_shares_its_chunks_and_changes_alone() {
        let mut log = Log::default();
        for place in 0..600 {
            log.push(entry(1 + place / 200));
        }
        let copy = log.clone();
        log.truncate(Index(300));
        log.push(entry(9));
        assert_eq!(copy.last_index(), Index(600));
        assert_eq!(copy.term_at(Index(300)), Some(Term(2)));
        assert_eq!(log.last_index(), Index(300));
        assert_eq!(log.last_term(), Term(9));
        assert_eq!(log.term_at(Index(301)), None);
        assert_eq!(log.term_at(Index::ZERO), Some(Term::ZERO));
    }

    #[test]
    fn a_log_may_be_cut_at_every_place() {
        for keep in [0, 1, 255, 256, 257, 511, 512, 513] {
            let mut log = Log::default();
            (0..513).for_each(|_| log.push(entry(1)));
            log.truncate(Index(keep + 1));
            assert_eq!(log.last_index(), Index(keep));
            log.push(entry(2));
            assert_eq!(log.last_index(), Index(keep + 1));
            assert_eq!(log.get(Index(keep + 1)), Some(&entry(2)));
        }
    }

    #[test]
    fn batches_cross_chunks() {
        let mut log = Log::default();
        (0..600).for_each(|place| log.push(entry(place)));
        let batch = log.batch(Index(250), 20);
        assert_eq!(batch.len(), 20);
        assert_eq!(batch.entries()[19].term, Term(268));
        assert_eq!(log.batch(Index(595), 100).len(), 6);
        assert!(log.batch(Index(601), 5).is_empty());
        assert_eq!(batch.skip(5).entries()[0].term, Term(254));
    }

    #[test]
    fn terms_are_found_by_bisection() {
        let mut log = Log::default();
        [1, 1, 4, 4, 5, 5, 6].into_iter().for_each(|term| log.push(entry(term)));
        let last = |term, upto| log.last_index_with_term_at_most(Term(term), Index(upto)).0;
        assert_eq!([last(0, 7), last(1, 7), last(3, 7), last(4, 7), last(9, 7)], [0, 2, 2, 4, 7]);
        assert_eq!(last(9, 3), 3);
        assert_eq!(log.first_index_with_term_at_least(Term(5)), Index(5));
        assert_eq!(log.first_index_with_term_at_least(Term(7)), Index(8));
    }

    #[test]
    fn fingerprints_tell_entries_apart() {
        let request = RequestId::new(1, 1);
        let put =
            |key, value| Entry { term: Term(1), request, command: Command::Put { key, value } };
        assert_ne!(put(1, 2).fingerprint(), put(2, 1).fingerprint());
        assert_ne!(put(1, 2).fingerprint(), entry(1).fingerprint());
        assert_eq!(put(1, 2).fingerprint(), Entry { term: Term(3), ..put(1, 2) }.fingerprint());
    }

    /// What a log does, and what a plain list of terms with a base does.
    #[test]
    fn a_compacted_log_is_as_before_behind_its_base() {
        for base in [1, 255, 256, 257, 600, 899] {
            let mut log = Log::default();
            (1..=900).for_each(|place| log.push(entry(1 + place / 100)));
            let whole = log.clone();
            log.compact(Index(base / 2));
            log.compact(Index(base));
            assert_eq!((log.base(), log.last_index()), (Index(base), Index(900)));
            assert_eq!(log.term_at(Index(base)), Some(Term(1 + base / 100)));
            assert_eq!(log.get(Index(base)), None, "it is in the snapshot");
            assert_eq!(log.term_at(Index(base - 1)), None);
            for index in base + 1..=901 {
                assert_eq!(log.get(Index(index)), whole.get(Index(index)));
            }
            assert_eq!(log.batch(Index(base + 1), 300), whole.batch(Index(base + 1), 300));
            log.truncate(Index(base + 1));
            assert_eq!((log.last_index(), log.last_term()), (Index(base), Term(1 + base / 100)));
            log.push(entry(77));
            assert_eq!(log.term_at(Index(base + 1)), Some(Term(77)));
        }
    }

    #[test]
    fn a_snapshot_takes_the_place_of_a_log() {
        let mut log = Log::default();
        (0..5).for_each(|_| log.push(entry(1)));
        log.replace(Index(300), Term(4));
        assert_eq!(
            (log.last_index(), log.last_term(), log.base()),
            (Index(300), Term(4), Index(300))
        );
        (0..300).for_each(|_| log.push(entry(5)));
        assert_eq!(log.last_index_with_term_at_most(Term(4), Index(600)), Index(300));
        assert_eq!(log.last_index_with_term_at_most(Term(3), Index(600)), Index::ZERO);
        assert_eq!(log.first_index_with_term_at_least(Term(5)), Index(301));
        assert_eq!(
            log.first_index_with_term_at_least(Term(2)),
            Index(301),
            "older ones are covered"
        );
        assert_eq!(log.iter_from(Index(1)).count(), 300);
    }
}
