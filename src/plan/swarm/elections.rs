//! Draws what elections have beyond the paper's: switches, priorities, and transfers of leadership.

use crate::config::priority::NEVER;
use crate::plan::fault::Transfer;
use crate::plan::swarm::{Config, occasion};
use crate::plan::{Action, Fault, Plan, Target, When};
use crate::rng::Rng;
use crate::situation::Situation;
use crate::time::Span;

/// When it is worst to hand over: the log has just grown, or somebody has just come or gone.
const MOMENTS: [Situation; 9] = [
    Situation::LeaderElected,
    Situation::LeaderAppended,
    Situation::CommitAdvanced,
    Situation::NodeCrashed,
    Situation::NodeRestarted,
    Situation::AppendRefusedGap,
    Situation::AppendRefusedConflict,
    Situation::ElectionStarted,
    Situation::TransferCompleted,
];

/// Draws for a plan whose lowest election timeout is `unit`.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    if rng.chance(config.own_elections) {
        plan.raft.pre_vote = Some(rng.chance(50));
        plan.raft.check_quorum = Some(rng.chance(50));
        plan.raft.vote_lease = Some(rng.chance(50));
    }
    if rng.chance(config.priorities) {
        priorities(rng, plan);
    }
    if rng.chance(config.transfers) {
        transfers(rng, plan, unit);
    }
}

fn priorities(rng: &mut Rng, plan: &mut Plan) {
    let choices = [None, Some(NEVER), Some(60), Some(80), Some(100)];
    let drawn: Vec<Option<u32>> = plan.node_ids().map(|_| rng.pick(&choices)).collect();
    if drawn.iter().all(|own| *own == Some(NEVER)) {
        return;
    }
    for (id, own) in plan.node_ids().zip(drawn) {
        if own.is_some() {
            plan.node_mut(id).election_priority = own;
        }
    }
}

fn transfers(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    for _ in 0..rng.between(1, 8) {
        let (at, trigger) = occasion(rng, plan.horizon, unit, &MOMENTS);
        let when = if rng.chance(60) { When::On(trigger) } else { When::At(at) };
        plan.faults.push(transfer(rng, when));
    }
}

/// Mostly the leader hands over to somebody; sometimes somebody is told who does not lead, or the leader is to hand over to itself.
fn transfer(rng: &mut Rng, when: When) -> Fault {
    let told = rng.pick(&[Target::Leader, Target::Leader, Target::Leader, Target::Anyone]);
    let other = rng.pick(&[
        Target::Follower,
        Target::Follower,
        Target::Anyone,
        Target::Candidate,
        Target::Leader,
    ]);
    let by_trigger = rng.chance(60) && matches!(when, When::On(_));
    let to = if by_trigger { Target::Trigger } else { other };
    Fault::new(when, Action::Transfer(Transfer { to })).striking(told)
}
