//! The twin of liveness: at each look it reads the whole run again, and asks of it what the sentence says.

use std::collections::{BTreeMap, BTreeSet};

use squall::ids::NodeId;
use squall::node::Role;
use squall::plan::liveness::Bounds;
use squall::record::{Kind, Record};
use squall::time::Time;

/// Every record so far, and what earlier looks came to.
#[derive(Debug)]
pub struct Twin {
    bounds: Bounds,
    records: Vec<Record>,
    /// How long the longest log was when the judgement could first be made.
    goal: Option<u64>,
    due: Time,
    /// The request that was found to wait for too long, by the record of its first try, and how long the longest log was then.
    backlog: Option<(u64, u64)>,
    /// What had to be applied, since the election at which record.
    target: Option<(u64, u64)>,
}

/// How the cluster stands after some records.
#[derive(Debug, Default)]
struct Standing {
    core: BTreeSet<NodeId>,
    begun: Option<Time>,
    up: BTreeSet<NodeId>,
    /// Who leads, in which term, since when.
    leads: BTreeMap<NodeId, (u64, Time)>,
    log: BTreeMap<NodeId, u64>,
    applied: BTreeMap<NodeId, u64>,
    /// The highest index that each appended since the last election.
    high: BTreeMap<NodeId, u64>,
    committed: u64,
    /// The request of each client that waits: the record of its first try, and when that was.
    waiting: BTreeMap<u32, (u64, Time)>,
}

impl Standing {
    fn after(records: &[Record]) -> Standing {
        let mut standing = Standing::default();
        records.iter().for_each(|record| standing.take(record));
        standing
    }

    fn take(&mut self, record: &Record) {
        let Some(id) = record.node else { return };
        match record.kind {
            Kind::Recovery { .. } => {
                self.begun = self.begun.or(Some(record.time));
                self.core.insert(id);
            }
            Kind::Boot { last_index, applied, .. } => {
                self.up.insert(id);
                self.log.insert(id, last_index.0);
                self.applied.insert(id, applied.0);
            }
            Kind::Crash(_) => {
                self.up.remove(&id);
                self.leads.remove(&id);
            }
            Kind::Role { role: Role::Leader, term } => {
                self.leads.insert(id, (term.0, record.time));
                self.high.clear();
            }
            Kind::Role { .. } => _ = self.leads.remove(&id),
            Kind::Append { index, .. } => {
                self.log.insert(id, index.0);
                let high = self.high.entry(id).or_default();
                *high = index.0.max(*high);
            }
            Kind::Truncate { from, .. } => _ = self.log.insert(id, from.0 - 1),
            Kind::Discard { index, .. } => _ = self.log.insert(id, index.0),
            Kind::Apply { index, .. } => _ = self.applied.insert(id, index.0),
            Kind::Restore { index, .. } => {
                self.applied.insert(id, index.0);
                let high = self.high.entry(id).or_default();
                *high = index.0.max(*high);
            }
            Kind::Commit { index, .. } => self.committed = self.committed.max(index.0),
            Kind::Invoke { request, attempt: 1, .. } => {
                self.waiting.insert(request.client, (record.number, record.time));
            }
            Kind::Answered { request, applied: true, .. } | Kind::GaveUp { request } => {
                self.waiting.remove(&request.client);
            }
            _ => {}
        }
    }

    /// The leader of the core, and since when it leads: of several, that of the latest term.
    fn leader(&self) -> Option<(NodeId, Time)> {
        let leaders = self.leads.iter().filter(|(id, _)| self.core.contains(id));
        leaders.max_by_key(|(_, led)| **led).map(|(id, (_, since))| (*id, *since))
    }
}

impl Twin {
    pub fn new(bounds: Bounds) -> Twin {
        let due = Time::ZERO.plus(bounds.from).plus(bounds.within);
        Twin { bounds, records: Vec::new(), goal: None, due, backlog: None, target: None }
    }

    /// Takes a record, which `cluster` has taken; says whether the cluster has failed to come back to life.
    pub fn observe(&mut self, record: &Record, cluster: &super::Twin) -> bool {
        let before = self.records.iter().rposition(|it| matches!(it.kind, Kind::Recovery { .. }));
        self.records.push(*record);
        if !matches!(record.kind, Kind::Recovery { check: 1.. }) {
            return false;
        }
        let now = Standing::after(&self.records);
        let last_look = Standing::after(&self.records[..=before.unwrap_or(0)]);
        let ails = self.ails(&now, record.time, cluster);
        if self.goal.is_some() || record.time >= self.due {
            let longest = now.core.iter().filter_map(|id| now.log.get(id)).max();
            let goal = *self.goal.get_or_insert(longest.copied().unwrap_or(0));
            let elected = self.records[before.unwrap_or(0)..]
                .iter()
                .any(|record| matches!(record.kind, Kind::Role { role: Role::Leader, .. }));
            let gets_on = now.core.iter().any(|id| {
                let high = now.high.get(id).copied().unwrap_or(0);
                let then = last_look.high.get(id).copied().unwrap_or(0);
                !elected && then > 0 && then < goal && high > then
            });
            let oldest = now.waiting.values().min().map(|(number, _)| *number);
            let works_off = self.waits_only(&now, record.time, cluster) && {
                let number = oldest.expect("one waits for too long");
                let longest = longest.copied().unwrap_or(0);
                let known = self.backlog.filter(|(request, _)| *request == number);
                let (_, goal) = *self.backlog.insert(known.unwrap_or((number, longest)));
                now.committed > last_look.committed && last_look.committed < goal
            };
            if gets_on || works_off {
                self.due = record.time.plus(self.bounds.stay).plus(self.bounds.service);
            }
        }
        ails && record.time >= self.due
    }

    fn ails(&mut self, now: &Standing, time: Time, cluster: &super::Twin) -> bool {
        self.lacks_more(now, time, cluster) || self.waits_for_long(now, time)
    }

    /// Whether nothing is wrong but that a request waits for too long.
    fn waits_only(&mut self, now: &Standing, time: Time, cluster: &super::Twin) -> bool {
        !self.lacks_more(now, time, cluster) && self.waits_for_long(now, time)
    }

    fn waits_for_long(&self, now: &Standing, time: Time) -> bool {
        let begun = now.begun.expect("looks come after the end of faults");
        let since = now.leader().map_or(begun, |(_, since)| since.max(begun));
        now.waiting.values().any(|(_, asked)| time.since((*asked).max(since)) > self.bounds.service)
    }

    /// Whether nobody has led for long, or a node lags.
    fn lacks_more(&mut self, now: &Standing, time: Time, cluster: &super::Twin) -> bool {
        let begun = now.begun.expect("looks come after the end of faults");
        let Some((leader, since)) = now.leader() else { return true };
        if time.since(since.max(begun)) < self.bounds.stay {
            return true;
        }
        let latest = self.records.iter().rfind(|record| {
            let elected = matches!(record.kind, Kind::Role { role: Role::Leader, .. });
            elected && record.node.is_some_and(|id| now.core.contains(&id)) && record.time >= begun
        });
        let key = latest.map_or(0, |record| record.number);
        if self.target.is_none_or(|(of, _)| of != key) {
            self.target = Some((key, now.committed));
        }
        let (_, target) = self.target.expect("just set");
        let behind = |id: &NodeId| now.applied.get(id).copied().unwrap_or(0) < target;
        now.core
            .iter()
            .filter(|id| cluster.members_of(leader).contains(**id))
            .any(|id| !now.up.contains(id) || behind(id))
    }
}
