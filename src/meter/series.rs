//! The same over time: a run cut into slices of equal length.

use serde::Serialize;

use crate::ids::NodeSet;
use crate::meter::Latency;
use crate::meter::lag::{Behind, Frontier};
use crate::meter::leader::Leadership;
use crate::meter::questions::{News, Questions};
use crate::record::{Kind, Record};
use crate::time::{Span, Time};

/// What happened in a slice of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// When it begins.
    pub from: Time,
    /// Operations that were begun.
    pub begun: u64,
    /// Operations that were answered.
    pub answered: u64,
    /// Operations that were given up.
    pub given_up: u64,
    /// Tries that were refused, or ran out of time.
    pub failed_tries: u64,
    /// How long those took that were answered in it.
    pub latency: Latency,
    /// How long nobody led.
    pub leaderless: Span,
    /// The most entries by which a member's commit index was behind the cluster's at a moment of it, whether the member was up or not.
    pub lag_entries: u64,
    /// The longest time for which an entry that a member lacked had been committed by then.
    pub lag: Span,
    /// By how many the cluster's highest commit index grew.
    pub commits: u64,
    /// What nodes sent each other.
    pub bytes: u64,
    /// The places in the plan of the faults that struck, from 1.
    pub faults_struck: Vec<u32>,
    /// The same of those that ended.
    pub faults_ended: Vec<u32>,
}

impl Slice {
    fn note_lag(&mut self, (entries, time): Behind) {
        (self.lag_entries, self.lag) = (self.lag_entries.max(entries), self.lag.max(time));
    }
}

/// Measures a run whose end is known, slice by slice.
#[derive(Debug)]
pub struct Series {
    width: Span,
    end: Time,
    slices: Vec<(Slice, Vec<Span>)>,
    questions: Questions,
    leadership: Leadership,
    frontier: Frontier,
    /// The slice of the latest record.
    place: usize,
    committed: u64,
}

impl Series {
    /// For a run of a cluster that begins with these voters and that ends then, in so many slices, 1 at least. Each is a whole number of
    /// nanoseconds long, the last one maybe less.
    pub fn new(nodes: u8, voters: NodeSet, end: Time, count: u64) -> Series {
        let width = Span(end.since(Time::ZERO).0.div_ceil(count.max(1)).max(1));
        let slice = |place: u64| Slice { from: Time(place * width.0), ..Slice::default() };
        let used = end.since(Time::ZERO).0.div_ceil(width.0).max(1);
        Series {
            width,
            end,
            slices: (0..used).map(|place| (slice(place), Vec::new())).collect(),
            questions: Questions::default(),
            leadership: Leadership::new(nodes, voters),
            frontier: Frontier::new(nodes, voters),
            place: 0,
            committed: 0,
        }
    }

    /// How long a slice is.
    pub fn width(&self) -> Span {
        self.width
    }

    /// Takes note of a record.
    pub fn observe(&mut self, record: &Record) {
        let last = self.slices.len() - 1;
        let place = ((record.time.0 / self.width.0) as usize).min(last);
        if let Some(regained) = self.leadership.observe(record) {
            self.nobody_led(regained.since, record.time);
        }
        self.end_slices_before(place);
        self.fall_behind(record);
        let news = self.questions.observe(record);
        let (slice, latencies) = &mut self.slices[place];
        match (news, record.kind) {
            (Some(News::Began), _) => slice.begun += 1,
            (Some(News::Failed { .. }), _) => slice.failed_tries += 1,
            (Some(News::GivenUp), _) => slice.given_up += 1,
            (Some(News::Answered { latency, .. }), _) => {
                slice.answered += 1;
                latencies.push(latency);
            }
            (_, Kind::Send { message, .. }) => slice.bytes += message.bytes(),
            (_, Kind::Fault { fault }) => note_once(&mut slice.faults_struck, fault),
            (_, Kind::Heal { fault }) => note_once(&mut slice.faults_ended, fault),
            (_, Kind::Commit { index, .. }) => {
                slice.commits += index.0.saturating_sub(self.committed);
                self.committed = self.committed.max(index.0);
            }
            _ => {}
        }
    }

    /// A member is furthest behind when it learns of commits, when it is measured no longer, or when its slice ends.
    fn fall_behind(&mut self, record: &Record) {
        match (record.node, record.kind) {
            (Some(node), Kind::Commit { index, .. }) => {
                let behind = self.frontier.commit(node, index, record.time);
                behind.into_iter().for_each(|behind| self.slices[self.place].0.note_lag(behind));
            }
            (_, Kind::Wipe { .. } | Kind::Crash(_) | Kind::Configure { .. }) => {
                self.note_all(record.time);
                self.frontier.lose(record);
            }
            _ => {}
        }
    }

    fn note_all(&mut self, now: Time) {
        let slice = &mut self.slices[self.place].0;
        self.frontier.behind(now).for_each(|(_, behind)| slice.note_lag(behind));
    }

    /// What members lack at the end of each slice.
    fn end_slices_before(&mut self, place: usize) {
        while self.place < place {
            let end = Time(self.slices[self.place].0.from.0 + self.width.0);
            self.note_all(end);
            self.place += 1;
        }
    }

    fn nobody_led(&mut self, from: Time, to: Time) {
        let width = self.width.0;
        let first = (from.0 / width) as usize;
        for (slice, _) in self.slices.iter_mut().skip(first) {
            if slice.from >= to {
                break;
            }
            let (from, to) = (slice.from.max(from), Time(slice.from.0 + width).min(to));
            slice.leaderless = slice.leaderless.plus(to.since(from));
        }
    }

    /// The slices, in order.
    pub fn finish(mut self) -> Vec<Slice> {
        if let Some(since) = self.leadership.leaderless() {
            self.nobody_led(since, self.end);
        }
        self.end_slices_before(self.slices.len() - 1);
        self.note_all(self.end);
        let finished = self.slices.into_iter().map(|(mut slice, mut latencies)| {
            slice.latency = Latency::of(&mut latencies);
            slice
        });
        finished.collect()
    }
}

/// One record for each node that a fault strikes is one strike.
fn note_once(faults: &mut Vec<u32>, fault: u32) {
    if faults.last() != Some(&fault) {
        faults.push(fault);
    }
}
