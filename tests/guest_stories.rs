//! What tests of guests in process share: a cluster in which it is known who leads, stories told of it, random plans, and known bugs.

use squall::ids::NodeId;
use squall::node::Role;
use squall::plan::swarm::{self, draw_with};
use squall::plan::{Plan, files, scenario};
use squall::record::Kind;
use squall::sim::runner::adopt;
use squall::sim::{Run, Runner};
use squall::situation::Situation;

/// A cluster of three in which n1 is elected first, after 1.1 s, with nobody asking for anything.
const STILL: &str = r#"
seed = 1
horizon = "HORIZON"
network = { latency = "1ms" }
clients = { count = 0 }
raft = { election_timeout = "1s..2s", heartbeat_interval = "100ms", RAFT }
nodes = [
    { id = 1, election_timeouts = ["1.1s"] },
    { id = 2, election_timeouts = ["1.8s"] },
    { id = 3, election_timeouts = ["1.9s"] },
]
[cluster]
nodes = 3
"#;

pub const PUT: &str = "put = { key = 1, value = 1 }";
pub const GET: &str = "get = { key = 1 }";

/// That cluster with options of `[raft]`, until a horizon.
pub fn still(horizon: &str, raft: &str) -> String {
    STILL.replace("HORIZON", horizon).replace("RAFT", raft)
}

/// A request to a node.
pub fn asks(at: &str, to: u8, command: &str) -> String {
    format!("[[requests]]\nat = \"{at}\"\nto = {to}\ncommand = {{ {command} }}\nattempts = 1\n")
}

/// A plan for a guest, which lacks nothing that it asks for.
fn adopted(guest: &dyn Runner, text: &str) -> Plan {
    let mut plan = scenario::from_toml(text).expect("it is a scenario");
    adopt(guest, &mut plan).expect("it asks for nothing that the guest lacks");
    plan
}

/// Tells a story: all situations were reached, and no violation.
#[cfg(feature = "openraft")]
pub fn tell(guest: &dyn Runner, text: &str, reached: &[Situation]) {
    check(guest, adopted(guest, text), text, reached);
}

/// The same with each value of an option of the guest's own.
pub fn tell_with(
    guest: &dyn Runner,
    (option, values): (&str, [&str; 2]),
    text: &str,
    reached: &[Situation],
) {
    for value in values {
        let mut plan = scenario::from_toml(text).expect("it is a scenario");
        plan.guest.options.insert(option.into(), value.into());
        adopt(guest, &mut plan).expect("it asks for nothing that the guest lacks");
        check(guest, plan, &format!("{value}: {text}"), reached);
    }
}

fn check(guest: &dyn Runner, plan: Plan, told: &str, reached: &[Situation]) {
    let run = Run::new(guest, plan);
    let outcome = run.outcome();
    assert_eq!(outcome.violation, None, "{told}");
    for situation in reached {
        assert!(outcome.situations.of(*situation) > 0, "{situation} was not reached: {told}");
    }
}

/// When n1 was elected, in milliseconds, as the only one.
pub fn millis_to_n1(guest: &dyn Runner, horizon: &str) -> u64 {
    let mut elected = Vec::new();
    Run::new(guest, adopted(guest, &still(horizon, ""))).follow(&mut |record| {
        if let Kind::Role { role: Role::Leader, .. } = record.kind {
            elected.push((record.node.map(NodeId::number), record.time.0 / 1_000_000));
        }
    });
    assert_eq!(elected.len(), 1, "{elected:?}");
    let (node, millis) = elected[0];
    assert_eq!(node, Some(1));
    millis
}

/// A random plan of a seed for a guest, with what its library says of its own options.
pub fn drawn(guest: &dyn Runner, seed: u64) -> Plan {
    let mut plan = draw_with(seed, &swarm::Config::default());
    plan.restrict(guest.guest());
    plan.draw_guest_options(guest.guest_options());
    plan
}

/// Runs the scenarios that show bugs of a guest: each finds what it promises. How many there are.
pub fn known_bugs(guest: &dyn Runner) -> usize {
    let mut shown = 0;
    for path in files::find(&["scenarios/real".into()]).expect("there are scenarios") {
        let mut plan = files::read(&path).expect("it is a scenario");
        if plan.guest.name != guest.guest().name {
            continue;
        }
        adopt(guest, &mut plan).expect("it is for this guest");
        let violation = Run::new(guest, plan.clone()).outcome().violation.clone();
        let found = violation.map(|violation| violation.property);
        assert_eq!(found, plan.expect.violation, "{}", path.display());
        shown += 1;
    }
    shown
}
