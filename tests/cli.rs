//! The real binary, as a user types it.

use std::fs;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use tempfile::TempDir;

use crate::binary::squall;

/// A folder with a scenario in it.
fn folder(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(name), text).expect("it is writable");
    folder
}

const CLEAN: &str = "title = \"A quiet cluster\"\nhorizon = \"2s\"\n[expect]\nleaders_min = 1\n";

const BUGGY: &str = "title = \"A leader that counts too little\"\nhorizon = \"5s\"\n[raft]\n\
                     bugs = [\"commit-without-quorum\"]\n";

#[test]
fn a_clean_scenario_exits_with_0_and_tells_its_digest() {
    let folder = folder("quiet.toml", CLEAN);
    squall()
        .args(["run", "quiet.toml"])
        .current_dir(&folder)
        .assert()
        .code(0)
        .stdout(contains("ok").and(contains("A quiet cluster")).and(contains("digest ")))
        .stdout(contains("\u{1b}").not())
        .stderr(is_empty());
}

#[test]
fn a_violation_exits_with_2_and_its_replay_is_the_same_run() {
    let folder = folder("buggy.toml", BUGGY);
    squall()
        .args(["run", "buggy.toml"])
        .current_dir(&folder)
        .assert()
        .code(2)
        .stdout(contains("durability violated").and(contains("the records that prove it")))
        .stdout(contains("squall replay reports/buggy.plan.json"));
    squall()
        .args(["replay", "reports/buggy.plan.json"])
        .current_dir(&folder)
        .assert()
        .code(2)
        .stdout(contains("the same run"));
    squall().args(["run", "buggy.toml", "--without-bugs"]).current_dir(&folder).assert().code(0);
}

#[test]
fn a_cluster_that_does_not_come_back_to_life_exits_with_3() {
    let text = "horizon = \"20s\"\n[raft]\nbugs = [\"no-randomised-timeout\"]\n\
                [network]\nlatency = \"1ms\"\n[disk]\nfsync = \"1ms\"\n[liveness]\nfrom = \"1s\"\n";
    let folder = folder("alike.toml", text);
    let alike = |args: &[&str]| squall().args(args).current_dir(&folder).assert();
    alike(&["run", "alike.toml"])
        .code(3)
        .stdout(contains("liveness violated").and(contains("Nobody in the core leads")));
    alike(&["replay", "reports/alike.plan.json"]).code(3).stdout(contains("the same run"));
    alike(&["explain", "alike.toml"]).code(0).stdout(contains("in the end:"));
    alike(&["run", "alike.toml", "--without-bugs"]).code(0).stdout(contains("had recovered"));
    let storms = ["fuzz", "--runs", "30", "--bug", "prevote-reply-own-term", "--profile", "etcd"];
    alike(&storms).code(3);
}

#[test]
fn a_changed_plan_is_told_to_have_diverged() {
    let folder = folder("buggy.toml", BUGGY);
    squall().args(["run", "buggy.toml"]).current_dir(&folder).assert().code(2);
    let path = folder.path().join("reports/buggy.plan.json");
    let text = fs::read_to_string(&path).expect("the plan was saved");
    fs::write(&path, text.replace("\"seed\": 1,", "\"seed\": 2,")).expect("it is writable");
    squall()
        .args(["replay", "reports/buggy.plan.json"])
        .current_dir(&folder)
        .assert()
        .code(4)
        .stdout(contains("ANOTHER run").and(contains("diverged between records")));
}

#[test]
fn an_expected_violation_that_does_not_occur_exits_with_5() {
    let text = "horizon = \"2s\"\n[expect]\nviolation = \"log-matching\"\n";
    let folder = folder("quiet.toml", text);
    squall()
        .args(["run", "quiet.toml"])
        .current_dir(&folder)
        .assert()
        .code(5)
        .stdout(contains("log-matching was expected to be violated, but was not"));
}

#[test]
fn a_mistake_is_shown_with_its_line_and_column_and_a_way_out() {
    let folder = folder("wrong.toml", "title = \"x\"\nhorizn = \"5s\"\n");
    squall()
        .args(["run", "wrong.toml"])
        .current_dir(&folder)
        .assert()
        .code(1)
        .stdout(is_empty())
        .stderr(contains("wrong.toml:2:1").and(contains("^^^^^^")))
        .stderr(contains("did you mean `horizon`?"));
    assert!(!folder.path().join("reports").exists(), "nothing is written for a mistake");
}

#[test]
fn reads_that_cannot_be_are_refused_where_they_stand() {
    let refused = |options: &str, place: &str, expected: &str, way_out: &str| {
        let folder = folder("reads.toml", &format!("title = \"x\"\n[raft]\n{options}\n"));
        squall()
            .args(["run", "reads.toml"])
            .current_dir(&folder)
            .assert()
            .code(1)
            .stdout(is_empty())
            .stderr(contains(format!("reads.toml:{place}")).and(contains(expected)))
            .stderr(contains(way_out));
    };
    refused("reads = \"leese\"", "3:9", "unknown variant `leese`", "did you mean `lease`?");
    refused("follower_reads = true", "3:18", "reads that go through the log", "\"read-index\"");
    refused("drift_bound_ppm = 7", "3:19", "is for leases", "write reads = \"lease\"");
    let bound = "reads = \"lease\"\ndrift_bound_ppm = 2000001";
    refused(bound, "4:19", "from 0 to 2000000, not 2000001", "leave it out for 100000");
    refused("pre_vote = \"yes\"", "3:12", "expected a boolean", "true or false");
}

#[test]
fn a_run_says_whether_reads_are_judged() {
    let lease = |bound: u32| {
        format!(
            "horizon = \"2s\"\n[raft]\nreads = \"lease\"\ndrift_bound_ppm = {bound}\n\
             [[nodes]]\nid = 1\nclock_drift_ppm = 200000\n"
        )
    };
    let told = "linearizability of reads is not judged: clocks drift by more than leases bear, by 200000 parts per million, not 100000";
    let run = |bound: u32, args: &[&str]| {
        let folder = folder("lease.toml", &lease(bound));
        let output = squall().args(["run", "lease.toml"]).args(args).current_dir(&folder).output();
        String::from_utf8(output.expect("it runs").stdout).expect("text")
    };
    let json = |bound: u32| -> serde_json::Value {
        serde_json::from_str(&run(bound, &["--json"])).expect("JSON")
    };
    assert!(run(100_000, &[]).contains(told), "{}", run(100_000, &[]));
    assert!(!run(200_000, &[]).contains("not judged"));
    assert_eq!(json(100_000)["runs"][0]["gaps"][0]["why"], "drift");
    assert!(json(200_000)["runs"][0]["gaps"].is_null());
    // Where linearizability is not judged at all, nothing is left out of it.
    let other = format!("judge = [\"log-matching\"]\n{}", lease(100_000));
    let folder = folder("other.toml", &other);
    let squall = |args: &[&str]| squall().args(args).current_dir(&folder).assert();
    squall(&["run", "other.toml"]).code(0).stdout(contains("not judged").not());

    fs::write(
        folder.path().join("swarm.toml"),
        "own_reads = 100\nclocks = 100\nbroken_leases = 100\n",
    )
    .expect("it is writable");
    squall(&["fuzz", "--runs", "40", "--config", "swarm.toml", "--out", "found"])
        .code(0)
        .stdout(contains("whose clocks drift by more than leases bear"));
    let result = fs::read_to_string(folder.path().join("found/campaign.json")).expect("a result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    assert!(
        result["totals"]["gaps"]["drift"].as_u64().is_some_and(|runs| (1..=40).contains(&runs))
    );
}

#[test]
fn missing_files_and_wrong_flags_exit_with_1() {
    squall()
        .args(["run", "no-such-file.toml"])
        .assert()
        .code(1)
        .stderr(contains("no-such-file.toml"));
    squall().args(["run"]).assert().code(1);
    squall().args(["run", "--seed", "x"]).assert().code(1);
    squall()
        .args(["run", "--seed", "1", "--bug", "old-term-comit"])
        .assert()
        .code(1)
        .stderr(contains("did you mean `old-term-commit`?"));
    squall().args(["frobnicate"]).assert().code(1);
}

#[test]
fn json_is_json_and_a_trace_has_a_line_for_each_record() {
    let folder = folder("quiet.toml", CLEAN);
    let output = squall()
        .args(["run", "quiet.toml", "--json", "--trace", "out.jsonl"])
        .current_dir(&folder)
        .output()
        .expect("it runs");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["exit"], 0);
    assert_eq!(json["runs"][0]["verdict"], "ok");
    let records = json["runs"][0]["counters"]["records"].as_u64().expect("a count");
    let trace = fs::read_to_string(folder.path().join("out.jsonl")).expect("the trace is there");
    let lines: Vec<serde_json::Value> =
        trace.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["format"], "squall-trace");
    assert_eq!(lines.len() as u64, records + 1);
    assert_eq!(lines[1]["kind"], "boot");
}

#[test]
fn a_text_trace_can_be_filtered() {
    let folder = folder("quiet.toml", CLEAN);
    let lines = |more: &[&str]| {
        let mut args = vec!["run", "quiet.toml", "--show"];
        args.extend(more);
        let output = squall().args(args).current_dir(&folder).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let all = lines(&[]);
    let roles = lines(&["--kind", "role", "--node", "1"]);
    assert!(all.contains("becomes LEADER of term 2"), "{all}");
    assert!(roles.lines().count() < all.lines().count());
    assert!(!roles.contains("heartbeat"));
    let late = lines(&["--from", "1s", "--to", "1.2s"]);
    assert!(!late.contains("  0.") && late.contains("  1.0"), "{late}");
}

#[test]
fn the_catalogues_are_complete() {
    squall().args(["bugs"]).assert().code(0).stdout(contains("old-term-commit"));
    squall()
        .args(["bugs", "show", "old-term-commit"])
        .assert()
        .code(0)
        .stdout(contains("Figure 8"));
    squall().args(["situations"]).assert().code(0).stdout(contains("split-vote"));
    squall().args(["properties"]).assert().code(0).stdout(contains("election-safety"));
    squall().args(["profiles"]).assert().code(0).stdout(contains("check_quorum"));
    let profiles = squall().args(["profiles", "--json"]).output().expect("it runs");
    let profiles: serde_json::Value = serde_json::from_slice(&profiles.stdout).expect("JSON");
    let etcd = profiles.as_array().expect("a list").iter().find(|one| one["name"] == "etcd");
    let schema = squall().args(["schema"]).output().expect("it runs");
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let etcd = etcd.expect("it is there");
    for switch in ["pre_vote", "check_quorum", "vote_lease", "follower_reads", "parallel_append"] {
        assert_eq!(etcd[switch], true, "{switch}");
    }
    assert_eq!(
        (&etcd["snapshot_every"], &etcd["snapshot_trailing"]),
        (&10_000.into(), &5_000.into())
    );
    assert_eq!(
        (&etcd["bytes_per_append"], &etcd["reads"]),
        (&(1 << 20).into(), &"read-index".into())
    );
    assert_eq!(etcd["operations"]["transfer"], true);
    let about = ["name", "source", "operations", "not_yet"];
    for option in etcd.as_object().expect("a table").keys().filter(|key| !about.contains(&&***key))
    {
        let options = &schema["$defs"]["RaftOptions"]["properties"];
        assert!(options[option].is_object(), "a plan has no {option}");
    }
    squall().args(["scenarios"]).assert().code(0).stdout(contains("scenarios/bugs/"));
    squall().args(["schema"]).assert().code(0).stdout(contains("\"$schema\""));
    squall().args(["completions", "bash"]).assert().code(0).stdout(contains("complete"));
    squall().args(["man"]).assert().code(0).stdout(contains(".TH squall"));
    for list in ["bugs", "situations", "properties", "profiles", "scenarios"] {
        let output = squall().args([list, "--json"]).output().expect("it runs");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(json.as_array().is_some_and(|list| list.len() > 5), "{list}");
    }
}

#[test]
fn many_seeds_are_summed_up() {
    squall()
        .args(["run", "--seed", "1", "--runs", "50"])
        .assert()
        .code(0)
        .stdout(contains("50 random plans from seed 1, no violation"));
}

#[test]
fn a_run_can_be_cut_short() {
    let folder = folder("quiet.toml", CLEAN);
    squall()
        .args(["run", "quiet.toml", "--until", "100ms"])
        .current_dir(&folder)
        .assert()
        .code(0)
        .stdout(contains("0.100000s of virtual time"));
}

#[test]
fn a_report_is_one_page_of_a_run_or_of_a_campaign() {
    let folder = folder("quiet.toml", CLEAN);
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it was written");
    let report = |args: &[&str]| squall().arg("report").args(args).current_dir(&folder).assert();
    report(&["quiet.toml"]).code(0).stdout(contains("run.html"));
    assert!(page("run.html").contains("A quiet cluster"));
    report(&["--seed", "3", "-o", "storm.html"]).code(0);
    assert!(page("storm.html").contains("squall run --seed 3"));
    report(&["quiet.toml", "--records-max", "10"])
        .code(1)
        .stderr(contains("a page holds 10").and(contains("--from")));
    report(&["."]).code(1).stderr(contains("is not the folder of a failure"));
    let bug = ["fuzz", "--runs", "200", "--bug", "commit-without-quorum", "--out", "found"];
    squall().args(bug).current_dir(&folder).assert().code(2);
    report(&["found"]).code(0).stdout(contains("index.html"));
    let failures = folder.path().join("found/failures");
    let failure = fs::read_dir(failures).expect("it found some").flatten().next();
    let failure = failure.expect("it found one").path();
    assert!(failure.join("run.html").is_file());
    assert!(page("found/index.html").contains("squall replay"));
}

#[test]
fn a_property_that_is_not_there_is_told_with_those_that_are() {
    squall()
        .args(["bench", "--without", "linearisability"])
        .assert()
        .code(1)
        .stdout(is_empty())
        .stderr(
            contains("there is no property `linearisability`").and(contains("linearizability")),
        );
}

/// A scenario runs under many seeds, and its promises are summed up; what a file is run with is applied, or refused.
#[test]
fn seeds_nodes_and_profiles_go_with_a_file() {
    let text = "seed = 3\nhorizon = \"2s\"\n[expect]\nsituations = [\"split-vote\"]\n";
    let folder = folder("split.toml", text);
    fs::write(folder.path().join("fixed.toml"), "[[nodes]]\nid = 3\ndisk = {}\n")
        .expect("it is writable");
    let squall = |args: &[&str]| squall().args(args).current_dir(&folder).assert();
    let output =
        squall(&["run", "split.toml", "--runs", "40", "--json"]).code(5).get_output().clone();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let verdicts = &value["runs"][0]["verdicts"];
    let runs = |word: &str| verdicts[word]["runs"].as_u64().expect("some runs end so");
    assert_eq!((runs("ok") + runs("UNMET"), &value["runs"][0]["first_seed"]), (40, &3.into()));
    let first = |word: &str| verdicts[word]["first_seed"].to_string();
    squall(&["run", "split.toml", "--seed", &first("ok")]).code(0);
    squall(&["run", "split.toml", "--seed", &first("UNMET")]).code(5);
    squall(&["run", "split.toml", "--runs", "40"])
        .stdout(contains("UNMET     split.toml: seeds 3 to 42"))
        .stdout(contains(format!("squall run split.toml --seed {}\n", first("UNMET"))));
    squall(&["run", "split.toml", "--nodes", "1"]).code(5);
    squall(&["run", "fixed.toml", "--nodes", "2"])
        .code(1)
        .stderr(contains("fixed.toml does not go with --nodes 2: there is no node 3"));
    let etcd = ["run", "fixed.toml", "--profile", "etcd"];
    let digest = |args: &[&str]| {
        let output = squall(args).code(0).get_output().clone();
        let text = String::from_utf8(output.stdout).expect("it is UTF-8");
        text.lines().find(|line| line.contains("digest")).map(str::to_owned)
    };
    assert_ne!(digest(&etcd), digest(&etcd[..2]));
}
