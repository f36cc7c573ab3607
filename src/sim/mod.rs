//! The simulator: one virtual clock, one event at a time.
//!
//! [`run`](run::run) is the door. [`Sim`] is the loop over events; `host` carries out what nodes want; `snapshots` copies state machines,
//! `apply` lets them work later; `faults` does what the plan wants, and `recovery` ends it; `clients` asks and waits; [`journal`] is what disks
//! hold; [`recorder`] sees it all; [`choices`] keeps what was drawn.

mod apply;
pub mod choices;
mod clients;
mod faults;
mod host;
pub mod journal;
pub mod recorder;
mod recovery;
pub mod run;
pub mod runner;
mod snapshots;
pub mod waits;

pub use run::{Ended, Options, Outcome, run, run_nodes};
pub use runner::{BuiltIn, Nodes, Run, Runner};

use std::rc::Rc;

use crate::configuration::{Change, Configuration};
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::RequestId;
use crate::node::{Answer, Effect, Input, Node, Request, Snapshot};
use crate::plan::{Clients, Plan, SingleRequest};
use crate::raft::Rules;
use crate::record::{Kind, Loss};
use crate::time::{Span, Time};
use crate::world::network::Network;
use crate::world::queue::Queue;

use clients::ClientEvent;
use faults::{FaultEvent, Faults};
use host::Host;
use recorder::Recorder;
use recovery::Recovery;

/// After how many turns of its loop a run looks whether it is given up.
const TURNS_BETWEEN_LOOKS: u64 = 4_096;

/// What can happen next.
enum Event<M> {
    /// A message arrives.
    Deliver { from: NodeId, to: NodeId, id: u64, message: M },
    /// A node's timer may be due. Out of date if the token is.
    Timer { node: NodeId, token: u32 },
    /// A node's disk has synced up to a write. Out of date if the node's life, or the sync, is over.
    Synced { node: NodeId, life: u32, upto: WriteId },
    /// A node hears of the writes that are durable.
    Durable { node: NodeId, write: WriteId },
    /// A node hears that writes failed.
    WriteFailed { node: NodeId, write: WriteId },
    /// A node's disk has written a snapshot. Out of date if the node's life is over.
    SnapshotWritten { node: NodeId, life: u32, index: Index },
    /// A node hears of the snapshot that is durable.
    SnapshotSaved { node: NodeId, snapshot: Rc<Snapshot> },
    /// A state machine does what it was given. Out of date if the node's life is over.
    Apply { node: NodeId, life: u32 },
    /// A client's request reaches a node.
    Request { node: NodeId, request: Request },
    /// A node is told to hand its leadership over.
    Transfer { node: NodeId, to: NodeId },
    /// A node is told to change the members of the cluster.
    Change { node: NodeId, change: Change },
    /// A slow node is ready for its next input.
    Proceed { node: NodeId },
    /// A node starts, if it is still down from this life.
    Boot { node: NodeId, life: u32 },
    /// Something happens to a client.
    Client { client: u32, what: ClientEvent },
    /// A node's answer reaches a client.
    Answer { node: NodeId, request: RequestId, answer: Answer },
    /// A fault strikes, changes or ends.
    Fault(FaultEvent),
    /// Faults end, or it is looked whether the cluster has come back to life.
    Recovery { check: u32 },
}

/// A cluster of nodes of one kind, and the world around it.
pub struct Sim<'p, 'w, N: Node> {
    plan: &'p Plan,
    /// The rules, for the bugs that lie between a node and its state machine.
    rules: Rules,
    queue: Queue<Event<N::Message>>,
    recorder: Recorder<'w>,
    hosts: Vec<Host<N>>,
    make: &'p dyn Fn(NodeId) -> N,
    network: Network,
    /// How many messages were sent.
    messages: u64,
    /// The effects of the step at hand; kept to be used again.
    effects: Vec<Effect<N::Message>>,
    clients: Vec<crate::client::workload::Client>,
    /// What clients are like now.
    client_options: Clients,
    /// The single requests of the plan, each with the number of its client.
    singles: Vec<(u32, &'p SingleRequest)>,
    faults: Faults,
    recovery: Recovery,
    /// What is drawn, where somebody wants to know.
    choices: Option<Box<choices::Choices>>,
}

impl<'p, 'w, N: Node> Sim<'p, 'w, N> {
    /// The cluster of a plan, before its first event. `make` gives a node before its boot.
    fn new(
        plan: &'p Plan,
        make: &'p dyn Fn(NodeId) -> N,
        recorder: Recorder<'w>,
    ) -> Sim<'p, 'w, N> {
        let link = |from: NodeId, to: NodeId| {
            let names = |target: &crate::plan::Target, node: NodeId| {
                target.numbers().is_none_or(|nodes| nodes.contains(&node))
            };
            let matching =
                plan.links.iter().filter(|link| names(&link.from, from) && names(&link.to, to));
            matching.fold(plan.network.clone(), |options, link| link.over(&options))
        };
        let mut sim = Sim {
            plan,
            rules: Rules::of(plan.config().bugs),
            queue: Queue::default(),
            recorder,
            hosts: plan.node_ids().map(|id| Host::new(plan, id)).collect(),
            make,
            network: Network::new(plan.seed, plan.cluster.nodes, &plan.pins, link),
            messages: 0,
            effects: Vec::new(),
            clients: Vec::new(),
            client_options: plan.clients.clone(),
            singles: Vec::new(),
            faults: Faults::new(plan),
            recovery: Recovery::default(),
            choices: None,
        };
        if !plan.cluster.members.is_empty() {
            let (index, term) = (Index::ZERO, Term::ZERO);
            let configuration = Configuration::of(plan.voters());
            sim.recorder.record(None, Kind::Configure { index, term, configuration });
        }
        for node in plan.node_ids() {
            sim.queue.push(Time::ZERO, Event::Boot { node, life: 0 });
        }
        sim.schedule_recovery();
        sim.schedule_clients();
        sim.schedule_faults();
        sim
    }

    /// Runs to the end, or until somebody gives it up.
    fn run(&mut self, horizon: Time, interrupt: Option<&dyn Fn() -> bool>) -> Ended {
        let mut turns = 0_u64;
        loop {
            turns += 1;
            if turns.is_multiple_of(TURNS_BETWEEN_LOOKS)
                && interrupt.is_some_and(|is_given_up| is_given_up())
            {
                return Ended::Interrupted;
            }
            if self.recorder.violation.is_some() {
                return Ended::Violation;
            }
            if self.recorder.recovered {
                return Ended::Recovered;
            }
            if self.recorder.event >= self.plan.events_max || self.queue.is_full() {
                self.recorder.run_out();
                return match self.recorder.violation {
                    Some(_) => Ended::Violation,
                    None => Ended::EventLimit,
                };
            }
            let Some((time, event)) = self.queue.pop_until(horizon) else {
                return if self.queue.is_empty() { Ended::Idle } else { Ended::Horizon };
            };
            self.recorder.now = time;
            self.handle(event);
            self.pull_triggers();
        }
    }

    /// Handles one event. What is out of date does not count.
    fn handle(&mut self, event: Event<N::Message>) {
        if let Some(node) = input_of(&event)
            && !self.is_ready(node)
        {
            return self.put_off(node, event);
        }
        match event {
            Event::Timer { node, token } => self.timer(node, token),
            Event::Synced { node, life, upto } => self.synced(node, life, upto),
            Event::Proceed { node } => self.proceed(node),
            Event::Boot { node, life } => self.boot(node, life),
            Event::Deliver { from, to, id, message } => self.deliver(from, to, id, message),
            Event::Durable { node, write } => {
                self.count_event();
                self.release(node, write);
                self.step(node, Input::Durable(write));
            }
            Event::WriteFailed { node, write } => {
                self.count_event();
                self.step(node, Input::WriteFailed(write));
            }
            Event::Apply { node, life } => self.apply_all(node, life),
            Event::SnapshotWritten { node, life, index } => {
                self.snapshot_written(node, life, index);
            }
            Event::SnapshotSaved { node, snapshot } => {
                self.count_event();
                self.step(node, Input::SnapshotSaved(snapshot));
            }
            Event::Request { node, request } => {
                if self.hosts[node.slot()].is_up() {
                    self.count_event();
                    self.recorder.record(Some(node), Kind::Request { request: request.id });
                    self.step(node, Input::Request(request));
                }
            }
            Event::Transfer { node, to } => {
                if self.hosts[node.slot()].is_up() {
                    self.count_event();
                    self.step(node, Input::Transfer(to));
                }
            }
            Event::Change { node, change } => {
                if self.hosts[node.slot()].is_up() {
                    self.count_event();
                    self.step(node, Input::Change(change));
                }
            }
            Event::Client { client, what } => self.client_event(client, what),
            Event::Answer { node, request, answer } => self.answered(node, request, answer),
            Event::Fault(fault) => self.fault_event(fault),
            Event::Recovery { check } => self.recovery_check(check),
        }
    }

    fn deliver(&mut self, from: NodeId, to: NodeId, id: u64, message: N::Message) {
        self.count_event();
        let loss = match () {
            () if !self.hosts[to.slot()].is_up() => Some(Loss::Down),
            () if self.network.is_cut(from, to) || id <= self.recovery.lost_upto => {
                Some(Loss::CutInFlight)
            }
            () => None,
        };
        if let Some(why) = loss {
            return self.recorder.record(Some(to), Kind::Drop { from, id, why });
        }
        let summary = N::summary(&message);
        self.recorder.record(Some(to), Kind::Deliver { from, id, message: summary });
        self.step(to, Input::Receive { from, message });
    }

    /// Begins a new event.
    fn count_event(&mut self) {
        self.recorder.event += 1;
    }

    fn after(&self, span: Span) -> Time {
        self.recorder.now.plus(span)
    }
}

/// The node for which an event is an input: paused and slow nodes put these off.
fn input_of<M>(event: &Event<M>) -> Option<NodeId> {
    match event {
        Event::Deliver { to, .. } => Some(*to),
        Event::Timer { node, .. }
        | Event::Durable { node, .. }
        | Event::WriteFailed { node, .. }
        | Event::SnapshotSaved { node, .. }
        | Event::Apply { node, .. }
        | Event::Request { node, .. }
        | Event::Transfer { node, .. }
        | Event::Change { node, .. } => Some(*node),
        _ => None,
    }
}
