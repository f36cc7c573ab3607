//! Situations of nodes that crash.

use crate::coverage::{At, Situations};
use crate::ids::Index;
use crate::oracle::PrefixId;
use crate::record::{Kind, Remains};
use crate::situation::Situation::*;

impl Situations {
    pub(super) fn crash(&mut self, at: &At) {
        let At { record, id, shadow, node, .. } = *at;
        let Kind::Crash(Remains { survived, torn, lost, votes, promised }) = record.kind else {
            return;
        };
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
        if at.leads() {
            self.leader_crashed(at);
        }
        self.nodes[id.slot()].up = false;
        self.nodes[id.slot()].born_at_message = self.last_message + 1;
        let down = self.nodes.iter().filter(|memory| !memory.up).count();
        self.reach_if(down == shadow.majority(), MajorityDown, id);
        self.reach_if(down == self.nodes.len(), AllDown, id);
    }

    fn leader_crashed(&mut self, at: &At) {
        let At { id, shadow, node, .. } = *at;
        self.reach(LeaderCrashed, Some(id));
        let commit = self.nodes[id.slot()].commit;
        let mut others = self.nodes.iter().enumerate().filter(|(slot, _)| *slot != id.slot());
        let alone = others.all(|(_, memory)| memory.commit < commit);
        self.reach_if(alone, LeaderCrashedAfterCommit, id);
        let last = node.log.last().copied().unwrap_or(PrefixId::ROOT);
        let index = node.last_index();
        let mut others = shadow.nodes().filter(|(other, _)| *other != id);
        let only_here =
            index > Index::ZERO && others.all(|(_, other)| other.at(index) != Some(last));
        self.reach_if(only_here, LeaderCrashedBeforeReplication, id);
        if self.last_commit_by == Some(id) {
            self.commit_leader_crashed = true;
        }
    }
}
