//! How long a disk takes, and when it fails. What it holds is the host's business.

use crate::plan::fault::DiskChange;
use crate::plan::{DiskOptions, Survives, SyncPin};
use crate::rng::Rng;
use crate::time::{Share, Span, Time};
use crate::world::latency::sample;

#[derive(Debug)]
pub struct Disk {
    pub options: DiskOptions,
    rng: Rng,
    /// Whether the next sync fails.
    pub fails_next: bool,
    /// How many faults keep it full: syncs fail.
    pub full: u32,
    /// How many faults make it lie: it says that the journal is durable, and does not write it.
    pub lying: u32,
    /// How many faults have it hang: what is begun does not end.
    pub hanging: u32,
    /// What it is like without a fault, where a fault has changed it.
    usual: Option<DiskOptions>,
    /// Syncs whose fate is fixed, the next one last.
    pins: Vec<SyncPin>,
    /// Those that no sync had come for when faults were over.
    unused: Vec<SyncPin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    pub begun: Time,
    /// How long it takes, the write before it included.
    pub takes: Span,
    /// How long it would take if no fault had slowed the disk down.
    pub usual: Span,
    pub fails: bool,
    /// If it fails: what survives if the node stops for it, where that is fixed.
    pub survives: Option<Survives>,
}

impl Disk {
    /// A disk with a random stream of its own, and the syncs that are fixed.
    pub fn new(options: DiskOptions, rng: Rng, mut pins: Vec<SyncPin>) -> Disk {
        pins.sort_by_key(|pin| pin.begun);
        pins.reverse();
        Disk {
            options,
            rng,
            fails_next: false,
            full: 0,
            lying: 0,
            hanging: 0,
            usual: None,
            pins,
            unused: Vec::new(),
        }
    }

    /// A fault changes it.
    pub fn change(&mut self, change: &DiskChange) {
        self.usual.get_or_insert_with(|| self.options.clone());
        let options = &mut self.options;
        options.write = change.write.unwrap_or(options.write);
        options.fsync = change.fsync.unwrap_or(options.fsync);
    }

    /// It is as it was before faults changed it.
    pub fn change_back(&mut self) {
        self.options = self.usual.take().unwrap_or_else(|| self.options.clone());
    }

    /// Draws from another stream from now on.
    pub fn reseed(&mut self, rng: Rng) {
        self.rng = rng;
    }

    /// Draws one sync: always two words.
    pub fn sync(&mut self, now: Time) -> Sync {
        let (write, fsync) = self.rng.halves();
        let (error, _) = self.rng.halves();
        let of = |it: &DiskOptions| sample(&it.write, write).plus(sample(&it.fsync, fsync));
        let takes = of(&self.options);
        let usual = self.usual.as_ref().map_or(takes, of);
        let begun = now;
        if let Some(pin) = self.pins.pop_if(|pin| Time::ZERO.plus(pin.begun) <= now) {
            let fails = std::mem::take(&mut self.fails_next) || pin.fails || self.full > 0;
            let (takes, survives) = (pin.takes, pin.survives);
            let usual = if self.usual.is_some() { usual } else { takes };
            return Sync { begun, takes, usual, fails, survives };
        }
        let fails = self.options.errors.hit(error) || std::mem::take(&mut self.fails_next);
        let fails = fails || self.full > 0;
        Sync { begun, takes, usual, fails, survives: None }
    }

    /// From now on nothing fails, and a write with its sync takes no longer than this.
    pub fn recover(&mut self, longest: Span) {
        let half = Span(longest.0 / 2);
        self.options.errors = Share::NEVER;
        self.options.write = self.options.write.at_most(half);
        self.options.fsync = self.options.fsync.at_most(half);
        self.fails_next = false;
        self.unused.append(&mut self.pins);
    }

    /// The pins that no sync has come for.
    pub fn unused_pins(&self) -> impl Iterator<Item = &SyncPin> {
        self.pins.iter().chain(&self.unused)
    }

    /// Draws how much of an unsynced journal survives a crash: how many of `writes` whole writes, and a word for what becomes of
    /// the next. Always two words.
    pub fn tear(&mut self, writes: u64) -> (u64, u64) {
        let whole = self.rng.between(0, writes);
        (whole, self.rng.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::rng::Stream;

    #[test]
    fn a_pin_decides_for_one_sync_and_leaves_the_others_as_they_were() {
        let node = NodeId::new(1);
        let rng = || Rng::new(1, Stream::Disk(node));
        let (begun, takes) = (Span::millis(5), Span::millis(70));
        let pin = SyncPin { node, begun, takes, fails: true, survives: None };
        let mut pinned = Disk::new(DiskOptions::default(), rng(), vec![pin]);
        let mut free = Disk::new(DiskOptions::default(), rng(), Vec::new());
        let at = |millis| Time::ZERO.plus(Span::millis(millis));
        for millis in [4, 6, 7] {
            let (one, other) = (pinned.sync(at(millis)), free.sync(at(millis)));
            match millis {
                6 => assert_eq!((one.takes, one.fails), (takes, true)),
                _ => assert_eq!(one, other),
            }
        }
    }
}
