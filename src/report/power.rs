//! The power table: as text, as Markdown, and as a plot.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::campaign::power::{Power, Row};
use crate::report::campaign::grouped;

/// The medians that a good swarm keeps to.
const MARKS: [u64; 2] = [200, 1_000];

/// The columns of a row.
pub fn cells(row: &Row, trials: u64) -> [String; 7] {
    let runs = |figure: Option<u64>| figure.map_or_else(|| String::from("-"), grouped);
    let time = |figure: Option<u64>| figure.map_or_else(|| String::from("-"), milliseconds);
    let caught: Vec<String> = if row.caught_by.len() == 1 {
        row.caught_by.keys().map(ToString::to_string).collect()
    } else {
        row.caught_by.iter().map(|(property, count)| format!("{property} {count}")).collect()
    };
    [
        row.bug.to_string(),
        format!("{}/{trials}", row.found),
        runs(row.runs_median),
        runs(row.runs_90),
        time(row.microseconds_median),
        format!(
            "{} ({} to {})",
            short(row.per_thousand),
            short(row.per_thousand_from),
            short(row.per_thousand_to)
        ),
        caught.join(", "),
    ]
}

/// The heads of the columns.
pub const HEADS: [&str; 7] =
    ["bug", "found", "runs", "90 %", "CPU", "per 1,000 runs (95 %)", "caught by"];

/// The table, as text in columns.
pub fn text(power: &Power) -> String {
    let rows: Vec<_> = power.rows.iter().map(|row| cells(row, power.trials)).collect();
    columns(HEADS, &rows, 1..=4)
}

/// The table, as Markdown.
pub fn markdown(power: &Power) -> String {
    let rows: Vec<_> = power.rows.iter().map(|row| cells(row, power.trials)).collect();
    markdown_table(HEADS, &rows, 1..=4)
}

/// A table as text. The columns of figures are flush right.
pub(super) fn columns<const N: usize>(
    heads: [&str; N],
    rows: &[[String; N]],
    figures: RangeInclusive<usize>,
) -> String {
    let mut widths = heads.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut line = String::new();
        for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let _ = match figures.contains(&place) {
                true => write!(line, "{cell:>width$}  "),
                false => write!(line, "{cell:<width$}  "),
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    };
    line(heads);
    for row in rows {
        line(row.each_ref().map(String::as_str));
    }
    text
}

/// A table as Markdown. The columns of figures are flush right.
pub(super) fn markdown_table<const N: usize>(
    heads: [&str; N],
    rows: &[[String; N]],
    figures: RangeInclusive<usize>,
) -> String {
    let rule = |place: usize| if figures.contains(&place) { "---:" } else { "---" };
    let rules: Vec<&str> = (0..N).map(rule).collect();
    let mut text = format!("| {} |\n|{}|\n", heads.join(" | "), rules.join("|"));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// What the table says in all.
pub fn verdict(power: &Power) -> String {
    let within = |most: u64| {
        let soon = |row: &&Row| row.runs_median.is_some_and(|runs| runs <= most);
        power.rows.iter().filter(soon).count()
    };
    let all = power.rows.len();
    let found = power.rows.iter().filter(|row| row.found == power.trials).count();
    format!(
        "{found} of {all} bugs were found in every trial; the median is at most {} runs for {}, at most {} for {}",
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
    for runs in (0..).map(|power| 10_u64.pow(power)).take_while(|runs| *runs <= most) {
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
        for bug in measured.bugs {
            for text in [&text(&power), &markdown(&power), &svg] {
                assert!(text.contains(bug.name()), "{text}");
            }
        }
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
        assert!(verdict(&power).starts_with("2 of 2 bugs"), "{}", verdict(&power));
    }
}
