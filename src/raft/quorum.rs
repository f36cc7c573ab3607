//! Check-quorum and loyalty: a leader leads as long as a majority answers it, and a node that hears its leader deposes it for nobody.
//!
//! Both go by the lowest election timeout: a leader that heard from no majority for so long steps down (thesis 6.2), and a node that heard
//! its leader within it refuses votes and pre-votes (thesis 4.2.3, 9.6). Each measures on its own clock.

use crate::configuration::Configuration;
use crate::ids::{NodeId, NodeSet};
use crate::raft::core::Core;
use crate::raft::leader::Leader;
use crate::time::LocalTime;

impl Leader {
    /// Whether a majority of the voters, the leader counted if it is one, was heard within the lowest election timeout: the others are
    /// loyal to it then, and so is it to itself.
    pub fn hears_majority(&self, core: &Core, now: LocalTime) -> bool {
        let window = core.rules().quorum_is_missed_after(core.config.election_timeout);
        let lately = |node: &NodeId| now < self.heard[node.slot()].plus(window);
        let nodes = (0..self.heard.len()).map(NodeId::at);
        let near: NodeSet = nodes.filter(lately).collect();
        let near = near.union(NodeSet::only(core.id));
        core.rules().hears_enough(core.configuration(), near, core.is_quorum(near))
    }

    /// Whether a configuration would have too few active voters to go on with, as etcd's StrictReconfigCheck asks: less than a majority,
    /// the leader counted, was heard within the lowest election timeout. Nobody has heard of who is no member yet.
    pub fn lacks_active(&self, core: &Core, next: Configuration, now: LocalTime) -> bool {
        let lately = |node: &NodeId| core.is_recent(self.heard[node.slot()], now);
        let active: NodeSet = core.others().filter(lately).collect();
        let votes_alike =
            (next.voters, next.outgoing) == (core.configuration().voters, NodeSet::EMPTY);
        !votes_alike && !core.is_quorum_of(next, active.union(NodeSet::only(core.id)))
    }
}

impl Core {
    /// Whether these nodes may elect a leader and commit: a majority of the voters (5.2, 5.3), and in joint consensus of the old ones, too
    /// (section 6). Who is no voter does not count.
    pub fn is_quorum(&self, nodes: NodeSet) -> bool {
        self.is_quorum_of(self.configuration(), nodes)
    }

    /// Whether so many more nodes would make a quorum of these.
    pub fn is_short_of_quorum(&self, nodes: NodeSet, by: usize) -> bool {
        self.configuration()
            .halves()
            .all(|half| nodes.intersection(half).len() + by > half.len() / 2)
    }

    /// The same by another configuration.
    pub fn is_quorum_of(&self, configuration: Configuration, nodes: NodeSet) -> bool {
        let Configuration { voters, outgoing, .. } = configuration;
        let outgoing = self.rules().old_half(outgoing);
        if !self.rules().halves_decide() {
            let all = voters.union(outgoing);
            return nodes.intersection(all).len() > all.len() / 2;
        }
        let majority = |half: NodeSet| nodes.intersection(half).len() > half.len() / 2;
        majority(voters) && (outgoing.is_empty() || majority(outgoing))
    }

    /// Whether less than the lowest election timeout has passed since then.
    pub fn is_recent(&self, then: LocalTime, now: LocalTime) -> bool {
        now < then.plus(self.config.election_timeout.from)
    }

    /// Whether this node heard from the leader that it knows within the lowest election timeout.
    pub fn hears_leader(&self, now: LocalTime) -> bool {
        self.leader_id.is_some() && self.is_recent(self.leader_heard, now)
    }
}
