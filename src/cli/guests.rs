//! The Rafts that a command line runs, by name.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use clap::Args;

use crate::bugs::Bug;
use crate::cli::failure::Failure;
use crate::closest::unknown;
use crate::guest::{BUILT_IN, Guest};
use crate::plan::{Expect, Plan};
use crate::sim::runner::adopt;
use crate::sim::{BuiltIn, Runner};

#[derive(Args, Clone, Debug, Default)]
pub struct GuestArgs {
    /// Whose Raft runs it [default: the one that the file names, or the first that there is]
    #[arg(long, value_name = "NAME")]
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
        let guest = self.guest.iter().map(|guest| format!(" --guest {guest}"));
        let options = self.options.iter().map(|option| format!(" --guest-option {option}"));
        guest.chain(options).collect()
    }
}

/// Refuses bugs that are to be planted in another Raft than the built-in one: they would change nothing.
pub fn check_bugs(runner: &dyn Runner, bugs: &[Bug]) -> Result<(), Failure> {
    match (bugs.first(), runner.guest().name.as_str()) {
        (Some(bug), name) if name != BUILT_IN => Err(Failure::usage(format!(
            "{bug} is a bug of the built-in Raft, and cannot be planted in {name}"
        ))),
        _ => Ok(()),
    }
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

/// The Rafts that a command line runs. The first is the one that is run if none is named.
pub struct Guests<'r> {
    runners: Vec<&'r dyn Runner>,
}

impl<'r> Guests<'r> {
    /// These Rafts, and the built-in one.
    pub fn new(runners: &[&'r dyn Runner], built_in: &'r BuiltIn) -> Guests<'r> {
        let mut runners = runners.to_vec();
        runners.push(built_in);
        let names: BTreeSet<&str> = runners.iter().map(|it| it.guest().name.as_str()).collect();
        assert_eq!(names.len(), runners.len(), "no two guests have the same name");
        Guests { runners }
    }

    /// The Raft of this name; the first one without a name.
    pub fn named(&self, name: Option<&str>) -> Result<&'r dyn Runner, Failure> {
        let Some(name) = name else { return Ok(self.runners[0]) };
        let names = || self.runners.iter().map(|runner| runner.guest().name.as_str());
        let found = self.runners.iter().copied().find(|runner| runner.guest().name == name);
        found.ok_or_else(|| {
            let known = names().collect::<Vec<_>>().join(", ");
            let unknown = unknown("guest", name, names(), "--guest");
            Failure::usage(format!("{unknown}; this command line has {known}"))
        })
    }

    /// Who runs a plan that was read: the Raft that is `wanted`, or that the plan is for. The plan becomes one for that Raft, if it asks
    /// for nothing that it lacks.
    pub fn adopt(
        &self,
        plan: &mut Plan,
        wanted: &GuestArgs,
        source: &str,
    ) -> Result<&'r dyn Runner, Failure> {
        let own = Some(plan.guest.name.as_str()).filter(|name| !name.is_empty());
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
