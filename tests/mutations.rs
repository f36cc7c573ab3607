//! Hostile files, of every format that squall reads: each is accepted or refused with a message; none makes squall panic, hang or eat
//! memory.
//!
//! Each run of the tests tries some hundreds. More are tried by
//! `SQUALL_MUTATIONS=100000 cargo test --release --test all mutations::every_format -- --nocapture`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use squall::bugs::Bug;
use squall::campaign::file::{CampaignFile, Timing, merge};
use squall::campaign::power::{self, Power, Row, Trial};
use squall::campaign::workers::{self, Control};
use squall::campaign::{Settings, Summary};
use squall::plan::validate::validate;
use squall::plan::{Plan, scenario, swarm};
use squall::property::Property;
use squall::raft::Raft;
use squall::report::page;
use squall::report::power::{shrunk_table, shrunk_verdict, surprises, svg, table, verdict};
use squall::report::saved::SavedRun;
use squall::rng::{Rng, Stream};
use squall::sim::runner::adopt;
use squall::sim::{BuiltIn, Nodes, Options, Run, Runner};
use squall::time::Span;
use squall::trace::reader::Reader;
use squall::trace::writer::Writer;

/// What a mutation writes into a file: things that are wrong in many ways.
const SPLINTERS: [&str; 24] = [
    "\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    "\n",
    "-1",
    "0",
    "18446744073709551615",
    "9999999999999999999999",
    "1e400",
    "nan",
    "\"1h\"",
    "\"-5s\"",
    "\"101%\"",
    "nodes = 200",
    "target = 99",
    "\u{0}",
    "\u{1F30A}",
    "[faults]",
    "horizon = \"0s\"",
    "\"uniform 5ms..1ms\"",
];

/// One change of a text: a piece is cut, doubled or moved, or a splinter is put in.
#[derive(Clone, Debug)]
struct Mutation {
    kind: u8,
    from: u64,
    to: u64,
    splinter: usize,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    (0..5_u8, any::<u64>(), any::<u64>(), 0..SPLINTERS.len())
        .prop_map(|(kind, from, to, splinter)| Mutation { kind, from, to, splinter })
}

fn mutate(text: &str, mutation: &Mutation) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let place = |at: u64| (at % (characters.len() as u64 + 1)) as usize;
    let (from, to) = (place(mutation.from), place(mutation.to));
    let (from, to) = (from.min(to), to.max(from).min(from.min(to) + 200));
    match mutation.kind {
        0 => drop(characters.drain(from..to)),
        1 => {
            let piece: Vec<char> = characters[from..to].to_vec();
            characters.splice(from..from, piece);
        }
        2 => characters[from..to].reverse(),
        3 => drop(characters.splice(from..to, SPLINTERS[mutation.splinter].chars())),
        _ => drop(characters.splice(from..from, SPLINTERS[mutation.splinter].chars())),
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_scenario_is_accepted_or_refused(
        seed in 0_u64..1_000,
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let mut text = scenario::to_toml(&swarm::draw(seed));
        for mutation in &mutations {
            text = mutate(&text, mutation);
        }
        match scenario::from_toml(&text) {
            Ok(plan) => run_briefly(&BuiltIn::new(), plan),
            Err(error) => {
                prop_assert!(!error.message.is_empty());
                if let Some(span) = error.span {
                    prop_assert!(span.start <= span.end && span.end <= text.len());
                }
            }
        }
    }
}

#[test]
fn deep_nesting_and_huge_numbers_are_refused() {
    let deep = format!("title = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(scenario::from_toml(&deep).is_err());
    for text in [
        "horizon = \"99999999h\"",
        "events_max = 0",
        "[cluster]\nnodes = 26",
        "[cluster]\nnodes = 0",
        "[clients]\ncount = 1000000",
        "[raft]\nheartbeat_interval = \"1ns\"",
        "[raft]\nelection_timeout = \"10ms\"\nheartbeat_interval = \"20ms\"",
        "[[nodes]]\nid = 1\nclock_drift_ppm = 2000000",
        "[raft]\nsnapshot_every = 1000000001",
        "[raft]\nsnapshot_every = -1",
        "[raft]\nsnapshot_trailing = 1000000001",
        "[raft]\nsnapshot_chunk = 0",
        "[raft]\nsnapshot_chunk = 1073741825",
        "[raft]\nbytes_per_append = 1073741825",
        "[raft]\nbytes_in_flight = 1073741825",
        "[raft]\nbatch_delay = \"150ms\"",
        "[cluster]\napply_delay = \"1001s\"",
        "judge = [\"durability\", \"durability\"]",
        "[[nodes]]\nid = 1\nelection_priority = 1001",
        "[[nodes]]\nid = 1\nelection_priority = -1",
        "[raft]\npre_vote = 1",
    ] {
        assert!(scenario::from_toml(text).is_err(), "{text}");
    }
}

#[test]
fn faults_that_contradict_each_other_are_refused() {
    let check = |text: &str, expected: &str| {
        let error = scenario::from_toml(text).expect_err(text);
        assert!(error.message.contains(expected), "{}", error.message);
    };
    let crash = |at: &str, lasts: &str| {
        format!("[[faults]]\nat = \"{at}\"\ncrash = {{ target = 2{lasts} }}\n")
    };
    let twice = crash("1s", ", for = \"3s\"") + &crash("2s", "");
    check(&twice, "overlaps fault 1, a crash from 1s to 4s");
    let paused =
        crash("1s", "") + "[[faults]]\nat = \"2s\"\npause = { target = 2, for = \"1s\" }\n";
    check(&paused, "overlaps fault 1, a crash from 1s to the end");
    check("[[faults]]\nat = \"2s\"\nrestart = { target = 2 }\n", "node 2 is not down at 2s");
    check(
        "[[faults]]\nat = \"2s\"\nsplit = { groups = [[1, 2], [2, 3]] }\n",
        "node 2 is in two groups",
    );
    check("[[faults]]\nat = \"2s\"\ncrash = { target = \"trigger\" }\n", "this one waits for none");
    let transfer = |to: &str| format!("[[faults]]\nat = \"2s\"\ntransfer = {{ to = {to} }}\n");
    check(&transfer("\"trigger\""), "this one waits for none");
    check(&transfer("9"), "there is no node 9");
    check("[cluster]\nnodes = 1\n[[nodes]]\nid = 1\nelection_priority = 0\n", "nobody ever stands");
    check("[[faults]]\nat = \"99s\"\ncrash = { target = 1 }\n", "after the end of the run");
    let calm = |text: &str| format!("{text}\n[liveness]\nfrom = \"3s\"\n");
    let late = "horizon = \"60s\"\n[[faults]]\nat = \"3s\"\ncrash = { target = 1 }\n";
    check(&calm(late), "from 3s on no fault strikes");
    check(&calm("horizon = \"4s\""), "but the run ends at 4s");
    let alike = "horizon = \"60s\"\n[raft]\nelection_timeout = \"150ms\"";
    check(&calm(alike), "split votes again and again");
    let never = "horizon = \"60s\"\n[[nodes]]\nid = 1\nelection_priority = 0";
    check(&calm(never), "the only one that could win");
    let rots =
        "horizon = \"60s\"\n[[faults]]\nat = \"1s\"\ncorrupt = { target = 1, entries = 1 }\n";
    check(&calm(rots), "refuses to start");
    check(&(calm("horizon = \"60s\"") + "core = [1]\n"), "name a majority");
    check(&(calm("horizon = \"60s\"") + "core = \"candidate\"\n"), "the core is a list");
    check(&(calm("horizon = \"60s\"") + "within = \"0s\"\n"), "needs some time");
    let good = crash("1s", ", for = \"1s\"")
        + &crash("2s", "")
        + "[[faults]]\nat = \"3s\"\nrestart = { target = 2 }\n";
    assert!(scenario::from_toml(&good).is_ok());
}

/// Runs what was accepted, and wants it to end.
fn run_briefly(runner: &dyn Runner, plan: Plan) {
    let plan = Plan { events_max: plan.events_max.min(2_000), ..plan };
    let options = Options { until: Some(Span::secs(2)), ..Options::default() };
    assert!(runner.run(&plan, options).counters.events <= 2_000);
}

/// A format: its name, a file, and who reads it.
type Format = (&'static str, String, fn(&str));

fn read_saved(text: &str) {
    let Ok(saved) = serde_json::from_str::<SavedRun>(text) else { return };
    let plan = Plan { events_max: 2_000, horizon: Span::secs(1), ..saved.plan.clone() };
    if validate(&saved.plan).and_then(|()| validate(&plan)).is_ok() {
        let _ = SavedRun { plan, ..saved }.replay(&BuiltIn::new());
    }
}

fn read_trace(text: &str) {
    let Ok(reader) = Reader::new(text.as_bytes()) else { return };
    assert!(reader.take_while(Result::is_ok).count() <= text.len());
}

fn read_campaign(text: &str) {
    let Ok(file) = CampaignFile::from_json(text) else { return };
    run_briefly(&BuiltIn::new(), file.settings.plan(file.settings.first_seed));
    let _ = file.summary();
    let _ = page::campaign::html(&file, Path::new("nowhere"), None);
    let _ = merge(&[("one".into(), file.clone()), ("two".into(), file)]);
}

fn read_swarm(text: &str) {
    let Ok(config) = swarm::Config::from_toml(text) else { return };
    for seed in 0..3 {
        let plan = swarm::draw_with(seed, &config);
        validate(&plan).unwrap_or_else(|problem| panic!("{}", problem.message));
        run_briefly(&BuiltIn::new(), plan);
    }
}

fn read_power(text: &str) {
    let Ok(power) = serde_json::from_str::<Power>(text) else { return };
    let _ = (table(&power).markdown(), verdict(&power), surprises(&power), svg(&power));
    let _ = (shrunk_table(&power).text(), shrunk_verdict(&power));
}

/// A plan for a guest with options of its own.
fn read_guest(text: &str) {
    let mine = Nodes::new("mine", Raft::of).taking("mistake", &["a", "b"]);
    let Ok(mut plan) = scenario::from_toml(text) else { return };
    if adopt(&mine, &mut plan).is_ok() {
        run_briefly(&mine, plan);
    }
}

fn run_toml(text: &str) {
    let _ = scenario::from_toml(text).map(|plan| run_briefly(&BuiltIn::new(), plan));
}

fn run_json(text: &str) {
    let _ = scenario::from_json(text).map(|plan| run_briefly(&BuiltIn::new(), plan));
}

/// Every format that squall reads.
fn formats(seed: u64) -> [Format; 8] {
    let plan = Plan { horizon: Span::secs(1), ..Plan::default() };
    let drawn = swarm::draw(seed);
    let json = |value: &Value| serde_json::to_string_pretty(value).expect("it is JSON");
    let mut trace = Writer::new(Vec::new(), "a title", 3, 1).expect("a vector takes all");
    let mut sink = |record: &_| trace.write(record).expect("a vector takes all");
    let options =
        Options { sink: Some(&mut sink), until: Some(Span::millis(300)), ..Options::default() };
    let run = Run::watched(&BuiltIn::new(), plan.clone(), options).outcome().clone();
    assert!(run.counters.records > 50);
    let trace = String::from_utf8(trace.finish().expect("a vector takes all")).expect("it is text");
    let settings = Settings { runs: Some(9), bugs: vec![Bug::VoteTwice], ..Settings::default() };
    let control = Control {
        jobs: 1,
        deadline: None,
        run_time_max: Duration::from_secs(600),
        interrupted: &|| false,
    };
    let (summary, _) =
        workers::run(&BuiltIn::new(), &settings, 1..10, Summary::default(), &control, &mut |_| ());
    let timing = Timing { partition: None, jobs: 1, milliseconds: 7, ended: Some("done".into()) };
    let campaign = CampaignFile::new(&settings, &summary, timing);
    let trial = |runs, caught_by| Trial {
        first_seed: 1,
        runs,
        microseconds: 5,
        caught_by,
        otherwise: Vec::new(),
    };
    let trials = vec![trial(7, Some(Property::ElectionSafety)), trial(9, None)];
    let (squall, rows) = ("0.1.0".into(), vec![Row::new(Bug::VoteTwice, trials)]);
    let (format, version) = (power::FORMAT.into(), power::VERSION);
    let power = Power {
        format,
        version,
        squall,
        settings,
        trials: 2,
        runs_max: 9,
        interrupted: Vec::new(),
        rows,
    };
    let swarm = toml::to_string(&swarm::Config::default()).expect("it is TOML");
    let guest = "horizon = \"1s\"\n[guest]\nname = \"mine\"\nlacks = [\"snapshots\"]\n[guest.options]\nmistake = \"a\"\n";
    let saved = SavedRun::new(&Run::new(&BuiltIn::new(), plan));
    [
        ("scenario", scenario::to_toml(&drawn), run_toml),
        ("plan", json(&json!(drawn)), run_json),
        ("saved run", json(&json!(saved)), read_saved),
        ("trace", trace, read_trace),
        ("campaign", json(&json!(campaign)), read_campaign),
        ("swarm", swarm, read_swarm),
        ("power", json(&json!(power)), read_power),
        ("guest", guest.into(), read_guest),
    ]
}

/// Changes one place of a tree: something is taken away, doubled, or becomes something odd.
fn mutate_tree(tree: &mut Value, rng: &mut Rng) {
    let (deeper, deed) = (!rng.chance(10), rng.below(12));
    match tree {
        Value::Object(map) if deeper && !map.is_empty() => {
            let place = rng.below(map.len() as u64) as usize;
            let key = map.keys().nth(place).cloned().unwrap_or_default();
            match deed {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(key + "s", Value::Null)),
                _ => mutate_tree(&mut map[&key], rng),
            }
        }
        Value::Array(list) if deeper && !list.is_empty() => {
            let place = rng.below(list.len() as u64) as usize;
            match deed {
                0 => drop(list.remove(place)),
                1 => list.extend(vec![list[place].clone(); 1 << rng.below(12)]),
                _ => mutate_tree(&mut list[place], rng),
            }
        }
        _ => {
            let long = "x".repeat(1 << rng.below(16));
            let odd = [
                json!(null),
                json!(true),
                json!(-1),
                json!(0),
                json!(1),
                json!(2),
                json!(26),
                json!(rng.word()),
                json!(u64::MAX),
                json!(i64::MAX),
                json!(1e300),
                json!(0.5),
                json!(""),
                json!("0s"),
                json!("1ns"),
                json!("1000000s"),
                json!("100%"),
                json!("leader"),
                json!("trigger"),
                json!("everyone"),
                json!("uniform 5ms..1ms"),
                json!("\u{1b}[2J\n::error::x"),
                json!([]),
                json!({}),
                json!([[1]]),
                json!([1, 1]),
                json!(long),
                json!({ "x": long }),
            ];
            *tree = rng.pick(&odd);
        }
    }
}

/// A file with one to four changes, of its bytes or of what it says.
fn mutant(text: &str, rng: &mut Rng) -> String {
    let mut text = text.to_owned();
    for _ in 0..=rng.below(4) {
        let tree = match () {
            () if rng.chance(40) => None,
            () if text.starts_with('{') => serde_json::from_str::<Value>(&text).ok(),
            () => toml::from_str::<Value>(&text).ok(),
        };
        // Of lines of JSON one is changed.
        let lines = text.lines().count() as u64;
        let line = text.lines().nth(rng.below(lines.max(1)) as usize).unwrap_or_default();
        let of_line = serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
        text = match (tree, of_line) {
            (Some(mut tree), _) => {
                mutate_tree(&mut tree, rng);
                let json = text.starts_with('{');
                let toml = || toml::to_string(&tree).unwrap_or_default();
                if json { tree.to_string() } else { toml() }
            }
            (None, Some(mut tree)) if rng.chance(60) => {
                let before = line.to_owned();
                mutate_tree(&mut tree, rng);
                text.replacen(&before, &tree.to_string(), 1)
            }
            _ => {
                let splinter = rng.below(SPLINTERS.len() as u64) as usize;
                let (kind, from, to) = (rng.below(5) as u8, rng.word(), rng.word());
                mutate(&text, &Mutation { kind, from, to, splinter })
            }
        };
    }
    text
}

#[test]
fn every_format_is_accepted_or_refused_whatever_is_changed() {
    let count = std::env::var("SQUALL_MUTATIONS").ok().and_then(|it| it.parse().ok());
    let count: u64 = count.unwrap_or(400);
    let (mut formats_now, mut failed) = (formats(0), Vec::new());
    for number in 0..count {
        if number % 1_000 == 999 {
            formats_now = formats(number);
        }
        let (name, text, read) = &formats_now[(number % 8) as usize];
        let text = mutant(text, &mut Rng::new(number, Stream::Core));
        let begun = squall::campaign::clock::now();
        let read = catch_unwind(AssertUnwindSafe(|| read(&text)));
        let took = begun.elapsed();
        if read.is_err() || took > Duration::from_secs(10) {
            let path = std::env::temp_dir().join(format!("squall-mutant-{number}"));
            std::fs::write(&path, text).expect("it is writable");
            failed.push(format!("{name}: it took {took:?}, or panicked: {path:?}"));
        }
    }
    assert!(failed.is_empty(), "{} of {count} mutants: {failed:#?}", failed.len());
    println!("{count} mutants of 8 formats");
}
