//! A test for each sentence of Ongaro's thesis ("Consensus: Bridging Theory and Practice", 2014) on reads that leave no entry in the log:
//! 6.4 (read index, follower reads) and 6.4.1 (leases). Each quotes the sentence, or says in other words what it asks for.

use squall::bugs::Bug;
use squall::config::Reads;
use squall::ids::{Index, Term};
use squall::log::{Command, RequestId};
use squall::node::{Input, Request, Role};
use squall::raft::Message;
use squall::time::{Shift, Span};

use crate::driver::{Disk, Driver, n, put};

/// The lowest election timeout of the driver's nodes.
const BASELINE: Span = Span::millis(150);

/// Node 1 leads term 2, its no-op is committed, and the others have just heard so.
fn led(reads: Reads, by_followers: bool, bugs: &[Bug]) -> Driver {
    let mut driver = Driver::tuned(&vec![Disk::default(); 3], bugs, |config| {
        (config.reads, config.follower_reads) = (reads, by_followers);
        config.drift_bound_ppm = 500_000;
    });
    for node in 1..=3 {
        driver.pass(n(node), BASELINE);
    }
    driver.elect(n(1), &[1, 2, 3]);
    driver.timer(n(1));
    driver.settle(&[1, 2, 3]);
    driver.told();
    driver
}

fn get(client: u32) -> Request {
    Request { id: RequestId::new(client, 1), command: Command::Get { key: 1 } }
}

fn confirmed(round: u64) -> Message {
    Message::ReadRoundReply { term: Term(2), round }
}

/// 6.4: "If the leader has not yet marked an entry from its current term committed, it waits until it has done so."
#[test]
fn a_new_leader_waits_for_an_entry_of_its_own_term() {
    let answers = |bugs: &[Bug]| {
        let mut driver = Driver::tuned(&vec![Disk::default(); 3], bugs, |config| {
            config.reads = Reads::ReadIndex;
        });
        driver.timer(n(1));
        driver.sync(n(1));
        driver.receive(n(1), n(2), Message::Vote { term: Term(2), granted: true });
        assert_eq!(driver.status(n(1)).role, Role::Leader);
        driver.request(n(1), get(1));
        driver.receive(n(1), n(2), confirmed(1));
        let early = driver.told().contains("n1 answers c1.1");
        driver.sync(n(1));
        driver.receive(n(1), n(2), Message::Appended { term: Term(2), match_index: Index(1) });
        (early, driver.told().contains("n1 answers c1.1"))
    };
    assert_eq!(answers(&[]), (false, true));
    assert_eq!(answers(&[Bug::ReadindexBeforeNoop]), (true, false));
}

/// 6.4: "It issues a new round of heartbeats and waits for their acknowledgments from a majority of the cluster."
#[test]
fn a_majority_answers_a_round_that_was_sent_after_the_read_came() {
    let mut driver = led(Reads::ReadIndex, false, &[]);
    driver.request(n(1), get(1));
    driver.request(n(1), get(2));
    driver.receive(n(1), n(2), confirmed(0));
    assert!(!driver.told().contains("answers"), "an answer to an earlier round");
    driver.receive(n(1), n(2), confirmed(1));
    let told = driver.told();
    assert!(told.contains("n1 answers c1.1") && !told.contains("n1 answers c2.1"), "{told}");
    driver.receive(n(1), n(2), confirmed(1));
    assert!(!driver.told().contains("answers"), "the same answer twice");
    driver.receive(n(1), n(3), confirmed(2));
    assert!(driver.told().contains("n1 answers c2.1"));
    let mut short = led(Reads::ReadIndex, false, &[Bug::ReadQuorumShort]);
    short.request(n(1), get(1));
    assert!(short.told().contains("n1 answers c1.1"));
}

/// 6.4: "it can use a single round of heartbeats for any number of read-only queries that it has accumulated."
#[test]
fn one_round_serves_all_reads_that_wait() {
    let mut driver = led(Reads::ReadIndex, false, &[]);
    for client in 1..=5 {
        driver.request(n(1), get(client));
    }
    driver.receive(n(1), n(2), confirmed(1));
    driver.told();
    driver.receive(n(1), n(2), confirmed(2));
    assert_eq!(driver.told().matches("n1 answers").count(), 4);
    assert_eq!(driver.log(n(1)), [2], "no read left an entry");
}

/// 6.4: "The leader waits for its state machine to advance at least as far as the readIndex"; so does a follower to which the leader told
/// that index.
#[test]
fn a_follower_answers_when_it_has_applied_as_far() {
    let early = |bugs: &[Bug]| {
        let mut driver = led(Reads::ReadIndex, true, bugs);
        driver.request(n(1), put(1));
        driver.settle(&[1, 2, 3]);
        driver.request(n(2), get(2));
        driver.told();
        driver.settle(&[1, 2, 3]);
        let early = driver.told().contains("n2 answers c2.1: done");
        driver.timer(n(1));
        driver.settle(&[1, 2, 3]);
        (early, driver.told().contains("n2 answers c2.1: done"))
    };
    assert_eq!(early(&[]), (false, true));
    assert_eq!(early(&[Bug::FollowerReadUnapplied]), (true, false));
}

/// Says after which time without an answer a leader no longer answers at once.
fn lease_after(bugs: &[Bug], before: impl Fn(&mut Driver)) -> Span {
    let lasts = |wait: u64| {
        let mut driver = led(Reads::Lease, false, bugs);
        before(&mut driver);
        driver.pass(n(1), Span::millis(wait));
        driver.told();
        driver.request(n(1), get(1));
        driver.told().contains("n1 answers c1.1")
    };
    Span::millis((0..500).find(|wait| !lasts(*wait)).expect("some day it is over"))
}

/// 6.4.1: "the leader would extend its lease to start + election timeout / clock drift bound".
#[test]
fn a_lease_is_the_election_timeout_less_the_drift_of_clocks() {
    assert_eq!(lease_after(&[], |_| {}), Span::millis(100));
    assert_eq!(lease_after(&[Bug::LeaseWithoutDriftBound], |_| {}), BASELINE);
}

/// 6.4.1: the lease counts from the start of the round, when it was sent.
#[test]
fn a_lease_begins_when_the_round_was_sent() {
    let slow = |driver: &mut Driver| {
        driver.timer(n(1));
        driver.pass(n(1), Span::millis(90));
        driver.settle(&[1, 2, 3]);
    };
    assert_eq!(lease_after(&[], slow), Span::millis(10));
    assert_eq!(lease_after(&[Bug::LeaseFromAnswer], slow), Span::millis(100));
}

/// 6.4.1: "The lease approach assumes a bound on clock drift across servers": a clock that somebody sets has none.
#[test]
fn a_lease_goes_by_a_clock_that_nobody_sets() {
    let back = |driver: &mut Driver| driver.jump(n(1), Shift(-50_000_000));
    assert_eq!(lease_after(&[], back), Span::millis(100));
    assert_eq!(lease_after(&[Bug::LeaseWallclock], back), Span::millis(150));
}

/// 6.4.1: a lease rests on followers that elect nobody else before an election timeout has passed since they heard the leader.
#[test]
fn who_answered_the_leader_votes_for_nobody_else_while_the_lease_may_last() {
    let votes_after = |bugs: &[Bug], wait: Span| {
        let mut driver = led(Reads::Lease, false, bugs);
        driver.pass(n(3), wait);
        let (term, last_log_index, last_log_term) = (Term(3), Index(9), Term(2));
        let request =
            Message::RequestVote { term, last_log_index, last_log_term, by_leader: false };
        driver.receive(n(3), n(2), request);
        driver.told().contains("granted")
    };
    assert!(!votes_after(&[], Span::millis(149)));
    assert!(votes_after(&[], BASELINE));
    assert!(votes_after(&[Bug::LeaseNotHonoured], Span::ZERO));
}

/// 6.4.1: a leader that transfers leadership gives its lease up, for the transferee need not wait for an election timeout.
#[test]
fn a_leader_that_hands_over_has_no_lease() {
    let hands_over = |driver: &mut Driver| driver.step(n(1), Input::Transfer(n(2)));
    assert_eq!(lease_after(&[], hands_over), Span::ZERO);
    assert_eq!(lease_after(&[Bug::LeaseSurvivesTransfer], hands_over), Span::millis(100));
}
