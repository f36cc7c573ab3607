//! Where in a run something is to be found.

use std::fmt;

use crate::record::Record;
use crate::time::Time;

/// A record's number and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cite(pub u64, pub Time);

impl Cite {
    /// Of a record.
    pub fn of(record: &Record) -> Cite {
        Cite(record.number, record.time)
    }
}

impl fmt::Display for Cite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}s, #{}", self.1, self.0)
    }
}
