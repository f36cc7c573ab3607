//! The turning point of a failing run: from which event on its futures fail, and what happens in that event.
//!
//! The run is branched at its events: up to an event it is as its seed has it, and from then on the plan and its faults are the same, and
//! every random stream is another one. Of some futures each, so many fail in the same way. Where that share rises most, something was
//! decided. The same run has the same answer: futures are drawn from its seed, and places are chosen by shares.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use crate::oracle::Violation;
use crate::record::Record;
use crate::rng::mix;
use crate::sim::{Branch, Options, Run};
use crate::time::Time;
use crate::trace::view::ClusterView;

/// At how many events the run is branched at first, at even distances.
const EVEN: u64 = 13;
/// At how many more it is, to come closer to where the share rises most.
const CLOSER: usize = 28;
/// How many records of the turning point are told.
const RECORDS: usize = 12;
/// How wide the bar of a whole share is.
const BAR: u64 = 30;

/// How many futures fail if the run is branched at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The first event of which another chance decides.
    pub event: u64,
    /// When the run comes to it.
    pub time: Time,
    /// How many of the futures fail in the same way.
    pub failed: u32,
}

/// From which event on the futures of a run fail.
#[derive(Debug)]
pub struct Turning {
    /// The shares, by events.
    pub points: Vec<Point>,
    /// How many futures each has.
    pub futures: u32,
    /// The two places next to each other between which the share rises most; nothing if it never rises.
    pub turn: Option<(Point, Point)>,
    /// What happens between them, as traces have it; the last of it, if that is too much.
    happens: Vec<String>,
    left_out: usize,
}

/// Branches a failing run, with so many futures for each event at which it is branched. Nothing if it does not fail.
pub fn turning_point(run: &Run<'_>, futures: u32, jobs: usize) -> Option<Turning> {
    let violation = run.outcome().violation.clone()?;
    let times = times(run, violation.event);
    let last = violation.event.max(1);
    let share = |events: &[u64]| -> Vec<Point> {
        let failed = failures(run, &violation, events, (futures, jobs));
        let time = |event: u64| times.get(event as usize).copied().unwrap_or(Time::ZERO);
        events
            .iter()
            .zip(failed)
            .map(|(event, failed)| Point { event: *event, time: time(*event), failed })
            .collect()
    };
    let mut even: Vec<u64> = (0..EVEN).map(|part| 1 + (last - 1) * part / (EVEN - 1)).collect();
    even.dedup();
    let mut points = share(&even);
    for _ in 0..CLOSER {
        let Some((before, after)) = steepest(&points) else { break };
        if after.event - before.event <= 1 {
            break;
        }
        points.extend(share(&[before.event.midpoint(after.event)]));
        points.sort_by_key(|point| point.event);
    }
    let turn = steepest(&points);
    let (happens, left_out) = turn
        .map_or_else(Default::default, |(before, after)| between(run, before.event, after.event));
    Some(Turning { points, futures, turn, happens, left_out })
}

/// The neighbours between which the share rises most; of several, the last ones. None if it never rises.
fn steepest(points: &[Point]) -> Option<(Point, Point)> {
    let pairs = points.windows(2).map(|pair| (pair[0], pair[1]));
    let rising = pairs.filter(|(before, after)| after.failed > before.failed);
    rising.max_by_key(|(before, after)| after.failed - before.failed)
}

/// When each event of a run happens, by its number, up to this one.
fn times(run: &Run<'_>, upto: u64) -> Vec<Time> {
    let mut times = vec![Time::ZERO];
    run.follow(&mut |record: &Record| {
        if record.event <= upto {
            // An event that leaves no record is as late as the one before.
            let before = times.last().copied().unwrap_or(Time::ZERO);
            while (times.len() as u64) < record.event {
                times.push(before);
            }
            if times.len() as u64 == record.event {
                times.push(record.time);
            }
        }
    });
    times
}

/// How many futures fail in the same way, for each of these events.
fn failures(
    run: &Run<'_>,
    violation: &Violation,
    events: &[u64],
    (futures, jobs): (u32, usize),
) -> Vec<u32> {
    let all: Vec<(usize, u32)> = (0..events.len())
        .flat_map(|place| (0..futures).map(move |future| (place, future)))
        .collect();
    let fails = |(place, future): (usize, u32)| {
        let seed = mix(run.plan().seed ^ mix(u64::from(future) + 1));
        let branch = Some(Branch { event: events[place], seed });
        let options = Options { branch, without_history: true, ..Options::default() };
        let found = run.again(options).violation;
        found.is_some_and(|found| found.property == violation.property)
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let places = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let mine = places.map_while(|place| all.get(place).copied());
        mine.filter(|it| fails(*it)).map(|(place, _)| place).collect::<Vec<_>>()
    };
    let mut failed = vec![0; events.len()];
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for place in workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()) {
            failed[place] += 1;
        }
    });
    failed
}

/// What happens from an event up to another, without that: the last lines of it, and how many are left out.
fn between(run: &Run<'_>, from: u64, upto: u64) -> (Vec<String>, usize) {
    let mut view = ClusterView::new(run.plan().cluster.nodes);
    let mut lines = Vec::new();
    run.follow(&mut |record| {
        view.follow(record);
        if record.event >= from && record.event < upto {
            lines.push(format!("#{:<8}{}", record.number, view.line(record).trim_start()));
        }
    });
    let left_out = lines.len().saturating_sub(RECORDS);
    (lines.split_off(left_out), left_out)
}

impl Turning {
    /// Where the turn is, or why there is none.
    pub fn says(&self) -> String {
        let Turning { points, futures, .. } = self;
        let Some((before, after)) = self.turn else {
            let all = points.iter().all(|point| point.failed == *futures);
            return match all {
                true => "every future fails, from whichever event on chance is another one: it is the plan that makes the run fail",
                false => "the share never rises: there is no turning point",
            }
            .into();
        };
        let which = match after.event - before.event {
            1 => format!("event {}, at {} s", before.event, before.time),
            _ => format!(
                "between events {} and {}, at {} s to {} s",
                before.event, after.event, before.time, after.time
            ),
        };
        format!(
            "the turn is {which}: with another chance from there on {} of {futures} futures fail, and after it {}",
            before.failed, after.failed
        )
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let Turning { points, futures, happens, left_out, .. } = self;
        let mut text = format!(
            "the turning point, by {futures} futures each, in which chance is another one from an event on:\n  {:>8}  {:>11}  fail\n",
            "event", "time"
        );
        for Point { event, time, failed } in points {
            let bar =
                "#".repeat((u64::from(*failed) * BAR / u64::from((*futures).max(1))) as usize);
            let share = format!("{failed}/{futures}");
            let _ = writeln!(text, "  {event:>8}  {:>11}  {share:<7} {bar}", time.to_string());
        }
        let _ = writeln!(text, "  {}", self.says());
        if *left_out > 0 {
            let _ = writeln!(text, "    ... {left_out} records before");
        }
        happens.iter().for_each(|line| _ = writeln!(text, "    {line}"));
        text
    }
}
