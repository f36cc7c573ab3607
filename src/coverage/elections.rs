//! Situations of elections beyond the paper's: pre-vote, check-quorum, loyalty, transfers, priorities.

use crate::coverage::{At, Situations};
use crate::ids::{NODES_MAX, NodeId, Term};
use crate::message::Summary;
use crate::node::Role;
use crate::record::{Kind, Record};
use crate::situation::Situation::{self, *};

/// What is remembered of all nodes together.
#[derive(Debug, Default)]
pub struct Memory {
    /// The latest transfer that is not over: the transferee, and the term of the leader.
    handover: Option<(NodeId, Term)>,
    /// The event in which a node's time was up and it had priorities to think of.
    waiting: Option<(u64, NodeId)>,
}

/// What is remembered of one node.
#[derive(Clone, Debug, Default)]
pub struct NodeMemory {
    /// How often it asked since it became pre-candidate, and in which event it did last.
    asked: (u32, u64),
    /// Why its answer to each pre-vote will be no, if it is no.
    against: [Option<Situation>; NODES_MAX as usize],
    /// The event in which its term changed last.
    term_rose: u64,
    /// The term in which it stands after it won its pre-vote; zero if it does not.
    standing: Term,
    /// The event in which its leader told it to stand, and the term in which it then stood.
    told: (u64, Term),
    /// As leader: the event in which it began to hand over, and whether the transferee has yet to catch up.
    transfer: Option<(NodeId, u64, bool)>,
    /// As leader: whether it gave a transfer up, and took no request since.
    gave_up: bool,
    /// The least priority with which it would stand, and the highest that this ever was.
    target: (u32, u32),
}

impl Situations {
    /// Notices at the first record of the next event that a follower whose timer fired did not stand.
    #[inline]
    pub(super) fn observe_waiting(&mut self, record: &Record) {
        if let Some((event, node)) = self.elections.waiting
            && event != record.event
        {
            self.elections.waiting = None;
            self.reach(ElectionLeftToOthers, Some(node));
        }
    }

    /// Looks at a record of a node.
    pub(super) fn observe_elections(&mut self, at: &At) {
        let At { record, id, node, .. } = *at;
        match record.kind {
            Kind::Send { to, ref message, .. } => self.election_send(id, to, message),
            Kind::Deliver { from, ref message, .. } => {
                self.election_deliver(at, from, message);
            }
            Kind::Term { .. } => self.nodes[id.slot()].election.term_rose = record.event,
            Kind::Role { role, term } => self.election_role(at, role, term),
            Kind::Transfer { to } => self.transfer(at, to),
            Kind::TargetPriority { target } => {
                let memory = &mut self.nodes[id.slot()].election;
                let decayed = target < memory.target.0;
                memory.target = (target, memory.target.1.max(target));
                self.reach_if(decayed, PriorityDecayed, id);
            }
            Kind::Timer { .. } if self.nodes[id.slot()].election.target.0 > 0 => {
                let follows = node.role == Role::Follower;
                self.elections.waiting = follows.then_some((record.event, id));
            }
            Kind::Append { .. } if self.nodes[id.slot()].election.gave_up => {
                self.nodes[id.slot()].election.gave_up = false;
                self.reach_if(at.leads(), RequestsTakenAgain, id);
            }
            Kind::Reply { applied: false, .. } => {
                let handing = self.nodes[id.slot()].election.transfer.is_some();
                self.reach_if(handing, RequestRefusedInTransfer, id);
            }
            Kind::Crash(_) => self.crash_in_transfer(id),
            _ => {}
        }
    }

    fn election_send(&mut self, id: NodeId, to: NodeId, message: &Summary) {
        let memory = &mut self.nodes[id.slot()].election;
        match *message {
            Summary::PreVote { .. } if memory.asked.1 != self.event => {
                memory.asked = (memory.asked.0 + 1, self.event);
                self.reach(PreVoteRepeated, Some(id));
            }
            Summary::PreVoteReply { granted, .. } => {
                let against = memory.against[to.slot()].take();
                let granted = granted.then_some(PreVoteGranted);
                if let Some(situation) = granted.or(against) {
                    self.reach(situation, Some(id));
                }
            }
            Summary::TimeoutNow { .. } => {
                if let Some((_, begun, behind)) = &mut memory.transfer {
                    let caught_up = std::mem::take(behind) && *begun != self.event;
                    self.reach_if(caught_up, TransfereeCaughtUp, id);
                }
            }
            Summary::ForwardReply { applied: false, .. } => {
                let handing = memory.transfer.is_some();
                self.reach_if(handing, RequestRefusedInTransfer, id);
            }
            _ => {}
        }
    }

    fn election_deliver(&mut self, at: &At, from: NodeId, message: &Summary) {
        let At { id, shadow, node, .. } = *at;
        let memory = &mut self.nodes[id.slot()].election;
        match *message {
            Summary::PreVote { term, last_index, last_term } => {
                let last = (shadow.last_term(id), node.last_index());
                memory.against[from.slot()] = Some(match () {
                    () if term <= node.term => PreVoteRefusedTerm,
                    () if (last_term, last_index) < last => PreVoteRefusedLog,
                    () => PreVoteRefusedLeaderHeard,
                });
            }
            Summary::PreVoteReply { term, granted: true } => {
                let late = node.role == Role::Candidate && node.term == term;
                self.reach_if(late, LatePreVoteGrant, id);
            }
            Summary::TimeoutNow { term } => {
                let stale = term < node.term;
                memory.told = if stale { memory.told } else { (self.event, memory.told.1) };
                self.reach_if(stale, TimeoutNowStale, id);
            }
            Summary::RequestVote { term, by_leader: true, .. } => {
                self.reach_if(term > node.term, LoyaltySetAside, id);
            }
            _ => {}
        }
    }

    fn election_role(&mut self, at: &At, role: Role, term: Term) {
        let At { id, node, .. } = *at;
        let was = node.role;
        if self.elections.waiting == Some((self.event, id)) {
            self.elections.waiting = None;
        }
        let memory = &mut self.nodes[id.slot()].election;
        let same_term = memory.term_rose != self.event;
        let asked = memory.asked.0;
        let lost = role != Role::Leader && std::mem::take(&mut memory.standing) > Term::ZERO;
        self.reach_if(lost, PreVoteWonElectionLost, id);
        match role {
            Role::PreCandidate => {
                self.nodes[id.slot()].election.asked = (1, self.event);
                self.reach(PreVoteAsked, Some(id));
            }
            Role::Candidate => self.stand_after_all(id, was, term),
            Role::Leader => self.lead_after_all(id, term),
            Role::Follower if was == Role::PreCandidate => {
                self.reach_if(same_term, PreCandidateYields, id);
                self.reach_if(!same_term, PreCandidateOutdated, id);
                self.reach_if(same_term && asked > 1, ReturnedQuietly, id);
            }
            Role::Follower => {
                self.reach_if(was == Role::Leader && same_term, LeaderWithoutQuorum, id);
            }
        }
    }

    /// A node stands: its leader told it to, or a majority said that it would vote for it.
    fn stand_after_all(&mut self, id: NodeId, was: Role, term: Term) {
        let memory = &mut self.nodes[id.slot()].election;
        if memory.told.0 == self.event {
            memory.told.1 = term;
            self.reach(ElectionByTransfer, Some(id));
        } else if was == Role::PreCandidate {
            memory.standing = term;
            self.reach(PreVoteWon, Some(id));
        }
    }

    fn lead_after_all(&mut self, id: NodeId, term: Term) {
        let memory = &mut self.nodes[id.slot()].election;
        memory.standing = Term::ZERO;
        let (target, highest) = memory.target;
        let told = memory.told.1 == term;
        self.reach_if(told, TransferCompleted, id);
        self.reach_if(target < highest, LowerPriorityElected, id);
        let other = |(transferee, of): &(NodeId, Term)| *transferee != id && *of < term;
        let lost = self.elections.handover.take().is_some_and(|handover| other(&handover));
        self.reach_if(lost, TransferLostToAnother, id);
    }

    fn transfer(&mut self, at: &At, to: Option<NodeId>) {
        let At { id, shadow, node, .. } = *at;
        let memory = &mut self.nodes[id.slot()].election;
        let Some(transferee) = to else {
            memory.transfer = None;
            if at.leads() {
                memory.gave_up = true;
                self.elections.handover = None;
                self.reach(TransferAborted, Some(id));
            }
            return;
        };
        let last = node.last_index();
        let behind = shadow.node(transferee).durable_at(last) != node.at(last);
        memory.transfer = Some((transferee, self.event, behind));
        memory.gave_up = false;
        self.elections.handover = Some((transferee, node.term));
        self.reach(TransferBegun, Some(id));
        self.reach_if(behind, TransfereeBehind, id);
        self.reach_if(!shadow.node(transferee).up, TransfereeDown, transferee);
    }

    fn crash_in_transfer(&mut self, id: NodeId) {
        let memory = &mut self.nodes[id.slot()].election;
        memory.standing = Term::ZERO;
        memory.gave_up = false;
        let handing = memory.transfer.take().is_some();
        self.reach_if(handing, TransferLeaderCrashed, id);
        let mut transferees = self.nodes.iter().filter_map(|memory| memory.election.transfer);
        self.reach_if(transferees.any(|(transferee, ..)| transferee == id), TransfereeDown, id);
    }
}
