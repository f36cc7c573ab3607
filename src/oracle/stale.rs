//! Stale reads that take no search to see: what was read had been overwritten before the read began, and nobody could have written it
//! again.
//!
//! Of a key's writes those are kept that were answered: each took effect between its beginning and its answer. A value is stale if every
//! write of it had ended when another write began, and that one had ended when the read began. Three operations prove it, whatever
//! became of all others.

use crate::log::{Command, RequestId};
use crate::oracle::followed::Followed;
use crate::oracle::linearizable::Operation;
use crate::record::Heard;
use crate::time::Time;

/// So many answered writes of a key are kept at least, where there is room; up to twice as many are.
const WRITES_MIN: usize = 1_024;

/// A write that was answered as done.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// What it asked.
    pub command: Command,
    request: RequestId,
    from: u64,
    to: u64,
    began: Time,
    ended: Time,
}

impl Write {
    /// The same as an operation of a history.
    pub fn followed(&self) -> Followed {
        let to = Some((self.to, Heard::Done));
        let operation =
            Operation { command: self.command, from: self.from, to, copies: 0, hint: u64::MAX };
        Followed { ended: Some(self.ended), ..Followed::new(operation, self.request, self.began) }
    }
}

/// The answered writes of one key, by their answers.
#[derive(Debug, Default)]
pub struct Writes {
    done: Vec<Write>,
    /// The end of all writes that are kept no longer.
    forgotten: u64,
}

/// A stale read, and what proves it.
#[derive(Debug)]
pub struct Stale {
    /// Who wrote last what was read; none if it was never written, or so long ago that it is forgotten.
    pub writer: Option<Write>,
    /// Who overwrote it.
    pub over: Write,
    /// The read.
    pub read: Followed,
}

/// What a key holds by itself after this command was done: one value, or none. Of an append this may be so.
fn leaves(command: Command) -> Option<u32> {
    match command {
        Command::Put { value, .. }
        | Command::CompareAndSet { value, .. }
        | Command::Append { value, .. } => Some(value),
        _ => None,
    }
}

/// What an operation read, if that is one value or none.
fn saw(operation: &Operation) -> Option<Option<u32>> {
    match (operation.command, operation.to?.1) {
        (Command::Get { .. }, Heard::Values(0)) => Some(None),
        (Command::Get { .. }, Heard::Values(word)) if word >> 32 == 1 => Some(Some(word as u32)),
        _ => None,
    }
}

impl Writes {
    /// Takes note of an operation that was answered.
    pub fn note(&mut self, followed: &Followed, room: usize) {
        let Operation { command, from, to, .. } = followed.operation;
        let (Some((to, Heard::Done)), Some(ended)) = (to, followed.ended) else { return };
        if !command.writes() {
            return;
        }
        let least = WRITES_MIN.min(room);
        if self.done.len() >= 2 * least {
            let kept = self.done.split_off(self.done.len() - least);
            self.forgotten = self.done[self.done.len() - 1].to;
            self.done = kept;
        }
        let Followed { request, began, .. } = *followed;
        self.done.push(Write { command, request, from, to, began, ended });
    }

    /// Whether what this operation saw had been overwritten before it began. `open` are the operations that may yet take effect.
    pub fn stale<'a>(
        &self,
        read: &Followed,
        mut open: impl Iterator<Item = &'a Followed>,
    ) -> Option<Stale> {
        let seen = saw(&read.operation)?;
        if open.any(|it| it.operation.command.writes() && leaves(it.operation.command) == seen) {
            return None;
        }
        let writer = self.done.iter().rfind(|write| leaves(write.command) == seen);
        let written = writer.map_or(self.forgotten, |write| write.to);
        let over = self.done.iter().filter(|write| {
            write.from > written && write.to < read.operation.from && leaves(write.command) != seen
        });
        let over = *over.min_by_key(|write| write.to)?;
        Some(Stale { writer: writer.copied(), over, read: read.clone() })
    }
}
