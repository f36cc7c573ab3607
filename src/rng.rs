//! Random streams that belong to identities.
//!
//! Each directed link, disk, node and client has a ChaCha8 stream of its own, and each decision
//! draws a fixed number of words from it, used or not. So taking one fault or one operation away from a
//! plan does not reshuffle what happens elsewhere, which is what makes a plan shrink.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

use crate::ids::NodeId;

/// Whose randomness it is.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// What is drawn to make a section of a plan from a seed.
    Plan(Section),
    /// Latency, loss and duplication on a directed link.
    Link(NodeId, NodeId),
    /// Latency and errors of a node's disk.
    Disk(NodeId),
    /// What the node itself draws: its election timeouts and heartbeat intervals.
    Node(NodeId),
    /// What a client does, by its number.
    Client(u32),
    /// Which nodes a fault picks, and how much of an unsynced write it keeps.
    Fault(u32),
    /// How long a node's disk takes for a snapshot, and whether a crash keeps it.
    Snapshot(NodeId),
    /// When clients that ask at a rate begin a request, by the place of their group.
    Arrivals(u32),
    /// Which nodes belong to the core when faults end.
    Core,
    /// What shrinking leaves out of a plan where it tries at random.
    Shrinking,
}

/// A section of a plan that is drawn from a seed. Each has a stream of its own, so that more or less of one does not reshuffle the others.
#[derive(Clone, Copy, Debug)]
pub enum Section {
    /// How many nodes there are, their timings and limits, and how long the run is.
    Cluster,
    /// The links between nodes.
    Network,
    /// The disks, and what goes wrong with them.
    Disks,
    /// The clocks of nodes, and what else sets one apart from the others.
    Nodes,
    /// The clients and what they ask.
    Clients,
    /// What elections have beyond the paper's.
    Elections,
    /// The faults of nodes, links and clocks.
    Faults,
    /// The members with which the cluster begins, and their changes.
    Members,
    /// How reads are answered.
    Reads,
    /// How the run ends.
    Ending,
    /// The options of the guest's own.
    Guest,
    /// Groups of clients and their links, messages by kind and size, and what comes again and again.
    World,
    /// What else strikes where a plan's own trigger opens a window.
    Windows,
    /// The requests of an end that is quiet.
    QuietEnd,
}

impl Stream {
    /// A number of its own. Scenarios rely on it: the same seed is the same run for as long as it stays.
    fn number(self) -> u64 {
        let (kind, identity) = match self {
            Stream::Plan(section) => (0, section as u64),
            Stream::Link(from, to) => (1, u64::from(from.number()) << 8 | u64::from(to.number())),
            Stream::Disk(node) => (2, u64::from(node.number())),
            Stream::Node(node) => (3, u64::from(node.number())),
            Stream::Client(client) => (4, u64::from(client)),
            Stream::Fault(fault) => (5, u64::from(fault)),
            Stream::Snapshot(node) => (8, u64::from(node.number())),
            Stream::Arrivals(group) => (9, u64::from(group)),
            Stream::Core => (14, 0),
            Stream::Shrinking => (15, 0),
        };
        kind << 48 | identity
    }
}

/// A stream of random words: the same for the same seed and identity, everywhere and always.
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// A stream that begins from four words.
    pub fn of_words(seed: [u64; 4]) -> Rng {
        let mut bytes = [0; 32];
        for (place, word) in bytes.chunks_mut(8).zip(seed) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Rng(ChaCha8Rng::from_seed(bytes))
    }

    /// The stream of `stream` under `seed`.
    pub fn new(seed: u64, stream: Stream) -> Rng {
        // The key is laid out here rather than expanded by the library, so that it cannot change with it.
        let mut key = *b"squall: one seed gives one storm";
        for (byte, seed) in key.iter_mut().zip(seed.to_le_bytes()) {
            *byte ^= seed;
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream.number());
        Rng(rng)
    }

    /// One uniform word.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// One word as two uniform halves.
    pub fn halves(&mut self) -> (u32, u32) {
        let word = self.word();
        (word as u32, (word >> 32) as u32)
    }

    /// A uniform number below `bound`, from one word.
    pub fn below(&mut self, bound: u64) -> u64 {
        scale(self.word(), bound)
    }

    /// A uniform number from `from` to `to`, both included, from one word.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        debug_assert!(from <= to);
        from + scale(self.word(), to - from + 1)
    }

    /// True in `percent` of 100 cases, from one word.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the choices, from one word. There must be one.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}

/// A uniform word, scaled to below `bound`.
pub const fn scale(word: u64, bound: u64) -> u64 {
    ((word as u128 * bound as u128) >> 64) as u64
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit moves every output bit.
pub const fn mix(word: u64) -> u64 {
    let word = (word ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_told_apart_by_identity_and_seed() {
        let first = |seed, stream| Rng::new(seed, stream).word();
        let (one, two) = (NodeId::new(1), NodeId::new(2));
        let words = [
            first(1, Stream::Plan(Section::Cluster)),
            first(2, Stream::Plan(Section::Cluster)),
            first(1, Stream::Plan(Section::Faults)),
            first(1, Stream::Link(one, two)),
            first(1, Stream::Link(two, one)),
            first(1, Stream::Disk(one)),
            first(1, Stream::Node(one)),
            first(1, Stream::Client(1)),
            first(1, Stream::Fault(1)),
            first(1, Stream::Snapshot(one)),
            first(1, Stream::Arrivals(1)),
            first(1, Stream::Core),
            first(1, Stream::Shrinking),
        ];
        for (place, word) in words.iter().enumerate() {
            assert!(!words[..place].contains(word), "stream {place} repeats another");
        }
        assert_eq!(first(7, Stream::Disk(two)), first(7, Stream::Disk(two)));
    }

    #[test]
    fn the_words_of_a_stream_are_pinned() {
        let mut rng = Rng::new(42, Stream::Plan(Section::Cluster));
        assert_eq!(
            [rng.word(), rng.word()],
            [13_787_805_181_852_840_769, 15_313_649_380_351_502_840]
        );
    }

    #[test]
    fn numbers_stay_in_their_bounds() {
        let mut rng = Rng::new(3, Stream::Core);
        for _ in 0..1_000 {
            assert!(rng.below(7) < 7);
            assert!((3..=5).contains(&rng.between(3, 5)));
        }
    }
}
