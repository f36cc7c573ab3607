//! The shipped scenarios: each keeps its promises, conforms to the schema, and tells a story; each planted bug is caught, and
//! its scenario is clean without it.

use std::path::{Path, PathBuf};

use squall::bugs::Bug;
use squall::plan::files;
use squall::plan::{Expect, Plan, scenario};
use squall::property::Property;
use squall::report::expectations::{Verdict, judge};
use squall::schema;
use squall::sim::run;

/// All that there are, for whatever Raft.
fn all() -> Vec<(PathBuf, Plan)> {
    let found = files::find(&[PathBuf::from("scenarios")]).expect("there are scenarios");
    found
        .into_iter()
        .map(|path| {
            let plan = files::read(&path).unwrap_or_else(|error| panic!("{error}"));
            (path, plan)
        })
        .collect()
}

/// Those for the built-in Raft. The others show bugs of Rafts that squall may have been built without.
fn shipped() -> Vec<(PathBuf, Plan)> {
    let own = |(_, plan): &(PathBuf, Plan)| plan.guest.name.is_empty();
    all().into_iter().filter(own).collect()
}

fn is_bug(path: &Path) -> bool {
    path.starts_with("scenarios/bugs")
}

#[test]
fn every_scenario_keeps_its_promises() {
    for (path, plan) in shipped() {
        let outcome = run(&plan);
        assert_eq!(judge(&plan, &outcome, false), Verdict::Kept, "{}", path.display());
    }
}

#[test]
fn every_bug_has_a_scenario_that_is_clean_without_it() {
    let shipped = shipped();
    for (path, plan) in shipped.iter().filter(|(path, _)| is_bug(path)) {
        let name = path.display();
        assert!(plan.expect.violation.is_some(), "{name} expects no violation");
        let mut clean = plan.clone();
        clean.raft.bugs.clear();
        clean.judge = Property::ALL.to_vec();
        clean.expect = Expect::default();
        let outcome = run(&clean);
        assert_eq!(outcome.violation, None, "{} without its bug", path.display());
    }
    for bug in Bug::ALL {
        let planted = shipped.iter().any(|(path, plan)| is_bug(path) && plan.raft.bugs == [bug]);
        assert!(planted, "there is no scenario for {bug}");
    }
}

#[test]
fn every_bug_has_a_scenario_that_violates_what_it_is_known_for() {
    let shipped = shipped();
    for bug in Bug::ALL {
        let known_for = bug.about().violates.first().copied();
        let shows = |(path, plan): &(PathBuf, Plan)| {
            is_bug(path) && plan.raft.bugs == [bug] && plan.expect.violation == known_for
        };
        assert!(shipped.iter().any(shows), "no scenario shows {known_for:?} for {bug}");
    }
}

#[test]
fn every_scenario_tells_a_story_with_a_promise() {
    let shipped = shipped();
    let stories = shipped.iter().filter(|(path, _)| !is_bug(path)).count();
    assert!(stories >= 20, "only {stories} scenarios besides the bugs");
    for (path, plan) in &shipped {
        let name = path.display();
        assert!(plan.title.len() > 10 && plan.about.len() > 100, "{name} tells no story");
        assert_ne!(plan.expect, Expect::default(), "{name} promises nothing");
    }
}

#[test]
fn every_scenario_conforms_to_the_schema() {
    let schema = schema::scenario();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for (path, _) in all() {
        let text = std::fs::read_to_string(&path).expect("it was read before");
        let value: toml::Value = toml::from_str(&text).expect("it is TOML");
        let value = serde_json::to_value(value).expect("it is JSON too");
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    }
    let wrong = serde_json::json!({ "horizn": "5s" });
    assert!(!validator.is_valid(&wrong), "the schema lets an unknown key pass");
}

#[test]
fn every_scenario_survives_being_written_and_read() {
    for (path, plan) in all() {
        let text = scenario::to_toml(&plan);
        assert_eq!(scenario::from_toml(&text), Ok(plan), "{}", path.display());
    }
}
