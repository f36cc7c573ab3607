//! Priorities: a node leaves elections to others of a higher priority, and is less and less patient while nobody leads.
//!
//! SOFAJRaft's semi-deterministic elections (NuRaft has them, too). Votes know no priorities, so safety does not change, and in the end
//! anybody can lead whose priority is not zero.

/// A node's priority, and the highest in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// The node's own; [`NEVER`] for a node that never stands by itself.
    pub own: u32,
    /// The highest of all nodes.
    pub highest: u32,
}

impl Priority {
    /// How many election timeouts a node leaves to others at most before it stands; [`NEVER`] is not asked.
    pub fn patience_max(self) -> u64 {
        let mut patience = Patience::full(Some(self));
        let mut timeouts = 0;
        while self.own != NEVER && !patience.timed_out(Some(self)) {
            timeouts += 1;
        }
        timeouts
    }
}

/// The priority of a node that votes and may be handed the lead, but never stands by itself.
pub const NEVER: u32 = 0;
/// The highest priority that a plan may give.
pub const HIGHEST: u32 = 1_000;

/// By how much the target falls at least, each time.
const GAP_MIN: u32 = 10;
/// The target falls by this part of itself: a fifth.
const GAP_PART: u32 = 5;
/// The least target: whoever may stand at all may stand then.
const TARGET_MIN: u32 = 1;

/// How long a node still leaves elections to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// The least priority with which the node would stand.
    pub target: u32,
    /// Whether it let an election timeout pass since the target fell.
    waited: bool,
}

impl Patience {
    /// All the patience that a node has: it has just started, or heard a leader.
    pub fn full(priority: Option<Priority>) -> Patience {
        Patience { target: priority.map_or(0, |priority| priority.highest), waited: false }
    }

    /// An election timeout has passed; says whether the node stands. Every second one that it lets pass lowers the target.
    pub fn timed_out(&mut self, priority: Option<Priority>) -> bool {
        let Some(Priority { own, .. }) = priority else { return true };
        if own == NEVER {
            return false;
        }
        if own < self.target {
            self.waited = !self.waited;
            if self.waited {
                return false;
            }
            let gap = GAP_MIN.max(self.target / GAP_PART);
            self.target = self.target.saturating_sub(gap).max(TARGET_MIN);
        }
        own >= self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many election timeouts a node stands; the target falls along these values.
    fn waits(own: u32, highest: u32) -> (u32, Vec<u32>) {
        let priority = Some(Priority { own, highest });
        let mut patience = Patience::full(priority);
        let (mut timeouts, mut targets) = (1, vec![patience.target]);
        while !patience.timed_out(priority) {
            timeouts += 1;
            targets.push(patience.target);
            assert!(timeouts < 200, "it never stands");
        }
        targets.push(patience.target);
        targets.dedup();
        (timeouts, targets)
    }

    #[test]
    fn the_highest_stands_at_once_and_others_the_later_the_lower_they_are() {
        assert_eq!(waits(100, 100), (1, vec![100]));
        assert_eq!(waits(80, 100), (2, vec![100, 80]));
        assert_eq!(waits(60, 100), (6, vec![100, 80, 64, 52]));
        assert_eq!(waits(1, 20).1, [20, 10, 1]);
    }

    #[test]
    fn whoever_may_stand_at_all_stands_in_the_end() {
        assert!(waits(1, HIGHEST).0 < 100);
    }

    #[test]
    fn zero_never_stands_and_no_priority_always_does() {
        let never = Some(Priority { own: NEVER, highest: 5 });
        let mut patience = Patience::full(never);
        assert!((0..100).all(|_| !patience.timed_out(never)));
        assert!(Patience::full(None).timed_out(None));
    }
}
