//! What to ask `squall why` about a run that did not keep a promise.

use std::collections::BTreeMap;

use crate::log::RequestId;
use crate::meter::Leadership;
use crate::plan::metric::Metric;
use crate::record::{Kind, Record};
use crate::sim::Run;
use crate::time::Time;
use crate::trace::text::client;

/// What a promise is about that was not kept, as far as `squall why` answers questions about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Entries that are to be committed.
    Commits,
    /// Requests that are to be answered, in time.
    Requests,
    /// Times with and without a leader.
    Leaders,
    /// Terms and elections.
    Terms,
}

impl Topic {
    /// What a metric is about.
    pub fn of(metric: Metric) -> Option<Topic> {
        match metric {
            Metric::Leaderless | Metric::LeaderlessLongest => Some(Topic::Leaders),
            Metric::Elections => Some(Topic::Terms),
            Metric::LagEntries | Metric::Lag | Metric::LostWrites => None,
            Metric::Bytes | Metric::AppendBytes | Metric::SnapshotBytes => None,
            _ => Some(Topic::Requests),
        }
    }
}

/// What a run has of what can be asked about.
#[derive(Debug)]
struct Seen {
    leadership: Leadership,
    /// The longest time in which nobody led.
    leaderless: (Time, Time),
    /// When each request was asked first that has no answer yet.
    open: BTreeMap<RequestId, Time>,
    /// The request that was given up first, and the one that took longest.
    given_up: Option<RequestId>,
    slowest: Option<(u64, RequestId)>,
}

impl Seen {
    fn see(&mut self, record: &Record) {
        let began = self.leadership.leaderless();
        self.leadership.observe(record);
        if let (Some(began), None) = (began, self.leadership.leaderless()) {
            self.without_leader(began, record.time);
        }
        match record.kind {
            Kind::Invoke { request, attempt: 1, .. } => _ = self.open.insert(request, record.time),
            Kind::GaveUp { request } => _ = self.given_up.get_or_insert(request),
            Kind::Answered { request, applied: true, .. } => {
                let Some(asked) = self.open.remove(&request) else { return };
                let took = record.time.0.saturating_sub(asked.0);
                if self.slowest.is_none_or(|(longest, _)| took > longest) {
                    self.slowest = Some((took, request));
                }
            }
            _ => {}
        }
    }

    fn without_leader(&mut self, from: Time, to: Time) {
        let length = |(from, to): (Time, Time)| to.0.saturating_sub(from.0);
        if length((from, to)) > length(self.leaderless) {
            self.leaderless = (from, to);
        }
    }
}

/// The questions about these topics, as options of `squall why`.
pub fn questions(run: &Run<'_>, topics: &[Topic]) -> Vec<String> {
    let (plan, outcome) = (run.plan(), run.outcome());
    let mut seen = Seen {
        leadership: Leadership::new(plan.cluster.nodes, plan.voters()),
        leaderless: (Time::ZERO, Time::ZERO),
        open: BTreeMap::new(),
        given_up: None,
        slowest: None,
    };
    run.follow(&mut |record| seen.see(record));
    if let Some(began) = seen.leadership.leaderless() {
        seen.without_leader(began, outcome.time);
    }
    let never = seen.open.keys().next().copied();
    let slowest = seen.slowest.map(|(_, request)| request);
    let counters = &outcome.counters;
    let ask = |topic: &Topic| match topic {
        Topic::Commits => Some(format!("--commit {}", counters.commits + 1)),
        Topic::Requests => {
            let request = seen.given_up.or(never).or(slowest)?;
            Some(format!("--request {}", client(request)))
        }
        Topic::Leaders => {
            let (from, to) = seen.leaderless;
            let middle = Time(from.0 + (to.0 - from.0) / 2);
            (to > from).then(|| format!("--leaderless {middle}s"))
        }
        Topic::Terms => Some(format!("--term {}", counters.term_max)),
    };
    topics.iter().filter_map(ask).collect()
}
