//! By what authority leaders lead, and reads are answered: majorities that were heard, promises that were given, rounds and leases.
//!
//! All of it goes by clocks of nodes, which `clocks` reads off records. `hearing` judges check-quorum, `promises` what nodes promised their
//! leaders, `rights` why a read may be answered. A run whose options have none of it is not watched.

mod clocks;
mod hearing;
mod promises;
mod rights;

use crate::config::Reads;
use crate::guest::Rule;
use crate::ids::NodeId;
use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::plan::Plan;
use crate::property::Property;
use crate::record::{Kind, Record};

use clocks::Clocks;
use hearing::Hearing;
use promises::Promises;
use rights::Rights;

/// What leaders and reads rest on.
#[derive(Debug)]
pub struct Authority {
    clocks: Clocks,
    hearing: Hearing,
    promises: Option<Promises>,
    rights: Option<Rights>,
}

impl Authority {
    /// What is to be watched in a run of this plan, if anything is.
    pub fn of(plan: &Plan) -> Option<Box<Authority>> {
        let config = plan.config();
        let elections = config.elections;
        let is_judged =
            |rule, property| plan.guest.keeps_to(rule) && plan.judge.contains(&property);
        let quorum = elections.check_quorum && is_judged(Rule::CheckQuorum, Property::CheckQuorum);
        let promises = is_judged(Rule::Promises, Property::Promises)
            && (elections.vote_lease || elections.pre_vote || config.reads == Reads::Lease);
        let rights =
            config.reads != Reads::Log && is_judged(Rule::ReadRights, Property::ReadRights);
        if !quorum && !promises && !rights {
            return None;
        }
        Some(Box::new(Authority {
            clocks: Clocks::new(plan),
            hearing: Hearing::new(plan.cluster.nodes, &config, quorum),
            promises: promises.then(|| Promises::new(plan.cluster.nodes, &config)),
            rights: rights.then(|| Rights::new(plan.cluster.nodes, &config)),
        }))
    }

    /// Judges a record. The shadow is as it was before it.
    #[inline]
    pub fn observe(&mut self, record: &Record, shadow: &Shadow) -> Option<Violation> {
        let overdue = self.hearing.overdue(record);
        let found = record.node.and_then(|id| self.observe_node(record, id, shadow));
        overdue.or(found)
    }

    fn observe_node(&mut self, record: &Record, id: NodeId, shadow: &Shadow) -> Option<Violation> {
        if let Kind::Clock { before, after, drift_ppm } = record.kind {
            self.clocks.set(id, record.time, (before, after), drift_ppm);
            return None;
        }
        let at = At { record, id, shadow, clocks: &self.clocks };
        // What a node promised is judged by whom it had heard before.
        let promise = self.promises.as_mut().and_then(|it| it.observe(at, &self.hearing));
        let quorum = self.hearing.observe(at);
        let right = self.rights.as_mut().and_then(|it| it.observe(at));
        quorum.or(promise).or(right)
    }
}

/// A record of a node, with the shadow before it.
#[derive(Clone, Copy)]
struct At<'a> {
    record: &'a Record,
    id: NodeId,
    shadow: &'a Shadow,
    clocks: &'a Clocks,
}

impl At<'_> {
    fn violates(
        self,
        property: Property,
        sentence: String,
        earlier: impl IntoIterator<Item = u64>,
    ) -> Violation {
        Violation::new(property, self.record, sentence, earlier)
    }
}
