//! Exactly once (section 8, thesis 6.3): a request that is made in a session takes effect at one index, the requests of a session
//! in the order of their serial numbers, and no node carries out an entry a second time.

use std::collections::BTreeMap;

use crate::ids::{Index, NodeId};
use crate::log::RequestId;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::trace::text::client;

/// What has taken effect.
#[derive(Debug)]
pub struct Effects {
    /// Whether the entry at each index, from 1, was carried out by the node that applied it first, and that record.
    first: Vec<(bool, u64)>,
    /// The latest request of each client that took effect in a session: its serial number, where, and the record.
    latest: BTreeMap<u32, (u32, Index, u64)>,
    /// Up to where each node has applied.
    applied: Vec<Index>,
}

impl Effects {
    /// Nothing has taken effect yet.
    pub fn new(nodes: u8) -> Effects {
        let applied = vec![Index::ZERO; usize::from(nodes)];
        Effects { first: Vec::new(), latest: BTreeMap::new(), applied }
    }

    /// Judges a record.
    pub fn observe(&mut self, record: &Record) -> Option<Violation> {
        let id = record.node?;
        match record.kind {
            Kind::Boot { applied, .. } => {
                self.applied[id.slot()] = applied;
                None
            }
            Kind::Restore { index, .. } => {
                self.applied[id.slot()] = index;
                None
            }
            Kind::Apply { index, request, effect, .. } => {
                let before = self.applied[id.slot()];
                self.applied[id.slot()] = before.max(index);
                if effect && !request.is_none() && index <= before {
                    let name = client(request);
                    let sentence = format!("{id} carried out {name} at index {index} again.");
                    let first =
                        self.first.get(index.previous().0 as usize).map(|(_, first)| *first);
                    return Some(twice(record, sentence, first));
                }
                self.apply(record, id, index, request, effect)
            }
            _ => None,
        }
    }

    fn apply(
        &mut self,
        record: &Record,
        id: NodeId,
        index: Index,
        request: RequestId,
        effect: bool,
    ) -> Option<Violation> {
        if let Some((known, first)) = self.first.get(index.previous().0 as usize) {
            let again = effect && !known;
            return again.then(|| self.second(record, id, index, request, Some(*first)));
        }
        self.first.push((effect, record.number));
        if !effect || request.session == Index::ZERO {
            return None;
        }
        let latest = self.latest.insert(request.client, (request.serial, index, record.number));
        let (serial, at, first) = latest?;
        if serial == request.serial {
            return Some(self.second(record, id, index, request, Some(first)));
        }
        (serial > request.serial).then(|| {
            let later = client(RequestId::new(request.client, serial));
            let name = client(request);
            let sentence = format!(
                "{id} carried out {name} at index {index}, after {later} of the same client at index {at}."
            );
            twice(record, sentence, Some(first))
        })
    }

    /// A request has taken effect before.
    fn second(
        &self,
        record: &Record,
        id: NodeId,
        index: Index,
        request: RequestId,
        first: Option<u64>,
    ) -> Violation {
        let name = client(request);
        let elsewhere = match self.latest.get(&request.client) {
            Some((serial, at, _)) if *serial == request.serial && *at != index => {
                format!("it took effect at index {at}")
            }
            _ => "others know that it took effect before".into(),
        };
        let sentence = format!("{id} carried out {name} at index {index}, though {elsewhere}.");
        let other = self.latest.get(&request.client).map(|(_, _, record)| *record);
        let earlier = first.into_iter().chain(other.filter(|other| *other < record.number));
        Violation::new(Property::ExactlyOnce, record, sentence, earlier)
    }
}

fn twice(record: &Record, sentence: String, first: Option<u64>) -> Violation {
    Violation::new(Property::ExactlyOnce, record, sentence, first)
}
