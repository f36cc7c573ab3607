package main

import (
	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"squall.example/guest"
)

// disk is what was sent to squall's disk, and so what the library finds in its storage. The library itself remembers what of it is durable.
type disk struct {
	// base and baseTerm are those of the last entry that was compacted.
	base, baseTerm uint64
	entries        []pb.Entry
	// members are the configurations: the first is that as of base, the others are those of the entries.
	members []membersAt
	// snapshot is the latest durable one.
	snapshot *guest.Snapshot
	// hard and conf are what the library starts with.
	hard pb.HardState
	conf pb.ConfState
}

type membersAt struct {
	index   uint64
	members guest.Members
}

func (d *disk) last() uint64 { return d.base + uint64(len(d.entries)) }

func (d *disk) term(index uint64) uint64 {
	if index == d.base {
		return d.baseTerm
	}
	return d.entries[index-d.base-1].Term
}

// latest are the members by the latest configuration in the log.
func (d *disk) latest() guest.Members { return d.members[len(d.members)-1].members }

// membersAt are the members as of an index.
func (d *disk) membersAt(index uint64) guest.Members {
	at := len(d.members) - 1
	for d.members[at].index > index {
		at--
	}
	return d.members[at].members
}

// add adds an entry at the end.
func (d *disk) add(e pb.Entry) {
	if members, changed := membersAfter(d.latest(), &e); changed {
		d.members = append(d.members, membersAt{e.Index, members})
	}
	d.entries = append(d.entries, e)
}

func (d *disk) truncate(from uint64) {
	// A copy, for the library may hold the entries behind.
	d.entries = append([]pb.Entry(nil), d.entries[:from-d.base-1]...)
	for d.members[len(d.members)-1].index >= from {
		d.members = d.members[:len(d.members)-1]
	}
}

func (d *disk) compact(upto uint64) {
	kept := membersAt{upto, d.membersAt(upto)}
	d.baseTerm = d.term(upto)
	d.entries = append([]pb.Entry(nil), d.entries[upto-d.base:]...)
	d.base = upto
	later := []membersAt{kept}
	for _, at := range d.members {
		if at.index > upto {
			later = append(later, at)
		}
	}
	d.members = later
}

// discard makes the log an empty one behind the durable snapshot.
func (d *disk) discard() {
	s := d.snapshot
	d.base, d.baseTerm, d.entries = s.Index, s.Term, nil
	d.members = []membersAt{{s.Index, s.Members}}
}

// content is what squall knows of an entry.
func (d *disk) content(e *pb.Entry) guest.Content {
	if e.Type == pb.EntryNormal {
		if len(e.Data) == 0 {
			return guest.Content{}
		}
		return guest.Content(e.Data)
	}
	return d.membersAt(e.Index).Content()
}

// entryOf is the library's entry for one of squall's. Of a change of members nothing is left but its context: who applies it goes by that.
func entryOf(index uint64, e *guest.Entry) pb.Entry {
	b := pb.Entry{Term: e.Term, Index: index}
	switch e.Content.Kind() {
	case guest.Noop:
	case guest.Configure:
		data, err := (&pb.ConfChangeV2{Context: e.Content[:]}).Marshal()
		if err != nil {
			panic(err)
		}
		b.Type, b.Data = pb.EntryConfChangeV2, data
	default:
		b.Data = e.Content[:]
	}
	return b
}

func (d *disk) InitialState() (pb.HardState, pb.ConfState, error) { return d.hard, d.conf, nil }

func (d *disk) FirstIndex() (uint64, error) { return d.base + 1, nil }

func (d *disk) LastIndex() (uint64, error) { return d.last(), nil }

func (d *disk) Term(index uint64) (uint64, error) {
	switch {
	case index < d.base:
		return 0, raft.ErrCompacted
	case index > d.last():
		return 0, raft.ErrUnavailable
	}
	return d.term(index), nil
}

func (d *disk) Entries(lo, hi, maxSize uint64) ([]pb.Entry, error) {
	switch {
	case lo <= d.base:
		return nil, raft.ErrCompacted
	case hi > d.last()+1:
		return nil, raft.ErrUnavailable
	}
	entries := d.entries[lo-d.base-1 : hi-d.base-1]
	size := uint64(0)
	for i := range entries {
		size += sizeOf(&entries[i])
		if i > 0 && size > maxSize {
			entries = entries[:i]
			break
		}
	}
	return entries[:len(entries):len(entries)], nil
}

// entrySize is the size of an entry with a request of squall's, as the library counts it, in logs of some length.
const entrySize = 38

// sizeOf is about the size of an entry on the wire, as the library counts it.
func sizeOf(e *pb.Entry) uint64 { return uint64(len(e.Data)) + entrySize - guest.ContentBytes }

func (d *disk) Snapshot() (pb.Snapshot, error) {
	if d.snapshot == nil {
		return pb.Snapshot{}, raft.ErrSnapshotTemporarilyUnavailable
	}
	return snapshotOf(d.snapshot), nil
}

// snapshotOf is the library's snapshot for one of squall's, of which its data has what the library does not know.
func snapshotOf(s *guest.Snapshot) pb.Snapshot {
	var w guest.Writer
	w.U32(s.Image)
	w.U64(s.Size)
	w.U64(s.Fingerprint)
	return pb.Snapshot{
		Data: w.Bytes,
		Metadata: pb.SnapshotMetadata{
			Index: s.Index, Term: s.Term, ConfState: confState(s.Members),
		},
	}
}

func snapshotFrom(s *pb.Snapshot) *guest.Snapshot {
	r := guest.Reader{Bytes: s.Data}
	meta := &s.Metadata
	return &guest.Snapshot{
		Index: meta.Index, Term: meta.Term, Members: membersOf(&meta.ConfState),
		Image: r.U32(), Size: r.U64(), Fingerprint: r.U64(),
	}
}
