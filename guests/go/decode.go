package guest

import "encoding/binary"

func u32(b []byte) uint32       { return binary.LittleEndian.Uint32(b) }
func u64(b []byte) uint64       { return binary.LittleEndian.Uint64(b) }
func putU32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }

// Reader reads what was written by squall or by another node of the same guest. It panics where the bytes end too early: then one
// of the two is wrong, and nothing that follows could be right.
type Reader struct{ Bytes []byte }

// U8 reads a number of one byte.
func (r *Reader) U8() byte {
	v := r.Bytes[0]
	r.Bytes = r.Bytes[1:]
	return v
}

// Bool reads a truth value.
func (r *Reader) Bool() bool { return r.U8() != 0 }

// U32 reads a number of four bytes.
func (r *Reader) U32() uint32 {
	v := u32(r.Bytes)
	r.Bytes = r.Bytes[4:]
	return v
}

// U64 reads a number of eight bytes.
func (r *Reader) U64() uint64 {
	v := u64(r.Bytes)
	r.Bytes = r.Bytes[8:]
	return v
}

// Take reads so many bytes, which are not copied.
func (r *Reader) Take(n int) []byte {
	v := r.Bytes[:n:n]
	r.Bytes = r.Bytes[n:]
	return v
}

// Length reads bytes behind their length. They are not copied.
func (r *Reader) Length() []byte { return r.Take(int(r.U32())) }

// Content reads the content of an entry.
func (r *Reader) Content() Content {
	c := Content(r.Bytes)
	r.Bytes = r.Bytes[ContentBytes:]
	return c
}

// Request reads a request.
func (r *Reader) Request() Request {
	return Request{Client: r.U32(), Serial: r.U32(), Session: r.U64()}
}

// Entry reads an entry.
func (r *Reader) Entry() Entry { return Entry{Term: r.U64(), Content: r.Content()} }

// Entries reads entries behind their count.
func (r *Reader) Entries() []Entry {
	n := int(r.U32())
	if n > len(r.Bytes)/(8+ContentBytes) {
		panic("more entries are announced than there are bytes for")
	}
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = r.Entry()
	}
	return entries
}

// Snapshot reads a snapshot.
func (r *Reader) Snapshot() *Snapshot {
	return &Snapshot{
		Index: r.U64(), Term: r.U64(), Members: r.members(),
		Image: r.U32(), Size: r.U64(), Fingerprint: r.U64(),
	}
}

func (r *Reader) members() Members {
	return Members{Voters: Set(r.U32()), Outgoing: Set(r.U32()), Learners: Set(r.U32()), AutoLeave: r.Bool()}
}

func (r *Reader) maybeSnapshot() *Snapshot {
	if !r.Bool() {
		return nil
	}
	return r.Snapshot()
}

// output reads an output, to its end but not into it.
func (r *Reader) output() []byte {
	n := 1
	switch r.Bytes[0] {
	case 1:
		n += 4 + 4*int(u32(r.Bytes[1:]))
	case 4:
		n += 8
	}
	return r.Take(n)
}

func (r *Reader) change() Change {
	c := Change{Kind: r.U8()}
	switch c.Kind {
	case Enter:
		c.Voters, c.Learners, c.Leaving = Set(r.U32()), Set(r.U32()), Set(r.U32())
		c.AutoLeave = r.Bool()
	case Leave:
	default:
		c.Node = r.U32()
	}
	return c
}

func (r *Reader) setup() *Setup {
	s := &Setup{ID: r.U32(), Nodes: Set(r.U32()), Voters: Set(r.U32())}
	s.ElectionFrom, s.ElectionTo = r.U64(), r.U64()
	s.HeartbeatFrom, s.HeartbeatTo = r.U64(), r.U64()
	s.EntriesPerAppend, s.AppendsInFlight = r.U32(), r.U32()
	s.BytesPerAppend, s.BytesInFlight = r.U64(), r.U64()
	s.BatchDelay = r.U64()
	s.SnapshotEvery, s.SnapshotTrailing, s.SnapshotChunk = r.U64(), r.U64(), r.U32()
	s.DriftBound, s.Reads = r.U32(), r.U8()
	s.PreVote, s.CheckQuorum, s.VoteLease = r.Bool(), r.Bool(), r.Bool()
	s.ParallelAppend, s.FollowerReads = r.Bool(), r.Bool()
	if s.HasPriority = r.Bool(); s.HasPriority {
		s.Priority, s.HighestPriority = r.U32(), r.U32()
	}
	s.Options = append([]byte(nil), r.Length()...)
	return s
}

func (r *Reader) recovered() *Recovered {
	d := &Recovered{Term: r.U64(), Vote: r.U32(), Applied: r.U64(), Snapshot: r.maybeSnapshot()}
	d.Base, d.BaseTerm = r.U64(), r.U64()
	d.Entries = r.Entries()
	if r.Bool() {
		torn := r.Entry()
		d.Torn = &torn
	}
	if r.Bool() {
		d.TruncatedFirst, d.Truncated = r.U64(), r.Entries()
	}
	d.Corrupt = r.U64()
	return d
}

// decode reads an input, into the place of the one before.
func (in *Input) decode(bytes []byte) {
	r := Reader{bytes}
	in.Now, in.Steady, in.Kind = r.U64(), r.U64(), r.U8()
	switch in.Kind {
	case Boot:
		for i := range in.Seed {
			in.Seed[i] = r.U64()
		}
		in.Setup, in.Recovered = r.setup(), r.recovered()
	case Receive:
		in.From, in.Snapshot, in.Message = r.U32(), r.maybeSnapshot(), r.Length()
	case Propose:
		in.Content = r.Content()
	case Transfer:
		in.Node = r.U32()
	case ChangeMembers:
		in.Change = r.change()
	case Timer:
		in.Timer = r.U32()
	case Durable, WriteFailed:
		in.Write = r.U64()
	case Applied:
		in.Index, in.Output = r.U64(), r.output()
	case ReadDone:
		in.Request, in.Relay, in.Output = r.Request(), r.U32(), r.output()
	case SnapshotSaved:
		in.Snapshot = r.Snapshot()
	}
}
