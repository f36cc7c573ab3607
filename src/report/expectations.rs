//! Whether a run kept what its scenario promised.

use crate::plan::Plan;
use crate::plan::metric::{Amount, Metric, MetricBounds};
use crate::property::Property;
use crate::record::Record;
use crate::report::not_happened::not_happened;
use crate::report::questions::{Topic, questions};
use crate::report::text;
use crate::sim::{Ended, Outcome, Run};
use crate::situation::Situation::{self, *};

/// How a run stands to what its scenario promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that was promised held.
    Kept,
    /// A property was violated that was not expected to be.
    Violated(Property),
    /// Something that was promised did not happen: one sentence for each.
    Broken(Vec<String>),
    /// All that was decided held, but not all was decided: one sentence for each part that was not.
    Undecided(Vec<String>),
}

impl Verdict {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Kept => "ok",
            Verdict::Violated(_) => "VIOLATED",
            Verdict::Broken(_) => "UNMET",
            Verdict::Undecided(_) => "UNDECIDED",
        }
    }

    /// What was not kept, or not decided.
    pub fn lines(&self) -> &[String] {
        match self {
            Verdict::Broken(lines) | Verdict::Undecided(lines) => lines,
            Verdict::Kept | Verdict::Violated(_) => &[],
        }
    }
}

/// Judges an outcome by what the plan promises. `cut_short` says that the run ended before its horizon by wish, so that bounds from
/// below mean nothing.
pub fn judge(plan: &Plan, outcome: &Outcome, cut_short: bool) -> Verdict {
    let found = outcome.violation.as_ref().map(|violation| violation.property);
    if let Some(property) = found
        && plan.expect.violation != Some(property)
    {
        return Verdict::Violated(property);
    }
    let cut_short = cut_short || outcome.ended == Ended::Interrupted;
    let least = at_least(plan, outcome).filter(|_| !cut_short);
    let broken = least.chain(at_most(plan, outcome)).map(|unmet| unmet.sentence);
    let broken: Vec<String> = broken.collect();
    if !broken.is_empty() {
        return Verdict::Broken(broken);
    }
    let undecided = outcome.undecided().filter(|_| outcome.violation.is_none());
    let undecided: Vec<String> = undecided.map(ToString::to_string).collect();
    if undecided.is_empty() { Verdict::Kept } else { Verdict::Undecided(undecided) }
}

/// What happened that comes nearest to each promise that was not kept: a heading for each, and lines below it.
pub fn nearest(run: &Run<'_>) -> String {
    let (plan, outcome) = (run.plan(), run.outcome());
    let mut places = Vec::new();
    let reached = run.situations(&mut |record: &Record| places.push((record.time, record.node)));
    let mut text = String::new();
    for Unmet { sentence, near } in at_least(plan, outcome).chain(at_most(plan, outcome)) {
        text += &format!("unmet: {sentence}\n");
        let related: Vec<Situation> = match near {
            Near::Violation => {
                let undecided = outcome.undecided().map(ToString::to_string);
                let undecided = std::iter::once(text::judged(plan, outcome)).chain(undecided);
                let why = undecided.chain(text::not_judged(plan, outcome));
                text.extend(why.map(|line| format!("  {line}\n")));
                continue;
            }
            Near::Measured(_) => {
                text += "  `squall run FILE --metrics` shows all metrics, and how they went over time\n";
                continue;
            }
            Near::Counted(situation) => vec![situation],
            Near::Named(situation) => {
                text += &format!("  it is: {}\n", situation.means());
                like(situation, outcome)
            }
        };
        if related.is_empty() {
            text += "  nothing like it was reached\n";
        }
        for situation in related {
            let own = || reached.iter().filter(|(_, it)| *it == situation);
            let told = |(number, _): &(u64, Situation)| {
                let (time, node) = places[*number as usize - 1];
                let node = node.map_or_else(String::new, |node| format!(" at {node}"));
                format!("{time} s{node}, #{number}")
            };
            let last = own().next_back().map(told).filter(|_| own().count() > 1);
            let last = last.map_or_else(String::new, |last| format!("; last: {last}"));
            let first = own().next().map_or_else(|| "never".into(), told);
            let count = outcome.situations.of(situation);
            text += &format!("  `{situation}` was reached {count} times; first: {first}{last}\n");
        }
    }
    text.extend(not_happened(plan, outcome).iter().map(|line| format!("also: {line}\n")));
    text
}

/// What to ask `squall why` about the promises that were not kept, as its options.
pub fn to_ask(run: &Run<'_>) -> Vec<String> {
    let (plan, outcome) = (run.plan(), run.outcome());
    let unmet = at_least(plan, outcome).chain(at_most(plan, outcome));
    let mut topics: Vec<Topic> = unmet.filter_map(|it| it.near.topic()).collect();
    topics.sort_unstable();
    topics.dedup();
    if topics.is_empty() { Vec::new() } else { questions(run, &topics) }
}

/// The situations that were reached whose names have most words of this one's, at most three.
fn like(missed: Situation, outcome: &Outcome) -> Vec<Situation> {
    // Words of one stem are alike: leader and leaders.
    let is_alike = |one: &str, other: &str| {
        let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        same >= 4 && same + 2 >= one.len().min(other.len())
    };
    let shared = |situation: Situation| {
        let has = |word: &&str| situation.name().split('-').any(|own| is_alike(own, word));
        missed.name().split('-').filter(has).count()
    };
    let mut related: Vec<(usize, u64, Situation)> = outcome
        .situations
        .reached()
        .map(|(it, count)| (shared(it), count, it))
        .filter(|(shared, ..)| *shared > 0)
        .collect();
    // What is rare says more.
    related.sort_by_key(|(shared, count, _)| (std::cmp::Reverse(*shared), *count));
    related.into_iter().take(3).map(|(.., situation)| situation).collect()
}

/// A promise that was not kept.
struct Unmet {
    sentence: String,
    near: Near,
}

/// What stands for the nearest thing to a promise.
enum Near {
    /// What was not judged.
    Violation,
    /// The situation that is counted.
    Counted(Situation),
    /// Those that have a name like this one.
    Named(Situation),
    /// A metric.
    Measured(Metric),
}

impl Near {
    /// What can be asked about it.
    fn topic(&self) -> Option<Topic> {
        match self {
            Near::Counted(CommitAdvanced) => Some(Topic::Commits),
            Near::Counted(RequestAnswered) => Some(Topic::Requests),
            Near::Counted(LeaderElected) => Some(Topic::Leaders),
            Near::Counted(ElectionStarted) => Some(Topic::Terms),
            Near::Measured(metric) => Topic::of(*metric),
            Near::Violation | Near::Counted(_) | Near::Named(_) => None,
        }
    }
}

fn at_least(plan: &Plan, outcome: &Outcome) -> impl Iterator<Item = Unmet> {
    let (expect, counters) = (&plan.expect, &outcome.counters);
    let property = expect.violation.filter(|_| outcome.violation.is_none());
    let violation = property
        .map(|property| Unmet { sentence: not_violated(property, outcome), near: Near::Violation });
    let bounds = [
        (expect.leaders_min, counters.leaders, "leaders were elected", LeaderElected),
        (expect.commits_min, counters.commits, "entries were committed", CommitAdvanced),
        (expect.answers_min, counters.answers, "requests were answered", RequestAnswered),
    ];
    let few = bounds.into_iter().filter_map(|(bound, count, what, situation)| {
        let bound = bound.filter(|bound| count < *bound)?;
        let sentence = format!("{count} {what}, fewer than {bound}");
        Some(Unmet { sentence, near: Near::Counted(situation) })
    });
    let missed = expect.situations.iter().filter(|it| outcome.situations.of(**it) == 0);
    let missed = missed.map(|situation| Unmet {
        sentence: format!("`{situation}` was not reached"),
        near: Near::Named(*situation),
    });
    let rare = expect.counts.iter().filter_map(|(situation, bounds)| {
        let (count, bound) = (outcome.situations.of(*situation), bounds.min?);
        let sentence = format!("`{situation}` was reached {count} times, fewer than {bound}");
        (count < bound).then_some(Unmet { sentence, near: Near::Named(*situation) })
    });
    let low = measured(plan, outcome).filter_map(|(bounds, found)| {
        let (metric, bound) = (bounds.metric, bounds.min?);
        let sentence = match found {
            None => format!("{metric} is to be at least {bound}, but there was nothing to measure"),
            Some(found) if found < bound => format!("{metric} is {found}, less than {bound}"),
            Some(_) => return None,
        };
        Some(Unmet { sentence, near: Near::Measured(metric) })
    });
    violation.into_iter().chain(few).chain(missed).chain(rare).chain(low)
}

/// That a property was not violated, and whether that was judged at all.
fn not_violated(property: Property, outcome: &Outcome) -> String {
    let mut sentence = format!("{property} was expected to be violated, but was not");
    for gap in outcome.gaps.iter().filter(|gap| gap.properties.contains(&property)) {
        sentence += &format!("; {gap}");
    }
    sentence
}

/// The metrics that have bounds, and what was measured.
fn measured(
    plan: &Plan,
    outcome: &Outcome,
) -> impl Iterator<Item = (MetricBounds, Option<Amount>)> {
    plan.expect.metrics.bounds().map(|bounds| (bounds, outcome.metrics.of(bounds.metric)))
}

fn at_most(plan: &Plan, outcome: &Outcome) -> impl Iterator<Item = Unmet> {
    let (expect, counters) = (&plan.expect, &outcome.counters);
    let bounds = [
        (expect.leaders_max, counters.leaders, "leaders were elected", LeaderElected),
        (expect.commits_max, counters.commits, "entries were committed", CommitAdvanced),
        (expect.answers_max, counters.answers, "requests were answered", RequestAnswered),
        (expect.term_max, counters.term_max.0, "is the highest term", ElectionStarted),
    ];
    let many = bounds.into_iter().filter_map(|(bound, count, what, situation)| {
        let bound = bound.filter(|bound| count > *bound)?;
        let sentence = format!("{count} {what}, more than {bound}");
        Some(Unmet { sentence, near: Near::Counted(situation) })
    });
    let reached = expect.never.iter().map(|it| (it, outcome.situations.of(*it)));
    let reached = reached.filter(|(_, count)| *count > 0);
    let reached = reached.map(|(it, count)| Unmet {
        sentence: format!("`{it}` was reached {count} times"),
        near: Near::Counted(*it),
    });
    let often = expect.counts.iter().filter_map(|(situation, bounds)| {
        let (count, bound) = (outcome.situations.of(*situation), bounds.max?);
        let sentence = format!("`{situation}` was reached {count} times, more than {bound}");
        (count > bound).then_some(Unmet { sentence, near: Near::Counted(*situation) })
    });
    let high = measured(plan, outcome).filter_map(|(bounds, found)| {
        let (metric, bound) = (bounds.metric, bounds.max?);
        let sentence = match found {
            None => format!("{metric} is to be at most {bound}, but there was nothing to measure"),
            Some(found) if found > bound => format!("{metric} is {found}, more than {bound}"),
            Some(_) => return None,
        };
        Some(Unmet { sentence, near: Near::Measured(metric) })
    });
    many.chain(reached).chain(often).chain(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::run;

    #[test]
    fn a_promise_that_is_not_kept_is_named() {
        let mut plan = Plan { horizon: crate::time::Span::secs(2), ..Plan::default() };
        plan.expect.leaders_min = Some(1);
        assert_eq!(judge(&plan, &run(&plan), false), Verdict::Kept);
        plan.expect.leaders_min = Some(9);
        plan.expect.never = vec![Situation::LeaderElected];
        plan.expect.violation = Some(Property::Durability);
        let Verdict::Broken(broken) = judge(&plan, &run(&plan), false) else { panic!("kept") };
        assert_eq!(broken.len(), 3, "{broken:?}");
        let Verdict::Broken(broken) = judge(&plan, &run(&plan), true) else { panic!("kept") };
        assert_eq!(broken.len(), 1, "{broken:?}");
    }
}
