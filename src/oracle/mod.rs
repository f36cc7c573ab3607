//! Oracles judge a run after every event. They see records and nothing else, so they share no bug with the Raft under
//! test.
//!
//! `shadow` rebuilds every node's log from records. `election`, `log`, `commit` and `snapshots` judge what a record changed, in
//! constant time for each changed entry: the cost does not grow with logs or with time. `membership` judges changes of the members,
//! `authority` what leaders hear, what they were promised, and why reads are answered.
//! [`history`] judges what clients hear, with [`model`], [`linearizable`] and `shortest`; `once` what takes effect; `liveness` what
//! comes of it all.

mod answers;
mod authority;
mod chain;
pub mod checker;
mod commit;
mod configurations;
mod counted;
pub mod destroyed;
mod election;
mod followed;
pub mod gap;
pub mod history;
pub mod linearizable;
pub(crate) mod liveness;
mod log;
pub(crate) mod membership;
pub mod model;
mod once;
pub mod quorum;
mod seen;
pub(crate) mod shadow;
mod shortest;
mod snapshots;
mod stale;
pub mod violation;

pub use chain::PrefixId;
pub use checker::{Checker, Findings};
pub use gap::{Gap, Why};
pub use shadow::{Change, Shadow};
pub use violation::Violation;

use crate::breach::Broken;
use crate::config::Reads;
use crate::guest::Rule;
use crate::message::Summary;
use crate::plan::Plan;
use crate::plan::liveness::Bounds;
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::time::Time;

use destroyed::{Destroyed, destroys};
use seen::Seen;

/// All oracles over one shadow.
#[derive(Debug)]
pub struct Oracles {
    /// The cluster as records tell of it.
    pub(crate) shadow: Shadow,
    elections: election::Elections,
    /// What is committed.
    pub(crate) commits: commit::Commits,
    pub(crate) liveness: Option<Box<liveness::Liveness>>,
    /// None if linearizability is not judged.
    pub(crate) histories: Option<history::Histories>,
    effects: once::Effects,
    /// None where no plan says how reads are answered.
    answers: Option<Box<answers::Answers>>,
    snapshots: snapshots::Snapshots,
    members: membership::Members,
    /// None if the options have nothing of it.
    authority: Option<Box<authority::Authority>>,
    /// What the plan asks for and its nodes do not let anybody judge.
    left_out: Vec<Property>,
    /// None where nodes do not say by which configuration they count.
    counted: Option<Box<counted::Counted>>,
    /// What was asked to be judged.
    judged: u32,
    destroyed: Option<Box<Destroyed>>,
}

impl Oracles {
    /// Oracles for a cluster of so many nodes, judging these properties, and liveness within these bounds, if there are some.
    pub fn new(nodes: u8, judge: &[Property], bounds: Option<Bounds>) -> Oracles {
        Oracles {
            shadow: Shadow::new(nodes),
            elections: election::Elections::new(nodes),
            commits: commit::Commits::new(nodes),
            liveness: bounds.map(|bounds| Box::new(liveness::Liveness::new(nodes, bounds))),
            histories: judge.contains(&Property::Linearizability).then(history::Histories::default),
            effects: once::Effects::new(nodes),
            answers: None,
            snapshots: snapshots::Snapshots::default(),
            members: membership::Members::new(nodes),
            authority: None,
            left_out: Vec::new(),
            counted: None,
            judged: judge
                .iter()
                .filter(|it| **it != Property::Liveness || bounds.is_some())
                .fold(0, |bits, property| bits | 1 << *property as u32),
            destroyed: None,
        }
    }

    /// The plan of the run: from when on nodes go by configurations, and what leaders and reads rest on.
    pub fn go_by(&mut self, plan: &Plan) {
        self.shadow.configures = plan.guest.configures;
        self.authority = authority::Authority::of(plan);
        self.left_out = authority::Authority::leaves_out(plan);
        let once = plan.judge.contains(&Property::ExactlyOnce);
        let reads_in_log = plan.config().reads == Reads::Log;
        self.answers = once.then(|| Box::new(answers::Answers::new(reads_in_log)));
        let counts = plan.guest.keeps_to(Rule::Configuration)
            && plan.judge.contains(&Property::Configuration);
        self.counted = counts.then(|| Box::new(counted::Counted::new(plan.cluster.nodes)));
    }

    /// Judges a run whose events are used up; `last` is where it stands.
    pub fn run_out(&self, last: &Record) -> Option<Box<Violation>> {
        let violation = self.liveness.as_ref()?.run_out(last, &self.shadow)?;
        self.judge(violation)
    }

    /// Judges a record; says the first property that it violates.
    #[inline]
    pub fn observe(&mut self, record: &Record) -> Option<Box<Violation>> {
        let counted = self.counted.as_mut().filter(|it| it.is_due(record));
        let counts = counted.and_then(|it| it.end_event(record, &self.shadow));
        let authority = self.authority.as_mut().filter(|it| it.is_concerned(record));
        let authority = authority.and_then(|it| it.observe(record, &self.shadow));
        let first = counts.or(authority).and_then(|violation| self.judge(violation));
        let all = self.observe_all(record);
        first.or(all)
    }

    fn observe_all(&mut self, record: &Record) -> Option<Box<Violation>> {
        match record.kind {
            // The most frequent records change nothing that is judged.
            Kind::Send { message: Summary::Forward { .. }, .. } => return self.client(record),
            Kind::Send { message, .. } if !message.may_give_a_vote() => {
                let violation = self.members.observe_send(record, &message)?;
                return self.judge(violation);
            }
            Kind::Duplicate { .. }
            | Kind::Request { .. }
            | Kind::ConnectionRefused { .. }
            | Kind::Reply { .. }
            | Kind::Deliver { message: Summary::Forward { .. }, .. } => return self.client(record),
            Kind::Invoke { .. } | Kind::Answered { .. } | Kind::GaveUp { .. } => {
                if let Some(liveness) = &mut self.liveness {
                    liveness.observe(record, &self.shadow);
                }
                let answer = self.answers.as_mut().and_then(|it| it.observe(record));
                let answer = answer.and_then(|violation| self.judge(violation));
                let client = self.client(record);
                return answer.or(client);
            }
            Kind::Deliver { .. } | Kind::Timer { .. } => return None,
            Kind::Broken { why } => return self.judge(broken(record, why)),
            kind if self.destroyed.is_some() || destroys(&kind).is_some() => {
                self.histories = None;
                Destroyed::observe(&mut self.destroyed, record, &self.shadow);
            }
            _ => {}
        }
        let Some(id) = record.node else {
            self.shadow.observe(record);
            let violation = self.liveness.as_mut()?.observe(record, &self.shadow)?;
            return self.judge(violation);
        };
        let counted = self.counted.as_mut().and_then(|it| it.observe(record, id, &self.shadow));
        if let Some(violation) = counted.and_then(|violation| self.judge(violation)) {
            self.shadow.observe(record);
            return Some(violation);
        }
        let at = Seen { record, id, shadow: &self.shadow };
        let election = self.elections.observe(at, self.destroyed.as_deref_mut());
        let change = self.shadow.observe(record);
        let at = Seen { record, id, shadow: &self.shadow };
        let log = log::observe(at, change);
        if let (Some(destroyed), Change::Diverged(_)) = (&mut self.destroyed, change) {
            destroyed.tangle(record.time, false);
        }
        let commit = self.commits.observe(at, change, self.destroyed.as_deref_mut());
        let liveness = self.liveness.as_mut().and_then(|it| it.observe(record, &self.shadow));
        // What is not judged is not watched either: nobody else asks these three.
        let judged = [Property::Snapshot, Property::Configuration, Property::ExactlyOnce];
        let [snapshots, members, once] = judged.map(|property| self.judges(property));
        let snapshot = if snapshots { self.snapshots.observe(at, &self.commits) } else { None };
        let members = members && !at.shadow.configurations.is_fixed();
        let members = if members { self.members.observe(at, &self.commits) } else { None };
        let once = if once { self.effects.observe(at) } else { None };
        let client = match record.kind {
            Kind::Apply { .. } => {
                if let Some(answers) = &mut self.answers {
                    answers.observe(record);
                }
                self.client(record)
            }
            _ => None,
        };
        let found = [election, log, commit, client, once, snapshot, members, liveness];
        found.into_iter().flatten().find_map(|violation| self.judge(violation))
    }

    /// What clients ask and hear, and what may make of one request two.
    fn client(&mut self, record: &Record) -> Option<Box<Violation>> {
        self.histories.as_mut()?.observe(record)
    }

    fn judge(&self, violation: Box<Violation>) -> Option<Box<Violation>> {
        self.judges(violation.property).then_some(violation)
    }

    /// Whether a property was asked for.
    fn is_asked(&self, property: Property) -> bool {
        self.judged & (1 << property as u32) != 0
    }

    fn judges(&self, property: Property) -> bool {
        self.is_asked(property)
            && self.destroyed.as_ref().is_none_or(|destroyed| destroyed.judges(property))
    }

    /// What was not judged of what was asked, or not decided, in a run that ends at a time.
    pub fn gaps(&self, now: Time) -> Vec<Gap> {
        let asked = |property: &Property| self.is_asked(*property);
        let mut gaps = Vec::new();
        if let Some(destroyed) = &self.destroyed {
            for (properties, from, until) in destroyed.gaps() {
                let properties: Vec<Property> = properties.into_iter().filter(asked).collect();
                let why = if destroyed.forced { Why::Forced } else { Why::Disks };
                gaps.push(Gap { properties, from, until, why });
            }
            let votes = destroyed.votes && !destroyed.forced;
            if votes && asked(&Property::ElectionSafety) {
                let properties = vec![Property::ElectionSafety];
                let why = Why::Votes { upto: destroyed.floor };
                gaps.push(Gap { properties, from: destroyed.since, until: None, why });
            }
        }
        let mut whole = |property: Property, why: Why| {
            gaps.push(Gap { properties: vec![property], from: Time::ZERO, until: None, why });
        };
        if let Some(histories) = &self.histories {
            if let Some(why) = histories.leave_out_reads {
                whole(Property::Linearizability, why);
            }
            if histories.undecided() > 0 {
                let why = Why::Search { keys: histories.undecided() };
                whole(Property::Linearizability, why);
            }
        }
        if let Some(liveness) = &self.liveness
            && self.judges(Property::Liveness)
            && !liveness.has_recovered()
        {
            whole(Property::Liveness, Why::Horizon { enough: liveness.verdict_by(now) });
        }
        let left_out = self.left_out.clone();
        gaps.push(Gap { properties: left_out, from: Time::ZERO, until: None, why: Why::Loop });
        gaps.retain(|gap| !gap.properties.is_empty());
        gaps
    }
}

fn broken(record: &Record, why: Broken) -> Box<Violation> {
    let node = record.node.map_or_else(String::new, |node| node.to_string());
    Violation::new(Property::Contract, record, format!("{node} {why}."), [])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Index, NodeId, Term, WriteId};
    use crate::node::{DiskFile, Role};
    use crate::record::Remains;

    /// Oracles over three nodes, fed with hand-made records.
    struct Story {
        oracles: Oracles,
        number: u64,
    }

    impl Story {
        fn new() -> Story {
            let mut story = Story { oracles: Oracles::new(3, &Property::ALL, None), number: 0 };
            for node in 1..=3 {
                let boot = Kind::Boot {
                    life: 1,
                    term: Term::FIRST,
                    vote: None,
                    last_index: Index::ZERO,
                    applied: Index::ZERO,
                    state: None,
                };
                assert_eq!(story.tell(node, boot), None);
            }
            story
        }

        /// Something happens at a node; gives the property that it violates.
        fn tell(&mut self, node: u8, kind: Kind) -> Option<Property> {
            self.number += 1;
            let record = Record {
                number: self.number,
                event: self.number,
                time: crate::time::Time(self.number),
                node: Some(NodeId::new(node)),
                kind,
            };
            self.oracles.observe(&record).map(|violation| violation.property)
        }

        fn leads(&mut self, node: u8, term: u64) -> Option<Property> {
            self.tell(node, Kind::Role { role: Role::Leader, term: Term(term) })
        }

        /// A node appends an entry, not yet durable.
        fn appends(&mut self, node: u8, index: u64, term: u64) -> Option<Property> {
            let write = WriteId(index);
            self.tell(
                node,
                Kind::Append { write, index: Index(index), term: Term(term), content: 7 },
            )
        }

        fn syncs(&mut self, node: u8, write: u64) -> Option<Property> {
            self.tell(node, Kind::Durable { write: WriteId(write), lie: false })
        }

        fn commits(&mut self, node: u8, index: u64, term: u64) -> Option<Property> {
            self.tell(node, Kind::Commit { index: Index(index), term: Term(term) })
        }
    }

    /// One entry of term 13, on the disks of nodes 1 and 2, committed by node 1.
    fn committed_in_term_13() -> Story {
        let mut story = Story::new();
        assert_eq!(story.leads(1, 13), None);
        for node in [1, 2] {
            assert_eq!(story.appends(node, 1, 13), None);
            assert_eq!(story.syncs(node, 1), None);
        }
        assert_eq!(story.commits(1, 1, 13), None);
        story
    }

    #[test]
    fn a_leader_that_was_long_in_coming_need_not_hold_what_is_committed_later() {
        let mut story = committed_in_term_13();
        assert_eq!(story.leads(3, 11), None, "its term is older than the commit's");
        assert_eq!(story.leads(3, 14), Some(Property::LeaderCompleteness));
    }

    #[test]
    fn a_leader_of_a_later_term_that_came_before_the_commit_must_hold_it() {
        let mut story = Story::new();
        assert_eq!(story.leads(1, 2), None);
        assert_eq!(story.leads(3, 3), None);
        for node in [1, 2] {
            story.appends(node, 1, 2);
            story.syncs(node, 1);
        }
        assert_eq!(story.commits(1, 1, 2), Some(Property::LeaderCompleteness));
    }

    #[test]
    fn two_leaders_of_one_term_are_one_too_many_over_restarts_too() {
        let mut story = Story::new();
        assert_eq!(story.leads(1, 2), None);
        let crash = Kind::Crash(Remains::default());
        assert_eq!(story.tell(1, crash), None);
        assert_eq!(story.leads(2, 3), None);
        assert_eq!(story.leads(3, 2), Some(Property::ElectionSafety));
    }

    #[test]
    fn a_commit_needs_a_majority_of_disks_not_of_memories() {
        let mut story = Story::new();
        story.leads(1, 2);
        story.appends(1, 1, 2);
        story.appends(2, 1, 2);
        story.syncs(1, 1);
        assert_eq!(story.commits(1, 1, 2), Some(Property::Durability));
    }

    #[test]
    fn what_is_committed_stays_on_a_majority_of_disks() {
        let mut story = committed_in_term_13();
        let truncate = Kind::Truncate { write: WriteId(2), from: Index(1) };
        assert_eq!(story.tell(2, truncate), None, "nothing is lost before it is durable");
        assert_eq!(story.syncs(2, 2), Some(Property::Durability));
    }

    #[test]
    fn one_index_and_term_has_one_entry_behind_one_log() {
        let mut story = Story::new();
        assert_eq!(story.appends(1, 1, 2), None);
        assert_eq!(story.appends(1, 2, 4), None);
        assert_eq!(story.appends(2, 1, 3), None, "another term is another entry");
        assert_eq!(story.appends(2, 2, 4), Some(Property::LogMatching));
    }

    #[test]
    fn a_leader_may_not_remove_but_a_follower_may() {
        let mut story = Story::new();
        story.appends(1, 1, 2);
        let truncate = |write| Kind::Truncate { write: WriteId(write), from: Index(1) };
        assert_eq!(story.tell(1, truncate(2)), None);
        story.leads(1, 3);
        story.appends(1, 1, 3);
        assert_eq!(story.tell(1, truncate(4)), Some(Property::LeaderAppendOnly));
    }

    #[test]
    fn a_disk_has_one_vote_a_term() {
        let vote = |write, node| Kind::Vote {
            write: WriteId(write),
            term: Term(2),
            vote: Some(NodeId::new(node)),
        };
        let mut story = Story::new();
        story.tell(3, vote(1, 1));
        story.tell(3, vote(2, 1));
        assert_eq!(story.syncs(3, 2), None, "the same vote twice is one vote");
        story.tell(3, vote(3, 2));
        assert_eq!(story.syncs(3, 3), Some(Property::OneVote));
    }

    #[test]
    fn who_stays_out_without_its_disk_counts_as_down_until_it_comes_back() {
        let boot = |term| {
            let (last_index, applied) = (Index::ZERO, Index::ZERO);
            Kind::Boot { life: 2, term: Term(term), vote: None, last_index, applied, state: None }
        };
        let mut story = committed_in_term_13();
        let crash = Kind::Crash(Remains::default());
        assert_eq!(story.tell(2, crash), None);
        assert_eq!(story.tell(2, Kind::Wipe { stays_out: true }), None);
        assert_eq!(story.tell(2, Kind::Refuse { what: DiskFile::Log, index: Index::ZERO }), None);
        assert_eq!(story.tell(3, boot(13)), None, "its disk was not emptied");
        assert_eq!(story.tell(2, boot(1)), Some(Property::Durability));
        assert_eq!(story.leads(2, 14), Some(Property::LeaderCompleteness));
    }

    /// Until a crash finds a lie out it makes no difference; then what the disk had promised is known to be destroyed.
    #[test]
    fn a_lie_of_a_disk_counts_as_the_truth_until_a_crash_finds_it_out() {
        let told = |lie| {
            let mut story = Story::new();
            story.leads(1, 2);
            for node in [1, 2] {
                story.appends(node, 1, 2);
                let durable = Kind::Durable { write: WriteId(1), lie };
                assert_eq!(story.tell(node, durable), None);
            }
            assert_eq!(story.commits(1, 1, 2), None, "two disks say that they have it");
            story
        };
        let crash =
            |promised| Kind::Crash(Remains { lost: promised, promised, ..Remains::default() });
        let mut story = told(true);
        assert_eq!(story.tell(2, crash(1)), None, "the plan has destroyed it");
        assert_eq!(story.oracles.shadow.node(NodeId::new(2)).last_index(), Index::ZERO);
        assert_eq!(story.leads(3, 3), None, "no Raft can promise this without its disks");
        assert_eq!(story.commits(1, 0, 2), Some(Property::MonotonicCommit));
        let mut story = told(true);
        let kept = Kind::Durable { write: WriteId(1), lie: false };
        assert_eq!(story.tell(2, kept), None);
        assert_eq!(story.tell(2, crash(0)), None, "the disk kept its word in time");
        assert_eq!(story.oracles.shadow.node(NodeId::new(2)).last_index(), Index(1));
        assert_eq!(story.leads(3, 3), Some(Property::LeaderCompleteness));
    }

    #[test]
    fn a_crash_may_leave_the_vote_without_the_log_and_the_log_without_the_vote() {
        let left = |survived, votes| {
            let mut story = Story::new();
            let vote = Some(NodeId::new(1));
            story.tell(2, Kind::Vote { write: WriteId(1), term: Term(2), vote });
            let (write, index, term) = (WriteId(2), Index(1), Term(2));
            story.tell(2, Kind::Append { write, index, term, content: 7 });
            story.tell(2, Kind::Vote { write: WriteId(3), term: Term(3), vote: None });
            let (survived, votes) = (WriteId(survived), Some(WriteId(votes)));
            let remains = Remains { survived, votes, lost: 1, ..Remains::default() };
            assert_eq!(story.tell(2, Kind::Crash(remains)), None);
            let node = story.oracles.shadow.node(NodeId::new(2));
            (node.durable_vote.0.0, node.last_index().0)
        };
        assert_eq!(left(2, 0), (1, 1), "the term that it booted with");
        assert_eq!(left(2, 1), (2, 1));
        assert_eq!(left(0, 3), (3, 0));
    }

    #[test]
    fn a_lost_disk_ends_what_needs_disks_and_nothing_else() {
        let mut story = committed_in_term_13();
        let crash = Kind::Crash(Remains::default());
        assert_eq!(story.tell(2, crash), None);
        assert_eq!(story.tell(2, Kind::Wipe { stays_out: false }), None);
        assert_eq!(story.leads(3, 14), None, "no Raft can promise this without its disks");
        assert_eq!(story.commits(1, 0, 13), Some(Property::MonotonicCommit));
    }
}
