//! Answers simple questions about a run in words, from its records alone: why an entry was committed, and who won a term.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::PrefixId;
use crate::oracle::quorum::Tally;
use crate::oracle::shadow::Shadow;
use crate::record::{Kind, Loss, Record};
use crate::sim::Run;
use crate::time::Time;
use crate::trace::text::loss_words;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Why the entry at this index was committed.
    Commit(Index),
    /// Who won this term, and why this node did not; without a node, for every node that stood.
    Term(Term, Option<NodeId>),
}

/// Answers a question about a run.
///
/// # Errors
///
/// A sentence, if the run has nothing that the question is about.
pub fn answer(run: &Run<'_>, question: Question) -> Result<String, String> {
    let nodes = run.plan().cluster.nodes;
    match question {
        Question::Commit(index) => {
            let mut commit = Commit::new(nodes, index);
            run.follow(&mut |record| commit.see(record));
            commit.tell()
        }
        Question::Term(term, node) => {
            let mut election = Election::new(nodes, term);
            run.follow(&mut |record| election.see(record));
            election.tell(node)
        }
    }
}

/// Where in the run something is to be found: a record's number and time.
#[derive(Clone, Copy, Debug)]
struct Cite(u64, Time);

impl fmt::Display for Cite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}s, #{}", self.1, self.0)
    }
}

/// Why the entry at an index was committed: who committed it, which disks held it, and how the leader knew.
struct Commit {
    index: Index,
    shadow: Shadow,
    /// Everyone who appended an entry at the index, in order.
    appends: Vec<(NodeId, Term, Cite)>,
    nodes: Vec<Replica>,
    /// The highest index that any node committed.
    highest: Index,
    /// Who committed first, and the entry, if the node has it.
    first: Option<(NodeId, Option<PrefixId>)>,
    /// Who knew of the commit, or committed another entry there: not the same where Raft was broken, or a plan destroyed what it relies on.
    echoes: BTreeSet<(NodeId, bool)>,
    text: String,
}

#[derive(Clone, Debug, Default)]
struct Replica {
    commit: Index,
    /// What its disk holds at the index, and since when.
    on_disk: Option<(PrefixId, Cite)>,
    /// Who told it, as the leader, to have the entry: the first answer of each.
    acks: BTreeMap<NodeId, (Index, Cite)>,
}

impl Commit {
    fn new(nodes: u8, index: Index) -> Commit {
        Commit {
            index,
            shadow: Shadow::new(nodes),
            appends: Vec::new(),
            nodes: vec![Replica::default(); usize::from(nodes)],
            highest: Index::ZERO,
            first: None,
            echoes: BTreeSet::new(),
            text: String::new(),
        }
    }

    fn see(&mut self, record: &Record) {
        self.shadow.observe(record);
        let Some(node) = record.node else { return };
        let cite = Cite(record.number, record.time);
        let replica = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Boot { .. } => (replica.commit, replica.acks) = Default::default(),
            Kind::Role { .. } => replica.acks.clear(),
            Kind::Append { index, term, .. } if index == self.index => {
                self.appends.push((node, term, cite));
            }
            Kind::Deliver { from, message, .. } => {
                let current = message.term() == self.shadow.node(node).term;
                let acknowledged = message.acknowledged().filter(|upto| *upto >= self.index);
                if let (true, Some(upto)) = (current, acknowledged) {
                    replica.acks.entry(from).or_insert((upto, cite));
                }
            }
            Kind::Commit { index, .. } => self.commit(node, index, cite),
            _ => {}
        }
        let place = self.shadow.node(node).durable_at(self.index);
        let replica = &mut self.nodes[node.slot()];
        if replica.on_disk.map(|(place, _)| place) != place {
            replica.on_disk = place.map(|place| (place, cite));
        }
    }

    fn commit(&mut self, node: NodeId, to: Index, cite: Cite) {
        self.highest = self.highest.max(to);
        let from = std::mem::replace(&mut self.nodes[node.slot()].commit, to);
        if to < self.index || from >= self.index {
            return;
        }
        let place = self.shadow.node(node).at(self.index);
        let Some((first, entry)) = self.first else {
            self.first = Some((node, place));
            self.text = self.first_commit(node, place, (from, to), cite);
            return;
        };
        // A node that restarts hears of it once more, which is no news.
        let same = place == entry;
        if !(same && first == node) && self.echoes.insert((node, same)) {
            let what = if same { "knew of the commit" } else { "committed ANOTHER entry there" };
            let _ = writeln!(self.text, "  {node} {what} {cite}");
        }
    }

    /// The first commit that covers the index, as things stand.
    fn first_commit(
        &self,
        node: NodeId,
        place: Option<PrefixId>,
        (from, to): (Index, Index),
        cite: Cite,
    ) -> String {
        let (shadow, index) = (&self.shadow, self.index);
        let standing = shadow.node(node);
        let (role, own) = (standing.role, standing.term);
        let leads = role == Role::Leader;
        let term_of = |place: PrefixId| shadow.chain.link(place).term;
        let term = place.map(term_of);
        let what =
            term.map_or("no entry that the node has".into(), |term| format!("of term {term}"));
        let who = match role {
            Role::Leader => format!("the leader of term {own}"),
            Role::PreCandidate => format!("a pre-candidate in term {own}, not a leader"),
            Role::Candidate => format!("a candidate in term {own}, not a leader"),
            Role::Follower => format!("a follower in term {own}, not a leader"),
        };
        // Why a commit up to there carries the entry.
        let reach = match standing.at(to).map(term_of) {
            Some(last) if to > index && last == own => {
                format!(": entry {to} is of its own term, {last}, and carries all before it")
            }
            Some(last) if last < own && leads => {
                format!(": entry {to} is of term {last}, OLDER than its own (5.4.2)")
            }
            _ => String::new(),
        };
        let mut text = format!(
            "entry {index}, {what}, was committed {cite}, by {node}, {who}\n  \
             its commit index went from {from} to {to}{reach}\n"
        );
        if let Some((first, _, cite)) = self.appends.iter().find(|it| Some(it.1) == term) {
            let _ = writeln!(text, "  {first} had it first, {cite}");
        }
        let holds = |(slot, replica): (usize, &Replica)| {
            let (held, since) = replica.on_disk?;
            (Some(held) == place).then_some((NodeId::at(slot), since))
        };
        let disks: Vec<(NodeId, Cite)> = self.nodes.iter().enumerate().filter_map(holds).collect();
        let holders = disks.iter().map(|(node, _)| *node).collect();
        let (share, enough) = shares(shadow.configuration_of(node), holders, "disks");
        let enough = if enough { "a majority" } else { "NO majority" };
        let _ = writeln!(text, "  it was then on {share}, {enough}:");
        for (node, since) in disks {
            let lies = shadow.node(node).is_lied_about(index);
            let lie = if lies { "; so it SAYS, and LIES" } else { "" };
            let _ = writeln!(text, "    {node} since {since}{lie}");
        }
        let acks = &self.nodes[node.slot()].acks;
        if leads {
            let whom = if acks.is_empty() { "from nobody that it is there" } else { "so from:" };
            let _ = writeln!(text, "  {node} had heard {whom}");
            for (peer, (index, cite)) in acks {
                let _ = writeln!(text, "    {peer}, that it matches up to {index}, {cite}");
            }
        }
        text
    }

    fn tell(self) -> Result<String, String> {
        if self.first.is_some() {
            return Ok(self.text);
        }
        let most = match self.highest {
            Index::ZERO => "nothing was".into(),
            highest => format!("the highest index that was is {highest}"),
        };
        Err(format!("the entry at index {} was never committed in this run; {most}", self.index))
    }
}

/// Who won a term, and why others did not: what was asked of each voter, what it answered and why, and what became of the answer.
struct Election {
    term: Term,
    /// The highest term that a node reached.
    highest: Term,
    shadow: Shadow,
    nodes: Vec<Elector>,
    candidates: BTreeMap<NodeId, Candidacy>,
    /// Requests and answers on their way: the candidate, and the voter.
    flights: BTreeMap<u64, (NodeId, NodeId)>,
}

#[derive(Clone, Debug, Default)]
struct Elector {
    /// What it last wrote as its vote, with its term.
    vote: Option<(Term, NodeId, Cite)>,
    /// When it came to the term.
    entered: Option<Cite>,
    /// Whom it voted for in the term.
    voted: Option<(NodeId, Cite)>,
    /// What it last heard: a message from somebody, or its timer.
    heard: Option<(Option<NodeId>, Cite)>,
}

/// A node's attempt to win the term.
#[derive(Debug)]
struct Candidacy {
    stood: Cite,
    /// By which it counted its votes: entries that change it later have no bearing.
    configuration: Configuration,
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

impl Election {
    fn new(nodes: u8, term: Term) -> Election {
        Election {
            term,
            highest: Term::ZERO,
            shadow: Shadow::new(nodes),
            nodes: vec![Elector::default(); usize::from(nodes)],
            candidates: BTreeMap::new(),
            flights: BTreeMap::new(),
        }
    }

    fn see(&mut self, record: &Record) {
        let Some(node) = record.node else {
            self.shadow.observe(record);
            return;
        };
        let cite = Cite(record.number, record.time);
        let elector = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Send { to, id, message } => self.sent(node, to, id, &message, cite),
            Kind::Deliver { from, id, message } => self.delivered(from, node, id, &message, cite),
            Kind::Drop { id, why, .. } => self.dropped(node, id, why, cite),
            Kind::Timer { .. } => elector.heard = Some((None, cite)),
            Kind::Boot { term, vote, .. } => {
                elector.vote = vote.map(|vote| (term, vote, cite));
                self.enter(node, term, cite);
            }
            Kind::Vote { term, vote: Some(vote), .. } => {
                elector.vote = Some((term, vote, cite));
                if term == self.term {
                    elector.voted.get_or_insert((vote, cite));
                }
            }
            Kind::Term { term } => self.enter(node, term, cite),
            Kind::Role { role, term } if term == self.term => self.play(node, role, cite),
            Kind::Crash(_) => self.crash(node, cite),
            _ => {}
        }
        self.shadow.observe(record);
    }

    fn enter(&mut self, node: NodeId, term: Term, cite: Cite) {
        self.highest = self.highest.max(term);
        let elector = &mut self.nodes[node.slot()];
        if term == self.term {
            elector.entered.get_or_insert(cite);
        }
        if term > self.term {
            let why = match elector.heard {
                Some((None, timer)) => {
                    format!("its election timed out ({timer}), and it stood in term {term}")
                }
                Some((Some(from), message)) => {
                    format!("it heard of term {term} from {from} ({message})")
                }
                None => format!("it went on to term {term} ({cite})"),
            };
            self.end(node, || why);
        }
    }

    fn play(&mut self, node: NodeId, role: Role, cite: Cite) {
        match role {
            Role::Candidate => {
                let voters = vec![Voter::default(); self.nodes.len()];
                let configuration = self.shadow.configuration_of(node);
                let (stood, won, ended, last) = (cite, None, None, None);
                let fresh = Candidacy { stood, configuration, won, ended, last, voters };
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
                let from = match self.nodes[node.slot()].heard {
                    Some((Some(from), message)) => format!(" from {from} ({message})"),
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
        self.nodes[node.slot()].heard = None;
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
                if let Some(Voter { reached: Some((_, against)), answered, .. }) =
                    self.voter(to, from)
                    && answered.is_none()
                {
                    *answered = Some((cite, granted));
                    if term < asked {
                        let why =
                            format!("it had heard its leader lately, and stayed in term {term}");
                        *against = Some(why);
                    }
                    self.flights.insert(id, (to, from));
                }
            }
            _ => {}
        }
    }

    fn delivered(&mut self, from: NodeId, node: NodeId, id: u64, message: &Summary, cite: Cite) {
        self.nodes[node.slot()].heard = Some((Some(from), cite));
        let Some((candidate, peer)) = self.flights.get(&id).copied() else { return };
        let against = match *message {
            Summary::RequestVote { last_index, last_term, .. } => {
                self.against(peer, candidate, (last_term, last_index))
            }
            _ => None,
        };
        let Some(voter) = self.voter(candidate, peer) else { return };
        match *message {
            Summary::RequestVote { .. } => _ = voter.reached.get_or_insert((cite, against)),
            Summary::Vote { granted, .. } => _ = voter.counted.get_or_insert((cite, granted)),
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
        if let Some((term, vote, cite)) = self.nodes[voter.slot()].vote
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

    /// The answer: about one node, or about all that stood.
    fn tell(&self, node: Option<NodeId>) -> Result<String, String> {
        let (term, highest) = (self.term, self.highest);
        if term > highest {
            return Err(format!(
                "no node came to term {term} in this run; the highest is {highest}"
            ));
        }
        if self.candidates.is_empty() {
            let why = if term <= Term::FIRST { ": every node boots in term 1" } else { "" };
            return Err(format!("nobody stood for election in term {term}{why}"));
        }
        let won = |(node, it): (&NodeId, &Candidacy)| {
            it.won.map(|cite| format!("{node} won term {term}, {cite}\n"))
        };
        let mut text: String = self.candidates.iter().filter_map(won).collect();
        if text.is_empty() {
            let _ = writeln!(text, "nobody won term {term}");
        }
        for (candidate, candidacy) in &self.candidates {
            if node.is_none_or(|node| node == *candidate) {
                self.tell_candidacy(*candidate, candidacy, &mut text);
            }
        }
        if let Some(node) = node.filter(|node| !self.candidates.contains_key(node)) {
            let Elector { voted, entered, .. } = self.nodes[node.slot()];
            let did = match (voted, entered) {
                (Some((vote, cite)), _) => format!("it voted for {vote}, {cite}"),
                (None, Some(cite)) => {
                    format!("it was in the term from then on: {cite}; it did not vote")
                }
                (None, None) => "it never was in that term".into(),
            };
            let _ = writeln!(text, "{node} did not stand in term {term}: {did}");
        }
        Ok(text)
    }

    fn tell_candidacy(&self, node: NodeId, candidacy: &Candidacy, text: &mut String) {
        let Candidacy { stood, configuration, won, ended, last, voters } = candidacy;
        let log = last.map_or_else(String::new, |it| format!("; its log ended with {}", entry(it)));
        let _ = writeln!(text, "{node} stood, {stood}{log}");
        let mut granted = NodeSet::EMPTY;
        for (slot, voter) in voters.iter().enumerate() {
            let peer = NodeId::at(slot);
            let (is_granted, words) = match self.nodes[slot].voted {
                _ if peer != node => voter.tell(),
                Some((vote, cite)) if vote == node => (true, format!("its own vote, {cite}")),
                _ => (false, "no vote for itself".into()),
            };
            if is_granted {
                granted.insert(peer);
            }
            let mark = if is_granted { '+' } else { '-' };
            let _ = writeln!(text, "  {mark} {:<4}{words}", peer.to_string());
        }
        let (share, _) = shares(*configuration, granted, "votes");
        let majorities = configuration.halves().map(|half| half.majority().to_string());
        let majorities = majorities.collect::<Vec<_>>().join(" and ");
        let _ = writeln!(text, "  that is {share}; a majority is {majorities}");
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
        let lost = self.lost.as_ref().map_or_else(String::new, |lost| format!("; {lost}"));
        let because = match &self.reached {
            Some((_, Some(why))) => format!(": {why}"),
            _ => String::new(),
        };
        if let Some((cite, true)) = self.counted {
            return (true, format!("granted its vote, heard {cite}"));
        }
        let words = match (self.asked, &self.reached, self.answered, self.counted) {
            (_, _, _, Some((cite, _))) => format!("refused{because}; heard {cite}"),
            (_, _, Some((cite, true)), None) => {
                format!("granted its vote, {cite}, but that was not heard{lost}")
            }
            (_, _, Some((cite, false)), None) => {
                format!("refused, {cite}{because}; not heard{lost}")
            }
            (_, Some((cite, _)), None, None) => {
                format!("was asked, {cite}, and gave no answer{lost}")
            }
            (Some(cite), None, None, None) => format!("was not reached; asked {cite}{lost}"),
            (None, None, None, None) => "was not asked".into(),
        };
        (false, words)
    }
}

/// How many voters are among some nodes, in words and of both halves in joint consensus, and whether that is a majority of each.
fn shares(configuration: Configuration, nodes: NodeSet, what: &str) -> (String, bool) {
    let tally = |half: NodeSet| format!("{} of {}", nodes.intersection(half).len(), half.len());
    let share = match configuration.is_joint() {
        false => format!("{} {what}", tally(configuration.voters)),
        true => format!(
            "{} {what} of the new voters and {} of the old ones",
            tally(configuration.voters),
            tally(configuration.outgoing)
        ),
    };
    (share, Tally::of(configuration, nodes).is_majority())
}

/// A last entry, as text traces have it.
fn entry((term, index): (Term, Index)) -> String {
    if index == Index::ZERO { "nothing".into() } else { format!("{index}@{term}") }
}
