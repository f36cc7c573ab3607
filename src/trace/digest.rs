//! The digest of a run: 128 bits over every record.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use xxhash_rust::xxh3::Xxh3;

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::DiskFile;
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
        words.push(u64::from(node) << 8 | u64::from(record.kind.number() + 1));
        kind_words(&record.kind, words);
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

/// The words of what happened, behind the one that holds the node and the kind.
fn kind_words(kind: &Kind, words: &mut Words) {
    let vote = |vote: Option<NodeId>| u64::from(vote.map_or(0, NodeId::number));
    let answer = |request, applied: bool| [request_word(request), applied.into()];
    let mut fold = |rest: &[u64]| rest.iter().for_each(|word| words.push(*word));
    match *kind {
        Kind::Boot { life, term, vote: voted, last_index, applied } => {
            fold(&[u64::from(life), term.0, vote(voted), last_index.0, applied.0]);
        }
        Kind::Crash(remains) => {
            fold(&remains_words(remains)[..if remains.is_in_order() { 2 } else { 4 }]);
        }
        Kind::Wipe { stays_out } => fold(if stays_out { &[1] } else { &[] }),
        Kind::Stop | Kind::Pause | Kind::Resume => {}
        Kind::Clock { before, after } => fold(&[before.0, after.0]),
        Kind::Term { term } => fold(&[term.0]),
        Kind::Role { role, term } => fold(&[role as u64, term.0]),
        Kind::Leader { leader } => fold(&[vote(leader)]),
        Kind::Transfer { to } => fold(&[vote(to)]),
        Kind::TargetPriority { target } => fold(&[u64::from(target)]),
        Kind::Configure { index, term, configuration: it } => fold(&members(index, term, it)),
        Kind::Commit { index, term } | Kind::SnapshotSaved { index, term } => {
            fold(&[index.0, term.0]);
        }
        Kind::Append { write, index, term, content } => {
            fold(&[write.0, index.0, term.0, content]);
        }
        Kind::Truncate { write, from: index } | Kind::Compact { write, upto: index } => {
            fold(&[write.0, index.0]);
        }
        Kind::Vote { write, term, vote: voted } => fold(&[write.0, term.0, vote(voted)]),
        Kind::Durable { write, lie } => fold(&[write.0, 1][..1 + usize::from(lie)]),
        Kind::WriteFailed { write } => fold(&[write.0]),
        Kind::Apply { index, term, content, request, effect } => {
            fold(&[index.0, term.0, content, request_word(request)]);
            if !effect {
                words.push(1);
            }
        }
        Kind::Send { to, id, message } => {
            fold(&[u64::from(to.number()), id]);
            message_words(&message, words);
        }
        // What a message says was folded in when it was sent.
        Kind::Deliver { from, id, .. } | Kind::Duplicate { from, id } => {
            fold(&[u64::from(from.number()), id]);
        }
        Kind::Drop { from, id, why } => fold(&[u64::from(from.number()), id, why as u64]),
        Kind::Timer { late } => fold(&[late]),
        Kind::Invoke { request, command, attempt } => {
            let (what, values) = command_words(command);
            fold(&[request_word(request), u64::from(attempt), what, values]);
        }
        // What an operation gave follows from what was applied, which was folded in.
        Kind::Reply { request, applied } | Kind::Answered { request, applied, .. } => {
            fold(&answer(request, applied));
        }
        Kind::Request { request } | Kind::TimedOut { request } | Kind::GaveUp { request } => {
            fold(&[request_word(request)]);
        }
        Kind::Fault { fault } | Kind::Missed { fault } | Kind::Heal { fault } => {
            fold(&[u64::from(fault)]);
        }
        Kind::Recovery { check } => fold(&[u64::from(check)]),
        Kind::Broken { panicked } => fold(&[panicked.into()]),
        Kind::Snapshot { index, term, state, received } => {
            fold(&[index.0, term.0, state, received.into()]);
        }
        Kind::Discard { write, index, term } => fold(&[write.0, index.0, term.0]),
        Kind::Corrupt { what, index, drops } => fold(&[index.0, of_file(what, drops.into())]),
        Kind::Refuse { what, index } => fold(&[of_file(what, index.0)]),
        Kind::Restore { index, term, state } => fold(&[index.0, term.0, state]),
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

fn members(index: Index, term: Term, configuration: Configuration) -> [u64; 4] {
    let [voters, outgoing, learners] = configuration.words().map(u64::from);
    [index.0, term.0, voters, outgoing << 32 | learners]
}

fn request_word(request: RequestId) -> u64 {
    u64::from(request.client) << 32 | u64::from(request.serial)
}

/// The words of a message: the first holds its kind, shifted by 40, a flag, shifted by 32, and a count.
fn message_words(message: &Summary, words: &mut Words) {
    let head = |flag: bool, count: u32| {
        (message.kind() as u64) << 40 | u64::from(flag) << 32 | u64::from(count)
    };
    let mut fold = |rest: &[u64]| rest.iter().for_each(|word| words.push(*word));
    match *message {
        Summary::RequestVote { term, last_index, last_term, by_leader } => {
            fold(&[head(by_leader, 0), term.0, last_index.0, last_term.0]);
        }
        Summary::Vote { term, granted } | Summary::PreVoteReply { term, granted } => {
            fold(&[head(granted, 0), term.0]);
        }
        Summary::AppendEntries { term, prev_index, prev_term, entries, commit } => {
            fold(&[head(false, entries), term.0, prev_index.0, prev_term.0, commit.0]);
        }
        Summary::Appended { term, match_index } => fold(&[head(false, 0), term.0, match_index.0]),
        Summary::Conflict { term, rejected, conflict_term, conflict_index } => {
            fold(&[head(false, 0), term.0, rejected.0, conflict_term.0, conflict_index.0]);
        }
        Summary::Forward { request } | Summary::ReadIndex { request } => {
            fold(&[head(false, 0), request_word(request)]);
        }
        Summary::ForwardReply { request, applied } => {
            fold(&[head(applied, 0), request_word(request)]);
        }
        Summary::PreVote { term, last_index, last_term } => {
            fold(&[head(false, 0), term.0, last_index.0, last_term.0]);
        }
        Summary::TimeoutNow { term } => fold(&[head(false, 0), term.0]),
        Summary::InstallSnapshot { term, last_index, last_term, offset, bytes, done } => {
            fold(&[head(done, bytes), term.0, last_index.0, last_term.0, offset]);
        }
        Summary::SnapshotReply { term, last_index, received, installed } => {
            fold(&[head(installed, 0), term.0, last_index.0, received]);
        }
        Summary::ReadRound { term, round } => fold(&[head(false, 0), term.0, round]),
        Summary::ReadRoundReply { term, round, confirmed } => {
            fold(&[head(confirmed, 0), term.0, round]);
        }
        Summary::ReadIndexReply { request, index } => {
            let upto = index.map_or(0, |index| index.0);
            fold(&[head(index.is_some(), 0), request_word(request), upto]);
        }
        Summary::Other { name, term, bytes, reply } => {
            fold(&[head(reply, bytes), term.0]);
            name.words().for_each(|word| words.push(word));
        }
    }
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
