//! How far members are behind what the cluster has committed.

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet};
use crate::meter::histogram::Histogram;
use crate::meter::{MemberLag, is_plausible};
use crate::record::{Kind, Record, Remains};
use crate::time::Time;

/// Where each member's commit index is, and since when the cluster was further.
///
/// A node that was not a member from the beginning, or lost its disk, is measured from the first commit that it reports; one that leaves is
/// measured no longer. A restart is no loss: a node knows as much as it ever did.
#[derive(Debug)]
pub(super) struct Lags {
    /// When each index, from 1, was first reported to be committed.
    committed: Vec<Time>,
    /// The highest commit index that each node reported; none if it is not measured.
    known: Vec<Option<Index>>,
    /// By node: the most entries that it was behind, and the longest time.
    worst: Vec<MemberLag>,
    /// How long a member was behind each time that it learnt of commits.
    pub(super) lags: Histogram,
}

impl Lags {
    pub(super) fn new(nodes: u8, voters: NodeSet) -> Lags {
        let all = || (0..usize::from(nodes)).map(NodeId::at);
        Lags {
            committed: Vec::new(),
            known: all().map(|node| voters.contains(node).then_some(Index::ZERO)).collect(),
            worst: all().map(MemberLag::none).collect(),
            lags: Histogram::default(),
        }
    }

    #[inline]
    pub(super) fn observe(&mut self, record: &Record) {
        let Some(node) = record.node else { return };
        match record.kind {
            Kind::Commit { index, .. } => self.commit(node, index, record.time),
            Kind::Wipe { .. } | Kind::Crash(Remains { promised: 1.., .. }) => self.forget(node),
            Kind::Configure { configuration, .. } => self.leave(configuration),
            _ => {}
        }
    }

    fn commit(&mut self, node: NodeId, index: Index, now: Time) {
        let highest = self.committed.len() as u64;
        if !is_plausible(index.0, highest) {
            return;
        }
        let known = &mut self.known[node.slot()];
        let before = *known;
        if before.is_none_or(|before| index > before) {
            *known = Some(index);
        }
        if let Some(before) = before.filter(|before| index > *before && before.0 < highest) {
            let lag = now.since(self.committed[before.0 as usize]);
            self.worst[node.slot()].note(highest - before.0, lag);
            self.lags.add(lag);
        }
        if index.0 > highest {
            self.committed.resize(index.0 as usize, now);
        }
    }

    /// The node lost what it had. If all did, the cluster begins anew.
    fn forget(&mut self, node: NodeId) {
        self.known[node.slot()] = None;
        if self.known.iter().all(Option::is_none) {
            self.committed.clear();
        }
    }

    fn leave(&mut self, configuration: Configuration) {
        for (slot, known) in self.known.iter_mut().enumerate() {
            if !configuration.members().contains(NodeId::at(slot)) {
                *known = None;
            }
        }
    }

    /// The lag of each node that was ever measured, with what is left of it at the end.
    pub(super) fn finish(mut self, now: Time) -> (Vec<MemberLag>, Histogram) {
        let highest = self.committed.len() as u64;
        for (slot, known) in self.known.iter().enumerate() {
            let Some(known) = known else { continue };
            let worst = &mut self.worst[slot];
            worst.entries_at_end = highest.saturating_sub(known.0);
            if known.0 < highest {
                let lag = now.since(self.committed[known.0 as usize]);
                worst.note(highest - known.0, lag);
                self.lags.add(lag);
            }
        }
        (self.worst, self.lags)
    }
}
