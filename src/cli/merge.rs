//! `squall merge`: the parts of a campaign become one result.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::campaign::Partition;
use crate::campaign::file::{FILE, merge as merge_files, missing_parts};
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::guests::Guests;
use crate::cli::result::{self, Manner};
use crate::report::folder::Store;

/// Where a merged result is written by default.
const FOLDER: &str = "reports/merged";
/// How many missing parts a message names.
const NAMED_MAX: usize = 8;

/// What `squall merge` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall merge part-1 part-2 part-3 part-4 --out whole
  squall merge parts/* --json")]
pub struct MergeArgs {
    /// The result directories of the parts
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Where the merged result is written [default: reports/merged]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Throws away the result that is in the directory of the merged one
    #[arg(long)]
    force: bool,
    /// Merges what there is, although parts are missing
    #[arg(long)]
    partial: bool,
    /// Fails if a situation was never reached
    #[arg(long)]
    require_situations: bool,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Merges the parts.
pub fn merge(args: &MergeArgs, guests: &Guests<'_>) -> Result<Code, Failure> {
    let mut files = Vec::new();
    for folder in &args.parts {
        let Some(file) = result::read(folder)? else {
            let path = folder.join(FILE);
            return Err(Failure::usage(format!("there is no {}", path.display())));
        };
        files.push((folder.clone(), file));
    }
    let out = args.out.clone().unwrap_or_else(|| FOLDER.into());
    let is_out = |folder: &PathBuf| match (folder.canonicalize(), out.canonicalize()) {
        (Ok(part), Ok(out)) => part == out,
        _ => false,
    };
    if args.parts.iter().any(is_out) {
        let out = out.display();
        return Err(Failure::usage(format!("{out} is one of the parts, and would be replaced")));
    }
    let file = merge_files(&files).map_err(Failure::usage)?;
    let missing = missing_parts(&files).map_err(Failure::usage)?;
    if !missing.is_empty() && !args.partial {
        return Err(Failure::usage(words_of(&missing)));
    }
    let runner = guests.named(Some(&file.settings.guest.name))?;
    let _lock = result::lock(&out)?;
    result::keep(&out, args.out.is_some(), args.force, "throw it away by --force")?;
    let mut store =
        Store::new(runner, &out, &file.settings, Partition::default(), file.timing.jobs);
    let written = |error: std::io::Error| Failure::file(&out, "write", &error);
    store.clear().map_err(written)?;
    store.write_file(&file, true).map_err(written)?;
    let way_on = "squall fuzz --resume --out PART for each part, and merge again";
    let (json, require_situations) = (args.json, args.require_situations);
    let shrunk = BTreeMap::new();
    result::tell(runner, &file, &out, &Manner { json, require_situations, way_on, shrunk })
}

/// Which parts are missing, and what can be done about it.
fn words_of(missing: &[Partition]) -> String {
    let named: Vec<String> = missing.iter().take(NAMED_MAX).map(Partition::to_string).collect();
    let more = match missing.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = named.join(", ");
    format!("parts are missing: {named}{more}; --partial merges without them")
}
