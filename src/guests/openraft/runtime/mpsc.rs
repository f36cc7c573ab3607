//! A queue of bounded length, with many senders and one receiver.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use openraft_rt::{Mpsc, MpscReceiver, MpscSender, MpscWeakSender, SendError, TryRecvError};

struct State<T> {
    values: VecDeque<T>,
    room: usize,
    senders: usize,
    is_open: bool,
    receiver: Option<Waker>,
    /// Who waits for room.
    waiting: VecDeque<Waker>,
}

type Shared<T> = Rc<RefCell<State<T>>>;

/// Adds values at the end.
pub struct Sender<T>(Shared<T>);

/// Does not keep the queue open.
pub struct WeakSender<T>(Weak<RefCell<State<T>>>);

/// Takes values from the beginning.
pub struct Receiver<T>(Shared<T>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.0.borrow_mut().senders += 1;
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.borrow_mut();
            state.senders -= 1;
            if state.senders == 0 { state.receiver.take() } else { None }
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let (values, waiting) = {
            let mut state = self.0.borrow_mut();
            state.is_open = false;
            (std::mem::take(&mut state.values), std::mem::take(&mut state.waiting))
        };
        drop(values);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender(self.0.clone())
    }
}

impl<T> MpscSender<Queue, T> for Sender<T> {
    fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        let mut value = Some(value);
        poll_fn(move |cx| {
            let mut state = self.0.borrow_mut();
            let Some(taken) = value.take() else { return Poll::Ready(Ok(())) };
            if !state.is_open {
                return Poll::Ready(Err(SendError(taken)));
            }
            if state.values.len() >= state.room {
                value = Some(taken);
                state.waiting.push_back(cx.waker().clone());
                return Poll::Pending;
            }
            state.values.push_back(taken);
            let waker = state.receiver.take();
            drop(state);
            waker.into_iter().for_each(Waker::wake);
            Poll::Ready(Ok(()))
        })
    }

    fn downgrade(&self) -> WeakSender<T> {
        WeakSender(Rc::downgrade(&self.0))
    }
}

impl<T> MpscWeakSender<Queue, T> for WeakSender<T> {
    fn upgrade(&self) -> Option<Sender<T>> {
        let state = self.0.upgrade()?;
        {
            let mut state = state.borrow_mut();
            if state.senders == 0 {
                return None;
            }
            state.senders += 1;
        }
        Some(Sender(state))
    }
}

impl<T> Receiver<T> {
    fn take(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.0.borrow_mut();
        let Some(value) = state.values.pop_front() else {
            let is_over = state.senders == 0;
            return Err(if is_over { TryRecvError::Disconnected } else { TryRecvError::Empty });
        };
        let waker = state.waiting.pop_front();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Ok(value)
    }
}

impl<T> MpscReceiver<T> for Receiver<T> {
    fn recv(&mut self) -> impl Future<Output = Option<T>> {
        poll_fn(|cx| match self.take() {
            Ok(value) => Poll::Ready(Some(value)),
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
            Err(TryRecvError::Empty) => {
                self.0.borrow_mut().receiver = Some(cx.waker().clone());
                Poll::Pending
            }
        })
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.take()
    }
}

/// openraft's name for such queues.
#[derive(Debug)]
pub struct Queue;

impl Mpsc for Queue {
    type Sender<T> = Sender<T>;
    type Receiver<T> = Receiver<T>;
    type WeakSender<T> = WeakSender<T>;

    fn channel<T>(room: usize) -> (Sender<T>, Receiver<T>) {
        let state = Rc::new(RefCell::new(State {
            values: VecDeque::new(),
            room: room.max(1),
            senders: 1,
            is_open: true,
            receiver: None,
            waiting: VecDeque::new(),
        }));
        (Sender(state.clone()), Receiver(state))
    }
}
