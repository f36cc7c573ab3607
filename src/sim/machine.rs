//! The state machine of a host: squall's own, or one that its guest brings, whose panics are caught.

use crate::ids::{Index, NodeId};
use crate::kv::Map;
use crate::log::{Command, Entry};
use crate::machine::StateMachine;
use crate::machine::{Image, Output};
use crate::node::Node;
use crate::plan::Plan;
use crate::sim::guest::{Fault, Panic, guarded};

/// The state machine of a host.
pub enum Machine {
    /// squall's own.
    Map(Map),
    /// The guest's.
    Own(Box<dyn StateMachine>),
    /// One of the guest's that could not be made, until its first use tells.
    Failed(Option<Panic>),
}

impl Machine {
    /// A state machine to which nothing was applied.
    pub fn fresh<N: Node>(plan: &Plan, id: NodeId) -> Machine {
        match guarded(|| N::machine(&plan.setup(id))) {
            Ok(None) => Machine::Map(Map::new(plan.clients.sessions)),
            Ok(Some(own)) => Machine::Own(own),
            Err(panic) => Machine::Failed(Some(panic)),
        }
    }

    /// Applies an entry; says what it gave, and whether it was carried out.
    pub fn apply(&mut self, index: Index, entry: &Entry) -> Result<(Output, bool), Fault> {
        match self {
            Machine::Map(map) => Ok(map.apply(index, entry)),
            Machine::Own(own) => Ok(guarded(|| own.apply(index, entry))?),
            Machine::Failed(panic) => Err(failure(panic)),
        }
    }

    /// Answers a command that changes nothing.
    pub fn read(&mut self, command: Command) -> Result<Output, Fault> {
        match self {
            Machine::Map(map) => Ok(map.carry_out(command)),
            Machine::Own(own) => Ok(guarded(|| own.read(command))?),
            Machine::Failed(panic) => Err(failure(panic)),
        }
    }

    /// A copy of the state, with the answers that sessions keep or without.
    pub fn image(&mut self, with_answers: bool) -> Result<Image, Fault> {
        match self {
            Machine::Map(map) if with_answers => Ok(map.image()),
            Machine::Map(map) => Ok(map.without_answers().image()),
            Machine::Own(own) => Ok(guarded(|| own.image())?),
            Machine::Failed(panic) => Err(failure(panic)),
        }
    }

    /// Takes over the state of an image; says whether it is one of this kind.
    pub fn restore(&mut self, image: &Image) -> Result<bool, Fault> {
        match self {
            Machine::Map(map) => {
                let other = image.content::<Map>();
                if let Some(other) = other {
                    map.clone_from(other);
                }
                Ok(other.is_some())
            }
            Machine::Own(own) => Ok(guarded(|| own.restore(image))?),
            Machine::Failed(panic) => Err(failure(panic)),
        }
    }

    /// Forgets what requests of sessions gave, as if that had been in memory only.
    pub fn forget_answers(&mut self) {
        if let Machine::Map(map) = self {
            map.forget_answers();
        }
    }
}

fn failure(panic: &mut Option<Panic>) -> Fault {
    panic.take().unwrap_or_else(Panic::of_a_machine).into()
}
