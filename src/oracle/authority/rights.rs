//! By what right a read is answered that leaves no entry in the log (thesis 6.4).
//!
//! A leader has the right once a majority of its voters has answered a round that it began after the read came, or at once if a lease holds
//! when it comes: a round that a majority answered was sent less than the lowest election timeout ago, less what clocks may drift, by the
//! clock that nobody sets, and the leader has had nobody stand since. What it then must have applied is what it knew to be committed when
//! the read came, and the first entry of its term. A follower has it from a leader, which tells it how far it must have applied.

use std::collections::BTreeMap;

use crate::config::{Config, Reads};
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::log::{Command, RequestId};
use crate::message::{MessageKind, Summary};
use crate::node::Role;
use crate::oracle::quorum::Tally;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;
use crate::time::{LocalTime, Span};
use crate::trace::text::client;

use super::At;

/// The messages that begin a round, end a lease, or answer a read.
pub const SENT: [MessageKind; 4] = [
    MessageKind::ReadRound,
    MessageKind::TimeoutNow,
    MessageKind::ForwardReply,
    MessageKind::ReadIndexReply,
];

/// The messages with which a read comes, or a right to answer one.
pub const DELIVERED: [MessageKind; 5] = [
    MessageKind::Forward,
    MessageKind::ReadIndex,
    MessageKind::ForwardReply,
    MessageKind::ReadIndexReply,
    MessageKind::ReadRoundReply,
];

/// A read that came to a node.
#[derive(Clone, Copy, Debug)]
struct Read {
    request: RequestId,
    /// The how-manieth read of the node it is; without one, the node did not lead when it came.
    number: Option<u64>,
    /// The term of that leadership.
    term: Option<Term>,
    /// What must be applied.
    index: Index,
    /// The least that a leader said must be.
    told: Option<Index>,
    /// The record of its coming.
    came: u64,
}

/// A round of a leader.
#[derive(Clone, Copy, Debug)]
struct Round {
    number: u64,
    /// When it was sent, by the clock that nobody sets, and the record.
    sent: (LocalTime, u64),
    /// How many reads came before.
    covers: u64,
    /// Who answered.
    answered: NodeSet,
}

/// What a node knows of reads.
#[derive(Clone, Debug, Default)]
struct Desk {
    commit: Index,
    /// The term that it leads, and its first entry in it.
    leads: Option<Term>,
    first: Option<Index>,
    came: u64,
    /// How many of those that came are proven, by rounds or by a lease that held later.
    proven: u64,
    /// The latest round, and the latest that a majority answered.
    round: Option<Round>,
    lease: Option<Round>,
    /// Whether it had somebody stand.
    handed_over: bool,
    /// The latest read of each client: copies of it may come, and be answered, more than once.
    reads: BTreeMap<u32, Read>,
    /// What another node answered in this event.
    relayed: (u64, RequestId),
}

/// By what rights reads are answered.
#[derive(Debug)]
pub struct Rights {
    /// How long a lease is, where reads go by leases.
    lease: Option<Span>,
    desks: Vec<Desk>,
    /// The read that each client waits for.
    asked: BTreeMap<u32, RequestId>,
}

impl Rights {
    pub fn new(nodes: u8, config: &Config) -> Rights {
        let promise = u128::from(config.election_timeout.from.0) * 1_000_000;
        let span = promise / (1_000_000 + u128::from(config.drift_bound_ppm));
        Rights {
            lease: (config.reads == Reads::Lease).then_some(Span(span as u64)),
            desks: vec![Desk::default(); nodes.into()],
            asked: BTreeMap::new(),
        }
    }

    /// Judges a record.
    #[inline]
    pub fn observe(&mut self, at: At) -> Option<Box<Violation>> {
        let (record, slot) = (at.seen.record, at.seen.id.slot());
        match record.kind {
            Kind::Invoke { request, command, .. } => {
                match command {
                    Command::Get { .. } => self.asked.insert(request.client, request),
                    _ => self.asked.remove(&request.client),
                };
            }
            Kind::Request { request } => self.comes(at, request),
            Kind::Deliver { from, message, .. } => self.deliver(at, from, &message),
            Kind::Send { message, .. } => return self.send(at, &message),
            Kind::Reply { request, applied: true } => {
                let relayed = self.desks[slot].relayed == (record.event, request);
                return if relayed { None } else { self.answer(at, request, None) };
            }
            Kind::Role { role, term } => {
                let desk = &mut self.desks[slot];
                // What was not proven when a leadership ends is proven by none that comes later.
                for read in desk.reads.values_mut() {
                    read.number = read.number.filter(|number| *number <= desk.proven);
                }
                desk.leads = (role == Role::Leader).then_some(term);
                (desk.first, desk.round, desk.lease) = (None, None, None);
                desk.handed_over = false;
            }
            Kind::Append { index, .. } => {
                let desk = &mut self.desks[slot];
                if desk.leads.is_some() {
                    desk.first.get_or_insert(index);
                }
            }
            Kind::Commit { index, .. } => self.desks[slot].commit = index,
            Kind::Boot { applied, .. } => {
                let (came, proven) = (self.desks[slot].came, self.desks[slot].came);
                self.desks[slot] = Desk { commit: applied, came, proven, ..Desk::default() };
            }
            Kind::Crash(_) => self.desks[slot].reads.clear(),
            _ => {}
        }
        None
    }

    /// A request reaches a node, which leads or not.
    fn comes(&mut self, at: At, request: RequestId) {
        let asked = self.asked.get(&request.client) == Some(&request);
        let reads = &self.desks[at.seen.id.slot()].reads;
        let known = reads.get(&request.client).is_some_and(|read| read.request == request);
        self.settle(at);
        // Who is a majority by itself has its round at once, whoever may be a voter when it answers.
        let proven = self.lease_holds(at) || Rights::is_majority(at, NodeSet::only(at.seen.id));
        let desk = &mut self.desks[at.seen.id.slot()];
        if !asked && !known {
            // It may be a read that its client has given up: a lease that holds for it holds for those that wait, too.
            if proven && desk.leads.is_some() {
                desk.proven = desk.came;
            }
            return;
        }
        let number = desk.leads.map(|_| {
            desk.came += 1;
            desk.came
        });
        if proven && number.is_some() {
            desk.proven = desk.came;
        }
        let index = desk.commit.max(desk.first.unwrap_or_default());
        let (term, came) = (desk.leads, at.seen.record.number);
        let read = Read { request, number, term, index, told: None, came };
        match desk.reads.get_mut(&request.client).filter(|_| known) {
            // A second copy of it may be answered in place of the first.
            Some(first) if first.number.is_none() => {
                (first.number, first.term, first.index) = (number, term, index);
            }
            Some(first) if term.is_some() && term != first.term => {
                first.index = first.index.min(index);
            }
            Some(_) => {}
            None => _ = desk.reads.insert(request.client, read),
        }
    }

    fn deliver(&mut self, at: At, from: NodeId, message: &Summary) {
        match *message {
            Summary::Forward { request } | Summary::ReadIndex { request } => {
                self.comes(at, request);
            }
            Summary::ForwardReply { request, .. } => {
                self.desks[at.seen.id.slot()].relayed = (at.seen.record.event, request);
            }
            Summary::ReadIndexReply { request, index } => {
                let read = self.desks[at.seen.id.slot()].reads.get_mut(&request.client);
                if let Some(read) = read.filter(|read| read.request == request) {
                    // Words may overtake each other: all of them were given after the read came for the first time.
                    read.told = read.told.into_iter().chain(index).min();
                }
            }
            Summary::ReadRoundReply { term, round, .. } => {
                let desk = &mut self.desks[at.seen.id.slot()];
                if let (Some(leads), Some(latest)) = (desk.leads, &mut desk.round)
                    && leads == term
                    && latest.number == round
                {
                    latest.answered.insert(from);
                    self.settle(at);
                }
            }
            _ => {}
        }
    }

    fn send(&mut self, at: At, message: &Summary) -> Option<Box<Violation>> {
        let desk = &mut self.desks[at.seen.id.slot()];
        match *message {
            Summary::ReadRound { term, round } if desk.leads == Some(term) => {
                // What was held back behind a write may be sent after a later round.
                if desk.round.is_none_or(|latest| latest.number < round) {
                    let sent =
                        (at.clocks.steady(at.seen.id, at.seen.record.time), at.seen.record.number);
                    let answered = NodeSet::only(at.seen.id);
                    let covers = desk.came;
                    desk.round = Some(Round { number: round, sent, covers, answered });
                }
                None
            }
            Summary::TimeoutNow { .. } => {
                desk.handed_over = true;
                None
            }
            Summary::ForwardReply { request, applied: true } => self.answer(at, request, None),
            Summary::ReadIndexReply { request, index: Some(index) } => {
                self.answer(at, request, Some(index))
            }
            _ => None,
        }
    }

    /// Whether these nodes are a majority of a leader's voters.
    fn is_majority(at: At, nodes: NodeSet) -> bool {
        Tally::of(at.seen.shadow.configuration_of(at.seen.id), nodes).is_majority()
    }

    /// Takes note of a round that a majority has answered.
    fn settle(&mut self, at: At) {
        let desk = &mut self.desks[at.seen.id.slot()];
        let Some(round) = desk.round.filter(|it| Rights::is_majority(at, it.answered)) else {
            return;
        };
        desk.proven = desk.proven.max(round.covers);
        desk.lease = Some(round);
    }

    fn lease_holds(&self, at: At) -> bool {
        let desk = &self.desks[at.seen.id.slot()];
        let (Some(span), Some(lease)) = (self.lease, desk.lease) else { return false };
        desk.leads.is_some()
            && !desk.handed_over
            && at.clocks.steady(at.seen.id, at.seen.record.time) < lease.sent.0.plus(span)
            && Rights::is_majority(at, lease.answered)
    }

    /// A node answers a read from its own state machine, or tells a follower how far to apply for it.
    fn answer(
        &mut self,
        at: At,
        request: RequestId,
        told: Option<Index>,
    ) -> Option<Box<Violation>> {
        let id = at.seen.id;
        let read = *self.desks[id.slot()].reads.get(&request.client)?;
        if read.request != request {
            return None;
        }
        self.settle(at);
        let leased = self.lease_holds(at);
        let desk = &self.desks[id.slot()];
        let proven = |number: u64| {
            number <= desk.proven || leased || Rights::is_majority(at, NodeSet::only(id))
        };
        let own = read.number.is_some_and(proven).then_some(read.index);
        let applied = told.unwrap_or(at.seen.shadow.node(id).applied);
        let name = client(request);
        let needed = own.into_iter().chain(read.told).min();
        let (sentence, round) = match needed {
            None => {
                let sentence = format!(
                    "{id} answers read {name}, but no majority of its voters has answered a round that it began after the read came, it holds no lease, and no leader told it how far to apply."
                );
                (sentence, desk.round.map_or(0, |round| round.sent.1))
            }
            Some(needed) if applied < needed => {
                let sentence = format!(
                    "{id} answers read {name} as of index {applied}, but has to go by all up to index {needed}."
                );
                (sentence, 0)
            }
            Some(_) => return None,
        };
        let earlier = [read.came, round].into_iter().filter(|number| *number > 0);
        Some(at.seen.violates(Property::ReadRights, sentence, earlier))
    }
}
