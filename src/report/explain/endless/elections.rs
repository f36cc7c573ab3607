//! A round of elections that nobody wins, or that bring no leader who stays.

use std::collections::BTreeMap;

use super::{Endless, Scene, Times};
use crate::ids::{NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::record::{Kind, Record};
use crate::report::cite::Cite;
use crate::report::elections::{Attempt, Elections, Heard, Voter, entry};
use crate::report::explain::Line;
use crate::trace::text::members;

/// Of how many nodes the last attempt is told.
const ATTEMPTS: usize = 3;

/// Nobody leads: the last election of each node that could win, and who refused it and why; of a node that never stands, what keeps it from
/// that.
pub fn nobody_leads(scene: &Scene<'_>) -> Endless {
    let elections = follow(scene);
    let mut endless = Endless::default();
    let mut voters: Vec<NodeId> = scene.core.iter().filter(|id| may_win(scene, *id)).collect();
    let end = |id: &NodeId| (scene.shadow.last_term(*id), scene.shadow.node(*id).last_index());
    voters.sort_by_key(|id| std::cmp::Reverse(end(id)));
    for id in voters.into_iter().take(ATTEMPTS) {
        let own: Vec<&Attempt> = elections.attempts.iter().filter(|it| it.node == id).collect();
        let own: Vec<&Attempt> = own.into_iter().filter(|it| since(scene, it)).collect();
        match own.iter().rfind(|it| it.ended.is_some()).or(own.last()) {
            Some(last) => {
                tell_attempt(scene, last, &mut endless.lines);
                endless.repeated.push(repeated(id, &own));
            }
            None => kept_from_standing(scene, id, &mut endless),
        }
    }
    outside_that_leads(scene, &mut endless);
    endless
}

/// No leader stays: how the last one that fell was elected, who deposed it, and with what.
pub fn no_leader_stays(scene: &Scene<'_>) -> Endless {
    let elections = follow(scene);
    let mut endless = Endless::default();
    let falls = falls(scene);
    let wins = scene.since().iter().filter(|record| is_win(record));
    let mut won = Times::default();
    wins.for_each(|record| won.add(record.time));
    endless.repeated.push(format!("leaders were elected {}", won.words()));
    let mut by: BTreeMap<String, Times> = BTreeMap::new();
    for fall in &falls {
        by.entry(fall.short.clone()).or_default().add(fall.cite.1);
    }
    let by = by.into_iter().map(|(short, times)| format!("{short}: {}", times.words()));
    endless.repeated.extend(by.take(ATTEMPTS));
    let Some(fall) = falls.last() else { return endless };
    let won = elections.attempts.iter().rfind(|it| {
        it.node == fall.leader && !it.pre && it.won.is_some_and(|won| won.0 < fall.cite.0)
    });
    if let Some(Attempt { node, term, won: Some(won), .. }) = won {
        endless.lines.push(scene.line(*won, *node, *term, format!("wins term {term}")));
    }
    let deposer = elections
        .attempts
        .iter()
        .rfind(|it| Some(it.node) == fall.by && it.stood.0 < fall.cite.0 && it.term >= fall.term);
    endless.lines.push(scene.line(fall.cite, fall.leader, fall.term, fall.words.clone()));
    if let Some(attempt) = deposer {
        tell_attempt(scene, attempt, &mut endless.lines);
        let configuration = scene.shadow.configuration_of(fall.leader);
        if !configuration.voting().contains(attempt.node) {
            let text = format!(
                "{} is no voter by the log of {} ({}); by its own it goes by {}",
                attempt.node,
                fall.leader,
                members(configuration),
                members(scene.shadow.configuration_of(attempt.node))
            );
            endless.repeated.push(text);
        }
    }
    endless
}

fn follow(scene: &Scene<'_>) -> Elections {
    let mut elections = Elections::new(scene.plan);
    scene.records.iter().for_each(|record| elections.see(record));
    elections
}

/// Whether an attempt began after faults ended.
fn since(scene: &Scene<'_>, attempt: &Attempt) -> bool {
    scene.since().first().is_some_and(|first| attempt.stood.0 >= first.number)
}

/// Whether a node may be elected by what its own log says: it runs, and is a voter.
fn may_win(scene: &Scene<'_>, id: NodeId) -> bool {
    scene.shadow.node(id).up && scene.shadow.configuration_of(id).voting().contains(id)
}

fn is_win(record: &Record) -> bool {
    matches!(record.kind, Kind::Role { role: Role::Leader, .. })
}

/// How often a node asked for votes, and how often each voter refused it.
fn repeated(id: NodeId, attempts: &[&Attempt]) -> String {
    let mut text = String::new();
    for pre in [true, false] {
        let own = || attempts.iter().filter(|it| it.pre == pre);
        let mut asked = Times::default();
        own().for_each(|it| asked.add(it.stood.1));
        if asked.count == 0 {
            continue;
        }
        let what = if pre { "asked whether it could win" } else { "stood for election" };
        let join = if text.is_empty() { format!("{id} ") } else { "; it ".into() };
        text += &format!("{join}{what} {}", asked.words());
        let mut fates: BTreeMap<(&str, NodeId), u64> = BTreeMap::new();
        for (slot, voter) in own().flat_map(|it| it.voters.iter().enumerate()) {
            if let Some(fate) = fate(voter) {
                *fates.entry((fate, NodeId::at(slot))).or_default() += 1;
            }
        }
        for ((fate, voter), count) in fates {
            text += &format!(", {voter} {fate} {count} times");
        }
    }
    text
}

/// What became of the question to a voter, in short; nothing for a vote that counts.
fn fate(voter: &Voter) -> Option<&'static str> {
    Some(match (voter.asked?, voter.counted.map(|(_, heard)| heard)) {
        (_, Some(Heard::Refused)) => "refused",
        (_, Some(Heard::Late)) => "answered too late",
        (_, Some(Heard::OtherTerm(_))) => "granted it for another term",
        (_, Some(Heard::NoVoter)) => "granted it without a vote",
        (_, Some(Heard::Counts)) => return None,
        (_, None) if voter.answered.is_some() => "was not heard",
        (_, None) if voter.reached.is_some() => "gave no answer",
        (_, None) => "was not reached",
    })
}

/// One attempt, line by line.
fn tell_attempt(scene: &Scene<'_>, attempt: &Attempt, lines: &mut Vec<Line>) {
    let Attempt { node, term, pre, stood, last, .. } = attempt;
    let log = last.map_or_else(String::new, |it| format!("; its log ends with {}", entry(it)));
    let (what, own) = match pre {
        true => ("asks whether it could win", term.0.saturating_sub(1)),
        false => ("stands for election in", term.0),
    };
    lines.push(scene.line(*stood, *node, Term(own), format!("{what} term {term}{log}")));
    let voting = attempt.configuration.voting();
    for (slot, voter) in attempt.voters.iter().enumerate() {
        let id = NodeId::at(slot);
        if id != *node && (voting.contains(id) || voter.asked.is_some()) {
            lines.extend(tell_voter(scene, attempt, id, voter));
        }
    }
    if let Some((cite, why)) = &attempt.ended {
        let tally = attempt.tally();
        let term = scene.term_at(*node, cite.0);
        let text = format!("does not win with {} of {} votes: {why}", tally.has, tally.of);
        lines.push(scene.line(*cite, *node, term, text));
    }
}

/// What a voter did, where it heard the question; or what kept it from that.
fn tell_voter(scene: &Scene<'_>, attempt: &Attempt, id: NodeId, voter: &Voter) -> Option<Line> {
    let node = attempt.node;
    let Some(reached) = &voter.reached else {
        let (cite, _) = voter.lost.as_ref()?;
        let why = if scene.up_at(id, cite.0) { "is lost" } else { "is lost, for it is down" };
        let term = scene.term_at(node, cite.0);
        return Some(scene.line(*cite, node, term, format!("asks {id}, but the question {why}")));
    };
    let what = if attempt.pre { "would vote for" } else { "votes for" };
    let text = match (voter.answered, voter.counted) {
        (None, _) => format!("hears the question of {node}, and gives no answer"),
        (Some(answer), counted) => {
            let heard = match counted {
                Some((Cite(_, time), _)) => format!("; {node} hears it at {time} s"),
                None => format!("; {node} does not hear it"),
            };
            let uncounted = match counted {
                Some((_, Heard::Late)) => ", when it is too late",
                Some((_, Heard::OtherTerm(_) | Heard::NoVoter)) => ", and does not count it",
                _ => "",
            };
            match (answer.granted, counted) {
                (false, _) => {
                    let why = attempt.reason(voter).unwrap_or_default();
                    format!("refuses {node} its vote: {why}{heard}")
                }
                (true, Some((_, Heard::OtherTerm(term)))) => {
                    format!(
                        "{what} {node} in term {}, but says so for term {term}{heard}{uncounted}",
                        attempt.term
                    )
                }
                (true, Some((_, Heard::NoVoter))) => {
                    format!("{what} {node}, but is no voter by its log{heard}{uncounted}")
                }
                (true, _) => format!("{what} {node} in term {}{heard}{uncounted}", attempt.term),
            }
        }
    };
    Some(scene.line(reached.cite, id, reached.term, text))
}

/// Why a node never stood since faults ended: it hears somebody as a leader, again and again.
fn kept_from_standing(scene: &Scene<'_>, id: NodeId, endless: &mut Endless) {
    let mut beats: BTreeMap<(NodeId, Term), (Times, Cite)> = BTreeMap::new();
    for record in scene.since().iter().filter(|record| record.node == Some(id)) {
        if let Kind::Deliver { from, message, .. } = record.kind
            && matches!(message, Summary::AppendEntries { .. } | Summary::InstallSnapshot { .. })
        {
            let fresh = (Times::default(), Cite::of(record));
            let (times, last) = beats.entry((from, message.term())).or_insert(fresh);
            times.add(record.time);
            *last = Cite::of(record);
        }
    }
    let own = scene.shadow.node(id).term;
    let Some(((from, term), (times, last))) = beats.into_iter().max_by_key(|(_, it)| it.0.last)
    else {
        endless.repeated.push(format!("{id} never stands, and hears nobody that leads"));
        return;
    };
    let over = if term < own {
        format!(", a term that is over: it is in term {own}")
    } else {
        String::new()
    };
    let text = format!("hears {from} beat as the leader of term {term}{over}; it does not stand");
    endless.lines.push(scene.line(last, id, own, text));
    let heard = times.words();
    endless.repeated.push(format!("{id} never stands: it heard {from} beat {heard}"));
}

/// Who leads outside the core, and is heard: what it sends, and what it hears.
fn outside_that_leads(scene: &Scene<'_>, endless: &mut Endless) {
    let leads = |(id, node): &(NodeId, &crate::oracle::shadow::NodeShadow)| {
        node.up && node.role == Role::Leader && !scene.core.contains(*id)
    };
    for (id, node) in scene.shadow.nodes().filter(leads) {
        let sends = |record: &&Record| {
            record.node == Some(id)
                && matches!(record.kind, Kind::Send { message: Summary::AppendEntries { .. }, .. })
        };
        let Some(last) = scene.since().iter().rfind(sends) else { continue };
        let heard = scene
            .records
            .iter()
            .rfind(|record| record.node == Some(id) && matches!(record.kind, Kind::Deliver { .. }));
        let heard = match heard {
            Some(record) => format!("it heard another node for the last time at {} s", record.time),
            None => "it has never heard another node".into(),
        };
        let committed = scene.view.node(id).commit;
        let text = format!(
            "leads term {} on, and beats, although {heard}; its log ends with {}, and {committed} is committed",
            node.term,
            node.last_index()
        );
        endless.lines.push(scene.line(Cite::of(last), id, node.term, text));
    }
}

/// That a leader fell.
struct Fall {
    leader: NodeId,
    /// The term that it came to.
    term: Term,
    cite: Cite,
    /// Whose message made it.
    by: Option<NodeId>,
    words: String,
    short: String,
}

/// How leaders fell since faults ended.
fn falls(scene: &Scene<'_>) -> Vec<Fall> {
    let mut leads = NodeSet::EMPTY;
    let mut led: BTreeMap<NodeId, Term> = BTreeMap::new();
    let mut heard: BTreeMap<NodeId, &Record> = BTreeMap::new();
    let mut falls = Vec::new();
    for record in scene.records {
        let Some(node) = record.node else { continue };
        match record.kind {
            Kind::Deliver { .. } | Kind::Timer { .. } => _ = heard.insert(node, record),
            Kind::Role { role: Role::Leader, term } => {
                leads.insert(node);
                led.insert(node, term);
            }
            Kind::Role { term, .. } if leads.contains(node) => {
                leads.remove(node);
                let cause = heard.get(&node).copied().filter(|it| it.event == record.event);
                if record.number > scene.records.get(scene.begun).map_or(0, |first| first.number) {
                    falls.push(fall((node, led[&node]), term, cause, record));
                }
            }
            Kind::Crash(_) | Kind::Boot { .. } => leads.remove(node),
            _ => {}
        }
    }
    falls
}

fn fall(
    (leader, led): (NodeId, Term),
    term: Term,
    cause: Option<&Record>,
    record: &Record,
) -> Fall {
    let over = format!("leads term {led} no more");
    let (by, words, short) = match cause.map(|cause| cause.kind) {
        Some(Kind::Deliver { from, message, .. }) => {
            let what = match message {
                Summary::RequestVote { .. } => "asks for its vote",
                Summary::Vote { .. } | Summary::PreVoteReply { .. } => "refuses it",
                message if message.is_reply() => "answers",
                _ => "sends something",
            };
            let of = message.term();
            match of > led {
                true => (
                    Some(from),
                    format!("{over}: {from} {what} in term {of}, and it takes over that term"),
                    format!("deposed because {from} {what} in a later term"),
                ),
                // Nothing deposes it: it goes by itself, as one does that is no voter any more.
                false => (
                    None,
                    format!("{over}: it steps down of itself, upon hearing {from}"),
                    format!("{leader} stepped down of itself"),
                ),
            }
        }
        Some(Kind::Timer { .. }) => {
            let words =
                format!("{over}: its timer fires, and it has not heard a majority for long");
            (None, words, format!("{leader} gave up for it had heard no majority"))
        }
        _ => (None, over, format!("{leader} gave up")),
    };
    let cite = Cite::of(cause.unwrap_or(record));
    Fall { leader, term, cite, by, words, short }
}
