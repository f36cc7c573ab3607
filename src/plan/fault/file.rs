//! Faults in files: a table with `at` or `on`, and one action. The table of an action has the keys of its kind, and of those that many
//! kinds share (`target`, `for` and `flapping`) the ones that its kind may have.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StringDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, forward_to_deserialize_any};

use super::kinds::Whom;
use super::{Action, Fault, FaultKind, Trigger, When};
use crate::plan::Target;
use crate::time::Span;

/// Kinds without keys of their own.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct NoKeys {}

/// The table of an action, as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a Target>,
    #[serde(flatten)]
    own: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    flapping: Option<Span>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<Span>,
}

impl<'a, T> Written<'a, T> {
    pub(super) fn new(fault: &'a Fault, own: &'a T) -> Written<'a, T> {
        let target = match fault.kind().whom() {
            Whom::Needed(_) => Some(&fault.target),
            Whom::OrLeader(_) => Some(&fault.target).filter(|it| **it != Target::Leader),
            Whom::Unnamed => None,
        };
        Written { target, own, flapping: fault.flapping, lasts: fault.lasts }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match self.when {
            When::At(at) => map.serialize_entry("at", &at)?,
            When::On(trigger) => map.serialize_entry("on", &trigger)?,
        }
        self.write_action(&mut map)?;
        map.end()
    }
}

/// A key of a fault.
enum FaultKey {
    At,
    On,
    Does(FaultKind),
}

impl<'de> Deserialize<'de> for FaultKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FaultKey, D::Error> {
        let key = String::deserialize(deserializer)?;
        match key.as_str() {
            "at" => Ok(FaultKey::At),
            "on" => Ok(FaultKey::On),
            name => {
                let kind = FaultKind::ALL.iter().find(|kind| kind.name() == name);
                kind.map(|kind| FaultKey::Does(*kind))
                    .ok_or_else(|| D::Error::unknown_field(name, FaultKind::KEYS))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        deserializer.deserialize_map(FaultVisitor)
    }
}

struct FaultVisitor;

impl<'de> Visitor<'de> for FaultVisitor {
    type Value = Fault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault, as in { at = \"2s\", crash = { target = \"leader\" } }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fault, A::Error> {
        let (mut at, mut on) = (None, None);
        let mut found: Option<(Action, Shared)> = None;
        while let Some(key) = map.next_key()? {
            match key {
                FaultKey::At => at = Some(map.next_value()?),
                FaultKey::On => on = Some(map.next_value()?),
                FaultKey::Does(kind) => {
                    let read = map.next_value_seed(ActionTable(kind))?;
                    if let Some((earlier, _)) = &found {
                        let (one, two) = (earlier.kind().name(), kind.name());
                        return Err(Error::custom(format!(
                            "a fault does one thing, but this one has both `{one}` and `{two}`; write two faults"
                        )));
                    }
                    found = Some(read);
                }
            }
        }
        let when = when(at, on).map_err(Error::custom)?;
        let Some((action, Shared { target, lasts, flapping })) = found else {
            let names: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
            return Err(Error::custom(format!(
                "a fault needs an action, as in crash = {{ target = \"leader\" }}; the actions are {}",
                names.join(", ")
            )));
        };
        let target = target.unwrap_or_else(|| action.kind().default_target());
        Ok(Fault { when, target, lasts, flapping, action })
    }
}

fn when(at: Option<Span>, on: Option<Trigger>) -> Result<When, &'static str> {
    match (at, on) {
        (Some(at), None) => Ok(When::At(at)),
        (None, Some(trigger)) => Ok(When::On(trigger)),
        (Some(_), Some(_)) => {
            Err("a fault strikes either `at` a time or `on` a situation, not both")
        }
        (None, None) => {
            Err("a fault needs a time, as in at = \"2s\", or a situation to wait for, as in \
             on = { situation = \"leader-elected\" }")
        }
    }
}

/// What an action has of the keys that many kinds share.
#[derive(Default)]
struct Shared {
    target: Option<Target>,
    lasts: Option<Span>,
    flapping: Option<Span>,
}

/// One of these keys.
#[derive(Clone, Copy, PartialEq)]
enum SharedKey {
    Target,
    For,
    Flapping,
}

impl SharedKey {
    const ALL: [SharedKey; 3] = [SharedKey::Target, SharedKey::For, SharedKey::Flapping];

    fn name(self) -> &'static str {
        match self {
            SharedKey::Target => "target",
            SharedKey::For => "for",
            SharedKey::Flapping => "flapping",
        }
    }

    fn belongs_to(self, kind: FaultKind) -> bool {
        match self {
            SharedKey::Target => kind.names_target(),
            SharedKey::For => kind.ends(),
            SharedKey::Flapping => kind.flaps(),
        }
    }

    fn all_of(kind: FaultKind) -> impl Iterator<Item = SharedKey> {
        SharedKey::ALL.into_iter().filter(move |key| key.belongs_to(kind))
    }
}

/// Reads the table of an action of this kind.
struct ActionTable(FaultKind);

impl<'de> DeserializeSeed<'de> for ActionTable {
    type Value = (Action, Shared);

    fn deserialize<D: Deserializer<'de>>(self, table: D) -> Result<(Action, Shared), D::Error> {
        let mut shared = Shared::default();
        let kind = self.0;
        let action = kind.read(OwnKeys { kind, table, shared: &mut shared })?;
        match (kind.whom(), &shared.target) {
            (Whom::Needed(_), None) => Err(Error::missing_field(SharedKey::Target.name())),
            _ => Ok((action, shared)),
        }
    }
}

/// A table without the shared keys: these are put aside while the others are read.
struct OwnKeys<'a, D> {
    kind: FaultKind,
    table: D,
    shared: &'a mut Shared,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for OwnKeys<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        own: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let OwnKeys { kind, table, shared } = self;
        table.deserialize_map(TableVisitor { kind, own, shared, visitor })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
        Err(Error::custom("the keys of an action are the fields of a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

struct TableVisitor<'a, V> {
    kind: FaultKind,
    own: &'static [&'static str],
    shared: &'a mut Shared,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TableVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table of what `{}` has", self.kind.name())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let TableVisitor { kind, own, shared, visitor } = self;
        visitor.visit_map(OwnEntries { kind, own, shared, map })
    }
}

struct OwnEntries<'a, A> {
    kind: FaultKind,
    own: &'static [&'static str],
    shared: &'a mut Shared,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OwnEntries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let OwnEntries { kind, own, .. } = *self;
        loop {
            match self.map.next_key_seed(ActionKey { kind, own, seed })? {
                None => return Ok(None),
                Some(Sorted::Own(key)) => return Ok(Some(key)),
                Some(Sorted::Shared(key, unused)) => {
                    match key {
                        SharedKey::Target => self.shared.target = Some(self.map.next_value()?),
                        SharedKey::For => self.shared.lasts = Some(self.map.next_value()?),
                        SharedKey::Flapping => self.shared.flapping = Some(self.map.next_value()?),
                    }
                    seed = unused;
                }
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Sorts a key of an action. What is wrong with it is said here, so that the error points at the key.
struct ActionKey<K> {
    kind: FaultKind,
    own: &'static [&'static str],
    seed: K,
}

enum Sorted<T, K> {
    Own(T),
    Shared(SharedKey, K),
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for ActionKey<K> {
    type Value = Sorted<K::Value, K>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(key)?;
        if let Some(shared) = SharedKey::all_of(self.kind).find(|shared| shared.name() == key) {
            return Ok(Sorted::Shared(shared, self.seed));
        }
        if self.own.contains(&key.as_str()) {
            let key: StringDeserializer<D::Error> = key.into_deserializer();
            return self.seed.deserialize(key).map(Sorted::Own);
        }
        Err(Error::custom(unknown(self.kind, self.own, &key)))
    }
}

/// Why a key does not belong to this kind of fault.
fn unknown(kind: FaultKind, own: &[&'static str], key: &str) -> String {
    let name = kind.name();
    let kinds = |with: fn(FaultKind) -> bool| {
        let kinds = FaultKind::ALL.iter().filter(|kind| with(**kind));
        kinds.map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    };
    if key == SharedKey::Flapping.name() {
        let partitions = kinds(FaultKind::flaps);
        return format!(
            "`{name}` does not come and go; `flapping` is for partitions: {partitions}"
        );
    }
    if key == SharedKey::For.name() {
        let ends = kinds(FaultKind::ends);
        return format!("`{name}` does something once, so it has no end; `for` is for {ends}");
    }
    let keys = SharedKey::all_of(kind).map(SharedKey::name).chain(own.iter().copied());
    let keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
    format!("unknown field `{key}`, expected one of {}", keys.join(", "))
}

impl JsonSchema for Fault {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fault".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "type": "object",
            "description": "One thing that goes wrong: a table with a time (`at`) or a trigger (`on`), and one action, as in \
                            `crash = { target = \"leader\", for = \"1s\" }`.",
            "properties": {},
            "minProperties": 2,
            "maxProperties": 2,
            "additionalProperties": false,
        });
        let at = generator.subschema_for::<Span>();
        add(&mut schema, "at", at, "The time at which it strikes.");
        let on = generator.subschema_for::<Trigger>();
        add(&mut schema, "on", on, "The situation that it waits for.");
        for kind in FaultKind::ALL {
            add(&mut schema, kind.name(), kind.schema(generator), kind.about());
        }
        schema
    }
}

/// The schema of an action's table: that of its own keys, with the shared ones.
pub(super) fn schema_of(kind: FaultKind, own: Schema, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = own;
    if schema.get("description").is_none() {
        schema.insert("description".into(), kind.about().into());
    }
    schema.insert("additionalProperties".into(), false.into());
    for key in SharedKey::all_of(kind) {
        let (of, about) = match key {
            SharedKey::Target => {
                let (Whom::Needed(about) | Whom::OrLeader(about)) = kind.whom() else { continue };
                (generator.subschema_for::<Target>(), about)
            }
            SharedKey::For => (
                generator.subschema_for::<Span>(),
                "How long it lasts; without it, to the end of the run.",
            ),
            SharedKey::Flapping => (
                generator.subschema_for::<Span>(),
                "If given, the partition comes and goes with this period.",
            ),
        };
        add(&mut schema, key.name(), of, about);
    }
    if matches!(kind.whom(), Whom::Needed(_)) {
        let required = schema
            .ensure_object()
            .entry("required")
            .or_insert_with(|| [(); 0].into_iter().collect());
        if let Some(required) = required.as_array_mut() {
            required.push(SharedKey::Target.name().into());
        }
    }
    schema
}

/// Adds a key to a schema.
fn add(schema: &mut Schema, key: &str, of: Schema, about: &str) {
    let mut of = of;
    of.insert("description".into(), about.into());
    let keys =
        schema.ensure_object().entry("properties").or_insert_with(|| serde_json::Map::new().into());
    if let Some(keys) = keys.as_object_mut() {
        keys.insert(key.into(), of.into());
    }
}
