//! Pins: decisions of the network that are fixed rather than drawn.
//!
//! A decision has an identity, the k-th message on a link, so a pin says what becomes of just that message whatever the seed is, and a
//! schedule in which one answer comes late is a plan like any other. Election timeouts have their pins in
//! [`NodeOptions::election_timeouts`](crate::plan::NodeOptions).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::time::Span;

/// What becomes of one message: `{ link = [1, 3], message = 17, arrives = ["3ms"] }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The sender and the receiver.
    pub link: [NodeId; 2],
    /// Which message on this link, in the order in which they are sent, from 1. Those count that a cut swallows.
    pub message: u64,
    /// How long it takes, once for each time that it arrives: not at all, once or twice.
    #[serde(default)]
    pub arrives: Vec<Span>,
}
