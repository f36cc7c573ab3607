//! A state machine that applies later: it is given entries, and works them off in batches, in order.

use std::collections::VecDeque;

use crate::ids::NodeId;
use crate::node::{Effect, Input, Node};
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
        let at = self.after(self.plan.cluster.apply_delay);
        let host = &mut self.hosts[id.slot()];
        if host.to_apply.is_empty() {
            self.queue.push(at, Event::Apply { node: id, life: host.life });
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
        let mut answers = VecDeque::new();
        for effect in std::mem::take(&mut self.hosts[id.slot()].to_apply) {
            let done = match effect {
                Effect::Apply { index, entry, answer } => {
                    let output = self.apply(id, index, &entry);
                    if answer {
                        answers.push_back(Input::Applied { index, output });
                    }
                    true
                }
                Effect::Read { request, relay } => {
                    answers.push_back(self.read(id, request, relay));
                    true
                }
                other => self.carry_out_snapshot(id, other),
            };
            if !done {
                return self.broken(id, false);
            }
        }
        for answer in answers {
            if self.hosts[id.slot()].is_up() {
                self.step(id, answer);
            }
        }
    }
}
