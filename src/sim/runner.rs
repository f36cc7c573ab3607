//! Who runs plans: the built-in Raft, or anybody else's.
//!
//! A [`Run`] holds a plan, what came of it, and the runner that ran it. Whoever needs to see it again asks the run, so that nothing can
//! show records of one Raft as those of another.

use std::marker::PhantomData;

use crate::guest::{BUILT_IN, Feature, Guest, Setup};
use crate::guests::saboteur::Saboteur;
use crate::node::Node;
use crate::plan::Plan;
use crate::raft::{Raft, Rules};
use crate::record::Record;
use crate::sim::run::{Options, Outcome, run_nodes};
use crate::situation::Situation;

/// How plans are run: with which nodes.
pub trait Runner: Sync {
    /// Whose Raft it is, and what that lacks.
    fn guest(&self) -> &Guest;

    /// Runs a plan, watched. The same plan must give the same outcome.
    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome;
}

/// The built-in Raft, with the bugs that a plan plants.
#[derive(Debug)]
pub struct BuiltIn {
    guest: Guest,
}

impl BuiltIn {
    /// The built-in Raft. It lacks nothing.
    pub fn new() -> BuiltIn {
        BuiltIn { guest: Guest::named(BUILT_IN) }
    }
}

impl Default for BuiltIn {
    fn default() -> BuiltIn {
        BuiltIn::new()
    }
}

impl Runner for BuiltIn {
    fn guest(&self) -> &Guest {
        &self.guest
    }

    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome {
        let rules = Rules::of(plan.config().bugs);
        match Saboteur::<Raft>::is_needed(rules) {
            true => run_nodes(plan, &|setup| Saboteur::new(Raft::of(setup), rules), options),
            false => run_nodes(plan, &Raft::of, options),
        }
    }
}

/// Nodes of one's own, made by a function.
///
/// ```
/// use squall::raft::Raft;
/// use squall::sim::{Nodes, Run};
///
/// let mine = Nodes::new("mine", |setup| Raft::of(setup));
/// assert!(Run::new(&mine, squall::plan::Plan::default()).outcome().violation.is_none());
/// ```
pub struct Nodes<N, F> {
    guest: Guest,
    make: F,
    node: PhantomData<fn() -> N>,
}

impl<N: Node, F: Fn(&Setup<'_>) -> N + Sync> Nodes<N, F> {
    /// Nodes that this function makes; one for each start of a node. The name stands in plans and reports.
    pub fn new(name: &str, make: F) -> Nodes<N, F> {
        Nodes { guest: Guest::named(name), make, node: PhantomData }
    }

    /// The same, without a feature: no plan asks for it, and nothing is judged by it.
    #[must_use]
    pub fn lacking(mut self, feature: Feature) -> Nodes<N, F> {
        self.guest = self.guest.lacking(feature);
        self
    }
}

impl<N: Node, F: Fn(&Setup<'_>) -> N + Sync> Runner for Nodes<N, F> {
    fn guest(&self) -> &Guest {
        &self.guest
    }

    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome {
        run_nodes(plan, &self.make, options)
    }
}

/// The most records that a run keeps: more are had by running it again.
pub const RECORDS_MAX: usize = 2_000_000;

/// A plan, who ran it, and what came of it.
#[must_use]
pub struct Run<'r> {
    runner: &'r dyn Runner,
    plan: Plan,
    outcome: Outcome,
    kept: Option<Kept>,
}

/// All that happened in a run.
struct Kept {
    records: Vec<Record>,
    situations: Vec<(u64, Situation)>,
}

impl<'r> Run<'r> {
    /// Runs a plan. It must have passed [`validate`](crate::plan::validate::validate).
    pub fn new(runner: &'r dyn Runner, plan: Plan) -> Run<'r> {
        Run::watched(runner, plan, Options::default())
    }

    /// Runs a plan, watched.
    pub fn watched(runner: &'r dyn Runner, plan: Plan, options: Options<'_>) -> Run<'r> {
        let outcome = runner.run(&plan, options);
        Run { runner, plan, outcome, kept: None }
    }

    /// Runs a plan, and keeps what happened unless there are more than [`RECORDS_MAX`] records: to see it again costs no second run.
    pub fn recorded(runner: &'r dyn Runner, plan: Plan) -> Run<'r> {
        let (mut records, mut situations) = (Vec::new(), Vec::new());
        let mut sink = |record: &Record| {
            if records.len() <= RECORDS_MAX {
                records.push(*record);
            }
        };
        let mut mark = |record: u64, situation: Situation| situations.push((record, situation));
        let options =
            Options { sink: Some(&mut sink), on_situation: Some(&mut mark), ..Options::default() };
        let outcome = runner.run(&plan, options);
        let kept = (records.len() <= RECORDS_MAX).then_some(Kept { records, situations });
        Run { runner, plan, outcome, kept }
    }

    /// Who ran it.
    pub fn runner(&self) -> &'r dyn Runner {
        self.runner
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What came of it.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// All records, where the run has kept them.
    pub fn records(&self) -> Option<&[Record]> {
        self.kept.as_ref().map(|kept| kept.records.as_slice())
    }

    /// Shows every record, in order.
    pub fn follow(&self, see: &mut dyn FnMut(&Record)) {
        match &self.kept {
            Some(kept) => kept.records.iter().for_each(see),
            None => _ = self.again(Options { sink: Some(see), ..Options::default() }),
        }
    }

    /// Shows every record, and gives the situations that were reached, each with the number of its record.
    pub fn situations(&self, see: &mut dyn FnMut(&Record)) -> Vec<(u64, Situation)> {
        if let Some(Kept { records, situations }) = &self.kept {
            records.iter().for_each(see);
            return situations.clone();
        }
        let mut situations = Vec::new();
        let mut mark = |record: u64, situation: Situation| situations.push((record, situation));
        let on_situation: crate::sim::recorder::Marks<'_> = &mut mark;
        let _ = self.again(Options {
            sink: Some(see),
            on_situation: Some(on_situation),
            ..Options::default()
        });
        situations
    }

    /// Runs the plan once more, by the same runner.
    pub fn again(&self, options: Options<'_>) -> Outcome {
        self.runner.run(&self.plan, options)
    }
}
