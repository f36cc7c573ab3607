package main

import (
	"math"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"squall.example/guest"
)

// node is one life of a node: etcd's RawNode, and what etcd leaves to whoever uses it.
type node struct {
	setup   *guest.Setup
	options options
	raw     *raft.RawNode
	disk    disk
	in      *guest.Input
	out     *guest.Out

	// lastWrite is the last write of this life, promised the last that messages rest on, durable the last that is durable.
	lastWrite, promised, durable uint64
	// term and vote are those that were written last.
	term uint64
	vote uint64
	// commit is what was learned to be committed along with what was written.
	commit uint64
	// seen bounds what is told of it: squall takes note of it when the first entry of a step is applied, and what is learned and appended
	// behind that is not in the log by then, or is another entry there.
	seen uint64
	// given is the last entry that the state machine was given, in this life or before.
	given uint64
	// members are those by the last configuration that was applied: those that the library goes by.
	members guest.Members

	// saving says that a snapshot is being written, and taken is the last one that was.
	saving bool
	taken  uint64

	work  storage
	asked requests
	reads reads
	ticks ticks
	peers peers
}

// storage is how the library's writes are carried out: by Ready, or by messages to a thread of storage.
type storage interface {
	// drain takes what the library has ready.
	drain()
	// resume goes on when something is durable, or a snapshot is saved.
	resume()
}

func (n *node) Step(in *guest.Input, out *guest.Out) {
	n.in, n.out, n.seen = in, out, math.MaxUint64
	switch in.Kind {
	case guest.Boot:
		n.boot(in.Setup, in.Recovered)
	case guest.Receive:
		n.receive(in)
	case guest.Propose:
		n.request(&in.Content)
	case guest.Transfer:
		if n.leads() {
			n.raw.TransferLeader(uint64(in.Node))
		}
	case guest.ChangeMembers:
		n.change(in.Change)
	case guest.Timer:
		n.ticks.fired(n)
	case guest.Durable:
		n.durable = max(n.durable, in.Write)
		n.work.resume()
	case guest.WriteFailed:
		out.Stop()
	case guest.Applied:
		n.asked.applied(out, in.Index, in.Output)
	case guest.ReadDone:
		out.Reply(in.Request, in.Output)
	case guest.SnapshotSaved:
		n.saved(in.Snapshot)
	}
	if in.Kind != guest.Applied && in.Kind != guest.ReadDone {
		n.disk.needed = everybody(n.members)
		n.work.drain()
		n.reads.serve(n)
		if n.disk.lacks {
			n.takeSnapshot()
		}
	}
	n.ticks.look(n)
	n.status()
}

func (n *node) status() {
	s := n.raw.BasicStatus()
	role := byte(guest.Follower)
	switch s.RaftState {
	case raft.StateLeader:
		role = guest.Leader
	case raft.StateCandidate:
		role = guest.Candidate
	case raft.StatePreCandidate:
		role = guest.PreCandidate
	}
	n.out.Status(guest.Status{
		Term: s.GetTerm(), Role: role, Leader: uint32(s.Lead), Commit: min(n.commit, n.seen), Applied: n.given,
		Transfer: uint32(s.LeadTransferee),
	})
}

func (n *node) leads() bool { return n.raw.BasicStatus().RaftState == raft.StateLeader }

// leader is the leader that the node knows of, or zero.
func (n *node) leader() uint32 { return uint32(n.raw.BasicStatus().Lead) }

// hint is to whom a client is sent on. Who was removed hears of no leader any more, and of the one that he had: etcd's server stops then.
func (n *node) hint() uint32 {
	leader, members := n.leader(), everybody(n.members)
	if leader == n.setup.ID || !members.Has(leader) || !members.Has(n.setup.ID) {
		return 0
	}
	return leader
}

func (n *node) nextWrite() uint64 {
	n.lastWrite++
	return n.lastWrite
}

// promise numbers a write on which messages rest.
func (n *node) promise() uint64 {
	n.promised = n.nextWrite()
	return n.promised
}

// after is the write for which a message waits that rests on all that was written.
func (n *node) after() uint64 {
	if n.promised > n.durable {
		return n.promised
	}
	return 0
}

// boot starts with what the disk holds.
func (n *node) boot(setup *guest.Setup, found *guest.Recovered) {
	n.setup, n.options = setup, parseOptions(setup.Options)
	n.load(found)
	// What was lost of a log that could be read once is fetched anew, but not applied anew.
	applied := min(found.Applied, n.disk.last())
	n.given, n.commit, n.members = found.Applied, applied, n.disk.membersAt(applied)
	n.taken = n.disk.base
	if n.disk.snapshot != nil {
		n.taken = n.disk.snapshot.Index
	}
	n.disk.conf = confState(n.members)
	n.disk.hard = &pb.HardState{Term: proto.Uint64(n.term), Vote: proto.Uint64(n.vote), Commit: proto.Uint64(applied)}
	config := n.config()
	config.Applied = applied
	raw, err := raft.NewRawNode(config)
	if err != nil {
		panic(err)
	}
	n.raw = raw
	if n.options.asyncStorage {
		n.work = &threads{node: n}
	} else {
		n.work = &inOrder{node: n}
	}
	n.ticks.start(n, config)
}

// load takes over what the disk holds, and mends what a crash left of it.
func (n *node) load(found *guest.Recovered) {
	d := &n.disk
	d.base, d.baseTerm, d.snapshot = found.Base, found.BaseTerm, found.Snapshot
	first := guest.Members{Voters: n.setup.Voters}
	if found.Base > 0 {
		// The log may begin before the snapshot ends. Then these are not those as of its beginning, of which nobody asks.
		first = found.Snapshot.Members
	}
	d.members = []membersAt{{d.base, first}}
	for i := range found.Entries {
		e := &found.Entries[i]
		d.add(entryOf(d.base+uint64(i)+1, e))
	}
	if from := found.Corrupt; from > 0 && from <= d.last() {
		d.truncate(from)
		n.out.Truncate(n.promise(), from)
	}
	if s := d.snapshot; s != nil && (s.Index > d.last() || d.term(max(s.Index, d.base)) != s.Term) {
		n.out.Discard(n.promise(), s.Index, s.Term)
		d.discard()
	}
	n.term, n.vote = found.Term, uint64(found.Vote)
	if last := d.term(d.last()); last > n.term {
		// The log was written, and the term before it was not.
		n.term, n.vote = last, 0
		n.out.SaveVote(n.promise(), n.term, 0)
	}
}

func (n *node) config() *raft.Config {
	s := n.setup
	c := &raft.Config{
		ID:                        uint64(s.ID),
		Storage:                   &n.disk,
		Logger:                    quiet{},
		AsyncStorageWrites:        n.options.asyncStorage,
		MaxSizePerMsg:             uint64(s.EntriesPerAppend) * entrySize,
		MaxInflightMsgs:           int(s.AppendsInFlight),
		MaxInflightBytes:          s.BytesInFlight,
		MaxUncommittedEntriesSize: n.options.maxUncommittedSize,
		MaxCommittedSizePerReady:  n.options.maxCommittedSize,
		PreVote:                   s.PreVote,
		// With it goes the lease that voters grant, and lease reads rest on both.
		CheckQuorum:               s.CheckQuorum || s.VoteLease || s.Reads == guest.ReadsByLease,
		DisableProposalForwarding: n.options.disableProposalForwarding,
		StepDownOnRemoval:         n.options.stepDownOnRemoval,
	}
	if s.BytesPerAppend > 0 {
		c.MaxSizePerMsg = min(c.MaxSizePerMsg, s.BytesPerAppend)
	}
	if c.MaxInflightBytes > 0 {
		c.MaxInflightBytes = max(c.MaxInflightBytes, c.MaxSizePerMsg)
	}
	if s.Reads == guest.ReadsByLease {
		c.ReadOnlyOption = raft.ReadOnlyLeaseBased
	}
	c.HeartbeatTick, c.ElectionTick = ticksOf(s)
	return c
}

func (n *node) receive(in *guest.Input) {
	m := decode(in.Message, n.setup.ID, in.Snapshot)
	n.peers.heard(n, in.From)
	// An error is a message that the library does not want: from a stranger, or a proposal that it drops. The client asks again.
	_ = n.raw.Step(m)
}

// request takes a client's request.
func (n *node) request(content *guest.Content) {
	request := content.Request()
	if content.Kind() == guest.Get && n.setup.Reads != guest.ReadsByLog {
		n.reads.ask(n, content)
		return
	}
	if n.raw.Propose(append([]byte(nil), content[:]...)) != nil {
		n.out.Refuse(request, n.hint())
		return
	}
	n.asked.add(request)
}

// change proposes other members, if that may be.
func (n *node) change(change guest.Change) {
	if !n.leads() {
		return
	}
	next, changes := n.members.After(change)
	if !changes || !n.caughtUp(next.Voters&n.members.Learners) {
		return
	}
	// Dropped, or replaced by an empty entry where the one before is not applied yet: then nothing changes.
	_ = n.raw.ProposeConfChange(confChange(n.members, next))
}

// caughtUp says whether learners that are to vote have nine tenths of the log, which is what etcd's server asks of them.
func (n *node) caughtUp(learners guest.Set) bool {
	last := float64(n.disk.last())
	caughtUp := true
	if learners != 0 {
		for id, progress := range n.raw.Status().Progress {
			if learners.Has(uint32(id)) && float64(progress.Match) < 0.9*last {
				caughtUp = false
			}
		}
	}
	return caughtUp
}

// writeLog writes a term and vote, and entries, where they are new. A Ready, or a message to the storage thread, has both.
func (n *node) writeLog(term, vote uint64, entries []*pb.Entry) {
	if term > 0 && (term != n.term || vote != n.vote) {
		n.term, n.vote = term, vote
		n.out.SaveVote(n.promise(), term, uint32(vote))
	}
	if len(entries) == 0 {
		return
	}
	first := entries[0].GetIndex()
	if first <= n.disk.last() {
		n.disk.truncate(first)
		n.out.Truncate(n.promise(), first)
	}
	for _, e := range entries {
		n.disk.add(e)
	}
	n.out.Append(n.promise(), first, len(entries), func(i int) guest.Entry {
		return guest.Entry{Term: entries[i].GetTerm(), Content: n.disk.content(entries[i])}
	})
}

// send sends a message, once what it rests on is durable.
func (n *node) send(m *pb.Message, after uint64) {
	var snapshot *guest.Snapshot
	if m.Snapshot != nil {
		snapshot = snapshotFrom(m.Snapshot)
		n.peers.sentSnapshot(n, uint32(m.GetTo()))
	}
	place := n.out.BeginSend(uint32(m.GetTo()), after, snapshot, summary(m))
	encode(n.out.Message(), m)
	n.out.EndSend(place)
}

// apply gives committed entries to the state machine.
func (n *node) apply(entries []*pb.Entry) {
	for _, e := range entries {
		n.applyOne(e)
	}
}

func (n *node) applyOne(e *pb.Entry) {
	index := e.GetIndex()
	content := n.disk.content(e)
	if e.GetType() == pb.EntryConfChangeV2 {
		// By the members that the entry names, for a log that was read again has no more than these.
		n.members = membersOf(n.raw.ApplyConfChange(confChange(n.members, content.Members())))
		if n.members != content.Members() {
			panic("the library's members are not those that the entry names")
		}
	}
	if index <= n.given {
		return
	}
	// The library goes by members once it applies them, and tells its user to write down how far is committed. squall's disk has no place
	// for that, so who has forgotten what he applied would go by old members: a snapshot has the new ones.
	n.disk.lacks = n.disk.lacks || e.GetType() == pb.EntryConfChangeV2
	n.given, n.seen = index, min(n.seen, n.disk.last(), max(n.commit, index))
	answer := n.asked.wants(index, content.Request())
	n.out.Apply(index, &guest.Entry{Term: e.GetTerm(), Content: content}, answer)
	if every := n.setup.SnapshotEvery; every > 0 && index >= n.taken+every {
		n.takeSnapshot()
	}
}

// takeSnapshot takes one of the state machine as it is, if none is being written.
func (n *node) takeSnapshot() {
	if n.saving || n.given <= max(n.taken, n.disk.base) || n.given > n.disk.last() {
		return
	}
	n.saving, n.taken, n.disk.lacks = true, n.given, false
	n.out.TakeSnapshot(n.given, n.disk.term(n.given), n.members)
}

// saved takes note that a snapshot is durable, and forgets the entries that it covers but for some.
func (n *node) saved(s *guest.Snapshot) {
	n.saving = false
	n.disk.snapshot = s
	n.taken = max(n.taken, s.Index)
	upto := s.Index - min(n.setup.SnapshotTrailing, s.Index)
	if n.setup.SnapshotEvery == 0 {
		upto = 0
	}
	if upto > n.disk.base && s.Index <= n.disk.last() && n.disk.term(s.Index) == s.Term {
		n.disk.compact(upto)
		n.out.Compact(n.nextWrite(), upto)
	}
	n.work.resume()
}

// save begins to write a snapshot that was received.
func (n *node) save(s *pb.Snapshot) {
	n.saving = true
	n.out.SaveSnapshot(snapshotFrom(s))
}

// install puts a received snapshot, which is durable, in the place of the log and of the state machine.
func (n *node) install(s *pb.Snapshot) {
	snapshot := snapshotFrom(s)
	n.disk.discard()
	n.out.Discard(n.promise(), snapshot.Index, snapshot.Term)
	n.members = snapshot.Members
	n.commit = max(n.commit, snapshot.Index)
	if snapshot.Index > n.given {
		n.given, n.seen = snapshot.Index, min(n.seen, n.disk.last(), n.commit)
		n.out.Restore(n.disk.snapshot)
	}
}
