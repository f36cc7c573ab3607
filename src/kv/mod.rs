//! The replicated state machine: a map from keys to lists of values. It sits in the host, so that every Raft gets the same one.

pub mod sessions;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use xxhash_rust::xxh3::Xxh3;

use crate::ids::Index;
use crate::log::{Command, Entry};
use crate::machine::{Image, Output};
use sessions::Sessions;

/// How many values a key holds at most; an append to a longer list is refused.
pub const VALUES_MAX: usize = 64;

/// A map from keys to lists of values, and the sessions of the clients that use it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Map {
    keys: BTreeMap<u32, Vec<u32>>,
    sessions: Sessions,
}

impl Map {
    /// An empty map that keeps so many sessions; without a number, it has none.
    pub fn new(sessions_max: Option<u32>) -> Map {
        Map { keys: BTreeMap::new(), sessions: Sessions::new(sessions_max) }
    }

    /// Applies an entry; says what it gave, and whether it was carried out: what was carried out before gives what it gave then,
    /// and what belongs to no open session gives nothing (thesis 6.3).
    pub fn apply(&mut self, index: Index, entry: &Entry) -> (Output, bool) {
        if let Some(output) = self.sessions.answer(index, entry) {
            return (output, false);
        }
        let output = match entry.command {
            Command::Register => self.sessions.open(index),
            command => self.carry_out(command),
        };
        self.sessions.remember(entry.request, &output);
        (output, true)
    }

    /// The same, but for what requests gave.
    #[must_use]
    pub fn without_answers(&self) -> Map {
        let mut map = self.clone();
        map.forget_answers();
        map
    }

    /// Forgets what requests gave, as if it had been in memory only.
    pub fn forget_answers(&mut self) {
        self.sessions.forget_answers();
    }

    /// The keys of another map, with the sessions of this one.
    pub fn take_keys_of(&mut self, other: &Map) {
        self.keys.clone_from(&other.keys);
    }

    /// A fingerprint of what it holds.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = Fingerprint(Xxh3::new());
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// A copy for a snapshot. Costs as much as the map holds.
    pub fn image(&self) -> Image {
        let values: usize = self.keys.values().map(Vec::len).sum();
        let map = 16 + 8 * self.keys.len() as u64 + 4 * values as u64;
        let bytes = map + self.sessions.bytes();
        Image::new(self.clone(), bytes, self.fingerprint())
    }

    /// Carries out a command.
    pub fn carry_out(&mut self, command: Command) -> Output {
        match command {
            Command::Noop | Command::Register | Command::Configure(_) => Output::Done,
            Command::Get { key } => Output::Values(
                self.keys.get(&key).map_or_else(|| Rc::from([]), |values| Rc::from(&values[..])),
            ),
            Command::Put { key, value } => {
                let values = self.keys.entry(key).or_default();
                values.clear();
                values.push(value);
                Output::Done
            }
            Command::Delete { key } => {
                self.keys.remove(&key);
                Output::Done
            }
            Command::CompareAndSet { key, expected, value } => match self.keys.get_mut(&key) {
                Some(values) if *values == [expected] => {
                    values[0] = value;
                    Output::Done
                }
                _ => Output::Mismatch,
            },
            Command::Append { key, value } => {
                let values = self.keys.entry(key).or_default();
                if values.len() >= VALUES_MAX {
                    return Output::Full;
                }
                values.push(value);
                Output::Done
            }
        }
    }
}

/// XXH3-64 of what the map holds. Lengths are folded in as 64 bits on every machine.
struct Fingerprint(Xxh3);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        self.0.digest()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_usize(&mut self, length: usize) {
        self.0.update(&(length as u64).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_copy_whose_fingerprint_tells_what_it_holds() {
        let mut map = Map::default();
        let empty = map.image();
        map.carry_out(Command::Append { key: 1, value: 7 });
        let one = map.image();
        map.carry_out(Command::Append { key: 1, value: 8 });
        assert_ne!(map.image(), one);
        assert_ne!(one, empty);
        let restored = one.content::<Map>().expect("it is a map");
        assert_eq!(restored.image(), one);
        assert_ne!(*restored, map, "the copy does not change");
        assert!(one.content::<u32>().is_none());
        assert!(map.image().bytes > one.bytes);
    }

    #[test]
    fn commands_do_what_they_say() {
        let mut map = Map::default();
        let mut check = |command, output| assert_eq!(map.carry_out(command), output, "{command:?}");
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
            assert_eq!(map.carry_out(Command::Append { key: 1, value }), Output::Done);
        }
        assert_eq!(map.carry_out(Command::Append { key: 1, value: 0 }), Output::Full);
    }
}
