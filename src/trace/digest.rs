//! The digest of a run: 128 bits over every record.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::breach::Broken;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::{DiskFile, TimerId};
use crate::record::{Kind, Record, Remains};

/// XXH3-128 over the little-endian words of every record, in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match (text.len(), u128::from_str_radix(&text, 16)) {
            (32, Ok(bits)) => Ok(Digest(bits)),
            _ => Err(D::Error::custom("a digest is 32 hexadecimal digits")),
        }
    }
}

/// How many bytes wait to be hashed at most: to hash many at once costs less.
const WAITING: usize = 1_024;

/// The most bytes of one record.
const RECORD: usize = 12 * size_of::<u64>();

/// Folds records into a digest.
pub struct Digester {
    hasher: Xxh3,
    waiting: Words,
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digester({})", self.digest())
    }
}

impl Default for Digester {
    fn default() -> Digester {
        Digester { hasher: Xxh3::new(), waiting: Words { bytes: [0; WAITING], len: 0 } }
    }
}

impl Digester {
    /// Folds one record in.
    pub fn add(&mut self, record: &Record) {
        let words = &mut self.waiting;
        if words.len > WAITING - RECORD {
            self.hasher.update(words.bytes());
            words.len = 0;
        }
        let node = record.node.map_or(0, NodeId::number);
        words.push(record.time.0);
        words.push(record.event);
        kind_words(&record.kind, u64::from(node) << 8, words);
    }

    /// The digest of all records so far.
    pub fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(self.waiting.bytes());
        Digest(hasher.digest128())
    }
}

/// The words of some records.
struct Words {
    bytes: [u8; WAITING],
    len: usize,
}

impl Words {
    fn push(&mut self, word: u64) {
        let end = self.len + size_of::<u64>();
        self.bytes[self.len..end].copy_from_slice(&word.to_le_bytes());
        self.len = end;
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The words of what happened. The first holds `place` (the node, shifted by eight) and a number for the kind, which must never
/// change.
fn kind_words(kind: &Kind, place: u64, words: &mut Words) {
    let vote = |vote: Option<NodeId>| u64::from(vote.map_or(0, NodeId::number));
    let answer = |request, applied: bool| [request_word(request), applied.into()];
    let mut fold = |tag: u64, rest: &[u64]| {
        words.push(place | tag);
        rest.iter().for_each(|word| words.push(*word));
    };
    match *kind {
        Kind::Boot { life, term, vote: voted, last_index, applied } => {
            fold(1, &[u64::from(life), term.0, vote(voted), last_index.0, applied.0]);
        }
        Kind::Crash(remains) => {
            fold(2, &remains_words(remains)[..if remains.is_in_order() { 2 } else { 4 }]);
        }
        Kind::Wipe { stays_out } => fold(3, if stays_out { &[1] } else { &[] }),
        Kind::Stop => fold(4, &[]),
        Kind::Pause => fold(5, &[]),
        Kind::Resume => fold(6, &[]),
        Kind::Clock { before, after } => fold(7, &[before.0, after.0]),
        Kind::Term { term } => fold(8, &[term.0]),
        Kind::Role { role, term } => fold(9, &[role as u64, term.0]),
        Kind::Leader { leader } => fold(10, &[vote(leader)]),
        Kind::Transfer { to } => fold(40, &[vote(to)]),
        Kind::TargetPriority { target } => fold(41, &[u64::from(target)]),
        Kind::Configure { index, term, configuration: it } => fold(43, &members(index, term, it)),
        Kind::Commit { index, term } => fold(11, &[index.0, term.0]),
        Kind::Append { write, index, term, content } => {
            fold(12, &[write.0, index.0, term.0, content]);
        }
        Kind::Truncate { write, from } => fold(13, &[write.0, from.0]),
        Kind::Vote { write, term, vote: voted } => fold(14, &[write.0, term.0, vote(voted)]),
        Kind::Durable { write, lie } => fold(15, &[write.0, 1][..1 + usize::from(lie)]),
        Kind::WriteFailed { write } => fold(16, &[write.0]),
        Kind::Apply { index, term, content, request, effect } => {
            fold(17, &[index.0, term.0, content, request_word(request)]);
            if !effect {
                words.push(1);
            }
        }
        Kind::Send { to, id, message } => {
            fold(18, &[u64::from(to.number()), id]);
            summary_words(&message, words);
        }
        // What a message says was folded in when it was sent.
        Kind::Deliver { from, id, .. } => fold(19, &[u64::from(from.number()), id]),
        Kind::Drop { from, id, why } => fold(20, &[u64::from(from.number()), id, why as u64]),
        Kind::Duplicate { from, id } => fold(21, &[u64::from(from.number()), id]),
        Kind::Timer { timer, late } => fold(22, &[late, timer.0.into()][..timer_count(timer)]),
        Kind::Invoke { request, command, attempt } => {
            let (what, values) = command_words(command);
            fold(23, &[request_word(request), u64::from(attempt), what, values]);
        }
        Kind::Request { request } => fold(24, &[request_word(request)]),
        Kind::Reply { request, applied } => fold(25, &answer(request, applied)),
        // What it gave follows from what was applied, which was folded in.
        Kind::Answered { request, applied, .. } => fold(26, &answer(request, applied)),
        Kind::TimedOut { request } => fold(27, &[request_word(request)]),
        Kind::GaveUp { request } => fold(28, &[request_word(request)]),
        Kind::Fault { fault } => fold(29, &[u64::from(fault)]),
        Kind::Missed { fault } => fold(30, &[u64::from(fault)]),
        Kind::Heal { fault } => fold(31, &[u64::from(fault)]),
        Kind::Recovery { check } => fold(60, &[u64::from(check)]),
        Kind::Broken { why } => fold(32, &broken_words(why)),
        Kind::Snapshot { index, term, state, received } => {
            fold(48, &[index.0, term.0, state, received.into()]);
        }
        Kind::SnapshotSaved { index, term } => fold(49, &[index.0, term.0]),
        Kind::Compact { write, upto } => fold(50, &[write.0, upto.0]),
        Kind::Discard { write, index, term } => fold(51, &[write.0, index.0, term.0]),
        Kind::Corrupt { what, index, drops } => fold(56, &[index.0, of_file(what, drops.into())]),
        Kind::Refuse { what, index } => fold(57, &[of_file(what, index.0)]),
        Kind::Restore { index, term, state } => fold(52, &[index.0, term.0, state]),
    }
}

/// A word about a file of a disk, which file it is in its upper two bits.
fn of_file(what: DiskFile, word: u64) -> u64 {
    (what as u64) << 62 | word
}

fn remains_words(remains: Remains) -> [u64; 4] {
    let Remains { survived, torn, lost, votes, promised } = remains;
    let last = votes.map_or(0, |last| last.0 + 1);
    [survived.0, u64::from(torn) << 32 | u64::from(lost), last, promised.into()]
}

/// How many words a timer has: the first one is not named.
fn timer_count(timer: TimerId) -> usize {
    if timer.is_first() { 1 } else { 2 }
}

/// 1 and a fingerprint of a panic's words, or 0 and what tells of a breach.
fn broken_words(why: Broken) -> [u64; 5] {
    match why {
        Broken::Panicked(words) => [1, xxh3_64(words.as_str().as_bytes()), 0, 0, 0],
        Broken::Breached(breach) => {
            let [breach, first, second, third] = breach.words();
            [0, breach, first, second, third]
        }
    }
}

fn members(index: Index, term: Term, configuration: Configuration) -> [u64; 4] {
    let [voters, outgoing, learners] = configuration.words().map(u64::from);
    [index.0, term.0, voters, outgoing << 32 | learners]
}

fn request_word(request: RequestId) -> u64 {
    u64::from(request.client) << 32 | u64::from(request.serial)
}

fn summary_words(summary: &Summary, words: &mut Words) {
    let flags = (summary.message as u64) << 1 | u64::from(summary.success);
    words.push(flags << 32 | u64::from(summary.entries));
    words.push(summary.term.0);
    words.push(summary.index.0);
    words.push(summary.index_term.0);
    words.push(summary.commit.0);
    words.push(request_word(summary.request));
}

fn command_words(command: Command) -> (u64, u64) {
    let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    match command {
        Command::Noop => (0, 0),
        Command::Get { key } => (pair(1, key), 0),
        Command::Put { key, value } => (pair(2, key), pair(0, value)),
        Command::Delete { key } => (pair(3, key), 0),
        Command::CompareAndSet { key, expected, value } => (pair(4, key), pair(expected, value)),
        Command::Append { key, value } => (pair(5, key), pair(0, value)),
        Command::Register => (pair(6, 0), 0),
        Command::Configure(configuration) => {
            let [voters, outgoing, learners] = configuration.words();
            (pair(7, voters), pair(outgoing, learners))
        }
    }
}
