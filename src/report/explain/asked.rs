//! The requests that a violation is about, in words: which entry each made, whether it was carried out, by what right it was answered, and
//! of what was read who wrote it and until when it was so.

use std::collections::BTreeMap;

use super::focus::Focus;
use super::{Rank, Told};
use crate::log::Command;
use crate::plan::Plan;
use crate::record::{Kind, Record};
use crate::report::requests::{Applied, Made, Requests};
use crate::trace::text::{client, words};

/// Words for the records of requests, by their numbers.
#[derive(Default)]
pub struct Asked {
    /// What stands in place of what is told otherwise.
    lines: BTreeMap<u64, (Rank, String)>,
}

impl Asked {
    /// Of the requests that a violation is about.
    pub fn of(plan: &Plan, records: &[Record], focus: &Focus) -> Asked {
        let mut asked = Asked::default();
        if focus.requests.is_empty() {
            return asked;
        }
        let mut requests = Requests::new(plan);
        records.iter().for_each(|record| requests.see(record));
        for request in &focus.requests {
            let Some(fate) = requests.fate(*request) else { continue };
            let name = client(*request);
            for Made { index, term, cite, .. } in &fate.entries {
                let text = format!("makes entry {index} of term {term} of {name}");
                asked.lines.insert(cite.0, (Rank::Step, text));
            }
            for Applied { index, term, effect, cite, .. } in &fate.applied {
                let effect =
                    if *effect { "" } else { ", without effect, for it was carried out before" };
                let text = format!("applies entry {index} of term {term} for {name}{effect}");
                asked.lines.insert(cite.0, (Rank::Circumstance, text));
            }
            for one in &fate.tries {
                let Some((node, applied, why, cite)) = &one.replied else { continue };
                let what = if *applied { "answers" } else { "refuses" };
                let text = format!("{what} {name}: {why}");
                asked.lines.insert(cite.0, (Rank::Decisive, text));
                if let Some(relayed) = one.relayed {
                    let what = if *applied { "answers" } else { "refuses" };
                    let text = format!("{what} {name}, as {node} does: {why}");
                    asked.lines.insert(relayed.0, (Rank::Decisive, text));
                }
            }
            let answered = fate.answered.filter(|_| matches!(fate.command, Command::Get { .. }));
            if let Some(((_, _, cite), written)) = answered.zip(requests.written(*request)) {
                let heard = records.get(cite.0 as usize - 1);
                let heard = heard.map_or_else(String::new, |heard| words(&heard.kind, heard.node));
                asked.lines.insert(cite.0, (Rank::Decisive, format!("{heard}; {written}")));
            }
        }
        asked
    }

    /// What is told of a record, in place of what was told otherwise.
    pub fn retell(&mut self, record: &Record, told: Told) -> Told {
        let own = self.lines.remove(&record.number);
        match record.kind {
            // How an entry came into a log, or what was lost of it, has words of its own where the violation is about it.
            Kind::Append { .. } | Kind::Apply { .. } if told.is_some() => told,
            _ => own.or(told),
        }
    }
}
