// A Raft in Go as a guest of squall: one file over the library in guests/go.
//
// It is Figure 2 of the Raft paper: elections, replication, and the no-op with which a leader begins its term (section 8). Commands,
// sessions and the state machine are squall's; the log holds their contents as they come.
package main

import (
	"crypto/rand"
	"encoding/binary"
	"slices"

	"squall.example/guest"
)

// description says whose Raft it is, and what it lacks: squall asks for none of that.
const description = `{
  "abi": "squall-guest/1",
  "name": "go-raft",
  "version": "1",
  "lacks": [
    "pre-vote", "check-quorum", "vote-lease", "priorities", "transfer", "forwarding", "pipelining", "batching", "disk-first", "byte-window",
    "snapshots", "single-change", "joint-consensus", "learners", "read-index", "lease-reads", "follower-reads"
  ]
}`

// entriesMax is how many entries one message carries at most.
const entriesMax = 64

// node is one server for one life. The first entry of the log has index 1.
type node struct {
	out *guest.Out
	now uint64

	setup    *guest.Setup
	peers    []uint32
	majority int

	term, commit, applied uint64
	vote, leader          uint32
	role                  byte
	log                   []guest.Entry

	// lastWrite is the latest write, durable the latest that the disk has; written is the write that brought each entry to the disk.
	lastWrite, durable uint64
	written            []uint64

	// votes are those of a candidate; next and match a leader's, by node.
	votes       guest.Set
	next, match map[uint32]uint64
	// pending are the requests of clients that wait at a leader, by index.
	pending map[uint64]guest.Request
}

// Step takes one input and says what is to be done.
func (n *node) Step(in *guest.Input, out *guest.Out) {
	n.out, n.now = out, in.Now
	switch in.Kind {
	case guest.Boot:
		n.boot(in.Setup, in.Recovered)
	case guest.Receive:
		n.receive(in.From, guest.Reader{Bytes: in.Message})
	case guest.Propose:
		n.propose(in.Content)
	case guest.Timer:
		if n.role == guest.Leader {
			n.sendEntries()
		} else {
			n.stand()
		}
	case guest.Durable:
		n.durable = in.Write
		if n.role == guest.Leader {
			n.advance()
		}
	case guest.WriteFailed:
		// What the disk holds is not known until it is read again, at the next boot.
		out.Stop()
	case guest.Applied:
		if request, waits := n.pending[in.Index]; waits {
			delete(n.pending, in.Index)
			out.Reply(request, in.Output)
		}
	}
	out.Status(guest.Status{Term: n.term, Role: n.role, Leader: n.leader, Commit: n.commit, Applied: n.applied})
}

// boot goes on from what the disk holds.
func (n *node) boot(setup *guest.Setup, disk *guest.Recovered) {
	n.setup = setup
	for _, peer := range setup.Voters.Nodes() {
		if peer != setup.ID {
			n.peers = append(n.peers, peer)
		}
	}
	n.majority = (len(n.peers)+1)/2 + 1
	n.term, n.vote, n.applied, n.commit = disk.Term, disk.Vote, disk.Applied, disk.Applied
	n.log, n.written = disk.Entries, make([]uint64, len(disk.Entries))
	n.pending = map[uint64]guest.Request{}
	n.wait(setup.ElectionFrom, setup.ElectionTo)
}

// wait sets the only timer to a random time between two. Timeouts are drawn from crypto/rand, which squall answers in a module and seeds in
// a process.
func (n *node) wait(from, to uint64) {
	var word [8]byte
	if _, err := rand.Read(word[:]); err != nil {
		panic(err)
	}
	n.out.SetTimer(0, n.now+from+binary.LittleEndian.Uint64(word[:])%(to-from+1))
}

func (n *node) waitForElection() { n.wait(n.setup.ElectionFrom, n.setup.ElectionTo) }

func (n *node) lastIndex() uint64 { return uint64(len(n.log)) }

func (n *node) termAt(index uint64) uint64 {
	if index == 0 {
		return 0
	}
	return n.log[index-1].Term
}

// send sends a message once a write is durable. Each begins with its kind and the sender's term (5.1).
func (n *node) send(to uint32, after uint64, summary guest.Summary, write func(*guest.Writer)) {
	summary.Term = n.term
	n.out.Send(to, after, nil, summary, func(w *guest.Writer) {
		w.U8(summary.Kind)
		w.U64(n.term)
		write(w)
	})
}

// saveVote writes term and vote. A message that tells of them waits for this write.
func (n *node) saveVote() {
	n.lastWrite++
	n.out.SaveVote(n.lastWrite, n.term, n.vote)
}

// enter begins a term as a follower.
func (n *node) enter(term uint64, vote uint32) {
	n.term, n.vote, n.role, n.leader = term, vote, guest.Follower, 0
	clear(n.pending)
	n.saveVote()
}

// append adds entries at the end of the log.
func (n *node) append(entries ...guest.Entry) {
	n.lastWrite++
	n.out.Append(n.lastWrite, n.lastIndex()+1, len(entries), func(i int) guest.Entry { return entries[i] })
	n.log = append(n.log, entries...)
	for range entries {
		n.written = append(n.written, n.lastWrite)
	}
}

// stand begins an election: on conversion to candidate, and when the one before ended without a leader (5.2).
func (n *node) stand() {
	n.enter(n.term+1, n.setup.ID)
	n.role, n.votes = guest.Candidate, guest.Set(0).With(n.setup.ID)
	n.waitForElection()
	index := n.lastIndex()
	for _, peer := range n.peers {
		summary := guest.Summary{Kind: guest.RequestVote, Index: index, LogTerm: n.termAt(index)}
		// To ask for votes is to have voted for oneself.
		n.send(peer, n.lastWrite, summary, func(w *guest.Writer) {
			w.U64(n.termAt(index))
			w.U64(index)
		})
	}
	if n.majority == 1 {
		n.lead()
	}
}

func (n *node) lead() {
	n.role, n.leader = guest.Leader, n.setup.ID
	n.next, n.match = map[uint32]uint64{}, map[uint32]uint64{}
	for _, peer := range n.peers {
		n.next[peer] = n.lastIndex() + 1
	}
	n.append(guest.Entry{Term: n.term})
	n.sendEntries()
}

// sendEntries sends all followers what they lack, or a heartbeat.
func (n *node) sendEntries() {
	for _, peer := range n.peers {
		n.sendTo(peer)
	}
	n.wait(n.setup.HeartbeatFrom, n.setup.HeartbeatTo)
}

func (n *node) sendTo(peer uint32) {
	prev := n.next[peer] - 1
	entries := n.log[prev:min(prev+entriesMax, n.lastIndex())]
	summary := guest.Summary{
		Kind: guest.AppendEntries, Index: prev, LogTerm: n.termAt(prev), Count: uint32(len(entries)), Commit: n.commit,
	}
	n.send(peer, 0, summary, func(w *guest.Writer) {
		w.U64(prev)
		w.U64(n.termAt(prev))
		w.U64(n.commit)
		w.U32(uint32(len(entries)))
		for i := range entries {
			w.Entry(&entries[i])
		}
	})
}

// propose takes a client's request, or sends the client on.
func (n *node) propose(content guest.Content) {
	if n.role != guest.Leader {
		n.out.Refuse(content.Request(), n.leader)
		return
	}
	n.append(guest.Entry{Term: n.term, Content: content})
	n.pending[n.lastIndex()] = content.Request()
	for _, peer := range n.peers {
		n.sendTo(peer)
	}
	n.advance()
}

func (n *node) receive(from uint32, r guest.Reader) {
	kind, term := r.U8(), r.U64()
	if term > n.term {
		led := n.role == guest.Leader
		n.enter(term, 0)
		if led {
			n.waitForElection()
		}
	}
	switch {
	case kind == guest.RequestVote:
		n.voteFor(from, term, r.U64(), r.U64())
	case kind == guest.AppendEntries:
		n.accept(from, term, &r)
	case term < n.term:
		// An answer to what this node asked in an earlier term.
	case kind == guest.Vote && n.role == guest.Candidate && r.Bool():
		n.votes = n.votes.With(from)
		if len(n.votes.Nodes()) >= n.majority {
			n.lead()
		}
	case kind == guest.Appended && n.role == guest.Leader:
		n.appended(from, r.U64())
	case kind == guest.Conflict && n.role == guest.Leader:
		n.rejected(from, r.U64(), r.U64())
	}
}

// voteFor gives the vote of this term, or refuses it (5.2, 5.4.1).
func (n *node) voteFor(candidate uint32, term, lastTerm, lastIndex uint64) {
	own := n.termAt(n.lastIndex())
	isUpToDate := lastTerm > own || lastTerm == own && lastIndex >= n.lastIndex()
	granted := term == n.term && (n.vote == 0 || n.vote == candidate) && isUpToDate
	if granted {
		n.vote = candidate
		n.saveVote()
		n.waitForElection()
	}
	n.send(candidate, n.lastWrite, guest.Summary{Kind: guest.Vote, Flag: granted}, func(w *guest.Writer) { w.Bool(granted) })
}

// accept takes entries of a leader, if the log has what comes before them (5.3).
func (n *node) accept(leader uint32, term uint64, r *guest.Reader) {
	prev, prevTerm, commit, entries := r.U64(), r.U64(), r.U64(), r.Entries()
	if term < n.term {
		n.refuse(leader, 0, 0)
		return
	}
	n.role, n.leader = guest.Follower, leader
	n.waitForElection()
	if prev > n.lastIndex() || n.termAt(prev) != prevTerm {
		n.refuse(leader, prev, min(prev, n.lastIndex()+1))
		return
	}
	for i := range entries {
		index := prev + uint64(i) + 1
		if index <= n.lastIndex() && n.log[index-1] == entries[i] {
			continue
		}
		if index <= n.lastIndex() {
			n.lastWrite++
			n.out.Truncate(n.lastWrite, index)
			n.log, n.written = n.log[:index-1], n.written[:index-1]
		}
		n.append(entries[i:]...)
		break
	}
	known := prev + uint64(len(entries))
	n.commit = max(n.commit, min(commit, known))
	// Who says that it has entries has them on its disk.
	n.send(leader, n.lastWrite, guest.Summary{Kind: guest.Appended, Index: known}, func(w *guest.Writer) { w.U64(known) })
	n.apply()
}

func (n *node) refuse(leader uint32, rejected, hint uint64) {
	n.send(leader, n.lastWrite, guest.Summary{Kind: guest.Conflict, Index: rejected, Hint: hint}, func(w *guest.Writer) {
		w.U64(rejected)
		w.U64(hint)
	})
}

// appended hears up to where a follower's log is the leader's.
func (n *node) appended(from uint32, index uint64) {
	if index <= n.match[from] {
		return
	}
	n.match[from], n.next[from] = index, index+1
	n.advance()
	if index < n.lastIndex() {
		n.sendTo(from)
	}
}

// rejected goes back where a follower's log is another. Answers may come late, so that what is known to match stays.
func (n *node) rejected(from uint32, prev, hint uint64) {
	if prev == n.next[from]-1 && prev > n.match[from] {
		n.next[from] = max(min(hint, prev), n.match[from]+1)
		n.sendTo(from)
	}
}

// advance commits what a majority has on its disks, if it is of the own term (5.3, 5.4).
func (n *node) advance() {
	own := n.lastIndex()
	for own > 0 && n.written[own-1] > n.durable {
		own--
	}
	copies := []uint64{own}
	for _, peer := range n.peers {
		copies = append(copies, n.match[peer])
	}
	slices.Sort(copies)
	index := copies[len(copies)-n.majority]
	if index > n.commit && n.termAt(index) == n.term {
		n.commit = index
		n.apply()
	}
}

func (n *node) apply() {
	for n.applied < n.commit {
		n.applied++
		_, answer := n.pending[n.applied]
		n.out.Apply(n.applied, &n.log[n.applied-1], answer)
	}
}

func init() {
	guest.Register(guest.Guest{Description: description, New: func() guest.Node { return new(node) }})
}

func main() { guest.Serve() }
