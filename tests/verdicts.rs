//! What a verdict is worth: inputs of incidents that were replayed, each with what a run of it has to say.

use squall::oracle::Why;
use squall::plan::{Plan, scenario::from_toml, swarm};
use squall::property::Property;
use squall::report::expectations::{Verdict, judge};
use squall::report::not_happened::not_happened;
use squall::report::text;
use squall::sim::{Outcome, run};
use squall::situation::Situation;

fn plan(text: &str) -> Plan {
    from_toml(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn ran(text: &str) -> (Plan, Outcome) {
    let plan = plan(text);
    let outcome = run(&plan);
    (plan, outcome)
}

fn verdict(text: &str) -> Verdict {
    let (plan, outcome) = ran(text);
    judge(&plan, &outcome, false)
}

const WIPED: &str = r#"
horizon = "20s"
[cluster]
nodes = 3
[[faults]]
at = "10s"
crash = { target = "everyone", for = "1s", wipe = true }
"#;

/// All disks are wiped and everything is lost: no property is broken by anybody, and the verdict says what it did not judge, and until
/// when.
#[test]
fn what_a_destroyed_disk_takes_away_is_said() {
    let (plan, outcome) = ran(WIPED);
    assert_eq!(judge(&plan, &outcome, false), Verdict::Kept);
    let lines = text::not_judged(&plan, &outcome);
    let said = |words: &str| assert!(lines.iter().any(|line| line.contains(words)), "{lines:#?}");
    said(
        "from 10.000000 s on log-matching, linearizability, exactly-once, snapshot and configuration are not judged",
    );
    said(
        "from 10.000000 s on leader-completeness, state-machine-safety, durability and safe-commit are not judged",
    );
    said("election-safety is not judged in terms up to 2: votes were destroyed");
    assert!(text::judged(&plan, &outcome).ends_with(", but"));
    let (plan, outcome) = ran(&format!("expect = {{ violation = \"linearizability\" }}\n{WIPED}"));
    let Verdict::Broken(unmet) = judge(&plan, &outcome, false) else { panic!("{outcome:?}") };
    let expected = "linearizability was expected to be violated, but was not; from 10.000000 s on log-matching";
    assert!(unmet[0].starts_with(expected), "{unmet:?}");
}

/// What rests on entries is judged again once a later leader has committed one: a bug that shows then is found, and the correct Raft is
/// not accused.
#[test]
fn after_a_wipe_is_judged_what_can_be() {
    let text = |seed: u64, bugs: &str| {
        format!(
            "seed = {seed}\nhorizon = \"20s\"\njudge = [\"election-safety\", \"durability\"]\n[cluster]\nnodes = 3\n{bugs}\n\
             [[faults]]\nat = \"5s\"\ncrash = {{ target = \"anyone\", for = \"1s\", wipe = true }}\n\
             [[faults]]\nat = \"8s\"\ncrash = {{ target = \"leader\", for = \"1s\" }}\n\
             [[faults]]\nat = \"14s\"\nisolate = {{ target = \"leader\", for = \"2s\" }}\n"
        )
    };
    let (plan, outcome) = ran(&text(1, ""));
    assert_eq!(judge(&plan, &outcome, false), Verdict::Kept);
    let until: Vec<_> = outcome.gaps.iter().filter_map(|gap| gap.until).collect();
    assert!(matches!(until[..], [time] if time.0 > 8_000_000_000), "{:?}", outcome.gaps);
    let found = (0..30).any(|seed| {
        let (_, outcome) = ran(&text(seed, "[raft]\nbugs = [\"ack-before-fsync\"]"));
        outcome.violation.as_ref().is_some_and(|it| it.time.0 > 8_000_000_000)
    });
    assert!(found);
}

/// A promise that was suspended is not kept: the run says what was not judged.
#[test]
fn a_violation_that_was_not_judged_is_not_promised() {
    let text = format!("{WIPED}[expect]\nviolation = \"durability\"\n");
    assert!(matches!(verdict(&text), Verdict::Broken(_)));
}

/// The horizon that squall proposes for liveness is enough for a verdict, and an earlier end is no `ok`.
#[test]
fn liveness_that_is_not_decided_is_undecided() {
    let text = |horizon: &str| {
        format!(
            "horizon = \"{horizon}\"\n[cluster]\nnodes = 3\nprofile = \"consul\"\n[raft]\nbugs = [\"backoff-livelock\"]\n\
             [[nodes]]\nid = 1\nelection_timeouts = [\"1s\"]\n[liveness]\nfrom = \"20s\"\n"
        )
    };
    let Verdict::Undecided(lines) = verdict(&text("63.98s")) else { panic!("it is decided") };
    assert!(lines[0].contains("liveness is undecided"), "{lines:?}");
    let enough = lines[0].split('"').nth(1).expect("a horizon is proposed");
    assert_eq!(verdict(&text(enough)), Verdict::Violated(Property::Liveness));
    let problem = from_toml(&text("30s")).expect_err("it is too short");
    let proposed = format!("{problem:?}");
    let proposed = proposed.split("horizon = \\\"").nth(1).and_then(|it| it.split('\\').next());
    let proposed = proposed.expect("a horizon is proposed");
    assert_eq!(verdict(&text(proposed)), Verdict::Violated(Property::Liveness), "{proposed}");
}

#[test]
fn a_limit_that_comes_first_leaves_a_run_undecided() {
    let Verdict::Undecided(lines) = verdict("horizon = \"20s\"\nevents_max = 50\n") else {
        panic!("it is decided")
    };
    assert!(lines[0].contains("the run came to its limit of 50 events"), "{lines:?}");
}

/// A try that was refused as it came has failed for good, so that a value read later is stale.
#[test]
fn a_refused_try_takes_no_effect_later() {
    let (_, outcome) = ran(r#"
horizon = "3s"
judge = ["linearizability"]
pins = [{ link = [1, 3], sent = "1.5024s", arrives = [] }]
[cluster]
nodes = 3
profile = "etcd"
[raft]
bugs = ["follower-read-unapplied"]
[clients]
count = 0
[[nodes]]
id = 1
election_timeouts = ["1s"]
[[requests]]
at = "990ms"
to = 2
command = { put = { key = 1, value = 288 } }
[[requests]]
at = "1.5s"
to = 1
command = { put = { key = 1, value = 743 } }
[[requests]]
at = "1.51s"
to = 3
command = { get = { key = 1 } }
"#);
    let violation = outcome.violation.expect("the read is stale");
    assert_eq!(violation.property, Property::Linearizability);
    assert!(violation.sentence.contains("c3.1 read 288 from key 1"), "{}", violation.sentence);
    assert_eq!(violation.history.len(), 3, "{:#?}", violation.history);
}

/// A plain stale read is proved by three operations, however much goes on beside it.
#[test]
fn three_operations_prove_a_stale_read() {
    for clients in ["count = 2", "count = 2\nstart = \"1s\"", "count = 6\nstart = \"1s\""] {
        let (_, outcome) = ran(&format!(
            r#"
horizon = "10s"
judge = ["linearizability"]
[cluster]
nodes = 3
[raft]
reads = "read-index"
bugs = ["local-read"]
[clients]
{clients}
keys = 1
ask = "same-node"
mix = {{ get = 0, put = 1, append = 0, delete = 0, compare_and_set = 0 }}
[[nodes]]
id = 1
election_timeouts = ["150ms"]
[[faults]]
at = "2s"
isolate = {{ target = 1 }}
[[requests]]
at = "9s"
to = 1
attempts = 1
command = {{ get = {{ key = 0 }} }}
"#
        ));
        let violation = outcome.violation.expect("the read is stale");
        assert_eq!(violation.history.len(), 3, "{:#?}", violation.history);
        assert!(violation.sentence.contains("the read began at 9.000000 s"));
    }
}

/// Commits are counted in the second life of a cluster, too.
#[test]
fn the_counter_of_commits_goes_on() {
    let text = r#"
horizon = "30s"
[cluster]
nodes = 3
profile = "etcd"
[[faults]]
at = "10s"
crash = { target = "everyone", for = "1s", wipe = true }
[expect]
commits_min = 700
"#;
    assert_eq!(verdict(text), Verdict::Kept);
}

/// A situation is what its name says: what all disks lost has not survived, and what a session knows takes effect once.
#[test]
fn a_situation_is_what_its_name_says() {
    let (_, outcome) = ran(WIPED);
    assert!(outcome.situations.of(Situation::LeaderElected) > 1);
    assert_eq!(outcome.situations.of(Situation::CommitSurvivedCrashOfAll), 0);
    assert_eq!(outcome.situations.of(Situation::CommitSurvivedLeaderCrash), 0);
    let (_, outcome) = ran(&WIPED.replace(", wipe = true", ""));
    assert!(outcome.situations.of(Situation::CommitSurvivedCrashOfAll) > 0);
    let twice = |sessions: &str| {
        let text = format!(
            "horizon = \"20s\"\n[cluster]\nnodes = 3\n[network]\nloss = \"20%\"\n[clients]\ncount = 5\n{sessions}\n"
        );
        let (_, outcome) = ran(&text);
        let known = outcome.situations.of(Situation::DuplicateKnownBySession);
        (outcome.situations.of(Situation::RequestAppliedTwice) > 0, known > 0)
    };
    assert_eq!((twice("sessions = 10"), twice("")), ((false, true), (true, false)));
}

/// What is not decided has a reason that campaigns count.
#[test]
fn reasons_are_counted() {
    let (_, outcome) = ran("horizon = \"20s\"\nevents_max = 50\n");
    let counts = squall::oracle::gap::GapCounts::of(&outcome.gaps);
    assert_eq!((counts.undecided, counts.events, counts.horizon), (1, 1, 0));
    assert!(outcome.gaps.iter().all(|gap| matches!(gap.why, Why::Events { max: 50 })));
}

const GROWN: &str = r#"
horizon = "90s"
[cluster]
nodes = 4
members = [1, 2, 3]
profile = "etcd"
[[nodes]]
id = 1
election_timeouts = ["1s"]
"#;

/// A core that is named is who the plan names, and nobody else is started. Whether it is a majority shows when faults end.
#[test]
fn a_core_that_is_no_majority_any_more_is_not_judged() {
    let (plan, outcome) = ran(&format!(
        "{GROWN}[[faults]]\nat = \"2s\"\nchange = {{ add = 4 }}\n[[faults]]\nat = \"3s\"\ncrash = {{ target = [3, 4] }}\n\
         [liveness]\nfrom = \"4s\"\ncore = [1, 2]\noutside = \"down\"\n"
    ));
    let Verdict::Undecided(lines) = judge(&plan, &outcome, false) else { panic!("{outcome:?}") };
    assert!(lines[0].contains("no majority of the 4 voters"), "{lines:?}");
    assert_eq!(
        text::core(&outcome).as_deref(),
        Some("the core, which must come back to life: n1, n2")
    );
}

/// The members that are left are a core, though they are fewer than a majority of those with whom the cluster began.
#[test]
fn a_core_is_judged_by_the_members_of_its_time() {
    let verdict = verdict(&format!(
        "{GROWN}[raft]\nvote_lease = true\n[[faults]]\nat = \"2s\"\nchange = {{ add = 4 }}\n\
         [[faults]]\nat = \"4s\"\nchange = {{ remove = 2 }}\n[[faults]]\nat = \"6s\"\nchange = {{ remove = 1 }}\n\
         [liveness]\nfrom = \"10s\"\ncore = [3, 4]\noutside = \"down\"\n"
    ));
    assert_eq!(verdict, Verdict::Kept);
}

/// What a plan asked for and did not happen is told.
#[test]
fn a_fault_that_did_nothing_is_told() {
    let (plan, outcome) = ran(&format!(
        "{}{}",
        GROWN.replace("90s", "15s"),
        "[raft]\nstrict_change = false\n[[faults]]\nat = \"0s\"\ncrash = { target = [3, 4] }\n[[faults]]\nat = \"5s\"\nchange = { add = 4 }\n\
         [[faults]]\nat = \"5500ms\"\nchange = { remove = 4 }\n\
         [[faults]]\non = { situation = \"snapshot-installed\" }\ncrash = { target = \"trigger\" }\n\
         [[faults]]\nat = \"7s\"\npause = { target = \"candidate\" }\n"
    ));
    assert_eq!(
        not_happened(&plan, &outcome),
        [
            "fault 3 (change) was ignored by n1: the change before is not committed",
            "fault 4 (crash) never struck: `snapshot-installed` did not occur as it waits for it",
            "fault 5 (pause) found nobody to strike: candidate",
        ]
    );
}

/// What is taken off the queue without being an event counts, too: a partition that flaps for ever ends the run.
#[test]
fn turns_without_events_end_a_run() {
    let (plan, outcome) = ran(
        "horizon = \"1000000s\"\nevents_max = 20000\ncluster = { nodes = 2 }\nclients = { count = 0 }\n\
         raft = { election_timeout = \"1000000s\" }\n\
         [[faults]]\nat = \"0s\"\nisolate = { target = 1, flapping = \"100us\" }\n",
    );
    assert!(matches!(judge(&plan, &outcome, false), Verdict::Undecided(_)), "{outcome:?}");
}

/// Storms that destroyed disks and were once held against the Raft: a leader that had lost committed entries still went by its commit
/// index, a follower that knew them to be committed took later entries behind them, and a node told of its vote when that had rotted.
#[test]
fn what_a_destroyed_disk_brings_about_is_held_against_nobody() {
    let any = swarm::Config::default().nodes;
    for (seed, nodes) in [(1_002_242, vec![3]), (618_663, any.clone()), (3_039_322, any)] {
        let config = swarm::Config { nodes, ..swarm::Config::default() };
        let outcome = run(&swarm::draw_with(seed, &config));
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert!(outcome.gaps.iter().any(|gap| matches!(gap.why, Why::Disks)), "seed {seed}");
    }
}

/// What nothing came for is told: of transfers, single requests, pins and syncs. A promotion that waits for the learner to catch up and
/// comes is no change that was ignored.
#[test]
fn what_nothing_came_for_is_told() {
    let (plan, outcome) = ran(
        "horizon = \"15s\"\n[cluster]\nnodes = 4\nmembers = [1, 2, 3]\nprofile = \"etcd\"\n[[nodes]]\nid = 1\nelection_timeouts = [\"1s\"]\n\
         [[faults]]\nat = \"2s\"\nchange = { add_learner = 4 }\n[[faults]]\nat = \"2050ms\"\nchange = { promote = 4 }\n\
         [[faults]]\nat = \"5s\"\ntransfer = { to = \"leader\" }\n[[faults]]\nat = \"6s\"\ntransfer = { target = 3, to = 2 }\n\
         [[faults]]\non = { situation = \"leader-elected\", times = 5 }\npause = { target = \"trigger\", for = \"10ms\" }\n\
         [[requests]]\non = { situation = \"snapshot-installed\" }\ncommand = { put = { key = 1, value = 2 } }\n\
         [[pins]]\nlink = [1, 4]\nmessage = 1000000\narrives = []\n\
         [[syncs]]\nnode = 4\nbegun = \"14s\"\ntakes = \"1ms\"\n[clients]\nstop = \"10s\"\n",
    );
    assert_eq!(
        not_happened(&plan, &outcome),
        [
            "fault 3 (transfer) was ignored by n1: it leads itself",
            "fault 4 (transfer) was ignored by n3: the node does not lead",
            "fault 5 (pause) struck 1 of 5 times: `leader-elected` did not occur more often",
            "request 1 was never made: `snapshot-installed` did not occur as it waits for it",
            "pin 1 was for no message: n1 did not send n4 message 1000000",
            "sync 1 was for no write: n4 began none at 14s or later",
        ]
    );
    assert!(outcome.faults[1].is_all(), "{:?}", outcome.faults);
}
