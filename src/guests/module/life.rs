//! What a guest has at hand in a step: its clocks, its randomness, room for notes, and the limits.

use std::mem;

use wasmtime::{Memory, ResourceLimiter, Result};

use super::died::Refusal;
use super::{Limits, NOTES_MAX, WORDS_MAX};
use crate::node::{Moment, NodeRng};
use crate::rng::{Rng, Stream};
use crate::time::LocalTime;

/// The world of one guest, and nothing else reaches it.
pub(super) struct Life {
    /// Where WASI reads and writes; found at the first call.
    pub memory: Option<Memory>,
    /// What the clocks show in this step.
    pub moment: Moment,
    /// The node's randomness, which is here during a step only: the engine keeps no borrowed things. In between it is a stand-in.
    rng: NodeRng,
    words_left: u32,
    notes: Vec<u8>,
    /// When the guest wants to be called again, if it said so in this step.
    pub wake: Option<LocalTime>,
    /// Whether the next read of the idle descriptor finds its byte.
    pub idle: bool,
    /// Whether the guest has been set up. Until then a pause in its runtime is no step that blocks.
    pub booted: bool,
    /// How many pauses it made before that.
    pub pauses: u32,
    memory_max: u64,
    table_max: u64,
    /// How much memory it asked for in vain, in bytes, if its last request in this step was.
    refused: Option<u64>,
    /// Whether the last request for memory was within the limit.
    allowed: bool,
}

impl Life {
    pub fn new(limits: &Limits) -> Life {
        let rng = NodeRng::new(Rng::new(0, Stream::Core), Vec::new(), Vec::new(), Vec::new());
        Life {
            memory: None,
            moment: Moment::default(),
            rng,
            words_left: WORDS_MAX,
            notes: Vec::new(),
            wake: None,
            idle: false,
            booted: false,
            pauses: 0,
            memory_max: limits.memory,
            table_max: limits.table,
            refused: None,
            allowed: false,
        }
    }

    /// A step begins. [`Life::lend`] comes before it, and after it again.
    pub fn begin(&mut self, moment: Moment) {
        self.moment = moment;
        self.words_left = WORDS_MAX;
        self.notes.clear();
        self.wake = None;
        self.idle = false;
        self.refused = None;
    }

    /// Exchanges the node's randomness and the stand-in.
    pub fn lend(&mut self, rng: &mut NodeRng) {
        mem::swap(&mut self.rng, rng);
    }

    /// The next word of the node's own stream.
    pub fn word(&mut self) -> Result<u64, Refusal> {
        let left = self.words_left.checked_sub(1);
        self.words_left = left.ok_or_else(|| {
            Refusal(format!("it draws more than {} bytes of randomness in a step", WORDS_MAX * 8))
        })?;
        Ok(self.rng.word())
    }

    /// Keeps what a guest says to people, as far as there is room.
    pub fn note(&mut self, text: &[u8]) {
        let room = NOTES_MAX - self.notes.len();
        self.notes.extend_from_slice(&text[..text.len().min(room)]);
    }

    pub fn notes(&self) -> &[u8] {
        &self.notes
    }

    pub fn refused(&self) -> Option<u64> {
        self.refused
    }
}

/// A request succeeds or fails by the limit alone. If the machine fails, then the process of the guest does: it must not see that.
impl ResourceLimiter for Life {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let max = maximum.map_or(u64::MAX, |max| max as u64).min(self.memory_max);
        self.allowed = desired as u64 <= max;
        self.refused = (!self.allowed).then_some(desired as u64);
        Ok(self.allowed)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        if mem::take(&mut self.allowed) { Err(error) } else { Ok(()) }
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let max = maximum.map_or(u64::MAX, |max| max as u64).min(self.table_max);
        self.allowed = desired as u64 <= max;
        Ok(self.allowed)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        if mem::take(&mut self.allowed) { Err(error) } else { Ok(()) }
    }
}
