//! The words of a story: each record that can matter as a line, with how much it does.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{Messages, causal_past};
use super::{EVIDENCE, Line};
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::node::Role;
use crate::oracle::Violation;
use crate::oracle::shadow::{Place, Shadow};
use crate::plan::{Action, Plan};
use crate::property::Property;
use crate::record::{Kind, Loss, MessageKind, Record, Summary};
use crate::report::page::words::fault as fault_words;
use crate::time::{Span, Time};
use crate::trace::text::words;

/// A message is late if it takes so many times as long as half of all messages.
const LATE: u64 = 10;

/// All that can matter to a violation, in order.
pub fn tell(plan: &Plan, records: &[Record], violation: &Violation) -> Vec<Line> {
    let messages = Messages::of(records);
    let past = causal_past(records, &messages, &violation.evidence, plan.cluster.nodes);
    let count = usize::from(plan.cluster.nodes);
    let mut story = Story {
        plan,
        records,
        latency: messages.median_latency(records),
        messages,
        focus: Focus::of(records, violation),
        shadow: Shadow::new(plan.cluster.nodes),
        pending: vec![Vec::new(); count],
        heard: vec![None; count],
        asked: BTreeMap::new(),
        given: BTreeMap::new(),
        acked: BTreeSet::new(),
    };
    let mut lines = Vec::new();
    for (record, in_past) in records.iter().zip(past) {
        let standing = record.node.map(|node| (node, story.shadow.node(node).term));
        let told = story.see(record);
        let proof = violation.evidence.binary_search(&record.number).is_ok();
        let node = match record.kind {
            Kind::Boot { .. } | Kind::Role { .. } | Kind::Term { .. } => {
                record.node.map(|node| (node, story.shadow.node(node).term))
            }
            _ => standing,
        };
        let (rank, text) = match told {
            Some((_, text)) if proof => (EVIDENCE, text),
            None if proof => (EVIDENCE, words(&record.kind, record.node)),
            Some((rank, text)) if in_past => (rank, text),
            _ => continue,
        };
        lines.push(Line { number: record.number, time: record.time, node, text, rank });
    }
    lines
}

/// What the violation is about.
#[derive(Debug, Default)]
struct Focus {
    terms: BTreeSet<Term>,
    indexes: BTreeSet<Index>,
}

impl Focus {
    fn of(records: &[Record], violation: &Violation) -> Focus {
        let mut focus = Focus::default();
        let evidence = |record: &&Record| violation.evidence.binary_search(&record.number).is_ok();
        for record in records.iter().filter(evidence) {
            match record.kind {
                Kind::Role { term, .. } | Kind::Vote { term, .. } | Kind::Term { term } => {
                    focus.terms.insert(term);
                }
                Kind::Send { message, .. } if message.message.may_give_a_vote() => {
                    focus.terms.insert(message.term);
                }
                Kind::Commit { index, .. }
                | Kind::Append { index, .. }
                | Kind::Apply { index, .. } => _ = focus.indexes.insert(index),
                Kind::Truncate { from, .. } => _ = focus.indexes.insert(from),
                _ => {}
            }
        }
        // A commit that goes back is about what it came from, too.
        if violation.property == Property::MonotonicCommit {
            let next: Vec<Index> = focus.indexes.iter().map(|index| index.next()).collect();
            focus.indexes.extend(next);
        }
        focus
    }

    /// The first of the indexes from here to there, both included.
    fn among(&self, first: Index, last: Index) -> Option<Index> {
        (first <= last).then(|| self.indexes.range(first..=last).next().copied()).flatten()
    }
}

/// What a node is told while it handles an event.
#[derive(Clone, Copy, Debug)]
struct Heard {
    event: u64,
    from: NodeId,
    term: Term,
}

/// A vote that a node gave: to whom, when, and when it forgot it.
#[derive(Clone, Copy, Debug)]
struct Given {
    to: NodeId,
    time: Time,
    forgot: Option<Time>,
}

/// Follows a run, and puts it into words.
struct Story<'a> {
    plan: &'a Plan,
    records: &'a [Record],
    messages: Messages,
    /// What half of the messages take at most.
    latency: u64,
    focus: Focus,
    shadow: Shadow,
    /// The votes of each node that are not durable.
    pending: Vec<Vec<(WriteId, Term, Option<NodeId>)>>,
    heard: Vec<Option<Heard>>,
    /// What a voter last heard of a candidate's log.
    asked: BTreeMap<(NodeId, NodeId), Summary>,
    given: BTreeMap<(NodeId, Term), Given>,
    /// What has been told to be replicated: by whom, to whom, in which term, up to where.
    acked: BTreeSet<(NodeId, NodeId, Term, Index)>,
}

type Told = Option<(u8, String)>;

impl Story<'_> {
    /// Takes note of a record; gives how much it matters, and the words for it, if it can matter at all.
    fn see(&mut self, record: &Record) -> Told {
        let Some(node) = record.node else { return self.fault(&record.kind) };
        if let Kind::Crash { survived, torn, .. } = record.kind {
            return self.crash(node, record, survived, torn);
        }
        if let Kind::Deliver { from, message, .. } = record.kind {
            self.heard[node.slot()] = Some(Heard { event: record.event, from, term: message.term });
        }
        let told = match record.kind {
            Kind::Role { role, term } => self.role(node, role, term),
            Kind::Append { .. } | Kind::Truncate { .. } => self.log(node, record),
            Kind::Compact { upto, .. } => Some(self.compacts(node, upto, record)),
            Kind::Snapshot { .. } | Kind::SnapshotSaved { .. } => {
                Some((3, words(&record.kind, record.node)))
            }
            Kind::Discard { .. } | Kind::Restore { .. } => {
                Some((6, words(&record.kind, record.node)))
            }
            Kind::Vote { term, vote: Some(vote), .. } => self.writes_vote(node, term, vote),
            Kind::Durable { write } => self.durable(node, write),
            Kind::Send { to, id, message } => self.send(node, to, id, &message),
            Kind::Deliver { from, id, message } => {
                self.deliver(node, from, id, &message, record.time)
            }
            Kind::Drop { id, why, .. } => self.dropped(id, why),
            Kind::Commit { index, .. } => self.commit(node, index),
            Kind::Apply { index, term, .. } => self
                .focus
                .indexes
                .contains(&index)
                .then(|| (5, format!("applies entry {index} of term {term}"))),
            Kind::Boot { life, .. } if life > 1 => Some((6, words(&record.kind, record.node))),
            Kind::Term { term } => {
                let before = self.shadow.node(node).term;
                let back = || (7, format!("goes back from term {before} to term {term}"));
                (term < before).then(back)
            }
            Kind::WriteFailed { .. } | Kind::Wipe | Kind::Stop | Kind::Broken { .. } => {
                Some((7, words(&record.kind, record.node)))
            }
            Kind::Pause | Kind::Resume | Kind::Clock { .. } => {
                Some((3, words(&record.kind, record.node)))
            }
            _ => None,
        };
        self.follow(node, record);
        told
    }

    /// Takes note of what later words ask for.
    fn follow(&mut self, node: NodeId, record: &Record) {
        match record.kind {
            Kind::Vote { write, term, vote } => self.pending[node.slot()].push((write, term, vote)),
            Kind::Durable { write } => self.pending[node.slot()].retain(|(of, ..)| *of > write),
            Kind::Deliver { from, message, .. } if message.message == MessageKind::RequestVote => {
                self.asked.insert((node, from), message);
            }
            Kind::Send { to, message, .. } => {
                let vote = match message.message {
                    MessageKind::RequestVote => node,
                    MessageKind::Vote if message.success => to,
                    _ => return,
                };
                let given = Given { to: vote, time: record.time, forgot: None };
                self.given.entry((node, message.term)).or_insert(given);
            }
            _ => _ = self.shadow.observe(record),
        }
        if matches!(record.kind, Kind::Vote { .. } | Kind::Durable { .. }) {
            self.shadow.observe(record);
        }
    }

    fn fault(&self, kind: &Kind) -> Told {
        let (number, ends) = match *kind {
            Kind::Fault { fault } => (fault, false),
            Kind::Heal { fault } => (fault, true),
            _ => return None,
        };
        let fault = self.plan.faults.get(number as usize - 1)?;
        // A crash and a restart are told by the node's own records.
        if matches!(fault.action, Action::Crash(_) | Action::Restart(_)) {
            return None;
        }
        let what = fault_words(fault);
        Some(match ends {
            false => (4, format!("fault {number} strikes: {what}")),
            true => (3, format!("fault {number} ends ({})", fault.action.name())),
        })
    }

    fn crash(&mut self, node: NodeId, record: &Record, survived: WriteId, torn: u32) -> Told {
        let before = self.shadow.node(node).log.clone();
        self.shadow.observe(record);
        let after = &self.shadow.node(node).log;
        let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
        let mut parts = vec![String::from("crashes")];
        let mut rank = 5;
        for (write, term, vote) in std::mem::take(&mut self.pending[node.slot()]) {
            let (Some(vote), true) = (vote, write > survived) else { continue };
            parts.push(format!("its vote for {vote} in term {term} was not on disk yet"));
            rank = 7;
            if let Some(given) = self.given.get_mut(&(node, term)) {
                given.forgot = Some(record.time);
            }
        }
        let entries = |first: usize, last: usize| match last - first {
            1 => format!("entry {last}"),
            _ => format!("entries {}-{last}", first + 1),
        };
        if same < before.len() {
            parts.push(format!("{} not on disk yet, and lost", entries(same, before.len())));
            rank = 7;
        }
        if same < after.len() {
            parts.push(format!("{} still on disk, and back", entries(same, after.len())));
            rank = 7;
        }
        if torn > 0 {
            parts.push("a write is torn".into());
            rank = 7;
        }
        Some((rank, parts.join("; ")))
    }

    fn role(&self, node: NodeId, role: Role, term: Term) -> Told {
        let about = self.focus.terms.contains(&term);
        match role {
            Role::Leader => Some((8, format!("wins term {term} and leads it"))),
            Role::Candidate => {
                let second = self.second_vote(node, term, node);
                let rank = if about || !second.is_empty() { 7 } else { 5 };
                Some((rank, format!("stands for election in term {term}{second}")))
            }
            Role::Follower if self.shadow.node(node).role == Role::Leader => {
                let before = self.shadow.node(node).term;
                Some((5, format!("leads term {before} no more: it follows in term {term}")))
            }
            Role::Follower => None,
        }
    }

    /// What is wrong with a vote that was given before to another; nothing if it was not.
    fn second_vote(&self, node: NodeId, term: Term, vote: NodeId) -> String {
        let Some(Given { to, time, forgot }) = self.given.get(&(node, term)) else {
            return String::new();
        };
        if *to == vote {
            return String::new();
        }
        let lost = forgot.map_or_else(String::new, |at| format!(", and lost it at {at} s"));
        format!(", its second vote in this term: it gave the first to {to} at {time} s{lost}")
    }

    fn log(&self, node: NodeId, record: &Record) -> Told {
        let heard = self.heard[node.slot()].filter(|heard| heard.event == record.event);
        let source = heard.map_or_else(String::new, |Heard { from, term, .. }| {
            format!(", told by {from} in a message of term {term}")
        });
        match record.kind {
            Kind::Append { index, term, .. } => {
                let rank = if self.focus.indexes.contains(&index) { 7 } else { 1 };
                let leads = self.shadow.node(node).role == Role::Leader;
                let source = if leads { ", as the leader".into() } else { source };
                Some((rank, format!("writes entry {index} of term {term} into its log{source}")))
            }
            Kind::Truncate { from, .. } => {
                let last = self.shadow.node(node).last_index();
                let rank = if self.focus.among(from, last).is_some() { 8 } else { 4 };
                Some((rank, format!("removes its log from {from} to {last}{source}")))
            }
            _ => None,
        }
    }

    /// A log is compacted; that the snapshot ends with the entry that the log has there is what all depends on.
    fn compacts(&self, node: NodeId, upto: Index, record: &Record) -> (u8, String) {
        let own = self.shadow.node(node);
        let text = words(&record.kind, record.node);
        if own.snapshot.0 > upto || own.at(upto) == Some(own.snapshot.1) {
            return (3, text);
        }
        (8, format!("{text}, and keeps what follows, although its own entry there is another"))
    }

    fn writes_vote(&self, node: NodeId, term: Term, vote: NodeId) -> Told {
        let second = self.second_vote(node, term, vote);
        let rank = match (second.is_empty(), self.focus.terms.contains(&term)) {
            (false, _) => 6,
            (true, true) => 4,
            (true, false) => return None,
        };
        let text = format!("writes its vote for {vote} in term {term}, not on disk yet{second}");
        Some((rank, text))
    }

    fn durable(&mut self, node: NodeId, write: WriteId) -> Told {
        let before: Vec<Option<Place>> = self.on_disk(node);
        // The shadow takes note of the sync here, to compare the disk before and after; to see it twice changes nothing.
        let number = Record {
            number: 0,
            event: 0,
            time: Time(0),
            node: Some(node),
            kind: Kind::Durable { write },
        };
        self.shadow.observe(&number);
        let mut parts = Vec::new();
        for (_, term, vote) in self.pending[node.slot()].iter().filter(|(of, ..)| *of <= write) {
            if let (Some(vote), true) = (vote, self.focus.terms.contains(term)) {
                parts.push(format!("its vote for {vote} in term {term}"));
            }
        }
        let (mut gone, after) = (Vec::new(), self.on_disk(node));
        for (index, (before, after)) in self.focus.indexes.iter().zip(before.iter().zip(&after)) {
            match after {
                Some(_) if before != after => parts.push(format!("entry {index}")),
                None if before.is_some() => gone.push(format!("entry {index} no more")),
                _ => {}
            }
        }
        let rank = if gone.is_empty() { 3 } else { 7 };
        parts.append(&mut gone);
        (!parts.is_empty()).then(|| (rank, format!("has on disk: {}", parts.join(", "))))
    }

    /// What a node's disk has at the indexes that the violation is about.
    fn on_disk(&self, node: NodeId) -> Vec<Option<Place>> {
        let disk = self.shadow.node(node);
        self.focus.indexes.iter().map(|index| disk.durable_at(*index)).collect()
    }

    fn send(&mut self, node: NodeId, to: NodeId, id: u64, message: &Summary) -> Told {
        let Summary { term, index, success, .. } = *message;
        let heard = || match self.messages.heard.get(&id) {
            Some(place) => format!("; {to} hears it at {} s", self.records[*place].time),
            None => format!("; {to} does not hear it"),
        };
        match message.message {
            MessageKind::Vote if success => {
                let mut text = format!("votes for {to} in term {term}");
                let second = self.second_vote(node, term, to);
                let rank = match self.focus.terms.contains(&term) || !second.is_empty() {
                    true => 8,
                    false => 5,
                };
                text += &second;
                text += &self.better_log(node, to);
                if self.pending[node.slot()]
                    .iter()
                    .any(|(_, of, vote)| *of == term && *vote == Some(to))
                {
                    text += ", before the vote is on its disk";
                }
                Some((rank, text + &heard()))
            }
            MessageKind::AppendReply if success => {
                let about = self.focus.among(Index(1), index)?;
                let first = self.acked.insert((node, to, term, index));
                let own = self.shadow.node(node);
                let mut text = format!("tells {to} that its log matches up to {index}");
                let mut rank = if first { 6 } else { 1 };
                if own.at(about).is_some() && own.durable_at(about) != own.at(about) {
                    text += &format!(", while entry {about} is not on its disk");
                    rank = 7;
                }
                Some((rank, text + &heard()))
            }
            MessageKind::AppendReply => {
                Some((2, format!("refuses the entries of {to} after {index}{}", heard())))
            }
            MessageKind::InstallSnapshot => {
                let text = format!("sends {to} a part of its snapshot up to {index}");
                Some((3, text + &heard()))
            }
            MessageKind::SnapshotReply if success => {
                let text = format!("tells {to} that it has all up to {index}, by its snapshot");
                Some((5, text + &heard()))
            }
            MessageKind::RequestVote => {
                let text = format!("asks {to} for its vote in term {term}");
                Some((if self.focus.terms.contains(&term) { 2 } else { 1 }, text + &heard()))
            }
            _ => None,
        }
    }

    /// What speaks against a vote for a candidate, by the logs of both.
    fn better_log(&self, node: NodeId, candidate: NodeId) -> String {
        let Some(asked) = self.asked.get(&(node, candidate)) else { return String::new() };
        let own = (self.shadow.last_term(node), self.shadow.node(node).last_index());
        let theirs = (asked.index_term, asked.index);
        if own <= theirs {
            return String::new();
        }
        format!(
            ", although its own log is more up to date: it ends with entry {} of term {}, that of {candidate} with \
             entry {} of term {}",
            own.1, own.0, theirs.1, theirs.0
        )
    }

    /// Only what comes late is told where it arrives: the rest is told where it was sent.
    fn deliver(&self, node: NodeId, from: NodeId, id: u64, message: &Summary, now: Time) -> Told {
        let sent = self.records[*self.messages.sent.get(&id)?].time;
        let taken = now.since(sent);
        let late = taken.0 > self.latency.saturating_mul(LATE);
        let own = self.shadow.node(node);
        let old = message.term < own.term && message.term > Term::ZERO;
        if !late && !old {
            return None;
        }
        let what = match message.message {
            MessageKind::RequestVote => "vote request",
            MessageKind::Vote if message.success => "vote",
            MessageKind::Vote => "refusal of a vote",
            MessageKind::AppendEntries if message.entries == 0 => "heartbeat",
            MessageKind::AppendEntries => "entries",
            MessageKind::AppendReply if message.success => "word that its log matches",
            MessageKind::AppendReply => "refusal of entries",
            MessageKind::InstallSnapshot => "part of a snapshot",
            MessageKind::SnapshotReply if message.success => "word that its snapshot is installed",
            MessageKind::SnapshotReply => "word of how much of a snapshot came",
            MessageKind::Forward | MessageKind::ForwardReply => return None,
        };
        let mut text = format!("hears the {what} of {from}, sent in term {}", message.term);
        if message.message == MessageKind::AppendReply && message.success {
            text += &format!(", up to {}", message.index);
        }
        if old {
            let does = if own.role == Role::Leader { "leads" } else { "is in" };
            text += &format!("; it {does} term {} by now", own.term);
        }
        if late {
            text += &format!("; it arrives {} after it was sent", Span(taken.0 / 1_000 * 1_000));
        }
        Some((if late { 6 } else { 4 }, text))
    }

    fn dropped(&self, id: u64, why: Loss) -> Told {
        let Kind::Send { message, .. } = self.records[*self.messages.sent.get(&id)?].kind else {
            return None;
        };
        let sender = self.records[*self.messages.sent.get(&id)?].node?;
        let why = match why {
            Loss::Network => "the network loses it",
            Loss::Cut | Loss::CutInFlight => "the link is cut",
            Loss::Down => "the node is down",
            Loss::Unsent => "the sender went down first",
        };
        let last = message.index.plus(u64::from(message.entries));
        let what = match message.message {
            MessageKind::RequestVote if self.focus.terms.contains(&message.term) => "question",
            MessageKind::AppendEntries => {
                self.focus.among(message.index.next(), last)?;
                "entries"
            }
            _ => return None,
        };
        Some((2, format!("does not hear the {what} of {sender} in term {}: {why}", message.term)))
    }

    fn commit(&self, node: NodeId, index: Index) -> Told {
        let own = self.shadow.node(node);
        let mut text = format!("commits up to {index}");
        let place = own.at(index);
        if let (Role::Leader, Some(place)) = (own.role, place) {
            let (copies, term) =
                (self.shadow.copies(index, place), self.shadow.chain.link(place).term);
            text += &format!(", which is on {copies} of {} disks", self.shadow.nodes().count());
            if term < own.term {
                text += &format!("; the entry is of term {term}, older than its own");
            }
        }
        let first = self.focus.indexes.first().is_some_and(|first| *first <= index);
        Some((if first { 6 } else { 3 }, text))
    }
}
