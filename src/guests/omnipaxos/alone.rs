//! A cluster of one, which OmniPaxos does not have: it takes two nodes at least. It appends what it is asked, and commits what is on its
//! disk.

use omnipaxos::ballot_leader_election::Ballot;

use crate::guests::omnipaxos::ballots::{CONFIGURATION, ballots, leaders};
use crate::guests::omnipaxos::life::Ctx;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Batch, Entry, Log};
use crate::machine::Output;
use crate::node::{Answer, Effect, Recovered, Request, Role, Status};

/// What it is from its first input to its crash.
pub struct Alone {
    id: NodeId,
    term: Term,
    log: Log,
    last_write: WriteId,
    /// The write of its term.
    term_write: WriteId,
    durable: WriteId,
    /// Each entry that is not durable, with its write.
    in_flight: Vec<(WriteId, Index)>,
    commit: Index,
    /// The first entry of this life.
    first: Index,
}

impl Alone {
    /// Starts with what the disk holds, all of which is committed.
    pub fn boot(id: NodeId, disk: Recovered, ctx: &mut Ctx) -> Alone {
        let (last, _) = ballots(disk.term.max(disk.log.last_term()));
        let term = leaders(Ballot::with(CONFIGURATION, last.n + 1, 0, id.number().into()));
        let write = WriteId::NONE.next();
        ctx.emit(Effect::SaveVote { write, term, vote: Some(id) });
        Alone {
            id,
            term,
            first: disk.log.last_index().next(),
            log: disk.log,
            last_write: write,
            term_write: write,
            durable: WriteId::NONE,
            in_flight: Vec::new(),
            commit: disk.applied,
        }
    }

    fn leads(&self) -> bool {
        self.term_write <= self.durable
    }

    /// A client asks.
    pub fn request(&mut self, Request { id: request, command }: Request, ctx: &mut Ctx) {
        if !self.leads() {
            return ctx.emit(Effect::Reply { request, answer: Answer::Refused(None) });
        }
        let entry = Entry { term: self.term, request, command };
        self.log.push(entry);
        self.last_write = self.last_write.next();
        let (write, first) = (self.last_write, self.log.last_index());
        self.in_flight.push((write, first));
        ctx.emit(Effect::Append { write, first, entries: Batch::from(entry) });
    }

    /// Writes are durable.
    pub fn written(&mut self, write: WriteId, ctx: &mut Ctx) {
        self.durable = write;
        let done = self.in_flight.extract_if(.., |(it, _)| *it <= write).map(|(_, index)| index);
        let upto = done.max().unwrap_or(self.first.previous());
        while self.leads() && self.commit < upto {
            self.commit = self.commit.next();
            let index = self.commit;
            let entry = *self.log.get(index).expect("it is there");
            ctx.emit(Effect::Apply { index, entry, answer: index >= self.first });
        }
    }

    /// What an entry gave.
    pub fn applied(&mut self, index: Index, output: Output, ctx: &mut Ctx) {
        let request = self.log.get(index).expect("it is there").request;
        ctx.emit(Effect::Reply { request, answer: Answer::Applied(output) });
    }

    /// What it is.
    pub fn status(&self) -> Status {
        let (role, leader) = match self.leads() {
            true => (Role::Leader, Some(self.id)),
            false => (Role::Candidate, None),
        };
        let (term, commit) = (self.term, self.commit);
        Status { term, role, leader, commit, applied: commit, ..Status::default() }
    }
}
