//! The digest of a run: 128 bits over every record.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use xxhash_rust::xxh3::Xxh3;

use crate::fold::Fold;
use crate::ids::NodeId;
use crate::record::{Kind, Record};

/// XXH3-128 over the little-endian words of every record, in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match (text.len(), u128::from_str_radix(&text, 16)) {
            (32, Ok(bits)) => Ok(Digest(bits)),
            _ => Err(D::Error::custom("a digest is 32 hexadecimal digits")),
        }
    }
}

/// How many words wait to be hashed at most: to hash many at once costs less.
const WAITING: usize = 128;

/// The most words of one record.
const RECORD: usize = 16;

/// Folds records into a digest.
pub struct Digester {
    hasher: Xxh3,
    /// The words of some records, in bytes.
    words: [[u8; 8]; WAITING],
    waiting: usize,
}

impl Default for Digester {
    fn default() -> Digester {
        Digester { hasher: Xxh3::new(), words: [[0; 8]; WAITING], waiting: 0 }
    }
}

impl Digester {
    /// Folds one record in.
    pub fn add(&mut self, record: &Record) {
        if self.waiting > WAITING - RECORD {
            self.hasher.update(self.words[..self.waiting].as_flattened());
            self.waiting = 0;
        }
        let mut place = self.waiting;
        let mut push = |word: u64| {
            self.words[place] = word.to_le_bytes();
            place += 1;
        };
        let node = record.node.map_or(0, NodeId::number);
        push(record.time.0);
        push(record.event);
        push(u64::from(node) << 8 | u64::from(record.kind.number() + 1));
        match &record.kind {
            // What a message says was folded in when it was sent.
            Kind::Deliver { from, id, .. } => {
                from.fold(&mut push);
                id.fold(&mut push);
            }
            kind => kind.fold(&mut push),
        }
        self.waiting = place;
    }

    /// The digest of all records so far.
    pub fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(self.words[..self.waiting].as_flattened());
        Digest(hasher.digest128())
    }
}
