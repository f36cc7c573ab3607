//! A cluster that a test drives by hand: one event at a time, with a look at nodes, records and the reference model in between.

use crate::guest::Setup;
use crate::ids::NodeId;
use crate::node::{Node, Role, Status};
use crate::oracle::{Shadow, Violation};
use crate::plan::Plan;
use crate::plan::fault::Unsynced;
use crate::record::Record;
use crate::sim::Sim;
use crate::sim::guest::keep_panics_off_the_terminal;
use crate::sim::recorder::{Recorder, Watchers};
use crate::sim::run::Ended;
use crate::time::Time;

/// A cluster of a plan, under the hands of a test. Oracles judge it after every event, as they judge every run. What takes nodes panics if
/// the cluster has no such nodes.
///
/// ```
/// use squall::ids::NodeId;
/// use squall::plan::Plan;
/// use squall::raft::Raft;
/// use squall::sim::Cluster;
///
/// let plan = Plan::default();
/// let mut cluster = Cluster::new(&plan, &Raft::of);
/// assert!(cluster.run_until(|cluster| cluster.leader().is_some()), "somebody is elected");
/// let first = cluster.leader().expect("somebody leads");
/// cluster.crash(first);
/// assert!(cluster.run_until(|cluster| cluster.leader().is_some_and(|it| it != first)));
/// cluster.start(first);
/// assert!(cluster.run_until(|cluster| cluster.node(first).is_some()));
/// assert_eq!(cluster.violation(), None);
/// ```
pub struct Cluster<'p, N: Node> {
    sim: Sim<'p, 'p, N>,
    ended: Option<Ended>,
}

impl<'p, N: Node> Cluster<'p, N> {
    /// The cluster of a plan before its first event; `make` gives a node before each of its starts. The plan must have passed
    /// [`validate`](crate::plan::validate::validate). Its faults and clients do what the plan says; a plan without them leaves all to the
    /// test.
    pub fn new(plan: &'p Plan, make: &'p dyn Fn(&Setup<'_>) -> N) -> Cluster<'p, N> {
        keep_panics_off_the_terminal();
        let mut recorder = Recorder::new(plan, true, None, None);
        recorder.watchers = Some(Box::new(Watchers { keeps: true, ..Watchers::default() }));
        Cluster { sim: Sim::new(plan, make, recorder), ended: None }
    }

    /// Handles the next event; says whether the run goes on. It ends with a violation, at the plan's horizon or its limit of events, or
    /// when nothing is left to do.
    pub fn step(&mut self) -> bool {
        if self.ended.is_none() {
            let horizon = Time::ZERO.plus(self.sim.plan.horizon);
            self.ended = self.sim.turn(horizon);
        }
        self.ended.is_none()
    }

    /// Goes on until something is so; says whether it came to be, and not the end of the run before.
    pub fn run_until(&mut self, mut wanted: impl FnMut(&Cluster<'p, N>) -> bool) -> bool {
        while !wanted(self) {
            if !self.step() {
                return wanted(self);
            }
        }
        true
    }

    /// Why the run ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// The true time.
    pub fn now(&self) -> Time {
        self.sim.recorder.now
    }

    /// Everything that happened, in order.
    pub fn records(&self) -> &[Record] {
        self.sim.recorder.watchers.as_ref().map_or(&[], |watchers| watchers.kept.as_slice())
    }

    /// The first violation.
    pub fn violation(&self) -> Option<&Violation> {
        self.sim.recorder.violation.as_deref()
    }

    /// The reference model: each node's log and disk, as records tell of them.
    pub fn shadow(&self) -> Option<&Shadow> {
        self.sim.recorder.shadow()
    }

    /// A node, while it is up.
    pub fn node(&self, id: NodeId) -> Option<&N> {
        self.sim.hosts[id.slot()].node.as_ref()
    }

    /// What a node said of itself last, while it is up.
    pub fn status(&self, id: NodeId) -> Option<Status> {
        let host = &self.sim.hosts[id.slot()];
        host.is_up().then_some(host.status)
    }

    /// The node that leads in the highest term.
    pub fn leader(&self) -> Option<NodeId> {
        let leading = self.sim.plan.node_ids().filter_map(|id| {
            let status = self.status(id)?;
            (status.role == Role::Leader).then_some((status.term, id))
        });
        leading.max().map(|(_, id)| id)
    }

    /// Crashes a node that is up: what is not durable is lost. It stays down until [`Cluster::start`], or until the plan starts it.
    pub fn crash(&mut self, id: NodeId) {
        if self.sim.hosts[id.slot()].is_up() {
            self.sim.crash(id, Unsynced::Lost, None);
        }
    }

    /// Starts a node that is down, with what its disk holds.
    pub fn start(&mut self, id: NodeId) {
        let life = self.sim.hosts[id.slot()].life;
        self.sim.boot(id, life);
    }

    /// Loses all messages from one node to another from now on, until [`Cluster::heal`] undoes it. Cuts count: two need two.
    pub fn cut(&mut self, from: NodeId, to: NodeId) {
        self.sim.network.cut(from, to);
    }

    /// Undoes a cut.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn heal(&mut self, from: NodeId, to: NodeId) {
        assert!(self.sim.network.is_cut(from, to), "only what is cut can be healed");
        self.sim.network.heal(from, to);
    }
}
