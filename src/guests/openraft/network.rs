//! openraft's network on squall's messages. A request has its answer, or the time is up: squall's network loses silently.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Timeout};
use openraft::network::{RPCOption, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    VoteRequest, VoteResponse,
};

use super::library::{Types, Vote, at, log_id};
use super::log_store::from_openraft;
use super::message::{Appended, Ballot, Body, Message};
use super::runtime::{channel, timeout};
use super::shared::{Image, Shared};
use super::versions::{Snapshot as RaftSnapshot, TransferResponse, response, snapshot_data};
use crate::ids::{Index, NodeId, WriteId};
use crate::node::Effect;
use crate::node::Snapshot;

/// Makes links to other nodes.
pub struct Network(pub Rc<Shared>);

/// A link to another node.
pub struct Link {
    shared: Rc<Shared>,
    to: NodeId,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, (): &()) -> Link {
        Link { shared: self.0.clone(), to: NodeId::new(target as u8) }
    }
}

/// A node that was asked whether it would vote, until it answers.
struct Asked<'s>(&'s Shared);

impl Asked<'_> {
    fn new(shared: &Shared) -> Asked<'_> {
        shared.pre_votes.set(shared.pre_votes.get() + 1);
        Asked(shared)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.pre_votes.set(self.0.pre_votes.get() - 1);
    }
}

/// A request whose answer is not waited for any more.
struct Forget<'s>(&'s Shared, u64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.pending.borrow_mut().remove(&self.1);
    }
}

impl Link {
    /// Sends a request, and waits for its answer for so long.
    async fn ask(
        &self,
        kind: RPCTypes,
        (body, snapshot): (Body, Option<Rc<Snapshot>>),
        patience: Duration,
    ) -> Result<Body, RPCError<Types>> {
        let shared = &self.shared;
        let number = shared.requests.get().wrapping_add(1);
        shared.requests.set(number);
        let (sender, receiver) = channel();
        shared.pending.borrow_mut().insert(number, sender);
        let _forget = Forget(shared, number);
        let message = Message { number, body, snapshot };
        shared.emit(Effect::Send { to: self.to, message, after: WriteId::NONE });
        if let Ok(Ok(answer)) = timeout(patience, receiver).await {
            return Ok(answer);
        }
        Err(RPCError::Timeout(Timeout {
            action: kind,
            id: shared.id.number().into(),
            target: self.to.number().into(),
            timeout: patience,
        }))
    }

    async fn ask_for_vote(
        &self,
        rpc: VoteRequest<Types>,
        is_pre: bool,
        patience: Duration,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let vote = Ballot::of(&rpc.vote);
        let (last, by_leader) = (rpc.last_log_id.as_ref().map(at), rpc.leadership_transfer);
        let body = Body::Vote { vote, last, by_leader, is_pre };
        match self.ask(RPCTypes::Vote, (body, None), patience).await? {
            Body::Voted { vote, last, granted, .. } => {
                Ok(VoteResponse::new(vote.vote(), last.map(log_id), granted))
            }
            _ => Err(mismatch()),
        }
    }
}

/// An answer of another kind than the request: no node of this library gives one.
fn mismatch() -> RPCError<Types> {
    let error = std::io::Error::other("an answer of another kind");
    RPCError::Network(openraft::errors::NetworkError::new(&error))
}

impl RaftNetworkV2<Types> for Link {
    snapshot_data!();

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let body = Body::Append {
            vote: Ballot::of(&rpc.vote),
            previous: rpc.prev_log_id.as_ref().map(at),
            entries: rpc.entries.iter().map(|entry| from_openraft(entry).1).collect(),
            commit: rpc.leader_commit.as_ref().map(at),
        };
        let patience = option.hard_ttl().max(self.shared.options.patience);
        match self.ask(RPCTypes::AppendEntries, (body, None), patience).await? {
            Body::Appended { answer, .. } => Ok(match answer {
                Appended::All => AppendEntriesResponse::Success,
                Appended::Upto(place) => AppendEntriesResponse::PartialSuccess(place.map(log_id)),
                Appended::Conflict => AppendEntriesResponse::Conflict,
                Appended::HigherVote(vote) => AppendEntriesResponse::HigherVote(vote.vote()),
            }),
            _ => Err(mismatch()),
        }
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        self.ask_for_vote(rpc, false, option.hard_ttl()).await
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let _asked = Asked::new(&self.shared);
        self.ask_for_vote(rpc, true, option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: RaftSnapshot,
        cancel: impl Future<Output = ReplicationClosed> + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let RaftSnapshot { meta, snapshot: Image(snapshot) } = snapshot;
        let body = Body::Install {
            vote: Ballot::of(&vote),
            last: meta.last_log_id.as_ref().map(at),
            members_at: meta.last_membership.log_id().as_ref().map(at),
        };
        let ask = self.ask(RPCTypes::InstallSnapshot, (body, Some(snapshot)), option.hard_ttl());
        match select(pin!(ask), pin!(cancel)).await {
            Either::Left((answer, _)) => match answer? {
                Body::Installed { vote, .. } => Ok(SnapshotResponse::new(vote.vote())),
                _ => Err(mismatch().into()),
            },
            Either::Right((closed, _)) => Err(closed.into()),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferResponse, RPCError<Types>> {
        let body = Body::Transfer {
            vote: Ballot::of(request.from_leader()),
            to: NodeId::new(*request.to_node_id() as u8),
            receiver: self.to,
            last: request.last_log_id().map(at),
        };
        match self.ask(RPCTypes::TransferLeader, (body, None), option.hard_ttl()).await? {
            Body::Transferred { handed, .. } => Ok(response(&request, handed)),
            _ => Err(mismatch()),
        }
    }
}

/// What goes with the answer to entries.
pub fn appended(
    response: &AppendEntriesResponse<Types>,
    (vote, previous, count): (Ballot, Index, u32),
) -> Body {
    let answer = match response {
        AppendEntriesResponse::Success => Appended::All,
        AppendEntriesResponse::PartialSuccess(place) => Appended::Upto(place.as_ref().map(at)),
        AppendEntriesResponse::Conflict => Appended::Conflict,
        AppendEntriesResponse::HigherVote(vote) => Appended::HigherVote(Ballot::of(vote)),
    };
    Body::Appended { answer, term: vote.term, previous, count }
}
