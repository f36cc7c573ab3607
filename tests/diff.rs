//! `squall diff`, as a user types it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

use crate::binary;

fn squall(folder: &Path) -> Command {
    let mut command = binary::squall();
    command.current_dir(folder);
    command
}

const PLAN: &str = "title = \"A quiet cluster\"\nhorizon = \"2s\"\n";

/// A folder with a plan and its trace.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("plan.toml"), PLAN).expect("it is writable");
    let trace = ["run", "plan.toml", "--trace", "run.jsonl"];
    squall(folder.path()).args(trace).assert().code(0);
    folder
}

#[test]
fn a_plan_is_the_same_run_as_itself_and_its_trace() {
    let folder = folder();
    for second in ["plan.toml", "run.jsonl"] {
        let mut command = squall(folder.path());
        let assert = command.args(["diff", "plan.toml", second]).assert().code(0);
        assert.stdout(contains("the same run: "));
    }
    squall(folder.path())
        .args(["diff", "run.jsonl", "run.jsonl", "--json"])
        .assert()
        .code(0)
        .stdout(contains("\"same\": true"));
}

#[test]
fn a_planted_bug_differs_where_it_first_decides() {
    let folder = folder();
    let bug = ["--with-bug", "commit-without-quorum"];
    let mut command = squall(folder.path());
    let assert = command.args(["diff", "plan.toml"]).args(bug).assert().code(4);
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(text.starts_with("DIFFERENT runs: they agree for "), "{text}");
    assert!(text.contains("B is plan.toml, with commit-without-quorum"), "{text}");
    let first = |letter: &str| {
        let start = format!("  {letter} #");
        text.lines().find(|line| line.starts_with(&start)).expect("it goes on").to_owned()
    };
    // The leader commits its first entry as soon as it is on its own disk.
    assert!(first("B").contains("commits up to 1"), "{text}");
    assert!(!first("A").contains("commits"), "{text}");

    let mut command = squall(folder.path());
    let json = command.args(["diff", "plan.toml", "--json", "--context", "2"]).args(bug).output();
    let json = json.expect("squall starts");
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!((json.status.code(), &value["exit"]), (Some(4), &4.into()));
    assert_eq!(value["common"].as_array().map(Vec::len), Some(2));
    let next = value["records"].as_u64().map(|records| records + 1);
    assert_eq!(value["second"][0]["record"]["number"].as_u64(), next);
    assert_eq!(value["second"][0]["record"]["kind"], "commit");
}

#[test]
fn a_run_without_its_bugs_is_another_run() {
    let folder = folder();
    let buggy = format!("{PLAN}[raft]\nbugs = [\"commit-without-quorum\"]\n");
    fs::write(folder.path().join("buggy.toml"), buggy).expect("it is writable");
    squall(folder.path())
        .args(["diff", "buggy.toml", "--without-bugs"])
        .assert()
        .code(4)
        .stdout(contains("B is buggy.toml, without bugs"));
    squall(folder.path())
        .args(["diff", "plan.toml", "buggy.toml", "--without-bugs"])
        .assert()
        .code(0);
    squall(folder.path())
        .args(["diff", "--seed", "3", "--nodes", "3", "--with-bug", "commit-without-quorum"])
        .assert()
        .code(4);
}

#[test]
fn a_run_that_ends_early_is_told_to_end() {
    let folder = folder();
    let shorter = PLAN.replace("2s", "1s");
    fs::write(folder.path().join("shorter.toml"), shorter).expect("it is writable");
    squall(folder.path())
        .args(["diff", "shorter.toml", "run.jsonl", "--context", "0"])
        .assert()
        .code(4)
        .stdout(contains("  A ends here").and(contains("  B #")));
}

#[test]
fn a_corrupted_trace_is_told_with_its_line() {
    let folder = folder();
    let path = folder.path().join("run.jsonl");
    let mut lines: Vec<String> =
        fs::read_to_string(&path).expect("it is there").lines().map(str::to_owned).collect();
    lines[41] = lines[41].replace("\"kind\"", "\"kin\"");
    fs::write(&path, lines.join("\n") + "\n").expect("it is writable");
    squall(folder.path())
        .args(["diff", "plan.toml", "run.jsonl"])
        .assert()
        .code(1)
        .stderr(contains("run.jsonl:42: expected a record").and(contains("help: ")));
    squall(folder.path())
        .args(["diff", "plan.toml", "missing.jsonl"])
        .assert()
        .code(1)
        .stderr(contains("cannot read missing.jsonl"));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = folder();
    let check = |arguments: &[&str], expected: &str| {
        let mut command = squall(folder.path());
        command.arg("diff").args(arguments).assert().code(1).stderr(contains(expected));
    };
    check(&["plan.toml"], "<B>");
    check(&["run.jsonl", "--without-bugs"], "run.jsonl is a trace");
    check(&["plan.toml", "plan.toml", "--context", "1001"], "1001");
    check(&["plan.toml", "--with-bug", "vote-twise"], "vote-twise");
}
