// Package guest lets a Raft in Go be run by squall, by the binary interface squall-guest/1 (docs/guest-abi.md).
//
// A guest gives [Register] a node in an init function, and calls [Serve] in main:
//
//	func init() { guest.Register(guest.Guest{Description: description, New: newNode}) }
//
//	func main() { guest.Serve() }
//
// Built with GOOS=wasip1 GOARCH=wasm and -buildmode=c-shared it is a module: main does not run there, and squall calls the exports.
// Built for the machine at hand it is a program that speaks over standard input and output.
//
// One instance, or one process, is one life of one node. Nothing here is locked. A module has one thread, but its goroutines give way to
// the collector of garbage wherever memory is asked for, so a guest with goroutines needs a lock for whatever more than one of them
// touches, [Out] too.
package guest

// Node is one life of a node.
type Node interface {
	// Step takes one input, the first of which is [Boot], and puts what is to be done into out. What in holds is valid until Step returns, but
	// for what its fields say to be the node's own. At the end a [Status] is due, as [Out.Status].
	Step(in *Input, out *Out)
}

// Guest is what Register is told.
type Guest struct {
	// Description is the JSON object that says whose Raft it is, what it lacks and which options it takes.
	Description string
	// New makes a node before its first input.
	New func() Node
	// Threads says that the node has goroutines or timers of its own. A step then lasts until none of them can run, and Finish is called
	// before it ends.
	Threads bool
	// Finish is called at the end of each step of a guest with threads, when all its goroutines wait: the place for a status.
	Finish func(out *Out)
}

var registered Guest

// Register says whose nodes are to be run. It is called once, from an init function.
func Register(guest Guest) {
	registered = guest
}

var (
	node  Node
	input Input
	out   Out
)

// handle takes the bytes of one input. What comes out lies in out.
func handle(bytes []byte) {
	out.Reset()
	input.decode(bytes)
	if input.Kind == Describe {
		out.Description(registered.Description)
		return
	}
	if node == nil {
		seed(input.Seed)
		node = registered.New()
	}
	node.Step(&input, &out)
}
