//! What came of the same, or of different, plans side by side: a table, and a page with bars.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::meter::Waits;
use crate::plan::Plan;
use crate::plan::metric::{Amount, Metric};
use crate::report::campaign::{grouped, rounded};
use crate::report::expectations::judge;
use crate::report::metrics::bytes;
use crate::report::page::campaign::escape;
use crate::sim::Outcome;
use crate::time::Span;

/// What came of all runs of one side.
#[derive(Default)]
pub struct Column {
    /// What the side is called.
    pub name: String,
    /// By the word of the verdict, or the property that was violated: how many runs.
    verdicts: BTreeMap<String, u64>,
    runs: u64,
    events: u64,
    leaders: u64,
    commits: u64,
    answers: u64,
    waits: Waits,
    /// What was measured in each run, in the order of the runs.
    measured: BTreeMap<Metric, Vec<Amount>>,
}

/// The metrics of many runs: the least, that of the middle, and the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spread {
    min: Amount,
    median: Amount,
    max: Amount,
}

impl Spread {
    fn of(amounts: &[Amount]) -> Option<Spread> {
        let mut sorted = amounts.to_vec();
        sorted.sort_unstable();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        Some(Spread { min, median: sorted[(sorted.len() - 1) / 2], max })
    }

    fn json(&self) -> Value {
        json!({ "min": self.min, "median": self.median, "max": self.max })
    }
}

/// An amount with three digits or so, and bytes in their units.
fn told(metric: Metric, amount: Amount) -> String {
    let is_bytes = matches!(metric, Metric::Bytes | Metric::AppendBytes | Metric::SnapshotBytes);
    match amount {
        Amount::Span(span) => rounded(span).to_string(),
        Amount::Count(count) if is_bytes => bytes(count),
        Amount::Count(count) => grouped(count),
        Amount::Share(share) => share.to_string(),
    }
}

fn number(amount: Amount) -> u64 {
    match amount {
        Amount::Count(count) => count,
        Amount::Share(share) => share.0.into(),
        Amount::Span(span) => span.0,
    }
}

impl Column {
    /// A side of which nothing was run yet.
    pub fn named(name: String) -> Column {
        Column { name, ..Column::default() }
    }

    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, outcome: &Outcome) {
        let word = match &outcome.violation {
            Some(violation) => violation.property.name().to_owned(),
            None => judge(plan, outcome, false).word().to_owned(),
        };
        *self.verdicts.entry(word).or_default() += 1;
        self.runs += 1;
        self.events += outcome.counters.events;
        self.leaders += outcome.counters.leaders;
        self.commits += outcome.counters.commits;
        self.answers += outcome.counters.answers;
        self.waits.merge(&outcome.metrics.waits);
        for metric in Metric::ALL {
            let amount = outcome.metrics.of(*metric);
            self.measured.entry(*metric).or_default().extend(amount);
        }
    }

    fn spread(&self, metric: Metric) -> Option<Spread> {
        Spread::of(self.measured.get(&metric)?)
    }

    /// Each figure with what it is.
    fn rows(&self) -> Vec<(String, String)> {
        let verdicts = self.verdicts.iter().map(|(word, runs)| (word.clone(), grouped(*runs)));
        let counts = [
            ("events", self.events),
            ("leaders elected", self.leaders),
            ("entries committed", self.commits),
            ("answers", self.answers),
        ];
        let counts = counts.map(|(label, count)| (label.to_owned(), grouped(count)));
        let waits = self.times().map(|(label, span)| {
            (label.to_owned(), span.map_or("-".into(), |span| rounded(span).to_string()))
        });
        let metrics = Metric::ALL.iter().map(|metric| {
            let spread = self.spread(*metric);
            (metric.name().to_owned(), spread.map_or("-".into(), |it| told(*metric, it.median)))
        });
        verdicts.chain(counts).chain(waits).chain(metrics).collect()
    }

    /// Over all runs together.
    fn times(&self) -> [(&'static str, Option<Span>); 4] {
        let Waits { answers, elections, .. } = &self.waits;
        [
            ("half of the answers within", answers.within(50)),
            ("99 % of the answers within", answers.within(99)),
            ("half of the elections within", elections.within(50)),
            ("99 % of the elections within", elections.within(99)),
        ]
    }

    /// All of it.
    pub fn json(&self) -> Value {
        let spreads = Metric::ALL.iter().map(|metric| {
            (metric.name().to_owned(), self.spread(*metric).map_or(Value::Null, |it| it.json()))
        });
        json!({
            "name": self.name,
            "runs": self.runs,
            "verdicts": self.verdicts,
            "events": self.events,
            "leaders": self.leaders,
            "commits": self.commits,
            "answers": self.answers,
            "answer_wait_half": self.waits.answers.within(50),
            "answer_wait_99_percent": self.waits.answers.within(99),
            "election_wait_half": self.waits.elections.within(50),
            "election_wait_99_percent": self.waits.elections.within(99),
            "metrics": Value::Object(spreads.collect()),
        })
    }
}

/// The labels of all columns in the order in which they come first, and the cell of each column.
fn table(columns: &[Column]) -> Vec<(String, Vec<String>)> {
    let rows: Vec<Vec<(String, String)>> = columns.iter().map(Column::rows).collect();
    let mut table: Vec<(String, Vec<String>)> = Vec::new();
    for (label, _) in rows.iter().flatten() {
        if table.iter().any(|(own, _)| own == label) {
            continue;
        }
        let cell = |row: &Vec<(String, String)>| {
            let found = row.iter().find(|(own, _)| own == label);
            found.map_or("-".into(), |(_, value)| value.clone())
        };
        table.push((label.clone(), rows.iter().map(cell).collect()));
    }
    table
}

/// The table in words: `what` was run stands above the labels.
pub fn text(what: &str, columns: &[Column]) -> String {
    let table = table(columns);
    let labels = table.iter().map(|(label, _)| label.len());
    let width = labels.max().unwrap_or_default().max(what.len()).max(24);
    let heads = columns.iter().map(|column| column.name.chars().count().max(12));
    let widths: Vec<usize> = heads.collect();
    let line = |label: &str, cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}"));
        format!("{label:<width$}{}\n", cells.collect::<String>())
    };
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let rows = table.iter().map(|(label, cells)| line(label, cells));
    line(what, &names) + &rows.collect::<String>()
}

/// The page: the table, and for each metric a bar for each side, from nothing to its median, with a line from its least to its most.
pub fn html(what: &str, columns: &[Column]) -> String {
    let heads: String = columns
        .iter()
        .map(|column| format!("<th class=\"number\">{}</th>", escape(&column.name)))
        .collect();
    let row = |(label, cells): &(String, Vec<String>)| {
        let cells = cells.iter().map(|cell| format!("<td class=\"number\">{}</td>", escape(cell)));
        format!("<tr><td>{}</td>{}</tr>", escape(label), cells.collect::<String>())
    };
    let rows: String = table(columns).iter().map(row).collect();
    let bars: String = Metric::ALL.iter().filter_map(|metric| bars(*metric, columns)).collect();
    let (style, what) = (include_str!("page/assets/campaign.css"), escape(what));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{what} side by side - squall</title><style>{style}</style></head><body>\
         <h1>{what} side by side</h1><section><h2>Metrics: the median of the runs, and from the least to the most</h2>\
         <div class=\"waits\">{bars}</div></section><section><h2>All figures</h2><table><thead><tr><th></th>{heads}</tr></thead>\
         <tbody>{rows}</tbody></table></section></body></html>\n"
    )
}

/// In units of the drawing: the page scales it.
const WIDTH: u64 = 560;
const LEFT: u64 = 150;
const ROW: u64 = 22;
/// How much room the widest bar has: what is right of it is for its number.
const ROOM: u64 = WIDTH - LEFT - 90;

fn bars(metric: Metric, columns: &[Column]) -> Option<String> {
    let spreads: Vec<Option<Spread>> = columns.iter().map(|it| it.spread(metric)).collect();
    let most = spreads.iter().flatten().map(|it| number(it.max)).max()?;
    let wide = |amount: Amount| {
        (u128::from(number(amount)) * u128::from(ROOM) / u128::from(most.max(1))) as u64
    };
    let bar = |(place, (column, spread)): (usize, (&Column, &Option<Spread>))| {
        let y = place as u64 * ROW + 4;
        let short: String = column.name.chars().take(22).collect();
        let name = format!(
            "<text style=\"text-anchor:start\" x=\"0\" y=\"{}\">{}</text>",
            y + 12,
            escape(&short)
        );
        let Some(Spread { min, median, max }) = *spread else { return name };
        let [low, middle, high] = [min, median, max].map(wide);
        let value = escape(&told(metric, median));
        format!(
            "{name}<rect class=\"bar\" x=\"{LEFT}\" y=\"{y}\" width=\"{}\" height=\"14\"/>\
             <line class=\"mark\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/><text style=\"text-anchor:start\" x=\"{}\" y=\"{}\">{value}</text>",
            middle.max(1),
            LEFT + low,
            LEFT + high.max(low + 1),
            y + 7,
            y + 7,
            LEFT + high.max(middle) + 6,
            y + 12
        )
    };
    let drawn: String = columns.iter().zip(&spreads).enumerate().map(bar).collect();
    let height = columns.len() as u64 * ROW + 6;
    let (name, about) = (metric.name(), escape(metric.about()));
    Some(format!(
        "<figure><figcaption><b>{name}</b><br><span class=\"soft\">{about}</span></figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{name}\">{drawn}</svg></figure>"
    ))
}
