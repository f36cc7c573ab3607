//! Guests that are WebAssembly modules: how one is loaded, and how its instances are stepped, saved and restored.
//!
//! What stands in inputs and outputs is not known here. `docs/guest-abi.md` says what a module exports and imports.

mod died;
mod engine;
mod form;
mod instance;
mod life;
mod poll;
mod profile;
mod reach;
mod saved;
mod wasi;

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use wasmtime::{ExternType, InstancePre, ValType};
use xxhash_rust::xxh3::xxh3_128;

pub use died::Died;
pub use engine::ENGINE;
pub use instance::Instance;
pub use profile::{Profile, Profiled, Spent};
pub use saved::Saved;

use life::Life;

/// The largest module that is read, in bytes.
pub const MODULE_MAX: u64 = 64 << 20;

/// How much of what a guest says in one step is kept, in bytes.
pub const NOTES_MAX: usize = 64 << 10;

/// How many words of randomness, of 8 bytes each, a guest may draw in one step.
pub const WORDS_MAX: u32 = 64 << 10;

/// What an instance may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fuel for one step: about one for each instruction, and for each byte that is copied. Setting up before the first step is a part
    /// of that step. At least 1.
    pub fuel: u64,
    /// Memory in bytes, at most 4 GiB.
    pub memory: u64,
    /// The length of an output in bytes.
    pub output: u32,
    /// Entries of a table of functions.
    pub table: u64,
}

impl Limits {
    /// What a guest has if nothing else is asked: 2,000,000,000 fuel, 512 MiB of memory, outputs of 64 MiB, a million entries.
    pub const DEFAULT: Limits =
        Limits { fuel: 2_000_000_000, memory: 512 << 20, output: 64 << 20, table: 1_000_000 };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}

/// A module, compiled. It may be shared among threads; copies are the same module.
#[derive(Clone)]
pub struct Module {
    shared: Arc<Shared>,
}

struct Shared {
    hash: u128,
    size: usize,
    pre: InstancePre<Life>,
    globals: u32,
    unsaved: Option<&'static str>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({:032x}, {} bytes)", self.hash(), self.size())
    }
}

impl Module {
    /// Reads a module from its file, of at most 64 MiB, and compiles it, or finds it compiled in the user's cache.
    ///
    /// # Errors
    ///
    /// Says, with the path, why it cannot be read or is no guest.
    pub fn load(path: &Path) -> Result<Module, String> {
        let said = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MODULE_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| said(&error))?;
        Module::new(&bytes).map_err(|error| said(&error))
    }

    /// Compiles a module.
    ///
    /// # Errors
    ///
    /// Says why it is no guest; the module is the subject: "it exports no function `step`".
    pub fn new(bytes: &[u8]) -> Result<Module, String> {
        look_at_head(bytes)?;
        let invalid = |error: &dyn fmt::Display| format!("it is no valid module: {error}");
        let form = form::read(bytes).map_err(|error| invalid(&error))?;
        let engine = engine::engine_for(bytes.len())?;
        let module = wasmtime::Module::new(engine, &form.bytes)
            .map_err(|error| invalid(&format!("{error:#}")))?;
        look_at_exports(&module)?;
        let pre = wasi::linker(engine, &module)?
            .instantiate_pre(&module)
            .map_err(|error| format!("it imports what WASI has otherwise: {error:#}"))?;
        let shared = Shared {
            hash: xxh3_128(bytes),
            size: bytes.len(),
            pre,
            globals: form.globals,
            unsaved: form.unsaved,
        };
        Ok(Module { shared: Arc::new(shared) })
    }

    /// The XXH3 hash of the module as it was read, 128 bits.
    pub fn hash(&self) -> u128 {
        self.shared.hash
    }

    /// The size of the module as it was read, in bytes.
    pub fn size(&self) -> usize {
        self.shared.size
    }

    /// Why instances of it cannot be saved, if that is so: "its code changes a table of functions".
    pub fn unsaved(&self) -> Option<&'static str> {
        self.shared.unsaved
    }

    /// One life of a node. Its code runs from the first step on.
    pub fn start(&self, limits: Limits) -> Instance {
        Instance::new(self.clone(), limits)
    }
}

fn look_at_head(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() as u64 > MODULE_MAX {
        return Err(format!("it is larger than {} MiB", MODULE_MAX >> 20));
    }
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', _, 0, 1, 0]) => {
            Err("it is a component; a guest is a core module".to_owned())
        }
        _ => Err("it is no WebAssembly module".to_owned()),
    }
}

fn look_at_exports(module: &wasmtime::Module) -> Result<(), String> {
    let command = module.get_export("_start").is_some();
    let missing = |what: &str| {
        let advice = "; it was built as a command: build it as a reactor";
        format!("it exports no {what}{}", if command { advice } else { "" })
    };
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err(missing("memory `memory`"));
    }
    let kind = |types: &mut dyn Iterator<Item = ValType>| -> Vec<String> {
        types.map(|kind| kind.to_string()).collect()
    };
    let functions: [(&str, &[&str], &[&str]); 3] =
        [("buf", &["i32"], &["i32"]), ("step", &["i32"], &["i64"]), ("_initialize", &[], &[])];
    for (name, takes, gives) in functions {
        match module.get_export(name) {
            Some(ExternType::Func(function)) => {
                if kind(&mut function.params()) != takes || kind(&mut function.results()) != gives {
                    return Err(format!(
                        "its function `{name}` must take ({}) and give ({})",
                        takes.join(", "),
                        gives.join(", ")
                    ));
                }
            }
            None if name == "_initialize" => {}
            _ => return Err(missing(&format!("function `{name}`"))),
        }
    }
    Ok(())
}
