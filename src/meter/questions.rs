//! What clients ask, and what comes of it.

use std::collections::BTreeMap;

use crate::ids::NodeId;
use crate::log::{Command, RequestId};
use crate::record::{Heard, Kind, Record};
use crate::time::{Span, Time};

/// The operations that are under way.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: BTreeMap<RequestId, Asked>,
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
                self.open.insert(request, asked);
                Some(News::Began)
            }
            Kind::Invoke { request, .. } => {
                if let Some(asked) = self.open.get_mut(&request) {
                    asked.trying = record.node;
                }
                Some(News::TriedAgain)
            }
            Kind::Answered { request, applied: true, output } => {
                let asked = self.open.remove(&request)?;
                let wrote = asked.writes && output.is_none_or(|heard| heard == Heard::Done);
                let latency = record.time.since(asked.at);
                Some(News::Answered { latency, wrote: wrote.then_some(request) })
            }
            Kind::Answered { request, .. } | Kind::ConnectionRefused { request } => {
                self.fail(request, record.node, true)
            }
            Kind::TimedOut { request } => self.fail(request, record.node, false),
            Kind::GaveUp { request } => self.open.remove(&request).map(|_| News::GivenUp),
            _ => None,
        }
    }

    /// A try fails at a node, which is news once: a machine may refuse what its client has given up by then.
    fn fail(&mut self, request: RequestId, node: Option<NodeId>, refused: bool) -> Option<News> {
        let asked = self.open.get_mut(&request).filter(|asked| asked.trying == node)?;
        asked.trying.take().map(|_| News::Failed { refused })
    }

    /// How many operations are under way.
    pub(super) fn open(&self) -> u64 {
        self.open.len() as u64
    }
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
