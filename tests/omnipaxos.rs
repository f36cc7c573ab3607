//! OmniPaxos as a guest: what it is judged by, and that its storms are clean.

use squall::harness::Test;
use squall::plan::{Plan, scenario};
use squall::property::Property;
use squall::report::twice::twice;
use squall::sim::Run;
use squall::sim::runner::adopt;
use squall::sim::shipped::omnipaxos;
use squall::situation::Situation;

/// A plan for this guest.
fn plan(text: &str) -> Plan {
    let mut plan = scenario::from_toml(text).expect("it is a scenario");
    adopt(&omnipaxos(), &mut plan).expect("it asks for nothing that OmniPaxos lacks");
    plan
}

#[test]
fn all_is_judged_but_who_could_be_elected_by_raft() {
    let plan = plan("horizon = \"1s\"");
    let judged = plan.judged();
    let left: Vec<Property> = plan.judge.into_iter().filter(|it| !judged.contains(it)).collect();
    assert_eq!(left, [Property::SafeCommit]);
}

#[test]
fn a_leader_is_deposed_by_one_that_takes_its_log_over() {
    let guest = omnipaxos();
    let plan = plan(
        "horizon = \"20s\"\n[liveness]\nfrom = \"6s\"\n[[faults]]\nat = \"2s\"\nisolate = { target = \"leader\", for = \"2s\" }\n\
         [[faults]]\nat = \"5s\"\ncrash = { target = \"leader\", for = \"500ms\" }",
    );
    let run = Run::new(&guest, plan);
    let outcome = run.outcome();
    assert_eq!(outcome.violation, None);
    assert!(
        outcome.counters.leaders >= 3 && outcome.counters.answers > 100,
        "{:?}",
        outcome.counters
    );
    for situation in [
        Situation::LeaderDeposed,
        Situation::RequestForwarded,
        Situation::NodeRestarted,
        Situation::ClusterRecovered,
    ] {
        assert!(outcome.situations.of(situation) > 0, "{situation} was not reached");
    }
}

#[test]
fn a_cluster_of_one_serves_and_comes_back() {
    let guest = omnipaxos();
    let plan = plan(
        "horizon = \"5s\"\ncluster = { nodes = 1 }\n[[faults]]\nat = \"2s\"\ncrash = { target = 1, for = \"500ms\" }",
    );
    let run = Run::new(&guest, plan);
    assert_eq!(run.outcome().violation, None);
    assert!(run.outcome().counters.answers > 50, "{:?}", run.outcome().counters);
}

#[test]
fn the_same_plan_is_the_same_run() {
    let guest = omnipaxos();
    let plan = plan("seed = 5\nhorizon = \"3s\"\nnetwork = { loss = \"5%\", duplicate = \"5%\" }");
    assert!(twice(&guest, &plan).is_none());
}

#[test]
fn storms_are_clean() {
    let report = Test::of(omnipaxos()).seeds(1..151).run();
    assert!(report.failure.is_none(), "{report}");
}
