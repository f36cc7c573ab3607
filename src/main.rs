//! The `squall` command, with the Rafts that squall was built with. The built-in one is the one that is run if none is named.

use std::process::ExitCode;

fn main() -> ExitCode {
    let built_in = squall::sim::BuiltIn::new();
    #[cfg(feature = "raft-rs")]
    let raft_rs = squall::sim::shipped::raft_rs();
    #[cfg(feature = "openraft")]
    let openraft = squall::sim::shipped::openraft();
    squall::command_line(&[
        &built_in,
        #[cfg(feature = "raft-rs")]
        &raft_rs,
        #[cfg(feature = "openraft")]
        &openraft,
    ])
}
