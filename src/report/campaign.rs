//! A campaign in words, and as annotations for GitHub Actions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::campaign::file::{CampaignFile, FAILURES, FILE, FailureRow, SHRUNK, SeedRange};
use crate::campaign::finding::Finding;
use crate::campaign::shrink::Shrinking;
use crate::meter::histogram::Histogram;
use crate::report::text::{not_exercised, violation, within_reach};
use crate::shown::shown;
use crate::sim::{Run, Runner};
use crate::time::Span;

/// How many situations that were never reached are named; `campaign.json` has them all.
const MISSED_MAX: usize = 12;

/// In a failure's folder: its plan.
const SCENARIO: &str = "scenario.toml";

/// What a failure of this seed can be looked at with.
pub fn next_command(failure: &FailureRow, folder: &Path) -> String {
    let file = run_file(failure, folder);
    let command = if file.ends_with(SCENARIO) { "run" } else { "replay" };
    format!("squall {command} {}", shown(file))
}

/// The file that holds the run of a failure: one that does not end, or that squall does not survive, is not saved.
pub fn run_file(failure: &FailureRow, folder: &Path) -> PathBuf {
    folder.join(FAILURES).join(&failure.id).join(match failure.signature.finding {
        Finding::Violation(_) | Finding::EventLimit => "run.plan.json",
        Finding::TimeLimit | Finding::Panic => SCENARIO,
    })
}

/// The result in words: the verdict, what was done and how fast, what failed, what was never reached.
pub fn text(file: &CampaignFile, folder: &Path, shrunk: &BTreeMap<String, Shrinking>) -> String {
    let (totals, timing) = (&file.totals, &file.timing);
    let (events, time) = (grouped(totals.events), long_time(totals.virtual_time.0));
    let mut lines = vec![seeds(file), format!("{events} events, {time} of virtual time")];
    lines.push(format!(
        "{} s with {}: {} runs/s, {} events/s, {} times real time",
        seconds(timing.milliseconds),
        counted(timing.jobs, "job"),
        grouped(timing.per_second(totals.runs)),
        grouped(timing.per_second(totals.events)),
        grouped(timing.per_second(totals.virtual_time.0) / 1_000_000_000)
    ));
    lines.extend(waited(&file.waits.answers, "answer"));
    lines.extend(waited(&file.waits.elections, "election"));
    lines.extend(requests(file));
    lines.extend(totals.gaps.lines());
    if !file.undecided.is_empty() {
        let seeds: Vec<String> = file.undecided.iter().map(u64::to_string).collect();
        lines.push(format!("undecided are seeds {}", seeds.join(", ")));
    }
    let all = within_reach(file.not_exercised);
    lines.push(format!("situations: {} of {all} reached", file.situations.len()));
    let missed: Vec<&str> =
        file.never_reached.iter().take(MISSED_MAX).map(|it| it.name()).collect();
    let more = match file.never_reached.len() - missed.len() {
        0 => String::new(),
        more => format!(" and {more} more, which {FILE} names"),
    };
    if !missed.is_empty() {
        lines.push(format!("never reached: {}{more}", missed.join(", ")));
    }
    if !file.own_situations.is_empty() {
        let reached = file.own_situations.iter();
        let reached = reached.map(|(name, count)| format!("{} {count}", shown(name)));
        let reached: Vec<String> = reached.collect();
        lines.push(format!("your situations: {}", reached.join(", ")));
    }
    lines.extend(not_exercised(file.not_exercised));
    let failures = file.failures.iter().map(|row| failure(row, folder, shrunk.get(&row.id)));
    lines.into_iter().map(|line| format!("  {line}\n")).chain(failures).collect()
}

/// A distinct failure, with what it was shrunk to and the next command.
fn failure(row: &FailureRow, folder: &Path, shrunk: Option<&Shrinking>) -> String {
    let (id, runs) = (&row.id, counted(row.count, "run"));
    let (sentence, shape) = (row.signature.finding.sentence(), shown(&row.signature.shape));
    let next = match shrunk {
        None if !run_file(row, folder).is_file() => String::new(),
        None => format!("      {}\n", next_command(row, folder)),
        Some(shrinking) => {
            let small = folder.join(FAILURES).join(id).join(SHRUNK);
            let (size, small) = (size(shrinking), shown(small));
            format!("    shrunk to {size}\n      squall explain {small}\n")
        }
    };
    let seed = row.first_seed;
    format!("\n  {id}  in {runs}, first with seed {seed}\n    {sentence}\n    {shape}\n{next}")
}

/// What a failure was shrunk to.
fn size(Shrinking { before, after, seedless, milliseconds, .. }: &Shrinking) -> String {
    format!(
        "{}, {}, {} and {}: {} events became {}; {} in {} s",
        counted(after.nodes, "node"),
        counted(after.faults, "fault"),
        counted(after.operations, "operation"),
        counted(after.pins, "pin"),
        grouped(before.events),
        grouped(after.events),
        if *seedless { "nothing is left to chance" } else { "its seed matters" },
        seconds(*milliseconds)
    )
}

/// The verdict in one line, without the word for it.
pub fn verdict(file: &CampaignFile) -> String {
    let runs = counted(file.totals.runs, "storm");
    if file.failures.is_empty() {
        return format!("{runs}, no violation");
    }
    let failed = file.failures.iter().fold(0, |sum: u64, it| sum.saturating_add(it.count));
    let ways = counted(file.failures.len() as u64, "distinct way");
    format!("{} of {runs} failed, in {ways}", grouped(failed))
}

/// Which seeds were run.
pub fn seeds(file: &CampaignFile) -> String {
    let ranges = file.seeds.iter().take(8);
    let ranges: Vec<String> =
        ranges.map(|SeedRange { first, last }| format!("{first} to {last}")).collect();
    let mut text = match ranges.is_empty() {
        true => String::from("no seeds were run"),
        false => format!("seeds {}", ranges.join(", ")),
    };
    if file.seeds.len() > ranges.len() {
        text += &format!(" and {} more ranges", file.seeds.len() - ranges.len());
    }
    if let Some(runs) = file.settings.runs.filter(|runs| *runs > file.totals.runs) {
        text += &format!(", of {} that the campaign has", grouped(runs));
    }
    text
}

/// One workflow command for each failure, as GitHub Actions reads them.
pub fn github_annotations(file: &CampaignFile) -> String {
    let annotation = |failure: &FailureRow| {
        let (seed, runs) = (failure.first_seed, counted(failure.count, "run"));
        let signature = &failure.signature;
        let (sentence, shape) = (signature.finding.sentence(), shown(&signature.shape));
        let message = format!("{sentence}\n{shape}\nin {runs}, first with seed {seed}");
        let message = escape(&message, &[]);
        let title = escape(&format!("squall: {}", failure.id), &[(':', "%3A"), (',', "%2C")]);
        format!("::error title={title}::{message}\n")
    };
    file.failures.iter().map(annotation).collect()
}

fn escape(text: &str, more: &[(char, &str)]) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    more.iter().fold(text, |text, (letter, code)| text.replace(*letter, code))
}

/// The proof of a failure's first run, as its folder has it.
pub fn proof(runner: &dyn Runner, file: &CampaignFile, failure: &FailureRow) -> Option<String> {
    let plan = file.settings.plan(failure.first_seed);
    match failure.signature.finding {
        Finding::Violation(_) => violation(&Run::new(runner, plan)),
        _ => None,
    }
}

/// What became of the operations of clients, and how long the longest waits of half of the runs and of nearly all were.
fn requests(file: &CampaignFile) -> Vec<String> {
    let (requests, waits) = (&file.totals.requests, &file.waits);
    let asked = (requests.begun > 0).then(|| {
        format!(
            "{} begun, {} of {} given up, {} of {} refused or out of time",
            counted(requests.begun, "operation"),
            grouped(requests.given_up),
            grouped(requests.begun),
            grouped(requests.refused.saturating_add(requests.timed_out)),
            counted(requests.tries, "try").replace("trys", "tries"),
        )
    });
    let most = |histogram: &Histogram, what: &str| {
        let (half, most) = (histogram.within(50)?, histogram.within(99)?);
        let (half, most) = (rounded(half), rounded(most));
        Some(format!("{what}: {half} at most in half of the runs, {most} in 99 %"))
    };
    let waits = [
        most(&waits.leaderless, "without a leader in all"),
        most(&waits.stalls, "without an answer in a row"),
    ];
    let lost = (file.totals.lost_writes > 0)
        .then(|| format!("{} lost", counted(file.totals.lost_writes, "acknowledged write")));
    asked.into_iter().chain(waits.into_iter().flatten()).chain(lost).collect()
}

/// How many there are, and how long half of them and nearly all take; nothing if there are none.
pub fn waited(histogram: &Histogram, thing: &str) -> Option<String> {
    let (half, most) = (histogram.within(50)?, histogram.within(99)?);
    let count = counted(histogram.count(), thing);
    Some(format!("{count}: half within {}, 99 % within {}", rounded(half), rounded(most)))
}

/// A time with three digits at most.
pub fn rounded(Span(nanos): Span) -> Span {
    let unit = 10_u64.pow(nanos.max(1).ilog10().saturating_sub(2));
    Span(nanos.div_ceil(unit).saturating_mul(unit))
}

/// So many of a thing.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds as seconds with one digit behind the point.
pub fn seconds(milliseconds: u64) -> String {
    let tenths = milliseconds / 100;
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// Nanoseconds in the largest unit of which there are ten.
pub fn long_time(nanos: u64) -> String {
    let seconds = nanos / 1_000_000_000;
    match seconds {
        864_000.. => format!("{} days", grouped(seconds / 86_400)),
        36_000.. => format!("{} hours", grouped(seconds / 3_600)),
        600.. => format!("{} minutes", grouped(seconds / 60)),
        10.. => format!("{seconds} seconds"),
        _ => format!("{} seconds", self::seconds(nanos / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!((counted(1, "run"), counted(2, "run")), ("1 run".into(), "2 runs".into()));
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(seconds(61_999), "61.9");
        assert_eq!(long_time(7_200_000_000_000), "120 minutes");
        assert_eq!(long_time(250_000_000), "0.2 seconds");
        assert_eq!(long_time(90 * 86_400 * 1_000_000_000), "90 days");
    }

    #[test]
    fn an_annotation_is_one_line() {
        assert_eq!(escape("50% of\na: b", &[(':', "%3A")]), "50%25 of%0Aa%3A b");
    }
}
