//! The twin of the metrics: it reads the records of a whole run again for every question, and shares nothing with the meter.

use std::collections::BTreeMap;

use squall::ids::NodeId;
use squall::log::{Command, RequestId};
use squall::node::Role;
use squall::record::{Heard, Kind, Record};
use squall::time::{Span, Time};

/// The records of a run that ended then, in a cluster that began with these members.
pub struct Twin<'a> {
    pub records: &'a [Record],
    pub end: Time,
    pub members: Vec<NodeId>,
    pub nodes: u8,
}

/// An operation: when it was begun, when and whether it was answered, when it was given up.
struct Operation {
    request: RequestId,
    begun: Time,
    over: Option<Time>,
    answered: bool,
    wrote: bool,
}

impl Twin<'_> {
    fn operations(&self) -> Vec<Operation> {
        let begun =
            self.records.iter().enumerate().filter_map(|(place, record)| match record.kind {
                Kind::Invoke { request, attempt: 1, command } => Some((place, request, command)),
                _ => None,
            });
        let operation = |(place, request, command): (usize, RequestId, Command)| {
            let end = self.records[place..].iter().find(|record| match record.kind {
                Kind::Answered { request: own, applied, .. } => own == request && applied,
                Kind::GaveUp { request: own } => own == request,
                _ => false,
            });
            let output = end.and_then(|record| match record.kind {
                Kind::Answered { output, .. } => Some(output),
                _ => None,
            });
            let reads = matches!(command, Command::Get { .. } | Command::Register);
            let done = output.is_some_and(|heard| matches!(heard, None | Some(Heard::Done)));
            Operation {
                request,
                begun: self.records[place].time,
                over: end.map(|record| record.time),
                answered: output.is_some(),
                wrote: done && !reads,
            }
        };
        begun.map(operation).collect()
    }

    /// Begun, answered, given up.
    pub fn requests(&self) -> (u64, u64, u64) {
        let operations = self.operations();
        let count = |wanted: &dyn Fn(&&Operation) -> bool| operations.iter().filter(wanted).count();
        let given_up = count(&|it| it.over.is_some() && !it.answered);
        (operations.len() as u64, count(&|it| it.answered) as u64, given_up as u64)
    }

    /// Tries, and those that failed.
    pub fn tries(&self) -> (u64, u64) {
        let tries = self.count(|kind| matches!(kind, Kind::Invoke { .. }));
        let places = 0..self.records.len();
        (tries, places.filter(|place| self.is_failed_try(*place)).count() as u64)
    }

    /// Whether the try that begins at this place fails before the operation is tried again or ends.
    fn is_failed_try(&self, place: usize) -> bool {
        let Kind::Invoke { request: tried, .. } = self.records[place].kind else { return false };
        let node = self.records[place].node;
        for record in &self.records[place + 1..] {
            match record.kind {
                Kind::Answered { request, applied: true, .. }
                | Kind::GaveUp { request }
                | Kind::Invoke { request, .. }
                    if request == tried =>
                {
                    return false;
                }
                Kind::Answered { request, .. }
                | Kind::ConnectionRefused { request }
                | Kind::TimedOut { request }
                    if request == tried && record.node == node =>
                {
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    pub fn elections(&self) -> u64 {
        self.count(|kind| matches!(kind, Kind::Role { role: Role::Candidate, .. }))
    }

    fn count(&self, wanted: impl Fn(&Kind) -> bool) -> u64 {
        self.records.iter().filter(|record| wanted(&record.kind)).count() as u64
    }

    /// The least time that at least so many of a hundred answers did not exceed.
    pub fn latency(&self, percent: u64) -> Option<Span> {
        let operations = self.operations();
        let times = operations.iter().filter(|it| it.answered);
        let times: Vec<Span> = times.map(|it| it.over.unwrap().since(it.begun)).collect();
        let is_enough = |bound: &&Span| {
            let within = times.iter().filter(|time| time <= bound).count() as u64;
            within * 100 >= times.len() as u64 * percent
        };
        times.iter().filter(is_enough).min().copied()
    }

    /// Between two answers, or before the first or behind the last: the longest time from when an operation was under way to the end.
    pub fn stall(&self) -> Span {
        let operations = self.operations();
        let mut marks = vec![Time::ZERO, self.end];
        marks.extend(operations.iter().filter(|it| it.answered).filter_map(|it| it.over));
        marks.sort_unstable();
        let gap = |pair: &[Time]| {
            let [from, to] = [pair[0], pair[1]];
            let waits = |it: &&Operation| it.begun < to && it.over.is_none_or(|over| over > from);
            let first = operations.iter().filter(waits).map(|it| it.begun.max(from)).min();
            first.map_or(Span::ZERO, |first| to.since(first))
        };
        marks.windows(2).map(gap).max().unwrap_or(Span::ZERO)
    }

    /// Without a leader: in all, and in a row.
    pub fn leaderless(&self) -> (Span, Span) {
        let changes = self.records.iter().enumerate().filter(|(_, record)| {
            !matches!(record.kind, Kind::Send { .. } | Kind::Deliver { .. } | Kind::Timer { .. })
        });
        let mut stretches: Vec<(Time, bool)> = vec![(Time::ZERO, false)];
        for (place, record) in changes {
            stretches.push((record.time, self.is_led_after(place)));
        }
        stretches.push((self.end, true));
        let (mut total, mut longest, mut row) = (Span::ZERO, Span::ZERO, Span::ZERO);
        for pair in stretches.windows(2) {
            if pair[0].1 {
                row = Span::ZERO;
                continue;
            }
            let span = pair[1].0.since(pair[0].0);
            total = total.plus(span);
            row = row.plus(span);
            longest = longest.max(row);
        }
        (total, longest)
    }

    fn is_led_after(&self, place: usize) -> bool {
        let before = &self.records[..=place];
        let mut terms: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut leads: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut latest = 0;
        let mut halves: Vec<Vec<NodeId>> = vec![self.members.clone()];
        for record in before {
            match (record.node, record.kind) {
                (Some(node), Kind::Term { term } | Kind::Boot { term, .. }) => {
                    terms.insert(node, term.0);
                }
                (Some(node), Kind::Role { role: Role::Leader, term }) => {
                    leads.insert(node, term.0);
                    latest = latest.max(term.0);
                }
                (Some(node), Kind::Role { .. } | Kind::Crash(_)) => _ = leads.remove(&node),
                (_, Kind::Configure { configuration, .. }) => {
                    halves = configuration.halves().map(|half| half.iter().collect()).collect();
                }
                _ => {}
            }
        }
        let later = |node: &&NodeId| terms.get(node).is_some_and(|term| *term > latest);
        let passed = |half: &Vec<NodeId>| half.iter().filter(later).count() * 2 > half.len();
        leads.values().any(|term| *term == latest) && !halves.iter().any(passed)
    }

    /// By how many entries, and for how long, a member was behind at most. Not for plans that destroy disks.
    pub fn lag(&self) -> (u64, Span) {
        let commits: Vec<(usize, NodeId, u64)> = self
            .records
            .iter()
            .enumerate()
            .filter_map(|it| {
                let (place, Record { node: Some(node), kind: Kind::Commit { index, .. }, .. }) = it
                else {
                    return None;
                };
                Some((place, *node, index.0))
            })
            .collect();
        let highest = |place: usize| {
            commits.iter().filter(|it| it.0 < place).map(|it| it.2).max().unwrap_or(0)
        };
        let first = |index: u64| {
            let commit = commits.iter().find(|it| it.2 >= index).unwrap();
            self.records[commit.0].time
        };
        let mut worst = (0, Span::ZERO);
        let mut note = |place: usize, known: u64, now: Time| {
            let there = highest(place);
            if known < there {
                worst = (worst.0.max(there - known), worst.1.max(now.since(first(known + 1))));
            }
        };
        for (place, node, index) in &commits {
            if let Some(known) = self.known(*place, *node).filter(|known| known < index) {
                note(*place, known, self.records[*place].time);
            }
        }
        for node in (1..=self.nodes).map(NodeId::new) {
            if let Some(known) = self.known(self.records.len(), node) {
                note(self.records.len(), known, self.end);
            }
        }
        worst
    }

    /// The same at any moment of each slice of this width. Between two records that change it, a member's lag only gets longer.
    pub fn lags_over_time(&self, width: Span, slices: u64) -> Vec<(u64, Span)> {
        let changes: Vec<&Record> = self
            .records
            .iter()
            .filter(|record| {
                let kind = record.kind;
                matches!(kind, Kind::Commit { .. } | Kind::Configure { .. } | Kind::Wipe { .. })
            })
            .collect();
        let mut worst = vec![(0, Span::ZERO); slices as usize];
        for upto in 0..=changes.len() {
            let (told, from) = (
                &changes[..upto],
                upto.checked_sub(1).map_or(Time::ZERO, |last| changes[last].time),
            );
            let to = changes.get(upto).map_or(self.end, |next| next.time);
            let commits = told.iter().filter_map(|record| match record.kind {
                Kind::Commit { index, .. } => Some((index.0, record.time)),
                _ => None,
            });
            let commits: Vec<(u64, Time)> = commits.collect();
            let highest = commits.iter().map(|it| it.0).max().unwrap_or(0);
            let lowest =
                (1..=self.nodes).filter_map(|node| self.known_of(told, NodeId::new(node))).min();
            let Some(lowest) = lowest.filter(|lowest| *lowest < highest) else { continue };
            let since = commits.iter().find(|it| it.0 > lowest).unwrap().1;
            for (slice, worst) in worst.iter_mut().enumerate() {
                let begins = Time(slice as u64 * width.0);
                let ends = Time(begins.0 + width.0).min(self.end);
                let is_last = slice as u64 + 1 == slices;
                if to >= begins && (from < ends || is_last) {
                    let time = to.min(ends).since(since);
                    *worst = (worst.0.max(highest - lowest), worst.1.max(time));
                }
            }
        }
        worst
    }

    /// What a node that is measured knew to be committed before a record.
    fn known(&self, place: usize, node: NodeId) -> Option<u64> {
        let before: Vec<&Record> = self.records[..place].iter().collect();
        self.known_of(&before, node)
    }

    fn known_of(&self, before: &[&Record], node: NodeId) -> Option<u64> {
        let left = before.iter().rposition(|record| match record.kind {
            Kind::Configure { configuration, .. } => !configuration.members().contains(node),
            Kind::Wipe { .. } => record.node == Some(node),
            _ => false,
        });
        let own =
            before[left.map_or(0, |left| left + 1)..].iter().filter_map(|record| {
                match record.kind {
                    Kind::Commit { index, .. } if record.node == Some(node) => Some(index.0),
                    _ => None,
                }
            });
        let begins = left.is_none() && self.members.contains(&node);
        own.max().or(begins.then_some(0))
    }

    /// Messages and bytes by the name of their kind.
    pub fn traffic(&self) -> BTreeMap<String, (u64, u64)> {
        let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for record in self.records {
            if let Kind::Send { message, .. } = record.kind {
                let sum = sums.entry(message.kind().name().to_owned()).or_default();
                *sum = (sum.0 + 1, sum.1 + message.bytes());
            }
        }
        sums
    }

    /// Writes that clients heard to be done, and that no node has at an index where it was applied last.
    pub fn lost_writes(&self) -> u64 {
        let mut log: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut applied: BTreeMap<u64, RequestId> = BTreeMap::new();
        for record in self.records {
            let Some(node) = record.node else { continue };
            match record.kind {
                Kind::Boot { last_index, .. } => _ = log.insert(node, last_index.0),
                Kind::Append { index, .. } | Kind::Discard { index, .. } => {
                    log.insert(node, index.0);
                }
                Kind::Truncate { from, .. } => _ = log.insert(node, from.0 - 1),
                Kind::Apply { index, request, .. } => _ = applied.insert(index.0, request),
                _ => {}
            }
        }
        let reach = log.values().max().copied().unwrap_or(0);
        let is_there = |request: RequestId| applied.range(..=reach).any(|(_, own)| *own == request);
        let wrote = self.operations().into_iter().filter(|it| it.wrote);
        wrote.filter(|it| !is_there(it.request)).count() as u64
    }
}
