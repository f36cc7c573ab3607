//! What the swarm draws from: ranges that a file can narrow or widen.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::ids::NODES_MAX;
use crate::plan::problem::{Checked, between, require};
use crate::plan::scenario::{self, FileError};
use crate::plan::swarm::storm;
use crate::plan::table::table;
use crate::plan::validate::{
    CLIENTS_MAX, KEYS_MAX, SNAPSHOT_CHUNK_MAX, SNAPSHOT_ENTRIES_MAX, each_once,
};
use crate::plan::{DRIFT_PPM_MAX, FaultKind, Profile};
use crate::property::Property;
use crate::time::Share;

/// The longest list of choices.
const CHOICES_MAX: usize = 1_000;
/// The longest horizon of a drawn plan, in election timeouts.
const HORIZON_MAX: u64 = 100_000;
/// The longest latency of a drawn plan, in percent of an election timeout.
const LATENCY_MAX: u64 = 10_000;

table! {
    /// What the swarm draws from. Of a list, each value is as likely as any other; one that stands twice is twice as likely. What a file
    /// leaves out has the default that stands here.
    pub struct Config {
        /// The number of nodes, each 1 to 25.
        nodes: Vec<u8> = vec![1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 7, 8, 9],
        /// Whose timings.
        profiles: Vec<Profile> = [[Profile::Paper; 14].as_slice(), Profile::ALL.as_slice()].concat(),
        /// How many plans have election timeouts of their own, in percent.
        own_timing: u64 = 30,
        /// How many plans have a size and number of messages in flight of their own, in percent.
        own_batches: u64 = 50,
        /// How many plans choose pre-vote, check-quorum and vote lease for themselves, in percent; others have the profile's.
        own_elections: u64 = 50,
        /// How many plans choose for themselves how reads are answered, in percent; others have the profile's.
        own_reads: u64 = 40,
        /// Of plans with reads outside the log, how many have as their only faults leaders cut off until others are elected, in percent.
        successions: u64 = 45,
        /// How many plans with five nodes or more have leaders that lose what they wrote and lead again, in percent.
        leader_flapping: u64 = 10,
        /// Of plans with leases, how many have clocks that drift by more than these bear, in percent.
        broken_leases: u64 = 10,
        /// How many plans have nodes with priorities in elections, in percent.
        priorities: u64 = 12,
        /// How many plans have transfers of leadership, in percent.
        transfers: u64 = 25,
        /// How many plans change the members of their cluster, in percent.
        changes: u64 = 20,
        /// How many plans end in a recovery phase in which the cluster must come back to life, in percent.
        liveness: u64 = 50,
        /// How many plans have a state machine that forgets, in percent.
        volatile_state_machine: u64 = 30,
        /// When runs end, or their faults, from and to, in lowest election timeouts.
        horizon: (u64, u64) = (15, 60),
        /// Usual latencies at most, in percent of the lowest election timeout.
        latency_max: Vec<u64> = vec![6, 6, 6, 25, 60],
        /// How many plans have messages that take several election timeouts, in percent.
        stragglers: u64 = 25,
        /// How many messages are lost.
        loss: Vec<Share> = [0, 0, 0, 1, 1, 5, 10, 20].map(Share::percent).into(),
        /// How many messages arrive twice.
        duplicate: Vec<Share> = [0, 0, 0, 1, 1, 5, 10, 20].map(Share::percent).into(),
        /// How many plans have disks that fail at random, in percent.
        disk_errors: u64 = 10,
        /// How many clients.
        clients: Vec<u32> = vec![1, 2, 3, 4, 8],
        /// How many keys they use.
        keys: Vec<u32> = vec![1, 4, 16, 256],
        /// How many plans have clients with sessions, in percent.
        sessions: u64 = 50,
        /// How many plans have many clients that meet on few keys, in percent.
        contended: u64 = 25,
        /// Which properties are judged.
        judge: Vec<Property> = Property::ALL.to_vec(),
        /// How many plans have clocks that drift, in percent.
        clocks: u64 = 30,
        /// How far they drift at most, in parts per million; by a fault, up to twice as far.
        drift_ppm_max: i32 = 100_000,
        /// How many plans have one machine that is degraded all the time, in percent: slow links, a slow disk, a fast clock, restarts.
        degraded_nodes: u64 = 30,
        /// The kinds of fault that bursts are drawn from.
        #[schemars(schema_with = "kinds_schema")]
        faults: Vec<FaultKind> = storm::KINDS.into(),
        /// How many kinds of fault a plan keeps, in percent: one of these is drawn for each plan.
        kept: Vec<u64> = vec![20, 40, 60],
        /// How many faults a plan has at most.
        faults_max: u64 = 60,
        /// How many faults of a plan wait for a situation, in percent: one of these is drawn for each plan.
        triggered: Vec<u64> = vec![0, 30, 60],
        /// How many plans have a situation that triggers faults again and again, in percent.
        recurring_triggers: u64 = 40,
        /// How many plans take snapshots, in percent.
        snapshots: u64 = 35,
        /// How many entries are applied between two snapshots.
        snapshot_every: Vec<u64> = vec![5, 5, 10, 20, 50, 200],
        /// How many entries before a snapshot's end stay in the log.
        snapshot_trailing: Vec<u64> = vec![0, 0, 0, 2, 10, 50],
        /// How many bytes of a snapshot one message carries at most.
        snapshot_chunk: Vec<u32> = vec![48, 128, 512, 65_536],
        /// How many plans limit bytes in flight, gather requests, send when the leader's disk has it, or apply later, in percent of each.
        flow_control: u64 = 12,
        /// How many plans have corrupt records or full disks, in percent.
        disk_faults: u64 = 15,
        /// Of plans that do not end in a recovery phase, how many empty a disk, so that its node stays out, in percent.
        wipes: u64 = 8,
        /// Of plans with crashes that tear writes, how many have disks that keep no order, in percent.
        reordered: u64 = 50,
        /// Of plans that do not end in a recovery phase, how many have disks that lie, in percent.
        lies: u64 = 3,
        /// How many plans have a second group of clients, bound to a node or asking at a rate, in percent.
        client_groups: u64 = 10,
        /// How many plans have clients that are cut off, or whose links are slow, in percent.
        client_links: u64 = 10,
        /// How many plans lose messages of some kinds or sizes, or have these late, in percent.
        partial_links: u64 = 10,
        /// How many plans have messages that arrive at another node, in percent.
        misdelivery: u64 = 4,
        /// Of plans without leases, how many have machines that are suspended, in percent.
        suspends: u64 = 6,
        /// How many plans have a fault that comes again and again, in percent.
        periodic: u64 = 8,
        /// Of plans with disks that may fail, how many choose for themselves what a node does then, in percent; others have the profile's.
        own_write_errors: u64 = 40,
        /// Of plans that change the members, how many refuse changes after which too few voters would be active, in percent.
        strict_changes: u64 = 15,
        /// How many plans have nodes whose loop waits for the disk, in percent; others have the profile's.
        disk_loops: u64 = 10,
        /// How many plans have disks that hang for a while, in percent.
        hangs: u64 = 5,
        /// Of plans that are made for one trigger, how many have other faults in the windows that it opens, in percent.
        disturbed_windows: u64 = 40,
        /// Of plans that end in a recovery phase, how many have only a handful of requests there, and many snapshots, in percent.
        quiet_ends: u64 = 15,
    }
}

/// A list of the kinds of fault that bursts have.
fn kinds_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": storm::KINDS } })
}

impl Config {
    /// Only clusters of so many nodes.
    #[must_use]
    pub fn with_nodes(mut self, nodes: u8) -> Config {
        self.nodes = vec![nodes];
        self
    }

    /// Only these timings, and nothing that a profile says drawn otherwise.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Config {
        self.profiles = vec![profile];
        (self.own_timing, self.own_batches) = (0, 0);
        (self.own_elections, self.own_reads) = (0, 0);
        (self.own_write_errors, self.strict_changes, self.disk_loops) = (0, 0, 0);
        self
    }

    /// Reads a file, and checks it.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what to write instead.
    pub fn from_toml(text: &str) -> Result<Config, FileError> {
        scenario::read_toml(text, Config::check)
    }

    /// Says the first thing that is wrong.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Checked {
        fn all(values: &[u64], from: u64, to: u64, key: &str, what: &str) -> Checked {
            require((1..=CHOICES_MAX).contains(&values.len()), key, || {
                format!("a list of choices has 1 to {CHOICES_MAX} values, not {}", values.len())
            })?;
            let check = |(place, value): (usize, &u64)| {
                between(*value, from, to, &format!("{key}/{place}"), what)
            };
            values.iter().enumerate().try_for_each(check)
        }
        fn wide<T: Copy + Into<u64>>(values: &[T]) -> Vec<u64> {
            values.iter().map(|value| (*value).into()).collect()
        }
        let filled = |key: &str, count: usize| {
            require((1..=CHOICES_MAX).contains(&count), key, || {
                format!("a list of choices has 1 to {CHOICES_MAX} values, not {count}")
            })
        };
        all(&wide(&self.nodes), 1, NODES_MAX.into(), "nodes", "the number of nodes")?;
        all(&wide(&self.clients), 0, CLIENTS_MAX.into(), "clients", "the number of clients")?;
        all(&wide(&self.keys), 1, KEYS_MAX.into(), "keys", "the number of keys")?;
        let (entries, bytes) = (SNAPSHOT_ENTRIES_MAX, SNAPSHOT_CHUNK_MAX);
        all(&self.snapshot_every, 1, entries, "snapshot_every", "entries between snapshots")?;
        all(&self.snapshot_trailing, 0, entries, "snapshot_trailing", "entries kept")?;
        all(&wide(&self.snapshot_chunk), 1, bytes, "snapshot_chunk", "bytes per message")?;
        all(&self.latency_max, 1, LATENCY_MAX, "latency_max", "a latency")?;
        all(&self.kept, 0, 100, "kept", "a share in percent")?;
        all(&self.triggered, 0, 100, "triggered", "a share in percent")?;
        filled("profiles", self.profiles.len())?;
        filled("loss", self.loss.len())?;
        filled("duplicate", self.duplicate.len())?;
        filled("faults", self.faults.len())?;
        for (place, kind) in self.faults.iter().enumerate() {
            require(storm::KINDS.contains(kind), &format!("faults/{place}"), || {
                let kinds = storm::KINDS.map(FaultKind::name).join(", ");
                format!("bursts have no `{}`; the kinds of fault here are {kinds}", kind.name())
            })?;
        }
        filled("judge", self.judge.len())?;
        each_once(&self.judge)?;
        self.check_percents()?;
        let (from, to) = self.horizon;
        between(from, 1, HORIZON_MAX, "horizon/0", "a horizon in election timeouts")?;
        between(to, from, HORIZON_MAX, "horizon/1", "the longest horizon in election timeouts")?;
        between(self.faults_max, 0, 1_000, "faults_max", "the number of faults")?;
        let drift = u64::from(self.drift_ppm_max.unsigned_abs());
        require(self.drift_ppm_max >= 0, "drift_ppm_max", || "a largest drift is positive".into())?;
        between(drift, 0, DRIFT_PPM_MAX.unsigned_abs().into(), "drift_ppm_max", "the largest drift")
    }

    /// Whether every share in percent is one.
    fn check_percents(&self) -> Checked {
        macro_rules! shares {
            ($($key:ident)+) => { [$((stringify!($key), self.$key)),+] };
        }
        let shares = shares! {
            own_timing own_batches own_elections own_reads successions leader_flapping broken_leases
            priorities transfers changes liveness volatile_state_machine stragglers disk_errors
            sessions contended clocks degraded_nodes recurring_triggers snapshots flow_control
            disk_faults wipes reordered lies client_groups client_links partial_links misdelivery
            suspends periodic
            hangs own_write_errors strict_changes disk_loops
        };
        let check = |(key, share)| between(share, 0, 100, key, "a share in percent");
        shares.into_iter().try_for_each(check)
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_and_survive_a_file() {
        let config = Config::default();
        assert_eq!(config.check(), Ok(()));
        let text = toml::to_string(&config).unwrap();
        assert_eq!(Config::from_toml(&text), Ok(config));
        assert_eq!(Config::from_toml(""), Ok(Config::default()));
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let at = |text: &str| {
            let error = Config::from_toml(text).unwrap_err();
            (text[error.span.unwrap()].to_owned(), error.message, error.help)
        };
        assert_eq!(at("nodes = [3, 26]\n").0, "26");
        assert_eq!(at("clocks = 101\n").0, "101");
        assert_eq!(at("faults = []\n").0, "[]");
        assert_eq!(at("sessions = 101\n").0, "101");
        assert_eq!(at("judge = [\"durability\", \"durability\"]\n").0, "\"durability\"");
        assert_eq!(at("horizon = [9, 3]\n").0, "3");
        let (_, message, help) = at("faults = [\"crahs\"]\n");
        assert!(message.contains("crahs"), "{message}");
        assert_eq!(help.as_deref(), Some("did you mean `crash`?"));
    }
}
