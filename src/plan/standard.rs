//! Standard plans, which speed is measured with.

use crate::named::words;
use crate::plan::fault::{Crash, Direction, Isolate, Unsynced};
use crate::plan::{Action, Fault, Latency, Plan, Profile, Target, When};
use crate::time::{Share, Span};

words! {
    /// What a standard plan has the cluster do.
    pub enum Load {
        /// Nothing but heartbeats, for 10,000 seconds.
        Idle,
        /// It serves sixteen busy clients for a minute.
        Loaded,
        /// The same, while messages are lost and doubled, and nodes crash and are cut off.
        Stormy,
    }
}

/// The standard plan of a load, for a cluster of so many nodes, from 1 to 25.
#[must_use]
pub fn plan(load: Load, nodes: u8) -> Plan {
    let mut plan = Plan { title: format!("{}, {nodes} nodes", load.name()), ..Plan::default() };
    plan.cluster.nodes = nodes;
    plan.events_max = u64::MAX >> 1;
    if load == Load::Idle {
        plan.cluster.profile = Profile::Etcd;
        plan.clients.count = 0;
        plan.horizon = Span::secs(10_000);
        return plan;
    }
    plan.clients.count = 16;
    plan.clients.think = Latency::Uniform(Span::millis(1), Span::millis(5));
    plan.horizon = Span::secs(60);
    if load == Load::Stormy {
        plan.network.loss = Share::percent(1);
        plan.network.duplicate = Share::percent(1);
        plan.faults = storm(plan.horizon);
    }
    plan
}

/// Crashes and isolations of leaders and followers in turn, one every 500 ms.
fn storm(horizon: Span) -> Vec<Fault> {
    let count = horizon.0 / Span::millis(500).0;
    (2..count)
        .map(|place| {
            let target = if place % 2 == 0 { Target::Leader } else { Target::Anyone };
            let action = match place % 3 {
                0 => Action::Isolate(Isolate { direction: Direction::Both, clients: false }),
                _ => Crash::with(Unsynced::Torn),
            };
            let when = When::At(Span::millis(500).times(place));
            Fault::new(when, action).striking(target).lasting(Span::millis(400))
        })
        .collect()
}

/// The plan for long runs: a small load, so that the longest run fits in memory.
#[must_use]
pub fn long(seconds: u64) -> Plan {
    let mut plan = plan(Load::Loaded, 5);
    plan.title = format!("{seconds} s");
    plan.horizon = Span::secs(seconds);
    plan.clients.count = 4;
    plan.clients.think = Latency::Uniform(Span::millis(50), Span::millis(150));
    plan.network.loss = Share::percent(1);
    plan
}
