//! Pins: decisions of the network and of disks that are fixed rather than drawn.
//!
//! A pin says what becomes of just one message or one sync whatever the seed is, so a schedule in which one answer comes late is a plan
//! like any other. A message is named by its number on its link, or by a time: the first one sent then or later. What nodes draw is pinned
//! in [`NodeOptions`](crate::plan::NodeOptions), and what survives of an unsynced write in [`Crash`](crate::plan::fault::Crash).

use crate::ids::NodeId;
use crate::plan::table::table;
use crate::time::Span;

table! {
    /// What becomes of one message: `{ link = [1, 3], message = 17, arrives = ["3ms"] }`, or with `sent = "413ms"` in place of its number.
    #[derive(Eq)]
    pub struct Pin {
        /// The sender and the receiver.
        required link: [NodeId; 2],
        /// Which message on this link, in the order in which they are sent, from 1. Those count that a cut swallows.
        message: Option<u64>,
        /// In place of a number: the first message that is sent on this link at this time or later, is not cut, and has no pin yet.
        sent: Option<Span>,
        /// How long it takes, once for each time that it arrives: not at all, once or twice.
        written arrives: Vec<Span>,
    }

    /// What becomes of one sync of a disk: `{ node = 2, begun = "400ms", takes = "20ms" }`.
    #[derive(Eq)]
    pub struct SyncPin {
        /// Whose disk.
        required node: NodeId,
        /// Which sync: the first that begins at this time or later, and has no pin yet.
        required begun: Span,
        /// How long it takes, the write before it included.
        required takes: Span,
        /// Whether it fails.
        fails: bool,
        /// If it fails and the node stops itself: what survives of its writes; random otherwise.
        survives: Option<Survives>,
    }

    /// What is on the disk, after a crash, of writes that were not durable.
    #[derive(Copy, Eq)]
    pub struct Survives {
        /// How many whole writes are.
        required writes: u64,
        /// How many entries of the next write are, if it was cut in two; it has more than those.
        entries: Option<u32>,
        /// For `unsynced = "reordered"`: how many of the writes of a term and vote are, instead of those among `writes`.
        votes: Option<u64>,
    }
}
