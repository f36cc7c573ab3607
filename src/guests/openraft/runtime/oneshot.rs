//! A channel for one value.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use openraft_rt::{Oneshot, OneshotSender};

/// The value, and who waits for it.
struct State<T> {
    value: Option<T>,
    waker: Option<Waker>,
    has_sender: bool,
    has_receiver: bool,
}

/// Gives the value.
pub struct Sender<T>(Rc<RefCell<State<T>>>);

/// Gets the value.
pub struct Receiver<T>(Rc<RefCell<State<T>>>);

/// The sender was dropped without a value.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody will send a value")
    }
}

impl std::error::Error for Closed {}

/// A sender and a receiver.
pub fn pair<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { value: None, waker: None, has_sender: true, has_receiver: true };
    let state = Rc::new(RefCell::new(state));
    (Sender(state.clone()), Receiver(state))
}

impl<T> Sender<T> {
    /// Gives the value, unless nobody wants it.
    pub fn give(self, value: T) {
        _ = self.try_give(value);
    }

    fn try_give(self, value: T) -> Result<(), T> {
        let mut state = self.0.borrow_mut();
        if !state.has_receiver {
            return Err(value);
        }
        state.value = Some(value);
        Ok(())
    }
}

impl<T> OneshotSender<T> for Sender<T> {
    fn send(self, value: T) -> Result<(), T> {
        self.try_give(value)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.borrow_mut();
            state.has_sender = false;
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let (value, waker) = {
            let mut state = self.0.borrow_mut();
            state.has_receiver = false;
            (state.value.take(), state.waker.take())
        };
        drop((value, waker));
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.borrow_mut();
        if let Some(value) = state.value.take() {
            return Poll::Ready(Ok(value));
        }
        if !state.has_sender {
            return Poll::Ready(Err(Closed));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// openraft's name for such channels.
#[derive(Debug)]
pub struct Once;

impl Oneshot for Once {
    type Sender<T> = Sender<T>;
    type Receiver<T> = Receiver<T>;
    type ReceiverError = Closed;

    fn channel<T>() -> (Sender<T>, Receiver<T>) {
        pair()
    }
}
