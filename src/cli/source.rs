//! Names a run: a scenario, a saved run, a plan in JSON, the folder of a campaign's failure, or a seed; and the Raft that runs it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use serde::de::DeserializeOwned;

use crate::bugs::Bug;
use crate::cli::failure::Failure;
use crate::cli::progress::{LimitArgs, Limited, check_whole};
use crate::closest::unknown;
use crate::guest::{BUILT_IN, Guest, is_name};
use crate::guests::saboteur;
use crate::plan::files::{self, WRITTEN_BYTES_MAX};
use crate::plan::problem::{Checked, Problem, require_format};
use crate::plan::scenario::{self, read_json};
use crate::plan::swarm::{Config, draw_with};
use crate::plan::validate::{SEED_MAX, validate};
use crate::plan::{Expect, Plan, Profile};
use crate::report::saved::{FORMAT, SavedRun, VERSION};
use crate::shown::shown;
use crate::sim::runner::adopt;
use crate::sim::{Foreign, Run, Runner};

/// What a failure's folder may hold a run in, the best first: a saved run is the very run that failed.
const IN_FOLDERS: [&str; 2] = ["run.plan.json", "scenario.toml"];

#[derive(Args)]
pub struct SourceArgs {
    /// A scenario, a saved run, or the folder of a campaign's failure
    #[arg(value_name = "SOURCE", required_unless_present = "seed")]
    pub source: Option<PathBuf>,
    #[command(flatten)]
    seed: SeedArgs,
    /// Plants a bug, as `squall bugs` lists them; may be given again
    #[arg(long, value_name = "NAME")]
    pub bug: Vec<Bug>,
    /// Takes planted bugs out
    #[arg(long, conflicts_with = "bug")]
    pub without_bugs: bool,
    #[command(flatten)]
    guest: GuestArgs,
    #[command(flatten)]
    pub limit: LimitArgs,
}

/// A run that a command line names: its name for people, its plan, which has passed validation, and who runs it.
pub struct Subject<'r> {
    pub name: String,
    pub plan: Plan,
    pub runner: &'r dyn Runner,
}

impl<'r> Subject<'r> {
    /// The run, with all that happened in it, to its end.
    pub fn recorded(&self) -> Result<Run<'r>, Failure> {
        let run = Run::recorded(self.runner, self.plan.clone());
        check_whole(&self.name).map(|()| run)
    }

    /// The run that a path names.
    pub fn read(
        path: &Path,
        seed: &SeedArgs,
        wanted: &GuestArgs,
        guests: &Guests<'r>,
    ) -> Result<Self, Failure> {
        let (name, mut plan) = (shown(path), read(path)?);
        seed.change(&mut plan, &name)?;
        let runner = guests.adopt(&mut plan, wanted, &name)?;
        Ok(Subject { name, plan, runner })
    }

    /// Refuses nodes that the run does not have.
    pub fn check_nodes(&self, nodes: impl IntoIterator<Item = u8>) -> Result<(), Failure> {
        let (name, last) = (&self.name, self.plan.cluster.nodes);
        let unknown = nodes.into_iter().find(|node| *node > last);
        unknown.map_or(Ok(()), |node| {
            Err(Failure::usage(format!("--node {node}: {name} has nodes 1 to {last}")))
        })
    }
}

#[derive(Args, Clone, Copy)]
pub struct SeedArgs {
    /// Runs the random plan of this seed, or the file with it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    pub seed: Option<u64>,
    /// The number of nodes of a random plan, or in place of the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=25))]
    nodes: Option<u8>,
    /// The timings of a random plan, or in place of the file's, as `squall profiles` lists them
    #[arg(long, value_name = "NAME")]
    profile: Option<Profile>,
}

impl SeedArgs {
    /// The random plan of a seed, for this guest.
    pub fn draw<'r>(
        &self,
        seed: u64,
        wanted: &GuestArgs,
        guests: &Guests<'r>,
    ) -> Result<Subject<'r>, Failure> {
        let (runner, guest) = wanted.chosen(guests)?;
        let config = self.nodes.into_iter().fold(Config::default(), Config::with_nodes);
        let config = self.profile.into_iter().fold(config, Config::with_profile);
        let mut plan = draw_with(seed, &config);
        plan.restrict(&guest);
        plan.draw_guest_options(runner.guest_options());
        Ok(Subject { name: format!("seed-{seed}"), plan, runner })
    }

    /// Gives a plan that was read this seed, number of nodes and profile; refuses what would change nothing, or make it wrong.
    pub fn change(&self, plan: &mut Plan, name: &str) -> Result<(), Failure> {
        let (words, before) = (self.words(), plan.config());
        plan.seed = self.seed.unwrap_or(plan.seed);
        plan.cluster.nodes = self.nodes.unwrap_or(plan.cluster.nodes);
        let profile = self.profile.unwrap_or(plan.cluster.profile);
        let another = std::mem::replace(&mut plan.cluster.profile, profile) != profile;
        if another && plan.config() == before {
            return Err(Failure::usage(format!(
                "--profile {profile} would change nothing: {name} gives every option of its own; take them out of [raft]"
            )));
        }
        let checked = if words.is_empty() { Ok(()) } else { validate(plan) };
        checked.map_err(|Problem { path, message, help }| {
            let help = help.map_or_else(String::new, |help| format!("\nhelp: {help}"));
            let at = path.join(".");
            Failure::usage(format!("{name} does not go with{words}: {message} (at {at}){help}"))
        })
    }

    /// What says the same on another command line, after a space.
    pub fn words(&self) -> String {
        let seed = self.seed.map(|seed| format!(" --seed {seed}"));
        let nodes = self.nodes.map(|nodes| format!(" --nodes {nodes}"));
        let profile = self.profile.map(|profile| format!(" --profile {profile}"));
        [seed, nodes, profile].into_iter().flatten().collect()
    }
}

impl SourceArgs {
    pub fn subject<'r>(&self, guests: &Guests<'r>) -> Result<Subject<'r>, Failure> {
        let mut subject = match (&self.source, self.seed.seed) {
            (Some(source), _) => Subject::read(source, &self.seed, &self.guest, guests)?,
            (None, Some(seed)) => self.seed.draw(seed, &self.guest, guests)?,
            (None, None) => return Err(Failure::usage("name a scenario, a saved run or a --seed")),
        };
        plant(subject.runner, &mut subject.plan, &self.bug, self.without_bugs)?;
        Ok(subject)
    }

    /// What names the same run on another command line.
    pub fn words(&self, name: &str) -> String {
        match self.source {
            Some(_) => name.to_owned() + &self.changes(),
            None => self.changes().trim_start().to_owned(),
        }
    }

    /// What the options make of the run, after a space: all that there is of it if there is no file.
    pub fn changes(&self) -> String {
        let mut words = self.seed.words() + &self.guest.words();
        words.extend(self.bug.iter().map(|bug| format!(" --bug {bug}")));
        words + if self.without_bugs { " --without-bugs" } else { "" }
    }
}

/// Reads the plan of the run that a path names.
fn read(path: &Path) -> Result<Plan, Failure> {
    let file = file_of(path)?;
    if !is_json(&file) {
        return Ok(files::read(&file)?);
    }
    let text = files::read_text(&file, WRITTEN_BYTES_MAX)?;
    // A plan alone has no format: its fields are those of a scenario.
    if parse(&file, &text, |_: &serde_json::Value| Ok(()))?.get("format").is_some() {
        return Ok(parse_saved(&file, &text)?.plan);
    }
    scenario::from_json(&text).map_err(|error| Failure::mistake(&file, &text, &error))
}

pub fn is_json(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json")
}

/// The file that holds the run that a path names, in a failure's folder for one.
pub fn file_of(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let mut files = IN_FOLDERS.iter().map(|name| path.join(name));
    files.find(|file| file.is_file()).ok_or_else(|| {
        let (path, names) = (path.display(), IN_FOLDERS.join(" and no "));
        Failure::usage(format!(
            "{path} is not the folder of a failure: it has no {names}; name a scenario or a saved run in it"
        ))
    })
}

/// Reads the JSON of a file, and checks what it says.
pub fn parse<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    check: impl FnOnce(&T) -> Checked,
) -> Result<T, Failure> {
    read_json(text, check).map_err(|error| Failure::mistake(path, text, &error))
}

/// Reads a saved run, and checks its plan.
pub fn read_saved(path: &Path) -> Result<SavedRun, Failure> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        let path = path.display();
        let message = format!("{path} is a scenario, and no saved run: squall run {path}");
        return Err(Failure::usage(message));
    }
    parse_saved(path, &files::read_text(path, WRITTEN_BYTES_MAX)?)
}

fn parse_saved(path: &Path, text: &str) -> Result<SavedRun, Failure> {
    parse(path, text, |saved: &SavedRun| {
        require_format(&saved.format, saved.version, (FORMAT, VERSION))?;
        validate(&saved.plan).map_err(|problem| problem.within("plan"))
    })
}

#[derive(Args, Clone, Debug, Default)]
pub struct GuestArgs {
    /// Whose Raft runs it: a name, a module (PATH.wasm), or a process as in 'cmd: python3 raft.py' [default: the one that the file names,
    /// or the first that there is]
    #[arg(long, value_name = "GUEST")]
    pub guest: Option<String>,
    /// Gives the guest an option of its own, as in mistake=commits-by-count; may be given again
    #[arg(long = "guest-option", value_name = "OPTION=VALUE")]
    pub options: Vec<GuestOption>,
}

/// An option of a guest's own: a name, and a value in JSON, or else text.
#[derive(Clone, Debug)]
pub struct GuestOption(String, serde_json::Value);

impl FromStr for GuestOption {
    type Err = String;

    fn from_str(text: &str) -> Result<GuestOption, String> {
        let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = parts.ok_or("it is OPTION=VALUE, as in mistake=commits-by-count")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        Ok(GuestOption(name.into(), value))
    }
}

impl fmt::Display for GuestOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1.as_str() {
            Some(text) => write!(f, "{}={text}", self.0),
            None => write!(f, "{}={}", self.0, self.1),
        }
    }
}

/// Gives a guest further options.
pub fn add_options(guest: &mut Guest, options: &[GuestOption]) {
    guest.options.extend(options.iter().map(|it| (it.0.clone(), it.1.clone())));
}

impl GuestArgs {
    /// Who runs a plan that no file is for, and its guest with these options.
    pub fn chosen<'r>(&self, guests: &Guests<'r>) -> Result<(&'r dyn Runner, Guest), Failure> {
        let runner = guests.named(self.guest.as_deref())?;
        let mut guest = runner.guest().clone();
        add_options(&mut guest, &self.options);
        runner.check_options(&guest.options).map_err(Failure::usage)?;
        Ok((runner, guest))
    }

    /// What says the same on another command line, after a space.
    pub fn words(&self) -> String {
        let guest = self.guest.iter().map(|guest| format!(" --guest {}", quoted(guest)));
        let options = self.options.iter().map(|option| format!(" --guest-option {option}"));
        guest.chain(options).collect()
    }
}

/// A word of a command line, as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain =
        word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./:=".contains(letter));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Refuses bugs of the built-in Raft's own code that are to be planted in another: they would change nothing.
pub fn check_bugs(runner: &dyn Runner, bugs: &[Bug]) -> Result<(), Failure> {
    let name = runner.guest().name.as_str();
    let own = bugs.iter().find(|bug| !saboteur::BUGS.contains(bug));
    own.filter(|_| name != BUILT_IN).map_or(Ok(()), |bug| {
        let any = saboteur::BUGS.map(Bug::name).join(", ");
        Err(Failure::usage(format!(
            "{bug} is a bug of the built-in Raft, and cannot be planted in {name}; any Raft can be spoilt by {any}"
        )))
    })
}

/// Plants bugs in a plan, or takes out those that it has. What it promised was about them, so it promises nothing any more then.
pub fn plant(
    runner: &dyn Runner,
    plan: &mut Plan,
    bugs: &[Bug],
    without: bool,
) -> Result<(), Failure> {
    if without {
        plan.raft.bugs.clear();
        plan.expect = Expect::default();
    }
    plan.raft.bugs.extend(bugs);
    check_bugs(runner, bugs)
}

/// What stands before a command whose process is a guest.
const COMMAND: &str = "cmd:";

/// The variable that names the folders of modules that are found by their names.
const FOLDERS: &str = "SQUALL_GUESTS";

/// Where they are looked for if it is not set: where `guests/build` puts them.
const FOLDER: &str = "target/guests";

fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}

/// Where modules are found by their names.
fn folders() -> Vec<PathBuf> {
    let folders = std::env::var_os(FOLDERS).unwrap_or_else(|| FOLDER.into());
    std::env::split_paths(&folders).collect()
}

/// The module of the guest of this name, if there is one.
fn shipped(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os(FOLDERS).unwrap_or_else(|| FOLDER.into());
    let mut paths =
        std::env::split_paths(&folders).map(|folder| folder.join(format!("{name}.wasm")));
    paths.find(|path| is_name(name) && !is_module(Path::new(name)) && path.is_file())
}

#[cfg(feature = "guests")]
fn load_module(path: &Path) -> Result<Foreign, String> {
    Foreign::module(path, crate::guests::module::Limits::DEFAULT)
}

#[cfg(not(feature = "guests"))]
fn load_module(path: &Path) -> Result<Foreign, String> {
    let path = path.display();
    Err(format!("{path} is a module, and this squall was built without the feature `guests`"))
}

/// The Rafts that a command line runs. The first is the one that is run if none is named.
pub struct Guests<'r> {
    runners: Vec<&'r dyn Runner>,
    /// What limits each run.
    limit: Option<LimitArgs>,
    /// Guests that are no part of this program, by how they were named.
    loaded: RefCell<Vec<(String, &'static dyn Runner)>>,
}

impl<'r> Guests<'r> {
    /// These Rafts, and the built-in one if it is not among them.
    pub fn new(
        runners: &[&'r dyn Runner],
        built_in: &'r dyn Runner,
        limit: Option<LimitArgs>,
    ) -> Guests<'r> {
        let mut runners = runners.to_vec();
        if runners.iter().all(|it| it.guest().name != built_in.guest().name) {
            runners.push(built_in);
        }
        let names: BTreeSet<&str> = runners.iter().map(|it| it.guest().name.as_str()).collect();
        assert_eq!(names.len(), runners.len(), "no two guests have the same name");
        Guests { runners, limit, loaded: RefCell::default() }
    }

    /// A guest that is no part of this program. It stays until the program ends.
    fn load(&self, name: &str) -> Result<&'static dyn Runner, Failure> {
        if let Some((_, runner)) = self.loaded.borrow().iter().find(|(known, _)| known == name) {
            return Ok(*runner);
        }
        let foreign = match name.strip_prefix(COMMAND) {
            Some(command) => Foreign::command(command.trim()),
            None => load_module(Path::new(name)),
        };
        let runner = Box::leak(Box::new(foreign.map_err(Failure::usage)?));
        let limited = Box::leak(Box::new(Limited { runner, limit: self.limit }));
        self.loaded.borrow_mut().push((name.to_owned(), limited));
        Ok(limited)
    }

    /// Whether there is a Raft of this name, which may be left open.
    pub fn has(&self, name: &str) -> bool {
        name.is_empty()
            || self.runners.iter().any(|runner| runner.guest().name == name)
            || self.loaded.borrow().iter().any(|(_, runner)| runner.guest().name == name)
            || (cfg!(feature = "guests") && shipped(name).is_some())
    }

    /// The Raft of this name; the first one without a name.
    pub fn named(&self, name: Option<&str>) -> Result<&'r dyn Runner, Failure> {
        let Some(name) = name else { return Ok(self.runners[0]) };
        if name.starts_with(COMMAND) || is_module(Path::new(name)) {
            return self.load(name);
        }
        let mut all = self.runners.iter().copied();
        if let Some(found) = all.find(|runner| runner.guest().name == name) {
            return Ok(found);
        }
        let loaded = self.loaded.borrow().iter().map(|(_, runner)| *runner).collect::<Vec<_>>();
        if let Some(found) = loaded.into_iter().find(|runner| runner.guest().name == name) {
            return Ok(found);
        }
        match shipped(name) {
            Some(path) => self.load(&path.display().to_string()),
            None => Err(self.unknown(name)),
        }
    }

    /// The module that a guest is, by its path or its name.
    #[cfg(feature = "guests")]
    pub fn module(&self, name: &str) -> Result<Foreign, Failure> {
        let path = Path::new(name);
        let path = if is_module(path) { Some(path.to_owned()) } else { shipped(name) };
        match path {
            Some(path) => load_module(&path).map_err(Failure::usage),
            None => Err(match self.named(Some(name)) {
                Ok(_) => Failure::usage(format!("{name} is no module, and only a module has fuel")),
                Err(unknown) => unknown,
            }),
        }
    }

    /// All that are found by their names: those of this program, and the modules in the folders that are looked into.
    pub fn by_name(&self) -> Vec<&'r dyn Runner> {
        let modules = folders().into_iter().filter_map(|folder| std::fs::read_dir(folder).ok());
        let modules = modules.flatten().filter_map(|entry| entry.ok().map(|it| it.path()));
        let mut names: Vec<String> = modules
            .filter(|path| is_module(path))
            .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names.dedup();
        // One that cannot be loaded says so when it is named.
        let loaded = names.iter().filter_map(|name| self.named(Some(name)).ok());
        self.runners.iter().copied().chain(loaded).collect()
    }

    fn unknown(&self, name: &str) -> Failure {
        let names = || self.runners.iter().map(|runner| runner.guest().name.as_str());
        let known = names().collect::<Vec<_>>().join(", ");
        let unknown = unknown("guest", name, names(), "--guest");
        Failure::usage(format!(
            "{unknown}; this command line has {known}, modules by their path, and commands as in 'cmd: python3 raft.py'"
        ))
    }

    /// Who runs a plan that was read: the Raft that is `wanted`, or that the plan is for. The plan becomes one for that Raft, if it asks
    /// for nothing that it lacks.
    pub fn adopt(
        &self,
        plan: &mut Plan,
        wanted: &GuestArgs,
        source: &str,
    ) -> Result<&'r dyn Runner, Failure> {
        // A file names guests, and no commands: to run one is nobody's wish but that of who types it.
        let own = Some(plan.guest.name.as_str())
            .filter(|name| is_name(name) && !is_module(Path::new(name)));
        let runner = self.named(wanted.guest.as_deref().or(own))?;
        add_options(&mut plan.guest, &wanted.options);
        check_bugs(runner, &plan.raft.bugs)
            .map_err(|failure| Failure::usage(format!("{source}: {}", failure.sentence())))?;
        adopt(runner, plan).map_err(|problem| {
            let at = problem.path.join(".");
            Failure::usage(format!("{source}: {} (at {at})", problem.message))
        })?;
        Ok(runner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::BuiltIn;
    use crate::time::Span;
    use clap::Parser;
    use std::fs;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        source: SourceArgs,
    }

    fn named(arguments: &[&str]) -> Result<(String, Plan), Failure> {
        let words = std::iter::once("squall").chain(arguments.iter().copied());
        let built_in = BuiltIn::new();
        let source = Line::try_parse_from(words).expect("the arguments are right").source;
        let subject = source.subject(&Guests::new(&[], &built_in, None))?;
        Ok((subject.name, subject.plan))
    }

    #[test]
    fn a_run_has_many_names() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let text = |name: &str| at(name).display().to_string();
        let mut plan = Plan { horizon: Span::secs(1), seed: 7, ..Plan::default() };
        fs::write(at("scenario.toml"), scenario::to_toml(&plan)).expect("it is writable");
        fs::write(at("plan.json"), serde_json::to_string(&plan).expect("a plan is JSON"))
            .expect("it is writable");
        assert_eq!(named(&[&text("scenario.toml")]).expect("a scenario").1, plan);
        assert_eq!(named(&[&text("plan.json")]).expect("a plan").1, plan);
        assert_eq!(named(&[&text("")]).expect("a folder with a scenario").1, plan);

        plan.seed = 8;
        let saved = SavedRun::new(&Run::new(&BuiltIn::new(), plan));
        saved.write(&at("run.plan.json")).expect("it is writable");
        assert_eq!(named(&[&text("run.plan.json")]).expect("a saved run").1, saved.plan);
        assert_eq!(named(&[&text("")]).expect("a folder with a saved run").1, saved.plan);

        let (name, plan) = named(&["--seed", "9", "--nodes", "5", "--bug", "vote-twice"])
            .expect("a seed names a run");
        assert_eq!((name.as_str(), plan.seed, plan.cluster.nodes), ("seed-9", 9, 5));
        assert_eq!(plan.raft.bugs, [Bug::VoteTwice]);
    }

    #[test]
    fn what_names_no_run_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let failure = named(&[&folder.path().display().to_string()]).unwrap_err();
        assert!(failure.text.contains("no run.plan.json and no scenario.toml"), "{}", failure.text);
        let file = folder.path().join("other.json");
        fs::write(&file, r#"{"format":"squall-campaign"}"#).expect("it is writable");
        let failure = named(&[&file.display().to_string()]).unwrap_err();
        assert!(failure.text.contains("unknown field") || failure.text.contains("missing field"));
    }
}
