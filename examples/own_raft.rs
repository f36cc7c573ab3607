//! A Raft of one's own under squall: the smallest that keeps the contract of [`squall::node`], to be read first and pasted.
//!
//! It is Figure 2 of the paper and no more: elections, replication, the no-op with which a leader begins its term (section 8), and a hint
//! that takes a leader back by whole terms (5.3). Sessions of clients need nothing of it: the state machine, which sits in the host, keeps
//! them. Its `main` is the whole command line of squall for this Raft:
//!
//! ```text
//! cargo run --example own_raft -- fuzz --runs 1000
//! cargo run --example own_raft -- fuzz --runs 1000 --guest-option mistake=commits-by-count --shrink
//! cargo run --example own_raft -- explain reports/fuzz/failures/*/shrunk.toml
//! ```
//!
//! Three things may be new to whoever comes from threads and sockets:
//!
//! - Nothing is done here. [`Node::step`] takes one input and emits effects, which the host carries out in their order.
//! - Writes have numbers. The node goes on before they are durable; a message that promises something names the write that must be
//!   durable before it leaves, and [`Input::Durable`] tells of what is.
//! - Time is what [`Context::now`] says, chance is what [`Context::rng`] draws, and there is one timer.

use std::collections::BTreeMap;

use squall::config::Config;
use squall::guest::{Feature, Setup};
use squall::ids::{Index, NodeId, NodeSet, Term, WriteId};
use squall::log::{Batch, Entry, RequestId};
use squall::message::Summary;
use squall::node::{
    Answer, Context, Effect, Input, Node, Recovered, Request, Role, Status, TimerId,
};
use squall::sim::{Nodes, Runner};

/// How many entries one message carries at most.
const ENTRIES_MAX: usize = 64;

/// Mistakes that can be planted, by the option `mistake`, to see what finds them.
pub const MISTAKES: [&str; 4] = [
    // A candidate counts votes that it was given in an earlier term.
    "counts-stale-votes",
    // A leader commits entries of earlier terms by counting their copies (5.4.2 forbids it).
    "commits-by-count",
    // Answers leave before what they promise is durable.
    "answers-before-durable",
    // A follower leaves entries alone that conflict with the leader's, and appends what comes behind them.
    "keeps-conflicts",
];

/// This Raft as squall runs it: its name, how a node is made, what it has beyond Figure 2, and the options that it takes.
pub fn own() -> impl Runner {
    let has = [Feature::Sessions, Feature::LostWrites];
    Nodes::new("own", OwnRaft::new).having_only(has).taking("mistake", &MISTAKES)
}

/// What nodes say to each other. Each message begins with the sender's term (5.1).
#[derive(Clone)]
pub struct Message {
    pub(crate) term: Term,
    pub(crate) body: Body,
}

/// The RPCs of Figure 2. An entry is named by its term and index, in the order in which logs are compared (5.4.1).
#[derive(Clone)]
pub(crate) enum Body {
    /// "RequestVote RPC", arguments.
    RequestVote { last_log: (Term, Index) },
    /// "RequestVote RPC", results.
    Vote { granted: bool },
    /// "AppendEntries RPC", arguments.
    AppendEntries { prev_log: (Term, Index), entries: Batch, leader_commit: Index },
    /// "AppendEntries RPC", results: success. The logs match up to here.
    Accepted { match_index: Index },
    /// "AppendEntries RPC", results: no success. It names what was refused, so that the leader knows an old answer, and where the leader
    /// should go on (5.3, end).
    Rejected { prev_log_index: Index, next_index: Index },
}

/// An entry of the log, and the write that brings it to the disk.
struct Stored {
    entry: Entry,
    write: WriteId,
}

/// A server: "State" of Figure 2, and what it takes to live with a disk that is slow.
pub struct OwnRaft {
    id: NodeId,
    /// All the other servers.
    peers: Vec<NodeId>,
    config: Config,
    mistake: String,

    // Persistent state on all servers.
    current_term: Term,
    voted_for: Option<NodeId>,
    /// The entry of index 1 comes first.
    log: Vec<Stored>,

    // Volatile state on all servers.
    commit_index: Index,
    last_applied: Index,
    role: Role,
    /// The leader of the current term, if it is known: clients are sent to it.
    leader_id: Option<NodeId>,

    // Volatile state on candidates.
    votes: NodeSet,

    // Volatile state on leaders, by the place of each server.
    next_index: Vec<Index>,
    match_index: Vec<Index>,
    /// Requests that wait until their entry is applied.
    pending: BTreeMap<Index, RequestId>,

    // The disk: the number of the latest write, and of the latest that is durable.
    last_write: WriteId,
    durable: WriteId,
}

type Ctx<'a> = Context<'a, Message>;

impl Node for OwnRaft {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Ctx) {
        match input {
            Input::Boot(disk) => self.boot(*disk, ctx),
            Input::Receive { from, message } => self.receive(from, message, ctx),
            Input::Request(request) => self.receive_request(request, ctx),
            Input::TimerFired(_) if self.role == Role::Leader => self.heartbeat(ctx),
            Input::TimerFired(_) => self.start_election(ctx),
            Input::Durable(write) => self.receive_durable(write, ctx),
            // What the disk holds of it is not known until it is read again, at the next boot.
            Input::WriteFailed(_) => ctx.emit(Effect::Stop),
            Input::Applied { index, output } => {
                if let Some(request) = self.pending.remove(&index) {
                    ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
                }
            }
            // What else there is asks for features that this Raft lacks, so it never comes.
            _ => {}
        }
    }

    fn status(&self) -> Status {
        let (term, role, leader) = (self.current_term, self.role, self.leader_id);
        let (commit, applied) = (self.commit_index, self.last_applied);
        Status { term, role, leader, commit, applied, ..Status::default() }
    }

    fn summary(message: &Message) -> Summary {
        let term = message.term;
        match message.body {
            Body::RequestVote { last_log: (last_term, last_index) } => {
                Summary::RequestVote { term, last_index, last_term, by_leader: false }
            }
            Body::Vote { granted } => Summary::Vote { term, granted },
            Body::AppendEntries { prev_log, ref entries, leader_commit: commit } => {
                let ((prev_term, prev_index), entries) = (prev_log, entries.len() as u32);
                Summary::AppendEntries { term, prev_index, prev_term, entries, commit }
            }
            Body::Accepted { match_index } => Summary::Appended { term, match_index },
            Body::Rejected { prev_log_index: rejected, next_index: conflict_index } => {
                let conflict_term = Term::ZERO;
                Summary::Conflict { term, rejected, conflict_term, conflict_index }
            }
        }
    }
}

/// Rules for all servers.
impl OwnRaft {
    /// A server before its first boot.
    pub fn new(setup: &Setup<'_>) -> OwnRaft {
        let mistake = setup.options.get("mistake").and_then(|name| name.as_str());
        OwnRaft {
            id: setup.id,
            peers: setup.voters.iter().filter(|peer| *peer != setup.id).collect(),
            config: setup.config,
            mistake: mistake.unwrap_or_default().to_owned(),
            current_term: Term::FIRST,
            voted_for: None,
            log: Vec::new(),
            commit_index: Index::ZERO,
            last_applied: Index::ZERO,
            role: Role::Follower,
            leader_id: None,
            votes: NodeSet::EMPTY,
            next_index: vec![Index::ZERO; setup.nodes.len()],
            match_index: vec![Index::ZERO; setup.nodes.len()],
            pending: BTreeMap::new(),
            last_write: WriteId::NONE,
            durable: WriteId::NONE,
        }
    }

    /// Starts as a follower, with what the disk holds.
    fn boot(&mut self, disk: Recovered, ctx: &mut Ctx) {
        (self.current_term, self.voted_for) = (disk.term, disk.vote);
        let stored = |entry: &Entry| Stored { entry: *entry, write: WriteId::NONE };
        self.log = disk.log.iter_from(Index(1)).map(stored).collect();
        // A state machine that outlives crashes is not given anything twice. What it was given was committed.
        (self.commit_index, self.last_applied) = (disk.applied, disk.applied);
        if let Some(from) = disk.damage.corrupt {
            self.truncate(from, ctx);
        }
        // The log may have reached the disk before the term in which it was written.
        if self.last_log().0 > self.current_term {
            self.enter_term(self.last_log().0, None, ctx);
        }
        self.become_follower(ctx);
    }

    fn receive(&mut self, from: NodeId, Message { term, body }: Message, ctx: &mut Ctx) {
        // "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (5.1).
        if term > self.current_term {
            self.enter_term(term, None, ctx);
            if self.role != Role::Follower {
                self.become_follower(ctx);
            }
        }
        // An answer to what the node asked in a term that is over says nothing about this one.
        let is_current = term == self.current_term;
        match body {
            Body::RequestVote { last_log } => self.receive_request_vote(from, term, last_log, ctx),
            Body::AppendEntries { prev_log, entries, leader_commit } if is_current => {
                self.receive_append_entries(from, prev_log, &entries, leader_commit, ctx);
            }
            // 1. "Reply false if term < currentTerm."
            Body::AppendEntries { prev_log, .. } => self.reject(from, prev_log.1, ctx),
            Body::Vote { granted: true } if self.role == Role::Candidate => {
                if is_current || self.makes("counts-stale-votes") {
                    self.count_vote(from, ctx);
                }
            }
            _ if !is_current || self.role != Role::Leader => {}
            Body::Accepted { match_index } => self.receive_accepted(from, match_index, ctx),
            Body::Rejected { prev_log_index, next_index } => {
                self.receive_rejected(from, prev_log_index, next_index, ctx);
            }
            Body::Vote { .. } => {}
        }
    }

    /// Moves to a later term, and says so to the disk along with the vote in it.
    fn enter_term(&mut self, term: Term, vote: Option<NodeId>, ctx: &mut Ctx) {
        (self.current_term, self.leader_id) = (term, None);
        self.vote(vote, ctx);
    }

    fn vote(&mut self, vote: Option<NodeId>, ctx: &mut Ctx) {
        self.voted_for = vote;
        let write = self.next_write();
        ctx.emit(Effect::SaveVote { write, term: self.current_term, vote });
    }

    fn become_follower(&mut self, ctx: &mut Ctx) {
        self.role = Role::Follower;
        // Whether these will be committed is for the next leader to say. Their clients ask again when they have waited enough.
        self.pending.clear();
        self.reset_election_timer(ctx);
    }

    fn reset_election_timer(&self, ctx: &mut Ctx) {
        let timeout = ctx.rng.election_timeout(self.config.election_timeout);
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: ctx.now.plus(timeout) });
    }

    /// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine" (5.3). An entry that is not on the
    /// own disk waits until the disk has it: a state machine that outlives crashes must not be ahead of the log.
    fn apply(&mut self, ctx: &mut Ctx) {
        while self.last_applied < self.commit_index.min(self.durable_index()) {
            let index = self.last_applied.next();
            self.last_applied = index;
            let entry = self.log[index.0 as usize - 1].entry;
            ctx.emit(Effect::Apply { index, entry, answer: self.pending.contains_key(&index) });
        }
    }

    /// The disk has more: the own vote and the own copies of entries count like those of others.
    fn receive_durable(&mut self, write: WriteId, ctx: &mut Ctx) {
        self.durable = write;
        match self.role {
            // The vote for itself is the last that a candidate has written.
            Role::Candidate if self.last_write <= write => self.count_vote(self.id, ctx),
            Role::Leader => self.advance_commit_index(),
            _ => {}
        }
        self.apply(ctx);
    }

    /// Adds entries at the end of the log, and writes them.
    fn append(&mut self, entries: Batch, ctx: &mut Ctx) {
        let first = self.last_log().1.next();
        let write = self.next_write();
        self.log.extend(entries.entries().iter().map(|entry| Stored { entry: *entry, write }));
        ctx.emit(Effect::Append { write, first, entries });
    }

    /// Removes the entry at `from` and all that follow.
    fn truncate(&mut self, from: Index, ctx: &mut Ctx) {
        self.log.truncate(from.0 as usize - 1);
        let write = self.next_write();
        ctx.emit(Effect::Truncate { write, from });
    }

    fn next_write(&mut self) -> WriteId {
        self.last_write = self.last_write.next();
        self.last_write
    }

    /// The last entry that is on the own disk. Along a log, the numbers of writes never fall.
    fn durable_index(&self) -> Index {
        Index(self.log.partition_point(|stored| stored.write <= self.durable) as u64)
    }

    /// The term and index of the last entry.
    fn last_log(&self) -> (Term, Index) {
        let term = self.log.last().map_or(Term::ZERO, |stored| stored.entry.term);
        (term, Index(self.log.len() as u64))
    }

    /// The term of the entry at an index, if there is one. Index zero, before the first, has term zero in every log.
    fn term_at(&self, index: Index) -> Option<Term> {
        match index.0 {
            0 => Some(Term::ZERO),
            place => self.log.get(place as usize - 1).map(|stored| stored.entry.term),
        }
    }

    /// Sends a message when this write is durable.
    fn send(&self, to: NodeId, body: Body, after: WriteId, ctx: &mut Ctx) {
        ctx.emit(Effect::Send { to, message: Message { term: self.current_term, body }, after });
    }

    /// Answers when all is durable that was written so far: "updated on stable storage before responding to RPCs".
    fn answer(&self, to: NodeId, body: Body, ctx: &mut Ctx) {
        let is_early = self.makes("answers-before-durable");
        self.send(to, body, if is_early { WriteId::NONE } else { self.last_write }, ctx);
    }

    fn makes(&self, mistake: &str) -> bool {
        self.mistake == mistake
    }
}

/// Rules for followers.
impl OwnRaft {
    /// "RequestVote RPC, receiver implementation" (5.2, 5.4). Candidates and leaders refuse by the same rules: they voted for themselves.
    fn receive_request_vote(
        &mut self,
        candidate: NodeId,
        term: Term,
        last_log: (Term, Index),
        ctx: &mut Ctx,
    ) {
        let is_free = self.voted_for.is_none_or(|vote| vote == candidate);
        let granted = term == self.current_term && is_free && last_log >= self.last_log();
        if granted {
            if self.voted_for.is_none() {
                self.vote(Some(candidate), ctx);
            }
            self.reset_election_timer(ctx);
        }
        self.answer(candidate, Body::Vote { granted }, ctx);
    }

    /// "AppendEntries RPC, receiver implementation" (5.3), by its numbers.
    fn receive_append_entries(
        &mut self,
        leader: NodeId,
        (prev_log_term, prev_log_index): (Term, Index),
        entries: &Batch,
        leader_commit: Index,
        ctx: &mut Ctx,
    ) {
        match self.role {
            // A term has one leader, unless disks have lost votes: then nothing is right any more.
            Role::Leader => return,
            // "If AppendEntries RPC received from new leader: convert to follower" (5.2).
            Role::Candidate => self.become_follower(ctx),
            _ => self.reset_election_timer(ctx),
        }
        self.leader_id = Some(leader);
        // 2. "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm."
        if self.term_at(prev_log_index) != Some(prev_log_term) {
            return self.reject(leader, prev_log_index, ctx);
        }
        // 3. "If an existing entry conflicts with a new one, delete the existing entry and all that follow it." What matches stays,
        // with all behind it: an old message may come late.
        let is_known = |(place, entry): &(usize, &Entry)| {
            let own = self.term_at(prev_log_index.plus(*place as u64 + 1));
            own == Some(entry.term) || (own.is_some() && self.makes("keeps-conflicts"))
        };
        let known = entries.entries().iter().enumerate().take_while(is_known).count();
        let first_new = prev_log_index.plus(known as u64 + 1);
        let match_index = prev_log_index.plus(entries.len() as u64);
        // 4. "Append any new entries not already in the log."
        if first_new <= match_index {
            if first_new <= self.last_log().1 {
                self.truncate(first_new, ctx);
            }
            self.append(entries.skip(known), ctx);
        }
        // 5. "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)."
        self.commit_index = self.commit_index.max(leader_commit.min(match_index));
        self.apply(ctx);
        self.answer(leader, Body::Accepted { match_index }, ctx);
    }

    /// Refuses entries. Where the leader should go on: at the first entry of the term that is in the way, or at the end of this log.
    fn reject(&self, leader: NodeId, prev_log_index: Index, ctx: &mut Ctx) {
        let kept = match self.term_at(prev_log_index) {
            Some(own) => self.log.partition_point(|stored| stored.entry.term < own),
            None => self.log.len(),
        };
        let next_index = Index(kept as u64 + 1);
        self.answer(leader, Body::Rejected { prev_log_index, next_index }, ctx);
    }
}

/// Rules for candidates (5.2).
impl OwnRaft {
    /// "On conversion to candidate, start election", and again when its time is up.
    fn start_election(&mut self, ctx: &mut Ctx) {
        self.enter_term(self.current_term.next(), Some(self.id), ctx);
        self.role = Role::Candidate;
        self.votes = NodeSet::EMPTY;
        self.reset_election_timer(ctx);
        for peer in &self.peers {
            // To ask for votes is to have voted for oneself.
            self.send(*peer, Body::RequestVote { last_log: self.last_log() }, self.last_write, ctx);
        }
    }

    /// "If votes received from majority of servers: become leader."
    fn count_vote(&mut self, voter: NodeId, ctx: &mut Ctx) {
        self.votes.insert(voter);
        if self.votes.len() >= self.majority() {
            self.become_leader(ctx);
        }
    }

    fn majority(&self) -> usize {
        let servers = self.peers.len() + 1;
        servers / 2 + 1
    }
}

/// Rules for leaders (5.3, 5.4).
impl OwnRaft {
    fn become_leader(&mut self, ctx: &mut Ctx) {
        (self.role, self.leader_id) = (Role::Leader, Some(self.id));
        let next = self.last_log().1.next();
        self.next_index.fill(next);
        self.match_index.fill(Index::ZERO);
        // Section 8: a no-op, for entries of earlier terms are committed only along with one of the own term.
        self.append(Batch::from(Entry::noop(self.current_term)), ctx);
        self.heartbeat(ctx);
    }

    /// Sends to each server what it lacks, be it nothing, "to prevent election timeouts" (5.2). What was lost is so sent again.
    fn heartbeat(&mut self, ctx: &mut Ctx) {
        self.send_entries_to_all(ctx);
        let interval = ctx.rng.heartbeat_interval(self.config.heartbeat_interval);
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: ctx.now.plus(interval) });
    }

    /// "If command received from client: append entry to local log, respond after entry applied to state machine" (5.3). Who does not
    /// lead sends the client on.
    fn receive_request(&mut self, Request { id, command }: Request, ctx: &mut Ctx) {
        if self.role != Role::Leader {
            let answer = Answer::Refused(self.leader_id);
            return ctx.emit(Effect::Reply { request: id, answer });
        }
        let entry = Entry { term: self.current_term, request: id, command };
        self.append(Batch::from(entry), ctx);
        self.pending.insert(self.last_log().1, id);
        self.send_entries_to_all(ctx);
    }

    fn send_entries_to_all(&self, ctx: &mut Ctx) {
        self.peers.iter().for_each(|peer| self.send_entries(*peer, ctx));
    }

    /// "Send AppendEntries RPC with log entries starting at nextIndex." It promises nothing that waits for the disk: the term is
    /// durable since the election, and entries are offered, not yet committed.
    fn send_entries(&self, to: NodeId, ctx: &mut Ctx) {
        let prev_log_index = self.next_index[to.slot()].previous();
        let prev_log_term = self.term_at(prev_log_index).expect("a leader's log only grows");
        let prev_log = (prev_log_term, prev_log_index);
        let rest = self.log[prev_log_index.0 as usize..].iter();
        let entries = rest.take(ENTRIES_MAX).map(|stored| stored.entry).collect();
        let leader_commit = self.commit_index;
        let body = Body::AppendEntries { prev_log, entries, leader_commit };
        self.send(to, body, WriteId::NONE, ctx);
    }

    /// "If successful: update nextIndex and matchIndex for follower." An answer may come late or twice: only news counts.
    fn receive_accepted(&mut self, from: NodeId, match_index: Index, ctx: &mut Ctx) {
        if match_index <= self.match_index[from.slot()] {
            return;
        }
        self.match_index[from.slot()] = match_index;
        self.next_index[from.slot()] = match_index.next();
        self.advance_commit_index();
        self.apply(ctx);
        if match_index < self.last_log().1 {
            self.send_entries(from, ctx);
        }
    }

    /// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry", by as much as the follower advises. An answer
    /// to anything but the latest question is old.
    fn receive_rejected(&mut self, from: NodeId, refused: Index, advice: Index, ctx: &mut Ctx) {
        let matched = self.match_index[from.slot()];
        let next_index = &mut self.next_index[from.slot()];
        if refused != next_index.previous() || refused <= matched {
            return;
        }
        *next_index = advice.min(refused).max(matched.next());
        self.send_entries(from, ctx);
    }

    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term == currentTerm: set
    /// commitIndex = N" (5.3, 5.4).
    fn advance_commit_index(&mut self) {
        self.match_index[self.id.slot()] = self.durable_index();
        let mut copies = self.match_index.clone();
        copies.sort_unstable();
        let on_majority = copies[copies.len() - self.majority()];
        let own_term = self.term_at(on_majority) == Some(self.current_term);
        if on_majority > self.commit_index && (own_term || self.makes("commits-by-count")) {
            self.commit_index = on_majority;
        }
    }
}

// `guests/own-raft` makes a WebAssembly module of the same Raft, which needs no command line.
#[cfg(feature = "cli")]
fn main() -> std::process::ExitCode {
    squall::command_line(&[&own()])
}
