//! One life of one node: inputs in, outputs out, until it dies.

use std::fmt;

use wasmtime::{Global, Memory, Result, Store, TypedFunc};

use super::died::{Died, Refusal};
use super::form::global_name;
use super::life::Life;
use super::{Limits, Module};
use crate::guests::framed::Process;
use crate::node::{Moment, NodeRng};
use crate::time::LocalTime;

/// An instance of a module. It stays in one thread, as nodes do.
pub struct Instance {
    pub(super) module: Module,
    limits: Limits,
    pub(super) store: Store<Life>,
    /// None before the first step.
    pub(super) doors: Option<Doors>,
    pub(super) dead: bool,
    fuel_used: u64,
}

/// How the instance is reached.
pub(super) struct Doors {
    pub memory: Memory,
    /// All mutable globals, in the order of the module.
    pub globals: Vec<Global>,
    buf: TypedFunc<u32, u32>,
    step: TypedFunc<u32, u64>,
    initialize: Option<TypedFunc<(), ()>>,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").field("module", &self.module).finish_non_exhaustive()
    }
}

impl Instance {
    pub(super) fn new(module: Module, limits: Limits) -> Instance {
        let store = store(&module, limits);
        Instance { module, limits, store, doors: None, dead: false, fuel_used: 0 }
    }

    /// Forgets all that was, as if the instance were new.
    pub(super) fn reset(&mut self) {
        self.store = store(&self.module, self.limits);
        self.doors = None;
        self.dead = false;
    }

    /// Takes one input and gives its output, which replaces what is in `out`. The guest's clocks show this moment; its randomness is
    /// drawn from `rng`, a word for each 8 bytes that it asks for, in its order. The first step sets the guest up before.
    ///
    /// # Errors
    ///
    /// If the guest's process ended. All later steps say so, too, until the instance is restored.
    pub fn step(
        &mut self,
        moment: Moment,
        rng: &mut NodeRng,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Died> {
        out.clear();
        self.fuel_used = 0;
        if self.dead {
            return Err(Died::plain("it is dead"));
        }
        // Only here may a step of the guest change something, so only here is the stand-in away.
        self.store.data_mut().begin(moment);
        self.store.data_mut().lend(rng);
        let result = self.run(input, out);
        self.store.data_mut().lend(rng);
        let left = self.store.get_fuel().unwrap_or(0);
        self.fuel_used = self.limits.fuel.saturating_sub(left);
        result.map_err(|error| {
            self.dead = true;
            Died::of(&error, self.store.data())
        })
    }

    fn run(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.open()?;
        let Instance { store, doors: Some(doors), .. } = self else {
            return Err(Refusal("it was not started".to_owned()).into());
        };
        if !store.data().booted {
            if let Some(initialize) = &doors.initialize {
                initialize.call(&mut *store, ())?;
            }
            store.data_mut().booted = true;
        }
        let len = u32::try_from(input.len())
            .map_err(|_| Refusal("its input is longer than 4 GiB".to_owned()))?;
        // Some guests have no place for nothing.
        let place = doors.buf.call(&mut *store, len.max(1))?;
        let memory = doors.memory.data_mut(&mut *store);
        range(memory.len(), place, len)
            .and_then(|range| memory.get_mut(range))
            .ok_or_else(|| outside("the place for its input", place, len))?
            .copy_from_slice(input);
        let given = doors.step.call(&mut *store, len)?;
        let (place, len) = ((given >> 32) as u32, given as u32);
        let max = self.limits.output;
        if len > max {
            return Err(Refusal(format!(
                "its output has {len} bytes, more than the limit of {max}"
            ))
            .into());
        }
        let memory = doors.memory.data(&*store);
        let output = range(memory.len(), place, len)
            .and_then(|range| memory.get(range))
            .ok_or_else(|| outside("its output", place, len))?;
        out.extend_from_slice(output);
        Ok(())
    }

    /// Makes the instance, if there is none yet. Fuel is as for a step.
    pub(super) fn open(&mut self) -> Result<()> {
        self.store.set_fuel(self.limits.fuel)?;
        if self.doors.is_some() {
            return Ok(());
        }
        let store = &mut self.store;
        let instance = self.module.shared.pre.instantiate(&mut *store)?;
        let missing = |name: &str| Refusal(format!("it exports no `{name}`"));
        let memory = instance.get_memory(&mut *store, "memory").ok_or_else(|| missing("memory"))?;
        store.data_mut().memory = Some(memory);
        let mut globals = Vec::new();
        for place in 0..self.module.shared.globals {
            let name = global_name(place);
            let global = instance.get_global(&mut *store, &name).ok_or_else(|| missing(&name))?;
            globals.push(global);
        }
        let initialize = instance.get_func(&mut *store, "_initialize");
        let initialize = initialize.map(|function| function.typed(&*store)).transpose()?;
        self.doors = Some(Doors {
            memory,
            globals,
            buf: instance.get_typed_func(&mut *store, "buf")?,
            step: instance.get_typed_func(&mut *store, "step")?,
            initialize,
        });
        Ok(())
    }

    /// When the guest wants to be called again, by the node's steady clock: the first timer of those for which its threads waited in the
    /// last step. None if it has none, or no threads of its own.
    pub fn wake(&self) -> Option<LocalTime> {
        self.store.data().wake
    }

    /// What the guest said in the last step on descriptors 1 and 2, at most 64 KiB.
    pub fn notes(&self) -> &[u8] {
        self.store.data().notes()
    }

    /// How much fuel the last step used.
    pub fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// What the instance may use.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The module of which it is an instance.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Changes how much fuel a step has, from the next one on.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.limits.fuel = fuel;
    }

    /// The size of its memory in bytes; 0 before the first step.
    pub fn memory_size(&self) -> usize {
        self.doors.as_ref().map_or(0, |doors| doors.memory.data_size(&self.store))
    }
}

fn store(module: &Module, limits: Limits) -> Store<Life> {
    let mut store = Store::new(module.shared.pre.module().engine(), Life::new(&limits));
    store.limiter(|life| life);
    store
}

/// The bytes of a memory of this size that the guest names, if they are its.
fn range(size: usize, place: u32, len: u32) -> Option<std::ops::Range<usize>> {
    let (place, len) = (place as usize, len as usize);
    let end = place.checked_add(len)?;
    (end <= size).then_some(place..end)
}

fn outside(what: &str, place: u32, len: u32) -> Refusal {
    Refusal(format!("{what} lies outside of its memory: {len} bytes from {place} on"))
}

impl Process for Instance {
    fn step(
        &mut self,
        moment: Moment,
        rng: &mut NodeRng,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        Instance::step(self, moment, rng, input, output).map_err(|died| died.to_string())
    }

    fn wakes_at(&self) -> Option<LocalTime> {
        self.wake()
    }
}
