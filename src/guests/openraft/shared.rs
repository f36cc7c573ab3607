//! What the parts of a node share: its disk as it is or will be, what is waited for, and what is to be done at the end of a step.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use openraft::storage::{ApplyResponder, IOFlushed};

use super::library::Types;
use super::message::{Ballot, Body, Message};
use super::options::Options;
use super::runtime::{Sender, channel};
use crate::configuration::Configuration;
use crate::ids::{Index, NodeId, Term, WriteId};
use crate::log::{Log, RequestId};
use crate::node::{Effect, Snapshot};

/// A snapshot as openraft hands it around.
#[derive(Clone, Debug)]
pub struct Image(pub Rc<Snapshot>);

/// The place of the membership with which all begin. squall's logs begin behind it.
pub const BEGINNING: (Term, Index) = (Term::ZERO, Index::ZERO);

/// What waits for a write.
pub enum Waiting {
    Task(Sender<()>),
    Flushed(IOFlushed<Types>),
}

/// The term and vote that the disk has or will have.
pub type DiskVote = (Term, Option<NodeId>);

/// All that the parts of a node share.
pub struct Shared {
    pub id: NodeId,
    pub options: Options,
    pub effects: RefCell<Vec<Effect<Message>>>,
    /// The log that the disk holds or will hold.
    pub log: RefCell<Log>,
    pub disk_vote: Cell<DiskVote>,
    /// openraft's vote, which says more: whether a majority gave it.
    pub vote: Cell<Ballot>,
    last_write: Cell<WriteId>,
    durable: Cell<WriteId>,
    /// The writes of entries that are not durable, with the index of the first of them.
    appends: RefCell<VecDeque<(Index, WriteId)>>,
    /// What waits for writes, in their order.
    waiting: RefCell<VecDeque<(WriteId, Waiting)>>,
    /// The latest durable snapshot.
    pub snapshot: RefCell<Option<Rc<Snapshot>>>,
    /// Who waits for the snapshot that is being written.
    saving: RefCell<Option<Sender<Rc<Snapshot>>>>,
    /// Who waits until it is written, to write another.
    to_save: RefCell<VecDeque<Sender<()>>>,
    /// The last entry that the state machine was given.
    pub applied: Cell<(Term, Index)>,
    /// The members as of that entry, and where they stand in the log.
    pub members: Cell<((Term, Index), Configuration)>,
    /// The members with which the cluster began.
    pub initial: Configuration,
    /// Entries whose output is wanted, in order.
    pub awaited: RefCell<VecDeque<(Index, ApplyResponder<Types>)>>,
    /// The number of the latest request to another node. Those of a later life are others.
    pub requests: Cell<u64>,
    /// Who waits for an answer to which request.
    pub pending: RefCell<BTreeMap<u64, Sender<Body>>>,
    /// When it heard a leader last, by the steady clock.
    pub heard: Cell<u64>,
    /// How many nodes were asked whether they would vote, and have not answered.
    pub pre_votes: Cell<u32>,
    /// Requests of clients that have no answer, with the number of the latest try.
    pub clients: RefCell<BTreeMap<RequestId, u64>>,
}

impl Shared {
    /// What a node shares that starts with this log, vote and snapshot.
    pub fn new(
        id: NodeId,
        options: Options,
        initial: Configuration,
        (log, disk_vote): (Log, DiskVote),
        first_request: u64,
    ) -> Shared {
        let (term, node) = disk_vote;
        Shared {
            id,
            options,
            effects: RefCell::default(),
            log: RefCell::new(log),
            disk_vote: Cell::new(disk_vote),
            vote: Cell::new(Ballot { term, node, committed: false }),
            last_write: Cell::default(),
            durable: Cell::default(),
            appends: RefCell::default(),
            waiting: RefCell::default(),
            snapshot: RefCell::default(),
            saving: RefCell::default(),
            to_save: RefCell::default(),
            applied: Cell::new(BEGINNING),
            members: Cell::new((BEGINNING, initial)),
            initial,
            awaited: RefCell::default(),
            requests: Cell::new(first_request),
            pending: RefCell::default(),
            heard: Cell::default(),
            pre_votes: Cell::default(),
            clients: RefCell::default(),
        }
    }

    /// Wants something done.
    pub fn emit(&self, effect: Effect<Message>) {
        self.effects.borrow_mut().push(effect);
    }

    /// The number of the next write.
    pub fn next_write(&self) -> WriteId {
        self.last_write.set(self.last_write.get().next());
        self.last_write.get()
    }

    /// Notes that entries are being written from an index on. The number of the write.
    pub fn append(&self, first: Index) -> WriteId {
        let write = self.next_write();
        self.appends.borrow_mut().push_back((first, write));
        write
    }

    /// Waits until all that was written is durable.
    pub async fn all_durable(&self) {
        self.durable(self.last_write.get()).await;
    }

    /// Waits until the entries up to an index are durable.
    pub async fn entries_durable(&self, upto: Index) {
        let write = {
            let appends = self.appends.borrow();
            let last = appends.iter().rev().find(|(first, _)| *first <= upto);
            last.map_or(WriteId::NONE, |(_, write)| *write)
        };
        self.durable(write).await;
    }

    async fn durable(&self, write: WriteId) {
        if write > self.durable.get() {
            let (sender, receiver) = channel();
            self.wait(write, Waiting::Task(sender));
            // Nobody drops the sender but a crash, which drops this, too.
            _ = receiver.await;
        }
    }

    /// The log gives way to the durable snapshot that ends with this entry, unless it has that entry.
    pub fn give_way(&self, (term, index): (Term, Index)) {
        let mut log = self.log.borrow_mut();
        if index > log.base() && log.term_at(index) != Some(term) {
            log.replace(index, term);
            self.emit(Effect::Discard { write: self.next_write(), index, term });
        }
    }

    /// Tells somebody when a write is durable.
    pub fn wait(&self, write: WriteId, waiting: Waiting) {
        self.waiting.borrow_mut().push_back((write, waiting));
    }

    /// All up to a write is durable.
    pub fn written(&self, write: WriteId) {
        self.durable.set(write);
        self.appends.borrow_mut().retain(|(_, append)| *append > write);
        let mut done = Vec::new();
        {
            let mut waiting = self.waiting.borrow_mut();
            while waiting.front().is_some_and(|(wanted, _)| *wanted <= write) {
                done.extend(waiting.pop_front());
            }
        }
        if self.options.newest_first {
            done.reverse();
        }
        for (_, waiting) in done {
            match waiting {
                Waiting::Task(sender) => sender.give(()),
                Waiting::Flushed(flushed) => flushed.io_completed(Ok(())),
            }
        }
    }

    /// Whether a snapshot is being written.
    pub fn is_saving(&self) -> bool {
        self.saving.borrow().is_some()
    }

    /// Waits until no snapshot is being written.
    pub async fn may_save(&self) {
        while self.is_saving() {
            let (sender, receiver) = channel();
            self.to_save.borrow_mut().push_back(sender);
            _ = receiver.await;
        }
    }

    /// A snapshot is being written from now on; the receiver gets it when it is durable.
    pub fn begin_saving(&self) -> super::runtime::Receiver<Rc<Snapshot>> {
        let (sender, receiver) = channel();
        *self.saving.borrow_mut() = Some(sender);
        receiver
    }

    /// The snapshot that was being written is durable.
    pub fn snapshot_saved(&self, snapshot: Rc<Snapshot>) {
        *self.snapshot.borrow_mut() = Some(snapshot.clone());
        if let Some(sender) = self.saving.take() {
            sender.give(snapshot);
        }
        for sender in self.to_save.take() {
            sender.give(());
        }
    }
}
