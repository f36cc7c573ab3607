//! What clients ask, and what comes of it.

use crate::ids::NodeId;
use crate::log::{Command, RequestId};
use crate::record::{Heard, Kind, Record};
use crate::time::{Span, Time};

/// How many lists the operations lie in.
const LISTS: usize = 1024;

/// The operations that are under way.
///
/// They lie in lists by the number of their client, and most clients have one at a time: nothing is searched for.
#[derive(Debug, Default)]
pub(super) struct Questions {
    lists: Vec<Vec<(RequestId, Asked)>>,
    open: u64,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    at: Time,
    writes: bool,
    /// Whom the try under way was sent to, until it fails.
    trying: Option<NodeId>,
}

/// What a record says of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A client began one, with its first try.
    Began,
    /// It tries one again.
    TriedAgain,
    /// A try was refused, or ran out of time.
    Failed { refused: bool },
    /// One was answered so long after its first try; `wrote` says that it was a write, and done.
    Answered { latency: Span, wrote: Option<RequestId> },
    /// One was given up.
    GivenUp,
}

impl Questions {
    /// Takes note of a record; says if it is news of an operation.
    #[inline]
    pub(super) fn observe(&mut self, record: &Record) -> Option<News> {
        match record.kind {
            Kind::Invoke { request, command, attempt: 1 } => {
                let (at, trying) = (record.time, record.node);
                let asked = Asked { at, writes: writes(command), trying };
                self.begin(request, asked);
                Some(News::Began)
            }
            Kind::Invoke { request, .. } => {
                if let Some(asked) = self.get_mut(request) {
                    asked.trying = record.node;
                }
                Some(News::TriedAgain)
            }
            Kind::Answered { request, applied: true, output } => {
                let asked = self.end(request)?;
                let wrote = asked.writes && output.is_none_or(|heard| heard == Heard::Done);
                let latency = record.time.since(asked.at);
                Some(News::Answered { latency, wrote: wrote.then_some(request) })
            }
            Kind::Answered { request, .. } | Kind::ConnectionRefused { request } => {
                self.fail(request, record.node, true)
            }
            Kind::TimedOut { request } => self.fail(request, record.node, false),
            Kind::GaveUp { request } => self.end(request).map(|_| News::GivenUp),
            _ => None,
        }
    }

    /// A try fails at a node, which is news once: a machine may refuse what its client has given up by then.
    fn fail(&mut self, request: RequestId, node: Option<NodeId>, refused: bool) -> Option<News> {
        let asked = self.get_mut(request).filter(|asked| asked.trying == node)?;
        asked.trying.take().map(|_| News::Failed { refused })
    }

    fn begin(&mut self, request: RequestId, asked: Asked) {
        if let Some(begun) = self.get_mut(request) {
            *begun = asked;
            return;
        }
        let list = list_of(request);
        if list >= self.lists.len() {
            self.lists.resize_with(list + 1, Vec::new);
        }
        self.lists[list].push((request, asked));
        self.open += 1;
    }

    fn get_mut(&mut self, request: RequestId) -> Option<&mut Asked> {
        let list = self.lists.get_mut(list_of(request))?;
        list.iter_mut().find(|(id, _)| *id == request).map(|(_, asked)| asked)
    }

    fn end(&mut self, request: RequestId) -> Option<Asked> {
        let list = self.lists.get_mut(list_of(request))?;
        let place = list.iter().position(|(id, _)| *id == request)?;
        self.open -= 1;
        Some(list.swap_remove(place).1)
    }

    /// How many operations are under way.
    pub(super) fn open(&self) -> u64 {
        self.open
    }
}

fn list_of(request: RequestId) -> usize {
    request.client as usize % LISTS
}

/// Whether a command changes what keys hold.
fn writes(command: Command) -> bool {
    match command {
        Command::Put { .. }
        | Command::Delete { .. }
        | Command::CompareAndSet { .. }
        | Command::Append { .. } => true,
        Command::Noop | Command::Get { .. } | Command::Register | Command::Configure(_) => false,
    }
}
