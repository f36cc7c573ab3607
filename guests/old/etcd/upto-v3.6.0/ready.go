package main

import (
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// inOrder takes one Ready after the other: it saves a snapshot, the term and vote, and entries, waits for the disk, applies, and only
// then says that it may have the next.
type inOrder struct {
	*node
	ready raft.Ready
	waits waiting
	// write is what must be durable before the Ready is done with.
	write uint64
}

// waiting is for what a Ready waits.
type waiting byte

const (
	// forNothing: the next may be taken.
	forNothing waiting = iota
	// forWriter: another snapshot is being written.
	forWriter
	// forSnapshot: its own is being written.
	forSnapshot
	// forDisk: its writes are not durable.
	forDisk
)

func (o *inOrder) drain() {
	for o.waits == forNothing && o.raw.HasReady() {
		o.ready = o.raw.Ready()
		o.waits = forWriter
		if raft.IsEmptySnap(o.ready.Snapshot) {
			o.write1()
		} else {
			o.resume()
		}
	}
}

func (o *inOrder) resume() {
	switch {
	case o.waits == forWriter && !o.saving:
		o.waits = forSnapshot
		o.save(&o.ready.Snapshot)
	case o.waits == forSnapshot && !o.saving:
		o.install(&o.ready.Snapshot)
		o.write1()
	case o.waits == forDisk && o.write <= o.durable:
		o.finish()
	}
}

// write1 writes what a Ready has for the log, and sends what it has for others.
func (o *inOrder) write1() {
	rd := &o.ready
	before := o.promised
	o.writeLog(rd.HardState.Term, rd.HardState.Vote, rd.Entries)
	// What is committed is stable, the library says, so it may be applied while the rest is written; a careful host waits.
	commit := rd.HardState.Commit
	if o.options.applyAtOnce {
		o.commit = max(o.commit, commit)
		o.apply(rd.CommittedEntries)
	} else {
		// What is being written is not told to be committed; of a lone voter it is committed, too.
		if len(rd.Entries) > 0 {
			commit = min(commit, rd.Entries[0].Index-1)
		}
		o.commit = max(o.commit, commit)
	}
	// A leader may write to its disk while its followers write to theirs (thesis 10.2.1), and etcd's server does so.
	after := o.after()
	early := o.setup.ParallelAppend && o.leads()
	for _, m := range rd.Messages {
		if early && isFromLeader(m.Type) {
			o.send(m, 0)
		} else {
			o.send(m, after)
		}
	}
	o.reads.states(rd.ReadStates)
	o.write, o.waits = o.promised, forDisk
	if o.promised == before && raft.IsEmptySnap(rd.Snapshot) || o.write <= o.durable {
		o.finish()
	}
}

func (o *inOrder) finish() {
	rd := o.ready
	o.ready, o.waits = raft.Ready{}, forNothing
	if !o.options.applyAtOnce {
		o.commit = max(o.commit, rd.HardState.Commit)
		o.apply(rd.CommittedEntries)
	}
	o.raw.Advance(rd)
}

// isFromLeader says whether a message promises nothing that the sender's disk must have first, but for the term, which it has.
func isFromLeader(kind pb.MessageType) bool {
	switch kind {
	case pb.MsgApp, pb.MsgHeartbeat, pb.MsgSnap, pb.MsgTimeoutNow, pb.MsgReadIndexResp:
		return true
	}
	return false
}
