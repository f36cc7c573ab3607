//! Rafts that are no part of this program: a WebAssembly module, or a process that speaks over pipes. `docs/guest-abi.md` has what
//! they say.

use std::collections::BTreeMap;
#[cfg(feature = "guests")]
use std::{path::Path, rc::Rc};

use serde::Deserialize;

use crate::guest::{BUILT_IN, Configures, Features, Guest, GuestOption, Rule, Setup, is_name};
use crate::guests::framed::{Died, Framed, Process};
use crate::guests::frames::{ABI, OwnSetup, input, output};
#[cfg(feature = "guests")]
use crate::guests::module::{ENGINE, Limits, Module, Profile, Profiled};
use crate::guests::process::Piped;
use crate::ids::NodeId;
use crate::node::{Moment, NodeRng};
use crate::plan::Plan;
use crate::rng::{Rng, Stream};
use crate::sim::run::{Options, Outcome};
use crate::sim::runner::{Runner, run_spoiled};
use crate::wire::{Wire, get_bytes};

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
    keeps: Vec<Rule>,
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

    /// Runs a plan, and says where the fuel went in one of so many steps, at least 1. The outcome is the same as without that.
    ///
    /// # Errors
    ///
    /// A sentence, if it is no module, or has state that cannot be put back.
    #[cfg(feature = "guests")]
    pub fn profile(&self, plan: &Plan, every: u64) -> Result<(Profile, Outcome), String> {
        let Source::Module(module, limits) = &self.source else {
            return Err("a process has no fuel, and so no profile: only a module has".into());
        };
        if let Some(reason) = module.unsaved() {
            return Err(format!("its steps cannot be taken back: {reason}"));
        }
        let profile = Rc::default();
        let make = |setup: &Setup<'_>| {
            let process = Profiled::new(module.start(*limits), Rc::clone(&profile), every);
            Framed::new(OwnSetup::new(setup), Box::new(process))
        };
        let outcome = run_spoiled(plan, &make, Options::default());
        Ok((profile.take(), outcome))
    }

    fn new(source: Source, told: impl FnOnce(&str) -> String) -> Result<Foreign, String> {
        let description = describe(&mut *source.start()?)?;
        let Description { name, version, lacks, configures, keeps, options, .. } = description;
        let guest = Guest { name, lacks, configures, keeps, ..Guest::default() };
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
    if !is_name(name) || name == BUILT_IN {
        return Err(format!(
            "its name is {name:?}, and must be 1 to 64 letters, digits and -_. and not {BUILT_IN}"
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use std::rc::Rc;

    use super::*;
    use crate::guests::export::{Carried, Description, Exported};
    use crate::node::Snapshot;
    use crate::plan::swarm::{Config, draw_with};
    use crate::raft::{Message, Raft};
    use crate::sim::run;
    use crate::sim::run::run_nodes;
    use crate::time::LocalTime;

    std::thread_local! {
        /// Messages by number: a test needs no bytes of theirs, only that they and their snapshots come through.
        static MESSAGES: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
        /// The randomness of the node whose step it is.
        static RNG: RefCell<Option<NodeRng>> = const { RefCell::new(None) };
    }

    impl Carried for Message {
        fn snapshot(&self) -> Option<&Rc<Snapshot>> {
            match self {
                Message::InstallSnapshot { snapshot, .. } => Some(snapshot),
                _ => None,
            }
        }

        fn put(&self, to: &mut Vec<u8>) {
            MESSAGES.with_borrow_mut(|messages| {
                (messages.len() as u32).put(to);
                messages.push(self.clone());
            });
        }

        fn get(mut from: &[u8], carried: Option<Rc<Snapshot>>) -> Option<Message> {
            let number = u32::get(&mut from)? as usize;
            let mut message = MESSAGES.with_borrow(|messages| messages.get(number).cloned())?;
            if let Message::InstallSnapshot { snapshot, .. } = &mut message {
                *snapshot = carried?;
            }
            Some(message)
        }
    }

    fn word() -> u64 {
        RNG.with_borrow_mut(|rng| rng.as_mut().expect("a step is under way").word())
    }

    /// The other side of the frames in this process.
    struct Inside(Exported<Raft>);

    impl Process for Inside {
        fn step(
            &mut self,
            _: Moment,
            rng: &mut NodeRng,
            input: &[u8],
            output: &mut Vec<u8>,
        ) -> Result<(), String> {
            let own = std::mem::replace(rng, NodeRng::outside(|| 0));
            RNG.with_borrow_mut(|place| *place = Some(own));
            self.0.buffer(input.len())[..input.len()].copy_from_slice(input);
            output.extend_from_slice(self.0.step(input.len()));
            *rng = RNG.take().expect("it was put there");
            Ok(())
        }

        fn wakes_at(&self) -> Option<LocalTime> {
            None
        }
    }

    fn framed(plan: &Plan) -> crate::sim::Outcome {
        MESSAGES.take();
        let describe = || Description::new("raft", "1");
        let make = |setup: &Setup<'_>| {
            let guest = Exported::new(|setup: &Setup<'_>| Raft::of(setup), describe, word);
            Framed::new(OwnSetup::new(setup), Box::new(Inside(guest)))
        };
        run_nodes(plan, &make, Options::default())
    }

    #[test]
    fn a_node_behind_frames_does_what_it_does_without() {
        for seed in 0..60 {
            let mut plan = draw_with(seed, &Config::default());
            // No node behind frames is told of these.
            plan.raft.on_write_error = None;
            plan.raft.strict_change = None;
            plan.raft.waits_for_disk = Some(false);
            assert_eq!(framed(&plan), run(&plan), "seed {seed}");
        }
    }
}
