package main

import (
	"time"

	"github.com/hashicorp/raft"
)

// What differs between the versions of the library that guests/build can build; guests/old has this file as older ones need it.

// lacksToo are features that this version lacks besides.
const lacksToo = ``

type (
	preVoteRequest  = raft.RequestPreVoteRequest
	preVoteResponse = raft.RequestPreVoteResponse
)

var _ raft.WithPreVote = (*transport)(nil)

// progressOf is a server's term and commit index.
func progressOf(r *raft.Raft) (term, commit uint64) { return r.CurrentTerm(), r.CommitIndex() }

func currentTermOf(r *raft.Raft) uint64 { return r.CurrentTerm() }

// leaderOf is the leader that a server knows of, or zero.
func leaderOf(r *raft.Raft) uint32 {
	_, leader := r.LeaderWithID()
	return numberOf(leader)
}

// headerOf is the header of what a node sends.
func headerOf(node uint32) raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(names[node]), Addr: []byte(names[node])}
}

// choose sets what can be chosen.
func choose(c *raft.Config, batchApply, preVote bool) {
	c.BatchApplyCh, c.PreVoteDisabled = batchApply, !preVote
}

func appendedAt(e *raft.Log) time.Time { return e.AppendedAt }

func setAppendedAt(e *raft.Log, at time.Time) { e.AppendedAt = at }
