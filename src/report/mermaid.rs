//! A short run as a Mermaid sequence diagram: a line for each message, and notes for what happens to nodes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::ids::NodeId;
use crate::plan::Plan;
use crate::record::{Group, Kind, Record};
use crate::report::export::{Export, ExportError, Filter};
use crate::shown::shown;
use crate::sim::Outcome;
use crate::time::Time;
use crate::trace::text::{message_words, words};

/// How many arrows and notes a diagram has at most: nobody reads a longer one.
pub const STEPS_MAX: usize = 300;
/// How long the text of a diagram may be, in letters: Mermaid's own `maxTextSize`.
const TEXT_MAX: usize = 50_000;

/// Collects a diagram.
pub struct Mermaid<'a, W: Write> {
    out: W,
    plan: &'a Plan,
    filter: Filter,
    /// Messages on their way.
    flights: BTreeMap<u64, Flight>,
    /// The first of the arrows and notes, as many as a diagram may have.
    steps: Vec<String>,
    /// How many there are.
    count: usize,
}

/// A message on its way.
struct Flight {
    from: NodeId,
    to: NodeId,
    text: String,
    sent: Time,
    /// How many copies have yet to arrive.
    copies: u8,
}

impl<'a, W: Write> Mermaid<'a, W> {
    /// An empty diagram.
    pub fn new(out: W, plan: &'a Plan, filter: Filter) -> Mermaid<'a, W> {
        Mermaid { out, plan, filter, flights: BTreeMap::new(), steps: Vec::new(), count: 0 }
    }

    fn step(&mut self, line: String) {
        self.count += 1;
        if self.count <= STEPS_MAX {
            self.steps.push(line);
        }
    }

    fn note(&mut self, node: Option<NodeId>, text: &str) {
        let over = match (node, self.plan.cluster.nodes) {
            (Some(node), _) => node.to_string(),
            (None, 1) => "n1".into(),
            (None, last) => format!("n1,n{last}"),
        };
        self.step(format!("Note over {over}: {}", escape(text)));
    }

    /// A copy of a message comes to its end.
    fn arrive(&mut self, id: u64, arrow: &str, end: &str, time: Time) {
        let Some(flight) = self.flights.get_mut(&id) else { return };
        flight.copies -= 1;
        let Flight { from, to, text, sent, copies } = &*flight;
        let text = escape(&format!("#{id} {text}{end} [{sent} to {time}]"));
        let line = format!("{from}{arrow}{to}: {text}");
        if *copies == 0 {
            self.flights.remove(&id);
        }
        self.step(line);
    }

    /// Whether a record that is no message is worth a note. By default these are roles and what befalls nodes; whoever asks for kinds
    /// gets all of them.
    fn is_noted(&self, record: &Record) -> bool {
        let notable =
            matches!(record.kind, Kind::Role { .. }) || record.kind.group() == Group::Fault;
        (notable || !self.filter.kinds.is_empty()) && self.filter.shows(record)
    }
}

impl<W: Write> Export for Mermaid<'_, W> {
    fn see(&mut self, record: &Record) -> io::Result<()> {
        match record.kind {
            Kind::Send { to, id, ref message } if self.filter.shows(record) => {
                let from = record.node.expect("a message has a sender");
                let (text, sent) = (message_words(message), record.time);
                self.flights.insert(id, Flight { from, to, text, sent, copies: 1 });
            }
            Kind::Duplicate { id, .. } => {
                if let Some(flight) = self.flights.get_mut(&id) {
                    flight.copies += 1;
                }
            }
            Kind::Deliver { id, .. } => self.arrive(id, "->>", "", record.time),
            Kind::Drop { id, .. } => self.arrive(id, "-x", " LOST", record.time),
            Kind::Boot { life: 1, .. } => {}
            _ if self.is_noted(record) => {
                let text = format!("{} {}", record.time, words(&record.kind, record.node));
                self.note(record.node, &text);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), ExportError> {
        while let Some((&id, _)) = self.flights.first_key_value() {
            self.arrive(id, "--)", " still under way", outcome.time);
        }
        if let Some(violation) = &outcome.violation {
            let text = format!(
                "{} VIOLATED: {}. {}",
                violation.time, violation.property, violation.sentence
            );
            self.note(violation.node, &text);
        }
        if self.count > STEPS_MAX {
            let (format, what) = ("Mermaid", "arrows and notes");
            return Err(ExportError::TooLong { format, what, count: self.count, limit: STEPS_MAX });
        }
        let mut text = String::from("sequenceDiagram\n");
        if !self.plan.title.is_empty() {
            text += &format!("    title {}\n", escape(&shown(&self.plan.title)));
        }
        for node in self.plan.node_ids() {
            text += &format!("    participant {node}\n");
        }
        for step in &self.steps {
            text += &format!("    {step}\n");
        }
        let count = text.chars().count();
        if count > TEXT_MAX {
            let (format, what) = ("Mermaid", "letters");
            return Err(ExportError::TooLong { format, what, count, limit: TEXT_MAX });
        }
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }
}

/// Text in which nothing means anything to Mermaid: `#` and `;` would begin and end an escape or a statement, and `<` a tag.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '#' | ';' | '<' | '>' | '&' | '%' | '`' => {
                escaped.push_str(&format!("#{};", u32::from(letter)));
            }
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_mermaid_is_escaped() {
        assert_eq!(escape("a; #1 <b>\nc"), "a#59; #35;1 #60;b#62; c");
    }
}
