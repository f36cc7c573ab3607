//! The `squall` command, with the Rafts that squall was built with. The built-in one is the one that is run if none is named.

use std::process::ExitCode;

use squall::sim::{BuiltIn, Runner};

fn main() -> ExitCode {
    let built_in = BuiltIn::new();
    #[cfg(feature = "omnipaxos")]
    let omnipaxos = squall::sim::shipped::omnipaxos();
    #[cfg(feature = "openraft")]
    let openraft = squall::sim::shipped::openraft();
    #[cfg(feature = "raft-rs")]
    let raft_rs = squall::sim::shipped::raft_rs();
    let runners: &[&dyn Runner] = &[
        &built_in,
        #[cfg(feature = "omnipaxos")]
        &omnipaxos,
        #[cfg(feature = "openraft")]
        &openraft,
        #[cfg(feature = "raft-rs")]
        &raft_rs,
    ];
    squall::command_line(runners)
}
