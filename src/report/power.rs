//! The power table: as text, as Markdown, and as a plot.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use plotters::prelude::{
    BLACK, ChartBuilder, Circle, IntoDrawingArea, IntoLogRange, PathElement, RGBColor, SVGBackend,
    WHITE,
};
use plotters::style::Color as _;
use plotters::style::{IntoFont as _, ShapeStyle};

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

const ROW_HEIGHT: u32 = 20;
const MEDIAN: RGBColor = RGBColor(0x1b, 0x5e, 0x9e);
const MARK: RGBColor = RGBColor(0xc0, 0x39, 0x2b);

/// The plot: for each bug a dot at the median, and a line to what nine of ten trials needed, over a logarithmic number of runs.
pub fn svg(power: &Power) -> Result<String, String> {
    let mut text = String::new();
    draw(power, &mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn draw(power: &Power, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let count = power.rows.len();
    let height = ROW_HEIGHT * count as u32 + 110;
    let area = SVGBackend::with_string(text, (900, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut rows: Vec<&Row> = power.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.runs_median.unwrap_or(u64::MAX)));
    let most = power.runs_max.max(MARKS[1] * 2) as f64;
    let mut chart = ChartBuilder::on(&area)
        .caption("Runs until a bug is found: median, and 90 % of the trials", ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(210)
        .build_cartesian_2d((1.0..most).log_scale(), -0.5..count as f64 - 0.5)?;
    let name = |at: &f64| {
        let row = rows.get(at.round() as usize).filter(|_| (at - at.round()).abs() < 0.01);
        row.map_or_else(String::new, |row| row.bug.to_string())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(count * 2 + 1)
        .y_label_formatter(&name)
        .x_label_formatter(&|runs| grouped(*runs as u64))
        .x_desc("runs")
        .label_style(("sans-serif", 13).into_font().color(&BLACK))
        .draw()?;
    for mark in MARKS.map(|mark| mark as f64) {
        let ends = vec![(mark, -0.5), (mark, count as f64 - 0.5)];
        chart.draw_series([PathElement::new(ends, MARK.mix(0.5))])?;
    }
    for (at, row) in rows.iter().enumerate() {
        let at = at as f64;
        let Some(median) = row.runs_median.map(|runs| runs as f64) else { continue };
        let end = row.runs_90.map_or(most, |runs| runs as f64);
        let line = ShapeStyle::from(&MEDIAN).stroke_width(2);
        chart.draw_series([PathElement::new(vec![(median, at), (end, at)], line)])?;
        chart.draw_series([Circle::new((median, at), 4, MEDIAN.filled())])?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::Settings;
    use crate::campaign::power::{Measure, measure};
    use crate::sim::BuiltIn;

    #[test]
    fn every_bug_stands_in_the_table_and_in_the_plot() {
        let measured = Measure {
            bugs: vec![Bug::VoteTwice, Bug::TruncateUnconditional],
            trials: 2,
            runs_max: 500,
            settings: Settings::default(),
            jobs: 1,
        };
        let power = measure(&BuiltIn::new(), &measured, &|_| (), &|| false);
        let svg = svg(&power).unwrap();
        for bug in measured.bugs {
            for text in [&text(&power), &markdown(&power), &svg] {
                assert!(text.contains(bug.name()), "{text}");
            }
        }
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(verdict(&power).starts_with("2 of 2 bugs"), "{}", verdict(&power));
    }
}
