//! A saved run: the plan, its outcome, and digests along the way, so that a replay can say where it diverged.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::record::Record;
use crate::report::text;
use crate::sim::{Options, Outcome, run_with};
use crate::trace::Digest;
use crate::trace::digest::Digester;

/// The name of the format.
pub const FORMAT: &str = "squall-run";
/// The version of the format.
pub const VERSION: u32 = 1;
/// How many digests along the way are kept.
const MILESTONES: u64 = 1_000;

/// A run that can be replayed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedRun {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The plan, with nothing left to profiles.
    pub plan: Plan,
    /// What came of it.
    pub outcome: Outcome,
    /// After how many records a digest is kept.
    pub stride: u64,
    /// The digest after each stride.
    pub milestones: Vec<Digest>,
}

/// Where a replay left the saved run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The first records that may differ, by number, both included.
    pub window: (u64, u64),
    /// These records, as the replay has them, each with its number and in words.
    pub lines: Vec<(u64, String)>,
}

impl SavedRun {
    /// Saves a run of a plan that was just made: it is run once more, for the milestones.
    pub fn new(plan: &Plan, outcome: &Outcome) -> SavedRun {
        let plan = plan.clone().concrete();
        let stride = outcome.counters.records.div_ceil(MILESTONES).max(1);
        let milestones = milestones(&plan, stride);
        let outcome = outcome.clone();
        SavedRun { format: FORMAT.into(), version: VERSION, plan, outcome, stride, milestones }
    }

    /// Runs the plan again, and says what came of it, and where it diverged if it did.
    pub fn replay(&self) -> (Outcome, Option<Divergence>) {
        let outcome = run_with(&self.plan, Options::default());
        if outcome.digest == self.outcome.digest {
            return (outcome, None);
        }
        let now = milestones(&self.plan, self.stride.max(1));
        let same = now.iter().zip(&self.milestones).take_while(|(now, then)| now == then).count();
        let first = same as u64 * self.stride.max(1) + 1;
        let window = (first, first + self.stride.max(1) - 1);
        let lines = text::lines(&self.plan, |number| (window.0..=window.1).contains(&number));
        (outcome, Some(Divergence { window, lines }))
    }

    /// Writes the run to a file: to a temporary name first, so that nothing half-written is ever seen.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &serde_json::to_vec_pretty(self)?)
    }
}

/// Writes a file under a temporary name, and renames it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = temporary_name(path);
    let mut file = fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    // A name that is durable before its content would be a file that is not whole after a power failure.
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)
}

/// The name under which a file is written until it is whole.
pub fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    name.into()
}

fn milestones(plan: &Plan, stride: u64) -> Vec<Digest> {
    let mut digester = Digester::default();
    let mut milestones = Vec::new();
    let mut sink = |record: &Record| {
        digester.add(record);
        if record.number.is_multiple_of(stride) {
            milestones.push(digester.digest());
        }
    };
    run_with(plan, Options { sink: Some(&mut sink), ..Options::default() });
    milestones
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::run;
    use crate::time::Span;

    #[test]
    fn a_replay_says_where_it_diverged() {
        let plan = Plan { horizon: Span::secs(1), ..Plan::default() };
        let outcome = run(&plan);
        let mut saved = SavedRun::new(&plan, &outcome);
        assert_eq!(saved.replay().1, None);
        saved.outcome.digest = Digest(0);
        saved.milestones[500] = Digest(0);
        let divergence = saved.replay().1.expect("another digest is a divergence");
        let (from, to) = (500 * saved.stride + 1, 501 * saved.stride);
        assert_eq!(divergence.window, (from, to));
        assert_eq!(divergence.lines.len() as u64, saved.stride);
    }
}
