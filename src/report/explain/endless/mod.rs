//! What goes on for ever in a cluster that does not come back to life: one round of it, and how often it was repeated.
//!
//! Which kind of round it is follows from what the liveness oracle misses. Where nobody leads, or no leader stays, it is a round of
//! elections; where a node lags, an exchange between the leader and it; where a request waits, its last try and what its leader lacks.

mod elections;
mod exchange;
mod request;

use crate::ids::{NodeId, NodeSet, Term};
use crate::oracle::liveness::{Liveness, UnmetGoal};
use crate::oracle::{Shadow, Violation};
use crate::plan::Plan;
use crate::record::{Kind, Record};
use crate::report::cite::Cite;
use crate::time::{Span, Time};
use crate::trace::view::ClusterView;

use super::{Line, Rank};

/// One round of what goes on for ever.
#[derive(Debug, Default)]
pub struct Endless {
    /// What happens in it, in order.
    pub lines: Vec<Line>,
    /// How often it was so.
    pub repeated: Vec<String>,
}

impl Endless {
    /// How many lines it takes.
    pub fn count(&self) -> usize {
        self.lines.len() + self.repeated.len()
    }
}

/// A run of a cluster that does not come back to life, up to the violation.
struct Scene<'a> {
    plan: &'a Plan,
    records: &'a [Record],
    /// The place of the first record after faults ended.
    begun: usize,
    /// Who must come back to life.
    core: NodeSet,
    /// The cluster in the end.
    shadow: Shadow,
    view: ClusterView,
}

/// Tells what goes on for ever.
pub fn tell(plan: &Plan, records: &[Record], violation: &Violation) -> Endless {
    let last = violation.evidence.last().copied().unwrap_or_default();
    let records = &records[..records.partition_point(|record| record.number <= last)];
    let Some(bounds) = plan.liveness_bounds() else { return Endless::default() };
    let mut oracle = Liveness::new(plan.cluster.nodes, bounds);
    let mut scene = Scene {
        plan,
        records,
        begun: 0,
        core: NodeSet::EMPTY,
        shadow: Shadow::of(plan),
        view: ClusterView::new(plan.cluster.nodes),
    };
    for (place, record) in records.iter().enumerate() {
        scene.shadow.observe(record);
        scene.view.follow(record);
        let _ = oracle.observe(record, &scene.shadow);
        if let (Kind::Recovery { check: 0 }, Some(node)) = (record.kind, record.node) {
            scene.begun = place + 1;
            scene.core.insert(node);
        }
    }
    let Some(now) = records.last().map(|record| record.time) else { return Endless::default() };
    let mut endless = match oracle.unmet_goal(now, &scene.shadow) {
        Some(UnmetGoal::NoLeader) => elections::nobody_leads(&scene),
        Some(UnmetGoal::LeaderChanges) if scene.leaders() == 0 => elections::nobody_leads(&scene),
        Some(UnmetGoal::LeaderChanges) => elections::no_leader_stays(&scene),
        Some(UnmetGoal::NodeLags(node)) => exchange::tell(&scene, node),
        Some(UnmetGoal::RequestWaits((waiting, ..))) => request::tell(&scene, waiting),
        None => Endless::default(),
    };
    endless.lines.sort_by_key(|line| line.number);
    endless.lines.dedup_by(|one, other| one.number == other.number && one.text == other.text);
    endless
}

impl Scene<'_> {
    /// The records since faults ended.
    fn since(&self) -> &[Record] {
        &self.records[self.begun..]
    }

    /// How many were elected since faults ended.
    fn leaders(&self) -> usize {
        let wins = |record: &&Record| {
            let leads = crate::node::Role::Leader;
            matches!(record.kind, Kind::Role { role, .. } if role == leads)
        };
        self.since().iter().filter(wins).count()
    }

    /// Who leads in the end: of several, the one of the latest term; of the core, where there is one.
    fn leader(&self) -> Option<NodeId> {
        let leads = |(_, node): &(NodeId, &crate::oracle::shadow::NodeShadow)| {
            node.up && node.role == crate::node::Role::Leader
        };
        let all = self.shadow.nodes().filter(leads);
        all.max_by_key(|(id, node)| (self.core.contains(*id), node.term)).map(|(id, _)| id)
    }

    /// The term that a node is in after a record.
    fn term_at(&self, node: NodeId, number: u64) -> Term {
        let own = self.records.iter().filter(|record| record.node == Some(node));
        let terms = own.take_while(|record| record.number <= number).filter_map(|record| {
            match record.kind {
                Kind::Term { term } | Kind::Boot { term, .. } | Kind::Role { term, .. } => {
                    Some(term)
                }
                _ => None,
            }
        });
        terms.last().unwrap_or_default()
    }

    /// Whether a node is up after a record.
    fn up_at(&self, node: NodeId, number: u64) -> bool {
        let own = self.records.iter().filter(|record| record.node == Some(node));
        let turns = own.take_while(|record| record.number <= number).filter_map(|record| {
            match record.kind {
                Kind::Boot { .. } => Some(true),
                Kind::Crash(_) | Kind::Refuse { .. } => Some(false),
                _ => None,
            }
        });
        turns.last().unwrap_or(false)
    }

    /// A line about a record of a node in a term.
    fn line(&self, cite: Cite, node: NodeId, term: Term, text: String) -> Line {
        let Cite(number, time) = cite;
        Line { number, time, node: Some((node, term)), text, rank: Rank::Decisive }
    }
}

/// How often something happened, when first and when last.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    count: u64,
    first: Time,
    last: Time,
}

impl Times {
    fn add(&mut self, time: Time) {
        if self.count == 0 {
            self.first = time;
        }
        self.count += 1;
        self.last = time;
    }

    /// In words: how often, and how long it took from one to the next.
    fn words(self) -> String {
        match self.count {
            1 => "once".into(),
            count => {
                let every = self.last.since(self.first).0 / (count - 1);
                format!("{count} times, about every {}", rounded(every))
            }
        }
    }
}

/// So many nanoseconds, to three digits.
fn rounded(nanos: u64) -> Span {
    let unit = (0..).map(|power| 10_u64.pow(power)).find(|unit| nanos / unit < 1_000);
    let unit = unit.unwrap_or(1);
    Span(nanos / unit * unit)
}
