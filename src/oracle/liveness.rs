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
//! node that is catching up the judgement waits, and for commits that come to what a request has before it in the log: how much that is is
//! not in the plan, but whether it gets less is in the records.
//!
//! A cluster that spins may let no time pass until the next look. If it uses up the events of the run, it is judged by how many of them
//! came in a row to no avail.

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
pub type Since<T> = (T, Time, u64);

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
    /// The request that was found to wait for too long, and how far commits have to come until the judgement waits no longer for it.
    backlog: Option<(RequestId, Index)>,
    /// The highest commit index at the last look.
    committed_before: Index,
    /// When it can be made.
    due: Time,
    /// The event at which faults ended, and how long the longest log was then.
    calmed: (u64, Index),
    /// The latest event that got the cluster on, and its record: a look, a client's doing, an entry at a node that lacked it.
    gain: (u64, u64),
    recovered: bool,
}

/// What keeps the cluster from being well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmetGoal {
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
            backlog: None,
            committed_before: Index::ZERO,
            due: Time::ZERO.plus(bounds.from).plus(bounds.within),
            calmed: (0, Index::ZERO),
            gain: (0, 0),
            recovered: false,
        }
    }

    /// Whether the cluster had come back to life at the last look.
    pub fn has_recovered(&self) -> bool {
        self.recovered
    }

    /// By when a run that has come to this time would be judged, unless a node goes on catching up.
    pub fn verdict_by(&self, now: Time) -> Time {
        let Bounds { stay, service, look, .. } = self.bounds;
        self.due.max(now).max(self.due.plus(stay).plus(service)).plus(look)
    }

    /// Whether a look at this time finds that the cluster has come back to life.
    pub fn recovers(&self, now: Time, shadow: &Shadow) -> bool {
        let waits = |(_, asked, _): &Since<RequestId>| *asked <= self.stayed;
        self.target.is_some()
            && self.unmet_goal(now, shadow).is_none()
            && !self.waiting.iter().flatten().any(waits)
    }

    /// Whether faults are over, and this request waits since before they ended.
    pub fn outlived_faults(&self, request: RequestId) -> bool {
        let waiting = self.waiting.get((request.client as usize).wrapping_sub(1));
        let asked = waiting.copied().flatten().filter(|(waiting, ..)| *waiting == request);
        asked.is_some_and(|(_, asked, _)| self.begun.is_some() && asked < self.begun())
    }

    /// Judges a record. `shadow` is as it is after it.
    pub fn observe(&mut self, record: &Record, shadow: &Shadow) -> Option<Box<Violation>> {
        if self.begun.is_some() && self.gets_on(record) {
            self.gain = (record.event, record.number);
        }
        match (record.kind, record.node) {
            (Kind::Recovery { check: 0 }, Some(node)) => {
                if self.begun.is_none() {
                    let longest = shadow.nodes().map(|(_, node)| node.last_index()).max();
                    self.begun = Some((record.time, record.number));
                    self.calmed = (record.event, longest.unwrap_or_default());
                    self.gain = (record.event, record.number);
                }
                self.core.insert(node);
            }
            (Kind::Recovery { .. }, _) => return self.look(record, shadow),
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

    /// Whether this gets the cluster on. What clients do counts, for they may do it at any rate; of entries only those that were there when
    /// faults ended, for new ones could come without end.
    fn gets_on(&self, record: &Record) -> bool {
        let is_new = |index: Index| {
            let high = |id: NodeId| self.nodes[id.slot()].high;
            index <= self.calmed.1 && record.node.is_some_and(|id| index > high(id))
        };
        match record.kind {
            Kind::Recovery { .. } | Kind::Invoke { .. } | Kind::Answered { .. } => true,
            Kind::Append { index, .. } | Kind::Restore { index, .. } => is_new(index),
            _ => false,
        }
    }

    /// Judges a run whose events are used up before the cluster has come back to life; `last` is where it stands. It may have been cut
    /// short: only a cluster that spins is accused.
    pub fn run_out(&self, last: &Record, shadow: &Shadow) -> Option<Box<Violation>> {
        let (begun, began) = self.begun?;
        let without_progress = last.event - self.gain.0;
        if without_progress <= self.bounds.no_progress_max {
            return None;
        }
        let missing = match self.unmet_goal(last.time, shadow) {
            Some(UnmetGoal::NoLeader) => "nobody in the core leads".into(),
            Some(UnmetGoal::LeaderChanges) => "no leader has stayed".into(),
            Some(UnmetGoal::NodeLags(id)) => format!("{id} lags or is down"),
            Some(UnmetGoal::RequestWaits(_)) => "a request waits".into(),
            None => "no look found all well".into(),
        };
        let sentence = format!(
            "The cluster spins: {} events in the {} since faults ended, the last {without_progress} of them to no avail, and {missing}.",
            last.event - self.calmed.0,
            seconds(last.time.since(begun))
        );
        Some(Violation::new(Property::Liveness, last, sentence, [began, self.gain.1]))
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
    fn look(&mut self, record: &Record, shadow: &Shadow) -> Option<Box<Violation>> {
        let now = record.time;
        self.recovered = self.recovers(now, shadow);
        if self.target.is_none() && self.stays(now, shadow) {
            self.target = Some(self.committed);
            self.stayed = now;
        }
        let unmet_goal = self.unmet_goal(now, shadow);
        let waits = self.goal.is_some() || now >= self.due;
        if waits && (self.catches_up(shadow) | self.works_off(unmet_goal, shadow)) {
            // After that a leader has to stay, and requests have to be served.
            self.due = now.plus(self.bounds.stay).plus(self.bounds.service);
        }
        for member in &mut self.nodes {
            member.high_before = member.high;
        }
        self.committed_before = self.committed.0;
        let unmet_goal = unmet_goal.filter(|_| now >= self.due)?;
        Some(self.accuse(unmet_goal, record, shadow))
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
    pub fn unmet_goal(&self, now: Time, shadow: &Shadow) -> Option<UnmetGoal> {
        let Some((leader, (_, since, _))) = self.leader(shadow) else {
            return Some(match self.elected {
                0 => UnmetGoal::NoLeader,
                _ => UnmetGoal::LeaderChanges,
            });
        };
        if !self.stays(now, shadow) {
            return Some(UnmetGoal::LeaderChanges);
        }
        let (target, _) = self.target.unwrap_or_default();
        let lags = |id: &NodeId| !shadow.node(*id).up || self.nodes[id.slot()].applied.0 < target;
        // A server that was removed owes nothing; learners catch up like voters (thesis 4.2).
        let members = shadow.configuration_of(leader).members();
        if let Some(id) = self.core.intersection(members).iter().find(lags) {
            return Some(UnmetGoal::NodeLags(id));
        }
        let oldest = self.waiting.iter().flatten().min_by_key(|(_, _, record)| *record);
        let too_long = |(_, asked, _): &&Since<RequestId>| {
            now.since((*asked).max(since).max(self.begun())) > self.bounds.service
        };
        oldest.filter(too_long).map(|oldest| UnmetGoal::RequestWaits(*oldest))
    }

    /// The last index of the longest log of the core.
    fn longest(&self, shadow: &Shadow) -> Index {
        self.core.iter().map(|id| shadow.node(id).last_index()).max().unwrap_or(Index::ZERO)
    }

    /// Whether commits got on since the last look towards a request that waits. Its entry is no further than the longest log was when it
    /// was first found to wait for too long; what is appended after that does not put it off.
    fn works_off(&mut self, unmet_goal: Option<UnmetGoal>, shadow: &Shadow) -> bool {
        let Some(UnmetGoal::RequestWaits((request, ..))) = unmet_goal else { return false };
        let longest = self.longest(shadow);
        let known = self.backlog.filter(|(waiting, _)| *waiting == request);
        let (_, goal) = *self.backlog.insert(known.unwrap_or((request, longest)));
        self.committed.0 > self.committed_before && self.committed_before < goal
    }

    /// Whether a node of the core that is behind got on since the last look. What others append meanwhile does not put the goal off.
    fn catches_up(&mut self, shadow: &Shadow) -> bool {
        let longest = self.longest(shadow);
        let goal = *self.goal.get_or_insert(longest);
        let gets_on = |id: NodeId| {
            let Member { high, high_before, .. } = self.nodes[id.slot()];
            high > high_before && high_before < goal && high_before > Index::ZERO
        };
        self.core.iter().any(gets_on)
    }

    fn accuse(&self, unmet_goal: UnmetGoal, record: &Record, shadow: &Shadow) -> Box<Violation> {
        let (begun, began) = self.begun.unwrap_or_default();
        let leader = self.leader(shadow);
        let elected = leader.map_or(0, |(_, (.., election))| election);
        let past = |time: Time| seconds(record.time.since(time));
        let (sentence, evidence) = match unmet_goal {
            UnmetGoal::NoLeader => {
                let sentence =
                    format!("Nobody in the core leads, {} after faults ended.", past(begun));
                let latest = self.elections.iter().flatten().max_by_key(|(term, ..)| *term);
                (sentence, [began, latest.map_or(0, |(.., election)| *election), 0])
            }
            UnmetGoal::LeaderChanges => {
                let count = self.elected;
                let sentence = format!(
                    "No leader stays: {count} were elected in the {} since faults ended.",
                    past(begun)
                );
                (sentence, [began, self.last_elected[0], self.last_elected[1]])
            }
            UnmetGoal::NodeLags(id) if !shadow.node(id).up => {
                let sentence =
                    format!("{id} is down, {} after faults ended, and stays down.", past(begun));
                (sentence, [began, self.nodes[id.slot()].applied.1, elected])
            }
            UnmetGoal::NodeLags(id) => {
                let (applied, last) = self.nodes[id.slot()].applied;
                let (committed, commit) = self.target.unwrap_or_default();
                let sentence = format!(
                    "{id} has applied {applied} of the {committed} entries that were committed, {} after faults ended, and gets no further.",
                    past(begun)
                );
                (sentence, [last, commit, elected])
            }
            UnmetGoal::RequestWaits((request, asked, invoke)) => {
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
                no_progress_max: 1_000,
            };
            let liveness = Liveness::new(3, bounds);
            let mut story = Story { liveness, shadow: Shadow::new(3), number: 0, seconds: 0 };
            for node in 1..=3 {
                let (term, index) = (Term(1), Index::ZERO);
                story.tell(
                    node,
                    Kind::Boot {
                        life: 1,
                        term,
                        vote: None,
                        last_index: index,
                        applied: index,
                        state: None,
                    },
                );
                story.tell(node, Kind::Recovery { check: 0 });
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
            self.tell(0, Kind::Recovery { check: self.seconds as u32 })
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
    fn a_request_behind_a_backlog_is_waited_for_as_long_as_commits_get_on() {
        let mut story = Story::new();
        story.leads(1, 2);
        let (write, term, content) = (WriteId(1), Term(2), 7);
        for index in (1..=60).map(Index) {
            story.tell(1, Kind::Append { write, index, term, content });
        }
        story.asks(1);
        for index in (1..=30).map(Index) {
            story.tell(1, Kind::Commit { index, term });
            for node in 1..=3 {
                let (request, effect) = (RequestId::NONE, true);
                story.tell(node, Kind::Apply { index, term, content, request, effect });
            }
            assert_eq!(story.look(), None, "commits get on");
        }
        let found = story.end().expect("they got no further");
        assert!(found.starts_with("Request 1 of client 1 waits for"), "{found}");
    }

    impl Story {
        /// So many events that are not told, and the run has no more.
        fn runs_out_after(&mut self, events: u64) -> Option<String> {
            let time = Time::ZERO.plus(Span::secs(self.seconds));
            let (number, event) = (self.number, self.number + events);
            let last =
                Record { number, event, time, node: None, kind: Kind::Recovery { check: 9 } };
            self.liveness.run_out(&last, &self.shadow).map(|violation| violation.sentence)
        }
    }

    #[test]
    fn a_cluster_that_spins_uses_up_the_events_to_no_avail() {
        let mut story = Story::new();
        story.leads(1, 2);
        assert_eq!(story.runs_out_after(900), None, "that may have been too few");
        let found = story.runs_out_after(2_000).expect("it is found");
        assert_eq!(
            found,
            "The cluster spins: 2005 events in the 0.000 s since faults ended, the last 2001 of them to no avail, and no leader has stayed."
        );
        let mut before = Story::new();
        before.liveness.begun = None;
        assert_eq!(before.runs_out_after(2_000), None, "faults are not over");
    }

    #[test]
    fn whatever_gets_the_cluster_on_is_counted_from() {
        let append = |index| {
            let (write, index) = (WriteId(1), Index(index));
            Kind::Append { write, index, term: Term(2), content: 7 }
        };
        let spins = |kind: Option<(u8, Kind)>| {
            let mut story = Story::new();
            story.number += 600;
            if let Some((node, kind)) = kind {
                story.tell(node, kind);
            }
            story.runs_out_after(600).is_some()
        };
        let request = RequestId { client: 1, serial: 1, ..RequestId::NONE };
        let command = Command::Get { key: 1 };
        assert!(spins(None));
        assert!(spins(Some((1, Kind::Role { role: Role::Candidate, term: Term(2) }))));
        assert!(spins(Some((1, append(1)))), "no log was so long");
        assert!(!spins(Some((0, Kind::Recovery { check: 1 }))));
        assert!(!spins(Some((1, Kind::Invoke { request, command, attempt: 1 }))));
        let answered = Kind::Answered { request, applied: true, output: None };
        assert!(!spins(Some((1, answered))));
        let mut story = Story::new();
        story.liveness.calmed.1 = Index(1);
        for (node, spins) in [(1, false), (1, true), (2, false), (2, true)] {
            story.number += 600;
            story.tell(node, append(1));
            assert_eq!(story.runs_out_after(600).is_some(), spins, "n{node} gets it once");
        }
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
