//! Election safety, one vote per node and term, and terms that never go back (5.1, 5.2).
//!
//! A vote is given when it is durable, and when it leaves in a message: a request for votes is a vote for oneself. What was promised
//! in a message binds, whatever the disk says after a crash.

use std::collections::BTreeMap;

use crate::ids::{NodeId, Term, WriteId};
use crate::message::Summary;
use crate::node::{DiskFile, Role};
use crate::oracle::destroyed::Destroyed;
use crate::oracle::seen::Seen;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;

/// A vote that is not durable: its term, for whom, its write and its record.
type PendingVote = (Term, Option<NodeId>, WriteId, u64);

/// Who led which term, ever, and what each disk says of votes.
#[derive(Debug)]
pub struct Elections {
    /// The leader of each term, with the record of its election. Kept across crashes.
    leaders: BTreeMap<Term, (NodeId, u64)>,
    /// For each node and term, to whom it gave its vote, and the record that did.
    votes: Vec<BTreeMap<Term, (NodeId, u64)>>,
    /// For each node, votes that are written but not durable.
    pending: Vec<Vec<PendingVote>>,
    /// For each node, the latest term on its disk, with the record.
    durable_terms: Vec<(Term, u64)>,
    /// For each node, up to which term its votes were lost. Until it starts again it still has them in memory, and may tell of them.
    lost: Vec<Term>,
}

impl Elections {
    /// No election yet.
    pub fn new(nodes: u8) -> Elections {
        let nodes = usize::from(nodes);
        Elections {
            leaders: BTreeMap::new(),
            votes: vec![BTreeMap::new(); nodes],
            pending: vec![Vec::new(); nodes],
            durable_terms: vec![(Term::ZERO, 0); nodes],
            lost: vec![Term::ZERO; nodes],
        }
    }

    /// Judges a record. The shadow is as it was before it.
    pub fn observe(&mut self, at: Seen, destroyed: Option<&mut Destroyed>) -> Option<Violation> {
        let Seen { record, id, .. } = at;
        let slot = id.slot();
        match record.kind {
            Kind::Role { role: Role::Leader, term } => {
                let second = self.elected(at, term)?;
                match destroyed.filter(|it| term <= it.unknown_elections()) {
                    Some(destroyed) => {
                        destroyed.tangle(record.time, false);
                        None
                    }
                    None => Some(second),
                }
            }
            Kind::Term { term } if term < at.node().term => {
                let before = at.node().term;
                let sentence = format!("{id} went back from term {before} to term {term}.");
                Some(at.violates(Property::MonotonicTerm, sentence, []))
            }
            Kind::Vote { write, term, vote } => {
                self.pending[slot].push((term, vote, write, record.number));
                None
            }
            Kind::Send { to, message, .. } => {
                let (term, vote) = promise(id, to, &message)?;
                if term <= self.lost[slot] {
                    None
                } else {
                    self.give(at, term, vote, record.number)
                }
            }
            Kind::Boot { .. } => {
                self.lost[slot] = Term::ZERO;
                None
            }
            Kind::Durable { write, .. } => self.durable(at, write),
            Kind::Wipe { stays_out: false }
            | Kind::PutBack { .. }
            | Kind::Corrupt { what: DiskFile::Vote, drops: true, .. } => {
                self.forget(slot);
                None
            }
            Kind::Crash(remains) => {
                let violation = if remains.promised > 0 {
                    self.forget(slot);
                    None
                } else {
                    self.durable(at, remains.votes.unwrap_or(remains.survived))
                };
                self.pending[slot].clear();
                violation
            }
            _ => None,
        }
    }

    /// What a node once voted is gone from its disk, so it cannot keep what it promised by it.
    fn forget(&mut self, slot: usize) {
        self.votes[slot].clear();
        self.lost[slot] = std::mem::take(&mut self.durable_terms[slot].0);
        self.durable_terms[slot].1 = 0;
    }

    fn elected(&mut self, at: Seen, term: Term) -> Option<Violation> {
        let Seen { record, id, .. } = at;
        let (leader, earlier) = *self.leaders.entry(term).or_insert((id, record.number));
        (earlier != record.number).then(|| {
            let sentence = match leader == id {
                false => format!("{id} became leader of term {term}, which {leader} leads."),
                true => format!("{id} became leader of term {term} a second time."),
            };
            at.violates(Property::ElectionSafety, sentence, [earlier])
        })
    }

    /// A node gives its vote; `given` is the record that did.
    fn give(&mut self, at: Seen, term: Term, vote: NodeId, given: u64) -> Option<Violation> {
        let id = at.id;
        let (first, earlier) = *self.votes[id.slot()].entry(term).or_insert((vote, given));
        (first != vote).then(|| {
            let sentence = format!(
                "{id} gave its vote of term {term} to {vote}, after it had given it to {first}."
            );
            at.violates(Property::OneVote, sentence, [earlier, given])
        })
    }

    fn durable(&mut self, at: Seen, upto: WriteId) -> Option<Violation> {
        let (id, slot) = (at.id, at.id.slot());
        let mut found = None;
        let count = self.pending[slot].iter().take_while(|(_, _, write, _)| *write <= upto).count();
        for (term, vote, _, number) in self.pending[slot].drain(..count).collect::<Vec<_>>() {
            let (before, earlier) = self.durable_terms[slot];
            if term < before && found.is_none() {
                let sentence = format!("The disk of {id} went back from term {before} to {term}.");
                let evidence = [earlier, number];
                found = Some(at.violates(Property::MonotonicTerm, sentence, evidence));
            }
            self.durable_terms[slot] = (term, number);
            if let Some(vote) = vote {
                let given = self.give(at, term, vote, number);
                found = found.or(given);
            }
        }
        found
    }
}

/// The vote that a message gives: its term, and to whom.
fn promise(sender: NodeId, receiver: NodeId, message: &Summary) -> Option<(Term, NodeId)> {
    match *message {
        Summary::RequestVote { term, .. } => Some((term, sender)),
        Summary::Vote { term, granted: true } => Some((term, receiver)),
        _ => None,
    }
}
