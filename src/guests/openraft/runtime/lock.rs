//! A lock that tasks wait for.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::task::{Poll, Waker};

use openraft_rt::Mutex;

/// A value that one task at a time may have.
pub struct Lock<T> {
    value: RefCell<T>,
    waiting: RefCell<VecDeque<Waker>>,
}

/// The value, until this is dropped.
pub struct Guard<'l, T> {
    value: Option<RefMut<'l, T>>,
    lock: &'l Lock<T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is there until the guard is dropped")
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("it is there until the guard is dropped")
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        let waiting = std::mem::take(&mut *self.lock.waiting.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<T: 'static> Mutex<T> for Lock<T> {
    type Guard<'l> = Guard<'l, T>;

    fn new(value: T) -> Lock<T> {
        Lock { value: RefCell::new(value), waiting: RefCell::default() }
    }

    fn lock(&self) -> impl Future<Output = Guard<'_, T>> {
        poll_fn(|cx| match self.value.try_borrow_mut() {
            Ok(value) => Poll::Ready(Guard { value: Some(value), lock: self }),
            Err(_) => {
                self.waiting.borrow_mut().push_back(cx.waker().clone());
                Poll::Pending
            }
        })
    }
}
