//! Connections between nodes: OmniPaxos wants messages of one node to come in their order, and to be told when a connection was lost and is
//! there again.
//!
//! squall's network loses, doubles and reorders. So messages are numbered, as by a transport: what comes early waits for what is missing,
//! and when that has not come within two ticks the connection is taken for lost and made anew.

use std::collections::BTreeMap;

use omnipaxos::messages::Message as OmniMessage;

use crate::guests::omnipaxos::message::Message;
use crate::guests::omnipaxos::store::Proposal;

/// What came over one connection.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Whether it was made anew before that.
    pub anew: bool,
    /// What came, in order.
    pub messages: Vec<OmniMessage<Proposal>>,
}

/// The connection with one other node.
#[derive(Debug)]
pub struct Link {
    /// The number of the next message to that node.
    next: u64,
    /// The latest life of that node from which something came.
    life: Option<u64>,
    /// The number of the message that is to come.
    expected: u64,
    early: BTreeMap<u64, OmniMessage<Proposal>>,
    /// For how many ticks it has been missing.
    missing: u32,
}

/// How long what is missing is waited for, in ticks.
const PATIENCE: u32 = 2;

impl Default for Link {
    fn default() -> Link {
        Link { next: 1, life: None, expected: 1, early: BTreeMap::new(), missing: 0 }
    }
}

impl Link {
    /// The number of the next message to the other node.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A message of the other node.
    pub fn receive(&mut self, Message { life, number, body }: Message) -> Arrived {
        let mut arrived = Arrived::default();
        if self.life > Some(life) {
            return arrived;
        }
        if self.life != Some(life) {
            arrived.anew = self.life.replace(life).is_some();
            self.early.clear();
            (self.expected, self.missing) = (1, 0);
        }
        if number >= self.expected {
            self.early.insert(number, body);
        }
        self.take(&mut arrived);
        arrived
    }

    /// A tick: what is missing may be given up.
    pub fn tick(&mut self) -> Arrived {
        let mut arrived = Arrived::default();
        self.missing = if self.early.is_empty() { 0 } else { self.missing + 1 };
        if self.missing >= PATIENCE
            && let Some((first, _)) = self.early.first_key_value()
        {
            (self.expected, arrived.anew) = (*first, true);
            self.take(&mut arrived);
        }
        arrived
    }

    fn take(&mut self, arrived: &mut Arrived) {
        while let Some(body) = self.early.remove(&self.expected) {
            (self.expected, self.missing) = (self.expected + 1, 0);
            arrived.messages.push(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use omnipaxos::messages::sequence_paxos::{PaxosMessage, PaxosMsg, PrepareReq};

    use super::*;
    use crate::guests::omnipaxos::ballots::CONFIGURATION;

    fn message(life: u64, number: u64) -> Message {
        let n = omnipaxos::ballot_leader_election::Ballot::with(CONFIGURATION, number as u32, 0, 1);
        let msg = PaxosMsg::PrepareReq(PrepareReq { n });
        Message {
            life,
            number,
            body: OmniMessage::SequencePaxos(PaxosMessage { from: 1, to: 2, msg }),
        }
    }

    fn numbers(arrived: &Arrived) -> Vec<u32> {
        let number = |message: &OmniMessage<Proposal>| match message {
            OmniMessage::SequencePaxos(PaxosMessage { msg: PaxosMsg::PrepareReq(it), .. }) => {
                it.n.n
            }
            other => panic!("{other:?} was not sent"),
        };
        arrived.messages.iter().map(number).collect()
    }

    #[test]
    fn messages_come_in_order_once_and_what_is_lost_is_given_up() {
        let mut link = Link::default();
        assert_eq!(numbers(&link.receive(message(7, 1))), [1]);
        assert!(numbers(&link.receive(message(7, 3))).is_empty());
        assert_eq!(numbers(&link.receive(message(7, 2))), [2, 3]);
        assert!(numbers(&link.receive(message(7, 2))).is_empty());
        assert!(numbers(&link.receive(message(7, 5))).is_empty());
        assert!(!link.tick().anew);
        let after = link.tick();
        assert!(after.anew);
        assert_eq!(numbers(&after), [5]);
        let other = link.receive(message(8, 1));
        assert!(other.anew);
        assert_eq!(numbers(&other), [1]);
        assert!(numbers(&link.receive(message(7, 6))).is_empty(), "that life is over");
    }
}
