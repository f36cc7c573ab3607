//! The state machine of a host: squall's own, or one that its guest brings, whose panics are caught.

use crate::ids::{Index, NodeId};
use crate::kv::Map;
use crate::log::{Command, Entry};
use crate::machine::StateMachine;
use crate::machine::{Image, Output};
use crate::node::Node;
use crate::plan::Plan;
use crate::sim::guest::{Fault, Panic, guarded};

pub enum Machine {
    Map(Map),
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

    /// Does something with it, as with squall's own or as with the guest's.
    fn with<T>(
        &mut self,
        on_map: impl FnOnce(&mut Map) -> T,
        on_own: impl FnOnce(&mut dyn StateMachine) -> T,
    ) -> Result<T, Fault> {
        match self {
            Machine::Map(map) => Ok(on_map(map)),
            Machine::Own(own) => Ok(guarded(|| on_own(own.as_mut()))?),
            Machine::Failed(panic) => Err(panic.take().unwrap_or_else(Panic::of_a_machine).into()),
        }
    }

    /// Applies an entry; says what it gave, and whether it was carried out.
    pub fn apply(&mut self, index: Index, entry: &Entry) -> Result<(Output, bool), Fault> {
        self.with(|map| map.apply(index, entry), |own| own.apply(index, entry))
    }

    pub fn read(&mut self, command: Command) -> Result<Output, Fault> {
        self.with(|map| map.carry_out(command), |own| own.read(command))
    }

    /// A copy of the state, with the answers that sessions keep or without.
    pub fn image(&mut self, with_answers: bool) -> Result<Image, Fault> {
        let image =
            |map: &mut Map| if with_answers { map.image() } else { map.without_answers().image() };
        self.with(image, |own| own.image())
    }

    /// A fingerprint of the state as it is; none if the guest's own panics over it.
    pub fn fingerprint(&mut self) -> Option<u64> {
        self.with(|map| map.fingerprint(), |own| own.image().fingerprint).ok()
    }

    /// Takes over the state of an image, with what sessions remember or without; says whether it is one of this kind.
    pub fn restore(&mut self, image: &Image, with_sessions: bool) -> Result<bool, Fault> {
        let restore = |map: &mut Map| {
            let other = image.content::<Map>();
            let take = |other: &Map| match with_sessions {
                true => map.clone_from(other),
                false => map.take_keys_of(other),
            };
            other.map(take).is_some()
        };
        self.with(restore, |own| own.restore(image))
    }

    /// Forgets what requests of sessions gave, as if that had been in memory only.
    pub fn forget_answers(&mut self) {
        if let Machine::Map(map) = self {
            map.forget_answers();
        }
    }
}
