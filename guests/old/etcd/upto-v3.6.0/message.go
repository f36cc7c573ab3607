package main

import (
	"encoding/binary"

	pb "go.etcd.io/raft/v3/raftpb"

	"squall.example/guest"
)

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
	flag(hasTerm, m.Term != 0)
	flag(hasLog, m.Index != 0 || m.LogTerm != 0)
	flag(hasCommit, m.Commit != 0)
	flag(hasHint, m.RejectHint != 0)
	flag(hasReject, m.Reject)
	flag(hasContext, len(m.Context) > 0)
	flag(hasEntries, len(m.Entries) > 0)
	flag(hasSnapshot, hasSnapshotIn(m))
	w.U8(byte(m.Type))
	w.U8(flags)
	w.U8(byte(m.From))
	if flags&hasTerm != 0 {
		w.U64(m.Term)
	}
	if flags&hasLog != 0 {
		w.U64(m.Index)
		w.U64(m.LogTerm)
	}
	if flags&hasCommit != 0 {
		w.U64(m.Commit)
	}
	if flags&hasHint != 0 {
		w.U64(m.RejectHint)
	}
	if flags&hasContext != 0 {
		w.Length(m.Context)
	}
	if flags&hasEntries != 0 {
		w.U32(uint32(len(m.Entries)))
		for _, e := range m.Entries {
			w.U8(byte(e.Type))
			w.U64(e.Term)
			w.U64(e.Index)
			w.Length(e.Data)
		}
	}
}

// decode reads a message that came to a node, with its snapshot if it has one.
func decode(bytes []byte, to uint32, snapshot *guest.Snapshot) pb.Message {
	r := guest.Reader{Bytes: bytes}
	m := pb.Message{Type: pb.MessageType(r.U8()), To: uint64(to)}
	flags := r.U8()
	m.From = uint64(r.U8())
	if flags&hasTerm != 0 {
		m.Term = r.U64()
	}
	if flags&hasLog != 0 {
		m.Index, m.LogTerm = r.U64(), r.U64()
	}
	if flags&hasCommit != 0 {
		m.Commit = r.U64()
	}
	if flags&hasHint != 0 {
		m.RejectHint = r.U64()
	}
	m.Reject = flags&hasReject != 0
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
		putSnapshot(&m, snapshotOf(snapshot))
	}
	return m
}

func decodeEntries(r *guest.Reader) []pb.Entry {
	entries := make([]pb.Entry, r.U32())
	for i := range entries {
		e := &entries[i]
		e.Type = pb.EntryType(r.U8())
		e.Term, e.Index = r.U64(), r.U64()
		e.Data = clone(r.Length())
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
	s := guest.Summary{Term: m.Term, Index: m.Index, LogTerm: m.LogTerm, Flag: !m.Reject}
	switch m.Type {
	case pb.MsgVote:
		s.Kind, s.Flag = guest.RequestVote, string(m.Context) == campaignTransfer
	case pb.MsgVoteResp:
		s.Kind = guest.Vote
	case pb.MsgPreVote:
		s.Kind = guest.PreVote
	case pb.MsgPreVoteResp:
		s.Kind = guest.PreVoteReply
	case pb.MsgApp:
		s.Kind, s.Count, s.Commit = guest.AppendEntries, uint32(len(m.Entries)), m.Commit
	case pb.MsgAppResp:
		s.Kind = guest.Appended
		if m.Reject {
			s.Kind, s.Hint, s.HintTerm = guest.Conflict, m.RejectHint, m.LogTerm
		}
	case pb.MsgSnap:
		meta := snapshotIn(m).Metadata
		s.Kind, s.Index, s.LogTerm, s.Flag = guest.InstallSnapshot, meta.Index, meta.Term, true
		s.Count = uint32(snapshotFrom(snapshotIn(m)).Size)
	case pb.MsgTimeoutNow:
		s.Kind = guest.TimeoutNow
	case pb.MsgProp:
		content := guest.Content(m.Entries[0].Data)
		s.Kind, s.Request = guest.Forward, content.Request()
	case pb.MsgReadIndex:
		s.Kind, s.Request = guest.ReadIndex, requestIn(m.Entries[0].Data)
	case pb.MsgReadIndexResp:
		s.Kind, s.Request = guest.ReadIndexReply, requestIn(m.Entries[0].Data)
	case pb.MsgHeartbeat:
		if len(m.Context) > 0 {
			s.Kind, s.Hint = guest.ReadRound, binary.LittleEndian.Uint64(m.Context)
		} else {
			s.Kind, s.Commit = guest.AppendEntries, m.Commit
		}
	case pb.MsgHeartbeatResp:
		if len(m.Context) > 0 {
			s.Kind, s.Hint = guest.ReadRoundReply, binary.LittleEndian.Uint64(m.Context)
		} else {
			s.Kind, s.Name, s.Flag = guest.Other, "heartbeat-reply", true
		}
	default:
		s.Kind, s.Name = guest.Other, m.Type.String()
	}
	return s
}
