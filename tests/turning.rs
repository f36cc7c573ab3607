//! The turning point of a failing run.

use squall::plan::swarm::draw;
use squall::record::Record;
use squall::report::turning::turning_point;
use squall::sim::{Branch, BuiltIn, Options, Run, Runner};

use crate::binary::squall;

/// The records of the run of a seed, branched.
fn records(branch: Option<Branch>) -> Vec<Record> {
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(*record);
    let options = Options { sink: Some(&mut sink), branch, ..Options::default() };
    let _ = BuiltIn::new().run(&draw(11), options);
    records
}

#[test]
fn a_branch_is_the_run_up_to_its_event_and_another_one_from_then_on() {
    let own = records(None);
    let event = own[own.len() / 2].event;
    let before = own.iter().take_while(|record| record.event < event).count();
    let branch = |seed| records(Some(Branch { event, seed }));
    let (one, other) = (branch(1), branch(2));
    assert_eq!(own[..before], one[..before]);
    assert_eq!(own[..before], other[..before]);
    assert!(own != one && one != other, "chance is another one");
    assert_eq!(one, branch(1), "the same seed is the same future");
}

#[test]
fn the_turning_point_is_the_same_for_any_number_of_workers() {
    let mut plan = draw(1);
    plan.raft.bugs = vec!["commit-without-quorum".parse().expect("a bug")];
    let runner = BuiltIn::new();
    let run = Run::new(&runner, plan);
    let [one, two] = [1, 2].map(|jobs| turning_point(&run, 6, jobs).expect("it fails"));
    assert_eq!(one.points, two.points);
    assert_eq!(one.text(), two.text());
    let events: Vec<u64> = one.points.iter().map(|point| point.event).collect();
    assert!(events.is_sorted() && events.len() > 3, "{events:?}");
    assert!(one.points.iter().all(|point| point.failed <= 6));
}

#[test]
fn a_run_that_leaves_nothing_to_chance_has_no_turning_point() {
    let arguments =
        ["explain", "scenarios/bugs/ack-before-fsync.toml", "--turning-point", "--futures", "3"];
    let output = squall().args(arguments).output().expect("squall starts");
    let text = String::from_utf8(output.stdout).expect("it is UTF-8");
    assert!(text.contains("the turning point, by 3 futures each"), "{text}");
    assert!(text.contains("every future fails, from whichever event on"), "{text}");
}

#[test]
fn futures_go_with_the_turning_point_only() {
    let output = squall().args(["explain", "--seed", "1", "--futures", "3"]).output();
    let output = output.expect("squall starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--turning-point"));
}
