//! Faults that come again and again, messages of some kinds and sizes, messages that go astray, and machines that are suspended.

use squall::ids::NodeId;
use squall::node::Role;
use squall::oracle::Why;
use squall::plan::scenario::from_toml;
use squall::property::Property;
use squall::record::{Kind, Loss, Record};
use squall::sim::{BuiltIn, Options, Outcome, Runner};
use squall::time::Time;

fn run(text: &str) -> (Outcome, Vec<Record>) {
    let plan = from_toml(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(*record);
    let options = Options { sink: Some(&mut sink), ..Options::default() };
    (BuiltIn::new().run(&plan, options), records)
}

fn clean(text: &str) -> Vec<Record> {
    let (outcome, records) = run(text);
    assert_eq!(outcome.violation, None, "{text}");
    records
}

fn complaint(text: &str) -> String {
    from_toml(text).expect_err(text).to_string()
}

/// When the records come that are so, in milliseconds.
fn times(records: &[Record], is: impl Fn(&Kind) -> bool) -> Vec<u64> {
    records.iter().filter(|it| is(&it.kind)).map(|it| it.time.0 / 1_000_000).collect()
}

const LEADER: &str = "[cluster]\nnodes = 3\n[[nodes]]\nid = 1\nelection_timeouts = [\"150ms\"]\n";

#[test]
fn a_fault_comes_again_and_strikes_whoever_is_meant_then() {
    let text = format!(
        "horizon = \"6s\"\n{LEADER}[[faults]]\nat = \"1s\"\npause = {{ target = \"leader\", for = \"500ms\", every = \"2s\" }}\n"
    );
    let records = clean(&text);
    assert_eq!(times(&records, |kind| matches!(kind, Kind::Fault { .. })), [1_000, 3_000, 5_000]);
    assert_eq!(times(&records, |kind| matches!(kind, Kind::Heal { .. })), [1_500, 3_500, 5_500]);
    let paused = |record: &&Record| matches!(record.kind, Kind::Pause);
    let whom: Vec<u8> =
        records.iter().filter(paused).filter_map(|it| it.node).map(NodeId::number).collect();
    assert_eq!((whom.len(), whom[0]), (3, 1));
    assert_ne!(whom[1], 1, "another leads by then");
}

#[test]
fn a_crash_comes_again_too() {
    let text = format!(
        "horizon = \"6s\"\n{LEADER}[[faults]]\nat = \"1s\"\ncrash = {{ target = 3, for = \"300ms\", every = \"2s\" }}\n"
    );
    let records = clean(&text);
    assert_eq!(times(&records, |kind| matches!(kind, Kind::Crash(_))), [1_000, 3_000, 5_000]);
    assert_eq!(times(&records, |kind| matches!(kind, Kind::Boot { life: 2.., .. })).len(), 3);
}

#[test]
fn periods_that_cannot_be_are_refused() {
    let fault = |fault: &str| format!("horizon = \"100s\"\n[[faults]]\n{fault}\n");
    for (text, why) in [
        (fault("at = \"1s\"\npause = { target = 1, every = \"2s\" }"), "a fault without an end"),
        (
            fault("at = \"1s\"\npause = { target = 1, for = \"2s\", every = \"2s\" }"),
            "cannot last 2s each time",
        ),
        (
            fault("at = \"1s\"\npause = { target = 1, for = \"2ms\", every = \"5ms\" }"),
            "more than 10000 times",
        ),
        (
            fault("at = \"1s\"\ndisk-error = { target = 1, every = \"2s\" }"),
            "`every` is for what lasts",
        ),
        (
            fault(
                "on = { situation = \"leader-elected\", times = 2 }\npause = { target = 1, for = \"1s\", every = \"2s\" }",
            ),
            "give `every` or `times`",
        ),
        (
            fault(
                "at = \"1s\"\npause = { target = 1, for = \"1s\", every = \"3s\" }\n\
                 [[faults]]\nat = \"7500ms\"\npause = { target = 1, for = \"1s\" }",
            ),
            "overlaps fault 1",
        ),
    ] {
        let complaint = complaint(&text);
        assert!(complaint.contains(why), "{text}: {complaint}");
    }
}

/// The names of the messages that a cut swallows, and of those that arrive, after a second.
fn fates(records: &[Record], from: u8, to: u8) -> (Vec<String>, Vec<String>) {
    let (mut lost, mut heard) = (Vec::new(), Vec::new());
    let mut sent = std::collections::BTreeMap::new();
    for record in records {
        match record.kind {
            Kind::Send { id, message, .. } => {
                let beat = message.is_heartbeat();
                let name = if beat { "heartbeat" } else { message.kind().name() };
                sent.insert(id, format!("{name} {}", message.bytes()));
            }
            Kind::Drop { from: sender, id, why: Loss::Cut | Loss::Network }
                if record.time > Time(1_100_000_000)
                    && sender.number() == from
                    && record.node.is_some_and(|it| it.number() == to) =>
            {
                lost.push(sent[&id].clone());
            }
            Kind::Deliver { from: sender, id, .. }
                if record.time > Time(1_100_000_000)
                    && sender.number() == from
                    && record.node.is_some_and(|it| it.number() == to) =>
            {
                heard.push(sent[&id].clone());
            }
            _ => {}
        }
    }
    (lost, heard)
}

#[test]
fn one_kind_of_message_is_cut_beside_another_that_lives() {
    let text = format!(
        "horizon = \"3s\"\n{LEADER}[[faults]]\nat = \"1s\"\ncut = {{ from = 1, to = 3, kind = [\"heartbeat\"] }}\n"
    );
    let records = clean(&text);
    let (lost, heard) = fates(&records, 1, 3);
    assert!(!lost.is_empty() && lost.iter().all(|it| it.starts_with("heartbeat")), "{lost:?}");
    assert!(!heard.is_empty() && heard.iter().all(|it| !it.starts_with("heartbeat")), "{heard:?}");
    let (lost, _) = fates(&records, 1, 2);
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn large_messages_are_lost_and_small_ones_are_not() {
    let bytes =
        |text: &String| text.rsplit(' ').next().and_then(|it| it.parse::<u64>().ok()).unwrap();
    for fault in [
        "[[faults]]\nat = \"1s\"\ncut = { from = 1, to = 3, larger_than = 96 }",
        "[[faults]]\nat = \"1s\"\nlink = { from = 1, to = 3, larger_than = 96, loss = \"100%\" }",
        "[[links]]\nfrom = 1\nto = 3\nlarger_than = 96\nloss = \"100%\"",
    ] {
        let text =
            format!("horizon = \"3s\"\n{LEADER}[clients]\ncount = 16\nthink = \"1ms\"\n{fault}\n");
        let (lost, heard) = fates(&clean(&text), 1, 3);
        assert!(!lost.is_empty() && lost.iter().all(|it| bytes(it) > 96), "{fault}: {lost:?}");
        assert!(!heard.is_empty() && heard.iter().all(|it| bytes(it) <= 96), "{fault}: {heard:?}");
    }
}

#[test]
fn messages_are_picked_by_names_that_there_are() {
    let fault = |action: &str| format!("[[faults]]\nat = \"1s\"\n{action}\n");
    for (text, why) in [
        (
            fault("cut = { from = 1, to = 2, kind = [\"append-entry\"] }"),
            "there is no message `append-entry`",
        ),
        (fault("cut = { from = 1, to = 2, kind = [\"vote\", \"vote\"] }"), "`vote` is named twice"),
        (fault("cut = { from = 1, to = 2, larger_than = 0 }"), "must be from 1"),
        (fault("link = { kind = [\"vote\"], bandwidth = 5 }"), "the whole link's"),
        ("[[links]]\nkind = [\"vote\"]\nfifo = true\n".into(), "the whole link's"),
    ] {
        let complaint = complaint(&text);
        assert!(complaint.contains(why), "{text}: {complaint}");
    }
}

#[test]
fn a_message_that_goes_astray_is_heard_by_nobody() {
    let text = "horizon = \"5s\"\n[cluster]\nnodes = 5\n[network]\nmisdeliver = \"20%\"\n";
    let records = clean(text);
    let astray = times(&records, |kind| matches!(kind, Kind::Drop { why: Loss::Astray, .. })).len();
    let strays = times(&records, |kind| matches!(kind, Kind::Stray { .. })).len();
    assert!(astray > 100 && strays > 100 && strays <= astray, "{astray} {strays}");
    for record in &records {
        if let Kind::Stray { from, to, .. } = record.kind {
            assert!(record.node != Some(from) && record.node != Some(to));
        }
    }
}

/// The leader's machine is suspended while it has a lease, and another is elected meanwhile.
fn suspended(reads: &str, rest: &str) -> String {
    format!(
        "horizon = \"5s\"\n{LEADER}[raft]\nreads = \"{reads}\"\n[clients]\ncount = 0\nlatency = \"1ms\"\n\
         [[requests]]\nat = \"1s\"\nto = 1\ncommand = {{ put = {{ key = 1, value = 1 }} }}\n\
         [[faults]]\nat = \"1500ms\"\nsuspend = {{ target = 1, for = \"2s\" }}\n\
         [[requests]]\nat = \"2900ms\"\nto = 2\ncommand = {{ put = {{ key = 1, value = 2 }} }}\n\
         [[requests]]\nat = \"3499ms\"\nto = 1\nattempts = 1\ncommand = {{ get = {{ key = 1 }} }}\n\
         [[faults]]\nat = \"1490ms\"\nlink = {{ to = 1, latency = \"2500ms\" }}\n\
         {rest}"
    )
}

#[test]
fn a_suspended_machine_takes_its_lease_for_good_and_its_timers_are_not_late() {
    let (outcome, records) =
        run(&suspended("lease", "[expect]\nviolation = \"linearizability\"\n"));
    let violated = outcome.violation.map(|it| it.property);
    assert_eq!(violated, Some(Property::Linearizability));
    let late = records.iter().filter_map(|it| match it.kind {
        Kind::Timer { late, .. } => Some(late),
        _ => None,
    });
    assert_eq!(late.max(), Some(0));
    assert!(records.iter().any(|it| matches!(it.kind, Kind::Suspend)));
    // Where nobody asks for that, reads are not judged, and the outcome says so.
    let (outcome, _) = run(&suspended("lease", ""));
    assert_eq!(outcome.violation, None);
    assert!(outcome.gaps.iter().any(|gap| gap.why == Why::Suspended), "{:?}", outcome.gaps);
    // With a round of messages it is no harm.
    let (outcome, _) = run(&suspended("read-index", ""));
    assert_eq!((outcome.violation, outcome.gaps), (None, Vec::new()));
}

#[test]
fn a_paused_node_has_late_timers_where_a_suspended_one_has_none() {
    let with = |kind: &str| {
        let text = format!(
            "horizon = \"3s\"\n{LEADER}[[faults]]\nat = \"1s\"\n{kind} = {{ target = 3, for = \"1s\" }}\n\
             [[faults]]\nat = \"1s\"\nisolate = {{ target = 3 }}\n"
        );
        let records = clean(&text);
        let stands = |it: &Record| {
            it.node.is_some_and(|node| node.number() == 3)
                && it.time >= Time(2_000_000_000)
                && it.time < Time(2_010_000_000)
                && matches!(it.kind, Kind::Role { role: Role::Candidate, .. })
        };
        records.iter().any(stands)
    };
    assert!(with("pause"), "its election timeout is over at once");
    assert!(!with("suspend"));
}

/// A pause that a crash has ended does not end another one: the machine is suspended until its own time is over.
#[test]
fn the_end_of_a_pause_from_before_a_crash_wakes_no_machine_that_is_suspended_since() {
    let records = clean(
        "horizon = \"6s\"
events_max = 100_000
[cluster]
nodes = 3
[[faults]]
at = \"1s\"
pause = { target = 1, for = \"2s\" }
[[faults]]
at = \"1500ms\"
crash = { target = 1, for = \"500ms\" }
[[faults]]
at = \"2500ms\"
suspend = { target = 1, for = \"2s\" }
",
    );
    assert_eq!(times(&records, |kind| matches!(kind, Kind::Resume)), [4_500]);
    assert_eq!(records.last().map(|it| it.time.0 / 1_000_000_000), Some(5), "time goes on");
}
