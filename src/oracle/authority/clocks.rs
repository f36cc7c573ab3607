//! What the clocks of nodes show, by the plan and by records of what became of them.

use crate::ids::NodeId;
use crate::plan::Plan;
use crate::time::{LocalTime, Shift, Time};
use crate::world::clock::Clock;

/// The clocks of all nodes.
#[derive(Debug)]
pub struct Clocks(Vec<Clock>);

impl Clocks {
    /// As they are at the start.
    pub fn new(plan: &Plan) -> Clocks {
        let clock = |id| {
            let options = plan.node(id);
            options.map_or_else(
                || Clock::new(Shift(0), 0),
                |it| Clock::new(it.clock_offset, it.clock_drift_ppm),
            )
        };
        Clocks(plan.node_ids().map(clock).collect())
    }

    /// A machine is suspended, with its clock.
    pub fn stop(&mut self, id: NodeId, now: Time) {
        self.0[id.slot()].stop(now);
    }

    /// A machine is suspended no more.
    pub fn go_on(&mut self, id: NodeId, now: Time) {
        self.0[id.slot()].go_on(now);
    }

    /// A clock was set at a time, from one local time to another, or runs at another rate from then on.
    pub fn set(
        &mut self,
        id: NodeId,
        now: Time,
        (before, after): (LocalTime, LocalTime),
        drift_ppm: Option<i32>,
    ) {
        let clock = &mut self.0[id.slot()];
        debug_assert_eq!(clock.local(now), before, "the clock of {id} is known");
        clock.jump(now, Shift(after.0.wrapping_sub(before.0).cast_signed()));
        if let Some(drift_ppm) = drift_ppm {
            clock.set_drift(now, drift_ppm);
        }
    }

    /// What the clock of a node shows that may be set.
    pub fn local(&self, id: NodeId, now: Time) -> LocalTime {
        self.0[id.slot()].local(now)
    }

    /// What its clock shows that nobody sets.
    pub fn steady(&self, id: NodeId, now: Time) -> LocalTime {
        let clock = &self.0[id.slot()];
        LocalTime(clock.local(now).0.wrapping_add_signed(clock.jumped.0.wrapping_neg()))
    }
}
