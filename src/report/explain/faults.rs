//! Which faults belong to a story: those that did something to what led to the violation.

use std::collections::BTreeSet;

use super::past::Messages;
use crate::ids::NodeId;
use crate::plan::fault::{
    ClockChange, Corrupt, Cut, DiskChange, Isolate, Lasting, MemberChange, Only, Slow, Transfer,
};
use crate::plan::{Action, Plan, Whom};
use crate::record::{Kind, Loss, Record};

/// A message is odd for the weather if it takes so many times as long as half of all messages.
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
            let lasts = rest.iter().position(heals).filter(|_| struck.action.flapping().is_none());
            let end = place + lasts.unwrap_or(rest.len());
            let mut window = (place..end).filter(|place| self.past[*place]);
            if window.any(|place| self.is_work_of(&struck.action, place)) {
                numbers.insert(record.number);
                numbers.extend(self.records.get(end).map(|record| record.number));
            }
        }
        numbers
    }

    /// Whether a record can be what an action did.
    fn is_work_of(&self, action: &Action, place: usize) -> bool {
        let Record { node: Some(node), kind, .. } = self.records[place] else { return false };
        match action {
            // A crash and a restart are told by the node's own records.
            Action::Crash(_) | Action::Restart(_) => false,
            Action::Split(_) | Action::Bridge(_) | Action::Ring(_) => cut(kind).is_some(),
            Action::Isolate(Isolate { whom, .. }) => {
                cut(kind).is_some_and(|from| names(whom, from) || names(whom, node))
            }
            Action::Cut(Cut { from, to, .. }) => {
                cut(kind).is_some_and(|sender| names(from, sender) && names(to, node))
            }
            Action::Weather(weather) => match kind {
                Kind::Send { to, id, .. } => {
                    names(&weather.from, node) && names(&weather.to, to) && self.is_odd(place, id)
                }
                Kind::Duplicate { from, .. } => {
                    names(&weather.from, from) && names(&weather.to, node)
                }
                _ => false,
            },
            Action::Transfer(Transfer { whom, to }) => {
                matches!(kind, Kind::Transfer { to: Some(heir) } if names(to, heir))
                    && names(whom, node)
            }
            Action::Change(MemberChange { whom, .. }) => {
                matches!(kind, Kind::Configure { .. }) && names(whom, node)
            }
            Action::Pause(Lasting { whom, .. })
            | Action::Slow(Slow { whom, .. })
            | Action::Disk(DiskChange { whom, .. })
            | Action::DiskError(Only { whom })
            | Action::DiskFull(Lasting { whom, .. })
            | Action::DiskLies(Lasting { whom, .. })
            | Action::Corrupt(Corrupt { whom, .. })
            | Action::Clock(ClockChange { whom, .. }) => names(whom, node),
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
fn names(whom: &Whom, node: NodeId) -> bool {
    whom.numbers().is_none_or(|numbers| numbers.contains(&node))
}
