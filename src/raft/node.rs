//! The node: one input in, effects out, and the one place where roles change.

use crate::config::{Config, OnWriteError, Reads};
use crate::configuration::{Change, Configuration};
use crate::guest::Setup;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::{Batch, Command, Entry, RequestId};
use crate::message::Summary;
use crate::node::{Answer, Context, Effect, Input, Node, Role, Status, TimerId};
use crate::raft::candidate::Candidate;
use crate::raft::core::{Core, Ctx};
use crate::raft::disk_loop::{DiskLoop, hold_back};
use crate::raft::follower::{Append, Follower, receive_entries, receive_request_vote};
use crate::raft::leader::Leader;
use crate::raft::membership::Membership;
use crate::raft::prevote::{PreCandidate, receive_pre_vote};
use crate::raft::reads::Reader;
use crate::raft::snapshot::Part;
use crate::raft::{Message, Rules};

/// A node of the built-in Raft.
#[derive(Clone, Debug)]
pub struct Raft {
    core: Core,
    role: RoleState,
    disk: DiskLoop,
}

/// A role, with what only it knows.
#[derive(Clone, Debug)]
enum RoleState {
    /// Before the first boot.
    Off,
    Follower(Follower),
    PreCandidate(PreCandidate),
    Candidate(Candidate),
    Leader(Leader),
}

/// What an input makes of a role.
enum Next {
    Stay,
    Follow,
    /// Stand, or ask first: its time was up.
    TimeOut,
    /// Ask whether it could win.
    Ask,
    Campaign,
    /// Campaign because the leader said so.
    Succeed,
    Lead,
}

impl Raft {
    /// A node before its first boot. `members` holds all nodes, this one too.
    ///
    /// # Panics
    /// If the node is none of the members.
    pub fn new(id: NodeId, members: NodeSet, config: Config) -> Raft {
        assert!(members.contains(id), "a node is a member of its cluster");
        Raft {
            core: Core::new(id, members, config),
            role: RoleState::Off,
            disk: DiskLoop::default(),
        }
    }

    /// A node as a plan wants it.
    pub fn of(setup: &Setup<'_>) -> Raft {
        Raft::new(setup.id, setup.nodes, setup.config).beginning_with(setup.voters)
    }

    /// The same node in a cluster that begins with these voters, be it one of them or not.
    #[must_use]
    pub fn beginning_with(mut self, voters: NodeSet) -> Raft {
        self.core.membership = Membership::new(Configuration::of(voters));
        self
    }

    /// A node in the same state that goes on by other rules: what both do next shows what the rules decide.
    #[must_use]
    pub fn obeying(&self, rules: Rules) -> Raft {
        let mut node = self.clone();
        node.core.config.bugs = rules.bugs();
        node
    }

    /// All transitions between roles.
    fn become_next(&mut self, next: Next, ctx: &mut Ctx) {
        match next {
            Next::Stay => {}
            Next::Follow => {
                if let RoleState::Leader(leader) = &self.role {
                    leader.fall(&self.core, ctx);
                }
                self.role = RoleState::Follower(Follower::new(&self.core, ctx));
            }
            Next::TimeOut => {
                let elections = self.core.config.elections;
                if self.core.is_bound(ctx) {
                    // Its clock was set forward, or it has just started.
                    return self.become_next(Next::Follow, ctx);
                }
                if !self.core.may_stand() || !self.core.patience.timed_out(elections.priority) {
                    self.core.leader_id = None;
                    return self.become_next(Next::Follow, ctx);
                }
                self.become_next(if elections.pre_vote { Next::Ask } else { Next::Campaign }, ctx);
            }
            Next::Ask => {
                let asking = PreCandidate::new(&mut self.core, ctx);
                let alone = asking.may_stand(&self.core);
                self.role = RoleState::PreCandidate(asking);
                if alone {
                    self.become_next(Next::Campaign, ctx);
                }
            }
            Next::Campaign | Next::Succeed => {
                let by_leader = matches!(next, Next::Succeed);
                let candidate = Candidate::new(&mut self.core, by_leader, ctx);
                self.role = RoleState::Candidate(candidate);
                self.count_own_vote(WriteId::NONE, ctx);
            }
            Next::Lead => self.role = RoleState::Leader(Leader::new(&mut self.core, ctx)),
        }
    }

    /// A candidate's own vote counts once it is durable: of a cluster of one, or one that does not wait for its disk, it wins at once.
    fn count_own_vote(&mut self, write: WriteId, ctx: &mut Ctx) {
        if let RoleState::Candidate(candidate) = &mut self.role
            && candidate.durable(&self.core, write)
        {
            self.become_next(Next::Lead, ctx);
        }
    }

    /// Whether the node hears the leader of its term, or as leader a majority: then it helps to depose nobody.
    fn hears_leader(&self, ctx: &Ctx) -> bool {
        match &self.role {
            RoleState::Leader(leader) => {
                let hears = leader.hears_majority(&self.core, ctx.now);
                self.core.rules().is_loyal_to_itself(hears)
            }
            // It gave its leader up when it asked.
            RoleState::PreCandidate(_) => self.core.leader_id.is_some(),
            _ => self.core.hears_leader(ctx.now),
        }
    }

    /// Thesis 4.2.3: a server that heard from its leader lately neither updates its term for a candidate nor votes for it, unless the
    /// leader itself asked for the election.
    fn is_loyal(&self, from: NodeId, message: &Message, ctx: &Ctx) -> bool {
        let Message::RequestVote { term, by_leader: false, .. } = *message else { return false };
        let deposes = term > self.core.current_term;
        let member = self.core.configuration().members().contains(from);
        let loyal = deposes && self.core.config.elections.vote_lease && self.hears_leader(ctx);
        let bound = !matches!(self.role, RoleState::Leader(_)) && self.core.is_bound(ctx);
        (loyal && self.core.rules().is_loyal_against(member)) || bound
    }

    fn receive(&mut self, from: NodeId, message: Message, ctx: &mut Ctx) {
        if self.is_loyal(from, &message, ctx) {
            let refusal = Message::Vote { term: self.core.current_term, granted: false };
            return self.core.answer(from, refusal, ctx);
        }
        if let Some(term) = message.term() {
            self.observe_term(term, message.summary().is_reply(), ctx);
            if term < self.core.current_term {
                return self.receive_stale(from, message, ctx);
            }
        }
        match (message, &mut self.role) {
            (Message::RequestVote { last_log_index, last_log_term, .. }, _) => {
                self.receive_request_vote(from, (last_log_term, last_log_index), ctx);
            }
            (Message::PreVote { term, last_log_index, last_log_term }, _) => {
                let last = (last_log_term, last_log_index);
                let hears_leader = self.hears_leader(ctx);
                receive_pre_vote(&self.core, from, term, last, hears_leader, ctx);
            }
            (Message::PreVoteReply { term, granted }, _) => {
                self.receive_pre_vote_reply(from, term, granted, ctx);
            }
            (Message::TimeoutNow { .. }, _) => self.receive_timeout_now(ctx),
            (
                Message::AppendEntries {
                    term: _,
                    prev_log_index,
                    prev_log_term,
                    entries,
                    leader_commit,
                },
                _,
            ) => {
                let append = Append { prev_log_index, prev_log_term, entries, leader_commit };
                if self.follow_leader(from, ctx) {
                    receive_entries(&mut self.core, from, append, ctx);
                }
            }
            (Message::Vote { term, granted }, _) => self.receive_vote(from, term, granted, ctx),
            (Message::Appended { term, match_index }, RoleState::Leader(leader)) => {
                leader.receive_appended(&mut self.core, from, term, match_index, ctx);
            }
            (
                Message::Conflict { rejected, conflict_term, conflict_index, .. },
                RoleState::Leader(leader),
            ) => {
                let conflict = (conflict_term, conflict_index);
                leader.receive_conflict(&mut self.core, from, rejected, conflict, ctx);
            }
            (Message::InstallSnapshot { snapshot, offset, bytes, .. }, _) => {
                if self.follow_leader(from, ctx) {
                    self.core.receive_part(from, Part { snapshot, offset, bytes }, ctx);
                }
            }
            (
                Message::SnapshotReply { last_included_index, offset, installed, .. },
                RoleState::Leader(leader),
            ) => {
                let part = (last_included_index, offset);
                leader.receive_snapshot_reply(&mut self.core, from, part, installed, ctx);
            }
            (other, _) => self.receive_request(from, other, ctx),
        }
    }

    /// What serves clients: rounds and requests.
    fn receive_request(&mut self, from: NodeId, message: Message, ctx: &mut Ctx) {
        match (message, &mut self.role) {
            (Message::ReadRound { term, round }, _) => self.receive_round(from, term, round, ctx),
            (Message::ReadRoundReply { round, .. }, RoleState::Leader(leader)) => {
                leader.receive_confirmed(&self.core, from, round, ctx);
            }
            (Message::ReadIndex { request }, RoleState::Leader(leader)) => {
                leader.read(&self.core, Reader::Follower(from, request), ctx);
            }
            (Message::ReadIndex { request }, _) => {
                self.core.send(from, Message::ReadIndexReply { request, index: None }, ctx);
            }
            (Message::ReadIndexReply { request, index }, _) => {
                self.core.receive_read_index(request, index, ctx);
            }
            (Message::Forward { request }, RoleState::Leader(leader)) => {
                leader.request(&mut self.core, request, Some(from), ctx);
            }
            (Message::Forward { request }, _) => self.core.refuse(request.id, Some(from), ctx),
            (Message::ForwardReply { request, answer }, _) => {
                ctx.emit(Effect::Reply { request, answer });
            }
            _ => {}
        }
    }

    /// A leader asks whether it still leads.
    fn receive_round(&mut self, from: NodeId, term: Term, round: u64, ctx: &mut Ctx) {
        if !self.follow_leader(from, ctx) {
            return;
        }
        let reply = Message::ReadRoundReply { term, round };
        match self.core.config.reads {
            // A promise, which holds over a restart: the node must still know the term then.
            Reads::Lease => self.core.answer(from, reply, ctx),
            // It says what this node knows now, and promises nothing: no write need be durable.
            _ => self.core.send(from, reply, ctx),
        }
    }

    /// A candidate of the current term asks. Who grants its vote waits for the candidate's news (5.2).
    fn receive_request_vote(&mut self, from: NodeId, last: (Term, Index), ctx: &mut Ctx) {
        let granted = receive_request_vote(&mut self.core, from, last, ctx);
        match &mut self.role {
            RoleState::Follower(follower) if self.core.rules().waits_anew(granted) => {
                follower.wait(ctx);
            }
            RoleState::PreCandidate(_) if granted => self.become_next(Next::Follow, ctx),
            _ => {}
        }
    }

    /// Figure 2, all servers: a request or response with a later term makes a follower of that term.
    fn observe_term(&mut self, term: Term, reply: bool, ctx: &mut Ctx) {
        let campaigner = matches!(self.role, RoleState::Candidate(_) | RoleState::Leader(_));
        if !self.core.rules().later_term_deposes(reply && campaigner) {
            return;
        }
        if self.core.rules().takes_over(term, self.core.current_term) {
            self.core.enter_term(term, None, ctx);
            if !matches!(self.role, RoleState::Follower(_)) {
                self.become_next(Next::Follow, ctx);
            }
        }
    }

    /// A message of a term that is over: requests are refused with the current term, replies are dropped (5.1).
    fn receive_stale(&mut self, from: NodeId, message: Message, ctx: &mut Ctx) {
        let term = self.core.current_term;
        match message {
            Message::RequestVote { .. } => {
                self.core.answer(from, Message::Vote { term, granted: false }, ctx);
            }
            Message::AppendEntries {
                prev_log_index,
                prev_log_term,
                entries,
                leader_commit,
                ..
            } if !self.core.rules().refuses_stale_entries()
                && matches!(self.role, RoleState::Follower(_)) =>
            {
                let append = Append { prev_log_index, prev_log_term, entries, leader_commit };
                receive_entries(&mut self.core, from, append, ctx);
            }
            Message::AppendEntries { .. } => {
                // A refusal of index 0 asks for nothing but a look at the term: whoever leads that term by now is not to go
                // back in its own log for it.
                let conflict = Message::Conflict {
                    term,
                    rejected: Index::ZERO,
                    conflict_term: Term::ZERO,
                    conflict_index: self.core.log.last_index().next(),
                };
                self.core.answer(from, conflict, ctx);
                if let RoleState::Follower(follower) = &mut self.role
                    && self.core.rules().waits_anew(false)
                {
                    follower.wait(ctx);
                }
            }
            Message::Vote { term, granted } => self.receive_vote(from, term, granted, ctx),
            Message::Appended { term, match_index } => {
                if let RoleState::Leader(leader) = &mut self.role {
                    leader.receive_appended(&mut self.core, from, term, match_index, ctx);
                }
            }
            Message::InstallSnapshot { .. } => {
                let (last_included_index, offset, installed) = (Index::ZERO, 0, false);
                let reply = Message::SnapshotReply { term, last_included_index, offset, installed };
                self.core.answer(from, reply, ctx);
            }
            Message::ReadRound { .. } => {
                self.core.answer(from, Message::ReadRoundReply { term, round: 0 }, ctx);
            }
            _ => {}
        }
    }

    fn receive_vote(&mut self, from: NodeId, term: Term, granted: bool, ctx: &mut Ctx) {
        if let RoleState::Candidate(candidate) = &mut self.role
            && candidate.receive_vote(&self.core, from, term, granted)
        {
            self.become_next(Next::Lead, ctx);
        }
    }

    /// An answer to a pre-candidate. Once it stands, late ones say nothing.
    fn receive_pre_vote_reply(&mut self, from: NodeId, term: Term, granted: bool, ctx: &mut Ctx) {
        match &mut self.role {
            RoleState::PreCandidate(asking) if granted => {
                asking.receive_grant(&self.core, from, term);
                if asking.may_stand(&self.core) {
                    self.become_next(Next::Campaign, ctx);
                }
            }
            RoleState::Candidate(_) if !self.core.rules().grant_is_no_vote() => {
                self.receive_vote(from, term, granted, ctx);
            }
            _ => {}
        }
    }

    /// The leader of the current term hands over (thesis 3.10): no pre-vote, and no loyalty to it.
    fn receive_timeout_now(&mut self, ctx: &mut Ctx) {
        let may = self.core.may_stand();
        if may && !matches!(self.role, RoleState::Leader(_) | RoleState::Off) {
            self.become_next(Next::Succeed, ctx);
        }
    }

    /// Something came from the leader of the current term. A candidate gives way (5.2). Says whether this node follows.
    fn follow_leader(&mut self, from: NodeId, ctx: &mut Ctx) -> bool {
        match &mut self.role {
            RoleState::Follower(follower) => follower.wait(ctx),
            RoleState::PreCandidate(_) | RoleState::Candidate(_) => {
                self.become_next(Next::Follow, ctx);
            }
            // Two leaders of one term: election safety is gone, and oracles have said so. A node that fights
            // on shows most.
            RoleState::Leader(_) | RoleState::Off => return false,
        }
        if self.core.leader_id != Some(from) && !self.core.rules().vote_outlives_leader() {
            self.core.vote(None, ctx);
        }
        self.core.follow(from, ctx);
        true
    }

    fn timer_fired(&mut self, ctx: &mut Ctx) {
        let next = match &mut self.role {
            RoleState::Off => Next::Stay,
            RoleState::Follower(Follower { deadline, .. })
            | RoleState::PreCandidate(PreCandidate { deadline, .. })
            | RoleState::Candidate(Candidate { deadline, .. }) => {
                if ctx.now < *deadline {
                    Next::Stay
                } else {
                    Next::TimeOut
                }
            }
            RoleState::Leader(leader) => match leader.timer_fired(&mut self.core, ctx) {
                true => Next::Stay,
                false => Next::Follow,
            },
        };
        self.become_next(next, ctx);
    }

    fn durable(&mut self, write: WriteId, ctx: &mut Ctx) {
        self.core.durable(write);
        self.count_own_vote(write, ctx);
        match &mut self.role {
            RoleState::Leader(leader) => leader.durable(&mut self.core, ctx),
            _ => self.core.apply(std::iter::empty(), ctx),
        }
    }

    /// Makes these the only members, and itself their leader, as etcd does with `--force-new-cluster`: where a majority is lost for good
    /// nobody can be asked. This is no part of Raft, and breaks what Raft promises.
    fn force(&mut self, voters: NodeSet, ctx: &mut Ctx) {
        let term = self.core.current_term.next();
        self.core.enter_term(term, Some(self.core.id), ctx);
        let command = Command::Configure(Configuration::of(voters));
        let entry = Entry { term, request: RequestId::NONE, command };
        self.core.append(Batch::from(entry), ctx);
        self.become_next(Next::Lead, ctx);
    }

    /// A write failed: what the disk holds is not known until it is read again, or written again. To go on without either would mean to
    /// guess.
    fn write_failed(&mut self, ctx: &mut Ctx) {
        self.core.disk_failed = true;
        match self.core.config.on_write_error {
            OnWriteError::Stop => ctx.emit(Effect::Stop),
            OnWriteError::LeadOn => {}
            OnWriteError::Retry => self.core.write_again_later(ctx),
            OnWriteError::StepDown => {
                if matches!(self.role, RoleState::Leader(_)) {
                    self.core.leader_id = None;
                    self.become_next(Next::Follow, ctx);
                }
                self.core.write_again_later(ctx);
            }
        }
    }

    /// Takes an input as a node does whose loop waits for its disk.
    fn step_by_disk(&mut self, input: Input<Message>, ctx: &mut Context<'_, Message>) {
        if matches!(input, Input::TimerFired(TimerId::FIRST)) && self.disk.puts_off() {
            return;
        }
        match &input {
            Input::Durable(write) => self.disk.durable(*write, self.core.last_write),
            Input::WriteFailed(_) => self.disk.fail(),
            _ => {}
        }
        // What a step does that ends a write leaves before the next one.
        let ends = matches!(input, Input::Durable(_));
        let (first, gate) = (ctx.effects.len(), self.disk.gate());
        self.take(input, ctx);
        if ends && self.disk.takes_late_timer() {
            self.timer_fired(ctx);
            self.leave_if_removed(ctx);
        }
        if !ends {
            hold_back(&mut ctx.effects[first..], gate);
        }
        self.disk.go_on(self.core.last_write);
    }

    /// Takes an input.
    fn take(&mut self, input: Input<Message>, ctx: &mut Context<'_, Message>) {
        match (input, &mut self.role) {
            (Input::Boot(disk), _) => {
                self.core.recover(*disk, ctx);
                self.become_next(Next::Follow, ctx);
            }
            (Input::Receive { from, message }, _) => self.receive(from, message, ctx),
            (Input::Stray { .. }, _) => {}
            (Input::Request(request), RoleState::Leader(leader)) => {
                leader.request(&mut self.core, request, None, ctx);
            }
            (Input::Request(request), _) => Follower::request(&mut self.core, request, ctx),
            (Input::Transfer(to), RoleState::Leader(leader)) => {
                leader.hand_over(&mut self.core, to, ctx);
            }
            (Input::Change(Change::Force(voters)), _) => self.force(voters, ctx),
            (Input::Change(change), RoleState::Leader(leader)) => {
                leader.change(&mut self.core, change, ctx);
            }
            (Input::TimerFired(TimerId::FIRST), _) => self.timer_fired(ctx),
            (Input::TimerFired(_), _) => ctx.emit(Effect::WriteAgain),
            (Input::Durable(write), _) => self.durable(write, ctx),
            (Input::WriteFailed(_), _) => self.write_failed(ctx),
            (Input::SnapshotSaved(snapshot), _) => self.core.snapshot_saved(snapshot, ctx),
            // It was confirmed before it was read, so that it does not matter whether the node still leads.
            (Input::Read { request, relay, output }, _) => {
                self.core.reply(request, relay, Answer::Applied(output), ctx);
            }
            (Input::Applied { index, output }, RoleState::Leader(leader)) => {
                leader.applied(&self.core, index, output, ctx);
            }
            (Input::Transfer(_) | Input::Change(_) | Input::Applied { .. }, _) => {}
        }
        self.leave_if_removed(ctx);
    }

    fn leave_if_removed(&mut self, ctx: &mut Ctx) {
        if matches!(self.role, RoleState::Leader(_)) && self.core.must_leave() {
            self.core.leader_id = None;
            self.become_next(Next::Follow, ctx);
        }
    }
}

impl Node for Raft {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Context<'_, Message>) {
        match self.core.config.waits_for_disk {
            true => self.step_by_disk(input, ctx),
            false => self.take(input, ctx),
        }
    }

    fn status(&self) -> Status {
        let role = match self.role {
            RoleState::Off | RoleState::Follower(_) => Role::Follower,
            RoleState::Candidate(_) => Role::Candidate,
            RoleState::PreCandidate(_) => Role::PreCandidate,
            RoleState::Leader(_) => Role::Leader,
        };
        let transfer = match &self.role {
            RoleState::Leader(leader) => leader.transfer.map(|transfer| transfer.to),
            _ => None,
        };
        Status {
            term: self.core.current_term,
            role,
            leader: self.core.leader_id,
            commit: self.core.commit_index,
            applied: self.core.last_applied,
            transfer,
            target_priority: self.core.patience.target,
            configuration: Some(self.core.configuration()),
        }
    }

    #[inline(always)]
    fn summary(message: &Message) -> Summary {
        message.summary()
    }
}
