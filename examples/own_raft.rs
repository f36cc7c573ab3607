//! A Raft of one's own under squall: the smallest that keeps the contract of [`squall::node`], to be read first and pasted.
//!
//! It is Figure 2 of the paper and no more: elections, replication, the no-op with which a leader begins its term (section 8), and a hint
//! that takes a leader back by whole terms (5.3). It has no snapshots, changes of members, pre-vote, transfers, or reads beside the log.
//! Sessions of clients need nothing of it: the state machine, which sits in the host, keeps them.
//!
//! ```text
//! cargo run --example own_raft                            # storms of seeds 1 to 1,000
//! cargo run --example own_raft -- 20000                   # more of them
//! cargo run --example own_raft -- 20000 commits-by-count  # with a mistake planted
//! ```
//!
//! Three things may be new to whoever comes from threads and sockets:
//!
//! - Nothing is done here. [`Node::step`] takes one input and emits effects, which the host carries out in their order.
//! - Writes have numbers. The node goes on before they are durable; a message that promises something names the write that must be
//!   durable before it leaves, and [`Input::Durable`] tells of what is.
//! - Time is what [`Context::now`] says, chance is what [`Context::rng`] draws, and there is one timer.

use std::collections::BTreeMap;
use std::process::ExitCode;

use squall::ids::{Index, NodeId, NodeSet, Term, WriteId};
use squall::log::{Batch, Entry, RequestId};
use squall::node::{
    Answer, Context, Effect, Input, Node, Output, Recovered, Request, Role, Status,
};
use squall::plan::{Plan, Profile, swarm};
use squall::record::{MessageKind, Summary};
use squall::sim::{Options, run, run_nodes};
use squall::time::SpanRange;

/// How many entries one message carries at most.
const ENTRIES_MAX: usize = 64;

/// What nodes say to each other. Each message begins with the sender's term (5.1).
#[derive(Clone)]
enum Message {
    /// "RequestVote RPC", arguments.
    RequestVote { term: Term, last_log_index: Index, last_log_term: Term },
    /// "RequestVote RPC", results.
    Vote { term: Term, granted: bool },
    /// "AppendEntries RPC", arguments.
    AppendEntries {
        term: Term,
        prev_log_index: Index,
        prev_log_term: Term,
        entries: Batch,
        leader_commit: Index,
    },
    /// "AppendEntries RPC", results: success. The logs match up to here.
    Accepted { term: Term, match_index: Index },
    /// "AppendEntries RPC", results: no success. It names what was refused, so that the leader knows an old answer, and where the leader
    /// should go on (5.3, end).
    Rejected { term: Term, prev_log_index: Index, next_index: Index },
}

impl Message {
    fn term(&self) -> Term {
        match *self {
            Message::RequestVote { term, .. }
            | Message::Vote { term, .. }
            | Message::AppendEntries { term, .. }
            | Message::Accepted { term, .. }
            | Message::Rejected { term, .. } => term,
        }
    }
}

/// An entry of the log, and the write that brings it to the disk.
struct Stored {
    entry: Entry,
    write: WriteId,
}

/// The timings of 5.6.
#[derive(Clone, Copy)]
struct Timing {
    election_timeout: SpanRange,
    heartbeat_interval: SpanRange,
}

impl Timing {
    /// Those by which a plan judges liveness.
    fn of(plan: &Plan) -> Timing {
        let config = plan.config();
        Timing {
            election_timeout: config.election_timeout,
            heartbeat_interval: config.heartbeat_interval,
        }
    }
}

/// A mistake that can be planted, to see who finds it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// A candidate counts votes that it was given in an earlier term.
    CountsStaleVotes,
    /// A leader commits entries of earlier terms by counting their copies (5.4.2 forbids it).
    CommitsByCount,
    /// Answers leave before what they promise is durable.
    AnswersBeforeDurable,
    /// A follower leaves entries alone that conflict with the leader's, and appends what comes behind them.
    KeepsConflicts,
}

impl Mistake {
    const ALL: [(&'static str, Mistake); 4] = [
        ("counts-stale-votes", Mistake::CountsStaleVotes),
        ("commits-by-count", Mistake::CommitsByCount),
        ("answers-before-durable", Mistake::AnswersBeforeDurable),
        ("keeps-conflicts", Mistake::KeepsConflicts),
    ];
}

/// A server: "State" of Figure 2, and what it takes to live with a disk that is slow.
struct OwnRaft {
    id: NodeId,
    /// All the other servers.
    peers: Vec<NodeId>,
    timing: Timing,
    mistake: Option<Mistake>,

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
            Input::TimerFired if self.role == Role::Leader => self.heartbeat(ctx),
            Input::TimerFired => self.start_election(ctx),
            Input::Durable(write) => self.receive_durable(write, ctx),
            // What the disk holds of it is not known until it is read again, at the next boot.
            Input::WriteFailed(_) => ctx.emit(Effect::Stop),
            Input::Applied { index, output } => self.answer_client(index, output, ctx),
            // Operators want what this Raft does not have, and what it never asks for never comes.
            Input::Transfer(_)
            | Input::Change(_)
            | Input::Read { .. }
            | Input::SnapshotSaved(_) => {}
        }
    }

    fn status(&self) -> Status {
        Status {
            term: self.current_term,
            role: self.role,
            leader: self.leader_id,
            commit: self.commit_index,
            applied: self.last_applied,
            ..Status::default()
        }
    }

    fn summary(message: &Message) -> Summary {
        match *message {
            Message::RequestVote { term, last_log_index, last_log_term } => Summary {
                index: last_log_index,
                index_term: last_log_term,
                ..Summary::new(MessageKind::RequestVote, term)
            },
            Message::Vote { term, granted } => {
                Summary { success: granted, ..Summary::new(MessageKind::Vote, term) }
            }
            Message::AppendEntries {
                term,
                prev_log_index,
                prev_log_term,
                ref entries,
                leader_commit,
            } => Summary {
                index: prev_log_index,
                index_term: prev_log_term,
                entries: entries.len() as u32,
                commit: leader_commit,
                ..Summary::new(MessageKind::AppendEntries, term)
            },
            Message::Accepted { term, match_index } => Summary {
                index: match_index,
                success: true,
                ..Summary::new(MessageKind::AppendReply, term)
            },
            Message::Rejected { term, prev_log_index, next_index } => Summary {
                index: prev_log_index,
                commit: next_index,
                ..Summary::new(MessageKind::AppendReply, term)
            },
        }
    }
}

/// Rules for all servers.
impl OwnRaft {
    /// A server before its first boot, in a cluster of so many.
    fn new(id: NodeId, servers: u8, timing: Timing, mistake: Option<Mistake>) -> OwnRaft {
        let zeros = vec![Index::ZERO; usize::from(servers)];
        OwnRaft {
            id,
            peers: NodeSet::first(servers).iter().filter(|peer| *peer != id).collect(),
            timing,
            mistake,
            current_term: Term::FIRST,
            voted_for: None,
            log: Vec::new(),
            commit_index: Index::ZERO,
            last_applied: Index::ZERO,
            role: Role::Follower,
            leader_id: None,
            votes: NodeSet::EMPTY,
            next_index: zeros.clone(),
            match_index: zeros,
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
        if self.last_log_term() > self.current_term {
            self.enter_term(self.last_log_term(), None, ctx);
        }
        self.become_follower(ctx);
    }

    fn receive(&mut self, from: NodeId, message: Message, ctx: &mut Ctx) {
        let term = message.term();
        // "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (5.1).
        if term > self.current_term {
            self.enter_term(term, None, ctx);
            if self.role != Role::Follower {
                self.become_follower(ctx);
            }
        }
        match message {
            Message::RequestVote { last_log_index, last_log_term, .. } => {
                self.receive_request_vote(from, term, (last_log_term, last_log_index), ctx);
            }
            Message::AppendEntries {
                prev_log_index,
                prev_log_term,
                entries,
                leader_commit,
                ..
            } => {
                let prev = (prev_log_index, prev_log_term);
                self.receive_append_entries(from, term, prev, &entries, leader_commit, ctx);
            }
            Message::Vote { granted: true, .. } if self.role == Role::Candidate => {
                if term == self.current_term || self.makes(Mistake::CountsStaleVotes) {
                    self.count_vote(from, ctx);
                }
            }
            // An answer to what the node asked in a term that is over says nothing about this one.
            _ if term < self.current_term || self.role != Role::Leader => {}
            Message::Accepted { match_index, .. } => self.receive_accepted(from, match_index, ctx),
            Message::Rejected { prev_log_index, next_index, .. } => {
                self.receive_rejected(from, prev_log_index, next_index, ctx);
            }
            Message::Vote { .. } => {}
        }
    }

    /// Moves to a later term, and says so to the disk along with the vote in it.
    fn enter_term(&mut self, term: Term, vote: Option<NodeId>, ctx: &mut Ctx) {
        self.current_term = term;
        self.leader_id = None;
        self.vote(vote, ctx);
    }

    fn vote(&mut self, vote: Option<NodeId>, ctx: &mut Ctx) {
        self.voted_for = vote;
        let write = self.next_write();
        ctx.emit(Effect::SaveVote { write, term: self.current_term, vote });
    }

    fn become_follower(&mut self, ctx: &mut Ctx) {
        self.role = Role::Follower;
        // Whether these will be committed is for the next leader to say. Their clients ask again when they have waited enough: to
        // refuse them now would say that they will not.
        self.pending.clear();
        self.reset_election_timer(ctx);
    }

    fn reset_election_timer(&self, ctx: &mut Ctx) {
        let timeout = ctx.rng.election_timeout(self.timing.election_timeout);
        ctx.emit(Effect::SetTimer(ctx.now.plus(timeout)));
    }

    /// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine" (5.3). An entry that is not on the
    /// own disk waits, though a majority has it: a state machine that outlives crashes must not be ahead of the log.
    fn apply(&mut self, ctx: &mut Ctx) {
        while self.last_applied < self.commit_index.min(self.durable_index()) {
            self.last_applied = self.last_applied.next();
            let (index, entry) =
                (self.last_applied, self.log[self.last_applied.0 as usize - 1].entry);
            let answer = self.pending.contains_key(&index);
            ctx.emit(Effect::Apply { index, entry, answer });
        }
    }

    /// The disk has more.
    fn receive_durable(&mut self, write: WriteId, ctx: &mut Ctx) {
        self.durable = write;
        // The own vote counts like those of others: when it is durable. It is the last that a candidate has written.
        if self.role == Role::Candidate && self.last_write <= write {
            self.count_vote(self.id, ctx);
        }
        // So does the own copy of an entry.
        if self.role == Role::Leader {
            self.advance_commit_index();
        }
        self.apply(ctx);
    }

    /// Adds entries at the end of the log, and writes them.
    fn append(&mut self, entries: Batch, ctx: &mut Ctx) {
        let first = self.last_log_index().next();
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

    fn last_log_index(&self) -> Index {
        Index(self.log.len() as u64)
    }

    fn last_log_term(&self) -> Term {
        self.log.last().map_or(Term::ZERO, |stored| stored.entry.term)
    }

    /// The term of the entry at an index, if there is one. Index zero, before the first, has term zero in every log.
    fn term_at(&self, index: Index) -> Option<Term> {
        match index.0 {
            0 => Some(Term::ZERO),
            place => self.log.get(place as usize - 1).map(|stored| stored.entry.term),
        }
    }

    /// Sends a message that promises nothing but what is durable by now.
    fn send(&self, to: NodeId, message: Message, ctx: &mut Ctx) {
        ctx.emit(Effect::Send { to, message, after: WriteId::NONE });
    }

    /// Answers when all is durable that was written so far: "updated on stable storage before responding to RPCs".
    fn answer(&self, to: NodeId, message: Message, ctx: &mut Ctx) {
        match self.makes(Mistake::AnswersBeforeDurable) {
            true => self.send(to, message, ctx),
            false => ctx.emit(Effect::Send { to, message, after: self.last_write }),
        }
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

/// Rules for followers.
impl OwnRaft {
    /// "RequestVote RPC, receiver implementation" (5.2, 5.4). Candidates and leaders refuse by the same rules: they voted for themselves.
    fn receive_request_vote(
        &mut self,
        candidate: NodeId,
        term: Term,
        candidate_last: (Term, Index),
        ctx: &mut Ctx,
    ) {
        let is_free = self.voted_for.is_none_or(|vote| vote == candidate);
        let up_to_date = candidate_last >= (self.last_log_term(), self.last_log_index());
        let granted = term == self.current_term && is_free && up_to_date;
        if granted {
            if self.voted_for.is_none() {
                self.vote(Some(candidate), ctx);
            }
            self.reset_election_timer(ctx);
        }
        self.answer(candidate, Message::Vote { term: self.current_term, granted }, ctx);
    }

    /// "AppendEntries RPC, receiver implementation" (5.3), by its numbers.
    fn receive_append_entries(
        &mut self,
        leader: NodeId,
        term: Term,
        (prev_log_index, prev_log_term): (Index, Term),
        entries: &Batch,
        leader_commit: Index,
        ctx: &mut Ctx,
    ) {
        // 1. "Reply false if term < currentTerm."
        if term < self.current_term {
            return self.reject(leader, prev_log_index, ctx);
        }
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
            own == Some(entry.term) || (own.is_some() && self.makes(Mistake::KeepsConflicts))
        };
        let known = entries.entries().iter().enumerate().take_while(is_known).count();
        let first_new = prev_log_index.plus(known as u64 + 1);
        let match_index = prev_log_index.plus(entries.len() as u64);
        // 4. "Append any new entries not already in the log."
        if first_new <= match_index {
            if first_new <= self.last_log_index() {
                self.truncate(first_new, ctx);
            }
            self.append(entries.skip(known), ctx);
        }
        // 5. "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)."
        self.commit_index = self.commit_index.max(leader_commit.min(match_index));
        self.apply(ctx);
        self.answer(leader, Message::Accepted { term: self.current_term, match_index }, ctx);
    }

    /// Refuses entries. Where the leader should go on: at the first entry of the term that is in the way, or at the end of this log.
    fn reject(&self, leader: NodeId, prev_log_index: Index, ctx: &mut Ctx) {
        let next_index = match self.term_at(prev_log_index) {
            Some(own) => self.log.partition_point(|stored| stored.entry.term < own),
            None => self.log.len(),
        };
        let next_index = Index(next_index as u64 + 1);
        let message = Message::Rejected { term: self.current_term, prev_log_index, next_index };
        self.answer(leader, message, ctx);
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
            let request = Message::RequestVote {
                term: self.current_term,
                last_log_index: self.last_log_index(),
                last_log_term: self.last_log_term(),
            };
            // To ask for votes is to have voted for oneself.
            ctx.emit(Effect::Send { to: *peer, message: request, after: self.last_write });
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
        self.role = Role::Leader;
        self.leader_id = Some(self.id);
        let next = self.last_log_index().next();
        self.next_index.fill(next);
        self.match_index.fill(Index::ZERO);
        // Section 8: a no-op, for entries of earlier terms are committed only along with one of the own term.
        self.append(Batch::from(Entry::noop(self.current_term)), ctx);
        self.heartbeat(ctx);
    }

    /// Sends to each server what it lacks, be it nothing, "to prevent election timeouts" (5.2). What was lost is so sent again.
    fn heartbeat(&mut self, ctx: &mut Ctx) {
        self.send_entries_to_all(ctx);
        let interval = ctx.rng.heartbeat_interval(self.timing.heartbeat_interval);
        ctx.emit(Effect::SetTimer(ctx.now.plus(interval)));
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
        self.pending.insert(self.last_log_index(), id);
        self.send_entries_to_all(ctx);
    }

    fn answer_client(&mut self, index: Index, output: Output, ctx: &mut Ctx) {
        if let Some(request) = self.pending.remove(&index) {
            ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
        }
    }

    fn send_entries_to_all(&self, ctx: &mut Ctx) {
        self.peers.iter().for_each(|peer| self.send_entries(*peer, ctx));
    }

    /// "Send AppendEntries RPC with log entries starting at nextIndex." It promises nothing that waits for the disk: the term is
    /// durable since the election, and entries are offered, not yet committed.
    fn send_entries(&self, to: NodeId, ctx: &mut Ctx) {
        let prev_log_index = self.next_index[to.slot()].previous();
        let rest = self.log[prev_log_index.0 as usize..].iter();
        let message = Message::AppendEntries {
            term: self.current_term,
            prev_log_index,
            prev_log_term: self.term_at(prev_log_index).expect("a leader's log only grows"),
            entries: rest.take(ENTRIES_MAX).map(|stored| stored.entry).collect(),
            leader_commit: self.commit_index,
        };
        self.send(to, message, ctx);
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
        if match_index < self.last_log_index() {
            self.send_entries(from, ctx);
        }
    }

    /// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry", by as much as the follower advises. An answer
    /// to anything but the latest question is old.
    fn receive_rejected(
        &mut self,
        from: NodeId,
        prev_log_index: Index,
        advice: Index,
        ctx: &mut Ctx,
    ) {
        let (next_index, matched) =
            (&mut self.next_index[from.slot()], self.match_index[from.slot()]);
        if prev_log_index != next_index.previous() || prev_log_index <= matched {
            return;
        }
        *next_index = advice.min(prev_log_index).max(matched.next());
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
        if on_majority > self.commit_index && (own_term || self.makes(Mistake::CommitsByCount)) {
            self.commit_index = on_majority;
        }
    }
}

/// What storms are drawn from: all but what this Raft lacks.
fn storms() -> swarm::Config {
    swarm::Config {
        nodes: vec![1, 3, 3, 3, 5, 5, 5, 7],
        // Timings without pre-vote, check-quorum, snapshots, or reads beside the log.
        profiles: vec![Profile::Paper],
        own_elections: 0,
        own_reads: 0,
        priorities: 0,
        transfers: 0,
        changes: 0,
        snapshots: 0,
        ..swarm::Config::default()
    }
}

/// Runs storms, each from the seed that is its number, until one finds a violation.
fn storm(storms_max: u64, mistake: Option<Mistake>) -> ExitCode {
    let config = storms();
    let mut events = 0;
    for seed in 1..=storms_max {
        let plan = swarm::draw_with(seed, &config);
        let timing = Timing::of(&plan);
        let make = |id| OwnRaft::new(id, plan.cluster.nodes, timing, mistake);
        let outcome = run_nodes(&plan, &make, Options::default());
        events += outcome.counters.events;
        if let Some(violation) = outcome.violation {
            println!("{seed} storms, {events} events");
            println!("seed {seed} violates {}: {}", violation.property, violation.sentence);
            violation.history.iter().for_each(|line| println!("{line}"));
            return ExitCode::FAILURE;
        }
    }
    println!("{storms_max} storms, {events} events, no violation");
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    run::silence_panics_of_nodes();
    let mut arguments = std::env::args().skip(1);
    let storms_max = arguments.next().map_or(Ok(1_000), |text| text.parse());
    let mistake = match arguments.next() {
        None => Some(None),
        Some(name) => Mistake::ALL.iter().find(|it| it.0 == name).map(|it| Some(it.1)),
    };
    match (storms_max, mistake) {
        (Ok(storms_max), Some(mistake)) => storm(storms_max, mistake),
        _ => {
            let names = Mistake::ALL.map(|(name, _)| name).join(", ");
            eprintln!("usage: own_raft [STORMS [MISTAKE]]; the mistakes are {names}");
            ExitCode::from(2)
        }
    }
}
