//! The modules that `guests/build` makes, in runs: a Raft in Rust that does in a module what it does in squall's process, bit for bit, and
//! the others by the command line.

use std::path::{Path, PathBuf};

use predicates::str::contains;

use squall::guests::module::Limits;
use squall::plan::Plan;
use squall::plan::swarm::{Config, draw_with};
use squall::sim::{Foreign, Run, Runner};
#[cfg(feature = "raft-rs")]
use squall::situation::{Counts, Situation};

use crate::binary::squall;
use crate::own_raft::example::own;

/// A module that `guests/build` has made.
fn module(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/guests/{name}.wasm"));
    assert!(path.is_file(), "{} is missing: make it by guests/build {name}", path.display());
    path
}

fn plan(runner: &dyn Runner, seed: u64) -> Plan {
    let mut plan = draw_with(seed, &Config::default());
    plan.restrict(runner.guest());
    plan
}

/// An oracle for the host itself: whatever the frames and the engine lose or change would show.
#[test]
fn a_module_does_what_the_same_code_does_in_process() {
    let inside = own();
    let outside = Foreign::module(&module("own-raft"), Limits::DEFAULT).expect("it is a guest");
    for seed in 1..41 {
        let outcomes = [&inside as &dyn Runner, &outside]
            .map(|runner| Run::new(runner, plan(runner, seed)).outcome().clone());
        assert_eq!(outcomes[0], outcomes[1], "seed {seed}");
    }
}

/// The same adapter over the same crate, in a module and in squall's process.
#[cfg(feature = "raft-rs")]
#[test]
fn tikvs_raft_does_in_a_module_what_it_does_in_process() {
    let inside = squall::sim::shipped::raft_rs();
    let path = module("raft-rs-module");
    let outside = Foreign::module(&path, Limits::DEFAULT).expect("it is a guest");
    let mut reached = Counts::default();
    for seed in 1..61 {
        let mut plan = plan(&inside, seed);
        plan.draw_guest_options(inside.guest_options());
        // With it raft-rs panics, which a module's engine tells otherwise.
        plan.guest.options.insert("batch_append".into(), "off".into());
        let outcomes = [&inside as &dyn Runner, &outside]
            .map(|runner| Run::new(runner, plan.clone()).outcome().clone());
        assert_eq!(outcomes[0], outcomes[1], "seed {seed}");
        reached.merge(&outcomes[0].situations);
    }
    for situation in [
        Situation::SnapshotInstalled,
        Situation::JointEntered,
        Situation::LearnerPromoted,
        Situation::TransferCompleted,
        Situation::ReadRoundBegun,
        Situation::ReadAnsweredAtOnce,
        Situation::ReadByFollower,
        Situation::NodeRestarted,
    ] {
        assert!(reached.of(situation) > 0, "{situation} was not reached");
    }
}

#[test]
fn a_raft_in_c_passes_the_check_and_storms() {
    let module = module("c");
    let path = module.to_str().expect("a path in UTF-8");
    squall().args(["guest", "check", path]).assert().success().stdout(contains("is repeatable"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let words = ["fuzz", "--runs", "60", "--guest", path];
    squall().args(words).current_dir(&folder).assert().success();
}

/// The Rafts in Go take a compiler some seconds, so this runs with a release build, by `.ci/run`.
#[test]
#[ignore = "it compiles large modules, which takes a debug build minutes"]
fn rafts_in_go_pass_the_check_and_are_the_same_with_any_number_of_workers() {
    for (name, runs) in [("etcd", "40"), ("hashicorp", "12")] {
        let module = module(name);
        let path = module.to_str().expect("a path in UTF-8");
        squall().args(["guest", "check", path]).assert().success();
        let summed = |jobs: &str| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let out = folder.path().join("out");
            let words = ["fuzz", "--runs", runs, "--guest", path, "--jobs", jobs, "--out"];
            let _ = squall().args(words).arg(&out).current_dir(&folder).assert();
            let text = std::fs::read_to_string(out.join("campaign.json")).expect("it is there");
            let file: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            ["totals", "situations", "failures"].map(|key| file[key].clone())
        };
        assert_eq!(summed("1"), summed("2"), "{name}");
    }
}
