//! What is still judged after the plan destroyed what a disk had promised to keep, or had a node force members on the others.
//!
//! A node that lost its vote may vote once more in a term in which it voted, and one that lost entries was counted for copies that are
//! gone. It does so in terms up to the highest that any node had reached when it started again, the *floor*; in every later term it votes
//! and stores as what it is from then on. So:
//!
//! - election safety is judged in terms above the floor; where only a log was destroyed, in all;
//! - log matching is judged no longer: what one node knows to be committed may be gone elsewhere, and entries come to stand behind others;
//! - leader completeness, state-machine safety, durability and safe commits are judged again once a leader of a term above the floor has
//!   committed an entry of such a term behind all that was ever reported as committed: majorities meet again in nodes that keep what
//!   they have. Not so once a term up to the floor had two leaders, or an entry stands behind others than where it stood before;
//! - what clients hear, effects, snapshots, members and liveness rest on what was lost, and are judged no longer.
//!
//! Where members change, a node that lost its log may go by an old configuration, whose majorities meet no others: then none of these is
//! judged any more.

use crate::ids::{NodeSet, Term};
use crate::node::DiskFile;
use crate::oracle::shadow::Shadow;
use crate::property::Property;
use crate::record::{Kind, Record, Remains};
use crate::time::Time;

/// What rests on entries, and is judged again.
const ENTRIES: [Property; 4] = [
    Property::LeaderCompleteness,
    Property::StateMachineSafety,
    Property::Durability,
    Property::SafeCommit,
];
/// What is judged no longer.
const FOR_GOOD: [Property; 6] = [
    Property::LogMatching,
    Property::Liveness,
    Property::Linearizability,
    Property::ExactlyOnce,
    Property::Snapshot,
    Property::Configuration,
];

/// Disks were destroyed.
#[derive(Debug)]
pub struct Destroyed {
    /// When the first was.
    pub since: Time,
    /// Nodes that were hit, and have not started since.
    hit: NodeSet,
    /// The highest term of any node when the last of them started.
    pub floor: Term,
    /// Whether votes may be gone.
    pub votes: bool,
    /// When what rests on entries was judged again; none while it is not.
    pub again: Option<Time>,
    /// When two leaders were elected in a term up to the floor, an entry came to stand behind others, or the members changed: what is in
    /// logs is then known no more.
    tangled: Option<Time>,
    /// Whether that is because the members changed.
    members_changed: bool,
    /// Whether the first thing that was destroyed is the majority, by members that were forced on it.
    pub forced: bool,
}

/// Whether a record destroys a disk, and whether votes go with it. One that stays out afterwards counts as one that is down.
pub fn destroys(kind: &Kind) -> Option<bool> {
    match kind {
        Kind::Wipe { stays_out: false }
        | Kind::Forced { .. }
        | Kind::PutBack { .. }
        | Kind::Crash(Remains { promised: 1.., .. }) => Some(true),
        Kind::Corrupt { what, drops: true, .. } => Some(*what == DiskFile::Vote),
        _ => None,
    }
}

impl Destroyed {
    /// Takes note of a record. `shadow` is as it was before it.
    #[inline]
    pub fn observe(this: &mut Option<Box<Destroyed>>, record: &Record, shadow: &Shadow) {
        let Some(id) = record.node else { return };
        if let Some(votes) = destroys(&record.kind) {
            let forced = matches!(record.kind, Kind::Forced { .. });
            let begin = || Box::new(Destroyed { forced, ..Destroyed::since(record.time) });
            let destroyed = this.get_or_insert_with(begin);
            destroyed.hit.insert(id);
            destroyed.votes |= votes;
            destroyed.again = None;
            if !shadow.configurations.is_fixed() {
                destroyed.tangle(record.time, true);
            }
        }
        let Some(destroyed) = this else { return };
        match record.kind {
            Kind::Boot { .. } if destroyed.hit.contains(id) => {
                destroyed.hit.remove(id);
                let highest = shadow.nodes().map(|(_, node)| node.term).max();
                destroyed.floor = destroyed.floor.max(highest.unwrap_or_default());
                destroyed.again = None;
            }
            Kind::Configure { .. } | Kind::Forced { .. } => destroyed.tangle(record.time, true),
            _ => {}
        }
    }

    fn since(since: Time) -> Destroyed {
        Destroyed {
            since,
            hit: NodeSet::EMPTY,
            floor: Term::ZERO,
            votes: false,
            again: None,
            tangled: None,
            members_changed: false,
            forced: false,
        }
    }

    /// Nobody knows any more who was elected, or what is in logs.
    pub fn tangle(&mut self, now: Time, members_changed: bool) {
        self.tangled.get_or_insert(now);
        self.members_changed |= members_changed;
        self.again = None;
    }

    /// Up to which term who was elected twice is not accused.
    pub fn unknown_elections(&self) -> Term {
        match (self.votes, self.hit.is_empty()) {
            (false, _) => Term::ZERO,
            (true, true) => self.floor,
            (true, false) => Term(u64::MAX),
        }
    }

    /// Up to which term commits and elections say nothing of what is committed.
    pub fn unknown_commits(&self) -> Term {
        if self.tangled.is_none() && self.hit.is_empty() { self.floor } else { Term(u64::MAX) }
    }

    /// Whether a property is judged now; election safety, in terms above the floor.
    pub fn judges(&self, property: Property) -> bool {
        match property {
            Property::ElectionSafety => !(self.votes && self.members_changed),
            property if ENTRIES.contains(&property) => self.again.is_some(),
            property => !FOR_GOOD.contains(&property),
        }
    }

    /// What was not judged: which properties, from when, and until when if that is over.
    pub fn gaps(&self) -> Vec<(Vec<Property>, Time, Option<Time>)> {
        let mut gaps = vec![(FOR_GOOD.to_vec(), self.since, None)];
        gaps.push((ENTRIES.to_vec(), self.since, self.again));
        if let Some(tangled) = self.tangled.filter(|_| !self.judges(Property::ElectionSafety)) {
            gaps.push((vec![Property::ElectionSafety], tangled, None));
        }
        gaps
    }
}
