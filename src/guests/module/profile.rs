//! Where a guest's fuel goes. A step is begun again and again from the same saved state, each time with a little more fuel, and where the
//! fuel ends the guest's backtrace says what ran. No clock is looked at, so a profile of the same run is the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::instance::Instance;
use crate::guests::framed::Process;
use crate::node::{Moment, NodeRng};
use crate::time::LocalTime;

/// How often one step is cut.
const CUTS: u64 = 20;

/// The fuel that went into a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// While it ran itself.
    pub own: u64,
    /// While it ran, or what it called.
    pub total: u64,
}

/// The fuel that went into each function, by its name, in the steps that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The functions.
    pub functions: BTreeMap<String, Spent>,
    /// The fuel of all steps that were looked at.
    pub fuel: u64,
    /// How many these were.
    pub looked_at: u64,
    /// How many steps there were, but for the first of each life, which sets the guest up.
    pub steps: u64,
}

impl Profile {
    /// Whether the next step is to be looked at, where each of so many is.
    fn turn(&mut self, every: u64) -> bool {
        self.steps += 1;
        self.steps.is_multiple_of(every)
    }

    /// Adds the fuel that a cut stands for, with the functions that ran, the innermost first.
    fn add(&mut self, fuel: u64, backtrace: Vec<String>) {
        if let Some(innermost) = backtrace.first() {
            self.functions.entry(innermost.clone()).or_default().own += fuel;
        }
        // One that calls itself counts once.
        for name in BTreeSet::from_iter(backtrace) {
            self.functions.entry(name).or_default().total += fuel;
        }
    }
}

/// An instance that adds to a profile, and does nothing else that another would not.
pub struct Profiled {
    instance: Instance,
    profile: Rc<RefCell<Profile>>,
    every: u64,
    is_set_up: bool,
}

impl Profiled {
    /// Looks at each of so many steps, over all instances that add to the same profile.
    pub fn new(instance: Instance, profile: Rc<RefCell<Profile>>, every: u64) -> Profiled {
        Profiled { instance, profile, every, is_set_up: false }
    }

    /// Looks at a step, and takes it back.
    fn look(&mut self, moment: Moment, rng: &NodeRng, input: &[u8]) -> Result<(), String> {
        let (limits, mut output) = (self.instance.limits(), Vec::new());
        let saved = self.instance.save(None)?;
        let whole = self.instance.step(moment, &mut rng.clone(), input, &mut output);
        let used = self.instance.fuel_used();
        let mut profile = self.profile.borrow_mut();
        if whole.is_ok() {
            profile.fuel += used;
            profile.looked_at += 1;
            for cut in 0..CUTS {
                self.instance.restore(&saved)?;
                self.instance.set_fuel((used * (2 * cut + 1) / (2 * CUTS)).max(1));
                let died = self.instance.step(moment, &mut rng.clone(), input, &mut output);
                profile.add(used / CUTS, died.err().map(|died| died.backtrace).unwrap_or_default());
            }
        }
        self.instance.set_fuel(limits.fuel);
        self.instance.restore(&saved)
    }
}

impl Process for Profiled {
    fn step(
        &mut self,
        moment: Moment,
        rng: &mut NodeRng,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        if std::mem::replace(&mut self.is_set_up, true)
            && self.profile.borrow_mut().turn(self.every)
        {
            self.look(moment, rng, input)?;
        }
        Process::step(&mut self.instance, moment, rng, input, output)
    }

    fn wakes_at(&self) -> Option<LocalTime> {
        self.instance.wake()
    }
}
