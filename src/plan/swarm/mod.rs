//! The swarm: a seed becomes a random plan, section by section, each from a stream of its own. Each plan leaves some kinds of fault out
//! (swarm testing), so that those which stay get room. Faults are correlated as reality's are: they come in bursts between quiet stretches,
//! strike the same nodes again, last about as long as an election, and wait for situations whose windows no random time hits. No bug is
//! named here: the swarm does not know what it looks for.

pub mod config;
pub mod degraded;
pub mod disks;
pub mod elections;
mod leader_flapping;
mod membership;
mod quiet_end;
pub mod reads;
pub mod recovery;
pub mod storm;
mod windows;
mod world;

pub use config::Config;

use crate::plan::{
    Ask, Clients, DiskOptions, Latency, LinkOptions, Mix, NodeOptions, Plan, StateMachine, Trigger,
};
use crate::rng::{Rng, Section, Stream};
use crate::situation::Situation;
use crate::time::{Share, Shift, Span, SpanRange};

use storm::Storm;

/// A random plan. The same seed gives the same plan.
pub fn draw(seed: u64) -> Plan {
    draw_with(seed, &Config::default())
}

/// A random plan from ranges, which must have passed [`Config::check`].
pub fn draw_with(seed: u64, config: &Config) -> Plan {
    let of = |section| Rng::new(seed, Stream::Plan(section));
    let (mut disks, mut faults) = (of(Section::Disks), of(Section::Faults));
    let title = format!("Random plan from seed {seed}");
    let mut plan = Plan { seed, title, judge: config.judge.clone(), ..Plan::default() };
    let unit = draw_cluster(&mut of(Section::Cluster), &mut plan, config);
    plan.network = draw_network(&mut of(Section::Network), unit, config);
    plan.disk = draw_disk(&mut disks, unit, config);
    draw_nodes(&mut of(Section::Nodes), &mut plan, unit, config);
    plan.clients = draw_clients(&mut of(Section::Clients), unit, config);
    plan.faults = Storm::new(&mut faults, &plan, unit, config).draw(&mut faults, plan.horizon);
    degraded::draw(&mut faults, &mut plan, unit, config);
    elections::draw(&mut of(Section::Elections), &mut plan, unit, config);
    membership::draw(&mut of(Section::Members), &mut plan, unit, config);
    // Some plans have nothing so far but reads and what makes them stale.
    let mut windows = reads::draw(&mut of(Section::Reads), &mut plan, unit, config);
    // What comes now depends on whether the cluster must come back to life.
    recovery::draw(&mut of(Section::Ending), &mut plan, unit, config);
    disks::draw(&mut disks, &mut plan, unit, config);
    windows.extend(leader_flapping::draw(&mut faults, &mut plan, unit, config));
    world::draw(&mut of(Section::World), &mut plan, unit, config);
    windows::disturb(&mut of(Section::Windows), &mut plan, &windows, unit, config);
    quiet_end::draw(&mut of(Section::QuietEnd), &mut plan, unit, config);
    plan.leave_out_idle();
    plan
}

/// Draws the nodes, their timings and limits, and how long the run is; gives the lowest election timeout, which is the unit of all
/// times that are drawn.
fn draw_cluster(rng: &mut Rng, plan: &mut Plan, config: &Config) -> Span {
    plan.cluster.nodes = rng.pick(&config.nodes);
    if rng.chance(config.volatile_state_machine) {
        plan.cluster.state_machine = StateMachine::Volatile;
    }
    draw_timing(rng, plan, config);
    let unit = plan.config().election_timeout.from;
    plan.horizon = unit.times(rng.between(config.horizon.0, config.horizon.1));
    if rng.chance(config.snapshots) {
        plan.raft.snapshot_every = Some(rng.pick(&config.snapshot_every));
        plan.raft.snapshot_trailing = Some(rng.pick(&config.snapshot_trailing));
        plan.raft.snapshot_chunk = Some(rng.pick(&config.snapshot_chunk));
    }
    draw_flow(rng, plan, unit, config);
    unit
}

/// When an operator does something: a time in the first three quarters of a run, and one of these moments with a short delay.
fn occasion(rng: &mut Rng, horizon: Span, unit: Span, moments: &[Situation]) -> (Span, Trigger) {
    let at = Span(rng.below(horizon.0 / 4 * 3 + 1));
    let nth_max = rng.pick(&[2, 10, 40]);
    let bound = Span(unit.0 / rng.pick(&[100, 20, 4]));
    let trigger = Trigger {
        situation: rng.pick(moments),
        nth: rng.between(1, nth_max),
        node: None,
        after: Span(rng.below(bound.0 + 1)),
        times: rng.pick(&[1, 1, 3, 10]),
    };
    (at, trigger)
}

/// A random share of a span, in thousandths.
fn share_of(rng: &mut Rng, unit: Span, from: u64, to: u64) -> Span {
    Span(unit.0 * rng.between(from, to) / 1_000)
}

fn draw_timing(rng: &mut Rng, plan: &mut Plan, config: &Config) {
    plan.cluster.profile = rng.pick(&config.profiles);
    if rng.chance(config.own_timing) {
        let base = rng.between(50, 200);
        let width = rng.between(1, 100);
        let timeout = SpanRange::millis(base, base + base * width / 100 + 1);
        let beat = Span(timeout.from.0 / rng.between(2, 10));
        plan.raft.election_timeout = Some(timeout);
        plan.raft.heartbeat_interval = Some(SpanRange::exactly(beat));
    }
    if rng.chance(config.own_batches) {
        plan.raft.entries_per_append = Some(rng.pick(&[1, 1, 2, 8, 64, 1024]));
        plan.raft.appends_in_flight = Some(rng.pick(&[1, 2, 4, 64]));
    }
}

fn draw_flow(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    let share = config.flow_control;
    if rng.chance(share) {
        plan.raft.bytes_per_append = Some(rng.pick(&[1, 64, 256]));
    }
    if rng.chance(share) {
        plan.raft.bytes_in_flight = Some(rng.pick(&[32, 128, 1_024]));
    }
    if rng.chance(share) {
        plan.raft.batch_delay = Some(Span(unit.0 / 1_000 * rng.pick(&[2, 10, 50])));
    }
    if rng.chance(share) {
        plan.raft.parallel_append = Some(false);
    }
    if rng.chance(share) {
        plan.cluster.apply_delay = Span(unit.0 / 1_000 * rng.pick(&[1, 10, 100, 400]));
    }
    if rng.chance(config.disk_loops) {
        plan.raft.waits_for_disk = Some(true);
    }
}

/// A latency whose scale is a part of the election timeout.
fn draw_latency(rng: &mut Rng, unit: Span, percent_max: u64) -> Latency {
    let scale = Span(unit.0 / 400 * rng.between(1, (percent_max * 4).max(2)) + 1_000);
    let slow = scale.times(rng.between(2, 20));
    let share = Share::percent(rng.between(1, 20) as u32);
    match rng.below(6) {
        0 => Latency::Constant(scale),
        1 | 2 => Latency::Uniform(Span(scale.0 / 4), scale.times(2)),
        3 => Latency::LogNormal(scale),
        4 => Latency::HeavyTailed(Span(scale.0 / 3 + 1)),
        _ => Latency::Bimodal(scale, slow, share),
    }
}

fn draw_network(rng: &mut Rng, unit: Span, config: &Config) -> LinkOptions {
    let usual = rng.pick(&config.latency_max);
    let usual = draw_latency(rng, unit, usual);
    let quick = Span(unit.0 / 400 * rng.between(1, 20) + 1_000);
    let late = unit.times(rng.between(1, 8));
    let straggler = Latency::Bimodal(quick, late, Share::percent(rng.between(1, 20) as u32));
    LinkOptions {
        latency: if rng.chance(config.stragglers) { straggler } else { usual },
        loss: rng.pick(&config.loss),
        duplicate: rng.pick(&config.duplicate),
        fifo: rng.chance(15),
        bandwidth: Some(rng.pick(&[50_000, 1_000_000])).filter(|_| rng.chance(5)),
        misdeliver: Share::NEVER,
    }
}

fn draw_disk(rng: &mut Rng, unit: Span, config: &Config) -> DiskOptions {
    let errors = Share(rng.pick(&[1_000, 10_000]));
    DiskOptions {
        write: Latency::Constant(Span::micros(rng.pick(&[0, 10, 100]))),
        fsync: draw_latency(rng, unit, 12),
        errors: if rng.chance(config.disk_errors) { errors } else { Share::NEVER },
        ..DiskOptions::default()
    }
}

fn draw_clients(rng: &mut Rng, unit: Span, config: &Config) -> Clients {
    let weights = [0, 1, 1, 2, 4];
    let mix = Mix {
        get: rng.pick(&weights),
        put: rng.pick(&weights) + 1,
        delete: rng.pick(&weights),
        compare_and_set: rng.pick(&weights),
        append: rng.pick(&weights),
    };
    let mut clients = Clients {
        count: rng.pick(&config.clients),
        think: Latency::Uniform(Span(unit.0 / 100), Span(unit.0 / rng.pick(&[4, 10, 20]))),
        mix,
        keys: rng.pick(&config.keys),
        ask: rng.pick(&[Ask::AnyNode, Ask::SameNode]),
        timeout: Span(unit.0 / 100 * rng.pick(&[5, 25, 50, 100, 200, 300])),
        retry_after: Span(unit.0 / rng.pick(&[2, 10])),
        attempts: rng.pick(&[1, 3, 10]),
        latency: draw_latency(rng, unit, 4),
        ..Clients::default()
    };
    if rng.chance(config.contended) && clients.count > 0 {
        (clients.count, clients.keys) = (rng.pick(&[4, 8, 16]), rng.pick(&[1, 1, 2, 3]));
    }
    if rng.chance(config.sessions) {
        // Mostly room for all; now and then so little that sessions are closed under their clients.
        let room = rng.pick(&[1, 2, 4, 100, 100, 100]);
        clients.sessions = Some((clients.count * room).div_ceil(2).max(1));
    }
    clients
}

fn draw_nodes(rng: &mut Rng, plan: &mut Plan, unit: Span, config: &Config) {
    let clocks = rng.chance(config.clocks);
    for id in plan.node_ids() {
        let mut node = NodeOptions::new(id);
        if clocks {
            node.clock_drift_ppm = draw_drift(rng, config.drift_ppm_max);
            let offset = rng.below(unit.times(20).0) as i64 - unit.times(10).0 as i64;
            node.clock_offset = Shift(offset);
        }
        if rng.chance(5) {
            let fsync = draw_latency(rng, unit, 80);
            node.disk = Some(DiskOptions { fsync, ..plan.disk.clone() });
        }
        if node != NodeOptions::new(id) {
            plan.nodes.push(node);
        }
    }
}

fn draw_drift(rng: &mut Rng, max: i32) -> i32 {
    rng.between(0, 2 * max as u64) as i32 - max
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Profile;
    use crate::plan::validate::validate;

    #[test]
    fn every_seed_gives_a_valid_plan_and_always_the_same() {
        for seed in 0..2_000 {
            let plan = draw(seed);
            assert_eq!(validate(&plan), Ok(()), "seed {seed}");
            assert_eq!(plan, draw(seed));
        }
    }

    #[test]
    fn what_is_chosen_is_kept() {
        let config = Config::default().with_nodes(7).with_profile(Profile::Etcd);
        for seed in 0..50 {
            let plan = draw_with(seed, &config);
            assert_eq!((plan.cluster.nodes, plan.cluster.profile), (7, Profile::Etcd));
            assert_eq!((plan.raft.election_timeout, plan.raft.entries_per_append), (None, None));
            assert_eq!(validate(&plan), Ok(()));
        }
    }

    #[test]
    fn the_widest_ranges_give_valid_plans() {
        let config = Config {
            nodes: (1..=25).collect(),
            horizon: (1, 500),
            latency_max: vec![1, 10_000],
            drift_ppm_max: crate::plan::DRIFT_PPM_MAX,
            faults_max: 1_000,
            ..Config::default()
        };
        assert_eq!(config.check(), Ok(()));
        for seed in 0..500 {
            assert_eq!(validate(&draw_with(seed, &config)), Ok(()), "seed {seed}");
        }
    }
}
