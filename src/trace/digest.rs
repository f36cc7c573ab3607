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

/// How many bytes wait to be hashed at most: to hash many at once costs less.
const WAITING: usize = 1_024;

/// The most bytes of one record.
const RECORD: usize = 16 * size_of::<u64>();

/// Folds records into a digest.
pub struct Digester {
    hasher: Xxh3,
    waiting: Words,
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digester({})", self.digest())
    }
}

impl Default for Digester {
    fn default() -> Digester {
        Digester { hasher: Xxh3::new(), waiting: Words { bytes: [0; WAITING], len: 0 } }
    }
}

impl Digester {
    /// Folds one record in.
    pub fn add(&mut self, record: &Record) {
        let words = &mut self.waiting;
        if words.len > WAITING - RECORD {
            self.hasher.update(words.bytes());
            words.len = 0;
        }
        let node = record.node.map_or(0, NodeId::number);
        words.push(record.time.0);
        words.push(record.event);
        words.push(u64::from(node) << 8 | u64::from(record.kind.number() + 1));
        let mut push = |word| words.push(word);
        match record.kind {
            // What a message says was folded in when it was sent.
            Kind::Deliver { from, id, .. } => {
                from.fold(&mut push);
                id.fold(&mut push);
            }
            kind => kind.fold(&mut push),
        }
    }

    /// The digest of all records so far.
    pub fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(self.waiting.bytes());
        Digest(hasher.digest128())
    }
}

/// The words of some records.
struct Words {
    bytes: [u8; WAITING],
    len: usize,
}

impl Words {
    fn push(&mut self, word: u64) {
        let end = self.len + size_of::<u64>();
        self.bytes[self.len..end].copy_from_slice(&word.to_le_bytes());
        self.len = end;
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
