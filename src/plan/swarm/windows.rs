//! Other faults in the windows that a plan's own trigger opens. A plan that is made for one trigger, as for successions of leaders, has
//! nothing else otherwise, and what takes a crash, a pause or a snapshot in just that moment would never come about.

use crate::config::Reads;
use crate::plan::fault::{Crash, Cut, Transfer, Unsynced};
use crate::plan::swarm::storm::Storm;
use crate::plan::swarm::{Config, share_of};
use crate::plan::{Action, Fault, FaultKind, Plan, Target, When};
use crate::rng::Rng;
use crate::time::Span;

/// Whom a crash or a transfer strikes in a window.
const TARGETS: [Target; 4] =
    [Target::Leader, Target::Follower, Target::AllButLeader, Target::AllButLeader];

/// How far apart snapshots are, in entries, so that one is taken or installed in a window.
const SNAPSHOT_EVERY: [u64; 4] = [1, 3, 10, 30];

/// Draws for a plan whose windows open at these times, and whose lowest election timeout is `unit`.
pub fn disturb(rng: &mut Rng, plan: &mut Plan, windows: &[Span], unit: Span, config: &Config) {
    if windows.is_empty() || !rng.chance(config.disturbed_windows) {
        return;
    }
    if rng.chance(40) {
        plan.raft.snapshot_every = Some(rng.pick(&SNAPSHOT_EVERY));
    }
    // Clocks are what such a plan is about: nothing else sets them.
    let faults = config.faults.iter().filter(|kind| **kind != FaultKind::Clock);
    let config = Config { faults: faults.copied().collect(), ..config.clone() };
    let storm = Storm::new(rng, plan, unit, &config);
    let changes: Vec<Fault> = plan
        .faults
        .iter()
        .filter(|fault| {
            matches!(fault.action, Action::Change(_)) && fault.target != Target::Trigger
        })
        .cloned()
        .collect();
    let until = plan.liveness.as_ref().map_or(plan.horizon, |liveness| liveness.from);
    for opens in windows {
        let at = opens.plus(share_of(rng, unit, 0, 2_500));
        if !rng.chance(60) || at >= until || plan.faults.len() >= config.faults_max as usize {
            continue;
        }
        let crashes = config.faults.contains(&FaultKind::Crash);
        if crashes && plan.config().reads == Reads::Lease && rng.chance(40) {
            plan.faults.extend(restarts_behind_a_promise(rng, unit, *opens));
            continue;
        }
        let when = When::At(at);
        let fault = match rng.below(6) {
            0 | 1 if crashes => quick_restart(rng, unit, when),
            2 => Fault::new(when, Action::Transfer(Transfer { to: Target::Follower })),
            3 if !changes.is_empty() => Fault { when, ..rng.pick(&changes) },
            _ => match storm.any(rng, when) {
                Some(fault) => fault,
                None => continue,
            },
        };
        plan.faults.push(fault);
    }
}

/// One does not hear the leader for a while before the window opens, and will be the first to stand. Others answer the leader up to then,
/// and restart: what they promised it they have to know still when they are asked for a vote.
fn restarts_behind_a_promise(rng: &mut Rng, unit: Span, opens: Span) -> Vec<Fault> {
    let before = share_of(rng, unit, 100, 900);
    let cut = When::At(Span(opens.0.saturating_sub(before.0)));
    let cut = Fault::new(cut, Cut::between(Target::Leader, Target::Follower));
    let mut faults = vec![cut.lasting(unit.times(2))];
    for _ in 0..2 {
        let at = When::At(opens.plus(share_of(rng, unit, 0, 60)));
        let crash = Fault::new(at, Crash::with(Unsynced::Lost)).striking(Target::Follower);
        faults.push(crash.lasting(share_of(rng, unit, 5, 60)));
    }
    faults
}

/// A process dies, and is back before an election.
fn quick_restart(rng: &mut Rng, unit: Span, when: When) -> Fault {
    let unsynced = rng.pick(&[Unsynced::Lost, Unsynced::Kept, Unsynced::Torn]);
    let crash = Fault::new(when, Crash::with(unsynced)).striking(rng.pick(&TARGETS));
    crash.lasting(share_of(rng, unit, 20, 900))
}
