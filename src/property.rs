//! The properties that squall judges, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::named::{by_name, kebab};

/// A row for each property: a variant, what must hold in one sentence, and what the paper asks for.
macro_rules! properties {
    ($($(#[$doc:meta])+ $property:ident: $sentence:literal $rule:literal;)+) => {
        /// A property that must hold: after every event, and liveness in the end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Property { $($(#[$doc])+ $property,)+ }

        /// All of them, and last that of a run's own checks.
        const EVERY: [Property; 20] = [$(Property::$property),+];

        impl Property {
            /// The name in scenario files and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Property::$property => kebab!($property),)+ }
            }

            /// The property in one sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Property::$property => $sentence,)+ }
            }

            /// What the paper asks for, with its section, in our words.
            pub const fn rule(self) -> &'static str {
                match self { $(Property::$property => $rule,)+ }
            }
        }
    };
}

properties! {
    /// At most one leader is elected in a term, and it is elected once (Figure 3).
    ElectionSafety: "At most one leader is elected in a term."
        "5.2: who wins a term has the votes of a majority, and each server has one vote in it, so that a term has one leader at most.";
    /// A leader never removes or overwrites entries of its own log (Figure 3).
    LeaderAppendOnly: "A leader never removes or overwrites entries of its own log."
        "5.3: a leader only adds to its own log; it is followers who give way to it.";
    /// Logs with an entry of the same index and term are the same up to it (Figure 3).
    LogMatching: "Two logs that hold an entry of the same index and term are the same up to it."
        "5.3: a follower accepts entries only where index and term of the entry before them are those of the leader, and removes what \
         conflicts.";
    /// A committed entry is in the log of every leader of a later term (Figure 3).
    LeaderCompleteness: "A committed entry is in the log of every leader of a later term."
        "5.4: only a candidate whose log is as up to date as those of a majority may win, and only entries of the leader's own term are \
         committed by counting.";
    /// No two nodes commit or apply different entries at one index, and each applies in order, without a gap (Figure 3).
    StateMachineSafety: "No two nodes commit or apply different entries at one index, and each applies in order."
        "5.3, 5.4.3: only committed entries are applied, by all servers in the order of the log.";
    /// A committed entry is on the disks of a majority, from the moment it is first reported committed.
    Durability: "A committed entry is on the disks of a majority, and stays there."
        "5.3, Figure 2: an entry is committed when a majority has stored it, and what is persistent is on stable storage before a server \
         answers.";
    /// When an entry is committed, nobody who lacks it could be elected (5.4.2, 5.4.3).
    SafeCommit: "When an entry is committed, nobody who lacks it could be elected."
        "5.4.2: a leader commits by counting only entries of its own term; older ones come with them.";
    /// A node gives at most one vote per term, on its disk and in its messages, over all its lives (5.2).
    OneVote: "A node gives at most one vote per term, on disk and in messages, over all its lives."
        "5.2: each server votes for at most one candidate in a given term, first come, first served; its vote survives a restart (Figure \
         2).";
    /// A node's term never goes back, over all its lives (5.1).
    MonotonicTerm: "A node's term never goes back, over all its lives."
        "5.1: a server's term only grows, and it is persistent (Figure 2).";
    /// A node's commit index never goes back within one life, and is never past its log.
    MonotonicCommit: "A node's commit index never goes back in one life, and is never past its log."
        "Figure 2: the commit index only grows, and not past the last new entry.";
    /// A node does not panic, and keeps the contract with its host.
    Contract: "A node does not panic, and keeps the contract with its host."
        "Figure 2: a server that answers in ways the paper does not have is not a Raft server.";
    /// What clients hear of each key is what they could hear if each operation took effect at one moment between its first try and its
    /// answer (section 8).
    Linearizability: "Each operation takes effect at one moment between its first try and its answer."
        "8: each operation appears to execute instantaneously, exactly once, at some point between its invocation and its response.";
    /// A request that is made in a session takes effect at most once, and the requests of a session in order (thesis 6.3); no node
    /// carries an entry out twice.
    ExactlyOnce: "A request takes effect at most once, and one that is answered did; those of a session in order."
        "8, thesis 6.3: the state machine tracks the latest serial number processed for each client, with the response; a request already \
         executed is answered without executing it again.";
    /// A snapshot holds exactly the committed entries up to its end, and a log gives way only to a durable one (section 7).
    Snapshot: "A snapshot holds exactly what is committed up to its end, and a log gives way only to a durable one."
        "7: a snapshot replaces committed entries that the state machine has applied, and a log is discarded once the snapshot is on \
         stable storage.";
    /// At most one change of the members is not committed, quorums before and after it have a node in common, and a leader that is not in
    /// the committed configuration leaves (thesis 4.1, 4.2.2).
    Configuration: "One change of the members at a time, with quorums that meet, and a leader that is removed leaves."
        "Thesis 4.1, 4.2.2: a server is added or removed when the change before is committed, so that majorities of old and new overlap; \
         a leader that is removed steps down once that is committed.";
    /// A leader with check-quorum that hears no majority of its voters leads no more, and one that hears it is not deposed by that (thesis
    /// 6.2).
    CheckQuorum: "A leader that hears no majority of its voters leads no more, and one that hears it leads on."
        "Thesis 6.2: a leader steps down if an election timeout elapses without a round of heartbeats that a majority of its cluster \
         answered.";
    /// Who promised a leader to elect nobody else keeps that promise (thesis 4.2.3, 6.4.1).
    Promises: "Who promised a leader to elect nobody else keeps the promise."
        "Thesis 4.2.3, 6.4.1, 9.6: a server that hears from its leader within the minimum election timeout neither updates its term for a \
         candidate nor grants it its vote, unless the leader asked for the election.";
    /// A read that leaves no entry is answered by right of a round, a lease, or a leader's word (thesis 6.4).
    ReadRights: "A read that leaves no entry is answered by right of a round, a lease or a leader's word."
        "Thesis 6.4: the leader saves its commit index once it has committed an entry of its term, has a majority answer a round of \
         heartbeats that it sends then, or has such answers that are young enough, and waits until it has applied so far.";
    /// Once faults are over, a leader is elected and stays, requests are answered, and nodes catch up (5.6).
    Liveness: "Once faults are over, a leader is elected and stays, requests are answered, and nodes catch up."
        "5.6, thesis 2.1: the system is available as long as a majority of servers is up and can communicate, and messages are much \
         quicker than election timeouts.";
    /// A check of one's own holds (see [`Checker`](crate::oracle::Checker)). It is judged where a run has such checks.
    OwnCheck: "A check of one's own holds."
        "The check itself says what must hold.";
}

impl Property {
    /// All of squall's own, in the order in which they are judged.
    pub const ALL: [Property; 19] = *EVERY.first_chunk().expect("there are as many");
}

by_name!(Property, |text: &str, names: &[&str]| {
    format!("there is no property `{text}`; the properties are {}", names.join(", "))
});

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
