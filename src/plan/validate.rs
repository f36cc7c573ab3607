//! Refuses plans that cannot be: limits, nodes that do not exist, faults that contradict each other.

mod ends;

pub use ends::{CLIENTS_MAX, GROUPS_MAX, KEYS_MAX, SESSIONS_MAX};

use std::collections::BTreeSet;

use crate::config::{Reads, priority};
use crate::ids::{NODES_MAX, NodeId, NodeSet};
use crate::log::Command;
use crate::plan::fault::{self, Crash, Unsynced};
use crate::plan::problem::{Checked, Problem, between, check_node, check_target, problem, require};
use crate::plan::profile::DRIFT_BOUND_PPM;
use crate::plan::{
    Action, DRIFT_PPM_MAX, Fault, FaultKind, Plan, Target, Trigger, WORDS_MAX, When,
};
use crate::property::Property;
use crate::time::{Span, SpanRange};

/// The longest run, in virtual time.
pub const HORIZON_MAX: Span = Span::secs(1_000_000);
/// The most faults, and the most single requests.
pub const LIST_MAX: usize = 10_000;
/// The most pins.
pub const PINS_MAX: usize = 100_000;
/// The largest seed: TOML has no larger number.
pub const SEED_MAX: u64 = i64::MAX as u64;
/// The shortest heartbeat interval, election timeout, period of a fault, and time between requests: below it a run is all timers.
pub const PERIOD_MIN: Span = Span::micros(100);

/// The most bytes of entries in a message, and unanswered.
pub const APPEND_BYTES_MAX: u64 = 1 << 30;
/// The longest delay of a state machine.
pub const APPLY_DELAY_MAX: Span = Span::secs(1_000);
/// The most entries between two snapshots, and the most that stay.
pub const SNAPSHOT_ENTRIES_MAX: u64 = 1_000_000_000;
/// The largest bound on drift: no two clocks are further apart.
pub const DRIFT_BOUND_PPM_MAX: u64 = 2_000_000;
/// The most bytes of a snapshot in one message.
pub const SNAPSHOT_CHUNK_MAX: u64 = 1 << 30;

/// Checks a plan; says the first thing that is wrong.
///
/// # Errors
/// The first thing that is wrong.
pub fn validate(plan: &Plan) -> Checked {
    let (nodes, horizon) = (plan.cluster.nodes.into(), plan.horizon);
    between(nodes, 1, NODES_MAX.into(), "cluster/nodes", "the number of nodes")?;
    between(plan.seed, 0, SEED_MAX, "seed", "the seed")?;
    between(plan.events_max, 1, SEED_MAX, "events_max", "the event limit")?;
    require(horizon > Span::ZERO && horizon <= HORIZON_MAX, "horizon", || {
        format!("the horizon must be more than nothing and at most {HORIZON_MAX}, not {horizon}")
    })?;
    for (place, node) in plan.cluster.members.iter().enumerate() {
        let path = format!("cluster/members/{place}");
        check_node(plan, *node, &path)?;
        require(!plan.cluster.members[..place].contains(node), &path, || {
            format!("node {} is named twice", node.number())
        })?;
    }
    check_raft(plan)?;
    crate::plan::guest::check(plan)?;
    check_links(plan)?;
    check_nodes(plan)?;
    ends::check_clients(plan)?;
    check_requests(plan)?;
    require(plan.faults.len() <= LIST_MAX, "faults", || {
        format!("{} faults are more than {LIST_MAX}", plan.faults.len())
    })?;
    for (place, fault) in plan.faults.iter().enumerate() {
        check_fault(plan, fault, &format!("faults/{place}"))?;
    }
    let strikes: usize = plan.faults.iter().map(|fault| fault.strikes(horizon).count()).sum();
    require(strikes <= LIST_MAX, "faults", || {
        format!("with all that comes again, the faults strike more than {LIST_MAX} times")
    })?;
    check_contradictions(plan)?;
    check_pins(plan)?;
    crate::plan::liveness::check(plan)?;
    check_syncs(plan)?;
    check_expectations(plan)?;
    crate::plan::idle::check(plan)
}

fn check_raft(plan: &Plan) -> Checked {
    let period = |range: Option<SpanRange>, path: &str| match range {
        Some(range) => require(range.from >= PERIOD_MIN, path, || {
            format!("a period must be at least {PERIOD_MIN}, not {}", range.from)
        }),
        None => Ok(()),
    };
    period(plan.raft.election_timeout, "raft/election_timeout")?;
    period(plan.raft.heartbeat_interval, "raft/heartbeat_interval")?;
    let config = plan.config();
    let (heartbeat, timeout) = (config.heartbeat_interval.to, config.election_timeout.from);
    require(heartbeat < timeout, "raft", || {
        format!(
            "the heartbeat interval ({heartbeat}) must be shorter than the election timeout ({timeout})"
        )
    })?;
    let count = |value: u32, path: &str, what: &str| between(value.into(), 1, 65_536, path, what);
    count(config.entries_per_append, "raft/entries_per_append", "entries per append")?;
    count(config.appends_in_flight, "raft/appends_in_flight", "appends in flight")?;
    let bytes =
        |value: u64, path: &str, what: &str| between(value, 0, APPEND_BYTES_MAX, path, what);
    bytes(config.bytes_per_append, "raft/bytes_per_append", "bytes per append")?;
    bytes(config.bytes_in_flight, "raft/bytes_in_flight", "bytes in flight")?;
    require(config.batch_delay < timeout, "raft/batch_delay", || {
        let delay = config.batch_delay;
        format!("the batch delay ({delay}) must be shorter than the election timeout ({timeout})")
    })?;
    let apply_delay = plan.cluster.apply_delay;
    require(apply_delay <= APPLY_DELAY_MAX, "cluster/apply_delay", || {
        format!("a state machine applies within {APPLY_DELAY_MAX}, not {apply_delay}")
    })?;
    let entries =
        |value: u64, path: &str, what: &str| between(value, 0, SNAPSHOT_ENTRIES_MAX, path, what);
    entries(config.snapshot_every, "raft/snapshot_every", "entries between snapshots")?;
    entries(config.snapshot_trailing, "raft/snapshot_trailing", "entries kept before a snapshot")?;
    check_reads(plan)?;
    let chunk = config.snapshot_chunk.into();
    between(chunk, 1, SNAPSHOT_CHUNK_MAX, "raft/snapshot_chunk", "bytes of a snapshot per message")
}

fn check_reads(plan: &Plan) -> Checked {
    let (reads, raft) = (plan.config().reads, &plan.raft);
    let by_followers = raft.follower_reads == Some(true);
    if by_followers && reads == Reads::Log {
        let message = "reads that go through the log are the leader's";
        let help = Some("write reads = \"read-index\", or \"lease\"".into());
        return Err(Problem { help, ..problem("raft/follower_reads", message) });
    }
    if raft.drift_bound_ppm.is_some() && reads != Reads::Lease {
        let message = "a bound on the drift of clocks is for leases";
        let help = Some("write reads = \"lease\", or leave it out".into());
        return Err(Problem { help, ..problem("raft/drift_bound_ppm", message) });
    }
    let bound = raft.drift_bound_ppm.unwrap_or(0).into();
    between(bound, 0, DRIFT_BOUND_PPM_MAX, "raft/drift_bound_ppm", "a bound on drift").map_err(
        |problem| {
            let help =
                format!("no two clocks are further apart; leave it out for {DRIFT_BOUND_PPM}");
            Problem { help: Some(help), ..problem }
        },
    )
}

fn check_links(plan: &Plan) -> Checked {
    require(plan.network.bandwidth != Some(0), "network/bandwidth", no_bandwidth)?;
    for (place, link) in plan.links.iter().enumerate() {
        let path = format!("links/{place}");
        check_link_ends(plan, &link.from, &format!("{path}/from"))?;
        check_link_ends(plan, &link.to, &format!("{path}/to"))?;
        require(link.bandwidth != Some(0), &format!("{path}/bandwidth"), no_bandwidth)?;
        ends::check_selection(plan, link, &path)?;
    }
    Ok(())
}

fn no_bandwidth() -> String {
    "a bandwidth of 0 lets nothing through; leave it out for no limit, or cut the link".into()
}

/// The ends of a link are known before the run: numbers, or everyone.
fn check_link_ends(plan: &Plan, target: &Target, path: &str) -> Checked {
    require(target.numbers().is_some() || *target == Target::Everyone, path, || {
        format!("a link's ends are nodes by number, or \"everyone\", not `{target}`")
    })?;
    check_target(plan, target, false, path)
}

fn check_nodes(plan: &Plan) -> Checked {
    for (place, node) in plan.nodes.iter().enumerate() {
        let path = format!("nodes/{place}");
        check_node(plan, node.id, &format!("{path}/id"))?;
        let twice = plan.nodes[..place].iter().any(|other| other.id == node.id);
        require(!twice, &format!("{path}/id"), || {
            format!("node {} is described twice", node.id.number())
        })?;
        check_drift(node.clock_drift_ppm, &format!("{path}/clock_drift_ppm"))?;
        let beats = format!("{path}/heartbeat_intervals");
        require(node.heartbeat_intervals.iter().all(|beat| *beat >= PERIOD_MIN), &beats, || {
            format!("heartbeats come no more often than every {PERIOD_MIN}")
        })?;
        let words = node.words.len();
        require(words <= WORDS_MAX, &format!("{path}/words"), || {
            format!("a plan fixes at most {WORDS_MAX} random words of a node, not {words}")
        })?;
        let (own, highest) = (node.election_priority.unwrap_or(0), priority::HIGHEST.into());
        let own_path = format!("{path}/election_priority");
        between(own.into(), 0, highest, &own_path, "an election priority")?;
        for (number, timeout) in node.election_timeouts.iter().enumerate() {
            require(*timeout >= PERIOD_MIN, &format!("{path}/election_timeouts/{number}"), || {
                format!("an election timeout must be at least {PERIOD_MIN}, not {timeout}")
            })?;
        }
    }
    let stands =
        |id: NodeId| plan.node(id).and_then(|node| node.election_priority) != Some(priority::NEVER);
    require(plan.node_ids().any(stands), "nodes", || {
        "with an election priority of 0 at every node nobody ever stands; give one of them 1 or more".into()
    })
}

fn check_drift(drift_ppm: i32, path: &str) -> Checked {
    require(drift_ppm.unsigned_abs() <= DRIFT_PPM_MAX.unsigned_abs(), path, || {
        format!("a clock drifts by at most {DRIFT_PPM_MAX} parts per million, not {drift_ppm}")
    })
}

fn check_requests(plan: &Plan) -> Checked {
    require(plan.requests.len() <= LIST_MAX, "requests", || {
        format!("{} requests are more than {LIST_MAX}", plan.requests.len())
    })?;
    for (place, request) in plan.requests.iter().enumerate() {
        let path = format!("requests/{place}");
        match (request.at, request.on) {
            (Some(at), None) => check_time(plan, at, "request", &format!("{path}/at"))?,
            (None, Some(trigger)) => check_trigger(plan, trigger, &format!("{path}/on"))?,
            _ => {
                let message = "a request is made either `at` a time or `on` a situation";
                return Err(problem(&path, message));
            }
        }
        check_target(plan, &request.to, request.on.is_some(), &format!("{path}/to"))?;
        require(request.command != Command::Noop, &format!("{path}/command"), || {
            "only leaders write no-ops; ask for get, put, delete, compare-and-set or append".into()
        })?;
        require(request.command != Command::Register, &format!("{path}/command"), || {
            "clients open sessions themselves: set `sessions` in [clients]".into()
        })?;
        require(request.attempts != Some(0), &format!("{path}/attempts"), || {
            "a request is tried at least once".into()
        })?;
    }
    Ok(())
}

fn check_time(plan: &Plan, at: Span, what: &str, path: &str) -> Checked {
    require(at <= plan.horizon, path, || {
        format!("this {what} at {at} comes after the end of the run at {}", plan.horizon)
    })
}

fn check_trigger(plan: &Plan, trigger: Trigger, path: &str) -> Checked {
    between(trigger.nth, 1, SEED_MAX, &format!("{path}/nth"), "the occurrence")?;
    between(trigger.times, 1, SEED_MAX, &format!("{path}/times"), "the number of times")?;
    match trigger.node {
        Some(node) => check_node(plan, node, &format!("{path}/node")),
        None => Ok(()),
    }
}

fn check_fault(plan: &Plan, fault: &Fault, path: &str) -> Checked {
    match fault.when {
        When::At(at) => check_time(plan, at, "fault", &format!("{path}/at"))?,
        When::On(trigger) => check_trigger(plan, trigger, &format!("{path}/on"))?,
    }
    let path = format!("{path}/{}", fault.kind().name());
    ends::check_targets(plan, fault, &path)?;
    require(fault.lasts != Some(Span::ZERO), &format!("{path}/for"), || {
        "a fault that lasts no time does nothing".into()
    })?;
    let flaps_slowly = fault.flapping.is_none_or(|period| period >= PERIOD_MIN);
    require(flaps_slowly, &format!("{path}/flapping"), || {
        format!("a period must be at least {PERIOD_MIN}")
    })?;
    check_period(plan, fault, &format!("{path}/every"))?;
    check_action(plan, fault, &path)
}

/// A fault that strikes again and again is over each time before it comes again, and does not come without end.
fn check_period(plan: &Plan, fault: &Fault, path: &str) -> Checked {
    let Some(every) = fault.every else { return Ok(()) };
    require(every >= PERIOD_MIN, path, || format!("a period must be at least {PERIOD_MIN}"))?;
    let Some(lasts) = fault.lasts else {
        let help = Some("say with `for` how long it lasts each time".into());
        let message = "a fault without an end is in force when it would come again";
        return Err(Problem { help, ..problem(path, message) });
    };
    require(lasts < every, path, || {
        format!("a fault that comes every {every} cannot last {lasts} each time; let it be shorter")
    })?;
    let times = match fault.when {
        When::At(_) => 1,
        When::On(trigger) => trigger.times,
    };
    require(times == 1, path, || {
        "a fault comes again either with a period or at each of so many situations: give `every` or `times`".into()
    })?;
    let strikes = fault.strikes(plan.horizon).count();
    require(strikes <= LIST_MAX, path, || {
        format!("every {every} up to {} is more than {LIST_MAX} times", plan.horizon)
    })
}

/// Who forces members on others is one of them, and there is one such node: two would each have a cluster.
fn check_force(fault: &Fault, force: &[NodeId], path: &str) -> Checked {
    let told = fault.target.numbers().unwrap_or(&[]);
    let is_one = matches!(told, [one] if force.contains(one));
    require(force.is_empty() || is_one, path, || {
        "who is to force members is one of them, by number, as in `change = { target = 1, force = [1, 2] }`".into()
    })?;
    for (place, node) in force.iter().enumerate() {
        require(!force[..place].contains(node), &format!("{path}/force/{place}"), || {
            format!("node {} is named twice", node.number())
        })?;
    }
    Ok(())
}

fn check_action(plan: &Plan, fault: &Fault, path: &str) -> Checked {
    match &fault.action {
        Action::Split(split) => {
            require(!split.groups.is_empty(), &format!("{path}/groups"), || {
                "a split needs a group; nodes in no group make one more".into()
            })?;
            let mut seen: Vec<NodeId> = Vec::new();
            for (place, group) in split.groups.iter().enumerate() {
                for node in group.numbers().unwrap_or(&[]) {
                    require(!seen.contains(node), &format!("{path}/groups/{place}"), || {
                        format!("node {} is in two groups", node.number())
                    })?;
                    seen.push(*node);
                }
            }
            Ok(())
        }
        Action::Bridge | Action::Ring => require(plan.cluster.nodes >= 3, path, || {
            "a partial partition needs three nodes or more".into()
        }),
        Action::Slow(slow) => {
            require(slow.per_input > Span::ZERO, &format!("{path}/per_input"), || {
                "a slow node takes some time for each input".into()
            })
        }
        Action::Link(link) => {
            require(link.bandwidth != Some(0), &format!("{path}/bandwidth"), no_bandwidth)
        }
        Action::Disk(disk) => require(disk.write.is_some() || disk.fsync.is_some(), path, || {
            "a disk fault changes `write` or `fsync`, or both".into()
        }),
        Action::Corrupt(corrupt) => {
            let (entries, path) = (corrupt.entries, format!("{path}/entries"));
            let what = "the place of a corrupt entry, counted from the end of the log,";
            between(entries, 1, SNAPSHOT_ENTRIES_MAX, &path, what)?;
            require(corrupt.what.is_log() || entries == 1, &path, || {
                "only the log has entries to count; leave `entries` or `what` out".into()
            })
        }
        Action::Clock(clock) => {
            require(clock.jump.is_some() || clock.drift_ppm.is_some(), path, || {
                "a clock fault has a `jump` or a `drift_ppm`, or both".into()
            })?;
            check_drift(clock.drift_ppm.unwrap_or(0), &format!("{path}/drift_ppm"))
        }
        Action::Change(change) => {
            let mut changes = change.changes();
            let (one, two) = (changes.next(), changes.next());
            require(one.is_some() && two.is_none(), path, || {
                "a change has one of `add`, `add_learner`, `promote`, `remove`, `joint`, `leave` and `force`"
                    .into()
            })?;
            check_force(fault, &change.force, path)?;
            let mut named = NodeSet::EMPTY;
            for node in change.joint.iter().flat_map(fault::Joint::nodes) {
                require(named.insert(node), &format!("{path}/joint"), || {
                    format!("{node} is named twice; a joint change makes one thing of each node")
                })?;
            }
            require(change.joint.is_none() || !named.is_empty(), &format!("{path}/joint"), || {
                "a joint change names somebody in `add`, `add_learners` or `remove`".into()
            })?;
            let mut nodes = one.into_iter().flat_map(|change| change.nodes().iter());
            nodes.try_for_each(|node| check_node(plan, node, path))
        }
        Action::Crash(crash) => {
            check_put_back(plan, fault, crash, &format!("{path}/put_back"))?;
            check_survives(crash, &format!("{path}/survives"))
        }
        _ => Ok(()),
    }
}

fn check_put_back(plan: &Plan, fault: &Fault, crash: &Crash, path: &str) -> Checked {
    let Some(taken) = crash.put_back else { return Ok(()) };
    require(!crash.wipe, path, || {
        "a disk is emptied, or put back; leave one of the two out".into()
    })?;
    check_time(plan, taken, "copy of a disk", path)?;
    let late = matches!(fault.when, When::At(at) if taken >= at);
    require(!late, path, || format!("a disk is put back to an earlier time, not to {taken}"))
}

fn check_survives(crash: &Crash, path: &str) -> Checked {
    require(crash.survives.is_none() || crash.unsynced.is_drawn(), path, || {
        "what survives is `lost` or `kept` already; write unsynced = \"torn\" or \"reordered\""
            .into()
    })?;
    let votes = crash.survives.and_then(|survives| survives.votes);
    let apart = votes.is_none() || crash.unsynced == Unsynced::Reordered;
    require(apart, &format!("{path}/votes"), || {
        "votes fare apart from the log only with unsynced = \"reordered\"".into()
    })
}

/// What no node can suffer twice at once.
const EXCLUSIVE: [FaultKind; 6] = [
    FaultKind::Crash,
    FaultKind::Restart,
    FaultKind::Pause,
    FaultKind::Suspend,
    FaultKind::Slow,
    FaultKind::Disk,
];

/// What a fault with a time and nodes by number does to one node: from when, to when.
struct Stretch {
    place: usize,
    kind: FaultKind,
    from: Span,
    to: Option<Span>,
}

/// Faults with times and nodes by number can be laid beside each other before the run: no node crashes while it is down,
/// starts while it is up, or is paused twice at once.
fn check_contradictions(plan: &Plan) -> Checked {
    // Nodes that a role chose to crash cannot be known here.
    let by_role = plan.faults.iter().any(|fault| {
        let unknown = fault.target.numbers().is_none();
        (fault.kind() == FaultKind::Crash && unknown) || matches!(fault.when, When::On(_))
    });
    for node in plan.node_ids() {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (place, fault) in plan.faults.iter().enumerate() {
            let When::At(_) = fault.when else { continue };
            let kind = fault.kind();
            let here = fault.target.numbers().is_some_and(|nodes| nodes.contains(&node));
            if here && EXCLUSIVE.contains(&kind) {
                stretches.extend(fault.strikes(plan.horizon).map(|from| {
                    let to = fault.lasts.map(|lasts| from.plus(lasts));
                    Stretch { place, kind, from, to }
                }));
            }
        }
        stretches.sort_by_key(|stretch| (stretch.from, stretch.place));
        check_stretches(node, &stretches, by_role)?;
    }
    Ok(())
}

fn check_stretches(node: NodeId, stretches: &[Stretch], by_role: bool) -> Checked {
    // What is in force when a stretch begins: one of each kind at most, for a second one is refused.
    let mut in_force: Vec<&Stretch> = Vec::new();
    for stretch in stretches {
        in_force.retain(|before| before.to.is_none_or(|to| to > stretch.from));
        let excludes =
            |before: &&&Stretch| before.kind == FaultKind::Crash || before.kind == stretch.kind;
        let overlapping = in_force.iter().find(excludes);
        let (number, from, name) = (node.number(), stretch.from, stretch.kind.name());
        let path = || format!("faults/{}/{name}", stretch.place);
        if stretch.kind == FaultKind::Restart {
            require(by_role || overlapping.is_some(), &path(), || {
                format!("node {number} is not down at {from}, so it cannot restart")
            })?;
            // It ends a crash that has no end of its own.
            in_force.retain(|before| before.kind != FaultKind::Crash || before.to.is_some());
            continue;
        }
        if let Some(before) = overlapping {
            let (place, kind, begun) = (before.place + 1, before.kind.name(), before.from);
            let until = before.to.map_or("the end".to_owned(), |to| to.to_string());
            let message = format!(
                "this {name} of node {number} at {from} overlaps fault {place}, a {kind} from {begun} to {until}"
            );
            let help = "let the first one end earlier, with `for`, or move this one";
            return Err(Problem { help: Some(help.into()), ..problem(&path(), message) });
        }
        in_force.push(stretch);
    }
    Ok(())
}

fn check_pins(plan: &Plan) -> Checked {
    require(plan.pins.len() <= PINS_MAX, "pins", || {
        format!("{} pins are more than {PINS_MAX}", plan.pins.len())
    })?;
    let mut seen = BTreeSet::new();
    for (place, pin) in plan.pins.iter().enumerate() {
        let path = format!("pins/{place}");
        let [from, to] = pin.link;
        check_node(plan, from, &format!("{path}/link/0"))?;
        check_node(plan, to, &format!("{path}/link/1"))?;
        require(from != to, &format!("{path}/link/1"), || "a node sends nothing to itself".into())?;
        match (pin.message, pin.sent) {
            (Some(message), None) => {
                between(message, 1, SEED_MAX, &format!("{path}/message"), "the message")?;
            }
            (None, Some(sent)) => check_time(plan, sent, "message", &format!("{path}/sent"))?,
            _ => {
                return Err(problem(
                    &path,
                    "a pin names a message by its number, as in `message = 3`, or by a time, as in `sent = \"2s\"`",
                ));
            }
        }
        require(pin.arrives.len() <= 2, &format!("{path}/arrives"), || {
            "a message arrives not at all, once or twice".into()
        })?;
        let longest = pin.arrives.iter().max().copied().unwrap_or(Span::ZERO);
        require(longest <= HORIZON_MAX, &format!("{path}/arrives"), || {
            format!("a message takes at most {HORIZON_MAX}, not {longest}")
        })?;
        let Some(message) = pin.message else { continue };
        require(seen.insert((pin.link, message)), &path, || {
            format!("message {message} of this link is pinned twice")
        })?;
    }
    Ok(())
}

fn check_syncs(plan: &Plan) -> Checked {
    require(plan.syncs.len() <= PINS_MAX, "syncs", || {
        format!("{} pins are more than {PINS_MAX}", plan.syncs.len())
    })?;
    for (place, pin) in plan.syncs.iter().enumerate() {
        let path = format!("syncs/{place}");
        check_node(plan, pin.node, &format!("{path}/node"))?;
        check_time(plan, pin.begun, "sync", &format!("{path}/begun"))?;
        require(pin.takes <= HORIZON_MAX, &format!("{path}/takes"), || {
            format!("a sync takes at most {HORIZON_MAX}, not {}", pin.takes)
        })?;
        require(pin.survives.is_none() || pin.fails, &format!("{path}/survives"), || {
            "only a sync that fails makes a node stop and lose writes; add `fails = true`".into()
        })?;
        let votes = pin.survives.and_then(|survives| survives.votes);
        require(votes.is_none(), &format!("{path}/survives/votes"), || {
            "where a node stops itself, its disk keeps the order of writes".into()
        })?;
    }
    Ok(())
}

/// Complains about a property that is named twice.
///
/// # Errors
/// The complaint, with the place of the second.
pub fn each_once(judge: &[Property]) -> Checked {
    for (place, property) in judge.iter().enumerate() {
        require(!judge[..place].contains(property), &format!("judge/{place}"), || {
            format!("`{property}` is named twice")
        })?;
    }
    Ok(())
}

fn check_expectations(plan: &Plan) -> Checked {
    let expect = &plan.expect;
    let pairs = [
        (expect.leaders_min, expect.leaders_max, "leaders"),
        (expect.commits_min, expect.commits_max, "commits"),
        (expect.answers_min, expect.answers_max, "answers"),
    ];
    for (min, max, what) in pairs {
        if let (Some(min), Some(max)) = (min, max) {
            require(min <= max, &format!("expect/{what}_max"), || {
                format!("at least {min} and at most {max} {what} cannot both hold")
            })?;
        }
    }
    let reached: BTreeSet<_> = expect.situations.iter().collect();
    if let Some(place) = expect.never.iter().position(|situation| reached.contains(situation)) {
        let situation = expect.never[place];
        let message = format!("`{situation}` is expected both to be reached and never to be");
        return Err(problem(&format!("expect/never/{place}"), message));
    }
    for (situation, bounds) in &expect.counts {
        bounds.check(&format!("expect/counts/{situation}"))?;
    }
    expect.metrics.check("expect/metrics")?;
    each_once(&plan.judge)?;
    let judged = expect.violation.is_none_or(|property| plan.judge.contains(&property));
    require(judged, "expect/violation", || {
        "the expected violation is not among the properties that are judged".into()
    })
}
