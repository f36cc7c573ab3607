//! An operation of a client, as the oracle of linearizability follows it.

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
}

impl Followed {
    /// An operation that begins, or that nobody has seen take effect.
    pub fn new(operation: Operation, request: RequestId, began: Time) -> Followed {
        Followed { operation, request, began, ended: None, gave: Vec::new() }
    }

    /// Goes on into a segment that begins now, in a state that holds what the operation did so far: if it was answered, only its other
    /// tries are left.
    pub(super) fn settle(&mut self, now: u64) {
        if self.operation.to.take().is_some() {
            self.operation.copies -= 1;
            self.operation.from = now;
        }
        self.operation.hint = u64::MAX;
    }
}
