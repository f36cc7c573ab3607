//! A node's timers, which go by its own clock.

use crate::breach::Breach;
use crate::ids::NodeId;
use crate::node::{Input, Node, TIMERS_MAX, TimerId};
use crate::record::Kind;
use crate::sim::incoming::Incoming;
use crate::sim::{Event, Sim};
use crate::time::{LocalTime, Shift, Time};

/// The timers that are set, and the wake-up that is scheduled for the earliest.
#[derive(Debug, Default)]
pub struct Timers {
    /// In no order: hardly any node has more than a few. All times are of the clock that may be set.
    set: Vec<(LocalTime, TimerId)>,
    /// The wake-up that is scheduled, and the token that makes others out of date.
    wake_at: Option<Time>,
    token: u32,
}

impl Timers {
    pub fn set(&mut self, timer: TimerId, at: LocalTime) -> Result<(), Breach> {
        debug_assert!(self.set.len() <= TIMERS_MAX);
        match self.place(timer) {
            Some(place) => self.set[place].0 = at,
            None if self.set.len() < TIMERS_MAX => self.set.push((at, timer)),
            None => return Err(Breach::TooManyTimers { timer: timer.0, most: TIMERS_MAX as u32 }),
        }
        Ok(())
    }

    /// The clock was set by so much, and timers that go by the other one are as far away as before.
    pub fn shift_steady(&mut self, by: Shift) {
        for (at, _) in self.set.iter_mut().filter(|(_, timer)| timer.is_steady()) {
            *at = LocalTime(at.0.saturating_add_signed(by.0));
        }
    }

    /// Forgets a timer. Its wake-up is left: it will find nothing due.
    pub fn cancel(&mut self, timer: TimerId) {
        if let Some(place) = self.place(timer) {
            self.set.swap_remove(place);
        }
    }

    /// Forgets all, as at the end of a life.
    pub fn clear(&mut self) {
        self.set.clear();
        self.wake_at = None;
        self.token += 1;
    }

    fn place(&self, timer: TimerId) -> Option<usize> {
        self.set.iter().position(|(_, other)| *other == timer)
    }

    /// The timer that comes first, and when; of two at one time the one with the lower number.
    fn first(&self) -> Option<(LocalTime, TimerId)> {
        self.set.iter().min().copied()
    }
}

impl<N: Node> Sim<'_, '_, N> {
    /// Sees to it that a wake-up comes no later than the first timer. An earlier one is left: it will look again.
    pub(super) fn schedule_wake(&mut self, id: NodeId) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        let Some((local, _)) = host.timers.first() else { return };
        let when = host.clock.when(local).max(now);
        if host.timers.wake_at.is_some_and(|wake_at| wake_at <= when) {
            return;
        }
        host.timers.wake_at = Some(when);
        host.timers.token += 1;
        let what = Incoming::Timer { token: host.timers.token };
        self.queue.push(when, Event::Incoming { node: id, what });
    }

    /// A wake-up: fires the first timer if it is due, or else waits on.
    pub(super) fn wake(&mut self, id: NodeId, token: u32) {
        let now = self.recorder.now;
        let host = &mut self.hosts[id.slot()];
        if host.timers.token != token || !host.is_up() {
            return;
        }
        host.timers.wake_at = None;
        let Some((local, timer)) = host.timers.first() else { return };
        if host.clock.local(now) < local {
            return self.schedule_wake(id);
        }
        host.timers.cancel(timer);
        let late = now.since(host.clock.when(local)).0;
        self.schedule_wake(id);
        self.count_event();
        self.recorder.record(Some(id), Kind::Timer { timer, late });
        self.step(id, Input::TimerFired(timer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_set_anew_and_others_stay() {
        let mut timers = Timers::default();
        let [one, two, three] = [1, 2, 3].map(TimerId);
        for (timer, at) in [(two, 20), (one, 20), (three, 10), (three, 30)] {
            assert_eq!(timers.set(timer, LocalTime(at)), Ok(()));
        }
        assert_eq!(timers.first(), Some((LocalTime(20), one)), "the lower number comes first");
        timers.cancel(one);
        timers.cancel(one);
        assert_eq!(timers.first(), Some((LocalTime(20), two)));
        timers.clear();
        assert_eq!(timers.first(), None);
    }

    #[test]
    fn a_timer_of_the_steady_clock_is_as_far_away_when_the_other_is_set() {
        let mut timers = Timers::default();
        let steady = TimerId(TimerId::STEADY.0 + 1);
        for timer in [TimerId(3), steady] {
            assert_eq!(timers.set(timer, LocalTime(100)), Ok(()));
        }
        timers.shift_steady(Shift(-10));
        assert_eq!(timers.first(), Some((LocalTime(90), steady)));
        timers.shift_steady(Shift(30));
        assert_eq!(timers.first(), Some((LocalTime(100), TimerId(3))));
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let mut timers = Timers::default();
        for timer in 0..TIMERS_MAX as u32 {
            assert_eq!(timers.set(TimerId(timer), LocalTime(1)), Ok(()));
        }
        assert_eq!(timers.set(TimerId(7), LocalTime(2)), Ok(()), "it is set already");
        let most = TIMERS_MAX as u32;
        let breach = Breach::TooManyTimers { timer: 99, most };
        assert_eq!(timers.set(TimerId(99), LocalTime(1)), Err(breach));
    }
}
