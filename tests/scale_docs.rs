//! `docs/scale.md` has each key of the swarm with its default, and each engine with its variables.

use std::fs;

use squall::campaign::Partition;
use squall::plan::swarm::Config;
use squall::schema;

fn docs() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scale.md");
    fs::read_to_string(path).expect("the page is there")
}

#[test]
fn every_key_of_the_swarm_is_described_with_its_default() {
    let (docs, schema) = (docs(), schema::swarm());
    let defaults = serde_json::to_value(Config::default()).expect("it is JSON");
    let mut missing = String::new();
    for (key, default) in defaults.as_object().expect("it is an object") {
        let what = schema["properties"][key]["description"].as_str().expect("each key has a doc");
        let default = default.to_string().replace(',', ", ");
        let row = format!("| `{key}` | `{default}` | {what} |\n");
        if !docs.contains(&row) {
            missing += &row;
        }
    }
    assert!(missing.is_empty(), "docs/scale.md lacks these rows:\n{missing}");
}

#[test]
fn every_engine_is_described_with_its_variables() {
    let docs = docs();
    let nothing = Partition::from_environment(|_| None).expect_err("no engine is there");
    let names =
        nothing.split([' ', ',']).filter(|word| word.contains('_') || *word == "PARALLEL_SEQ");
    let names: Vec<&str> = names.collect();
    assert!(names.len() >= 7, "{nothing}");
    for index in names {
        assert!(docs.contains(&format!("| `{index}`")), "docs/scale.md lacks {index}");
        // Where the number of parts stands, the error tells when it is missing.
        let only =
            |name: &str| (name == index || name == "SLURM_ARRAY_TASK_MIN").then(|| "1".into());
        let error = Partition::from_environment(only).expect_err("nothing says how many");
        let count = error.split([' ', ';', ':']).rev().find(|word| word.contains('_'));
        let count = count.expect("the variable is named");
        assert!(docs.contains(&format!("| `{count}` |")), "docs/scale.md lacks {count}: {error}");
    }
}
