//! Situations of changes of the members: who goes by what, and who leads meanwhile (section 6; thesis 4).

use crate::coverage::{At, Situations};
use crate::ids::NodeSet;
use crate::node::Role;
use crate::record::Kind;
use crate::situation::Situation::*;

impl Situations {
    /// Looks at a record; `oracles` have not taken it yet.
    #[inline]
    pub(super) fn observe_membership(&mut self, at: &At) {
        let At { record, id, shadow, node, .. } = *at;
        let configures = matches!(record.kind, Kind::Configure { .. });
        if shadow.configurations.is_fixed() && !configures {
            return;
        }
        match record.kind {
            Kind::Configure { .. } => self.configure(at),
            Kind::Role { role, .. } => self.role_of_member(at, role),
            Kind::Commit { .. } if at.leads() => {
                self.reach_if(shadow.configuration_of(id).is_joint(), CommittedInJoint, id);
            }
            Kind::Snapshot { index, received: false, .. } => {
                let (_, covered) = shadow.configuration_upto(node, index);
                self.reach_if(covered.is_joint(), SnapshotTakenInJoint, id);
            }
            Kind::Truncate { from, .. } => {
                let (latest, _) = shadow.configuration_upto(node, node.last_index());
                self.reach_if(latest >= from, ConfigurationUndone, id);
            }
            _ => {}
        }
    }

    fn configure(&mut self, at: &At) {
        let At { record, id, shadow, node, .. } = *at;
        let Kind::Configure { index, configuration: next, .. } = record.kind else { return };
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

    fn role_of_member(&mut self, at: &At, role: Role) {
        let At { id, shadow, node: _, .. } = *at;
        let configuration = shadow.configuration_of(id);
        match role {
            Role::Leader => {
                self.reach_if(configuration.is_joint(), LeaderElectedInJoint, id);
            }
            Role::Follower => {
                self.reach_if(at.leads() && !configuration.voting().contains(id), LeaderLeft, id);
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
