//! Reads, writes and tells the results of campaigns; and `squall merge`: the parts of a campaign become one result.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::json;

use crate::campaign::file::{
    CampaignFile, FAILURES, FILE, FailureRow, JUNIT, LOCK, Timing, merge as merge_files,
    missing_parts,
};
use crate::campaign::shrink::Shrinking;
use crate::campaign::{Finding, Partition, Settings, Signature, Summary, workers};
use crate::cli::failure::{self, Code, End, Failure, say};
use crate::cli::source::Guests;
use crate::files::write_whole;
use crate::plan::files::{ReadError, WRITTEN_BYTES_MAX, read_text};
use crate::plan::scenario;
use crate::report::campaign::{self, counted, proof, run_file};
use crate::report::page;
use crate::report::saved::write_run;
use crate::shown::shown;
use crate::sim::{Run, Runner};

/// Reads the result in a folder; nothing if there is none.
pub fn read(folder: &Path) -> Result<Option<CampaignFile>, Failure> {
    let path = folder.join(FILE);
    let text = match read_text(&path, WRITTEN_BYTES_MAX) {
        Err(ReadError::Io(_, error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let file = CampaignFile::from_json(&text);
    file.map(Some).map_err(|error| Failure::mistake(&path, &text, &error))
}

/// A result is never thrown away by mistake: only in the directory that is used when none is given, or by force.
pub fn keep(folder: &Path, given: bool, force: bool, way_out: &str) -> Result<(), Failure> {
    let refused = || Failure::usage(format!("{} holds a result; {way_out}", folder.display()));
    if given && !force && folder.join(FILE).exists() { Err(refused()) } else { Ok(()) }
}

/// Takes a folder for a result, until the file that is returned is dropped: two campaigns would destroy each other's.
pub fn lock(folder: &Path) -> Result<File, Failure> {
    let (path, name) = (folder.join(LOCK), folder.display());
    if folder.exists() && !folder.is_dir() {
        let message = format!("{name} is no directory; a result is written to one");
        return Err(Failure::usage(message));
    }
    let failed = |error| Failure::file(&path, "write", &error);
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "another squall writes its result to {name}; wait for it, or name another directory by --out"
        ))),
        // Not every file system has locks.
        Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
            Err(failed(error))
        }
        _ => Ok(file),
    }
}

/// The folder of a campaign that is under way: its result, and a folder for each distinct failure.
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
    pub fn new(
        runner: &'r dyn Runner,
        folder: &Path,
        settings: &Settings,
        partition: Partition,
        jobs: u64,
    ) -> Store<'r> {
        let (folder, settings) = (folder.to_owned(), settings.clone());
        Store { runner, folder, settings, partition, jobs, written: BTreeMap::new() }
    }

    /// Removes what an earlier campaign left in the folder. A folder without a result is no campaign's, and keeps what it has;
    /// for the same reason the result itself goes last.
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
    pub fn sweep(&self) -> io::Result<()> {
        sweep(&self.folder, Some(&[JUNIT, page::campaign::FILE, FILE]))?;
        let mut failures = fs::read_dir(self.folder.join(FAILURES)).into_iter().flatten().flatten();
        failures.try_for_each(|failure| sweep(&failure.path(), None))
    }

    /// Writes what there is so far, or in the end.
    pub fn write(
        &mut self,
        summary: &Summary,
        elapsed: Duration,
        end: Option<workers::End>,
    ) -> io::Result<CampaignFile> {
        let timing = Timing {
            partition: (self.partition.count > 1).then(|| self.partition.to_string()),
            jobs: self.jobs,
            milliseconds: elapsed.as_millis() as u64,
            ended: end.map(|end| end.name().to_owned()),
        };
        let file = CampaignFile::new(&self.settings, summary, timing);
        self.write_file(&file, end.is_some())?;
        Ok(file)
    }

    /// Writes a result. The failures' folders say how often each was seen only at the `end`.
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

    fn folder_of(&self, failure: &FailureRow) -> PathBuf {
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
        // A run that does not end, or that squall does not survive, has no outcome to write. The others were run before by a worker,
        // which caught what squall does not survive.
        match failure.signature.finding {
            Finding::Violation(_) | Finding::EventLimit => {
                write_run(&folder, &Run::recorded(self.runner, plan))
            }
            _ => Ok(()),
        }
    }
}

/// Removes the temporary files of a process that was killed, of these names or of all.
fn sweep(folder: &Path, names: Option<&[&str]>) -> io::Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let parts = name.to_str().and_then(|name| name.strip_suffix(".tmp")?.rsplit_once('.'));
        let is_one = parts.is_some_and(|(stem, process)| {
            process.parse::<u32>().is_ok() && names.is_none_or(|names| names.contains(&stem))
        });
        if is_one && path.is_file() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// How a result is told.
pub struct Manner<'a> {
    /// As JSON rather than in words.
    pub json: bool,
    /// Whether a situation that was never reached is a failure.
    pub require_situations: bool,
    /// How to go on with it if it is not finished.
    pub way_on: &'a str,
    /// What failures were shrunk to, by the names of their folders.
    pub shrunk: BTreeMap<String, Shrinking>,
}

/// Tells a result that was written to a folder: in words or as JSON, as JUnit beside it, and as annotations where GitHub Actions runs it.
pub fn tell(runner: &dyn Runner, file: &CampaignFile, folder: &Path, manner: &Manner) -> End {
    let xml = xml(runner, file).map_err(io::Error::other)?;
    failure::write(&folder.join(JUNIT), &xml)?;
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        campaign::github_annotations(file).lines().for_each(say);
    }
    // Only what is there is told to be there.
    let (code, vanished) = (code(file, manner.require_situations), vanished(file, folder));
    let code = vanished.iter().fold(code, |code, failure| code.worse(failure.code)).found();
    let mut out = anstream::AutoStream::auto(io::stdout());
    if manner.json {
        let mut value = json!(file);
        value["exit"] = (code as u8).into();
        if !manner.shrunk.is_empty() {
            value["shrunk"] = json!(manner.shrunk);
        }
        writeln!(out, "{value:#}")?;
        vanished.iter().for_each(Failure::tell);
        return Ok(code);
    }
    let (word, color) = match code {
        Code::Clean => ("ok", anstyle::AnsiColor::Green),
        Code::Interrupted => ("INTERRUPTED", anstyle::AnsiColor::Yellow),
        Code::Unmet if file.failures.is_empty() => ("UNMET", anstyle::AnsiColor::Red),
        _ => ("FAILED", anstyle::AnsiColor::Red),
    };
    let style = color.on_default().bold();
    writeln!(out, "{style}{word:<9}{style:#} {}", campaign::verdict(file))?;
    write!(out, "{}", campaign::text(file, folder, &manner.shrunk))?;
    writeln!(out, "\n  the result is in {}", shown(folder))?;
    if was_interrupted(file) {
        writeln!(out, "  it was interrupted; go on with {}", manner.way_on)?;
    }
    out.flush()?;
    vanished.iter().for_each(Failure::tell);
    Ok(code)
}

/// What was written, and is not there: somebody else removed it.
fn vanished(file: &CampaignFile, folder: &Path) -> Vec<Failure> {
    let runs = file.failures.iter().map(|failure| run_file(failure, folder));
    let gone = std::iter::once(folder.join(FILE)).chain(runs).filter(|path| !path.is_file());
    let told = |path: PathBuf| format!("{} was written, and is not there any more", path.display());
    gone.map(|path| Failure::usage(told(path))).collect()
}

/// Whether somebody ended it early. A part that was killed did not even have the time to say so.
fn was_interrupted(file: &CampaignFile) -> bool {
    file.timing.ended.as_deref().is_none_or(|end| end == workers::End::Interrupted.name())
}

/// The exit code: that of the worst failure.
fn code(file: &CampaignFile, require_situations: bool) -> Code {
    let unmet = require_situations && !file.never_reached.is_empty();
    let own = match (was_interrupted(file), unmet) {
        (true, _) => Code::Interrupted,
        (false, true) => Code::Unmet,
        (false, false) => Code::Clean,
    };
    let findings = file.failures.iter().map(|failure| failure.signature.finding.into());
    findings.fold(own, Code::worse)
}

/// A result as JUnit has it, in XML: one case for each thing that can be wrong, so that a CI server can tell which of them are.
fn xml(runner: &dyn Runner, file: &CampaignFile) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("storms");
    for finding in Finding::all() {
        suite.add_test_case(case(runner, file, finding));
    }
    suite.set_time(Duration::from_millis(file.timing.milliseconds));
    suite.add_property(("runs", file.totals.runs.to_string().as_str()));
    suite.add_property(("events", file.totals.events.to_string().as_str()));
    suite.add_property(("undecided", file.totals.gaps.undecided.to_string().as_str()));
    suite.set_system_out(file.totals.gaps.lines().join("\n"));
    let mut report = Report::new("squall fuzz");
    report.add_test_suite(suite);
    report.to_string()
}

fn case(runner: &dyn Runner, file: &CampaignFile, finding: Finding) -> TestCase {
    let failures: Vec<_> =
        file.failures.iter().filter(|failure| failure.signature.finding == finding).collect();
    let Some(first) = failures.first() else {
        return TestCase::new(finding.name(), TestCaseStatus::success());
    };
    let kind = match finding {
        Finding::Panic => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(finding.name());
    status.set_message(format!("{} (seed {})", finding.sentence(), first.first_seed));
    let mut text = String::new();
    for failure in failures {
        let (id, seed) = (&failure.id, failure.first_seed);
        text += &format!("{id}: in {}, first with seed {seed}\n", counted(failure.count, "run"));
        text += &format!("  {}\n", shown(&failure.signature.shape));
        if matches!(finding, Finding::Violation(_)) {
            text += &proof(runner, file, failure).unwrap_or_default();
        }
    }
    status.set_description(text);
    TestCase::new(finding.name(), status)
}

/// How many missing parts a message names.
const NAMED_MAX: usize = 8;

#[derive(Args)]
#[command(after_help = "Examples:
  squall fuzz --runs 100000 --partition 1/2 --out part-1    on one machine
  squall fuzz --runs 100000 --partition 2/2 --out part-2    on another
  squall merge part-1 part-2 --out whole
  squall merge part-* --json")]
pub struct MergeArgs {
    /// The result directories of the parts
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Where the merged result is written [default: reports/merged]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Throws away the result that is in the directory of the merged one
    #[arg(long)]
    force: bool,
    /// Merges what there is, although parts are missing
    #[arg(long)]
    partial: bool,
    /// Fails if a situation was never reached
    #[arg(long)]
    require_situations: bool,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn merge(args: &MergeArgs, guests: &Guests<'_>) -> End {
    let mut files = Vec::new();
    for folder in &args.parts {
        let Some(file) = read(folder)? else {
            let path = folder.join(FILE);
            return Err(Failure::usage(format!("there is no {}", path.display())));
        };
        files.push((folder.clone(), file));
    }
    let out = args.out.clone().unwrap_or_else(|| "reports/merged".into());
    let place = out.canonicalize().ok();
    let is_out = |folder: &PathBuf| place.is_some() && folder.canonicalize().ok() == place;
    if args.parts.iter().any(is_out) {
        let out = out.display();
        return Err(Failure::usage(format!("{out} is one of the parts, and would be replaced")));
    }
    let file = merge_files(&files).map_err(Failure::usage)?;
    let missing = missing_parts(&files).map_err(Failure::usage)?;
    if !missing.is_empty() && !args.partial {
        let named: Vec<String> = missing.iter().take(NAMED_MAX).map(Partition::to_string).collect();
        let more = match missing.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(Failure::usage(format!(
            "parts are missing: {}{more}; --partial merges without them",
            named.join(", ")
        )));
    }
    let runner = guests.named(Some(&file.settings.guest.name))?;
    let _lock = lock(&out)?;
    keep(&out, args.out.is_some(), args.force, "throw it away by --force")?;
    let mut store =
        Store::new(runner, &out, &file.settings, Partition::default(), file.timing.jobs);
    let written = |error: std::io::Error| Failure::file(&out, "write", &error);
    store.clear().map_err(written)?;
    store.write_file(&file, true).map_err(written)?;
    let way_on = "squall fuzz --resume --out PART for each part, and merge again";
    let (json, require_situations) = (args.json, args.require_situations);
    let shrunk = BTreeMap::new();
    tell(runner, &file, &out, &Manner { json, require_situations, way_on, shrunk })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::file::STORY;
    use crate::campaign::file::Timing;
    use crate::campaign::workers::run_caught;
    use crate::campaign::workers::{Control, run};
    use crate::campaign::{Settings, Summary};
    use crate::oracle::gap::GapCounts;
    use crate::report::saved::SavedRun;
    use crate::sim::BuiltIn;

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

    /// A CI server is told what was not decided, and why.
    #[test]
    fn undecided_runs_are_told_by_reason() {
        let mut file = result(&BuiltIn::new());
        file.totals.gaps =
            GapCounts { undecided: 3, horizon: 1, events: 2, ..GapCounts::default() };
        let expected = "3 runs are undecided: 1 whose horizon came before a verdict on liveness, 2 for a limit of events";
        let xml = xml(&BuiltIn::new(), &file).unwrap();
        assert!(xml.contains(expected) && xml.contains(r#"name="undecided" value="3""#), "{xml}");
        let page = page::campaign::html(&file, Path::new("there"), None);
        assert!(page.contains(expected), "{page}");
    }

    #[test]
    fn a_failure_stands_in_the_case_of_its_property() {
        let settings = Settings { bugs: vec![Bug::TruncateUnconditional], ..Settings::default() };
        let mut summary = Summary::default();
        for seed in 1..40 {
            let outcome = run_caught(&BuiltIn::new(), &settings.plan(seed)).unwrap();
            summary.add(seed, &outcome);
        }
        let file = CampaignFile::new(&settings, &summary, Timing::default());
        let xml = xml(&BuiltIn::new(), &file).unwrap();
        let cases = Finding::all().count();
        assert!(xml.contains(&format!("tests=\"{cases}\"")), "{xml}");
        let seed = format!("first with seed {}", file.failures[0].first_seed);
        assert!(xml.contains(&seed) && xml.contains("the records that prove it"), "{xml}");
    }

    #[test]
    fn only_what_a_dead_process_left_is_swept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let names = ["a.json.17.tmp", "b.json.18.tmp", "a.json", "a.tmp", "a.json.x.tmp"];
        for name in names {
            fs::write(folder.path().join(name), "").expect("it is writable");
        }
        let there = || names.iter().filter(|name| folder.path().join(name).exists()).count();
        sweep(folder.path(), Some(&["a.json"])).expect("it is writable");
        assert!(!folder.path().join(names[0]).exists() && there() == 4);
        sweep(folder.path(), None).expect("it is writable");
        assert!(!folder.path().join(names[1]).exists() && there() == 3);
        sweep(&folder.path().join("nowhere"), None).expect("there is nothing to sweep");
    }

    #[test]
    fn a_result_that_somebody_removed_is_not_told_to_be_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = CampaignFile::new(&Settings::default(), &Summary::default(), Timing::default());
        let gone = vanished(&file, folder.path());
        assert!(gone.len() == 1 && gone[0].text.contains("campaign.json was written, and is not"));
        fs::write(folder.path().join(FILE), "").expect("it is writable");
        assert!(vanished(&file, folder.path()).is_empty());
    }
}
