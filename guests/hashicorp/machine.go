package main

import (
	"errors"
	"io"

	"github.com/hashicorp/raft"

	"squall.example/guest"
)

// machine is the library's FSM: squall's state machine. squall wants every entry, in order; the library keeps no-ops and barriers to itself.
type machine struct {
	s *server
	// given is the last entry that squall's state machine was given, in this life or before.
	given uint64
	// outputs are awaited, by index.
	outputs map[uint64]chan []byte
	// told is what was said of it last.
	told uint64
}

func (m *machine) start(applied uint64) {
	m.given = applied
	m.outputs = make(map[uint64]chan []byte)
}

// give gives an entry to the state machine.
func (m *machine) give(index uint64, e *guest.Entry, answer bool) {
	m.given = index
	m.s.out.Apply(index, e, answer)
}

// fill gives what the library does not hand on before an index.
func (m *machine) fill(before uint64) {
	for index := m.given + 1; index < before; index++ {
		e, found := m.s.log.entry(index)
		if !found {
			panic("the library applies an entry, and those before it are not in the log")
		}
		m.give(index, &e, false)
	}
}

// rest gives no-ops and barriers behind the last entry that the library handed on. It has applied up to an index, or will, with what still
// waits for the state machine.
func (m *machine) rest(applied uint64) {
	for index := m.given + 1; index <= applied; index++ {
		e := m.s.log.entries[index]
		if e == nil || e.Type == raft.LogCommand || e.Type == raft.LogConfiguration {
			return
		}
		entry, _ := m.s.log.entry(index)
		m.give(index, &entry, false)
	}
}

// Apply applies a command. If a client of this server waits for the output, it gives where that will be found: squall's state machine may
// take its time, and takes more entries meanwhile.
func (m *machine) Apply(l *raft.Log) any {
	m.s.Lock()
	defer m.s.Unlock()
	if l.Index <= m.given {
		// The state machine outlived a crash.
		return nil
	}
	m.fill(l.Index)
	e := guest.Entry{Term: l.Term, Content: guest.Content(l.Data)}
	answer := m.s.requests.waits(e.Content.Request())
	m.give(l.Index, &e, answer)
	if !answer {
		return nil
	}
	output := make(chan []byte, 1)
	m.outputs[l.Index] = output
	return output
}

// applied takes what an entry gave.
func (m *machine) applied(index uint64, output []byte) {
	if waiting := m.outputs[index]; waiting != nil {
		delete(m.outputs, index)
		waiting <- output
	}
}

// StoreConfiguration is told of configurations (raft.ConfigurationStore).
func (m *machine) StoreConfiguration(index uint64, _ raft.Configuration) {
	m.s.Lock()
	defer m.s.Unlock()
	if index > m.given {
		m.fill(index + 1)
	}
}

// committed is how far it is known that what was given is committed, and in the log. A snapshot that was installed is committed, though the
// library does not say so; but the library may keep other entries in its place, or behind it, and a disk may have lost what was applied.
func (m *machine) committed() uint64 {
	log := &m.s.log
	stale := log.stale || log.wasStale
	log.wasStale = log.stale
	if !stale && m.given <= log.last {
		m.told = max(m.told, m.given)
	}
	return m.told
}

// Restore makes the state machine what it is in a snapshot.
func (m *machine) Restore(from io.ReadCloser) error {
	description, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	snapshot := described(description)
	m.s.Lock()
	defer m.s.Unlock()
	m.s.log.restored(snapshot)
	m.given = snapshot.Index
	m.s.out.Restore(snapshot)
	return nil
}

// Snapshot copies the state machine as it is. squall's has what was applied last, be it a no-op of which the library's FSM does not know:
// the snapshot may go further than the library says.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	m.s.Lock()
	defer m.s.Unlock()
	store := &m.s.snapshots
	if store.writing != nil {
		return nil, errors.New("another snapshot is being written")
	}
	e, found := m.s.log.entry(m.given)
	if !found || store.durable != nil && m.given <= store.durable.Index {
		return nil, raft.ErrNothingNewToSnapshot
	}
	done := store.begin()
	m.s.out.TakeSnapshot(m.given, e.Term, m.s.log.membersAt(m.given))
	return taken{done}, nil
}

// taken is a snapshot of the own state machine, which is being written.
type taken struct{ done chan struct{} }

func (t taken) Persist(to raft.SnapshotSink) error {
	to.(*sink).own = t.done
	return to.Close()
}

func (taken) Release() {}
