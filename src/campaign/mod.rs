//! Campaigns: many seeds, one result. It is the same for any number of workers, parts and interruptions, for it is a sum over seeds.
//! [`clock`] is the only look at real time.

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
