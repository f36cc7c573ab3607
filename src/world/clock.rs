//! A node's own clock: it may be off, run fast or slow, and jump.

use crate::plan::DRIFT_PPM_MAX;
use crate::time::{LocalTime, Shift, Span, Time};

/// What a clock shows at the start of the simulation, so that it may be set back without running below zero.
const EPOCH: LocalTime = LocalTime(30 * 24 * 3_600 * 1_000_000_000);

/// A clock: a straight line from true time to local time, until it is set or its rate changes.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    since: Time,
    local: LocalTime,
    pub jumped: Shift,
    pub drift_ppm: i32,
    /// Whether it stands still.
    stands: bool,
}

impl Clock {
    /// A clock that is off by `offset` and runs fast by `drift_ppm`.
    pub fn new(offset: Shift, drift_ppm: i32) -> Clock {
        debug_assert!(drift_ppm.abs() <= DRIFT_PPM_MAX);
        Clock {
            since: Time::ZERO,
            local: shift(EPOCH, offset),
            jumped: Shift(0),
            drift_ppm,
            stands: false,
        }
    }

    /// What the clock shows at a true time, not before it was last set.
    pub fn local(&self, now: Time) -> LocalTime {
        if self.stands {
            return self.local;
        }
        let elapsed = now.since(self.since).0;
        if self.drift_ppm == 0 {
            return self.local.plus(Span(elapsed));
        }
        let rate = (1_000_000 + i128::from(self.drift_ppm)) as u128;
        self.local.plus(Span((u128::from(elapsed) * rate / 1_000_000) as u64))
    }

    /// The first true time at which the clock shows `local` or more, if it is not set meanwhile, and does not stand still.
    pub fn when(&self, local: LocalTime) -> Time {
        let ahead = local.0.saturating_sub(self.local.0);
        if self.drift_ppm == 0 {
            return self.since.plus(Span(ahead));
        }
        let rate = (1_000_000 + i128::from(self.drift_ppm)) as u128;
        let elapsed = (u128::from(ahead) * 1_000_000).div_ceil(rate);
        self.since.plus(Span(u64::try_from(elapsed).unwrap_or(u64::MAX)))
    }

    /// Stands still from now on.
    pub fn stop(&mut self, now: Time) {
        (self.local, self.since, self.stands) = (self.local(now), now, true);
    }

    /// Goes on from where it stood still.
    pub fn go_on(&mut self, now: Time) {
        if self.stands {
            (self.since, self.stands) = (now, false);
        }
    }

    pub fn jump(&mut self, now: Time, by: Shift) {
        let before = self.local(now);
        self.local = shift(before, by);
        self.since = now;
        // By as much as it really was set: a clock stops at its ends.
        self.jumped.0 += (i128::from(self.local.0) - i128::from(before.0)) as i64;
    }

    pub fn set_drift(&mut self, now: Time, drift_ppm: i32) {
        debug_assert!(drift_ppm.abs() <= DRIFT_PPM_MAX);
        self.local = self.local(now);
        self.since = now;
        self.drift_ppm = drift_ppm;
    }
}

fn shift(local: LocalTime, by: Shift) -> LocalTime {
    LocalTime(local.0.saturating_add_signed(by.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A timer never fires before its time, and never a nanosecond later than it must.
        #[test]
        fn when_is_the_first_moment(
            drift in -DRIFT_PPM_MAX..=DRIFT_PPM_MAX,
            offset in -1_000_000_000_i64..1_000_000_000,
            ahead in 0_u64..10_000_000_000,
        ) {
            let clock = Clock::new(Shift(offset), drift);
            let local = clock.local(Time::ZERO).plus(Span(ahead));
            let when = clock.when(local);
            prop_assert!(clock.local(when) >= local);
            prop_assert!(when == Time::ZERO || clock.local(Time(when.0 - 1)) < local);
        }
    }

    #[test]
    fn a_clock_runs_on_from_where_it_was_set() {
        let mut clock = Clock::new(Shift(0), 0);
        let start = clock.local(Time::ZERO);
        clock.jump(Time(100), Shift(-50));
        assert_eq!(clock.local(Time(100)), start.plus(Span(50)));
        clock.set_drift(Time(100), 500_000);
        assert_eq!(clock.local(Time(300)), start.plus(Span(350)));
    }

    #[test]
    fn a_clock_that_stood_still_goes_on_where_it_was() {
        let mut clock = Clock::new(Shift(0), 0);
        let start = clock.local(Time::ZERO);
        clock.stop(Time(100));
        assert_eq!(clock.local(Time(900)), start.plus(Span(100)));
        clock.jump(Time(900), Shift(50));
        clock.go_on(Time(1_000));
        clock.go_on(Time(1_005));
        assert_eq!(clock.local(Time(1_010)), start.plus(Span(160)));
        assert_eq!(clock.when(start.plus(Span(170))), Time(1_020));
    }
}
