package main

import (
	"slices"

	"squall.example/guest"
)

// requests are those that this node was asked for and has not answered: the one whom a client asked answers when it applies the entry,
// whoever leads. A client waits for one answer at a time.
type requests struct {
	asked map[uint32]guest.Request
	given []given
}

// given is an entry whose output is awaited.
type given struct {
	index   uint64
	request guest.Request
}

func (r *requests) add(request guest.Request) {
	if r.asked == nil {
		r.asked = make(map[uint32]guest.Request)
	}
	r.asked[request.Client] = request
}

// wants says whether the output of an entry is awaited, and takes note that it will come.
func (r *requests) wants(index uint64, request guest.Request) bool {
	if request.Client == 0 || r.asked[request.Client] != request {
		return false
	}
	delete(r.asked, request.Client)
	r.given = append(r.given, given{index, request})
	return true
}

// applied answers with what an entry gave.
func (r *requests) applied(out *guest.Out, index uint64, output []byte) {
	at := slices.IndexFunc(r.given, func(g given) bool { return g.index == index })
	if at >= 0 {
		out.Reply(r.given[at].request, output)
		r.given = slices.Delete(r.given, at, at+1)
	}
}
