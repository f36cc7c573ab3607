//! Other futures of a run: up to some event it is as its seed has it, and from then on chance is another one.

use super::Sim;
use crate::ids::NodeId;
use crate::node::Node;
use crate::rng::{Rng, Stream};

/// Where a run goes another way than its seed has it: the plan and its faults stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The first event of which another chance decides, from 1.
    pub event: u64,
    /// The seed of every random stream from then on.
    pub seed: u64,
}

impl<N: Node> Sim<'_, '_, N> {
    /// The event has come from which on every stream is that of another seed.
    pub(super) fn reseed(&mut self) {
        let Some(Branch { seed, .. }) = self.branch.take() else { return };
        self.seed = seed;
        self.network.reseed(seed);
        self.faults.reseed(seed);
        for (slot, host) in self.hosts.iter_mut().enumerate() {
            let id = NodeId::at(slot);
            host.rng.reseed(Rng::new(seed, Stream::Node(id)));
            host.disk.reseed(Rng::new(seed, Stream::Disk(id)));
            host.snapshot_rng = Rng::new(seed, Stream::Snapshot(id));
        }
        for (number, client) in (1..).zip(&mut self.clients) {
            client.reseed(Rng::new(seed, Stream::Client(number)));
        }
    }
}
