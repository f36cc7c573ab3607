//! `squall guest profile`: which functions of a module use its fuel.

use std::io::Write;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::cli::failure::{Code, End, Failure};
use crate::cli::guest::plan;
use crate::cli::source::Guests;
use crate::guests::module::Spent;
use crate::plan::standard::Load;
use crate::sim::Runner as _;
use crate::time::Span;

#[derive(Args)]
#[command(after_help = "Examples:
  squall guest profile target/guests/etcd.wasm
  squall guest profile etcd --load stormy --for 5s --top 40
  squall guest profile my-raft.wasm --json")]
pub struct ProfileArgs {
    /// A module (PATH.wasm), or the name of one
    #[arg(value_name = "MODULE")]
    guest: String,
    /// What three nodes do meanwhile, as `squall bench` has it
    #[arg(long, value_name = "LOAD", default_value = Load::Loaded.name(), value_parser = loads())]
    load: Load,
    /// For how long, in virtual time
    #[arg(long = "for", value_name = "TIME", default_value = "2s")]
    horizon: Span,
    /// Looks at one of so many steps
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// How many functions are told
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Prints all functions as JSON
    #[arg(long)]
    json: bool,
}

fn loads() -> impl TypedValueParser<Value = Load> {
    let load = |name: String| Load::ALL.into_iter().find(|load| load.name() == name);
    PossibleValuesParser::new(Load::ALL.map(Load::name))
        .map(move |name| load(name).expect("it is the name of one"))
}

/// Runs a standard plan, and prints the functions, those first that use most themselves.
pub fn profile(args: &ProfileArgs, guests: &Guests<'_>) -> End {
    let module = guests.module(&args.guest)?;
    let plan = plan(&module, args.load, args.horizon);
    let (profile, _) = module
        .profile(&plan, args.every)
        .map_err(|why| Failure::usage(format!("{}: {why}", args.guest)))?;
    let mut functions: Vec<(&String, &Spent)> = profile.functions.iter().collect();
    functions.sort_by_key(|(name, spent)| (std::cmp::Reverse((spent.own, spent.total)), *name));
    let mut out = std::io::stdout().lock();
    if args.json {
        let rows: Vec<_> = functions
            .iter()
            .map(|(name, spent)| json!({ "function": name, "self": spent.own, "total": spent.total }))
            .collect();
        let guest = &module.guest().name;
        let (steps, looked_at, fuel) = (profile.steps, profile.looked_at, profile.fuel);
        let head = json!({ "guest": guest, "steps": steps, "looked_at": looked_at, "fuel": fuel, "functions": rows });
        writeln!(out, "{head:#}")?;
        return Ok(Code::Clean);
    }
    let mean = profile.fuel / profile.looked_at.max(1);
    writeln!(
        out,
        "{} steps, of which {} were looked at; {mean} of fuel a step",
        profile.steps, profile.looked_at
    )?;
    writeln!(out, "{:>7}{:>9}  function", "self", "total")?;
    let share = |part: u64| {
        let tenths = u128::from(part) * 1_000 / u128::from(profile.fuel.max(1));
        format!("{}.{} %", tenths / 10, tenths % 10)
    };
    for (name, Spent { own, total }) in functions.iter().take(args.top) {
        writeln!(out, "{:>7}{:>9}  {name}", share(*own), share(*total))?;
    }
    if functions.len() > args.top {
        writeln!(out, "  and {} more, which --top or --json tells", functions.len() - args.top)?;
    }
    Ok(Code::Clean)
}
