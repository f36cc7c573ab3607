//! Exactly once (section 8, thesis 6.3): a request that is made in a session takes effect at one index, the requests of a session
//! in the order of their serial numbers, no node carries out an entry a second time, and what one node carries out all do.

use std::collections::BTreeMap;

use crate::ids::Index;
use crate::log::RequestId;
use crate::oracle::seen::Seen;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;
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
    pub fn observe(&mut self, at: Seen) -> Option<Box<Violation>> {
        let Seen { record, id, .. } = at;
        let applied = &mut self.applied[id.slot()];
        let before = *applied;
        let (index, request, effect) = match record.kind {
            Kind::Boot { applied: index, .. } | Kind::Restore { index, .. } => {
                *applied = index;
                return None;
            }
            Kind::Apply { index, request, effect, .. } => (index, request, effect),
            _ => return None,
        };
        *applied = before.max(index);
        let first = self.first.get(index.previous().0 as usize).copied();
        if effect && !request.is_none() && index <= before {
            let sentence = format!("{id} carried out {} at index {index} again.", client(request));
            let first = first.map(|(_, first)| first);
            return Some(at.violates(Property::ExactlyOnce, sentence, first));
        }
        if let Some((known, first)) = first {
            return match (known, effect) {
                (false, true) => Some(self.second(at, index, request, first)),
                (true, false) if index > before => {
                    let name = client(request);
                    let sentence = format!(
                        "{id} did not carry out {name} at index {index}, though others did."
                    );
                    Some(at.violates(Property::ExactlyOnce, sentence, [first]))
                }
                _ => None,
            };
        }
        self.first.push((effect, record.number));
        if !effect || request.session == Index::ZERO {
            return None;
        }
        let latest = self.latest.get(&request.client).copied();
        let Some((serial, place, first)) = latest.filter(|(serial, ..)| *serial >= request.serial)
        else {
            let now = (request.serial, index, record.number);
            self.latest.insert(request.client, now);
            return None;
        };
        if serial == request.serial {
            return Some(self.second(at, index, request, first));
        }
        let later = client(RequestId::new(request.client, serial));
        let name = client(request);
        let sentence = format!(
            "{id} carried out {name} at index {index}, after {later} of the same client at index {place}."
        );
        Some(at.violates(Property::ExactlyOnce, sentence, [first]))
    }

    /// A request has taken effect before.
    fn second(&self, at: Seen, index: Index, request: RequestId, first: u64) -> Box<Violation> {
        let (id, name) = (at.id, client(request));
        let elsewhere = match self.latest.get(&request.client) {
            Some((serial, at, _)) if *serial == request.serial && *at != index => {
                format!("it took effect at index {at}")
            }
            _ => "others know that it took effect before".into(),
        };
        let sentence = format!("{id} carried out {name} at index {index}, though {elsewhere}.");
        let other = self.latest.get(&request.client).map(|(_, _, record)| *record);
        let earlier = [first].into_iter().chain(other.filter(|other| *other < at.record.number));
        at.violates(Property::ExactlyOnce, sentence, earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{NodeId, Term};
    use crate::oracle::shadow::Shadow;
    use crate::record::Record;
    use crate::time::Time;

    /// Two nodes that start with nothing applied.
    struct Story(Effects, u64);

    impl Story {
        fn new() -> Story {
            Story(Effects::new(2), 0)
        }

        fn tell(&mut self, node: u8, kind: Kind) -> Option<Box<Violation>> {
            self.1 += 1;
            let (number, time) = (self.1, Time(self.1));
            let id = NodeId::new(node);
            let record = Record { number, event: number, time, node: Some(id), kind };
            self.0.observe(Seen { record: &record, id, shadow: &Shadow::new(2) })
        }

        /// A node applies the entry of a request of client 1, in its session; gives what is wrong with it.
        fn applies(&mut self, node: u8, index: u64, serial: u32, effect: bool) -> Option<String> {
            let request = RequestId { session: Index(1), ..RequestId::new(1, serial) };
            self.applies_request(node, index, request, effect)
        }

        fn applies_request(
            &mut self,
            node: u8,
            index: u64,
            request: RequestId,
            effect: bool,
        ) -> Option<String> {
            let (index, term) = (Index(index), Term(2));
            let violation =
                self.tell(node, Kind::Apply { index, term, content: 7, request, effect })?;
            assert_eq!(violation.property, Property::ExactlyOnce);
            assert_eq!(violation.evidence.last(), Some(&self.1));
            Some(violation.sentence)
        }

        /// A node starts again, with what its state machine kept.
        fn starts(&mut self, node: u8, applied: u64) {
            let (applied, term) = (Index(applied), Term(2));
            let boot = Kind::Boot {
                life: 2,
                term,
                vote: None,
                last_index: Index(9),
                applied,
                state: None,
            };
            assert_eq!(self.tell(node, boot), None);
        }
    }

    #[test]
    fn each_request_once_in_order_at_every_node_is_as_it_should_be() {
        let mut story = Story::new();
        for node in [1, 2] {
            for (index, serial, effect) in [(1, 1, true), (2, 2, true), (3, 2, false), (4, 5, true)]
            {
                assert_eq!(story.applies(node, index, serial, effect), None, "n{node}, {index}");
            }
        }
    }

    #[test]
    fn a_request_takes_effect_at_one_index() {
        let mut story = Story::new();
        assert_eq!(story.applies(1, 1, 1, true), None);
        let found = story.applies(1, 2, 1, true).expect("it is found");
        assert_eq!(found, "n1 carried out c1.1 at index 2, though it took effect at index 1.");
        // Outside of a session it may.
        let mut story = Story::new();
        let request = RequestId::new(1, 1);
        assert_eq!(story.applies_request(1, 1, request, true), None);
        assert_eq!(story.applies_request(1, 2, request, true), None);
    }

    #[test]
    fn requests_of_a_session_take_effect_in_their_order() {
        let mut story = Story::new();
        assert_eq!(story.applies(1, 1, 3, true), None);
        assert_eq!(story.applies(1, 2, 2, false), None, "its client went on");
        let found = story.applies(1, 3, 2, true).expect("it is found");
        let expected = "n1 carried out c1.2 at index 3, after c1.3 of the same client at index 1.";
        assert_eq!(found, expected);
        let mut story = Story::new();
        assert_eq!(story.applies(1, 1, 3, true), None);
        let other = RequestId { session: Index(1), ..RequestId::new(2, 2) };
        assert_eq!(story.applies_request(1, 2, other, true), None, "another client's");
    }

    #[test]
    fn what_one_node_carries_out_all_do_and_no_more() {
        let mut story = Story::new();
        assert_eq!(story.applies(1, 1, 1, true), None);
        assert_eq!(story.applies(1, 2, 1, false), None);
        assert_eq!(story.applies(2, 1, 1, true), None);
        let found = story.applies(2, 2, 1, true).expect("it is found");
        assert_eq!(found, "n2 carried out c1.1 at index 2, though it took effect at index 1.");

        // The session had expired, or the client had gone on: nothing is known of an earlier effect.
        let mut story = Story::new();
        assert_eq!(story.applies(1, 1, 1, false), None);
        let found = story.applies(2, 1, 1, true).expect("it is found");
        let expected =
            "n2 carried out c1.1 at index 1, though others know that it took effect before.";
        assert_eq!(found, expected);

        let mut story = Story::new();
        assert_eq!(story.applies(1, 1, 1, true), None);
        let found = story.applies(2, 1, 1, false).expect("it is found");
        assert_eq!(found, "n2 did not carry out c1.1 at index 1, though others did.");
    }

    #[test]
    fn a_node_carries_out_an_entry_again_only_if_its_state_machine_lost_it() {
        let restarted = |applied: u64| {
            let mut story = Story::new();
            for index in [1, 2] {
                assert_eq!(story.applies(1, index, index as u32, true), None);
            }
            story.starts(1, applied);
            story
        };
        for applied in [0, 1] {
            assert_eq!(restarted(applied).applies(1, applied + 1, applied as u32 + 1, true), None);
        }
        let found = restarted(2).applies(1, 2, 2, true).expect("it is found");
        assert_eq!(found, "n1 carried out c1.2 at index 2 again.");
        assert_eq!(restarted(2).applies(1, 2, 2, false), None, "its session knew it");
        let no_op = Kind::Apply {
            index: Index(2),
            term: Term(2),
            content: 7,
            request: RequestId::NONE,
            effect: true,
        };
        assert_eq!(restarted(2).tell(1, no_op), None, "a no-op has no effect");

        let mut story = restarted(0);
        let restore = Kind::Restore { index: Index(2), term: Term(2), state: 7 };
        assert_eq!(story.tell(1, restore), None);
        let found = story.applies(1, 1, 1, true).expect("it is found");
        assert_eq!(found, "n1 carried out c1.1 at index 1 again.", "the snapshot has it");
        assert_eq!(story.applies(1, 3, 3, true), None);
    }
}
