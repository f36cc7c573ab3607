//! One life of a node: OmniPaxos, and what its user knows beside it.
//!
//! OmniPaxos takes its storage for synchronous: what it wrote is durable. So whatever it sends waits for all that was written before, and
//! what it counts as accepted by itself is, by the time that anybody can answer. A round counts as accepted when the log of that round is
//! on the disk: were the round there without the log, a later leader would take this node's log for newer than it is. So the round is
//! written down behind the log, and messages are held back until then. After a crash entries of a round that was not written down are
//! removed: nobody was told of them, and what they had taken the place of can be chosen no more.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::messages::Message as OmniMessage;
use omnipaxos::{ClusterConfig, OmniPaxos, OmniPaxosConfig, ServerConfig};

use crate::config::Config;
use crate::guests::omnipaxos::ballots::{CONFIGURATION, ballots, leaders, term};
use crate::guests::omnipaxos::links::{Arrived, Link};
use crate::guests::omnipaxos::message::Message;
use crate::guests::omnipaxos::store::{Mirror, Proposal, Store, Write};
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::RequestId;
use crate::machine::Output;
use crate::node::{Answer, Context, Effect, Recovered, Request, Role, Status, TimerId};

/// What a step of this node has at hand.
pub type Ctx<'a> = Context<'a, Message>;

/// What a node is from its first input to its crash.
pub struct Life {
    id: NodeId,
    config: Config,
    paxos: OmniPaxos<Proposal, Store>,
    mirror: Rc<RefCell<Mirror>>,
    /// When this life began, by a clock that nobody sets.
    life: u64,
    links: Vec<Link>,
    last_write: WriteId,
    durable: WriteId,
    /// The last write of the log.
    log_write: WriteId,
    /// Up to where the log is on the disk, and up to where it is with each write of the log that is not durable.
    stable: Index,
    in_flight: VecDeque<(WriteId, Index)>,
    /// The term that was written last, and the round that it says to be accepted.
    saved: Term,
    saved_round: Ballot,
    /// The write of these.
    vote_write: WriteId,
    /// A round that is not written down yet, and the write of the log that comes before.
    barrier: Option<(Ballot, WriteId)>,
    /// What waits for that.
    held: Vec<OmniMessage<Proposal>>,
    /// The ballot that was promised before this life.
    recovered: Ballot,
    /// The highest term that was told.
    told: Term,
    commit: Index,
    applied: Index,
    /// Requests of clients that this node was asked.
    waiting: BTreeSet<RequestId>,
    /// The entries whose output is wanted, in order.
    awaited: VecDeque<(Index, RequestId)>,
}

/// The library's configuration: a tick is a heartbeat interval, and a round of its elections the lowest election timeout.
fn configuration(id: NodeId, voters: NodeSet, config: &Config) -> OmniPaxosConfig {
    let ticks = config.election_timeout.from.0 / config.heartbeat_interval.to.0.max(1);
    OmniPaxosConfig {
        cluster_config: ClusterConfig {
            configuration_id: CONFIGURATION,
            nodes: voters.iter().map(|node| node.number().into()).collect(),
            flexible_quorum: None,
        },
        server_config: ServerConfig {
            pid: id.number().into(),
            election_tick_timeout: ticks.max(1),
            resend_message_tick_timeout: ticks.max(1),
            ..ServerConfig::default()
        },
    }
}

impl Life {
    /// Starts with what the disk holds.
    ///
    /// # Panics
    ///
    /// If OmniPaxos refuses to start.
    pub fn boot(
        id: NodeId,
        config: Config,
        voters: NodeSet,
        disk: Recovered,
        ctx: &mut Ctx,
    ) -> Life {
        let (promised, accepted) = ballots(disk.term);
        let told = disk.term.max(disk.log.last_term());
        let decided = disk.applied.0 as usize;
        let last = disk.log.last_index();
        let stable = disk.log.last_index_with_term_at_most(leaders(accepted), last);
        let (mut log, mut writes) = (disk.log, Vec::new());
        if stable < last {
            log.truncate(stable.next());
            writes.push(Write::Truncate(stable.next()));
        }
        let mirror = Mirror { log, promised, accepted, decided, writes };
        let mirror = Rc::new(RefCell::new(mirror));
        let paxos = configuration(id, voters, &config).build(Store(Rc::clone(&mirror)));
        let mut life = Life {
            id,
            config,
            paxos: paxos.expect("OmniPaxos starts"),
            mirror,
            life: ctx.moment().steady.0,
            links: (0..voters.iter().map(NodeId::number).max().unwrap_or_default())
                .map(|_| Link::default())
                .collect(),
            last_write: WriteId::NONE,
            durable: WriteId::NONE,
            log_write: WriteId::NONE,
            stable,
            in_flight: VecDeque::new(),
            saved: disk.term,
            saved_round: accepted,
            vote_write: WriteId::NONE,
            barrier: None,
            held: Vec::new(),
            recovered: promised,
            told,
            commit: disk.applied,
            applied: disk.applied,
            waiting: BTreeSet::new(),
            awaited: VecDeque::new(),
        };
        life.set_timer(ctx);
        life.work(ctx);
        life
    }

    fn set_timer(&self, ctx: &mut Ctx) {
        let at = ctx.now.plus(ctx.rng.heartbeat_interval(self.config.heartbeat_interval));
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at });
    }

    /// A tick.
    pub fn tick(&mut self, ctx: &mut Ctx) {
        self.set_timer(ctx);
        for slot in 0..self.links.len() {
            let arrived = self.links[slot].tick();
            self.deliver(NodeId::at(slot), arrived);
        }
        self.paxos.tick();
        self.work(ctx);
    }

    /// A message of another node.
    pub fn receive(&mut self, from: NodeId, message: Message, ctx: &mut Ctx) {
        let arrived = self.links[from.slot()].receive(message);
        self.deliver(from, arrived);
        self.work(ctx);
    }

    fn deliver(&mut self, from: NodeId, arrived: Arrived) {
        if arrived.anew {
            self.paxos.reconnected(from.number().into());
        }
        arrived.messages.into_iter().for_each(|message| self.paxos.handle_incoming(message));
    }

    /// A client asks. OmniPaxos sends it on to its leader, or keeps it until there is one, and tells nobody what came of it: this node
    /// answers when it applies the request.
    pub fn request(&mut self, Request { id: request, command }: Request, ctx: &mut Ctx) {
        match self.paxos.append(Proposal { term: None, request, command }) {
            Ok(()) => _ = self.waiting.insert(request),
            Err(_) => ctx.emit(Effect::Reply { request, answer: Answer::Refused(None) }),
        }
        self.work(ctx);
    }

    /// Writes are durable.
    pub fn written(&mut self, write: WriteId, ctx: &mut Ctx) {
        self.durable = write;
        while let Some((_, upto)) = self.in_flight.pop_front_if(|(it, _)| *it <= write) {
            self.stable = self.stable.max(upto);
        }
        self.apply(ctx);
        if let Some((round, _)) = self.barrier.take_if(|(_, before)| *before <= write) {
            self.saved_round = round;
            self.work(ctx);
        }
    }

    /// What an entry gave.
    pub fn applied(&mut self, index: Index, output: Output, ctx: &mut Ctx) {
        if let Some((_, request)) = self.awaited.pop_front_if(|(awaited, _)| *awaited == index) {
            ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
        }
    }

    /// All that follows from an input.
    fn work(&mut self, ctx: &mut Ctx) {
        self.write(ctx);
        self.paxos.take_outgoing_messages(&mut self.held);
        if self.barrier.is_none() {
            self.send(ctx);
        }
        self.apply(ctx);
        let (promised, accepted) = self.ballots();
        self.told = self.told.max(term(promised, accepted));
    }

    fn ballots(&self) -> (Ballot, Ballot) {
        let mirror = self.mirror.borrow();
        (mirror.promised, mirror.accepted)
    }

    fn next_write(&mut self) -> WriteId {
        self.last_write = self.last_write.next();
        self.last_write
    }

    /// Writes the log, and the promise with the last round whose log is on the disk.
    fn write(&mut self, ctx: &mut Ctx) {
        let writes = std::mem::take(&mut self.mirror.borrow_mut().writes);
        for change in writes {
            let write = self.next_write();
            self.log_write = write;
            ctx.emit(match change {
                Write::Truncate(from) => {
                    let end = from.previous();
                    self.stable = self.stable.min(end);
                    self.in_flight.iter_mut().for_each(|(_, upto)| *upto = end.min(*upto));
                    Effect::Truncate { write, from }
                }
                Write::Append(first, entries) => {
                    let upto = Index(first.0 + entries.len() as u64 - 1);
                    self.in_flight.push_back((write, upto));
                    Effect::Append { write, first, entries }
                }
            });
        }
        let (promised, accepted) = self.ballots();
        let waits_for = self.barrier.map_or(self.saved_round, |(round, _)| round);
        if accepted != waits_for {
            self.barrier = (self.log_write > self.durable).then_some((accepted, self.log_write));
            if self.barrier.is_none() {
                self.saved_round = accepted;
            }
        }
        let next = term(promised, self.saved_round);
        if next != self.saved {
            let write = self.next_write();
            (self.saved, self.vote_write) = (next, write);
            let vote = Some(NodeId::new(promised.pid as u8));
            ctx.emit(Effect::SaveVote { write, term: next, vote });
        }
    }

    fn send(&mut self, ctx: &mut Ctx) {
        let (life, after) = (self.life, self.last_write);
        for body in self.held.drain(..) {
            let to = NodeId::new(body.get_receiver() as u8);
            let number = self.links[to.slot()].number();
            ctx.emit(Effect::Send { to, message: Message { life, number, body }, after });
        }
    }

    /// Applies what is decided, and on the disk with its round: a state machine that is durable must not be ahead of the log after a crash.
    fn apply(&mut self, ctx: &mut Ctx) {
        self.commit = self.commit.max(Index(self.paxos.get_decided_idx() as u64));
        if self.barrier.is_some() || self.vote_write > self.durable {
            return;
        }
        while self.applied < self.commit.min(self.stable) {
            self.applied = self.applied.next();
            let index = self.applied;
            let entry = *self.mirror.borrow().log.get(index).expect("what is decided is there");
            let answer = self.waiting.remove(&entry.request);
            if answer {
                self.awaited.push_back((index, entry.request));
            }
            ctx.emit(Effect::Apply { index, entry, answer });
        }
    }

    /// What the node is: a leader has taken over what a majority had accepted, and has that on its disk.
    pub fn status(&self) -> Status {
        let own = u64::from(self.id.number());
        let (leader, role) = match self.paxos.get_current_leader() {
            Some((pid, true)) if pid == own && self.saved_round == self.ballots().0 => {
                (Some(self.id), Role::Leader)
            }
            Some((pid, _)) if pid == own => match self.ballots().0 > self.recovered {
                true => (None, Role::Candidate),
                false => (None, Role::Follower),
            },
            Some((pid, _)) => (Some(NodeId::new(pid as u8)), Role::Follower),
            None => (None, Role::Follower),
        };
        Status {
            term: self.told,
            role,
            leader,
            commit: self.commit,
            applied: self.applied,
            ..Status::default()
        }
    }
}
