//! Metrics: how a run went for those who use the cluster, and for those who operate it. They are measured from the records of the run, as
//! they happen, and never change what happens.

pub mod histogram;
mod lag;
mod leader;
pub use leader::Leadership;
mod lost;
mod metered;
mod questions;
pub mod series;

pub(crate) use metered::Meter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::message::MessageKind;
use crate::meter::histogram::Histogram;
use crate::plan::metric::{Amount, Metric};
use crate::time::{Share, Span};

/// The metrics of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// What became of operations.
    pub requests: Requests,
    /// How long answers took.
    pub latency: Latency,
    /// Answers in a second of virtual time, from the first question to the end, rounded down.
    pub throughput: u64,
    /// The longest time without an answer after a question.
    pub stall: Span,
    /// When nobody led.
    pub leaderless: Leaderless,
    /// How often a node stood for election.
    pub elections: u64,
    /// How far each node was behind what was committed.
    pub members: Vec<MemberLag>,
    /// What nodes sent each other, by kind of message; kinds that nobody sent are left out.
    pub traffic: Vec<Traffic>,
    /// Writes that clients heard to be done, and that are gone.
    pub lost_writes: u64,
    /// The same over time, to be added up over runs.
    #[serde(skip)]
    pub waits: Waits,
}

/// What became of the operations of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Those that were begun.
    pub begun: u64,
    /// Those that clients heard to be applied.
    pub answered: u64,
    /// Those that were given up after the last try.
    pub given_up: u64,
    /// How often clients asked.
    pub tries: u64,
    /// Tries that a node refused, or its machine, because the node was down.
    pub refused: u64,
    /// Tries that ran out of time.
    pub timed_out: u64,
}

impl Requests {
    /// Those that were neither answered nor given up.
    pub fn unanswered(&self) -> u64 {
        self.begun.saturating_sub(self.answered).saturating_sub(self.given_up)
    }

    /// Adds those of other runs.
    pub fn add(&mut self, other: &Requests) {
        let sums = [
            (&mut self.begun, other.begun),
            (&mut self.answered, other.answered),
            (&mut self.given_up, other.given_up),
            (&mut self.tries, other.tries),
            (&mut self.refused, other.refused),
            (&mut self.timed_out, other.timed_out),
        ];
        sums.into_iter().for_each(|(own, more)| *own = own.saturating_add(more));
    }
}

/// How long the answers of a run took, from the first try of an operation. Nothing where there was no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: Option<Span>,
    /// Nine of ten took no longer.
    pub p90: Option<Span>,
    /// 99 % took no longer.
    pub p99: Option<Span>,
    /// None took longer.
    pub max: Option<Span>,
}

impl Latency {
    /// Of some times, whose order is changed by this. The time that so many of a hundred do not exceed is one of them: the least for
    /// which it holds.
    pub fn of(times: &mut [Span]) -> Latency {
        let mut within = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).checked_sub(1)?;
            Some(*times.select_nth_unstable(place).1)
        };
        Latency { p50: within(50), p90: within(90), p99: within(99), max: within(100) }
    }
}

/// When nobody led: no leader ran, or a majority of the voters had gone to a later term than its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaderless {
    /// In all, the beginning of the run counted.
    pub total: Span,
    /// The longest time in a row.
    pub longest: Span,
}

/// How far a node was behind the commit index that some node had reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLag {
    /// The node.
    pub node: NodeId,
    /// The most entries.
    pub entries: u64,
    /// The longest time: how long the first entry that it lacked had been committed.
    pub time: Span,
    /// How many entries it was behind when the run ended; zero for one that is no member.
    pub entries_at_end: u64,
}

impl MemberLag {
    fn none(node: NodeId) -> MemberLag {
        MemberLag { node, entries: 0, time: Span::ZERO, entries_at_end: 0 }
    }

    fn note(&mut self, entries: u64, time: Span) {
        (self.entries, self.time) = (self.entries.max(entries), self.time.max(time));
    }
}

/// What nodes sent each other in messages of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The kind.
    pub kind: MessageKind,
    /// How many messages.
    pub messages: u64,
    /// Their bytes, lost and doubled ones counted once.
    pub bytes: u64,
}

/// The waits of one run or many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waits {
    /// From the first time that a client asks to the answer that it was applied.
    pub answers: Histogram,
    /// From the moment that nobody leads to the next leader.
    pub elections: Histogram,
    /// From an entry's first commit to the time when a member that was behind knows of it, or the end of the run.
    #[serde(default)]
    pub lags: Histogram,
    /// How long nobody led in each run, in all.
    #[serde(default)]
    pub leaderless: Histogram,
    /// In each run, the longest time without an answer after a question.
    #[serde(default)]
    pub stalls: Histogram,
}

impl Waits {
    /// Adds the waits of other runs.
    pub fn merge(&mut self, other: &Waits) {
        self.answers.merge(&other.answers);
        self.elections.merge(&other.elections);
        self.lags.merge(&other.lags);
        self.leaderless.merge(&other.leaderless);
        self.stalls.merge(&other.stalls);
    }
}

impl Metrics {
    /// What was measured; nothing where there was nothing to measure.
    pub fn of(&self, metric: Metric) -> Option<Amount> {
        let Requests { begun, given_up, tries, refused, timed_out, .. } = self.requests;
        let failed = refused + timed_out;
        Some(match metric {
            Metric::Requests => begun.into(),
            Metric::GivenUp => given_up.into(),
            Metric::GivenUpShare => share(given_up, begun)?.into(),
            Metric::Unanswered => self.requests.unanswered().into(),
            Metric::Tries => tries.into(),
            Metric::FailedTries => failed.into(),
            Metric::FailedTriesShare => share(failed, tries)?.into(),
            Metric::LatencyP50 => self.latency.p50?.into(),
            Metric::LatencyP90 => self.latency.p90?.into(),
            Metric::LatencyP99 => self.latency.p99?.into(),
            Metric::LatencyMax => self.latency.max?.into(),
            Metric::Throughput => self.throughput.into(),
            Metric::Stall => self.stall.into(),
            Metric::Leaderless => self.leaderless.total.into(),
            Metric::LeaderlessLongest => self.leaderless.longest.into(),
            Metric::Elections => self.elections.into(),
            Metric::LagEntries => self.members.iter().map(|lag| lag.entries).max()?.into(),
            Metric::Lag => self.members.iter().map(|lag| lag.time).max()?.into(),
            Metric::Bytes => self.traffic.iter().map(|it| it.bytes).sum::<u64>().into(),
            Metric::AppendBytes => self.bytes_of(MessageKind::AppendEntries).into(),
            Metric::SnapshotBytes => self.bytes_of(MessageKind::InstallSnapshot).into(),
            Metric::LostWrites => self.lost_writes.into(),
        })
    }

    fn bytes_of(&self, kind: MessageKind) -> u64 {
        self.traffic.iter().find(|it| it.kind == kind).map_or(0, |it| it.bytes)
    }
}

/// Whether an index can come next in a list that reaches so far. A node that is broken says any number, and lists are not to eat all memory
/// for it: what is further ahead, or beyond what a run has room for, is not measured.
fn is_plausible(index: u64, reaches: u64) -> bool {
    index <= reaches.saturating_add(1 << 20) && index <= 1 << 24
}

/// So many of all; nothing of nothing.
fn share(part: u64, all: u64) -> Option<Share> {
    let parts = (u128::from(part) * 1_000_000).checked_div(u128::from(all))?;
    Some(Share(parts as u32))
}
