//! What all exports of a run for other programs share: which records they show, and the run that feeds them.

use std::fmt;
use std::io;

use crate::record::{Kind, Record};
use crate::sim::{Outcome, Run};
use crate::time::{Span, Time};

/// Which records are shown. A message is judged by its send, so that it is never shown at one end only; it counts as its sender's
/// and as its receiver's.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these nodes; all if empty.
    pub nodes: Vec<u8>,
    /// Only these groups of kinds, as [`Group`](crate::record::Group) names them; all if empty.
    pub kinds: Vec<String>,
    /// Nothing before this time.
    pub from: Option<Span>,
    /// Nothing after this time.
    pub to: Option<Span>,
}

impl Filter {
    /// Whether a record is shown.
    pub fn shows(&self, record: &Record) -> bool {
        let receiver = match record.kind {
            Kind::Send { to, .. } => Some(to),
            _ => None,
        };
        let mut ends = record.node.into_iter().chain(receiver);
        (self.nodes.is_empty() || ends.any(|node| self.nodes.contains(&node.number())))
            && (self.kinds.is_empty()
                || self.kinds.iter().any(|kind| kind == record.kind.group().name()))
            && self.clip(record.time, record.time).is_some()
    }

    /// The part of a stretch of time that is shown.
    pub fn clip(&self, from: Time, to: Time) -> Option<(Time, Time)> {
        let from = self.from.map_or(from, |bound| from.max(Time::ZERO.plus(bound)));
        let to = self.to.map_or(to, |bound| to.min(Time::ZERO.plus(bound)));
        (from <= to).then_some((from, to))
    }
}

/// Why a run could not be exported.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// It could not be written.
    Io(io::Error),
    /// More is shown than the format is good for.
    TooLong {
        /// The format.
        format: &'static str,
        /// What there is too much of.
        what: &'static str,
        /// How many would be shown.
        count: usize,
        /// How many may be.
        limit: usize,
    },
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> ExportError {
        ExportError::Io(error)
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportError::Io(error) => error.fmt(f),
            ExportError::TooLong { format, what, count, limit } => write!(
                f,
                "{count} {what} are too many for {format}, which takes {limit}\nhelp: choose a part of the run with --from, \
                 --to, --node or --kind, as in --from 1s --to 1.2s"
            ),
        }
    }
}

/// A format that a run can be exported to.
pub trait Export {
    /// Takes note of a record. Every record comes here, shown or not.
    ///
    /// # Errors
    ///
    /// As the writer that it writes to.
    fn see(&mut self, record: &Record) -> io::Result<()>;

    /// Ends the export.
    ///
    /// # Errors
    ///
    /// As the writer that it writes to; or the export has become too large for its format.
    fn finish(&mut self, outcome: &Outcome) -> Result<(), ExportError>;
}

/// Exports a run.
///
/// # Errors
///
/// What was exported could not be written, or is more than the format takes.
pub fn export(run: &Run<'_>, export: &mut dyn Export) -> Result<(), ExportError> {
    let mut failed: Option<io::Error> = None;
    run.follow(&mut |record: &Record| {
        if failed.is_none() {
            failed = export.see(record).err();
        }
    });
    match failed {
        Some(error) => Err(error.into()),
        None => export.finish(run.outcome()),
    }
}
