//! What a plan asks of raft-rs: squall's options in the library's words, and the options that the library has beside them.

use raft::{Config as RaftConfig, ReadOnlyOption};

use crate::config::{Config, Reads};
use crate::guest::{Feature, GuestOption, GuestOptions, Setup};
use crate::time::Span;

/// The guest's name.
pub const NAME: &str = "raft-rs";

/// What raft-rs 0.7.0 lacks, or cannot switch by itself. `docs/guests/raft-rs.md` has the reasons.
pub const LACKS: &[Feature] = &[
    Feature::VoteLease,
    Feature::Batching,
    Feature::DiskFirst,
    Feature::ByteWindow,
    // Configurations take effect when they are applied, which oracles do not know of yet.
    Feature::SingleChange,
    Feature::JointConsensus,
    Feature::Learners,
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

/// The options of raft-rs's `Config` for which squall has no key, and those of this adapter; random plans draw them all.
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
    .collect()
}

/// The options of this adapter, and raft-rs's own, as a node has them.
#[derive(Clone)]
pub struct Options {
    /// Whether a `Ready` is taken while writes of the one before are on their way to the disk.
    pub asynchronous: bool,
    /// How long a tick is.
    pub tick: Span,
    /// All that raft-rs wants to be told.
    pub raft: RaftConfig,
}

fn word<'o>(options: &'o GuestOptions, name: &str) -> &'o str {
    options.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

/// How many ticks a span takes, rounded up.
fn ticks(span: Span, tick: Span) -> usize {
    span.0.div_ceil(tick.0) as usize
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
        Options { asynchronous: word(own, "persistence") != "in-order", tick, raft }
    }

    /// How many ticks stand for an election timeout that was drawn.
    pub fn election_ticks(&self, timeout: Span) -> usize {
        let (min, max) = (self.raft.min_election_tick, self.raft.max_election_tick);
        ticks(timeout, self.tick).clamp(min, max - 1)
    }
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
