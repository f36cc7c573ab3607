//! The simulator: one virtual clock, one event at a time.
//!
//! [`runner`] is the door, and [`cluster`] the one for tests that look in between. [`Sim`] is the loop over events. `host` hands a node its
//! inputs, `incoming` has them wait where it is not ready, and `guest` catches its panics. `effects` does what the node wants, with
//! `snapshots` for copies of state machines, and `timers`; `journal` is what disks hold. `faults` does what the plan wants (`targets` says
//! to which nodes and links), and `recovery` ends it. `clients` asks and waits; `recorder` sees it all;
//! [`choices`] keeps what was drawn.

pub mod branch;
pub mod choices;
mod clients;
pub mod cluster;
mod copies;
mod effects;
mod faults;
pub mod foreign;
mod guest;
mod host;
mod incoming;
mod journal;
mod machine;
mod recorder;
mod recovery;
pub mod run;
pub mod runner;
#[cfg(any(feature = "omnipaxos", feature = "openraft", feature = "raft-rs"))]
pub mod shipped;
mod snapshots;
mod targets;
mod timers;
pub mod unused;

pub use branch::Branch;
pub use cluster::Cluster;
pub use foreign::Foreign;
pub use run::{Ended, Options, Outcome, run_nodes};
pub use runner::{BuiltIn, Nodes, Run, Runner, WithChecker, run};

use std::collections::VecDeque;

use crate::configuration::Configuration;
use crate::guest::Setup;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::RequestId;
use crate::node::{Answer, Effect, Input, Node};
use crate::oracle::Why;
use crate::plan::{Clients, Plan};
use crate::raft::Rules;
use crate::record::Kind;
use crate::time::{Span, Time};
use crate::world::access::Access;
use crate::world::network::Network;
use crate::world::queue::{Queue, WAITING_MAX};

use clients::{ClientEvent, Single};
use faults::Faults;
use host::Host;
use incoming::Incoming;
use recorder::Recorder;
use recovery::Recovery;

/// After how many turns of its loop a run looks whether it is given up.
const TURNS_BETWEEN_LOOKS: u64 = 4_096;

/// A run ends after so many times as many turns as it may have events: partitions that come and go, requests that find their client
/// busy and what is out of date are turns without an event.
const TURNS_PER_EVENT: u64 = 4;

enum Event<M> {
    /// Something comes to a node, which takes it when it is ready.
    Incoming { node: NodeId, what: Incoming<M> },
    /// A node's disk has synced up to a write. Out of date if the node's life, or the sync, is over.
    Synced { node: NodeId, life: u32, upto: WriteId },
    /// A node's disk has written a snapshot. Out of date if the node's life is over.
    SnapshotWritten { node: NodeId, life: u32, index: Index },
    /// A slow node is ready for its next input.
    Proceed { node: NodeId },
    /// A node starts, if it is still down from this life.
    Boot { node: NodeId, life: u32 },
    /// Something happens to a client.
    Client { client: u32, what: ClientEvent },
    /// An answer is on its way to a client.
    Answer { node: NodeId, request: RequestId, answer: Answer },
    /// A fault of the plan strikes. The trigger is the node at which the situation occurred that it waited for.
    Strike { fault: usize, trigger: Option<NodeId> },
    /// A flapping partition, one of the faults in force, comes or goes.
    Flap { force: usize },
    /// Disks are copied, for a fault that may put one of them back.
    Copy { fault: usize },
    /// One of the faults in force ends.
    End { force: usize },
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
    make: &'p dyn Fn(&Setup<'_>) -> N,
    network: Network,
    messages: u64,
    /// The effects of the step at hand; kept to be used again.
    effects: Vec<Effect<N::Message>>,
    /// Outputs that the node at hand asked for, which come to it next.
    answers: VecDeque<Input<N::Message>>,
    clients: Vec<crate::client::Client>,
    /// What the clients of each group are like now.
    client_options: Vec<Clients>,
    /// The requests that come to groups at a rate.
    arrivals: Vec<clients::Arrivals>,
    /// The links between clients and nodes.
    access: Access,
    /// The single requests of the plan.
    singles: Vec<Single<'p>>,
    faults: Faults,
    recovery: Recovery,
    /// What is drawn, where somebody wants to know.
    choices: Option<Box<choices::Choices>>,
    turns: u64,
    /// The seed from which streams are drawn that begin later.
    seed: u64,
    /// Where the run goes another way than its seed has it.
    branch: Option<Branch>,
    /// Whether the node at hand refused the change that it was just asked for, for too few voters would be active.
    refuses_change: bool,
    /// The limit that ended the run, if one did.
    limit: Option<Why>,
}

impl<'p, 'w, N: Node> Sim<'p, 'w, N> {
    /// The cluster of a plan, before its first event. `make` gives a node before its boot.
    fn new(
        plan: &'p Plan,
        make: &'p dyn Fn(&Setup<'_>) -> N,
        recorder: Recorder<'w>,
    ) -> Sim<'p, 'w, N> {
        let link = |from: NodeId, to: NodeId| {
            let names = |target: &crate::plan::Target, node: NodeId| {
                target.numbers().is_none_or(|nodes| nodes.contains(&node))
            };
            let matching = plan.links.iter().filter(|link| {
                link.selection().is_all() && names(&link.from, from) && names(&link.to, to)
            });
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
            answers: VecDeque::new(),
            clients: Vec::new(),
            client_options: plan.client_options(),
            arrivals: Vec::new(),
            access: Access::new(plan.client_groups.len() + 1, plan.cluster.nodes),
            singles: Vec::new(),
            faults: Faults::new(plan),
            recovery: Recovery::default(),
            choices: None,
            turns: 0,
            seed: plan.seed,
            branch: None,
            refuses_change: false,
            limit: None,
        };
        if !plan.cluster.members.is_empty() {
            let (index, term) = (Index::ZERO, Term::ZERO);
            let configuration = Configuration::of(plan.voters());
            sim.recorder.record(None, Kind::Configure { index, term, configuration });
        }
        for node in plan.node_ids() {
            sim.queue.push(Time::ZERO, Event::Boot { node, life: 0 });
        }
        for link in plan.links.iter().filter(|link| !link.selection().is_all()) {
            let all = NodeSet::first(plan.cluster.nodes);
            let [from, to] = [&link.from, &link.to].map(|target| {
                target.numbers().map_or(all, |nodes| nodes.iter().copied().collect())
            });
            sim.network.add_link_change(0, from, to, link.clone());
        }
        sim.schedule_recovery();
        sim.schedule_clients();
        sim.schedule_faults();
        sim
    }

    /// Runs to the end, or until somebody gives it up.
    fn run(&mut self, horizon: Time, interrupt: Option<&dyn Fn() -> bool>) -> Ended {
        let ended = loop {
            let looks = interrupt.filter(|_| self.turns.is_multiple_of(TURNS_BETWEEN_LOOKS));
            if looks.is_some_and(|is_given_up| is_given_up()) {
                break Ended::Interrupted;
            }
            if let Some(ended) = self.turn(horizon) {
                break ended;
            }
        };
        self.close();
        if self.recorder.is_over() { Ended::Violation } else { ended }
    }

    /// One turn of the loop: handles the next event, or says why the run is over.
    #[inline]
    fn turn(&mut self, horizon: Time) -> Option<Ended> {
        if self.recorder.is_over() {
            return Some(Ended::Violation);
        }
        if self.recorder.recovered {
            return Some(Ended::Recovered);
        }
        if self.branch.is_some_and(|branch| self.recorder.event + 1 >= branch.event) {
            self.reseed();
        }
        self.turns += 1;
        let max = self.plan.events_max;
        let spent = self.recorder.event >= max || self.turns >= max.saturating_mul(TURNS_PER_EVENT);
        if spent || self.queue.is_full() {
            self.limit = Some(match spent {
                true => Why::Events { max },
                false => Why::Waiting { max: WAITING_MAX as u64 },
            });
            self.recorder.run_out();
            let violated = self.recorder.is_over();
            return Some(if violated { Ended::Violation } else { Ended::EventLimit });
        }
        let Some((time, event)) = self.queue.pop_until(horizon) else {
            return Some(if self.queue.is_empty() { Ended::Idle } else { Ended::Horizon });
        };
        debug_assert!(time >= self.recorder.now, "time never goes back");
        self.recorder.now = time;
        // What is out of date does not count.
        match event {
            Event::Incoming { node, what } => self.receive(node, what),
            Event::Synced { node, life, upto } => self.synced(node, life, upto),
            Event::SnapshotWritten { node, life, index } => {
                self.snapshot_written(node, life, index);
            }
            Event::Proceed { node } => self.proceed(node),
            Event::Boot { node, life } => self.boot(node, life),
            Event::Client { client, what } => self.client_event(client, what),
            Event::Answer { node, request, answer } => self.answered(node, request, answer),
            Event::Strike { fault, trigger } => self.strike(fault, trigger),
            Event::Flap { force } => self.flap(force),
            Event::Copy { fault } => self.copy_disks(fault),
            Event::End { force } => self.end(force),
            Event::Recovery { check } => self.recovery_check(check),
        }
        self.pull_triggers();
        None
    }

    /// Ends the run: drops all that is a node's, which may panic for the last time.
    fn close(&mut self) {
        for slot in 0..self.hosts.len() {
            self.end_process(NodeId::at(slot));
        }
        while let Some((_, event)) = self.queue.pop_until(Time::MAX) {
            let Event::Incoming { node, what } = event else { continue };
            if let Incoming::Deliver { from, message, .. } | Incoming::Stray { from, message, .. } =
                what
            {
                debug_assert_ne!(node, from);
                self.discard(from, message);
            }
        }
    }

    /// What kept the run from a verdict on something, if it is a limit or the plan.
    fn limit(&self) -> Option<Why> {
        self.limit.or(self.recovery.lacking.map(|voters| Why::Core { voters }))
    }

    fn count_event(&mut self) {
        self.recorder.event += 1;
    }

    fn after(&self, span: Span) -> Time {
        self.recorder.now.plus(span)
    }
}
