//! The failures of earlier runs, as scenarios: they are run first, until they are mended and ever after.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::write_whole;
use crate::plan::files::{WRITTEN_BYTES_MAX, read_text};
use crate::plan::{Expect, Plan, scenario};

/// The folder beside the package's `Cargo.toml`, where cargo says which that is.
pub(super) fn default_folder() -> PathBuf {
    package().join("squall-regressions")
}

/// Where the package lies whose test runs.
pub(super) fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

/// The folder of one test.
pub(super) struct Regressions {
    folder: PathBuf,
}

impl Regressions {
    /// The folder of the test of this name.
    pub fn of(folder: &Path, test: &str) -> Regressions {
        Regressions { folder: folder.join(test) }
    }

    /// All that is kept, in the order of names; where a file is no scenario, why.
    pub fn read(&self) -> Vec<(PathBuf, Result<Plan, String>)> {
        // Without a folder nothing was kept.
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        let read = |path: &Path| {
            let text = read_text(path, WRITTEN_BYTES_MAX).map_err(|error| error.to_string())?;
            scenario::from_toml(&text).map_err(|error| error.message)
        };
        paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
    }

    /// Keeps a plan that fails with a failure of this name. What is kept expects nothing: it is to be right one day.
    pub fn keep(&self, id: &str, plan: &Plan) -> io::Result<PathBuf> {
        let plan = Plan { expect: Expect::default(), ..plan.clone() };
        let names = std::iter::once(format!("{id}.toml"))
            .chain((2..).map(|number| format!("{id}-{number}.toml")));
        let mut paths = names.map(|name| self.folder.join(name));
        let path = paths.find(|path| !path.exists()).expect("there is always a further name");
        write_whole(&path, scenario::to_toml(&plan).trim_end().as_bytes())?;
        Ok(path)
    }
}
