//! Gathers pins: many messages that were late or lost between the same nodes become one fault, and many slow syncs a slow disk.

use crate::campaign::shrink::Shrinker;
use crate::campaign::shrink::simpler::{SYNCS, plain_disk};
use crate::ids::NodeId;
use crate::plan::fault::{Cut, Direction, DiskChange, Isolate};
use crate::plan::{Action, Fault, Latency, LinkException, Pin, Plan, SyncPin, Target, When};
use crate::time::Span;

/// What a plain network may take for a message.
const LATENCIES: [Span; 4] =
    [Span::millis(1), Span::millis(5), Span::millis(20), Span::millis(100)];

/// Gathers messages and syncs, the largest groups first.
pub fn gather(shrinker: &mut Shrinker) {
    plain(shrinker);
    messages(shrinker);
    syncs(shrinker);
}

/// Plain networks and disks, and no pins at all.
fn plain(shrinker: &mut Shrinker) {
    if !shrinker.best.pins.is_empty() {
        shrinker.take_one(&LATENCIES, |plan, latency| {
            plan.pins.clear();
            plan.network.latency = Latency::Constant(*latency);
        });
    }
    if !shrinker.best.syncs.is_empty() {
        shrinker.take_one(&SYNCS, |plan, fsync| {
            plan.syncs.clear();
            plan.disk = plain_disk(*fsync);
        });
    }
}

/// A set of links.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Group {
    /// From and to a node.
    Node(NodeId),
    /// From one node, or any, to one node, or any.
    Links(Option<NodeId>, Option<NodeId>),
}

impl Group {
    fn holds(self, pin: &Pin) -> bool {
        let [from, to] = pin.link;
        match self {
            Group::Node(node) => from == node || to == node,
            Group::Links(one, other) => {
                one.is_none_or(|it| it == from) && other.is_none_or(|it| it == to)
            }
        }
    }
}

fn messages(shrinker: &mut Shrinker) {
    let ids: Vec<NodeId> = shrinker.best.node_ids().collect();
    let links = |from: &NodeId, to: &NodeId| Group::Links(Some(*from), Some(*to));
    let mut groups = vec![Group::Links(None, None)];
    for id in &ids {
        let (from, to) = (Group::Links(Some(*id), None), Group::Links(None, Some(*id)));
        groups.extend([Group::Node(*id), from, to]);
    }
    groups.extend(ids.iter().flat_map(|from| ids.iter().map(|to| links(from, to))));
    while shrinker.best.pins.len() > 1 {
        let size = |group: &Group| shrinker.best.pins.iter().filter(|pin| group.holds(pin)).count();
        let mut large: Vec<Group> = groups.iter().copied().filter(|it| size(it) > 1).collect();
        large.sort_by_key(|group| std::cmp::Reverse(size(group)));
        let candidates = large.iter().flat_map(|group| gathered(&shrinker.best, *group)).collect();
        if shrinker.take_first(candidates).is_none() {
            return;
        }
    }
}

/// Plans in which a fault stands for the pins of a group: it cuts, or makes late, what is sent from the first to the last of them.
fn gathered(plan: &Plan, group: Group) -> Vec<Plan> {
    let pins: Vec<&Pin> = plan.pins.iter().filter(|pin| group.holds(pin)).collect();
    let sent = || pins.iter().filter_map(|pin| pin.sent);
    let (Some(first), Some(last)) = (sent().min(), sent().max()) else { return Vec::new() };
    let mut late: Vec<Span> = pins.iter().flat_map(|pin| pin.arrives.iter().copied()).collect();
    late.sort_unstable();
    late.dedup();
    let fault = |action| {
        let lasts = Span((last.0 - first.0).max(1_000_000)).plus(Span::millis(1));
        Fault::new(When::At(first), action).lasting(lasts)
    };
    let mut faults = Vec::new();
    match group {
        Group::Node(node) => {
            let isolate = Action::Isolate(Isolate { direction: Direction::Both, clients: false });
            faults.push(fault(isolate).striking(Target::Nodes(vec![node])));
        }
        Group::Links(from, to) => {
            let end = |node: Option<NodeId>| {
                node.map_or(Target::Everyone, |node| Target::Nodes(vec![node]))
            };
            if group != Group::Links(None, None) {
                faults.push(fault(Cut::between(end(from), end(to))));
            }
            // The latest, the usual one, and the least late.
            for latency in
                [late.last(), late.get(late.len() / 2), late.first()].into_iter().flatten()
            {
                let latency = Some(Latency::Constant(*latency));
                let (from, to) = (end(from), end(to));
                let link = LinkException { from, to, latency, ..LinkException::default() };
                faults.push(fault(Action::Link(link)));
            }
        }
    }
    let with = |fault: Fault| {
        let mut plan = plan.clone();
        plan.pins.retain(|pin| !group.holds(pin));
        plan.faults.push(fault);
        plan
    };
    faults.into_iter().map(with).collect()
}

fn syncs(shrinker: &mut Shrinker) {
    for id in shrinker.best.node_ids() {
        let pins: Vec<&SyncPin> =
            shrinker.best.syncs.iter().filter(|pin| pin.node == id && !pin.fails).collect();
        let (Some(first), Some(last)) = (pins.first(), pins.last()) else { continue };
        if pins.len() < 2 {
            continue;
        }
        let begun = first.begun;
        let lasts = Span(last.begun.0.saturating_sub(begun.0)).plus(Span::millis(1));
        let mut spans: Vec<Span> = pins.iter().map(|pin| pin.takes).collect();
        spans.sort_unstable();
        spans.dedup();
        let spans = [spans[spans.len() - 1], spans[spans.len() / 2], spans[0]];
        let bare = |plan: &mut Plan| plan.syncs.retain(|pin| pin.node != id || pin.fails);
        let mut candidates = Vec::new();
        for fsync in spans {
            candidates.push(shrinker.with(|plan| {
                bare(plan);
                plan.node_mut(id).disk = Some(plain_disk(fsync));
            }));
            candidates.push(shrinker.with(|plan| {
                bare(plan);
                let fsync = Some(Latency::Constant(fsync));
                let slow = Action::Disk(DiskChange { write: None, fsync });
                let fault = Fault::new(When::At(begun), slow).striking(Target::Nodes(vec![id]));
                plan.faults.push(fault.lasting(lasts));
            }));
        }
        shrinker.take_first(candidates);
    }
}
