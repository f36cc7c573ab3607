//! All that the result of a campaign depends on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bugs::Bug;
use crate::guest::{BUILT_IN, Guest, GuestOption};
use crate::plan::Plan;
use crate::plan::problem::{Checked, between};
use crate::plan::swarm::{self, draw_with};
use crate::plan::validate::SEED_MAX;

/// The default of the first seed.
pub const FIRST_SEED: u64 = 1;

/// All that the result of a campaign depends on, but for how far it got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds; without it, as many as there is time for.
    pub runs: Option<u64>,
    /// Whose Raft.
    pub guest: Guest,
    /// The guest's own options that random plans draw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drawn_options: Vec<GuestOption>,
    /// The bugs that are planted.
    pub bugs: Vec<Bug>,
    /// After how many distinct failures the campaign ends.
    pub stop_after: Option<u64>,
    /// After how many events a run is given up as endless.
    pub events_max: u64,
    /// What the swarm draws from.
    pub swarm: swarm::Config,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            first_seed: FIRST_SEED,
            runs: None,
            guest: Guest::named(BUILT_IN),
            drawn_options: Vec::new(),
            bugs: Vec::new(),
            stop_after: None,
            events_max: 5_000_000,
            swarm: swarm::Config::default(),
        }
    }
}

impl Settings {
    /// The plan of a seed.
    pub fn plan(&self, seed: u64) -> Plan {
        let mut plan = draw_with(seed, &self.swarm);
        plan.restrict(&self.guest);
        plan.draw_guest_options(&self.drawn_options);
        plan.raft.bugs.clone_from(&self.bugs);
        plan.events_max = self.events_max;
        plan
    }

    /// One past the last seed that the campaign may use.
    pub fn end(&self) -> u64 {
        let runs = self.runs.unwrap_or(u64::MAX);
        self.first_seed.saturating_add(runs).min(SEED_MAX + 1)
    }

    /// Says the first thing that is wrong.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Checked {
        between(self.first_seed, 0, SEED_MAX, "first_seed", "the first seed")?;
        let left = SEED_MAX - self.first_seed + 1;
        between(self.runs.unwrap_or(1), 1, left, "runs", "the number of runs")?;
        between(self.events_max, 1, SEED_MAX, "events_max", "the event limit")?;
        between(self.stop_after.unwrap_or(1), 1, SEED_MAX, "stop_after", "the number of failures")?;
        self.swarm.check().map_err(|problem| problem.within("swarm"))
    }
}
