//! A short run as a log for ShiViz, in the format of its default parser: a line with the host and its vector clock, and a line of text.
//!
//! Only events that are shown tick a clock, because ShiViz wants a host's own events numbered without a gap.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::plan::Plan;
use crate::record::{Kind, Record};
use crate::report::export::{Export, ExportError, Filter};
use crate::sim::Outcome;
use crate::trace::text::words;

/// How many events a log has at most: ShiViz draws each, and a browser stands still at more.
pub const EVENTS_MAX: usize = 2_000;

/// Collects a log.
pub struct Shiviz<W: Write> {
    out: W,
    filter: Filter,
    /// The clock of each host: the faults of the plan, then the nodes.
    clocks: Vec<Clock>,
    /// The clock at the send of each message, and how many copies have yet to arrive.
    flights: BTreeMap<u64, (Clock, u8)>,
    /// The first of the events, as many as a log may have.
    events: Vec<String>,
    /// How many there are.
    count: usize,
}

/// How many events of each host came before.
type Clock = Vec<u64>;

impl<W: Write> Shiviz<W> {
    /// An empty log.
    pub fn new(out: W, plan: &Plan, filter: Filter) -> Shiviz<W> {
        let hosts = usize::from(plan.cluster.nodes) + 1;
        let clocks = vec![vec![0; hosts]; hosts];
        Shiviz { out, filter, clocks, flights: BTreeMap::new(), events: Vec::new(), count: 0 }
    }

    /// Adds an event to a host.
    fn event(&mut self, host: usize, text: &str) {
        let clock = &mut self.clocks[host];
        clock[host] += 1;
        self.count += 1;
        if self.count > EVENTS_MAX {
            return;
        }
        let known = clock.iter().enumerate().filter(|(_, count)| **count > 0);
        let known: serde_json::Map<String, serde_json::Value> =
            known.map(|(host, count)| (name(host), (*count).into())).collect();
        let known = serde_json::Value::Object(known);
        // An event is one line, whatever its text holds.
        let text = text.replace(char::is_control, " ");
        self.events.push(format!("{} {known}\n{text}", name(host)));
    }

    /// A copy of a message came to its end; gives the clock at its send. Nothing if the message is not shown.
    fn arrive(&mut self, id: u64) -> Option<Clock> {
        let (clock, copies) = self.flights.get_mut(&id)?;
        *copies -= 1;
        if *copies > 0 {
            Some(clock.clone())
        } else {
            self.flights.remove(&id).map(|(clock, _)| clock)
        }
    }
}

impl<W: Write> Export for Shiviz<W> {
    fn see(&mut self, record: &Record) -> io::Result<()> {
        let host = record.node.map_or(0, |node| usize::from(node.number()));
        let text = || format!("{} {}", record.time, words(&record.kind, record.node));
        match record.kind {
            Kind::Deliver { id, .. } => {
                if let Some(sent) = self.arrive(id) {
                    for (own, other) in self.clocks[host].iter_mut().zip(sent) {
                        *own = other.max(*own);
                    }
                    self.event(host, &text());
                }
            }
            // Nobody hears of a message that is lost, so its clock goes nowhere.
            Kind::Drop { id, .. } => {
                let Some(_) = self.arrive(id) else { return Ok(()) };
                self.event(host, &text());
            }
            Kind::Duplicate { id, .. } => {
                if let Some((_, copies)) = self.flights.get_mut(&id) {
                    *copies += 1;
                    self.event(host, &text());
                }
            }
            Kind::Send { id, .. } if self.filter.shows(record) => {
                self.event(host, &text());
                self.flights.insert(id, (self.clocks[host].clone(), 1));
            }
            _ if self.filter.shows(record) => self.event(host, &text()),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), ExportError> {
        if let Some(violation) = &outcome.violation {
            let host = violation.node.map_or(0, |node| usize::from(node.number()));
            let (property, sentence) = (violation.property, &violation.sentence);
            self.event(host, &format!("{} VIOLATED: {property}. {sentence}", violation.time));
        }
        if self.count > EVENTS_MAX {
            let (format, what) = ("ShiViz", "events");
            return Err(ExportError::TooLong {
                format,
                what,
                count: self.count,
                limit: EVENTS_MAX,
            });
        }
        for event in &self.events {
            writeln!(self.out, "{event}")?;
        }
        Ok(self.out.flush()?)
    }
}

fn name(host: usize) -> String {
    if host == 0 { "faults".into() } else { format!("n{host}") }
}
