//! Leader append-only and log matching (5.3).

use crate::node::Role;
use crate::oracle::seen::Seen;
use crate::oracle::shadow::Change;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Kind;

/// Judges a change of a log.
pub fn observe(at: Seen, change: Change) -> Option<Box<Violation>> {
    let (id, node, chain) = (at.id, at.node(), &at.shadow.chain);
    let (property, sentence, earlier) = match (at.record.kind, change) {
        (Kind::Truncate { from, .. }, _) if node.role == Role::Leader => {
            let term = node.term;
            let sentence =
                format!("{id} removed its log from index {from} on while it led term {term}.");
            (Property::LeaderAppendOnly, sentence, [0, 0])
        }
        (Kind::Discard { index, .. }, _) if node.role == Role::Leader => {
            let term = node.term;
            let sentence = format!(
                "{id} gave its log up for a snapshot that ends at index {index} while it led term {term}."
            );
            (Property::LeaderAppendOnly, sentence, [0, 0])
        }
        (Kind::Append { index, term, .. }, Change::Diverged(known)) => {
            let known = chain.link(known);
            let before = chain.link(node.at(index).unwrap_or_default()).parent;
            let is_behind_the_same = known.parent == before;
            let what =
                if is_behind_the_same { "with another content" } else { "behind other entries" };
            let sentence = format!(
                "{id} appended an entry at index {index} of term {term} that is known {what}."
            );
            (Property::LogMatching, sentence, [known.record, chain.link(before).record])
        }
        (Kind::Append { index, .. }, Change::OutOfPlace) => {
            let last = node.last_index();
            let sentence =
                format!("{id} wrote an entry at index {index} of a log that ends at {last}.");
            (Property::Contract, sentence, [0, 0])
        }
        _ => return None,
    };
    Some(at.violates(property, sentence, earlier))
}
