//! The content of an entry as bytes, for a Raft whose log holds bytes that it does not look into.
//!
//! A [`Payload`] has 29 bytes: one for the kind of the command, then client and serial number (4 each) and session (8) of the request, and
//! three words of 4 bytes for the command. All numbers are little-endian. What a command does not need is zero, so that each content has
//! exactly one form.

use std::fmt;
use std::ops::Deref;

use crate::configuration::Configuration;
use crate::ids::{Index, NodeSet, Term};
use crate::log::{Command, Entry, RequestId};
use crate::node::Request;
use crate::wire::Wire;

/// How many bytes the content of an entry has.
pub const PAYLOAD_BYTES: usize = 29;

/// Set in the first byte of a configuration that leaves joint consensus by itself.
const AUTO_LEAVE: u8 = 0x80;

/// The content of an entry, or of a request, as bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Payload([u8; PAYLOAD_BYTES]);

/// Bytes that are no content of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPayload;

impl fmt::Display for BadPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these are not the {PAYLOAD_BYTES} bytes of a request or an entry")
    }
}

impl std::error::Error for BadPayload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({:?})", self.content())
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Payload {
    type Error = BadPayload;

    fn try_from(bytes: &[u8]) -> Result<Payload, BadPayload> {
        let payload = Payload(bytes.try_into().map_err(|_| BadPayload)?);
        // The one form of each content: what is read and written again is the same.
        let (request, command) = payload.read().ok_or(BadPayload)?;
        if Payload::new(request, command) == payload { Ok(payload) } else { Err(BadPayload) }
    }
}

impl Payload {
    /// The bytes of a request and its command.
    pub fn new(request: RequestId, command: Command) -> Payload {
        let (mut kind, mut words) = command.words();
        if let Command::Configure(Configuration { outgoing, auto_leave: true, .. }) = command {
            (kind, words[1]) = (kind | AUTO_LEAVE, outgoing.bits());
        }
        let (session, [one, two, three]) = (request.session.0, words);
        let (low, high) = (session as u32, (session >> 32) as u32);
        let mut bytes = [0; PAYLOAD_BYTES];
        bytes[0] = kind;
        let words = [request.client, request.serial, low, high, one, two, three];
        for (place, word) in bytes[1..].chunks_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Payload(bytes)
    }

    /// Whose request it is, and what it does.
    ///
    /// # Panics
    ///
    /// Never: a payload was checked when it was made.
    pub fn content(&self) -> (RequestId, Command) {
        self.read().expect("a payload was checked when it was made")
    }

    fn read(&self) -> Option<(RequestId, Command)> {
        let (words, _) = self.0[1..].as_chunks();
        let word = |place: usize| u32::from_le_bytes(words[place]);
        let session = Index(u64::from(word(3)) << 32 | u64::from(word(2)));
        let request = RequestId { client: word(0), serial: word(1), session };
        let (one, two, three) = (word(4), word(5), word(6));
        let command = match self.0[0] {
            0 => Command::Noop,
            1 => Command::Get { key: one },
            2 => Command::Put { key: one, value: two },
            3 => Command::Delete { key: one },
            4 => Command::CompareAndSet { key: one, expected: two, value: three },
            5 => Command::Append { key: one, value: two },
            6 => Command::Register,
            kind if kind & !AUTO_LEAVE == 7 => Command::Configure(Configuration {
                voters: NodeSet::from_bits(one)?,
                outgoing: NodeSet::from_bits(two)?,
                learners: NodeSet::from_bits(three)?,
                auto_leave: kind & AUTO_LEAVE != 0,
            }),
            _ => return None,
        };
        Some((request, command))
    }
}

impl Wire for Payload {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }

    fn get(from: &mut &[u8]) -> Option<Payload> {
        Payload::try_from(from.split_off(..PAYLOAD_BYTES)?).ok()
    }
}

impl Wire for Entry {
    fn put(&self, to: &mut Vec<u8>) {
        self.term.put(to);
        self.payload().put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Entry> {
        let (term, payload) = (Term::get(from)?, Payload::get(from)?);
        let (request, command) = payload.content();
        Some(Entry { term, request, command })
    }
}

impl Request {
    /// The request as bytes, to be kept in a log that does not look into it.
    pub fn payload(&self) -> Payload {
        Payload::new(self.id, self.command)
    }
}

impl Entry {
    /// The entry's content as bytes, without its term.
    pub fn payload(&self) -> Payload {
        Payload::new(self.request, self.command)
    }

    /// The entry of a term with this content.
    ///
    /// # Errors
    ///
    /// The bytes are no content that squall made.
    pub fn from_payload(term: Term, bytes: &[u8]) -> Result<Entry, BadPayload> {
        let (request, command) = Payload::try_from(bytes)?.content();
        Ok(Entry { term, request, command })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::NODES_MAX;

    fn command() -> impl Strategy<Value = Command> {
        let set =
            || (0..1_u32 << NODES_MAX).prop_map(|bits| NodeSet::from_bits(bits).expect("few"));
        prop_oneof![
            Just(Command::Noop),
            Just(Command::Register),
            any::<u32>().prop_map(|key| Command::Get { key }),
            any::<(u32, u32)>().prop_map(|(key, value)| Command::Put { key, value }),
            any::<u32>().prop_map(|key| Command::Delete { key }),
            any::<(u32, u32, u32)>().prop_map(|(key, expected, value)| Command::CompareAndSet {
                key,
                expected,
                value
            }),
            any::<(u32, u32)>().prop_map(|(key, value)| Command::Append { key, value }),
            (set(), set(), set(), any::<bool>()).prop_map(
                |(voters, learners, outgoing, auto_leave)| {
                    Command::Configure(Configuration { voters, learners, outgoing, auto_leave })
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            command in command(),
            (client, serial, session) in any::<(u32, u32, u64)>(),
            term in any::<u64>(),
        ) {
            let request = RequestId { client, serial, session: Index(session) };
            let entry = Entry { term: Term(term), request, command };
            prop_assert_eq!(Entry::from_payload(Term(term), &entry.payload()), Ok(entry));
        }

        #[test]
        fn no_bytes_have_two_readings(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(entry) = Entry::from_payload(Term(1), &bytes) {
                prop_assert_eq!(&entry.payload()[..], &bytes[..]);
            }
        }
    }

    #[test]
    fn bytes_of_something_else_are_refused() {
        let bytes = Payload::new(RequestId::NONE, Command::Noop);
        assert_eq!(Payload::try_from(&bytes[1..]), Err(BadPayload));
        let mut other = [0; PAYLOAD_BYTES];
        other[0] = 9;
        assert_eq!(Payload::try_from(&other[..]), Err(BadPayload));
        (other[0], other[28]) = (0, 1);
        assert_eq!(Payload::try_from(&other[..]), Err(BadPayload), "a no-op has no third word");
    }
}
