//! Which situations a guest can get into: some take a feature that it may lack.

use crate::guest::{Feature, Features};
use crate::situation::Situation;

/// Each row has features of which it takes at least one, and situations. What stands in two rows takes one of each.
macro_rules! needs {
    ($([$($feature:ident),+] $($situation:ident),+;)+) => {
        const NEEDS: &[(&[Feature], &[Situation])] =
            &[$((&[$(Feature::$feature),+], &[$(Situation::$situation),+])),+];
    };
}

needs! {
    [PreVote] PreVoteAsked, PreVoteRepeated, PreVoteGranted, PreVoteRefusedLeaderHeard,
        PreVoteRefusedLog, PreVoteRefusedTerm, PreVoteWon, PreVoteWonElectionLost, LatePreVoteGrant,
        PreCandidateYields, PreCandidateOutdated, ReturnedQuietly;
    [CheckQuorum] LeaderWithoutQuorum;
    [VoteLease] VoteRefusedLoyal, LoyaltySetAside;
    [Transfer] TransferBegun, TransfereeBehind, TransfereeCaughtUp, TransfereeDown,
        TransferLeaderCrashed, ElectionByTransfer, LoyaltySetAside, TransferCompleted,
        TransferAborted, TransferLostToAnother, RequestRefusedInTransfer, RequestsTakenAgain,
        TimeoutNowStale, LeaseGivenUp;
    [Priorities] ElectionLeftToOthers, PriorityDecayed, LowerPriorityElected;
    [Batching] RequestsGathered;
    [Pipelining] AppendsPipelined, WindowFull;
    [Snapshots] SnapshotTaken, AppendsDuringSnapshot, CompactedPastFollower, TrailingEntriesSent,
        FollowerNeedsSnapshot, SnapshotInParts, SnapshotPartResent, SnapshotPartRepeated,
        SnapshotPartAfterGap, SnapshotPartStale, SnapshotNotNeeded, SnapshotInstalled,
        SnapshotOverConflict, SnapshotOverShortLog, SuffixKeptAfterInstall, StreamingAfterInstall,
        InstallOvertaken, LeaderChangedDuringInstall, CrashWhileWritingSnapshot, CrashDuringInstall,
        InstallFinishedAtRestart, RestartFromSnapshot, RestartWithEmptyLog, LeaderWithCompactedLog,
        AppendBelowBase, SnapshotCorrupted, SnapshotTakenInJoint;
    [Forwarding] RequestForwarded, ForwardAnswered, ForwardMisdirected, ForwardedThenLeaderChanged,
        ForwardDuplicated;
    [ReadIndex, LeaseReads] ReadRoundBegun, ReadRoundRepeated, ReadRoundRefused, ReadBeforeOwnEntry,
        ReadByFollower, FollowerReadWaited, ReadIndexRefused;
    [FollowerReads] ReadByFollower, FollowerReadWaited, ReadIndexRefused;
    [LeaseReads] ReadAnsweredAtOnce, LeaseRead, LeaseLapsed, LeaseGivenUp, VoteRefusedPromise,
        PromiseOutlivedRestart;
    [Sessions] SessionOpened, SessionOpenedTwice, SessionOpenedAgain, SessionExpired,
        DuplicateKnownBySession, LateRequestIgnored, UnknownNeverTakesEffect;
    [ElectsByLog] VoteGranted, VoteRefusedAlreadyGiven, VoteRefusedOlderLastTerm,
        VoteRefusedShorterLog, VoteRefusedStaleTerm, VoteRepeated, VoteAfterRestart,
        StaleVoteArrived, StaleVoteReachedCandidate, ElectionWonUnanimously;
    [LostWrites] DiskLied;
    [SingleChange, JointConsensus, Learners] MembersChanged, ConfigurationUndone, LeaderLeft,
        OutsiderStands;
    [Learners] LearnerPromoted, PromotionWaited;
    [JointConsensus] JointEntered, JointLeft, LeaderElectedInJoint, CommittedInJoint,
        SnapshotTakenInJoint;
}

impl Situation {
    /// Whether a guest that lacks these features can get into it.
    pub fn is_within_reach(self, lacks: Features) -> bool {
        let is_out = |(features, situations): &(&[Feature], &[Situation])| {
            situations.contains(&self) && features.iter().all(|feature| lacks.has(*feature))
        };
        lacks.is_empty() || !NEEDS.iter().any(is_out)
    }
}

/// The situations that a guest which lacks these features cannot get into.
pub fn out_of_reach(lacks: Features) -> impl Iterator<Item = Situation> {
    Situation::ALL.iter().copied().filter(move |situation| !situation.is_within_reach(lacks))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words in names that tell of a feature.
    const TELL: [(&str, Feature); 11] = [
        ("pre-vote", Feature::PreVote),
        ("pre-candidate", Feature::PreVote),
        ("transfer", Feature::Transfer),
        ("snapshot", Feature::Snapshots),
        ("install", Feature::Snapshots),
        ("compacted", Feature::Snapshots),
        ("forward", Feature::Forwarding),
        ("read-round", Feature::ReadIndex),
        ("lease", Feature::LeaseReads),
        ("session", Feature::Sessions),
        ("joint", Feature::JointConsensus),
    ];

    #[test]
    fn what_a_name_tells_of_is_in_the_table() {
        let all: Features = Feature::ALL.iter().copied().collect();
        for situation in Situation::ALL {
            let told = TELL.iter().any(|(word, _)| situation.name().contains(word));
            assert!(!told || !situation.is_within_reach(all), "{situation}");
        }
    }

    #[test]
    fn one_missing_feature_takes_its_own_situations_away() {
        let without = |feature| Features::NONE.with(feature);
        for (word, feature) in TELL {
            let of_it =
                Situation::ALL.iter().filter(|situation| situation.name().starts_with(word));
            // Reads in rounds come with either kind of reads beside the log.
            let is_shared = feature == Feature::ReadIndex;
            for situation in of_it {
                assert_eq!(situation.is_within_reach(without(feature)), is_shared, "{situation}");
            }
        }
        for situation in Situation::ALL {
            assert!(situation.is_within_reach(Features::NONE), "{situation}");
        }
    }
}
