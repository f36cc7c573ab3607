package main

import (
	"time"

	"github.com/hashicorp/raft"
)

// callsKept is of how many calls of a peer it is known that they came.
const callsKept = 1024

// served is what is known of the calls of another node.
type served struct {
	// calls are those that came, with the answer once there is one.
	calls map[uint64]*response
	order []uint64
	// streams are pipelines, by their number; that is the number of the first call of the pipeline, or near it.
	streams map[uint32]*stream
	opened  []uint32
}

func newServed() *served {
	return &served{calls: make(map[uint64]*response), streams: make(map[uint32]*stream)}
}

// note takes note that a call came.
func (p *served) note(number uint64) {
	p.calls[number] = nil
	p.order = append(p.order, number)
	if len(p.order) > callsKept {
		delete(p.calls, p.order[0])
		p.order = p.order[1:]
	}
}

func (p *served) answered(number uint64, r *response) {
	if _, known := p.calls[number]; known {
		p.calls[number] = r
	}
}

// stream is a pipeline of another node's: its calls are carried out one after the other, in the order in which they were made.
type stream struct {
	next uint32
	held map[uint32]*incoming
	busy bool
}

// streamsKept is how many pipelines of a peer are known.
const streamsKept = 64

func (p *served) queue(c *incoming, t *transport) {
	s := p.streams[c.stream]
	if s == nil {
		s = &stream{held: make(map[uint32]*incoming)}
		p.streams[c.stream] = s
		p.opened = append(p.opened, c.stream)
		if len(p.opened) > streamsKept {
			delete(p.streams, p.opened[0])
			p.opened = p.opened[1:]
		}
	}
	s.held[c.place] = c
	if s.busy || s.held[s.next] == nil {
		return
	}
	s.busy = true
	t.s.workers.run(func() {
		for {
			c := s.take(t)
			if c == nil {
				return
			}
			t.serve(c)
		}
	})
}

// take takes the next call of a stream; none if it has not come, and then nobody works at the stream.
func (s *stream) take(t *transport) *incoming {
	t.s.Lock()
	defer t.s.Unlock()
	c := s.held[s.next]
	if c == nil {
		s.busy = false
		return nil
	}
	delete(s.held, s.next)
	s.next++
	return c
}

// pipeline is the library's AppendPipeline, as its network transport has one.
type pipeline struct {
	t      *transport
	target raft.ServerAddress
	stream uint32
	place  uint32

	inProgress chan *appendFuture
	done       chan raft.AppendFuture
	shutdown   chan struct{}
	closed     bool
}

// inFlightMin is how many calls must be allowed at once for a pipeline to be worth it.
const inFlightMin = 2

// AppendEntriesPipeline begins a pipeline.
func (t *transport) AppendEntriesPipeline(_ raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	inFlight := int(t.s.setup.AppendsInFlight)
	if !t.s.options.pipelining || inFlight < inFlightMin {
		return nil, raft.ErrPipelineReplicationNotSupported
	}
	t.s.Lock()
	defer t.s.Unlock()
	t.next++
	// The lives of a node have other numbers, and so their streams do: zero is none.
	number := uint32(t.next>>32)*0x9e3779b1 + uint32(t.next)
	p := &pipeline{
		t: t, target: target, stream: max(number, 1),
		// One is being sent, and one answered.
		inProgress: make(chan *appendFuture, inFlight-2), done: make(chan raft.AppendFuture, inFlight-2),
		shutdown: make(chan struct{}),
	}
	go p.decode()
	return p, nil
}

// AppendEntries sends entries, and waits while too many are unanswered.
func (p *pipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	future := &appendFuture{start: time.Now(), args: args, resp: resp, finished: make(chan struct{})}
	future.call = p.t.ask(p.target, args, p.stream, p.place, nil)
	p.place++
	select {
	case p.inProgress <- future:
		return future, nil
	case <-p.shutdown:
		p.t.forget(future.call)
		return nil, raft.ErrPipelineShutdown
	}
}

// decode takes answers in the order in which was asked. One that failed is handed on like others, as by the network transport.
func (p *pipeline) decode() {
	for {
		select {
		case future := <-p.inProgress:
			future.err = p.t.wait(future.call, future.resp, p.shutdown)
			close(future.finished)
			select {
			case p.done <- future:
			case <-p.shutdown:
			}
		case <-p.shutdown:
			p.forget()
			return
		}
	}
}

// forget forgets the calls for whose answers nobody waits any more.
func (p *pipeline) forget() {
	for {
		select {
		case future := <-p.inProgress:
			p.t.forget(future.call)
		default:
			return
		}
	}
}

// Consumer is where answers are found.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.done }

// Close ends the pipeline.
func (p *pipeline) Close() error {
	if !p.closed {
		p.closed = true
		close(p.shutdown)
	}
	return nil
}

// appendFuture is a call in a pipeline.
type appendFuture struct {
	start    time.Time
	args     *raft.AppendEntriesRequest
	resp     *raft.AppendEntriesResponse
	call     *call
	finished chan struct{}
	err      error
}

func (f *appendFuture) Error() error {
	<-f.finished
	return f.err
}

func (f *appendFuture) Start() time.Time                      { return f.start }
func (f *appendFuture) Request() *raft.AppendEntriesRequest   { return f.args }
func (f *appendFuture) Response() *raft.AppendEntriesResponse { return f.resp }
