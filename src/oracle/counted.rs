//! By which configuration a node goes (section 6 and 7, thesis 4.1): when an event is over, a node counts by the latest configuration in
//! its log, or the latest that it has applied where it goes by those, over truncations, restarts and installed snapshots; and a snapshot
//! holds the configuration as of its end.
//!
//! Judged are nodes that say by which configuration they count.

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};
use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::trace::text::members;

/// What nodes count by, as they say.
#[derive(Debug)]
pub struct Counted {
    /// By what each node says that it counts, in this life.
    told: Vec<Option<Configuration>>,
    /// What a snapshot that is written next holds.
    carried: Option<(NodeId, Index, Configuration)>,
    /// Whose configuration may have changed in an event, and the record of that.
    changed: Vec<(NodeId, u64)>,
    event: u64,
}

impl Counted {
    pub fn new(nodes: u8) -> Counted {
        let told = vec![None; nodes.into()];
        Counted { told, carried: None, changed: Vec::new(), event: 0 }
    }

    /// Whether an event is over in which configurations may have changed.
    #[inline]
    pub fn is_due(&self, record: &Record) -> bool {
        !self.changed.is_empty() && record.event != self.event
    }

    /// Judges a record of a node. The shadow is as it was before it.
    pub fn observe(&mut self, record: &Record, id: NodeId, shadow: &Shadow) -> Option<Violation> {
        match record.kind {
            Kind::Counts { configuration } => self.told[id.slot()] = Some(configuration),
            Kind::Boot { .. } => self.told[id.slot()] = None,
            Kind::Configure { .. }
            | Kind::Truncate { .. }
            | Kind::Discard { .. }
            | Kind::Compact { .. }
            | Kind::Restore { .. } => {}
            Kind::Carries { index, configuration } => {
                self.carried = Some((id, index, configuration));
                return None;
            }
            Kind::Snapshot { index, term, .. } => {
                return self.snapshot(record, id, (index, term), shadow);
            }
            _ => return None,
        }
        if self.event != record.event {
            self.changed.clear();
            self.event = record.event;
        }
        self.changed.retain(|(changed, _)| *changed != id);
        self.changed.push((id, record.number));
        None
    }

    /// An event is over in which configurations may have changed.
    pub fn end_event(&mut self, record: &Record, shadow: &Shadow) -> Option<Violation> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().find_map(|(id, number)| {
            let log = shadow.configuration_of(id);
            let told = self.told[id.slot()]?;
            let differs = shadow.node(id).up && told != log;
            differs.then(|| {
                let (told, log) = (members(told), members(log));
                let sentence = format!(
                    "{id} counts majorities of {told}, but by its log those of {log} count."
                );
                Violation::new(Property::Configuration, record, sentence, [number])
            })
        })
    }

    /// A snapshot holds the configuration as of its end.
    fn snapshot(
        &mut self,
        record: &Record,
        id: NodeId,
        (index, term): (Index, Term),
        shadow: &Shadow,
    ) -> Option<Violation> {
        let initial = shadow.configurations.initial();
        let carried = self.carried.take().filter(|(node, at, _)| (*node, *at) == (id, index));
        let carried = carried.map_or(initial, |(.., configuration)| configuration);
        if shadow.configurations.is_fixed() && carried == initial {
            return None;
        }
        // Whoever has the entry has all before it, too.
        let prefix = shadow.chain.find(index, term)?;
        let (_, holder) = shadow.nodes().find(|(_, node)| node.at(index) == Some(prefix))?;
        let (_, expected) = shadow.configuration_upto(holder, index);
        (carried != expected).then(|| {
            let (carried, expected) = (members(carried), members(expected));
            let sentence = format!(
                "{id} writes a snapshot up to index {index} that holds {carried}, but as of there {expected} counted."
            );
            Violation::new(Property::Configuration, record, sentence, [])
        })
    }
}
