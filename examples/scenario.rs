//! A scenario of one's own, run from a program or a test, with what must come of it.
//!
//! ```text
//! cargo run --example scenario
//! ```

use std::process::ExitCode;

use squall::plan::scenario;
use squall::report::expectations::{self, Verdict};
use squall::report::text;
use squall::sim::{BuiltIn, Run};
use squall::situation::Situation;

/// One story: what is left out has a default. `std::fs::read_to_string` reads it from a file as well.
const STORY: &str = r#"
title = "The leader crashes before anyone has its entry"
horizon = "5s"

[cluster]
nodes = 3

[network]
latency = "uniform 1ms..5ms"

[[faults]]
on = { situation = "leader-appended", nth = 10 }
crash = { target = "trigger", for = "1s" }

[expect]
leaders_min = 2
situations = ["leader-crashed-before-replication"]
"#;

fn main() -> ExitCode {
    // A mistake in the text is told with its place.
    let plan = scenario::from_toml(STORY).expect("the scenario is right");
    // Here stands your own Raft: `Nodes::new("mine", |setup| MyRaft::new(setup))`.
    let raft = BuiltIn::new();
    let run = Run::new(&raft, plan);
    let outcome = run.outcome();

    // What a test would assert.
    assert_eq!(outcome.violation, None);
    assert!(outcome.counters.leaders >= 2, "the others elect a leader");
    assert!(outcome.situations.of(Situation::LeaderCrashedBeforeReplication) > 0);
    // The same plan is the same run, on every machine.
    assert_eq!(run.again(squall::sim::Options::default()).digest, outcome.digest);

    // The promises of the scenario itself, as `squall run` holds it to them.
    let verdict = expectations::judge(run.plan(), outcome, false);
    println!("{}: {verdict:?}", run.plan().title);
    println!("{}", text::counters(outcome));
    for (_, line) in text::lines(&run, |number| number <= 10) {
        println!("{line}");
    }
    if verdict == Verdict::Kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
