//! An operation of a client, as the oracle of linearizability follows it.

use crate::ids::Index;
use crate::log::RequestId;
use crate::oracle::linearizable::Operation;
use crate::record::Heard;
use crate::time::Time;

/// How many items one search weighs: at each place that it looks at, all that may come next, and some for the place.
pub const SEARCH_MAX: usize = 4_000_000;

/// An operation as the oracle follows it.
#[derive(Clone, Debug)]
pub struct Followed {
    /// What the search sees.
    pub operation: Operation,
    /// Whose it is.
    pub request: RequestId,
    /// When it began.
    pub began: Time,
    /// When its client heard the answer.
    pub ended: Option<Time>,
    /// What it gave each time that it took effect.
    pub(super) gave: Vec<Heard>,
    /// How many of its tries may have taken effect, or may yet: all that no node refused as it came.
    pub(super) tries: u32,
    /// Whether its client tries it no more.
    pub(super) over: bool,
}

impl Followed {
    /// An operation that begins, or that nobody has seen take effect.
    pub fn new(operation: Operation, request: RequestId, began: Time) -> Followed {
        Followed { operation, request, began, ended: None, gave: Vec::new(), tries: 1, over: false }
    }

    /// A try more, or one less, that may take effect. Within a session all of them are one.
    pub(super) fn count_tries(&mut self, tries: u32) {
        self.tries = tries;
        if self.request.session == Index::ZERO {
            self.operation.copies = tries.saturating_sub(1);
        }
    }

    /// Whether it cannot take effect any more: nobody tries it, and no try is on its way.
    pub(super) fn is_closed(&self) -> bool {
        let Operation { command, to, copies, .. } = self.operation;
        self.over && (!command.writes() || if to.is_some() { copies == 0 } else { self.tries == 0 })
    }

    /// Whether it took effect, or may have.
    pub(super) fn may_count(&self) -> bool {
        self.operation.to.is_some() || self.tries > 0
    }

    /// Goes on into a segment that begins now, in a state that holds what the operation did so far: if it was answered, only its other
    /// tries are left.
    pub(super) fn settle(&mut self, now: u64) {
        if self.operation.to.take().is_some() {
            self.count_tries(self.tries - 1);
            self.operation.from = now;
        }
        self.operation.hint = u64::MAX;
    }
}
