//! Notices situations: small predicates over records, with a little memory of each node.
//!
//! A record is looked at before the shadow takes note of it, so that what it changes can still be seen.

mod clients;
mod compaction;
mod crashes;
mod disks;
mod elections;
mod flow;
mod leases;
mod membership;
mod reads;
mod recovery;

use crate::ids::{Index, NODES_MAX, NodeId, NodeSet, Term, WriteId};
use crate::log::{Entry, RequestId};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::quorum::Tally;
use crate::oracle::shadow::{NodeShadow, Shadow};
use crate::oracle::{Oracles, PrefixId};
use crate::record::{Kind, Loss, Record};
use crate::situation::Situation::*;
use crate::situation::{Counts, Situation};
use crate::time::Span;

/// How many forwarded requests are remembered; older ones are forgotten.
const FORWARDS_MAX: usize = 64;

/// How many terms are remembered in which candidates stood.
const CONTESTS_MAX: usize = 8;

/// What is remembered of one node.
#[derive(Debug, Clone, Default)]
struct NodeMemory {
    up: bool,
    commit: Index,
    applied: Index,
    /// As leader: the write of its latest entry.
    appended: WriteId,
    /// Votes that it received in the term in which it is candidate or leader.
    votes: NodeSet,
    /// Whom it voted for, when, in which life.
    voted: Option<(Term, NodeId, u32)>,
    /// What its answer to each candidate will be, as far as it could be told when the request came.
    asked: [Option<Situation>; NODES_MAX as usize],
    /// The term in which each candidate asked last.
    asked_term: [Term; NODES_MAX as usize],
    /// As leader: the highest index that each follower acknowledged.
    acked: [Index; NODES_MAX as usize],
    /// As leader: what each follower refused last, until something is sent to it.
    refused: [Index; NODES_MAX as usize],
    /// The latest entries that reached it: their term, and their message.
    latest_append: (Term, u64),
    /// The terms that it led: the latest, and the one before.
    led: (Term, Term),
    /// As leader: whether an entry of its own term is committed.
    own_term_committed: bool,
    /// As leader: whether it was seen to hold back an older entry.
    held_back: bool,
    /// Messages with a lower number were sent in an earlier life.
    born_at_message: u64,
    /// Whether it applied something in this life.
    applied_in_this_life: bool,
    /// As leader: its latest round of reads, and in which round it asked each node last.
    round: ((Term, u64), [u64; NODES_MAX as usize]),
    under_way: flow::UnderWay,
    election: elections::NodeMemory,
    lease: leases::NodeMemory,
    disk: disks::NodeMemory,
    compaction: compaction::NodeMemory,
}

/// A record of a node, with the cluster as it was before it.
#[derive(Clone, Copy)]
struct At<'a> {
    record: &'a Record,
    id: NodeId,
    oracles: &'a Oracles,
    shadow: &'a Shadow,
    node: &'a NodeShadow,
}

impl At<'_> {
    /// Whether the node is a leader.
    fn leads(&self) -> bool {
        self.node.role == Role::Leader
    }

    /// The term of the node's entry; zero beyond its log.
    fn term_at(&self, index: Index) -> Term {
        self.node.at(index).map_or(Term::ZERO, |place| self.shadow.chain.link(place).term)
    }
}

/// Notices and counts situations.
#[derive(Debug, Default)]
pub struct Situations {
    /// The event at hand.
    event: u64,
    counts: Counts,
    /// Situations that a fault waits for.
    watched: Vec<bool>,
    /// Watched situations that were reached and not yet taken.
    fresh: Vec<(Situation, Option<NodeId>)>,
    nodes: Vec<NodeMemory>,
    /// Terms in which somebody stood: the candidates, and whether one won.
    contests: Vec<(Term, NodeSet, bool)>,
    /// The entries that the event at hand delivered, where they may prove redundant: at whom, and whether more lay behind.
    redundant: Option<(u64, NodeId, bool)>,
    /// The latest event that delivered a reply, and whose.
    reply: Option<(u64, NodeId)>,
    forwards: Vec<RequestId>,
    /// For each client, the request that took effect last, and where.
    applied: Vec<(u32, Index)>,
    applied_upto: Index,
    last_commit_by: Option<NodeId>,
    /// The entry that was committed last, and where.
    last_commit: Option<(Index, PrefixId)>,
    commit_leader_crashed: bool,
    crashed_since_commit: NodeSet,
    last_message: u64,
    elections: elections::Memory,
    recovery: recovery::Memory,
    reads: reads::Memory,
    clients: clients::Memory,
    /// Whether any disk has failed yet: until then there is nothing to remember of them.
    disks_failed: bool,
    /// Whether any leader was seen to have leases.
    leases_used: bool,
    /// Whether any node has taken a snapshot.
    snapshots_taken: bool,
}

impl Situations {
    /// Watches a cluster of so many nodes. Those of `watched` can be taken by [`Situations::take_fresh`].
    pub fn new(nodes: u8, watched: impl Iterator<Item = Situation>) -> Situations {
        let mut situations = Situations {
            watched: vec![false; Situation::COUNT],
            nodes: vec![NodeMemory::default(); usize::from(nodes)],
            ..Situations::default()
        };
        watched.for_each(|situation| situations.watched[situation.slot()] = true);
        situations
    }

    /// How often each was reached.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes one watched situation that was reached since the last call.
    pub fn take_fresh(&mut self) -> Option<(Situation, Option<NodeId>)> {
        self.fresh.pop()
    }

    fn reach(&mut self, situation: Situation, node: Option<NodeId>) {
        self.counts.add(situation);
        if self.watched[situation.slot()] {
            self.fresh.push((situation, node));
        }
    }

    fn reach_if(&mut self, condition: bool, situation: Situation, node: NodeId) {
        if condition {
            self.reach(situation, Some(node));
        }
    }

    /// Looks at a record. `oracles` have not seen it yet.
    pub fn observe(&mut self, record: &Record, oracles: &Oracles) {
        if let Some((event, node, more)) = self.redundant
            && event != record.event
        {
            self.redundant = None;
            self.reach(AppendRedundant, Some(node));
            self.reach_if(more, AppendRedundantShort, node);
        }
        self.event = record.event;
        self.observe_recovery(record, oracles);
        let Some(id) = record.node else { return };
        let shadow = &oracles.shadow;
        let at = &At { record, id, oracles, shadow, node: shadow.node(id) };
        let routine = is_routine(&record.kind);
        if !routine {
            self.observe_membership(at);
        }
        let mut dropped = false;
        self.observe_waiting(record);
        if !routine {
            self.observe_elections(at);
            dropped = self.observe_disks(at);
        }
        self.observe_clients(at);
        if let Some(situation) = self.observe_compaction(at) {
            self.reach(situation, Some(id));
        }
        self.observe_protocol(at, dropped);
    }

    #[inline(always)]
    fn observe_protocol(&mut self, at: &At, dropped: bool) {
        let At { record, id, node, .. } = *at;
        match record.kind {
            Kind::Deliver { from, id: message, message: summary } => {
                self.deliver(at, (from, message), &summary);
            }
            Kind::Send { to, id: message, message: summary } => {
                self.last_message = message;
                self.send(at, to, &summary);
            }
            Kind::Term { term } => {
                let before = node.term;
                self.reach_if(term.0 > before.0 + 1, TermJumped, id);
            }
            Kind::Role { role, term } => self.role(at, role, term),
            Kind::Commit { index, .. } => self.commit(at, index),
            Kind::Append { write, .. } => {
                self.redundant = None;
                let before = std::mem::replace(&mut self.nodes[id.slot()].appended, write);
                let leads = at.leads();
                let appended = if leads { LeaderAppended } else { EntriesAccepted };
                self.reach(appended, Some(id));
                if leads {
                    let under_way = &mut self.nodes[id.slot()].under_way;
                    under_way.appended = (record.event, under_way.furthest);
                }
                self.reach_if(leads && before == write, RequestsGathered, id);
            }
            Kind::Truncate { from, .. } if !dropped => {
                self.redundant = None;
                self.truncate(at, from);
            }
            Kind::Vote { term, vote: Some(vote), .. } => {
                let life = node.life;
                self.nodes[id.slot()].voted = Some((term, vote, life));
            }
            Kind::Apply { index, request, effect, .. } => self.apply(at, index, (request, effect)),
            Kind::Restore { index, .. } => self.nodes[id.slot()].applied = index,
            Kind::Durable { write, lie } => self.durable(at, write, lie),
            _ => self.outside(at),
        }
    }

    fn durable(&mut self, at: &At, write: WriteId, lie: bool) {
        let At { id, node, .. } = *at;
        self.reach_if(lie, DiskLied, id);
        self.reach_if(!lie && node.has_been_lied_to(), DiskKeptWord, id);
        self.reach_if(node.pending_writes(write) > 1, GroupCommit, id);
    }

    fn boot(&mut self, at: &At) {
        let At { record, id, shadow, .. } = *at;
        let Kind::Boot { life, term, vote, last_index, applied, .. } = record.kind else { return };
        let newest = shadow.last_term(id);
        self.reach_if(newest > term, TermOlderThanLog, id);
        let memory = &mut self.nodes[id.slot()];
        memory.up = true;
        (memory.commit, memory.applied) = (applied, applied);
        memory.appended = WriteId::NONE;
        memory.born_at_message = self.last_message + 1;
        memory.applied_in_this_life = false;
        // A crash may have left another vote than the latest.
        memory.voted = vote.map(|vote| (term, vote, life - 1)).or(memory.voted);
        memory.lease.knows_leader = false;
        memory.lease.has_known = false;
        memory.lease.unanswered = [0; NODES_MAX as usize];
        if life > 1 {
            self.reach(NodeRestarted, Some(id));
            self.reach_if(last_index > Index::ZERO, RestartRecoveredLog, id);
            self.reach_if(vote.is_some(), RestartInTermOfVote, id);
        }
    }

    /// What happens to nodes, disks, clients and messages rather than in the protocol.
    fn outside(&mut self, at: &At) {
        let At { record, id, shadow, node, .. } = *at;
        let situation = match record.kind {
            Kind::Boot { .. } => return self.boot(at),
            Kind::Crash(_) => return self.crash(at),
            Kind::WriteFailed { .. } => {
                self.reach_if(node.vote_is_pending(), DiskErrorInVoteWindow, id);
                WriteFailed
            }
            Kind::Pause | Kind::Suspend if at.leads() => LeaderPaused,
            Kind::Resume => {
                let newer = shadow
                    .nodes()
                    .any(|(_, other)| other.role == Role::Leader && other.term > node.term);
                if node.role != Role::Leader || !newer {
                    return;
                }
                LeaderWokeDeposed
            }
            Kind::Timer { late, .. } => {
                self.nodes[id.slot()].lease.timer = self.event;
                return self.reach_if(late > Span::millis(1).0, TimerLate, id);
            }
            Kind::Leader { leader } => {
                let lease = &mut self.nodes[id.slot()].lease;
                lease.knows_leader = leader.is_some();
                lease.has_known |= lease.knows_leader;
                return;
            }
            Kind::Clock { .. } => ClockJumped,
            Kind::Drop { why, .. } => match why {
                Loss::Network => MessageLost,
                Loss::Cut => MessageCut,
                Loss::CutInFlight => MessageCutInFlight,
                Loss::Down => MessageToDeadNode,
                Loss::Unsent => MessageUnsent,
                Loss::Astray => MessageAstray,
            },
            Kind::Duplicate { .. } => MessageDuplicated,
            Kind::Request { .. } | Kind::Reply { .. } => {
                return self.read_asked_or_answered(at);
            }
            Kind::Invoke { attempt, .. } if attempt > 1 => RequestRetried,
            Kind::Answered { applied: false, .. } => RequestRefused,
            Kind::ConnectionRefused { .. } => ConnectionRefused,
            Kind::Answered { request, applied: true, .. } => {
                self.forwards.retain(|forwarded| *forwarded != request);
                RequestAnswered
            }
            Kind::TimedOut { request } => {
                self.forwards.retain(|forwarded| *forwarded != request);
                RequestTimedOut
            }
            _ => return,
        };
        self.reach(situation, Some(id));
    }

    fn send(&mut self, at: &At, to: NodeId, summary: &Summary) {
        let At { id, node, .. } = *at;
        match *summary {
            Summary::Vote { granted, .. } => {
                let memory = &mut self.nodes[id.slot()];
                let unanswered = &mut memory.lease.unanswered[to.slot()];
                *unanswered = unanswered.saturating_sub(1);
                let expected = memory.asked[to.slot()].take();
                let asked_in = memory.asked_term[to.slot()];
                // An answer that waited for the disk may be older than the latest question.
                let kept_term = node.term < asked_in;
                let situation = match (granted, expected) {
                    (false, Some(VoteRefusedPromise)) => VoteRefusedPromise,
                    (false, Some(PromiseOutlivedRestart)) => PromiseOutlivedRestart,
                    (false, _) if kept_term => VoteRefusedLoyal,
                    (true, Some(VoteRepeated)) => VoteRepeated,
                    (true, _) => VoteGranted,
                    (false, Some(reason)) => reason,
                    (false, None) => return,
                };
                self.reach(situation, Some(id));
            }
            Summary::AppendEntries { prev_index, entries, .. } => {
                let refused = std::mem::take(&mut self.nodes[id.slot()].refused[to.slot()]);
                self.reach_if(prev_index.next() < refused, BackoffSkipped, id);
                self.reach_if(entries > 1, EntriesBatched, id);
                if entries > 0 {
                    let end = prev_index.plus(u64::from(entries));
                    self.entries_sent(id, to, (prev_index, end));
                }
            }
            Summary::InstallSnapshot { .. } => self.flow_stops(id, to),
            Summary::TimeoutNow { term } => self.nodes[id.slot()].lease.told = term,
            Summary::ForwardReply { request, applied: true } => {
                self.lease_served(at, request);
            }
            Summary::Forward { request } => {
                if self.forwards.len() == FORWARDS_MAX {
                    self.forwards.remove(0);
                }
                self.forwards.push(request);
                self.reach(RequestForwarded, Some(id));
            }
            _ => self.read_sent(at, to, summary),
        }
    }

    fn deliver(&mut self, at: &At, (from, message): (NodeId, u64), summary: &Summary) {
        let At { id, .. } = *at;
        let earlier_life = message < self.nodes[from.slot()].born_at_message;
        self.reach_if(earlier_life, MessageFromEarlierLife, id);
        match *summary {
            Summary::RequestVote { term, last_index, last_term, .. } => {
                self.vote_requested(at, from, term, (last_term, last_index));
            }
            Summary::Vote { term, granted } => {
                self.reply = Some((self.event, from));
                if granted {
                    self.vote_arrived(at, from, term);
                }
            }
            Summary::AppendEntries { .. } => {
                self.entries_arrived(at, message, summary);
            }
            Summary::Appended { .. } | Summary::Conflict { .. } => {
                self.reply = Some((self.event, from));
                self.append_answered(at, from, summary);
            }
            Summary::Forward { request } => {
                self.reads.asked = (self.event, request);
                self.reach_if(!at.leads(), ForwardMisdirected, id);
            }
            Summary::ForwardReply { applied, .. } => {
                self.reach_if(applied, ForwardAnswered, id);
            }
            Summary::SnapshotReply { .. } => self.reply = Some((self.event, from)),
            Summary::ReadRoundReply { term, round, confirmed: true } => {
                self.lease_round_answered(at, from, (term, round));
            }
            Summary::ReadIndex { request } => self.reads.asked = (self.event, request),
            Summary::ReadIndexReply { index, .. } => {
                let behind = index.is_some_and(|index| self.nodes[id.slot()].applied < index);
                self.reach_if(behind, FollowerReadWaited, id);
            }
            Summary::PreVote { .. }
            | Summary::PreVoteReply { .. }
            | Summary::TimeoutNow { .. }
            | Summary::InstallSnapshot { .. }
            | Summary::ReadRound { .. }
            | Summary::ReadRoundReply { confirmed: false, .. }
            | Summary::Other { .. } => {}
        }
    }

    /// Foresees the answer to a vote request: it may leave much later, when the vote is durable.
    fn vote_requested(
        &mut self,
        at: &At,
        from: NodeId,
        term: Term,
        (asked_term, asked_index): (Term, Index),
    ) {
        let At { id, shadow, node, .. } = *at;
        let unanswered = &mut self.nodes[id.slot()].lease.unanswered[from.slot()];
        *unanswered = unanswered.saturating_add(1);
        let (last_term, last_index) = (shadow.last_term(id), node.last_index());
        let voted = self.nodes[id.slot()].voted.filter(|(voted, ..)| *voted == term);
        let expected = match voted {
            _ if term < node.term => Some(VoteRefusedStaleTerm),
            Some((_, candidate, _)) if candidate == from => Some(VoteRepeated),
            Some(_) => Some(VoteRefusedAlreadyGiven),
            None if asked_term < last_term => Some(VoteRefusedOlderLastTerm),
            None if asked_term == last_term && asked_index < last_index => {
                Some(VoteRefusedShorterLog)
            }
            None => self.promise(id, from, node.life),
        };
        let memory = &mut self.nodes[id.slot()];
        memory.asked[from.slot()] = expected;
        memory.asked_term[from.slot()] = term;
        self.reach_if(voted.is_some_and(|(_, _, life)| life < node.life), VoteAfterRestart, id);
    }

    fn vote_arrived(&mut self, at: &At, from: NodeId, term: Term) {
        let At { id, node, .. } = *at;
        if term < node.term {
            self.reach(StaleVoteArrived, Some(id));
            self.reach_if(node.role == Role::Candidate, StaleVoteReachedCandidate, id);
            return;
        }
        if !matches!(node.role, Role::Candidate | Role::Leader) {
            return;
        }
        let votes = &mut self.nodes[id.slot()].votes;
        let new = votes.insert(from);
        let all = new && votes.len() + 1 == self.nodes.len() && at.leads();
        self.reach_if(!new, DuplicateVoteArrived, id);
        self.reach_if(all, ElectionWonUnanimously, id);
    }

    fn entries_arrived(&mut self, at: &At, message: u64, append: &Summary) {
        let At { id, node, .. } = *at;
        let Summary::AppendEntries { term, prev_index, prev_term, entries, commit: leader_commit } =
            *append
        else {
            return;
        };
        let (latest_term, latest) = self.nodes[id.slot()].latest_append;
        let some = entries > 0;
        self.reach_if(some && term == latest_term && message < latest, AppendOvertaken, id);
        self.reach_if(some && term < latest_term, AppendOvertakenAcrossTerms, id);
        if term < node.term {
            return self.reach(AppendRefusedStale, Some(id));
        }
        let memory = &mut self.nodes[id.slot()];
        memory.latest_append = (latest_term, latest).max((term, message));
        let commit = memory.commit;
        let last_index = node.last_index();
        if prev_index > last_index {
            self.reach(AppendRefusedGap, Some(id));
            let far = prev_index.0 >= last_index.0 + 20;
            return self.reach_if(far, FollowerFarBehind, id);
        }
        if at.term_at(prev_index) != prev_term {
            return self.reach(AppendRefusedConflict, Some(id));
        }
        let verified = prev_index.plus(u64::from(entries));
        let tail = leader_commit > verified && last_index > verified && leader_commit > commit;
        self.reach_if(tail, HeartbeatUncommittedTail, id);
        if some && last_index >= verified {
            self.redundant = Some((self.event, id, last_index > verified));
        }
    }

    fn role(&mut self, at: &At, role: Role, term: Term) {
        let At { id, node, .. } = *at;
        match role {
            Role::Candidate => self.stand(at, term),
            Role::Leader => self.lead(at, term),
            Role::PreCandidate => {}
            Role::Follower => match node.role {
                Role::Leader => {
                    let uncommitted = node.last_index() > self.nodes[id.slot()].commit;
                    let by_reply = self.reply.is_some_and(|(event, _)| event == self.event);
                    self.reach(LeaderDeposed, Some(id));
                    self.reach_if(uncommitted, LeaderDeposedUncommitted, id);
                    self.reach_if(by_reply, LeaderDeposedByReply, id);
                }
                Role::Candidate => {
                    // The term changes first, and with it the votes that were counted in it.
                    let stood = self
                        .contests
                        .iter()
                        .any(|(contest, who, _)| *contest == term && who.contains(id));
                    let situation = if stood { CandidateYields } else { CandidateOutdated };
                    self.reach(situation, Some(id));
                }
                Role::Follower | Role::PreCandidate => {}
            },
        }
    }

    fn stand(&mut self, at: &At, term: Term) {
        let At { id, node, .. } = *at;
        let again = node.role == Role::Candidate;
        self.nodes[id.slot()].votes = NodeSet::EMPTY;
        self.reach(ElectionStarted, Some(id));
        self.reach_if(again, ElectionRepeated, id);
        let led = |other: &NodeShadow| {
            other.up && other.role == Role::Leader && other.term.next() == term
        };
        let led = at.shadow.nodes().any(|(_, other)| led(other));
        self.reach_if(led, ElectionDespiteLeader, id);
        match self.contests.iter_mut().find(|(contest, ..)| *contest == term) {
            Some((_, who, _)) => {
                who.insert(id);
                let second = who.len() == 2;
                self.reach_if(second, SplitVote, id);
            }
            None => {
                if self.contests.len() == CONTESTS_MAX {
                    self.contests.remove(0);
                }
                self.contests.push((term, NodeSet::only(id), false));
            }
        }
    }

    fn lead(&mut self, at: &At, term: Term) {
        let At { id, shadow, node, .. } = *at;
        self.reach(LeaderElected, Some(id));
        let memory = &mut self.nodes[id.slot()];
        memory.under_way = flow::UnderWay::default();
        let again = memory.led.0 > Term::ZERO;
        memory.led = (term, memory.led.0);
        memory.acked = [Index::ZERO; NODES_MAX as usize];
        memory.refused = [Index::ZERO; NODES_MAX as usize];
        memory.own_term_committed = false;
        memory.held_back = false;
        let votes = memory.votes.union(NodeSet::only(id));
        let bare = Tally::of(shadow.configuration_of(id), votes).is_bare();
        self.reach_if(again, LeaderElectedAgain, id);
        self.reach_if(bare, ElectionWonBareMajority, id);
        let others = || shadow.nodes().filter(|(other, node)| *other != id && node.up);
        self.reach_if(others().any(|(_, other)| other.role == Role::Leader), TwoLeadersAtOnce, id);
        let ahead = others().any(|(_, other)| other.log.len() > node.log.len());
        self.reach_if(ahead, FollowerAhead, id);
        let split = self
            .contests
            .iter()
            .any(|(contest, who, won)| !won && who.len() > 1 && *contest < term);
        self.reach_if(split, SplitVoteResolved, id);
        self.contests.retain(|(contest, ..)| *contest >= term);
        for (_, _, won) in self.contests.iter_mut().filter(|(contest, ..)| *contest == term) {
            *won = true;
        }
        let survived = self.last_commit.is_some_and(|(at, entry)| node.at(at) == Some(entry));
        let leader = survived && std::mem::take(&mut self.commit_leader_crashed);
        self.reach_if(leader, CommitSurvivedLeaderCrash, id);
        let all = survived && self.crashed_since_commit.len() >= shadow.majority();
        self.reach_if(all, CommitSurvivedCrashOfAll, id);
        let forwarded = !self.forwards.is_empty();
        self.forwards.clear();
        self.reach_if(forwarded, ForwardedThenLeaderChanged, id);
    }

    fn commit(&mut self, at: &At, index: Index) {
        let At { id, oracles, shadow, node, .. } = *at;
        let memory = &mut self.nodes[id.slot()];
        let before = std::mem::replace(&mut memory.commit, index);
        let lags = memory.applied < before;
        self.reach_if(lags, ApplyBehindCommit, id);
        if node.role != Role::Leader || index <= before {
            return;
        }
        self.reach(CommitAdvanced, Some(id));
        self.reach_if(index.0 > node.durable.len() as u64, CommitBeforeOwnDisk, id);
        self.nodes[id.slot()].own_term_committed = true;
        if index <= oracles.commits.last_committed() {
            return;
        }
        self.last_commit_by = Some(id);
        self.last_commit = node.at(index).map(|entry| (index, entry));
        self.commit_leader_crashed = false;
        self.crashed_since_commit = NodeSet::EMPTY;
        let Some(place) = node.at(index) else { return };
        let configuration = shadow.configuration_of(id);
        let copies = shadow.copies(index, place, configuration);
        self.reach_if(copies.is_bare(), CommitBareMajority, id);
        self.reach_if(shadow.nodes().any(|(_, other)| !other.up), CommitWithNodeDown, id);
        // Terms never fall along a log, so the first new entry is the oldest.
        let first_new = oracles.commits.last_committed().next();
        if at.term_at(first_new) == node.term {
            return;
        }
        self.reach(CommitCarriesOlder, Some(id));
        let noop = Entry::noop(Term::ZERO).fingerprint();
        let clients = (first_new.0..index.0)
            .filter_map(|at| node.at(Index(at)))
            .map(|place| shadow.chain.link(place))
            .any(|link| link.term < node.term && link.content != noop);
        self.reach_if(clients, EntryOfEarlierLeaderCommitted, id);
    }

    fn truncate(&mut self, at: &At, from: Index) {
        let At { id, shadow, node, .. } = *at;
        let last = node.last_index();
        self.reach(ConflictingSuffixTruncated, Some(id));
        self.reach_if(last.0 >= from.0 + 4, LongSuffixTruncated, id);
        let first_term = at.term_at(from);
        self.reach_if(first_term != shadow.last_term(id), TruncatedAcrossTerms, id);
        let led = self.nodes[id.slot()].led;
        let noop = Entry::noop(Term::ZERO).fingerprint();
        let lost = (from.0..=last.0)
            .filter_map(|at| node.at(Index(at)))
            .map(|place| shadow.chain.link(place))
            .any(|link| (link.term == led.0 || link.term == led.1) && link.content != noop);
        self.reach_if(lost, UncommittedEntryLost, id);
    }

    fn apply(&mut self, at: &At, index: Index, (request, effect): (RequestId, bool)) {
        let At { id, node, .. } = *at;
        let life = node.life;
        let memory = &mut self.nodes[id.slot()];
        memory.applied = index;
        let first = !std::mem::replace(&mut memory.applied_in_this_life, true);
        self.reach_if(first && life > 1, AppliedAfterRestart, id);
        if index <= self.applied_upto || request.is_none() {
            return;
        }
        self.applied_upto = index;
        let reads = self.clients.command(request).is_some_and(|command| !command.writes());
        if !effect || reads {
            return;
        }
        let client = request.client as usize;
        if client >= self.applied.len() {
            self.applied.resize(client + 1, (0, Index::ZERO));
        }
        let before = std::mem::replace(&mut self.applied[client], (request.serial, index));
        self.reach_if(before.0 == request.serial && before.1 != index, RequestAppliedTwice, id);
    }
}

/// Entries, heartbeats and their answers on their way: most of all records, and nothing to members, elections, disks and clients.
fn is_routine(kind: &Kind) -> bool {
    matches!(kind, Kind::Send { message, .. } | Kind::Deliver { message, .. }
        if matches!(message, Summary::AppendEntries { .. } | Summary::Appended { .. } | Summary::Conflict { .. }))
}
