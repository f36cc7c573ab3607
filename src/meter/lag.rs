//! How far members are behind what the cluster has committed.

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet};
use crate::meter::histogram::Histogram;
use crate::meter::{MemberLag, is_plausible};
use crate::record::{Kind, Record, Remains};
use crate::time::{Span, Time};

/// By how many entries a member is behind, and for how long the first of them has been committed.
pub(super) type Behind = (u64, Span);

/// Where each member's commit index is, and since when the cluster was further.
///
/// A node that was not a member from the beginning, or lost its disk, is measured from the first commit that it reports; one that leaves is
/// measured no longer. A restart is no loss: a node knows as much as it ever did.
#[derive(Debug)]
pub(super) struct Frontier {
    /// When each index, from 1, was first reported to be committed.
    committed: Vec<Time>,
    /// The highest commit index that each node reported; none if it is not measured.
    known: Vec<Option<Index>>,
}

impl Frontier {
    pub(super) fn new(nodes: u8, voters: NodeSet) -> Frontier {
        let all = (0..usize::from(nodes)).map(NodeId::at);
        let known = all.map(|node| voters.contains(node).then_some(Index::ZERO)).collect();
        Frontier { committed: Vec::new(), known }
    }

    /// A node reports a commit. By how much it was behind, if it was.
    #[inline]
    pub(super) fn commit(&mut self, node: NodeId, index: Index, now: Time) -> Option<Behind> {
        let highest = self.committed.len() as u64;
        if !is_plausible(index.0, highest) {
            return None;
        }
        let known = &mut self.known[node.slot()];
        let before = *known;
        if before.is_none_or(|before| index > before) {
            *known = Some(index);
        }
        let learnt = before.filter(|before| index > *before && before.0 < highest);
        let behind =
            learnt.map(|before| (highest - before.0, now.since(self.committed[before.0 as usize])));
        if index.0 > highest {
            self.committed.resize(index.0 as usize, now);
        }
        behind
    }

    /// Takes note of nodes that are measured no longer: one that lost what it had, and those that a configuration leaves out.
    pub(super) fn lose(&mut self, record: &Record) {
        match (record.node, record.kind) {
            (Some(node), Kind::Wipe { .. } | Kind::Crash(Remains { promised: 1.., .. })) => {
                self.forget(node);
            }
            (Some(_), Kind::Configure { configuration, .. }) => self.leave(configuration),
            _ => {}
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

    /// The nodes that are measured and behind at a time, and by how much.
    pub(super) fn behind(&self, now: Time) -> impl Iterator<Item = (NodeId, Behind)> {
        let highest = self.committed.len() as u64;
        self.known.iter().enumerate().filter_map(move |(slot, known)| {
            let known = (*known)?.0;
            let first = self.committed.get(known as usize)?;
            Some((NodeId::at(slot), (highest - known, now.since(*first))))
        })
    }
}

/// The lag of each node in a whole run: what it was each time that a node learnt of commits, and what is left at the end.
#[derive(Debug)]
pub(super) struct Lags {
    frontier: Frontier,
    /// By node: the most entries that it was behind, and the longest time.
    worst: Vec<MemberLag>,
    /// How long a member was behind each time that it learnt of commits.
    pub(super) lags: Histogram,
}

impl Lags {
    pub(super) fn new(nodes: u8, voters: NodeSet) -> Lags {
        let worst = (0..usize::from(nodes)).map(NodeId::at).map(MemberLag::none).collect();
        Lags { frontier: Frontier::new(nodes, voters), worst, lags: Histogram::default() }
    }

    #[inline]
    pub(super) fn observe(&mut self, record: &Record) {
        match (record.node, record.kind) {
            (Some(node), Kind::Commit { index, .. }) => {
                if let Some(behind) = self.frontier.commit(node, index, record.time) {
                    self.note(node, behind);
                }
            }
            _ => self.frontier.lose(record),
        }
    }

    fn note(&mut self, node: NodeId, (entries, time): Behind) {
        self.worst[node.slot()].note(entries, time);
        self.lags.add(time);
    }

    /// The lag of each node that was ever measured, with what is left of it at the end.
    pub(super) fn finish(mut self, now: Time) -> (Vec<MemberLag>, Histogram) {
        let left: Vec<_> = self.frontier.behind(now).collect();
        for (node, behind) in left {
            self.worst[node.slot()].entries_at_end = behind.0;
            self.note(node, behind);
        }
        (self.worst, self.lags)
    }
}
