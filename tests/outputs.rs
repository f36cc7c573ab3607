//! What comes from files and from their names can neither steer a terminal, nor command a CI system, nor break out of a report.

use std::fs;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

use crate::binary::squall;

/// A title that clears the screen, writes backwards, commands GitHub and is a heading of its own.
const TITLE: &str = r###"title = "\u001b[2J\u001b]0;owned\u0007\u202e\n::error::x\n```\n# <b>H1</b>"
"###;
const BUG: &str =
    "raft = { bugs = [\"vote-twice\"], election_timeout = \"150ms..151ms\" }\nhorizon = \"5s\"\n";

fn folder(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(name), text).expect("it is writable");
    folder
}

/// What a command says, on both of its outputs.
fn said(folder: &TempDir, words: &[&str]) -> String {
    let output = squall().args(words).current_dir(folder).output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).expect("text")
}

fn check_harmless(text: &str, words: &[&str]) {
    let steers = |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
    assert!(!text.contains(steers), "{words:?}: {text:?}");
    let commands = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    assert!(!text.lines().any(commands), "{words:?}: {text}");
}

#[test]
fn a_title_is_shown_as_it_is_written() {
    let folder = folder("title.toml", &format!("{TITLE}{BUG}"));
    for words in [
        ["run", "title.toml"].as_slice(),
        &["replay", "reports/title.plan.json"],
        &["explain", "title.toml"],
        &["explain", "title.toml", "--markdown"],
        &["scenarios", "title.toml"],
        &["export", "title.toml", "--format", "mermaid", "--to", "1ms"],
        &["diff", "title.toml", "--without-bugs"],
    ] {
        check_harmless(&said(&folder, words), words);
    }
    let told = said(&folder, &["run", "title.toml"]);
    assert!(told.contains("\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\u{202e}\\u{a}::error::x"), "{told}");
}

#[cfg(unix)]
#[test]
fn the_name_of_a_file_is_shown_as_it_is_written() {
    let name = "\u{1b}[2J\n::error::x\u{202e}.toml";
    let folder = folder(name, BUG);
    let saved = "reports/u_1b__2J_u_a___error__x_u_202e.plan.json";
    for words in [["run", name].as_slice(), &["run", "."], &["explain", name], &["scenarios", "."]]
    {
        check_harmless(&said(&folder, words), words);
    }
    assert!(folder.path().join(saved).is_file(), "{}", said(&folder, &["run", name]));
    fs::write(folder.path().join(name), "\"\\n::error::y\" = 1").expect("it is writable");
    let missing = format!("{name}.not-there");
    for words in [["run", name].as_slice(), &["run", &missing], &["report", "-o", name, &missing]] {
        check_harmless(&said(&folder, words), words);
    }
    fs::write(folder.path().join("::error::x.toml"), BUG).expect("it is writable");
    check_harmless(&said(&folder, &["scenarios", "::error::x.toml"]), &["scenarios"]);
}

#[test]
fn what_stands_in_a_result_is_shown_as_it_is_written() {
    let folder = folder("none", "");
    let fuzz = ["fuzz", "--runs", "60", "--bug", "commit-without-quorum", "--out", "found"];
    squall().args(fuzz).current_dir(&folder).assert().code(2);
    let path = folder.path().join("found/campaign.json");
    let text = fs::read_to_string(&path).expect("it was written");
    let mut result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let hostile = "\u{1b}[2J\n::error::x\u{202e}";
    for failure in result["failures"].as_array_mut().expect("it found some") {
        failure["shape"] = hostile.into();
    }
    let merge = ["merge", "found", "--out", "all", "--partial", "--force"];
    for (key, value) in [("squall", hostile), ("format", hostile)] {
        fs::write(&path, result.to_string()).expect("it is writable");
        check_harmless(&said(&folder, &merge), &merge);
        let resume = ["fuzz", "--resume", "--out", "found"];
        result[key] = value.into();
        fs::write(&path, result.to_string()).expect("it is writable");
        check_harmless(&said(&folder, &resume), &resume);
    }
    let junit = fs::read_to_string(folder.path().join("all/junit.xml")).expect("it was written");
    assert!(!junit.contains(['\u{1b}', '\u{202e}']), "{junit}");
}

#[test]
fn markdown_of_a_title_is_no_markup_and_closes_no_block() {
    let folder = folder("fence.toml", &format!("{TITLE}{BUG}"));
    let told = said(&folder, &["explain", "fence.toml", "--markdown"]);
    assert!(told.contains("\\`\\`\\`\\\\u{a}\\# &lt;b\\>H1&lt;/b\\>"), "{told}");
    // The text of the scenario is one block to the end.
    let fence = "`".repeat(4);
    let (_, block) = told
        .split_once(&format!("\n{fence}toml\n"))
        .unwrap_or_else(|| told.split_once("\n```toml\n").expect("there is a block"));
    let block = block.trim_end().trim_end_matches('`');
    squall::plan::scenario::from_toml(block).expect("it is the scenario");
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_error_that_cannot_be_written_changes_no_exit_code() {
    let folder = folder("none", "");
    for (words, code) in [
        (["run", "nosuch.toml"].as_slice(), 1),
        (&["run", "--nosuch"], 1),
        (&["fuzz", "--seed", "random", "--runs", "2"], 0),
        (&["fuzz", "--runs", "60", "--bug", "commit-without-quorum", "--stop-after", "1"], 2),
        (&["shrink", "--seed", "3"], 1),
    ] {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut squall = std::process::Command::new(env!("CARGO_BIN_EXE_squall"));
        squall.args(words).env("GITHUB_ACTIONS", "true").current_dir(&folder);
        let output = squall.stderr(full).output().expect("it runs");
        assert_eq!(output.status.code(), Some(code), "{words:?}");
    }
    let told = squall().args(["run", "nosuch.toml"]).current_dir(&folder).assert().code(1);
    told.stderr(contains("nosuch.toml").and(contains("cannot read")));
}
