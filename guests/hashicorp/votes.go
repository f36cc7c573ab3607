package main

import (
	"errors"

	"squall.example/guest"
)

// The library's keys.
const (
	currentTerm  = "CurrentTerm"
	lastVoteTerm = "LastVoteTerm"
	lastVoteCand = "LastVoteCand"
)

// errNotFound says what the library's own stores say.
var errNotFound = errors.New("not found")

// voteStore is the library's StableStore. Its three keys are one record on squall's disk: the current term, and the vote in it. The vote is
// there once the library has written both its term and its candidate; each call writes the record and waits for it, as other stores do.
type voteStore struct {
	s    *server
	term uint64
	// voteTerm and candidate are the last vote; whole says that both were written.
	voteTerm  uint64
	candidate uint32
	whole     bool
	// unborn says that nothing was ever written: the cluster is about to begin.
	unborn bool
}

func (v *voteStore) load(found *guest.Recovered, unborn bool, logTerm uint64) {
	v.term, v.unborn = found.Term, unborn
	if found.Vote > 0 {
		v.voteTerm, v.candidate, v.whole = found.Term, found.Vote, true
	}
	if logTerm > v.term {
		// The log was written, and the term before it was not.
		v.term = logTerm
		v.s.out.SaveVote(v.s.writes.next(), v.term, 0)
	}
}

// isFor says whether the vote of a term was given to a node.
func (v *voteStore) isFor(term uint64, node uint32) bool {
	return v.whole && v.voteTerm == term && v.candidate == node
}

// save writes the record, and waits until it is durable.
func (v *voteStore) save() error {
	vote := uint32(0)
	if v.whole && v.voteTerm == v.term {
		vote = v.candidate
	}
	write := v.s.writes.next()
	v.s.out.SaveVote(write, v.term, vote)
	v.s.writes.wait(write)
	return nil
}

// Set writes a key.
func (v *voteStore) Set(key []byte, value []byte) error {
	if string(key) != lastVoteCand {
		panic("the library writes a key that is not known: " + string(key))
	}
	v.s.Lock()
	defer v.s.Unlock()
	v.candidate, v.whole = numberOf(string(value)), true
	return v.save()
}

// SetUint64 writes a key whose value is a number.
func (v *voteStore) SetUint64(key []byte, value uint64) error {
	v.s.Lock()
	defer v.s.Unlock()
	switch string(key) {
	case currentTerm:
		v.term, v.unborn = value, false
	case lastVoteTerm:
		v.voteTerm, v.whole = value, false
	default:
		panic("the library writes a key that is not known: " + string(key))
	}
	return v.save()
}

// Get reads a key.
func (v *voteStore) Get(key []byte) ([]byte, error) {
	v.s.Lock()
	defer v.s.Unlock()
	if string(key) != lastVoteCand || v.candidate == 0 {
		return nil, errNotFound
	}
	return []byte(names[v.candidate]), nil
}

// GetUint64 reads a key whose value is a number.
func (v *voteStore) GetUint64(key []byte) (uint64, error) {
	v.s.Lock()
	defer v.s.Unlock()
	switch {
	case string(key) == currentTerm && !v.unborn:
		return v.term, nil
	case string(key) == lastVoteTerm && v.voteTerm > 0:
		return v.voteTerm, nil
	}
	return 0, errNotFound
}
