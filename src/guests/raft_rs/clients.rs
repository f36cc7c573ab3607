//! What clients ask: writes by the log, reads as the plan says.
//!
//! raft-rs forwards a proposal to the leader by itself, and tells nobody what came of it. So the node that the client asked answers when it
//! applies the request, whoever appended it.

use std::collections::{BTreeMap, BTreeSet};

use raft::{ReadState, StateRole};

use crate::config::Reads;
use crate::guests::raft_rs::life::{Ctx, Life};
use crate::ids::{Index, NodeId};
use crate::log::RequestId;
use crate::machine::Output;
use crate::node::{Answer, Effect, Request};

/// After how many ticks without an answer a read is asked for again: raft-rs drops it where it is not ready for it, and forgets it when its
/// leader is another.
const ASK_AGAIN: u32 = 4;
/// How often it is asked for again before it is given up. Its client asks again by itself.
const TRIES: u32 = 8;

/// A read that waits to hear how far the node must have applied.
struct Asked {
    request: Request,
    ticks: u32,
    tries: u32,
}

/// What clients wait for.
pub struct Clients {
    /// Requests that were proposed, here or by way of the leader.
    pub waiting: BTreeSet<RequestId>,
    /// Drawn for this life, so that an answer to an earlier one is not taken for an answer to this.
    life: u64,
    /// How many reads were asked for.
    reads: u64,
    /// Reads that wait for raft-rs, by their number.
    asked: BTreeMap<u64, Asked>,
    /// Reads that wait for the state machine: the index that it must have applied.
    readable: Vec<(Index, Request)>,
}

impl Clients {
    /// Nobody waits.
    pub fn new(life: u64) -> Clients {
        Clients {
            waiting: BTreeSet::new(),
            life,
            reads: 0,
            asked: BTreeMap::new(),
            readable: Vec::new(),
        }
    }
}

/// What goes with a read through raft-rs: unlike that of any other read, also after a restart.
pub struct ReadContext {
    node: NodeId,
    life: u64,
    pub number: u64,
    pub request: RequestId,
}

impl ReadContext {
    const BYTES: usize = 40;

    fn to_bytes(&self) -> Vec<u8> {
        let RequestId { client, serial, session } = self.request;
        let asked = u64::from(client) << 32 | u64::from(serial);
        let words = [self.node.number().into(), self.life, self.number, asked, session.0];
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    /// Reads it back.
    pub fn from_bytes(bytes: &[u8]) -> Option<ReadContext> {
        let bytes: &[u8; ReadContext::BYTES] = bytes.try_into().ok()?;
        let (words, _) = bytes.as_chunks();
        let word = |place: usize| u64::from_le_bytes(words[place]);
        let (client, serial) = ((word(3) >> 32) as u32, word(3) as u32);
        let request = RequestId { client, serial, session: Index(word(4)) };
        Some(ReadContext {
            node: NodeId::new(word(0) as u8),
            life: word(1),
            number: word(2),
            request,
        })
    }
}

impl Life {
    /// A client asks.
    pub fn request(&mut self, request: Request, ctx: &mut Ctx) {
        let reads_outside_the_log = self.config.reads != Reads::Log
            && !request.command.writes()
            && request.command.key().is_some();
        if reads_outside_the_log {
            self.read(request, ctx);
        } else {
            match self.raw.propose(Vec::new(), request.payload().to_vec()) {
                Ok(()) => _ = self.clients.waiting.insert(request.id),
                Err(_) => self.refuse(request.id, ctx),
            }
        }
        self.work(ctx);
    }

    /// Nobody has it: raft-rs knows no leader, or its leader takes nothing now.
    fn refuse(&self, request: RequestId, ctx: &mut Ctx) {
        let raft = &self.raw.raft;
        let known = raft.lead_transferee.unwrap_or(raft.leader_id);
        let hint = (known != 0).then(|| NodeId::new(known as u8)).filter(|node| *node != self.id);
        ctx.emit(Effect::Reply { request, answer: Answer::Refused(hint) });
    }

    /// Asks raft-rs for a read: the leader, or a follower that may answer itself.
    fn read(&mut self, request: Request, ctx: &mut Ctx) {
        let raft = &self.raw.raft;
        let leads = raft.state == StateRole::Leader;
        if !leads && (raft.leader_id == 0 || !self.config.follower_reads) {
            return self.refuse(request.id, ctx);
        }
        // A client that asks again has given its first try up.
        self.clients.asked.retain(|_, asked| asked.request.id != request.id);
        self.ask(Asked { request, ticks: 0, tries: TRIES });
    }

    fn ask(&mut self, asked: Asked) {
        let clients = &mut self.clients;
        clients.reads += 1;
        let (number, request) = (clients.reads, asked.request.id);
        let context = ReadContext { node: self.id, life: clients.life, number, request };
        clients.asked.insert(number, asked);
        self.raw.read_index(context.to_bytes());
    }

    /// A tick has passed for reads that wait.
    pub fn ask_again(&mut self) {
        if !self.options.asks_again {
            return;
        }
        let asked = self.clients.asked.values_mut();
        asked.for_each(|asked| asked.ticks += 1);
        let late = |asked: &Asked| asked.ticks >= ASK_AGAIN;
        let numbers: Vec<u64> = self
            .clients
            .asked
            .iter()
            .filter(|(_, it)| late(it))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            if let Some(Asked { request, tries, .. }) = self.clients.asked.remove(&number)
                && tries > 0
            {
                self.ask(Asked { request, ticks: 0, tries: tries - 1 });
            }
        }
    }

    /// raft-rs says how far the node must have applied to answer reads.
    pub fn note_readable(&mut self, states: Vec<ReadState>) {
        for ReadState { index, request_ctx } in states {
            let Some(context) = ReadContext::from_bytes(&request_ctx) else { continue };
            if (context.node, context.life) != (self.id, self.clients.life) {
                continue;
            }
            if let Some(asked) = self.clients.asked.remove(&context.number) {
                self.clients.readable.push((Index(index), asked.request));
            }
        }
    }

    /// Answers the reads for which the node has applied enough.
    pub fn serve_reads(&mut self, ctx: &mut Ctx) {
        let applied = self.applied;
        for (_, request) in self.clients.readable.extract_if(.., |(index, _)| *index <= applied) {
            ctx.emit(Effect::Read { request, relay: None });
        }
    }

    /// What an entry gave.
    pub fn applied(&mut self, index: Index, output: Output, ctx: &mut Ctx) {
        if let Some((_, request)) = self.awaited.pop_front_if(|(awaited, _)| *awaited == index) {
            ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_of_a_read_is_read_back() {
        let request = RequestId { client: 3, serial: 7, session: Index(12) };
        let context = ReadContext { node: NodeId::new(2), life: u64::MAX, number: 9, request };
        let read = ReadContext::from_bytes(&context.to_bytes()).expect("it is one");
        assert_eq!((read.node, read.life, read.number), (context.node, context.life, 9));
        assert_eq!(read.request, request);
        assert!(ReadContext::from_bytes(b"something else").is_none());
    }
}
