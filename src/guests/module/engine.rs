//! The compiler, set so that a module does the same in every run and on every machine.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use wasmtime::{Cache, CacheConfig, Config, Engine, OperatorCost};

/// The engine and its version. Fuel, and how deep calls may go, depend on it.
pub const ENGINE: &str = "wasmtime 48.0.8";

/// Modules of this size, in bytes, or larger are kept on disk when they are compiled. Less is compiled sooner than it is looked up.
const CACHED_MIN: usize = 256 << 10;

/// How many functions of a backtrace are known.
pub(super) const FRAMES_MAX: usize = 64;

/// What a page of memory costs in fuel when it is added: about the time that it takes to clear it.
const PAGE_FUEL: u8 = 200;

/// What a call into the engine costs at least, which takes longer than an instruction.
const CALL_FUEL: u8 = 40;

/// The engine for a module of so many bytes. There are two in a process: with the cache on disk, and without.
///
/// # Errors
///
/// Says why this machine cannot compile.
pub(super) fn engine_for(size: usize) -> Result<&'static Engine, String> {
    static PLAIN: OnceLock<Result<Engine, String>> = OnceLock::new();
    static CACHED: OnceLock<Result<Engine, String>> = OnceLock::new();
    let engine = if size < CACHED_MIN {
        PLAIN.get_or_init(|| build(None))
    } else {
        CACHED.get_or_init(|| build(cache()))
    };
    engine.as_ref().map_err(Clone::clone)
}

/// The user's own folder for compiled modules. Without one that can be used, modules are compiled in each process.
fn cache() -> Option<Cache> {
    Cache::new(CacheConfig::new()).ok()
}

/// Memory is mapped anew for each instance. A pool of memories would save about 15 us of each life, and fail when it is used up.
fn build(cache: Option<Cache>) -> Result<Engine, String> {
    let mut config = Config::new();
    config
        .cache(cache)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .consume_fuel(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES_MAX))
        .operator_cost(costs())
        // One memory of 32 bits is what WASI has, and all that is saved and restored.
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_custom_page_sizes(false);
    Engine::new(&config).map_err(|error| format!("WebAssembly does not run here: {error:#}"))
}

/// One for an instruction, and one for each byte of those that copy. What one instruction can make the engine do costs as much more.
fn costs() -> OperatorCost {
    let mut costs = OperatorCost::new();
    costs.variable.memory_grow_per_page = PAGE_FUEL;
    for cost in [
        &mut costs.MemoryGrow,
        &mut costs.MemoryFill,
        &mut costs.MemoryCopy,
        &mut costs.MemoryInit,
        &mut costs.TableGrow,
        &mut costs.TableFill,
        &mut costs.TableCopy,
        &mut costs.TableInit,
    ] {
        *cost = CALL_FUEL;
    }
    costs
}
