//! The replicated state machine: what it gives, its images, and the trait of those that guests bring themselves. squall's own is a map from
//! keys to lists of values, with sessions.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::ids::Index;
use crate::log::{Command, Entry};

/// What a command gave when it was applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Output {
    /// It was done.
    Done,
    /// A read: the values that the key holds; empty if it holds none.
    Values(Rc<[u32]>),
    /// A compare-and-set found something else.
    Mismatch,
    /// An append to a list that is full.
    Full,
    /// A session was opened; its number.
    Opened(Index),
    /// Nothing was done: the session is not open any more (thesis 6.3). An earlier try may have been done in it.
    Expired,
}

/// A copy of a state machine, as nodes hand it on: they do not look inside.
#[derive(Clone)]
pub struct Image {
    content: Rc<dyn Any>,
    /// What it takes on the wire and on disk, in bytes; at least 1.
    pub bytes: u64,
    /// A fingerprint of the content: what oracles compare.
    pub fingerprint: u64,
}

impl Image {
    /// An image of a state machine.
    pub fn new<T: 'static>(content: T, bytes: u64, fingerprint: u64) -> Image {
        Image { content: Rc::new(content), bytes: bytes.max(1), fingerprint }
    }

    /// Whether it is a copy of this image: the same content in the same place.
    pub fn is_same(&self, other: &Image) -> bool {
        Rc::ptr_eq(&self.content, &other.content)
    }

    /// The state machine, if it is one of this kind.
    pub fn content<T: 'static>(&self) -> Option<&T> {
        self.content.downcast_ref()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({:016x}, {} bytes)", self.fingerprint, self.bytes)
    }
}

impl PartialEq for Image {
    fn eq(&self, other: &Image) -> bool {
        (self.bytes, self.fingerprint) == (other.bytes, other.fingerprint)
    }
}

impl Eq for Image {}

/// A replicated state machine, in place of squall's own: see `Node::machine`.
///
/// It takes the commands of squall's clients. If it does with them what squall's own does, what clients hear is judged as ever; if not, the
/// guest lacks [`Feature::KeyValue`](crate::guest::Feature::KeyValue), and linearizability and exactly-once are not judged. All else is,
/// that all nodes have the same state at a snapshot among it.
///
/// It must be deterministic: the same entries give the same outputs and images on every node and in every run. Its code may panic; that
/// is a violation of the contract by its node.
pub trait StateMachine {
    /// Applies the entry at an index, which is one past the last one applied. Says what it gave, and whether it was carried out: not so a
    /// request of a session that was carried out before, or whose session is not open (thesis 6.3).
    fn apply(&mut self, index: Index, entry: &Entry) -> (Output, bool);

    /// Answers a command that changes nothing.
    fn read(&mut self, command: Command) -> Output;

    /// A copy of the state, whose fingerprint is the same exactly if the state is.
    fn image(&self) -> Image;

    /// Takes over the state of an image; says whether it is one of a state machine of this kind.
    fn restore(&mut self, image: &Image) -> bool;
}
