//! Who belongs to the cluster, as the logs say it; and whether changes of that keep to their rules (thesis 4.1, 4.2.2).
//!
//! Each node goes by the latest configuration in its own log, committed or not. A configuration is known by its prefix in the chain of
//! entries, so that what a node goes by follows from its log alone, over truncations, restarts and snapshots.

use crate::configuration::Configuration;
use crate::guest::Configures;
use crate::ids::{Index, NodeId, NodeSet};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::chain::PrefixId;
use crate::oracle::commit::Commits;
use crate::oracle::seen::Seen;
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Kind, Record};

/// What leaders do with configurations.
#[derive(Debug)]
pub struct Members {
    /// For each node, while it leads: the event and record in which it knew that it is no longer in the configuration.
    outside: Vec<Option<(u64, u64)>>,
    /// Of whom that is known.
    outsiders: NodeSet,
}

impl Members {
    /// Nobody has left.
    pub fn new(nodes: u8) -> Members {
        Members { outside: vec![None; usize::from(nodes)], outsiders: NodeSet::EMPTY }
    }

    /// Judges that a node sends something: only who leads sends entries and heartbeats.
    #[inline]
    pub fn observe_send(&self, record: &Record, message: &Summary) -> Option<Box<Violation>> {
        if self.outsiders.is_empty() || !matches!(message, Summary::AppendEntries { .. }) {
            return None;
        }
        self.lead_on(record, record.node?)
    }

    /// Judges a record of a cluster whose members have changed. `commits` are as they are after it.
    pub fn observe(&mut self, at: Seen, commits: &Commits) -> Option<Box<Violation>> {
        let Seen { record, id, .. } = at;
        let node = at.node();
        if node.role != Role::Leader {
            self.outside[id.slot()] = None;
            self.outsiders.remove(id);
            return None;
        }
        match record.kind {
            Kind::Configure { index, configuration, .. } => {
                self.lead_on(record, id).or_else(|| begin(at, index, configuration, commits))
            }
            Kind::Append { .. } => self.lead_on(record, id),
            Kind::Commit { index, .. } => {
                let violation = self.lead_on(record, id);
                let (at_index, configuration) =
                    at.shadow.configuration_upto(node, node.last_index());
                if at.shadow.configures == Configures::OnAppend && index >= at_index {
                    self.leave(record, id, configuration);
                }
                violation
            }
            Kind::Apply { .. } if at.shadow.configures == Configures::OnApply => {
                // Where its state machine works later, the node may go by one already that is committed behind this.
                let (_, last) = at.shadow.configuration_upto(node, commits.commit_index(id));
                if !last.voting().contains(id) {
                    self.leave(record, id, at.shadow.configuration_of(id));
                }
                None
            }
            _ => None,
        }
    }

    /// A leader knows that it is outside, if it is: by this configuration it goes for good.
    fn leave(&mut self, record: &Record, id: NodeId, configuration: Configuration) {
        if !configuration.voting().contains(id) {
            self.outside[id.slot()].get_or_insert((record.event, record.number));
            self.outsiders.insert(id);
        }
    }

    /// A leader does what leaders do. It may not if it has committed in an earlier event that it is none of the voters.
    fn lead_on(&self, record: &Record, id: NodeId) -> Option<Box<Violation>> {
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
fn begin(at: Seen, index: Index, next: Configuration, commits: &Commits) -> Option<Box<Violation>> {
    let (id, node) = (at.id, at.node());
    let (before, previous) = at.shadow.configuration_upto(node, index.previous());
    let prefix = node.at(before).unwrap_or(PrefixId::ROOT);
    let earlier = [at.shadow.chain.link(prefix).record];
    if before > commits.commit_index(id) {
        let sentence = format!(
            "{id} changed the members at index {index} before it knew the change at index {before} to be committed."
        );
        return Some(at.violates(Property::Configuration, sentence, earlier));
    }
    // Who has a majority of two halves has one of each, so one pair that has to meet is enough.
    let meet = |(one, other): (NodeSet, NodeSet)| {
        one.majority() + other.majority() > one.union(other).len()
    };
    let mut pairs = previous.halves().flat_map(|one| next.halves().map(move |other| (one, other)));
    (!pairs.any(meet)).then(|| {
        let sentence = format!(
            "{id} changed the members at index {index} so that majorities before and after need no node in common."
        );
        at.violates(Property::Configuration, sentence, earlier)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Term, WriteId};
    use crate::message::Summary;
    use crate::oracle::Oracles;

    const HEARTBEAT: Summary = Summary::AppendEntries {
        term: Term(2),
        prev_index: Index::ZERO,
        prev_term: Term::ZERO,
        entries: 0,
        commit: Index::ZERO,
    };

    fn nodes(numbers: &[u8]) -> NodeSet {
        numbers.iter().copied().map(NodeId::new).collect()
    }

    fn voters(numbers: &[u8]) -> Configuration {
        Configuration::of(nodes(numbers))
    }

    fn joint(new: &[u8], old: &[u8]) -> Configuration {
        Configuration { outgoing: nodes(old), ..voters(new) }
    }

    /// Oracles over five nodes, of which the first three are voters; n1 leads them in term 2, and has committed its first entry. Each
    /// record is an event of its own, but for those of [`Story::at_once`].
    struct Story {
        oracles: Oracles,
        number: u64,
        event: u64,
        last: u64,
    }

    impl Story {
        fn new() -> Story {
            let oracles = Oracles::new(5, &[Property::Configuration], None);
            let mut story = Story { oracles, number: 0, event: 0, last: 0 };
            let (index, term) = (Index::ZERO, Term::ZERO);
            story.tell(None, Kind::Configure { index, term, configuration: voters(&[1, 2, 3]) });
            assert_eq!(story.leads(true), None);
            assert_eq!((story.appends(), story.commits(1)), (None, None));
            story
        }

        fn tell(&mut self, node: Option<u8>, kind: Kind) -> Option<Property> {
            self.event += 1;
            self.at_once(node, kind)
        }

        /// Something more happens in the same event.
        fn at_once(&mut self, node: Option<u8>, kind: Kind) -> Option<Property> {
            self.number += 1;
            let (number, event, time) = (self.number, self.event, crate::time::Time(self.event));
            let record = Record { number, event, time, node: node.map(NodeId::new), kind };
            self.oracles.observe(&record).map(|violation| violation.property)
        }

        fn leads(&mut self, does: bool) -> Option<Property> {
            let role = if does { Role::Leader } else { Role::Follower };
            self.tell(Some(1), Kind::Role { role, term: Term(2) })
        }

        /// n1 appends an entry.
        fn appends(&mut self) -> Option<Property> {
            self.last += 1;
            let (write, index, term) = (WriteId(self.last), Index(self.last), Term(2));
            self.tell(Some(1), Kind::Append { write, index, term, content: self.last })
        }

        /// n1 appends an entry that is a configuration.
        fn changes(&mut self, configuration: Configuration) -> Option<Property> {
            let appended = self.appends();
            let (index, term) = (Index(self.last), Term(2));
            let begun = self.at_once(Some(1), Kind::Configure { index, term, configuration });
            appended.or(begun)
        }

        fn commits(&mut self, index: u64) -> Option<Property> {
            self.tell(Some(1), Kind::Commit { index: Index(index), term: Term(2) })
        }

        /// What n1 sends to n2.
        fn sent(&self, message: Summary) -> Kind {
            Kind::Send { to: NodeId::new(2), id: self.number, message }
        }

        fn sends(&mut self, message: Summary) -> Option<Property> {
            self.tell(Some(1), self.sent(message))
        }
    }

    #[test]
    fn a_change_begins_when_the_one_before_is_known_to_be_committed() {
        let mut story = Story::new();
        assert_eq!(story.changes(voters(&[1, 2, 3, 4])), None);
        assert_eq!(story.changes(voters(&[1, 2, 3, 4, 5])), Some(Property::Configuration));
        let mut story = Story::new();
        assert_eq!(story.changes(voters(&[1, 2, 3, 4])), None);
        assert_eq!((story.appends(), story.commits(2)), (None, None));
        assert_eq!(story.changes(voters(&[1, 2, 3, 4, 5])), None, "it need not be the last entry");
        assert_eq!(story.changes(voters(&[1, 2, 3, 4])), Some(Property::Configuration));
    }

    #[test]
    fn a_follower_takes_whatever_its_leader_began() {
        let mut story = Story::new();
        story.leads(false);
        assert_eq!(story.changes(voters(&[1, 2, 3, 4])), None);
        assert_eq!(story.changes(voters(&[4, 5])), None);
    }

    #[test]
    fn quorums_before_and_after_have_a_node_in_common() {
        for next in [voters(&[1, 2, 3, 4]), voters(&[1, 2]), joint(&[4, 5], &[1, 2, 3])] {
            assert_eq!(Story::new().changes(next), None, "{next:?}");
        }
        let (more, fewer, other) = (voters(&[1, 2, 3, 4, 5]), voters(&[1]), voters(&[2, 3, 4]));
        for next in [more, fewer, other, voters(&[4, 5]), joint(&[4, 5], &[3, 4, 5])] {
            assert_eq!(Story::new().changes(next), Some(Property::Configuration), "{next:?}");
        }
    }

    #[test]
    fn joint_consensus_is_left_for_either_half() {
        let left_for = |next| {
            let mut story = Story::new();
            assert_eq!(story.changes(joint(&[3, 4, 5], &[1, 2, 3])), None);
            assert_eq!(story.commits(2), None);
            story.changes(next)
        };
        assert_eq!(left_for(voters(&[3, 4, 5])), None);
        assert_eq!(left_for(voters(&[1, 2, 3])), None);
        assert_eq!(left_for(voters(&[1, 3, 5])), Some(Property::Configuration));
    }

    /// n1 has appended a configuration without itself.
    fn removed() -> Story {
        let mut story = Story::new();
        assert_eq!(story.changes(voters(&[2, 3])), None);
        story
    }

    #[test]
    fn a_leader_outside_its_configuration_leads_until_that_is_committed() {
        let mut story = removed();
        assert_eq!((story.sends(HEARTBEAT), story.appends()), (None, None));
        assert_eq!(story.commits(1), None, "not this one");
        assert_eq!(story.sends(HEARTBEAT), None);
        assert_eq!(story.commits(2), None);
        let told = story.sent(HEARTBEAT);
        assert_eq!(story.at_once(Some(1), told), None, "it tells the others before it leaves");
        assert_eq!(story.leads(false), None);
        assert_eq!((story.sends(HEARTBEAT), story.appends()), (None, None), "it follows");
    }

    #[test]
    fn a_leader_that_was_removed_leaves() {
        let leads_on = |act: fn(&mut Story) -> Option<Property>| {
            let mut story = removed();
            assert_eq!(story.commits(2), None);
            act(&mut story)
        };
        assert_eq!(leads_on(Story::appends), Some(Property::Configuration));
        assert_eq!(leads_on(|story| story.commits(2)), Some(Property::Configuration));
        assert_eq!(leads_on(|story| story.changes(voters(&[2]))), Some(Property::Configuration));
        assert_eq!(leads_on(|story| story.sends(HEARTBEAT)), Some(Property::Configuration));
        assert_eq!(
            leads_on(
                |story| story.sends(Summary::Appended { term: Term(2), match_index: Index::ZERO })
            ),
            None
        );
        let other = |story: &mut Story| story.tell(Some(2), story.sent(HEARTBEAT));
        assert_eq!(leads_on(other), None, "that is somebody else");
        let restarts = |story: &mut Story| {
            story.tell(Some(1), Kind::Crash(crate::record::Remains::default()));
            story.sends(HEARTBEAT)
        };
        assert_eq!(leads_on(restarts), None, "it leads no more");
    }

    #[test]
    fn who_leads_on_is_not_accused_once_a_disk_is_destroyed() {
        let mut story = removed();
        assert_eq!(story.commits(2), None);
        assert_eq!(story.tell(Some(2), Kind::Wipe { stays_out: false }), None);
        assert_eq!(story.sends(HEARTBEAT), None);
    }

    #[test]
    fn a_leader_in_the_old_half_of_joint_consensus_leads_on() {
        let mut story = Story::new();
        assert_eq!(story.changes(joint(&[2, 3, 4], &[1, 2, 3])), None);
        assert_eq!((story.commits(2), story.sends(HEARTBEAT)), (None, None));
        assert_eq!(story.changes(voters(&[2, 3, 4])), None);
        assert_eq!((story.sends(HEARTBEAT), story.commits(3)), (None, None));
        assert_eq!(story.sends(HEARTBEAT), Some(Property::Configuration));
    }
}
