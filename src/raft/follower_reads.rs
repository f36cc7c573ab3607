//! Reads that a follower answers (thesis 6.4): it asks its leader how far it must have applied, waits until it has, and answers from its
//! own state machine.
//!
//! The index that a leader gave stays right for ever, whatever becomes of leader and follower; so these reads belong to no role and no
//! term. They are lost in a crash, as a request is that was forwarded.

use crate::ids::{Index, NodeId};
use crate::log::RequestId;
use crate::node::{Effect, Request};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};

/// A read for which the leader was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    request: Request,
    /// What must be applied first; none if the leader has not answered yet.
    index: Option<Index>,
}

impl Core {
    /// Asks the leader for a read. A client waits for one request at a time, so what it asked before is forgotten.
    pub fn ask_read_index(&mut self, leader: NodeId, request: Request, ctx: &mut Ctx) {
        self.asked.insert(request.id.client, Asked { request, index: None });
        self.send(leader, Message::ReadIndex { request: request.id }, ctx);
    }

    /// The leader's answer: how far to apply, or that it does not lead.
    pub fn receive_read_index(&mut self, id: RequestId, index: Option<Index>, ctx: &mut Ctx) {
        let Some(asked) = self.asked.get_mut(&id.client) else { return };
        if asked.request.id != id || asked.index.is_some() {
            return;
        }
        asked.index = index;
        match index {
            Some(_) => self.serve_asked(ctx),
            None => {
                self.asked.remove(&id.client);
                self.refuse(id, None, ctx);
            }
        }
    }

    /// Answers the reads for which enough is applied.
    pub fn serve_asked(&mut self, ctx: &mut Ctx) {
        let (applied, rules) = (self.last_applied, self.rules());
        self.asked.retain(|_, asked| {
            let ready = asked.index.is_some_and(|index| rules.may_read(index, applied));
            if ready {
                ctx.emit(Effect::Read { request: asked.request, relay: None });
            }
            !ready
        });
    }
}
