//! Clients in groups: bound to nodes, at rates, with links that faults cut and slow; and nodes that are down, which refuse connections.

use std::collections::BTreeSet;

use squall::ids::NodeId;
use squall::log::RequestId;
use squall::plan::scenario::from_toml;
use squall::record::{Kind, Record};
use squall::sim::{BuiltIn, Options, Outcome, Runner};
use squall::time::Time;

const BASE: &str = r#"
horizon = "3s"
[cluster]
nodes = 3
[[nodes]]
id = 1
election_timeouts = ["150ms"]
"#;

fn run(text: &str) -> (Outcome, Vec<Record>) {
    let plan =
        from_toml(&format!("{BASE}{text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(*record);
    let options = Options { sink: Some(&mut sink), ..Options::default() };
    let outcome = BuiltIn::new().run(&plan, options);
    assert_eq!(outcome.violation, None, "{text}");
    (outcome, records)
}

fn complaint(text: &str) -> String {
    from_toml(&format!("{BASE}{text}")).expect_err(text).to_string()
}

/// The nodes that a client asks, and how often it begins something.
fn asked(records: &[Record], clients: std::ops::RangeInclusive<u32>) -> (BTreeSet<u8>, usize) {
    let mut nodes = BTreeSet::new();
    let mut begun = 0;
    for record in records {
        if let Kind::Invoke { request, attempt, .. } = record.kind
            && clients.contains(&request.client)
        {
            nodes.extend(record.node.map(NodeId::number));
            begun += usize::from(attempt == 1);
        }
    }
    (nodes, begun)
}

/// The requests that reach a node, or are answered, between two times in milliseconds.
fn between(records: &[Record], from: u64, to: u64, is: impl Fn(&Record) -> bool) -> usize {
    let within =
        |record: &&Record| (Time(from * 1_000_000)..Time(to * 1_000_000)).contains(&record.time);
    records.iter().filter(within).filter(|record| is(record)).count()
}

#[test]
fn a_group_takes_from_clients_what_it_does_not_say() {
    let text = r#"
[clients]
count = 2
keys = 3
ask = "same-node"
[[client_groups]]
name = "batch"
count = 1
think = "100ms"
ask = 2
"#;
    let plan = from_toml(&format!("{BASE}{text}")).unwrap();
    let options = plan.client_options();
    assert_eq!((options.len(), plan.clients_count()), (2, 3));
    assert_eq!((options[1].count, options[1].keys, options[1].timeout), (1, 3, options[0].timeout));
    let written = toml::to_string(&plan).unwrap();
    assert_eq!(from_toml(&written).unwrap(), plan, "{written}");
    let (_, records) = run(text);
    let (nodes, begun) = asked(&records, 3..=3);
    assert_eq!(nodes, [2].into());
    assert!((15..30).contains(&begun), "{begun}");
}

#[test]
fn clients_at_a_rate_begin_whether_they_were_answered_or_not() {
    let text = r#"
[clients]
count = 40
rate = "100/s"
timeout = "100ms"
start = "1s"
[[faults]]
at = "2s"
isolate = { target = "clients" }
"#;
    let (_, records) = run(text);
    // A request each 10 ms; once nobody answers, until all forty wait.
    let first = |record: &Record| matches!(record.kind, Kind::Invoke { attempt: 1, .. });
    assert_eq!(between(&records, 1_000, 2_000, first), 99);
    let late = between(&records, 2_000, 3_000, first);
    assert!((30..=41).contains(&late), "{late}");
}

#[test]
fn a_node_that_is_down_refuses_at_once_and_one_that_stands_still_says_nothing() {
    let with = |fault: &str| {
        let text = format!(
            "[clients]\ncount = 1\nask = 3\ntimeout = \"400ms\"\n[[faults]]\nat = \"1s\"\n{fault}\n"
        );
        run(&text).1
    };
    let down = with("crash = { target = 3, for = \"1s\" }");
    let refused = |record: &Record| matches!(record.kind, Kind::ConnectionRefused { .. });
    let silent = |record: &Record| matches!(record.kind, Kind::TimedOut { .. });
    // Each 50 ms, and a little for the way.
    let count = between(&down, 1_000, 2_000, refused);
    assert!((15..=20).contains(&count), "{count}");
    let paused = with("pause = { target = 3, for = \"1s\" }");
    assert_eq!(between(&paused, 1_000, 2_000, refused), 0);
    assert!(between(&paused, 1_000, 2_000, silent) >= 2);
}

#[test]
fn a_try_that_found_no_connection_never_takes_effect() {
    // The first try of the write finds its node down. Were it still open, it might explain the stale read.
    let text = r#"
[clients]
count = 0
latency = "1ms"
[raft]
reads = "read-index"
bugs = ["local-read"]
[expect]
violation = "linearizability"
[[requests]]
at = "1s"
to = 1
command = { put = { key = 1, value = 7 } }
[[faults]]
at = "1100ms"
crash = { target = 3, for = "100ms" }
[[faults]]
at = "1500ms"
isolate = { target = 2 }
[[requests]]
at = "1150ms"
to = 3
attempts = 1
command = { put = { key = 1, value = 7 } }
[[requests]]
at = "1600ms"
to = 1
command = { put = { key = 1, value = 8 } }
[[faults]]
at = "1700ms"
isolate = { target = 1 }
[[requests]]
at = "2900ms"
to = 1
command = { get = { key = 1 } }
"#;
    let plan = from_toml(&format!("{BASE}{text}")).unwrap();
    let mut refused = Vec::new();
    let mut sink = |record: &Record| {
        if let Kind::ConnectionRefused { request } = record.kind {
            refused.push(request);
        }
    };
    let options = Options { sink: Some(&mut sink), ..Options::default() };
    let _ = BuiltIn::new().run(&plan, options);
    assert_eq!(refused, [RequestId::new(2, 1)]);
}

#[test]
fn faults_cut_the_links_of_one_group_one_way_and_mend_them() {
    let with = |fault: &str| {
        let text = format!(
            "[clients]\ncount = 1\nask = 1\nthink = \"10ms\"\ntimeout = \"100ms\"\n\
             [[client_groups]]\nname = \"far\"\ncount = 1\n\
             [[faults]]\nat = \"1s\"\n{fault}\n"
        );
        run(&text).1
    };
    let comes = |client| move |record: &Record| matches!(record.kind, Kind::Request { request } if request.client == client);
    let hears = |client| move |record: &Record| matches!(record.kind, Kind::Answered { request, .. } if request.client == client);
    let there = with("cut = { from = \"clients:far\", to = 1, for = \"1s\" }");
    assert_eq!(between(&there, 1_000, 2_000, comes(2)), 0);
    assert!(between(&there, 1_000, 2_000, hears(1)) > 30);
    assert!(between(&there, 2_000, 3_000, hears(2)) > 30, "it ends");
    let back = with("cut = { from = 1, to = \"clients:far\", for = \"1s\" }");
    assert!(between(&back, 1_000, 2_000, comes(2)) > 5);
    assert_eq!(between(&back, 1_000, 2_000, hears(2)), 0);
    assert!(between(&back, 1_000, 2_000, hears(1)) > 30);
    let both =
        with("isolate = { target = 1, direction = \"inbound\", clients = true, for = \"1s\" }");
    assert_eq!(between(&both, 1_000, 2_000, |it| comes(1)(it) || comes(2)(it)), 0);
    let slow = with("link = { from = \"clients\", to = 1, latency = \"90ms\", for = \"1s\" }");
    let count = between(&slow, 1_000, 2_000, hears(1));
    assert!((5..12).contains(&count), "{count}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let group = "[[client_groups]]\nname = \"far\"\ncount = 1\n";
    let fault = |action: &str| format!("{group}[[faults]]\nat = \"1s\"\n{action}\n");
    for (text, why) in [
        ("[clients]\nask = 7\n".to_owned(), "there is no node 7"),
        ("[clients]\nask = []\n".into(), "the list of nodes is empty"),
        ("[clients]\nask = [2, 2]\n".into(), "named twice"),
        ("[clients]\nrate = \"0/s\"\n".into(), "is not a rate"),
        ("[clients]\nrate = \"20000/s\"\n".into(), "no more often than every 100us"),
        (format!("{group}{group}"), "two groups are called `far`"),
        ("[[client_groups]]\nname = \"a b\"\ncount = 1\n".into(), "letters, digits and hyphens"),
        ("[[client_groups]]\nname = \"a\"\ncount = 0\n".into(), "one client or more"),
        ("[[client_groups]]\nname = \"a\"\ncount = 998\n".into(), "more than 1000"),
        (fault("crash = { target = \"clients\" }"), "clients are no nodes"),
        (fault("cut = { from = \"clients\", to = \"clients:far\" }"), "do not talk to each other"),
        (fault("cut = { from = \"clients:fra\", to = 1 }"), "no group of clients called `fra`"),
        (fault("cut = { from = \"clients\", to = 1, kind = [\"vote\"] }"), "no kinds and no sizes"),
        (fault("link = { from = \"clients\", duplicate = \"5%\" }"), "a `latency` and a `loss`"),
        (fault("isolate = { target = \"clients\", clients = true }"), "do not hear each other"),
    ] {
        let complaint = complaint(&text);
        assert!(complaint.contains(why), "{text}: {complaint}");
    }
}

#[test]
fn whoever_is_bound_goes_round_once_faults_are_over() {
    let text = r#"
horizon = "60s"
[cluster]
nodes = 3
[clients]
count = 2
ask = 3
[liveness]
from = "1s"
core = [1, 2]
outside = "down"
"#;
    let plan = from_toml(text).unwrap();
    let outcome = BuiltIn::new().run(&plan, Options::default());
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.ended, squall::sim::Ended::Recovered);
}
