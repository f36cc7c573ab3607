//! Writes that clients heard to be done, and that are gone.

use std::collections::BTreeSet;

use crate::ids::Index;
use crate::log::RequestId;
use crate::meter::is_plausible;

/// What was applied at each index last, and which writes clients heard to be done.
///
/// Only a violation, or a plan that destroys disks, can lose a write. So a run costs no more than two lists; what is on both is compared at
/// the end, where something was replaced or is out of reach.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// By index, from 1: the request of the entry that was applied last, and its fingerprint.
    applied: Vec<(RequestId, u64)>,
    /// Whether another entry was applied where one had been.
    replaced: bool,
    heard: Vec<RequestId>,
}

impl Lost {
    #[inline]
    pub(super) fn apply(&mut self, index: Index, request: RequestId, content: u64) {
        let (place, reaches) = (index.0.saturating_sub(1) as usize, self.applied.len() as u64);
        match self.applied.get_mut(place) {
            Some(known) if known.1 == content => {}
            Some(known) => {
                *known = (request, content);
                self.replaced = true;
            }
            None if !is_plausible(index.0, reaches) => {}
            None => {
                self.applied.resize(place, (RequestId::NONE, 0));
                self.applied.push((request, content));
            }
        }
    }

    #[inline]
    pub(super) fn hear(&mut self, request: RequestId) {
        self.heard.push(request);
    }

    /// How many are gone, if the longest log at the end reaches so far.
    pub(super) fn count(mut self, reach: Index) -> u64 {
        if !self.replaced && self.applied.len() as u64 <= reach.0 {
            return 0;
        }
        self.applied.truncate(reach.0 as usize);
        let there: BTreeSet<RequestId> = self.applied.iter().map(|(request, _)| *request).collect();
        self.heard.iter().filter(|request| !there.contains(request)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_replaced_or_is_out_of_reach_is_gone() {
        let told = || {
            let mut lost = Lost::default();
            for serial in 1..=3 {
                let request = RequestId::new(1, serial);
                lost.apply(Index(serial.into()), request, serial.into());
                lost.hear(request);
            }
            lost
        };
        assert_eq!(told().count(Index(3)), 0);
        assert_eq!(told().count(Index(2)), 1);
        let mut lost = told();
        lost.apply(Index(1), RequestId::new(2, 1), 9);
        assert_eq!(lost.count(Index(3)), 1);
        // A request that was tried twice is there as long as one of its entries is.
        let mut lost = told();
        lost.apply(Index(4), RequestId::new(1, 1), 11);
        lost.apply(Index(1), RequestId::new(2, 1), 9);
        assert_eq!(lost.count(Index(4)), 0);
    }
}
