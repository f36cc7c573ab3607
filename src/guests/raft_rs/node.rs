//! The node as squall sees it: inputs in, effects out.

use raft::StateRole;
use raft::eraftpb::MessageType;

use crate::config::Config;
use crate::configuration::Change;
use crate::guest::Setup;
use crate::guests::raft_rs::life::{Ctx, Life};
use crate::guests::raft_rs::message::{self, Message};
use crate::guests::raft_rs::options::Options;
use crate::ids::{NodeId, NodeSet, Term};
use crate::log::{Command, RequestId};
use crate::message::Summary;
use crate::node::{Answer, Effect, Input, Node, Role, Status};
use crate::payload::Payload;

/// A node of raft-rs.
pub struct RaftRs {
    id: NodeId,
    nodes: NodeSet,
    voters: NodeSet,
    config: Config,
    options: Options,
    /// None before its first input.
    life: Option<Box<Life>>,
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
        }
    }
}

impl Node for RaftRs {
    type Message = Message;

    fn step(&mut self, input: Input<Message>, ctx: &mut Ctx) {
        let input = match input {
            Input::Boot(disk) => {
                let options = (self.config, self.options.clone());
                let mut life = Life::boot(self.id, options, self.voters, *disk, ctx);
                life.ticks.peers = vec![Default::default(); self.nodes.len()];
                return self.life = Some(Box::new(life));
            }
            input => input,
        };
        let life = self.life.as_mut().expect("a node is booted first");
        match input {
            Input::Receive { from, message } => life.receive(from, message, ctx),
            Input::Request(request) => life.request(request, ctx),
            Input::Transfer(to) => life.transfer(to, ctx),
            Input::Change(change) => life.change(change, ctx),
            Input::TimerFired(_) => life.tick(ctx),
            Input::Durable(write) => life.durable(write, ctx),
            // What the disk holds of it is not known until it is read again, at the next boot.
            Input::WriteFailed(_) => ctx.emit(Effect::Stop),
            Input::Applied { index, output } => life.applied(index, output, ctx),
            Input::Read { request, output, .. } => {
                ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
            }
            Input::SnapshotSaved(snapshot) => life.snapshot_saved(snapshot, ctx),
            Input::Boot(_) => {}
        }
    }

    fn status(&self) -> Status {
        let Some(life) = &self.life else { return Status::default() };
        let raft = &life.raw.raft;
        let node = |number: u64| (number != 0).then(|| NodeId::new(number as u8));
        Status {
            term: Term(raft.term),
            role: match raft.state {
                StateRole::Follower => Role::Follower,
                StateRole::PreCandidate => Role::PreCandidate,
                StateRole::Candidate => Role::Candidate,
                StateRole::Leader => Role::Leader,
            },
            leader: node(raft.leader_id),
            commit: life.commit,
            applied: life.applied,
            transfer: raft.lead_transferee.and_then(node),
            target_priority: 0,
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
            let pending = self.raw.snap().map(|it| it.get_metadata());
            if pending.is_some_and(|pending| (pending.index, pending.term) == end) {
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
