package main

import "sync"

// workers are goroutines that are kept: a new one has to grow its stack each time.
type workers struct {
	lock *sync.Mutex
	idle []chan func()
}

// run does something in a goroutine, which does not have the lock. Who asks for it has.
func (w *workers) run(work func()) {
	if n := len(w.idle); n > 0 {
		worker := w.idle[n-1]
		w.idle = w.idle[:n-1]
		worker <- work
		return
	}
	worker := make(chan func(), 1)
	go func() {
		for {
			work()
			w.lock.Lock()
			w.idle = append(w.idle, worker)
			w.lock.Unlock()
			work = <-worker
		}
	}()
}

// writes are those of the disk, which becomes durable in order.
type writes struct {
	lock          *sync.Mutex
	last, durable uint64
	waiting       []waiter
	free          []chan struct{}
}

type waiter struct {
	write uint64
	done  chan struct{}
}

// next numbers a write.
func (w *writes) next() uint64 {
	w.last++
	return w.last
}

// wait waits until a write is durable, and lets go of the lock for as long.
func (w *writes) wait(write uint64) {
	if write <= w.durable {
		return
	}
	var done chan struct{}
	if n := len(w.free); n > 0 {
		done, w.free = w.free[n-1], w.free[:n-1]
	} else {
		done = make(chan struct{}, 1)
	}
	w.waiting = append(w.waiting, waiter{write, done})
	w.lock.Unlock()
	<-done
	w.lock.Lock()
	w.free = append(w.free, done)
}

// done says that all writes up to one are durable.
func (w *writes) done(write uint64) {
	w.durable = max(w.durable, write)
	kept := w.waiting[:0]
	for _, waiter := range w.waiting {
		if waiter.write <= w.durable {
			waiter.done <- struct{}{}
		} else {
			kept = append(kept, waiter)
		}
	}
	w.waiting = kept
}
