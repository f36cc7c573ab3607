//! Runs for other programs to draw: what exports share, and those for short runs, a Mermaid sequence diagram and a log for ShiViz.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::ids::NodeId;
use crate::plan::Plan;
use crate::record::{Group, Kind, Record};
use crate::shown::shown;
use crate::sim::{Outcome, Run};
use crate::time::{Span, Time};
use crate::trace::text::{message_words, words};

/// How many arrows and notes a Mermaid diagram has at most: nobody reads a longer one.
const STEPS_MAX: usize = 300;
/// How long the text of a diagram may be, in letters: Mermaid's own `maxTextSize`.
const TEXT_MAX: usize = 50_000;
/// How many events a log for ShiViz has at most: it draws each, and a browser stands still at more.
const EVENTS_MAX: usize = 2_000;

/// Which records are shown. A message is judged by its send, so that it is never shown at one end only; it counts as its sender's
/// and as its receiver's.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these nodes; all if empty.
    pub nodes: Vec<u8>,
    /// Only these groups of kinds, as [`Group`] names them; all if empty.
    pub kinds: Vec<String>,
    /// Nothing before this time.
    pub from: Option<Span>,
    /// Nothing after this time.
    pub to: Option<Span>,
}

impl Filter {
    /// Whether a record is shown.
    pub fn shows(&self, record: &Record) -> bool {
        let receiver = match record.kind {
            Kind::Send { to, .. } => Some(to),
            _ => None,
        };
        let mut ends = record.node.into_iter().chain(receiver);
        let group = record.kind.group().name();
        (self.nodes.is_empty() || ends.any(|node| self.nodes.contains(&node.number())))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == group))
            && self.clip(record.time, record.time).is_some()
    }

    /// The part of a stretch of time that is shown.
    pub fn clip(&self, from: Time, to: Time) -> Option<(Time, Time)> {
        let from = self.from.map_or(from, |bound| from.max(Time::ZERO.plus(bound)));
        let to = self.to.map_or(to, |bound| to.min(Time::ZERO.plus(bound)));
        (from <= to).then_some((from, to))
    }
}

/// A format that a run can be exported to.
pub trait Export {
    /// Takes note of a record, and gives the next part of the text. Every record comes here, shown or not.
    fn see(&mut self, record: &Record) -> String;

    /// The rest of the text.
    ///
    /// # Errors
    ///
    /// `InvalidData`: the text is too large for its format.
    fn finish(&mut self, outcome: &Outcome) -> io::Result<String>;
}

/// Exports a run.
///
/// # Errors
///
/// What was exported could not be written, or is more than the format takes.
pub fn export(run: &Run<'_>, export: &mut dyn Export, out: &mut dyn Write) -> io::Result<()> {
    let mut written = Ok(());
    run.follow(&mut |record: &Record| {
        if written.is_ok() {
            written = out.write_all(export.see(record).as_bytes());
        }
    });
    written?;
    out.write_all(export.finish(run.outcome())?.as_bytes())
}

/// Messages on their way that are shown, each with what was noted when it was sent, and how many copies have yet to arrive.
pub struct Flights<T>(pub BTreeMap<u64, (T, u8)>);

impl<T: Clone> Flights<T> {
    /// A message is sent.
    pub fn send(&mut self, id: u64, note: T) {
        self.0.insert(id, (note, 1));
    }

    /// A message will arrive once more; says whether it is shown.
    pub fn duplicate(&mut self, id: u64) -> bool {
        self.0.get_mut(&id).map(|(_, copies)| *copies += 1).is_some()
    }

    /// A copy of a message came to its end; gives its note, and whether it was the last. Nothing if the message is not shown.
    pub fn arrive(&mut self, id: u64) -> Option<(T, bool)> {
        let (note, copies) = self.0.get_mut(&id)?;
        *copies -= 1;
        let (note, last) = (note.clone(), *copies == 0);
        if last {
            self.0.remove(&id);
        }
        Some((note, last))
    }
}

/// The first lines of a text, as many as it may have, and how many there are.
#[derive(Default)]
struct Lines(Vec<String>, usize);

impl Lines {
    fn push(&mut self, max: usize, line: String) {
        self.1 += 1;
        if self.1 <= max {
            self.0.push(line);
        }
    }
}

fn check(count: usize, max: usize, what: &str, format: &str) -> io::Result<()> {
    if count <= max {
        return Ok(());
    }
    let message = format!(
        "{count} {what} are too many for {format}, which takes {max}\nhelp: choose a part of the run with --from, \
         --to, --node or --kind, as in --from 1s --to 1.2s"
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

/// Collects a sequence diagram: a line for each message, and notes for what happens to nodes.
pub struct Mermaid<'a> {
    plan: &'a Plan,
    filter: Filter,
    flights: Flights<Flight>,
    steps: Lines,
}

/// A message on its way.
#[derive(Clone)]
struct Flight {
    from: NodeId,
    to: NodeId,
    text: String,
    sent: Time,
}

impl<'a> Mermaid<'a> {
    /// An empty diagram.
    pub fn new(plan: &'a Plan, filter: Filter) -> Mermaid<'a> {
        Mermaid { plan, filter, flights: Flights(BTreeMap::new()), steps: Lines::default() }
    }

    fn note(&mut self, node: Option<NodeId>, text: &str) {
        let over = match (node, self.plan.cluster.nodes) {
            (Some(node), _) => node.to_string(),
            (None, 1) => "n1".into(),
            (None, last) => format!("n1,n{last}"),
        };
        self.steps.push(STEPS_MAX, format!("Note over {over}: {}", escape(text)));
    }

    /// A copy of a message comes to its end.
    fn arrive(&mut self, id: u64, arrow: &str, end: &str, time: Time) {
        let Some((Flight { from, to, text, sent }, _)) = self.flights.arrive(id) else { return };
        let text = escape(&format!("#{id} {text}{end} [{sent} to {time}]"));
        self.steps.push(STEPS_MAX, format!("{from}{arrow}{to}: {text}"));
    }

    /// Whether a record that is no message is worth a note. By default these are roles and what befalls nodes; whoever asks for kinds
    /// gets all of them.
    fn is_noted(&self, record: &Record) -> bool {
        let notable =
            matches!(record.kind, Kind::Role { .. }) || record.kind.group() == Group::Fault;
        (notable || !self.filter.kinds.is_empty()) && self.filter.shows(record)
    }
}

impl Export for Mermaid<'_> {
    fn see(&mut self, record: &Record) -> String {
        match record.kind {
            Kind::Send { to, id, ref message } if self.filter.shows(record) => {
                let from = record.node.expect("a message has a sender");
                let (text, sent) = (message_words(message), record.time);
                self.flights.send(id, Flight { from, to, text, sent });
            }
            Kind::Duplicate { id, .. } => _ = self.flights.duplicate(id),
            Kind::Deliver { id, .. } => self.arrive(id, "->>", "", record.time),
            Kind::Drop { id, .. } => self.arrive(id, "-x", " LOST", record.time),
            Kind::Boot { life: 1, .. } => {}
            _ if self.is_noted(record) => {
                let text = format!("{} {}", record.time, words(&record.kind, record.node));
                self.note(record.node, &text);
            }
            _ => {}
        }
        String::new()
    }

    fn finish(&mut self, outcome: &Outcome) -> io::Result<String> {
        while let Some((&id, _)) = self.flights.0.first_key_value() {
            self.arrive(id, "--)", " still under way", outcome.time);
        }
        if let Some(it) = &outcome.violation {
            let text = format!("{} VIOLATED: {}. {}", it.time, it.property, it.sentence);
            self.note(it.node, &text);
        }
        check(self.steps.1, STEPS_MAX, "arrows and notes", "Mermaid")?;
        let mut text = String::from("sequenceDiagram\n");
        if !self.plan.title.is_empty() {
            text += &format!("    title {}\n", escape(&shown(&self.plan.title)));
        }
        text.extend(self.plan.node_ids().map(|node| format!("    participant {node}\n")));
        text.extend(self.steps.0.iter().map(|step| format!("    {step}\n")));
        check(text.chars().count(), TEXT_MAX, "letters", "Mermaid")?;
        Ok(text)
    }
}

/// Text in which nothing means anything to Mermaid: `#` and `;` would begin and end an escape or a statement, and `<` a tag.
fn escape(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '#' | ';' | '<' | '>' | '&' | '%' | '`' => format!("#{};", u32::from(letter)),
        letter if letter.is_control() => " ".into(),
        letter => letter.into(),
    });
    escaped.collect()
}

/// Collects a log in the format of ShiViz's default parser: a line with the host and its vector clock, and a line of text.
///
/// Only events that are shown tick a clock, because ShiViz wants a host's own events numbered without a gap.
pub struct Shiviz {
    filter: Filter,
    /// The clock of each host: the faults of the plan, then the nodes. It says how many events of each host came before.
    clocks: Vec<Vec<u64>>,
    /// Each with the clock at its send.
    flights: Flights<Vec<u64>>,
    events: Lines,
}

impl Shiviz {
    /// An empty log.
    pub fn new(plan: &Plan, filter: Filter) -> Shiviz {
        let hosts = usize::from(plan.cluster.nodes) + 1;
        let (clocks, flights) = (vec![vec![0; hosts]; hosts], Flights(BTreeMap::new()));
        Shiviz { filter, clocks, flights, events: Lines::default() }
    }

    /// Adds an event to a host.
    fn event(&mut self, node: Option<NodeId>, text: &str) {
        let host = host(node);
        let name = |host: usize| if host == 0 { "faults".into() } else { format!("n{host}") };
        let clock = &mut self.clocks[host];
        clock[host] += 1;
        let known = clock.iter().enumerate().filter(|(_, count)| **count > 0);
        let known = known.map(|(host, count)| (name(host), (*count).into()));
        let known = serde_json::Value::Object(known.collect());
        // An event is one line, whatever its text holds.
        let text = text.replace(char::is_control, " ");
        self.events.push(EVENTS_MAX, format!("{} {known}\n{text}\n", name(host)));
    }
}

impl Export for Shiviz {
    fn see(&mut self, record: &Record) -> String {
        let host = host(record.node);
        let shown = match record.kind {
            Kind::Deliver { id, .. } => self.flights.arrive(id).map(|(sent, _)| {
                for (own, other) in self.clocks[host].iter_mut().zip(sent) {
                    *own = other.max(*own);
                }
            }),
            // Nobody hears of a message that is lost, so its clock goes nowhere.
            Kind::Drop { id, .. } => self.flights.arrive(id).map(|_| ()),
            Kind::Duplicate { id, .. } => self.flights.duplicate(id).then_some(()),
            _ => self.filter.shows(record).then_some(()),
        };
        if shown.is_some() {
            let text = format!("{} {}", record.time, words(&record.kind, record.node));
            self.event(record.node, &text);
            if let Kind::Send { id, .. } = record.kind {
                self.flights.send(id, self.clocks[host].clone());
            }
        }
        String::new()
    }

    fn finish(&mut self, outcome: &Outcome) -> io::Result<String> {
        if let Some(it) = &outcome.violation {
            let text = format!("{} VIOLATED: {}. {}", it.time, it.property, it.sentence);
            self.event(it.node, &text);
        }
        check(self.events.1, EVENTS_MAX, "events", "ShiViz")?;
        Ok(self.events.0.concat())
    }
}

/// The place of a node among the hosts of a log; without a node, that of faults.
fn host(node: Option<NodeId>) -> usize {
    node.map_or(0, |node| node.number().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_mermaid_is_escaped() {
        assert_eq!(escape("a; #1 <b>\nc"), "a#59; #35;1 #60;b#62; c");
    }
}
