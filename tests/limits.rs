//! Limits that hold: what a plan asks for costs what its events cost, however much it is, and a run that takes too long can be ended.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use squall::plan::scenario::from_toml;
use squall::report::saved::SavedRun;
use squall::sim::{BuiltIn, Run, run};
use tempfile::TempDir;

use crate::binary::squall;
use crate::campaigns::{signal, start};

/// The CPU time that this thread took for something.
fn cost<T>(what: impl Fn() -> T) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let begun = now();
    drop(what());
    now().saturating_sub(begun)
}

/// Four times as much may take so many times as long: what is quadratic takes 16 times as long.
const RATIO_MAX: f64 = 10.0;

/// Reads and runs a plan of some size, and one that is four times as large, and compares what they cost. Other programs may have
/// their share in one measurement, but not in all.
fn is_flat(name: &str, size: usize, text: impl Fn(usize) -> String) {
    let (small, large) = (text(size), text(4 * size));
    let cost = |text: &str| {
        cost(|| {
            let plan = from_toml(text).unwrap_or_else(|error| panic!("{name}: {}", error.message));
            run(&plan)
        })
    };
    let ratio = || {
        let (small, large) = (cost(&small), cost(&large));
        large.as_secs_f64() / small.as_secs_f64()
    };
    let best = (0..4).map(|_| ratio()).find(|ratio| *ratio <= RATIO_MAX);
    assert!(best.is_some(), "{name}: four times as much takes more than {RATIO_MAX} times as long");
}

fn endless(events: usize, more: &str) -> String {
    format!("horizon = \"1000000s\"\nevents_max = {events}\n{more}")
}

fn repeated(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut all, place| {
        let _ = writeln!(all, "{}", line(place));
        all
    })
}

#[test]
fn what_piles_up_costs_no_more_than_what_does_not() {
    let answered = "on = { situation = \"request-answered\", times = 9223372036854775807 }";
    let fault = |what: &str| format!("[[faults]]\n{answered}\n{what}\n");
    let quiet = "cluster = { nodes = 2 }\nraft = { election_timeout = \"1000000s\" }\nclients = { count = 0 }\n";
    let flapping = "isolate = { target = 1, flapping = \"100us\" }";
    let wait =
        format!("[[requests]]\n{answered}\ncommand = {{ put = {{ key = 1, value = 1 }} }}\n");
    let plans = [
        ("flapping", 100_000, format!("{quiet}[[faults]]\nat = \"0s\"\n{flapping}\n")),
        ("a pile of flapping", 20_000, fault(flapping)),
        ("a pile of splits", 20_000, fault("split = { groups = [[1]], for = \"1ms\" }")),
        ("a pile of weather", 5_000, fault("link = { loss = \"0%\" }")),
        ("a pile of pauses", 2_000, fault("pause = { target = \"everyone\", for = \"1ms\" }")),
        ("requests that wait", 1_000, wait.repeat(100)),
        ("requests of one client", 1_000, format!("{wait}client = 1\n").repeat(100)),
        ("copies", 5_000, "network = { duplicate = \"20%\" }\nclients = { count = 30, keys = 1, think = \"1ms\", timeout = \"10ms\", ask = \"any-node\" }".into()),
        ("no time", 5_000, "network = { latency = \"0ns\", duplicate = \"100%\" }\ndisk = { write = \"0ns\", fsync = \"0ns\" }\nclients = { count = 1000, think = \"0ns\", latency = \"0ns\", keys = 1 }".into()),
        ("snapshots", 5_000, "raft = { snapshot_every = 1, snapshot_chunk = 1, snapshot_trailing = 0 }\nclients = { count = 100, think = \"0ns\", keys = 65536, sessions = 20000 }".into()),
        ("timers", 5_000, "cluster = { nodes = 25 }\nraft = { election_timeout = \"150us\", heartbeat_interval = \"100us\" }\nclients = { count = 0 }".into()),
    ];
    for (name, events, plan) in &plans {
        is_flat(name, *events, |events| endless(events, plan));
    }
}

#[test]
fn long_lists_cost_no_more_than_short_ones() {
    let nodes = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]";
    let faults = |count: usize, what: &str| {
        let faults = repeated(count, |place| format!("[[faults]]\nat = \"{place}us\"\n{what}"));
        format!("horizon = \"20ms\"\ncluster = {{ nodes = 25 }}\n{faults}")
    };
    let lists = |count: usize| {
        let list = |name: &str| format!("\"{name}\",").repeat(count);
        let (reached, never) = (list("leader-elected"), list("split-vote"));
        format!("horizon = \"1ms\"\nexpect = {{ situations = [{reached}], never = [{never}] }}\n")
    };
    is_flat("crashes", 2_500, |count| {
        faults(count, &format!("crash = {{ target = {nodes}, for = \"1us\" }}"))
    });
    is_flat("restarts", 2_500, |count| {
        let role = "[[faults]]\nat = \"0s\"\ncrash = { target = \"leader\" }\n";
        faults(count - 1, &format!("restart = {{ target = {nodes} }}")) + role
    });
    is_flat("expectations", 5_000, lists);
}

#[test]
fn a_client_makes_no_more_requests_than_can_wait() {
    let wait = "on = { situation = \"request-answered\", times = 200 }";
    let request =
        format!("[[requests]]\n{wait}\nclient = 1\ncommand = {{ get = {{ key = 1 }} }}\n");
    let clients = "horizon = \"1000s\"\nclients = { count = 1, think = \"1ms\", stop = \"1s\" }\n";
    let plan = from_toml(&(clients.to_owned() + &request.repeat(100))).expect("it is a plan");
    let answers = run(&plan).counters.answers;
    assert!((10_000..12_000).contains(&answers), "{answers} of the 20,000 that were asked for");
}

/// The plan that comes to no end: a partition that comes and goes is no event.
const ENDLESS: &str = "horizon = \"1000000s\"\nevents_max = 1000000000\ncluster = { nodes = 2 }\nclients = { count = 0 }\n\
    raft = { election_timeout = \"1000000s\" }\n[[faults]]\nat = \"0s\"\nisolate = { target = 1, flapping = \"100us\" }\n";

/// A folder with a plan that ends, one that does not, and a saved run of the latter.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let short = from_toml("horizon = \"1s\"\n").expect("it is a plan");
    let mut saved = SavedRun::new(&Run::new(&BuiltIn::new(), short));
    saved.plan = from_toml(ENDLESS).expect("it is a plan");
    saved.write(&folder.path().join("endless.plan.json")).expect("it is writable");
    for (name, text) in [("a.toml", "horizon = \"1s\"\n"), ("b.toml", ENDLESS), ("c.toml", "")] {
        fs::write(folder.path().join(name), text).expect("it is writable");
    }
    folder
}

/// What is in a folder beside what was put there.
fn written(folder: &TempDir) -> Vec<String> {
    let files = fs::read_dir(folder).expect("it is readable");
    let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.ends_with(".toml") && !name.ends_with(".plan.json")).collect()
}

#[test]
fn a_run_that_takes_too_long_is_undecided_whatever_runs_it() {
    let folder = folder();
    let run = |words: &str| {
        let words = format!("{words} --run-time-max 50ms");
        let mut command = squall();
        command.current_dir(&folder).args(words.split_whitespace()).assert().code(6)
    };
    run("run b.toml").stdout(contains("UNDECIDED").and(contains("ended before its horizon")));
    run("run a.toml b.toml").stdout(contains("1 of 2 runs were as promised"));
    run("run b.toml --twice --json").stdout(contains("differs").not());
    for words in [
        "replay endless.plan.json",
        "report b.toml -o page.html",
        "export b.toml --format perfetto -o run.json",
        "explain b.toml",
        "why b.toml --term 1",
        "diff b.toml --with-bug vote-twice",
        "shrink b.toml -o small.toml --any",
    ] {
        run(words).stderr(contains("is undecided: it took longer than --run-time-max"));
    }
    assert_eq!(written(&folder), Vec::<String>::new());
    assert!(!folder.path().join("small.toml").exists());
}

/// Starts `squall`, sends Ctrl-C after so many lines, or soon if there are none, and gives the exit code and what else it says.
fn interrupted(folder: &TempDir, words: &str, lines: usize) -> (Option<i32>, String) {
    let mut child = start(folder, words);
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    for _ in 0..lines {
        out.read_line(&mut String::new()).expect("it is text");
    }
    #[expect(clippy::disallowed_methods, reason = "another program takes real time")]
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "-INT");
    let mut text = String::new();
    out.read_to_string(&mut text).expect("it is text");
    (child.wait().expect("it ends").code(), text)
}

#[test]
fn what_was_finished_before_ctrl_c_is_told() {
    let folder = folder();
    let (code, text) = interrupted(&folder, "run a.toml b.toml c.toml", 1);
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("UNDECIDED b.toml"), "{text}");
    assert!(text.contains("1 of 2 runs were as promised; 1 were not run: it was interrupted"));
    let (code, text) = interrupted(&folder, "run --seed 1 --runs 1000000000", 0);
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("random plans from seed 1, no violation"), "{text}");
    assert!(text.contains("it was interrupted; go on with --seed "), "{text}");
    let (code, text) = interrupted(&folder, "report b.toml -o page.html", 0);
    assert_eq!((code, text.as_str()), (Some(130), ""));
    assert_eq!(written(&folder), Vec::<String>::new());
}
