//! Snapshots: each holds exactly what is committed up to its end, and a log gives way only to a durable one (section 7).
//!
//! What a snapshot covers is known by the place of its last entry, which stands for all before it. The state machine in it is known by a
//! fingerprint: at one index there is one state, whoever copied or restored it.

use std::collections::BTreeMap;

use crate::ids::{Index, NodeId, Term};
use crate::oracle::commit::Commits;
use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};

/// What snapshots said of the state machine.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// The fingerprint of the state machine at an index, with the record that told it first.
    states: BTreeMap<Index, (u64, u64)>,
}

impl Snapshots {
    /// Judges a record. `shadow` and `commits` are as they are after it.
    pub fn observe(
        &mut self,
        record: &Record,
        shadow: &Shadow,
        commits: &Commits,
    ) -> Option<Violation> {
        let id = record.node?;
        match record.kind {
            Kind::Snapshot { index, term, state, .. } => {
                let what = "writes a snapshot";
                uncommitted(record, id, (index, term), shadow, commits, what)
                    .or_else(|| self.state(record, id, index, state, what))
            }
            Kind::Restore { index, term, state } => {
                let what = "restored its state machine from a snapshot";
                uncommitted(record, id, (index, term), shadow, commits, what)
                    .or_else(|| self.state(record, id, index, state, what))
            }
            Kind::Compact { upto: index, .. } | Kind::Discard { index, .. } => {
                let (durable, _) = shadow.node(id).snapshot;
                (index > durable).then(|| {
                    let sentence = format!(
                        "{id} removed its log up to index {index}, but its durable snapshot ends at {durable}."
                    );
                    Violation::new(Property::Snapshot, record, sentence, [])
                })
            }
            _ => None,
        }
    }

    /// One index has one state.
    fn state(
        &mut self,
        record: &Record,
        id: NodeId,
        index: Index,
        state: u64,
        what: &str,
    ) -> Option<Violation> {
        let (known, first) = *self.states.entry(index).or_insert((state, record.number));
        (known != state).then(|| {
            let sentence = format!(
                "{id} {what} of index {index} with another state than that index had before."
            );
            Violation::new(Property::Snapshot, record, sentence, [first])
        })
    }
}

/// A snapshot ends with a committed entry.
fn uncommitted(
    record: &Record,
    id: NodeId,
    (index, term): (Index, Term),
    shadow: &Shadow,
    commits: &Commits,
    what: &str,
) -> Option<Violation> {
    let place = shadow.chain.find(index, term);
    (place.is_none() || place != commits.committed_at(index)).then(|| {
        let sentence =
            format!("{id} {what} that ends with {index}@{term}, which is not what is committed.");
        Violation::new(Property::Snapshot, record, sentence, [commits.record_of(index)])
    })
}
