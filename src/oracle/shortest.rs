//! The shortest history that cannot be put in an order, out of one that cannot, as a table for people.
//!
//! An operation is left out only where every order of the rest with it is an order of the rest without it, so that what remains is
//! wrong by itself and tells no other story: what changed nothing only asked, and what was written and never seen made no difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::log::Command;
use crate::oracle::history::{Followed, KeyHistory, SEARCH_MAX};
use crate::oracle::linearizable::{Operation, Search, Verdict};
use crate::oracle::model::{State, VALUES_MAX};
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Heard, Record};
use crate::trace::text::{client, command_words, heard_words};

/// What lists of values were met, by their words.
type Lists = BTreeMap<u64, State>;

/// The violation that showed when the operation at `place` was answered. A brief one shows only that operation.
pub fn violation(
    record: &Record,
    key: u32,
    history: &KeyHistory,
    place: usize,
    brief: bool,
) -> Violation {
    let last = &history.operations[place];
    let mut search = Search::new(&history.base, &history.seen(), SEARCH_MAX);
    search.verdict();
    let lists = search.states();
    let kept = match brief {
        true => vec![last.clone()],
        false => shortest(&history.base, history.operations.clone(), &lists),
    };
    let evidence = kept.iter().flat_map(|Followed { operation, .. }| {
        [operation.from, operation.to.map_or(0, |(to, _)| to)]
    });
    let sentence = sentence(key, history, last, &lists);
    let violation = Violation::new(Property::Linearizability, record, sentence, evidence);
    let history = if brief { Vec::new() } else { table(key, &history.base, &kept, &lists) };
    Violation { history, ..violation }
}

/// How many items may yet be weighed for a shorter history. A search that does not end within it changes nothing.
struct Budget(usize);

impl Budget {
    fn is_violated(&mut self, base: &[State], operations: &[Followed]) -> bool {
        let operations: Vec<Operation> = operations.iter().map(|it| it.operation).collect();
        let mut search = Search::new(base, &operations, SEARCH_MAX.min(self.0));
        let verdict = search.verdict();
        self.0 -= search.weighed().min(self.0);
        verdict == Verdict::Violated
    }
}

/// Leaves out what can be left out, the oldest first and the newest first; gives what is shorter. No single operation can then be
/// left out, unless the history is so tangled that the budget does not suffice to see it.
fn shortest(base: &[State], operations: Vec<Followed>, lists: &Lists) -> Vec<Followed> {
    let oldest_first = without(base, operations.clone(), lists, false);
    let newest_first = without(base, operations, lists, true);
    if newest_first.len() < oldest_first.len() { newest_first } else { oldest_first }
}

fn without(
    base: &[State],
    mut kept: Vec<Followed>,
    lists: &Lists,
    newest_first: bool,
) -> Vec<Followed> {
    let mut budget = Budget(SEARCH_MAX * 2);
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

fn sentence(key: u32, history: &KeyHistory, last: &Followed, lists: &Lists) -> String {
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
    let mut earlier = history.operations.clone();
    for followed in &mut earlier {
        if followed.request == last.request {
            followed.operation.from = 0;
        }
    }
    let operations: Vec<Operation> = earlier.iter().map(|it| it.operation).collect();
    match Search::new(&history.base, &operations, SEARCH_MAX).verdict() {
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
