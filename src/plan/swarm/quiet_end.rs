//! Quiet ends: clients stop before faults are over, a handful of single requests follows, and snapshots are taken at small distances. Where
//! clients go on and on, an index that is off by one is mended by the next entry; here nothing comes that would mend it.

use crate::log::Command;
use crate::plan::swarm::{Config, share_of};
use crate::plan::{Plan, SingleRequest, Target};
use crate::rng::Rng;
use crate::time::Span;

/// How many keys the requests use.
const KEYS: u64 = 3;

/// Draws for a plan whose lowest election timeout is `unit`.
pub fn draw(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    let Some(from) = plan.liveness.as_ref().map(|liveness| liveness.from) else { return };
    if !rng.chance(config.quiet_ends) {
        return;
    }
    let before = |span: Span| Span(from.0.saturating_sub(span.0));
    let stop = before(share_of(rng, unit, 500, 3_000));
    plan.clients.stop = Some(stop).filter(|stop| *stop > plan.clients.start);
    for group in &mut plan.client_groups {
        group.stop = plan.clients.stop.filter(|stop| group.start.is_none_or(|start| start < *stop));
    }
    plan.raft.snapshot_every = Some(rng.between(1, 6));
    plan.raft.snapshot_trailing = Some(rng.pick(&[0, 0, 1, 2]));
    for number in 1..=rng.between(1, 4) {
        let ahead = share_of(rng, unit, 0, 4_000);
        let at = if rng.chance(30) { before(ahead) } else { from.plus(ahead) };
        plan.requests.push(SingleRequest {
            at: Some(at),
            on: None,
            to: Target::Anyone,
            command: command(rng, number),
            attempts: None,
            client: None,
        });
    }
}

fn command(rng: &mut Rng, number: u64) -> Command {
    let (key, value) = (rng.below(KEYS) as u32, 1_000_000 + number as u32);
    match rng.below(4) {
        0 => Command::Get { key },
        1 => Command::Append { key, value },
        _ => Command::Put { key, value },
    }
}
