//! All tests of the library and of the command line. They are one crate, for each crate of tests links the whole library, which takes
//! longer than most of them run. `cargo test --test all scripts::` runs those of one file.

mod binary;
mod browser;
mod campaigns;
mod checkers;
mod cli;
mod client_groups;
mod clients;
mod compare;
mod determinism;
mod diff;
mod disks;
mod driver;
mod explain;
mod exports;
mod files;
#[cfg(feature = "guests")]
mod guest_modules;
#[cfg(any(feature = "openraft", feature = "raft-rs"))]
mod guest_stories;
#[cfg(unix)]
mod guests;
mod guilty;
mod hostile;
#[cfg(unix)]
mod limits;
mod linearizable;
mod livelock;
mod machines;
mod metrics;
mod mistakes;
#[cfg(feature = "guests")]
mod modules;
mod mutations;
mod new_guests;
#[cfg(feature = "omnipaxos")]
mod omnipaxos;
#[cfg(feature = "openraft")]
mod openraft;
mod outputs;
mod own_raft;
mod own_raft_docs;
mod pages;
mod paper;
mod properties;
#[cfg(feature = "raft-rs")]
mod raft_rs;
#[cfg(unix)]
mod readme;
mod scale_docs;
mod scenario_docs;
mod scenarios;
mod scripts;
mod shrink;
mod situations;
#[cfg(unix)]
mod slurm;
mod storms;
mod thesis;
mod thesis_elections;
mod thesis_membership;
mod thesis_reads;
mod thesis_replication;
mod thesis_sessions;
mod tidy;
mod trace_docs;
mod turning;
mod twin;
mod verdicts;
mod why;
mod words;
mod world;
