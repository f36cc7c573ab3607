package main

import (
	"time"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// Kinds of calls.
const (
	callAppend = iota
	callVote
	callPreVote
	callSnapshot
	callTimeoutNow
)

// putRequest writes a request by hand: the library's own way, by reflection, takes twice as long as all else. Whatever names the sender is
// left out.
func putRequest(w *guest.Writer, request any) (byte, guest.Summary) {
	switch r := request.(type) {
	case *raft.AppendEntriesRequest:
		w.U64(r.Term)
		w.U64(r.PrevLogEntry)
		w.U64(r.PrevLogTerm)
		w.U64(r.LeaderCommitIndex)
		w.U32(uint32(len(r.Entries)))
		for _, e := range r.Entries {
			putLog(w, e)
		}
		return callAppend, guest.Summary{
			Kind: guest.AppendEntries, Term: r.Term, Index: r.PrevLogEntry, LogTerm: r.PrevLogTerm,
			Count: uint32(len(r.Entries)), Commit: r.LeaderCommitIndex,
		}
	case *raft.RequestVoteRequest:
		w.U64(r.Term)
		w.U64(r.LastLogIndex)
		w.U64(r.LastLogTerm)
		w.Bool(r.LeadershipTransfer)
		return callVote, guest.Summary{
			Kind: guest.RequestVote, Term: r.Term, Index: r.LastLogIndex, LogTerm: r.LastLogTerm, Flag: r.LeadershipTransfer,
		}
	case *preVoteRequest:
		w.U64(r.Term)
		w.U64(r.LastLogIndex)
		w.U64(r.LastLogTerm)
		return callPreVote, guest.Summary{Kind: guest.PreVote, Term: r.Term, Index: r.LastLogIndex, LogTerm: r.LastLogTerm}
	case *raft.InstallSnapshotRequest:
		w.U64(r.Term)
		w.U64(r.LastLogIndex)
		w.U64(r.LastLogTerm)
		w.U64(r.ConfigurationIndex)
		w.Length(r.Configuration)
		return callSnapshot, guest.Summary{
			Kind: guest.InstallSnapshot, Term: r.Term, Index: r.LastLogIndex, LogTerm: r.LastLogTerm, Flag: true,
		}
	case *raft.TimeoutNowRequest:
		return callTimeoutNow, guest.Summary{Kind: guest.TimeoutNow}
	}
	panic("the library calls what is not known")
}

func putLog(w *guest.Writer, e *raft.Log) {
	w.U64(e.Index)
	w.U64(e.Term)
	w.U8(byte(e.Type))
	at := int64(0)
	if appended := appendedAt(e); !appended.IsZero() {
		at = appended.UnixNano()
	}
	w.U64(uint64(at))
	w.Length(e.Data)
}

func getLog(r *guest.Reader) *raft.Log {
	e := &raft.Log{Index: r.U64(), Term: r.U64(), Type: raft.LogType(r.U8())}
	if at := int64(r.U64()); at != 0 {
		setAppendedAt(e, time.Unix(0, at))
	}
	e.Data = r.Length()
	return e
}

// getRequest reads a request from a node.
func getRequest(r *guest.Reader, call byte, from uint32) any {
	header := headerOf(from)
	switch call {
	case callAppend:
		a := &raft.AppendEntriesRequest{RPCHeader: header, Leader: []byte(names[from]), Term: r.U64()}
		a.PrevLogEntry, a.PrevLogTerm, a.LeaderCommitIndex = r.U64(), r.U64(), r.U64()
		if n := r.U32(); n > 0 {
			a.Entries = make([]*raft.Log, n)
			for i := range a.Entries {
				a.Entries[i] = getLog(r)
			}
		}
		return a
	case callVote:
		return &raft.RequestVoteRequest{
			RPCHeader: header, Candidate: []byte(names[from]),
			Term: r.U64(), LastLogIndex: r.U64(), LastLogTerm: r.U64(), LeadershipTransfer: r.Bool(),
		}
	case callPreVote:
		return &preVoteRequest{RPCHeader: header, Term: r.U64(), LastLogIndex: r.U64(), LastLogTerm: r.U64()}
	case callSnapshot:
		return &raft.InstallSnapshotRequest{
			RPCHeader: header, SnapshotVersion: 1, Leader: []byte(names[from]),
			Term: r.U64(), LastLogIndex: r.U64(), LastLogTerm: r.U64(), ConfigurationIndex: r.U64(),
			Configuration: r.Length(), Size: descriptionBytes,
		}
	case callTimeoutNow:
		return &raft.TimeoutNowRequest{RPCHeader: header}
	}
	panic("a call that is not known")
}

// isHeartbeat says what the library's network transport takes for a heartbeat.
func isHeartbeat(request any) bool {
	a, is := request.(*raft.AppendEntriesRequest)
	return is && a.Term != 0 && a.PrevLogEntry == 0 && a.PrevLogTerm == 0 && len(a.Entries) == 0 && a.LeaderCommitIndex == 0
}

// putResponse writes the answer to a request.
func putResponse(w *guest.Writer, request, response any) guest.Summary {
	switch r := response.(type) {
	case *raft.AppendEntriesResponse:
		w.U64(r.Term)
		w.U64(r.LastLog)
		w.Bool(r.Success)
		w.Bool(r.NoRetryBackoff)
		asked := request.(*raft.AppendEntriesRequest)
		if r.Success {
			return guest.Summary{Kind: guest.Appended, Term: r.Term, Index: asked.PrevLogEntry + uint64(len(asked.Entries))}
		}
		return guest.Summary{Kind: guest.Conflict, Term: r.Term, Index: asked.PrevLogEntry, Hint: r.LastLog}
	case *raft.RequestVoteResponse:
		w.U64(r.Term)
		w.Bool(r.Granted)
		return guest.Summary{Kind: guest.Vote, Term: r.Term, Flag: r.Granted}
	case *preVoteResponse:
		w.U64(r.Term)
		w.Bool(r.Granted)
		return guest.Summary{Kind: guest.PreVoteReply, Term: r.Term, Flag: r.Granted}
	case *raft.InstallSnapshotResponse:
		w.U64(r.Term)
		w.Bool(r.Success)
		asked := request.(*raft.InstallSnapshotRequest)
		return guest.Summary{Kind: guest.SnapshotReply, Term: r.Term, Index: asked.LastLogIndex, Flag: r.Success}
	case *raft.TimeoutNowResponse:
		return guest.Summary{Kind: guest.Other, Name: "timeout-now-reply", Flag: true}
	case nil:
		return guest.Summary{Kind: guest.Other, Name: "error", Flag: true}
	}
	panic("the library answers what is not known")
}

// getResponse reads the answer of a node into the place that the library has for it.
func getResponse(r *guest.Reader, into any, from uint32) {
	switch to := into.(type) {
	case *raft.AppendEntriesResponse:
		*to = raft.AppendEntriesResponse{
			RPCHeader: headerOf(from), Term: r.U64(), LastLog: r.U64(), Success: r.Bool(), NoRetryBackoff: r.Bool(),
		}
	case *raft.RequestVoteResponse:
		*to = raft.RequestVoteResponse{RPCHeader: headerOf(from), Term: r.U64(), Granted: r.Bool()}
	case *preVoteResponse:
		*to = preVoteResponse{RPCHeader: headerOf(from), Term: r.U64(), Granted: r.Bool()}
	case *raft.InstallSnapshotResponse:
		*to = raft.InstallSnapshotResponse{RPCHeader: headerOf(from), Term: r.U64(), Success: r.Bool()}
	case *raft.TimeoutNowResponse:
		*to = raft.TimeoutNowResponse{RPCHeader: headerOf(from)}
	default:
		panic("the library wants an answer that is not known")
	}
}
