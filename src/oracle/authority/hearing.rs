//! Whom leaders hear, and check-quorum (thesis 6.2): a leader that no majority of its voters answered within the lowest election timeout
//! leads no more once its timer fires (the first one, of a node that has several), and one that a majority answers is not deposed by that.
//!
//! Answers count that belong to the leader's term, whoever of its configuration gave them; of a joint configuration, majorities of both
//! halves. All goes by the leader's own clock.

use crate::config::Config;
use crate::ids::{NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::{Role, TimerId};
use crate::oracle::quorum::Tally;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::time::{LocalTime, Span};

use super::At;

/// What a leader heard.
#[derive(Debug)]
struct Ear {
    /// The term that it leads, and the record of its election.
    leads: Option<(Term, u64)>,
    /// When each node answered last, by the leader's clock, and the record.
    heard: Vec<(LocalTime, u64)>,
    /// Whether a write of the leader failed, for which it may step down.
    write_failed: bool,
}

/// Whom all leaders heard.
#[derive(Debug)]
pub struct Hearing {
    timeout: Span,
    /// Whether check-quorum is judged.
    judges: bool,
    ears: Vec<Ear>,
    /// A leader without a majority when a timer fired: it may not lead beyond that event. With the records of the timer and its election.
    due: Option<(NodeId, u64, [u64; 2])>,
}

impl Hearing {
    pub fn new(nodes: u8, config: &Config, judges: bool) -> Hearing {
        let nodes = usize::from(nodes);
        let ear =
            || Ear { leads: None, heard: vec![(LocalTime(0), 0); nodes], write_failed: false };
        let ears = std::iter::repeat_with(ear).take(nodes).collect();
        Hearing { timeout: config.election_timeout.from, judges, ears, due: None }
    }

    /// The voters that a leader heard lately, itself counted if it is one.
    fn near(&self, at: At) -> NodeSet {
        let (ear, now) =
            (&self.ears[at.seen.id.slot()], at.clocks.local(at.seen.id, at.seen.record.time));
        let lately =
            |id: &NodeId| *id == at.seen.id || now < ear.heard[id.slot()].0.plus(self.timeout);
        at.seen.shadow.configuration_of(at.seen.id).voting().iter().filter(lately).collect()
    }

    /// Whether a leader hears a majority of its voters.
    pub fn hears_majority(&self, at: At) -> bool {
        Tally::of(at.seen.shadow.configuration_of(at.seen.id), self.near(at)).is_majority()
    }

    /// The event is over in which a leader had to find out that it leads no more.
    #[inline]
    pub fn overdue(&mut self, record: &Record) -> Option<Violation> {
        let (id, event, evidence) = self.due?;
        if record.event == event {
            return None;
        }
        self.due = None;
        let sentence = format!(
            "{id} leads on, though no majority of its voters has answered it for {} by its clock.",
            self.timeout
        );
        Some(Violation::new(Property::CheckQuorum, record, sentence, evidence))
    }

    /// Judges a record.
    #[inline]
    pub fn observe(&mut self, at: At) -> Option<Violation> {
        let slot = at.seen.id.slot();
        let now = || (at.clocks.local(at.seen.id, at.seen.record.time), at.seen.record.number);
        match at.seen.record.kind {
            Kind::Deliver { from, message, .. } => {
                let (term, _) = self.ears[slot].leads?;
                if is_answer(&message) && message.term() == term {
                    self.ears[slot].heard[from.slot()] = now();
                }
            }
            Kind::Timer { timer: TimerId::FIRST, .. } => {
                let (_, elected) = self.ears[slot].leads.filter(|_| self.judges)?;
                if !self.hears_majority(at) {
                    self.due =
                        Some((at.seen.id, at.seen.record.event, [elected, at.seen.record.number]));
                }
            }
            Kind::Role { role: Role::Leader, term } => {
                let ear = &mut self.ears[slot];
                ear.leads = Some((term, at.seen.record.number));
                ear.write_failed = false;
                ear.heard.fill(now());
            }
            Kind::WriteFailed { .. } => self.ears[slot].write_failed = true,
            Kind::Role { term, .. } => return self.step_down(at, term),
            Kind::Crash(_) | Kind::Boot { .. } => self.end(at.seen.id),
            Kind::Configure { configuration, .. } if self.ears[slot].leads.is_some() => {
                let before = at.seen.shadow.configuration_of(at.seen.id).members();
                for new in configuration.members().without(before).iter() {
                    self.ears[slot].heard[new.slot()] = now();
                }
            }
            _ => {}
        }
        None
    }

    /// A node leads no more.
    fn end(&mut self, id: NodeId) {
        self.ears[id.slot()].leads = None;
        self.due = self.due.filter(|(due, ..)| *due != id);
    }

    /// A leader leads no more. In the term that it leads, that is because it hears no majority, because it was removed, or because its disk
    /// failed.
    fn step_down(&mut self, at: At, term: Term) -> Option<Violation> {
        let id = at.seen.id;
        let (led, elected) = self.ears[id.slot()].leads?;
        let deposed = self.judges
            && led == term
            && !self.ears[id.slot()].write_failed
            && at.seen.shadow.configuration_of(id).voting().contains(id)
            && self.hears_majority(at);
        let heard = self.near(at).iter().map(|from| self.ears[id.slot()].heard[from.slot()].1);
        let answers: Vec<u64> = if deposed { heard.collect() } else { Vec::new() };
        self.end(id);
        deposed.then(|| {
            let sentence = format!(
                "{id} leads term {term} no more, though a majority of its voters has answered it within {} by its clock.",
                self.timeout
            );
            at.seen.violates(Property::CheckQuorum, sentence, answers.into_iter().chain([elected]))
        })
    }
}

/// Whether a message answers what a leader sends.
fn is_answer(message: &Summary) -> bool {
    matches!(
        message,
        Summary::Appended { .. }
            | Summary::Conflict { .. }
            | Summary::SnapshotReply { .. }
            | Summary::ReadRoundReply { .. }
    )
}
