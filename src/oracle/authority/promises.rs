//! Promises to leaders (thesis 4.2.3, 6.4.1): whoever heard its leader within the lowest election timeout helps to depose it for nobody,
//! and whoever answered a read round keeps that promise over a restart, too, if reads go by leases.
//!
//! - With `vote_lease`, who hears its leader takes over no candidate's term and votes for none; a leader that hears a majority is loyal to
//!   itself. This goes by the clock that may be set, as the timers do by which nodes stand.
//! - With `pre_vote`, who hears its leader grants no pre-vote.
//! - With lease reads, who answered a round of a leader votes for nobody for the lowest election timeout, itself not excepted, by the clock
//!   that nobody sets. What was not sent binds nobody.
//!
//! A leader's own word is no breach: an election that it asked for, and its `TimeoutNow`. Who claims that word without it breaks the
//! promises of all.

use std::collections::VecDeque;

use crate::config::{Config, Reads};
use crate::ids::{NodeId, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;
use crate::time::{LocalTime, Span};

use super::At;
use super::hearing::Hearing;

/// What a node promised.
#[derive(Debug, Default)]
struct Word {
    /// Whether it knows a leader of its term, when it heard from it, and that record.
    knows_leader: bool,
    heard: (LocalTime, u64),
    /// Rounds that it has not answered yet, with when they came.
    rounds: VecDeque<(Term, u64, LocalTime)>,
    /// When the latest round came that it answered, and the record of the answer.
    promised: Option<(LocalTime, u64)>,
    /// Pre-votes that it has not answered yet: whose they are, and the record of its leader where it has to refuse.
    asked: VecDeque<(NodeId, Option<u64>)>,
    /// The event in which it is asked for a vote that it must not give, and the record of the promise.
    bound: Option<(u64, u64)>,
    /// The event in which its leader had it stand, and the term in which it stood for that.
    released: u64,
    stands_for_leader: Term,
}

/// What all nodes promised.
#[derive(Debug)]
pub struct Promises {
    timeout: Span,
    vote_lease: bool,
    read_lease: bool,
    words: Vec<Word>,
}

impl Promises {
    pub fn new(nodes: u8, config: &Config) -> Promises {
        Promises {
            timeout: config.election_timeout.from,
            vote_lease: config.elections.vote_lease,
            read_lease: config.reads == Reads::Lease,
            words: std::iter::repeat_with(Word::default).take(nodes.into()).collect(),
        }
    }

    /// Judges a record. `hearing` is as it was before.
    #[inline]
    pub fn observe(&mut self, at: At, hearing: &Hearing) -> Option<Violation> {
        let (record, slot) = (at.seen.record, at.seen.id.slot());
        match record.kind {
            Kind::Deliver { from, message, .. } => self.deliver(at, from, &message, hearing),
            Kind::Send { to, message, .. } => return self.send(at, to, &message),
            Kind::Leader { leader } => self.words[slot].knows_leader = leader.is_some(),
            Kind::Term { term } => {
                let by = self.bound(at).filter(|_| self.vote_lease)?;
                let why = match at.seen.shadow.node(at.seen.id).role {
                    Role::Leader => "a majority answers it",
                    _ if self.lease_given(at) == Some(by) => "it promised its leader not to",
                    _ => "it hears its leader",
                };
                let sentence = format!(
                    "{} takes over term {term} from a candidate, though {why}.",
                    at.seen.id
                );
                return Some(at.seen.violates(Property::Promises, sentence, [by]));
            }
            Kind::Role { role: Role::Candidate, term } => {
                let word = &mut self.words[slot];
                if word.released == record.event {
                    word.stands_for_leader = term;
                }
            }
            Kind::Vote { vote: Some(vote), term, .. } => return self.vote(at, term, vote),
            Kind::Crash(_) | Kind::Boot { .. } => {
                let promised = self.words[slot].promised;
                self.words[slot] = Word { promised, ..Word::default() };
            }
            _ => {}
        }
        None
    }

    /// The promise that holds against the candidate that asks in this event.
    fn bound(&self, at: At) -> Option<u64> {
        let (event, by) = self.words[at.seen.id.slot()].bound?;
        (event == at.seen.record.event).then_some(by)
    }

    /// The answer to a read round that binds a node now.
    fn lease_given(&self, at: At) -> Option<u64> {
        let (since, by) = self.words[at.seen.id.slot()].promised?;
        let now = at.clocks.steady(at.seen.id, at.seen.record.time);
        (now < since.plus(self.timeout)).then_some(by)
    }

    /// The record of the leader that a node hears now, or, where it leads itself, of the message that asks.
    fn hears(&self, at: At, hearing: &Hearing) -> Option<u64> {
        let word = &self.words[at.seen.id.slot()];
        match at.seen.shadow.node(at.seen.id).role {
            Role::Leader => hearing.hears_majority(at).then_some(at.seen.record.number),
            Role::PreCandidate => None,
            _ => {
                let now = at.clocks.local(at.seen.id, at.seen.record.time);
                let hears = word.knows_leader && now < word.heard.0.plus(self.timeout);
                hears.then_some(word.heard.1)
            }
        }
    }

    fn deliver(&mut self, at: At, from: NodeId, message: &Summary, hearing: &Hearing) {
        let (record, id) = (at.seen.record, at.seen.id);
        let node = at.seen.shadow.node(id);
        match *message {
            Summary::RequestVote { by_leader: false, term, .. } => {
                let lease = self.vote_lease && term > node.term;
                let heard = if lease { self.hears(at, hearing) } else { None };
                let given = self.lease_given(at).filter(|_| node.role != Role::Leader);
                self.words[id.slot()].bound = heard.or(given).map(|by| (record.event, by));
            }
            Summary::PreVote { .. } => {
                let heard = self.hears(at, hearing);
                self.words[id.slot()].asked.push_back((from, heard));
            }
            Summary::TimeoutNow { .. } => self.words[id.slot()].released = record.event,
            Summary::AppendEntries { term, .. }
            | Summary::InstallSnapshot { term, .. }
            | Summary::ReadRound { term, .. } => {
                let leads = node.role == Role::Leader && term == node.term;
                if term < node.term || leads {
                    return;
                }
                let word = &mut self.words[id.slot()];
                word.heard = (at.clocks.local(id, record.time), record.number);
                if let (true, Summary::ReadRound { round, .. }) = (self.read_lease, *message) {
                    word.rounds.push_back((term, round, at.clocks.steady(id, record.time)));
                }
            }
            _ => {}
        }
    }

    fn send(&mut self, at: At, to: NodeId, message: &Summary) -> Option<Violation> {
        let word = &mut self.words[at.seen.id.slot()];
        match *message {
            Summary::ReadRoundReply { term, round, .. } => {
                let place = word.rounds.iter().position(|it| (it.0, it.1) == (term, round))?;
                let (.., since) = word.rounds[place];
                word.rounds.drain(..=place);
                word.promised = Some((since, at.seen.record.number));
                None
            }
            Summary::PreVoteReply { granted, term } => {
                let place = word.asked.iter().position(|(from, _)| *from == to)?;
                let (_, heard) = word.asked.remove(place)?;
                let heard = heard.filter(|_| granted)?;
                let sentence = format!(
                    "{} tells {to} that it would vote for it in term {term}, though it hears its leader.",
                    at.seen.id
                );
                Some(at.seen.violates(Property::Promises, sentence, [heard]))
            }
            Summary::RequestVote { term, by_leader: true, .. } => {
                let sentence = format!(
                    "{} says that its leader has it stand in term {term}, which no leader did.",
                    at.seen.id
                );
                let forged = word.stands_for_leader != term;
                forged.then(|| at.seen.violates(Property::Promises, sentence, []))
            }
            _ => None,
        }
    }

    fn vote(&self, at: At, term: Term, vote: NodeId) -> Option<Violation> {
        let released = self.words[at.seen.id.slot()].released == at.seen.record.event;
        let by = match vote == at.seen.id {
            true => self.lease_given(at).filter(|_| !released),
            false => self.bound(at),
        }?;
        let sentence = format!(
            "{} votes for {vote} in term {term}, though it promised its leader to elect nobody else for {} by its clock.",
            at.seen.id, self.timeout
        );
        Some(at.seen.violates(Property::Promises, sentence, [by]))
    }
}
