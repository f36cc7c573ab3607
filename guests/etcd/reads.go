package main

import (
	"slices"

	"go.etcd.io/raft/v3"

	"squall.example/guest"
)

// reads are those that go by no entry: the library gives an index, and the state machine is asked once it is there.
type reads struct {
	// waiting are those without an index, in the order in which they came; a client has one at most.
	waiting []read
	// ready are those that wait for the state machine, too.
	ready []read
}

type read struct {
	content guest.Content
	index   uint64
	// age is how many ticks ago the library was asked last.
	age, asked int
}

// attempts is how often the library is asked for an index before a read is given up. Its client asks again.
const attempts = 10

// requestBytes is how a request looks as the context of a read.
func requestBytes(request guest.Request) []byte {
	var w guest.Writer
	w.Request(request)
	return w.Bytes
}

func requestIn(context []byte) guest.Request {
	r := guest.Reader{Bytes: context}
	return r.Request()
}

// ask takes a client's read. Without follower reads only a leader does.
func (r *reads) ask(n *node, content *guest.Content) {
	if n.leader() == 0 || !n.setup.FollowerReads && !n.leads() {
		n.out.Refuse(content.Request(), n.hint())
		return
	}
	request := content.Request()
	r.waiting = slices.DeleteFunc(r.waiting, func(old read) bool {
		return old.content.Request().Client == request.Client
	})
	r.waiting = append(r.waiting, read{content: *content, asked: 1})
	n.raw.ReadIndex(requestBytes(request))
}

// states takes the indexes that the library gave.
func (r *reads) states(states []raft.ReadState) {
	for _, state := range states {
		request := requestIn(state.RequestCtx)
		at := slices.IndexFunc(r.waiting, func(w read) bool { return w.content.Request() == request })
		if at >= 0 {
			w := r.waiting[at]
			w.index = state.Index
			r.waiting = slices.Delete(r.waiting, at, at+1)
			r.ready = append(r.ready, w)
		}
	}
}

// serve asks the state machine for reads whose index it has.
func (r *reads) serve(n *node) {
	if len(r.ready) == 0 {
		return
	}
	r.ready = slices.DeleteFunc(r.ready, func(w read) bool {
		if w.index > n.given {
			return false
		}
		n.out.Read(&w.content, 0)
		return true
	})
}

// tick asks again for what was lost on its way: the library forgets reads when it changes its role, and never asks twice.
func (r *reads) tick(n *node, patience int) {
	for i := 0; i < len(r.waiting); i++ {
		w := &r.waiting[i]
		if w.age++; w.age < patience {
			continue
		}
		w.age = 0
		request := w.content.Request()
		switch {
		case w.asked >= attempts || !n.setup.FollowerReads && !n.leads():
			r.waiting = slices.Delete(r.waiting, i, i+1)
			i--
			n.out.Refuse(request, n.hint())
		case n.leader() != 0:
			w.asked++
			n.raw.ReadIndex(requestBytes(request))
		}
	}
}
