//! `docs/trace.md` describes every kind of record, and its examples are records.

use std::collections::BTreeSet;
use std::fs;

use squall::record::Record;

use crate::words::apart;

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect("it is a file")
}

/// The variants of `Kind`, read from the source: they are indented once and begin with a capital.
fn kinds() -> BTreeSet<String> {
    let source = read("src/record.rs");
    let body = source.split("pub enum Kind {\n").nth(1).expect("the enum is there");
    let body = body.split("\n}\n").next().expect("the enum ends");
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    let named = |line: &str| line.split(['(', ' ', ',']).next().map(|name| apart(name, '-'));
    variants.filter_map(named).collect()
}

#[test]
fn every_kind_of_record_is_described() {
    let docs = read("docs/trace.md");
    let kinds = kinds();
    assert!(kinds.len() >= 32, "only {kinds:?} were found in src/record.rs");
    for kind in kinds {
        assert!(
            docs.contains(&format!("\n| `{kind}` |")),
            "docs/trace.md lacks `{kind}`: add a row to its table of kinds"
        );
    }
}

#[test]
fn every_kind_has_an_example_that_is_a_record() {
    let docs = read("docs/trace.md");
    let mut shown = BTreeSet::new();
    for line in docs.lines().filter(|line| line.starts_with("{\"number\":")) {
        let record: Record = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("docs/trace.md: {error}: {line}"));
        assert_eq!(serde_json::to_string(&record).expect("a record is JSON"), line);
        let value = serde_json::to_value(record).expect("a record is JSON");
        shown.insert(value["kind"].as_str().expect("a kind is a string").to_owned());
    }
    assert_eq!(shown, kinds());
}
