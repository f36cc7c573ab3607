//! What the catalogue says of bugs of changes of the members.

use super::{About, Bug, about};
use crate::property::Property;

impl Bug {
    #[expect(clippy::too_many_lines, reason = "a table: one row for each bug")]
    pub(super) const fn about_membership(self) -> About {
        use Property::{
            Configuration, Durability, ElectionSafety, LeaderCompleteness, Liveness, SafeCommit,
            StateMachineSafety,
        };
        match self {
            Bug::ChangeBeforeNoop => about(
                "change-before-noop",
                "A leader changes the members before it has committed an entry of its own term.",
                "Two leaders of different terms each change the old configuration by one server, in different ways, and neither knows of the \
                 other's change. A majority of the one and a majority of the other need no node in common.",
                "Ongaro, raft-dev, 10 July 2015",
                &[ElectionSafety, LeaderCompleteness, Durability, SafeCommit, StateMachineSafety],
            ),
            Bug::ChangeOverlap => about(
                "change-overlap",
                "A leader begins a change of the members while the one before is not committed.",
                "Two servers are added at once. Who knows of neither change still elects a leader by the old majority, which need not meet \
                 the majority that commits.",
                "Raft thesis, 4.1",
                &[ElectionSafety, Durability, Configuration, SafeCommit, LeaderCompleteness],
            ),
            Bug::CampaignUnappliedConfig => about(
                "campaign-unapplied-config",
                "A candidate counts votes by the configuration that it has applied, not by the latest in its log.",
                "Servers were added, and this node knows, but has not applied that. A majority of the old ones is enough for it, while the others \
                 elect somebody else by a majority of the new ones.",
                "etcd-io/raft PR 469, etcd 7280; Raft thesis, 4.1",
                &[
                    ElectionSafety,
                    LeaderCompleteness,
                    StateMachineSafety,
                    SafeCommit,
                    Durability,
                    Liveness,
                ],
            ),
            Bug::VoteByOwnConfig => about(
                "vote-by-own-config",
                "A node that is no voter by its own log refuses its vote.",
                "A learner is promoted, and that is committed by the two others. When the leader dies, the remaining one needs the vote of the new \
                 voter, which takes itself for a learner still: nobody is elected any more.",
                "etcd PR 10998, raft-rs 57; Raft thesis, 4.1",
                &[Liveness],
            ),
            Bug::RemovedDisrupts => about(
                "removed-disrupts",
                "Who hears its leader is loyal to it against members only, not against servers that were removed.",
                "A server that was removed, and does not know, hears no heartbeats any more and stands again and again. Each time its term \
                 deposes the leader.",
                "Raft thesis, 4.2.3",
                &[Liveness],
            ),
            Bug::JointNewMajorityOnly => about(
                "joint-new-majority-only",
                "In joint consensus a majority of the new servers is enough.",
                "The new servers commit the joint configuration among themselves, while the old ones, who have not heard of it, elect a leader of their \
                 own.",
                "Raft paper, section 6",
                &[ElectionSafety, SafeCommit, Durability, LeaderCompleteness, StateMachineSafety],
            ),
            Bug::JointSkipped => about(
                "joint-skipped",
                "A leader that is asked to change several servers goes straight to the new configuration.",
                "Who has the entry goes by the new servers, who lacks it by the old ones. The two majorities need no node in common, so that \
                 there may be two leaders, and each commits what the other does not have.",
                "Raft paper, section 6, Figure 10",
                &[Configuration, SafeCommit, Durability, ElectionSafety, LeaderCompleteness],
            ),
            Bug::RemovedLeaderStays => about(
                "removed-leader-stays",
                "A leader that has committed a configuration without itself leads on.",
                "It beats, so that no member ever stands, and whether the cluster lives hangs on a server that is no part of it. Whoever switches it \
                 off, as may be done with a server that was removed, takes the leader away.",
                "Raft thesis, 4.2.2",
                &[Configuration],
            ),
            Bug::SnapDropsConfig => about(
                "snap-drops-config",
                "A node that goes by a snapshot forgets the old half of a joint configuration.",
                "A snapshot was taken in joint consensus. Who restarts with it, or was sent it, counts a majority of the new servers only.",
                "etcd e515a67",
                // No election goes wrong where a configuration counts as soon as it is in a log: whoever goes by both halves, too, needs a
                // majority of the new servers, and what such a snapshot covers is on a majority of the old ones.
                &[Durability, SafeCommit],
            ),
            Bug::WipedSameId => about(
                "wiped-same-id",
                "A node whose disk was emptied takes part again as the member that it was.",
                "It acknowledged entries and gave votes that it does not know of any more. With it, those who missed them are a majority.",
                "rethinkdb 5289 (Jepsen); etcd refuses to start such a member",
                &[
                    LeaderCompleteness,
                    Durability,
                    ElectionSafety,
                    Property::OneVote,
                    Property::MonotonicTerm,
                    StateMachineSafety,
                    SafeCommit,
                    Property::Linearizability,
                ],
            ),
            _ => panic!("not a bug of membership"),
        }
    }
}
