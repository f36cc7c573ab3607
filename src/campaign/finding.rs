//! How failures are told apart: by what failed, and by the shape of the proof.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use xxhash_rust::xxh3::xxh3_64;

use crate::property::Property;
use crate::sim::{Ended, Outcome};

/// The longest shape that is kept, in bytes: a guest's own words may come into it.
const SHAPE_BYTES_MAX: usize = 300;

/// What can be wrong with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Finding {
    /// A property was violated.
    Violation(Property),
    /// The run came to its event limit.
    EventLimit,
    /// The run came to its limit of time on the wall.
    TimeLimit,
    /// squall itself panicked.
    Panic,
}

impl Finding {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Finding::Violation(property) => property.name(),
            Finding::EventLimit => "event-limit",
            Finding::TimeLimit => "time-limit",
            Finding::Panic => "panic",
        }
    }

    /// All that there can be.
    pub fn all() -> impl Iterator<Item = Finding> {
        let limits = [Finding::EventLimit, Finding::TimeLimit, Finding::Panic];
        let own = Finding::Violation(Property::OwnCheck);
        Property::ALL.into_iter().map(Finding::Violation).chain([own]).chain(limits)
    }

    /// What is wrong, in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Finding::Violation(property) => property.sentence(),
            Finding::EventLimit => "A run ends before its event limit.",
            Finding::TimeLimit => "A run ends before its limit of time.",
            Finding::Panic => "squall does not panic.",
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Finding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Finding::all()
            .find(|finding| finding.name() == name)
            .ok_or_else(|| D::Error::custom(format!("there is no finding `{name}`")))
    }
}

impl JsonSchema for Finding {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Finding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Finding::all().map(Finding::name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// What two failures have in common that are the same failure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// What is wrong.
    pub finding: Finding,
    /// The sentence that says so, without its numbers, and how many records prove it.
    pub shape: String,
}

impl Signature {
    /// The signature of an outcome; none of one in which nothing is wrong.
    pub fn of(outcome: &Outcome) -> Option<Signature> {
        match (&outcome.violation, outcome.ended) {
            (Some(violation), _) => {
                let sentence = without_numbers(&violation.sentence);
                // A history is as long as it happens to be.
                let shape = match violation.property {
                    Property::Linearizability => sentence,
                    _ => format!("{sentence} ({} records)", violation.evidence.len()),
                };
                Some(Signature { finding: Finding::Violation(violation.property), shape })
            }
            (None, Ended::EventLimit) => Some(Signature::limit(Finding::EventLimit)),
            (None, Ended::Interrupted) => Some(Signature::limit(Finding::TimeLimit)),
            (None, Ended::Horizon | Ended::Violation | Ended::Recovered | Ended::Idle) => None,
        }
    }

    fn limit(finding: Finding) -> Signature {
        Signature { finding, shape: String::from("the run did not end") }
    }

    /// The signature of a panic of squall's own.
    pub fn panic(message: &str) -> Signature {
        Signature { finding: Finding::Panic, shape: without_numbers(message) }
    }

    /// A name that is short, and the same everywhere: it names the failure's folder.
    pub fn id(&self) -> String {
        let hash = xxh3_64(self.shape.as_bytes()) & 0xff_ffff;
        format!("{}-{hash:06x}", self.finding.name())
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

/// A sentence with `#` for every number in it, and for every list of numbers.
fn without_numbers(sentence: &str) -> String {
    let mut shape = String::new();
    let (mut in_number, mut in_list) = (false, false);
    for letter in sentence.chars() {
        if shape.len() + letter.len_utf8() > SHAPE_BYTES_MAX {
            break;
        }
        in_list = letter == '[' || in_list && (letter.is_ascii_digit() || ", ".contains(letter));
        let is_number = in_list || letter.is_ascii_digit() || in_number && letter == ']';
        if !is_number {
            shape.push(letter);
        } else if !in_number {
            shape.push('#');
        }
        in_number = is_number;
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_do_not_make_another_failure() {
        let shape = without_numbers("n2 committed index 17, which is on 2 of 5 disks.");
        assert_eq!(shape, "n# committed index #, which is on # of # disks.");
        assert_eq!(without_numbers("read [151, 254] from 7 [seven]"), "read # from # #seven]");
        assert_eq!(without_numbers(&"ä".repeat(400)).len(), 300);
    }

    #[test]
    fn names_are_told_apart_and_read_back() {
        for finding in Finding::all() {
            let name = serde_json::to_value(finding).unwrap();
            assert_eq!(serde_json::from_value::<Finding>(name).unwrap(), finding);
        }
        let one = Signature::panic("index 3 out of range");
        assert_eq!(one, Signature::panic("index 12 out of range"));
        assert_ne!(one.id(), Signature::panic("overflow").id());
    }
}
