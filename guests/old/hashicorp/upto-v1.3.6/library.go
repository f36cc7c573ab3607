package main

import (
	"strconv"
	"time"

	"github.com/hashicorp/raft"
)

// What differs up to v1.3.6.

// lacksToo are features that this version lacks besides.
const lacksToo = `"pre-vote", `

// preVoteRequest is not there before v1.7.0, and is never sent.
type preVoteRequest struct {
	raft.RPCHeader
	Term, LastLogIndex, LastLogTerm uint64
}

type preVoteResponse struct {
	raft.RPCHeader
	Term    uint64
	Granted bool
}

func numberIn(stats map[string]string, name string) uint64 {
	number, err := strconv.ParseUint(stats[name], 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

// progressOf is a server's term and commit index.
func progressOf(r *raft.Raft) (term, commit uint64) {
	stats := r.Stats()
	return numberIn(stats, "term"), numberIn(stats, "commit_index")
}

func currentTermOf(r *raft.Raft) uint64 { return numberIn(r.Stats(), "term") }

// leaderOf is the leader that a server knows of, or zero.
func leaderOf(r *raft.Raft) uint32 { return numberOf(r.Leader()) }

// headerOf is the header of what a node sends: it does not name it.
func headerOf(uint32) raft.RPCHeader { return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax} }

// choose sets what can be chosen.
func choose(c *raft.Config, batchApply, _ bool) { c.BatchApplyCh = batchApply }

func appendedAt(e *raft.Log) time.Time { return e.AppendedAt }

func setAppendedAt(e *raft.Log, at time.Time) { e.AppendedAt = at }
