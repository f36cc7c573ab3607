//! The run of one seed, as files to look at.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::write_whole;
use crate::harness::regressions::package;
use crate::plan::{Plan, scenario};
use crate::record::Record;
use crate::report::saved::write_run;
use crate::report::text;
use crate::sim::{Run, Runner};
use crate::trace::writer::Writer;

/// The folder that cargo keeps for what can be made again.
pub(super) fn default_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| package().join("target"), PathBuf::from).join("squall")
}

/// Writes the plan, the page, the trace as text and as JSON lines, and of a failure the proof and the story.
pub(super) fn write(runner: &dyn Runner, plan: Plan, folder: &Path) -> io::Result<()> {
    write_whole(&folder.join("scenario.toml"), scenario::to_toml(&plan).trim_end().as_bytes())?;
    let run = Run::recorded(runner, plan);
    let plan = run.plan();
    write_run(folder, &run)?;
    let mut lines = String::new();
    for (number, line) in text::lines(&run, |_| true) {
        let _ = writeln!(lines, "#{number:<7}{line}");
    }
    write_whole(&folder.join("trace.txt"), lines.trim_end().as_bytes())?;
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
