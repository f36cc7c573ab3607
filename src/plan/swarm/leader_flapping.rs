//! Leadership that goes to and fro: a leader is cut off with a few others, writes what nobody else has, loses it to another leader, and
//! leads again while answers to it from back then are still under way.

use crate::config::Reads;
use crate::ids::NodeId;
use crate::plan::fault::Split;
use crate::plan::swarm::degraded::FAST_PPM;
use crate::plan::swarm::{Config, share_of};
use crate::plan::{Action, Fault, Latency, LinkException, Plan, Target, When};
use crate::rng::Rng;
use crate::time::Span;

/// The fewest nodes of which a leader and another are a minority.
const NODES_MIN: u8 = 5;

/// Draws for a plan whose lowest election timeout is `unit`. Gives when leaders are cut off.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) -> Vec<Span> {
    let mut windows = Vec::new();
    if !rng.chance(config.leader_flapping) || plan.cluster.nodes < NODES_MIN {
        return windows;
    }
    let favourite = NodeId::new(1 + rng.below(plan.cluster.nodes.into()) as u8);
    if plan.config().reads != Reads::Lease {
        plan.node_mut(favourite).clock_drift_ppm = FAST_PPM;
    }
    let until = plan.liveness.as_ref().map_or(plan.horizon, |liveness| liveness.from);
    let mut now = share_of(rng, unit, 2_000, 5_000);
    while now < until {
        windows.push(now);
        plan.faults.push(split(rng, unit, now));
        let slow = slow(rng, unit);
        let later = now.plus(share_of(rng, unit, 0, 1_000));
        if later < until {
            plan.faults.push(Fault { when: When::At(later), ..slow });
        }
        now = now.plus(share_of(rng, unit, 3_000, 6_000));
    }
    windows
}

fn split(rng: &mut Rng, unit: Span, at: Span) -> Fault {
    let split = Action::Split(Split { groups: vec![Target::LeaderSide] });
    Fault::new(When::At(at), split).lasting(share_of(rng, unit, 1_200, 3_000))
}

/// Answers to the leader that take as long as its successor leads.
fn slow(rng: &mut Rng, unit: Span) -> Fault {
    let latency = Some(Latency::Constant(share_of(rng, unit, 500, 5_000)));
    let link = LinkException { to: Target::Leader, latency, ..LinkException::default() };
    let lasts = share_of(rng, unit, 50, 1_000);
    Fault::new(When::At(Span::ZERO), Action::Link(link)).lasting(lasts)
}
