// etcd's Raft, go.etcd.io/raft/v3, as a guest of squall.
package main

import "squall.example/guest"

// description says whose Raft it is. What it lacks is explained in the README.
const description = `{
  "abi": "squall-guest/1",
  "name": "etcd",
  "version": "go.etcd.io/raft/v3 v3.7.0",
  "lacks": ["priorities", "batching", "lost-writes"],
  "configures": "on-apply",
  "options": {
    "async-storage": ["off", "on"],
    "disable-proposal-forwarding": ["off", "off", "on"],
    "step-down-on-removal": ["on"],
    "max-uncommitted-size": ["unlimited", "ten", "hundred"],
    "max-committed-size": ["as-messages", "one", "ten"]
  }
}`

// options are the guest's own, from the plan.
type options struct {
	// asyncStorage is Config.AsyncStorageWrites.
	asyncStorage bool
	// disableProposalForwarding is Config.DisableProposalForwarding.
	disableProposalForwarding bool
	// stepDownOnRemoval is Config.StepDownOnRemoval. etcd's server stops a member that was removed, and the library alone, without this
	// option, leads on.
	stepDownOnRemoval bool
	// maxUncommittedSize is Config.MaxUncommittedEntriesSize, in bytes; zero for no limit. The plan says for how many entries.
	maxUncommittedSize uint64
	// maxCommittedSize is Config.MaxCommittedSizePerReady, in bytes; zero for that of a message. The plan says for how many entries.
	maxCommittedSize uint64
}

func parseOptions(text []byte) options {
	o := guest.ParseOptions(text)
	return options{
		asyncStorage:              o.On("async-storage", false),
		disableProposalForwarding: o.On("disable-proposal-forwarding", false),
		stepDownOnRemoval:         o.On("step-down-on-removal", true),
		maxUncommittedSize:        guest.ContentBytes * entries(o["max-uncommitted-size"]),
		maxCommittedSize:          entrySize * entries(o["max-committed-size"]),
	}
}

// entries is how many entries a word of the description stands for; zero for no limit of its own.
func entries(word string) uint64 {
	switch word {
	case "", "unlimited", "as-messages":
		return 0
	case "one":
		return 1
	case "ten":
		return 10
	case "hundred":
		return 100
	}
	panic("an option is " + word)
}

func init() {
	guest.Register(guest.Guest{Description: description, New: func() guest.Node { return new(node) }})
}

func main() { guest.Serve() }
