//! Draws the members with which a cluster begins, and how they change.

use crate::ids::{NodeId, NodeSet};
use crate::plan::fault::{Cut, Direction, Isolate, Joint, MemberChange};
use crate::plan::swarm::{Config, occasion};
use crate::plan::{Action, Fault, Plan, Target, Trigger, When};
use crate::rng::Rng;
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
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    if !rng.chance(config.changes) || plan.cluster.nodes < 2 {
        return;
    }
    let nodes = plan.cluster.nodes;
    let members = rng.between(1, nodes.into());
    if members < nodes.into() {
        plan.cluster.members = (1..=members as u8).map(NodeId::new).collect();
    }
    let joint = rng.chance(50);
    for _ in 0..rng.between(2, 10) {
        let (at, trigger) = occasion(rng, plan.horizon, unit, &MOMENTS);
        let after = if rng.chance(50) { Span::ZERO } else { trigger.after };
        let when = match rng.chance(60) {
            true => When::On(Trigger { after, ..trigger }),
            false => When::At(at),
        };
        // Now and then a second one follows at once: it must be refused.
        for _ in 0..rng.pick(&[1, 1, 2]) {
            plan.faults.push(fault(rng, nodes, when, joint));
        }
    }
    rivals(rng, plan, unit, members as u8);
    // A joint configuration may last, and a snapshot be taken meanwhile.
    if joint && rng.chance(50) {
        plan.raft.snapshot_every = Some(rng.pick(&[2, 3, 5, 10]));
    }
    promotions(rng, plan, unit);
    if rng.chance(config.strict_changes) {
        plan.raft.strict_change = Some(true);
    }
}

/// Before a node is promoted it becomes a learner, if the plan has learners; it may not have caught up. Half of the plans promote one
/// that is no member at first.
fn promotions(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let outsiders = NodeSet::first(plan.cluster.nodes).without(plan.voters());
    let outsiders: Vec<NodeId> = outsiders.iter().collect();
    if !outsiders.is_empty() && rng.chance(50) {
        let outsider = Some(rng.pick(&outsiders));
        let at = Span(rng.below(plan.horizon.0 / 2));
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
    let members = if rng.chance(60) && plan.cluster.nodes > 4 { 4 } else { members };
    if members >= plan.cluster.nodes || !rng.chance(50) {
        return;
    }
    let nth = rng.between(1, 3);
    let cut = Span(rng.below(unit.0));
    let span = Span(unit.0 * rng.between(200, 1_000) / 100);
    let later = Span(span.0 / 100 * rng.between(30, 100));
    let removed = NodeId::new(rng.between(1, members.into()) as u8);
    plan.cluster.members = (1..=members).map(NodeId::new).collect();
    let add = Some(NodeId::new(members + 1));
    let adds = Action::Change(MemberChange { add, ..MemberChange::default() });
    let remove = Some(removed);
    let removes = Action::Change(MemberChange { remove, ..MemberChange::default() });
    let isolated = Action::Isolate(Isolate { direction: Direction::Both, clients: false });
    let silent = Cut::between(Target::Trigger, Target::Follower);
    let elected = |nth, after, action| {
        let trigger = Trigger { nth, after, ..Trigger::first(Situation::LeaderElected) };
        Fault::new(When::On(trigger), action)
    };
    let at_once = Span::ZERO;
    plan.faults.extend([
        elected(nth, cut, isolated.clone()).striking(Target::Trigger).lasting(span),
        elected(nth, cut.plus(Span::micros(1)), adds).striking(Target::Trigger),
        elected(nth + 1, at_once, silent).lasting(span.times(2)),
        elected(nth + 1, at_once, removes).striking(Target::Trigger),
        elected(nth + 1, later, isolated).striking(Target::Trigger).lasting(span),
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

/// A change that the leader is told of, or the node that made the situation.
fn fault(rng: &mut Rng, nodes: u8, when: When, joint: bool) -> Fault {
    let by_trigger = matches!(when, When::On(_)) && rng.chance(60);
    let change =
        if joint && rng.chance(60) { joint_change(rng, nodes) } else { change(rng, nodes) };
    let fault = Fault::new(when, Action::Change(change));
    if by_trigger { fault.striking(Target::Trigger) } else { fault }
}

/// Mostly several changes at once; else joint consensus is left.
fn joint_change(rng: &mut Rng, nodes: u8) -> MemberChange {
    match rng.chance(25) {
        true => MemberChange { leave: true, ..MemberChange::default() },
        false => MemberChange { joint: Some(several(rng, nodes)), ..MemberChange::default() },
    }
}

/// One of the four changes of a single node, whichever it is.
fn change(rng: &mut Rng, nodes: u8) -> MemberChange {
    let node = Some(NodeId::new(rng.between(1, nodes.into()) as u8));
    let none = MemberChange::default();
    match rng.below(8) {
        0..3 => MemberChange { add: node, ..none },
        3 => MemberChange { add_learner: node, ..none },
        4 => MemberChange { promote: node, ..none },
        _ => MemberChange { remove: node, ..none },
    }
}
