package main

import (
	"crypto/rand"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"squall.example/guest"
)

// What differs between v3.6 and v3.5, as v3.5 has it.

func (n *node) config() *raft.Config {
	s := n.setup
	c := &raft.Config{
		ID:                        uint64(s.ID),
		Storage:                   &n.disk,
		Logger:                    quiet{},
		MaxSizePerMsg:             uint64(s.EntriesPerAppend) * entrySize,
		MaxInflightMsgs:           int(s.AppendsInFlight),
		MaxUncommittedEntriesSize: n.options.maxUncommittedSize,
		MaxCommittedSizePerReady:  n.options.maxCommittedSize,
		PreVote:                   s.PreVote,
		// With it goes the lease that voters grant, and lease reads rest on both.
		CheckQuorum:               s.CheckQuorum || s.VoteLease || s.Reads == guest.ReadsByLease,
		DisableProposalForwarding: n.options.disableProposalForwarding,
	}
	if s.BytesPerAppend > 0 {
		c.MaxSizePerMsg = min(c.MaxSizePerMsg, s.BytesPerAppend)
	}
	if s.Reads == guest.ReadsByLease {
		c.ReadOnlyOption = raft.ReadOnlyLeaseBased
	}
	c.HeartbeatTick, c.ElectionTick = ticksOf(s)
	return c
}

// newStorage is how the library's writes are carried out.
func newStorage(n *node) storage { return &inOrder{node: n} }

// shuffle takes some timeouts away. The library draws them from a generator that it seeds by the clock, and clocks here may show the same:
// then all nodes would draw alike, and stand at once for ever. Each server that is made draws one.
func shuffle(config *raft.Config) {
	var word [2]byte
	if _, err := rand.Read(word[:]); err != nil {
		panic(err)
	}
	for range int(word[0]) + int(word[1])%4*256 {
		if _, err := raft.NewRawNode(config); err != nil {
			panic(err)
		}
	}
}

// leave stops a leader whose removal is applied, as etcd's server stops: the library would lead on.
func leave(n *node) {
	m := n.members
	if n.leads() && !(m.Voters | m.Outgoing).Has(n.setup.ID) {
		n.out.Stop()
	}
}

func hasSnapshotIn(m *pb.Message) bool { return m.Type == pb.MsgSnap }

func snapshotIn(m *pb.Message) *pb.Snapshot { return &m.Snapshot }

func putSnapshot(m *pb.Message, s pb.Snapshot) { m.Snapshot = s }
