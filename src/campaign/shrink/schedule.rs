//! Takes the randomness out: what clients ask, how long elections wait and what becomes of single messages stands in the plan.

use crate::campaign::shrink::Shrinker;
use crate::ids::NodeId;
use crate::log::Command;
use crate::plan::{Clients, Latency, LinkOptions, NodeOptions, Pin, Plan, SingleRequest, Whom};
use crate::record::{Kind, Record};
use crate::sim::{Options, Outcome, run, run_with};
use crate::time::{Span, Time};

/// Other seeds whose runs must be the same if a plan leaves nothing to chance.
const OTHER_SEEDS: [u64; 3] = [1, 2, 3];

/// Whether the same run comes of any seed.
pub fn is_seedless(plan: &Plan, outcome: &Outcome) -> bool {
    OTHER_SEEDS.into_iter().all(|seed| {
        let other = Plan { seed, ..plan.clone() };
        run(&other).digest == outcome.digest
    })
}

/// Runs a plan once more, and shows every record.
pub(super) fn watch(plan: &Plan, mut see: impl FnMut(&Record)) -> Vec<Vec<Span>> {
    let mut timeouts = Vec::new();
    let options =
        Options { sink: Some(&mut see), timeouts: Some(&mut timeouts), ..Options::default() };
    run_with(plan, options);
    timeouts
}

/// What clients asked, when and whom: each try.
pub fn invocations(plan: &Plan) -> Vec<(Time, NodeId, Command)> {
    let mut found = Vec::new();
    watch(plan, |record| {
        // Clients open sessions by themselves.
        if let (Kind::Invoke { command, .. }, Some(node)) = (record.kind, record.node)
            && command != Command::Register
        {
            found.push((record.time, node, command));
        }
    });
    found
}

/// Makes decisions of what was drawn, as far as the plan goes on failing.
pub fn take_randomness_out(shrinker: &mut Shrinker) {
    if is_seedless(&shrinker.best, &shrinker.outcome) {
        let plan = shrinker.with(|plan| plan.seed = 1);
        shrinker.take(plan);
        return;
    }
    pin_timeouts(shrinker);
    pin_messages(shrinker);
    let plan = shrinker.with(|plan| plan.seed = 1);
    shrinker.take(plan);
}

/// Single requests in place of clients that draw what they ask.
pub fn name_requests(shrinker: &mut Shrinker) {
    if shrinker.best.clients.count == 0 {
        return;
    }
    let sessions = shrinker.best.clients.sessions;
    let idle = Clients { count: 0, sessions, ..Clients::default() };
    let silent = shrinker.with(|plan| plan.clients = idle.clone());
    if shrinker.take(silent) {
        return;
    }
    let asked = invocations(&shrinker.best);
    let request = |(time, node, command): &(Time, NodeId, Command)| SingleRequest {
        at: Some(time.since(Time::ZERO)),
        on: None,
        to: Whom::Nodes(vec![*node]),
        command: *command,
        attempts: Some(1),
    };
    let named = |latency: Latency| {
        shrinker.with(|plan| {
            plan.clients = Clients { latency, ..idle.clone() };
            plan.requests.extend(asked.iter().map(request));
        })
    };
    let candidates =
        vec![named(Latency::Constant(Span::millis(1))), named(shrinker.best.clients.latency)];
    shrinker.take_first(candidates);
}

/// The election timeouts that were drawn, in the plan.
fn pin_timeouts(shrinker: &mut Shrinker) {
    let timeouts = watch(&shrinker.best, |_| ());
    let pinned = shrinker.with(|plan| {
        for (slot, timeouts) in timeouts.into_iter().enumerate() {
            node_options(plan, NodeId::at(slot)).election_timeouts = timeouts;
        }
    });
    shrinker.take(pinned);
}

/// What the plan says of a node, to be changed.
pub(super) fn node_options(plan: &mut Plan, id: NodeId) -> &mut NodeOptions {
    let place = plan.nodes.iter().position(|options| options.id == id).unwrap_or_else(|| {
        let place = plan.nodes.partition_point(|options| options.id < id);
        plan.nodes.insert(place, NodeOptions::new(id));
        place
    });
    &mut plan.nodes[place]
}

/// A plain network: every message takes the same time, and none is lost.
pub fn plain_network(latency: Span) -> LinkOptions {
    LinkOptions { latency: Latency::Constant(latency), ..LinkOptions::default() }
}

/// A plain network, with the messages pinned that had another fate than they would have there.
pub fn pin_messages(shrinker: &mut Shrinker) {
    if shrinker.best.network == plain_network(Span::millis(1)) && shrinker.best.links.is_empty() {
        return;
    }
    let candidate = |pins: Vec<Pin>| {
        shrinker.with(|plan| {
            plan.network = plain_network(Span::millis(1));
            plan.links.clear();
            plan.pins = pins;
        })
    };
    let fates = fates(&shrinker.best);
    let mut spans: Vec<Span> = fates.iter().flat_map(|pin| pin.arrives.iter().copied()).collect();
    spans.sort_unstable();
    let usual = spans.get(spans.len() / 2).copied().unwrap_or(Span::millis(1));
    let chosen = |odd: &dyn Fn(&Pin) -> bool| {
        candidate(fates.iter().filter(|pin| odd(pin)).cloned().collect())
    };
    let late = |pin: &Pin, times: u64| pin.arrives.iter().any(|span| *span > usual.times(times));
    let mut candidates = vec![candidate(Vec::new())];
    candidates.extend([20, 5, 2].map(|times| chosen(&|pin| late(pin, times))));
    candidates
        .extend([20, 5, 2].map(|times| chosen(&|pin| pin.arrives.len() != 1 || late(pin, times))));
    candidates.push(candidate(fates.clone()));
    shrinker.take_first(candidates);
}

/// What became of every message.
fn fates(plan: &Plan) -> Vec<Pin> {
    let mut sent = std::collections::BTreeMap::<[NodeId; 2], u64>::new();
    let mut by_id: Vec<(Time, Pin)> = Vec::new();
    watch(plan, |record| {
        let Some(node) = record.node else { return };
        match record.kind {
            Kind::Send { to, .. } => {
                let link = [node, to];
                let message = sent.entry(link).and_modify(|count| *count += 1).or_insert(1);
                by_id.push((record.time, Pin { link, message: *message, arrives: Vec::new() }));
            }
            Kind::Deliver { id, .. } => {
                if let Some((time, pin)) = by_id.get_mut(id as usize - 1)
                    && pin.arrives.len() < 2
                {
                    pin.arrives.push(record.time.since(*time));
                }
            }
            _ => {}
        }
    });
    by_id.into_iter().map(|(_, pin)| pin).collect()
}
