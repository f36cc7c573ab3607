//! Which seeds a part of a campaign takes, and what the usual engines say of which part it is.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::campaign::Settings;

/// The most parts.
const PARTS_MAX: u64 = 1_000_000;
/// How far apart the first seeds of parts are whose campaign has no number of runs.
const STRIDE: u64 = 1_000_000_000_000;

/// Part `index` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which part, from 1.
    pub index: u64,
    /// How many parts there are.
    pub count: u64,
}

impl Default for Partition {
    fn default() -> Partition {
        Partition { index: 1, count: 1 }
    }
}

/// Where the engine knows the index but not the count, the job's own description says the count here.
const OWN_COUNT: &str = "SQUALL_PARTS";

/// Where engines say which part a job is: the engine, the variables of the index and of the count, and the first value of the index.
const ENGINES: [(&str, &str, &str, u64); 7] = [
    (SLURM, "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", 0),
    ("Kubernetes", "JOB_COMPLETION_INDEX", OWN_COUNT, 0),
    ("GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    ("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", 0),
    ("Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    ("CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    ("GNU parallel", "PARALLEL_SEQ", OWN_COUNT, 1),
];

/// The engine that has variables for the first value of the index and for the step between values, too.
const SLURM: &str = "Slurm";

impl Partition {
    /// A part, if there is such a one.
    ///
    /// # Errors
    /// A sentence, if there is no such part.
    pub fn new(index: u64, count: u64) -> Result<Partition, String> {
        if !(1..=PARTS_MAX).contains(&count) {
            return Err(format!("a campaign has 1 to {PARTS_MAX} parts, not {count}"));
        }
        if !(1..=count).contains(&index) {
            return Err(format!("there is no part {index} of {count}; parts count from 1"));
        }
        Ok(Partition { index, count })
    }

    /// The part that a text names, as `2/4` does.
    ///
    /// # Errors
    /// A sentence, if the text is no part, or there is no such part.
    pub fn parse(text: &str) -> Result<Partition, String> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some((index.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
        });
        let (index, count) = parts.ok_or("a part is K/N, as in 2/4, or `auto`")?;
        Partition::new(index, count)
    }

    /// The part that the environment names; the first engine of the table that is found there counts.
    ///
    /// # Errors
    /// A sentence, if the variables of no engine are set, or they name no part that there can be.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Partition, String> {
        let number = |name: &str| -> Result<Option<u64>, String> {
            let Some(text) = get(name) else { return Ok(None) };
            text.trim().parse().map(Some).map_err(|_| format!("{name} is no number: `{text}`"))
        };
        for (engine, index, count, first) in ENGINES {
            let Some(value) = number(index)? else { continue };
            let needed = |name: &str| {
                number(name)?.ok_or_else(|| {
                    format!(
                        "{index} is set, so this is {engine}; but {name} is not: set it to the number of parts"
                    )
                })
            };
            let (first, step) = match engine {
                SLURM => (needed("SLURM_ARRAY_TASK_MIN")?, number("SLURM_ARRAY_TASK_STEP")?),
                _ => (first, None),
            };
            let count = needed(count)?;
            let offset = value
                .checked_sub(first)
                .ok_or_else(|| format!("{index} is {value}, below {first}"))?;
            return Partition::new(offset / step.unwrap_or(1).max(1) + 1, count);
        }
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.1).collect();
        Err(format!("no engine says which part this is: none of {} is set", names.join(", ")))
    }

    /// The seeds of this part: a share of equal size where the campaign has a number of runs, and where it has none, what follows a
    /// first seed that is far from the other parts'.
    pub fn seeds(self, settings: &Settings) -> Range<u64> {
        let (first, end) = (settings.first_seed, settings.end());
        let border = |part: u64| match settings.runs {
            Some(_) => {
                let share = u128::from(end - first) * u128::from(part) / u128::from(self.count);
                first + share as u64
            }
            None => first.saturating_add(STRIDE.saturating_mul(part)).min(end),
        };
        if self.count == 1 {
            return first..end;
        }
        border(self.index - 1)..border(self.index)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Partition, String> {
        if text == "auto" {
            return Partition::from_environment(|name| std::env::var(name).ok());
        }
        Partition::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<(u64, u64), String> {
        let find = |name: &str| variables.iter().find(|(own, _)| *own == name);
        Partition::from_environment(|name| find(name).map(|(_, value)| (*value).to_owned()))
            .map(|part| (part.index, part.count))
    }

    #[test]
    fn every_engine_is_understood() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(of(&slurm), Ok((4, 4)));
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "0"), ("SQUALL_PARTS", "3")]), Ok((1, 3)));
        assert_eq!(of(&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "5")]), Ok((2, 5)));
        let batch = [("AWS_BATCH_JOB_ARRAY_INDEX", "9"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")];
        assert_eq!(of(&batch), Ok((10, 10)));
        let kite = [("BUILDKITE_PARALLEL_JOB", "1"), ("BUILDKITE_PARALLEL_JOB_COUNT", "2")];
        assert_eq!(of(&kite), Ok((2, 2)));
        assert_eq!(of(&[("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "2")]), Ok((1, 2)));
        assert_eq!(of(&[("PARALLEL_SEQ", "3"), ("SQUALL_PARTS", "8")]), Ok((3, 8)));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(of(&[]).unwrap_err().contains("SLURM_ARRAY_TASK_ID"));
        assert!(of(&[("JOB_COMPLETION_INDEX", "0")]).unwrap_err().contains("SQUALL_PARTS"));
        assert!(of(&[("CI_NODE_INDEX", "x")]).unwrap_err().contains("no number"));
        let above = of(&[("CI_NODE_INDEX", "6"), ("CI_NODE_TOTAL", "5")]);
        assert!(above.unwrap_err().contains("no part 6 of 5"));
        let below = of(&[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "5")]);
        assert!(below.unwrap_err().contains("below 1"));
        assert!("3".parse::<Partition>().is_err() && "0/2".parse::<Partition>().is_err());
    }

    #[test]
    fn parts_make_up_the_whole() {
        for (first, runs, count) in [(1, 100_000, 4), (5, 7, 3), (0, 2, 5), (9, 1, 1)] {
            let settings = Settings { first_seed: first, runs: Some(runs), ..Settings::default() };
            let mut next = first;
            for index in 1..=count {
                let seeds = Partition { index, count }.seeds(&settings);
                assert_eq!(seeds.start, next);
                next = seeds.end;
            }
            assert_eq!(next, first + runs);
        }
        let endless = Settings::default();
        let (one, two) = (Partition { index: 1, count: 2 }, Partition { index: 2, count: 2 });
        assert_eq!(one.seeds(&endless).end, two.seeds(&endless).start);
    }
}
