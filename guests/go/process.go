//go:build !wasip1

package guest

import (
	"bufio"
	crand "crypto/rand"
	"encoding/binary"
	"io"
	mrand "math/rand/v2"
	"os"
)

// seed makes what a process draws depend on squall's seed alone.
func seed(words [4]uint64) {
	var bytes [32]byte
	for i, word := range words {
		binary.LittleEndian.PutUint64(bytes[8*i:], word)
	}
	crand.Reader = mrand.NewChaCha8(bytes)
}

// Serve speaks with squall over standard input and output until the input ends.
func Serve() {
	if registered.Threads {
		panic("a guest with goroutines of its own runs as a module only: a process has no clock that squall could turn")
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		panic(err)
	}
}

// serve takes frames: a length, and so many bytes.
func serve(from io.Reader, to io.Writer) error {
	frames := bufio.NewReaderSize(from, 1<<16)
	var in, answer []byte
	var length [4]byte
	for {
		if _, err := io.ReadFull(frames, length[:]); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		n := int(binary.LittleEndian.Uint32(length[:]))
		if cap(in) < n {
			in = make([]byte, n)
		}
		if _, err := io.ReadFull(frames, in[:n]); err != nil {
			return err
		}
		handle(in[:n])
		// One write for the length and the rest, as each wakes squall up.
		answer = binary.LittleEndian.AppendUint32(answer[:0], uint32(len(out.w.Bytes)))
		answer = append(answer, out.w.Bytes...)
		if _, err := to.Write(answer); err != nil {
			return err
		}
	}
}
