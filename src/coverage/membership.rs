//! Situations of changes of the members: who goes by what, and who leads meanwhile (section 6; thesis 4).

use crate::coverage::Situations;
use crate::ids::{NodeId, NodeSet};
use crate::node::Role;
use crate::oracle::Oracles;
use crate::record::{Kind, Record};
use crate::situation::Situation::*;

impl Situations {
    /// Looks at a record; `oracles` have not taken it yet.
    pub(super) fn observe_membership(&mut self, record: &Record, oracles: &Oracles) {
        let shadow = oracles.shadow();
        let configures = matches!(record.kind, Kind::Configure { .. });
        if shadow.configurations.is_fixed() && !configures {
            return;
        }
        let Some(id) = record.node else { return };
        match record.kind {
            Kind::Configure { .. } => self.configure(record, id, oracles),
            Kind::Role { role, .. } => self.role_of_member(role, id, oracles),
            Kind::Commit { .. } if shadow.node(id).role == Role::Leader => {
                self.reach_if(shadow.configuration_of(id).is_joint(), CommittedInJoint, id);
            }
            Kind::Snapshot { index, received: false, .. } => {
                let (_, covered) = shadow.configuration_upto(shadow.node(id), index);
                self.reach_if(covered.is_joint(), SnapshotTakenInJoint, id);
            }
            Kind::Truncate { from, .. } => {
                let node = shadow.node(id);
                let (latest, _) = shadow.configuration_upto(node, node.last_index());
                self.reach_if(latest >= from, ConfigurationUndone, id);
            }
            _ => {}
        }
    }

    fn configure(&mut self, record: &Record, id: NodeId, oracles: &Oracles) {
        let Kind::Configure { index, configuration: next, .. } = record.kind else { return };
        let shadow = oracles.shadow();
        let node = shadow.node(id);
        let (_, before) = shadow.configuration_upto(node, index.previous());
        self.reach_if(next.is_joint(), JointEntered, id);
        if node.role != Role::Leader {
            return;
        }
        // A follower may be left out, and come back as one of whom nothing is known.
        self.nodes[id.slot()].under_way.streaming = NodeSet::EMPTY;
        self.reach_if(!next.is_joint() && !before.is_joint(), MembersChanged, id);
        let promoted = next.voters.intersection(before.learners);
        self.reach_if(!promoted.is_empty(), LearnerPromoted, id);
        // Who asks for a change begins an event of its own.
        let waited = self
            .reply
            .is_some_and(|(event, from)| event == record.event && promoted.contains(from));
        self.reach_if(waited, PromotionWaited, id);
        self.reach_if(before.is_joint() && !next.is_joint(), JointLeft, id);
    }

    fn role_of_member(&mut self, role: Role, id: NodeId, oracles: &Oracles) {
        let shadow = oracles.shadow();
        let configuration = shadow.configuration_of(id);
        match role {
            Role::Leader => {
                self.reach_if(configuration.is_joint(), LeaderElectedInJoint, id);
            }
            Role::Follower => {
                let led = shadow.node(id).role == Role::Leader;
                self.reach_if(led && !configuration.voting().contains(id), LeaderLeft, id);
            }
            Role::Candidate | Role::PreCandidate => {
                let mut leaders =
                    shadow.nodes().filter(|(_, node)| node.up && node.role == Role::Leader);
                let outside = leaders
                    .any(|(leader, _)| !shadow.configuration_of(leader).voting().contains(id));
                self.reach_if(outside, OutsiderStands, id);
            }
        }
    }
}
