//! The configurations that logs hold. One is known by the prefix that it ends, so what a node goes by follows from its log alone, over
//! truncations, restarts and snapshots.

use crate::configuration::Configuration;
use crate::ids::{Index, NodeSet};
use crate::oracle::chain::PrefixId;

/// All configurations that are in any log, and that with which the cluster begins.
#[derive(Debug)]
pub struct Configurations {
    initial: Configuration,
    /// Each with where it sits.
    known: Vec<(Index, PrefixId, Configuration)>,
}

impl Configurations {
    /// A cluster that begins with these voters.
    pub fn new(voters: NodeSet) -> Configurations {
        Configurations { initial: Configuration::of(voters), known: Vec::new() }
    }

    /// With whom the cluster began.
    pub fn initial(&self) -> Configuration {
        self.initial
    }

    /// Whether no log has one.
    pub fn is_fixed(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes note of one at the end of a prefix; at index 0, of that with which the cluster begins.
    pub fn add(&mut self, index: Index, prefix: PrefixId, configuration: Configuration) {
        if index == Index::ZERO {
            self.initial = configuration;
        } else if self.known.iter().all(|(_, known, _)| *known != prefix) {
            self.known.push((index, prefix, configuration));
        }
    }

    /// The latest in a log, which has a prefix for each index, up to an index; with where it sits.
    pub fn of(
        &self,
        log: impl Fn(Index) -> Option<PrefixId>,
        upto: Index,
    ) -> (Index, Configuration) {
        let in_log = |(index, prefix, _): &&(Index, PrefixId, Configuration)| {
            *index <= upto && log(*index) == Some(*prefix)
        };
        let latest = self.known.iter().filter(in_log).max_by_key(|(index, ..)| *index);
        latest.map_or((Index::ZERO, self.initial), |(index, _, it)| (*index, *it))
    }
}
