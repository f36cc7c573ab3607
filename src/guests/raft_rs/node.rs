//! The node as squall sees it: inputs in, effects out.

use raft::StateRole;
use raft::eraftpb::{MessageType, Snapshot as RaftSnapshot};

use crate::config::Config;
use crate::configuration::Change;
use crate::guest::Setup;
use crate::guests::raft_rs::life::{Ctx, Life};
use crate::guests::raft_rs::message::{self, Message};
use crate::guests::raft_rs::options::Options;
use crate::ids::{NodeId, NodeSet, Term};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::{Answer, Effect, Input, Node, Recovered, Role, Status};
use crate::payload::Payload;

/// A node of raft-rs.
pub struct RaftRs {
    id: NodeId,
    nodes: NodeSet,
    voters: NodeSet,
    config: Config,
    options: Options,
    /// None before its first input, and where it does not start.
    life: Option<Box<Life>>,
    /// What it says of itself then.
    idle: Status,
}

impl RaftRs {
    /// A node before its first input.
    pub fn new(setup: &Setup<'_>) -> RaftRs {
        RaftRs {
            id: setup.id,
            nodes: setup.nodes,
            voters: setup.voters,
            config: setup.config,
            options: Options::of(setup),
            life: None,
            idle: Status { term: Term::FIRST, ..Status::default() },
        }
    }
}

impl RaftRs {
    /// Starts, unless the disk has lost what it had promised to keep: raft-rs may have acknowledged it, and bears no node that forgets.
    fn boot(&mut self, disk: Recovered, ctx: &mut Ctx) {
        let snapshot = disk.snapshot.as_ref().map(|snapshot| snapshot.last_included_index);
        let last = disk.log.last_index().max(snapshot.unwrap_or_default());
        if disk.damage.corrupt.is_some() || disk.applied > last {
            self.idle = Status { term: disk.term, applied: disk.applied, ..self.idle };
            return ctx.emit(Effect::Stop);
        }
        let options = (self.config, self.options.clone());
        let peers = self.nodes.len();
        let life = Life::boot(self.id, options, (self.voters, peers), disk, ctx);
        self.life = Some(Box::new(life));
    }
}

impl Node for RaftRs {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Ctx) {
        let input = match input {
            Input::Boot(disk) => return self.boot(*disk, ctx),
            input => input,
        };
        let Some(life) = self.life.as_mut() else { return };
        match input {
            Input::Receive { from, message } => life.receive(from, message, ctx),
            Input::Request(request) => life.request(request, ctx),
            Input::Transfer(to) => life.transfer(to, ctx),
            Input::Change(change) => life.change(change, ctx),
            Input::TimerFired(_) => life.tick(ctx),
            Input::Durable(write) => life.written(write, ctx),
            // What the disk holds of it is not known until it is read again, at the next boot.
            Input::WriteFailed(_) => ctx.emit(Effect::Stop),
            Input::Applied { index, output } => life.applied(index, output, ctx),
            Input::Read { request, output, .. } => {
                ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
            }
            Input::SnapshotSaved(snapshot) => life.snapshot_saved(snapshot, ctx),
            // Its transport, for which this stands, looks at addresses.
            Input::Boot(_) | Input::Stray { .. } => {}
        }
    }

    fn status(&self) -> Status {
        let Some(life) = &self.life else { return self.idle };
        let raft = &life.raw.raft;
        let node = |number: u64| (number != 0).then(|| NodeId::new(number as u8));
        // A voter that is alone leads at once, before its own vote is on its disk. It is a candidate until then: nobody can know better.
        let is_elected = life.has_durable_vote();
        Status {
            term: Term(raft.term),
            role: match raft.state {
                StateRole::Follower => Role::Follower,
                StateRole::PreCandidate => Role::PreCandidate,
                StateRole::Leader if is_elected => Role::Leader,
                StateRole::Candidate | StateRole::Leader => Role::Candidate,
            },
            leader: node(raft.leader_id).filter(|leader| *leader != life.id || is_elected),
            commit: life.commit,
            applied: life.applied,
            transfer: raft.lead_transferee.and_then(node),
            ..Status::default()
        }
    }

    fn summary(message: &Message) -> Summary {
        message::summary(message)
    }
}

impl Life {
    fn receive(&mut self, from: NodeId, Message { raft, snapshot }: Message, ctx: &mut Ctx) {
        self.ticks.peers[from.slot()].silent = 0;
        // While a snapshot takes the place of its log, raft-rs cannot stand.
        if self.install.is_some() && raft.get_msg_type() == MessageType::MsgTimeoutNow {
            return;
        }
        // It answers with an error where it does not know the sender, or takes no proposal: as if the message had been lost.
        let _ = self.raw.step(*raft);
        if let Some(snapshot) = snapshot {
            let end = (snapshot.last_included_index.0, snapshot.last_included_term.0);
            let is_this = |taken: &RaftSnapshot| {
                let metadata = taken.get_metadata();
                (metadata.index, metadata.term) == end
            };
            if self.raw.snap().is_some_and(is_this) {
                self.received = Some(snapshot);
            }
        }
        self.work(ctx);
    }

    /// An operator wants the lead handed over. Who does not lead does nothing.
    fn transfer(&mut self, to: NodeId, ctx: &mut Ctx) {
        if self.raw.raft.state == StateRole::Leader {
            self.raw.transfer_leader(to.number().into());
            self.work(ctx);
        }
    }

    /// An operator wants the members changed. raft-rs turns what it may not do now into an empty entry; better to do nothing.
    fn change(&mut self, change: Change, ctx: &mut Ctx) {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader || raft.has_pending_conf() {
            return;
        }
        let Some(after) = self.members.after(change) else { return };
        let content = Payload::new(RequestId::NONE, Command::Configure(after));
        let change = super::members::change(self.members, after);
        // What is dropped was asked for in vain, as where the node does not lead.
        let _ = self.raw.propose_conf_change(content.to_vec(), change);
        self.work(ctx);
    }
}
