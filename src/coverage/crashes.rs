//! Situations of nodes that crash.

use crate::coverage::Situations;
use crate::ids::{Index, NodeId};
use crate::node::Role;
use crate::oracle::Oracles;
use crate::oracle::PrefixId;
use crate::oracle::shadow::NodeShadow;
use crate::record::{Kind, Record, Remains};
use crate::situation::Situation::*;

impl Situations {
    pub(super) fn crash(&mut self, record: &Record, id: NodeId, oracles: &Oracles) {
        let Kind::Crash(Remains { survived, torn, lost, votes, promised }) = record.kind else {
            return;
        };
        let shadow = oracles.shadow();
        let node = shadow.node(id);
        self.reach(NodeCrashed, Some(id));
        self.reach_if(node.vote_is_pending(), RestartInVoteWindow, id);
        self.reach_if(node.truncation_is_pending(), CrashAroundTruncation, id);
        self.reach_if(lost > 0, UnsyncedLost, id);
        self.reach_if(torn > 0, WriteTorn, id);
        self.reach_if(votes.is_some_and(|last| last > survived), VoteOutlivedLog, id);
        self.reach_if(votes.is_some_and(|last| last < survived), LogOutlivedVote, id);
        self.reach_if(promised > 0, DiskBrokeWord, id);
        self.reach_if(node.pending_writes(survived) > 0, UnsyncedKept, id);
        let memory = &self.nodes[id.slot()];
        let behind = memory.applied < memory.commit;
        self.reach_if(behind, CrashBeforeApply, id);
        self.crashed_since_commit.insert(id);
        if node.role == Role::Leader {
            self.leader_crashed(id, node, oracles);
        }
        self.nodes[id.slot()].up = false;
        self.nodes[id.slot()].born_at_message = self.last_message + 1;
        let down = self.nodes.iter().filter(|memory| !memory.up).count();
        self.reach_if(down == shadow.majority(), MajorityDown, id);
        self.reach_if(down == self.nodes.len(), AllDown, id);
    }

    fn leader_crashed(&mut self, id: NodeId, node: &NodeShadow, oracles: &Oracles) {
        self.reach(LeaderCrashed, Some(id));
        let commit = self.nodes[id.slot()].commit;
        let mut others = self.nodes.iter().enumerate().filter(|(slot, _)| *slot != id.slot());
        let alone = others.all(|(_, memory)| memory.commit < commit);
        self.reach_if(alone, LeaderCrashedAfterCommit, id);
        let last = node.log.last().copied().unwrap_or(PrefixId::ROOT);
        let index = node.last_index();
        let mut others = oracles.shadow().nodes().filter(|(other, _)| *other != id);
        let only_here =
            index > Index::ZERO && others.all(|(_, other)| other.at(index) != Some(last));
        self.reach_if(only_here, LeaderCrashedBeforeReplication, id);
        if self.last_commit_by == Some(id) {
            self.commit_leader_crashed = true;
        }
    }
}
