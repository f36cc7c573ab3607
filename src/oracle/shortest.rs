//! The shortest history that cannot be put in an order, out of one that cannot, as a table for people.
//!
//! An operation is left out only where every order of the rest with it is an order of the rest without it, so that what remains is
//! wrong by itself and tells no other story: what changed nothing only asked, and what was written and never seen made no difference.
//! Of up to eight operations every way of leaving some out is tried, and what remains is the shortest that there is. Of more, no single
//! one of those that remain can be left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::log::Command;
use crate::oracle::followed::{Followed, SEARCH_MAX};
use crate::oracle::linearizable::{Operation, Search, Verdict};
use crate::oracle::model::{State, VALUES_MAX};
use crate::oracle::stale::{Stale, Write};
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Heard, Record};
use crate::trace::text::{client, command_words, heard_words};

/// What lists of values were met, by their words.
type Lists = BTreeMap<u64, State>;

/// The violation that showed when the operation at `place` was answered. Unless it `minimises`, it shows only that operation.
pub fn violation(
    record: &Record,
    key: u32,
    (base, operations): (&[State], &[Followed]),
    place: usize,
    minimises: bool,
) -> Box<Violation> {
    let last = &operations[place];
    let mut search = Search::new(
        base,
        &operations.iter().map(|it| it.operation).collect::<Vec<_>>(),
        SEARCH_MAX,
    );
    search.verdict();
    let lists = search.states();
    let (kept, is_shortest) = match minimises {
        false => (vec![last.clone()], true),
        true => shortest(base, operations.to_vec(), &lists),
    };
    let sentence = sentence(key, (base, operations), last, &lists);
    let violation = Violation::new(Property::Linearizability, record, sentence, evidence(&kept));
    let mut history = if minimises { table(key, base, &kept, &lists) } else { Vec::new() };
    if !is_shortest {
        history.push(CUT_OFF.into());
    }
    Box::new(Violation { history, ..*violation })
}

/// The violation of a read that is stale for all to see: by the write of what was read, one that came later, and the read.
pub fn stale(record: &Record, key: u32, stale: &Stale, minimises: bool) -> Box<Violation> {
    let Stale { writer, over, read } = stale;
    let name = client(read.request);
    let by = |write: &Write, did: &str| {
        let Followed { request, ended, .. } = write.followed();
        format!("{} {did} by {} s", client(request), ended.unwrap_or_default())
    };
    let saw = match read.operation.to {
        Some((_, heard)) if heard != Heard::Values(0) => {
            let value = words(heard, &Lists::new());
            format!("read {value} from key {key}, which was overwritten before the read began")
        }
        _ => format!("found no value at key {key}, which was given one before the read began"),
    };
    let is_deleted = |writer: &Write| matches!(writer.command, Command::Delete { .. });
    let history = match writer {
        Some(writer) if is_deleted(writer) => {
            format!("{}, {}", by(writer, "had deleted it"), by(over, "had written another"))
        }
        Some(writer) => {
            format!("{}, {}", by(writer, "had written it"), by(over, "something else"))
        }
        None => by(over, "had written something else"),
    };
    let began = read.began;
    let sentence = format!("Stale read: {name} {saw}: {history}, and the read began at {began} s.");
    let writes = writer.iter().chain([over]).map(Write::followed);
    let kept: Vec<Followed> = writes.chain([read.clone()]).collect();
    let violation = Violation::new(Property::Linearizability, record, sentence, evidence(&kept));
    let history = if minimises { table(key, &[], &kept, &Lists::new()) } else { Vec::new() };
    Box::new(Violation { history, ..*violation })
}

/// The records at which operations begin and end.
fn evidence(kept: &[Followed]) -> impl Iterator<Item = u64> {
    kept.iter().flat_map(|Followed { operation, .. }| {
        [operation.from, operation.to.map_or(0, |(to, _)| to)]
    })
}

/// How many items may yet be weighed for a shorter history. A search that does not end within it changes nothing.
struct Budget(usize);

impl Budget {
    /// For one way of leaving out what can be left out.
    fn of_a_cut() -> Budget {
        Budget(SEARCH_MAX * 2)
    }

    fn is_violated(&mut self, base: &[State], operations: &[Followed]) -> bool {
        let operations: Vec<Operation> = operations.iter().map(|it| it.operation).collect();
        let mut search = Search::new(base, &operations, SEARCH_MAX.min(self.0));
        let verdict = search.verdict();
        self.0 -= search.weighed().min(self.0);
        verdict == Verdict::Violated
    }
}

/// Said below a history that may not be the shortest.
const CUT_OFF: &str =
    "the search for a shorter history was cut off: some of these operations may not be needed";

/// Up to so many operations every way of leaving some out is tried.
const TRIED_ALL_MAX: usize = 8;

/// Leaves out what can be left out, the oldest first and the newest first; gives what is shorter. No single operation can then be
/// left out, unless the history is so tangled that the budget does not suffice to see it: then it says no.
fn shortest(base: &[State], operations: Vec<Followed>, lists: &Lists) -> (Vec<Followed>, bool) {
    if operations.len() <= TRIED_ALL_MAX {
        return shortest_of_all(base, &operations, lists);
    }
    let [mut one, mut other] = [(); 2].map(|()| Budget::of_a_cut());
    let oldest_first = without(base, operations.clone(), lists, false, &mut one);
    let newest_first = without(base, operations, lists, true, &mut other);
    match newest_first.len() < oldest_first.len() {
        true => (newest_first, other.0 > 0),
        false => (oldest_first, one.0 > 0),
    }
}

/// Leaves out one operation after the other in every order; of the shortest histories, gives that of the latest operations.
fn shortest_of_all(
    base: &[State],
    operations: &[Followed],
    lists: &Lists,
) -> (Vec<Followed>, bool) {
    let places = |set: u32| (0..operations.len()).filter(move |place| set & 1 << place != 0);
    let chosen = |set: u32| -> Vec<Followed> {
        places(set).map(|place| operations[place].clone()).collect()
    };
    let mut budget = Budget::of_a_cut();
    let mut sets = BTreeSet::from([(1 << operations.len()) - 1]);
    loop {
        let mut smaller: BTreeSet<u32> = BTreeSet::new();
        for (set, place) in sets.iter().flat_map(|set| places(*set).map(move |it| (set, it))) {
            let rest = set & !(1 << place);
            let others = chosen(rest);
            if !smaller.contains(&rest)
                && makes_no_difference(&operations[place].operation, &others, lists)
                && budget.is_violated(base, &others)
            {
                smaller.insert(rest);
            }
        }
        if smaller.is_empty() {
            return (chosen(sets.last().copied().unwrap_or(0)), budget.0 > 0);
        }
        sets = smaller;
    }
}

fn without(
    base: &[State],
    mut kept: Vec<Followed>,
    lists: &Lists,
    newest_first: bool,
    budget: &mut Budget,
) -> Vec<Followed> {
    loop {
        let before = kept.len();
        let mut step = 0;
        while step < kept.len() {
            let place = if newest_first { kept.len() - 1 - step } else { step };
            let left_out = kept.remove(place);
            if makes_no_difference(&left_out.operation, &kept, lists)
                && budget.is_violated(base, &kept)
            {
                continue;
            }
            kept.insert(place, left_out);
            step += 1;
        }
        if kept.len() == before || budget.0 == 0 {
            return kept;
        }
    }
}

/// Whether every order of the others with this operation is one without it, too.
fn makes_no_difference(left_out: &Operation, others: &[Followed], lists: &Lists) -> bool {
    let only_asked = |operation: &Operation| {
        let heard = operation.to.map(|(_, heard)| heard);
        matches!(heard, Some(Heard::Values(_) | Heard::Mismatch | Heard::Full))
            && operation.copies == 0
            || !operation.command.writes()
    };
    if only_asked(left_out) {
        return true;
    }
    let appends = |it: &&Followed| matches!(it.operation.command, Command::Append { .. });
    if others.iter().filter(appends).count() >= VALUES_MAX / 2 {
        return false;
    }
    let is_appended = |value: u32| {
        let appends = |it: &Followed| matches!(it.operation.command, Command::Append { value: v, .. } if v == value);
        others.iter().any(appends)
    };
    others.iter().all(|it| {
        let seen: State = match (it.operation.command, it.operation.to) {
            (_, Some((_, Heard::Mismatch | Heard::Full))) => return false,
            (Command::Get { .. }, Some((_, Heard::Values(word)))) => match word {
                0 => State::from([]),
                word if word >> 32 == 1 => State::from([word as u32]),
                word => match lists.get(&word) {
                    Some(list) => list.clone(),
                    None => return false,
                },
            },
            (Command::CompareAndSet { expected, .. }, _) => State::from([expected]),
            _ => return true,
        };
        match left_out.command {
            Command::Put { value, .. }
            | Command::Append { value, .. }
            | Command::CompareAndSet { value, .. } => !seen.contains(&value),
            _ => seen.first().is_some_and(|first| !is_appended(*first)),
        }
    })
}

fn sentence(
    key: u32,
    (base, operations): (&[State], &[Followed]),
    last: &Followed,
    lists: &Lists,
) -> String {
    let name = client(last.request);
    let heard = last.operation.to.map_or(Heard::Done, |(_, heard)| heard);
    let heard_words = words(heard, lists);
    if !matches!(heard, Heard::Values(_)) {
        let asked = command_words(last.operation.command);
        return format!(
            "{name} heard `{heard_words}` to `{asked}`, which no order of the operations explains."
        );
    }
    // A stale read would be right if it had begun earlier.
    let mut earlier = operations.to_vec();
    for followed in &mut earlier {
        if followed.request == last.request {
            followed.operation.from = 0;
        }
    }
    let operations: Vec<Operation> = earlier.iter().map(|it| it.operation).collect();
    match Search::new(base, &operations, SEARCH_MAX).verdict() {
        Verdict::Linearizable if heard == Heard::Values(0) => format!(
            "Stale read: {name} found no value at key {key}, which was given one before the read began."
        ),
        Verdict::Linearizable => format!(
            "Stale read: {name} read {heard_words} from key {key}, which was overwritten before the read began."
        ),
        _ => format!(
            "{name} read {heard_words} from key {key}, which no order of the operations explains."
        ),
    }
}

/// What a client heard, with lists of values where they are known.
fn words(heard: Heard, lists: &Lists) -> String {
    match heard {
        Heard::Values(word) => lists.get(&word).map_or_else(|| heard_words(heard), list_words),
        _ => heard_words(heard),
    }
}

fn list_words(state: &State) -> String {
    match &state[..] {
        [] => "no value".into(),
        [value] => value.to_string(),
        values => format!("{values:?}"),
    }
}

/// The history as lines: what the key held before, then each operation with its time and what was heard.
fn table(key: u32, base: &[State], kept: &[Followed], lists: &Lists) -> Vec<String> {
    let mut lines = Vec::new();
    if base.len() > 1 || base.iter().any(|state| !state.is_empty()) {
        let mut states: Vec<String> = base.iter().take(4).map(list_words).collect();
        if base.len() > states.len() {
            states.push("another of several".into());
        }
        lines.push(format!("before: key {key} holds {}", states.join(", or ")));
    }
    for Followed { operation, request, began, ended, .. } in kept {
        let mut line = format!("{:<8}{:<28}", client(*request), command_words(operation.command));
        let ended = ended.map_or_else(|| "?".into(), |ended| format!("{ended}"));
        let heard =
            operation.to.map_or_else(|| "no answer".into(), |(_, heard)| words(heard, lists));
        let _ = write!(line, "{:>11} to {ended:<11} {heard}", began.to_string());
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::RequestId;
    use crate::record::values_word;
    use crate::time::Time;

    const KEY: u32 = 1;

    /// An operation on few values, and what might be heard of it; now and then nothing, or it is tried twice.
    fn operation() -> impl Strategy<Value = Operation> {
        let drawn = (0..6_u8, 0..3_u32, 0..3_u32, 0..20_u64, 1..9_u64, 0..8_u8, 0..7_u8);
        drawn.prop_map(|(kind, value, other, from, takes, heard, known)| {
            let command = match kind {
                0 | 1 => Command::Get { key: KEY },
                2 => Command::Put { key: KEY, value },
                3 => Command::Delete { key: KEY },
                4 => Command::CompareAndSet { key: KEY, expected: other, value },
                _ => Command::Append { key: KEY, value },
            };
            let heard = match (command, heard) {
                (Command::Get { .. }, 0) => Heard::Values(0),
                (Command::Get { .. }, 1) => Heard::Values(values_word(&[value, other])),
                (Command::Get { .. }, _) => Heard::Values(values_word(&[value])),
                (Command::CompareAndSet { .. }, 0..3) => Heard::Mismatch,
                _ => Heard::Done,
            };
            let to = (known > 0).then_some((from + takes, heard));
            Operation { command, from, to, copies: u32::from(known == 1), hint: u64::MAX }
        })
    }

    /// The operations of a history that cannot be; none if it can.
    fn wrong(operations: &[Operation]) -> Option<(Vec<Followed>, Lists)> {
        let mut search = Search::new(&[State::from([])], operations, SEARCH_MAX);
        let followed = |(place, operation): (usize, &Operation)| {
            let request = RequestId::new(place as u32 + 1, 1);
            Followed::new(*operation, request, Time(operation.from))
        };
        let wrong = search.verdict() == Verdict::Violated;
        wrong.then(|| (operations.iter().enumerate().map(followed).collect(), search.states()))
    }

    /// Each history that is wrong and lacks one operation that can be left out.
    fn one_less<'a>(kept: &'a [Followed], lists: &'a Lists) -> impl Iterator<Item = Vec<Followed>> {
        (0..kept.len()).filter_map(|place| {
            let mut others = kept.to_vec();
            let left_out = others.remove(place);
            let wrong = Budget(SEARCH_MAX).is_violated(&[State::from([])], &others);
            (wrong && makes_no_difference(&left_out.operation, &others, lists)).then_some(others)
        })
    }

    /// The length of the shortest history to which anything leads that leaves out one operation after the other.
    fn least(kept: &[Followed], lists: &Lists) -> usize {
        one_less(kept, lists).map(|others| least(&others, lists)).min().unwrap_or(kept.len())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

        #[test]
        fn a_small_history_is_the_shortest_that_there_is(
            operations in prop::collection::vec(operation(), 2..8),
        ) {
            if let Some((history, lists)) = wrong(&operations) {
                let base = [State::from([])];
                let (found, is_shortest) = shortest(&base, history.clone(), &lists);
                prop_assert!(is_shortest);
                prop_assert_eq!(found.len(), least(&history, &lists), "{:?}", found);
                prop_assert!(Budget(SEARCH_MAX).is_violated(&base, &found));
            }
        }

        #[test]
        fn no_operation_of_a_longer_one_can_be_left_out(
            operations in prop::collection::vec(operation(), 9..20),
        ) {
            if let Some((history, lists)) = wrong(&operations) {
                let base = [State::from([])];
                let (found, is_shortest) = shortest(&base, history, &lists);
                // So tangled a history may be cut too little, as its words say.
                if is_shortest {
                    prop_assert_eq!(one_less(&found, &lists).count(), 0, "{:?}", found);
                }
            }
        }
    }

    /// Leaving out the oldest first, or the newest, may end with more than need be.
    #[test]
    fn trying_all_is_shorter_now_and_then() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::deterministic();
        let strategy = prop::collection::vec(operation(), 2..8);
        let shorter = (0..3_000).any(|_| {
            let operations = strategy.new_tree(&mut runner).expect("it is drawn").current();
            let Some((history, lists)) = wrong(&operations) else { return false };
            let base = [State::from([])];
            let least = shortest_of_all(&base, &history, &lists).0.len();
            let by_age = |newest: bool| {
                without(&base, history.clone(), &lists, newest, &mut Budget::of_a_cut()).len()
            };
            by_age(false).min(by_age(true)) > least
        });
        assert!(shorter);
    }
}
