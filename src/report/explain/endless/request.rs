//! The last try of a request that is never answered, and what its leader lacks.

use super::exchange::exchange;
use super::{Endless, Scene, Times};
use crate::ids::{NodeId, NodeSet, Term};
use crate::log::RequestId;
use crate::record::{Kind, Record};
use crate::report::cite::Cite;
use crate::report::requests::{Fate, Made, Requests, Try};
use crate::report::why::shares;
use crate::trace::text::{client, command_words};

/// A request waits: its last try that came to an end, how often it was so, and the entry that was made of it.
pub fn tell(scene: &Scene<'_>, waiting: RequestId) -> Endless {
    let mut requests = Requests::new(scene.plan);
    scene.records.iter().for_each(|record| requests.see(record));
    let mut endless = Endless::default();
    let Some(fate) = requests.fate(waiting) else { return endless };
    let leader = scene.leader();
    // A try that its leader heard tells most.
    let at_leader = |it: &&Try| {
        it.replied.as_ref().is_some_and(|(node, ..)| Some(*node) == leader)
            || (it.arrived.is_some() && Some(it.to) == leader)
    };
    let last = fate.tries.iter().rfind(at_leader).or(fate.tries.last());
    if let Some(last) = last {
        tell_try(scene, waiting, fate, last, &mut endless);
    }
    if let Some(leader) = leader {
        hands_over_still(scene, leader, &mut endless);
    }
    repeated(waiting, fate, &mut endless);
    match fate.entries.last() {
        Some(made) => tell_entry(scene, waiting, made, &mut endless),
        None => {
            let what =
                if fate.command.writes() { "no entry was made of it" } else { "it has no entry" };
            let why = leader.map_or_else(String::new, |leader| {
                format!("; {leader}: {}", requests.right(leader, waiting, !fate.command.writes()))
            });
            endless.repeated.push(format!("{}: {what}{why}", client(waiting)));
        }
    }
    endless
}

fn tell_try(scene: &Scene<'_>, waiting: RequestId, fate: &Fate, one: &Try, endless: &mut Endless) {
    let name = client(waiting);
    let term = |node, cite: Cite| -> Term { scene.term_at(node, cite.0) };
    let what = command_words(fate.command);
    let text = format!("is asked by {name}: {what}");
    endless.lines.push(scene.line(one.asked, one.to, term(one.to, one.asked), text));
    match one.arrived {
        None => endless.repeated.push(format!("{} did not hear the last try", one.to)),
        Some(cite) => {
            let text = format!("hears the request {name}");
            endless.lines.push(scene.line(cite, one.to, term(one.to, cite), text));
        }
    }
    if let Some((leader, cite)) = one.forwarded {
        let text = format!("hands {name} to {leader}");
        endless.lines.push(scene.line(cite, one.to, term(one.to, cite), text));
    }
    if let Some((node, applied, why, cite)) = &one.replied {
        let what = if *applied { "answers" } else { "refuses" };
        let text = format!("{what} {name}: {why}");
        endless.lines.push(scene.line(*cite, *node, term(*node, *cite), text));
    }
}

/// A leader that hands over takes no requests; it has to give that up after an election timeout.
fn hands_over_still(scene: &Scene<'_>, leader: NodeId, endless: &mut Endless) {
    let own = || scene.records.iter().filter(|record| record.node == Some(leader));
    let mut turns = own().filter_map(|record| match record.kind {
        Kind::Transfer { to } => Some((record, to)),
        _ => None,
    });
    let Some((began, Some(to))) = turns.next_back() else { return };
    let timeout = scene.plan.config_of(leader).election_timeout.from;
    let fires = |record: &&Record| {
        matches!(record.kind, Kind::Timer { .. }) && record.time.since(began.time) >= timeout
    };
    let Some(timer) = own().filter(|record| record.number > began.number).find(fires) else {
        return;
    };
    let term = scene.term_at(leader, timer.number);
    let text = format!(
        "hands over to {to} still: it began at {} s, and an election timeout of {timeout} has passed",
        began.time
    );
    endless.lines.push(scene.line(Cite::of(timer), leader, term, text));
}

/// How often the client asked, and how often it was refused, or heard nothing.
fn repeated(waiting: RequestId, fate: &Fate, endless: &mut Endless) {
    let (mut asked, mut refused, mut silent) = (Times::default(), 0, 0);
    for one in &fate.tries {
        asked.add(one.asked.1);
        refused += u64::from(one.heard.is_some_and(|(applied, _)| !applied));
        silent += u64::from(one.timed_out.is_some());
    }
    endless.repeated.push(format!(
        "{} was asked {}; it was refused {refused} times, and {silent} times nothing was heard in time",
        client(waiting),
        asked.words()
    ));
}

/// The last entry that was made of a request: who has it, and what the leader sends to those that lack it.
fn tell_entry(scene: &Scene<'_>, waiting: RequestId, made: &Made, endless: &mut Endless) {
    let Made { by, index, term, cite } = *made;
    let text = format!("makes entry {index} of term {term} of {}", client(waiting));
    endless.lines.push(scene.line(cite, by, term, text));
    let shadow = &scene.shadow;
    let has = |place: Option<crate::oracle::PrefixId>| {
        place.is_some_and(|place| shadow.chain.link(place).term == term)
    };
    let disks = shadow.nodes().filter(|(_, node)| has(node.durable_at(index))).map(|(id, _)| id);
    let disks: NodeSet = disks.collect();
    let Some(leader) = scene.leader() else { return };
    let configuration = shadow.configuration_of(leader);
    let (share, enough) = shares(configuration, disks, "disks");
    let enough = if enough { "a majority" } else { "no majority" };
    let commit = scene.view.node(leader).commit;
    let own = if has(shadow.node(leader).at(index)) { "has it" } else { "LACKS it" };
    endless.repeated.push(format!(
        "entry {index} is on {share}, {enough}; {leader}, which leads, {own}, and has committed up to {commit}"
    ));
    let lacks = configuration.voting().without(disks);
    let others = if lacks.is_empty() { configuration.voting() } else { lacks };
    for other in others.iter().filter(|other| *other != leader && shadow.node(*other).up).take(1) {
        exchange(scene, leader, other, endless);
    }
}
