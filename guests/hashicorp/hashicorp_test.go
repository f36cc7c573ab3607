package main

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// newServer is a server with a disk that is never late.
func newServer() *server {
	s := &server{setup: &guest.Setup{ID: 1, Voters: 0b111}, out: new(guest.Out)}
	s.log.s, s.votes.s, s.snapshots.s = s, s, s
	s.workers.lock, s.writes.lock = &s.Mutex, &s.Mutex
	s.writes.durable = math.MaxUint64
	return s
}

func commands(first, last, term uint64) []*raft.Log {
	var logs []*raft.Log
	for index := first; index <= last; index++ {
		content := guest.Content{2}
		logs = append(logs, &raft.Log{Index: index, Term: term, Data: content[:]})
	}
	return logs
}

func (l *logStore) ends(t *testing.T, low, high, base, last uint64) {
	t.Helper()
	if l.low != low || l.high != high || l.base != base || l.last != last {
		t.Errorf("the library's log goes from %d to %d, squall's from %d to %d", l.low, l.high, l.base, l.last)
	}
}

func TestLog(t *testing.T) {
	s := newServer()
	l := &s.log
	l.load(&guest.Recovered{Entries: []guest.Entry{{Term: 1}, {Term: 1}, {Term: 2}}, Corrupt: 3})
	l.ends(t, 1, 2, 0, 2)
	configuration := raft.EncodeConfiguration(configuration(guest.Members{Voters: 0b1111}))
	logs := append(commands(3, 5, 3), &raft.Log{Index: 6, Term: 3, Type: raft.LogConfiguration, Data: configuration})
	if err := l.StoreLogs(logs); err != nil || l.members().Voters != 0b1111 || l.membersAt(5).Voters != 0b111 {
		t.Errorf("%v; the members are %v", err, l.members())
	}
	l.ends(t, 1, 6, 0, 6)
	_ = l.DeleteRange(5, 6)
	l.ends(t, 1, 4, 0, 4)
	if l.members().Voters != 0b111 {
		t.Error("a configuration that was removed is in force")
	}
	s.snapshots.durable = &guest.Snapshot{Index: 3, Term: 3, Members: guest.Members{Voters: 0b11}}
	_ = l.DeleteRange(1, 3)
	l.ends(t, 4, 4, 3, 4)
	var e raft.Log
	if l.GetLog(3, &e) != raft.ErrLogNotFound || l.GetLog(4, &e) != nil || e.Term != 3 {
		t.Error("what is compacted is gone, and what is not is there")
	}
}

// A snapshot ends behind the log. The library goes on behind that, and keeps what it had.
func TestLogWithAGap(t *testing.T) {
	s := newServer()
	l := &s.log
	l.load(&guest.Recovered{Entries: []guest.Entry{{Term: 1}, {Term: 1}}})
	s.snapshots.durable = &guest.Snapshot{Index: 9, Term: 2, Members: guest.Members{Voters: 0b11}}
	l.restored(s.snapshots.durable)
	l.ends(t, 1, 2, 9, 9)
	if err := l.StoreLogs(commands(10, 11, 2)); err != nil {
		t.Error(err)
	}
	l.ends(t, 1, 11, 9, 11)
	if l.members().Voters != 0b11 {
		t.Error("the members are not those of the snapshot")
	}
	_ = l.DeleteRange(1, 10)
	l.ends(t, 11, 11, 10, 11)
	if l.StoreLogs(commands(20, 20, 2)) != errGap {
		t.Error("a gap that nothing fills is an error")
	}
}

// A log without gaps is emptied once a snapshot was installed, though it goes further.
func TestLogThatIsEmptied(t *testing.T) {
	s := newServer()
	l := &s.log
	l.load(&guest.Recovered{Entries: []guest.Entry{{Term: 1}, {Term: 1}, {Term: 1}}})
	s.snapshots.durable = &guest.Snapshot{Index: 2, Term: 2, Members: guest.Members{Voters: 0b11}}
	l.restored(s.snapshots.durable)
	if !l.stale {
		t.Error("the log has another entry than the snapshot")
	}
	_ = l.DeleteRange(1, 3)
	l.ends(t, 0, 0, 2, 2)
	if l.stale || l.members().Voters != 0b11 {
		t.Errorf("the members are %v", l.members())
	}
	_ = l.DeleteRange(0, 0)
	l.ends(t, 0, 0, 2, 2)
}

func TestVotes(t *testing.T) {
	s := newServer()
	v := &s.votes
	v.load(&guest.Recovered{Term: 4, Vote: 2}, false, 0)
	if !v.isFor(4, 2) {
		t.Error("the vote of the disk is not there")
	}
	_ = v.SetUint64([]byte(currentTerm), 5)
	if term, _ := v.GetUint64([]byte(currentTerm)); term != 5 || v.isFor(5, 2) {
		t.Error("a new term has no vote")
	}
	_ = v.SetUint64([]byte(lastVoteTerm), 5)
	if v.isFor(5, 2) {
		t.Error("half a vote is none")
	}
	_ = v.Set([]byte(lastVoteCand), []byte("3"))
	if candidate, _ := v.Get([]byte(lastVoteCand)); string(candidate) != "3" || !v.isFor(5, 3) {
		t.Error("the vote is not what was written")
	}
	v.load(&guest.Recovered{Term: 1}, true, 0)
	if _, err := v.GetUint64([]byte(currentTerm)); err != errNotFound {
		t.Error("a disk on which nothing was written has a term")
	}
}

func TestRequestsAreReadAsTheyWereWritten(t *testing.T) {
	header := headerOf(2)
	log := commands(5, 5, 3)[0]
	log.AppendedAt = time.Unix(5, 6)
	for _, request := range []any{
		&raft.AppendEntriesRequest{RPCHeader: header, Leader: header.Addr, Term: 1, PrevLogEntry: 2, PrevLogTerm: 3, LeaderCommitIndex: 4, Entries: []*raft.Log{log}},
		&raft.RequestVoteRequest{RPCHeader: header, Candidate: header.Addr, Term: 1, LastLogIndex: 2, LastLogTerm: 3, LeadershipTransfer: true},
		&raft.RequestPreVoteRequest{RPCHeader: header, Term: 1, LastLogIndex: 2, LastLogTerm: 3},
		&raft.TimeoutNowRequest{RPCHeader: header},
		&raft.InstallSnapshotRequest{RPCHeader: header, SnapshotVersion: 1, Leader: header.Addr, Term: 1, LastLogIndex: 2, LastLogTerm: 3, Configuration: []byte("c"), ConfigurationIndex: 4, Size: descriptionBytes},
	} {
		var w guest.Writer
		kind, _ := putRequest(&w, request)
		if got := getRequest(&guest.Reader{Bytes: w.Bytes}, kind, 2); !reflect.DeepEqual(got, request) {
			t.Errorf("%+v is read as %+v", request, got)
		}
	}
	for _, response := range []any{
		&raft.AppendEntriesResponse{RPCHeader: header, Term: 1, LastLog: 2, Success: true, NoRetryBackoff: true},
		&raft.RequestVoteResponse{RPCHeader: header, Term: 1, Granted: true},
		&raft.RequestPreVoteResponse{RPCHeader: header, Term: 1},
		&raft.InstallSnapshotResponse{RPCHeader: header, Term: 1, Success: true},
	} {
		var w guest.Writer
		var asked any = new(raft.InstallSnapshotRequest)
		if _, is := response.(*raft.AppendEntriesResponse); is {
			asked = new(raft.AppendEntriesRequest)
		}
		putResponse(&w, asked, response)
		got := reflect.New(reflect.TypeOf(response).Elem()).Interface()
		if getResponse(&guest.Reader{Bytes: w.Bytes}, got, 2); !reflect.DeepEqual(got, response) {
			t.Errorf("%+v is read as %+v", response, got)
		}
	}
}
