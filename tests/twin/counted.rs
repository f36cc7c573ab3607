//! The naive twin of who counts: after every event it asks of every node whether it counts by its log.

use squall::configuration::Configuration;
use squall::ids::{Index, NodeId, NodeSet, Term};
use squall::plan::Plan;
use squall::property::Property;
use squall::record::{Kind, Record};

use super::{Entry, Twin as Cluster};

pub struct Twin {
    initial: Configuration,
    /// What each node said that it counts by, while it is up.
    told: Vec<Option<Configuration>>,
    carried: Vec<(NodeId, Index, Configuration)>,
    event: u64,
}

impl Twin {
    pub fn new(plan: &Plan) -> Twin {
        let initial = Configuration::of(plan.voters());
        let told = vec![None; usize::from(plan.cluster.nodes)];
        Twin { initial, told, carried: Vec::new(), event: 0 }
    }

    /// Takes a record, with the cluster as it was before it; gives what does not hold.
    pub fn observe(&mut self, record: &Record, cluster: &Cluster) -> Vec<Property> {
        let mut holds = true;
        if record.event != self.event && !cluster.is_destroyed() {
            let mut nodes = self.told.iter().enumerate();
            let counts = |(slot, told): (usize, &Option<Configuration>)| {
                told.is_none_or(|told| told == cluster.configuration_of(NodeId::at(slot)))
            };
            holds = nodes.all(counts);
        }
        self.event = record.event;
        let Some(id) = record.node else { return wrong(holds) };
        match record.kind {
            Kind::Boot { .. } => self.told[id.slot()] = None,
            Kind::Crash(_) => self.told[id.slot()] = None,
            Kind::Counts { configuration } => self.told[id.slot()] = Some(configuration),
            Kind::Carries { index, configuration } => self.carried.push((id, index, configuration)),
            Kind::Snapshot { index, term, .. } if !cluster.is_destroyed() => {
                let carried = std::mem::take(&mut self.carried).pop();
                let carried = carried.map_or(self.initial, |(.., configuration)| configuration);
                holds &= cluster.configuration_as_of(index, term).is_none_or(|it| it == carried);
            }
            _ => {}
        }
        wrong(holds)
    }
}

fn wrong(holds: bool) -> Vec<Property> {
    if holds { Vec::new() } else { vec![Property::Configuration] }
}

impl Cluster {
    /// Who belongs to the cluster by the latest configuration in a node's log.
    pub fn members_of(&self, id: NodeId) -> NodeSet {
        self.latest(&self.nodes[id.slot()].log).1.members()
    }

    /// By which configuration a node goes: the latest in its log.
    pub fn configuration_of(&self, id: NodeId) -> Configuration {
        self.latest(&self.nodes[id.slot()].log).1
    }

    /// Which configuration counted as of an entry, if some log has it.
    pub fn configuration_as_of(&self, index: Index, term: Term) -> Option<Configuration> {
        let last = index.0 as usize;
        let has = |log: &&Vec<Entry>| log.get(last - 1).is_some_and(|(own, _)| *own == term);
        let log = self.nodes.iter().map(|node| &node.log).find(has)?;
        Some(self.latest(&log[..last]).1)
    }

    /// Whether the plan destroyed what is on a disk.
    pub fn is_destroyed(&self) -> bool {
        self.destroyed.is_some()
    }
}
