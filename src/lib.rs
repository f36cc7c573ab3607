//! squall breaks a Raft before production does: a deterministic discrete-event simulator for clusters of Raft nodes.
//!
//! ```
//! use squall::guest::Feature;
//! use squall::raft::Raft;
//!
//! // The built-in Raft; a Raft of one's own is any type that is a `squall::node::Node`.
//! squall::test(|setup| Raft::of(setup)).lacks(Feature::Transfer).seeds(0..20).check();
//! ```
//!
//! [`test()`] runs random plans in a `#[test]`, and tells of a failure all that it takes to see why; `docs/own-raft.md` begins there.
//! `command_line` gives a Raft of one's own every command of squall.
//!
//! [`sim::run()`] takes a [`plan::Plan`] and gives a [`sim::Outcome`]: the same plan, the same outcome, bit for bit. Read the modules
//! in this order; each knows only those before it.
//!
//! - [`ids`], [`time`], [`rng`]: names, virtual time, random streams.
//! - [`guest`], [`config`], [`log`], [`record`], [`node`], [`property`], [`situation`]: the contract with a node, and what can be said
//!   of a run.
//! - [`raft`], [`bugs`], [`kv`], [`plan`]: the built-in Raft, the mistakes that can be planted in it, the state machine, and what a run
//!   depends on.
//! - [`oracle`], [`trace`]: who judges a run, and how it is told.
//! - [`sim`]: the loop, and the hosts of nodes.
//! - [`campaign`], [`report`], [`schema`]: many runs, what runs leave for people, and what files look like.
//! - [`harness`]: the door for tests.
//!
//! The feature `cli`, which is on by default, adds the command line: its `command_line` is a `main` for a Raft of one's own. Without it
//! squall depends on few crates, for use in tests: `squall = { version = "0.1", default-features = false }`. The feature `guests`, which is
//! off by default, runs nodes that are WebAssembly modules; it brings a compiler with it, in some 70 crates.

mod closest;
mod files;
mod fold;
pub mod ids;
mod named;
pub mod rng;
mod shown;
pub mod time;
pub mod wire;

pub mod breach;
pub mod bugs;
pub mod config;
pub mod configuration;
pub mod guest;
pub mod log;
pub mod machine;
pub mod message;
pub mod node;
pub mod payload;
pub mod property;
pub mod record;
pub mod situation;

#[doc(hidden)]
pub mod guests;
pub mod kv;
pub mod plan;
pub mod raft;

mod client;
#[doc(hidden)]
pub mod world;

mod coverage;
pub mod meter;
pub mod oracle;
pub mod trace;

pub mod sim;

pub mod campaign;
pub mod report;
pub mod schema;

pub mod harness;

#[cfg(feature = "cli")]
mod cli;

#[cfg(feature = "cli")]
pub use cli::command_line;
pub use guests::export;
pub use harness::test;

/// The blocks of the page for authors are compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/own-raft.md")]
struct OwnRaftPage;
