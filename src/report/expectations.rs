//! Whether a run kept what its scenario promised.

use crate::plan::Plan;
use crate::property::Property;
use crate::sim::{Ended, Outcome};

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

/// Judges an outcome by what the plan promises. `cut_short` says that the run ended before its horizon by wish, so that bounds from
/// below mean nothing.
pub fn judge(plan: &Plan, outcome: &Outcome, cut_short: bool) -> Verdict {
    let found = outcome.violation.as_ref().map(|violation| violation.property);
    if let Some(property) = found
        && plan.expect.violation != Some(property)
    {
        return Verdict::Violated(property);
    }
    let broken: Vec<String> = match cut_short || outcome.ended == Ended::Interrupted {
        true => at_most(plan, outcome).collect(),
        false => at_least(plan, outcome).chain(at_most(plan, outcome)).collect(),
    };
    if !broken.is_empty() {
        return Verdict::Broken(broken);
    }
    let undecided = outcome.undecided().filter(|_| outcome.violation.is_none());
    let undecided: Vec<String> = undecided.map(ToString::to_string).collect();
    if undecided.is_empty() { Verdict::Kept } else { Verdict::Undecided(undecided) }
}

fn at_least(plan: &Plan, outcome: &Outcome) -> impl Iterator<Item = String> {
    let (expect, counters) = (&plan.expect, &outcome.counters);
    let property = expect.violation.filter(|_| outcome.violation.is_none());
    let violation =
        property.map(|property| format!("{property} was expected to be violated, but was not"));
    let bounds = [
        (expect.leaders_min, counters.leaders, "leaders were elected"),
        (expect.commits_min, counters.commits, "entries were committed"),
        (expect.answers_min, counters.answers, "requests were answered"),
    ];
    let few = bounds.into_iter().filter_map(|(bound, count, what)| {
        let bound = bound.filter(|bound| count < *bound)?;
        Some(format!("{count} {what}, fewer than {bound}"))
    });
    let missed = expect.situations.iter().filter(|it| outcome.situations.of(**it) == 0);
    let missed = missed.map(|situation| format!("`{situation}` was not reached"));
    violation.into_iter().chain(few).chain(missed)
}

fn at_most(plan: &Plan, outcome: &Outcome) -> impl Iterator<Item = String> {
    let (expect, counters) = (&plan.expect, &outcome.counters);
    let bounds = [
        (expect.leaders_max, counters.leaders, "leaders were elected"),
        (expect.commits_max, counters.commits, "entries were committed"),
        (expect.answers_max, counters.answers, "requests were answered"),
        (expect.term_max, counters.term_max.0, "is the highest term"),
    ];
    let many = bounds.into_iter().filter_map(|(bound, count, what)| {
        let bound = bound.filter(|bound| count > *bound)?;
        Some(format!("{count} {what}, more than {bound}"))
    });
    let reached = expect.never.iter().map(|it| (it, outcome.situations.of(*it)));
    let reached = reached.filter(|(_, count)| *count > 0);
    many.chain(reached.map(|(it, count)| format!("`{it}` was reached {count} times")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::run;
    use crate::situation::Situation;

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
