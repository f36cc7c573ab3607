//! One life of a node: raft-rs, and what its embedder knows beside it.

use std::collections::VecDeque;
use std::rc::Rc;

use raft::eraftpb::HardState;
use raft::{RawNode, StateRole};
use slog::{Discard, Logger};

use crate::config::Config;
use crate::configuration::Configuration;
use crate::guests::raft_rs::Message;
use crate::guests::raft_rs::clients::Clients;
use crate::guests::raft_rs::install::Install;
use crate::guests::raft_rs::options::Options;
use crate::guests::raft_rs::store::Store;
use crate::guests::raft_rs::ticks::Ticks;
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::{Entry, RequestId};
use crate::node::{Context, Effect, Recovered, Snapshot};

/// What a step of this node has at hand.
pub type Ctx<'a> = Context<'a, Message>;

/// What a node is from its first input to its crash.
pub struct Life {
    pub id: NodeId,
    pub config: Config,
    pub options: Options,
    pub raw: RawNode<Store>,
    /// The latest write.
    pub last_write: WriteId,
    /// The latest write for which messages and raft-rs wait.
    pub awaited_write: WriteId,
    /// The term and vote that were written last.
    pub saved: (Term, u64),
    /// The write of these.
    pub vote_write: WriteId,
    /// The latest write that is durable.
    pub durable: WriteId,
    /// Each `Ready` whose writes are not durable, by its number, with the last of them.
    pub in_flight: VecDeque<(u64, WriteId)>,
    /// The last entry that was given to the state machine.
    pub applied: Index,
    /// The members of the cluster as of that entry: those by which raft-rs decides.
    pub members: Configuration,
    /// The highest committed index that the disk's log, with all that was written, holds.
    pub commit: Index,
    /// The entries whose output is wanted, in order.
    pub awaited: VecDeque<(Index, RequestId)>,
    pub clients: Clients,
    /// Whether a snapshot is being written.
    pub saving: bool,
    /// The snapshot that came with the message that raft-rs took last.
    pub received: Option<Rc<Snapshot>>,
    /// The snapshot that takes the place of the log.
    pub install: Option<Install>,
    pub ticks: Ticks,
}

/// What the first input of a life comes to beside the life itself: what is written at once.
struct Mended {
    store: Store,
    writes: Vec<Effect<Message>>,
    last_write: WriteId,
    hard_state: HardState,
}

/// Makes what a crash has left of a disk whole.
fn mend(disk: &mut Recovered, initial: Configuration) -> Mended {
    let (mut last_write, mut writes) = (WriteId::NONE, Vec::new());
    let mut next = || {
        last_write = last_write.next();
        last_write
    };
    if let Some(snapshot) = &disk.snapshot {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        // A crash came between the snapshot and the log that gives way to it.
        if index > disk.log.base() && disk.log.term_at(index) != Some(term) {
            disk.log.replace(index, term);
            writes.push(Effect::Discard { write: next(), index, term });
        }
    }
    // A disk may have kept the log and lost the term that was written before.
    if disk.log.last_term() > disk.term {
        (disk.term, disk.vote) = (disk.log.last_term(), None);
        writes.push(Effect::SaveVote { write: next(), term: disk.term, vote: None });
    }
    let store = Store::new(std::mem::take(&mut disk.log), disk.snapshot.clone(), initial);
    // squall's disk has no commit index. What is applied is committed, and what stands before the last configuration of the log is.
    let known = store.committed_by_the_next().unwrap_or_default();
    let commit = disk.applied.max(store.log().base()).max(known);
    let hard_state = HardState {
        term: disk.term.0,
        vote: disk.vote.map_or(0, |vote| vote.number().into()),
        commit: commit.0.min(store.log().last_index().0),
        ..HardState::default()
    };
    Mended { store, writes, last_write, hard_state }
}

impl Life {
    /// Starts with what the disk holds.
    ///
    /// # Panics
    ///
    /// If raft-rs refuses to start.
    pub fn boot(
        id: NodeId,
        (config, options): (Config, Options),
        (voters, peers): (NodeSet, usize),
        mut disk: Recovered,
        ctx: &mut Ctx,
    ) -> Life {
        let Mended { mut store, writes, last_write, hard_state } =
            mend(&mut disk, Configuration::of(voters));
        ctx.effects.extend(writes);
        let applied = disk.applied.max(store.log().base());
        let members = store.members_at(applied);
        let (saved, commit) = ((Term(hard_state.term), hard_state.vote), Index(hard_state.commit));
        store.begin(hard_state, members);
        let raft = raft::Config { applied: applied.0, ..options.raft.clone() };
        let logger = Logger::root(Discard, slog::o!());
        let raw = RawNode::new(&raft, store, &logger).expect("raft-rs starts");
        let mut life = Life {
            id,
            config,
            raw,
            last_write,
            awaited_write: last_write,
            saved,
            vote_write: last_write,
            durable: WriteId::NONE,
            in_flight: VecDeque::new(),
            applied,
            members,
            commit,
            awaited: VecDeque::new(),
            clients: Clients::new(ctx.rng.word()),
            saving: false,
            received: None,
            install: None,
            ticks: Ticks::of(peers),
            options,
        };
        life.work(ctx);
        // The one that was being written when the node went down is lost, and who waits for it may be all that keeps entries from coming.
        life.take_snapshot(ctx);
        life
    }

    /// The number of the next write.
    pub fn next_write(&mut self) -> WriteId {
        self.last_write = self.last_write.next();
        self.last_write
    }

    /// The entry at an index, which the log holds.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn entry(&self, index: Index) -> Entry {
        *self.raw.store().log().get(index).expect("raft-rs names what the log holds")
    }

    /// All that follows from an input: what raft-rs has ready, reads that may be answered, and the timeout that was drawn.
    pub fn work(&mut self, ctx: &mut Ctx) {
        self.take_all(ctx);
        self.serve_reads(ctx);
        self.pin_timeout(ctx);
        self.note_commit();
        if self.options.check_progress {
            self.check_progress();
        }
    }

    /// A leader sends each node what comes behind what it is known to have.
    fn check_progress(&self) {
        let raft = &self.raw.raft;
        for (node, progress) in raft.prs().iter().filter(|_| raft.state == StateRole::Leader) {
            let (next, matched) = (progress.next_idx, progress.matched);
            assert!(next > matched, "n{node} is known to have {matched}, and is sent {next} next");
        }
    }

    /// What raft-rs knows to be committed, as far as the log was written: entries of a `Ready` that is not taken yet are not there.
    fn note_commit(&mut self) {
        if self.install.is_some() || self.raw.snap().is_some() {
            return;
        }
        let log = &self.raw.raft.raft_log;
        let written = log.unstable.offset - 1;
        self.commit = self.commit.max(Index(log.committed.min(written)));
    }
}
