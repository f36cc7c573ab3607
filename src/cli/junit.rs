//! A campaign as JUnit has it: one case for each thing that can be wrong, so that a CI server can tell which of them are.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::campaign::file::CampaignFile;
use crate::campaign::finding::Finding;
use crate::report::campaign::{counted, proof};
use crate::shown::shown;
use crate::sim::Runner;

/// The report, as XML.
pub fn xml(
    runner: &dyn Runner,
    file: &CampaignFile,
) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("storms");
    for finding in Finding::all() {
        suite.add_test_case(case(runner, file, finding));
    }
    suite.set_time(Duration::from_millis(file.timing.milliseconds));
    suite.add_property(("runs", file.totals.runs.to_string().as_str()));
    suite.add_property(("events", file.totals.events.to_string().as_str()));
    let mut report = Report::new("squall fuzz");
    report.add_test_suite(suite);
    report.to_string()
}

fn case(runner: &dyn Runner, file: &CampaignFile, finding: Finding) -> TestCase {
    let failures: Vec<_> =
        file.failures.iter().filter(|failure| failure.signature.finding == finding).collect();
    let Some(first) = failures.first() else {
        return TestCase::new(finding.name(), TestCaseStatus::success());
    };
    let kind = match finding {
        Finding::Panic => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(finding.name());
    status.set_message(format!("{} (seed {})", finding.sentence(), first.first_seed));
    let mut text = String::new();
    for failure in failures {
        let (id, seed) = (&failure.id, failure.first_seed);
        text += &format!("{id}: in {}, first with seed {seed}\n", counted(failure.count, "run"));
        text += &format!("  {}\n", shown(&failure.signature.shape));
        if matches!(finding, Finding::Violation(_)) {
            text += &proof(runner, file, failure).unwrap_or_default();
        }
    }
    status.set_description(text);
    TestCase::new(finding.name(), status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::campaign::file::Timing;
    use crate::campaign::workers::run_caught;
    use crate::campaign::{Settings, Summary};
    use crate::sim::BuiltIn;

    #[test]
    fn a_failure_stands_in_the_case_of_its_property() {
        let settings = Settings { bugs: vec![Bug::TruncateUnconditional], ..Settings::default() };
        let mut summary = Summary::default();
        for seed in 1..40 {
            let outcome = run_caught(&BuiltIn::new(), &settings.plan(seed), None).unwrap();
            summary.add(seed, &outcome);
        }
        let file = CampaignFile::new(&settings, &summary, Timing::default());
        let xml = xml(&BuiltIn::new(), &file).unwrap();
        let cases = Finding::all().count();
        assert!(xml.contains(&format!("tests=\"{cases}\"")), "{xml}");
        let seed = format!("first with seed {}", file.failures[0].first_seed);
        assert!(xml.contains(&seed) && xml.contains("the records that prove it"), "{xml}");
    }
}
