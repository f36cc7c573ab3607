//! What a run is measured by: the names of the metrics, their units, and the bounds that a scenario may set on them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::problem::{Checked, problem};
use crate::plan::table::table;
use crate::time::{Share, Span};

/// How much of something there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// How often, or how many.
    Count(u64),
    /// How many of all.
    Share(Share),
    /// How long.
    Span(Span),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Count(count) => count.fmt(f),
            Amount::Share(share) => share.fmt(f),
            Amount::Span(span) => span.fmt(f),
        }
    }
}

impl From<u64> for Amount {
    fn from(count: u64) -> Amount {
        Amount::Count(count)
    }
}

impl From<Share> for Amount {
    fn from(share: Share) -> Amount {
        Amount::Share(share)
    }
}

impl From<Span> for Amount {
    fn from(span: Span) -> Amount {
        Amount::Span(span)
    }
}

/// The least and the most that there may be of something. One of them at least is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bounds{T}")]
pub struct Bounds<T> {
    /// At least so much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<T>,
    /// At most so much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<T>,
}

impl<T: Copy + PartialOrd + fmt::Display> Bounds<T> {
    /// Refuses bounds that say nothing, or that nothing can keep.
    pub(super) fn check(&self, path: &str) -> Checked {
        match (self.min, self.max) {
            (None, None) => Err(problem(path, "bounds need `min`, `max` or both")),
            (Some(min), Some(max)) if min > max => {
                Err(problem(path, format!("nothing is at least {min} and at most {max}")))
            }
            _ => Ok(()),
        }
    }
}

/// The bounds on one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricBounds {
    /// What is bounded.
    pub metric: Metric,
    /// At least so much.
    pub min: Option<Amount>,
    /// At most so much.
    pub max: Option<Amount>,
}

/// Makes the metrics and the table of their bounds from one list.
macro_rules! metrics {
    ($($(#[doc = $about:literal])+ $key:ident $variant:ident: $unit:ty;)+) => {
        /// A number that tells how a run went for those who use the cluster and those who operate it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Metric { $($(#[doc = $about])+ $variant,)+ }

        impl Metric {
            /// All of them.
            pub const ALL: &'static [Metric] = &[$(Metric::$variant,)+];

            /// The name in files.
            pub const fn name(self) -> &'static str {
                match self { $(Metric::$variant => stringify!($key),)+ }
            }

            /// What it is.
            pub fn about(self) -> &'static str {
                match self { $(Metric::$variant => concat!($($about),+).trim_ascii(),)+ }
            }
        }

        table! {
            /// Bounds on the metrics of a run (`squall run --metrics`), each as in `latency_p99 = { max = "500ms" }`.
            pub struct ExpectMetrics {
                $($(#[doc = $about])+ $key: Option<Bounds<$unit>>,)+
            }
        }

        impl ExpectMetrics {
            /// The metrics that have bounds.
            pub fn bounds(&self) -> impl Iterator<Item = MetricBounds> {
                let all = [$(self.$key.map(|bounds| MetricBounds {
                    metric: Metric::$variant,
                    min: bounds.min.map(Amount::from),
                    max: bounds.max.map(Amount::from),
                }),)+];
                all.into_iter().flatten()
            }

            pub(super) fn check(&self, path: &str) -> Checked {
                $(if let Some(bounds) = &self.$key {
                    bounds.check(&format!("{path}/{}", stringify!($key)))?;
                })+
                Ok(())
            }
        }
    };
}

metrics! {
    /// Operations that clients began.
    requests Requests: u64;
    /// Operations that clients gave up after their last try. Whether they were done is not known.
    given_up GivenUp: u64;
    /// How many of the operations were given up.
    given_up_share GivenUpShare: Share;
    /// Operations that were neither answered nor given up when the run ended.
    unanswered Unanswered: u64;
    /// How often clients asked: each operation is tried once or more.
    tries Tries: u64;
    /// Tries that a node refused, or that ran out of time.
    failed_tries FailedTries: u64;
    /// How many of the tries failed.
    failed_tries_share FailedTriesShare: Share;
    /// Half of the answers came within this time. It counts from an operation's first try.
    latency_p50 LatencyP50: Span;
    /// Nine of ten answers came within this time.
    latency_p90 LatencyP90: Span;
    /// 99 % of the answers came within this time.
    latency_p99 LatencyP99: Span;
    /// The longest time that an answer took.
    latency_max LatencyMax: Span;
    /// Answers in a second of virtual time, from the first question to the end of the run, rounded down.
    throughput Throughput: u64;
    /// The longest time without an answer after a question: from an answer, or from the first question after it if nobody waited then, to
    /// the next one.
    stall Stall: Span;
    /// How long nobody led, in all. A leader leads while it runs as one, nobody was elected in a later term, and no majority of the voters
    /// is in a later term.
    leaderless Leaderless: Span;
    /// The longest time in a row in which nobody led.
    leaderless_longest LeaderlessLongest: Span;
    /// How often a node stood for election, itself or asked by its leader.
    elections Elections: u64;
    /// The most entries by which a member's commit index was behind the cluster's.
    lag_entries LagEntries: u64;
    /// The longest time that a member's commit index was behind the cluster's.
    lag Lag: Span;
    /// What nodes sent each other, in bytes.
    bytes Bytes: u64;
    /// What of it leaders sent with entries and heartbeats.
    append_bytes AppendBytes: u64;
    /// What of it leaders sent of snapshots.
    snapshot_bytes SnapshotBytes: u64;
    /// Writes that clients heard to be done and that are gone: other entries were applied in their place, or no log reaches them at the
    /// end.
    lost_writes LostWrites: u64;
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
