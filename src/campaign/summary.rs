//! What came of many runs: a sum that does not depend on the order in which they were run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::finding::Signature;
use crate::meter::{Requests, Waits};
use crate::oracle::gap::GapCounts;
use crate::sim::Outcome;
use crate::situation::Situation;
use crate::time::{Span, Time};

/// How many seeds of undecided runs are kept: the lowest.
const UNDECIDED_MAX: usize = 20;

/// How many distinct failures are kept apart; those beyond count as one of the same finding.
const FAILURES_MAX: usize = 1_000;

/// How much happened in all runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Events handled.
    pub events: u64,
    /// Records made.
    pub records: u64,
    /// Messages sent.
    pub messages: u64,
    /// Leaders elected.
    pub leaders: u64,
    /// Entries committed.
    pub commits: u64,
    /// Requests that clients heard to be applied.
    pub answers: u64,
    /// What became of the operations of clients.
    #[serde(default)]
    pub requests: Requests,
    /// What nodes sent each other, in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Writes that clients heard to be done, and that are gone.
    #[serde(default)]
    pub lost_writes: u64,
    /// Runs in which not all was judged, or decided.
    #[serde(default)]
    pub gaps: GapCounts,
    /// Virtual time.
    pub virtual_time: Span,
}

impl Totals {
    fn add(&mut self, other: &Totals) {
        let sums = [
            (&mut self.runs, other.runs),
            (&mut self.events, other.events),
            (&mut self.records, other.records),
            (&mut self.messages, other.messages),
            (&mut self.leaders, other.leaders),
            (&mut self.commits, other.commits),
            (&mut self.answers, other.answers),
            (&mut self.bytes, other.bytes),
            (&mut self.lost_writes, other.lost_writes),
        ];
        // A file may hold sums of anything.
        sums.into_iter().for_each(|(own, more)| *own = own.saturating_add(more));
        self.requests.add(&other.requests);
        self.gaps.add(&other.gaps);
        self.virtual_time = self.virtual_time.plus(other.virtual_time);
    }
}

/// How often a situation was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SituationRow {
    /// The situation.
    pub situation: Situation,
    /// How often in all.
    pub count: u64,
    /// In how many runs.
    pub runs: u64,
    /// The lowest seed whose run reached it.
    pub example: u64,
}

/// How often a failure was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In how many runs.
    pub count: u64,
    /// The lowest seed whose run failed so.
    pub first_seed: u64,
}

/// What came of many runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The seeds that were run: ranges in order that do not touch.
    pub seeds: Vec<Range<u64>>,
    /// How much happened.
    pub totals: Totals,
    /// The lowest seeds whose runs were undecided.
    pub undecided: BTreeSet<u64>,
    /// What was reached.
    pub situations: BTreeMap<Situation, SituationRow>,
    /// How often each situation of checks of one's own was reached.
    pub own_situations: BTreeMap<String, u64>,
    /// How long clients and clusters waited.
    pub waits: Waits,
    /// What failed.
    pub failures: BTreeMap<Signature, Seen>,
}

impl Summary {
    /// Adds the run of a seed that ended with an outcome.
    pub fn add(&mut self, seed: u64, outcome: &Outcome) {
        let counters = &outcome.counters;
        self.totals.add(&Totals {
            runs: 1,
            events: counters.events,
            records: counters.records,
            messages: counters.messages,
            leaders: counters.leaders,
            commits: counters.commits,
            answers: counters.answers,
            requests: outcome.metrics.requests,
            bytes: outcome.metrics.traffic.iter().map(|it| it.bytes).sum(),
            lost_writes: outcome.metrics.lost_writes,
            gaps: GapCounts::of(&outcome.gaps),
            virtual_time: outcome.time.since(Time::ZERO),
        });
        self.waits.merge(&outcome.metrics.waits);
        self.leave_undecided(outcome.undecided().next().map(|_| seed));
        for (situation, count) in outcome.situations.reached() {
            self.reach(SituationRow { situation, count, runs: 1, example: seed });
        }
        merge_own(&mut self.own_situations, &outcome.own_situations);
        self.cover(seed..seed + 1);
        if let Some(signature) = Signature::of(outcome) {
            self.fail(signature, Seen { count: 1, first_seed: seed });
        }
    }

    /// Adds the run of a seed in which squall itself panicked.
    pub fn add_panic(&mut self, seed: u64, signature: Signature) {
        self.totals.runs += 1;
        self.cover(seed..seed + 1);
        self.fail(signature, Seen { count: 1, first_seed: seed });
    }

    /// Adds the runs of other seeds. Says which seeds both hold, if there are any; then nothing is added.
    ///
    /// # Errors
    /// The seeds that both have; then nothing is added.
    pub fn merge(&mut self, other: &Summary) -> Result<(), Range<u64>> {
        for range in &other.seeds {
            if let Some(both) = self.seeds.iter().find_map(|own| overlap(own, range)) {
                return Err(both);
            }
        }
        for range in &other.seeds {
            self.cover(range.clone());
        }
        self.totals.add(&other.totals);
        self.leave_undecided(other.undecided.iter().copied());
        self.waits.merge(&other.waits);
        other.situations.values().for_each(|row| self.reach(*row));
        merge_own(&mut self.own_situations, &other.own_situations);
        for (signature, seen) in &other.failures {
            self.fail(signature.clone(), *seen);
        }
        Ok(())
    }

    /// One past the last seed of the range that begins with this one, or the seed itself if it was not run.
    pub fn end_of(&self, first: u64) -> u64 {
        self.seeds.iter().find(|range| range.contains(&first)).map_or(first, |range| range.end)
    }

    /// The situations with how often they were reached.
    pub fn situations(&self) -> impl Iterator<Item = (Situation, Option<&SituationRow>)> {
        Situation::ALL.iter().map(|situation| (*situation, self.situations.get(situation)))
    }

    /// The situations that were never reached.
    pub fn missed(&self) -> impl Iterator<Item = Situation> {
        self.situations().filter(|(_, reached)| reached.is_none()).map(|(situation, _)| situation)
    }

    fn leave_undecided(&mut self, seeds: impl IntoIterator<Item = u64>) {
        self.undecided.extend(seeds);
        while self.undecided.len() > UNDECIDED_MAX {
            self.undecided.pop_last();
        }
    }

    fn reach(&mut self, row: SituationRow) {
        let own = self.situations.entry(row.situation);
        own.and_modify(|own| {
            own.count += row.count;
            own.runs += row.runs;
            own.example = own.example.min(row.example);
        })
        .or_insert(row);
    }

    fn fail(&mut self, signature: Signature, seen: Seen) {
        let full = self.failures.len() >= FAILURES_MAX && !self.failures.contains_key(&signature);
        let others = Signature { finding: signature.finding, shape: String::from("and others") };
        let own = self.failures.entry(if full { others } else { signature });
        own.and_modify(|own| {
            own.count += seen.count;
            own.first_seed = own.first_seed.min(seen.first_seed);
        })
        .or_insert(seen);
    }

    /// Takes note that a range was run.
    fn cover(&mut self, new: Range<u64>) {
        if let Some(last) = self.seeds.last_mut()
            && last.end == new.start
        {
            last.end = new.end;
            return;
        }
        let place = self.seeds.partition_point(|range| range.start < new.start);
        self.seeds.insert(place, new);
        self.seeds.dedup_by(|right, left| {
            let touch = left.end == right.start;
            if touch {
                left.end = right.end;
            }
            touch
        });
    }
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> Option<Range<u64>> {
    let both = one.start.max(other.start)..one.end.min(other.end);
    (!both.is_empty()).then_some(both)
}

fn merge_own(own: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (name, count) in more {
        match own.get_mut(name) {
            Some(own) => *own += count,
            None => _ = own.insert(name.clone(), *count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::Settings;
    use crate::sim::run;

    fn summary(seeds: impl Iterator<Item = u64>) -> Summary {
        let settings = Settings { bugs: vec![Bug::CommitWithoutQuorum], ..Settings::default() };
        let mut summary = Summary::default();
        for seed in seeds {
            summary.add(seed, &run(&settings.plan(seed)));
        }
        summary
    }

    #[test]
    fn the_order_of_runs_and_parts_does_not_matter() {
        let whole = summary(1..41);
        assert_eq!(whole.seeds, vec![1..41]);
        assert_eq!(summary((1..41).rev()), whole);
        let mut merged = summary(25..41);
        assert_eq!(merged.merge(&summary(1..11)), Ok(()));
        assert_eq!(merged.seeds, [1..11, 25..41]);
        assert_eq!(merged.merge(&summary(11..25)), Ok(()));
        assert_eq!(merged, whole);
        assert!(!whole.failures.is_empty());
    }

    #[test]
    fn no_seed_counts_twice() {
        let mut merged = summary(1..11);
        let before = merged.clone();
        assert_eq!(merged.merge(&summary(7..13)), Err(7..11));
        assert_eq!(merged, before);
    }

    #[test]
    fn what_can_fail_in_any_number_of_ways_stays_bounded() {
        let mut summary = Summary::default();
        for seed in 0..5_000_u64 {
            let words: String = seed.to_string().bytes().map(|b| char::from(b + 49)).collect();
            summary.add_panic(seed, Signature::panic(&words));
        }
        assert_eq!(summary.failures.len(), FAILURES_MAX + 1);
        assert_eq!(summary.failures.values().map(|seen| seen.count).sum::<u64>(), 5_000);
    }
}
