//! The words of a story: each record that can matter as a line, with how much it does.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Asked;
use super::focus::Focus;
use super::names::name;
use super::past::{Messages, causal_past, faults_that_matter};
use super::{Line, Rank, Told};
use crate::config::Reads;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::shadow::Shadow;
use crate::oracle::{PrefixId, Violation};
use crate::plan::Plan;
use crate::property::Property;
use crate::record::{Kind, Loss, Record, Remains};
use crate::report::page::words::{fault_action, fault_trigger};
use crate::report::why::shares;
use crate::time::{Span, Time};
use crate::trace::text::{client, loss_words, message_words, words};

/// A message is late if it takes so many times as long as half of all messages.
const LATE: u64 = 10;

/// All that can matter to a violation, in order.
pub fn tell(plan: &Plan, records: &[Record], violation: &Violation) -> Vec<Line> {
    let nodes = plan.cluster.nodes;
    let messages = Messages::of(records);
    let focus = Focus::of(records, violation, nodes);
    let mut causes = focus.losses(records, violation, nodes);
    causes.extend(&violation.evidence);
    causes.sort_unstable();
    let past = causal_past(records, &messages, &causes, nodes);
    let faults = faults_that_matter(plan, &messages, &past);
    let mut asked = Asked::of(plan, records, &focus);
    let mut story = Story {
        plan,
        stalls: violation.property == Property::Liveness,
        messages,
        focus,
        faults,
        shadow: Shadow::of(plan),
        nodes: vec![Known::default(); usize::from(nodes)],
        remarked: BTreeSet::new(),
        by_word: BTreeSet::new(),
        asked: BTreeMap::new(),
        given: BTreeMap::new(),
        acked: BTreeSet::new(),
        matched: BTreeMap::new(),
        now: Time::ZERO,
    };
    let mut lines = Vec::new();
    for (record, in_past) in records.iter().zip(past) {
        let standing = record.node.map(|node| (node, story.shadow.node(node).term));
        let told = asked.retell(record, story.see(record));
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

/// What a story knows of one node.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Its votes that are not durable.
    pending: Vec<(WriteId, Term, Option<NodeId>)>,
    /// The last message that it heard: at which event, from whom, and of which term.
    heard: Option<(u64, NodeId, Term)>,
    /// The event at which it started last.
    booted: u64,
    /// The votes that it heard since it stood last, with their terms.
    ballots: BTreeSet<(NodeId, Term)>,
    /// The term that it led last.
    led: Term,
    /// Up to where it said last that it commits.
    commit: Index,
    /// The term of the last vote, for somebody or nobody, that it wrote.
    saved: Term,
    /// Whom it last answered in a round of reads, in which term, and when: where leases are used, that is a promise to elect nobody
    /// else for a while.
    promised: Option<(NodeId, Term, Time)>,
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
    /// Whether it is about a cluster that does not come back to life: that messages come late is no news then.
    stalls: bool,
    messages: Messages<'a>,
    focus: Focus,
    /// The records at which faults begin and end that did something.
    faults: BTreeSet<u64>,
    shadow: Shadow,
    nodes: Vec<Known>,
    /// The votes against which something speaks that has been told.
    remarked: BTreeSet<(NodeId, Term, NodeId)>,
    /// Who stands in which term by its leader's own word, which frees all from what they promised that leader.
    by_word: BTreeSet<(NodeId, Term)>,
    /// With which entries the logs of a voter and a candidate ended when it was last asked for its vote.
    asked: BTreeMap<(NodeId, NodeId), (Ending, Ending)>,
    given: BTreeMap<(NodeId, Term), Given>,
    /// What has been told to be replicated: by whom, to whom, in which term, up to where.
    acked: BTreeSet<(NodeId, NodeId, Term, Index)>,
    /// Up to where a leader heard that a follower's log matches, in which term.
    matched: BTreeMap<(NodeId, NodeId), Ending>,
    now: Time,
}

/// The term and the index of a log's last entry.
type Ending = (Term, Index);

impl Story<'_> {
    /// Takes note of a record; gives how much it matters, and the words for it, if it can matter at all.
    fn see(&mut self, record: &Record) -> Told {
        self.now = record.time;
        let Some(node) = record.node else {
            self.shadow.observe(record);
            return self.fault(record);
        };
        let told = match record.kind {
            Kind::Crash(remains) => return Some(self.crash(node, record, remains)),
            Kind::Role { role, term } => self.role(node, role, term),
            Kind::Append { index, term, .. } => self.append(node, index, term, record),
            Kind::Truncate { from, .. } => Some(self.truncate(node, from, record)),
            Kind::Compact { upto, .. } => Some(self.compacts(node, upto, record)),
            Kind::Vote { term, vote: Some(vote), .. } => self.writes_vote(node, term, vote),
            Kind::Vote { term, vote: None, .. } => self.unwrites_vote(node, term),
            Kind::Durable { write, lie: false } => self.durable(node, write, record),
            Kind::Send { to, id, message } => self.send(node, to, id, &message),
            Kind::Deliver { from, id, message } => self.deliver(node, from, id, &message, record),
            Kind::Drop { id, why, .. } => self.dropped(id, why),
            Kind::Commit { index, .. } => Some(self.commit(node, index, record)),
            Kind::Apply { index, term, .. } => {
                let about = self.focus.indexes.contains(&index);
                about.then(|| (Rank::Cause, format!("applies entry {index} of term {term}")))
            }
            Kind::Term { term } => {
                let before = self.shadow.node(node).term;
                let back = || (Rank::Wrong, format!("goes back from term {before} to term {term}"));
                (term < before).then(back)
            }
            _ => self.as_traces_have_it(record),
        };
        self.follow(node, record);
        told
    }

    /// What a trace says as well as a story can.
    fn as_traces_have_it(&self, record: &Record) -> Told {
        let rank = match record.kind {
            Kind::WriteFailed { .. }
            | Kind::WriteAgain { .. }
            | Kind::Wipe { .. }
            | Kind::Forced { .. }
            | Kind::PutBack { .. }
            | Kind::Corrupt { .. }
            | Kind::Refuse { .. }
            | Kind::Stop
            | Kind::Broken { .. } => Rank::Wrong,
            Kind::Pause
            | Kind::Suspend
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
        let known = &mut self.nodes[node.slot()];
        match record.kind {
            Kind::Boot { .. } => known.booted = record.event,
            Kind::Vote { write, term, vote } => {
                known.pending.push((write, term, vote));
                known.saved = term;
                if let Some(vote) = vote {
                    self.give(node, term, vote);
                }
            }
            Kind::Role { role: Role::Leader, term } => known.led = term,
            Kind::Commit { index, .. } => known.commit = index,
            Kind::Durable { write, lie: false } => known.pending.retain(|(of, ..)| *of > write),
            Kind::Deliver {
                from,
                message: Summary::RequestVote { last_index, last_term, .. },
                ..
            } => {
                let own = (self.shadow.last_term(node), self.shadow.node(node).last_index());
                self.asked.insert((node, from), (own, (last_term, last_index)));
            }
            Kind::Deliver { message: Summary::TimeoutNow { term }, .. } => {
                self.by_word.insert((node, term.next()));
            }
            Kind::Send { to, message, .. } => {
                if let Summary::RequestVote { term, by_leader: true, .. } = message {
                    self.by_word.insert((node, term));
                }
                if let Summary::ReadRoundReply { term, confirmed: true, .. } = message {
                    known.promised = Some((to, term, record.time));
                }
                let vote = match message {
                    Summary::RequestVote { term, .. } => Some((term, node)),
                    Summary::Vote { term, granted: true } => Some((term, to)),
                    _ => None,
                };
                if let Some((term, vote)) = vote {
                    let given = self.give(node, term, vote);
                    given.sent |= given.to == vote;
                }
            }
            _ => {}
        }
        self.shadow.observe(record);
    }

    /// Takes note of a vote; gives the first one of its term.
    fn give(&mut self, node: NodeId, term: Term, to: NodeId) -> &mut Given {
        let given = Given { to, time: self.now, sent: false, forgot: None };
        self.given.entry((node, term)).or_insert(given)
    }

    fn is_about(&self, term: Term) -> bool {
        self.focus.terms.contains(&term)
    }

    fn fault(&self, record: &Record) -> Told {
        let (Kind::Fault { fault: number } | Kind::Heal { fault: number }) = record.kind else {
            return None;
        };
        let fault = self.plan.faults.get(number as usize - 1)?;
        self.faults.contains(&record.number).then(|| match record.kind {
            Kind::Heal { .. } => {
                (Rank::Circumstance, format!("fault {number} ends ({})", fault.kind().name()))
            }
            _ => {
                let why = fault_trigger(fault).map_or_else(String::new, |on| format!(" ({on})"));
                (Rank::Cause, format!("fault {number} strikes: {}{why}", fault_action(fault)))
            }
        })
    }

    fn crash(&mut self, node: NodeId, record: &Record, remains: Remains) -> (Rank, String) {
        let survived = remains.votes.unwrap_or(remains.survived);
        let before = self.shadow.node(node).log.clone();
        self.shadow.observe(record);
        let after = &self.shadow.node(node).log;
        let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
        let mut parts = vec![String::from("crashes")];
        for (write, term, vote) in std::mem::take(&mut self.nodes[node.slot()].pending) {
            let (Some(vote), true) = (vote, write > survived) else { continue };
            parts.push(format!("its vote for {vote} in term {term} was not on disk yet"));
            // A vote that nobody heard of was never given.
            match self.given.get_mut(&(node, term)) {
                Some(given) if given.sent => given.forgot = Some(record.time),
                _ => _ = self.given.remove(&(node, term)),
            }
        }
        self.nodes[node.slot()].saved = self.shadow.node(node).durable_vote.0;
        let entries = |last: usize| match last - same {
            1 => format!("entry {last}"),
            _ => format!("entries {}-{last}", same + 1),
        };
        if same < before.len() {
            parts.push(format!("{} not on disk yet, and lost", entries(before.len())));
        }
        if same < after.len() {
            parts.push(format!("{} still on disk, and back", entries(after.len())));
        }
        if remains.promised > 0 {
            let promised = remains.promised;
            parts.push(format!("its disk had said that it has {promised} of what is lost"));
        }
        if remains.torn > 0 {
            parts.push("a write is torn".into());
        }
        let rank = if parts.len() > 1 { Rank::Wrong } else { Rank::Step };
        (rank, parts.join("; "))
    }

    fn role(&mut self, node: NodeId, role: Role, term: Term) -> Told {
        Some(match role {
            Role::Leader => {
                (Rank::Decisive, format!("wins term {term}{}", self.voters(node, term)))
            }
            Role::Candidate => {
                self.nodes[node.slot()].ballots.clear();
                let (second, remark) = self.objection(node, term, node);
                let rank = if self.is_about(term) || second { Rank::Wrong } else { Rank::Step };
                (rank, format!("stands for election in term {term}{remark}"))
            }
            Role::PreCandidate => {
                (Rank::Routine, format!("asks whether it could win term {}", term.next()))
            }
            Role::Follower if self.shadow.node(node).role == Role::Leader => {
                let before = self.nodes[node.slot()].led;
                let text = format!("leads term {before} no more: it follows in term {term}");
                (Rank::Step, text)
            }
            Role::Follower => return None,
        })
    }

    /// Whose votes a winner heard. Those for another term were ignored if it needs none of them.
    fn voters(&self, node: NodeId, term: Term) -> String {
        let ballots = || self.nodes[node.slot()].ballots.iter();
        let configuration = self.shadow.configuration_of(node);
        let valid = ballots().filter(|(_, of)| *of == term).map(|(voter, _)| *voter);
        let valid: NodeSet = valid.chain([node]).collect();
        let (share, enough) = shares(configuration, valid, "votes");
        let counted = ballots().filter(|(_, of)| *of == term || !enough);
        let told = counted.map(|(voter, of)| match *of == term {
            true if !configuration.voting().contains(*voter) => format!("{voter} (no voter)"),
            true => voter.to_string(),
            false => format!("{voter} (a vote for term {of})"),
        });
        let whose = match told.collect::<Vec<_>>().as_slice() {
            [] => String::from(", with its own vote alone"),
            [one] => format!(", with the vote of {one} and its own"),
            more => format!(", with the votes of {} and its own", more.join(", ")),
        };
        format!("{whose}: {share}{}", if enough { "" } else { ", NO majority" })
    }

    /// Whether something speaks against a vote, and what; at length where it is told first.
    fn objection(&mut self, node: NodeId, term: Term, vote: NodeId) -> (bool, String) {
        let given = self.given.get(&(node, term)).copied().filter(|given| given.to != vote);
        let better = self.better_log(node, vote);
        let promised = self.broken_promise(node, vote, term);
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
            remark += &(better + &promised);
        }
        (wrong, remark)
    }

    /// What speaks against a vote for a candidate, by the logs of both.
    fn better_log(&self, node: NodeId, candidate: NodeId) -> String {
        match self.asked.get(&(node, candidate)) {
            Some((own, theirs)) if own > theirs => format!(
                ": it ends with entry {} of term {}, that of {candidate} with entry {} of term {}",
                own.1, own.0, theirs.1, theirs.0
            ),
            _ => String::new(),
        }
    }

    /// What speaks against a vote that a node gives: a promise to another that is not over yet.
    fn broken_promise(&self, node: NodeId, vote: NodeId, term: Term) -> String {
        let config = self.plan.config();
        let lasts = config.election_timeout.from;
        match self.nodes[node.slot()].promised.filter(|_| config.reads == Reads::Lease) {
            // That leader itself may have asked for the election.
            Some((to, of, at))
                if (to != vote && of < term && self.now.since(at) < lasts)
                    && !self.by_word.contains(&(vote, term)) =>
            {
                format!(", although it answered a round of reads of {to} at {at} s")
            }
            _ => String::new(),
        }
    }

    /// Who made a node write what it writes.
    fn source(&self, node: NodeId, record: &Record) -> String {
        match self.nodes[node.slot()] {
            Known { heard: Some((event, from, term)), .. } if event == record.event => {
                format!(", told by {from} in a message of term {term}")
            }
            Known { booted, .. } if booted == record.event => String::from(", as it restarts"),
            _ => String::new(),
        }
    }

    fn append(&self, node: NodeId, index: Index, term: Term, record: &Record) -> Told {
        if !self.focus.indexes.contains(&index) {
            return None;
        }
        let source = match self.shadow.node(node).role {
            Role::Leader => ", as the leader".into(),
            _ => self.source(node, record),
        };
        Some((Rank::Wrong, format!("writes entry {index} of term {term} into its log{source}")))
    }

    fn truncate(&self, node: NodeId, from: Index, record: &Record) -> (Rank, String) {
        let (last, source) = (self.shadow.node(node).last_index(), self.source(node, record));
        let about = self.focus.among(from, last).is_some();
        let rank = if about { Rank::Decisive } else { Rank::Cause };
        (rank, format!("removes its log from {from} to {last}{source}"))
    }

    /// A log is compacted; that the snapshot ends with the entry that the log has there is what all depends on.
    fn compacts(&self, node: NodeId, upto: Index, record: &Record) -> (Rank, String) {
        let own = self.shadow.node(node);
        let text = words(&record.kind, record.node);
        if own.snapshot.0 > upto || own.at(upto) == Some(own.snapshot.1) {
            return (Rank::Circumstance, text);
        }
        let why = ", and keeps what follows, although its own entry there is another";
        (Rank::Decisive, text + why)
    }

    fn writes_vote(&mut self, node: NodeId, term: Term, vote: NodeId) -> Told {
        let (wrong, remark) = self.objection(node, term, vote);
        let rank = match (wrong, self.is_about(term)) {
            (true, _) => Rank::Wrong,
            (false, true) => Rank::Routine,
            (false, false) => return None,
        };
        Some((rank, format!("writes its vote for {vote} in term {term}{remark}")))
    }

    /// To write that there is no vote is right once, when a term begins.
    fn unwrites_vote(&self, node: NodeId, term: Term) -> Told {
        if self.nodes[node.slot()].saved < term {
            return None;
        }
        let given = self.given.get(&(node, term)).map_or_else(String::new, |given| {
            format!(", although it voted for {} at {} s", given.to, given.time)
        });
        let rank = if self.is_about(term) { Rank::Wrong } else { Rank::Circumstance };
        Some((rank, format!("writes that it has no vote in term {term}{given}")))
    }

    fn durable(&mut self, node: NodeId, write: WriteId, record: &Record) -> Told {
        let before = self.on_disk(node);
        // The shadow takes note of the sync here, to compare the disk before and after; to see it twice changes nothing.
        self.shadow.observe(record);
        let (mut parts, mut gone, mut rank) = (Vec::new(), Vec::new(), Rank::Routine);
        for (of, term, vote) in &self.nodes[node.slot()].pending {
            if let (Some(vote), true) = (vote, *of <= write && self.is_about(*term)) {
                parts.push(format!("its vote for {vote} in term {term}"));
            }
        }
        for ((index, before), after) in
            self.focus.indexes.iter().zip(before).zip(self.on_disk(node))
        {
            if after.is_some() && before != after {
                parts.push(format!("entry {index}"));
                rank = Rank::Circumstance;
            } else if after.is_none() && before.is_some() {
                gone.push(format!("entry {index} no more"));
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
        let about = self.is_about(message.term());
        let heard = self.messages.heard.get(&id).map(|place| self.messages.records[*place].time);
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
            Summary::RequestVote { term, .. } if about && heard.is_some() => {
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
        let end = match heard {
            Some(time) => format!("; {to} hears it at {time} s"),
            None => format!("; {to} does not hear it"),
        };
        Some((rank, text + &end))
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

    /// What is wrong with a vote that is sent, by the voter's disk.
    fn unsaved_vote(&self, node: NodeId, term: Term, to: NodeId) -> &'static str {
        let vote = (term, Some(to));
        let mut pending = self.nodes[node.slot()].pending.iter();
        match self.shadow.node(node).durable_vote == vote {
            true => "",
            false if pending.any(|it| (it.1, it.2) == vote) => ", before the vote is on its disk",
            false => ", and its disk does not have the vote",
        }
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
        record: &Record,
    ) -> Told {
        let term = message.term();
        let known = &mut self.nodes[node.slot()];
        known.heard = Some((record.event, from, term));
        if let Summary::Vote { granted: true, .. } = message {
            known.ballots.insert((from, term));
        }
        let overtaken = self.overtaken_by(node, from, message);
        let sent = self.messages.records[*self.messages.sent.get(&id)?].time;
        let taken = record.time.since(sent);
        let late = !self.stalls && taken.0 > self.messages.latency.saturating_mul(LATE);
        let own = self.shadow.node(node);
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
        let sent = self.messages.records[*self.messages.sent.get(&id)?];
        let (Kind::Send { message, .. }, sender) = (sent.kind, sent.node?) else { return None };
        let what = match message {
            Summary::RequestVote { term, .. } if self.is_about(term) => "question",
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

    fn commit(&self, node: NodeId, index: Index, record: &Record) -> (Rank, String) {
        let own = self.shadow.node(node);
        let mut text = words(&record.kind, record.node);
        if let (Role::Leader, Some(place)) = (own.role, own.at(index)) {
            let configuration = self.shadow.committing(node, index, place);
            let holders = self.shadow.holders(index, place, configuration);
            let term = self.shadow.chain.link(place).term;
            text += &format!(", which is on {}", shares(configuration, holders, "disks").0);
            if term < own.term {
                text += &format!("; the entry is of term {term}, older than its own");
            }
        }
        let before = self.nodes[node.slot()].commit;
        let news = index < before || self.focus.among(before.next(), index).is_some();
        (if news { Rank::Turn } else { Rank::Routine }, text)
    }
}
