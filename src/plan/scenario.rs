//! Reads and writes plans as files: scenarios in TOML for people, saved plans in JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use toml::de::{DeTable, DeValue};

use crate::closest::closest;
use crate::plan::Plan;
use crate::plan::plainly::{plainly, rewritten};
use crate::plan::problem::{Checked, Problem};
use crate::plan::validate::validate;
use crate::time::{Share, decimal};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// What is wrong, and what was expected.
    pub message: String,
    /// The offending text, as a range of bytes.
    pub span: Option<Range<usize>>,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Reads a scenario, and checks it.
///
/// # Errors
/// What is wrong with the text, where, and what to write instead.
pub fn from_toml(text: &str) -> Result<Plan, FileError> {
    read_toml(text, validate)
}

/// Reads a file in TOML, and checks what it says.
///
/// # Errors
/// What is wrong with the text, where, and what to write instead.
pub fn read_toml<T: DeserializeOwned>(
    text: &str,
    check: impl FnOnce(&T) -> Checked,
) -> Result<T, FileError> {
    let value: T = toml::from_str(text).map_err(|error| {
        let (message, span) = (error.message().to_owned(), error.span());
        let digits = message.split_once("` as i128").and_then(|(digits, _)| digits.split_once('`'));
        match digits {
            Some((_, digits)) => too_large(digits, span),
            None => error_of(&message, span),
        }
    })?;
    check(&value).map_err(|problem| located(problem, |path| toml_span(text, path)))?;
    Ok(value)
}

/// Writes a plan as a scenario.
///
/// # Panics
/// If the plan cannot have passed validation.
pub fn to_toml(plan: &Plan) -> String {
    toml::to_string(plan).expect("every plan that passed validation can be written")
}

/// Reads a plan in JSON, and checks it.
///
/// # Errors
/// What is wrong with the text, where, and what to write instead.
pub fn from_json(text: &str) -> Result<Plan, FileError> {
    read_json(text, validate)
}

/// Reads a file in JSON, and checks what it says.
///
/// # Errors
/// What is wrong with the text, where, and what to write instead.
pub fn read_json<T: DeserializeOwned>(
    text: &str,
    check: impl FnOnce(&T) -> Checked,
) -> Result<T, FileError> {
    let value: T = serde_json::from_str(text).map_err(|error| json_error(&error, text))?;
    check(&value).map_err(|problem| located(problem, |path| json_span(text, path)))?;
    Ok(value)
}

/// What serde_json says, with the place as a range of bytes.
fn json_error(error: &serde_json::Error, text: &str) -> FileError {
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len().saturating_sub(1));
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
    let span = word_that_ends(text, at)..at + 1;
    let digits = text.get(span.clone()).filter(|word| word.bytes().all(|it| it.is_ascii_digit()));
    match digits {
        Some(digits) if message.contains("floating point") => too_large(digits, Some(span)),
        _ => error_of(&message, Some(span)),
    }
}

/// Where a word or a number begins that ends at a place in JSON.
fn word_that_ends(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let before = |is_within: fn(u8) -> bool| {
        let outside = bytes[..at].iter().rposition(|byte| !is_within(*byte));
        outside.map_or(0, |outside| outside + 1)
    };
    match bytes.get(at) {
        Some(b'"') => before(|byte| byte != b'"').saturating_sub(1),
        Some(byte) if byte.is_ascii_alphanumeric() => {
            before(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        }
        _ => at,
    }
}

/// What the reader of a file says, in plain words.
fn error_of(message: &str, span: Option<Range<usize>>) -> FileError {
    let message = plainly(message);
    FileError { help: suggestion(&message), span, message }
}

fn too_large(digits: &str, span: Option<Range<usize>>) -> FileError {
    let message = format!("{digits} is too large: a whole number is at most {}", u64::MAX);
    FileError { message, span, help: None }
}

fn located(problem: Problem, span: impl FnOnce(&[String]) -> Option<Range<usize>>) -> FileError {
    FileError { span: span(&problem.path), message: problem.message, help: problem.help }
}

/// Finds the value at a path in a text, or what comes closest.
fn toml_span(text: &str, path: &[String]) -> Option<Range<usize>> {
    let mut value = &DeValue::Table(DeTable::parse(text).ok()?.into_inner());
    let mut span = None;
    for step in path {
        let next = match step.parse::<usize>() {
            Ok(place) => value.get(place),
            Err(_) => value.get(step.as_str()),
        };
        let Some(next) = next else { break };
        (value, span) = (next.get_ref(), Some(next.span()));
    }
    span
}

/// The same in JSON.
fn json_span(text: &str, path: &[String]) -> Option<Range<usize>> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for step in path {
        let next = match step.parse::<usize>() {
            Ok(place) => serde_json::from_str::<Vec<&RawValue>>(value.get())
                .ok()
                .and_then(|list| list.get(place).copied()),
            Err(_) => serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get())
                .ok()
                .and_then(|table| table.get(step).copied()),
        };
        let Some(next) = next else { break };
        value = next;
    }
    // It is a part of the text. Of one that has many lines the first is enough.
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    Some(start..start + value.get().find('\n').unwrap_or(value.get().len()))
}

/// What people write for the nodes that a fault strikes.
const VICTIMS: [&str; 6] = ["node", "nodes", "whom", "who", "victim", "victims"];

/// For an unknown name, the closest of those that were expected; for a value of another kind, how to write one.
fn suggestion(message: &str) -> Option<String> {
    let (unknown, expected) = message.split_once(", expected ")?;
    if let Some(way_out) = rewritten(unknown, expected) {
        return Some(way_out);
    }
    let unknown = unknown.split('`').nth(1)?;
    if expected.starts_with("a share in quotes") {
        let share = decimal(unknown, 1_000_000).and_then(|parts| u32::try_from(parts).ok());
        let share = share.filter(|parts| *parts <= 1_000_000).map(Share);
        return share
            .map(|share| format!("write \"{share}\" if you mean the part {unknown} of all"));
    }
    if VICTIMS.contains(&unknown) && expected.contains("`target`") {
        return Some("whom a fault strikes is its `target`".into());
    }
    if message.starts_with("unknown field") && of_plan().any(|key| key == unknown) {
        return Some(format!(
            "`{unknown}` is a key of the file itself; write it above the first table"
        ));
    }
    let names = expected.split('`').skip(1).step_by(2);
    closest(unknown, names).map(|name| format!("did you mean `{name}`?"))
}

/// The keys at the top of a scenario.
fn of_plan() -> impl Iterator<Item = String> {
    let schema = schemars::schema_for!(Plan);
    let keys = schema.get("properties").and_then(|keys| keys.as_object());
    keys.map(|keys| keys.keys().cloned().collect::<Vec<_>>()).unwrap_or_default().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::swarm;

    fn error(text: &str) -> (String, String, Option<String>) {
        let error = from_toml(text).unwrap_err();
        let span = error.span.expect("an error names its place");
        (error.message, text[span].to_owned(), error.help)
    }

    /// The text is refused with these words, at this place, and with this way out.
    fn expect_error(text: &str, expected: &str, place: &str, way_out: &str) {
        let (message, at, help) = error(text);
        assert!(message.contains(expected), "{text}: {message}");
        assert_eq!(at, place, "{text}");
        assert!(help.clone().unwrap_or_default().contains(way_out), "{text}: {help:?}");
    }

    #[test]
    fn errors_name_the_place_and_the_way_out() {
        let (message, at, help) = error("title = \"x\"\nhorizn = \"5s\"\n");
        assert!(message.contains("unknown field `horizn`"), "{message}");
        assert_eq!(at, "horizn");
        assert_eq!(help.as_deref(), Some("did you mean `horizon`?"));

        let (message, at, _) = error("horizon = \"5 parsecs\"\n");
        assert!(message.contains("not a unit of time"), "{message}");
        assert_eq!(at, "\"5 parsecs\"");

        let text = "[[faults]]\nat = \"1s\"\ncrash = { target = 7 }\n";
        let (message, at, _) = error(text);
        assert!(message.contains("there is no node 7"), "{message}");
        assert_eq!(at, "7");

        let (message, ..) = error("[[faults]]\nat = \"1s\"\n");
        assert!(message.contains("needs an action"), "{message}");
    }

    #[test]
    fn values_of_another_kind_are_told_how_to_write_them() {
        for (text, expected, place, way_out) in [
            ("[network]\nloss = 0.01\n", "a share in quotes, as in \"2%\"", "0.01", "write \"1%\""),
            ("[network]\nloss = 3\n", "a share in quotes", "3", ""),
            ("horizon = 5\n", "a length of time in quotes, as in \"150ms\"", "5", ""),
            ("[network]\nlatency = 1\n", "a latency in quotes, as in \"1ms\"", "1", ""),
            ("[clients]\nrate = 100\n", "a rate in quotes, as in \"100/s\"", "100", ""),
            ("[clients]\nask = true\n", "a node's number", "true", ""),
            ("horizon = \"5 minutes\"\n", "m (or min)", "\"5 minutes\"", ""),
            (
                "[cluster]\nnodes = 3\njudge = [\"durability\"]\n",
                "unknown field `judge`",
                "judge",
                "write it above the first table",
            ),
            (
                "[[faults]]\nat = \"1s\"\nisolate = 3\n",
                "a table of what `isolate` has, as in { target = \"leader\" }",
                "3",
                "",
            ),
        ] {
            expect_error(text, expected, place, way_out);
        }
        let far = "[[faults]]\nat = \"1s\"\nmisroute = { target = 1 }\n";
        assert_eq!(error(far).2, None, "nothing is like it");
    }

    #[test]
    fn mistakes_about_reads_and_elections_are_told_with_a_way_out() {
        for (options, expected, place, way_out) in [
            ("reads = \"leese\"", "unknown variant `leese`", "\"leese\"", "did you mean `lease`?"),
            ("raeds = \"log\"", "unknown field `raeds`", "raeds", "did you mean `reads`?"),
            ("reads = true", "", "true", ""),
            ("follower_read = true", "unknown field", "follower_read", "`follower_reads`?"),
            ("follower_reads = \"yes\"", "expected a boolean", "\"yes\"", "true or false"),
            ("follower_reads = true", "reads that go through the log", "true", "\"read-index\""),
            (
                "reads = \"log\"\nfollower_reads = true",
                "reads that go through the log are the leader's",
                "true",
                "write reads = \"read-index\", or \"lease\"",
            ),
            ("drift_bound_ppm = 5", "for leases", "5", "write reads = \"lease\""),
            ("reads = \"read-index\"\ndrift_bound_ppm = 0", "for leases", "0", "leave it out"),
            (
                "reads = \"lease\"\ndrift_bound_ppm = 2000001",
                "from 0 to 2000000, not 2000001",
                "2000001",
                "leave it out for 100000",
            ),
            (
                "reads = \"lease\"\ndrift_bound_ppm = -1",
                "expected a whole number",
                "-1",
                "0 or more",
            ),
            (
                "reads = \"lease\"\ndrift_bound_ppm = 0.1",
                "expected a whole number",
                "0.1",
                "whole number",
            ),
            (
                "reads = \"lease\"\ndrift_bound = 7",
                "unknown field",
                "drift_bound",
                "drift_bound_ppm",
            ),
            ("pre_vote = 1", "expected a boolean", "1", "true or false"),
            ("prevote = true", "unknown field", "prevote", "did you mean `pre_vote`?"),
            ("check_quorum = \"on\"", "expected a boolean", "\"on\"", "true or false"),
            ("vote_leese = true", "unknown field", "vote_leese", "did you mean `vote_lease`?"),
        ] {
            expect_error(&format!("[raft]\n{options}\n"), expected, place, way_out);
        }
        for fine in [
            "reads = \"lease\"\ndrift_bound_ppm = 2000000\nfollower_reads = true",
            "reads = \"lease\"\ndrift_bound_ppm = 0",
            "reads = \"log\"\nfollower_reads = false",
        ] {
            assert!(from_toml(&format!("[raft]\n{fine}\n")).is_ok(), "{fine}");
        }
        // The profile's way of reading counts as well.
        let by_profile = |profile: &str| {
            from_toml(&format!(
                "[cluster]\nprofile = \"{profile}\"\n[raft]\nfollower_reads = true\n"
            ))
        };
        assert!(by_profile("etcd").is_ok() && by_profile("braft").is_err());
    }

    #[test]
    fn a_plan_written_and_read_is_the_same_plan() {
        for seed in 0..200 {
            let plan = swarm::draw(seed);
            let text = to_toml(&plan);
            assert_eq!(from_toml(&text).as_ref(), Ok(&plan), "{text}");
            let json = serde_json::to_string(&plan).unwrap();
            assert_eq!(from_json(&json).as_ref(), Ok(&plan), "{json}");
        }
    }
}
