//! Faults in files: a table with `at` or `on`, and one action. The table of an action has the keys of its kind, and of those that many
//! kinds share (`target`, `for`, `flapping` and `every`) the ones that its kind may have.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::kinds::Whom;
use super::{Action, Fault, FaultKind, Trigger, When};
use crate::plan::Target;
use crate::time::Span;

/// Kinds without keys of their own.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<Span>,
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
        let Fault { flapping, every, lasts, .. } = *fault;
        Written { target, own, flapping, every, lasts }
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
        let Some((action, Shared { target, lasts, flapping, every })) = found else {
            let names: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
            return Err(Error::custom(format!(
                "a fault needs an action, as in crash = {{ target = \"leader\" }}; the actions are {}",
                names.join(", ")
            )));
        };
        let target = target.unwrap_or_else(|| action.kind().default_target());
        Ok(Fault { when, target, lasts, flapping, every, action })
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
    every: Option<Span>,
}

/// These keys.
const TARGET: &str = "target";
const FOR: &str = "for";
const FLAPPING: &str = "flapping";
const EVERY: &str = "every";

/// Those of them that a kind has.
fn shared_keys(kind: FaultKind) -> impl Iterator<Item = &'static str> {
    let keys = [
        (TARGET, kind.names_target()),
        (FOR, kind.ends()),
        (FLAPPING, kind.flaps()),
        (EVERY, kind.ends()),
    ];
    keys.into_iter().filter(|(_, has)| *has).map(|(key, _)| key)
}

/// Reads the table of an action of this kind.
struct ActionTable(FaultKind);

impl<'de> DeserializeSeed<'de> for ActionTable {
    type Value = (Action, Shared);

    fn deserialize<D: Deserializer<'de>>(self, table: D) -> Result<(Action, Shared), D::Error> {
        table.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ActionTable {
    type Value = (Action, Shared);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let example = match self.0.whom() {
            _ if self.0 == FaultKind::Split => "{ groups = [[1, 2]] }",
            _ if self.0 == FaultKind::Cut => "{ from = 1, to = 2 }",
            _ if self.0 == FaultKind::Transfer => "{ to = 2 }",
            _ if self.0 == FaultKind::Change => "{ remove = 3 }",
            _ if self.0 == FaultKind::Slow => "{ target = 1, per_input = \"1ms\" }",
            Whom::Unnamed if self.0.ends() => "{ for = \"1s\" }",
            Whom::Unnamed => "{ }",
            Whom::Needed(_) | Whom::OrLeader(_) => "{ target = \"leader\" }",
        };
        write!(f, "a table of what `{}` has, as in {example}", self.0.name())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(Action, Shared), A::Error> {
        let (kind, mut shared) = (self.0, Shared::default());
        let own = OwnEntries { kind, shared: &mut shared, map };
        let action = kind.read(MapAccessDeserializer::new(own))?;
        match (kind.whom(), &shared.target) {
            (Whom::Needed(_), None) => Err(Error::missing_field(TARGET)),
            _ => Ok((action, shared)),
        }
    }
}

/// The entries of a table without those of the shared keys: these are put aside on the way.
struct OwnEntries<'a, A> {
    kind: FaultKind,
    shared: &'a mut Shared,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OwnEntries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let kind = self.kind;
        loop {
            match self.map.next_key_seed(ActionKey { kind, seed })? {
                None => return Ok(None),
                Some(Sorted::Own(key)) => return Ok(Some(key)),
                Some(Sorted::Shared(key, unused)) => {
                    match key {
                        TARGET => self.shared.target = Some(self.map.next_value()?),
                        FOR => self.shared.lasts = Some(self.map.next_value()?),
                        EVERY => self.shared.every = Some(self.map.next_value()?),
                        _ => self.shared.flapping = Some(self.map.next_value()?),
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
    seed: K,
}

enum Sorted<T, K> {
    Own(T),
    Shared(&'static str, K),
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for ActionKey<K> {
    type Value = Sorted<K::Value, K>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(key)?;
        if let Some(shared) = shared_keys(self.kind).find(|shared| *shared == key) {
            return Ok(Sorted::Shared(shared, self.seed));
        }
        let own: StrDeserializer<'_, D::Error> = key.as_str().into_deserializer();
        let own = self.seed.deserialize(own).map(Sorted::Own);
        own.map_err(|_| Error::custom(unknown(self.kind, &key)))
    }
}

/// Why a key does not belong to this kind of fault.
fn unknown(kind: FaultKind, key: &str) -> String {
    let name = kind.name();
    let kinds = |with: fn(FaultKind) -> bool| {
        let kinds = FaultKind::ALL.iter().filter(|kind| with(**kind));
        kinds.map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    };
    if key == FLAPPING {
        let partitions = kinds(FaultKind::flaps);
        return format!(
            "`{name}` does not come and go; `flapping` is for partitions: {partitions}; `every` is for all that lasts"
        );
    }
    let ends = kinds(FaultKind::ends);
    if key == EVERY {
        return format!("`{name}` does something once; `every` is for what lasts: {ends}");
    }
    if key == FOR {
        return format!("`{name}` does something once, so it has no end; `for` is for {ends}");
    }
    let schema = kind.table_schema(&mut SchemaGenerator::default());
    let keys = schema.get("properties").and_then(|keys| keys.as_object());
    let keys: Vec<String> =
        keys.into_iter().flat_map(|it| it.keys()).map(|key| format!("`{key}`")).collect();
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
    schema.insert("description".into(), kind.about().into());
    schema.insert("additionalProperties".into(), false.into());
    for key in shared_keys(kind) {
        let (of, about) = match key {
            TARGET => {
                let (Whom::Needed(about) | Whom::OrLeader(about)) = kind.whom() else { continue };
                (generator.subschema_for::<Target>(), about)
            }
            FOR => (
                generator.subschema_for::<Span>(),
                "How long it lasts; without it, to the end of the run.",
            ),
            EVERY => (
                generator.subschema_for::<Span>(),
                "If given, it strikes again with this period, which is longer than `for`, each time whoever is meant then.",
            ),
            _ => (
                generator.subschema_for::<Span>(),
                "If given, the partition comes and goes with this period.",
            ),
        };
        add(&mut schema, key, of, about);
    }
    if matches!(kind.whom(), Whom::Needed(_)) {
        let required = schema
            .ensure_object()
            .entry("required")
            .or_insert_with(|| [(); 0].into_iter().collect());
        if let Some(required) = required.as_array_mut() {
            required.push(TARGET.into());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scenario;

    fn fault(text: &str) -> Fault {
        scenario::from_toml(&format!("[[faults]]\n{text}\n")).expect(text).faults.remove(0)
    }

    #[test]
    fn the_table_and_the_names_in_files_agree() {
        for kind in FaultKind::ALL {
            let name = serde_json::to_value(kind).expect("a kind is a word");
            assert_eq!(name, kind.name());
            assert!(FaultKind::KEYS.contains(&kind.name()));
        }
    }

    #[test]
    fn every_kind_survives_a_file() {
        for text in [
            "crash = { target = 1, put_back = \"500ms\" }",
            "crash = { target = \"leader\", unsynced = \"torn\", wipe = true, for = \"1s\" }",
            "restart = { target = \"everyone\" }",
            "pause = { target = [1, 2], for = \"1s\", every = \"3s\" }",
            "suspend = { target = \"leader\", for = \"1s\" }",
            "slow = { target = 1, per_input = \"1ms\" }",
            "split = { groups = [[1, 2], \"leader\"], flapping = \"1s\", for = \"2s\" }",
            "isolate = { target = \"leader\", direction = \"inbound\", flapping = \"1s\" }",
            "cut = { from = 1, to = \"follower\", for = \"1s\" }",
            "cut = { from = \"clients\", to = 2 }",
            "isolate = { target = 2, clients = true }",
            "bridge = { target = 2, for = \"1s\" }",
            "ring = {}",
            "link = { to = 2, loss = \"10%\", for = \"1s\" }",
            "disk = { target = 1, fsync = \"constant 1ms\", for = \"1s\" }",
            "disk-error = { target = 1 }",
            "disk-full = { target = 1, for = \"1s\" }",
            "disk-hangs = { target = 1, for = \"1s\" }",
            "disk-lies = { target = 1 }",
            "corrupt = { target = 1, entries = 2 }",
            "clock = { target = 1, jump = \"-1s\" }",
            "change = { target = 1, force = [1, 2] }",
            "transfer = { to = 2 }",
            "transfer = { target = 3, to = \"anyone\" }",
            "change = { remove = 2 }",
        ] {
            let read = fault(&format!("at = \"1s\"\n{text}"));
            let toml = toml::to_string(&read).expect("a fault can be written");
            assert_eq!(toml::from_str(&toml), Ok(read.clone()), "{toml}");
            let json = serde_json::to_string(&read).expect("a fault can be written");
            assert_eq!(serde_json::from_str::<Fault>(&json).ok(), Some(read), "{json}");
        }
        let told = fault("at = \"1s\"\nchange = { remove = 2 }");
        assert_eq!((told.target, told.lasts), (Target::Leader, None));
    }
}
