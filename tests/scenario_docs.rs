//! `docs/scenarios.md` has every key and every word of a scenario file, as the schema has them. `UPDATE_DOCS=1 cargo test --test all
//! scenario_docs::` writes its reference anew: read the difference before you commit it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use squall::report::expectations::{Verdict, judge};
use squall::schema;

use crate::words::apart;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenarios.md");
const BEGIN: &str = "<!-- From here on the page is written by tests/scenario_docs.rs. -->\n";

/// Words that commands list.
const LISTED: [(&str, &str); 3] =
    [("Bug", "squall bugs"), ("Property", "squall properties"), ("Situation", "squall situations")];

struct Reference {
    schema: Value,
    /// Tables, each with the path of its keys.
    tables: String,
    words: String,
    seen: BTreeSet<String>,
}

impl Reference {
    fn definition(&self, name: &str) -> Value {
        self.schema["$defs"][name].clone()
    }

    /// A table for an object, and then all that its keys lead to.
    fn table(&mut self, path: &str, object: &Value) {
        let heading = if path.is_empty() { "The file".into() } else { format!("`{path}`") };
        let about = line(&object["description"]);
        let _ = write!(self.tables, "\n### {heading}\n\n{about}\n\n");
        self.tables += "| key | value | default | meaning |\n|---|---|---|---|\n";
        let properties = object["properties"].as_object().expect("an object has keys").clone();
        for (key, property) in &properties {
            let default = match &property["default"] {
                Value::Null => String::new(),
                Value::Object(_) | Value::Array(_) => String::new(),
                value => format!("`{value}`"),
            };
            let (value, meaning) = (kind(property), line(&property["description"]));
            let _ = writeln!(self.tables, "| `{key}` | {value} | {default} | {meaning} |");
        }
        for (key, property) in &properties {
            for name in names(property) {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.lead_to(&inner, &name);
            }
        }
    }

    fn lead_to(&mut self, path: &str, name: &str) {
        if !self.seen.insert(name.to_owned()) {
            return;
        }
        let definition = self.definition(name);
        if definition["properties"].is_object() {
            return self.table(path, &definition);
        }
        let _ = write!(
            self.words,
            "\n### {}\n\n{}\n",
            apart(name, ' '),
            line(&definition["description"])
        );
        if let Some((_, command)) = LISTED.iter().find(|(listed, _)| *listed == name) {
            let _ = writeln!(self.words, "`{command}` lists them.");
            return;
        }
        if let Some(examples) = definition["examples"].as_array() {
            let examples: Vec<String> = examples.iter().map(|it| format!("`{it}`")).collect();
            let _ = writeln!(self.words, "As in {}.", examples.join(", "));
        }
        let words = definition["oneOf"].as_array().into_iter().flatten();
        let words: Vec<&Value> = words.filter(|word| word["const"].is_string()).collect();
        if !words.is_empty() {
            self.words += "\n| word | meaning |\n|---|---|\n";
        }
        for word in words {
            let _ =
                writeln!(self.words, "| `{}` | {} |", word["const"], line(&word["description"]));
        }
        for alternative in definition["anyOf"].as_array().into_iter().flatten() {
            let words = alternative["enum"].as_array().into_iter().flatten();
            let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
            if !words.is_empty() {
                let _ = writeln!(self.words, "The words are {}.", words.join(", "));
            }
        }
    }
}

/// Documentation on one line.
fn line(text: &Value) -> String {
    text.as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// The definitions that a key's value may have.
fn names(property: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let own = [&property["$ref"], &property["items"]["$ref"]];
    let several = property["anyOf"].as_array().into_iter().flatten().map(|it| &it["$ref"]);
    for reference in own.into_iter().chain(several).filter_map(Value::as_str) {
        found.push(reference.trim_start_matches("#/$defs/").to_owned());
    }
    found
}

/// What a key's value is, in a word or two.
fn kind(property: &Value) -> String {
    let list = property["type"] == "array";
    let named = names(property);
    let word = match named.first() {
        Some(name) => apart(name, ' '),
        None if list => "value".into(),
        None => match &property["type"] {
            Value::String(word) => word.clone(),
            Value::Array(words) => words[0].as_str().unwrap_or_default().into(),
            _ => "command".into(),
        },
    };
    if list { format!("list of {word}") } else { word }
}

fn reference() -> String {
    let schema = schema::scenario();
    let (tables, words, seen) = (String::new(), String::new(), BTreeSet::new());
    let mut reference = Reference { schema: schema.clone(), tables, words, seen };
    reference.table("", &schema);
    format!("\n## Keys\n{}\n## Values\n{}", reference.tables, reference.words)
}

#[test]
fn every_key_and_every_word_of_a_scenario_is_described() {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let (story, shown) = page.split_once(BEGIN).expect("the page says where its reference begins");
    let reference = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, format!("{story}{BEGIN}{reference}")).expect("the page is writable");
        return;
    }
    for (number, (shown, expected)) in shown.lines().zip(reference.lines()).enumerate() {
        assert_eq!(shown, expected, "line {number} of the reference; see tests/scenario_docs.rs");
    }
    assert_eq!(shown.lines().count(), reference.lines().count(), "see tests/scenario_docs.rs");
}

#[test]
fn the_example_is_a_scenario_that_keeps_its_promises() {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let text = page.split("```").nth(1).and_then(|block| block.strip_prefix("toml\n"));
    let plan = squall::plan::scenario::from_toml(text.expect("it begins with an example"));
    let plan = plan.expect("the example is valid");
    let outcome = squall::sim::run(&plan);
    assert_eq!(judge(&plan, &outcome, false), Verdict::Kept);
}
