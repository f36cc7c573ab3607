//! What failures were shrunk to: as text, and as Markdown.

use crate::campaign::power::Power;
use crate::campaign::shrink::Shrinking;
use crate::report::campaign::{grouped, seconds};
use crate::report::power::{columns, markdown_table};

/// The heads of the columns.
const HEADS: [&str; 9] =
    ["bug", "nodes", "faults", "operations", "pins", "events", "records", "s", "left to chance"];
/// The columns of figures.
const FIGURES: std::ops::RangeInclusive<usize> = 1..=7;

/// The bugs that were shrunk, with what they were shrunk to.
fn all(power: &Power) -> impl Iterator<Item = (String, Shrinking)> {
    power.rows.iter().filter_map(|row| Some((row.bug.to_string(), row.shrunk?)))
}

fn rows(power: &Power) -> Vec<[String; 9]> {
    let cells = |(bug, shrinking): (String, Shrinking)| {
        let Shrinking { before, after, seedless, milliseconds, .. } = shrinking;
        let change = |before: u64, after: u64| format!("{} to {}", grouped(before), grouped(after));
        [
            bug,
            change(before.nodes, after.nodes),
            change(before.faults, after.faults),
            change(before.operations, after.operations),
            after.pins.to_string(),
            change(before.events, after.events),
            change(before.records, after.records),
            seconds(milliseconds),
            if seedless { "nothing".into() } else { "something".into() },
        ]
    };
    all(power).map(cells).collect()
}

/// The table, as text in columns.
pub fn text(power: &Power) -> String {
    columns(HEADS, &rows(power), FIGURES)
}

/// The table, as Markdown.
pub fn markdown(power: &Power) -> String {
    markdown_table(HEADS, &rows(power), FIGURES)
}

/// What the table says in all; nothing if nothing was shrunk.
pub fn verdict(power: &Power) -> Option<String> {
    let median = |figure: fn(&Shrinking) -> u64| {
        let mut figures: Vec<u64> = all(power).map(|(_, it)| figure(&it)).collect();
        figures.sort_unstable();
        Some((*figures.get(figures.len() / 2)?, *figures.last()?))
    };
    let (faults, faults_most) = median(|it| it.after.faults + it.after.operations)?;
    let (steps, steps_most) = median(|it| it.after.steps())?;
    let (events, _) = median(|it| it.after.events)?;
    let (before, _) = median(|it| it.before.events)?;
    let (time, _) = median(|it| it.milliseconds)?;
    let count = all(power).count();
    let fixed = all(power).filter(|(_, it)| it.seedless).count();
    Some(format!(
        "shrunk to a median of {faults} faults and operations (at most {faults_most}), with pins {steps} (at most {steps_most}), \
         and from {} events to {}; nothing is left to chance in {fixed} of {count}; in the middle it took {} s",
        grouped(before),
        grouped(events),
        seconds(time)
    ))
}
