//! Draws what goes wrong with disks: records become corrupt, disks are full, are emptied, keep no order, lie, or hang.

use crate::config::OnWriteError;
use crate::ids::NodeId;
use crate::node::DiskFile;
use crate::plan::fault::{Corrupt, Crash, MemberChange, Unsynced};
use crate::plan::swarm::{Config, share_of};
use crate::plan::{Action, Fault, OnCorruption, Plan, Target, Trigger, When, Wiped};
use crate::rng::Rng;
use crate::situation::Situation;
use crate::time::Span;

/// When a record becomes corrupt, or a disk is full: some node has just come to count on what is there.
const MOMENTS: [Situation; 6] = [
    Situation::CommitAdvanced,
    Situation::CommitBareMajority,
    Situation::EntriesAccepted,
    Situation::LeaderElected,
    Situation::NodeRestarted,
    Situation::ConflictingSuffixTruncated,
];

/// Draws for a plan whose lowest election timeout is `unit`, and of which all other crashes are drawn.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    if rng.chance(config.disk_faults) {
        corrupt_or_fill(rng, plan, unit);
    }
    // A node that lost its disk stays out, and does not come back to life; nor may one do so whose disk lied.
    let may_lose_nodes = plan.liveness.is_none();
    if rng.chance(config.wipes) && may_lose_nodes {
        wipe(rng, plan, unit);
    }
    if rng.chance(config.reordered) {
        for fault in &mut plan.faults {
            if let Action::Crash(crash) = &mut fault.action
                && crash.unsynced == Unsynced::Torn
            {
                crash.unsynced = Unsynced::Reordered;
            }
        }
    }
    if rng.chance(config.lies) && may_lose_nodes {
        lie(rng, plan, unit);
    }
    if rng.chance(config.own_write_errors) && plan.writes_may_fail() {
        plan.raft.on_write_error = Some(match rng.below(3) {
            0 => OnWriteError::StepDown,
            // A node that goes on without its disk does not come back to life.
            1 if may_lose_nodes => OnWriteError::LeadOn,
            _ => OnWriteError::Retry,
        });
    }
    if rng.chance(config.hangs) {
        for _ in 0..rng.between(1, 2) {
            let hangs = Fault::new(moment(rng, unit), Action::DiskHangs).striking(target(rng));
            plan.faults.push(hangs.lasting(share_of(rng, unit, 50, 4_000)));
        }
    }
}

/// Draws records that become corrupt, and disks that are full.
fn corrupt_or_fill(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    // A node that stays down for a corrupt record does not come back to life.
    let corrupts = rng.chance(80) && plan.liveness.is_none();
    if rng.chance(20) {
        plan.disk.on_corruption = OnCorruption::Truncate;
    }
    if corrupts {
        for _ in 0..rng.between(1, 3) {
            plan.faults.push(corrupt(rng, unit));
        }
        plan.faults.push(restart(rng, unit));
    }
    if rng.chance(40) || !corrupts {
        for _ in 0..rng.between(1, 2) {
            let full = Fault::new(moment(rng, unit), Action::DiskFull).striking(target(rng));
            plan.faults.push(full.lasting(share_of(rng, unit, 50, 4_000)));
        }
    }
}

/// Draws whose disk is emptied. That node stays out, and a spare one may take its place, if it has its disk itself.
fn wipe(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    plan.cluster.wiped = Wiped::StaysOut;
    for _ in 0..rng.between(1, 2) {
        let wipe = Action::Crash(Crash { wipe: true, ..Crash::default() });
        let wipe = Fault::new(moment(rng, unit), wipe).striking(target(rng));
        plan.faults.push(wipe.lasting(share_of(rng, unit, 10, 1_000)));
    }
    if !plan.cluster.members.is_empty() {
        let after = share_of(rng, unit, 0, 500);
        let when = When::On(Trigger { after, ..Trigger::first(Situation::StartRefused) });
        let add = Some(NodeId::new(plan.cluster.nodes));
        let change = Action::Change(MemberChange { add, ..MemberChange::default() });
        plan.faults.push(Fault::new(when, change));
    }
}

/// A disk that lies for a while, and mostly a crash that finds it out.
fn lie(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let lies = Fault::new(moment(rng, unit), Action::DiskLies).striking(target(rng));
    plan.faults.push(lies.lasting(share_of(rng, unit, 100, 5_000)));
    if rng.chance(70) {
        let (nth, after) = (rng.between(1, 5), share_of(rng, unit, 0, 1_000));
        let when = When::On(Trigger { nth, after, ..Trigger::first(Situation::DiskLied) });
        let unsynced = rng.pick(&[Unsynced::Lost, Unsynced::Kept, Unsynced::Reordered]);
        let crash = Fault::new(when, Crash::with(unsynced)).striking(Target::Trigger);
        plan.faults.push(crash.lasting(share_of(rng, unit, 10, 1_000)));
    }
}

fn corrupt(rng: &mut Rng, unit: Span) -> Fault {
    let what = rng.pick(&[DiskFile::Log, DiskFile::Log, DiskFile::Vote, DiskFile::Snapshot]);
    let entries = if what.is_log() { rng.pick(&[1, 1, 2, 3, 5, 20]) } else { 1 };
    let corrupt = Action::Corrupt(Corrupt { what, entries });
    Fault::new(moment(rng, unit), corrupt).striking(target(rng))
}

/// A node with a corrupt record restarts soon: before that it does not know of it.
fn restart(rng: &mut Rng, unit: Span) -> Fault {
    let after = share_of(rng, unit, 0, 500);
    let trigger = Trigger { after, times: 100, ..Trigger::first(Situation::RecordCorrupted) };
    let unsynced = rng.pick(&[Unsynced::Lost, Unsynced::Kept, Unsynced::Torn]);
    let crash = Fault::new(When::On(trigger), Crash::with(unsynced)).striking(Target::Trigger);
    crash.lasting(share_of(rng, unit, 10, 1_000))
}

fn moment(rng: &mut Rng, unit: Span) -> When {
    let most = rng.pick(&[2, 10, 100]);
    When::On(Trigger {
        situation: rng.pick(&MOMENTS),
        nth: rng.between(1, most),
        node: None,
        after: share_of(rng, unit, 0, 100),
        times: rng.pick(&[1, 1, 2, 5]),
    })
}

fn target(rng: &mut Rng) -> Target {
    rng.pick(&[
        Target::Trigger,
        Target::Trigger,
        Target::Leader,
        Target::Follower,
        Target::Minority,
    ])
}
