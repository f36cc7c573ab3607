//! A degraded machine: slow links, a slow disk, a clock that runs fast, and restarts again and again, all of them or some.
//!
//! Real outages gather on one machine. A node whose clock runs fast stands first and leads again and again; what others say to it over
//! slow links arrives when it leads once more; what its slow disk did not sync is gone when it restarts.

use crate::ids::NodeId;
use crate::plan::fault::{Crash, Unsynced};
use crate::plan::swarm::share_of;
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

/// What ails one machine.
pub struct DegradedNode {
    node: NodeId,
    clock: bool,
    fsync: Option<Latency>,
    links: Vec<LinkException>,
    restarts: Vec<Fault>,
}

impl DegradedNode {
    /// Draws what ails one machine of so many, whose lowest election timeout is `unit`.
    pub fn draw(rng: &mut Rng, nodes: u8, unit: Span) -> DegradedNode {
        let part = |rng: &mut Rng, from, to| share_of(rng, unit, from, to);
        let node = NodeId::new(1 + rng.below(nodes.into()) as u8);
        let clock = rng.chance(70);
        let fsync = Latency::Uniform(part(rng, 1, 50), part(rng, 60, 800));
        let slow_disk = rng.chance(60);
        let mut links = Vec::new();
        for other in (1..=nodes).map(NodeId::new).filter(|other| *other != node) {
            let (inbound, outbound) = (rng.chance(50), rng.chance(40));
            let late = part(rng, 300, 3_000);
            let loss = Share::percent(rng.between(20, 70) as u32);
            if inbound {
                let latency = Some(Latency::Constant(late));
                let slow = LinkException { latency, ..LinkException::default() };
                links.push(between(other, node, slow));
            }
            if outbound {
                let lossy = LinkException { loss: Some(loss), ..LinkException::default() };
                links.push(between(node, other, lossy));
            }
        }
        let restarts = (0..4).map(|_| restart(rng, node, unit)).collect::<Vec<_>>();
        let count = rng.pick(&[0, 1, 2, 4]);
        DegradedNode {
            node,
            clock,
            fsync: Some(fsync).filter(|_| slow_disk),
            links,
            restarts: restarts.into_iter().take(count).collect(),
        }
    }

    /// Makes the machine of a plan degraded.
    pub fn apply_to(self, plan: &mut Plan) {
        let disk = plan.disk.clone();
        let node = plan.node_mut(self.node);
        if self.clock {
            node.clock_drift_ppm = FAST_PPM;
        }
        if let Some(fsync) = self.fsync {
            node.disk = Some(DiskOptions { fsync, ..disk });
        }
        plan.links.extend(self.links);
        plan.faults.extend(self.restarts);
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

fn between(from: NodeId, to: NodeId, link: LinkException) -> LinkException {
    LinkException { from: Target::Nodes(vec![from]), to: Target::Nodes(vec![to]), ..link }
}
