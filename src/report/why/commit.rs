//! Why an entry was committed, or why it was not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::shares;
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::node::Role;
use crate::oracle::shadow::NodeShadow;
use crate::oracle::{PrefixId, Shadow};
use crate::plan::Plan;
use crate::record::{Kind, Loss, Record};
use crate::report::cite::Cite;
use crate::trace::text::{loss_words, words};

/// Why the entry at an index was committed: who committed it, which disks held it, and how the leader knew.
pub struct Commit {
    index: Index,
    shadow: Shadow,
    /// Everyone who appended an entry at the index, in order.
    appends: Vec<(NodeId, Term, Cite)>,
    /// Whose log lost an entry there, and how.
    removals: Vec<(NodeId, PrefixId, String, Cite)>,
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
    /// What its log holds at the index.
    held: Option<PrefixId>,
    /// The last message of each other node that reached it, or was lost on its way, with why.
    last_message: BTreeMap<NodeId, (Option<Loss>, Cite)>,
    /// What its disk holds at the index, and since when.
    on_disk: Option<(PrefixId, Cite)>,
    /// Who told it, as the leader, to have the entry: the first answer of each.
    acks: BTreeMap<NodeId, (Index, Cite)>,
}

impl Commit {
    pub fn new(plan: &Plan, index: Index) -> Commit {
        Commit {
            index,
            shadow: Shadow::of(plan),
            appends: Vec::new(),
            removals: Vec::new(),
            nodes: vec![Replica::default(); usize::from(plan.cluster.nodes)],
            highest: Index::ZERO,
            first: None,
            echoes: BTreeSet::new(),
            text: String::new(),
        }
    }

    pub fn see(&mut self, record: &Record) {
        self.shadow.observe(record);
        let Some(node) = record.node else { return };
        let cite = Cite::of(record);
        let replica = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Boot { .. } => (replica.commit, replica.acks) = Default::default(),
            Kind::Role { .. } => replica.acks.clear(),
            Kind::Append { index, term, .. } if index == self.index => {
                self.appends.push((node, term, cite));
            }
            Kind::Drop { from, why, .. } => {
                replica.last_message.insert(from, (Some(why), cite));
            }
            Kind::Deliver { from, message, .. } => {
                replica.last_message.insert(from, (None, cite));
                let current = message.term() == self.shadow.node(node).term;
                let acknowledged = message.acknowledged().filter(|upto| *upto >= self.index);
                if let (true, Some(upto)) = (current, acknowledged) {
                    replica.acks.entry(from).or_insert((upto, cite));
                }
            }
            Kind::Commit { index, .. } => self.commit(node, index, cite),
            _ => {}
        }
        let (held, place) = {
            let node = self.shadow.node(node);
            (node.at(self.index), node.durable_at(self.index))
        };
        let replica = &mut self.nodes[node.slot()];
        if let Some(before) = std::mem::replace(&mut replica.held, held)
            && held != Some(before)
        {
            let how = words(&record.kind, record.node);
            self.removals.push((node, before, how, cite));
        }
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
        let counted = match place {
            Some(place) => shadow.committing(node, index, place),
            None => shadow.configuration_of(node),
        };
        let (share, enough) = shares(counted, holders, "disks");
        let enough = if enough { "a majority" } else { "NO majority" };
        let _ = writeln!(text, "  it was then on {share}, {enough}:");
        for (node, since) in disks {
            let lies = shadow.node(node).is_lied_about(index);
            let lie = if lies { "; so it SAYS, and LIES" } else { "" };
            let counts = if counted.voting().contains(node) { "" } else { "; it is no voter" };
            let _ = writeln!(text, "    {node} since {since}{lie}{counts}");
        }
        let acks = &self.nodes[node.slot()].acks;
        if leads {
            let whom = if acks.is_empty() { "from nobody that it is there" } else { "so from:" };
            let _ = writeln!(text, "  {node} had heard {whom}");
            for (peer, (index, cite)) in acks {
                let counts = match counted.voting().contains(*peer) {
                    true => "",
                    false => "; it is no voter, so that does not count",
                };
                let _ = writeln!(text, "    {peer}, that it matches up to {index}, {cite}{counts}");
            }
        }
        text
    }

    pub fn tell(self) -> Result<String, String> {
        if self.first.is_some() {
            return Ok(self.text);
        }
        let most = match self.highest {
            Index::ZERO => "nothing was".into(),
            highest => format!("the highest index that was is {highest}"),
        };
        if self.appends.is_empty() {
            let index = self.index;
            return Err(format!(
                "the entry at index {index} was never committed in this run; {most}"
            ));
        }
        let mut text =
            format!("no entry at index {} was committed in this run; {most}\n", self.index);
        let mut terms: Vec<Term> = self.appends.iter().map(|(_, term, _)| *term).collect();
        terms.sort_unstable();
        terms.dedup();
        for term in terms {
            self.tell_entry(term, &mut text);
        }
        let leads = |(_, node): &(NodeId, &NodeShadow)| node.up && node.role == Role::Leader;
        match self.shadow.nodes().filter(leads).max_by_key(|(_, node)| node.term) {
            Some((leader, _)) => self.tell_obstacles(leader, &mut text),
            None => text += "  nobody leads in the end: `squall why --leaderless` says why\n",
        }
        Ok(text)
    }

    /// Who had an entry of this term at the index, and what became of it.
    fn tell_entry(&self, term: Term, text: &mut String) {
        let is_it = |place: Option<PrefixId>| {
            place.is_some_and(|place| self.shadow.chain.link(place).term == term)
        };
        let mut appends = self.appends.iter().filter(|it| it.1 == term);
        if let Some((first, _, cite)) = appends.next() {
            let _ = writeln!(text, "  the entry of term {term}: {first} had it first, {cite}");
        }
        let nodes = || self.shadow.nodes();
        let held: NodeSet =
            nodes().filter(|it| is_it(it.1.at(self.index))).map(|it| it.0).collect();
        let disks = nodes().filter(|it| is_it(it.1.durable_at(self.index))).map(|it| it.0);
        let disks: NodeSet = disks.collect();
        let _ = match (held.is_empty(), disks.is_empty()) {
            (true, _) => writeln!(text, "    in the end no log has it"),
            (_, true) => {
                writeln!(text, "    in the end it is in the logs of {held}, and on no disk")
            }
            _ => writeln!(
                text,
                "    in the end it is in the logs of {held}, and on the disks of {disks}"
            ),
        };
        for (node, place, how, cite) in &self.removals {
            if is_it(Some(*place)) && !held.contains(*node) {
                let _ = writeln!(text, "    {node} lost it, {cite}: it {how}");
            }
        }
    }

    /// Why the leader in the end does not commit.
    fn tell_obstacles(&self, leader: NodeId, text: &mut String) {
        let (shadow, index) = (&self.shadow, self.index);
        let own = shadow.node(leader);
        let Some(place) = own.at(index) else {
            let last = own.last_index();
            let _ =
                writeln!(text, "  {leader} leads term {}, and its log ends with {last}", own.term);
            return;
        };
        let term = shadow.chain.link(place).term;
        let configuration = shadow.configuration_of(leader);
        let disks = shadow.nodes().filter(|(_, node)| node.durable_at(index) == Some(place));
        let disks: NodeSet = disks.map(|(id, _)| id).collect();
        let (share, enough) = shares(configuration, disks, "disks");
        let enough = if enough { "a majority" } else { "no majority" };
        let of = own.term;
        let _ = writeln!(
            text,
            "  {leader} leads term {of}, and has the entry of term {term}, which is on {share}, {enough}"
        );
        if term < of {
            let _ = writeln!(
                text,
                "    it is of an older term: an entry of term {of} has to be on a majority first (5.4.2)"
            );
        }
        let acks = &self.nodes[leader.slot()].acks;
        for peer in configuration.voting().iter().filter(|peer| *peer != leader) {
            let standing = shadow.node(peer);
            let heard = match acks.get(&peer) {
                Some((_, cite)) => format!("; {leader} heard that it has it, {cite}"),
                None => format!("; {leader} has not heard that it has it"),
            };
            let has = match disks.contains(peer) {
                true => "has it".into(),
                false => format!("lacks it: its log ends with {}", standing.last_index()),
            };
            let down = if standing.up { "" } else { "; it is down" };
            let lost = match self.nodes[peer.slot()].last_message.get(&leader) {
                _ if !standing.up => String::new(),
                Some((Some(why), cite)) => {
                    format!("; what {leader} sent it last was lost: {}, {cite}", loss_words(*why))
                }
                Some((None, cite)) => format!("; it heard {leader} for the last time {cite}"),
                None => format!("; it never heard {leader}"),
            };
            let _ = writeln!(text, "    {peer} {has}{heard}{down}{lost}");
        }
    }
}
