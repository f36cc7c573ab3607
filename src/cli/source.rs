//! Names a run: a scenario, a saved run, a plan in JSON, the folder of a campaign's failure, or a seed.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::bugs::Bug;
use crate::cli::failure::Failure;
use crate::cli::guests::{GuestArgs, Guests, check_bugs};
use crate::guest::Guest;
use crate::plan::files::{self, WRITTEN_BYTES_MAX};
use crate::plan::problem::require_format;
use crate::plan::scenario::{self, json_error, read_json};
use crate::plan::swarm::{self, draw_with};
use crate::plan::validate::{SEED_MAX, validate};
use crate::plan::{Expect, Plan, Profile};
use crate::report::saved::{FORMAT, SavedRun, VERSION};
use crate::shown::shown;
use crate::sim::{Run, Runner};

/// What a failure's folder may hold a run in, the best first: a saved run is the very run that failed.
const IN_FOLDERS: [&str; 2] = ["run.plan.json", "scenario.toml"];

/// The run that a command is about.
#[derive(Args)]
pub struct SourceArgs {
    /// A scenario, a saved run, or the folder of a campaign's failure
    #[arg(value_name = "SOURCE", required_unless_present = "seed", conflicts_with = "seed")]
    source: Option<PathBuf>,
    #[command(flatten)]
    seed: SeedArgs,
    /// Plants a bug, as `squall bugs` lists them; may be given again
    #[arg(long, value_name = "NAME")]
    bug: Vec<Bug>,
    /// Takes planted bugs out
    #[arg(long, conflicts_with = "bug")]
    without_bugs: bool,
    #[command(flatten)]
    guest: GuestArgs,
}

/// A run that a command line names: its name for people, its plan, which has passed validation, and who runs it.
pub struct Subject<'r> {
    /// The name.
    pub name: String,
    /// The plan.
    pub plan: Plan,
    /// Who runs it.
    pub runner: &'r dyn Runner,
}

impl<'r> Subject<'r> {
    /// The run, with all that happened in it.
    pub fn recorded(&self) -> Run<'r> {
        Run::recorded(self.runner, self.plan.clone())
    }
}

/// A random plan instead of a file.
#[derive(Args)]
pub struct SeedArgs {
    /// Runs the random plan of this seed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    pub seed: Option<u64>,
    /// The number of nodes of a random plan
    #[arg(long, value_name = "N", requires = "seed", value_parser = clap::value_parser!(u8).range(1..=25))]
    nodes: Option<u8>,
    /// The timings of a random plan, as `squall profiles` lists them
    #[arg(long, value_name = "NAME", requires = "seed")]
    profile: Option<Profile>,
}

impl SourceArgs {
    /// The run that is named.
    pub fn subject<'r>(&self, guests: &Guests<'r>) -> Result<Subject<'r>, Failure> {
        let (name, mut plan, runner) = match (&self.source, self.seed.seed) {
            (Some(source), _) => {
                let (name, mut plan) = read(source)?;
                let runner = guests.adopt(&mut plan, &self.guest, &name)?;
                (name, plan, runner)
            }
            (None, Some(seed)) => {
                let runner = guests.named(self.guest.guest.as_deref())?;
                let guest = self.guest.guest(runner)?;
                (format!("seed-{seed}"), self.seed.draw(&guest, seed), runner)
            }
            (None, None) => return Err(Failure::usage("name a scenario, a saved run or a --seed")),
        };
        if self.without_bugs {
            take_bugs_out(&mut plan);
        }
        check_bugs(runner, &self.bug)?;
        plan.raft.bugs.extend(&self.bug);
        Ok(Subject { name, plan, runner })
    }

    /// What was named, if it is no seed.
    pub fn path(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// The file that holds the run, if it is no seed's.
    pub fn file(&self) -> Result<Option<PathBuf>, Failure> {
        self.source.as_deref().map(file_of).transpose()
    }

    /// Whether bugs are planted or taken out that the file does not name.
    pub fn changes_bugs(&self) -> bool {
        self.without_bugs || !self.bug.is_empty()
    }

    /// What names the same run on another command line.
    pub fn words(&self, name: &str) -> String {
        let mut words = match self.seed.seed {
            Some(seed) => format!("--seed {seed}"),
            None => name.to_owned(),
        };
        if let Some(nodes) = self.seed.nodes {
            words += &format!(" --nodes {nodes}");
        }
        if let Some(profile) = self.seed.profile {
            words += &format!(" --profile {profile}");
        }
        words += &self.guest.words();
        for bug in &self.bug {
            words += &format!(" --bug {bug}");
        }
        if self.without_bugs {
            words += " --without-bugs";
        }
        words
    }
}

impl SeedArgs {
    /// The random plan of a seed, for this guest.
    pub fn draw(&self, guest: &Guest, seed: u64) -> Plan {
        let config = swarm::Config::default();
        let config = match self.nodes {
            Some(nodes) => config.with_nodes(nodes),
            None => config,
        };
        let config = match self.profile {
            Some(profile) => config.with_profile(profile),
            None => config,
        };
        let mut plan = draw_with(seed, &config);
        plan.restrict(guest);
        plan
    }
}

/// Takes planted bugs out of a plan. What it promised was about them, so it promises nothing any more.
pub fn take_bugs_out(plan: &mut Plan) {
    plan.raft.bugs.clear();
    plan.expect = Expect::default();
}

/// Reads the run that a path names.
pub fn read(path: &Path) -> Result<(String, Plan), Failure> {
    let file = file_of(path)?;
    let name = shown(path);
    if file.extension().is_none_or(|extension| extension != "json") {
        return Ok((name, files::read(&file)?));
    }
    let text = files::read_text(&file, WRITTEN_BYTES_MAX)?;
    let mistake = |error| Failure::mistake(&file, &text, &error);
    // A plan alone has no format: its fields are those of a scenario.
    let has_format = serde_json::from_str::<serde_json::Value>(&text)
        .map_err(|error| mistake(json_error(&error, &text)))?
        .get("format")
        .is_some();
    if has_format {
        return Ok((name, parse_saved(&file, &text)?.plan));
    }
    Ok((name, scenario::from_json(&text).map_err(mistake)?))
}

/// The file that holds the run that a path names.
fn file_of(path: &Path) -> Result<PathBuf, Failure> {
    match path.is_dir() {
        true => in_folder(path),
        false => Ok(path.to_owned()),
    }
}

/// The file in a failure's folder that holds its run.
fn in_folder(folder: &Path) -> Result<PathBuf, Failure> {
    let mut files = IN_FOLDERS.iter().map(|name| folder.join(name));
    files.find(|file| file.is_file()).ok_or_else(|| {
        Failure::usage(format!(
            "{} is not the folder of a failure: it has no {}; name a scenario or a saved run in it",
            folder.display(),
            IN_FOLDERS.join(" and no ")
        ))
    })
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
    let check = |saved: &SavedRun| {
        require_format(&saved.format, saved.version, (FORMAT, VERSION))?;
        validate(&saved.plan).map_err(|problem| problem.within("plan"))
    };
    read_json(text, check).map_err(|error| Failure::mistake(path, text, &error))
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
        let subject = source.subject(&Guests::new(&[], &built_in))?;
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
