//! A value that is watched: receivers see the latest, and hear that it changed.

use std::cell::{Cell, Ref, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use openraft_rt::watch::{RecvError, SendError};
use openraft_rt::{Watch, WatchReceiver, WatchSender};

use crate::guests::openraft::versions::watch_extras;

struct State<T> {
    value: RefCell<T>,
    /// How often it was changed.
    version: Cell<u64>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    waiting: RefCell<Vec<Waker>>,
}

impl<T> State<T> {
    fn wake(&self) {
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }

    fn wait(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|other| other.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }
}

fn add(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

fn remove(count: &Cell<usize>) -> bool {
    count.set(count.get() - 1);
    count.get() == 0
}

/// Changes the value.
pub struct Sender<T>(Rc<State<T>>);

/// Sees the value.
pub struct Receiver<T> {
    state: Rc<State<T>>,
    /// The version that it saw last.
    seen: u64,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        add(&self.0.senders);
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if remove(&self.0.senders) {
            self.0.wake();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        add(&self.state.receivers);
        Receiver { state: self.state.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        remove(&self.state.receivers);
    }
}

impl<T> WatchSender<Watched, T> for Sender<T> {
    fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.0.receivers.get() == 0 {
            return Err(SendError(value));
        }
        let before = self.0.value.replace(value);
        self.0.version.set(self.0.version.get() + 1);
        self.0.wake();
        drop(before);
        Ok(())
    }

    fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        let is_modified = modify(&mut self.0.value.borrow_mut());
        if is_modified {
            self.0.version.set(self.0.version.get() + 1);
            self.0.wake();
        }
        is_modified
    }

    fn borrow_watched(&self) -> Ref<'_, T> {
        self.0.value.borrow()
    }

    fn subscribe(&self) -> Receiver<T> {
        add(&self.0.receivers);
        Receiver { state: self.0.clone(), seen: self.0.version.get() }
    }
}

impl<T> WatchReceiver<Watched, T> for Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        poll_fn(|cx| {
            let version = self.state.version.get();
            if version != self.seen {
                self.seen = version;
                return Poll::Ready(Ok(()));
            }
            if self.state.senders.get() == 0 {
                return Poll::Ready(Err(RecvError(())));
            }
            self.state.wait(cx.waker());
            Poll::Pending
        })
        .await
    }

    fn borrow_watched(&self) -> Ref<'_, T> {
        self.state.value.borrow()
    }

    watch_extras!();
}

/// openraft's name for such values.
#[derive(Debug)]
pub struct Watched;

impl Watch for Watched {
    type Sender<T> = Sender<T>;
    type Receiver<T> = Receiver<T>;
    type Ref<'a, T: 'a> = Ref<'a, T>;

    fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
        let state = Rc::new(State {
            value: RefCell::new(value),
            version: Cell::new(0),
            senders: Cell::new(1),
            receivers: Cell::new(1),
            waiting: RefCell::default(),
        });
        (Sender(state.clone()), Receiver { state, seen: 0 })
    }
}
