//! A plan holds all that a run depends on: the same plan gives the same run, bit for bit, everywhere.
//!
//! A scenario file (TOML, for people) and a saved plan (JSON) carry this one model; what a file leaves out has the default
//! that stands here. [`fault`] says what can go wrong, [`target`] whom it strikes, [`latency`] how long things take, [`clients`] who asks
//! what,
//! [`pin`] what a message is fixed to, [`liveness`] when faults end and the cluster must come back to life, [`profile`] the timings of
//! production Rafts, [`expect`] what a scenario promises, [`validate`] what is refused, [`scenario`] how
//! plans are written and read, [`files`] where they lie, and [`standard`] what speed is measured with.

pub mod clients;
pub mod expect;
pub mod fault;
pub mod files;
pub mod guest;
pub mod latency;
pub mod liveness;
pub mod pin;
pub mod problem;
pub mod profile;
pub mod scenario;
pub mod standard;
pub mod swarm;
pub mod target;
pub mod validate;

pub use clients::{Ask, Clients, Mix, SingleRequest};
pub use expect::Expect;
pub use fault::{Action, Fault, FaultKind, Trigger, When};
pub use latency::Latency;
pub use liveness::Liveness;
pub use pin::{Pin, Survives, SyncPin};
pub use profile::Profile;
pub use target::Target;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bugs::{Bug, Bugs};
use crate::config::{Config, Elections, Priority, Reads};
use crate::guest::{Guest, Setup};
use crate::ids::{NodeId, NodeSet};
use crate::property::Property;
use crate::time::{Share, Shift, Span, SpanRange};

/// All that a run depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// What the story is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What will happen, and why it is interesting.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// When the run ends, in virtual time.
    pub horizon: Span,
    /// After how many events the run ends at the latest. It ends so, too, when 8,388,608 wait at once.
    pub events_max: u64,
    /// Which properties are judged; all of them by default.
    #[serde(skip_serializing_if = "judges_all")]
    pub judge: Vec<Property>,
    /// Whose Raft this is for: the features that it lacks, and options of its own.
    #[serde(skip_serializing_if = "is_default")]
    pub guest: Guest,
    /// The cluster.
    pub cluster: Cluster,
    /// The options of Raft, where they differ from the profile's.
    #[serde(skip_serializing_if = "is_default")]
    pub raft: RaftOptions,
    /// Every link between two nodes, but for the exceptions in `links`.
    #[serde(skip_serializing_if = "is_default")]
    pub network: LinkOptions,
    /// Links that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkException>,
    /// Every node's disk, but for the exceptions in `nodes`.
    #[serde(skip_serializing_if = "is_default")]
    pub disk: DiskOptions,
    /// Nodes that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeOptions>,
    /// The clients.
    #[serde(skip_serializing_if = "is_default")]
    pub clients: Clients,
    /// Single requests, each by a client of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<SingleRequest>,
    /// What goes wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Messages whose fate is fixed rather than drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// When faults end, and the cluster must come back to life; without it, that is not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Liveness>,
    /// Syncs of disks whose fate is fixed rather than drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub syncs: Vec<SyncPin>,
    /// What the scenario promises.
    #[serde(skip_serializing_if = "is_default")]
    pub expect: Expect,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            title: String::new(),
            about: String::new(),
            seed: 1,
            horizon: Span::secs(10),
            events_max: 20_000_000,
            judge: Property::ALL.to_vec(),
            guest: Guest::default(),
            cluster: Cluster::default(),
            raft: RaftOptions::default(),
            network: LinkOptions::default(),
            links: Vec::new(),
            disk: DiskOptions::default(),
            nodes: Vec::new(),
            clients: Clients::default(),
            requests: Vec::new(),
            faults: Vec::new(),
            pins: Vec::new(),
            liveness: None,
            syncs: Vec::new(),
            expect: Expect::default(),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn judges_all(judge: &Vec<Property>) -> bool {
    *judge == Property::ALL
}

impl Plan {
    /// All nodes of the cluster.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..=self.cluster.nodes).map(NodeId::new)
    }

    /// The voters with whom the cluster begins.
    pub fn voters(&self) -> NodeSet {
        match self.cluster.members.is_empty() {
            true => NodeSet::first(self.cluster.nodes),
            false => self.cluster.members.iter().copied().collect(),
        }
    }

    /// Whether members may change.
    pub fn changes_members(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.action, Action::Change(_)))
    }

    /// What the plan says of this node in particular.
    pub fn node(&self, id: NodeId) -> Option<&NodeOptions> {
        self.nodes.iter().find(|options| options.id == id)
    }

    /// The same, to be changed; a node of which nothing was said is added, in its place.
    pub fn node_mut(&mut self, id: NodeId) -> &mut NodeOptions {
        let known = self.nodes.iter().position(|options| options.id == id);
        let place = known.unwrap_or_else(|| {
            let place = self.nodes.partition_point(|options| options.id < id);
            self.nodes.insert(place, NodeOptions::new(id));
            place
        });
        &mut self.nodes[place]
    }

    /// The options of Raft: the profile's, with the plan's own choices over them. Those that differ from node to node are left
    /// out: see [`Plan::config_of`].
    pub fn config(&self) -> Config {
        let profile = self.cluster.profile.timing();
        let elections = self.cluster.profile.elections();
        let snapshots = self.cluster.profile.snapshots();
        let bytes_per_append = self.cluster.profile.bytes_per_append();
        let reads = self.raft.reads.unwrap_or(self.cluster.profile.reads());
        self.without_lacking(Config {
            election_timeout: self.raft.election_timeout.unwrap_or(profile.election_timeout),
            heartbeat_interval: self.raft.heartbeat_interval.unwrap_or(profile.heartbeat_interval),
            entries_per_append: self.raft.entries_per_append.unwrap_or(profile.entries_per_append),
            appends_in_flight: self.raft.appends_in_flight.unwrap_or(profile.appends_in_flight),
            elections: Elections {
                pre_vote: self.raft.pre_vote.unwrap_or(elections.pre_vote),
                check_quorum: self.raft.check_quorum.unwrap_or(elections.check_quorum),
                vote_lease: self.raft.vote_lease.unwrap_or(elections.vote_lease),
                priority: None,
            },
            bytes_per_append: self.raft.bytes_per_append.unwrap_or(bytes_per_append),
            bytes_in_flight: self.raft.bytes_in_flight.unwrap_or(0),
            batch_delay: self.raft.batch_delay.unwrap_or(Span::ZERO),
            parallel_append: self.raft.parallel_append.unwrap_or(true),
            snapshot_every: self.raft.snapshot_every.unwrap_or(snapshots.0),
            snapshot_trailing: self.raft.snapshot_trailing.unwrap_or(snapshots.1),
            snapshot_chunk: self.raft.snapshot_chunk.unwrap_or(profile::SNAPSHOT_CHUNK),
            reads,
            follower_reads: reads != Reads::Log
                && self.raft.follower_reads.unwrap_or(self.cluster.profile.follower_reads()),
            drift_bound_ppm: self.raft.drift_bound_ppm.unwrap_or(profile::DRIFT_BOUND_PPM),
            bugs: Bugs::of(&self.raft.bugs),
        })
    }

    /// The options of one node.
    pub fn config_of(&self, id: NodeId) -> Config {
        let own = self.node(id).and_then(|node| node.election_priority);
        let highest = self.nodes.iter().filter_map(|node| node.election_priority).max();
        let mut config = self.config();
        config.elections.priority =
            own.zip(highest).map(|(own, highest)| Priority { own, highest });
        config
    }

    /// What the constructor of a node is told.
    pub fn setup(&self, id: NodeId) -> Setup<'_> {
        let nodes = NodeSet::first(self.cluster.nodes);
        let (voters, config) = (self.voters(), self.config_of(id));
        Setup { id, nodes, voters, config, options: &self.guest.options }
    }

    /// How much faster a clock of this plan runs than another at most, in parts per million, rounded up. Clocks that are set do not count.
    ///
    /// # Panics
    ///
    /// If the plan cannot have passed validation.
    pub fn drift_ppm(&self) -> u32 {
        let changed = self.faults.iter().filter_map(|fault| match &fault.action {
            Action::Clock(change) => change.drift_ppm,
            _ => None,
        });
        let drifts = self.nodes.iter().map(|node| node.clock_drift_ppm).chain(changed);
        // Some clocks run true, or will when faults end.
        let (slow, fast) = drifts
            .map(i64::from)
            .fold((0, 0), |(slow, fast), drift| (drift.min(slow), drift.max(fast)));
        let apart = u64::try_from(fast - slow).expect("the fastest is not slower than the slowest");
        let slowest = u64::try_from(1_000_000 + slow).expect("no clock runs backwards");
        u32::try_from((apart * 1_000_000).div_ceil(slowest)).expect("drifts are bounded")
    }

    /// Whether clocks drift by more than leases bear, so that no Raft can promise that reads are right: the plan asked for wrong ones.
    pub fn drift_breaks_leases(&self) -> bool {
        let config = self.config();
        config.reads == Reads::Lease && self.drift_ppm() > config.drift_bound_ppm
    }

    /// Whether linearizability is judged without what clients read: where [`Plan::drift_breaks_leases`], unless the plan says that it
    /// expects what comes of that.
    pub fn leaves_out_reads(&self) -> bool {
        let judged = self.judge.contains(&Property::Linearizability);
        let expected = self.expect.violation == Some(Property::Linearizability);
        judged && !expected && self.drift_breaks_leases()
    }

    /// The same plan with nothing left to a profile: it stays the same run when profiles change.
    #[must_use]
    pub fn concrete(mut self) -> Plan {
        let config = self.config();
        self.raft.election_timeout = Some(config.election_timeout);
        self.raft.heartbeat_interval = Some(config.heartbeat_interval);
        self.raft.entries_per_append = Some(config.entries_per_append);
        self.raft.appends_in_flight = Some(config.appends_in_flight);
        self.raft.pre_vote = Some(config.elections.pre_vote);
        self.raft.check_quorum = Some(config.elections.check_quorum);
        self.raft.vote_lease = Some(config.elections.vote_lease);
        self.raft.bytes_per_append = Some(config.bytes_per_append);
        self.raft.snapshot_every = Some(config.snapshot_every);
        self.raft.reads = Some(config.reads);
        if config.reads != Reads::Log {
            self.raft.follower_reads = Some(config.follower_reads);
        }
        if config.reads == Reads::Lease {
            self.raft.drift_bound_ppm = Some(config.drift_bound_ppm);
        }
        if config.snapshot_every > 0 {
            self.raft.snapshot_trailing = Some(config.snapshot_trailing);
            self.raft.snapshot_chunk = Some(config.snapshot_chunk);
        }
        self
    }
}

/// The cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// How many nodes, 1 to 25.
    pub nodes: u8,
    /// Whose timings, and whose elections.
    pub profile: Profile,
    /// Whether the state machine survives a crash, with what it has applied.
    pub state_machine: StateMachine,
    /// How long after a node stopped itself its supervisor starts it again.
    pub restart_after: Span,
    /// How long after the state machine was given entries it applies them, with all that came meanwhile: at once by default, up to
    /// 1,000 s. What it was given and has not applied, it loses in a crash.
    #[serde(skip_serializing_if = "is_default")]
    pub apply_delay: Span,
    /// The voters with whom the cluster begins; all nodes by default. The others run, but belong to the cluster only when a `change` among
    /// the faults adds them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<NodeId>,
    /// What becomes of a node whose disk a crash with `wipe` has emptied.
    #[serde(skip_serializing_if = "is_default")]
    pub wiped: Wiped,
}

impl Cluster {
    /// Whether a node whose disk was emptied does not start again.
    pub fn keeps_wiped_out(&self) -> bool {
        self.wiped == Wiped::StaysOut
    }
}

impl Default for Cluster {
    fn default() -> Cluster {
        Cluster {
            nodes: 3,
            profile: Profile::Paper,
            state_machine: StateMachine::Durable,
            restart_after: Span::millis(500),
            apply_delay: Span::ZERO,
            members: Vec::new(),
            wiped: Wiped::StartsAnew,
        }
    }
}

/// What becomes of a node whose disk was emptied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wiped {
    /// It starts as if for the first time. This destroys what Raft relies on, so that from then on little is judged.
    #[default]
    StartsAnew,
    /// It refuses to start, as a member of etcd does, for it would not know what it promised. To the others it is a server that is down,
    /// and all is judged. Its machine comes back under a new number: another node, that a `change` adds.
    StaysOut,
}

/// Whether the replicated state machine survives a crash of its node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StateMachine {
    /// It is on disk with the index it has applied, as a database would keep it.
    #[default]
    Durable,
    /// It is in memory, and rebuilt from the log (the paper's).
    Volatile,
}

/// The options of Raft. What is left out is the profile's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RaftOptions {
    /// How long a follower waits before it starts an election.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub election_timeout: Option<SpanRange>,
    /// How long a leader waits between heartbeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_interval: Option<SpanRange>,
    /// How many entries one message carries at most, 1 to 65,536.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries_per_append: Option<u32>,
    /// How many messages with entries may be unanswered per follower, 1 to 65,536.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appends_in_flight: Option<u32>,
    /// Whether a node asks, before it raises its term and stands, whether a majority would vote for it (thesis 9.6). Nobody would who
    /// hears a leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_vote: Option<bool>,
    /// Whether a leader steps down that hears from no majority for the lowest election timeout (thesis 6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_quorum: Option<bool>,
    /// Whether a node that heard its leader within the lowest election timeout refuses its vote and keeps its term, unless the leader
    /// itself asked for the election (thesis 4.2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote_lease: Option<bool>,
    /// How many bytes of entries one message carries at most, one entry at least, up to 1,073,741,824; 0 for no limit. An entry takes 32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_append: Option<u64>,
    /// How many bytes of entries may be unanswered per follower before no more are sent, up to 1,073,741,824; 0, the default, for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_in_flight: Option<u64>,
    /// How long a leader gathers requests before it appends them all at once (thesis 10.2.2): less than an election timeout, nothing by
    /// default. When they fill a message, it waits no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_delay: Option<Span>,
    /// Whether a leader sends entries before its own disk has them (thesis 10.2.1), as it does by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_append: Option<bool>,
    /// How many entries a node applies between two snapshots of its state machine, up to 1,000,000,000; 0 for no snapshots. When one is on
    /// disk, the log before it is removed (section 7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_every: Option<u64>,
    /// How many entries before the end of a snapshot stay in the log, for followers that are a little behind, up to 1,000,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_trailing: Option<u64>,
    /// How many bytes of a snapshot one message carries at most, and one write takes, 1 to 1,073,741,824; 65,536 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_chunk: Option<u32>,
    /// How reads are answered: `log` by an entry in the log; `read-index` by the leader's state machine, after a majority has answered it
    /// (thesis 6.4); `lease` so, too, but at once while a majority promised the leader to elect nobody else (thesis 6.4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<Reads>,
    /// Whether a follower answers reads from its own state machine, when it has applied as far as its leader says (thesis 6.4). Not with
    /// `reads = "log"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follower_reads: Option<bool>,
    /// With `reads = "lease"`: how much faster one clock runs than another at most, in parts per million, up to 2,000,000; 100,000 by
    /// default. A lease is the lowest election timeout, less that. Where the plan's clocks drift by more, reads are not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_bound_ppm: Option<u32>,
    /// Bugs to plant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bugs: Vec<Bug>,
}

/// One direction of a link between two nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinkOptions {
    /// How long a message takes. Each is drawn by itself, so messages overtake each other.
    pub latency: Latency,
    /// How many messages are lost.
    #[serde(skip_serializing_if = "is_default")]
    pub loss: Share,
    /// How many messages arrive twice.
    #[serde(skip_serializing_if = "is_default")]
    pub duplicate: Share,
    /// Whether messages stay in order, as on a TCP connection.
    #[serde(skip_serializing_if = "is_default")]
    pub fifo: bool,
    /// Bytes per second; without it, no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
}

impl Default for LinkOptions {
    fn default() -> LinkOptions {
        LinkOptions {
            latency: Latency::Uniform(Span::micros(500), Span::millis(2)),
            loss: Share::NEVER,
            duplicate: Share::NEVER,
            fifo: false,
            bandwidth: None,
        }
    }
}

/// What differs on some links. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinkException {
    /// The senders; all nodes by default.
    #[serde(skip_serializing_if = "is_default")]
    pub from: Target,
    /// The receivers; all nodes by default.
    #[serde(skip_serializing_if = "is_default")]
    pub to: Target,
    /// How long a message takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// How many messages are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Share>,
    /// How many messages arrive twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Share>,
    /// Whether messages stay in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fifo: Option<bool>,
    /// Bytes per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
}

impl LinkException {
    /// The link with what differs.
    pub fn over(&self, link: &LinkOptions) -> LinkOptions {
        LinkOptions {
            latency: self.latency.unwrap_or(link.latency),
            loss: self.loss.unwrap_or(link.loss),
            duplicate: self.duplicate.unwrap_or(link.duplicate),
            fifo: self.fifo.unwrap_or(link.fifo),
            bandwidth: self.bandwidth.or(link.bandwidth),
        }
    }
}

/// A disk. A write takes its latency, then a sync makes it durable, with all that came while the disk was busy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiskOptions {
    /// How long a write takes.
    pub write: Latency,
    /// How long a sync takes.
    pub fsync: Latency,
    /// How many syncs fail. The node is told, and the built-in Raft stops itself.
    #[serde(skip_serializing_if = "is_default")]
    pub errors: Share,
    /// What becomes of a node that finds a record at its start whose checksum does not hold, in front of the journal's end.
    #[serde(skip_serializing_if = "is_default")]
    pub on_corruption: OnCorruption,
}

/// What a node does that finds a corrupt record at its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnCorruption {
    /// It refuses to start, as etcd and Zeebe do: it once promised what it cannot read any more. It stays down.
    #[default]
    Stop,
    /// It drops the record and all behind it, and goes on. This destroys what Raft relies on, so from the corruption on a plan with it is
    /// judged as one that wipes a disk.
    Truncate,
}

impl Default for DiskOptions {
    fn default() -> DiskOptions {
        DiskOptions {
            write: Latency::Constant(Span::micros(20)),
            fsync: Latency::Uniform(Span::micros(100), Span::micros(500)),
            errors: Share::NEVER,
            on_corruption: OnCorruption::Stop,
        }
    }
}

/// The largest drift of a clock, in parts per million: half as fast again, or half as fast.
pub const DRIFT_PPM_MAX: i32 = 500_000;

/// How many random words of a node a plan fixes at most.
pub const WORDS_MAX: usize = 100_000;

/// What differs at one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeOptions {
    /// The node.
    pub id: NodeId,
    /// How far its clock is from true time at the start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clock_offset: Shift,
    /// How many parts per million its clock runs fast, or slow if negative; within 500,000.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clock_drift_ppm: i32,
    /// Its first election timeouts, in order; later ones are random. One is used at each start, at each candidacy, at each step
    /// down from candidate or leader, each time that it asks before it stands, and each time that it leaves an election to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub election_timeouts: Vec<Span>,
    /// Its first heartbeat intervals as a leader, in order; later ones are random.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heartbeat_intervals: Vec<Span>,
    /// The first random words that it draws for whatever it likes, in order, each of 64 bits as a signed number; later ones are random. At
    /// most 100,000. The built-in Raft draws none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<i64>,
    /// Its disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskOptions>,
    /// Its priority in elections, up to 1,000 (SOFAJRaft's): while nobody leads, it leaves two election timeouts to nodes of a higher one
    /// for each fifth, or ten, that it is lower. 0: it votes, but never stands unless a leader hands over to it. Without one, it stands
    /// whenever its time is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub election_priority: Option<u32>,
}

impl NodeOptions {
    /// A node that differs in nothing.
    pub fn new(id: NodeId) -> NodeOptions {
        NodeOptions {
            id,
            clock_offset: Shift(0),
            clock_drift_ppm: 0,
            election_timeouts: Vec::new(),
            heartbeat_intervals: Vec::new(),
            words: Vec::new(),
            disk: None,
            election_priority: None,
        }
    }
}
