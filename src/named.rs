//! Enums whose items are written by their names, and read back from them. A name is the variant's in kebab-case.

/// How long a variant's name is in kebab-case.
pub(crate) const fn kebab_len(variant: &str) -> usize {
    let (bytes, mut len, mut at) = (variant.as_bytes(), variant.len(), 1);
    while at < bytes.len() {
        len += bytes[at].is_ascii_uppercase() as usize;
        at += 1;
    }
    len
}

/// A variant's name in kebab-case, of which the length must be known.
pub(crate) const fn kebab_of<const LEN: usize>(variant: &str) -> [u8; LEN] {
    let (bytes, mut name, mut from, mut to) = (variant.as_bytes(), [b'-'; LEN], 0, 0);
    while from < bytes.len() {
        to += (from > 0 && bytes[from].is_ascii_uppercase()) as usize;
        name[to] = bytes[from].to_ascii_lowercase();
        (from, to) = (from + 1, to + 1);
    }
    name
}

/// The name of a variant, as in `kebab!(VoteTwice)`, which is `vote-twice`.
macro_rules! kebab {
    ($variant:ident) => {{
        const VARIANT: &str = stringify!($variant);
        const NAME: [u8; $crate::named::kebab_len(VARIANT)] = $crate::named::kebab_of(VARIANT);
        const TEXT: &str = match std::str::from_utf8(&NAME) {
            Ok(text) => text,
            Err(_) => VARIANT,
        };
        TEXT
    }};
}
pub(crate) use kebab;

/// An enum with `ALL` of its variants and their `name`s, which serde and JSON schemas derive.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $type:ident { $($(#[$doc:meta])* $variant:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $type { $($(#[$doc])* $variant,)+ }

        impl $type {
            /// All of them.
            pub const ALL: [$type; [$(stringify!($variant)),+].len()] = [$($type::$variant),+];

            /// The name in files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $crate::named::kebab!($variant),)+ }
            }
        }
    };
}
pub(crate) use words;

/// `Display` by way of `name`, and `FromStr` by way of `ALL`: `$unknown` makes the answer to a wrong name of that and the names.
macro_rules! by_name {
    ($type:ident, $unknown:expr) => {
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
                    let names: Vec<&str> = $type::ALL.iter().map(|it| it.name()).collect();
                    $unknown(text, &names)
                })
            }
        }
    };
}
pub(crate) use by_name;

/// Display, `FromStr`, serde and JSON schema by way of `ALL` and `name`: `named!(Bug, "Bug", "bug", "squall bugs")`, the last two for the
/// answer to a wrong name: what is not known, and what lists all.
macro_rules! named {
    ($type:ident, $schema:literal, $what:literal, $lists:literal) => {
        $crate::named::by_name!($type, |text: &str, names: &[&str]| {
            $crate::closest::unknown($what, text, names.iter().copied(), $lists)
        });

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
