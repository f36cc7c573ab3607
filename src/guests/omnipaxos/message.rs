//! What nodes say to each other: OmniPaxos's messages as they are, numbered, and what squall sees of them.

use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::messages::Message as OmniMessage;
use omnipaxos::messages::ballot_leader_election::HeartbeatMsg;
use omnipaxos::messages::sequence_paxos::PaxosMsg;

use crate::guests::omnipaxos::ballots::term;
use crate::guests::omnipaxos::store::Proposal;
use crate::ids::Term;
use crate::log::Entry;
use crate::message::{Label, Summary};

/// A message of OmniPaxos.
#[derive(Clone, Debug)]
pub struct Message {
    /// When the life of the node that sent it began, by its clock.
    pub life: u64,
    /// Which of its messages to this node it is, from 1.
    pub number: u64,
    pub body: OmniMessage<Proposal>,
}

/// What oracles and traces see.
pub fn summary(message: &Message) -> Summary {
    let other = |name, ballot: Option<Ballot>, entries: usize, reply| {
        let term = ballot.map_or(Term::ZERO, |ballot| term(ballot, Ballot::default()));
        let bytes = (entries as u64 * Entry::BYTES) as u32;
        Summary::Other { name: Label::new(name), term, bytes, reply }
    };
    match &message.body {
        OmniMessage::BLE(message) => match &message.msg {
            HeartbeatMsg::Request(_) => other("heartbeat", None, 0, false),
            HeartbeatMsg::Reply(_) => other("heartbeat-reply", None, 0, true),
        },
        OmniMessage::SequencePaxos(message) => match &message.msg {
            PaxosMsg::PrepareReq(it) => other("prepare-request", Some(it.n), 0, false),
            PaxosMsg::Prepare(it) => other("prepare", Some(it.n), 0, false),
            PaxosMsg::Promise(it) => {
                let entries = it.log_sync.as_ref().map_or(0, |sync| sync.suffix.len());
                other("promise", Some(it.n), entries, true)
            }
            PaxosMsg::AcceptSync(it) => {
                other("accept-sync", Some(it.n), it.log_sync.suffix.len(), false)
            }
            PaxosMsg::AcceptDecide(it) => {
                other("accept-decide", Some(it.n), it.entries.len(), false)
            }
            PaxosMsg::Accepted(it) => other("accepted", Some(it.n), 0, true),
            PaxosMsg::NotAccepted(it) => other("not-accepted", Some(it.n), 0, true),
            PaxosMsg::Decide(it) => other("decide", Some(it.n), 0, false),
            PaxosMsg::ProposalForward(proposals) => match proposals.as_slice() {
                [proposal] => Summary::Forward { request: proposal.request },
                several => other("forward", None, several.len(), false),
            },
            PaxosMsg::Compaction(_) => other("compaction", None, 0, false),
            PaxosMsg::AcceptStopSign(it) => other("accept-stop-sign", Some(it.n), 0, false),
            PaxosMsg::ForwardStopSign(_) => other("forward-stop-sign", None, 0, false),
        },
    }
}
