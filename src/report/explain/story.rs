//! The words of a story: each record that can matter as a line, with how much it does.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::Faults;
use super::focus::Focus;
use super::leases::Promises;
use super::name::name;
use super::past::{Messages, causal_past};
use super::{Line, Rank};
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::PrefixId;
use crate::oracle::Violation;
use crate::oracle::shadow::Shadow;
use crate::plan::Plan;
use crate::record::{Kind, Loss, Record, Remains};
use crate::report::page::words::{fault_action, fault_trigger};
use crate::time::{Span, Time};
use crate::trace::text::{client, loss_words, message_words, words};

/// A message is late if it takes so many times as long as half of all messages.
const LATE: u64 = 10;

/// All that can matter to a violation, in order.
pub fn tell(plan: &Plan, records: &[Record], violation: &Violation) -> Vec<Line> {
    let messages = Messages::of(records);
    let focus = Focus::of(records, violation, plan.cluster.nodes);
    let mut causes = focus.losses(records, violation, plan.cluster.nodes);
    causes.extend(&violation.evidence);
    causes.sort_unstable();
    let past = causal_past(records, &messages, &causes, plan.cluster.nodes);
    let count = usize::from(plan.cluster.nodes);
    let latency = messages.median_latency(records);
    let faults = Faults { records, past: &past, messages: &messages, latency }.that_matter(plan);
    let mut story = Story {
        plan,
        records,
        latency,
        messages,
        focus,
        faults,
        shadow: Shadow::new(plan.cluster.nodes),
        pending: vec![Vec::new(); count],
        heard: vec![None; count],
        booted: (NodeId::at(0), 0),
        ballots: vec![Vec::new(); count],
        leads: vec![Term::ZERO; count],
        commits: vec![Index::ZERO; count],
        saved: vec![Term::ZERO; count],
        remarked: BTreeSet::new(),
        asked: BTreeMap::new(),
        given: BTreeMap::new(),
        acked: BTreeSet::new(),
        matched: BTreeMap::new(),
        promises: Promises::new(plan),
        now: Time::ZERO,
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
            Some((_, text)) if proof => (Rank::Evidence, text),
            None if proof => (Rank::Evidence, words(&record.kind, record.node)),
            Some((rank, text)) if in_past => (rank, text),
            _ => continue,
        };
        lines.push(Line { number: record.number, time: record.time, node, text, rank });
    }
    lines
}

/// What a node is told while it handles an event.
#[derive(Clone, Copy, Debug)]
struct Heard {
    event: u64,
    from: NodeId,
    term: Term,
}

/// A vote that a node gave: to whom, when, whether anyone can know of it, and when it forgot it.
#[derive(Clone, Copy, Debug)]
struct Given {
    to: NodeId,
    time: Time,
    sent: bool,
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
    /// The records at which faults begin and end that did something.
    faults: BTreeSet<u64>,
    shadow: Shadow,
    /// The votes of each node that are not durable.
    pending: Vec<Vec<(WriteId, Term, Option<NodeId>)>>,
    heard: Vec<Option<Heard>>,
    /// Who started last, and at which event.
    booted: (NodeId, u64),
    /// The votes that each node heard since it stood last, with their terms.
    ballots: Vec<Vec<(NodeId, Term)>>,
    /// The term that each node led last.
    leads: Vec<Term>,
    /// Up to where each node said last that it commits.
    commits: Vec<Index>,
    /// The term of the last vote, for somebody or nobody, that each node wrote.
    saved: Vec<Term>,
    /// The votes against which something speaks that has been told.
    remarked: BTreeSet<(NodeId, Term, NodeId)>,
    /// With which entries the logs of a voter and a candidate ended when it was last asked for its vote: term and index.
    asked: BTreeMap<(NodeId, NodeId), (Ending, Ending)>,
    given: BTreeMap<(NodeId, Term), Given>,
    /// What has been told to be replicated: by whom, to whom, in which term, up to where.
    acked: BTreeSet<(NodeId, NodeId, Term, Index)>,
    /// Up to where a leader heard that a follower's log matches, in which term.
    matched: BTreeMap<(NodeId, NodeId), Ending>,
    promises: Promises,
    now: Time,
}

type Told = Option<(Rank, String)>;
/// The term and the index of a log's last entry.
type Ending = (Term, Index);

impl Story<'_> {
    /// Takes note of a record; gives how much it matters, and the words for it, if it can matter at all.
    fn see(&mut self, record: &Record) -> Told {
        self.now = record.time;
        let Some(node) = record.node else { return self.fault(record) };
        if let Kind::Crash(remains) = record.kind {
            return self.crash(node, record, remains);
        }
        if let Kind::Deliver { from, message, .. } = record.kind {
            self.heard[node.slot()] =
                Some(Heard { event: record.event, from, term: message.term() });
            if let Summary::Vote { term, granted: true } = message {
                self.ballots[node.slot()].push((from, term));
            }
        }
        let told = match record.kind {
            Kind::Role { role, term } => self.role(node, role, term),
            Kind::Append { .. } | Kind::Truncate { .. } => self.log(node, record),
            Kind::Compact { upto, .. } => Some(self.compacts(node, upto, record)),
            Kind::Vote { term, vote: Some(vote), .. } => self.writes_vote(node, term, vote),
            Kind::Vote { term, vote: None, .. } => self.unwrites_vote(node, term),
            Kind::Durable { write, lie: false } => self.durable(node, write),
            Kind::Send { to, id, message } => self.send(node, to, id, &message),
            Kind::Deliver { from, id, message } => {
                self.deliver(node, from, id, &message, record.time)
            }
            Kind::Drop { id, why, .. } => self.dropped(id, why),
            Kind::Commit { index, .. } => self.commit(node, index, record),
            Kind::Apply { index, term, .. } => self
                .focus
                .indexes
                .contains(&index)
                .then(|| (Rank::Cause, format!("applies entry {index} of term {term}"))),
            Kind::Term { term } => {
                let before = self.shadow.node(node).term;
                let back = || (Rank::Wrong, format!("goes back from term {before} to term {term}"));
                (term < before).then(back)
            }
            _ => self.as_traces_have_it(record),
        };
        if matches!(record.kind, Kind::Boot { .. }) {
            self.booted = (node, record.event);
        }
        self.follow(node, record);
        told
    }

    /// What a trace says as well as a story can.
    fn as_traces_have_it(&self, record: &Record) -> Told {
        let rank = match record.kind {
            Kind::WriteFailed { .. }
            | Kind::Wipe { .. }
            | Kind::Corrupt { .. }
            | Kind::Refuse { .. }
            | Kind::Stop
            | Kind::Broken { .. } => Rank::Wrong,
            Kind::Pause
            | Kind::Resume
            | Kind::Clock { .. }
            | Kind::Transfer { .. }
            | Kind::Configure { .. }
            | Kind::SnapshotSaved { .. }
            | Kind::Durable { .. } => Rank::Circumstance,
            Kind::Snapshot { received: false, .. } => Rank::Cause,
            Kind::Snapshot { .. } | Kind::Discard { .. } | Kind::Restore { .. } => Rank::Turn,
            Kind::Boot { life, .. } if life > 1 => Rank::Turn,
            Kind::Reply { request, .. } if self.focus.requests.contains(&request) => Rank::Decisive,
            _ => return None,
        };
        Some((rank, words(&record.kind, record.node)))
    }

    /// Takes note of what later words ask for.
    fn follow(&mut self, node: NodeId, record: &Record) {
        match record.kind {
            Kind::Vote { write, term, vote } => {
                self.pending[node.slot()].push((write, term, vote));
                if let Some(vote) = vote {
                    self.give(node, term, vote, record.time);
                }
                self.saved[node.slot()] = term;
            }
            Kind::Role { role: Role::Leader, term } => {
                self.leads[node.slot()] = term;
                self.shadow.observe(record);
            }
            Kind::Commit { index, .. } => {
                self.commits[node.slot()] = index;
                self.shadow.observe(record);
            }
            Kind::Durable { write, lie: false } => {
                self.pending[node.slot()].retain(|(of, ..)| *of > write);
            }
            Kind::Deliver {
                from,
                message: Summary::RequestVote { last_index, last_term, .. },
                ..
            } => {
                let own = (self.shadow.last_term(node), self.shadow.node(node).last_index());
                self.asked.insert((node, from), (own, (last_term, last_index)));
            }
            Kind::Send { to, message, .. } => {
                self.promises.observe(node, to, &message, record.time);
                let (term, vote) = match message {
                    Summary::RequestVote { term, .. } => (term, node),
                    Summary::Vote { term, granted: true } => (term, to),
                    _ => return,
                };
                let given = self.give(node, term, vote, record.time);
                given.sent |= given.to == vote;
            }
            _ => _ = self.shadow.observe(record),
        }
        if matches!(record.kind, Kind::Vote { .. } | Kind::Durable { .. }) {
            self.shadow.observe(record);
        }
    }

    /// Takes note of a vote; gives the first one of its term.
    fn give(&mut self, node: NodeId, term: Term, to: NodeId, time: Time) -> &mut Given {
        let given = Given { to, time, sent: false, forgot: None };
        self.given.entry((node, term)).or_insert(given)
    }

    fn fault(&self, record: &Record) -> Told {
        let (number, ends) = match record.kind {
            Kind::Fault { fault } => (fault, false),
            Kind::Heal { fault } => (fault, true),
            _ => return None,
        };
        let fault = self.plan.faults.get(number as usize - 1)?;
        if !self.faults.contains(&record.number) {
            return None;
        }
        Some(match ends {
            false => {
                let why = fault_trigger(fault).map_or_else(String::new, |on| format!(" ({on})"));
                (Rank::Cause, format!("fault {number} strikes: {}{why}", fault_action(fault)))
            }
            true => (Rank::Circumstance, format!("fault {number} ends ({})", fault.kind().name())),
        })
    }

    fn crash(&mut self, node: NodeId, record: &Record, remains: Remains) -> Told {
        let survived = remains.votes.unwrap_or(remains.survived);
        let before = self.shadow.node(node).log.clone();
        self.shadow.observe(record);
        let after = &self.shadow.node(node).log;
        let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
        let mut parts = vec![String::from("crashes")];
        let mut rank = Rank::Step;
        for (write, term, vote) in std::mem::take(&mut self.pending[node.slot()]) {
            let (Some(vote), true) = (vote, write > survived) else { continue };
            parts.push(format!("its vote for {vote} in term {term} was not on disk yet"));
            rank = Rank::Wrong;
            // A vote that nobody heard of was never given.
            match self.given.get_mut(&(node, term)) {
                Some(given) if given.sent => given.forgot = Some(record.time),
                _ => _ = self.given.remove(&(node, term)),
            }
        }
        self.saved[node.slot()] = self.shadow.node(node).durable_vote.0;
        let entries = |first: usize, last: usize| match last - first {
            1 => format!("entry {last}"),
            _ => format!("entries {}-{last}", first + 1),
        };
        if same < before.len() {
            parts.push(format!("{} not on disk yet, and lost", entries(same, before.len())));
            rank = Rank::Wrong;
        }
        if same < after.len() {
            parts.push(format!("{} still on disk, and back", entries(same, after.len())));
            rank = Rank::Wrong;
        }
        if remains.promised > 0 {
            parts.push(format!(
                "its disk had said that it has {} of what is lost",
                remains.promised
            ));
            rank = Rank::Wrong;
        }
        if remains.torn > 0 {
            parts.push("a write is torn".into());
            rank = Rank::Wrong;
        }
        Some((rank, parts.join("; ")))
    }

    fn role(&mut self, node: NodeId, role: Role, term: Term) -> Told {
        let about = self.focus.terms.contains(&term);
        match role {
            Role::Leader => {
                Some((Rank::Decisive, format!("wins term {term}{}", self.voters(node, term))))
            }
            Role::Candidate => {
                self.ballots[node.slot()].clear();
                let (second, remark) = self.objection(node, term, node);
                let rank = if about || second { Rank::Wrong } else { Rank::Step };
                Some((rank, format!("stands for election in term {term}{remark}")))
            }
            Role::PreCandidate => {
                Some((Rank::Routine, format!("asks whether it could win term {}", term.next())))
            }
            Role::Follower if self.shadow.node(node).role == Role::Leader => {
                let before = self.leads[node.slot()];
                Some((
                    Rank::Step,
                    format!("leads term {before} no more: it follows in term {term}"),
                ))
            }
            Role::Follower => None,
        }
    }

    /// Whose votes a winner heard.
    fn voters(&self, node: NodeId, term: Term) -> String {
        let mut ballots = self.ballots[node.slot()].clone();
        ballots.sort_unstable();
        ballots.dedup();
        let told = ballots.iter().map(|(voter, of)| match *of == term {
            true => voter.to_string(),
            false => format!("{voter} (a vote for term {of})"),
        });
        let told: Vec<String> = told.collect();
        match told.as_slice() {
            [] => String::from(", with its own vote alone"),
            [one] => format!(", with the vote of {one} and its own"),
            more => format!(", with the votes of {} and its own", more.join(", ")),
        }
    }

    /// Whether something speaks against a vote, and what; at length where it is told first.
    fn objection(&mut self, node: NodeId, term: Term, vote: NodeId) -> (bool, String) {
        let given = self.given.get(&(node, term)).copied().filter(|given| given.to != vote);
        let better = self.better_log(node, vote);
        let promised = self.promises.broken_by(node, vote, term, self.now);
        let wrong = given.is_some() || !better.is_empty() || !promised.is_empty();
        let first = wrong && self.remarked.insert((node, term, vote));
        let mut remark = String::new();
        if let Some(Given { to, time, forgot, .. }) = given {
            remark += ", its second vote in this term";
            if first {
                remark += &format!(": it gave the first to {to} at {time} s");
            }
            if let (true, Some(at)) = (first, forgot) {
                remark += &format!(", and lost it at {at} s");
            }
        }
        if !better.is_empty() {
            remark += ", although its own log is more up to date";
        }
        if first {
            remark += &better;
            remark += &promised;
        }
        (wrong, remark)
    }

    fn log(&self, node: NodeId, record: &Record) -> Told {
        let heard = self.heard[node.slot()].filter(|heard| heard.event == record.event);
        let source = match heard {
            Some(Heard { from, term, .. }) => {
                format!(", told by {from} in a message of term {term}")
            }
            None if self.booted == (node, record.event) => String::from(", as it restarts"),
            None => String::new(),
        };
        match record.kind {
            Kind::Append { index, term, .. } => {
                if !self.focus.indexes.contains(&index) {
                    return None;
                }
                let leads = self.shadow.node(node).role == Role::Leader;
                let source = if leads { ", as the leader".into() } else { source };
                Some((
                    Rank::Wrong,
                    format!("writes entry {index} of term {term} into its log{source}"),
                ))
            }
            Kind::Truncate { from, .. } => {
                let last = self.shadow.node(node).last_index();
                let about = self.focus.among(from, last).is_some();
                let rank = if about { Rank::Decisive } else { Rank::Cause };
                Some((rank, format!("removes its log from {from} to {last}{source}")))
            }
            _ => None,
        }
    }

    /// A log is compacted; that the snapshot ends with the entry that the log has there is what all depends on.
    fn compacts(&self, node: NodeId, upto: Index, record: &Record) -> (Rank, String) {
        let own = self.shadow.node(node);
        let text = words(&record.kind, record.node);
        if own.snapshot.0 > upto || own.at(upto) == Some(own.snapshot.1) {
            return (Rank::Circumstance, text);
        }
        (
            Rank::Decisive,
            format!("{text}, and keeps what follows, although its own entry there is another"),
        )
    }

    fn writes_vote(&mut self, node: NodeId, term: Term, vote: NodeId) -> Told {
        let (wrong, remark) = self.objection(node, term, vote);
        let rank = match (wrong, self.focus.terms.contains(&term)) {
            (true, _) => Rank::Wrong,
            (false, true) => Rank::Routine,
            (false, false) => return None,
        };
        Some((rank, format!("writes its vote for {vote} in term {term}{remark}")))
    }

    /// To write that there is no vote is right once, when a term begins.
    fn unwrites_vote(&self, node: NodeId, term: Term) -> Told {
        if self.saved[node.slot()] < term {
            return None;
        }
        let given = self.given.get(&(node, term)).map_or_else(String::new, |given| {
            format!(", although it voted for {} at {} s", given.to, given.time)
        });
        let about = self.focus.terms.contains(&term);
        let rank = if about { Rank::Wrong } else { Rank::Circumstance };
        Some((rank, format!("writes that it has no vote in term {term}{given}")))
    }

    fn durable(&mut self, node: NodeId, write: WriteId) -> Told {
        let before: Vec<Option<PrefixId>> = self.on_disk(node);
        // The shadow takes note of the sync here, to compare the disk before and after; to see it twice changes nothing.
        let number = Record {
            number: 0,
            event: 0,
            time: Time(0),
            node: Some(node),
            kind: Kind::Durable { write, lie: false },
        };
        self.shadow.observe(&number);
        let (mut parts, mut rank) = (Vec::new(), Rank::Routine);
        for (_, term, vote) in self.pending[node.slot()].iter().filter(|(of, ..)| *of <= write) {
            if let (Some(vote), true) = (vote, self.focus.terms.contains(term)) {
                parts.push(format!("its vote for {vote} in term {term}"));
            }
        }
        let (mut gone, after) = (Vec::new(), self.on_disk(node));
        for (index, (before, after)) in self.focus.indexes.iter().zip(before.iter().zip(&after)) {
            match after {
                Some(_) if before != after => {
                    parts.push(format!("entry {index}"));
                    rank = Rank::Circumstance;
                }
                None if before.is_some() => gone.push(format!("entry {index} no more")),
                _ => {}
            }
        }
        if !gone.is_empty() {
            rank = Rank::Wrong;
        }
        parts.append(&mut gone);
        (!parts.is_empty()).then(|| (rank, format!("has on disk: {}", parts.join(", "))))
    }

    /// What a node's disk has at the indexes that the violation is about.
    fn on_disk(&self, node: NodeId) -> Vec<Option<PrefixId>> {
        let disk = self.shadow.node(node);
        self.focus.indexes.iter().map(|index| disk.durable_at(*index)).collect()
    }

    fn send(&mut self, node: NodeId, to: NodeId, id: u64, message: &Summary) -> Told {
        let about = self.focus.terms.contains(&message.term());
        let (rank, text) = match *message {
            Summary::Vote { term, granted: true } => {
                let (wrong, remark) = self.objection(node, term, to);
                let disk = self.unsaved_vote(node, term, to);
                let rank = match (wrong, about) {
                    (true, _) => Rank::Decisive,
                    (false, true) => Rank::Turn,
                    (false, false) => Rank::Routine,
                };
                (rank, format!("votes for {to} in term {term}{remark}{disk}"))
            }
            Summary::Appended { term, match_index } => {
                self.acknowledges(node, to, term, match_index)?
            }
            Summary::ForwardReply { request, applied: true }
                if self.focus.requests.contains(&request) =>
            {
                (Rank::Decisive, format!("answers {}, which {to} forwarded", client(request)))
            }
            Summary::Conflict { rejected, .. } if rejected > Index::ZERO => {
                (Rank::Routine, format!("refuses the entries of {to} after {rejected}"))
            }
            // That a question is lost is told where it is lost.
            Summary::RequestVote { term, .. } if about => {
                self.messages.heard.get(&id)?;
                (Rank::Routine, format!("asks {to} for its vote in term {term}"))
            }
            Summary::PreVoteReply { term, granted: true } => {
                let rank = if about { Rank::Step } else { Rank::Aside };
                (rank, format!("would vote for {to} in term {term}, and says so"))
            }
            Summary::TimeoutNow { .. } => (Rank::Cause, format!("tells {to} to stand at once")),
            Summary::InstallSnapshot { last_index, .. } => {
                let text = format!("sends {to} a part of its snapshot up to {last_index}");
                (Rank::Circumstance, text)
            }
            Summary::SnapshotReply { last_index, installed: true, .. } => {
                let text =
                    format!("tells {to} that it has all up to {last_index}, by its snapshot");
                (Rank::Step, text)
            }
            // What a message of the guest's own kind does is not known; its name may say enough.
            Summary::Other { term, .. } if about || term == Term::ZERO => {
                (Rank::Circumstance, format!("sends {to} {}", message_words(message)))
            }
            _ => return None,
        };
        Some((rank, text + &self.heard(to, id)))
    }

    /// A follower says, for the first time, that its log matches.
    fn acknowledges(&mut self, node: NodeId, to: NodeId, term: Term, index: Index) -> Told {
        let about = self.focus.among(Index(1), index)?;
        if !self.acked.insert((node, to, term, index)) {
            return None;
        }
        let own = self.shadow.node(node);
        let text = format!("tells {to} that its log matches up to {index}");
        if own.at(about).is_none() || own.durable_at(about) == own.at(about) {
            return Some((Rank::Step, text));
        }
        Some((Rank::Wrong, format!("{text}, while entry {about} is not on its disk")))
    }

    fn heard(&self, to: NodeId, id: u64) -> String {
        match self.messages.heard.get(&id) {
            Some(place) => format!("; {to} hears it at {} s", self.records[*place].time),
            None => format!("; {to} does not hear it"),
        }
    }

    /// What is wrong with a vote that is sent, by the voter's disk.
    fn unsaved_vote(&self, node: NodeId, term: Term, to: NodeId) -> &'static str {
        let same =
            |(_, of, vote): &(WriteId, Term, Option<NodeId>)| *of == term && *vote == Some(to);
        if self.shadow.node(node).durable_vote == (term, Some(to)) {
            return "";
        }
        match self.pending[node.slot()].iter().any(same) {
            true => ", before the vote is on its disk",
            false => ", and its disk does not have the vote",
        }
    }

    /// What speaks against a vote for a candidate, by the logs of both.
    fn better_log(&self, node: NodeId, candidate: NodeId) -> String {
        let Some((own, theirs)) = self.asked.get(&(node, candidate)) else { return String::new() };
        if own <= theirs {
            return String::new();
        }
        format!(
            ": it ends with entry {} of term {}, that of {candidate} with \
             entry {} of term {}",
            own.1, own.0, theirs.1, theirs.0
        )
    }

    /// Takes note of an acknowledgement; gives up to where an earlier one reached, if it reached further and the violation is about that.
    fn overtaken_by(&mut self, node: NodeId, from: NodeId, message: &Summary) -> Option<Index> {
        let Summary::Appended { term: said_in, match_index } = *message else { return None };
        let matched = self.matched.entry((node, from)).or_default();
        let (term, index) = *matched;
        *matched = (said_in, match_index).max(*matched);
        let about = self.focus.among(match_index.next(), index).is_some();
        (term == said_in && about).then_some(index)
    }

    /// Only what comes late is told where it arrives: the rest is told where it was sent.
    fn deliver(
        &mut self,
        node: NodeId,
        from: NodeId,
        id: u64,
        message: &Summary,
        now: Time,
    ) -> Told {
        let overtaken = self.overtaken_by(node, from, message);
        let sent = self.records[*self.messages.sent.get(&id)?].time;
        let taken = now.since(sent);
        let late = taken.0 > self.latency.saturating_mul(LATE);
        let own = self.shadow.node(node);
        let term = message.term();
        let old = term < own.term && term > Term::ZERO;
        if !late && !old && overtaken.is_none() {
            return None;
        }
        let mut text = format!("hears {from}'s {}, sent in term {term}", name(message)?);
        if old {
            let does = if own.role == Role::Leader { "leads" } else { "is in" };
            text += &format!("; it {does} term {} by now", own.term);
        }
        if late {
            text += &format!("; it arrives {} after it was sent", Span(taken.0 / 1_000 * 1_000));
        }
        if let Some(index) = overtaken {
            text += &format!("; one up to {index} came before");
        }
        // A slow link makes every heartbeat late: one is as good as the next.
        let routine = message.is_heartbeat() && !old;
        let rank = match late || overtaken.is_some() {
            true if routine => Rank::Routine,
            true => Rank::Turn,
            false => Rank::Cause,
        };
        Some((rank, text))
    }

    fn dropped(&self, id: u64, why: Loss) -> Told {
        let Kind::Send { message, .. } = self.records[*self.messages.sent.get(&id)?].kind else {
            return None;
        };
        let sender = self.records[*self.messages.sent.get(&id)?].node?;
        let what = match message {
            Summary::RequestVote { term, .. } if self.focus.terms.contains(&term) => "question",
            Summary::AppendEntries { prev_index, entries, .. } => {
                self.focus.among(prev_index.next(), prev_index.plus(u64::from(entries)))?;
                "entries"
            }
            _ => return None,
        };
        let (term, why) = (message.term(), loss_words(why));
        let text = format!("does not hear the {what} of {sender} in term {term}: {why}");
        Some((Rank::Circumstance, text))
    }

    fn commit(&self, node: NodeId, index: Index, record: &Record) -> Told {
        let own = self.shadow.node(node);
        let mut text = words(&record.kind, record.node);
        let place = own.at(index);
        if let (Role::Leader, Some(place)) = (own.role, place) {
            let configuration = self.shadow.configuration_of(node);
            let copies = self.shadow.copies(index, place, configuration);
            let term = self.shadow.chain.link(place).term;
            text += &format!(", which is on {} of {} disks", copies.has, copies.of);
            if term < own.term {
                text += &format!("; the entry is of term {term}, older than its own");
            }
        }
        let before = self.commits[node.slot()];
        let news = index < before || self.focus.among(before.next(), index).is_some();
        Some((if news { Rank::Turn } else { Rank::Routine }, text))
    }
}
