//! By what authority leaders lead, and reads are answered: majorities that were heard, promises that were given, rounds and leases.
//!
//! All of it goes by clocks of nodes, which `clocks` reads off records. `hearing` judges check-quorum, `promises` what nodes promised their
//! leaders, `rights` why a read may be answered. A run whose options have none of it is not watched, and most messages concern none of it.

mod clocks;
mod hearing;
mod promises;
mod rights;

use crate::config::Reads;
use crate::guest::Rule;
use crate::ids::NodeId;
use crate::message::MessageKind;
use crate::oracle::seen::Seen;
use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::plan::Plan;
use crate::property::Property;
use crate::record::{Kind, Record};

use clocks::Clocks;
use hearing::Hearing;
use promises::Promises;
use rights::Rights;

/// What leaders and reads rest on.
#[derive(Debug)]
pub struct Authority {
    concerns: Concerns,
    clocks: Clocks,
    hearing: Hearing,
    promises: Option<Promises>,
    rights: Option<Rights>,
}

impl Authority {
    /// What is to be watched in a run of this plan, if anything is.
    pub fn of(plan: &Plan) -> Option<Box<Authority>> {
        let config = plan.config();
        let is_judged = |property| !config.waits_for_disk && Authority::is_asked(plan, property);
        let quorum = is_judged(Property::CheckQuorum);
        let promises = is_judged(Property::Promises);
        let rights = Authority::is_asked(plan, Property::ReadRights);
        if !quorum && !promises && !rights {
            return None;
        }
        Some(Box::new(Authority {
            concerns: Concerns::of(quorum, promises, rights),
            clocks: Clocks::new(plan),
            hearing: Hearing::new(plan.cluster.nodes, &config, quorum),
            promises: promises.then(|| Promises::new(plan.cluster.nodes, &config)),
            rights: rights.then(|| Rights::new(plan.cluster.nodes, &config)),
        }))
    }

    /// Whether the plan judges a property and has what it is about, and its Raft keeps to the rule.
    fn is_asked(plan: &Plan, property: Property) -> bool {
        let config = plan.config();
        let elections = config.elections;
        let promises = elections.vote_lease || elections.pre_vote || config.reads == Reads::Lease;
        let (rule, has) = match property {
            Property::CheckQuorum => (Rule::CheckQuorum, elections.check_quorum),
            Property::Promises => (Rule::Promises, promises),
            _ => (Rule::ReadRights, config.reads != Reads::Log),
        };
        has && plan.guest.keeps_to(rule) && plan.judge.contains(&property)
    }

    /// What the plan asks for and cannot be judged: a node whose loop waits for its disk takes what reached it, and its timers, when the
    /// disk is done, so that nobody knows when it heard what.
    pub fn leaves_out(plan: &Plan) -> Vec<Property> {
        if !plan.config().waits_for_disk {
            return Vec::new();
        }
        let mut unjudged = vec![Property::CheckQuorum, Property::Promises];
        unjudged.retain(|property| Authority::is_asked(plan, *property));
        unjudged
    }

    /// Whether a record is to be judged, or ends an event after which something is.
    #[inline]
    pub fn is_concerned(&self, record: &Record) -> bool {
        self.hearing.is_due() || self.concerns.has(&record.kind)
    }

    /// Judges a record. The shadow is as it was before it.
    pub fn observe(&mut self, record: &Record, shadow: &Shadow) -> Option<Box<Violation>> {
        let overdue = self.hearing.overdue(record);
        let found = record.node.and_then(|id| self.observe_node(record, id, shadow));
        overdue.or(found)
    }

    fn observe_node(
        &mut self,
        record: &Record,
        id: NodeId,
        shadow: &Shadow,
    ) -> Option<Box<Violation>> {
        match record.kind {
            Kind::Clock { before, after, drift_ppm } => {
                self.clocks.set(id, record.time, (before, after), drift_ppm);
            }
            Kind::Suspend => self.clocks.stop(id, record.time),
            Kind::Pause | Kind::Resume | Kind::Crash(_) => self.clocks.go_on(id, record.time),
            _ => {}
        }
        let at = At { seen: Seen { record, id, shadow }, clocks: &self.clocks };
        // What a node promised is judged by whom it had heard before.
        let promise = self.promises.as_mut().and_then(|it| it.observe(at, &self.hearing));
        let quorum = self.hearing.observe(at);
        let right = self.rights.as_mut().and_then(|it| it.observe(at));
        quorum.or(promise).or(right)
    }
}

/// Which of the most frequent records are looked at: those of messages by their kinds, as bits, and of timers.
#[derive(Debug)]
struct Concerns {
    sent: u32,
    delivered: u32,
    timers: bool,
}

impl Concerns {
    fn of(quorum: bool, promises: bool, rights: bool) -> Concerns {
        let bits = |judged: bool, kinds: &[MessageKind]| {
            if judged { kinds.iter().fold(0, |bits, kind| bits | 1 << *kind as u32) } else { 0 }
        };
        Concerns {
            sent: bits(promises, &promises::SENT) | bits(rights, &rights::SENT),
            delivered: bits(quorum || promises, &hearing::ANSWERS)
                | bits(promises, &promises::DELIVERED)
                | bits(rights, &rights::DELIVERED),
            timers: quorum,
        }
    }

    #[inline]
    fn has(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Send { message, .. } => self.sent & 1 << message.kind() as u32 != 0,
            Kind::Deliver { message, .. } => self.delivered & 1 << message.kind() as u32 != 0,
            Kind::Timer { .. } => self.timers,
            Kind::Duplicate { .. } | Kind::Durable { .. } | Kind::Apply { .. } => false,
            _ => true,
        }
    }
}

/// A record of a node, with the shadow before it, and the clocks.
#[derive(Clone, Copy)]
struct At<'a> {
    seen: Seen<'a>,
    clocks: &'a Clocks,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Index, Term, WriteId};
    use crate::log::{Command, RequestId};
    use crate::message::Summary;
    use crate::node::{Role, TimerId};
    use crate::oracle::Oracles;
    use crate::plan::NodeOptions;
    use crate::time::{LocalTime, SpanRange, Time};

    /// Oracles over three nodes whose election timeouts begin at 100 ms; n1 leads term 2 from 1 s on. Each record is an event of its own.
    struct Story {
        oracles: Oracles,
        number: u64,
        event: u64,
        millis: u64,
    }

    fn plan() -> Plan {
        let mut plan = Plan::default();
        let timeout =
            SpanRange { from: crate::time::Span::millis(100), to: crate::time::Span::millis(200) };
        plan.raft.election_timeout = Some(timeout);
        plan.raft.check_quorum = Some(true);
        plan.raft.vote_lease = Some(true);
        plan.raft.pre_vote = Some(true);
        plan.raft.reads = Some(Reads::Lease);
        plan.raft.drift_bound_ppm = Some(0);
        plan
    }

    const READ: RequestId = RequestId::new(1, 1);

    impl Story {
        fn of(plan: &Plan) -> Story {
            let mut oracles = Oracles::new(3, &Property::ALL, None);
            oracles.go_by(plan);
            let mut story = Story { oracles, number: 0, event: 0, millis: 0 };
            for node in 1..=3 {
                let (term, index) = (Term(1), Index::ZERO);
                let boot = Kind::Boot {
                    life: 1,
                    term,
                    vote: None,
                    last_index: index,
                    applied: index,
                    state: None,
                };
                assert_eq!(story.tell(node, boot), None);
            }
            story.millis = 1_000;
            assert_eq!(story.tell(1, Kind::Role { role: Role::Leader, term: Term(2) }), None);
            story
        }

        fn new() -> Story {
            Story::of(&plan())
        }

        fn tell(&mut self, node: u8, kind: Kind) -> Option<Property> {
            self.event += 1;
            self.at_once(node, kind)
        }

        /// Something more happens in the same event.
        fn at_once(&mut self, node: u8, kind: Kind) -> Option<Property> {
            self.number += 1;
            let (number, event, time) = (self.number, self.event, Time(self.millis * 1_000_000));
            let record = Record { number, event, time, node: Some(NodeId::new(node)), kind };
            self.oracles.observe(&record).map(|violation| violation.property)
        }

        fn hears(&mut self, node: u8, from: u8, message: Summary) -> Option<Property> {
            self.tell(node, Kind::Deliver { from: NodeId::new(from), id: 1, message })
        }

        fn sends(&mut self, node: u8, to: u8, message: Summary) -> Option<Property> {
            self.tell(node, Kind::Send { to: NodeId::new(to), id: 1, message })
        }

        /// A timer of n1 fires; says what is wrong once that event is over.
        fn timer(&mut self) -> Option<Property> {
            let fired = self.tell(1, Kind::Timer { timer: TimerId::FIRST, late: 0 });
            fired.or_else(|| self.tell(3, Kind::Pause))
        }

        fn acknowledges(&mut self, from: u8, term: u64) {
            let message = Summary::Appended { term: Term(term), match_index: Index::ZERO };
            assert_eq!(self.hears(1, from, message), None);
        }

        /// N2 follows n1, and hears it now.
        fn follows(&mut self) {
            self.tell(2, Kind::Term { term: Term(2) });
            let (index, term) = (Index::ZERO, Term(2));
            let message = Summary::AppendEntries {
                term,
                prev_index: index,
                prev_term: Term::ZERO,
                entries: 0,
                commit: index,
            };
            assert_eq!(self.hears(2, 1, message), None);
            self.at_once(2, Kind::Leader { leader: Some(NodeId::new(1)) });
        }

        /// N3 asks n2 for its vote in term 3, and n2 takes the term over.
        fn gives_way(&mut self, by_leader: bool) -> Option<Property> {
            let (last_index, last_term) = (Index::ZERO, Term::ZERO);
            let message = Summary::RequestVote { term: Term(3), last_index, last_term, by_leader };
            self.hears(2, 3, message).or_else(|| self.at_once(2, Kind::Term { term: Term(3) }))
        }

        /// N2 answers a read round of n1, now or in a life before.
        fn promises(&mut self) {
            let (term, round) = (Term(2), 1);
            assert_eq!(self.hears(2, 1, Summary::ReadRound { term, round }), None);
            assert_eq!(
                self.sends(2, 1, Summary::ReadRoundReply { term, round, confirmed: true }),
                None
            );
        }

        fn votes(&mut self, node: u8, vote: u8) -> Option<Property> {
            let vote = Some(NodeId::new(vote));
            self.at_once(node, Kind::Vote { write: WriteId(1), term: Term(3), vote })
        }
    }

    #[test]
    fn a_leader_that_no_majority_answers_leads_no_more_once_a_timer_fires() {
        let mut story = Story::new();
        story.millis = 1_099;
        assert_eq!(story.timer(), None, "they voted for it less than a timeout ago");
        story.acknowledges(2, 2);
        story.millis = 1_190;
        assert_eq!(story.timer(), None);
        story.acknowledges(3, 1);
        story.millis = 1_199;
        assert_eq!(
            story.timer(),
            Some(Property::CheckQuorum),
            "that was an answer of another term"
        );
        let mut story = Story::new();
        story.millis = 1_100;
        story.tell(1, Kind::Timer { timer: TimerId::FIRST, late: 0 });
        let follows = Kind::Role { role: Role::Follower, term: Term(2) };
        assert_eq!(story.at_once(1, follows), None);
        assert_eq!(story.tell(3, Kind::Pause), None, "it gave up");
    }

    #[test]
    fn a_leader_that_a_majority_answers_is_not_deposed_by_that() {
        let follows = Kind::Role { role: Role::Follower, term: Term(2) };
        assert_eq!(Story::new().tell(1, follows), Some(Property::CheckQuorum));
        let later = Kind::Role { role: Role::Follower, term: Term(3) };
        assert_eq!(Story::new().tell(1, later), None);
    }

    #[test]
    fn a_timeout_goes_by_the_clock_of_the_leader() {
        let mut slow = plan();
        slow.nodes =
            vec![NodeOptions { clock_drift_ppm: -500_000, ..NodeOptions::new(NodeId::new(1)) }];
        let mut story = Story::of(&slow);
        story.millis = 1_199;
        assert_eq!(story.timer(), None);
        story.millis = 1_200;
        assert_eq!(story.timer(), Some(Property::CheckQuorum));
        let mut story = Story::new();
        story.millis = 1_050;
        let before = LocalTime((30 * 24 * 3_600 * 1_000 + 1_050) * 1_000_000);
        let after = LocalTime(before.0 + 50_000_000);
        assert_eq!(story.tell(1, Kind::Clock { before, after, drift_ppm: None }), None);
        assert_eq!(story.timer(), Some(Property::CheckQuorum), "its clock was set forward");
    }

    #[test]
    fn who_hears_its_leader_gives_way_to_its_word_only() {
        let mut story = Story::new();
        story.follows();
        assert_eq!(story.gives_way(false), Some(Property::Promises));
        let mut story = Story::new();
        story.follows();
        assert_eq!(story.gives_way(true), None);
        let mut story = Story::new();
        story.follows();
        story.millis = 1_100;
        assert_eq!(story.gives_way(false), None, "that was a timeout ago");
    }

    #[test]
    fn a_promise_of_a_lease_holds_over_a_restart() {
        let restarted = |after| {
            let mut story = Story::new();
            story.tell(2, Kind::Term { term: Term(2) });
            story.promises();
            story.tell(2, Kind::Crash(crate::record::Remains::default()));
            story.millis += after;
            let (term, index) = (Term(2), Index::ZERO);
            story.tell(
                2,
                Kind::Boot {
                    life: 2,
                    term,
                    vote: None,
                    last_index: index,
                    applied: index,
                    state: None,
                },
            );
            story
        };
        assert_eq!(restarted(99).gives_way(false), Some(Property::Promises));
        assert_eq!(restarted(100).gives_way(false), None);
        let mut alone = restarted(50);
        alone.tell(2, Kind::Timer { timer: TimerId::FIRST, late: 0 });
        assert_eq!(alone.votes(2, 2), Some(Property::Promises), "nor does it stand itself");
        let mut told = restarted(50);
        told.hears(2, 1, Summary::TimeoutNow { term: Term(2) });
        assert_eq!(told.votes(2, 2), None);
    }

    #[test]
    fn a_pre_vote_is_judged_by_when_it_came() {
        let ask =
            Summary::PreVote { term: Term(3), last_index: Index::ZERO, last_term: Term::ZERO };
        let grant = Summary::PreVoteReply { term: Term(3), granted: true };
        let mut story = Story::new();
        story.follows();
        story.hears(2, 3, ask);
        story.millis = 1_200;
        assert_eq!(story.sends(2, 3, grant), Some(Property::Promises));
        story.hears(2, 3, ask);
        assert_eq!(story.sends(2, 3, grant), None);
    }

    /// A client's read comes to n1.
    fn asked() -> Story {
        let mut story = Story::new();
        story.tell(
            1,
            Kind::Append { write: WriteId(1), index: Index(1), term: Term(2), content: 7 },
        );
        let command = Command::Get { key: 1 };
        story.tell(1, Kind::Invoke { request: READ, command, attempt: 1 });
        story.tell(1, Kind::Request { request: READ });
        story
    }

    #[test]
    fn a_read_needs_a_round_that_began_after_it_came_and_what_was_committed_by_then() {
        let (term, round) = (Term(2), 1);
        let answer = Kind::Reply { request: READ, applied: true };
        let confirmed = Summary::ReadRoundReply { term, round, confirmed: true };
        let applied = Kind::Apply {
            index: Index(1),
            term,
            content: 7,
            request: RequestId::NONE,
            effect: true,
        };
        let mut story = asked();
        assert_eq!(story.tell(1, answer), Some(Property::ReadRights), "without any");
        let mut story = asked();
        story.sends(1, 2, Summary::ReadRound { term, round });
        story.hears(1, 2, confirmed);
        assert_eq!(
            story.tell(1, answer),
            Some(Property::ReadRights),
            "its first entry is not applied"
        );
        let mut story = asked();
        story.sends(1, 2, Summary::ReadRound { term, round });
        story.hears(1, 2, confirmed);
        story.tell(1, applied);
        assert_eq!(story.tell(1, answer), None);
    }

    #[test]
    fn a_lease_ends_with_its_time_and_with_a_leaders_word() {
        let (term, round) = (Term(2), 1);
        let read = |after: u64, hands_over: bool| {
            let mut story = Story::new();
            story.sends(1, 2, Summary::ReadRound { term, round });
            story.hears(1, 2, Summary::ReadRoundReply { term, round, confirmed: true });
            if hands_over {
                story.sends(1, 2, Summary::TimeoutNow { term });
            }
            story.millis += after;
            story.tell(
                1,
                Kind::Invoke { request: READ, command: Command::Get { key: 1 }, attempt: 1 },
            );
            story.tell(1, Kind::Request { request: READ });
            story.tell(1, Kind::Reply { request: READ, applied: true })
        };
        assert_eq!(read(99, false), None);
        assert_eq!(read(100, false), Some(Property::ReadRights));
        assert_eq!(read(1, true), Some(Property::ReadRights));
    }
}
