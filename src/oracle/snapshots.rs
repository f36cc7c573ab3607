//! Snapshots: each holds exactly what is committed up to its end, and a log gives way only to a durable one (section 7).
//!
//! What a snapshot covers is known by the prefix of its last entry, which stands for all before it. The state machine in it is known by a
//! fingerprint: at one index there is one state, whoever copied or restored it, or starts with it.

use std::collections::BTreeMap;

use crate::ids::Index;
use crate::oracle::commit::Commits;
use crate::oracle::seen::Seen;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;

/// What snapshots said of the state machine.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// The fingerprint of the state machine at an index, with the record that told it first.
    states: BTreeMap<Index, (u64, u64)>,
}

impl Snapshots {
    /// Judges a record; `commits` are as they are after it.
    pub fn observe(&mut self, at: Seen, commits: &Commits) -> Option<Box<Violation>> {
        let (id, what) = (at.id, "restored its state machine from a snapshot");
        let (index, term, state, what) = match at.record.kind {
            Kind::Snapshot { index, term, state, .. } => (index, term, state, "writes a snapshot"),
            Kind::Restore { index, term, state } => (index, term, state, what),
            Kind::Boot { applied: index, state: Some(state), .. } => {
                return self.has_one_state(at, index, state, "starts with a state machine");
            }
            Kind::Compact { upto: index, .. } | Kind::Discard { index, .. } => {
                let (durable, _) = at.node().snapshot;
                return (index > durable).then(|| {
                    let sentence = format!(
                        "{id} removed its log up to index {index}, but its durable snapshot ends at {durable}."
                    );
                    at.violates(Property::Snapshot, sentence, [])
                });
            }
            _ => return None,
        };
        // A snapshot ends with a committed entry.
        let prefix = at.shadow.chain.find(index, term);
        if prefix.is_none() || prefix != commits.committed_at(index) {
            let sentence = format!(
                "{id} {what} that ends with {index}@{term}, which is not what is committed."
            );
            return Some(at.violates(Property::Snapshot, sentence, [commits.record_of(index)]));
        }
        self.has_one_state(at, index, state, what)
    }

    /// One index has one state.
    fn has_one_state(
        &mut self,
        at: Seen,
        index: Index,
        state: u64,
        what: &str,
    ) -> Option<Box<Violation>> {
        let (known, first) = *self.states.entry(index).or_insert((state, at.record.number));
        (known != state).then(|| {
            let id = at.id;
            let sentence = format!(
                "{id} {what} of index {index} with another state than that index had before."
            );
            at.violates(Property::Snapshot, sentence, [first])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{NodeId, Term, WriteId};
    use crate::oracle::Oracles;
    use crate::record::Record;

    /// Oracles over one node that committed three entries of term 2.
    struct Story(Oracles, u64);

    impl Story {
        fn new() -> Story {
            let mut story = Story(Oracles::new(1, &Property::ALL, None), 0);
            for index in 1..=3 {
                let (write, index) = (WriteId(index), Index(index));
                let append = Kind::Append { write, index, term: Term(2), content: 7 };
                assert_eq!(story.tell(append), None);
            }
            assert_eq!(story.tell(Kind::Durable { write: WriteId(3), lie: false }), None);
            assert_eq!(story.tell(Kind::Commit { index: Index(3), term: Term(2) }), None);
            story
        }

        fn tell(&mut self, kind: Kind) -> Option<Property> {
            self.1 += 1;
            let (number, time) = (self.1, crate::time::Time(self.1));
            let node = Some(NodeId::new(1));
            let record = Record { number, event: number, time, node, kind };
            self.0.observe(&record).map(|violation| violation.property)
        }

        fn takes(&mut self, index: u64, term: u64, state: u64) -> Option<Property> {
            let (index, term) = (Index(index), Term(term));
            self.tell(Kind::Snapshot { index, term, state, received: false })
        }
    }

    #[test]
    fn a_snapshot_ends_with_what_is_committed() {
        assert_eq!(Story::new().takes(3, 2, 9), None);
        assert_eq!(Story::new().takes(3, 1, 9), Some(Property::Snapshot), "no such entry");
        assert_eq!(Story::new().takes(4, 2, 9), Some(Property::Snapshot), "nor this");
        let mut story = Story::new();
        let append = Kind::Append { write: WriteId(4), index: Index(4), term: Term(2), content: 7 };
        story.tell(append);
        assert_eq!(story.takes(4, 2, 9), Some(Property::Snapshot), "not committed");
    }

    #[test]
    fn one_index_has_one_state() {
        let mut story = Story::new();
        assert_eq!(story.takes(3, 2, 9), None);
        let restore = |state| Kind::Restore { index: Index(3), term: Term(2), state };
        assert_eq!(story.tell(restore(9)), None);
        assert_eq!(story.tell(restore(8)), Some(Property::Snapshot));
    }

    #[test]
    fn a_state_machine_on_disk_is_at_a_restart_what_it_was() {
        let boot = |state| {
            let (term, vote, last_index, applied) = (Term(2), None, Index(3), Index(3));
            Kind::Boot { life: 2, term, vote, last_index, applied, state }
        };
        let mut story = Story::new();
        assert_eq!(story.takes(3, 2, 9), None);
        assert_eq!(story.tell(boot(None)), None, "nobody knows");
        assert_eq!(story.tell(boot(Some(9))), None);
        assert_eq!(story.tell(boot(Some(8))), Some(Property::Snapshot));
    }

    #[test]
    fn a_log_is_removed_up_to_the_durable_snapshot_at_most() {
        let compact = |upto| Kind::Compact { write: WriteId(4), upto: Index(upto) };
        let mut story = Story::new();
        story.takes(2, 2, 9);
        assert_eq!(story.tell(compact(1)), Some(Property::Snapshot), "it is not durable");
        let mut story = Story::new();
        story.takes(2, 2, 9);
        story.tell(Kind::SnapshotSaved { index: Index(2), term: Term(2) });
        assert_eq!(story.tell(compact(2)), None);
        assert_eq!(story.tell(compact(3)), Some(Property::Snapshot), "it does not go so far");
    }

    #[test]
    fn a_durable_snapshot_is_a_copy_on_disk() {
        let mut story = Story::new();
        story.takes(3, 2, 9);
        story.tell(Kind::SnapshotSaved { index: Index(3), term: Term(2) });
        story.tell(Kind::Truncate { write: WriteId(4), from: Index(2) });
        assert_eq!(story.tell(Kind::Durable { write: WriteId(4), lie: false }), None);
    }
}
