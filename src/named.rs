//! Catalogues whose items are written by their names, and read back from them.

/// Display, `FromStr`, serde and JSON schema by way of `ALL` and `name`: `named!(Bug, "Bug", "bug", "squall bugs")`, the last two for the
/// answer to a wrong name: what is not known, and what lists all.
macro_rules! named {
    ($type:ident, $schema:literal, $what:literal, $lists:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<$type, String> {
                let found = $type::ALL.iter().find(|it| it.name() == text);
                found.copied().ok_or_else(|| {
                    let names = $type::ALL.iter().map(|it| it.name());
                    $crate::closest::unknown($what, text, names, $lists)
                })
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let names: Vec<&str> = $type::ALL.iter().map(|it| it.name()).collect();
                schemars::json_schema!({ "type": "string", "enum": names })
            }
        }
    };
}
pub(crate) use named;
