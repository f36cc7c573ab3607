//! Which properties name a mistake itself, where others see what comes of it later.

use crate::bugs::Bug;
use crate::property::Property;

impl Bug {
    /// The properties that accuse the step which the mistake decides: the vote that must not be given, the commit without a majority, the
    /// read that is answered by no right. Others that the mistake violates are violated later, by what comes of it.
    pub fn named_by(self) -> &'static [Property] {
        use Property as P;
        match self {
            Bug::VoteTwice
            | Bug::VoteClearedSameTerm
            | Bug::VoteNotPersisted
            | Bug::VoteSentBeforeFsync
            | Bug::SelfVoteNotDurable
            | Bug::VoteWriteErrorIgnored => &[P::OneVote],
            Bug::MessagesOvertakeWrites | Bug::FailedSyncBelieved => &[P::Durability, P::OneVote],
            Bug::OldTermCommit | Bug::ChangeBeforeNoop => &[P::SafeCommit],
            Bug::CommitWithoutQuorum | Bug::NextIndexLateInit => &[P::Durability],
            Bug::NoTruncateOnConflict => &[P::LogMatching, P::Durability],
            Bug::AckBeforeCommit => &[P::ExactlyOnce],
            Bug::ApplyTwiceAfterRestart => &[P::StateMachineSafety, P::ExactlyOnce],
            Bug::MissingPrevAccepted => &[P::LogMatching],
            // Of reads that have entries, nobody carried out the own one.
            Bug::LocalRead | Bug::FollowerLocalRead => &[P::ReadRights, P::ExactlyOnce],
            Bug::CachedRead => &[P::Linearizability, P::ReadRights, P::ExactlyOnce],
            Bug::DedupLost => &[P::ExactlyOnce, P::Snapshot],
            Bug::ReadindexBeforeNoop
            | Bug::ReadQuorumShort
            | Bug::FollowerReadUnapplied
            | Bug::LeaseSurvivesTransfer
            | Bug::LeaseWithoutDriftBound
            | Bug::LeaseFromAnswer => &[P::ReadRights],
            Bug::QuorumlessHeartbeats => &[P::CheckQuorum],
            Bug::LeaseWallclock => &[P::Promises, P::ReadRights],
            Bug::LeaseNotHonoured | Bug::RemovedDisrupts => &[P::Promises],
            Bug::WipedSameId => &[P::Durability, P::OneVote, P::MonotonicTerm],
            Bug::SnapDropsSessions => &[P::Snapshot, P::ExactlyOnce],
            Bug::ChangeOverlap | Bug::JointSkipped | Bug::SnapDropsConfig => &[P::Configuration],
            Bug::CampaignUnappliedConfig => &[P::ElectionSafety, P::Liveness],
            // Too few decide: whichever decision is the first.
            Bug::JointNewMajorityOnly | Bug::JointByUnion => {
                &[P::Configuration, P::Durability, P::ElectionSafety, P::CheckQuorum, P::ReadRights]
            }
            bug => bug.about().violates.get(..1).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_bug_is_among_what_it_violates() {
        for bug in Bug::ALL {
            let known = bug.about().violates;
            let named_by = bug.named_by();
            assert!(!named_by.is_empty(), "{bug}");
            assert!(named_by.iter().all(|property| known.contains(property)), "{bug}");
        }
    }
}
