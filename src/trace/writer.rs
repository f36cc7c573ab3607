//! A trace as a file: a header line, then one JSON object a line for each record. `docs/trace.md` describes it.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::record::Record;

/// The name of the format.
pub const FORMAT: &str = "squall-trace";
/// The version of the format; it changes when a reader of an older version would misread a newer file.
pub const VERSION: u32 = 1;

/// The first line of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The plan's title.
    pub title: String,
    /// How many nodes the cluster has.
    pub nodes: u8,
    /// The plan's seed.
    pub seed: u64,
}

/// Writes a trace as the run goes.
pub struct Writer<W: Write> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Starts a trace with its header.
    ///
    /// # Errors
    ///
    /// As the writer that it writes to.
    pub fn new(mut out: W, title: &str, nodes: u8, seed: u64) -> io::Result<Writer<W>> {
        let (format, title) = (FORMAT.into(), title.into());
        let header = Header { format, version: VERSION, title, nodes, seed };
        serde_json::to_writer(&mut out, &header)?;
        out.write_all(b"\n")?;
        Ok(Writer { out })
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// As the writer that it writes to.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, record)?;
        self.out.write_all(b"\n")
    }

    /// Ends the trace, and gives back what it was written to.
    ///
    /// # Errors
    ///
    /// As the writer that it writes to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
