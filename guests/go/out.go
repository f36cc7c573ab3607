package guest

import "encoding/binary"

// The kinds of records.
const (
	recordSend = 1 + iota
	recordSaveVote
	recordAppend
	recordTruncate
	recordTakeSnapshot
	recordSaveSnapshot
	recordCompact
	recordDiscard
	recordRestore
	recordSetTimer
	recordCancelTimer
	recordApply
	recordRead
	recordReply
	recordStop
	recordStatus
	recordDescription
)

// Writer writes numbers, least significant byte first.
type Writer struct{ Bytes []byte }

// U8 writes a number of one byte.
func (w *Writer) U8(v byte) { w.Bytes = append(w.Bytes, v) }

// Bool writes a truth value.
func (w *Writer) Bool(v bool) {
	if v {
		w.U8(1)
	} else {
		w.U8(0)
	}
}

// U32 writes a number of four bytes.
func (w *Writer) U32(v uint32) { w.Bytes = binary.LittleEndian.AppendUint32(w.Bytes, v) }

// U64 writes a number of eight bytes.
func (w *Writer) U64(v uint64) { w.Bytes = binary.LittleEndian.AppendUint64(w.Bytes, v) }

// Put writes bytes as they are.
func (w *Writer) Put(v []byte) { w.Bytes = append(w.Bytes, v...) }

// Length writes bytes behind their length.
func (w *Writer) Length(v []byte) {
	w.U32(uint32(len(v)))
	w.Put(v)
}

// Request writes a request.
func (w *Writer) Request(v Request) {
	w.U32(v.Client)
	w.U32(v.Serial)
	w.U64(v.Session)
}

// Entry writes an entry.
func (w *Writer) Entry(v *Entry) {
	w.U64(v.Term)
	w.Put(v.Content[:])
}

// Snapshot writes a snapshot.
func (w *Writer) Snapshot(v *Snapshot) {
	w.U64(v.Index)
	w.U64(v.Term)
	w.members(v.Members)
	w.U32(v.Image)
	w.U64(v.Size)
	w.U64(v.Fingerprint)
}

func (w *Writer) members(v Members) {
	w.U32(uint32(v.Voters))
	w.U32(uint32(v.Outgoing))
	w.U32(uint32(v.Learners))
	w.Bool(v.AutoLeave)
}

// Out gathers what a step wants done, in order.
type Out struct{ w Writer }

// Reset forgets all that was gathered.
func (o *Out) Reset() { o.w.Bytes = o.w.Bytes[:0] }

// begin begins a record, and gives its place for end.
func (o *Out) begin(kind byte) int {
	o.w.Bytes = append(o.w.Bytes, kind, 0, 0, 0, 0)
	return len(o.w.Bytes)
}

func (o *Out) end(place int) {
	putU32(o.w.Bytes[place-4:], uint32(len(o.w.Bytes)-place))
}

// Send sends a message once a write is durable, at once for zero. The message may name a snapshot, which then travels with it, and
// is made by what write appends to its argument.
func (o *Out) Send(to uint32, after uint64, snapshot *Snapshot, summary Summary, write func(*Writer)) {
	place := o.BeginSend(to, after, snapshot, summary)
	write(&o.w)
	o.end(place)
}

// BeginSend is Send in two parts: what is written to [Out.Message] until [Out.EndSend] is the message.
func (o *Out) BeginSend(to uint32, after uint64, snapshot *Snapshot, summary Summary) int {
	place := o.begin(recordSend)
	o.w.U32(to)
	o.w.U64(after)
	o.w.Bool(snapshot != nil)
	if snapshot != nil {
		o.w.Snapshot(snapshot)
	}
	at := len(o.w.Bytes)
	o.w.U32(0)
	summary.encode(&o.w)
	putU32(o.w.Bytes[at:], uint32(len(o.w.Bytes)-at-4))
	return place
}

// Message is where a message is written between [Out.BeginSend] and [Out.EndSend].
func (o *Out) Message() *Writer { return &o.w }

// EndSend ends a message.
func (o *Out) EndSend(place int) { o.end(place) }

// SaveVote writes the term, and the vote in it.
func (o *Out) SaveVote(write, term uint64, vote uint32) {
	place := o.begin(recordSaveVote)
	o.w.U64(write)
	o.w.U64(term)
	o.w.U32(vote)
	o.end(place)
}

// Append writes entries at the end of the log. Each is written by a call of entry with its place among them.
func (o *Out) Append(write, first uint64, count int, entry func(int) Entry) {
	place := o.begin(recordAppend)
	o.w.U64(write)
	o.w.U64(first)
	o.w.U32(uint32(count))
	for i := range count {
		e := entry(i)
		o.w.Entry(&e)
	}
	o.end(place)
}

// Truncate removes the entry at an index and all that follow.
func (o *Out) Truncate(write, from uint64) { o.pair(recordTruncate, write, from) }

// Compact removes the entries up to an index.
func (o *Out) Compact(write, upto uint64) { o.pair(recordCompact, write, upto) }

func (o *Out) pair(kind byte, one, two uint64) {
	place := o.begin(kind)
	o.w.U64(one)
	o.w.U64(two)
	o.end(place)
}

// TakeSnapshot writes a snapshot of the state machine, which has just applied this index.
func (o *Out) TakeSnapshot(index, term uint64, members Members) {
	place := o.begin(recordTakeSnapshot)
	o.w.U64(index)
	o.w.U64(term)
	o.w.members(members)
	o.end(place)
}

// SaveSnapshot writes a snapshot that was received.
func (o *Out) SaveSnapshot(snapshot *Snapshot) {
	place := o.begin(recordSaveSnapshot)
	o.w.Snapshot(snapshot)
	o.end(place)
}

// Discard removes the whole log in favour of the durable snapshot.
func (o *Out) Discard(write, index, term uint64) {
	place := o.begin(recordDiscard)
	o.w.U64(write)
	o.w.U64(index)
	o.w.U64(term)
	o.end(place)
}

// Restore makes the state machine what it is in a snapshot.
func (o *Out) Restore(snapshot *Snapshot) {
	place := o.begin(recordRestore)
	o.w.Snapshot(snapshot)
	o.end(place)
}

// SetTimer asks to be told when the node's clock shows at.
func (o *Out) SetTimer(timer uint32, at uint64) {
	place := o.begin(recordSetTimer)
	o.w.U32(timer)
	o.w.U64(at)
	o.end(place)
}

// CancelTimer takes that back.
func (o *Out) CancelTimer(timer uint32) {
	place := o.begin(recordCancelTimer)
	o.w.U32(timer)
	o.end(place)
}

// Apply applies a committed entry.
func (o *Out) Apply(index uint64, entry *Entry, answer bool) {
	place := o.begin(recordApply)
	o.w.U64(index)
	o.w.Entry(entry)
	o.w.Bool(answer)
	o.end(place)
}

// Read asks the state machine for what a command gives that changes nothing.
func (o *Out) Read(content *Content, relay uint32) {
	place := o.begin(recordRead)
	o.w.Put(content[:])
	o.w.U32(relay)
	o.end(place)
}

// Reply answers a client with what its command gave.
func (o *Out) Reply(request Request, output []byte) {
	place := o.begin(recordReply)
	o.w.Request(request)
	o.w.Bool(true)
	o.w.Put(output)
	o.end(place)
}

// Refuse sends a client on, to hint if that is not zero.
func (o *Out) Refuse(request Request, hint uint32) {
	place := o.begin(recordReply)
	o.w.Request(request)
	o.w.Bool(false)
	o.w.U32(hint)
	o.end(place)
}

// Stop ends the process, which can no longer trust its disk.
func (o *Out) Stop() { o.end(o.begin(recordStop)) }

// Status says what the node is now. It is due once in each step.
func (o *Out) Status(s Status) {
	place := o.begin(recordStatus)
	o.w.U64(s.Term)
	o.w.U8(s.Role)
	o.w.U32(s.Leader)
	o.w.U64(s.Commit)
	o.w.U64(s.Applied)
	o.w.U32(s.Transfer)
	o.w.U32(s.TargetPriority)
	o.end(place)
}

// Description says whose Raft it is.
func (o *Out) Description(json string) {
	place := o.begin(recordDescription)
	o.w.Put([]byte(json))
	o.end(place)
}
