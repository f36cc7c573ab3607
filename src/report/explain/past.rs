//! The causal past: which records can have led to others, by the order at each node and by messages, and which faults did.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::NodeId;
use crate::plan::fault::{Cut, Transfer};
use crate::plan::{Action, Fault, Plan, Target};
use crate::record::{Kind, Loss, Record};

/// A fault of a link may have made a message late if it takes so many times as long as half of all messages.
const ODD: u64 = 3;

/// What was sent and heard of each message of a run, as places in its records.
#[derive(Debug)]
pub struct Messages<'a> {
    pub records: &'a [Record],
    pub sent: BTreeMap<u64, usize>,
    /// Where each message was heard first.
    pub heard: BTreeMap<u64, usize>,
    /// What half of the messages take at most, in nanoseconds.
    pub latency: u64,
}

impl Messages<'_> {
    pub fn of(records: &[Record]) -> Messages<'_> {
        let (sent, heard) = Default::default();
        let mut messages = Messages { records, sent, heard, latency: 0 };
        for (place, record) in records.iter().enumerate() {
            match record.kind {
                Kind::Send { id, .. } => _ = messages.sent.insert(id, place),
                Kind::Deliver { id, .. } => _ = messages.heard.entry(id).or_insert(place),
                _ => {}
            }
        }
        let taken = messages.heard.keys().filter_map(|id| messages.taken(*id));
        let mut latencies: Vec<u64> = taken.collect();
        latencies.sort_unstable();
        messages.latency = latencies.get(latencies.len() / 2).copied().unwrap_or(0);
        messages
    }

    /// How long a message took, in nanoseconds.
    fn taken(&self, id: u64) -> Option<u64> {
        let [sent, heard] = [self.sent.get(&id)?, self.heard.get(&id)?];
        Some(self.records[*heard].time.0.saturating_sub(self.records[*sent].time.0))
    }
}

/// For each record, whether it can have led to the evidence. What happened to a node before is its past, over crashes too: what it
/// wrote may have stayed on its disk, and what it lost is the very thing to tell. A lost message is no part of the past of
/// the node that it did not reach, but of the sender's.
pub fn causal_past(
    records: &[Record],
    messages: &Messages<'_>,
    evidence: &[u64],
    nodes: u8,
) -> Vec<bool> {
    let mut past = vec![false; records.len()];
    let mut reached = vec![false; usize::from(nodes)];
    for (place, record) in records.iter().enumerate().rev() {
        let wanted = past[place] || evidence.binary_search(&record.number).is_ok();
        let Some(node) = record.node else {
            past[place] = true;
            continue;
        };
        past[place] = match record.kind {
            Kind::Drop { from, .. } => wanted || reached[from.slot()],
            _ => wanted || reached[node.slot()],
        };
        if !past[place] || matches!(record.kind, Kind::Drop { .. }) {
            continue;
        }
        reached[node.slot()] = true;
        if let Kind::Deliver { id, .. } = record.kind
            && let Some(sent) = messages.sent.get(&id)
        {
            past[*sent] = true;
        }
    }
    past
}

/// The numbers of the records at which the faults begin and end that did something in the causal past.
pub fn faults_that_matter(plan: &Plan, messages: &Messages<'_>, past: &[bool]) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for (place, record) in messages.records.iter().enumerate() {
        let Kind::Fault { fault } = record.kind else { continue };
        let Some(struck) = plan.faults.get(fault as usize - 1) else { continue };
        let heals = |record: &Record| record.kind == Kind::Heal { fault };
        let rest = &messages.records[place..];
        let lasts = rest.iter().position(heals).filter(|_| struck.flapping.is_none());
        let end = place + lasts.unwrap_or(rest.len());
        let mut window = (place..end).filter(|place| past[*place]);
        if window.any(|place| is_work_of(struck, &messages.records[place], messages)) {
            numbers.insert(record.number);
            numbers.extend(messages.records.get(end).map(|record| record.number));
        }
    }
    numbers
}

/// Whether a record can be what a fault did.
fn is_work_of(fault: &Fault, record: &Record, messages: &Messages<'_>) -> bool {
    let Record { node: Some(node), kind, .. } = *record else { return false };
    let target = &fault.target;
    // Whose message is lost to a partition, if one is.
    let cut = match kind {
        Kind::Drop { from, why: Loss::Cut | Loss::CutInFlight, .. } => Some(from),
        _ => None,
    };
    // A try that nobody answered may be that of a client that was cut off.
    let silent = matches!(kind, Kind::TimedOut { .. });
    match &fault.action {
        Action::Cut(Cut { from, to, .. }) if from.is_clients() || to.is_clients() => {
            silent && (names(from, node) || names(to, node))
        }
        Action::Link(link) if link.from.is_clients() || link.to.is_clients() => {
            silent && (names(&link.from, node) || names(&link.to, node))
        }
        Action::Isolate(_) if target.is_clients() => silent,
        Action::Isolate(isolate) if isolate.clients && silent => names(target, node),
        // A crash and a restart are told by the node's own records.
        Action::Crash(_) | Action::Restart => false,
        Action::Split(_) | Action::Bridge | Action::Ring => cut.is_some(),
        Action::Isolate(_) => cut.is_some_and(|from| names(target, from) || names(target, node)),
        Action::Cut(Cut { from, to, .. }) => {
            cut.is_some_and(|sender| names(from, sender) && names(to, node))
        }
        Action::Link(link) => match kind {
            Kind::Send { to, id, .. } => {
                // It is lost, or late.
                let most = messages.latency.saturating_mul(ODD);
                let is_odd = messages.taken(id).is_none_or(|taken| taken > most);
                is_odd && names(&link.from, node) && names(&link.to, to)
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
        | Action::Suspend
        | Action::Slow(_)
        | Action::Disk(_)
        | Action::DiskError
        | Action::DiskFull
        | Action::DiskHangs
        | Action::DiskLies
        | Action::Corrupt(_)
        | Action::Clock(_) => names(target, node),
    }
}

/// Whether a fault may have struck a node. Who is meant by a word is not known any more.
fn names(target: &Target, node: NodeId) -> bool {
    !target.is_clients() && target.numbers().is_none_or(|numbers| numbers.contains(&node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Term;
    use crate::message::Summary;
    use crate::time::Time;

    #[test]
    fn what_is_heard_brings_in_the_sender_up_to_then() {
        let message = Summary::TimeoutNow { term: Term(2) };
        let [one, two, three] = [1, 2, 3].map(NodeId::new);
        let kinds = [
            (one, Kind::Term { term: Term(2) }),
            (three, Kind::Term { term: Term(2) }),
            (one, Kind::Send { to: two, id: 1, message }),
            (one, Kind::Stop),
            (two, Kind::Deliver { from: one, id: 1, message }),
            (two, Kind::Stop),
        ];
        let record = |(at, (node, kind)): (usize, (NodeId, Kind))| Record {
            number: at as u64 + 1,
            event: 1,
            time: Time(at as u64),
            node: Some(node),
            kind,
        };
        let records: Vec<Record> = kinds.into_iter().enumerate().map(record).collect();
        let past = causal_past(&records, &Messages::of(&records), &[6], 3);
        assert_eq!(past, [true, false, true, false, true, true]);
    }
}
