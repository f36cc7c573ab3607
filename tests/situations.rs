//! Situations are told from records alone; what a plan rules out is never told. These are the ones that are concluded rather than seen:
//! that a leader has leases, that a node keeps a promise, that a window was full, that a limit cut a message.

use squall::bugs::Bug;
use squall::config::Reads;
use squall::plan::{Plan, swarm};
use squall::sim::run;
use squall::situation::{Counts, Situation};
use squall::time::Span;

/// The highest limit that a plan may set.
const UNLIMITED: u32 = 65_536;

/// What so many storms reach, each changed in the same way.
fn reached(change: impl Fn(&mut Plan)) -> Counts {
    let mut counts = Counts::default();
    for seed in 1..=120 {
        let mut plan = swarm::draw(seed);
        plan.judge.clear();
        plan.events_max = plan.events_max.min(8_000);
        change(&mut plan);
        counts.merge(&run(&plan).situations);
    }
    counts
}

/// With the one change all of these are reached, and with the other none.
fn tells_apart(situations: &[Situation], with: impl Fn(&mut Plan), without: impl Fn(&mut Plan)) {
    let (with, without) = (reached(with), reached(without));
    for situation in situations {
        assert!(with.of(*situation) > 0, "{situation} is never reached");
        assert_eq!(without.of(*situation), 0, "{situation} is reached where it cannot be");
    }
}

#[test]
fn without_leases_no_lease_is_seen() {
    tells_apart(
        &[Situation::LeaseRead, Situation::LeaseLapsed, Situation::LeaseGivenUp],
        |plan| plan.raft.reads = Some(Reads::Lease),
        |plan| plan.raft.reads = Some(Reads::ReadIndex),
    );
}

#[test]
fn where_no_promise_is_kept_none_is_seen() {
    let leases = |plan: &mut Plan| plan.raft.reads = Some(Reads::Lease);
    tells_apart(
        &[Situation::VoteRefusedPromise, Situation::PromiseOutlivedRestart],
        leases,
        |plan| {
            leases(plan);
            plan.raft.bugs = vec![Bug::LeaseNotHonoured];
        },
    );
}

#[test]
fn a_window_that_is_never_full_holds_nothing_back() {
    tells_apart(
        &[Situation::WindowFull],
        |plan| plan.raft.appends_in_flight = Some(1),
        |plan| {
            plan.raft.appends_in_flight = Some(UNLIMITED);
            plan.raft.bytes_in_flight = None;
        },
    );
}

#[test]
fn a_message_without_a_limit_is_never_cut_short() {
    tells_apart(
        &[Situation::AppendCutShort],
        |plan| plan.raft.entries_per_append = Some(2),
        |plan| {
            plan.raft.entries_per_append = Some(UNLIMITED);
            plan.raft.bytes_per_append = None;
        },
    );
}

#[test]
fn a_leader_that_writes_before_it_sends_has_what_it_commits() {
    let parallel = |on: bool| move |plan: &mut Plan| plan.raft.parallel_append = Some(on);
    tells_apart(&[Situation::CommitBeforeOwnDisk], parallel(true), parallel(false));
}

#[test]
fn one_entry_at_a_time_is_no_pipeline() {
    tells_apart(
        &[Situation::AppendsPipelined],
        |plan| plan.raft.appends_in_flight = Some(8),
        |plan| plan.raft.bytes_in_flight = Some(1),
    );
}

#[test]
fn a_state_machine_that_lags_is_seen() {
    let lagging = reached(|plan| plan.cluster.apply_delay = Span::millis(50));
    assert!(lagging.of(Situation::ApplyBehindCommit) > 1_000);
}
