//! How a cluster stands that did not come back to life: what each node is in the end, and why nobody elected it.

use crate::ids::NodeId;
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::shadow::{NodeShadow, Shadow};
use crate::record::{Kind, Record};
use crate::trace::view::ClusterView;

/// What is counted of each node since faults ended.
const DEEDS: [&str; 5] = [
    "became pre-candidate",
    "was refused a pre-vote",
    "stood",
    "was refused a vote",
    "refused a request",
];

/// A line for each node of so many.
pub fn tell(nodes: u8, records: &[Record]) -> Vec<String> {
    let mut shadow = Shadow::new(nodes);
    let mut view = ClusterView::new(nodes);
    // Nothing for nodes outside the core.
    let mut deeds: Vec<Option<[u32; DEEDS.len()]>> = vec![None; usize::from(nodes)];
    for record in records {
        shadow.observe(record);
        view.follow(record);
        let Some(id) = record.node else { continue };
        let deed = match record.kind {
            Kind::Recovery { .. } => {
                deeds[id.slot()] = Some(Default::default());
                continue;
            }
            Kind::Role { role: Role::PreCandidate, .. } => 0,
            Kind::Deliver { message: Summary::PreVoteReply { granted: false, .. }, .. } => 1,
            Kind::Role { role: Role::Candidate, .. } => 2,
            Kind::Deliver { message: Summary::Vote { granted: false, .. }, .. } => 3,
            Kind::Reply { applied: false, .. } => 4,
            _ => continue,
        };
        if let Some(deeds) = &mut deeds[id.slot()] {
            deeds[deed] += 1;
        }
    }
    let line = |(id, log): (NodeId, &NodeShadow)| {
        let node = view.node(id);
        let what = match (node.up, node.role) {
            (false, _) => "is down".to_owned(),
            (_, Role::Leader) => format!("leads term {}", node.term),
            (_, Role::Candidate) => format!("stands in term {}", node.term),
            (_, Role::PreCandidate) => format!("asks for pre-votes in term {}", node.term),
            (_, Role::Follower) => format!("follows in term {}", node.term),
        };
        let since = match deeds[id.slot()] {
            None => "; it is outside the core".into(),
            Some(counts) if counts.iter().all(|count| *count == 0) => String::new(),
            Some(counts) => {
                let counted = counts.iter().zip(DEEDS).filter(|(count, _)| **count > 0);
                let counted = counted.map(|(count, what)| format!("{what} {count} times"));
                format!("; since faults ended it {}", counted.collect::<Vec<_>>().join(", "))
            }
        };
        let (last, applied) = (log.last_index(), node.applied);
        format!("{id} {what}, has a log up to {last} and has applied {applied}{since}")
    };
    shadow.nodes().map(line).collect()
}
