//go:build wasip1

package guest

import (
	"fmt"
	"os"
	"runtime/debug"
	"unsafe"
)

var (
	in []byte
	// idle is a socket at which a read waits until no goroutine can run: only then does the runtime ask squall for it.
	idle *os.File
	one  [1]byte
)

//go:wasmexport buf
func buf(n uint32) uint32 {
	if uint32(cap(in)) < n {
		in = make([]byte, max(n, 4096))
	}
	in = in[:cap(in)]
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(in))))
}

//go:wasmexport step
func step(n uint32) uint64 {
	defer say()
	handle(in[:n])
	if registered.Threads && input.Kind != Describe {
		wait()
		registered.Finish(&out)
	}
	bytes := out.w.Bytes
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(bytes))))<<32 | uint64(len(bytes))
}

// say ends the process if a step panics, with the words of the panic and where it was. The runtime's own way to say so first waits for
// threads to stand still, and squall takes that for a step that waits.
func say() {
	if words := recover(); words != nil {
		_, _ = fmt.Fprintf(os.Stderr, "panic: %v\n\n%s", words, debug.Stack())
		os.Exit(2)
	}
}

// wait lets all other goroutines run until none can.
func wait() {
	if idle == nil {
		idle = os.NewFile(3, "idle")
	}
	if _, err := idle.Read(one[:]); err != nil {
		panic(err)
	}
}

// seed does nothing: squall answers a module's random_get.
func seed([4]uint64) {}

// Serve does nothing in a module: squall calls its exports.
func Serve() {}
