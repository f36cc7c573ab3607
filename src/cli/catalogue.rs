//! What there is: bugs, situations, properties, scenarios, the schema, and what shells and `man` want.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::bugs::Bug;
use crate::cli::Cli;
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::plan::files;
use crate::property::Property;
use crate::schema;
use crate::shown::shown;
use crate::situation::Situation;

/// What a plain list takes.
#[derive(Args)]
pub struct ListArgs {
    /// Prints the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `squall scenarios` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall scenarios
  squall scenarios scenarios/bugs")]
pub struct ScenarioArgs {
    /// Files, or folders of them
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
    /// Prints the list as JSON
    #[arg(long)]
    json: bool,
}

/// What `squall bugs` takes.
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

/// Prints a value as JSON, for people and programs.
pub fn print_json(value: &serde_json::Value) -> Result<Code, Failure> {
    writeln!(std::io::stdout(), "{value:#}")?;
    Ok(Code::Clean)
}

/// Lists bugs, or tells the story of one.
pub fn bugs(args: &BugArgs) -> Result<Code, Failure> {
    let json = |bug: Bug| {
        let about = bug.about();
        serde_json::json!({
            "name": about.name,
            "title": about.title,
            "story": about.story,
            "source": about.source,
            "violates": about.violates,
        })
    };
    let mut out = std::io::stdout().lock();
    match (&args.command, args.json) {
        (None, true) => return print_json(&Bug::ALL.into_iter().map(json).collect()),
        (Some(BugCommand::Show { bug }), true) => return print_json(&json(*bug)),
        (None, false) => {
            for bug in Bug::ALL {
                let about = bug.about();
                let shows = about.violates.first().map_or("(stalls)", |property| property.name());
                writeln!(out, "{bug:<27}{shows:<23}{}", about.title)?;
            }
            writeln!(out, "\n`squall bugs show NAME` tells the story of one")?;
        }
        (Some(BugCommand::Show { bug }), false) => {
            let about = bug.about();
            let violates: Vec<&str> =
                about.violates.iter().map(|property| property.name()).collect();
            writeln!(out, "{bug}: {}\n\n{}\n", about.title, about.story)?;
            let violates = violates.join(", ");
            writeln!(out, "violates  {violates}\nsource    {}", about.source)?;
            writeln!(out, "scenario  squall run scenarios/bugs/{bug}.toml")?;
        }
    }
    Ok(Code::Clean)
}

/// Lists situations.
pub fn situations(args: &ListArgs) -> Result<Code, Failure> {
    if args.json {
        let list = Situation::ALL.iter().map(|situation| {
            serde_json::json!({
                "name": situation.name(),
                "means": situation.means(),
                "matters": situation.matters(),
            })
        });
        return print_json(&list.collect());
    }
    let mut out = std::io::stdout().lock();
    for situation in Situation::ALL {
        writeln!(out, "{situation:<34}{}", situation.means())?;
        writeln!(out, "{:<34}{}", "", situation.matters())?;
    }
    Ok(Code::Clean)
}

/// Lists properties.
pub fn properties(args: &ListArgs) -> Result<Code, Failure> {
    if args.json {
        let list = Property::ALL.into_iter().map(|property| {
            serde_json::json!({ "name": property.name(), "sentence": property.sentence() })
        });
        return print_json(&list.collect());
    }
    let mut out = std::io::stdout().lock();
    for property in Property::ALL {
        writeln!(out, "{property:<23}{}", property.sentence())?;
    }
    Ok(Code::Clean)
}

/// Lists scenarios.
pub fn scenarios(args: &ScenarioArgs) -> Result<Code, Failure> {
    let mut list = Vec::new();
    for path in files::find(&args.paths)? {
        let plan = files::read(&path)?;
        list.push((path, plan));
    }
    if args.json {
        let list = list.iter().map(|(path, plan)| {
            serde_json::json!({
                "file": path,
                "title": plan.title,
                "about": plan.about,
                "bugs": plan.raft.bugs,
                "violation": plan.expect.violation,
            })
        });
        return print_json(&list.collect());
    }
    let mut out = std::io::stdout().lock();
    let width = list.iter().map(|(path, _)| shown(path).len()).max().unwrap_or(0);
    for (path, plan) in &list {
        writeln!(out, "{:<width$}  {}", shown(path), shown(&plan.title))?;
    }
    writeln!(out, "\n`squall run FILE` runs one, `squall run FILE --show` tells what happens")?;
    Ok(Code::Clean)
}

/// What `squall schema` takes.
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

/// Prints the JSON Schema of a kind of file.
pub fn schema(args: &SchemaArgs) -> Result<Code, Failure> {
    print_json(&match args.of {
        SchemaOf::Scenario => schema::scenario(),
        SchemaOf::Campaign => schema::campaign(),
        SchemaOf::Swarm => schema::swarm(),
        SchemaOf::Power => schema::power(),
    })
}

/// Prints a completion script.
pub fn completions(shell: Shell) -> Result<Code, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "squall", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Code::Clean)
}

/// Prints the manual page.
pub fn man() -> Result<Code, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(Code::Clean)
}
