//! The `squall` command, with the Rafts that squall was built with. The built-in one is the one that is run if none is named.

use std::process::ExitCode;

#[cfg(not(feature = "raft-rs"))]
fn main() -> ExitCode {
    squall::command_line(&[])
}

#[cfg(feature = "raft-rs")]
fn main() -> ExitCode {
    let (built_in, raft_rs) = (squall::sim::BuiltIn::new(), squall::sim::shipped::raft_rs());
    squall::command_line(&[&built_in, &raft_rs])
}
