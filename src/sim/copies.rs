//! Disks that are put back to what they were at an earlier time, as somebody does who restores a backup of one node.

use crate::ids::{Index, NodeId};
use crate::machine::Image;
use crate::node::Node;
use crate::record::Kind;
use crate::sim::Sim;
use crate::sim::journal::Journal;
use crate::sim::machine::Machine;

/// What was durable at a node: its journal, and its state machine with what that had applied.
pub struct Copied {
    journal: Journal,
    machine: Image,
    applied: Index,
}

impl<N: Node> Sim<'_, '_, N> {
    /// Copies all disks, for a fault that may put one of them back: whom it strikes is not known yet.
    pub(super) fn copy_disks(&mut self, fault: usize) {
        self.count_event();
        for id in self.plan.node_ids() {
            let host = &mut self.hosts[id.slot()];
            if host.life == 0 {
                continue;
            }
            match host.machine.image(true) {
                Ok(machine) => {
                    let (journal, applied) = (host.journal.copy(), host.applied);
                    host.copies.push((fault, Copied { journal, machine, applied }));
                    self.recorder.record(Some(id), Kind::Copied { fault: fault as u32 + 1 });
                }
                Err(broken) => self.broken(id, broken),
            }
        }
    }

    /// Puts the disk of a node that is down back, if it was copied for this fault.
    pub(super) fn put_back(&mut self, id: NodeId, fault: usize) {
        let fresh = Machine::fresh::<N>(self.plan, id);
        let host = &mut self.hosts[id.slot()];
        let Some((_, copied)) = host.copies.iter().find(|(of, _)| *of == fault) else { return };
        host.journal = copied.journal.clone();
        (host.machine, host.applied, host.wiped) = (fresh, Index::ZERO, false);
        // Where the disk had lied, the state machine was ahead of what was there.
        let (applied, has) = (copied.applied, copied.journal.reaches(copied.applied));
        if has && matches!(host.machine.restore(&copied.machine, true), Ok(true)) {
            host.applied = applied;
        }
        self.recorder.record(Some(id), Kind::PutBack { fault: fault as u32 + 1 });
    }
}
