//! Who leads the cluster, and since when nobody does.

use crate::ids::{NodeId, Term};
use crate::node::Role;
use crate::record::{Kind, Record};
use crate::time::Time;

/// Who leads: the leader of the latest term that any node has reached, while it runs. A run begins without a leader.
#[derive(Debug)]
pub(super) struct Leadership {
    latest: Term,
    leader: Option<NodeId>,
    /// Since when nobody leads; out of date while somebody does.
    since: Time,
}

/// Somebody leads again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Regained {
    /// Since when nobody did.
    pub since: Time,
}

impl Leadership {
    pub(super) fn new() -> Leadership {
        Leadership { latest: Term::ZERO, leader: None, since: Time::ZERO }
    }

    /// Takes note of a record; says if somebody leads from now on after nobody did.
    pub(super) fn observe(&mut self, record: &Record) -> Option<Regained> {
        match record.kind {
            Kind::Term { term } if term > self.latest => {
                self.latest = term;
                self.lose(record.time);
            }
            Kind::Role { role: Role::Leader, term } if term >= self.latest => {
                let since = self.since;
                let regained = self.leader.is_none().then_some(Regained { since });
                (self.latest, self.leader) = (term, record.node);
                return regained;
            }
            Kind::Role { .. } | Kind::Crash(_) if self.leader == record.node => {
                self.lose(record.time);
            }
            _ => {}
        }
        None
    }

    fn lose(&mut self, now: Time) {
        if self.leader.take().is_some() {
            self.since = now;
        }
    }

    /// Since when nobody leads; nothing while somebody does.
    pub(super) fn leaderless(&self) -> Option<Time> {
        self.leader.is_none().then_some(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn nobody_leads_from_the_loss_of_a_leader_to_the_next() {
        let [one, two] = [1, 2].map(NodeId::new);
        let lead = |term| Kind::Role { role: Role::Leader, term: Term(term) };
        let crash = Kind::Crash(crate::record::Remains::default());
        let told = [
            (150, one, Kind::Term { term: Term(2) }),
            (152, one, lead(2)),
            (200, one, crash),
            (400, two, Kind::Term { term: Term(3) }),
            (600, two, Kind::Term { term: Term(4) }),
            (603, two, lead(4)),
            // Who leads an older term is no leader of the cluster.
            (604, one, lead(3)),
        ];
        let mut leadership = Leadership::new();
        let mut regained = Vec::new();
        for (millis, node, kind) in told {
            let time = Time::ZERO.plus(Span::millis(millis));
            let record = Record { number: 1, event: 1, time, node: Some(node), kind };
            regained.extend(leadership.observe(&record).map(|it| time.since(it.since)));
        }
        assert_eq!(regained, [152, 403].map(Span::millis));
        assert_eq!(leadership.leaderless(), None);
    }
}
