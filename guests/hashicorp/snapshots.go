package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// snapshots is the library's SnapshotStore. The state machine stays in squall: the bytes of a snapshot are its description.
type snapshots struct {
	s *server
	// durable is the latest on the disk, and before the one before that, which the library may be reading.
	durable, before *guest.Snapshot
	// writing is done when the snapshot that is being written is durable; nil if there is none.
	writing chan struct{}
}

// idOf is how the library calls a snapshot.
func idOf(s *guest.Snapshot) string { return fmt.Sprintf("%d-%d", s.Term, s.Index) }

// describe is what a snapshot has for bytes.
func describe(s *guest.Snapshot) []byte {
	var w guest.Writer
	w.Snapshot(s)
	return w.Bytes
}

func described(description []byte) *guest.Snapshot {
	r := guest.Reader{Bytes: description}
	return r.Snapshot()
}

// descriptionBytes is how long a description is.
var descriptionBytes = int64(len(describe(new(guest.Snapshot))))

// saved takes note that the snapshot that was being written is durable.
func (s *snapshots) saved(snapshot *guest.Snapshot) {
	s.before, s.durable = s.durable, snapshot
	if s.writing != nil {
		close(s.writing)
		s.writing = nil
	}
}

// begin waits, without the lock, until no snapshot is being written, and says what is closed when the next is.
func (s *snapshots) begin() chan struct{} {
	for s.writing != nil {
		writing := s.writing
		s.s.Unlock()
		<-writing
		s.s.Lock()
	}
	s.writing = make(chan struct{})
	return s.writing
}

func metaOf(s *guest.Snapshot) *raft.SnapshotMeta {
	return &raft.SnapshotMeta{
		Version: 1, ID: idOf(s), Index: s.Index, Term: s.Term, Size: descriptionBytes,
		Configuration: configuration(s.Members),
		// Where it was written is not known any more: not behind the snapshot.
		ConfigurationIndex: s.Index,
	}
}

// List has the latest snapshot.
func (s *snapshots) List() ([]*raft.SnapshotMeta, error) {
	s.s.Lock()
	defer s.s.Unlock()
	if s.durable == nil {
		return nil, nil
	}
	return []*raft.SnapshotMeta{metaOf(s.durable)}, nil
}

// Open reads a snapshot.
func (s *snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.s.Lock()
	defer s.s.Unlock()
	for _, snapshot := range []*guest.Snapshot{s.durable, s.before} {
		if snapshot != nil && idOf(snapshot) == id {
			return metaOf(snapshot), io.NopCloser(bytes.NewReader(describe(snapshot))), nil
		}
	}
	return nil, nil, fmt.Errorf("there is no snapshot %s any more", id)
}

// Create begins a snapshot.
func (s *snapshots) Create(_ raft.SnapshotVersion, index, term uint64, c raft.Configuration, _ uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	return &sink{s: s, index: index, term: term, members: membersOf(c)}, nil
}

// sink is a snapshot that is being made: one that was received, or one of the own state machine.
type sink struct {
	s           *snapshots
	index, term uint64
	members     guest.Members
	description []byte
	// own is what is closed when the own one is durable.
	own chan struct{}
}

func (k *sink) Write(b []byte) (int, error) {
	k.description = append(k.description, b...)
	return len(b), nil
}

// Close returns when the snapshot is durable.
func (k *sink) Close() error {
	if k.own != nil {
		<-k.own
		return nil
	}
	snapshot := described(k.description)
	snapshot.Index, snapshot.Term, snapshot.Members = k.index, k.term, k.members
	k.s.s.Lock()
	done := k.s.begin()
	k.s.s.out.SaveSnapshot(snapshot)
	k.s.s.Unlock()
	<-done
	return nil
}

func (k *sink) ID() string    { return fmt.Sprintf("%d-%d", k.term, k.index) }
func (k *sink) Cancel() error { return nil }
