//! What a run did not judge, or not decide: from when, until when, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Term;
use crate::property::Property;
use crate::time::Time;

/// Properties that were asked for and not judged, or not decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Which.
    pub properties: Vec<Property>,
    /// From when on, in virtual time.
    pub from: Time,
    /// Until when; none if to the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// Why properties were not judged, or not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the line of a reason says what its field is")]
pub enum Why {
    /// The plan destroyed disks, so that no Raft can keep them.
    Disks,
    /// The plan had a node make some nodes the only members, whatever the others say.
    Forced,
    /// The plan destroyed votes: two leaders of one term up to this one are nobody's fault.
    Votes { upto: Term },
    /// Clocks drift by more than leases bear, so that reads are not judged.
    Drift,
    /// Machines are suspended, and their clocks with them, so that reads by a lease are not judged.
    Suspended,
    /// Nodes take what reached them when their disk is done, so that nobody knows when they heard what.
    Loop,
    /// A limit of the search came before a verdict on so many keys.
    Search { keys: u64 },
    /// The run ended before the cluster had come back to life, and before it could be said that it does not. This horizon would be
    /// enough, unless a node goes on catching up.
    Horizon { enough: Time },
    /// The core that the plan names by number was no majority of so many voters when faults ended, so that it could elect nobody.
    Core { voters: u8 },
    /// The run came to its limit of events.
    Events { max: u64 },
    /// More events waited at once than this, which is as many as a run may have.
    Waiting { max: u64 },
    /// Somebody ended the run, or limited its time.
    Interrupted,
}

impl Why {
    /// Whether the plan asked for something that was not decided. What the plan itself took away is not judged, but not undecided.
    pub fn is_undecided(self) -> bool {
        match self {
            Why::Disks | Why::Forced | Why::Votes { .. } => false,
            Why::Drift | Why::Suspended | Why::Loop => false,
            Why::Search { .. } | Why::Horizon { .. } | Why::Core { .. } => true,
            Why::Events { .. } | Why::Waiting { .. } | Why::Interrupted => true,
        }
    }
}

/// In a sentence without its full stop, as in `liveness is undecided: ...`.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.properties.iter().map(|property| property.name()).collect();
        let (last, others) = names.split_last().unwrap_or((&"nothing", &[]));
        let names = match others {
            [] => (*last).to_owned(),
            others => format!("{} and {last}", others.join(", ")),
        };
        let is = if others.is_empty() { "is" } else { "are" };
        let from = self.from;
        let all = |why: &str| format!("all is undecided from {from} s on: {why}");
        let sentence = match self.why {
            Why::Disks | Why::Forced => {
                let until = self.until.map_or("on".into(), |until| format!("to {until} s"));
                let what = match self.why {
                    Why::Forced => "members were forced on the others",
                    _ => "a disk was destroyed",
                };
                format!("from {from} s {until} {names} {is} not judged: {what}")
            }
            Why::Votes { upto } => format!(
                "from {from} s on {names} is not judged in terms up to {upto}: votes were destroyed"
            ),
            Why::Drift => {
                format!("{names} of reads is not judged: clocks drift by more than leases bear")
            }
            Why::Suspended => format!(
                "{names} of reads is not judged: machines are suspended, and a lease goes by a clock that stood still"
            ),
            Why::Loop => format!(
                "{names} {is} not judged: nodes take what reached them when their disk is done (waits_for_disk), which no record tells"
            ),
            Why::Search { keys } => {
                let of = if keys == 1 { "one key".into() } else { format!("{keys} keys") };
                format!("{names} of {of} is undecided: a limit of the search came before a verdict")
            }
            Why::Horizon { enough } => format!(
                "{names} is undecided: the cluster had not come back to life at the end of the run, and may yet; set horizon = \"{enough}s\" \
                 or later"
            ),
            Why::Core { voters } => format!(
                "{names} is undecided: when faults ended, the core that the plan names was no majority of the {voters} voters"
            ),
            Why::Events { max } => all(&format!("the run came to its limit of {max} events")),
            Why::Waiting { max } => all(&format!("more than {max} events wait at once")),
            Why::Interrupted => all("the run was ended before its horizon"),
        };
        f.write_str(&sentence)
    }
}

/// In how many runs not all was judged, or decided, and why.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct GapCounts {
    /// Runs in which something was not decided.
    pub undecided: u64,
    /// Of these: a limit of the search for an order of operations came first.
    pub search: u64,
    /// The horizon came before a verdict on liveness.
    pub horizon: u64,
    /// The nodes that a plan names to come back to life were no majority.
    pub core: u64,
    /// A limit of events came first.
    pub events: u64,
    /// Somebody ended the run.
    pub interrupted: u64,
    /// Runs in which the plan took away what some property rests on.
    pub not_judged: u64,
    /// Of these: disks or votes were destroyed.
    pub disks: u64,
    /// Clocks drift by more than leases bear, or stood still.
    pub drift: u64,
    /// The loops of nodes wait for their disks.
    pub loops: u64,
}

impl GapCounts {
    /// Of one run.
    pub fn of(gaps: &[Gap]) -> GapCounts {
        let any = |is: &dyn Fn(Why) -> bool| u64::from(gaps.iter().any(|gap| is(gap.why)));
        GapCounts {
            undecided: any(&Why::is_undecided),
            search: any(&|why| matches!(why, Why::Search { .. })),
            horizon: any(&|why| matches!(why, Why::Horizon { .. })),
            core: any(&|why| matches!(why, Why::Core { .. })),
            events: any(&|why| matches!(why, Why::Events { .. } | Why::Waiting { .. })),
            interrupted: any(&|why| why == Why::Interrupted),
            not_judged: any(&|why| !why.is_undecided()),
            disks: any(&|why| matches!(why, Why::Disks | Why::Forced | Why::Votes { .. })),
            drift: any(&|why| matches!(why, Why::Drift | Why::Suspended)),
            loops: any(&|why| why == Why::Loop),
        }
    }

    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &GapCounts) {
        let sums = [
            (&mut self.undecided, other.undecided),
            (&mut self.search, other.search),
            (&mut self.horizon, other.horizon),
            (&mut self.core, other.core),
            (&mut self.events, other.events),
            (&mut self.interrupted, other.interrupted),
            (&mut self.not_judged, other.not_judged),
            (&mut self.disks, other.disks),
            (&mut self.drift, other.drift),
            (&mut self.loops, other.loops),
        ];
        sums.into_iter().for_each(|(own, more)| *own = own.saturating_add(more));
    }

    /// In words: one line for what was not decided, and one for what was not judged; none where there is nothing to say.
    pub fn lines(&self) -> Vec<String> {
        let sum = |runs: u64, what: &str, parts: &[(u64, &str)]| {
            let parts = parts.iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = parts.map(|(count, why)| format!("{count} {why}")).collect();
            (runs > 0).then(|| format!("{runs} runs {what}: {}", parts.join(", ")))
        };
        let undecided = [
            (self.search, "for the limits of the search for an order of operations"),
            (self.horizon, "whose horizon came before a verdict on liveness"),
            (self.core, "whose core was no majority"),
            (self.events, "for a limit of events"),
            (self.interrupted, "that were ended"),
        ];
        let not_judged = [
            (self.disks, "whose disks or majority the plan destroyed"),
            (self.drift, "whose clocks drift by more than leases bear, or stood still"),
            (self.loops, "whose nodes take nothing while their disks are busy"),
        ];
        let lines = [
            sum(self.undecided, "are undecided", &undecided),
            sum(self.not_judged, "are not judged in part", &not_judged),
        ];
        lines.into_iter().flatten().collect()
    }
}
