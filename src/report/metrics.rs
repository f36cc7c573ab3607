//! The metrics of a run, in words and over time.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::meter::series::{Series, Slice};
use crate::meter::{Latency, Metrics};
use crate::plan::metric::Metric;
use crate::plan::{Fault, Plan};
use crate::record::Record;
use crate::report::campaign::{grouped, rounded};
use crate::sim::{Outcome, Run};
use crate::time::{Span, Time};

/// How many slices a run is cut into where it is told in words or as JSON.
pub const SLICES: u64 = 20;

/// What cuts a run into so many slices, once it is shown the records.
pub fn series(run: &Run<'_>, count: u64) -> Series {
    let plan = run.plan();
    Series::new(plan.cluster.nodes, plan.voters(), run.outcome().time, count)
}

/// How long a slice is, and the slices of a run that is followed again.
fn slices(run: &Run<'_>) -> (Span, Vec<Slice>) {
    let mut series = series(run, SLICES);
    run.follow(&mut |record: &Record| series.observe(record));
    (series.width(), series.finish())
}

/// All metrics of a run: each of the scalars that a scenario can bound, with all that they are made of, and the run over time.
pub fn value(run: &Run<'_>) -> Value {
    let metrics = &run.outcome().metrics;
    let mut value = json!(metrics);
    let scalars = Metric::ALL.iter().map(|it| (it.name().to_owned(), json!(metrics.of(*it))));
    value["scalars"] = Value::Object(scalars.collect());
    let (width, slices) = slices(run);
    value["slice"] = json!(width);
    value["over_time"] = json!(slices);
    value
}

/// The same in words.
pub fn text(run: &Run<'_>) -> String {
    let mut text = String::from("metrics\n");
    for (name, line) in lines(run.outcome()) {
        let _ = writeln!(text, "  {name:<12}{line}");
    }
    text + &over_time(run.plan(), &slices(run))
}

/// Each metric by its heading.
pub fn lines(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let metrics = &outcome.metrics;
    let mut lines = vec![
        ("requests", requests(metrics)),
        ("tries", tries(metrics)),
        ("latency", latency(&metrics.latency)),
        ("stall", stall(metrics)),
        ("leaders", leaders(outcome)),
    ];
    let lags = metrics.members.iter().map(|lag| {
        let now = match lag.entries_at_end {
            0 => String::new(),
            left => format!("; {} behind at the end", grouped(left)),
        };
        let (node, entries, time) = (lag.node, grouped(lag.entries), rounded(lag.time));
        format!("{node} at most {entries} entries and {time} behind{now}")
    });
    lines.extend(lags.map(|line| ("lag", line)));
    let sent = metrics
        .traffic
        .iter()
        .map(|it| format!("{} {}, {}", grouped(it.messages), it.kind.name(), bytes(it.bytes)));
    lines.extend(sent.map(|line| ("sent", line)));
    let lost = metrics.lost_writes;
    lines.push(("lost", format!("{} acknowledged writes", grouped(lost))));
    // A heading stands once above its lines.
    let mut before = "";
    for (name, _) in &mut lines {
        let own = *name;
        *name = if own == before { "" } else { own };
        before = own;
    }
    lines
}

fn requests(metrics: &Metrics) -> String {
    let requests = &metrics.requests;
    let mut text = format!(
        "{} begun, {} answered ({} a second)",
        grouped(requests.begun),
        grouped(requests.answered),
        grouped(metrics.throughput)
    );
    if let (1.., Some(share)) = (requests.given_up, metrics.of(Metric::GivenUpShare)) {
        let _ = write!(text, ", {} given up ({share})", grouped(requests.given_up));
    }
    if requests.unanswered() > 0 {
        let _ = write!(text, ", {} open at the end", grouped(requests.unanswered()));
    }
    text
}

fn tries(metrics: &Metrics) -> String {
    let requests = &metrics.requests;
    let failed = match metrics.of(Metric::FailedTriesShare) {
        Some(share) => format!(" ({share})"),
        None => String::new(),
    };
    format!(
        "{}, of which {} were refused and {} ran out of time{failed}",
        grouped(requests.tries),
        grouped(requests.refused),
        grouped(requests.timed_out)
    )
}

fn latency(latency: &Latency) -> String {
    let named = [("half", latency.p50), ("90 %", latency.p90), ("99 %", latency.p99)];
    let within = named.map(|(name, span)| span.map(|span| format!("{name} {}", rounded(span))));
    let all = within.into_iter().chain([latency.max.map(|max| format!("all {}", rounded(max)))]);
    let all: Vec<String> = all.flatten().collect();
    if all.is_empty() { "no answers".into() } else { format!("within: {}", all.join(", ")) }
}

fn stall(metrics: &Metrics) -> String {
    let longest = rounded(metrics.stall);
    format!("{longest} at most without an answer after a question")
}

fn leaders(outcome: &Outcome) -> String {
    let metrics = &outcome.metrics;
    let (total, longest) = (metrics.leaderless.total, metrics.leaderless.longest);
    format!(
        "{} of {} candidacies won; nobody led for {} in all, {} in a row at most",
        grouped(outcome.counters.leaders),
        grouped(metrics.elections),
        rounded(total),
        rounded(longest)
    )
}

/// Bytes in the unit that leaves at least one digit before the point.
pub fn bytes(count: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(size, _)| count >= *size) {
        None => format!("{count} B"),
        Some((size, unit)) => format!("{}.{} {unit}", count / size, count % size * 10 / size),
    }
}

/// The run over time, one line a slice.
fn over_time(plan: &Plan, (width, slices): &(Span, Vec<Slice>)) -> String {
    let width = *width;
    let rate =
        |count: u64| grouped((u128::from(count) * 1_000_000_000 / u128::from(width.0)) as u64);
    let span = |span: Option<Span>| span.map_or("-".into(), |span| rounded(span).to_string());
    let mut text = format!("over time, in slices of {}\n", rounded(width));
    let heads = [
        "from",
        "answers/s",
        "half",
        "99 %",
        "longest",
        "failed",
        "no leader",
        "behind",
        "lag",
        "commits/s",
        "sent/s",
    ];
    let row = |cells: [String; 11], faults: String| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>10} ")).collect();
        format!(" {cells} {faults}").trim_end().to_owned() + "\n"
    };
    text += &row(heads.map(str::to_owned), "faults".into());
    for slice in slices {
        let leaderless = slice.leaderless;
        let cells = [
            rounded(slice.from.since(Time::ZERO)).to_string(),
            rate(slice.answered),
            span(slice.latency.p50),
            span(slice.latency.p99),
            span(slice.latency.max),
            grouped(slice.failed_tries + slice.given_up),
            span((leaderless > Span::ZERO).then_some(leaderless)),
            grouped(slice.lag_entries),
            span((slice.lag > Span::ZERO).then_some(slice.lag)),
            rate(slice.commits),
            bytes((u128::from(slice.bytes) * 1_000_000_000 / u128::from(width.0)) as u64),
        ];
        let struck =
            slice.faults_struck.iter().map(|fault| format!("{} begins", named(plan, *fault)));
        let ended = slice.faults_ended.iter().map(|fault| format!("{} ends", named(plan, *fault)));
        let faults: Vec<String> = struck.chain(ended).collect();
        // A storm has many at once.
        let (shown, more) = (faults.len().min(4), faults.len().saturating_sub(4));
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        text += &row(cells, faults[..shown].join(", ") + &more);
    }
    text
}

/// A fault by its kind and its place in the plan.
pub fn named(plan: &Plan, place: u32) -> String {
    let kind = plan.faults.get(place as usize - 1).map(Fault::kind);
    format!("{} {place}", kind.map_or("fault", |kind| kind.name()))
}
