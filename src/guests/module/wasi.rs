//! WASI preview 1 as far as a node needs it, and all of it the simulator's: no files, no sockets, no environment, no time but the node's.

use std::collections::BTreeSet;

use wasmtime::{Caller, Engine, ExternType, FuncType, Linker, Module, Result, Trap, Val};

use super::died::Refusal;
use super::life::Life;
use super::poll;
use super::reach::{EAGAIN, EBADF, EFAULT, EINVAL, ENOSYS, Fault, bytes, get32, place, put};

/// The only module from which a guest imports.
pub(super) const WASI: &str = "wasi_snapshot_preview1";

/// The descriptor from which a guest reads when it has nothing else to do.
pub(super) const IDLE: u32 = 3;

/// What is added to the node's clock, in nanoseconds, to give a date: 14 November 2023.
pub(super) const WALL_DATE: u64 = 1_700_000_000_000_000_000;

/// What is added to the steady clock: some languages take a clock of zero for one that is missing.
pub(super) const STEADY_DATE: u64 = 1_000_000_000;

/// A guest's name for itself: some libraries do not start without one.
const NAME: &[u8] = b"guest\0";

/// What a call costs in fuel, for it takes longer than an instruction.
const CALL_FUEL: u64 = 40;
/// What a word of randomness, a piece of a text or a subscription costs.
const PIECE_FUEL: u64 = 10;
/// How many pieces a text may have.
const PIECES_MAX: u32 = 1_024;

/// Takes fuel for what the engine does for the guest.
fn charge(caller: &mut Caller<'_, Life>, fuel: u64) -> Result<()> {
    let left = caller.get_fuel()?.checked_sub(fuel);
    caller.set_fuel(left.unwrap_or(0))?;
    left.map(drop).ok_or_else(|| Trap::OutOfFuel.into())
}

/// Carries out a call: with the guest's memory and its world, for an errno.
fn call(
    mut caller: Caller<'_, Life>,
    fuel: u64,
    act: impl FnOnce(&mut [u8], &mut Life) -> Result<(), Fault>,
) -> Result<i32> {
    charge(&mut caller, CALL_FUEL.saturating_add(fuel))?;
    if caller.data().memory.is_none() {
        // The module's start function calls before the engine has seen the instance.
        let memory = caller.get_export("memory").and_then(wasmtime::Extern::into_memory);
        caller.data_mut().memory = memory;
    }
    let fault = match caller.data().memory {
        Some(memory) => {
            let (memory, life) = memory.data_and_store_mut(&mut caller);
            act(memory, life).err()
        }
        None => Some(EFAULT),
    };
    match fault {
        None => Ok(0),
        Some(Fault::Errno(number)) => Ok(number),
        Some(Fault::Dies(refusal)) => Err(refusal.into()),
    }
}

/// All imports of a module, joined to what they do.
///
/// # Errors
///
/// Names what the module imports from elsewhere, or otherwise than WASI has it.
pub(super) fn linker(engine: &Engine, module: &Module) -> Result<Linker<Life>, String> {
    let mut linker = Linker::new(engine);
    let failed = |error: wasmtime::Error| format!("its imports cannot be made: {error:#}");
    clocks_and_chance(&mut linker).map_err(failed)?;
    descriptors(&mut linker).map_err(failed)?;
    surroundings(&mut linker).map_err(failed)?;
    let mut others = BTreeSet::new();
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        if from != WASI {
            return Err(format!(
                "it imports `{name}` from `{from}`; a guest imports from `{WASI}` only"
            ));
        }
        let ExternType::Func(kind) = import.ty() else {
            return Err(format!("it imports `{name}` from `{WASI}`, which is no function"));
        };
        // Some compilers import a function twice.
        if !HAD.contains(&name) && others.insert(name.to_owned()) {
            absent(&mut linker, name, kind).map_err(failed)?;
        }
    }
    Ok(linker)
}

/// What [`linker`] defines.
const HAD: [&str; 15] = [
    "args_get",
    "args_sizes_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_prestat_get",
    "fd_read",
    "fd_write",
    "poll_oneoff",
    "proc_exit",
    "random_get",
    "sched_yield",
];

/// A function that may be imported, and fails when it is called.
fn absent(linker: &mut Linker<Life>, name: &str, kind: FuncType) -> Result<()> {
    let words = format!("it called `{name}`, which squall does not have");
    let gives_errno = kind.results().len() == 1 && kind.results().all(|kind| kind.is_i32());
    linker.func_new(WASI, name, kind, move |mut caller, _, results| {
        charge(&mut caller, CALL_FUEL)?;
        match results {
            [errno] if gives_errno => *errno = Val::I32(ENOSYS),
            _ => return Err(Refusal(words.clone()).into()),
        }
        Ok(())
    })?;
    Ok(())
}

fn clocks_and_chance(linker: &mut Linker<Life>) -> Result<()> {
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |caller: Caller<'_, Life>, clock: u32, _: u64, at: u32| {
            call(caller, 0, |memory, life| {
                let time = match clock {
                    0 => life.moment.now.0.wrapping_add(WALL_DATE),
                    1 => life.moment.steady.0.wrapping_add(STEADY_DATE),
                    _ => return Err(EINVAL),
                };
                put(memory, at, &time.to_le_bytes())
            })
        },
    )?;
    linker.func_wrap(WASI, "random_get", |caller: Caller<'_, Life>, at: u32, len: u32| {
        let fuel = u64::from(len / 8).saturating_mul(PIECE_FUEL);
        call(caller, fuel, |memory, life| {
            for chunk in bytes(memory, at, len)?.chunks_mut(8) {
                let word = life.word()?.to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
            }
            Ok(())
        })
    })?;
    linker.func_wrap(
        WASI,
        "poll_oneoff",
        |caller: Caller<'_, Life>, from: u32, events: u32, count: u32, told: u32| {
            let fuel = u64::from(count).saturating_mul(PIECE_FUEL);
            call(caller, fuel, |memory, life| poll::poll(memory, life, (from, events), count, told))
        },
    )?;
    linker.func_wrap(WASI, "sched_yield", |caller: Caller<'_, Life>| {
        call(caller, 0, |_, _| Ok(()))
    })?;
    Ok(())
}

fn descriptors(linker: &mut Linker<Life>) -> Result<()> {
    linker.func_wrap(
        WASI,
        "fd_write",
        |caller: Caller<'_, Life>, descriptor: u32, list: u32, count: u32, told: u32| {
            let fuel = u64::from(count).saturating_mul(PIECE_FUEL);
            call(caller, fuel, |memory, life| write(memory, life, descriptor, (list, count), told))
        },
    )?;
    linker.func_wrap(
        WASI,
        "fd_read",
        |caller: Caller<'_, Life>, descriptor: u32, list: u32, count: u32, told: u32| {
            call(caller, 0, |memory, life| read(memory, life, descriptor, (list, count), told))
        },
    )?;
    linker.func_wrap(
        WASI,
        "fd_fdstat_get",
        |caller: Caller<'_, Life>, descriptor: u32, at: u32| {
            call(caller, 0, |memory, _| {
                // A device for characters; or a socket, which does not block.
                let (kind, flags) = match descriptor {
                    0..=2 => (2, 0),
                    IDLE => (6, 4),
                    _ => return Err(EBADF),
                };
                let mut stat = [0; 24];
                (stat[0], stat[2]) = (kind, flags);
                stat[8..].fill(0xFF);
                put(memory, at, &stat)
            })
        },
    )?;
    linker.func_wrap(WASI, "fd_fdstat_set_flags", |caller: Caller<'_, Life>, _: u32, _: u32| {
        call(caller, 0, |_, _| Ok(()))
    })?;
    linker.func_wrap(WASI, "fd_prestat_get", |caller: Caller<'_, Life>, _: u32, _: u32| {
        call(caller, 0, |_, _| Err(EBADF))
    })?;
    linker.func_wrap(WASI, "fd_close", |caller: Caller<'_, Life>, _: u32| {
        call(caller, 0, |_, _| Ok(()))
    })?;
    Ok(())
}

/// What a guest says to people, in pieces. What has no room is lost, and the guest is not told.
fn write(
    memory: &mut [u8],
    life: &mut Life,
    descriptor: u32,
    (list, count): (u32, u32),
    told: u32,
) -> Result<(), Fault> {
    if !(1..=2).contains(&descriptor) {
        return Err(EBADF);
    }
    if count > PIECES_MAX {
        return Err(EINVAL);
    }
    let mut written = 0_u32;
    for number in 0..count {
        let piece = place(list, number, 8)?;
        let (at, len) = (get32(memory, piece)?, get32(memory, place(piece, 4, 1)?)?);
        life.note(bytes(memory, at, len)?);
        written = written.checked_add(len).ok_or(EINVAL)?;
    }
    put(memory, told, &written.to_le_bytes())
}

/// One byte from the idle descriptor, once all have waited for it.
fn read(
    memory: &mut [u8],
    life: &mut Life,
    descriptor: u32,
    (list, count): (u32, u32),
    told: u32,
) -> Result<(), Fault> {
    if descriptor != IDLE {
        return Err(EBADF);
    }
    if !life.idle {
        return Err(EAGAIN);
    }
    let at = get32(memory, list)?;
    if count == 0 || get32(memory, place(list, 4, 1)?)? == 0 {
        return Err(EINVAL);
    }
    put(memory, at, &[1])?;
    put(memory, told, &1_u32.to_le_bytes())?;
    life.idle = false;
    Ok(())
}

/// What a process is told of itself: its name, and no variables.
fn surroundings(linker: &mut Linker<Life>) -> Result<()> {
    linker.func_wrap(WASI, "proc_exit", |code: u32| -> Result<()> {
        Err(Refusal(format!("it exited with code {code}")).into())
    })?;
    linker.func_wrap(
        WASI,
        "args_sizes_get",
        |caller: Caller<'_, Life>, count: u32, size: u32| {
            call(caller, 0, |memory, _| {
                put(memory, count, &1_u32.to_le_bytes())?;
                put(memory, size, &[NAME.len() as u8, 0, 0, 0])
            })
        },
    )?;
    linker.func_wrap(WASI, "args_get", |caller: Caller<'_, Life>, list: u32, text: u32| {
        call(caller, 0, |memory, _| {
            put(memory, list, &text.to_le_bytes())?;
            put(memory, text, NAME)
        })
    })?;
    linker.func_wrap(
        WASI,
        "environ_sizes_get",
        |caller: Caller<'_, Life>, count: u32, size: u32| {
            call(caller, 0, |memory, _| {
                put(memory, count, &0_u32.to_le_bytes())?;
                put(memory, size, &0_u32.to_le_bytes())
            })
        },
    )?;
    linker.func_wrap(WASI, "environ_get", |caller: Caller<'_, Life>, _: u32, _: u32| {
        call(caller, 0, |_, _| Ok(()))
    })?;
    Ok(())
}
