//! Situations by name: in plans, in reports, and in schemas.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::closest;
use crate::situation::Situation;

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Situation {
    type Err = String;

    fn from_str(text: &str) -> Result<Situation, String> {
        let found = Situation::ALL.iter().find(|situation| situation.name() == text);
        found.copied().ok_or_else(|| {
            let names = Situation::ALL.iter().map(|situation| situation.name());
            closest::unknown("situation", text, names, "squall situations")
        })
    }
}

impl Serialize for Situation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Situation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Situation {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Situation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Situation::ALL.iter().map(|situation| situation.name()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for (slot, situation) in Situation::ALL.iter().enumerate() {
            assert_eq!(situation.slot(), slot);
            assert_eq!(situation.name().parse(), Ok(*situation));
            assert!(situation.means().ends_with('.') && situation.matters().ends_with('.'));
        }
        const { assert!(Situation::COUNT >= 60) };
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_closest() {
        let error = "leader-electd".parse::<Situation>().unwrap_err();
        assert!(error.contains("did you mean `leader-elected`"), "{error}");
    }
}
