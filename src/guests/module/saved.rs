//! The whole state of an instance between two steps, page by page, and how it is put back.
//!
//! No code of the guest is on the stack between steps, so memory and mutable globals are all that there is: stacks of goroutines, heap,
//! timers and queues lie in memory.

use std::sync::Arc;

use wasmtime::{Result, Val};

use super::died::Refusal;
use super::instance::Instance;

/// How many bytes are compared, kept and shared as one.
const PAGE: usize = 4_096;

static ZEROS: [u8; PAGE] = [0; PAGE];

/// The state of an instance. Copies share their pages, and so does one that was saved since another.
#[derive(Clone, Debug)]
pub struct Saved {
    module: u128,
    /// None before the first step.
    state: Option<State>,
}

#[derive(Clone, Debug)]
struct State {
    /// All of memory; none for a page of zeros.
    pages: Vec<Option<Arc<[u8]>>>,
    globals: Vec<Bits>,
}

/// The value of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bits {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
}

impl Saved {
    /// How many pages of 4 KiB it has that are not zero.
    pub fn pages(&self) -> usize {
        self.each_page().count()
    }

    /// How many of these it does not share with the other.
    pub fn pages_beside(&self, other: &Saved) -> usize {
        let pages = self.state.as_ref().map_or(&[][..], |state| &state.pages);
        let others = other.state.as_ref().map_or(&[][..], |state| &state.pages);
        let shared = pages.iter().zip(others).filter(|(page, other)| match (page, other) {
            (Some(page), Some(other)) => Arc::ptr_eq(page, other),
            _ => false,
        });
        self.pages() - shared.count()
    }

    fn each_page(&self) -> impl Iterator<Item = &Arc<[u8]>> {
        self.state.iter().flat_map(|state| state.pages.iter().flatten())
    }
}

/// Two are equal if the guest would go on alike.
impl PartialEq for Saved {
    fn eq(&self, other: &Saved) -> bool {
        let same = |one: &State, two: &State| {
            one.globals == two.globals
                && one.pages.len() == two.pages.len()
                && one.pages.iter().zip(&two.pages).all(|(one, two)| match (one, two) {
                    (Some(one), Some(two)) => Arc::ptr_eq(one, two) || one == two,
                    (one, two) => one.is_none() && two.is_none(),
                })
        };
        self.module == other.module
            && match (&self.state, &other.state) {
                (Some(one), Some(two)) => same(one, two),
                (one, two) => one.is_none() && two.is_none(),
            }
    }
}

impl Instance {
    /// Saves all of the guest's state. Pages that are as they were in `since` are shared with it. Neither the node's randomness nor its
    /// clocks are part of it: they are the caller's.
    ///
    /// # Errors
    ///
    /// If the guest is dead, or has state of another kind: [`Module::unsaved`](super::Module::unsaved).
    pub fn save(&mut self, since: Option<&Saved>) -> Result<Saved, String> {
        if let Some(reason) = self.module.unsaved() {
            return Err(format!("it cannot be saved: {reason}"));
        }
        if self.dead {
            return Err("it cannot be saved: it is dead".to_owned());
        }
        let module = self.module.hash();
        let Some(doors) = &self.doors else { return Ok(Saved { module, state: None }) };
        let old = since.and_then(|saved| saved.state.as_ref());
        let memory = doors.memory.data(&self.store).chunks(PAGE);
        let pages = memory.enumerate().map(|(place, page)| {
            let old = old.and_then(|old| old.pages.get(place)).and_then(Option::as_ref);
            match old {
                Some(old) if **old == *page => Some(Arc::clone(old)),
                _ if *page == ZEROS[..page.len()] => None,
                _ => Some(Arc::from(page)),
            }
        });
        let pages = pages.collect();
        let mut globals = Vec::new();
        for global in &doors.globals {
            globals.push(match global.get(&mut self.store) {
                Val::I32(bits) => Bits::I32(bits),
                Val::I64(bits) => Bits::I64(bits),
                Val::F32(bits) => Bits::F32(bits),
                Val::F64(bits) => Bits::F64(bits),
                Val::V128(bits) => Bits::V128(bits.as_u128()),
                _ => return Err("it cannot be saved: a global is a reference".to_owned()),
            });
        }
        Ok(Saved { module, state: Some(State { pages, globals }) })
    }

    /// Puts a saved state back, into this instance or another one of the same module, dead or alive. It goes on as it did then, bit for bit,
    /// as long as its limits are the same.
    ///
    /// # Errors
    ///
    /// If the state is of another module, or there is no memory for it.
    pub fn restore(&mut self, saved: &Saved) -> Result<(), String> {
        if saved.module != self.module.hash() {
            return Err("the state is that of another module".to_owned());
        }
        let Some(state) = &saved.state else {
            self.reset();
            return Ok(());
        };
        let size = state.pages.len() * PAGE;
        // Memory does not shrink, and a guest may ask how large it is.
        if self.memory_size() > size {
            self.reset();
        }
        self.put_back(state, size).map_err(|error| {
            self.dead = true;
            format!("the state cannot be put back: {error:#}")
        })
    }

    fn put_back(&mut self, state: &State, size: usize) -> Result<()> {
        self.open()?;
        let Instance { store, doors: Some(doors), .. } = self else {
            return Err(Refusal("it was not started".to_owned()).into());
        };
        let more = size.saturating_sub(doors.memory.data_size(&*store)) as u64;
        if more > 0 {
            let pages = more / doors.memory.page_size(&*store);
            doors.memory.grow(&mut *store, pages)?;
        }
        let memory = doors.memory.data_mut(&mut *store);
        for (page, saved) in memory.chunks_mut(PAGE).zip(&state.pages) {
            let saved = saved.as_ref().map_or(&ZEROS[..page.len()], |saved| saved);
            // Reading is cheaper: a page that nobody writes stays shared with the module's own.
            if *page != *saved {
                page.copy_from_slice(saved);
            }
        }
        for (global, bits) in doors.globals.iter().zip(&state.globals) {
            let value = match *bits {
                Bits::I32(bits) => Val::I32(bits),
                Bits::I64(bits) => Val::I64(bits),
                Bits::F32(bits) => Val::F32(bits),
                Bits::F64(bits) => Val::F64(bits),
                Bits::V128(bits) => Val::V128(bits.into()),
            };
            global.set(&mut *store, value)?;
        }
        store.data_mut().booted = true;
        self.dead = false;
        Ok(())
    }
}
