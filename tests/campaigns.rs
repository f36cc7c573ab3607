//! Campaigns, with the real binary: the result is the same however it came about, and nothing that a user does loses one.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::Value;
use squall::plan::swarm;
use squall::schema;
use tempfile::TempDir;

/// Whatever says on a build server which part a job is, and what changes the output there.
const FOREIGN: [&str; 10] = [
    "SLURM_ARRAY_TASK_ID",
    "JOB_COMPLETION_INDEX",
    "CI_NODE_INDEX",
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "BUILDKITE_PARALLEL_JOB",
    "CIRCLE_NODE_INDEX",
    "PARALLEL_SEQ",
    "GITHUB_ACTIONS",
    "NO_COLOR",
    "CLICOLOR_FORCE",
];

/// A bug that is found within a few storms.
const EASY: &str = "vote-twice";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// `squall` with arguments that stand in one text, in a folder.
fn squall(folder: &TempDir, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.current_dir(folder).args(args.split_whitespace());
    command
}

/// Runs `squall`, and wants this exit code.
fn run(folder: &TempDir, args: &str, code: i32) -> assert_cmd::assert::Assert {
    squall(folder, args).assert().code(code)
}

/// The same in the background.
pub fn start(folder: &TempDir, args: &str) -> Child {
    std::process::Command::new(env!("CARGO_BIN_EXE_squall"))
        .current_dir(folder)
        .args(args.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run")
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

/// The result in a directory, without what may differ.
fn result(folder: &TempDir, name: &str) -> Value {
    let mut value = json(&folder.path().join(name).join("campaign.json"));
    value.as_object_mut().expect("an object").remove("timing").expect("it has a timing");
    value
}

fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_true() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "another program takes real time")]
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} takes too long");
}

/// How many runs a campaign under way has written down; none while there is no result.
fn runs_written(folder: &TempDir, name: &str) -> u64 {
    let path = folder.path().join(name).join("campaign.json");
    if path.exists() { json(&path)["totals"]["runs"].as_u64().expect("a number") } else { 0 }
}

pub fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.expect("kill can be run").success());
}

#[test]
fn workers_and_parts_give_the_same_result() {
    let folder = folder();
    let campaign = format!("fuzz --runs 120 --bug {EASY}");
    run(&folder, &format!("{campaign} --jobs 1 --out one"), 2);
    run(&folder, &format!("{campaign} --jobs 2 --out two"), 2);
    for part in 1..=4 {
        let part = format!("{campaign} --partition {part}/4 --out part-{part}");
        assert!(squall(&folder, &part).output().expect("it runs").status.code() < Some(3));
    }
    run(&folder, "merge part-4 part-2 part-1 part-3 --out merged", 2);
    let one = result(&folder, "one");
    assert_eq!(one["totals"]["runs"], 120);
    assert!(one["failures"].as_array().is_some_and(|failures| !failures.is_empty()));
    assert_eq!(result(&folder, "two"), one);
    assert_eq!(result(&folder, "merged"), one);
}

#[test]
fn a_part_that_is_missing_is_named() {
    let folder = folder();
    for part in [1, 3] {
        run(&folder, &format!("fuzz --runs 9 --partition {part}/3 --out {part}"), 0);
    }
    run(&folder, "merge 1 3", 1).stderr(contains("2/3").and(contains("--partial")));
    run(&folder, "merge 1 2 3", 1).stderr(contains("there is no 2/campaign.json"));
    run(&folder, "merge 1 3 --partial", 0).stdout(contains("of 9 that the campaign has"));
    run(&folder, "merge 1 3 --partial --out 1", 1).stderr(contains("is one of the parts"));
    run(&folder, "merge 1 1 --partial", 1).stderr(contains("another part holds, too"));
}

#[test]
fn a_killed_campaign_goes_on_to_the_same_result() {
    let folder = folder();
    // So many that no machine ends before it is killed.
    let campaign = "fuzz --runs 1000000 --bug truncate-unconditional --time 1h";
    let mut child = start(&folder, &format!("{campaign} --out killed"));
    wait_until("a checkpoint", || runs_written(&folder, "killed") > 0);
    signal(&child, "-KILL");
    child.wait().expect("it ends");
    let runs = runs_written(&folder, "killed");
    assert!((1..1_000_000).contains(&runs), "{runs} runs before it was killed");
    // The rest is kept short by a copy of the result in which the campaign is as long as what is compared with it.
    let path = folder.path().join("killed/campaign.json");
    let text = fs::read_to_string(&path).expect("it is text");
    let enough = runs + 60;
    let text = text.replace("\"runs\": 1000000,", &format!("\"runs\": {enough},"));
    fs::write(&path, text).expect("it is writable");
    run(&folder, "fuzz --resume --out killed", 2);
    run(&folder, &format!("fuzz --runs {enough} --bug truncate-unconditional --out whole"), 2);
    assert_eq!(result(&folder, "killed"), result(&folder, "whole"));
}

#[test]
fn ctrl_c_ends_in_good_order_and_says_how_to_go_on() {
    let folder = folder();
    let child = start(&folder, "fuzz --runs 1000000 --out mine --time 1h");
    wait_until("the beginning", || folder.path().join("mine/campaign.json").exists());
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("INTERRUPTED"), "{text}");
    let way_on = "squall fuzz --resume --out mine --time 1h";
    assert!(text.contains(way_on), "{text}");
    assert!(folder.path().join("mine/junit.xml").exists());
    assert_eq!(json(&folder.path().join("mine/campaign.json"))["timing"]["ended"], "interrupted");
    run(&folder, "fuzz --resume --out mine --runs 5", 1)
        .stderr(contains("`runs` is 1000000 and 5"));
}

#[test]
fn a_campaign_stops_after_as_many_failures_as_asked_for() {
    let folder = folder();
    run(&folder, &format!("fuzz --runs 5000 --bug {EASY} --stop-after 1 --out one"), 2)
        .stdout(contains("FAILED").and(contains("squall replay one/failures/")));
    let failures = result(&folder, "one")["failures"].clone();
    assert_eq!(failures.as_array().map(Vec::len), Some(1));
    let failure = format!("one/failures/{}", failures[0]["id"].as_str().expect("a name"));
    for file in ["failure.json", "proof.txt", "story.txt", "run.plan.json", "scenario.toml"] {
        assert!(folder.path().join(&failure).join(file).exists(), "{file}");
    }
    // The plan expects the violation: that it comes again is as it should be.
    run(&folder, &format!("replay {failure}/run.plan.json"), 0).stdout(contains("the same run"));
    run(&folder, &format!("run {failure}/scenario.toml"), 0).stdout(contains("as expected"));
    let junit = fs::read_to_string(folder.path().join("one/junit.xml")).expect("it is written");
    assert!(junit.contains("<failure") && junit.contains("the records that prove it"), "{junit}");
}

#[test]
fn a_situation_that_was_never_reached_can_be_a_failure() {
    let folder = folder();
    run(&folder, "fuzz --runs 1 --require-situations", 5)
        .stdout(contains("UNMET").and(contains("never reached: ")));
    run(&folder, "fuzz --runs 1", 0);
}

#[test]
fn the_storm_of_a_seed_is_a_scenario_that_gives_the_same_run() {
    let folder = folder();
    let storm = squall(&folder, "fuzz --print-plan 42").output().expect("it runs");
    assert_eq!(storm.status.code(), Some(0));
    fs::write(folder.path().join("storm.toml"), storm.stdout).expect("it is writable");
    let digest = |args: &str| -> Value {
        let output = squall(&folder, args).output().expect("it runs");
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        value["runs"][0]["digest"].clone()
    };
    let digest_of_storm = digest("run storm.toml --json");
    assert!(digest_of_storm.is_string());
    assert_eq!(digest("run --seed 42 --json"), digest_of_storm);
    assert!(!folder.path().join("reports/fuzz").exists(), "nothing is run");
}

#[test]
fn a_mistake_in_a_config_is_shown_with_its_line_and_a_way_out() {
    let folder = folder();
    let config = folder.path().join("swarm.toml");
    fs::write(&config, "nodes = [3]\nfault = [\"crash\"]\n").expect("it is writable");
    run(&folder, "fuzz --config swarm.toml", 1)
        .stdout(is_empty())
        .stderr(contains("swarm.toml:2:1").and(contains("did you mean `faults`?")));
    fs::write(&config, "nodes = [3]\nfaults = [\"crash\"]\n").expect("it is writable");
    run(&folder, "fuzz --config swarm.toml --runs 3", 0);
    assert_eq!(
        result(&folder, "reports/fuzz")["settings"]["swarm"]["nodes"],
        serde_json::json!([3])
    );
}

#[test]
fn no_result_is_thrown_away_by_mistake() {
    let folder = folder();
    run(&folder, "fuzz --runs 3 --out mine", 0);
    let before = result(&folder, "mine");
    run(&folder, "fuzz --runs 5 --out mine", 1)
        .stderr(contains("--resume").and(contains("--force")));
    run(&folder, "fuzz --runs 3 --partition 1/1 --out part", 0);
    run(&folder, "merge part --out mine", 1).stderr(contains("--force"));
    assert_eq!(result(&folder, "mine"), before);
    run(&folder, "merge part --out mine --force", 0);
    run(&folder, "fuzz --runs 5 --out mine --force", 0);
    assert_eq!(result(&folder, "mine")["totals"]["runs"], 5);
}

#[test]
fn what_cannot_be_written_is_noticed_before_the_first_storm() {
    let folder = folder();
    fs::write(folder.path().join("file"), "mine").expect("it is writable");
    run(&folder, "fuzz --time 1h --out file", 1).stderr(contains("file is no directory"));
    run(&folder, "fuzz --time 1h --out file/below", 1).stderr(contains("cannot write file/below/"));
}

#[test]
fn failures_are_annotated_on_github() {
    let folder = folder();
    let args = format!("fuzz --runs 200 --bug {EASY} --stop-after 1 --json");
    let output = squall(&folder, &args).env("GITHUB_ACTIONS", "true").output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.starts_with("::error title=squall%3A "), "{stderr}");
    let value: Value = serde_json::from_slice(&output.stdout).expect("only JSON is on stdout");
    assert_eq!(value["exit"], 2);
    squall(&folder, &args).assert().code(2).stderr(is_empty());
}

#[test]
fn a_part_that_nobody_numbers_is_an_error_that_names_the_engines() {
    let folder = folder();
    run(&folder, "fuzz --runs 3 --partition auto", 1)
        .stderr(contains("SLURM_ARRAY_TASK_ID").and(contains("JOB_COMPLETION_INDEX")));
    squall(&folder, "fuzz --runs 6 --partition auto --out auto")
        .env("JOB_COMPLETION_INDEX", "1")
        .env("SQUALL_PARTS", "3")
        .assert()
        .code(0)
        .stdout(contains("seeds 3 to 4, of 6"));
    // A result knows which part it is.
    run(&folder, "fuzz --resume --out auto", 0).stdout(contains("seeds 3 to 4, of 6"));
    run(&folder, "fuzz --resume --out auto --partition 1/3", 1).stderr(contains("is part 2/3"));
}

#[test]
fn power_writes_a_table_and_a_plot() {
    let folder = folder();
    let args = format!("power --bugs {EASY} --trials 2 --json");
    let output = squall(&folder, &args).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let path = folder.path().join("reports/power");
    assert_eq!(json(&path.join("power.json")), printed);
    assert_eq!(printed["rows"][0]["found"], 2);
    let svg = fs::read_to_string(path.join("power.svg")).expect("it is written");
    assert!(svg.starts_with("<svg"), "{svg}");
    conforms(&schema::power(), &printed);
}

#[test]
fn colour_is_for_those_who_want_it() {
    let folder = folder();
    run(&folder, "fuzz --runs 1", 0).stdout(contains("\u{1b}").not());
    let forced = || {
        let mut command = squall(&folder, "fuzz --runs 1");
        command.env("CLICOLOR_FORCE", "1");
        command
    };
    forced().assert().code(0).stdout(contains("\u{1b}"));
    forced().env("NO_COLOR", "1").assert().code(0).stdout(contains("\u{1b}").not());
}

/// Whether a value is as the schema of its kind has it, and a value with one more key is not.
fn conforms(schema: &Value, value: &Value) {
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}: {errors:?}", schema["title"]);
    let mut wrong = value.clone();
    wrong["no-such-key"] = 1.into();
    assert!(!validator.is_valid(&wrong), "{}", schema["title"]);
}

#[test]
fn results_and_configs_conform_to_their_schemas() {
    let folder = folder();
    run(&folder, &format!("fuzz --runs 40 --bug {EASY}"), 2);
    let result = json(&folder.path().join("reports/fuzz/campaign.json"));
    assert!(result["failures"][0]["shape"].is_string());
    conforms(&schema::campaign(), &result);
    let config = serde_json::to_value(swarm::Config::default()).expect("it is JSON");
    conforms(&schema::swarm(), &config);
    for (kind, title) in
        [("campaign", "squall campaign"), ("swarm", "squall swarm"), ("", "squall scenario")]
    {
        run(&folder, &format!("schema {kind}"), 0).stdout(contains(title));
    }
    run(&folder, "schema storm", 1).stderr(contains("possible values"));
}
