//! A run in words: the verdict, the proof, the digest, the situations.

use std::fmt::Write as _;

use crate::guest::Features;
use crate::oracle::{Gap, Why};
use crate::plan::Plan;
use crate::property::Property;
use crate::record::Record;
use crate::sim::{Ended, Outcome, Run};
use crate::situation::{Counts, Situation, out_of_reach};
use crate::trace::text::Formatter;

/// The proof of a violation: its property and sentence, and the records as a text trace has them.
pub fn violation(run: &Run<'_>) -> Option<String> {
    let violation = run.outcome().violation.as_ref()?;
    let mut text = format!("  {}\n  {}\n", violation.property.sentence(), violation.sentence);
    text.extend(violation.detail.iter().map(|line| format!("    {line}\n")));
    if !violation.history.is_empty() {
        text += "  the history that cannot be:\n";
    }
    text.extend(violation.history.iter().map(|line| format!("    {line}\n")));
    let (time, event) = (violation.time, violation.event);
    text += &format!("  at {time}s, event {event}; the records that prove it:\n");
    let proof = lines(run, |number| violation.evidence.binary_search(&number).is_ok());
    text.extend(proof.iter().map(|(number, line)| format!("    #{number:<7}{line}\n")));
    Some(text)
}

/// Puts the records of a run that are wanted, by number, into words, with the roles and terms that nodes had.
pub fn lines(run: &Run<'_>, wanted: impl Fn(u64) -> bool) -> Vec<(u64, String)> {
    let mut formatter = Formatter::new(run.plan().cluster.nodes);
    let mut lines = Vec::new();
    run.follow(&mut |record: &Record| {
        formatter.follow(record);
        if wanted(record.number) {
            lines.push((record.number, formatter.line(record)));
        }
    });
    lines
}

/// How a run ended, in a few words.
pub fn ended(outcome: &Outcome) -> String {
    let why = match outcome.ended {
        Ended::Horizon if !outcome.violations.is_empty() => "to its horizon, past its violations",
        Ended::Horizon => "to its horizon",
        Ended::Violation => "to its first violation",
        Ended::EventLimit => "to its event limit",
        Ended::Recovered => "until the cluster had recovered",
        Ended::Idle => "until nothing was left to do",
        Ended::Interrupted => "until it was given up",
    };
    format!("{}s of virtual time, {why}", outcome.time)
}

/// How often each property was violated, where the run went on after the first violation.
pub fn violations(outcome: &Outcome) -> Option<String> {
    let counted = outcome.violations.iter().map(|(property, count)| format!("{property} {count}"));
    let counted: Vec<String> = counted.collect();
    (!counted.is_empty()).then(|| format!("violations in all: {}", counted.join(", ")))
}

/// Properties by their names.
fn names(properties: &[Property]) -> String {
    properties.iter().map(|property| property.name()).collect::<Vec<_>>().join(", ")
}

/// Which properties were judged, and from when to when.
pub fn judged(plan: &Plan, outcome: &Outcome) -> String {
    let undecided = |property: &Property| {
        let ends = |gap: &&Gap| matches!(gap.why, Why::Horizon { .. } | Why::Core { .. });
        outcome.undecided().filter(ends).any(|gap| gap.properties.contains(property))
    };
    let (open, asked): (Vec<Property>, Vec<Property>) = plan.asked().partition(undecided);
    let all = Property::ALL.len();
    let which = if asked.len() == all {
        format!("all {all} properties")
    } else if !open.is_empty() {
        format!("{} properties, {} not among them", asked.len(), names(&open))
    } else if asked.len() == all - 1 && plan.liveness.is_none() {
        format!("{} properties, liveness not among them ([liveness] asks for it)", asked.len())
    } else {
        names(&asked)
    };
    let but = if outcome.gaps.is_empty() { "" } else { ", but" };
    format!("judged: {which}, from the beginning to {}s{but}", outcome.time)
}

/// Who had to come back to life, where faults ended.
pub fn core(outcome: &Outcome) -> Option<String> {
    let nodes: Vec<String> = outcome.core.iter().map(ToString::to_string).collect();
    (!nodes.is_empty())
        .then(|| format!("the core, which must come back to life: {}", nodes.join(", ")))
}

/// What was not judged because the plan took away what it rests on: one line for each part.
pub fn not_judged(plan: &Plan, outcome: &Outcome) -> Vec<String> {
    let gaps = outcome.gaps.iter().filter(|gap| !gap.why.is_undecided());
    let words = gaps.map(|gap| match gap.why {
        Why::Drift => {
            let (drift, bound) = (plan.drift_ppm(), plan.config().drift_bound_ppm);
            format!("{gap}, by {drift} parts per million, not {bound} (drift_bound_ppm)")
        }
        _ => gap.to_string(),
    });
    words.collect()
}

/// What happened, in one line.
pub fn counters(outcome: &Outcome) -> String {
    let counters = &outcome.counters;
    format!(
        "{} events, {} messages, {} leaders, term {}, {} commits, {} answers",
        counters.events,
        counters.messages,
        counters.leaders,
        counters.term_max,
        counters.commits,
        counters.answers
    )
}

/// The situations that were reached, in columns, with how often, and what a guest that lacks these features leaves out.
pub fn situations(counts: &Counts, lacks: Features) -> String {
    let reached: Vec<(Situation, u64)> = counts.reached().collect();
    let mut text = format!("situations: {} of {}\n", reached.len(), within_reach(lacks));
    for row in reached.chunks(2) {
        let mut line = String::from(" ");
        for (situation, count) in row {
            let _ = write!(line, " {situation:<34}{count:>10}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(words) = not_exercised(lacks) {
        let _ = writeln!(text, "{words}");
    }
    text
}

/// How many situations a guest can get into that lacks these features.
pub fn within_reach(lacks: Features) -> usize {
    Situation::COUNT - out_of_reach(lacks).count()
}

/// Says what was not exercised because the guest does not have it; nothing if it has all.
pub fn not_exercised(lacks: Features) -> Option<String> {
    let situations = out_of_reach(lacks).count();
    let words = format!(
        "not exercised: this guest has no {lacks}; {situations} situations are out of its reach"
    );
    (!lacks.is_empty()).then_some(words)
}
