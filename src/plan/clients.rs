//! The clients of a plan: how many there are, how they ask, and single requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::log::Command;
use crate::plan::{Latency, Target, Trigger, is_default};
use crate::time::{Share, Span};

/// Clients that ask, wait for the answer, think, and ask again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clients {
    /// How many, up to 1,000.
    pub count: u32,
    /// How long each thinks between an answer and its next request.
    pub think: Latency,
    /// What they ask, by weight.
    #[serde(skip_serializing_if = "is_default")]
    pub mix: Mix,
    /// How many keys they use, 1 to 65,536.
    pub keys: u32,
    /// Whom they ask first; when they know no leader, they go round.
    #[serde(skip_serializing_if = "is_default")]
    pub ask: Ask,
    /// How long they wait for an answer.
    pub timeout: Span,
    /// How long they wait before they try again, elsewhere.
    pub retry_after: Span,
    /// How often they try an operation before they give it up, from 1.
    pub attempts: u32,
    /// When they begin.
    #[serde(skip_serializing_if = "is_default")]
    pub start: Span,
    /// When they begin no more operations; never by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Span>,
    /// How long a message between client and node takes.
    pub latency: Latency,
    /// How many of these messages are lost.
    #[serde(skip_serializing_if = "is_default")]
    pub loss: Share,
    /// How many sessions the state machine keeps at most, 1 to 20,000 (thesis 6.3). Each client, that of a single request too, opens
    /// one before its first operation, and its tries take effect once. When there is no room, the session that was not used for
    /// longest, by the log, is closed. Without it there are no sessions, and an operation that is tried twice may be done twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u32>,
}

impl Default for Clients {
    fn default() -> Clients {
        Clients {
            count: 3,
            think: Latency::Uniform(Span::millis(5), Span::millis(50)),
            mix: Mix::default(),
            keys: 16,
            ask: Ask::AnyNode,
            timeout: Span::secs(1),
            retry_after: Span::millis(50),
            attempts: 10,
            start: Span::ZERO,
            stop: None,
            latency: Latency::Uniform(Span::micros(200), Span::millis(1)),
            loss: Share::NEVER,
            sessions: None,
        }
    }
}

/// Whom a client asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// A random node each time; followers forward.
    #[default]
    AnyNode,
    /// The node that answered last, until it fails.
    SameNode,
}

/// What clients ask, by weight: 40 and 40 and 20 are as 2 and 2 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Reads.
    pub get: u32,
    /// Writes.
    pub put: u32,
    /// Removals.
    pub delete: u32,
    /// Conditional writes.
    pub compare_and_set: u32,
    /// Appends to a list.
    pub append: u32,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix { get: 30, put: 40, delete: 5, compare_and_set: 10, append: 15 }
    }
}

impl Mix {
    /// The sum of the weights.
    pub fn total(self) -> u64 {
        [self.get, self.put, self.delete, self.compare_and_set, self.append]
            .into_iter()
            .map(u64::from)
            .sum()
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SingleRequest {
    /// When it is made: a time, or `on` a situation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Span>,
    /// The situation that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Trigger>,
    /// Whom the client asks first.
    #[serde(default)]
    pub to: Target,
    /// What it asks, as in `{ put = { key = 1, value = 7 } }`.
    #[schemars(with = "serde_json::Value")]
    pub command: Command,
    /// How often it tries, from 1; without it, as often as the clients of `[clients]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Which client asks, by any number: requests with the same one share its session, and each waits until the one before is over.
    /// Without it, a client of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<u32>,
}
