//! Election safety, one vote per node and term, and terms that never go back (5.1, 5.2).

use std::collections::BTreeMap;

use crate::ids::{NodeId, Term, WriteId};
use crate::node::Role;
use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};

/// A vote that is not durable: its term, for whom, its write and its record.
type PendingVote = (Term, Option<NodeId>, WriteId, u64);

/// Who led which term, ever, and what each disk says of votes.
#[derive(Debug)]
pub struct Elections {
    /// The leader of each term, with the record of its election. Kept across crashes.
    leaders: BTreeMap<Term, (NodeId, u64)>,
    /// For each node, the last term in which its disk held a vote, for whom, and the record that wrote it.
    votes: Vec<Option<(Term, NodeId, u64)>>,
    /// For each node, votes that are written but not durable.
    pending: Vec<Vec<PendingVote>>,
    /// For each node, the latest term on its disk, with the record.
    durable_terms: Vec<(Term, u64)>,
}

impl Elections {
    /// No election yet.
    pub fn new(nodes: u8) -> Elections {
        let nodes = usize::from(nodes);
        Elections {
            leaders: BTreeMap::new(),
            votes: vec![None; nodes],
            pending: vec![Vec::new(); nodes],
            durable_terms: vec![(Term::ZERO, 0); nodes],
        }
    }

    /// Judges a record. `shadow` is as it was before it.
    pub fn observe(&mut self, record: &Record, shadow: &Shadow) -> Option<Violation> {
        let id = record.node?;
        let slot = id.slot();
        match record.kind {
            Kind::Role { role: Role::Leader, term } => self.elected(record, id, term),
            Kind::Term { term } if term < shadow.node(id).term => {
                let before = shadow.node(id).term;
                let sentence = format!("{id} went back from term {before} to term {term}.");
                Some(Violation::new(Property::MonotonicTerm, record, sentence, []))
            }
            Kind::Vote { write, term, vote } => {
                self.pending[slot].push((term, vote, write, record.number));
                None
            }
            Kind::Durable { write } => self.durable(record, id, write),
            Kind::Crash { survived, .. } => {
                let violation = self.durable(record, id, survived);
                self.pending[slot].clear();
                violation
            }
            Kind::Wipe => {
                self.votes[slot] = None;
                self.durable_terms[slot] = (Term::ZERO, 0);
                None
            }
            _ => None,
        }
    }

    fn elected(&mut self, record: &Record, id: NodeId, term: Term) -> Option<Violation> {
        let (leader, earlier) = *self.leaders.entry(term).or_insert((id, record.number));
        (leader != id).then(|| {
            let sentence = format!("{id} became leader of term {term}, which {leader} leads.");
            Violation::new(Property::ElectionSafety, record, sentence, [earlier])
        })
    }

    fn durable(&mut self, record: &Record, id: NodeId, upto: WriteId) -> Option<Violation> {
        let slot = id.slot();
        let mut found = None;
        let count = self.pending[slot].iter().take_while(|(_, _, write, _)| *write <= upto).count();
        for (term, vote, _, number) in self.pending[slot].drain(..count) {
            let (before, earlier) = self.durable_terms[slot];
            if term < before && found.is_none() {
                let sentence = format!("The disk of {id} went back from term {before} to {term}.");
                let evidence = [earlier, number];
                found = Some(Violation::new(Property::MonotonicTerm, record, sentence, evidence));
            }
            self.durable_terms[slot] = (term, number);
            let Some(vote) = vote else { continue };
            match self.votes[slot] {
                Some((voted, candidate, earlier)) if voted == term && candidate != vote => {
                    let sentence = format!(
                        "The disk of {id} holds a vote for {vote} in term {term}, in which it had voted for {candidate}."
                    );
                    let evidence = [earlier, number];
                    found.get_or_insert(Violation::new(
                        Property::OneVote,
                        record,
                        sentence,
                        evidence,
                    ));
                }
                _ => self.votes[slot] = Some((term, vote, number)),
            }
        }
        found
    }
}
