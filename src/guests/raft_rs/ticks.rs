//! Time: raft-rs counts ticks, and draws its election timeouts from a generator of its thread, which no run may depend on.
//!
//! So each timeout is drawn from the node's own stream, in squall's range and where a scenario may fix it, and given to raft-rs after every
//! step. A new one is drawn whenever term or role are others than before, or the time was up: what raft-rs draws by itself is never used.

use raft::StateRole;

use crate::guests::raft_rs::life::{Ctx, Life};
use crate::guests::raft_rs::snapshots::Silence;
use crate::ids::WriteId;
use crate::node::{Effect, TimerId};
use crate::rng::scale;
use crate::time::Span;

/// What is counted in ticks.
#[derive(Debug, Default)]
pub struct Ticks {
    /// What the timeout in force was drawn for: the term, the role, and how often the time was up before.
    drawn_for: Option<(u64, StateRole, u64)>,
    /// The timeout in force, in ticks.
    timeout: usize,
    /// How often the time was up.
    fired: u64,
    /// What a leader has not heard, by the place of each node.
    pub peers: Vec<Silence>,
    /// The latest write that is durable.
    pub durable: WriteId,
}

impl Life {
    /// The first tick comes within the length of one, so that nodes do not tick in step.
    pub fn begin_ticks(&mut self, ctx: &mut Ctx) {
        let phase = Span(scale(ctx.rng.word(), self.options.tick.0));
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: ctx.now.plus(phase) });
    }

    /// A tick.
    pub fn tick(&mut self, ctx: &mut Ctx) {
        let at = ctx.now.plus(self.options.tick);
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at });
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
        if raft.state == StateRole::Leader {
            return self.ticks.drawn_for = None;
        }
        let is_for = Some((raft.term, raft.state, self.ticks.fired));
        if self.ticks.drawn_for != is_for {
            self.ticks.drawn_for = is_for;
            let timeout = ctx.rng.election_timeout(self.config.election_timeout);
            self.ticks.timeout = self.options.election_ticks(timeout);
        }
        self.raw.raft.set_randomized_election_timeout(self.ticks.timeout);
    }
}
