package main

import (
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// threads carries out Config.AsyncStorageWrites: writes are messages to a thread that appends and to one that applies, each with answers
// that are due when they are done. Both threads work in order; more than one write may be under way.
type threads struct {
	*node
	// appends are messages to the thread that appends which were not begun; the first may wait for a snapshot.
	appends []pb.Message
	waits   waiting
	// answers are for the library itself, due when their write is durable.
	answers []answer
}

type answer struct {
	write   uint64
	message pb.Message
}

func (t *threads) drain() {
	for t.raw.HasReady() {
		rd := t.raw.Ready()
		t.take(&rd)
		t.deliver()
	}
}

func (t *threads) resume() {
	t.append()
	t.deliver()
}

func (t *threads) take(rd *raft.Ready) {
	var applies []pb.Message
	now := make([]pb.Message, 0, len(rd.Messages))
	for _, m := range rd.Messages {
		switch m.To {
		case raft.LocalAppendThread:
			t.appends = append(t.appends, m)
		case raft.LocalApplyThread:
			applies = append(applies, m)
		default:
			now = append(now, m)
		}
	}
	t.append()
	for _, m := range now {
		// The library lets these leave at once. A leader that is to write first keeps back what it has appended.
		if !t.setup.ParallelAppend && m.Type == pb.MsgApp {
			t.send(m, t.after())
		} else {
			t.send(m, 0)
		}
	}
	t.reads.states(rd.ReadStates)
	for _, m := range applies {
		t.apply(m.Entries)
		for _, response := range m.Responses {
			t.answers = append(t.answers, answer{0, response})
		}
	}
}

// append is the thread that appends: it works until it must wait for a snapshot.
func (t *threads) append() {
	for len(t.appends) > 0 {
		m := t.appends[0]
		if !hasNone(m.Snapshot) && !t.snapshot(m) {
			return
		}
		t.appends = t.appends[1:]
		t.writeLog(m.Term, m.Vote, m.Entries)
		t.commit = max(t.commit, m.Commit)
		for _, response := range m.Responses {
			if response.To == uint64(t.setup.ID) {
				t.answers = append(t.answers, answer{t.promised, response})
			} else {
				t.send(response, t.after())
			}
		}
	}
}

// snapshot saves and installs a snapshot; false while it is not done.
func (t *threads) snapshot(m pb.Message) bool {
	switch {
	case t.saving:
		return false
	case t.waits == forSnapshot:
		t.waits = forNothing
		t.install(m.Snapshot)
		return true
	default:
		t.waits = forSnapshot
		t.save(m.Snapshot)
		return false
	}
}

// deliver gives the library the answers that are due.
func (t *threads) deliver() {
	kept := t.answers[:0]
	due := make([]pb.Message, 0, len(t.answers))
	for _, a := range t.answers {
		if a.write <= t.durable {
			due = append(due, a.message)
		} else {
			kept = append(kept, a)
		}
	}
	t.answers = kept
	for _, m := range due {
		_ = t.raw.Step(m)
	}
}

func hasNone(s *pb.Snapshot) bool { return s == nil || raft.IsEmptySnap(*s) }
