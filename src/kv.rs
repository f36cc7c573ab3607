//! The replicated state machine: a map from keys to lists of values. It sits in the host, so that every Raft gets the same
//! one.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::log::Command;
use crate::node::Output;

/// How many values a key holds at most; an append to a longer list is refused.
pub const VALUES_MAX: usize = 64;

/// A map from keys to lists of values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(BTreeMap<u32, Vec<u32>>);

impl Map {
    /// Carries out a command.
    pub fn apply(&mut self, command: Command) -> Output {
        match command {
            Command::Noop => Output::Done,
            Command::Get { key } => Output::Values(
                self.0.get(&key).map_or_else(|| Rc::from([]), |values| Rc::from(&values[..])),
            ),
            Command::Put { key, value } => {
                let values = self.0.entry(key).or_default();
                values.clear();
                values.push(value);
                Output::Done
            }
            Command::Delete { key } => {
                self.0.remove(&key);
                Output::Done
            }
            Command::CompareAndSet { key, expected, value } => match self.0.get_mut(&key) {
                Some(values) if *values == [expected] => {
                    values[0] = value;
                    Output::Done
                }
                _ => Output::Mismatch,
            },
            Command::Append { key, value } => {
                let values = self.0.entry(key).or_default();
                if values.len() >= VALUES_MAX {
                    return Output::Full;
                }
                values.push(value);
                Output::Done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_do_what_they_say() {
        let mut map = Map::default();
        let mut check = |command, output| assert_eq!(map.apply(command), output, "{command:?}");
        let values = |values: &[u32]| Output::Values(Rc::from(values));
        check(Command::Get { key: 1 }, values(&[]));
        check(Command::Append { key: 1, value: 7 }, Output::Done);
        check(Command::Append { key: 1, value: 8 }, Output::Done);
        check(Command::Get { key: 1 }, values(&[7, 8]));
        check(Command::CompareAndSet { key: 1, expected: 7, value: 9 }, Output::Mismatch);
        check(Command::Put { key: 1, value: 5 }, Output::Done);
        check(Command::CompareAndSet { key: 1, expected: 5, value: 6 }, Output::Done);
        check(Command::Get { key: 1 }, values(&[6]));
        check(Command::Delete { key: 1 }, Output::Done);
        check(Command::CompareAndSet { key: 1, expected: 6, value: 7 }, Output::Mismatch);
        check(Command::Get { key: 1 }, values(&[]));
    }

    #[test]
    fn a_list_has_a_limit() {
        let mut map = Map::default();
        for value in 0..VALUES_MAX as u32 {
            assert_eq!(map.apply(Command::Append { key: 1, value }), Output::Done);
        }
        assert_eq!(map.apply(Command::Append { key: 1, value: 0 }), Output::Full);
    }
}
