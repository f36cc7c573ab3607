//! squall breaks a Raft before production does: a deterministic discrete-event simulator for clusters of Raft nodes.
//!
//! [`sim::run()`] takes a [`plan::Plan`] and gives a [`sim::Outcome`]: the same plan, the same outcome, bit for bit. Read the modules
//! in this order; each knows only those before it.
//!
//! - [`ids`], [`time`], [`rng`], [`closest`]: names, virtual time, random streams, names that were probably meant.
//! - [`log`], [`record`], [`node`], [`property`], [`situation`]: the contract with a node, and what can be said of a run.
//! - [`raft`], [`kv`], [`guests`], [`plan`]: the built-in Raft, the state machine, what spoils nodes, and what a run depends on.
//! - [`world`], [`client`]: the fake outside, which knows no protocol.
//! - [`oracle`], [`trace`]: who judges a run, and how it is told.
//! - [`sim`]: the loop, and the hosts of nodes.
//! - [`report`], [`campaign`], [`schema`]: what a run leaves for people, many runs, and what files look like.
//!
//! The feature `cli`, which is on by default, adds the command line: its `command_line` is a `main` for a Raft of one's own. Without it
//! squall depends on few crates, for use in tests: `squall = { version = "0.1", default-features = false }`.

pub mod closest;
pub mod files;
pub mod ids;
mod named;
pub mod rng;
pub mod time;

pub mod bugs;
pub mod config;
pub mod configuration;
pub mod guest;
pub mod log;
pub mod message;
pub mod node;
pub mod property;
pub mod record;
pub mod situation;

pub mod guests;
pub mod kv;
pub mod plan;
pub mod raft;

pub mod client;
pub mod world;

pub mod coverage;
pub mod oracle;
pub mod trace;

pub mod sim;

pub mod campaign;
pub mod report;
pub mod schema;

#[cfg(feature = "cli")]
mod cli;

#[cfg(feature = "cli")]
pub use cli::command_line;
