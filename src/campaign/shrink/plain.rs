//! A plain network and a plain disk: what they do leaves nothing to chance.

use crate::plan::{DiskOptions, Latency, LinkOptions, Plan};
use crate::time::Span;

/// How long a message takes on a plain network.
pub(super) const PLAIN: Span = Span::millis(1);

/// A plain network: every message takes the same time, and none is lost.
pub fn plain_network() -> LinkOptions {
    LinkOptions { latency: Latency::Constant(PLAIN), ..LinkOptions::default() }
}

/// Whether the network takes the same time for every message and loses none.
pub fn is_plain_network(plan: &Plan) -> bool {
    let plain = plain_network();
    matches!(plan.network.latency, Latency::Constant(_))
        && LinkOptions { latency: plain.latency, ..plan.network.clone() } == plain
}

/// What a plain disk may take: the first that will do is the best.
pub(super) const SYNCS: [Span; 4] =
    [Span::micros(100), Span::millis(1), Span::millis(5), Span::millis(20)];

/// A disk that takes the same time for everything.
pub(super) fn plain_disk(fsync: Span) -> DiskOptions {
    let write = Latency::Constant(Span::ZERO);
    DiskOptions { write, fsync: Latency::Constant(fsync), ..DiskOptions::default() }
}

/// Whether a disk is such a one.
pub(super) fn is_plain_disk(disk: &DiskOptions) -> bool {
    SYNCS.iter().any(|fsync| *disk == plain_disk(*fsync))
}
