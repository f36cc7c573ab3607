//! `docs/trace.md` describes every kind of record, and its examples are records.

use std::collections::BTreeSet;
use std::fs;

use squall::message::MessageKind;
use squall::record::{Kind, Record};

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect("it is a file")
}

fn kinds() -> BTreeSet<String> {
    Kind::TABLE.iter().map(|(name, _)| (*name).to_owned()).collect()
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
        assert_eq!(value["kind"], record.kind.name(), "the table has another name than serde");
        shown.insert(value["kind"].as_str().expect("a kind is a string").to_owned());
    }
    assert_eq!(shown, kinds());
}

#[test]
fn every_kind_and_every_message_is_described_with_its_number() {
    let docs = read("docs/trace.md");
    for (place, (name, _)) in Kind::TABLE.iter().enumerate() {
        let row = format!("\n| {} | `{name}` | ", place + 1);
        assert!(docs.contains(&row), "docs/trace.md lacks a row of kinds that begins with {row}");
    }
    for (number, kind) in MessageKind::ALL.iter().enumerate() {
        let row = format!("\n| {number} | `{}` | ", kind.name());
        assert!(
            docs.contains(&row),
            "docs/trace.md lacks a row of messages that begins with {row}"
        );
    }
}
