//! The steady clock of a node as openraft's `Instant`, and what waits for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Executor;

/// A moment by the node's steady clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalInstant(u64);

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl openraft_rt::Instant for LocalInstant {
    fn now() -> LocalInstant {
        LocalInstant(Executor::current().timers.now())
    }
}

impl Add<Duration> for LocalInstant {
    type Output = LocalInstant;

    fn add(self, duration: Duration) -> LocalInstant {
        LocalInstant(self.0.saturating_add(nanos(duration)))
    }
}

impl AddAssign<Duration> for LocalInstant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for LocalInstant {
    type Output = LocalInstant;

    fn sub(self, duration: Duration) -> LocalInstant {
        LocalInstant(self.0.saturating_sub(nanos(duration)))
    }
}

impl SubAssign<Duration> for LocalInstant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for LocalInstant {
    type Output = Duration;

    fn sub(self, earlier: LocalInstant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// What waits for the clock, by time, and in the order in which it began to wait.
#[derive(Default)]
pub struct Timers {
    now: Cell<u64>,
    count: Cell<u64>,
    waiting: RefCell<BTreeMap<(u64, u64), Waker>>,
}

impl Timers {
    /// What the clock shows.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// The clock shows this. It never shows less than before.
    pub fn set_now(&self, now: u64) {
        self.now.set(now.max(self.now.get()));
    }

    /// When the next timer is due.
    pub fn next(&self) -> Option<u64> {
        self.waiting.borrow().keys().next().map(|(at, _)| *at)
    }

    /// Wakes whatever is due. Says whether anything was.
    pub fn fire(&self) -> bool {
        let mut fired = false;
        while self.next().is_some_and(|at| at <= self.now()) {
            let first = self.waiting.borrow_mut().pop_first();
            if let Some((_, waker)) = first {
                waker.wake();
                fired = true;
            }
        }
        fired
    }
}

/// Waits until the clock shows a time.
pub struct Sleep {
    at: u64,
    timers: Rc<Timers>,
    /// Its number among those that wait.
    number: Option<u64>,
}

impl Sleep {
    /// Until so much later.
    pub fn after(duration: Duration) -> Sleep {
        let now: LocalInstant = openraft_rt::Instant::now();
        Sleep::until(now + duration)
    }

    /// Until then.
    pub fn until(LocalInstant(at): LocalInstant) -> Sleep {
        Sleep { at, timers: Executor::current().timers.clone(), number: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timers.now() >= self.at {
            return Poll::Ready(());
        }
        let number = self.number.unwrap_or_else(|| {
            let number = self.timers.count.get();
            self.timers.count.set(number + 1);
            number
        });
        self.number = Some(number);
        self.timers.waiting.borrow_mut().insert((self.at, number), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.timers.waiting.borrow_mut().remove(&(self.at, number));
        }
    }
}

/// The time was up.
#[derive(Debug)]
pub struct Expired;

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is up")
    }
}

/// A future, until a time is up.
pub struct Timeout<F> {
    sleep: Sleep,
    future: Pin<Box<F>>,
}

impl<F: Future> Timeout<F> {
    /// The future, until this sleep ends.
    pub fn new(sleep: Sleep, future: F) -> Timeout<F> {
        Timeout { sleep, future: Box::pin(future) }
    }
}

/// The future, for so long.
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout::new(Sleep::after(duration), future)
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Expired>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.sleep).poll(cx).map(|()| Err(Expired))
    }
}
