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
    check(&["--request", "2"], "name a request by its client and the client's count");
    check(
        &["--request", "99.1"],
        "there is no request c99.1 in this run; client 99 asks for nothing",
    );
    check(&["--request", "1.9999"], "there is no request c1.9999 in this run; client 1 makes ");
    check(&["--leaderless", "9s"], "the run ended at 0.213430s; there is nothing at 9.000000s");
    check(&["--leaderless", "soon"], "--leaderless");
    check(&["--leaderless", "210ms"], "n2 leads term 2 at 0.210000s, and is followed by ");
}

/// An entry that never was committed: who has it, who lacks it, and what the leader has heard.
#[test]
fn an_entry_that_is_not_committed_is_told_with_what_stands_in_the_way() {
    let text = why(&["scenarios/bugs/quorumless-heartbeats.toml", "--commit", "40"]);
    check(
        &text,
        &[
            "no entry at index 40 was committed in this run; the highest index that was is 31",
            "the entry of term 2: n1 had it first, at ",
            "in the end it is in the logs of n1, n2, n3, and on the disks of n1, n2, n3",
            "n1 leads term 2, and has the entry of term 2, which is on 3 of 3 disks, a majority",
            "n2 has it; n1 has not heard that it has it",
        ],
    );
    let text = why(&["scenarios/bugs/uptodate-vector.toml", "--commit", "4"]);
    check(&text, &["in the logs of n1, and on the disks of n1", "nobody leads in the end"]);
}

#[test]
fn a_time_without_a_leader_is_told_with_who_refused_whom() {
    let text = why(&["scenarios/bugs/uptodate-vector.toml", "--leaderless", "5s"]);
    check(
        &text,
        &[
            "nobody leads at 5.000000s",
            "the last that a majority followed was n2, in term 3, from 0.732320s (#153) until n2 CRASHES, at 1.000000s",
            "the last to lead at all was n1, until it becomes follower",
            "n1 follows in term ",
            "n3 is down: CRASHES, at 1.000000s",
            "since then n1 asked for votes ",
            "refused: its log is more up to date",
            "since then n2 asked for votes ",
            "refused: nothing speaks against a vote",
            "no majority followed a leader from then on, to the end of the run",
        ],
    );
    let text = why(&["scenarios/bugs/vote-twice.toml", "--leaderless", "50ms"]);
    check(
        &text,
        &[
            "nobody leads at 0.050000s",
            "no majority had followed a leader before",
            "no majority followed a leader from then on",
        ],
    );
}

#[test]
fn a_leader_that_lost_its_followers_is_told_with_when_it_had_them_and_has_them_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.toml");
    let plan = "horizon = \"10s\"\n[cluster]\nnodes = 3\n[[faults]]\nat = \"3s\"\n\
                crash = { target = [1, 3], for = \"3s\" }\n";
    std::fs::write(&path, plan).expect("a plan");
    let text = why(&[path.to_str().expect("a path"), "--leaderless", "4s"]);
    check(
        &text,
        &[
            "n2 leads term 2 at 4.000000s, but no majority of voters follows it",
            "the last that a majority followed was n2, in term 2, from 0.177295s (#73) until n3 CRASHES, at 3.000000s",
            "a majority followed n2 again, in term 2, at 6.0",
        ],
    );
    assert!(!text.contains("since then"), "nobody stood since then: {text}");
}

#[test]
fn a_request_is_told_try_by_try() {
    let text = why(&["scenarios/bugs/transfer-wedged.toml", "--request", "c2.1"]);
    check(
        &text,
        &[
            "c2.1, put k1=2, was never answered",
            "try 1: n1 was asked at 2.000000s",
            "n1 refused it",
            "it leads term 2, and hands over to n3",
            "more tries",
            "no leader made an entry of it",
        ],
    );
    let text = why(&["scenarios/bugs/transfer-wedged.toml", "--request", "1.1"]);
    check(
        &text,
        &[
            "was answered by n1",
            "it applied entry 2 of term 2 for it",
            "n1 made entry 2 of term 2 of it",
            "it was applied by ",
        ],
    );
}

#[test]
fn a_term_that_nobody_stood_in_is_told_with_who_asked_whether_it_could_win() {
    let text = why(&["scenarios/bugs/prevote-reply-own-term.toml", "--term", "2"]);
    check(
        &text,
        &[
            "nobody stood for election in term 2",
            "n1 did not stand in term 2: it never was in that term",
            "times whether it could win it, for the last time so:",
            "would vote for it, heard at ",
            "but for term 1: that does not count",
        ],
    );
}
