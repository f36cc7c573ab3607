//! Watches a run: numbers its records, folds them into the digest, shows them to oracles and situations, and hands them to
//! whoever keeps a trace.

use std::collections::BTreeMap;

use crate::coverage::Situations;
use crate::ids::{NodeId, Term};
use crate::meter::Meter;
use crate::oracle::checker::Checkers;
use crate::oracle::{Oracles, Shadow, Violation, Why};
use crate::plan::{Plan, When};
use crate::property::Property;
use crate::record::{Kind, Record};
use crate::sim::guest::Fault;
use crate::situation::Situation;
use crate::time::Time;
use crate::trace::digest::Digester;

/// Whoever wants to see every record.
pub type Sink<'a> = &'a mut dyn FnMut(&Record);

/// Whoever wants to see every situation that is reached, with the number of the record at which it was noticed.
pub type Marks<'a> = &'a mut dyn FnMut(u64, Situation);

pub struct Recorder<'a> {
    pub now: Time,
    pub event: u64,
    pub records: u64,
    pub violation: Option<Violation>,
    /// Whether the run goes on after a violation.
    keeps_going: bool,
    /// How often each property was violated, where the run goes on.
    pub violations: BTreeMap<Property, u64>,
    /// Whether faults are over, and the cluster has come back to life.
    pub recovered: bool,
    pub term_max: Term,
    /// Measures the run; not where only the simulation itself is timed.
    pub(super) meter: Option<Box<Meter>>,
    /// What few runs have.
    pub(super) watchers: Option<Box<Watchers<'a>>>,
    digester: Digester,
    judges: Option<Box<Judges>>,
    sink: Option<Sink<'a>>,
    marks: Option<Marks<'a>>,
}

/// Who watches few runs: checks of the user's own, and whoever looks back at records.
#[derive(Default)]
pub struct Watchers<'a> {
    pub checkers: Checkers<'a>,
    pub keeps: bool,
    /// All records so far, if they are kept.
    pub kept: Vec<Record>,
}

pub struct Judges {
    pub oracles: Oracles,
    pub situations: Situations,
}

impl<'a> Recorder<'a> {
    /// A watch over a run of this plan. Without `judged`, nothing is judged, which only a benchmark wants.
    pub fn new(
        plan: &Plan,
        judged: bool,
        sink: Option<Sink<'a>>,
        marks: Option<Marks<'a>>,
    ) -> Recorder<'a> {
        let triggers = plan.faults.iter().filter_map(|fault| match fault.when {
            When::On(trigger) => Some(trigger.situation),
            When::At(_) => None,
        });
        let requests = plan.requests.iter().filter_map(|request| request.on);
        let watched = triggers.chain(requests.map(|trigger| trigger.situation));
        let nodes = plan.cluster.nodes;
        let judges = || {
            let mut oracles = Oracles::new(nodes, &plan.judged(), plan.liveness_bounds());
            oracles.go_by(plan);
            if let Some(histories) = &mut oracles.histories {
                let why = if plan.drift_breaks_leases() { Why::Drift } else { Why::Suspended };
                histories.leave_out_reads = plan.leaves_out_reads().then_some(why);
            }
            Box::new(Judges { oracles, situations: Situations::new(nodes, watched) })
        };
        Recorder {
            now: Time::ZERO,
            event: 0,
            records: 0,
            violation: None,
            keeps_going: plan.keep_going,
            violations: BTreeMap::new(),
            recovered: false,
            term_max: Term::FIRST,
            meter: judged.then(|| Box::new(Meter::new(nodes, plan.voters()))),
            watchers: None,
            digester: Digester::default(),
            judges: judged.then(judges),
            sink,
            marks,
        }
    }

    /// Takes note of what happened. In line, so that the record is made where it stays: what happened is not copied.
    #[inline(always)]
    pub fn record(&mut self, node: Option<NodeId>, kind: Kind) {
        self.records += 1;
        self.observe(&Record {
            number: self.records,
            event: self.event,
            time: self.now,
            node,
            kind,
        });
    }

    /// Takes note of what a node did wrong. A violation tells of it all that is known, which a record has no room for.
    pub(super) fn broken(&mut self, node: NodeId, fault: &Fault) {
        let is_first = self.violation.is_none();
        self.record(Some(node), Kind::Broken { why: fault.broken() });
        if let (true, Some(violation)) = (is_first, &mut self.violation)
            && let Some((sentence, detail)) = fault.told(node)
        {
            debug_assert_eq!(violation.property, Property::Contract);
            (violation.sentence, violation.detail) = (sentence, detail);
        }
    }

    #[inline(never)]
    fn observe(&mut self, record: &Record) {
        self.digester.add(record);
        if let Kind::Term { term } = record.kind {
            self.term_max = self.term_max.max(term);
        }
        if let Some(judges) = &mut self.judges {
            let before = self.marks.as_ref().map(|_| judges.situations.counts().clone());
            judges.situations.observe(record, &judges.oracles);
            if let (Some(before), Some(marks)) = (before, &mut self.marks) {
                let now = judges.situations.counts();
                let reached = Situation::ALL.iter().filter(|it| now.of(**it) > before.of(**it));
                reached.for_each(|situation| marks(record.number, *situation));
            }
            if let Some(violation) = judges.oracles.observe(record) {
                if self.keeps_going {
                    *self.violations.entry(violation.property).or_default() += 1;
                }
                self.violation.get_or_insert(violation);
            }
            if matches!(record.kind, Kind::Recovery { .. }) {
                let liveness = judges.oracles.liveness.as_ref();
                self.recovered = liveness.is_some_and(|it| it.has_recovered());
            }
        }
        if let Some(meter) = &mut self.meter {
            meter.observe(record);
        }
        if let Some(sink) = &mut self.sink {
            sink(record);
        }
        if let Some(watchers) = &mut self.watchers {
            if watchers.keeps {
                watchers.kept.push(*record);
            }
            if let (Some(judges), None) = (&self.judges, &self.violation) {
                self.violation = watchers.checkers.observe(record, &judges.oracles.shadow);
            }
        }
    }

    /// Whether a violation ends the run.
    pub fn is_over(&self) -> bool {
        self.violation.is_some() && !self.keeps_going
    }

    /// The events of the plan are used up, so that no more is recorded. Whoever judges the end is shown a look that is no record.
    pub fn run_out(&mut self) {
        let (number, event, time) = (self.records, self.event, self.now);
        let last =
            Record { number, event, time, node: None, kind: Kind::Recovery { check: u32::MAX } };
        let found = self.judges.as_ref().and_then(|judges| judges.oracles.run_out(&last));
        self.violation = self.violation.take().or(found);
    }

    pub fn shadow(&self) -> Option<&Shadow> {
        self.judges.as_ref().map(|judges| &judges.oracles.shadow)
    }

    pub fn judges(&mut self) -> Option<&mut Judges> {
        self.judges.as_deref_mut()
    }

    pub fn digest(&self) -> crate::trace::Digest {
        self.digester.digest()
    }
}
