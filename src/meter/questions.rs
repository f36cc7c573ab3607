//! What clients ask, and what comes of it.

use std::collections::BTreeMap;

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
                let asked = Asked { at: record.time, writes: writes(command) };
                self.open.insert(request, asked);
                Some(News::Began)
            }
            Kind::Invoke { .. } => Some(News::TriedAgain),
            Kind::Answered { request, applied: true, output } => {
                let asked = self.open.remove(&request)?;
                let wrote = asked.writes && output.is_none_or(|heard| heard == Heard::Done);
                let latency = record.time.since(asked.at);
                Some(News::Answered { latency, wrote: wrote.then_some(request) })
            }
            Kind::Answered { .. } | Kind::ConnectionRefused { .. } => {
                Some(News::Failed { refused: true })
            }
            Kind::TimedOut { .. } => Some(News::Failed { refused: false }),
            Kind::GaveUp { request } => self.open.remove(&request).map(|_| News::GivenUp),
            _ => None,
        }
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
