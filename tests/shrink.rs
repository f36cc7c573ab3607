//! Shrinking, as a library and with the real binary.

use std::fs;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use squall::bugs::Bug;
use squall::campaign::Signature;
use squall::campaign::shrink::{Control, Shrunk, schedule, shrink};
use squall::config::Reads;
use squall::plan::{Plan, scenario, swarm};
use squall::sim::{BuiltIn, run};

fn storm(seed: u64, bug: Bug) -> Plan {
    let mut plan = swarm::draw(seed);
    plan.raft.bugs = vec![bug];
    plan
}

fn shrunk(plan: &Plan, jobs: usize) -> Shrunk {
    shrunk_with(plan, jobs, None)
}

fn shrunk_with(plan: &Plan, jobs: usize, candidates_max: Option<u64>) -> Shrunk {
    let (interrupted, better) = (&|| false, &mut |_: &Plan, _| ());
    let control = Control { jobs, candidates_max, deadline: None, interrupted, better };
    shrink(&BuiltIn::new(), plan, false, control).expect("the plan fails")
}

/// The first storms that a bug makes fail.
fn failing(bug: Bug, count: usize) -> Vec<Plan> {
    let plans = (1..).map(|seed| storm(seed, bug));
    plans.filter(|plan| run(plan).violation.is_some()).take(count).collect()
}

#[test]
fn a_shrunk_plan_fails_in_the_same_way_and_is_small() {
    for bug in [Bug::CommitWithoutQuorum, Bug::AckBeforeFsync, Bug::TruncateUnconditional] {
        for plan in failing(bug, 1) {
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

/// A busy machine, or one with more cores, gives the same.
#[test]
fn a_budget_of_candidates_gives_the_same_for_any_number_of_workers() {
    let plan = failing(Bug::VoteNotPersisted, 1).remove(0);
    let mut sizes = Vec::new();
    for candidates in [1, 7, 100, 400] {
        let [one, three] = [1, 3].map(|jobs| shrunk_with(&plan, jobs, Some(candidates)));
        assert_eq!((&one.plan, one.tried), (&three.plan, three.tried), "{candidates}");
        assert!(one.tried <= candidates && one.cut_short, "{} of {candidates}", one.tried);
        assert!(one.after.steps() <= one.before.steps(), "{:?}", one.after);
        sizes.push(one.after.events);
    }
    assert!(sizes[3] < sizes[0], "{sizes:?}");
}

/// What has no part in a failure goes: groups of clients and the faults of their links, messages by kind, periods, and the rest.
#[test]
fn what_the_world_does_besides_is_left_out() {
    let mut plan = failing(Bug::CommitWithoutQuorum, 1).remove(0);
    let more = "horizon = \"10s\"\n\
        [network]\nmisdeliver = \"1%\"\n\
        [[client_groups]]\nname = \"far\"\ncount = 2\nask = 1\nrate = \"20/s\"\n\
        [[faults]]\nat = \"10ms\"\nisolate = { target = \"clients:far\", for = \"1ms\" }\n\
        [[faults]]\nat = \"10ms\"\ncut = { from = 1, to = 2, kind = [\"vote\"], for = \"1ms\", every = \"1s\" }\n\
        [[faults]]\nat = \"20ms\"\nsuspend = { target = \"anyone\", for = \"1ms\" }\n";
    let more = scenario::from_toml(more).expect("a scenario");
    plan.network.misdeliver = more.network.misdeliver;
    plan.client_groups = more.client_groups;
    plan.faults.extend(more.faults);
    if run(&plan).violation.is_none() {
        panic!("it hides the failure; choose another");
    }
    let small = shrunk(&plan, 2).plan;
    let text = scenario::to_toml(&small);
    for gone in
        ["misdeliver = \"1%\"", "client_groups", "clients:far", "kind = ", "every", "suspend"]
    {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
}

#[test]
fn to_shrink_again_changes_nothing() {
    for bug in [Bug::AckBeforeFsync, Bug::TruncateUnconditional, Bug::VoteSentBeforeFsync] {
        let once = shrunk(&failing(bug, 1)[0], 2);
        assert_eq!(shrunk(&once.plan, 2).plan, once.plan, "{bug}");
    }
}

/// With all that was drawn in the plan, the same happens, whatever the seed is. Requests by themselves stand for sessions, and for reads
/// that leave no entry: with these it may go another way, in which more is drawn.
#[test]
fn a_storm_of_decisions_is_the_same_storm() {
    let plain = |plan: &Plan| plan.clients.sessions.is_none() && plan.config().reads == Reads::Log;
    let plans = (1..).map(|seed| storm(seed, Bug::VoteSentBeforeFsync)).filter(plain);
    let failing = plans.filter(|plan| run(plan).violation.is_some());
    let mut same = 0;
    for plan in failing.take(6) {
        let mut decided = schedule::decide(&BuiltIn::new(), &plan);
        let outcome = run(&decided);
        if Signature::of(&outcome) != Signature::of(&run(&plan)) {
            // What waited for a situation comes a moment later.
            continue;
        }
        assert!(schedule::is_seedless(&BuiltIn::new(), &decided, &outcome), "{}", plan.title);
        decided.seed = 77;
        assert_eq!(run(&decided).digest, outcome.digest);
        same += 1;
    }
    assert!(same >= 4, "{same} of 6 fail as before");
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
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(text("small.toml"), text("smaller.toml"));
}

#[test]
fn a_campaign_shrinks_what_it_finds() {
    let folder = tempfile::tempdir().unwrap();
    let campaign = ["fuzz", "--bug", "commit-without-quorum", "--stop-after", "1", "--shrink"];
    let run = |more: &[&str]| {
        let mut command = squall();
        command.args(campaign).args(["--out", "found"]).args(more).current_dir(&folder).assert()
    };
    run(&[]).code(2).stdout(contains("shrunk to").and(contains("nothing is left to chance")));
    let failures = folder.path().join("found/failures");
    let failure = fs::read_dir(&failures).unwrap().next().unwrap().unwrap().path();
    let text = |name: &str| fs::read_to_string(failure.join(name)).unwrap();
    squall().arg("run").arg(failure.join("shrunk.toml")).assert().code(0);
    assert!(text("shrunk.txt").contains("durability"), "{}", text("shrunk.txt"));
    // To go on does not shrink again what was shrunk.
    let before = text("shrunk.json");
    run(&["--resume", "--json"]).code(2).stdout(contains("\"seedless\": true"));
    assert_eq!(text("shrunk.json"), before);
}

#[test]
fn the_power_table_says_what_failures_shrink_to() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["power", "--bugs", "leader-counts-unsynced", "--trials", "1", "--shrink"];
    squall()
        .args(args)
        .current_dir(&folder)
        .assert()
        .code(0)
        .stdout(contains("left to chance").and(contains("nothing is left to chance in 1 of 1")));
    let json = fs::read_to_string(folder.path().join("reports/power/power.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"][0]["shrunk"]["after"]["nodes"], 1);
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
