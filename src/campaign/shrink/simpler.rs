//! Makes simpler what stays: fewer nodes, a plain network, plain disks and clocks, faults that name their victims, round numbers.

use crate::campaign::shrink::Shrinker;
use crate::config::{OnWriteError, Reads};
use crate::ids::NodeId;
use crate::log::Command;
use crate::plan::fault::Unsynced;
use crate::plan::{
    Action, Ask, ClientGroup, Clients, Cluster, DiskOptions, Fault, Latency, LinkOptions,
    NodeOptions, Plan, Profile, RaftOptions, Target, When,
};
use crate::time::{Shift, Span, SpanRange, Time};

/// How long a message takes on a plain network.
pub(super) const PLAIN: Span = Span::millis(1);

/// A plain network: every message takes the same time, and none is lost.
pub fn plain_network() -> LinkOptions {
    LinkOptions { latency: Latency::Constant(PLAIN), ..LinkOptions::default() }
}

/// Whether the network takes the same time for every message and loses none.
pub fn is_plain_network(plan: &Plan) -> bool {
    let plain = plain_network();
    matches!(plan.network.latency, Latency::Constant(_))
        && LinkOptions { latency: plain.latency, ..plan.network.clone() } == plain
}

/// What a plain disk may take: the first that will do is the best.
pub(super) const SYNCS: [Span; 4] =
    [Span::micros(100), Span::millis(1), Span::millis(5), Span::millis(20)];

/// A disk that takes the same time for everything.
pub(super) fn plain_disk(fsync: Span) -> DiskOptions {
    let write = Latency::Constant(Span::ZERO);
    DiskOptions { write, fsync: Latency::Constant(fsync), ..DiskOptions::default() }
}

/// Whether a disk is such a one.
pub(super) fn is_plain_disk(disk: &DiskOptions) -> bool {
    SYNCS.iter().any(|fsync| *disk == plain_disk(*fsync))
}

/// Ends the run where it fails.
pub fn shorten(shrinker: &mut Shrinker) {
    let end = shrinker.outcome.time.since(Time::ZERO);
    let later = Span::millis(end.0 / 1_000_000 + 1);
    if later < shrinker.best.horizon {
        shrinker.change(|plan| cut(plan, later));
    }
}

/// Ends the run much earlier, or begins it much later, if it fails so with luck.
pub fn halve(shrinker: &mut Shrinker) {
    while shrinker.seeds > 1 {
        let horizon = shrinker.best.horizon;
        let earlier = |eighths: u64| shrinker.with(|plan| cut(plan, Span(horizon.0 / 8 * eighths)));
        let later = |eighths: u64| begin(shrinker, Span(horizon.0 / 8 * eighths));
        let candidates = [1, 2, 4, 6].map(earlier).into_iter().chain([7, 6, 4, 2].map(later));
        let candidates = candidates.filter(|plan| plan.horizon < horizon).collect();
        if shrinker.take_first(candidates).is_none() {
            return;
        }
        shorten(shrinker);
    }
}

/// The best plan without what comes before a time. What comes later is moved to the front, behind the time that a first election takes.
fn begin(shrinker: &Shrinker, from: Span) -> Plan {
    let election = shrinker.best.config().election_timeout.to.times(2);
    let back = Span(from.0.saturating_sub(election.0));
    let moved = |at: Span| Span(at.0.saturating_sub(back.0));
    shrinker.with(|plan| {
        plan.horizon = moved(plan.horizon);
        plan.liveness.iter_mut().for_each(|liveness| liveness.from = moved(liveness.from));
        let stays = |at: &mut Span| std::mem::replace(at, moved(*at)) >= from;
        plan.faults.retain_mut(|fault| match &mut fault.when {
            When::At(at) => stays(at),
            When::On(_) => true,
        });
        plan.requests.retain_mut(|request| request.at.as_mut().is_none_or(stays));
        plan.clients.start = moved(plan.clients.start);
        plan.clients.stop = plan.clients.stop.map(moved);
        for group in &mut plan.client_groups {
            (group.start, group.stop) = (group.start.map(moved), group.stop.map(moved));
        }
    })
}

/// Gives a plan another end; what would come after it is gone.
fn cut(plan: &mut Plan, horizon: Span) {
    plan.horizon = horizon;
    plan.faults.retain(|fault| !matches!(fault.when, When::At(at) if at > horizon));
    plan.requests.retain(|request| request.at.is_none_or(|at| at <= horizon));
    plan.pins.retain(|pin| pin.sent.is_none_or(|sent| sent <= horizon));
    plan.syncs.retain(|pin| pin.begun <= horizon);
}

/// Everything but numbers.
pub fn all(shrinker: &mut Shrinker) {
    nodes(shrinker);
    let changes: [&dyn Fn(&mut Plan); 20] = [
        &|plan| plan.network.misdeliver = crate::time::Share::NEVER,
        &|plan| plan.links.clear(),
        &|plan| plan.network = plain_network(),
        &|plan| plan.network.loss = crate::time::Share::NEVER,
        &|plan| plan.network.duplicate = crate::time::Share::NEVER,
        &|plan| (plan.network.fifo, plan.network.bandwidth) = (false, None),
        &|plan| plan.disk.errors = crate::time::Share::NEVER,
        &|plan| plan.nodes.clear(),
        &|plan| {
            plan.cluster = Cluster { nodes: plan.cluster.nodes, ..Cluster::default() };
            plan.raft = RaftOptions { bugs: plan.raft.bugs.clone(), ..RaftOptions::default() };
        },
        &|plan| plan.cluster.profile = Profile::Paper,
        &|plan| plan.cluster.wiped = Cluster::default().wiped,
        &|plan| plan.cluster.state_machine = Cluster::default().state_machine,
        &|plan| {
            plan.raft = RaftOptions {
                pre_vote: None,
                check_quorum: None,
                vote_lease: None,
                ..plan.raft.clone()
            }
        },
        &|plan| (plan.raft.entries_per_append, plan.raft.appends_in_flight) = (None, None),
        &|plan| {
            let raft = &mut plan.raft;
            (raft.snapshot_every, raft.snapshot_trailing, raft.snapshot_chunk) = (None, None, None);
        },
        &|plan| (plan.raft.snapshot_trailing, plan.raft.snapshot_chunk) = (Some(0), None),
        &|plan| {
            (plan.raft.bytes_per_append, plan.raft.bytes_in_flight) = (None, None);
            (plan.raft.batch_delay, plan.raft.parallel_append) = (None, None);
            plan.cluster.apply_delay = Span::ZERO;
        },
        &|plan| {
            let raft = &mut plan.raft;
            (raft.waits_for_disk, raft.on_write_error, raft.strict_change) = (None, None, None);
        },
        &|plan| plan.requests.iter_mut().for_each(|request| request.client = None),
        &lone_clients,
    ];
    for change in changes {
        shrinker.change(change);
    }
    switches(shrinker);
    if !is_plain_disk(&shrinker.best.disk) {
        shrinker.take_one(&SYNCS, |plan, fsync| plan.disk = plain_disk(*fsync));
    }
    for place in (0..shrinker.best.links.len()).rev() {
        shrinker.change(|plan| drop(plan.links.remove(place)));
    }
    for id in shrinker.best.node_ids() {
        node(shrinker, id);
    }
    for place in 0..shrinker.best.faults.len() {
        fault(shrinker, place);
    }
    clients(shrinker);
    values(shrinker);
}

/// Who asks only once needs no number.
fn lone_clients(plan: &mut Plan) {
    let clients: Vec<Option<u32>> = plan.requests.iter().map(|request| request.client).collect();
    for request in &mut plan.requests {
        if clients.iter().filter(|client| **client == request.client).count() == 1 {
            request.client = None;
        }
    }
}

/// Fewer distinct keys and values in what single requests ask: all alike, all of one kind, or each as it is but with one key.
fn values(shrinker: &mut Shrinker) {
    if shrinker.best.requests.is_empty() {
        return;
    }
    let asked = |command: &dyn Fn(usize, Command) -> Command| {
        shrinker.with(|plan| {
            for (place, request) in plan.requests.iter_mut().enumerate() {
                request.command = command(place, request.command);
            }
        })
    };
    let candidates = vec![
        asked(&|_, _| Command::Put { key: 1, value: 1 }),
        asked(&|place, _| Command::Put { key: 1, value: place as u32 + 1 }),
        asked(&|_, command| command.with_key(1)),
    ];
    if candidates.contains(&shrinker.best) || shrinker.take_first(candidates).is_some() {
        return;
    }
    for place in 0..shrinker.best.requests.len() {
        shrinker.change(|plan| plan.requests[place].command = Command::Put { key: 1, value: 1 });
    }
}

/// After how many entries a snapshot is taken, where it must be: the sooner, the fewer requests are needed.
const SNAPSHOTS_EVERY: [u64; 5] = [1, 2, 4, 8, 16];

/// Switches off, one by one, what is still on, be it by the profile.
fn switches(shrinker: &mut Shrinker) {
    type Change<'a> = &'a dyn Fn(&mut Plan);
    let config = shrinker.best.config();
    let plan_sets_reads = shrinker.best.raft.reads.is_some();
    let fails_otherwise = config.on_write_error != OnWriteError::Stop;
    let changes: [(bool, Change); 14] = [
        (config.elections.pre_vote, &|plan| plan.raft.pre_vote = Some(false)),
        (config.elections.check_quorum, &|plan| plan.raft.check_quorum = Some(false)),
        (config.elections.vote_lease, &|plan| plan.raft.vote_lease = Some(false)),
        (config.reads != Reads::Log, &|plan| read_by(plan, Some(Reads::Log))),
        (config.reads == Reads::Lease, &|plan| read_by(plan, Some(Reads::ReadIndex))),
        (config.follower_reads, &|plan| plan.raft.follower_reads = Some(false)),
        (plan_sets_reads, &|plan| read_by(plan, None)),
        (config.snapshot_every > 0, &|plan| plan.raft.snapshot_every = Some(0)),
        (config.bytes_per_append > 0, &|plan| plan.raft.bytes_per_append = Some(0)),
        (config.bytes_in_flight > 0, &|plan| plan.raft.bytes_in_flight = Some(0)),
        (!config.parallel_append, &|plan| plan.raft.parallel_append = Some(true)),
        (config.waits_for_disk, &|plan| plan.raft.waits_for_disk = Some(false)),
        (config.strict_change, &|plan| plan.raft.strict_change = Some(false)),
        (fails_otherwise, &|plan| plan.raft.on_write_error = Some(OnWriteError::Stop)),
    ];
    for (on, change) in changes {
        if on {
            shrinker.change(change);
        }
    }
    shrinker.change(|plan| plan.cluster.apply_delay = Span::ZERO);
    let sooner = SNAPSHOTS_EVERY.partition_point(|fewer| *fewer < config.snapshot_every);
    shrinker.take_one(&SNAPSHOTS_EVERY[..sooner], |plan, every| {
        plan.raft.snapshot_every = Some(*every);
    });
}

/// Has reads answered in a simpler way, or in the profile's, and forgets what went with the old one. Read indexes may stay with followers.
fn read_by(plan: &mut Plan, reads: Option<Reads>) {
    (plan.raft.reads, plan.raft.drift_bound_ppm) = (reads, None);
    if reads != Some(Reads::ReadIndex) {
        plan.raft.follower_reads = None;
    }
}

/// Fewer nodes: each in turn leaves, and those behind it move up.
fn nodes(shrinker: &mut Shrinker) {
    while shrinker.best.cluster.nodes > 1 {
        let ids: Vec<NodeId> = shrinker.best.node_ids().collect();
        let last_first = |plan: &mut Plan, place: usize| leave(plan, ids[ids.len() - 1 - place]);
        if shrinker.take_nth(ids.len(), last_first).is_none() {
            return;
        }
    }
}

/// A node leaves the cluster.
fn leave(plan: &mut Plan, id: NodeId) {
    let moved = |node: NodeId| match node.cmp(&id) {
        std::cmp::Ordering::Less => Some(node),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(NodeId::new(node.number() - 1)),
    };
    let moved_target = |target: &mut Target| match target {
        Target::Nodes(nodes) => {
            *nodes = nodes.iter().filter_map(|node| moved(*node)).collect();
            !nodes.is_empty()
        }
        _ => true,
    };
    let asks = plan.client_groups.iter_mut().filter_map(|group| group.ask.as_mut());
    for ask in asks.chain([&mut plan.clients.ask]) {
        if let Ask::Nodes(nodes) = ask {
            *nodes = nodes.iter().filter_map(|node| moved(*node)).collect();
            if nodes.is_empty() {
                *ask = Ask::AnyNode;
            }
        }
    }
    plan.cluster.nodes -= 1;
    plan.cluster.members = plan.cluster.members.iter().filter_map(|node| moved(*node)).collect();
    plan.nodes.retain_mut(|node| moved(node.id).map(|id| node.id = id).is_some());
    plan.links.retain_mut(|link| moved_target(&mut link.from) && moved_target(&mut link.to));
    plan.requests.retain_mut(|request| moved_target(&mut request.to));
    plan.pins.retain_mut(|pin| match pin.link.map(moved) {
        [Some(from), Some(to)] => {
            pin.link = [from, to];
            true
        }
        _ => false,
    });
    plan.syncs.retain_mut(|pin| moved(pin.node).map(|id| pin.node = id).is_some());
    plan.faults.retain_mut(|fault| {
        let named = fault.targets_mut().into_iter().map(moved_target).collect::<Vec<_>>();
        if let When::On(trigger) = &mut fault.when
            && let Some(node) = trigger.node
        {
            match moved(node) {
                Some(node) => trigger.node = Some(node),
                None => return false,
            }
        }
        let changed = match &mut fault.action {
            Action::Change(change) => {
                change.nodes_mut().all(|node| moved(*node).map(|id| *node = id).is_some())
            }
            _ => true,
        };
        changed && named.into_iter().all(|stays| stays)
    });
}

/// What differs at one node: nothing, or less.
fn node(shrinker: &mut Shrinker, id: NodeId) {
    if shrinker.best.node(id).is_none() {
        return;
    }
    let changes: [&dyn Fn(&mut NodeOptions); 5] = [
        &|node| node.election_priority = None,
        &|node| node.disk = None,
        &|node| node.heartbeat_intervals.clear(),
        &|node| (node.clock_drift_ppm, node.clock_offset) = (0, Shift(0)),
        &|node| node.clock_offset = Shift(0),
    ];
    if shrinker.change(|plan| plan.nodes.retain(|node| node.id != id)) {
        return;
    }
    for change in changes {
        shrinker.change(|plan| change(plan.node_mut(id)));
    }
    fewer(shrinker, id, |node| &mut node.words);
    shrinker.change(|plan| plan.node_mut(id).words.fill(0));
    let disk = shrinker.best.node(id).and_then(|node| node.disk.as_ref());
    if disk.is_some_and(|disk| !is_plain_disk(disk)) {
        let mut slowest_first = SYNCS;
        slowest_first.reverse();
        shrinker.take_one(&slowest_first, |plan, fsync| {
            plan.node_mut(id).disk = Some(plain_disk(*fsync));
        });
    }
    fewer(shrinker, id, |node| &mut node.election_timeouts);
}

/// Fewer of what a node draws, or none: those that come last are used last.
fn fewer<T>(shrinker: &mut Shrinker, id: NodeId, list: impl Fn(&mut NodeOptions) -> &mut Vec<T>) {
    while shrinker.best.node(id).is_some() {
        let count = list(shrinker.best.node_mut(id)).len();
        let keep = |plan: &mut Plan, count: &usize| list(plan.node_mut(id)).truncate(*count);
        if count == 0 || shrinker.take_one(&[0, count / 2, count - 1], keep).is_none() {
            return;
        }
    }
}

/// One fault: nothing random in it, no repetition, no coming and going.
fn fault(shrinker: &mut Shrinker, place: usize) {
    let nodes: Vec<NodeId> = shrinker.best.node_ids().collect();
    let names = shrinker.best.faults[place].targets().len();
    for name in 0..names {
        let target = shrinker.best.faults[place].targets()[name].1.clone();
        let many = target.is_random() || target == Target::Everyone;
        if !many && target.numbers().is_none_or(|nodes| nodes.len() == 1) {
            continue;
        }
        shrinker.take_one(&nodes, |plan, node| {
            *plan.faults[place].targets_mut()[name] = Target::Nodes(vec![*node]);
        });
    }
    let changes: [&dyn Fn(&mut Fault); 9] = [
        &|fault| match &mut fault.action {
            Action::Cut(cut) => (cut.kind, cut.larger_than) = (Vec::new(), None),
            Action::Link(link) => (link.kind, link.larger_than) = (Vec::new(), None),
            _ => {}
        },
        &|fault| {
            if let Action::Link(link) = &mut fault.action {
                link.misdeliver = None;
            }
        },
        &|fault| fault.every = None,
        &|fault| {
            if let Action::Isolate(isolate) = &mut fault.action {
                isolate.clients = false;
            }
        },
        &|fault| {
            if let When::On(trigger) = &mut fault.when {
                trigger.times = 1;
            }
        },
        &|fault| fault.flapping = None,
        &|fault| {
            if let Action::Crash(crash) = &mut fault.action {
                (crash.unsynced, crash.survives) = (Unsynced::Lost, None);
            }
        },
        &|fault| {
            if let Action::Crash(crash) = &mut fault.action
                && crash.unsynced.is_drawn()
            {
                (crash.unsynced, crash.survives) = (Unsynced::Kept, None);
            }
        },
        &|fault| {
            if let Action::Crash(crash) = &mut fault.action
                && crash.unsynced == Unsynced::Reordered
            {
                crash.unsynced = Unsynced::Torn;
                if let Some(survives) = &mut crash.survives {
                    survives.votes = None;
                }
            }
        },
    ];
    for change in changes {
        shrinker.change(|plan| change(&mut plan.faults[place]));
    }
}

/// Fewer clients, that ask less.
pub fn clients(shrinker: &mut Shrinker) {
    groups(shrinker);
    let count = shrinker.best.clients.count;
    shrinker.change(|plan| plan.clients.sessions = None);
    let sessions = shrinker.best.clients.sessions;
    if count == 0 {
        let latency = shrinker.best.clients.latency;
        for latency in [Latency::Constant(Span::millis(1)), latency] {
            let plain = Clients { count, latency, sessions, ..Clients::default() };
            let is_plain = shrinker.best.clients == plain;
            if is_plain || shrinker.change(|plan| plan.clients = plain) {
                break;
            }
        }
    } else {
        steady(shrinker);
        let mut fewer = vec![0, 1, count / 2, count - 1];
        fewer.retain(|fewer| *fewer < count);
        shrinker.take_one(&fewer, |plan, count| plan.clients.count = *count);
        slower(shrinker);
    }
}

/// Fewer groups of clients, and plainer ones.
fn groups(shrinker: &mut Shrinker) {
    let without = |plan: &mut Plan, places: std::ops::Range<usize>| {
        plan.client_groups.drain(places);
        plan.leave_out_idle();
    };
    for place in (0..shrinker.best.client_groups.len()).rev() {
        if shrinker.change(|plan| without(plan, 0..plan.client_groups.len())) {
            return;
        }
        if shrinker.change(|plan| without(plan, place..place + 1)) {
            continue;
        }
        shrinker.change(|plan| plan.client_groups[place].count = 1);
        shrinker.change(|plan| {
            let ClientGroup { name, count, .. } = &plan.client_groups[place];
            plan.client_groups[place] = ClientGroup::new(name, *count);
        });
        shrinker.change(|plan| plan.client_groups[place].ask = None);
        shrinker.change(|plan| plan.client_groups[place].rate = None);
    }
    shrinker.change(|plan| plan.clients.rate = None);
    shrinker.change(|plan| {
        if matches!(plan.clients.ask, Ask::Nodes(_)) {
            plan.clients.ask = Ask::AnyNode;
        }
    });
}

/// Clients that ask less often, begin later or stop earlier.
fn slower(shrinker: &mut Shrinker) {
    let clients = shrinker.best.clients.clone();
    let (think, horizon) = (clients.think.scale(), shrinker.best.horizon);
    let with = |change: &dyn Fn(&mut Clients)| shrinker.with(|plan| change(&mut plan.clients));
    let thinks = [128, 32, 8, 2].map(|times| think.times(times)).into_iter();
    let mut candidates: Vec<Plan> = thinks
        .filter(|think| *think < horizon)
        .map(|think| with(&|clients| clients.think = Latency::Constant(think)))
        .collect();
    for eighths in [1, 2, 4, 6] {
        let (stop, start) = (Span(horizon.0 / 8 * eighths), Span(horizon.0 / 8 * (8 - eighths)));
        if clients.stop.is_none_or(|before| stop < before) {
            candidates.push(with(&|clients| clients.stop = Some(stop)));
        }
        if start > clients.start {
            candidates.push(with(&|clients| clients.start = start));
        }
    }
    shrinker.take_first(candidates);
}

/// Clients whose messages take one time; where they have sessions, so long that each asks twice, is tried first: what only befalls an
/// operation that is done twice is then sure to come.
fn steady(shrinker: &mut Shrinker) {
    let Clients { latency, timeout, sessions, .. } = shrinker.best.clients;
    if matches!(latency, Latency::Constant(_)) {
        return;
    }
    let late = sessions.map(|_| Span(timeout.0 / 8 * 5));
    let constant = Vec::from_iter(late.into_iter().chain([Span::millis(1), latency.scale()]));
    shrinker.take_one(&constant, |plan, span| plan.clients.latency = Latency::Constant(*span));
}

/// Round numbers: times, durations, delays, timeouts.
pub fn numbers(shrinker: &mut Shrinker) {
    one_timeout(shrinker);
    let mut place = 0;
    while let Some(span) = spans(&mut shrinker.best).into_iter().nth(place).map(|span| *span) {
        shrinker.take_one(&rounder(span), |plan, rounder| {
            if let Some(span) = spans(plan).into_iter().nth(place) {
                *span = *rounder;
            }
        });
        place += 1;
    }
    shorten(shrinker);
}

/// One election timeout for all that the plan does not name: so long that only the named ones matter.
fn one_timeout(shrinker: &mut Shrinker) {
    let long = SpanRange::exactly(Span::secs(10));
    if shrinker.best.nodes.iter().all(|node| node.election_timeouts.is_empty())
        || shrinker.best.raft.election_timeout == Some(long)
        || shrinker.best.liveness.is_some()
    {
        return;
    }
    let config = shrinker.best.config();
    shrinker.change(|plan| {
        plan.raft.election_timeout = Some(long);
        plan.raft.heartbeat_interval = Some(SpanRange::exactly(config.heartbeat_interval.from));
    });
}

/// Rounder spans than this, the roundest first. A span is rounder if it has fewer digits, and a lasting one is no round zero.
fn rounder(span: Span) -> Vec<Span> {
    let mut found = Vec::new();
    for digits in [100_000_000_u64, 50_000_000, 10_000_000, 5_000_000, 1_000_000, 100_000] {
        let down = span.0 / digits * digits;
        for round in [down, down + digits] {
            if round > 0 && digits_of(round) < digits_of(span.0) && !found.contains(&Span(round)) {
                found.push(Span(round));
            }
        }
    }
    found
}

/// How many digits a number has, but for zeros at its end.
fn digits_of(mut number: u64) -> u32 {
    while number > 0 && number.is_multiple_of(10) {
        number /= 10;
    }
    number.checked_ilog10().map_or(0, |log| log + 1)
}

/// Every span of a plan that can be rounded.
fn spans(plan: &mut Plan) -> Vec<&mut Span> {
    let mut found = Vec::new();
    for fault in &mut plan.faults {
        match &mut fault.when {
            When::At(at) => found.push(at),
            When::On(trigger) => found.push(&mut trigger.after),
        }
        found.extend(fault.lasts.iter_mut().chain(&mut fault.every));
    }
    found.extend(plan.requests.iter_mut().filter_map(|request| request.at.as_mut()));
    found.extend(plan.pins.iter_mut().flat_map(|pin| pin.sent.iter_mut().chain(&mut pin.arrives)));
    found.extend(plan.syncs.iter_mut().flat_map(|pin| [&mut pin.begun, &mut pin.takes]));
    // Where liveness is judged, timeouts stay as they were drawn: round ones split votes again and again, whatever the Raft does.
    if plan.liveness.is_none() {
        found.extend(plan.nodes.iter_mut().flat_map(|node| &mut node.election_timeouts));
    }
    found.retain(|span| **span > Span::ZERO);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounder_spans_have_fewer_digits() {
        assert_eq!(rounder(Span::millis(100)), []);
        let found = rounder(Span(123_456_789));
        assert_eq!(found[0], Span::millis(100));
        assert!(found.contains(&Span::millis(123)));
        assert!(found.iter().all(|span| digits_of(span.0) < 9));
    }

    #[test]
    fn a_node_that_leaves_takes_what_names_it() {
        let mut plan = crate::plan::scenario::from_toml(
            "[cluster]\nnodes = 3\n[[nodes]]\nid = 3\nclock_drift_ppm = 5\n\
             [[faults]]\nat = \"1s\"\ncrash = { target = 2 }\n\
             [[faults]]\nat = \"2s\"\nsplit = { groups = [[2, 3]] }\n",
        )
        .unwrap();
        leave(&mut plan, NodeId::new(2));
        assert_eq!((plan.cluster.nodes, plan.nodes[0].id), (2, NodeId::new(2)));
        assert_eq!(plan.faults.len(), 1);
        assert_eq!(plan.faults[0].targets()[0].1.numbers(), Some(&[NodeId::new(2)][..]));
    }
}
