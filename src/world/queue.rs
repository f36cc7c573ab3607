//! The event queue: what happens next, by time and then by order of scheduling.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Time;

/// Events in the order of their times; those of one time in the order in which they were scheduled.
///
/// The heap holds small keys, the events wait in a slab whose places are used again: once the queue has been as
/// long as it gets, nothing is allocated any more.
#[derive(Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Key>>,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    sequence: u64,
}

/// A turn among events: those of one time come in the order of their turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u64);

/// When an event comes, and its place in the slab, in one number: keys are compared and moved more than anything else. The time has the
/// upper 64 bits, the turn the next 40, the place the last 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u128);

/// How many events may wait when another is handled. There is room for twice as many, for one event may schedule many.
pub const WAITING_MAX: usize = 1 << 23;
/// How many events have room, and how many can be scheduled in all: more than memory and patience hold.
const PLACES_MAX: u32 = 1 << 24;
const TURNS_MAX: u64 = 1 << 40;

impl Key {
    fn new(time: Time, turn: Turn, place: u32) -> Key {
        Key(u128::from(time.0) << 64 | u128::from(turn.0 << 24 | u64::from(place)))
    }

    fn time(self) -> Time {
        Time((self.0 >> 64) as u64)
    }

    fn place(self) -> usize {
        (self.0 as u32 & (PLACES_MAX - 1)) as usize
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Queue<E> {
        Queue { heap: BinaryHeap::new(), slab: Vec::new(), free: Vec::new(), sequence: 0 }
    }
}

impl<E> Queue<E> {
    /// Schedules an event. O(log n).
    pub fn push(&mut self, time: Time, event: E) {
        let turn = self.take_turn();
        self.push_in_turn(time, turn, event);
    }

    /// Takes the next turn, for an event that is pushed later.
    ///
    /// # Panics
    ///
    /// If this is the 2^40th turn.
    pub fn take_turn(&mut self) -> Turn {
        self.sequence += 1;
        assert!(self.sequence < TURNS_MAX, "a run schedules fewer than 2^40 events");
        Turn(self.sequence)
    }

    /// Schedules an event in a turn that was taken before. O(log n).
    ///
    /// # Panics
    ///
    /// If 2^24 events wait.
    pub fn push_in_turn(&mut self, time: Time, turn: Turn, event: E) {
        let place = match self.free.pop() {
            Some(place) => {
                self.slab[place as usize] = Some(event);
                place
            }
            None => {
                self.slab.push(Some(event));
                assert!(self.slab.len() < PLACES_MAX as usize, "fewer than 2^24 events wait");
                (self.slab.len() - 1) as u32
            }
        };
        self.heap.push(Reverse(Key::new(time, turn, place)));
    }

    /// Takes the next event, if it is not after `horizon`. O(log n). In line, so that the event is moved once.
    #[inline(always)]
    pub fn pop_until(&mut self, horizon: Time) -> Option<(Time, E)> {
        if self.heap.peek()?.0.time() > horizon {
            return None;
        }
        let Reverse(key) = self.heap.pop()?;
        self.free.push(key.place() as u32);
        debug_assert_eq!(self.heap.len() + self.free.len(), self.slab.len());
        let event = self.slab[key.place()].take().expect("a key has its event");
        Some((key.time(), event))
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether [`WAITING_MAX`] events wait.
    pub fn is_full(&self) -> bool {
        self.len() >= WAITING_MAX
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_time_and_place_to_the_last_bit() {
        let last = (Time(u64::MAX), Turn(TURNS_MAX - 1), PLACES_MAX - 1);
        for (time, turn, place) in [(Time(0), Turn(1), 0), last] {
            let key = Key::new(time, turn, place);
            assert_eq!((key.time(), key.place()), (time, place as usize));
        }
        let earlier = Key::new(Time(7), Turn(TURNS_MAX - 1), PLACES_MAX - 1);
        assert!(earlier < Key::new(Time(8), Turn(1), 0), "time comes first");
        assert!(Key::new(Time(7), Turn(1), 9) < Key::new(Time(7), Turn(2), 0), "then turns");
    }

    #[test]
    fn ties_break_by_order_of_scheduling() {
        let mut queue = Queue::default();
        queue.push(Time(5), 'c');
        queue.push(Time(3), 'a');
        queue.push(Time(5), 'd');
        queue.push(Time(3), 'b');
        let order: Vec<char> =
            std::iter::from_fn(|| queue.pop_until(Time::MAX).map(|(_, event)| event)).collect();
        assert_eq!(order, ['a', 'b', 'c', 'd']);
    }

    #[test]
    fn a_turn_that_was_taken_before_comes_before() {
        let mut queue = Queue::default();
        let turn = queue.take_turn();
        queue.push(Time(5), 'b');
        queue.push_in_turn(Time(5), turn, 'a');
        queue.push(Time(4), '0');
        let order: Vec<char> =
            std::iter::from_fn(|| queue.pop_until(Time::MAX).map(|(_, event)| event)).collect();
        assert_eq!(order, ['0', 'a', 'b']);
    }

    #[test]
    fn events_after_the_horizon_stay() {
        let mut queue = Queue::default();
        queue.push(Time(5), ());
        assert!(queue.pop_until(Time(4)).is_none());
        assert_eq!(queue.len(), 1);
        assert!(queue.pop_until(Time(5)).is_some());
        assert!(queue.is_empty());
    }

    #[test]
    fn places_are_used_again() {
        let mut queue = Queue::default();
        for round in 0..1_000 {
            queue.push(Time(round), round);
            queue.push(Time(round), round);
            queue.pop_until(Time::MAX);
            queue.pop_until(Time::MAX);
        }
        assert_eq!(queue.slab.len(), 2);
    }
}
