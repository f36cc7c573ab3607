//! A test for each sentence on changes of the members: section 6 of the paper ("In Search of an Understandable Consensus Algorithm", Ongaro
//! and Ousterhout, 2014), chapter 4 of the thesis ("Consensus: Bridging Theory and Practice", Ongaro, 2014), and what Ongaro added in 2015.
//! Each quotes the sentence, or says in other words what it asks for.

use squall::bugs::Bug;
use squall::config::Config;
use squall::configuration::{Change, Configuration, Several};
use squall::ids::{Index, NodeId, NodeSet, Term};
use squall::node::{Input, Role};
use squall::raft::Message;
use squall::time::Span;

use crate::driver::{Disk, Driver, n, put, request_vote};

fn set(nodes: &[u8]) -> NodeSet {
    nodes.iter().map(|node| n(*node)).collect()
}

/// Nodes of which some are voters; n1 leads them in term 2, and all of them know that its no-op is committed.
fn led_with(nodes: usize, voters: &[u8], bugs: &[Bug], tune: impl Fn(&mut Config)) -> Driver {
    let disks = vec![Disk::default(); nodes];
    let mut driver = Driver::of(&disks, bugs, set(voters), |_, config| tune(config));
    for node in 1..=nodes as u8 {
        driver.pass(n(node), Span::secs(1));
    }
    driver.elect(n(1), voters);
    beat(&mut driver, voters);
    driver
}

fn led(nodes: usize, voters: &[u8], bugs: &[Bug]) -> Driver {
    led_with(nodes, voters, bugs, |_| {})
}

/// n1 sends a heartbeat, and these nodes answer until nothing is under way.
fn beat(driver: &mut Driver, among: &[u8]) {
    driver.timer(n(1));
    driver.settle(among);
    driver.told();
}

fn change(driver: &mut Driver, leader: u8, change: Change) {
    driver.step(n(leader), Input::Change(change));
}

/// A change of several by way of joint consensus, which is left by itself.
fn joint(add: &[u8], remove: &[u8]) -> Change {
    let (add, remove) = (set(add), set(remove));
    Change::Enter(Several { add, remove, auto_leave: true, ..Several::default() })
}

/// The same, but it stays.
fn stay(add: &[u8], remove: &[u8]) -> Change {
    let (add, remove) = (set(add), set(remove));
    Change::Enter(Several { add, remove, ..Several::default() })
}

/// These nodes acknowledge the log of n1, which leads term 2, up to an index. Gives how far that commits.
fn acknowledge(driver: &mut Driver, nodes: &[u8], index: u64) -> Index {
    driver.sync(n(1));
    for node in nodes {
        let reply = Message::Appended { term: Term(2), match_index: Index(index) };
        driver.receive(n(1), n(*node), reply);
    }
    driver.status(n(1)).commit
}

/// Whom a node asks for votes when its time is up.
fn asks(driver: &mut Driver, node: NodeId) -> Vec<u8> {
    driver.told();
    driver.timer(node);
    let told = driver.told();
    let asked = |to: &u8| told.contains(&format!("{node} -> n{to} request-vote"));
    (1..=9).filter(asked).collect()
}

/// 4.1: when a single server is added or removed, any majority of the old cluster has a server in common with any majority of the new
/// one. When there are two, that is not so.
#[test]
fn majorities_before_and_after_one_change_have_a_server_in_common() {
    let meet = |one: Configuration, other: Configuration| {
        let majority = |voters: NodeSet| voters.len() / 2 + 1;
        let all = one.voters.union(other.voters).len();
        majority(one.voters) + majority(other.voters) > all
    };
    for size in 1..=9 {
        let before = Configuration::of(NodeSet::first(size));
        let added = before.after(Change::Add(n(size + 1))).expect("a new server");
        assert!(meet(before, added), "{size} servers and one more");
        if let Some(removed) = before.after(Change::Remove(n(size))) {
            assert!(meet(before, removed), "{size} servers and one less");
        }
    }
    let (three, five) = (NodeSet::first(3), NodeSet::first(5));
    assert!(!meet(Configuration::of(three), Configuration::of(five)));
}

/// 4.1: "The new configuration takes effect on each server as soon as it is added to that server's log"; "a server always uses the latest
/// configuration in its log, regardless of whether the entry is committed".
#[test]
fn a_configuration_counts_as_soon_as_it_is_in_the_log() {
    let mut driver = led(4, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::Add(n(4)));
    assert!(
        driver.told().contains("n1 -> n4 append"),
        "the leader sends entries to the new server"
    );
    driver.deliver(n(1), n(2));
    assert_eq!(driver.status(n(2)).commit, Index(1), "it is not committed");
    assert_eq!(asks(&mut driver, n(2)), [1, 3, 4]);
    assert_eq!(asks(&mut driver, n(3)), [1, 2], "it has not heard of it");
}

/// 4.1: "a majority of the new configuration is used to determine the Cnew entry's commitment".
#[test]
fn a_configuration_is_committed_by_a_majority_of_its_own() {
    let mut driver = led(4, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::Add(n(4)));
    assert_eq!(acknowledge(&mut driver, &[2], 2), Index(1), "two of four");
    assert_eq!(acknowledge(&mut driver, &[4], 2), Index(2), "three of four");
    let mut driver = led(4, &[1, 2, 3, 4], &[]);
    change(&mut driver, 1, Change::Remove(n(4)));
    assert_eq!(acknowledge(&mut driver, &[4], 2), Index(1), "who leaves does not count");
    assert_eq!(acknowledge(&mut driver, &[2], 2), Index(2), "two of three");
}

/// Figure 4.1: "Reply NOT_LEADER if not leader": who does not lead changes nothing.
#[test]
fn only_a_leader_changes_the_members() {
    let mut driver = led(4, &[1, 2, 3], &[]);
    for node in [2, 4] {
        change(&mut driver, node, Change::Add(n(4)));
        change(&mut driver, node, joint(&[4], &[3]));
    }
    assert_eq!(driver.told(), "");
}

/// 4.1: while a change is not committed, the leader does not begin another.
#[test]
fn one_change_follows_another_when_that_is_committed() {
    let overlaps = |bugs: &[Bug]| {
        let mut driver = led(5, &[1, 2, 3], bugs);
        change(&mut driver, 1, Change::Add(n(4)));
        change(&mut driver, 1, Change::Add(n(5)));
        driver.log(n(1)).len() == 3
    };
    assert!(!overlaps(&[]));
    assert!(overlaps(&[Bug::ChangeOverlap]));
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::Add(n(4)));
    acknowledge(&mut driver, &[2, 3], 2);
    change(&mut driver, 1, Change::Add(n(5)));
    assert_eq!(driver.log(n(1)).len(), 3);
}

/// 4.1: "a server must be prepared to fall back to the previous configuration in its log".
#[test]
fn a_configuration_goes_with_its_entry() {
    let mut driver = led(4, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::Add(n(4)));
    driver.lose_all();
    driver.elect(n(2), &[2, 3]);
    driver.timer(n(2));
    driver.settle(&[1, 2, 3]);
    assert_eq!(driver.log(n(1)), [2, 3], "the entry of the change is gone");
    assert_eq!(asks(&mut driver, n(1)), [2, 3]);
}

/// 4.1: "A server accepts AppendEntries requests from a leader that is not part of the server's latest configuration."
#[test]
fn entries_are_taken_from_a_leader_who_is_no_member() {
    let mut driver = led(4, &[1, 2, 3], &[]);
    let heartbeat = Message::AppendEntries {
        term: Term(5),
        prev_log_index: Index(1),
        prev_log_term: Term(2),
        entries: squall::log::Batch::EMPTY,
        leader_commit: Index(1),
    };
    driver.receive(n(3), n(4), heartbeat);
    let status = driver.status(n(3));
    assert_eq!((status.term, status.leader), (Term(5), Some(n(4))));
}

/// 4.1: "A server also grants its vote to a candidate that is not part of the server's latest configuration (if the candidate has a
/// sufficiently up-to-date log and a current term)"; and it votes though it is not in that itself.
#[test]
fn votes_are_given_whoever_is_a_member() {
    let grants = |voter: u8, candidate: u8, last: (u64, u64), bugs: &[Bug]| {
        let mut driver = led(4, &[1, 2, 3], bugs);
        driver.receive(n(voter), n(candidate), request_vote(3, last));
        driver.told().contains("granted")
    };
    assert!(grants(3, 4, (2, 2), &[]));
    assert!(!grants(3, 4, (1, 1), &[]), "its log is not up to date");
    assert!(grants(4, 2, (2, 2), &[]), "the voter does not know that it is one");
    assert!(!grants(4, 2, (2, 2), &[Bug::VoteByOwnConfig]));
}

/// 4.1: a candidate goes by the latest configuration in its log, not by the latest that it has applied.
#[test]
fn a_candidate_counts_votes_by_the_configuration_in_its_log() {
    let wins = |bugs: &[Bug]| {
        let mut driver = led(5, &[1, 2, 3], bugs);
        change(&mut driver, 1, joint(&[4, 5], &[3]));
        driver.deliver(n(1), n(2));
        driver.lose_all();
        driver.timer(n(2));
        driver.sync(n(2));
        driver.receive(n(2), n(3), Message::Vote { term: Term(3), granted: true });
        driver.status(n(2)).role == Role::Leader
    };
    assert!(!wins(&[]), "n4 or n5 has not voted");
    assert!(wins(&[Bug::CampaignUnappliedConfig]));
}

/// Ongaro, raft-dev, 10 July 2015: a leader appends no new configuration "until it has committed an entry from its current term".
#[test]
fn the_no_op_is_committed_before_the_members_change() {
    let changes = |bugs: &[Bug]| {
        let mut driver = Driver::of(&vec![Disk::default(); 4], bugs, set(&[1, 2, 3]), |_, _| {});
        driver.timer(n(1));
        driver.sync(n(1));
        driver.receive(n(1), n(2), Message::Vote { term: Term(2), granted: true });
        change(&mut driver, 1, Change::Add(n(4)));
        let early = driver.log(n(1)).len() == 2;
        acknowledge(&mut driver, &[2], 1);
        change(&mut driver, 1, Change::Add(n(4)));
        (early, driver.log(n(1)).len() == 2)
    };
    assert_eq!(changes(&[]), (false, true));
    assert!(changes(&[Bug::ChangeBeforeNoop]).0);
}

/// 4.2.1: "a new server joins the cluster as a non-voting member. The leader replicates log entries to it, but it is not yet counted
/// towards majorities for voting or commitment purposes."
#[test]
fn a_learner_gets_entries_and_counts_for_nothing() {
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::AddLearner(n(4)));
    assert!(driver.told().contains("n1 -> n4 append"));
    driver.settle(&[1, 4]);
    assert_eq!(driver.log(n(4)), [2, 2]);
    assert_eq!(driver.status(n(1)).commit, Index(1), "it counts for no commit");
    beat(&mut driver, &[1, 2, 3]);
    assert_eq!(asks(&mut driver, n(4)), [0; 0], "it does not stand");
    assert_eq!(asks(&mut driver, n(2)), [1, 3], "and is not asked");
    driver.sync(n(2));
    driver.receive(n(2), n(4), Message::Vote { term: Term(3), granted: true });
    assert_eq!(driver.status(n(2)).role, Role::Candidate, "its vote elects nobody");
}

/// 4.2.1: a server with an empty log that is added at once may keep the cluster from committing until it has caught up; one that joins as a
/// learner does not.
#[test]
fn a_new_server_that_lags_holds_up_commits_only_as_a_voter() {
    let commits = |join: Change| {
        // n3 is down, so that n1 and n2 are a bare majority.
        let mut driver = led(4, &[1, 2, 3], &[]);
        change(&mut driver, 1, join);
        driver.request(n(1), put(1));
        acknowledge(&mut driver, &[2], 3)
    };
    assert_eq!(commits(Change::Add(n(4))), Index(1));
    assert_eq!(commits(Change::AddLearner(n(4))), Index(3));
}

/// 4.2.1: "the leader needs to determine when a new server is sufficiently caught up": ours wants all that it knows to be committed.
#[test]
fn a_learner_is_promoted_when_it_has_caught_up() {
    let mut driver = led(4, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::AddLearner(n(4)));
    acknowledge(&mut driver, &[2, 3, 4], 2);
    change(&mut driver, 1, Change::Promote(n(4)));
    assert_eq!(driver.log(n(1)).len(), 3);
    assert_eq!(acknowledge(&mut driver, &[2], 3), Index(2), "from now on it counts");
    assert_eq!(acknowledge(&mut driver, &[4], 3), Index(3));
}

/// 4.2.1: "the leader needs to determine when a new server is sufficiently caught up to continue with the configuration change", whatever
/// the form in which it is asked for that.
#[test]
fn a_learner_that_lags_becomes_a_voter_as_soon_as_it_has_caught_up() {
    for promotes in [Change::Promote(n(4)), Change::Add(n(4)), joint(&[4], &[3])] {
        let mut driver = led(5, &[1, 2, 3], &[]);
        change(&mut driver, 1, Change::AddLearner(n(4)));
        acknowledge(&mut driver, &[2, 3], 2);
        change(&mut driver, 1, promotes);
        acknowledge(&mut driver, &[4], 1);
        assert_eq!(driver.log(n(1)).len(), 2, "{promotes:?}: it lacks what is committed");
        acknowledge(&mut driver, &[2, 3], 2);
        assert_eq!(driver.log(n(1)).len(), 2, "{promotes:?}: others do not matter");
        acknowledge(&mut driver, &[4], 2);
        assert_eq!(driver.log(n(1)).len(), 3, "{promotes:?}");
    }
}

/// A promotion that waits is forgotten when the members change in another way, or leadership ends.
#[test]
fn a_promotion_that_waits_holds_up_nothing_and_is_forgotten() {
    let promoted = |meanwhile: fn(&mut Driver)| {
        let mut driver = led(5, &[1, 2, 3], &[]);
        change(&mut driver, 1, Change::AddLearner(n(4)));
        acknowledge(&mut driver, &[2, 3], 2);
        change(&mut driver, 1, Change::Promote(n(4)));
        meanwhile(&mut driver);
        let before = driver.log(n(1)).len();
        acknowledge(&mut driver, &[4], 2);
        driver.log(n(1)).len() > before
    };
    assert!(promoted(|_| ()));
    assert!(!promoted(|driver| {
        change(driver, 1, Change::Remove(n(3)));
        assert_eq!(acknowledge(driver, &[2], 3), Index(3), "it does not wait");
    }));
    assert!(!promoted(|driver| {
        driver.receive(n(1), n(2), Message::Vote { term: Term(3), granted: false });
        assert_eq!(driver.status(n(1)).role, Role::Follower);
    }));
}

/// 4.2.2: "there will be a period of time (while it is committing Cnew) when a leader can manage a cluster that does not include itself; it
/// replicates log entries but does not count itself in majorities." It "steps down once the Cnew entry is committed".
#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed() {
    let mut driver = led(3, &[1, 2, 3], &[]);
    change(&mut driver, 1, Change::Remove(n(1)));
    assert!(driver.told().contains("n1 -> n2 append t2 prev 1@2 entries 2"));
    assert_eq!(acknowledge(&mut driver, &[2], 2), Index(1), "its own copy does not count");
    driver.request(n(1), put(1));
    assert!(driver.told().contains("n1 -> n2 append t2 prev 2@2 entries 2"), "it still leads");
    assert_eq!(acknowledge(&mut driver, &[3], 2), Index(2));
    assert_eq!(driver.status(n(1)).role, Role::Follower);
    assert_eq!(asks(&mut driver, n(1)), [0; 0], "it does not stand any more");
    let mut driver = led(3, &[1, 2, 3], &[Bug::RemovedLeaderStays]);
    change(&mut driver, 1, Change::Remove(n(1)));
    assert_eq!(acknowledge(&mut driver, &[2, 3], 2), Index(2));
    assert_eq!(driver.status(n(1)).role, Role::Leader);
}

/// 4.2.2: "a server that is not part of its own latest configuration should still start new elections, as it might still be needed until
/// the Cnew entry is committed". Nor does its own vote count then.
#[test]
fn who_is_removed_stands_until_that_is_committed() {
    let mut driver = led(2, &[1, 2], &[]);
    change(&mut driver, 1, Change::Remove(n(1)));
    driver.lose_all();
    // n2 lacks the entry, so that n1 would not vote for it: without n1 nobody would ever lead.
    assert_eq!(asks(&mut driver, n(2)), [1]);
    driver.settle(&[1, 2]);
    assert_eq!((driver.status(n(1)).role, driver.status(n(1)).term), (Role::Follower, Term(3)));
    assert_eq!(driver.status(n(2)).role, Role::Candidate);
    assert_eq!(asks(&mut driver, n(1)), [2]);
    driver.sync(n(1));
    assert_eq!(driver.status(n(1)).role, Role::Candidate, "its own vote is not enough");
    driver.settle(&[1, 2]);
    assert_eq!(driver.log(n(2)), [2, 2, 4], "it was elected and made n2 the only server");
    assert_eq!(driver.status(n(1)).role, Role::Follower, "and left");
}

/// 4.2.3: a server that was removed, and does not know, "will time out and start new elections", and with each "the current leader" would
/// "revert to follower state"; if servers that hear a leader keep to it, it does not.
#[test]
fn a_removed_server_does_not_disrupt_those_who_hear_their_leader() {
    let deposes = |vote_lease: bool, bugs: &[Bug]| {
        let tune = |config: &mut Config| config.elections.vote_lease = vote_lease;
        let mut driver = led_with(3, &[1, 2, 3], bugs, tune);
        change(&mut driver, 1, Change::Remove(n(3)));
        driver.settle(&[1, 2]);
        driver.timer(n(3));
        driver.settle(&[1, 2, 3]);
        assert_eq!(driver.log(n(3)), [2], "it has not heard of its removal");
        driver.status(n(1)).role == Role::Follower
    };
    assert!(deposes(false, &[]), "that is what the rule is for");
    assert!(!deposes(true, &[]));
    assert!(deposes(true, &[Bug::RemovedDisrupts]));
}

/// Section 6: "the cluster first switches to a transitional configuration we call joint consensus", for "it isn't possible to atomically
/// switch all of the servers at once".
#[test]
fn several_servers_change_by_way_of_joint_consensus() {
    let goes_by = |bugs: &[Bug]| {
        let mut driver = led(5, &[1, 2, 3], bugs);
        change(&mut driver, 1, joint(&[4, 5], &[2, 3]));
        let told = driver.told();
        let configuration = told.lines().find_map(|line| line.strip_prefix("n1 goes by "));
        configuration.expect("it changes").to_owned()
    };
    assert_eq!(goes_by(&[]), "n1 n4 n5, and by n1 n2 n3");
    assert_eq!(goes_by(&[Bug::JointSkipped]), "n1 n4 n5");
}

/// Section 6: "Log entries are replicated to all servers in both configurations."
#[test]
fn entries_go_to_both_configurations() {
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, stay(&[4, 5], &[2, 3]));
    driver.told();
    driver.request(n(1), put(1));
    driver.timer(n(1));
    let told = driver.told();
    for node in 2..=5 {
        assert!(told.contains(&format!("n1 -> n{node} append")), "{told}");
    }
}

/// Section 6: "Any server from either configuration may serve as leader."
#[test]
fn a_server_of_either_configuration_may_lead() {
    for candidate in [2, 4] {
        let mut driver = led(5, &[1, 2, 3], &[]);
        change(&mut driver, 1, stay(&[4, 5], &[2]));
        driver.settle(&[1, 2, 3, 4, 5]);
        driver.timer(n(candidate));
        driver.settle(&[1, 2, 3, 4, 5]);
        assert_eq!(driver.status(n(candidate)).role, Role::Leader, "n{candidate}");
    }
}

/// Section 6: "Agreement (for elections and entry commitment) requires separate majorities from both the old and new configurations."
#[test]
fn joint_consensus_takes_a_majority_of_each() {
    let commit = |nodes: &[u8], bugs: &[Bug]| {
        let mut driver = led(5, &[1, 2, 3], bugs);
        change(&mut driver, 1, stay(&[4, 5], &[2, 3]));
        acknowledge(&mut driver, nodes, 2)
    };
    assert_eq!(commit(&[2, 3], &[]), Index(1), "all of the old, one of the new");
    assert_eq!(commit(&[4, 5], &[]), Index(1), "all of the new, one of the old");
    assert_eq!(commit(&[2, 4], &[]), Index(2));
    assert_eq!(commit(&[4, 5], &[Bug::JointNewMajorityOnly]), Index(2));
    let wins = |votes: &[u8], bugs: &[Bug]| {
        let mut driver = led(5, &[1, 2, 3], bugs);
        change(&mut driver, 1, stay(&[4, 5], &[2, 3]));
        driver.settle(&[1, 2, 3, 4, 5]);
        driver.timer(n(4));
        driver.sync(n(4));
        for node in votes {
            driver.receive(n(4), n(*node), Message::Vote { term: Term(3), granted: true });
        }
        driver.status(n(4)).role == Role::Leader
    };
    assert!(!wins(&[2, 3], &[]), "one of the new");
    assert!(!wins(&[1, 5], &[]), "one of the old");
    assert!(wins(&[2, 3, 5], &[]));
    assert!(wins(&[5], &[Bug::JointNewMajorityOnly]));
}

/// Section 6: "Once Cold,new has been committed, neither Cold nor Cnew can make decisions without approval of the other"; "It is now safe
/// for the leader to create a log entry describing Cnew".
#[test]
fn the_new_configuration_follows_when_the_joint_one_is_committed() {
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, joint(&[4, 5], &[2, 3]));
    driver.timer(n(1));
    acknowledge(&mut driver, &[2], 2);
    assert_eq!(driver.log(n(1)).len(), 2, "it is not committed");
    acknowledge(&mut driver, &[4], 2);
    driver.told();
    driver.timer(n(1));
    assert!(driver.told().contains("n1 goes by n1 n4 n5\n"));
    assert_eq!(acknowledge(&mut driver, &[2, 3], 3), Index(2), "the old servers count no more");
    assert_eq!(acknowledge(&mut driver, &[4], 3), Index(3));
}

/// 4.3, as systems have it that let an operator leave: until then nothing else is changed.
#[test]
fn joint_consensus_that_stays_is_left_when_asked() {
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, stay(&[4], &[3]));
    change(&mut driver, 1, Change::Leave);
    assert_eq!(driver.log(n(1)).len(), 2, "it is not committed");
    driver.settle(&[1, 2, 3, 4]);
    beat(&mut driver, &[1, 2, 3, 4]);
    assert_eq!(driver.log(n(1)).len(), 2, "it stays");
    change(&mut driver, 1, Change::Add(n(5)));
    change(&mut driver, 1, joint(&[5], &[]));
    assert_eq!(driver.log(n(1)).len(), 2, "it has to be left first");
    change(&mut driver, 1, Change::Leave);
    assert!(driver.told().contains("n1 goes by n1 n2 n4\n"));
}

/// Section 6: "the cluster" is to "continue servicing client requests throughout the configuration change".
#[test]
fn requests_are_served_in_joint_consensus() {
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, stay(&[4, 5], &[2, 3]));
    driver.settle(&[1, 2, 3, 4, 5]);
    driver.told();
    driver.request(n(1), put(1));
    driver.settle(&[1, 2, 3, 4, 5]);
    assert!(driver.told().contains("n1 answers c1.1: done"));
}

/// Section 6: "If the leader crashes, a new leader may be chosen under either Cold or Cold,new, depending on whether the winning candidate
/// has received Cold,new."
#[test]
fn a_new_leader_is_chosen_by_what_the_candidate_has() {
    let asked = |candidate: u8| {
        let mut driver = led(5, &[1, 2, 3], &[]);
        change(&mut driver, 1, joint(&[4, 5], &[1]));
        driver.deliver(n(1), n(2));
        driver.lose_all();
        let asked = asks(&mut driver, n(candidate));
        driver.sync(n(candidate));
        let grant = Message::Vote { term: Term(3), granted: true };
        driver.receive(n(candidate), n(5 - candidate), grant);
        (asked, driver.status(n(candidate)).role == Role::Leader)
    };
    assert_eq!(asked(2), (vec![1, 3, 4, 5], false), "by both");
    assert_eq!(asked(3), (vec![1, 2], true), "by the old one");
}

/// Section 6: "the leader steps down (returns to follower state) once it has committed the Cnew log entry", and until then "it replicates
/// log entries but does not count itself in majorities".
#[test]
fn a_leader_outside_the_new_configuration_commits_it_and_leaves() {
    let mut driver = led(5, &[1, 2, 3], &[]);
    change(&mut driver, 1, joint(&[4, 5], &[1]));
    assert_eq!(acknowledge(&mut driver, &[2, 4], 2), Index(1), "two of n2 to n5");
    assert_eq!(acknowledge(&mut driver, &[5], 2), Index(2), "of the old ones it is itself one");
    driver.timer(n(1));
    assert!(driver.told().contains("n1 goes by n2 n3 n4 n5\n"));
    assert_eq!(acknowledge(&mut driver, &[4, 5], 3), Index(2));
    assert_eq!(driver.status(n(1)).role, Role::Leader);
    assert_eq!(acknowledge(&mut driver, &[2], 3), Index(3));
    assert_eq!(driver.status(n(1)).role, Role::Follower);
}

/// Section 7: "To enable cluster membership changes, the snapshot also includes the latest configuration in the log as of last included
/// index": in joint consensus, both halves of it.
#[test]
fn a_snapshot_holds_the_configuration() {
    let asked = |bugs: &[Bug]| {
        let tune = |config: &mut Config| (config.snapshot_every, config.snapshot_chunk) = (2, 30);
        let mut driver = led_with(5, &[1, 2, 3], bugs, tune);
        change(&mut driver, 1, stay(&[4, 5], &[1, 2]));
        driver.settle(&[1, 2, 3, 4]);
        driver.saved(n(1));
        beat(&mut driver, &[1, 5]);
        driver.saved(n(5));
        assert_eq!(driver.base(n(5)), Index(2), "it has the snapshot alone");
        asks(&mut driver, n(5))
    };
    assert_eq!(asked(&[]), [1, 2, 3, 4]);
    assert_eq!(asked(&[Bug::SnapDropsConfig]), [3, 4]);
}
