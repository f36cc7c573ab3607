//! The catalogue of situations.

situations! {
    // Elections (5.1, 5.2, 5.4.1).
    ElectionStarted: "A node became candidate."
        "Nothing else of Raft happens without it.";
    ElectionRepeated: "A candidate's election timed out and it started another."
        "The third outcome of an election: nobody wins.";
    LeaderElected: "A candidate became leader."
        "The first outcome of an election.";
    LeaderElectedAgain: "A node was elected that had led an earlier term."
        "A second leadership must start from scratch: next_index, match_index, pending answers.";
    ElectionWonBareMajority: "A leader was elected with exactly a majority of votes."
        "One vote less and it must not lead: off-by-one errors live here.";
    ElectionWonUnanimously: "The vote of the last other node reached the leader of its term."
        "Votes that arrive after the election must change nothing.";
    SplitVote: "Two candidates stood in one term."
        "One vote per node and term is all that keeps them apart.";
    SplitVoteResolved: "A leader was elected after a term with two candidates and no leader."
        "Randomised timeouts did their work.";
    CandidateYields: "A candidate accepted a leader of its own term."
        "The second outcome of an election.";
    CandidateOutdated: "A candidate gave up for a higher term."
        "Terms, not roles, decide.";
    VoteGranted: "A node granted its vote."
        "The vote must be durable before it leaves.";
    VoteRefusedAlreadyGiven: "A node refused its vote because it gave it to another candidate in this term."
        "The rule that two leaders in a term would break.";
    VoteRefusedOlderLastTerm: "A vote was refused because the candidate's last entry is of an older term."
        "The first half of the up-to-date rule (5.4.1).";
    VoteRefusedShorterLog: "A vote was refused because the candidate's log ends in the same term but is shorter."
        "The second half of the up-to-date rule (5.4.1).";
    VoteRefusedStaleTerm: "A vote was refused because the candidate's term is over."
        "Delayed requests must not win votes.";
    VoteRepeated: "A node granted its vote again to the candidate that already has it."
        "Duplicates are answered alike, and counted once.";
    VoteAfterRestart: "A node answered a vote request in the term in which it had voted in an earlier life."
        "The only moment at which the durable vote is needed.";
    StaleVoteArrived: "A granted vote of an older term reached a node."
        "Counting it would elect a leader without a majority.";
    StaleVoteReachedCandidate: "A granted vote of an older term reached a node that is candidate in a newer one."
        "The closest that a stale vote comes to being counted.";
    DuplicateVoteArrived: "A candidate received the same node's vote twice."
        "A count in place of a set elects a leader without a majority.";
    RestartInVoteWindow: "A node crashed while a vote was written but not durable."
        "A vote that left before it was durable is now forgotten.";
    DiskErrorInVoteWindow: "A write failed while a vote was not yet durable."
        "The vote must not leave.";
    ElectionDespiteLeader: "A node became candidate while the leader of its term was alive."
        "Delays look like crashes.";
    TwoLeadersAtOnce: "Two live nodes were leaders, of different terms."
        "Allowed, and what makes commit rules necessary.";
    LeaderDeposed: "A live leader became follower."
        "It must drop what it promised nobody.";
    LeaderDeposedUncommitted: "A leader was deposed with uncommitted entries in its log."
        "These entries may survive or vanish; both must be right.";
    LeaderDeposedByReply: "A leader learned a higher term from a reply."
        "The way in which a stale leader usually ends.";
    TermJumped: "A node's term rose by two or more at once."
        "It slept through elections.";

    // Elections beyond the paper's: pre-vote (thesis 9.6), check-quorum (6.2), loyalty (4.2.3), transfers (3.10), priorities.
    PreVoteAsked: "A node asked whether it could win, before it stood."
        "No term rises for it.";
    PreVoteRepeated: "A pre-candidate's time was up and it asked again."
        "It may ask for ever, and must disturb nobody.";
    PreVoteGranted: "A node said that it would give its vote."
        "It promises nothing, and is not written.";
    PreVoteRefusedLeaderHeard: "A pre-vote was refused, and only a leader that was heard lately speaks against it."
        "What keeps a node that comes back from deposing a healthy leader.";
    PreVoteRefusedLog: "A pre-vote was refused because the log of the node that asks is older or shorter."
        "It could not win (5.4.1), so it must not stand.";
    PreVoteRefusedTerm: "A pre-vote was refused because the term that was asked for is not new."
        "The refusal tells the node that asks how late it is.";
    PreVoteWon: "A majority would vote for a pre-candidate, and it stood."
        "Only now does a term rise.";
    PreVoteWonElectionLost: "A node that stood after it won its pre-vote did not win the election."
        "Grants are no votes: others may have stood as well.";
    LatePreVoteGrant: "A grant of its pre-vote reached a node that already stood in that term."
        "Counted as a vote, it elects a leader without a majority.";
    PreCandidateYields: "A pre-candidate gave up within its term: it heard of a leader, or gave its vote."
        "Nothing has happened.";
    PreCandidateOutdated: "A pre-candidate gave up for a higher term."
        "A refusal, or a new leader, told it.";
    ReturnedQuietly: "A node that had asked in vain more than once came back, and the term did not rise."
        "What pre-vote is for.";
    LeaderWithoutQuorum: "A leader stepped down within its term because no majority answered it."
        "Clients go elsewhere, and whoever still hears it may stand.";
    VoteRefusedLoyal: "A node refused its vote, and kept its term, because it heard its leader lately."
        "A node that was cut off or removed disrupts nobody.";
    TransferBegun: "A leader began to hand over."
        "It takes no requests until it is over.";
    TransfereeBehind: "A leader began to hand over to a node whose disk lacks its last entry."
        "The transferee must catch up first, or it cannot win.";
    TransfereeCaughtUp: "A leader told a node to stand that was behind when the transfer began."
        "The transfer waits for replication.";
    TransfereeDown: "The node to which a leader hands over crashed, or was down from the start."
        "Nobody will ever say so: only time ends the transfer.";
    TransferLeaderCrashed: "A leader crashed while it handed over."
        "The transferee may stand twice, or never hear of it.";
    ElectionByTransfer: "A node stood because its leader told it to."
        "Neither pre-vote nor loyalty holds it up.";
    LoyaltySetAside: "A request for votes by the leader's own word reached a node that was not in its term yet."
        "Such a request is answered although a leader is heard.";
    TransferCompleted: "The node was elected that its leader had told to stand."
        "No election timeout had to pass.";
    TransferAborted: "A leader gave a transfer up because it took too long."
        "It must take requests again.";
    TransferLostToAnother: "Another node than the transferee was elected after a transfer had begun."
        "Elections do not wait for transfers.";
    RequestRefusedInTransfer: "A leader refused a request because it was handing over."
        "Whatever it took now, the transferee might lack.";
    RequestsTakenAgain: "A leader took a request after it had given a transfer up."
        "The abort was one.";
    TimeoutNowStale: "The word to stand reached a node when its term was over."
        "It must not start an election any more.";
    ElectionLeftToOthers: "A node's election timeout passed and it did not stand, for others have a higher priority."
        "If they are gone, nobody stands yet.";
    PriorityDecayed: "A node became less particular about whom it leaves elections to."
        "The cluster must get a leader in the end.";
    LowerPriorityElected: "A node was elected that had left elections to others before."
        "Those of a higher priority are down, cut off, or behind.";

    // Replication (5.3).
    LeaderAppended: "A leader added an entry to its log."
        "From here on it may be lost, replicated, or both.";
    RequestsGathered: "A leader appended several requests in one write."
        "They are committed together, and each is answered by itself.";
    AppendsPipelined: "A leader sent a follower further entries while earlier ones were unanswered."
        "What comes before may be lost, or come later (thesis 10.2.2).";
    AppendCutShort: "A message with entries ended before what the leader had sent others."
        "A limit cut it, and the rest must follow.";
    WindowFull: "An answer let a leader send a follower entries that it had held back while too many were unanswered."
        "An answer that is lost must not shut the window for ever.";
    EntriesAccepted: "A follower accepted entries."
        "The common case.";
    EntriesBatched: "One message carried two entries or more."
        "Index arithmetic on batches.";
    AppendRefusedGap: "A follower refused entries because its log is too short."
        "The consistency check, first half.";
    AppendRefusedConflict: "A follower refused entries because the entry before them has another term."
        "The consistency check, second half.";
    AppendRefusedStale: "A follower refused entries of an older term's leader."
        "Stale leaders must not write.";
    ConflictingSuffixTruncated: "A follower removed entries that conflict with its leader's."
        "The only time at which a log shrinks.";
    LongSuffixTruncated: "A follower removed five conflicting entries or more at once."
        "Fast backoff is for this.";
    TruncatedAcrossTerms: "A follower removed entries of two terms or more at once."
        "Figure 7 (f).";
    BackoffSkipped: "A leader went back by more than one entry after a refusal."
        "The conflict hint moved next_index.";
    AppendRedundant: "Entries arrived that the follower already had, and changed nothing."
        "Truncating here loses acknowledged entries.";
    AppendRedundantShort: "Entries arrived, all of which the follower already had with more behind them."
        "The smallest trigger of an unconditional truncation.";
    AppendOvertaken: "Entries arrived after later ones of the same leader."
        "Networks reorder.";
    AppendOvertakenAcrossTerms: "Entries of an older term arrived after those of a newer one."
        "Leader changes and reordering together.";
    AckOvertaken: "An acknowledgement arrived after one for a higher index."
        "match_index must not go back.";
    AckStale: "An acknowledgement of an older term reached a leader."
        "It acknowledges another log.";
    AckFromEarlierLeadership: "An acknowledgement reached a leader from its own earlier leadership."
        "Same node, other log.";
    HeartbeatUncommittedTail: "A heartbeat told of commits to a follower whose log has unverified entries behind it."
        "Committing past what was verified commits the wrong entries.";
    FollowerFarBehind: "A follower refused entries that begin 20 or more past its log's end."
        "Catching up takes many messages.";
    FollowerAhead: "A leader was elected whose log is shorter than a live follower's."
        "Figure 7 (c) and (d): extra entries must go, later.";

    // Commit and apply (5.3, 5.4.2).
    CommitAdvanced: "A leader's commit index advanced."
        "Progress.";
    CommitBareMajority: "An entry was committed while on exactly a majority of disks."
        "One copy less and it may be lost.";
    CommitBeforeOwnDisk: "A leader committed an entry that was not on its own disk yet."
        "The disks of others are enough, and its own copy must not be counted (thesis 10.2.1).";
    CommitCarriesOlder: "A leader's commit of an entry of its own term carried entries of older terms with it."
        "The only way in which these may be committed (5.4.2).";
    OldEntryOnMajority: "A leader knew an uncommitted entry of an older term to be on a majority, and did not commit it."
        "Figure 8: committing it by counting is unsafe.";
    CommitWithNodeDown: "An entry was committed while a node was down."
        "What majorities are for.";
    EntryOfEarlierLeaderCommitted: "A client's entry was committed by a leader of a later term than its own."
        "Uncommitted entries may survive.";
    UncommittedEntryLost: "A client's entry was removed from the log of its leader of old, unanswered."
        "Uncommitted entries may vanish.";
    CommitSurvivedLeaderCrash: "A leader was elected that has the entry committed last, whose leader had crashed since."
        "Leader completeness at work.";
    LeaderCrashedAfterCommit: "A leader crashed when no follower knew of its last commit."
        "The next leader must find it committed.";
    LeaderCrashedBeforeReplication: "A leader crashed with an entry that no other node has."
        "That entry is its own problem.";
    CommitSurvivedCrashOfAll: "A majority had crashed since an entry was committed, and a leader was elected that has it."
        "Memory alone would have lost it.";
    ApplyBehindCommit: "A node learnt of a further commit when it had not applied all that was committed before."
        "State machines lag behind logs, and must catch up in order.";
    CrashBeforeApply: "A node crashed when its state machine had not applied all that it knew to be committed."
        "What is committed must be applied once, later.";
    AppliedAfterRestart: "A restarted node applied an entry that it had applied in an earlier life, or went on from one."
        "Applied state and log must agree.";

    // Snapshots (7).
    SnapshotTaken: "A node began to write a snapshot of its state machine."
        "The log before it can go, once it is durable.";
    AppendsDuringSnapshot: "A node appended entries while it wrote a snapshot."
        "The snapshot holds what was applied when it was taken, and nothing of these.";
    CompactedPastFollower: "A leader removed entries that another node does not have."
        "Only its snapshot has them for that node now.";
    TrailingEntriesSent: "A leader sent entries that its snapshot covers, for it had kept them."
        "A follower that is a little behind is spared a snapshot.";
    FollowerNeedsSnapshot: "A leader began to send its snapshot to a follower."
        "What the follower lacks is in no log of the leader's.";
    SnapshotInParts: "A leader sent a further part of a snapshot."
        "Parts must be put together in order, without a gap.";
    SnapshotPartResent: "A leader sent the same part of a snapshot again."
        "It was lost, or its answer was.";
    SnapshotPartRepeated: "A part of a snapshot arrived that the follower had already."
        "Adding it again would spoil the snapshot.";
    SnapshotPartAfterGap: "A part of a snapshot arrived, and the part before it had not."
        "The follower restarted, or messages overtook each other.";
    SnapshotPartStale: "A part of a snapshot arrived from a leader whose term is over."
        "Stale leaders must not install anything.";
    SnapshotNotNeeded: "A part of a snapshot arrived at a node that has committed all that it covers."
        "Installing it would take the node back.";
    SnapshotInstalled: "A node's state machine became that of a leader's snapshot."
        "It skips entries that it never saw.";
    SnapshotOverConflict: "A snapshot took the place of a log with another entry at its end."
        "All of that log is of another history.";
    SnapshotOverShortLog: "A snapshot took the place of a log that ends before it."
        "The common case.";
    SuffixKeptAfterInstall: "A node installed a snapshot and kept the entries behind it."
        "Some of these it may have acknowledged.";
    StreamingAfterInstall: "A node appended entries behind a snapshot that had taken the place of its log."
        "The snapshot's last entry is what they are compared with.";
    InstallOvertaken: "A leader's newer snapshot was durable while it sent an older one."
        "A transfer that starts anew with each snapshot never ends.";
    LeaderChangedDuringInstall: "A part of a snapshot arrived from a new leader while that of the old one was incomplete."
        "Parts of two snapshots must not be mixed.";
    CrashWhileWritingSnapshot: "A node crashed while it wrote a snapshot of its state machine."
        "It has the snapshot before, and the log behind that.";
    CrashDuringInstall: "A node crashed when it had received a part of a snapshot or all of it, and not installed it."
        "What it was before must be whole.";
    InstallFinishedAtRestart: "A node gave its log up for its snapshot when it restarted."
        "A crash came between the snapshot and the log.";
    RestartFromSnapshot: "A restarted node's state machine was that of its snapshot."
        "Only what lies behind is applied again.";
    RestartWithEmptyLog: "A node restarted with a snapshot and no entry behind it."
        "Its last index and term are those of the snapshot.";
    LeaderWithCompactedLog: "A leader was elected that had removed the beginning of its log."
        "It goes back in search of a match, and may find that it cannot.";
    AppendBelowBase: "Entries arrived that begin before the end of what the follower has removed."
        "It cannot compare them, and need not.";

    // Clients and forwarding (8).
    RequestAnswered: "A client heard that its request was applied."
        "The point of it all.";
    RequestForwarded: "A follower forwarded a request to its leader."
        "Clients need not know the leader.";
    ForwardAnswered: "A follower relayed the leader's answer."
        "The way back.";
    ForwardMisdirected: "A forwarded request reached a node that no longer leads."
        "Leaders change underway.";
    ForwardedThenLeaderChanged: "A leader was elected while a forwarded request had no answer yet."
        "Whether it was done is not known to anyone.";
    RequestRefused: "A client was told to try another node."
        "No leader is known.";
    ConnectionRefused: "A client's request found its node down."
        "Nobody took it, so the client may try elsewhere without harm.";
    RequestTimedOut: "A client's try ran out of time."
        "The outcome is not known.";
    RequestRetried: "A client tried the same operation again."
        "It may be done twice.";
    RequestAppliedTwice: "The same request, not to read, was carried out at two places of the log."
        "Without sessions a retry can do that (section 8).";
    WritesOverlap: "Two clients' writes to one key overlapped."
        "Either order is right, but all must see the same.";
    ReadOverlapsWrite: "A read and a write of one key overlapped."
        "The read may give what was before or after.";
    CompareAndSetRaced: "Two compare-and-sets of one key overlapped."
        "One must see what the other did.";
    CompareAndSetHeld: "A compare-and-set found what it expected."
        "It says what the key held, as a read does.";
    CompareAndSetFailed: "A compare-and-set found something else."
        "It says what the key did not hold.";
    ReadFoundNothing: "A read found a key without a value."
        "A lost write looks like this.";
    OperationSpansLeaderChange: "An operation was answered that began before the latest leader was elected."
        "What one leader began another ends.";
    ReadSpansLeaderChange: "A read was answered that began before the latest leader was elected."
        "The old leader may no longer know what was written.";
    RetryAfterEffect: "A client tried an operation again that had taken effect."
        "The second try must not do it again, or may, if there is no session.";
    RetryReachedAnotherLeader: "Two tries of one operation reached different leaders."
        "Only the log can tell that they are the same.";
    AnsweredByEarlierTry: "A client heard the answer to an earlier try than its last."
        "The last try is still on its way.";
    GaveUpAfterEffect: "A client gave an operation up that had taken effect."
        "The client does not know, but others see it.";
    GaveUpBeforeEffect: "A client gave an operation up that had not taken effect."
        "It may yet.";
    UnknownTookEffect: "An operation took effect after its client had given it up."
        "An unknown outcome is unknown for ever.";
    UnknownNeverTakesEffect: "A later request of its session took effect, so an operation that was given up never will."
        "The requests of a session take effect in order.";
    ReadBesideUnknownWrite: "A read was answered while a write to its key had been given up without effect."
        "The write may come at any later moment.";
    ForwardDuplicated: "The network delivered a forwarded request twice."
        "The leader takes it for two, and only a session tells that it is one.";

    // Reads without an entry (thesis 6.4).
    ReadRoundBegun: "A leader asked the others whether it still leads, before it answers reads."
        "It may have been deposed, and not know it.";
    ReadRoundRepeated: "A leader asked a node for the same round of reads again."
        "The question or its answer may be lost, and the reads wait.";
    ReadRoundRefused: "A node told a leader that asked for a round of reads that its term is over."
        "Had it answered from its own state, the read might be stale.";
    ReadBeforeOwnEntry: "A leader began a round of reads before an entry of its own term was committed."
        "It does not know yet what is committed.";
    ReadAnsweredAtOnce: "A node answered a read in the moment in which it was asked."
        "A lease lets a leader do so, and nothing else in a cluster of more than one.";
    ReadByFollower: "A node that does not lead answered a read from its own state machine."
        "It asked the leader how far it must have applied.";
    FollowerReadWaited: "A node heard how far it must have applied to answer a read, and had not yet."
        "From its state as it was, the read might be stale.";
    ReadIndexRefused: "A node was asked how far to apply before a read, and does not lead."
        "Leaders change underway.";

    // Leases (thesis 6.4.1).
    LeaseRead: "A leader that renews a lease answered a read when it was asked, without a round for it."
        "Nobody was asked whether it still leads: time alone says so.";
    LeaseLapsed: "A leader that had held a lease began a round for a read."
        "Too much time has passed, and it may have been deposed.";
    LeaseGivenUp: "A leader that had held a lease, and then told a transferee to stand, began a round for a read."
        "Nobody keeps a promise against that word, which may arrive late.";
    VoteRefusedPromise: "A node that knows no leader any more refused its vote, for no reason but its promise to one."
        "The leader of old may still answer reads by it.";
    PromiseOutlivedRestart: "A restarted node that has heard no leader yet refused its vote, for no reason but a promise that it may have made."
        "It does not remember, and a lease may rest on it.";

    // Sessions (thesis 6.3).
    SessionOpened: "A client opened a session."
        "From here on its requests take effect once.";
    SessionOpenedTwice: "A client's request to open a session took effect twice."
        "One of the two sessions is never used.";
    SessionOpenedAgain: "A client opened another session."
        "Its last one was closed, or it heard nothing of it.";
    SessionExpired: "A client heard that its session was closed."
        "What it asked last may have been done or not.";
    DuplicateKnownBySession: "A request was applied a second time, and had no effect because its session knew it."
        "Exactly once at work.";
    LateRequestIgnored: "A request was applied without effect when its client had gone on."
        "A try that was long under way must change nothing.";

    // Nodes, disks, clocks, network.
    NodeCrashed: "A node crashed."
        "All volatile state is gone.";
    LeaderCrashed: "A leader crashed."
        "The cluster must elect another.";
    NodeRestarted: "A node restarted."
        "It knows what its disk knows.";
    RestartRecoveredLog: "A node restarted with entries in its log."
        "Recovered state takes part again.";
    RestartInTermOfVote: "A node restarted with a vote on its disk."
        "It must keep it.";
    UnsyncedLost: "A crash lost writes that were not durable."
        "What was acknowledged must not be among them.";
    UnsyncedKept: "Writes that were not reported durable survived a crash."
        "Surviving is allowed, too.";
    WriteTorn: "A crash cut a write in two."
        "Half a batch is on the disk.";
    CrashAroundTruncation: "A node crashed while a truncation was not durable."
        "Old entries return.";
    WriteFailed: "A disk reported an error."
        "What the disk holds is not known until it is read again.";
    VoteOutlivedLog: "A crash left a term and vote on the disk, and not the log that was written before."
        "Votes lie apart from the log: a disk may write what came later first.";
    LogOutlivedVote: "A crash left a part of the log on the disk, and not the term and vote that were written before."
        "The log tells of a term that the node does not remember.";
    TermOlderThanLog: "A node restarted in a term that is older than that of its last entry."
        "It learns the term from its own log before it takes part.";
    DiskLied: "A disk said that writes were durable, and did not write them."
        "A vote was sent, or an entry acknowledged, that is nowhere but in memory.";
    DiskKeptWord: "A disk wrote what it had said was durable."
        "No crash came in time to find the lie out.";
    DiskBrokeWord: "A crash took writes that a disk had said were durable."
        "No Raft bears that: what it promised rested on them.";
    MajorityDown: "A majority of nodes was down."
        "No progress, no lies.";
    AllDown: "Every node was down at the same time."
        "Only disks remember.";
    LeaderPaused: "A leader stood still."
        "It will wake up in the past.";
    LeaderWokeDeposed: "A leader went on after a pause when another had been elected."
        "It still believes that it leads.";
    TimerLate: "A timer fired late."
        "Pauses and slow nodes do that.";
    ClockJumped: "A node's clock was set."
        "Timeouts come early or late.";
    RecordCorrupted: "A durable record rotted: that of an entry, of a term and vote, or a snapshot."
        "What was promised can no longer be read.";
    CommittedRecordCorrupted: "The record of a durable entry rotted that was committed."
        "One copy less of what must never be lost.";
    LastCopiesCorrupted: "The record of a committed entry rotted that lay on a bare majority of disks."
        "If the node goes on without it, another leader may never have had it.";
    VoteCorrupted: "The record of a durable term and vote rotted."
        "A node that cannot read for whom it voted must not vote again.";
    SnapshotCorrupted: "A durable snapshot rotted."
        "What it covers may be nowhere else on that disk.";
    CorruptRecordRemoved: "An entry was removed, or left to a snapshot, whose record had rotted unnoticed."
        "What nobody reads does no harm.";
    StartRefused: "A node did not start because it found a corrupt record, or its disk emptied."
        "A node less is better than a node that forgot.";
    CorruptTailDropped: "A restarted node dropped a corrupt record and all behind it."
        "It holds less than others believe.";
    WriteFailedAgain: "The disk of a restarted node failed again before anything was durable."
        "A node that never gets up must not stop the others.";
    LeaderWriteFailed: "The disk of a leader failed."
        "It stops itself, and what it sent may be committed without it.";
    MessageLost: "The network lost a message."
        "It must be sent again.";
    MessageCut: "A cut link lost a message."
        "A partition.";
    MessageCutInFlight: "A message was on its way when its link was cut."
        "Sent is not received.";
    MessageDuplicated: "The network delivered a message twice."
        "Every handler must bear it.";
    MessageToDeadNode: "A message reached a node that was down."
        "It is gone.";
    MessageUnsent: "A message never left because its node crashed before the write that it waits for was durable."
        "Persist, then answer.";
    MessageAstray: "The network carried a message to another node than the one to which it is addressed."
        "Whoever takes it for its own counts a vote or a copy that is not its.";
    MessageFromEarlierLife: "A message arrived whose sender had crashed since."
        "The sender may no longer know that it sent it.";
    GroupCommit: "One sync made several writes durable."
        "Write ids are ranges.";

    // The recovery phase after a storm (5.6).
    ClusterRecovered: "Faults were over, and the cluster came back to life."
        "Safety alone is kept by a cluster that does nothing.";
    RecoveredInPart: "A majority came back to life while other nodes stayed away."
        "Raft is available with a bare majority, and no more of it is owed.";
    LeaderElectedInRecovery: "After faults had ended, a node of the core was elected."
        "Elections must come to an end, whatever state the storm left behind.";
    LeaderOutlivedFaults: "The cluster came back to life under the leader that it had when faults ended."
        "A leader that was cut off must not be wedged by what it missed.";
    LeaderElectedBesideOutsider: "A leader was elected under partial connectivity: somebody outside the core was heard, and did not hear."
        "A node that is heard and does not hear can keep a cluster from electing anybody.";
    OutsiderHeard: "After faults had ended, a message from outside the core reached a node in it."
        "What a deaf node says is always out of date.";
    NodeCaughtUpInRecovery: "A node that lacked committed entries when faults ended has them now."
        "Whoever comes back must be brought up to date, however far it is behind.";
    RequestOutlivedFaults: "A request that was pending when faults ended was answered."
        "No request may be forgotten in the turmoil.";

    // Changes of the members (6; thesis 4).
    MembersChanged: "A leader appended a configuration that differs by one server."
        "It goes by it at once, though others do not know of it yet.";
    LearnerPromoted: "A leader appended a configuration in which a learner has become a voter."
        "Who does not know of it yet takes itself for a learner, and is asked for votes all the same.";
    PromotionWaited: "A leader made a learner a voter in the moment in which it heard that the learner has caught up."
        "Whoever asked for it may be gone; what was asked for must not be forgotten, nor done too early.";
    JointEntered: "A node appended a joint configuration, and goes by it."
        "From now on it takes two majorities.";
    JointLeft: "A leader that went by a joint configuration appended the new one."
        "It may only when the joint one is committed.";
    LeaderElectedInJoint: "A leader was elected that goes by a joint configuration."
        "It needed two majorities, and has to lead the cluster out of it.";
    CommittedInJoint: "A leader that goes by a joint configuration committed something."
        "Copies count in both halves.";
    SnapshotTakenInJoint: "A node took a snapshot up to where a joint configuration counts."
        "It must hold both halves.";
    ConfigurationUndone: "A node removed a configuration from its log, and goes by the one before."
        "A configuration counts as long as it is in the log, no longer.";
    LeaderLeft: "A leader that is not in its configuration stepped down."
        "It counted majorities without itself.";
    OutsiderStands: "A node asked for votes that is no voter by the configuration of a leader that runs."
        "A server that was removed and does not know it must not depose whom the others follow.";
}
