//! A run in words: the verdict, the proof, the digest, the situations.

use std::fmt::Write as _;

use crate::guest::Features;
use crate::plan::Plan;
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
        text += "  the shortest history that cannot be:\n";
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
        Ended::Horizon => "to its horizon",
        Ended::Violation => "to its first violation",
        Ended::EventLimit => "to its event limit",
        Ended::Recovered => "until the cluster had recovered",
        Ended::Idle => "until nothing was left to do",
        Ended::Interrupted => "until it was given up",
    };
    format!("{}s of virtual time, {why}", outcome.time)
}

/// Why reads are not judged.
pub const READS_LEFT_OUT: &str = "clocks drift by more than leases bear";

/// Says that reads were not judged, by how much clocks drift, and what leases bear; none where they were.
pub fn reads_left_out(plan: &Plan, outcome: &Outcome) -> Option<String> {
    let (drift, bound) = (plan.drift_ppm(), plan.config().drift_bound_ppm);
    let words = format!(
        "reads are not judged: {READS_LEFT_OUT}, by {drift} parts per million, not {bound} (drift_bound_ppm)"
    );
    outcome.reads_left_out.then_some(words)
}

/// What happened, in one line.
pub fn counters(outcome: &Outcome) -> String {
    let counters = &outcome.counters;
    let undecided = match counters.undecided {
        0 => String::new(),
        keys => format!(", linearizability of {keys} keys undecided"),
    };
    format!(
        "{} events, {} messages, {} leaders, term {}, {} commits, {} answers{undecided}",
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
