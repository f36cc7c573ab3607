//! Hostile scenario files: each is accepted or refused with a message; none makes squall panic, hang or eat memory.

use proptest::prelude::*;
use squall::plan::{scenario, swarm};
use squall::sim::{BuiltIn, Options, Runner};
use squall::time::Span;

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
    from: prop::sample::Index,
    to: prop::sample::Index,
    splinter: usize,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    (0..5_u8, index(), index(), 0..SPLINTERS.len())
        .prop_map(|(kind, from, to, splinter)| Mutation { kind, from, to, splinter })
}

fn mutate(text: &str, mutation: &Mutation) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let (from, to) =
        (mutation.from.index(characters.len() + 1), mutation.to.index(characters.len() + 1));
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
            Ok(plan) => {
                // What is accepted runs, and ends.
                let plan = squall::plan::Plan { events_max: plan.events_max.min(2_000), ..plan };
                let options = Options { until: Some(Span::secs(2)), ..Options::default() };
                let outcome = BuiltIn::new().run(&plan, options);
                prop_assert!(outcome.counters.events <= 2_000);
            }
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
