//! Turns times into triggers: a fault that strikes "when the vote was granted" says why it strikes just then, and goes on striking at the
//! right moment when all else moves.

use std::cell::RefCell;

use crate::campaign::shrink::Shrinker;
use crate::ids::NodeId;
use crate::plan::{Action, Fault, Plan, Target, Trigger, When};
use crate::record::Record;
use crate::sim::{Options, Runner};
use crate::situation::Situation;
use crate::time::Time;

/// How many situations before a fault are tried, the latest first.
const MOMENTS_MAX: usize = 12;

/// To wait for the n-th occurrence says no more than a time, unless it can be counted at a glance.
const OCCURRENCES_MAX: u64 = 3;

/// A situation that was reached.
#[derive(Clone, Copy)]
struct Moment {
    time: Time,
    situation: Situation,
    node: Option<NodeId>,
}

/// Tries for each fault with a time to let it wait for a situation.
pub fn triggers(shrinker: &mut Shrinker) {
    if !shrinker.best.faults.iter().any(|fault| matches!(fault.when, When::At(_))) {
        return;
    }
    let by_luck = shrinker.seeds > 1;
    let mut moments = moments(shrinker.runner, &shrinker.best);
    for place in 0..shrinker.best.faults.len() {
        let When::At(at) = shrinker.best.faults[place].when else { continue };
        let candidates = waiting(&shrinker.best, place, &moments, Time::ZERO.plus(at), by_luck);
        if shrinker.take_first(candidates).is_some() {
            moments = self::moments(shrinker.runner, &shrinker.best);
        }
    }
}

/// The plan with times in place of triggers that wait for a later occurrence than the first: a fault that waits for the ninth commit keeps
/// nine requests in the plan. Nothing if it has no such trigger.
pub fn timed(runner: &dyn Runner, plan: &Plan) -> Option<Plan> {
    let counts = |fault: &Fault| match fault.when {
        When::On(trigger) if trigger.nth > 1 && trigger.times == 1 => Some(trigger),
        _ => None,
    };
    if !plan.faults.iter().any(|fault| counts(fault).is_some()) {
        return None;
    }
    let moments = moments(runner, plan);
    let mut timed = plan.clone();
    for fault in &mut timed.faults {
        let Some(trigger) = counts(fault) else { continue };
        let mut occurrences = moments.iter().filter(|moment| {
            moment.situation == trigger.situation
                && (trigger.node.is_none() || moment.node == trigger.node)
        });
        let Some(moment) = occurrences.nth(trigger.nth as usize - 1) else { continue };
        fault.when = When::At(moment.time.plus(trigger.after).since(Time::ZERO));
        for target in fault.targets_mut() {
            if let (Target::Trigger, Some(node)) = (&*target, moment.node) {
                *target = Target::Nodes(vec![node]);
            }
        }
    }
    Some(timed)
}

/// Every situation that a plan's run reaches, in order.
fn moments(runner: &dyn Runner, plan: &Plan) -> Vec<Moment> {
    let found = RefCell::new(Vec::<(u64, Situation)>::new());
    let mut moments = Vec::new();
    let mut mark = |record: u64, situation| found.borrow_mut().push((record, situation));
    let mut see = |record: &Record| {
        let reached = std::mem::take(&mut *found.borrow_mut());
        moments.extend(reached.into_iter().map(|(_, situation)| Moment {
            time: record.time,
            situation,
            node: record.node,
        }));
    };
    let options =
        Options { sink: Some(&mut see), on_situation: Some(&mut mark), ..Options::default() };
    let _ = runner.run(plan, options);
    moments
}

/// Plans in which a fault waits for one of the situations that it used to come after, and strikes at once or as long after it as before.
///
/// By luck a failure comes again at the first occurrence; else at the same one, if not at the first.
fn waiting(plan: &Plan, place: usize, moments: &[Moment], at: Time, by_luck: bool) -> Vec<Plan> {
    let before = &moments[..moments.partition_point(|moment| moment.time <= at)];
    let names = plan.faults[place].targets();
    let victim = match names.first().and_then(|(_, target)| target.numbers()) {
        Some([victim]) => Some(*victim),
        _ => None,
    };
    let mut styles: [Vec<Plan>; 3] = Default::default();
    for situation in last_situations(before) {
        let same = |other: &&Moment| other.situation == situation;
        let closest = before.iter().rev().find(same);
        let at_victim = before.iter().rev().find(|it| same(it) && it.node == victim);
        for moment in [at_victim, closest].into_iter().flatten() {
            let node = moment.node;
            let here = |other: &&Moment| same(other) && other.node == node;
            let first = Trigger::first(situation);
            let again = Trigger { after: at.since(moment.time), ..first };
            let nth = before.iter().filter(same).count() as u64;
            let nth_here = before.iter().filter(here).count() as u64;
            let triggers = [
                [first, Trigger { node, ..first }],
                [again, Trigger { node, ..again }],
                [Trigger { nth, ..again }, Trigger { node, nth: nth_here, ..again }],
            ];
            for (plans, triggers) in styles.iter_mut().zip(triggers) {
                let with = |trigger| with_trigger(plan, place, trigger, node);
                let countable = triggers.into_iter().filter(|it| it.nth <= OCCURRENCES_MAX);
                plans.extend(countable.flat_map(with));
            }
        }
    }
    let [at_once, later, exactly] = styles;
    let exactly = if by_luck { Vec::new() } else { exactly };
    [at_once, later, exactly].concat()
}

/// The situations that were reached last, the latest first.
fn last_situations(moments: &[Moment]) -> Vec<Situation> {
    let mut found = Vec::new();
    for moment in moments.iter().rev() {
        if found.len() < MOMENTS_MAX && !found.contains(&moment.situation) {
            found.push(moment.situation);
        }
    }
    found
}

/// The plan with a trigger in place of a fault's time; if it strikes the node of the situation, by that name first.
fn with_trigger(plan: &Plan, place: usize, trigger: Trigger, node: Option<NodeId>) -> Vec<Plan> {
    let mut plan = plan.clone();
    plan.faults[place].when = When::On(trigger);
    let mut named = plan.clone();
    let mut is_named = false;
    if !matches!(plan.faults[place].action, Action::Split(_)) {
        for target in named.faults[place].targets_mut() {
            if target.is_random() || node.is_some_and(|node| *target == Target::Nodes(vec![node])) {
                *target = Target::Trigger;
                is_named = true;
            }
        }
    }
    if is_named && trigger.node.is_none() { vec![named, plan] } else { vec![plan] }
}
