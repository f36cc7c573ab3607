//! Files that are hostile, in the way, or somebody else's: nothing is read without end, nothing is destroyed, nothing half-written
//! stays.

use std::fs::{self, File};
use std::path::Path;
use std::process::Output;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

use crate::binary::squall;

const BUG: [&str; 2] = ["--bug", "commit-without-quorum"];
const STORM: [&str; 6] = ["run", "--seed", "1", "--nodes", "5", "--json"];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    fs::write(path, text).expect("it is writable");
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("it is there")
}

/// All files below a folder, as text.
fn all_below(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        match entry.path() {
            path if path.is_dir() => all.extend(all_below(&path)),
            path => all.push(path.display().to_string()),
        }
    }
    all
}

#[cfg(unix)]
fn link(target: &str, link: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, link).expect("there are links");
}

/// Runs what a shell does.
#[cfg(unix)]
fn shell(folder: &TempDir, script: &str) -> Output {
    let script = script.replace("squall", env!("CARGO_BIN_EXE_squall"));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder).output().expect("there is a shell")
}

#[cfg(unix)]
#[test]
fn a_file_without_a_size_is_read_up_to_the_limit() {
    let folder = folder();
    fs::create_dir(folder.path().join("part")).expect("it is writable");
    link("/dev/zero", folder.path().join("part/campaign.json"));
    link("/dev/zero", folder.path().join("part/x.toml"));
    for (words, bytes_max) in [
        (["run", "/dev/zero"].as_slice(), 4 << 20),
        (&["run", "part"], 4 << 20),
        (&["explain", "/dev/zero"], 4 << 20),
        (&["fuzz", "--config", "/dev/zero"], 4 << 20),
        (&["power", "--config", "/dev/zero"], 4 << 20),
        (&["replay", "/dev/zero"], 64 << 20),
        (&["merge", "part"], 64 << 20),
    ] {
        squall()
            .args(words)
            .current_dir(&folder)
            .assert()
            .code(1)
            .stderr(contains(format!("it has more than {bytes_max} bytes")));
    }
}

#[test]
fn the_plan_of_the_largest_scenario_can_be_replayed() {
    let folder = folder();
    let faults = "[[faults]]\nat = \"1s\"\ntransfer = { to = \"follower\" }\n".repeat(3_000);
    let head = "horizon = \"2s\"\nraft = { bugs = [\"commit-without-quorum\"] }\n";
    let rest = (4 << 20) - head.len() - faults.len() - "about = \"\"\"\n\"\"\"\n".len();
    let text = format!("{head}about = \"\"\"\n{}\"\"\"\n{faults}", "\n".repeat(rest));
    write(folder.path().join("large.toml"), &text);
    let squall = |words: &[&str]| squall().args(words).current_dir(&folder).assert();
    squall(&["run", "large.toml"])
        .code(2)
        .stdout(contains("squall replay reports/large.plan.json"));
    squall(&["replay", "reports/large.plan.json"]).code(2).stdout(contains("the same run"));
    write(folder.path().join("large.toml"), text + "\n");
    squall(&["run", "large.toml"]).code(1).stderr(contains("it has more than 4194304 bytes"));
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_written_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let folder = folder();
    link("run.html", folder.path().join("link"));
    let output = shell(
        &folder,
        "mkfifo pipe; cat pipe > read & squall report --seed 3 -o pipe && wait \
         && squall report --seed 3 -o link && squall report --seed 3 -o - > minus \
         && squall report --seed 3 -o /dev/stdout > stdout \
         && squall export --seed 3 --format perfetto -o /dev/fd/1 | cat > run.json \
         && squall run --seed 3 --trace - > run.jsonl 2> verdict",
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let at = |name: &str| folder.path().join(name);
    assert!(fs::metadata(at("pipe")).expect("it is there").file_type().is_fifo());
    assert!(at("link").is_symlink() && !at("-").exists());
    let page = read(at("run.html"));
    assert!(page.starts_with("<!doctype html>"));
    for same in ["read", "minus", "stdout"] {
        assert_eq!(read(at(same)), page, "{same}");
    }
    serde_json::from_str::<serde_json::Value>(&read(at("run.json"))).expect("JSON");
    for line in read(at("run.jsonl")).lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    }
    assert!(read(at("verdict")).starts_with("ok "));
    assert!(all_below(folder.path()).iter().all(|name| !name.ends_with(".tmp")));
}

#[cfg(unix)]
#[test]
fn a_scenario_that_is_shrunk_can_have_the_standard_output() {
    let folder = folder();
    let script = "squall shrink --seed 1 --nodes 5 --bug commit-without-quorum -o - > small.toml";
    let output = shell(&folder, script);
    assert!(output.status.success() && output.stderr.starts_with(b"shrunk "));
    squall().args(["run", "small.toml"]).current_dir(&folder).assert().code(0);
}

/// A file system that takes no more than so many blocks of 512 bytes a file.
#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_told_with_its_name_and_leaves_nothing_behind() {
    let folder = folder();
    for (script, name) in [
        ("squall run --seed 3 --trace run.jsonl", "run.jsonl"),
        ("squall report --seed 3 -o run.html", "run.html"),
        ("squall export --seed 3 --format perfetto -o run.json", "run.json"),
        ("squall run --seed 1 --nodes 5 --bug commit-without-quorum", "reports/seed-1.plan.json"),
        ("squall fuzz --runs 9 --out found", "found"),
        ("squall run --seed 3 --trace /dev/full", "/dev/full"),
    ] {
        let output = shell(&folder, &format!("trap '' XFSZ; ulimit -f 4; {script}"));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(&format!("error: cannot write {name}: ")), "{script}: {told}");
        assert!(all_below(folder.path()).iter().all(|name| name.ends_with(".lock")), "{script}");
        // What was found is told all the same.
        let found = String::from_utf8_lossy(&output.stdout);
        let (verdict, code) = match script.contains("--bug") {
            true => ("VIOLATED", 2),
            false => ("ok ", 1),
        };
        assert_eq!(output.status.code(), Some(code), "{script}");
        assert!(!script.contains(" run ") || found.starts_with(verdict), "{script}: {found}");
    }
}

#[test]
fn a_violation_is_told_though_its_plan_cannot_be_saved() {
    let folder = folder();
    write(folder.path().join("reports"), "a file, and no folder");
    let run = |words: &[&str]| squall().args(words).args(BUG).current_dir(&folder).assert();
    run(&STORM[..5])
        .code(2)
        .stdout(contains("VIOLATED  seed-1").and(contains("the plan is saved").not()))
        .stderr(contains("error: cannot write reports"));
    let told = run(&STORM).code(2).get_output().stdout.clone();
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    let run = &told["runs"][0];
    assert_eq!((&told["exit"], &run["saved"]), (&2.into(), &serde_json::Value::Null));
    assert!(run["unwritten"][0].as_str().is_some_and(|it| it.starts_with("cannot write reports")));
}

#[test]
fn a_saved_plan_does_not_replace_another_one() {
    let folder = folder();
    let saved = |bug: &str| {
        let run = squall().args(STORM).args(["--bug", bug]).current_dir(&folder).output();
        let told: serde_json::Value =
            serde_json::from_slice(&run.expect("it runs").stdout).expect("JSON");
        told["runs"][0]["saved"].as_str().expect("it is saved").to_owned()
    };
    let first = saved("commit-without-quorum");
    let other = saved("commit-regress");
    assert_eq!(first, "reports/seed-1.plan.json");
    assert!(other.starts_with("reports/seed-1-") && other.ends_with(".plan.json"), "{other}");
    assert_eq!((saved("commit-without-quorum"), saved("commit-regress")), (first.clone(), other));
    assert_eq!(all_below(&folder.path().join("reports")).len(), 2);
    write(folder.path().join(&first), "mine");
    assert_ne!(saved("commit-without-quorum"), first);
    assert_eq!(read(folder.path().join(&first)), "mine");
}

#[test]
fn a_folder_is_of_one_campaign_at_a_time() {
    let folder = folder();
    let fuzz = |words: &[&str]| {
        squall().args(["fuzz", "--runs", "5"]).args(words).current_dir(&folder).assert()
    };
    fuzz(&["--out", "found"]).code(0);
    let lock = File::options().append(true).open(folder.path().join("found/.lock"));
    let lock = lock.expect("the campaign made it");
    lock.lock().expect("nobody has it");
    let before = read(folder.path().join("found/campaign.json"));
    for words in
        [&["--out", "found"][..], &["--out", "found", "--force"], &["--out", "found", "--resume"]]
    {
        fuzz(words).code(1).stderr(contains("another squall writes its result to found"));
    }
    fuzz(&["--out", "part"]).code(0);
    let merge = ["merge", "part", "--out", "found", "--force"];
    squall().args(merge).current_dir(&folder).assert().code(1).stderr(contains("another squall"));
    assert_eq!(read(folder.path().join("found/campaign.json")), before);
    drop(lock);
    fuzz(&["--out", "found", "--force"]).code(0);
}

#[test]
fn what_a_killed_campaign_left_half_written_is_removed() {
    for way in ["--resume", "--force"] {
        let folder = folder();
        let fuzz = |words: &[&str]| {
            let words = ["fuzz", "--runs", "60", "--out", "found"].iter().chain(words);
            squall().args(words).args(BUG).current_dir(&folder).assert()
        };
        fuzz(&[]).code(2);
        let found = folder.path().join("found");
        let failure = fs::read_dir(found.join("failures")).expect("it found some").flatten().next();
        let failure = failure.expect("it found one").path();
        write(found.join("campaign.json.4194305.tmp"), "half");
        write(found.join("junit.xml.4194305.tmp"), "half");
        write(failure.join("run.html.4194305.tmp"), "half");
        write(found.join("notes.4194305.tmp"), "not squall's");
        fuzz(&[way]).code(2);
        let left = all_below(&found);
        let left: Vec<_> = left.iter().filter(|name| name.ends_with(".tmp")).collect();
        assert!(matches!(left.as_slice(), [one] if one.ends_with("notes.4194305.tmp")), "{left:?}");
        assert!(failure.join("run.html").is_file());
    }
}

#[test]
fn a_mistake_in_json_is_shown_where_it_stands() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let refused = |words: &[&str], place: &str, what: &str| {
        let told = squall().args(words).current_dir(&folder).assert().code(1);
        told.stderr(contains(place).and(contains(what)));
    };
    squall().args(&STORM[..5]).args(BUG).current_dir(&folder).assert().code(2);
    let saved = read(at("reports/seed-1.plan.json"));
    write(at("saved.json"), saved.replace("\"nodes\": 5,", "\"nodes\": 26,"));
    refused(&["replay", "saved.json"], "saved.json:", "^^");
    let line =
        1 + saved.lines().position(|line| line.contains("\"nodes\": 5")).expect("it is there");
    refused(&["replay", "saved.json"], &format!("saved.json:{line}:16"), "from 1 to 25, not 26");
    write(at("saved.json"), saved.replace("\"version\": 1", "\"version\": 7"));
    refused(&["replay", "saved.json"], "saved.json:3:14", "found `squall-run` version 7");

    let plan =
        |rest: &str| write(at("plan.json"), format!("{{\n \"horizon\": \"2s\",\n {rest}\n}}"));
    plan("\"cluster\": {\"nodes\": 26}");
    refused(&["explain", "plan.json"], "plan.json:3:23", "from 1 to 25, not 26");
    plan(
        "\"faults\": [{\"at\": \"1s\", \"ring\": {}}, {\"at\": \"1s\", \"crash\": {\"target\": 7}}]",
    );
    refused(&["explain", "plan.json"], "plan.json:3:", "there is no node 7");
    for (number, place) in [("18446744073709551616", "3:10"), ("100000000000000000000", "3:10")] {
        plan(&format!("\"seed\": {number}"));
        let what = format!("{number} is too large: a whole number is at most 18446744073709551615");
        refused(&["explain", "plan.json"], &format!("plan.json:{place}"), &what);
        write(at("plan.toml"), format!("seed = {number}\n"));
        refused(&["run", "plan.toml"], "plan.toml:1:8", &what);
    }

    squall().args(["fuzz", "--runs", "5", "--out", "found"]).current_dir(&folder).assert().code(0);
    let result = read(at("found/campaign.json"));
    let events = "\"events_max\": 5000000";
    write(at("found/campaign.json"), result.replace(events, "\"events_max\": 0"));
    let line = 1 + result.lines().position(|line| line.contains(events)).expect("it is there");
    let place = format!("campaign.json:{line}:19");
    refused(&["merge", "found"], &place, "the event limit must be from 1");
}

#[test]
fn a_text_that_is_not_utf_8_has_its_place() {
    let folder = folder();
    write(folder.path().join("x.toml"), b"title = \"x\"\nabout = \"\xff\xfe\"\n");
    write(folder.path().join("x.json"), b"{\n \"title\": \"\xc3(\"}");
    for (words, place) in [
        (["run", "x.toml"].as_slice(), "x.toml:2:10"),
        (&["replay", "x.json"], "x.json:2:12"),
        (&["fuzz", "--config", "x.toml"], "x.toml:2:10"),
    ] {
        let told = squall().args(words).current_dir(&folder).assert().code(1);
        told.stderr(contains(place).and(contains("this is not UTF-8: 0x")));
    }
    let told = squall().args(["run", "x.toml"]).current_dir(&folder).assert();
    told.stderr(contains("0xff, at byte 21"));
}

#[test]
fn who_replays_a_scenario_is_told_how_it_is_run() {
    squall().args(["replay", "scenarios/bugs/vote-twice.toml"]).assert().code(1).stderr(contains(
        "is a scenario, and no saved run: squall run scenarios/bugs/vote-twice.toml",
    ));
}

/// What a run came to does not depend on whether somebody reads all that is told of it.
#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missed = folder.path().join("missed.toml");
    fs::write(&missed, "horizon = \"1s\"\nexpect = { leaders_min = 9 }\n").expect("it is writable");
    let vote_twice = "scenarios/bugs/vote-twice.toml";
    for (source, code) in [
        (missed.display().to_string(), 5),
        ("--seed 1 --nodes 5 --bug commit-without-quorum".to_owned(), 2),
        (vote_twice.to_owned(), 0),
    ] {
        let script = format!(
            "set -o pipefail; {} run --reports {} {source} | true; echo ${{PIPESTATUS[0]}}",
            env!("CARGO_BIN_EXE_squall"),
            folder.path().join("reports").display(),
        );
        let output = std::process::Command::new("bash").args(["-c", &script]).output();
        let told = String::from_utf8_lossy(&output.expect("bash runs").stdout).trim().to_owned();
        assert_eq!(told, code.to_string(), "{source}");
    }
}
