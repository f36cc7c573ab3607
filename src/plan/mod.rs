//! A plan holds all that a run depends on: the same plan gives the same run, bit for bit, everywhere. A scenario file (TOML, for people)
//! and a saved plan (JSON) carry this one model; what a file leaves out has the default that stands here.

pub mod clients;
pub mod fault;
pub mod files;
pub mod guest;
pub mod idle;
pub mod latency;
pub mod liveness;
pub mod metric;
pub mod pin;
mod plainly;
pub mod problem;
pub mod profile;
pub mod scenario;
pub mod selection;
pub mod standard;
pub mod swarm;
mod table;
pub mod target;
pub mod validate;

pub use clients::{Ask, ClientGroup, Clients, Mix, Rate, SingleRequest};
pub use fault::{Action, Fault, FaultKind, Trigger, When};
pub use latency::Latency;
pub use liveness::Liveness;
pub use pin::{Pin, Survives, SyncPin};
pub use profile::Profile;
pub use selection::Selection;
pub use target::Target;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bugs::{Bug, Bugs};
use crate::config::{Config, OnWriteError, Priority, Reads};
use crate::guest::{Guest, Setup};
use crate::ids::{NodeId, NodeSet};
use crate::plan::metric::{Bounds, ExpectMetrics};
use crate::plan::table::table;
use crate::property::Property;
use crate::situation::Situation;
use crate::time::{Share, Shift, Span, SpanRange};

table! {
    /// All that a run depends on.
    pub struct Plan {
        /// What the story is called.
        title: String,
        /// What will happen, and why it is interesting.
        about: String,
        /// The seed of every random stream.
        seed: u64 = 1,
        /// When the run ends, in virtual time.
        horizon: Span = Span::secs(10),
        /// After how many events the run ends at the latest. It ends so, too, when 8,388,608 wait at once.
        events_max: u64 = 20_000_000,
        /// Which properties are judged; all of them by default.
        #[serde(skip_serializing_if = "judges_all")]
        judge: Vec<Property> = Property::ALL.to_vec(),
        /// Whether the run goes on after a violation, and counts those that follow. A node that panics or breaks its contract is started
        /// again.
        keep_going: bool,
        /// Whose Raft this is for: the features that it lacks, and options of its own.
        guest: Guest,
        /// The cluster.
        cluster: Cluster = Cluster::default(),
        /// The options of Raft, where they differ from the profile's.
        raft: RaftOptions,
        /// Every link between two nodes, but for the exceptions in `links`.
        network: LinkOptions,
        /// Links that differ.
        links: Vec<LinkException>,
        /// Every node's disk, but for the exceptions in `nodes`.
        disk: DiskOptions,
        /// Nodes that differ.
        nodes: Vec<NodeOptions>,
        /// The clients.
        clients: Clients,
        /// More clients, in groups that differ from these.
        client_groups: Vec<ClientGroup>,
        /// Single requests, each by a client of its own.
        requests: Vec<SingleRequest>,
        /// What goes wrong.
        faults: Vec<Fault>,
        /// Messages whose fate is fixed rather than drawn.
        pins: Vec<Pin>,
        /// When faults end, and the cluster must come back to life; without it, that is not judged.
        liveness: Option<Liveness>,
        /// Syncs of disks whose fate is fixed rather than drawn.
        syncs: Vec<SyncPin>,
        /// What the scenario promises.
        expect: Expect,
    }
}

fn judges_all(judge: &Vec<Property>) -> bool {
    *judge == Property::ALL
}

/// Puts the options that a plan gives over those of a profile.
macro_rules! choose {
    ($options:expr => $config:expr; $($option:ident),+) => {
        $(if let Some(own) = $options.$option {
            $config.$option = own;
        })+
    };
}

/// The other way round: the plan gives them all.
macro_rules! fix {
    ($config:expr => $options:expr; $($option:ident),+) => {
        $($options.$option = Some($config.$option);)+
    };
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

    /// Whether a write may fail: by a disk's own errors, by a fault, or by a pin.
    pub fn writes_may_fail(&self) -> bool {
        let own = self.nodes.iter().filter_map(|node| node.disk.as_ref());
        let fails = |fault: &Fault| matches!(fault.action, Action::DiskError | Action::DiskFull);
        own.chain([&self.disk]).any(|disk| disk.errors != Share::NEVER)
            || self.faults.iter().any(fails)
            || self.syncs.iter().any(|pin| pin.fails)
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

    /// What the clients of each group are like: those of `[clients]` first, who also make the single requests.
    pub fn client_options(&self) -> Vec<Clients> {
        let groups = self.client_groups.iter().map(|group| group.over(&self.clients));
        std::iter::once(self.clients.clone()).chain(groups).collect()
    }

    /// How many clients there are that draw what they ask.
    pub fn clients_count(&self) -> u32 {
        let groups = self.client_groups.iter().map(|group| group.count);
        groups.fold(self.clients.count, u32::saturating_add)
    }

    /// The options of Raft: the profile's, with the plan's own choices over them. Those that differ from node to node are left
    /// out: see [`Plan::config_of`].
    pub fn config(&self) -> Config {
        let (mut config, raft) = (self.cluster.profile.config(), &self.raft);
        choose!(raft => config.elections; pre_vote, check_quorum, vote_lease);
        choose!(raft => config; election_timeout, heartbeat_interval, batch_delay, parallel_append);
        choose!(raft => config; entries_per_append, appends_in_flight);
        choose!(raft => config; bytes_per_append, bytes_in_flight);
        choose!(raft => config; snapshot_every, snapshot_trailing, snapshot_chunk);
        choose!(raft => config; reads, follower_reads, drift_bound_ppm);
        choose!(raft => config; waits_for_disk, on_write_error, strict_change);
        config.bugs = Bugs::of(&raft.bugs);
        self.without_lacking(config)
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

    /// Whether a machine is suspended, so that its clock stands still, while a lease is what reads rest on: the plan asked for stale ones.
    pub fn suspends_leases(&self) -> bool {
        let suspends = |fault: &Fault| matches!(fault.action, Action::Suspend);
        self.config().reads == Reads::Lease && self.faults.iter().any(suspends)
    }

    /// The properties that are judged: those that were asked for, and liveness only where faults end.
    pub fn asked(&self) -> impl Iterator<Item = Property> {
        let is_asked = |it: &Property| *it != Property::Liveness || self.liveness.is_some();
        self.judge.iter().copied().filter(is_asked)
    }

    /// Whether linearizability is judged without what clients read: where [`Plan::drift_breaks_leases`] or [`Plan::suspends_leases`],
    /// unless the plan says that it expects what comes of that.
    pub fn leaves_out_reads(&self) -> bool {
        let judged = self.judge.contains(&Property::Linearizability);
        let expected = self.expect.violation == Some(Property::Linearizability);
        judged && !expected && (self.drift_breaks_leases() || self.suspends_leases())
    }

    /// The same plan with nothing left to a profile: it stays the same run when profiles change.
    #[must_use]
    pub fn concrete(mut self) -> Plan {
        let (fails, changes) = (self.writes_may_fail(), self.changes_members());
        let (config, raft) = (self.config(), &mut self.raft);
        fix!(config.elections => raft; pre_vote, check_quorum, vote_lease);
        fix!(config => raft; election_timeout, heartbeat_interval, entries_per_append);
        fix!(config => raft; appends_in_flight, bytes_per_append, snapshot_every, reads);
        fix!(config => raft; parallel_append, waits_for_disk);
        if config.reads != Reads::Log {
            fix!(config => raft; follower_reads);
        }
        if config.reads == Reads::Lease {
            fix!(config => raft; drift_bound_ppm);
        }
        if config.snapshot_every > 0 {
            fix!(config => raft; snapshot_trailing, snapshot_chunk);
        }
        if fails {
            fix!(config => raft; on_write_error);
        }
        if changes {
            fix!(config => raft; strict_change);
        }
        self
    }
}

table! {
    /// The cluster.
    pub struct Cluster {
        /// How many nodes, 1 to 25.
        nodes: u8 = 3,
        /// Whose timings, and whose elections.
        profile: Profile = Profile::Paper,
        /// Whether the state machine survives a crash, with what it has applied.
        state_machine: StateMachine = StateMachine::Durable,
        /// How long after a node stopped itself its supervisor starts it again.
        restart_after: Span = Span::millis(500),
        /// How long after the state machine was given entries it applies them, with all that came meanwhile: at once by default, up to
        /// 1,000 s. What it was given and has not applied, it loses in a crash.
        apply_delay: Span,
        /// The voters with whom the cluster begins; all nodes by default. The others run, but belong to the cluster only when a `change`
        /// among the faults adds them.
        members: Vec<NodeId>,
        /// What becomes of a node whose disk a crash with `wipe` has emptied.
        wiped: Wiped,
    }
}

impl Cluster {
    /// Whether a node whose disk was emptied does not start again.
    pub fn keeps_wiped_out(&self) -> bool {
        self.wiped == Wiped::StaysOut
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

table! {
    /// The options of Raft. What is left out is the profile's.
    pub struct RaftOptions {
        /// How long a follower waits before it starts an election.
        election_timeout: Option<SpanRange>,
        /// How long a leader waits between heartbeats.
        heartbeat_interval: Option<SpanRange>,
        /// How many entries one message carries at most, 1 to 65,536.
        entries_per_append: Option<u32>,
        /// How many messages with entries may be unanswered per follower, 1 to 65,536.
        appends_in_flight: Option<u32>,
        /// Whether a node asks, before it raises its term and stands, whether a majority would vote for it (thesis 9.6). Nobody would who
        /// hears a leader.
        pre_vote: Option<bool>,
        /// Whether a leader steps down that hears from no majority for the lowest election timeout (thesis 6.2).
        check_quorum: Option<bool>,
        /// Whether a node that heard its leader within the lowest election timeout refuses its vote and keeps its term, unless the leader
        /// itself asked for the election (thesis 4.2.3).
        vote_lease: Option<bool>,
        /// How many bytes of entries one message carries at most, one entry at least, up to 1,073,741,824; 0 for no limit. An entry takes
        /// 32.
        bytes_per_append: Option<u64>,
        /// How many bytes of entries may be unanswered per follower before no more are sent, up to 1,073,741,824; 0, the default, for no
        /// limit.
        bytes_in_flight: Option<u64>,
        /// How long a leader gathers requests before it appends them all at once (thesis 10.2.2): less than an election timeout, nothing by
        /// default. When they fill a message, it waits no longer.
        batch_delay: Option<Span>,
        /// Whether a leader sends entries before its own disk has them (thesis 10.2.1), as it does by default.
        parallel_append: Option<bool>,
        /// How many entries a node applies between two snapshots of its state machine, up to 1,000,000,000; 0 for no snapshots. When one is
        /// on disk, the log before it is removed (section 7).
        snapshot_every: Option<u64>,
        /// How many entries before the end of a snapshot stay in the log, for followers that are a little behind, up to 1,000,000,000.
        snapshot_trailing: Option<u64>,
        /// How many bytes of a snapshot one message carries at most, and one write takes, 1 to 1,073,741,824; 65,536 by default.
        snapshot_chunk: Option<u32>,
        /// How reads are answered: `log` by an entry in the log; `read-index` by the leader's state machine, after a majority has answered
        /// it (thesis 6.4); `lease` so, too, but at once while a majority promised the leader to elect nobody else (thesis 6.4.1).
        reads: Option<Reads>,
        /// Whether a follower answers reads from its own state machine, when it has applied as far as its leader says (thesis 6.4). Not
        /// with `reads = "log"`.
        follower_reads: Option<bool>,
        /// With `reads = "lease"`: how much faster one clock runs than another at most, in parts per million, up to 2,000,000; 100,000 by
        /// default. A lease is the lowest election timeout, less that. Where the plan's clocks drift by more, reads are not judged.
        drift_bound_ppm: Option<u32>,
        /// Whether a node has one loop that waits for its disk, as etcd's server has: while it writes it neither ticks nor sends, so that
        /// heartbeats and elections wait for the disk, too. The messages of a step that begins to write leave before.
        waits_for_disk: Option<bool>,
        /// What a node does when a write failed.
        on_write_error: Option<OnWriteError>,
        /// Whether a leader refuses a change of the members, as etcd's StrictReconfigCheck does, if it has heard too few voters of the new
        /// configuration within the lowest election timeout: fewer than a majority, itself counted. A new voter that was no learner counts
        /// as one that it has not heard.
        strict_change: Option<bool>,
        /// Bugs to plant.
        bugs: Vec<Bug>,
    }

    /// One direction of a link between two nodes.
    pub struct LinkOptions {
        /// How long a message takes. Each is drawn by itself, so messages overtake each other.
        latency: Latency = Latency::Uniform(Span::micros(500), Span::millis(2)),
        /// How many messages are lost.
        loss: Share,
        /// How many messages arrive twice.
        duplicate: Share,
        /// Whether messages stay in order, as on a TCP connection.
        fifo: bool,
        /// Bytes per second; without it, no limit.
        bandwidth: Option<u64>,
        /// How many messages arrive at another node than the one to which they are addressed, and not there. A node that looks at the
        /// address ignores them, as the built-in Raft does.
        misdeliver: Share,
    }

    /// What differs on some links. What is left out stays as it is.
    pub struct LinkException {
        /// The senders; all nodes by default.
        from: Target,
        /// The receivers; all nodes by default.
        to: Target,
        /// How long a message takes.
        latency: Option<Latency>,
        /// How many messages are lost.
        loss: Option<Share>,
        /// How many messages arrive twice.
        duplicate: Option<Share>,
        /// Whether messages stay in order.
        fifo: Option<bool>,
        /// Bytes per second.
        bandwidth: Option<u64>,
        /// How many messages arrive at another node than the one to which they are addressed.
        misdeliver: Option<Share>,
        /// Only messages of these kinds, by the names that traces have, as in `["append-entries", "install-snapshot"]`; `heartbeat` is an
        /// `append-entries` without entries. The others fare as if this were not there. For `latency`, `loss` and `duplicate`.
        kind: Vec<String>,
        /// Only messages of more than so many bytes, as those that a router with a small MTU loses. An entry takes 32 bytes, and a message
        /// 64 beside its entries.
        larger_than: Option<u64>,
    }
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
            misdeliver: self.misdeliver.unwrap_or(link.misdeliver),
        }
    }

    /// Which messages it is about.
    pub fn selection(&self) -> Selection<'_> {
        Selection { kind: &self.kind, larger_than: self.larger_than }
    }
}

table! {
    /// A disk. A write takes its latency, then a sync makes it durable, with all that came while the disk was busy.
    pub struct DiskOptions {
        /// How long a write takes.
        write: Latency = Latency::Constant(Span::micros(20)),
        /// How long a sync takes.
        fsync: Latency = Latency::Uniform(Span::micros(100), Span::micros(500)),
        /// How many syncs fail. The node is told, and the built-in Raft does as `on_write_error` of `[raft]` says.
        errors: Share,
        /// What becomes of a node that finds a record at its start whose checksum does not hold, in front of the journal's end.
        on_corruption: OnCorruption,
    }
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

/// The largest drift of a clock, in parts per million: half as fast again, or half as fast.
pub const DRIFT_PPM_MAX: i32 = 500_000;

/// How many random words of a node a plan fixes at most.
pub const WORDS_MAX: usize = 100_000;

table! {
    /// What differs at one node.
    pub struct NodeOptions {
        /// The node.
        required id: NodeId,
        /// How far its clock is from true time at the start.
        clock_offset: Shift,
        /// How many parts per million its clock runs fast, or slow if negative; within 500,000.
        clock_drift_ppm: i32,
        /// Its first election timeouts, in order; later ones are random. One is used at each start, at each candidacy, at each step
        /// down from candidate or leader, each time that it asks before it stands, and each time that it leaves an election to others.
        election_timeouts: Vec<Span>,
        /// Its first heartbeat intervals as a leader, in order; later ones are random.
        heartbeat_intervals: Vec<Span>,
        /// The first random words that it draws for whatever it likes, in order, each of 64 bits as a signed number; later ones are random.
        /// At most 100,000. The built-in Raft draws none.
        words: Vec<i64>,
        /// Its disk.
        disk: Option<DiskOptions>,
        /// Its priority in elections, up to 1,000 (SOFAJRaft's): while nobody leads, it leaves two election timeouts to nodes of a higher
        /// one for each fifth, or ten, that it is lower. 0: it votes, but never stands unless a leader hands over to it. Without one, it
        /// stands whenever its time is up.
        election_priority: Option<u32>,
    }

    /// What a scenario promises. What is left out is not promised.
    pub struct Expect {
        /// The property that is violated; without it, the run is clean.
        violation: Option<Property>,
        /// How many leaders are elected at least.
        leaders_min: Option<u64>,
        /// How many leaders are elected at most.
        leaders_max: Option<u64>,
        /// The highest term that a node may reach.
        term_max: Option<u64>,
        /// How many entries are committed at least, no-ops too.
        commits_min: Option<u64>,
        /// How many entries are committed at most.
        commits_max: Option<u64>,
        /// How many requests clients hear to be applied, at least.
        answers_min: Option<u64>,
        /// How many requests clients hear to be applied, at most.
        answers_max: Option<u64>,
        /// Situations that are reached.
        situations: Vec<Situation>,
        /// Situations that are not reached.
        never: Vec<Situation>,
        /// How often situations are reached, as in `snapshot-installed = { min = 5 }`.
        counts: BTreeMap<Situation, Bounds<u64>>,
        /// How the run goes for clients and operators.
        metrics: ExpectMetrics,
    }
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
