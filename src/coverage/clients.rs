//! Notices what clients get into: operations that overlap, are tried again, given up, or answered from a session.

use std::collections::BTreeMap;

use crate::coverage::{At, Situations};
use crate::ids::{Index, NodeId};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::Role;
use crate::record::{Heard, Kind};
use crate::situation::Situation::*;

/// How many operations that were given up are remembered; older ones are forgotten.
const GIVEN_UP_MAX: usize = 64;

/// What is remembered of a client's operation.
#[derive(Clone, Copy, Debug)]
struct Operation {
    request: RequestId,
    command: Command,
    /// Whom the client asked last, and how many times in all.
    asked: NodeId,
    attempt: u32,
    /// How many leaders had been elected when it began.
    leaders: u64,
    /// The leader that it reached last.
    reached: Option<NodeId>,
    /// Whether it has taken effect.
    effect: bool,
    under_way: bool,
}

/// What is remembered of clients.
#[derive(Debug, Default)]
pub struct Memory {
    /// The last operation of each client.
    operations: Vec<Option<Operation>>,
    /// The clients whose operation on a key is under way.
    under_way: BTreeMap<u32, Vec<u32>>,
    given_up: Vec<Operation>,
    applied_upto: Index,
    leaders: u64,
    forwarded: u64,
}

impl Memory {
    /// What a request asks for, while it is the last of its client.
    pub(super) fn command(&self, request: RequestId) -> Option<Command> {
        let last = self.operations.get(request.client as usize)?.as_ref()?;
        (last.request == request).then_some(last.command)
    }

    /// The client's operation under way, if it is this one.
    fn current(&mut self, request: RequestId) -> Option<&mut Operation> {
        let operation = self.operations.get_mut(request.client as usize)?.as_mut()?;
        (operation.request == request && operation.under_way).then_some(operation)
    }

    fn end(&mut self, request: RequestId) {
        let Some(operation) = self.current(request) else { return };
        operation.under_way = false;
        if let Some(key) = operation.command.key()
            && let Some(clients) = self.under_way.get_mut(&key)
        {
            clients.retain(|client| *client != request.client);
        }
    }
}

impl Situations {
    /// Looks at a record. `oracles` have not seen it yet.
    pub(super) fn observe_clients(&mut self, at: &At) {
        let At { record, id, .. } = *at;
        match record.kind {
            Kind::Role { role: Role::Leader, .. } => self.clients.leaders += 1,
            Kind::Send { id, message: Summary::Forward { .. }, .. } => self.clients.forwarded = id,
            Kind::Duplicate { id: message, .. } => {
                self.reach_if(message == self.clients.forwarded, ForwardDuplicated, id);
            }
            Kind::Invoke { request, command, attempt: 1 } => self.begin(id, request, command),
            Kind::Invoke { request, attempt, .. } => {
                let Some(operation) = self.clients.current(request) else { return };
                (operation.asked, operation.attempt) = (id, attempt);
                let effect = operation.effect;
                self.reach_if(effect, RetryAfterEffect, id);
            }
            Kind::Request { request } if at.leads() => {
                let Some(operation) = self.clients.current(request) else { return };
                let another = operation.reached.replace(id).is_some_and(|before| before != id);
                self.reach_if(another, RetryReachedAnotherLeader, id);
            }
            Kind::Apply { index, request, effect, .. } if index > self.clients.applied_upto => {
                self.clients.applied_upto = index;
                if !request.is_none() {
                    self.apply_first(id, request, effect);
                }
            }
            Kind::Answered { request, output: Some(heard), .. } => self.answer(id, request, heard),
            Kind::GaveUp { request } => self.give_up(id, request),
            _ => {}
        }
    }

    fn begin(&mut self, asked: NodeId, request: RequestId, command: Command) {
        let again = command == Command::Register && request.serial > 1;
        self.reach_if(again, SessionOpenedAgain, asked);
        let (leaders, client) = (self.clients.leaders, request.client as usize);
        if client >= self.clients.operations.len() {
            self.clients.operations.resize(client + 1, None);
        }
        self.clients.operations[client] = Some(Operation {
            request,
            command,
            asked,
            attempt: 1,
            leaders,
            reached: None,
            effect: false,
            under_way: true,
        });
        let Some(key) = command.key() else { return };
        let others = self.clients.under_way.entry(key).or_default();
        others.push(request.client);
        for place in 0..others.len() - 1 {
            let other = self.clients.under_way[&key][place] as usize;
            let Some(other) = self.clients.operations[other] else { continue };
            let raced = |command| matches!(command, Command::CompareAndSet { .. });
            let situation = match (command.writes(), other.command.writes()) {
                (true, true) if raced(command) && raced(other.command) => CompareAndSetRaced,
                (true, true) => WritesOverlap,
                (false, false) => continue,
                _ => ReadOverlapsWrite,
            };
            self.reach(situation, Some(asked));
        }
    }

    /// An entry is applied for the first time, by any node.
    fn apply_first(&mut self, id: NodeId, request: RequestId, effect: bool) {
        let clients = &mut self.clients;
        let latest = clients.operations.get_mut(request.client as usize).and_then(Option::as_mut);
        let Some(latest) = latest else { return };
        let has_session = latest.request.session > Index::ZERO;
        let same = latest.request == request;
        let before = same && latest.effect;
        latest.effect |= same && effect;
        let opened = match same {
            true => before && effect && latest.command == Command::Register,
            false => effect && has_session && request.session == Index::ZERO,
        };
        self.reach_if(opened, SessionOpenedTwice, id);
        self.reach_if(before && !effect, DuplicateKnownBySession, id);
        self.reach_if(!same && !effect, LateRequestIgnored, id);
        if !effect {
            return;
        }
        let mut given_up = std::mem::take(&mut self.clients.given_up);
        for operation in given_up.iter_mut().filter(|operation| operation.request == request) {
            self.reach_if(!std::mem::replace(&mut operation.effect, true), UnknownTookEffect, id);
        }
        // The requests of a session take effect in order: what was passed over never will.
        let before = given_up.len();
        given_up.retain(|operation| {
            operation.effect
                || request.session == Index::ZERO
                || operation.request.client != request.client
                || operation.request.serial >= request.serial
        });
        self.reach_if(given_up.len() < before, UnknownNeverTakesEffect, id);
        self.clients.given_up = given_up;
    }

    fn answer(&mut self, id: NodeId, request: RequestId, heard: Heard) {
        let Some(operation) = self.clients.current(request).copied() else { return };
        let reads = matches!(operation.command, Command::Get { .. });
        let sets = matches!(operation.command, Command::CompareAndSet { .. });
        match heard {
            Heard::Expired => return self.reach(SessionExpired, Some(id)),
            Heard::Opened(_) => self.reach(SessionOpened, Some(id)),
            Heard::Mismatch => self.reach(CompareAndSetFailed, Some(id)),
            Heard::Values(0) => self.reach(ReadFoundNothing, Some(id)),
            Heard::Done => self.reach_if(sets, CompareAndSetHeld, id),
            _ => {}
        }
        let spans = operation.leaders < self.clients.leaders;
        self.reach_if(spans, OperationSpansLeaderChange, id);
        self.reach_if(spans && reads, ReadSpansLeaderChange, id);
        self.reach_if(operation.attempt > 1 && operation.asked != id, AnsweredByEarlierTry, id);
        let unknown = |other: &Operation| {
            !other.effect
                && other.command.writes()
                && other.command.key() == operation.command.key()
        };
        let beside = reads && self.clients.given_up.iter().any(unknown);
        self.reach_if(beside, ReadBesideUnknownWrite, id);
        self.clients.end(request);
    }

    fn give_up(&mut self, id: NodeId, request: RequestId) {
        let Some(operation) = self.clients.current(request).copied() else { return };
        self.reach_if(operation.effect, GaveUpAfterEffect, id);
        self.reach_if(!operation.effect, GaveUpBeforeEffect, id);
        if self.clients.given_up.len() == GIVEN_UP_MAX {
            self.clients.given_up.remove(0);
        }
        self.clients.given_up.push(operation);
        self.clients.end(request);
    }
}
