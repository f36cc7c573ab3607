//! What a violation is about: the terms, the indexes and the requests of its evidence.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Index, Term};
use crate::log::RequestId;
use crate::oracle::Violation;
use crate::oracle::shadow::{NodeShadow, Shadow};
use crate::property::Property;
use crate::record::{Kind, Record};

/// What a violation is about.
#[derive(Debug, Default)]
pub struct Focus {
    pub terms: BTreeSet<Term>,
    pub indexes: BTreeSet<Index>,
    pub requests: BTreeSet<RequestId>,
}

impl Focus {
    /// What the evidence names.
    pub fn of(records: &[Record], violation: &Violation, nodes: u8) -> Focus {
        let mut focus = Focus::default();
        let evidence = |record: &&Record| violation.evidence.binary_search(&record.number).is_ok();
        for record in records.iter().filter(evidence) {
            match record.kind {
                Kind::Role { term, .. } | Kind::Vote { term, .. } | Kind::Term { term } => {
                    focus.terms.insert(term);
                }
                Kind::Send { message, .. } if message.may_give_a_vote() => {
                    focus.terms.insert(message.term());
                }
                Kind::Commit { index, .. }
                | Kind::Append { index, .. }
                | Kind::Apply { index, .. } => _ = focus.indexes.insert(index),
                Kind::Truncate { from, .. } => _ = focus.indexes.insert(from),
                Kind::Answered { request, .. } | Kind::Invoke { request, .. } => {
                    focus.requests.insert(request);
                }
                _ => {}
            }
        }
        match violation.property {
            // A commit that goes back is about what it came from, too.
            Property::MonotonicCommit => {
                let next: Vec<Index> = focus.indexes.iter().map(|index| index.next()).collect();
                focus.indexes.extend(next);
            }
            Property::LeaderCompleteness => {
                let first = records.iter().find(evidence).zip(records.iter().rfind(evidence));
                let lacking = first.and_then(|(commit, win)| lacks(records, commit, win, nodes));
                if let Some(index) = lacking {
                    focus.indexes = [index].into();
                }
            }
            _ => {}
        }
        focus
    }

    /// Where each node lost an entry that the violation is about, in memory or on its disk, for the last time: what all disks hold is
    /// no matter of messages, and so the causal past of the evidence does not have it. Only where the property asks for it.
    pub fn losses(&self, records: &[Record], violation: &Violation, nodes: u8) -> Vec<u64> {
        if !matches!(violation.property, Property::Durability | Property::SafeCommit) {
            return Vec::new();
        }
        let mut shadow = Shadow::new(nodes);
        let mut losses = BTreeMap::new();
        for record in records {
            let Some(node) = record.node else { continue };
            if !matches!(
                record.kind,
                Kind::Truncate { .. }
                    | Kind::Durable { .. }
                    | Kind::Crash(_)
                    | Kind::Wipe { .. }
                    | Kind::Copied { .. }
                    | Kind::PutBack { .. }
                    | Kind::Boot { .. }
            ) {
                shadow.observe(record);
                continue;
            }
            let before = self.held(shadow.node(node));
            shadow.observe(record);
            if before.iter().zip(self.held(shadow.node(node))).any(|(had, has)| *had && !has) {
                losses.insert(node, record.number);
            }
        }
        losses.into_values().collect()
    }

    /// Which of the indexes a node holds: in memory, and then on its disk.
    fn held(&self, node: &NodeShadow) -> Vec<bool> {
        let memory = self.indexes.iter().map(|index| node.at(*index).is_some());
        let disk = self.indexes.iter().map(|index| node.durable_at(*index).is_some());
        memory.chain(disk).collect()
    }

    /// The first of the indexes from here to there, both included.
    pub fn among(&self, first: Index, last: Index) -> Option<Index> {
        (first <= last).then(|| self.indexes.range(first..=last).next().copied()).flatten()
    }
}

/// The first entry of those that a node committed which the winner of an election does not have.
fn lacks(records: &[Record], commit: &Record, win: &Record, nodes: u8) -> Option<Index> {
    let Kind::Commit { index: last, .. } = commit.kind else { return None };
    let mut shadow = Shadow::new(nodes);
    let mut committed = Vec::new();
    for record in records.iter().take_while(|record| record.number <= win.number) {
        shadow.observe(record);
        if record.number == commit.number {
            committed.clone_from(&shadow.node(commit.node?).log);
        }
    }
    let has =
        |(place, entry)| shadow.node(win.node?).log.get(place).copied().filter(|it| it == entry);
    let committed = committed.iter().take(usize::try_from(last.0).ok()?).enumerate();
    let (place, _) = committed.into_iter().find(|entry| has(*entry).is_none())?;
    Some(Index(place as u64 + 1))
}
