package main

import (
	"sync/atomic"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// requests are those of clients that wait for this server. A client waits for one at a time, and each is answered once.
type requests struct{ open map[uint32]guest.Request }

func (r *requests) add(request guest.Request) {
	if r.open == nil {
		r.open = make(map[uint32]guest.Request)
	}
	r.open[request.Client] = request
}

func (r *requests) waits(request guest.Request) bool {
	return request.Client > 0 && r.open[request.Client] == request
}

// take says whether a request waits, and that it is answered now.
func (r *requests) take(request guest.Request) bool {
	waits := r.waits(request)
	if waits {
		delete(r.open, request.Client)
	}
	return waits
}

// refuse sends a client on.
func (s *server) refuse(request guest.Request) {
	if s.requests.take(request) {
		s.out.Refuse(request, s.hint())
	}
}

// request takes a client's request. The library does not forward it.
func (s *server) request(content guest.Content) {
	request := content.Request()
	s.requests.add(request)
	if !s.leads() {
		s.refuse(request)
		return
	}
	if content.Kind() == guest.Get && s.setup.Reads != guest.ReadsByLog {
		s.workers.run(func() { s.reads.read(content) })
		return
	}
	data := content[:]
	s.workers.run(func() {
		future := s.raft.Apply(data, 0)
		if future.Error() != nil {
			// It may yet be committed; the client asks again.
			s.Lock()
			defer s.Unlock()
			s.refuse(request)
			return
		}
		output, awaited := future.Response().(chan []byte)
		if !awaited {
			return
		}
		answer := <-output
		s.Lock()
		defer s.Unlock()
		if s.requests.take(request) {
			s.out.Reply(request, answer)
		}
	})
}

// reads are those that go by no entry: the server verifies that it leads, as Consul does for a consistent read.
type reads struct {
	s *server
	// ready is the term of which this leader has committed an entry: before that it does not know what is committed.
	ready atomic.Uint64
	// waiting are those that wait for the state machine.
	waiting []read
}

type read struct {
	content guest.Content
	index   uint64
}

// read answers a read, or refuses it. It waits for the library, so it does not have the lock.
func (r *reads) read(content guest.Content) {
	index, may := r.index()
	r.s.Lock()
	defer r.s.Unlock()
	if may {
		r.waiting = append(r.waiting, read{content, index})
	} else {
		r.s.refuse(content.Request())
	}
}

// index is how far the state machine must be to answer a read; false if this server does not lead.
func (r *reads) index() (uint64, bool) {
	server := r.s.raft
	term := currentTermOf(server)
	if r.ready.Load() != term {
		if server.Barrier(0).Error() != nil || currentTermOf(server) != term {
			return 0, false
		}
		r.ready.Store(term)
	}
	_, index := progressOf(server)
	return index, server.VerifyLeader().Error() == nil
}

// serve asks the state machine for reads whose index it has.
func (r *reads) serve() {
	kept := r.waiting[:0]
	for _, w := range r.waiting {
		switch {
		case w.index > r.s.machine.given:
			kept = append(kept, w)
		case r.s.requests.take(w.content.Request()):
			r.s.out.Read(&w.content, 0)
		}
	}
	r.waiting = kept
}

var _ raft.ConfigurationStore = (*machine)(nil)
