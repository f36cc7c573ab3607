//! The result of a campaign as its file has it, `campaign.json`, and how the results of parts are added up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::finding::Signature;
pub use crate::campaign::summary::SituationRow;
use crate::campaign::summary::{Seen, Summary, Totals};
use crate::campaign::workers::End;
use crate::campaign::{Partition, Settings};
use crate::guest::Features;
use crate::meter::Waits;
use crate::plan::problem::{Checked, require, require_format};
use crate::plan::scenario::{FileError, read_json};
use crate::plan::validate::SEED_MAX;
use crate::situation::{Situation, out_of_reach};

/// The name of the format.
pub const FORMAT: &str = "squall-campaign";
/// The version of the format.
pub const VERSION: u32 = 1;
/// The file that holds the result.
pub const FILE: &str = "campaign.json";
/// The folder that holds a folder for each failure.
pub const FAILURES: &str = "failures";
/// In a failure's folder: the smallest scenario that fails so.
pub const SHRUNK: &str = "shrunk.toml";
/// In a failure's folder: what shrinking came to.
pub const SHRUNK_RESULT: &str = "shrunk.json";
/// The story of a shrunk failure, in its folder.
pub const SHRUNK_STORY: &str = "shrunk.txt";
/// The story of a failure, in its folder.
pub const STORY: &str = "story.txt";
/// How many lines a story has.
pub const STORY_LINES_MAX: usize = 40;
/// The JUnit report.
pub const JUNIT: &str = "junit.xml";
/// Beside the result: whoever has locked it writes here.
pub const LOCK: &str = ".lock";

/// The result of a campaign, as the file has it. Two campaigns over the same seeds with the same settings have the same file, but for
/// `timing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignFile {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The version of squall that made it.
    pub squall: String,
    /// What the result depends on.
    pub settings: Settings,
    /// The seeds that were run.
    pub seeds: Vec<SeedRange>,
    /// How much happened.
    pub totals: Totals,
    /// The lowest seeds whose runs were undecided.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub undecided: BTreeSet<u64>,
    /// The situations that were reached.
    pub situations: Vec<SituationRow>,
    /// The situations that were not, though the guest could get into them.
    pub never_reached: Vec<Situation>,
    /// How often each situation of checks of one's own was reached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own_situations: BTreeMap<String, u64>,
    /// The situations that take a feature that the guest lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out_of_reach: Vec<Situation>,
    /// The features that the guest lacks: nothing was asked of them.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    pub not_exercised: Features,
    /// How long clients waited for answers, and clusters for leaders.
    #[serde(default)]
    pub waits: Waits,
    /// What failed, by signature.
    pub failures: Vec<FailureRow>,
    /// What differs from one campaign to the next.
    pub timing: Timing,
}

/// Seeds in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// How often a failure was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureRow {
    /// The name of its folder.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub signature: Signature,
    /// In how many runs it was seen.
    pub count: u64,
    /// The lowest seed whose run failed so.
    pub first_seed: u64,
}

/// What differs from one campaign to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// The part of a campaign that this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// How many workers.
    pub jobs: u64,
    /// How long it took; of merged parts, how long the longest took.
    pub milliseconds: u64,
    /// Why it ended; nothing while it has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

impl Timing {
    /// So many a second.
    pub fn per_second(&self, count: u64) -> u64 {
        let count = u128::from(count) * 1_000 / u128::from(self.milliseconds.max(1));
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

impl CampaignFile {
    /// The file of a result.
    pub fn new(settings: &Settings, summary: &Summary, timing: Timing) -> CampaignFile {
        let failure = |(signature, seen): (&Signature, &Seen)| FailureRow {
            id: signature.id(),
            signature: signature.clone(),
            count: seen.count,
            first_seed: seen.first_seed,
        };
        let range = |range: &std::ops::Range<u64>| SeedRange {
            first: range.start,
            last: range.end.saturating_sub(1),
        };
        let lacks = settings.guest.lacks;
        CampaignFile {
            format: FORMAT.into(),
            version: VERSION,
            squall: env!("CARGO_PKG_VERSION").into(),
            settings: settings.clone(),
            seeds: summary.seeds.iter().map(range).collect(),
            totals: summary.totals,
            undecided: summary.undecided.clone(),
            situations: summary.situations.values().copied().collect(),
            own_situations: summary.own_situations.clone(),
            never_reached: summary.missed().filter(|it| it.is_within_reach(lacks)).collect(),
            out_of_reach: out_of_reach(lacks).collect(),
            not_exercised: lacks,
            waits: summary.waits.clone(),
            failures: summary.failures.iter().map(failure).collect(),
            timing,
        }
    }

    /// The result that the file holds.
    pub fn summary(&self) -> Summary {
        let seen = |row: &FailureRow| {
            (row.signature.clone(), Seen { count: row.count, first_seed: row.first_seed })
        };
        Summary {
            seeds: self.seeds.iter().map(|range| range.first..range.last + 1).collect(),
            totals: self.totals,
            undecided: self.undecided.clone(),
            situations: self.situations.iter().map(|row| (row.situation, *row)).collect(),
            own_situations: self.own_situations.clone(),
            waits: self.waits.clone(),
            failures: self.failures.iter().map(seen).collect(),
        }
    }

    /// Reads a result, and checks it.
    ///
    /// # Errors
    /// What is wrong with the text, and where: it is no JSON, no campaign, or one of another version.
    pub fn from_json(text: &str) -> Result<CampaignFile, FileError> {
        read_json(text, CampaignFile::check)
    }

    fn check(&self) -> Checked {
        require_format(&self.format, self.version, (FORMAT, VERSION))?;
        self.settings.check().map_err(|problem| problem.within("settings"))?;
        let mut next = 0;
        for (place, SeedRange { first, last }) in self.seeds.iter().enumerate() {
            require(
                next <= *first && first <= last && *last <= SEED_MAX,
                &format!("seeds/{place}"),
                || format!("the seeds {first} to {last} are out of order"),
            )?;
            next = last + 1;
        }
        Ok(())
    }
}

/// Adds up the results of parts. They must come from the same squall with the same settings, and share no seed.
///
/// # Errors
/// A sentence, if there are none, they are not of one campaign, or two of them hold the same seed.
pub fn merge(files: &[(PathBuf, CampaignFile)]) -> Result<CampaignFile, String> {
    let Some(((first_path, first), others)) = files.split_first() else {
        return Err("there is nothing to merge".into());
    };
    let mut summary = first.summary();
    let mut timing = first.timing.clone();
    timing.partition = None;
    for (path, file) in others {
        let pair = || format!("{} and {}", first_path.display(), path.display());
        if let Some(difference) = difference(first, file) {
            return Err(format!("{} are not parts of one campaign: {difference}", pair()));
        }
        summary.merge(&file.summary()).map_err(|both| {
            let (path, last) = (path.display(), both.end - 1);
            format!("{path} holds seeds that another part holds, too: {} to {last}", both.start)
        })?;
        timing.jobs += file.timing.jobs;
        timing.milliseconds = timing.milliseconds.max(file.timing.milliseconds);
        if unfinished(&file.timing) > unfinished(&timing) {
            timing.ended.clone_from(&file.timing.ended);
        }
    }
    Ok(CampaignFile::new(&first.settings, &summary, timing))
}

/// How much is left to do after an end, from nothing to all: a whole is no more finished than the least finished of its parts.
fn unfinished(timing: &Timing) -> usize {
    let name = timing.ended.as_deref();
    let place = name.and_then(|name| End::ALL.iter().position(|end| end.name() == name));
    place.unwrap_or(End::ALL.len())
}

/// The parts of a partition that are not among these results. A result that is no part, as a merged one, does not say what is
/// missing; then nothing is.
///
/// # Errors
/// A sentence, if a file names no part that there can be, or they are parts of campaigns that were cut differently.
pub fn missing_parts(files: &[(PathBuf, CampaignFile)]) -> Result<Vec<Partition>, String> {
    let mut there: BTreeMap<u64, Partition> = BTreeMap::new();
    for (path, file) in files {
        let Some(name) = &file.timing.partition else { return Ok(Vec::new()) };
        let part =
            Partition::parse(name).map_err(|error| format!("{}: {error}", path.display()))?;
        if let Some(other) = there.values().find(|other| other.count != part.count) {
            return Err(format!("{} is part {part}, and another is {other}", path.display()));
        }
        there.insert(part.index, part);
    }
    let count = there.values().next().map_or(0, |part| part.count);
    let missing = (1..=count).filter(|index| !there.contains_key(index));
    Ok(missing.map(|index| Partition { index, count }).collect())
}

/// What two results differ in that would make their sum meaningless.
fn difference(one: &CampaignFile, other: &CampaignFile) -> Option<String> {
    if one.squall != other.squall {
        return Some(format!("squall {} and squall {} made them", one.squall, other.squall));
    }
    difference_of_settings(&one.settings, &other.settings)
}

/// The first setting in which two campaigns differ.
pub fn difference_of_settings(one: &Settings, other: &Settings) -> Option<String> {
    let values = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(values)) => values,
        _ => serde_json::Map::new(),
    };
    let (one, other) = (values(one), values(other));
    let name = one.keys().chain(other.keys()).find(|name| one.get(*name) != other.get(*name))?;
    let value = |values: &serde_json::Map<String, serde_json::Value>| {
        values.get(name).cloned().unwrap_or_default()
    };
    match (&value(&one), &value(&other)) {
        (serde_json::Value::Object(one), serde_json::Value::Object(other)) => {
            let key = one.keys().find(|key| one.get(*key) != other.get(*key))?;
            Some(format!("`{name}.{key}` is {} and {}", one[key], other[key]))
        }
        (one, other) => Some(format!("`{name}` is {one} and {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::workers::{Control, run};
    use crate::sim::BuiltIn;
    use std::time::Duration;

    fn result(settings: &Settings, partition: Partition) -> CampaignFile {
        let control = Control {
            jobs: 1,
            deadline: None,
            run_time_max: Duration::from_secs(600),
            interrupted: &|| false,
        };
        let seeds = partition.seeds(settings);
        let (summary, _) =
            run(&BuiltIn::new(), settings, seeds, Summary::default(), &control, &mut |_| ());
        CampaignFile::new(settings, &summary, Timing::default())
    }

    fn settings() -> Settings {
        let bugs = vec![Bug::TruncateUnconditional];
        Settings { runs: Some(300), bugs, ..Settings::default() }
    }

    #[test]
    fn merged_parts_are_the_whole() {
        let whole = result(&settings(), Partition::default());
        assert!(!whole.failures.is_empty());
        let part = |index| {
            let partition = Partition { index, count: 3 };
            (PathBuf::from(partition.to_string()), result(&settings(), partition))
        };
        let parts: Vec<_> = [2, 3, 1].map(part).into();
        assert_eq!(merge(&parts), Ok(whole));
        assert!(merge(&[part(1), part(1)]).unwrap_err().contains("holds seeds"));
        let mut other = part(2);
        other.1.settings.swarm.clocks = 99;
        let error = merge(&[part(1), other]).unwrap_err();
        assert!(error.contains("`swarm.clocks` is 30 and 99"), "{error}");
    }

    #[test]
    fn a_part_that_is_missing_or_of_another_partition_is_noticed() {
        let part = |name: &str| {
            let timing = Timing { partition: Some(name.into()), ..Timing::default() };
            let file = CampaignFile::new(&settings(), &Summary::default(), timing);
            (PathBuf::from(name), file)
        };
        assert_eq!(missing_parts(&[part("2/2"), part("1/2")]), Ok(vec![]));
        let missing = [1, 3].map(|index| Partition { index, count: 3 });
        assert_eq!(missing_parts(&[part("2/3")]), Ok(missing.into()));
        assert!(missing_parts(&[part("1/2"), part("2/3")]).unwrap_err().contains("2/3"));
        let mut whole = part("1/2");
        whole.1.timing.partition = None;
        assert_eq!(missing_parts(&[whole, part("1/2")]), Ok(vec![]));
    }

    #[test]
    fn a_whole_is_as_unfinished_as_its_parts() {
        let part = |first: u64, ended: Option<&str>| {
            let mut summary = Summary::default();
            summary.add_panic(first, Signature::panic("x"));
            let timing = Timing { ended: ended.map(str::to_owned), ..Timing::default() };
            (PathBuf::new(), CampaignFile::new(&settings(), &summary, timing))
        };
        let ended = |parts: &[_]| merge(parts).unwrap().timing.ended;
        let done = part(1, Some("done"));
        assert_eq!(ended(&[done.clone(), part(2, None), part(3, Some("time"))]), None);
        assert_eq!(
            ended(&[part(2, Some("interrupted")), done.clone()]),
            Some("interrupted".into())
        );
        assert_eq!(ended(&[done.clone(), part(2, Some("done"))]), Some("done".into()));
    }

    #[test]
    fn a_file_written_and_read_is_the_same_result() {
        let file = result(&settings(), Partition { index: 2, count: 2 });
        let text = serde_json::to_string_pretty(&file).unwrap();
        let read = CampaignFile::from_json(&text).unwrap();
        assert_eq!(read, file);
        let again = CampaignFile::new(&read.settings, &read.summary(), Timing::default());
        assert_eq!(again, file);
        let wrong = text.replace("\"version\": 1", "\"version\": 9");
        assert!(CampaignFile::from_json(&wrong).unwrap_err().message.contains("version 9"));
        let wrong = text.replace("\"clocks\": 30", "\"clocks\": 300");
        let error = CampaignFile::from_json(&wrong).unwrap_err();
        assert_eq!(error.span.map(|span| &wrong[span]), Some("300"), "{}", error.message);
    }
}
