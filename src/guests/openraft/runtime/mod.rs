//! openraft's runtime on squall's clock: one thread, one executor for each life of a node, time that stands still within a step.
//!
//! openraft calls its runtime by functions without a receiver. So a step first *enters* the executor of its node, and leaves it at the end:
//! what is spawned, slept and drawn in between is that node's. Threads have executors of their own.

mod executor;
mod lock;
mod mpsc;
mod oneshot;
mod time;
mod watch;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use openraft_rt::AsyncRuntime;

pub use executor::{Executor, JoinHandle};
pub use lock::Lock;
pub use mpsc::Queue;
pub use oneshot::{Once, Receiver, Sender, pair as channel};
pub use time::{Expired, LocalInstant, Sleep, Timeout, timeout};
pub use watch::{Receiver as Watching, Watched};

/// The runtime. There is nothing in it: all is in the executor that was entered.
#[derive(Debug)]
pub struct Runtime;

/// Why a task has no result: it was dropped with its node.
#[derive(Debug)]
pub struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was dropped")
    }
}

/// Randomness of the node whose step it is: words as they come, or a word that is an election timeout.
#[derive(Debug)]
pub struct Words {
    for_election: bool,
}

impl rand::TryRng for Words {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let executor = Executor::current();
        Ok(if self.for_election { executor.timeout_word() } else { executor.word() })
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl AsyncRuntime for Runtime {
    type JoinError = Dropped;
    type JoinHandle<T: 'static> = JoinHandle<T>;
    type Sleep = Sleep;
    type Instant = LocalInstant;
    type TimeoutError = Expired;
    type Timeout<R, T: Future<Output = R>> = Timeout<T>;
    type ThreadLocalRng = Words;
    type Mpsc = Queue;
    type Watch = Watched;
    type Oneshot = Once;
    type Mutex<T: 'static> = Lock<T>;

    fn spawn<T>(future: T) -> JoinHandle<T::Output>
    where
        T: Future + 'static,
        T::Output: 'static,
    {
        Executor::current().spawn(future)
    }

    fn sleep(duration: Duration) -> Sleep {
        Sleep::after(duration)
    }

    fn sleep_until(deadline: LocalInstant) -> Sleep {
        Sleep::until(deadline)
    }

    fn timeout<R, F: Future<Output = R>>(duration: Duration, future: F) -> Timeout<F> {
        timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R>>(deadline: LocalInstant, future: F) -> Timeout<F> {
        Timeout::new(Sleep::until(deadline), future)
    }

    fn is_panic(_: &Dropped) -> bool {
        false
    }

    /// The only draw in openraft's files about configuration is that of an election timeout. It is known by its place, so that a plan may
    /// fix it.
    #[track_caller]
    fn thread_rng() -> Words {
        let place = Location::caller().file();
        Words { for_election: place.ends_with("config.rs") }
    }

    fn new(_: usize) -> Runtime {
        Runtime
    }

    fn block_on<F, T>(&mut self, _: F) -> T
    where
        F: Future<Output = T>,
    {
        unreachable!("a step of a node runs its tasks; nothing else blocks")
    }
}
