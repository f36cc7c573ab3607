//! Disks that rot, are full, are emptied, keep no order, or lie: behind all else, and from streams of their own, so that plans
//! without are as they were.

use crate::ids::NodeId;
use crate::node::DiskFile;
use crate::plan::fault::{Corrupt, Crash, MemberChange, Unsynced};
use crate::plan::swarm::{Config, share_of};
use crate::plan::{Action, Fault, OnCorruption, Plan, Target, Trigger, When, Wiped};
use crate::rng::{Rng, Stream};
use crate::situation::Situation;
use crate::time::Span;

/// When a record rots, or a disk is full: somebody has just come to count on what is there.
const MOMENTS: [Situation; 6] = [
    Situation::CommitAdvanced,
    Situation::CommitBareMajority,
    Situation::EntriesAccepted,
    Situation::LeaderElected,
    Situation::NodeRestarted,
    Situation::ConflictingSuffixTruncated,
];

/// Draws what a plan has of them.
pub fn draw(plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(plan.seed, Stream::DiskFaults);
    if !rng.chance(config.disk_faults) {
        return;
    }
    let (rots, fills) = (rng.chance(80), rng.chance(40));
    // A node that stays down for a corrupt record does not come back to life.
    let rots = rots && plan.liveness.is_none();
    if rng.chance(20) {
        plan.disk.on_corruption = OnCorruption::Truncate;
    }
    if rots {
        for _ in 0..rng.between(1, 3) {
            let fault = rot(&mut rng, unit);
            plan.faults.push(fault);
        }
        plan.faults.push(restart(&mut rng, unit));
    }
    if fills || !rots {
        for _ in 0..rng.between(1, 2) {
            let when = moment(&mut rng, unit);
            let lasts = share_of(&mut rng, unit, 50, 4_000);
            let full = Fault::new(when, Action::DiskFull).striking(target(&mut rng));
            plan.faults.push(full.lasting(lasts));
        }
    }
}

/// Draws whose disk is emptied. That node stays out, and a spare one may take its place, if it has its disk itself.
pub fn wipe(plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(plan.seed, Stream::Wipes);
    if !rng.chance(config.wipes) || plan.liveness.is_some() {
        return;
    }
    plan.cluster.wiped = Wiped::StaysOut;
    for _ in 0..rng.between(1, 2) {
        let when = moment(&mut rng, unit);
        let lasts = share_of(&mut rng, unit, 10, 1_000);
        let wipe = Action::Crash(Crash { wipe: true, ..Crash::default() });
        plan.faults.push(Fault::new(when, wipe).striking(target(&mut rng)).lasting(lasts));
    }
    if !plan.cluster.members.is_empty() {
        let (situation, after) = (Situation::StartRefused, share_of(&mut rng, unit, 0, 500));
        let add = Some(NodeId::new(plan.cluster.nodes));
        let change = MemberChange { add, ..MemberChange::default() };
        let when = When::On(Trigger { situation, nth: 1, node: None, after, times: 1 });
        plan.faults.push(Fault::new(when, Action::Change(change)));
    }
}

/// Draws which disks write in an order of their own, which lie, and what rots that is no entry.
pub fn order(plan: &mut Plan, unit: Span, config: &Config) {
    let mut rng = Rng::new(plan.seed, Stream::DiskOrder);
    let (reordered, lies) = (rng.chance(config.reordered), rng.chance(config.lies));
    for fault in &mut plan.faults {
        if let Action::Crash(crash) = &mut fault.action
            && crash.unsynced == Unsynced::Torn
            && reordered
        {
            crash.unsynced = Unsynced::Reordered;
        }
    }
    if lies && plan.liveness.is_none() {
        lie(&mut rng, plan, unit);
    }
    for fault in &mut plan.faults {
        let what = rng.pick(&[DiskFile::Log, DiskFile::Log, DiskFile::Vote, DiskFile::Snapshot]);
        if let Action::Corrupt(corrupt) = &mut fault.action
            && !what.is_log()
        {
            (corrupt.what, corrupt.entries) = (what, 1);
        }
    }
}

/// A disk that lies for a while, and mostly a crash that finds it out.
fn lie(rng: &mut Rng, plan: &mut Plan, unit: Span) {
    let when = moment(rng, unit);
    let lasts = share_of(rng, unit, 100, 5_000);
    let lies = Fault::new(when, Action::DiskLies).striking(target(rng)).lasting(lasts);
    plan.faults.push(lies);
    let (nth, after) = (rng.between(1, 5), share_of(rng, unit, 0, 1_000));
    let unsynced = rng.pick(&[Unsynced::Lost, Unsynced::Kept, Unsynced::Reordered]);
    let lasts = share_of(rng, unit, 10, 1_000);
    if rng.chance(70) {
        let trigger = Trigger { nth, after, ..Trigger::first(Situation::DiskLied) };
        let crash = Fault::new(When::On(trigger), Crash::with(unsynced)).striking(Target::Trigger);
        plan.faults.push(crash.lasting(lasts));
    }
}

fn rot(rng: &mut Rng, unit: Span) -> Fault {
    let when = moment(rng, unit);
    let entries = rng.pick(&[1, 1, 2, 3, 5, 20]);
    let corrupt = Action::Corrupt(Corrupt { what: DiskFile::Log, entries });
    Fault::new(when, corrupt).striking(target(rng))
}

/// Whoever has a rotten record restarts soon: before that it does not know of it.
fn restart(rng: &mut Rng, unit: Span) -> Fault {
    let trigger = Trigger {
        situation: Situation::RecordCorrupted,
        nth: 1,
        node: None,
        after: share_of(rng, unit, 0, 500),
        times: 100,
    };
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
