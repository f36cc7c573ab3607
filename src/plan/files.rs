//! Finds scenario files, and reads them.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::read_up_to;
use crate::plan::Plan;
use crate::plan::scenario::{self, FileError};
use crate::shown::shown;

/// The largest scenario that is read, in bytes.
pub const BYTES_MAX: u64 = 4 << 20;
/// The largest file that is read of those that squall writes itself: a scenario of [`BYTES_MAX`] becomes a larger plan.
pub const WRITTEN_BYTES_MAX: u64 = 64 << 20;

/// Why there is no scenario to be had from a path.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// This file, or folder, cannot be read; and what the system says.
    Io(PathBuf, io::Error),
    /// This folder has no scenario in it, nor have the folders in it.
    Empty(PathBuf),
    /// There is a mistake in this file; the text that stands in it, and the mistake with its place there.
    Mistake(PathBuf, String, FileError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(path, error) => write!(f, "cannot read {}: {error}", shown(path)),
            ReadError::Empty(folder) => {
                write!(f, "there is no .toml file below {}", shown(folder))
            }
            ReadError::Mistake(path, text, error) => {
                write!(f, "{}", shown(path))?;
                if let Some(before) = error.span.as_ref().and_then(|span| text.get(..span.start)) {
                    write!(f, ":{}", before.matches('\n').count() + 1)?;
                }
                write!(f, ": {}", error.message)?;
                error.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
            }
        }
    }
}

impl std::error::Error for ReadError {}

/// The scenario files that paths name: files themselves, and every `.toml` below a folder, in order of their names.
///
/// # Errors
/// If a folder cannot be read, or there is no `.toml` below it.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ReadError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, &mut files)?;
            if files.len() == before {
                return Err(ReadError::Empty(path.clone()));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let entries = fs::read_dir(folder).map_err(|error| ReadError::Io(folder.to_owned(), error))?;
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

/// Reads a file as text.
///
/// # Errors
/// If it cannot be read, is no text, or has more than so many bytes.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, ReadError> {
    let bytes =
        read_up_to(path, bytes_max).map_err(|error| ReadError::Io(path.to_owned(), error))?;
    String::from_utf8(bytes).map_err(|error| {
        // Up to the mistake, the text that is shown has the same bytes.
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let message = format!("this is not UTF-8: 0x{byte:02x}, at byte {at}");
        let error = FileError { message, span: Some(at..at + 1), help: None };
        ReadError::Mistake(path.to_owned(), text, error)
    })
}

/// Reads a scenario, and checks it.
///
/// # Errors
/// As [`read_text`], and if there is a mistake in it.
pub fn read(path: &Path) -> Result<Plan, ReadError> {
    let text = read_text(path, BYTES_MAX)?;
    scenario::from_toml(&text).map_err(|mut error| {
        if text.trim_start().starts_with('{') {
            error.message = "a scenario is TOML, and this is JSON".into();
            error.help = Some("if it is a saved run, `squall replay` runs it again".into());
        }
        ReadError::Mistake(path.to_owned(), text, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_with_its_file_and_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let empty = find(&[folder.path().to_owned()]).expect_err("there is nothing in it");
        assert!(empty.to_string().starts_with("there is no .toml file below"), "{empty}");

        let path = folder.path().join("a/wrong.toml");
        fs::create_dir(folder.path().join("a")).expect("it is writable");
        fs::write(&path, "title = \"x\"\nhorizn = \"5s\"\n").expect("it is writable");
        let found = find(&[folder.path().to_owned()]).expect("there is one");
        assert_eq!(found, [path.as_path()]);
        let error = read(&path).expect_err("there is a mistake in it").to_string();
        assert!(error.contains("wrong.toml:2: unknown field `horizn`"), "{error}");
        assert!(error.ends_with("; did you mean `horizon`?"), "{error}");

        fs::write(&path, "{ \"format\": \"squall-run\" }").expect("it is writable");
        let error = read(&path).expect_err("it is no scenario").to_string();
        assert!(error.contains("this is JSON") && error.contains("squall replay"), "{error}");
    }
}
