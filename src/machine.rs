//! State machines that guests bring themselves. squall's own is a map from keys to lists of values, with sessions.

use crate::ids::Index;
use crate::log::{Command, Entry};
use crate::node::{Image, Output};

/// A replicated state machine, in place of squall's own: see [`Node::machine`](crate::node::Node::machine).
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
