//! `squall why`, as a user types it.

use std::fs;

use predicates::str::contains;

use crate::binary::squall;

fn why(arguments: &[&str]) -> String {
    let output = squall().arg("why").args(arguments).output().expect("squall starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// Checks that an answer holds these in this order.
fn check(text: &str, expected: &[&str]) {
    let mut rest = text;
    for part in expected {
        let at =
            rest.find(part).unwrap_or_else(|| panic!("`{part}` is not in its place in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn a_commit_is_told_with_its_disks_and_answers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("quiet.toml");
    fs::write(&path, "horizon = \"2s\"\n[[nodes]]\nid = 2\nelection_timeouts = [\"100ms\"]\n")
        .expect("it is writable");
    let text = why(&[&path.display().to_string(), "--commit", "1"]);
    check(
        &text,
        &[
            "entry 1, of term 2, was committed at 0.",
            "by n2, the leader of term 2",
            "its commit index went from 0 to ",
            "n2 had it first, at 0.",
            "of 3 disks, a majority:",
            "n2 had heard so from:",
            "that it matches up to ",
            "knew of the commit at 0.",
        ],
    );
    // Each number is that of a record of the run.
    let shown = squall().args(["run", "--show", "--kind", "commit"]).arg(&path).output();
    let shown = String::from_utf8(shown.expect("squall starts").stdout).expect("it is UTF-8");
    let first = shown.lines().find(|line| line.contains("commits up to")).expect("it commits");
    let time = first.split_whitespace().next().expect("a line begins with its time");
    assert!(text.contains(&format!("was committed at {time}s")), "{text}\n{first}");
}

#[test]
fn a_commit_that_no_majority_backs_is_told_to_be_one() {
    let text =
        why(&["--seed", "1", "--nodes", "5", "--bug", "commit-without-quorum", "--commit", "4"]);
    check(&text, &["by n2, the leader of term 2", "2 of 5 disks, NO majority:"]);
    let text = why(&["scenarios/bugs/old-term-commit.toml", "--commit", "2"]);
    check(
        &text,
        &["entry 2, of term 2, was committed at 0.857246s, #286, by n1", "OLDER than its own"],
    );
}

/// Who counts is told by the configuration of that node at that moment: by both halves of it in joint consensus.
#[test]
fn votes_and_disks_are_counted_by_the_members_of_the_moment() {
    let folder = "scenarios/membership/";
    let text = why(&[&format!("{folder}joint-consensus.toml"), "--term", "2"]);
    check(&text, &["that is 5 of 5 votes; a majority is 3", "it won, at "]);
    let text = why(&[&format!("{folder}leader-elected-in-joint-consensus.toml"), "--term", "3"]);
    let share =
        "that is 2 of 3 votes of the new voters and 2 of 3 of the old ones; a majority is 2 and 2";
    check(&text, &[share, "it won, at "]);
    let text = why(&[&format!("{folder}joint-consensus.toml"), "--commit", "1"]);
    check(&text, &["it was then on 5 of 5 disks, a majority:"]);
}

/// What a disk said, and what came of it.
#[test]
fn a_commit_on_disks_that_lied_is_told_to_be_one() {
    let scenario = "scenarios/disks/lying-disks-lose-what-is-committed.toml";
    let text = why(&[scenario, "--commit", "70"]);
    let said = "#1921; so it SAYS, and LIES\n";
    check(&text, &["2 of 3 disks, a majority:", said, "n1 committed ANOTHER entry there at 2."]);
    assert!(!why(&[scenario, "--commit", "40"]).contains("LIES"));
}

#[test]
fn an_election_is_told_vote_by_vote() {
    let text = why(&["scenarios/elections/vote-refused-shorter-log.toml", "--term", "3"]);
    check(
        &text,
        &[
            "nobody won term 3\n",
            "n3 stood, at ",
            "; its log ended with 1@2",
            "the question was lost: the node is down",
            "that is 1 of 3 votes; a majority is 2",
            "it did not win: it heard of term 4 from n2",
        ],
    );
    let text = why(&["scenarios/elections/vote-refused-shorter-log.toml", "--term", "4"]);
    check(&text, &["n2 won term 4, at ", "granted its vote, heard at ", "it won, at "]);
    let folder = "scenarios/elections/";
    let split = why(&[&format!("{folder}third-outcome-split-vote.toml"), "--term", "2"]);
    check(&split, &["nobody won term 2", "refused: it had voted for ", "it did not win: "]);
}

#[test]
fn a_refusal_has_its_reason() {
    let mut reasons = String::new();
    for term in 2..=4 {
        let term = term.to_string();
        let scenario = "scenarios/elections/vote-refused-shorter-log.toml";
        let output = squall().args(["why", scenario, "--term", &term]).output();
        reasons += &String::from_utf8_lossy(&output.expect("squall starts").stdout);
    }
    check(&reasons, &["refused: its log is more up to date: it ends with "]);
}

#[test]
fn a_node_that_did_not_stand_is_told_to_have_voted() {
    let text = why(&[
        "--seed",
        "1",
        "--nodes",
        "5",
        "--bug",
        "commit-without-quorum",
        "--term",
        "2",
        "--node",
        "1",
    ]);
    check(&text, &["n2 won term 2", "n1 did not stand in term 2: "]);
}

#[test]
fn what_the_run_does_not_have_exits_with_1() {
    let check = |arguments: &[&str], expected: &str| {
        let storm = ["why", "--seed", "1", "--nodes", "5", "--bug", "commit-without-quorum"];
        squall().args(storm).args(arguments).assert().code(1).stderr(contains(expected));
    };
    check(
        &["--commit", "9"],
        "the entry at index 9 was never committed in this run; the highest index that was is 4",
    );
    check(&["--term", "9"], "no node came to term 9 in this run; the highest is 2");
    check(&["--term", "1"], "nobody stood for election in term 1: every node boots in term 1");
    check(&["--term", "2", "--node", "6"], "--node 6: seed-1 has nodes 1 to 5");
    check(&["--commit", "1", "--term", "2"], "cannot be used with");
    check(&[], "--commit");
}
