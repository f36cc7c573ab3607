//! What docs/own-raft.md shows is run as it stands there, and its table of features is that of the catalogue.

use std::path::{Path, PathBuf};
use std::process::Command;

use squall::guest::Feature;
use squall::plan::scenario;

const PAGE: &str = include_str!("../docs/own-raft.md");
const COMMAND: &str = "cargo run --example own_raft -- ";

/// The lines of all blocks in one language, block by block.
fn blocks(language: &str) -> Vec<Vec<&'static str>> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        if line == fence {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").collect());
        }
    }
    blocks
}

/// The example as a program: cargo makes it beside the tests.
fn example() -> PathBuf {
    let tests = std::env::current_exe().expect("this is a program");
    let folder = tests.parent().and_then(Path::parent).expect("it lies in deps");
    let program = folder.join("examples").join(format!("own_raft{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--example", "own_raft"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().expect("cargo runs").success(), "the example is built");
    }
    program
}

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let program = example();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut codes = Vec::new();
    for line in blocks("sh").into_iter().flatten() {
        let arguments = line.strip_prefix(COMMAND).unwrap_or_else(|| panic!("what is {line}?"));
        let mut command = Command::new(&program);
        let output = command.args(arguments.split(' ')).current_dir(folder.path()).output();
        let output = output.expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code().expect("it is not killed");
        assert!(code != 1 && code != 70, "{line}\n{text}\n{errors}");
        if arguments.starts_with("fuzz --runs 200") {
            assert!(text.contains("not exercised: this guest has no pre-vote"), "{text}");
        }
        codes.push((arguments.split(' ').next().expect("a command"), code));
    }
    let of = |name: &str| codes.iter().filter(|it| it.0 == name).map(|it| it.1).collect::<Vec<_>>();
    assert_eq!(of("fuzz"), [0, 2]);
    assert_eq!((of("run"), of("report"), of("export")), (vec![0], vec![0], vec![0]));
    let failures = std::fs::read_dir(folder.path().join("reports/own/failures"));
    let failure =
        failures.expect("there is one").next().expect("there is one").expect("it is listed");
    assert!(failure.path().join("shrunk.toml").is_file());
    // The folder of the failure is the source of other commands, and the run in it is the same one again.
    let other = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(folder.path()).output().expect("it runs")
    };
    let path = failure.path().display().to_string();
    let small = failure.path().join("shrunk.toml").display().to_string();
    let saved = failure.path().join("run.plan.json").display().to_string();
    let replay = other(&["replay", &saved]);
    // A campaign's failure expects to fail, so that it can be kept as it is.
    assert_eq!(replay.status.code(), Some(0), "{}", String::from_utf8_lossy(&replay.stdout));
    assert!(String::from_utf8_lossy(&replay.stdout).starts_with("the same run"));
    assert_eq!(other(&["explain", &path]).status.code(), Some(0));
    assert_eq!(other(&["run", &small]).status.code(), Some(0), "it fails as it promises");
    assert_eq!(other(&["why", &small, "--commit", "1"]).status.code(), Some(0));
    let diff = other(&["diff", &small, "--without-guest-options"]);
    assert_eq!(diff.status.code(), Some(4), "{}", String::from_utf8_lossy(&diff.stderr));
}

#[test]
fn scenarios_that_take_what_it_lacks_are_refused_and_bugs_of_another_raft_too() {
    let program = example();
    let refused = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        let output = command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let text = refused(&["run", "scenarios/bugs/vote-twice.toml"]);
    assert!(text.contains("vote-twice is a bug of the built-in Raft"), "{text}");
    let text = refused(&["fuzz", "--bug", "vote-twice", "--runs", "1"]);
    assert!(text.contains("cannot be planted in own"), "{text}");
    let text = refused(&["fuzz", "--guest-option", "mistake=commit-by-count", "--runs", "1"]);
    assert!(text.contains("did you mean `commits-by-count`?"), "{text}");
    let text = refused(&["run", "--seed", "1", "--guest-option", "mistake"]);
    assert!(text.contains("OPTION=VALUE"), "{text}");
}

#[test]
fn the_table_of_features_is_that_of_the_catalogue() {
    let rows: Vec<&str> =
        PAGE.lines().skip_while(|line| !line.starts_with("| feature |")).collect();
    for feature in Feature::ALL {
        let row = format!("| `{feature}` | {} |", feature.means());
        assert!(rows.contains(&row.as_str()), "docs/own-raft.md lacks the row {row}");
    }
    let count = rows.iter().take_while(|line| line.starts_with('|')).count();
    assert_eq!(count, Feature::ALL.len() + 2);
}

#[test]
fn its_scenarios_are_scenarios() {
    let scenarios = blocks("toml");
    assert!(!scenarios.is_empty());
    for lines in scenarios {
        let plan = scenario::from_toml(&lines.join("\n")).expect("it is a scenario");
        assert_eq!(plan.guest.name, "own");
    }
}
