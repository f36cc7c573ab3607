//! A test for each sentence of Ongaro's thesis ("Consensus: Bridging Theory and Practice", 2014) on what elections have beyond the
//! paper's: 3.10 (transfers), 4.2.3 (loyal voters), 6.2 (leaders without a quorum), 9.6 (pre-vote). Each quotes the sentence.

use squall::bugs::Bug;
use squall::config::Elections;
use squall::ids::{Index, Term};
use squall::node::{Input, Role, TimerId};
use squall::raft::Message;
use squall::time::Span;

use crate::driver::{Disk, Driver, n, put};

const PRE_VOTE: Elections =
    Elections { pre_vote: true, check_quorum: false, vote_lease: false, priority: None };
const CHECK_QUORUM: Elections = Elections { pre_vote: false, check_quorum: true, ..PRE_VOTE };
const VOTE_LEASE: Elections = Elections { pre_vote: false, vote_lease: true, ..PRE_VOTE };
const ALL: Elections = Elections { check_quorum: true, vote_lease: true, ..PRE_VOTE };
const NONE: Elections = Elections { pre_vote: false, ..PRE_VOTE };

/// The lowest election timeout of the driver's nodes.
const BASELINE: Span = Span::millis(150);

fn fresh(elections: Elections) -> Driver {
    Driver::with(&vec![Disk::default(); 3], &[], elections, &[])
}

/// Node 1 leads term 2, and the others have just heard it.
fn led(elections: Elections) -> Driver {
    let mut driver = fresh(elections);
    driver.elect(n(1), &[1, 2, 3]);
    driver.told();
    driver
}

fn pre_vote(term: u64, last: (u64, u64)) -> Message {
    Message::PreVote {
        term: Term(term),
        last_log_index: Index(last.0),
        last_log_term: Term(last.1),
    }
}

fn request_vote(term: u64, by_leader: bool) -> Message {
    let (last_log_index, last_log_term) = (Index(9), Term(2));
    Message::RequestVote { term: Term(term), last_log_index, last_log_term, by_leader }
}

/// 9.6: "In the Pre-Vote algorithm, a candidate only increments its term if it first learns from a majority of the cluster that they would
/// be willing to grant the candidate their votes".
#[test]
fn a_term_rises_only_when_a_majority_would_vote() {
    let mut driver = fresh(PRE_VOTE);
    driver.timer(n(1));
    assert_eq!((driver.status(n(1)).role, driver.status(n(1)).term), (Role::PreCandidate, Term(1)));
    driver.timer(n(1));
    assert_eq!(driver.status(n(1)).term, Term(1), "asking again raises nothing");
    driver.receive(n(1), n(2), Message::PreVoteReply { term: Term(1), granted: false });
    assert_eq!(driver.status(n(1)).role, Role::PreCandidate);
    driver.receive(n(1), n(3), Message::PreVoteReply { term: Term(2), granted: true });
    assert_eq!((driver.status(n(1)).role, driver.status(n(1)).term), (Role::Candidate, Term(2)));
}

/// 9.6: "(if the candidate's log is sufficiently up-to-date, and the voters have not received heartbeats from a valid leader for at least a
/// baseline election timeout)".
#[test]
fn voters_would_vote_for_an_up_to_date_log_when_no_leader_is_heard() {
    let answer = |last, waited: Span| {
        let mut driver = led(PRE_VOTE);
        driver.pass(n(2), waited);
        driver.receive(n(2), n(3), pre_vote(3, last));
        assert_eq!(driver.status(n(2)).term, Term(2), "a pre-vote changes no term");
        driver.told()
    };
    assert_eq!(answer((1, 2), BASELINE), "n2 -> n3 pre-vote-reply t3 granted\n");
    let refused = "n2 -> n3 pre-vote-reply t2 refused\n";
    assert_eq!(answer((1, 2), Span(BASELINE.0 - 1)), refused);
    assert_eq!(answer((0, 0), BASELINE), refused);
    assert_eq!(answer((5, 1), BASELINE), refused);
}

/// 9.6: "While a server is partitioned, it won't be able to increment its term, since it can't receive permission from a majority of the
/// cluster. Then, when it rejoins the cluster, it still won't be able to increment its term, since the other servers will have been
/// receiving regular heartbeats from the leader. Once the server receives a heartbeat from the leader itself, it will return to the
/// follower state (in the same term)."
#[test]
fn a_partitioned_server_returns_in_the_same_term() {
    let mut driver = led(PRE_VOTE);
    for _ in 0..5 {
        driver.timer(n(3));
        driver.lose_all();
    }
    driver.timer(n(3));
    driver.settle(&[1, 2, 3]);
    assert_eq!((driver.status(n(3)).role, driver.status(n(3)).term), (Role::PreCandidate, Term(2)));
    driver.timer(n(1));
    driver.settle(&[1, 2, 3]);
    assert_eq!((driver.status(n(3)).role, driver.status(n(3)).term), (Role::Follower, Term(2)));
    assert_eq!((driver.status(n(1)).role, driver.status(n(1)).term), (Role::Leader, Term(2)));
}

/// 4.2.3: "if a server receives a RequestVote request within the minimum election timeout of hearing from a current leader, it does not
/// update its term or grant its vote".
#[test]
fn a_server_that_hears_its_leader_neither_votes_nor_takes_over_the_term() {
    let term_after = |elections, node: u8, waited: Span| {
        let mut driver = led(elections);
        driver.pass(n(node), waited);
        driver.receive(n(node), n(3), request_vote(7, false));
        driver.status(n(node)).term
    };
    for node in [1, 2] {
        assert_eq!(term_after(VOTE_LEASE, node, Span(BASELINE.0 - 1)), Term(2));
        assert_eq!(term_after(VOTE_LEASE, node, BASELINE), Term(7));
        assert_eq!(term_after(NONE, node, Span::ZERO), Term(7), "the switch is off");
    }
}

/// 4.2.3: "a special flag to indicate this behavior ("I have permission to disrupt the leader—it told me to!")".
#[test]
fn a_request_by_the_leaders_word_is_answered_although_a_leader_is_heard() {
    let mut driver = led(VOTE_LEASE);
    driver.receive(n(2), n(3), request_vote(3, true));
    assert_eq!(driver.status(n(2)).term, Term(3));
    assert!(driver.told().contains("vote t3 granted"));
}

/// 6.2: "a leader in Raft steps down if an election timeout elapses without a successful round of heartbeats to a majority of its cluster;
/// this allows clients to retry their requests with another server."
#[test]
fn a_leader_without_a_majority_steps_down_and_sends_clients_on() {
    let after = |elections, answers: &[u8]| {
        let mut driver = led(elections);
        for _ in 0..2 {
            driver.timer(n(1));
            driver.settle(answers);
        }
        driver
    };
    let mut alone = after(CHECK_QUORUM, &[1]);
    assert_eq!((alone.status(n(1)).role, alone.status(n(1)).term), (Role::Follower, Term(2)));
    assert_eq!(alone.status(n(1)).leader, None);
    alone.told();
    alone.request(n(1), put(1));
    assert_eq!(alone.told(), "n1 answers c1.1: try elsewhere\n");
    assert_eq!(
        after(CHECK_QUORUM, &[1, 3]).status(n(1)).role,
        Role::Leader,
        "two of three are enough"
    );
    assert_eq!(after(NONE, &[1]).status(n(1)).role, Role::Leader, "the switch is off");
}

/// 3.10, step 1: "The prior leader stops accepting new client requests."
#[test]
fn a_leader_that_hands_over_takes_no_requests() {
    let mut driver = led(NONE);
    driver.step(n(1), Input::Transfer(n(2)));
    driver.lose_all();
    driver.told();
    driver.request(n(1), put(1));
    driver.request(n(3), put(2));
    driver.settle(&[1, 3]);
    let told = driver.told();
    assert!(told.contains("n1 answers c1.1: try elsewhere"), "{told}");
    assert!(told.contains("n3 answers c1.2: try elsewhere"), "{told}");
    assert_eq!(driver.log(n(1)), [2], "nothing was appended");
}

/// 3.10, steps 2 and 3: "The prior leader fully updates the target server's log to match its own, using the normal log replication
/// mechanism", and then "sends a TimeoutNow request to the target server".
#[test]
fn the_target_is_told_to_stand_when_its_log_matches() {
    let mut driver = led(NONE);
    driver.request(n(1), put(1));
    driver.lose_all();
    driver.step(n(1), Input::Transfer(n(2)));
    assert!(!driver.told().contains("timeout-now"), "the target lacks an entry");
    driver.timer(n(1));
    driver.settle(&[1, 2, 3]);
    let told = driver.told();
    let (matched, stood) = (told.find("n2 -> n1 appended t2 match 2"), told.find("timeout-now"));
    assert!(matched.is_some() && matched < stood, "{told}");
    assert_eq!(driver.log(n(2)), [2, 2, 3]);
}

/// 3.10, step 3: "This request has the same effect as the target server's election timer firing: the target server starts a new election
/// (incrementing its term and becoming a candidate)." And 4.2.3: neither pre-vote nor loyal voters hold it up.
#[test]
fn the_target_stands_at_once_and_the_prior_leader_steps_down() {
    let mut driver = led(ALL);
    driver.step(n(1), Input::Transfer(n(2)));
    driver.deliver(n(1), n(2));
    assert_eq!((driver.status(n(2)).role, driver.status(n(2)).term), (Role::Candidate, Term(3)));
    driver.settle(&[1, 2, 3]);
    assert_eq!(driver.status(n(2)).role, Role::Leader);
    let prior = driver.status(n(1));
    assert_eq!((prior.role, prior.term, prior.transfer), (Role::Follower, Term(3), None));
}

/// 3.10: "If leadership transfer does not complete after about an election timeout, the prior leader aborts the transfer and resumes
/// accepting client requests."
#[test]
fn a_transfer_that_takes_too_long_is_given_up() {
    let leads_on = |bugs: &[Bug]| {
        let mut driver = Driver::with(&vec![Disk::default(); 3], bugs, NONE, &[]);
        driver.elect(n(1), &[1, 2, 3]);
        driver.step(n(1), Input::Transfer(n(2)));
        driver.lose_all();
        driver.timer(n(1));
        assert_eq!(driver.status(n(1)).transfer, Some(n(2)), "half an election timeout is no time");
        driver.timer(n(1));
        driver.lose_all();
        driver.told();
        driver.request(n(1), put(1));
        driver.settle(&[1, 3]);
        driver.told().contains("n1 answers c1.1: done")
    };
    assert!(leads_on(&[]));
    assert!(!leads_on(&[Bug::TransferWedged]));
}

/// 3.10: "If the prior leader was mistaken and the target server is actually operational, then at worst this mistake will result in an
/// extra election, after which client operations will be restored."
#[test]
fn a_target_that_is_late_costs_an_election_and_no_more() {
    let mut driver = led(NONE);
    driver.step(n(1), Input::Transfer(n(2)));
    driver.pass(n(1), BASELINE);
    driver.step(n(1), Input::TimerFired(TimerId::FIRST));
    assert_eq!(driver.status(n(1)).transfer, None);
    driver.request(n(1), put(1));
    driver.settle(&[1, 2, 3]);
    let leaders: Vec<u8> =
        (1..=3).filter(|node| driver.status(n(*node)).role == Role::Leader).collect();
    assert!(leaders.len() <= 1);
    let next = leaders.first().copied().unwrap_or(1);
    if leaders.is_empty() {
        driver.elect(n(next), &[1, 2, 3]);
    }
    driver.told();
    driver.request(n(next), put(2));
    driver.settle(&[1, 2, 3]);
    assert!(driver.told().contains("answers c1.2: done"));
}
