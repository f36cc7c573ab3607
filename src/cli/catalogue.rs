//! What there is: bugs, situations, properties, scenarios, the schema, and what shells and `man` want.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Subcommand, ValueEnum};
use clap_complete::Shell;
use serde_json::{Value, json};

use crate::bugs::Bug;
use crate::cli::Cli;
use crate::cli::failure::{Code, End};
use crate::plan::files;
use crate::property::Property;
use crate::schema;
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
    let width = list.iter().map(|(path, _)| path.len()).max().unwrap_or(0);
    let lines = list.iter().map(|(path, plan)| format!("{path:<width$}  {}\n", plan.title));
    let help = "\n`squall run FILE` runs one, `squall run FILE --show` tells what happens\n";
    args.list.print(json, &(lines.collect::<String>() + help))
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
