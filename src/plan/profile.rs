//! The timings and elections of production Rafts, as data: what each project ships as its defaults.

use crate::bugs::Bugs;
use crate::config::{Config, Elections, OnWriteError, Reads};
use crate::named::{by_name, words};
use crate::time::{Span, SpanRange};

words! {
    /// Whose timings a cluster has.
    #[derive(Default)]
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
}

by_name!(Profile, |text: &str, names: &[&str]| {
    format!("there is no profile `{text}`; the profiles are {}", names.join(", "))
});

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

/// How many bytes of a snapshot one message carries, where a plan does not say: squall's own choice.
pub const SNAPSHOT_CHUNK: u32 = 65_536;

/// How much faster one clock runs than another at most, in parts per million, where a plan does not say: squall's own choice.
pub const DRIFT_BOUND_PPM: u32 = 100_000;

/// Entries per message where a project limits bytes only, or nothing.
const MANY: u32 = 65_536;

impl Profile {
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

    /// The options of Raft that the project has by default. Where it has several ways to answer reads, the one of which it says that it
    /// is linearizable. Priorities are set node by node.
    pub fn config(self) -> Config {
        use Profile::{Braft, Consul, Etcd, EtcdRaft, Jraft, Openraft, Paper, RaftRs, Ratis};
        let (timeout, beat, entries_per_append, appends_in_flight) = match self {
            Paper => ((150, 300), (75, 75), MANY, 1),
            Etcd => ((1000, 1900), (100, 100), MANY, 512),
            EtcdRaft => ((1000, 1900), (100, 100), MANY, 256),
            Consul => ((1000, 2000), (100, 200), 64, 2),
            Jraft => ((1000, 2000), (100, 100), 1024, 256),
            Braft => ((1000, 2000), (100, 100), 1024, 1),
            Ratis => ((150, 300), (75, 75), MANY, 8),
            RaftRs => ((2000, 3900), (200, 200), 1, 256),
            Openraft => ((150, 300), (50, 50), 300, 1),
        };
        let (snapshot_every, snapshot_trailing) = match self {
            Etcd => (10_000, 5_000),
            Consul => (8_192, 10_240),
            Openraft => (5_000, 1_000),
            _ => (0, 0),
        };
        let stable = matches!(self, Etcd | Consul | Jraft | Braft | Ratis);
        Config {
            election_timeout: SpanRange::millis(timeout.0, timeout.1),
            heartbeat_interval: SpanRange::millis(beat.0, beat.1),
            entries_per_append,
            appends_in_flight,
            elections: Elections {
                pre_vote: stable,
                check_quorum: stable,
                vote_lease: matches!(self, Etcd | Consul | Openraft),
                priority: None,
            },
            bytes_per_append: match self {
                Etcd => 1 << 20,
                Jraft | Braft => 512 << 10,
                Ratis => 4_000_000,
                _ => 0,
            },
            bytes_in_flight: 0,
            batch_delay: Span::ZERO,
            // `dispatchLogs` stores, and then wakes those who replicate.
            parallel_append: !matches!(self, Consul),
            snapshot_every,
            snapshot_trailing,
            snapshot_chunk: SNAPSHOT_CHUNK,
            reads: if matches!(self, Paper | Braft) { Reads::Log } else { Reads::ReadIndex },
            follower_reads: matches!(self, Etcd | EtcdRaft | Jraft | Ratis | RaftRs),
            drift_bound_ppm: DRIFT_BOUND_PPM,
            // One loop ticks, sends, and saves: server/etcdserver/raft.go.
            waits_for_disk: matches!(self, Etcd),
            on_write_error: match self {
                Consul => OnWriteError::StepDown,
                _ => OnWriteError::Stop,
            },
            // StrictReconfigCheck, which is on in etcd's server.
            strict_change: matches!(self, Etcd),
            bugs: Bugs::default(),
        }
    }

    /// What the project can be asked to do while it runs, by the interface that it offers to operators and applications: change voters one
    /// by one (thesis 4.1) and by joint consensus (section 6), have learners (thesis 4.2.1), hand leadership over (thesis 3.10), and prefer
    /// some servers as leaders. In a plan all of it works with every profile.
    pub fn operations(self) -> [Known; 5] {
        use Known::{No, Unknown, Yes};
        match self {
            Profile::Paper => [No, Yes, Yes, No, No],
            // ConfChange and ConfChangeV2, `member add --learner`, `move-leader`.
            Profile::Etcd | Profile::EtcdRaft => [Yes, Yes, Yes, Yes, No],
            // AddVoter, AddNonvoter, LeadershipTransfer.
            Profile::Consul => [Yes, No, Yes, Yes, No],
            // addPeer, changePeers, addLearners, transferLeader; electionPriority, of choice.
            Profile::Jraft => [Yes, Yes, Yes, Yes, Yes],
            // add_peer, change_peers, add_learner, transfer_leadership_to.
            Profile::Braft => [Yes, Yes, Yes, Yes, Unknown],
            // setConfiguration with listeners, transferLeadership, the priority of a peer.
            Profile::Ratis => [Unknown, Yes, Yes, Yes, Yes],
            // ConfChange and ConfChangeV2, transfer_leader, Config::priority.
            Profile::RaftRs => [Yes, Yes, Yes, Yes, Yes],
            // change_membership, add_learner, Trigger::transfer_leader.
            Profile::Openraft => [Unknown, Yes, Yes, Yes, Unknown],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_elections_are_the_papers() {
        assert_eq!(Profile::Paper.config().elections, Elections::default());
    }

    #[test]
    fn heartbeats_come_well_before_elections() {
        for profile in Profile::ALL {
            let timing = profile.config();
            assert!(timing.heartbeat_interval.to.times(2) <= timing.election_timeout.from);
            assert_eq!(profile.name().parse(), Ok(profile));
            assert_eq!(serde_json::to_value(profile).unwrap(), profile.name());
        }
    }
}
