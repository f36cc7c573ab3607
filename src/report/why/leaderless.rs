//! Why nobody leads at some time: what each node was doing then, and who refused whom.

use std::fmt::Write as _;

use super::term::tell_attempt;
use crate::ids::{NodeId, NodeSet, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::quorum::Tally;
use crate::plan::Plan;
use crate::record::{Kind, Record};
use crate::report::cite::Cite;
use crate::report::elections::Elections;
use crate::time::Time;
use crate::trace::text::{members, words};
use crate::trace::view::ClusterView;

/// Follows a run, and keeps what it was at a time.
pub struct Leaderless {
    elections: Elections,
    view: ClusterView,
    at: Time,
    /// Each node at that time.
    nodes: Vec<Standing>,
    /// The leader that a majority of the voters follows now, and since when.
    reign: Option<(NodeId, Term, Cite)>,
    /// The last of them that ended before that time.
    before: Option<Reign>,
    /// How the last to lead before that time stopped leading.
    ended: Option<(NodeId, Cite, String)>,
    /// The first leader afterwards that a majority follows.
    after: Option<(NodeId, Term, Cite)>,
    /// Who led then, its term, who followed it, and whether they are a majority.
    leader: Option<(NodeId, Term, (NodeSet, bool))>,
    /// Whether nodes have been looked at.
    looked: bool,
}

/// A leader that a majority of the voters followed.
#[derive(Clone, Debug)]
struct Reign {
    leader: NodeId,
    term: Term,
    since: Cite,
    /// What ended it, in words.
    until: (Cite, String),
}

/// What a node was at that time.
#[derive(Clone, Debug, Default)]
struct Standing {
    words: String,
    /// How it went down, or was paused, last.
    stopped: Option<(Cite, String)>,
    /// What it last heard of a leader.
    heard: Option<(NodeId, Term, Cite)>,
}

impl Leaderless {
    /// Of a run of this plan, at this time.
    pub fn new(plan: &Plan, at: Time) -> Leaderless {
        let nodes = plan.cluster.nodes;
        Leaderless {
            elections: Elections::new(plan),
            view: ClusterView::new(nodes),
            at,
            nodes: vec![Standing::default(); usize::from(nodes)],
            reign: None,
            before: None,
            ended: None,
            after: None,
            leader: None,
            looked: false,
        }
    }

    /// Takes note of a record.
    pub fn see(&mut self, record: &Record) {
        if record.time > self.at && !self.looked {
            self.look();
        }
        let led = record.node.is_some_and(|id| self.leads(id));
        self.elections.see(record);
        self.view.follow(record);
        let Some(id) = record.node else { return };
        let cite = Cite::of(record);
        if led && !self.leads(id) && !self.looked {
            self.ended = Some((id, cite, words(&record.kind, record.node)));
        }
        self.follow_reign(record, cite);
        let standing = &mut self.nodes[id.slot()];
        match record.kind {
            _ if self.looked => {}
            Kind::Crash(_) | Kind::Refuse { .. } | Kind::Pause => {
                standing.stopped = Some((cite, words(&record.kind, record.node)));
            }
            Kind::Deliver { from, message, .. } if !message.is_reply() => {
                let current = message.term() >= self.elections.shadow.node(id).term;
                let beats = matches!(
                    message,
                    Summary::AppendEntries { .. } | Summary::InstallSnapshot { .. }
                );
                if beats && current {
                    standing.heard = Some((from, message.term(), cite));
                }
            }
            _ => {}
        }
    }

    fn leads(&self, id: NodeId) -> bool {
        let node = self.view.node(id);
        node.up && node.role == Role::Leader
    }

    /// Keeps who led with a majority behind it, from when to when.
    fn follow_reign(&mut self, record: &Record, cite: Cite) {
        let now = self.leader().filter(|(.., enough)| enough.1).map(|(id, term, _)| (id, term));
        if now == self.reign.map(|(id, term, _)| (id, term)) {
            return;
        }
        let ended = self.reign.take();
        self.reign = now.map(|(id, term)| (id, term, cite));
        if self.looked {
            self.after = self.after.or(self.reign);
        } else if let (Some((leader, term, since)), Some(node)) = (ended, record.node) {
            let until = (cite, format!("{node} {}", words(&record.kind, record.node)));
            self.before = Some(Reign { leader, term, since, until });
        }
    }

    /// The leader of the latest term, its term, who follows it, and whether they are a majority of its voters.
    fn leader(&self) -> Option<(NodeId, Term, (NodeSet, bool))> {
        let ids = || (0..self.nodes.len()).map(NodeId::at);
        let latest = ids().filter(|id| self.leads(*id)).max_by_key(|id| self.view.node(*id).term);
        latest.map(|leader| {
            let term = self.view.node(leader).term;
            let follows = |id: &NodeId| {
                let node = self.view.node(*id);
                node.up && !node.paused && node.leader == Some(leader) && node.term == term
            };
            let followers: NodeSet = ids().filter(follows).chain([leader]).collect();
            let configuration = self.elections.shadow.configuration_of(leader);
            let enough = Tally::of(configuration, followers).is_majority();
            (leader, term, (followers, enough))
        })
    }

    /// The time has come.
    fn look(&mut self) {
        self.looked = true;
        for slot in 0..self.nodes.len() {
            let id = NodeId::at(slot);
            self.nodes[slot].words = self.words(id);
        }
        self.leader = self.leader();
    }

    fn words(&self, id: NodeId) -> String {
        let (node, standing) = (self.view.node(id), &self.nodes[id.slot()]);
        let shadow = &self.elections.shadow;
        let stopped = standing.stopped.as_ref();
        let stopped = stopped.map_or_else(String::new, |(cite, what)| format!(": {what}, {cite}"));
        if !node.up {
            return format!("is down{stopped}");
        }
        if node.paused {
            return format!("stands still{stopped}");
        }
        let does = match node.role {
            Role::Leader => "leads",
            Role::Candidate => "stands for election in",
            Role::PreCandidate => "asks for pre-votes in",
            Role::Follower => "follows in",
        };
        let mut text =
            format!("{does} term {}, with a log up to {}", node.term, shadow.node(id).last_index());
        let configuration = shadow.configuration_of(id);
        if !configuration.voting().contains(id) {
            let _ = write!(text, "; it is no voter by its own log ({})", members(configuration));
        }
        if node.role != Role::Leader
            && let Some((from, term, cite)) = standing.heard
        {
            let _ = write!(
                text,
                "; it heard {from} as the leader of term {term} for the last time {cite}"
            );
        }
        text
    }

    /// The answer, of a run that ended at this time.
    pub fn tell(mut self, ended: Time) -> Result<String, String> {
        if self.at > ended {
            return Err(format!("the run ended at {ended}s; there is nothing at {}s", self.at));
        }
        if !self.looked {
            self.look();
        }
        let at = self.at;
        if let Some((id, term, followers)) = self.leader.filter(|(.., enough)| enough.1) {
            let followers = followers.0.without(NodeSet::only(id));
            return Err(format!("{id} leads term {term} at {at}s, and is followed by {followers}"));
        }
        let mut text = match self.leader {
            None => format!("nobody leads at {at}s\n"),
            Some((id, term, _)) => {
                format!("{id} leads term {term} at {at}s, but no majority of voters follows it\n")
            }
        };
        self.tell_before(&mut text);
        for (slot, standing) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "  {} {}", NodeId::at(slot), standing.words);
        }
        self.tell_attempts(&mut text);
        let same = self.leader.map(|(id, term, _)| (id, term));
        let _ = match self.after {
            Some((id, term, cite)) if same == Some((id, term)) => {
                writeln!(text, "a majority followed {id} again, in term {term}, {cite}")
            }
            Some((id, term, cite)) => {
                writeln!(text, "the next that a majority followed was {id}, in term {term}, {cite}")
            }
            None => {
                writeln!(text, "no majority followed a leader from then on, to the end of the run")
            }
        };
        Ok(text)
    }

    /// Who led last before that time, with a majority behind it and at all.
    fn tell_before(&self, text: &mut String) {
        let _ = match &self.before {
            None => writeln!(text, "  no majority had followed a leader before"),
            Some(Reign { leader, term, since, until: (cite, what) }) => writeln!(
                text,
                "  the last that a majority followed was {leader}, in term {term}, from {}s (#{}) until {what}, {cite}",
                since.1, since.0
            ),
        };
        let ends = self.before.as_ref().map(|reign| reign.until.0);
        if let (None, Some((id, cite, what))) = (self.leader, &self.ended)
            && ends != Some(*cite)
        {
            let _ = writeln!(text, "  the last to lead at all was {id}, until it {what}, {cite}");
        }
    }

    /// What each node asked for last, before that time, since a majority followed a leader.
    fn tell_attempts(&self, text: &mut String) {
        let since = self.before.as_ref().map_or(Time::ZERO, |reign| reign.until.0.1);
        for slot in 0..self.nodes.len() {
            let id = NodeId::at(slot);
            let own = self.elections.attempts.iter().filter(|it| it.node == id);
            let own: Vec<_> =
                own.filter(|it| it.stood.1 <= self.at && it.stood.1 >= since).collect();
            let whole =
                own.iter().rfind(|it| it.ended.as_ref().is_some_and(|(end, _)| end.1 <= self.at));
            let Some(last) = whole.or(own.last()) else { continue };
            let _ = match own.len() {
                1 => writeln!(text, "since then {id} asked for votes once:"),
                count => {
                    writeln!(text, "since then {id} asked for votes {count} times, for example so:")
                }
            };
            tell_attempt(&self.elections, last, text);
        }
    }
}
