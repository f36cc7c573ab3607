//! Majorities, as oracles count them: by a configuration of their own, with no code of any Raft.

use crate::configuration::Configuration;
use crate::ids::NodeSet;

/// How many voters of a configuration are among some nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many of them are voters: in joint consensus, of the half that is the worse.
    pub has: usize,
    /// How many voters there are.
    pub of: usize,
}

impl Tally {
    /// The tally of these nodes in a configuration.
    pub fn of(configuration: Configuration, nodes: NodeSet) -> Tally {
        let tallies = configuration
            .halves()
            .map(|half| Tally { has: nodes.intersection(half).len(), of: half.len() });
        let by_need = |tally: &Tally| tally.has as i64 - tally.majority() as i64;
        tallies.min_by_key(by_need).unwrap_or(Tally { has: 0, of: 0 })
    }

    /// How many are a majority.
    pub fn majority(self) -> usize {
        self.of / 2 + 1
    }

    /// Whether that is a majority.
    pub fn is_majority(self) -> bool {
        self.has >= self.majority()
    }

    /// Whether it is one that no voter may be missing from.
    pub fn is_bare(self) -> bool {
        self.has == self.majority()
    }
}
