//! What a test has around it: what the environment says, the folder of regressions, and files to look at.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::write_whole;
use crate::plan::files::{WRITTEN_BYTES_MAX, read_text};
use crate::plan::validate::SEED_MAX;
use crate::plan::{Expect, Plan, scenario};
use crate::record::Record;
use crate::report::saved::write_run;
use crate::report::text;
use crate::sim::{Run, Runner};
use crate::trace::writer::Writer;

/// The only seed that is run, and how many seeds are run, as `SQUALL_SEED` and `SQUALL_RUNS` say. A value that is no number is an error:
/// a typing mistake must not run something else.
pub(super) fn environment(
    value: impl Fn(&str) -> Option<String>,
) -> Result<(Option<u64>, Option<u64>), String> {
    let number = |name: &str, least: u64| match value(name) {
        None => Ok(None),
        Some(text) => {
            let number = text.replace('_', "").parse().ok();
            let number = number.filter(|number| (least..=SEED_MAX).contains(number));
            let wanted = format!("a number from {least} to {SEED_MAX}");
            number.map(Some).ok_or_else(|| format!("{name} is `{text}`, and must be {wanted}"))
        }
    };
    Ok((number("SQUALL_SEED", 0)?, number("SQUALL_RUNS", 1)?))
}

/// Where the package lies whose test runs, where cargo says which that is.
fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

/// Where regressions are kept by default.
pub(super) fn regressions() -> PathBuf {
    package().join("squall-regressions")
}

/// The folder that cargo keeps for what can be made again.
pub(super) fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| package().join("target"), PathBuf::from).join("squall")
}

/// All that is kept in a folder, in the order of names; where a file is no scenario, why.
pub(super) fn kept(folder: &Path) -> Vec<(PathBuf, Result<Plan, String>)> {
    // Without a folder nothing was kept.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
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
pub(super) fn keep(folder: &Path, id: &str, plan: &Plan) -> io::Result<PathBuf> {
    let plan = Plan { expect: Expect::default(), ..plan.clone() };
    let names = std::iter::once(format!("{id}.toml"))
        .chain((2..).map(|number| format!("{id}-{number}.toml")));
    let mut paths = names.map(|name| folder.join(name));
    let path = paths.find(|path| !path.exists()).expect("there is always a further name");
    write_text(&path, &scenario::to_toml(&plan))?;
    Ok(path)
}

/// Writes the plan, the page, the trace as text and as JSON lines, and of a failure the proof and the story.
pub(super) fn write_all(runner: &dyn Runner, plan: Plan, folder: &Path) -> io::Result<()> {
    write_text(&folder.join("scenario.toml"), &scenario::to_toml(&plan))?;
    let run = Run::recorded(runner, plan);
    let plan = run.plan();
    write_run(folder, &run)?;
    let mut lines = String::new();
    for (number, line) in text::lines(&run, |_| true) {
        let _ = writeln!(lines, "#{number:<7}{line}");
    }
    write_text(&folder.join("trace.txt"), &lines)?;
    let mut trace = Writer::new(Vec::new(), &plan.title, plan.cluster.nodes, plan.seed)?;
    let mut failed = Ok(());
    run.follow(&mut |record: &Record| {
        if failed.is_ok() {
            failed = trace.write(record);
        }
    });
    failed?;
    write_whole(&folder.join("trace.jsonl"), trace.finish()?.trim_ascii_end())
}

fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write_whole(path, text.trim_end().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_all_else_is_refused() {
        let of = |seed: &'static str, runs: &'static str| {
            environment(|name| {
                let value = if name == "SQUALL_SEED" { seed } else { runs };
                (!value.is_empty()).then(|| value.to_owned())
            })
        };
        assert_eq!(of("", ""), Ok((None, None)));
        assert_eq!(of("0", "20_000"), Ok((Some(0), Some(20_000))));
        assert!(of("seventeen", "").unwrap_err().starts_with("SQUALL_SEED is `seventeen`"));
        assert!(of("", "0").unwrap_err().starts_with("SQUALL_RUNS is `0`"));
    }
}
