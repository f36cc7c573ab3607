//! `squall merge`: the parts of a campaign become one result.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::campaign::Partition;
use crate::campaign::file::{FILE, merge as merge_files, missing_parts};
use crate::cli::failure::{End, Failure};
use crate::cli::guests::Guests;
use crate::cli::result::{self, Manner, Store};

/// How many missing parts a message names.
const NAMED_MAX: usize = 8;

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
pub fn merge(args: &MergeArgs, guests: &Guests<'_>) -> End {
    let mut files = Vec::new();
    for folder in &args.parts {
        let Some(file) = result::read(folder)? else {
            let path = folder.join(FILE);
            return Err(Failure::usage(format!("there is no {}", path.display())));
        };
        files.push((folder.clone(), file));
    }
    let out = args.out.clone().unwrap_or_else(|| "reports/merged".into());
    let place = out.canonicalize().ok();
    let is_out = |folder: &PathBuf| place.is_some() && folder.canonicalize().ok() == place;
    if args.parts.iter().any(is_out) {
        let out = out.display();
        return Err(Failure::usage(format!("{out} is one of the parts, and would be replaced")));
    }
    result::keep(&out, args.out.is_some(), args.force, "throw it away by --force")?;
    let file = merge_files(&files).map_err(Failure::usage)?;
    let missing = missing_parts(&files).map_err(Failure::usage)?;
    if !missing.is_empty() && !args.partial {
        let named: Vec<String> = missing.iter().take(NAMED_MAX).map(Partition::to_string).collect();
        let more = match missing.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(Failure::usage(format!(
            "parts are missing: {}{more}; --partial merges without them",
            named.join(", ")
        )));
    }
    let runner = guests.named(Some(&file.settings.guest.name))?;
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
