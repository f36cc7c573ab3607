//! State machines that a guest brings itself: judged as squall's own where they do the same, and left alone where they say that they do
//! not.

use squall::guest::{Feature, Setup};
use squall::ids::Index;
use squall::kv::Map;
use squall::log::{Command, Entry};
use squall::machine::StateMachine;
use squall::machine::{Image, Output};
use squall::message::Summary;
use squall::node::{Context, Input, Node, Status};
use squall::plan::{Plan, swarm};
use squall::property::Property;
use squall::raft::{Message, Raft};
use squall::sim::{BuiltIn, Nodes, Run};

/// The built-in Raft over a state machine of one's own.
struct Over<M> {
    raft: Raft,
    machine: std::marker::PhantomData<M>,
}

impl<M> Over<M> {
    fn new(setup: &Setup<'_>) -> Over<M> {
        Over { raft: Raft::of(setup), machine: std::marker::PhantomData }
    }
}

trait Fresh: StateMachine + 'static {
    fn fresh() -> Self;
}

impl<M: Fresh> Node for Over<M> {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Context<'_, Message>) {
        self.raft.step(input, ctx);
    }

    fn status(&self) -> Status {
        self.raft.status()
    }

    fn summary(message: &Message) -> Summary {
        Raft::summary(message)
    }

    fn machine(_: &Setup<'_>) -> Option<Box<dyn StateMachine>> {
        Some(Box::new(M::fresh()))
    }
}

/// Does what squall's own does, but for what `spoil` makes of it.
struct Mirror<const SPOIL: u8>(Map);

/// A put is lost.
const LOSES_PUTS: u8 = 1;
/// A delete panics.
const PANICS: u8 = 2;

impl<const SPOIL: u8> Fresh for Mirror<SPOIL> {
    fn fresh() -> Self {
        Mirror(Map::new(None))
    }
}

impl<const SPOIL: u8> StateMachine for Mirror<SPOIL> {
    fn apply(&mut self, index: Index, entry: &Entry) -> (Output, bool) {
        match entry.command {
            Command::Put { .. } if SPOIL == LOSES_PUTS => (Output::Done, true),
            Command::Delete { key } if SPOIL == PANICS => panic!("nobody deletes key {key}"),
            _ => self.0.apply(index, entry),
        }
    }

    fn read(&mut self, command: Command) -> Output {
        self.0.carry_out(command)
    }

    fn image(&self) -> Image {
        self.0.image()
    }

    fn restore(&mut self, image: &Image) -> bool {
        let map = image.content::<Map>();
        if let Some(map) = map {
            self.0 = map.clone();
        }
        map.is_some()
    }
}

/// Random plans without sessions, which the mirror does not keep.
fn plans(seeds: std::ops::Range<u64>) -> impl Iterator<Item = Plan> {
    seeds.map(|seed| {
        let mut plan = swarm::draw(seed);
        plan.clients.sessions = None;
        plan
    })
}

#[test]
fn a_machine_that_does_the_same_makes_the_same_run() {
    let mirror = Nodes::new("mirror", Over::<Mirror<0>>::new);
    let built_in = BuiltIn::new();
    for plan in plans(1..40) {
        let own = Run::new(&mirror, plan.clone());
        let run = Run::new(&built_in, plan);
        assert_eq!(own.outcome().violation, None);
        assert_eq!(own.outcome().digest, run.outcome().digest, "seed {}", own.plan().seed);
    }
}

#[test]
fn a_machine_that_forgets_is_accused_unless_it_says_that_it_is_another() {
    let found = |run: &Run<'_>| run.outcome().violation.as_ref().map(|it| it.property);
    let wrong = Nodes::new("wrong", Over::<Mirror<LOSES_PUTS>>::new);
    let first = plans(1..40).find_map(|plan| found(&Run::new(&wrong, plan)));
    // What a client hears is not what its entry gave, and fits no order.
    let told = [Some(Property::Linearizability), Some(Property::ExactlyOnce)];
    assert!(told.contains(&first), "{first:?}");
    let other = Nodes::new("other", Over::<Mirror<LOSES_PUTS>>::new).lacking(Feature::KeyValue);
    for mut plan in plans(1..40) {
        plan.guest.lacks = plan.guest.lacks.with(Feature::KeyValue);
        assert_eq!(found(&Run::new(&other, plan)), None);
    }
}

#[test]
fn a_machine_that_panics_is_the_fault_of_its_node() {
    let runner = Nodes::new("panics", Over::<Mirror<PANICS>>::new);
    let runs = plans(1..60).map(|plan| Run::new(&runner, plan));
    let violation = runs.into_iter().find_map(|run| run.outcome().violation.clone());
    let violation = violation.expect("somebody deletes");
    assert_eq!(violation.property, Property::Contract);
    assert!(violation.sentence.contains("panicked: nobody deletes key"), "{}", violation.sentence);
}
