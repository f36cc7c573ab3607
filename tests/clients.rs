//! What single requests do that share a client.

use squall::log::{Command, RequestId};
use squall::plan::scenario::from_toml;
use squall::record::{Kind, Record};
use squall::sim::{BuiltIn, Options, Runner};

/// Three requests: two of one client, of which the second comes too soon, and one of another.
const PLAN: &str = r#"
horizon = "1s"

[cluster]
nodes = 3

[clients]
count = 0
latency = "constant 2ms"
timeout = "500ms"
sessions = 8

[[requests]]
at = "500ms"
to = "leader"
client = 7
command = { put = { key = 1, value = 1 } }

[[requests]]
at = "501ms"
to = "leader"
command = { put = { key = 2, value = 2 } }

[[requests]]
at = "502ms"
to = "leader"
client = 7
command = { put = { key = 1, value = 3 } }
"#;

fn records(text: &str) -> Vec<Record> {
    let plan = from_toml(text).unwrap();
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(*record);
    let outcome =
        BuiltIn::new().run(&plan, Options { sink: Some(&mut sink), ..Options::default() });
    assert_eq!(outcome.violation, None);
    records
}

fn asked(records: &[Record], client: u32) -> Vec<Command> {
    let asked = records.iter().filter_map(|record| match record.kind {
        Kind::Invoke { request, command, .. } if request.client == client => Some(command),
        _ => None,
    });
    asked.collect()
}

#[test]
fn requests_of_one_client_share_its_session() {
    let records = records(PLAN);
    let put = |key, value| Command::Put { key, value };
    assert_eq!(asked(&records, 1), [Command::Register, put(1, 1), put(1, 3)]);
    assert_eq!(asked(&records, 2), [Command::Register, put(2, 2)]);
}

#[test]
fn a_client_asks_one_thing_after_the_other() {
    let records = records(PLAN);
    let of_first = |kind: &Kind| {
        matches!(kind, Kind::Answered { request, .. } if is(*request, 1, 2))
            || matches!(kind, Kind::Invoke { request, .. } if is(*request, 1, 3))
    };
    let met: Vec<&Record> = records.iter().filter(|record| of_first(&record.kind)).collect();
    let [answered, invoked] = met[..] else { panic!("{met:?}") };
    assert!(matches!(answered.kind, Kind::Answered { applied: true, .. }));
    assert!(matches!(invoked.kind, Kind::Invoke { .. }));
    assert_eq!(invoked.time, answered.time);
}

fn is(request: RequestId, client: u32, serial: u64) -> bool {
    request.client == client && u64::from(request.serial) == serial
}

#[test]
fn a_request_without_a_client_has_one_of_its_own() {
    let records = records(&PLAN.replace("client = 7\n", ""));
    for client in 1..=3 {
        assert_eq!(asked(&records, client).len(), 2, "client {client}");
    }
}
