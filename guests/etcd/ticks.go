package main

import (
	"go.etcd.io/raft/v3"

	"squall.example/guest"
)

// electionTicks is how many ticks an election timeout has at least: what etcd recommends.
const electionTicks = 10

// tickTimer is the node's only timer.
const tickTimer = 0

// ticks is the clock of the library. It goes by the clock that nobody sets, as a ticker of Go's does.
type ticks struct {
	span, due uint64
	// set is when the timer was asked for, by the clock that may be set.
	set      uint64
	election int
	now      int
}

// span is how long a tick takes: a heartbeat interval, or a part of it where elections come soon.
func span(s *guest.Setup) uint64 {
	beats := (electionTicks*s.HeartbeatFrom + s.ElectionFrom - 1) / max(s.ElectionFrom, 1)
	return max(s.HeartbeatFrom/max(beats, 1), 1)
}

// ticksOf is how many ticks a heartbeat interval and an election timeout have. The library draws a timeout from one to less than two
// times the latter: none is longer than the plan allows.
func ticksOf(s *guest.Setup) (heartbeat, election int) {
	tick := span(s)
	heartbeat = int(s.HeartbeatFrom / tick)
	election = int(min(s.ElectionFrom/tick, (s.ElectionTo/tick+1)/2))
	return heartbeat, max(election, heartbeat+1)
}

func (t *ticks) start(n *node, config *raft.Config) {
	t.span, t.election = span(n.setup), config.ElectionTick
	t.due = n.in.Steady + t.span
	t.ask(n)
}

func (t *ticks) ask(n *node) {
	t.set = n.in.Now + (t.due - n.in.Steady)
	n.out.SetTimer(tickTimer, t.set)
}

// fired takes the timer, which a clock that was set may have brought too early.
func (t *ticks) fired(n *node) {
	if n.in.Steady >= t.due {
		t.now++
		n.raw.Tick()
		n.reads.tick(n, t.election)
		n.peers.tick(n)
		// A ticker drops the ticks that nobody took.
		t.due += t.span * (1 + (n.in.Steady-t.due)/t.span)
	}
	t.ask(n)
}

// look sets the timer anew if the clock was set back so far that it would come too late.
func (t *ticks) look(n *node) {
	if n.in.Steady < t.due && n.in.Now+(t.due-n.in.Steady) < t.set {
		t.ask(n)
	} else if n.in.Steady >= t.due && n.in.Now < t.set {
		t.set = n.in.Now
		n.out.SetTimer(tickTimer, t.set)
	}
}

// peers is what etcd's server tells the library of its connections. Here it goes by what is heard of a peer, or not.
type peers [32]peer

type peer struct {
	// heard is the tick at which something was heard last, and silent that the library knows that nothing is.
	heard  int
	silent bool
	// snapshot is when the last snapshot left, plus one; zero once it is known that nobody waits for what came of it.
	snapshot int
}

func (p *peers) heard(n *node, from uint32) {
	p[from].heard, p[from].silent = n.ticks.now, false
}

func (p *peers) sentSnapshot(n *node, to uint32) { p[to].snapshot = n.ticks.now + 1 }

// tick reports what got no answer: a snapshot within two election timeouts, anything within one.
func (p *peers) tick(n *node) {
	if !n.leads() {
		return
	}
	for id := range p {
		peer := &p[id]
		if !everybody(n.members).Has(uint32(id)) || uint32(id) == n.setup.ID {
			continue
		}
		if peer.snapshot > 0 && n.ticks.now-peer.snapshot > 2*n.ticks.election {
			peer.snapshot = 0
			// It does nothing where an answer has come.
			n.raw.ReportSnapshot(uint64(id), raft.SnapshotFailure)
		}
		if !peer.silent && n.ticks.now-peer.heard > n.ticks.election {
			peer.silent = true
			n.raw.ReportUnreachable(uint64(id))
		}
	}
}
