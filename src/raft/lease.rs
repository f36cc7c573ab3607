//! Leases (thesis 6.4.1): who answered a round of a leader promises to elect nobody else for the lowest election timeout.
//!
//! The promise lasts by the follower's clock and the lease by the leader's, so the lease is shorter by how much faster one clock may run
//! than another. Both go by clocks that nobody sets: a clock that jumps shortens no promise. A node that starts may have promised something
//! just before, so it waits as if it had. A leader that told a transferee to stand has no lease any more: nobody keeps a promise against
//! that word (thesis 6.4.1), which may arrive late.

use crate::config::Reads;
use crate::node::Moment;
use crate::raft::core::{Core, Ctx};

/// What a leader was promised.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lease {
    /// When the round under way was sent.
    pub asked: Moment,
    /// When the latest round that a majority answered was sent, and when it had enough answers.
    pub held: Option<(Moment, Moment)>,
    /// Whether the leader told a transferee to stand.
    pub handed_over: bool,
}

impl Lease {
    /// Whether nobody else can have been elected by now.
    pub fn holds(&self, core: &Core, ctx: &Ctx) -> bool {
        let rules = core.rules();
        let Some((asked, answered)) = self.held.filter(|_| core.config.reads == Reads::Lease)
        else {
            return false;
        };
        let span = rules.lease(core.config.election_timeout.from, core.config.drift_bound_ppm);
        let end = rules.lease_clock(rules.lease_begins(asked, answered)).plus(span);
        rules.lease_clock(ctx.moment()) < end && rules.lease_outlives(self.handed_over)
    }
}

impl Core {
    /// Whether this node promised a leader to elect nobody else for now, unless that leader itself asks for it.
    pub fn is_bound(&self, ctx: &Ctx) -> bool {
        let rules = self.rules();
        let clock = |moment: Moment| rules.lease_clock(moment);
        self.config.reads == Reads::Lease
            && rules.keeps_promises()
            && clock(ctx.moment()) < clock(self.promised).plus(self.config.election_timeout.from)
    }
}
