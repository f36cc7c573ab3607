//! Finds and reads scenario files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::plan::Plan;
use crate::plan::scenario::{self, FILE_BYTES_MAX};

/// The scenario files that paths name: files themselves, and every `.toml` below a folder, in order of their names.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, &mut files)?;
            if files.len() == before {
                let message = format!("there is no .toml file below {}", path.display());
                return Err(Failure::usage(message));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file(folder, "read", &error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads a file as text, up to the limit.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, "read", &error);
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > FILE_BYTES_MAX {
        return Err(Failure::usage(format!(
            "{} has {length} bytes; a file that is read has at most {FILE_BYTES_MAX}",
            path.display()
        )));
    }
    fs::read_to_string(path).map_err(failed)
}

/// Reads a scenario.
pub fn read_scenario(path: &Path) -> Result<Plan, Failure> {
    let text = read_text(path)?;
    scenario::from_toml(&text)
        .map_err(|error| Failure::mistake(path, &text, &error, colors_on_stderr()))
}

/// Whether errors are shown in colour.
pub fn colors_on_stderr() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}
