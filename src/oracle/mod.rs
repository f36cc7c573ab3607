//! Oracles judge a run after every event. They see records and nothing else, so they share no bug with the Raft under
//! test.
//!
//! [`shadow`] rebuilds every node's log from records. [`election`], [`log`] and [`commit`] judge what a record changed, in constant
//! time for each changed entry: the cost does not grow with logs or with time. [`situations`] names what a run got into.

pub mod commit;
pub mod election;
pub mod log;
pub mod shadow;
pub mod situations;
pub mod violation;

pub use shadow::{Change, Place, Shadow};
pub use situations::Situations;
pub use violation::Violation;

use crate::property::Property;
use crate::record::{Kind, Record};

/// All oracles over one shadow.
#[derive(Debug)]
pub struct Oracles {
    shadow: Shadow,
    elections: election::Elections,
    commits: commit::Commits,
    judged: u16,
}

/// What no Raft can promise once a disk was destroyed: a vote or a copy is gone that others counted on.
const NEEDS_DISKS: [Property; 5] = [
    Property::ElectionSafety,
    Property::LogMatching,
    Property::LeaderCompleteness,
    Property::StateMachineSafety,
    Property::Durability,
];

impl Oracles {
    /// Oracles for a cluster of so many nodes, judging these properties.
    pub fn new(nodes: u8, judge: &[Property]) -> Oracles {
        Oracles {
            shadow: Shadow::new(nodes),
            elections: election::Elections::new(nodes),
            commits: commit::Commits::new(nodes),
            judged: judge.iter().fold(0, |bits, property| bits | 1 << *property as u16),
        }
    }

    /// The cluster as records tell of it.
    pub fn shadow(&self) -> &Shadow {
        &self.shadow
    }

    /// What is committed.
    pub fn commits(&self) -> &commit::Commits {
        &self.commits
    }

    /// Judges a record; says the first property that it violates.
    pub fn observe(&mut self, record: &Record) -> Option<Violation> {
        match record.kind {
            // The most frequent records change nothing that is judged.
            Kind::Send { .. } | Kind::Deliver { .. } | Kind::Timer { .. } => return None,
            Kind::Broken { panicked } => return self.judge(broken(record, panicked)),
            Kind::Wipe => {
                for property in NEEDS_DISKS {
                    self.judged &= !(1 << property as u16);
                }
            }
            _ => {}
        }
        let election = self.elections.observe(record, &self.shadow);
        let change = self.shadow.observe(record);
        let log = log::observe(record, change, &self.shadow);
        let commit = self.commits.observe(record, change, &self.shadow);
        [election, log, commit].into_iter().flatten().find_map(|violation| self.judge(violation))
    }

    fn judge(&self, violation: Violation) -> Option<Violation> {
        (self.judged & (1 << violation.property as u16) != 0).then_some(violation)
    }
}

fn broken(record: &Record, panicked: bool) -> Violation {
    let what = if panicked { "panicked" } else { "broke the contract with its host" };
    let node = record.node.map_or_else(String::new, |node| node.to_string());
    Violation::new(Property::Contract, record, format!("{node} {what}."), [])
}
