//! Who won a term, and why others did not: voter by voter.

use std::fmt::Write as _;

use super::shares;
use crate::ids::{NodeId, Term};
use crate::report::elections::{Answer, Attempt, Elections, Heard, Voter, entry};

/// The answer: about one node, or about all that stood.
pub fn tell(all: &Elections, term: Term, node: Option<NodeId>) -> Result<String, String> {
    let of_term = |it: &&Attempt| it.term == term;
    let stood = |it: &&Attempt| !it.pre && it.configuration.members().contains(it.node);
    let about = |it: &&Attempt| node.is_none_or(|node| node == it.node);
    let attempts = || all.attempts.iter().filter(of_term);
    if attempts().next().is_none() && term > all.highest {
        let highest = all.highest;
        return Err(format!("no node came to term {term} in this run; the highest is {highest}"));
    }
    if !attempts().any(|it| !it.pre) && term <= Term::FIRST {
        return Err(format!(
            "nobody stood for election in term {term}: every node boots in term 1"
        ));
    }
    let won = |it: &Attempt| {
        let cite = it.won.filter(|_| !it.pre)?;
        Some(format!("{} won term {term}, {cite}\n", it.node))
    };
    let mut text: String = attempts().filter_map(won).collect();
    match (text.is_empty(), attempts().any(|it| stood(&it))) {
        (false, _) => {}
        (true, true) => _ = writeln!(text, "nobody won term {term}"),
        (true, false) => _ = writeln!(text, "nobody stood for election in term {term}"),
    }
    let mut candidates: Vec<&Attempt> = attempts().filter(|it| !it.pre).filter(about).collect();
    candidates.sort_by_key(|it| it.node);
    candidates.iter().for_each(|attempt| tell_attempt(all, attempt, &mut text));
    for (slot, elector) in all.nodes.iter().enumerate() {
        let id = NodeId::at(slot);
        let silent = !attempts().any(|it| !it.pre);
        if candidates.iter().any(|it| it.node == id) || !(node == Some(id) || silent) {
            continue;
        }
        let did = match (elector.voted.get(&term), elector.entered.get(&term)) {
            (Some((vote, cite)), _) => format!("it voted for {vote}, {cite}"),
            (None, Some(cite)) => {
                format!("it was in the term from then on: {cite}; it did not vote")
            }
            (None, None) => "it never was in that term".into(),
        };
        let _ = writeln!(text, "{id} did not stand in term {term}: {did}");
        tell_asking(all, attempts().filter(|it| it.node == id).collect(), &mut text);
    }
    Ok(text)
}

/// What a node was told that asked whether it could win, and never stood: the last time, and how often it was so.
fn tell_asking(all: &Elections, asked: Vec<&Attempt>, text: &mut String) {
    let Some(last) = asked.iter().rfind(|it| it.ended.is_some()).or(asked.last()) else { return };
    let _ = writeln!(
        text,
        "it asked {} times whether it could win it, for the last time so:",
        asked.len()
    );
    tell_attempt(all, last, text);
}

/// One attempt, voter by voter.
pub fn tell_attempt(all: &Elections, attempt: &Attempt, text: &mut String) {
    let Attempt { node, term, pre, stood, configuration, won, ended, last, voters, .. } = attempt;
    let log = last.map_or_else(String::new, |it| format!("; its log ended with {}", entry(it)));
    let _ = match pre {
        false => writeln!(text, "{node} stood, {stood}{log}"),
        true => writeln!(text, "{node} asked whether it could win term {term}, {stood}{log}"),
    };
    for (slot, voter) in voters.iter().enumerate() {
        let peer = NodeId::at(slot);
        let is_granted = attempt.granted().contains(peer);
        let vote = all.nodes[slot].voted.get(term).filter(|(vote, _)| vote == node);
        let words = match vote {
            _ if peer != *node => attempt.words(voter, peer),
            Some((_, cite)) => format!("its own vote, {cite}"),
            None if *pre => "it would vote for itself".into(),
            None => "no vote for itself".into(),
        };
        let mark = if is_granted { '+' } else { '-' };
        let _ = writeln!(text, "  {mark} {:<4}{words}", peer.to_string());
    }
    let (share, _) = shares(*configuration, attempt.granted(), "votes");
    let majorities = configuration.halves().map(|half| half.majority().to_string());
    let majorities = majorities.collect::<Vec<_>>().join(" and ");
    let _ = writeln!(text, "  that is {share}; a majority is {majorities}");
    let end = match (won, ended) {
        (Some(cite), _) if *pre => format!("so it stood, {cite}"),
        (Some(cite), _) => format!("it won, {cite}"),
        (None, Some((_, why))) => format!("it did not win: {why}"),
        (None, None) => "it did not win before the run ended".into(),
    };
    let _ = writeln!(text, "  {end}");
}

impl Attempt {
    /// What a voter did, and what came of its answer.
    fn words(&self, voter: &Voter, peer: NodeId) -> String {
        let lost = voter.lost.as_ref().map_or_else(String::new, |(_, lost)| format!("; {lost}"));
        let because = self.reason(voter).map_or_else(String::new, |why| format!(": {why}"));
        let what = if self.pre { "would vote for it" } else { "granted its vote" };
        if let Some((cite, heard)) = voter.counted {
            return match heard {
                Heard::Refused => format!("refused{because}; heard {cite}"),
                Heard::Counts => format!("{what}, heard {cite}"),
                Heard::Late => format!("{what}, heard {cite}, too late to count"),
                Heard::OtherTerm(term) => {
                    format!("{what}, heard {cite}, but for term {term}: that does not count")
                }
                Heard::NoVoter => {
                    format!("{what}, heard {cite}, but is no voter: that does not count")
                }
            };
        }
        match (voter.asked, &voter.reached, voter.answered) {
            (_, _, Some(Answer { cite, granted: true, .. })) => {
                format!("{what}, {cite}, but that was not heard{lost}")
            }
            (_, _, Some(Answer { cite, .. })) => {
                format!("refused, {cite}{because}; not heard{lost}")
            }
            (_, Some(reached), None) => {
                format!("was asked, {}, and gave no answer{lost}", reached.cite)
            }
            (Some(cite), None, None) => format!("was not reached; asked {cite}{lost}"),
            (None, None, None) if !self.configuration.voting().contains(peer) => {
                "is no voter".into()
            }
            (None, None, None) => "was not asked".into(),
        }
    }
}
