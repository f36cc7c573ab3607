//! `squall compare`: what a user types, and what comes side by side.

use assert_cmd::Command;
use serde_json::Value;

const FILE: &str = "scenarios/faults/leader-crash-with-etcd-timings.toml";

fn squall(args: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_squall"))
        .arg("compare")
        .args(args)
        .output()
        .expect("squall runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (text(output.stdout), text(output.stderr), output.status.code().expect("a code"))
}

fn json(args: &[&str]) -> Value {
    let (out, err, code) = squall(&[args, &["--json"]].concat());
    assert_eq!((code, err.as_str()), (0, ""));
    serde_json::from_str(&out).expect("JSON")
}

fn median<'a>(value: &'a Value, column: usize, metric: &str) -> &'a Value {
    &value["columns"][column]["metrics"][metric]["median"]
}

#[test]
fn files_are_columns_and_each_has_its_own_numbers() {
    let other = "scenarios/faults/leader-crash-with-consul-timings.toml";
    let value = json(&[FILE, other, "--runs", "3"]);
    assert_eq!(value["columns"].as_array().map(Vec::len), Some(2));
    assert_eq!(value["columns"][0]["name"], FILE);
    assert_eq!(value["columns"][1]["runs"], 3);
    let single = Command::new(env!("CARGO_BIN_EXE_squall"))
        .args(["run", FILE, "--metrics", "--json"])
        .output()
        .expect("squall runs");
    let single: Value = serde_json::from_slice(&single.stdout).expect("JSON");
    let alone = json(&[FILE]);
    for metric in ["leaderless", "latency_p50", "bytes", "elections"] {
        assert_eq!(median(&alone, 0, metric), &single["runs"][0]["metrics"]["scalars"][metric]);
    }
    assert_ne!(median(&value, 0, "leaderless"), median(&value, 1, "leaderless"));
}

#[test]
fn one_plan_under_several_profiles_and_with_other_options() {
    let value =
        json(&["scenarios/faults/gc-pause-of-the-leader.toml", "--profiles", "etcd,consul"]);
    assert_eq!(value["columns"][0]["name"], "etcd");
    let options = ["--with", "clients.count=9", "--with", "network.latency=constant 30ms"];
    let value = json(&[&[FILE][..], &options].concat());
    let names: Vec<&str> = value["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["as it is", "clients.count=9", "network.latency=constant 30ms"]);
    assert_ne!(median(&value, 0, "requests"), median(&value, 1, "requests"));
}

#[test]
fn the_table_and_the_page_show_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("compare.html");
    let page = page.to_str().expect("UTF-8");
    let (out, _, code) = squall(&[FILE, "--profiles", "etcd,consul", "-o", page]);
    assert_eq!(code, 0);
    assert!(out.contains("leaderless_longest") && out.contains("the page is in "), "{out}");
    let html = std::fs::read_to_string(page).expect("the page is there");
    let row = out.lines().find(|line| line.starts_with("leaderless ")).expect("a row");
    for cell in row.split_whitespace().skip(1) {
        assert!(html.contains(cell), "{cell}");
    }
    assert!(html.contains("<svg") && !html.contains("://"));
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_way_out() {
    for (args, expected) in [
        (&["--seed", "1"][..], "add --guests, --profiles or --with"),
        (&[FILE, "--with", "raft.pre_vot=false"], "did you mean `pre_vote`"),
        (&[FILE, "--with", "raft.pre_vote"], "write KEY=VALUE"),
        (&[FILE, "--with", "raft.pre_vote=5"], "expected a boolean"),
        (&[FILE, "--profiles", "etcdd"], "etcdd"),
        (&[FILE, "--nodes", "5"], "--nodes"),
    ] {
        let (out, err, code) = squall(args);
        assert_eq!((out.as_str(), code), ("", 1), "{args:?}: {err}");
        assert!(err.contains(expected), "{args:?}: {err}");
    }
}
