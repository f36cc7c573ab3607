//! Liveness: once faults are over, a leader is elected and stays, requests are answered, and nodes catch up (5.6).
//!
//! The core and the moment are those of the records that say so. Then the judgement is made at looks: the cluster has *recovered* if
//!
//! - one node of the core has led for some time, and leads on,
//! - every request that was made until then is answered,
//! - every node of the core that is a member by the leader's configuration, learners too, runs, and has applied what was committed when
//!   that leader had led for so long.
//!
//! If it has not when its time is over, the first of these that fails is the violation; a request may wait for some time, too. Only for a
//! node that is catching up the judgement waits: how much there is to catch up is not in the plan, but whether the node gets on is in the
//! records.

use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::log::RequestId;
use crate::node::Role;
use crate::oracle::shadow::Shadow;
use crate::oracle::violation::Violation;
use crate::plan::liveness::Bounds;
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::time::{Span, Time};

/// An election, or a request: when it was, and its record.
type Since<T> = (T, Time, u64);

/// What is known of one node.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    /// What it has applied, and the record that says so.
    applied: (Index, u64),
    /// The highest index that it appended since the last election.
    high: Index,
    /// The same at the last look.
    high_before: Index,
}

/// Judges whether the cluster comes back to life.
#[derive(Debug)]
pub struct Liveness {
    bounds: Bounds,
    /// When faults ended, and the record.
    begun: Option<(Time, u64)>,
    core: NodeSet,
    nodes: Vec<Member>,
    /// The request of each client that waits for an answer.
    waiting: Vec<Option<Since<RequestId>>>,
    /// The latest election of each node.
    elections: Vec<Option<Since<Term>>>,
    /// How many of the core were elected since faults ended, and the records of the last two.
    elected: u64,
    last_elected: [u64; 2],
    /// The highest commit index, and its record.
    committed: (Index, u64),
    /// The same when the leader had stayed: what everyone has to apply. Load that goes on does not put it off.
    target: Option<(Index, u64)>,
    /// When that was: what was asked until then has to be answered.
    stayed: Time,
    /// How far logs have to grow until the judgement waits no longer, once it could be made.
    goal: Option<Index>,
    /// When it can be made.
    due: Time,
    recovered: bool,
}

/// What keeps the cluster from being well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ailment {
    NoLeader,
    LeaderChanges,
    NodeLags(NodeId),
    RequestWaits(Since<RequestId>),
}

impl Liveness {
    /// Of a cluster of so many nodes.
    pub fn new(nodes: u8, bounds: Bounds) -> Liveness {
        let nodes = usize::from(nodes);
        Liveness {
            bounds,
            begun: None,
            core: NodeSet::EMPTY,
            nodes: vec![Member::default(); nodes],
            waiting: Vec::new(),
            elections: vec![None; nodes],
            elected: 0,
            last_elected: [0; 2],
            committed: (Index::ZERO, 0),
            target: None,
            stayed: Time::ZERO,
            goal: None,
            due: Time::ZERO.plus(bounds.from).plus(bounds.within),
            recovered: false,
        }
    }

    /// Whether the cluster had come back to life at the last look.
    pub fn has_recovered(&self) -> bool {
        self.recovered
    }

    /// Whether a look at this time finds that the cluster has come back to life.
    pub fn recovers(&self, now: Time, shadow: &Shadow) -> bool {
        let waits = |(_, asked, _): &Since<RequestId>| *asked <= self.stayed;
        self.target.is_some()
            && self.ailment(now, shadow).is_none()
            && !self.waiting.iter().flatten().any(waits)
    }

    /// Whether faults are over, and this request waits since before they ended.
    pub fn outlived_faults(&self, request: RequestId) -> bool {
        let waiting = self.waiting.get((request.client as usize).wrapping_sub(1));
        let asked = waiting.copied().flatten().filter(|(waiting, ..)| *waiting == request);
        asked.is_some_and(|(_, asked, _)| self.begun.is_some() && asked < self.begun())
    }

    /// Judges a record. `shadow` is as it is after it.
    pub fn observe(&mut self, record: &Record, shadow: &Shadow) -> Option<Violation> {
        match (record.kind, record.node) {
            (Kind::Calm { look: 0 }, Some(node)) => {
                self.begun.get_or_insert((record.time, record.number));
                self.core.insert(node);
            }
            (Kind::Calm { .. }, _) => return self.look(record, shadow),
            (Kind::Invoke { request, .. }, _) => self.invoke(request, record),
            (Kind::Answered { request, applied: true, .. } | Kind::GaveUp { request }, _) => {
                self.over(request);
            }
            (Kind::Role { role: Role::Leader, term }, Some(node)) => self.elect(node, term, record),
            (Kind::Commit { index, .. }, _) if index > self.committed.0 => {
                self.committed = (index, record.number);
            }
            (Kind::Append { index, .. }, Some(node)) => {
                let member = &mut self.nodes[node.slot()];
                member.high = member.high.max(index);
            }
            (Kind::Apply { index, .. } | Kind::Boot { applied: index, .. }, Some(node)) => {
                self.nodes[node.slot()].applied = (index, record.number);
            }
            (Kind::Restore { index, .. }, Some(node)) => {
                let member = &mut self.nodes[node.slot()];
                member.applied = (index, record.number);
                member.high = member.high.max(index);
            }
            _ => {}
        }
        None
    }

    fn invoke(&mut self, request: RequestId, record: &Record) {
        let slot = request.client as usize - 1;
        if slot >= self.waiting.len() {
            self.waiting.resize(slot + 1, None);
        }
        // A further try is of the same request.
        if self.waiting[slot].is_none_or(|(waiting, ..)| waiting != request) {
            self.waiting[slot] = Some((request, record.time, record.number));
        }
    }

    fn over(&mut self, request: RequestId) {
        if let Some(waiting) = self.waiting.get_mut(request.client as usize - 1) {
            *waiting = None;
        }
    }

    fn elect(&mut self, node: NodeId, term: Term, record: &Record) {
        self.elections[node.slot()] = Some((term, record.time, record.number));
        for member in &mut self.nodes {
            (member.high, member.high_before) = (Index::ZERO, Index::ZERO);
        }
        if self.core.contains(node) {
            self.elected += 1;
            self.target = None;
            self.last_elected = [self.last_elected[1], record.number];
        }
    }

    /// The time for a look.
    fn look(&mut self, record: &Record, shadow: &Shadow) -> Option<Violation> {
        let now = record.time;
        self.recovered = self.recovers(now, shadow);
        if self.target.is_none() && self.stays(now, shadow) {
            self.target = Some(self.committed);
            self.stayed = now;
        }
        let ailment = self.ailment(now, shadow);
        let waits = self.goal.is_some() || now >= self.due;
        if waits && self.catches_up(shadow) {
            // After that a leader has to stay, and requests have to be served.
            self.due = now.plus(self.bounds.stay).plus(self.bounds.service);
        }
        for member in &mut self.nodes {
            member.high_before = member.high;
        }
        let ailment = ailment.filter(|_| now >= self.due)?;
        Some(self.accuse(ailment, record, shadow))
    }

    /// The leader of the core: of several, that of the latest term.
    fn leader(&self, shadow: &Shadow) -> Option<(NodeId, Since<Term>)> {
        let leads = |id: &NodeId| shadow.node(*id).up && shadow.node(*id).role == Role::Leader;
        let leader = self.core.iter().filter(leads).max_by_key(|id| shadow.node(*id).term)?;
        Some((leader, self.elections[leader.slot()]?))
    }

    /// When faults ended.
    fn begun(&self) -> Time {
        self.begun.map_or(Time::ZERO, |(begun, _)| begun)
    }

    /// Whether a node of the core has led for some time.
    fn stays(&self, now: Time, shadow: &Shadow) -> bool {
        self.leader(shadow).is_some_and(|(_, (_, since, _))| {
            now.since(since.max(self.begun())) >= self.bounds.stay
        })
    }

    /// What is not well at this time.
    fn ailment(&self, now: Time, shadow: &Shadow) -> Option<Ailment> {
        let Some((leader, (_, since, _))) = self.leader(shadow) else {
            return Some(match self.elected {
                0 => Ailment::NoLeader,
                _ => Ailment::LeaderChanges,
            });
        };
        if !self.stays(now, shadow) {
            return Some(Ailment::LeaderChanges);
        }
        let (target, _) = self.target.unwrap_or_default();
        let lags = |id: &NodeId| !shadow.node(*id).up || self.nodes[id.slot()].applied.0 < target;
        // A server that was removed owes nothing; learners catch up like voters (thesis 4.2).
        let members = shadow.configuration_of(leader).members();
        if let Some(id) = self.core.intersection(members).iter().find(lags) {
            return Some(Ailment::NodeLags(id));
        }
        let oldest = self.waiting.iter().flatten().min_by_key(|(_, _, record)| *record);
        let too_long = |(_, asked, _): &&Since<RequestId>| {
            now.since((*asked).max(since).max(self.begun())) > self.bounds.service
        };
        oldest.filter(too_long).map(|oldest| Ailment::RequestWaits(*oldest))
    }

    /// Whether a node of the core that is behind got on since the last look. What others append meanwhile does not put the goal off.
    fn catches_up(&mut self, shadow: &Shadow) -> bool {
        let longest = self.core.iter().map(|id| shadow.node(id).last_index()).max();
        let goal = *self.goal.get_or_insert(longest.unwrap_or(Index::ZERO));
        let gets_on = |id: NodeId| {
            let Member { high, high_before, .. } = self.nodes[id.slot()];
            high > high_before && high_before < goal && high_before > Index::ZERO
        };
        self.core.iter().any(gets_on)
    }

    fn accuse(&self, ailment: Ailment, record: &Record, shadow: &Shadow) -> Violation {
        let (begun, began) = self.begun.unwrap_or_default();
        let leader = self.leader(shadow);
        let elected = leader.map_or(0, |(_, (.., election))| election);
        let past = |time: Time| seconds(record.time.since(time));
        let (sentence, evidence) = match ailment {
            Ailment::NoLeader => {
                let sentence =
                    format!("Nobody in the core leads, {} after faults ended.", past(begun));
                let latest = self.elections.iter().flatten().max_by_key(|(term, ..)| *term);
                (sentence, [began, latest.map_or(0, |(.., election)| *election), 0])
            }
            Ailment::LeaderChanges => {
                let count = self.elected;
                let sentence = format!(
                    "No leader stays: {count} were elected in the {} since faults ended.",
                    past(begun)
                );
                (sentence, [began, self.last_elected[0], self.last_elected[1]])
            }
            Ailment::NodeLags(id) if !shadow.node(id).up => {
                let sentence =
                    format!("{id} is down, {} after faults ended, and stays down.", past(begun));
                (sentence, [began, self.nodes[id.slot()].applied.1, elected])
            }
            Ailment::NodeLags(id) => {
                let (applied, last) = self.nodes[id.slot()].applied;
                let (committed, commit) = self.target.unwrap_or_default();
                let sentence = format!(
                    "{id} has applied {applied} of the {committed} entries that were committed, {} after faults ended, and gets no further.",
                    past(begun)
                );
                (sentence, [last, commit, elected])
            }
            Ailment::RequestWaits((request, asked, invoke)) => {
                let who = leader.map_or_else(String::new, |(id, _)| id.to_string());
                let sentence = format!(
                    "Request {} of client {} waits for {}, though {who} leads.",
                    request.serial,
                    request.client,
                    past(asked)
                );
                (sentence, [began, invoke, elected])
            }
        };
        Violation::new(Property::Liveness, record, sentence, evidence)
    }
}

/// A span in seconds, to three decimals.
fn seconds(span: Span) -> String {
    let millis = span.0 / 1_000_000;
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WriteId;
    use crate::log::Command;
    use crate::record::Remains;

    /// A second for a look, three to stay, two to be served, ten in all.
    struct Story {
        liveness: Liveness,
        shadow: Shadow,
        number: u64,
        seconds: u64,
    }

    impl Story {
        /// Three nodes run, and faults end.
        fn new() -> Story {
            let second = Span::secs(1);
            let bounds = Bounds {
                from: Span::ZERO,
                message: Span::millis(1),
                look: second,
                stay: second.times(3),
                answer: second,
                service: second.times(2),
                within: second.times(10),
            };
            let liveness = Liveness::new(3, bounds);
            let mut story = Story { liveness, shadow: Shadow::new(3), number: 0, seconds: 0 };
            for node in 1..=3 {
                let (term, index) = (Term(1), Index::ZERO);
                story.tell(
                    node,
                    Kind::Boot { life: 1, term, vote: None, last_index: index, applied: index },
                );
                story.tell(node, Kind::Calm { look: 0 });
            }
            story
        }

        fn tell(&mut self, node: u8, kind: Kind) -> Option<String> {
            self.number += 1;
            let node = (node > 0).then(|| NodeId::new(node));
            let time = Time::ZERO.plus(Span::secs(self.seconds));
            let record = Record { number: self.number, event: self.number, time, node, kind };
            self.shadow.observe(&record);
            self.liveness.observe(&record, &self.shadow).map(|violation| violation.sentence)
        }

        fn leads(&mut self, node: u8, term: u64) {
            self.tell(node, Kind::Role { role: Role::Leader, term: Term(term) });
        }

        fn asks(&mut self, serial: u32) -> RequestId {
            let request = RequestId { client: 1, serial, ..RequestId::NONE };
            self.tell(1, Kind::Invoke { request, command: Command::Get { key: 1 }, attempt: 1 });
            request
        }

        /// A second passes.
        fn look(&mut self) -> Option<String> {
            self.seconds += 1;
            self.tell(0, Kind::Calm { look: self.seconds as u32 })
        }

        /// What is found within twelve seconds; nothing if the cluster recovers before.
        fn end(&mut self) -> Option<String> {
            (0..12).find_map(|_| {
                let violation = self.look();
                violation.filter(|_| !self.liveness.has_recovered())
            })
        }
    }

    #[test]
    fn a_leader_that_stays_is_all_that_an_idle_cluster_needs() {
        let mut story = Story::new();
        story.leads(2, 2);
        assert_eq!(story.end(), None);
        assert!(story.liveness.has_recovered());
    }

    #[test]
    fn nobody_leads() {
        let found = Story::new().end().expect("it is found");
        assert_eq!(found, "Nobody in the core leads, 10.000 s after faults ended.");
    }

    #[test]
    fn leaders_come_and_go() {
        let mut story = Story::new();
        let found = (2..20).find_map(|term| {
            story.leads(1 + (term % 2) as u8, term);
            story.look()
        });
        let found = found.expect("it is found");
        assert!(found.starts_with("No leader stays: 10 were elected"), "{found}");
    }

    #[test]
    fn a_request_waits() {
        let mut story = Story::new();
        story.leads(1, 2);
        story.asks(1);
        let found = story.end().expect("it is found");
        assert!(found.starts_with("Request 1 of client 1 waits for 10.000 s"), "{found}");
    }

    #[test]
    fn a_request_is_given_some_time_and_answered() {
        let mut story = Story::new();
        story.leads(1, 2);
        let request = story.asks(1);
        (0..5).for_each(|_| _ = story.look());
        assert!(!story.liveness.has_recovered());
        story.tell(1, Kind::Answered { request, applied: true, output: None });
        assert_eq!((story.look(), story.liveness.has_recovered()), (None, true));
    }

    #[test]
    fn a_node_lags() {
        let mut story = Story::new();
        story.leads(1, 2);
        let write = WriteId(1);
        for node in [1, 2] {
            let (index, term) = (Index(1), Term(2));
            story.tell(node, Kind::Append { write, index, term, content: 7 });
            story.tell(node, Kind::Commit { index, term });
            let request = RequestId::NONE;
            story.tell(node, Kind::Apply { index, term, content: 7, request, effect: true });
        }
        let found = story.end().expect("it is found");
        assert!(found.starts_with("n3 has applied 0 of the 1 entries"), "{found}");
    }

    #[test]
    fn a_node_that_catches_up_is_waited_for() {
        let mut story = Story::new();
        story.leads(1, 2);
        let append = |index| {
            let (write, index) = (WriteId(index), Index(index));
            Kind::Append { write, index, term: Term(2), content: 7 }
        };
        (1..=40).for_each(|index| _ = story.tell(1, append(index)));
        story.tell(1, Kind::Commit { index: Index(40), term: Term(2) });
        for index in 1..=30 {
            assert_eq!(story.look(), None, "it gets on");
            story.tell(2, append(index));
        }
        assert!(story.end().is_some(), "it got no further");
    }

    #[test]
    fn a_node_that_stays_down_is_named() {
        let mut story = Story::new();
        story.leads(1, 2);
        story.tell(3, Kind::Crash(Remains::default()));
        let found = story.end().expect("it is found");
        assert_eq!(found, "n3 is down, 10.000 s after faults ended, and stays down.");
    }
}
