//! Checks of one's own: they see what squall's oracles see, end runs, and name situations.

use std::ops::Range;
use std::time::Duration;

use squall::campaign::workers::{Control, run};
use squall::campaign::{Finding, Settings, Summary};
use squall::guest::GuestOptions;
use squall::ids::{NodeId, Term};
use squall::node::Role;
use squall::oracle::{Checker, Findings, Shadow};
use squall::plan::{Plan, swarm};
use squall::property::Property;
use squall::raft::Raft;
use squall::record::{Kind, Record};
use squall::report::explain::explain;
use squall::report::saved::SavedRun;
use squall::sim::{BuiltIn, Nodes, Run, Runner, WithChecker};

/// "The second leader is another node than the first", which Raft does not promise.
#[derive(Default)]
struct LeadersDiffer {
    last: Option<(NodeId, Term, u64)>,
}

impl Checker for LeadersDiffer {
    fn name(&self) -> &str {
        "leaders-differ"
    }

    fn observe(&mut self, record: &Record, cluster: &Shadow, findings: &mut Findings) {
        let (Kind::Role { role: Role::Leader, term }, Some(node)) = (record.kind, record.node)
        else {
            return;
        };
        findings.reached("somebody-leads");
        assert_eq!(cluster.node(node).term, term, "the model is that after the record");
        if let Some((before, earlier, number)) = self.last.replace((node, term, record.number))
            && before == node
        {
            findings.violated(format!("{node} led in terms {earlier} and {term}."), [number]);
        }
    }
}

fn checked() -> WithChecker<BuiltIn, impl Fn() -> Box<dyn Checker> + Sync> {
    WithChecker::new(BuiltIn::new(), || Box::<LeadersDiffer>::default())
}

fn campaign(jobs: usize, seeds: Range<u64>) -> Summary {
    let run_time_max = Duration::from_secs(600);
    let control = Control { jobs, deadline: None, run_time_max, interrupted: &|| false };
    let runs = Some(seeds.end - seeds.start);
    let settings = Settings { runs, ..Settings::default() };
    run(&checked(), &settings, seeds, Summary::default(), &control, &mut |_| ()).0
}

#[test]
fn a_check_of_ones_own_ends_a_run_with_its_sentence_and_its_proof() {
    let runner = checked();
    let plans = (1..).map(swarm::draw).map(|plan| Plan { liveness: None, ..plan });
    let failed = plans
        .map(|plan| Run::recorded(&runner, plan))
        .find(|run| run.outcome().violation.is_some())
        .expect("somebody leads twice in a row");
    let violation = failed.outcome().violation.as_ref().expect("it failed");
    assert_eq!(violation.property, Property::OwnCheck);
    assert!(violation.sentence.starts_with("leaders-differ: n"), "{}", violation.sentence);
    assert_eq!(violation.evidence.len(), 2, "{violation:?}");
    assert!(failed.outcome().own_situations["somebody-leads"] >= 2);
    let story = explain(&failed, 40).expect("it can be held").expect("it failed");
    let text = story.text("it");
    assert_eq!(text.lines().filter(|line| line.starts_with('*')).count(), 2, "{text}");
    let (_, divergence) = SavedRun::new(&failed).replay(&runner).expect("it is the same guest");
    assert_eq!(divergence, None);
}

#[test]
fn a_check_changes_nothing_of_a_run_that_it_does_not_end() {
    let runner = checked();
    let built_in = BuiltIn::new();
    let clean = (1..40)
        .map(|seed| (Run::new(&runner, swarm::draw(seed)), Run::new(&built_in, swarm::draw(seed))))
        .filter(|(own, _)| own.outcome().violation.is_none());
    let mut count = 0;
    for (own, plain) in clean {
        assert_eq!(own.outcome().digest, plain.outcome().digest);
        count += 1;
    }
    assert!(count > 0, "some run has no leader twice in a row");
}

#[test]
fn a_campaign_counts_what_checks_find_for_any_number_of_workers() {
    let alone = campaign(1, 1..120);
    let own =
        alone.failures.keys().filter(|it| it.finding == Finding::Violation(Property::OwnCheck));
    assert_eq!(own.count(), 1, "{:?}", alone.failures);
    assert!(alone.own_situations["somebody-leads"] > 100);
    assert_eq!(campaign(2, 1..120), alone);
}

#[test]
fn a_guest_with_checks_takes_the_options_that_it_takes_without() {
    let own = Nodes::new("mine", Raft::of).taking("speed", &["slow", "fast"]);
    let checked = WithChecker::new(own, || Box::<LeadersDiffer>::default());
    let options = |value: &str| GuestOptions::from([("speed".into(), value.into())]);
    assert_eq!(checked.check_options(&options("fast")), Ok(()));
    assert!(checked.check_options(&options("fats")).is_err());
}
