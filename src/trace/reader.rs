//! Reads a trace line by line, and refuses what [`Writer`](crate::trace::writer::Writer) would not have written.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use crate::ids::{NODES_MAX, NodeId};
use crate::record::{Kind, Record};
use crate::time::Time;
use crate::trace::writer::{FORMAT, Header, VERSION};

/// The longest line that is read, in bytes. A record has a few hundred; the rest is for the title in the header.
pub const LINE_BYTES_MAX: u64 = 1 << 20;

/// Why a trace cannot be read on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file itself could not be read.
    Io(io::Error),
    /// A line is not what it must be.
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong, and what was expected.
        message: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(f),
            ReadError::Line { line, message } => write!(f, "line {line}: {message}"),
        }
    }
}

/// Reads records one by one; nothing of the file but the line at hand is in memory. After an error it has no more to give.
#[derive(Debug)]
pub struct Reader<R: BufRead> {
    input: R,
    /// What the first line says.
    header: Header,
    /// The line at hand, from 1.
    line: u64,
    text: Vec<u8>,
    /// The number and the time of the last record.
    last: (u64, Time),
    over: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// If the first line cannot be read, or is not the head of a trace.
    pub fn new(input: R) -> Result<Reader<R>, ReadError> {
        let (header, last) = (Header::default(), (0, Time::ZERO));
        let mut reader = Reader { input, header, line: 0, text: Vec::new(), last, over: false };
        let expected = format!("expected the header of a `{FORMAT}` of version {VERSION}");
        if !reader.next_line()? {
            return Err(reader.wrong(format!("{expected}, but the file is empty")));
        }
        // The name and the version come first: a newer header may have fields that this squall does not know.
        let value: serde_json::Value = serde_json::from_slice(&reader.text)
            .map_err(|error| reader.wrong(format!("{expected}: {}", said(&error))))?;
        if value["format"] != FORMAT || value["version"] != VERSION {
            let (format, version) = (&value["format"], &value["version"]);
            let found = format!("{expected}, found format {format}, version {version}");
            return Err(reader.wrong(found));
        }
        reader.header = serde_json::from_value(value)
            .map_err(|error| reader.wrong(format!("{expected}: {}", said(&error))))?;
        let nodes = reader.header.nodes;
        if !(1..=NODES_MAX).contains(&nodes) {
            let message = format!("`nodes` must be from 1 to {NODES_MAX}, not {nodes}");
            return Err(reader.wrong(message));
        }
        Ok(reader)
    }

    /// What the first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads a line into the buffer; says whether there was one.
    fn next_line(&mut self) -> Result<bool, ReadError> {
        self.text.clear();
        self.line += 1;
        let mut limited = (&mut self.input).take(LINE_BYTES_MAX + 1);
        limited.read_until(b'\n', &mut self.text).map_err(ReadError::Io)?;
        if self.text.is_empty() {
            return Ok(false);
        }
        if self.text.pop_if(|byte| *byte == b'\n').is_none() {
            return Err(self.wrong(match self.text.len() as u64 > LINE_BYTES_MAX {
                true => format!("the line is longer than {LINE_BYTES_MAX} bytes"),
                false => "the file ends within this line; expected all of it".into(),
            }));
        }
        Ok(true)
    }

    fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        if !self.next_line()? {
            return Ok(None);
        }
        let record: Record = serde_json::from_slice(&self.text)
            .map_err(|error| self.wrong(format!("expected a record: {}", said(&error))))?;
        let (number, time) = self.last;
        if record.number != number + 1 {
            let message = format!("expected record {}, found record {}", number + 1, record.number);
            return Err(self.wrong(message));
        }
        if record.time < time {
            let message =
                format!("expected a time from {} ns on, found {} ns", time.0, record.time.0);
            return Err(self.wrong(message));
        }
        let nodes = 1..=self.header.nodes;
        if let Some(node) = names(&record).find(|node| !nodes.contains(&node.number())) {
            let (node, last) = (node.number(), self.header.nodes);
            let message = format!("there is no node {node}; the header has nodes 1 to {last}");
            return Err(self.wrong(message));
        }
        self.last = (record.number, record.time);
        Ok(Some(record))
    }

    fn wrong(&self, message: String) -> ReadError {
        ReadError::Line { line: self.line, message }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.next_record().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Every node that a record names.
fn names(record: &Record) -> impl Iterator<Item = NodeId> {
    let other = match record.kind {
        Kind::Send { to: other, .. }
        | Kind::Deliver { from: other, .. }
        | Kind::Drop { from: other, .. }
        | Kind::Duplicate { from: other, .. } => Some(other),
        Kind::Boot { vote: other, .. }
        | Kind::Vote { vote: other, .. }
        | Kind::Leader { leader: other } => other,
        _ => None,
    };
    record.node.into_iter().chain(other)
}

/// What serde_json says, without its own line, which is always the first.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.replace(" at line 1 column ", " at column ").replace(" at column 0", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::writer::Writer;

    fn trace() -> String {
        let record = |number| Record {
            number,
            event: 1,
            time: Time(number),
            node: Some(NodeId::new(2)),
            kind: Kind::Pause,
        };
        let mut writer = Writer::new(Vec::new(), "A title", 3, 7).expect("memory is writable");
        for number in 1..=3 {
            writer.write(&record(number)).expect("memory is writable");
        }
        String::from_utf8(writer.finish().expect("memory is writable")).expect("JSON is UTF-8")
    }

    fn read(text: &str) -> Result<Vec<Record>, String> {
        let reader = Reader::new(text.as_bytes()).map_err(|error| error.to_string())?;
        reader.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&trace()).expect("it is a trace").len(), 3);
    }

    #[test]
    fn a_bad_line_is_named_and_told_what_was_expected() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(trace().contains(from), "{from}");
            let error = read(&trace().replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        };
        check("squall-trace", "squall-run", "line 1: expected the header of a `squall-trace`");
        check("\"version\":1", "\"version\":2", "found format \"squall-trace\", version 2");
        check("\"nodes\":3", "\"nodes\":99", "line 1: `nodes` must be from 1 to 25, not 99");
        check("\"number\":2", "\"number\":4", "line 3: expected record 2, found record 4");
        check("\"time\":2", "\"time\":0", "line 3: expected a time from 1 ns on, found 0 ns");
        check("\"node\":2", "\"node\":9", "line 2: there is no node 9");
        check("\"pause\"", "\"pose\"", "line 2: expected a record: unknown variant `pose`");
        assert!(read("").unwrap_err().contains("the file is empty"));
        let whole = trace();
        let error = read(&whole[..whole.len() - 5]).unwrap_err();
        assert!(error.contains("line 4: the file ends within this line"), "{error}");
        let long = " ".repeat(LINE_BYTES_MAX as usize + 1);
        let error = read(&(trace() + &long)).unwrap_err();
        assert!(error.contains("line 5: the line is longer than"), "{error}");
    }
}
