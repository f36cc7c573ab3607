//! Reads, writes and tells the results of campaigns.

use std::io::Write;
use std::path::Path;

use crate::campaign::store::{CampaignFile, FILE, JUNIT};
use crate::campaign::workers::End;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::report::saved::write_whole;
use crate::report::{campaign, junit};

/// Reads the result in a folder; nothing if there is none.
pub fn read(folder: &Path) -> Result<Option<CampaignFile>, Failure> {
    let path = folder.join(FILE);
    let text = CampaignFile::read(folder).map_err(|error| Failure::file(&path, "read", &error))?;
    text.map(|text| {
        let color = files::colors_on_stderr();
        CampaignFile::from_json(&text)
            .map_err(|error| Failure::mistake(&path, &text, &error, color))
    })
    .transpose()
}

/// Tells a result that was written to a folder: in words or as JSON, as JUnit beside it, and as annotations where GitHub Actions runs it.
pub fn tell(
    file: &CampaignFile,
    folder: &Path,
    json: bool,
    require_situations: bool,
) -> Result<Code, Failure> {
    let path = folder.join(JUNIT);
    let xml = junit::xml(file).map_err(std::io::Error::other)?;
    write_whole(&path, xml.trim_end().as_bytes())
        .map_err(|error| Failure::file(&path, "write", &error))?;
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        anstream::eprint!("{}", campaign::github_annotations(file));
    }
    let code = code(file, require_situations);
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    if json {
        let mut value = serde_json::to_value(file).map_err(std::io::Error::from)?;
        value["exit"] = (code as u8).into();
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
    write!(out, "{}", campaign::text(file, folder))?;
    writeln!(out, "\n  the result is in {}", folder.display())?;
    if code == Code::Interrupted {
        writeln!(out, "  go on with it: the same command, with --resume")?;
    }
    out.flush()?;
    Ok(code)
}

/// The exit code: that of the worst failure.
fn code(file: &CampaignFile, require_situations: bool) -> Code {
    let unmet = require_situations && !file.never_reached.is_empty();
    let interrupted = file.timing.ended.as_deref() == Some(End::Interrupted.name());
    let own = match (interrupted, unmet) {
        (true, _) => Code::Interrupted,
        (false, true) => Code::Unmet,
        (false, false) => Code::Clean,
    };
    let findings = file.failures.iter().map(|failure| failure.signature.finding);
    findings.map(Code::from).fold(own, Code::worse)
}
