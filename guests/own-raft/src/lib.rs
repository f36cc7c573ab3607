//! The Raft of `examples/own_raft.rs` as a guest.
//! It does here, bit for bit, what it does in squall's process: an oracle for the host itself.

use std::rc::Rc;

use squall::export::{Carried, Description};
use squall::guest::Feature;
use squall::node::Snapshot;
use squall::wire::Wire;

#[allow(dead_code, reason = "the example is a program of its own, too")]
#[path = "../../../examples/own_raft.rs"]
mod own_raft;

pub use own_raft::OwnRaft;
use own_raft::{Body, Message};

/// What this guest says of itself.
pub fn describe() -> Description {
    let mut description = Description::new("own-raft", env!("CARGO_PKG_VERSION"));
    let has = [Feature::ElectsByLog, Feature::KeyValue, Feature::LostWrites, Feature::Sessions];
    description.lacks = Feature::ALL.iter().copied().filter(|it| !has.contains(it)).collect();
    // One of MISTAKES. Random plans draw whatever has values to draw from: nobody wants these by chance.
    description.options.insert("mistake".into(), Vec::new());
    description
}

impl Carried for Message {
    fn put(&self, to: &mut Vec<u8>) {
        self.term.put(to);
        match &self.body {
            Body::RequestVote { last_log: (term, index) } => {
                0_u8.put(to);
                term.put(to);
                index.put(to);
            }
            Body::Vote { granted } => {
                1_u8.put(to);
                granted.put(to);
            }
            Body::AppendEntries { prev_log: (term, index), entries, leader_commit } => {
                2_u8.put(to);
                term.put(to);
                index.put(to);
                leader_commit.put(to);
                entries.put(to);
            }
            Body::Accepted { match_index } => {
                3_u8.put(to);
                match_index.put(to);
            }
            Body::Rejected { prev_log_index, next_index } => {
                4_u8.put(to);
                prev_log_index.put(to);
                next_index.put(to);
            }
        }
    }

    fn get(mut bytes: &[u8], _snapshot: Option<Rc<Snapshot>>) -> Option<Message> {
        let from = &mut bytes;
        let term = Wire::get(from)?;
        let body = match u8::get(from)? {
            0 => Body::RequestVote { last_log: (Wire::get(from)?, Wire::get(from)?) },
            1 => Body::Vote { granted: Wire::get(from)? },
            2 => {
                let prev_log = (Wire::get(from)?, Wire::get(from)?);
                let leader_commit = Wire::get(from)?;
                Body::AppendEntries { prev_log, leader_commit, entries: Wire::get(from)? }
            }
            3 => Body::Accepted { match_index: Wire::get(from)? },
            4 => Body::Rejected { prev_log_index: Wire::get(from)?, next_index: Wire::get(from)? },
            _ => return None,
        };
        Some(Message { term, body })
    }
}

squall::export_node!(OwnRaft, OwnRaft::new, describe);
