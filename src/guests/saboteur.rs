//! A wrapper that spoils what passes between a node and its disk or network: bugs that any Raft can have, whatever its protocol code.

use std::collections::BTreeMap;

use crate::bugs::Bug;
use crate::guest::Setup;
use crate::ids::{NodeId, WriteId};
use crate::log::{Batch, Command, Entry, RequestId};
use crate::machine::{Output, StateMachine};
use crate::message::Summary;
use crate::node::{Answer, Context, Effect, Input, Node, Request, Status};
use crate::raft::{Raft, Rules};

/// The bugs that live in this wrapper rather than in the rules of the protocol.
pub const BUGS: [Bug; 8] = [
    Bug::VoteNotPersisted,
    Bug::VoteSentBeforeFsync,
    Bug::VoteWriteErrorIgnored,
    Bug::FailedSyncBelieved,
    Bug::AckBeforeFsync,
    Bug::MessagesOvertakeWrites,
    Bug::HalfAWrite,
    Bug::CachedRead,
];

/// A node whose effects are spoiled by the bugs planted in `rules`.
#[derive(Clone, Debug)]
pub struct Saboteur<N: Node> {
    node: N,
    rules: Rules,
    /// Granted votes that wait for their write, to be sent all the same if it fails.
    waiting: Vec<(WriteId, NodeId, N::Message)>,
    reads: Reads,
}

/// What reads ask and gave.
#[derive(Clone, Debug, Default)]
struct Reads {
    /// The keys of those that are not answered yet.
    asked: BTreeMap<RequestId, u32>,
    /// What the first read of each key gave.
    gave: BTreeMap<u32, Output>,
}

impl Reads {
    /// Has a read answered with what the first one of its key gave.
    fn answer(&mut self, request: RequestId, answer: &mut Answer) {
        if let (Some(key), Answer::Applied(output)) = (self.asked.remove(&request), answer) {
            *output = self.gave.entry(key).or_insert_with(|| output.clone()).clone();
        }
    }
}

impl<N: Node> Saboteur<N> {
    /// Spoils a node.
    pub fn new(node: N, rules: Rules) -> Saboteur<N> {
        Saboteur { node, rules, waiting: Vec::new(), reads: Reads::default() }
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
                    || self.rules.has(Bug::MessagesOvertakeWrites)
                {
                    *after = WriteId::NONE;
                }
            }
            Effect::Append { entries, .. } if self.rules.has(Bug::HalfAWrite) => {
                *entries = half_written(entries);
            }
            Effect::Reply { request, answer } if self.rules.has(Bug::CachedRead) => {
                self.reads.answer(*request, answer);
            }
            _ => {}
        }
    }
}

/// The same entries, the second half of them empty. A single one is whole.
fn half_written(entries: &Batch) -> Batch {
    let whole = entries.len().div_ceil(2);
    let written = |(place, entry): (usize, &Entry)| match place < whole {
        true => *entry,
        false => Entry::noop(entry.term),
    };
    entries.entries().iter().enumerate().map(written).collect()
}

impl Saboteur<Raft> {
    /// The same node going on by other rules, in its protocol and around it.
    #[must_use]
    pub fn obeying(&self, rules: Rules) -> Saboteur<Raft> {
        Saboteur { node: self.node.obeying(rules), rules, ..self.clone() }
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
            Input::Request(Request { id, command: Command::Get { key } })
                if self.rules.has(Bug::CachedRead) =>
            {
                self.reads.asked.insert(*id, *key);
            }
            _ => {}
        }
        if self.rules.has(Bug::FailedSyncBelieved) && matches!(input, Input::WriteFailed(_)) {
            return ctx.emit(Effect::SyncAgain);
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
