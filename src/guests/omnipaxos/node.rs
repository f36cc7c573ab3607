//! The node as squall sees it: inputs in, effects out.

use crate::config::Config;
use crate::guest::{Feature, Setup};
use crate::guests::omnipaxos::alone::Alone;
use crate::guests::omnipaxos::life::{Ctx, Life};
use crate::guests::omnipaxos::message::{self, Message};
use crate::ids::{NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::{Effect, Input, Node, Recovered, Status};

/// The guest's name.
pub const NAME: &str = "omnipaxos";

/// What OmniPaxos has of squall's features. `docs/guests/omnipaxos.md` has the reasons for the others.
pub const HAS: [Feature; 3] = [Feature::Forwarding, Feature::Pipelining, Feature::Sessions];

/// A node of OmniPaxos.
pub struct OmniPaxosNode {
    id: NodeId,
    voters: NodeSet,
    config: Config,
    life: State,
}

/// What a node is.
enum State {
    /// Not started, or not to be started: what it says of itself.
    Idle(Status),
    Alone(Box<Alone>),
    Among(Box<Life>),
}

impl OmniPaxosNode {
    /// A node before its first input.
    pub fn new(setup: &Setup<'_>) -> OmniPaxosNode {
        let idle = Status { term: Term::FIRST, ..Status::default() };
        let Setup { id, voters, config, .. } = *setup;
        OmniPaxosNode { id, voters, config, life: State::Idle(idle) }
    }

    /// Starts, unless the disk has lost what it had promised to keep.
    fn boot(&mut self, disk: Recovered, ctx: &mut Ctx) {
        if disk.damage.corrupt.is_some() || disk.applied > disk.log.last_index() {
            let term = disk.term.max(disk.log.last_term());
            self.life = State::Idle(Status { term, applied: disk.applied, ..Status::default() });
            return ctx.emit(Effect::Stop);
        }
        self.life = if self.voters.len() == 1 {
            State::Alone(Box::new(Alone::boot(self.id, disk, ctx)))
        } else {
            State::Among(Box::new(Life::boot(self.id, self.config, self.voters, disk, ctx)))
        };
    }
}

impl Node for OmniPaxosNode {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Ctx) {
        match (input, &mut self.life) {
            (Input::Boot(disk), _) => self.boot(*disk, ctx),
            // What the disk holds of it is not known until it is read again, at the next boot.
            (Input::WriteFailed(_), _) => ctx.emit(Effect::Stop),
            (Input::Receive { from, message }, State::Among(life)) => {
                life.receive(from, message, ctx);
            }
            (Input::Request(request), State::Among(life)) => life.request(request, ctx),
            (Input::Request(request), State::Alone(life)) => life.request(request, ctx),
            (Input::TimerFired(_), State::Among(life)) => life.tick(ctx),
            (Input::Durable(write), State::Among(life)) => life.written(write, ctx),
            (Input::Durable(write), State::Alone(life)) => life.written(write, ctx),
            (Input::Applied { index, output }, State::Among(life)) => {
                life.applied(index, output, ctx);
            }
            (Input::Applied { index, output }, State::Alone(life)) => {
                life.applied(index, output, ctx);
            }
            // Nothing else is asked of a Raft that lacks what this one lacks.
            _ => {}
        }
    }

    fn status(&self) -> Status {
        match &self.life {
            State::Idle(status) => *status,
            State::Alone(life) => life.status(),
            State::Among(life) => life.status(),
        }
    }

    fn summary(message: &Message) -> Summary {
        message::summary(message)
    }
}
