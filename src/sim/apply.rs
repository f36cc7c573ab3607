//! A state machine that applies later: it is given entries, and works them off in batches, in order.

use crate::ids::NodeId;
use crate::node::{Effect, Node};
use crate::sim::incoming::Incoming;
use crate::sim::{Event, Sim};
use crate::time::Span;

/// Whether an effect is the state machine's to carry out.
pub fn is_for_state_machine<M>(effect: &Effect<M>) -> bool {
    matches!(
        effect,
        Effect::Apply { .. }
            | Effect::Read { .. }
            | Effect::TakeSnapshot { .. }
            | Effect::Restore(_)
    )
}

impl<N: Node> Sim<'_, '_, N> {
    /// Whether state machines apply later.
    pub(super) fn applies_later(&self) -> bool {
        self.plan.cluster.apply_delay > Span::ZERO
    }

    /// Gives a state machine something to do.
    pub(super) fn apply_later(&mut self, id: NodeId, effect: Effect<N::Message>) {
        debug_assert!(is_for_state_machine(&effect));
        let at = self.after(self.plan.cluster.apply_delay);
        let host = &mut self.hosts[id.slot()];
        if host.to_apply.is_empty() {
            let what = Incoming::Apply { life: host.life };
            self.queue.push(at, Event::Incoming { node: id, what });
        }
        host.to_apply.push_back(effect);
    }

    /// A state machine does all that it was given.
    pub(super) fn apply_all(&mut self, id: NodeId, life: u32) {
        let host = &mut self.hosts[id.slot()];
        if host.life != life || !host.is_up() {
            return;
        }
        self.count_event();
        for effect in std::mem::take(&mut self.hosts[id.slot()].to_apply) {
            if let Err(fault) = self.carry_out(id, effect) {
                self.broken(id, fault);
                break;
            }
        }
        if !self.answers.is_empty() {
            self.step_answers(id);
        }
    }
}
