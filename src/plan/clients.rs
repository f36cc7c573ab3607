//! The clients of a plan: how many there are, how they ask, in which groups, and single requests.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::NodeId;
use crate::log::Command;
use crate::plan::table::table;
use crate::plan::{Latency, Target, Trigger};
use crate::time::{Share, Span, as_text};

table! {
    /// Clients that ask, wait for the answer, think, and ask again.
    pub struct Clients {
        /// How many, up to 1,000.
        count: u32 = 3,
        /// How long each thinks between an answer and its next request.
        think: Latency = Latency::Uniform(Span::millis(5), Span::millis(50)),
        /// How often they begin a request, all together, whether those before were answered or not (an open loop): a number a second, as
        /// in `"100/s"`, or how long it is from one to the next, as in `"uniform 5ms..15ms"`. Then nobody thinks, and `count` is how many
        /// requests may be unanswered: one that finds all clients busy is not made.
        rate: Option<Rate>,
        /// What they ask, by weight.
        mix: Mix,
        /// How many keys they use, 1 to 65,536.
        keys: u32 = 16,
        /// Whom they ask first; when they know no leader, they go round. The number of a node, or a list of numbers, binds them: they ask
        /// these and no others, whatever they are told, until faults end.
        ask: Ask,
        /// How long they wait for an answer.
        timeout: Span = Span::secs(1),
        /// How long they wait before they try again, elsewhere.
        retry_after: Span = Span::millis(50),
        /// How often they try an operation before they give it up, from 1.
        attempts: u32 = 10,
        /// When they begin.
        start: Span,
        /// When they begin no more operations; never by default.
        stop: Option<Span>,
        /// How long a message between client and node takes.
        latency: Latency = Latency::Uniform(Span::micros(200), Span::millis(1)),
        /// How many of these messages are lost.
        loss: Share,
        /// How many sessions the state machine keeps at most, 1 to 20,000 (thesis 6.3). Each client, that of a single request too, opens
        /// one before its first operation, and its tries take effect once. When there is no room, the session that was not used for
        /// longest, by the log, is closed. Without it there are no sessions, and an operation that is tried twice may be done twice.
        sessions: Option<u32>,
    }
}

table! {
    /// More clients, which differ from those of `[clients]`. What is left out is as it is there.
    pub struct ClientGroup {
        /// What faults call it, as in `cut = { from = "clients:batch", to = 2 }`: letters, digits and hyphens.
        required name: String,
        /// How many, from 1; with all others up to 1,000.
        required count: u32,
        /// How long each thinks between an answer and its next request.
        think: Option<Latency>,
        /// How often they begin a request, all together.
        rate: Option<Rate>,
        /// What they ask, by weight.
        mix: Option<Mix>,
        /// How many keys they use.
        keys: Option<u32>,
        /// Whom they ask.
        ask: Option<Ask>,
        /// How long they wait for an answer.
        timeout: Option<Span>,
        /// How long they wait before they try again, elsewhere.
        retry_after: Option<Span>,
        /// How often they try an operation before they give it up.
        attempts: Option<u32>,
        /// When they begin.
        start: Option<Span>,
        /// When they begin no more operations.
        stop: Option<Span>,
        /// How long a message between client and node takes.
        latency: Option<Latency>,
        /// How many of these messages are lost.
        loss: Option<Share>,
    }
}

impl ClientGroup {
    /// A group of so many clients that are like those of `[clients]`.
    pub fn new(name: &str, count: u32) -> ClientGroup {
        ClientGroup {
            name: name.into(),
            count,
            think: None,
            rate: None,
            mix: None,
            keys: None,
            ask: None,
            timeout: None,
            retry_after: None,
            attempts: None,
            start: None,
            stop: None,
            latency: None,
            loss: None,
        }
    }

    /// What its clients are like.
    pub fn over(&self, clients: &Clients) -> Clients {
        let rate = match self.think {
            Some(_) => self.rate,
            None => self.rate.or(clients.rate),
        };
        Clients {
            count: self.count,
            think: self.think.unwrap_or(clients.think),
            rate,
            mix: self.mix.unwrap_or(clients.mix),
            keys: self.keys.unwrap_or(clients.keys),
            ask: self.ask.clone().unwrap_or_else(|| clients.ask.clone()),
            timeout: self.timeout.unwrap_or(clients.timeout),
            retry_after: self.retry_after.unwrap_or(clients.retry_after),
            attempts: self.attempts.unwrap_or(clients.attempts),
            start: self.start.unwrap_or(clients.start),
            stop: self.stop.or(clients.stop),
            latency: self.latency.unwrap_or(clients.latency),
            loss: self.loss.unwrap_or(clients.loss),
            sessions: clients.sessions,
        }
    }
}

/// How often requests are begun: the time from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub Latency);

impl Rate {
    const SECOND: u64 = Span::secs(1).0;
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Latency::Constant(Span(nanos))
                if nanos > 0 && nanos <= Rate::SECOND && Rate::SECOND.is_multiple_of(nanos) =>
            {
                write!(f, "{}/s", Rate::SECOND / nanos)
            }
            latency => latency.fmt(f),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let Some(number) = text.strip_suffix("/s") else {
            let wrong = |error| {
                format!(
                    "{error}; a rate is a number a second, as in \"100/s\", or the time from one request to the next"
                )
            };
            return text.parse().map(Rate).map_err(wrong);
        };
        match number.trim().parse() {
            Ok(number @ 1..=Rate::SECOND) => {
                Ok(Rate(Latency::Constant(Span(Rate::SECOND / number))))
            }
            _ => Err(format!(
                "`{text}` is not a rate; write a whole number a second, as in \"100/s\", or the time from one request to the next"
            )),
        }
    }
}

as_text!(
    Rate,
    "Rate",
    "How often something is begun: a number a second, or a latency from one to the next.",
    ["100/s", "uniform 5ms..15ms"]
);

/// Whom a client asks. Written as a word, a number, or a list of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ask {
    /// A random node each time; followers forward.
    #[default]
    AnyNode,
    /// The node that answered last, until it fails.
    SameNode,
    /// These nodes and no others: a random one first, and the next when that fails.
    Nodes(Vec<NodeId>),
}

impl Ask {
    const WORDS: [(&'static str, Ask); 2] =
        [("any-node", Ask::AnyNode), ("same-node", Ask::SameNode)];
}

impl Serialize for Ask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Ask::AnyNode => serializer.serialize_str("any-node"),
            Ask::SameNode => serializer.serialize_str("same-node"),
            Ask::Nodes(nodes) if nodes.len() == 1 => nodes[0].serialize(serializer),
            Ask::Nodes(nodes) => nodes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ask, D::Error> {
        struct AskVisitor;

        impl<'de> Visitor<'de> for AskVisitor {
            type Value = Ask;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"any-node\", \"same-node\", a node's number, or a list of numbers")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Ask, E> {
                Ok(Ask::Nodes(vec![NodeId::new(u8::try_from(number).unwrap_or(u8::MAX))]))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Ask, E> {
                self.visit_u64(u64::try_from(number).unwrap_or(0))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Ask, E> {
                let found = Ask::WORDS.iter().find(|(word, _)| *word == text);
                found.map(|(_, ask)| ask.clone()).ok_or_else(|| {
                    E::custom(format!(
                        "unknown variant `{text}`, expected one of `any-node`, `same-node`, a node's number, or a list of numbers"
                    ))
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ask, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = list.next_element()? {
                    nodes.push(node);
                }
                Ok(Ask::Nodes(nodes))
            }
        }

        deserializer.deserialize_any(AskVisitor)
    }
}

impl JsonSchema for Ask {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ask".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A random node each time, or the node that answered last, until it fails; or these nodes and no others.",
            "anyOf": [
                { "type": "string", "enum": Ask::WORDS.map(|(word, _)| word) },
                { "type": "integer", "minimum": 1, "maximum": 25 },
                { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 25 } },
            ],
        })
    }
}

table! {
    /// What clients ask, by weight: 40 and 40 and 20 are as 2 and 2 and 1.
    #[derive(Copy, Eq)]
    pub struct Mix {
        /// Reads.
        get: u32 = 30,
        /// Writes.
        put: u32 = 40,
        /// Removals.
        delete: u32 = 5,
        /// Conditional writes.
        compare_and_set: u32 = 10,
        /// Appends to a list.
        append: u32 = 15,
    }
}

impl Mix {
    /// The sum of the weights.
    pub fn total(self) -> u64 {
        let Mix { get, put, delete, compare_and_set, append } = self;
        [get, put, delete, compare_and_set, append].map(u64::from).iter().sum()
    }
}

table! {
    /// One request.
    pub struct SingleRequest {
        /// When it is made: a time, or `on` a situation.
        at: Option<Span>,
        /// The situation that it waits for.
        on: Option<Trigger>,
        /// Whom the client asks first.
        written to: Target,
        /// What it asks, as in `{ put = { key = 1, value = 7 } }`.
        #[schemars(with = "serde_json::Value")]
        required command: Command,
        /// How often it tries, from 1; without it, as often as the clients of `[clients]`.
        attempts: Option<u32>,
        /// Which client asks, by any number: requests with the same one share its session, and each waits until the one before is over,
        /// unless 10,000 wait already: it is not made then. Without it, a client of its own.
        client: Option<u32>,
    }
}
