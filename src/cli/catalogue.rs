//! What there is: bugs, situations, properties, scenarios, profiles, the schema, and what shells and `man` want.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Subcommand, ValueEnum};
use clap_complete::Shell;
use serde_json::{Map, Value, json};

use crate::bugs::Bug;
use crate::cli::Cli;
use crate::cli::failure::{Code, End};
use crate::plan::profile::{DRIFT_BOUND_PPM, Known, SNAPSHOT_CHUNK};
use crate::plan::{Cluster, Plan, Profile, files};
use crate::property::Property;
use crate::schema;
use crate::shown::shown;
use crate::situation::Situation;

#[derive(Args)]
pub struct ListArgs {
    /// Prints the list as JSON
    #[arg(long)]
    json: bool,
}

impl ListArgs {
    /// Prints a list, as JSON or as text.
    pub fn print(&self, json: impl Iterator<Item = Value>, text: &str) -> End {
        let json = || format!("{:#}\n", json.collect::<Value>());
        write!(std::io::stdout(), "{}", if self.json { json() } else { text.to_owned() })?;
        Ok(Code::Clean)
    }
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall scenarios
  squall scenarios scenarios/bugs")]
pub struct ScenarioArgs {
    /// Files, or folders of them
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall bugs
  squall bugs show old-term-commit")]
pub struct BugArgs {
    #[command(subcommand)]
    command: Option<BugCommand>,
    /// Prints the list as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum BugCommand {
    /// Tells the story of a bug
    Show {
        /// Its name
        bug: Bug,
    },
}

pub fn bugs(args: &BugArgs) -> End {
    let json = |bug: Bug| {
        let about = bug.about();
        json!({
            "name": about.name,
            "title": about.title,
            "story": about.story,
            "source": about.source,
            "violates": about.violates,
        })
    };
    let list = ListArgs { json: args.json };
    if let Some(BugCommand::Show { bug }) = args.command {
        if args.json {
            writeln!(std::io::stdout(), "{:#}", json(bug))?;
            return Ok(Code::Clean);
        }
        let about = bug.about();
        let violates: Vec<&str> = about.violates.iter().map(|property| property.name()).collect();
        let (title, story, source) = (about.title, about.story, about.source);
        let violates = violates.join(", ");
        let text = format!(
            "{bug}: {title}\n\n{story}\n\nviolates  {violates}\nsource    {source}\n\
             scenario  squall run scenarios/bugs/{bug}.toml\n"
        );
        return list.print(std::iter::empty(), &text);
    }
    let line = |bug: Bug| {
        let about = bug.about();
        let shows = about.violates.first().map_or("(stalls)", |property| property.name());
        format!("{bug:<27}{shows:<23}{}\n", about.title)
    };
    let text = Bug::ALL.map(line).concat() + "\n`squall bugs show NAME` tells the story of one\n";
    list.print(Bug::ALL.into_iter().map(json), &text)
}

pub fn situations(args: &ListArgs) -> End {
    let json = |situation: &Situation| {
        json!({
            "name": situation.name(),
            "means": situation.means(),
            "matters": situation.matters(),
        })
    };
    let line = |situation: &Situation| {
        format!("{situation:<34}{}\n{:<34}{}\n", situation.means(), "", situation.matters())
    };
    let text: String = Situation::ALL.iter().map(line).collect();
    args.print(Situation::ALL.iter().map(json), &text)
}

pub fn properties(args: &ListArgs) -> End {
    let json = |it: Property| json!({ "name": it.name(), "sentence": it.sentence() });
    let text = Property::ALL.map(|it| format!("{it:<23}{}\n", it.sentence())).concat();
    args.print(Property::ALL.into_iter().map(json), &text)
}

pub fn scenarios(args: &ScenarioArgs) -> End {
    let mut list = Vec::new();
    for path in files::find(&args.paths)? {
        list.push((path.display().to_string(), files::read(&path)?));
    }
    let json = list.iter().map(|(path, plan)| {
        json!({
            "file": path,
            "title": plan.title,
            "about": plan.about,
            "bugs": plan.raft.bugs,
            "violation": plan.expect.violation,
        })
    });
    let width = list.iter().map(|(path, _)| shown(path).len()).max().unwrap_or(0);
    let line = |(path, plan): &(String, Plan)| {
        format!("{:<width$}  {}\n", shown(path), shown(&plan.title))
    };
    let help = "\n`squall run FILE` runs one, `squall run FILE --show` tells what happens\n";
    args.list.print(json, &(list.iter().map(line).collect::<String>() + help))
}

#[derive(Args)]
#[command(after_help = "Examples:
  squall schema > scenario.schema.json
  squall schema campaign")]
pub struct SchemaArgs {
    /// Of which files
    #[arg(default_value = "scenario")]
    of: SchemaOf,
}

/// Files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SchemaOf {
    /// Scenarios, which `squall run` takes
    Scenario,
    /// campaign.json, the result of `squall fuzz` and `squall merge`
    Campaign,
    /// What `squall fuzz --config` takes
    Swarm,
    /// power.json, the result of `squall power`
    Power,
}

pub fn schema(args: &SchemaArgs) -> End {
    let schema = match args.of {
        SchemaOf::Scenario => schema::scenario(),
        SchemaOf::Campaign => schema::campaign(),
        SchemaOf::Swarm => schema::swarm(),
        SchemaOf::Power => schema::power(),
    };
    writeln!(std::io::stdout(), "{schema:#}")?;
    Ok(Code::Clean)
}

pub fn completions(shell: Shell) -> End {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "squall", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Code::Clean)
}

pub fn man() -> End {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(Code::Clean)
}

/// Options of `[raft]` that differ from profile to profile, a table each.
const TABLES: [&[&str]; 4] = [
    &["heartbeat_interval", "election_timeout", "entries_per_append", "appends_in_flight"],
    &["pre_vote", "check_quorum", "vote_lease", "reads", "follower_reads"],
    &["bytes_per_append", "snapshot_every", "snapshot_trailing"],
    &["parallel_append", "waits_for_disk", "on_write_error", "strict_change"],
];

/// Operations that a plan asks for, whatever its profile, as [`Profile::operations`] has them: the name of each, and an example of it.
const OPERATIONS: [(&str, &str); 5] = [
    ("change.add", "[[faults]]\nat = \"1s\"\nchange = { add = 3 }"),
    ("change.joint", "[[faults]]\nat = \"1s\"\nchange = { joint = { add = [3], remove = [1] } }"),
    ("change.add_learner", "[[faults]]\nat = \"1s\"\nchange = { add_learner = 3 }"),
    ("transfer", "[[faults]]\nat = \"1s\"\ntransfer = { to = \"follower\" }"),
    (
        "election_priority",
        "nodes = [{ id = 2, election_priority = 50 }, { id = 3, election_priority = 100 }]",
    ),
];

/// What a plan with this profile has, where it does not say: options as `[raft]` takes them.
fn options(profile: Profile) -> Map<String, Value> {
    let plan = Plan { cluster: Cluster { profile, ..Cluster::default() }, ..Plan::default() };
    let config = plan.config();
    let mut raft = plan.concrete().raft;
    raft.bytes_in_flight = Some(config.bytes_in_flight);
    raft.batch_delay = Some(config.batch_delay);
    raft.on_write_error = Some(config.on_write_error);
    raft.strict_change = Some(config.strict_change);
    raft.follower_reads = Some(config.follower_reads);
    match serde_json::to_value(raft) {
        Ok(Value::Object(options)) => options,
        _ => unreachable!("options are a table"),
    }
}

fn operations(profile: Profile) -> impl Iterator<Item = (&'static str, Known)> {
    OPERATIONS.into_iter().map(|(name, _)| name).zip(profile.operations())
}

fn profile_json(profile: Profile) -> Value {
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
    let same = ["bytes_in_flight", "batch_delay"];
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
    args.print(Profile::ALL.into_iter().map(profile_json), &text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scenario;

    /// What `[raft]` takes, but for the bugs to plant.
    fn raft_options() -> Vec<String> {
        let schema = schema::scenario();
        let options = schema["$defs"]["RaftOptions"]["properties"].as_object().expect("a table");
        options.keys().filter(|name| *name != "bugs").cloned().collect()
    }

    #[test]
    fn a_plan_that_spells_a_profile_out_is_the_same_plan() {
        for profile in Profile::ALL {
            // With write errors and changes of the members, so that every option has an effect.
            let plan = |raft| {
                let plan = serde_json::json!({
                    "cluster": { "profile": profile },
                    "disk": { "errors": "1%" },
                    "faults": [{ "at": "1s", "change": { "remove": 3 } }],
                    "raft": raft,
                });
                serde_json::from_value::<Plan>(plan).expect("every option exists")
            };
            let (plain, spelt) = (plan(Map::new()), plan(options(profile)));
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
