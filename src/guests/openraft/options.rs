//! What a plan asks of openraft: squall's options in the library's words, and the options that the library has beside them.

use std::time::Duration;

use openraft::{Config as RaftConfig, SnapshotPolicy};

use super::versions::{Newer, with_newer_options};
use crate::config::{Config, Reads};
use crate::guest::{Feature, GuestOption, GuestOptions, Setup};
use crate::log::Entry;
use crate::time::Span;

/// The guest's name.
pub const NAME: &str = "openraft";

/// What openraft lacks, what cannot be switched, and what this adapter has no key for. `docs/guests/openraft.md` has the reasons.
pub const LACKS: &[Feature] = &[
    Feature::CheckQuorum,
    Feature::VoteLease,
    Feature::Priorities,
    Feature::Forwarding,
    Feature::Pipelining,
    Feature::DiskFirst,
    Feature::ByteWindow,
    Feature::FollowerReads,
    Feature::LostWrites,
];

/// The options of openraft's `Config` for which squall has no key, and those of this adapter. Random plans draw all of them.
pub fn own_options() -> Vec<GuestOption> {
    [
        ("broadcast_submitted_on_append", &["off", "on"] as &[&str]),
        // In which order writes are reported that became durable together: a log store may report them in any.
        ("completion", &["in-order", "newest-first"]),
        ("heartbeat_min_interval", &["off", "on"]),
        ("purge_batch_size", &["1", "16"]),
        ("quorum_loss_probe", &["off", "on"]),
        ("replication_lag_threshold", &["default", "few"]),
    ]
    .into_iter()
    .map(|(name, values)| GuestOption::drawn(name, values))
    .collect()
}

/// The options of this adapter, and openraft's own, as a node has them.
#[derive(Clone, Debug)]
pub struct Options {
    pub raft: RaftConfig,
    /// How many entries one message carries at most.
    pub entries_per_append: usize,
    /// How long the answer to entries is waited for at least.
    pub patience: Duration,
    /// How long after it heard of a leader a node names it to clients.
    pub hint_nanos: u64,
    /// Whether of writes that became durable together the newest is reported first.
    pub newest_first: bool,
    pub reads: Reads,
}

fn word<'o>(options: &'o GuestOptions, name: &str) -> &'o str {
    options.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

const MILLISECOND: u64 = 1_000_000;

/// Whole milliseconds, rounded down, one at least.
fn millis(span: Span) -> u64 {
    (span.0 / MILLISECOND).max(1)
}

impl Options {
    /// What the plan asks of this node. openraft counts in milliseconds.
    ///
    /// # Panics
    ///
    /// If openraft finds its configuration unsound.
    pub fn of(setup: &Setup<'_>) -> Options {
        let (config, own) = (&setup.config, setup.options);
        let heartbeat = millis(config.heartbeat_interval.from);
        let from = millis(config.election_timeout.from).max(heartbeat + 1);
        let to = config.election_timeout.to.0.div_ceil(MILLISECOND).max(from + 1);
        let entries = entries_per_append(config);
        // A heartbeat that follows upon entries may be left out, as long as followers hear something in time.
        let spare = from.saturating_sub(heartbeat + heartbeat * 13 / 64 + 2);
        let min_interval = if word(own, "heartbeat_min_interval") == "on" { spare / 2 } else { 0 };
        let raft = RaftConfig {
            heartbeat_interval: heartbeat,
            election_timeout_min: from,
            election_timeout_max: to,
            // A snapshot is written before it is answered.
            install_snapshot_timeout: to,
            max_payload_entries: entries as u64,
            snapshot_policy: match config.snapshot_every {
                0 => SnapshotPolicy::Never,
                every => SnapshotPolicy::LogsSinceLast(every),
            },
            max_in_snapshot_log_to_keep: config.snapshot_trailing,
            purge_batch_size: word(own, "purge_batch_size").parse().unwrap_or(1),
            replication_lag_threshold: match word(own, "replication_lag_threshold") {
                "few" => 2 * config.snapshot_every.max(1),
                _ => RaftConfig::default().replication_lag_threshold,
            },
            enable_pre_vote: Some(config.elections.pre_vote),
            api_batch_linger_ms: config.batch_delay.0.div_ceil(MILLISECOND),
            ..RaftConfig::default()
        };
        let newer = Newer {
            heartbeat_min_interval: min_interval,
            quorum_loss_probe: word(own, "quorum_loss_probe") == "on",
            broadcast_submitted: word(own, "broadcast_submitted_on_append") == "on",
        };
        Options {
            raft: with_newer_options(raft, &newer).validate().expect("the configuration is sound"),
            entries_per_append: entries,
            patience: Duration::from_nanos(config.election_timeout.from.0 / 2),
            hint_nanos: config.election_timeout.to.0,
            newest_first: word(own, "completion") == "newest-first",
            reads: config.reads,
        }
    }
}

/// How many entries one message carries: that many, or as many as squall's bytes allow.
fn entries_per_append(config: &Config) -> usize {
    let entries = u64::from(config.entries_per_append);
    let by_bytes = match config.bytes_per_append {
        0 => entries,
        bytes => (bytes / Entry::BYTES).max(1),
    };
    entries.min(by_bytes) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::plan::swarm::{self, draw_with};

    #[test]
    fn openraft_takes_what_every_random_plan_asks() {
        for seed in 1..=500 {
            let mut plan = draw_with(seed, &swarm::Config::default());
            plan.draw_guest_options(&own_options());
            let (id, nodes) = (NodeId::new(1), plan.voters());
            let (config, options) = (plan.config_of(id), &plan.guest.options);
            Options::of(&Setup { id, nodes, voters: nodes, config, options });
        }
    }
}
