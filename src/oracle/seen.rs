//! A record, as an oracle judges it.

use crate::ids::NodeId;
use crate::oracle::shadow::{NodeShadow, Shadow};
use crate::oracle::violation::Violation;
use crate::property::Property;
use crate::record::Record;

/// A record of a node, with the shadow: after the record, if nothing else is said.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub record: &'a Record,
    pub id: NodeId,
    pub shadow: &'a Shadow,
}

impl<'a> Seen<'a> {
    /// The shadow of the node.
    pub fn node(self) -> &'a NodeShadow {
        self.shadow.node(self.id)
    }

    /// A violation that shows at the record; `earlier` are the other records that prove it.
    pub fn violates(
        self,
        property: Property,
        sentence: String,
        earlier: impl IntoIterator<Item = u64>,
    ) -> Box<Violation> {
        Violation::new(property, self.record, sentence, earlier)
    }
}
