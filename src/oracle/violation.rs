//! A violation: which property, in one sentence, and the records that prove it.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::property::Property;
use crate::record::Record;
use crate::time::Time;

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The property.
    pub property: Property,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What more there is to say, as where a panic has more words than a sentence bears; nothing most often.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<String>,
    /// When, in true time.
    pub time: Time,
    /// During which event.
    pub event: u64,
    /// At which node.
    pub node: Option<NodeId>,
    /// The numbers of the records that prove it, ascending; the last is the one at which it showed.
    pub evidence: Vec<u64>,
    /// For linearizability, the shortest history that cannot be: lines of a table. Empty where a run was not to look for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
}

impl Violation {
    /// A violation that shows at `record`; `earlier` are the other records that prove it.
    pub fn new(
        property: Property,
        record: &Record,
        sentence: String,
        earlier: impl IntoIterator<Item = u64>,
    ) -> Box<Violation> {
        let mut evidence: Vec<u64> = earlier.into_iter().filter(|number| *number > 0).collect();
        evidence.push(record.number);
        evidence.sort_unstable();
        evidence.dedup();
        Box::new(Violation {
            property,
            sentence,
            detail: Vec::new(),
            time: record.time,
            event: record.event,
            node: record.node,
            evidence,
            history: Vec::new(),
        })
    }
}
