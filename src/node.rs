//! The contract between a Raft node and its host.
//!
//! A node is a state machine without I/O: one [`Input`] in, [`Effect`]s out. Nothing else reaches a node, so nothing else can make two
//! runs differ.
//!
//! # What the host does
//!
//! 1. It makes the node anew for each life, and boots it with what its disk holds ([`Input::Boot`] comes first, and once in a life).
//! 2. It hands the node one input at a time, with the node's own local time, and asks for its [`Status`] after each.
//! 3. It carries out the effects in the order in which they were given.
//! 4. It keeps a message back until the write that it names is durable.
//! 5. It reports durable writes in order; one report may cover several writes.
//! 6. It applies what the node says to apply, and gives back the output where it was asked for, before any other input; where the
//!    scenario has a state machine that works later, it gives it later.
//! 7. It copies the state machine for snapshots, keeps the latest snapshot on disk, and restores it.
//! 8. It fires each timer once, when the node's own clock shows its time or more.
//! 9. It loses all but the disk (and a durable state machine) when the node crashes.
//!
//! # What the node does
//!
//! A breach of what is marked with (breach) violates the property `contract`, and the violation says which
//! [`Breach`](crate::breach::Breach) it was. The rest is judged by the properties that are named.
//!
//! 1. **It is deterministic.** It decides by its inputs, [`Context::now`] and [`Context::rng`] alone: no clock, no thread, no randomness of
//!    its own, no order of a hash map, no state outside of the node.
//! 2. **It does not panic** (breach). An `assert!` in a node is a check of one's own: its words and place come into the violation. This
//!    holds for all that is the node's code: the constructor, [`Node::step`], [`Node::status`], [`Node::summary`], and the copies and
//!    destructors of nodes and messages. A destructor that panics while another panic unwinds ends the process; nothing can catch that.
//! 3. **Who it is.** A node has its own [`NodeId`], and speaks to nodes 1 to the size of the cluster, never to itself (breach). The members
//!    with whom the cluster begins are [`Plan::voters`](crate::plan::Plan::voters): all nodes, unless the scenario says otherwise.
//! 4. **Terms** begin at [`Term::FIRST`], which a fresh disk holds. A node's term never falls within a life, nor on its disk
//!    (`monotonic-term`). Its vote in a term is on its disk before the message that tells of it leaves (`one-vote`).
//! 5. **Writes** are numbered by the node. Numbers begin at 1 or above in each life, and each is above the one before (breach); a message
//!    waits for a write that was made before it, or for [`WriteId::NONE`] (breach).
//! 6. **The log** begins at index 1. Entries are appended where it ends, one at least; only what it holds is truncated, and only behind
//!    what was compacted (breach). What is compacted is covered by the durable snapshot, and a log is discarded for the durable snapshot
//!    only (breach). A leader does not remove entries of its own (`leader-append-only`).
//! 7. **The commit index** may begin at 0 in each life, as in Figure 2, or at anything that is committed: the host takes what the node
//!    reports after [`Input::Boot`]. From then on it never falls in that life (`monotonic-commit`), and what it covers is in the node's
//!    log.
//! 8. **Applying.** In each life a node goes on behind [`Recovered::applied`], whatever its commit index is: entries are applied in order,
//!    each once (`state-machine-safety`), without a gap (breach), and only what is committed (`state-machine-safety`, by what others
//!    apply). A durable state machine that is ahead of the log after a crash is the node's to prevent: it applies what its own disk holds.
//! 9. **Snapshots.** [`Effect::TakeSnapshot`] names the index that was applied last, by the effects before it (breach); one is written at a
//!    time, until [`Input::SnapshotSaved`] (breach). What a node restores is an [`Image`] that a host made (breach), and durable by then. A
//!    node that needs no snapshots never takes one.
//! 10. **Reads.** [`Effect::Read`] is for commands that change nothing (breach). The node asks for it when it knows that it may
//!     answer (`linearizability`).
//! 11. **Answers.** Each request is answered once at most, by the node that the client asked; a node that cannot take a request sends it
//!     on, or refuses it, with a hint to a node of the cluster or none (breach). What is refused in the step in which it came has been
//!     appended by nobody and sent on to nobody, then or later (`linearizability`). Clients try again by themselves.
//! 12. **Timeouts.** Where they are drawn, by [`NodeRng::election_timeout`] and [`NodeRng::heartbeat_interval`] from the ranges of the
//!     scenario, or by [`NodeRng::word`]: these can be fixed in a scenario. Liveness is judged by the ranges of the scenario, so a node
//!     that waits longer may be late (`liveness`). At most [`TIMERS_MAX`] timers are set at once (breach).
//! 13. **A write that failed** leaves a disk of which nothing is known. A node that goes on by guesses loses what it promised; the way
//!     out is [`Effect::Stop`], and to read the disk again, or to write it again ([`Effect::WriteAgain`]). Until then nothing becomes
//!     durable any more.

use std::fmt;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::configuration::{Change, Configuration};
use crate::guest::Setup;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Batch, Command, Entry, Log, RequestId};
use crate::machine::{Image, Output, StateMachine};
use crate::message::Summary;
use crate::rng::Rng;
use crate::time::{LocalTime, Shift, Span, SpanRange};

/// One of the files on a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFile {
    /// The log.
    #[default]
    Log,
    /// The term, and the vote in it.
    Vote,
    /// The latest snapshot.
    Snapshot,
}

impl DiskFile {
    /// Whether it is the log.
    pub fn is_log(&self) -> bool {
        *self == DiskFile::Log
    }
}

/// What a disk holds when a node starts.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The durable term; [`Term::FIRST`] on a fresh disk.
    pub term: Term,
    /// The durable vote in that term.
    pub vote: Option<NodeId>,
    /// The durable log.
    pub log: Log,
    /// The durable snapshot. The log may end before it, or differ from it: a crash came between the two.
    pub snapshot: Option<Rc<Snapshot>>,
    /// The last index that the state machine has applied: zero where it is volatile.
    pub applied: Index,
    /// What else lies at the end of the journal: damage that a careful node leaves alone.
    pub damage: Damage,
}

/// What a crash left at the end of a journal, behind the last whole record.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    /// An entry whose record was cut short: its checksum does not hold, its content is not what was written.
    pub torn: Option<Entry>,
    /// Entries which a durable truncation removed, whose records still lie in the journal before it, with the index of the first.
    pub truncated: Option<(Index, Rc<[Entry]>)>,
    /// The first entry of the log whose checksum does not hold, though more lies behind it. A node is started with one only if it is to
    /// drop that entry and all that follow.
    pub corrupt: Option<Index>,
}

/// A snapshot: what all entries up to an index did, in place of these entries (section 7, Figure 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last entry that it covers.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// The members of the cluster as of that entry.
    pub members: Configuration,
    /// The state machine.
    pub image: Image,
}

/// A client's request as it reaches a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose request it is.
    pub id: RequestId,
    /// What the client wants done.
    pub command: Command,
}

/// What a node answers to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was committed and applied.
    Applied(Output),
    /// This node cannot take it; try this leader, if one is named, or another node.
    Refused(Option<NodeId>),
}

/// How many timers of a node may be set at once.
pub const TIMERS_MAX: usize = 64;

/// One of a node's timers, by a number that the node chooses.
#[derive(
    Clone, Copy, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TimerId(pub u32);

impl TimerId {
    /// The timer of a node that has one.
    pub const FIRST: TimerId = TimerId(0);
    /// The first of those that go by the clock that nobody sets: where the other is set meanwhile, they fire as if it was not. All the
    /// same, [`Effect::SetTimer`] names their time by the clock that may be set.
    pub const STEADY: TimerId = TimerId(1 << 31);

    /// Whether it goes by the clock that nobody sets.
    pub const fn is_steady(&self) -> bool {
        self.0 >= TimerId::STEADY.0
    }

    /// Whether it is the first one, which traces do not name.
    pub const fn is_first(&self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One thing that happens to a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the line of an input says what its fields are")]
pub enum Input<M> {
    /// The node starts, for the first time or after a crash.
    Boot(Box<Recovered>),
    /// A message arrives.
    Receive { from: NodeId, message: M },
    /// A message arrives that is addressed to another node: the network delivered it wrongly. A node ignores it, as one does that looks
    /// for its own name in what it receives.
    Stray { from: NodeId, to: NodeId, message: M },
    /// A client asks.
    Request(Request),
    /// An operator wants the node, if it leads, to hand its leadership over to this one (thesis 3.10).
    Transfer(NodeId),
    /// An operator wants the members of the cluster changed. A node that does not lead, or may not change them now, does nothing.
    Change(Change),
    /// The time that [`Effect::SetTimer`] named for this timer has come. It fires once, and is not set any more.
    TimerFired(TimerId),
    /// This write and every earlier one are durable.
    Durable(WriteId),
    /// This write and every later one failed: what the disk holds of them is not known.
    WriteFailed(WriteId),
    /// What the entry at this index gave when it was applied, where [`Effect::Apply`] asked for it.
    Applied { index: Index, output: Output },
    /// What a read gave, where [`Effect::Read`] asked for it; the relay is as it was in the effect.
    Read { request: RequestId, relay: Option<NodeId>, output: Output },
    /// The snapshot that was written is durable, in place of the one before.
    SnapshotSaved(Rc<Snapshot>),
}

/// One thing that a node wants done. Effects are carried out in the order given.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the line of an effect says what its fields are")]
pub enum Effect<M> {
    /// Leaves once the write `after` is durable, at once for [`WriteId::NONE`]: "persist, then answer" is data, so it can be checked and
    /// spoiled.
    Send { to: NodeId, message: M, after: WriteId },
    /// Writes the current term, and the candidate that received the vote in it.
    SaveVote { write: WriteId, term: Term, vote: Option<NodeId> },
    /// Writes entries at the end of the log. The first sits at `first`, one past the log's last index.
    Append { write: WriteId, first: Index, entries: Batch },
    /// Removes the entry at `from` and all that follow.
    Truncate { write: WriteId, from: Index },
    /// Copies the state machine, which has just applied the entry of this index and term, and writes the copy to the disk as a snapshot, as
    /// [`Effect::SaveSnapshot`] does. The members of the cluster are as of that entry.
    TakeSnapshot { index: Index, term: Term, members: Configuration },
    /// Writes a snapshot to the disk, beside the journal: appends go on meanwhile. It replaces the one before when it is whole, so a
    /// crash leaves the one or the other. One is written at a time; [`Input::SnapshotSaved`] says when it is durable.
    SaveSnapshot(Rc<Snapshot>),
    /// Removes the entries up to `upto`, which the log holds and the durable snapshot covers.
    Compact { write: WriteId, upto: Index },
    /// Removes the whole log in favour of the durable snapshot, which ends with an entry of this index and term.
    Discard { write: WriteId, index: Index, term: Term },
    /// Makes the state machine what it is in a snapshot.
    Restore(Rc<Snapshot>),
    /// Asks for [`Input::TimerFired`] of this timer at a local time; replaces what was asked for of the same timer before. At most
    /// [`TIMERS_MAX`] may be set at once.
    SetTimer { timer: TimerId, at: LocalTime },
    /// This timer, set or not, does not fire.
    CancelTimer { timer: TimerId },
    /// Applies a committed entry, whose index is one past the last one applied, to the state machine. If the node wants an answer,
    /// [`Input::Applied`] tells what it gave.
    Apply { index: Index, entry: Entry, answer: bool },
    /// Asks the state machine, as it is after what was applied before, for what a command gives that changes nothing. The answer is
    /// [`Input::Read`]; the node that forwarded the request, if one did, is handed back as it is.
    Read { request: Request, relay: Option<NodeId> },
    /// Answers a client.
    Reply { request: RequestId, answer: Answer },
    /// Ends the process: the node can no longer trust its disk. A supervisor starts it again.
    Stop,
    /// Writes all that failed again, in order, and syncs it: it is durable when [`Input::Durable`] says so, if it does not fail again.
    WriteAgain,
    /// Syncs again what failed, without writing it again. That succeeds, for a kernel forgets what it could not write, and the disk has
    /// none of it, nor what is written behind it: a mistake, known as fsyncgate.
    SyncAgain,
    /// Refuses the change of the members that was just asked for, for too few voters of the new configuration are active.
    RefuseChange,
}

/// A node's part in its term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Answers leaders and candidates.
    #[default]
    Follower,
    /// Asks for votes.
    Candidate,
    /// Takes requests and replicates them.
    Leader,
    /// Asks whether it could win, before it stands (thesis 9.6).
    PreCandidate,
}

/// What a node says of itself, asked after every step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The current term.
    pub term: Term,
    /// The role in it.
    pub role: Role,
    /// The leader that the node knows of in it.
    pub leader: Option<NodeId>,
    /// The highest index that it knows to be committed.
    pub commit: Index,
    /// The highest index that it gave to its state machine.
    pub applied: Index,
    /// As leader: to whom it is handing over.
    pub transfer: Option<NodeId>,
    /// The least priority with which it would stand; zero where there are no priorities.
    pub target_priority: u32,
    /// By which configuration it counts majorities, where it says so.
    pub configuration: Option<Configuration>,
}

/// The random decisions of one node, drawn from its own stream over all its lives. The first of each kind may be fixed by the plan.
/// This is all the randomness that a node may use: what it takes from elsewhere makes two runs of one plan differ.
#[derive(Clone, Debug)]
pub struct NodeRng {
    source: Source,
    timeouts: Draws<Span>,
    heartbeats: Draws<Span>,
    words: Draws<i64>,
}

/// Where random words come from.
#[derive(Clone, Debug)]
enum Source {
    /// The node's own stream.
    Stream(Box<Rng>),
    /// Whoever hosts this process, where that is a guest.
    Outside(fn() -> u64),
}

/// Draws of one kind, the first of which may be fixed.
#[derive(Clone, Debug)]
struct Draws<T> {
    fixed: Vec<T>,
    /// All so far.
    taken: Vec<T>,
}

impl<T: Copy> Draws<T> {
    fn new(fixed: Vec<T>) -> Draws<T> {
        Draws { fixed, taken: Vec::new() }
    }

    /// The fixed one whose turn it is, or the one that was drawn.
    fn take(&mut self, drawn: T) -> T {
        let draw = self.fixed.get(self.taken.len()).copied().unwrap_or(drawn);
        self.taken.push(draw);
        draw
    }
}

impl NodeRng {
    /// Draws from `rng`, but takes the first election timeouts, heartbeat intervals and words from the lists.
    pub fn new(rng: Rng, timeouts: Vec<Span>, heartbeats: Vec<Span>, words: Vec<i64>) -> NodeRng {
        let (timeouts, heartbeats) = (Draws::new(timeouts), Draws::new(heartbeats));
        let source = Source::Stream(Box::new(rng));
        NodeRng { source, timeouts, heartbeats, words: Draws::new(words) }
    }

    /// Draws from another stream from now on; lists go on where they are.
    pub(crate) fn reseed(&mut self, rng: Rng) {
        self.source = Source::Stream(Box::new(rng));
    }

    /// Takes its words from elsewhere, and has none fixed.
    pub fn outside(word: fn() -> u64) -> NodeRng {
        let (timeouts, heartbeats) = (Draws::new(vec![]), Draws::new(vec![]));
        NodeRng { source: Source::Outside(word), timeouts, heartbeats, words: Draws::new(vec![]) }
    }

    fn draw(&mut self) -> u64 {
        match &mut self.source {
            Source::Stream(rng) => rng.word(),
            Source::Outside(word) => word(),
        }
    }

    /// 64 uniform random bits, for whatever the node decides by chance; as many as it likes.
    pub fn word(&mut self) -> u64 {
        let drawn = self.draw().cast_signed();
        self.words.take(drawn).cast_unsigned()
    }

    /// The node's next election timeout. One word is drawn, used or not.
    pub fn election_timeout(&mut self, range: SpanRange) -> Span {
        let drawn = range.pick(self.draw());
        self.timeouts.take(drawn)
    }

    /// The election timeouts, heartbeat intervals and words so far: with these in the plan, the node decides alike. Words are signed, as
    /// files have room for them.
    pub fn drawn(&self) -> (&[Span], &[Span], &[i64]) {
        (&self.timeouts.taken, &self.heartbeats.taken, &self.words.taken)
    }

    /// The node's next heartbeat interval. A word is drawn where there is a choice.
    pub fn heartbeat_interval(&mut self, range: SpanRange) -> Span {
        if range.from == range.to && self.heartbeats.fixed.is_empty() {
            return range.from;
        }
        let drawn = if range.from == range.to { range.from } else { range.pick(self.draw()) };
        self.heartbeats.take(drawn)
    }
}

/// What a node's clocks show at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The clock that may be set.
    pub now: LocalTime,
    /// A clock that runs at the same rate and that nobody sets.
    pub steady: LocalTime,
}

/// What a node has at hand in a step.
pub struct Context<'a, M> {
    /// The node's own clock.
    pub now: LocalTime,
    /// How far it was set forward since the start, or back.
    pub jumped: Shift,
    /// The node's own randomness.
    pub rng: &'a mut NodeRng,
    /// Where effects go. The host owns and reuses it.
    pub effects: &'a mut Vec<Effect<M>>,
}

impl<M> Context<'_, M> {
    /// What both clocks show.
    pub fn moment(&self) -> Moment {
        let steady = LocalTime(self.now.0.wrapping_add_signed(self.jumped.0.wrapping_neg()));
        Moment { now: self.now, steady }
    }

    /// Adds an effect.
    pub fn emit(&mut self, effect: Effect<M>) {
        self.effects.push(effect);
    }
}

/// A sans-I/O Raft node.
pub trait Node {
    /// What nodes of this kind say to each other.
    type Message: Clone;

    /// Takes one input and says what is to be done. May panic: the host reports it as a violation.
    fn step(&mut self, input: Input<Self::Message>, ctx: &mut Context<'_, Self::Message>);

    /// What the node is now.
    fn status(&self) -> Status;

    /// What oracles and traces see of a message.
    fn summary(message: &Self::Message) -> Summary;

    /// The replicated state machine of a node, before anything is applied to it; none, as by default, for squall's own, a map from keys to
    /// lists of values.
    fn machine(_setup: &Setup<'_>) -> Option<Box<dyn StateMachine>> {
        None
    }
}
