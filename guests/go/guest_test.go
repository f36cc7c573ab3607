package guest

import (
	"bytes"
	"reflect"
	"testing"
)

func TestContent(t *testing.T) {
	m := Members{Voters: 0b101, Outgoing: 0b11, Learners: 0b1000, AutoLeave: true}
	c := m.Content()
	if c.Kind() != Configure || c.Members() != m || c.Request() != (Request{}) {
		t.Errorf("%v is read as %v", m, c.Members())
	}
	var w Writer
	w.U8(5)
	want := Request{Client: 7, Serial: 8, Session: 1 << 40}
	w.Request(want)
	w.Bytes = append(w.Bytes, make([]byte, 12)...)
	c = Content(w.Bytes)
	if c.Kind() != 5 || c.Request() != want {
		t.Errorf("a request is read as %v", c.Request())
	}
}

func TestMembersAfter(t *testing.T) {
	three := Members{Voters: 0b111}
	for _, test := range []struct {
		name   string
		before Members
		change Change
		after  Members
		may    bool
	}{
		{"add", three, Change{Kind: Add, Node: 4}, Members{Voters: 0b1111}, true},
		{"add one that is there", three, Change{Kind: Add, Node: 1}, three, false},
		{"add a learner", three, Change{Kind: AddLearner, Node: 4}, Members{Voters: 0b111, Learners: 0b1000}, true},
		{"a voter is no learner", three, Change{Kind: AddLearner, Node: 1}, three, false},
		{"promote", Members{Voters: 1, Learners: 2}, Change{Kind: Promote, Node: 2}, Members{Voters: 3}, true},
		{"promote nobody", three, Change{Kind: Promote, Node: 4}, three, false},
		{"remove", three, Change{Kind: Remove, Node: 1}, Members{Voters: 0b110}, true},
		{"remove the last", Members{Voters: 1}, Change{Kind: Remove, Node: 1}, Members{}, false},
		{
			"enter", three, Change{Kind: Enter, Voters: 0b1000, Learners: 0b1, Leaving: 0b10, AutoLeave: true},
			Members{Voters: 0b1100, Outgoing: 0b111, Learners: 0b1, AutoLeave: true}, true,
		},
		{"leave", Members{Voters: 0b11, Outgoing: 0b1}, Change{Kind: Leave}, Members{Voters: 0b11}, true},
		{"one at a time", Members{Voters: 0b11, Outgoing: 0b1}, Change{Kind: Add, Node: 3}, Members{Voters: 0b11}, false},
	} {
		after, may := test.before.After(test.change)
		if may != test.may || may && after != test.after {
			t.Errorf("%s: %v %v", test.name, after, may)
		}
	}
}

func TestInputs(t *testing.T) {
	in := func(kind byte, write func(*Writer)) *Input {
		var w Writer
		w.U64(11)
		w.U64(12)
		w.U8(kind)
		write(&w)
		input := new(Input)
		input.decode(w.Bytes)
		if input.Now != 11 || input.Steady != 12 || input.Kind != kind {
			t.Errorf("kind %d is read as %v", kind, input)
		}
		return input
	}
	snapshot := &Snapshot{Index: 3, Term: 2, Members: Members{Voters: 7}, Image: 9, Size: 100, Fingerprint: 5}
	got := in(Receive, func(w *Writer) {
		w.U32(2)
		w.Bool(true)
		w.Snapshot(snapshot)
		w.Length([]byte("abc"))
	})
	if got.From != 2 || string(got.Message) != "abc" || !reflect.DeepEqual(got.Snapshot, snapshot) {
		t.Errorf("a message is read as %v", got)
	}
	output := []byte{1, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0}
	got = in(ReadDone, func(w *Writer) {
		w.Request(Request{1, 2, 3})
		w.U32(4)
		w.Put(output)
	})
	if got.Request != (Request{1, 2, 3}) || got.Relay != 4 || !bytes.Equal(got.Output, output) {
		t.Errorf("a read is read as %v", got)
	}
	got = in(ChangeMembers, func(w *Writer) {
		w.Put([]byte{Enter, 1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1})
	})
	if got.Change != (Change{Kind: Enter, Voters: 1, Learners: 2, Leaving: 4, AutoLeave: true}) {
		t.Errorf("a change is read as %v", got.Change)
	}
}

func TestBoot(t *testing.T) {
	entry := Entry{Term: 4, Content: Members{Voters: 1}.Content()}
	var w Writer
	w.Put(make([]byte, 16))
	w.U8(Boot)
	w.Put(make([]byte, 32))
	for _, set := range []uint32{2, 7, 3} {
		w.U32(set)
	}
	for time := range uint64(4) {
		w.U64(time)
	}
	w.U32(5)
	w.U32(6)
	w.Put(make([]byte, 8+8+8+8+8+4+4+1))
	w.Put([]byte{1, 0, 1, 0, 1, 1})
	w.U32(8)
	w.U32(9)
	w.Length([]byte("{}"))
	w.U64(4)
	w.U32(1)
	w.U64(2)
	w.Bool(false)
	w.U64(1)
	w.U64(3)
	w.U32(1)
	w.Entry(&entry)
	w.Bool(false)
	w.Bool(true)
	w.U64(2)
	w.U32(1)
	w.Entry(&entry)
	w.U64(2)
	var in Input
	in.decode(w.Bytes)
	s, d := in.Setup, in.Recovered
	if s.ID != 2 || s.Nodes != 7 || s.Voters != 3 || s.HeartbeatTo != 3 || s.EntriesPerAppend != 5 || s.AppendsInFlight != 6 {
		t.Errorf("the setup is read as %+v", s)
	}
	if !s.PreVote || s.CheckQuorum || !s.VoteLease || !s.FollowerReads || s.Priority != 8 || string(s.Options) != "{}" {
		t.Errorf("the setup is read as %+v", s)
	}
	if d.Term != 4 || d.Vote != 1 || d.Applied != 2 || d.Base != 1 || d.BaseTerm != 3 || d.Corrupt != 2 || d.Entries[0] != entry || d.Truncated[0] != entry {
		t.Errorf("the disk is read as %+v", d)
	}
}

func TestRecords(t *testing.T) {
	var out Out
	out.Send(3, 4, nil, Summary{Kind: Vote, Term: 5, Flag: true}, func(w *Writer) { w.Put([]byte("abc")) })
	out.Stop()
	want := []byte{
		1, 30, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 'b', 'c',
		15, 0, 0, 0, 0,
	}
	if !bytes.Equal(out.w.Bytes, want) {
		t.Errorf("records are %v", out.w.Bytes)
	}
	out.Reset()
	out.Apply(1, &Entry{Term: 2}, true)
	if n := len(out.w.Bytes); n != 5+8+8+ContentBytes+1 {
		t.Errorf("a record has %d bytes", n)
	}
}

func TestOptions(t *testing.T) {
	o := ParseOptions([]byte(`{"a": "on", "b": false, "c": 7, "d": "x"}`))
	if !o.On("a", false) || o.On("b", true) || o["c"] != "7" || o["d"] != "x" || !o.On("e", true) {
		t.Errorf("options are %v", o)
	}
}

// A step must make no garbage: steps without goroutines are to cost little.
func TestDecodingMakesNoGarbage(t *testing.T) {
	var w Writer
	w.Put(make([]byte, 16))
	w.U8(Receive)
	w.U32(2)
	w.Bool(false)
	w.Length(make([]byte, 100))
	var in Input
	var out Out
	if n := testing.AllocsPerRun(100, func() {
		in.decode(w.Bytes)
		out.Reset()
		out.SetTimer(1, 2)
		out.Status(Status{})
	}); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}
