package main

import (
	"encoding/binary"

	pb "go.etcd.io/raft/v3/raftpb"

	"squall.example/guest"
)

// entry is an entry in one piece: the library's has a pointer for each field.
type entry struct {
	pb.Entry
	kind        pb.EntryType
	term, index uint64
}

func newEntry(term, index uint64) *entry {
	e := &entry{term: term, index: index}
	e.Term, e.Index = &e.term, &e.index
	return e
}

// SetType says of what type it is, if that is not EntryNormal.
func (e *entry) SetType(kind pb.EntryType) {
	e.kind = kind
	e.Type = &e.kind
}

// message is a message in one piece.
type message struct {
	pb.Message
	kind                               pb.MessageType
	to, from                           uint64
	term, logTerm, index, commit, hint uint64
	reject                             bool
}

// What of a message goes over the wire.
const (
	hasTerm = 1 << iota
	hasLog
	hasCommit
	hasHint
	hasReject
	hasContext
	hasEntries
	hasSnapshot
)

// encode writes a message. Its snapshot goes along with it, and is not in it.
func encode(w *guest.Writer, m *pb.Message) {
	flags := byte(0)
	flag := func(bit byte, has bool) {
		if has {
			flags |= bit
		}
	}
	flag(hasTerm, m.Term != nil)
	flag(hasLog, m.Index != nil || m.LogTerm != nil)
	flag(hasCommit, m.Commit != nil)
	flag(hasHint, m.RejectHint != nil)
	flag(hasReject, m.GetReject())
	flag(hasContext, len(m.Context) > 0)
	flag(hasEntries, len(m.Entries) > 0)
	flag(hasSnapshot, m.Snapshot != nil)
	w.U8(byte(m.GetType()))
	w.U8(flags)
	w.U8(byte(m.GetFrom()))
	if flags&hasTerm != 0 {
		w.U64(m.GetTerm())
	}
	if flags&hasLog != 0 {
		w.U64(m.GetIndex())
		w.U64(m.GetLogTerm())
	}
	if flags&hasCommit != 0 {
		w.U64(m.GetCommit())
	}
	if flags&hasHint != 0 {
		w.U64(m.GetRejectHint())
	}
	if flags&hasContext != 0 {
		w.Length(m.Context)
	}
	if flags&hasEntries != 0 {
		w.U32(uint32(len(m.Entries)))
		for _, e := range m.Entries {
			w.U8(byte(e.GetType()))
			w.U64(e.GetTerm())
			w.U64(e.GetIndex())
			w.Length(e.GetData())
		}
	}
}

// decode reads a message that came to a node, with its snapshot if it has one.
func decode(bytes []byte, to uint32, snapshot *guest.Snapshot) *pb.Message {
	r := guest.Reader{Bytes: bytes}
	m := &message{kind: pb.MessageType(r.U8()), to: uint64(to)}
	flags := r.U8()
	m.from = uint64(r.U8())
	m.Type, m.To, m.From = &m.kind, &m.to, &m.from
	if flags&hasTerm != 0 {
		m.term = r.U64()
		m.Term = &m.term
	}
	if flags&hasLog != 0 {
		m.index, m.logTerm = r.U64(), r.U64()
		m.Index, m.LogTerm = &m.index, &m.logTerm
	}
	if flags&hasCommit != 0 {
		m.commit = r.U64()
		m.Commit = &m.commit
	}
	if flags&hasHint != 0 {
		m.hint = r.U64()
		m.RejectHint = &m.hint
	}
	if flags&hasReject != 0 {
		m.reject = true
		m.Reject = &m.reject
	}
	if flags&hasContext != 0 {
		m.Context = clone(r.Length())
	}
	if flags&hasEntries != 0 {
		m.Entries = decodeEntries(&r)
	}
	if flags&hasSnapshot != 0 {
		if snapshot == nil {
			panic("a message without its snapshot")
		}
		m.Snapshot = snapshotOf(snapshot)
	}
	return &m.Message
}

func decodeEntries(r *guest.Reader) []*pb.Entry {
	// One allocation for all: they come together, and mostly go together.
	block := make([]entry, r.U32())
	entries := make([]*pb.Entry, len(block))
	for i := range block {
		e := &block[i]
		kind := pb.EntryType(r.U8())
		e.term, e.index = r.U64(), r.U64()
		// As the library makes them: a proposal has neither, a normal entry no type.
		if e.index > 0 {
			e.Term, e.Index = &e.term, &e.index
		}
		if kind != pb.EntryNormal {
			e.SetType(kind)
		}
		e.Data = clone(r.Length())
		entries[i] = &e.Entry
	}
	return entries
}

func clone(bytes []byte) []byte {
	if len(bytes) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(bytes)), bytes...)
}

// campaignTransfer is the context of a request for votes that a leader asked for.
const campaignTransfer = "CampaignTransfer"

// summary is what squall sees of a message.
func summary(m *pb.Message) guest.Summary {
	s := guest.Summary{Term: m.GetTerm(), Index: m.GetIndex(), LogTerm: m.GetLogTerm(), Flag: !m.GetReject()}
	switch m.GetType() {
	case pb.MsgVote:
		s.Kind, s.Flag = guest.RequestVote, string(m.Context) == campaignTransfer
	case pb.MsgVoteResp:
		s.Kind = guest.Vote
	case pb.MsgPreVote:
		s.Kind = guest.PreVote
	case pb.MsgPreVoteResp:
		s.Kind = guest.PreVoteReply
	case pb.MsgApp:
		s.Kind, s.Count, s.Commit = guest.AppendEntries, uint32(len(m.Entries)), m.GetCommit()
	case pb.MsgAppResp:
		s.Kind = guest.Appended
		if m.GetReject() {
			s.Kind, s.Hint, s.HintTerm = guest.Conflict, m.GetRejectHint(), m.GetLogTerm()
		}
	case pb.MsgSnap:
		meta := m.Snapshot.GetMetadata()
		s.Kind, s.Index, s.LogTerm, s.Flag = guest.InstallSnapshot, meta.GetIndex(), meta.GetTerm(), true
		s.Count = uint32(snapshotFrom(m.Snapshot).Size)
	case pb.MsgTimeoutNow:
		s.Kind = guest.TimeoutNow
	case pb.MsgProp:
		content := guest.Content(m.Entries[0].GetData())
		s.Kind, s.Request = guest.Forward, content.Request()
	case pb.MsgReadIndex:
		s.Kind, s.Request = guest.ReadIndex, requestIn(m.Entries[0].GetData())
	case pb.MsgReadIndexResp:
		s.Kind, s.Request = guest.ReadIndexReply, requestIn(m.Entries[0].GetData())
	case pb.MsgHeartbeat:
		if len(m.Context) > 0 {
			s.Kind, s.Hint = guest.ReadRound, binary.LittleEndian.Uint64(m.Context)
		} else {
			s.Kind, s.Commit = guest.AppendEntries, m.GetCommit()
		}
	case pb.MsgHeartbeatResp:
		if len(m.Context) > 0 {
			s.Kind, s.Hint = guest.ReadRoundReply, binary.LittleEndian.Uint64(m.Context)
		} else {
			s.Kind, s.Name, s.Flag = guest.Other, "heartbeat-reply", true
		}
	default:
		s.Kind, s.Name = guest.Other, m.GetType().String()
	}
	return s
}
