//! A test for each sentence of Ongaro's thesis ("Consensus: Bridging Theory and Practice", 2014) on client sessions, 6.3: first of the
//! state machine by itself, then of a whole cluster. Each says in other words what the sentence asks for.

use std::collections::{BTreeMap, BTreeSet};

use squall::bugs::Bug;
use squall::ids::{Index, NodeId, Term};
use squall::kv::Map;
use squall::log::{Command, Entry, RequestId};
use squall::machine::Output;
use squall::plan::{Plan, StateMachine, scenario::from_toml};
use squall::record::{Heard, Kind, Record, values_word};
use squall::sim::{BuiltIn, Options, Runner};

const APPEND: Command = Command::Append { key: 1, value: 7 };
const GET: Command = Command::Get { key: 1 };

/// A state machine and how far its log goes.
#[derive(Clone)]
struct Machine {
    map: Map,
    last: u64,
}

impl Machine {
    fn new(sessions: u32) -> Machine {
        Machine { map: Map::new(Some(sessions)), last: 0 }
    }

    /// The next entry of the log.
    fn apply(&mut self, session: u64, serial: u32, command: Command) -> (Output, bool) {
        self.last += 1;
        let request = RequestId { session: Index(session), ..RequestId::new(1, serial) };
        self.map.apply(Index(self.last), &Entry { term: Term(1), request, command })
    }

    /// Opens a session; gives its number.
    fn register(&mut self) -> u64 {
        let opened = self.apply(0, 1, Command::Register);
        assert_eq!(opened, (Output::Opened(Index(self.last)), true));
        self.last
    }
}

fn values(values: &[u32]) -> Output {
    Output::Values(values.into())
}

/// 6.3: the unique identifier of a session can be the log index of the entry that registered the client.
#[test]
fn a_session_is_known_by_the_index_that_opened_it() {
    let mut machine = Machine::new(8);
    let (first, second) = (machine.register(), machine.register());
    assert_eq!((first, second), (1, 2), "one that is asked for twice is opened twice");
    assert_eq!(machine.apply(first, 2, APPEND), (Output::Done, true));
    assert_eq!(machine.apply(second, 2, APPEND), (Output::Done, true), "another's request");
}

/// 6.3: a command whose serial number has been executed is answered with the response of then, without being executed again.
#[test]
fn a_retry_is_answered_from_the_session() {
    let mut machine = Machine::new(8);
    let (writer, reader) = (machine.register(), machine.register());
    let set = Command::CompareAndSet { key: 2, expected: 9, value: 1 };
    assert_eq!(machine.apply(writer, 2, APPEND), (Output::Done, true));
    assert_eq!(machine.apply(reader, 2, GET), (values(&[7]), true));
    for _ in 0..3 {
        assert_eq!(machine.apply(writer, 2, APPEND), (Output::Done, false));
    }
    assert_eq!(machine.apply(writer, 3, set), (Output::Mismatch, true));
    assert_eq!(machine.apply(writer, 4, Command::Put { key: 1, value: 8 }), (Output::Done, true));
    assert_eq!(machine.apply(reader, 2, GET), (values(&[7]), false), "as it was then");
    assert_eq!(machine.apply(reader, 3, GET), (values(&[8]), true));
}

/// 6.3: a client says which responses it no longer needs, and those are discarded. One that asks one thing after the other says so by its
/// next request.
#[test]
fn a_response_is_kept_until_the_clients_next_request() {
    let mut machine = Machine::new(8);
    let (session, other) = (machine.register(), machine.register());
    let empty = machine.map.image().bytes;
    assert_eq!(machine.apply(session, 2, GET), (values(&[]), true));
    let kept = machine.map.image().bytes;
    assert!(kept > empty);
    assert_eq!(machine.apply(other, 2, Command::Delete { key: 5 }), (Output::Done, true));
    assert_eq!(machine.apply(session, 2, GET), (values(&[]), false), "others do not end it");
    let both = machine.map.image().bytes;
    assert_eq!(machine.apply(session, 3, GET), (values(&[]), true));
    assert_eq!(machine.map.image().bytes, both, "one for each session");
    assert_eq!(machine.apply(session, 2, GET), (Output::Expired, false), "nobody waits for it");
}

/// 6.3: sessions have to be expired by all replicas alike; one way is a limit on their number, by which the least recently used goes.
#[test]
fn the_session_that_the_log_used_least_recently_expires_everywhere_at_the_same_index() {
    let mut machines = [Machine::new(2), Machine::new(2), Machine::new(2)];
    let mut outputs: [Vec<(Output, bool)>; 3] = Default::default();
    for (machine, given) in machines.iter_mut().zip(&mut outputs) {
        let (first, second) = (machine.register(), machine.register());
        given.push(machine.apply(first, 2, APPEND));
        let third = machine.register();
        given.extend([first, second, third].map(|session| machine.apply(session, 3, APPEND)));
    }
    let effects: Vec<bool> = outputs[0].iter().map(|(_, effect)| *effect).collect();
    assert_eq!(effects, [true, true, false, true]);
    assert!(outputs.iter().all(|given| *given == outputs[0]));
    assert!(machines.iter().all(|machine| machine.map == machines[0].map));
    // A retry uses a session, too.
    let mut machine = Machine::new(2);
    let (first, second) = (machine.register(), machine.register());
    for session in [first, second, first] {
        machine.apply(session, 2, APPEND);
    }
    machine.register();
    assert_eq!(machine.apply(first, 2, APPEND), (Output::Done, false));
    assert_eq!(machine.apply(second, 3, APPEND), (Output::Expired, false));
}

/// 6.3: a client without a session must not have its command executed, for it may have been executed before the session expired; it
/// is told, and has to open another one.
#[test]
fn who_has_no_session_is_told_so_and_nothing_is_done() {
    let mut machine = Machine::new(1);
    let first = machine.register();
    assert_eq!(machine.apply(first, 2, APPEND), (Output::Done, true));
    let second = machine.register();
    for (serial, session) in [(2, first), (3, first), (2, 77)] {
        assert_eq!(machine.apply(session, serial, APPEND), (Output::Expired, false));
    }
    assert_eq!(machine.apply(second, 2, GET), (values(&[7]), true));
}

/// 6.3: sessions are a part of the state machine, and so of its snapshots.
#[test]
fn a_snapshot_has_the_sessions_and_their_responses() {
    let mut machine = Machine::new(2);
    let session = machine.register();
    machine.apply(session, 2, APPEND);
    let restored = |image: squall::machine::Image| {
        let map = image.content::<Map>().expect("it is a map").clone();
        Machine { map, ..machine }
    };
    let mut whole = restored(machine.map.image());
    assert_eq!(whole.apply(session, 2, APPEND), (Output::Done, false));
    assert_eq!(whole.apply(session, 3, GET), (values(&[7]), true));
    let mut poor = restored(machine.map.without_answers().image());
    assert_eq!(poor.apply(session, 2, APPEND), (Output::Done, true));
    assert_eq!(poor.apply(session, 3, GET), (values(&[7, 7]), true));
    assert_ne!(machine.map.image(), machine.map.without_answers().image());
}

fn records(plan: &Plan) -> Vec<Record> {
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(*record);
    let _ = BuiltIn::new().run(plan, Options { sink: Some(&mut sink), ..Options::default() });
    records
}

/// The scenario of a name, without its bugs.
fn scenario(name: &str) -> Plan {
    let text = std::fs::read_to_string(format!("scenarios/{name}.toml")).expect("it is readable");
    let mut plan = from_toml(&text).expect("it is a scenario");
    plan.raft.bugs.clear();
    plan.expect = Default::default();
    plan
}

/// Which nodes applied the entries of a request, at which index, and whether they carried it out.
fn applied(records: &[Record], client: u32, serial: u32) -> BTreeMap<u64, BTreeSet<(u8, bool)>> {
    let mut applied: BTreeMap<u64, BTreeSet<(u8, bool)>> = BTreeMap::new();
    for record in records {
        if let (Kind::Apply { index, request, effect, .. }, Some(node)) = (record.kind, record.node)
            && (request.client, request.serial) == (client, serial)
        {
            applied.entry(index.0).or_default().insert((node.number(), effect));
        }
    }
    applied
}

/// Whether the request took effect at one index, on all nodes that carried out that entry, and at no other.
fn took_effect_once(records: &[Record], client: u32, serial: u32) -> bool {
    let applied = applied(records, client, serial);
    let of = |nodes: &BTreeSet<(u8, bool)>| {
        let effects: BTreeSet<bool> = nodes.iter().map(|(_, effect)| *effect).collect();
        assert_eq!(effects.len(), 1, "nodes do not agree: {applied:?}");
        effects.contains(&true)
    };
    assert!(applied.len() >= 2, "it is in the log once: {applied:?}");
    applied.values().filter(|nodes| of(nodes)).count() == 1
}

/// Whether some node carried out the append of client 1 that another knew.
fn took_effect_twice(records: &[Record]) -> bool {
    let tries = applied(records, 1, 2);
    tries.values().filter(|nodes| nodes.iter().any(|(_, effect)| *effect)).count() > 1
}

/// What a client heard to a request at last.
fn heard(records: &[Record], client: u32, serial: u32) -> Option<Heard> {
    let heard = |record: &Record| match record.kind {
        Kind::Answered { request, output, .. }
            if (request.client, request.serial) == (client, serial) =>
        {
            output
        }
        _ => None,
    };
    records.iter().rev().find_map(heard)
}

/// The leader has the append on all disks, cannot know it, and crashes; the client asks the next leader.
const LEADER_CHANGE: &str = r#"
horizon = "3s"
[network]
latency = "1ms"
[disk]
fsync = "200us"
[[nodes]]
id = 1
election_timeouts = ["150ms"]
[[nodes]]
id = 2
election_timeouts = ["220ms"]
[[nodes]]
id = 3
election_timeouts = ["290ms"]
[[faults]]
at = "490ms"
isolate = { target = 1, direction = "inbound" }
[[faults]]
at = "520ms"
crash = { target = 1 }
[clients]
count = 0
timeout = "400ms"
[[requests]]
at = "300ms"
to = 1
client = 1
command = { put = { key = 2, value = 1 } }
[[requests]]
at = "500ms"
to = 1
client = 1
command = { append = { key = 1, value = 5 } }
[[requests]]
at = "2s"
to = 3
client = 1
command = { get = { key = 1 } }
"#;

/// 6.3: linearizability asks for what a client tries again to take effect once, also when the leader that took it crashed before
/// it answered.
#[test]
fn a_retry_at_the_next_leader_takes_effect_once() {
    let read = |words: &[u32]| Some(Heard::Values(values_word(words)));
    let mut plan = from_toml(LEADER_CHANGE).expect("it is a plan");
    let without = records(&plan);
    assert_eq!(heard(&without, 1, 3), read(&[5, 5]), "without sessions it is done twice");
    plan.clients.sessions = Some(10);
    let with = records(&plan);
    let leads = |record: &&Record| {
        matches!(record.kind, Kind::Role { role: squall::node::Role::Leader, .. })
    };
    assert_eq!(with.iter().filter(leads).count(), 2);
    // The first request opens the session.
    assert!(took_effect_once(&with, 1, 3));
    assert_eq!(heard(&with, 1, 3), Some(Heard::Done), "the retry hears what the first try gave");
    assert_eq!(heard(&with, 1, 4), read(&[5]));
}

/// 6.3: the same holds over a snapshot: a server that installs one knows what the others know.
#[test]
fn a_server_that_has_a_snapshot_only_knows_the_retry() {
    let effects_at_n3 = |bugs: &[Bug]| {
        let mut plan = scenario("bugs/snap-drops-sessions");
        plan.raft.bugs = bugs.to_vec();
        let mut records = records(&plan);
        assert!(bugs.is_empty() != took_effect_twice(&records));
        records.retain(|record| record.node == Some(NodeId::new(3)));
        let restore = |record: &Record| matches!(record.kind, Kind::Restore { .. });
        let restored = records.iter().position(restore).expect("it is sent a snapshot");
        assert!(applied(&records[..restored], 1, 2).is_empty(), "it was down");
        let effects = applied(&records[restored..], 1, 2).into_values().flatten();
        effects.map(|(_, effect)| effect).collect::<Vec<bool>>()
    };
    assert_eq!(effects_at_n3(&[]), [false]);
    assert_eq!(effects_at_n3(&[Bug::SnapDropsSessions]), [true]);
}

/// 6.3: and over a restart, whether the state machine is on disk or rebuilt from the log.
#[test]
fn a_server_that_was_restarted_knows_the_retry() {
    for state_machine in [StateMachine::Durable, StateMachine::Volatile] {
        let mut plan = scenario("bugs/dedup-lost");
        plan.cluster.state_machine = state_machine;
        let records = records(&plan);
        let crashed = |record: &Record| matches!(record.kind, Kind::Crash(_));
        let crash = records.iter().position(crashed).expect("a node crashes");
        assert!(took_effect_once(&records, 1, 2), "{state_machine:?}");
        let again = applied(&records[crash..], 1, 2);
        assert!(again.values().last().is_some_and(|nodes| nodes.contains(&(2, false))));
    }
}

/// 6.3: each server expires the same session at the same point of the log; its client is told, and opens a new one.
#[test]
fn a_cluster_expires_a_session_alike_and_tells_its_client() {
    let records = records(&scenario("clients/session-closed-for-want-of-room"));
    let mut effects: BTreeMap<u64, BTreeMap<u8, bool>> = BTreeMap::new();
    for record in &records {
        if let (Kind::Apply { index, effect, .. }, Some(node)) = (record.kind, record.node) {
            effects.entry(index.0).or_default().insert(node.number(), effect);
        }
    }
    let expired = effects.values().filter(|nodes| nodes.values().any(|effect| !effect));
    let alike: Vec<bool> = expired.map(|nodes| nodes.values().all(|effect| !effect)).collect();
    assert!(alike.len() >= 5 && alike.iter().all(|alike| *alike), "{alike:?}");
    let mut told = 0;
    for (place, record) in records.iter().enumerate() {
        let Kind::Answered { request, output: Some(Heard::Expired), applied } = record.kind else {
            continue;
        };
        assert!(
            !applied
                && matches!(records[place + 1].kind, Kind::GaveUp { request: it } if it == request)
        );
        let next = records[place..].iter().find_map(|record| match record.kind {
            Kind::Invoke { request: it, command, .. } if it.client == request.client => {
                Some(command)
            }
            _ => None,
        });
        assert!(next.is_none_or(|command| command == Command::Register), "{next:?}");
        told += 1;
    }
    assert!(told >= 5, "{told}");
}
