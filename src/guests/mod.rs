//! Other Rafts behind the same contract, and wrappers that spoil any of them.

#[cfg(feature = "raft-rs")]
pub mod raft_rs;
pub mod saboteur;
