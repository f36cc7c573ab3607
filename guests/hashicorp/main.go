// HashiCorp's Raft, github.com/hashicorp/raft, as a guest of squall: one server, with its goroutines and timers.
package main

import "squall.example/guest"

// description says whose Raft it is. What it lacks is explained in the README.
const description = `{
  "abi": "squall-guest/1",
  "name": "hashicorp",
  "version": "github.com/hashicorp/raft v1.8.0",
  "lacks": [` + lacksToo + `"priorities", "forwarding", "batching", "byte-window", "joint-consensus", "lease-reads", "follower-reads"],
  "options": {
    "heartbeat-fast-path": ["on", "on", "off"],
    "pipelining": ["on", "on", "off"],
    "monotonic-log": ["off", "on"],
    "batch-apply": ["off", "on"],
    "transfer-target": []
  }
}`

// options are the guest's own, from the plan.
type options struct {
	// fastPath says that heartbeats go around the server's main goroutine, as with the library's network transport.
	fastPath bool
	// pipelining says that entries are sent before those before them are answered.
	pipelining bool
	// monotonic says that the log is one in which indexes follow each other (MonotonicLogStore), as raft-wal's; raft-boltdb's is not.
	monotonic bool
	// batchApply is Config.BatchApplyCh.
	batchApply bool
	// libraryPicks says that the library chooses to whom a leader hands over (LeadershipTransfer), whatever the plan says: "library".
	libraryPicks bool
}

func parseOptions(text []byte) options {
	o := guest.ParseOptions(text)
	return options{
		fastPath:   o.On("heartbeat-fast-path", true),
		pipelining: o.On("pipelining", true),
		monotonic:  o.On("monotonic-log", false),
		batchApply: o.On("batch-apply", false),

		libraryPicks: o["transfer-target"] == "library",
	}
}

func init() {
	s := new(server)
	guest.Register(guest.Guest{
		Description: description,
		New:         func() guest.Node { return s },
		Threads:     true,
		Finish:      func(*guest.Out) { s.finish() },
	})
}

func main() { guest.Serve() }
