//! What README, docs and `--help` print for a user to type, or to copy, does what the text says.
//!
//! The lines of a text run in order, in a folder that has only `scenarios` and what earlier lines made. What takes long is made short: a
//! number of runs is 200 at most, of a campaign 50, there is one trial for each bug, and a time is one second; a campaign without any of
//! these takes one second, `squall power` without bugs measures one, and of `squall bench` only the options are looked at. The line for one
//! part of a campaign runs for all parts. A block that calls another program than squall is passed over, and so is a line that names a
//! guest: `tests/guests.rs` and `tests/guest_modules.rs` have those.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use squall::plan::scenario::from_toml;
use squall::plan::swarm::Config;
use squall::report::expectations::{Verdict, judge};
use squall::sim::run;
use tempfile::TempDir;

/// Options that end a campaign soon, or with what it looks for.
const ENDS: [&str; 5] = ["--runs", "--time", "--resume", "--print-plan", "--stop-after"];

/// Lines that end with another code than 0, as their text says: a violation is found, or runs differ.
const OTHERWISE: [(&str, i32); 7] = [
    ("squall run --seed 1 --nodes 5 --bug commit-without-quorum", 2),
    ("squall run --seed 1 --runs 200 --bug old-term-commit", 2),
    ("squall replay reports/seed-1.plan.json", 2),
    ("squall fuzz --bug", 2),
    ("squall diff scenarios/bugs/old-term-commit.toml --without-bugs", 4),
    ("squall diff scenarios/bugs/vote-twice.toml --without-bugs", 4),
    ("squall diff --seed 1 --nodes 5 --with-bug", 4),
];

fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(name)).expect("the page is there")
}

/// The blocks of a page in a language, without their fences.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = page.split(&fence).skip(1);
    starts.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    symlink(scenarios, folder.path().join("scenarios")).expect("it can be linked to");
    folder
}

/// A line without its remark, and with what takes long made short.
fn short(line: &str) -> String {
    let line = line.split('#').next().unwrap_or_default().trim();
    let line = line.split("  ").next().unwrap_or_default();
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let runs_max = if words.get(1).is_some_and(|word| word == "run") { 200 } else { 30 };
    for place in 1..words.len() {
        let (option, value) = (words[place - 1].as_str(), words[place].as_str());
        let small = match option {
            "--runs" => value.parse().map_or(runs_max, |runs: u64| runs.min(runs_max)).to_string(),
            "--trials" => "1".into(),
            "--time" => "300ms".into(),
            "--bugs" => "vote-twice".into(),
            _ => continue,
        };
        words[place] = small;
    }
    let has = |option: &str| words.iter().any(|word| word == option);
    let more = match words.get(1).map(String::as_str) {
        Some("fuzz") if !ENDS.into_iter().any(has) => " --time 300ms",
        Some("power") if !has("--bugs") => match has("--trials") {
            true => " --bugs vote-twice",
            false => " --bugs vote-twice --trials 1",
        },
        Some("bench") => " --help",
        _ => "",
    };
    let futures = if has("--turning-point") { " --futures 4" } else { "" };
    words.join(" ") + more + futures
}

/// Words by which a line names a guest that is not built in.
const GUESTS: [&str; 4] = [" --guest ", " --guests ", "guest check target/", "guest check 'cmd:"];

/// Runs a line of a shell, and gives what it prints if it ends with the code that it should.
fn ran(line: &str, folder: &Path) -> String {
    let line = short(line);
    if GUESTS.iter().any(|words| line.contains(words)) {
        return String::new();
    }
    let squall = Path::new(env!("CARGO_BIN_EXE_squall"));
    let path = format!("{}:/usr/bin:/bin", squall.parent().expect("it has a folder").display());
    let part = line.split_once("--partition ").and_then(|(_, rest)| rest.split_once('/'));
    let parts = part.and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
    let (number, parts) = (part.map_or("", |(number, _)| number), parts.unwrap_or(1));
    let mut text = String::new();
    for place in 1..=parts {
        // Another line may have been for one of these parts.
        let own = match number {
            "" => line.clone(),
            number => {
                line.replace(&format!("--partition {number}/"), &format!("--partition {place}/"))
                    .replace(&format!("part-{number}"), &format!("part-{place}"))
                    + " --force"
            }
        };
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &own])
            .current_dir(folder)
            .env("PATH", &path)
            .env_remove("GITHUB_ACTIONS");
        let output = shell.output().expect("there is a shell");
        let code = OTHERWISE.iter().find(|(start, _)| line.starts_with(start));
        let (errors, code) = (String::from_utf8_lossy(&output.stderr), code.map_or(0, |it| it.1));
        text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{own}\n{text}\n{errors}");
    }
    text
}

/// Whether the lines of a sample come in this order; `...` stands for any lines.
fn check_sample(sample: &str, text: &str) {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut from = 0;
    for (place, part) in sample.trim_end().split("...\n").enumerate() {
        let part: Vec<&str> = part.lines().collect();
        if part.is_empty() {
            continue;
        }
        let found = lines[from..].windows(part.len()).position(|lines| lines == part);
        let found = found.unwrap_or_else(|| panic!("{part:#?}\nis not in its place in\n{text}"));
        assert!(place > 0 || found == 0, "{part:#?}\nis not the beginning of\n{text}");
        from += found + part.len();
    }
}

/// All that a page has for a shell, and its samples of what a shell shows, in order.
fn check_page(name: &str) {
    let (folder, page) = (folder(), page(name));
    let mut count = 0;
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, block) = block.split_once('\n').unwrap_or_default();
        if language == "text" && block.starts_with("$ squall") {
            let (line, sample) = block.split_once('\n').expect("it shows something");
            let indented = sample.replace("\n  ...\n", "\n...\n");
            check_sample(&indented, &ran(line.trim_start_matches("$ "), folder.path()));
            count += 1;
        }
        let of_squall = language == "sh" && block.lines().all(|line| line.starts_with("squall "));
        for line in block.lines().filter(|_| of_squall) {
            ran(line, folder.path());
            count += 1;
        }
    }
    assert!(count > 0, "{name} has nothing to run");
}

#[test]
fn what_the_readme_shows_happens() {
    check_page("README.md");
}

#[test]
fn what_the_docs_show_happens() {
    for name in ["docs/pages.md", "docs/power.md", "docs/scale.md"] {
        check_page(name);
    }
}

#[test]
fn the_examples_of_every_help_work() {
    let squall = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_squall")).args(arguments).output();
        String::from_utf8(output.expect("squall starts").stdout).expect("it is UTF-8")
    };
    let help = squall(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").expect("it has commands");
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"run") && commands.contains(&"fuzz"), "{commands:?}");
    let texts = commands.iter().filter(|it| **it != "help").map(|it| squall(&[it, "--help"]));
    let mut count = 0;
    for text in texts.chain([help.clone()]) {
        let Some((_, examples)) = text.split_once("Examples:\n") else { continue };
        let folder = folder();
        for line in examples.lines().take_while(|line| !line.is_empty()) {
            if let Some(line) = line.trim_start().strip_prefix("squall ") {
                ran(&format!("squall {line}"), folder.path());
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count}");
}

/// What can be copied is a scenario that keeps its promises whatever the seed, or ranges for the swarm.
#[test]
fn every_block_of_toml_is_what_its_page_says() {
    for name in ["README.md", "docs/scenarios.md", "docs/liveness.md", "docs/scale.md"] {
        let page = page(name);
        let blocks = blocks(&page, "toml");
        assert!(!blocks.is_empty(), "{name}");
        for block in blocks {
            if name == "docs/scale.md" {
                assert!(Config::from_toml(&block).is_ok(), "{block}");
                continue;
            }
            let mut plan = from_toml(&block).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            for seed in 1..=20 {
                plan.seed = seed;
                assert_eq!(judge(&plan, &run(&plan), false), Verdict::Kept, "{name}: seed {seed}");
            }
        }
    }
}
