//! Time: raft-rs counts ticks, and draws its election timeouts from a generator of its thread, which no run may depend on.
//!
//! So each timeout is drawn from the node's own stream, in squall's range and where a scenario may fix it, and given to raft-rs after every
//! step. A new one is drawn whenever term or role are others than before, or the time was up: what raft-rs draws by itself is never used.
//!
//! A timeout is a whole number of ticks, so the ticks of a node that waits are as long as it takes for these to be the timeout that was
//! drawn. Ticks of one length would let nodes stand at the same moments again and again, where scenarios have timeouts that are close.

use raft::StateRole;

use crate::guests::raft_rs::life::{Ctx, Life};
use crate::guests::raft_rs::snapshots::Silence;
use crate::node::{Effect, TimerId};
use crate::time::Span;

/// What is counted in ticks.
#[derive(Debug, Default)]
pub struct Ticks {
    /// What the timeout in force was drawn for: the term, the role, and how often the time was up before.
    drawn_for: Option<(u64, StateRole, u64)>,
    /// The timeout in force, in ticks.
    timeout: usize,
    /// How long a tick is.
    tick: Span,
    /// How often the time was up.
    fired: u64,
    /// What a leader has not heard, by the place of each node.
    pub peers: Vec<Silence>,
}

impl Ticks {
    /// Nothing was counted, in a cluster of so many nodes.
    pub fn of(peers: usize) -> Ticks {
        Ticks { peers: vec![Silence::default(); peers], ..Ticks::default() }
    }
}

impl Life {
    fn set_timer(&self, after: Span, ctx: &mut Ctx) {
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: ctx.now.plus(after) });
    }

    /// A tick.
    pub fn tick(&mut self, ctx: &mut Ctx) {
        self.set_timer(self.ticks.tick, ctx);
        if self.install.is_some() {
            return;
        }
        let raft = &self.raw.raft;
        let is_up = raft.election_elapsed + 1 >= self.ticks.timeout;
        if raft.state != StateRole::Leader && raft.promotable() && is_up {
            self.ticks.fired += 1;
        }
        self.raw.tick();
        self.report_losses();
        self.ask_again();
        self.work(ctx);
    }

    /// Gives raft-rs the timeout that was drawn. A leader has none.
    pub fn pin_timeout(&mut self, ctx: &mut Ctx) {
        let raft = &self.raw.raft;
        let is_for = Some((raft.term, raft.state, self.ticks.fired));
        if self.ticks.drawn_for != is_for {
            self.ticks.drawn_for = is_for;
            self.ticks.tick = self.options.leader_tick;
            if raft.state != StateRole::Leader {
                let timeout = ctx.rng.election_timeout(self.config.election_timeout);
                (self.ticks.timeout, self.ticks.tick) = self.options.election_ticks(timeout);
            }
            self.set_timer(self.ticks.tick, ctx);
        }
        if self.raw.raft.state == StateRole::Leader {
            return;
        }
        self.raw.raft.set_randomized_election_timeout(self.ticks.timeout);
    }
}
