//! The catalogue of situations.

situations! {
    // Elections (5.1, 5.2, 5.4.1).
    ElectionStarted "election-started"
        "A node became candidate."
        "Nothing else of Raft happens without it.";
    ElectionRepeated "election-repeated"
        "A candidate's election timed out and it started another."
        "The third outcome of an election: nobody wins.";
    LeaderElected "leader-elected"
        "A candidate became leader."
        "The first outcome of an election.";
    LeaderElectedAgain "leader-elected-again"
        "A node was elected that had led an earlier term."
        "A second leadership must start from scratch: next_index, match_index, pending answers.";
    ElectionWonBareMajority "election-won-bare-majority"
        "A leader was elected with exactly a majority of votes."
        "One vote less and it must not lead: off-by-one errors live here.";
    ElectionWonUnanimously "election-won-unanimously"
        "The vote of the last other node reached the leader of its term."
        "Votes that arrive after the election must change nothing.";
    SplitVote "split-vote"
        "Two candidates stood in one term."
        "One vote per node and term is all that keeps them apart.";
    SplitVoteResolved "split-vote-resolved"
        "A leader was elected after a term with two candidates and no leader."
        "Randomised timeouts did their work.";
    CandidateYields "candidate-yields"
        "A candidate accepted a leader of its own term."
        "The second outcome of an election.";
    CandidateOutdated "candidate-outdated"
        "A candidate gave up for a higher term."
        "Terms, not roles, decide.";
    VoteGranted "vote-granted"
        "A node granted its vote."
        "The vote must be durable before it leaves.";
    VoteRefusedAlreadyGiven "vote-refused-already-given"
        "A node refused its vote because it gave it to another candidate in this term."
        "The rule that two leaders in a term would break.";
    VoteRefusedOlderLastTerm "vote-refused-older-last-term"
        "A vote was refused because the candidate's last entry is of an older term."
        "The first half of the up-to-date rule (5.4.1).";
    VoteRefusedShorterLog "vote-refused-shorter-log"
        "A vote was refused because the candidate's log ends in the same term but is shorter."
        "The second half of the up-to-date rule (5.4.1).";
    VoteRefusedStaleTerm "vote-refused-stale-term"
        "A vote was refused because the candidate's term is over."
        "Delayed requests must not win votes.";
    VoteRepeated "vote-repeated"
        "A node granted its vote again to the candidate that already has it."
        "Duplicates are answered alike, and counted once.";
    VoteAfterRestart "vote-after-restart"
        "A node answered a vote request in the term in which it had voted in an earlier life."
        "The only moment at which the durable vote is needed.";
    StaleVoteArrived "stale-vote-arrived"
        "A granted vote of an older term reached a node."
        "Counting it would elect a leader without a majority.";
    StaleVoteReachedCandidate "stale-vote-reached-candidate"
        "A granted vote of an older term reached a node that is candidate in a newer one."
        "The closest that a stale vote comes to being counted.";
    DuplicateVoteArrived "duplicate-vote-arrived"
        "A candidate received the same node's vote twice."
        "A count in place of a set elects a leader without a majority.";
    RestartInVoteWindow "restart-in-vote-window"
        "A node crashed while a vote was written but not durable."
        "A vote that left before it was durable is now forgotten.";
    DiskErrorInVoteWindow "disk-error-in-vote-window"
        "A write failed while a vote was not yet durable."
        "The vote must not leave.";
    ElectionDespiteLeader "election-despite-leader"
        "A node became candidate while the leader of its term was alive."
        "Delays look like crashes.";
    TwoLeadersAtOnce "two-leaders-at-once"
        "Two live nodes were leaders, of different terms."
        "Allowed, and what makes commit rules necessary.";
    LeaderDeposed "leader-deposed"
        "A live leader became follower."
        "It must drop what it promised nobody.";
    LeaderDeposedUncommitted "leader-deposed-uncommitted"
        "A leader was deposed with uncommitted entries in its log."
        "These entries may survive or vanish; both must be right.";
    LeaderDeposedByReply "leader-deposed-by-reply"
        "A leader learned a higher term from a reply."
        "The way in which a stale leader usually ends.";
    TermJumped "term-jumped"
        "A node's term rose by two or more at once."
        "It slept through elections.";

    // Elections beyond the paper's: pre-vote (thesis 9.6), check-quorum (6.2), loyalty (4.2.3), transfers (3.10), priorities.
    PreVoteAsked "pre-vote-asked"
        "A node asked whether it could win, before it stood."
        "No term rises for it.";
    PreVoteRepeated "pre-vote-repeated"
        "A pre-candidate's time was up and it asked again."
        "It may ask for ever, and must disturb nobody.";
    PreVoteGranted "pre-vote-granted"
        "A node said that it would give its vote."
        "It promises nothing, and is not written.";
    PreVoteRefusedLeaderHeard "pre-vote-refused-leader-heard"
        "A pre-vote was refused, and only a leader that was heard lately speaks against it."
        "What keeps a node that comes back from deposing a healthy leader.";
    PreVoteRefusedLog "pre-vote-refused-log"
        "A pre-vote was refused because the log of the node that asks is older or shorter."
        "It could not win (5.4.1), so it must not stand.";
    PreVoteRefusedTerm "pre-vote-refused-term"
        "A pre-vote was refused because the term that was asked for is not new."
        "The refusal tells the node that asks how late it is.";
    PreVoteWon "pre-vote-won"
        "A majority would vote for a pre-candidate, and it stood."
        "Only now does a term rise.";
    PreVoteWonElectionLost "pre-vote-won-election-lost"
        "A node that stood after it won its pre-vote did not win the election."
        "Grants are no votes: others may have stood as well.";
    LatePreVoteGrant "late-pre-vote-grant"
        "A grant of its pre-vote reached a node that already stood in that term."
        "Counted as a vote, it elects a leader without a majority.";
    PreCandidateYields "pre-candidate-yields"
        "A pre-candidate gave up within its term: it heard of a leader, or gave its vote."
        "Nothing has happened.";
    PreCandidateOutdated "pre-candidate-outdated"
        "A pre-candidate gave up for a higher term."
        "A refusal, or a new leader, told it.";
    ReturnedQuietly "returned-quietly"
        "A node that had asked in vain more than once came back, and the term did not rise."
        "What pre-vote is for.";
    LeaderWithoutQuorum "leader-without-quorum"
        "A leader stepped down within its term because no majority answered it."
        "Clients go elsewhere, and whoever still hears it may stand.";
    VoteRefusedLoyal "vote-refused-loyal"
        "A node refused its vote, and kept its term, because it heard its leader lately."
        "A node that was cut off or removed disrupts nobody.";
    TransferBegun "transfer-begun"
        "A leader began to hand over."
        "It takes no requests until it is over.";
    TransfereeBehind "transferee-behind"
        "A leader began to hand over to a node whose disk lacks its last entry."
        "The transferee must catch up first, or it cannot win.";
    TransfereeCaughtUp "transferee-caught-up"
        "A leader told a node to stand that was behind when the transfer began."
        "The transfer waits for replication.";
    TransfereeDown "transferee-down"
        "The node to which a leader hands over crashed, or was down from the start."
        "Nobody will ever say so: only time ends the transfer.";
    TransferLeaderCrashed "transfer-leader-crashed"
        "A leader crashed while it handed over."
        "The transferee may stand twice, or never hear of it.";
    ElectionByTransfer "election-by-transfer"
        "A node stood because its leader told it to."
        "Neither pre-vote nor loyalty holds it up.";
    LoyaltySetAside "loyalty-set-aside"
        "A request for votes by the leader's own word reached a node that was not in its term yet."
        "Such a request is answered although a leader is heard.";
    TransferCompleted "transfer-completed"
        "The node was elected that its leader had told to stand."
        "No election timeout had to pass.";
    TransferAborted "transfer-aborted"
        "A leader gave a transfer up because it took too long."
        "It must take requests again.";
    TransferLostToAnother "transfer-lost-to-another"
        "Another node than the transferee was elected after a transfer had begun."
        "Elections do not wait for transfers.";
    RequestRefusedInTransfer "request-refused-in-transfer"
        "A leader refused a request because it was handing over."
        "Whatever it took now, the transferee might lack.";
    RequestsTakenAgain "requests-taken-again"
        "A leader took a request after it had given a transfer up."
        "The abort was one.";
    TimeoutNowStale "timeout-now-stale"
        "The word to stand reached a node when its term was over."
        "It must not start an election any more.";
    ElectionLeftToOthers "election-left-to-others"
        "A node's election timeout passed and it did not stand, for others have a higher priority."
        "If they are gone, nobody stands yet.";
    PriorityDecayed "priority-decayed"
        "A node became less particular about target it leaves elections to."
        "The cluster must get a leader in the end.";
    LowerPriorityElected "lower-priority-elected"
        "A node was elected that had left elections to others before."
        "Those of a higher priority are down, cut off, or behind.";

    // Replication (5.3).
    LeaderAppended "leader-appended"
        "A leader added an entry to its log."
        "From here on it may be lost, replicated, or both.";
    RequestsGathered "requests-gathered"
        "A leader appended several requests in one write."
        "They are committed together, and each is answered by itself.";
    AppendsPipelined "appends-pipelined"
        "A leader sent a follower further entries while earlier ones were unanswered."
        "What comes before may be lost, or come later (thesis 10.2.2).";
    AppendCutShort "append-cut-short"
        "A message with entries ended before what the leader had sent others."
        "A limit cut it, and the rest must follow.";
    WindowFull "window-full"
        "An answer let a leader send a follower entries that it had held back while too many were unanswered."
        "An answer that is lost must not shut the window for ever.";
    EntriesAccepted "entries-accepted"
        "A follower accepted entries."
        "The common case.";
    EntriesBatched "entries-batched"
        "One message carried two entries or more."
        "Index arithmetic on batches.";
    AppendRefusedGap "append-refused-gap"
        "A follower refused entries because its log is too short."
        "The consistency check, first half.";
    AppendRefusedConflict "append-refused-conflict"
        "A follower refused entries because the entry before them has another term."
        "The consistency check, second half.";
    AppendRefusedStale "append-refused-stale"
        "A follower refused entries of an older term's leader."
        "Stale leaders must not write.";
    ConflictingSuffixTruncated "conflicting-suffix-truncated"
        "A follower removed entries that conflict with its leader's."
        "The only time at which a log shrinks.";
    LongSuffixTruncated "long-suffix-truncated"
        "A follower removed five conflicting entries or more at once."
        "Fast backoff is for this.";
    TruncatedAcrossTerms "truncated-across-terms"
        "A follower removed entries of two terms or more at once."
        "Figure 7 (f).";
    BackoffSkipped "backoff-skipped"
        "A leader went back by more than one entry after a refusal."
        "The conflict hint moved next_index.";
    AppendRedundant "append-redundant"
        "Entries arrived that the follower already had, and changed nothing."
        "Truncating here loses acknowledged entries.";
    AppendRedundantShort "append-redundant-short"
        "Entries arrived, all of which the follower already had with more behind them."
        "The smallest trigger of an unconditional truncation.";
    AppendOvertaken "append-overtaken"
        "Entries arrived after later ones of the same leader."
        "Networks reorder.";
    AppendOvertakenAcrossTerms "append-overtaken-across-terms"
        "Entries of an older term arrived after those of a newer one."
        "Leader changes and reordering together.";
    AckOvertaken "ack-overtaken"
        "An acknowledgement arrived after one for a higher index."
        "match_index must not go back.";
    AckStale "ack-stale"
        "An acknowledgement of an older term reached a leader."
        "It acknowledges another log.";
    AckFromEarlierLeadership "ack-from-earlier-leadership"
        "An acknowledgement reached a leader from its own earlier leadership."
        "Same node, other log.";
    HeartbeatUncommittedTail "heartbeat-uncommitted-tail"
        "A heartbeat told of commits to a follower whose log has unverified entries behind it."
        "Committing past what was verified commits the wrong entries.";
    FollowerFarBehind "follower-far-behind"
        "A follower refused entries that begin 20 or more past its log's end."
        "Catching up takes many messages.";
    FollowerAhead "follower-ahead"
        "A leader was elected whose log is shorter than a live follower's."
        "Figure 7 (c) and (d): extra entries must go, later.";

    // Commit and apply (5.3, 5.4.2).
    CommitAdvanced "commit-advanced"
        "A leader's commit index advanced."
        "Progress.";
    CommitBareMajority "commit-bare-majority"
        "An entry was committed while on exactly a majority of disks."
        "One copy less and it may be lost.";
    CommitBeforeOwnDisk "commit-before-own-disk"
        "A leader committed an entry that was not on its own disk yet."
        "The disks of others are enough, and its own copy must not be counted (thesis 10.2.1).";
    CommitCarriesOlder "commit-carries-older"
        "A leader's commit of an entry of its own term carried entries of older terms with it."
        "The only way in which these may be committed (5.4.2).";
    OldEntryOnMajority "old-entry-on-majority"
        "A leader knew an uncommitted entry of an older term to be on a majority, and did not commit it."
        "Figure 8: committing it by counting is unsafe.";
    CommitWithNodeDown "commit-with-node-down"
        "An entry was committed while a node was down."
        "What majorities are for.";
    EntryOfEarlierLeaderCommitted "entry-of-earlier-leader-committed"
        "A client's entry was committed by a leader of a later term than its own."
        "Uncommitted entries may survive.";
    UncommittedEntryLost "uncommitted-entry-lost"
        "A client's entry was removed from the log of its leader of old, unanswered."
        "Uncommitted entries may vanish.";
    CommitSurvivedLeaderCrash "commit-survived-leader-crash"
        "A leader was elected after the leader that committed last had crashed."
        "Leader completeness at work.";
    LeaderCrashedAfterCommit "leader-crashed-after-commit"
        "A leader crashed when no follower knew of its last commit."
        "The next leader must find it committed.";
    LeaderCrashedBeforeReplication "leader-crashed-before-replication"
        "A leader crashed with an entry that no other node has."
        "That entry is its own problem.";
    CommitSurvivedCrashOfAll "commit-survived-crash-of-all"
        "A majority had crashed since an entry was committed, and a leader was elected."
        "Memory alone would have lost it.";
    ApplyBehindCommit "apply-behind-commit"
        "A node learnt of a further commit when it had not applied all that was committed before."
        "State machines lag behind logs, and must catch up in order.";
    CrashBeforeApply "crash-before-apply"
        "A node crashed when its state machine had not applied all that it knew to be committed."
        "What is committed must be applied once, later.";
    AppliedAfterRestart "applied-after-restart"
        "A restarted node applied an entry that it had applied in an earlier life, or went on from one."
        "Applied state and log must agree.";

    // Snapshots (7).
    SnapshotTaken "snapshot-taken"
        "A node began to write a snapshot of its state machine."
        "The log before it can go, once it is durable.";
    AppendsDuringSnapshot "appends-during-snapshot"
        "A node appended entries while it wrote a snapshot."
        "The snapshot holds what was applied when it was taken, and nothing of these.";
    CompactedPastFollower "compacted-past-follower"
        "A leader removed entries that another node does not have."
        "Only its snapshot has them for that node now.";
    TrailingEntriesSent "trailing-entries-sent"
        "A leader sent entries that its snapshot covers, for it had kept them."
        "A follower that is a little behind is spared a snapshot.";
    FollowerNeedsSnapshot "follower-needs-snapshot"
        "A leader began to send its snapshot to a follower."
        "What the follower lacks is in no log of the leader's.";
    SnapshotInParts "snapshot-in-parts"
        "A leader sent a further part of a snapshot."
        "Parts must be put together in order, without a gap.";
    SnapshotPartResent "snapshot-part-resent"
        "A leader sent the same part of a snapshot again."
        "It was lost, or its answer was.";
    SnapshotPartRepeated "snapshot-part-repeated"
        "A part of a snapshot arrived that the follower had already."
        "Adding it again would spoil the snapshot.";
    SnapshotPartAfterGap "snapshot-part-after-gap"
        "A part of a snapshot arrived, and the part before it had not."
        "The follower restarted, or messages overtook each other.";
    SnapshotPartStale "snapshot-part-stale"
        "A part of a snapshot arrived from a leader whose term is over."
        "Stale leaders must not install anything.";
    SnapshotNotNeeded "snapshot-not-needed"
        "A part of a snapshot arrived at a node that has committed all that it covers."
        "Installing it would take the node back.";
    SnapshotInstalled "snapshot-installed"
        "A node's state machine became that of a leader's snapshot."
        "It skips entries that it never saw.";
    SnapshotOverConflict "snapshot-over-conflict"
        "A snapshot took the place of a log with another entry at its end."
        "All of that log is of another history.";
    SnapshotOverShortLog "snapshot-over-short-log"
        "A snapshot took the place of a log that ends before it."
        "The common case.";
    SuffixKeptAfterInstall "suffix-kept-after-install"
        "A node installed a snapshot and kept the entries behind it."
        "Some of these it may have acknowledged.";
    StreamingAfterInstall "streaming-after-install"
        "A node appended entries behind a snapshot that had taken the place of its log."
        "The snapshot's last entry is what they are compared with.";
    InstallOvertaken "install-overtaken"
        "A leader's newer snapshot was durable while it sent an older one."
        "A transfer that starts anew with each snapshot never ends.";
    LeaderChangedDuringInstall "leader-changed-during-install"
        "A part of a snapshot arrived from a new leader while that of the old one was incomplete."
        "Parts of two snapshots must not be mixed.";
    CrashWhileWritingSnapshot "crash-while-writing-snapshot"
        "A node crashed while it wrote a snapshot of its state machine."
        "It has the snapshot before, and the log behind that.";
    CrashDuringInstall "crash-during-install"
        "A node crashed when it had received a part of a snapshot or all of it, and not installed it."
        "What it was before must be whole.";
    InstallFinishedAtRestart "install-finished-at-restart"
        "A node gave its log up for its snapshot when it restarted."
        "A crash came between the snapshot and the log.";
    RestartFromSnapshot "restart-from-snapshot"
        "A restarted node's state machine was that of its snapshot."
        "Only what lies behind is applied again.";
    RestartWithEmptyLog "restart-with-empty-log"
        "A node restarted with a snapshot and no entry behind it."
        "Its last index and term are those of the snapshot.";
    LeaderWithCompactedLog "leader-with-compacted-log"
        "A leader was elected that had removed the beginning of its log."
        "It goes back in search of a match, and may find that it cannot.";
    AppendBelowBase "append-below-base"
        "Entries arrived that begin before the end of what the follower has removed."
        "It cannot compare them, and need not.";

    // Clients and forwarding (8).
    RequestAnswered "request-answered"
        "A client heard that its request was applied."
        "The point of it all.";
    RequestForwarded "request-forwarded"
        "A follower forwarded a request to its leader."
        "Clients need not know the leader.";
    ForwardAnswered "forward-answered"
        "A follower relayed the leader's answer."
        "The way back.";
    ForwardMisdirected "forward-misdirected"
        "A forwarded request reached a node that no longer leads."
        "Leaders change underway.";
    ForwardedThenLeaderChanged "forwarded-then-leader-changed"
        "A leader was elected while a forwarded request had no answer yet."
        "Whether it was done is not known to anyone.";
    RequestRefused "request-refused"
        "A client was told to try another node."
        "No leader is known.";
    RequestTimedOut "request-timed-out"
        "A client's try ran out of time."
        "The outcome is not known.";
    RequestRetried "request-retried"
        "A client tried the same operation again."
        "It may be done twice.";
    RequestAppliedTwice "request-applied-twice"
        "The same request was applied at two places of the log."
        "Without sessions a retry can do that (section 8).";
    WritesOverlap "writes-overlap"
        "Two clients' writes to one key overlapped."
        "Either order is right, but all must see the same.";
    ReadOverlapsWrite "read-overlaps-write"
        "A read and a write of one key overlapped."
        "The read may give what was before or after.";
    CompareAndSetRaced "compare-and-set-raced"
        "Two compare-and-sets of one key overlapped."
        "One must see what the other did.";
    CompareAndSetHeld "compare-and-set-held"
        "A compare-and-set found what it expected."
        "It says what the key held, as a read does.";
    CompareAndSetFailed "compare-and-set-failed"
        "A compare-and-set found something else."
        "It says what the key did not hold.";
    ReadFoundNothing "read-found-nothing"
        "A read found a key without a value."
        "A lost write looks like this.";
    OperationSpansLeaderChange "operation-spans-leader-change"
        "An operation was answered that began before the latest leader was elected."
        "What one leader began another ends.";
    ReadSpansLeaderChange "read-spans-leader-change"
        "A read was answered that began before the latest leader was elected."
        "The old leader may no longer know what was written.";
    RetryAfterEffect "retry-after-effect"
        "A client tried an operation again that had taken effect."
        "The second try must not do it again, or may, if there is no session.";
    RetryReachedAnotherLeader "retry-reached-another-leader"
        "Two tries of one operation reached different leaders."
        "Only the log can tell that they are the same.";
    AnsweredByEarlierTry "answered-by-earlier-try"
        "A client heard the answer to an earlier try than its last."
        "The last try is still on its way.";
    GaveUpAfterEffect "gave-up-after-effect"
        "A client gave an operation up that had taken effect."
        "The client does not know, but others see it.";
    GaveUpBeforeEffect "gave-up-before-effect"
        "A client gave an operation up that had not taken effect."
        "It may yet.";
    UnknownTookEffect "unknown-took-effect"
        "An operation took effect after its client had given it up."
        "An unknown outcome is unknown for ever.";
    UnknownNeverTakesEffect "unknown-never-takes-effect"
        "A later request of its session took effect, so an operation that was given up never will."
        "The requests of a session take effect in order.";
    ReadBesideUnknownWrite "read-beside-unknown-write"
        "A read was answered while a write to its key had been given up without effect."
        "The write may come at any later moment.";
    ForwardDuplicated "forward-duplicated"
        "The network delivered a forwarded request twice."
        "The leader takes it for two, and only a session tells that it is one.";

    // Reads without an entry (thesis 6.4).
    ReadRoundBegun "read-round-begun"
        "A leader asked the others whether it still leads, before it answers reads."
        "It may have been deposed, and not know it.";
    ReadRoundRepeated "read-round-repeated"
        "A leader asked a node for the same round of reads again."
        "The question or its answer may be lost, and the reads wait.";
    ReadRoundRefused "read-round-refused"
        "A node told a leader that asked for a round of reads that its term is over."
        "Had it answered from its own state, the read might be stale.";
    ReadBeforeOwnEntry "read-before-own-entry"
        "A leader began a round of reads before an entry of its own term was committed."
        "It does not know yet what is committed.";
    ReadAnsweredAtOnce "read-answered-at-once"
        "A node answered a read in the moment in which it was asked."
        "A lease lets a leader do so, and nothing else in a cluster of more than one.";
    ReadByFollower "read-by-follower"
        "A node that does not lead answered a read from its own state machine."
        "It asked the leader how far it must have applied.";
    FollowerReadWaited "follower-read-waited"
        "A node heard how far it must have applied to answer a read, and had not yet."
        "From its state as it was, the read might be stale.";
    ReadIndexRefused "read-index-refused"
        "A node was asked how far to apply before a read, and does not lead."
        "Leaders change underway.";

    // Leases (thesis 6.4.1).
    LeaseRead "lease-read"
        "A leader that renews a lease answered a read when it was asked, without a round for it."
        "Nobody was asked whether it still leads: time alone says so.";
    LeaseLapsed "lease-lapsed"
        "A leader that had held a lease began a round for a read."
        "Too much time has passed, and it may have been deposed.";
    LeaseGivenUp "lease-given-up"
        "A leader that had held a lease, and then told an transferee to stand, began a round for a read."
        "Nobody keeps a promise against that word, which may arrive late.";
    VoteRefusedPromise "vote-refused-promise"
        "A node that knows no leader any more refused its vote, for no reason but its promise to one."
        "The leader of old may still answer reads by it.";
    PromiseOutlivedRestart "promise-outlived-restart"
        "A restarted node that has heard no leader yet refused its vote, for no reason but a promise that it may have made."
        "It does not remember, and a lease may rest on it.";

    // Sessions (thesis 6.3).
    SessionOpened "session-opened"
        "A client opened a session."
        "From here on its requests take effect once.";
    SessionOpenedTwice "session-opened-twice"
        "A client's request to open a session took effect twice."
        "One of the two sessions is never used.";
    SessionOpenedAgain "session-opened-again"
        "A client opened another session."
        "Its last one was closed, or it heard nothing of it.";
    SessionExpired "session-expired"
        "A client heard that its session was closed."
        "What it asked last may have been done or not.";
    DuplicateKnownBySession "duplicate-known-by-session"
        "A request was applied a second time, and had no effect because its session knew it."
        "Exactly once at work.";
    LateRequestIgnored "late-request-ignored"
        "A request was applied without effect when its client had gone on."
        "A try that was long under way must change nothing.";

    // Nodes, disks, clocks, network.
    NodeCrashed "node-crashed"
        "A node crashed."
        "All volatile state is gone.";
    LeaderCrashed "leader-crashed"
        "A leader crashed."
        "The cluster must elect another.";
    NodeRestarted "node-restarted"
        "A node restarted."
        "It knows what its disk knows.";
    RestartRecoveredLog "restart-recovered-log"
        "A node restarted with entries in its log."
        "Recovered state takes part again.";
    RestartInTermOfVote "restart-in-term-of-vote"
        "A node restarted with a vote on its disk."
        "It must keep it.";
    UnsyncedLost "unsynced-lost"
        "A crash lost writes that were not durable."
        "What was acknowledged must not be among them.";
    UnsyncedKept "unsynced-kept"
        "Writes that were not reported durable survived a crash."
        "Surviving is allowed, too.";
    WriteTorn "write-torn"
        "A crash cut a write in two."
        "Half a batch is on the disk.";
    CrashAroundTruncation "crash-around-truncation"
        "A node crashed while a truncation was not durable."
        "Old entries return.";
    WriteFailed "write-failed"
        "A disk reported an error, and the node stopped."
        "What the disk holds is not known until it is read again.";
    VoteOutlivedLog "vote-outlived-log"
        "A crash left a term and vote on the disk, and not the log that was written before."
        "Votes lie apart from the log: a disk may write what came later first.";
    LogOutlivedVote "log-outlived-vote"
        "A crash left a part of the log on the disk, and not the term and vote that were written before."
        "The log tells of a term that the node does not remember.";
    TermOlderThanLog "term-older-than-log"
        "A node restarted in a term that is older than that of its last entry."
        "It learns the term from its own log before it takes part.";
    DiskLied "disk-lied"
        "A disk said that writes were durable, and did not write them."
        "A vote was sent, or an entry acknowledged, that is nowhere but in memory.";
    DiskKeptWord "disk-kept-word"
        "A disk wrote what it had said was durable."
        "No crash came in time to find the lie out.";
    DiskBrokeWord "disk-broke-word"
        "A crash took writes that a disk had said were durable."
        "No Raft bears that: what it promised rested on them.";
    MajorityDown "majority-down"
        "A majority of nodes was down."
        "No progress, no lies.";
    AllDown "all-down"
        "Every node was down at the same time."
        "Only disks remember.";
    LeaderPaused "leader-paused"
        "A leader stood still."
        "It will wake up in the past.";
    LeaderWokeDeposed "leader-woke-deposed"
        "A leader went on after a pause when another had been elected."
        "It still believes that it leads.";
    TimerLate "timer-late"
        "A timer fired late."
        "Pauses and slow nodes do that.";
    ClockJumped "clock-jumped"
        "A node's clock was set."
        "Timeouts come early or late.";
    RecordCorrupted "record-corrupted"
        "A durable record rotted: that of an entry, of a term and vote, or a snapshot."
        "What was promised can no longer be read.";
    CommittedRecordCorrupted "committed-record-corrupted"
        "The record of a durable entry rotted that was committed."
        "One copy less of what must never be lost.";
    LastCopiesCorrupted "last-copies-corrupted"
        "The record of a committed entry rotted that lay on a bare majority of disks."
        "If the node goes on without it, another leader may never have had it.";
    VoteCorrupted "vote-corrupted"
        "The record of a durable term and vote rotted."
        "A node that cannot read for target it voted must not vote again.";
    SnapshotCorrupted "snapshot-corrupted"
        "A durable snapshot rotted."
        "What it covers may be nowhere else on that disk.";
    CorruptRecordRemoved "corrupt-record-removed"
        "An entry was removed, or left to a snapshot, whose record had rotted unnoticed."
        "What nobody reads does no harm.";
    StartRefused "start-refused"
        "A node did not start because it found a corrupt record, or its disk emptied."
        "A node less is better than a node that forgot.";
    CorruptTailDropped "corrupt-tail-dropped"
        "A restarted node dropped a corrupt record and all behind it."
        "It holds less than others believe.";
    WriteFailedAgain "write-failed-again"
        "The disk of a restarted node failed again before anything was durable."
        "A node that never gets up must not stop the others.";
    LeaderWriteFailed "leader-write-failed"
        "The disk of a leader failed."
        "It stops itself, and what it sent may be committed without it.";
    MessageLost "message-lost"
        "The network lost a message."
        "It must be sent again.";
    MessageCut "message-cut"
        "A cut link lost a message."
        "A partition.";
    MessageCutInFlight "message-cut-in-flight"
        "A message was on its way when its link was cut."
        "Sent is not received.";
    MessageDuplicated "message-duplicated"
        "The network delivered a message twice."
        "Every handler must bear it.";
    MessageToDeadNode "message-to-dead-node"
        "A message reached a node that was down."
        "It is gone.";
    MessageUnsent "message-unsent"
        "A message never left because its node crashed before the write that it waits for was durable."
        "Persist, then answer.";
    MessageFromEarlierLife "message-from-earlier-life"
        "A message arrived whose sender had crashed since."
        "The sender may no longer know that it sent it.";
    GroupCommit "group-commit"
        "One sync made several writes durable."
        "Write ids are ranges.";

    // The recovery phase after a storm (5.6).
    ClusterRecovered "cluster-recovered"
        "Faults were over, and the cluster came back to life."
        "Safety alone is kept by a cluster that does nothing.";
    RecoveredInPart "recovered-in-part"
        "A majority came back to life while other nodes stayed away."
        "Raft is available with a bare majority, and no more of it is owed.";
    LeaderElectedInRecovery "leader-elected-in-recovery"
        "After faults had ended, a node of the core was elected."
        "Elections must come to an end, whatever state the storm left behind.";
    LeaderOutlivedFaults "leader-outlived-faults"
        "The cluster came back to life under the leader that it had when faults ended."
        "A leader that was cut off must not be wedged by what it missed.";
    LeaderElectedBesideOutsider "leader-elected-beside-outsider"
        "A leader was elected under partial connectivity: somebody outside the core was heard, and did not hear."
        "A node that is heard and does not hear can keep a cluster from electing anybody.";
    OutsiderHeard "outsider-heard"
        "After faults had ended, a message from outside the core reached a node in it."
        "What a deaf node says is always out of date.";
    NodeCaughtUpInRecovery "node-caught-up-in-recovery"
        "A node that lacked committed entries when faults ended has them now."
        "Whoever comes back must be brought up to date, however far it is behind.";
    RequestOutlivedFaults "request-outlived-faults"
        "A request that was pending when faults ended was answered."
        "No request may be forgotten in the turmoil.";

    // Changes of the members (6; thesis 4).
    MembersChanged "members-changed"
        "A leader appended a configuration that differs by one server."
        "It goes by it at once, though others do not know of it yet.";
    LearnerPromoted "learner-promoted"
        "A leader appended a configuration in which a learner has become a voter."
        "Who does not know of it yet takes itself for a learner, and is asked for votes all the same.";
    PromotionWaited "promotion-waited"
        "A leader made a learner a voter in the moment in which it heard that the learner has caught up."
        "Whoever asked for it may be gone; what was asked for must not be forgotten, nor done too early.";
    JointEntered "joint-entered"
        "A node appended a joint configuration, and goes by it."
        "From now on it takes two majorities.";
    JointLeft "joint-left"
        "A leader that went by a joint configuration appended the new one."
        "It may only when the joint one is committed.";
    LeaderElectedInJoint "leader-elected-in-joint"
        "A leader was elected that goes by a joint configuration."
        "It needed two majorities, and has to lead the cluster out of it.";
    CommittedInJoint "committed-in-joint"
        "A leader that goes by a joint configuration committed something."
        "Copies count in both halves.";
    SnapshotTakenInJoint "snapshot-taken-in-joint"
        "A node took a snapshot up to where a joint configuration counts."
        "It must hold both halves.";
    ConfigurationUndone "configuration-undone"
        "A node removed a configuration from its log, and goes by the one before."
        "A configuration counts as long as it is in the log, no longer.";
    LeaderLeft "leader-left"
        "A leader that is not in its configuration stepped down."
        "It counted majorities without itself.";
    OutsiderStands "outsider-stands"
        "A node asked for votes that is no voter by the configuration of a leader that runs."
        "A server that was removed and does not know it must not depose target the others follow.";
}
