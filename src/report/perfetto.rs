//! A run for ui.perfetto.dev and chrome://tracing, in the Trace Event Format: each node is a thread of one process.
//!
//! What a node is (its role, or down) and a pause are spans. A message is a very short span at each end, and a flow from the one to the
//! other. Faults have a lane of their own. Everything else is an instant. Times are microseconds, with nanoseconds behind the point.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::ids::NodeId;
use crate::node::Role;
use crate::plan::Plan;
use crate::record::{Kind, Record};
use crate::report::export::{Export, ExportError, Filter};
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
pub struct Perfetto<'a, W: Write> {
    out: W,
    plan: &'a Plan,
    filter: Filter,
    view: ClusterView,
    lanes: Vec<Lane>,
    /// Messages on their way: who sent each, and how many copies have yet to arrive.
    flights: BTreeMap<u64, (NodeId, u8)>,
    /// Faults in force: the fault, and the number of its strike.
    in_force: Vec<(u32, u64)>,
    strikes: u64,
    first: bool,
}

/// Since when a node is what it is, and since when it stands still.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    since: Time,
    paused: Option<Time>,
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

impl<'a, W: Write> Perfetto<'a, W> {
    /// Starts with the names of the lanes.
    ///
    /// # Errors
    ///
    /// As the writer that it writes to.
    pub fn new(mut out: W, plan: &'a Plan, filter: Filter) -> io::Result<Perfetto<'a, W>> {
        out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
        let mut perfetto = Perfetto {
            out,
            plan,
            filter,
            view: ClusterView::new(plan.cluster.nodes),
            lanes: vec![Lane::default(); usize::from(plan.cluster.nodes)],
            flights: BTreeMap::new(),
            in_force: Vec::new(),
            strikes: 0,
            first: true,
        };
        let title = if plan.title.is_empty() { "squall" } else { &plan.title };
        perfetto.name("process_name", FAULTS, title)?;
        perfetto.name("thread_name", FAULTS, "faults")?;
        for node in plan.node_ids() {
            perfetto.name("thread_name", node.number(), &node.to_string())?;
        }
        Ok(perfetto)
    }

    fn name(&mut self, what: &str, lane: u8, name: &str) -> io::Result<()> {
        self.write(&json!({
            "ph": "M", "name": what, "pid": PROCESS, "tid": lane, "args": { "name": name },
        }))?;
        self.write(&json!({
            "ph": "M", "name": "thread_sort_index", "pid": PROCESS, "tid": lane, "args": { "sort_index": lane },
        }))
    }

    fn write(&mut self, event: &Value) -> io::Result<()> {
        let separator: &[u8] = if std::mem::take(&mut self.first) { b"\n" } else { b",\n" };
        self.out.write_all(separator)?;
        Ok(serde_json::to_writer(&mut self.out, event)?)
    }

    /// A node is something else from now on; what it was before becomes a span.
    fn leave(&mut self, node: NodeId, before: &NodeView, now: Time) -> io::Result<()> {
        let since = std::mem::replace(&mut self.lanes[node.slot()].since, now);
        match state(before) {
            Some(name) => self.span(node, &name, since, now),
            None => Ok(()),
        }
    }

    fn resume(&mut self, node: NodeId, now: Time) -> io::Result<()> {
        match self.lanes[node.slot()].paused.take() {
            Some(since) => self.span(node, "paused", since, now),
            None => Ok(()),
        }
    }

    /// The part of a span that is shown. One that takes no time is none: a node went through that state within one step.
    fn span(&mut self, node: NodeId, name: &str, from: Time, to: Time) -> io::Result<()> {
        let nodes = &self.filter.nodes;
        let shown = nodes.is_empty() || nodes.contains(&node.number());
        match self.filter.clip(from, to) {
            Some((from, to)) if shown && from < to => self.write(&json!({
                "ph": "X", "cat": "state", "name": name, "pid": PROCESS, "tid": node.number(),
                "ts": micros(from), "dur": micros(to) - micros(from),
            })),
            _ => Ok(()),
        }
    }

    /// One end of a message: a short span, and the flow that begins, goes on or ends at it.
    fn end_of_message(&mut self, record: &Record, id: u64, phase: &str) -> io::Result<()> {
        let (Kind::Send { message, .. } | Kind::Deliver { message, .. }) = &record.kind else {
            return Ok(());
        };
        let (lane, time) = (lane_of(record), micros(record.time));
        self.write(&json!({
            "ph": "X", "cat": "message", "name": message_words(message), "pid": PROCESS, "tid": lane,
            "ts": time, "dur": MESSAGE_MICROS, "args": record,
        }))?;
        self.write(&json!({
            "ph": phase, "cat": "message", "name": "message", "id": id, "bp": "e", "pid": PROCESS, "tid": lane,
            "ts": time,
        }))
    }

    fn instant(&mut self, record: &Record, name: &str) -> io::Result<()> {
        self.write(&json!({
            "ph": "i", "s": "t", "cat": record.kind.group().name(), "name": name, "pid": PROCESS, "tid": lane_of(record),
            "ts": micros(record.time), "args": record,
        }))
    }

    /// A copy of a message came to its end; says whether it was the last. Nothing if the message is not shown.
    fn arrive(&mut self, id: u64) -> Option<bool> {
        let (_, copies) = self.flights.get_mut(&id)?;
        *copies -= 1;
        let last = *copies == 0;
        if last {
            self.flights.remove(&id);
        }
        Some(last)
    }

    fn message(&mut self, record: &Record) -> io::Result<()> {
        match record.kind {
            Kind::Send { id, .. } if self.filter.shows(record) => {
                let sender = record.node.expect("a message has a sender");
                self.flights.insert(id, (sender, 1));
                self.end_of_message(record, id, "s")
            }
            Kind::Duplicate { id, .. } => match self.flights.get_mut(&id) {
                Some((_, copies)) => {
                    *copies += 1;
                    self.instant(record, &words(&record.kind, record.node))
                }
                None => Ok(()),
            },
            Kind::Deliver { id, .. } => match self.arrive(id) {
                Some(last) => self.end_of_message(record, id, if last { "f" } else { "t" }),
                None => Ok(()),
            },
            Kind::Drop { id, .. } => match self.arrive(id) {
                Some(_) => self.instant(record, &words(&record.kind, record.node)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// A fault strikes, finds nobody, or ends. What is in force for a while is a span, too.
    fn fault(&mut self, record: &Record) -> io::Result<()> {
        if self.filter.shows(record) {
            self.instant(record, &words(&record.kind, None))?;
        }
        match record.kind {
            Kind::Fault { fault } if self.plan.faults[fault as usize - 1].kind().ends() => {
                self.strikes += 1;
                self.in_force.push((fault, self.strikes));
                self.edge_of_fault(fault, self.strikes, "b", record.time)
            }
            Kind::Heal { fault } => {
                match self.in_force.iter().position(|(other, _)| *other == fault) {
                    Some(place) => {
                        let (fault, strike) = self.in_force.remove(place);
                        self.edge_of_fault(fault, strike, "e", record.time)
                    }
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Where a fault begins or ends. Faults overlap, so each strike is a span with its own number.
    fn edge_of_fault(
        &mut self,
        fault: u32,
        strike: u64,
        phase: &str,
        time: Time,
    ) -> io::Result<()> {
        let told = &self.plan.faults[fault as usize - 1];
        let name = format!("fault {fault}: {}", told.kind().name());
        self.write(&json!({
            "ph": phase, "cat": "fault", "name": name, "id": strike, "pid": PROCESS,
            "tid": FAULTS, "ts": micros(time), "args": { "fault": told },
        }))
    }
}

impl<W: Write> Export for Perfetto<'_, W> {
    fn see(&mut self, record: &Record) -> io::Result<()> {
        let Some(node) = record.node else { return self.fault(record) };
        let before = *self.view.node(node);
        self.view.follow(record);
        let now = self.view.node(node);
        let same = (before.up, before.role, before.term) == (now.up, now.role, now.term);
        if matches!(record.kind, Kind::Crash(_)) {
            self.resume(node, record.time)?;
        }
        if !same {
            self.leave(node, &before, record.time)?;
        }
        match record.kind {
            Kind::Role { .. } | Kind::Term { .. } => return Ok(()),
            Kind::Pause => self.lanes[node.slot()].paused = Some(record.time),
            Kind::Resume => self.resume(node, record.time)?,
            Kind::Send { .. }
            | Kind::Deliver { .. }
            | Kind::Drop { .. }
            | Kind::Duplicate { .. } => return self.message(record),
            _ => {}
        }
        if self.filter.shows(record) {
            self.instant(record, &words(&record.kind, record.node))?;
        }
        Ok(())
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), ExportError> {
        for node in self.plan.node_ids() {
            self.resume(node, outcome.time)?;
            let last = *self.view.node(node);
            self.leave(node, &last, outcome.time)?;
        }
        for (fault, strike) in std::mem::take(&mut self.in_force) {
            self.edge_of_fault(fault, strike, "e", outcome.time)?;
        }
        for (id, (sender, _)) in std::mem::take(&mut self.flights) {
            self.write(&json!({
                "ph": "i", "s": "t", "cat": "message", "name": format!("#{id} is still under way"), "pid": PROCESS,
                "tid": sender.number(), "ts": micros(outcome.time), "args": { "kind": "under-way", "id": id },
            }))?;
        }
        if let Some(violation) = &outcome.violation {
            self.write(&json!({
                "ph": "i", "s": "g", "cat": "violation", "name": format!("VIOLATED: {}", violation.property),
                "pid": PROCESS, "tid": violation.node.map_or(FAULTS, NodeId::number), "ts": micros(violation.time),
                "args": violation,
            }))?;
        }
        self.out.write_all(b"\n]}\n")?;
        Ok(self.out.flush()?)
    }
}

fn lane_of(record: &Record) -> u8 {
    record.node.map_or(FAULTS, NodeId::number)
}

fn micros(time: Time) -> f64 {
    time.0 as f64 / 1_000.0
}
