//! Every safety rule of Figure 2, as one small predicate.
//!
//! A planted bug is an exception at the end of its rule's line. `broken(` occurs in this file only, once for each bug that
//! lives in the protocol; a test holds that. Bugs that live between a node and its disk or network are in
//! [`saboteur`](crate::guests::saboteur).

use crate::bugs::{Bug, Bugs};
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::machine::Output;
use crate::node::Moment;
use crate::time::{LocalTime, Span, SpanRange};

/// The rules of Raft, with the exceptions that a plan plants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules(Bugs);

impl Rules {
    /// Whether no bug is planted, so that what the rules promise holds at every node.
    pub fn are_kept(self) -> bool {
        self.0.count() == 0
    }

    /// The rules with these bugs planted.
    pub fn with(bugs: &[Bug]) -> Rules {
        Rules(Bugs::of(bugs))
    }

    /// The same, of a set of bugs.
    pub const fn of(bugs: Bugs) -> Rules {
        Rules(bugs)
    }

    /// The bugs among them.
    pub const fn bugs(self) -> Bugs {
        self.0
    }

    /// Whether this bug is planted.
    pub const fn has(self, bug: Bug) -> bool {
        self.0.has(bug)
    }

    const fn broken(self, bug: Bug) -> bool {
        self.has(bug)
    }
}

/// Each rule is a row: what it says, a name, what it is asked of, and the answer.
macro_rules! rules {
    ($self:ident: $($(#[$doc:meta])+ $name:ident($($of:ident: $type:ty),*) -> $out:ty = $answer:expr;)+) => {
        impl Rules {
            $($(#[$doc])+ pub fn $name($self $(, $of: $type)*) -> $out { $answer })+
        }
    };
}

rules! {
    self:
    /// 5.1: a server updates its current term to a larger value, and never to a smaller one.
    takes_over(term: Term, current: Term) -> bool =
        term > current || (term < current && self.broken(Bug::TermRegress));
    /// 5.2: each server will vote for at most one candidate in a given term.
    may_vote(voted_for: Option<NodeId>, candidate: NodeId) -> bool =
        voted_for.is_none_or(|voted| voted == candidate) || self.broken(Bug::VoteTwice);
    /// 5.2: the vote holds for the term, also when a candidate of the same term steps down for its leader.
    vote_outlives_leader() -> bool = !self.broken(Bug::VoteClearedSameTerm);
    /// 5.2: each election timeout is drawn from a range, so that votes are not split again and again.
    election_timeout(range: SpanRange) -> SpanRange =
        if self.broken(Bug::NoRandomisedTimeout) { SpanRange::exactly(range.from) } else { range };
    /// 5.2: only a current leader, and a candidate that got the vote, put the own candidacy off.
    waits_anew(for_good_reason: bool) -> bool =
        for_good_reason || self.broken(Bug::TimerResetOnStale);
    /// 5.1: a candidate or leader that learns of a later term becomes a follower, by a reply too.
    later_term_deposes(reply_to_campaigner: bool) -> bool =
        !(reply_to_campaigner && self.broken(Bug::StaleLeaderStays));
    /// Figure 2: vote requests leave, and the own vote counts, when the vote is durable.
    vote_requests_wait_for(vote: WriteId) -> WriteId =
        if self.broken(Bug::SelfVoteNotDurable) { WriteId::NONE } else { vote };
    /// 5.2: a candidate wins by votes for the same term.
    vote_counts(reply: Term, current: Term) -> bool =
        reply == current || (reply < current && self.broken(Bug::StaleVoteReply));
    /// 5.2: a candidate counts the votes that it was given.
    counts_answer(granted: bool) -> bool = granted || self.broken(Bug::RefusalCounts);
    /// 5.2, 5.5: each server counts once, however often its vote arrives.
    votes_count_once() -> bool = !self.broken(Bug::DuplicateVoteCounts);
    /// 5.2: more than half of the servers elect a leader.
    elects(majority: bool, half: impl Fn() -> bool) -> bool =
        majority || (self.broken(Bug::ElectionByHalf) && half());
    /// Figure 2: a vote is for one term.
    vote_in_new_term(before: Option<NodeId>, own: Option<NodeId>) -> Option<NodeId> =
        if self.broken(Bug::VoteKeptInNextTerm) { own.or(before) } else { own };
    /// 5.4.1: a candidate says where its log ends.
    log_of_candidate(last: (Term, Index), committed: (Term, Index)) -> (Term, Index) =
        if self.broken(Bug::StandsByCommit) { committed } else { last };
    /// 5.4.1: a voter compares that with where its own log ends.
    log_of_voter(last: (Term, Index), committed: (Term, Index)) -> (Term, Index) =
        if self.broken(Bug::UptodateByCommit) { committed } else { last };
    /// Thesis 9.6: a grant carries the term that was asked for, in which the voter is not.
    term_of_grant(asked: Term, current: Term) -> Term =
        if self.broken(Bug::PrevoteReplyOwnTerm) { current } else { asked };
    /// Thesis 9.6: a grant is no vote, although its term is the candidate's by then.
    grant_is_no_vote() -> bool = !self.broken(Bug::PrevoteCountsAsVote);
    /// Thesis 9.6, 4.2.3: who asks for votes has given its leader up, and is loyal to it no more.
    pre_candidate_forgets_leader() -> bool = !self.broken(Bug::PrecandidateKeepsLeader);
    /// Thesis 6.2: a leader that a majority does not answer steps down.
    may_lead_on(hears_majority: bool) -> bool =
        hears_majority || self.broken(Bug::QuorumlessHeartbeats);
    /// Thesis 6.2: a leader gives up when others may have timed out.
    quorum_is_missed_after(range: SpanRange) -> Span =
        if self.broken(Bug::QuorumByLongestTimeout) { range.to } else { range.from };
    /// Thesis 6.2: a follower that refuses entries, or takes a snapshot, answers its leader, too.
    refusals_are_answers() -> bool = !self.broken(Bug::RefusalsAreNoAnswers);
    /// Thesis 9.6: who hears its leader would vote for nobody.
    pre_votes_by_loyalty(hears_leader: bool) -> bool =
        hears_leader && !self.broken(Bug::PrevoteInLease);
    /// Thesis 4.2.3: a leader that a majority answers deposes itself for nobody.
    is_loyal_to_itself(hears_majority: bool) -> bool =
        hears_majority && !self.broken(Bug::LeaderDeposesItself);
    /// Thesis 4.2.3, 3.10: it is the leader that asks for an election without loyalty.
    stands_by_leaders_word(by_leader: bool) -> bool =
        by_leader || self.broken(Bug::LeaderWordForged);
    /// Thesis 3.10: a leader gives up a transfer that takes too long, and takes requests again.
    transfer_ends_with_its_time() -> bool = !self.broken(Bug::TransferWedged);
    /// 5.3: entries are accepted behind an entry with the index and term that the leader names.
    prev_matches(own: Option<Term>, prev_log_term: Term) -> bool =
        own.is_some_and(|own| own == prev_log_term || self.broken(Bug::PrevTermUnchecked));
    /// 5.3: an entry conflicts with a new one of the same index but a different term.
    conflicts(own: Term, new: Term) -> bool = own != new && !self.broken(Bug::NoTruncateOnConflict);
    /// 5.3: entries that match are kept, and so are those behind them.
    keeps_what_matches() -> bool = !self.broken(Bug::TruncateUnconditional);
    /// Figure 2: match_index and commit_index increase monotonically, for what a disk was known to hold it holds.
    known_so_far(before: Index, told: Index) -> Index =
        if self.broken(Bug::MatchRegress) { told } else { before.max(told) };
    /// 5.3: a follower acknowledges what a message has verified.
    acknowledged(verified: Index, last: Index) -> Index =
        if self.broken(Bug::AckOfWholeLog) { last } else { verified };
    /// 5.3: a refusal says nothing of what a follower holds.
    known_by_refusal(rejected: Index) -> Option<Index> =
        self.broken(Bug::RefusalCountsAsAck).then_some(rejected);
    /// Figure 2: entries of a leader whose term is over are refused.
    refuses_stale_entries() -> bool = !self.broken(Bug::StaleEntriesAccepted);
    /// 5.3: an entry keeps the term in which it was written.
    term_of_entry(own: Term, leader: Term) -> Term =
        if self.broken(Bug::EntriesTakeLeadersTerm) { leader } else { own };
    /// Section 7: the index and term of the last entry that a snapshot covers are kept for the check of the entry behind it.
    keeps_term_of_base() -> bool = !self.broken(Bug::BaseTermForgotten);
    /// Thesis 10.2.1: what was not answered for long is taken for lost, and sent again.
    unanswered_may_be_lost() -> bool = !self.broken(Bug::LostAppendHoldsWindow);
    /// Thesis 4.2.1: learners count for no commit.
    counted_copies(voters: NodeSet, members: NodeSet) -> NodeSet =
        if self.broken(Bug::LearnersCountForCommit) { members } else { voters };
    /// 5.4.2, Figure 8: counting replicas commits only an entry of the leader's own term.
    may_commit(entry: Term, current: Term) -> bool =
        entry == current || self.broken(Bug::OldTermCommit);
    /// 5.3: an acknowledgement counts in the term in which its entries were sent.
    ack_counts(reply: Term, current: Term) -> bool =
        reply == current || (reply < current && self.broken(Bug::StaleAckAccepted));
    /// Figure 2: match_index is initialised to zero, for a leader knows nothing of its followers.
    initial_match(last: Index) -> Index =
        if self.broken(Bug::NextIndexLateInit) { last } else { Index::ZERO };
    /// 5.3: after a refusal the leader goes back, to where the follower says that logs may agree.
    next_after_refusal(before: Index, hint: Index) -> Index =
        if self.broken(Bug::BackoffLivelock) { before } else { hint };
    /// 7: a follower that has installed the snapshot is sent the entries that follow it.
    snapshot_transfer_ends() -> bool = !self.broken(Bug::SnapLoop);
    /// 5.3: a leader never removes entries of its own log, whatever a follower says.
    leader_keeps_its_log() -> bool = !self.broken(Bug::LeaderOverwritesOwnLog);
    /// Thesis 10.2.1: a leader's own copy counts when it is durable.
    own_copy(durable: Index, last: Index) -> Index =
        if self.broken(Bug::LeaderCountsUnsynced) { last } else { durable };
    /// 5.3: entries are applied once committed, and here not before they are on the own disk.
    apply_limit(commit: Index, durable: Index, last: Index) -> Index =
        if self.broken(Bug::ApplyUncommitted) { last } else { commit.min(durable) };
    /// Figure 2: last_applied is where the state machine is.
    first_applied(state_machine: Index) -> Index =
        if self.broken(Bug::ApplyTwiceAfterRestart) { Index::ZERO } else { state_machine };
    /// 5.3: a client hears of its request when its entry is applied, and only what is committed is.
    answer_waits_for_commit() -> bool = !self.broken(Bug::AckBeforeCommit);
    /// Thesis 6.4: a follower asks its leader before it answers a read.
    follower_asks() -> bool = !self.broken(Bug::FollowerLocalRead);
    /// Section 8: what waits at a leader that falls may be done or not.
    fall_says_nothing() -> bool = !self.broken(Bug::PendingDoneAtFall);
    /// 5.3: a request that is tried again is done when its entry is, which may be the first one's.
    retry_waits_for_commit() -> bool = !self.broken(Bug::RetryTakenForDone);
    /// Thesis 6.3: a client hears what its own entry gave.
    own_answer(own: Output) -> Output =
        if self.broken(Bug::OutcomeIgnored) { Output::Done } else { own };
    /// Section 8, thesis 6.4: a leader does not answer a read by its own state alone, for it may lead no more.
    reads_ask_a_majority() -> bool = !self.broken(Bug::LocalRead);
    /// Thesis 6.4: what was committed before the leader's term is known to be once an entry of its own term is, the first of
    /// which is its no-op.
    read_index(commit: Index, noop: Index) -> Index =
        if self.broken(Bug::ReadindexBeforeNoop) { commit } else { commit.max(noop) };
    /// Thesis 6.4: a majority answers before reads are, the leader counted.
    may_answer_reads(majority: bool, one_short: impl Fn() -> bool) -> bool =
        majority || self.broken(Bug::ReadQuorumShort) && one_short();
    /// Thesis 6.4.1: a lease begins when the round was sent, not when it was answered.
    lease_begins(sent: Moment, answered: Moment) -> Moment =
        if self.broken(Bug::LeaseFromAnswer) { answered } else { sent };
    /// Thesis 6.4.1 assumes that the drift of clocks is bounded; that of a clock that may be set is not.
    lease_clock(moment: Moment) -> LocalTime =
        if self.broken(Bug::LeaseWallclock) { moment.now } else { moment.steady };
    /// Thesis 6.4.1: who promised a leader to elect nobody else keeps that promise.
    keeps_promises() -> bool = !self.broken(Bug::LeaseNotHonoured);
    /// Thesis 6.4.1: a restart ends no promise.
    promises_outlive_crash() -> bool = !self.broken(Bug::PromiseLostInCrash);
    /// Thesis 6.4: a round confirms the reads that came before it was sent.
    reads_confirmed(covered: u64, asked: u64) -> u64 =
        if self.broken(Bug::RoundBeforeRead) { asked } else { covered };
    /// Thesis 6.4: an answer counts for its own round.
    round_counts(reply: u64, latest: u64) -> bool =
        reply == latest || (reply > 0 && reply < latest && self.broken(Bug::RoundsMixed));
    /// Thesis 6.4.1: a leader that has a transferee stand, which no promise holds back, has no lease any more.
    lease_outlives(transfer: bool) -> bool = !transfer || self.broken(Bug::LeaseSurvivesTransfer);
    /// Thesis 6.4: who answers a read has applied as far as the leader knew to be committed.
    may_read(read_index: Index, applied: Index) -> bool =
        applied >= read_index || self.broken(Bug::FollowerReadUnapplied);
    /// Thesis 6.3: what requests gave is part of the replicated state, and kept as that is.
    answers_outlive_crash() -> bool = !self.broken(Bug::DedupLost);
    /// Section 7: what a snapshot covers is compared no more, so that entries which arrive late again are left out up to its end.
    leaves_out_what_is_covered() -> bool = !self.broken(Bug::MissingPrevAccepted);
    /// Figure 13, steps 6 and 7: a log with the last entry that a snapshot covers keeps what lies behind; any other goes.
    keeps_log_behind(own: Option<Term>, last_included_term: Term) -> bool =
        own.is_some_and(|own| own == last_included_term || self.broken(Bug::SnapKeepsConflict));
    /// Thesis 6.3: what sessions remember is part of the replicated state, so that snapshots hold it.
    snapshots_hold_sessions() -> bool = !self.broken(Bug::SnapDropsSessions);
    /// Thesis 6.3: who takes over a snapshot takes over its sessions.
    restores_sessions() -> bool = !self.broken(Bug::RestoreKeepsSessions);
    /// 5.1: the term is that of the messages; a snapshot's last entry is older, and changes nothing.
    term_after_install(current: Term, last_included_term: Term) -> Term =
        if self.broken(Bug::SnapSetsTerm) { last_included_term } else { current };
    /// Ongaro 2015, on single-server changes: a leader changes the members only after it has committed an entry of its own term.
    changes_after_own_commit(committed: Term, current: Term) -> bool =
        committed == current || self.broken(Bug::ChangeBeforeNoop);
    /// Thesis 4.1: a change begins when the one before is committed.
    changes_one_at_a_time(settled: bool) -> bool = settled || self.broken(Bug::ChangeOverlap);
    /// Thesis 4.1: a candidate goes by the latest configuration in its log, applied or not.
    stands_by(latest: Configuration, applied: Configuration) -> Configuration =
        if self.broken(Bug::CampaignUnappliedConfig) { applied } else { latest };
    /// Thesis 4.1: a node votes for whoever asks, for its own log may not have the configuration by which it is asked.
    votes_by_its_own_log() -> bool = self.broken(Bug::VoteByOwnConfig);
    /// Thesis 4.2.3: who hears its leader deposes it for nobody, least of all for a server that was removed.
    is_loyal_against(member: bool) -> bool = member || !self.broken(Bug::RemovedDisrupts);
    /// Section 6: in joint consensus each half decides for itself.
    halves_decide() -> bool = !self.broken(Bug::JointByUnion);
    /// Section 6: in joint consensus it takes a majority of the old servers, too.
    old_half(outgoing: NodeSet) -> NodeSet =
        if self.broken(Bug::JointNewMajorityOnly) { NodeSet::EMPTY } else { outgoing };
    /// Thesis 4.1: a configuration counts as long as it is in the log.
    removed_config_counts_no_more() -> bool = !self.broken(Bug::TruncationKeepsConfig);
    /// Thesis 4.1: the latest configuration in the log counts, after a restart too.
    config_outlives_restart() -> bool = !self.broken(Bug::RestartForgetsConfig);
    /// Section 7: an installed snapshot says who the members are.
    config_of_installed(own: Configuration, snapshot: Option<Configuration>) -> Option<Configuration> =
        if self.broken(Bug::InstallKeepsConfig) { Some(own) } else { snapshot };
    /// Section 7: a snapshot holds the configuration as of its end.
    config_of_snapshot(at_end: Configuration, latest: Configuration) -> Configuration =
        if self.broken(Bug::SnapshotOfLatestConfig) { latest } else { at_end };
    /// Thesis 4.2.2: a leader that has committed a configuration without itself steps down.
    leaves_once_removed(removed: bool) -> bool = removed && !self.broken(Bug::RemovedLeaderStays);
    /// Figure 2: a member whose disk was emptied does not know what it promised, so it comes back as another server or not at all.
    needs_its_disk() -> bool = !self.broken(Bug::WipedSameId);
    /// ALICE: a record whose checksum does not hold was never written.
    drops_torn_tail() -> bool = !self.broken(Bug::TornTailAccepted);
    /// Protocol-Aware Recovery, FAST'18: only a record at the end of the journal can be torn. A checksum that does not hold before it says
    /// that something is lost which others count on.
    tells_corrupt_from_torn() -> bool = !self.broken(Bug::CorruptIsEof);
    /// 5.3: what was removed stays removed, over restarts too.
    removal_outlives_crash() -> bool = !self.broken(Bug::TruncationNotCrashSafe);
}

/// The rules that take more than a line.
impl Rules {
    /// Thesis 6.2, section 6: a leader has to hear a majority of its voters, in joint consensus of both halves, whoever else it hears.
    pub fn hears_enough(self, configuration: Configuration, near: NodeSet, quorum: bool) -> bool {
        let Configuration { voters, .. } = configuration;
        let (counted, of) = match () {
            () if self.broken(Bug::LearnersKeepLeader) => {
                (near.intersection(configuration.members()), voters)
            }
            () if self.broken(Bug::UnionKeepsLeader) => {
                (near.intersection(configuration.voting()), configuration.voting())
            }
            () => return quorum,
        };
        counted.len() > of.len() / 2
    }

    /// Thesis 6.4: of those who answer a round, voters count.
    pub fn confirms_reads(
        self,
        configuration: Configuration,
        answered: NodeSet,
        quorum: bool,
    ) -> bool {
        let count = answered.intersection(configuration.members()).len();
        quorum || (self.broken(Bug::LearnersConfirmReads) && count > configuration.voters.len() / 2)
    }

    /// 5.4.1: a log is at least as up to date if its last term is later, or the same and it is not shorter.
    pub fn up_to_date(self, candidate: (Term, Index), own: (Term, Index)) -> bool {
        if self.broken(Bug::UptodateIndexOnly) {
            return candidate.1 >= own.1;
        }
        if self.broken(Bug::UptodateStrictly) {
            return candidate > own;
        }
        let shorter = candidate.1 < own.1 && self.broken(Bug::UptodateVector);
        (candidate >= own && !shorter) || self.broken(Bug::StaleLogVote)
    }

    /// Figure 2: commit_index = min(leader_commit, index of last new entry), and it never goes back.
    pub fn follower_commit(
        self,
        own: Index,
        leader_commit: Index,
        verified: Index,
        last: Index,
    ) -> Index {
        let limit = if self.broken(Bug::CommitPastVerified) { last } else { verified };
        let told = leader_commit.min(limit);
        if self.broken(Bug::CommitRegress) { told } else { own.max(told) }
    }

    /// 5.3: an entry is committed once a majority has it. How many copies that takes, of so many nodes.
    pub fn copies_to_commit(self, nodes: usize) -> usize {
        let majority = nodes / 2 + 1;
        if self.broken(Bug::CommitWithoutQuorum) { majority.max(2) - 1 } else { majority }
    }

    /// Thesis 6.4.1: a lease is shorter than the promise by how much faster one clock may run than another.
    pub fn lease(self, promise: Span, drift_bound_ppm: u32) -> Span {
        let bound = if self.broken(Bug::LeaseWithoutDriftBound) { 0 } else { drift_bound_ppm };
        let share = u128::from(promise.0) * 1_000_000 / (1_000_000 + u128::from(bound));
        #[expect(clippy::missing_panics_doc, reason = "it does not panic")]
        let share = u64::try_from(share).expect("a share is not more than the whole");
        Span(share)
    }

    /// Section 6, Figure 10: servers that go by the old configuration and such that go by the new one could each decide alone, so that
    /// between the two lies joint consensus.
    pub fn enters(self, next: Configuration) -> Configuration {
        match self.broken(Bug::JointSkipped) {
            true => Configuration { outgoing: NodeSet::EMPTY, auto_leave: false, ..next },
            false => next,
        }
    }

    /// Section 7: a snapshot has the latest configuration in it, all of it.
    pub fn from_snapshot(self, members: Configuration) -> Configuration {
        let outgoing =
            if self.broken(Bug::SnapDropsConfig) { NodeSet::EMPTY } else { members.outgoing };
        Configuration { outgoing, ..members }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bug_has_a_bit_of_its_own() {
        for bug in Bug::ALL {
            let rules = Rules::with(&[bug]);
            assert_eq!(rules.bugs().count(), 1, "{bug}");
            let has: Vec<Bug> = Bug::ALL.into_iter().filter(|other| rules.has(*other)).collect();
            assert_eq!(has, [bug]);
        }
        assert_eq!(Rules::with(&Bug::ALL).bugs().count() as usize, Bug::ALL.len());
    }

    #[test]
    fn a_bug_breaks_its_own_rule_only() {
        let honest = Rules::default();
        let degraded = Rules::with(&[Bug::OldTermCommit]);
        assert!(!honest.may_commit(Term(2), Term(4)));
        assert!(degraded.may_commit(Term(2), Term(4)));
        assert!(!degraded.may_vote(Some(NodeId::new(1)), NodeId::new(2)));
    }

    #[test]
    fn the_later_last_term_is_more_up_to_date_and_then_the_longer_log() {
        let rules = Rules::default();
        assert!(rules.up_to_date((Term(3), Index(1)), (Term(2), Index(9))));
        assert!(!rules.up_to_date((Term(2), Index(9)), (Term(3), Index(1))));
        assert!(rules.up_to_date((Term(3), Index(4)), (Term(3), Index(4))));
        assert!(!rules.up_to_date((Term(3), Index(3)), (Term(3), Index(4))));
    }
}
