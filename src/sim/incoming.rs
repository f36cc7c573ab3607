//! What comes to a node, now or, where it is paused or busy, when it is ready for it.

use std::rc::Rc;

use crate::configuration::{Change, Configuration};
use crate::ids::{Index, NodeId, WriteId};
use crate::message::Summary;
use crate::node::{Input, Node, Request, Role, Snapshot};
use crate::record::{Ignored, Kind, Loss};
use crate::sim::guest::guarded_drop;
use crate::sim::{Event, Sim};
use crate::time::{Span, Time};

pub enum Incoming<M> {
    /// A message arrives. What oracles see of it was asked of the sender's code once, when it was sent.
    Deliver { from: NodeId, id: u64, summary: Summary, message: M },
    /// A message arrives that is addressed to another node. That one's record says that it is lost.
    Stray { from: NodeId, to: NodeId, id: u64, summary: Summary, message: M },
    /// A timer may be due. Out of date if the token is.
    Timer { token: u32 },
    /// The node hears of the writes that are durable.
    Durable(WriteId),
    /// The node hears of the first write that is lost.
    WriteFailed(WriteId),
    /// The node hears of the snapshot that is durable.
    SnapshotSaved(Rc<Snapshot>),
    /// Its state machine does what it was given. Out of date if the node's life is over.
    Apply { life: u32 },
    /// A client asks.
    Request(Request),
    /// It is asked to hand over to a node.
    Transfer { fault: usize, to: NodeId },
    /// It is asked by a fault of the plan, at this place, to change the members.
    Change { fault: usize, change: Change },
}

impl<N: Node> Sim<'_, '_, N> {
    /// Something comes to a node: it takes it, or it waits. In line, as what it calls: what came is not moved from hand to hand.
    #[inline(always)]
    pub(super) fn receive(&mut self, id: NodeId, what: Incoming<N::Message>) {
        if self.is_ready(id) { self.take(id, what) } else { self.put_off(id, what) }
    }

    #[inline(always)]
    fn take(&mut self, id: NodeId, what: Incoming<N::Message>) {
        match what {
            Incoming::Deliver { from, id: number, summary, message } => {
                self.count_event();
                let loss = match () {
                    () if !self.hosts[id.slot()].is_up() => Some(Loss::Down),
                    () if self.network.swallows(from, id, &summary)
                        || number <= self.recovery.lost_upto =>
                    {
                        Some(Loss::CutInFlight)
                    }
                    () => None,
                };
                if let Some(why) = loss {
                    self.recorder.record(Some(id), Kind::Drop { from, id: number, why });
                    return self.discard(from, message);
                }
                let kind = Kind::Deliver { from, id: number, message: summary };
                self.recorder.record(Some(id), kind);
                self.step(id, Input::Receive { from, message });
            }
            Incoming::Stray { from, to, id: number, summary, message } => {
                self.stray(id, (from, to, number), summary, message);
            }
            Incoming::Timer { token } => self.wake(id, token),
            Incoming::Apply { life } => self.apply_all(id, life),
            Incoming::Request(request) if self.is_cut_off(id, request.id) => {}
            Incoming::Request(request) if !self.hosts[id.slot()].is_up() => {
                self.refuse_connection(id, request.id);
            }
            _ if !self.hosts[id.slot()].is_up() => {}
            what => {
                self.count_event();
                let input = match what {
                    Incoming::Durable(write) => {
                        self.release(id, write);
                        Input::Durable(write)
                    }
                    Incoming::WriteFailed(write) => Input::WriteFailed(write),
                    Incoming::SnapshotSaved(snapshot) => Input::SnapshotSaved(snapshot),
                    Incoming::Request(request) => {
                        self.recorder.record(Some(id), Kind::Request { request: request.id });
                        Input::Request(request)
                    }
                    Incoming::Transfer { fault, to } => {
                        self.faults.done[fault].ignored =
                            self.ignores_transfer(id, to).map(|why| (id, why));
                        Input::Transfer(to)
                    }
                    Incoming::Change { fault, change } => {
                        return self.change_members(id, fault, change);
                    }
                    Incoming::Deliver { .. }
                    | Incoming::Stray { .. }
                    | Incoming::Timer { .. }
                    | Incoming::Apply { .. } => return,
                };
                self.step(id, input);
            }
        }
    }

    /// A message comes to a node to which it is not addressed.
    fn stray(
        &mut self,
        id: NodeId,
        (from, to, number): (NodeId, NodeId, u64),
        message: Summary,
        content: N::Message,
    ) {
        let is_over = number <= self.recovery.lost_upto || !self.hosts[id.slot()].is_up();
        if is_over || self.network.is_cut(from, id) {
            return self.discard(from, content);
        }
        self.count_event();
        self.recorder.record(Some(id), Kind::Stray { from, to, id: number, message });
        self.step(id, Input::Stray { from, to, message: content });
    }

    /// A node is asked to change the members. Where no configuration comes of it, the record says why.
    fn change_members(&mut self, id: NodeId, fault: usize, change: Change) {
        let latest = |sim: &Self| sim.hosts[id.slot()].journal.configurations().last().copied();
        let (before, status) = (latest(self), self.hosts[id.slot()].status);
        self.refuses_change = false;
        if let Change::Force(voters) = change {
            self.recorder.record(Some(id), Kind::Forced { voters });
        }
        self.step(id, Input::Change(change));
        if latest(self) != before {
            return;
        }
        let initial = (Index::ZERO, Configuration::of(self.plan.voters()));
        let (index, configuration) = before.unwrap_or(initial);
        let why = if self.refuses_change {
            Ignored::TooFewActive
        } else if status.role != Role::Leader {
            Ignored::NotLeader
        } else if index > status.commit {
            Ignored::Pending
        } else if let Some(after) = configuration.after(change) {
            let raised = after.voting().without(configuration.voting());
            if !raised.is_empty() {
                self.faults.held.push((fault, id, raised));
            }
            let learns = !raised.intersection(configuration.learners).is_empty();
            if learns { Ignored::CatchingUp } else { Ignored::Other }
        } else {
            Ignored::NoChange
        };
        self.faults.done[fault].ignored = Some((id, why));
        self.recorder.record(Some(id), Kind::ChangeIgnored { why });
    }

    /// A configuration came: what a node was asked for before may be done by it.
    pub(super) fn no_longer_held(&mut self, id: NodeId, configuration: Configuration) {
        let (held, done) = (&mut self.faults.held, &mut self.faults.done);
        held.retain(|(fault, node, raised)| {
            let is_done = *node == id && raised.without(configuration.voting()).is_empty();
            if is_done && done[*fault].ignored.is_some_and(|(node, _)| node == id) {
                done[*fault].ignored = None;
            }
            !is_done
        });
    }

    /// Why a node hands leadership to nobody when it is asked to, as far as its host can tell.
    fn ignores_transfer(&self, id: NodeId, to: NodeId) -> Option<Ignored> {
        let host = &self.hosts[id.slot()];
        let voters = host.journal.configurations().last().map(|(_, it)| it.voting());
        if host.status.role != Role::Leader {
            Some(Ignored::NotLeader)
        } else if id == to {
            Some(Ignored::ItLeads)
        } else {
            let votes = voters.unwrap_or(self.plan.voters()).contains(to);
            (!votes).then_some(Ignored::NoVoter)
        }
    }

    /// Drops what holds messages of a node.
    pub(super) fn discard<T>(&mut self, of: NodeId, value: T) {
        if let Err(panic) = guarded_drop(value) {
            self.broken(of, panic.into());
        }
    }

    /// Whether a node takes an input now.
    fn is_ready(&self, id: NodeId) -> bool {
        let host = &self.hosts[id.slot()];
        let busy = host.busy_until > self.recorder.now && host.per_input > Span::ZERO;
        // What came first is taken first: whatever waits in the backlog is served by `proceed`.
        host.pauses == 0 && !busy && host.backlog.is_empty()
    }

    /// Keeps what came for a node that is paused or busy.
    fn put_off(&mut self, id: NodeId, what: Incoming<N::Message>) {
        if !self.hosts[id.slot()].is_up() {
            return self.discard(id, what);
        }
        self.hosts[id.slot()].backlog.push_back(what);
        self.schedule_proceed(id);
    }

    /// Sees to it that the backlog is served.
    pub(super) fn schedule_proceed(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        if host.pauses > 0 || host.backlog.is_empty() || host.proceeds_at.is_some() {
            return;
        }
        let at = host.busy_until.max(self.recorder.now);
        host.proceeds_at = Some(at);
        self.queue.push(at, Event::Proceed { node: id });
    }

    /// Serves the first input of the backlog.
    pub(super) fn proceed(&mut self, id: NodeId) {
        let host = &mut self.hosts[id.slot()];
        if host.proceeds_at != Some(self.recorder.now) {
            return;
        }
        host.proceeds_at = None;
        if host.pauses > 0 {
            return;
        }
        let Some(what) = host.backlog.pop_front() else { return };
        host.busy_until = Time::ZERO;
        self.take(id, what);
        // A crash has emptied it.
        debug_assert!(self.hosts[id.slot()].is_up() || self.hosts[id.slot()].backlog.is_empty());
        self.schedule_proceed(id);
    }
}
