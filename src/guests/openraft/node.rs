//! The node as squall sees it: inputs in, effects out.

use super::life::{Ctx, Life};
use super::message::{self, Message};
use super::options::Options;
use crate::guest::Setup;
use crate::ids::{NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::{Effect, Input, Node, Recovered, Status};
use crate::time::SpanRange;

/// A node of openraft.
pub struct OpenRaft {
    id: NodeId,
    voters: NodeSet,
    options: Options,
    timeouts: SpanRange,
    /// None before its first input, and where it does not start.
    life: Option<Box<Life>>,
    /// What it says of itself then.
    idle: Status,
}

impl OpenRaft {
    /// A node before its first input.
    pub fn new(setup: &Setup<'_>) -> OpenRaft {
        OpenRaft {
            id: setup.id,
            voters: setup.voters,
            options: Options::of(setup),
            timeouts: setup.config.election_timeout,
            life: None,
            idle: Status { term: Term::FIRST, ..Status::default() },
        }
    }

    /// Starts, unless the disk has lost what it had promised to keep: openraft bears no node that forgets.
    fn boot(&mut self, disk: Recovered, ctx: &mut Ctx) {
        let snapshot = disk.snapshot.as_ref().map(|snapshot| snapshot.last_included_index);
        let last = disk.log.last_index().max(snapshot.unwrap_or_default());
        if disk.damage.corrupt.is_some() || disk.applied > last {
            self.idle = Status { term: disk.term, applied: disk.applied, ..self.idle };
            return ctx.emit(Effect::Stop);
        }
        let options = (self.options.clone(), self.timeouts);
        self.life = Some(Box::new(Life::boot(self.id, options, self.voters, disk, ctx)));
    }
}

impl Node for OpenRaft {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Ctx) {
        match (input, &mut self.life) {
            (Input::Boot(disk), _) => self.boot(*disk, ctx),
            (input, Some(life)) => life.step(input, ctx),
            (_, None) => {}
        }
    }

    fn status(&self) -> Status {
        self.life.as_ref().map_or(self.idle, |life| life.status())
    }

    fn summary(message: &Message) -> Summary {
        message::summary(message)
    }
}
