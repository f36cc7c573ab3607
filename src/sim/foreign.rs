//! Rafts that are no part of this program: a WebAssembly module, or a process that speaks over pipes. `docs/guest-abi.md` has what they say.

use std::collections::BTreeMap;
#[cfg(feature = "guests")]
use std::path::Path;

use serde::Deserialize;

use crate::guest::{BUILT_IN, Configures, Features, Guest, GuestOption, Setup};
use crate::guests::framed::{Died, Framed, Process};
use crate::guests::frames::{ABI, OwnSetup, input, output};
#[cfg(feature = "guests")]
use crate::guests::module::{ENGINE, Limits, Module};
use crate::guests::process::Piped;
use crate::ids::NodeId;
use crate::node::{Moment, NodeRng};
use crate::plan::Plan;
use crate::rng::{Rng, Stream};
use crate::sim::run::{Options, Outcome};
use crate::sim::runner::{Runner, run_spoiled};
use crate::wire::{Wire, get_bytes};

/// How long the name of a guest may be.
const NAME_BYTES_MAX: usize = 64;

/// What a guest says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    abi: String,
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    lacks: Features,
    #[serde(default)]
    configures: Configures,
    #[serde(default)]
    options: BTreeMap<String, Vec<String>>,
}

/// A Raft whose code is a program of its own.
pub struct Foreign {
    guest: Guest,
    /// Its own options. Random plans draw those that have values to draw from.
    takes: Vec<GuestOption>,
    source: Source,
    /// The same in words.
    code: String,
}

/// Where the code of its nodes is.
enum Source {
    /// A command that starts a process.
    Command(String),
    #[cfg(feature = "guests")]
    Module(Module, Limits),
}

impl Source {
    /// A process for one life of one node.
    fn start(&self) -> Result<Box<dyn Process>, String> {
        match self {
            Source::Command(command) => match Piped::start(command) {
                Ok(process) => Ok(Box::new(process)),
                Err(error) => Err(format!("`{command}` cannot be started: {error}")),
            },
            #[cfg(feature = "guests")]
            Source::Module(module, limits) => Ok(Box::new(module.start(*limits))),
        }
    }
}

impl Foreign {
    /// A Raft whose nodes are processes, each started by this command.
    ///
    /// # Errors
    ///
    /// A sentence, if no such process can be started, or it does not say what it is.
    pub fn command(command: &str) -> Result<Foreign, String> {
        let source = Source::Command(command.into());
        Foreign::new(source, |version| format!("{command} ({version})"))
            .map_err(|why| format!("{command}: {why}"))
    }

    /// A Raft whose nodes are instances of the module in a file.
    ///
    /// # Errors
    ///
    /// A sentence, if it is no such module, or does not say what it is.
    #[cfg(feature = "guests")]
    pub fn module(path: &Path, limits: Limits) -> Result<Foreign, String> {
        let module = Module::load(path)?;
        let (hash, fuel) = (module.hash(), limits.fuel);
        let told = |version: &str| format!("{version}, module {hash:032x}, {ENGINE}, fuel {fuel}");
        Foreign::new(Source::Module(module, limits), told)
            .map_err(|why| format!("{}: {why}", path.display()))
    }

    fn new(source: Source, told: impl FnOnce(&str) -> String) -> Result<Foreign, String> {
        let description = describe(&mut *source.start()?)?;
        let Description { name, version, lacks, configures, options, .. } = description;
        let guest = Guest { name, lacks, configures, ..Guest::default() };
        let drawn = |(name, values)| GuestOption { name, values, drawn: true };
        let takes = options.into_iter().map(drawn).collect();
        Ok(Foreign { guest, takes, source, code: told(&version) })
    }
}

/// Asks a process what it is, and checks that.
fn describe(process: &mut dyn Process) -> Result<Description, String> {
    let mut question = vec![0; 16];
    input::DESCRIBE.put(&mut question);
    let mut answer = Vec::new();
    let mut rng = NodeRng::new(Rng::new(0, Stream::Node(NodeId::new(1))), vec![], vec![], vec![]);
    process.step(Moment::default(), &mut rng, &question, &mut answer)?;
    let mut rest = answer.as_slice();
    let text = u8::get(&mut rest).filter(|kind| *kind == output::DESCRIPTION);
    let text = text.and_then(|_| get_bytes(&mut rest)).filter(|_| rest.is_empty());
    let text =
        text.ok_or("it does not answer the input `describe` with one record `description`")?;
    let description: Description = serde_json::from_slice(text)
        .map_err(|error| format!("its description is not as it should be: {error}"))?;
    let Description { abi, name, .. } = &description;
    if abi != ABI {
        return Err(format!("it speaks {abi}, and squall {ABI}"));
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_plain);
    if !is_name || name == BUILT_IN {
        return Err(format!(
            "its name is {name:?}, and must be 1 to {NAME_BYTES_MAX} letters, digits and -_. and not {BUILT_IN}"
        ));
    }
    Ok(description)
}

impl Runner for Foreign {
    fn guest(&self) -> &Guest {
        &self.guest
    }

    fn run(&self, plan: &Plan, options: Options<'_>) -> Outcome {
        let make = |setup: &Setup<'_>| match self.source.start() {
            Ok(process) => Framed::new(OwnSetup::new(setup), process),
            Err(why) => std::panic::panic_any(Died(why)),
        };
        run_spoiled(plan, &make, options)
    }

    fn code(&self) -> Option<&str> {
        Some(&self.code)
    }

    fn guest_options(&self) -> &[GuestOption] {
        &self.takes
    }
}
