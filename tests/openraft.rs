//! openraft as a guest: each feature in a story of its own, storms that are clean, and what is known to break it.

use squall::harness::Test;
use squall::ids::NodeId;
use squall::node::Role;
use squall::plan::swarm::{self, draw_with};
use squall::plan::{Plan, files, scenario};
use squall::property::Property;
use squall::record::Kind;
use squall::report::twice::twice;
use squall::sim::runner::adopt;
use squall::sim::shipped::openraft;
use squall::sim::{Run, Runner};
use squall::situation::Situation;

/// A cluster of three in which n1 is elected first, after 1.1 s and up to two ticks, with nobody asking for anything.
const STILL: &str = r#"
seed = 1
horizon = "6s"
network = { latency = "1ms" }
clients = { count = 0 }
raft = { election_timeout = "1s..2s", heartbeat_interval = "100ms", RAFT }
nodes = [
    { id = 1, election_timeouts = ["1.1s"] },
    { id = 2, election_timeouts = ["1.8s"] },
    { id = 3, election_timeouts = ["1.9s"] },
]
[cluster]
nodes = 3
"#;

/// A story told with the options of `[raft]` and what comes behind: all that was reached, and no violation.
fn story(raft: &str, rest: &str, reached: &[Situation]) {
    let text = format!("{}{rest}", STILL.replace("RAFT", raft));
    for completion in ["in-order", "newest-first"] {
        let mut plan = scenario::from_toml(&text).expect("it is a scenario");
        plan.guest.options.insert("completion".into(), completion.into());
        let guest = openraft();
        adopt(&guest, &mut plan).expect("it asks for nothing that openraft lacks");
        let run = Run::new(&guest, plan);
        let outcome = run.outcome();
        assert_eq!(outcome.violation, None, "{completion}: {text}");
        for situation in reached {
            let count = outcome.situations.of(*situation);
            assert!(count > 0, "{completion}: {situation} was not reached: {text}");
        }
    }
}

/// A request to a node.
fn asks(at: &str, to: u8, command: &str) -> String {
    format!("[[requests]]\nat = \"{at}\"\nto = {to}\ncommand = {{ {command} }}\nattempts = 1\n")
}

const PUT: &str = "put = { key = 1, value = 1 }";
const GET: &str = "get = { key = 1 }";

#[test]
fn a_scenario_fixes_who_is_elected_and_when() {
    let mut plan = scenario::from_toml(&STILL.replace("RAFT", "")).expect("it is a scenario");
    let guest = openraft();
    adopt(&guest, &mut plan).expect("it is for any Raft");
    let mut elected = Vec::new();
    Run::new(&guest, plan).follow(&mut |record| {
        if let Kind::Role { role: Role::Leader, .. } = record.kind {
            elected.push((record.node.map(NodeId::number), record.time.0 / 1_000_000));
        }
    });
    assert_eq!(elected.len(), 1, "{elected:?}");
    let (node, millis) = elected[0];
    assert_eq!(node, Some(1));
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
    let text = STILL.replace("RAFT", "").replace("nodes = 3", "nodes = 4\nmembers = [1, 2, 3]");
    let changes = "[[faults]]\nat = \"2s\"\nchange = { add_learner = 4 }\n\
        [[faults]]\nat = \"2.5s\"\nchange = { promote = 4 }\n\
        [[faults]]\nat = \"3s\"\nchange = { remove = 2 }\n\
        [[faults]]\nat = \"3.5s\"\nchange = { remove = 1 }\n";
    let mut plan = scenario::from_toml(&(text + changes)).expect("it is a scenario");
    let guest = openraft();
    adopt(&guest, &mut plan).expect("it asks for nothing that openraft lacks");
    let run = Run::new(&guest, plan);
    let outcome = run.outcome();
    assert_eq!(outcome.violation, None);
    for situation in [Situation::MembersChanged, Situation::JointEntered, Situation::JointLeft] {
        assert!(outcome.situations.of(situation) > 0, "{situation} was not reached");
    }
}

/// A random plan of a seed for openraft, with what the library says of its own options.
fn drawn(seed: u64) -> Plan {
    let guest = openraft();
    let mut plan = draw_with(seed, &swarm::Config::default());
    plan.restrict(guest.guest());
    plan.draw_guest_options(guest.guest_options());
    plan
}

#[test]
fn the_same_plan_gives_the_same_run() {
    let guest = openraft();
    for seed in 1..=40 {
        assert!(twice(&guest, &drawn(seed)).is_none(), "seed {seed}");
    }
}

/// Its executor belongs to a thread, and its nodes to a run: runs beside each other do not mix.
#[test]
fn runs_in_several_threads_do_not_mix() {
    let digest = |seed| {
        let guest = openraft();
        Run::new(&guest, drawn(seed)).outcome().digest
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
            let is_drawn = |seed| drawn(seed).guest.options[&option.name] == **value;
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
    let mut shown = 0;
    for path in files::find(&["scenarios/real".into()]).expect("there are scenarios") {
        let mut plan = files::read(&path).expect("it is a scenario");
        let guest = openraft();
        if plan.guest.name != guest.guest().name {
            continue;
        }
        adopt(&guest, &mut plan).expect("it is for openraft");
        let violation = Run::new(&guest, plan.clone()).outcome().violation.clone();
        let found = violation.map(|violation| violation.property);
        assert_eq!(found, plan.expect.violation, "{}", path.display());
        shown += 1;
    }
    assert!(shown >= 1, "only {shown} scenarios");
}
