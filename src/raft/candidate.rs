//! A candidate asks for votes until it wins, another node leads, or its time is up (5.2).

use crate::ids::{NodeId, NodeSet, Term, WriteId};
use crate::node::{Effect, TimerId};
use crate::raft::Message;
use crate::raft::core::{Core, Ctx};
use crate::time::LocalTime;

/// What only a candidate knows.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who voted for it in this term, itself included once that vote is durable.
    votes: NodeSet,
    /// The write of its own vote.
    vote_write: WriteId,
    /// When it starts another election.
    pub deadline: LocalTime,
}

impl Candidate {
    /// Starts an election: a new term, the own vote, and a request to every other node. `by_leader` is whether the leader asked for it.
    pub fn new(core: &mut Core, by_leader: bool, ctx: &mut Ctx) -> Candidate {
        core.enter_term(core.current_term.next(), Some(core.id), ctx);
        debug_assert_eq!(core.voted_for, Some(core.id), "a candidate votes for itself");
        let vote_write = core.rules().vote_requests_wait_for(core.last_write);
        let (last_log_term, last_log_index) =
            core.rules().log_of_candidate(core.last_entry(), core.committed_entry());
        let by_leader = core.rules().stands_by_leaders_word(by_leader);
        for to in core.other_voters() {
            let term = core.current_term;
            let message = Message::RequestVote { term, last_log_index, last_log_term, by_leader };
            ctx.emit(Effect::Send { to, message, after: vote_write });
        }
        let timeout = core.election_timeout(ctx);
        let deadline = ctx.now.plus(timeout);
        ctx.emit(Effect::SetTimer { timer: TimerId::FIRST, at: deadline });
        let mut candidate = Candidate { votes: NodeSet::EMPTY, vote_write, deadline };
        candidate.durable(core, WriteId::NONE);
        candidate
    }

    /// Counts the own vote when it is durable; says whether that wins the election.
    pub fn durable(&mut self, core: &Core, write: WriteId) -> bool {
        if self.vote_write <= write {
            self.votes.insert(core.id);
        }
        self.has_won(core)
    }

    /// Counts a vote; says whether it wins the election.
    pub fn receive_vote(&mut self, core: &Core, from: NodeId, term: Term, granted: bool) -> bool {
        debug_assert_ne!(from, core.id, "the own vote counts when it is durable");
        if core.rules().counts_answer(granted) && core.rules().vote_counts(term, core.current_term)
        {
            if self.votes.contains(from) && !core.rules().votes_count_once() {
                let other = core.other_voters().find(|node| !self.votes.contains(*node));
                self.votes = other
                    .into_iter()
                    .fold(self.votes, |votes, node| votes.union(NodeSet::only(node)));
            }
            self.votes.insert(from);
        }
        self.has_won(core)
    }

    fn has_won(&self, core: &Core) -> bool {
        let applied = core.membership.at(core.last_applied);
        let configuration = core.rules().stands_by(core.configuration(), applied);
        let half = || {
            configuration.halves().all(|half| self.votes.intersection(half).len() * 2 >= half.len())
        };
        core.rules().elects(core.is_quorum_of(configuration, self.votes), half)
    }
}
