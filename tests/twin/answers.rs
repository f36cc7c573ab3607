//! The naive twin of what clients hear of their own requests: with each answer it does the whole log anew.

use std::collections::BTreeMap;

use squall::config::Reads;
use squall::ids::Index;
use squall::ids::Term;
use squall::kv::Map;
use squall::log::{Command, Entry, RequestId};
use squall::plan::Plan;
use squall::property::Property;
use squall::record::{Heard, Kind, Record};

use super::Twin as Cluster;

pub struct Twin {
    reads_in_log: bool,
    commands: BTreeMap<RequestId, Command>,
    /// Every entry, by index: whose it is, and whether it took effect.
    entries: BTreeMap<Index, (RequestId, bool)>,
}

impl Twin {
    pub fn new(plan: &Plan) -> Twin {
        let reads_in_log = plan.config().reads == Reads::Log;
        Twin { reads_in_log, commands: BTreeMap::new(), entries: BTreeMap::new() }
    }

    pub fn observe(&mut self, record: &Record, cluster: &Cluster) -> Vec<Property> {
        match record.kind {
            Kind::Invoke { request, command, .. } => _ = self.commands.insert(request, command),
            Kind::Apply { index, request, effect, .. } => {
                self.entries.entry(index).or_insert((request, effect));
            }
            Kind::Answered { request, applied: true, output: Some(heard) }
                if heard != Heard::Expired && !cluster.is_destroyed() =>
            {
                let reads = matches!(self.commands[&request], Command::Get { .. });
                if (self.reads_in_log || !reads) && !self.gave(request).contains(&heard) {
                    return vec![Property::ExactlyOnce];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// What a request gives, each time that it takes effect.
    fn gave(&self, wanted: RequestId) -> Vec<Heard> {
        let mut map = Map::new(None);
        let mut gave = Vec::new();
        for (index, (request, effect)) in &self.entries {
            if !effect || request.is_none() {
                continue;
            }
            let (term, command) = (Term(1), self.commands[request]);
            // What is in a session already is known to take effect: here it is asked outside of any.
            let entry =
                Entry { term, request: RequestId { session: Index::ZERO, ..*request }, command };
            let (output, _) = map.apply(*index, &entry);
            if *request == wanted {
                gave.push(Heard::from(&output));
            }
        }
        gave
    }
}
