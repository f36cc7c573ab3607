//! A wrapper that spoils what passes between a node and its disk or network: bugs that any Raft can have, whatever its protocol code.

use crate::bugs::Bug;
use crate::guest::Setup;
use crate::ids::{NodeId, WriteId};
use crate::machine::StateMachine;
use crate::message::Summary;
use crate::node::{Context, Effect, Input, Node, Status};
use crate::raft::{Raft, Rules};

/// The bugs that live in this wrapper rather than in the rules of the protocol.
pub const BUGS: [Bug; 4] = [
    Bug::VoteNotPersisted,
    Bug::VoteSentBeforeFsync,
    Bug::VoteWriteErrorIgnored,
    Bug::AckBeforeFsync,
];

/// A node whose effects are spoiled by the bugs planted in `rules`.
#[derive(Clone, Debug)]
pub struct Saboteur<N: Node> {
    node: N,
    rules: Rules,
    /// Granted votes that wait for their write, to be sent all the same if it fails.
    waiting: Vec<(WriteId, NodeId, N::Message)>,
}

impl<N: Node> Saboteur<N> {
    /// Spoils a node.
    pub fn new(node: N, rules: Rules) -> Saboteur<N> {
        Saboteur { node, rules, waiting: Vec::new() }
    }

    /// Whether any of these bugs needs the wrapper.
    pub fn is_needed(rules: Rules) -> bool {
        BUGS.into_iter().any(|bug| rules.has(bug))
    }

    fn spoil(&mut self, effect: &mut Effect<N::Message>) {
        match effect {
            Effect::SaveVote { vote, .. } if self.rules.has(Bug::VoteNotPersisted) => *vote = None,
            Effect::Send { to, message, after } => {
                let summary = N::summary(message);
                let grants = matches!(summary, Summary::Vote { granted: true, .. });
                let acks = matches!(summary, Summary::Appended { .. });
                if grants && self.rules.has(Bug::VoteWriteErrorIgnored) {
                    self.waiting.push((*after, *to, message.clone()));
                }
                if (grants && self.rules.has(Bug::VoteSentBeforeFsync))
                    || (acks && self.rules.has(Bug::AckBeforeFsync))
                {
                    *after = WriteId::NONE;
                }
            }
            _ => {}
        }
    }
}

impl Saboteur<Raft> {
    /// The same node going on by other rules, in its protocol and around it.
    #[must_use]
    pub fn obeying(&self, rules: Rules) -> Saboteur<Raft> {
        Saboteur::new(self.node.obeying(rules), rules)
    }
}

impl<N: Node> Node for Saboteur<N> {
    type Message = N::Message;

    fn step(&mut self, input: Input<N::Message>, ctx: &mut Context<'_, N::Message>) {
        match &input {
            Input::Durable(write) => self.waiting.retain(|(after, ..)| after > write),
            Input::WriteFailed(_) => {
                for (_, to, message) in self.waiting.drain(..) {
                    ctx.emit(Effect::Send { to, message, after: WriteId::NONE });
                }
            }
            _ => {}
        }
        let first = ctx.effects.len();
        self.node.step(input, ctx);
        if self.rules.are_kept() {
            return;
        }
        for effect in &mut ctx.effects[first..] {
            self.spoil(effect);
        }
    }

    fn status(&self) -> Status {
        self.node.status()
    }

    fn summary(message: &N::Message) -> Summary {
        N::summary(message)
    }

    fn machine(setup: &Setup<'_>) -> Option<Box<dyn StateMachine>> {
        N::machine(setup)
    }
}
