//! Check-quorum and loyalty: a leader leads as long as a majority answers it, and a node that hears its leader deposes it for nobody.
//!
//! Both go by the lowest election timeout: a leader that heard from no majority for so long steps down (thesis 6.2), and a node that heard
//! its leader within it refuses votes and pre-votes (thesis 4.2.3, 9.6). Each measures on its own clock.

use crate::ids::NodeId;
use crate::raft::core::Core;
use crate::time::LocalTime;

/// When a leader heard from each of its followers last.
#[derive(Clone, Debug)]
pub struct Quorum {
    /// A place for each node.
    heard: Vec<LocalTime>,
}

impl Quorum {
    /// A leader that has just been elected: a majority has voted for it, so all count as heard.
    pub fn new(core: &Core, now: LocalTime) -> Quorum {
        Quorum { heard: vec![now; core.progress.len()] }
    }

    /// A follower answered in the leader's term.
    pub fn hear(&mut self, from: NodeId, now: LocalTime) {
        self.heard[from.slot()] = now;
    }

    /// Whether a majority, the leader counted, was heard within the lowest election timeout.
    pub fn is_near(&self, core: &Core, now: LocalTime) -> bool {
        let lately = |node: &NodeId| core.is_recent(self.heard[node.slot()], now);
        core.others().filter(lately).count() + 1 >= core.majority()
    }
}

impl Core {
    /// Whether less than the lowest election timeout has passed since then.
    pub fn is_recent(&self, then: LocalTime, now: LocalTime) -> bool {
        now < then.plus(self.config.election_timeout.from)
    }

    /// Whether this node heard from the leader that it knows within the lowest election timeout.
    pub fn hears_leader(&self, now: LocalTime) -> bool {
        self.leader_id.is_some() && self.is_recent(self.leader_heard, now)
    }
}
