//! The properties that squall judges, by name.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A property that must hold: after every event, and liveness in the end.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Property {
    /// At most one leader is elected in a term, and it is elected once (Figure 3).
    ElectionSafety,
    /// A leader never removes or overwrites entries of its own log (Figure 3).
    LeaderAppendOnly,
    /// Logs with an entry of the same index and term are the same up to it (Figure 3).
    LogMatching,
    /// A committed entry is in the log of every leader of a later term (Figure 3).
    LeaderCompleteness,
    /// No two nodes commit or apply different entries at one index, and each applies in order, without a gap (Figure 3).
    StateMachineSafety,
    /// A committed entry is on the disks of a majority, from the moment it is first reported committed.
    Durability,
    /// When an entry is committed, nobody who lacks it could be elected (5.4.2, 5.4.3).
    SafeCommit,
    /// A node gives at most one vote per term, on its disk and in its messages, over all its lives (5.2).
    OneVote,
    /// A node's term never goes back, over all its lives (5.1).
    MonotonicTerm,
    /// A node's commit index never goes back within one life, and is never past its log.
    MonotonicCommit,
    /// A node does not panic, and keeps the contract with its host.
    Contract,
    /// What clients hear of each key is what they could hear if each operation took effect at one moment between its first try and its
    /// answer (section 8).
    Linearizability,
    /// A request that is made in a session takes effect at most once, and the requests of a session in order (thesis 6.3); no node
    /// carries an entry out twice.
    ExactlyOnce,
    /// A snapshot holds exactly the committed entries up to its end, and a log gives way only to a durable one (section 7).
    Snapshot,
    /// At most one change of the members is not committed, quorums before and after it have a node in common, and a leader that is not in
    /// the committed configuration leaves (thesis 4.1, 4.2.2).
    Configuration,
    /// Once faults are over, a leader is elected and stays, requests are answered, and nodes catch up (5.6).
    Liveness,
    /// A check of one's own holds (see [`Checker`](crate::oracle::Checker)). It is judged where a run has such checks.
    OwnCheck,
}

impl Property {
    /// All of squall's own, in the order in which they are judged.
    pub const ALL: [Property; 16] = [
        Property::ElectionSafety,
        Property::LeaderAppendOnly,
        Property::LogMatching,
        Property::LeaderCompleteness,
        Property::StateMachineSafety,
        Property::Durability,
        Property::SafeCommit,
        Property::OneVote,
        Property::MonotonicTerm,
        Property::MonotonicCommit,
        Property::Contract,
        Property::Linearizability,
        Property::ExactlyOnce,
        Property::Snapshot,
        Property::Configuration,
        Property::Liveness,
    ];

    /// The name in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Property::ElectionSafety => "election-safety",
            Property::LeaderAppendOnly => "leader-append-only",
            Property::LogMatching => "log-matching",
            Property::LeaderCompleteness => "leader-completeness",
            Property::StateMachineSafety => "state-machine-safety",
            Property::Durability => "durability",
            Property::SafeCommit => "safe-commit",
            Property::OneVote => "one-vote",
            Property::MonotonicTerm => "monotonic-term",
            Property::MonotonicCommit => "monotonic-commit",
            Property::Contract => "contract",
            Property::Liveness => "liveness",
            Property::OwnCheck => "own-check",
            Property::Linearizability => "linearizability",
            Property::ExactlyOnce => "exactly-once",
            Property::Snapshot => "snapshot",
            Property::Configuration => "configuration",
        }
    }

    /// The property in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Property::ElectionSafety => "At most one leader is elected in a term.",
            Property::LeaderAppendOnly => {
                "A leader never removes or overwrites entries of its own log."
            }
            Property::LogMatching => {
                "Two logs that hold an entry of the same index and term are the same up to it."
            }
            Property::LeaderCompleteness => {
                "A committed entry is in the log of every leader of a later term."
            }
            Property::StateMachineSafety => {
                "No two nodes commit or apply different entries at one index, and each applies in order."
            }
            Property::Durability => {
                "A committed entry is on the disks of a majority, and stays there."
            }
            Property::SafeCommit => {
                "When an entry is committed, nobody who lacks it could be elected."
            }
            Property::OneVote => {
                "A node gives at most one vote per term, on disk and in messages, over all its lives."
            }
            Property::MonotonicTerm => "A node's term never goes back, over all its lives.",
            Property::MonotonicCommit => {
                "A node's commit index never goes back in one life, and is never past its log."
            }
            Property::Contract => "A node does not panic, and keeps the contract with its host.",
            Property::OwnCheck => "A check of one's own holds.",
            Property::Liveness => {
                "Once faults are over, a leader is elected and stays, requests are answered, and nodes catch up."
            }
            Property::Linearizability => {
                "Each operation takes effect at one moment between its first try and its answer."
            }
            Property::ExactlyOnce => {
                "A request takes effect at most once, and the requests of a session in order."
            }
            Property::Snapshot => {
                "A snapshot holds exactly what is committed up to its end, and a log gives way only to a durable one."
            }
            Property::Configuration => {
                "One change of the members at a time, with quorums that meet, and a leader that is removed leaves."
            }
        }
    }

    /// What the paper asks for, with its section, in our words.
    pub const fn rule(self) -> &'static str {
        match self {
            Property::ElectionSafety => {
                "5.2: who wins a term has the votes of a majority, and each server has one vote in it, so \
                 that a term has one leader at most."
            }
            Property::LeaderAppendOnly => {
                "5.3: a leader only adds to its own log; it is followers who give way to it."
            }
            Property::LogMatching => {
                "5.3: a follower accepts entries only where index and term of the entry before them are those \
                 of the leader, and removes what conflicts."
            }
            Property::LeaderCompleteness => {
                "5.4: only a candidate whose log is as up to date as those of a majority may win, and only \
                 entries of the leader's own term are committed by counting."
            }
            Property::StateMachineSafety => {
                "5.3, 5.4.3: only committed entries are applied, by all servers in the order of the log."
            }
            Property::Durability => {
                "5.3, Figure 2: an entry is committed when a majority has stored it, and what is persistent \
                 is on stable storage before a server answers."
            }
            Property::SafeCommit => {
                "5.4.2: a leader commits by counting only entries of its own term; older ones come with them."
            }
            Property::OneVote => {
                "5.2: each server votes for at most one candidate in a given term, first come, first served; \
                 its vote survives a restart (Figure 2)."
            }
            Property::MonotonicTerm => {
                "5.1: a server's term only grows, and it is persistent (Figure 2)."
            }
            Property::MonotonicCommit => {
                "Figure 2: the commit index only grows, and not past the last new entry."
            }
            Property::Linearizability => {
                "8: each operation appears to execute instantaneously, exactly once, at some point between its \
                 invocation and its response."
            }
            Property::ExactlyOnce => {
                "8, thesis 6.3: the state machine tracks the latest serial number processed for each client, with \
                 the response; a request already executed is answered without executing it again."
            }
            Property::Snapshot => {
                "7: a snapshot replaces committed entries that the state machine has applied, and a log is discarded once \
                 the snapshot is on stable storage."
            }
            Property::Configuration => {
                "Thesis 4.1, 4.2.2: a server is added or removed when the change before is committed, so that majorities of \
                 old and new overlap; a leader that is removed steps down once that is committed."
            }
            Property::Contract => {
                "Figure 2: a server that answers in ways the paper does not have is not a Raft server."
            }
            Property::OwnCheck => "The check itself says what must hold.",
            Property::Liveness => {
                "5.6, thesis 2.1: the system is available as long as a majority of servers is up and can communicate, and \
                 messages are much quicker than election timeouts."
            }
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Property {
    type Err = String;

    fn from_str(text: &str) -> Result<Property, String> {
        Property::ALL.into_iter().find(|property| property.name() == text).ok_or_else(|| {
            let names = Property::ALL.map(Property::name).join(", ");
            format!("there is no property `{text}`; the properties are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_is_the_one_in_files() {
        for property in Property::ALL {
            assert_eq!(property.name().parse(), Ok(property));
            assert_eq!(serde_json::to_value(property).unwrap(), property.name());
        }
    }
}
