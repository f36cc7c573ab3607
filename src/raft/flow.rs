//! Flow control and batching at a leader: how much it sends before it hears of it, from where, and how requests become entries
//! (thesis 10.2).

use crate::config::Config;
use crate::ids::{Index, NodeId};
use crate::log::Entry;
use crate::node::Request;
use crate::raft::core::Core;
use crate::raft::progress::Progress;
use crate::time::{LocalTime, Span};

impl Config {
    /// How many entries one message carries at most, by number and by bytes: at least one.
    pub fn entries_max(&self) -> u32 {
        match self.bytes_per_append {
            0 => self.entries_per_append,
            bytes => u64::from(self.entries_per_append).min((bytes / Entry::BYTES).max(1)) as u32,
        }
    }

    /// Whether a follower can be sent more entries. While the leader probes, that is one message at a time.
    pub fn has_room(&self, progress: &Progress) -> bool {
        if progress.transfer.is_some() {
            return false;
        }
        if progress.probing {
            return progress.in_flight == 0;
        }
        debug_assert!(progress.match_index < progress.next_index);
        let unanswered = progress.next_index.0 - progress.match_index.0 - 1;
        let bytes = unanswered * Entry::BYTES;
        progress.in_flight < self.appends_in_flight
            && (self.bytes_in_flight == 0 || bytes < self.bytes_in_flight)
    }
}

impl Core {
    /// The last entry that a leader may send: thesis 10.2.1 sends entries while the leader's own disk writes them.
    pub fn sendable_index(&self) -> Index {
        if self.config.parallel_append { self.log.last_index() } else { self.durable_index }
    }
}

/// A request, and the follower that forwarded it; none if the client asked the leader itself.
pub type Asked = (Request, Option<NodeId>);

/// Requests that a leader gathers, to append them at once (thesis 10.2.2).
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    requests: Vec<Asked>,
    /// When they are appended at the latest.
    pub due: Option<LocalTime>,
}

impl Gathered {
    /// Takes a request; gives all that wait, if they are not to wait any longer.
    pub fn add(&mut self, asked: Asked, config: &Config, now: LocalTime) -> Vec<Asked> {
        self.requests.push(asked);
        debug_assert!(self.requests.len() <= config.entries_max() as usize);
        if config.batch_delay == Span::ZERO || self.requests.len() >= config.entries_max() as usize
        {
            return self.take();
        }
        self.due = self.due.or(Some(now.plus(config.batch_delay)));
        Vec::new()
    }

    /// Gives all that wait.
    pub fn take(&mut self) -> Vec<Asked> {
        self.due = None;
        std::mem::take(&mut self.requests)
    }
}
