//! What a plan has besides faults and what did not come to be used in a run: single requests that were never made, and pins and syncs that
//! no message and no write came for.

use serde::{Deserialize, Serialize};

use super::Sim;
use crate::node::Node;

/// What was not used, each by its place in the plan, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// Single requests that were made less often than the plan says, and how often they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<(u32, u64)>,
    /// Pins of messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<u32>,
    /// Pins of syncs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub syncs: Vec<u32>,
}

impl Unused {
    /// Whether all was used.
    pub fn is_nothing(&self) -> bool {
        *self == Unused::default()
    }
}

impl<N: Node> Sim<'_, '_, N> {
    /// What was not used up to now.
    pub(super) fn unused(&self) -> Unused {
        let singles = (1..).zip(&self.singles);
        let rarer = singles.filter(|(_, it)| it.made < it.single.on.map_or(1, |on| on.times));
        Unused {
            requests: rarer.map(|(place, it)| (place, it.made)).collect(),
            pins: places(&self.plan.pins, self.network.unused_pins()),
            syncs: places(
                &self.plan.syncs,
                self.hosts.iter().flat_map(|host| host.disk.unused_pins()),
            ),
        }
    }
}

/// The places of some of a plan's things, from 1; of those that are the same, the last are taken to be left.
fn places<'a, T: PartialEq + 'a>(all: &[T], left: impl Iterator<Item = &'a T>) -> Vec<u32> {
    let mut places = Vec::new();
    for it in left {
        let mut same = (1..).zip(all).filter(|(_, other)| *other == it).map(|(place, _)| place);
        let free: Option<u32> = same.by_ref().filter(|place| !places.contains(place)).last();
        places.extend(free);
    }
    places.sort_unstable();
    places
}
