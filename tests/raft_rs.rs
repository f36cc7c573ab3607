//! tikv's Raft as a guest: each feature in a story of its own, storms that are clean without its known bugs, and these bugs.

use squall::guest::Feature;
use squall::harness::Test;
use squall::plan::swarm::{self, draw_with};
use squall::property::Property;
use squall::report::twice::twice;
use squall::sim::shipped::raft_rs;
use squall::sim::{Run, Runner};
use squall::situation::Situation;

use crate::guest_stories::{GET, PUT, asks, drawn, known_bugs, millis_to_n1, still, tell_with};

/// A story told with the options of `[raft]` and what comes behind: all that was reached, and no violation.
fn story(raft: &str, rest: &str, reached: &[Situation]) {
    let text = still("4s", raft) + rest;
    tell_with(&raft_rs(), ("persistence", ["async", "in-order"]), &text, reached);
}

#[test]
fn a_scenario_fixes_who_is_elected_and_when() {
    let millis = millis_to_n1(&raft_rs(), "4s");
    assert!((1_100..1_120).contains(&millis), "elected at {millis} ms");
}

#[test]
fn a_follower_hands_requests_on_and_answers_them() {
    let rest = asks("2s", 2, PUT) + &asks("2.5s", 3, GET);
    let reached = [Situation::RequestForwarded, Situation::RequestAnswered];
    story("", &rest, &reached);
}

#[test]
fn who_knows_no_leader_refuses() {
    story("", &asks("500ms", 2, PUT), &[Situation::RequestRefused]);
}

#[test]
fn a_pre_vote_comes_before_a_vote() {
    story("pre_vote = true", "", &[Situation::PreVoteWon, Situation::LeaderElected]);
}

#[test]
fn the_lead_is_handed_over() {
    let rest = "[[faults]]\nat = \"2s\"\ntransfer = { to = 3 }\n";
    story("", rest, &[Situation::TransferCompleted]);
}

#[test]
fn a_leader_that_hears_nobody_steps_down() {
    let rest = "[[faults]]\nat = \"1.5s\"\nisolate = { target = 1 }\n";
    story("check_quorum = true", rest, &[Situation::LeaderElected]);
}

#[test]
fn reads_take_no_entry() {
    let rest = asks("2s", 1, PUT) + &asks("2.5s", 1, GET) + &asks("2.5s", 2, GET);
    let options = "reads = \"read-index\", follower_reads = true";
    story(options, &rest, &[Situation::ReadRoundBegun, Situation::ReadByFollower]);
    story("reads = \"lease\"", &(asks("2s", 1, PUT) + &asks("2.5s", 1, GET)), &[]);
}

#[test]
fn who_was_down_for_long_is_sent_a_snapshot() {
    let mut rest =
        String::from("[[faults]]\nat = \"1.5s\"\ncrash = { target = 3, for = \"1s\" }\n");
    for request in 0..40 {
        rest += &asks(&format!("{}ms", 1_600 + 10 * request), 1, PUT);
    }
    let options = "snapshot_every = 10, snapshot_trailing = 2";
    story(options, &rest, &[Situation::SnapshotInstalled, Situation::CompactedPastFollower]);
}

#[test]
fn the_same_plan_gives_the_same_run() {
    let guest = raft_rs();
    for seed in 1..=40 {
        assert!(twice(&guest, &drawn(&guest, seed)).is_none(), "seed {seed}");
    }
}

#[test]
fn random_plans_draw_every_value_of_every_option() {
    let guest = raft_rs();
    for option in guest.guest_options() {
        for value in option.values.iter().filter(|_| option.drawn) {
            let is_drawn = |seed| drawn(&guest, seed).guest.options[&option.name] == **value;
            assert!((1..100).any(is_drawn), "{} = {value}", option.name);
        }
    }
}

/// Without what is known to break it: merged appends, reads under a lease, and priorities, with which nobody may be elected for ever.
#[test]
fn storms_are_clean_without_its_known_bugs() {
    let swarm = swarm::Config { priorities: 0, ..swarm::Config::default() };
    let report = Test::of(raft_rs().lacking(Feature::LeaseReads))
        .option("batch_append", "off")
        .swarm(swarm)
        .seeds(1..251)
        .without_regressions()
        .run();
    assert!(report.failure.is_none(), "{report}");
}

/// It goes by a configuration when it is applied, and oracles go by that.
#[test]
fn storms_that_change_the_members_are_clean() {
    let swarm = swarm::Config { changes: 100, priorities: 0, ..swarm::Config::default() };
    let report = Test::of(raft_rs().lacking(Feature::LeaseReads))
        .option("batch_append", "off")
        .swarm(swarm)
        .seeds(1..151)
        .without_regressions()
        .run();
    assert!(report.failure.is_none(), "{report}");
    let missed: Vec<Situation> = report.summary.missed().collect();
    for situation in [Situation::MembersChanged, Situation::JointEntered, Situation::JointLeft] {
        assert!(!missed.contains(&situation), "{situation} was not reached");
    }
}

/// The scenarios that show the bugs of raft-rs 0.7.0.
#[test]
fn its_known_bugs_are_found_again() {
    let shown = known_bugs(&raft_rs());
    assert!(shown >= 2, "only {shown} scenarios");
}

/// What a host need not wait for, by the library's word, is nothing that others rest on: 0.7.0 has mended what old versions had.
#[test]
fn a_host_may_wait_for_what_must_be_synced_alone() {
    let guest = raft_rs();
    for seed in 1..=30 {
        let mut plan = draw_with(seed, &swarm::Config::default());
        plan.restrict(guest.guest());
        for (option, value) in [("sync", "must-sync"), ("batch_append", "off")] {
            plan.guest.options.insert(option.into(), value.into());
        }
        plan.draw_guest_options(guest.guest_options());
        plan.judge.retain(|property| *property != Property::Linearizability);
        assert_eq!(Run::new(&guest, plan).outcome().violation, None, "seed {seed}");
    }
}
