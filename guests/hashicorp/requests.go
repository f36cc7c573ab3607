package main

import (
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
			s.refuse(request)
			return
		}
		output, awaited := future.Response().(chan []byte)
		if !awaited {
			return
		}
		if output := <-output; s.requests.take(request) {
			s.out.Reply(request, output)
		}
	})
}

// reads are those that go by no entry: the server verifies that it leads, as Consul does for a consistent read.
type reads struct {
	s *server
	// ready is the term of which this leader has committed an entry: before that it does not know what is committed.
	ready uint64
	// waiting are those that wait for the state machine.
	waiting []read
}

type read struct {
	content guest.Content
	index   uint64
}

func (r *reads) read(content guest.Content) {
	request := content.Request()
	server := r.s.raft
	term := server.CurrentTerm()
	if r.ready != term {
		if server.Barrier(0).Error() != nil || server.CurrentTerm() != term {
			r.s.refuse(request)
			return
		}
		r.ready = term
	}
	index := server.CommitIndex()
	if server.VerifyLeader().Error() != nil {
		r.s.refuse(request)
		return
	}
	r.waiting = append(r.waiting, read{content, index})
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
