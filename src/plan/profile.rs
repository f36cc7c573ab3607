//! The timings and elections of production Rafts, as data: what each project ships as its defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Elections, Reads};
use crate::time::{Span, SpanRange};

/// Whose timings a cluster has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The Raft paper's own.
    #[default]
    Paper,
    /// The etcd server.
    Etcd,
    /// The etcd-io/raft library, with ticks of 100 ms.
    EtcdRaft,
    /// HashiCorp's raft, as Consul uses it.
    Consul,
    /// SOFAJRaft.
    Jraft,
    /// braft.
    Braft,
    /// Apache Ratis.
    Ratis,
    /// tikv's raft-rs, with ticks of 100 ms.
    RaftRs,
    /// openraft.
    Openraft,
}

/// The part of a profile that the built-in Raft follows.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a follower waits before it starts an election.
    pub election_timeout: SpanRange,
    /// How long a leader waits between heartbeats.
    pub heartbeat_interval: SpanRange,
    /// How many entries one message carries at most.
    pub entries_per_append: u32,
    /// How many messages with entries may be unanswered per follower.
    pub appends_in_flight: u32,
}

/// Whether a project has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has.
    Yes,
    /// It has not.
    No,
    /// What the profile was made from does not say.
    Unknown,
}

/// What a project can be asked to do while it runs. In a plan all of it works with every profile, where the plan asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Operations {
    /// Voters join and leave one by one (thesis 4.1).
    pub one_by_one: Known,
    /// Several change at once, by joint consensus (section 6).
    pub joint: Known,
    /// Servers that receive entries and count for nothing (section 6, thesis 4.2.1).
    pub learners: Known,
    /// A leader hands over to a server of one's choice (thesis 3.10).
    pub transfer: Known,
    /// Servers are preferred as leaders.
    pub priorities: Known,
}

/// How many bytes of a snapshot one message carries, where a plan does not say: squall's own choice.
pub const SNAPSHOT_CHUNK: u32 = 65_536;

/// How much faster one clock runs than another at most, in parts per million, where a plan does not say: squall's own choice.
pub const DRIFT_BOUND_PPM: u32 = 100_000;

/// Entries per message where a project limits bytes only, or nothing.
const MANY: u32 = 65_536;

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 9] = [
        Profile::Paper,
        Profile::Etcd,
        Profile::EtcdRaft,
        Profile::Consul,
        Profile::Jraft,
        Profile::Braft,
        Profile::Ratis,
        Profile::RaftRs,
        Profile::Openraft,
    ];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Paper => "paper",
            Profile::Etcd => "etcd",
            Profile::EtcdRaft => "etcd-raft",
            Profile::Consul => "consul",
            Profile::Jraft => "jraft",
            Profile::Braft => "braft",
            Profile::Ratis => "ratis",
            Profile::RaftRs => "raft-rs",
            Profile::Openraft => "openraft",
        }
    }

    /// The sources that the figures were read from.
    pub const fn source(self) -> &'static str {
        match self {
            Profile::Paper => "Ongaro and Ousterhout, ATC'14",
            Profile::Etcd => "etcd c34dc7e",
            Profile::EtcdRaft => "etcd-io/raft cdfbeed",
            Profile::Consul => "hashicorp/raft 1837036",
            Profile::Jraft => "sofa-jraft 3bbfaad",
            Profile::Braft => "braft ab0017f",
            Profile::Ratis => "ratis 37932bf",
            Profile::RaftRs => "raft-rs aafb07c",
            Profile::Openraft => "openraft 5463678",
        }
    }

    /// What the built-in Raft follows.
    pub const fn timing(self) -> Timing {
        const fn range(from: u64, to: u64) -> SpanRange {
            SpanRange::millis(from, to)
        }
        const fn exactly(millis: u64) -> SpanRange {
            SpanRange::exactly(Span::millis(millis))
        }
        match self {
            Profile::Paper => Timing::new(range(150, 300), exactly(75), MANY, 1),
            Profile::Etcd => Timing::new(range(1000, 1900), exactly(100), MANY, 512),
            Profile::EtcdRaft => Timing::new(range(1000, 1900), exactly(100), MANY, 256),
            Profile::Consul => Timing::new(range(1000, 2000), range(100, 200), 64, 2),
            Profile::Jraft => Timing::new(range(1000, 2000), exactly(100), 1024, 256),
            Profile::Braft => Timing::new(range(1000, 2000), exactly(100), 1024, 1),
            Profile::Ratis => Timing::new(range(150, 300), exactly(75), MANY, 8),
            Profile::RaftRs => Timing::new(range(2000, 3900), exactly(200), 1, 256),
            Profile::Openraft => Timing::new(range(150, 300), exactly(50), 300, 1),
        }
    }

    /// What elections have beyond the paper's, by default. Priorities are set node by node.
    pub const fn elections(self) -> Elections {
        const fn on(pre_vote: bool, check_quorum: bool, vote_lease: bool) -> Elections {
            Elections { pre_vote, check_quorum, vote_lease, priority: None }
        }
        match self {
            Profile::Paper | Profile::EtcdRaft | Profile::RaftRs => on(false, false, false),
            Profile::Etcd | Profile::Consul => on(true, true, true),
            Profile::Jraft | Profile::Braft | Profile::Ratis => on(true, true, false),
            Profile::Openraft => on(false, false, true),
        }
    }

    /// How many bytes of entries one message carries at most; zero for no limit.
    pub const fn bytes_per_append(self) -> u64 {
        match self {
            Profile::Etcd => 1 << 20,
            Profile::Jraft | Profile::Braft => 512 << 10,
            Profile::Ratis => 4_000_000,
            _ => 0,
        }
    }

    /// After how many applied entries the project takes a snapshot, and how many entries before it stay in the log; zero for none.
    pub const fn snapshots(self) -> (u64, u64) {
        match self {
            Profile::Etcd => (10_000, 5_000),
            Profile::Consul => (8_192, 10_240),
            Profile::Openraft => (5_000, 1_000),
            _ => (0, 0),
        }
    }

    /// How reads are answered. Where a project has several ways, the one of which it says that it is linearizable.
    pub const fn reads(self) -> Reads {
        match self {
            Profile::Paper | Profile::Braft => Reads::Log,
            _ => Reads::ReadIndex,
        }
    }

    /// Whether followers answer reads themselves.
    pub const fn follower_reads(self) -> bool {
        matches!(
            self,
            Profile::Etcd | Profile::EtcdRaft | Profile::Jraft | Profile::Ratis | Profile::RaftRs
        )
    }

    /// What the project can be asked to do, by the interface that it offers to operators and applications.
    pub fn operations(self) -> Operations {
        use Known::{No, Unknown, Yes};
        let offers = |[one_by_one, joint, learners, transfer, priorities]: [Known; 5]| Operations {
            one_by_one,
            joint,
            learners,
            transfer,
            priorities,
        };
        match self {
            Profile::Paper => offers([No, Yes, Yes, No, No]),
            // ConfChange and ConfChangeV2, `member add --learner`, `move-leader`.
            Profile::Etcd | Profile::EtcdRaft => offers([Yes, Yes, Yes, Yes, No]),
            // AddVoter, AddNonvoter, LeadershipTransfer.
            Profile::Consul => offers([Yes, No, Yes, Yes, No]),
            // addPeer, changePeers, addLearners, transferLeader; electionPriority, of choice.
            Profile::Jraft => offers([Yes, Yes, Yes, Yes, Yes]),
            // add_peer, change_peers, add_learner, transfer_leadership_to.
            Profile::Braft => offers([Yes, Yes, Yes, Yes, Unknown]),
            // setConfiguration with listeners, transferLeadership, the priority of a peer.
            Profile::Ratis => offers([Unknown, Yes, Yes, Yes, Yes]),
            // ConfChange and ConfChangeV2, transfer_leader, Config::priority.
            Profile::RaftRs => offers([Yes, Yes, Yes, Yes, Yes]),
            // change_membership, add_learner, Trigger::transfer_leader.
            Profile::Openraft => offers([Unknown, Yes, Yes, Yes, Unknown]),
        }
    }

    /// What the project does by default that the built-in Raft does not: a run with this profile is without it.
    pub const fn not_yet(self) -> &'static [&'static str] {
        match self {
            Profile::Paper => &[],
            Profile::Etcd => &[
                "quorum checked once each election timeout, by the election timer",
                "timeouts in whole ticks",
                "first election's ticks fast-forwarded at boot",
            ],
            Profile::EtcdRaft => {
                &["timeouts in whole ticks", "limits and snapshots set by the application"]
            }
            Profile::Consul => &[
                "reads of the `default` mode, by a leader that checked its quorum 500 ms ago",
                "quorum checked after 500 ms, half an election timeout",
                "snapshots every 120 s at most",
                "timeouts multiplied by 5 in Consul itself",
                "snapshots every 30 s past 16,384 entries in Consul itself",
            ],
            Profile::Jraft => &[
                "reads by a lease of 0.9 election timeouts, where one asks for them",
                "step-down check each half election timeout",
                "term and vote written without fsync",
                "no forwarding of requests",
                "snapshot every 3,600 s",
            ],
            Profile::Braft => &[
                "reads by a lease, which is off: they go through the log",
                "pre-votes granted while a leader is heard: its lease is off",
                "a candidate waits an election timeout and 1,000 ms",
                "term and vote written without fsync",
                "snapshot every 3,600 s",
            ],
            Profile::Ratis => &[
                "step-down after 300 ms, the longest election timeout",
                "heartbeats counted from the last response",
                "retry cache of 60 s",
                "reads by the leader's own state, unless one asks for linearizable ones",
            ],
            Profile::RaftRs => &[
                "timeouts in whole ticks",
                "snapshots taken by the application",
                "TiKV's own: pre-vote, ticks of 1 s, 1 MiB per append",
            ],
            Profile::Openraft => &[
                "votes refused for 300 ms, the longest election timeout",
                "a candidate with a smaller log waits 600 ms",
            ],
        }
    }
}

impl Timing {
    const fn new(
        election_timeout: SpanRange,
        heartbeat_interval: SpanRange,
        entries_per_append: u32,
        appends_in_flight: u32,
    ) -> Timing {
        Timing { election_timeout, heartbeat_interval, entries_per_append, appends_in_flight }
    }
}

impl Known {
    /// The word for it in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Known::Yes => "yes",
            Known::No => "no",
            Known::Unknown => "?",
        }
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Profile, String> {
        Profile::ALL.into_iter().find(|profile| profile.name() == text).ok_or_else(|| {
            let names = Profile::ALL.map(Profile::name).join(", ");
            format!("there is no profile `{text}`; the profiles are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_elections_are_the_papers() {
        assert_eq!(Profile::Paper.elections(), Elections::default());
    }

    #[test]
    fn heartbeats_come_well_before_elections() {
        for profile in Profile::ALL {
            let timing = profile.timing();
            assert!(timing.heartbeat_interval.to.times(2) <= timing.election_timeout.from);
            assert_eq!(profile.name().parse(), Ok(profile));
            assert_eq!(serde_json::to_value(profile).unwrap(), profile.name());
        }
    }
}
