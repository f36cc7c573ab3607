//! Situations of disks that rot, are full, or fail again.

use crate::coverage::{At, Situations};
use crate::ids::Index;
use crate::node::DiskFile;
use crate::record::Kind;
use crate::situation::Situation::*;

/// What is remembered of one disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeMemory {
    /// The first entry whose record rotted, and is still there.
    corrupt: Option<Index>,
    /// Whether a write failed, and nothing was durable since.
    failed: bool,
    /// The event in which the node started last.
    booted: u64,
}

impl Situations {
    /// Says whether the record drops a corrupt tail: nothing that the protocol does.
    #[inline]
    pub(super) fn observe_disks(&mut self, at: &At) -> bool {
        let At { record, id, .. } = *at;
        let fails = matches!(
            record.kind,
            Kind::Corrupt { .. } | Kind::Refuse { .. } | Kind::WriteFailed { .. }
        );
        self.disks_failed |= fails;
        if !self.disks_failed {
            return false;
        }
        let disk = &mut self.nodes[id.slot()].disk;
        match record.kind {
            Kind::Boot { .. } => disk.booted = record.event,
            Kind::Durable { .. } => disk.failed = false,
            Kind::Wipe { .. } | Kind::PutBack { .. } => disk.corrupt = None,
            Kind::WriteFailed { .. } => {
                let again = std::mem::replace(&mut disk.failed, true);
                self.reach_if(again, WriteFailedAgain, id);
                self.reach_if(at.leads(), LeaderWriteFailed, id);
            }
            Kind::Corrupt { what, index, .. } => {
                if what.is_log() {
                    disk.corrupt = Some(disk.corrupt.map_or(index, |first| first.min(index)));
                }
                self.rots(at, what, index);
            }
            Kind::Refuse { what, index } => {
                if what.is_log() {
                    disk.corrupt = Some(index).filter(|index| *index > Index::ZERO);
                }
                self.reach(StartRefused, Some(id));
            }
            Kind::Truncate { from, .. } if disk.corrupt.is_some_and(|index| index >= from) => {
                let dropped = disk.booted == record.event;
                disk.corrupt = None;
                self.reach_if(dropped, CorruptTailDropped, id);
                self.reach_if(!dropped, CorruptRecordRemoved, id);
                return dropped;
            }
            Kind::Compact { upto: index, .. } | Kind::Discard { index, .. }
                if disk.corrupt.is_some_and(|corrupt| corrupt <= index) =>
            {
                disk.corrupt = None;
                self.reach(CorruptRecordRemoved, Some(id));
            }
            _ => {}
        }
        false
    }

    fn rots(&mut self, at: &At, what: DiskFile, index: Index) {
        let At { id, oracles, shadow, node, .. } = *at;
        self.reach(RecordCorrupted, Some(id));
        match what {
            DiskFile::Log => {}
            DiskFile::Vote => return self.reach(VoteCorrupted, Some(id)),
            DiskFile::Snapshot => return self.reach(SnapshotCorrupted, Some(id)),
        }
        let place = oracles.commits.committed_at(index);
        if place.is_some() && place == node.durable_at(index) {
            self.reach(CommittedRecordCorrupted, Some(id));
            let configuration = shadow.configuration_of(id);
            let bare = |place| shadow.copies(index, place, configuration).is_bare();
            self.reach_if(place.is_some_and(bare), LastCopiesCorrupted, id);
        }
    }
}
