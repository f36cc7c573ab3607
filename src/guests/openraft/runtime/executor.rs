//! Tasks of one node in one thread. Tasks are run in the order in which they became ready, and that follows from inputs alone.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::Dropped;
use super::oneshot::{self, Receiver};
use super::time::Timers;
use crate::node::NodeRng;
use crate::time::SpanRange;

/// How many times tasks are polled in one step at most: more means that they wake each other for ever.
const POLLS_MAX: u32 = 10_000_000;

thread_local! {
    /// The executor whose node takes a step in this thread.
    static CURRENT: RefCell<Option<Rc<Executor>>> = const { RefCell::new(None) };
}

/// The tasks that are ready. A waker has to be one for other threads, too, though there are none.
type Ready = Arc<Mutex<VecDeque<usize>>>;

fn queue(ready: &Ready) -> std::sync::MutexGuard<'_, VecDeque<usize>> {
    ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Wakes the task that has this place.
struct TaskWaker {
    place: usize,
    is_queued: AtomicBool,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            queue(&self.ready).push_back(self.place);
        }
    }
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    wake: Arc<TaskWaker>,
    waker: Waker,
}

/// A place for a task: empty while it is polled, and when it has ended.
type Place = Option<Task>;

/// The tasks, timers and randomness of one life of a node.
pub struct Executor {
    tasks: RefCell<Vec<Place>>,
    /// Places that are free.
    free: RefCell<Vec<usize>>,
    ready: Ready,
    pub(super) timers: Rc<Timers>,
    /// What is drawn from. The host's own, within a step.
    rng: RefCell<NodeRng>,
    /// From where to where election timeouts are, in the plan and in openraft's milliseconds.
    timeouts: SpanRange,
    millis: Cell<(u64, u64)>,
}

/// The result of a task, to come.
pub struct JoinHandle<T>(Receiver<T>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Dropped>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.map_err(|_| Dropped))
    }
}

impl Executor {
    /// No tasks. Election timeouts are drawn from this range; openraft has them from the one to below the other.
    pub fn new(timeouts: SpanRange, millis: (u64, u64)) -> Rc<Executor> {
        Rc::new(Executor {
            tasks: RefCell::default(),
            free: RefCell::default(),
            ready: Ready::default(),
            timers: Rc::default(),
            rng: RefCell::new(NodeRng::outside(|| 0)),
            timeouts,
            millis: Cell::new(millis),
        })
    }

    /// The executor whose node takes a step.
    ///
    /// # Panics
    ///
    /// Outside of a step.
    pub fn current() -> Rc<Executor> {
        CURRENT.with_borrow(Clone::clone).expect("openraft runs within steps alone")
    }

    /// Does something as this node, at this time of its steady clock, with the host's randomness.
    pub fn enter<T>(self: &Rc<Self>, now: u64, rng: &mut NodeRng, run: impl FnOnce() -> T) -> T {
        let _inside = Inside::new(self, now, rng);
        run()
    }

    /// Adds a task.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (sender, receiver) = oneshot::pair();
        let future = Box::pin(async move { sender.give(future.await) });
        let place = self.free.borrow_mut().pop();
        let mut tasks = self.tasks.borrow_mut();
        let place = place.unwrap_or_else(|| {
            tasks.push(None);
            tasks.len() - 1
        });
        let ready = self.ready.clone();
        let wake = Arc::new(TaskWaker { place, is_queued: AtomicBool::new(false), ready });
        let waker = Waker::from(wake.clone());
        waker.wake_by_ref();
        tasks[place] = Some(Task { future, wake, waker });
        JoinHandle(receiver)
    }

    /// Runs tasks until none is ready, and no timer is due.
    ///
    /// # Panics
    ///
    /// If that never comes.
    pub fn run(&self) {
        let mut polls = 0;
        loop {
            let next = queue(&self.ready).pop_front();
            match next {
                Some(place) => self.poll(place),
                None if self.timers.fire() => {}
                None => return,
            }
            polls += 1;
            assert!(polls < POLLS_MAX, "tasks wake each other for ever within one step");
        }
    }

    fn poll(&self, place: usize) {
        // A waker may outlive its task.
        let Some(mut task) = self.tasks.borrow_mut()[place].take() else { return };
        task.wake.is_queued.store(false, Ordering::Relaxed);
        match task.future.as_mut().poll(&mut Context::from_waker(&task.waker)) {
            Poll::Pending => self.tasks.borrow_mut()[place] = Some(task),
            Poll::Ready(()) => {
                drop(task);
                self.free.borrow_mut().push(place);
            }
        }
    }

    /// What the steady clock shows, in nanoseconds.
    pub fn now(&self) -> u64 {
        self.timers.now()
    }

    /// When the next timer is due, by the steady clock.
    pub fn next_timer(&self) -> Option<u64> {
        self.timers.next()
    }

    /// A random word of the node.
    pub fn word(&self) -> u64 {
        self.rng.borrow_mut().word()
    }

    /// The word from which a uniform number of openraft's range comes out as the timeout that was drawn.
    pub fn timeout_word(&self) -> u64 {
        let span = self.rng.borrow_mut().election_timeout(self.timeouts);
        let (from, below) = self.millis.get();
        let millis = (span.0 / 1_000_000).clamp(from, below - 1);
        word_for(millis - from, below - from)
    }

    /// Ends all tasks. They may do something at their end that needs the executor.
    fn clear(&self) {
        while self.tasks.borrow().iter().any(Option::is_some) {
            let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
            self.free.borrow_mut().clear();
            drop(tasks);
        }
        queue(&self.ready).clear();
    }

    /// Ends all tasks of a node that crashes.
    pub fn end(self: &Rc<Self>) {
        let mut nothing = NodeRng::outside(|| 0);
        let now = self.timers.now();
        self.enter(now, &mut nothing, || self.clear());
    }
}

/// The word of which the upper half of the product with `range` is `number`, below it, and the lower half is small.
fn word_for(number: u64, range: u64) -> u64 {
    (u128::from(number) << 64).div_ceil(u128::from(range)) as u64
}

/// An executor is entered, and left at the end, also by a panic.
struct Inside<'r> {
    executor: Rc<Executor>,
    outer: Option<Rc<Executor>>,
    rng: &'r mut NodeRng,
}

impl<'r> Inside<'r> {
    fn new(executor: &Rc<Executor>, now: u64, rng: &'r mut NodeRng) -> Inside<'r> {
        executor.timers.set_now(now);
        std::mem::swap(rng, &mut executor.rng.borrow_mut());
        let outer = CURRENT.replace(Some(executor.clone()));
        Inside { executor: executor.clone(), outer, rng }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.outer.take());
        std::mem::swap(self.rng, &mut self.executor.rng.borrow_mut());
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::ids::NodeId;
    use crate::rng::{Rng, Stream};
    use crate::time::Span;

    #[test]
    fn a_word_is_found_for_every_number_of_a_range() {
        struct Fixed(u64);
        impl rand::TryRng for Fixed {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                unreachable!("numbers of 64 bits are drawn")
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(self.0)
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
                unreachable!("numbers are drawn")
            }
        }
        for range in [1, 2, 3, 150, 1_000, 1 << 40] {
            for number in [0, 1, range / 3, range / 2, range - 1] {
                let number = number.min(range - 1);
                let drawn = Fixed(word_for(number, range)).random_range(700..700 + range);
                assert_eq!(drawn, 700 + number, "of {range}");
            }
        }
    }

    #[test]
    fn tasks_wait_for_timers_and_each_other() {
        let timeouts = SpanRange { from: Span::millis(1), to: Span::millis(2) };
        let executor = Executor::new(timeouts, (1, 2));
        let mut rng =
            NodeRng::new(Rng::new(1, Stream::Node(NodeId::new(1))), vec![], vec![], vec![]);
        let seen = Rc::new(RefCell::new(Vec::new()));
        let (one, two) = (seen.clone(), seen.clone());
        executor.enter(0, &mut rng, || {
            let inner = Executor::current().spawn(async move {
                super::super::Sleep::after(std::time::Duration::from_nanos(10)).await;
                one.borrow_mut().push("slept");
                7
            });
            Executor::current().spawn(async move {
                assert_eq!(inner.await.ok(), Some(7));
                two.borrow_mut().push("joined");
            });
            executor.run();
        });
        assert!(seen.borrow().is_empty());
        assert_eq!(executor.next_timer(), Some(10));
        executor.enter(10, &mut rng, || executor.run());
        assert_eq!(*seen.borrow(), ["slept", "joined"]);
        assert_eq!(executor.next_timer(), None);
        executor.end();
    }
}
