//! A replicated log as plain data: entries, batches of entries, and a log that is cheap to copy.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::ids::{Index, Term};

/// Which request of which client; the answer goes back by it.
#[derive(
    Clone, Copy, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RequestId {
    /// The client, from 1; 0 where no client asked (a leader's no-op).
    pub client: u32,
    /// The client's own count of its requests, from 1.
    pub serial: u32,
}

impl RequestId {
    /// Nobody's request: what a no-op carries.
    pub const NONE: RequestId = RequestId { client: 0, serial: 0 };

    /// Whether no client asked.
    pub const fn is_none(self) -> bool {
        self.client == 0
    }
}

/// What a log entry does to the replicated map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Nothing: a new leader's first entry (section 8).
    Noop,
    /// Reads a key, by way of the log.
    Get {
        /// The key.
        key: u32,
    },
    /// Sets a key to just this value.
    Put {
        /// The key.
        key: u32,
        /// The new value.
        value: u32,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: u32,
    },
    /// Sets a key to `value` if it holds just `expected`.
    CompareAndSet {
        /// The key.
        key: u32,
        /// What the key must hold.
        expected: u32,
        /// What it holds then.
        value: u32,
    },
    /// Appends to the list of values that a key holds.
    Append {
        /// The key.
        key: u32,
        /// The value that is added.
        value: u32,
    },
}

impl Command {
    /// The same about another key.
    pub fn with_key(self, key: u32) -> Command {
        match self {
            Command::Noop => Command::Noop,
            Command::Get { .. } => Command::Get { key },
            Command::Put { value, .. } => Command::Put { key, value },
            Command::Delete { .. } => Command::Delete { key },
            Command::CompareAndSet { expected, value, .. } => {
                Command::CompareAndSet { key, expected, value }
            }
            Command::Append { value, .. } => Command::Append { key, value },
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
        let (tag, key, more, value) = match self.command {
            Command::Noop => (0, 0, 0, 0),
            Command::Get { key } => (1, key, 0, 0),
            Command::Put { key, value } => (2, key, 0, value),
            Command::Delete { key } => (3, key, 0, 0),
            Command::CompareAndSet { key, expected, value } => (4, key, expected, value),
            Command::Append { key, value } => (5, key, 0, value),
        };
        let request = u64::from(self.request.client) << 32 | u64::from(self.request.serial);
        let state = mix(request ^ (tag << 61));
        let state = mix(state ^ (u64::from(key) << 32 | u64::from(more)));
        mix(state ^ u64::from(value))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit moves every output bit.
const fn mix(word: u64) -> u64 {
    let word = (word ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Some entries in a row, shared between the messages and writes that carry them. The empty batch of a
/// heartbeat takes no memory.
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

/// A log in memory, from index 1. Copies share their chunks until one of them writes, so that a restart hands
/// a disk's log to its node at a cost of a pointer for every 256 entries.
///
/// Invariant: every chunk but the last is full, and no chunk is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    chunks: Vec<Rc<Vec<Entry>>>,
    len: usize,
}

impl Log {
    /// The index of the last entry; zero if there is none.
    pub fn last_index(&self) -> Index {
        Index(self.len as u64)
    }

    /// The term of the last entry; zero if there is none.
    pub fn last_term(&self) -> Term {
        self.chunks.last().and_then(|chunk| chunk.last()).map_or(Term::ZERO, |entry| entry.term)
    }

    /// The entry at an index, if the log reaches it. There is none at zero.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        let place = (index.0 as usize).checked_sub(1)?;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// The term of the entry at an index, if the log reaches it. At zero the term is zero.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == Index::ZERO {
            return Some(Term::ZERO);
        }
        self.get(index).map(|entry| entry.term)
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Entry) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Rc::new(Vec::with_capacity(16)));
        }
        let last = self.chunks.last_mut().expect("a chunk with room was just made sure of");
        Rc::make_mut(last).push(entry);
        self.len += 1;
    }

    /// Removes the entry at `from`, which must be at least 1, and all that follow.
    pub fn truncate(&mut self, from: Index) {
        assert!(from > Index::ZERO, "a log is truncated from index 1 at the earliest");
        let keep = (from.0 as usize - 1).min(self.len);
        self.chunks.truncate(keep.div_ceil(CHUNK));
        if !keep.is_multiple_of(CHUNK)
            && let Some(last) = self.chunks.last_mut()
            && last.len() > keep % CHUNK
        {
            Rc::make_mut(last).truncate(keep % CHUNK);
        }
        self.len = keep;
    }

    /// At most `count` entries from `from` on, as a batch.
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
        let place = from.0 as usize - 1;
        let rest = &self.chunks[place / CHUNK][place % CHUNK..];
        &rest[..count.min(rest.len())]
    }

    /// The entries from `from` (at least 1) to the end.
    pub fn iter_from(&self, from: Index) -> impl Iterator<Item = &Entry> {
        (from.0..=self.len as u64).map(|index| self.get(Index(index)).expect("within the log"))
    }

    /// The last index whose entry has a term of at most `term`, not beyond `upto`; zero if there is none.
    /// Terms never fall along a log, so this is a binary search.
    pub fn last_index_with_term_at_most(&self, term: Term, upto: Index) -> Index {
        let (mut low, mut high) = (0, upto.0.min(self.len as u64));
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

    /// The first index whose entry has a term of at least `term`; one past the end if there is none.
    pub fn first_index_with_term_at_least(&self, term: Term) -> Index {
        match term.0 {
            0 => Index(1),
            _ => self.last_index_with_term_at_most(Term(term.0 - 1), self.last_index()).next(),
        }
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
        let request = RequestId { client: 1, serial: 1 };
        let put =
            |key, value| Entry { term: Term(1), request, command: Command::Put { key, value } };
        assert_ne!(put(1, 2).fingerprint(), put(2, 1).fingerprint());
        assert_ne!(put(1, 2).fingerprint(), entry(1).fingerprint());
        assert_eq!(put(1, 2).fingerprint(), Entry { term: Term(3), ..put(1, 2) }.fingerprint());
    }
}
