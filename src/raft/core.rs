//! The state of Figure 2 that every role shares, and how it reaches the disk.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::config::Config;
use crate::config::priority::Patience;
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::{Batch, Log, RequestId};
use crate::node::{Answer, Context, Effect, Moment, Recovered, Snapshot, TimerId};
use crate::raft::follower_reads::Asked;
use crate::raft::membership::Membership;
use crate::raft::progress::Progress;
use crate::raft::snapshot::Assembly;
use crate::raft::{Message, Rules};
use crate::time::{LocalTime, Span};

/// What a step of the built-in Raft has at hand.
pub type Ctx<'a> = Context<'a, Message>;

/// The state that every role shares.
///
/// Invariants, asserted where they could break; those in parentheses hold where no bug is planted:
/// - `current_term` never falls (; `voted_for` changes from `None` at most once within a term).
/// - (`last_applied <= commit_index`.) What is applied is durable, unless the disk dropped it since.
/// - `durable_index <= log.last_index()`.
/// - `log.base() <= last_applied` when a step is over, and the snapshot covers what was compacted.
/// - Terms do not fall along the log (, and none is above `current_term`).
/// - Every change of term, vote or log is written before the step ends that makes it.
#[derive(Clone, Debug)]
pub struct Core {
    /// This node.
    pub id: NodeId,
    /// Who belongs to the cluster, by this node's log.
    pub membership: Membership,
    /// The options.
    pub config: Config,
    /// Latest term this node has seen.
    pub current_term: Term,
    /// The candidate that received this node's vote in the current term.
    pub voted_for: Option<NodeId>,
    /// The log.
    pub(super) log: Log,
    /// Highest entry known to be committed.
    pub(super) commit_index: Index,
    /// Highest entry given to the state machine.
    pub(super) last_applied: Index,
    /// The leader of the current term, where it is known.
    pub leader_id: Option<NodeId>,
    /// When this node heard from that leader last; means nothing without one.
    pub leader_heard: LocalTime,
    /// When this node last promised a leader to elect nobody else, or may have.
    pub promised: Moment,
    /// Reads for which it asked the leader, by client.
    pub asked: BTreeMap<u32, Asked>,
    /// How long this node still leaves elections to others.
    pub patience: Patience,
    /// What this node knew of its followers when it last led: one place per node, the own one not used. Reinitialised after each
    /// election.
    pub progress: Vec<Progress>,
    /// Highest entry known to be on this node's disk.
    pub(super) durable_index: Index,
    /// The latest write; answers wait for it.
    pub(super) last_write: WriteId,
    /// The latest snapshot on this node's disk.
    pub snapshot: Option<Rc<Snapshot>>,
    /// Whether a snapshot is being written.
    pub saving: bool,
    /// What was received of a leader's snapshot.
    pub assembly: Option<Assembly>,
    /// Whether a write failed, and none was durable since. Such a node does not stand: it could not vote for itself.
    pub disk_failed: bool,
    /// Writes of entries that are not durable yet, with the last entry that each holds.
    unsynced: VecDeque<(WriteId, Index)>,
}

impl Core {
    /// A node before its first boot.
    pub fn new(id: NodeId, members: NodeSet, config: Config) -> Core {
        let places = members.iter().map(NodeId::slot).max().unwrap_or(0) + 1;
        Core {
            id,
            membership: Membership::new(Configuration::of(members)),
            config,
            current_term: Term::FIRST,
            voted_for: None,
            log: Log::default(),
            commit_index: Index::ZERO,
            last_applied: Index::ZERO,
            leader_id: None,
            leader_heard: LocalTime(0),
            promised: Moment::default(),
            asked: BTreeMap::new(),
            patience: Patience::full(config.elections.priority),
            progress: vec![Progress::new(Term::ZERO, Index(1), Index::ZERO); places],
            durable_index: Index::ZERO,
            last_write: WriteId::NONE,
            snapshot: None,
            saving: false,
            assembly: None,
            disk_failed: false,
            unsynced: VecDeque::new(),
        }
    }

    /// The rules, bugs and all.
    pub fn rules(&self) -> Rules {
        Rules::of(self.config.bugs)
    }

    /// The other members: whom a leader sends entries.
    pub fn others(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.configuration().members().without(NodeSet::only(self.id)).iter()
    }

    /// The other voters: whom a candidate asks.
    pub fn other_voters(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.configuration().voting().without(NodeSet::only(self.id)).iter()
    }

    /// How long to wait for a leader, this time.
    pub fn election_timeout(&self, ctx: &mut Ctx) -> Span {
        ctx.rng.election_timeout(self.rules().election_timeout(self.config.election_timeout))
    }

    /// Starts with what the disk holds.
    pub fn recover(&mut self, disk: Recovered, ctx: &mut Ctx) {
        let promised = self.rules().promises_outlive_crash();
        self.promised = if promised { ctx.moment() } else { Moment::default() };
        self.current_term = disk.term;
        self.voted_for = disk.vote;
        self.log = disk.log;
        let members = disk.snapshot.as_ref().map(|snapshot| snapshot.members);
        self.membership.replace(members.map(|members| self.rules().from_snapshot(members)));
        let replays = self.rules().config_outlives_restart();
        for (place, entry) in self.log.iter_from(self.log.base().next()).enumerate() {
            if replays {
                self.membership.append(self.log.base().plus(place as u64 + 1), entry);
            }
        }
        self.durable_index = self.log.last_index();
        if let Some(from) = disk.damage.corrupt {
            self.truncate(from, ctx);
        }
        self.recover_snapshot(disk.snapshot, ctx);
        // A disk may have written the log first, and lost the term that was written before.
        if self.log.last_term() > self.current_term {
            self.enter_term(self.log.last_term(), None, ctx);
        }
        self.last_applied = self.rules().first_applied(disk.applied).max(self.log.base());
        self.commit_index = disk.applied;
        self.assert_log();
        if let Some((first, entries)) = disk.damage.truncated
            && !self.rules().removal_outlives_crash()
        {
            let known = self.log.last_index().next().0.saturating_sub(first.0) as usize;
            self.append(Batch::from(entries.get(known..).unwrap_or(&[])), ctx);
        }
        if let Some(entry) = disk.damage.torn
            && !self.rules().drops_torn_tail()
        {
            self.append(Batch::from(entry), ctx);
        }
    }

    /// Takes note that a node leads the current term, and lives.
    pub fn follow(&mut self, leader: NodeId, ctx: &Ctx) {
        self.leader_id = Some(leader);
        self.leader_heard = ctx.now;
        self.promised = ctx.moment();
        self.patience = Patience::full(self.config.elections.priority);
    }

    /// Moves to a later term (5.1).
    pub fn enter_term(&mut self, term: Term, vote: Option<NodeId>, ctx: &mut Ctx) {
        assert!(self.rules().takes_over(term, self.current_term), "a term never goes back");
        self.current_term = term;
        self.leader_id = None;
        let vote = self.rules().vote_in_new_term(self.voted_for, vote);
        self.vote(vote, ctx);
    }

    /// Votes in the current term, on disk.
    pub fn vote(&mut self, vote: Option<NodeId>, ctx: &mut Ctx) {
        self.voted_for = vote;
        let write = self.next_write();
        ctx.emit(Effect::SaveVote { write, term: self.current_term, vote });
    }

    /// Adds entries at the end of the log, and writes them.
    pub fn append(&mut self, entries: Batch, ctx: &mut Ctx) {
        if entries.is_empty() {
            return;
        }
        let first = self.log.last_index().next();
        for entry in entries.entries() {
            debug_assert!(entry.term >= self.log.last_term() || !self.rules().are_kept());
            debug_assert!(entry.term <= self.current_term || !self.rules().are_kept());
            self.log.push(*entry);
            self.membership.append(self.log.last_index(), entry);
        }
        let write = self.next_write();
        self.unsynced.push_back((write, self.log.last_index()));
        ctx.emit(Effect::Append { write, first, entries });
    }

    /// Removes the entry at `from` and all that follow (5.3).
    pub fn truncate(&mut self, from: Index, ctx: &mut Ctx) {
        if from > self.log.last_index() {
            return;
        }
        self.log.truncate(from);
        let before = self.configuration();
        self.membership.truncate(from);
        if !self.rules().removed_config_counts_no_more() {
            self.membership.latest = before;
        }
        self.durable_index = self.durable_index.min(from.previous());
        for (_, last) in &mut self.unsynced {
            *last = (*last).min(from.previous());
        }
        self.assert_log();
        let write = self.next_write();
        ctx.emit(Effect::Truncate { write, from });
    }

    /// Forgets the entries up to `upto`, which the durable snapshot covers.
    pub fn compact(&mut self, upto: Index, ctx: &mut Ctx) {
        if upto <= self.log.base() {
            return;
        }
        debug_assert!(upto <= self.snapshot_index(), "a snapshot covers what is compacted");
        self.log.compact(upto);
        self.membership.compact(upto);
        let write = self.next_write();
        ctx.emit(Effect::Compact { write, upto });
    }

    /// Forgets all entries: the durable snapshot, which ends with an entry of this index and term, takes their place.
    pub fn discard(&mut self, index: Index, term: Term, ctx: &mut Ctx) {
        self.log.replace(index, term);
        let members = self.snapshot.as_ref().map(|snapshot| snapshot.members);
        let members = self.rules().config_of_installed(self.configuration(), members);
        self.membership.replace(members.map(|members| self.rules().from_snapshot(members)));
        self.durable_index = index;
        for (_, last) in &mut self.unsynced {
            *last = (*last).min(index);
        }
        self.assert_log();
        let write = self.next_write();
        ctx.emit(Effect::Discard { write, index, term });
    }

    /// Has what failed written again in a while: a disk that has just failed may still be full.
    pub fn write_again_later(&self, ctx: &mut Ctx) {
        let at = ctx.now.plus(self.config.heartbeat_interval.from);
        ctx.emit(Effect::SetTimer { timer: TimerId(1), at });
    }

    /// Takes note that a write and all before it are durable.
    pub fn durable(&mut self, write: WriteId) {
        self.disk_failed = false;
        while self.unsynced.front().is_some_and(|(appended, _)| *appended <= write) {
            let (_, last) = self.unsynced.pop_front().expect("just seen");
            self.durable_index = self.durable_index.max(last);
        }
        self.assert_log();
    }

    /// Applies what is committed and durable, in order. `awaited` are the indexes whose output is wanted,
    /// ascending.
    pub fn apply(&mut self, awaited: impl Iterator<Item = Index>, ctx: &mut Ctx) {
        let last = self.log.last_index();
        let limit = self.rules().apply_limit(self.commit_index, self.durable_index, last);
        let mut awaited = awaited.peekable();
        while self.last_applied < limit {
            let index = self.last_applied.next();
            let entry = *self.log.get(index).expect("what is applied is in the log");
            while awaited.next_if(|awaited| *awaited < index).is_some() {}
            let answer = awaited.next_if_eq(&index).is_some();
            self.last_applied = index;
            ctx.emit(Effect::Apply { index, entry, answer });
            self.take_snapshot(entry.term, ctx);
        }
        debug_assert!(self.last_applied <= self.commit_index || !self.rules().are_kept());
        if !self.asked.is_empty() {
            self.serve_asked(ctx);
        }
    }

    /// Sends a message that depends on nothing that is not durable.
    pub fn send(&self, to: NodeId, message: Message, ctx: &mut Ctx) {
        ctx.emit(Effect::Send { to, message, after: WriteId::NONE });
    }

    /// Sends a client on: this node cannot take its request.
    pub fn refuse(&self, request: RequestId, relay: Option<NodeId>, ctx: &mut Ctx) {
        let known = self.leader_id.filter(|leader| *leader != self.id);
        self.reply(request, relay, Answer::Refused(known), ctx);
    }

    /// Answers a client, by way of the follower that forwarded its request if there is one.
    pub fn reply(&self, request: RequestId, relay: Option<NodeId>, answer: Answer, ctx: &mut Ctx) {
        match relay {
            Some(to) => self.send(to, Message::ForwardReply { request, answer }, ctx),
            None => ctx.emit(Effect::Reply { request, answer }),
        }
    }

    /// Answers once everything written so far is durable (Figure 2: "updated on stable storage before responding").
    pub fn answer(&self, to: NodeId, message: Message, ctx: &mut Ctx) {
        ctx.emit(Effect::Send { to, message, after: self.last_write });
    }

    /// What holds of the log and its disk whatever is planted.
    fn assert_log(&self) {
        debug_assert!(self.log.base() <= self.log.last_index());
        debug_assert!(self.durable_index <= self.log.last_index());
        debug_assert!(self.unsynced.iter().is_sorted_by_key(|(write, _)| *write));
        debug_assert!(self.unsynced.back().is_none_or(|(_, last)| *last <= self.log.last_index()));
    }

    fn next_write(&mut self) -> WriteId {
        self.last_write = self.last_write.next();
        self.last_write
    }

    /// The term and index of the last entry: what makes a log more or less up to date (5.4.1).
    pub fn last_entry(&self) -> (Term, Index) {
        (self.log.last_term(), self.log.last_index())
    }

    /// Term and index of the last entry that this node knows to be committed.
    pub fn committed_entry(&self) -> (Term, Index) {
        (self.log.term_at(self.commit_index).unwrap_or(Term::ZERO), self.commit_index)
    }
}
