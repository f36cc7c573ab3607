//! Records as small arrays of numbers, which a browser reads in a fraction of the time that objects would take.
//!
//! A record is `[event, time, node, kind, ...]`: event and time as the difference from the record before, the node 0 for none, the kind by
//! its place in [`KINDS`], and then what the kind has, in the order of `docs/trace.md`. Zeros at the end are left out. What no
//! number of JavaScript holds exactly, or what is long, stands in a table.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::breach::Broken;
use crate::ids::{NodeId, Term};
use crate::log::{Command, Entry, RequestId};
use crate::message::{MessageKind, Summary};
use crate::node::Role;
use crate::record::{Heard, Kind, Loss, Record, Remains};
use crate::trace::text::{broken_words, client, command_words, heard_words};

/// The kinds of records, as traces name them, in the order in which they came to pages.
pub const KINDS: &[&str] = &[
    "boot",
    "crash",
    "wipe",
    "stop",
    "pause",
    "resume",
    "clock",
    "term",
    "role",
    "leader",
    "commit",
    "append",
    "truncate",
    "vote",
    "durable",
    "write-failed",
    "apply",
    "send",
    "deliver",
    "drop",
    "duplicate",
    "timer",
    "invoke",
    "request",
    "reply",
    "answered",
    "timed-out",
    "gave-up",
    "fault",
    "missed",
    "heal",
    "broken",
    "transfer",
    "target-priority",
    "snapshot",
    "snapshot-saved",
    "compact",
    "discard",
    "restore",
    "recovery",
    "corrupt",
    "refuse",
    "configure",
];

/// Puts records into arrays, and fills the tables that these refer to.
#[derive(Default)]
pub struct Encoder {
    event: u64,
    time: u64,
    /// What each message said when it was sent: it need not be said again when it arrives.
    sent: BTreeMap<u64, Summary>,
    commands: BTreeMap<u64, (String, String)>,
    contents: BTreeMap<u64, u64>,
    /// What the tables hold.
    pub tables: Tables,
}

/// What records refer to by place.
#[derive(Default, Serialize)]
pub struct Tables {
    /// Commands, and what they gave: in words, and as JSON.
    pub commands: Vec<(String, String)>,
    /// Contents of entries: the fingerprint, the request, and the command in words.
    pub contents: Vec<(String, String, String)>,
}

impl Encoder {
    /// An encoder that knows the no-op.
    pub fn new() -> Encoder {
        let mut encoder = Encoder::default();
        let noop = Entry::noop(Term::ZERO);
        encoder.know(noop.request, noop.command);
        encoder
    }

    /// Takes note of a record outside of the window: entries inside may have come from it.
    pub fn follow(&mut self, record: &Record) {
        (self.event, self.time) = (record.event, record.time.0);
        if let Kind::Invoke { request, command, .. } = record.kind {
            self.know(request, command);
        }
    }

    fn know(&mut self, request: RequestId, command: Command) {
        let entry = Entry { request, command, ..Entry::noop(Term::ZERO) };
        let name = if request.is_none() { String::new() } else { client(request) };
        self.commands.insert(entry.fingerprint(), (name, command_words(command)));
    }

    /// The place of an entry's content in its table.
    pub fn content(&mut self, fingerprint: u64) -> u64 {
        if let Some(place) = self.contents.get(&fingerprint) {
            return *place;
        }
        let place = self.tables.contents.len() as u64;
        let (request, words) = self.commands.get(&fingerprint).cloned().unwrap_or_default();
        self.tables.contents.push((fingerprint.to_string(), request, words));
        self.contents.insert(fingerprint, place);
        place
    }

    /// The place of what a request gave in the table of commands, from 1.
    fn output(&mut self, output: Heard) -> u64 {
        let json = match output {
            // Too many digits for a number of JavaScript.
            Heard::Values(word) => format!("{{\"values\":\"#{word}\"}}"),
            _ => serde_json::to_string(&output).unwrap_or_default(),
        };
        self.tables.commands.push((heard_words(output), json));
        self.tables.commands.len() as u64
    }

    /// The place of why a node is broken in the table of commands.
    fn broken(&mut self, why: Broken) -> u64 {
        let json = serde_json::to_string(&why).unwrap_or_default();
        self.tables.commands.push((broken_words(why), json));
        self.tables.commands.len() as u64 - 1
    }

    /// A record as an array.
    pub fn encode(&mut self, record: &Record) -> Vec<u64> {
        let (event, time) = (self.event, self.time);
        self.follow(record);
        let head = [record.event - event, record.time.0 - time, id(record.node)];
        let mut words = head.to_vec();
        self.fields(&record.kind, &mut words);
        while words.len() > 4 && words.last() == Some(&0) {
            words.pop();
        }
        words
    }

    /// The place of a command in its table.
    fn command(&mut self, command: Command) -> u64 {
        let json = serde_json::to_string(&command).unwrap_or_default();
        self.tables.commands.push((command_words(command), json));
        self.tables.commands.len() as u64 - 1
    }

    fn fields(&mut self, kind: &Kind, words: &mut Vec<u64>) {
        match *kind {
            Kind::Boot { life, term, vote, last_index, applied } => {
                words.extend([0, life.into(), term.0, id(vote), last_index.0, applied.0]);
            }
            Kind::Crash(Remains { survived, torn, lost, votes, promised }) => {
                words.extend([1, survived.0, torn.into(), lost.into(), promised.into()]);
                words.push(votes.map_or(0, |last| last.0 + 1));
            }
            Kind::Wipe { .. } => words.push(2),
            Kind::Stop => words.push(3),
            Kind::Pause => words.push(4),
            Kind::Resume => words.push(5),
            Kind::Clock { before, after } => words.extend([6, before.0, after.0]),
            Kind::Term { term } => words.extend([7, term.0]),
            Kind::Role { role, term } => words.extend([8, role_word(role), term.0]),
            Kind::Leader { leader } => words.extend([9, id(leader)]),
            Kind::Commit { index, term } => words.extend([10, index.0, term.0]),
            Kind::Append { write, index, term, content } => {
                words.extend([11, write.0, index.0, term.0, self.content(content)]);
            }
            Kind::Truncate { write, from } => words.extend([12, write.0, from.0]),
            Kind::Vote { write, term, vote } => words.extend([13, write.0, term.0, id(vote)]),
            Kind::Durable { write, lie } => words.extend([14, write.0, lie.into()]),
            Kind::WriteFailed { write } => words.extend([15, write.0]),
            Kind::Apply { index, term, content, request, effect } => {
                words.extend([16, index.0, term.0, self.content(content)]);
                words.extend(request_words(request));
                words.push((!effect).into());
            }
            Kind::Send { to, id: message, message: ref summary } => {
                self.sent.insert(message, *summary);
                words.extend([17, id(Some(to)), message]);
                words.extend(summary_words(summary));
            }
            Kind::Deliver { from, id: message, message: ref summary } => {
                words.extend([18, id(Some(from)), message]);
                if self.sent.get(&message) != Some(summary) {
                    words.push(1);
                    words.extend(summary_words(summary));
                }
            }
            Kind::Drop { from, id: message, why } => {
                words.extend([19, id(Some(from)), message, loss_word(why)]);
            }
            Kind::Duplicate { from, id: message } => words.extend([20, id(Some(from)), message]),
            Kind::Timer { timer, late } => words.extend([21, late, timer.0.into()]),
            Kind::Invoke { request, command, attempt } => {
                let [client, serial] = request_words(request);
                words.extend([22, client, serial, self.command(command), attempt.into()]);
            }
            Kind::Request { request } => push_request(words, 23, request, false),
            Kind::Reply { request, applied } => push_request(words, 24, request, applied),
            Kind::Answered { request, applied, output } => {
                push_request(words, 25, request, applied);
                words.push(output.map_or(0, |output| self.output(output)));
            }
            Kind::TimedOut { request } => push_request(words, 26, request, false),
            Kind::GaveUp { request } => push_request(words, 27, request, false),
            Kind::Fault { fault } => words.extend([28, fault.into()]),
            Kind::Missed { fault } => words.extend([29, fault.into()]),
            Kind::Heal { fault } => words.extend([30, fault.into()]),
            Kind::Broken { why } => words.extend([31, self.broken(why)]),
            Kind::Transfer { to } => words.extend([32, id(to)]),
            Kind::TargetPriority { target } => words.extend([33, target.into()]),
            _ => words.extend(later_words(kind)),
        }
    }
}

/// What concerns snapshots, members, corrupt records, and the recovery phase. Members are bits, node 1 in the lowest. A fingerprint
/// comes in two halves: it has more bits than a number of JavaScript holds.
fn later_words(kind: &Kind) -> Vec<u64> {
    let halves = |state: u64| (state >> 32, state & u64::from(u32::MAX));
    match *kind {
        Kind::Snapshot { index, term, state, received } => {
            let (high, low) = halves(state);
            vec![34, index.0, term.0, high, low, received.into()]
        }
        Kind::SnapshotSaved { index, term } => vec![35, index.0, term.0],
        Kind::Compact { write, upto } => vec![36, write.0, upto.0],
        Kind::Discard { write, index, term } => vec![37, write.0, index.0, term.0],
        Kind::Restore { index, term, state } => {
            let (high, low) = halves(state);
            vec![38, index.0, term.0, high, low]
        }
        Kind::Recovery { check } => vec![39, check.into()],
        Kind::Corrupt { what, index, drops } => vec![40, index.0, drops.into(), what as u64],
        Kind::Refuse { what, index } => vec![41, index.0, what as u64],
        Kind::Configure { index, term, configuration } => {
            let [voters, outgoing, learners] = configuration.words().map(u64::from);
            let auto = outgoing >> 31;
            vec![42, index.0, term.0, voters, learners, outgoing & !(1 << 31), auto]
        }
        _ => Vec::new(),
    }
}

/// A node as a number, 0 for none.
pub fn id(node: Option<NodeId>) -> u64 {
    node.map_or(0, |node| node.number().into())
}

/// A role as a number.
pub fn role_word(role: Role) -> u64 {
    match role {
        Role::Follower => 0,
        Role::Candidate => 1,
        Role::Leader => 2,
        // The page has 3 for a node that is down.
        Role::PreCandidate => 4,
    }
}

fn push_request(words: &mut Vec<u64>, tag: u64, request: RequestId, applied: bool) {
    words.push(tag);
    words.extend(request_words(request));
    words.push(applied.into());
}

/// A request in two words: the first holds the session, too, above the 16 bits of the client.
fn request_words(request: RequestId) -> [u64; 2] {
    [request.session.0 << 16 | u64::from(request.client), request.serial.into()]
}

fn summary_words(summary: &Summary) -> [u64; 9] {
    let Summary { message, term, index, index_term, entries, commit, success, request } = *summary;
    let message = match message {
        MessageKind::RequestVote => 0,
        MessageKind::Vote => 1,
        MessageKind::AppendEntries => 2,
        MessageKind::AppendReply => 3,
        MessageKind::Forward => 4,
        MessageKind::ForwardReply => 5,
        MessageKind::PreVote => 6,
        MessageKind::PreVoteReply => 7,
        MessageKind::TimeoutNow => 8,
        MessageKind::InstallSnapshot => 9,
        MessageKind::SnapshotReply => 10,
        MessageKind::ReadRound => 11,
        MessageKind::ReadRoundReply => 12,
        MessageKind::ReadIndex => 13,
        MessageKind::ReadIndexReply => 14,
    };
    let [client, serial] = request_words(request);
    let (entries, success) = (entries.into(), success.into());
    [message, term.0, index.0, index_term.0, entries, commit.0, success, client, serial]
}

fn loss_word(loss: Loss) -> u64 {
    match loss {
        Loss::Network => 0,
        Loss::Cut => 1,
        Loss::CutInFlight => 2,
        Loss::Down => 3,
        Loss::Unsent => 4,
    }
}
