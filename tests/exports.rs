//! `squall export`: each format is what its reader takes, as a user gets it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use predicates::str::{contains, is_empty};
use serde_json::Value;

use crate::binary::squall;

/// A storm with losses, duplicates, crashes and a violation.
const STORM: [&str; 7] =
    ["--seed", "1", "--nodes", "5", "--bug", "commit-without-quorum", "--format"];

fn exported(arguments: &[&str]) -> String {
    let output = squall().arg("export").args(arguments).output().expect("squall starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

fn storm(format: &str, rest: &[&str]) -> String {
    exported(&[&STORM[..], &[format], rest].concat())
}

fn events(text: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(text).expect("it is JSON");
    value["traceEvents"].as_array().expect("it has events").clone()
}

#[test]
fn in_perfetto_every_message_has_two_ends() {
    let every_storm =
        (1..=6).map(|seed: u32| exported(&["--seed", &seed.to_string(), "--format", "perfetto"]));
    let scenario = "scenarios/faults/duplicate-storm.toml";
    for text in
        every_storm.chain([storm("perfetto", &[]), exported(&[scenario, "--format", "perfetto"])])
    {
        let mut begun = BTreeSet::new();
        // Of a duplicated message, one copy may be lost while the other arrives.
        let mut finished = BTreeSet::new();
        let mut lost = BTreeSet::new();
        for event in events(&text) {
            match event["ph"].as_str().expect("it has a phase") {
                "s" => assert!(begun.insert(event["id"].as_u64()), "begins twice: {event}"),
                "t" => assert!(begun.contains(&event["id"].as_u64()), "not begun: {event}"),
                "f" => {
                    assert!(begun.contains(&event["id"].as_u64()), "not begun: {event}");
                    assert!(finished.insert(event["id"].as_u64()), "ends twice: {event}");
                }
                "i" if event["args"]["kind"] == "drop" || event["args"]["kind"] == "under-way" => {
                    lost.insert(event["args"]["id"].as_u64());
                }
                _ => {}
            }
        }
        assert!(!begun.is_empty());
        let ended: BTreeSet<_> = finished.union(&lost).copied().collect();
        assert_eq!(begun, ended);
    }
}

#[test]
fn in_perfetto_time_goes_on_in_every_lane() {
    let text = exported(&[
        "scenarios/faults/everyone-crashes-with-torn-writes.toml",
        "--format",
        "perfetto",
    ]);
    let mut now: BTreeMap<u64, f64> = BTreeMap::new();
    let mut free: BTreeMap<u64, f64> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for event in events(&text).iter().filter(|event| event["ph"] != "M") {
        let lane = event["tid"].as_u64().expect("a lane is a number");
        let start = event["ts"].as_f64().expect("a time is a number");
        if event["cat"] == "state" {
            // What a node is follows on what it was before.
            let free = free.entry(lane).or_default();
            assert!(start >= *free, "overlaps: {event}");
            *free = start + event["dur"].as_f64().expect("a span has a length");
            let name = event["name"].as_str().expect("a span has a name");
            names.insert(name.split(',').next().expect("a name has a beginning").to_owned());
            continue;
        }
        let now = now.entry(lane).or_default();
        assert!(start >= *now, "goes back: {event}");
        *now = start;
    }
    let expected = ["candidate", "down", "follower", "leader"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected));
}

/// The numbers of a trace event's process and lane.
fn lane(event: &Value) -> (u64, u64) {
    let number = |name: &str| event[name].as_u64().unwrap_or_else(|| panic!("no {name}: {event}"));
    (number("pid"), number("tid"))
}

/// What the Trace Event Format asks of every event.
#[test]
fn perfetto_takes_every_event() {
    for text in [
        storm("perfetto", &[]),
        exported(&["scenarios/faults/gc-pause-of-the-leader.toml", "--format", "perfetto"]),
        exported(&["scenarios/faults/duplicate-storm.toml", "--format", "perfetto"]),
    ] {
        let events = events(&text);
        let named: BTreeSet<_> =
            events.iter().filter(|event| event["name"] == "thread_name").map(lane).collect();
        let time = |event: &Value, name: &str| {
            let time = event[name].as_f64().unwrap_or_else(|| panic!("no {name}: {event}"));
            assert!(time.is_finite() && time >= 0.0, "{event}");
            time
        };
        // Where slices begin, for flows bind to the slice that begins with them or goes on around them.
        let begins = |event: &Value| (lane(event), event["ts"].to_string());
        let slices: BTreeSet<_> = events
            .iter()
            .filter(|event| event["ph"] == "X" && event["cat"] == "message")
            .map(begins)
            .collect();
        let mut sent: BTreeMap<u64, f64> = BTreeMap::new();
        let mut open: BTreeSet<(String, u64)> = BTreeSet::new();
        for event in &events {
            let name = event["name"].as_str().expect("it has a name");
            assert!(named.contains(&lane(event)), "in a lane without a name: {event}");
            let id = || event["id"].as_u64().expect("it has a number");
            let phase = event["ph"].as_str().expect("it has a phase");
            if phase != "M" {
                time(event, "ts");
                assert!(event["cat"].is_string(), "{event}");
            }
            match phase {
                "M" => assert!(event["args"].is_object(), "{event}"),
                "X" => assert!(time(event, "dur") > 0.0, "{event}"),
                "i" => assert!(matches!(event["s"].as_str(), Some("g" | "p" | "t")), "{event}"),
                "b" => assert!(open.insert((name.to_owned(), id())), "begins twice: {event}"),
                "e" => assert!(open.remove(&(name.to_owned(), id())), "not begun: {event}"),
                "s" | "t" | "f" => {
                    assert!(slices.contains(&begins(event)), "binds to nothing: {event}");
                    let begun = *sent.entry(id()).or_insert(time(event, "ts"));
                    assert!(time(event, "ts") >= begun, "ends before it begins: {event}");
                }
                _ => panic!("no such phase: {event}"),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn in_perfetto_pauses_and_faults_are_spans() {
    let text = exported(&["scenarios/faults/gc-pause-of-the-leader.toml", "--format", "perfetto"]);
    let events = events(&text);
    assert!(events.iter().any(|event| event["ph"] == "X" && event["name"] == "paused"));
    let phases = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert!(phases("b") > 0);
    assert_eq!(phases("b"), phases("e"));
    assert!(storm("perfetto", &[]).contains("VIOLATED: durability"));
}

#[test]
fn a_mermaid_diagram_has_a_line_for_each_message() {
    let window = ["--kind", "message", "--from", "1ms", "--to", "1s"];
    let text = storm("mermaid", &window);
    let arrows = |line: &&str| ["->>", "-x", "--)"].iter().any(|arrow| line.contains(arrow));
    let sent: BTreeSet<u64> = events(&storm("perfetto", &window))
        .iter()
        .filter(|event| event["ph"] == "s")
        .filter_map(|event| event["id"].as_u64())
        .collect();
    let number = |line: &str| {
        let rest = line.split_once(": #35;").expect("a message has its number").1;
        rest.split(' ').next().and_then(|number| number.parse().ok()).expect("it is a number")
    };
    let drawn: BTreeSet<u64> = text.lines().filter(arrows).map(number).collect();
    assert!(!sent.is_empty());
    assert_eq!(drawn, sent);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sequenceDiagram"));
    assert_eq!(lines.next(), Some("    title Random plan from seed 1"));
    assert!(text.contains("    participant n5\n"));
    assert!(text.contains("VIOLATED: durability"));
    assert!(storm("mermaid", &["--kind", "role"]).contains(": 0.1"), "roles are notes");
}

/// Whether Mermaid reads a line of a sequence diagram, among so many nodes.
fn is_mermaid(line: &str, nodes: u8) -> bool {
    let is_node = |name: &str| {
        let number = name.strip_prefix('n').and_then(|number| number.parse().ok());
        number.is_some_and(|number: u8| (1..=nodes).contains(&number))
    };
    // `#` begins an escape and `;` ends it: anywhere else they would end the statement.
    let is_text = |text: &str| {
        let mut parts = text.split('#');
        let whole = |part: &str| !part.contains([';', '<', '>', '`', '%']);
        let escaped = |part: &str| {
            part.split_once(';').is_some_and(|(code, rest)| {
                !code.is_empty() && code.bytes().all(|it| it.is_ascii_digit()) && whole(rest)
            })
        };
        !text.trim().is_empty() && parts.next().is_some_and(whole) && parts.all(escaped)
    };
    if let Some(title) = line.strip_prefix("    title ") {
        return is_text(title);
    }
    if let Some(node) = line.strip_prefix("    participant ") {
        return is_node(node);
    }
    let Some((statement, text)) = line.trim_start().split_once(": ") else { return false };
    let ends = ["->>", "-x", "--)"].iter().find_map(|arrow| statement.split_once(arrow));
    let mut nodes = match (statement.strip_prefix("Note over "), ends) {
        (Some(over), _) => over.split(',').collect::<Vec<_>>(),
        (None, Some((from, to))) => vec![from, to],
        (None, None) => return false,
    }
    .into_iter();
    nodes.all(is_node) && is_text(text)
}

#[test]
fn mermaid_reads_every_line() {
    let mut arrows = 0;
    let paths = fs::read_dir("scenarios/bugs").expect("the folder is there");
    for path in paths.map(|entry| entry.expect("it is readable").path()) {
        let path = path.display().to_string();
        // Some runs are too long to be drawn whole: their first part is.
        let whole = squall().args(["export", &path, "--format", "mermaid"]).output().unwrap();
        let text = match whole.status.success() {
            true => String::from_utf8(whole.stdout).expect("it is text"),
            false => exported(&[&path, "--format", "mermaid", "--to", "300ms"]),
        };
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        for line in lines {
            assert!(is_mermaid(line, 7), "{path}: {line}");
            arrows += usize::from(line.contains("->>"));
        }
        assert!(text.len() < 50_000, "{path}: Mermaid draws no more");
    }
    assert!(arrows > 500, "{arrows}");
    assert!(!is_mermaid("    n1->>n2: a; b", 5) && !is_mermaid("    n1->>n6: a", 5));
}

#[test]
fn a_title_that_mermaid_would_refuse_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("long.toml");
    let scenario = format!("title = \"{}\"\nhorizon = \"100ms\"\n", "; ".repeat(20_000));
    fs::write(&path, scenario).expect("it is writable");
    let mut command = squall();
    command.arg("export").arg(&path).args(["--format", "mermaid"]);
    command.assert().code(1);
}

/// The events of a ShiViz log: host, clock, text.
fn log(text: &str) -> Vec<(String, BTreeMap<String, u64>, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let event = |pair: &[&str]| {
        // ShiViz's own expression: (?<host>\S*) (?<clock>{.*})\n(?<event>.*)
        let (host, clock) = pair[0].split_once(' ').expect("a host and its clock");
        assert!(!host.is_empty() && clock.starts_with('{') && clock.ends_with('}'), "{}", pair[0]);
        assert!(!pair[1].is_empty(), "an event has words");
        let clock = serde_json::from_str(clock).expect("a clock is JSON");
        (host.to_owned(), clock, pair[1].to_owned())
    };
    lines.chunks(2).map(event).collect()
}

#[test]
fn in_shiviz_a_receipt_knows_what_its_send_knew() {
    let seeds = (1..=20).map(|seed: u32| {
        exported(&[
            "--seed",
            &seed.to_string(),
            "--format",
            "shiviz",
            "--kind",
            "message",
            "--to",
            "300ms",
        ])
    });
    let mut received = 0;
    for text in seeds {
        let mut own: BTreeMap<String, u64> = BTreeMap::new();
        let mut sent: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        let mut last: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (host, clock, text) in log(&text) {
            // A host forgets nothing, and knows of no event that has not happened.
            let before = last.insert(host.clone(), clock.clone()).unwrap_or_default();
            assert!(before.iter().all(|(of, count)| clock.get(of) >= Some(count)), "{text}");
            let happened = |(of, count): (&String, &u64)| *of == host || own.get(of) >= Some(count);
            assert!(clock.iter().all(happened), "{text}: {clock:?}");
            // A host's own events are numbered without a gap.
            let count = own.entry(host.clone()).or_default();
            *count += 1;
            assert_eq!(clock.get(&host), Some(&*count), "{host} {text}");
            let id = text.split(' ').find(|word| word.starts_with('#')).map(str::to_owned);
            if text.contains(" -> ") {
                sent.insert(id.expect("a send has its number"), clock);
            } else if text.contains(" <- ") {
                let send = &sent[&id.expect("a receipt has its number")];
                let knows = |(host, count): (&String, &u64)| clock.get(host) >= Some(count);
                assert!(send.iter().all(knows), "{text}: {clock:?} lacks some of {send:?}");
                received += 1;
            }
        }
    }
    assert!(received > 100, "only {received} messages were received");
}

#[test]
fn a_long_run_is_refused_with_a_way_out() {
    let scenario = "scenarios/faults/duplicate-storm.toml";
    for (format, expected) in
        [("mermaid", "for Mermaid, which takes 300"), ("shiviz", "for ShiViz, which takes 2000")]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        squall()
            .args(["export", scenario, "--format", format, "-o"])
            .arg(folder.path().join("out"))
            .assert()
            .code(1)
            .stderr(contains(expected))
            .stderr(contains("--from"));
        let left = fs::read_dir(folder.path()).expect("the folder is there").count();
        assert_eq!(left, 0, "nothing half-written is left");
    }
}

#[test]
fn a_file_holds_what_the_output_would() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("below").join("run.json");
    let mut command = squall();
    command.arg("export").args(STORM).args(["perfetto", "-o"]).arg(&path);
    command.assert().code(0).stdout(is_empty());
    assert_eq!(fs::read_to_string(&path).expect("it is written"), storm("perfetto", &[]));
    assert_eq!(
        fs::read_dir(path.parent().expect("it has a folder")).expect("it is there").count(),
        1
    );
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let check = |arguments: &[&str], expected: &str| {
        let mut command = squall();
        command.arg("export").args(STORM).args(arguments);
        command.assert().code(1).stderr(contains(expected));
    };
    check(&["perfetto", "--node", "6"], "--node 6: seed-1 has nodes 1 to 5");
    check(&["perfetto", "--from", "2s", "--to", "1s"], "--from 2s is after --to 1s");
    check(&["perfetto", "--kind", "messages"], "messages");
    check(&["gantt"], "gantt");
}
