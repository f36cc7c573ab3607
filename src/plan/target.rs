//! Targets: the nodes that a fault strikes or a request goes to, by number, or by what they are at that moment.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::NodeId;

/// The nodes that a fault strikes or a request goes to. Written as a number, a list of numbers, or a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The live leader of the latest term.
    Leader,
    /// A random live node that is not the leader.
    Follower,
    /// A random live candidate, or node that asks whether it could win.
    Candidate,
    /// All nodes but the leader.
    AllButLeader,
    /// All nodes but those that lead, in whatever term.
    AllButLeaders,
    /// Live nodes that hear a majority, and that a majority hears.
    Connected,
    /// The node at which the situation occurred that the fault waited for.
    Trigger,
    /// A random node.
    Anyone,
    /// All nodes.
    #[default]
    Everyone,
    /// As many random nodes as can fail with a majority left.
    Minority,
    /// The leader, and as many random others as make a minority with it: the nodes that stay with it in a partition.
    LeaderSide,
    /// A random majority.
    Majority,
    /// The clients of the group of this name, or all if it is empty: only where links end.
    Clients(String),
}

impl Target {
    const WORDS: [(&'static str, Target); 12] = [
        ("leader", Target::Leader),
        ("follower", Target::Follower),
        ("candidate", Target::Candidate),
        ("all-but-leader", Target::AllButLeader),
        ("all-but-leaders", Target::AllButLeaders),
        ("connected", Target::Connected),
        ("trigger", Target::Trigger),
        ("anyone", Target::Anyone),
        ("everyone", Target::Everyone),
        ("minority", Target::Minority),
        ("leader-side", Target::LeaderSide),
        ("majority", Target::Majority),
    ];

    /// The word for it, or the numbers of the nodes.
    fn word(&self) -> Option<&'static str> {
        Target::WORDS.iter().find(|(_, target)| target == self).map(|(word, _)| *word)
    }

    /// Whether chance decides which nodes it means.
    pub fn is_random(&self) -> bool {
        use Target::{Anyone, Candidate, Follower, LeaderSide, Majority, Minority};
        matches!(self, Follower | Candidate | Anyone | Minority | LeaderSide | Majority)
    }

    /// Whether it means clients rather than nodes.
    pub fn is_clients(&self) -> bool {
        matches!(self, Target::Clients(_))
    }

    /// The nodes, where they are named by number.
    pub fn numbers(&self) -> Option<&[NodeId]> {
        match self {
            Target::Nodes(nodes) => Some(nodes),
            _ => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.word(), self) {
            (Some(word), _) => f.write_str(word),
            (None, Target::Clients(group)) if group.is_empty() => f.write_str("clients"),
            (None, Target::Clients(group)) => write!(f, "clients:{group}"),
            (None, _) => {
                let names: Vec<String> =
                    self.numbers().unwrap_or(&[]).iter().map(NodeId::to_string).collect();
                f.write_str(&names.join(" "))
            }
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Target::Nodes(nodes) if nodes.len() == 1 => nodes[0].serialize(serializer),
            Target::Nodes(nodes) => nodes.serialize(serializer),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Target, D::Error> {
        struct TargetVisitor;

        impl<'de> Visitor<'de> for TargetVisitor {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node's number, a list of numbers, or a word such as \"leader\"")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Target, E> {
                Ok(Target::Nodes(vec![NodeId::new(u8::try_from(number).unwrap_or(u8::MAX))]))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Target, E> {
                self.visit_u64(u64::try_from(number).unwrap_or(0))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Target, E> {
                if let Some(group) = text.strip_prefix("clients:") {
                    return Ok(Target::Clients(group.into()));
                }
                if text == "clients" {
                    return Ok(Target::Clients(String::new()));
                }
                let found = Target::WORDS.iter().find(|(word, _)| *word == text);
                found.map(|(_, target)| target.clone()).ok_or_else(|| {
                    let words = Target::WORDS.map(|(word, _)| word).join(", ");
                    E::custom(format!(
                        "`{text}` names nobody; write a node's number, a list of numbers, or one of {words}; or, where a link ends, clients"
                    ))
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Target, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = list.next_element()? {
                    nodes.push(node);
                }
                Ok(Target::Nodes(nodes))
            }
        }

        deserializer.deserialize_any(TargetVisitor)
    }
}

impl JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A node's number, a list of numbers, or a word.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 25 },
                { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 25 } },
                { "type": "string", "enum": Target::WORDS.map(|(word, _)| word) },
                { "type": "string", "pattern": "^clients(:[A-Za-z0-9-]+)?$" },
            ],
        })
    }
}
