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

/// When an event comes, and its place in the slab.
#[derive(Clone, Copy, Debug)]
struct Key {
    time: Time,
    turn: Turn,
    place: u32,
}

impl Key {
    /// One number, so that one comparison orders two keys.
    fn order(&self) -> u128 {
        u128::from(self.time.0) << 64 | u128::from(self.turn.0)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }

    fn lt(&self, other: &Key) -> bool {
        self.order() < other.order()
    }

    fn le(&self, other: &Key) -> bool {
        self.order() <= other.order()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Key {}

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
    pub fn take_turn(&mut self) -> Turn {
        self.sequence += 1;
        Turn(self.sequence)
    }

    /// Schedules an event in a turn that was taken before. O(log n).
    pub fn push_in_turn(&mut self, time: Time, turn: Turn, event: E) {
        let place = match self.free.pop() {
            Some(place) => {
                self.slab[place as usize] = Some(event);
                place
            }
            None => {
                self.slab.push(Some(event));
                (self.slab.len() - 1) as u32
            }
        };
        self.heap.push(Reverse(Key { time, turn, place }));
    }

    /// Takes the next event, if it is not after `horizon`. O(log n). In line, so that the event is moved once.
    #[inline(always)]
    pub fn pop_until(&mut self, horizon: Time) -> Option<(Time, E)> {
        if self.heap.peek()?.0.time > horizon {
            return None;
        }
        let Reverse(Key { time, place, .. }) = self.heap.pop()?;
        self.free.push(place);
        let event = self.slab[place as usize].take().expect("a key has its event");
        Some((time, event))
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
