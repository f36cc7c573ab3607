//! Which faults belong to a story: those that did something to what led to the violation.

use std::collections::BTreeSet;

use super::past::Messages;
use crate::ids::NodeId;
use crate::plan::fault::{Cut, Transfer};
use crate::plan::{Action, Fault, Plan, Target};
use crate::record::{Kind, Loss, Record};

/// A message counts as late if it takes so many times as long as half of all messages.
const ODD: u64 = 3;

/// A run, to ask what a fault did in it.
pub struct Faults<'a> {
    /// The records.
    pub records: &'a [Record],
    /// Which of them are in the causal past.
    pub past: &'a [bool],
    /// Its messages.
    pub messages: &'a Messages,
    /// What half of the messages take at most, in nanoseconds.
    pub latency: u64,
}

impl Faults<'_> {
    /// The numbers of the records at which the faults begin and end that did something.
    pub fn that_matter(&self, plan: &Plan) -> BTreeSet<u64> {
        let mut numbers = BTreeSet::new();
        for (place, record) in self.records.iter().enumerate() {
            let Kind::Fault { fault } = record.kind else { continue };
            let Some(struck) = plan.faults.get(fault as usize - 1) else { continue };
            let heals = |record: &Record| record.kind == Kind::Heal { fault };
            let rest = &self.records[place..];
            let lasts = rest.iter().position(heals).filter(|_| struck.flapping.is_none());
            let end = place + lasts.unwrap_or(rest.len());
            let mut window = (place..end).filter(|place| self.past[*place]);
            if window.any(|place| self.is_work_of(struck, place)) {
                numbers.insert(record.number);
                numbers.extend(self.records.get(end).map(|record| record.number));
            }
        }
        numbers
    }

    /// Whether a record can be what a fault did.
    fn is_work_of(&self, fault: &Fault, place: usize) -> bool {
        let Record { node: Some(node), kind, .. } = self.records[place] else { return false };
        let target = &fault.target;
        match &fault.action {
            // A crash and a restart are told by the node's own records.
            Action::Crash(_) | Action::Restart => false,
            Action::Split(_) | Action::Bridge | Action::Ring => cut(kind).is_some(),
            Action::Isolate(_) => {
                cut(kind).is_some_and(|from| names(target, from) || names(target, node))
            }
            Action::Cut(Cut { from, to }) => {
                cut(kind).is_some_and(|sender| names(from, sender) && names(to, node))
            }
            Action::Link(link) => match kind {
                Kind::Send { to, id, .. } => {
                    names(&link.from, node) && names(&link.to, to) && self.is_odd(place, id)
                }
                Kind::Duplicate { from, .. } => names(&link.from, from) && names(&link.to, node),
                _ => false,
            },
            Action::Transfer(Transfer { to }) => {
                matches!(kind, Kind::Transfer { to: Some(transferee) } if names(to, transferee))
                    && names(target, node)
            }
            Action::Change(_) => matches!(kind, Kind::Configure { .. }) && names(target, node),
            Action::Pause
            | Action::Slow(_)
            | Action::Disk(_)
            | Action::DiskError
            | Action::DiskFull
            | Action::DiskLies
            | Action::Corrupt(_)
            | Action::Clock(_) => names(target, node),
        }
    }

    /// Whether a message that was sent here is lost, or late.
    fn is_odd(&self, sent: usize, id: u64) -> bool {
        self.messages.heard.get(&id).is_none_or(|heard| {
            let taken = self.records[*heard].time.since(self.records[sent].time);
            taken.0 > self.latency.saturating_mul(ODD)
        })
    }
}

/// Whose message is lost to a partition, if one is.
fn cut(kind: Kind) -> Option<NodeId> {
    match kind {
        Kind::Drop { from, why: Loss::Cut | Loss::CutInFlight, .. } => Some(from),
        _ => None,
    }
}

/// Whether a fault may have struck a node. Who is meant by a word is not known any more.
fn names(target: &Target, node: NodeId) -> bool {
    target.numbers().is_none_or(|numbers| numbers.contains(&node))
}
