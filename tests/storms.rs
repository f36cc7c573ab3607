//! The correct Raft in random storms: no violation, and real progress.

use squall::plan::swarm::{Config, draw_with};
use squall::sim::run;
use squall::situation::{Counts, Situation};

/// Each size has a test of its own, and these run beside each other. `.ci/run` makes ten thousand more with a release build, which is
/// several times as fast.
fn storms(nodes: u8, seeds: std::ops::Range<u64>) {
    let config = Config::default().with_nodes(nodes);
    let mut counts = Counts::default();
    for seed in seeds {
        let outcome = run(&draw_with(seed, &config));
        assert_eq!(outcome.violation, None, "squall run --seed {seed} --nodes {nodes}");
        counts.merge(&outcome.situations);
    }
    for situation in [
        Situation::LeaderElected,
        Situation::SplitVoteResolved,
        Situation::LeaderDeposedUncommitted,
        Situation::CommitAdvanced,
        Situation::CommitCarriesOlder,
        Situation::ConflictingSuffixTruncated,
        Situation::ForwardAnswered,
        Situation::RestartRecoveredLog,
        Situation::VoteAfterRestart,
        Situation::WriteTorn,
    ] {
        assert!(counts.of(situation) > 0, "{situation} was never reached with {nodes} nodes");
    }
    let missed: Vec<&str> = counts.missed().map(Situation::name).collect();
    println!("{nodes} nodes: never reached: {missed:?}");
}

#[test]
fn three_nodes_survive_six_hundred_storms() {
    storms(3, 1_000_000..1_000_600);
}

#[test]
fn five_nodes_survive_six_hundred_storms() {
    storms(5, 2_000_000..2_000_600);
}

#[test]
fn seven_nodes_survive_three_hundred_storms() {
    storms(7, 3_000_000..3_000_300);
}
