//! Reads, writes and tells the results of campaigns.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::campaign::file::{CampaignFile, FILE, JUNIT};
use crate::campaign::shrink::Shrinking;
use crate::campaign::workers;
use crate::cli::failure::{self, Code, End, Failure};
use crate::cli::junit;
use crate::report::campaign;
use crate::sim::Runner;

/// Reads the result in a folder; nothing if there is none.
pub fn read(folder: &Path) -> Result<Option<CampaignFile>, Failure> {
    let path = folder.join(FILE);
    let text = CampaignFile::read(folder).map_err(|error| Failure::file(&path, "read", &error))?;
    let parse = |text: String| {
        CampaignFile::from_json(&text).map_err(|error| Failure::mistake(&path, &text, &error))
    };
    text.map(parse).transpose()
}

/// A result is never thrown away by mistake: only in the directory that is used when none is given, or by force.
pub fn keep(folder: &Path, given: bool, force: bool, way_out: &str) -> Result<(), Failure> {
    let why = match (given && !force && folder.join(FILE).exists(), folder.is_dir()) {
        (true, _) => format!("holds a result; {way_out}"),
        (false, false) if folder.exists() => "is no directory; a result is written to one".into(),
        _ => return Ok(()),
    };
    Err(Failure::usage(format!("{} {why}", folder.display())))
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
    let xml = junit::xml(runner, file).map_err(std::io::Error::other)?;
    failure::write(&folder.join(JUNIT), &xml)?;
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        anstream::eprint!("{}", campaign::github_annotations(file));
    }
    let code = code(file, manner.require_situations);
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    if manner.json {
        let mut value = json!(file);
        value["exit"] = (code as u8).into();
        if !manner.shrunk.is_empty() {
            value["shrunk"] = json!(manner.shrunk);
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
