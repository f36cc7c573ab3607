//! Mistakes of reads that leave no entry in the log.

use crate::bugs::{About, Bug, about};
use crate::property::Property::Linearizability;

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
            Bug::FollowerReadUnapplied => about(
                "follower-read-unapplied",
                "A follower answers a read before it has applied as far as its leader said.",
                "A client hears that its write is done. Another asks a follower, which asks the leader, is told how far to apply, and \
                 answers at once from a state machine that is behind.",
                "Raft thesis, 6.4",
                &[Linearizability],
            ),
            Bug::LeaseWallclock => about(
                "lease-wallclock",
                "Leases, and the promises behind them, go by a clock that may be set.",
                "Somebody sets the clock of a leader back, or those of its followers forward. The promises are over before the lease is: \
                 another leads, and the leader of old answers reads.",
                "jraft PR 26",
                &[Linearizability],
            ),
            Bug::LeaseNotHonoured => about(
                "lease-not-honoured",
                "Followers vote for another inside the lease that they granted.",
                "One node does not hear the leader and stands. The others elect it, although they have just answered the leader, which \
                 goes on to answer reads on the strength of that.",
                "jraft 25",
                &[Linearizability],
            ),
            Bug::LeaseSurvivesTransfer => about(
                "lease-survives-transfer",
                "A leader that had an transferee stand still trusts its lease.",
                "Nobody keeps a promise against an election that the leader itself asked for. The transferee leads and commits, and the leader of \
                 old, which has not heard of it, answers reads.",
                "etcd 12704, openraft 1747",
                &[Linearizability],
            ),
            Bug::LeaseWithoutDriftBound => about(
                "lease-without-drift-bound",
                "A lease is as long as the promise behind it, although clocks drift.",
                "The leader's clock runs slow, or its followers' run fast, within what the lease is said to bear. The promises are over \
                 first: another leads, and the leader of old answers reads.",
                "Raft thesis, 6.4.1",
                &[Linearizability],
            ),
            Bug::LeaseFromAnswer => about(
                "lease-from-answer",
                "A lease begins when the answers come, and not when the leader asked.",
                "Answers are long under way. The promises count from before they were sent, the lease from when they arrive: the lease lasts \
                 longer than the promises do.",
                "Raft thesis, 6.4.1",
                &[Linearizability],
            ),
            _ => panic!("not a bug of reads"),
        }
    }
}
