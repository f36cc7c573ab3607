//! A campaign of one's own: what random plans are drawn from, and plans that are made by hand.
//!
//! ```text
//! cargo run --example campaign
//! SQUALL_RUNS=10000 cargo run --example campaign
//! SQUALL_SEED=17 cargo run --example campaign    # one run, written to target/squall as a page and a trace
//! ```

use std::process::ExitCode;

use squall::harness::Report;
use squall::plan::{Plan, Profile, scenario, swarm};
use squall::raft::Raft;
use squall::sim::Nodes;

/// Random plans, but for clusters of three or five with the timings of etcd, whose members stay the same.
fn storms() -> Report {
    let swarm = swarm::Config { nodes: vec![3, 5], changes: 0, ..swarm::Config::default() };
    // Here stands your own Raft: `squall::test(|setup| MyRaft::new(setup))`.
    squall::test(Raft::of).name("storms").swarm(swarm).profile(Profile::Etcd).seeds(0..200).run()
}

/// Plans by hand: the leader crashes again and again, at times that the seed decides.
fn one_leader_after_the_other(seed: u64) -> Plan {
    let mut text = format!(
        "title = \"One leader after the other, {seed}\"\nseed = {seed}\nhorizon = \"10s\"\ncluster = {{ nodes = 5 }}\n"
    );
    for time in 1..=4 {
        let at = time * 2_000 + seed * 37 % 500;
        text += &format!("[[faults]]\nat = \"{at}ms\"\n");
        text += "crash = { target = \"leader\", for = \"700ms\" }\n";
    }
    scenario::from_toml(&text).expect("the plan is right")
}

fn main() -> ExitCode {
    let by_hand = squall::harness::Test::of(Nodes::new("raft-by-hand", Raft::of))
        .plans(one_leader_after_the_other)
        .seeds(0..100)
        .run();
    let mut code = ExitCode::SUCCESS;
    for report in [storms(), by_hand] {
        // What `check()` would panic with; here it is shown, and the campaign goes on.
        println!("{report}");
        if report.failure.is_some() {
            code = ExitCode::FAILURE;
        }
    }
    code
}
