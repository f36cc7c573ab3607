//! A follower answers leaders and candidates, and becomes a candidate when it hears from neither (5.2).

use crate::ids::{Index, NodeId, Term};
use crate::log::{Batch, Command, Entry};
use crate::node::{Effect, Request, TimerId};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::time::{LocalTime, Span};

/// What only a follower knows.
#[derive(Clone, Debug)]
pub struct Follower {
    /// When it gives its leader up.
    pub deadline: LocalTime,
    /// How long it waits each time, drawn when it became follower.
    timeout: Span,
}

impl Follower {
    /// A follower that starts to wait now.
    pub fn new(core: &Core, ctx: &mut Ctx) -> Follower {
        let timeout = core.election_timeout(ctx);
        let mut follower = Follower { deadline: ctx.now, timeout };
        follower.wait(ctx);
        follower
    }

    /// Starts to wait anew: it heard from its leader, or granted its vote.
    pub fn wait(&mut self, ctx: &mut Ctx) {
        self.deadline = ctx.now.plus(self.timeout);
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: self.deadline });
    }

    /// Forwards a client's request to the leader that it knows, or asks it for a read; without one, sends the client on.
    pub fn request(core: &mut Core, request: Request, ctx: &mut Ctx) {
        let reads = matches!(request.command, Command::Get { .. }) && core.config.follower_reads;
        match core.leader_id {
            Some(_) if reads && !core.rules().follower_asks() => {
                ctx.emit(Effect::Read { request, relay: None });
            }
            Some(leader) if reads => core.ask_read_index(leader, request, ctx),
            Some(leader) => core.send(leader, Message::Forward { request }, ctx),
            None => core.refuse(request.id, None, ctx),
        }
    }
}

/// Answers a vote request of the current term (5.2, 5.4.1); says whether the vote was granted. Candidates and leaders
/// have voted for themselves, so that the same rules refuse.
pub fn receive_request_vote(
    core: &mut Core,
    candidate: NodeId,
    candidate_last: (Term, Index),
    ctx: &mut Ctx,
) -> bool {
    let granted = core.rules().may_vote(core.voted_for, candidate)
        && core.may_vote()
        && core.rules().up_to_date(
            candidate_last,
            core.rules().log_of_voter(core.last_entry(), core.committed_entry()),
        );
    if granted && core.voted_for != Some(candidate) {
        debug_assert!(core.voted_for.is_none() || !core.rules().are_kept(), "one vote a term");
        core.vote(Some(candidate), ctx);
    }
    core.answer(candidate, Message::Vote { term: core.current_term, granted }, ctx);
    granted
}

/// The entries of one message from the leader of the current term.
pub struct Append {
    /// The index just before the entries.
    pub prev_log_index: Index,
    /// The term there.
    pub prev_log_term: Term,
    /// The entries.
    pub entries: Batch,
    /// The leader's commit index.
    pub leader_commit: Index,
}

/// Takes or refuses entries from the leader of the current term: "AppendEntries RPC, receiver implementation" of
/// Figure 2, steps 2 to 5.
pub fn receive_entries(core: &mut Core, leader: NodeId, append: Append, ctx: &mut Ctx) {
    let append = behind_base(core, append);
    let own = match append.prev_log_index < core.log.base() {
        true => Some(append.prev_log_term),
        false => core.log.term_at(append.prev_log_index),
    };
    let is_base = append.prev_log_index == core.log.base() && core.log.base() > Index::ZERO;
    let own = own.filter(|_| !is_base || core.rules().keeps_term_of_base());
    if !core.rules().prev_matches(own, append.prev_log_term) {
        let conflict = conflict(core, append.prev_log_index, own);
        core.answer(leader, conflict, ctx);
        return;
    }
    let verified = append.prev_log_index.plus(append.entries.len() as u64);
    store(core, append.prev_log_index, &append.entries, ctx);
    let last = core.log.last_index();
    core.commit_index =
        core.rules().follower_commit(core.commit_index, append.leader_commit, verified, last);
    core.apply(std::iter::empty(), ctx);
    let match_index = core.rules().acknowledged(verified, last);
    let reply = Message::Appended { term: core.current_term, match_index };
    core.answer(leader, reply, ctx);
}

/// The same message without what this node has compacted. That is committed, so it is what the leader has.
fn behind_base(core: &Core, append: Append) -> Append {
    let base = core.log.base();
    if append.prev_log_index >= base || !core.rules().leaves_out_what_is_covered() {
        return append;
    }
    let covered = (base.0 - append.prev_log_index.0).min(append.entries.len() as u64);
    let prev_log_term = core.log.term_at(base).expect("the term at the base is known");
    let entries = append.entries.skip(covered as usize);
    Append { prev_log_index: base, prev_log_term, entries, ..append }
}

/// Step 3 and 4: removes what conflicts, appends what is new, leaves what matches.
fn store(core: &mut Core, prev_log_index: Index, entries: &Batch, ctx: &mut Ctx) {
    if !core.rules().keeps_what_matches() {
        core.truncate(prev_log_index.next(), ctx);
    }
    let mut known = 0;
    for entry in entries.entries() {
        let index = prev_log_index.plus(known as u64 + 1);
        match core.log.term_at(index) {
            None => break,
            Some(own) if core.rules().conflicts(own, entry.term) => {
                core.truncate(index, ctx);
                break;
            }
            Some(_) => known += 1,
        }
    }
    let new = entries.skip(known);
    let own_term = |entry: &Entry| core.rules().term_of_entry(entry.term, core.current_term);
    let new = match new.entries().iter().all(|entry| own_term(entry) == entry.term) {
        true => new,
        false => {
            new.entries().iter().map(|entry| Entry { term: own_term(entry), ..*entry }).collect()
        }
    };
    core.append(new, ctx);
}

/// Why entries are refused, with a hint for the leader to go back by more than one entry (5.3, end).
fn conflict(core: &Core, rejected: Index, own: Option<Term>) -> Message {
    let (conflict_term, conflict_index) = match own {
        Some(term) => (term, core.log.first_index_with_term_at_least(term)),
        None => (Term::ZERO, core.log.last_index().next()),
    };
    Message::Conflict { term: core.current_term, rejected, conflict_term, conflict_index }
}
