//! The power table, and that of what failures were shrunk to: as text, as Markdown, and as a plot.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::campaign::power::{Power, Row};
use crate::campaign::shrink::Shrinking;
use crate::report::campaign::{grouped, seconds};

/// The medians that a good swarm keeps to.
const MARKS: [u64; 2] = [100, 1_000];

/// A table. The columns of figures are flush right.
pub struct Table<const N: usize> {
    pub(crate) heads: [&'static str; N],
    pub(crate) rows: Vec<[String; N]>,
    figures: RangeInclusive<usize>,
}

impl<const N: usize> Table<N> {
    /// As text in columns.
    pub fn text(&self) -> String {
        let heads = self.heads.map(String::from);
        let rows = || std::iter::once(&heads).chain(&self.rows);
        let width = |place: usize| rows().map(|row| row[place].len()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        let mut text = String::new();
        for row in rows() {
            let cells = row.iter().zip(widths).enumerate().map(|(place, (cell, width))| match self
                .figures
                .contains(&place)
            {
                true => format!("{cell:>width$}  "),
                false => format!("{cell:<width$}  "),
            });
            let _ = writeln!(text, "{}", cells.collect::<String>().trim_end());
        }
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let rule = |place: usize| if self.figures.contains(&place) { "---:" } else { "---" };
        let rules: Vec<&str> = (0..N).map(rule).collect();
        let mut text = format!("| {} |\n|{}|\n", self.heads.join(" | "), rules.join("|"));
        text.extend(self.rows.iter().map(|row| format!("| {} |\n", row.join(" | "))));
        text
    }
}

/// How soon each bug was found.
pub fn table(power: &Power) -> Table<8> {
    let heads =
        ["bug", "found", "runs", "90 %", "CPU", "per 1,000 runs (95 %)", "named", "caught by"];
    let rows = power.rows.iter().map(|row| cells(row, power.trials)).collect();
    Table { heads, rows, figures: 1..=4 }
}

fn cells(row: &Row, trials: u64) -> [String; 8] {
    let or_dash = |words: Option<String>| words.unwrap_or_else(|| "-".into());
    let caught = row.caught_by.iter().map(|(property, count)| match row.caught_by.len() {
        1 => property.to_string(),
        _ => format!("{property} {count}"),
    });
    let per_thousand = [row.per_thousand, row.per_thousand_from, row.per_thousand_to].map(short);
    let [per_thousand, from, to] = per_thousand;
    [
        row.bug.to_string(),
        format!("{}/{trials}", row.found),
        or_dash(row.runs_median.map(grouped)),
        or_dash(row.runs_90.map(grouped)),
        or_dash(row.microseconds_median.map(milliseconds)),
        format!("{per_thousand} ({from} to {to})"),
        format!("{}/{}", row.named, row.found),
        caught.collect::<Vec<_>>().join(", "),
    ]
}

/// What the table says in all.
pub fn verdict(power: &Power) -> String {
    let within = |most: u64| {
        let soon = |row: &&Row| row.runs_median.is_some_and(|runs| runs <= most);
        power.rows.iter().filter(soon).count()
    };
    let all = power.rows.len();
    let found = power.rows.iter().filter(|row| row.found == power.trials).count();
    let sum = |figure: fn(&Row) -> u64| power.rows.iter().map(figure).fold(0, u64::saturating_add);
    let (trials, named) = (sum(|row| row.found), sum(|row| row.named));
    let interrupted = match power.interrupted.len() {
        0 => String::new(),
        more => {
            format!("INTERRUPTED: {more} bugs are left out, for their trials did not all end\n")
        }
    };
    format!(
        "{interrupted}{found} of {all} bugs were found in every trial; the median is at most {} runs for {}, at most {} for {}\n\
         of {trials} trials that found a bug, {named} ended with a property that names it",
        MARKS[0],
        within(MARKS[0]),
        grouped(MARKS[1]),
        within(MARKS[1])
    )
}

/// Runs in which a failure was found that the bug does not declare, each with the command that shows it.
pub fn surprises(power: &Power) -> String {
    let mut text = String::new();
    for row in &power.rows {
        for other in row.trials.iter().flat_map(|trial| &trial.otherwise) {
            let _ = writeln!(
                text,
                "{} was caught by {}, which it does not declare: squall run --seed {} --bug {}",
                row.bug,
                other.finding.name(),
                other.seed,
                row.bug
            );
        }
    }
    text
}

/// Figures in the given order of size, short.
fn short(figure: f64) -> String {
    match figure {
        0.0..1.0 => format!("{figure:.2}"),
        1.0..10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

fn milliseconds(microseconds: u64) -> String {
    match microseconds {
        0..10_000 => format!("{}.{} ms", microseconds / 1_000, microseconds / 100 % 10),
        10_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        _ => format!("{}.{} s", microseconds / 1_000_000, microseconds / 100_000 % 10),
    }
}

/// The bugs that were shrunk, with what they were shrunk to.
fn shrunk(power: &Power) -> impl Iterator<Item = (String, Shrinking)> {
    power.rows.iter().filter_map(|row| Some((row.bug.to_string(), row.shrunk?)))
}

/// What failures were shrunk to.
pub fn shrunk_table(power: &Power) -> Table<9> {
    let heads = [
        "bug",
        "nodes",
        "faults",
        "operations",
        "pins",
        "events",
        "records",
        "s",
        "left to chance",
    ];
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
    Table { heads, rows: shrunk(power).map(cells).collect(), figures: 1..=7 }
}

/// What the table says in all; nothing if nothing was shrunk.
pub fn shrunk_verdict(power: &Power) -> Option<String> {
    let median = |figure: fn(&Shrinking) -> u64| {
        let mut figures: Vec<u64> = shrunk(power).map(|(_, it)| figure(&it)).collect();
        figures.sort_unstable();
        Some((*figures.get(figures.len() / 2)?, *figures.last()?))
    };
    let (faults, faults_most) = median(|it| it.after.faults.saturating_add(it.after.operations))?;
    let (steps, steps_most) = median(|it| it.after.steps())?;
    let (events, _) = median(|it| it.after.events)?;
    let (before, _) = median(|it| it.before.events)?;
    let (time, _) = median(|it| it.milliseconds)?;
    let count = shrunk(power).count();
    let fixed = shrunk(power).filter(|(_, it)| it.seedless).count();
    Some(format!(
        "shrunk to a median of {faults} faults and operations (at most {faults_most}), with pins {steps} (at most {steps_most}), \
         and from {} events to {}; nothing is left to chance in {fixed} of {count}; in the middle it took {} s",
        grouped(before),
        grouped(events),
        seconds(time)
    ))
}

/// The plot's own units.
const WIDTH: u64 = 900;
const LEFT: u64 = 222;
const TOP: u64 = 48;
const ROW: u64 = 20;

// The plot stands in pages, too: each rule names the plot, so as not to strike anything else there.
const STYLE: &str = ".power text{font:13px sans-serif;text-anchor:middle}.power .head{font-size:17px}.power .name{text-anchor:end}\
    .power line{stroke:#ddd}.power .mark{stroke:#c0392b;stroke-opacity:.5}.power .trials{stroke:#1b5e9e;stroke-width:2}\
    .power circle{fill:#1b5e9e}";

/// The plot, as SVG: for each bug a dot at the median, and a line to what nine of ten trials needed, over a logarithmic number of runs.
pub fn svg(power: &Power) -> String {
    let mut rows: Vec<&Row> = power.rows.iter().collect();
    rows.sort_by_key(|row| row.runs_median.unwrap_or(u64::MAX));
    let most = power.runs_max.max(MARKS[1] * 2);
    let right = WIDTH - 30;
    let x = |runs: u64| {
        let share = (runs.max(1) as f64).ln() / (most as f64).ln();
        format!("{:.1}", LEFT as f64 + share * (right - LEFT) as f64)
    };
    let floor = TOP + ROW * rows.len() as u64;
    let (height, middle) = (floor + 50, u64::midpoint(LEFT, right));
    let mut text = format!(
        "<svg class=\"power\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\">\n<style>{STYLE}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text class=\"head\" x=\"{}\" y=\"26\">Runs until a bug is found: median, and 90 % of the trials</text>\n\
         <text x=\"{middle}\" y=\"{}\">runs</text>\n",
        WIDTH / 2,
        floor + 40
    );
    let upright = |class: &str, runs: u64| {
        let x = x(runs);
        format!("<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{floor}\"/>\n")
    };
    let powers = (0..).map_while(|power| 10_u64.checked_pow(power));
    for runs in powers.take_while(|runs| *runs <= most) {
        let (label, x, y) = (grouped(runs), x(runs), floor + 18);
        text += &upright("tick", runs);
        let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\">{label}</text>");
    }
    text.extend(MARKS.map(|runs| upright("mark", runs)));
    for (y, row) in (TOP + ROW / 2..).step_by(ROW as usize).zip(rows) {
        let (bug, at) = (row.bug, (LEFT - 8, y + 4));
        let _ = writeln!(text, "<text class=\"name\" x=\"{}\" y=\"{}\">{bug}</text>", at.0, at.1);
        let Some(median) = row.runs_median else { continue };
        let (from, to) = (x(median), x(row.runs_90.unwrap_or(most)));
        let _ = writeln!(
            text,
            "<line class=\"trials\" x1=\"{from}\" x2=\"{to}\" y1=\"{y}\" y2=\"{y}\"/><circle cx=\"{from}\" cy=\"{y}\" r=\"4\"/>"
        );
    }
    text + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::Settings;
    use crate::campaign::power::{Measure, measure};
    use crate::sim::BuiltIn;
    use std::time::Duration;

    #[test]
    fn every_bug_stands_in_the_table_and_in_the_plot() {
        let measured = Measure {
            bugs: vec![Bug::VoteTwice, Bug::TruncateUnconditional],
            trials: 2,
            runs_max: 500,
            settings: Settings::default(),
            jobs: 1,
            cpu_time: Duration::default,
        };
        let power = measure(&BuiltIn::new(), &measured, &|_| (), &|| false);
        let svg = svg(&power);
        for bug in &measured.bugs {
            for text in [&table(&power).text(), &table(&power).markdown(), &svg] {
                assert!(text.contains(bug.name()), "{text}");
            }
        }
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
        assert!(verdict(&power).starts_with("2 of 2 bugs"), "{}", verdict(&power));
        let none = verdict(&measure(&BuiltIn::new(), &measured, &|_| (), &|| true));
        assert!(none.starts_with("INTERRUPTED: 2 bugs are left out"), "{none}");
    }
}
