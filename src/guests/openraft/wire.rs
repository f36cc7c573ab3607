//! Messages as bytes, for a node that is a module of its own.

use std::rc::Rc;

use super::message::{Appended, Ballot, Body, Handed, Message, Place};
use crate::guests::export::Carried;
use crate::ids::{Index, Term};
use crate::log::{Batch, Entry};
use crate::node::Snapshot;
use crate::wire::{Wire, get_maybe, put_all, put_maybe};

impl Wire for Ballot {
    fn put(&self, to: &mut Vec<u8>) {
        self.term.put(to);
        self.node.put(to);
        self.committed.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Ballot> {
        let (term, node) = (Wire::get(from)?, Wire::get(from)?);
        Some(Ballot { term, node, committed: Wire::get(from)? })
    }
}

fn put_place(place: Place, to: &mut Vec<u8>) {
    put_maybe(place.map(|(term, _)| term).as_ref(), to);
    if let Some((_, index)) = place {
        index.put(to);
    }
}

fn get_place(from: &mut &[u8]) -> Option<Place> {
    match get_maybe::<Term>(from)? {
        Some(term) => Some(Some((term, Index::get(from)?))),
        None => Some(None),
    }
}

impl Wire for Appended {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Appended::All => 0_u8.put(to),
            Appended::Upto(place) => {
                1_u8.put(to);
                put_place(*place, to);
            }
            Appended::Conflict => 2_u8.put(to),
            Appended::HigherVote(vote) => {
                3_u8.put(to);
                vote.put(to);
            }
        }
    }

    fn get(from: &mut &[u8]) -> Option<Appended> {
        Some(match u8::get(from)? {
            0 => Appended::All,
            1 => Appended::Upto(get_place(from)?),
            2 => Appended::Conflict,
            3 => Appended::HigherVote(Wire::get(from)?),
            _ => return None,
        })
    }
}

impl Wire for Handed {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Handed::Done => 0_u8.put(to),
            Handed::VoteChanged(vote) => {
                1_u8.put(to);
                vote.put(to);
            }
            Handed::NotFlushed(place) => {
                2_u8.put(to);
                put_place(*place, to);
            }
        }
    }

    fn get(from: &mut &[u8]) -> Option<Handed> {
        Some(match u8::get(from)? {
            0 => Handed::Done,
            1 => Handed::VoteChanged(Wire::get(from)?),
            2 => Handed::NotFlushed(get_place(from)?),
            _ => return None,
        })
    }
}

impl Body {
    /// The number of its kind.
    fn kind(&self) -> u8 {
        match self {
            Body::Append { .. } => 0,
            Body::Appended { .. } => 1,
            Body::Vote { .. } => 2,
            Body::Voted { .. } => 3,
            Body::Install { .. } => 4,
            Body::Installed { .. } => 5,
            Body::Transfer { .. } => 6,
            Body::Transferred { .. } => 7,
        }
    }
}

impl Wire for Body {
    fn put(&self, to: &mut Vec<u8>) {
        self.kind().put(to);
        match self {
            Body::Append { vote, previous, entries, commit } => {
                vote.put(to);
                put_place(*previous, to);
                put_all(entries.entries(), to);
                put_place(*commit, to);
            }
            Body::Appended { answer, term, previous, count } => {
                answer.put(to);
                term.put(to);
                previous.put(to);
                count.put(to);
            }
            Body::Vote { vote, last, by_leader, is_pre } => {
                vote.put(to);
                put_place(*last, to);
                by_leader.put(to);
                is_pre.put(to);
            }
            Body::Voted { vote, last, granted, term, is_pre } => {
                vote.put(to);
                put_place(*last, to);
                granted.put(to);
                term.put(to);
                is_pre.put(to);
            }
            Body::Install { vote, last, members_at } => {
                vote.put(to);
                put_place(*last, to);
                put_place(*members_at, to);
            }
            Body::Installed { vote, asked, last, bytes } => {
                vote.put(to);
                asked.put(to);
                last.put(to);
                bytes.put(to);
            }
            Body::Transfer { vote, to: node, receiver, last } => {
                vote.put(to);
                node.put(to);
                receiver.put(to);
                put_place(*last, to);
            }
            Body::Transferred { handed, term } => {
                handed.put(to);
                term.put(to);
            }
        }
    }

    fn get(from: &mut &[u8]) -> Option<Body> {
        Some(match u8::get(from)? {
            0 => {
                let (vote, previous) = (Wire::get(from)?, get_place(from)?);
                let entries: Batch = Vec::<Entry>::get(from)?.into_iter().collect();
                Body::Append { vote, previous, entries, commit: get_place(from)? }
            }
            1 => {
                let (answer, term) = (Wire::get(from)?, Wire::get(from)?);
                let previous = Wire::get(from)?;
                Body::Appended { answer, term, previous, count: Wire::get(from)? }
            }
            2 => {
                let (vote, last) = (Wire::get(from)?, get_place(from)?);
                let by_leader = Wire::get(from)?;
                Body::Vote { vote, last, by_leader, is_pre: Wire::get(from)? }
            }
            3 => {
                let (vote, last) = (Wire::get(from)?, get_place(from)?);
                let (granted, term) = (Wire::get(from)?, Wire::get(from)?);
                Body::Voted { vote, last, granted, term, is_pre: Wire::get(from)? }
            }
            4 => {
                let (vote, last) = (Wire::get(from)?, get_place(from)?);
                Body::Install { vote, last, members_at: get_place(from)? }
            }
            5 => {
                let (vote, asked) = (Wire::get(from)?, Wire::get(from)?);
                let last = Wire::get(from)?;
                Body::Installed { vote, asked, last, bytes: Wire::get(from)? }
            }
            6 => {
                let (vote, to) = (Wire::get(from)?, Wire::get(from)?);
                let receiver = Wire::get(from)?;
                Body::Transfer { vote, to, receiver, last: get_place(from)? }
            }
            7 => Body::Transferred { handed: Wire::get(from)?, term: Wire::get(from)? },
            _ => return None,
        })
    }
}

impl Carried for Message {
    fn snapshot(&self) -> Option<&Rc<Snapshot>> {
        self.snapshot.as_ref()
    }

    fn put(&self, to: &mut Vec<u8>) {
        self.number.put(to);
        self.body.put(to);
    }

    fn get(mut bytes: &[u8], snapshot: Option<Rc<Snapshot>>) -> Option<Message> {
        let number = u64::get(&mut bytes)?;
        let body = Body::get(&mut bytes)?;
        Some(Message { number, body, snapshot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;

    #[test]
    fn messages_are_read_back() {
        let vote = Ballot { term: Term(3), node: Some(NodeId::new(2)), committed: true };
        let place = Some((Term(2), Index(7)));
        let entries = Batch::from(Entry::noop(Term(3)));
        let appended =
            |answer| Body::Appended { answer, term: Term(3), previous: Index(7), count: 2 };
        let handed = |handed| Body::Transferred { handed, term: Term(3) };
        let all = [
            Body::Append { vote, previous: place, entries, commit: None },
            appended(Appended::All),
            appended(Appended::Upto(place)),
            appended(Appended::Conflict),
            appended(Appended::HigherVote(vote)),
            Body::Vote { vote, last: None, by_leader: true, is_pre: false },
            Body::Voted { vote, last: place, granted: true, term: Term(3), is_pre: true },
            Body::Install { vote, last: place, members_at: place },
            Body::Installed { vote, asked: vote, last: Index(7), bytes: 99 },
            Body::Transfer { vote, to: NodeId::new(1), receiver: NodeId::new(2), last: place },
            handed(Handed::Done),
            handed(Handed::VoteChanged(vote)),
            handed(Handed::NotFlushed(place)),
        ];
        for body in all {
            let mut bytes = Vec::new();
            Message { number: 5, body: body.clone(), snapshot: None }.put(&mut bytes);
            let read = Message::get(&bytes, None).expect("it is one");
            assert_eq!((read.number, format!("{:?}", read.body)), (5, format!("{body:?}")));
        }
    }
}
