//! One plan, run twice: a guest that is not deterministic gives another run, and nothing that is said of the first holds of the second.

use crate::plan::Plan;
use crate::report::diff::{Difference, Side, diff};
use crate::sim::Runner;

/// How many records are shown before the first that differs, and of each run from there.
const CONTEXT: usize = 3;

/// Runs a plan twice, side by side. None if both are the same run, as they must be.
///
/// # Panics
///
/// Never: no trace is read.
pub fn twice(runner: &dyn Runner, plan: &Plan) -> Option<Difference> {
    let side = || Side::Plan(runner, Box::new(plan.clone()));
    let difference = diff(&side(), &side(), CONTEXT).expect("no trace is read");
    (!difference.same).then_some(difference)
}

/// Says at which record two runs of one plan part, and what each has there.
pub fn text(difference: &Difference) -> String {
    let first = difference.records + 1;
    format!(
        "run twice, the same plan gives different runs from record {first} on, so {}:\n{}",
        "something decides that is not in the plan (a clock, a thread, an address, the order of a hash map)",
        difference.lines()
    )
}
