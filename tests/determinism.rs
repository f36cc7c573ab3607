//! The same plan gives the same run: twice in one process, on other threads, in debug and release builds, today and tomorrow.
//!
//! `.ci/run` runs the golden test a second time with `SQUALL_BIN` set to a release build.

use std::process::Command;

use squall::plan::swarm;
use squall::sim::{BuiltIn, Options, Runner, run};

/// Seeds and the digests of their runs. A change that shifts one says so in its commit, and why.
const GOLDEN: &str = include_str!("golden.txt");

fn golden() -> Vec<(u64, String)> {
    let rows = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let (seed, digest) = line.split_once(' ').expect("a seed and a digest");
        (seed.parse().expect("a seed"), digest.to_owned())
    })
    .collect()
}

#[test]
fn golden_digests_hold_in_this_build() {
    let found: Vec<(u64, String)> = golden()
        .iter()
        .map(|(seed, _)| (*seed, run(&swarm::draw(*seed)).digest.to_string()))
        .collect();
    let text: String = found.iter().map(|(seed, digest)| format!("{seed} {digest}\n")).collect();
    assert_eq!(found, golden(), "the runs are now:\n{text}");
}

#[test]
fn golden_digests_hold_in_the_binary() {
    let built_here = env!("CARGO_BIN_EXE_squall").to_owned();
    let binary = std::env::var("SQUALL_BIN").unwrap_or(built_here);
    for (seed, digest) in golden() {
        let output = Command::new(&binary)
            .args(["run", "--json", "--seed", &seed.to_string()])
            .output()
            .expect("the binary runs");
        let json: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("the output is JSON");
        assert_eq!(json["runs"][0]["digest"], digest, "seed {seed} in {binary}");
    }
}

#[test]
fn a_run_is_the_same_twice_and_on_other_threads() {
    let seeds = 100..140;
    let here: Vec<_> = seeds.clone().map(|seed| run(&swarm::draw(seed))).collect();
    let again: Vec<_> = seeds.clone().map(|seed| run(&swarm::draw(seed))).collect();
    assert_eq!(here, again);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let seeds = seeds.clone().filter(move |seed| seed % 4 == thread);
            std::thread::spawn(move || {
                seeds.map(|seed| run(&swarm::draw(seed))).collect::<Vec<_>>()
            })
        })
        .collect();
    let elsewhere: Vec<_> =
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    for (place, outcome) in here.iter().enumerate() {
        let (thread, turn) = (place % 4, place / 4);
        assert_eq!(*outcome, elsewhere[thread][turn]);
    }
}

#[test]
fn watching_a_run_does_not_change_it() {
    for seed in 0..20 {
        let plan = swarm::draw(seed);
        let mut records = 0;
        let mut sink = |_: &squall::record::Record| records += 1;
        let watched =
            BuiltIn::new().run(&plan, Options { sink: Some(&mut sink), ..Options::default() });
        assert_eq!(watched, run(&plan));
        assert_eq!(watched.counters.records, records);
    }
}

#[test]
fn a_concrete_plan_is_the_same_run() {
    for seed in 0..50 {
        let plan = swarm::draw(seed);
        assert_eq!(run(&plan), run(&plan.clone().concrete()));
    }
}

#[test]
fn another_seed_is_another_run() {
    let mut digests: Vec<String> =
        (0..100).map(|seed| run(&swarm::draw(seed)).digest.to_string()).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 100);
}
