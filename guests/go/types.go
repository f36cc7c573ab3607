package guest

// ContentBytes is how long the content of an entry is.
const ContentBytes = 29

// Kinds of content that a guest may need to know.
const (
	// Noop is a leader's entry without a command: all else is zero.
	Noop = 0
	// Get is a read.
	Get = 1
	// Configure is a configuration.
	Configure = 7
	// autoLeave is added to Configure where joint consensus is left without being asked.
	autoLeave = 0x80
)

// Content is a command and whose request it is. A guest passes it on as it is.
type Content [ContentBytes]byte

// Kind is the kind of the command: [Noop], [Get], [Configure], or one that a guest need not know.
func (c *Content) Kind() byte {
	if c[0]&^autoLeave == Configure {
		return Configure
	}
	return c[0]
}

// Request is whose request it is; its client is zero if it is nobody's.
func (c *Content) Request() Request {
	return Request{Client: u32(c[1:]), Serial: u32(c[5:]), Session: u64(c[9:])}
}

// Members are those of a content of the kind [Configure].
func (c *Content) Members() Members {
	return Members{
		Voters: Set(u32(c[17:])), Outgoing: Set(u32(c[21:])), Learners: Set(u32(c[25:])),
		AutoLeave: c[0]&autoLeave != 0,
	}
}

// Request is a client's request.
type Request struct {
	Client  uint32
	Serial  uint32
	Session uint64
}

// Set is a set of nodes; the lowest bit is node 1.
type Set uint32

// Has says whether a node is in it.
func (s Set) Has(node uint32) bool { return node > 0 && s>>(node-1)&1 == 1 }

// With is the set and one node.
func (s Set) With(node uint32) Set { return s | 1<<(node-1) }

// Without is the set without those of another.
func (s Set) Without(others Set) Set { return s &^ others }

// Nodes are its nodes in order.
func (s Set) Nodes() []uint32 {
	var nodes []uint32
	for node := uint32(1); s != 0; node, s = node+1, s>>1 {
		if s&1 == 1 {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// Members are the members of a cluster. Who is a learner and in Outgoing, too, votes until joint consensus is left.
type Members struct {
	Voters, Outgoing, Learners Set
	// AutoLeave says that joint consensus is left without being asked.
	AutoLeave bool
}

// Content is the content of the entry that makes them the members.
func (m Members) Content() Content {
	var c Content
	c[0] = Configure
	if m.AutoLeave {
		c[0] |= autoLeave
	}
	putU32(c[17:], uint32(m.Voters))
	putU32(c[21:], uint32(m.Outgoing))
	putU32(c[25:], uint32(m.Learners))
	return c
}

// IsJoint says whether this is joint consensus.
func (m Members) IsJoint() bool { return m.Outgoing != 0 }

// After is what a change makes of the members, as squall itself goes about it; false if it changes nothing or may not be.
func (m Members) After(change Change) (Members, bool) {
	next := m
	one := Set(0)
	if change.Node > 0 {
		one = one.With(change.Node)
	}
	if m.IsJoint() {
		next.Outgoing, next.AutoLeave = 0, false
		return next, change.Kind == Leave
	}
	switch change.Kind {
	case Add:
		next.Learners, next.Voters = m.Learners.Without(one), m.Voters|one
	case Promote:
		if m.Learners&one == 0 {
			return m, false
		}
		next.Learners, next.Voters = m.Learners.Without(one), m.Voters|one
	case AddLearner:
		next.Learners = m.Learners | one.Without(m.Voters)
	case Remove:
		next.Learners, next.Voters = m.Learners.Without(one), m.Voters.Without(one)
	case Enter:
		next.Voters = (m.Voters | change.Voters).Without(change.Learners | change.Leaving)
		next.Learners = (m.Learners | change.Learners).Without(change.Voters | change.Leaving)
		if next != m {
			next.Outgoing, next.AutoLeave = m.Voters, change.AutoLeave
		}
	}
	return next, next != m && next.Voters != 0
}

// Kinds of changes.
const (
	Add = iota
	AddLearner
	Promote
	Remove
	Enter
	Leave
)

// Change is a change of the members.
type Change struct {
	Kind byte
	// Node is whom it is about, where that is one.
	Node uint32
	// Voters and Learners are new ones, and Leaving who leaves, where several change at once.
	Voters, Learners, Leaving Set
	// AutoLeave says that joint consensus is then left without being asked.
	AutoLeave bool
}

// Entry is an entry of a log.
type Entry struct {
	Term    uint64
	Content Content
}

// Snapshot is a snapshot. The state machine itself is in squall, by the number Image.
type Snapshot struct {
	Index, Term uint64
	Members     Members
	Image       uint32
	// Size is in bytes.
	Size        uint64
	Fingerprint uint64
}

// Reads by which a request that changes nothing is answered.
const (
	ReadsByLog = iota
	ReadsByIndex
	ReadsByLease
)

// Setup is what a plan asks of a node. Times are in nanoseconds.
type Setup struct {
	ID            uint32
	Nodes, Voters Set

	ElectionFrom, ElectionTo   uint64
	HeartbeatFrom, HeartbeatTo uint64

	EntriesPerAppend uint32
	AppendsInFlight  uint32
	// BytesPerAppend and BytesInFlight are zero where there is no limit.
	BytesPerAppend, BytesInFlight uint64
	BatchDelay                    uint64

	// SnapshotEvery is how many entries are applied between two snapshots; zero for none.
	SnapshotEvery    uint64
	SnapshotTrailing uint64
	SnapshotChunk    uint32

	DriftBound uint32
	Reads      byte

	PreVote, CheckQuorum, VoteLease, ParallelAppend, FollowerReads bool

	HasPriority               bool
	Priority, HighestPriority uint32

	// Options is a JSON object.
	Options []byte
}

// Recovered is what the disk holds, and what of it is damaged.
type Recovered struct {
	Term     uint64
	Vote     uint32
	Applied  uint64
	Snapshot *Snapshot
	// Base and BaseTerm are those of the last entry that was compacted.
	Base, BaseTerm uint64
	Entries        []Entry

	Torn           *Entry
	TruncatedFirst uint64
	Truncated      []Entry
	// Corrupt is the first entry that cannot be read; it and all behind it are to be removed. Zero if there is none.
	Corrupt uint64
}

// Kinds of inputs.
const (
	Describe = iota
	Boot
	Receive
	Propose
	Transfer
	ChangeMembers
	Timer
	Durable
	WriteFailed
	Applied
	ReadDone
	SnapshotSaved
	Wake
)

// Input is one thing that happens to a node. Which fields count depends on its kind.
type Input struct {
	// Now is the node's clock, which may be set; Steady runs at the same rate, and nobody sets it.
	Now, Steady uint64
	Kind        byte

	// Seed, Setup and Recovered belong to [Boot]. Setup and Recovered are the node's own.
	Seed      [4]uint64
	Setup     *Setup
	Recovered *Recovered

	// From belongs to [Receive]; with it go Snapshot, if one came along, and Message.
	From    uint32
	Message []byte
	// Snapshot is that of Receive or of [SnapshotSaved], and the node's own.
	Snapshot *Snapshot

	// Content is the request of [Propose].
	Content Content
	// Node is to whom to hand over, for [Transfer].
	Node uint32
	// Change is that of [ChangeMembers].
	Change Change
	// Timer is which timer fired.
	Timer uint32
	// Write is that of [Durable] and [WriteFailed].
	Write uint64

	// Index and Output are those of [Applied]; Request, Relay and Output those of [ReadDone].
	Index   uint64
	Request Request
	Relay   uint32
	// Output is passed on as it is.
	Output []byte
}

// Roles of a node.
const (
	Follower = iota
	Candidate
	Leader
	PreCandidate
)

// Status is what a node says of itself.
type Status struct {
	Term            uint64
	Role            byte
	Leader          uint32
	Commit, Applied uint64
	Transfer        uint32
	TargetPriority  uint32
}
