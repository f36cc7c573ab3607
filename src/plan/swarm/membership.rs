//! Draws with whom a cluster begins, and how its members change.
//!
//! All of it comes from a stream of its own, so a plan that draws none of it is the plan that it was.

use crate::ids::{NodeId, NodeSet};
use crate::plan::fault::{Cut, Direction, Isolate, Joint, MemberChange};
use crate::plan::swarm::{Config, occasion};
use crate::plan::{Action, Fault, Plan, Target, Trigger, When};
use crate::rng::{Rng, Stream};
use crate::situation::Situation;
use crate::time::Span;

/// When it is worst to change the members: a leader is new, or an entry is not committed yet.
const MOMENTS: [Situation; 6] = [
    Situation::LeaderElected,
    Situation::LeaderElected,
    Situation::LeaderAppended,
    Situation::CommitAdvanced,
    Situation::NodeCrashed,
    Situation::NodeRestarted,
];

/// Draws for a plan whose lowest election timeout is `unit`.
pub fn draw(seed: u64, plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(seed, Stream::Membership);
    if !rng.chance(config.changes) || plan.cluster.nodes < 2 {
        return;
    }
    let nodes = plan.cluster.nodes;
    let members = rng.between(1, nodes.into());
    if members < nodes.into() {
        plan.cluster.members = (1..=members as u8).map(NodeId::new).collect();
    }
    for _ in 0..rng.between(2, 10) {
        let (at, trigger) = occasion(&mut rng, plan.horizon, unit, &MOMENTS);
        let triggered = rng.chance(60);
        let at_once = rng.chance(50);
        let when = match triggered {
            true if at_once => When::On(Trigger { after: Span::ZERO, ..trigger }),
            true => When::On(trigger),
            false => When::At(at),
        };
        // Now and then a second one follows at once: it must be refused.
        for _ in 0..rng.pick(&[1, 1, 2]) {
            let fault = change(&mut rng, nodes, when);
            plan.faults.push(fault);
        }
    }
    let joint = rng.chance(50);
    for place in 0..plan.faults.len() {
        let several = several(&mut rng, nodes);
        let (replaces, leaves) = (rng.chance(60), rng.chance(25));
        let Action::Change(change) = &mut plan.faults[place].action else { continue };
        if joint && replaces {
            let (joint, leave) = if leaves { (None, true) } else { (Some(several), false) };
            *change = MemberChange { joint, leave, ..MemberChange::default() };
        }
    }
    rivals(&mut rng, plan, unit, members as u8);
    // A joint configuration may last, and a snapshot be taken meanwhile.
    let (some, every) = (rng.chance(50), rng.pick(&[2, 3, 5, 10]));
    if joint && some {
        plan.raft.snapshot_every = Some(every);
    }
    promotions(&mut rng, plan, unit);
}

/// Who is promoted becomes a learner before, if the plan has learners; it may not have caught up. Half of the plans have one that is no
/// member at first.
fn promotions(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let (some, at) = (rng.chance(50), Span(rng.below(plan.horizon.0 / 2)));
    let outsiders = NodeSet::first(plan.cluster.nodes).without(plan.voters());
    let outsider = outsiders.iter().nth(rng.below(outsiders.len().max(1) as u64) as usize);
    if some && outsider.is_some() {
        let none = MemberChange::default();
        let learns = MemberChange { add_learner: outsider, ..none.clone() };
        for change in [learns, MemberChange { promote: outsider, ..none }] {
            plan.faults.push(Fault::new(When::At(at), Action::Change(change)));
        }
    }
    let learns = |fault: &Fault| match &fault.action {
        Action::Change(change) => change.add_learner.map(|learner| (fault.when, learner)),
        _ => None,
    };
    let learners: Vec<(When, NodeId)> = plan.faults.iter().filter_map(learns).collect();
    if learners.is_empty() {
        return;
    }
    let last = Span(plan.horizon.0 / 4 * 3);
    for fault in &mut plan.faults {
        let Action::Change(change) = &mut fault.action else { continue };
        if change.promote.is_none() {
            continue;
        }
        let own = learners.iter().find(|(_, learner)| change.promote == Some(*learner));
        let other = rng.pick(&learners);
        let (when, learner) = own.copied().unwrap_or(other);
        let later = Span(rng.below(unit.0 * 2));
        (change.promote, fault.target) = (Some(learner), Target::Leader);
        fault.when = match when {
            When::At(at) => When::At(at.plus(later).min(last)),
            When::On(it) => When::On(Trigger { after: it.after.plus(later), ..it }),
        };
    }
}

/// A leader that is cut off changes the members, and so does the next one, which does not know of it and is cut off in its turn, when
/// one follower has not heard of its change. The majorities of one member more and one less need not meet where the members are even.
fn rivals(rng: &mut Rng, plan: &mut Plan, unit: Span, members: u8) {
    let some = rng.chance(50);
    let even = rng.chance(60);
    let nth = rng.between(1, 3);
    let cut = Span(rng.below(unit.0));
    let span = Span(unit.0 * rng.between(200, 1_000) / 100);
    let later = Span(span.0 / 100 * rng.between(30, 100));
    let members = if even && plan.cluster.nodes > 4 { 4 } else { members };
    let removed = NodeId::new(rng.between(1, members.into()) as u8);
    if !some || members >= plan.cluster.nodes {
        return;
    }
    plan.cluster.members = (1..=members).map(NodeId::new).collect();
    let add = Some(NodeId::new(members + 1));
    let adds = Action::Change(MemberChange { add, ..MemberChange::default() });
    let remove = Some(removed);
    let removes = Action::Change(MemberChange { remove, ..MemberChange::default() });
    let isolated = Action::Isolate(Isolate { direction: Direction::Both });
    let silent = Action::Cut(Cut { from: Target::Trigger, to: Target::Follower });
    let elected = |nth, after| {
        let trigger = Trigger { nth, after, ..Trigger::first(Situation::LeaderElected) };
        move |action| Fault::new(When::On(trigger), action).striking(Target::Trigger)
    };
    plan.faults.extend([
        elected(nth, cut)(isolated.clone()).lasting(span),
        elected(nth, cut.plus(Span::micros(1)))(adds),
        elected(nth + 1, Span::ZERO)(silent).lasting(span.times(2)),
        elected(nth + 1, Span::ZERO)(removes),
        elected(nth + 1, later)(isolated).lasting(span),
    ]);
}

/// Several changes at once: what becomes of each node is drawn by itself.
fn several(rng: &mut Rng, nodes: u8) -> Joint {
    let mut joint = Joint { stay: rng.chance(50), ..Joint::default() };
    let first = NodeId::new(rng.between(1, nodes.into()) as u8);
    for node in (1..=nodes).map(NodeId::new) {
        match rng.below(8) {
            0 | 1 => joint.add.push(node),
            2 => joint.add_learners.push(node),
            3 => joint.remove.push(node),
            _ if node == first => joint.add.push(node),
            _ => {}
        }
    }
    joint
}

/// One of the four, of any node; the leader is told, or who made the situation.
fn change(rng: &mut Rng, nodes: u8, when: When) -> Fault {
    let node = Some(NodeId::new(rng.between(1, nodes.into()) as u8));
    let by_trigger = rng.chance(60) && matches!(when, When::On(_));
    let target = if by_trigger { Target::Trigger } else { Target::Leader };
    let none = MemberChange::default();
    let change = match rng.below(8) {
        0..3 => MemberChange { add: node, ..none },
        3 => MemberChange { add_learner: node, ..none },
        4 => MemberChange { promote: node, ..none },
        _ => MemberChange { remove: node, ..none },
    };
    Fault::new(when, Action::Change(change)).striking(target)
}
