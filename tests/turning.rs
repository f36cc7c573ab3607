//! The turning point of a failing run.

use serde_json::{Value, json};
use squall::plan::Plan;
use squall::plan::swarm::draw;
use squall::record::Record;
use squall::report::page::{Window, html};
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

/// A plan whose bug is found by chance.
fn failing() -> Plan {
    let mut plan = draw(1);
    plan.raft.bugs = vec!["commit-without-quorum".parse().expect("a bug")];
    plan
}

#[test]
fn the_turning_point_is_the_same_for_any_number_of_workers() {
    let runner = BuiltIn::new();
    let run = Run::new(&runner, failing());
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

/// What a page is told.
fn told(page: &str) -> Value {
    let (_, data) = page.split_once("id=\"run-data\">").expect("it has data");
    let (data, _) = data.split_once("</script>").expect("they end");
    serde_json::from_str(data).expect("it is JSON")
}

#[test]
fn a_page_has_the_shares_at_their_times_and_the_turn_between_two_of_them() {
    let runner = BuiltIn::new();
    let run = Run::new(&runner, failing());
    let turning = turning_point(&run, 6, 2).expect("it fails");
    let page = |turning| told(&html(&run, "squall run", Window::default(), turning).expect("fits"));
    assert!(page(None).get("turning").is_none(), "it is on the page if it is asked for");
    let shown = page(Some(&turning))["turning"].clone();
    assert_eq!(shown["futures"], 6);
    assert!(turning.text().contains(shown["says"].as_str().expect("text")));
    let mut records: Vec<Record> = Vec::new();
    run.follow(&mut |record: &Record| records.push(*record));
    let points = shown["points"].as_array().expect("a list");
    assert_eq!(points.len(), turning.points.len());
    for point in points {
        let event = point["event"].as_u64().expect("a number");
        let own = records.iter().find(|record| record.event == event);
        // An event that leaves no record is as late as the one before.
        let at = own.or_else(|| records.iter().rev().find(|record| record.event < event));
        assert_eq!(point["time"], json!(at.expect("there is one").time), "{point}");
    }
    let failed = |place: usize| points[place]["failed"].as_u64().expect("a number");
    let rise = |place: usize| failed(place + 1).saturating_sub(failed(place));
    let most = (0..points.len() - 1).map(rise).max().filter(|rise| *rise > 0);
    let turns: Vec<Value> = (0..points.len() - 1)
        .filter(|place| Some(rise(*place)) == most)
        .map(|place| json!([points[place], points[place + 1]]))
        .collect();
    assert_eq!(turns.last().unwrap_or(&Value::Null), &shown["turn"]);
}

#[test]
fn a_page_has_no_turning_point_of_a_run_that_does_not_fail() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("run.html");
    let report = |arguments: &[&str]| {
        let output = squall().arg("report").args(arguments).arg("-o").arg(&out).output();
        let output = output.expect("squall starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, error) = report(&["scenarios/faults/ring.toml", "--turning-point"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("no violation, and so no turning point"), "{error}");
    assert!(!out.exists());
    let fails = "scenarios/bugs/ack-before-fsync.toml";
    assert_eq!(report(&[fails, "--turning-point", "--futures", "2"]), (Some(0), String::new()));
    let shown = &told(&std::fs::read_to_string(&out).expect("it is there"))["turning"];
    assert!(shown["says"].as_str().is_some_and(|it| it.starts_with("every future fails")));
    assert_eq!(shown["turn"], Value::Null);
}

#[test]
fn futures_go_with_the_turning_point_only() {
    let output = squall().args(["explain", "--seed", "1", "--futures", "3"]).output();
    let output = output.expect("squall starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--turning-point"));
}
