//! How often a run, or many, got into each situation.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::situation::Situation;

/// How often each situation was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts([u64; Situation::COUNT]);

impl Default for Counts {
    fn default() -> Counts {
        Counts([0; Situation::COUNT])
    }
}

impl Counts {
    /// Counts one more; says how many there are now.
    pub fn add(&mut self, situation: Situation) -> u64 {
        let count = &mut self.0[situation.slot()];
        *count += 1;
        *count
    }

    /// How often this one was reached.
    pub fn of(&self, situation: Situation) -> u64 {
        self.0[situation.slot()]
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: &Counts) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// The situations that were reached, with how often.
    pub fn reached(&self) -> impl Iterator<Item = (Situation, u64)> {
        self.pairs().filter(|(_, count)| *count > 0)
    }

    /// The situations that were never reached.
    pub fn missed(&self) -> impl Iterator<Item = Situation> {
        self.pairs().filter(|(_, count)| *count == 0).map(|(situation, _)| situation)
    }

    fn pairs(&self) -> impl Iterator<Item = (Situation, u64)> {
        Situation::ALL.iter().copied().zip(self.0)
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.reached())
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Situation, u64>::deserialize(deserializer)?;
        let mut counts = Counts::default();
        for (situation, count) in map {
            counts.0[situation.slot()] = count;
        }
        Ok(counts)
    }
}
