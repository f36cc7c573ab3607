package guest

// Kinds of messages, as squall knows them.
const (
	RequestVote = iota
	Vote
	AppendEntries
	Appended
	Conflict
	Forward
	ForwardReply
	PreVote
	PreVoteReply
	TimeoutNow
	InstallSnapshot
	SnapshotReply
	ReadRound
	ReadRoundReply
	ReadIndex
	ReadIndexReply
	Other
	// NoSummary is a message of which nothing is told but its size.
	NoSummary = 0xff
)

// LabelBytes is how much of the name of a message of the kind [Other] is kept.
const LabelBytes = 24

// Summary is what oracles and traces see of a message. Which fields count depends on its kind.
type Summary struct {
	Kind byte
	Term uint64
	// Index and LogTerm are the last entry, the previous one, the matching one, or the one that conflicts.
	Index, LogTerm uint64
	// Hint is the conflict index, a round, or an offset; HintTerm the conflict term, or bytes received.
	Hint, HintTerm uint64
	Commit         uint64
	// Count is how many entries or bytes go along.
	Count uint32
	// Flag is by leader, granted, applied, done, installed, confirmed, or that this answers.
	Flag    bool
	Request Request
	// Name is that of a message of the kind Other.
	Name string
}

func (s *Summary) encode(w *Writer) {
	if s.Kind == NoSummary {
		return
	}
	w.U8(s.Kind)
	switch s.Kind {
	case Forward, ForwardReply, ReadIndex, ReadIndexReply:
		s.encodeRequest(w)
		return
	case Other:
		var name [LabelBytes]byte
		copy(name[:], s.Name)
		w.Put(name[:])
	}
	w.U64(s.Term)
	switch s.Kind {
	case RequestVote, PreVote:
		w.U64(s.Index)
		w.U64(s.LogTerm)
		if s.Kind == RequestVote {
			w.Bool(s.Flag)
		}
	case Vote, PreVoteReply:
		w.Bool(s.Flag)
	case AppendEntries:
		w.U64(s.Index)
		w.U64(s.LogTerm)
		w.U32(s.Count)
		w.U64(s.Commit)
	case Appended:
		w.U64(s.Index)
	case Conflict:
		w.U64(s.Index)
		w.U64(s.HintTerm)
		w.U64(s.Hint)
	case InstallSnapshot:
		w.U64(s.Index)
		w.U64(s.LogTerm)
		w.U64(s.Hint)
		w.U32(s.Count)
		w.Bool(s.Flag)
	case SnapshotReply:
		w.U64(s.Index)
		w.U64(s.HintTerm)
		w.Bool(s.Flag)
	case ReadRound, ReadRoundReply:
		w.U64(s.Hint)
		if s.Kind == ReadRoundReply {
			w.Bool(s.Flag)
		}
	case Other:
		w.U32(s.Count)
		w.Bool(s.Flag)
	}
}

func (s *Summary) encodeRequest(w *Writer) {
	w.Request(s.Request)
	switch s.Kind {
	case ForwardReply:
		w.Bool(s.Flag)
	case ReadIndexReply:
		w.Bool(s.Flag)
		if s.Flag {
			w.U64(s.Index)
		}
	}
}
