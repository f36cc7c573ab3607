//! Why an entry was committed: who committed it, which disks held it, and how the leader knew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Cite;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term};
use crate::node::Role;
use crate::oracle::PrefixId;
use crate::oracle::quorum::Tally;
use crate::oracle::shadow::Shadow;
use crate::record::{Kind, Record};

/// What is known of the entry at one index.
pub struct Story {
    index: Index,
    shadow: Shadow,
    /// Everyone who appended an entry at the index, in order.
    appends: Vec<(NodeId, Term, Cite)>,
    nodes: Vec<Knowledge>,
    /// The highest index that any node committed.
    highest: Index,
    committed: Option<Committed>,
    /// When each other node knew of the commit, or committed another entry there.
    heard: Vec<Echo>,
}

/// What is known of one node.
#[derive(Clone, Debug, Default)]
struct Knowledge {
    commit: Index,
    /// What its disk holds at the index, and since when.
    on_disk: Option<(PrefixId, Cite)>,
    /// Who told it, as the leader, to have the entry: the first answer of each.
    acks: BTreeMap<NodeId, (Index, Cite)>,
}

/// A later commit that covers the index.
struct Echo {
    node: NodeId,
    cite: Cite,
    /// Whether it is the same entry. Not so where Raft was broken, or a plan destroyed what it relies on.
    same: bool,
}

/// The entry is on a disk.
struct Held {
    node: NodeId,
    since: Cite,
    /// Whether the disk only said so.
    lie: bool,
}

/// The first commit that covers the index, as things stood then.
struct Committed {
    cite: Cite,
    node: NodeId,
    role: Role,
    node_term: Term,
    /// The node's commit index before and after.
    from: Index,
    to: Index,
    /// The term of the entry, and that of the entry up to which the node committed; none if the node does not have it.
    term: Option<Term>,
    place: Option<PrefixId>,
    last_term: Option<Term>,
    /// By whose disks it counts.
    configuration: Configuration,
    disks: Vec<Held>,
    acks: BTreeMap<NodeId, (Index, Cite)>,
}

impl Story {
    /// Before the first record.
    pub fn new(nodes: u8, index: Index) -> Story {
        Story {
            index,
            shadow: Shadow::new(nodes),
            appends: Vec::new(),
            nodes: vec![Knowledge::default(); usize::from(nodes)],
            highest: Index::ZERO,
            committed: None,
            heard: Vec::new(),
        }
    }

    /// Takes note of a record.
    pub fn see(&mut self, record: &Record) {
        let Some(node) = record.node else { return };
        self.shadow.observe(record);
        let cite = Cite::of(record);
        let knowledge = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Boot { .. } | Kind::Role { .. } => {
                knowledge.acks.clear();
                if matches!(record.kind, Kind::Boot { .. }) {
                    knowledge.commit = Index::ZERO;
                }
            }
            Kind::Append { index, term, .. } if index == self.index => {
                self.appends.push((node, term, cite));
            }
            Kind::Deliver { from, message, .. } => {
                let current = message.term() == self.shadow.node(node).term;
                let acknowledged = message.acknowledged().filter(|upto| *upto >= self.index);
                if let (true, Some(upto)) = (current, acknowledged) {
                    knowledge.acks.entry(from).or_insert((upto, cite));
                }
            }
            Kind::Commit { index, .. } => self.commit(node, index, cite),
            _ => {}
        }
        self.look_at_disk(node, cite);
    }

    fn look_at_disk(&mut self, node: NodeId, cite: Cite) {
        let place = self.shadow.node(node).durable_at(self.index);
        let knowledge = &mut self.nodes[node.slot()];
        if knowledge.on_disk.map(|(place, _)| place) != place {
            knowledge.on_disk = place.map(|place| (place, cite));
        }
    }

    fn commit(&mut self, node: NodeId, to: Index, cite: Cite) {
        self.highest = self.highest.max(to);
        let knowledge = &mut self.nodes[node.slot()];
        let from = std::mem::replace(&mut knowledge.commit, to);
        if to < self.index || from >= self.index {
            return;
        }
        if let Some(committed) = &self.committed {
            // A node that restarts hears of it once more, which is no news.
            let same = self.shadow.node(node).at(self.index) == committed.place;
            let known = self.heard.iter().any(|echo| echo.node == node && echo.same == same);
            let own = same && committed.node == node;
            if !known && !own {
                self.heard.push(Echo { node, cite, same });
            }
            return;
        }
        let (shadow, index) = (&self.shadow, self.index);
        let standing = shadow.node(node);
        let place = standing.at(index);
        let term_of = |place: PrefixId| shadow.chain.link(place).term;
        let holds = |(slot, knowledge): (usize, &Knowledge)| {
            let (held, since) = knowledge.on_disk?;
            let node = NodeId::at(slot);
            let lie = shadow.node(node).is_lied_about(index);
            (Some(held) == place).then_some(Held { node, since, lie })
        };
        self.committed = Some(Committed {
            cite,
            node,
            role: standing.role,
            node_term: standing.term,
            from,
            to,
            term: place.map(term_of),
            place,
            last_term: standing.at(to).map(term_of),
            configuration: shadow.configuration_of(node),
            disks: self.nodes.iter().enumerate().filter_map(holds).collect(),
            acks: self.nodes[node.slot()].acks.clone(),
        });
    }

    /// The answer.
    ///
    /// # Errors
    ///
    /// A sentence, if there is no answer in the run.
    pub fn tell(&self) -> Result<String, String> {
        let index = self.index;
        let Some(committed) = &self.committed else {
            return Err(format!(
                "the entry at index {index} was never committed in this run; {}",
                match self.highest {
                    Index::ZERO => "nothing was".into(),
                    highest => format!("the highest index that was is {highest}"),
                }
            ));
        };
        let mut text = String::new();
        let Committed { cite, node, node_term, term, .. } = committed;
        let what =
            term.map_or("no entry that the node has".into(), |term| format!("of term {term}"));
        let role = match committed.role {
            Role::Leader => format!("the leader of term {node_term}"),
            Role::PreCandidate => format!("a pre-candidate in term {node_term}, not a leader"),
            Role::Candidate => format!("a candidate in term {node_term}, not a leader"),
            Role::Follower => format!("a follower in term {node_term}, not a leader"),
        };
        let _ = writeln!(text, "entry {index}, {what}, was committed {cite}, by {node}, {role}");
        self.tell_reach(committed, &mut text);
        let origin = self.appends.iter().find(|(_, of, _)| Some(*of) == *term);
        if let Some((first, _, cite)) = origin {
            let _ = writeln!(text, "  {first} had it first, {cite}");
        }
        self.tell_disks(committed, &mut text);
        self.tell_acks(committed, &mut text);
        for Echo { node, cite, same } in &self.heard {
            let what = if *same { "knew of the commit" } else { "committed ANOTHER entry there" };
            let _ = writeln!(text, "  {node} {what} {cite}");
        }
        Ok(text)
    }

    /// Up to where the node committed, and why that carries the entry.
    fn tell_reach(&self, committed: &Committed, text: &mut String) {
        let Committed { from, to, node_term, .. } = committed;
        let _ = write!(text, "  its commit index went from {from} to {to}");
        match committed.last_term {
            Some(last) if *to > self.index && last == *node_term => {
                let _ = write!(
                    text,
                    ": entry {to} is of its own term, {last}, and carries all before it"
                );
            }
            Some(last) if last < *node_term && committed.role == Role::Leader => {
                let _ = write!(text, ": entry {to} is of term {last}, OLDER than its own (5.4.2)");
            }
            _ => {}
        }
        text.push('\n');
    }

    fn tell_disks(&self, committed: &Committed, text: &mut String) {
        let configuration = committed.configuration;
        let share =
            Tally::of(configuration, committed.disks.iter().map(|copy| copy.node).collect());
        let Tally { has: held, of: nodes } = share;
        let enough = if share.is_majority() { "a majority" } else { "NO majority" };
        let _ = writeln!(text, "  it was then on {held} of {nodes} disks, {enough}:");
        for Held { node, since, lie } in &committed.disks {
            let lie = if *lie { "; so it SAYS, and LIES" } else { "" };
            let _ = writeln!(text, "    {node} since {since}{lie}");
        }
    }

    fn tell_acks(&self, committed: &Committed, text: &mut String) {
        if committed.role != Role::Leader {
            return;
        }
        let node = committed.node;
        if committed.acks.is_empty() {
            let _ = writeln!(text, "  {node} had heard from nobody that it is there");
            return;
        }
        let _ = writeln!(text, "  {node} had heard so from:");
        for (peer, (index, cite)) in &committed.acks {
            let _ = writeln!(text, "    {peer}, that it matches up to {index}, {cite}");
        }
    }
}
