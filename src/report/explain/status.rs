//! How a cluster stands that did not come back to life: what each node is in the end, and why nobody elected it.

use crate::ids::{Index, NodeId};
use crate::message::Summary;
use crate::node::Role;
use crate::oracle::shadow::Shadow;
use crate::record::{Kind, Record};
use crate::trace::view::{ClusterView, NodeView};

/// What a node did since faults ended.
#[derive(Clone, Copy, Debug, Default)]
struct Deeds {
    in_core: bool,
    stood: u32,
    asked: u32,
    votes_refused: u32,
    pre_votes_refused: u32,
    requests_refused: u32,
}

/// A line for each node of so many.
pub fn tell(nodes: u8, records: &[Record]) -> Vec<String> {
    let mut shadow = Shadow::new(nodes);
    let mut view = ClusterView::new(nodes);
    let mut deeds = vec![Deeds::default(); usize::from(nodes)];
    for record in records {
        shadow.observe(record);
        view.follow(record);
        let Some(id) = record.node else { continue };
        let deeds = &mut deeds[id.slot()];
        match record.kind {
            Kind::Recovery { .. } => {
                *deeds = Deeds { in_core: true, ..Deeds::default() };
            }
            Kind::Role { role: Role::Candidate, .. } => deeds.stood += 1,
            Kind::Role { role: Role::PreCandidate, .. } => deeds.asked += 1,
            Kind::Reply { applied: false, .. } => deeds.requests_refused += 1,
            Kind::Deliver { message, .. } => match message {
                Summary::Vote { granted: false, .. } => deeds.votes_refused += 1,
                Summary::PreVoteReply { granted: false, .. } => deeds.pre_votes_refused += 1,
                _ => {}
            },
            _ => {}
        }
    }
    shadow
        .nodes()
        .map(|(id, node)| line(id, node.last_index(), view.node(id), deeds[id.slot()]))
        .collect()
}

fn line(id: NodeId, last_index: Index, node: &NodeView, deeds: Deeds) -> String {
    let what = match (node.up, node.role) {
        (false, _) => "is down".to_owned(),
        (_, Role::Leader) => format!("leads term {}", node.term),
        (_, Role::Candidate) => format!("stands in term {}", node.term),
        (_, Role::PreCandidate) => format!("asks for pre-votes in term {}", node.term),
        (_, Role::Follower) => format!("follows in term {}", node.term),
    };
    let mut text =
        format!("{id} {what}, has a log up to {last_index} and has applied {}", node.applied);
    if !deeds.in_core {
        text += "; it is outside the core";
        return text;
    }
    let counted = [
        (deeds.asked, "became pre-candidate"),
        (deeds.pre_votes_refused, "was refused a pre-vote"),
        (deeds.stood, "stood"),
        (deeds.votes_refused, "was refused a vote"),
        (deeds.requests_refused, "refused a request"),
    ];
    let counted = counted.iter().filter(|(count, _)| *count > 0);
    let counted: Vec<String> =
        counted.map(|(count, what)| format!("{what} {count} times")).collect();
    if !counted.is_empty() {
        text += &format!("; since faults ended it {}", counted.join(", "));
    }
    text
}
