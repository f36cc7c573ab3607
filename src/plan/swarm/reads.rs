//! Draws how reads are answered: through the log, by read index or by lease, by the leader or by followers.
//!
//! All of it comes from a stream of its own, so a plan that draws none of it is the plan that it was.

use crate::plan::Plan;
use crate::plan::swarm::Config;
use crate::raft::Reads;
use crate::rng::{Rng, Stream};

/// Draws for a plan that has all its clocks.
pub fn draw(seed: u64, plan: &mut Plan, config: &Config) {
    let mut rng = Rng::new(seed, Stream::Reads);
    let own = rng.chance(config.own_reads);
    let reads = rng.pick(&[Reads::Log, Reads::ReadIndex, Reads::Lease, Reads::Lease]);
    let by_followers = rng.chance(50);
    let broken = rng.chance(config.broken_leases);
    let more = rng.pick(&[1, 1, 4, 10]);
    if !own {
        return;
    }
    plan.raft.reads = Some(reads);
    plan.clients.mix.get *= more;
    if reads != Reads::Log {
        plan.raft.follower_reads = Some(by_followers);
    }
    if reads == Reads::Lease {
        // As tight as clocks allow, so that each nanosecond counts; or tighter than that.
        let drift = plan.drift_ppm();
        plan.raft.drift_bound_ppm = Some(if broken { drift / 2 } else { drift });
    }
}
