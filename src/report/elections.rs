//! Every attempt to be elected in a run, from its records alone: whom a node asked for a vote or a pre-vote, what each voter answered and
//! why, what became of the answer, and what ended the attempt.

use std::collections::BTreeMap;

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::Shadow;
use crate::oracle::quorum::Tally;
use crate::plan::Plan;
use crate::record::{Kind, Loss, Record};
use crate::report::cite::Cite;
use crate::trace::text::{loss_words, members};

/// How many of a node's attempts an answer is looked for in: later ones may have been answered before it arrives.
const OPEN_MAX: usize = 8;

/// A node's attempt to be elected.
#[derive(Debug)]
pub struct Attempt {
    pub node: NodeId,
    /// The term in which it stands, or would stand.
    pub term: Term,
    /// Whether it asks for pre-votes: whether it could win, before it stands.
    pub pre: bool,
    pub stood: Cite,
    /// By which it counts its votes: entries that change it later have no bearing.
    pub configuration: Configuration,
    pub won: Option<Cite>,
    /// What ended it otherwise, in words.
    pub ended: Option<(Cite, String)>,
    /// The last entry that it showed to voters.
    pub last: Option<(Term, Index)>,
    /// The vote that it wrote for itself.
    pub own: Option<Cite>,
    /// How each node stands to it.
    pub voters: Vec<Voter>,
}

/// How one voter stands to a candidate; each step as far as it came.
#[derive(Clone, Debug, Default)]
pub struct Voter {
    pub asked: Option<Cite>,
    pub reached: Option<Reached>,
    pub answered: Option<Answer>,
    /// When the candidate heard the answer, and what became of it.
    pub counted: Option<(Cite, Heard)>,
    /// What was lost on the way, in words.
    pub lost: Option<(Cite, String)>,
}

/// When the question reached a voter, and what it knew then.
#[derive(Clone, Debug)]
pub struct Reached {
    pub cite: Cite,
    /// The voter's term.
    pub term: Term,
    /// What speaks against a vote by Raft's rules (5.1, 5.2, 5.4.1), if something does.
    pub against: Option<String>,
    /// Why else it may have refused.
    besides: String,
}

/// What a voter answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub cite: Cite,
    pub granted: bool,
    /// The term that the answer has.
    term: Term,
}

/// What became of an answer that a candidate heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Refused,
    Counts,
    /// It came when the attempt was over.
    Late,
    /// It is a vote for another term.
    OtherTerm(Term),
    /// The voter is none by the candidate's configuration.
    NoVoter,
}

/// What is known of a node.
#[derive(Clone, Debug, Default)]
pub struct Elector {
    /// What it last wrote as its vote, with its term.
    vote: Option<(Term, NodeId, Cite)>,
    /// When it came to each term.
    pub entered: BTreeMap<Term, Cite>,
    /// Whom it voted for in each term, first.
    pub voted: BTreeMap<Term, (NodeId, Cite)>,
    /// What it last heard: a message from somebody, or its timer.
    heard: Option<(Option<NodeId>, Cite)>,
    /// The leader that it knows of, and when it heard it last.
    leader: Option<NodeId>,
    leader_heard: Option<Cite>,
    /// Its attempt that is under way, and those that answers may still come for.
    current: Option<usize>,
    open: Vec<usize>,
}

/// Follows all elections of a run.
pub struct Elections {
    pub shadow: Shadow,
    pub nodes: Vec<Elector>,
    pub attempts: Vec<Attempt>,
    /// Questions and answers on their way: the attempt, the voter, and whether it is the answer.
    flights: BTreeMap<u64, (usize, NodeId, bool)>,
    /// The highest term that a node reached.
    pub highest: Term,
}

impl Elections {
    /// Of a run of this plan.
    pub fn new(plan: &Plan) -> Elections {
        Elections {
            shadow: Shadow::of(plan),
            nodes: vec![Elector::default(); usize::from(plan.cluster.nodes)],
            attempts: Vec::new(),
            flights: BTreeMap::new(),
            highest: Term::ZERO,
        }
    }

    /// Takes note of a record.
    pub fn see(&mut self, record: &Record) {
        let Some(node) = record.node else {
            self.shadow.observe(record);
            return;
        };
        let cite = Cite::of(record);
        let elector = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Send { to, id, message } => self.sent((node, to), id, &message, cite),
            Kind::Deliver { from, id, message } => self.delivered((from, node), id, &message, cite),
            Kind::Drop { id, why, .. } => self.dropped(node, id, why, cite),
            Kind::Timer { .. } => elector.heard = Some((None, cite)),
            Kind::Leader { leader } => elector.leader = leader,
            Kind::Boot { term, vote, .. } => {
                (elector.leader, elector.leader_heard) = (None, None);
                elector.vote = vote.map(|vote| (term, vote, cite));
                self.enter(node, term, cite);
            }
            Kind::Vote { term, vote: Some(vote), .. } => self.writes((node, vote), term, cite),
            Kind::Term { term } => self.enter(node, term, cite),
            Kind::Role { role, term } => self.play(node, role, term, cite),
            Kind::Crash(_) => self.crash(node, cite),
            _ => {}
        }
        self.shadow.observe(record);
    }

    fn writes(&mut self, (node, vote): (NodeId, NodeId), term: Term, cite: Cite) {
        let elector = &mut self.nodes[node.slot()];
        elector.vote = Some((term, vote, cite));
        elector.voted.entry(term).or_insert((vote, cite));
        let current = elector.current.filter(|_| vote == node);
        if let Some(attempt) = current.map(|at| &mut self.attempts[at])
            && (attempt.term, attempt.pre) == (term, false)
        {
            attempt.own.get_or_insert(cite);
        }
    }

    fn enter(&mut self, node: NodeId, term: Term, cite: Cite) {
        self.highest = self.highest.max(term);
        self.nodes[node.slot()].entered.entry(term).or_insert(cite);
        let elector = &self.nodes[node.slot()];
        let Some(attempt) = elector.current.map(|at| &self.attempts[at]) else { return };
        // Who won its pre-votes stands in the next term: `play` takes note of that.
        if term > attempt.term || (attempt.pre && term == attempt.term) {
            let why = match elector.heard {
                Some((Some(_), message)) if attempt.pre && self.is_won(node) => {
                    return self.over(node, Some(message));
                }
                Some((None, timer)) => {
                    format!("its election timed out ({timer}), and it stood in term {term}")
                }
                Some((Some(from), message)) => {
                    format!("it heard of term {term} from {from} ({message})")
                }
                None => format!("it went on to term {term} ({cite})"),
            };
            self.end(node, cite, why);
        }
    }

    /// Whether a node has the votes that it asks for.
    fn is_won(&self, node: NodeId) -> bool {
        self.nodes[node.slot()].current.is_some_and(|at| self.attempts[at].tally().is_majority())
    }

    fn play(&mut self, node: NodeId, role: Role, term: Term, cite: Cite) {
        let current = self.nodes[node.slot()].current;
        match role {
            Role::Candidate => {
                if current.is_some_and(|at| self.attempts[at].pre) {
                    self.over(node, Some(cite));
                }
                self.begin(node, term, false, cite);
            }
            Role::PreCandidate => {
                let why = "its election timed out, and it asked whether it could win another";
                self.end(node, cite, format!("{why} ({cite})"));
                self.begin(node, term.next(), true, cite);
            }
            Role::Leader => self.over(node, Some(cite)),
            Role::Follower => {
                let from = match self.nodes[node.slot()].heard {
                    Some((Some(from), message)) => format!(" from {from} ({message})"),
                    _ => format!(" ({cite})"),
                };
                self.end(node, cite, format!("it heard of the term's leader{from}"));
            }
        }
    }

    fn begin(&mut self, node: NodeId, term: Term, pre: bool, cite: Cite) {
        let voters = vec![Voter::default(); self.nodes.len()];
        let configuration = self.shadow.configuration_of(node);
        let (stood, won, ended, last, own) = (cite, None, None, None, None);
        let elector = &mut self.nodes[node.slot()];
        elector.current = Some(self.attempts.len());
        elector.open.push(self.attempts.len());
        if elector.open.len() > OPEN_MAX {
            elector.open.remove(0);
        }
        let fresh =
            Attempt { node, term, pre, stood, configuration, won, ended, last, own, voters };
        self.attempts.push(fresh);
    }

    /// An attempt is won.
    fn over(&mut self, node: NodeId, won: Option<Cite>) {
        if let Some(at) = self.nodes[node.slot()].current.take() {
            self.attempts[at].won = won;
        }
    }

    /// An attempt came to nothing.
    fn end(&mut self, node: NodeId, cite: Cite, why: String) {
        if let Some(at) = self.nodes[node.slot()].current.take() {
            self.attempts[at].ended = Some((cite, why));
        }
    }

    fn crash(&mut self, node: NodeId, cite: Cite) {
        self.end(node, cite, format!("it crashed ({cite})"));
        self.nodes[node.slot()].heard = None;
        let open = self.nodes.iter().flat_map(|elector| &elector.open);
        for at in open.copied().collect::<Vec<_>>() {
            let voter = &mut self.attempts[at].voters[node.slot()];
            if voter.reached.is_some() && voter.answered.is_none() {
                let words = format!("it crashed before its answer left ({cite})");
                voter.lost.get_or_insert((cite, words));
            }
        }
    }

    fn sent(&mut self, (from, to): (NodeId, NodeId), id: u64, message: &Summary, cite: Cite) {
        match *message {
            Summary::RequestVote { term, last_index, last_term, .. } => {
                self.ask((from, to), id, (term, false), (last_term, last_index), cite);
            }
            Summary::PreVote { term, last_index, last_term } => {
                self.ask((from, to), id, (term, true), (last_term, last_index), cite);
            }
            Summary::Vote { term, granted } => {
                self.answers((from, to), id, false, Answer { cite, granted, term });
            }
            Summary::PreVoteReply { term, granted } => {
                self.answers((from, to), id, true, Answer { cite, granted, term });
            }
            _ => {}
        }
    }

    fn ask(
        &mut self,
        (from, to): (NodeId, NodeId),
        id: u64,
        (term, pre): (Term, bool),
        last: (Term, Index),
        cite: Cite,
    ) {
        let is_it = |attempt: &Attempt| (attempt.term, attempt.pre) == (term, pre);
        let current = self.nodes[from.slot()].current.map(|at| &self.attempts[at]);
        // A node that asks for pre-votes again is what it was before, so no record but the question says that it does.
        let again = |attempt: &Attempt| pre && attempt.voters[to.slot()].asked.is_some();
        if !current.is_some_and(|attempt| is_it(attempt) && !again(attempt)) {
            if !pre {
                return;
            }
            let why = "its election timed out, and it asked again";
            self.end(from, cite, format!("{why} ({cite})"));
            self.begin(from, term, pre, cite);
        }
        let Some(at) = self.nodes[from.slot()].current else { return };
        let attempt = &mut self.attempts[at];
        attempt.last = Some(last);
        attempt.voters[to.slot()].asked.get_or_insert(cite);
        self.flights.insert(id, (at, to, false));
    }

    /// A voter answers: a grant with the term of the question, a refusal also out of an earlier or a later term.
    fn answers(&mut self, (from, to): (NodeId, NodeId), id: u64, pre: bool, answer: Answer) {
        let waits = |at: &usize| {
            let attempt = &self.attempts[*at];
            let voter = &attempt.voters[from.slot()];
            attempt.pre == pre && voter.reached.is_some() && voter.answered.is_none()
        };
        let open = &self.nodes[to.slot()].open;
        let same = |at: &usize| self.attempts[*at].term == answer.term;
        let found = open.iter().copied().filter(waits);
        let found = found.clone().find(same).or_else(|| found.clone().next());
        if let Some(at) = found {
            self.attempts[at].voters[from.slot()].answered = Some(answer);
            self.flights.insert(id, (at, from, true));
        }
    }

    fn delivered(
        &mut self,
        (from, node): (NodeId, NodeId),
        id: u64,
        message: &Summary,
        cite: Cite,
    ) {
        let elector = &mut self.nodes[node.slot()];
        elector.heard = Some((Some(from), cite));
        let leads = matches!(
            message,
            Summary::AppendEntries { .. } | Summary::InstallSnapshot { .. } | Summary::Other { .. }
        );
        if leads && elector.leader == Some(from) {
            elector.leader_heard = Some(cite);
        }
        let Some((at, voter, is_answer)) = self.flights.get(&id).copied() else { return };
        if is_answer {
            let is_current = self.nodes[node.slot()].current == Some(at);
            let attempt = &mut self.attempts[at];
            let heard = attempt.hears(voter, is_current);
            attempt.voters[voter.slot()].counted.get_or_insert((cite, heard));
        } else if self.attempts[at].voters[voter.slot()].reached.is_none() {
            let attempt = &self.attempts[at];
            let term = self.shadow.node(voter).term;
            let (against, besides) = (self.against(voter, attempt), self.besides(voter, attempt));
            let reached = Reached { cite, term, against, besides };
            self.attempts[at].voters[voter.slot()].reached = Some(reached);
        }
    }

    fn dropped(&mut self, node: NodeId, id: u64, why: Loss, cite: Cite) {
        let Some((at, peer, _)) = self.flights.get(&id).copied() else { return };
        let what = if node == peer { "the question" } else { "the answer" };
        let why = loss_words(why);
        let words = format!("{what} was lost: {why} ({cite})");
        self.attempts[at].voters[peer.slot()].lost.get_or_insert((cite, words));
    }

    /// What speaks against a vote, as things stand when the question arrives (5.1, 5.2, 5.4.1).
    fn against(&self, voter: NodeId, attempt: &Attempt) -> Option<String> {
        let standing = self.shadow.node(voter);
        let asks = attempt.node;
        if standing.term > attempt.term {
            return Some(format!("it was in term {} already", standing.term));
        }
        if let Some((term, vote, cite)) = self.nodes[voter.slot()].vote
            && (term, attempt.pre) == (attempt.term, false)
            && vote != asks
        {
            let target = if vote == voter { "itself".into() } else { vote.to_string() };
            return Some(format!("it had voted for {target} ({cite})"));
        }
        let own = (self.shadow.last_term(voter), standing.last_index());
        let last = attempt.last?;
        (own > last).then(|| {
            let (own, asked) = (entry(own), entry(last));
            format!("its log is more up to date: it ends with {own}, the candidate's with {asked}")
        })
    }

    /// Why a voter may refuse although nothing speaks against a vote.
    fn besides(&self, voter: NodeId, attempt: &Attempt) -> String {
        let elector = &self.nodes[voter.slot()];
        let configuration = self.shadow.configuration_of(voter);
        if !configuration.voting().contains(voter) {
            return format!("by its own log it is no voter ({})", members(configuration));
        }
        if let Some(leader) = elector.leader.filter(|leader| *leader != attempt.node) {
            let heard = match elector.leader_heard {
                _ if leader == voter => String::new(),
                Some(cite) => format!(", which it heard last {cite}"),
                None => ", of which it has heard nothing".into(),
            };
            let whom = if leader == voter { "itself".into() } else { leader.to_string() };
            return format!("it had {whom} as its leader{heard}");
        }
        let own = (self.shadow.last_term(voter), self.shadow.node(voter).last_index());
        let (own, asked) = (entry(own), entry(attempt.last.unwrap_or_default()));
        format!(
            "nothing speaks against a vote: its log ends with {own}, the candidate's with {asked}"
        )
    }
}

impl Attempt {
    /// The votes that count, its own among them.
    pub fn granted(&self) -> NodeSet {
        let counts =
            |(_, voter): &(usize, &Voter)| matches!(voter.counted, Some((_, Heard::Counts)));
        let votes = self.voters.iter().enumerate().filter(counts);
        let own = (self.pre || self.own.is_some()).then_some(self.node);
        votes.map(|(slot, _)| NodeId::at(slot)).chain(own).collect()
    }

    /// How many of the voters it has.
    pub fn tally(&self) -> Tally {
        Tally::of(self.configuration, self.granted())
    }

    /// What becomes of the answer of a voter that arrives.
    fn hears(&self, voter: NodeId, is_current: bool) -> Heard {
        match self.voters[voter.slot()].answered {
            Some(Answer { granted: false, .. }) | None => Heard::Refused,
            Some(Answer { term, .. }) if term != self.term => Heard::OtherTerm(term),
            Some(_) if !self.configuration.voting().contains(voter) => Heard::NoVoter,
            Some(_) if is_current || self.won.is_some() => Heard::Counts,
            Some(_) => Heard::Late,
        }
    }

    /// Why a voter refused, in words; nothing if that is not known.
    pub fn reason(&self, voter: &Voter) -> Option<String> {
        let Reached { against, besides, .. } = voter.reached.as_ref()?;
        let answer = voter.answered.filter(|answer| !answer.granted)?;
        let stayed = match self.pre {
            false if answer.term < self.term => format!(", and stayed in term {}", answer.term),
            _ => String::new(),
        };
        let why = against.clone().filter(|_| stayed.is_empty());
        Some(why.unwrap_or_else(|| format!("{besides}{stayed}")))
    }
}

/// A last entry, as text traces have it.
pub fn entry((term, index): (Term, Index)) -> String {
    if index == Index::ZERO { "nothing".into() } else { format!("{index}@{term}") }
}
