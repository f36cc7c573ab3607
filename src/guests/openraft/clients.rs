//! What clients ask: writes by the log, reads as the plan says. openraft leaves it to its embedder to send on what a node cannot take: here
//! it is refused, with a hint to the leader.

use std::rc::Rc;

use openraft::ReadPolicy;

use super::library::{self, Raft};
use super::life::Ask;
use super::runtime::Executor;
use super::shared::Shared;
use crate::config::Reads;
use crate::log::RequestId;
use crate::machine::Output;
use crate::node::{Answer, Effect, Request};

impl Shared {
    /// A client tries a request: the number of this try.
    fn begin(&self, request: RequestId) -> u64 {
        let number = self.requests.get().wrapping_add(1);
        self.requests.set(number);
        self.clients.borrow_mut().insert(request, number);
        number
    }

    /// Answers a client, unless it has an answer. What a client has tried again is not refused by the earlier try. openraft remembers a
    /// leader for ever, and one that hands over names the next; a client is sent only to one that was heard lately.
    fn refuse(&self, (request, number): (RequestId, u64), hint: Option<u64>) {
        let since = Executor::current().now().saturating_sub(self.heard.get());
        let is_recent = since <= self.options.hint_nanos;
        let hint = hint.filter(|_| is_recent).and_then(library::node);
        let mut clients = self.clients.borrow_mut();
        if clients.get(&request) == Some(&number) {
            clients.remove(&request);
            let hint = hint.filter(|node| *node != self.id);
            self.emit(Effect::Reply { request, answer: Answer::Refused(hint) });
        }
    }

    /// Answers a client, unless it has an answer.
    pub fn answer(&self, request: RequestId, output: Output) {
        if self.clients.borrow_mut().remove(&request).is_some() {
            self.emit(Effect::Reply { request, answer: Answer::Applied(output) });
        }
    }
}

/// A client asks.
pub fn request(raft: Raft, shared: Rc<Shared>, request: Request) {
    let reads_outside_the_log = shared.options.reads != Reads::Log
        && !request.command.writes()
        && request.command.key().is_some();
    let number = shared.begin(request.id);
    Executor::current().spawn(async move {
        if reads_outside_the_log {
            read(raft, &shared, request, number).await;
        } else {
            write(raft, &shared, request, number).await;
        }
    });
}

async fn write(raft: Raft, shared: &Shared, request: Request, number: u64) {
    let ask = Ask { request: request.id, command: request.command };
    match raft.client_write(ask).await {
        Ok(response) => shared.answer(request.id, response.data),
        Err(error) => {
            let hint = error.forward_to_leader().and_then(|forward| forward.leader_id);
            shared.refuse((request.id, number), hint);
        }
    }
}

async fn read(raft: Raft, shared: &Shared, request: Request, number: u64) {
    let policy = match shared.options.reads {
        Reads::Lease => ReadPolicy::LeaseRead,
        Reads::Log | Reads::ReadIndex => ReadPolicy::ReadIndex,
    };
    match raft.ensure_linearizable(policy).await {
        // The client's latest try is the one that is answered.
        Ok(_) if shared.clients.borrow().get(&request.id) == Some(&number) => {
            shared.emit(Effect::Read { request, relay: None });
        }
        Ok(_) => {}
        Err(error) => {
            let hint = error.forward_to_leader().and_then(|forward| forward.leader_id);
            shared.refuse((request.id, number), hint);
        }
    }
}
