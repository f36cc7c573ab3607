//! A foreign Raft of one file, the example for authors, goes wherever the built-in one goes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use squall::campaign::Signature;
use squall::campaign::shrink::{Control, Shrunk, shrink};
use squall::guest::Guest;
use squall::harness::{Source, Test, What};
use squall::node::{Context, Input, Node, Status};
use squall::plan::swarm::{self, draw_with};
use squall::plan::{Plan, scenario};
use squall::property::Property;
use squall::report::diff::{Side, diff};
use squall::report::explain::explain;
use squall::report::page::{self, Window};
use squall::report::saved::SavedRun;
use squall::report::twice::twice;
use squall::sim::runner::adopt;
use squall::sim::{BuiltIn, Nodes, Run, Runner};
use squall::situation::out_of_reach;
use squall::time::SpanRange;

use example::own;

#[path = "../examples/own_raft.rs"]
#[expect(dead_code, reason = "the command line of the example is not run here")]
pub mod example;

/// The plans of the default campaign for this Raft with a mistake. What takes the most luck (Figure 8) is looked for in clusters of five
/// whose leaders lose what they wrote and lead again.
fn planted(mistake: &str, seed: u64) -> Plan {
    let mut guest = own().guest().clone();
    guest.options.insert("mistake".into(), mistake.into());
    let config = match mistake {
        "commits-by-count" => {
            swarm::Config { leader_flapping: 100, ..swarm::Config::default().with_nodes(5) }
        }
        _ => swarm::Config::default(),
    };
    let mut plan = draw_with(seed, &config);
    plan.restrict(&guest);
    plan
}

/// The first plan of the default campaign that finds the mistake.
fn found(runner: &dyn Runner, mistake: &str) -> Plan {
    let plans = (1..2_000).map(|seed| planted(mistake, seed));
    let fails = |plan: &Plan| Run::new(runner, plan.clone()).outcome().violation.is_some();
    plans.into_iter().find(fails).unwrap_or_else(|| panic!("nothing finds {mistake}"))
}

fn smallest(runner: &dyn Runner, plan: &Plan) -> Shrunk {
    let control = Control {
        jobs: 2,
        candidates_max: None,
        deadline: None,
        interrupted: &|| false,
        better: &mut |_, _| (),
    };
    shrink(runner, plan, false, control).expect("it fails")
}

#[test]
fn it_is_clean_and_reaches_nothing_that_it_cannot() {
    let report = Test::of(own()).seeds(1..401).without_regressions().run();
    assert!(report.failure.is_none(), "{report}");
    assert_eq!((report.summary.totals.runs, report.twice), (400, 8));
    let reached: BTreeSet<_> =
        report.summary.situations().filter(|it| it.1.is_some()).map(|it| it.0).collect();
    let wrong: Vec<_> = out_of_reach(report.lacks).filter(|it| reached.contains(it)).collect();
    assert!(wrong.is_empty(), "src/situation/needs.rs says that these are out of reach: {wrong:?}");
    assert!(report.to_string().contains("not exercised: pre-vote"), "{report}");
}

#[test]
fn each_planted_mistake_is_found_by_the_default_campaign() {
    for mistake in example::MISTAKES {
        found(&own(), mistake);
    }
}

#[test]
fn a_mistake_is_shrunk_and_explained_by_its_own_messages() {
    let own = own();
    let plan = found(&own, "answers-before-durable");
    let shrunk = smallest(&own, &plan);
    assert!(shrunk.after.events * 4 < shrunk.before.events, "{:?}", shrunk.after);
    // What is written down is the whole of it, the guest and its option included.
    let text = scenario::to_toml(&shrunk.titled(&plan));
    let read = scenario::from_toml(&text).expect("it is a scenario");
    assert_eq!(
        (&*read.guest.name, &read.guest.options["mistake"]),
        ("own", &"answers-before-durable".into())
    );
    let run = Run::recorded(&own, read);
    assert_eq!(Signature::of(run.outcome()), Signature::of(&shrunk.outcome));
    let story = explain(&run, 40).expect("it is short").expect("it fails").story();
    assert!(story.contains("vote") || story.contains("entries"), "{story}");
    let page =
        page::html(&run, "own_raft run", Window::default(), None).expect("it fits on a page");
    assert!(page.contains("own"), "the page is of this run");
}

#[test]
fn a_saved_run_is_the_same_bit_for_bit_and_no_other_raft_replays_it() {
    let own = own();
    let plan = found(&own, "counts-stale-votes");
    let run = Run::recorded(&own, plan.clone());
    let json = serde_json::to_string(&SavedRun::new(&run)).expect("it is JSON");
    let saved: SavedRun = serde_json::from_str(&json).expect("it is read back");
    let (again, divergence) = saved.replay(&own).expect("it is the same guest");
    assert_eq!(divergence, None);
    assert_eq!(again.outcome(), run.outcome());
    let error = saved.replay(&BuiltIn::new()).err().expect("it is another guest");
    assert_eq!(error, "the run is one of guest `own`, and cannot be one of `raft`");

    // The mistake is the first difference from a run without it.
    let mut sound = plan.clone();
    sound.guest.options.clear();
    let side = |plan: &Plan| Side::Plan(&own, Box::new(plan.clone()));
    let difference = diff(&side(&plan), &side(&sound), 3).expect("no trace is read");
    assert!(!difference.same && difference.records > 0);
}

#[test]
fn options_and_features_that_it_does_not_have_are_refused() {
    let own = own();
    let refused = |text: &str| {
        let mut plan = scenario::from_toml(text).expect("it is a scenario");
        adopt(&own, &mut plan).expect_err("it is refused").message
    };
    let message = refused("[guest]\noptions = { mistake = \"commits-by-counts\" }\n");
    assert!(message.contains("did you mean `commits-by-count`?"), "{message}");
    let message = refused("[guest]\noptions = { mistakes = \"commits-by-count\" }\n");
    assert_eq!(message, "own takes no option `mistakes`; it takes mistake");
    assert_eq!(refused("raft = { pre_vote = true }"), "own has no pre-vote, which this asks for");
    assert_eq!(refused("guest = { name = \"raft\" }"), "it is for guest raft, not own");
    let options = Guest::default().options;
    assert_eq!(BuiltIn::new().check_options(&options), Ok(()));
}

/// Nodes that look at something outside of the plan: how many of them were made before.
struct Restless<N> {
    node: N,
    timeout: SpanRange,
    made: u64,
}

static MADE: AtomicU64 = AtomicU64::new(0);

impl<N: Node> Node for Restless<N> {
    type Message = N::Message;

    fn step(&mut self, input: Input<N::Message>, ctx: &mut Context<'_, N::Message>) {
        if matches!(input, Input::Boot(_)) {
            (0..self.made % 7).for_each(|_| _ = ctx.rng.election_timeout(self.timeout));
        }
        self.node.step(input, ctx);
    }

    fn status(&self) -> Status {
        self.node.status()
    }

    fn summary(message: &N::Message) -> squall::message::Summary {
        N::summary(message)
    }
}

fn restless() -> impl Runner {
    Nodes::new("restless", |setup| Restless {
        node: squall::raft::Raft::of(setup),
        timeout: setup.config.election_timeout,
        made: MADE.fetch_add(1, Ordering::Relaxed),
    })
}

#[test]
fn a_guest_that_is_not_deterministic_is_named_by_the_first_record_that_differs() {
    let runner = restless();
    let plan = Plan::default();
    let difference = (0..20).find_map(|_| twice(&runner, &plan)).expect("two runs differ");
    assert!(!difference.first.is_empty() || !difference.second.is_empty());
    assert!(twice(&own(), &planted("", 1)).is_none());

    let report = Test::of(restless()).seeds(0..200).without_regressions().run();
    let failure = report.failure.as_ref().expect("a plan that is run twice differs");
    assert!(matches!(failure.what, What::NotDeterministic(_)), "{report}");
    assert!(report.to_string().contains("different runs from record"), "{report}");
}

#[test]
fn a_failure_is_kept_and_run_first_until_it_is_mended() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let test = |mistake: &str| {
        Test::of(own())
            .option("mistake", mistake)
            .seeds(1..1_001)
            .regressions(folder.path())
            .shrink_for(Duration::from_secs(3))
    };
    let first = test("answers-before-durable").run();
    let failure = first.failure.as_ref().expect("it is found");
    let What::Failed(told) = &failure.what else { panic!("{failure}") };
    let kept = told.kept.as_ref().expect("it is kept").as_ref().expect("it is written");
    assert!(kept.starts_with(folder.path().join("own")), "{}", kept.display());
    let text = std::fs::read_to_string(kept).expect("it is there");
    assert!(text.contains("mistake = \"answers-before-durable\""), "{text}");
    assert!(!text.contains("[expect]"), "{text}");
    let words = first.to_string();
    for part in
        ["own: seed ", "the records that prove it:", "how it came about:", "the rule:", "[guest"]
    {
        assert!(words.contains(part), "{part} is not in\n{words}");
    }

    let second = test("answers-before-durable").run();
    let failure = second.failure.as_ref().expect("it still fails");
    assert_eq!(failure.source, Source::Regression(kept.clone()));
    assert_eq!((second.regressions, second.summary.totals.runs), (1, 0));

    // Mended: what was kept is run, and so are all seeds.
    let changed = |to: &str| {
        let text = text.replace("mistake = \"answers-before-durable\"", to);
        std::fs::write(kept, text).expect("it is writable");
    };
    changed("mistake = \"none\"");
    let wrong = Test::of(own()).regressions(folder.path()).seeds(1..51).run();
    assert!(wrong.to_string().contains("cannot be run: `mistake` of own is one of"), "{wrong}");
    changed("");
    let third = Test::of(own()).regressions(folder.path()).seeds(1..51).run();
    assert!(third.failure.is_none(), "{third}");
    assert_eq!((third.regressions, third.summary.totals.runs), (1, 50));
}

#[test]
fn the_same_failure_is_found_by_any_number_of_jobs() {
    let run = |jobs| {
        let test = Test::of(own()).option("mistake", "counts-stale-votes").seeds(1..1_001);
        let report = test.jobs(jobs).without_regressions().without_shrinking().run();
        report.failure.expect("it is found").source
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_run_that_does_not_end_is_a_failure() {
    let report = Test::of(own()).events_max(100).seeds(1..3).without_regressions().run();
    assert!(report.to_string().contains("event-limit"), "{report}");
}

/// What the test below runs in a process of its own, by its environment. Alone it is a small clean campaign.
#[test]
fn child_of_the_environment() {
    let mut test = Test::of(own()).name("child").seeds(1..11).without_regressions();
    if let Some(folder) = std::env::var_os("OWN_RAFT_FOLDER") {
        test = test.folder(folder);
    }
    test.check();
}

fn child(variables: &[(&str, &str)], folder: &Path) -> (Output, String) {
    let mut command = Command::new(std::env::current_exe().expect("this is a program"));
    command.args(["--exact", "own_raft::child_of_the_environment", "--nocapture"]);
    command.env("OWN_RAFT_FOLDER", folder).env_remove("SQUALL_SEED").env_remove("SQUALL_RUNS");
    let output = command.envs(variables.iter().copied()).output().expect("it runs");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_environment_says_how_many_seeds_or_which() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (output, text) = child(&[("SQUALL_RUNS", "3")], folder.path());
    assert!(output.status.success() && text.contains("3 runs"), "{text}");
    assert!(!folder.path().join("child").exists());

    let (output, text) = child(&[("SQUALL_SEED", "17")], folder.path());
    assert!(output.status.success() && text.contains("the run is in"), "{text}");
    let written = folder.path().join("child").join("seed-17");
    for file in ["run.html", "trace.txt", "trace.jsonl", "run.plan.json", "scenario.toml"] {
        assert!(written.join(file).is_file(), "{file} is not there");
    }

    let (output, text) = child(&[("SQUALL_SEED", "seventeen")], folder.path());
    assert!(!output.status.success() && text.contains("SQUALL_SEED is `seventeen`"), "{text}");
}

#[test]
fn liveness_is_not_asked_of_what_it_lacks() {
    // A profile with pre-vote and check-quorum, of which this Raft has neither: it is judged without them.
    let test = Test::of(own()).profile(squall::plan::Profile::Etcd).seeds(1..101);
    let report = test.without_regressions().run();
    assert!(report.failure.is_none(), "{report}");
    assert!(planted("", 1).judge.contains(&Property::Liveness));
}
