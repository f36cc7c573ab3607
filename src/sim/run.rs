//! The door to the simulator: a plan in, an outcome out. Generics end here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::guest::Setup;
use crate::ids::{NodeId, Term};
use crate::meter::Metrics;
use crate::node::Node;
use crate::oracle::checker::Checkers;
use crate::oracle::{Checker, Gap, Oracles, Violation, Why};
use crate::plan::Plan;
use crate::property::Property;
use crate::sim::Sim;
use crate::sim::branch::Branch;
use crate::sim::choices::Choices;
use crate::sim::faults::Done;
use crate::sim::guest::keep_panics_off_the_terminal;
use crate::sim::recorder::{Marks, Recorder, Sink, Watchers};
use crate::sim::unused::Unused;
use crate::situation::{Counts, Situation};
use crate::time::{Span, Time};
use crate::trace::Digest;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ended {
    /// It came to its horizon.
    Horizon,
    /// A property was violated.
    Violation,
    /// It came to its event limit.
    EventLimit,
    /// Faults were over, and the cluster had come back to life.
    Recovered,
    /// Nothing was left to do.
    Idle,
    /// Somebody gave it up.
    Interrupted,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
#[non_exhaustive]
pub struct Outcome {
    /// The first violation, if there was one.
    pub violation: Option<Violation>,
    /// How often each property was violated, where the plan goes on after the first violation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub violations: BTreeMap<Property, u64>,
    /// Why it ended.
    pub ended: Ended,
    /// When it ended, in virtual time.
    pub time: Time,
    /// 128 bits over every record.
    pub digest: Digest,
    /// How much happened.
    pub counters: Counters,
    /// How it went for those who use the cluster and those who operate it; nothing where nothing was judged.
    #[serde(default)]
    pub metrics: Metrics,
    /// How often each situation was reached.
    pub situations: Counts,
    /// How often each situation of checks of one's own was reached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own_situations: BTreeMap<String, u64>,
    /// What came of each fault of the plan, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Done>,
    /// What else of the plan did not come to be used.
    #[serde(default, skip_serializing_if = "Unused::is_nothing")]
    pub unused: Unused,
    /// The nodes that had to come back to life once faults were over; none where they never were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub core: Vec<NodeId>,
    /// What was not judged, or not decided, of the properties that were asked for. All else was judged from the beginning to the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Outcome {
    /// Why something that was asked for was not decided; nothing if all was, or a violation was found.
    pub fn undecided(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.why.is_undecided())
    }
}

/// How much happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counters {
    /// Events handled.
    pub events: u64,
    /// Records made.
    pub records: u64,
    /// Messages sent.
    pub messages: u64,
    /// Leaders elected.
    pub leaders: u64,
    /// The highest term that a node reached.
    pub term_max: Term,
    /// The highest commit index that a node reported.
    pub commits: u64,
    /// Requests that clients heard to be applied.
    pub answers: u64,
}

/// How a run is watched. It never changes what happens.
#[derive(Default)]
pub struct Options<'a> {
    /// Called with every record.
    pub sink: Option<Sink<'a>>,
    /// Called with every situation that is reached.
    pub on_situation: Option<Marks<'a>>,
    /// An earlier end than the plan's horizon.
    pub until: Option<Span>,
    /// Asked every few thousand events: whether to give the run up.
    pub interrupt: Option<Box<dyn Fn() -> bool + 'a>>,
    /// Whether oracles and situations do not watch. Faults that wait for a situation wait for ever then; only a benchmark, which shows what
    /// they cost, wants that.
    pub unjudged: bool,
    /// Whether the smallest history that violates linearizability is left out. It takes the longest to find and only people read it:
    /// neither the violation's sentence nor its signature tells the difference.
    pub without_history: bool,
    /// Checks of one's own. They watch where oracles do.
    pub checkers: Vec<Box<dyn Checker + 'a>>,
    /// Where what was drawn is put when the run has ended.
    pub choices: Option<&'a mut Choices>,
    /// From which event on the run goes another way.
    pub branch: Option<Branch>,
}

/// Runs a plan with nodes of any kind, once. What runs plans again and again, as campaigns do, takes a [`Runner`](crate::sim::Runner).
pub fn run_nodes<N: Node>(
    plan: &Plan,
    make: &dyn Fn(&Setup<'_>) -> N,
    options: Options<'_>,
) -> Outcome {
    keep_panics_off_the_terminal();
    let horizon = options.until.unwrap_or(plan.horizon).min(plan.horizon);
    let mut recorder = Recorder::new(plan, !options.unjudged, options.sink, options.on_situation);
    if !options.checkers.is_empty() {
        let checkers = Checkers::new(options.checkers);
        recorder.watchers = Some(Box::new(Watchers { checkers, ..Watchers::default() }));
    }
    if let Some(histories) = recorder.judges().and_then(|judges| judges.oracles.histories.as_mut())
    {
        histories.minimises = !options.without_history;
    }
    let mut sim = Sim::new(plan, make, recorder);
    sim.branch = options.branch;
    sim.choices = options.choices.is_some().then(Box::default);
    let ended = sim.run(Time::ZERO.plus(horizon), options.interrupt.as_deref());
    if let (Some(wanted), Some(choices)) = (options.choices, sim.take_choices()) {
        *wanted = choices;
    }
    let (faults, core, limit) =
        (std::mem::take(&mut sim.faults.done), sim.recovery.core.iter().collect(), sim.limit());
    let unused = sim.unused();
    let (messages, mut recorder) = (sim.messages, sim.recorder);
    let digest = recorder.digest();
    let time = if ended == Ended::Horizon { Time::ZERO.plus(horizon) } else { recorder.now };
    let judges = recorder.judges().map(|judges| {
        let oracles = &judges.oracles;
        let commits = oracles.commits.highest().0;
        let reach = oracles.shadow.nodes().map(|(_, node)| node.last_index()).max();
        let gaps = gaps(plan, oracles, limit, (ended, time));
        (commits, gaps, judges.situations.counts().clone(), reach.unwrap_or_default())
    });
    let (commits, gaps, situations, reach) = judges.unwrap_or_default();
    let metrics = recorder.meter.take().map(|meter| meter.finish(time, reach));
    let counters = Counters {
        events: recorder.event,
        records: recorder.records,
        messages,
        leaders: situations.of(Situation::LeaderElected),
        term_max: recorder.term_max,
        commits,
        answers: situations.of(Situation::RequestAnswered),
    };
    let watchers = recorder.watchers.take();
    Outcome {
        violation: recorder.violation.map(|it| *it),
        violations: recorder.violations,
        ended,
        time,
        digest,
        counters,
        metrics: metrics.unwrap_or_default(),
        situations,
        own_situations: watchers.map(|it| it.checkers.situations()).unwrap_or_default(),
        faults,
        unused,
        core,
        gaps,
    }
}

/// What was not judged, or not decided, in a run that ended so at this time.
fn gaps(
    plan: &Plan,
    oracles: &Oracles,
    limit: Option<Why>,
    (ended, time): (Ended, Time),
) -> Vec<Gap> {
    let mut gaps = oracles.gaps(time);
    let cut_off = match ended {
        Ended::EventLimit => limit,
        Ended::Interrupted => Some(Why::Interrupted),
        _ => None,
    };
    let core = limit.filter(|why| matches!(why, Why::Core { .. }));
    for gap in gaps.iter_mut().filter(|gap| matches!(gap.why, Why::Horizon { .. })) {
        gap.why = core.unwrap_or(gap.why);
    }
    if cut_off.is_some() || ended == Ended::Violation {
        gaps.retain(|gap| !matches!(gap.why, Why::Horizon { .. }));
    }
    let properties = plan.asked().collect();
    gaps.extend(cut_off.map(|why| Gap { properties, from: time, until: None, why }));
    gaps
}
