//! Whether a run kept what its scenario promised.

use crate::plan::Plan;
use crate::property::Property;
use crate::sim::Outcome;

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
    let mut broken = Vec::new();
    if !cut_short {
        at_least(plan, outcome, &mut broken);
    }
    at_most(plan, outcome, &mut broken);
    let decided = outcome.violation.is_some();
    let mut undecided =
        outcome.undecided().filter(|_| !decided).map(ToString::to_string).peekable();
    match (broken.is_empty(), undecided.peek()) {
        (false, _) => Verdict::Broken(broken),
        (true, Some(_)) => Verdict::Undecided(undecided.collect()),
        (true, None) => Verdict::Kept,
    }
}

fn at_least(plan: &Plan, outcome: &Outcome, broken: &mut Vec<String>) {
    let (expect, counters) = (&plan.expect, &outcome.counters);
    if let (Some(property), None) = (expect.violation, &outcome.violation) {
        broken.push(format!("{property} was expected to be violated, but was not"));
    }
    let bounds = [
        (expect.leaders_min, counters.leaders, "leaders were elected"),
        (expect.commits_min, counters.commits, "entries were committed"),
        (expect.answers_min, counters.answers, "requests were answered"),
    ];
    for (bound, count, what) in bounds {
        if bound.is_some_and(|bound| count < bound) {
            broken.push(format!("{count} {what}, fewer than {}", bound.unwrap_or(0)));
        }
    }
    for situation in &expect.situations {
        if outcome.situations.of(*situation) == 0 {
            broken.push(format!("`{situation}` was not reached"));
        }
    }
}

fn at_most(plan: &Plan, outcome: &Outcome, broken: &mut Vec<String>) {
    let (expect, counters) = (&plan.expect, &outcome.counters);
    let bounds = [
        (expect.leaders_max, counters.leaders, "leaders were elected, more than"),
        (expect.commits_max, counters.commits, "entries were committed, more than"),
        (expect.answers_max, counters.answers, "requests were answered, more than"),
        (expect.term_max, counters.term_max.0, "is the highest term, more than"),
    ];
    for (bound, count, what) in bounds {
        if bound.is_some_and(|bound| count > bound) {
            broken.push(format!("{count} {what} {}", bound.unwrap_or(0)));
        }
    }
    for situation in &expect.never {
        let count = outcome.situations.of(*situation);
        if count > 0 {
            broken.push(format!("`{situation}` was reached {count} times"));
        }
    }
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
