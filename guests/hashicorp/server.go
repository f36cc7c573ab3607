package main

import (
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// server is one life of a node. Its goroutines run on one thread, but give way wherever the collector of garbage wants it: all that is the
// adapter's is touched under the lock, which nobody holds while he waits or calls what may wait.
type server struct {
	sync.Mutex
	setup   *guest.Setup
	options options
	out     *guest.Out
	// raft is the library's server; nil until it is made, which takes a write or two.
	raft *raft.Raft

	workers   workers
	writes    writes
	log       logStore
	votes     voteStore
	snapshots snapshots
	machine   machine
	transport transport
	requests  requests
	reads     reads

	// transfer is to whom the server is handing over.
	transfer uint32
}

func (s *server) Step(in *guest.Input, out *guest.Out) {
	s.Lock()
	defer s.Unlock()
	s.out = out
	switch in.Kind {
	case guest.Boot:
		s.boot(in.Setup, in.Recovered)
	case guest.Receive:
		s.transport.receive(in.From, append([]byte(nil), in.Message...), in.Snapshot)
	case guest.Propose:
		s.request(in.Content)
	case guest.Transfer:
		s.handOver(in.Node)
	case guest.ChangeMembers:
		s.change(in.Change)
	case guest.Durable:
		s.writes.done(in.Write)
	case guest.WriteFailed:
		out.Stop()
	case guest.Applied:
		s.machine.applied(in.Index, append([]byte(nil), in.Output...))
	case guest.ReadDone:
		out.Reply(in.Request, in.Output)
	case guest.SnapshotSaved:
		s.snapshots.saved(in.Snapshot)
	}
}

// finish ends a step: all goroutines wait.
func (s *server) finish() {
	s.Lock()
	defer s.Unlock()
	if s.raft != nil {
		s.machine.rest(s.raft.AppliedIndex())
		s.reads.serve()
	}
	s.status()
}

func (s *server) status() {
	status := guest.Status{Term: s.votes.term, Commit: 0, Applied: s.machine.given}
	if s.raft != nil {
		status.Term, status.Commit = progressOf(s.raft)
		status.Commit = max(status.Commit, s.machine.committed())
		status.Leader = leaderOf(s.raft)
		switch s.raft.State() {
		case raft.Leader:
			status.Role, status.Transfer = guest.Leader, s.transfer
		case raft.Candidate:
			// It has one state for both, and is in it before it stands: it has voted for itself once it does.
			switch {
			case s.votes.isFor(status.Term, s.setup.ID):
				status.Role = guest.Candidate
			case s.setup.PreVote:
				status.Role = guest.PreCandidate
			}
		}
	}
	s.out.Status(status)
}

func (s *server) leads() bool { return s.raft != nil && s.raft.State() == raft.Leader }

// hint is to whom a client is sent on.
func (s *server) hint() uint32 {
	if s.raft == nil {
		return 0
	}
	if leader := leaderOf(s.raft); leader != s.setup.ID {
		return leader
	}
	return 0
}

// boot starts with what the disk holds.
func (s *server) boot(setup *guest.Setup, found *guest.Recovered) {
	s.setup, s.options = setup, parseOptions(setup.Options)
	s.log.s, s.votes.s, s.snapshots.s, s.machine.s, s.transport.s, s.reads.s = s, s, s, s, s, s
	s.workers.lock, s.writes.lock = &s.Mutex, &s.Mutex
	fresh := len(found.Entries) == 0 && found.Base == 0 && found.Snapshot == nil && found.Vote == 0 && found.Term <= 1
	// Who begins as a voter is told so, once.
	bootstraps := fresh && setup.Voters.Has(setup.ID)
	s.snapshots.durable = found.Snapshot
	s.machine.start(found.Applied)
	s.log.load(found)
	s.votes.load(found, bootstraps, s.log.lastTerm())
	s.transport.start()
	go s.start(bootstraps)
}

// start makes the library's server, whose constructor already writes.
func (s *server) start(bootstraps bool) {
	config := s.config()
	var logs raft.LogStore = &s.log
	if s.options.monotonic {
		logs = monotonicLog{&s.log}
	}
	if bootstraps {
		if err := raft.BootstrapCluster(config, logs, &s.votes, &s.snapshots, &s.transport, configuration(guest.Members{Voters: s.setup.Voters})); err != nil {
			panic(err)
		}
	}
	server, err := raft.NewRaft(config, &s.machine, logs, &s.votes, &s.snapshots, &s.transport)
	if err != nil {
		panic(err)
	}
	s.Lock()
	s.raft = server
	s.Unlock()
}

func (s *server) config() *raft.Config {
	setup := s.setup
	c := raft.DefaultConfig()
	c.LocalID = serverID(setup.ID)
	c.Logger = hclog.NewNullLogger()
	// A server waits from once to twice as long.
	timeout := time.Duration(min(setup.ElectionFrom, setup.ElectionTo/2))
	timeout = max(timeout, 10*time.Millisecond)
	// All others are to these as they are in the library's defaults, but for snapshots: a run is too short for 120 s.
	c.HeartbeatTimeout, c.ElectionTimeout = timeout, timeout
	c.LeaderLeaseTimeout = timeout / 2
	c.CommitTimeout = max(timeout/20, time.Millisecond)
	c.SnapshotInterval = timeout
	c.MaxAppendEntries = int(min(setup.EntriesPerAppend, 1024))
	choose(c, s.options.batchApply, setup.PreVote)
	c.TrailingLogs = setup.SnapshotTrailing
	c.SnapshotThreshold = setup.SnapshotEvery
	if setup.SnapshotEvery == 0 {
		c.SnapshotThreshold = ^uint64(0)
	}
	// The state machine is squall's, which has restored it already.
	c.NoSnapshotRestoreOnStart = true
	// A server that was removed may be added again.
	c.ShutdownOnRemove = false
	return c
}

func (s *server) handOver(to uint32) {
	if !s.leads() || to == s.setup.ID {
		return
	}
	if !s.options.libraryPicks {
		s.transfer = to
	}
	s.workers.run(func() {
		// An error says that it came to nothing.
		if s.options.libraryPicks {
			_ = s.raft.LeadershipTransfer().Error()
		} else {
			_ = s.raft.LeadershipTransferToServer(serverID(to), address(to)).Error()
		}
		s.Lock()
		defer s.Unlock()
		if s.transfer == to {
			s.transfer = 0
		}
	})
}

// now is a timeout that is over with the step: what the library does not take at once it does not take.
const now = time.Nanosecond

func (s *server) change(change guest.Change) {
	if !s.leads() {
		return
	}
	if _, changes := s.log.members().After(change); !changes {
		return
	}
	id, at := serverID(change.Node), address(change.Node)
	s.workers.run(func() {
		switch change.Kind {
		case guest.Add, guest.Promote:
			_ = s.raft.AddVoter(id, at, 0, now).Error()
		case guest.AddLearner:
			_ = s.raft.AddNonvoter(id, at, 0, now).Error()
		case guest.Remove:
			_ = s.raft.RemoveServer(id, 0, now).Error()
		}
	})
}

// names of the nodes, as the library knows them.
var names = func() (list [33]string) {
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}()

func serverID(node uint32) raft.ServerID     { return raft.ServerID(names[node]) }
func address(node uint32) raft.ServerAddress { return raft.ServerAddress(names[node]) }

func numberOf[T ~string](name T) uint32 {
	number, _ := strconv.Atoi(string(name))
	return uint32(number)
}

// configuration is how the library writes members down.
func configuration(m guest.Members) raft.Configuration {
	var c raft.Configuration
	add := func(nodes guest.Set, suffrage raft.ServerSuffrage) {
		for _, node := range nodes.Nodes() {
			c.Servers = append(c.Servers, raft.Server{Suffrage: suffrage, ID: serverID(node), Address: address(node)})
		}
	}
	add(m.Voters, raft.Voter)
	add(m.Learners, raft.Nonvoter)
	return c
}

func membersOf(c raft.Configuration) guest.Members {
	var m guest.Members
	for _, server := range c.Servers {
		if server.Suffrage == raft.Voter {
			m.Voters = m.Voters.With(numberOf(server.ID))
		} else {
			m.Learners = m.Learners.With(numberOf(server.ID))
		}
	}
	return m
}
