//! The JSON Schemas of the files that people write, and of those that programs read.

use schemars::{JsonSchema, schema_for};

use crate::campaign::file::CampaignFile;
use crate::campaign::power::Power;
use crate::plan::{Plan, swarm};

/// Of scenarios, which `squall run` takes.
#[must_use]
pub fn scenario() -> serde_json::Value {
    titled::<Plan>("squall scenario")
}

/// Of `campaign.json`, the result of a campaign.
#[must_use]
pub fn campaign() -> serde_json::Value {
    titled::<CampaignFile>("squall campaign")
}

/// Of what the swarm draws from, which `squall fuzz --config` takes.
#[must_use]
pub fn swarm() -> serde_json::Value {
    titled::<swarm::Config>("squall swarm")
}

/// Of `power.json`, which says how soon a campaign finds each planted bug.
#[must_use]
pub fn power() -> serde_json::Value {
    titled::<Power>("squall power")
}

fn titled<T: JsonSchema>(title: &str) -> serde_json::Value {
    let mut schema = schema_for!(T);
    schema.insert("title".into(), title.into());
    schema.into()
}
