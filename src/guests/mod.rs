//! Other Rafts behind the same contract, and wrappers that spoil any of them.

pub mod export;
pub mod framed;
pub mod frames;
#[cfg(feature = "guests")]
pub mod module;
#[cfg(feature = "omnipaxos")]
pub mod omnipaxos;
#[cfg(feature = "openraft")]
pub mod openraft;
pub mod process;
#[cfg(feature = "raft-rs")]
pub mod raft_rs;
pub mod saboteur;
