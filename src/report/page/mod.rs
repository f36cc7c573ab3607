//! The page of a run: one file of HTML that shows it as a space-time diagram, and asks nothing of any network.
//!
//! Its parts lie in `assets` and are put together here; the run itself is embedded as JSON. `encode` puts records into small arrays,
//! `words` faults into words. [`campaign`] makes the page of a campaign.

pub mod campaign;
mod encode;
pub(crate) mod words;

use serde::Serialize;

use crate::ids::NodeId;
use crate::meter::series::Series;
use crate::node::Role;
use crate::oracle::PrefixId;
use crate::oracle::shadow::{NodeShadow, Shadow};
use crate::record::{Group, Kind, Record};
use crate::report::expectations::judge;
use crate::report::metrics;
use crate::report::not_happened::not_happened;
use crate::report::text;
use crate::report::turning::{Point, Turning};
use crate::sim::Run;
use crate::sim::run::Counters;
use crate::situation::Situation;
use crate::time::Time;
use crate::trace::view::{ClusterView, NodeView};
use encode::{Encoder, Tables, id};

/// The name of the format that is embedded, and its version.
const FORMAT: &str = "squall-page";
const VERSION: u32 = 1;
/// How many records a page holds by default: some ten megabytes, which a browser still opens in a few seconds.
pub const RECORDS_MAX: usize = 400_000;

const SCRIPTS: [&str; 8] = [
    include_str!("assets/model.js"),
    include_str!("assets/words.js"),
    include_str!("assets/canvas.js"),
    include_str!("assets/plots.js"),
    include_str!("assets/turning.js"),
    include_str!("assets/search.js"),
    include_str!("assets/panel.js"),
    include_str!("assets/run.js"),
];

/// Which part of a run is shown.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Nothing before this time.
    pub from: Time,
    /// Nothing after this time.
    pub to: Time,
    /// How many records at most.
    pub records_max: usize,
}

impl Default for Window {
    fn default() -> Window {
        Window { from: Time::ZERO, to: Time::MAX, records_max: RECORDS_MAX }
    }
}

/// A window with more records than a page may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooBig {
    /// How many records it has.
    pub records: usize,
    /// How many it may have.
    pub records_max: usize,
    /// From here on, what is left is small enough.
    pub fits_from: Time,
}

/// What the page is told.
#[derive(Serialize)]
struct PageData<'a> {
    format: &'static str,
    version: u32,
    squall: &'static str,
    title: &'a str,
    about: &'a str,
    command: &'a str,
    nodes: u8,
    seed: u64,
    digest: String,
    ended: String,
    time: Time,
    counters: Counters,
    /// Each metric in words, by its heading.
    metrics: Vec<(&'static str, String)>,
    plots: Plots,
    /// In a word, and what was not kept or not decided, not judged, or never happened.
    verdict: (&'static str, Vec<String>),
    violation: Option<Proof<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    turning: Option<Turn<'a>>,
    /// Faults: in words, and whether they last.
    faults: Vec<(String, bool)>,
    /// The names of kinds of records, each with the place of its group.
    kinds: Vec<(&'static str, u8)>,
    groups: [&'static str; 8],
    situations: Vec<(&'static str, &'static str)>,
    /// The number of the first record; the others follow without a gap.
    first: u64,
    /// Event and time of the record before the first.
    origin: (u64, u64),
    before: Before,
    /// Situations: the place of the record, then that of the situation, and so on.
    marks: Vec<u64>,
    #[serde(flatten)]
    tables: Tables,
    records: Vec<Vec<i64>>,
}

/// What clients saw over time.
#[derive(Serialize)]
struct Plots {
    /// How long a slice is, in nanoseconds.
    width: u64,
    slices: Vec<PlotSlice>,
}

/// Of a slice: operations begun and answered, tries failed, the half, 99 % and longest of latencies, how long nobody led, and how far a
/// member was behind, in entries and in time; times in nanoseconds.
type PlotSlice = (u64, u64, u64, [Option<u64>; 3], u64, (u64, u64));

/// How many slices a page has: a bar is a few pixels wide then.
const SLICES: u64 = 160;

impl Plots {
    fn of(series: Series) -> Plots {
        let width = series.width().0;
        let slices = series.finish().into_iter().map(|slice| {
            let latency = slice.latency;
            let nanos = [latency.p50, latency.p99, latency.max].map(|span| span.map(|it| it.0));
            let failed = slice.failed_tries + slice.given_up;
            let lag = (slice.lag_entries, slice.lag.0);
            (slice.begun, slice.answered, failed, nanos, slice.leaderless.0, lag)
        });
        Plots { width, slices: slices.collect() }
    }
}

/// A violation, with what its property says.
#[derive(Serialize)]
struct Proof<'a> {
    property: &'static str,
    says: &'static str,
    sentence: &'a str,
    /// For linearizability, the lines of a history that cannot be.
    history: &'a [String],
    node: u64,
    evidence: &'a [u64],
}

/// From which event on the futures of the run fail.
#[derive(Serialize)]
struct Turn<'a> {
    futures: u32,
    points: &'a [Point],
    turn: Option<(Point, Point)>,
    says: String,
}

impl Turn<'_> {
    fn of(turning: &Turning) -> Turn<'_> {
        let Turning { points, futures, turn, .. } = turning;
        Turn { futures: *futures, points, turn: *turn, says: turning.says() }
    }
}

/// How the cluster stood before the first record of the window.
#[derive(Default, Serialize)]
struct Before {
    /// All logs, in memory and on disk, are the same up to this index; entries are told from there on.
    base: u64,
    nodes: Vec<NodeBefore>,
}

#[derive(Default, Serialize)]
struct NodeBefore {
    up: bool,
    paused: bool,
    role: Role,
    term: u64,
    leader: u64,
    commit: u64,
    applied: u64,
    /// The last index that the log in memory, and that on disk, left to the snapshot.
    compacted: (u64, u64),
    /// Term and content of each entry.
    log: Vec<(u64, i64)>,
    durable: Vec<(u64, i64)>,
}

/// What was seen of a run.
struct Seen {
    window: Window,
    encoder: Encoder,
    shadow: Shadow,
    view: ClusterView,
    first: u64,
    origin: (u64, u64),
    before: Before,
    /// The times of all records in the window, to say what would fit.
    times: Vec<Time>,
    records: Vec<Vec<i64>>,
}

impl Seen {
    fn new(nodes: u8, window: Window) -> Seen {
        Seen {
            window,
            encoder: Encoder::new(),
            shadow: Shadow::new(nodes),
            view: ClusterView::new(nodes),
            first: 0,
            origin: (0, 0),
            before: Before::default(),
            times: Vec::new(),
            records: Vec::new(),
        }
    }

    fn see(&mut self, record: &Record) {
        if record.time > self.window.to {
            return;
        }
        if record.time >= self.window.from {
            if self.times.is_empty() {
                self.first = record.number;
                self.before = self.cluster();
            }
            self.times.push(record.time);
            if self.times.len() <= self.window.records_max {
                let words = self.encoder.encode(record);
                self.records.push(words);
            }
            return;
        }
        self.origin = (record.event, record.time.0);
        self.encoder.follow(record);
        self.shadow.observe(record);
        self.view.follow(record);
    }

    fn cluster(&mut self) -> Before {
        let nodes: Vec<&NodeShadow> = self.shadow.nodes().map(|(_, node)| node).collect();
        let base = common_prefix(&nodes);
        let entries = |log: &[PrefixId], encoder: &mut Encoder| {
            let entry = |place: &PrefixId| {
                let link = self.shadow.chain.link(*place);
                (link.term.0, encoder.content(link.content))
            };
            log[base..].iter().map(entry).collect()
        };
        let node = |(slot, node): (usize, &&NodeShadow)| {
            let NodeView { up, paused, role, term, leader, commit, applied, .. } =
                *self.view.node(NodeId::at(slot));
            NodeBefore {
                up,
                paused,
                role,
                term: term.0,
                leader: id(leader),
                commit: commit.0,
                applied: applied.0,
                compacted: (node.base.0.0, node.base.1.0),
                log: entries(&node.log, &mut self.encoder),
                durable: entries(node.on_disk(), &mut self.encoder),
            }
        };
        let nodes = nodes.iter().enumerate().map(node).collect();
        Before { base: base as u64, nodes }
    }

    fn too_big(&self) -> Option<TooBig> {
        let (records, records_max) = (self.times.len(), self.window.records_max);
        let last = self.times.get(records.checked_sub(records_max)?)?;
        (records > records_max).then_some(TooBig { records, records_max, fits_from: *last })
    }
}

/// Up to which index all logs are the same: they are if they have the same place there.
fn common_prefix(nodes: &[&NodeShadow]) -> usize {
    let logs: Vec<&Vec<PrefixId>> =
        nodes.iter().flat_map(|node| [&node.log, node.on_disk()]).collect();
    let mut same = logs.iter().map(|log| log.len()).min().unwrap_or(0);
    while same > 0 && logs.iter().any(|log| log[same - 1] != logs[0][same - 1]) {
        same -= 1;
    }
    same
}

/// Makes the page of a run. `command` is what a user types to have the run again. The turning point is drawn if there is one.
///
/// # Errors
///
/// The page would hold more records than the window allows.
pub fn html(
    run: &Run<'_>,
    command: &str,
    window: Window,
    turning: Option<&Turning>,
) -> Result<String, TooBig> {
    let (plan, outcome) = (run.plan(), run.outcome());
    let mut seen = Seen::new(plan.cluster.nodes, window);
    let mut series = metrics::series(run, SLICES);
    let mut marks = run.situations(&mut |record: &Record| {
        series.observe(record);
        seen.see(record);
    });
    if let Some(too_big) = seen.too_big() {
        return Err(too_big);
    }
    let shown = seen.first..seen.first + seen.records.len() as u64;
    marks.retain(|(record, _)| shown.contains(record));
    let violation = outcome.violation.as_ref().map(|violation| Proof {
        property: violation.property.name(),
        says: violation.property.sentence(),
        sentence: &violation.sentence,
        history: &violation.history,
        node: id(violation.node),
        evidence: &violation.evidence,
    });
    let verdict = judge(plan, outcome, false);
    let parts = [verdict.lines(), &text::not_judged(plan, outcome), &not_happened(plan, outcome)];
    let first = seen.first;
    let data = embedded(&PageData {
        format: FORMAT,
        version: VERSION,
        squall: env!("CARGO_PKG_VERSION"),
        title: &plan.title,
        about: &plan.about,
        command,
        nodes: plan.cluster.nodes,
        seed: plan.seed,
        digest: outcome.digest.to_string(),
        ended: text::ended(outcome),
        time: outcome.time,
        counters: outcome.counters,
        metrics: metrics::lines(outcome),
        plots: Plots::of(series),
        verdict: (verdict.word(), parts.concat()),
        violation,
        turning: turning.map(Turn::of),
        faults: plan.faults.iter().map(|it| (words::fault(it), words::lasts(it))).collect(),
        kinds: Kind::TABLE.iter().map(|(name, group)| (*name, *group as u8)).collect(),
        groups: Group::NAMES,
        situations: Situation::ALL.iter().map(|it| (it.name(), it.means())).collect(),
        first,
        origin: seen.origin,
        before: seen.before,
        marks: marks.iter().flat_map(|(at, it)| [at - first, it.slot() as u64]).collect(),
        tables: seen.encoder.tables,
        records: seen.records,
    });
    let (style, scripts) = (include_str!("assets/run.css"), SCRIPTS.concat());
    let parts = [("{{style}}", style), ("{{data}}", &data), ("{{script}}", &scripts)];
    Ok(filled(include_str!("assets/run.html"), &parts))
}

/// JSON that may stand in a script element: nothing in it ends the element, or begins anything else.
///
/// # Panics
///
/// If the value is none that JSON can hold, for its keys are no text.
pub fn embedded(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("it has text keys only");
    let special = ['<', '>', '&', '\u{2028}', '\u{2029}'];
    special
        .iter()
        .fold(json, |json, letter| json.replace(*letter, &format!("\\u{:04x}", u32::from(*letter))))
}

/// A page with its parts in their places, which stand in this order.
fn filled(page: &str, parts: &[(&str, &str)]) -> String {
    let (mut text, mut rest) = (String::new(), page);
    for (place, part) in parts {
        let (before, after) = rest.split_once(place).expect("the page has a place for each part");
        text.extend([before, part]);
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::sim::BuiltIn;
    use crate::time::Span;

    fn plan() -> Plan {
        Plan { horizon: Span::secs(2), ..Plan::default() }
    }

    fn page(plan: Plan, window: Window) -> Result<String, TooBig> {
        html(&Run::new(&BuiltIn::new(), plan), "squall run", window, None)
    }

    #[test]
    fn nothing_in_the_data_ends_the_script() {
        let title = "</script><script>alert(1)</script> & \u{2028}".to_owned();
        let page = page(Plan { title, ..plan() }, Window::default()).unwrap();
        assert!(page.contains("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"));
        assert!(!page.contains("<script>alert"));
    }

    /// What a run promised and did not keep, or left undecided, is no `ok` on its page.
    #[test]
    fn what_was_not_kept_or_not_decided_stands_on_the_page() {
        let mut unmet = plan();
        unmet.expect.leaders_min = Some(9);
        let text = page(unmet, Window::default()).unwrap();
        assert!(text.contains(r#""verdict":["UNMET",["1 leaders were elected, fewer than 9"]]"#));
        let undecided = page(Plan { events_max: 50, ..plan() }, Window::default()).unwrap();
        assert!(undecided.contains(r#""verdict":["UNDECIDED",["all is undecided from "#));
    }

    #[test]
    fn the_page_asks_nothing_of_a_network() {
        let page = page(plan(), Window::default()).unwrap();
        for word in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn a_page_does_not_grow_without_bound() {
        let window = Window { records_max: 100, ..Window::default() };
        let too_big = page(plan(), window).unwrap_err();
        assert_eq!(too_big.records_max, 100);
        assert!(too_big.records > 100);
        let from = too_big.fits_from.plus(Span::nanos(1));
        assert!(page(plan(), Window { from, ..window }).is_ok());
    }
}
