//! Nodes that break their contract, or panic wherever their own code runs. Each gives a violation that says what it did, and squall
//! goes on.

use std::cell::Cell;
use std::rc::Rc;

use squall::configuration::Configuration;
use squall::guest::Setup;
use squall::ids::{Index, NodeId, NodeSet, Term, WriteId};
use squall::log::{Batch, Command, Entry, RequestId};
use squall::machine::{Image, Output};
use squall::message::{Label, Summary};
use squall::node::{
    Answer, Context, Effect, Input, Node, Request, Role, Snapshot, Status, TIMERS_MAX, TimerId,
};
use squall::plan::{Plan, scenario::from_toml, swarm};
use squall::property::Property;
use squall::raft::{self, Raft};
use squall::record::{Kind, Record};
use squall::sim::choices::Choices;
use squall::sim::{Ended, Options, Outcome, run_nodes};
use squall::time::{LocalTime, Span};

/// Where a panic is due next on this thread.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Constructor,
    Step,
    Status,
    Summary,
    Clone,
    DropOfMessage,
    DropOfNode,
}

std::thread_local! {
    static DUE: Cell<Option<Place>> = const { Cell::new(None) };
}

/// Panics once, if it is due here.
fn pass(place: Place) {
    if DUE.get() == Some(place) && !std::thread::panicking() {
        DUE.set(None);
        panic!("{place:?} is too much, says {}", 7);
    }
}

/// A message of the built-in Raft whose code can panic.
struct Note(raft::Message);

impl Clone for Note {
    fn clone(&self) -> Note {
        pass(Place::Clone);
        Note(self.0.clone())
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        pass(Place::DropOfMessage);
    }
}

type Ctx<'a> = Context<'a, Note>;

/// What a hostile node knows when it acts.
struct View {
    id: NodeId,
    last_write: WriteId,
    last_index: Index,
    applied: Index,
}

impl View {
    fn next_write(&self) -> WriteId {
        self.last_write.next()
    }
}

/// What a hostile node does once.
type Deed = fn(&View, &mut Ctx);

/// What it says of a message instead of the truth.
type Lie = fn(Summary) -> Summary;

/// The built-in Raft, which does a deed when it has led for a while, and lies about itself from then on.
struct Hostile {
    raft: Raft,
    view: View,
    deed: Deed,
    done: bool,
    status: fn(Status) -> Status,
    effects: Vec<Effect<raft::Message>>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        pass(Place::DropOfNode);
    }
}

std::thread_local! {
    static LIE: Cell<Lie> = const { Cell::new(|summary| summary) };
}

fn carried(effect: Effect<raft::Message>) -> Effect<Note> {
    match effect {
        Effect::Send { to, message, after } => Effect::Send { to, message: Note(message), after },
        Effect::SaveVote { write, term, vote } => Effect::SaveVote { write, term, vote },
        Effect::Append { write, first, entries } => Effect::Append { write, first, entries },
        Effect::Truncate { write, from } => Effect::Truncate { write, from },
        Effect::TakeSnapshot { index, term, members } => {
            Effect::TakeSnapshot { index, term, members }
        }
        Effect::SaveSnapshot(snapshot) => Effect::SaveSnapshot(snapshot),
        Effect::Compact { write, upto } => Effect::Compact { write, upto },
        Effect::Discard { write, index, term } => Effect::Discard { write, index, term },
        Effect::Restore(snapshot) => Effect::Restore(snapshot),
        Effect::SetTimer { timer, at } => Effect::SetTimer { timer, at },
        Effect::CancelTimer { timer } => Effect::CancelTimer { timer },
        Effect::Apply { index, entry, answer } => Effect::Apply { index, entry, answer },
        Effect::Read { request, relay } => Effect::Read { request, relay },
        Effect::Reply { request, answer } => Effect::Reply { request, answer },
        Effect::Stop => Effect::Stop,
        other => panic!("{other:?} is new; carry it, too"),
    }
}

fn taken(input: Input<Note>) -> Input<raft::Message> {
    match input {
        Input::Boot(disk) => Input::Boot(disk),
        Input::Receive { from, message } => Input::Receive { from, message: message.0.clone() },
        Input::Stray { from, to, message } => Input::Stray { from, to, message: message.0.clone() },
        Input::Request(request) => Input::Request(request),
        Input::Transfer(to) => Input::Transfer(to),
        Input::Change(change) => Input::Change(change),
        Input::TimerFired(timer) => Input::TimerFired(timer),
        Input::Durable(write) => Input::Durable(write),
        Input::WriteFailed(write) => Input::WriteFailed(write),
        Input::Applied { index, output } => Input::Applied { index, output },
        Input::Read { request, relay, output } => Input::Read { request, relay, output },
        Input::SnapshotSaved(snapshot) => Input::SnapshotSaved(snapshot),
        _ => panic!("there is a new input; take it, too"),
    }
}

impl Node for Hostile {
    type Message = Note;

    fn step(&mut self, input: Input<Note>, ctx: &mut Ctx) {
        let mut inner =
            Context { now: ctx.now, jumped: ctx.jumped, rng: ctx.rng, effects: &mut self.effects };
        self.raft.step(taken(input), &mut inner);
        for effect in self.effects.drain(..) {
            match &effect {
                Effect::SaveVote { write, .. } => self.view.last_write = *write,
                Effect::Append { write, first, entries } => {
                    self.view.last_write = *write;
                    self.view.last_index = Index(first.0 + entries.len() as u64 - 1);
                }
                Effect::Apply { index, .. } => self.view.applied = *index,
                _ => {}
            }
            ctx.emit(carried(effect));
        }
        let leads = self.raft.status().role == Role::Leader && self.view.applied >= Index(3);
        if leads && !std::mem::replace(&mut self.done, true) {
            (self.deed)(&self.view, ctx);
            pass(Place::Step);
        }
    }

    fn status(&self) -> Status {
        pass(Place::Status);
        match self.done {
            true => (self.status)(self.raft.status()),
            false => self.raft.status(),
        }
    }

    fn summary(message: &Note) -> Summary {
        pass(Place::Summary);
        LIE.get()(Raft::summary(&message.0))
    }
}

fn plan(more: &str) -> Plan {
    let text = format!("horizon = \"3s\"\nseed = 1\n[cluster]\nnodes = 3\n{more}");
    from_toml(&text).expect("it is a plan")
}

struct Hostility {
    deed: Deed,
    status: fn(Status) -> Status,
}

const HARMLESS: Hostility = Hostility { deed: |_, _| (), status: |status| status };

fn run_hostile(plan: &Plan, hostility: &Hostility, options: Options) -> Outcome {
    let make = |setup: &Setup<'_>| {
        pass(Place::Constructor);
        Hostile {
            raft: Raft::of(setup),
            view: View {
                id: setup.id,
                last_write: WriteId::NONE,
                last_index: Index::ZERO,
                applied: Index::ZERO,
            },
            deed: hostility.deed,
            done: false,
            status: hostility.status,
            effects: Vec::new(),
        }
    };
    run_nodes(plan, &make, options)
}

/// Runs a hostile cluster; gives the sentence of the violation of the contract.
fn accused(more: &str, hostility: &Hostility) -> String {
    let plan = Plan { judge: vec![Property::Contract], ..plan(more) };
    let outcome = run_hostile(&plan, hostility, Options::default());
    let violation = outcome.violation.expect("it breaks its contract");
    assert_eq!((violation.property, outcome.ended), (Property::Contract, Ended::Violation));
    violation.sentence
}

fn breach(deed: Deed) -> String {
    let sentence = accused("", &Hostility { deed, ..HARMLESS });
    let (node, what) = sentence.split_once(' ').expect("it names a node");
    assert!(["n1", "n2", "n3"].contains(&node), "{sentence}");
    let what = what.strip_prefix("broke the contract with its host: it ");
    what.and_then(|what| what.strip_suffix('.')).expect(&sentence).into()
}

fn noop() -> Batch {
    Batch::from(Entry::noop(Term(2)))
}

fn snapshot(index: u64) -> Rc<Snapshot> {
    Rc::new(Snapshot {
        last_included_index: Index(index),
        last_included_term: Term(2),
        members: Configuration::of(NodeSet::first(3)),
        image: Image::new(7_u32, 4, 7),
    })
}

#[test]
fn a_harmless_one_is_accused_of_nothing() {
    let outcome = run_hostile(&plan(""), &HARMLESS, Options::default());
    assert_eq!((outcome.violation, outcome.ended), (None, Ended::Horizon));
    assert!(outcome.counters.answers > 10);
}

#[test]
fn a_write_comes_in_order_and_in_its_place() {
    let said = breach(|view, ctx| {
        let (write, first) = (view.next_write(), view.last_index.plus(5));
        ctx.emit(Effect::Append { write, first, entries: noop() });
    });
    assert!(
        said.starts_with("appended at index ") && said.contains(" to a log that ends at "),
        "{said}"
    );
    let said = breach(|view, ctx| {
        let (write, first) = (view.next_write(), view.last_index.next());
        ctx.emit(Effect::Append { write, first, entries: Batch::EMPTY });
    });
    assert!(said.starts_with("appended no entries with write "), "{said}");
    let said = breach(|view, ctx| {
        ctx.emit(Effect::SaveVote { write: view.last_write, term: Term(2), vote: None });
    });
    assert!(said.starts_with("made a write with number "), "{said}");
    let said = breach(|_, ctx| {
        ctx.emit(Effect::SaveVote { write: WriteId::NONE, term: Term(2), vote: None });
    });
    assert!(said.starts_with("made a write with number 0 after number "), "{said}");
    let beyond: [Deed; 2] = [
        |view, ctx| {
            ctx.emit(Effect::Truncate { write: view.next_write(), from: Index::ZERO });
        },
        |view, ctx| {
            let from = view.last_index.next();
            ctx.emit(Effect::Truncate { write: view.next_write(), from });
        },
    ];
    for deed in beyond {
        let said = breach(deed);
        assert!(said.starts_with("truncated from index "), "{said}");
    }
}

#[test]
fn a_log_gives_way_to_the_durable_snapshot_only() {
    let said = breach(|view, ctx| {
        ctx.emit(Effect::Compact { write: view.next_write(), upto: view.last_index.plus(9) });
    });
    assert!(said.contains(" a log that goes from 1 to "), "{said}");
    let said = breach(|view, ctx| {
        ctx.emit(Effect::Compact { write: view.next_write(), upto: view.last_index });
    });
    assert!(said.ends_with("and its durable snapshot goes to 0"), "{said}");
    let said = breach(|view, ctx| {
        let (write, index, term) = (view.next_write(), Index(2), Term(2));
        ctx.emit(Effect::Discard { write, index, term });
    });
    assert!(
        said.starts_with("discarded its log, compacted up to 0, for a snapshot up to index 2"),
        "{said}"
    );
}

#[test]
fn a_state_machine_is_served_in_order() {
    let said = breach(|view, ctx| {
        let index = view.applied.plus(2);
        ctx.emit(Effect::Apply { index, entry: Entry::noop(Term(2)), answer: true });
    });
    assert!(said.starts_with("applied index ") && said.contains(" after index "), "{said}");
    let said = breach(|view, ctx| {
        let (term, members) = (Term(2), Configuration::of(NodeSet::first(3)));
        ctx.emit(Effect::TakeSnapshot { index: view.applied.next(), term, members });
    });
    assert!(said.starts_with("took a snapshot of index "), "{said}");
    let said = breach(|view, ctx| {
        for _ in 0..2 {
            let (term, members) = (Term(2), Configuration::of(NodeSet::first(3)));
            ctx.emit(Effect::TakeSnapshot { index: view.applied, term, members });
        }
    });
    assert!(said.starts_with("began to write a snapshot of index "), "{said}");
    let said = breach(|_, ctx| ctx.emit(Effect::Restore(snapshot(9))));
    assert!(said.contains("a snapshot of index 9 that holds no state machine"), "{said}");
    let said = breach(|_, ctx| {
        let request = Request { id: RequestId::new(4, 2), command: Command::Delete { key: 1 } };
        ctx.emit(Effect::Read { request, relay: None });
    });
    assert_eq!(said, "read by the request 2 of client 4, which writes");
}

#[test]
fn a_state_machine_that_works_later_is_served_in_order_too() {
    let deed: Deed = |_, ctx| ctx.emit(Effect::Restore(snapshot(9)));
    let mut plan = plan("apply_delay = \"5ms\"\n[clients]\ncount = 2");
    plan.judge = vec![Property::Contract];
    let outcome = run_hostile(&plan, &Hostility { deed, ..HARMLESS }, Options::default());
    let violation = outcome.violation.expect("it breaks its contract");
    assert!(violation.sentence.contains("holds no state machine"), "{violation:?}");
}

#[test]
fn a_message_goes_to_another_node_of_the_cluster_after_a_write_that_was_made() {
    fn send(to: NodeId, after: WriteId, ctx: &mut Ctx) {
        let message = Note(raft::Message::TimeoutNow { term: Term(1) });
        ctx.emit(Effect::Send { to, message, after });
    }
    let said = breach(|_, ctx| send(NodeId::new(0), WriteId::NONE, ctx));
    assert_eq!(said, "sent a message to node 0, and there are nodes 1 to 3");
    let said = breach(|_, ctx| send(NodeId::new(4), WriteId::NONE, ctx));
    assert_eq!(said, "sent a message to node 4, and there are nodes 1 to 3");
    let said = breach(|view, ctx| send(view.id, WriteId::NONE, ctx));
    assert!(said.starts_with("sent a message to itself, node "), "{said}");
    let said = breach(|view, ctx| {
        let other = NodeId::new(view.id.number() % 3 + 1);
        send(other, view.next_write(), ctx);
    });
    assert!(said.starts_with("sent a message after write "), "{said}");
}

#[test]
fn whoever_is_named_belongs_to_the_cluster() {
    let said = breach(|view, ctx| {
        let (write, vote) = (view.next_write(), Some(NodeId::new(9)));
        ctx.emit(Effect::SaveVote { write, term: Term(9), vote });
    });
    assert_eq!(said, "named node 9, and there are nodes 1 to 3");
    let said = breach(|_, ctx| {
        let answer = Answer::Refused(Some(NodeId::new(0)));
        ctx.emit(Effect::Reply { request: RequestId::new(1, 1), answer });
    });
    assert_eq!(said, "named node 0, and there are nodes 1 to 3");
    let named: [fn(Status) -> Status; 2] = [
        |status| Status { leader: Some(NodeId::new(77)), ..status },
        |status| Status { transfer: Some(NodeId::new(77)), ..status },
    ];
    for status in named {
        let said = accused("", &Hostility { status, ..HARMLESS });
        assert!(said.ends_with("it named node 77, and there are nodes 1 to 3."), "{said}");
    }
    let said = breach(|view, ctx| {
        let configuration = Configuration::of(NodeSet::first(5));
        let command = Command::Configure(configuration);
        let entries = Batch::from(Entry { command, ..Entry::noop(Term(2)) });
        let (write, first) = (view.next_write(), view.last_index.next());
        ctx.emit(Effect::Append { write, first, entries });
    });
    assert_eq!(said, "made a configuration of the nodes 0b11111, and there are nodes 1 to 3");
}

#[test]
fn a_node_has_so_many_timers() {
    let said = breach(|_, ctx| {
        for timer in 1..=TIMERS_MAX as u32 {
            ctx.emit(Effect::SetTimer { timer: TimerId(timer), at: LocalTime(u64::MAX) });
        }
    });
    assert_eq!(said, "set timer 64, which is more than 64 timers at once");
}

#[test]
fn a_panic_anywhere_is_the_nodes_own() {
    let lossy = "[network]\nloss = \"20%\"\nduplicate = \"20%\"\n";
    let crash = "[[faults]]\nat = \"2s\"\ncrash = { target = \"everyone\", for = \"100ms\" }\n";
    let places = [
        Place::Constructor,
        Place::Step,
        Place::Status,
        Place::Summary,
        Place::Clone,
        Place::DropOfMessage,
        Place::DropOfNode,
    ];
    for place in places {
        for more in [lossy, crash] {
            if more == crash && place == Place::Clone {
                continue; // Nothing arrives twice there.
            }
            DUE.set(Some(place));
            let said = accused(more, &HARMLESS);
            let (node, said) = said.split_once(' ').expect("it names a node");
            assert!(["n1", "n2", "n3"].contains(&node), "{node}");
            let words = format!("panicked: {place:?} is too much, says 7 (tests/hostile.rs:");
            assert!(said.starts_with(&words), "{said}");
            assert_eq!(DUE.take(), None);
        }
    }
    DUE.set(None);
}

#[test]
fn a_panic_that_is_not_judged_is_a_crash() {
    let mut plan = plan("restart_after = \"10ms\"");
    plan.judge = vec![Property::ElectionSafety];
    for place in [Place::Constructor, Place::Step, Place::Summary, Place::DropOfNode] {
        DUE.set(Some(place));
        let mut kinds = Vec::new();
        let mut sink = |record: &Record| kinds.push(record.kind);
        let options = Options { sink: Some(&mut sink), ..Options::default() };
        let outcome = run_hostile(&plan, &HARMLESS, options);
        assert_eq!(outcome.violation, None);
        let broken = kinds.iter().position(|kind| matches!(kind, Kind::Broken { .. }));
        let broken = broken.unwrap_or_else(|| panic!("{place:?} is recorded"));
        let crashes = matches!(kinds.get(broken + 1), Some(Kind::Crash(_)));
        assert_eq!(crashes, place != Place::DropOfNode, "{place:?}");
    }
}

#[test]
fn one_panic_is_told_from_another_and_the_same_is_the_same() {
    let signature = |place| {
        DUE.set(Some(place));
        let outcome = run_hostile(&plan(""), &HARMLESS, Options::default());
        let again = {
            DUE.set(Some(place));
            run_hostile(&plan(""), &HARMLESS, Options::default())
        };
        assert_eq!(outcome, again);
        squall::campaign::finding::Signature::of(&outcome).expect("it fails").shape
    };
    let (step, status) = (signature(Place::Step), signature(Place::Status));
    assert_ne!(step, status);
    assert!(step.contains("Step is too much, says # (tests/hostile.rs:#)"), "{step}");
}

/// Whatever a node says of itself and its messages, squall does not panic.
#[test]
fn no_number_that_a_node_says_makes_squall_panic() {
    let lies: [Lie; 4] = [
        |_| Summary::AppendEntries {
            term: Term(u64::MAX),
            prev_index: Index(u64::MAX),
            prev_term: Term(u64::MAX),
            entries: u32::MAX,
            commit: Index(u64::MAX),
        },
        |it| Summary::Vote { term: Term(u64::MAX), granted: it.is_reply() },
        |_| Summary::Forward { request: RequestId::new(u32::MAX, u32::MAX) },
        |it| Summary::Vote { term: it.term(), granted: true },
    ];
    let statuses: [fn(Status) -> Status; 5] = [
        |it| it,
        |it| Status { commit: Index(u64::MAX), ..it },
        |it| Status { term: Term(u64::MAX), ..it },
        |it| Status { term: Term::ZERO, commit: Index::ZERO, ..it },
        |it| Status { applied: Index(u64::MAX), target_priority: u32::MAX, ..it },
    ];
    let deeds: [Deed; 4] = [
        |_, _| (),
        |_, ctx| {
            for output in [Output::Opened(Index(u64::MAX)), Output::Full, Output::Expired] {
                for client in [0, 1, 2, u32::MAX] {
                    let (request, output) = (RequestId::new(client, 1), output.clone());
                    ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
                }
            }
        },
        |view, ctx| {
            let (write, first) = (WriteId(u64::MAX), view.last_index.next());
            let entries = Batch::from(Entry::noop(Term(u64::MAX)));
            ctx.emit(Effect::Append { write, first, entries });
        },
        |_, ctx| ctx.emit(Effect::Stop),
    ];
    let faults =
        "[[faults]]\nat = \"1500ms\"\ncrash = { target = \"everyone\", for = \"100ms\" }\n";
    for judge in [Property::ALL.to_vec(), vec![Property::Contract]] {
        for lie in lies {
            for status in statuses {
                for deed in deeds {
                    LIE.set(lie);
                    let mut plan = plan(faults);
                    plan.judge.clone_from(&judge);
                    let _ = run_hostile(&plan, &Hostility { deed, status }, Options::default());
                }
            }
        }
    }
    LIE.set(|summary| summary);
}

/// A Raft whose commit index is volatile, as in Figure 2: after a restart it knows of nothing that is committed until it hears it.
struct Textbook {
    raft: Raft,
    at_boot: Option<Index>,
}

impl Node for Textbook {
    type Message = raft::Message;

    fn step(&mut self, input: Input<raft::Message>, ctx: &mut Context<'_, raft::Message>) {
        let boots = matches!(input, Input::Boot(_));
        self.raft.step(input, ctx);
        let commit = self.raft.status().commit;
        if boots {
            self.at_boot = Some(commit);
        } else if self.at_boot.is_some_and(|at_boot| at_boot != commit) {
            self.at_boot = None;
        }
    }

    fn status(&self) -> Status {
        let status = self.raft.status();
        match self.at_boot {
            Some(_) => Status { commit: Index::ZERO, ..status },
            None => status,
        }
    }

    fn summary(message: &raft::Message) -> Summary {
        Raft::summary(message)
    }
}

#[test]
fn a_commit_index_that_begins_at_zero_in_each_life_is_no_regress() {
    let (mut restarts, mut zeros) = (0, 0);
    for seed in 0..60 {
        let plan = swarm::draw(seed);
        let make = |setup: &Setup<'_>| Textbook { raft: Raft::of(setup), at_boot: None };
        let mut sink = |record: &Record| match record.kind {
            Kind::Boot { applied, .. } => restarts += u32::from(applied > Index::ZERO),
            Kind::Commit { index, .. } => zeros += u32::from(index == Index::ZERO),
            _ => {}
        };
        let outcome =
            run_nodes(&plan, &make, Options { sink: Some(&mut sink), ..Options::default() });
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
    assert!(restarts > 50, "{restarts}");
    assert_eq!(restarts, zeros);
}

/// A node that is no Raft: it draws words, and sets several timers by them.
struct Dicer {
    id: NodeId,
    heard: Vec<u64>,
}

impl Node for Dicer {
    type Message = u64;

    fn step(&mut self, input: Input<u64>, ctx: &mut Context<'_, u64>) {
        match input {
            Input::Boot(_) => {
                for timer in [1, 2, 3] {
                    let at = ctx.now.plus(Span(ctx.rng.word() % 1_000_000_000));
                    ctx.emit(Effect::SetTimer { timer: TimerId(timer), at });
                }
                let at = ctx.now.plus(Span::millis(1));
                ctx.emit(Effect::SetTimer { timer: TimerId(9), at });
                ctx.emit(Effect::CancelTimer { timer: TimerId(9) });
            }
            Input::TimerFired(timer) => {
                assert!(timer != TimerId(9), "it was cancelled");
                let to = NodeId::new(self.id.number() % 3 + 1);
                let message = ctx.rng.word();
                ctx.emit(Effect::Send { to, message, after: WriteId::NONE });
                let at = ctx.now.plus(Span::millis(1 + message % 100));
                ctx.emit(Effect::SetTimer { timer, at });
            }
            Input::Receive { message, .. } => self.heard.push(message),
            _ => {}
        }
    }

    fn status(&self) -> Status {
        Status { term: Term::FIRST, ..Status::default() }
    }

    fn summary(message: &u64) -> Summary {
        let name = Label::new("word");
        Summary::Other { name, term: Term(*message), bytes: 8, reply: false }
    }
}

#[test]
fn what_a_node_draws_can_be_fixed_and_its_timers_are_told_apart() {
    let run = |plan: &Plan| {
        let mut choices = Choices::default();
        let (mut fired, mut sent) = ([0; 4], Vec::new());
        let mut sink = |record: &Record| match record.kind {
            Kind::Timer { timer, .. } => fired[timer.0 as usize] += 1,
            Kind::Send { message, .. } => sent.push((record.time, record.node, message.term())),
            _ => {}
        };
        let options =
            Options { sink: Some(&mut sink), choices: Some(&mut choices), ..Options::default() };
        let outcome = run_nodes(plan, &|setup| Dicer { id: setup.id, heard: Vec::new() }, options);
        assert_eq!(outcome.violation, None);
        (choices.words, sent, fired)
    };
    let plan = plan("[clients]\ncount = 0\n");
    let (words, sent, fired) = run(&plan);
    assert!(words.iter().all(|words| words.len() > 60), "{words:?}");
    assert!(fired[0] == 0 && fired[1..].iter().all(|count| *count > 60), "{fired:?}");
    let other = Plan { seed: 2, ..plan.clone() };
    assert_ne!(run(&other).1, sent);
    let mut fixed = other;
    for id in fixed.node_ids().collect::<Vec<_>>() {
        fixed.node_mut(id).words = words[id.slot()].clone();
    }
    let text = squall::plan::scenario::to_toml(&fixed);
    assert_eq!(from_toml(&text).expect("it is a plan"), fixed);
    assert_eq!(run(&fixed).1, sent, "nothing is left to chance");
}
