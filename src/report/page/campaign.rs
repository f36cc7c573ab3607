//! The page of a campaign: what was run, what failed, what was reached, and how soon bugs are found. Plain HTML, without a script.

use std::fmt::Write as _;
use std::path::Path;

use crate::campaign::file::{
    CampaignFile, FAILURES, FailureRow, SHRUNK, SHRUNK_STORY, STORY, SituationRow,
};
use crate::campaign::power::Power;
use crate::meter::histogram::{Histogram, place_of};
use crate::plan::files::read_text;
use crate::report::campaign::{grouped, long_time, next_command, seconds, seeds, verdict, waited};
use crate::report::page::filled;
use crate::report::power;
use crate::report::text::{not_exercised, within_reach};
use crate::situation::Situation;
use crate::time::Span;

/// The name of the page in the campaign's folder.
pub const FILE: &str = "index.html";

/// A longer story is not shown: it is not squall's.
const STORY_BYTES_MAX: u64 = 1 << 16;

/// The files of a failure's folder that the page links to, where they are there.
const LINKS: [(&str, &str); 5] = [
    ("run.html", "see the run"),
    ("proof.txt", "proof"),
    (SHRUNK, "shrunk scenario"),
    ("scenario.toml", "scenario"),
    ("run.plan.json", "saved run"),
];

/// The page of a campaign in a folder, with a power table if there is one.
pub fn html(file: &CampaignFile, folder: &Path, power: Option<&Power>) -> String {
    let json = serde_json::to_string_pretty(&file.settings).unwrap_or_default();
    let header = format!(
        "<header><h1>A campaign of storms</h1><p class=\"verdict {}\">{}</p><p class=\"soft\">{}; squall {}</p></header>",
        if file.failures.is_empty() { "good" } else { "bad" },
        escape(&verdict(file)),
        escape(&seeds(file)),
        escape(&file.squall)
    );
    let settings = format!(
        "<section><details><summary>What the campaign was like</summary><pre>{}</pre></details></section>",
        escape(&json)
    );
    let body = [
        header,
        figures(file),
        failures(file, folder),
        waits(file),
        situations(file),
        power.map(power_section).unwrap_or_default(),
        settings,
    ];
    let style = include_str!("assets/campaign.css");
    filled(
        include_str!("assets/campaign.html"),
        &[("{{style}}", style), ("{{body}}", &body.concat())],
    )
}

fn figures(file: &CampaignFile) -> String {
    let (totals, timing) = (&file.totals, &file.timing);
    let figures = [
        (grouped(totals.runs), "storms"),
        (grouped(totals.events), "events"),
        (grouped(totals.messages), "messages"),
        (long_time(totals.virtual_time.0), "of virtual time"),
        (grouped(totals.leaders), "leaders"),
        (grouped(totals.commits), "commits"),
        (grouped(totals.answers), "answers"),
        (grouped(totals.gaps.undecided), "storms undecided"),
        (grouped(totals.gaps.not_judged), "storms not judged in part"),
        (format!("{} s", seconds(timing.milliseconds)), "of real time"),
        (grouped(timing.jobs), "jobs"),
        (grouped(timing.per_second(totals.runs)), "storms per second"),
        (grouped(timing.per_second(totals.events)), "events per second"),
        (grouped(timing.per_second(totals.virtual_time.0) / 1_000_000_000), "times real time"),
    ];
    let figure = |(figure, name)| format!("<div><dd>{figure}</dd><dt>{name}</dt></div>");
    let figures = figures.map(figure).concat();
    let lines = totals.gaps.lines();
    let gaps: String = lines.iter().map(|line| format!("<p>{}</p>", escape(line))).collect();
    format!("<section><dl class=\"figures\">{figures}</dl>{gaps}</section>")
}

fn failures(file: &CampaignFile, folder: &Path) -> String {
    let failure = |row: &FailureRow| {
        let id = escape(&row.id);
        format!(
            "<article class=\"failure\" id=\"{id}\"><h3>{id}</h3><p>{}</p><p class=\"shape\">{}</p>\
             <p class=\"soft\">in {} {}, first with seed {}</p>{}<pre>{}</pre><p>{}</p></article>",
            escape(row.signature.finding.sentence()),
            escape(&row.signature.shape),
            grouped(row.count),
            if row.count == 1 { "run" } else { "runs" },
            row.first_seed,
            story(row, folder),
            escape(&next_command(row, folder)),
            links(row, folder),
        )
    };
    let failures: String = match file.failures.as_slice() {
        [] => "<p class=\"soft\">Nothing failed.</p>".into(),
        failures => failures.iter().map(failure).collect(),
    };
    format!("<section><h2>Failures</h2>{failures}</section>")
}

/// Links to what the failure's folder holds.
fn links(failure: &FailureRow, folder: &Path) -> String {
    let folder = folder.join(FAILURES).join(&failure.id);
    let there = LINKS.iter().filter(|(name, _)| folder.join(name).is_file());
    let id = escape(&failure.id);
    let link = |(name, words)| format!("<a href=\"{FAILURES}/{id}/{name}\">{words}</a>");
    there.copied().map(link).collect::<Vec<_>>().join(" ")
}

/// The story of a failure, as its folder has it: the shrunk one if there is one.
fn story(failure: &FailureRow, folder: &Path) -> String {
    let folder = folder.join(FAILURES).join(&failure.id);
    let shrunk = folder.join(SHRUNK_STORY);
    let path = if shrunk.exists() { shrunk } else { folder.join(STORY) };
    let Ok(text) = read_text(&path, STORY_BYTES_MAX) else { return String::new() };
    // What to do next stands on the page already.
    let text = escape(text.split("\nnext:\n").next().unwrap_or_default().trim_end());
    format!("<details><summary>What led to it</summary><pre>{text}</pre></details>")
}

/// How long clients waited for answers, and clusters for leaders.
fn waits(file: &CampaignFile) -> String {
    let plots = [
        ("Answers", "from a client's question to its answer", &file.waits.answers, "answer"),
        ("Elections", "from no leader to the next", &file.waits.elections, "election"),
        ("Lag", "from a commit to a member that learns of it", &file.waits.lags, "catch-up"),
        ("Leaderless", "in all, in each run", &file.waits.leaderless, "run"),
        (
            "Stalls",
            "the longest in each run in which nobody was answered",
            &file.waits.stalls,
            "run",
        ),
    ];
    let plots = plots.map(|(name, means, histogram, thing)| {
        let told = waited(histogram, thing).zip(plot(histogram, thing));
        let (words, svg) = told.unwrap_or_else(|| ("none".into(), String::new()));
        format!(
            "<figure><figcaption><b>{name}</b>, {means}<br><span class=\"soft\">{words}</span></figcaption>{svg}</figure>"
        )
    });
    let plots = plots.concat();
    format!("<section><h2>Waits, in virtual time</h2><div class=\"waits\">{plots}</div></section>")
}

fn situations(file: &CampaignFile) -> String {
    let (reached, all) = (file.situations.len(), within_reach(file.not_exercised));
    let words = not_exercised(file.not_exercised).unwrap_or_default();
    let within = |it: &&Situation| it.is_within_reach(file.not_exercised);
    let row = |situation: &Situation| {
        let row = file.situations.iter().find(|row| row.situation == *situation);
        let (name, means) = (situation.name(), escape(situation.means()));
        let Some(SituationRow { count, runs, example, .. }) = row.copied() else {
            return format!(
                "<tr class=\"never\"><td>{name}</td><td>{means}</td><td colspan=\"4\">never reached</td></tr>"
            );
        };
        let per_mille = u128::from(runs) * 1_000 / u128::from(file.totals.runs.max(1));
        let (count, runs) = (grouped(count), grouped(runs));
        let share = format!("{}.{} %", per_mille / 10, per_mille % 10);
        format!(
            "<tr><td>{name}</td><td>{means}</td><td class=\"number\">{count}</td><td class=\"number\">{runs}</td>\
             <td><meter min=\"0\" max=\"1000\" value=\"{per_mille}\"></meter> {share}</td><td class=\"number\">{example}</td></tr>"
        )
    };
    let rows: String = Situation::ALL.iter().filter(within).map(row).collect();
    format!(
        "<section><h2>Situations: {reached} of {all} reached</h2><p>{words}</p><table><thead><tr><th>situation</th><th>what it is</th>\
         <th class=\"number\">times</th><th class=\"number\">runs</th><th>share of runs</th><th class=\"number\">first seed</th>\
         </tr></thead><tbody>{rows}</tbody></table></section>"
    )
}

fn power_section(power: &Power) -> String {
    let table = power::table(power);
    let heads = table.heads.map(|head| format!("<th>{}</th>", escape(head))).concat();
    let cells = |row: &[String]| -> String {
        row.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect()
    };
    let rows: String = table.rows.iter().map(|row| format!("<tr>{}</tr>", cells(row))).collect();
    let (verdict, plot) = (escape(&power::verdict(power)), power::svg(power));
    format!(
        "<section><h2>Power</h2><p>{verdict}</p><div class=\"plot\">{plot}</div><table><thead><tr>{heads}</tr></thead>\
         <tbody>{rows}</tbody></table></section>"
    )
}

/// The plot's own units: the page scales it.
const WIDTH: u64 = 560;
const HEIGHT: u64 = 190;
const LEFT: u64 = 12;
const TOP: u64 = 12;
const FLOOR: u64 = HEIGHT - 26;

/// The plot, as SVG, with what it says in words; nothing if it is empty. `things` are counted.
fn plot(histogram: &Histogram, thing: &str) -> Option<String> {
    let bars: Vec<_> = histogram.bars().map(|bar| (place_of(bar.from), bar)).collect();
    let (first, last) = (bars.first()?.0, bars.last()?.0);
    let most = bars.iter().map(|(_, bar)| bar.count).max()?;
    // A tenth of a unit is exact enough, and keeps to integers.
    let step = ((WIDTH - 2 * LEFT) * 10 / (last - first + 1)).min(400);
    let left = |place: u64| LEFT * 10 + (place - first) * step;
    let words = waited(histogram, thing)?;
    let mut text =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{words}\">");
    for mark in marks().filter(|mark| (first..=last).contains(&place_of(*mark))) {
        let x = tenths(left(place_of(mark)));
        let _ = write!(
            text,
            "<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{}\"/><text x=\"{x}\" y=\"{}\">{mark}</text>",
            FLOOR + 5,
            FLOOR + 19
        );
    }
    for (place, bar) in &bars {
        // Whatever was there at all is to be seen.
        let height =
            (u128::from(bar.count) * u128::from((FLOOR - TOP) * 10) / u128::from(most)).max(10);
        let height = u64::try_from(height).unwrap_or(10);
        let _ = write!(
            text,
            "<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} to {}: {}</title></rect>",
            tenths(left(*place)),
            tenths(FLOOR * 10 - height),
            tenths((step - step / 8).max(1)),
            tenths(height),
            bar.from,
            bar.to,
            grouped(bar.count)
        );
    }
    let _ = write!(
        text,
        "<line class=\"floor\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{FLOOR}\" y2=\"{FLOOR}\"/></svg>",
        WIDTH - LEFT
    );
    Some(text)
}

/// The powers of ten.
fn marks() -> impl Iterator<Item = Span> {
    (3..14).map(|power| Span(10_u64.pow(power)))
}

fn tenths(value: u64) -> String {
    format!("{}.{}", value / 10, value % 10)
}

/// Text that HTML shows as it is.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Settings;
    use crate::campaign::Summary;
    use crate::campaign::file::Timing;
    use crate::campaign::finding::Signature;

    #[test]
    fn what_failed_and_what_was_missed_is_told_and_nothing_is_read_as_html() {
        let mut summary = Summary::default();
        summary.add_panic(7, Signature::panic("<b>bold</b> & \"quoted\""));
        let file = CampaignFile::new(&Settings::default(), &summary, Timing::default());
        let page = html(&file, Path::new("reports/<i>"), None);
        assert!(page.contains("first with seed 7"));
        assert!(!page.contains("<b>bold") && !page.contains("<i>"));
        assert_eq!(page.matches("never reached").count(), Situation::COUNT);
    }

    #[test]
    fn every_bar_is_drawn_with_its_count() {
        let mut histogram = Histogram::default();
        assert_eq!(plot(&histogram, "answer"), None);
        for millis in [1, 1, 3, 900] {
            histogram.add(Span::millis(millis));
        }
        let text = plot(&histogram, "answer").unwrap();
        assert_eq!(text.matches("class=\"bar\"").count(), 3, "{text}");
        assert!(text.contains("4 answers: half within 1.05ms, 99 % within 940ms"), "{text}");
        assert!(text.contains(">10ms</text>") && text.contains(">100ms</text>"), "{text}");
    }
}
