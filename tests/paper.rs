//! A test for each rule of Figure 2, and for the sentences of sections 5.1 to 5.4 and 8 that hold the story together. Each quotes the
//! sentence that it checks, from "In Search of an Understandable Consensus Algorithm" (Ongaro and Ousterhout, 2014).

use squall::bugs::Bug;
use squall::ids::{Index, Term};
use squall::node::Role;
use squall::raft::Message;
use squall::time::Span;

use crate::driver::{Disk, Driver, append, disk, n, put, request_vote};

/// Hands a message to a node with this disk, and tells what it did.
fn told(disk: Disk, message: Message) -> (Driver, String) {
    let mut driver = Driver::new(&[disk, Disk::default(), Disk::default()], &[]);
    driver.told();
    driver.receive(n(1), n(2), message);
    driver.sync(n(1));
    let told = driver.told();
    (driver, told)
}

/// Figure 2, state: "Persistent state on all servers: (Updated on stable storage before responding to RPCs)".
#[test]
fn term_vote_and_log_are_durable_before_the_answer() {
    let mut driver = Driver::fresh(3);
    driver.receive(n(1), n(2), request_vote(2, (0, 0)));
    assert!(!driver.deliver(n(1), n(2)), "the vote left before it was durable");
    driver.sync(n(1));
    assert!(driver.deliver(n(1), n(2)));
    driver.receive(n(1), n(2), append(2, (0, 0), &[2], 0));
    assert!(!driver.deliver(n(1), n(2)), "the entry was acknowledged before it was durable");
    driver.sync(n(1));
    assert!(driver.deliver(n(1), n(2)));
}

/// AppendEntries 1: "Reply false if term < currentTerm".
#[test]
fn entries_of_an_older_term_are_refused() {
    let (driver, told) = told(disk(3, &[1]), append(2, (1, 1), &[2], 2));
    assert!(told.contains("conflict t3"), "{told}");
    assert_eq!(driver.log(n(1)), [1]);
}

/// AppendEntries 2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm".
#[test]
fn entries_behind_a_gap_or_another_term_are_refused() {
    for prev in [(3, 1), (2, 2)] {
        let (driver, told) = told(disk(3, &[1, 1]), append(3, prev, &[3], 0));
        assert!(told.contains("conflict t3"), "{told}");
        assert_eq!(driver.log(n(1)), [1, 1]);
    }
}

/// AppendEntries 3: "If an existing entry conflicts with a new one (same index but different terms), delete the existing entry and
/// all that follow it".
#[test]
fn a_conflicting_entry_goes_with_all_that_follow() {
    let (driver, told) = told(disk(3, &[1, 2, 2, 2]), append(3, (1, 1), &[3], 0));
    assert!(told.contains("removes 2 and all behind"), "{told}");
    assert_eq!(driver.log(n(1)), [1, 3]);
}

/// AppendEntries 4: "Append any new entries not already in the log".
#[test]
fn only_entries_that_are_new_are_appended() {
    let (driver, told) = told(disk(3, &[1, 2, 3]), append(3, (1, 1), &[2, 3, 3], 0));
    assert!(told.contains("from 4 entries of 3") && !told.contains("removes"), "{told}");
    assert_eq!(driver.log(n(1)), [1, 2, 3, 3]);
}

/// AppendEntries 5: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)".
#[test]
fn a_follower_commits_what_was_verified_and_no_more() {
    let commit = |leader_commit| {
        let (driver, _) = told(disk(3, &[1, 2, 2]), append(3, (1, 1), &[2], leader_commit));
        driver.status(n(1)).commit
    };
    assert_eq!([commit(1), commit(2), commit(3)], [Index(1), Index(2), Index(2)]);
}

/// RequestVote 1: "Reply false if term < currentTerm".
#[test]
fn a_candidate_of_an_older_term_is_refused() {
    let (_, told) = told(disk(3, &[]), request_vote(2, (9, 9)));
    assert!(told.contains("vote t3 refused"), "{told}");
}

/// RequestVote 2: "If votedFor is null or candidateId, and candidate's log is at least as up-to-date as receiver's log, grant vote".
#[test]
fn a_vote_is_for_the_first_candidate_whose_log_is_up_to_date() {
    let vote = |voted: Option<u8>, last| {
        let (_, told) = told(
            Disk { term: 3, vote: voted, log: vec![1, 2], ..Disk::default() },
            request_vote(3, last),
        );
        told.contains("granted")
    };
    assert!(vote(None, (2, 2)) && vote(Some(2), (2, 2)));
    assert!(!vote(Some(3), (2, 2)), "the vote is given");
    assert!(!vote(None, (1, 2)), "the candidate's log is shorter");
    assert!(!vote(None, (9, 1)), "the candidate's last term is older");
    assert!(vote(None, (1, 3)), "the candidate's last term is later");
}

/// All servers: "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state machine".
#[test]
fn what_is_committed_is_applied_in_order() {
    let (driver, told) = told(disk(3, &[1, 2]), append(3, (2, 2), &[], 2));
    assert!(told.contains("applies 1@1\nn1 applies 2@2"), "{told}");
    assert_eq!(driver.status(n(1)).applied, Index(2));
}

/// All servers: "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower".
#[test]
fn a_higher_term_makes_a_follower_of_anyone() {
    let higher = [
        request_vote(9, (0, 0)),
        Message::Vote { term: Term(9), granted: false },
        append(9, (0, 0), &[], 0),
        Message::Appended { term: Term(9), match_index: Index(0) },
    ];
    for message in higher {
        let mut driver = Driver::fresh(3);
        driver.elect(n(1), &[1, 2, 3]);
        driver.receive(n(1), n(2), message.clone());
        let status = driver.status(n(1));
        assert_eq!((status.role, status.term), (Role::Follower, Term(9)), "{message:?}");
    }
}

/// Followers: "If election timeout elapses without receiving AppendEntries RPC from current leader or granting vote to candidate:
/// convert to candidate".
#[test]
fn a_follower_stands_when_it_hears_nothing() {
    let wait = Span::millis(100);
    for (message, waits) in [
        (append(3, (0, 0), &[], 0), true),
        (request_vote(3, (0, 0)), true),
        (append(2, (0, 0), &[], 0), false),
        (request_vote(2, (0, 0)), false),
    ] {
        let mut driver = Driver::new(&[disk(3, &[]), disk(3, &[]), disk(3, &[])], &[]);
        let timeout = driver.timer_in(n(1));
        driver.pass(n(1), wait);
        driver.receive(n(1), n(2), message.clone());
        let left = if waits { timeout } else { Span(timeout.0 - wait.0) };
        assert_eq!(driver.timer_in(n(1)), left, "{message:?}");
        driver.timer(n(1));
        assert_eq!(driver.status(n(1)).role, Role::Candidate);
    }
}

/// Candidates: "On conversion to candidate, start election: increment currentTerm, vote for self, reset election timer, send
/// RequestVote RPCs to all other servers".
#[test]
fn a_candidate_starts_an_election() {
    let mut driver = Driver::new(&[disk(3, &[1, 3]), disk(1, &[]), disk(1, &[])], &[]);
    driver.told();
    driver.timer(n(1));
    driver.sync(n(1));
    let told = driver.told();
    assert!(told.contains("term 4, vote for n1"), "{told}");
    assert!(told.contains("n1 -> n2 request-vote t4 last 2@3"), "{told}");
    assert!(told.contains("n1 -> n3 request-vote t4 last 2@3"), "{told}");
    assert!(driver.timer_in(n(1)) >= Span::millis(150));
}

/// Candidates: "If votes received from majority of servers: become leader".
#[test]
fn a_majority_of_votes_makes_a_leader() {
    let mut driver = Driver::fresh(5);
    driver.timer(n(1));
    driver.sync(n(1));
    let vote = |granted| Message::Vote { term: Term(2), granted };
    driver.receive(n(1), n(2), vote(true));
    driver.receive(n(1), n(2), vote(true));
    driver.receive(n(1), n(3), vote(false));
    assert_eq!(driver.status(n(1)).role, Role::Candidate, "one vote, however often");
    driver.receive(n(1), n(4), vote(true));
    assert_eq!(driver.status(n(1)).role, Role::Leader);
}

/// Candidates: "If AppendEntries RPC received from new leader: convert to follower".
#[test]
fn a_candidate_yields_to_the_leader_of_its_term() {
    let mut driver = Driver::fresh(3);
    driver.timer(n(1));
    driver.receive(n(1), n(2), append(2, (0, 0), &[], 0));
    let status = driver.status(n(1));
    assert_eq!((status.role, status.leader), (Role::Follower, Some(n(2))));
}

/// Candidates: "If election timeout elapses: start new election".
#[test]
fn a_candidate_that_hears_nothing_stands_again() {
    let mut driver = Driver::fresh(3);
    driver.timer(n(1));
    driver.timer(n(1));
    let status = driver.status(n(1));
    assert_eq!((status.role, status.term), (Role::Candidate, Term(3)));
}

/// Leaders: "Upon election: send initial empty AppendEntries RPCs (heartbeat) to each server;
/// repeat during idle periods to prevent election
/// timeouts". Section 8: "Raft handles this by having each leader commit a blank no-op entry into the log at the start of its term."
#[test]
fn a_leader_speaks_at_once_and_goes_on_speaking() {
    let mut driver = Driver::fresh(3);
    driver.elect(n(1), &[1, 2]);
    let told = driver.told();
    assert!(told.contains("n1 -> n3 append t2 prev 0@0 entries 2 commit 0"), "{told}");
    assert_eq!(driver.status(n(1)).commit, Index(1));
    driver.timer(n(1));
    let told = driver.told();
    assert!(told.contains("n1 -> n2 append t2 prev 1@2 entries - commit 1"), "{told}");
}

/// Leaders: "If command received from client: append entry to local log, respond after entry applied to state machine".
#[test]
fn a_client_is_answered_after_its_entry_is_applied() {
    let mut driver = Driver::fresh(3);
    driver.elect(n(1), &[1, 2, 3]);
    driver.told();
    driver.request(n(1), put(1));
    driver.sync(n(1));
    assert!(!driver.told().contains("answers"), "nobody else has the entry");
    driver.settle(&[1, 2]);
    let told = driver.told();
    let (applied, answered) = (told.find("n1 applies 2@2"), told.find("answers c1.1: done"));
    assert!(applied.is_some() && applied < answered, "{told}");
}

/// Leaders: "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry".
#[test]
fn a_leader_goes_back_until_the_logs_agree() {
    let disks = [disk(5, &[1, 1, 4, 5]), disk(5, &[1, 1]), disk(5, &[1, 2, 2, 2, 2])];
    let mut driver = Driver::new(&disks, &[]);
    driver.elect(n(1), &[1, 2, 3]);
    assert_eq!(driver.log(n(2)), [1, 1, 4, 5, 6]);
    assert_eq!(driver.log(n(3)), [1, 1, 4, 5, 6]);
}

/// 5.1: followers "issue no requests on their own but simply respond to requests from leaders and candidates", and "if a client
/// contacts a follower, the follower redirects it to the leader": here it forwards the request and relays the answer.
#[test]
fn a_follower_forwards_to_its_leader() {
    let mut driver = Driver::fresh(3);
    driver.request(n(2), put(1));
    assert!(driver.told().contains("n2 answers c1.1: try elsewhere"));
    driver.elect(n(1), &[1, 2, 3]);
    driver.request(n(2), put(2));
    driver.settle(&[1, 2, 3]);
    assert!(driver.told().contains("n2 answers c1.2: done"));
}

/// 5.3: "A leader never overwrites or deletes entries in its log" (Figure 3: Leader Append-Only).
#[test]
fn a_leader_keeps_its_log_whatever_followers_say() {
    let mut driver = Driver::new(&[disk(2, &[1, 2]), disk(2, &[]), disk(2, &[])], &[]);
    driver.elect(n(1), &[1, 2]);
    let conflict = Message::Conflict {
        term: Term(3),
        rejected: Index(2),
        conflict_term: Term(0),
        conflict_index: Index(1),
    };
    driver.receive(n(1), n(3), conflict);
    assert_eq!(driver.log(n(1)), [1, 2, 3]);
}

/// Figure 7: "When the leader at the top comes to power, it is possible that any of scenarios (a-f) could occur in follower logs."
#[test]
fn figure_7_every_follower_ends_with_the_leaders_log() {
    let leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let followers: [&[u64]; 6] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut disks = vec![disk(7, &leader)];
    disks.extend(followers.iter().map(|log| disk(7, log)));
    let mut driver = Driver::new(&disks, &[]);
    let all = [1, 2, 3, 4, 5, 6, 7];
    driver.elect(n(1), &all);
    let expected: Vec<u64> = leader.iter().copied().chain([8]).collect();
    for number in all {
        assert_eq!(driver.log(n(number)), expected, "follower {number}");
    }
}

/// Figure 8 and 5.4.2: "Raft never commits log entries from previous terms by counting replicas. Only log entries from the leader's current
/// term are committed by counting replicas".
#[test]
fn figure_8_an_entry_of_an_older_term_waits_for_one_of_the_leaders_own() {
    let commits = |bugs: &[Bug], match_index| {
        let disks =
            [disk(3, &[1, 2]), disk(3, &[1, 2]), disk(3, &[1]), disk(3, &[1]), disk(3, &[1, 3])];
        let mut driver = Driver::new(&disks, bugs);
        driver.timer(n(1));
        driver.sync(n(1));
        for voter in [2, 3] {
            driver.receive(n(1), n(voter), Message::Vote { term: Term(4), granted: true });
        }
        driver.sync(n(1));
        for follower in [2, 3] {
            let match_index = Index(match_index);
            driver.receive(n(1), n(follower), Message::Appended { term: Term(4), match_index });
        }
        driver.status(n(1)).commit
    };
    assert_eq!(commits(&[], 2), Index(0), "an entry of term 2 on three of five disks");
    assert_eq!(commits(&[], 3), Index(3), "an entry of term 4 carries it along");
    assert_eq!(commits(&[Bug::OldTermCommit], 2), Index(2), "the bug commits it by counting");
}
