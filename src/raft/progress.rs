//! What a leader knows of one follower's log.

use std::rc::Rc;

use crate::ids::{Index, Term};
use crate::log::Log;
use crate::node::Snapshot;
use crate::raft::Rules;
use crate::time::{LocalTime, Span};

/// What a leader knows of one follower.
///
/// While it *probes*, it sends one message at a time from `next_index` and waits to hear whether the logs agree there. Once
/// they do, it streams: `next_index` runs ahead of the acknowledgements. Where the leader has compacted what comes next, it *transfers* its
/// snapshot, part by part, and nothing else.
///
/// Invariants: `match_index < next_index`, and a transfer's `offset` is within its snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The term of the leadership in which it was learnt.
    pub term: Term,
    /// The next entry to send.
    pub next_index: Index,
    /// Highest entry known to be replicated.
    pub match_index: Index,
    /// How many messages with entries have no answer yet, as far as is known.
    pub in_flight: u32,
    /// Whether the leader has yet to find where the logs agree.
    pub probing: bool,
    /// How often it went back since the last heartbeat.
    pub back_offs: u32,
    /// The snapshot that it is sent.
    pub transfer: Option<Transfer>,
}

/// A snapshot on its way to a follower. It stays the same to its end, though the leader takes a newer one meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The snapshot.
    pub snapshot: Rc<Snapshot>,
    /// How many of its bytes the follower has, as far as is known.
    pub offset: u64,
    /// When the part behind these was sent, by a clock that nobody sets; none if it was not. It is sent once, until there is a sign that it
    /// was lost: on a slow link each further copy would keep the next part waiting.
    pub sent: Option<LocalTime>,
}

/// How often a leader goes back between two heartbeats. Each time it sends anew, so on a network that reorders and doubles messages
/// refusals would breed refusals without end.
const BACK_OFFS_MAX: u32 = 16;

impl Progress {
    /// A follower of whom nothing is known but by the leader's own log.
    pub fn new(term: Term, next_index: Index, match_index: Index) -> Progress {
        debug_assert!(match_index < next_index);
        let (in_flight, probing, back_offs, transfer) = (0, true, 0, None);
        Progress { term, next_index, match_index, in_flight, probing, back_offs, transfer }
    }

    /// Takes note that entries were sent.
    pub fn sent(&mut self, entries: u64) {
        if entries > 0 {
            self.in_flight += 1;
        }
        if !self.probing {
            self.next_index = self.next_index.plus(entries);
        }
    }

    /// Takes note of an acknowledgement; says whether it is news. Only news makes room for another message: if a duplicate did, on a
    /// network that doubles messages each round would send more of them than the one before.
    pub fn acknowledge(&mut self, match_index: Index, rules: Rules) -> bool {
        let news = match_index > self.match_index;
        self.match_index = rules.known_so_far(self.match_index, match_index);
        self.next_index = self.next_index.max(self.match_index.next());
        self.in_flight = self.in_flight.saturating_sub(u32::from(news));
        self.probing = false;
        debug_assert!(self.match_index < self.next_index);
        news
    }

    /// Entries are sent again once the follower holds all that its snapshot covers.
    pub fn end_transfer(&mut self) {
        let matched = self.match_index;
        self.transfer.take_if(|transfer| matched >= transfer.snapshot.last_included_index);
    }

    /// Takes note of how much of its snapshot a follower has; says whether that is another part than the leader thought. A follower
    /// that restarted has nothing.
    pub fn received(&mut self, last_included_index: Index, offset: u64) -> bool {
        let Some(transfer) = &mut self.transfer else { return false };
        if transfer.snapshot.last_included_index != last_included_index {
            return false;
        }
        let lost = offset < transfer.offset && self.back_offs < BACK_OFFS_MAX;
        let news = offset > transfer.offset;
        if lost || news {
            transfer.offset = offset.min(transfer.snapshot.image.bytes);
            transfer.sent = None;
            debug_assert!(transfer.offset <= transfer.snapshot.image.bytes);
            self.back_offs += u32::from(lost);
        }
        lost || news
    }

    /// Whether a part of a snapshot is on its way, as far as is known.
    pub fn is_part_sent(&self) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.sent.is_some())
    }

    /// Whether the part that was sent is lost: it has not arrived, although the follower answers something else so long afterwards.
    pub fn lost_part(&self, now: LocalTime, enough: Span) -> bool {
        let sent = self.transfer.as_ref().and_then(|transfer| transfer.sent);
        sent.is_some_and(|sent| now >= sent.plus(enough))
    }

    /// Whether the follower has all of its snapshot, but has not installed it.
    pub fn is_sent(&self) -> bool {
        self.transfer.as_ref().is_some_and(|it| it.offset == it.snapshot.image.bytes)
    }

    /// Goes back after a refusal (5.3, end); says whether it did: a refusal of something long settled changes nothing.
    pub fn back_off(
        &mut self,
        log: &Log,
        rejected: Index,
        conflict_term: Term,
        conflict_index: Index,
    ) -> bool {
        let stale = match self.probing {
            true => rejected != self.next_index.previous(),
            false => rejected >= self.next_index,
        };
        let busy = self.transfer.is_some() || self.back_offs >= BACK_OFFS_MAX;
        if stale || rejected <= self.match_index || busy {
            return false;
        }
        // The last entry of the follower's term at that place, where the leader has that term too; else the follower's
        // first of it.
        let shared = log.last_index_with_term_at_most(conflict_term, rejected);
        let hint = match log.term_at(shared) {
            Some(term) if term == conflict_term && term > Term::ZERO => shared.next(),
            _ => conflict_index,
        };
        self.next_index = hint.min(rejected).max(self.match_index.next());
        self.in_flight = 0;
        self.probing = true;
        self.back_offs += 1;
        debug_assert!(self.match_index < self.next_index && self.back_offs <= BACK_OFFS_MAX);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::log::Entry;

    fn log(terms: &[u64]) -> Log {
        let mut log = Log::default();
        terms.iter().for_each(|term| log.push(Entry::noop(Term(*term))));
        log
    }

    #[test]
    fn acknowledgements_never_take_match_index_back() {
        let mut progress = Progress::new(Term(6), Index(5), Index::ZERO);
        assert!(progress.acknowledge(Index(4), Rules::default()));
        assert!(!progress.acknowledge(Index(2), Rules::default()));
        assert_eq!((progress.match_index, progress.next_index), (Index(4), Index(5)));
    }

    #[test]
    fn an_acknowledgement_that_comes_twice_makes_room_once() {
        let mut progress = Progress::new(Term(6), Index(1), Index::ZERO);
        progress.acknowledge(Index::ZERO, Rules::default());
        progress.sent(1);
        progress.sent(1);
        progress.acknowledge(Index(1), Rules::default());
        progress.acknowledge(Index(1), Rules::default());
        assert_eq!(progress.in_flight, 1);
    }

    #[test]
    fn a_hint_skips_a_whole_term() {
        // The leader's log is that of Figure 7; the follower is (f): 1 1 1 2 2 2 3 3 3 3 3.
        let leader = log(&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
        let mut progress = Progress::new(Term(6), Index(11), Index::ZERO);
        assert!(progress.back_off(&leader, Index(10), Term(3), Index(7)));
        assert_eq!(progress.next_index, Index(7));
        assert!(progress.back_off(&leader, Index(6), Term(2), Index(4)));
        assert_eq!(progress.next_index, Index(4));
        assert!(!progress.back_off(&leader, Index(6), Term(2), Index(4)), "a duplicate is stale");
    }

    #[test]
    fn a_follower_of_a_shared_term_is_met_at_its_end() {
        let leader = log(&[1, 1, 4, 4, 4, 4]);
        let mut progress = Progress::new(Term(6), Index(7), Index::ZERO);
        assert!(progress.back_off(&leader, Index(6), Term(1), Index(1)));
        assert_eq!(progress.next_index, Index(3));
    }

    fn transferring(offset: u64) -> Progress {
        let image = crate::machine::Image::new((), 30, 0);
        let snapshot = Snapshot {
            last_included_index: Index(7),
            last_included_term: Term(2),
            members: Configuration::of(crate::ids::NodeSet::first(3)),
            image,
        };
        let transfer = Some(Transfer { snapshot: Rc::new(snapshot), offset, sent: None });
        Progress { transfer, ..Progress::new(Term(2), Index(1), Index::ZERO) }
    }

    #[test]
    fn a_transfer_goes_on_with_what_the_follower_has() {
        let mut progress = transferring(10);
        assert!(!progress.received(Index(7), 10), "no news");
        assert!(!progress.received(Index(6), 20), "another snapshot");
        assert!(progress.received(Index(7), 20));
        assert!(progress.received(Index(7), 0), "the follower restarted");
        assert!(progress.received(Index(7), u64::MAX), "no more than there is");
        assert!(progress.is_sent());
        for _ in 0..BACK_OFFS_MAX {
            progress.received(Index(7), 0);
            progress.received(Index(7), 30);
        }
        assert!(!progress.received(Index(7), 0), "stale answers breed no parts without end");
    }

    #[test]
    fn a_part_is_lost_when_it_is_not_there_long_afterwards() {
        let mut progress = transferring(10);
        let enough = Span::millis(150);
        assert!(!progress.is_part_sent() && !progress.lost_part(LocalTime(9), enough));
        progress.transfer.as_mut().unwrap().sent = Some(LocalTime(5));
        assert!(progress.is_part_sent() && !progress.lost_part(LocalTime(6), enough));
        assert!(progress.lost_part(LocalTime(5).plus(enough), enough));
        assert!(progress.received(Index(7), 20), "it has arrived");
        assert!(!progress.is_part_sent());
    }

    #[test]
    fn an_acknowledgement_of_all_that_it_covers_ends_a_transfer() {
        let mut progress = transferring(10);
        progress.acknowledge(Index(6), Rules::default());
        progress.end_transfer();
        assert!(progress.transfer.is_some());
        progress.acknowledge(Index(7), Rules::default());
        progress.end_transfer();
        assert!(progress.transfer.is_none());
        assert_eq!(progress.next_index, Index(8));
    }
}
