package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// transport is the library's Transport, as its network transport over TCP is one: a call is asked again until it is answered or its time is
// over, is carried out once at most, and the calls of a pipeline come in their order.
type transport struct {
	s *server
	// next is the next call's number, which no other life of the node has.
	next    uint64
	waiting map[uint64]*call
	// again is after how long a call is asked again at first, and timeout when it is given up.
	again, timeout time.Duration

	consumer  chan raft.RPC
	heartbeat func(raft.RPC)
	served    map[uint32]*served
	buffer    guest.Writer
}

// Kinds of messages.
const (
	isRequest = iota
	isResponse
)

// call is a call of this node's that was not answered.
type call struct {
	to       uint32
	message  []byte
	summary  guest.Summary
	snapshot *guest.Snapshot
	answer   chan answer
}

// answer is what came back.
type answer struct {
	failed bool
	body   []byte
}

func (t *transport) start() {
	var life [4]byte
	if _, err := rand.Read(life[:]); err != nil {
		panic(err)
	}
	t.next = uint64(binary.LittleEndian.Uint32(life[:])) << 32
	t.waiting = make(map[uint64]*call)
	t.served = make(map[uint32]*served)
	t.consumer = make(chan raft.RPC)
	timeout := t.s.config().HeartbeatTimeout
	// TCP waits 200 ms at first, and the library's users 10 s: of a heartbeat timeout of 1 s a fifth, and ten times it.
	t.again, t.timeout = timeout/5, 10*timeout
}

// ask sends a request. Of a pipeline, it is one in a stream, at a place in it.
func (t *transport) ask(target raft.ServerAddress, request any, stream, place uint32, snapshot *guest.Snapshot) *call {
	t.s.Lock()
	defer t.s.Unlock()
	t.next++
	w := &t.buffer
	w.Bytes = w.Bytes[:0]
	w.U8(isRequest)
	w.U64(t.next)
	w.U32(stream)
	w.U32(place)
	at := len(w.Bytes)
	w.U8(0)
	kind, summary := putRequest(w, request)
	w.Bytes[at] = kind
	switch {
	case snapshot != nil:
		summary.Count = uint32(snapshot.Size)
	case kind == callTimeoutNow:
		summary.Term = currentTermOf(t.s.raft)
	}
	c := &call{
		to: numberOf(target), message: append([]byte(nil), w.Bytes...), summary: summary, snapshot: snapshot,
		answer: make(chan answer, 1),
	}
	t.waiting[t.next] = c
	t.send(c)
	return c
}

func (t *transport) send(c *call) {
	out := t.s.out
	place := out.BeginSend(c.to, 0, c.snapshot, c.summary)
	out.Message().Put(c.message)
	out.EndSend(place)
}

// forget forgets a call.
func (t *transport) forget(c *call) {
	t.s.Lock()
	defer t.s.Unlock()
	delete(t.waiting, binary.LittleEndian.Uint64(c.message[1:]))
}

var errTimeout = errors.New("i/o timeout")

// wait waits for the answer of a call, and asks again, less and less often, while there is none.
func (t *transport) wait(c *call, response any, shutdown <-chan struct{}) error {
	defer t.forget(c)
	again, waited := t.again, time.Duration(0)
	timer := time.NewTimer(again)
	defer timer.Stop()
	for {
		select {
		case a := <-c.answer:
			if a.failed {
				return errors.New(string(a.body))
			}
			getResponse(&guest.Reader{Bytes: a.body}, response, c.to)
			return nil
		case <-shutdown:
			return raft.ErrPipelineShutdown
		case <-timer.C:
			if waited += again; waited >= t.timeout {
				return errTimeout
			}
			t.s.Lock()
			t.send(c)
			t.s.Unlock()
			again = min(2*again, t.timeout/10, t.timeout-waited)
			timer.Reset(again)
		}
	}
}

func (t *transport) call(target raft.ServerAddress, request, response any, snapshot *guest.Snapshot) error {
	return t.wait(t.ask(target, request, 0, 0, snapshot), response, nil)
}

// receive takes a message.
func (t *transport) receive(from uint32, message []byte, snapshot *guest.Snapshot) {
	r := guest.Reader{Bytes: message}
	kind, number := r.U8(), r.U64()
	if kind == isResponse {
		c := t.waiting[number]
		if c == nil {
			return
		}
		a := answer{failed: r.Bool(), body: r.Bytes}
		select {
		case c.answer <- a:
		default:
		}
		return
	}
	if t.raftless() {
		// It has not begun to listen.
		return
	}
	peer := t.served[from]
	if peer == nil {
		peer = newServed()
		t.served[from] = peer
	}
	if done, known := peer.calls[number]; known {
		if done != nil {
			t.respond(from, done)
		}
		return
	}
	peer.note(number)
	c := &incoming{from: from, number: number, peer: peer, snapshot: snapshot, stream: r.U32(), place: r.U32(), kind: r.U8(), rest: r}
	if c.stream == 0 {
		t.s.workers.run(func() { t.serve(c) })
		return
	}
	peer.queue(c, t)
}

func (t *transport) raftless() bool { return t.s.raft == nil }

// response is an answer that was given, for whoever did not hear it.
type response struct {
	message []byte
	summary guest.Summary
}

func (t *transport) respond(to uint32, r *response) {
	out := t.s.out
	place := out.BeginSend(to, 0, nil, r.summary)
	out.Message().Put(r.message)
	out.EndSend(place)
}

// incoming is a request that came.
type incoming struct {
	from     uint32
	number   uint64
	peer     *served
	snapshot *guest.Snapshot
	stream   uint32
	place    uint32
	kind     byte
	rest     guest.Reader
}

// serve has the library carry out a request, and answers.
func (t *transport) serve(c *incoming) {
	request := getRequest(&c.rest, c.kind, c.from)
	answers := make(chan raft.RPCResponse, 1)
	rpc := raft.RPC{Command: request, RespChan: answers}
	if c.snapshot != nil {
		rpc.Reader = bytes.NewReader(describe(c.snapshot))
	}
	if t.s.options.fastPath && t.heartbeat != nil && isHeartbeat(request) {
		t.heartbeat(rpc)
	} else {
		t.consumer <- rpc
	}
	a := <-answers
	t.s.Lock()
	defer t.s.Unlock()
	w := &t.buffer
	w.Bytes = w.Bytes[:0]
	w.U8(isResponse)
	w.U64(c.number)
	w.Bool(a.Error != nil)
	var summary guest.Summary
	if a.Error != nil {
		summary = putResponse(w, request, nil)
		w.Put([]byte(a.Error.Error()))
	} else {
		summary = putResponse(w, request, a.Response)
	}
	r := &response{append([]byte(nil), w.Bytes...), summary}
	c.peer.answered(c.number, r)
	t.respond(c.from, r)
}

// Consumer is where the library finds requests.
func (t *transport) Consumer() <-chan raft.RPC { return t.consumer }

// LocalAddr is the node's own address.
func (t *transport) LocalAddr() raft.ServerAddress { return address(t.s.setup.ID) }

// EncodePeer writes an address.
func (t *transport) EncodePeer(_ raft.ServerID, a raft.ServerAddress) []byte { return []byte(a) }

// DecodePeer reads an address.
func (t *transport) DecodePeer(b []byte) raft.ServerAddress { return raft.ServerAddress(b) }

// SetHeartbeatHandler is told who takes heartbeats.
func (t *transport) SetHeartbeatHandler(handler func(raft.RPC)) { t.heartbeat = handler }

// AppendEntries calls a node.
func (t *transport) AppendEntries(_ raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.call(target, args, resp, nil)
}

// RequestVote calls a node.
func (t *transport) RequestVote(_ raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return t.call(target, args, resp, nil)
}

// RequestPreVote calls a node (raft.WithPreVote).
func (t *transport) RequestPreVote(_ raft.ServerID, target raft.ServerAddress, args *preVoteRequest, resp *preVoteResponse) error {
	return t.call(target, args, resp, nil)
}

// TimeoutNow calls a node.
func (t *transport) TimeoutNow(_ raft.ServerID, target raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return t.call(target, args, resp, nil)
}

// InstallSnapshot calls a node, and hands it a snapshot.
func (t *transport) InstallSnapshot(_ raft.ServerID, target raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	description, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	return t.call(target, args, resp, described(description))
}
