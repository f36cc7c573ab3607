//! Client sessions (thesis 6.3): what makes a request that is tried again, or arrives twice, take effect once.
//!
//! A client opens a session by an entry of the log, whose index is the session's number. Its requests carry that number and a
//! serial number that rises; of each session the state machine keeps the last serial number and what that request gave. All
//! of it is decided by the log alone, so that all nodes decide alike. Expiry too: there is room for so many sessions, and when one
//! more is opened, the one whose last request stands furthest back in the log is closed.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

use crate::ids::Index;
use crate::log::{Entry, RequestId};
use crate::machine::Output;

/// The sessions that are open, by number.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// How many there may be; zero for a state machine without sessions.
    max: usize,
    open: BTreeMap<Index, Session>,
    /// Entries and the sessions that they belong to, in the order of the log. What a session was used for since, or one that is closed,
    /// leaves entries here that say nothing; the first that says something is of the session that was not used for longest.
    uses: VecDeque<(Index, Index)>,
}

impl PartialEq for Sessions {
    fn eq(&self, other: &Sessions) -> bool {
        (self.max, &self.open) == (other.max, &other.open)
    }
}

impl Eq for Sessions {}

impl Hash for Sessions {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.max, &self.open).hash(state);
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session {
    /// The last entry that belongs to it.
    used: Index,
    /// Its last request and what that gave.
    last: Option<(u32, Output)>,
}

impl Sessions {
    /// Room for so many sessions.
    pub fn new(max: Option<u32>) -> Sessions {
        Sessions { max: max.unwrap_or(0) as usize, ..Sessions::default() }
    }

    /// What the request of an entry gives without being carried out: what it gave before, or that its session is closed or its client has
    /// gone on to a later request. None if it is to be carried out, as is all that is asked outside of any session.
    pub fn answer(&mut self, index: Index, entry: &Entry) -> Option<Output> {
        let RequestId { session: number, serial, .. } = entry.request;
        if number == Index::ZERO {
            return None;
        }
        let Some(session) = self.open.get_mut(&number) else { return Some(Output::Expired) };
        session.used = index;
        let answer = match &session.last {
            Some((last, output)) if *last == serial => Some(output.clone()),
            Some((last, _)) if *last > serial => Some(Output::Expired),
            _ => None,
        };
        self.note_use(index, number);
        answer
    }

    /// Opens a session, and closes another if there is no room. A request to open that is tried again opens a second session, which
    /// its client never uses.
    pub fn open(&mut self, index: Index) -> Output {
        if self.open.len() >= self.max {
            self.close_oldest();
        }
        self.open.insert(index, Session { used: index, last: None });
        self.note_use(index, index);
        Output::Opened(index)
    }

    /// Closes the session that was not used for longest.
    fn close_oldest(&mut self) {
        while let Some((used, number)) = self.uses.pop_front() {
            if self.open.get(&number).is_some_and(|session| session.used == used) {
                self.open.remove(&number);
                return;
            }
        }
    }

    fn note_use(&mut self, used: Index, number: Index) {
        // A node that is broken may apply an entry of before.
        let place = match self.uses.back() {
            Some(last) if *last > (used, number) => {
                self.uses.partition_point(|it| *it < (used, number))
            }
            _ => self.uses.len(),
        };
        self.uses.insert(place, (used, number));
        if self.uses.len() > 2 * self.open.len() + 16 {
            let open = &self.open;
            let says_something =
                |it: &(Index, Index)| open.get(&it.1).is_some_and(|session| session.used == it.0);
            self.uses.retain(says_something);
        }
    }

    /// Remembers what a request gave.
    pub fn remember(&mut self, request: RequestId, output: &Output) {
        if let Some(session) = self.open.get_mut(&request.session) {
            session.last = Some((request.serial, output.clone()));
        }
    }

    /// How many bytes they take in a snapshot: 16 for each, and what its last request gave.
    pub fn bytes(&self) -> u64 {
        let answer = |session: &Session| match &session.last {
            None => 0,
            Some((_, Output::Values(values))) => 8 + 4 * values.len() as u64,
            Some(_) => 8,
        };
        self.open.values().map(|session| 16 + answer(session)).sum()
    }

    /// Forgets what requests gave.
    pub fn forget_answers(&mut self) {
        self.open.values_mut().for_each(|session| session.last = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Term;
    use crate::kv::Map;
    use crate::log::Command;

    /// Applies a request of client 1 in a session.
    fn apply(
        map: &mut Map,
        index: u64,
        session: u64,
        serial: u32,
        command: Command,
    ) -> (Output, bool) {
        let request = RequestId { session: Index(session), ..RequestId::new(1, serial) };
        map.apply(Index(index), &Entry { term: Term(1), request, command })
    }

    const APPEND: Command = Command::Append { key: 1, value: 7 };

    #[test]
    fn a_request_takes_effect_once_and_gives_the_same_again() {
        let mut map = Map::new(Some(2));
        let opened = Output::Opened(Index(1));
        assert_eq!(apply(&mut map, 1, 0, 1, Command::Register), (opened, true));
        assert_eq!(apply(&mut map, 2, 1, 2, APPEND), (Output::Done, true));
        assert_eq!(apply(&mut map, 3, 1, 2, APPEND), (Output::Done, false));
        let read = Output::Values([7].into());
        assert_eq!(apply(&mut map, 4, 1, 3, Command::Get { key: 1 }), (read, true));
        assert_eq!(
            apply(&mut map, 5, 1, 2, APPEND),
            (Output::Expired, false),
            "its client went on"
        );
        map.forget_answers();
        assert_eq!(
            apply(&mut map, 6, 1, 2, APPEND),
            (Output::Done, true),
            "nothing is known of it"
        );
    }

    #[test]
    fn the_session_that_was_not_used_for_longest_is_closed() {
        let mut map = Map::new(Some(2));
        for index in [1, 2] {
            apply(&mut map, index, 0, 1, Command::Register);
        }
        apply(&mut map, 3, 1, 2, APPEND);
        apply(&mut map, 4, 0, 1, Command::Register);
        assert_eq!(apply(&mut map, 5, 2, 2, APPEND), (Output::Expired, false));
        assert_eq!(apply(&mut map, 6, 1, 3, APPEND), (Output::Done, true));
        assert_eq!(apply(&mut map, 7, 4, 2, APPEND), (Output::Done, true));
    }
}
