//! Who leads the cluster, and since when nobody does.

use crate::configuration::Configuration;
use crate::ids::{NodeId, NodeSet, Term};
use crate::node::Role;
use crate::record::{Kind, Record};
use crate::time::Time;

/// Who leads: the leader of the latest term that has had one, while it runs as one and no majority of the voters is in a later term. A node
/// that stands alone in higher and higher terms takes nobody's leader away. A run begins without a leader.
#[derive(Debug)]
pub struct Leadership {
    /// The term of each node.
    terms: Vec<Term>,
    /// Who counts: by the configuration that was written last.
    configuration: Configuration,
    /// The latest term that has had a leader, and that leader while it runs as one.
    latest: Term,
    elected: Option<NodeId>,
    /// Since when nobody leads; nothing while somebody does.
    leaderless: Option<Time>,
}

/// Somebody leads again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regained {
    /// Since when nobody did.
    pub since: Time,
}

impl Leadership {
    /// Of a cluster that begins with these voters.
    pub fn new(nodes: u8, voters: NodeSet) -> Leadership {
        Leadership {
            terms: vec![Term::ZERO; usize::from(nodes)],
            configuration: Configuration::of(voters),
            latest: Term::ZERO,
            elected: None,
            leaderless: Some(Time::ZERO),
        }
    }

    /// Takes note of a record; says if somebody leads from now on after nobody did.
    #[inline]
    pub fn observe(&mut self, record: &Record) -> Option<Regained> {
        match (record.node, record.kind) {
            (Some(node), Kind::Term { term } | Kind::Boot { term, .. }) => {
                self.terms[node.slot()] = term;
            }
            (Some(node), Kind::Role { role: Role::Leader, term }) if term >= self.latest => {
                (self.latest, self.elected) = (term, Some(node));
            }
            (node, Kind::Role { .. } | Kind::Crash(_)) if self.elected == node => {
                self.elected = None;
            }
            (_, Kind::Configure { configuration, .. }) => self.configuration = configuration,
            _ => return None,
        }
        if self.elected.is_some() && !self.is_passed() {
            return self.leaderless.take().map(|since| Regained { since });
        }
        self.leaderless.get_or_insert(record.time);
        None
    }

    /// Whether so many voters are in later terms that the leader can have no majority any more.
    fn is_passed(&self) -> bool {
        self.configuration.halves().any(|half| {
            let later = half.iter().filter(|node| self.terms[node.slot()] > self.latest).count();
            later * 2 > half.iter().count()
        })
    }

    /// Since when nobody leads; nothing while somebody does.
    pub fn leaderless(&self) -> Option<Time> {
        self.leaderless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn nobody_leads_from_the_loss_of_a_leader_to_the_next() {
        let [one, two, three] = [1, 2, 3].map(NodeId::new);
        let lead = |term| Kind::Role { role: Role::Leader, term: Term(term) };
        let term = |term| Kind::Term { term: Term(term) };
        let crash = Kind::Crash(crate::record::Remains::default());
        let told = [
            (150, one, term(2)),
            (152, one, lead(2)),
            // One alone in a later term takes no leader away; a majority does.
            (160, three, term(7)),
            (200, one, crash),
            (400, two, term(8)),
            (603, two, lead(8)),
            // Who leads an older term is no leader of the cluster.
            (604, one, lead(3)),
            (700, one, term(9)),
            (800, three, term(9)),
            (950, three, lead(9)),
        ];
        let mut leadership = Leadership::new(3, NodeSet::first(3));
        let mut regained = Vec::new();
        for (millis, node, kind) in told {
            let time = Time::ZERO.plus(Span::millis(millis));
            let record = Record { number: 1, event: 1, time, node: Some(node), kind };
            regained.extend(leadership.observe(&record).map(|it| time.since(it.since)));
        }
        assert_eq!(regained, [152, 403, 150].map(Span::millis));
        assert_eq!(leadership.leaderless(), None);
    }
}
