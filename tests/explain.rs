//! `squall explain`, as a user types it.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use squall::plan::Plan;
use squall::plan::scenario::from_toml;
use squall::sim::run;

use crate::binary::squall;

fn explain(arguments: &[&str]) -> Output {
    squall().arg("explain").args(arguments).output().expect("squall starts")
}

fn told(arguments: &[&str]) -> String {
    let output = explain(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// The scenarios of bugs that violate something: those that only stall the cluster leave nothing to explain.
fn bugs() -> Vec<(PathBuf, Plan)> {
    let folder = fs::read_dir("scenarios/bugs").expect("the folder is there");
    let mut paths: Vec<PathBuf> =
        folder.map(|entry| entry.expect("it is readable").path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        from_toml(&fs::read_to_string(path).expect("it is readable")).expect("a plan")
    };
    let mut bugs: Vec<(PathBuf, Plan)> =
        paths.into_iter().map(|path| (path.clone(), read(&path))).collect();
    bugs.retain(|(_, plan)| plan.expect.violation.is_some());
    assert!(bugs.len() > 20, "{bugs:?}");
    bugs
}

/// The lines of the story: the first paragraph without its last line, which counts what is left out.
fn story(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert!(lines.pop().is_some_and(|line| line.contains("left out: ")), "{text}");
    lines
}

#[test]
fn every_planted_bug_has_a_short_story_with_its_proof() {
    for (path, plan) in bugs() {
        let violation = run(&plan).violation.expect("its bug shows");
        let path = path.display().to_string();
        let text = told(&[&path]);
        assert!(text.lines().count() <= 40, "{path}\n{text}");
        assert!(text.contains(violation.property.sentence()), "{path}\n{text}");
        assert!(text.contains(violation.property.rule()), "{path}\n{text}");
        let few = told(&[&path, "--lines", "1"]);
        assert_eq!(story(&few).len(), violation.evidence.len(), "{path}\n{few}");
        for number in &violation.evidence {
            let number = format!("#{number} ");
            for text in [&text, &few] {
                let shown = story(text).iter().any(|line| line.contains(&number));
                assert!(shown, "{path}: {number}\n{text}");
            }
        }
    }
}

#[test]
fn a_report_of_a_bug_makes_it_happen_again() {
    for (path, plan) in bugs() {
        let text = told(&[&path.display().to_string(), "--markdown"]);
        let (_, fenced) = text.split_once("```toml\n").expect("it has a scenario");
        let (scenario, _) = fenced.split_once("\n```").expect("the scenario ends");
        assert_eq!(from_toml(scenario).expect("a plan"), plan, "{text}");
    }
}

#[test]
fn a_second_vote_is_told_with_the_first() {
    let text = told(&["scenarios/bugs/vote-sent-before-fsync.toml"]);
    for part in [
        "votes for n1 in term 2",
        "its vote for n1 in term 2 was not on disk yet",
        "its second vote in this term: it gave the first to n1 at 0.151323 s, and lost it at 0.156323 s",
        "next:\n  squall report scenarios/bugs/vote-sent-before-fsync.toml\n  squall shrink ",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn a_clean_run_has_nothing_to_explain() {
    let output = explain(&["scenarios/elections/first-outcome-leader-elected.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing to explain"));
}

const PROMISES: &str = "horizon = \"3s\"\n[expect]\nleaders_min = 4\nsituations = [\"two-leaders-at-once\"]\nviolation = \"durability\"\n";

/// Of a promise that was not kept is told what came nearest to it, and when.
#[test]
fn what_came_nearest_to_a_promise_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("promises.toml");
    fs::write(&path, PROMISES).expect("it is writable");
    let text = told(&[&path.display().to_string()]);
    for part in [
        "unmet: durability was expected to be violated, but was not\n  judged: 18 properties",
        "unmet: 1 leaders were elected, fewer than 4\n  `leader-elected` was reached 1 times; first: 0.",
        "unmet: `two-leaders-at-once` was not reached\n  it is: Two live nodes were leaders, of different terms.\n  `leader-elected`",
        "next:\n  squall report ",
        " --leaderless 0.",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    let limited = "horizon = \"20s\"\nevents_max = 50\n";
    fs::write(&path, limited).expect("it is writable");
    let text = told(&[&path.display().to_string()]);
    assert!(text.starts_with("undecided: all is undecided from "), "{text}");
}

/// A vote for an earlier term that was ignored is not told as a vote; where a bug counts it, it is.
#[test]
fn only_votes_that_count_are_told() {
    let text = told(&["scenarios/bugs/stale-vote-reply.toml"]);
    assert!(text.contains("with the vote of n2 (a vote for term 2) and its own"), "{text}");
    for (path, plan) in bugs() {
        let text = told(&[&path.display().to_string()]);
        let stale = plan.raft.bugs.iter().any(|bug| bug.name() == "stale-vote-reply");
        assert!(stale || !text.contains("(a vote for term"), "{}\n{text}", path.display());
    }
}

/// What a story counts at the record of the verdict is what the verdict counts.
#[test]
fn the_counts_of_a_story_are_those_of_its_verdict() {
    let mut compared = 0;
    for (path, plan) in bugs() {
        let violation = run(&plan).violation.expect("its bug shows");
        let sentence = &violation.sentence;
        let Some(commit) = sentence.find("committed index") else { continue };
        let Some((counted, _)) = sentence[commit..].split_once(" disks") else { continue };
        let words: Vec<&str> = counted.split_whitespace().rev().take(3).collect();
        let count = format!("{} of {} ", words[2], words[0]);
        let text = told(&[&path.display().to_string()]);
        let number = format!("#{} ", violation.evidence.last().expect("it has a proof"));
        let line = story(&text).into_iter().find(|line| line.contains(&number));
        let line = line.expect("the proof is told");
        if line.contains("which is on") {
            compared += 1;
            assert!(line.contains(&count), "{}: {count}\n{text}", path.display());
        }
    }
    assert!(compared > 0);
}

/// Members were added and removed by way of joint consensus; only those of the moment count.
const MEMBERS: &str = "horizon = \"5s\"
[cluster]
nodes = 5
members = [1, 2, 3]
[raft]
bugs = [\"commit-without-quorum\"]
[[nodes]]
id = 1
election_timeouts = [\"150ms\"]
";

#[test]
fn a_story_counts_the_voters_of_the_moment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("members.toml");
    fs::write(&path, MEMBERS).expect("it is writable");
    let text = told(&[&path.display().to_string()]);
    for part in [
        "wins term 2, with the vote of n2 and its own: 2 of 3 votes",
        "which is on 1 of 3 disks",
        "on 1 of 3 disks: no majority",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(!text.contains("of 5"), "{text}");
}

#[test]
fn what_goes_on_for_ever_is_told_once_with_how_often_it_was_so() {
    let folder = "scenarios/bugs/";
    let check = |name: &str, parts: &[&str]| {
        let path = format!("{folder}{name}.toml");
        for text in [told(&[&path]), told(&[&path, "--markdown"])] {
            for part in parts {
                assert!(text.contains(part), "{name}: `{part}` is not in\n{text}");
            }
        }
    };
    check(
        "backoff-livelock",
        &[
            "sends n3 entries 3 to 6, behind entry 2 of term 2",
            "refuses it: it has no entry 2, for its log ends with 1",
            "hears what n3 answers, and sends the same again next",
            "n1 sent n3 just this 2363 times, about every 4.67ms",
        ],
    );
    check(
        "uptodate-vector",
        &[
            "refuses n2 its vote: nothing speaks against a vote: its log ends with 4@2",
            "n1 refused 44 times",
        ],
    );
    check("prevote-reply-own-term", &["would vote for n2 in term 2, but says so for term 1"]);
    check("precandidate-keeps-leader", &["refuses n2 its vote: it had n1 as its leader"]);
    check("vote-by-own-config", &["by its own log it is no voter"]);
    check("no-randomised-timeout", &["refuses n1 its vote: it had voted for itself"]);
    check("transfer-wedged", &["hands over to n3 still", "c2.1 was asked "]);
    check("timer-reset-on-stale", &["a term that is over", "n2 never stands: it heard n1 beat"]);
    check("removed-disrupts", &["n4 asks for its vote", "n4 is no voter by the log of n3"]);
    check("stale-leader-stays", &["refuses it, for it is in term 3, later than term 2 of n1"]);
    check("snap-loop", &["has all up to 20, by its snapshot", "n1 sent n3 just this 62 times"]);
    check("quorumless-heartbeats", &["leads term 2 on, and beats"]);
}

/// By what right a read was answered, who wrote what it gave, and until when that was so.
#[test]
fn a_stale_read_is_told_with_its_writer_and_its_right() {
    let text = told(&["scenarios/bugs/local-read.toml"]);
    for part in [
        "it leads, and no majority has answered a round of reads of it",
        "what it read was written by entry ",
        " overwrote it",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

/// What was written twice was read where the node stood that answered.
#[test]
fn a_stale_read_of_what_was_written_twice_is_told_with_the_writer_that_the_reader_knew() {
    let plan = fs::read_to_string("scenarios/bugs/local-read.toml").expect("it is there");
    let put = |at: &str, value: u32| {
        format!(
            "[[requests]]\nat = \"{at}\"\nto = 2\ncommand = {{ put = {{ key = 1, value = {value} }} }}\nattempts = 1\n\n"
        )
    };
    let again = format!("{}{}[expect]\n", put("1.05s", 1), put("1.1s", 2));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("twice.toml");
    fs::write(&path, plan.replace("[expect]\n", &again)).expect("it is writable");
    let text = told(&[&path.display().to_string()]);
    assert!(text.contains("what it read was written by entry 2 of c1.1"), "{text}");
}
