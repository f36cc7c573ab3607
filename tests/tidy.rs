//! The repository's own rules, as ordinary tests. Each failure names the file, the line and the fix.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use squall::bugs::Bug;
use squall::guests::saboteur;

/// Who may know whom: a file imports from its own layer and from those above it in this table.
const LAYERS: [&[&str]; 10] = [
    &["ids", "time", "rng", "closest", "files", "fold", "named", "shown", "wire"],
    &[
        "breach",
        "bugs",
        "config",
        "configuration",
        "guest",
        "log",
        "machine",
        "message",
        "node",
        "payload",
        "property",
        "record",
        "situation",
    ],
    &["raft", "kv", "guests", "plan"],
    &["world", "client"],
    &["oracle", "coverage", "meter", "trace"],
    &["sim"],
    &["campaign"],
    &["report", "schema"],
    &["harness"],
    &["cli", "command_line", "main"],
];

/// The last layer in which no float may decide anything.
const INTEGER_LAYERS_MAX: usize = 5;

/// Where a float only compares text: names that look like a misspelt one are put into an error message, and the run that
/// would have depended on it does not begin.
const FLOATS_COMPARE_TEXT: [&str; 1] = ["src/closest.rs"];

/// How many crates somebody's tests are built with for squall's sake, squall itself counted.
const CRATES_MAX: usize = 30;

const LINES_MAX: usize = 700;
/// A list that is looked up entry by entry: it is not read from end to end, and has no place to split it at.
const LIST: &str = "src/situation/catalogue.rs";
const COMMENT_COLUMNS_MAX: usize = 140;

/// One file of Rust.
struct Source {
    /// From the top of the repository, with slashes.
    path: String,
    text: String,
    /// The text with comments and literals blanked out: the same lines, the same columns.
    code: String,
}

impl Source {
    /// The first name below `src`: the module that the file belongs to.
    fn module(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        Some(rest.split('/').next()?.trim_end_matches(".rs"))
    }

    /// Lines of code, numbered from 1, up to the file's own tests.
    fn code_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.code).take_while(|(_, line)| line.trim() != "#[cfg(test)]")
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(place, line)| (place + 1, line))
}

/// Every file of Rust below these folders, in order.
fn sources(folders: &[&str]) -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in folders {
        collect(&top.join(folder), &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        let name = path.strip_prefix(top).expect("it lies in the repository");
        let path = name.to_str().expect("names are ASCII").replace('\\', "/");
        Source { path, code: code_of(&text), text }
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn all_sources() -> Vec<Source> {
    sources(&["src", "tests", "benches", "examples"])
}

/// Blanks out comments, strings and characters.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + literal_len(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        }
        while at < end {
            code.push(if chars[at] == '\n' { '\n' } else { ' ' });
            at += 1;
        }
    }
    code
}

/// How long the comment or literal is that begins here; zero if none does.
fn literal_len(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment_len(rest),
        ['"', ..] => quoted_len(rest, '"'),
        ['r', '"' | '#', ..] if !in_word => raw_string_len(rest),
        // A lifetime has no closing quote.
        ['\'', '\\', ..] => quoted_len(rest, '\''),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

fn block_comment_len(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted_len(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn raw_string_len(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = 2 + hashes;
    let found = rest[body..].windows(close.len()).position(|window| window == close);
    found.map_or(rest.len(), |place| body + place + close.len())
}

/// The names that follow `prefix` in a line, as `x` follows in `crate::x`.
fn names_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(prefix).filter_map(move |(at, _)| {
        let whole = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &line[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        whole.then(|| &rest[..end])
    })
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Whether a line of code holds a number with a decimal point. `pair.0.1` is none.
fn has_float_literal(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.windows(3).enumerate().any(|(at, window)| {
        let point = window[0].is_ascii_digit() && window[1] == b'.' && window[2].is_ascii_digit();
        let start = line[..=at]
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(0, |place| place + 1);
        let of_a_pair = start > 0 && bytes[start - 1] == b'.';
        point && bytes[start].is_ascii_digit() && !of_a_pair
    })
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Fails with all findings at once.
fn expect_none(findings: &[String]) {
    let mut text = String::new();
    for finding in findings {
        let _ = write!(text, "\n  {finding}");
    }
    assert!(findings.is_empty(), "{} to mend:{text}", findings.len());
}

#[test]
fn a_file_imports_from_its_own_layer_and_those_before_it() {
    let mut findings = Vec::new();
    for source in sources(&["src"]) {
        let module = source.module().expect("it lies in src");
        let path = &source.path;
        if module == "lib" {
            continue;
        }
        let Some(own) = layer_of(module) else {
            findings.push(format!("{path}:1: give `{module}` a layer in LAYERS of tests/tidy.rs"));
            continue;
        };
        for (number, line) in numbered(&source.code) {
            for name in names_after(line, "crate::").chain(names_after(line, "squall::")) {
                match layer_of(name) {
                    Some(layer) if layer <= own => {}
                    Some(layer) => findings.push(format!(
                        "{path}:{number}: `{module}` is of layer {own} and imports `{name}` of layer {layer}; move \
                         what it needs to layer {own} or before it, or hand it in"
                    )),
                    None => findings.push(format!(
                        "{path}:{number}: write `crate::module` with a module of LAYERS, one module in each `use`"
                    )),
                }
            }
        }
    }
    expect_none(&findings);
}

/// The file of `src` that a path of modules leads to, as far as it leads to one; what is re-exported counts where it is.
fn file_of(path: &str, files: &BTreeMap<String, &Source>) -> Option<String> {
    let mut found = None;
    let mut folder = String::from("src");
    let mut names = path.split("::").peekable();
    while let Some(name) = names.next() {
        let file = format!("{folder}/{name}.rs");
        folder = format!("{folder}/{name}");
        let module = format!("{folder}/mod.rs");
        match (files.contains_key(&file), files.contains_key(&module)) {
            (true, _) => found = Some(file),
            (_, true) => found = Some(module.clone()),
            _ => return found,
        }
        let Some(next) = names.peek() else { continue };
        let is_module = [".rs", "/mod.rs"]
            .iter()
            .any(|end| files.contains_key(&format!("{folder}/{next}{end}")));
        let Some(source) = files.get(&module).filter(|_| !is_module) else { continue };
        for line in source.code.lines().filter_map(|line| line.trim().strip_prefix("pub use ")) {
            let (from, items) = line.trim_end_matches(';').split_once("::").unwrap_or((line, ""));
            if words(items).any(|item| item == *next) {
                found = file_of(&format!("{}::{from}", folder[4..].replace('/', "::")), files);
                return found;
            }
        }
    }
    found
}

/// Every path after `crate::` in a file's code before its tests; a list in braces gives one for each item.
fn imports(source: &Source) -> Vec<String> {
    let code: Vec<&str> = source.code_before_tests().map(|(_, line)| line.trim()).collect();
    let code = code.join(" ");
    let mut paths = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let stem: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect();
        let list = rest[stem.len()..].strip_prefix('{').and_then(|list| list.split_once('}'));
        match list {
            Some((items, _)) => paths.extend(words(items).map(|item| format!("{stem}{item}"))),
            None => paths.push(stem),
        }
    }
    paths
}

#[test]
fn no_imports_between_folders_go_round_in_a_circle() {
    let sources = sources(&["src"]);
    let files: BTreeMap<String, &Source> =
        sources.iter().map(|source| (source.path.clone(), source)).collect();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &sources {
        let targets = imports(source).into_iter().filter_map(|path| file_of(&path, &files));
        let others = targets.filter(|target| *target != source.path);
        edges.insert(source.path.clone(), others.collect());
    }
    let reached = |from: &str| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(file) = left.pop() {
            left.extend(edges[&file].iter().filter(|next| !seen.contains(*next)).cloned());
            seen.extend(edges[&file].iter().cloned());
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        edges.keys().map(|file| (file, reached(file))).collect();
    let folder = |file: &str| file.split('/').nth(1).map(str::to_owned);
    let mut findings = Vec::new();
    for (file, others) in &reached {
        for other in others.iter().filter(|other| folder(other) != folder(file)) {
            if edges[*file].contains(other) && reached[other].contains(*file) {
                findings.push(format!(
                    "{file}:1: it imports {other}, which comes back to it; move what both need to a place below"
                ));
            }
        }
    }
    expect_none(&findings);
    assert!(edges.values().map(BTreeSet::len).sum::<usize>() > 500, "imports are found");
}

#[test]
fn every_bug_is_planted_once_in_the_rules_or_in_the_saboteur() {
    let mut findings = Vec::new();
    let mut planted: BTreeMap<String, String> = BTreeMap::new();
    let mut spoilers: BTreeSet<String> = BTreeSet::new();
    for source in sources(&["src"]) {
        let path = &source.path;
        for (number, line) in source.code_before_tests() {
            for bug in names_after(line, "broken(Bug::") {
                let place = format!("{path}:{number}");
                if path != "src/raft/rules.rs" {
                    findings.push(format!("{place}: ask a predicate of src/raft/rules.rs instead"));
                }
                if let Some(first) = planted.insert(bug.to_owned(), place.clone()) {
                    findings.push(format!("{place}: `{bug}` is planted at {first}, too; keep one"));
                }
            }
            for bug in names_after(line, "has(Bug::") {
                if path != "src/guests/saboteur.rs" {
                    findings.push(format!(
                        "{path}:{number}: only src/guests/saboteur.rs asks `has(Bug::{bug})`; make it a rule"
                    ));
                }
                spoilers.insert(bug.to_owned());
            }
        }
    }
    let listed: BTreeSet<String> = saboteur::BUGS.iter().map(|bug| format!("{bug:?}")).collect();
    for bug in listed.symmetric_difference(&spoilers) {
        findings.push(format!(
            "src/guests/saboteur.rs:1: `{bug}` is in BUGS or in the code, but must be in both"
        ));
    }
    for bug in Bug::ALL.map(|bug| format!("{bug:?}")) {
        match (planted.get(&bug), listed.contains(&bug)) {
            (None, false) => findings.push(format!(
                "src/bugs/mod.rs:1: nothing plants `{bug}`; add it to a rule of src/raft/rules.rs"
            )),
            (Some(place), true) => findings
                .push(format!("{place}: `{bug}` is the saboteur's, too; keep one of the two")),
            _ => {}
        }
    }
    expect_none(&findings);
}

#[test]
fn no_float_decides_anything() {
    let mut findings = Vec::new();
    for source in sources(&["src"]) {
        let path = &source.path;
        let layer = source.module().and_then(layer_of);
        let integers = layer.is_some_and(|layer| layer <= INTEGER_LAYERS_MAX);
        if !integers || FLOATS_COMPARE_TEXT.contains(&path.as_str()) {
            continue;
        }
        for (number, line) in source.code_before_tests() {
            if words(line).any(|word| matches!(word, "f32" | "f64")) || has_float_literal(line) {
                findings.push(format!(
                    "{path}:{number}: floats round differently on different machines; use integers, or `Share`"
                ));
            }
        }
    }
    expect_none(&findings);
}

#[test]
fn the_library_without_the_command_line_is_light() {
    let words =
        "tree --locked --offline --no-default-features --edges normal --prefix none --format {p}";
    let tree = Command::new(env!("CARGO"))
        .args(words.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).expect("names are text");
    // A crate that several others want stands there several times.
    let crates: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(crates.iter().any(|name| name.starts_with("squall v")), "{text}");
    assert!(
        crates.len() <= CRATES_MAX,
        "{} crates, at most {CRATES_MAX}; make what is new optional, a part of the feature `cli`:\n{text}",
        crates.len()
    );
}

#[test]
fn files_are_short_and_begin_with_what_they_are_for() {
    let mut findings = Vec::new();
    for Source { path, text, .. } in all_sources() {
        let lines = text.lines().count();
        if lines > LINES_MAX && path != LIST {
            findings
                .push(format!("{path}:{lines}: split it; a file has {LINES_MAX} lines at most"));
        }
        if !text.starts_with("//! ") {
            findings.push(format!("{path}:1: say in a `//!` line what the file is for"));
        }
    }
    expect_none(&findings);
}

#[test]
fn comments_are_no_wider_than_a_window() {
    let mut findings = Vec::new();
    for Source { path, text, code } in all_sources() {
        for ((number, line), (_, code)) in numbered(&text).zip(numbered(&code)) {
            let columns = line.chars().count();
            let comment = line.contains("//") && code.trim_end().len() < line.trim_end().len();
            if comment && columns > COMMENT_COLUMNS_MAX {
                findings.push(format!(
                    "{path}:{number}: wrap the comment: {columns} columns, at most {COMMENT_COLUMNS_MAX}"
                ));
            }
        }
    }
    expect_none(&findings);
}

#[test]
fn nothing_is_unwrapped_without_a_word() {
    let mut findings = Vec::new();
    for source in sources(&["src"]) {
        for (number, line) in source.code_before_tests() {
            if line.contains(".unwrap()") {
                findings.push(format!(
                    "{}:{number}: write `expect(\"why this cannot fail\")`, or hand the error on",
                    source.path
                ));
            }
        }
    }
    expect_none(&findings);
}

#[test]
fn nothing_is_left_unfinished() {
    let mut findings = Vec::new();
    for Source { path, code, .. } in all_sources() {
        for (number, line) in numbered(&code) {
            for name in ["todo!", "unimplemented!", "dbg!"] {
                if line.contains(name) {
                    findings.push(format!("{path}:{number}: finish it, and remove `{name}`"));
                }
            }
        }
    }
    expect_none(&findings);
}

#[test]
fn a_module_is_named_for_what_it_does() {
    const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "helper", "common", "misc"];
    let mut findings = Vec::new();
    for Source { path, code, .. } in all_sources() {
        let named = path.trim_end_matches(".rs").split('/');
        for name in named.filter(|name| EMPTY_NAMES.contains(name)) {
            findings.push(format!("{path}:1: `{name}` says nothing; name it for what it holds"));
        }
        for (number, line) in numbered(&code) {
            for name in names_after(line, "mod ").filter(|name| EMPTY_NAMES.contains(name)) {
                findings.push(format!(
                    "{path}:{number}: `{name}` says nothing; name it for what it holds"
                ));
            }
        }
    }
    expect_none(&findings);
}

/// A file that no other one names is not compiled, and its tests would pass by never being run.
#[test]
fn every_file_of_tests_is_part_of_their_crate() {
    let mut findings = Vec::new();
    let tests = sources(&["tests"]);
    let named: BTreeSet<&str> = tests
        .iter()
        .flat_map(|source| numbered(&source.code))
        .flat_map(|(_, line)| names_after(line, "mod "))
        .collect();
    for Source { path, .. } in tests.iter().filter(|source| source.path != "tests/main.rs") {
        let module = path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
        let name = module.rsplit('/').next().expect("a path has a last part");
        if !named.contains(name) {
            findings.push(format!("{path}:1: add `mod {name};` to tests/main.rs"));
        }
    }
    expect_none(&findings);
}

#[test]
fn comments_and_literals_are_not_code() {
    let check = |text: &str, code: &str| assert_eq!(code_of(text), code, "{text}");
    check("a // b", "a     ");
    check("a /* b /* c */ d */ e", "a                   e");
    check("say(\"a \\\" b\", c)", "say(        , c)");
    check("r#\"a \"b\" c\"# d", "             d");
    check("if c == '\"' { 'a: loop {} }", "if c ==     { 'a: loop {} }");
    check("'\\'' x", "     x");
    check("\"a\nb\" c", "  \n   c");
    check("for r in 1..2", "for r in 1..2");
}

#[test]
fn floats_are_told_from_fields_and_ranges() {
    for line in ["x * 1_000.0", "let share = 0.5;"] {
        assert!(has_float_literal(line), "{line}");
    }
    for line in ["pair.0.1", "self.heap.peek()?.0.0", "0..10", "x.0 + 1", "word2.5"] {
        assert!(!has_float_literal(line), "{line}");
    }
}
