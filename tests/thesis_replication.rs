//! A test for each sentence of Ongaro's thesis ("Consensus: Bridging Theory and Practice", 2014) on how entries travel: 10.2.1 (disks that
//! write at the same time), 10.2.2 (pipelining and its bounds), 5.1 and the paper's section 7 (snapshots beside appends), 6.4 (reads by way
//! of the log). Each quotes the sentence, or says in other words what it asks for.

use squall::bugs::Bug;
use squall::config::Config;
use squall::ids::{Index, Term};
use squall::log::{Command, Entry};
use squall::node::Request;
use squall::raft::Message;

use crate::driver::{Disk, Driver, n, put};

/// Node 1 of three leads term 2, and its no-op is on its disk and that of node 2.
fn led(bugs: &[Bug], tune: impl Fn(&mut Config)) -> Driver {
    let mut driver = Driver::tuned(&vec![Disk::default(); 3], bugs, tune);
    driver.elect(n(1), &[1, 2]);
    driver.told();
    driver
}

fn get(client: u32) -> Request {
    Request { command: Command::Get { key: 1 }, ..put(client) }
}

fn appended(match_index: u64) -> Message {
    Message::Appended { term: Term(2), match_index: Index(match_index) }
}

/// How many messages with entries have just left for a follower, and how many entries in all.
fn sent(driver: &mut Driver, to: u8) -> (usize, usize) {
    let told = driver.told();
    let messages = told.lines().filter(|line| line.starts_with(&format!("n1 -> n{to} append ")));
    let entries = messages.filter_map(|line| line.split_once("entries ")?.1.split(' ').next());
    let counts: Vec<usize> =
        entries.filter(|terms| *terms != "-").map(|terms| terms.split(',').count()).collect();
    (counts.len(), counts.iter().sum())
}

/// 10.2.1: the leader writes to its disk while it replicates, so an entry takes the time of one disk, not of two.
#[test]
fn entries_leave_while_the_leaders_disk_writes_them() {
    let mut driver = led(&[], |_| {});
    driver.request(n(1), put(1));
    assert_eq!(sent(&mut driver, 2), (1, 1));
    driver.sync(n(1));
    assert_eq!(sent(&mut driver, 2), (0, 0));
}

/// 10.2.1: what is not on the leader's disk does not count towards a majority as if it were.
#[test]
fn the_leaders_copy_counts_when_its_disk_has_it() {
    let commit_with_one_follower = |bugs: &[Bug]| {
        let mut driver = led(bugs, |_| {});
        driver.request(n(1), put(1));
        driver.receive(n(1), n(2), appended(2));
        let early = driver.status(n(1)).commit;
        driver.sync(n(1));
        (early, driver.status(n(1)).commit)
    };
    assert_eq!(commit_with_one_follower(&[]), (Index(1), Index(2)));
    assert_eq!(commit_with_one_follower(&[Bug::LeaderCountsUnsynced]), (Index(2), Index(2)));
}

/// 10.2.1: what the leader has committed without its own disk may be answered before that has it, or not; here it is not, for a state
/// machine is never ahead of its node's log.
#[test]
fn an_answer_waits_for_the_leaders_disk_although_the_commit_does_not() {
    let mut driver = led(&[], |_| {});
    driver.request(n(1), put(1));
    driver.receive(n(1), n(2), appended(2));
    driver.receive(n(1), n(3), appended(2));
    assert_eq!(driver.status(n(1)).commit, Index(2));
    assert!(!driver.told().contains("n1 applies 2"));
    driver.sync(n(1));
    let told = driver.told();
    assert!(told.contains("n1 applies 2") && told.contains("n1 answers c1.1: done"), "{told}");
}

/// 10.2.2: the leader treats the next index of a follower optimistically: it raises it as soon as it has sent something, so that the next
/// entries follow without an answer.
#[test]
fn next_index_runs_ahead_of_what_is_acknowledged() {
    let mut driver = led(&[], |_| {});
    for client in 1..=3 {
        driver.request(n(1), put(client));
        assert_eq!(sent(&mut driver, 2), (1, 1), "each is sent once, and none waits");
    }
}

/// 10.2.2: as long as a leader does not know where logs agree it has nothing to be optimistic about, and sends one message at a time.
#[test]
fn a_leader_that_probes_waits_for_each_answer() {
    let mut driver = led(&[], |_| {});
    for client in 1..=3 {
        driver.request(n(1), put(client));
        assert_eq!(sent(&mut driver, 3), (0, 0), "n3 has not answered to the no-op yet");
    }
    driver.receive(n(1), n(3), appended(1));
    assert_eq!(sent(&mut driver, 3), (1, 3));
}

/// 10.2.2: when a request fails, the leader takes the next index back and tries again from there; the consistency check has kept what came
/// behind the gap from being taken.
#[test]
fn after_a_loss_next_index_is_set_back() {
    let mut driver = led(&[], |_| {});
    driver.request(n(1), put(1));
    driver.lose_all();
    driver.request(n(1), put(2));
    driver.deliver(n(1), n(2));
    assert_eq!(driver.log(n(2)), [2], "nothing is taken behind a gap");
    driver.told();
    driver.deliver(n(2), n(1));
    assert_eq!(sent(&mut driver, 2), (1, 2), "both are sent again");
    driver.settle(&[1, 2]);
    assert_eq!((driver.log(n(2)), driver.status(n(1)).commit), (vec![2, 2, 2], Index(3)));
}

/// 10.2.2: a loss that nothing follows is found by the next heartbeat, which names the entry before the next index.
#[test]
fn a_heartbeat_finds_what_was_lost() {
    let mut driver = led(&[], |_| {});
    driver.request(n(1), put(1));
    driver.lose_all();
    driver.timer(n(1));
    driver.settle(&[1, 2]);
    assert_eq!((driver.log(n(2)), driver.status(n(1)).commit), (vec![2, 2], Index(2)));
}

/// 10.2.2: pipelined requests may overtake each other; Raft is safe however they arrive.
#[test]
fn messages_that_overtake_each_other_do_no_harm() {
    let mut driver = led(&[], |_| {});
    let append = |prev: u64| Message::AppendEntries {
        term: Term(2),
        prev_log_index: Index(prev),
        prev_log_term: Term(2),
        entries: Entry::noop(Term(2)).into(),
        leader_commit: Index(1),
    };
    driver.receive(n(2), n(1), append(2));
    assert_eq!(driver.log(n(2)), [2]);
    driver.receive(n(2), n(1), append(1));
    driver.receive(n(2), n(1), append(2));
    driver.receive(n(2), n(1), append(1));
    assert_eq!(driver.log(n(2)), [2, 2, 2], "the late one takes nothing away");
}

/// 10.2.2: how much is under way to a follower is bounded: by messages, and an acknowledgement makes room for the next.
#[test]
fn no_more_messages_are_unanswered_than_there_may_be() {
    for limit in 1..=4 {
        let mut driver = led(&[], |config| config.appends_in_flight = limit as u32);
        for client in 1..=6 {
            driver.request(n(1), put(client));
        }
        assert_eq!(sent(&mut driver, 2), (limit, limit));
        driver.receive(n(1), n(2), appended(2));
        assert_eq!(sent(&mut driver, 2), (1, 6 - limit), "the rest is one message");
        driver.receive(n(1), n(2), appended(2));
        assert_eq!(sent(&mut driver, 2), (0, 0), "the same answer makes room once");
    }
}

/// 10.2.2: batching is bounded, too: a message has so many entries at most, by number or by bytes, whichever is less.
#[test]
fn no_message_has_more_entries_than_it_may() {
    for (entries, bytes, most) in [(3, 0, 3), (100, 2 * Entry::BYTES, 2), (1, 900, 1), (9, 1, 1)] {
        let mut driver = led(&[], |config| {
            (config.entries_per_append, config.bytes_per_append) = (entries, bytes);
        });
        for client in 1..=5 {
            driver.request(n(1), put(client));
        }
        driver.told();
        driver.receive(n(1), n(3), appended(1));
        assert_eq!(sent(&mut driver, 3), (1, most));
    }
}

/// Section 7: "The solution is to use copy-on-write techniques so that new updates can be accepted without impacting the snapshot being
/// written."
#[test]
fn updates_are_accepted_while_a_snapshot_is_written() {
    let mut driver = led(&[], |config| config.snapshot_every = 2);
    driver.request(n(1), put(1));
    driver.settle(&[1, 2]);
    assert!(driver.told().contains("n1 takes a snapshot up to 2@2"));
    for serial in 2..=4 {
        driver.request(n(1), put(serial));
        driver.settle(&[1, 2]);
        let told = driver.told();
        assert!(told.contains(&format!("n1 answers c1.{serial}: done")), "{told}");
        assert!(!told.contains("n1 takes a snapshot"), "one is written at a time: {told}");
    }
    driver.saved(n(1));
    assert_eq!(driver.base(n(1)), Index(2), "it covers what was applied when it was taken");
    assert_eq!(driver.log(n(1)).len(), 3, "what came meanwhile stays");
}

/// Thesis 5.1: a snapshot goes to whom it is for, and holds up nobody else.
#[test]
fn others_are_sent_entries_while_one_is_sent_a_snapshot() {
    let disk = Disk { term: 2, snapshot: Some((4, 2)), ..Disk::default() };
    let disks = [disk.clone(), disk, Disk { term: 2, ..Disk::default() }];
    let mut driver = Driver::new(&disks, &[]);
    driver.elect(n(1), &[1, 2]);
    driver.timer(n(1));
    driver.settle(&[1, 2]);
    let gap = Message::Conflict {
        term: Term(3),
        rejected: Index(4),
        conflict_term: Term::ZERO,
        conflict_index: Index(1),
    };
    driver.told();
    driver.receive(n(1), n(3), gap);
    assert!(driver.told().contains("n1 -> n3 snapshot t3 upto 4@2"));
    driver.request(n(1), put(1));
    let told = driver.told();
    assert!(told.contains("n1 -> n2 append") && !told.contains("n1 -> n3"), "{told}");
    driver.settle(&[1, 2]);
    assert!(driver.told().contains("n1 answers c1.1: done"));
}

/// 6.4: a read that goes through the log as a write does is linearizable, at the cost of an entry.
#[test]
fn a_read_by_way_of_the_log_is_answered_when_its_entry_is_applied() {
    let mut driver = led(&[], |_| {});
    driver.request(n(1), get(1));
    assert_eq!(driver.log(n(1)), [2, 2], "it is an entry");
    driver.sync(n(1));
    assert!(!driver.told().contains("answers"));
    driver.settle(&[1, 2]);
    let told = driver.told();
    let (applied, answered) = (told.find("n1 applies 2"), told.find("n1 answers c1.1: done"));
    assert!(applied.is_some() && applied < answered, "{told}");
}

/// 6.4: a leader that was deposed, and does not know, answers no read: it commits nothing any more.
#[test]
fn a_deposed_leader_answers_no_read_by_way_of_the_log() {
    let answers = |bugs: &[Bug]| {
        let mut driver = led(bugs, |_| {});
        driver.elect(n(2), &[2, 3]);
        driver.told();
        driver.request(n(1), get(1));
        driver.settle(&[1]);
        driver.told().contains("n1 answers c1.1: done")
    };
    assert!(!answers(&[]));
    assert!(answers(&[Bug::LocalRead]));
}
