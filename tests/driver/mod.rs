//! Drives nodes of the built-in Raft by hand, one input at a time, with no simulator between.
//!
//! Effects are carried out at once, but a message waits until its write is durable, and is delivered when the test says so.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::rc::Rc;

use squall::bugs::{Bug, Bugs};
use squall::config::{Config, Elections, OnWriteError, Priority, Reads};
use squall::configuration::Configuration;
use squall::ids::{Index, NodeId, NodeSet, Term, WriteId};
use squall::log::{Batch, Command, Entry, Log, RequestId};
use squall::machine::{Image, Output};
use squall::node::{
    Answer, Context, Damage, Effect, Input, Node, NodeRng, Recovered, Request, Role, Snapshot,
    Status, TimerId,
};
use squall::raft::{Message, Raft};
use squall::rng::{Rng, Stream};
use squall::time::{LocalTime, Shift, Span, SpanRange};

/// One node, and what its host would keep.
struct Driven {
    raft: Raft,
    rng: NodeRng,
    now: LocalTime,
    jumped: Shift,
    timer: LocalTime,
    log: Log,
    /// The snapshot that is being written.
    writing: Option<Rc<Snapshot>>,
    written: WriteId,
    durable: WriteId,
    waiting: VecDeque<(WriteId, NodeId, Message)>,
}

/// Some nodes, and the messages between them.
pub struct Driver {
    nodes: Vec<Driven>,
    wire: VecDeque<(NodeId, NodeId, Message)>,
    lines: String,
}

/// The node with a number.
pub fn n(number: u8) -> NodeId {
    NodeId::new(number)
}

/// A log whose entries have these terms.
pub fn log(terms: &[u64]) -> Log {
    let mut log = Log::default();
    terms.iter().for_each(|term| log.push(Entry::noop(Term(*term))));
    log
}

/// What a node boots with, beside its log.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub term: u64,
    pub vote: Option<u8>,
    /// The durable snapshot: its last index and term. The log below begins behind it, unless that is said to be `stale`.
    pub snapshot: Option<(u64, u64)>,
    /// The log begins at index 1, whatever the snapshot covers: a crash came between the two.
    pub stale: bool,
    pub log: Vec<u64>,
}

/// A node's disk with a term, and entries of these terms.
pub fn disk(term: u64, log: &[u64]) -> Disk {
    Disk { term, log: log.to_vec(), ..Disk::default() }
}

/// What a snapshot of the driver's takes, in bytes: there is no state machine.
pub const SNAPSHOT_BYTES: u64 = 30;

/// A snapshot that ends with an entry of this index and term.
pub fn snapshot(index: u64, term: u64, nodes: usize) -> Rc<Snapshot> {
    Rc::new(Snapshot {
        last_included_index: Index(index),
        last_included_term: Term(term),
        members: Configuration::of(NodeSet::first(nodes as u8)),
        image: Image::new((), SNAPSHOT_BYTES, index),
    })
}

/// A client's request to write, one of many.
pub fn put(serial: u32) -> Request {
    let id = RequestId::new(1, serial);
    Request { id, command: Command::Put { key: 1, value: serial } }
}

/// What a leader of this term sends: entries of these terms behind the one at `prev`, an index and a term.
pub fn append(term: u64, prev: (u64, u64), entries: &[u64], commit: u64) -> Message {
    Message::AppendEntries {
        term: Term(term),
        prev_log_index: Index(prev.0),
        prev_log_term: Term(prev.1),
        entries: entries.iter().map(|term| Entry::noop(Term(*term))).collect::<Batch>(),
        leader_commit: Index(commit),
    }
}

/// What a candidate of this term asks whose log ends with an entry of this index and term.
pub fn request_vote(term: u64, last: (u64, u64)) -> Message {
    let (last_log_index, last_log_term) = (Index(last.0), Term(last.1));
    Message::RequestVote { term: Term(term), last_log_index, last_log_term, by_leader: false }
}

impl Driver {
    /// Nodes that boot with these disks, and these bugs.
    pub fn new(disks: &[Disk], bugs: &[Bug]) -> Driver {
        Driver::tuned(disks, bugs, |_| {})
    }

    /// The same, with elections beyond the paper's, and priorities if there are any.
    pub fn with(disks: &[Disk], bugs: &[Bug], elections: Elections, priorities: &[u32]) -> Driver {
        Driver::of(disks, bugs, NodeSet::first(disks.len() as u8), |slot, config| {
            config.elections = elections;
            let highest = priorities.iter().copied().max();
            let own = priorities.get(slot).copied();
            config.elections.priority =
                own.zip(highest).map(|(own, highest)| Priority { own, highest });
        })
    }

    /// Nodes whose knobs are set otherwise.
    pub fn tuned(disks: &[Disk], bugs: &[Bug], tune: impl Fn(&mut Config)) -> Driver {
        Driver::of(disks, bugs, NodeSet::first(disks.len() as u8), |_, config| tune(config))
    }

    /// Nodes of a cluster that begins with these voters; `tune` is told whose knobs it sets, counted from 0.
    pub fn of(
        disks: &[Disk],
        bugs: &[Bug],
        voters: NodeSet,
        tune: impl Fn(usize, &mut Config),
    ) -> Driver {
        let members = NodeSet::first(disks.len() as u8);
        let config = Config {
            election_timeout: SpanRange::millis(150, 300),
            heartbeat_interval: SpanRange::exactly(Span::millis(75)),
            entries_per_append: 100,
            appends_in_flight: 4,
            elections: Elections::default(),
            bytes_per_append: 0,
            bytes_in_flight: 0,
            batch_delay: Span::ZERO,
            parallel_append: true,
            snapshot_every: 0,
            snapshot_trailing: 0,
            snapshot_chunk: 10,
            reads: Reads::Log,
            follower_reads: false,
            drift_bound_ppm: 0,
            waits_for_disk: false,
            on_write_error: OnWriteError::Stop,
            strict_change: false,
            bugs: Bugs::of(bugs),
        };
        let config_of = |slot: usize| {
            let mut config = config;
            tune(slot, &mut config);
            config
        };
        let driven = |slot: usize| Driven {
            raft: Raft::new(NodeId::at(slot), members, config_of(slot)).beginning_with(voters),
            rng: NodeRng::new(Rng::new(1, Stream::Node(NodeId::at(slot))), vec![], vec![], vec![]),
            now: LocalTime(1_000_000_000),
            jumped: Shift(0),
            timer: LocalTime(0),
            log: Log::default(),
            writing: None,
            written: WriteId::NONE,
            durable: WriteId::NONE,
            waiting: VecDeque::new(),
        };
        let nodes = (0..disks.len()).map(driven).collect();
        let mut driver = Driver { nodes, wire: VecDeque::new(), lines: String::new() };
        for (slot, disk) in disks.iter().enumerate() {
            driver.boot(NodeId::at(slot), disk.clone());
        }
        driver
    }

    /// Nodes with fresh disks.
    pub fn fresh(nodes: usize) -> Driver {
        Driver::new(&vec![Disk::default(); nodes], &[])
    }

    fn boot(&mut self, id: NodeId, disk: Disk) {
        let mut log = log(&disk.log);
        if let (Some((index, term)), false) = (disk.snapshot, disk.stale) {
            log.replace(Index(index), Term(term));
            disk.log.iter().for_each(|term| log.push(Entry::noop(Term(*term))));
        }
        self.nodes[id.slot()].log = log.clone();
        let recovered = Recovered {
            term: Term(disk.term.max(1)),
            vote: disk.vote.map(n),
            log,
            snapshot: disk.snapshot.map(|(index, term)| snapshot(index, term, self.nodes.len())),
            applied: Index(disk.snapshot.map_or(0, |(index, _)| index)),
            damage: Damage::default(),
        };
        self.step(id, Input::Boot(Box::new(recovered)));
    }

    /// Hands an input to a node and carries out its effects.
    pub fn step(&mut self, id: NodeId, input: Input<Message>) {
        let node = &mut self.nodes[id.slot()];
        let before = node.raft.status();
        let mut effects = Vec::new();
        let mut ctx = Context {
            now: node.now,
            jumped: node.jumped,
            rng: &mut node.rng,
            effects: &mut effects,
        };
        node.raft.step(input, &mut ctx);
        let status = node.raft.status();
        if (before.role, before.term) != (status.role, status.term) {
            let _ = writeln!(self.lines, "{id} is {}", standing(status));
        }
        let mut answers = Vec::new();
        for effect in effects {
            self.carry_out(id, effect, &mut answers);
        }
        if before.transfer != status.transfer {
            let _ = match status.transfer {
                Some(to) => writeln!(self.lines, "{id} hands over to {to}"),
                None => writeln!(self.lines, "{id} hands over no more"),
            };
        }
        if before.commit != status.commit {
            let _ = writeln!(self.lines, "{id} commits up to {}", status.commit);
        }
        for answer in answers {
            self.step(id, answer);
        }
    }

    #[expect(clippy::too_many_lines, reason = "a plain match: one arm for each effect")]
    fn carry_out(
        &mut self,
        id: NodeId,
        effect: Effect<Message>,
        answers: &mut Vec<Input<Message>>,
    ) {
        let nodes = self.nodes.len();
        let node = &mut self.nodes[id.slot()];
        let lines = &mut self.lines;
        let _ = match effect {
            Effect::Send { to, message, after } => {
                let wait = after > node.durable;
                let when = if wait { format!(" after {after}") } else { String::new() };
                let line = writeln!(lines, "{id} -> {to} {}{when}", words(&message));
                match wait {
                    true => node.waiting.push_back((after, to, message)),
                    false => self.wire.push_back((id, to, message)),
                }
                line
            }
            Effect::SaveVote { write, term, vote } => {
                node.written = write;
                let vote = vote.map_or("nobody".into(), |vote| vote.to_string());
                writeln!(lines, "{id} writes {write}: term {term}, vote for {vote}")
            }
            Effect::Append { write, first, entries } => {
                node.written = write;
                entries.entries().iter().for_each(|entry| node.log.push(*entry));
                let terms: Vec<String> =
                    entries.entries().iter().map(|entry| entry.term.to_string()).collect();
                let line = writeln!(
                    lines,
                    "{id} writes {write}: from {first} entries of {}",
                    terms.join(" ")
                );
                for entry in entries.entries() {
                    if let Command::Configure(configuration) = entry.command {
                        let _ = writeln!(lines, "{id} goes by {}", membership(configuration));
                    }
                }
                line
            }
            Effect::Truncate { write, from } => {
                node.written = write;
                node.log.truncate(from);
                writeln!(lines, "{id} writes {write}: removes {from} and all behind")
            }
            Effect::TakeSnapshot { index, term, members } => {
                let plain = snapshot(index.0, term.0, nodes);
                node.writing = Some(Rc::new(Snapshot { members, ..Snapshot::clone(&plain) }));
                writeln!(lines, "{id} takes a snapshot up to {index}@{term}")
            }
            Effect::SaveSnapshot(snapshot) => {
                let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
                node.writing = Some(snapshot);
                writeln!(lines, "{id} writes the received snapshot up to {index}@{term}")
            }
            Effect::Compact { write, upto } => {
                node.written = write;
                node.log.compact(upto);
                writeln!(lines, "{id} writes {write}: removes all up to {upto}")
            }
            Effect::Discard { write, index, term } => {
                node.written = write;
                node.log.replace(index, term);
                writeln!(
                    lines,
                    "{id} writes {write}: its log gives way to the snapshot up to {index}@{term}"
                )
            }
            Effect::Restore(snapshot) => {
                let index = snapshot.last_included_index;
                writeln!(lines, "{id} restores its state machine up to {index}")
            }
            Effect::SetTimer { at, .. } => {
                node.timer = at;
                Ok(())
            }
            Effect::Apply { index, entry, answer } => {
                if answer {
                    answers.push(Input::Applied { index, output: Output::Done });
                }
                writeln!(lines, "{id} applies {index}@{}", entry.term)
            }
            Effect::Read { request, relay } => {
                answers.push(Input::Read { request: request.id, relay, output: Output::Done });
                writeln!(lines, "{id} reads for c{}.{}", request.id.client, request.id.serial)
            }
            Effect::Reply { request, answer } => {
                let what = match answer {
                    Answer::Applied(_) => "done",
                    Answer::Refused(_) => "try elsewhere",
                };
                writeln!(lines, "{id} answers c{}.{}: {what}", request.client, request.serial)
            }
            Effect::CancelTimer { .. } => Ok(()),
            Effect::Stop => writeln!(lines, "{id} stops itself"),
            other => panic!("the driver does not carry this out: {other:?}"),
        };
    }

    /// The node's timer fires, when it is due.
    pub fn timer(&mut self, id: NodeId) {
        self.nodes[id.slot()].now = self.nodes[id.slot()].timer;
        self.step(id, Input::TimerFired(TimerId::FIRST));
    }

    /// All that a node wrote becomes durable.
    pub fn sync(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.slot()];
        let written = node.written;
        if node.durable == written {
            return;
        }
        node.durable = written;
        for (_, to, message) in std::mem::take(&mut node.waiting) {
            let _ = writeln!(self.lines, "{id} -> {to} {}", words(&message));
            self.wire.push_back((id, to, message));
        }
        self.step(id, Input::Durable(written));
    }

    /// The snapshot that a node writes becomes durable.
    pub fn saved(&mut self, id: NodeId) {
        let snapshot = self.nodes[id.slot()].writing.take().expect("a snapshot is being written");
        self.step(id, Input::SnapshotSaved(snapshot));
    }

    /// The oldest message from one node to another arrives; says whether there was one.
    pub fn deliver(&mut self, from: NodeId, to: NodeId) -> bool {
        let found =
            self.wire.iter().position(|(sender, receiver, _)| (*sender, *receiver) == (from, to));
        let Some(message) = found.and_then(|place| self.wire.remove(place)) else { return false };
        self.receive(to, from, message.2);
        true
    }

    /// A message arrives, whoever sent it.
    pub fn receive(&mut self, to: NodeId, from: NodeId, message: Message) {
        self.step(to, Input::Receive { from, message });
    }

    /// All messages that are under way are lost.
    pub fn lose_all(&mut self) {
        self.wire.clear();
        self.nodes.iter_mut().for_each(|node| node.waiting.clear());
    }

    /// Syncs and delivers between these nodes until nothing is under way; what goes to others is lost.
    pub fn settle(&mut self, among: &[u8]) {
        let among: Vec<u8> = among
            .iter()
            .copied()
            .filter(|number| usize::from(*number) <= self.nodes.len())
            .collect();
        loop {
            among.iter().for_each(|number| self.sync(n(*number)));
            let Some((from, to, message)) = self.wire.pop_front() else { return };
            let here = |node: NodeId| among.contains(&node.number());
            if here(from) && here(to) {
                self.receive(to, from, message);
            }
        }
    }

    /// A client asks.
    pub fn request(&mut self, id: NodeId, request: Request) {
        self.step(id, Input::Request(request));
    }

    /// Makes a node leader: it stands, and these others answer.
    pub fn elect(&mut self, id: NodeId, among: &[u8]) {
        self.timer(id);
        self.settle(among);
        assert_eq!(self.status(id).role, Role::Leader, "{}", self.lines);
    }

    /// What a node says of itself.
    pub fn status(&self, id: NodeId) -> Status {
        self.nodes[id.slot()].raft.status()
    }

    /// The terms of the entries in a node's log.
    pub fn log(&self, id: NodeId) -> Vec<u64> {
        self.nodes[id.slot()].log.iter_from(Index(1)).map(|entry| entry.term.0).collect()
    }

    /// The last index of a node's log that was compacted.
    pub fn base(&self, id: NodeId) -> Index {
        self.nodes[id.slot()].log.base()
    }

    /// When a node's timer is due, from now.
    pub fn timer_in(&self, id: NodeId) -> Span {
        let node = &self.nodes[id.slot()];
        Span(node.timer.0 - node.now.0)
    }

    /// Time passes at a node, without its timer.
    pub fn pass(&mut self, id: NodeId, span: Span) {
        let node = &mut self.nodes[id.slot()];
        node.now = node.now.plus(span);
    }

    /// Somebody sets the clock of a node.
    pub fn jump(&mut self, id: NodeId, by: Shift) {
        let node = &mut self.nodes[id.slot()];
        node.now = LocalTime(node.now.0.checked_add_signed(by.0).expect("not so far"));
        node.jumped.0 += by.0;
    }

    /// What happened since the last call, a line each.
    pub fn told(&mut self) -> String {
        std::mem::take(&mut self.lines)
    }
}

/// A configuration in words: in joint consensus the new voters, and the old ones.
fn membership(Configuration { voters, learners, outgoing, .. }: Configuration) -> String {
    let names =
        |nodes: NodeSet| nodes.iter().map(|node| node.to_string()).collect::<Vec<_>>().join(" ");
    let mut text = names(voters);
    if !outgoing.is_empty() {
        let _ = write!(text, ", and by {}", names(outgoing));
    }
    if !learners.is_empty() {
        let _ = write!(text, "; learners {}", names(learners));
    }
    text
}

/// A status in words.
pub fn standing(status: Status) -> String {
    let role = match status.role {
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
        Role::PreCandidate => "pre-candidate",
    };
    format!("{role} in term {}", status.term)
}

/// A message in words, as scripts write them.
pub fn words(message: &Message) -> String {
    match message {
        Message::RequestVote { term, last_log_index, last_log_term, by_leader } => {
            let word = if *by_leader { " by leader" } else { "" };
            format!("request-vote t{term} last {last_log_index}@{last_log_term}{word}")
        }
        Message::PreVote { term, last_log_index, last_log_term } => {
            format!("pre-vote t{term} last {last_log_index}@{last_log_term}")
        }
        Message::PreVoteReply { term, granted } => {
            format!("pre-vote-reply t{term} {}", if *granted { "granted" } else { "refused" })
        }
        Message::TimeoutNow { term } => format!("timeout-now t{term}"),
        Message::Vote { term, granted } => {
            format!("vote t{term} {}", if *granted { "granted" } else { "refused" })
        }
        Message::AppendEntries { term, prev_log_index, prev_log_term, entries, leader_commit } => {
            let terms: Vec<String> =
                entries.entries().iter().map(|entry| entry.term.to_string()).collect();
            let entries = if terms.is_empty() { "-".into() } else { terms.join(",") };
            format!(
                "append t{term} prev {prev_log_index}@{prev_log_term} entries {entries} commit {leader_commit}"
            )
        }
        Message::Appended { term, match_index } => format!("appended t{term} match {match_index}"),
        Message::Conflict { term, rejected, conflict_term, conflict_index } => {
            format!("conflict t{term} at {rejected} has {conflict_term} from {conflict_index}")
        }
        Message::InstallSnapshot { term, snapshot, offset, bytes, done } => {
            let (index, last) = (snapshot.last_included_index, snapshot.last_included_term);
            let done = if *done { " done" } else { "" };
            format!("snapshot t{term} upto {index}@{last} at {offset} bytes {bytes}{done}")
        }
        Message::SnapshotReply { term, last_included_index, offset, installed } => {
            let what = if *installed { "installed".into() } else { format!("has {offset}") };
            format!("snapshot-reply t{term} upto {last_included_index} {what}")
        }
        Message::ReadRound { term, round } => format!("read-round t{term} round {round}"),
        Message::ReadRoundReply { term, round } => format!("confirmed t{term} round {round}"),
        Message::ReadIndex { request } => {
            format!("read-index c{}.{}", request.client, request.serial)
        }
        Message::ReadIndexReply { request, index } => {
            let upto = index.map_or_else(|| "refused".into(), |index| format!("upto {index}"));
            format!("read-index c{}.{} {upto}", request.client, request.serial)
        }
        Message::Forward { request } => {
            format!("forward c{}.{}", request.id.client, request.id.serial)
        }
        Message::ForwardReply { request, answer } => {
            let what = match answer {
                Answer::Applied(_) => "done",
                Answer::Refused(_) => "refused",
            };
            format!("forwarded c{}.{} {what}", request.client, request.serial)
        }
    }
}
