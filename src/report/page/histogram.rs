//! A histogram of times as a plot, in the colours of its page.

use std::fmt::Write as _;

use crate::report::campaign::{grouped, waited};
use crate::sim::waits::{Histogram, place_of};
use crate::time::Span;

/// The plot's own units: the page scales it.
const WIDTH: u64 = 560;
const HEIGHT: u64 = 190;
const LEFT: u64 = 12;
const TOP: u64 = 12;
const FLOOR: u64 = HEIGHT - 26;

/// The plot, as SVG, with what it says in words; nothing if it is empty. `things` are counted.
pub fn svg(histogram: &Histogram, thing: &str) -> Option<String> {
    let bars: Vec<_> = histogram.bars().map(|bar| (place_of(bar.from), bar)).collect();
    let (first, last) = (bars.first()?.0, bars.last()?.0);
    let most = bars.iter().map(|(_, bar)| bar.count).max()?;
    // A tenth of a unit is exact enough, and keeps to integers.
    let step = ((WIDTH - 2 * LEFT) * 10 / (last - first + 1)).min(400);
    let left = |place: u64| LEFT * 10 + (place - first) * step;
    let words = waited(histogram, thing)?;
    let mut text =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{words}\">");
    for mark in marks().filter(|mark| (first..=last).contains(&place_of(*mark))) {
        let x = tenths(left(place_of(mark)));
        let _ = write!(
            text,
            "<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{}\"/><text x=\"{x}\" y=\"{}\">{mark}</text>",
            FLOOR + 5,
            FLOOR + 19
        );
    }
    for (place, bar) in &bars {
        // Whatever was there at all is to be seen.
        let height =
            (u128::from(bar.count) * u128::from((FLOOR - TOP) * 10) / u128::from(most)).max(10);
        let height = u64::try_from(height).unwrap_or(10);
        let _ = write!(
            text,
            "<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} to {}: {}</title></rect>",
            tenths(left(*place)),
            tenths(FLOOR * 10 - height),
            tenths((step - step / 8).max(1)),
            tenths(height),
            bar.from,
            bar.to,
            grouped(bar.count)
        );
    }
    let _ = write!(
        text,
        "<line class=\"floor\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{FLOOR}\" y2=\"{FLOOR}\"/></svg>",
        WIDTH - LEFT
    );
    Some(text)
}

/// The powers of ten.
fn marks() -> impl Iterator<Item = Span> {
    (3..14).map(|power| Span(10_u64.pow(power)))
}

fn tenths(value: u64) -> String {
    format!("{}.{}", value / 10, value % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_is_drawn_with_its_count() {
        let mut histogram = Histogram::default();
        assert_eq!(svg(&histogram, "answer"), None);
        for millis in [1, 1, 3, 900] {
            histogram.add(Span::millis(millis));
        }
        let text = svg(&histogram, "answer").unwrap();
        assert_eq!(text.matches("class=\"bar\"").count(), 3, "{text}");
        assert!(text.contains("4 answers: half within 1.05ms, 99 % within 940ms"), "{text}");
        assert!(text.contains(">10ms</text>") && text.contains(">100ms</text>"), "{text}");
    }
}
