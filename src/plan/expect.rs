//! What a scenario promises: a verdict, and bounds on what happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::property::Property;
use crate::situation::Situation;

/// What a scenario promises. What is left out is not promised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The property that is violated; without it, the run is clean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<Property>,
    /// How many leaders are elected at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaders_min: Option<u64>,
    /// How many leaders are elected at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaders_max: Option<u64>,
    /// The highest term that a node may reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term_max: Option<u64>,
    /// How many entries are committed at least, no-ops too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commits_min: Option<u64>,
    /// How many entries are committed at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commits_max: Option<u64>,
    /// How many requests clients hear to be applied, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers_min: Option<u64>,
    /// How many requests clients hear to be applied, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers_max: Option<u64>,
    /// Situations that are reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub situations: Vec<Situation>,
    /// Situations that are not reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<Situation>,
}
