//! Exactly once is also at least once (section 8, thesis 6.3): a request that a client hears was done is one that was carried out, and what
//! the client hears is what its own entry gave.
//!
//! What an entry gives is found by a state machine of this oracle's own, which does each entry when the first node applies it. A request of
//! which nothing is known any more makes its state unknown; then only that requests were carried out is judged.

use std::collections::{BTreeMap, VecDeque};

use crate::ids::Index;
use crate::log::{Command, RequestId};
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::{Heard, Kind, Record, values_word};
use crate::trace::text::client;

/// How many requests of a client are kept, the latest.
const KEPT: usize = 64;

/// How many values a key holds at most.
const VALUES_MAX: usize = 64;

/// A request, and what it gave when it was carried out.
#[derive(Debug)]
struct Asked {
    request: RequestId,
    command: Command,
    gave: Option<Heard>,
    /// What it gave when that was done again, outside of sessions.
    again: Vec<Heard>,
    /// The record of the last time.
    done: u64,
}

/// What requests gave.
#[derive(Debug)]
pub struct Answers {
    /// Whether reads are entries of the log.
    reads_in_log: bool,
    asked: BTreeMap<u32, VecDeque<Asked>>,
    keys: BTreeMap<u32, Vec<u32>>,
    /// Up to where entries were done.
    applied: Index,
    /// Whether something was done of which nothing is known.
    unknown: bool,
}

impl Answers {
    pub fn new(reads_in_log: bool) -> Answers {
        Answers {
            reads_in_log,
            asked: BTreeMap::new(),
            keys: BTreeMap::new(),
            applied: Index::ZERO,
            unknown: false,
        }
    }

    /// Judges a record.
    #[inline]
    pub fn observe(&mut self, record: &Record) -> Option<Violation> {
        match record.kind {
            Kind::Invoke { request, command, attempt: 1 } => {
                let asked = self.asked.entry(request.client).or_default();
                if asked.len() == KEPT {
                    asked.pop_front();
                }
                asked.push_back(Asked { request, command, gave: None, again: Vec::new(), done: 0 });
            }
            Kind::Apply { index, request, effect, .. } if index == self.applied.next() => {
                self.applied = index;
                if effect && !request.is_none() {
                    self.carry_out(index, request, record.number);
                }
            }
            Kind::Answered { request, applied: true, output: Some(heard) }
                if heard != Heard::Expired =>
            {
                return self.answered(record, request, heard);
            }
            _ => {}
        }
        None
    }

    fn carry_out(&mut self, index: Index, request: RequestId, number: u64) {
        let asked = self.asked.get_mut(&request.client);
        let asked = asked.and_then(|it| it.iter_mut().rfind(|it| it.request == request));
        let Some(asked) = asked else {
            self.unknown = true;
            return;
        };
        asked.done = number;
        let gave = carry_out(&mut self.keys, index, asked.command);
        match asked.gave {
            None => asked.gave = Some(gave),
            Some(_) => asked.again.push(gave),
        }
    }

    fn answered(&self, record: &Record, request: RequestId, heard: Heard) -> Option<Violation> {
        let asked = self.asked.get(&request.client)?.iter().rfind(|it| it.request == request)?;
        if !self.reads_in_log && matches!(asked.command, Command::Get { .. }) {
            return None;
        }
        let name = client(request);
        let (sentence, earlier) = match asked.gave {
            None => (format!("{name} was answered as done, but nobody has carried it out."), None),
            Some(gave) if !self.unknown && gave != heard && !asked.again.contains(&heard) => (
                format!("The client of {name} heard another answer than its own entry gave."),
                Some(asked.done),
            ),
            _ => return None,
        };
        Some(Violation::new(Property::ExactlyOnce, record, sentence, earlier))
    }
}

/// Does what a command says; gives what its client is to hear.
fn carry_out(keys: &mut BTreeMap<u32, Vec<u32>>, index: Index, command: Command) -> Heard {
    match command {
        Command::Register => return Heard::Opened(index),
        Command::Get { key } => {
            return Heard::Values(keys.get(&key).map_or(0, |values| values_word(values)));
        }
        Command::Put { key, value } => {
            let values = keys.entry(key).or_default();
            values.clear();
            values.push(value);
        }
        Command::Delete { key } => _ = keys.remove(&key),
        Command::CompareAndSet { key, expected, value } => match keys.get_mut(&key) {
            Some(values) if *values == [expected] => values[0] = value,
            _ => return Heard::Mismatch,
        },
        Command::Append { key, value } => {
            let values = keys.entry(key).or_default();
            if values.len() >= VALUES_MAX {
                return Heard::Full;
            }
            values.push(value);
        }
        Command::Noop | Command::Configure(_) => {}
    }
    Heard::Done
}
