//! Whether explanations name the guilty step. A planted rule decides otherwise than the honest one at certain steps of certain
//! nodes; this test finds them, by asking an honest twin of the node at each step, and tries what happens without them. The
//! explanation knows nothing of it.

use std::cell::{Cell, RefCell};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use squall::bugs::Bug;
use squall::campaign::shrink::{Control, shrink};
use squall::guest::Setup;
use squall::guests::saboteur::Saboteur;
use squall::ids::NodeId;
use squall::message::Summary;
use squall::node::{Context, Effect, Input, Node, NodeRng, Status};
use squall::plan::scenario::from_toml;
use squall::plan::{Plan, swarm};
use squall::property::Property;
use squall::raft::{Message, Raft, Rules};
use squall::record::{Kind, Record};
use squall::report::explain::{Line, explain};
use squall::sim::{BuiltIn, Options, Outcome, Run, run_nodes};

/// A step of a node: the event that it handled.
type Step = (u64, NodeId);

/// What is known of a run: which steps were decided otherwise, and which one may not be.
#[derive(Default)]
struct Court {
    event: Cell<u64>,
    guilty: RefCell<Vec<Step>>,
    pardoned: Cell<Option<Step>>,
}

/// A node with planted bugs that asks its honest twin at each step.
struct Suspect {
    id: NodeId,
    node: Saboteur<Raft>,
    rules: Rules,
    court: Rc<Court>,
}

/// What a step came to: the node after it, its effects, its randomness.
type Decided = (Saboteur<Raft>, Vec<Effect<Message>>, NodeRng);

impl Suspect {
    fn decide(&self, rules: Rules, input: Input<Message>, ctx: &Context<'_, Message>) -> Decided {
        let (mut node, mut effects) = (self.node.obeying(rules), Vec::new());
        let mut rng = ctx.rng.clone();
        node.step(
            input,
            &mut Context { now: ctx.now, jumped: ctx.jumped, rng: &mut rng, effects: &mut effects },
        );
        (node, effects, rng)
    }

    fn words(&self, (node, effects, _): &Decided) -> String {
        format!("{:?} {effects:?}", node.obeying(self.rules))
    }
}

impl Node for Suspect {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Context<'_, Message>) {
        // What an operator asks begins an event without a record.
        let unseen = matches!(input, Input::Change(_) | Input::Transfer(_));
        let step = (self.court.event.get() + u64::from(unseen), self.id);
        let twin = || self.decide(Rules::default(), input.clone(), ctx);
        let honest = catch_unwind(AssertUnwindSafe(twin)).ok();
        let own = catch_unwind(AssertUnwindSafe(|| {
            // The node itself goes on, with what its wrapper remembers.
            let mut node = self.node.clone();
            let (mut effects, mut rng) = (Vec::new(), ctx.rng.clone());
            node.step(
                input.clone(),
                &mut Context {
                    now: ctx.now,
                    jumped: ctx.jumped,
                    rng: &mut rng,
                    effects: &mut effects,
                },
            );
            (node, effects, rng)
        }));
        let words = |decided: &Decided| self.words(decided);
        if honest.as_ref().map(words) != own.as_ref().ok().map(words) {
            self.court.guilty.borrow_mut().push(step);
        }
        let decided = match (honest, own) {
            (Some((node, effects, rng)), _) if self.court.pardoned.get() == Some(step) => {
                (node.obeying(self.rules), effects, rng)
            }
            (_, Ok(own)) => own,
            (_, Err(panic)) => resume_unwind(panic),
        };
        let (node, effects, rng) = decided;
        self.node = node;
        ctx.effects.extend(effects);
        *ctx.rng = rng;
    }

    fn status(&self) -> Status {
        self.node.status()
    }

    fn summary(message: &Message) -> Summary {
        Raft::summary(message)
    }
}

/// Runs a plan with suspects; `pardoned` is decided by the honest rules. Gives what came of it, the guilty steps, and the records.
fn trial(plan: &Plan, pardoned: Option<Step>) -> (Outcome, Vec<Step>, Vec<Record>) {
    let court = Rc::new(Court::default());
    court.pardoned.set(pardoned);
    let rules = Rules::of(plan.config().bugs);
    let make = |setup: &Setup<'_>| Suspect {
        id: setup.id,
        node: Saboteur::new(Raft::of(setup), rules),
        rules,
        court: court.clone(),
    };
    let mut records = Vec::new();
    let mut sink = |record: &Record| {
        // That a write is durable is told before the event in which the node hears of it.
        let before = matches!(
            record.kind,
            Kind::Durable { .. } | Kind::WriteFailed { .. } | Kind::SnapshotSaved { .. }
        );
        court.event.set(record.event + u64::from(before));
        records.push(*record);
    };
    let outcome = run_nodes(plan, &make, Options { sink: Some(&mut sink), ..Options::default() });
    let guilty = court.guilty.take();
    (outcome, guilty, records)
}

/// The guilty steps without which the violation does not come about, or comes about later.
fn decisive(plan: &Plan, outcome: &Outcome, guilty: &[Step]) -> Vec<Step> {
    let own = outcome.violation.as_ref().expect("it fails");
    let needed = |step: &&Step| match trial(plan, Some(**step)).0.violation {
        Some(other) => other.property != own.property || other.event > own.event,
        None => true,
    };
    guilty.iter().filter(needed).copied().collect()
}

/// The steps that the host of a node decides otherwise, for the state machine is the host's, and no twin of a node sees it.
fn decided_by_host(plan: &Plan, records: &[Record]) -> Vec<Step> {
    let guilty = |record: &&Record| {
        let has = |bug: Bug| plan.raft.bugs.contains(&bug);
        match record.kind {
            Kind::Reply { .. } => has(Bug::LocalRead),
            Kind::Boot { life, .. } => {
                let at_start = [Bug::DedupLost, Bug::CorruptIsEof, Bug::WipedSameId];
                life > 1 && at_start.into_iter().any(has)
            }
            Kind::Snapshot { .. } | Kind::Restore { .. } => has(Bug::SnapDropsSessions),
            _ => false,
        }
    };
    let steps = records.iter().filter(guilty);
    steps.filter_map(|record| Some((record.event, record.node?))).collect()
}

/// The steps that lines tell of.
fn told(lines: &[Line], records: &[Record]) -> Vec<Step> {
    let shown = |line: &Line| &records[line.number as usize - 1];
    // A line of what somebody sends tells of the step that hears it, if it says when that is.
    let heard = |record: &&Record| {
        let Kind::Deliver { id, .. } = record.kind else { return false };
        lines.iter().any(|line| {
            let sends = matches!(shown(line).kind, Kind::Send { id: sent, .. } if sent == id);
            sends && line.text.contains("hears it at")
        })
    };
    let all = records.iter().filter(heard).chain(lines.iter().map(shown));
    all.filter_map(|record| Some((record.event, record.node?))).collect()
}

/// Checks that the round which goes on for ever has a guilty step, and that it is told how often it was repeated; says what is not told. A
/// cluster that never comes back to life is kept from it by every step of its kind anew.
fn check_round(name: &str, plan: &Plan) -> Result<(), String> {
    let (outcome, guilty, records) = trial(plan, None);
    assert_eq!(outcome, squall::sim::run(plan), "{name}: to ask a twin changes nothing");
    let explanation = explain(&Run::new(&BuiltIn::new(), plan.clone()), 40)
        .expect("it can be held")
        .expect("it fails");
    let text = explanation.text(name);
    let told = told(explanation.round(), &records);
    let is_told = guilty.iter().any(|step| told.contains(step));
    let repeated = explanation.repeated().iter().any(|line| line.contains(" times"));
    let length = text.lines().count();
    if is_told && repeated && length <= 40 {
        return Ok(());
    }
    let last: Vec<&Step> = guilty.iter().rev().take(5).collect();
    Err(format!("{name}: {length} lines, guilty at last: {last:?}\n{text}\n"))
}

/// Checks the explanation of a failing plan; says what is not told.
fn check(name: &str, plan: &Plan) -> Result<(), String> {
    let (outcome, mut guilty, records) = trial(plan, None);
    assert_eq!(outcome, squall::sim::run(plan), "{name}: to ask a twin changes nothing");
    guilty.extend(decided_by_host(plan, &records));
    guilty.dedup();
    let explanation = explain(&Run::new(&BuiltIn::new(), plan.clone()), 40)
        .expect("it can be held")
        .expect("it fails");
    let told = told(&explanation.lines, &records);
    let text = explanation.text(name);
    assert!(!guilty.is_empty(), "{name}: no step was decided otherwise\n{text}");
    let needed = decisive(plan, &outcome, &guilty);
    let all_told = match needed.is_empty() {
        true => guilty.iter().any(|step| told.contains(step)),
        false => needed.iter().all(|step| told.contains(step)),
    };
    let length = text.lines().count();
    if all_told && length <= 40 {
        return Ok(());
    }
    let wanted = if needed.is_empty() { &guilty } else { &needed };
    let missing: Vec<String> = records
        .iter()
        .filter(|record| record.node.is_some_and(|node| wanted.contains(&(record.event, node))))
        .filter(|record| !told.contains(&(record.event, record.node.expect("it has one"))))
        .map(|record| format!("  not told: {record:?}"))
        .collect();
    Err(format!(
        "{name}: {length} lines, {} decisive\n{text}\n{}\n",
        needed.len(),
        missing.join("\n")
    ))
}

/// Storms of these bugs shrink within a moment.
const QUICK: [Bug; 10] = [
    Bug::VoteTwice,
    Bug::CommitWithoutQuorum,
    Bug::TruncateUnconditional,
    Bug::AckBeforeFsync,
    Bug::StaleLogVote,
    Bug::CommitRegress,
    Bug::NextIndexLateInit,
    Bug::TornTailAccepted,
    Bug::ChangeOverlap,
    Bug::WipedSameId,
];

/// What these get wrong lies in the state machine or in a cache before it, so no step of the protocol is decided otherwise.
const IN_STATE_MACHINES: [Bug; 4] =
    [Bug::DedupLost, Bug::SnapDropsSessions, Bug::RestoreKeepsSessions, Bug::CachedRead];

/// Whether a bug makes steps guilty of a violation, of which some are the ones without which it does not come about.
fn is_for_court(bug: &Bug) -> bool {
    let stalls = bug.about().violates.first() == Some(&Property::Liveness);
    !stalls && !IN_STATE_MACHINES.contains(bug)
}

/// Checks the explanations of the first storm that each bug makes fail, shrunk.
fn check_storms(bugs: &[Bug]) {
    let mut wrong = String::new();
    for bug in bugs.iter().filter(|bug| is_for_court(bug)) {
        let storm = |seed| {
            let mut plan = swarm::draw(seed);
            plan.raft.bugs = vec![*bug];
            plan
        };
        let fails = |plan: &Plan| squall::sim::run(plan).violation.is_some();
        let plan = (1..).map(storm).find(fails).expect("some storm fails");
        let better = &mut |_: &Plan, _| ();
        let control = Control {
            jobs: 2,
            candidates_max: None,
            deadline: None,
            interrupted: &|| false,
            better,
        };
        let shrunk = shrink(&BuiltIn::new(), &plan, false, control).expect("it fails").plan;
        if shrunk.expect.violation == Some(Property::Liveness) {
            if let Err(problem) = check_round(bug.name(), &shrunk) {
                wrong += &problem;
            }
            continue;
        }
        if let Err(problem) = check(bug.name(), &shrunk) {
            wrong += &problem;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_story_of_a_shrunk_storm_names_the_guilty_step() {
    check_storms(&QUICK);
}

#[test]
#[ignore = "takes minutes"]
fn the_story_of_any_shrunk_storm_names_the_guilty_step() {
    check_storms(&Bug::ALL);
}

/// The scenarios of planted bugs.
fn planted() -> Vec<(String, Plan)> {
    let mut paths: Vec<_> = fs::read_dir("scenarios/bugs")
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").path())
        .collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).expect("it is readable");
        (path.display().to_string(), from_toml(&text).expect("it is a scenario"))
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_story_of_a_planted_bug_names_the_guilty_step() {
    let mut wrong = String::new();
    for (path, plan) in planted() {
        if plan.raft.bugs.iter().all(is_for_court)
            && let Err(problem) = check(&path, &plan)
        {
            wrong += &problem;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_story_of_a_cluster_that_stalls_has_the_step_that_repeats() {
    let stalls = |(_, plan): &(String, Plan)| plan.expect.violation == Some(Property::Liveness);
    let stalled: Vec<_> = planted().into_iter().filter(stalls).collect();
    assert!(stalled.len() >= 12, "{}", stalled.len());
    let mut wrong = String::new();
    for (path, plan) in stalled {
        if let Err(problem) = check_round(&path, &plan) {
            wrong += &problem;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
