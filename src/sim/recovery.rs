//! The end of faults: from then on the world of the core is well, and it is looked again and again whether the cluster is, too.

use crate::configuration::Configuration;
use crate::guest::Configures;
use crate::ids::{NodeId, NodeSet};
use crate::node::{Node, Role};
use crate::plan::Ask;
use crate::plan::fault::Unsynced;
use crate::plan::liveness::{Bounds, Outside};
use crate::record::Kind;
use crate::rng::{Rng, Stream};
use crate::sim::host::Host;
use crate::sim::targets::some_of;
use crate::sim::{Event, Sim};
use crate::time::{Share, Span, Time};

/// What is known of the time without faults.
#[derive(Debug, Default)]
pub struct Recovery {
    /// What the plan allows; none if it does not judge liveness.
    bounds: Option<Bounds>,
    /// Whether it has begun.
    pub begun: bool,
    /// Who must come back to life.
    pub core: NodeSet,
    /// Of how many voters it is no majority, where the plan names it so: then nothing is judged.
    pub lacking: Option<u8>,
    /// Nodes that do not start any more: all outside the core.
    pub barred: NodeSet,
    /// Messages up to this one were on their way when it began, and are lost.
    pub lost_upto: u64,
}

impl<N: Node> Sim<'_, '_, N> {
    /// Schedules the end of faults, where the plan has one.
    pub(super) fn schedule_recovery(&mut self) {
        self.recovery.bounds = self.plan.liveness_bounds();
        if let Some(bounds) = self.recovery.bounds {
            self.queue.push(Time::ZERO.plus(bounds.from), Event::Recovery { check: 0 });
        }
    }

    /// Faults end, or it is time for a look.
    pub(super) fn recovery_check(&mut self, check: u32) {
        let (Some(bounds), Some(liveness)) = (self.recovery.bounds, &self.plan.liveness) else {
            return;
        };
        self.count_event();
        match check {
            0 => self.end_faults(&bounds, liveness.outside),
            _ => self.recorder.record(None, Kind::Recovery { check }),
        }
        if self.recovery.lacking.is_some() {
            return;
        }
        self.queue
            .push(self.after(bounds.look), Event::Recovery { check: check.saturating_add(1) });
    }

    fn end_faults(&mut self, bounds: &Bounds, outside: Outside) {
        self.recovery.begun = true;
        self.recovery.lost_upto = self.messages;
        let core = self.core();
        self.recovery.core = core;
        for node in core.iter().filter(|_| self.recovery.lacking.is_none()) {
            self.recorder.record(Some(node), Kind::Recovery { check: 0 });
        }
        (0..self.faults.in_force.len()).for_each(|force| self.end(force));
        self.network.recover(bounds.message);
        self.make_clients_patient(bounds);
        core.iter().for_each(|node| self.make_well(node, bounds.message));
        for node in NodeSet::first(self.plan.cluster.nodes).without(core).iter() {
            self.leave_outside(node, outside, core);
        }
    }

    /// The nodes of the recovery phase: those that the plan names by number, or else a majority by each configuration in force. Servers
    /// that are members no more may be among them: they owe nothing, but must not disturb.
    fn core(&mut self) -> NodeSet {
        let all = NodeSet::first(self.plan.cluster.nodes);
        let in_force = self.configurations_in_force();
        let mut rng = Rng::new(self.seed, Stream::Core);
        let words = [rng.word(), rng.word()];
        let named = match &self.plan.liveness {
            Some(liveness) => self.resolve(&liveness.core, None, words[0]),
            None => all,
        };
        if self.plan.liveness.as_ref().is_some_and(|it| it.core.numbers().is_some()) {
            let lacks = |voters: &NodeSet| named.intersection(*voters).len() < voters.majority();
            let mut halves = in_force.iter().flat_map(|it| it.halves());
            self.recovery.lacking = halves.find(lacks).map(|voters| voters.len() as u8);
            return named;
        }
        let mut core = named;
        for voters in in_force.iter().flat_map(|it| it.halves()) {
            let missing = voters.majority().saturating_sub(core.intersection(voters).len());
            core = core.union(some_of(voters.without(core), missing, words[1]));
        }
        core
    }

    /// By which configurations an election may go: the latest that some node knows to be committed, and all that come later in some log.
    /// Where they take effect when they are applied, also that by which each node goes.
    fn configurations_in_force(&self) -> Vec<Configuration> {
        let initial = Configuration::of(self.plan.voters());
        if !self.plan.changes_members() {
            return vec![initial];
        }
        let known = |host: &&Host<N>| {
            if host.is_up() { host.status.commit.max(host.applied) } else { host.applied }
        };
        let mut in_force = vec![initial];
        let Some(most) = self.hosts.iter().max_by_key(known) else { return in_force };
        let commit = known(&most);
        let latest = most.journal.configurations().into_iter().rfind(|(index, _)| *index <= commit);
        in_force.extend(latest.map(|(_, configuration)| configuration));
        in_force.drain(..in_force.len() - 1);
        if self.plan.guest.configures == Configures::OnApply {
            let own = self.hosts.iter().map(|host| {
                let mut all = host.journal.configurations().into_iter();
                all.rfind(|(index, _)| *index <= host.applied).map_or(initial, |(_, it)| it)
            });
            in_force.extend(own.collect::<Vec<_>>());
        }
        for (index, configuration) in self.hosts.iter().flat_map(|it| it.journal.configurations()) {
            if index > commit && !in_force.contains(&configuration) {
                in_force.push(configuration);
            }
        }
        in_force
    }

    /// A node of the core: it runs, its disk is quick, and its clock is right.
    fn make_well(&mut self, id: NodeId, longest: Span) {
        let host = &mut self.hosts[id.slot()];
        host.per_input = Span::ZERO;
        host.disk.recover(longest);
        if host.clock.drift_ppm != 0 {
            self.set_clock(id, None, Some(0));
        }
        self.hasten_sync(id, longest);
        self.hasten_snapshot(id, longest);
        let host = &self.hosts[id.slot()];
        if host.is_up() { self.schedule_proceed(id) } else { self.boot(id, host.life) }
    }

    /// A node outside the core.
    fn leave_outside(&mut self, id: NodeId, outside: Outside, core: NodeSet) {
        if self.hosts[id.slot()].is_up() && outside == Outside::Down {
            self.crash(id, Unsynced::Lost, None);
        }
        // Whoever stops out there stays down: as it starts again, a leader whom nobody minds would be a candidate whom all mind.
        self.recovery.barred.insert(id);
        let heard = outside == Outside::Deaf && self.disturbs_nobody(id, core);
        let hears = outside == Outside::Mute;
        for other in NodeSet::first(self.plan.cluster.nodes).iter().filter(|other| *other != id) {
            if outside == Outside::Together && !core.contains(other) {
                continue;
            }
            if !heard {
                self.network.cut(id, other);
            }
            if !hears {
                self.network.cut(other, id);
            }
        }
    }

    /// Whether a correct Raft gets on with a node that is heard and does not hear. With pre-vote and check-quorum it does: such a node
    /// never stands, and does not lead for long. A leader whom the core no longer follows beats in vain, and never stands, either.
    fn disturbs_nobody(&self, id: NodeId, core: NodeSet) -> bool {
        let elections = self.plan.config().elections;
        let status = self.hosts[id.slot()].status;
        let is_later = |host: &Host<N>| host.is_up() && host.status.term > status.term;
        let is_over = || core.iter().all(|node| is_later(&self.hosts[node.slot()]));
        let beats_in_vain = status.role == Role::Leader && !elections.check_quorum && is_over();
        (elections.pre_vote && elections.check_quorum) || beats_in_vain
    }

    /// From now on no client gives an operation up, each waits long enough for an answer, and none is bound to nodes that may be out of
    /// reach for ever.
    fn make_clients_patient(&mut self, bounds: &Bounds) {
        for options in &mut self.client_options {
            options.loss = Share::NEVER;
            options.latency = options.latency.at_most(bounds.message);
            options.timeout = options.timeout.max(bounds.answer);
            if matches!(options.ask, Ask::Nodes(_)) {
                options.ask = Ask::AnyNode;
            }
        }
        for client in &mut self.clients {
            client.attempts = u32::MAX;
        }
    }
}
