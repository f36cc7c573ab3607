//! Leader append-only and log matching (5.3).

use crate::node::Role;
use crate::oracle::shadow::{Change, Shadow};
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};

/// Judges a change of a log. `shadow` is as it is after the record.
pub fn observe(record: &Record, change: Change, shadow: &Shadow) -> Option<Violation> {
    let id = record.node?;
    match (record.kind, change) {
        (Kind::Truncate { from, .. }, _) if shadow.node(id).role == Role::Leader => {
            let term = shadow.node(id).term;
            let sentence =
                format!("{id} removed its log from index {from} on while it led term {term}.");
            Some(Violation::new(Property::LeaderAppendOnly, record, sentence, []))
        }
        (Kind::Discard { index, .. }, _) if shadow.node(id).role == Role::Leader => {
            let term = shadow.node(id).term;
            let sentence = format!(
                "{id} gave its log up for a snapshot that ends at index {index} while it led term {term}."
            );
            Some(Violation::new(Property::LeaderAppendOnly, record, sentence, []))
        }
        (Kind::Append { index, term, .. }, Change::Diverged(known)) => {
            let known = shadow.chain.link(known);
            let own = shadow.node(id).at(index).unwrap_or_default();
            let before = shadow.chain.link(own).parent;
            let what = if known.parent == before {
                "with another content"
            } else {
                "behind other entries"
            };
            let sentence = format!(
                "{id} appended an entry at index {index} of term {term} that is known {what}."
            );
            let earlier = [known.record, shadow.chain.link(before).record];
            Some(Violation::new(Property::LogMatching, record, sentence, earlier))
        }
        (Kind::Append { index, .. }, Change::OutOfPlace) => {
            let last = shadow.node(id).last_index();
            let sentence =
                format!("{id} wrote an entry at index {index} of a log that ends at {last}.");
            Some(Violation::new(Property::Contract, record, sentence, []))
        }
        _ => None,
    }
}
