//! A saved run: the plan, its outcome, and digests along the way, so that a replay can say where it diverged.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::campaign::file::{STORY, STORY_LINES_MAX};
use crate::files::write_whole;
use crate::plan::Plan;
use crate::plan::files::{WRITTEN_BYTES_MAX, read_text};
use crate::record::Record;
use crate::report::explain::explain;
use crate::report::page::{self, Window};
use crate::report::text;
use crate::shown::shown;
use crate::sim::{Outcome, Run, Runner};
use crate::trace::Digest;
use crate::trace::digest::Digester;

/// The name of the format.
pub const FORMAT: &str = "squall-run";
/// The version of the format.
pub const VERSION: u32 = 1;
/// How many digests along the way are kept.
const MILESTONES: u64 = 1_000;
/// How many records of a divergence are shown: a file may say that its digests are further apart than a run is long.
const SHOWN_MAX: u64 = 20;

/// A run that can be replayed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedRun {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// Whose Raft ran it.
    pub guest: String,
    /// What code that was, where it is no part of squall: the command, or the hash of a module with its engine and fuel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
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
    /// The first of these records, as the replay has them, each with its number and in words.
    pub lines: Vec<(u64, String)>,
}

impl SavedRun {
    /// Saves a run.
    pub fn new(run: &Run<'_>) -> SavedRun {
        let stride = run.outcome().counters.records.div_ceil(MILESTONES).max(1);
        SavedRun {
            format: FORMAT.into(),
            version: VERSION,
            guest: run.runner().guest().name.clone(),
            code: run.runner().code().map(ToOwned::to_owned),
            plan: run.plan().clone().concrete(),
            outcome: run.outcome().clone(),
            stride,
            milestones: milestones(run, stride),
        }
    }

    /// Runs the plan again, and says where it diverged if it did.
    ///
    /// # Errors
    ///
    /// A sentence, if the runner has another guest than the saved run.
    pub fn replay<'r>(
        &self,
        runner: &'r dyn Runner,
    ) -> Result<(Run<'r>, Option<Divergence>), String> {
        let guest = &runner.guest().name;
        if *guest != self.guest {
            return Err(format!(
                "the run is one of guest `{}`, and cannot be one of `{guest}`",
                self.guest
            ));
        }
        let run = Run::recorded(runner, self.plan.clone());
        if run.outcome().digest == self.outcome.digest {
            return Ok((run, None));
        }
        let stride = self.stride.max(1);
        let now = milestones(&run, stride);
        let same = now.iter().zip(&self.milestones).take_while(|(now, then)| now == then).count();
        let first = same as u64 * stride + 1;
        let window = (first, first.saturating_add(stride - 1));
        let lines = text::lines(&run, |number| {
            (window.0..=window.1).contains(&number) && number - first < SHOWN_MAX
        });
        Ok((run, Some(Divergence { window, lines })))
    }

    /// The file in a folder that the run is saved to under a name. What was saved there of another plan stays: then the name says which
    /// plan this one is, too.
    pub fn free_path(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(format!("{name}.plan.json"));
        let text = read_text(&path, WRITTEN_BYTES_MAX).ok();
        let there = text.and_then(|text| serde_json::from_str::<SavedRun>(&text).ok());
        let is_free = match there {
            Some(there) => there.plan == self.plan && there.guest == self.guest,
            None => !path.exists(),
        };
        if is_free {
            return path;
        }
        let plan = serde_json::to_vec(&(&self.guest, &self.plan)).unwrap_or_default();
        folder.join(format!("{name}-{:08x}.plan.json", xxh3_64(&plan) as u32))
    }

    /// Writes the run to a file: to a temporary name first, so that nothing half-written is ever seen.
    ///
    /// # Errors
    ///
    /// As the system says, if the file or its folder cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let pretty = serde_json::to_vec_pretty(self)?;
        // What is written can be read again.
        match (pretty.len() as u64) < WRITTEN_BYTES_MAX {
            true => write_whole(path, &pretty),
            false => write_whole(path, &serde_json::to_vec(self)?),
        }
    }
}

/// Writes all that people want of a failing run: its proof, its story, its page, and the run itself.
///
/// # Errors
///
/// Something could not be written.
pub fn write_run(folder: &Path, run: &Run<'_>) -> io::Result<()> {
    if let Some(proof) = text::violation(run) {
        write_whole(&folder.join("proof.txt"), proof.as_bytes())?;
    }
    // A run that is too long to be held whole has no story.
    if let Ok(Some(explanation)) = explain(run, STORY_LINES_MAX) {
        let story = explanation.text(&shown(folder));
        write_whole(&folder.join(STORY), story.as_bytes())?;
    }
    let saved = folder.join("run.plan.json");
    SavedRun::new(run).write(&saved)?;
    let command = format!("squall replay {}", shown(&saved));
    // A run that a page does not hold can still be shown in parts, by `squall report`.
    let Ok(page) = page::html(run, &command, Window::default(), None) else { return Ok(()) };
    write_whole(&folder.join("run.html"), page.trim_end().as_bytes())
}

fn milestones(run: &Run<'_>, stride: u64) -> Vec<Digest> {
    let mut digester = Digester::default();
    let mut milestones = Vec::new();
    run.follow(&mut |record: &Record| {
        digester.add(record);
        if record.number.is_multiple_of(stride) {
            milestones.push(digester.digest());
        }
    });
    milestones
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::BuiltIn;
    use crate::time::Span;

    #[test]
    fn a_replay_says_where_it_diverged() {
        let plan = Plan { horizon: Span::secs(1), ..Plan::default() };
        let raft = BuiltIn::new();
        let mut saved = SavedRun::new(&Run::new(&raft, plan));
        let replay = |saved: &SavedRun| saved.replay(&raft).expect("the guest is the same").1;
        assert_eq!(replay(&saved), None);
        saved.outcome.digest = Digest(0);
        saved.milestones[500] = Digest(0);
        let divergence = replay(&saved).expect("another digest is a divergence");
        let (from, to) = (500 * saved.stride + 1, 501 * saved.stride);
        assert_eq!(divergence.window, (from, to));
        assert_eq!(divergence.lines.len() as u64, saved.stride.min(SHOWN_MAX));
        for stride in [u64::MAX, 1 << 62] {
            let edited = SavedRun { stride, milestones: Vec::new(), ..saved.clone() };
            let divergence = replay(&edited).expect("another digest is a divergence");
            assert_eq!((divergence.window, divergence.lines.len()), ((1, stride), 20));
        }
    }
}
