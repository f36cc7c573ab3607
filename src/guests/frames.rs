//! What a node is told and what it wants, as the bytes of `squall-guest/1`: `docs/guest-abi.md`. Here is what both sides share: the host in
//! [`framed`](crate::guests::framed), and a guest in Rust in [`export`](crate::guests::export).

use std::rc::Rc;

use crate::bugs::Bugs;
use crate::config::{Config, Elections, OnWriteError, Priority, Reads};
use crate::configuration::{Change, Several};
use crate::guest::{GuestOptions, Setup};
use crate::ids::{Index, NodeId, NodeSet, Term};
use crate::log::{Batch, Entry, Log};
use crate::machine::{Image, Output};
use crate::node::{Damage, Recovered, Role, Snapshot, Status};
use crate::time::{Span, SpanRange};
use crate::wire::{Wire, get_bytes, get_maybe, put_all, put_bytes, put_maybe, wire};

/// The name of the interface.
pub const ABI: &str = "squall-guest/1";

/// Inputs by their number.
pub mod input {
    #![expect(missing_docs, reason = "an input is the one of its name")]
    pub const DESCRIBE: u8 = 0;
    pub const BOOT: u8 = 1;
    pub const RECEIVE: u8 = 2;
    pub const REQUEST: u8 = 3;
    pub const TRANSFER: u8 = 4;
    pub const CHANGE: u8 = 5;
    pub const TIMER: u8 = 6;
    pub const DURABLE: u8 = 7;
    pub const WRITE_FAILED: u8 = 8;
    pub const APPLIED: u8 = 9;
    pub const READ: u8 = 10;
    pub const SNAPSHOT_SAVED: u8 = 11;
    pub const WAKE: u8 = 12;
}

/// Records of an output by their number.
pub mod output {
    #![expect(missing_docs, reason = "a record is the effect of its name")]
    pub const SEND: u8 = 1;
    pub const SAVE_VOTE: u8 = 2;
    pub const APPEND: u8 = 3;
    pub const TRUNCATE: u8 = 4;
    pub const TAKE_SNAPSHOT: u8 = 5;
    pub const SAVE_SNAPSHOT: u8 = 6;
    pub const COMPACT: u8 = 7;
    pub const DISCARD: u8 = 8;
    pub const RESTORE: u8 = 9;
    pub const SET_TIMER: u8 = 10;
    pub const CANCEL_TIMER: u8 = 11;
    pub const APPLY: u8 = 12;
    pub const READ: u8 = 13;
    pub const REPLY: u8 = 14;
    pub const STOP: u8 = 15;
    pub const STATUS: u8 = 16;
    pub const DESCRIPTION: u8 = 17;
    pub const WRITE_AGAIN: u8 = 18;
    pub const SYNC_AGAIN: u8 = 19;
    pub const REFUSE_CHANGE: u8 = 20;
}

/// The images of state machines that one side can name, by number from 1.
pub trait Images {
    /// The number of an image.
    fn number(&mut self, image: &Image) -> u32;

    /// The image with a number, a size in bytes and a fingerprint; none if there is none.
    fn image(&self, number: u32, bytes: u64, fingerprint: u64) -> Option<Image>;
}

/// Adds a snapshot.
pub fn put_snapshot(snapshot: &Snapshot, images: &mut impl Images, to: &mut Vec<u8>) {
    snapshot.last_included_index.put(to);
    snapshot.last_included_term.put(to);
    snapshot.members.put(to);
    images.number(&snapshot.image).put(to);
    snapshot.image.bytes.put(to);
    snapshot.image.fingerprint.put(to);
}

/// What [`put_snapshot`] gives.
pub fn get_snapshot(from: &mut &[u8], images: &impl Images) -> Option<Rc<Snapshot>> {
    let (last_included_index, last_included_term) = (Wire::get(from)?, Wire::get(from)?);
    let members = Wire::get(from)?;
    let image = images.image(u32::get(from)?, u64::get(from)?, u64::get(from)?)?;
    Some(Rc::new(Snapshot { last_included_index, last_included_term, members, image }))
}

/// Adds a snapshot that may not be there.
pub fn put_maybe_snapshot(
    snapshot: Option<&Rc<Snapshot>>,
    images: &mut impl Images,
    to: &mut Vec<u8>,
) {
    snapshot.is_some().put(to);
    if let Some(snapshot) = snapshot {
        put_snapshot(snapshot, images, to);
    }
}

/// What [`put_maybe_snapshot`] gives.
pub fn get_maybe_snapshot(from: &mut &[u8], images: &impl Images) -> Option<Option<Rc<Snapshot>>> {
    if bool::get(from)? { get_snapshot(from, images).map(Some) } else { Some(None) }
}

wire! {
    SpanRange { from, to }
    Priority { own, highest }
    Several { add, add_learners, remove, auto_leave }
}

/// By which configuration a node counts comes last, and may be left out.
impl Wire for Status {
    fn put(&self, to: &mut Vec<u8>) {
        self.term.put(to);
        self.role.put(to);
        self.leader.put(to);
        self.commit.put(to);
        self.applied.put(to);
        self.transfer.put(to);
        self.target_priority.put(to);
        if let Some(configuration) = self.configuration {
            configuration.put(to);
        }
    }

    fn get(from: &mut &[u8]) -> Option<Status> {
        Some(Status {
            term: Wire::get(from)?,
            role: Wire::get(from)?,
            leader: Wire::get(from)?,
            commit: Wire::get(from)?,
            applied: Wire::get(from)?,
            transfer: Wire::get(from)?,
            target_priority: Wire::get(from)?,
            configuration: if from.is_empty() { None } else { Some(Wire::get(from)?) },
        })
    }
}

/// The roles by their number.
const ROLES: [Role; 4] = [Role::Follower, Role::Candidate, Role::Leader, Role::PreCandidate];

impl Wire for Role {
    fn put(&self, to: &mut Vec<u8>) {
        (*self as u8).put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Role> {
        ROLES.get(usize::from(u8::get(from)?)).copied()
    }
}

impl Wire for Output {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Output::Done => 0_u8.put(to),
            Output::Values(values) => {
                1_u8.put(to);
                put_all(values, to);
            }
            Output::Mismatch => 2_u8.put(to),
            Output::Full => 3_u8.put(to),
            Output::Opened(index) => {
                4_u8.put(to);
                index.put(to);
            }
            Output::Expired => 5_u8.put(to),
        }
    }

    fn get(from: &mut &[u8]) -> Option<Output> {
        Some(match u8::get(from)? {
            0 => Output::Done,
            1 => Output::Values(Vec::<u32>::get(from)?.into()),
            2 => Output::Mismatch,
            3 => Output::Full,
            4 => Output::Opened(Index::get(from)?),
            5 => Output::Expired,
            _ => return None,
        })
    }
}

impl Wire for Change {
    fn put(&self, to: &mut Vec<u8>) {
        let (kind, node) = match *self {
            Change::Add(node) => (0_u8, node),
            Change::AddLearner(node) => (1, node),
            Change::Promote(node) => (2, node),
            Change::Remove(node) => (3, node),
            Change::Enter(several) => {
                4_u8.put(to);
                return several.put(to);
            }
            Change::Leave => return 5_u8.put(to),
            Change::Force(voters) => {
                6_u8.put(to);
                return voters.put(to);
            }
        };
        kind.put(to);
        node.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Change> {
        Some(match u8::get(from)? {
            0 => Change::Add(Wire::get(from)?),
            1 => Change::AddLearner(Wire::get(from)?),
            2 => Change::Promote(Wire::get(from)?),
            3 => Change::Remove(Wire::get(from)?),
            4 => Change::Enter(Wire::get(from)?),
            5 => Change::Leave,
            6 => Change::Force(Wire::get(from)?),
            _ => return None,
        })
    }
}

impl Wire for Reads {
    fn put(&self, to: &mut Vec<u8>) {
        let number: u8 = match self {
            Reads::Log => 0,
            Reads::ReadIndex => 1,
            Reads::Lease => 2,
        };
        number.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Reads> {
        [Reads::Log, Reads::ReadIndex, Reads::Lease].get(usize::from(u8::get(from)?)).copied()
    }
}

impl Wire for Batch {
    fn put(&self, to: &mut Vec<u8>) {
        put_all(self.entries(), to);
    }

    fn get(from: &mut &[u8]) -> Option<Batch> {
        Some(Vec::<Entry>::get(from)?.into_iter().collect())
    }
}

/// What a node's constructor is told, kept.
#[derive(Clone, Debug)]
pub struct OwnSetup {
    id: NodeId,
    nodes: NodeSet,
    voters: NodeSet,
    config: Config,
    options: GuestOptions,
}

impl OwnSetup {
    /// A setup to keep.
    pub fn new(setup: &Setup<'_>) -> OwnSetup {
        let Setup { id, nodes, voters, config, options } = *setup;
        OwnSetup { id, nodes, voters, config, options: options.clone() }
    }

    /// The node.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The setup as a constructor takes it.
    pub fn borrow(&self) -> Setup<'_> {
        let OwnSetup { id, nodes, voters, config, ref options } = *self;
        Setup { id, nodes, voters, config, options }
    }
}

impl Wire for OwnSetup {
    fn put(&self, to: &mut Vec<u8>) {
        self.id.put(to);
        self.nodes.put(to);
        self.voters.put(to);
        let config = &self.config;
        config.election_timeout.put(to);
        config.heartbeat_interval.put(to);
        config.entries_per_append.put(to);
        config.appends_in_flight.put(to);
        config.bytes_per_append.put(to);
        config.bytes_in_flight.put(to);
        config.batch_delay.put(to);
        config.snapshot_every.put(to);
        config.snapshot_trailing.put(to);
        config.snapshot_chunk.put(to);
        config.drift_bound_ppm.put(to);
        config.reads.put(to);
        config.elections.pre_vote.put(to);
        config.elections.check_quorum.put(to);
        config.elections.vote_lease.put(to);
        config.parallel_append.put(to);
        config.follower_reads.put(to);
        put_maybe(config.elections.priority.as_ref(), to);
        put_bytes(&serde_json::to_vec(&self.options).unwrap_or_default(), to);
    }

    fn get(from: &mut &[u8]) -> Option<OwnSetup> {
        let (id, nodes, voters) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
        let election_timeout = Wire::get(from)?;
        let heartbeat_interval = Wire::get(from)?;
        let (entries_per_append, appends_in_flight) = (Wire::get(from)?, Wire::get(from)?);
        let (bytes_per_append, bytes_in_flight) = (Wire::get(from)?, Wire::get(from)?);
        let batch_delay = Span::get(from)?;
        let (snapshot_every, snapshot_trailing) = (Wire::get(from)?, Wire::get(from)?);
        let (snapshot_chunk, drift_bound_ppm) = (Wire::get(from)?, Wire::get(from)?);
        let reads = Wire::get(from)?;
        let (pre_vote, check_quorum, vote_lease) =
            (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
        let (parallel_append, follower_reads) = (Wire::get(from)?, Wire::get(from)?);
        let priority = get_maybe(from)?;
        let options = serde_json::from_slice(get_bytes(from)?).ok()?;
        let config = Config {
            election_timeout,
            heartbeat_interval,
            entries_per_append,
            appends_in_flight,
            elections: Elections { pre_vote, check_quorum, vote_lease, priority },
            bytes_per_append,
            bytes_in_flight,
            batch_delay,
            parallel_append,
            snapshot_every,
            snapshot_trailing,
            snapshot_chunk,
            reads,
            follower_reads,
            drift_bound_ppm,
            // squall's own Raft has these, which runs in its process.
            waits_for_disk: false,
            on_write_error: OnWriteError::Stop,
            strict_change: false,
            bugs: Bugs::default(),
        };
        Some(OwnSetup { id, nodes, voters, config, options })
    }
}

/// Adds what a disk holds.
pub fn put_recovered(recovered: &Recovered, images: &mut impl Images, to: &mut Vec<u8>) {
    let Recovered { term, vote, log, snapshot, applied, damage } = recovered;
    term.put(to);
    vote.put(to);
    applied.put(to);
    put_maybe_snapshot(snapshot.as_ref(), images, to);
    let base = log.base();
    base.put(to);
    log.term_at(base).unwrap_or_default().put(to);
    ((log.last_index().0 - base.0) as u32).put(to);
    log.iter_from(base.next()).for_each(|entry| entry.put(to));
    put_maybe(damage.torn.as_ref(), to);
    damage.truncated.is_some().put(to);
    if let Some((first, entries)) = &damage.truncated {
        first.put(to);
        put_all(entries, to);
    }
    damage.corrupt.unwrap_or_default().put(to);
}

/// What [`put_recovered`] gives.
pub fn get_recovered(from: &mut &[u8], images: &impl Images) -> Option<Recovered> {
    let (term, vote, applied) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
    let snapshot = get_maybe_snapshot(from, images)?;
    let (base, base_term) = (Index::get(from)?, Term::get(from)?);
    let mut log = Log::default();
    if base > Index::ZERO {
        log.replace(base, base_term);
    }
    Vec::<Entry>::get(from)?.into_iter().for_each(|entry| log.push(entry));
    let torn = get_maybe(from)?;
    let truncated = match bool::get(from)? {
        true => Some((Index::get(from)?, Vec::<Entry>::get(from)?.into())),
        false => None,
    };
    let corrupt = Some(Index::get(from)?).filter(|index| *index > Index::ZERO);
    let damage = Damage { torn, truncated, corrupt };
    Some(Recovered { term, vote, log, snapshot, applied, damage })
}
