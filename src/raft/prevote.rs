//! Pre-vote: a node stands only if a majority says that it would vote for it (thesis 9.6).
//!
//! Asking changes no term and gives no vote, nothing is written, and an answer promises nothing. So a node that was cut off asks in vain,
//! and when it comes back it has not raised the term.

use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::node::{Effect, TimerId};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::time::LocalTime;

/// What only a pre-candidate knows.
#[derive(Clone, Debug)]
pub struct PreCandidate {
    /// Who would vote for it, itself included.
    grants: NodeSet,
    /// When it asks again.
    pub deadline: LocalTime,
}

impl PreCandidate {
    /// Asks every other node whether it would get its vote in the next term.
    pub fn new(core: &mut Core, ctx: &mut Ctx) -> PreCandidate {
        if core.rules().pre_candidate_forgets_leader() {
            core.leader_id = None;
        }
        let (last_log_term, last_log_index) =
            core.rules().log_of_candidate(core.last_entry(), core.committed_entry());
        let term = core.current_term.next();
        for to in core.other_voters() {
            core.send(to, Message::PreVote { term, last_log_index, last_log_term }, ctx);
        }
        let deadline = ctx.now.plus(core.election_timeout(ctx));
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: deadline });
        PreCandidate { grants: NodeSet::only(core.id), deadline }
    }

    /// Counts a grant for the term that it asked for.
    pub fn receive_grant(&mut self, core: &Core, from: NodeId, term: Term) {
        if term == core.current_term.next() {
            self.grants.insert(from);
        }
    }

    /// Whether a majority would vote for it.
    pub fn may_stand(&self, core: &Core) -> bool {
        core.is_quorum(self.grants)
    }
}

/// Answers whether this node would vote: for a later term, an up-to-date log, and not while it hears a leader.
pub fn receive_pre_vote(
    core: &Core,
    from: NodeId,
    asked: Term,
    last: (Term, Index),
    hears_leader: bool,
    ctx: &mut Ctx,
) {
    let current = core.current_term;
    let granted = asked > current
        && !core.rules().pre_votes_by_loyalty(hears_leader)
        && core.may_vote()
        && core
            .rules()
            .up_to_date(last, core.rules().log_of_voter(core.last_entry(), core.committed_entry()));
    let term = if granted { core.rules().term_of_grant(asked, current) } else { current };
    core.answer(from, Message::PreVoteReply { term, granted }, ctx);
}
