//! The clients of a plan: how many there are, how they ask, and single requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::log::Command;
use crate::plan::table::table;
use crate::plan::{Latency, Target, Trigger};
use crate::time::{Share, Span};

table! {
    /// Clients that ask, wait for the answer, think, and ask again.
    pub struct Clients {
        /// How many, up to 1,000.
        count: u32 = 3,
        /// How long each thinks between an answer and its next request.
        think: Latency = Latency::Uniform(Span::millis(5), Span::millis(50)),
        /// What they ask, by weight.
        mix: Mix,
        /// How many keys they use, 1 to 65,536.
        keys: u32 = 16,
        /// Whom they ask first; when they know no leader, they go round.
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
