//! The folder of a campaign that is under way: its result, and a folder for each distinct failure.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::campaign::file::{
    CampaignFile, FAILURES, FILE, FailureRow, JUNIT, STORY, STORY_LINES_MAX, Timing,
};
use crate::campaign::finding::{Finding, Signature};
use crate::campaign::summary::Summary;
use crate::campaign::workers::End;
use crate::campaign::{Partition, Settings};
use crate::files::{sweep, write_whole};
use crate::plan::scenario;
use crate::report::campaign::run_file;
use crate::report::explain::explain;
use crate::report::page::{self, Window};
use crate::report::saved::SavedRun;
use crate::report::text;
use crate::shown::shown;
use crate::sim::{Run, Runner};

/// The folder of a campaign that is under way.
pub struct Store<'r> {
    runner: &'r dyn Runner,
    folder: PathBuf,
    settings: Settings,
    partition: Partition,
    jobs: u64,
    /// The failures whose runs are written, with their seeds.
    written: BTreeMap<Signature, u64>,
}

impl<'r> Store<'r> {
    /// A store that writes to a folder.
    pub fn new(
        runner: &'r dyn Runner,
        folder: &Path,
        settings: &Settings,
        partition: Partition,
        jobs: u64,
    ) -> Store<'r> {
        Store {
            runner,
            folder: folder.to_owned(),
            settings: settings.clone(),
            partition,
            jobs,
            written: BTreeMap::new(),
        }
    }

    /// Removes what an earlier campaign left in the folder. A folder without a result is no campaign's, and keeps what it has;
    /// for the same reason the result itself goes last.
    ///
    /// # Errors
    ///
    /// As the system says, if a file cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        self.sweep()?;
        if !self.folder.join(FILE).exists() {
            return Ok(());
        }
        ignore_missing(fs::remove_dir_all(self.folder.join(FAILURES)))?;
        for file in [JUNIT, page::campaign::FILE, FILE] {
            ignore_missing(fs::remove_file(self.folder.join(file)))?;
        }
        Ok(())
    }

    /// Removes what a campaign left half-written that was killed.
    ///
    /// # Errors
    ///
    /// As the system says, if a file cannot be removed.
    pub fn sweep(&self) -> io::Result<()> {
        sweep(&self.folder, Some(&[JUNIT, page::campaign::FILE, FILE]))?;
        let mut failures = fs::read_dir(self.folder.join(FAILURES)).into_iter().flatten().flatten();
        failures.try_for_each(|failure| sweep(&failure.path(), None))
    }

    /// Writes what there is so far, or in the end.
    ///
    /// # Errors
    ///
    /// As the system says, if a file cannot be written.
    pub fn write(
        &mut self,
        summary: &Summary,
        milliseconds: u64,
        end: Option<End>,
    ) -> io::Result<CampaignFile> {
        let partition = (self.partition.count > 1).then(|| self.partition.to_string());
        let ended = end.map(|end| end.name().to_owned());
        let timing = Timing { partition, jobs: self.jobs, milliseconds, ended };
        let file = CampaignFile::new(&self.settings, summary, timing);
        self.write_file(&file, end.is_some())?;
        Ok(file)
    }

    /// Writes a result. The failures' folders say how often each was seen only at the `end`.
    ///
    /// # Errors
    ///
    /// As the system says, if a file cannot be written.
    pub fn write_file(&mut self, file: &CampaignFile, end: bool) -> io::Result<()> {
        for failure in &file.failures {
            // What somebody removed is written again.
            let written = self.written.get(&failure.signature) == Some(&failure.first_seed)
                && run_file(failure, &self.folder).is_file();
            if end || !written {
                self.write_failure(failure, !written)?;
                self.written.insert(failure.signature.clone(), failure.first_seed);
            }
        }
        write_whole(&self.folder.join(FILE), &serde_json::to_vec_pretty(file)?)
    }

    /// Where a failure's folder is.
    pub fn folder_of(&self, failure: &FailureRow) -> PathBuf {
        self.folder.join(FAILURES).join(&failure.id)
    }

    fn write_failure(&self, failure: &FailureRow, with_run: bool) -> io::Result<()> {
        let folder = self.folder_of(failure);
        write_whole(&folder.join("failure.json"), &serde_json::to_vec_pretty(failure)?)?;
        if !with_run {
            return Ok(());
        }
        let mut plan = self.settings.plan(failure.first_seed);
        if let Finding::Violation(property) = failure.signature.finding {
            plan.expect.violation = Some(property);
        }
        write_whole(&folder.join("scenario.toml"), scenario::to_toml(&plan).as_bytes())?;
        // A run that does not end, or that squall does not survive, has no outcome to write.
        if !matches!(failure.signature.finding, Finding::Violation(_) | Finding::EventLimit) {
            return Ok(());
        }
        // It was run before by a worker, which caught what squall does not survive.
        write_run(&folder, &Run::recorded(self.runner, plan))
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
    let Ok(page) = page::html(run, &command, Window::default()) else { return Ok(()) };
    write_whole(&folder.join("run.html"), page.trim_end().as_bytes())
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::workers::{Control, run};
    use crate::sim::BuiltIn;
    use std::time::Duration;

    fn settings() -> Settings {
        let bugs = vec![Bug::TruncateUnconditional];
        Settings { runs: Some(300), bugs, ..Settings::default() }
    }

    fn result(raft: &BuiltIn) -> CampaignFile {
        let control = Control {
            jobs: 1,
            deadline: None,
            run_time_max: Duration::from_secs(600),
            interrupted: &|| false,
        };
        let summary = Summary::default();
        let (summary, _) = run(raft, &settings(), 1..301, summary, &control, &mut |_| ());
        CampaignFile::new(&settings(), &summary, Timing::default())
    }

    #[test]
    fn a_folder_without_a_result_keeps_what_it_has() {
        let (folder, raft) = (tempfile::tempdir().unwrap(), BuiltIn::new());
        let mine = folder.path().join(FAILURES).join("mine.txt");
        write_whole(&mine, b"mine").unwrap();
        Store::new(&raft, folder.path(), &settings(), Partition::default(), 1).clear().unwrap();
        assert!(mine.exists());
    }

    #[test]
    fn a_failure_has_a_folder_with_a_run_that_replays() {
        let (folder, raft) = (tempfile::tempdir().unwrap(), BuiltIn::new());
        let file = result(&raft);
        let mut store = Store::new(&raft, folder.path(), &settings(), Partition::default(), 1);
        store.write_file(&file, true).unwrap();
        let failure = store.folder_of(&file.failures[0]);
        for name in ["failure.json", "scenario.toml", "proof.txt", STORY] {
            assert!(failure.join(name).exists(), "{name}");
        }
        let saved = fs::read_to_string(failure.join("run.plan.json")).unwrap();
        let saved: SavedRun = serde_json::from_str(&saved).unwrap();
        assert_eq!(saved.replay(&raft).unwrap().1, None);
        assert_eq!(Signature::of(&saved.outcome), Some(file.failures[0].signature.clone()));
        store.clear().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
