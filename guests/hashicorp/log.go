package main

import (
	"errors"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// logStore is the library's LogStore, on squall's disk. The library sees what a store sees that allows gaps, as raft-boltdb's does; squall's
// log has none, so where a snapshot ends behind it it gives way to that.
type logStore struct {
	s *server
	// entries are those that the library can read, from low to high; there may be gaps.
	entries   map[uint64]*raft.Log
	low, high uint64
	// base and last are where squall's log begins and ends.
	base, last uint64
	// stale says that squall's log holds entries that a snapshot has overtaken, and that are others than those in it.
	stale bool
	// wasStale says that it did when the present step began, or in it.
	wasStale bool
	// first are the members as of where the log begins, and changes those in it.
	first   guest.Members
	changes []membersAt
}

type membersAt struct {
	index   uint64
	members guest.Members
}

// monotonicLog is a log of which the library knows that indexes follow each other.
type monotonicLog struct{ *logStore }

// IsMonotonic says so.
func (monotonicLog) IsMonotonic() bool { return true }

// load takes over what the disk holds, and mends what a crash left of it.
func (l *logStore) load(found *guest.Recovered) {
	l.entries = make(map[uint64]*raft.Log)
	l.base, l.last = found.Base, found.Base
	if found.Snapshot != nil {
		l.first = found.Snapshot.Members
	} else if l.s.setup.Voters.Has(l.s.setup.ID) {
		l.first = guest.Members{Voters: l.s.setup.Voters}
	}
	entries := found.Entries
	if from := found.Corrupt; from > found.Base && from <= found.Base+uint64(len(entries)) {
		entries = entries[:from-found.Base-1]
		l.s.out.Truncate(l.s.writes.next(), from)
	}
	for i := range entries {
		l.keep(logOf(found.Base+uint64(i)+1, &entries[i]))
		l.last++
	}
	if s := found.Snapshot; s != nil && s.Index > l.last {
		l.discard(s)
	}
}

// lastTerm is the term of the last entry, zero without one.
func (l *logStore) lastTerm() uint64 {
	if e := l.entries[l.high]; e != nil {
		return e.Term
	}
	return 0
}

// keep makes an entry one that the library can read.
func (l *logStore) keep(e *raft.Log) {
	if l.high == 0 {
		l.low = e.Index
	}
	l.entries[e.Index] = e
	l.high = max(l.high, e.Index)
	if e.Type == raft.LogConfiguration {
		l.forget(e.Index)
		l.changes = append(l.changes, membersAt{e.Index, membersOf(raft.DecodeConfiguration(e.Data))})
	}
}

// forget forgets changes of the members from an index on.
func (l *logStore) forget(from uint64) {
	for n := len(l.changes); n > 0 && l.changes[n-1].index >= from; n-- {
		l.changes = l.changes[:n-1]
	}
}

// fold makes the members as of an index those as of the beginning.
func (l *logStore) fold(upto uint64) {
	for len(l.changes) > 0 && l.changes[0].index <= upto {
		l.first = l.changes[0].members
		l.changes = l.changes[1:]
	}
}

// membersAt are the members as of an index.
func (l *logStore) membersAt(index uint64) guest.Members {
	members := l.first
	for _, change := range l.changes {
		if change.index <= index {
			members = change.members
		}
	}
	return members
}

// members are those by the latest configuration in the log.
func (l *logStore) members() guest.Members { return l.membersAt(^uint64(0)) }

// entry is an entry as squall has it; false if there is none.
func (l *logStore) entry(index uint64) (guest.Entry, bool) {
	e := l.entries[index]
	if e == nil {
		return guest.Entry{}, false
	}
	return guest.Entry{Term: e.Term, Content: contentOf(e)}, true
}

// discard lets squall's log give way to the durable snapshot.
func (l *logStore) discard(s *guest.Snapshot) uint64 {
	write := l.s.writes.next()
	l.s.out.Discard(write, s.Index, s.Term)
	l.base, l.last, l.stale = s.Index, s.Index, false
	return write
}

// restored takes note of a snapshot that takes the place of what it covers.
func (l *logStore) restored(s *guest.Snapshot) {
	if s.Index > l.last {
		l.discard(s)
	} else if e := l.entries[s.Index]; s.Index > l.base && e.Term != s.Term {
		l.stale, l.wasStale = true, true
	}
	l.fold(s.Index)
	l.first = s.Members
}

// FirstIndex is that of the first entry, zero without one.
func (l *logStore) FirstIndex() (uint64, error) {
	l.s.Lock()
	defer l.s.Unlock()
	return l.low, nil
}

// LastIndex is that of the last entry, zero without one.
func (l *logStore) LastIndex() (uint64, error) {
	l.s.Lock()
	defer l.s.Unlock()
	return l.high, nil
}

// GetLog reads an entry.
func (l *logStore) GetLog(index uint64, log *raft.Log) error {
	l.s.Lock()
	defer l.s.Unlock()
	e := l.entries[index]
	if e == nil {
		return raft.ErrLogNotFound
	}
	*log = *e
	return nil
}

// StoreLog is StoreLogs for one.
func (l *logStore) StoreLog(log *raft.Log) error { return l.StoreLogs([]*raft.Log{log}) }

// errGap is what a store says that has no gaps. After an installed snapshot the library still counts from entries that it has removed.
var errGap = errors.New("the entries do not follow those before them, and no snapshot is between them")

// StoreLogs writes entries, and returns when they are durable.
func (l *logStore) StoreLogs(logs []*raft.Log) error {
	if len(logs) == 0 {
		return nil
	}
	l.s.Lock()
	defer l.s.Unlock()
	covered := 0
	for covered < len(logs) && logs[covered].Index <= l.base {
		covered++
	}
	if behind := logs[covered:]; len(behind) > 0 {
		if err := l.storeInSquall(behind); err != nil {
			return err
		}
	}
	for _, log := range logs {
		kept := *log
		l.keep(&kept)
	}
	return nil
}

// storeInSquall does the same with what does not lie before squall's log: after an installed snapshot the library may store entries that
// the snapshot covers.
func (l *logStore) storeInSquall(logs []*raft.Log) error {
	first := logs[0].Index
	if first > l.last+1 {
		s := l.s.snapshots.durable
		if s == nil || s.Index != first-1 {
			return errGap
		}
		l.discard(s)
	}
	if first <= l.last {
		l.s.out.Truncate(l.s.writes.next(), first)
	}
	l.last = logs[len(logs)-1].Index
	write := l.s.writes.next()
	l.s.out.Append(write, first, len(logs), func(i int) guest.Entry {
		return guest.Entry{Term: logs[i].Term, Content: contentOf(logs[i])}
	})
	l.s.writes.wait(write)
	return nil
}

// DeleteRange removes entries, and returns when that is durable.
func (l *logStore) DeleteRange(min, max uint64) error {
	l.s.Lock()
	defer l.s.Unlock()
	write := l.deleteFromSquall(min, max)
	l.stale = l.stale && l.last > l.base
	l.s.writes.wait(write)
	for index := min; index <= max; index++ {
		delete(l.entries, index)
	}
	covered := l.s.snapshots.durable != nil && l.s.snapshots.durable.Index >= max
	if max >= l.high && !covered {
		l.forget(min)
	} else {
		l.fold(max)
	}
	if min <= l.low {
		l.low = max + 1
	}
	if max >= l.high {
		l.high = min - 1
	}
	if len(l.entries) == 0 {
		l.low, l.high = 0, 0
	}
	return nil
}

// deleteFromSquall does the same to squall's log, as far as the entries are in it; it gives the last write.
func (l *logStore) deleteFromSquall(low, high uint64) uint64 {
	low, high = max(low, l.base+1), min(high, l.last)
	if low > high {
		return 0
	}
	s := l.s.snapshots.durable
	write := uint64(0)
	switch {
	case low == l.base+1 && high == l.last && s != nil && s.Index > l.base && (s.Index < high || l.stale):
		// All goes after a snapshot was installed, even what lies behind it, or is not what the snapshot has.
		write = l.discard(s)
	case low == l.base+1 && s != nil && s.Index >= high:
		write = l.s.writes.next()
		l.s.out.Compact(write, high)
		l.base = high
	case high == l.last:
		write = l.s.writes.next()
		l.s.out.Truncate(write, low)
		l.last = low - 1
	case low == l.base+1:
		write = l.s.writes.next()
		l.s.out.Compact(write, high)
		l.base = high
	default:
		panic("the library makes a hole in its log")
	}
	return write
}

// contentOf is what squall knows of an entry. A barrier does nothing, as a no-op.
func contentOf(e *raft.Log) guest.Content {
	switch e.Type {
	case raft.LogCommand:
		return guest.Content(e.Data)
	case raft.LogConfiguration:
		return membersOf(raft.DecodeConfiguration(e.Data)).Content()
	case raft.LogNoop, raft.LogBarrier:
		return guest.Content{}
	}
	panic("an entry that nobody here makes")
}

// logOf is the library's entry for one of squall's.
func logOf(index uint64, e *guest.Entry) *raft.Log {
	l := &raft.Log{Index: index, Term: e.Term, Type: raft.LogCommand}
	switch e.Content.Kind() {
	case guest.Noop:
		l.Type = raft.LogNoop
	case guest.Configure:
		l.Type, l.Data = raft.LogConfiguration, raft.EncodeConfiguration(configuration(e.Content.Members()))
	default:
		l.Data = append([]byte(nil), e.Content[:]...)
	}
	return l
}
