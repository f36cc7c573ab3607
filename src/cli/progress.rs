//! How a campaign goes, on the terminal; nothing where there is none.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::campaign::Summary;
use crate::campaign::clock::now;
use crate::report::campaign::grouped;
use crate::situation::Situation;

/// How a campaign goes.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    time: Option<Duration>,
    /// What was done before, so that rates are of this session.
    before: (u64, u64, u64),
}

impl Progress {
    /// Progress towards a number of runs, or the end of a time, or neither.
    pub fn new(runs: Option<u64>, time: Option<Duration>, before: &Summary) -> Progress {
        let length = time.map(|time| time.as_millis() as u64).or(runs);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        let template = if length.is_some() { "{wide_bar} {msg}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let totals = before.totals;
        let before = (totals.runs, totals.events, totals.virtual_time.0);
        Progress { bar, begun: now(), time, before }
    }

    /// Tells how it goes.
    pub fn tell(&self, summary: &Summary) {
        if self.bar.is_hidden() {
            return;
        }
        let elapsed = now().duration_since(self.begun);
        let totals = &summary.totals;
        let (runs, events, nanos) = self.before;
        let rate = |count: u64| {
            let millis = elapsed.as_millis().max(1);
            grouped((u128::from(count) * 1_000 / millis) as u64)
        };
        let reached = summary.situations.len();
        self.bar.set_message(format!(
            "{} runs ({}/s), {} events/s, {} times real time, {} violations, {reached} of {} situations",
            grouped(totals.runs),
            rate(totals.runs - runs),
            rate(totals.events - events),
            rate((totals.virtual_time.0 - nanos) / 1_000_000_000),
            grouped(summary.failures.values().map(|seen| seen.count).sum()),
            Situation::COUNT
        ));
        match self.time {
            Some(_) => self.bar.set_position(elapsed.as_millis() as u64),
            None => self.bar.set_position(totals.runs),
        }
    }

    /// Leaves the terminal as it was.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
