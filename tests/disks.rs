//! The world of the built-in Raft: its disks, and what a node does beside them. Each input is one that an incident was replayed with.

use squall::ids::NodeId;
use squall::message::Summary;
use squall::plan::scenario::from_toml;
use squall::record::{Ignored, Kind, Record};
use squall::sim::{BuiltIn, Run};
use squall::time::{Span, Time};

const N1: NodeId = NodeId::new(1);
const N3: NodeId = NodeId::new(3);

/// What is not judged of a run in which nothing is violated, and its records.
fn ran(text: &str) -> (Vec<String>, Vec<Record>) {
    let plan = from_toml(text).unwrap_or_else(|problem| panic!("{problem:?}\n{text}"));
    let built_in = BuiltIn::new();
    let run = Run::recorded(&built_in, plan);
    assert!(run.outcome().violation.is_none(), "{:?}\n{text}", run.outcome().violation);
    let said = run.outcome().gaps.iter().map(ToString::to_string).collect();
    (said, run.records().expect("they are kept").to_vec())
}

fn records(text: &str) -> Vec<Record> {
    ran(text).1
}

fn at(seconds: f64) -> Time {
    Time::ZERO.plus(Span::millis((seconds * 1_000.0) as u64))
}

/// A follower on a slow link that was down for 5 s.
fn slow_link(profile: &str, clients: u32, bandwidth: u32) -> String {
    format!(
        r#"
horizon = "40s"
[cluster]
nodes = 3
profile = "{profile}"
[raft]
snapshot_every = 2000
snapshot_trailing = 500
[clients]
count = {clients}
keys = 20000
think = "uniform 5ms..20ms"
ask = "same-node"
start = "3s"
stop = "24s"
mix = {{ put = 1, get = 0, append = 0, delete = 0, compare_and_set = 0 }}
[[links]]
to = 3
bandwidth = {bandwidth}
[[nodes]]
id = 1
election_timeouts = ["1s"]
[[faults]]
at = "20s"
crash = {{ target = 3, for = "5s" }}
"#
    )
}

/// One copy of a part is on its way at a time, so that a snapshot takes about as long as its bytes do on the link.
#[test]
fn a_snapshot_takes_as_long_as_the_link_does() {
    for (profile, clients, bandwidth) in
        [("consul", 20, 150_000), ("consul", 20, 50_000), ("etcd", 40, 200_000)]
    {
        let records = records(&slow_link(profile, clients, bandwidth));
        let from = at(25.0);
        let installed = |record: &&Record| {
            record.node == Some(N3)
                && record.time > from
                && matches!(record.kind, Kind::Restore { .. })
        };
        let end = records.iter().find(installed).expect("it is installed").time;
        let sent = records.iter().filter(|record| record.time > from && record.time < end);
        let bytes: u64 = sent
            .filter_map(|record| match record.kind {
                Kind::Send { to: N3, message: Summary::InstallSnapshot { bytes, .. }, .. } => {
                    Some(u64::from(bytes))
                }
                _ => None,
            })
            .sum();
        let takes = Span::millis(bytes * 1_000 / u64::from(bandwidth));
        let took = end.since(from);
        assert!(bytes < 300_000, "{profile} at {bandwidth}: {bytes} bytes");
        assert!(took < takes.plus(Span::secs(1)), "{profile} at {bandwidth}: {took}, {takes}");
    }
}

/// A full disk has nothing afterwards of what found no room, however often its node stops and starts.
#[test]
fn a_full_disk_stores_nothing() {
    let records = records(
        r#"
horizon = "20s"
[cluster]
nodes = 3
[[nodes]]
id = 1
election_timeouts = ["150ms"]
[[faults]]
at = "2s"
disk-full = { target = 3 }
"#,
    );
    let boots = records.iter().filter_map(|record| match record.kind {
        Kind::Boot { last_index, .. } if record.node == Some(N3) && record.time > at(2.0) => {
            Some(last_index)
        }
        _ => None,
    });
    let boots: Vec<_> = boots.collect();
    assert!(boots.len() > 10);
    assert!(boots.iter().all(|last| *last == boots[0]), "{boots:?}");
}

fn leader_with_a_disk_fault(profile: &str, more: &str, fault: &str) -> String {
    format!(
        r#"
horizon = "60s"
[cluster]
nodes = 3
profile = "{profile}"
{more}
[[nodes]]
id = 1
election_timeouts = ["1s"]
[[faults]]
at = "10s"
{fault}
"#
    )
}

/// When n1 hears after 10 s that something is durable.
fn durable_again(records: &[Record]) -> Time {
    let durable = |record: &&Record| {
        let after = record.time > at(10.5);
        after && record.node == Some(N1) && matches!(record.kind, Kind::Durable { .. })
    };
    records.iter().find(durable).expect("it goes on").time
}

#[test]
fn the_end_of_a_slow_disk_ends_the_syncs_that_it_slowed_down() {
    for fault in [
        "disk = { target = 1, fsync = \"30s\", for = \"5s\" }",
        "disk-hangs = { target = 1, for = \"5s\" }",
    ] {
        let records = records(&leader_with_a_disk_fault("etcd", "", fault));
        let again = durable_again(&records);
        assert!(again >= at(15.0) && again < at(15.1), "{fault}: {again}");
    }
}

fn commits(records: &[Record], node: NodeId, from: f64, to: f64) -> usize {
    let between = |record: &&Record| record.time > at(from) && record.time < at(to);
    let commits = |record: &&Record| matches!(record.kind, Kind::Commit { .. });
    records.iter().filter(between).filter(commits).filter(|it| it.node == Some(node)).count()
}

fn leaders(records: &[Record], from: f64) -> usize {
    let elected = |record: &&Record| {
        record.time > at(from)
            && matches!(record.kind, Kind::Role { role: squall::node::Role::Leader, .. })
    };
    records.iter().filter(elected).count()
}

/// Consul's leader stores before it sends, so that nothing is committed while its disk hangs; it beats on, and leads on.
#[test]
fn who_stores_before_it_sends_commits_nothing_while_its_disk_hangs() {
    let hangs = "disk-hangs = { target = 1, for = \"5s\" }";
    let consul = records(&leader_with_a_disk_fault("consul", "", hangs));
    assert_eq!((commits(&consul, N1, 10.1, 15.0), leaders(&consul, 2.0)), (0, 0));
    let parallel = "[raft]\nparallel_append = true";
    let parallel = records(&leader_with_a_disk_fault("consul", parallel, hangs));
    assert!(commits(&parallel, N1, 10.1, 15.0) > 0);
}

/// etcd's leader neither ticks nor sends while its disk hangs: the others elect another one.
#[test]
fn a_loop_that_waits_for_its_disk_neither_ticks_nor_sends() {
    let hangs = "disk-hangs = { target = 1, for = \"5s\" }";
    let etcd = records(&leader_with_a_disk_fault("etcd", "", hangs));
    let sent = |record: &&Record| {
        let meanwhile = record.time > at(10.3) && record.time < at(15.0);
        meanwhile && record.node == Some(N1) && matches!(record.kind, Kind::Send { .. })
    };
    assert_eq!(etcd.iter().find(sent), None);
    assert_eq!(leaders(&etcd, 2.0), 1);
    let without = "[raft]\nwaits_for_disk = false";
    let without = records(&leader_with_a_disk_fault("etcd", without, hangs));
    assert!(without.iter().any(|record| sent(&record)));
    assert_eq!(leaders(&without, 2.0), 0, "it beats on");
}

/// What a node does when a write fails: how often it starts again, how many leaders follow, and whether its disk goes on.
#[test]
fn a_node_does_as_it_is_told_when_a_write_fails() {
    let after = |what: &str| {
        let options = format!("[raft]\non_write_error = \"{what}\"");
        let records = records(&leader_with_a_disk_fault(
            "etcd-raft",
            &options,
            "disk-error = { target = 1 }",
        ));
        let of_n1 = |is: &dyn Fn(&Kind) -> bool| {
            let late = |record: &&Record| record.time > at(10.5) && record.node == Some(N1);
            records.iter().filter(late).filter(|record| is(&record.kind)).count()
        };
        let boots = records
            .iter()
            .filter(|record| record.time > at(10.0) && matches!(record.kind, Kind::Boot { .. }));
        let durable = of_n1(&|kind| matches!(kind, Kind::Durable { .. })) > 0;
        (boots.count(), leaders(&records, 10.0), durable)
    };
    assert_eq!(after("stop"), (1, 1, true));
    assert_eq!(after("step-down"), (0, 1, true));
    assert_eq!(after("lead-on"), (0, 0, false));
    assert_eq!(after("retry"), (0, 0, true));
}

/// A leader with StrictReconfigCheck adds nobody while too few voters are active, and says why.
#[test]
fn a_strict_leader_refuses_a_change_after_which_too_few_voters_are_active() {
    let ignored = |strict: bool| {
        let text = format!(
            r#"
horizon = "9s"
[cluster]
nodes = 4
members = [1, 2, 3]
profile = "etcd"
[raft]
strict_change = {strict}
[[nodes]]
id = 1
election_timeouts = ["1s"]
[[faults]]
at = "2s"
crash = {{ target = 3 }}
[[faults]]
at = "5s"
change = {{ add = 4 }}
"#
        );
        let records = records(&text);
        records.iter().find_map(|record| match record.kind {
            Kind::ChangeIgnored { why } => Some(why),
            _ => None,
        })
    };
    assert_eq!(ignored(true), Some(Ignored::TooFewActive));
    assert_eq!(ignored(false), None);
}

/// Members that are forced on others destroy what Raft relies on, and the outcome says so. The new cluster goes on.
#[test]
fn a_forced_new_cluster_goes_on_and_is_said_to_destroy() {
    let text = r#"
horizon = "10s"
[cluster]
nodes = 3
[[nodes]]
id = 1
election_timeouts = ["150ms"]
[[faults]]
at = "2s"
crash = { target = [2, 3] }
[[faults]]
at = "4s"
change = { target = 1, force = [1] }
[[faults]]
at = "6s"
restart = { target = [2, 3] }
"#;
    let (said, records) = ran(text);
    let forced = |line: &&String| line.contains("members were forced on the others");
    assert!(said.iter().any(|line| forced(&line)), "{said:#?}");
    assert_eq!(commits(&records, N1, 2.5, 4.0), 0);
    assert!(commits(&records, N1, 4.0, 6.0) > 3);
}

/// Who is to force members on others is named, and is one of them.
#[test]
fn who_forces_members_is_one_of_them() {
    for change in ["force = [1]", "target = 2, force = [1]", "target = [1, 2], force = [1, 2]"] {
        let text = format!("[[faults]]\nat = \"1s\"\nchange = {{ {change} }}\n");
        let problem = from_toml(&text).expect_err("it is refused").to_string();
        assert!(problem.contains("one of them, by number"), "{change}: {problem}");
    }
}

/// A disk that is put back to what it was at an earlier time has its log, term and state machine of that time. That destroys what Raft
/// relies on, and the outcome says so.
#[test]
fn a_disk_that_is_put_back_has_what_it_had_then() {
    let text = r#"
horizon = "8s"
[cluster]
nodes = 3
[[nodes]]
id = 1
election_timeouts = ["150ms"]
[[faults]]
at = "5s"
crash = { target = 3, put_back = "2s", for = "100ms" }
"#;
    let (said, records) = ran(text);
    assert!(said.iter().any(|line| line.contains("a disk was destroyed")));
    let of_n3 = || records.iter().filter(|record| record.node == Some(N3));
    let applied = |to: f64| {
        let earlier = of_n3().filter(|record| record.time < at(to));
        let mut applied = earlier.filter_map(|record| match record.kind {
            Kind::Apply { index, .. } => Some(index),
            _ => None,
        });
        applied.next_back().expect("it applies")
    };
    let mut boot = of_n3().filter_map(|record| match record.kind {
        Kind::Boot { last_index, applied, .. } if record.time > at(5.0) => {
            Some((last_index, applied))
        }
        _ => None,
    });
    let (last_index, back) = boot.next_back().expect("it starts again");
    assert_eq!(back, applied(2.0));
    assert!(last_index >= back && last_index < applied(5.0));
    // Its leader goes by what it acknowledged, and never goes back behind that: it applies nothing any more.
    assert_eq!(applied(8.0), applied(5.0));
}

#[test]
fn a_disk_is_put_back_to_an_earlier_time() {
    for (crash, why) in [
        ("put_back = \"1s\"", "an earlier time"),
        ("put_back = \"500ms\", wipe = true", "emptied, or put back"),
    ] {
        let text = format!("[[faults]]\nat = \"1s\"\ncrash = {{ target = 1, {crash} }}\n");
        let problem = from_toml(&text).expect_err("it is refused").to_string();
        assert!(problem.contains(why), "{crash}: {problem}");
    }
}
