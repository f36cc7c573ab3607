//! The catalogue of mistakes that can be planted: each one that a real Raft shipped, or that the paper warns of.

mod cause;

use crate::named::{kebab, named};
use crate::property::Property;

named!(Bug, "Bug", "bug", "squall bugs");

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

/// Some of the bugs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs(u128);

impl Bugs {
    /// These bugs.
    pub fn of(bugs: &[Bug]) -> Bugs {
        Bugs(bugs.iter().fold(0, |bits, bug| bits | 1 << *bug as u8))
    }

    /// How many they are.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether this bug is among them.
    pub const fn has(self, bug: Bug) -> bool {
        self.0 & (1 << bug as u8) != 0
    }
}

/// The catalogue: a variant, what it violates, its source, what goes wrong, and how that leads to disaster.
macro_rules! bugs {
    ($($bug:ident [$($violates:ident),+] $source:literal $title:literal $story:literal;)+) => {
        /// A mistake that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Bug { $(#[doc = $title] $bug,)+ }

        impl Bug {
            /// All of them, elections first.
            pub const ALL: [Bug; 103] = [$(Bug::$bug,)+];

            /// What the catalogue says of it.
            pub const fn about(self) -> About {
                match self {
                    $(Bug::$bug => About {
                        name: kebab!($bug),
                        title: $title,
                        story: $story,
                        source: $source,
                        violates: &[$(Property::$violates),+],
                    },)+
                }
            }

            /// The name in plans and on the command line.
            pub const fn name(self) -> &'static str {
                self.about().name
            }
        }
    };
}

bugs! {
    // Elections and votes.
    VoteTwice [ElectionSafety, OneVote] "Raft paper, 5.2"
        "A node grants its vote to everyone whose log is up to date."
        "Two candidates of one term each collect a majority, because a node in the middle votes for both.";
    VoteClearedSameTerm [ElectionSafety, OneVote] "etcd PR 2461, akka-raft 56, zeebe 5356, redpanda PR 19, braft 2b4d0f7"
        "Stepping down without a change of term clears voted_for."
        "B votes for A in a term and then hears A's first heartbeat. Taking its leader, B forgets its vote, and grants the delayed \
         request of C in the same term.";
    VoteNotPersisted [ElectionSafety, OneVote] "Raft paper, Figure 2"
        "The vote lives in memory only."
        "A node votes, crashes, restarts in the same term, and votes again.";
    VoteSentBeforeFsync [ElectionSafety, OneVote] "openraft ee460f37, willemt/raft PR 47"
        "A granted vote leaves before it is durable."
        "A node crashes between its answer and its disk, and does not remember the vote that elected a leader.";
    SelfVoteNotDurable [ElectionSafety, OneVote] "jraft PR 1245"
        "Vote requests leave, and the own vote counts, before (term, self) is durable."
        "A candidate wins, crashes before its own vote is on disk, restarts in the term before, and helps elect another leader of the \
         same term.";
    VoteWriteErrorIgnored [ElectionSafety, OneVote] "jraft PR 1243"
        "Saving the vote fails, and the answer still says granted."
        "The disk refuses the vote, the node answers all the same, and after a restart it votes again.";
    StaleVoteReply [ElectionSafety, LeaderCompleteness, StateMachineSafety] "Xraft 33, akka-raft 47 (SandTable, EuroSys'24)"
        "A candidate counts a granted vote whose term is not its own."
        "Votes of a lost election arrive late and elect the candidate in its next term, beside the leader target others elected.";
    StaleLogVote [LeaderCompleteness, StateMachineSafety] "Raft paper, 5.4.1"
        "The up-to-date check of 5.4.1 is missing."
        "A node that missed committed entries is elected and overwrites them.";
    UptodateIndexOnly [LeaderCompleteness, StateMachineSafety] "Raft paper, 5.4.1"
        "The longer log wins, whatever its last term."
        "A deposed leader with a long uncommitted tail beats nodes that hold newer, committed entries.";
    TermRegress [MonotonicTerm] "Raft paper, 5.1; a relative of WRaft PR 118"
        "A node takes over the term of every message, an older one too."
        "A leader that was cut off comes back with its old term, and the others follow it there: they vote, and write entries, in terms \
         that are over.";

    RefusalCounts [ElectionSafety, LeaderCompleteness, StateMachineSafety] "Raft paper, 5.2"
        "A candidate counts every answer to its request, granted or not."
        "All others refuse, for they have voted for another, and the candidate leads beside it.";
    DuplicateVoteCounts [ElectionSafety, LeaderCompleteness] "Raft paper, 5.2, 5.5"
        "A candidate counts votes, and not voters: one that arrives twice counts twice."
        "The network doubles the only vote that a candidate got. It leads, and those who did not vote for it elect another.";
    ElectionByHalf [ElectionSafety, LeaderCompleteness] "Raft paper, 5.2"
        "In a cluster of an even number half of the votes win an election."
        "Two of four vote for one candidate and two for another, and both lead the same term.";
    VoteKeptInNextTerm [Liveness, Promises] "Raft paper, Figure 2"
        "A vote is not forgotten when a later term begins."
        "A node that voted for a server which is gone refuses all others for ever, and they are too few to elect one of themselves.";
    UptodateStrictly [Liveness] "Raft paper, 5.4.1"
        "A node votes only for a log that is further than its own."
        "All logs are the same, so nobody gets a vote but its own.";
    UptodateByCommit [LeaderCompleteness, StateMachineSafety, Durability] "Raft paper, 5.4.1"
        "A voter compares the candidate's log with what it knows to be committed, and not with its own log."
        "It holds an entry that is committed, and does not know so yet. It votes for a candidate that lacks the entry, and that leader overwrites it.";
    StandsByCommit [Liveness] "Raft paper, 5.4.1"
        "A candidate says of its log only what it knows to be committed."
        "The leader falls, and all others hold entries that they do not know to be committed. Each refuses all others, for its own log is further.";

    // Replication and commit.
    AckOfWholeLog [Durability, StateMachineSafety, LeaderCompleteness, Liveness] "Raft paper, 5.3"
        "A follower that accepts a message acknowledges all of its log, not only what the message verified."
        "Behind the entries that match lie others, of a leader of old. The new leader counts them for copies of its own entries and commits what \
         one disk alone has.";
    RefusalCountsAsAck [Durability, StateMachineSafety, LeaderCompleteness, Liveness] "Raft paper, 5.3"
        "A leader takes a refusal of entries for an acknowledgement of what comes before them."
        "The follower lacks that, or has entries of another term there. The leader commits on copies that are none.";
    StaleEntriesAccepted [Durability, LogMatching, LeaderAppendOnly, StateMachineSafety, SafeCommit, LeaderCompleteness, Liveness] "Raft paper, Figure 2, AppendEntries 1"
        "A follower takes entries of a leader whose term is over."
        "A leader that was cut off sends what it had. A follower that has voted in a later term, and acknowledged its leader's entries, removes \
         them for those.";
    EntriesTakeLeadersTerm [LogMatching, StateMachineSafety, Durability, LeaderCompleteness, SafeCommit, Liveness] "Raft paper, 5.3"
        "A follower stores entries with the term of the leader that sends them, and not with their own."
        "A leader hands on what a leader before it wrote. In one log the entry is of the one term, in the other of the other.";
    BaseTermForgotten [Liveness] "Raft paper, section 7"
        "A node whose log begins behind a snapshot does not know of which term the snapshot's last entry was."
        "It has installed a snapshot and nothing behind it. It refuses the entries that come next, and the leader sends them, or the snapshot, \
         again and again.";
    LostAppendHoldsWindow [Liveness] "etcd's MaxInflightMsgs; Raft thesis, 10.2.1"
        "What was sent and never answered stays in flight for ever."
        "The network loses as many messages as may be in flight. The leader sends the follower nothing but heartbeats from then on.";
    LearnersCountForCommit [Durability, SafeCommit, StateMachineSafety, LeaderCompleteness] "Raft thesis, 4.2.1"
        "Copies of learners count for a commit."
        "An entry is on the disks of the leader and of learners, and committed. The voters never saw it, and elect one of themselves.";
    OldTermCommit [LeaderCompleteness, StateMachineSafety, SafeCommit] "Raft paper, 5.4.2; PySyncObj 169, async-raft 108, CCF PR 5748"
        "A leader commits an entry of an older term by counting replicas."
        "Figure 8: an entry of term 2 reaches a majority in term 4 and is committed by counting; a node whose last entry is of term 3 can \
         still be elected, and overwrites it.";
    CommitWithoutQuorum [StateMachineSafety, Durability, LeaderCompleteness] "Raft paper, 5.3"
        "A leader commits one copy short of a majority."
        "Three of five nodes never saw the entry; they elect a leader among themselves.";
    PrevTermUnchecked [LogMatching, StateMachineSafety, Durability] "Raft paper, 5.3"
        "Entries are accepted when prev_log_index exists, whatever its term."
        "A follower with a divergent tail gets new entries on top of it: two logs agree at an index and differ before it.";
    NoTruncateOnConflict [LogMatching, StateMachineSafety, Durability] "Raft paper, 5.3"
        "A conflicting entry is kept, and the rest is appended after it."
        "The follower acknowledges entries that it does not have.";
    TruncateUnconditional [Durability, SafeCommit, MonotonicCommit, StateMachineSafety, LeaderCompleteness] "RaftOS 26, openraft 9540c904"
        "Everything after prev_log_index is removed, even where the entries match."
        "A delayed message arrives after later ones, and the follower removes entries that it has acknowledged, and that are committed.";
    CommitPastVerified [StateMachineSafety] "openraft 9540c904"
        "A follower commits up to min(leader_commit, last index), not only what this message verified."
        "A heartbeat tells a follower with a conflicting tail that the leader committed further; it commits its own, wrong entries.";
    CommitRegress [MonotonicCommit] "PySyncObj 166"
        "A follower sets its commit index without max."
        "A delayed message, or a new leader that knows of fewer commits, takes the follower's commit index back.";
    MatchRegress [MonotonicCommit] "etcd 57b3274, PySyncObj 167"
        "An acknowledgement sets match_index without max, and the commit index follows."
        "An acknowledgement comes late, behind newer ones. The leader believes that the follower lost entries, and what it counts as \
         committed goes back with that.";
    StaleAckAccepted [Durability, LeaderCompleteness, StateMachineSafety, Liveness] "openraft cecb5de8"
        "An acknowledgement of an earlier term still counts."
        "A node leads again, with another log. An acknowledgement from its first leadership arrives and counts for entries that its \
         sender does not have.";
    NextIndexLateInit [LogMatching, Durability] "akka-raft 58"
        "A leader initialises match_index from its own log, after the first entry was taken."
        "The new leader believes that all followers hold its first entry, and commits it at once.";
    LeaderOverwritesOwnLog [LeaderAppendOnly, Durability] "Raft paper, 5.3"
        "A leader removes its own entries when a follower refuses them."
        "Instead of going back in the follower's log, the leader cuts its own.";
    ApplyUncommitted [StateMachineSafety, Durability, Snapshot] "Raft paper, 5.3"
        "Entries are applied when they are appended."
        "A deposed leader has applied entries that its successor overwrites.";
    ApplyTwiceAfterRestart [ExactlyOnce, StateMachineSafety] "etcd v3.5 postmortem"
        "last_applied is not restored with the state machine."
        "The state machine survived the crash, the count of what it applied did not: entries are applied a second time.";

    // Disk.
    AckBeforeFsync [Durability, LeaderCompleteness] "openraft ee460f37"
        "A follower acknowledges entries that are not durable."
        "The leader counts copies that a power failure takes away.";
    MessagesOvertakeWrites [Durability, ElectionSafety, OneVote, LeaderCompleteness, StateMachineSafety] "openraft ee460f37, jraft PR 1245; Raft paper, Figure 2"
        "Messages leave at once, though what they say is not durable."
        "Votes, acknowledgements and what a leader says of itself overtake the writes that they rest on. A power failure takes those away.";
    HalfAWrite [LogMatching, StateMachineSafety, LeaderCompleteness] "ALICE, OSDI'14"
        "Of several entries that are written at once the second half is written as empty entries."
        "A block is written in part, and the disk says that all is well. The node goes on with what it meant to write, and after a restart \
         with what is there.";
    FailedSyncBelieved [Durability, OneVote, ElectionSafety, LeaderCompleteness, StateMachineSafety, SafeCommit] "fsyncgate: PostgreSQL, 2018; 'Can Applications Recover from fsync Failures?', ATC'20"
        "A sync that failed is tried again, without writing again, and believed."
        "The kernel reports an error once, and forgets what it could not write. The second sync succeeds, the node acknowledges, and after a \
         restart it has neither those entries nor what came behind them.";
    LeaderCountsUnsynced [Durability, LeaderCompleteness] "etcd 14370 (437bcb8)"
        "A leader counts its own copy before it is durable."
        "With one acknowledgement of three nodes the entry is committed, and the leader's own copy is lost in a crash.";
    TornTailAccepted [LogMatching, StateMachineSafety] "ALICE, OSDI'14"
        "A torn last record is kept."
        "A crash cuts a write in two. The restarted node takes the broken entry for the one that was written.";
    CorruptIsEof [Durability, LeaderCompleteness, StateMachineSafety] "Zeebe 6098; Protocol-Aware Recovery, FAST'18"
        "Any record whose checksum does not hold is read as the end of the log."
        "A record rots in the middle of the log. The restarted node takes it for one that a crash tore, and goes on without it and all \
         that follow, though others count on its copies.";
    TruncationNotCrashSafe [LogMatching, LeaderCompleteness, StateMachineSafety, MonotonicCommit] "formancehq/ledger PR 2076, braft 10cd9e3"
        "A restart replays entries that were removed before the crash."
        "A follower removed conflicting entries; its journal still holds them, and the restarted node reads them again behind newer ones.";

    // Pre-vote, check-quorum, transfer.
    PrevoteCountsAsVote [ElectionSafety, LeaderCompleteness, StateMachineSafety] "canonical/raft 196; etcd and raft-rs guard against it where a candidate counts votes"
        "A candidate counts grants of its pre-vote as votes."
        "A grant carries the term in which the candidate now stands. Those that come after the majority are taken for votes, and the \
         candidate leads a term in which others voted for somebody else.";
    PrevoteReplyOwnTerm [Liveness] "etcd 8243"
        "A pre-vote is granted in the term of the voter, not in the one that was asked for."
        "The node that asks takes the grant for one of a term that is over, and throws it away. It asks again and again, and nobody \
         stands.";
    PrecandidateKeepsLeader [Liveness] "etcd PR 8334, etcd 9586"
        "A node that asks for pre-votes still knows its leader, and refuses others for its sake."
        "The leader is cut off. The others ask each other for pre-votes, and each refuses because it has a leader, which is gone.";
    QuorumlessHeartbeats [Liveness, CheckQuorum] "Cloudflare's outage of 2020; Howard and Abraham, 'Raft does not guarantee liveness', 2020; openraft 2080"
        "A leader that no majority answers goes on beating."
        "The leader is heard and does not hear. Its heartbeats keep all others from standing, and it commits nothing.";
    TransferWedged [Liveness] "hashicorp/raft PR 493, etcd 8b0d0e9"
        "A transfer that failed is never over."
        "The node to which the leader hands over has crashed. The leader goes on leading, and refuses every request for the rest of its \
         term.";

    // Standing still.
    UptodateVector [Liveness] "hashicorp/raft 94, openraft a48a3282"
        "A vote needs a log that is not shorter, even if its last term is later."
        "One node has a longer log, the other a later last term. Each refuses the other, and with a third node down nobody is ever \
         elected.";
    TimerResetOnStale [Liveness] "hashicorp/raft 30f065a"
        "Entries of a term that is over, and requests for votes that are refused, reset the election timer."
        "A deposed leader that hears nobody beats on. All others know that its term is over, and yet each heartbeat keeps them from \
         standing.";
    NoRandomisedTimeout [Liveness] "Raft paper, 5.2"
        "All nodes time out alike."
        "The followers of a leader that is lost stand at the same moment, vote for themselves, and do so again and again.";
    StaleLeaderStays [Liveness, CheckQuorum] "Raft paper, 5.1"
        "A candidate or leader does not mind the later term of a reply."
        "A follower is in a later term, and refuses all that its leader sends. The leader does not step down, and the follower does not \
         stand, for with pre-vote nobody would have it. It never catches up.";
    BackoffLivelock [Liveness] "openraft 6d53aa12, CCF PR 3723"
        "A leader whom a follower refuses sends the same again."
        "The follower's hint does not move next_index: the follower refuses, the leader repeats, and the follower never catches up.";

    // Clients.
    AckBeforeCommit [Linearizability, ExactlyOnce] "Raft paper, 5.3"
        "A client hears yes when its entry is appended, not when it is committed."
        "The leader crashes before the entry reaches a majority. The client was told that it was done, and nobody knows of it.";
    CachedRead [Linearizability, ReadRights, ExactlyOnce] "Raft paper, section 8"
        "A node answers a read with what the first read of that key gave."
        "The key was written meanwhile, and the client hears of what was there before.";
    FollowerLocalRead [Linearizability, ReadRights, ExactlyOnce] "Raft thesis, 6.4"
        "A follower answers reads by its own state, and asks nobody."
        "It is behind, or cut off, and what it reads was overwritten before the read began.";
    PendingDoneAtFall [ExactlyOnce, Linearizability] "Raft paper, section 8"
        "A leader that steps down tells those who wait that their requests are done."
        "Their entries are in its log only, and the next leader removes them.";
    LocalRead [Linearizability, ReadRights, ExactlyOnce] "etcd 741"
        "A leader answers reads from its own state machine, without asking a majority."
        "A leader that was cut off does not know that another was elected. It answers a read with what was overwritten since.";
    DedupLost [ExactlyOnce, Linearizability, Snapshot] "Raft thesis, 6.3"
        "The answers of the sessions are in memory only."
        "A node restarts with its state machine but without knowing what it has carried out. A request that was tried again is carried \
         out a second time.";
    OutcomeIgnored [ExactlyOnce, Linearizability] "Raft thesis, 6.3; section 8"
        "A leader answers that a request was done once its entry is applied, whatever that gave."
        "A compare-and-set finds something else and changes nothing. Its client hears that it was done, and takes a lock that another holds.";
    RetryTakenForDone [ExactlyOnce, Linearizability] "Raft thesis, 6.3"
        "A leader answers a request that is tried again as done, when the first try is in its log only."
        "The client tries again because the leader is cut off. The leader finds the request in its log and says that it was done. Another \
         is elected, and the entry is gone.";

    // Reads without the log.
    ReadindexBeforeNoop [Linearizability, ReadRights] "etcd 7331, redisraft PR 22"
        "A leader answers reads before it has committed an entry of its own term."
        "The leader of old answered a write and was cut off before the others heard that it is committed. The new leader holds the entry, \
         does not know that it is committed, and answers a read without it.";
    ReadQuorumShort [Linearizability, ReadRights] "openraft d60f1e85"
        "A leader answers reads when one node less than a majority has answered it."
        "Of three nodes that is the leader alone. It was cut off, another leads, and it answers a read with what was overwritten since.";
    FollowerReadUnapplied [Linearizability, ReadRights] "Raft thesis, 6.4"
        "A follower answers a read before it has applied as far as its leader said."
        "A client hears that its write is done. Another asks a follower, which asks the leader, is told how far to apply, and answers at \
         once from a state machine that is behind.";
    LeaseWallclock [Linearizability, Promises, ReadRights] "jraft PR 26"
        "Leases, and the promises behind them, go by a clock that may be set."
        "Somebody sets the clock of a leader back, or those of its followers forward. The promises are over before the lease is: another \
         leads, and the leader of old answers reads.";
    LeaseNotHonoured [Linearizability, Promises] "jraft 25"
        "Followers vote for another inside the lease that they granted."
        "One node does not hear the leader and stands. The others elect it, although they have just answered the leader, which goes on to \
         answer reads on the strength of that.";
    LeaseSurvivesTransfer [Linearizability, ReadRights] "etcd 12704, openraft 1747"
        "A leader that had a transferee stand still trusts its lease."
        "Nobody keeps a promise against an election that the leader itself asked for. The transferee leads and commits, and the leader of \
         old, which has not heard of it, answers reads.";
    LeaseWithoutDriftBound [Linearizability, ReadRights] "Raft thesis, 6.4.1"
        "A lease is as long as the promise behind it, although clocks drift."
        "The leader's clock runs slow, or its followers' run fast, within what the lease is said to bear. The promises are over first: \
         another leads, and the leader of old answers reads.";
    LeaseFromAnswer [Linearizability, ReadRights] "Raft thesis, 6.4.1"
        "A lease begins when the answers come, and not when the leader asked."
        "Answers are long under way. The promises count from before they were sent, the lease from when they arrive: the lease lasts \
         longer than the promises do.";

    // What leaders hear, and what they were promised.
    LearnersKeepLeader [CheckQuorum] "Raft thesis, 6.2, 4.2.1"
        "A leader counts learners among those that it must hear to lead on."
        "The leader is left with its learners, while the voters are cut off from it. It takes the learners' answers for those of a majority, \
         and leads on, though it can commit nothing.";
    QuorumByLongestTimeout [CheckQuorum] "Raft thesis, 6.2"
        "A leader misses its majority only after the longest election timeout, not after the lowest."
        "The others time out within less, and elect another. Clients of the leader of old wait for it as long as it leads on.";
    UnionKeepsLeader [CheckQuorum] "Raft paper, section 6; thesis 6.2"
        "In joint consensus a leader needs to hear a majority of all voters, not one of each half."
        "The new servers are many, the old ones cut off. All in all a majority answers the leader, which leads on, though nothing is \
         committed without the old half.";
    RefusalsAreNoAnswers [CheckQuorum] "Raft thesis, 6.2"
        "Only followers that accept entries count as heard, not those that refuse them or take a snapshot."
        "Its followers are behind, and each answer says where to go back to, or that another part has come. The leader takes them for \
         dead and steps down, and the next one begins anew.";
    PrevoteInLease [Promises] "Raft thesis, 9.6"
        "A pre-vote is granted by who hears its leader."
        "One node does not hear the leader. The others tell it that they would vote for it, it raises its term, and the leader that all \
         others hear falls.";
    PromiseLostInCrash [Promises, Linearizability] "Raft thesis, 6.4.1"
        "A node that restarts does not wait until what it may have promised a leader is over."
        "It answered a round of the leader, which reads by that lease. It crashes, is back at once, and votes for another.";
    LeaderDeposesItself [Promises] "Raft thesis, 4.2.3"
        "A leader that a majority answers takes over the term of a candidate."
        "Its followers are loyal to the leader, and it is not: a server that hears no heartbeats deposes it again and again.";
    LeaderWordForged [Promises] "Raft thesis, 4.2.3, 3.10"
        "A candidate says in every election that its leader asked for it."
        "The word of the leader frees all others from their loyalty. Who does not hear the leader deposes it at once.";

    // By what right reads are answered.
    RoundBeforeRead [ReadRights, Linearizability] "Raft thesis, 6.4"
        "A round of the leader confirms the reads that came while it was under way."
        "The answers say that the leader led when the round was sent. Another was elected since, and has committed what the read that came \
         later does not see.";
    RoundsMixed [ReadRights, Linearizability] "Raft thesis, 6.4"
        "An answer to any round of the term counts for the latest one."
        "Answers to a round of long ago arrive late, and confirm one that was sent when nobody followed the leader any more.";
    LearnersConfirmReads [ReadRights, Linearizability] "Raft thesis, 6.4, 4.2.1"
        "The answers of learners count in a round."
        "The voters have elected another leader. The learners do not know, and their answers make up a majority for the leader of old, which \
         reads what was overwritten since.";

    // Snapshots.
    MissingPrevAccepted [StateMachineSafety, LogMatching] "WRaft PR 118, etcd-io/raft PR 31"
        "An index before the end of the snapshot always matches."
        "Entries arrive late again, after the follower has compacted them. It finds nothing to compare them with, and adds them at the \
         end of its log once more.";
    SnapKeepsConflict [LogMatching, StateMachineSafety, LeaderCompleteness, Snapshot, SafeCommit] "openraft 674e78aa"
        "A conflicting log survives the snapshot that is to replace it."
        "A follower has entries of a leader that was deposed, up to the end of a snapshot and beyond. It installs the snapshot, and keeps \
         the entries behind it, which follow another history.";
    SnapSetsTerm [MonotonicTerm, OneVote] "WRaft PR 118"
        "Installing a snapshot sets the current term to that of its last entry."
        "The follower goes back in time, and may vote a second time in a term that it was in before.";
    SnapDropsSessions [ExactlyOnce, Linearizability, Snapshot] "Raft thesis, 6.3"
        "A snapshot is without what the sessions of clients remember."
        "A follower gets a snapshot in place of a long log, and with it forgets what clients have asked already. A request that is tried \
         again, and stands behind the snapshot, is carried out by it a second time.";
    RestoreKeepsSessions [Snapshot, ExactlyOnce, Linearizability] "Raft thesis, 6.3"
        "A node that installs a snapshot takes over its keys, and keeps its own sessions."
        "It lagged behind, and knows neither the sessions that were opened meanwhile nor what their requests gave. What stands behind the \
         snapshot it carries out otherwise than all others do.";
    SnapLoop [Liveness] "openraft afd6508b, etcd d87942f"
        "A leader never goes back from sending a snapshot to sending entries."
        "The follower installs the snapshot and says so. The leader sends it again and again, and the entries behind it never.";

    // Changes of the members.
    ChangeBeforeNoop [ElectionSafety, LeaderCompleteness, Durability, SafeCommit, StateMachineSafety] "Ongaro, raft-dev, 10 July 2015"
        "A leader changes the members before it has committed an entry of its own term."
        "Two leaders of different terms each change the old configuration by one server, in different ways, and neither knows of the \
         other's change. A majority of the one and a majority of the other need no node in common.";
    ChangeOverlap [ElectionSafety, Durability, Configuration, SafeCommit, LeaderCompleteness] "Raft thesis, 4.1"
        "A leader begins a change of the members while the one before is not committed."
        "Two servers are added at once. Who knows of neither change still elects a leader by the old majority, which need not meet the \
         majority that commits.";
    CampaignUnappliedConfig [ElectionSafety, LeaderCompleteness, StateMachineSafety, SafeCommit, Durability, Liveness] "etcd-io/raft PR 469, etcd 7280; Raft thesis, 4.1"
        "A candidate counts votes by the configuration that it has applied, not by the latest in its log."
        "Servers were added, and this node knows, but has not applied that. A majority of the old ones is enough for it, while the others \
         elect somebody else by a majority of the new ones.";
    VoteByOwnConfig [Liveness] "etcd PR 10998, raft-rs 57; Raft thesis, 4.1"
        "A node that is no voter by its own log refuses its vote."
        "A learner is promoted, and that is committed by the two others. When the leader dies, the remaining one needs the vote of the \
         new voter, which takes itself for a learner still: nobody is elected any more.";
    RemovedDisrupts [Liveness, Promises] "Raft thesis, 4.2.3"
        "Who hears its leader is loyal to it against members only, not against servers that were removed."
        "A server that was removed, and does not know, hears no heartbeats any more and stands again and again. Each time its term \
         deposes the leader.";
    JointByUnion [ElectionSafety, Durability, SafeCommit, LeaderCompleteness, StateMachineSafety, CheckQuorum, ReadRights, Configuration] "Raft paper, section 6"
        "In joint consensus a majority of all servers decides, not one of each half."
        "The new servers are more than the old ones. They commit among themselves, while a majority of the old ones, which does not know of them, \
         elects a leader of its own.";
    JointNewMajorityOnly [ElectionSafety, SafeCommit, Durability, LeaderCompleteness, StateMachineSafety, CheckQuorum, ReadRights, Configuration] "Raft paper, section 6"
        "In joint consensus a majority of the new servers is enough."
        "The new servers commit the joint configuration among themselves, while the old ones, who have not heard of it, elect a leader of \
         their own.";
    JointSkipped [Configuration, SafeCommit, Durability, ElectionSafety, LeaderCompleteness] "Raft paper, section 6, Figure 10"
        "A leader that is asked to change several servers goes straight to the new configuration."
        "Who has the entry goes by the new servers, who lacks it by the old ones. The two majorities need no node in common, so that \
         there may be two leaders, and each commits what the other does not have.";
    RemovedLeaderStays [Configuration] "Raft thesis, 4.2.2"
        "A leader that has committed a configuration without itself leads on."
        "It beats, so that no member ever stands, and whether the cluster lives hangs on a server that is no part of it. Whoever switches \
         it off, as may be done with a server that was removed, takes the leader away.";
    // No election goes wrong where a configuration counts as soon as it is in a log: whoever goes by both halves, too, needs a
    // majority of the new servers, and what such a snapshot covers is on a majority of the old ones.
    SnapDropsConfig [Durability, SafeCommit, Configuration] "etcd e515a67"
        "A node that goes by a snapshot forgets the old half of a joint configuration."
        "A snapshot was taken in joint consensus. Who restarts with it, or was sent it, counts a majority of the new servers only.";
    TruncationKeepsConfig [Configuration] "Raft thesis, 4.1"
        "A configuration that is removed from the log still counts."
        "A follower went by the change of a leader that was deposed. Its successor removes the entry from the follower's log, and the \
         follower still counts majorities of servers that were never added.";
    RestartForgetsConfig [Configuration] "Raft thesis, 4.1"
        "After a restart a node goes by the configuration of its snapshot, not by the latest in its log."
        "Servers were added and removed. A node restarts, and counts majorities of those who were members when its log began.";
    InstallKeepsConfig [Configuration] "Raft paper, section 7"
        "A node that installs a snapshot in place of its log goes on by the configuration that it knew."
        "It lagged behind while the members changed. It gets a snapshot, which tells who they are now, and takes its state only.";
    SnapshotOfLatestConfig [Configuration] "Raft paper, section 7"
        "A snapshot holds the latest configuration in the log, and not that of its end."
        "The latest is not committed, and is removed later. Whoever restarts with the snapshot, or was sent it, goes by it for good.";
    WipedSameId [LeaderCompleteness, Durability, ElectionSafety, OneVote, MonotonicTerm, StateMachineSafety, SafeCommit, Linearizability] "rethinkdb 5289 (Jepsen); etcd refuses to start such a member"
        "A node whose disk was emptied takes part again as the member that it was."
        "It acknowledged entries and gave votes that it does not know of any more. With it, those who missed them are a majority.";
}
