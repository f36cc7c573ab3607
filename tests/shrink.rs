//! Shrinking, as a library and with the real binary.

use std::fs;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use squall::campaign::Signature;
use squall::campaign::shrink::{Control, Shrunk, shrink};
use squall::plan::{Plan, scenario, swarm};
use squall::raft::Bug;
use squall::sim::run;

fn storm(seed: u64, bug: Bug) -> Plan {
    let mut plan = swarm::draw(seed);
    plan.raft.bugs = vec![bug];
    plan
}

fn shrunk(plan: &Plan, jobs: usize) -> Shrunk {
    let control =
        Control { jobs, deadline: None, interrupted: &|| false, better: &mut |_: &Plan, _| () };
    shrink(plan, false, control).expect("the plan fails")
}

/// The first storms that a bug makes fail.
fn failing(bug: Bug, count: usize) -> Vec<Plan> {
    let plans = (1..).map(|seed| storm(seed, bug));
    plans.filter(|plan| run(plan).violation.is_some()).take(count).collect()
}

#[test]
fn a_shrunk_plan_fails_in_the_same_way_and_is_small() {
    for bug in [Bug::CommitWithoutQuorum, Bug::AckBeforeFsync, Bug::TruncateUnconditional] {
        for plan in failing(bug, 2) {
            let shrunk = shrunk(&plan, 2);
            let outcome = run(&shrunk.plan);
            assert_eq!(Signature::of(&outcome), Signature::of(&run(&plan)), "{bug}");
            assert_eq!(outcome, shrunk.outcome, "{bug}");
            assert!(shrunk.after.steps() <= 12, "{bug}: {:?}", shrunk.after);
            assert!(shrunk.after.records < shrunk.before.records, "{bug}");
            let text = scenario::to_toml(&shrunk.plan);
            assert_eq!(scenario::from_toml(&text).as_ref(), Ok(&shrunk.plan), "{text}");
            assert_eq!(shrunk.plan.expect.violation, outcome.violation.map(|it| it.property));
        }
    }
}

#[test]
fn any_number_of_workers_shrinks_alike() {
    let plan = &failing(Bug::CommitRegress, 1)[0];
    let (one, three) = (shrunk(plan, 1), shrunk(plan, 3));
    assert_eq!(one.plan, three.plan);
    assert_eq!(one.outcome, three.outcome);
}

#[test]
fn what_leaves_nothing_to_chance_is_the_same_run_under_any_seed() {
    let shrunk = shrunk(&failing(Bug::CommitWithoutQuorum, 1)[0], 2);
    assert!(shrunk.seedless);
    let other = Plan { seed: 987_654, ..shrunk.plan.clone() };
    assert_eq!(run(&other).digest, shrunk.outcome.digest);
}

fn squall() -> Command {
    Command::new(env!("CARGO_BIN_EXE_squall"))
}

#[test]
fn the_scenario_that_is_written_keeps_its_own_promise() {
    let folder = tempfile::tempdir().unwrap();
    squall()
        .args(["shrink", "--seed", "1", "--bug", "commit-without-quorum", "-o", "small.toml"])
        .current_dir(&folder)
        .assert()
        .code(0)
        .stdout(contains("squall run small.toml --show").and(contains("left to chance")));
    squall()
        .args(["run", "small.toml"])
        .current_dir(&folder)
        .assert()
        .code(0)
        .stdout(contains("durability violated, as expected"));
    let again = ["shrink", "small.toml", "-o", "smaller.toml", "--json"];
    squall()
        .args(again)
        .current_dir(&folder)
        .assert()
        .code(0)
        .stdout(contains("\"seedless\": true"));
    let steps = |name: &str| {
        let plan = scenario::from_toml(&fs::read_to_string(folder.path().join(name)).unwrap());
        let plan = plan.unwrap();
        (plan.cluster, plan.faults, plan.requests, plan.pins, plan.nodes)
    };
    assert_eq!(steps("small.toml"), steps("smaller.toml"));
}

#[test]
fn a_plan_that_does_not_fail_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    squall()
        .args(["shrink", "--seed", "1", "-o", "small.toml"])
        .current_dir(&folder)
        .assert()
        .code(1)
        .stderr(contains("seed-1 does not fail, so there is nothing to shrink"));
    assert!(!folder.path().join("small.toml").exists());
}
