//! How often something took how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Bars between a time and its double: a bar is a quarter of its beginning wide at most.
const BARS_PER_DOUBLE: u64 = 4;

/// How often something took how long, in bars that grow with the time. The sum of two does not depend on their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Bar>", into = "Vec<Bar>")]
#[schemars(with = "Vec<Bar>")]
pub struct Histogram {
    /// How many are in the bar of each place. The last is not zero.
    counts: Vec<u64>,
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
        *self.count_at(place_of(time)) += 1;
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Histogram) {
        for (place, count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let own = self.count_at(place as u64);
            *own = own.saturating_add(*count);
        }
    }

    fn count_at(&mut self, place: u64) -> &mut u64 {
        let place = place as usize;
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        &mut self.counts[place]
    }

    /// How many times it holds.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count))
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
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(place, count)| Bar {
            from: start_of(place as u64),
            to: start_of(place as u64 + 1),
            count: *count,
        })
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
            if histogram.counts.len() as u64 > place {
                return Err(format!("the bar from {from} to {to} is out of order"));
            }
            *histogram.count_at(place) = count;
        }
        Ok(histogram)
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
}
