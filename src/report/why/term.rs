//! Who won a term, and why others did not: what was asked of each voter, what it answered and why, and what became of the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Cite;
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::quorum::Tally;
use crate::oracle::shadow::Shadow;
use crate::record::{Kind, Loss, Record};
use crate::trace::text::loss_words;

/// What is known of one term.
pub struct Story {
    term: Term,
    /// The highest term that a node reached.
    highest: Term,
    shadow: Shadow,
    /// What each node last wrote as its vote, with its term.
    votes: Vec<Option<(Term, NodeId, Cite)>>,
    /// When each node came to the term.
    entered: Vec<Option<Cite>>,
    /// Whom each node voted for in the term.
    voted: Vec<Option<(NodeId, Cite)>>,
    /// What each node last heard: its timer, or a message.
    heard: Vec<Option<Heard>>,
    candidates: BTreeMap<NodeId, Candidacy>,
    /// Requests and answers on their way: the candidate, and the voter.
    flights: BTreeMap<u64, (NodeId, NodeId)>,
}

#[derive(Clone, Copy, Debug)]
enum Heard {
    Timer(Cite),
    Message(NodeId, Cite),
}

/// A node's attempt to win the term.
#[derive(Debug)]
struct Candidacy {
    stood: Cite,
    won: Option<Cite>,
    /// What ended it otherwise, in words.
    ended: Option<String>,
    /// The last entry that it showed to voters.
    last: Option<(Term, Index)>,
    voters: Vec<Voter>,
}

/// How one voter stands to a candidate; each step as far as it came.
#[derive(Clone, Debug, Default)]
struct Voter {
    asked: Option<Cite>,
    /// When the question reached it, and what speaks against a vote, if something does.
    reached: Option<(Cite, Option<String>)>,
    answered: Option<(Cite, bool)>,
    counted: Option<(Cite, bool)>,
    /// What was lost on the way, in words.
    lost: Option<String>,
}

impl Story {
    /// Before the first record.
    pub fn new(nodes: u8, term: Term) -> Story {
        let count = usize::from(nodes);
        Story {
            term,
            highest: Term::ZERO,
            shadow: Shadow::new(nodes),
            votes: vec![None; count],
            entered: vec![None; count],
            voted: vec![None; count],
            heard: vec![None; count],
            candidates: BTreeMap::new(),
            flights: BTreeMap::new(),
        }
    }

    /// Takes note of a record.
    pub fn see(&mut self, record: &Record) {
        let Some(node) = record.node else { return };
        let cite = Cite::of(record);
        match record.kind {
            Kind::Send { to, id, message } => self.sent(node, to, id, &message, cite),
            Kind::Deliver { from, id, message } => self.delivered(from, node, id, &message, cite),
            Kind::Drop { id, why, .. } => self.dropped(node, id, why, cite),
            Kind::Timer { .. } => self.heard[node.slot()] = Some(Heard::Timer(cite)),
            Kind::Boot { term, vote, .. } => {
                self.votes[node.slot()] = vote.map(|vote| (term, vote, cite));
                self.enter(node, term, cite);
            }
            Kind::Vote { term, vote: Some(vote), .. } => {
                self.votes[node.slot()] = Some((term, vote, cite));
                if term == self.term {
                    self.voted[node.slot()].get_or_insert((vote, cite));
                }
            }
            Kind::Term { term } => self.enter(node, term, cite),
            Kind::Role { role, term } => self.play(node, role, term, cite),
            Kind::Crash(_) => self.crash(node, cite),
            _ => {}
        }
        self.shadow.observe(record);
    }

    fn enter(&mut self, node: NodeId, term: Term, cite: Cite) {
        self.highest = self.highest.max(term);
        if term == self.term {
            self.entered[node.slot()].get_or_insert(cite);
        }
        if term > self.term {
            let why = match self.heard[node.slot()] {
                Some(Heard::Timer(timer)) => {
                    format!("its election timed out ({timer}), and it stood in term {term}")
                }
                Some(Heard::Message(from, message)) => {
                    format!("it heard of term {term} from {from} ({message})")
                }
                None => format!("it went on to term {term} ({cite})"),
            };
            self.end(node, || why);
        }
    }

    fn play(&mut self, node: NodeId, role: Role, term: Term, cite: Cite) {
        if term != self.term {
            return;
        }
        match role {
            Role::Candidate => {
                let voters = vec![Voter::default(); self.votes.len()];
                let fresh = Candidacy { stood: cite, won: None, ended: None, last: None, voters };
                self.candidates.entry(node).or_insert(fresh);
            }
            Role::Leader => {
                if let Some(candidacy) = self.candidates.get_mut(&node) {
                    candidacy.won.get_or_insert(cite);
                }
            }
            Role::PreCandidate => self.end(node, || {
                format!(
                    "its election timed out, and it asked whether it could win another ({cite})"
                )
            }),
            Role::Follower => {
                let from = match self.heard[node.slot()] {
                    Some(Heard::Message(from, message)) => format!(" from {from} ({message})"),
                    _ => format!(" ({cite})"),
                };
                self.end(node, || format!("it heard of the term's leader{from}"));
            }
        }
    }

    fn end(&mut self, node: NodeId, why: impl FnOnce() -> String) {
        if let Some(candidacy) = self.candidates.get_mut(&node)
            && candidacy.won.is_none()
        {
            candidacy.ended.get_or_insert_with(why);
        }
    }

    fn crash(&mut self, node: NodeId, cite: Cite) {
        self.end(node, || format!("it crashed ({cite})"));
        self.heard[node.slot()] = None;
        for candidacy in self.candidates.values_mut() {
            let voter = &mut candidacy.voters[node.slot()];
            if voter.reached.is_some() && voter.answered.is_none() {
                voter.lost.get_or_insert(format!("it crashed before its answer left ({cite})"));
            }
        }
    }

    fn voter(&mut self, candidate: NodeId, voter: NodeId) -> Option<&mut Voter> {
        self.candidates.get_mut(&candidate).map(|candidacy| &mut candidacy.voters[voter.slot()])
    }

    fn sent(&mut self, from: NodeId, to: NodeId, id: u64, message: &Summary, cite: Cite) {
        match *message {
            Summary::RequestVote { term, last_index, last_term, .. } if term == self.term => {
                if let Some(candidacy) = self.candidates.get_mut(&from) {
                    candidacy.last = Some((last_term, last_index));
                    candidacy.voters[to.slot()].asked.get_or_insert(cite);
                    self.flights.insert(id, (from, to));
                }
            }
            // A refusal out of an earlier or a later term answers this term's question, too.
            Summary::Vote { term, granted } if term >= self.term || !granted => {
                let asked = self.term;
                if let Some(voter) = self.voter(to, from)
                    && voter.reached.is_some()
                    && voter.answered.is_none()
                {
                    voter.answered = Some((cite, granted));
                    if let Some((_, against)) = &mut voter.reached
                        && term < asked
                    {
                        *against = Some(format!(
                            "it had heard its leader lately, and stayed in term {term}"
                        ));
                    }
                    self.flights.insert(id, (to, from));
                }
            }
            _ => {}
        }
    }

    fn delivered(&mut self, from: NodeId, node: NodeId, id: u64, message: &Summary, cite: Cite) {
        self.heard[node.slot()] = Some(Heard::Message(from, cite));
        let Some((candidate, peer)) = self.flights.get(&id).copied() else { return };
        match *message {
            Summary::RequestVote { last_index, last_term, .. } => {
                let against = self.against(peer, candidate, (last_term, last_index));
                if let Some(voter) = self.voter(candidate, peer) {
                    voter.reached.get_or_insert((cite, against));
                }
            }
            Summary::Vote { granted, .. } => {
                if let Some(voter) = self.voter(candidate, peer) {
                    voter.counted.get_or_insert((cite, granted));
                }
            }
            _ => {}
        }
    }

    fn dropped(&mut self, node: NodeId, id: u64, why: Loss, cite: Cite) {
        let Some((candidate, peer)) = self.flights.get(&id).copied() else { return };
        let what = if node == peer { "the question" } else { "the answer" };
        let why = loss_words(why);
        if let Some(voter) = self.voter(candidate, peer) {
            voter.lost.get_or_insert(format!("{what} was lost: {why} ({cite})"));
        }
    }

    /// What speaks against a vote, as things stand when the question arrives (5.1, 5.2, 5.4.1).
    fn against(&self, voter: NodeId, candidate: NodeId, last: (Term, Index)) -> Option<String> {
        let standing = self.shadow.node(voter);
        if standing.term > self.term {
            return Some(format!("it was in term {} already", standing.term));
        }
        if let Some((term, vote, cite)) = self.votes[voter.slot()]
            && term == self.term
            && vote != candidate
        {
            let target = if vote == voter { "itself".into() } else { vote.to_string() };
            return Some(format!("it had voted for {target} ({cite})"));
        }
        let own = (self.shadow.last_term(voter), standing.last_index());
        (own > last).then(|| {
            let (own, asked) = (entry(own), entry(last));
            format!("its log is more up to date: it ends with {own}, the candidate's with {asked}")
        })
    }
}

impl Story {
    /// The answer: about one node, or about all that stood.
    ///
    /// # Errors
    ///
    /// A sentence, if there is no answer in the run.
    pub fn tell(&self, node: Option<NodeId>) -> Result<String, String> {
        let term = self.term;
        if term > self.highest {
            let highest = self.highest;
            return Err(format!(
                "no node came to term {term} in this run; the highest is {highest}"
            ));
        }
        if self.candidates.is_empty() {
            let why = if term <= Term::FIRST { ": every node boots in term 1" } else { "" };
            return Err(format!("nobody stood for election in term {term}{why}"));
        }
        let mut text = String::new();
        let winners: Vec<_> = self.candidates.iter().filter(|(_, one)| one.won.is_some()).collect();
        for (node, candidacy) in &winners {
            let cite = candidacy.won.map_or_else(String::new, |cite| cite.to_string());
            let _ = writeln!(text, "{node} won term {term}, {cite}");
        }
        if winners.is_empty() {
            let _ = writeln!(text, "nobody won term {term}");
        }
        match node {
            Some(node) if !self.candidates.contains_key(&node) => self.tell_other(node, &mut text),
            Some(node) => self.tell_candidacy(node, &self.candidates[&node], &mut text),
            None => {
                for (node, candidacy) in &self.candidates {
                    self.tell_candidacy(*node, candidacy, &mut text);
                }
            }
        }
        Ok(text)
    }

    /// A node that did not stand.
    fn tell_other(&self, node: NodeId, text: &mut String) {
        let did = match (self.voted[node.slot()], self.entered[node.slot()]) {
            (Some((vote, cite)), _) => format!("it voted for {vote}, {cite}"),
            (None, Some(cite)) => {
                format!("it was in the term from then on: {cite}; it did not vote")
            }
            (None, None) => "it never was in that term".into(),
        };
        let _ = writeln!(text, "{node} did not stand in term {}: {did}", self.term);
    }

    fn tell_candidacy(&self, node: NodeId, candidacy: &Candidacy, text: &mut String) {
        let Candidacy { stood, won, ended, last, voters } = candidacy;
        let _ = write!(text, "{node} stood, {stood}");
        if let Some(last) = last {
            let _ = write!(text, "; its log ended with {}", entry(*last));
        }
        text.push('\n');
        let configuration = self.shadow.configuration_of(node);
        let mut granted = NodeSet::EMPTY;
        for (slot, voter) in voters.iter().enumerate() {
            let peer = NodeId::at(slot);
            let (is_granted, words) = match peer == node {
                true => match self.voted[slot] {
                    Some((vote, cite)) if vote == node => (true, format!("its own vote, {cite}")),
                    _ => (false, "no vote for itself".into()),
                },
                false => voter.tell(),
            };
            if is_granted {
                granted.insert(peer);
            }
            let mark = if is_granted { '+' } else { '-' };
            let _ = writeln!(text, "  {mark} {:<4}{words}", peer.to_string());
        }
        let share @ Tally { has, of } = Tally::of(configuration, granted);
        let _ = writeln!(text, "  that is {has} of {of} votes; a majority is {}", share.majority());
        let end = match (won, ended) {
            (Some(cite), _) => format!("it won, {cite}"),
            (None, Some(why)) => format!("it did not win: {why}"),
            (None, None) => "it did not win before the run ended".into(),
        };
        let _ = writeln!(text, "  {end}");
    }
}

impl Voter {
    /// Whether the candidate heard of a vote, and how it came to that.
    fn tell(&self) -> (bool, String) {
        let lost = || self.lost.as_ref().map_or_else(String::new, |lost| format!("; {lost}"));
        let because = || match &self.reached {
            Some((_, Some(why))) => format!(": {why}"),
            _ => String::new(),
        };
        match (self.asked, &self.reached, self.answered, self.counted) {
            (_, _, _, Some((cite, true))) => (true, format!("granted its vote, heard {cite}")),
            (_, _, _, Some((cite, false))) => {
                (false, format!("refused{}; heard {cite}", because()))
            }
            (_, _, Some((cite, true)), None) => {
                (false, format!("granted its vote, {cite}, but that was not heard{}", lost()))
            }
            (_, _, Some((cite, false)), None) => {
                (false, format!("refused, {cite}{}; not heard{}", because(), lost()))
            }
            (_, Some((cite, _)), None, None) => {
                (false, format!("was asked, {cite}, and gave no answer{}", lost()))
            }
            (Some(cite), None, None, None) => {
                (false, format!("was not reached; asked {cite}{}", lost()))
            }
            (None, None, None, None) => (false, "was not asked".into()),
        }
    }
}

/// A last entry, as text traces have it.
fn entry((term, index): (Term, Index)) -> String {
    if index == Index::ZERO { "nothing".into() } else { format!("{index}@{term}") }
}
