//! `squall profiles`: which options each production system has on by default, by the names that they have in a scenario.

use serde_json::{Map, Value};

use crate::cli::catalogue::ListArgs;
use crate::cli::failure::End;
use crate::plan::profile::{DRIFT_BOUND_PPM, Known, Operations, SNAPSHOT_CHUNK};
use crate::plan::{Cluster, Plan, Profile};

/// Options of `[raft]` that differ from profile to profile, a table each.
const TABLES: [&[&str]; 3] = [
    &["heartbeat_interval", "election_timeout", "entries_per_append", "appends_in_flight"],
    &["pre_vote", "check_quorum", "vote_lease", "reads", "follower_reads"],
    &["bytes_per_append", "snapshot_every", "snapshot_trailing"],
];

/// Operations that a plan asks for, whatever its profile: the name of each, and an example of it.
const OPERATIONS: [(&str, &str); 5] = [
    ("change.add", "[[faults]]\nat = \"1s\"\nchange = { add = 3 }"),
    ("change.joint", "[[faults]]\nat = \"1s\"\nchange = { joint = { add = [3], remove = [1] } }"),
    ("change.add_learner", "[[faults]]\nat = \"1s\"\nchange = { add_learner = 3 }"),
    ("transfer", "[[faults]]\nat = \"1s\"\ntransfer = { to = \"follower\" }"),
    ("election_priority", "[[nodes]]\nid = 3\nelection_priority = 100"),
];

/// What a plan with this profile has, where it does not say: options as `[raft]` takes them.
fn options(profile: Profile) -> Map<String, Value> {
    let plan = Plan { cluster: Cluster { profile, ..Cluster::default() }, ..Plan::default() };
    let config = plan.config();
    let mut raft = plan.concrete().raft;
    raft.bytes_in_flight = Some(config.bytes_in_flight);
    raft.batch_delay = Some(config.batch_delay);
    raft.parallel_append = Some(config.parallel_append);
    raft.follower_reads = Some(config.follower_reads);
    match serde_json::to_value(raft) {
        Ok(Value::Object(options)) => options,
        _ => unreachable!("options are a table"),
    }
}

fn operations(profile: Profile) -> impl Iterator<Item = (&'static str, Known)> {
    let Operations { one_by_one, joint, learners, transfer, priorities } = profile.operations();
    let known = [one_by_one, joint, learners, transfer, priorities];
    OPERATIONS.into_iter().map(|(name, _)| name).zip(known)
}

fn json(profile: Profile) -> Value {
    let mut one = options(profile);
    let operations: Map<String, Value> =
        operations(profile).map(|(name, known)| (name.into(), truth(known))).collect();
    one.insert("name".into(), profile.name().into());
    one.insert("source".into(), profile.source().into());
    one.insert("operations".into(), operations.into());
    one.insert("not_yet".into(), profile.not_yet().into());
    one.into()
}

fn truth(known: Known) -> Value {
    match known {
        Known::Yes => true.into(),
        Known::No => false.into(),
        Known::Unknown => Value::Null,
    }
}

/// What a table says of an option.
fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::from("-"),
        Some(Value::Bool(true)) => String::from("on"),
        Some(Value::Bool(false)) => String::from("off"),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// One table: a heading, and a row for each profile.
fn table(names: &[&str], row: impl Fn(Profile) -> Vec<String>) -> String {
    let line = |first: &str, cells: Vec<String>| {
        let cells = cells.into_iter().zip(names);
        let cells =
            cells.map(|(cell, name)| format!("{cell:>width$}", width = name.len().max(10) + 3));
        format!("{first:<11}{}\n", cells.collect::<String>())
    };
    let heading = line("profile", names.iter().map(ToString::to_string).collect());
    let rows = Profile::ALL.into_iter().map(|profile| line(profile.name(), row(profile)));
    std::iter::once(heading).chain(rows).collect()
}

/// All in words and tables, at most 100 columns wide.
fn text() -> String {
    let mut text = String::new();
    for names in TABLES {
        text += &table(names, |profile| {
            let options = options(profile);
            names.iter().map(|name| cell(options.get(*name))).collect()
        });
        text.push('\n');
    }
    let paper = options(Profile::Paper);
    let same = ["bytes_in_flight", "batch_delay", "parallel_append"];
    let same = same.map(|name| format!("{name} {}", cell(paper.get(name)))).join(", ");
    text += &format!(
        "Each is an option of [raft]; 0 is no limit, or no snapshots. The same with all profiles, by squall's
own choice, unless a plan says otherwise: {same},
snapshot_chunk {SNAPSHOT_CHUNK}, drift_bound_ppm {DRIFT_BOUND_PPM} for reads = \"lease\"; of [cluster] apply_delay 0ns;
of [clients] no sessions.

Operations that the project has (?: not known). All of them work
with all profiles, where a plan asks for them.

"
    );
    let names = OPERATIONS.map(|(name, _)| name);
    text += &table(&names, |profile| {
        operations(profile).map(|(_, known)| known.name().to_owned()).collect()
    });
    text += "
A joint change is left by itself, unless it has `stay = true`; learners become voters when
change.promote asks for it.

What each was read from, and what it has by default beyond the built-in Raft:

";
    for profile in Profile::ALL {
        text += &format!("{profile:<11}{}\n", profile.source());
        for option in profile.not_yet() {
            text += &format!("{:<13}{option}\n", "");
        }
    }
    text
}

pub fn profiles(args: &ListArgs) -> End {
    args.print(Profile::ALL.into_iter().map(json), &text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scenario;
    use crate::schema;

    /// What `[raft]` takes, but for the bugs to plant.
    fn raft_options() -> Vec<String> {
        let schema = schema::scenario();
        let options = schema["$defs"]["RaftOptions"]["properties"].as_object().expect("a table");
        options.keys().filter(|name| *name != "bugs").cloned().collect()
    }

    #[test]
    fn a_plan_that_spells_a_profile_out_is_the_same_plan() {
        for profile in Profile::ALL {
            let plain =
                Plan { cluster: Cluster { profile, ..Cluster::default() }, ..Plan::default() };
            let spelt =
                serde_json::json!({ "cluster": { "profile": profile }, "raft": options(profile) });
            let spelt: Plan = serde_json::from_value(spelt).expect("every option exists");
            assert_eq!(crate::plan::validate::validate(&spelt), Ok(()));
            assert_eq!(format!("{:?}", spelt.config()), format!("{:?}", plain.config()));
        }
    }

    #[test]
    fn every_option_is_told_in_words_and_as_json() {
        let (text, options) = (text(), Profile::ALL.map(options));
        for name in raft_options() {
            let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            assert!(words.into_iter().any(|word| word == name), "no word of {name}");
            // Only plans with leases have a bound on drift.
            let has = |options: &Map<String, Value>| options.contains_key(&name);
            assert!(name == "drift_bound_ppm" || options.iter().any(has), "no {name}");
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn what_is_said_to_be_the_same_is_the_same() {
        let listed: Vec<&str> = TABLES.concat();
        let paper = options(Profile::Paper);
        for profile in Profile::ALL {
            for (name, value) in options(profile) {
                let same = paper.get(&name).is_none_or(|own| *own == value);
                assert!(same || listed.contains(&name.as_str()), "{name} of {profile}");
            }
            let chunk = options(profile).get("snapshot_chunk").cloned();
            assert!(chunk.is_none_or(|chunk| chunk == SNAPSHOT_CHUNK), "{profile}");
        }
        assert_eq!(Cluster::default().apply_delay.to_string(), "0ns");
        assert_eq!(crate::plan::Clients::default().sessions, None);
    }

    #[test]
    fn every_operation_exists() {
        for (name, example) in OPERATIONS {
            let plan = scenario::from_toml(example).expect("a plan can have it");
            let words = name.split('.').all(|word| example.contains(word));
            assert!(words && plan != Plan::default(), "{name}");
        }
    }
}
