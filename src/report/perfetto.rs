//! A run for ui.perfetto.dev and chrome://tracing, in the Trace Event Format: each node is a thread of one process.
//!
//! What a node is (its role, or down) and a pause are spans. A message is a very short span at each end, and a flow from the one to the
//! other. Faults have a lane of their own. Everything else is an instant. Times are microseconds, with nanoseconds behind the point.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use crate::ids::NodeId;
use crate::node::Role;
use crate::plan::Plan;
use crate::record::{Kind, Record};
use crate::report::export::{Export, Filter, Flights};
use crate::sim::Outcome;
use crate::time::Time;
use crate::trace::text::{message_words, words};
use crate::trace::view::{ClusterView, NodeView};

/// The one process.
const PROCESS: u8 = 1;
/// The lane of faults; a node's lane has its number.
const FAULTS: u8 = 0;
/// How long the span of a message is, in microseconds: a nanosecond, so that two never overlap by half.
const MESSAGE_MICROS: f64 = 0.001;

/// Writes events as the run goes.
pub struct Perfetto<'a> {
    plan: &'a Plan,
    filter: Filter,
    view: ClusterView,
    /// Since when each node is what it is, and since when it stands still.
    lanes: Vec<(Time, Option<Time>)>,
    /// Each with who sent it.
    flights: Flights<NodeId>,
    /// Faults in force: the fault, and the number of its strike.
    in_force: Vec<(u32, u64)>,
    strikes: u64,
    /// What is to be written, and what stands before the next event.
    text: String,
    separator: &'static str,
}

/// What a node is, as the name of a span; none before it first starts.
fn state(node: &NodeView) -> Option<String> {
    let role = match node.role {
        _ if node.life == 0 => return None,
        _ if !node.up => return Some("down".into()),
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::PreCandidate => "pre-candidate",
        Role::Leader => "leader",
    };
    Some(format!("{role}, term {}", node.term))
}

impl<'a> Perfetto<'a> {
    /// Starts with the names of the lanes.
    pub fn new(plan: &'a Plan, filter: Filter) -> Perfetto<'a> {
        let mut perfetto = Perfetto {
            plan,
            filter,
            view: ClusterView::new(plan.cluster.nodes),
            lanes: vec![(Time::ZERO, None); usize::from(plan.cluster.nodes)],
            flights: Flights(BTreeMap::new()),
            in_force: Vec::new(),
            strikes: 0,
            text: String::from("{\"displayTimeUnit\":\"ms\",\"traceEvents\":["),
            separator: "\n",
        };
        let title = if plan.title.is_empty() { "squall" } else { &plan.title };
        perfetto.name("process_name", FAULTS, title);
        perfetto.name("thread_name", FAULTS, "faults");
        for node in plan.node_ids() {
            perfetto.name("thread_name", node.number(), &node.to_string());
        }
        perfetto
    }

    fn name(&mut self, what: &str, lane: u8, name: &str) {
        self.write(json!({ "ph": "M", "name": what, "tid": lane, "args": { "name": name } }));
        self.write(json!({
            "ph": "M", "name": "thread_sort_index", "tid": lane, "args": { "sort_index": lane },
        }));
    }

    fn write(&mut self, mut event: Value) {
        event["pid"] = PROCESS.into();
        self.text += std::mem::replace(&mut self.separator, ",\n");
        self.text += &event.to_string();
    }

    /// A node is something else from now on; what it was before becomes a span.
    fn leave(&mut self, node: NodeId, before: &NodeView, now: Time) {
        let since = std::mem::replace(&mut self.lanes[node.slot()].0, now);
        if let Some(name) = state(before) {
            self.span(node, &name, since, now);
        }
    }

    fn resume(&mut self, node: NodeId, now: Time) {
        if let Some(since) = self.lanes[node.slot()].1.take() {
            self.span(node, "paused", since, now);
        }
    }

    /// The part of a span that is shown. One that takes no time is none: a node went through that state within one step.
    fn span(&mut self, node: NodeId, name: &str, from: Time, to: Time) {
        let nodes = &self.filter.nodes;
        let shown = nodes.is_empty() || nodes.contains(&node.number());
        if let Some((from, to)) = self.filter.clip(from, to).filter(|(from, to)| shown && from < to)
        {
            self.write(json!({
                "ph": "X", "cat": "state", "name": name, "tid": node.number(),
                "ts": micros(from), "dur": micros(to) - micros(from),
            }));
        }
    }

    /// One end of a message: a short span, and the flow that begins, goes on or ends at it.
    fn end_of_message(&mut self, record: &Record, id: u64, phase: &str) {
        let (Kind::Send { message, .. } | Kind::Deliver { message, .. }) = &record.kind else {
            return;
        };
        let (lane, time) = (lane_of(record.node), micros(record.time));
        self.write(json!({
            "ph": "X", "cat": "message", "name": message_words(message), "tid": lane, "ts": time,
            "dur": MESSAGE_MICROS, "args": record,
        }));
        self.write(json!({
            "ph": phase, "cat": "message", "name": "message", "id": id, "bp": "e", "tid": lane, "ts": time,
        }));
    }

    fn instant(&mut self, record: &Record) {
        self.write(json!({
            "ph": "i", "s": "t", "cat": record.kind.group().name(), "name": words(&record.kind, record.node),
            "tid": lane_of(record.node), "ts": micros(record.time), "args": record,
        }));
    }

    fn message(&mut self, record: &Record) {
        match record.kind {
            Kind::Send { id, .. } if self.filter.shows(record) => {
                self.flights.send(id, record.node.expect("a message has a sender"));
                self.end_of_message(record, id, "s");
            }
            Kind::Duplicate { id, .. } if self.flights.duplicate(id) => self.instant(record),
            Kind::Deliver { id, .. } => {
                if let Some((_, last)) = self.flights.arrive(id) {
                    self.end_of_message(record, id, if last { "f" } else { "t" });
                }
            }
            Kind::Drop { id, .. } if self.flights.arrive(id).is_some() => self.instant(record),
            _ => {}
        }
    }

    /// A fault strikes, finds nobody, or ends. What is in force for a while is a span, too.
    fn fault(&mut self, record: &Record) {
        if self.filter.shows(record) {
            self.instant(record);
        }
        match record.kind {
            Kind::Fault { fault } if self.plan.faults[fault as usize - 1].kind().ends() => {
                self.strikes += 1;
                self.in_force.push((fault, self.strikes));
                self.edge_of_fault((fault, self.strikes), "b", record.time);
            }
            Kind::Heal { fault } => {
                if let Some(place) = self.in_force.iter().position(|(other, _)| *other == fault) {
                    let strike = self.in_force.remove(place);
                    self.edge_of_fault(strike, "e", record.time);
                }
            }
            _ => {}
        }
    }

    /// Where a fault begins or ends. Faults overlap, so each strike is a span with its own number.
    fn edge_of_fault(&mut self, (fault, strike): (u32, u64), phase: &str, time: Time) {
        let told = &self.plan.faults[fault as usize - 1];
        let name = format!("fault {fault}: {}", told.kind().name());
        self.write(json!({
            "ph": phase, "cat": "fault", "name": name, "id": strike, "tid": FAULTS, "ts": micros(time),
            "args": { "fault": told },
        }));
    }

    fn happens(&mut self, node: NodeId, record: &Record) {
        let before = *self.view.node(node);
        self.view.follow(record);
        let now = self.view.node(node);
        let same = (before.up, before.role, before.term) == (now.up, now.role, now.term);
        if matches!(record.kind, Kind::Crash(_) | Kind::Resume) {
            self.resume(node, record.time);
        }
        if !same {
            self.leave(node, &before, record.time);
        }
        match record.kind {
            Kind::Role { .. } | Kind::Term { .. } => return,
            Kind::Pause | Kind::Suspend => self.lanes[node.slot()].1 = Some(record.time),
            Kind::Send { .. }
            | Kind::Deliver { .. }
            | Kind::Drop { .. }
            | Kind::Duplicate { .. } => return self.message(record),
            _ => {}
        }
        if self.filter.shows(record) {
            self.instant(record);
        }
    }
}

impl Export for Perfetto<'_> {
    fn see(&mut self, record: &Record) -> String {
        match record.node {
            Some(node) => self.happens(node, record),
            None => self.fault(record),
        }
        std::mem::take(&mut self.text)
    }

    fn finish(&mut self, outcome: &Outcome) -> io::Result<String> {
        for node in self.plan.node_ids() {
            self.resume(node, outcome.time);
            let last = *self.view.node(node);
            self.leave(node, &last, outcome.time);
        }
        for strike in std::mem::take(&mut self.in_force) {
            self.edge_of_fault(strike, "e", outcome.time);
        }
        for (id, (sender, _)) in std::mem::take(&mut self.flights.0) {
            self.write(json!({
                "ph": "i", "s": "t", "cat": "message", "name": format!("#{id} is still under way"),
                "tid": sender.number(), "ts": micros(outcome.time), "args": { "kind": "under-way", "id": id },
            }));
        }
        if let Some(violation) = &outcome.violation {
            self.write(json!({
                "ph": "i", "s": "g", "cat": "violation", "name": format!("VIOLATED: {}", violation.property),
                "tid": lane_of(violation.node), "ts": micros(violation.time), "args": violation,
            }));
        }
        self.text += "\n]}\n";
        Ok(std::mem::take(&mut self.text))
    }
}

fn lane_of(node: Option<NodeId>) -> u8 {
    node.map_or(FAULTS, NodeId::number)
}

fn micros(time: Time) -> f64 {
    time.0 as f64 / 1_000.0
}
