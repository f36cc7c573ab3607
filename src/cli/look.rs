//! Commands that show one run: `squall why`, `squall explain`, `squall export` and `squall report`, which shows campaigns, too.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::campaign::file::CampaignFile;
use crate::campaign::power::{FORMAT, Power, VERSION};
use crate::cli::failure::{self, Code, End, Failure};
use crate::cli::progress::{check_whole, is_given_up, jobs};
use crate::cli::result;
use crate::cli::source::{self, Guests, SourceArgs, Subject};
use crate::files::{Output, is_stdout};
use crate::ids::{Index, NodeId, Term};
use crate::log::RequestId;
use crate::plan::files;
use crate::plan::problem::require_format;
use crate::record::Group;
use crate::report::expectations::{Verdict, judge, nearest, to_ask};
use crate::report::explain::{explain as explained, next_steps};
use crate::report::export::{self, Export, Filter, Mermaid, Shiviz};
use crate::report::page::{self, RECORDS_MAX, Window};
use crate::report::perfetto::Perfetto;
use crate::report::turning::{Turning, turning_point};
use crate::report::why::{Question, answer};
use crate::shown::{fenced, shown};
use crate::sim::Run;
use crate::time::{Span, Time};

#[derive(Args)]
#[command(after_help = "Examples:
  squall explain scenarios/bugs/vote-twice.toml
  squall fuzz --bug vote-twice --stop-after 1    finds a failure
  squall explain reports/fuzz/failures/* --lines 20
  squall explain --seed 6 --bug vote-twice --turning-point
  squall explain --seed 1 --nodes 5 --bug commit-without-quorum --markdown > bug.md")]
pub struct ExplainArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Prints a report of the bug, with the scenario that makes it happen again
    #[arg(long)]
    markdown: bool,
    /// How many lines it has at most; what proves the violation is always in it
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..))]
    lines: u16,
    #[command(flatten)]
    turning: TurningArgs,
}

/// Whether the turning point is looked for, and how.
#[derive(Args)]
struct TurningArgs {
    /// Says from which event on the run was bound to fail: it is branched at its events, with other random streams from there on
    #[arg(long)]
    turning_point: bool,
    /// With --turning-point: how many futures each event has at which the run is branched
    #[arg(long, value_name = "N", requires = "turning_point", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    futures: u32,
    /// With --turning-point: how many futures run at once [default: one for each core]
    #[arg(long, short, value_name = "N", requires = "turning_point", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

impl TurningArgs {
    /// The turning point of a run that violates a property, if it is asked for.
    fn find(&self, run: &Run<'_>) -> Option<Turning> {
        if self.turning_point { turning_point(run, self.futures, jobs(self.jobs)) } else { None }
    }
}

/// Tells how the violation of a run came about, or what came nearest to a promise that was not kept.
pub fn explain(args: &ExplainArgs, guests: &Guests<'_>) -> End {
    let subject = args.source.subject(guests)?;
    let name = &subject.name;
    let run = subject.recorded()?;
    let words = args.source.words(name);
    let explanation = explained(&run, usize::from(args.lines))
        .map_err(|message| Failure::usage(format!("{name}: {message}")))?;
    let is_told = explanation.is_some();
    let story = explanation.map_or_else(String::new, |explanation| match args.markdown {
        true => explanation.markdown(&run),
        false => explanation.story(),
    });
    let turning = args.turning.find(&run).map(|turning| turning.text());
    let turning = turning.map_or_else(String::new, |text| match args.markdown {
        true => format!("\n## The turning point\n\n{}", fenced("", text.trim_end())),
        false => format!("\n{text}"),
    });
    check_whole(name)?;
    let verdict = match judge(run.plan(), run.outcome(), false) {
        Verdict::Broken(_) => nearest(&run),
        Verdict::Undecided(lines) => {
            lines.iter().map(|line| format!("undecided: {line}\n")).collect()
        }
        _ if story.is_empty() => {
            return Err(Failure::usage(format!("{name}: nothing to explain: no violation")));
        }
        _ => String::new(),
    };
    let next = match (is_told, args.markdown) {
        (true, true) => String::new(),
        (true, false) => next_steps(&words),
        (false, _) => {
            let asked = to_ask(&run).into_iter().map(|it| format!("  squall why {words} {it}\n"));
            format!("\nnext:\n  squall report {words}\n{}", asked.collect::<String>())
        }
    };
    print(&[verdict, story, turning, next].concat())
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall why scenarios/safety/leader-crash-after-commit.toml --commit 1
  squall why --seed 42 --term 2
  squall why scenarios/elections/third-outcome-split-vote.toml --term 2 --node 3
  squall why scenarios/bugs/uptodate-vector.toml --leaderless 5s
  squall why scenarios/bugs/transfer-wedged.toml --request 2.1")]
#[command(group = clap::ArgGroup::new("question").required(true))]
pub struct WhyArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Why the entry at this index was committed, or what stands in the way
    #[arg(long, value_name = "INDEX", group = "question", value_parser = clap::value_parser!(u64).range(1..))]
    commit: Option<u64>,
    /// Who won this term, and why others did not
    #[arg(long, value_name = "TERM", group = "question", value_parser = clap::value_parser!(u64).range(1..))]
    term: Option<u64>,
    /// Why nobody leads at this time: what each node was doing then, and who refused whom
    #[arg(long, value_name = "TIME", group = "question")]
    leaderless: Option<Span>,
    /// What became of a request: of client C, its S-th; `c2.1` in traces is 2.1
    #[arg(long, value_name = "C.S", group = "question", value_parser = request)]
    request: Option<RequestId>,
    /// With --term: why this node did not win
    #[arg(long, value_name = "N", requires = "term", value_parser = clap::value_parser!(u8).range(1..=25))]
    node: Option<u8>,
}

/// The name of a request, as traces have it, with or without its letter.
fn request(text: &str) -> Result<RequestId, String> {
    let (client, serial) =
        text.strip_prefix('c').unwrap_or(text).split_once('.').unwrap_or_default();
    let number = |text: &str| text.parse().ok().filter(|number: &u32| *number > 0);
    let named = number(client).zip(number(serial));
    let named = named.map(|(client, serial)| RequestId::new(client, serial));
    named
        .ok_or_else(|| "name a request by its client and the client's count, as 2.1 or c2.1".into())
}

/// Answers a question. A run that has nothing to do with it is a wrong use.
pub fn why(args: &WhyArgs, guests: &Guests<'_>) -> End {
    let subject = args.source.subject(guests)?;
    subject.check_nodes(args.node)?;
    let question = match (args.commit, args.term, args.leaderless, args.request) {
        (Some(index), ..) => Question::Commit(Index(index)),
        (_, Some(term), ..) => Question::Term(Term(term), args.node.map(NodeId::new)),
        (_, _, Some(time), _) => Question::Leaderless(Time::ZERO.plus(time)),
        (_, _, _, Some(request)) => Question::Request(request),
        _ => {
            return Err(Failure::usage(
                "ask a question: --commit INDEX (why the entry there was committed, or was not), --term TERM (who won it, and with --node N \
                 why that node did not), --leaderless TIME (why nobody leads then), or --request C.S (what became of it)",
            ));
        }
    };
    print(
        &answer(&subject.recorded()?, question)
            .map_err(|message| Failure::usage(format!("{}: {message}", subject.name)))?,
    )
}

fn print(text: &str) -> End {
    write!(anstream::AutoStream::auto(io::stdout()), "{text}")?;
    Ok(Code::Clean)
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall export --seed 42 --format perfetto -o run.json
  squall export scenarios/elections/third-outcome-split-vote.toml --format mermaid --to 400ms
  squall export --seed 1 --format shiviz --kind message --kind role --to 1s")]
pub struct ExportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    /// Writes to a file instead of the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only these nodes; a message counts as its sender's and its receiver's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=25))]
    node: Vec<u8>,
    /// Only these kinds
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(Group::NAMES))]
    kind: Vec<String>,
    /// Nothing before this time; a message counts when it is sent
    #[arg(long, value_name = "TIME")]
    from: Option<Span>,
    /// Nothing after this time
    #[arg(long, value_name = "TIME")]
    to: Option<Span>,
}

/// What a run can be exported to.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Trace events as JSON, for ui.perfetto.dev and chrome://tracing
    Perfetto,
    /// A sequence diagram, for Markdown; up to 300 arrows and notes
    Mermaid,
    /// A log with vector clocks, for ShiViz; up to 2,000 events
    Shiviz,
}

/// Exports a run. A violation in it is no error of the export.
pub fn export(args: &ExportArgs, guests: &Guests<'_>) -> End {
    let subject = args.source.subject(guests)?;
    subject.check_nodes(args.node.iter().copied())?;
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Failure::usage(format!("--from {from} is after --to {to}; swap them")));
    }
    let run = subject.recorded()?;
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    let written = write(args, &run, path);
    check_whole(&subject.name)?;
    written.map(|()| Code::Clean).map_err(|error| match error.kind() {
        // It has a second line, and nothing in it that others wrote.
        io::ErrorKind::InvalidData => {
            Failure { code: Code::Usage, text: format!("error: {error}") }
        }
        _ => Failure::output(path, error),
    })
}

fn write(args: &ExportArgs, run: &Run<'_>, path: &Path) -> io::Result<()> {
    let plan = run.plan();
    let filter =
        Filter { nodes: args.node.clone(), kinds: args.kind.clone(), from: args.from, to: args.to };
    let mut format: Box<dyn Export + '_> = match args.format {
        Format::Perfetto => Box::new(Perfetto::new(plan, filter)),
        Format::Mermaid => Box::new(Mermaid::new(plan, filter)),
        Format::Shiviz => Box::new(Shiviz::new(plan, filter)),
    };
    let mut out = Output::create(path)?;
    export::export(run, format.as_mut(), &mut out)?;
    if is_given_up() { Err(io::ErrorKind::Interrupted.into()) } else { out.finish() }
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall report scenarios/bugs/old-term-commit.toml -o run.html
  squall report --seed 42 --bug vote-twice
  squall report --seed 6 --bug vote-twice --turning-point
  squall report scenarios/bugs/backoff-livelock.toml --from 10s --to 20s
  squall fuzz --bug vote-twice --stop-after 1     finds a failure
  squall report reports/fuzz/failures/*
  squall report reports/fuzz                      a campaign: writes index.html there")]
pub struct ReportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
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
    #[command(flatten)]
    turning: TurningArgs,
    /// For a campaign: the power table to show [default: power.json in its folder, if there is one]
    #[arg(long, value_name = "FILE")]
    power: Option<PathBuf>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "it must be a number from 1".into())
}

/// Writes the page of a run, or of a campaign if its folder is named.
pub fn report(args: &ReportArgs, guests: &Guests<'_>) -> End {
    let folder = args.source.source.as_deref().filter(|path| path.is_dir());
    if let Some(folder) = folder
        && let Some(file) = result::read(folder)?
    {
        let changes = args.source.changes();
        let asks = args.from.or(args.to).is_some() || args.turning.turning_point;
        if !changes.is_empty() || asks {
            return Err(Failure::usage(format!(
                "{} is a campaign, which has been run: only --out and --power go with it",
                folder.display()
            )));
        }
        return campaign(args, folder, &file);
    }
    if args.power.is_some() {
        let message = "--power is for the page of a campaign; name a campaign's folder";
        return Err(Failure::usage(message));
    }
    let subject = args.source.subject(guests)?;
    let command = command(&args.source, &subject)?;
    let time = |span: Span| Time::ZERO.plus(span);
    let window = Window {
        from: args.from.map_or(Time::ZERO, time),
        to: args.to.map_or(Time::MAX, time),
        records_max: args.records_max,
    };
    let run = subject.recorded()?;
    let turning = args.turning.find(&run);
    if args.turning.turning_point && turning.is_none() {
        let message = format!("{}: no violation, and so no turning point", subject.name);
        return Err(Failure::usage(message));
    }
    let html = page::html(&run, &command, window, turning.as_ref()).map_err(|too_big| {
        Failure::usage(format!(
            "there are {} records to show, and a page holds {}; show a part with --from and --to (from {}s on it would \
             fit), or allow more with --records-max",
            too_big.records, too_big.records_max, too_big.fits_from
        ))
    })?;
    check_whole(&subject.name)?;
    write_page(args, &folder.unwrap_or(Path::new("")).join("run.html"), &html)
}

fn campaign(args: &ReportArgs, folder: &Path, file: &CampaignFile) -> End {
    let own = Some(folder.join("power.json")).filter(|own| own.is_file());
    let power = args.power.clone().or(own).map(|path| read_power(&path)).transpose()?;
    let html = page::campaign::html(file, folder, power.as_ref());
    write_page(args, &folder.join(page::campaign::FILE), &html)
}

fn read_power(path: &Path) -> Result<Power, Failure> {
    let text = files::read_text(path, files::WRITTEN_BYTES_MAX)?;
    source::parse(path, &text, |power: &Power| {
        require_format(&power.format, power.version, (FORMAT, VERSION))
    })
}

fn write_page(args: &ReportArgs, default: &Path, html: &str) -> End {
    let out = args.out.as_deref().unwrap_or(default);
    failure::write(out, html)?;
    if !is_stdout(out) {
        writeln!(io::stdout(), "the page is in {}", shown(out))?;
    }
    Ok(Code::Clean)
}

/// What gives the run of a page again.
fn command(source: &SourceArgs, subject: &Subject<'_>) -> Result<String, Failure> {
    let file = source.source.as_deref().map(source::file_of).transpose()?;
    let name = file.as_ref().map(shown);
    let words = source.words(name.as_ref().unwrap_or(&subject.name));
    let command = match (file.is_some_and(|file| source::is_json(&file)), source.changes().as_str())
    {
        (true, "") => "replay",
        (true, _) => "report",
        (false, _) => "run",
    };
    Ok(format!("squall {command} {words}"))
}
