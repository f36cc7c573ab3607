//! What a plan asks of raft-rs: squall's options in the library's words, and the options that the library has beside them.

use raft::{Config as RaftConfig, ReadOnlyOption};

use crate::config::{Config, Reads};
use crate::guest::{Configures, Feature, GuestOption, GuestOptions, Setup};
use crate::guests::export::Description;
use crate::time::Span;

/// The guest's name.
pub const NAME: &str = "raft-rs";

/// What raft-rs 0.7.0 lacks, or cannot switch by itself. `docs/guests/raft-rs.md` has the reasons.
pub const LACKS: &[Feature] = &[
    Feature::VoteLease,
    Feature::Batching,
    Feature::DiskFirst,
    Feature::ByteWindow,
    Feature::LostWrites,
];

/// What an entry of squall's takes in raft-rs's counting, in bytes: 29 of content, and term, index and lengths.
const ENTRY_BYTES: u64 = 36;
/// What counts of it towards what is uncommitted.
const DATA_BYTES: u64 = crate::payload::PAYLOAD_BYTES as u64;
/// No limit, in raft-rs's words.
const NO_LIMIT: u64 = u64::MAX;
/// How many entries may be uncommitted at the least limit that is drawn.
const UNCOMMITTED_MIN: u64 = 8;
/// How many entries one `Ready` has for the state machine at the middle limit that is drawn.
const COMMITTED_FEW: u64 = 4;

/// The options of raft-rs's `Config` for which squall has no key, and those of this adapter. Random plans draw all but the last three.
pub fn own_options() -> Vec<GuestOption> {
    [
        // Whether the next `Ready` is taken before the write of the one before is durable.
        ("persistence", &["async", "in-order"] as &[&str]),
        // `Config::heartbeat_tick`: how many ticks there are between two heartbeats.
        ("heartbeat_tick", &["1", "2", "5"]),
        ("skip_bcast_commit", &["off", "on"]),
        ("batch_append", &["off", "on"]),
        ("max_committed_size_per_ready", &["unlimited", "few", "one"]),
        ("max_uncommitted_size", &["unlimited", "tight"]),
    ]
    .into_iter()
    .map(|(name, values)| GuestOption::drawn(name, values))
    // What other hosts do, or what squall may look at: random plans leave it alone.
    .chain([
        // Whether a leader's progress is looked at after each step: 0.7.0 is known to fail, and to do no harm.
        GuestOption::new("check_progress", &["off", "on"]),
        // Whether all that is written is waited for, or only what `Ready::must_sync` asks for.
        GuestOption::new("sync", &["all", "must-sync"]),
        // Whether a read that is not answered is asked for again.
        GuestOption::new("ask_again", &["on", "off"]),
    ])
    .collect()
}

/// What a module of this adapter says of itself, with raft-rs in this version.
pub fn describe(name: &str, version: &str) -> Description {
    let mut description = Description::new(name, version);
    description.lacks = LACKS.iter().copied().collect();
    description.configures = Configures::OnApply;
    for GuestOption { name, values, drawn } in own_options() {
        // Random plans draw whatever has values to draw from.
        description.options.insert(name, if drawn { values } else { Vec::new() });
    }
    description
}

/// The options of this adapter, and raft-rs's own, as a node has them.
#[derive(Clone)]
pub struct Options {
    /// Whether a `Ready` is taken while writes of the one before are on their way to the disk.
    pub asynchronous: bool,
    /// Whether it is checked that a leader sends each node what comes behind what it is known to have.
    pub check_progress: bool,
    /// Whether a node waits for whatever it writes, or only for what raft-rs says must be on the disk.
    pub syncs_all: bool,
    /// Whether reads are asked for again.
    pub asks_again: bool,
    /// How long a leader's tick is: where there are leases, shorter by what one clock may run faster than another.
    pub leader_tick: Span,
    /// How long a tick of another node is at least.
    tick: Span,
    /// All that raft-rs wants to be told.
    pub raft: RaftConfig,
}

fn word<'o>(options: &'o GuestOptions, name: &str) -> &'o str {
    options.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

/// How many ticks there are within a span.
fn ticks(span: Span, tick: Span) -> usize {
    (span.0 / tick.0) as usize
}

impl Options {
    /// What the plan asks of this node.
    pub fn of(setup: &Setup<'_>) -> Options {
        let (config, own) = (&setup.config, setup.options);
        let heartbeat_tick: u64 = word(own, "heartbeat_tick").parse().unwrap_or(1);
        let tick = Span((config.heartbeat_interval.from.0 / heartbeat_tick).max(1));
        let elections = config.elections;
        let heartbeat_tick = heartbeat_tick as usize;
        let election_tick = ticks(config.election_timeout.from, tick).max(heartbeat_tick + 1);
        let max_size_per_msg = message_bytes(config);
        let raft = RaftConfig {
            id: setup.id.number().into(),
            election_tick,
            heartbeat_tick,
            min_election_tick: election_tick,
            max_election_tick: ticks(config.election_timeout.to, tick).max(election_tick) + 1,
            max_size_per_msg,
            max_inflight_msgs: config.appends_in_flight as usize,
            // raft-rs refuses leases without it.
            check_quorum: elections.check_quorum || config.reads == Reads::Lease,
            pre_vote: elections.pre_vote,
            read_only_option: match config.reads {
                Reads::Lease => ReadOnlyOption::LeaseBased,
                Reads::Log | Reads::ReadIndex => ReadOnlyOption::Safe,
            },
            skip_bcast_commit: word(own, "skip_bcast_commit") == "on",
            batch_append: word(own, "batch_append") == "on",
            priority: elections.priority.map_or(0, |priority| priority.own.into()),
            max_uncommitted_size: match word(own, "max_uncommitted_size") {
                "tight" => max_size_per_msg.max(UNCOMMITTED_MIN * DATA_BYTES),
                _ => NO_LIMIT,
            },
            max_committed_size_per_ready: match word(own, "max_committed_size_per_ready") {
                "one" => 0,
                "few" => COMMITTED_FEW * ENTRY_BYTES,
                _ => NO_LIMIT,
            },
            ..RaftConfig::default()
        };
        Options {
            asynchronous: word(own, "persistence") != "in-order",
            check_progress: word(own, "check_progress") == "on",
            syncs_all: word(own, "sync") != "must-sync",
            asks_again: word(own, "ask_again") != "off",
            leader_tick: match config.reads {
                Reads::Lease => by_a_fast_clock(tick, config.drift_bound_ppm),
                Reads::Log | Reads::ReadIndex => tick,
            },
            tick,
            raft,
        }
    }

    /// How many ticks stand for an election timeout that was drawn, and how long these are: never shorter than a leader's, so that no
    /// follower gives a lease up before its leader does.
    pub fn election_ticks(&self, timeout: Span) -> (usize, Span) {
        let (min, max) = (self.raft.min_election_tick, self.raft.max_election_tick);
        let count = ticks(timeout, self.tick).clamp(min, max - 1);
        (count, Span(timeout.0 / count as u64).max(self.tick))
    }
}

/// A span by a clock that runs so much faster, rounded down.
fn by_a_fast_clock(span: Span, ppm: u32) -> Span {
    const MILLION: u128 = 1_000_000;
    Span((u128::from(span.0) * MILLION / (MILLION + u128::from(ppm))).max(1) as u64)
}

/// How many bytes of entries one message carries, as raft-rs counts them: that many entries, or as many as squall's bytes allow.
fn message_bytes(config: &Config) -> u64 {
    let entries = u64::from(config.entries_per_append);
    let by_bytes = match config.bytes_per_append {
        0 => entries,
        bytes => (bytes / crate::log::Entry::BYTES).max(1),
    };
    entries.min(by_bytes).saturating_mul(ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::plan::Plan;
    use crate::plan::swarm::{self, draw_with};

    /// The options of the first node of a random plan.
    fn of(plan: &Plan) -> Options {
        let (id, nodes) = (NodeId::new(1), plan.voters());
        let (config, options) = (plan.config_of(id), &plan.guest.options);
        Options::of(&Setup { id, nodes, voters: nodes, config, options })
    }

    #[test]
    fn raft_rs_takes_what_every_random_plan_asks() {
        for seed in 1..=500 {
            let mut plan = draw_with(seed, &swarm::Config::default());
            plan.draw_guest_options(&own_options());
            let options = of(&plan);
            assert_eq!(options.raft.validate(), Ok(()), "seed {seed}");
        }
    }

    #[test]
    fn ticks_of_a_node_that_waits_are_the_timeout_and_no_shorter_than_a_leaders() {
        for seed in 1..=500 {
            let mut plan = draw_with(seed, &swarm::Config::default());
            plan.draw_guest_options(&own_options());
            let (options, range) = (of(&plan), plan.config().election_timeout);
            for word in [0, u64::MAX / 3, u64::MAX] {
                let timeout = range.pick(word);
                let (count, tick) = options.election_ticks(timeout);
                assert!(tick >= options.leader_tick, "seed {seed}");
                let waits = tick.0 * count as u64;
                let exact = waits.abs_diff(timeout.0) < count as u64;
                assert!(exact || count == options.raft.min_election_tick, "seed {seed}");
            }
        }
    }
}
