package main

import (
	pb "go.etcd.io/raft/v3/raftpb"

	"squall.example/guest"
)

// confState is how etcd writes members down. A learner that still votes in the outgoing half is one of the "learners next".
func confState(m guest.Members) pb.ConfState {
	return pb.ConfState{
		Voters:         ids(m.Voters),
		VotersOutgoing: ids(m.Outgoing),
		Learners:       ids(m.Learners.Without(m.Outgoing)),
		LearnersNext:   ids(m.Learners & m.Outgoing),
		AutoLeave:      m.AutoLeave,
	}
}

func membersOf(cs *pb.ConfState) guest.Members {
	return guest.Members{
		Voters:    set(cs.Voters),
		Outgoing:  set(cs.VotersOutgoing),
		Learners:  set(cs.Learners) | set(cs.LearnersNext),
		AutoLeave: cs.AutoLeave,
	}
}

func ids(s guest.Set) []uint64 {
	var list []uint64
	for _, node := range s.Nodes() {
		list = append(list, uint64(node))
	}
	return list
}

func set(list []uint64) guest.Set {
	var s guest.Set
	for _, id := range list {
		s = s.With(uint32(id))
	}
	return s
}

// everybody is who is a member in whatever way.
func everybody(m guest.Members) guest.Set { return m.Voters | m.Outgoing | m.Learners }

// left are the members once joint consensus is left.
func left(m guest.Members) guest.Members {
	m.Outgoing, m.AutoLeave = 0, false
	return m
}

// confChange is the change that makes members of others, with the entry's content for squall as its context.
func confChange(before, after guest.Members) pb.ConfChangeV2 {
	content := after.Content()
	cc := pb.ConfChangeV2{Context: content[:]}
	if before.IsJoint() {
		// Without changes it is the one that leaves.
		return cc
	}
	if after.IsJoint() {
		cc.Transition = pb.ConfChangeTransitionJointExplicit
		if after.AutoLeave {
			cc.Transition = pb.ConfChangeTransitionJointImplicit
		}
	}
	add := func(kind pb.ConfChangeType, nodes guest.Set) {
		for _, node := range ids(nodes) {
			cc.Changes = append(cc.Changes, pb.ConfChangeSingle{Type: kind, NodeID: node})
		}
	}
	add(pb.ConfChangeAddNode, after.Voters.Without(before.Voters))
	add(pb.ConfChangeAddLearnerNode, after.Learners.Without(before.Learners))
	add(pb.ConfChangeRemoveNode, (before.Voters | before.Learners).Without(after.Voters|after.Learners))
	return cc
}

// changeOf reads the change in an entry.
func changeOf(e *pb.Entry) *pb.ConfChangeV2 {
	cc := new(pb.ConfChangeV2)
	if err := cc.Unmarshal(e.Data); err != nil {
		panic(err)
	}
	return cc
}

// membersAfter are those that an entry of the log makes of the members before it; false if it is no configuration. The library itself
// proposes to leave joint consensus, by an entry that is empty.
func membersAfter(before guest.Members, e *pb.Entry) (guest.Members, bool) {
	switch e.Type {
	case pb.EntryNormal:
		return before, false
	case pb.EntryConfChangeV2:
	default:
		panic("an entry that nobody here proposes")
	}
	context := changeOf(e).Context
	if len(context) == 0 {
		return left(before), true
	}
	content := guest.Content(context)
	return content.Members(), true
}
