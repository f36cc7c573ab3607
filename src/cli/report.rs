//! `squall report`: the page of a run, or of a campaign.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::campaign::file::CampaignFile;
use crate::campaign::power::{FORMAT, Power, VERSION};
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::result;
use crate::cli::source::{SourceArgs, Subject};
use crate::files::{is_stdout, write_whole};
use crate::plan::files;
use crate::plan::problem::require_format;
use crate::plan::scenario::read_json;
use crate::report::page::{self, RECORDS_MAX, Window};
use crate::shown::shown;
use crate::time::{Span, Time};

/// What `squall report` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall report scenarios/bugs/old-term-commit.toml -o run.html
  squall report reports/seed-42.plan.json
  squall report --seed 42 --bug vote-twice
  squall report long.toml --from 10s --to 20s
  squall report reports/fuzz                      a campaign: writes index.html there")]
pub struct ReportArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The page, or `-` [default: run.html, or index.html for a campaign; in the folder if one is named]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Shows nothing before this time
    #[arg(long, value_name = "TIME")]
    from: Option<Span>,
    /// Shows nothing after this time
    #[arg(long, value_name = "TIME")]
    to: Option<Span>,
    /// How many records a page holds at most
    #[arg(long, value_name = "N", default_value_t = RECORDS_MAX, value_parser = at_least_one)]
    records_max: usize,
    /// For a campaign: the power table to show [default: power.json in its folder, if there is one]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "from", "to", "bug"])]
    power: Option<PathBuf>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a number from 1".into()),
        Ok(count) => Ok(count),
    }
}

/// The name of a run's page.
const RUN: &str = "run.html";

/// Writes the page.
pub fn report(args: &ReportArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    if let Some(folder) = args.source.path()
        && folder.is_dir()
        && let Some(file) = result::read(folder)?
    {
        return campaign(args, folder, &file);
    }
    if args.power.is_some() {
        return Err(Failure::usage(
            "--power is for the page of a campaign; name a campaign's folder",
        ));
    }
    let (subject, command, out) = subject(args, guests)?;
    let time = |span: Span| Time::ZERO.plus(span);
    let window = Window {
        from: args.from.map_or(Time::ZERO, time),
        to: args.to.map_or(Time::MAX, time),
        records_max: args.records_max,
    };
    let html = page::html(&subject.recorded(), &command, window).map_err(|too_big| {
        Failure::usage(format!(
            "there are {} records to show, and a page holds {}; show a part with --from and --to (from {}s on it would \
             fit), or allow more with --records-max",
            too_big.records, too_big.records_max, too_big.fits_from
        ))
    })?;
    write(args.out.as_ref().unwrap_or(&out), &html)
}

/// Writes the page of a campaign.
fn campaign(args: &ReportArgs, folder: &Path, file: &CampaignFile) -> Result<Code, Failure> {
    let own = folder.join("power.json");
    let power = match &args.power {
        Some(path) => Some(read_power(path)?),
        None if own.is_file() => Some(read_power(&own)?),
        None => None,
    };
    let html = page::campaign::html(file, folder, power.as_ref());
    let out = folder.join(page::campaign::FILE);
    write(args.out.as_ref().unwrap_or(&out), &html)
}

fn read_power(path: &Path) -> Result<Power, Failure> {
    let text = files::read_text(path, files::WRITTEN_BYTES_MAX)?;
    let check = |power: &Power| require_format(&power.format, power.version, (FORMAT, VERSION));
    read_json(&text, check).map_err(|error| Failure::mistake(path, &text, &error))
}

fn write(out: &Path, html: &str) -> Result<Code, Failure> {
    write_whole(out, html.trim_end().as_bytes()).map_err(|error| Failure::output(out, error))?;
    if !is_stdout(out) {
        writeln!(std::io::stdout(), "the page is in {}", shown(out))?;
    }
    Ok(Code::Clean)
}

/// The run to show, what gives it again, and where its page goes if nothing else is said.
fn subject<'r>(
    args: &ReportArgs,
    guests: &Guests<'r>,
) -> Result<(Subject<'r>, String, PathBuf), Failure> {
    let subject = args.source.subject(guests)?;
    let name = subject.name.clone();
    let file = args.source.file()?;
    let words = args.source.words(&file.as_ref().map_or(name, shown));
    let is_saved = file.is_some_and(|file| file.extension().is_some_and(|end| end == "json"));
    let command = match (is_saved, args.source.changes_bugs()) {
        (true, false) => format!("squall replay {words}"),
        (true, true) => format!("squall report {words}"),
        (false, _) => format!("squall run {words}"),
    };
    let folder = args.source.path().filter(|path| path.is_dir());
    let out = folder.map_or_else(|| PathBuf::from(RUN), |folder| folder.join(RUN));
    Ok((subject, command, out))
}
