//! Guests that are processes: one in Python that keeps the contract, and others that do not even speak.

use std::fs;
use std::path::Path;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

use crate::binary::squall;

fn python() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/python/raft.py");
    format!("cmd: python3 {}", path.display())
}

/// What a guest in Python does in a second.
const SHORT_RUN: &str = "seed = 5\nhorizon = \"1s\"\n[clients]\ncount = 1\n";
const SHORT_STORMS: &str = "nodes = [3]\nhorizon = [4, 8]\nliveness = 0\n";

/// A guest in Python that says what it is, and does what the script says with any other input, which is in `data`.
fn guest(folder: &TempDir, script: &str) -> String {
    let lines: Vec<String> = script.lines().map(|line| format!("    {line}")).collect();
    let text = format!(
        "import json, struct, sys, time\n\
         stdin, stdout = sys.stdin.buffer, sys.stdout.buffer\n\
         def say(data):\n    stdout.write(struct.pack('<I', len(data)) + data)\n    stdout.flush()\n\
         def record(kind, body=b''):\n    return struct.pack('<BI', kind, len(body)) + body\n\
         calm = record(16, struct.pack('<QBIQQII', 1, 0, 0, 0, 0, 0, 0))\n\
         about = {{'abi': 'squall-guest/1', 'name': 'odd'}}\n\
         while head := stdin.read(4):\n    data = stdin.read(struct.unpack('<I', head)[0])\n\
         \x20   if data[16] == 0:\n        say(record(17, json.dumps(about).encode()))\n        continue\n{}\n",
        lines.join("\n")
    );
    let path = folder.path().join("odd.py");
    fs::write(&path, text).expect("it is writable");
    format!("cmd: python3 {}", path.display())
}

#[test]
fn a_raft_in_python_goes_where_the_built_in_one_goes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |words: &[&str]| {
        let mut command = squall();
        command.args(words).current_dir(&folder);
        command
    };
    let python = python();
    at(&["guest", "check", &python]).assert().success().stdout(contains("is repeatable: digest"));
    fs::write(folder.path().join("short.toml"), SHORT_RUN).expect("it is writable");
    at(&["run", "short.toml", "--guest", &python, "--twice"]).assert().success();
    fs::write(folder.path().join("short-storms.toml"), SHORT_STORMS).expect("it is writable");
    let fuzz = ["fuzz", "--runs", "2", "--guest", &python, "--jobs", "2"];
    at(&[&fuzz[..], &["--config", "short-storms.toml"]].concat())
        .assert()
        .success()
        .stdout(contains("seeds 1 to 2"));
    at(&["export", "short.toml", "--guest", &python, "--format", "mermaid", "--to", "10ms"])
        .assert()
        .success();
}

/// It does not matter by how many workers, and when, a seed is run.
#[test]
fn a_process_is_as_deterministic_as_its_code() {
    let python = python();
    let summed = |jobs: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("short.toml"), SHORT_STORMS).expect("it is writable");
        let words = ["fuzz", "--runs", "4", "--guest", &python, "--jobs", jobs, "--out", "out"];
        let short = ["--config", "short.toml"];
        squall().args(words).args(short).current_dir(&folder).assert().success();
        let text =
            fs::read_to_string(folder.path().join("out/campaign.json")).expect("it is there");
        let file: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        [file["totals"].clone(), file["situations"].clone()]
    };
    assert_eq!(summed("1"), summed("2"));
}

#[test]
fn what_is_no_guest_is_refused_in_a_sentence() {
    for (command, said) in [
        ("cmd: true", "its process ended, exit status: 0"),
        ("cmd: no-such-program", "its process ended, exit status: 127; it said: sh"),
        ("cmd: cat", "it does not answer the input `describe`"),
        ("no-such-module.wasm", "no-such-module.wasm"),
        ("no-such-guest", "modules by their path, and commands as in 'cmd: python3 raft.py'"),
    ] {
        let words = ["run", "--seed", "1", "--guest", command];
        squall().args(words).assert().code(1).stderr(contains(said));
    }
}

#[test]
fn a_process_that_dies_or_lies_violates_the_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (script, said) in [
        ("raise ValueError('no idea')", "its process ended, exit status: 1; it said: Traceback"),
        ("say(record(99))", "the record of kind 99 at byte 0 of its output is malformed"),
        ("say(record(15, b'more'))", "the record of kind 15 at byte 0 of its output is too long"),
        ("say(b'\\x10\\xff\\xff\\xff\\xff')", "its output ends within the record at byte 0"),
        ("stdout.write(b'\\xff' * 8); stdout.flush()", "its output has 4294967295 bytes"),
        ("say(calm + record(3, struct.pack('<QQI', 1, 1, 0)))", "appended no entries"),
        ("say(calm + record(1, struct.pack('<IQ?I', 9, 0, False, 0)))", "to node 9"),
    ] {
        let guest = guest(&folder, script);
        let words = ["run", "--seed", "1", "--nodes", "3", "--guest", &guest];
        squall()
            .args(words)
            .current_dir(&folder)
            .assert()
            .code(2)
            .stdout(contains("contract").and(contains(said)));
    }
}

/// A scenario is data: it names guests, and nothing that runs.
#[test]
fn a_scenario_cannot_start_a_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mark = folder.path().join("mark");
    for name in [format!("cmd: touch {}", mark.display()), "../evil.wasm".into()] {
        let text = format!("horizon = \"1s\"\n[guest]\nname = {name:?}\n");
        fs::write(folder.path().join("evil.toml"), text).expect("it is writable");
        squall().args(["run", "evil.toml"]).current_dir(&folder).assert().code(1);
        assert!(!mark.exists());
    }
}

/// A replay by other code is told from one by the same.
#[test]
fn a_replay_says_if_the_guest_is_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let broken = guest(&folder, "raise ValueError('no idea')");
    let words = ["run", "--seed", "1", "--nodes", "3", "--guest", &broken];
    squall().args(words).current_dir(&folder).assert().code(2);
    let saved = "reports/seed-1.plan.json";
    squall()
        .args(["replay", saved, "--guest", &broken])
        .current_dir(&folder)
        .assert()
        .code(2)
        .stdout(contains("the same run"));
    squall()
        .args(["replay", saved])
        .current_dir(&folder)
        .assert()
        .code(1)
        .stderr(contains("no guest `odd`"));
    let other = guest(&folder, "say(b'')").replace("python3", "python3 -u");
    squall()
        .args(["replay", saved, "--guest", &other])
        .current_dir(&folder)
        .assert()
        .code(4)
        .stdout(contains("the guest is another: it was"));
}
