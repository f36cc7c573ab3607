//! In place of the crate `fxhash`: what it does where words have 64 bits.
//!
//! raft-rs sends to its peers in the order of a map with this hash. The crate hashes by words of the machine, so that the order would be
//! another in a module, whose words have 32 bits.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Makes such hashes.
pub type FxBuildHasher = BuildHasherDefault<FxHasher>;
/// A map with this hash.
pub type FxHashMap<K, V> = HashMap<K, V, FxBuildHasher>;
/// A set with this hash.
pub type FxHashSet<T> = HashSet<T, FxBuildHasher>;

/// The hash.
#[derive(Clone, Debug, Default)]
pub struct FxHasher(u64);

impl FxHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for FxHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.add(u64::from_ne_bytes(*word)));
        let (halves, rest) = rest.as_chunks();
        halves.iter().for_each(|half| self.add(u32::from_ne_bytes(*half).into()));
        rest.iter().for_each(|byte| self.add((*byte).into()));
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.add(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.add(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
