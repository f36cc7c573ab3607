//! A degraded machine: slow links, a slow disk, a clock that runs fast, and restarts again and again, all of them or some.
//!
//! Real outages gather on one machine. A node whose clock runs fast stands first and leads again and again; what others say to it over
//! slow links arrives when it leads once more; what its slow disk did not sync is gone when it restarts.

use crate::ids::NodeId;
use crate::plan::fault::{Crash, Unsynced};
use crate::plan::swarm::{Config, share_of};
use crate::plan::{DiskOptions, Fault, Latency, LinkException, Plan, Target, Trigger, When};
use crate::rng::Rng;
use crate::situation::Situation;
use crate::time::{Share, Span};

/// How much faster the clock of a degraded machine is, in parts per million.
pub const FAST_PPM: i32 = 400_000;

/// What a degraded machine is doing when it restarts.
const MOMENTS: [Situation; 4] = [
    Situation::LeaderAppended,
    Situation::LeaderElected,
    Situation::EntriesAccepted,
    Situation::CommitAdvanced,
];

/// Draws whether a machine of the plan, whose lowest election timeout is `unit`, is degraded, and how.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    if !rng.chance(config.degraded_nodes) {
        return;
    }
    let nodes = plan.cluster.nodes;
    let id = NodeId::new(1 + rng.below(nodes.into()) as u8);
    if rng.chance(70) {
        plan.node_mut(id).clock_drift_ppm = FAST_PPM;
    }
    if rng.chance(60) {
        let fsync = Latency::Uniform(share_of(rng, unit, 1, 50), share_of(rng, unit, 60, 800));
        plan.node_mut(id).disk = Some(DiskOptions { fsync, ..plan.disk.clone() });
    }
    for other in (1..=nodes).map(NodeId::new).filter(|other| *other != id) {
        if rng.chance(50) {
            let latency = Some(Latency::Constant(share_of(rng, unit, 300, 3_000)));
            plan.links.push(link(other, id, LinkException { latency, ..LinkException::default() }));
        }
        if rng.chance(40) {
            let loss = Some(Share::percent(rng.between(20, 70) as u32));
            plan.links.push(link(id, other, LinkException { loss, ..LinkException::default() }));
        }
    }
    for _ in 0..rng.pick(&[0, 1, 2, 4]) {
        plan.faults.push(restart(rng, id, unit));
    }
}

/// A restart in the middle of something: what is not on the disk yet is lost.
fn restart(rng: &mut Rng, node: NodeId, unit: Span) -> Fault {
    let most = rng.pick(&[2, 10, 40]);
    let trigger = Trigger {
        situation: rng.pick(&MOMENTS),
        nth: rng.between(1, most),
        node: Some(node),
        after: share_of(rng, unit, 0, 150),
        times: 1,
    };
    let unsynced = rng.pick(&[Unsynced::Lost, Unsynced::Lost, Unsynced::Torn]);
    let crash = Fault::new(When::On(trigger), Crash::with(unsynced)).striking(Target::Trigger);
    crash.lasting(share_of(rng, unit, 20, 300))
}

fn link(from: NodeId, to: NodeId, change: LinkException) -> LinkException {
    LinkException { from: Target::Nodes(vec![from]), to: Target::Nodes(vec![to]), ..change }
}
