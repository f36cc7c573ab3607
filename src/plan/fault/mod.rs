//! A fault is when, what, whom.

mod change;

pub use change::{Joint, MemberChange};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::node::DiskFile;
use crate::plan::{Latency, LinkException, Survives, Target};
use crate::situation::Situation;
use crate::time::{Shift, Span};

/// One thing that goes wrong. In a file it is a table with a time (`at`) or a trigger (`on`), and one action:
/// `crash = { whom = "leader", for = "1s" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FaultFile", into = "FaultFile")]
#[schemars(with = "FaultFile")]
pub struct Fault {
    /// When it strikes.
    pub when: When,
    /// What it does, and to whom.
    pub action: Action,
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
    #[serde(default, skip_serializing_if = "is_zero")]
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

fn is_zero(span: &Span) -> bool {
    *span == Span::ZERO
}

/// What a fault does. Where it may last, `for` says how long; without it, to the end of the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Nodes crash: all volatile state is gone. They restart after `for`.
    Crash(Crash),
    /// Nodes that are down start.
    Restart(Only),
    /// Nodes stand still: messages wait, timers fire late.
    Pause(Lasting),
    /// Nodes take a while for each input.
    Slow(Slow),
    /// The cluster falls into groups that do not hear each other.
    Split(Split),
    /// Nodes are cut off from all others.
    Isolate(Isolate),
    /// Messages from some nodes to some others are lost.
    Cut(Cut),
    /// The other nodes fall into two halves, and only this node hears both.
    Bridge(Bridge),
    /// Each node hears only its two neighbours.
    Ring(Ring),
    /// Links change: slower, lossy.
    Link(LinkException),
    /// Disks change: slower.
    Disk(DiskChange),
    /// The next sync of a disk fails.
    DiskError(Only),
    /// Disks are full: whatever is written to the journal fails.
    DiskFull(Lasting),
    /// Disks lie: they say that the journal is durable, and do not write it until this ends.
    DiskLies(Lasting),
    /// Durable records rot: their checksums do not hold any more.
    Corrupt(Corrupt),
    /// Clocks jump, or run fast or slow.
    Clock(ClockChange),
    /// Leaders are told to hand over to another node.
    Transfer(Transfer),
    /// Leaders are told to change the members of the cluster.
    Change(MemberChange),
}

/// Just whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// Whom it strikes.
    pub target: Target,
}

/// Whom, and how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lasting {
    /// Whom it strikes.
    pub target: Target,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Whom it strikes.
    pub target: Target,
    /// What becomes of writes that are not durable.
    #[serde(default)]
    pub unsynced: Unsynced,
    /// For `unsynced = "torn"` and `"reordered"`: what is there of them; random without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survives: Option<Survives>,
    /// Whether the disk is lost, too. A plan with this destroys what Raft relies on, unless it has `cluster.wiped = "stays-out"`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wipe: bool,
    /// How long the node stays down.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
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

/// A node that is slow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// Whom it strikes.
    pub target: Target,
    /// How long the node takes for each input.
    pub per_input: Span,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A split of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The groups; each node is in one. `"leader"` and other words are allowed in place of a list.
    pub groups: Vec<Target>,
    /// If given, the split comes and goes with this period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Span>,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// Nodes cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Isolate {
    /// Whom it strikes.
    pub target: Target,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
    /// If given, the cut comes and goes with this period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Span>,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
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

/// Links cut one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The senders.
    pub from: Target,
    /// The receivers.
    pub to: Target,
    /// If given, the cut comes and goes with this period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Span>,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A partial partition with one node between two halves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// The node that hears both halves.
    pub target: Target,
    /// If given, the partition comes and goes with this period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Span>,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A partial partition into a ring.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// If given, the partition comes and goes with this period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Span>,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A disk that changes. What is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskChange {
    /// Whose disk.
    pub target: Target,
    /// How long a write takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Latency>,
    /// How long a sync takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fsync: Option<Latency>,
    /// How long it lasts.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A durable record that rots. A node notices when it reads its disk, at its next start; what it does then, `on_corruption` of the
/// disk says. Nodes whose disks have no such record are left alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// Whose disk.
    pub target: Target,
    /// What rots: an entry of the log; the term and vote; or the latest snapshot, without which a node never starts.
    #[serde(default, skip_serializing_if = "DiskFile::is_log")]
    pub what: DiskFile,
    /// Which entry of the durable log, counted from its end: 1, the default, is the last.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub entries: u64,
}

/// A clock that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockChange {
    /// Whose clock.
    pub target: Target,
    /// How far it jumps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<Shift>,
    /// How many parts per million it runs fast from now on, or slow if negative; within 500,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_ppm: Option<i32>,
}

/// A transfer of leadership (thesis 3.10), as an operator would ask for it. A node that does not lead ignores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Who is told; the leader by default.
    #[serde(default = "leader", skip_serializing_if = "is_leader")]
    pub target: Target,
    /// To whom it is to hand over; of several, a random one.
    pub to: Target,
}

fn leader() -> Target {
    Target::Leader
}

fn is_leader(target: &Target) -> bool {
    *target == Target::Leader
}

/// How long an action lasts, shared or exclusive as the action is. No function can be both.
macro_rules! lasts {
    ($action:expr) => {
        match $action {
            Action::Crash(Crash { lasts, .. })
            | Action::Pause(Lasting { lasts, .. })
            | Action::DiskFull(Lasting { lasts, .. })
            | Action::DiskLies(Lasting { lasts, .. })
            | Action::Slow(Slow { lasts, .. })
            | Action::Split(Split { lasts, .. })
            | Action::Isolate(Isolate { lasts, .. })
            | Action::Cut(Cut { lasts, .. })
            | Action::Bridge(Bridge { lasts, .. })
            | Action::Ring(Ring { lasts, .. })
            | Action::Link(LinkException { lasts, .. })
            | Action::Disk(DiskChange { lasts, .. }) => Some(lasts),
            Action::Restart(_)
            | Action::DiskError(_)
            | Action::Corrupt(_)
            | Action::Clock(_)
            | Action::Transfer(_)
            | Action::Change(_) => None,
        }
    };
}

/// Whom an action names, and the key of each, shared or exclusive as the action is.
macro_rules! names {
    ($action:expr) => {
        match $action {
            Action::Crash(Crash { target, .. })
            | Action::Restart(Only { target })
            | Action::Pause(Lasting { target, .. })
            | Action::Slow(Slow { target, .. })
            | Action::Isolate(Isolate { target, .. })
            | Action::Bridge(Bridge { target, .. })
            | Action::Disk(DiskChange { target, .. })
            | Action::DiskError(Only { target })
            | Action::DiskFull(Lasting { target, .. })
            | Action::DiskLies(Lasting { target, .. })
            | Action::Corrupt(Corrupt { target, .. })
            | Action::Clock(ClockChange { target, .. })
            | Action::Change(MemberChange { target, .. }) => vec![("target", target)],
            Action::Cut(Cut { from, to, .. }) | Action::Link(LinkException { from, to, .. }) => {
                vec![("from", from), ("to", to)]
            }
            Action::Transfer(Transfer { target, to }) => vec![("target", target), ("to", to)],
            Action::Split(Split { groups, .. }) => {
                groups.into_iter().map(|group| ("groups", group)).collect()
            }
            Action::Ring(_) => Vec::new(),
        }
    };
}

impl Action {
    /// The name of the action in files.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Crash(_) => "crash",
            Action::Restart(_) => "restart",
            Action::Pause(_) => "pause",
            Action::Slow(_) => "slow",
            Action::Split(_) => "split",
            Action::Isolate(_) => "isolate",
            Action::Cut(_) => "cut",
            Action::Bridge(_) => "bridge",
            Action::Ring(_) => "ring",
            Action::Link(_) => "link",
            Action::Disk(_) => "disk",
            Action::DiskError(_) => "disk-error",
            Action::DiskFull(_) => "disk-full",
            Action::DiskLies(_) => "disk-lies",
            Action::Corrupt(_) => "corrupt",
            Action::Clock(_) => "clock",
            Action::Transfer(_) => "transfer",
            Action::Change(_) => "change",
        }
    }

    /// Whether it does something once, rather than being in force for a while.
    pub fn is_momentary(&self) -> bool {
        matches!(
            self,
            Action::Crash(_)
                | Action::Restart(_)
                | Action::DiskError(_)
                | Action::Corrupt(_)
                | Action::Clock(_)
                | Action::Transfer(_)
                | Action::Change(_)
        )
    }

    /// How long it lasts; none for what has no end, or ends with the run.
    pub fn lasts(&self) -> Option<Span> {
        *lasts!(self)?
    }

    /// The same, to be changed.
    pub fn lasts_mut(&mut self) -> Option<&mut Span> {
        lasts!(self)?.as_mut()
    }

    /// The period with which a partition comes and goes.
    pub fn flapping(&self) -> Option<Span> {
        match self {
            Action::Split(split) => split.flapping,
            Action::Isolate(isolate) => isolate.flapping,
            Action::Cut(cut) => cut.flapping,
            Action::Bridge(bridge) => bridge.flapping,
            Action::Ring(ring) => ring.flapping,
            _ => None,
        }
    }

    /// Whom it names, for what names nodes, and the key of each.
    pub fn names(&self) -> Vec<(&'static str, &Target)> {
        names!(self)
    }

    /// Whom it names, to be changed.
    pub fn names_mut(&mut self) -> Vec<&mut Target> {
        let named: Vec<(&str, &mut Target)> = names!(self);
        named.into_iter().map(|(_, target)| target).collect()
    }

    /// Makes a partition stay that came and went.
    pub fn steady(&mut self) {
        match self {
            Action::Split(split) => split.flapping = None,
            Action::Isolate(isolate) => isolate.flapping = None,
            Action::Cut(cut) => cut.flapping = None,
            Action::Bridge(bridge) => bridge.flapping = None,
            Action::Ring(ring) => ring.flapping = None,
            _ => {}
        }
    }
}

/// A fault as it stands in a file: every action has a key of its own, and one of them is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultFile {
    /// The time at which it strikes.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Span>,
    /// The situation that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Trigger>,
    /// Nodes crash.
    #[serde(skip_serializing_if = "Option::is_none")]
    crash: Option<Crash>,
    /// Nodes that are down start.
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<Only>,
    /// Nodes stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pause: Option<Lasting>,
    /// Nodes take a while for each input.
    #[serde(skip_serializing_if = "Option::is_none")]
    slow: Option<Slow>,
    /// The cluster falls into groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    /// Nodes are cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    isolate: Option<Isolate>,
    /// Messages from some to some are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<Cut>,
    /// One node hears both halves of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    bridge: Option<Bridge>,
    /// Each node hears its neighbours.
    #[serde(skip_serializing_if = "Option::is_none")]
    ring: Option<Ring>,
    /// Links change.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkException>,
    /// Disks change.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<DiskChange>,
    /// The next sync fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_error: Option<Only>,
    /// Disks are full.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_full: Option<Lasting>,
    /// Disks say that the journal is durable, and do not write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_lies: Option<Lasting>,
    /// Durable records rot.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrupt: Option<Corrupt>,
    /// Clocks change.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockChange>,
    /// Leaders hand over.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<Transfer>,
    /// Leaders change the members.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<MemberChange>,
}

impl TryFrom<FaultFile> for Fault {
    type Error = String;

    fn try_from(file: FaultFile) -> Result<Fault, String> {
        let when = match (file.at, file.on) {
            (Some(at), None) => When::At(at),
            (None, Some(trigger)) => When::On(trigger),
            (Some(_), Some(_)) => {
                return Err(
                    "a fault strikes either `at` a time or `on` a situation, not both".into()
                );
            }
            (None, None) => {
                return Err(
                    "a fault needs a time, as in at = \"2s\", or a situation to wait for, as in \
                            on = { situation = \"leader-elected\" }"
                        .into(),
                );
            }
        };
        let mut actions = [
            file.crash.map(Action::Crash),
            file.restart.map(Action::Restart),
            file.pause.map(Action::Pause),
            file.slow.map(Action::Slow),
            file.split.map(Action::Split),
            file.isolate.map(Action::Isolate),
            file.cut.map(Action::Cut),
            file.bridge.map(Action::Bridge),
            file.ring.map(Action::Ring),
            file.link.map(Action::Link),
            file.disk.map(Action::Disk),
            file.disk_error.map(Action::DiskError),
            file.disk_full.map(Action::DiskFull),
            file.disk_lies.map(Action::DiskLies),
            file.corrupt.map(Action::Corrupt),
            file.clock.map(Action::Clock),
            file.transfer.map(Action::Transfer),
            file.change.map(Action::Change),
        ]
        .into_iter()
        .flatten();
        match (actions.next(), actions.next()) {
            (Some(action), None) => Ok(Fault { when, action }),
            (Some(one), Some(two)) => Err(format!(
                "a fault does one thing, but this one has both `{}` and `{}`; write two faults",
                one.name(),
                two.name()
            )),
            (None, _) => Err("a fault needs an action, as in crash = { target = \"leader\" }; the actions are \
                              crash, restart, pause, slow, split, isolate, cut, bridge, ring, link, disk, \
                               disk-error, disk-full, disk-lies, corrupt, clock, transfer, change"
                .into()),
        }
    }
}

impl From<Fault> for FaultFile {
    fn from(fault: Fault) -> FaultFile {
        let mut file = FaultFile::default();
        match fault.when {
            When::At(at) => file.at = Some(at),
            When::On(trigger) => file.on = Some(trigger),
        }
        match fault.action {
            Action::Crash(action) => file.crash = Some(action),
            Action::Restart(action) => file.restart = Some(action),
            Action::Pause(action) => file.pause = Some(action),
            Action::Slow(action) => file.slow = Some(action),
            Action::Split(action) => file.split = Some(action),
            Action::Isolate(action) => file.isolate = Some(action),
            Action::Cut(action) => file.cut = Some(action),
            Action::Bridge(action) => file.bridge = Some(action),
            Action::Ring(action) => file.ring = Some(action),
            Action::Link(action) => file.link = Some(action),
            Action::Disk(action) => file.disk = Some(action),
            Action::DiskError(action) => file.disk_error = Some(action),
            Action::DiskFull(action) => file.disk_full = Some(action),
            Action::DiskLies(action) => file.disk_lies = Some(action),
            Action::Corrupt(action) => file.corrupt = Some(action),
            Action::Clock(action) => file.clock = Some(action),
            Action::Transfer(action) => file.transfer = Some(action),
            Action::Change(action) => file.change = Some(action),
        }
        file
    }
}
