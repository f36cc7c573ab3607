//! The page of a campaign: what was run, what failed, what was reached, and how soon bugs are found. Plain HTML, without a script.

use std::fmt::Write as _;
use std::path::Path;

use crate::campaign::file::{
    CampaignFile, FAILURES, FailureRow, SHRUNK, SHRUNK_STORY, STORY, SituationRow,
};
use crate::campaign::power::Power;
use crate::plan::files::read_text;
use crate::report::campaign::{grouped, long_time, next_command, seconds, seeds, verdict, waited};
use crate::report::page::histogram;
use crate::report::power;
use crate::report::text::{not_exercised, within_reach};
use crate::situation::Situation;

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
    let mut body = String::new();
    let good = if file.failures.is_empty() { "good" } else { "bad" };
    let _ = write!(
        body,
        "<header><h1>A campaign of storms</h1><p class=\"verdict {good}\">{}</p><p class=\"soft\">{}; squall {}</p></header>",
        escape(&verdict(file)),
        escape(&seeds(file)),
        escape(&file.squall)
    );
    figures(&mut body, file);
    failures(&mut body, file, folder);
    waits(&mut body, file);
    situations(&mut body, file);
    if let Some(power) = power {
        power_section(&mut body, power);
    }
    settings(&mut body, file);
    let page = include_str!("assets/campaign.html");
    #[expect(clippy::missing_panics_doc, reason = "the page stands in this repository")]
    let (head, rest) = page.split_once("{{style}}").expect("the page has a place for its style");
    #[expect(clippy::missing_panics_doc, reason = "the page stands in this repository")]
    let (between, end) = rest.split_once("{{body}}").expect("the page has a place for its body");
    [head, include_str!("assets/campaign.css"), between, &body, end].concat()
}

fn figures(body: &mut String, file: &CampaignFile) {
    let (totals, timing) = (&file.totals, &file.timing);
    let figures = [
        (grouped(totals.runs), "storms"),
        (grouped(totals.events), "events"),
        (grouped(totals.messages), "messages"),
        (long_time(totals.virtual_time.0), "of virtual time"),
        (grouped(totals.leaders), "leaders"),
        (grouped(totals.commits), "commits"),
        (grouped(totals.answers), "answers"),
        (grouped(totals.undecided), "keys of undecided linearizability"),
        (grouped(totals.reads_left_out), "storms whose reads are not judged"),
        (format!("{} s", seconds(timing.milliseconds)), "of real time"),
        (grouped(timing.jobs), "jobs"),
        (grouped(timing.per_second(totals.runs)), "storms per second"),
        (grouped(timing.per_second(totals.events)), "events per second"),
        (grouped(timing.per_second(totals.virtual_time.0) / 1_000_000_000), "times real time"),
    ];
    body.push_str("<section><dl class=\"figures\">");
    for (figure, name) in figures {
        let _ = write!(body, "<div><dd>{}</dd><dt>{name}</dt></div>", escape(&figure));
    }
    body.push_str("</dl></section>");
}

fn failures(body: &mut String, file: &CampaignFile, folder: &Path) {
    body.push_str("<section><h2>Failures</h2>");
    if file.failures.is_empty() {
        body.push_str("<p class=\"soft\">Nothing failed.</p>");
    }
    for failure in &file.failures {
        let runs = if failure.count == 1 { "run" } else { "runs" };
        let _ = write!(
            body,
            "<article class=\"failure\" id=\"{id}\"><h3>{id}</h3><p>{}</p><p class=\"shape\">{}</p>\
             <p class=\"soft\">in {} {runs}, first with seed {}</p>{}<pre>{}</pre><p>{}</p></article>",
            escape(failure.signature.finding.sentence()),
            escape(&failure.signature.shape),
            grouped(failure.count),
            failure.first_seed,
            story(failure, folder),
            escape(&next_command(failure, folder)),
            links(failure, folder),
            id = escape(&failure.id),
        );
    }
    body.push_str("</section>");
}

/// Links to what the failure's folder holds.
fn links(failure: &FailureRow, folder: &Path) -> String {
    let there = |(name, _): &&(&str, &str)| {
        let path = folder.join(FAILURES).join(&failure.id).join(name);
        path.is_file()
    };
    let link = |(name, words): &(&str, &str)| {
        format!("<a href=\"{FAILURES}/{}/{name}\">{words}</a>", escape(&failure.id))
    };
    let links: Vec<String> = LINKS.iter().filter(there).map(link).collect();
    links.join(" ")
}

/// The story of a failure, as its folder has it: the shrunk one if there is one.
fn story(failure: &FailureRow, folder: &Path) -> String {
    let folder = folder.join(FAILURES).join(&failure.id);
    let shrunk = folder.join(SHRUNK_STORY);
    let path = if shrunk.exists() { shrunk } else { folder.join(STORY) };
    let Ok(text) = read_text(&path, STORY_BYTES_MAX) else { return String::new() };
    // What to do next stands on the page already.
    let text = text.split("\nnext:\n").next().unwrap_or_default();
    format!(
        "<details><summary>What led to it</summary><pre>{}</pre></details>",
        escape(text.trim_end())
    )
}

/// How long clients waited for answers, and clusters for leaders.
fn waits(body: &mut String, file: &CampaignFile) {
    let plots = [
        ("Answers", "from a client's question to its answer", &file.waits.answers, "answer"),
        ("Elections", "from no leader to the next", &file.waits.elections, "election"),
    ];
    let _ = write!(body, "<section><h2>Waits, in virtual time</h2><div class=\"waits\">");
    for (name, means, histogram, thing) in plots {
        let _ = write!(body, "<figure><figcaption><b>{name}</b>, {means}<br>");
        match waited(histogram, thing).zip(histogram::svg(histogram, thing)) {
            Some((words, svg)) => {
                let _ = write!(body, "<span class=\"soft\">{words}</span></figcaption>{svg}");
            }
            None => body.push_str("<span class=\"soft\">none</span></figcaption>"),
        }
        body.push_str("</figure>");
    }
    body.push_str("</div></section>");
}

fn situations(body: &mut String, file: &CampaignFile) {
    let (reached, all) = (file.situations.len(), within_reach(file.not_exercised));
    let words = not_exercised(file.not_exercised).unwrap_or_default();
    let _ = write!(
        body,
        "<section><h2>Situations: {reached} of {all} reached</h2><p>{words}</p><table><thead><tr><th>situation</th><th>what it is</th>\
         <th class=\"number\">times</th><th class=\"number\">runs</th><th>share of runs</th><th class=\"number\">first seed</th>\
         </tr></thead><tbody>"
    );
    let within = |situation: &&Situation| situation.is_within_reach(file.not_exercised);
    for situation in Situation::ALL.iter().filter(within) {
        let row = file.situations.iter().find(|row| row.situation == *situation);
        situation_row(body, *situation, row, file.totals.runs);
    }
    body.push_str("</tbody></table></section>");
}

fn situation_row(
    body: &mut String,
    situation: Situation,
    row: Option<&SituationRow>,
    runs_in_all: u64,
) {
    let (name, means) = (situation.name(), escape(situation.means()));
    let Some(row) = row else {
        let _ = write!(
            body,
            "<tr class=\"never\"><td>{name}</td><td>{means}</td><td colspan=\"4\">never reached</td></tr>"
        );
        return;
    };
    let per_mille = u128::from(row.runs) * 1_000 / u128::from(runs_in_all.max(1));
    let share = format!("{}.{} %", per_mille / 10, per_mille % 10);
    let _ = write!(
        body,
        "<tr><td>{name}</td><td>{means}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
         <td><meter min=\"0\" max=\"1000\" value=\"{per_mille}\"></meter> {share}</td><td class=\"number\">{}</td></tr>",
        grouped(row.count),
        grouped(row.runs),
        row.example
    );
}

fn power_section(body: &mut String, power: &Power) {
    let _ = write!(
        body,
        "<section><h2>Power</h2><p>{}</p><div class=\"plot\">{}</div><table><thead><tr>",
        escape(&power::verdict(power)),
        power::svg(power)
    );
    for head in power::HEADS {
        let _ = write!(body, "<th>{}</th>", escape(head));
    }
    body.push_str("</tr></thead><tbody>");
    for row in &power.rows {
        body.push_str("<tr>");
        for cell in power::cells(row, power.trials) {
            let _ = write!(body, "<td>{}</td>", escape(&cell));
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table></section>");
}

fn settings(body: &mut String, file: &CampaignFile) {
    let json = serde_json::to_string_pretty(&file.settings).unwrap_or_default();
    let _ = write!(
        body,
        "<section><details><summary>What the campaign was like</summary><pre>{}</pre></details></section>",
        escape(&json)
    );
}

/// Text that HTML shows as it is.
fn escape(text: &str) -> String {
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
}
