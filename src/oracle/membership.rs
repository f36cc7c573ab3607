//! Who belongs to the cluster, as the logs say it; and whether changes of that keep to their rules (thesis 4.1, 4.2.2).
//!
//! Each node goes by the latest configuration in its own log, committed or not. A configuration is known by its place in the chain of
//! entries, so that what a node goes by follows from its log alone, over truncations, restarts and snapshots.

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet};
use crate::node::Role;
use crate::oracle::commit::Commits;
use crate::oracle::shadow::{NodeShadow, Place, Shadow};
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};

/// All configurations that are in any log, and that with which the cluster begins.
#[derive(Debug)]
pub struct Configurations {
    initial: Configuration,
    /// Each with where it sits.
    known: Vec<(Index, Place, Configuration)>,
}

impl Configurations {
    /// A cluster that begins with these voters.
    pub fn new(voters: NodeSet) -> Configurations {
        Configurations { initial: Configuration::of(voters), known: Vec::new() }
    }

    /// Whether no log has one.
    pub fn is_fixed(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes note of one at a place; at index 0, of that with which the cluster begins.
    pub fn add(&mut self, index: Index, place: Place, configuration: Configuration) {
        if index == Index::ZERO {
            self.initial = configuration;
        } else if self.known.iter().all(|(_, known, _)| *known != place) {
            self.known.push((index, place, configuration));
        }
    }

    /// The latest in a log, up to an index, with where it sits.
    pub fn of(&self, node: &NodeShadow, upto: Index) -> (Index, Configuration) {
        let in_log = |(index, place, _): &&(Index, Place, Configuration)| {
            *index <= upto && node.at(*index) == Some(*place)
        };
        let latest = self.known.iter().filter(in_log).max_by_key(|(index, ..)| *index);
        latest.map_or((Index::ZERO, self.initial), |(index, _, it)| (*index, *it))
    }
}

/// How many of these voters are a majority.
pub fn majority(voters: NodeSet) -> usize {
    voters.len() / 2 + 1
}

/// How some nodes stand against a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many of them are voters: in joint consensus, of the half that is the worse.
    pub has: usize,
    /// How many voters there are.
    pub of: usize,
}

impl Share {
    /// The share of these nodes in a configuration.
    pub fn of(configuration: Configuration, nodes: NodeSet) -> Share {
        let shares = configuration
            .halves()
            .map(|half| Share { has: nodes.intersection(half).len(), of: half.len() });
        let by_need = |share: &Share| share.has as i64 - share.majority() as i64;
        shares.min_by_key(by_need).unwrap_or(Share { has: 0, of: 0 })
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

/// What leaders do with configurations.
#[derive(Debug)]
pub struct Members {
    /// For each node, while it leads: the event and record in which it knew that it is no longer in the configuration.
    outside: Vec<Option<(u64, u64)>>,
}

impl Members {
    /// Nobody has left.
    pub fn new(nodes: u8) -> Members {
        Members { outside: vec![None; usize::from(nodes)] }
    }

    /// Judges a record. `shadow` and `commits` are as they are after it.
    pub fn observe(
        &mut self,
        record: &Record,
        shadow: &Shadow,
        commits: &Commits,
    ) -> Option<Violation> {
        if shadow.configurations.is_fixed() {
            return None;
        }
        let id = record.node?;
        let node = shadow.node(id);
        if node.role != Role::Leader {
            self.outside[id.slot()] = None;
            return None;
        }
        match record.kind {
            Kind::Configure { index, configuration, .. } => self
                .lead_on(record, id)
                .or_else(|| begin(record, id, (index, configuration), shadow, commits)),
            Kind::Append { .. } => self.lead_on(record, id),
            Kind::Commit { index, .. } => {
                let violation = self.lead_on(record, id);
                let (at, configuration) = shadow.configurations.of(node, node.last_index());
                if index >= at && !configuration.voting().contains(id) {
                    self.outside[id.slot()].get_or_insert((record.event, record.number));
                }
                violation
            }
            _ => None,
        }
    }

    /// A leader does what leaders do. It may not if it has committed in an earlier event that it is none of the voters.
    fn lead_on(&self, record: &Record, id: NodeId) -> Option<Violation> {
        let (event, committed) = self.outside[id.slot()]?;
        (record.event > event).then(|| {
            let sentence = format!(
                "{id} leads on, but it is not in the configuration, and knows that this is committed."
            );
            Violation::new(Property::Configuration, record, sentence, [committed])
        })
    }
}

/// A leader begins a change: the one before must be committed, and as it knows; and majorities of both must have a node in common.
fn begin(
    record: &Record,
    id: NodeId,
    (index, next): (Index, Configuration),
    shadow: &Shadow,
    commits: &Commits,
) -> Option<Violation> {
    let node = shadow.node(id);
    let (before, previous) = shadow.configurations.of(node, index.previous());
    let place = node.at(before).unwrap_or(Place::ROOT);
    let earlier = [shadow.chain.link(place).record];
    if before > commits.commit_index(id) {
        let sentence = format!(
            "{id} changed the members at index {index} before it knew the change at index {before} to be committed."
        );
        return Some(Violation::new(Property::Configuration, record, sentence, earlier));
    }
    // Who has a majority of two halves has one of each, so one pair that has to meet is enough.
    let meet =
        |(one, other): (NodeSet, NodeSet)| majority(one) + majority(other) > one.union(other).len();
    let mut pairs = previous.halves().flat_map(|one| next.halves().map(move |other| (one, other)));
    (!pairs.any(meet)).then(|| {
        let sentence = format!(
            "{id} changed the members at index {index} so that majorities before and after need no node in common."
        );
        Violation::new(Property::Configuration, record, sentence, earlier)
    })
}
