//! Reads, writes and tells the results of campaigns.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crate::campaign::file::{CampaignFile, FILE, JUNIT};
use crate::campaign::shrink::Shrinking;
use crate::campaign::workers::End;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::junit;
use crate::files::write_whole;
use crate::report::campaign;
use crate::sim::Runner;

/// Reads the result in a folder; nothing if there is none.
pub fn read(folder: &Path) -> Result<Option<CampaignFile>, Failure> {
    let path = folder.join(FILE);
    let text = CampaignFile::read(folder).map_err(|error| Failure::file(&path, "read", &error))?;
    text.map(|text| {
        CampaignFile::from_json(&text).map_err(|error| Failure::mistake(&path, &text, &error))
    })
    .transpose()
}

/// A result is never thrown away by mistake: only in the directory that is used when none is given, or by force.
pub fn keep(folder: &Path, given: bool, force: bool, way_out: &str) -> Result<(), Failure> {
    if given && !force && folder.join(FILE).exists() {
        let folder = folder.display();
        return Err(Failure::usage(format!("{folder} holds a result; {way_out}")));
    }
    if folder.exists() && !folder.is_dir() {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "{folder} is no directory; a result is written to one"
        )));
    }
    Ok(())
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
        anstream::eprint!("{}", campaign::github_annotations(file));
    }
    let code = code(file, manner.require_situations);
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    if manner.json {
        let mut value = serde_json::to_value(file).map_err(std::io::Error::from)?;
        value["exit"] = (code as u8).into();
        if !manner.shrunk.is_empty() {
            value["shrunk"] = serde_json::to_value(&manner.shrunk).map_err(std::io::Error::from)?;
        }
        writeln!(out, "{value:#}")?;
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
    writeln!(out, "\n  the result is in {}", folder.display())?;
    if was_interrupted(file) {
        writeln!(out, "  it was interrupted; go on with {}", manner.way_on)?;
    }
    out.flush()?;
    Ok(code)
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
