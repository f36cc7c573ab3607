//! Mistakes of reads that leave no entry in the log.

use crate::property::Property::Linearizability;
use crate::raft::bug::{About, Bug, about};

impl Bug {
    /// What the catalogue says of a bug of reads.
    pub(super) const fn about_reads(self) -> About {
        match self {
            Bug::ReadindexBeforeNoop => about(
                "readindex-before-noop",
                "A leader answers reads before it has committed an entry of its own term.",
                "The leader of old answered a write and was cut off before the others heard that it is committed. The new leader holds \
                 the entry, does not know that it is committed, and answers a read without it.",
                "etcd 7331, redisraft PR 22",
                &[Linearizability],
            ),
            Bug::ReadQuorumShort => about(
                "read-quorum-short",
                "A leader answers reads when one node less than a majority has answered it.",
                "Of three nodes that is the leader alone. It was cut off, another leads, and it answers a read with what was overwritten \
                 since.",
                "openraft d60f1e85",
                &[Linearizability],
            ),
            _ => panic!("not a bug of reads"),
        }
    }
}
