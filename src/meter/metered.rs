//! Measures a run from its records.

use crate::ids::{Index, NodeSet};
use crate::log::RequestId;
use crate::message::MessageKind;
use crate::meter::histogram::Histogram;
use crate::meter::lag::Lags;
use crate::meter::leader::Leadership;
use crate::meter::lost::Lost;
use crate::meter::questions::{News, Questions};
use crate::meter::{Latency, Leaderless, Metrics, Requests, Traffic, Waits};
use crate::node::Role;
use crate::record::{Kind, Record};
use crate::time::{Span, Time};

const KINDS: usize = MessageKind::ALL.len();

/// Measures one run.
#[derive(Debug)]
pub(crate) struct Meter {
    questions: Questions,
    requests: Requests,
    latencies: Vec<Span>,
    /// When the first operation was begun.
    first: Option<Time>,
    /// Since when there is a question that no answer has followed.
    waiting_since: Option<Time>,
    stall: Span,
    leadership: Leadership,
    leaderless: Leaderless,
    regained: Histogram,
    elections: u64,
    lags: Lags,
    /// By kind of message: how many, and their bytes.
    traffic: [(u64, u64); KINDS],
    lost: Lost,
}

impl Meter {
    /// For a cluster that begins with these voters.
    pub(crate) fn new(nodes: u8, voters: NodeSet) -> Meter {
        Meter {
            questions: Questions::default(),
            requests: Requests::default(),
            latencies: Vec::new(),
            first: None,
            waiting_since: None,
            stall: Span::ZERO,
            leadership: Leadership::new(nodes, voters),
            leaderless: Leaderless::default(),
            regained: Histogram::default(),
            elections: 0,
            lags: Lags::new(nodes, voters),
            traffic: [(0, 0); KINDS],
            lost: Lost::default(),
        }
    }

    #[inline]
    pub(crate) fn observe(&mut self, record: &Record) {
        match record.kind {
            Kind::Send { message, .. } => {
                let (messages, bytes) = &mut self.traffic[message.kind() as usize];
                (*messages, *bytes) = (*messages + 1, *bytes + message.bytes());
            }
            Kind::Apply { index, request, content, .. } => self.lost.apply(index, request, content),
            Kind::Commit { .. } | Kind::Wipe { .. } => self.lags.observe(record),
            Kind::Invoke { .. }
            | Kind::Answered { .. }
            | Kind::TimedOut { .. }
            | Kind::ConnectionRefused { .. }
            | Kind::GaveUp { .. } => {
                if let Some(news) = self.questions.observe(record) {
                    self.hear(news, record.time);
                }
            }
            Kind::Term { .. }
            | Kind::Role { .. }
            | Kind::Boot { .. }
            | Kind::Configure { .. }
            | Kind::Crash(_) => {
                self.lags.observe(record);
                let stands = matches!(record.kind, Kind::Role { role: Role::Candidate, .. });
                self.elections += u64::from(stands);
                if let Some(regained) = self.leadership.observe(record) {
                    let wait = record.time.since(regained.since);
                    self.regained.add(wait);
                    self.lead_again(wait);
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News, now: Time) {
        match news {
            News::Began => {
                self.requests.begun += 1;
                self.requests.tries += 1;
                self.first.get_or_insert(now);
                self.waiting_since.get_or_insert(now);
            }
            News::TriedAgain => self.requests.tries += 1,
            News::Failed { refused: true } => self.requests.refused += 1,
            News::Failed { refused: false } => self.requests.timed_out += 1,
            News::Answered { latency, wrote } => {
                self.requests.answered += 1;
                self.latencies.push(latency);
                self.end_stall(now);
                self.waiting_since = (self.questions.open() > 0).then_some(now);
                wrote.into_iter().for_each(|request: RequestId| self.lost.hear(request));
            }
            News::GivenUp => self.requests.given_up += 1,
        }
    }

    fn end_stall(&mut self, now: Time) {
        let since = self.waiting_since.unwrap_or(now);
        self.stall = self.stall.max(now.since(since));
    }

    fn lead_again(&mut self, wait: Span) {
        let Leaderless { total, longest } = self.leaderless;
        self.leaderless = Leaderless { total: total.plus(wait), longest: longest.max(wait) };
    }

    /// The metrics of a run that ends now, and whose longest log reaches so far.
    pub(crate) fn finish(mut self, now: Time, reach: Index) -> Metrics {
        self.end_stall(now);
        if let Some(since) = self.leadership.leaderless() {
            self.lead_again(now.since(since));
        }
        let mut answers = Histogram::default();
        self.latencies.iter().for_each(|latency| answers.add(*latency));
        let (members, lags) = self.lags.finish(now);
        let mut waits = Waits { answers, elections: self.regained, lags, ..Waits::default() };
        waits.leaderless.add(self.leaderless.total);
        if self.requests.begun > 0 {
            waits.stalls.add(self.stall);
        }
        let asked = self.first.map_or(Span::ZERO, |first| now.since(first));
        let per_second = u128::from(self.requests.answered) * u128::from(Span::secs(1).0);
        let throughput = per_second.checked_div(u128::from(asked.0)).unwrap_or(0) as u64;
        let traffic = MessageKind::ALL.iter().zip(self.traffic).filter(|(_, sent)| sent.0 > 0);
        let traffic =
            traffic.map(|(kind, (messages, bytes))| Traffic { kind: *kind, messages, bytes });
        Metrics {
            requests: self.requests,
            latency: Latency::of(&mut self.latencies),
            throughput,
            stall: self.stall,
            leaderless: self.leaderless,
            elections: self.elections,
            members,
            traffic: traffic.collect(),
            lost_writes: self.lost.count(reach),
            waits,
        }
    }
}
