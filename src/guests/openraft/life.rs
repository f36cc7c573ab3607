//! One life of a node: openraft with its tasks, and what its embedder knows beside it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::raft::{AppendEntriesRequest, TransferLeaderRequest, VoteRequest};

use super::library::{self, Metrics, Raft, committed, log_id, stored};
use super::log_store::{Store, to_openraft};
use super::machine::Machine;
use super::message::{Ballot, Body, Message};
use super::network::{self, Network};
use super::options::Options;
use super::runtime::{Executor, Watching};
use super::shared::{BEGINNING, Image, Shared};
use super::versions::{self, Snapshot as RaftSnapshot, meta};
use crate::configuration::{Change, Configuration};
use crate::ids::{Index, NodeId, NodeSet, Term, WriteId};
use crate::log::{Command, Log, RequestId};
use crate::machine::Output;
use crate::node::{Context, Effect, Input, Recovered, Request, Role, Status, TimerId};
use crate::time::{Span, SpanRange};

/// What a step of this node has at hand.
pub type Ctx<'a> = Context<'a, Message>;

/// The timer that stands for all of openraft's: it goes by the clock that nobody sets.
const TIMER: TimerId = TimerId::STEADY;

/// What a client asks, as openraft's entries have it.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub request: RequestId,
    pub command: Command,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.command)
    }
}

/// What a node is from its first input to its crash.
pub struct Life {
    shared: Rc<Shared>,
    executor: Rc<Executor>,
    raft: Raft,
    metrics: Watching<Metrics>,
    /// For when the timer is set, by the steady clock.
    timer: Option<u64>,
    /// The term in which this node leads and hands over, and to whom.
    transfer: Option<(Term, NodeId)>,
    /// What the node was when it was looked at last.
    status: Status,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.executor.end();
    }
}

/// Makes what a crash has left of a disk whole, and finds the members as of what was applied.
fn mend(disk: &mut Recovered, shared: &Shared) {
    if let Some(snapshot) = &disk.snapshot {
        // A crash may have come between the snapshot and the log that gives way to it.
        shared.give_way((snapshot.last_included_term, snapshot.last_included_index));
        *shared.snapshot.borrow_mut() = Some(snapshot.clone());
    }
    let log = shared.log.borrow();
    // A disk may have kept the log and lost the term that was written before.
    if log.last_term() > disk.term {
        let (term, vote) = (log.last_term(), None);
        shared.disk_vote.set((term, vote));
        shared.vote.set(Ballot { term, node: vote, committed: false });
        shared.emit(Effect::SaveVote { write: shared.next_write(), term, vote });
    }
    let Some(term) = log.term_at(disk.applied).filter(|_| disk.applied > Index::ZERO) else {
        return;
    };
    shared.applied.set((term, disk.applied));
    shared.members.set(members_at(&log, disk, shared.initial));
}

/// The members as of what was applied, and where they stand.
fn members_at(
    log: &Log,
    disk: &Recovered,
    initial: Configuration,
) -> ((Term, Index), Configuration) {
    let covered = disk.snapshot.as_ref().filter(|it| it.last_included_index <= disk.applied);
    let mut found = covered.map_or((BEGINNING, initial), |it| {
        ((it.last_included_term, it.last_included_index), it.members)
    });
    for index in log.base().0 + 1..=disk.applied.0 {
        if let Some(entry) = log.get(Index(index))
            && let Command::Configure(members) = entry.command
            && Index(index) > found.0.1
        {
            found = ((entry.term, Index(index)), members);
        }
    }
    found
}

impl Life {
    /// Starts with what the disk holds.
    ///
    /// # Panics
    ///
    /// If openraft does not start.
    pub fn boot(
        id: NodeId,
        (options, timeouts): (Options, SpanRange),
        voters: NodeSet,
        mut disk: Recovered,
        ctx: &mut Ctx,
    ) -> Life {
        let first_request = ctx.rng.word();
        let config = options.raft.clone();
        let millis = (config.election_timeout_min, config.election_timeout_max);
        let executor = Executor::new(timeouts, millis);
        let log = std::mem::take(&mut disk.log);
        let disk_vote = (disk.term, disk.vote);
        let initial = Configuration::of(voters);
        let shared = Shared::new(id, options, initial, (log, disk_vote), first_request);
        mend(&mut disk, &shared);
        let shared = Rc::new(shared);
        let started = Rc::new(RefCell::new(None));
        let (store, machine) = (Store(shared.clone()), Machine(shared.clone()));
        let (network, result) = (Network(shared.clone()), started.clone());
        let number = id.number().into();
        executor.enter(ctx.moment().steady.0, ctx.rng, || {
            executor.spawn(async move {
                let raft = Raft::new(number, config.into(), network, store, machine).await;
                *result.borrow_mut() = Some(raft);
            });
            executor.run();
        });
        let raft = started.take().expect("openraft starts at once").expect("openraft starts");
        let metrics = raft.metrics();
        let status = Status::default();
        let mut life =
            Life { shared, executor, raft, metrics, timer: None, transfer: None, status };
        life.end_step(ctx);
        life
    }

    /// Takes an input, and runs openraft until it waits.
    pub fn step(&mut self, input: Input<Message>, ctx: &mut Ctx) {
        let executor = self.executor.clone();
        let now = ctx.moment().steady.0;
        executor.enter(now, ctx.rng, || {
            self.take(input);
            executor.run();
            if self.is_removed() {
                self.step_down();
                executor.run();
            }
        });
        self.end_step(ctx);
    }

    fn take(&mut self, input: Input<Message>) {
        let shared = &self.shared;
        match input {
            Input::Receive { from, message } => self.receive(from, message),
            Input::Request(request) => self.request(request),
            Input::Transfer(to) => self.transfer(to),
            Input::Change(change) => self.change(change),
            Input::TimerFired(_) => self.timer = None,
            Input::Durable(write) => shared.written(write),
            // What the disk holds of it is not known until it is read again, at the next boot.
            Input::WriteFailed(_) => shared.emit(Effect::Stop),
            Input::Applied { index, output } => self.applied(index, output),
            Input::Read { request, output, .. } => shared.answer(request, output),
            Input::SnapshotSaved(snapshot) => shared.snapshot_saved(snapshot),
            // A boot comes first, and once.
            _ => {}
        }
    }

    fn request(&self, request: Request) {
        super::clients::request(self.raft.clone(), self.shared.clone(), request);
    }

    /// What an entry gave.
    fn applied(&self, index: Index, output: Output) {
        let first = self.shared.awaited.borrow_mut().pop_front_if(|(awaited, _)| *awaited == index);
        if let Some((_, responder)) = first {
            responder.send(output);
        }
    }

    fn receive(&self, from: NodeId, message: Message) {
        if message.body.is_answer() {
            let pending = self.shared.pending.borrow_mut().remove(&message.number);
            if let Some(sender) = pending {
                sender.give(message.body);
            }
            return;
        }
        if let Body::Append { .. } | Body::Install { .. } = message.body {
            self.shared.heard.set(self.executor.now());
        }
        let (raft, shared) = (self.raft.clone(), self.shared.clone());
        self.executor.spawn(async move {
            let number = message.number;
            // openraft that has stopped answers nothing.
            if let Some(body) = answer(raft, message).await {
                let message = Message { number, body, snapshot: None };
                shared.emit(Effect::Send { to: from, message, after: WriteId::NONE });
            }
        });
    }

    /// An operator wants the lead handed over. Who does not lead does nothing.
    fn transfer(&mut self, to: NodeId) {
        let metrics = self.metrics.borrow_watched();
        let term = Term(metrics.current_term);
        if metrics.state != ServerState::Leader || to == self.shared.id {
            return;
        }
        drop(metrics);
        self.transfer.get_or_insert((term, to));
        let raft = self.raft.clone();
        self.executor.spawn(async move {
            // It fails where openraft has stopped.
            _ = raft.trigger().transfer_leader(to.number().into()).await;
        });
    }

    /// An operator wants the members changed. openraft refuses where it does not lead, or is changing them.
    fn change(&self, change: Change) {
        let members = self.members();
        let Some(next) = members.after(change) else { return };
        // openraft lets a leader lead on that becomes a learner. It is not asked for that.
        if next.learners.contains(self.shared.id) {
            return;
        }
        // Nor does a leader stay as one that leaves with the joint configuration which another leader entered.
        let leaves = change == Change::Leave && !next.voters.contains(self.shared.id);
        let (raft, own) = (self.raft.clone(), u64::from(self.shared.id.number()));
        self.executor.spawn(async move {
            for (change, retain) in super::members::changes(members, change) {
                let done = raft.change_membership(change, retain && !leaves).await;
                // Who is no voter any more is about to go.
                if done.is_err() || !raft.voter_ids().any(|voter| voter == own) {
                    return;
                }
            }
        });
    }

    /// Whether this node leads, and knows that it is committed that it is no voter. openraft leaves it to its embedder when such a leader
    /// goes, and lets it lead on for a while if it is not told.
    fn is_removed(&self) -> bool {
        let metrics = self.metrics.borrow_watched();
        metrics.state == ServerState::Leader && library::is_out(&metrics, self.shared.id)
    }

    fn step_down(&self) {
        let raft = self.raft.clone();
        self.executor.spawn(async move { library::step_down(&raft).await });
    }

    /// The members by which the node goes.
    fn members(&self) -> Configuration {
        let metrics = self.metrics.borrow_watched();
        super::members::configuration(metrics.membership_config.membership())
    }

    /// Gives the host what is to be done, sets the timer, and looks at what the node is.
    fn end_step(&mut self, ctx: &mut Ctx) {
        ctx.effects.append(&mut self.shared.effects.borrow_mut());
        let next = self.executor.next_timer();
        if next != self.timer {
            self.timer = next;
            let steady = ctx.moment().steady.0;
            match next {
                Some(at) => {
                    let at = ctx.now.plus(Span(at.saturating_sub(steady)));
                    ctx.emit(Effect::SetTimer { timer: TIMER, at });
                }
                None => ctx.emit(Effect::CancelTimer { timer: TIMER }),
            }
        }
        self.look();
    }

    /// What openraft says of itself.
    ///
    /// # Panics
    ///
    /// If it has stopped: nothing that squall does is a reason to.
    fn look(&mut self) {
        let metrics = self.metrics.borrow_watched();
        if let Err(error) = &metrics.running_state {
            panic!("openraft has stopped: {error}");
        }
        let term = Term(metrics.current_term).max(self.status.term).max(Term::FIRST);
        let role = match metrics.state {
            ServerState::Leader => Role::Leader,
            ServerState::Candidate => Role::Candidate,
            ServerState::Follower if self.is_asking(term) => Role::PreCandidate,
            _ => Role::Follower,
        };
        self.transfer.take_if(|(begun, _)| *begun != term || role != Role::Leader);
        let applied = self.shared.applied.get().1;
        // openraft knows what a leader's snapshot covers to be committed before the log has given way to that.
        let (log, before) = (self.shared.log.borrow(), self.status.commit);
        let commit = committed(&metrics)
            .filter(|(term, index)| log.term_at(*index) == Some(*term))
            .map_or(before, |(_, index)| index);
        self.status = Status {
            term,
            role,
            leader: metrics.current_leader.and_then(library::node),
            commit,
            applied,
            transfer: self.transfer.map(|(_, to)| to),
            ..Status::default()
        };
    }

    /// Whether the node asks others whether they would vote, or was told so and writes its own vote. openraft has no name for that.
    fn is_asking(&self, term: Term) -> bool {
        let vote = self.shared.vote.get();
        let stands = vote.node == Some(self.shared.id) && !vote.committed && vote.term > term;
        self.shared.pre_votes.get() > 0 || (stands && self.status.role == Role::PreCandidate)
    }

    /// What the node is.
    pub fn status(&self) -> Status {
        self.status
    }
}

/// What openraft answers to another node's request.
async fn answer(raft: Raft, message: Message) -> Option<Body> {
    match message.body {
        Body::Append { vote, previous, entries, commit } => {
            let first = previous.map_or(Index::ZERO, |(_, index)| index.next());
            let all = entries.entries().iter().enumerate();
            let request = AppendEntriesRequest {
                vote: vote.vote(),
                prev_log_id: previous.map(log_id),
                entries: all.map(|(place, it)| to_openraft(first.plus(place as u64), it)).collect(),
                leader_commit: commit.map(log_id),
            };
            let response = raft.append_entries(request).await.ok()?;
            let previous = previous.unwrap_or_default().1;
            let hidden = usize::from(first == Index::ZERO && !entries.is_empty());
            let count = (entries.len() - hidden) as u32;
            Some(network::appended(&response, (vote, previous, count)))
        }
        Body::Vote { vote, last, by_leader, is_pre } => {
            let mut request = VoteRequest::new(vote.vote(), last.map(log_id));
            request.leadership_transfer = by_leader;
            let response = match is_pre {
                true => raft.pre_vote(request).await.ok()?,
                false => raft.vote(request).await.ok()?,
            };
            let last = response.last_log_id.as_ref().map(library::at);
            let (granted, term) = (response.vote_granted, vote.term);
            let vote = Ballot::of(&response.vote);
            Some(Body::Voted { vote, last, granted, term, is_pre })
        }
        Body::Install { vote, last, members_at } => {
            let snapshot = message.snapshot?;
            let (bytes, end) = (snapshot.image.bytes, last?);
            let members = stored(members_at.unwrap_or(end), snapshot.members);
            let meta = meta(Some(log_id(end)), members);
            let whole = RaftSnapshot { meta, snapshot: Image(snapshot) };
            let response = raft.install_full_snapshot(vote.vote(), whole).await.ok()?;
            let asked = vote;
            let vote = Ballot::of(&response.vote);
            Some(Body::Installed { vote, asked, last: end.1, bytes })
        }
        Body::Transfer { vote, to, last, .. } => {
            let request =
                TransferLeaderRequest::new(vote.vote(), to.number().into(), last.map(log_id));
            let response = raft.handle_transfer_leader(request).await.ok()?;
            Some(Body::Transferred { handed: versions::handed(&response), term: vote.term })
        }
        _ => None,
    }
}
