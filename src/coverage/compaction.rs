//! Notices situations of snapshots and compacted logs. Idle until the first snapshot of a run.

use crate::coverage::{At, Situations};
use crate::ids::{Index, NODES_MAX, NodeId, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::shadow::NodeShadow;
use crate::record::Kind;
use crate::situation::Situation::{self, *};

/// What was received of a snapshot.
#[derive(Clone, Copy, Debug)]
struct Parts {
    term: Term,
    index: Index,
    upto: u64,
}

/// What is remembered of one node.
#[derive(Clone, Debug, Default)]
pub struct NodeMemory {
    /// Whether it is writing a snapshot of its own.
    writing: bool,
    /// Whether its log gave way to a snapshot, and nothing was appended since.
    discarded: bool,
    /// The event in which it started.
    booted_at: u64,
    parts: Option<Parts>,
    /// As leader: the part that it sent last to each node, by snapshot and offset.
    sent: [Option<(Index, u64)>; NODES_MAX as usize],
}

impl Situations {
    /// Looks at a record; says what is reached. `shadow` has not seen it yet.
    #[inline]
    pub(super) fn observe_compaction(&mut self, at: &At) -> Option<Situation> {
        let At { record, id, shadow, node, .. } = *at;
        self.snapshots_taken |= matches!(record.kind, Kind::Snapshot { .. });
        if !self.snapshots_taken {
            return None;
        }
        let memory = &mut self.nodes[id.slot()].compaction;
        match record.kind {
            Kind::Snapshot { received, .. } => {
                memory.writing = !received;
                (!received).then_some(SnapshotTaken)
            }
            Kind::SnapshotSaved { index, .. } => {
                memory.writing = false;
                let sends = |sent: &(Index, u64)| sent.0 < index;
                let overtaken = memory.sent.iter().flatten().any(sends);
                (overtaken && at.leads()).then_some(InstallOvertaken)
            }
            Kind::Compact { upto, .. } => {
                let lacks = |(_, other): (_, &NodeShadow)| other.last_index() < upto;
                let installs = memory.parts.is_some_and(|parts| parts.index == upto);
                if installs && node.last_index() > upto {
                    return Some(SuffixKeptAfterInstall);
                }
                (at.leads() && shadow.nodes().any(lacks)).then_some(CompactedPastFollower)
            }
            Kind::Discard { index, .. } => {
                memory.discarded = true;
                Some(match node.at(index) {
                    _ if memory.booted_at == record.event => InstallFinishedAtRestart,
                    Some(_) => SnapshotOverConflict,
                    None => SnapshotOverShortLog,
                })
            }
            Kind::Restore { .. } => {
                memory.parts = None;
                let restarts = memory.booted_at == record.event;
                Some(if restarts { RestartFromSnapshot } else { SnapshotInstalled })
            }
            Kind::Append { .. } => {
                let streams = std::mem::take(&mut memory.discarded);
                let first = streams.then_some(StreamingAfterInstall);
                first.or(memory.writing.then_some(AppendsDuringSnapshot))
            }
            Kind::Crash(_) => {
                let crashed = std::mem::take(memory);
                let during = crashed.parts.map(|_| CrashDuringInstall);
                during.or(crashed.writing.then_some(CrashWhileWritingSnapshot))
            }
            Kind::Boot { last_index, .. } => {
                memory.booted_at = record.event;
                let bare = last_index > Index::ZERO && node.base.1 == last_index;
                bare.then_some(RestartWithEmptyLog)
            }
            Kind::Role { role: Role::Leader, .. } => {
                memory.sent = [None; NODES_MAX as usize];
                (node.base.0 > Index::ZERO).then_some(LeaderWithCompactedLog)
            }
            Kind::Send { to, message, .. } => self.snapshot_sent(at, to, &message),
            Kind::Deliver { message, .. } => self.snapshot_arrived(at, &message),
            _ => None,
        }
    }

    fn snapshot_sent(&mut self, at: &At, to: NodeId, message: &Summary) -> Option<Situation> {
        let At { id, node, .. } = *at;
        let sent = &mut self.nodes[id.slot()].compaction.sent[to.slot()];
        match *message {
            Summary::InstallSnapshot { last_index, offset, .. } => {
                let part = (last_index, offset);
                let before = sent.replace(part);
                match before {
                    Some(before) if before == part => Some(SnapshotPartResent),
                    _ if part.1 > 0 => Some(SnapshotInParts),
                    _ => Some(FollowerNeedsSnapshot),
                }
            }
            // A heartbeat while a part is on its way.
            Summary::AppendEntries { prev_index: Index::ZERO, entries: 0, .. } => None,
            Summary::AppendEntries { prev_index, entries, .. } => {
                *sent = None;
                let covered = prev_index < node.snapshot.0;
                (covered && entries > 0).then_some(TrailingEntriesSent)
            }
            _ => None,
        }
    }

    fn snapshot_arrived(&mut self, at: &At, message: &Summary) -> Option<Situation> {
        let At { id, node, .. } = *at;
        match *message {
            Summary::InstallSnapshot { term, .. } if term < node.term => Some(SnapshotPartStale),
            Summary::InstallSnapshot { last_index, .. }
                if last_index <= self.nodes[id.slot()].commit =>
            {
                Some(SnapshotNotNeeded)
            }
            Summary::InstallSnapshot { term, last_index, offset, bytes, .. } => {
                let parts = Parts { term, index: last_index, upto: offset };
                self.snapshot_part(id, parts, bytes)
            }
            Summary::AppendEntries { term, prev_index, .. } => {
                let below = term >= node.term && prev_index < node.base.0;
                below.then_some(AppendBelowBase)
            }
            _ => None,
        }
    }

    /// A part of so many bytes arrives, of a snapshot of which `part.upto` bytes come before.
    fn snapshot_part(&mut self, id: NodeId, part: Parts, bytes: u32) -> Option<Situation> {
        let parts = &mut self.nodes[id.slot()].compaction.parts;
        let fresh = Parts { upto: 0, ..part };
        let changed = parts.is_some_and(|parts| parts.term < part.term);
        let older = parts.is_some_and(|parts| parts.index > part.index && !changed);
        if older {
            return None;
        }
        let same = parts.filter(|parts| (parts.term, parts.index) == (fresh.term, fresh.index));
        let now = parts.insert(same.unwrap_or(fresh));
        let offset = part.upto;
        let before = now.upto;
        if offset == before {
            now.upto += u64::from(bytes);
        }
        match () {
            () if changed => Some(LeaderChangedDuringInstall),
            () if offset < before => Some(SnapshotPartRepeated),
            () if offset > before => Some(SnapshotPartAfterGap),
            () => None,
        }
    }
}
