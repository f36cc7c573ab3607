//! A test for each rule of Figure 13, and for sentences of section 7 and of the thesis on log compaction and performance. Each quotes
//! the sentence that it checks, from "In Search of an Understandable Consensus Algorithm" (Ongaro and Ousterhout, 2014) or "Consensus:
//! Bridging Theory and Practice" (Ongaro, 2014).

use squall::ids::{Index, Term};
use squall::log::Entry;
use squall::raft::Message;
use squall::time::Span;

use crate::driver::{Disk, Driver, SNAPSHOT_BYTES, append, disk, n, put, snapshot};

/// A part of a snapshot that ends with an entry of this index and term.
fn part(term: u64, last: (u64, u64), offset: u64, bytes: u32) -> Message {
    let done = offset + u64::from(bytes) == SNAPSHOT_BYTES;
    let snapshot = snapshot(last.0, last.1, 3);
    Message::InstallSnapshot { term: Term(term), snapshot, offset, bytes, done }
}

fn whole(term: u64, last: (u64, u64)) -> Message {
    part(term, last, 0, SNAPSHOT_BYTES as u32)
}

/// Three nodes, the first with this term and log.
fn follower(term: u64, log: &[u64]) -> Driver {
    let mut driver = Driver::new(&[disk(term, log), Disk::default(), Disk::default()], &[]);
    driver.told();
    driver
}

/// A leader, with a cluster that takes snapshots.
fn leader(every: u64, trailing: u64) -> Driver {
    let mut driver = Driver::tuned(&vec![Disk::default(); 3], &[], |config| {
        (config.snapshot_every, config.snapshot_trailing) = (every, trailing);
    });
    driver.elect(n(1), &[1, 2]);
    driver
}

/// InstallSnapshot 1: "Reply immediately if term < currentTerm".
#[test]
fn a_snapshot_of_an_older_term_is_refused() {
    let mut driver = follower(5, &[]);
    driver.receive(n(1), n(2), whole(3, (4, 2)));
    let told = driver.told();
    assert!(told.contains("snapshot-reply t5") && !told.contains("writes"), "{told}");
}

/// InstallSnapshot 2 and 3: "Create new snapshot file if first chunk (offset is 0)", "Write data into snapshot file at given offset".
#[test]
fn parts_are_put_together_in_order_and_without_a_gap() {
    let mut driver = follower(3, &[]);
    for (offset, has) in [(0, 10), (0, 10), (20, 10), (10, 20)] {
        driver.receive(n(1), n(2), part(3, (4, 2), offset, 10));
        let told = driver.told();
        assert!(told.contains(&format!("has {has}")), "{offset}: {told}");
    }
}

/// InstallSnapshot 4: "Reply and wait for more data chunks if done is false".
#[test]
fn nothing_is_installed_before_the_last_part() {
    let mut driver = follower(3, &[1]);
    driver.receive(n(1), n(2), part(3, (4, 2), 0, 10));
    driver.receive(n(1), n(2), part(3, (4, 2), 10, 10));
    assert!(!driver.told().contains("writes the received"));
    driver.receive(n(1), n(2), part(3, (4, 2), 20, 10));
    assert!(driver.told().contains("writes the received snapshot up to 4@2"));
    assert_eq!(driver.log(n(1)), [1], "it is not durable");
}

/// InstallSnapshot 5: "Save snapshot file, discard any existing or partial snapshot with a smaller index".
#[test]
fn a_newer_snapshot_takes_the_place_of_a_partial_one() {
    let mut driver = follower(3, &[]);
    driver.receive(n(1), n(2), part(3, (4, 2), 0, 20));
    driver.receive(n(1), n(2), part(3, (6, 2), 0, 10));
    assert!(driver.told().contains("upto 6 has 10"));
    driver.receive(n(1), n(2), part(3, (4, 2), 20, 10));
    assert_eq!(driver.told(), "", "the older one is gone");
}

/// InstallSnapshot 6: "If existing log entry has same index and term as snapshot's last included entry, retain log entries following
/// it and reply".
#[test]
fn entries_behind_a_matching_one_are_kept() {
    let mut driver = follower(3, &[1, 1, 2, 2, 3]);
    driver.receive(n(1), n(2), whole(3, (4, 2)));
    driver.saved(n(1));
    assert_eq!((driver.log(n(1)), driver.base(n(1))), (vec![3], Index(4)));
    assert_eq!(driver.status(n(1)).applied, Index(4));
}

/// InstallSnapshot 7: "Discard the entire log".
#[test]
fn a_log_with_another_entry_there_goes() {
    for log in [vec![1, 1], vec![1, 1, 1, 1, 1, 1]] {
        let mut driver = follower(3, &log);
        driver.receive(n(1), n(2), whole(3, (4, 2)));
        driver.saved(n(1));
        assert_eq!((driver.log(n(1)), driver.base(n(1))), (vec![], Index(4)));
    }
}

/// InstallSnapshot 8: "Reset state machine using snapshot contents".
#[test]
fn the_state_machine_becomes_that_of_the_snapshot() {
    let mut driver = follower(3, &[1, 1]);
    driver.receive(n(1), n(2), whole(3, (4, 2)));
    driver.saved(n(1));
    let told = driver.told();
    assert!(told.contains("restores its state machine up to 4"), "{told}");
    assert!(told.contains("installed after w1"), "the answer waits for the log: {told}");
    let status = driver.status(n(1));
    assert_eq!((status.commit, status.applied), (Index(4), Index(4)));
}

/// Section 7: "If instead the follower receives a snapshot that describes a prefix of its log (due to retransmission or by mistake), then
/// log entries covered by the snapshot are deleted but entries following the snapshot are still valid and must be retained."
#[test]
fn a_snapshot_of_a_committed_prefix_takes_nothing_away() {
    let mut driver = follower(3, &[1, 1, 2]);
    driver.receive(n(1), n(2), append(3, (3, 2), &[3], 4));
    driver.sync(n(1));
    driver.receive(n(1), n(2), whole(3, (2, 1)));
    assert!(driver.told().contains("upto 2 installed"));
    assert_eq!((driver.log(n(1)), driver.status(n(1)).applied), (vec![1, 1, 2, 3], Index(4)));
}

/// Section 7: "Each server takes snapshots independently, covering just the committed entries in its log."
#[test]
fn a_snapshot_covers_what_is_committed_and_nothing_else() {
    let mut driver = leader(2, 0);
    driver.request(n(1), put(1));
    assert!(!driver.told().contains("takes a snapshot"), "index 2 is not committed yet");
    driver.settle(&[1, 2]);
    driver.request(n(1), put(2));
    assert!(driver.told().contains("n1 takes a snapshot up to 2@2"));
}

/// Section 7: "Once a server completes writing a snapshot, it may delete all log entries up through the last included index".
#[test]
fn a_log_is_compacted_once_the_snapshot_is_durable() {
    for (trailing, base) in [(0, 2), (1, 1), (9, 0)] {
        let mut driver = leader(2, trailing);
        driver.request(n(1), put(1));
        driver.settle(&[1, 2]);
        driver.request(n(1), put(2));
        driver.settle(&[1, 2]);
        assert_eq!(driver.base(n(1)), Index::ZERO, "it is still being written");
        driver.saved(n(1));
        assert_eq!(driver.base(n(1)), Index(base), "{trailing} entries are kept");
    }
}

/// Section 7: "the leader must occasionally send snapshots to followers that lag behind", "when the leader has already discarded the
/// next log entry that it needs to send to a follower".
#[test]
fn a_follower_that_lags_is_sent_the_snapshot_and_then_entries() {
    let mut driver = leader(2, 0);
    for client in 1..=3 {
        driver.request(n(1), put(client));
        driver.settle(&[1, 2]);
    }
    driver.saved(n(1));
    driver.told();
    driver.timer(n(1));
    driver.settle(&[1, 2, 3]);
    assert!(driver.told().contains("n3 writes the received snapshot"));
    driver.saved(n(3));
    driver.settle(&[1, 2, 3]);
    assert_eq!(driver.status(n(3)).applied, driver.status(n(1)).applied);
    assert_eq!(driver.log(n(3)), driver.log(n(1)));
}

/// Section 7: "these are included to support the AppendEntries consistency check for the first log entry following the snapshot".
#[test]
fn the_last_entry_of_a_snapshot_is_what_the_first_one_behind_it_is_compared_with() {
    let disk = Disk { term: 3, snapshot: Some((4, 2)), ..Disk::default() };
    for (prev_term, taken) in [(2, vec![3]), (1, vec![])] {
        let disks = [disk.clone(), Disk::default(), Disk::default()];
        let mut driver = Driver::new(&disks, &[]);
        driver.receive(n(1), n(2), append(3, (4, prev_term), &[3], 4));
        assert_eq!(driver.log(n(1)), taken);
    }
}

/// Thesis 10.2.1: "The leader can even commit an entry before it has been written to its own disk, if a majority of followers have
/// written it to their disks; this is still safe."
#[test]
fn a_leader_may_commit_before_its_own_disk_has_it() {
    let mut driver = Driver::fresh(3);
    driver.elect(n(1), &[1, 2, 3]);
    driver.request(n(1), put(1));
    for follower in [n(2), n(3)] {
        driver.deliver(n(1), follower);
        driver.sync(follower);
        driver.deliver(follower, n(1));
    }
    assert_eq!(driver.status(n(1)).commit, Index(2));
}

/// Thesis 10.2.1, the other way: without parallel writes, nothing is sent that the leader's disk does not have.
#[test]
fn a_leader_that_waits_for_its_disk_sends_nothing_before() {
    let mut driver =
        Driver::tuned(&vec![Disk::default(); 3], &[], |config| config.parallel_append = false);
    driver.elect(n(1), &[1, 2, 3]);
    driver.told();
    driver.request(n(1), put(1));
    assert!(!driver.told().contains("append"));
    driver.sync(n(1));
    assert!(driver.told().contains("n1 -> n2 append t2 prev 1@2 entries 2"));
}

/// Thesis 10.2.2: "Raft supports batching and pipelining of log entries".
#[test]
fn gathered_requests_are_one_write_and_one_message() {
    let mut driver = Driver::tuned(&vec![Disk::default(); 3], &[], |config| {
        config.batch_delay = Span::millis(10);
        config.bytes_per_append = 64;
    });
    driver.elect(n(1), &[1, 2, 3]);
    driver.told();
    driver.request(n(1), put(1));
    assert_eq!(driver.told(), "");
    driver.request(n(1), put(2));
    let told = driver.told();
    assert!(told.contains("from 2 entries of 2 2"), "they fill a message: {told}");
    driver.request(n(1), put(3));
    driver.timer(n(1));
    assert!(driver.told().contains("from 4 entries of 2"), "its time is up");
}

/// A window in bytes: what is not answered is bounded, and an answer makes room.
#[test]
fn no_more_is_sent_than_the_window_allows() {
    let mut driver = Driver::tuned(&vec![Disk::default(); 3], &[], |config| {
        config.bytes_in_flight = 2 * Entry::BYTES;
        config.appends_in_flight = 100;
    });
    driver.elect(n(1), &[1, 2, 3]);
    driver.told();
    (1..=5).for_each(|client| driver.request(n(1), put(client)));
    assert_eq!(driver.told().matches("n1 -> n2 append").count(), 2);
    driver.settle(&[1, 2, 3]);
    assert_eq!(driver.log(n(2)).len(), 6);
}
