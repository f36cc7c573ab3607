//! Some of the messages on a link: those of some kinds, or above some size.

use crate::guest::Guest;
use crate::message::{MessageKind, Summary};
use crate::plan::problem::{Checked, Problem, between, problem, require};

/// What traces in text call an `append-entries` without entries.
const HEARTBEAT: &str = "heartbeat";
/// The largest size that may be named, in bytes.
const BYTES_MAX: u64 = 1 << 40;
/// The longest name that a guest gives a message.
const NAME_MAX: usize = 24;

/// Which messages.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// Their kinds, by the names that traces have; all if there are none.
    pub kind: &'a [String],
    /// How many bytes they have more than.
    pub larger_than: Option<u64>,
}

impl Selection<'_> {
    /// Whether it is every message.
    pub fn is_all(&self) -> bool {
        self.kind.is_empty() && self.larger_than.is_none()
    }

    /// Whether a message belongs to it.
    pub fn picks(&self, message: &Summary) -> bool {
        let names = |name: &String| match message {
            Summary::Other { name: own, .. } => own.as_str() == name,
            _ => message.kind().name() == name || message.is_heartbeat() && name == HEARTBEAT,
        };
        let large = self.larger_than.is_none_or(|bytes| message.bytes() > bytes);
        large && (self.kind.is_empty() || self.kind.iter().any(names))
    }

    /// The same in words, behind a sentence on links.
    pub fn words(&self) -> String {
        let mut words = String::new();
        if !self.kind.is_empty() {
            words = format!(", {} alone", self.kind.join(" and "));
        }
        if let Some(bytes) = self.larger_than {
            words = format!("{words}, only of more than {bytes} bytes");
        }
        words
    }

    /// Checks it for a plan of this guest.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, guest: &Guest, path: &str) -> Checked {
        if let Some(bytes) = self.larger_than {
            between(bytes, 1, BYTES_MAX, &format!("{path}/larger_than"), "a number of bytes")?;
        }
        let known = || {
            let kinds = MessageKind::ALL.iter().filter(|kind| **kind != MessageKind::Other);
            kinds.map(|kind| kind.name()).chain([HEARTBEAT])
        };
        for (place, name) in self.kind.iter().enumerate() {
            let path = format!("{path}/kind/{place}");
            require(!self.kind[..place].contains(name), &path, || {
                format!("`{name}` is named twice")
            })?;
            let is_own = !guest.name.is_empty() && !guest.is_built_in();
            let fits = is_own && (1..=NAME_MAX).contains(&name.len());
            if !fits && !known().any(|known| known == name) {
                let help = crate::closest::closest(name, known());
                let help = help.map(|name| format!("did you mean `{name}`?"));
                let names: Vec<&str> = known().collect();
                let message =
                    format!("there is no message `{name}`; they are {}", names.join(", "));
                return Err(Problem { help, ..problem(&path, message) });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Index, Term};
    use crate::message::Label;

    #[test]
    fn messages_are_picked_by_name_and_by_size() {
        let append = |entries| Summary::AppendEntries {
            term: Term(1),
            prev_index: Index(1),
            prev_term: Term(1),
            entries,
            commit: Index(1),
        };
        let picks = |names: &[&str], larger_than, message: Summary| {
            let kind: Vec<String> = names.iter().map(|name| (*name).into()).collect();
            Selection { kind: &kind, larger_than }.picks(&message)
        };
        assert!(picks(&[], None, append(0)));
        assert!(picks(&["vote", "append-entries"], None, append(2)));
        assert!(picks(&["append-entries"], None, append(0)));
        assert!(picks(&["heartbeat"], None, append(0)));
        assert!(!picks(&["heartbeat"], None, append(2)));
        assert!(!picks(&["vote"], None, append(2)));
        // A header of 64 bytes, and 32 for an entry.
        assert!(picks(&[], Some(127), append(2)) && !picks(&[], Some(128), append(2)));
        let name = Label::new("gossip");
        let own = Summary::Other { name, term: Term(1), bytes: 5, reply: false };
        assert!(picks(&["gossip"], None, own) && !picks(&["other"], None, own));
    }
}
