//! How long a disk takes, and when it fails. What it holds is the host's business.

use crate::plan::DiskOptions;
use crate::rng::Rng;
use crate::time::{Share, Span};
use crate::world::latency::sample;

/// A disk's timing.
#[derive(Debug)]
pub struct Disk {
    /// How it is now.
    pub options: DiskOptions,
    rng: Rng,
    fails_next: bool,
}

/// What comes of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// How long it takes, the write before it included.
    pub takes: Span,
    /// Whether it fails.
    pub fails: bool,
}

impl Disk {
    /// A disk with a random stream of its own.
    pub fn new(options: DiskOptions, rng: Rng) -> Disk {
        Disk { options, rng, fails_next: false }
    }

    /// Draws one sync: always two words.
    pub fn sync(&mut self) -> Sync {
        let (write, fsync) = self.rng.halves();
        let (error, _) = self.rng.halves();
        let takes = sample(&self.options.write, write).plus(sample(&self.options.fsync, fsync));
        let fails = self.options.errors.hit(error) || std::mem::take(&mut self.fails_next);
        Sync { takes, fails }
    }

    /// From now on nothing fails, and a write with its sync takes no longer than this.
    pub fn calm(&mut self, longest: Span) {
        let half = Span(longest.0 / 2);
        self.options.errors = Share::NEVER;
        self.options.write = self.options.write.at_most(half);
        self.options.fsync = self.options.fsync.at_most(half);
        self.fails_next = false;
    }

    /// Makes the next sync fail.
    pub fn fail_next(&mut self) {
        self.fails_next = true;
    }

    /// Draws how much of an unsynced journal survives a crash: how many of `writes` whole writes, and a word for what becomes of
    /// the next. Always two words.
    pub fn tear(&mut self, writes: u64) -> (u64, u64) {
        let whole = self.rng.between(0, writes);
        (whole, self.rng.word())
    }
}
