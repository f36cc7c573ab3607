//! `squall merge`: the parts of a campaign become one result.

use std::path::PathBuf;

use clap::Args;

use crate::campaign::Partition;
use crate::campaign::store::{FILE, Store, merge as merge_files};
use crate::cli::exit::Code;
use crate::cli::failure::Failure;
use crate::cli::result;

/// Where a merged result is written by default.
const FOLDER: &str = "reports/merged";

/// What `squall merge` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  squall merge part-1 part-2 part-3 part-4 --out whole
  squall merge parts/* --json")]
pub struct MergeArgs {
    /// The result directories of the parts
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Where the merged result is written
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    out: PathBuf,
    /// Fails if a situation was never reached
    #[arg(long)]
    require_situations: bool,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

/// Merges the parts.
pub fn merge(args: &MergeArgs) -> Result<Code, Failure> {
    let mut files = Vec::new();
    for folder in &args.parts {
        let Some(file) = result::read(folder)? else {
            let path = folder.join(FILE);
            return Err(Failure::usage(format!("there is no {}", path.display())));
        };
        files.push((folder.clone(), file));
    }
    let is_out = |folder: &PathBuf| match (folder.canonicalize(), args.out.canonicalize()) {
        (Ok(part), Ok(out)) => part == out,
        _ => false,
    };
    if args.parts.iter().any(is_out) {
        let out = args.out.display();
        return Err(Failure::usage(format!("{out} is one of the parts, and would be replaced")));
    }
    let file = merge_files(&files).map_err(Failure::usage)?;
    let mut store = Store::new(&args.out, &file.settings, Partition::default(), file.timing.jobs);
    let written = |error: std::io::Error| Failure::file(&args.out, "write", &error);
    store.clear().map_err(written)?;
    store.write_file(&file, true).map_err(written)?;
    result::tell(&file, &args.out, args.json, args.require_situations)
}
