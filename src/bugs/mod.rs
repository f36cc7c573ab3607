//! The catalogue of mistakes that can be planted: each one that a real Raft shipped, or that the paper warns of.

mod membership;
mod reads;
mod set;

pub use set::Bugs;

use crate::named::named;
use crate::property::Property;

named!(Bug, "Bug", "bug", "squall bugs");

/// A mistake that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Bug {
    // Elections and votes.
    /// A node grants its vote to everyone whose log is up to date.
    VoteTwice,
    /// Stepping down within a term forgets the vote.
    VoteClearedSameTerm,
    /// The vote lives in memory only.
    VoteNotPersisted,
    /// A granted vote leaves before it is durable.
    VoteSentBeforeFsync,
    /// Vote requests leave, and the own vote counts, before it is durable.
    SelfVoteNotDurable,
    /// A vote whose write failed is sent all the same.
    VoteWriteErrorIgnored,
    /// A candidate counts votes of other terms.
    StaleVoteReply,
    /// A vote does not ask whether the candidate's log is up to date.
    StaleLogVote,
    /// The longer log wins, whatever its last term.
    UptodateIndexOnly,
    /// A node takes over the term of every message, an older one too.
    TermRegress,

    // Replication and commit.
    /// A leader commits entries of older terms by counting.
    OldTermCommit,
    /// A leader commits one copy short of a majority.
    CommitWithoutQuorum,
    /// A follower does not compare the term before the entries.
    PrevTermUnchecked,
    /// A follower keeps a conflicting entry.
    NoTruncateOnConflict,
    /// A follower removes all that follows, conflict or not.
    TruncateUnconditional,
    /// A follower commits entries that it did not verify.
    CommitPastVerified,
    /// A follower's commit index follows its leader's, down too.
    CommitRegress,
    /// A late acknowledgement takes a leader's match_index back, and its commit index with it.
    MatchRegress,
    /// A leader counts acknowledgements of older terms.
    StaleAckAccepted,
    /// A leader initialises match_index from its own log, after it took a first entry.
    NextIndexLateInit,
    /// A leader removes its own entries when a follower refuses them.
    LeaderOverwritesOwnLog,
    /// Entries are applied when appended.
    ApplyUncommitted,
    /// A restarted node applies from the start to a state machine that is not at the start.
    ApplyTwiceAfterRestart,

    // Disk.
    /// A follower acknowledges entries that are not durable.
    AckBeforeFsync,
    /// A leader counts its own copy before it is durable.
    LeaderCountsUnsynced,
    /// A restarted node keeps an entry that was written in part.
    TornTailAccepted,
    /// A restarted node takes any record that it cannot read for the end of its log.
    CorruptIsEof,
    /// A restarted node brings back entries that it had removed.
    TruncationNotCrashSafe,

    // Pre-vote, check-quorum, transfer.
    /// A candidate counts grants of its pre-vote as votes.
    PrevoteCountsAsVote,
    /// A pre-vote is granted in the term of the voter.
    PrevoteReplyOwnTerm,
    /// A pre-candidate still refuses others for the sake of its leader.
    PrecandidateKeepsLeader,
    /// A leader that nobody answers goes on beating.
    QuorumlessHeartbeats,
    /// A transfer that failed is never over.
    TransferWedged,

    // Standing still.
    /// A vote needs a log that is both of a later term and longer.
    UptodateVector,
    /// What comes from a deposed leader, or a candidate that is refused, puts the own candidacy off.
    TimerResetOnStale,
    /// All election timeouts are the same.
    NoRandomisedTimeout,
    /// A candidate or leader does not mind the later term of a reply.
    StaleLeaderStays,
    /// A leader whom a follower refuses sends the same again.
    BackoffLivelock,

    // Clients.
    /// A client hears yes when its entry is appended.
    AckBeforeCommit,
    /// A leader answers reads from its own state machine.
    LocalRead,
    /// What requests gave is in memory only.
    DedupLost,

    // Reads without the log.
    /// A leader serves reads before it has committed an entry of its own term.
    ReadindexBeforeNoop,
    /// A leader serves reads one answer short of a majority.
    ReadQuorumShort,
    /// A follower answers reads before it has applied as far as its leader said.
    FollowerReadUnapplied,
    /// Leases and promises go by a clock that may be set.
    LeaseWallclock,
    /// Followers vote inside the lease that they granted.
    LeaseNotHonoured,
    /// A leader that had an transferee stand still trusts its lease.
    LeaseSurvivesTransfer,
    /// A lease is as long as the promise, whatever clocks do.
    LeaseWithoutDriftBound,
    /// A lease begins when the answers come.
    LeaseFromAnswer,

    // Snapshots.
    /// Entries before the end of a snapshot are taken as if they followed the log.
    MissingPrevAccepted,
    /// A conflicting log survives the snapshot that is to replace it.
    SnapKeepsConflict,
    /// A snapshot's last term becomes the current term.
    SnapSetsTerm,
    /// Snapshots are without what the sessions of clients remember.
    SnapDropsSessions,
    /// A leader that has sent a follower its snapshot sends nothing else any more.
    SnapLoop,

    // Changes of the members.
    /// A leader changes the members before it has committed an entry of its own term.
    ChangeBeforeNoop,
    /// A leader begins a change of the members while the one before is not committed.
    ChangeOverlap,
    /// A candidate counts votes by the configuration that it has applied, not by the latest in its log.
    CampaignUnappliedConfig,
    /// A node that is no voter by its own log refuses its vote.
    VoteByOwnConfig,
    /// Who hears its leader is loyal to it against members only, not against servers that were removed.
    RemovedDisrupts,
    /// In joint consensus a majority of the new servers is enough.
    JointNewMajorityOnly,
    /// A leader goes from the old configuration to the new one without joint consensus.
    JointSkipped,
    /// A leader that knows that it was removed leads on.
    RemovedLeaderStays,
    /// A node that goes by a snapshot forgets the old half of a joint configuration.
    SnapDropsConfig,
    /// A node whose disk was emptied takes part again as the member that it was.
    WipedSameId,
}

/// What the catalogue says of a bug.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name in plans and on the command line.
    pub name: &'static str,
    /// What goes wrong, in one sentence.
    pub title: &'static str,
    /// How it leads to disaster.
    pub story: &'static str,
    /// Where it happened, or who warned of it.
    pub source: &'static str,
    /// The property that it is known for, which a scenario shows, and others that may be violated first.
    pub violates: &'static [Property],
}

const fn about(
    name: &'static str,
    title: &'static str,
    story: &'static str,
    source: &'static str,
    violates: &'static [Property],
) -> About {
    About { name, title, story, source, violates }
}

impl Bug {
    /// All of them, elections first.
    pub const ALL: [Bug; 64] = [
        Bug::VoteTwice,
        Bug::VoteClearedSameTerm,
        Bug::VoteNotPersisted,
        Bug::VoteSentBeforeFsync,
        Bug::SelfVoteNotDurable,
        Bug::VoteWriteErrorIgnored,
        Bug::StaleVoteReply,
        Bug::StaleLogVote,
        Bug::UptodateIndexOnly,
        Bug::TermRegress,
        Bug::OldTermCommit,
        Bug::CommitWithoutQuorum,
        Bug::PrevTermUnchecked,
        Bug::NoTruncateOnConflict,
        Bug::TruncateUnconditional,
        Bug::CommitPastVerified,
        Bug::CommitRegress,
        Bug::MatchRegress,
        Bug::StaleAckAccepted,
        Bug::NextIndexLateInit,
        Bug::LeaderOverwritesOwnLog,
        Bug::ApplyUncommitted,
        Bug::ApplyTwiceAfterRestart,
        Bug::AckBeforeFsync,
        Bug::LeaderCountsUnsynced,
        Bug::TornTailAccepted,
        Bug::CorruptIsEof,
        Bug::TruncationNotCrashSafe,
        Bug::PrevoteCountsAsVote,
        Bug::PrevoteReplyOwnTerm,
        Bug::PrecandidateKeepsLeader,
        Bug::QuorumlessHeartbeats,
        Bug::TransferWedged,
        Bug::UptodateVector,
        Bug::TimerResetOnStale,
        Bug::NoRandomisedTimeout,
        Bug::StaleLeaderStays,
        Bug::BackoffLivelock,
        Bug::AckBeforeCommit,
        Bug::LocalRead,
        Bug::DedupLost,
        Bug::ReadindexBeforeNoop,
        Bug::ReadQuorumShort,
        Bug::FollowerReadUnapplied,
        Bug::LeaseWallclock,
        Bug::LeaseNotHonoured,
        Bug::LeaseSurvivesTransfer,
        Bug::LeaseWithoutDriftBound,
        Bug::LeaseFromAnswer,
        Bug::MissingPrevAccepted,
        Bug::SnapKeepsConflict,
        Bug::SnapSetsTerm,
        Bug::SnapDropsSessions,
        Bug::SnapLoop,
        Bug::ChangeBeforeNoop,
        Bug::ChangeOverlap,
        Bug::CampaignUnappliedConfig,
        Bug::VoteByOwnConfig,
        Bug::RemovedDisrupts,
        Bug::JointNewMajorityOnly,
        Bug::JointSkipped,
        Bug::RemovedLeaderStays,
        Bug::SnapDropsConfig,
        Bug::WipedSameId,
    ];

    /// The name in plans and on the command line.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// What the catalogue says of it.
    pub const fn about(self) -> About {
        match self as u8 {
            bug if bug <= Bug::TermRegress as u8 => self.about_votes(),
            bug if bug <= Bug::ApplyTwiceAfterRestart as u8 => self.about_replication(),
            bug if bug <= Bug::TruncationNotCrashSafe as u8 => self.about_disks(),
            bug if bug <= Bug::TransferWedged as u8 => self.about_elections(),
            bug if bug <= Bug::BackoffLivelock as u8 => self.about_standstill(),
            bug if bug <= Bug::DedupLost as u8 => self.about_clients(),
            bug if bug <= Bug::LeaseFromAnswer as u8 => self.about_reads(),
            bug if bug <= Bug::SnapLoop as u8 => self.about_snapshots(),
            _ => self.about_membership(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one row for each bug")]
    const fn about_votes(self) -> About {
        use Property::{
            ElectionSafety, LeaderCompleteness, MonotonicTerm, OneVote, StateMachineSafety,
        };
        match self {
            Bug::VoteTwice => about(
                "vote-twice",
                "A node grants its vote to everyone whose log is up to date.",
                "Two candidates of one term each collect a majority, because a node in the middle votes for both.",
                "Raft paper, 5.2",
                &[ElectionSafety, OneVote],
            ),
            Bug::VoteClearedSameTerm => about(
                "vote-cleared-same-term",
                "Stepping down without a change of term clears voted_for.",
                "B votes for A in a term and then hears A's first heartbeat. Taking its leader, B forgets its vote, and grants the \
                 delayed request of C in the same term.",
                "etcd PR 2461, akka-raft 56, zeebe 5356, redpanda PR 19, braft 2b4d0f7",
                &[ElectionSafety, OneVote],
            ),
            Bug::VoteNotPersisted => about(
                "vote-not-persisted",
                "The vote lives in memory only.",
                "A node votes, crashes, restarts in the same term, and votes again.",
                "Raft paper, Figure 2",
                &[ElectionSafety, OneVote],
            ),
            Bug::VoteSentBeforeFsync => about(
                "vote-sent-before-fsync",
                "A granted vote leaves before it is durable.",
                "A node crashes between its answer and its disk, and does not remember the vote that elected a leader.",
                "openraft ee460f37, willemt/raft PR 47",
                &[ElectionSafety, OneVote],
            ),
            Bug::SelfVoteNotDurable => about(
                "self-vote-not-durable",
                "Vote requests leave, and the own vote counts, before (term, self) is durable.",
                "A candidate wins, crashes before its own vote is on disk, restarts in the term before, and helps elect another leader \
                 of the same term.",
                "jraft PR 1245",
                &[ElectionSafety, OneVote],
            ),
            Bug::VoteWriteErrorIgnored => about(
                "vote-write-error-ignored",
                "Saving the vote fails, and the answer still says granted.",
                "The disk refuses the vote, the node answers all the same, and after a restart it votes again.",
                "jraft PR 1243",
                &[ElectionSafety, OneVote],
            ),
            Bug::StaleVoteReply => about(
                "stale-vote-reply",
                "A candidate counts a granted vote whose term is not its own.",
                "Votes of a lost election arrive late and elect the candidate in its next term, beside the leader target others elected.",
                "Xraft 33, akka-raft 47 (SandTable, EuroSys'24)",
                &[ElectionSafety, LeaderCompleteness, StateMachineSafety],
            ),
            Bug::StaleLogVote => about(
                "stale-log-vote",
                "The up-to-date check of 5.4.1 is missing.",
                "A node that missed committed entries is elected and overwrites them.",
                "Raft paper, 5.4.1",
                &[LeaderCompleteness, StateMachineSafety],
            ),
            Bug::UptodateIndexOnly => about(
                "uptodate-index-only",
                "The longer log wins, whatever its last term.",
                "A deposed leader with a long uncommitted tail beats nodes that hold newer, committed entries.",
                "Raft paper, 5.4.1",
                &[LeaderCompleteness, StateMachineSafety],
            ),
            Bug::TermRegress => about(
                "term-regress",
                "A node takes over the term of every message, an older one too.",
                "A leader that was cut off comes back with its old term, and the others follow it there: they vote, and write entries, in \
                 terms that are over.",
                "Raft paper, 5.1; a relative of WRaft PR 118",
                &[MonotonicTerm],
            ),
            _ => panic!("not a bug of votes"),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one row for each bug")]
    const fn about_replication(self) -> About {
        use Property::{
            Durability, ExactlyOnce, LeaderAppendOnly, LeaderCompleteness, Liveness, LogMatching,
            MonotonicCommit, SafeCommit, Snapshot, StateMachineSafety,
        };
        match self {
            Bug::OldTermCommit => about(
                "old-term-commit",
                "A leader commits an entry of an older term by counting replicas.",
                "Figure 8: an entry of term 2 reaches a majority in term 4 and is committed by counting; a node whose last entry is of \
                 term 3 can still be elected, and overwrites it.",
                "Raft paper, 5.4.2; PySyncObj 169, async-raft 108, CCF PR 5748",
                &[LeaderCompleteness, StateMachineSafety, SafeCommit],
            ),
            Bug::CommitWithoutQuorum => about(
                "commit-without-quorum",
                "A leader commits one copy short of a majority.",
                "Three of five nodes never saw the entry; they elect a leader among themselves.",
                "Raft paper, 5.3",
                &[StateMachineSafety, Durability, LeaderCompleteness],
            ),
            Bug::PrevTermUnchecked => about(
                "prev-term-unchecked",
                "Entries are accepted when prev_log_index exists, whatever its term.",
                "A follower with a divergent tail gets new entries on top of it: two logs agree at an index and differ before it.",
                "Raft paper, 5.3",
                &[LogMatching, StateMachineSafety, Durability],
            ),
            Bug::NoTruncateOnConflict => about(
                "no-truncate-on-conflict",
                "A conflicting entry is kept, and the rest is appended after it.",
                "The follower acknowledges entries that it does not have.",
                "Raft paper, 5.3",
                &[LogMatching, StateMachineSafety, Durability],
            ),
            Bug::TruncateUnconditional => about(
                "truncate-unconditional",
                "Everything after prev_log_index is removed, even where the entries match.",
                "A delayed message arrives after later ones, and the follower removes entries that it has acknowledged, and that are \
                 committed.",
                "RaftOS 26, openraft 9540c904",
                &[Durability, SafeCommit, MonotonicCommit, StateMachineSafety, LeaderCompleteness],
            ),
            Bug::CommitPastVerified => about(
                "commit-past-verified",
                "A follower commits up to min(leader_commit, last index), not only what this message verified.",
                "A heartbeat tells a follower with a conflicting tail that the leader committed further; it commits its own, wrong \
                 entries.",
                "openraft 9540c904",
                &[StateMachineSafety],
            ),
            Bug::CommitRegress => about(
                "commit-regress",
                "A follower sets its commit index without max.",
                "A delayed message, or a new leader that knows of fewer commits, takes the follower's commit index back.",
                "PySyncObj 166",
                &[MonotonicCommit],
            ),
            Bug::MatchRegress => about(
                "match-regress",
                "An acknowledgement sets match_index without max, and the commit index follows.",
                "An acknowledgement comes late, behind newer ones. The leader believes that the follower lost entries, and what it counts as \
                 committed goes back with that.",
                "etcd 57b3274, PySyncObj 167",
                &[MonotonicCommit],
            ),
            Bug::StaleAckAccepted => about(
                "stale-ack-accepted",
                "An acknowledgement of an earlier term still counts.",
                "A node leads again, with another log. An acknowledgement from its first leadership arrives and counts for entries that \
                 its sender does not have.",
                "openraft cecb5de8",
                &[Durability, LeaderCompleteness, StateMachineSafety, Liveness],
            ),
            Bug::NextIndexLateInit => about(
                "next-index-late-init",
                "A leader initialises match_index from its own log, after the first entry was taken.",
                "The new leader believes that all followers hold its first entry, and commits it at once.",
                "akka-raft 58",
                &[LogMatching, Durability],
            ),
            Bug::LeaderOverwritesOwnLog => about(
                "leader-overwrites-own-log",
                "A leader removes its own entries when a follower refuses them.",
                "Instead of going back in the follower's log, the leader cuts its own.",
                "Raft paper, 5.3",
                &[LeaderAppendOnly, Durability],
            ),
            Bug::ApplyUncommitted => about(
                "apply-uncommitted",
                "Entries are applied when they are appended.",
                "A deposed leader has applied entries that its successor overwrites.",
                "Raft paper, 5.3",
                &[StateMachineSafety, Durability, Snapshot],
            ),
            Bug::ApplyTwiceAfterRestart => about(
                "apply-twice-after-restart",
                "last_applied is not restored with the state machine.",
                "The state machine survived the crash, the count of what it applied did not: entries are applied a second time.",
                "etcd v3.5 postmortem",
                &[ExactlyOnce, StateMachineSafety],
            ),
            _ => panic!("not a bug of replication"),
        }
    }

    const fn about_disks(self) -> About {
        use Property::{
            Durability, LeaderCompleteness, LogMatching, MonotonicCommit, StateMachineSafety,
        };
        match self {
            Bug::AckBeforeFsync => about(
                "ack-before-fsync",
                "A follower acknowledges entries that are not durable.",
                "The leader counts copies that a power failure takes away.",
                "openraft ee460f37",
                &[Durability, LeaderCompleteness],
            ),
            Bug::LeaderCountsUnsynced => about(
                "leader-counts-unsynced",
                "A leader counts its own copy before it is durable.",
                "With one acknowledgement of three nodes the entry is committed, and the leader's own copy is lost in a crash.",
                "etcd 14370 (437bcb8)",
                &[Durability, LeaderCompleteness],
            ),
            Bug::TornTailAccepted => about(
                "torn-tail-accepted",
                "A torn last record is kept.",
                "A crash cuts a write in two. The restarted node takes the broken entry for the one that was written.",
                "ALICE, OSDI'14",
                &[LogMatching, StateMachineSafety],
            ),
            Bug::CorruptIsEof => about(
                "corrupt-is-eof",
                "Any record whose checksum does not hold is read as the end of the log.",
                "A record rots in the middle of the log. The restarted node takes it for one that a crash tore, and goes on without it and \
                 all that follow, though others count on its copies.",
                "Zeebe 6098; Protocol-Aware Recovery, FAST'18",
                &[Durability, LeaderCompleteness, StateMachineSafety],
            ),
            Bug::TruncationNotCrashSafe => about(
                "truncation-not-crash-safe",
                "A restart replays entries that were removed before the crash.",
                "A follower removed conflicting entries; its journal still holds them, and the restarted node reads them again behind \
                 newer ones.",
                "formancehq/ledger PR 2076, braft 10cd9e3",
                &[LogMatching, LeaderCompleteness, StateMachineSafety, MonotonicCommit],
            ),
            _ => panic!("not a bug of disks"),
        }
    }

    const fn about_elections(self) -> About {
        use Property::{ElectionSafety, LeaderCompleteness, Liveness, StateMachineSafety};
        match self {
            Bug::PrevoteCountsAsVote => about(
                "prevote-counts-as-vote",
                "A candidate counts grants of its pre-vote as votes.",
                "A grant carries the term in which the candidate now stands. Those that come after the majority are taken for votes, \
                 and the candidate leads a term in which others voted for somebody else.",
                "canonical/raft 196; etcd and raft-rs guard against it where a candidate counts votes",
                &[ElectionSafety, LeaderCompleteness, StateMachineSafety],
            ),
            Bug::PrevoteReplyOwnTerm => about(
                "prevote-reply-own-term",
                "A pre-vote is granted in the term of the voter, not in the one that was asked for.",
                "The node that asks takes the grant for one of a term that is over, and throws it away. It asks again and again, and \
                 nobody stands.",
                "etcd 8243",
                &[Liveness],
            ),
            Bug::PrecandidateKeepsLeader => about(
                "precandidate-keeps-leader",
                "A node that asks for pre-votes still knows its leader, and refuses others for its sake.",
                "The leader is cut off. The others ask each other for pre-votes, and each refuses because it has a leader, which is gone.",
                "etcd PR 8334, etcd 9586",
                &[Liveness],
            ),
            Bug::QuorumlessHeartbeats => about(
                "quorumless-heartbeats",
                "A leader that no majority answers goes on beating.",
                "The leader is heard and does not hear. Its heartbeats keep all others from standing, and it commits nothing.",
                "Cloudflare's outage of 2020; Howard and Abraham, 'Raft does not guarantee liveness', 2020; openraft 2080",
                &[Liveness],
            ),
            Bug::TransferWedged => about(
                "transfer-wedged",
                "A transfer that failed is never over.",
                "The node to which the leader hands over has crashed. The leader goes on leading, and refuses every request for the rest of \
                 its term.",
                "hashicorp/raft PR 493, etcd 8b0d0e9",
                &[Liveness],
            ),
            _ => panic!("not a bug of pre-vote, check-quorum or transfer"),
        }
    }

    const fn about_standstill(self) -> About {
        use Property::Liveness;
        match self {
            Bug::UptodateVector => about(
                "uptodate-vector",
                "A vote needs a log that is not shorter, even if its last term is later.",
                "One node has a longer log, the other a later last term. Each refuses the other, and with a third node down nobody is \
                 ever elected.",
                "hashicorp/raft 94, openraft a48a3282",
                &[Liveness],
            ),
            Bug::TimerResetOnStale => about(
                "timer-reset-on-stale",
                "Entries of a term that is over, and requests for votes that are refused, reset the election timer.",
                "A deposed leader that hears nobody beats on. All others know that its term is over, and yet each heartbeat keeps them \
                 from standing.",
                "hashicorp/raft 30f065a",
                &[Liveness],
            ),
            Bug::NoRandomisedTimeout => about(
                "no-randomised-timeout",
                "All nodes time out alike.",
                "The followers of a leader that is lost stand at the same moment, vote for themselves, and do so again and again.",
                "Raft paper, 5.2",
                &[Liveness],
            ),
            Bug::StaleLeaderStays => about(
                "stale-leader-stays",
                "A candidate or leader does not mind the later term of a reply.",
                "A follower is in a later term, and refuses all that its leader sends. The leader does not step down, and the follower \
                 does not stand, for with pre-vote nobody would have it. It never catches up.",
                "Raft paper, 5.1",
                &[Liveness],
            ),
            Bug::BackoffLivelock => about(
                "backoff-livelock",
                "A leader target a follower refuses sends the same again.",
                "The follower's hint does not move next_index: the follower refuses, the leader repeats, and the follower never \
                 catches up.",
                "openraft 6d53aa12, CCF PR 3723",
                &[Liveness],
            ),
            _ => panic!("not a bug of standing still"),
        }
    }

    const fn about_clients(self) -> About {
        use Property::{ExactlyOnce, Linearizability};
        match self {
            Bug::AckBeforeCommit => about(
                "ack-before-commit",
                "A client hears yes when its entry is appended, not when it is committed.",
                "The leader crashes before the entry reaches a majority. The client was told that it was done, and nobody knows of it.",
                "Raft paper, 5.3",
                &[Linearizability],
            ),
            Bug::LocalRead => about(
                "local-read",
                "A leader answers reads from its own state machine, without asking a majority.",
                "A leader that was cut off does not know that another was elected. It answers a read with what was overwritten since.",
                "etcd 741",
                &[Linearizability],
            ),
            Bug::DedupLost => about(
                "dedup-lost",
                "The answers of the sessions are in memory only.",
                "A node restarts with its state machine but without knowing what it has carried out. A request that was tried again is \
                 carried out a second time.",
                "Raft thesis, 6.3",
                &[ExactlyOnce, Linearizability, Property::Snapshot],
            ),
            _ => panic!("not a bug of clients"),
        }
    }

    const fn about_snapshots(self) -> About {
        use Property::{
            ExactlyOnce, LeaderCompleteness, Linearizability, Liveness, LogMatching, MonotonicTerm,
            OneVote, SafeCommit, Snapshot, StateMachineSafety,
        };
        match self {
            Bug::MissingPrevAccepted => about(
                "missing-prev-accepted",
                "An index before the end of the snapshot always matches.",
                "Entries arrive late again, after the follower has compacted them. It finds nothing to compare them with, and adds them at \
                 the end of its log once more.",
                "WRaft PR 118, etcd-io/raft PR 31",
                &[StateMachineSafety, LogMatching],
            ),
            Bug::SnapKeepsConflict => about(
                "snap-keeps-conflict",
                "A conflicting log survives the snapshot that is to replace it.",
                "A follower has entries of a leader that was deposed, up to the end of a snapshot and beyond. It installs the snapshot, and \
                 keeps the entries behind it, which follow another history.",
                "openraft 674e78aa",
                &[LogMatching, StateMachineSafety, LeaderCompleteness, Snapshot, SafeCommit],
            ),
            Bug::SnapSetsTerm => about(
                "snap-sets-term",
                "Installing a snapshot sets the current term to that of its last entry.",
                "The follower goes back in time, and may vote a second time in a term that it was in before.",
                "WRaft PR 118",
                &[MonotonicTerm, OneVote],
            ),
            Bug::SnapDropsSessions => about(
                "snap-drops-sessions",
                "A snapshot is without what the sessions of clients remember.",
                "A follower gets a snapshot in place of a long log, and with it forgets what clients have asked already. A request that is \
                 tried again, and stands behind the snapshot, is carried out by it a second time.",
                "Raft thesis, 6.3",
                &[ExactlyOnce, Linearizability, Snapshot],
            ),
            Bug::SnapLoop => about(
                "snap-loop",
                "A leader never goes back from sending a snapshot to sending entries.",
                "The follower installs the snapshot and says so. The leader sends it again and again, and the entries behind it never.",
                "openraft afd6508b, etcd d87942f",
                &[Liveness],
            ),
            _ => panic!("not a bug of snapshots"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_has_a_story_and_a_name_that_reads_back() {
        for (place, bug) in Bug::ALL.into_iter().enumerate() {
            assert_eq!(bug as usize, place);
            assert_eq!(bug.name().parse(), Ok(bug));
            let about = bug.about();
            assert!(about.title.ends_with('.') && about.story.ends_with('.'));
            assert!(!about.source.is_empty());
            assert!(!about.violates.is_empty());
        }
    }
}
