//! The story of a violation, from records alone: what led to it, in order and in words, without what does not matter.

mod asked;
mod endless;
mod focus;
mod names;
mod past;
mod story;

use std::fmt::Write as _;

use endless::Endless;

use crate::ids::{NodeId, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::Violation;
use crate::oracle::shadow::{NodeShadow, Shadow};
use crate::plan::scenario;
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::shown::{fenced, shown, shown_markdown};
use crate::sim::Run;
use crate::sim::runner::RECORDS_MAX;
use crate::time::Time;
use crate::trace::view::ClusterView;

/// One thing that mattered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The record's number.
    pub number: u64,
    /// When it happened.
    pub time: Time,
    /// The node, and its term then.
    pub node: Option<(NodeId, Term)>,
    /// What happened, in words.
    pub text: String,
    /// How much it matters.
    rank: Rank,
}

/// How much a line matters, from least to most: where there is no room for all, those that matter most stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It matters to nothing that is told; a word of it is there in case it is evidence.
    Aside,
    /// It goes as it always goes, and what comes of it has a line of its own.
    Routine,
    /// A circumstance of what other lines tell: of lesser lines none is told.
    Circumstance,
    /// It sets something off: a fault strikes, a message of an earlier term comes.
    Cause,
    /// A node takes the next step that its part asks of it: it stands, steps down, acknowledges.
    Step,
    /// From here on things can go another way: a restart, a vote, a commit, a message that comes late.
    Turn,
    /// What was promised or stored is lost, or a node does what it never should.
    Wrong,
    /// It decides what the violation is about: an election is won, a wrong vote leaves, an entry goes, a client hears.
    Decisive,
    /// It proves the violation, and is never left out.
    Evidence,
}

/// How much a record matters, and the words for it, if it can matter at all.
type Told = Option<(Rank, String)>;

/// How a violation came about.
#[derive(Debug)]
pub struct Explanation {
    /// The violation.
    pub violation: Violation,
    /// What led to it, in order.
    pub lines: Vec<Line>,
    /// How many records are not told.
    left_out: usize,
    /// Who is not in the story.
    idle: Vec<NodeId>,
    /// What goes on for ever, where it is liveness that was violated.
    endless: Endless,
    /// How each node stands in the end, where it is liveness that was violated.
    standing: Vec<String>,
}

/// What to do next about a run that fails; the source is what names it.
pub fn next_steps(source: &str) -> String {
    format!("\nnext:\n  squall report {source}\n  squall shrink {source}\n")
}

/// How many lines are no part of the story: what is left out, what does not hold and why, and what to do next.
const LINES_AROUND: usize = 10;

/// Tells the violation of a run, in a text of so many lines with all that belongs to it, or more if the evidence takes more; none if there
/// is no violation.
///
/// # Errors
///
/// A sentence, if the run has too many records to hold.
pub fn explain(run: &Run<'_>, lines_max: usize) -> Result<Option<Explanation>, String> {
    let Some(violation) = run.outcome().violation.clone() else { return Ok(None) };
    let made = run.outcome().counters.records;
    if made > RECORDS_MAX as u64 {
        return Err(format!(
            "the run makes {made} records, more than the {RECORDS_MAX} that can be held; `squall shrink` makes it shorter"
        ));
    }
    let mut seen = Vec::new();
    let records = run.records().unwrap_or_else(|| {
        run.follow(&mut |record| seen.push(*record));
        &seen
    });
    let plan = run.plan();
    let standing = match violation.property {
        Property::Liveness => standing(plan.cluster.nodes, records),
        _ => Vec::new(),
    };
    // Each has a heading, and an empty line before it.
    let headed = |lines: usize| if lines == 0 { 0 } else { lines + 2 };
    let endless = match violation.property {
        Property::Liveness => endless::tell(plan, records, &violation),
        _ => Endless::default(),
    };
    let around = LINES_AROUND + headed(standing.len()) + headed(endless.count());
    let around = around + violation.detail.len() + violation.history.len();
    let told = story::tell(plan, records, &violation);
    let lines = chosen(told, lines_max.saturating_sub(around));
    let all = || lines.iter().chain(&endless.lines);
    let is_idle = |node: &NodeId| !all().any(|line| line.mentions(*node));
    let idle = plan.node_ids().filter(is_idle).collect();
    let left_out = records.len() - lines.len();
    Ok(Some(Explanation { violation, left_out, lines, idle, endless, standing }))
}

/// The lines that matter most, in order; of two that matter the same, the later one.
fn chosen(mut lines: Vec<Line>, lines_max: usize) -> Vec<Line> {
    let evidence = lines.iter().filter(|line| line.rank == Rank::Evidence).count();
    lines.retain(|line| line.rank >= Rank::Circumstance);
    lines.sort_by_key(|line| std::cmp::Reverse((line.rank, line.number)));
    lines.truncate(lines_max.max(evidence));
    lines.sort_by_key(|line| line.number);
    lines
}

impl Line {
    /// For a terminal.
    fn shown(&self) -> String {
        let (node, term) = self
            .node
            .map_or_else(Default::default, |(node, term)| (node.to_string(), format!("t{term}")));
        let mark = if self.rank == Rank::Evidence { '*' } else { ' ' };
        let number = format!("#{}", self.number);
        let Line { time, text: what, .. } = self;
        format!("{mark} {time:>10}  {node:<4}{term:<5}{number:<8}{what}\n")
    }

    /// For a list in Markdown.
    fn item(&self) -> String {
        let Line { number, time, text: what, node, rank } = self;
        let node = node.map(|(node, term)| format!("**{node}** (term {term}) "));
        let node = node.unwrap_or_default();
        let proof = if *rank == Rank::Evidence { " **Proof.**" } else { "" };
        format!("- {time} s, #{number}: {node}{what}.{proof}\n")
    }

    fn mentions(&self, node: NodeId) -> bool {
        let name = node.to_string();
        let mut words = self.text.split(|c: char| !c.is_ascii_alphanumeric());
        self.node.is_some_and(|(own, _)| own == node) || words.any(|word| word == name)
    }
}

impl Explanation {
    /// For a terminal. The source is what names the run in the next commands.
    pub fn text(&self, source: &str) -> String {
        self.story() + &next_steps(source)
    }

    /// The same without the next commands.
    pub fn story(&self) -> String {
        let mut text = String::new();
        self.lines.iter().for_each(|line| text.push_str(&line.shown()));
        let Violation { property, sentence, detail, history, .. } = &self.violation;
        let (says, rule) = (property.sentence(), property.rule());
        let _ = writeln!(text, "  {}\n\n{property}: {says}\n  {sentence}", self.rest());
        text.extend(detail.iter().chain(history).map(|line| format!("    {line}\n")));
        let evidence = self.evidence();
        let _ = writeln!(text, "  proof, marked with *: {evidence}\n  the rule: {rule}");
        if self.endless.count() > 0 {
            text.push_str("\nwhat goes on for ever:\n");
        }
        text.extend(self.endless.lines.iter().map(Line::shown));
        text.extend(self.endless.repeated.iter().map(|line| format!("  {line}\n")));
        if !self.standing.is_empty() {
            text.push_str("\nin the end:\n");
        }
        text.extend(self.standing.iter().map(|line| format!("  {line}\n")));
        text
    }

    /// One round of what goes on for ever, where it is liveness that was violated.
    pub fn round(&self) -> &[Line] {
        &self.endless.lines
    }

    /// How often it was repeated, in words.
    pub fn repeated(&self) -> &[String] {
        &self.endless.repeated
    }

    /// As a report of a bug, with all that makes it happen again.
    pub fn markdown(&self, run: &Run<'_>) -> String {
        let plan = run.plan();
        let Violation { property, sentence, detail, history, .. } = &self.violation;
        let (says, rule) = (property.sentence(), property.rule());
        let mut text = format!("# {property}: {sentence}\n\n");
        if !plan.title.is_empty() {
            let _ = writeln!(text, "{}\n", shown_markdown(&plan.title));
        }
        text.push_str("## What happened\n\n");
        text.extend(self.lines.iter().map(Line::item));
        let _ = writeln!(text, "\n{}.\n\n## What does not hold\n", self.rest());
        let _ = writeln!(text, "{says}\n\n{sentence}\n");
        if !detail.is_empty() {
            let _ = writeln!(text, "{}", fenced("", &detail.join("\n")));
        }
        if !history.is_empty() {
            let history = history.join("\n");
            let _ = writeln!(text, "The history that cannot be:\n\n{}", fenced("", &history));
        }
        let evidence = self.evidence();
        let _ = writeln!(text, "The records that prove it: {evidence}.\n\nThe rule: {rule}\n");
        if self.endless.count() > 0 {
            text.push_str("## What goes on for ever\n\n");
            text.extend(self.endless.lines.iter().map(Line::item));
            text.extend(self.endless.repeated.iter().map(|line| format!("- {line}.\n")));
            text.push('\n');
        }
        text.extend(self.standing.iter().map(|line| format!("- In the end {line}.\n")));
        if !self.standing.is_empty() {
            text.push('\n');
        }
        let mut plan = plan.clone();
        plan.title = shown(&plan.title);
        plan.about = plan.about.split('\n').map(shown).collect::<Vec<_>>().join("\n");
        let (version, toml) = (env!("CARGO_PKG_VERSION"), scenario::to_toml(&plan));
        let _ = writeln!(
            text,
            "## How to make it happen again\n\nSave this as `bug.toml` and run `squall run bug.toml` with squall {version}:\n"
        );
        text + &fenced("toml", toml.trim_end())
    }

    fn evidence(&self) -> String {
        let numbers = self.violation.evidence.iter().map(|number| format!("#{number}"));
        numbers.collect::<Vec<_>>().join(", ")
    }

    fn rest(&self) -> String {
        let names: Vec<String> = self.idle.iter().map(NodeId::to_string).collect();
        let idle = match names.as_slice() {
            [] => String::new(),
            [one] => format!("; {one} takes no part"),
            [most @ .., last] => format!("; {} and {last} take no part", most.join(", ")),
        };
        format!("left out: {} records that do not matter{idle}", self.left_out)
    }
}

/// What is counted of each node since faults ended.
const DEEDS: [&str; 5] = [
    "became pre-candidate",
    "was refused a pre-vote",
    "stood",
    "was refused a vote",
    "refused a request",
];

/// How a cluster stands that did not come back to life: what each node is in the end, and why nobody elected it.
fn standing(nodes: u8, records: &[Record]) -> Vec<String> {
    let mut shadow = Shadow::new(nodes);
    let mut view = ClusterView::new(nodes);
    // Nothing for nodes outside the core.
    let mut deeds: Vec<Option<[u32; DEEDS.len()]>> = vec![None; usize::from(nodes)];
    for record in records {
        shadow.observe(record);
        view.follow(record);
        let Some(id) = record.node else { continue };
        let deed = match record.kind {
            Kind::Recovery { .. } => {
                deeds[id.slot()] = Some(Default::default());
                continue;
            }
            Kind::Role { role: Role::PreCandidate, .. } => 0,
            Kind::Deliver { message: Summary::PreVoteReply { granted: false, .. }, .. } => 1,
            Kind::Role { role: Role::Candidate, .. } => 2,
            Kind::Deliver { message: Summary::Vote { granted: false, .. }, .. } => 3,
            Kind::Reply { applied: false, .. } => 4,
            _ => continue,
        };
        if let Some(deeds) = &mut deeds[id.slot()] {
            deeds[deed] += 1;
        }
    }
    let line = |(id, log): (NodeId, &NodeShadow)| {
        let node = view.node(id);
        let what = match (node.up, node.role) {
            (false, _) => "is down".to_owned(),
            (_, Role::Leader) => format!("leads term {}", node.term),
            (_, Role::Candidate) => format!("stands in term {}", node.term),
            (_, Role::PreCandidate) => format!("asks for pre-votes in term {}", node.term),
            (_, Role::Follower) => format!("follows in term {}", node.term),
        };
        let since = match deeds[id.slot()] {
            None => "; it is outside the core".into(),
            Some(counts) if counts.iter().all(|count| *count == 0) => String::new(),
            Some(counts) => {
                let counted = counts.iter().zip(DEEDS).filter(|(count, _)| **count > 0);
                let counted = counted.map(|(count, what)| format!("{what} {count} times"));
                format!("; since faults ended it {}", counted.collect::<Vec<_>>().join(", "))
            }
        };
        let (last, applied) = (log.last_index(), node.applied);
        format!("{id} {what}, has a log up to {last} and has applied {applied}{since}")
    };
    shadow.nodes().map(line).collect()
}
