//! Takes the chance out: all that was drawn in a run becomes a decision that stands in the plan.
//!
//! A run under observation gives every [choice](Choices) that it made. With all of them in the plan the same things happen whatever
//! the seed is, so this always works; what is tried first are plans in which the network and the disks are plain but for the few messages
//! and syncs that were late, lost or doubled.

use crate::campaign::shrink::Shrinker;
use crate::campaign::shrink::simpler::{PLAIN, SYNCS, is_plain_network, plain_disk, plain_network};
use crate::ids::NodeId;
use crate::plan::{
    Action, Clients, DiskOptions, Fault, Latency, Pin, Plan, SyncPin, Target, WORDS_MAX, When,
};
use crate::sim::choices::{Choices, Strike};
use crate::sim::{Options, Outcome, Runner};
use crate::time::{Share, Span, Time};

/// Other seeds whose runs must be the same if a plan leaves nothing to chance.
const OTHER_SEEDS: [u64; 3] = [1, 2, 3];

/// How many times the usual span is late, the boldest guess first.
const LATE: [u64; 3] = [20, 5, 2];

/// Whether the same run comes of any seed.
pub fn is_seedless(runner: &dyn Runner, plan: &Plan, outcome: &Outcome) -> bool {
    OTHER_SEEDS.into_iter().all(|seed| {
        let other = Plan { seed, ..plan.clone() };
        let options = Options { without_history: true, ..Options::default() };
        runner.run(&other, options).digest == outcome.digest
    })
}

/// All that is drawn in a plan's run.
pub fn choices(runner: &dyn Runner, plan: &Plan) -> Choices {
    let mut choices = Choices::default();
    let _ = runner.run(
        plan,
        Options { choices: Some(&mut choices), without_history: true, ..Options::default() },
    );
    choices
}

/// The plan with all decided that was drawn, each message and each sync too.
pub fn decide(runner: &dyn Runner, plan: &Plan) -> Plan {
    let choices = choices(runner, plan);
    let mut decided = decided(plan, &choices, Asked::Tries, Triggers::AreTimes);
    decided.pins = odd_messages(&choices).pop().unwrap_or_default();
    decided.syncs = odd_syncs(&choices).pop().unwrap_or_default();
    decided
}

/// Makes decisions of all that was drawn, as few as will do.
pub fn take_randomness_out(shrinker: &mut Shrinker) {
    if is_seedless(shrinker.runner, &shrinker.best, &shrinker.outcome) {
        shrinker.change(|plan| plan.seed = 1);
        return;
    }
    let choices = choices(shrinker.runner, &shrinker.best);
    let mut candidates = Vec::new();
    for asked in Asked::of(&shrinker.best) {
        for triggers in [Triggers::Stay, Triggers::AreTimes] {
            let decided = decided(&shrinker.best, &choices, asked, triggers);
            for pins in odd_messages(&choices) {
                for syncs in odd_syncs(&choices) {
                    candidates.push(Plan { pins: pins.clone(), syncs, ..decided.clone() });
                }
            }
        }
    }
    shrinker.fixed = true;
    shrinker.take_first(candidates);
    shrinker.fixed = false;
}

/// What becomes of clients whose requests are named.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    /// Each try is a request by itself, and comes when it came. Nobody has a session.
    Tries,
    /// Each operation is a request, in a session of its own if clients have them, and is tried again as clients do. Messages between
    /// clients and nodes take as long as this.
    Operations(Span),
}

/// How long messages between clients and nodes take where operations are named: what is longer than clients wait makes them try again.
const CLIENT_LATENCIES: [Span; 5] =
    [Span::ZERO, Span::millis(1), Span::millis(5), Span::millis(10), Span::millis(20)];

/// The same in eighths of how long clients wait: the first answer comes while the second try is under way.
const PARTS_OF_TIMEOUT: [u64; 4] = [3, 4, 5, 7];

impl Asked {
    /// What may become of a plan's clients. A try that was refused and stands by itself has an unknown outcome, which explains many a
    /// history away; and once faults are over, clients try until they are answered.
    fn of(plan: &Plan) -> Vec<Asked> {
        let timeout = plan.clients.timeout;
        let own = match plan.clients.latency {
            Latency::Constant(latency) => Some(latency),
            _ => None,
        };
        let late = PARTS_OF_TIMEOUT.map(|eighths| Span(timeout.0 / 8 * eighths));
        let mut ways = vec![Asked::Tries];
        for latency in own.into_iter().chain(CLIENT_LATENCIES).chain(late) {
            if !ways.contains(&Asked::Operations(latency)) {
                ways.push(Asked::Operations(latency));
            }
        }
        ways
    }

    fn decide(self, plan: &mut Plan, choices: &Choices) {
        let count = 0;
        without_groups(plan);
        match self {
            Asked::Tries => {
                let latency = Latency::Constant(Span::ZERO);
                plan.clients = Clients { count, latency, ..Clients::default() };
                plan.requests.clone_from(&choices.requests);
            }
            Asked::Operations(latency) => {
                let latency = Latency::Constant(latency);
                let loss = Share::NEVER;
                plan.clients = Clients { count, latency, loss, ..plan.clients.clone() };
                plan.requests.clone_from(&choices.operations);
            }
        }
    }
}

/// Leaves out all groups of clients, and the faults of their links.
fn without_groups(plan: &mut Plan) {
    plan.client_groups.clear();
    plan.leave_out_idle();
}

/// What becomes of faults that wait for a situation.
#[derive(Clone, Copy, PartialEq)]
enum Triggers {
    /// They go on waiting for it.
    Stay,
    /// They strike at the times at which they did: the situation may be about clients, of whom only requests are left.
    AreTimes,
}

/// The plan on a plain network and plain disks, with all else decided as it was drawn.
fn decided(plan: &Plan, choices: &Choices, asked: Asked, triggers: Triggers) -> Plan {
    let within = plan.liveness_bounds().map(|bounds| bounds.within);
    let mut plan = plan.clone();
    plan.seed = 1;
    // With timeouts that a plan names it allows as many rounds more. These were drawn: the bound is what it was.
    plan.liveness.iter_mut().for_each(|liveness| liveness.within = within);
    plan.network = plain_network();
    plan.links.clear();
    let plain = plain_disk(usual_sync(choices));
    plan.disk = DiskOptions { on_corruption: plan.disk.on_corruption, ..plain.clone() };
    asked.decide(&mut plan, choices);
    for id in plan.node_ids() {
        let node = plan.node_mut(id);
        // What a corrupt record leads to is no chance.
        if let Some(disk) = &mut node.disk {
            *disk = DiskOptions { on_corruption: disk.on_corruption, ..plain.clone() };
        }
        node.election_timeouts.clone_from(&choices.timeouts[id.slot()]);
        node.heartbeat_intervals.clone_from(&choices.heartbeats[id.slot()]);
        let words = &choices.words[id.slot()];
        node.words = words[..words.len().min(WORDS_MAX)].to_vec();
    }
    plan.faults = decided_faults(&plan, choices, triggers);
    plan
}

/// The faults, each naming the nodes that it struck. What changes links and disks is left to the pins.
fn decided_faults(plan: &Plan, choices: &Choices, triggers: Triggers) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, fault) in plan.faults.iter().enumerate() {
        let strikes = || choices.strikes.iter().filter(|strike| strike.fault == place);
        if matches!(fault.action, Action::Link(_) | Action::Disk(_)) {
            continue;
        }
        let waits = matches!(fault.when, When::On(_)) && triggers == Triggers::AreTimes;
        if !waits && !is_drawn(fault) {
            faults.push(fault.clone());
            continue;
        }
        for strike in strikes() {
            faults.extend(struck(fault, strike));
        }
    }
    faults
}

/// Whether chance has a part in what the fault does.
pub fn is_drawn(fault: &Fault) -> bool {
    let torn = matches!(&fault.action, Action::Crash(crash)
        if crash.unsynced.is_drawn() && crash.survives.is_none());
    let drawn = fault.targets().iter().any(|(_, target)| target.is_random());
    torn || drawn || is_transferee_drawn(&fault.action)
}

/// Whether a leader may hand over to one of several.
fn is_transferee_drawn(action: &Action) -> bool {
    let single = |target: &Target| target.numbers().is_some_and(|nodes| nodes.len() == 1);
    matches!(action, Action::Transfer(transfer) if !single(&transfer.to))
}

/// What a fault did once, without chance: a fault for each node that lost a part of its writes.
fn struck(fault: &Fault, strike: &Strike) -> Vec<Fault> {
    let mut decided = fault.clone();
    decided.when = match fault.when {
        When::At(_) => When::At(strike.time.since(Time::ZERO)),
        // Behind what happened at that moment.
        When::On(_) => When::At(strike.time.since(Time::ZERO).plus(Span::nanos(1))),
    };
    decided.every = None;
    let transferee = is_transferee_drawn(&fault.action);
    for (target, nodes) in decided.targets_mut().into_iter().zip(&strike.names) {
        if transferee || target.is_random() || *target == Target::Trigger {
            *target = Target::Nodes(nodes.iter().collect());
        }
    }
    if strike.survives.is_empty() {
        return vec![decided];
    }
    let single = |(node, survives): &(NodeId, _)| {
        let mut single = decided.clone();
        if let Action::Crash(crash) = &mut single.action {
            crash.survives = Some(*survives);
            single.target = Target::Nodes(vec![*node]);
        }
        single
    };
    strike.survives.iter().map(single).collect()
}

/// Disks that fail by chance fail when the plan says so: at a time, and then at a situation.
pub fn name_errors(shrinker: &mut Shrinker) {
    let plan = &shrinker.best;
    let disks = || plan.nodes.iter().filter_map(|node| node.disk.as_ref()).chain([&plan.disk]);
    if disks().all(|disk| disk.errors == Share::NEVER) {
        return;
    }
    let syncs = choices(shrinker.runner, plan).syncs;
    shrinker.change(|plan| {
        plan.disk.errors = Share::NEVER;
        for disk in plan.nodes.iter_mut().filter_map(|node| node.disk.as_mut()) {
            disk.errors = Share::NEVER;
        }
        for pin in syncs.iter().filter(|pin| pin.fails) {
            let before = When::At(Span(pin.begun.0.saturating_sub(1)));
            let fault = Fault::new(before, Action::DiskError);
            plan.faults.push(fault.striking(Target::Nodes(vec![pin.node])));
        }
    });
}

/// Single requests in place of clients that draw what they ask.
pub fn name_requests(shrinker: &mut Shrinker) {
    if shrinker.best.clients_count() == 0 {
        return;
    }
    let sessions = shrinker.best.clients.sessions;
    let idle = Clients { count: 0, sessions, ..Clients::default() };
    let silence = |plan: &mut Plan| {
        plan.clients = idle.clone();
        without_groups(plan);
    };
    if shrinker.change(silence) {
        return;
    }
    let choices = choices(shrinker.runner, &shrinker.best);
    shrinker.take_one(&Asked::of(&shrinker.best), |plan, asked| asked.decide(plan, &choices));
}

/// A plain network, with the messages pinned that had another fate than they would have there.
pub fn pin_messages(shrinker: &mut Shrinker) {
    if is_plain_network(&shrinker.best) && shrinker.best.links.is_empty() {
        return;
    }
    let choices = choices(shrinker.runner, &shrinker.best);
    shrinker.take_one(&odd_messages(&choices), |plan, pins| {
        plan.network = plain_network();
        plan.links.clear();
        plan.pins.clone_from(pins);
    });
}

/// The messages that had another fate than on a plain network: none, the very late, all that were late, those lost or doubled too, all.
fn odd_messages(choices: &Choices) -> Vec<Vec<Pin>> {
    let messages = &choices.messages;
    let usual = median(messages.iter().flat_map(|pin| pin.arrives.iter().copied()), PLAIN);
    let late = |pin: &Pin, times: u64| pin.arrives.iter().any(|span| *span > usual.times(times));
    let chosen =
        |odd: &dyn Fn(&Pin) -> bool| messages.iter().filter(|pin| odd(pin)).cloned().collect();
    let mut guesses = vec![Vec::new()];
    guesses.extend(LATE.map(|times| chosen(&|pin| late(pin, times))));
    guesses.extend(LATE.map(|times| chosen(&|pin| pin.arrives.len() != 1 || late(pin, times))));
    guesses.push(chosen(&|pin| pin.arrives != [PLAIN]));
    guesses.dedup();
    guesses
}

/// The syncs that had another fate than on a plain disk: none, those that failed, the late ones too, all.
fn odd_syncs(choices: &Choices) -> Vec<Vec<SyncPin>> {
    let usual = usual_sync(choices);
    let chosen = |odd: &dyn Fn(&SyncPin) -> bool| {
        choices.syncs.iter().filter(|pin| odd(pin)).cloned().collect()
    };
    let mut guesses = vec![Vec::new(), chosen(&|pin| pin.fails)];
    guesses.extend(LATE.map(|times| chosen(&|pin| pin.fails || pin.takes > usual.times(times))));
    guesses.push(chosen(&|pin| pin.fails || pin.takes != usual));
    guesses.dedup();
    guesses
}

/// How long a plain disk takes that is most like the disks of a run.
fn usual_sync(choices: &Choices) -> Span {
    let usual = median(choices.syncs.iter().map(|pin| pin.takes), SYNCS[0]);
    SYNCS.into_iter().min_by_key(|sync| sync.0.abs_diff(usual.0)).unwrap_or(SYNCS[0])
}

/// The span in the middle.
fn median(spans: impl Iterator<Item = Span>, otherwise: Span) -> Span {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable();
    spans.get(spans.len() / 2).copied().unwrap_or(otherwise)
}
