//! The Rafts that a command line runs, by name.

use std::collections::BTreeSet;

use crate::cli::failure::Failure;
use crate::closest::unknown;
use crate::guest::BUILT_IN;
use crate::plan::Plan;
use crate::plan::validate::validate;
use crate::sim::{BuiltIn, Runner};

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
            let all: Vec<&str> = names().collect();
            let known = format!("this command line has {}", all.join(", "));
            Failure::usage(format!("{}; {known}", unknown("guest", name, names(), "--guest")))
        })
    }

    /// Who runs a plan that was read: the Raft that is `wanted`, or that the plan is for. The plan becomes one for that Raft, if it asks
    /// for nothing that it lacks.
    pub fn adopt(
        &self,
        plan: &mut Plan,
        wanted: Option<&str>,
        source: &str,
    ) -> Result<&'r dyn Runner, Failure> {
        let own = Some(plan.guest.name.as_str()).filter(|name| !name.is_empty());
        if let (Some(own), Some(wanted)) = (own, wanted)
            && own != wanted
        {
            return Err(Failure::usage(format!("{source} is for guest {own}, not {wanted}")));
        }
        let runner = self.named(wanted.or(own))?;
        let guest = runner.guest();
        if guest.name != BUILT_IN {
            plan.guest.name.clone_from(&guest.name);
            plan.guest.lacks = plan.guest.lacks.iter().chain(guest.lacks.iter()).collect();
            validate(plan).map_err(|problem| {
                let at = problem.path.join(".");
                Failure::usage(format!("{source}: {} (at {at})", problem.message))
            })?;
        }
        Ok(runner)
    }
}
