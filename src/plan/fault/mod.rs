//! Faults: when something goes wrong, what it is, which nodes it strikes, and for how long.
//!
//! [`kinds`] is the one table of all kinds of fault; `file` reads and writes faults by that table; `change` has the changes of the
//! members of a cluster. A kind's own keys are the fields of a struct here.

mod change;
mod file;
pub mod kinds;

pub use change::{Joint, MemberChange};
pub use kinds::{Action, FaultKind};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::node::DiskFile;
use crate::plan::table::{is_default, table};
use crate::plan::{Latency, Selection, Survives, Target};
use crate::situation::Situation;
use crate::time::{Shift, Span};

/// One thing that goes wrong. In a file it is a table with a time (`at`) or a trigger (`on`), and one action:
/// `crash = { target = "leader", for = "1s" }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When it strikes.
    pub when: When,
    /// Which nodes it strikes. Kinds that name nodes by other keys, or none, have [`Target::Everyone`] here: see [`Fault::targets`].
    pub target: Target,
    /// How long it lasts, for kinds that end; without it, to the end of the run.
    pub lasts: Option<Span>,
    /// For partitions: the period with which it comes and goes.
    pub flapping: Option<Span>,
    /// For kinds that end: the period with which it strikes again, each time for `lasts`, and each time whoever is meant then.
    pub every: Option<Span>,
    /// What it does.
    pub action: Action,
}

impl Fault {
    /// A fault that strikes the nodes which its kind strikes by default, and lasts to the end of the run.
    pub fn new(when: When, action: Action) -> Fault {
        let target = action.kind().default_target();
        Fault { when, target, lasts: None, flapping: None, every: None, action }
    }

    /// The same, striking these nodes; for kinds that have `target`.
    #[must_use]
    pub fn striking(self, target: Target) -> Fault {
        debug_assert!(self.kind().names_target(), "{:?} has no target", self.kind());
        Fault { target, ..self }
    }

    /// The same, over after this time; for kinds that end.
    #[must_use]
    pub fn lasting(self, span: Span) -> Fault {
        debug_assert!(self.kind().ends(), "{:?} has no end", self.kind());
        Fault { lasts: Some(span), ..self }
    }

    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        self.action.kind()
    }

    /// When it strikes, up to a time; if it waits for a situation, as if that were there from the beginning.
    pub fn strikes(&self, horizon: Span) -> impl Iterator<Item = Span> + use<> {
        let first = match self.when {
            When::At(at) => at,
            When::On(_) => Span::ZERO,
        };
        let every = self.every;
        let again = move |at: &Span| every.map(|every| at.plus(every));
        std::iter::successors(Some(first), again)
            .take_while(move |at| *at <= horizon)
            // More than any plan may have.
            .take(1 << 20)
    }

    /// All targets that it names in a file, and the key of each; the first are the nodes that it strikes.
    pub fn targets(&self) -> Vec<(&'static str, &Target)> {
        let own = self.kind().names_target().then_some(("target", &self.target));
        let more = match &self.action {
            Action::Split(Split { groups }) => groups.iter().map(|it| ("groups", it)).collect(),
            Action::Cut(Cut { from, to, .. }) => vec![("from", from), ("to", to)],
            Action::Link(link) => vec![("from", &link.from), ("to", &link.to)],
            Action::Transfer(Transfer { to }) => vec![("to", to)],
            _ => Vec::new(),
        };
        own.into_iter().chain(more).collect()
    }

    /// The same targets, to be changed.
    pub fn targets_mut(&mut self) -> Vec<&mut Target> {
        let own = self.kind().names_target().then_some(&mut self.target);
        let more = match &mut self.action {
            Action::Split(Split { groups }) => groups.iter_mut().collect(),
            Action::Cut(Cut { from, to, .. }) => vec![from, to],
            Action::Link(link) => vec![&mut link.from, &mut link.to],
            Action::Transfer(Transfer { to }) => vec![to],
            _ => Vec::new(),
        };
        own.into_iter().chain(more).collect()
    }
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// At this time.
    At(Span),
    /// When a situation has occurred.
    On(Trigger),
}

impl When {
    /// Whether it names a time, which is this one or later.
    pub fn is_from(&self, time: Span) -> bool {
        matches!(*self, When::At(at) if at >= time)
    }
}

/// A wait for the n-th time that a situation occurs, and then a while longer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The situation.
    pub situation: Situation,
    /// Which occurrence, from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub nth: u64,
    /// Counts only what occurs at this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// How long after it the fault strikes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after: Span,
    /// How many occurrences in a row it strikes at, from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub times: u64,
}

impl Trigger {
    /// The first occurrence of a situation.
    pub fn first(situation: Situation) -> Trigger {
        Trigger { situation, nth: 1, node: None, after: Span::ZERO, times: 1 }
    }
}

fn one() -> u64 {
    1
}

fn is_one(count: &u64) -> bool {
    *count == 1
}

table! {
    /// What only crashes have.
    pub struct Crash {
        /// What becomes of writes that are not durable.
        written unsynced: Unsynced,
        /// For `unsynced = "torn"` and `"reordered"`: what is there of them; random without it.
        survives: Option<Survives>,
        /// Whether the disk is lost, too. A plan with this destroys what Raft relies on, unless it has `cluster.wiped = "stays-out"`.
        wipe: bool,
        /// The disk is put back to what was durable on it at this time, as from a backup, its state machine too. What it acknowledged since
        /// then is gone, so that a plan with this destroys what Raft relies on, as one with `wipe` does.
        put_back: Option<Span>,
    }

    /// Between which nodes links are cut, one way. At one end there may be clients instead: `"clients"`, or those of a group, as in
    /// `"clients:batch"`.
    pub struct Cut {
        /// The senders.
        required from: Target,
        /// The receivers.
        required to: Target,
        /// Only messages of these kinds, by the names that traces have, as in `["append-entries", "install-snapshot"]`; `heartbeat` is an
        /// `append-entries` without entries.
        kind: Vec<String>,
        /// Only messages of more than so many bytes. An entry takes 32, and a message 64 beside its entries.
        larger_than: Option<u64>,
    }

    /// What changes of a disk. What is left out stays as it is.
    pub struct DiskChange {
        /// How long a write takes.
        write: Option<Latency>,
        /// How long a sync takes.
        fsync: Option<Latency>,
    }

    /// What changes of a clock.
    pub struct ClockChange {
        /// How far it jumps.
        jump: Option<Shift>,
        /// How many parts per million it runs fast from now on, or slow if negative; within 500,000.
        drift_ppm: Option<i32>,
    }

    /// Where leadership goes in a transfer.
    pub struct Transfer {
        /// To whom it is to hand over; of several, a random one.
        required to: Target,
    }

    /// What only slow nodes have.
    pub struct Slow {
        /// How long the node takes for each input.
        required per_input: Span,
    }

    /// What only splits have.
    pub struct Split {
        /// The groups; each node is in one, and those in none make one more. `"leader"` and other words are allowed in place of a list.
        required groups: Vec<Target>,
    }

    /// What only isolations have.
    pub struct Isolate {
        /// Which way.
        written direction: Direction,
        /// Whether they are cut off from clients, too.
        clients: bool,
    }
}

impl Cut {
    /// A cut of all messages.
    pub fn between(from: Target, to: Target) -> Action {
        Action::Cut(Cut { from, to, kind: Vec::new(), larger_than: None })
    }

    /// Which messages it is about.
    pub fn selection(&self) -> Selection<'_> {
        Selection { kind: &self.kind, larger_than: self.larger_than }
    }
}

impl Crash {
    /// A crash after which the disk is as told here.
    pub fn with(unsynced: Unsynced) -> Action {
        Action::Crash(Crash { unsynced, ..Crash::default() })
    }
}

/// What a crash makes of writes that are not durable, whatever the disk said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unsynced {
    /// They are lost.
    #[default]
    Lost,
    /// They are on the disk all the same.
    Kept,
    /// A random number of them is, and the next may be cut in two.
    Torn,
    /// The same, but the disk wrote them in an order of its own: the term and vote, which lie apart from the log, may be older or
    /// newer than what is left of it.
    Reordered,
}

impl Unsynced {
    /// Whether chance decides what survives.
    pub fn is_drawn(self) -> bool {
        matches!(self, Unsynced::Torn | Unsynced::Reordered)
    }
}

/// Which way a node is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// It neither hears nor is heard.
    #[default]
    Both,
    /// It does not hear.
    Inbound,
    /// It is not heard.
    Outbound,
}

/// Which durable record becomes corrupt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// What becomes corrupt: an entry of the log; the term and vote; or the latest snapshot, without which a node never starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub what: DiskFile,
    /// Which entry of the durable log, counted from its end: 1, the default, is the last.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub entries: u64,
}
