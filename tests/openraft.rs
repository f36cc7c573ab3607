//! openraft as a guest: each feature in a story of its own, storms that are clean, and what is known to break it.

use squall::harness::Test;
use squall::plan::swarm;
use squall::property::Property;
use squall::report::twice::twice;
use squall::sim::shipped::openraft;
use squall::sim::{Run, Runner};
use squall::situation::Situation;

use crate::guest_stories::{
    GET, PUT, asks, drawn, known_bugs, millis_to_n1, still, tell, tell_with,
};

/// A story told with the options of `[raft]` and what comes behind: all that was reached, and no violation.
fn story(raft: &str, rest: &str, reached: &[Situation]) {
    let text = still("6s", raft) + rest;
    tell_with(&openraft(), ("completion", ["in-order", "newest-first"]), &text, reached);
}

#[test]
fn a_scenario_fixes_who_is_elected_and_when() {
    let millis = millis_to_n1(&openraft(), "6s");
    assert!((1_100..1_150).contains(&millis), "elected at {millis} ms");
}

#[test]
fn a_leader_answers_and_a_follower_names_it() {
    let rest = asks("2s", 1, PUT) + &asks("2.5s", 1, GET) + &asks("3s", 2, PUT);
    story("", &rest, &[Situation::RequestAnswered, Situation::RequestRefused]);
}

#[test]
fn a_pre_vote_comes_before_a_vote() {
    story("pre_vote = true", "", &[Situation::PreVoteWon, Situation::LeaderElected]);
}

#[test]
fn the_lead_is_handed_over() {
    let rest = "[[faults]]\nat = \"2s\"\ntransfer = { to = 3 }\n";
    story("", rest, &[Situation::TransferBegun, Situation::LeaderDeposed]);
}

#[test]
fn reads_take_no_entry() {
    let rest = asks("2s", 1, PUT) + &asks("2.5s", 1, GET);
    story("reads = \"read-index\"", &rest, &[Situation::RequestAnswered]);
    story("reads = \"lease\"", &rest, &[Situation::RequestAnswered]);
}

#[test]
fn a_node_comes_back_with_what_its_disk_has() {
    let rest = asks("2s", 1, PUT)
        + "[[faults]]\nat = \"2.5s\"\ncrash = { target = 1, for = \"200ms\" }\n"
        + &asks("5.5s", 2, GET);
    story("", &rest, &[Situation::RestartRecoveredLog, Situation::LeaderCrashed]);
}

#[test]
fn who_was_down_for_long_is_sent_a_snapshot() {
    let mut rest =
        String::from("[[faults]]\nat = \"1.5s\"\ncrash = { target = 3, for = \"2s\" }\n");
    for request in 0..40 {
        rest += &asks(&format!("{}ms", 1_600 + 25 * request), 1, PUT);
    }
    let options = "snapshot_every = 10, snapshot_trailing = 2";
    story(options, &rest, &[Situation::SnapshotInstalled, Situation::CompactedPastFollower]);
}

#[test]
fn members_change_by_joint_consensus() {
    let text = still("6s", "").replace("nodes = 3", "nodes = 4\nmembers = [1, 2, 3]");
    let changes = "[[faults]]\nat = \"2s\"\nchange = { add_learner = 4 }\n\
        [[faults]]\nat = \"2.5s\"\nchange = { promote = 4 }\n\
        [[faults]]\nat = \"3s\"\nchange = { remove = 2 }\n\
        [[faults]]\nat = \"3.5s\"\nchange = { remove = 1 }\n";
    let reached = [Situation::MembersChanged, Situation::JointEntered, Situation::JointLeft];
    tell(&openraft(), &(text + changes), &reached);
}

#[test]
fn the_same_plan_gives_the_same_run() {
    let guest = openraft();
    for seed in 1..=40 {
        assert!(twice(&guest, &drawn(&guest, seed)).is_none(), "seed {seed}");
    }
}

/// Its executor belongs to a thread, and its nodes to a run: runs beside each other do not mix.
#[test]
fn runs_in_several_threads_do_not_mix() {
    let digest = |seed| {
        let guest = openraft();
        Run::new(&guest, drawn(&guest, seed)).outcome().digest
    };
    let alone: Vec<_> = (1..=8).map(digest).collect();
    let beside = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=8).map(|seed| scope.spawn(move || digest(seed))).collect();
        threads.into_iter().map(|it| it.join().expect("it ends")).collect::<Vec<_>>()
    });
    assert_eq!(alone, beside);
}

#[test]
fn random_plans_draw_every_value_of_every_option() {
    let guest = openraft();
    for option in guest.guest_options() {
        for value in &option.values {
            let is_drawn = |seed| drawn(&guest, seed).guest.options[&option.name] == **value;
            assert!((1..100).any(is_drawn), "{} = {value}", option.name);
        }
    }
}

/// Without the library's assertion that is known to fail: it is one of `contract`.
#[test]
fn storms_are_clean_without_its_known_bug() {
    let judge: Vec<Property> =
        Property::ALL.iter().copied().filter(|it| *it != Property::Contract).collect();
    let swarm = swarm::Config { judge, ..swarm::Config::default() };
    let report = Test::of(openraft()).swarm(swarm).seeds(1..201).without_regressions().run();
    assert!(report.failure.is_none(), "{report}");
}

/// The scenarios that show what is known of the newest version.
#[test]
fn its_known_bugs_are_found_again() {
    let shown = known_bugs(&openraft());
    assert!(shown >= 1, "only {shown} scenarios");
}
