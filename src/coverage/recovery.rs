//! Situations of the recovery phase: who leads, who catches up, who is heard from outside the core.

use crate::coverage::Situations;
use crate::ids::{Index, NodeId, NodeSet};
use crate::node::Role;
use crate::oracle::Oracles;
use crate::record::{Kind, Record};
use crate::situation::Situation::*;

/// What is remembered of the recovery phase.
#[derive(Debug, Default)]
pub struct Memory {
    /// The nodes that must come back to life; nobody while there may be faults.
    core: NodeSet,
    /// How far the log of each has to grow until it holds what was committed when faults ended.
    behind: Vec<(NodeId, Index)>,
    /// Whether a leader was elected since.
    elected: bool,
    /// Whether somebody outside the core was heard in it since.
    outsider: bool,
}

impl Situations {
    /// Looks at a record.
    #[inline]
    pub(super) fn observe_recovery(&mut self, record: &Record, oracles: &Oracles) {
        if self.recovery.core == NodeSet::EMPTY && !matches!(record.kind, Kind::Recovery { .. }) {
            return;
        }
        let (shadow, liveness) = (&oracles.shadow, oracles.liveness.as_ref());
        match (record.kind, record.node) {
            (Kind::Recovery { check: 0 }, Some(id)) => {
                self.recovery.core.insert(id);
                let committed = oracles.commits.last_committed();
                if shadow.node(id).last_index() < committed {
                    self.recovery.behind.push((id, committed));
                }
            }
            (Kind::Recovery { .. }, _)
                if liveness.is_some_and(|it| it.recovers(record.time, shadow)) =>
            {
                self.reach(ClusterRecovered, None);
                let kept = if self.recovery.elected { None } else { Some(LeaderOutlivedFaults) };
                let all = shadow.nodes().count();
                let part = (self.recovery.core.len() < all).then_some(RecoveredInPart);
                kept.into_iter().chain(part).for_each(|situation| self.reach(situation, None));
            }
            (Kind::Role { role: Role::Leader, .. }, Some(id))
                if self.recovery.core.contains(id) =>
            {
                self.recovery.elected = true;
                self.reach(LeaderElectedInRecovery, Some(id));
                self.reach_if(self.recovery.outsider, LeaderElectedBesideOutsider, id);
            }
            (Kind::Deliver { from, .. }, Some(id)) => {
                let outsider =
                    self.recovery.core.contains(id) && !self.recovery.core.contains(from);
                let first = outsider && !self.recovery.outsider;
                self.recovery.outsider |= outsider;
                self.reach_if(first, OutsiderHeard, from);
            }
            (Kind::Append { index, .. }, Some(id)) => {
                let behind = &mut self.recovery.behind;
                let before = behind.len();
                behind.retain(|(node, goal)| *node != id || index < *goal);
                let caught_up = behind.len() < before;
                self.reach_if(caught_up, NodeCaughtUpInRecovery, id);
            }
            (Kind::Answered { request, applied: true, .. }, Some(id)) => {
                let outlived = liveness.is_some_and(|it| it.outlived_faults(request));
                self.reach_if(outlived, RequestOutlivedFaults, id);
            }
            _ => {}
        }
    }
}
