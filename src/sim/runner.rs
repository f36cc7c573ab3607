//! Who runs plans: the built-in Raft, or anybody else's.
//!
//! A [`Run`] holds a plan, what came of it, and the runner that ran it. Whoever needs to see it again asks the run, so that nothing can
//! show records of one Raft as those of another.

use std::marker::PhantomData;

use crate::guest::{
    BUILT_IN, Configures, Feature, Guest, GuestOption, GuestOptions, Rule, Setup, check_options,
};
use crate::guests::saboteur::Saboteur;
use crate::node::Node;
use crate::oracle::Checker;
use crate::plan::Plan;
use crate::plan::problem::{Checked, Problem};
use crate::plan::validate::validate;
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

    /// What code it is, for what is saved of its runs; nothing where it is this program's own.
    fn code(&self) -> Option<&str> {
        None
    }

    /// The guest's own options. It takes none unless it says otherwise.
    fn guest_options(&self) -> &[GuestOption] {
        &[]
    }

    /// Checks options that are meant for this guest.
    ///
    /// # Errors
    ///
    /// A sentence on the first option that the guest does not take, or not with this value.
    fn check_options(&self, options: &GuestOptions) -> Result<(), String> {
        check_options(&self.guest().name, self.guest_options(), options)
    }
}

/// Makes a plan that was read one for the guest of this runner, unless it asks for what the guest lacks.
///
/// # Errors
///
/// The first thing that the guest lacks or does not take, or that the plan is for another guest.
pub fn adopt(runner: &dyn Runner, plan: &mut Plan) -> Checked {
    let guest = runner.guest();
    let problem = |key: &str, message| Problem {
        path: vec!["guest".into(), key.into()],
        message,
        help: None,
    };
    let own = &plan.guest.name;
    if !own.is_empty() && *own != guest.name {
        return Err(problem("name", format!("it is for guest {own}, not {}", guest.name)));
    }
    runner.check_options(&plan.guest.options).map_err(|message| problem("options", message))?;
    if guest.name == BUILT_IN {
        return Ok(());
    }
    plan.guest.name.clone_from(&guest.name);
    plan.guest.configures = guest.configures;
    plan.guest.keeps.clone_from(&guest.keeps);
    plan.guest.lacks = plan.guest.lacks.iter().chain(guest.lacks.iter()).collect();
    validate(plan)
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
            true => run_spoiled(plan, &Raft::of, options),
            false => run_nodes(plan, &Raft::of, options),
        }
    }
}

/// Runs a plan with nodes of any kind, spoilt by those of the plan's bugs that lie between a node and its disk or network.
pub fn run_spoiled<N: Node>(
    plan: &Plan,
    make: &dyn Fn(&Setup<'_>) -> N,
    options: Options<'_>,
) -> Outcome {
    let rules = Rules::of(plan.config().bugs);
    run_nodes(plan, &|setup| Saboteur::new(make(setup), rules), options)
}

/// Runs a plan with the built-in Raft. Pure: the same plan gives the same outcome, on every machine and in every build. The plan must
/// have passed [`validate`].
pub fn run(plan: &Plan) -> Outcome {
    BuiltIn::new().run(plan, Options::default())
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
    takes: Vec<GuestOption>,
    make: F,
    node: PhantomData<fn() -> N>,
}

impl<N: Node, F: Fn(&Setup<'_>) -> N + Sync> Nodes<N, F> {
    /// Nodes that this function makes; one for each start of a node. The name stands in plans and reports.
    pub fn new(name: &str, make: F) -> Nodes<N, F> {
        Nodes { guest: Guest::named(name), takes: Vec::new(), make, node: PhantomData }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Nodes<N, F> {
        self.guest.name = name.into();
        self
    }

    /// The same, without a feature: no plan asks for it, and nothing is judged by it.
    #[must_use]
    pub fn lacking(mut self, feature: Feature) -> Nodes<N, F> {
        self.guest = self.guest.lacking(feature);
        self
    }

    /// The same, whose nodes go by a configuration from then on.
    #[must_use]
    pub fn configuring(mut self, when: Configures) -> Nodes<N, F> {
        self.guest.configures = when;
        self
    }

    /// The same, which keeps to a rule of the built-in Raft, and is judged by it.
    #[must_use]
    pub fn keeping(mut self, rule: Rule) -> Nodes<N, F> {
        self.guest.keeps.push(rule);
        self
    }

    /// The same with these features and no others, but for two: the state machine is squall's own still, and nodes elect by their logs. Who
    /// has it otherwise says so by [`Nodes::lacking`].
    #[must_use]
    pub fn having_only(self, features: impl IntoIterator<Item = Feature>) -> Nodes<N, F> {
        let has: Vec<Feature> =
            features.into_iter().chain([Feature::ElectsByLog, Feature::KeyValue]).collect();
        let lacks = Feature::ALL.iter().filter(|feature| !has.contains(feature));
        lacks.fold(self, |nodes, feature| nodes.lacking(*feature))
    }

    /// The same, which takes an option of its own: one of these values, or any value if none is named. The function that makes a node finds
    /// it in [`Setup::options`]. An option that a guest does not take is refused, for it would change nothing.
    #[must_use]
    pub fn taking(self, option: &str, values: &[&str]) -> Nodes<N, F> {
        self.with_options([GuestOption::new(option, values)])
    }

    /// The same, which takes these options of its own as well; random plans draw those that are to be drawn.
    #[must_use]
    pub fn with_options(mut self, options: impl IntoIterator<Item = GuestOption>) -> Nodes<N, F> {
        self.takes.extend(options);
        self
    }
}

impl<N: Node, F: Fn(&Setup<'_>) -> N + Sync> Runner for Nodes<N, F> {
    fn guest(&self) -> &Guest {
        &self.guest
    }

    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome {
        run_spoiled(plan, &self.make, options)
    }

    fn guest_options(&self) -> &[GuestOption] {
        &self.takes
    }
}

/// A runner whose runs have checks of one's own, each run a new one.
pub struct WithChecker<R, F> {
    runner: R,
    make: F,
}

impl<R: Runner, F: Fn() -> Box<dyn Checker> + Sync> WithChecker<R, F> {
    /// The same runner with the checks that a function makes.
    pub fn new(runner: R, make: F) -> WithChecker<R, F> {
        WithChecker { runner, make }
    }
}

impl<R: Runner, F: Fn() -> Box<dyn Checker> + Sync> Runner for WithChecker<R, F> {
    fn guest(&self) -> &Guest {
        self.runner.guest()
    }

    fn run(&self, plan: &Plan, mut options: Options<'_>) -> Outcome {
        options.checkers.push((self.make)());
        self.runner.run(plan, options)
    }

    fn code(&self) -> Option<&str> {
        self.runner.code()
    }

    fn guest_options(&self) -> &[GuestOption] {
        self.runner.guest_options()
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

/// Runs a plan and shows every record. Gives the situations that were reached, too, each with the number of its record.
fn observed(
    runner: &dyn Runner,
    plan: &Plan,
    see: &mut dyn FnMut(&Record),
) -> (Outcome, Vec<(u64, Situation)>) {
    let mut situations = Vec::new();
    let mut mark = |record: u64, situation: Situation| situations.push((record, situation));
    let options = Options { sink: Some(see), on_situation: Some(&mut mark), ..Options::default() };
    (runner.run(plan, options), situations)
}

impl<'r> Run<'r> {
    /// Runs a plan. It must have passed [`validate`].
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
        let mut records = Vec::new();
        let (outcome, situations) = observed(runner, &plan, &mut |record| {
            if records.len() <= RECORDS_MAX {
                records.push(*record);
            }
        });
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
        match &self.kept {
            Some(Kept { records, situations }) => {
                records.iter().for_each(see);
                situations.clone()
            }
            None => observed(self.runner, &self.plan, see).1,
        }
    }

    /// Runs the plan once more, by the same runner.
    pub fn again(&self, options: Options<'_>) -> Outcome {
        self.runner.run(&self.plan, options)
    }
}
