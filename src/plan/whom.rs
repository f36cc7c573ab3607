//! Whom a fault strikes: nodes by number, or by what they are when it strikes.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::NodeId;

/// Whom a fault strikes. Written as a number, a list of numbers, or a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
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
    /// The leader, and as many random others as make a minority with it: those who stay with it when the cluster falls apart.
    LeaderSide,
    /// A random majority.
    Majority,
}

impl Whom {
    const WORDS: [(&'static str, Whom); 12] = [
        ("leader", Whom::Leader),
        ("follower", Whom::Follower),
        ("candidate", Whom::Candidate),
        ("all-but-leader", Whom::AllButLeader),
        ("all-but-leaders", Whom::AllButLeaders),
        ("connected", Whom::Connected),
        ("trigger", Whom::Trigger),
        ("anyone", Whom::Anyone),
        ("everyone", Whom::Everyone),
        ("minority", Whom::Minority),
        ("leader-side", Whom::LeaderSide),
        ("majority", Whom::Majority),
    ];

    /// The word for it, or the numbers of the nodes.
    fn word(&self) -> Option<&'static str> {
        Whom::WORDS.iter().find(|(_, whom)| whom == self).map(|(word, _)| *word)
    }

    /// Whether chance decides who it is.
    pub fn is_random(&self) -> bool {
        match self {
            Whom::Follower
            | Whom::Candidate
            | Whom::Anyone
            | Whom::Minority
            | Whom::LeaderSide
            | Whom::Majority => true,
            Whom::Nodes(_)
            | Whom::Leader
            | Whom::AllButLeader
            | Whom::AllButLeaders
            | Whom::Connected
            | Whom::Trigger
            | Whom::Everyone => false,
        }
    }

    /// The nodes, where they are named by number.
    pub fn numbers(&self) -> Option<&[NodeId]> {
        match self {
            Whom::Nodes(nodes) => Some(nodes),
            _ => None,
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => f.write_str(word),
            None => {
                let names: Vec<String> =
                    self.numbers().unwrap_or(&[]).iter().map(NodeId::to_string).collect();
                f.write_str(&names.join(" "))
            }
        }
    }
}

impl Serialize for Whom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Whom::Nodes(nodes) if nodes.len() == 1 => nodes[0].serialize(serializer),
            Whom::Nodes(nodes) => nodes.serialize(serializer),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Whom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whom, D::Error> {
        struct WhomVisitor;

        impl<'de> Visitor<'de> for WhomVisitor {
            type Value = Whom;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node's number, a list of numbers, or a word such as \"leader\"")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whom, E> {
                Ok(Whom::Nodes(vec![NodeId::new(u8::try_from(number).unwrap_or(u8::MAX))]))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Whom, E> {
                self.visit_u64(u64::try_from(number).unwrap_or(0))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Whom, E> {
                let found = Whom::WORDS.iter().find(|(word, _)| *word == text);
                found.map(|(_, whom)| whom.clone()).ok_or_else(|| {
                    let words = Whom::WORDS.map(|(word, _)| word).join(", ");
                    E::custom(format!(
                        "`{text}` names nobody; write a node's number, a list of numbers, or one of {words}"
                    ))
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Whom, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = list.next_element()? {
                    nodes.push(node);
                }
                Ok(Whom::Nodes(nodes))
            }
        }

        deserializer.deserialize_any(WhomVisitor)
    }
}

impl JsonSchema for Whom {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Whom".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A node's number, a list of numbers, or a word.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 25 },
                { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 25 } },
                { "type": "string", "enum": Whom::WORDS.map(|(word, _)| word) },
            ],
        })
    }
}
