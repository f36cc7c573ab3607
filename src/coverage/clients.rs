//! Notices what clients get into: operations that overlap, are tried again, given up, or answered from a session.

use std::collections::BTreeMap;

use crate::ids::{Index, NodeId};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::Oracles;
use crate::record::{Heard, Kind, Record};
use crate::situation::Situation;

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
pub struct Clients {
    /// The last operation of each client.
    operations: Vec<Option<Operation>>,
    /// The clients whose operation on a key is under way.
    under_way: BTreeMap<u32, Vec<u32>>,
    given_up: Vec<Operation>,
    applied_upto: Index,
    leaders: u64,
    forwarded: u64,
}

impl Clients {
    /// Whether a record may have to do with clients: few have, so this is asked first.
    #[inline]
    pub fn concerns(kind: &Kind) -> bool {
        match kind {
            Kind::Send { message, .. } => matches!(message, Summary::Forward { .. }),
            Kind::Role { .. }
            | Kind::Duplicate { .. }
            | Kind::Invoke { .. }
            | Kind::Request { .. }
            | Kind::Apply { .. }
            | Kind::Answered { .. }
            | Kind::GaveUp { .. } => true,
            _ => false,
        }
    }

    /// Looks at a record, and adds what is reached by it. `oracles` have not seen it yet.
    pub fn observe(&mut self, record: &Record, oracles: &Oracles, reached: &mut Vec<Situation>) {
        let Some(id) = record.node else { return };
        match record.kind {
            Kind::Role { role: Role::Leader, .. } => self.leaders += 1,
            Kind::Send { id, message: Summary::Forward { .. }, .. } => self.forwarded = id,
            Kind::Duplicate { id, .. } if id == self.forwarded => {
                reached.push(Situation::ForwardDuplicated);
            }
            Kind::Invoke { request, command, attempt: 1 } => {
                self.begin(id, request, command, reached);
            }
            Kind::Invoke { request, attempt, .. } => self.retry(id, request, attempt, reached),
            Kind::Request { request } if oracles.shadow().node(id).role == Role::Leader => {
                self.reach_leader(id, request, reached);
            }
            Kind::Apply { index, request, effect, .. } if index > self.applied_upto => {
                self.applied_upto = index;
                if !request.is_none() {
                    self.apply(request, effect, reached);
                }
            }
            Kind::Answered { request, output: Some(heard), .. } => {
                self.answer(id, request, heard, reached);
            }
            Kind::GaveUp { request } => self.give_up(request, reached),
            _ => {}
        }
    }

    /// The client's operation under way, if it is this one.
    fn current(&mut self, request: RequestId) -> Option<&mut Operation> {
        let operation = self.operations.get_mut(request.client as usize)?.as_mut()?;
        (operation.request == request && operation.under_way).then_some(operation)
    }

    fn begin(
        &mut self,
        asked: NodeId,
        request: RequestId,
        command: Command,
        reached: &mut Vec<Situation>,
    ) {
        if command == Command::Register && request.serial > 1 {
            reached.push(Situation::SessionOpenedAgain);
        }
        let (leaders, client) = (self.leaders, request.client as usize);
        if client >= self.operations.len() {
            self.operations.resize(client + 1, None);
        }
        self.operations[client] = Some(Operation {
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
        let others = self.under_way.entry(key).or_default();
        for other in others.iter().filter_map(|other| self.operations[*other as usize]) {
            let raced = |command| matches!(command, Command::CompareAndSet { .. });
            reached.push(match (command.writes(), other.command.writes()) {
                (true, true) if raced(command) && raced(other.command) => {
                    Situation::CompareAndSetRaced
                }
                (true, true) => Situation::WritesOverlap,
                (false, false) => continue,
                _ => Situation::ReadOverlapsWrite,
            });
        }
        others.push(request.client);
    }

    fn retry(
        &mut self,
        asked: NodeId,
        request: RequestId,
        attempt: u32,
        reached: &mut Vec<Situation>,
    ) {
        let Some(operation) = self.current(request) else { return };
        (operation.asked, operation.attempt) = (asked, attempt);
        if operation.effect {
            reached.push(Situation::RetryAfterEffect);
        }
    }

    fn reach_leader(&mut self, id: NodeId, request: RequestId, reached: &mut Vec<Situation>) {
        let Some(operation) = self.current(request) else { return };
        let before = operation.reached.replace(id);
        if before.is_some_and(|before| before != id) {
            reached.push(Situation::RetryReachedAnotherLeader);
        }
    }

    /// An entry is applied for the first time, by any node.
    fn apply(&mut self, request: RequestId, effect: bool, reached: &mut Vec<Situation>) {
        let latest = self.operations.get_mut(request.client as usize).and_then(Option::as_mut);
        let Some(latest) = latest else { return };
        let has_session = latest.request.session > Index::ZERO;
        if latest.request == request {
            if latest.effect && effect && latest.command == Command::Register {
                reached.push(Situation::SessionOpenedTwice);
            }
            if latest.effect && !effect {
                reached.push(Situation::DuplicateKnownBySession);
            }
            latest.effect |= effect;
        } else if !effect {
            reached.push(Situation::LateRequestIgnored);
        } else if has_session && request.session == Index::ZERO {
            reached.push(Situation::SessionOpenedTwice);
        }
        if !effect {
            return;
        }
        for operation in &mut self.given_up {
            if operation.request == request && !std::mem::replace(&mut operation.effect, true) {
                reached.push(Situation::UnknownTookEffect);
            }
        }
        // The requests of a session take effect in order: what was passed over never will.
        let before = self.given_up.len();
        self.given_up.retain(|operation| {
            operation.effect
                || request.session == Index::ZERO
                || operation.request.client != request.client
                || operation.request.serial >= request.serial
        });
        if self.given_up.len() < before {
            reached.push(Situation::UnknownNeverTakesEffect);
        }
    }

    fn answer(
        &mut self,
        id: NodeId,
        request: RequestId,
        heard: Heard,
        reached: &mut Vec<Situation>,
    ) {
        let leaders = self.leaders;
        let Some(operation) = self.current(request).copied() else { return };
        let reads = matches!(operation.command, Command::Get { .. });
        let sets = matches!(operation.command, Command::CompareAndSet { .. });
        match heard {
            Heard::Expired => return reached.push(Situation::SessionExpired),
            Heard::Opened(_) => reached.push(Situation::SessionOpened),
            Heard::Mismatch => reached.push(Situation::CompareAndSetFailed),
            Heard::Values(0) => reached.push(Situation::ReadFoundNothing),
            Heard::Done if sets => reached.push(Situation::CompareAndSetHeld),
            _ => {}
        }
        if operation.leaders < leaders {
            reached.push(Situation::OperationSpansLeaderChange);
            if reads {
                reached.push(Situation::ReadSpansLeaderChange);
            }
        }
        if operation.attempt > 1 && operation.asked != id {
            reached.push(Situation::AnsweredByEarlierTry);
        }
        let unknown = |other: &Operation| {
            !other.effect
                && other.command.writes()
                && other.command.key() == operation.command.key()
        };
        if reads && self.given_up.iter().any(unknown) {
            reached.push(Situation::ReadBesideUnknownWrite);
        }
        self.end(request);
    }

    fn give_up(&mut self, request: RequestId, reached: &mut Vec<Situation>) {
        let Some(operation) = self.current(request).copied() else { return };
        reached.push(match operation.effect {
            true => Situation::GaveUpAfterEffect,
            false => Situation::GaveUpBeforeEffect,
        });
        if self.given_up.len() == GIVEN_UP_MAX {
            self.given_up.remove(0);
        }
        self.given_up.push(operation);
        self.end(request);
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
