//! The first divergence of two runs: how long they agree, and what each does then.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Scope, scope};

use serde::Serialize;

use crate::plan::Plan;
use crate::record::Record;
use crate::sim::{Options, Runner};
use crate::time::Time;
use crate::trace::reader::{ReadError, Reader};
use crate::trace::text::Formatter;

/// How many records go from a run to the comparison at once.
const BATCH: usize = 1_024;
/// How many batches may wait: a run that is ahead of the other stands still.
const BATCHES_MAX: usize = 4;

/// One of the two runs.
#[derive(Clone)]
pub enum Side<'r> {
    /// A run that is made for the comparison, by this runner.
    Plan(&'r dyn Runner, Box<Plan>),
    /// A run that was made, as a trace tells of it.
    Trace(PathBuf),
}

/// A record, as it is and in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The record.
    pub record: Record,
    /// The line of a text trace.
    pub text: String,
}

/// How two runs compare.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[must_use]
pub struct Difference {
    /// Whether they are the same to the end.
    pub same: bool,
    /// How many records they have in common, from the start.
    pub records: u64,
    /// The time of the last common record, in nanoseconds.
    pub time: Time,
    /// The last common records.
    pub common: Vec<Told>,
    /// What the first run has then; nothing if it ends there.
    pub first: Vec<Told>,
    /// What the second run has then.
    pub second: Vec<Told>,
}

impl Difference {
    /// The last common records, and those of each run from there: the first run is A, the second B.
    pub fn lines(&self) -> String {
        let line = |letter: char, told: &Told| {
            format!("  {letter} #{:<7}{}\n", told.record.number, told.text)
        };
        let mut text: String = self.common.iter().map(|told| line(' ', told)).collect();
        for (letter, lines) in [('A', &self.first), ('B', &self.second)] {
            text.push('\n');
            text.extend(lines.iter().map(|told| line(letter, told)));
            if lines.is_empty() {
                text += &format!("  {letter} ends here\n");
            }
        }
        text
    }
}

/// A side that could not be read.
#[derive(Debug)]
pub struct SideError {
    /// The trace.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: ReadError,
}

/// What comes from a side. After an error nothing more is read.
type Batch = Vec<Result<Record, ReadError>>;

/// Compares two runs, record by record, with `context` records around the first difference. Both go on side by side, each a few
/// thousand records ahead at most, so that memory does not grow with the runs.
///
/// # Errors
///
/// A trace could not be read.
pub fn diff(first: &Side<'_>, second: &Side<'_>, context: usize) -> Result<Difference, SideError> {
    let nodes = (nodes(first)?, nodes(second)?);
    scope(|scope| compare(nodes, stream(scope, first), stream(scope, second), context))
}

fn nodes(side: &Side<'_>) -> Result<u8, SideError> {
    match side {
        Side::Plan(_, plan) => Ok(plan.cluster.nodes),
        Side::Trace(path) => match open(path) {
            Ok(reader) => Ok(reader.header().nodes),
            Err(error) => Err(SideError { path: path.clone(), error }),
        },
    }
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, ReadError> {
    Reader::new(BufReader::new(File::open(path).map_err(ReadError::Io)?))
}

/// The records of a side, which another thread makes or reads.
fn stream<'a>(
    scope: &'a Scope<'a, '_>,
    side: &'a Side<'a>,
) -> impl Iterator<Item = Result<Record, SideError>> + use<'a> {
    let (sender, batches) = sync_channel(BATCHES_MAX);
    let path = match side {
        Side::Plan(..) => PathBuf::new(),
        Side::Trace(path) => path.clone(),
    };
    scope.spawn(move || match side {
        Side::Plan(runner, plan) => make(*runner, plan, &sender),
        Side::Trace(path) => read(path, &sender),
    });
    let told = move |error| SideError { path: path.clone(), error };
    batches.into_iter().flatten().map(move |record: Result<_, _>| record.map_err(&told))
}

/// Runs a plan, until it ends or nobody listens any more.
fn make(runner: &dyn Runner, plan: &Plan, sender: &SyncSender<Batch>) {
    let unheard = Cell::new(false);
    let mut batch = Vec::with_capacity(BATCH);
    let mut sink = |record: &Record| {
        batch.push(Ok(*record));
        if batch.len() == BATCH && !unheard.get() {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            unheard.set(sender.send(full).is_err());
        }
    };
    let is_given_up = Box::new(|| unheard.get());
    let options =
        Options { sink: Some(&mut sink), interrupt: Some(is_given_up), ..Options::default() };
    let _ = runner.run(plan, options);
    // Whether somebody still listens makes no difference at the end.
    let _ = sender.send(batch);
}

/// Reads a trace, until it ends or nobody listens any more.
fn read(path: &Path, sender: &SyncSender<Batch>) {
    let mut reader = match open(path) {
        Ok(reader) => reader,
        Err(error) => return drop(sender.send(vec![Err(error)])),
    };
    loop {
        let batch: Batch = reader.by_ref().take(BATCH).collect();
        let over = batch.len() < BATCH;
        if sender.send(batch).is_err() || over {
            return;
        }
    }
}

/// Compares two streams. Numbers of records follow from the records before; the number of the event does too, and so neither
/// makes a difference.
fn compare<E>(
    nodes: (u8, u8),
    mut first: impl Iterator<Item = Result<Record, E>>,
    mut second: impl Iterator<Item = Result<Record, E>>,
    context: usize,
) -> Result<Difference, E> {
    // The first formatter stays behind the common records that may be shown: few records are put into words.
    let mut formatters = (Formatter::new(nodes.0), Formatter::new(nodes.1));
    let mut common: VecDeque<Record> = VecDeque::new();
    let (mut records, mut time) = (0, Time::ZERO);
    loop {
        let next = (first.next().transpose()?, second.next().transpose()?);
        if let (Some(one), Some(other)) = &next
            && (one.time, one.node, one.kind) == (other.time, other.node, other.kind)
        {
            (records, time) = (records + 1, one.time);
            formatters.1.follow(other);
            common.push_back(*one);
            if common.len() > context
                && let Some(record) = common.pop_front()
            {
                formatters.0.follow(&record);
            }
            continue;
        }
        let same = next == (None, None);
        let common = common.into_iter().map(|record| tell(&mut formatters.0, record)).collect();
        let first = rest(&mut formatters.0, next.0, first, context)?;
        let second = rest(&mut formatters.1, next.1, second, context)?;
        return Ok(Difference { same, records, time, common, first, second });
    }
}

/// The next records of one side, in words. The first is shown even without context: it is the difference.
fn rest<E>(
    formatter: &mut Formatter,
    next: Option<Record>,
    records: impl Iterator<Item = Result<Record, E>>,
    context: usize,
) -> Result<Vec<Told>, E> {
    let Some(next) = next else { return Ok(Vec::new()) };
    let records = std::iter::once(Ok(next)).chain(records);
    records.take(context.max(1)).map(|record| Ok(tell(formatter, record?))).collect()
}

fn tell(formatter: &mut Formatter, record: Record) -> Told {
    formatter.follow(&record);
    Told { text: formatter.line(&record), record }
}
