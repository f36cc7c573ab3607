//! How long clients and clusters wait: from a question to its answer, and from the loss of a leader to the next one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, Term};
use crate::log::RequestId;
use crate::node::Role;
use crate::record::{Kind, Record};
use crate::time::{Span, Time};

/// Bars between a time and its double: a bar is a quarter of its beginning wide at most.
const BARS_PER_DOUBLE: u64 = 4;

/// How often something took how long, in bars that grow with the time. The sum of two does not depend on their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Bar>", into = "Vec<Bar>")]
#[schemars(with = "Vec<Bar>")]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
}

/// One bar of a histogram. Those that are empty are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The shortest time that it counts.
    pub from: Span,
    /// The shortest time that it does not count any more.
    pub to: Span,
    /// How often it took so long; from 1.
    pub count: u64,
}

impl Histogram {
    /// Takes note of a time.
    pub fn add(&mut self, time: Span) {
        *self.counts.entry(place_of(time)).or_default() += 1;
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Histogram) {
        for (place, count) in &other.counts {
            *self.counts.entry(*place).or_default() += count;
        }
    }

    /// How many times it holds.
    pub fn count(&self) -> u64 {
        self.counts.values().fold(0, |sum: u64, count| sum.saturating_add(*count))
    }

    /// The time that so many of a hundred did not take longer than, to the end of its bar; nothing if there is none.
    pub fn within(&self, percent: u64) -> Option<Span> {
        let wanted = (u128::from(self.count()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        self.bars().find_map(|bar| {
            seen += u128::from(bar.count);
            (seen >= wanted).then_some(bar.to)
        })
    }

    /// The bars that are not empty, in order.
    pub fn bars(&self) -> impl Iterator<Item = Bar> {
        let bar = |(place, count): (&u64, &u64)| Bar {
            from: start_of(*place),
            to: start_of(place + 1),
            count: *count,
        };
        self.counts.iter().map(bar)
    }
}

/// The place of the bar that counts a time, from 0.
pub fn place_of(Span(nanos): Span) -> u64 {
    if nanos < BARS_PER_DOUBLE {
        return nanos;
    }
    let doubles = u64::from(nanos.ilog2() - BARS_PER_DOUBLE.ilog2());
    doubles * BARS_PER_DOUBLE + (nanos >> doubles)
}

/// Where the bar of a place begins.
pub fn start_of(place: u64) -> Span {
    if place < BARS_PER_DOUBLE {
        return Span(place);
    }
    let doubles = place / BARS_PER_DOUBLE - 1;
    let start = u128::from(BARS_PER_DOUBLE + place % BARS_PER_DOUBLE) << doubles;
    Span(u64::try_from(start).unwrap_or(u64::MAX))
}

impl From<Histogram> for Vec<Bar> {
    fn from(histogram: Histogram) -> Vec<Bar> {
        histogram.bars().collect()
    }
}

impl TryFrom<Vec<Bar>> for Histogram {
    type Error = String;

    fn try_from(bars: Vec<Bar>) -> Result<Histogram, String> {
        let mut histogram = Histogram::default();
        for bar in bars {
            let Bar { from, to, count } = bar;
            let place = place_of(from);
            if (start_of(place), start_of(place + 1)) != (from, to) || count == 0 {
                return Err(format!("no bar goes from {from} to {to} and counts {count}"));
            }
            if histogram.counts.last_key_value().is_some_and(|(last, _)| *last >= place) {
                return Err(format!("the bar from {from} to {to} is out of order"));
            }
            histogram.counts.insert(place, count);
        }
        Ok(histogram)
    }
}

/// The waits of one run or many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waits {
    /// From the first time that a client asks to the answer that it was applied.
    pub answers: Histogram,
    /// From the moment that the latest term has no leader to its next one, or that of a later term.
    pub elections: Histogram,
}

impl Waits {
    /// Adds the waits of other runs.
    pub fn merge(&mut self, other: &Waits) {
        self.answers.merge(&other.answers);
        self.elections.merge(&other.elections);
    }
}

/// Takes the times of one run.
pub(super) struct Stopwatch<'a> {
    waits: &'a mut Waits,
    asked: BTreeMap<RequestId, Time>,
    latest: Term,
    leader: Option<NodeId>,
    leaderless: Time,
}

impl<'a> Stopwatch<'a> {
    /// A stopwatch that adds to these waits. A run begins without a leader.
    pub(super) fn new(waits: &'a mut Waits) -> Stopwatch<'a> {
        Stopwatch {
            waits,
            asked: BTreeMap::new(),
            latest: Term::ZERO,
            leader: None,
            leaderless: Time::ZERO,
        }
    }

    /// Takes note of a record.
    pub(super) fn observe(&mut self, record: &Record) {
        let now = record.time;
        match record.kind {
            Kind::Invoke { request, attempt: 1, .. } => _ = self.asked.insert(request, now),
            Kind::Answered { request, applied: true, .. } => {
                if let Some(asked) = self.asked.remove(&request) {
                    self.waits.answers.add(now.since(asked));
                }
            }
            Kind::GaveUp { request } => _ = self.asked.remove(&request),
            Kind::Term { term } if term > self.latest => {
                self.latest = term;
                self.lose_leader(now);
            }
            Kind::Role { role: Role::Leader, term } if term >= self.latest => {
                if self.leader.is_none() {
                    self.waits.elections.add(now.since(self.leaderless));
                }
                (self.latest, self.leader) = (term, record.node);
            }
            Kind::Role { .. } | Kind::Crash(_) if self.leader == record.node => {
                self.lose_leader(now);
            }
            _ => {}
        }
    }

    fn lose_leader(&mut self, now: Time) {
        if self.leader.take().is_some() {
            self.leaderless = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_each_other_and_are_a_quarter_wide_at_most() {
        for place in 0..200 {
            let (from, to) = (start_of(place), start_of(place + 1));
            assert_eq!(place_of(from), place);
            assert_eq!(place_of(Span(to.0 - 1)), place);
            assert!(from.0 < 4 || (to.0 - from.0) * 4 <= from.0, "{from} to {to}");
        }
        assert_eq!(place_of(Span(u64::MAX)), place_of(Span(7 << 61)));
    }

    #[test]
    fn so_many_of_a_hundred_are_within() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.within(50), None);
        (1..=100).for_each(|millis| histogram.add(Span::millis(millis)));
        let (half, most) = (histogram.within(50).unwrap(), histogram.within(99).unwrap());
        assert!(half >= Span::millis(50) && half <= Span::millis(63), "{half}");
        assert!(most >= Span::millis(99) && most <= Span::millis(125), "{most}");
        let text = serde_json::to_string(&histogram).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
        let wrong = text.replacen("\"count\":1", "\"count\":0", 1);
        assert!(serde_json::from_str::<Histogram>(&wrong).is_err(), "{wrong}");
    }

    #[test]
    fn an_election_takes_from_the_loss_of_a_leader_to_the_next() {
        let [one, two] = [1, 2].map(NodeId::new);
        let lead = |term| Kind::Role { role: Role::Leader, term: Term(term) };
        let crash = Kind::Crash(crate::record::Remains::default());
        let told = [
            (150, one, Kind::Term { term: Term(2) }),
            (152, one, lead(2)),
            (200, one, crash),
            (400, two, Kind::Term { term: Term(3) }),
            (600, two, Kind::Term { term: Term(4) }),
            (603, two, lead(4)),
            // Who leads an older term is no leader of the cluster.
            (604, one, lead(3)),
        ];
        let mut waits = Waits::default();
        let mut stopwatch = Stopwatch::new(&mut waits);
        for (millis, node, kind) in told {
            let time = Time::ZERO.plus(Span::millis(millis));
            stopwatch.observe(&Record { number: 1, event: 1, time, node: Some(node), kind });
        }
        let mut expected = Histogram::default();
        for millis in [152, 403] {
            expected.add(Span::millis(millis));
        }
        assert_eq!(waits.elections, expected);
    }
}
