//! Reads, writes and tells the results of campaigns.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::campaign::file::{CampaignFile, FILE, JUNIT, LOCK};
use crate::campaign::shrink::Shrinking;
use crate::campaign::workers::End;
use crate::cli::exit::Code;
use crate::cli::failure::{Failure, say};
use crate::cli::junit;
use crate::files::write_whole;
use crate::plan::files::{self, ReadError, WRITTEN_BYTES_MAX};
use crate::report::campaign;
use crate::shown::shown;
use crate::sim::Runner;

/// Reads the result in a folder; nothing if there is none.
pub fn read(folder: &Path) -> Result<Option<CampaignFile>, Failure> {
    let path = folder.join(FILE);
    let text = match files::read_text(&path, WRITTEN_BYTES_MAX) {
        Err(ReadError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let file = CampaignFile::from_json(&text);
    file.map(Some).map_err(|error| Failure::mistake(&path, &text, &error))
}

/// A result is never thrown away by mistake: only in the directory that is used when none is given, or by force.
pub fn keep(folder: &Path, given: bool, force: bool, way_out: &str) -> Result<(), Failure> {
    if given && !force && folder.join(FILE).exists() {
        let folder = folder.display();
        return Err(Failure::usage(format!("{folder} holds a result; {way_out}")));
    }
    Ok(())
}

/// Takes a folder for a result, until the file that is returned is dropped: two campaigns would destroy each other's.
pub fn lock(folder: &Path) -> Result<File, Failure> {
    if folder.exists() && !folder.is_dir() {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "{folder} is no directory; a result is written to one"
        )));
    }
    let path = folder.join(LOCK);
    let failed = |error| Failure::file(&path, "write", &error);
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "another squall writes its result to {}; wait for it, or name another directory by --out",
            folder.display()
        ))),
        // Not every file system has locks.
        Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
            Err(failed(error))
        }
        _ => Ok(file),
    }
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
pub fn tell(
    runner: &dyn Runner,
    file: &CampaignFile,
    folder: &Path,
    manner: &Manner,
) -> Result<Code, Failure> {
    let path = folder.join(JUNIT);
    let xml = junit::xml(runner, file).map_err(std::io::Error::other)?;
    write_whole(&path, xml.trim_end().as_bytes())
        .map_err(|error| Failure::file(&path, "write", &error))?;
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        say(campaign::github_annotations(file).trim_end());
    }
    // Only what is there is told to be there.
    let (code, vanished) = (code(file, manner.require_situations), vanished(file, folder));
    let code = vanished.iter().fold(code, |code, failure| code.worse(failure.code));
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    if manner.json {
        let mut value = serde_json::to_value(file).map_err(std::io::Error::from)?;
        value["exit"] = (code as u8).into();
        if !manner.shrunk.is_empty() {
            value["shrunk"] = serde_json::to_value(&manner.shrunk).map_err(std::io::Error::from)?;
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
    let runs = file.failures.iter().map(|failure| campaign::run_file(failure, folder));
    std::iter::once(folder.join(FILE))
        .chain(runs)
        .filter(|path| !path.is_file())
        .map(|path| {
            Failure::usage(format!("{} was written, and is not there any more", path.display()))
        })
        .collect()
}

/// Whether somebody ended it early. A part that was killed did not even have the time to say so.
fn was_interrupted(file: &CampaignFile) -> bool {
    file.timing.ended.as_deref().is_none_or(|end| end == End::Interrupted.name())
}

/// The exit code: that of the worst failure.
fn code(file: &CampaignFile, require_situations: bool) -> Code {
    let unmet = require_situations && !file.never_reached.is_empty();
    let own = match (was_interrupted(file), unmet) {
        (true, _) => Code::Interrupted,
        (false, true) => Code::Unmet,
        (false, false) => Code::Clean,
    };
    let findings = file.failures.iter().map(|failure| failure.signature.finding);
    findings.map(Code::from).fold(own, Code::worse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::file::Timing;
    use crate::campaign::{Settings, Summary};

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
