// etcd's Raft, go.etcd.io/raft/v3, as a guest of squall.
package main

import (
	"encoding/json"

	"squall.example/guest"
)

// description says whose Raft it is. What it lacks is explained in the README.
const description = `{
  "abi": "squall-guest/1",
  "name": "etcd",
  "version": "go.etcd.io/raft/v3 v3.7.0",
  "lacks": ["priorities", "batching"],
  "options": {
    "async-storage": [false, true],
    "disable-proposal-forwarding": [false, true],
    "step-down-on-removal": [false, true],
    "max-uncommitted-size": [0, 290, 2900],
    "max-committed-size": [0, 1, 380]
  }
}`

// options are the guest's own, from the plan.
type options struct {
	// AsyncStorage is Config.AsyncStorageWrites.
	AsyncStorage bool `json:"async-storage"`
	// DisableProposalForwarding is Config.DisableProposalForwarding.
	DisableProposalForwarding bool `json:"disable-proposal-forwarding"`
	// StepDownOnRemoval is Config.StepDownOnRemoval.
	StepDownOnRemoval bool `json:"step-down-on-removal"`
	// MaxUncommittedSize is Config.MaxUncommittedEntriesSize, in bytes; zero for no limit.
	MaxUncommittedSize uint64 `json:"max-uncommitted-size"`
	// MaxCommittedSize is Config.MaxCommittedSizePerReady, in bytes; zero for that of a message.
	MaxCommittedSize uint64 `json:"max-committed-size"`
}

func parseOptions(text []byte) options {
	var o options
	if len(text) > 0 {
		if err := json.Unmarshal(text, &o); err != nil {
			panic("options: " + err.Error())
		}
	}
	return o
}

func init() {
	guest.Register(guest.Guest{Description: description, New: func() guest.Node { return new(node) }})
}

func main() { guest.Serve() }
