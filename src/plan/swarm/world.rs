//! Draws what else the world does: clients in groups, links of clients that fail, messages of some kinds or sizes that are lost, messages
//! that go astray, machines that are suspended, and faults that come again and again.

use crate::config::Reads;
use crate::ids::NodeId;
use crate::plan::fault::{Cut, Direction, Isolate};
use crate::plan::swarm::{Config, draw_latency, share_of};
use crate::plan::{
    Action, Ask, ClientGroup, Fault, Latency, LinkException, Plan, Rate, Target, Trigger, When,
};
use crate::rng::Rng;
use crate::situation::Situation;
use crate::time::{Share, Span};

/// The group of clients of a random plan.
const GROUP: &str = "others";

/// When some of the messages begin to be lost: a leader has just begun to rely on them.
const MOMENTS: [Situation; 4] = [
    Situation::LeaderElected,
    Situation::ElectionStarted,
    Situation::EntriesAccepted,
    Situation::NodeRestarted,
];

/// The messages of which some kinds are lost together.
const KINDS: [&[&str]; 6] = [
    &["append-entries"],
    &["heartbeat"],
    &["appended", "conflict"],
    &["request-vote", "pre-vote"],
    &["vote", "pre-vote-reply"],
    &["install-snapshot"],
];

/// Draws for a plan whose lowest election timeout is `unit`.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    let end = plan.liveness.as_ref().map_or(plan.horizon, |liveness| liveness.from);
    if rng.chance(config.client_groups) {
        plan.client_groups.push(group(rng, plan, unit));
    }
    if rng.chance(config.client_links) {
        for _ in 0..rng.between(1, 3) {
            let action = client_links(rng, plan, unit);
            push(rng, plan, unit, end, action);
        }
    }
    if rng.chance(config.partial_links) {
        for _ in 0..rng.between(1, 3) {
            let action = (Target::Everyone, partial(rng, unit));
            push(rng, plan, unit, end, action);
        }
    }
    // Only a node to which it may be told that a message is not its own can bear it.
    let is_squalls = plan.guest.name.is_empty() || plan.guest.is_built_in();
    if rng.chance(config.misdelivery) && is_squalls {
        plan.network.misdeliver = Share::percent(rng.pick(&[1, 5, 20]));
    }
    if rng.chance(config.suspends) && plan.config().reads != Reads::Lease {
        for _ in 0..rng.between(1, 3) {
            let target = rng.pick(&[Target::Leader, Target::Leader, Target::Anyone]);
            push(rng, plan, unit, end, (target, Action::Suspend));
        }
    }
    if rng.chance(config.periodic) {
        periodic(rng, plan, unit, end);
    }
}

/// A second group of clients: bound to a node, or asking at a rate, or both.
fn group(rng: &mut Rng, plan: &Plan, unit: Span) -> ClientGroup {
    let mut group = ClientGroup::new(GROUP, rng.pick(&[1, 2, 4]));
    let node = NodeId::new(1 + rng.below(plan.cluster.nodes.into()) as u8);
    let (is_bound, at_a_rate) = (rng.chance(60), rng.chance(50));
    group.ask = Some(Ask::Nodes(vec![node])).filter(|_| is_bound || !at_a_rate);
    let gap = Span(unit.0 / rng.pick(&[4, 20, 100]));
    group.rate = Some(Rate(Latency::Uniform(Span(gap.0 / 2), gap.times(2)))).filter(|_| at_a_rate);
    group.attempts = Some(rng.pick(&[1, 3, 10]));
    let slow = draw_latency(rng, unit, 20);
    group.latency = Some(slow).filter(|_| rng.chance(30));
    group
}

/// What befalls the links of clients, and whom it strikes.
fn client_links(rng: &mut Rng, plan: &Plan, unit: Span) -> (Target, Action) {
    let own =
        Target::Clients(plan.client_groups.first().map_or(String::new(), |it| it.name.clone()));
    let clients = rng.pick(&[Target::Clients(String::new()), own]);
    let node = rng.pick(&[Target::Leader, Target::Anyone, Target::Minority]);
    let direction = rng.pick(&[Direction::Both, Direction::Inbound, Direction::Outbound]);
    let (there, slow) = (rng.chance(50), draw_latency(rng, unit, 100));
    let (from, to) = if there { (clients.clone(), node) } else { (node, clients.clone()) };
    match rng.below(4) {
        0 => (Target::Everyone, Cut::between(from, to)),
        1 => (clients, Action::Isolate(Isolate { direction, clients: false })),
        2 => {
            let link = LinkException { from, to, latency: Some(slow), ..LinkException::default() };
            (Target::Everyone, Action::Link(link))
        }
        _ => {
            let node = if there { to } else { from };
            (node, Action::Isolate(Isolate { direction, clients: true }))
        }
    }
}

/// Some of the messages are lost, all of them or many, or late.
fn partial(rng: &mut Rng, unit: Span) -> Action {
    let kind: Vec<String> = rng.pick(&KINDS).iter().map(|name| (*name).to_owned()).collect();
    let bytes = rng.pick(&[64, 96, 128, 400]);
    let by_size = rng.chance(40);
    let (kind, larger_than) = if by_size { (Vec::new(), Some(bytes)) } else { (kind, None) };
    let one = rng.pick(&[Target::Leader, Target::Leader, Target::Anyone]);
    let many = rng.pick(&[Target::Everyone, Target::Minority, Target::Anyone]);
    let (from, to) = if rng.chance(60) { (one, many) } else { (many, one) };
    let (latency, loss) = (draw_latency(rng, unit, 200), Share::percent(rng.pick(&[30, 90])));
    if rng.chance(50) {
        return Action::Cut(Cut { from, to, kind, larger_than });
    }
    let late = rng.chance(50);
    Action::Link(LinkException {
        from,
        to,
        kind,
        larger_than,
        latency: Some(latency).filter(|_| late),
        loss: Some(loss).filter(|_| !late),
        ..LinkException::default()
    })
}

/// Lets one of the faults come again and again, if there is one that may.
fn periodic(rng: &mut Rng, plan: &mut Plan, unit: Span, end: Span) {
    let word = rng.word();
    let pause = share_of(rng, unit, 500, 6_000);
    let may_come_again = |fault: &Fault| {
        let named = fault.targets().iter().any(|(_, target)| target.numbers().is_some());
        let once = matches!(fault.when, When::At(_));
        // Beside another of its kind, one that names its nodes would strike them twice at once.
        once && !named && fault.lasts.is_some() && fault.flapping.is_none()
    };
    let places: Vec<usize> =
        (0..plan.faults.len()).filter(|place| may_come_again(&plan.faults[*place])).collect();
    if places.is_empty() || end == Span::ZERO {
        return;
    }
    let place = places[crate::rng::scale(word, places.len() as u64) as usize];
    let fault = &mut plan.faults[place];
    fault.every = fault.lasts.map(|lasts| lasts.plus(pause));
}

/// Adds a fault at some time before the end, or at some moment.
fn push(rng: &mut Rng, plan: &mut Plan, unit: Span, end: Span, (target, action): (Target, Action)) {
    let at = Span(rng.below((end.0 / 4 * 3).max(1)));
    let trigger = Trigger {
        situation: rng.pick(&MOMENTS),
        nth: rng.between(1, 4),
        node: None,
        after: share_of(rng, unit, 0, 100),
        times: rng.pick(&[1, 1, 3]),
    };
    let lasts = share_of(rng, unit, 100, 4_000);
    let when = if rng.chance(40) { When::On(trigger) } else { When::At(at) };
    let fault = Fault { target, ..Fault::new(when, action) };
    plan.faults.push(fault.lasting(lasts));
}
