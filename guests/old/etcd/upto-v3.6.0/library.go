package main

import (
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"squall.example/guest"
)

// What differs between v3.6 and v3.5.

func (n *node) config() *raft.Config {
	s := n.setup
	c := &raft.Config{
		ID:                        uint64(s.ID),
		Storage:                   &n.disk,
		Logger:                    quiet{},
		AsyncStorageWrites:        n.options.asyncStorage,
		MaxSizePerMsg:             uint64(s.EntriesPerAppend) * entrySize,
		MaxInflightMsgs:           int(s.AppendsInFlight),
		MaxInflightBytes:          s.BytesInFlight,
		MaxUncommittedEntriesSize: n.options.maxUncommittedSize,
		MaxCommittedSizePerReady:  n.options.maxCommittedSize,
		PreVote:                   s.PreVote,
		// With it goes the lease that voters grant, and lease reads rest on both.
		CheckQuorum:               s.CheckQuorum || s.VoteLease || s.Reads == guest.ReadsByLease,
		DisableProposalForwarding: n.options.disableProposalForwarding,
		StepDownOnRemoval:         n.options.stepDownOnRemoval,
	}
	if s.BytesPerAppend > 0 {
		c.MaxSizePerMsg = min(c.MaxSizePerMsg, s.BytesPerAppend)
	}
	if c.MaxInflightBytes > 0 {
		c.MaxInflightBytes = max(c.MaxInflightBytes, c.MaxSizePerMsg)
	}
	if s.Reads == guest.ReadsByLease {
		c.ReadOnlyOption = raft.ReadOnlyLeaseBased
	}
	c.HeartbeatTick, c.ElectionTick = ticksOf(s)
	return c
}

// newStorage is how the library's writes are carried out.
func newStorage(n *node) storage {
	if n.options.asyncStorage {
		return &threads{node: n}
	}
	return &inOrder{node: n}
}

// shuffle does nothing: the library draws its timeouts from crypto/rand.
func shuffle(*raft.Config) {}

// leave does nothing: the library's leader steps down once its removal is applied (StepDownOnRemoval).
func leave(*node) {}

func hasSnapshotIn(m *pb.Message) bool { return m.Snapshot != nil }

func snapshotIn(m *pb.Message) *pb.Snapshot { return m.Snapshot }

func putSnapshot(m *pb.Message, s pb.Snapshot) { m.Snapshot = &s }
