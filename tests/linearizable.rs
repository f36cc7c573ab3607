//! The judge of linearizability: against histories written by hand, against one that tries every order, and in segments.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use squall::campaign::finding::Signature;
use squall::kv::Map;
use squall::log::{Command, RequestId};
use squall::oracle::history::Histories;
use squall::oracle::linearizable::{Operation, Search, Verdict};
use squall::oracle::model::State;
use squall::record::{Heard, Kind, Record, values_word};
use squall::sim::{BuiltIn, Options, Runner};
use squall::time::Time;

const KEY: u32 = 1;

fn operation(command: Command, from: u64, to: Option<(u64, Heard)>) -> Operation {
    Operation { command, from, to, copies: 0, hint: u64::MAX }
}

fn verdict(operations: &[Operation]) -> Verdict {
    Search::new(&[State::from([])], operations, 100_000).verdict()
}

/// One line of a history, as `tests/histories/README.md` has it.
fn parse(line: &str) -> Operation {
    let words: Vec<&str> = line.split_whitespace().collect();
    let value = |at: usize| words[at].parse::<u32>().expect("a value");
    let (command, rest) = match words[1] {
        "get" => (Command::Get { key: KEY }, 2),
        "delete" => (Command::Delete { key: KEY }, 2),
        "put" => (Command::Put { key: KEY, value: value(2) }, 3),
        "append" => (Command::Append { key: KEY, value: value(2) }, 3),
        "cas" => (Command::CompareAndSet { key: KEY, expected: value(2), value: value(3) }, 4),
        other => panic!("{other} is no command"),
    };
    let heard = match words[rest + 2] {
        "done" => Heard::Done,
        "mismatch" => Heard::Mismatch,
        "full" => Heard::Full,
        "-" | "?" => Heard::Values(0),
        list => {
            let values: Vec<u32> =
                list.split(',').map(|value| value.parse().expect("a value")).collect();
            Heard::Values(values_word(&values))
        }
    };
    let to = (words[rest + 1] != "?").then(|| (words[rest + 1].parse().expect("a time"), heard));
    let tries: u32 = words.get(rest + 3).map_or(1, |tries| tries[1..].parse().expect("as in x2"));
    let from = words[rest].parse().expect("a time");
    Operation { copies: tries - 1, ..operation(command, from, to) }
}

#[test]
fn histories_written_by_hand_are_judged_as_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let mut judged = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a history");
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let expected = match lines.next() {
            Some("good") => Verdict::Linearizable,
            Some("bad") => Verdict::Violated,
            other => panic!("{}: {other:?}", path.display()),
        };
        let operations: Vec<Operation> = lines.map(parse).collect();
        assert_eq!(verdict(&operations), expected, "{}", path.display());
        assert_eq!(by_hand(&operations), expected, "the other judge: {}", path.display());
        judged += 1;
    }
    assert!(judged >= 25, "only {judged} histories");
}

/// Tries every order of every choice of operations that may take effect, with the host's state machine: slow, and plainly right.
fn by_hand(operations: &[Operation]) -> Verdict {
    let mut must = Vec::new();
    let mut may = Vec::new();
    for operation in operations {
        let open = Operation { to: None, copies: 0, ..*operation };
        may.extend(std::iter::repeat_n(open, operation.copies as usize));
        let list = if operation.to.is_some() { &mut must } else { &mut may };
        list.push(Operation { copies: 0, ..*operation });
    }
    let found = (0..1_u32 << may.len()).any(|chosen| {
        let more = may.iter().enumerate().filter(|(place, _)| chosen & 1 << place != 0);
        let all: Vec<Operation> =
            must.iter().chain(more.map(|(_, operation)| operation)).copied().collect();
        has_order(&all, &Map::default())
    });
    if found { Verdict::Linearizable } else { Verdict::Violated }
}

fn has_order(rest: &[Operation], map: &Map) -> bool {
    rest.is_empty()
        || (0..rest.len()).any(|place| {
            let next = rest[place];
            let mut others = rest.to_vec();
            others.remove(place);
            let in_time = others.iter().all(|other| other.to.is_none_or(|(to, _)| to > next.from));
            let mut map = map.clone();
            let heard = Heard::from(&map.carry_out(next.command));
            in_time
                && next.to.is_none_or(|(_, expected)| expected == heard)
                && has_order(&others, &map)
        })
}

fn command() -> impl Strategy<Value = Command> {
    (0..6_u8, 0..3_u32, 0..3_u32).prop_map(|(kind, value, expected)| match kind {
        0 | 1 => Command::Get { key: KEY },
        2 => Command::Put { key: KEY, value },
        3 => Command::Delete { key: KEY },
        4 => Command::CompareAndSet { key: KEY, expected, value },
        _ => Command::Append { key: KEY, value },
    })
}

/// A history that begins as one of a correct store, each operation with a moment between its beginning and its end; `spoilt`
/// answers are then exchanged for others.
fn history(drawn: &[(Command, u64, u64, u64, u8)], spoilt: &[(usize, u64)]) -> Vec<Operation> {
    let mut operations: Vec<(u64, Operation)> = drawn
        .iter()
        .map(|(command, from, before, after, known)| {
            let (moment, to) = (from + before, from + before + after + 1);
            let to = (*known > 0).then_some((to, Heard::Done));
            let copies = u32::from(*known == 1);
            (moment, Operation { copies, ..operation(*command, *from, to) })
        })
        .collect();
    operations.sort_by_key(|(moment, _)| *moment);
    let mut map = Map::default();
    for (_, operation) in &mut operations {
        let heard = Heard::from(&map.carry_out(operation.command));
        operation.to = operation.to.map(|(to, _)| (to, heard));
    }
    let heard: Vec<Heard> = operations.iter().filter_map(|(_, it)| Some(it.to?.1)).collect();
    let mut operations: Vec<Operation> = operations.into_iter().map(|(_, it)| it).collect();
    for (place, other) in spoilt {
        let place = *place % operations.len();
        let command = operations[place].command;
        if let (Some((_, answer)), Some(other)) =
            (&mut operations[place].to, heard.get(*other as usize % heard.len().max(1)))
        {
            let reads = matches!(command, Command::Get { .. });
            if reads == matches!(other, Heard::Values(_)) {
                *answer = *other;
            }
        }
    }
    operations
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_search_agrees_with_every_order(
        drawn in prop::collection::vec((command(), 0..20_u64, 0..8_u64, 0..8_u64, 0..6_u8), 1..6),
        spoilt in prop::collection::vec((0..6_usize, 0..6_u64), 0..3),
    ) {
        let operations = history(&drawn, &spoilt);
        let expected = by_hand(&operations);
        if spoilt.is_empty() {
            prop_assert_eq!(&expected, &Verdict::Linearizable);
        }
        prop_assert_eq!(verdict(&operations), expected, "{:?}", operations);
    }

    #[test]
    fn the_shortest_history_is_wrong_by_itself(
        drawn in prop::collection::vec((command(), 0..20_u64, 0..8_u64, 0..8_u64, 2..6_u8), 2..7),
        spoilt in prop::collection::vec((0..6_usize, 0..6_u64), 1..3),
    ) {
        let operations = history(&drawn, &spoilt);
        if verdict(&operations) == Verdict::Violated {
            let violation = in_turn(&operations, false).expect("it is violated");
            let is_kept = |(place, it): &(usize, &Operation)| {
                violation.evidence.contains(&(it.from * 1_000 + 1 + *place as u64))
            };
            let kept = operations.iter().enumerate().filter(is_kept).map(|(_, it)| *it);
            let kept: Vec<Operation> = kept.collect();
            prop_assert!(!kept.is_empty() && violation.history.len() == kept.len());
            let until = violation.evidence.last().expect("there is one");
            let cut = |it: &Operation| Operation {
                to: it.to.filter(|(to, _)| *to * 1_000 <= *until),
                ..*it
            };
            let kept: Vec<Operation> = kept.iter().map(cut).collect();
            prop_assert_eq!(by_hand(&kept), Verdict::Violated, "{:?} of {:?}", kept, operations);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// The oracle judges at each answer, by a witness, a search, and closed segments. It must find what one search over all finds.
    #[test]
    fn judging_as_it_goes_agrees_with_judging_at_the_end(
        drawn in prop::collection::vec((command(), 0..600_u64, 0..8_u64, 0..8_u64, 3..6_u8), 130..200),
        spoilt in prop::collection::vec((0..300_usize, 0..300_u64), 0..2),
        witness in any::<bool>(),
    ) {
        let operations = history(&drawn, &spoilt);
        let expected = Search::new(&[State::from([])], &operations, 20_000_000).verdict();
        // One search over all may take too long where segments do not.
        prop_assume!(expected != Verdict::Undecided);
        let found = in_turn(&operations, witness).is_some();
        prop_assert_eq!(found, expected == Verdict::Violated);
    }
}

/// Tells the oracle of operations as a run would, with the moments at which they were applied if `witness`.
fn in_turn(operations: &[Operation], witness: bool) -> Option<squall::oracle::Violation> {
    let mut kinds: Vec<(u64, Kind)> = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        let request =
            RequestId { session: squall::ids::Index(1), ..RequestId::new(place as u32 + 1, 2) };
        let Operation { command, from, to, .. } = *operation;
        let at = |time: u64| time * 1_000 + 1 + place as u64;
        kinds.push((at(from), Kind::Invoke { request, command, attempt: 1 }));
        if let Some((to, heard)) = to {
            kinds.push((
                at(to) - 1 - place as u64,
                Kind::Answered { request, applied: true, output: Some(heard) },
            ));
        }
    }
    kinds.sort_by_key(|(at, _)| *at);
    let mut histories = Histories::default();
    let mut index = 0;
    for (number, kind) in kinds {
        if let (true, Kind::Answered { request, .. }) = (witness, kind) {
            index += 1;
            let kind = Kind::Apply {
                index: squall::ids::Index(index),
                term: squall::ids::Term(1),
                content: 0,
                request,
                effect: true,
            };
            assert_eq!(histories.observe(&record(number, kind)), None);
        }
        let violation = histories.observe(&record(number, kind));
        if violation.is_some() {
            return violation;
        }
    }
    assert_eq!(histories.undecided(), 0);
    None
}

fn record(number: u64, kind: Kind) -> Record {
    Record {
        number,
        event: number,
        time: Time(number),
        node: Some(squall::ids::NodeId::new(1)),
        kind,
    }
}

#[test]
fn a_search_that_is_too_long_accuses_nobody() {
    let writes = (0..40)
        .map(|value| operation(Command::Append { key: KEY, value }, 0, Some((100, Heard::Done))));
    let read = operation(Command::Get { key: KEY }, 200, Some((210, Heard::Values(0))));
    let operations: Vec<Operation> = writes.chain([read]).collect();
    assert_eq!(Search::new(&[State::from([])], &operations, 1_000).verdict(), Verdict::Undecided);
}

/// Campaigns and shrinking do without the shortest history. All else is the same, so a failure keeps its name.
#[test]
fn a_brief_run_differs_in_its_history_alone() {
    let text = fs::read_to_string("scenarios/bugs/local-read.toml").expect("it is readable");
    let plan = squall::plan::scenario::from_toml(&text).expect("it is a scenario");
    let run = |without_history| {
        BuiltIn::new().run(&plan, Options { without_history, ..Options::default() })
    };
    let (full, brief) = (run(false), run(true));
    let signature = Signature::of(&full).expect("it fails");
    assert_eq!(Some(signature), Signature::of(&brief));
    assert_eq!((full.digest, &full.counters), (brief.digest, &brief.counters));
    let (full, brief) = (full.violation.expect("it fails"), brief.violation.expect("it fails"));
    assert_eq!((full.sentence, full.event), (brief.sentence, brief.event));
    assert!(full.history.len() > 2 && brief.history.is_empty());
}

/// What the run of a scenario has to say, judged by linearizability alone.
fn told(name: &str, more: &str) -> squall::oracle::Violation {
    let text = fs::read_to_string(format!("scenarios/bugs/{name}.toml")).expect("it is readable");
    let (text, _) = text.split_once("[expect]").expect("it expects something");
    let own: Vec<&str> = text.lines().filter(|line| !line.starts_with("judge = ")).collect();
    let text = format!("judge = [\"linearizability\"]\n{}\n{more}", own.join("\n"));
    let plan = squall::plan::scenario::from_toml(&text).expect("it is a scenario");
    BuiltIn::new().run(&plan, Options::default()).violation.expect("it is violated")
}

/// The column of a history with who asked what, and that with what was heard.
fn asked_and_heard(history: &[String]) -> Vec<(String, String)> {
    let words = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let to = words.iter().position(|word| *word == "to").expect("from when to when");
        (words[..to - 1].join(" "), words[to + 2..].join(" "))
    };
    history.iter().map(words).collect()
}

/// A stale read has a sentence of its own, and the history names the write that was newer.
#[test]
fn a_stale_read_is_called_one() {
    let stale = told("local-read", "");
    let told_of = "Stale read: c3.1 read 1 from key 1, which was overwritten before the read began: c1.1 had written it by ";
    assert!(stale.sentence.starts_with(told_of), "{}", stale.sentence);
    assert!(stale.sentence.contains(", c2.1 something else by "), "{}", stale.sentence);
    let pair = |asked: &str, heard: &str| (asked.to_owned(), heard.to_owned());
    let newer = [pair("c1.1 put k1=1", "done"), pair("c2.1 put k1=2", "done")];
    let read = [pair("c3.1 get k1", "1")];
    assert_eq!(asked_and_heard(&stale.history), [&newer[..], &read].concat());

    let nothing = told("ack-before-commit", "");
    let told_of = "Stale read: c2.1 found no value at key 1, which was given one before the read began: c1.1 had written something else by ";
    assert!(nothing.sentence.starts_with(told_of), "{}", nothing.sentence);
    let lost = [pair("c1.1 put k1=7", "done"), pair("c2.1 get k1", "no value")];
    assert_eq!(asked_and_heard(&nothing.history), lost);
}

/// An append that took effect twice is read in a state that never was: no earlier read would explain it.
#[test]
fn what_no_order_explains_is_no_stale_read() {
    let more = "[[faults]]\nat = \"1.5s\"\ntransfer = { to = 2 }\n[[requests]]\nat = \"2s\"\nto = 2\n\
                command = { get = { key = 1 } }\n";
    let twice = told("dedup-lost", more);
    assert_eq!(
        twice.sentence,
        "c2.2 read values #3470101943 from key 1, which no order of the operations explains."
    );
    assert_eq!(values_word(&[7, 7]) as u32, 0xced5_8db7, "no state that any order leads to");
    let won = [(0, 5), (10, 20), (30, 40)];
    let commands = [
        Command::Put { key: KEY, value: 1 },
        Command::CompareAndSet { key: KEY, expected: 1, value: 2 },
        Command::CompareAndSet { key: KEY, expected: 1, value: 3 },
    ];
    let operations = won.iter().zip(commands);
    let operations: Vec<Operation> = operations
        .map(|((from, to), command)| operation(command, *from, Some((*to, Heard::Done))))
        .collect();
    let both = in_turn(&operations, false).expect("both cannot win").sentence;
    assert!(both.starts_with("c3.2 heard `done` to `"), "{both}");
    assert!(both.ends_with("`, which no order of the operations explains."), "{both}");
}
