//! Campaigns: many seeds, one result.
//!
//! [`settings`] is all that a result depends on, [`partition`] which seeds a part of a campaign takes, [`summary`] what came of the
//! seeds that were run, [`finding`] how failures are told apart, [`workers`] who runs them, [`mod@file`] the result on disk, and
//! [`power`] how soon a campaign finds each planted bug; [`clock`] is the only look at real time. A result is the same for any number
//! of workers, parts and interruptions: it is a sum over seeds.

pub mod clock;
pub mod file;
pub mod finding;
pub mod partition;
pub mod power;
pub mod settings;
pub mod shrink;
pub mod summary;
pub mod workers;

pub use finding::{Finding, Signature};
pub use partition::Partition;
pub use settings::Settings;
pub use summary::Summary;
