//! What was drawn in a run. With all of it in the plan, nothing is left to chance and the same things happen.

use crate::ids::{NodeId, NodeSet};
use crate::log::Command;
use crate::node::Node;
use crate::plan::fault::Unsynced;
use crate::plan::{Action, Pin, SingleRequest, Survives, SyncPin, Target};
use crate::sim::Sim;
use crate::sim::targets::Aim;
use crate::time::{Span, Time};
use crate::world::disk::Sync;
use crate::world::network::Fate;

/// Every choice that was made in a run, in order.
#[derive(Debug, Default)]
pub struct Choices {
    /// Each node's election timeouts.
    pub timeouts: Vec<Vec<Span>>,
    /// Each node's heartbeat intervals, where there was something to draw.
    pub heartbeats: Vec<Vec<Span>>,
    /// The words that each node drew for whatever it likes.
    pub words: Vec<Vec<i64>>,
    /// What became of every message that no cut swallowed.
    pub messages: Vec<Pin>,
    /// What became of every sync.
    pub syncs: Vec<SyncPin>,
    /// Each try of a client that was not lost on its way, at the time when it reaches the node.
    pub requests: Vec<SingleRequest>,
    /// Each operation of a client, at the time when it begins, with all its tries.
    pub operations: Vec<SingleRequest>,
    /// Each time that a fault struck somebody.
    pub strikes: Vec<Strike>,
}

/// A fault strikes.
#[derive(Clone, Debug)]
pub struct Strike {
    /// Its place in the plan.
    pub fault: usize,
    /// When.
    pub time: Time,
    /// Whom it means, for each of its names.
    pub names: Vec<NodeSet>,
    /// What is left of the unsynced writes of those who crash and lose some.
    pub survives: Vec<(NodeId, Survives)>,
}

/// A request by itself.
fn single(at: Time, to: NodeId, command: Command) -> SingleRequest {
    let (at, to) = (Some(at.since(Time::ZERO)), Target::Nodes(vec![to]));
    SingleRequest { at, on: None, to, command, attempts: None, client: None }
}

impl<N: Node> Sim<'_, '_, N> {
    pub(super) fn note_message(&mut self, link: [NodeId; 2], fate: Fate) {
        let now = self.recorder.now;
        let Some(choices) = &mut self.choices else { return };
        let arrives = match fate {
            Fate::Cut => return,
            Fate::Lost | Fate::Astray(..) => Vec::new(),
            Fate::Arrives(first, second) => {
                [Some(first), second].into_iter().flatten().map(|time| time.since(now)).collect()
            }
        };
        let sent = Some(now.since(Time::ZERO));
        choices.messages.push(Pin { link, message: None, sent, arrives });
    }

    pub(super) fn note_sync(&mut self, node: NodeId, sync: Sync) {
        let begun = self.recorder.now.since(Time::ZERO);
        if let Some(choices) = &mut self.choices {
            let Sync { takes, fails, survives, .. } = sync;
            choices.syncs.push(SyncPin { node, begun, takes, fails, survives });
        }
    }

    /// A node stopped itself after a sync that failed.
    pub(super) fn note_stop(&mut self, node: NodeId, survives: Survives) {
        let Some(choices) = &mut self.choices else { return };
        let failed = choices.syncs.iter_mut().rev().find(|pin| pin.node == node && pin.fails);
        if let Some(pin) = failed {
            pin.survives = Some(survives);
        }
    }

    /// A try of a client is on its way. One that opens a session becomes a write of a key that nobody else asks for: it takes as much time,
    /// and as much of the log, which a read need not.
    pub(super) fn note_request(&mut self, arrives: Time, to: NodeId, command: Command) {
        let Some(choices) = &mut self.choices else { return };
        let command = match command {
            Command::Register => Command::Put { key: u32::MAX, value: 0 },
            command => command,
        };
        choices.requests.push(SingleRequest { attempts: Some(1), ..single(arrives, to, command) });
    }

    /// A client begins an operation, of which its session's opening is a part. In a session it matters that later tries belong to it, and
    /// who else asks in it.
    pub(super) fn note_operation(&mut self, number: u32) {
        let Some(choices) = &mut self.choices else { return };
        let client = &self.clients[number as usize - 1];
        let command = client.single.unwrap_or(client.command);
        if command == Command::Register {
            return;
        }
        let (at, to) = client.began;
        let shares = self.plan.clients.sessions.is_some();
        let client = shares.then_some(number);
        choices.operations.push(SingleRequest { client, ..single(at, to, command) });
    }

    pub(super) fn note_strike(&mut self, fault: usize, targets: NodeSet, aim: Aim) {
        if self.choices.is_none() {
            return;
        }
        let planned = &self.plan.faults[fault];
        let named = |(place, (_, target)): (usize, (_, &Target))| match &planned.action {
            Action::Split(_) => self.resolve(target, aim.trigger, aim.struck),
            _ if place == 0 => targets,
            Action::Transfer(transfer) => self.transferee(transfer, aim).into_iter().collect(),
            _ => self.resolve(target, aim.trigger, aim.other),
        };
        let names = planned.targets().into_iter().enumerate().map(named).collect();
        let strike = Strike { fault, time: self.recorder.now, names, survives: Vec::new() };
        if let Some(choices) = &mut self.choices {
            choices.strikes.push(strike);
        }
    }

    /// A node crashed by the last fault that struck.
    pub(super) fn note_crash(&mut self, node: NodeId, unsynced: Unsynced, survives: Survives) {
        if let Some(strike) = self.choices.as_mut().and_then(|choices| choices.strikes.last_mut())
            && unsynced.is_drawn()
        {
            strike.survives.push((node, survives));
        }
    }

    /// All that was drawn.
    pub(super) fn take_choices(&mut self) -> Option<Choices> {
        let mut choices = *self.choices.take()?;
        for host in &self.hosts {
            let (timeouts, heartbeats, words) = host.rng.drawn();
            choices.timeouts.push(timeouts.to_vec());
            choices.heartbeats.push(heartbeats.to_vec());
            choices.words.push(words.to_vec());
        }
        Some(choices)
    }
}
