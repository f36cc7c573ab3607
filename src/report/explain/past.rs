//! The causal past: which records can have led to others, by the order at each node and by messages.

use std::collections::BTreeMap;

use crate::record::{Kind, Record};

/// What was sent and heard of each message, as places in the run's records.
#[derive(Debug, Default)]
pub struct Messages {
    /// Where each message was sent.
    pub sent: BTreeMap<u64, usize>,
    /// Where each message was heard first.
    pub heard: BTreeMap<u64, usize>,
}

impl Messages {
    /// The messages of a run.
    pub fn of(records: &[Record]) -> Messages {
        let mut messages = Messages::default();
        for (place, record) in records.iter().enumerate() {
            match record.kind {
                Kind::Send { id, .. } => _ = messages.sent.insert(id, place),
                Kind::Deliver { id, .. } => _ = messages.heard.entry(id).or_insert(place),
                _ => {}
            }
        }
        messages
    }

    /// What half of the messages take at most, in nanoseconds.
    pub fn median_latency(&self, records: &[Record]) -> u64 {
        let taken = |(id, heard): (&u64, &usize)| {
            let sent = self.sent.get(id)?;
            Some(records[*heard].time.0.saturating_sub(records[*sent].time.0))
        };
        let mut latencies: Vec<u64> = self.heard.iter().filter_map(taken).collect();
        latencies.sort_unstable();
        latencies.get(latencies.len() / 2).copied().unwrap_or(0)
    }
}

/// For each record, whether it can have led to the evidence. What happened to a node before is its past, over crashes too: what it
/// wrote may have stayed on its disk, and what it lost is the very thing to tell. A lost message is no part of the past of
/// the node that it did not reach, but of the sender's.
pub fn causal_past(
    records: &[Record],
    messages: &Messages,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{NodeId, Term};
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
