//! A node with one loop that waits for its disk, as etcd's server has (server/etcdserver/raft.go): while something is being written it
//! neither ticks nor sends. What it receives meanwhile it takes, and its answers wait, too.
//!
//! The messages of a step that begins to write leave before, so that a leader still sends entries while its own disk writes them.

use crate::ids::WriteId;
use crate::node::Effect;
use crate::raft::Message;

/// What the loop waits for.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskLoop {
    /// The last of the writes under way; none if it is durable.
    writing: WriteId,
    /// This write and every earlier one are durable.
    durable: WriteId,
    /// Whether a write failed, so that there is nothing to wait for until one succeeds.
    failed: bool,
    /// Whether a timer fired meanwhile.
    late: bool,
}

impl DiskLoop {
    /// Whether it waits.
    pub fn is_waiting(&self) -> bool {
        self.writing > self.durable && !self.failed
    }

    /// A timer fires: says whether that has to wait.
    pub fn puts_off(&mut self) -> bool {
        self.late |= self.is_waiting();
        self.is_waiting()
    }

    /// The disk has this write. `last` is the latest one, which it goes on with.
    pub fn durable(&mut self, write: WriteId, last: WriteId) {
        (self.durable, self.failed) = (self.durable.max(write), false);
        if !self.is_waiting() {
            self.writing = last;
        }
    }

    /// A write failed. The loop goes on.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Whether a timer fired while it waited, which it does no more.
    pub fn takes_late_timer(&mut self) -> bool {
        std::mem::take(&mut self.late)
    }

    /// What a message of the step at hand waits for.
    pub fn gate(&self) -> WriteId {
        if self.is_waiting() { self.writing } else { WriteId::NONE }
    }

    /// The step is over; `last` is the latest write.
    pub fn go_on(&mut self, last: WriteId) {
        if !self.is_waiting() {
            self.writing = last;
        }
    }
}

/// Has messages wait for a write, too.
pub fn hold_back(effects: &mut [Effect<Message>], gate: WriteId) {
    for effect in effects {
        if let Effect::Send { after, .. } = effect {
            *after = gate.max(*after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_what_was_written_by_then_and_not_for_what_comes_later() {
        let mut disk = DiskLoop::default();
        assert_eq!((disk.gate(), disk.puts_off()), (WriteId::NONE, false));
        disk.go_on(WriteId(2));
        assert_eq!((disk.gate(), disk.puts_off()), (WriteId(2), true));
        disk.go_on(WriteId(5));
        disk.durable(WriteId(1), WriteId(5));
        assert_eq!(disk.gate(), WriteId(2), "half of it");
        disk.durable(WriteId(2), WriteId(5));
        assert!(disk.takes_late_timer() && !disk.takes_late_timer());
        assert_eq!(disk.gate(), WriteId(5), "the next ones");
        disk.fail();
        assert!(!disk.is_waiting());
        disk.durable(WriteId(5), WriteId(5));
        assert!(!disk.is_waiting());
    }
}
