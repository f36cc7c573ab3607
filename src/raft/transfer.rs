//! Leadership transfer: a leader brings another node up to date and has it stand at once (thesis 3.10).
//!
//! Meanwhile it takes no requests. If it still leads after an election timeout, it gives the transfer up and takes requests again.

use crate::ids::NodeId;
use crate::node::{Effect, TimerId};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::raft::leader::Leader;
use crate::time::LocalTime;

/// A transfer under way.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Who is to lead.
    pub to: NodeId,
    /// When the leader gives it up.
    pub deadline: LocalTime,
}

impl Leader {
    /// Begins to hand over, unless that is under way already, or the leader is to hand over to itself.
    pub fn hand_over(&mut self, core: &mut Core, to: NodeId, ctx: &mut Ctx) {
        if self.transfer.is_some() || to == core.id || !core.configuration().voting().contains(to) {
            return;
        }
        let deadline = ctx.now.plus(core.config.election_timeout.from);
        self.transfer = Some(Transfer { to, deadline });
        self.append_gathered(core, ctx);
        self.set_timer(ctx);
        self.replicate(core, to, ctx);
        self.tell_transferee(core, to, ctx);
    }

    /// Has the transferee stand as soon as it holds all of the leader's log: nobody refuses its vote then. Every further acknowledgement
    /// tells it again, for the word may be lost.
    pub fn tell_transferee(&mut self, core: &Core, to: NodeId, ctx: &mut Ctx) {
        let is_transferee = self.transfer.is_some_and(|transfer| transfer.to == to);
        if is_transferee && core.progress[to.slot()].match_index == core.log.last_index() {
            self.reads.lease.handed_over = true;
            core.send(to, Message::TimeoutNow { term: core.current_term }, ctx);
        }
    }

    /// Gives a transfer up whose time is over.
    pub fn end_transfer(&mut self, core: &Core, ctx: &mut Ctx) {
        let Some(transfer) = &mut self.transfer else { return };
        if ctx.now < transfer.deadline {
            return;
        }
        transfer.deadline = LocalTime(u64::MAX);
        if core.rules().transfer_ends_with_its_time() {
            self.transfer = None;
        }
    }

    /// Asks for the next thing that has a time: a heartbeat, requests that were gathered, or the end of a transfer.
    pub fn set_timer(&self, ctx: &mut Ctx) {
        let end = self.transfer.map_or(self.deadline, |transfer| transfer.deadline);
        let due = self.gathered.due.unwrap_or(self.deadline);
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: self.deadline.min(end).min(due) });
    }
}
