package main

import (
	"reflect"
	"testing"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"squall.example/guest"
)

func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	data := guest.Content{5, 1}
	for _, m := range []*pb.Message{
		{Type: pb.MsgHeartbeat.Enum(), Term: proto.Uint64(3), Commit: proto.Uint64(4), Context: []byte("12345678")},
		{Type: pb.MsgAppResp.Enum(), Term: proto.Uint64(3), Index: proto.Uint64(7), Reject: proto.Bool(true), RejectHint: proto.Uint64(2), LogTerm: proto.Uint64(1)},
		{Type: pb.MsgApp.Enum(), Term: proto.Uint64(3), Index: proto.Uint64(7), LogTerm: proto.Uint64(2), Commit: proto.Uint64(1), Entries: []*pb.Entry{
			{Term: proto.Uint64(3), Index: proto.Uint64(8), Data: data[:]},
			{Term: proto.Uint64(3), Index: proto.Uint64(9), Type: pb.EntryConfChangeV2.Enum()},
		}},
		{Type: pb.MsgProp.Enum(), Entries: []*pb.Entry{{Data: data[:]}}},
	} {
		m.From, m.To = proto.Uint64(1), proto.Uint64(2)
		var w guest.Writer
		encode(&w, m)
		if got := decode(w.Bytes, 2, nil); !proto.Equal(got, m) {
			t.Errorf("%v is read as %v", m, got)
		}
	}
}

// The library goes from one configuration to the next as squall does.
func TestChanges(t *testing.T) {
	changes := []guest.Change{
		{Kind: guest.Add, Node: 5}, {Kind: guest.AddLearner, Node: 5}, {Kind: guest.Promote, Node: 4}, {Kind: guest.Remove, Node: 1},
		{Kind: guest.Remove, Node: 4}, {Kind: guest.Leave},
		{Kind: guest.Enter, Voters: 0b11000, Learners: 0b1, Leaving: 0b10, AutoLeave: true},
		{Kind: guest.Enter, Learners: 0b11}, {Kind: guest.Enter, Voters: 0b10000},
	}
	for _, change := range changes {
		before := guest.Members{Voters: 0b111, Learners: 0b1000}
		n := newNode(t, before)
		after, may := before.After(change)
		if !may {
			continue
		}
		if got := membersOf(n.ApplyConfChange(confChange(before, after))); got != after {
			t.Errorf("%+v: squall has %+v, the library %+v", change, after, got)
		}
		if after.IsJoint() {
			if got := membersOf(n.ApplyConfChange(confChange(after, left(after)))); got != left(after) {
				t.Errorf("%+v: squall leaves for %+v, the library for %+v", change, left(after), got)
			}
		}
	}
}

func newNode(t *testing.T, members guest.Members) *raft.RawNode {
	d := &disk{members: []membersAt{{0, members}}, hard: &pb.HardState{}, conf: confState(members)}
	n, err := raft.NewRawNode(&raft.Config{ID: 2, ElectionTick: 10, HeartbeatTick: 1, Storage: d, MaxInflightMsgs: 1, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDisk(t *testing.T) {
	d := &disk{members: []membersAt{{0, guest.Members{Voters: 7}}}}
	for i := range uint64(6) {
		e := guest.Entry{Term: 1 + i/3}
		if i == 2 {
			e.Content = guest.Members{Voters: 15}.Content()
		}
		d.add(entryOf(i+1, &e))
	}
	if d.last() != 6 || d.term(4) != 2 || d.latest().Voters != 15 || d.membersAt(2).Voters != 7 {
		t.Error("a log is not what was added")
	}
	d.compact(4)
	if _, err := d.Entries(4, 6, 1000); err != raft.ErrCompacted {
		t.Error("what is compacted is gone")
	}
	if entries, err := d.Entries(5, 7, 0); err != nil || len(entries) != 1 {
		t.Error("one entry comes at least")
	}
	d.truncate(6)
	if d.last() != 5 || d.latest().Voters != 15 {
		t.Error("what is truncated is gone")
	}
	d.snapshot = &guest.Snapshot{Index: 9, Term: 4, Members: guest.Members{Voters: 3}}
	if got := snapshotFrom(snapshotOf(d.snapshot)); !reflect.DeepEqual(got, d.snapshot) {
		t.Errorf("a snapshot is read as %v", got)
	}
	d.discard()
	if term, err := d.Term(9); d.last() != 9 || err != nil || term != 4 || d.latest().Voters != 3 {
		t.Error("a discarded log ends with its snapshot")
	}
}

func TestTicksKeepToThePlan(t *testing.T) {
	const ms = 1_000_000
	for _, s := range []guest.Setup{
		{ElectionFrom: 1000 * ms, ElectionTo: 2000 * ms, HeartbeatFrom: 100 * ms},
		{ElectionFrom: 150 * ms, ElectionTo: 300 * ms, HeartbeatFrom: 50 * ms},
		{ElectionFrom: 150 * ms, ElectionTo: 225 * ms, HeartbeatFrom: 75 * ms},
	} {
		heartbeat, election := ticksOf(&s)
		tick := span(&s)
		if election <= heartbeat || uint64(2*election-1)*tick > s.ElectionTo {
			t.Errorf("%+v: %d ticks of %d ns", s, election, tick)
		}
		if beat := uint64(heartbeat) * tick; beat > s.HeartbeatFrom || beat+tick < s.HeartbeatFrom {
			t.Errorf("%+v: a heartbeat each %d ns", s, beat)
		}
	}
}
